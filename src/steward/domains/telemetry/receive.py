"""Taking in records of OpenTelemetry: kept as they came, each once; what is new is told to the sessions.

`prepare` needs no database; `Receiver.take` is one transaction, of one sender's requests or several. Only records that
were not there yet are projected, so that a batch that is sent again changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from steward.domains.projects import SYSTEM_PROJECT
from steward.domains.telemetry import project_spans, receive_places
from steward.domains.telemetry.batch import absorb
from steward.domains.telemetry.projection import Projection
from steward.domains.telemetry.projectors import tell_logs, tell_points
from steward.domains.telemetry.receive_prepare import prepare_logs, prepare_points, prepare_spans, written
from steward.domains.telemetry.types_otlp import (
    LogRecord,
    Place,
    Placed,
    PointRecord,
    Received,
    Record,
    SpanRecord,
)
from steward.kit import packed
from steward.kit.db import Db

_MOST_KNOWN = 20_000
_MOST_WARNINGS = 10
R = TypeVar("R", LogRecord, SpanRecord, PointRecord)


@dataclass(slots=True)
class Parcel:
    """The records of one request, made ready; of one signal, so two of the lists are empty."""

    logs: Sequence[LogRecord] = ()
    spans: Sequence[SpanRecord] = ()
    points: Sequence[PointRecord] = ()

    def __len__(self) -> int:
        return len(self.logs) + len(self.spans) + len(self.points)

    @property
    def records(self) -> list[Record]:
        """Return all records."""
        return [*self.logs, *self.spans, *self.points]


def now_us() -> int:
    """Return microseconds since 1970."""
    return time.time_ns() // 1000


def prepare(records: Sequence[Record]) -> Parcel:
    """Make the records of a request ready: secrets taken out, written down, named by their content."""
    logs = [each for each in records if isinstance(each, LogRecord)]
    spans = [each for each in records if isinstance(each, SpanRecord)]
    points = [each for each in records if isinstance(each, PointRecord)]
    prepare_logs(logs, now_us())
    prepare_spans(spans)
    prepare_points(points)
    return Parcel(logs, spans, points)


@dataclass(slots=True)
class Taken:
    """What a transaction took in; to be told to the receiver once it is committed."""

    origins: set[bytes] = field(default_factory=set)
    received: list[Received] = field(default_factory=list)


class Receiver:
    """Takes records in, and remembers what the database knows already. One for a database; any thread may use it."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()
        self._places = receive_places.Places()

    def take(self, db: Db, parcels: Sequence[Parcel]) -> Taken:
        """Keep the records of some requests, and tell the sessions what is new.

        Args:
            db: the transaction; the actor needs `telemetry:write`.
            parcels: the requests, made ready.
        """
        taken = Taken(origins=self._keep_origins(db, parcels))
        placed, warnings = self._place(db, parcels)
        told = Projection(now_us(), placed)
        logs = [each for parcel in parcels for each in parcel.logs]
        spans = [each for parcel in parcels for each in parcel.spans]
        points = [each for parcel in parcels for each in parcel.points]
        fresh: set[bytes] = set()
        if logs:
            new_logs = _fresh(logs, keep_logs(db, logs, placed))
            tell_logs(told, new_logs)
            fresh.update(each.id for each in new_logs)
        if spans:
            project_spans.lock_together(db, spans)
            new_spans = _fresh(spans, keep_spans(db, spans, placed))
            project_spans.tell(db, told, new_spans)
            fresh.update(each.id for each in new_spans)
        if points:
            new_points = _fresh(points, keep_points(db, points, placed))
            tell_points(told, new_points)
            fresh.update(each.id for each in new_points)
        absorb(db, told.finished())
        db.touched.add("telemetry")
        for parcel in parcels:
            said = list(dict.fromkeys(w for r in parcel.records for w in warnings.get(r.place, ())))
            taken.received.append(Received(len(fresh & {each.id for each in parcel.records}), _first(said)))
        return taken

    def committed(self, taken: Taken) -> None:
        """Remember what is in the database now."""
        with self._lock:
            for origin in taken.origins:
                self._known[origin] = None
                self._known.move_to_end(origin)
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Forget what the database knows: it went away, and another one may come back."""
        with self._lock:
            self._known.clear()
        self._places = receive_places.Places()

    def _keep_origins(self, db: Db, parcels: Sequence[Parcel]) -> set[bytes]:
        """Keep resources and scopes that are not known to be there; return all that occur."""
        origins = {each.origin.id: each.origin for parcel in parcels for each in parcel.records}
        with self._lock:
            missing = sorted(set(origins) - self._known.keys())
        if missing:
            new = [origins[each] for each in missing]
            db.run(
                "telemetry.keep_origins",
                ids=packed.uuids(missing),
                resources=packed.jsons(each.resource_json for each in new),
                scopes=packed.jsons(each.scope_json for each in new),
            )
        return set(origins)

    def _place(self, db: Db, parcels: Sequence[Parcel]) -> tuple[dict[Place, Placed], dict[Place, list[str]]]:
        wanted = {each.place for parcel in parcels for each in parcel.records}
        return self._places.resolve(db, wanted)


def _first(said: list[str]) -> list[str]:
    """Return as many warnings as a sender reads, and how many more there are."""
    more = len(said) - _MOST_WARNINGS
    return [*said[:_MOST_WARNINGS], f"and {more} more"] if more > 0 else said


def _fresh(records: Sequence[R], new: list[UUID] | None) -> list[R]:
    """Return the records that were not there yet, each once.

    Args:
        records: all of a statement.
        new: ids of the new ones; None when all are.
    """
    if new is None:
        return list(records)
    left = {each.bytes for each in new}
    found = []
    for record in records:
        if record.id in left:
            left.remove(record.id)
            found.append(record)
    return found


def _shared(records: Sequence[Record], placed: dict[Place, Placed]) -> dict[str, packed.Packed]:
    """Return the columns that all signals have."""
    system = SYSTEM_PROJECT.bytes
    projects = {place: found.project_id.bytes for place, found in placed.items() if found.project_id}
    return {
        "times": packed.times(each.time_us for each in records),
        "ids": packed.uuids(each.id for each in records),
        "projects": packed.uuids(projects.get(each.place, system) for each in records),
        "sessions": packed.uuids(each.session.bytes if each.session else None for each in records),
        "resources": packed.uuids(each.origin.id for each in records),
        "attributes": packed.jsons(each.attributes_json for each in records),
    }


def keep_logs(db: Db, logs: Sequence[LogRecord], placed: dict[Place, Placed]) -> list[UUID] | None:
    """Keep log records; return the ids of the new ones, None when all are new."""
    timeless = [not (each.time_ns or each.observed_ns) for each in logs]
    if any(timeless):
        # Whoever keeps one of these looks first whether it is there under another time.
        db.run("telemetry.lock_timeless")
    found: list[UUID] | None = db.value(
        "telemetry.keep_logs",
        many=len(logs),
        timeless=packed.bools(timeless),
        observed=packed.times(each.observed_ns // 1000 if each.observed_ns else None for each in logs),
        names=packed.texts(each.name or None for each in logs),
        severities=packed.shorts(each.severity_number or None for each in logs),
        severity_texts=packed.texts(each.severity_text or None for each in logs),
        bodies=packed.jsons(each.body_json for each in logs),
        traces=packed.blobs(each.trace_id for each in logs),
        spans=packed.blobs(each.span_id for each in logs),
        flags=packed.longs(each.flags or None for each in logs),
        **_shared(logs, placed),
    )
    return found


def keep_spans(db: Db, spans: Sequence[SpanRecord], placed: dict[Place, Placed]) -> list[UUID] | None:
    """Keep spans; return the ids of the new ones, None when all are new."""
    found: list[UUID] | None = db.value(
        "telemetry.keep_spans",
        many=len(spans),
        traces=packed.blobs(each.trace_id for each in spans),
        spans=packed.blobs(each.span_id for each in spans),
        parents=packed.blobs(each.parent_span_id for each in spans),
        names=packed.texts(each.name for each in spans),
        kinds=packed.shorts(each.kind for each in spans),
        ends=packed.times(each.end_ns // 1000 if each.end_ns else None for each in spans),
        durations=packed.doubles(
            max(each.end_ns - each.start_ns, 0) / 1e6 if each.end_ns and each.start_ns else None
            for each in spans
        ),
        codes=packed.shorts(each.status_code for each in spans),
        messages=packed.texts(each.status_message or None for each in spans),
        events=packed.jsons(written(each.events) if each.events else None for each in spans),
        links=packed.jsons(written(each.links) if each.links else None for each in spans),
        states=packed.texts(each.trace_state or None for each in spans),
        **_shared(spans, placed),
    )
    return found


def keep_points(db: Db, points: Sequence[PointRecord], placed: dict[Place, Placed]) -> list[UUID] | None:
    """Keep points of metrics; return the ids of the new ones, None when all are new."""
    found: list[UUID] | None = db.value(
        "telemetry.keep_points",
        many=len(points),
        series=packed.uuids(each.series for each in points),
        metrics=packed.texts(each.metric for each in points),
        kinds=packed.texts(each.kind for each in points),
        units=packed.texts(each.unit or None for each in points),
        temporalities=packed.shorts(each.temporality for each in points),
        monotonic=packed.bools(each.is_monotonic for each in points),
        starts=packed.times(each.start_ns // 1000 if each.start_ns else None for each in points),
        values=packed.doubles(each.value for each in points),
        details=packed.jsons(written(each.detail) if each.detail else None for each in points),
        **_shared(points, placed),
    )
    return found
