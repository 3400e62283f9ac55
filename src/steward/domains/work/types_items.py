"""Enums and rows of epics, issues, workflows and their figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from steward.domains.work.types import Priority, TaskStatus


class _Words(StrEnum):
    """States that are also known by the words of other systems."""

    @classmethod
    def _other_words(cls) -> dict[str, str]:
        return {}

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        word = str(value).strip().lower().replace("-", "_").replace(" ", "_")
        found = cls._other_words().get(word, word)
        return next((member for member in cls if member.value == found), None)


class EpicStatus(_Words):
    """States of an epic; the words of other systems are accepted on input."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @classmethod
    def _other_words(cls) -> dict[str, str]:
        begun = dict.fromkeys(("active", "started", "doing"), "in_progress")
        ended = dict.fromkeys(("done", "closed", "complete", "finished"), "completed")
        waiting = dict.fromkeys(("open", "pending", "todo", "new", "draft", "backlog", "deferred"), "planned")
        return begun | ended | waiting | {"canceled": "cancelled"}


class IssueStatus(_Words):
    """States of an issue; the words of other systems are accepted on input."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @classmethod
    def _other_words(cls) -> dict[str, str]:
        begun = dict.fromkeys(("active", "started", "doing", "in_review", "review", "testing"), "in_progress")
        ended = dict.fromkeys(("done", "completed", "complete", "finished", "resolved", "fixed"), "closed")
        waiting = dict.fromkeys(
            ("pending", "todo", "new", "planned", "draft", "reopened", "deferred"), "open"
        )
        return begun | ended | waiting | {"canceled": "cancelled", "wontfix": "cancelled"}


class WorkflowStatus(_Words):
    """States of a workflow; the words of other systems are accepted on input."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _other_words(cls) -> dict[str, str]:
        begun = dict.fromkeys(("in_progress", "running", "started", "open"), "active")
        ended = dict.fromkeys(("done", "closed", "complete", "finished", "success"), "completed")
        waiting = dict.fromkeys(("planned", "new", "todo", "draft", "queued"), "pending")
        held = dict.fromkeys(("blocked", "on_hold", "deferred"), "paused")
        return (
            begun | ended | waiting | held | {"canceled": "cancelled", "failure": "failed", "error": "failed"}
        )


class WorkflowPhase(StrEnum):
    """Phases of a workflow, in their order."""

    INITIATION = "initiation"
    PLANNING = "planning"
    DEVELOPMENT = "development"
    TESTING = "testing"
    DEPLOYMENT = "deployment"
    COMPLETED = "completed"
    FAILED = "failed"


class Complexity(_Words):
    """How hard an epic is; low, medium and high are accepted on input."""

    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"

    @classmethod
    def _other_words(cls) -> dict[str, str]:
        return {"low": "simple", "easy": "simple", "medium": "moderate", "high": "complex", "hard": "complex"}


@dataclass(frozen=True, slots=True)
class ItemId:
    """An epic, issue or workflow that words were resolved to."""

    id: UUID
    project_id: UUID


@dataclass(frozen=True, slots=True)
class Epic:
    """A large piece of a project, with its hours and how far its issues and tasks are."""

    id: UUID
    project: str
    epic_id: str
    title: str
    description: str
    status: EpicStatus
    priority: Priority
    estimated_hours: Decimal | None
    actual_hours: Decimal | None
    complexity: Complexity | None
    dependencies: list[str]
    issues: int
    issues_open: int
    tasks: int
    tasks_done: int
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Issue:
    """What somebody reported or wants, with how far its tasks are."""

    id: UUID
    ref: str
    project: str
    number: int
    epic: str | None
    title: str
    description: str
    status: IssueStatus
    status_reason: str | None
    priority: Priority
    labels: list[str]
    assignee: str | None
    github_id: int | None
    github_url: str | None
    tasks: int
    tasks_done: int
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A run of work through phases; progress has completed, total and percentage, counted when asked for."""

    id: UUID
    project: str
    project_name: str
    name: str
    description: str
    requirements: str
    current_phase: WorkflowPhase
    status: WorkflowStatus
    progress: dict[str, Any]
    metrics: dict[str, Any]
    errors: list[Any]
    version: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkflowFigures:
    """What was last calculated of a workflow; scores in percent, None where nothing can be said yet."""

    workflow_id: UUID
    total_tasks: int
    completed_tasks: int
    failed_tasks: int
    blocked_tasks: int
    waiting_tasks: int
    completion_percentage: Decimal
    estimated_duration_hours: Decimal | None
    actual_duration_hours: Decimal | None
    efficiency_score: Decimal | None
    quality_score: Decimal | None
    complexity_score: Decimal | None
    critical_path_minutes: int
    critical_path: list[Any]
    resource_utilization: dict[str, Any]
    bottlenecks: list[Any]
    optimization_opportunities: list[Any]
    calculated_at: datetime


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """What was last calculated of a task; blocking_factor counts the open tasks that wait for it in the end."""

    task_id: UUID
    ref: str
    title: str
    status: TaskStatus
    complexity_score: Decimal | None
    estimated_effort_hours: Decimal | None
    actual_effort_hours: Decimal | None
    efficiency_ratio: Decimal | None
    quality_metrics: dict[str, Any]
    performance_metrics: dict[str, Any]
    dependency_impact_score: Decimal
    blocking_factor: Decimal
    critical_position: int | None
    completion_velocity: Decimal | None
    error_count: int
    retry_count: int
    code_quality_score: Decimal | None
    test_coverage_percentage: Decimal | None


@dataclass(frozen=True, slots=True)
class WorkflowAnalytics:
    """The figures of a workflow and of its tasks, those first that hold up most."""

    workflow: WorkflowFigures
    tasks: list[TaskFigures] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WorkflowPerformance:
    """A workflow's counts as they are now, beside the scores that were last calculated."""

    workflow_id: UUID
    project: str
    workflow_name: str
    status: WorkflowStatus
    current_phase: WorkflowPhase
    completion_percentage: Decimal
    efficiency_score: Decimal | None
    quality_score: Decimal | None
    total_tasks: int
    completed_tasks: int
    blocked_tasks: int
    avg_task_complexity: Decimal | None
    last_activity: datetime
    created_at: datetime
    duration_hours: Decimal
    calculated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Totals of a project, or of all projects together; what was archived or deleted is not counted."""

    total_projects: int
    total_epics: int
    completed_epics: int
    total_issues: int
    open_issues: int
    total_workflows: int
    active_workflows: int
    completed_workflows: int
    total_tasks: int
    completed_tasks: int
    total_dependencies: int
