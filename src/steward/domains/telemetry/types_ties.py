"""Row types of ties: which task a session worked on, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from steward.domains.telemetry.types import TieSource


@dataclass(frozen=True, slots=True)
class Tie:
    """A stretch of time in which a session worked on a task, and who says so."""

    session_id: UUID
    task_id: UUID
    task: str
    source: TieSource
    from_at: datetime
    until_at: datetime | None
    execution_id: UUID | None


@dataclass(frozen=True, slots=True)
class TiedSession:
    """A session that was found to be part of a run."""

    session_id: UUID
    agent_id: str
    external_id: str


@dataclass(frozen=True, slots=True)
class OpenExecution:
    """The try that is going on at a task."""

    id: UUID
    agent: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class NamedSession:
    """A session that some words mean."""

    id: UUID
    start_time: datetime
    last_seen_at: datetime
