"""Background jobs of the kit itself."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=3600)
def purge(db: Db) -> dict[str, Any]:
    """Forget request keys after 24 hours, job runs after 30 days and dismissed notices after 90."""
    return {
        "request_keys": db.run("kit.purge_request_keys"),
        "job_runs": db.run("kit.purge_job_runs"),
        "notices": db.run("kit.purge_notices"),
    }
