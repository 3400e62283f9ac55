"""Requests of OTLP in protobuf, read into the same records as those in JSON."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from steward.domains.telemetry import LogRecord, Origin, Told
from steward.kit.errors import Invalid
from steward.surfaces.otlp import rules

Object = dict[str, Any]
Way = tuple[frozenset[int], ...]
_LEAST_BYTES = 2
_FIXED = {1: 8, 5: 4}
_SIMPLE = frozenset({"string_value", "bool_value", "int_value", "double_value"})


def decode(body: bytes, signal: str) -> Told:
    """Return the records of a request.

    Args:
        body: an export request in protobuf.
        signal: logs, traces or metrics.

    Raises:
        Invalid: it cannot be read.
        TooLarge: it holds more records than a request may.
    """
    kind, read = _READ[signal]
    # Before it is parsed: that alone takes a hundred bytes for a record of two.
    if len(body) > _LEAST_BYTES * rules.MOST_RECORDS:
        _check_many(body, 0, len(body), _WAYS[signal], [0] * len(_WAYS[signal]))
    request = kind()
    try:
        request.ParseFromString(body)
    except DecodeError as exc:
        hint = f"send one {kind.DESCRIPTOR.name} as the whole body"
        raise Invalid(f"the body is no {kind.DESCRIPTOR.full_name}: {exc}", hint=hint) from None
    told = Told()
    read(request, told)
    return told


def _check_many(body: bytes, at: int, end: int, way: Way, counts: list[int]) -> None:
    """Count what lies on the way to the records, level by level; damage is left to the parser to tell.

    Raises:
        TooLarge: there is too much on one of the levels.
    """
    level = len(counts) - len(way)
    while at < end:
        tag, at = _varint(body, at, end)
        kind = tag & 7
        if kind == 0:
            _, at = _varint(body, at, end)
        elif kind in _FIXED:
            at += _FIXED[kind]
        elif kind == 2:
            size, at = _varint(body, at, end)
            if tag >> 3 in way[0]:
                counts[level] += 1
                rules.check_many(counts[level])
                if len(way) > 1:
                    _check_many(body, at, min(at + size, end), way[1:], counts)
            at += size


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number and where it ends; one that is cut or too long ends all."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    return 0, end


def _value(value: Any) -> Any:
    which = value.WhichOneof("value")
    if which is None:
        return None
    if which in _SIMPLE:
        return getattr(value, which)
    if which == "array_value":
        return [_value(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None


def _attributes(pairs: Iterable[Any]) -> Object:
    found: Object = {}
    for pair in pairs:
        value = pair.value
        which = value.WhichOneof("value")
        if which == "string_value":
            found[pair.key] = value.string_value
        elif which == "int_value":
            found[pair.key] = value.int_value
        else:
            found[pair.key] = _value(value)
    return found


def _origin(outer: Any, inner: Any, resource: Object) -> Origin:
    scope = inner.scope
    return Origin(
        resource,
        rules.scope_of(
            scope.name, scope.version, _attributes(scope.attributes), inner.schema_url, outer.schema_url
        ),
    )


def _id(value: bytes, size: int) -> bytes | None:
    """Return an id; None where it is absent, all zero, or of another length."""
    return value if len(value) == size and any(value) else None


def _logs(request: Any, told: Told) -> None:
    add = told.records.append
    for outer in request.resource_logs:
        resource = _attributes(outer.resource.attributes)
        for inner in outer.scope_logs:
            origin = _origin(outer, inner, resource)
            for record in inner.log_records:
                add(
                    LogRecord(
                        origin,
                        record.time_unix_nano,
                        record.observed_time_unix_nano,
                        record.event_name,
                        record.severity_number,
                        record.severity_text,
                        _value(record.body),
                        _attributes(record.attributes),
                        _id(record.trace_id, 16),
                        _id(record.span_id, 8),
                        record.flags,
                    )
                )


# ------------------------------------------------------------------------------------------------------------ spans


def _traces(request: Any, told: Told) -> None:
    for outer in request.resource_spans:
        resource = _attributes(outer.resource.attributes)
        for inner in outer.scope_spans:
            origin = _origin(outer, inner, resource)
            for span in inner.spans:
                _span(span, origin, told)


def _span(span: Any, origin: Origin, told: Told) -> None:
    rules.add_span(
        told,
        (span.trace_id.hex(), span.span_id.hex()),
        origin=origin,
        trace_id=_id(span.trace_id, 16),
        span_id=_id(span.span_id, 8),
        parent_span_id=_id(span.parent_span_id, 8),
        name=span.name,
        kind=span.kind,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=span.status.code,
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        events=[
            rules.event_of(event.time_unix_nano, event.name, _attributes(event.attributes))
            for event in span.events
        ],
        links=[
            rules.link_of(
                _id(link.trace_id, 16), _id(link.span_id, 8), link.trace_state, _attributes(link.attributes)
            )
            for link in span.links
        ],
        trace_state=span.trace_state,
    )


# ---------------------------------------------------------------------------------------------------------- metrics


def _metrics(request: Any, told: Told) -> None:
    for outer in request.resource_metrics:
        resource = _attributes(outer.resource.attributes)
        for inner in outer.scope_metrics:
            origin = _origin(outer, inner, resource)
            for metric in inner.metrics:
                _metric(metric, origin, told)


def _metric(metric: Any, origin: Origin, told: Told) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data, read = getattr(metric, kind), _POINTS[kind]
    for point in data.data_points:
        rules.add_point(
            told,
            _shared(point) | read(point),
            origin=origin,
            metric=metric.name,
            kind=kind,
            unit=metric.unit,
            temporality=getattr(data, "aggregation_temporality", 0),
            is_monotonic=kind == "sum" and data.is_monotonic,
        )


def _shared(point: Any) -> Object:
    return {
        "attributes": _attributes(point.attributes),
        "start_ns": point.start_time_unix_nano,
        "time_ns": point.time_unix_nano,
        "flags": point.flags,
    }


def _optional(point: Any, name: str) -> float | None:
    return getattr(point, name) if point.HasField(name) else None


def _number(point: Any) -> Object:
    which = point.WhichOneof("value")
    return {"value": float(getattr(point, which)) if which else None}


def _histogram(point: Any) -> Object:
    detail = {
        "count": point.count,
        "bucket_counts": list(point.bucket_counts),
        "explicit_bounds": list(point.explicit_bounds),
        "min": _optional(point, "min"),
        "max": _optional(point, "max"),
    }
    return {"value": _optional(point, "sum"), "detail": detail}


def _exponential(point: Any) -> Object:
    detail = {
        "count": point.count,
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": point.zero_threshold,
        "positive": _buckets(point.positive),
        "negative": _buckets(point.negative),
        "min": _optional(point, "min"),
        "max": _optional(point, "max"),
    }
    return {"value": _optional(point, "sum"), "detail": detail}


def _buckets(buckets: Any) -> Object:
    return {"offset": buckets.offset, "bucket_counts": list(buckets.bucket_counts)}


def _summary(point: Any) -> Object:
    quantiles = [[each.quantile, each.value] for each in point.quantile_values]
    return {"value": point.sum, "detail": {"count": point.count, "quantiles": quantiles}}


_POINTS: dict[str, Callable[[Any], Object]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
# Numbers of the fields that lead to the records; points lie in whichever kind of data a metric has.
_ONE, _TWO = frozenset({1}), frozenset({2})
_WAYS: dict[str, Way] = {
    "logs": (_ONE, _TWO, _TWO),
    "traces": (_ONE, _TWO, _TWO),
    "metrics": (_ONE, _TWO, _TWO, frozenset({5, 7, 9, 10, 11}), _ONE),
}
_READ: dict[str, tuple[Any, Callable[[Any, Told], None]]] = {
    "logs": (ExportLogsServiceRequest, _logs),
    "traces": (ExportTraceServiceRequest, _traces),
    "metrics": (ExportMetricsServiceRequest, _metrics),
}
