"""Audit: who changed what, when, through what.

entry      one row for each row that a statement made, changed or deleted, written by triggers in the same transaction,
           so that no client can leave it out: user, agent, surface, operation, request, and a summary in words.
payload    old and new values beside the entry; the entry holds a salted hash of the exact text. Secrets show only that
           they changed.
undo       a request that changed one thing is taken back, as long as the thing is what it left; a new entry tells so.
mark       where a listener stands in the stream of entries.

Entries are added only: UPDATE, DELETE and TRUNCATE are refused, whoever asks. Heartbeats, queue, leases, jobs and
request keys are not audited. Partitions by month are made ahead.
"""

from __future__ import annotations

from steward.domains.audit import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.audit.ops import changes_after, history, list
from steward.domains.audit.ops_undo import undo
from steward.domains.audit.types import (
    AuditEntry,
    Change,
    Changes,
    EventAction,
    EventType,
    FieldChange,
    SettledEntry,
    Undone,
    UndoneRow,
)

__all__ = [
    "AuditEntry",
    "Change",
    "Changes",
    "EventAction",
    "EventType",
    "FieldChange",
    "SettledEntry",
    "Undone",
    "UndoneRow",
    "changes_after",
    "history",
    "list",
    "undo",
]
