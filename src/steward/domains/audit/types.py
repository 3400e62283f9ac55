"""Row types and enums of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventType(StrEnum):
    """What happened."""

    TASK_CREATED = "task_created"
    TASK_UPDATED = "task_updated"
    TASK_ASSIGNED = "task_assigned"
    TASK_CLOSED = "task_closed"
    TASK_DELETED = "task_deleted"
    CODE_REVIEW_STARTED = "code_review_started"
    CODE_REVIEW_COMPLETED = "code_review_completed"
    CODE_PUSHED = "code_pushed"
    TEST_EXECUTED = "test_executed"
    DEPLOYMENT_STARTED = "deployment_started"
    DEPLOYMENT_COMPLETED = "deployment_completed"
    DEPLOYMENT_FAILED = "deployment_failed"
    AGENT_EXECUTED = "agent_executed"
    AGENT_FAILED = "agent_failed"
    EVIDENCE_ADDED = "evidence_added"
    EVIDENCE_VERIFIED = "evidence_verified"
    EVIDENCE_REJECTED = "evidence_rejected"
    USER_CREATED = "user_created"
    USER_UPDATED = "user_updated"
    USER_DELETED = "user_deleted"
    PERMISSION_GRANTED = "permission_granted"
    PERMISSION_REVOKED = "permission_revoked"
    PROJECT_CREATED = "project_created"
    PROJECT_UPDATED = "project_updated"
    PROJECT_DELETED = "project_deleted"
    SECURITY_ISSUE_DETECTED = "security_issue_detected"
    SECURITY_ISSUE_RESOLVED = "security_issue_resolved"
    DATA_CREATED = "data_created"
    DATA_ACCESSED = "data_accessed"
    DATA_MODIFIED = "data_modified"
    DATA_DELETED = "data_deleted"
    API_CALL = "api_call"
    API_ERROR = "api_error"
    SYSTEM_ERROR = "system_error"
    CUSTOM = "custom"


class EventAction(StrEnum):
    """What was done to the thing."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    EXECUTE = "execute"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit log, without old and new values."""

    id: int
    log_id: UUID
    created_at: datetime
    project_id: UUID | None
    user_id: UUID | None
    user_name: str | None
    agent_name: str | None
    service_name: str | None
    operation: str | None
    event_type: EventType
    event_action: EventAction
    resource_type: str
    resource_id: str | None
    resource_name: str | None
    changes_summary: str | None
    request_id: str | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One change as it is kept, with its payload (None once erased by law)."""

    id: int
    created_at: datetime
    user_id: UUID | None
    user_name: str | None
    agent_name: str | None
    service_name: str | None
    operation: str | None
    event_type: EventType
    event_action: EventAction
    resource_type: str
    resource_id: str | None
    resource_name: str | None
    request_id: str | None
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one thing: who did what, and each value before and after."""

    id: int
    created_at: datetime
    user_id: UUID | None
    user_name: str | None
    agent_name: str | None
    service_name: str | None
    operation: str | None
    event_type: EventType
    event_action: EventAction
    resource_type: str
    resource_id: str | None
    resource_name: str | None
    request_id: str | None
    changes: list[FieldChange]


@dataclass(frozen=True, slots=True)
class UndoneRow:
    """What was undone, as the database tells it."""

    resource_type: str
    resource_id: str
    resource_name: str | None
    action: EventAction
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Undone:
    """What was undone: the thing, what had been done to it, and each value that was put back.

    Attributes:
        others: what else the request had done, such as `task_dependency create`, and was undone with it.
    """

    resource_type: str
    resource_id: str
    resource_name: str | None
    undone: EventAction
    changes: list[FieldChange]
    others: list[str]


@dataclass(frozen=True, slots=True)
class SettledEntry:
    """One row of the audit log whose transaction, and all before it, have ended."""

    xid: int
    id: int
    created_at: datetime
    project_id: UUID | None
    user_name: str | None
    agent_name: str | None
    service_name: str | None
    operation: str | None
    event_type: EventType
    event_action: EventAction
    resource_type: str
    resource_id: str | None
    resource_name: str | None
    changes_summary: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since a mark, and the mark to ask with next."""

    items: list[SettledEntry]
    mark: str
