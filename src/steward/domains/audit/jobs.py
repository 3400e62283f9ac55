"""Background jobs of the audit."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=6 * 3600)
def ensure_partitions(db: Db) -> dict[str, Any]:
    """Make the audit's partitions for this month and the next two."""
    return {"made": db.value("audit.ensure_partitions")}
