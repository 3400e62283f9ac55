"""Reads the fields of a foreign object one by one: what does not fit is told, not guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from steward.importers.model import Path
from steward.importers.notes import KEPT, Notes
from steward.importers.strict_json import Number
from steward.importers.text import clean, describe
from steward.importers.words import PRIORITIES, STATUSES, key_of

UNTITLED = "Untitled task"
LONGEST_TITLE = 2000
_HOURS_KEYS = frozenset({"estimatedHours", "estimated_hours", "actualHours", "actual_hours"})
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hr|hrs|hours?|m|min|mins|minutes?)?", re.I)
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)?(?:\[[ xX]\]\s*)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST_EFFORT = 100_000 * 60


class Reader:
    """Reads the fields of one object and notes what is odd."""

    def __init__(
        self, raw: dict[str, Any], notes: Notes, path: Path, keys: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Read an object.

        Args:
            raw: the object.
            notes: where what is odd goes.
            path: where the object stands in its file.
            keys: which of its keys feed which field, the first of them that has a value.
        """
        self._raw = raw
        self._notes = notes
        self._path = path
        self._keys = keys

    def get(self, name: str) -> tuple[str, Any]:
        """Return the key that feeds a field and its value, None when there is none."""
        for key in self._keys[name]:
            if self._raw.get(key) is not None:
                return key, self._raw[key]
        return self._keys[name][0], None

    def note(self, key: str, kind: str, message: str, action: str) -> None:
        """Note what is odd about the value of a key."""
        self._notes.add((*self._path, key) if key in self._raw else self._path, kind, message, action)

    def clean(self, key: str, text: str) -> str:
        """Return text that a database can hold; a change is noted."""
        cleaned = clean(text)
        if cleaned != text:
            message = f"`{key}` holds characters that no database text can hold"
            self.note(key, "unstorable_text", message, "replaced by U+FFFD; kept in the original")
        return cleaned

    def text(self, name: str) -> str:
        """Read a text; what is none is imported as its text."""
        key, value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return self.clean(key, value)
        self.note(key, "wrong_type", f"`{key}` is {describe(value)}, not a text", "imported as its text")
        return self.clean(key, _as_text(value))

    def title(self) -> str:
        """Read the title; one that is missing is taken from the description."""
        title = self.text("title")
        if title.strip():
            return self._fit(title)
        first = self.text("description").strip().partition("\n")[0][:200]
        self.note("title", "missing_title", "a task has no title", f"titled {first or UNTITLED!r}"[:120])
        return first or UNTITLED

    def _fit(self, title: str) -> str:
        if len(title) <= LONGEST_TITLE:
            return title
        message = f"the title has {len(title)} characters, more than {LONGEST_TITLE}"
        self.note("title", "long_title", message, "cut to that; the whole is kept in the original")
        return title[:LONGEST_TITLE]

    def status(self) -> str:
        """Read the state in the words of all tools."""
        value = self._raw.get("status")
        if value is None or value == "":
            return self._absent_status()
        known = STATUSES.get(key_of(value)) if isinstance(value, str) else None
        if known:
            return known
        message = f"the status {str(value)[:60]!r} is not known"
        self.note(
            "status", "unknown_status", message, "imported as pending; the word is kept in the original"
        )
        return "pending"

    def _absent_status(self) -> str:
        done = self._raw.get("completed") is True
        status = "done" if done else "pending"
        self.note("status", "missing_status", "a task has no status", f"imported as {status}")
        return status

    def priority(self, inherited: int) -> int:
        """Read the priority as a word."""
        value = self._raw.get("priority")
        if value is None or value == "":
            return inherited
        known = PRIORITIES.get(key_of(value)) if isinstance(value, str) else None
        if known:
            return known
        message = f"the priority {str(value)[:60]!r} is not known"
        self.note(
            "priority",
            "unknown_priority",
            message,
            "imported as 5 (medium); the value is kept in the original",
        )
        return 5

    def labels(self) -> tuple[str, ...]:
        """Read labels of all keys, each once."""
        found: dict[str, None] = {}
        for key in self._keys["labels"]:
            found.update(dict.fromkeys(self._labels_of(key, self._raw.get(key))))
        return tuple(found)

    def _labels_of(self, key: str, value: Any) -> Iterable[str]:
        if value is None:
            return ()
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list):
            self.note(key, "wrong_type", f"`{key}` is {describe(value)}, not a list of texts", KEPT)
            return ()
        if any(not isinstance(item, str) for item in items):
            self.note(key, "wrong_type", f"`{key}` holds elements that are no texts", "those are " + KEPT)
        return [self.clean(key, item.strip()) for item in items if isinstance(item, str) and item.strip()]

    def minutes(self, name: str) -> int | None:
        """Read an effort in hours, or with a unit, as minutes."""
        for key in self._keys[name]:
            if (value := self._raw.get(key)) is None:
                continue
            if (minutes := _minutes(value, bare_is_hours=key in _HOURS_KEYS)) is not None:
                return minutes
            if key in _HOURS_KEYS:
                self.note(key, "unknown_effort", f"`{key}` is {str(value)[:60]!r}, no number of hours", KEPT)
        return None

    def complexity(self) -> int | None:
        """Read a complexity of 1 to 13."""
        _, value = self.get("complexity_score")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            return None
        return int(value) if 1 <= value <= 13 else None

    def assignee(self) -> str | None:
        """Read who it is for."""
        key, value = self.get("assignee")
        if isinstance(value, dict):
            value = next(
                (value[part] for part in ("name", "login", "username", "email") if value.get(part)), None
            )
        if isinstance(value, list):
            value = ", ".join(item for item in value if isinstance(item, str))
        return self.clean(key, value.strip()) or None if isinstance(value, str) else None

    def acceptance(self) -> tuple[str, ...]:
        """Read acceptance criteria, one a line."""
        key, value = self.get("acceptance_criteria")
        if value is None:
            return ()
        if isinstance(value, str):
            lines: Iterable[str] = (_BULLET.sub("", line).strip() for line in value.splitlines())
        elif isinstance(value, list):
            lines = (_criterion(item).strip() for item in value)
        else:
            self.note(key, "wrong_type", f"`{key}` is {describe(value)}, not a list", "imported as its text")
            lines = (_as_text(value),)
        return tuple(self.clean(key, line) for line in lines if line)

    def time(self, name: str) -> datetime | None:
        """Read a time."""
        key, value = self.get(name)
        if value is None:
            return None
        found = parse_time(value)
        if found is None:
            self.note(key, "unknown_time", f"`{key}` is {str(value)[:60]!r}, no ISO 8601 time", KEPT)
        return found


def steward_id_of(raw: Any) -> str | None:
    """Return the row id that an export of Steward wrote into an added task."""
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    found = metadata.get("steward_id") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def id_text(value: Any) -> str | None:
    """Write an id or a reference as text: 5, 5.0, "5" and " 5 " are one; None for what is no id."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Number):
        return str(int(value)) if "e" in value.text.lower() or value.text.endswith(".0") else value.text
    if isinstance(value, str):
        return value.strip() or None
    return None


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
