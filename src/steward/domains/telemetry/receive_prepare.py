"""Records made ready for the database, without it: secrets taken out, written down, and named by their content."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from steward.domains.telemetry.batch import clean
from steward.domains.telemetry.receive_identity import Identifier, name_of, note_client
from steward.domains.telemetry.types_otlp import LogRecord, Origin, PointRecord, SpanRecord
from steward.kit.redact import may_hold_secret, redact

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_SMALL = range(-(2**15), 2**15)
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":")).encode


def written(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, the same for the same value: keys in order, nothing PostgreSQL cannot hold."""
    try:
        text = _encode(value)
        if "\\u0000" not in text:
            return text.encode()
    except (ValueError, UnicodeEncodeError):
        pass
    return _encode(_storable(value)).encode()


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {clean(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return clean(value) if isinstance(value, str) else value


def _without_secrets(data: bytes) -> tuple[bytes, Any]:
    """Return JSON text without secrets, and the value that it stands for."""
    text = redact(data.decode())
    try:
        value = json.loads(text)
    except ValueError:
        value = _each(json.loads(data))
    return written(value), value


def _each(value: Any) -> Any:
    if isinstance(value, dict):
        return {redact(key): _each(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_each(item) for item in value]
    return redact(value) if isinstance(value, str) else value


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def prepare_origins(origins: Iterable[Origin]) -> None:
    """Write origins down and name each by its content."""
    for origin in origins:
        origin.resource_json, origin.scope_json = written(origin.resource), written(origin.scope)
        if may_hold_secret(origin.resource_json + b"\n" + origin.scope_json):
            origin.resource_json, origin.resource = _without_secrets(origin.resource_json)
            origin.scope_json, origin.scope = _without_secrets(origin.scope_json)
        origin.id = _digest(origin.resource_json, origin.scope_json)
        note_client(origin)


def _distinct(records: Sequence[LogRecord] | Sequence[SpanRecord] | Sequence[PointRecord]) -> list[Origin]:
    return list({id(record.origin): record.origin for record in records}.values())


# ------------------------------------------------------------------------------------------------------------- logs


def prepare_logs(records: Sequence[LogRecord], now_us: int) -> None:
    """Make log records ready.

    Args:
        records: as they were read.
        now_us: microseconds since 1970: the time of records that know none.
    """
    prepare_origins(_distinct(records))
    for record in records:
        record.attributes_json = written(record.attributes)
        if record.body is not None:
            record.body_json = written(record.body)
    if may_hold_secret(b"\n".join(map(_said_by_log, records))):
        for record in records:
            _redact_log(record)
    identifier = Identifier()
    for record in records:
        record.id = _log_id(record)
        known_ns = record.time_ns or record.observed_ns
        record.time_us = known_ns // 1000 if known_ns else now_us
        record.name = clean(name_of(record))
        identifier.note(record, record.name)


def _said_by_log(record: LogRecord) -> bytes:
    words = f"{record.event_name}\n{record.severity_text}\n".encode(errors="replace")
    return words + record.attributes_json + b"\n" + (record.body_json or b"")


def _redact_log(record: LogRecord) -> None:
    if not may_hold_secret(_said_by_log(record)):
        return
    record.event_name, record.severity_text = redact(record.event_name), redact(record.severity_text)
    record.attributes_json, record.attributes = _without_secrets(record.attributes_json)
    if record.body_json is not None:
        record.body_json, record.body = _without_secrets(record.body_json)


def _log_id(record: LogRecord) -> bytes:
    record.event_name, record.severity_text = clean(record.event_name), clean(record.severity_text)
    if record.severity_number not in _SMALL:
        record.severity_number = 0
    head = (
        f"{record.time_ns}|{record.observed_ns}|{record.severity_number}|{record.flags}\0{record.event_name}\0"
        f"{record.severity_text}"
    )
    trace = (record.trace_id or _NO_TRACE) + (record.span_id or _NO_SPAN)
    return _digest(record.origin.id + trace, head.encode(), record.body_json or b"", record.attributes_json)


# ------------------------------------------------------------------------------------------------------------ spans


def prepare_spans(records: Sequence[SpanRecord]) -> None:
    """Make spans ready; the name of a span is its trace and its own id, whatever else it says."""
    prepare_origins(_distinct(records))
    identifier = Identifier()
    for record in records:
        record.name, record.status_message = clean(record.name), clean(record.status_message)
        record.trace_state = clean(record.trace_state)
        record.attributes_json = written(record.attributes)
        record.time_us = (record.start_ns or record.end_ns) // 1000
        record.id = _digest(record.trace_id + record.span_id)
        record.kind = record.kind if record.kind in _SMALL else 0
        record.status_code = record.status_code if record.status_code in _SMALL else 0
    if may_hold_secret(b"\n".join(map(_said_by_span, records))):
        for record in records:
            _redact_span(record)
    for record in records:
        identifier.note(record, record.name)


def _said_by_span(record: SpanRecord) -> bytes:
    words = f"{record.name}\n{record.status_message}\n{record.trace_state}\n".encode()
    rest = written([record.events, record.links]) if record.events or record.links else b""
    return words + record.attributes_json + b"\n" + rest


def _redact_span(record: SpanRecord) -> None:
    if not may_hold_secret(_said_by_span(record)):
        return
    record.name, record.status_message = redact(record.name), redact(record.status_message)
    record.trace_state = redact(record.trace_state)
    record.attributes_json, record.attributes = _without_secrets(record.attributes_json)
    record.events, record.links = _each(record.events), _each(record.links)


# ----------------------------------------------------------------------------------------------------------- points


def prepare_points(records: Sequence[PointRecord]) -> None:
    """Make points of metrics ready; the name of a point is its series, start and time."""
    prepare_origins(_distinct(records))
    identifier = Identifier()
    for record in records:
        record.metric, record.unit = clean(record.metric), clean(record.unit)
        record.attributes_json = written(record.attributes)
        record.time_us = record.time_ns // 1000
        record.temporality = record.temporality if record.temporality in _SMALL else 0
    if may_hold_secret(b"\n".join(map(_said_by_point, records))):
        for record in records:
            _redact_point(record)
    for record in records:
        head = f"{record.metric}\0{record.kind}\0{record.unit}\0{record.temporality}{record.is_monotonic}"
        record.series = _digest(record.origin.id, head.encode(), record.attributes_json)
        record.id = _digest(record.series, f"{record.start_ns}|{record.time_ns}".encode())
        identifier.note(record, record.metric)


def _said_by_point(record: PointRecord) -> bytes:
    return f"{record.metric}\n{record.unit}\n".encode() + record.attributes_json


def _redact_point(record: PointRecord) -> None:
    if not may_hold_secret(_said_by_point(record)):
        return
    record.metric, record.unit = redact(record.metric), redact(record.unit)
    record.attributes_json, record.attributes = _without_secrets(record.attributes_json)
