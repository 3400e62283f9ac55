"""A tiny reader of beads files that shares nothing with the importer: what a file holds, counted by hand."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

WAITING = ("blocks", "conditional-blocks", "waits-for")


@dataclass(slots=True)
class Holdings:
    """What one file holds; dependencies are counted by their names, `told` only where the target exists."""

    issues: int = 0
    deleted: int = 0
    closed: int = 0
    comments: int = 0
    entries: int = 0
    parents: dict[str, set[str]] = field(default_factory=dict)
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    priorities: Counter[int] = field(default_factory=Counter)


def read(path: Path) -> bytes:
    """Return a file's bytes, unpacked."""
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def count(data: bytes) -> Holdings | None:
    """Count what a file holds; None when a line is no JSON."""
    try:
        issues = {
            row["id"]: row
            for line in data.decode().splitlines()
            if line.strip()
            for row in [json.loads(line)]
        }
    except ValueError:
        return None
    found = Holdings(issues=len(issues))
    for id, row in issues.items():
        found.deleted += row["status"] == "tombstone"
        found.closed += row["status"] == "closed"
        found.comments += len(row.get("comments", ()))
        found.priorities[row["priority"]] += 1
        named = id.rpartition(".")[0]
        if named in issues and (row["status"] == "tombstone" or issues[named]["status"] != "tombstone"):
            found.parents[id] = {named}
        for entry in row.get("dependencies", ()):
            found.entries += 1
            other = entry["depends_on_id"]
            if entry["type"] != "parent-child":
                found.edges.add((id, other, entry["type"]))
            elif row["status"] == "tombstone" or issues[other]["status"] != "tombstone":
                found.parents.setdefault(id, set()).add(other)
    return found
