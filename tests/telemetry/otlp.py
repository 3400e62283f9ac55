"""Requests of OTLP for tests, and the way from one to the tables."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from steward.domains.telemetry import Received, Receiver, prepare
from steward.kit.db import Db
from steward.surfaces.otlp import decode_json

START_NS = 1_764_417_600_000_000_000  # 2025-11-29 12:00 UTC
SESSION = "5c0375b4-57a5-4f26-b12d-d022ee4e51b7"
_count = itertools.count(1)
Json = dict[str, Any]


def value_of(value: Any) -> Json:
    """Return a value as OTLP writes it in JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [value_of(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(values: Mapping[str, Any]) -> list[Json]:
    """Return attributes as OTLP writes them in JSON."""
    return [{"key": key, "value": value_of(value)} for key, value in values.items()]


def log(event: str, at_s: Any = 0, **attributes: Any) -> Json:
    """Return an event."""
    time = str(START_NS + round(at_s * 1e9) + next(_count))
    return {
        "timeUnixNano": time,
        "observedTimeUnixNano": time,
        "body": {"stringValue": event},
        "attributes": pairs({"event.name": event.rpartition(".")[2], **attributes}),
    }


def span(name: str, own: int, parent: Any = 0, trace: Any = 1, *, kind: Any = 1, **attributes: Any) -> Json:
    """Return a span of ten seconds."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{own:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 10**10),
        "attributes": pairs(attributes),
    }


def total(
    metric: str, value: float, at_s: float, start_s: float | None = 0, temporality: int = 2, **attributes: Any
) -> Json:
    """Return a metric with one point of a sum."""
    point: Json = {
        "timeUnixNano": str(START_NS + round(at_s * 1e9)),
        "asDouble": value,
        "attributes": pairs(attributes),
    }
    if start_s is not None:
        point["startTimeUnixNano"] = str(START_NS + round(start_s * 1e9))
    data = {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": [point]}
    return {"name": metric, "unit": "1", "sum": data}


_LEVELS = {
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}


def request(signal: str, records: Iterable[Json], *, scope: str = "test", **resource: Any) -> Json:
    """Return an export request; the service is Claude Code's unless the resource names another one."""
    top, scopes, leaf = _LEVELS[signal]
    known = {"service.name": "claude-code", "service.version": "2.1.231"} | resource
    return {
        top: [
            {
                "resource": {"attributes": pairs(known)},
                scopes: [{"scope": {"name": scope}, leaf: list(records)}],
            }
        ]
    }


def take(db: Db, signal: str, body: Json, receiver: Receiver | None = None) -> Received:
    """Take a request in, as the receiver does."""
    told = decode_json.decode(json.dumps(body).encode(), signal)
    return (receiver or Receiver()).take(db, [prepare(told.records)]).received[0]


def usage(db: Db) -> list[tuple[Any, ...]]:
    """Return every response: agent, model, input, cache read, cache write, output, reasoning."""
    rows = db.dicts(
        "select agent_id, model, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens"
        " from telemetry.token_usage order by at, input_tokens, output_tokens"
    )
    return [tuple(row.values()) for row in rows]
