"""Claude Code's events and spans."""

from __future__ import annotations

import re
from typing import Any

from steward.domains.telemetry.batch import claude_ordinal_base
from steward.domains.telemetry.fields import (
    as_object,
    as_text,
    content,
    first_whole,
    first_words,
    money,
    truth,
    whole,
    words,
)
from steward.domains.telemetry.projection import MOST_SHOWN, LogProjector, Projection, SpanProjector, moment
from steward.domains.telemetry.tool_kinds import kind_of
from steward.domains.telemetry.types import CommitTold, MessageRole, Source, ToolTold
from steward.domains.telemetry.types_otlp import LogRecord, SpanRecord

_SHA = re.compile(r"[0-9a-f]{7,64}")


def _figures(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the tokens of a response: Claude's input holds nothing of the cache."""
    return {
        "model": first_words(attributes, ("model", "gen_ai.response.model", "gen_ai.request.model"), 200)
        or "unknown",
        "input_tokens": whole(attributes.get("input_tokens")) or 0,
        "output_tokens": whole(attributes.get("output_tokens")) or 0,
        "cache_read_tokens": whole(attributes.get("cache_read_tokens")) or 0,
        "cache_write_tokens": whole(attributes.get("cache_creation_tokens")) or 0,
        "duration_ms": whole(attributes.get("duration_ms")),
        "query_source": words(attributes.get("query_source"), 100),
        "subagent": first_words(attributes, ("agent.name", "agent_id"), 200),
    }


def _ordinal_base(record: LogRecord | SpanRecord, figures: dict[str, Any]) -> str | None:
    """Return what stands for a response's name where there is none: as the transcript of its session has it, too."""
    if record.session is None:
        return None
    return claude_ordinal_base(
        record.session,
        figures["input_tokens"],
        figures["cache_read_tokens"],
        figures["cache_write_tokens"],
        figures["output_tokens"],
    )


def _api_request(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    request = words(attributes.get("request_id"), 300)
    figures = _figures(attributes)
    told.usage(
        record,
        keys=[f"claude:req:{request}"] if request else [],
        ordinal_base=None if request else _ordinal_base(record, figures),
        at_us=record.time_us,
        reported_cost_usd=money(attributes),
        **figures,
    )
    session = told.touch(record)
    if session is not None and figures["model"] != "unknown" and figures["query_source"] in (None, "main"):
        session.model = figures["model"]


def _user_prompt(told: Projection, record: LogRecord) -> None:
    told.say(record, MessageRole.USER, content(record.attributes.get("prompt")))


def _assistant_response(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    told.say(
        record,
        MessageRole.ASSISTANT,
        content(attributes.get("response")),
        model=words(attributes.get("model"), 200),
        subagent=words(attributes.get("agent.name"), 200),
    )


def _tool_result(told: Projection, record: LogRecord) -> None:
    if record.session is None:
        return
    attributes = record.attributes
    given, taken = as_object(attributes.get("tool_parameters")), as_object(attributes.get("tool_input"))
    command = first_words(given, ("full_command", "bash_command"), 2000) or words(taken.get("command"), 2000)
    name, succeeded = _tool_name(attributes, given), truth(attributes.get("success"))
    took = whole(attributes.get("duration_ms"))
    call = ToolTold(
        session_id=record.session,
        call_id=_call_id(record),
        source=Source.OTLP,
        name=name,
        kind=kind_of(name, command),
        input=as_text(attributes.get("tool_input") or attributes.get("tool_parameters"), MOST_SHOWN),
        input_bytes=whole(attributes.get("tool_input_size_bytes")),
        output_bytes=whole(attributes.get("tool_result_size_bytes")),
        success=succeeded,
        error=first_words(attributes, ("error", "error_type"), 2000) if succeeded is False else None,
        decision=first_words(attributes, ("decision_type", "decision"), 100),
        duration_ms=took,
        started_at=moment(record.time_us - took * 1000) if took is not None and took < 10**9 else None,
        ended_at=moment(record.time_us),
        subagent=words(attributes.get("agent.name"), 200),
        file_path=first_words(taken, ("file_path", "notebook_path", "path"), 4000),
    )
    told.batch.tools.append(call)
    _commit(told, record, given)


def _commit(told: Projection, record: LogRecord, given: dict[str, Any]) -> None:
    sha = str(given.get("git_commit_id") or record.attributes.get("git_commit_id") or "").lower()
    if record.session is not None and _SHA.fullmatch(sha):
        told.batch.commits.append(CommitTold(record.session, sha, moment(record.time_us), "otlp"))


def _call_id(record: LogRecord | SpanRecord) -> str:
    known = first_words(record.attributes, ("tool_use_id", "gen_ai.tool.call.id"), 200)
    return known or f"otlp:{record.id.hex()}"


def _tool_name(attributes: dict[str, Any], given: dict[str, Any]) -> str | None:
    name = words(attributes.get("tool_name"), 200)
    server, tool = words(given.get("mcp_server_name"), 100), words(given.get("mcp_tool_name"), 100)
    return f"mcp__{server}__{tool}" if name in (None, "mcp_tool") and server and tool else name


def _tool_decision(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    # Without a call's id it could not be put beside its result.
    call_id = words(attributes.get("tool_use_id"), 200)
    if record.session is None or call_id is None:
        return
    name = _tool_name(attributes, as_object(attributes.get("tool_parameters")))
    decision = words(attributes.get("decision"), 100)
    told.batch.tools.append(
        ToolTold(record.session, call_id, Source.OTLP, name=name, kind=kind_of(name), decision=decision)
    )


def _api_error(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    status = words(attributes.get("status_code"), 20)
    attempt = first_whole(attributes, ("attempt", "total_attempts"))
    text = f"The API failed{f' with {status}' if status else ''}"
    tried = f", attempt {attempt}" if attempt else ""
    told.notice(record, f"{text}{tried}: {attributes.get('error') or 'no reason given'}", is_error=True)


def _api_refusal(told: Projection, record: LogRecord) -> None:
    category = words(record.attributes.get("category"), 200)
    told.notice(record, f"The model refused{f' ({category})' if category else ''}")


def _compaction(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    before, after = whole(attributes.get("pre_tokens")), whole(attributes.get("post_tokens"))
    figures = f": {before:,} tokens became {after:,}" if before is not None and after is not None else ""
    failed = truth(attributes.get("success")) is False
    verb = "could not be compacted" if failed else "was compacted"
    told.notice(
        record,
        f"The conversation {verb} ({attributes.get('trigger') or 'auto'}){figures}",
        is_error=failed,
    )


LOGS: dict[str, LogProjector] = {
    "claude_code.api_request": _api_request,
    "claude_code.user_prompt": _user_prompt,
    "claude_code.assistant_response": _assistant_response,
    "claude_code.tool_result": _tool_result,
    "claude_code.tool_decision": _tool_decision,
    "claude_code.api_error": _api_error,
    "claude_code.api_retries_exhausted": _api_error,
    "claude_code.api_refusal": _api_refusal,
    "claude_code.compaction": _compaction,
}

# ------------------------------------------------------------------------------------------------------------ spans

TOOL, WAITED = "claude_code.tool", "claude_code.tool.blocked_on_user"


def _llm_request(told: Projection, record: SpanRecord) -> None:
    attributes = record.attributes
    if whole(attributes.get("output_tokens")) is None and whole(attributes.get("input_tokens")) is None:
        # A try that failed was answered by nothing.
        return
    response = words(attributes.get("gen_ai.response.id"), 300)
    request = words(attributes.get("request_id"), 300)
    if response and response.startswith("req_"):
        # Some releases put the request's id where the message's belongs.
        response, request = None, request or response
    keys = [f"claude:req:{request}"] if request else []
    if response:
        keys = [f"claude:msg:{response}", f"genai:resp:{response}", *keys]
    figures = _figures(attributes)
    base = None if keys else _ordinal_base(record, figures)
    if base is None and not keys:
        keys = [f"otel:span:{record.trace_id.hex()}/{record.span_id.hex()}"]
    told.usage(
        record,
        keys=keys,
        ordinal_base=base,
        at_us=max(record.end_ns // 1000, record.time_us),
        **figures,
    )


def _tool(told: Projection, record: SpanRecord) -> None:
    if record.session is None:
        return
    attributes = record.attributes
    name, command = words(attributes.get("tool_name"), 200), words(attributes.get("full_command"), 2000)
    ended_us = max(record.end_ns // 1000, record.time_us)
    told.batch.tools.append(
        ToolTold(
            session_id=record.session,
            call_id=_call_id(record),
            source=Source.OTLP,
            name=name,
            kind=kind_of(name, command),
            duration_ms=whole(attributes.get("duration_ms")),
            started_at=moment(record.time_us),
            ended_at=moment(ended_us),
            file_path=words(attributes.get("file_path"), 4000),
        )
    )


SPANS: dict[str, SpanProjector] = {"claude_code.llm_request": _llm_request, TOOL: _tool}


def waited(told: Projection, tool: SpanRecord, wait_ms: int | None, decision: str | None) -> None:
    """Note for how long a tool waited for a person.

    Args:
        told: where.
        tool: the span of the tool, or one that stands for it: session and attributes are looked at.
        wait_ms: how long.
        decision: what the person said.
    """
    call_id = first_words(tool.attributes, ("tool_use_id", "gen_ai.tool.call.id"), 200)
    if tool.session is not None and call_id is not None and wait_ms is not None:
        told.batch.tools.append(
            ToolTold(tool.session, call_id, Source.OTLP, waited_ms=wait_ms, decision=decision)
        )
