"""Rollouts made for tests: lines as Codex writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from steward.domains.telemetry import Batch, NamedTask
from steward.importers.codex import CodexProjector
from steward.importers.transcripts.projector import Place

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
Line = dict[str, Any]


def stamp(ms: int) -> str:
    """Return a time so many milliseconds behind the start."""
    return (START + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(ms: int, n: int = 0) -> str:
    """Return a uuid of version 7 made at a time."""
    made = int(START.timestamp() * 1000) + ms
    text = f"{made:012x}7000a{n:015x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def line(ms: int, kind: str, **payload: Any) -> Line:
    """Return a line."""
    return {"timestamp": stamp(ms), "type": kind, "payload": payload}


def event(ms: int, what: str, **payload: Any) -> Line:
    """Return an `event_msg`."""
    return line(ms, "event_msg", type=what, **payload)


def item(ms: int, what: str, **payload: Any) -> Line:
    """Return a `response_item`."""
    return line(ms, "response_item", type=what, **payload)


def meta(ms: int, thread: str, **payload: Any) -> Line:
    """Return a `session_meta`."""
    return line(
        ms,
        "session_meta",
        **{"id": thread, "timestamp": stamp(ms), "cwd": "/w", "cli_version": "0.153.0"} | payload,
    )


def block(given: int, cached: int, output: int, reasoning: int = 0) -> dict[str, int]:
    """Return a usage block."""
    return {
        "input_tokens": given,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": given + output,
    }


class Counter:
    """A thread's running total, as the client keeps it."""

    def __init__(self, total: dict[str, int] | None = None) -> None:
        self.total = total or block(0, 0, 0)

    def count(self, ms: int, given: int, cached: int, output: int, reasoning: int = 0) -> Line:
        """Return the `token_count` of one more response."""
        last = block(given, cached, output, reasoning)
        self.total = {name: self.total[name] + last[name] for name in last}
        return event(
            ms, "token_count", info={"total_token_usage": dict(self.total), "last_token_usage": last}
        )


def read_all(
    lines: list[Line], state: dict[str, Any] | None = None, first: int = 1
) -> tuple[Batch, list[NamedTask], dict[str, Any]]:
    """Return what a rollout tells, which tasks it names, and what is remembered behind it, as JSON gives it back."""
    reader = CodexProjector(state)
    for number, each in enumerate(lines, first):
        reader.line(each, Place("rollout-test.jsonl", number))
    found, named = reader.take(), reader.take_named()
    return found, named, json.loads(json.dumps(reader.state()))


def read(
    lines: list[Line], state: dict[str, Any] | None = None, first: int = 1
) -> tuple[Batch, dict[str, Any]]:
    """Return what a rollout tells, and what is remembered behind it."""
    found, _, then = read_all(lines, state, first)
    return found, then


def totals(batch: Batch) -> tuple[int, int, int, int]:
    """Return input with cached, cached, output and reasoning of all responses."""
    return (
        sum(each.input_tokens + each.cache_read_tokens + each.cache_write_tokens for each in batch.usage),
        sum(each.cache_read_tokens for each in batch.usage),
        sum(each.output_tokens for each in batch.usage),
        sum(each.reasoning_tokens for each in batch.usage),
    )
