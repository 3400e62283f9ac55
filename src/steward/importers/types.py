"""Rows that the importer reads from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.importers.model import Fields
from steward.importers.said import Said


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What the importer needs of a project."""

    id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """The kept original of a file."""

    id: UUID
    project_id: UUID
    source_name: str
    source_path: str
    content_sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as it stands now, with what the importer compares."""

    id: UUID
    parent_id: UUID | None
    tag: str | None
    ref: str | None
    title: str
    description: str
    details: str
    test_strategy: str
    status: str
    priority: int
    type: str
    labels: list[str]
    estimated_minutes: int | None
    actual_minutes: int | None
    complexity_score: int | None
    assignee: str | None
    acceptance_criteria: list[Any]
    due_date: datetime | None
    order_index: int
    worked_on: bool
    removed_by_file: bool
    deleted: bool
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None

    def fields(self) -> Fields:
        """Return what can be compared with a file."""
        return Fields(
            title=self.title,
            description=self.description,
            details=self.details,
            test_strategy=self.test_strategy,
            status=self.status,
            priority=self.priority,
            type=self.type,
            labels=tuple(self.labels),
            estimated_minutes=self.estimated_minutes,
            actual_minutes=self.actual_minutes,
            complexity_score=self.complexity_score,
            assignee=self.assignee,
            acceptance_criteria=tuple(self.acceptance_criteria),
            created_at=self.created_at,
            updated_at=self.updated_at,
            due_date=self.due_date,
            completed_at=self.completed_at,
        )


@dataclass(frozen=True, slots=True)
class TaskEdge:
    """A dependency that makes one task wait for another."""

    task_id: UUID
    depends_on_id: UUID


@dataclass(frozen=True, slots=True)
class TaskLink:
    """A dependency of any type, with the name that its file has for it."""

    task_id: UUID
    depends_on_id: UUID
    type: str
    source_type: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CommentState:
    """A comment on a task as it stands now, with its id in the file that it came from."""

    task_id: UUID
    id: UUID
    ref: str | None
    author: str
    text: str
    created_at: datetime
    updated_at: datetime
    deleted: bool

    def said(self) -> Said:
        """Return what an export needs of it."""
        return Said(
            str(self.id),
            self.ref,
            self.author,
            self.text,
            self.created_at,
            self.updated_at,
            self.deleted,
        )


@dataclass(frozen=True, slots=True)
class CommentId:
    """A comment and the task it is about."""

    task_id: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class TaskParent:
    """A task and the one above it."""

    id: UUID
    parent_id: UUID | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows the tables hold that an import writes to."""

    projects: int
    files: int
    tasks: int
    dependencies: int
    comments: int
