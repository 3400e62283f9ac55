"""Records of OpenTelemetry as they come in, in one shape whatever they were written in, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(slots=True)
class Origin:
    """Resource and scope that records came with.

    Attributes:
        resource: its attributes.
        scope: name, version, attributes and schema addresses, where there are any.
        id: the hash of both; given when it is prepared.
    """

    resource: dict[str, Any]
    scope: dict[str, Any] = field(default_factory=dict)
    id: bytes = b""
    agent: str = "unknown"
    is_agent: bool = False
    resource_json: bytes = b"{}"
    scope_json: bytes = b"{}"


class Place(NamedTuple):
    """What a record says of where it belongs, in the sender's words."""

    project: str | None = None
    task: str | None = None
    execution: str | None = None
    agent: str | None = None
    path: str | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Placed:
    """What a place means here."""

    project_id: UUID | None = None
    certain: bool = False
    task_id: UUID | None = None
    execution_id: UUID | None = None
    agent_id: UUID | None = None


@dataclass(slots=True)
class LogRecord:
    """A log record or event.

    Attributes:
        time_ns: 0 where the sender knows none, as observed_ns.
        name: the event's name, wherever it stood; with the client's prefix.
        id: the hash of the record with its origin, as `time_us`, session and place given when it is prepared.
    """

    origin: Origin
    time_ns: int
    observed_ns: int
    event_name: str
    severity_number: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    trace_id: bytes | None
    span_id: bytes | None
    flags: int
    name: str = ""
    body_json: bytes | None = None
    id: bytes = b""
    time_us: int = 0
    session: UUID | None = None
    external_id: str = ""
    agent: str = "unknown"
    place: Place = NOWHERE
    attributes_json: bytes = b"{}"


@dataclass(slots=True)
class SpanRecord:
    """A span; its ids are of the right length and not zero."""

    origin: Origin
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status_code: int
    status_message: str
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    links: list[dict[str, Any]]
    trace_state: str
    id: bytes = b""
    time_us: int = 0
    session: UUID | None = None
    external_id: str = ""
    agent: str = "unknown"
    place: Place = NOWHERE
    attributes_json: bytes = b"{}"


@dataclass(slots=True)
class PointRecord:
    """A point of a metric.

    Attributes:
        value: the number, the sum of a histogram or summary; None where there is none.
        detail: count, buckets, quantiles … of the kinds that have them; exemplars are left out.
    """

    origin: Origin
    metric: str
    kind: str
    unit: str
    temporality: int
    is_monotonic: bool
    start_ns: int
    time_ns: int
    value: float | None
    detail: dict[str, Any] | None
    attributes: dict[str, Any]
    id: bytes = b""
    series: bytes = b""
    time_us: int = 0
    session: UUID | None = None
    external_id: str = ""
    agent: str = "unknown"
    place: Place = NOWHERE
    attributes_json: bytes = b"{}"


Record = LogRecord | SpanRecord | PointRecord


@dataclass(slots=True)
class Told:
    """What a request held.

    Attributes:
        records: those that are kept.
        rejected: how many are not.
        reasons: why, one line each, a few at most.
    """

    records: list[Any] = field(default_factory=list)
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def reject(self, count: int, reason: str) -> None:
        """Note that some records are not kept, and why."""
        self.rejected += count
        if len(self.reasons) < 5:
            self.reasons.append(reason)


@dataclass(slots=True)
class Received:
    """What became of a request's records: how many were new, and what the sender should know."""

    kept: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """A task that a record names."""

    id: UUID
    project_id: UUID


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span that is kept already, as far as another one needs to know it."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    name: str
    kind: int
    attributes: dict[str, Any]
    duration_ms: float | None
