"""Operations on epics: add, get, list, update, archive."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.domains.work.find import check_line, scope
from steward.domains.work.find_items import epic_of
from steward.domains.work.types import Priority
from steward.domains.work.types_items import Complexity, Epic, EpicStatus, ItemId
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Page, Profile, op
from steward.kit.versions import check_version

MOST = 500


def needed_project(db: Db, project: str | None) -> UUID:
    """Return the named project or the one in hand.

    Raises:
        Invalid: there is neither.
    """
    found = projects.resolve_id(db, project)
    if found is None:
        raise Invalid(
            "no project is named or in hand", hint="give --project, or add one with `steward projects add`"
        )
    return found


def minutes(hours: float | None) -> int | None:
    """Return hours as whole minutes."""
    if hours is not None and not 0 <= hours <= 1_000_000:
        raise Invalid(
            f"estimated_hours: {hours} is not between 0 and 1000000", hint="give hours, such as 1.5"
        )
    return None if hours is None else round(hours * 60)


def _wait(db: Db, epic: ItemId, others: list[str]) -> None:
    """Let an epic wait for exactly these."""
    project = str(epic.project_id)
    ids = [epic_of(db, other, None if "/" in other else project).id for other in others]
    if epic.id in ids:
        itself = others[ids.index(epic.id)]
        raise Invalid(f"depends_on: {itself} is the epic itself", hint="leave it out")
    db.run("work.keep_epic_dependencies", id=epic.id, others=ids)
    db.run("work.add_epic_dependencies", id=epic.id, project_id=epic.project_id, others=ids)


@op(write=True)
def add_epic(
    db: Db,
    *,
    title: str,
    project: str | None = None,
    epic_id: str | None = None,
    description: str = "",
    status: EpicStatus = EpicStatus.PLANNED,
    priority: Priority = Priority.MEDIUM,
    estimated_hours: float | None = None,
    complexity: Complexity | None = None,
    depends_on: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Epic:
    """Add an epic: a large piece of a project.

    Args:
        title: what it is, in a line.
        project: slug, key or id; the project in hand when left out.
        epic_id: its name in the project, such as EPIC-001; the next number when left out.
        description: what and why.
        status: planned, in_progress, blocked, completed or cancelled.
        priority: 1 to 10, or low, medium, high, critical.
        estimated_hours: how long it should take.
        complexity: simple, moderate or complex.
        depends_on: epics that must be completed first, such as EPIC-001.
        metadata: anything else, as an object.
    """
    check_line("title", title)
    project_id = needed_project(db, project)
    made: UUID = db.value(
        "work.add_epic",
        project_id=project_id,
        epic_id=epic_id.strip() if epic_id else None,
        title=title,
        description=description,
        status=status,
        priority=int(priority),
        estimated_minutes=minutes(estimated_hours),
        complexity=complexity,
        metadata=json.dumps(metadata or {}),
    )
    if depends_on:
        _wait(db, ItemId(made, project_id), depends_on)
    return db.one("work.get_epic", Epic, id=made)


@op()
def get_epic(db: Db, *, epic: str, project: str | None = None) -> Epic:
    """Show one epic; `work list --epic` lists its tasks.

    Args:
        epic: such as EPIC-001, ACME/EPIC-001, or its id.
        project: slug, key or id; the project in hand when left out.
    """
    return db.one("work.get_epic", Epic, id=epic_of(db, epic, project).id)


@op()
def list_epics(
    db: Db,
    *,
    project: str | None = None,
    status: list[EpicStatus] | None = None,
    priority: Priority | None = None,
    complexity: Complexity | None = None,
    text: str | None = None,
    archived: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Epic]:
    """List epics, newest first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        status: only these states.
        priority: only this priority.
        complexity: only this hard.
        text: only epics with these words in epic_id, title or description.
        archived: archived ones too.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    rows = db.all(
        "work.list_epics",
        Epic,
        project_id=scope(db, project),
        status=[str(one) for one in status] if status else None,
        priority=int(priority) if priority else None,
        complexity=complexity,
        text=text or None,
        archived=archived,
        after=after,
        limit=cursors.check_limit(limit, MOST),
    )
    return cursors.page(rows, limit, lambda epic: (epic.id,))


@op(write=True, idempotent=True)
def update_epic(
    db: Db,
    *,
    epic: str,
    project: str | None = None,
    version: int | None = None,
    title: str | None = None,
    description: str | None = None,
    status: EpicStatus | None = None,
    priority: Priority | None = None,
    estimated_hours: float | None = None,
    complexity: Complexity | None = None,
    depends_on: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Epic:
    """Change an epic; what is left out stays as it is.

    Args:
        epic: such as EPIC-001, ACME/EPIC-001, or its id.
        project: slug, key or id; the project in hand when left out.
        version: refuse when the epic has changed since this version.
        title: what it is.
        description: what and why.
        status: the next state; completed stamps when.
        priority: 1 to 10, or low, medium, high, critical.
        estimated_hours: how long it should take.
        complexity: simple, moderate or complex.
        depends_on: all epics that must be completed first.
        metadata: keys to set, as an object.
    """
    check_line("title", title)
    found = epic_of(db, epic, project)
    check_version(f"epic {epic}", version, db.value("work.lock_epic", id=found.id))
    db.run(
        "work.update_epic",
        id=found.id,
        title=title,
        description=description,
        status=status,
        priority=int(priority) if priority else None,
        estimated_minutes=minutes(estimated_hours),
        complexity=complexity,
        metadata=json.dumps(metadata) if metadata else None,
    )
    if depends_on is not None:
        _wait(db, found, depends_on)
    return db.one("work.get_epic", Epic, id=found.id)


@op(write=True, idempotent=True, profile=Profile.ALL)
def archive_epic(db: Db, *, epic: str, project: str | None = None, restore: bool = False) -> Epic:
    """Put an epic away, or bring it back; its issues and tasks stay.

    Args:
        epic: such as EPIC-001, ACME/EPIC-001, or its id.
        project: slug, key or id; the project in hand when left out.
        restore: bring it back instead.
    """
    found = epic_of(db, epic, project)
    db.run("work.archive_epic", id=found.id, restore=restore)
    return db.one("work.get_epic", Epic, id=found.id)
