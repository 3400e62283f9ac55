"""Codex' events and spans. They name no response: the n-th of the same figures in a thread is the n-th everywhere."""

from __future__ import annotations

from typing import Any

from steward.domains.telemetry.fields import (
    as_object,
    as_text,
    content,
    first_whole,
    first_words,
    truth,
    whole,
    words,
)
from steward.domains.telemetry.projection import MOST_SHOWN, LogProjector, Projection, moment
from steward.domains.telemetry.tool_kinds import kind_of
from steward.domains.telemetry.types import MessageRole, Source, ToolTold
from steward.domains.telemetry.types_otlp import LogRecord, SpanRecord

_INPUT = ("input_token_count", "gen_ai.usage.input_tokens")
_CACHED = ("cached_token_count", "gen_ai.usage.cache_read.input_tokens")
_OUTPUT = ("output_token_count", "gen_ai.usage.output_tokens")
_REASONING = ("reasoning_token_count", "codex.usage.reasoning_output_tokens")
_MODEL = ("model", "gen_ai.response.model", "gen_ai.request.model", "slug")


def _response(told: Projection, record: LogRecord | SpanRecord, at_us: int) -> None:
    attributes = record.attributes
    given, out = first_whole(attributes, _INPUT), first_whole(attributes, _OUTPUT)
    if given is None or out is None:
        return
    cached, reasoning = first_whole(attributes, _CACHED) or 0, first_whole(attributes, _REASONING) or 0
    model = first_words(attributes, _MODEL, 200)
    base = f"codex:{record.external_id}:{given}/{cached}/{out}/{reasoning}"
    named = record.session is not None and len(base) <= 360
    told.usage(
        record,
        keys=[],
        at_us=at_us,
        ordinal_base=base if named else None,
        model=model or "unknown",
        # What came from the cache is a part of what was given.
        input_tokens=max(given - cached, 0),
        cache_read_tokens=cached,
        output_tokens=out,
        reasoning_tokens=min(reasoning, out),
        duration_ms=whole(attributes.get("duration_ms")),
    )
    session = told.touch(record)
    if session is not None and model is not None:
        session.model = model


def _sse_event(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    if attributes.get("event.kind") == "response.completed":
        _response(told, record, record.time_us)
    elif attributes.get("error.message"):
        told.notice(record, f"The API failed: {attributes['error.message']}", is_error=True)


def _user_prompt(told: Projection, record: LogRecord) -> None:
    told.say(record, MessageRole.USER, content(record.attributes.get("prompt")))


def _conversation_starts(told: Projection, record: LogRecord) -> None:
    session, attributes = told.touch(record), record.attributes
    if session is None:
        return
    session.model = words(attributes.get("model"), 200) or session.model
    for name in ("provider_name", "reasoning_effort", "approval_policy", "sandbox_policy"):
        value = words(attributes.get(name), 200)
        if value is not None:
            session.context[name] = value


def _command(arguments: Any) -> str | None:
    """Return what a shell was told to do: a text, or words in a list."""
    command = as_object(arguments).get("command") or as_object(arguments).get("cmd")
    return " ".join(map(str, command)) if isinstance(command, list) else words(command, 2000)


def _tool_result(told: Projection, record: LogRecord) -> None:
    if record.session is None:
        return
    attributes = record.attributes
    name, server = words(attributes.get("tool_name"), 200), words(attributes.get("mcp_server"), 100)
    took, output = whole(attributes.get("duration_ms")), attributes.get("output")
    succeeded = truth(attributes.get("success"))
    told.batch.tools.append(
        ToolTold(
            session_id=record.session,
            call_id=words(attributes.get("call_id"), 200) or f"otlp:{record.id.hex()}",
            source=Source.OTLP,
            name=f"mcp__{server}__{name}" if server and name and not name.startswith("mcp__") else name,
            kind=kind_of("mcp" if server else name, _command(attributes.get("arguments"))),
            input=as_text(attributes.get("arguments"), MOST_SHOWN),
            output=as_text(output, MOST_SHOWN),
            output_bytes=len(output.encode(errors="replace")) if isinstance(output, str) else None,
            success=succeeded,
            error=as_text(output, 2000) if succeeded is False else None,
            duration_ms=took,
            started_at=moment(record.time_us - took * 1000) if took is not None and took < 10**9 else None,
            ended_at=moment(record.time_us),
        )
    )


def _tool_decision(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    call_id, name = words(attributes.get("call_id"), 200), words(attributes.get("tool_name"), 200)
    if record.session is not None and call_id is not None:
        decision = words(attributes.get("decision"), 100)
        told.batch.tools.append(
            ToolTold(record.session, call_id, Source.OTLP, name=name, kind=kind_of(name), decision=decision)
        )


def _api_request(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    if attributes.get("error.message"):
        status = words(attributes.get("http.response.status_code"), 20)
        with_status = f" with {status}" if status else ""
        told.notice(record, f"The API failed{with_status}: {attributes['error.message']}", is_error=True)


LOGS: dict[str, LogProjector] = {
    "codex.sse_event": _sse_event,
    "codex.user_prompt": _user_prompt,
    "codex.conversation_starts": _conversation_starts,
    "codex.tool_result": _tool_result,
    "codex.tool_decision": _tool_decision,
    "codex.api_request": _api_request,
}


def span(told: Projection, record: SpanRecord) -> None:
    """Note the response that a span of Codex tells of.

    The span of a turn adds its responses up and is none. One that names no thread cannot be told from the event of the
    same response, which is always sent: it is left out.
    """
    adds_up = any(name.startswith("codex.turn.token_usage.") for name in record.attributes)
    if record.session is not None and not adds_up:
        _response(told, record, max(record.end_ns // 1000, record.time_us))
