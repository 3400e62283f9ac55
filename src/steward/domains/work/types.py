"""Enums and rows of the work room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

# Every word that the systems Steward unites use for a state, and those of the files it reads.
_STATUS_WORDS = {
    "new": "pending",
    "open": "pending",
    "todo": "pending",
    "to-do": "pending",
    "to do": "pending",
    "ready": "pending",
    "planned": "pending",
    "in-progress": "in_progress",
    "in progress": "in_progress",
    "started": "in_progress",
    "active": "in_progress",
    "review": "in_review",
    "in-review": "in_review",
    "in review": "in_review",
    "awaiting-input": "awaiting_input",
    "waiting": "awaiting_input",
    "completed": "done",
    "complete": "done",
    "closed": "done",
    "finished": "done",
    "canceled": "cancelled",
    "wontfix": "cancelled",
    "postponed": "deferred",
}


class TaskStatus(StrEnum):
    """States of a task; the words of other systems are accepted on input."""

    DRAFT = "draft"
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    IN_REVIEW = "in_review"
    TESTING = "testing"
    AWAITING_INPUT = "awaiting_input"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEFERRED = "deferred"

    @classmethod
    def _missing_(cls, value: object) -> TaskStatus | None:
        word = str(value).strip().lower()
        found = _STATUS_WORDS.get(word, word.replace("-", "_"))
        return next((member for member in cls if member.value == found), None)


class TaskState(StrEnum):
    """What people want to know of a task: its status, and of a pending one whether it can be taken."""

    READY = "ready"
    CLAIMED = "claimed"
    WAITING = "waiting"
    DRAFT = "draft"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    IN_REVIEW = "in_review"
    TESTING = "testing"
    AWAITING_INPUT = "awaiting_input"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEFERRED = "deferred"


class TaskType(StrEnum):
    """Kinds of task."""

    BUG = "bug"
    FEATURE = "feature"
    REFACTOR = "refactor"
    TEST = "test"
    DOCUMENTATION = "documentation"
    TASK = "task"
    CHORE = "chore"
    PULL_REQUEST = "pull_request"


class Priority(IntEnum):
    """1 to 10, the higher the sooner; the words low, medium, high and critical are accepted on input."""

    P1 = 1
    P2 = 2
    LOW = 3
    P4 = 4
    MEDIUM = 5
    P6 = 6
    P7 = 7
    HIGH = 8
    P9 = 9
    CRITICAL = 10

    @classmethod
    def _missing_(cls, value: object) -> Priority | None:
        word = str(value).strip()
        if word.isdigit():
            return next((member for member in cls if member.value == int(word)), None)
        return cls.__members__.get(word.upper())


class DependencyType(StrEnum):
    """How two tasks are tied: `blocks` and `subtask_of` make one wait, `relates_to` does not."""

    BLOCKS = "blocks"
    RELATES_TO = "relates_to"
    SUBTASK_OF = "subtask_of"


class TaskOrder(StrEnum):
    """Orders of a list of tasks."""

    PRIORITY = "priority"
    NUMBER = "number"
    UPDATED = "updated"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as lists show it."""

    id: UUID
    ref: str
    project: str
    title: str
    type: TaskType
    status: TaskStatus
    priority: Priority
    labels: list[str]
    tag: str | None
    parent: str | None
    assigned_to: str | None
    held_by: str | None
    lease_until: datetime | None
    ready: bool
    waits_for: int
    subtasks: int
    subtasks_open: int
    version: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskLink:
    """Another task that a task is tied to, and how."""

    id: UUID
    ref: str
    title: str
    status: TaskStatus
    relation: str
    depth: int


@dataclass(frozen=True, slots=True)
class TaskText:
    """What only the page of one task shows."""

    description: str
    details: str
    test_strategy: str
    requirements: list[Any]
    acceptance_criteria: list[Any]
    status_reason: str | None
    required_capabilities: list[str]
    estimated_minutes: int | None
    actual_minutes: int | None
    complexity_score: int | None
    assigned_component: str | None
    result: Any
    attempts: int
    max_attempts: int
    quarantined_at: datetime | None
    quarantine_reason: str | None
    due_date: datetime | None
    started_at: datetime | None
    metadata: dict[str, Any]
    source: str | None
    epic: str | None
    issue: str | None
    workflow: str | None
    workflow_id: UUID | None


@dataclass(frozen=True, slots=True)
class TaskTexts(TaskText):
    """The same, and the links as the database gives them."""

    links: list[Any]


@dataclass(frozen=True, slots=True)
class NamedTask:
    """A task's id and reference."""

    id: UUID
    ref: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task, whole: its row, its texts, and what it is tied to."""

    task: TaskRow
    text: TaskText
    parents: list[TaskLink] = field(default_factory=list)
    subtasks: list[TaskLink] = field(default_factory=list)
    waits_for: list[TaskLink] = field(default_factory=list)
    awaited_by: list[TaskLink] = field(default_factory=list)
    version: int = 1


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A claimed task of many: its row, and the token for every later write."""

    token: int
    lease_until: datetime
    task: TaskRow


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a task, with what token, until when."""

    task_id: UUID
    token: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that was claimed: every later write of the agent needs the token."""

    token: int
    lease_until: datetime
    task: Task


@dataclass(frozen=True, slots=True)
class Choice:
    """The task that would be claimed next, and why this one."""

    task: TaskRow
    reasons: list[str]
    others_ready: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """A task that is not ready and what it waits for."""

    id: UUID
    ref: str
    title: str
    status: TaskStatus
    reason: str
    blockers: list[str]


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of something."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many tasks a filter keeps, and how many of them are in each state."""

    total: int
    by_state: list[Count]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A task of a graph; `steps` away from the task in the middle, where there is one."""

    id: UUID
    ref: str
    title: str
    status: TaskStatus
    state: TaskState
    priority: Priority
    steps: int


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A tie of two tasks of a graph: the second waits for the first, unless it only relates them."""

    before: str
    after: str
    type: DependencyType


@dataclass(frozen=True, slots=True)
class Graph:
    """Tasks that are tied to each other, cut to a limit; `total` is how many there are uncut."""

    total: int
    nodes: list[GraphNode]
    edges: list[GraphEdge]


@dataclass(frozen=True, slots=True)
class AgentLoad:
    """What an agent holds, how its work went (success in percent, None before a first try), when it was last seen."""

    agent_id: UUID
    agent: str
    held: int
    asking: int
    finished: int
    failed: int
    success_percent: int | None
    avg_minutes: int | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectCount:
    """How many tasks of a project are in one state."""

    project: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project is."""

    project: str
    ready: int
    by_status: list[Count]


@dataclass(frozen=True, slots=True)
class Held:
    """How many tasks agents hold, and the newest of their tokens."""

    tasks: int
    newest_token: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of work at a glance."""

    by_status: list[Count]
    ready: int
    held: int
    quarantined: int
    next: list[TaskRow]
    in_work: list[TaskRow]
    finished: list[TaskRow]


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """Figures that explain a choice."""

    ready: int
    higher: int
    same_priority: int
    oldest: bool


@dataclass(frozen=True, slots=True)
class TaskId:
    """A task that words were resolved to."""

    id: UUID
    project_id: UUID


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many tasks of the queue are free and held."""

    ready: int
    held: int
