"""Background jobs of telemetry."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=10)
def fold_usage(db: Db) -> dict[str, Any]:
    """Add to each day's tokens and cost what has come and gone since."""
    return {"folded": db.value("telemetry.fold_usage")}
