"""What the tests about transcripts share: importing, and what stands in the tables afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from steward.importers import ImportReport, run_import
from steward.kit.db import Actor, Database

Totals = tuple[int, int, int, int, int]


def bring_in(database: Database, actor: Actor, *paths: Path, **known: Any) -> ImportReport:
    """Import files and leave the report beside the first of them."""
    return run_import(database, actor, paths, **({"report": paths[0].parent / "import_report.json"} | known))


def rows(database: Database, actor: Actor, statement: str, *params: Any) -> list[dict[str, Any]]:
    """Return what a statement of a test finds."""
    with database.transaction(actor, read_only=True) as db:
        return db.dicts(statement, params)


def totals(database: Database, actor: Actor) -> Totals:
    """Return input, cache creation, cache read, output and calls, as the oracles have them."""
    found = rows(
        database,
        actor,
        "select coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(cache_write_tokens), 0)::bigint as written,"
        " coalesce(sum(cache_read_tokens), 0)::bigint as read, coalesce(sum(output_tokens), 0)::bigint as output,"
        " count(*) as calls from telemetry.token_usage",
    )[0]
    first, second, third, fourth, fifth = found.values()
    return first, second, third, fourth, fifth


def counted(files: Iterable[Path]) -> Totals:
    """Count the same by other means: the largest copy of every message id."""
    best: dict[str, tuple[int, int, int, int]] = {}
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                message = json.loads(line)["message"]
                usage, name = message["usage"], message["id"]
            except (ValueError, KeyError, TypeError):
                continue
            names = (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
                "output_tokens",
            )
            figures = [usage.get(key) or 0 for key in names]
            told = (figures[0], figures[1], figures[2], figures[3])
            known = best.get(name)
            if known is None or (told[3], sum(told[:3])) > (known[3], sum(known[:3])):
                best[name] = told
    sums = [sum(each[at] for each in best.values()) for at in range(4)]
    return sums[0], sums[1], sums[2], sums[3], len(best)


SESSION = "0e1f2a3b-0000-4000-8000-000000000001"


def entry(kind: str, number: int, session: str = SESSION, **known: Any) -> dict[str, Any]:
    """Make an entry of a transcript, with an id and a time that its number gives."""
    return {
        "type": kind,
        "uuid": f"aaaaaaaa-0000-4000-8000-{number:012d}",
        "parentUuid": None,
        "sessionId": session,
        "timestamp": f"2026-10-01T10:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        "cwd": "/nowhere/shop",
        "gitBranch": "main",
        "version": "2.1.5",
        "isSidechain": False,
    } | known


def said(number: int, text: str, **known: Any) -> dict[str, Any]:
    """Make a prompt."""
    return entry("user", number, message={"role": "user", "content": text}, **known)


def answered(
    number: int, *blocks: dict[str, Any], message: str | None = None, output: int = 10, **known: Any
) -> Any:
    """Make a block of an answer with its usage."""
    usage = {
        "input_tokens": 3,
        "output_tokens": output,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 7,
    }
    return entry(
        "assistant",
        number,
        requestId=f"req_{message or number}",
        message={
            "id": message or f"msg_{number}",
            "role": "assistant",
            "model": "claude-opus-4-5-20251101",
            "content": list(blocks) or [{"type": "text", "text": f"answer {number}"}],
            "usage": usage,
        },
        **known,
    )


def used(number: int, call: str, name: str, **given: Any) -> Any:
    """Make a call of a tool."""
    return answered(number, {"type": "tool_use", "id": call, "name": name, "input": given})


def came(number: int, call: str, text: str, result: Any = None, *, failed: bool = False) -> dict[str, Any]:
    """Make the result of a call."""
    block = {"type": "tool_result", "tool_use_id": call, "content": text, "is_error": failed}
    known = {} if result is None else {"toolUseResult": result}
    return entry("user", number, message={"role": "user", "content": [block]}, **known)


def written(path: Path, entries: Iterable[Any], *, mode: str = "w") -> Path:
    """Write entries, one a line; texts as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode, encoding="utf-8") as file:
        for each in entries:
            file.write(each if isinstance(each, str) else json.dumps(each) + "\n")
    return path
