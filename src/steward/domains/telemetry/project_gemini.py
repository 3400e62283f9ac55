"""Gemini CLI's events. Its spans and its `gen_ai.client.inference.operation.details` tell of the same responses again,
with fewer figures and no name, and are kept as they are."""

from __future__ import annotations

from steward.domains.telemetry.fields import as_text, content, first_words, truth, whole, words
from steward.domains.telemetry.projection import MOST_SHOWN, LogProjector, Projection, moment
from steward.domains.telemetry.tool_kinds import kind_of
from steward.domains.telemetry.types import MessageRole, Source, ToolTold
from steward.domains.telemetry.types_otlp import LogRecord


def _api_response(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    given = whole(attributes.get("input_token_count"))
    out = whole(attributes.get("output_token_count"))
    if given is None and out is None:
        return
    given, out = given or 0, out or 0
    cached = whole(attributes.get("cached_content_token_count")) or 0
    thoughts = whole(attributes.get("thoughts_token_count")) or 0
    tools, total = whole(attributes.get("tool_token_count")) or 0, whole(attributes.get("total_token_count"))
    # The total tells whether thoughts and what tools put in were counted beside the rest, as the API does, or in it.
    beside = total is None or total >= given + out + thoughts
    extra = tools if total is not None and total >= given + out + thoughts + tools else 0
    base = f"gemini:{record.external_id}:{given}/{cached}/{out}/{thoughts}"
    model = words(attributes.get("model"), 200)
    told.usage(
        record,
        keys=[],
        at_us=record.time_us,
        ordinal_base=base if record.session is not None and len(base) <= 360 else None,
        model=model or "unknown",
        input_tokens=max(given + extra - cached, 0),
        cache_read_tokens=cached,
        output_tokens=out + thoughts if beside else out,
        reasoning_tokens=thoughts if beside else min(thoughts, out),
        duration_ms=whole(attributes.get("duration_ms")),
    )
    session = told.touch(record)
    if session is not None and model is not None:
        session.model = model


def _user_prompt(told: Projection, record: LogRecord) -> None:
    told.say(record, MessageRole.USER, content(record.attributes.get("prompt")))


def _tool_call(told: Projection, record: LogRecord) -> None:
    if record.session is None:
        return
    attributes = record.attributes
    name, succeeded = words(attributes.get("function_name"), 200), truth(attributes.get("success"))
    took, is_mcp = whole(attributes.get("duration_ms")), attributes.get("tool_type") == "mcp"
    told.batch.tools.append(
        ToolTold(
            session_id=record.session,
            call_id=f"otlp:{record.id.hex()}",
            source=Source.OTLP,
            name=name,
            kind=kind_of("mcp" if is_mcp else name),
            input=as_text(attributes.get("function_args"), MOST_SHOWN),
            success=succeeded,
            error=first_words(attributes, ("error", "error_type"), 2000) if succeeded is False else None,
            decision=words(attributes.get("decision"), 100),
            duration_ms=took,
            started_at=moment(record.time_us - took * 1000) if took is not None and took < 10**9 else None,
            ended_at=moment(record.time_us),
            lines_added=_lines(attributes.get("metadata.model_added_lines")),
            lines_removed=_lines(attributes.get("metadata.model_removed_lines")),
        )
    )


def _lines(value: object) -> int | None:
    found = whole(value)
    return found if found is not None and found < 2**31 else None


def _api_error(told: Projection, record: LogRecord) -> None:
    attributes = record.attributes
    status = words(attributes.get("status_code"), 20)
    reason = first_words(attributes, ("error", "error.message", "error_type"), 2000) or "no reason given"
    told.notice(record, f"The API failed{f' with {status}' if status else ''}: {reason}", is_error=True)


def _compression(told: Projection, record: LogRecord) -> None:
    before, after = (whole(record.attributes.get(name)) for name in ("tokens_before", "tokens_after"))
    figures = f": {before:,} tokens became {after:,}" if before is not None and after is not None else ""
    told.notice(record, f"The conversation was compacted{figures}")


LOGS: dict[str, LogProjector] = {
    "gemini_cli.api_response": _api_response,
    "gemini_cli.user_prompt": _user_prompt,
    "gemini_cli.tool_call": _tool_call,
    "gemini_cli.api_error": _api_error,
    "gemini_cli.chat_compression": _compression,
}
