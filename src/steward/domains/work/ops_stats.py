"""Operations that work out figures: analytics of a workflow, performance of all, totals of a project."""

from __future__ import annotations

from uuid import UUID

from steward.domains.work.find import scope
from steward.domains.work.find_items import workflow_of
from steward.domains.work.ops_epics import MOST
from steward.domains.work.types_items import (
    Statistics,
    TaskFigures,
    WorkflowAnalytics,
    WorkflowFigures,
    WorkflowPerformance,
    WorkflowStatus,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, Profile, op


@op(write=True, idempotent=True)
def workflow_analytics(db: Db, *, workflow: str, project: str | None = None) -> WorkflowAnalytics:
    """Work out and keep the figures of a workflow: efficiency, quality, bottlenecks, critical path, opportunities.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
    """
    found = workflow_of(db, workflow, project)
    figures = db.one("work.calculate_workflow_analytics", WorkflowFigures, id=found.id)
    return WorkflowAnalytics(figures, db.all("work.task_figures", TaskFigures, id=found.id))


@op()
def get_workflow_analytics(db: Db, *, workflow: str, project: str | None = None) -> WorkflowAnalytics | None:
    """Show the figures of a workflow as they were last worked out; nothing when they never were.

    Args:
        workflow: its id, the first 8 digits of it, or its name.
        project: slug, key or id; the project in hand when left out.
    """
    found = workflow_of(db, workflow, project)
    figures = db.maybe("work.get_workflow_analytics", WorkflowFigures, id=found.id)
    if figures is None:
        return None
    return WorkflowAnalytics(figures, db.all("work.task_figures", TaskFigures, id=found.id))


@op(profile=Profile.ALL)
def performance_summary(
    db: Db,
    *,
    project: str | None = None,
    status: list[WorkflowStatus] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[WorkflowPerformance]:
    """List workflows with how far they are and how well they went, newest first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        status: only these states.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    rows = db.all(
        "work.performance_summary",
        WorkflowPerformance,
        project_id=scope(db, project),
        status=[str(one) for one in status] if status else None,
        after=after,
        limit=cursors.check_limit(limit, MOST),
    )
    return cursors.page(rows, limit, lambda row: (row.workflow_id,))


@op(profile=Profile.ALL)
def statistics(db: Db, *, project: str | None = None) -> Statistics:
    """Count what a project holds: epics, issues, workflows, tasks, and how many of each are done.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
    """
    return db.one("work.project_statistics", Statistics, project_id=scope(db, project))
