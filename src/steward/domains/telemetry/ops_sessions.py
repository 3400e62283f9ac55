"""Operations on sessions: list, show, begin, complete, end, add up."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from steward.domains import agents, projects
from steward.domains.telemetry.batch import absorb, session_id
from steward.domains.telemetry.find import agent_id, scope, session_of, task_id
from steward.domains.telemetry.ops_executions import executions_of
from steward.domains.telemetry.types import Batch, Outcome, SessionTold, TieSource, TieTold
from steward.domains.telemetry.types_sessions import (
    BucketInterval,
    Commit,
    ModelUse,
    Session,
    SessionBucket,
    SessionFigures,
    SessionPart,
    SessionPlace,
    SessionRow,
    SessionState,
    SessionTask,
    SessionTotals,
    SourceCount,
    TranscriptKept,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Page, Profile, op

_SUBAGENTS = 200


@op()
def list_(
    db: Db,
    *,
    project: str | None = None,
    client: str | None = None,
    agent: str | None = None,
    task: str | None = None,
    model: str | None = None,
    outcome: Outcome | None = None,
    state: SessionState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[SessionRow]:
    """List sessions of coding agents, the newest first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        client: only those of this program, such as claude-code or codex.
        agent: only those of this registered agent.
        task: only those that worked on this task, such as ACME-42.
        model: only those whose model's name begins so.
        outcome: only those that ended so.
        state: active, ended, or silent (nobody said that it ended, and nothing came for 30 minutes).
        since: only those that began then or later.
        until: only those that began before.
        text: only those whose title, branch, folder or client's name for them holds this (words: `search_messages`).
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    time, last = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "telemetry.list_sessions",
        SessionRow,
        project_id=scope(db, project),
        client=client,
        agent_id=agent_id(db, agent),
        task_id=task_id(db, task),
        model=model,
        outcome=outcome,
        state=state,
        since=since,
        until=until,
        text=(text or "").strip() or None,
        parent_id=None,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (row.started_at, row.id))


@op()
def active(db: Db, *, project: str | None = None, limit: int = 50) -> builtins.list[SessionRow]:
    """List sessions that are going on: not ended, and something came in the last 30 minutes.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        limit: how many at most, 1 to 500.
    """
    found = list_(db, project=project, state=SessionState.ACTIVE, limit=limit)
    return found.items


@op()
def get(db: Db, *, session: str) -> Session:
    """Show a session: what it did and took, its tasks, commits, models, subagents, and who told of it.

    Args:
        session: its id, the first 8 digits of it, or its client's name for it.
    """
    return _whole(db, session_of(db, session).id)


def _whole(db: Db, found: UUID) -> Session:
    parents = db.values("telemetry.session_parents", id=found)
    rows = db.all("telemetry.get_sessions", SessionRow, ids=[found, *parents])
    here = next(row for row in rows if row.id == found)
    return Session(
        session=here,
        figures=db.one("telemetry.session_figures", SessionFigures, id=found),
        place=db.one("telemetry.session_place", SessionPlace, id=found),
        tasks=db.all("telemetry.session_tasks", SessionTask, id=found),
        executions=executions_of(db, session_id=found),
        commits=db.all("telemetry.session_commits", Commit, id=found),
        parents=_upwards(here, rows),
        subagents=_subagents(db, found),
        parts=db.all("telemetry.session_parts", SessionPart, id=found),
        models=db.all("telemetry.session_models", ModelUse, id=found),
        sources=db.all("telemetry.session_sources", SourceCount, id=found),
        transcripts=db.all("telemetry.session_transcripts", TranscriptKept, id=found),
    )


def _upwards(row: SessionRow, rows: builtins.list[SessionRow]) -> builtins.list[SessionRow]:
    """Return the sessions that one came from, the nearest first."""
    by_id = {each.id: each for each in rows if each.id != row.id}
    found: builtins.list[SessionRow] = []
    while row.parent_session_id in by_id and by_id[row.parent_session_id] not in found:
        row = by_id[row.parent_session_id]
        found.append(row)
    return found


def _subagents(db: Db, parent: UUID) -> builtins.list[SessionRow]:
    unfiltered = dict.fromkeys(
        ("project_id", "client", "agent_id", "task_id", "model", "outcome", "state", "since", "until", "text")
    )
    after = dict.fromkeys(("after_time", "after_id"))
    rows = db.all(
        "telemetry.list_sessions", SessionRow, **unfiltered, **after, parent_id=parent, limit=_SUBAGENTS
    )
    return rows[::-1]


# ------------------------------------------------------------------------------------------------- begin, complete, end


@op(write=True)
def start_session(
    db: Db,
    *,
    client: str,
    external_id: str | None = None,
    project: str | None = None,
    task: str | None = None,
    title: str | None = None,
    model: str | None = None,
    version: str | None = None,
    cwd: str | None = None,
    branch: str | None = None,
    commit: str | None = None,
    repository: str | None = None,
    parent: str | None = None,
    context: dict[str, Any] | None = None,
) -> SessionRow:
    """Begin a session, or go on with one that its client calls the same.

    Clients with transcripts, exporters or hooks need not call this: their sessions are known from what they tell.

    Args:
        client: the program, such as claude-code; letters, digits and signs of its choice.
        external_id: what the client calls the session; a new name when left out.
        project: slug, key or id; the project in hand when left out.
        task: the task it works on, such as ACME-42.
        title: what it is about, in a line.
        model: the model it uses.
        version: the version of the client.
        cwd: the folder it runs in.
        branch: the git branch it is on.
        commit: the commit it began at.
        repository: the address of the repository.
        parent: the session that it comes from.
        context: anything else, as an object.
    """
    name = (external_id or "").strip() or str(uuid4())
    now, project_id = datetime.now(UTC), projects.resolve_id(db, project)
    told = SessionTold(
        id=session_id(_client(client), name),
        agent_id=client.strip(),
        external_id=name,
        start_time=now,
        last_seen_at=now,
        project_id=project_id,
        project_certain=project_id is not None,
        agent_version=version,
        parent_session_id=session_of(db, parent).id if parent else None,
        registered_agent_id=_actor(db),
        title=title,
        cwd=cwd,
        git_branch=branch,
        git_commit=commit,
        repository_url=repository,
        model=model,
        context=context or {},
    )
    worked_on = task_id(db, task)
    tie = TieTold(told.id, worked_on, TieSource.RESOURCE, now) if worked_on else None
    absorb(db, Batch(sessions=[told], ties=[tie] if tie else []))
    return _row(db, told.id)


def _client(name: str) -> str:
    if not 1 <= len(name.strip()) <= 100:
        raise Invalid(f"client: {name[:40]!r} has not 1 to 100 characters", hint="name the program in a word")
    return name.strip()


def _actor(db: Db) -> UUID | None:
    """Return the registered agent that acts; None when a person does."""
    return agents.ensure_id(db, db.actor.agent, db.actor.user_id) if db.actor.agent else None


def _row(db: Db, found: UUID) -> SessionRow:
    return db.one("telemetry.get_sessions", SessionRow, ids=[found])


@op(write=True, idempotent=True)
def update_session(
    db: Db,
    *,
    session: str,
    title: str | None = None,
    context: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
) -> SessionRow:
    """Add to what is known of a session; it counts as a sign of life.

    Keys of context and metrics are set beside those that stand there, by the database in one statement: two who tell at
    once both stay.

    Args:
        session: its id, the first 8 digits of it, or its client's name for it.
        title: what it is about, in a line.
        context: keys to set, as an object.
        metrics: figures to set, such as {"testsRun": 12}; what Steward counts itself needs no telling.
    """
    found = session_of(db, session).id
    db.run(
        "telemetry.update_session",
        id=found,
        title=title,
        context=None if context is None else json.dumps(context),
        metrics=None if metrics is None else json.dumps(metrics),
    )
    return _row(db, found)


@op(write=True, idempotent=True)
def end_session(db: Db, *, session: str, outcome: Outcome | None = None) -> SessionRow:
    """End a session, and keep how long it took and how well it went.

    Quality is 100, less 5 for each error (30 at most), less 20 times the share of tests that failed, less 20 times the
    share of builds that failed.

    Args:
        session: its id, the first 8 digits of it, or its client's name for it.
        outcome: success, partial, failure, abandoned or cancelled.
    """
    found = session_of(db, session).id
    db.run("telemetry.end_session", id=found, outcome=outcome)
    return _row(db, found)


# ------------------------------------------------------------------------------------------------------------- figures


@op(profile=Profile.ALL)
def session_stats(
    db: Db,
    *,
    project: str | None = None,
    client: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> SessionTotals:
    """Add sessions up: how many, how they ended, how long they took, their tokens, cost and mean quality.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        client: only those of this program.
        since: only those that began then or later.
        until: only those that began before.
    """
    return db.one(
        "telemetry.session_totals",
        SessionTotals,
        project_id=scope(db, project),
        client=client,
        since=since,
        until=until,
    )


@op(profile=Profile.ALL)
def session_time_buckets(
    db: Db,
    *,
    interval: BucketInterval = BucketInterval.DAY,
    project: str | None = None,
    client: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 500,
) -> builtins.list[SessionBucket]:
    """Count sessions by the stretch of time in which they began, the newest first; empty stretches are left out.

    Args:
        interval: 1, 5, 15 or 30 minutes, 1, 6 or 12 hours, 1 day, 1 week or 1 month.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        client: only those of this program.
        since: only those that began then or later.
        until: only those that began before.
        limit: how many stretches at most, 1 to 500.
    """
    cursors.check_limit(limit)
    return db.all(
        "telemetry.session_time_buckets",
        SessionBucket,
        interval=interval,
        project_id=scope(db, project),
        client=client,
        since=since,
        until=until,
        limit=limit,
    )


def pulse(db: Db) -> str:
    """Return a word that changes whenever something is told of sessions, which the audit does not record."""
    word: str = db.value("telemetry.session_pulse")
    return word


@op(profile=Profile.ALL)
def clients(db: Db) -> builtins.list[str]:
    """List the programs of which there are sessions, such as claude-code."""
    return db.values("telemetry.session_clients")
