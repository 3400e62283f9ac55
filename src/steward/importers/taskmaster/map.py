"""From a task's object to the fields of a row. What has no field stays in the kept original."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from steward.importers.taskmaster.model import Fields, Path
from steward.importers.taskmaster.notes import KEPT, Notes
from steward.importers.taskmaster.shape import describe
from steward.importers.taskmaster.text import clean
from steward.importers.taskmaster.words import PRIORITIES, STATUSES, key_of

UNTITLED = "Untitled task"
LONGEST_TITLE = 2000
KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "description": ("description",),
    "details": ("details",),
    "test_strategy": ("testStrategy", "test_strategy"),
    "status": ("status",),
    "priority": ("priority",),
    "labels": ("tags", "labels"),
    "estimated_minutes": ("estimatedHours", "estimated_hours", "effort"),
    "actual_minutes": ("actualHours", "actual_hours", "actualEffort"),
    "complexity_score": ("complexity", "complexityScore"),
    "assignee": ("assignee",),
    "acceptance_criteria": ("acceptanceCriteria", "acceptance_criteria"),
    "created_at": ("createdAt", "created_at"),
    "updated_at": ("updatedAt", "updated_at"),
    "completed_at": ("completedAt", "completed_at"),
}
"""Which keys of the file feed which field; the first is the one an export adds."""

_HOURS_KEYS = frozenset({"estimatedHours", "estimated_hours", "actualHours", "actual_hours"})
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hr|hrs|hours?|m|min|mins|minutes?)?", re.I)
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)?(?:\[[ xX]\]\s*)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST_EFFORT = 100_000 * 60


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a subtask takes from the task above it when it says nothing itself."""

    priority: int = 5


def fields_of(raw: Any, inherited: Inherited, notes: Notes, path: Path) -> tuple[Fields, Inherited]:
    """Map one object; a bare text is a task with that title."""
    if isinstance(raw, str):
        return Fields(title=clean(raw.strip())[:LONGEST_TITLE], priority=inherited.priority), inherited
    reader = _Reader(raw, notes, path)
    priority = reader.priority(inherited.priority)
    fields = Fields(
        title=reader.title(),
        description=reader.text("description"),
        details=reader.text("details"),
        test_strategy=reader.text("test_strategy"),
        status=reader.status(),
        priority=priority,
        labels=reader.labels(),
        estimated_minutes=reader.minutes("estimated_minutes"),
        actual_minutes=reader.minutes("actual_minutes"),
        complexity_score=reader.complexity(),
        assignee=reader.assignee(),
        acceptance_criteria=reader.acceptance(),
        created_at=reader.time("created_at"),
        updated_at=reader.time("updated_at"),
        completed_at=reader.time("completed_at"),
    )
    return fields, Inherited(priority)


def steward_id_of(raw: Any) -> str | None:
    """Return the row id that an export of Steward wrote into an added task."""
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    found = metadata.get("steward_id") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


class _Reader:
    """Reads the fields of one object and notes what is odd."""

    def __init__(self, raw: dict[str, Any], notes: Notes, path: Path) -> None:
        self._raw = raw
        self._notes = notes
        self._path = path

    def _get(self, name: str) -> tuple[str, Any]:
        """Return the key that feeds a field and its value, None when there is none."""
        for key in KEYS[name]:
            if self._raw.get(key) is not None:
                return key, self._raw[key]
        return KEYS[name][0], None

    def _note(self, key: str, kind: str, message: str, action: str) -> None:
        self._notes.add((*self._path, key) if key in self._raw else self._path, kind, message, action)

    def _clean(self, key: str, text: str) -> str:
        cleaned = clean(text)
        if cleaned != text:
            message = f"`{key}` holds characters that no database text can hold"
            self._note(key, "unstorable_text", message, "replaced by U+FFFD; kept in the original")
        return cleaned

    def text(self, name: str) -> str:
        key, value = self._get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return self._clean(key, value)
        self._note(key, "wrong_type", f"`{key}` is {describe(value)}, not a text", "imported as its text")
        return self._clean(key, _as_text(value))

    def title(self) -> str:
        title = self.text("title")
        if title.strip():
            return self._fit(title)
        first = self.text("description").strip().partition("\n")[0][:200]
        self._note("title", "missing_title", "a task has no title", f"titled {first or UNTITLED!r}"[:120])
        return first or UNTITLED

    def _fit(self, title: str) -> str:
        if len(title) <= LONGEST_TITLE:
            return title
        message = f"the title has {len(title)} characters, more than {LONGEST_TITLE}"
        self._note("title", "long_title", message, "cut to that; the whole is kept in the original")
        return title[:LONGEST_TITLE]

    def status(self) -> str:
        value = self._raw.get("status")
        if value is None or value == "":
            return self._absent_status()
        known = STATUSES.get(key_of(value)) if isinstance(value, str) else None
        if known:
            return known
        message = f"the status {str(value)[:60]!r} is not known"
        self._note(
            "status", "unknown_status", message, "imported as pending; the word is kept in the original"
        )
        return "pending"

    def _absent_status(self) -> str:
        done = self._raw.get("completed") is True
        status = "done" if done else "pending"
        self._note("status", "missing_status", "a task has no status", f"imported as {status}")
        return status

    def priority(self, inherited: int) -> int:
        value = self._raw.get("priority")
        if value is None or value == "":
            return inherited
        known = PRIORITIES.get(key_of(value)) if isinstance(value, str) else None
        if known:
            return known
        message = f"the priority {str(value)[:60]!r} is not known"
        self._note(
            "priority",
            "unknown_priority",
            message,
            "imported as 5 (medium); the value is kept in the original",
        )
        return 5

    def labels(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for key in KEYS["labels"]:
            found.update(dict.fromkeys(self._labels_of(key, self._raw.get(key))))
        return tuple(found)

    def _labels_of(self, key: str, value: Any) -> Iterable[str]:
        if value is None:
            return ()
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list):
            self._note(key, "wrong_type", f"`{key}` is {describe(value)}, not a list of texts", KEPT)
            return ()
        if any(not isinstance(item, str) for item in items):
            self._note(key, "wrong_type", f"`{key}` holds elements that are no texts", "those are " + KEPT)
        return [self._clean(key, item.strip()) for item in items if isinstance(item, str) and item.strip()]

    def minutes(self, name: str) -> int | None:
        for key in KEYS[name]:
            if (value := self._raw.get(key)) is None:
                continue
            if (minutes := _minutes(value, bare_is_hours=key in _HOURS_KEYS)) is not None:
                return minutes
            if key in _HOURS_KEYS:
                self._note(key, "unknown_effort", f"`{key}` is {str(value)[:60]!r}, no number of hours", KEPT)
        return None

    def complexity(self) -> int | None:
        _, value = self._get("complexity_score")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            return None
        return int(value) if 1 <= value <= 13 else None

    def assignee(self) -> str | None:
        key, value = self._get("assignee")
        if isinstance(value, dict):
            value = next(
                (value[part] for part in ("name", "login", "username", "email") if value.get(part)), None
            )
        if isinstance(value, list):
            value = ", ".join(item for item in value if isinstance(item, str))
        return self._clean(key, value.strip()) or None if isinstance(value, str) else None

    def acceptance(self) -> tuple[str, ...]:
        key, value = self._get("acceptance_criteria")
        if value is None:
            return ()
        if isinstance(value, str):
            lines: Iterable[str] = (_BULLET.sub("", line).strip() for line in value.splitlines())
        elif isinstance(value, list):
            lines = (_criterion(item).strip() for item in value)
        else:
            self._note(key, "wrong_type", f"`{key}` is {describe(value)}, not a list", "imported as its text")
            lines = (_as_text(value),)
        return tuple(self._clean(key, line) for line in lines if line)

    def time(self, name: str) -> datetime | None:
        key, value = self._get(name)
        if value is None:
            return None
        found = parse_time(value)
        if found is None:
            self._note(key, "unknown_time", f"`{key}` is {str(value)[:60]!r}, no ISO 8601 time", KEPT)
        return found


def parse_time(value: Any) -> datetime | None:
    """Read an ISO 8601 time; one without offset is UTC."""
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _minutes(value: Any, *, bare_is_hours: bool) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        minutes = value * 60 if bare_is_hours else -1
    elif match := _DURATION.fullmatch(value.strip()):
        unit = (match[2] or ("h" if bare_is_hours else "")).lower()
        minutes = float(match[1][:20]) * {"h": 60, "m": 1}.get(unit[:1], -1)
    else:
        return None
    return round(minutes) if 0 <= minutes <= _LONGEST_EFFORT else None


def _criterion(item: Any) -> str:
    if isinstance(item, dict):
        item = next(
            (item[key] for key in ("description", "text", "title", "criterion") if item.get(key)), item
        )
    return item if isinstance(item, str) else _as_text(item)


def _as_text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else json.dumps(value)
