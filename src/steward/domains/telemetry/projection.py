"""What records of OpenTelemetry tell of sessions: each client's events and spans, brought into one batch.

Pure functions of records; `receive` looks up what they need to know of the database first, and hands the batch on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from steward.domains.telemetry.fields import first_words, words
from steward.domains.telemetry.types import (
    Batch,
    MessageKind,
    MessageRole,
    MessageTold,
    SessionTold,
    Source,
    TieSource,
    TieTold,
    UsageSource,
    UsageTold,
)
from steward.domains.telemetry.types_otlp import NOWHERE, LogRecord, Place, Placed, Record, SpanRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOWHERE = Placed()
# Beginnings of what tools took and gave, enough to read along.
MOST_SHOWN = 8_000


def moment(us: int) -> datetime:
    """Return the time that is so many microseconds after 1970 began."""
    return _EPOCH + timedelta(microseconds=us)


@dataclass(slots=True)
class _Seen:
    """A session that records tell of, and from when to when."""

    told: SessionTold
    first_us: int
    last_us: int


@dataclass(slots=True)
class Projection:
    """Gathers what records tell.

    Attributes:
        now_us: a record's clock may be wrong, and nobody was seen after now.
        placed: what the places mean that the records name.
    """

    now_us: int
    placed: Mapping[Place, Placed] = field(default_factory=dict)
    batch: Batch = field(default_factory=Batch)
    _seen: dict[UUID, _Seen] = field(default_factory=dict)
    _ties: dict[tuple[UUID, UUID, UUID | None], list[int]] = field(default_factory=dict)

    def place(self, record: Record) -> Placed:
        """Return what a record's place means."""
        return self.placed.get(record.place, _NOWHERE)

    def touch(self, record: Record) -> SessionTold | None:
        """Note that a record's session was seen, and return what is told of it; None when it has none."""
        if record.session is None:
            return None
        at = min(record.time_us, self.now_us)
        seen = self._seen.get(record.session)
        if seen is None:
            seen = self._seen[record.session] = _Seen(self._session(record), at, at)
            self.batch.sessions.append(seen.told)
        if at < seen.first_us:
            seen.first_us = at
        elif at > seen.last_us:
            seen.last_us = at
        if record.place is not NOWHERE:
            self._say_where(seen.told, record)
            self._tie(record, at)
        return seen.told

    def _say_where(self, told: SessionTold, record: Record) -> None:
        """Complete what is told of a session by what this record says of its place."""
        place = self.place(record)
        if place.project_id is not None and (told.project_id is None or place.certain > told.project_certain):
            told.project_id, told.project_certain = place.project_id, place.certain
        told.registered_agent_id = told.registered_agent_id or place.agent_id
        told.cwd = told.cwd or record.place.path

    def _session(self, record: Record) -> SessionTold:
        assert record.session is not None  # noqa: S101 - looked at by the caller
        at, place, resource = moment(record.time_us), self.place(record), record.origin.resource
        shown = {
            name: value
            for name, key in (
                ("terminal", "terminal.type"),
                ("entrypoint", "app.entrypoint"),
                ("os", "os.type"),
            )
            if (value := words(record.attributes.get(key) or resource.get(key), 100))
        }
        version = first_words(record.attributes, ("app.version",), 100)
        return SessionTold(
            id=record.session,
            agent_id=record.agent,
            external_id=record.external_id,
            start_time=at,
            last_seen_at=at,
            project_id=place.project_id,
            project_certain=place.certain,
            agent_version=version or words(resource.get("service.version"), 100),
            registered_agent_id=place.agent_id,
            cwd=record.place.path,
            context=shown,
        )

    def _tie(self, record: Record, at: int) -> None:
        place = self.place(record)
        if record.session is None or place.task_id is None:
            return
        span = self._ties.setdefault((record.session, place.task_id, place.execution_id), [at, at])
        span[0], span[1] = min(span[0], at), max(span[1], at)

    def usage(
        self, record: LogRecord | SpanRecord, *, keys: Iterable[str], at_us: int, **figures: Any
    ) -> None:
        """Note a response of a model.

        Args:
            record: the record that tells of it.
            keys: every name by which it knows the response, in our words.
            at_us: when the answer was complete.
            figures: further fields of `UsageTold`.
        """
        names = [key for key in keys if len(key) <= 400]
        place = self.place(record)
        alone = record.session is None
        source = UsageSource.OTLP_LOG if isinstance(record, LogRecord) else UsageSource.OTLP_SPAN
        self.batch.usage.append(
            UsageTold(
                source=source,
                source_key=names[0] if names else record.id.hex(),
                agent_id=record.agent,
                at=moment(at_us),
                keys=names,
                session_id=record.session,
                project_id=place.project_id,
                # What a session spends goes by its ties, which a person may mend.
                task_id=place.task_id if alone else None,
                execution_id=place.execution_id if alone else None,
                **figures,
            )
        )

    def say(
        self,
        record: LogRecord,
        role: MessageRole,
        content: str | None,
        *,
        kind: MessageKind = MessageKind.TEXT,
        model: str | None = None,
        subagent: str | None = None,
    ) -> None:
        """Note a message of a record's session; nothing where there is no content."""
        if content is None or record.session is None:
            return
        told = MessageTold(
            id=UUID(bytes=record.id),
            session_id=record.session,
            role=role,
            content=content,
            timestamp=moment(record.time_us),
            source=Source.OTLP,
            kind=kind,
            model=model,
            subagent=subagent,
        )
        self.batch.messages.append(told)

    def notice(self, record: LogRecord, text: str, *, is_error: bool = False) -> None:
        """Note that something happened in a record's session."""
        kind = MessageKind.ERROR if is_error else MessageKind.NOTICE
        self.say(record, MessageRole.SYSTEM, text[:MOST_SHOWN], kind=kind)

    def finished(self) -> Batch:
        """Return everything that was told."""
        for seen in self._seen.values():
            seen.told.start_time, seen.told.last_seen_at = moment(seen.first_us), moment(seen.last_us)
        for (session, task, execution), (first, last) in self._ties.items():
            self.batch.ties.append(
                TieTold(
                    session_id=session,
                    task_id=task,
                    source=TieSource.RESOURCE,
                    from_at=moment(first),
                    until_at=moment(last),
                    stretch=str(execution or task),
                    execution_id=execution,
                )
            )
        return self.batch


LogProjector = Callable[[Projection, LogRecord], None]
SpanProjector = Callable[[Projection, SpanRecord], None]
