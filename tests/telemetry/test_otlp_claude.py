"""Claude Code's events and spans: what was answered, done, said and waited for, each once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from steward.domains import work
from steward.domains.telemetry import Batch, SessionTold, UsageSource, UsageTold, absorb, session_id
from steward.importers.claude_code.usage import Responses
from steward.kit.db import Db
from tests.telemetry.otlp import SESSION, log, request, span, take, usage

ID = session_id("claude-code", SESSION)
S: dict[str, Any] = {"session.id": SESSION}
START = datetime(2025, 11, 29, 12, tzinfo=UTC)


def _llm_span(**more: Any) -> dict[str, Any]:
    known = {
        "model": "claude-sonnet-4-5",
        "input_tokens": 12,
        "output_tokens": 340,
        "cache_read_tokens": 5_000,
        "cache_creation_tokens": 700,
    }
    return span("claude_code.llm_request", 2, **(S | known | more))


def _entry() -> dict[str, Any]:
    """Return an entry of a transcript that tells of the same response."""
    message = {
        "id": "msg_1",
        "model": "claude-sonnet-4-5",
        "role": "assistant",
        "content": [{"type": "text", "text": "Done."}],
        "usage": {
            "input_tokens": 12,
            "output_tokens": 340,
            "cache_read_input_tokens": 5_000,
            "cache_creation_input_tokens": 700,
        },
    }
    return {"type": "assistant", "uuid": "u1", "sessionId": SESSION, "message": message}


def _api_request(**more: Any) -> dict[str, Any]:
    known = {
        "model": "claude-sonnet-4-5",
        "cost_usd": "0.0123",
        "cost_usd_micros": 12_300,
        "duration_ms": "2100",
        "input_tokens": "12",
        "output_tokens": 340,
        "cache_read_tokens": 5_000,
        "cache_creation_tokens": 700,
        "request_id": "req_1",
        "query_source": "main",
    }
    return log("claude_code.api_request", **(S | known | more))


def test_a_request_is_a_response(db: Db) -> None:
    take(db, "logs", request("logs", [_api_request()]))
    assert usage(db) == [("claude-code", "claude-sonnet-4-5", 12, 5_000, 700, 340, 0)]
    row = db.dicts("select session_id, reported_cost_usd, duration_ms from telemetry.token_usage")[0]
    assert row == {"session_id": ID, "reported_cost_usd": Decimal("0.0123"), "duration_ms": 2100}
    session = db.dicts("select agent_id, external_id, model, agent_version from telemetry.agent_sessions")[0]
    assert tuple(session.values()) == ("claude-code", SESSION, "claude-sonnet-4-5", "2.1.231")


def test_one_call_by_event_span_and_transcript_counts_once(db: Db) -> None:
    one = request("logs", [_api_request()])
    call = _llm_span(**{"gen_ai.response.id": "msg_1", "request_id": "req_1"})
    transcript = UsageTold(
        source=UsageSource.TRANSCRIPT,
        source_key="claude:msg:msg_1",
        agent_id="claude-code",
        model="claude-sonnet-4-5",
        at=datetime(2025, 11, 29, 12, tzinfo=UTC),
        keys=["claude:msg:msg_1", "claude:req:req_1"],
        session_id=ID,
        input_tokens=12,
        output_tokens=340,
        cache_read_tokens=5_000,
        cache_write_tokens=700,
    )
    take(db, "logs", one)
    take(db, "traces", request("traces", [call]))
    take(db, "logs", one)
    absorb(db, Batch(usage=[transcript]))
    assert usage(db) == [("claude-code", "claude-sonnet-4-5", 12, 5_000, 700, 340, 0)]
    seen = db.dicts("select source from telemetry.usage_sightings order by source")
    assert [row["source"] for row in seen] == ["otlp-log", "otlp-span", "transcript"]


def test_the_same_batch_again_changes_nothing(db: Db) -> None:
    body = request("logs", [_api_request(request_id=f"req_{n}") for n in range(3)])
    assert take(db, "logs", body).kept == 3
    assert take(db, "logs", body).kept == 0
    half = request(
        "logs", [body["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0], _api_request(request_id="r")]
    )
    assert take(db, "logs", half).kept == 1
    assert len(usage(db)) == 4


def test_a_record_twice_in_one_batch_is_one(db: Db) -> None:
    record = _api_request()
    assert take(db, "logs", request("logs", [record, record])).kept == 1
    assert len(usage(db)) == 1


def test_tools_are_completed_by_both_events(db: Db) -> None:
    told = [
        log(
            "claude_code.tool_decision",
            **S,
            tool_name="Bash",
            tool_use_id="toolu_1",
            decision="accept",
            source="user",
        ),
        log(
            "claude_code.tool_result",
            at_s=5,
            **S,
            tool_name="Bash",
            tool_use_id="toolu_1",
            success="false",
            error_type="ShellError",
            duration_ms="3000",
            tool_result_size_bytes=77,
            tool_parameters='{"full_command": "pytest -x", "git_commit_id": "0a1b2c3d4e"}',
        ),
    ]
    take(db, "logs", request("logs", told))
    row = db.dicts(
        "select name, kind, decision, success, error, duration_ms, output_bytes, ended_at - started_at as took,"
        " sources from telemetry.tool_calls"
    )[0]
    assert (row["name"], row["kind"], row["decision"]) == ("Bash", "test", "accept")
    assert (row["success"], row["error"], row["duration_ms"], row["output_bytes"]) == (
        False,
        "ShellError",
        3000,
        77,
    )
    assert row["took"].total_seconds() == 3
    assert row["sources"] == ["otlp"]
    commit = db.dicts("select session_id, sha, source from telemetry.session_commits")
    assert commit == [{"session_id": ID, "sha": "0a1b2c3d4e", "source": "otlp"}]


def test_what_is_said_is_kept_only_where_the_client_tells_it(db: Db) -> None:
    told = [
        log("claude_code.user_prompt", **S, prompt_length=5, prompt="mend it"),
        log("claude_code.user_prompt", 1, **S, prompt_length=5, prompt="<REDACTED>"),
        log("claude_code.user_prompt", 2, **S, prompt_length=5),
        log("claude_code.assistant_response", 3, **S, response="mended", model="claude-sonnet-4-5"),
        log("claude_code.api_error", 4, **S, error="Overloaded", status_code="529", attempt=2),
        log(
            "claude_code.compaction",
            5,
            **S,
            trigger="auto",
            success="true",
            pre_tokens=155_000,
            post_tokens=9_000,
        ),
    ]
    take(db, "logs", request("logs", told))
    rows = db.dicts('select role, kind, content from telemetry.chat_messages order by "timestamp"')
    assert [tuple(row.values()) for row in rows] == [
        ("user", "text", "mend it"),
        ("assistant", "text", "mended"),
        ("system", "error", "The API failed with 529, attempt 2: Overloaded"),
        ("system", "notice", "The conversation was compacted (auto): 155,000 tokens became 9,000"),
    ]


def test_a_wait_for_a_person_is_found_in_either_order(db: Db) -> None:
    tool = span("claude_code.tool", 2, 1, **S, tool_name="Bash", tool_use_id="toolu_1", duration_ms=9000)
    wait = span("claude_code.tool.blocked_on_user", 3, 2, **S, duration_ms=4000, decision="accept")
    take(db, "traces", request("traces", [wait]))
    take(db, "traces", request("traces", [tool]))
    other = span("claude_code.tool", 5, 1, **S, tool_name="Edit", tool_use_id="toolu_2")
    late = span("claude_code.tool.blocked_on_user", 6, 5, **S, duration_ms=50, decision="reject")
    take(db, "traces", request("traces", [other]))
    take(db, "traces", request("traces", [late]))
    rows = db.dicts("select call_id, name, waited_ms, decision from telemetry.tool_calls order by call_id")
    assert [tuple(row.values()) for row in rows] == [
        ("toolu_1", "Bash", 4000, "accept"),
        ("toolu_2", "Edit", 50, "reject"),
    ]


def test_a_failed_try_is_no_response(db: Db) -> None:
    failed = span("claude_code.llm_request", 2, **S, model="claude-sonnet-4-5", success="false", attempt=1)
    take(db, "traces", request("traces", [failed]))
    assert usage(db) == []


def test_what_a_session_spends_goes_to_the_task_that_its_resource_names(db: Db) -> None:
    from steward.domains import agents, projects

    projects.add(db, name="Acme", key="ACME")
    agents.register(db, name="worker")
    task = work.add(db, title="Mend it", project="acme")
    body = request(
        "logs",
        [_api_request()],
        **{
            "steward.task": str(task.task.id),
            "steward.agent": "worker",
            "steward.execution": "not-a-uuid",
        },
    )
    assert take(db, "logs", body).warnings == []
    row = db.dicts(
        "select u.task_id, p.slug, a.name from telemetry.token_usage as u"
        " join projects.projects as p on p.id = u.project_id join agents.agents as a on a.id = u.registered_agent_id"
    )[0]
    assert tuple(row.values()) == (task.task.id, "acme", "worker")
    tie = db.dicts(
        "select source, task_id, from_at = until_at as short, stretch from telemetry.session_tasks"
    )[0]
    assert tuple(tie.values()) == ("resource", task.task.id, True, str(task.task.id))
    kept = db.dicts(
        "select p.slug from telemetry.otel_logs as l join projects.projects as p on p.id = l.project_id"
    )
    assert kept == [{"slug": "acme"}]


def test_an_unknown_task_is_told_and_loses_nothing(db: Db) -> None:
    body = request("logs", [_api_request()], **{"steward.task": "NONE-7", "project.id": "nowhere"})
    told = take(db, "logs", body)
    assert told.warnings == [
        "steward.task 'NONE-7' is no task here",
        "steward.project 'nowhere' is no project here",
    ]
    assert (told.kept, len(usage(db))) == (1, 1)


def test_a_path_guesses_the_project(db: Db) -> None:
    from steward.domains import projects

    projects.add(db, name="Acme", key="ACME", path="/src/acme")
    take(
        db,
        "logs",
        request("logs", [log("claude_code.user_prompt", **S, **{"workspace.host_paths": ["/src/acme/web"]})]),
    )
    row = db.dicts(
        "select p.slug, s.project_certain, s.cwd from telemetry.agent_sessions as s"
        " join projects.projects as p on p.id = s.project_id"
    )[0]
    assert tuple(row.values()) == ("acme", False, "/src/acme/web")


def test_a_wrong_clock_does_not_move_a_session_into_the_future(db: Db) -> None:
    take(db, "logs", request("logs", [log("claude_code.user_prompt", 10**9, **S)]))
    row = db.dicts(
        "select last_seen_at <= now() + interval '1 minute' as sane from telemetry.agent_sessions"
    )[0]
    assert row["sane"]
    kept = db.dicts('select "time" > now() as later from telemetry.otel_logs')
    assert kept == [{"later": True}]


def test_a_request_where_the_messages_id_belongs(db: Db) -> None:
    take(db, "logs", request("logs", [_api_request()]))
    take(db, "traces", request("traces", [_llm_span(**{"gen_ai.response.id": "req_1"})]))
    assert len(usage(db)) == 1


@pytest.mark.parametrize("first", ["otlp", "transcript"])
def test_a_call_that_no_source_but_the_transcript_names(db: Db, first: str) -> None:
    told = Responses()
    entry = _entry()
    told.add(entry, entry["message"], ID, START, 1)
    lines = Batch(usage=told.take(), sessions=[SessionTold(ID, "claude-code", SESSION, START, START)])
    if first == "transcript":
        absorb(db, lines)
    take(db, "logs", request("logs", [_api_request(request_id=None)]))
    take(db, "traces", request("traces", [_llm_span()]))
    if first == "otlp":
        absorb(db, lines)
    assert usage(db) == [("claude-code", "claude-sonnet-4-5", 12, 5_000, 700, 340, 0)]
    seen = db.dicts("select source from telemetry.usage_sightings order by source")
    assert [row["source"] for row in seen] == ["otlp-log", "otlp-span", "transcript"]
