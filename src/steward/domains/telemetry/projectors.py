"""Which projection a record goes to."""

from __future__ import annotations

from collections.abc import Iterable

from steward.domains.telemetry import project_claude, project_codex, project_gemini, project_genai
from steward.domains.telemetry.projection import Projection
from steward.domains.telemetry.types_otlp import LogRecord, PointRecord

_LOGS = project_claude.LOGS | project_codex.LOGS | project_gemini.LOGS


def tell_logs(told: Projection, records: Iterable[LogRecord]) -> None:
    """Tell what new events say."""
    for record in records:
        told.touch(record)
        project = _LOGS.get(record.name)
        if project is not None:
            project(told, record)
        elif record.name == project_genai.DETAILS and record.agent != "gemini-cli":
            # Of Gemini CLI an event of its own tells the same.
            project_genai.log(told, record)


def tell_points(told: Projection, records: Iterable[PointRecord]) -> None:
    """Tell that sessions were seen; figures of metrics are compared, and never counted."""
    for record in records:
        told.touch(record)
