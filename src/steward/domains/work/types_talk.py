"""Enums and rows of talk about work: comments, attachments, questions, devlog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from steward.domains.work.types import Priority


class ContentType(StrEnum):
    """How a comment is written; whatever it is, it is escaped where it is shown."""

    MARKDOWN = "markdown"
    PLAIN = "plain"
    HTML = "html"


class QuestionStatus(StrEnum):
    """States of a question."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class _Hyphened(StrEnum):
    """Words with hyphens; underscores and blanks are accepted on input."""

    @classmethod
    def _missing_(cls, value: object) -> _Hyphened | None:
        word = str(value).strip().lower().replace("_", "-").replace(" ", "-")
        return next((member for member in cls if member.value == word), None)


class DevlogType(_Hyphened):
    """Kinds of devlog entry."""

    FEATURE = "feature"
    BUGFIX = "bugfix"
    TASK = "task"
    REFACTOR = "refactor"
    DOCS = "docs"


class DevlogStatus(_Hyphened):
    """States of a devlog entry."""

    NEW = "new"
    IN_PROGRESS = "in-progress"
    BLOCKED = "blocked"
    IN_REVIEW = "in-review"
    TESTING = "testing"
    DONE = "done"
    CANCELLED = "cancelled"


class DevlogPriority(_Hyphened):
    """Priorities of a devlog entry."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class NoteCategory(_Hyphened):
    """Kinds of note in a devlog entry."""

    PROGRESS = "progress"
    ISSUE = "issue"
    SOLUTION = "solution"
    IDEA = "idea"
    REMINDER = "reminder"
    FEEDBACK = "feedback"
    ACCEPTANCE_CRITERIA = "acceptance-criteria"


class DevlogRelation(_Hyphened):
    """How a devlog entry is tied to another or to something elsewhere."""

    BLOCKS = "blocks"
    BLOCKED_BY = "blocked-by"
    RELATED_TO = "related-to"
    PARENT_OF = "parent-of"
    CHILD_OF = "child-of"


class DocumentType(_Hyphened):
    """Kinds of document in a devlog entry."""

    TEXT = "text"
    MARKDOWN = "markdown"
    IMAGE = "image"
    PDF = "pdf"
    CODE = "code"
    JSON = "json"
    CSV = "csv"
    LOG = "log"
    CONFIG = "config"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Target:
    """A task or an issue that words were resolved to."""

    project_id: UUID
    task_id: UUID | None
    issue_id: UUID | None


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a task or an issue."""

    id: UUID
    about: str
    project: str
    author: str
    author_user_id: UUID | None
    author_agent_id: UUID | None
    content: str
    content_type: ContentType
    github_comment_id: int | None
    is_ai_generated: bool
    ai_metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a task, without its content."""

    id: UUID
    task: str
    project: str
    file_name: str
    file_type: str | None
    file_size_bytes: int | None
    sha256: str | None
    storage_path: str
    is_evidence: bool
    evidence_id: UUID | None
    metadata: dict[str, Any]
    created_by: str | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FileContent:
    """A part of a file's content."""

    name: str
    type: str | None
    size: int
    offset: int
    content: bytes
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent asked a person about a task, and how it ended."""

    id: UUID
    task: str
    task_title: str
    project: str
    agent: str
    question: str
    choices: list[str]
    urgency: Priority
    asked_person: str | None
    status: QuestionStatus
    answer: str | None
    choice: str | None
    answered_by: str | None
    close_reason: str | None
    expires_at: datetime
    closed_at: datetime | None
    waited_ms: int
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long somebody or something has waited for people."""

    name: str
    questions: int
    open_questions: int
    waited_ms: int


@dataclass(frozen=True, slots=True)
class DevlogEntry:
    """One entry of the devlog."""

    id: UUID
    key_field: str
    project: str
    title: str
    type: DevlogType
    description: str
    status: DevlogStatus
    priority: DevlogPriority
    assignee: str | None
    business_context: Any
    technical_context: Any
    tags: list[str]
    files: list[str]
    archived: bool
    notes: int
    documents: int
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DevlogNote:
    """A note in a devlog entry."""

    id: UUID
    timestamp: datetime
    category: NoteCategory
    content: str
    author: str | None


@dataclass(frozen=True, slots=True)
class DevlogTie:
    """What a devlog entry is tied to."""

    id: UUID
    type: DevlogRelation
    description: str
    external_id: str | None
    target: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DevlogDocument:
    """A document of a devlog entry, without its content."""

    id: UUID
    filename: str
    original_name: str
    mime_type: str
    size: int
    type: DocumentType
    sha256: str
    metadata: dict[str, Any]
    uploaded_by: str | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Devlog:
    """A devlog entry, whole: its newest notes, its ties and its documents."""

    entry: DevlogEntry
    notes: list[DevlogNote]
    dependencies: list[DevlogTie]
    documents: list[DevlogDocument]
    version: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file to be read: its name, type and hash."""

    name: str
    type: str | None
    sha256: str | None
    storage_path: str
