"""The OTLP receivers over HTTP: real files, both encodings, and all that is refused, in the sender's own format."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.testclient import TestClient

from steward.kit.config import Settings
from steward.kit.db import Database, Target
from steward.surfaces.otlp import routes, rules
from steward.surfaces.rest import guard
from steward.surfaces.rest.problem import TooLarge
from steward.surfaces.rest.server import create_app
from tests.surfaces.conftest import House
from tests.surfaces.drivers import BASE
from tests.telemetry.otlp import SESSION, log, request, span

JSON, PROTOBUF = "application/json", "application/x-protobuf"


@dataclass
class Exporter:
    """Sends as a client of the house."""

    client: TestClient
    house: House

    def send(self, signal: str, body: bytes | dict[str, Any], kind: str = JSON, **headers: str) -> Any:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        known = {"Content-Type": kind, "Authorization": f"Bearer {self.house.key}"}
        return self.client.post(f"/v1/{signal}", content=content, headers=known | headers)

    def count(self, table: str) -> int:
        with self.house.database.transaction(self.house.actor) as db:
            return int(db.dicts(f"select count(*) as many from telemetry.{table}")[0]["many"])


@pytest.fixture
def exporter(client: TestClient, house: House) -> Exporter:
    return Exporter(client, house)


# Of each file: where it goes, what is kept, how many are rejected, and why. One line of .jsonl is one request.
FILES = {
    "duckdb-otlp_logs_nulls.jsonl": ("logs", 3, 0, "empty body, empty ids and no resource are allowed"),
    "duckdb-otlp_metrics_all_types.jsonl": ("metrics", 5, 0, "every kind of metric"),
    "langfuse_claude-agent-2025-12-22.trace.json": ("traces", 0, 0, "another format: the unknown is ignored and told"),
    "langfuse_openai-agents-2025-09-30.trace.json": ("traces", 0, 0, "another format: the unknown is ignored and told"),
    "langwatch_claude_code.json": ("traces", 0, 1, "trace and span ids are all zero, which is none"),
    "langwatch_cursor.json": ("traces", 0, 1, "trace and span ids are all zero, which is none"),
    "langwatch_span_codex-B.session_task_turn.json": ("traces", 0, 0, "a span's parts without a request around them"),
    "otelproto_events.json": ("logs", 1, 0, "the specification's own example"),
    "otelproto_logs.json": ("logs", 1, 0, "the specification's own example, ids in upper case"),
    "otelproto_metrics.json": ("metrics", 4, 0, "the specification's own example"),
    "otelproto_trace.json": ("traces", 1, 0, "the specification's own example"),
    "otlp2parquet_invalid_malformed.json": ("logs", None, 0, "the JSON ends early"),
    "otlp2parquet_invalid_metrics_invalid_temporality.json": ("metrics", 0, 1, "an enum's name that does not exist"),
    "otlp2parquet_log.json": ("logs", 1, 0, "names for enums and base64 for ids, as protobuf's own JSON has them"),
    "otlp2parquet_logs.jsonl": ("logs", 81, 0, "a capture of several SDKs"),
    "otlp2parquet_logs.pb": ("logs", 81, 0, "the same capture in protobuf"),
    "otlp2parquet_metrics_gauge.json": ("metrics", 3, 0, "gauges"),
    "otlp2parquet_metrics_sum.json": ("metrics", 4, 0, "running totals"),
    "otlp2parquet_trace.json": ("traces", 2, 0, "names for enums and base64 for ids"),
    "otlp2parquet_traces.jsonl": ("traces", 19, 0, "a capture of several SDKs"),
}  # fmt: skip
TABLES = {"logs": "otel_logs", "traces": "otel_spans", "metrics": "otel_points"}
REJECTED = {"logs": "rejectedLogRecords", "traces": "rejectedSpans", "metrics": "rejectedDataPoints"}


def _requests(path: Path) -> Iterator[tuple[bytes, str]]:
    if path.suffix == ".pb":
        yield path.read_bytes(), PROTOBUF
    elif path.suffix == ".jsonl":
        yield from ((line, JSON) for line in path.read_bytes().splitlines() if line.strip())
    else:
        yield path.read_bytes(), JSON


def test_every_file_is_accepted_or_refused_as_the_specification_says(
    exporter: Exporter, test_data: Path
) -> None:
    folder = test_data / "otlp"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name, (signal, kept, rejected, _) in FILES.items():
        # logs.jsonl and logs.pb are the same records.
        known = 81 if name.endswith("_logs.pb") else 0
        before, refused = exporter.count(TABLES[signal]), 0
        for body, kind in _requests(folder / name):
            answer = exporter.send(signal, body, kind)
            assert answer.headers["content-type"] == kind, name
            if kept is None:
                assert answer.status_code == 400, name
                continue
            assert answer.status_code == 200, (name, answer.text)
            if kind == JSON:
                refused += int(answer.json().get("partialSuccess", {}).get(REJECTED[signal], 0))
        assert (name, exporter.count(TABLES[signal]) - before) == (name, (kept or 0) - known)
        assert (name, refused) == (name, rejected)


def _rows(house: House) -> list[tuple[Any, ...]]:
    with house.database.transaction(house.actor) as db:
        rows = db.dicts(
            'select l."time", l.id, l.resource_id, l.observed_at, l.event_name, l.severity_number, l.severity_text,'
            " l.body, l.attributes, l.trace_id, l.span_id, l.flags, r.resource, r.scope from telemetry.otel_logs as l"
            " join telemetry.otel_resources as r on r.id = l.resource_id order by l.id"
        )
    return [tuple(row.values()) for row in rows]


def test_json_and_protobuf_give_equal_rows(exporter: Exporter, house: House, test_data: Path) -> None:
    for line in (test_data / "otlp" / "otlp2parquet_logs.jsonl").read_bytes().splitlines():
        exporter.send("logs", line)
    from_json = _rows(house)
    answer = exporter.send("logs", (test_data / "otlp" / "otlp2parquet_logs.pb").read_bytes(), PROTOBUF)
    assert answer.status_code == 200
    assert len(from_json) == 81
    assert _rows(house) == from_json


@pytest.mark.parametrize("signal", ["logs", "traces", "metrics"])
def test_each_example_in_json_equals_itself_in_protobuf(test_data: Path, signal: str) -> None:
    """All that a record may hold is read alike: the examples, turned into protobuf by its own library."""
    from google.protobuf import json_format

    from steward.domains.telemetry import prepare
    from steward.surfaces.otlp import decode_json, decode_protobuf

    name = {"logs": "otelproto_logs", "traces": "otelproto_trace", "metrics": "otelproto_metrics"}[signal]
    body = (test_data / "otlp" / f"{name}.json").read_text("utf-8")
    message = decode_protobuf._READ[signal][0]()
    plain = json.loads(body)
    for part in _ids(plain):
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in part:
                import base64

                part[key] = base64.b64encode(bytes.fromhex(part[key])).decode()
    json_format.ParseDict(plain, message)
    ours = prepare(decode_json.decode(body.encode(), signal).records).records
    theirs = prepare(decode_protobuf.decode(message.SerializeToString(), signal).records).records
    assert ours == theirs
    assert ours


def _ids(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


def test_a_batch_is_kept_once_however_often_it_is_sent(exporter: Exporter) -> None:
    body = json.dumps(
        request("logs", [log("claude_code.user_prompt", n, prompt="x") for n in range(5)])
    ).encode()
    for each in (body, gzip.compress(body), body):
        headers = {"Content-Encoding": "gzip"} if each is not body else {}
        answer = exporter.send("logs", each, **headers)
        assert (answer.status_code, answer.content) == (200, b"{}")
    assert exporter.count("otel_logs") == 5


def test_the_good_half_of_a_batch_is_kept_and_the_bad_half_told(exporter: Exporter) -> None:
    good, bad = span("good", 1), span("bad", 2) | {"traceId": "12"}
    answer = exporter.send("traces", request("traces", [good, bad]))
    said = answer.json()["partialSuccess"]
    assert said["rejectedSpans"] == "1"
    assert said["errorMessage"] == "span 'bad': trace id '12' is not 16 bytes, or is zero"
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"x" * 16, span_id=b"y" * 8, name="good", start_time_unix_nano=5)
    spans.add(trace_id=b"x" * 15, span_id=b"y" * 8, name="bad", start_time_unix_nano=5)
    answer = exporter.send("traces", message.SerializeToString(), PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (told.rejected_spans, told.error_message[:10]) == (1, "span 'bad'")
    assert exporter.count("otel_spans") == 2


def test_full_success_says_nothing(exporter: Exporter) -> None:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=5).body.string_value = "x"
    answer = exporter.send("logs", message.SerializeToString(), PROTOBUF)
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")
    assert exporter.send("logs", b"", PROTOBUF).status_code == 200
    assert exporter.send("logs", {}).content == b"{}"


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value


def _text(body: str) -> bytes:
    return request_text().replace('"BODY"', body).encode()


def request_text() -> str:
    return json.dumps(request("logs", [])).replace('"logRecords": []', '"logRecords": ["BODY"]')


# Body, what stands in the message of the error.
UNREADABLE = [
    (b"", "the body is no JSON"),
    (b"\xff\xfe\xfd", "the body is no JSON"),
    (b"[]", "the body is a list, not an object"),
    (b"{}\n{}", "the body is no JSON: Extra data"),
    (b'{"resourceLogs": {}}', "resourceLogs: a object is no list"),
    (b'{"resourceLogs": [7]}', "resourceLogs[0]: 7 is no object"),
    (b'{"resourceLogs": [{}, {"scopeLogs": [{"logRecords": 7}]}]}',
     "resourceLogs[1].scopeLogs[0].logRecords: 7 is no list"),
    (_text('{"body": {"doubleValue": NaN}}'), "NaN is no value in JSON"),
    (b"[" * 100_000, "too deep"),
    (b'{"resourceLogs":' + b"[{\"a\":" * 30_000, "too deep"),
    (_text('{"timeUnixNano": ' + "9" * 5000 + "}"), "the body is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), UNREADABLE, ids=[message[:40] for _, message in UNREADABLE])
def test_what_cannot_be_read_is_refused_with_its_place(exporter: Exporter, body: bytes, message: str) -> None:
    answer = exporter.send("logs", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == JSON
    assert message in answer.json()["message"]
    assert answer.json()["code"] == 3
    assert "retry-after" not in answer.headers


# Record, what stands in the reason.
WRONG = [
    ('{"timeUnixNano": "soon"}',
     "resourceLogs[0].scopeLogs[0].logRecords[1].timeUnixNano: 'soon' is no whole number"),
    ('{"timeUnixNano": -1}', "timeUnixNano: -1 is not between 0 and 18446744073709551615"),
    ('{"severityNumber": "LOUD"}', "severityNumber: 'LOUD' is none of SEVERITY_NUMBER_UNSPECIFIED"),
    ('{"body": {"intValue": true}}', "body.intValue: True is no whole number"),
    ('{"attributes": [{"key": 1}]}', "attributes[0].key: 1 is no text"),
    ('{"attributes": [{"key": "k", "value": {"arrayValue": {"values": [{"bytesValue": "?"}]}}}]}',
     "attributes[0].value.arrayValue.values[0].bytesValue: '?' is no base64"),
    (json.dumps({"body": _nested(40)}), "values lie within each other more than 32 deep"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "reason"), WRONG, ids=[reason[:40] for _, reason in WRONG])
def test_a_record_that_cannot_be_read_is_refused_alone(exporter: Exporter, record: str, reason: str) -> None:
    before = exporter.count("otel_logs")
    good = [f'{{"timeUnixNano": "{time.time_ns() + number}"}}' for number in range(2)]
    answer = exporter.send("logs", _text(f"{good[0]}, {record}, {good[1]}"))
    assert answer.status_code == 200
    said = answer.json()["partialSuccess"]
    assert int(said["rejectedLogRecords"]) == 1
    assert reason in said["errorMessage"]
    assert exporter.count("otel_logs") == before + 2


def test_of_a_metric_the_points_that_cannot_be_read_are_refused_alone(exporter: Exporter) -> None:
    now = str(time.time_ns())
    good = {"timeUnixNano": now, "asInt": "5"}
    bad = [good | {"asDouble": "much"}, good | {"timeUnixNano": "soon"}]
    metrics = [
        {"name": "a", "sum": {"dataPoints": [good, *bad, good | {"timeUnixNano": now[:-1]}]}},
        {"name": "b", "sum": {"aggregationTemporality": "ALWAYS", "dataPoints": [good, good, good]}},
        {"name": "c", "gauge": {"dataPoints": [good]}},
    ]
    before = exporter.count("otel_points")
    answer = exporter.send("metrics", json.dumps(request("metrics", metrics)).encode())
    said = answer.json()["partialSuccess"]
    assert int(said["rejectedDataPoints"]) == 5
    assert "metrics[0].sum.dataPoints[1].asDouble: 'much' is no number" in said["errorMessage"]
    assert "metrics[1].sum.aggregationTemporality: 'ALWAYS' is none of" in said["errorMessage"]
    assert exporter.count("otel_points") == before + 3


def _status(content: bytes) -> tuple[int, str]:
    """Read a google.rpc.Status whose message is shorter than 16 KiB."""
    assert content[0] == 0x08
    assert content[2] == 0x12
    at = 4 if content[3] < 0x80 else 5
    return content[1], content[at:].decode()


def test_errors_in_protobuf_are_a_status_in_protobuf(exporter: Exporter) -> None:
    answer = exporter.send("logs", b"\x0a\xff\xff", PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROTOBUF)
    code, message = _status(answer.content)
    assert code == 3
    assert message.startswith("the body is no opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest")
    unknown = exporter.send("logs", b"", PROTOBUF, Authorization="Bearer nobody")
    assert (unknown.status_code, unknown.headers["content-type"]) == (401, PROTOBUF)
    assert _status(unknown.content)[0] == 16
    assert unknown.headers["www-authenticate"] == "Bearer"


def test_nesting_in_protobuf_is_bounded(exporter: Exporter) -> None:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=5)
    value = record.body
    for _ in range(60):
        value = value.array_value.values.add()
    assert exporter.send("logs", message.SerializeToString(), PROTOBUF).status_code == 400


def test_kinds_and_encodings_that_are_not_read(exporter: Exporter) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Encoding": "br"}, {"Content-Type": ""}):
        answer = exporter.send("logs", b"{}", **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (415, JSON)
    assert exporter.send("logs", b"{}", "Application/JSON; charset=utf-8").status_code == 200
    got = exporter.client.get("/v1/logs", headers={"Authorization": f"Bearer {exporter.house.key}"})
    assert (got.status_code, got.json()["code"]) == (405, 12)


def test_what_is_too_large_is_refused_packed_or_not(exporter: Exporter) -> None:
    bomb = gzip.compress(bytes(routes.MOST_BYTES + 1))
    assert len(bomb) < 100_000
    answer = exporter.send("logs", bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, 8)
    plain = exporter.send("logs", b" " * (guard.MOST_BYTES + 1), PROTOBUF)
    assert (plain.status_code, plain.headers["content-type"], _status(plain.content)[0]) == (413, PROTOBUF, 8)
    many = ExportLogsServiceRequest()
    records = many.resource_logs.add().scope_logs.add().log_records
    for _ in range(rules.MOST_RECORDS + 1):
        records.add()
    assert exporter.send("logs", many.SerializeToString(), PROTOBUF).status_code == 413
    listed = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}' + b",{}" * rules.MOST_RECORDS + b"]}]}]}"
    assert exporter.send("logs", listed).status_code == 413
    assert exporter.count("otel_logs") == 0
    for damaged in (b"no gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"more"):
        answer = exporter.send("logs", damaged, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, "gzip" in answer.json()["message"]) == (400, True)
    several = gzip.compress(b'{"resourceLogs"') + gzip.compress(b": []}")
    assert exporter.send("logs", several, **{"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_more_records_than_a_request_may_hold_are_refused(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("steward.surfaces.otlp.rules.MOST_RECORDS", 5)

    def bodies(many: int) -> Iterator[tuple[str, bytes]]:
        point = {"dataPoints": [{"timeUnixNano": "1", "asInt": "1"}] * many}
        for signal, part, made in (
            (
                "logs",
                {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}] * many}]}]},
                ExportLogsServiceRequest,
            ),
            (
                "traces",
                {"resourceSpans": [{"scopeSpans": [{"spans": [{}] * many}]}]},
                ExportTraceServiceRequest,
            ),
            (
                "metrics",
                {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "sum": point}]}]}]},
                ExportMetricsServiceRequest,
            ),
        ):
            text = json.dumps(part)
            yield signal, text.encode() if kind == JSON else Parse(text, made()).SerializeToString()

    for signal, body in bodies(5):
        assert exporter.send(signal, body, kind).status_code == 200, signal
    for signal, body in bodies(6):
        answer = exporter.send(signal, body, kind)
        assert answer.status_code == 413, signal
        assert b"more than 5 records" in answer.content
        assert b"batch size" in answer.content


def test_many_records_in_few_bytes_are_not_even_parsed() -> None:
    from steward.surfaces.otlp import decode_protobuf, rules

    # Each scope is small enough; together they are not.
    scope = ExportLogsServiceRequest().resource_logs.add().scope_logs.add()
    for _ in range(10_000):
        scope.log_records.add()
    request = ExportLogsServiceRequest()
    for _ in range(6):
        request.resource_logs.add().scope_logs.append(scope)
    with pytest.raises(TooLarge, match=f"{rules.MOST_RECORDS:,}"):
        # What follows is damaged, which only a parser sees.
        decode_protobuf.decode(request.SerializeToString() + b"\x0a\xff", "logs")


def test_when_too_much_waits_the_sender_is_told_when_to_come_again(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A body alone is always read; a packed one needs room twice.
    monkeypatch.setattr("steward.surfaces.otlp.routes._MOST_BYTES_AT_ONCE", 10)
    assert exporter.send("logs", b"{" + b" " * 20 + b"}").status_code == 200
    answer = exporter.send("logs", gzip.compress(bytes(20)), PROTOBUF, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert _status(answer.content)[0] == 8


def test_a_database_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    nowhere = f"host={tmp_path} dbname=none user=nobody"
    settings = Settings(home=tmp_path)
    away = Database(Target(nowhere, nowhere), statement_timeout_ms=300, connect_timeout_s=1)
    app = create_app(settings, port=7717, open_database=lambda _: away)
    with TestClient(app, base_url=BASE) as client:
        answer = client.post(
            "/v1/logs", content=b"", headers={"Content-Type": PROTOBUF, "Authorization": "Bearer x"}
        )
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["content-type"]) == (
        503,
        "1",
        PROTOBUF,
    )


def test_a_session_of_an_agents_key_is_that_agents(exporter: Exporter) -> None:
    from steward.domains import agents

    with exporter.house.database.transaction(exporter.house.actor) as db:
        agents.register(db, name="worker")
    body = request("logs", [log("claude_code.user_prompt", **{"session.id": SESSION})])
    exporter.send("logs", body, **{"X-Steward-Agent": "worker"})
    with exporter.house.database.transaction(exporter.house.actor) as db:
        row = db.dicts(
            "select a.name, s.user_id is not null as owned from telemetry.agent_sessions as s"
            " join agents.agents as a on a.id = s.registered_agent_id"
        )
    assert row == [{"name": "worker", "owned": True}]
