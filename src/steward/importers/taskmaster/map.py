"""From a task's object to the fields of a row. What has no field stays in the kept original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from steward.importers.model import Fields, Path
from steward.importers.notes import Notes
from steward.importers.reader import LONGEST_TITLE, Reader
from steward.importers.text import clean

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


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a subtask takes from the task above it when it says nothing itself."""

    priority: int = 5


def fields_of(raw: Any, inherited: Inherited, notes: Notes, path: Path) -> tuple[Fields, Inherited]:
    """Map one object; a bare text is a task with that title."""
    if isinstance(raw, str):
        return Fields(title=clean(raw.strip())[:LONGEST_TITLE], priority=inherited.priority), inherited
    reader = Reader(raw, notes, path, KEYS)
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
