"""Which lines are issues, and what each is referred to by: of two states of one issue the newer counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from steward.importers.beads.lines import Line
from steward.importers.model import Path
from steward.importers.notes import KEPT, Notes
from steward.importers.places import Places
from steward.importers.reader import id_text, parse_time
from steward.importers.refusal import Refused
from steward.importers.text import bounded, clean

_EPOCH = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Issue:
    """An issue, the line it stands on, its reference, and the id that the file means it by.

    `copies` are the numbers of the lines that hold other states of it.
    """

    line: Line
    raw: dict[str, Any]
    claimed: str
    ref: str = ""
    copies: list[int] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The place of the issue in reports."""
        return (self.ref,)

    @property
    def gone(self) -> bool:
        """Whether the issue was deleted."""
        return self.raw.get("status") == "tombstone"


@dataclass(slots=True)
class Issues:
    """The issues of a file in its order, and the number of lines that hold an older state of one."""

    found: list[Issue]
    superseded: int = 0


class LineIndex:
    """Finds lines of places."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._lines = {each.ref: each.line.number for each in issues}

    def line(self, path: Path) -> int | None:
        """Return the line of an issue."""
        return self._lines.get(str(path[0])) if path else None


def issues_of(lines: list[Line], name: str, notes: Notes) -> Issues:
    """Tell issues from other records, and settle ids that stand twice.

    Raises:
        Refused: an issue would be lost by a key that stands twice.
    """
    groups: dict[str, list[Issue]] = {}
    superseded = 0
    for line in lines:
        raw = line.value
        if raw is None:
            continue
        _check_keys(line, name, notes)
        if not _is_issue(raw):
            notes.add((), "other_record", "a line holds a record that is no issue", KEPT, line.number)
            continue
        issue = Issue(line, raw, _claimed(line, notes))
        superseded += _settle(groups.setdefault(issue.claimed, []), issue, notes)
    _refer(groups, notes)
    found = [issue for group in groups.values() for issue in group]
    return Issues(sorted(found, key=lambda issue: issue.line.number), superseded)


def _is_issue(raw: dict[str, Any]) -> bool:
    return raw.get("_type", "issue") == "issue" and ("title" in raw or ("id" in raw and "status" in raw))


def _claimed(line: Line, notes: Notes) -> str:
    given = id_text((line.value or {}).get("id"))
    if given is not None:
        return clean(given)
    notes.add((), "missing_id", "an issue has no id", "referred to by its line", line.number)
    return f"~{line.number}"


def _settle(group: list[Issue], issue: Issue, notes: Notes) -> bool:
    """Add an issue to those of its id; return whether it is another state of one that is there."""
    for place, other in enumerate(group):
        if not _are_one(issue.raw, other.raw):
            continue
        newer, older = (issue, other) if _age(issue) >= _age(other) else (other, issue)
        group[place] = newer
        newer.copies = [*other.copies, older.line.number]
        what = "an older state" if newer.raw != older.raw else "a copy"
        message = f"the issue {issue.claimed} stands in lines {other.line.number} and {issue.line.number}"
        action = f"line {newer.line.number} was taken; the other is {what} and {KEPT}"
        notes.add((), "duplicate_id", message, action, older.line.number)
        return True
    group.append(issue)
    return False


def _are_one(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Two branches may have given one number to two issues; those were not made at the same moment."""
    made = one.get("created_at")
    return (made is not None and made == other.get("created_at")) or one.get("title") == other.get("title")


def _age(issue: Issue) -> tuple[datetime, int]:
    return parse_time(issue.raw.get("updated_at")) or _EPOCH, issue.line.number


def _refer(groups: dict[str, list[Issue]], notes: Notes) -> None:
    used = {bounded(claimed) for claimed in groups}
    for claimed, group in groups.items():
        group[0].ref = bounded(claimed)
        for issue in group[1:]:
            number = 2
            while (ref := bounded(f"{claimed}~{number}")) in used:
                number += 1
            used.add(ref)
            issue.ref = ref
            message = (
                f"two issues have the id {claimed}, in lines {group[0].line.number} and {issue.line.number}"
            )
            action = f"imported as {ref}; dependencies on {claimed} mean the first"
            notes.add((), "duplicate_id", message, action, issue.line.number)


def _check_keys(line: Line, name: str, notes: Notes) -> None:
    """Every reader of JSON takes the later of two values; an id or a list that vanishes by it is another matter."""
    if not line.has_duplicates:
        return
    places = Places(line.text)
    for duplicate in places.duplicates:
        key = str(duplicate.path[-1])
        earlier, later = places.value_at(duplicate.earlier), places.value_at(duplicate.later)
        if earlier != later and key in ("id", "dependencies", "comments") and earlier:
            raise Refused(
                f"{name}: line {line.number}: the key {key!r} stands twice with different values",
                hint="a merge has run two issues together: separate them; nothing of the file was imported",
                line=line.number,
                kind="duplicate_key",
            )
        message = f"the key {key[:60]!r} stands twice in one object"
        notes.add(
            (), "duplicate_key", message, f"the later one is taken; the earlier one is {KEPT}", line.number
        )
