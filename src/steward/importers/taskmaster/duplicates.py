"""Keys that stand twice in one object: told when nothing is lost by them, refused when tasks would be."""

from __future__ import annotations

from typing import Any

from steward.importers.model import place_of
from steward.importers.notes import KEPT, Notes
from steward.importers.places import Duplicate, Places
from steward.importers.refusal import Refused

_HELD = ("tasks", "subtasks", "id")


def check_duplicates(places: Places, name: str, notes: Notes) -> None:
    """Note every key that stands twice.

    Every reader of JSON takes the later value. That is fine for a title; but where the earlier value holds other tasks,
    or another id, a merge has run two things together and one of them would vanish.

    Raises:
        Refused: tasks would vanish.
    """
    for duplicate in places.duplicates:
        earlier, later = places.value_at(duplicate.earlier), places.value_at(duplicate.later)
        if earlier != later and _holds_tasks(str(duplicate.path[-1]), earlier):
            raise _refused(duplicate, places, name)
        _note(duplicate, earlier == later, places, notes)


def _holds_tasks(key: str, earlier: Any) -> bool:
    if key in _HELD:
        return earlier not in (None, [], {})
    return isinstance(earlier, dict) and bool(earlier.get("tasks"))


def _note(duplicate: Duplicate, same: bool, places: Places, notes: Notes) -> None:
    first, second = places.line_at(duplicate.earlier), places.line_at(duplicate.later)
    what = "with the same value" if same else "with different values"
    key = str(duplicate.path[-1])[:60]
    message = f"the key {key!r} stands twice in one object, in lines {first} and {second}, {what}"
    notes.add(
        duplicate.path, "duplicate_key", message, f"the later one is taken; the earlier one is {KEPT}", second
    )


def _refused(duplicate: Duplicate, places: Places, name: str) -> Refused:
    first, second = places.line_at(duplicate.earlier), places.line_at(duplicate.later)
    place = place_of(duplicate.path)
    return Refused(
        f"{name}: line {second}: the key {place} stands twice in one object (lines {first} and {second}) with "
        "different values, and tasks of the earlier one would be lost",
        hint="a merge has run two objects together: separate or join them by hand; nothing of the file was imported",
        line=second,
        place=place,
        kind="duplicate_key",
    )
