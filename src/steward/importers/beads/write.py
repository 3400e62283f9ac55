"""Writes fields and dependencies into issues in beads' own words, with what it wants to be true of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from steward.importers.beads.map import split_details
from steward.importers.beads.words import (
    PRIORITIES,
    STATUSES,
    WRITTEN_STATUSES,
    WRITTEN_TYPES,
    type_of,
    written_priority,
)
from steward.importers.model import Fields

WRITTEN_FIELDS = (
    "title",
    "description",
    "details",
    "status",
    "priority",
    "type",
    "labels",
    "estimated_minutes",
    "assignee",
    "acceptance_criteria",
    "due_date",
)
_ORDER = (
    "id",
    "title",
    "description",
    "design",
    "acceptance_criteria",
    "notes",
    "status",
    "priority",
    "issue_type",
    "assignee",
    "estimated_minutes",
    "created_at",
    "updated_at",
    "closed_at",
    "close_reason",
    "due_at",
    "defer_until",
    "external_ref",
    "metadata",
    "labels",
    "dependencies",
    "comments",
)
_ALWAYS = frozenset({"title", "description", "status", "priority", "issue_type"})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BULLETED = re.compile(r"^\s*[-*] (\[[ xX]\] )?", re.M)


def says_the_same(name: str, here: Any, now: Any) -> bool:
    """Tell whether a row's value is what the file says, or would be written in the file as it stands there."""
    if here == now:
        return True
    if name == "status":
        return bool(STATUSES[WRITTEN_STATUSES[here]] == now)
    if name == "priority":
        return bool(PRIORITIES[written_priority(here)] == now)
    return name == "type" and type_of(WRITTEN_TYPES[here]) == now


def put(item: dict[str, Any], key: str, value: Any) -> None:
    """Set a key; a new one goes where beads has it, an empty one goes away."""
    if value in (None, "", [], ()) and key not in _ALWAYS:
        item.pop(key, None)
        return
    known = key in item
    item[key] = value
    if known or key not in _ORDER:
        return
    before = set(_ORDER[: _ORDER.index(key)])
    last = max((place for place, each in enumerate(item) if each in before), default=-1)
    for each in list(item)[last + 1 :]:
        if each != key:
            item[each] = item.pop(each)


def write_changes(item: dict[str, Any], before: Fields, now: Fields) -> None:
    """Write the fields that changed into an issue; `updated_at` follows when anything did."""
    was = dict(item)
    for name in WRITTEN_FIELDS:
        if getattr(before, name) != getattr(now, name) and not says_the_same(
            name, getattr(now, name), getattr(before, name)
        ):
            _WRITERS.get(name, _write_plain)(item, name, before, now)
    if item != was:
        touch(item, now)


def touch(item: dict[str, Any], now: Fields, *changes: datetime | None) -> None:
    """Note the time of a change; a hash of what was there before is true no longer.

    What is tied to a row and said about it changes without the row, but not without the issue: the latest time counts.
    """
    times = [time for time in (now.updated_at, *changes) if time is not None]
    if times:
        put(item, "updated_at", stamp(max(times)))
    item.pop("content_hash", None)


def stamp(time: datetime | None) -> str | None:
    """Write a time."""
    return time.isoformat().replace("+00:00", "Z") if time else None


def _write_plain(item: dict[str, Any], name: str, _: Fields, now: Fields) -> None:
    value = getattr(now, name)
    put(item, name, list(value) if isinstance(value, tuple) else value)


def _write_details(item: dict[str, Any], _name: str, before: Fields, now: Fields) -> None:
    """A design that holds the heading itself cannot be told from notes: it stays one text."""
    design, notes = split_details(now.details)
    if split_details(before.details) != (item.get("design") or "", item.get("notes") or ""):
        design, notes = now.details, ""
    put(item, "design", design)
    put(item, "notes", notes)


def _write_status(item: dict[str, Any], _name: str, _: Fields, now: Fields) -> None:
    """Closed issues have a closing time and no others do."""
    word = WRITTEN_STATUSES[now.status]
    item["status"] = word
    if word == "closed":
        put(item, "closed_at", stamp(now.completed_at or now.updated_at))
        if now.status == "cancelled" and not item.get("close_reason"):
            put(item, "close_reason", "cancelled")
    else:
        item.pop("closed_at", None)
        item.pop("close_reason", None)
    if word == "open":
        item.pop("defer_until", None)


def _write_priority(item: dict[str, Any], _name: str, _: Fields, now: Fields) -> None:
    put(item, "priority", written_priority(now.priority))


def _write_type(item: dict[str, Any], _name: str, _: Fields, now: Fields) -> None:
    key = "original_type" if item.get("status") == "tombstone" else "issue_type"
    item[key] = WRITTEN_TYPES[now.type]


def _write_criteria(item: dict[str, Any], name: str, _: Fields, now: Fields) -> None:
    old = item.get(name)
    bullet = "- " if isinstance(old, str) and _BULLETED.search(old) else ""
    put(item, name, "\n".join(f"{bullet}{line}" for line in now.acceptance_criteria))


def _write_due(item: dict[str, Any], _name: str, _: Fields, now: Fields) -> None:
    put(item, "due_at", stamp(now.due_date))


_WRITERS = {
    "details": _write_details,
    "status": _write_status,
    "priority": _write_priority,
    "type": _write_type,
    "acceptance_criteria": _write_criteria,
    "due_date": _write_due,
}


def revive(item: dict[str, Any], now: Fields) -> None:
    """Turn a tombstone into the issue that it was."""
    item["issue_type"] = item.pop("original_type", None) or item.get("issue_type") or "task"
    for key in ("deleted_at", "deleted_by", "delete_reason"):
        item.pop(key, None)
    _write_status(item, "status", now, now)
    touch(item, now)


def bury(item: dict[str, Any], now: Fields) -> None:
    """Turn an issue into a tombstone, as beads tells its clones that it was deleted."""
    time = stamp(now.updated_at)
    item |= {"status": "tombstone", "original_type": item.get("issue_type", "task")}
    for key, value in (
        ("deleted_at", time),
        ("deleted_by", "steward"),
        ("delete_reason", "deleted in Steward"),
    ):
        put(item, key, value)
    for key in ("closed_at", "close_reason"):
        item.pop(key, None)
    touch(item, now)


def new_issue(issue_id: str, fields: Fields, row_id: str) -> dict[str, Any]:
    """Make the issue of a row that the file does not have yet.

    The row's id stands in its metadata, which beads keeps, so that importing the export finds the row again.
    """
    item: dict[str, Any] = {
        "id": issue_id,
        "title": fields.title,
        "description": fields.description,
        "status": "open",
        "priority": written_priority(fields.priority),
        "issue_type": WRITTEN_TYPES[fields.type],
        "created_at": stamp(fields.created_at),
        "updated_at": stamp(fields.updated_at),
    }
    blank = Fields(fields.title, fields.description, priority=fields.priority, type=fields.type)
    for name in WRITTEN_FIELDS:
        if getattr(fields, name) != getattr(blank, name):
            _WRITERS.get(name, _write_plain)(item, name, blank, fields)
    put(item, "metadata", {"steward_id": row_id})
    return item


class NewIds:
    """Gives ids in the style of a file: its commonest prefix and a short hash, or the next number below a parent."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._used = set(ids)
        prefixes = Counter(each.partition(".")[0].rpartition("-")[0] for each in self._used)
        prefixes.pop("", None)
        self._prefix = prefixes.most_common(1)[0][0] if prefixes else "bd"

    def make(self, row_id: str, parent_id: str | None) -> str:
        """Return an id that is free; the same one each time."""
        made = self._below(parent_id) if parent_id else self._hashed(row_id)
        self._used.add(made)
        return made

    def _below(self, parent_id: str) -> str:
        number = 1
        while f"{parent_id}.{number}" in self._used:
            number += 1
        return f"{parent_id}.{number}"

    def _hashed(self, row_id: str) -> str:
        number = int.from_bytes(hashlib.sha256(row_id.encode()).digest())
        digits = ""
        while len(digits) < 4 or f"{self._prefix}-{digits}" in self._used:
            number, rest = divmod(number, 36)
            digits += _DIGITS[rest]
        return f"{self._prefix}-{digits}"
