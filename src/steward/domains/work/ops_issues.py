"""Operations on issues: add, get, list, update, close, delete."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains.work.find import check_line, scope
from steward.domains.work.find_items import NONE, epic_of, holding, issue_of
from steward.domains.work.ops_epics import MOST, needed_project
from steward.domains.work.types import Priority
from steward.domains.work.types_items import Issue, IssueStatus
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Page, Profile, op
from steward.kit.versions import check_version


@op(write=True)
def add_issue(
    db: Db,
    *,
    title: str,
    project: str | None = None,
    epic: str | None = None,
    description: str = "",
    status: IssueStatus = IssueStatus.OPEN,
    priority: Priority = Priority.MEDIUM,
    labels: list[str] | None = None,
    assignee: str | None = None,
    github_id: int | None = None,
    github_url: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Issue:
    """Add an issue; it takes the next number of the project, which no task has.

    Args:
        title: what is wrong or wanted, in a line.
        project: slug, key or id; the project of the epic or the one in hand when left out.
        epic: the epic it belongs to, such as EPIC-001.
        description: all of it.
        status: open, in_progress, blocked, closed or cancelled.
        priority: 1 to 10, or low, medium, high, critical.
        labels: words to find it by.
        assignee: who takes care of it: a user, an agent, or a name on GitHub.
        github_id: its id on GitHub.
        github_url: its address on GitHub.
        metadata: anything else, as an object.
    """
    check_line("title", title)
    found = epic_of(db, epic, project) if epic else None
    project_id = needed_project(db, project) if project or found is None else found.project_id
    if found is not None and found.project_id != project_id:
        raise Invalid(
            f"epic {epic} is of another project", hint="an issue belongs to an epic of its own project"
        )
    made: UUID = db.value(
        "work.add_issue",
        project_id=project_id,
        epic_id=found.id if found else None,
        title=title,
        description=description,
        status=status,
        priority=int(priority),
        labels=labels or [],
        assignee=assignee or None,
        github_id=github_id,
        github_url=github_url,
        metadata=json.dumps(metadata or {}),
    )
    return db.one("work.get_issue", Issue, id=made)


@op()
def get_issue(db: Db, *, issue: str) -> Issue:
    """Show one issue; `work list --issue` lists its tasks.

    Args:
        issue: such as ACME-42, or its id.
    """
    return db.one("work.get_issue", Issue, id=issue_of(db, issue).id)


@op()
def list_issues(
    db: Db,
    *,
    project: str | None = None,
    epic: str | None = None,
    status: list[IssueStatus] | None = None,
    priority: Priority | None = None,
    label: str | None = None,
    assignee: str | None = None,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Issue]:
    """List issues, the highest number first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        epic: only issues of this epic, such as EPIC-001.
        status: only these states.
        priority: only this priority.
        label: only issues that bear this label.
        assignee: only what this user or agent takes care of.
        text: only issues that hold these words in title or description, or bear this reference.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    number, after = cursors.decode(cursor, int, UUID)
    found = epic_of(db, epic, project) if epic else None
    project_id = found.project_id if found else scope(db, project)
    rows = db.all(
        "work.list_issues",
        Issue,
        project_id=project_id,
        epic_id=found.id if found else None,
        status=[str(one) for one in status] if status else None,
        priority=int(priority) if priority else None,
        label=label,
        assignee=assignee,
        **holding(db, "issue", text, project_id),
        after_number=number,
        after_id=after,
        limit=cursors.check_limit(limit, MOST),
    )
    return cursors.page(rows, limit, lambda issue: (issue.number, issue.id))


@op(write=True, idempotent=True)
def update_issue(
    db: Db,
    *,
    issue: str,
    version: int | None = None,
    epic: str | None = None,
    title: str | None = None,
    description: str | None = None,
    status: IssueStatus | None = None,
    reason: str | None = None,
    priority: Priority | None = None,
    labels: list[str] | None = None,
    assignee: str | None = None,
    github_id: int | None = None,
    github_url: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Issue:
    """Change an issue; what is left out stays as it is.

    Args:
        issue: such as ACME-42, or its id.
        version: refuse when the issue has changed since this version.
        epic: the epic it belongs to; `none` takes it out.
        title: what is wrong or wanted.
        description: all of it.
        status: the next state; closed stamps when.
        reason: why the state changes.
        priority: 1 to 10, or low, medium, high, critical.
        labels: all its labels.
        assignee: who takes care of it; `nobody` for none.
        github_id: its id on GitHub.
        github_url: its address on GitHub.
        metadata: keys to set, as an object.
    """
    check_line("title", title)
    found = issue_of(db, issue)
    check_version(f"issue {issue}", version, db.value("work.lock_issue", id=found.id))
    no_epic = epic is not None and epic.lower() in NONE
    db.run(
        "work.update_issue",
        id=found.id,
        no_epic=no_epic,
        epic_id=epic_of(db, epic, str(found.project_id)).id if epic and not no_epic else None,
        title=title,
        description=description,
        status=status,
        reason=reason,
        priority=int(priority) if priority else None,
        labels=labels,
        no_assignee=assignee is not None and assignee.lower() in NONE,
        assignee=assignee,
        github_id=github_id,
        github_url=github_url,
        metadata=json.dumps(metadata) if metadata else None,
    )
    return db.one("work.get_issue", Issue, id=found.id)


@op(write=True)
def close_issue(db: Db, *, issue: str, reason: str | None = None) -> Issue:
    """Close an issue.

    Args:
        issue: such as ACME-42, or its id.
        reason: how it was settled.
    """
    return update_issue(db, issue=issue, status=IssueStatus.CLOSED, reason=reason)


@op(write=True, destructive=True, profile=Profile.ALL)
def delete_issue(db: Db, *, issue: str) -> int:
    """Put an issue away; its tasks stay, and its number stays taken. Returns how many were put away.

    Args:
        issue: such as ACME-42, or its id.
    """
    return db.run("work.delete_issue", id=issue_of(db, issue).id)
