"""What is kept of records: each once, without secrets, at its time; metrics in any order; groups of requests."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import pytest

from steward.domains.telemetry import Full, Parcel, Receiver, Writer, prepare
from steward.kit.db import Database, Db
from steward.kit.errors import Invalid, StewardError
from steward.surfaces.otlp import decode_json
from tests.conftest import MakeActor
from tests.telemetry.otlp import SESSION, START_NS, log, request, span, take, total, usage

S: dict[str, Any] = {"session.id": SESSION}
# Put together here, so that nobody takes this file for a leak.
SECRET = "sk-ant-api03-" + "Ab1" * 12
GITHUB = "ghp_" + "x1Y2" * 10


def _everything(db: Db) -> str:
    """Return the text of every table that a record may come to."""
    tables = (
        "otel_logs",
        "otel_spans",
        "otel_points",
        "otel_resources",
        "chat_messages",
        "tool_calls",
        "agent_sessions",
    )
    return "\n".join(
        str(db.dicts(f"select coalesce(string_agg(t::text, ' '), '') as text from telemetry.{table} as t"))
        for table in tables
    )


def test_secrets_are_never_stored(db: Db) -> None:
    told = [
        log("claude_code.user_prompt", **S, prompt=f"use\n{SECRET} now"),
        log(
            "claude_code.tool_result",
            1,
            **S,
            tool_name="Bash",
            tool_use_id="t",
            tool_input=json.dumps({"command": f"echo {GITHUB}"}),
        ),
        log("claude_code.api_error", 2, **S, error=f"bad key {SECRET}", deep={"in": [f"a {SECRET}"]}),
        {"body": {"stringValue": f"body {SECRET}"}, "severityText": SECRET, "eventName": f"x {GITHUB}"},
    ]
    spans = [span(f"call {SECRET}", 1, **{"http.url": f"https://user:{GITHUB}@example.com/"})]
    spans[0] |= {
        "status": {"code": 2, "message": SECRET},
        "events": [{"name": SECRET, "attributes": [{"key": "k", "value": {"stringValue": GITHUB}}]}],
    }
    points = [total("m", 1, 1, header=f"Bearer {GITHUB}")]
    take(db, "logs", request("logs", told, token=SECRET))
    take(db, "traces", request("traces", spans))
    take(db, "metrics", request("metrics", points))
    kept = _everything(db)
    assert SECRET not in kept
    assert GITHUB not in kept
    assert kept.count("[secret: anthropic key]") >= 8
    assert "echo [secret: github token]" in kept


def test_texts_that_the_database_cannot_hold_are_mended(db: Db) -> None:
    told = [
        log("claude_code.user_prompt", **S, prompt="a\x00b", nul={"k\x00": ["\x00"]}),
        {
            "eventName": "x\x00y",
            "severityText": "\ud800",
            "body": {"stringValue": "half \ud83d"},
            "timeUnixNano": "5",
        },
        log("claude_code.x", 1, **{"session.id": "s\x00\ud800", "event.name": "n\x00\ud800"}),
        log("numbers", 1, big=2**62, inf=1e300),
    ]
    body = json.dumps(request("logs", told)).replace("1e+300", '"Infinity"')
    records = decode_json.decode(body.encode(), "logs").records
    assert Receiver().take(db, [prepare(records)]).received[0].kept == 4
    rows = db.dicts("select attributes from telemetry.otel_logs where attributes ? 'big'")
    assert (rows[0]["attributes"]["inf"], rows[0]["attributes"]["big"]) == ("inf", 2**62)
    said = db.dicts("select content from telemetry.chat_messages")
    assert said == [{"content": "a\ufffdb"}]


def test_a_record_without_any_time_is_kept_once_as_of_its_coming(db: Db) -> None:
    body = request("logs", [{"body": {"stringValue": "when?"}}])
    assert [take(db, "logs", body).kept for _ in range(2)] == [1, 0]
    row = db.dicts(
        "select now() - \"time\" < interval '1 minute' as recent, observed_at from telemetry.otel_logs"
    )
    assert row == [{"recent": True, "observed_at": None}]


def test_the_observed_time_stands_in_for_a_missing_one(db: Db) -> None:
    take(db, "logs", request("logs", [{"observedTimeUnixNano": str(START_NS), "body": {"stringValue": "x"}}]))
    row = db.dicts('select "time" = observed_at as same, is_timeless from telemetry.otel_logs')
    assert row == [{"same": True, "is_timeless": False}]


def test_times_far_away_go_to_the_default_partition(db: Db) -> None:
    told = [{"timeUnixNano": str(ns), "body": {"stringValue": "x"}} for ns in (1, 2**64 - 1)]
    take(db, "logs", request("logs", told))
    rows = db.dicts("select distinct tableoid::regclass::text as part from telemetry.otel_logs")
    assert [row["part"].removeprefix("telemetry.") for row in rows] == ["otel_logs_rest"]


def test_what_comes_now_goes_to_the_partition_of_its_month(db: Db) -> None:
    take(db, "logs", request("logs", [{"body": {"stringValue": "now"}}]))
    row = db.dicts(
        "select tableoid::regclass::text like '%otel_logs_2%' as of_month from telemetry.otel_logs"
    )
    assert row == [{"of_month": True}]
    assert db.value("telemetry.ensure_otel_partitions") == 0


def test_a_resource_is_kept_once(db: Db) -> None:
    receiver = Receiver()
    for n in range(3):
        take(db, "logs", request("logs", [log("x", n)]), receiver)
    take(db, "logs", request("logs", [log("x", 9)]))
    rows = db.dicts("select resource, scope from telemetry.otel_resources")
    assert rows == [
        {"resource": {"service.name": "claude-code", "service.version": "2.1.231"}, "scope": {"name": "test"}}
    ]


# ----------------------------------------------------------------------------------------------------------- metrics


def _deltas(db: Db, metric: str) -> list[float]:
    rows = db.dicts(f"select value from telemetry.metric_deltas where metric = '{metric}' order by \"time\"")
    return [row["value"] for row in rows]


def test_running_totals_are_differenced_in_whatever_order_they_come(db: Db) -> None:
    points = [
        total("c", 10, 60), total("c", 25, 120), total("c", 25, 180),
        # The process began anew: its start is another one.
        total("c", 4, 240, start_s=200), total("c", 9, 300, start_s=200),
    ]  # fmt: skip
    for order in itertools.islice(itertools.permutations(points), 0, 120, 31):
        with db.connection.transaction(force_rollback=True):
            for point in order:
                take(db, "metrics", request("metrics", [point, point]))
            assert _deltas(db, "c") == [10, 15, 0, 4, 5]


def test_a_total_of_unknown_start_begins_anew_where_it_falls(db: Db) -> None:
    points = [total("c", value, at, start_s=None) for at, value in enumerate((100, 130, 7, 9), 1)]
    take(db, "metrics", request("metrics", points))
    assert _deltas(db, "c") == [0, 30, 7, 2]


def test_deltas_and_gauges(db: Db) -> None:
    gauge = {"name": "g", "gauge": {"dataPoints": [{"timeUnixNano": "5", "asInt": "7"}]}}
    up_and_down = total("u", -3, 2)
    up_and_down["sum"]["isMonotonic"] = False
    points = [
        total("d", 5, 1, temporality=1),
        total("d", 6, 2, temporality=1),
        gauge,
        total("u", 4, 1),
        up_and_down,
    ]
    points[3]["sum"]["isMonotonic"] = False
    take(db, "metrics", request("metrics", points))
    assert _deltas(db, "d") == [5, 6]
    assert _deltas(db, "u") == [4, -7]
    assert _deltas(db, "g") == []


def test_what_clients_report_is_told_apart_and_never_counted(db: Db) -> None:
    def tokens(type: str, value: float, at: float) -> dict[str, Any]:
        return total(
            "claude_code.token.usage", value, at, temporality=1, **S, type=type, model="claude-sonnet-4-5"
        )

    points = [
        tokens("input", 3, 1), tokens("input", 4, 2), tokens("cacheRead", 50, 1), tokens("cacheCreation", 6, 1),
        tokens("output", 8, 1),
        total("claude_code.cost.usage", 0.25, 1, temporality=1, **S, model="claude-sonnet-4-5"),
    ]  # fmt: skip
    take(db, "metrics", request("metrics", points))
    histogram = {
        "name": "codex.turn.token_usage",
        "histogram": {
            "aggregationTemporality": 1,
            "dataPoints": [
                {"timeUnixNano": "9", "count": "2", "sum": 70, "attributes": [
                    {"key": "token_type", "value": {"stringValue": "cached_input"}}]},
            ],
        },
    }  # fmt: skip
    take(db, "metrics", request("metrics", [histogram], **{"service.name": "codex_cli_rs"}))
    rows = db.dicts(
        "select agent_id, type, tokens, cost_usd::float8 as cost from telemetry.client_reported_usage"
        " order by agent_id, type"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("claude-code", "cache_read", 50, None), ("claude-code", "cache_write", 6, None),
        ("claude-code", "cost", None, 0.25),
        ("claude-code", "input", 7, None), ("claude-code", "output", 8, None), ("codex", "cache_read", 70, None),
    ]  # fmt: skip
    assert usage(db) == []
    assert db.dicts("select agent_id from telemetry.agent_sessions") == [{"agent_id": "claude-code"}]


# ------------------------------------------------------------------------------------------------------- the writer


def _parcel(n: int, many: int = 1) -> Parcel:
    told = [log("claude_code.user_prompt", n, **S, prompt=f"prompt {n}.{each}") for each in range(many)]
    return prepare(decode_json.decode(json.dumps(request("logs", told)).encode(), "logs").records)


def _kept(database: Database, make_actor: MakeActor) -> int:
    with database.transaction(make_actor()) as db:
        return int(db.dicts("select count(*) as many from telemetry.otel_logs")[0]["many"])


def test_a_bad_request_does_not_spoil_those_beside_it(database: Database, make_actor: MakeActor) -> None:
    bad = _parcel(2)
    bad.logs[0].attributes_json = b"{no json"
    writer = Writer(database)
    done = [writer.submit(make_actor(), parcel) for parcel in (_parcel(1), bad, _parcel(3))]
    with writer:
        assert done[0].result(20).kept == 1
        with pytest.raises(Invalid):
            done[1].result(20)
        assert done[2].result(20).kept == 1
    assert _kept(database, make_actor) == 2


def test_who_may_not_write_is_refused_and_others_are_not(database: Database, make_actor: MakeActor) -> None:
    writer = Writer(database)
    fine, refused = (
        writer.submit(make_actor(), _parcel(1)),
        writer.submit(make_actor(role="nobody"), _parcel(2)),
    )
    with writer:
        assert fine.result(20).kept == 1
        with pytest.raises(StewardError) as caught:
            refused.result(20)
    assert caught.value.status == 403


def test_what_waits_is_bounded_and_written_before_the_end(database: Database, make_actor: MakeActor) -> None:
    writer = Writer(database, most_waiting=5)
    done = [writer.submit(make_actor(), _parcel(1, 3))]
    with pytest.raises(Full) as caught:
        writer.submit(make_actor(), _parcel(2, 3))
    assert caught.value.status == 429
    done.append(writer.submit(make_actor(), _parcel(3, 2)))
    with pytest.raises(Full):
        writer.check_room()
    with writer:
        pass
    assert [each.result(0).kept for each in done] == [3, 2]
    with pytest.raises(StewardError, match="stopping"):
        writer.submit(make_actor(), _parcel(4))


def test_two_servers_take_the_same_records_at_once(database: Database, make_actor: MakeActor) -> None:
    parcels = [_parcel(n, 20) for n in range(10)]
    kept: list[int] = []

    def serve(order: list[Parcel]) -> None:
        with Writer(database) as writer:
            done = [writer.submit(make_actor(), parcel) for parcel in order]
            kept.extend(each.result(30).kept for each in done)

    threads = [threading.Thread(target=serve, args=(order,)) for order in (parcels, parcels[::-1])]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sum(kept) == 200
    assert _kept(database, make_actor) == 200


def test_what_other_services_call_a_task_is_not_looked_up(db: Db) -> None:
    receiver = Receiver()
    told = [log("job.done", n, **{"task.id": f"ACME-{n}", "execution.id": f"{n}"}) for n in range(30)]
    body = request("logs", told, **{"service.name": "celery"})
    assert take(db, "logs", body, receiver).warnings == []
    assert len(receiver._places._known) == 1


def test_a_sender_is_told_of_some_unknown_places_and_how_many_more(db: Db) -> None:
    told = [log("claude_code.user_prompt", n, **S, **{"steward.task": f"NONE-{n}"}) for n in range(30)]
    warnings = take(db, "logs", request("logs", told)).warnings
    assert (len(warnings), warnings[-1]) == (11, "and 20 more")
