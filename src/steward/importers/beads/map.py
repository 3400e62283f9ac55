"""From an issue to the fields of a row. What has no field stays in the kept original and, in part, the metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steward.importers.beads.words import (
    DEFAULT_PRIORITY,
    HELD_TYPES,
    PRIORITIES,
    STATUSES,
    type_of,
)
from steward.importers.model import Fields, Path, Remark
from steward.importers.notes import KEPT, Notes
from steward.importers.reader import Reader, id_text, parse_time
from steward.importers.strict_json import Number
from steward.importers.text import clean, describe
from steward.importers.words import STATUSES as OTHER_STATUSES
from steward.importers.words import key_of

KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "description": ("description",),
    "design": ("design",),
    "notes": ("notes",),
    "labels": ("labels",),
    "assignee": ("assignee",),
    "acceptance_criteria": ("acceptance_criteria",),
    "created_at": ("created_at",),
    "updated_at": ("updated_at",),
    "due_date": ("due_at",),
    "completed_at": ("closed_at",),
}
NOTES_HEADING = "## Notes\n\n"
_BETWEEN = f"\n\n{NOTES_HEADING}"
_BESIDE = (
    "issue_type",
    "status",
    "external_ref",
    "spec_id",
    "owner",
    "created_by",
    "sender",
    "started_at",
    "close_reason",
    "closed_by_session",
    "defer_until",
    "source_system",
    "source_repo",
    "pinned",
    "ephemeral",
    "is_template",
    "await_type",
    "await_id",
    "mol_type",
    "work_type",
    "deleted_at",
    "deleted_by",
    "delete_reason",
    "original_type",
)
"""What people look for and no column holds."""
_LONGEST_EFFORT = 100_000 * 60


def details_of(design: str, notes: str) -> str:
    """Put the two texts into one, so that both are seen."""
    if not notes:
        return design
    return f"{design}{_BETWEEN}{notes}" if design else f"{NOTES_HEADING}{notes}"


def split_details(details: str) -> tuple[str, str]:
    """Return design and notes again."""
    if details.startswith(NOTES_HEADING):
        return "", details.removeprefix(NOTES_HEADING)
    design, between, notes = details.partition(_BETWEEN)
    return (design, notes) if between else (details, "")


def latest_time(issues: list[dict[str, Any]]) -> datetime | None:
    """Return the newest time of a file, the moment that `defer_until` is measured by: reading must not need a clock."""
    keys = ("updated_at", "created_at", "closed_at")
    times = [found for issue in issues for key in keys if (found := parse_time(issue.get(key)))]
    return max(times, default=None)


def fields_of(raw: dict[str, Any], notes: Notes, path: Path, now: datetime | None) -> Fields:
    """Map one issue; `now` is the newest time of its file."""
    reader = _Reader(raw, notes, path, KEYS)
    return Fields(
        title=reader.title(),
        description=reader.text("description"),
        details=details_of(reader.text("design"), reader.text("notes")),
        status=reader.state(now),
        priority=reader.urgency(),
        type=reader.kind(),
        labels=reader.labels(),
        estimated_minutes=reader.effort(),
        assignee=reader.assignee(),
        acceptance_criteria=reader.acceptance(),
        created_at=reader.time("created_at"),
        updated_at=reader.time("updated_at"),
        due_date=reader.time("due_date"),
        completed_at=reader.time("completed_at"),
    )


def metadata_of(raw: dict[str, Any], comments: int) -> dict[str, Any]:
    """Return what is kept beside the columns, under the name of the format."""
    beside: dict[str, Any] = {}
    for key in _BESIDE:
        value = raw.get(key)
        if value not in (None, "", False) and isinstance(value, str | int | float):
            beside[key] = clean(value) if isinstance(value, str) else value
    if comments:
        beside["comments"] = comments
    return {"beads": beside}


def remarks_of(raw: dict[str, Any], notes: Notes, path: Path) -> tuple[Remark, ...]:
    """Return the comments of an issue."""
    given = raw.get("comments")
    if given is None:
        return ()
    if not isinstance(given, list):
        message = f"`comments` is {describe(given)}, not a list"
        notes.add((*path, "comments"), "wrong_type", message, KEPT)
        return ()
    found = []
    for number, item in enumerate(given):
        ref = remark_ref(item, number)
        if ref is None:
            notes.add((*path, "comments", number), "not_a_comment", "a comment has no text", KEPT)
            continue
        author = item.get("author")
        who = clean(author).strip() if isinstance(author, str) else ""
        found.append(Remark(ref, who, clean(item["text"]), parse_time(item.get("created_at"))))
    return tuple(found)


def remark_ref(item: Any, place: int) -> str | None:
    """Return what a comment is known by: its id, else its place (from 0); None for what says nothing."""
    text = item.get("text") if isinstance(item, dict) else None
    if not (isinstance(text, str) and text.strip()):
        return None
    return clean(id_text(item.get("id")) or f"~{place + 1}")


class _Reader(Reader):
    """Reads what beads has words of its own for."""

    def state(self, now: datetime | None) -> str:
        """Read the state; `now` is the newest time of the file."""
        word = self._raw.get("status")
        closed = self._raw.get("closed_at") is not None
        if not isinstance(word, str) or not word.strip():
            found = "done" if closed else "pending"
            self.note("status", "missing_status", "an issue has no status", f"imported as {found}")
            return found
        known = STATUSES.get(key_of(word))
        self._check_closed(known, closed)
        if known is None:
            return self._custom(word, closed)
        return (self._held(now) or known) if known == "pending" else known

    def _check_closed(self, known: str | None, closed: bool) -> None:
        if known == "done" and not closed:
            message = "a closed issue does not tell when it was closed"
            self.note("status", "closed_without_time", message, "taken as its last change")
        if closed and known not in (None, "done", "cancelled"):
            self.note(
                "closed_at", "open_with_closing_time", "an issue that is not closed has `closed_at`", KEPT
            )

    def _custom(self, word: str, closed: bool) -> str:
        """Beads hands out open issues alone: a word of the project's own must not make one ready here."""
        found = OTHER_STATUSES.get(key_of(word)) or ("done" if closed else "blocked")
        found = "deferred" if found == "pending" else found
        message = f"the status {word[:60]!r} is the project's own"
        self.note(
            "status", "custom_status", message, f"imported as {found}; the word is kept in the metadata"
        )
        return found

    def _held(self, now: datetime | None) -> str | None:
        """Return the state of an open issue that beads would not hand out."""
        if self._raw.get("pinned") is True:
            return "deferred"
        if self._raw.get("is_template") is True or self._raw.get("ephemeral") is True:
            return "draft"
        until = parse_time(self._raw.get("defer_until"))
        if until is not None and (now is None or until > now):
            return "deferred"
        return HELD_TYPES.get(str(self._raw.get("issue_type")))

    def urgency(self) -> int:
        """Read the priority, 0 to 4."""
        value = self._raw.get("priority")
        text = id_text(value) or ""
        number = text.upper().removeprefix("P")
        if number in ("0", "1", "2", "3", "4"):
            return PRIORITIES[int(number)]
        what = (
            "an issue has no priority" if value is None else f"the priority {str(value)[:60]!r} is not 0 to 4"
        )
        kind = "missing_priority" if value is None else "unknown_priority"
        self.note("priority", kind, what, f"imported as {PRIORITIES[DEFAULT_PRIORITY]} (medium)")
        return PRIORITIES[DEFAULT_PRIORITY]

    def kind(self) -> str:
        """Read the type; a tombstone says what it was before."""
        value = self._raw.get("original_type") or self._raw.get("issue_type")
        if not isinstance(value, str) or not value:
            self.note("issue_type", "missing_type", "an issue has no type", "imported as task")
            return "task"
        return type_of(value)

    def effort(self) -> int | None:
        """Read the estimate in minutes."""
        value = self._raw.get("estimated_minutes")
        if value is None:
            return None
        sound = (
            isinstance(value, int | Number) and not isinstance(value, bool) and 0 <= value <= _LONGEST_EFFORT
        )
        if not sound:
            message = f"`estimated_minutes` is {str(value)[:60]!r}, no number of minutes"
            self.note("estimated_minutes", "unknown_effort", message, KEPT)
            return None
        minutes: int = round(value)
        return minutes
