"""Background jobs of what OTLP exporters sent."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=6 * 3600)
def ensure_otel_partitions(db: Db) -> dict[str, Any]:
    """Make the partitions of logs, spans and points for this month and the next two."""
    return {"made": db.value("telemetry.ensure_otel_partitions")}
