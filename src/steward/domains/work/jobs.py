"""Background jobs of work."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job

BATCH = 200


@job(every_s=10)
def reap_expired(db: Db) -> dict[str, Any]:
    """Take back the tasks whose agents went silent."""
    return {"reaped": db.value("work.reap_expired", limit=BATCH)}
