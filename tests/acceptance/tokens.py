"""Item 1: every transcript's tokens, counted by other means and by what other tools say of them, and counted once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness import House, test_data
from tests.acceptance.items import Run

_FIGURES = ("input", "cache_creation", "cache_read", "output", "calls")
_HELD = """
    select
      coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(cache_write_tokens), 0)::bigint,
      coalesce(sum(cache_read_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint, count(*)
    from telemetry.token_usage
    where agent_id = %s
      and (%s::text is null or session_id in (select id from telemetry.agent_sessions where external_id = %s))
"""
_ROWS = """
    select
      (select count(*) from telemetry.agent_sessions), (select count(*) from telemetry.chat_messages),
      (select count(*) from telemetry.tool_calls), (select count(*) from telemetry.token_usage),
      (select count(*) from telemetry.usage_sightings), (select count(*) from telemetry.transcript_lines),
      (select sum(cost_usd) from telemetry.token_usage)
"""
Figures = tuple[int, ...]


def check(run: Run) -> None:
    """Import the public transcripts in several ways; the figures are those of the files every time."""
    _oracles(run)
    _everything(run)


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def _claude_responses(paths: list[Path]) -> dict[str, Figures]:
    """Return the figures of each response by its message's id, the fullest copy of it."""
    best: dict[str, Figures] = {}
    for path in paths:
        for entry in _entries(path):
            message = entry.get("message")
            if entry.get("type") != "assistant" or not isinstance(message, dict) or not message.get("usage"):
                continue
            name = str(message.get("id") or entry.get("uuid"))
            used = message["usage"]
            words = (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
                "output_tokens",
            )
            figures = (*(int(used.get(word) or 0) for word in words), 1)
            if name not in best or figures[3] > best[name][3]:
                best[name] = figures
    return best


def _total(figures: dict[str, Figures]) -> Figures:
    return tuple(sum(column) for column in zip(*figures.values(), strict=True))


def _codex_total(paths: list[Path]) -> tuple[int, ...]:
    """Return input (cached with it), cached and output tokens by the files' running totals.

    A resumed conversation begins its total anew, so what it had reached before it fell counts too.
    """
    whole: list[tuple[int, ...]] = []
    for path in paths:
        reached: tuple[int, ...] = (0, 0, 0)
        for entry in _entries(path):
            info = (entry.get("payload") or {}).get("info") if entry.get("type") == "event_msg" else None
            if not isinstance(info, dict) or not info.get("total_token_usage"):
                continue
            used = info["total_token_usage"]
            now = (used["input_tokens"], used["cached_input_tokens"], used["output_tokens"])
            if now[0] + now[2] < reached[0] + reached[2]:
                whole.append(reached)
            reached = now
        whole.append(reached)
    return tuple(sum(column) for column in zip(*whole, strict=True))


def _held(house: House, agent_id: str, session: str | None = None) -> Figures:
    with house.connection("owner") as connection:
        row = connection.execute(_HELD, (agent_id, session, session)).fetchone()
    assert row is not None
    return tuple(row)


def _oracles(run: Run) -> None:
    """Growing copies of one session, in both orders, against what the tool that kept them wrote down."""
    folder = test_data() / "claude-code"
    told: dict[str, Figures] = {}
    for path in sorted(folder.glob("*.metadata.json")):
        used = json.loads(path.read_text("utf-8")).get("token_usage")
        if used:
            words = (
                "input_tokens",
                "cache_creation_tokens",
                "cache_read_tokens",
                "output_tokens",
                "api_call_count",
            )
            told[path.name.replace(".metadata.json", ".full.jsonl")] = tuple(
                int(used[word]) for word in words
            )
    run.check("there are transcripts with figures of others", len(told) >= 2, len(told))
    for name, figures in told.items():
        with House("acceptance") as house:
            house.steward("db", "setup").checked()
            house.steward("import", str(folder / name), timeout_s=600).checked()
            held = _held(house, "claude-code")
            facts = dict(zip(_FIGURES, held, strict=True))
            run.check(f"{name} alone: its five figures are those of its oracle", held == figures, facts)
    largest = max(told.values())
    with House("acceptance") as house:
        house.steward("db", "setup").checked()
        for name in [*sorted(told, key=lambda name: told[name], reverse=True), *told]:
            house.steward("import", str(folder / name), timeout_s=600).checked()
        held = _held(house, "claude-code")
        run.check("larger and smaller copies in any order: the figures of the largest", held == largest, held)


def _everything(run: Run) -> None:
    """All files at once, again, in copies elsewhere, and projected anew."""
    claude = sorted((test_data() / "claude-code").glob("*.jsonl"))
    codex = sorted((test_data() / "codex").glob("*.jsonl"))
    wanted, totals = _total(_claude_responses(claude)), _codex_total(codex)
    with House("acceptance") as house:
        house.steward("db", "setup").checked()
        done = house.steward("import", *map(str, [*claude, *codex]), timeout_s=1200)
        run.check(
            "transcripts of Claude Code and Codex come in together", done.status in (0, 2), done.err[-200:]
        )
        held = _held(house, "claude-code")
        run.check("Claude Code: the totals are those of an independent count", held == wanted, (held, wanted))
        mine = _held(house, "codex")
        same = (mine[0] + mine[2], mine[2], mine[3]) == totals
        run.check("Codex: the totals are the files' own running totals", same, (mine, totals))
        first = _counts(house)
        copies = house.work / "copies"
        shutil.copytree(test_data() / "codex", copies / "codex")
        shutil.copytree(test_data() / "claude-code", copies / "claude-code")
        for words in (["import", str(copies)], ["import", *map(str, reversed([*claude, *codex]))]):
            house.steward(*words, timeout_s=1200)
        run.check(
            "copies elsewhere, in another order, add no row and no token", _counts(house) == first, first
        )
        house.steward("import", "--reproject", "--all", timeout_s=1200).checked()
        again = _counts(house)
        run.check("projected anew from what is kept: the same", again == first, (again, first))


def _counts(house: House) -> tuple[Any, ...]:
    with house.connection("owner") as connection:
        row = connection.execute(_ROWS).fetchone()
    assert row is not None
    return tuple(row)
