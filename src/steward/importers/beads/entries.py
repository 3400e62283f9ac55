"""Reads the `dependencies` of an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steward.importers.beads.issues import Issue
from steward.importers.beads.words import BLOCKING, PARENT_CHILD
from steward.importers.links import BLOCKS, PARENT, RELATES, Entry
from steward.importers.model import Path
from steward.importers.notes import KEPT, Notes
from steward.importers.reader import id_text
from steward.importers.text import clean, describe

_LONGEST_NAME = 100


def entries_of(issue: Issue, notes: Notes) -> list[Entry]:
    """Return the dependencies of an issue as the file has them."""
    return [_entry(issue, path, item, notes) for path, item in _items(issue, notes)]


def _items(issue: Issue, notes: Notes) -> Iterator[tuple[Path, Any]]:
    given = issue.raw.get("dependencies")
    path = (*issue.path, "dependencies")
    if isinstance(given, list):
        yield from (((*path, number), item) for number, item in enumerate(given))
    elif given is not None:
        notes.add(path, "wrong_type", f"`dependencies` is {describe(given)}, not a list", KEPT)


def _entry(issue: Issue, path: Path, item: Any, notes: Notes) -> Entry:
    if not isinstance(item, dict):
        return Entry(path, None, RELATES)
    owner = id_text(item.get("issue_id"))
    if owner not in (None, issue.claimed):
        message = f"a dependency of {issue.ref} says that it is one of {str(owner)[:60]}"
        notes.add(path, "foreign_dependency", message, f"taken as one of {issue.ref}")
    said = id_text(item.get("depends_on_id"))
    name = _name(item, path, notes)
    return Entry(path, clean(said) if said else None, _type(name), name)


def _name(item: dict[str, Any], path: Path, notes: Notes) -> str:
    given = item.get("type")
    if isinstance(given, str) and given.strip():
        return clean(given.strip())[:_LONGEST_NAME]
    notes.add(path, "missing_type", "a dependency has no type", "taken as blocks")
    return "blocks"


def _type(name: str) -> str:
    if name == PARENT_CHILD:
        return PARENT
    return BLOCKS if name in BLOCKING else RELATES
