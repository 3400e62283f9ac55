"""Calls of models and tools as instrumentations of GenAI tell of them, in whichever of their words.

A framework's span adds up what the calls below it took: only spans of calls themselves count. Where two
instrumentations tell of one call, one within the other, the response's id makes them one; without one the inner counts
(see project_spans.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from steward.domains.telemetry.fields import as_text, first_whole, first_words
from steward.domains.telemetry.projection import MOST_SHOWN, Projection, moment
from steward.domains.telemetry.tool_kinds import kind_of
from steward.domains.telemetry.types import Source, ToolTold
from steward.domains.telemetry.types_otlp import LogRecord, SpanRecord

DETAILS = "gen_ai.client.inference.operation.details"
_CLIENT = 3
_CALLS = frozenset({"chat", "generate_content", "text_completion", "completion", "embeddings", "llm_call"})
# Other conventions' words for the kind of a span: attribute, and what it says of a model's call and of a tool's.
_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("openinference.span.kind", frozenset({"llm", "embedding"}), frozenset({"tool"})),
    ("langsmith.span.kind", frozenset({"llm"}), frozenset({"tool"})),
    ("langfuse.observation.type", frozenset({"generation", "embedding"}), frozenset({"tool"})),
    ("llm.request.type", frozenset({"chat", "completion", "embedding"}), frozenset()),
    ("traceloop.span.kind", frozenset(), frozenset({"tool"})),
)  # fmt: skip
_INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
    "ai.usage.inputTokens", "ai.usage.promptTokens",
)  # fmt: skip
_OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
)  # fmt: skip
_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.cached_tokens", "gen_ai.usage.input_tokens.cached",
    "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens",
)  # fmt: skip
_WRITTEN = (
    "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens", "gen_ai.usage.details.cache_write_tokens",
    "llm.token_count.prompt_details.cache_write",
)  # fmt: skip
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
)  # fmt: skip
_MODEL = (
    "gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "llm.response.model", "ai.response.model",
    "ai.model.id",
)  # fmt: skip
_RESPONSE = ("gen_ai.response.id", "ai.response.id", "llm.response.id")
_COST = ("gen_ai.usage.cost", "llm.cost.total")
_CALL_ID = ("gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool_call.id", "ai.toolCall.id")
_TOOL_NAME = ("gen_ai.tool.name", "tool.name", "ai.toolCall.name")
_TAKEN = ("gen_ai.tool.call.arguments", "input.value", "ai.toolCall.args", "tool.parameters")
_GIVEN = ("gen_ai.tool.call.result", "output.value", "ai.toolCall.result")


def is_call(attributes: Mapping[str, Any], kind: int = 0) -> bool:
    """Tell whether a span is a call of a model, not what surrounds one.

    Args:
        attributes: the span's.
        kind: the span's kind by OpenTelemetry; a call without a word for what it is must be a client's.
    """
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return operation in _CALLS
    vercel = attributes.get("ai.operationId")
    if isinstance(vercel, str):
        return vercel.endswith((".doGenerate", ".doStream", ".doEmbed"))
    for name, calls, _ in _KINDS:
        word = attributes.get(name)
        if word is not None:
            return str(word).lower() in calls
    speaks = "gen_ai.system" in attributes or "gen_ai.provider.name" in attributes
    return speaks and (kind == _CLIENT or first_words(attributes, _RESPONSE) is not None)


def is_tool(attributes: Mapping[str, Any]) -> bool:
    """Tell whether a span is a call of a tool."""
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return operation in ("execute_tool", "tool_call")
    if attributes.get("ai.operationId") == "ai.toolCall":
        return True
    return any(str(attributes.get(name)).lower() in tools for name, _, tools in _KINDS)


def response_id(attributes: Mapping[str, Any]) -> str | None:
    """Return the provider's own name of a response."""
    return first_words(attributes, _RESPONSE, 300)


def _cost(attributes: Mapping[str, Any]) -> Decimal | None:
    said = first_words(attributes, _COST, 50)
    try:
        cost = Decimal(said) if said is not None else None
    except InvalidOperation:
        return None
    return round(cost, 9) if cost is not None and cost.is_finite() and 0 <= cost < 1_000_000 else None


def _call(told: Projection, record: LogRecord | SpanRecord, at_us: int, took_ms: int | None) -> None:
    attributes = record.attributes
    given, out = first_whole(attributes, _INPUT), first_whole(attributes, _OUTPUT)
    if given is None and out is None:
        return
    given, out = given or 0, out or 0
    read, wrote = first_whole(attributes, _READ) or 0, first_whole(attributes, _WRITTEN) or 0
    reasoning = first_whole(attributes, _REASONING) or 0
    model = first_words(attributes, _MODEL, 200)
    told.usage(
        record,
        keys=_keys(record),
        at_us=at_us,
        model=model or "unknown",
        # Whoever counts more from the cache than was given at all does not count it in.
        input_tokens=given - read - wrote if read + wrote <= given else given,
        cache_read_tokens=read,
        cache_write_tokens=wrote,
        output_tokens=out,
        reasoning_tokens=min(reasoning, out),
        reported_cost_usd=_cost(attributes),
        duration_ms=took_ms,
        subagent=first_words(attributes, ("gen_ai.agent.name",), 200),
    )
    session = told.touch(record)
    if session is not None and model is not None:
        session.model = model


def _keys(record: LogRecord | SpanRecord) -> list[str]:
    response = response_id(record.attributes)
    if response is not None:
        claude = [f"claude:msg:{response}"] if response.startswith("msg_") else []
        return [f"genai:resp:{response}", *claude]
    if record.trace_id is None or record.span_id is None:
        return []
    return [f"otel:span:{record.trace_id.hex()}/{record.span_id.hex()}"]


def log(told: Projection, record: LogRecord) -> None:
    """Note the response that an event tells of; it bears the ids of the span of the same call."""
    if is_call(record.attributes, _CLIENT):
        _call(told, record, record.time_us, None)


def span(told: Projection, record: SpanRecord) -> None:
    """Note the response of a model's call."""
    ended_us = max(record.end_ns // 1000, record.time_us)
    _call(told, record, ended_us, (ended_us - record.time_us) // 1000)


def tool(told: Projection, record: SpanRecord) -> None:
    """Note a tool's call."""
    if record.session is None:
        return
    attributes, ended_us = record.attributes, max(record.end_ns // 1000, record.time_us)
    name = first_words(attributes, _TOOL_NAME, 200) or record.name.removeprefix("execute_tool ")[:200]
    failed = record.status_code == 2
    told.batch.tools.append(
        ToolTold(
            session_id=record.session,
            call_id=first_words(attributes, _CALL_ID, 200) or f"otlp:{record.id.hex()}",
            source=Source.OTLP,
            name=name,
            kind=kind_of(name),
            input=as_text(next((attributes[key] for key in _TAKEN if key in attributes), None), MOST_SHOWN),
            output=as_text(next((attributes[key] for key in _GIVEN if key in attributes), None), MOST_SHOWN),
            success=not failed,
            error=record.status_message[:2000] or None if failed else None,
            duration_ms=(ended_us - record.time_us) // 1000,
            started_at=moment(record.time_us),
            ended_at=moment(ended_us),
        )
    )
