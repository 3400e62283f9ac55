"""A tiny reader of Taskmaster files that shares nothing with the importer: what a file holds, counted by hand."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_DONE = ("done", "completed")


@dataclass(slots=True)
class Holdings:
    """What one file holds; `waits` are the dependencies that name a row of the same tag."""

    tags: int = 0
    tasks: int = 0
    subtasks: int = 0
    done: int = 0
    waits: set[tuple[str, str, str]] = field(default_factory=set)


def read(path: Path) -> Any:
    """Return a file's JSON, or None when it is none."""
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    try:
        return json.loads(data)
    except ValueError:
        return None


def ordered(text: str | bytes) -> Any:
    """Return JSON in which objects are lists of pairs, so that the order of keys counts too."""
    return json.loads(text, object_pairs_hook=lambda pairs: ["object", *pairs])


def count(data: Any) -> Holdings:
    """Count what a file holds."""
    found = Holdings()
    tags = {"master": data} if isinstance(data.get("tasks"), list) else data
    for name, tag in tags.items():
        if isinstance(tag, dict) and isinstance(tag.get("tasks"), list):
            found.tags += 1
            _count_tag(found, name, tag["tasks"])
    return found


def _count_tag(found: Holdings, tag: str, tasks: list[Any]) -> None:
    rows = list(_walk(tasks, ""))
    known = {reference for reference, _, _ in rows}
    for reference, above, row in rows:
        found.tasks += not above
        found.subtasks += bool(above)
        found.done += row.get("status") in _DONE
        for other in row.get("dependencies") or []:
            wanted = _resolve(str(other), above, known)
            if wanted is not None:
                found.waits.add((tag, reference, wanted))


def _walk(tasks: list[Any], above: str) -> Iterator[tuple[str, str, Any]]:
    for row in tasks:
        # Some files write the whole dotted number into a subtask.
        own = str(row["id"])
        reference = own if not above or own.startswith(f"{above}.") else f"{above}.{own}"
        yield reference, above, row
        yield from _walk(row.get("subtasks") or [], reference)


def _resolve(other: str, above: str, known: set[str]) -> str | None:
    """Inside a subtask a bare number means a sibling first; a name without a row is nothing."""
    sibling = f"{above}.{other}"
    if above and sibling in known:
        return sibling
    return other if other in known else None
