"""What a reader makes of one foreign file, and what the machinery has to know of a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from steward.importers.said import Said

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
    due_date: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment of the file.

    Attributes:
        ref: its id within its task, as text.
        author: who wrote it, as the file says.
        text: what was written.
        created_at: when, in UTC.
    """

    ref: str
    author: str
    text: str
    created_at: datetime | None


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
        metadata: what is kept beside the row's columns, under the name of the format.
        gone: the file itself says that it was deleted, `gone_at` then.
        comments: what was said about it, in file order.
    """

    ref: str
    tag: str
    parent_ref: str | None
    position: int
    path: Path
    raw: Any
    fields: Fields
    steward_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    gone: bool = False
    gone_at: datetime | None = None
    comments: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A live dependency: `ref` waits for `depends_on` or is related to it; `path` is its entry in the file.

    Attributes:
        type: `blocks` or `relates_to`.
        source_type: what the file calls it, where it has names.
    """

    ref: str
    depends_on: str
    path: Path
    type: str = "blocks"
    source_type: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedTag:
    """One tag: its tasks in file order, parents before their subtasks, and its live dependencies.

    Attributes:
        dropped_edges: entries that are neither live nor told by a parent.
        parent_edges: entries that became the row above.
        superseded: tasks of the file of which it holds a newer state too.
    """

    name: str
    metadata: dict[str, Any]
    tasks: tuple[ParsedTask, ...]
    edges: tuple[Edge, ...]
    dropped_edges: int = 0
    parent_edges: int = 0
    superseded: int = 0


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One whole file.

    Attributes:
        format: name of the format.
        shape: which of its shapes, such as `tagged` or `empty`.
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


@dataclass(frozen=True, slots=True)
class ExportRow:
    """What Steward knows of one task now.

    Attributes:
        id: id of the row.
        tag: its tag.
        ref: its reference in the file, None when it was added in Steward.
        parent_id: id of the row above.
        fields: its fields.
        blockers: ids of the rows it depends on.
        deleted: it is gone.
        links: all its dependencies, related rows too.
        said: its comments, deleted ones too, in the order they were written.
    """

    id: str
    tag: str
    ref: str | None
    parent_id: str | None
    fields: Fields
    blockers: tuple[str, ...] = ()
    deleted: bool = False
    links: tuple[Link, ...] = ()
    said: tuple[Said, ...] = ()


class Link(NamedTuple):
    """A dependency of a row: on which row, of which type, under which name in files, made when."""

    depends_on: str
    type: str
    source_type: str | None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """What the machinery has to know of a format.

    Attributes:
        name: kept with every imported file.
        parse: reads the unpacked bytes of a file, known by a name.
        written_fields: the fields that the format can hold.
        says_the_same: tells whether a row's value of a field would be written as what the file says.
    """

    name: str
    parse: Callable[[bytes, str], ParsedFile]
    written_fields: tuple[str, ...]
    says_the_same: Callable[[str, Any, Any], bool]


def place_of(path: Path) -> str:
    """Write a path as `$.master.tasks[3]`; keys that are no plain words are quoted."""
    return "$" + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    plain = step.replace("_", "a").replace("-", "a")
    return f".{step}" if plain.isalnum() and plain.isascii() else f'["{step}"]'
