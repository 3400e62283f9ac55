"""Operations on workflows: add, get, list, update, advance, archive."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from steward.domains.work.errors import TransitionRefused
from steward.domains.work.find import check_line, scope
from steward.domains.work.find_items import holding, workflow_of
from steward.domains.work.ops_epics import MOST, needed_project
from steward.domains.work.types_items import Workflow, WorkflowPhase, WorkflowStatus
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, Profile, op
from steward.kit.versions import check_version


@op(write=True)
def add_workflow(
    db: Db,
    *,
    name: str,
    project: str | None = None,
    description: str = "",
    requirements: str = "",
    status: WorkflowStatus = WorkflowStatus.PENDING,
    phase: WorkflowPhase = WorkflowPhase.INITIATION,
    metrics: dict[str, Any] | None = None,
) -> Workflow:
    """Add a workflow: a run of work through phases, made of tasks.

    Args:
        name: what people call it.
        project: slug, key or id; the project in hand when left out.
        description: what it is about.
        requirements: what it has to bring about.
        status: pending, active, paused, completed, failed or cancelled.
        phase: where it begins.
        metrics: figures to keep with it, as an object.
    """
    check_line("name", name, 500)
    made: UUID = db.value(
        "work.add_workflow",
        project_id=needed_project(db, project),
        name=name.strip(),
        description=description,
        requirements=requirements,
        status=status,
        phase=phase,
        metrics=json.dumps(metrics or {}),
    )
    return db.one("work.get_workflow", Workflow, id=made)


@op()
def get_workflow(db: Db, *, workflow: str, project: str | None = None) -> Workflow:
    """Show one workflow with its progress; `work list --workflow` lists its tasks.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
    """
    return db.one("work.get_workflow", Workflow, id=workflow_of(db, workflow, project).id)


@op()
def list_workflows(
    db: Db,
    *,
    project: str | None = None,
    status: list[WorkflowStatus] | None = None,
    phase: WorkflowPhase | None = None,
    text: str | None = None,
    archived: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Workflow]:
    """List workflows, newest first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        status: only these states.
        phase: only those in this phase.
        text: only workflows with these words in name or description.
        archived: archived ones too.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    project_id = scope(db, project)
    rows = db.all(
        "work.list_workflows",
        Workflow,
        project_id=project_id,
        status=[str(one) for one in status] if status else None,
        phase=phase,
        **holding(db, "workflow", text, project_id),
        archived=archived,
        after=after,
        limit=cursors.check_limit(limit, MOST),
    )
    return cursors.page(rows, limit, lambda workflow: (workflow.id,))


def _entry(db: Db, message: str) -> str:
    """Return an entry of a workflow's errors."""
    who = db.actor.agent or db.actor.user_name
    return json.dumps({"at": datetime.now(UTC).isoformat(), "message": message, "by": who})


@op(write=True, idempotent=True)
def update_workflow(
    db: Db,
    *,
    workflow: str,
    project: str | None = None,
    version: int | None = None,
    name: str | None = None,
    description: str | None = None,
    requirements: str | None = None,
    status: WorkflowStatus | None = None,
    metrics: dict[str, Any] | None = None,
    error: str | None = None,
) -> Workflow:
    """Change a workflow; what is left out stays as it is, progress follows from its tasks.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
        version: refuse when the workflow has changed since this version.
        name: what people call it.
        description: what it is about.
        requirements: what it has to bring about.
        status: the next state; the first active stamps the beginning, completed, failed and cancelled the end.
        metrics: figures to set, as an object.
        error: something that went wrong, added to its errors with the phase.
    """
    check_line("name", name, 500)
    found = workflow_of(db, workflow, project)
    check_version(f"workflow {workflow}", version, db.value("work.lock_workflow", id=found.id))
    db.run(
        "work.update_workflow",
        id=found.id,
        name=name,
        description=description,
        requirements=requirements,
        status=status,
        metrics=json.dumps(metrics) if metrics else None,
        error=_entry(db, error) if error else None,
    )
    return db.one("work.get_workflow", Workflow, id=found.id)


def _next(found: Workflow) -> WorkflowPhase:
    """Return the phase after the one a workflow is in."""
    order = list(WorkflowPhase)[:-1]
    if found.current_phase not in order[:-1]:
        raise TransitionRefused(
            f"workflow {found.name} is {found.current_phase}, there is no next phase",
            hint="name the phase it goes to",
        )
    return order[order.index(found.current_phase) + 1]


@op(write=True)
def advance_workflow(
    db: Db,
    *,
    workflow: str,
    project: str | None = None,
    phase: WorkflowPhase | None = None,
    version: int | None = None,
) -> Workflow:
    """Bring a workflow to its next phase, or to a named one; a pending one becomes active.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
        phase: where it goes: planning, development, testing, deployment, completed or failed; the next when left out.
        version: refuse when the workflow has changed since this version.
    """
    found = workflow_of(db, workflow, project)
    check_version(f"workflow {workflow}", version, db.value("work.lock_workflow", id=found.id))
    wanted = phase or _next(db.one("work.get_workflow", Workflow, id=found.id))
    db.run("work.advance_workflow", id=found.id, phase=wanted)
    return db.one("work.get_workflow", Workflow, id=found.id)


@op(write=True, idempotent=True, profile=Profile.ALL)
def archive_workflow(db: Db, *, workflow: str, project: str | None = None, restore: bool = False) -> Workflow:
    """Put a workflow away, or bring it back; its tasks stay.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
        restore: bring it back instead.
    """
    found = workflow_of(db, workflow, project)
    db.run("work.archive_workflow", id=found.id, restore=restore)
    return db.one("work.get_workflow", Workflow, id=found.id)
