"""What is the same of a record whatever it was written in: shapes of its parts, and which records are refused."""

from __future__ import annotations

from typing import Any

from steward.domains.telemetry import Origin, PointRecord, SpanRecord, Told
from steward.surfaces.rest.problem import TooLarge

Object = dict[str, Any]
# Log records, spans or points of a request: exporters send some hundreds, collectors some thousands. A record that says
# nothing takes two bytes on the wire and five hundred here, so that bytes alone are no limit.
MOST_RECORDS = 50_000
_NO_VALUE = 1


def check_many(count: int) -> None:
    """Refuse a request that holds more records than one may.

    Raises:
        TooLarge: it does.
    """
    if count > MOST_RECORDS:
        raise TooLarge(
            f"the request holds more than {MOST_RECORDS:,} records",
            hint="send fewer at once: lower the exporter's batch size",
        )


def scope_of(name: str, version: str, attributes: Object, schema: str, resource_schema: str) -> Object:
    """Return what is known of a scope."""
    found = {
        "name": name,
        "version": version,
        "attributes": attributes,
        "schema_url": schema,
        "resource_schema_url": resource_schema,
    }
    return {key: value for key, value in found.items() if value}


def event_of(time_ns: int, name: str, attributes: Object) -> Object:
    """Return an event of a span."""
    return {"time_unix_nano": time_ns, "name": name, "attributes": attributes}


def link_of(trace_id: bytes | None, span_id: bytes | None, state: str, attributes: Object) -> Object:
    """Return a link of a span."""
    found = {
        "trace_id": trace_id.hex() if trace_id else "",
        "span_id": span_id.hex() if span_id else "",
        "attributes": attributes,
    }
    return found | ({"trace_state": state} if state else {})


def add_span(told: Told, written: tuple[str, str], **known: Any) -> None:
    """Keep a span, or refuse it: by the specification an id that is zero or of another length is none.

    Args:
        told: where.
        written: trace and span as the sender wrote them.
        known: the fields of the span; ids are None where they are none.
    """
    name = repr(known["name"][:60])
    if known["trace_id"] is None:
        told.reject(1, f"span {name}: trace id {written[0][:64]!r} is not 16 bytes, or is zero")
    elif known["span_id"] is None:
        told.reject(1, f"span {name}: span id {written[1][:64]!r} is not 8 bytes, or is zero")
    elif not known["start_ns"] and not known["end_ns"]:
        told.reject(1, f"span {name} has neither start nor end")
    else:
        told.records.append(SpanRecord(**known))


def add_point(
    told: Told,
    figures: Object,
    *,
    origin: Origin,
    metric: str,
    kind: str,
    unit: str,
    temporality: int,
    is_monotonic: bool,
) -> None:
    """Keep a point of a metric, or refuse it: a point must have a name and a time.

    A point that says that there is no value is kept with none.
    """
    if not metric:
        told.reject(1, f"a {kind} has no name")
    elif not figures["time_ns"]:
        told.reject(1, f"a point of {metric[:60]!r} has no time")
    else:
        missing = bool(figures["flags"] & _NO_VALUE)
        told.records.append(
            PointRecord(
                origin,
                metric,
                kind,
                unit,
                temporality,
                is_monotonic,
                figures["start_ns"],
                figures["time_ns"],
                None if missing else figures["value"],
                figures.get("detail"),
                figures["attributes"],
            )
        )
