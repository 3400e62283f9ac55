"""Writes fields into task objects in the words of the file they belong to."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from steward.importers.model import Fields, ParsedFile
from steward.importers.taskmaster.map import KEYS
from steward.importers.taskmaster.words import WRITTEN_STATUSES, written_priority
from steward.importers.words import PRIORITIES, STATUSES, key_of

WRITTEN_FIELDS = (
    "title",
    "description",
    "details",
    "test_strategy",
    "status",
    "priority",
    "labels",
    "estimated_minutes",
    "actual_minutes",
    "complexity_score",
    "assignee",
    "acceptance_criteria",
)
_ENDING_NUMBER = re.compile(r"(.*?)(\d+)", re.S)


class Vocabulary:
    """The words a file itself uses for statuses and priorities."""

    def __init__(self, parsed: ParsedFile) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._priorities: dict[int, Counter[str]] = {}
        for task in parsed.tasks:
            if isinstance(task.raw, dict):
                _count(self._statuses, STATUSES, task.raw.get("status"))
                _count(self._priorities, PRIORITIES, task.raw.get("priority"))

    def status(self, status: str) -> str:
        """Return the file's commonest word for a status, else Taskmaster's."""
        return _commonest(self._statuses.get(status)) or WRITTEN_STATUSES[status]

    def priority(self, priority: int) -> str:
        """Return the file's commonest word for a priority, else Taskmaster's."""
        return _commonest(self._priorities.get(priority)) or written_priority(priority)


def _count(counters: dict[Any, Counter[str]], known: dict[str, Any], word: Any) -> None:
    if isinstance(word, str) and (meaning := known.get(key_of(word))) is not None:
        counters.setdefault(meaning, Counter())[word] += 1


def _commonest(words: Counter[str] | None) -> str | None:
    return words.most_common(1)[0][0] if words else None


def write_changes(item: dict[str, Any], before: Fields, now: Fields, words: Vocabulary) -> bool:
    """Write the fields that changed into a task's object; return whether any did."""
    changed = [name for name in WRITTEN_FIELDS if getattr(before, name) != getattr(now, name)]
    for name in changed:
        item[_key_in(item, name)] = _written(name, now, words, item.get(_key_in(item, name)))
    if "status" in changed:
        _write_completion(item, now)
    if changed and "updatedAt" in item and now.updated_at:
        item["updatedAt"] = now.updated_at.isoformat().replace("+00:00", "Z")
    return bool(changed)


def _key_in(item: dict[str, Any], name: str) -> str:
    """Return the key that the object uses for a field, else the first of its names."""
    keys = KEYS[name][:2] if name.endswith("_minutes") else KEYS[name]
    return next((key for key in keys if key in item), keys[0])


def _written(name: str, now: Fields, words: Vocabulary, old: Any) -> Any:
    value = getattr(now, name)
    if name == "status":
        return words.status(value)
    if name == "priority":
        return words.priority(value)
    if name.endswith("_minutes"):
        return None if value is None else _hours(value)
    if name == "acceptance_criteria" and isinstance(old, str):
        return "\n".join(f"- {line}" for line in value)
    return list(value) if isinstance(value, tuple) else value


def _hours(minutes: int) -> int | float:
    whole, rest = divmod(minutes, 60)
    return whole if not rest else minutes / 60


def _write_completion(item: dict[str, Any], now: Fields) -> None:
    """Keep the flag and the time that some tools hold beside the status true to it."""
    if isinstance(item.get("completed"), bool):
        item["completed"] = now.status == "done"
    if now.status != "done":
        item.pop("completedAt", None)
    elif now.completed_at and ("completed" in item or "completedAt" in item):
        item["completedAt"] = now.completed_at.isoformat().replace("+00:00", "Z")


def new_object(given_id: Any, fields: Fields, row_id: str, words: Vocabulary) -> dict[str, Any]:
    """Make the object of a task that the file does not have yet.

    The row's id stands in its metadata, which Taskmaster keeps, so that importing the export finds the row again.
    """
    item: dict[str, Any] = {} if given_id is None else {"id": given_id}
    item |= {
        "title": fields.title,
        "description": fields.description,
        "status": words.status(fields.status),
        "dependencies": [],
        "priority": words.priority(fields.priority),
        "details": fields.details,
        "testStrategy": fields.test_strategy,
        "subtasks": [],
    }
    for name in WRITTEN_FIELDS[6:]:
        if getattr(fields, name):
            item[KEYS[name][0]] = _written(name, fields, words, None)
    return item | {"metadata": {"steward_id": row_id}}


def next_id(siblings: list[Any]) -> int | str:
    """Return the next free id among siblings, in their style: 7, "7", "5.7" or "TASK-007"."""
    ids = [
        item["id"]
        for item in siblings
        if isinstance(item, dict) and isinstance(item.get("id"), int | float | str)
    ]
    numbered = [(match, given) for given in ids if (match := _ENDING_NUMBER.fullmatch(str(given)))]
    if not numbered:
        return len(siblings) + 1
    last, given = max(numbered, key=lambda pair: int(pair[0][2]))
    number = int(last[2]) + 1
    if isinstance(given, int):
        return number
    return f"{last[1]}{str(number).zfill(len(last[2]))}"


def says_the_same(name: str, here: Any, now: Any) -> bool:
    """Tell whether a row's value is what the file says, or would be written in the file as it stands there."""
    if here == now:
        return True
    if name == "status":
        return bool(STATUSES[key_of(WRITTEN_STATUSES[here])] == now)
    if name == "priority":
        return bool(PRIORITIES[written_priority(here)] == now)
    return False
