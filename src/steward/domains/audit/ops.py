"""The operations of the audit; they only read."""

from __future__ import annotations

import builtins
import contextlib
import re
from datetime import datetime
from typing import Any

from steward.domains import projects, work
from steward.domains.audit.types import (
    AuditEntry,
    Change,
    Changes,
    EventType,
    FieldChange,
    HistoryRow,
    SettledEntry,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import NotFound
from steward.kit.op import Page, op

_NEWEST = 2**63 - 1
_REFERENCE = re.compile(r"^[A-Za-z0-9]{2,10}-\d{1,17}$")


@op()
def list(
    db: Db,
    *,
    project: str | None = None,
    resource: str | None = None,
    resource_type: str | None = None,
    actor: str | None = None,
    event_type: EventType | None = None,
    since: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[AuditEntry]:
    """List what happened, newest first.

    Args:
        project: only in this project.
        resource: only to the thing of this id, or to the task or issue of this reference, such as ACME-42.
        resource_type: only to things of this type, such as task.
        actor: only by this user (id or name) or agent (name).
        event_type: only events of this type.
        since: only from this time on.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (before,) = cursors.decode(cursor, int)
    rows = db.all(
        "audit.list_logs",
        AuditEntry,
        project_id=None if project is None else projects.require_id(db, project),
        resource=None if resource is None else _id(db, resource),
        resource_type=resource_type,
        actor=actor,
        event_type=event_type,
        since=since,
        before=before,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda entry: (entry.id,))


@op()
def history(
    db: Db, *, resource: str, resource_type: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Change]:
    """Show what happened to one thing, newest first, with each value before and after; of a task also to its ties.

    Args:
        resource: its id, or a task's or issue's reference such as ACME-42.
        resource_type: its type, such as task; not needed, since ids are unique.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (before,) = cursors.decode(cursor, int)
    rows = db.all(
        "audit.history",
        HistoryRow,
        resource=_id(db, resource),
        resource_type=resource_type,
        before=_NEWEST if before is None else before,
        limit=cursors.check_limit(limit),
    )
    return cursors.page([_change(row) for row in rows], limit, lambda change: (change.id,))


def _id(db: Db, words: str) -> str:
    """Return the id under which a thing is written down; a reference is looked up among tasks and issues.

    Raises:
        NotFound: there is no such task or issue.
    """
    words = words.strip()
    if not _REFERENCE.match(words):
        return words.lower()
    try:
        return str(work.get(db, task=words).task.id)
    except NotFound:
        with contextlib.suppress(NotFound):
            return str(work.get_issue(db, issue=words).id)
        raise


def _change(row: HistoryRow) -> Change:
    return Change(
        row.id,
        row.created_at,
        row.user_id,
        row.user_name,
        row.agent_name,
        row.service_name,
        row.operation,
        row.event_type,
        row.event_action,
        row.resource_type,
        row.resource_id,
        row.resource_name,
        row.request_id,
        _fields(row.payload or {}),
    )


def _fields(payload: dict[str, Any]) -> builtins.list[FieldChange]:
    old, new = payload.get("old") or {}, payload.get("new") or {}
    return [FieldChange(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]


def changes_after(db: Db, mark: str | None, *, limit: int = 500) -> Changes:
    """Return what was committed since a mark, each row once and none left out, by whatever client.

    Rows come in the order of their transactions and only from below the oldest one still running: an id says nothing
    about when its transaction commits. A transaction that stays open holds later rows back.

    Args:
        db: the transaction.
        mark: `mark` of the answer before; None for "from now on".
        limit: how many rows at most.
    """
    settled = db.value("audit.settled")
    if mark is None:
        return Changes([], f"{settled - 1}.{_NEWEST}")
    xid, _, last = mark.partition(".")
    found = db.all(
        "audit.changes_after", SettledEntry, xid=xid, id=int(last), settled=str(settled), limit=limit
    )
    if len(found) == limit:
        return Changes(found, f"{found[-1].xid}.{found[-1].id}")
    return Changes(found, f"{max(settled - 1, int(xid))}.{_NEWEST}")
