"""Requests of OTLP in JSON, read into records."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from steward.domains.telemetry import LogRecord, Origin, Told
from steward.kit.errors import Invalid
from steward.surfaces.otlp import names, rules
from steward.surfaces.otlp.json_values import (
    Bad,
    Object,
    any_value,
    attributes,
    each,
    enum,
    get,
    id_of,
    integer,
    items,
    member,
    number,
    optional_number,
    shown,
    text,
    truth,
    whole,
)

Reader = Callable[[Object, Origin, Told], None]


def decode(body: bytes, signal: str) -> Told:
    """Return the records of a request.

    Args:
        body: JSON of one request.
        signal: logs, traces or metrics.

    A record that holds a value of the wrong kind is refused alone.

    Raises:
        Invalid: it is no such request; says what is wrong, and where.
        TooLarge: it holds more records than a request may.
    """
    hint = "send one export request of OTLP in JSON as the whole body"
    told = Told()
    try:
        request = json.loads(body, parse_constant=_no_constant)
        if not isinstance(request, dict):
            raise Invalid(f"the body is {shown(request)}, not an object", hint=hint)
        top, scopes, leaf, read = _SHAPES[signal]
        _walk(request, (top, scopes, leaf), read, told)
    except Bad as exc:
        raise Invalid(str(exc), hint="mend the value; nothing of this request was kept") from None
    except RecursionError:
        raise Invalid("the body lies within itself too deep", hint=hint) from None
    except ValueError as exc:
        raise Invalid(f"the body is no JSON: {exc}", hint=hint) from None
    if request and not any(name in request for name in top):
        # What is unknown is no error; whoever sent something else should know that nothing of it was understood.
        told.reasons.append(f"the body holds no {top[0]}, only {', '.join(map(repr, list(request)[:5]))}")
    return told


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value in JSON")


def _walk(request: Object, levels: tuple[tuple[str, str], ...], read: Reader, told: Told) -> None:
    """Read every record of a request with its resource and scope."""
    top, scopes, leaf = levels
    for at, outer in enumerate(items(request, *top)):
        try:
            _resource(outer, (scopes, leaf), read, told, (top[0], at))
        except Bad as exc:
            raise exc.within(top[0], at) from None


def _resource(
    outer: Object,
    levels: tuple[tuple[str, str], tuple[str, str]],
    read: Reader,
    told: Told,
    place: tuple[str | int, ...],
) -> None:
    scopes, leaf = levels
    known, schema = attributes(member(outer, "resource")), text(outer, "schemaUrl", "schema_url")
    for at, inner in enumerate(items(outer, *scopes)):
        try:
            origin = Origin(known, _scope(inner, schema))
            records = items(inner, *leaf)
        except Bad as exc:
            raise exc.within(scopes[0], at) from None
        rules.check_many(len(told.records) + told.rejected + len(records))
        _records(records, origin, read, told, (*place, scopes[0], at, leaf[0]))


def _records(
    records: list[Object], origin: Origin, read: Reader, told: Told, place: tuple[str | int, ...]
) -> None:
    """Read records; one that cannot be read is refused alone: its sender would send the others no second time."""
    for at, record in enumerate(records):
        try:
            read(record, origin, told)
        except Bad as exc:
            told.reject(exc.records, str(exc.within(*place, at)))


def _scope(outer: Object, resource_schema: str) -> Object:
    scope = member(outer, "scope")
    return rules.scope_of(
        text(scope, "name"),
        text(scope, "version"),
        attributes(scope),
        text(outer, "schemaUrl", "schema_url"),
        resource_schema,
    )


def _log(value: Object, origin: Origin, told: Told) -> None:
    body = value.get("body")
    if body is not None:
        try:
            body = any_value(member(value, "body"))
        except Bad as exc:
            raise exc.within("body") from None
    told.records.append(
        LogRecord(
            origin,
            integer(value, "timeUnixNano", "time_unix_nano"),
            integer(value, "observedTimeUnixNano", "observed_time_unix_nano"),
            text(value, "eventName", "event_name"),
            enum(value, "severityNumber", names.SEVERITY, "severity_number"),
            text(value, "severityText", "severity_text"),
            body,
            attributes(value),
            id_of(value, "traceId", "trace_id", 16),
            id_of(value, "spanId", "span_id", 8),
            integer(value, "flags", high=2**32 - 1),
        )
    )


# ------------------------------------------------------------------------------------------------------------ spans


def _span(value: Object, origin: Origin, told: Told) -> None:
    status = member(value, "status")
    rules.add_span(
        told,
        (text(value, "traceId", "trace_id"), text(value, "spanId", "span_id")),
        origin=origin,
        trace_id=id_of(value, "traceId", "trace_id", 16),
        span_id=id_of(value, "spanId", "span_id", 8),
        parent_span_id=id_of(value, "parentSpanId", "parent_span_id", 8),
        name=text(value, "name"),
        kind=enum(value, "kind", names.SPAN_KIND),
        start_ns=integer(value, "startTimeUnixNano", "start_time_unix_nano"),
        end_ns=integer(value, "endTimeUnixNano", "end_time_unix_nano"),
        status_code=_status(status),
        status_message=text(status, "message"),
        attributes=attributes(value),
        events=list(each(value, "events", "", _event)),
        links=list(each(value, "links", "", _link)),
        trace_state=text(value, "traceState", "trace_state"),
    )


def _status(status: Object) -> int:
    try:
        return enum(status, "code", names.STATUS)
    except Bad as exc:
        raise exc.within("status") from None


def _event(value: Object) -> Object:
    return rules.event_of(
        integer(value, "timeUnixNano", "time_unix_nano"), text(value, "name"), attributes(value)
    )


def _link(value: Object) -> Object:
    return rules.link_of(
        id_of(value, "traceId", "trace_id", 16),
        id_of(value, "spanId", "span_id", 8),
        text(value, "traceState", "trace_state"),
        attributes(value),
    )


# ---------------------------------------------------------------------------------------------------------- metrics


def _metric(value: Object, origin: Origin, told: Told) -> None:
    """Read the points of a metric, of whichever kind it is.

    Raises:
        Bad: the metric cannot be read, or some of its points; the others are kept.
    """
    name, unit = text(value, "name"), text(value, "unit")
    for kind, (key, other, read) in _METRICS.items():
        if get(value, key, other) is None:
            continue
        data = member(value, key, other)
        try:
            points = items(data, "dataPoints", "data_points")
            rules.check_many(len(told.records) + told.rejected + len(points))
            shared = _shared_by_points(data, kind, len(points)) | {
                "origin": origin, "metric": name, "kind": kind, "unit": unit,
            }  # fmt: skip
            _points(points, read, shared, told)
        except Bad as exc:
            raise exc.within(key) from None
        return


def _shared_by_points(data: Object, kind: str, points: int) -> Object:
    try:
        return {
            "temporality": enum(data, "aggregationTemporality", names.TEMPORALITY, "aggregation_temporality"),
            "is_monotonic": kind == "sum" and truth(data, "isMonotonic", "is_monotonic"),
        }
    except Bad as exc:
        exc.records = max(points, 1)
        raise


def _points(points: list[Object], read: Callable[[Object], Object], shared: Object, told: Told) -> None:
    first, bad = None, 0
    for at, point in enumerate(points):
        try:
            figures = read(point)
        except Bad as exc:
            first, bad = first or exc.within("dataPoints", at), bad + 1
            continue
        rules.add_point(told, figures, **shared)
    if first is not None:
        first.records = bad
        raise first


def _shared(value: Object) -> Object:
    return {
        "attributes": attributes(value),
        "start_ns": integer(value, "startTimeUnixNano", "start_time_unix_nano"),
        "time_ns": integer(value, "timeUnixNano", "time_unix_nano"),
        "flags": integer(value, "flags", high=2**32 - 1),
    }


def _number(value: Object) -> Object:
    found = optional_number(value, "asDouble", "as_double")
    if found is None and get(value, "asInt", "as_int") is not None:
        found = float(integer(value, "asInt", "as_int", low=-(2**63), high=2**63 - 1))
    return _shared(value) | {"value": found}


def _numbers(value: Object, name: str, other: str, read: Callable[[Any], Any]) -> list[Any]:
    given = get(value, name, other)
    if given is None:
        return []
    if not isinstance(given, list):
        raise Bad(f"{shown(given)} is no list", name)
    found = []
    for at, item in enumerate(given):
        try:
            found.append(read(item))
        except Bad as exc:
            raise exc.within(name, at) from None
    return found


def _count(value: Any) -> int:
    return whole(value, 0, 2**64 - 1)


def _histogram(value: Object) -> Object:
    return _shared(value) | {
        "value": optional_number(value, "sum"),
        "detail": {
            "count": integer(value, "count"),
            "bucket_counts": _numbers(value, "bucketCounts", "bucket_counts", _count),
            "explicit_bounds": _numbers(value, "explicitBounds", "explicit_bounds", number),
            "min": optional_number(value, "min"),
            "max": optional_number(value, "max"),
        },
    }


def _exponential(value: Object) -> Object:
    return _shared(value) | {
        "value": optional_number(value, "sum"),
        "detail": {
            "count": integer(value, "count"),
            "scale": integer(value, "scale", low=-(2**31), high=2**31 - 1),
            "zero_count": integer(value, "zeroCount", "zero_count"),
            "zero_threshold": optional_number(value, "zeroThreshold", "zero_threshold") or 0.0,
            "positive": _buckets(value, "positive"),
            "negative": _buckets(value, "negative"),
            "min": optional_number(value, "min"),
            "max": optional_number(value, "max"),
        },
    }


def _buckets(value: Object, name: str) -> Object:
    buckets = member(value, name)
    try:
        return {
            "offset": integer(buckets, "offset", low=-(2**31), high=2**31 - 1),
            "bucket_counts": _numbers(buckets, "bucketCounts", "bucket_counts", _count),
        }
    except Bad as exc:
        raise exc.within(name) from None


def _summary(value: Object) -> Object:
    return _shared(value) | {
        "value": optional_number(value, "sum"),
        "detail": {
            "count": integer(value, "count"),
            "quantiles": list(each(value, "quantileValues", "quantile_values", _quantile)),
        },
    }


def _quantile(value: Object) -> list[float]:
    return [optional_number(value, "quantile") or 0.0, optional_number(value, "value") or 0.0]


_METRICS: dict[str, tuple[str, str, Callable[[Object], Object]]] = {
    "gauge": ("gauge", "", _number),
    "sum": ("sum", "", _number),
    "histogram": ("histogram", "", _histogram),
    "exponential_histogram": ("exponentialHistogram", "exponential_histogram", _exponential),
    "summary": ("summary", "", _summary),
}
_SHAPES: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str], Reader]] = {
    "logs": (
        ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"), _log,
    ),
    "traces": (("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("spans", ""), _span),
    "metrics": (
        ("resourceMetrics", "resource_metrics"), ("scopeMetrics", "scope_metrics"), ("metrics", ""), _metric,
    ),
}  # fmt: skip
