"""Telemetry as Claude Code sends it: a mix of its events with their usual attributes, and its spans."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

BATCH = 500
_SESSIONS = 20
_MODEL = "claude-sonnet-4-5-20250929"
_RESOURCE = {
    "service.name": "claude-code",
    "service.version": "2.1.231",
    "os.type": "linux",
    "os.version": "6.8.0",
    "host.arch": "amd64",
}
_TOOLS = ("Bash", "Read", "Edit", "Grep", "Write", "Glob", "Task")
# Of a hundred events.
_MIX = {
    "api_request": 28,
    "tool_decision": 26,
    "tool_result": 26,
    "hook_execution_complete": 8,
    "user_prompt": 6,
    "assistant_response": 4,
    "api_error": 1,
    "compaction": 1,
}
_EVENTS = [name for name, share in _MIX.items() for _ in range(share)]


def _put(attributes: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        pair = attributes.add(key=key)
        if isinstance(value, int):
            pair.value.int_value = value
        elif isinstance(value, float):
            pair.value.double_value = value
        else:
            pair.value.string_value = value


def _uuid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _standard(rng: random.Random, session: str) -> dict[str, Any]:
    return {
        "user.id": "c7a1d3b5e2f4" * 5,
        "session.id": session,
        "organization.id": "0b9e1a52-7a3c-4ce7-8f6b-2b8f3f1a9d10",
        "user.email": "developer@example.com",
        "user.account_uuid": "6e0c7f7e-3e5b-4b7f-9a0e-5a7f3c9d2b11",
        "terminal.type": "vscode",
        "prompt.id": _uuid(rng),
    }


def _details(rng: random.Random, event: str) -> dict[str, Any]:
    tool, call = rng.choice(_TOOLS), f"toolu_{rng.getrandbits(96):024x}"
    found: dict[str, dict[str, Any]] = {
        "api_request": {
            "model": _MODEL,
            "cost_usd": round(rng.random() / 10, 6),
            "cost_usd_micros": rng.randrange(100_000),
            "duration_ms": rng.randrange(500, 20_000),
            "input_tokens": rng.randrange(1, 2_000),
            "output_tokens": rng.randrange(1, 4_000),
            "cache_read_tokens": rng.randrange(100_000),
            "cache_creation_tokens": rng.randrange(5_000),
            "request_id": f"req_{rng.getrandbits(96):024x}",
            "query_source": "main",
        },
        "tool_decision": {
            "tool_name": tool,
            "tool_use_id": call,
            "decision": "accept",
            "source": "config",
            "tool_source": "builtin",
        },
        "tool_result": {
            "tool_name": tool,
            "tool_use_id": call,
            "success": "true",
            "duration_ms": str(rng.randrange(5_000)),
            "decision_type": "accept",
            "decision_source": "config",
            "tool_result_size_bytes": rng.randrange(40_000),
            "tool_parameters": '{"bash_command":"pytest","full_command":"pytest tests/unit -x -q","timeout":120000}',
        },
        "user_prompt": {"prompt_length": rng.randrange(2_000), "prompt": f"please look at part {call} again"},
        "assistant_response": {"response_length": rng.randrange(4_000), "model": _MODEL},
        "api_error": {"model": _MODEL, "error": "Overloaded", "status_code": "529", "attempt": 1},
        "compaction": {"trigger": "auto", "success": "true", "pre_tokens": 155_000, "post_tokens": 21_000},
    }
    return found.get(event, {"hook_event": "PostToolUse", "num_success": 1, "num_blocking": 0})


def logs(seed: int, batches: int) -> Iterator[bytes]:
    """Give requests of 500 events each, as one process after the other would send them."""
    rng = random.Random(seed)
    sessions = [_uuid(rng) for _ in range(_SESSIONS)]
    for at in range(batches):
        request = ExportLogsServiceRequest()
        outer = request.resource_logs.add()
        _put(outer.resource.attributes, _RESOURCE)
        scope = outer.scope_logs.add()
        scope.scope.name, scope.scope.version = "com.anthropic.claude_code.events", "2.1.231"
        standard = _standard(rng, sessions[at % _SESSIONS])
        for n in range(BATCH):
            event = rng.choice(_EVENTS)
            now = time.time_ns()
            record = scope.log_records.add(time_unix_nano=now, observed_time_unix_nano=now)
            record.body.string_value = f"claude_code.{event}"
            sequence = {
                "event.name": event,
                "event.timestamp": f"2026-11-29T12:00:{n % 60:02d}.000Z",
                "event.sequence": at * BATCH + n,
            }
            _put(record.attributes, standard | sequence | _details(rng, event))
        yield request.SerializeToString()


def spans(seed: int, batches: int) -> Iterator[bytes]:
    """Give requests of 500 spans each: prompts with model requests and tools below them."""
    rng = random.Random(seed)
    sessions = [_uuid(rng) for _ in range(_SESSIONS)]
    for at in range(batches):
        request = ExportTraceServiceRequest()
        outer = request.resource_spans.add()
        _put(outer.resource.attributes, _RESOURCE)
        scope = outer.scope_spans.add()
        scope.scope.name, scope.scope.version = "com.anthropic.claude_code.tracing", "2.1.231"
        standard = _standard(rng, sessions[at % _SESSIONS])
        for _ in range(BATCH // 10):
            trace, root = rng.randbytes(16), rng.randbytes(8)
            _span(scope, trace, root, b"", "claude_code.interaction", standard | {"user_prompt_length": 80})
            for n in range(9):
                name, more = _inner(rng, n)
                _span(scope, trace, rng.randbytes(8), root, name, standard | more)
        yield request.SerializeToString()


def _inner(rng: random.Random, n: int) -> tuple[str, dict[str, Any]]:
    if n % 2:
        return "claude_code.tool", {
            "tool_name": rng.choice(_TOOLS),
            "tool_use_id": f"toolu_{rng.getrandbits(96):024x}",
            "result_tokens": rng.randrange(5_000),
        }
    return "claude_code.llm_request", {
        "model": _MODEL,
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": _MODEL,
        "gen_ai.response.id": f"msg_{rng.getrandbits(96):024x}",
        "input_tokens": rng.randrange(2_000),
        "output_tokens": rng.randrange(4_000),
        "cache_read_tokens": rng.randrange(100_000),
        "cache_creation_tokens": rng.randrange(5_000),
        "ttft_ms": rng.randrange(3_000),
        "duration_ms": rng.randrange(20_000),
        "success": "true",
        "stop_reason": "tool_use",
    }


def _span(scope: Any, trace: bytes, own: bytes, parent: bytes, name: str, attributes: dict[str, Any]) -> None:
    now = time.time_ns()
    span = scope.spans.add(
        trace_id=trace,
        span_id=own,
        parent_span_id=parent,
        name=name,
        kind=1,
        start_time_unix_nano=now - 10**9,
    )
    span.end_time_unix_nano = now
    _put(span.attributes, attributes)


BUILDERS = {"logs": logs, "traces": spans}


def seed() -> int:
    """Return a seed that no other run had."""
    return int.from_bytes(os.urandom(6), "big")
