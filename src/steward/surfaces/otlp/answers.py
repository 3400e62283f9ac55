"""Answers of an OTLP receiver, in what the request was written in: what was taken, or a google.rpc.Status."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import Response

from steward.kit.errors import StewardError

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_RETRY_S = "1"
# What was rejected is counted under a name of each signal.
_RESPONSES: dict[str, tuple[Any, str, str]] = {
    "logs": (ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords"),
    "traces": (ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints"),
}
# Codes of gRPC for statuses of HTTP.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 10, 413: 8, 415: 3, 421: 3, 429: 8, 503: 14}
_INTERNAL = 13


def kind_of(request: Request) -> str | None:
    """Return the media type of a request's body, where it is one that is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/protobuf":
        return PROTOBUF
    return kind if kind in (PROTOBUF, JSON) else None


def taken(signal: str, kind: str, rejected: int, message: str) -> Response:
    """Answer that a request's records are kept, all or in part.

    Args:
        signal: logs, traces or metrics.
        kind: the media type of the answer.
        rejected: how many are not kept.
        message: why, or what the sender should know otherwise; nothing is said of a full success.
    """
    make, field, name = _RESPONSES[signal]
    if kind == JSON:
        said = {name: str(rejected), "errorMessage": message}
        body = json.dumps({"partialSuccess": said} if rejected or message else {}).encode()
        return Response(body, media_type=JSON)
    response = make()
    if rejected or message:
        setattr(response.partial_success, field, rejected)
        response.partial_success.error_message = message
    return Response(response.SerializeToString(), media_type=PROTOBUF)


def refused(request: Request, exc: StewardError) -> Response:
    """Answer an error; what may be tried again says when."""
    kind = kind_of(request) or JSON
    message = f"{exc.message}; {exc.hint}" if exc.hint else exc.message
    code = _CODES.get(exc.status, _INTERNAL)
    headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else {}
    if exc.status in (429, 503):
        headers["Retry-After"] = _RETRY_S
    if kind == JSON:
        body = json.dumps({"code": code, "message": message}).encode()
    else:
        text = message.encode(errors="replace")
        body = b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text
    return Response(body, exc.status, headers=headers, media_type=kind)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
