"""Background jobs of sessions."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job

# As many as an import may leave, a part at a time.
_AT_ONCE = 2000


@job(every_s=60)
def score_sessions(db: Db) -> dict[str, Any]:
    """Keep how well sessions went that have ended since."""
    return {"scored": db.value("telemetry.score_sessions", limit=_AT_ONCE)}
