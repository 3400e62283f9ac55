"""What the reader makes of one Taskmaster file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Path = tuple[str | int, ...]
"""The way from the top of the document to a value: keys and list positions."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something in a file that is not as it should be, and what was done about it.

    Attributes:
        place: JSON path, such as `$.master.tasks[3].dependencies[1]`.
        line: line of the file, counted from 1, where known.
        kind: stable code, such as `dangling_dependency`.
        message: what is odd.
        action: what was done.
    """

    place: str
    line: int | None
    kind: str
    message: str
    action: str


@dataclass(frozen=True, slots=True)
class Fields:
    """What a task of the file says, in Steward's words. Effort in minutes, times in UTC."""

    title: str
    description: str = ""
    details: str = ""
    test_strategy: str = ""
    status: str = "pending"
    priority: int = 5
    type: str = "task"
    labels: tuple[str, ...] = ()
    estimated_minutes: int | None = None
    actual_minutes: int | None = None
    complexity_score: int | None = None
    assignee: str | None = None
    acceptance_criteria: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParsedTask:
    """One task or subtask as a row.

    Attributes:
        ref: reference that is unique within the tag, dotted for subtasks (`5.2.1`).
        tag: name of the tag.
        parent_ref: reference of the parent task, None at the top.
        position: place among its siblings, from 0.
        path: way to the object in the document.
        raw: the object as it stands in the file, key order kept.
        fields: what it says in Steward's words.
        steward_id: id of the row that an export of Steward wrote into it, if any.
    """

    ref: str
    tag: str
    parent_ref: str | None
    position: int
    path: Path
    raw: Any
    fields: Fields
    steward_id: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A live dependency: the task `ref` waits for `depends_on`; `path` is its entry in the file."""

    ref: str
    depends_on: str
    path: Path


@dataclass(frozen=True, slots=True)
class ParsedTag:
    """One tag: its tasks in file order, parents before their subtasks, and its live dependencies."""

    name: str
    metadata: dict[str, Any]
    tasks: tuple[ParsedTask, ...]
    edges: tuple[Edge, ...]
    dropped_edges: int = 0


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One whole file.

    Attributes:
        format: always `taskmaster`.
        shape: `tagged`, `untagged`, `mixed`, `array` or `empty`.
        source_name: the name it is known by within its project.
        sha256: of the unpacked bytes, in hex.
        data: the unpacked bytes, kept whole.
        tags: in file order.
        oddities: in file order.
        raw: the parsed document.
    """

    format: str
    shape: str
    source_name: str
    sha256: str
    data: bytes
    tags: tuple[ParsedTag, ...]
    oddities: tuple[Oddity, ...]
    raw: Any = field(repr=False)

    @property
    def tasks(self) -> tuple[ParsedTask, ...]:
        """All tasks and subtasks of all tags."""
        return tuple(task for tag in self.tags for task in tag.tasks)


def place_of(path: Path) -> str:
    """Write a path as `$.master.tasks[3]`; keys that are no plain words are quoted."""
    return "$" + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    plain = step.replace("_", "a").replace("-", "a")
    return f".{step}" if plain.isalnum() and plain.isascii() else f'["{step}"]'
