"""Operations on executions: tries of agents at tasks, and what agents and tasks took."""

from __future__ import annotations

import builtins
from datetime import datetime
from uuid import UUID

from steward.domains import work
from steward.domains.telemetry.find import agent_id, scope, session_of, task_id
from steward.domains.telemetry.types import ExecutionStatus
from steward.domains.telemetry.types_sessions import (
    AgentFigures,
    Execution,
    SessionRow,
    TaskFigures,
    TaskSessions,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import NotFound
from steward.kit.ids import id_of
from steward.kit.op import Page, Profile, op

_OF_A_SESSION = 100
_OF_A_TASK = 50


@op()
def list_executions(
    db: Db,
    *,
    project: str | None = None,
    agent: str | None = None,
    task: str | None = None,
    session: str | None = None,
    status: builtins.list[ExecutionStatus] | None = None,
    since: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Execution]:
    """List tries of agents at tasks, the newest first, with what each took.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        agent: only those of this agent.
        task: only those at this task, such as ACME-42.
        session: only those that this session began.
        status: only these: pending, running, success, failure, timeout.
        since: only those that began then or later.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    time, last = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "telemetry.list_executions",
        Execution,
        project_id=scope(db, project),
        agent_id=agent_id(db, agent),
        task_id=task_id(db, task),
        session_id=session_of(db, session).id if session else None,
        status=[str(one) for one in status] if status else None,
        since=since,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (row.started_at, row.id))


def executions_of(
    db: Db, *, session_id: UUID | None = None, task_id: UUID | None = None
) -> builtins.list[Execution]:
    """Return the tries that a session began, or those at a task, the newest first."""
    unfiltered = dict.fromkeys(("project_id", "agent_id", "status", "since", "after_time", "after_id"))
    limit = _OF_A_SESSION if session_id else _OF_A_TASK
    return db.all(
        "telemetry.list_executions",
        Execution,
        **unfiltered,
        session_id=session_id,
        task_id=task_id,
        limit=limit,
    )


@op(profile=Profile.ALL)
def get_execution(db: Db, *, execution: str) -> Execution:
    """Show a try of an agent at a task: its result, its tokens and its cost.

    Args:
        execution: its id, or the first 8 digits of it or more.
    """
    hint = "look with `steward telemetry list-executions`"
    execution_id = id_of(db, "execution", execution, "telemetry.executions_between", hint)
    found = db.maybe("telemetry.get_execution", Execution, id=execution_id)
    if found is None:
        raise NotFound(f"there is no execution {execution}", hint=hint)
    return found


@op(profile=Profile.ALL)
def agent_figures(db: Db, *, agent: str | None = None) -> builtins.list[AgentFigures]:
    """Show how agents have done: tries, success, mean time, tokens and cost; those at work last come first.

    Args:
        agent: only this one; those that were never at work are left out when none is named.
    """
    return db.all("telemetry.agent_figures", AgentFigures, agent_id=agent_id(db, agent))


@op()
def task_sessions(db: Db, *, task: str) -> TaskSessions:
    """Show what a task took: its tokens and cost, the sessions that worked on it, and the tries of agents.

    Args:
        task: such as ACME-42; its subtasks are not counted.
    """
    found = work.get(db, task=task).task.id
    figures = db.one("telemetry.task_sessions", TaskFigures, id=found)
    sessions: builtins.list[SessionRow] = []
    if figures.sessions:
        unfiltered = dict.fromkeys(
            ("project_id", "client", "agent_id", "model", "outcome", "state", "since", "until", "text")
        )
        after = dict.fromkeys(("parent_id", "after_time", "after_id"))
        sessions = db.all(
            "telemetry.list_sessions", SessionRow, **unfiltered, **after, task_id=found, limit=_OF_A_TASK
        )
    return TaskSessions(figures, sessions, executions_of(db, task_id=found) if figures.executions else [])
