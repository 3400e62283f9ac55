"""Background jobs of the accounts."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=24 * 3600)
def purge_sessions(db: Db) -> dict[str, Any]:
    """Forget login links and sessions that ended a week ago."""
    return {"deleted": db.run("accounts.purge_sessions")}
