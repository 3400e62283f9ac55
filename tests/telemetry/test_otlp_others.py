"""Codex, Gemini CLI and whatever speaks the GenAI conventions, in their own words."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from steward.domains.telemetry import Batch, UsageSource, UsageTold, absorb, session_id
from steward.domains.telemetry.projection import moment
from steward.kit.db import Database, Db
from tests.conftest import MakeActor
from tests.telemetry.otlp import START_NS, log, request, span, take, usage

THREAD = "019e9bfe-7749-7440-8506-39152afbc9ff"
C: dict[str, Any] = {"conversation.id": THREAD, "model": "gpt-5.5"}
CODEX: dict[str, Any] = {"service.name": "codex_cli_rs"}


def _completed(at_s: float, given: int, cached: int, out: int, reasoning: int) -> dict[str, Any]:
    # Numbers that were formatted arrive as texts.
    return log(
        "codex.sse_event",
        at_s,
        **C,
        **{"event.kind": "response.completed"},
        input_token_count=str(given),
        cached_token_count=str(cached),
        output_token_count=out,
        reasoning_token_count=reasoning,
        tool_token_count=given + out,
    )


def _rollout(n: int, given: int, cached: int, out: int, reasoning: int) -> UsageTold:
    return UsageTold(
        source=UsageSource.TRANSCRIPT,
        source_key=f"codex:total:{THREAD}:{n}",
        agent_id="codex",
        model="gpt-5.5",
        at=moment(START_NS // 1000),
        keys=[f"codex:total:{THREAD}:{n}", f"codex:{THREAD}:{given}/{cached}/{out}/{reasoning}#{n}"],
        session_id=session_id("codex", THREAD),
        input_tokens=given - cached,
        cache_read_tokens=cached,
        output_tokens=out,
        reasoning_tokens=reasoning,
    )


@pytest.mark.parametrize("rollout_first", [True, False])
def test_codex_events_and_its_rollout_count_once(db: Db, rollout_first: bool) -> None:
    events = request("logs", [_completed(1, 100, 40, 9, 3), _completed(2, 100, 40, 9, 3)], **CODEX)
    rollout = Batch(usage=[_rollout(1, 100, 40, 9, 3), _rollout(2, 100, 40, 9, 3)])
    take(
        db, "logs", request("logs", [log("codex.conversation_starts", **C, provider_name="openai")], **CODEX)
    )
    if rollout_first:
        absorb(db, rollout)
    take(db, "logs", events)
    take(db, "logs", events)
    if not rollout_first:
        absorb(db, rollout)
    assert usage(db) == [("codex", "gpt-5.5", 60, 40, 0, 9, 3)] * 2


def test_codex_spans_tell_the_same_again_and_a_turn_only_adds_up(db: Db, test_data: Path) -> None:
    sample = json.loads(
        (test_data / "otlp" / "langwatch_span_codex-B.session_task_turn.json").read_text("utf-8")
    )
    attributes = sample["attributes"]
    figures = {
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.output_tokens": 9,
        "codex.usage.reasoning_output_tokens": 3,
        "codex.usage.total_tokens": 109,
    }
    told = [
        span("handle_responses", 2, 1, **{"thread.id": THREAD, "model": "gpt-5.5"}, **figures),
        # The operating system's thread is no conversation.
        span("handle_responses", 3, 1, **{"thread.id": 7, "model": "gpt-5.5"}, **figures),
        span(sample["spanName"], 1, **attributes),
    ]
    take(db, "traces", request("traces", told, scope=sample["scopeName"], **CODEX))
    take(db, "logs", request("logs", [_completed(1, 100, 40, 9, 3)], **CODEX))
    assert usage(db) == [("codex", "gpt-5.5", 60, 40, 0, 9, 3)]
    assert attributes["thread.id"] == THREAD


def test_codex_tools_and_prompts(db: Db) -> None:
    told = [
        log("codex.user_prompt", **C, prompt_length=7, prompt="[REDACTED]"),
        log("codex.user_prompt", 1, **C, prompt_length=7, prompt="look"),
        log(
            "codex.tool_decision",
            2,
            **C,
            tool_name="shell",
            call_id="call_1",
            decision="approved",
            source="user",
        ),
        log(
            "codex.tool_result",
            3,
            **C,
            tool_name="shell",
            call_id="call_1",
            arguments='{"command": ["bash", "-lc", "cargo test"]}',
            duration_ms="120",
            success="true",
            output="ok",
        ),
        log("codex.api_request", 4, **C, **{"error.message": "timed out", "http.response.status_code": 504}),
    ]
    take(db, "logs", request("logs", told, **CODEX))
    call = db.dicts(
        "select name, kind, decision, success, duration_ms, output, output_bytes from telemetry.tool_calls"
    )
    assert [tuple(row.values()) for row in call] == [("shell", "test", "approved", True, 120, "ok", 2)]
    said = db.dicts('select role, content from telemetry.chat_messages order by "timestamp"')
    assert [tuple(row.values()) for row in said] == [
        ("user", "look"),
        ("system", "The API failed with 504: timed out"),
    ]


@pytest.mark.parametrize(
    ("total", "out", "reasoning"),
    [(1_060, 60, 20), (1_040, 40, 20), (None, 60, 20)],
    ids=["thoughts beside the output", "thoughts within it", "no total"],
)
def test_gemini_responses(db: Db, total: int | None, out: int, reasoning: int) -> None:
    told = log(
        "gemini_cli.api_response",
        **{"session.id": "s-1"},
        model="gemini-3-pro",
        input_token_count=1_000,
        cached_content_token_count=400,
        output_token_count=40,
        thoughts_token_count=20,
        duration_ms=900,
        **({} if total is None else {"total_token_count": total}),
    )
    again = log(
        "gen_ai.client.inference.operation.details",
        **{
            "session.id": "s-1",
            "gen_ai.operation.name": "generate_content",
            "gen_ai.usage.input_tokens": 1_000,
        },
    )
    twin = span("llm_call", 1, **{"gen_ai.operation.name": "llm_call", "gen_ai.usage.input_tokens": 1_000})
    take(db, "logs", request("logs", [told, again], **{"service.name": "gemini-cli"}))
    take(db, "traces", request("traces", [twin], **{"service.name": "gemini-cli"}))
    assert usage(db) == [("gemini-cli", "gemini-3-pro", 600, 400, 0, out, reasoning)]


def test_gemini_tools(db: Db) -> None:
    told = log(
        "gemini_cli.tool_call",
        **{"session.id": "s-1", "metadata.model_added_lines": 4},
        function_name="replace",
        function_args='{"file_path": "a.py"}',
        duration_ms=12,
        success=True,
        decision="auto_accept",
        tool_type="native",
    )
    take(db, "logs", request("logs", [told], **{"service.name": "gemini-cli"}))
    row = db.dicts("select name, kind, decision, success, lines_added from telemetry.tool_calls")[0]
    assert tuple(row.values()) == ("replace", "write", "auto_accept", True, 4)


# ----------------------------------------------------------------------------------------------------------- GenAI

CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-5.5",
}


def _tokens(given: int, out: int, cached: int = 0) -> dict[str, Any]:
    return {
        "gen_ai.usage.input_tokens": given,
        "gen_ai.usage.output_tokens": out,
        "gen_ai.usage.cache_read.input_tokens": cached,
    }


def _app(records: list[dict[str, Any]], signal: str = "traces") -> dict[str, Any]:
    return request(signal, records, **{"service.name": "shop"})


def test_a_framework_that_adds_up_its_calls_is_no_response(db: Db) -> None:
    told = [
        span("invoke_agent helper", 1, **{"gen_ai.operation.name": "invoke_agent"}, **_tokens(150, 15)),
        span("chat gpt-5.5", 2, 1, **CHAT, **_tokens(100, 10, 30), **{"gen_ai.response.id": "resp_1"}),
        span("chat gpt-5.5", 3, 1, **CHAT, **_tokens(50, 5), **{"gen_ai.response.id": "resp_2"}),
        span("execute_tool look", 4, 1, **{"gen_ai.operation.name": "execute_tool"}),
    ]
    take(db, "traces", _app(told))
    assert usage(db) == [("shop", "gpt-5.5", 50, 0, 0, 5, 0), ("shop", "gpt-5.5", 70, 30, 0, 10, 0)]


@pytest.mark.parametrize("order", ["together", "inner first", "outer first"])
@pytest.mark.parametrize("named", [True, False])
def test_two_instrumentations_of_one_call_count_once(db: Db, order: str, named: bool) -> None:
    id = {"gen_ai.response.id": "resp_1"} if named else {}
    outer = span("ChatOpenAI", 1, **CHAT, **_tokens(100, 10), **id)
    inner = span("chat gpt-5.5", 2, 1, **CHAT, **_tokens(100, 10), **id)
    batches = {
        "together": [[outer, inner]],
        "inner first": [[inner], [outer]],
        "outer first": [[outer], [inner]],
    }[order]
    for batch in batches:
        take(db, "traces", _app(batch))
    assert usage(db) == [("shop", "gpt-5.5", 100, 0, 0, 10, 0)]


@pytest.mark.parametrize("outer_first", [True, False])
def test_two_instrumentations_that_export_at_once_count_once(
    database: Database, make_actor: MakeActor, outer_first: bool
) -> None:
    outer = span("ChatOpenAI", 1, **CHAT, **_tokens(100, 10))
    inner = span("chat gpt-5.5", 2, 1, **CHAT, **_tokens(100, 10))
    first, second = (outer, inner) if outer_first else (inner, outer)
    begun, counted = threading.Event(), threading.Event()

    def other() -> None:
        with database.transaction(make_actor()) as db:
            begun.set()
            take(db, "traces", _app([second]))
        counted.set()

    thread = threading.Thread(target=other)
    with database.transaction(make_actor()) as db:
        take(db, "traces", _app([first]))
        thread.start()
        begun.wait(10)
        assert not counted.wait(0.4)
    thread.join(20)
    with database.transaction(make_actor()) as db:
        assert usage(db) == [("shop", "gpt-5.5", 100, 0, 0, 10, 0)]


def test_an_event_of_details_and_its_span_count_once(db: Db) -> None:
    details = log("gen_ai.client.inference.operation.details", **CHAT, **_tokens(100, 10))
    details |= {
        "eventName": "gen_ai.client.inference.operation.details",
        "traceId": f"{1:032x}",
        "spanId": f"{2:016x}",
    }
    details["body"] = {}
    take(db, "logs", _app([details], "logs"))
    take(db, "traces", _app([span("chat", 2, 1, **CHAT, **_tokens(100, 10))]))
    assert usage(db) == [("shop", "gpt-5.5", 100, 0, 0, 10, 0)]


def test_a_proxy_of_claude_and_its_transcript_count_once(db: Db) -> None:
    chat = CHAT | {"gen_ai.provider.name": "anthropic", "gen_ai.response.model": "claude-sonnet-4-5"}
    # Anthropic's own figures leave the cache out of the input: more was read than was given.
    told = span("chat", 2, **chat, **_tokens(3, 10, 5_000), **{"gen_ai.response.id": "msg_1"})
    take(db, "traces", _app([told]))
    absorb(db, Batch(usage=[
        UsageTold(UsageSource.TRANSCRIPT, "m", "claude-code", "claude-sonnet-4-5", moment(0), ["claude:msg:msg_1"],
                  input_tokens=3, output_tokens=10, cache_read_tokens=5_000),
    ]))  # fmt: skip
    assert [row[2:6] for row in usage(db)] == [(3, 5_000, 0, 10)]


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        (
            {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 85,
             "llm.token_count.completion": 29, "llm.token_count.prompt_details.cache_read": 5},
            [("shop", "m", 80, 5, 0, 29, 0)],
        ),
        (
            {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m", "ai.usage.promptTokens": 7,
             "ai.usage.completionTokens": 2},
            [("shop", "m", 7, 0, 0, 2, 0)],
        ),
        ({"ai.operationId": "ai.generateText", "ai.model.id": "m", "ai.usage.promptTokens": 7}, []),
        ({"openinference.span.kind": "AGENT", "llm.token_count.prompt": 85}, []),
        (
            {"llm.request.type": "chat", "gen_ai.request.model": "m", "gen_ai.usage.prompt_tokens": "7",
             "gen_ai.usage.completion_tokens": "2"},
            [("shop", "m", 7, 0, 0, 2, 0)],
        ),
    ],
    ids=["OpenInference", "Vercel's call", "Vercel's wrapper", "an agent", "OpenLLMetry"],
)  # fmt: skip
def test_other_words_for_the_same(db: Db, attributes: dict[str, Any], wanted: list[Any]) -> None:
    take(db, "traces", _app([span("x", 1, **attributes)]))
    assert usage(db) == wanted


def test_a_visitor_of_a_web_page_is_no_agents_session(db: Db) -> None:
    take(db, "logs", _app([log("page_view", **{"session.id": "visitor-1"})], "logs"))
    take(db, "traces", _app([span("GET /", 1, **{"session.id": "visitor-1"})]))
    assert db.dicts("select id from telemetry.agent_sessions") == []
    take(db, "traces", _app([span("chat", 2, **CHAT, **{"gen_ai.conversation.id": "talk-1"})]))
    assert db.dicts("select agent_id, external_id from telemetry.agent_sessions") == [
        {"agent_id": "shop", "external_id": "talk-1"}
    ]


def _exported(path: Path) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Return the spans that an export of Langfuse was made of, and the figures that Langfuse made of them."""
    trace = json.loads(path.read_text("utf-8"))
    spans, figures = [], []
    for each in trace["observations"]:
        parts = json.loads(each["metadata"])
        attributes = dict(parts["attributes"])
        if each["usageDetails"]:
            # The export keeps tokens apart from the attributes that they came in.
            attributes |= _tokens(each["usageDetails"]["input"], each["usageDetails"]["output"])
            attributes.setdefault("gen_ai.request.model", each["model"])
            figures.append((each["usageDetails"]["input"], each["usageDetails"]["output"]))
        parent = int(each["parentObservationId"], 16) if each["parentObservationId"] else 0
        spans.append(span(each["name"], int(each["id"], 16), parent, **attributes))
    return request("traces", spans, **{"service.name": "framework"}), sorted(figures)


@pytest.mark.parametrize(
    "name", ["langfuse_claude-agent-2025-12-22.trace.json", "langfuse_openai-agents-2025-09-30.trace.json"]
)
def test_traces_of_real_frameworks(db: Db, test_data: Path, name: str) -> None:
    body, figures = _exported(test_data / "otlp" / name)
    take(db, "traces", body)
    assert sorted((row[2], row[5]) for row in usage(db)) == figures
    assert len(figures) >= 2
