"""Operations of agents at work: see what is next, claim, keep, finish, fail, give back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from steward.domains.work.errors import AgentNeeded, TaskNotReady
from steward.domains.work.find import check_number, row_of, rows_of, scope, task_of, tasks_of, whole
from steward.domains.work.types import Blocked, Choice, Claim, ClaimedTask, Lease, QueueFacts, TaskRow
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Profile, op

LEASE_SECONDS = 600


def _agent(db: Db) -> dict[str, Any]:
    """Name the acting agent, which is registered when it is seen for the first time."""
    if db.actor.agent is None:
        raise AgentNeeded(
            "only an agent can claim, and none was named",
            hint="give --agent NAME or set STEWARD_AGENT; over HTTP send X-Steward-Agent: NAME",
        )
    return {"agent": db.actor.agent, "owner": db.actor.user_id}


def _capabilities(db: Db) -> list[str] | None:
    """Return what the acting agent can do; a person sees everything, an unknown agent can do nothing special."""
    if db.actor.agent is None:
        return None
    return db.value("work.agent_capabilities", name=db.actor.agent) or []


def _ready(db: Db, project_id: UUID | None, labels: list[str] | None, limit: int) -> list[TaskRow]:
    return db.all(
        "work.list_ready",
        TaskRow,
        project_id=project_id,
        labels=labels or None,
        capabilities=_capabilities(db),
        limit=limit,
    )


@op(profile=Profile.STANDARD)
def ready(
    db: Db, *, project: str | None = None, labels: list[str] | None = None, limit: int = 20
) -> list[TaskRow]:
    """List what can be claimed now, in the order of claims.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        labels: only tasks that bear all of these labels.
        limit: how many at most, 1 to 200.
    """
    return _ready(db, scope(db, project), labels, _within(limit, 200))


def _within(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise Invalid(f"limit: {limit} is not between 1 and {most}", hint=f"give 1 to {most}")
    return limit


@op(profile=Profile.CORE, waits=True)
def next_(db: Db, *, project: str | None = None, labels: list[str] | None = None) -> Choice | None:
    """Show the task that would be claimed next, and why this one.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        labels: only tasks that bear all of these labels.
    """
    project_id = scope(db, project)
    task_id = db.value(
        "work.next_claimable",
        project_id=project_id,
        labels=labels or None,
        capabilities=_capabilities(db),
        agent=db.actor.agent,
    )
    if task_id is None:
        return None
    task = row_of(db, task_id)
    number = int(task.ref.rpartition("-")[2])
    facts = db.one(
        "work.queue_facts", QueueFacts, project_id=project_id, priority=task.priority, number=number
    )
    return Choice(task=task, reasons=_reasons(task, facts, labels), others_ready=facts.ready - 1)


def _reasons(task: TaskRow, facts: QueueFacts, labels: list[str] | None) -> list[str]:
    reasons = ["nothing it waits for is open"]
    if facts.higher == 0:
        reasons.append(f"its priority {int(task.priority)} is the highest of {facts.ready} ready tasks")
    else:
        reasons.append(
            f"{facts.higher} ready tasks of higher priority do not fit the labels or capabilities asked for,"
            " or a budget refuses them"
        )
    if facts.same_priority > 1 and facts.oldest:
        reasons.append(f"it is the oldest of {facts.same_priority} of this priority")
    if labels:
        reasons.append(f"it bears the label {', '.join(labels)}")
    if task.parent:
        reasons.append(f"it is a part of {task.parent}")
    return reasons


@op(write=True, profile=Profile.CORE, waits=True)
def claim(
    db: Db,
    *,
    task: str | None = None,
    project: str | None = None,
    labels: list[str] | None = None,
    lease_seconds: int = LEASE_SECONDS,
) -> Claim | None:
    """Claim the next ready task, or a named one, for the acting agent; later writes need the token it returns.

    Args:
        task: claim this one, such as ACME-42; the next ready one when left out.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        labels: only tasks that bear all of these labels.
        lease_seconds: how long the claim lasts without a word, 1 to 86400; every call with the token renews it.
    """
    wanted = task_of(db, task).id if task else None
    lease = db.maybe(
        "work.claim_tasks",
        Lease,
        **_agent(db),
        project_id=None if wanted else scope(db, project),
        labels=labels or None,
        limit=1,
        lease_seconds=lease_seconds,
        task_id=wanted,
    )
    if lease is None and wanted is not None:
        raise _not_ready(db, wanted)
    if lease is None:
        return None
    return Claim(token=lease.token, lease_until=lease.lease_until, task=whole(db, lease.task_id))


@op(write=True)
def claim_many(
    db: Db,
    *,
    limit: int = 100,
    project: str | None = None,
    labels: list[str] | None = None,
    lease_seconds: int = LEASE_SECONDS,
) -> list[ClaimedTask]:
    """Claim many ready tasks at once for the acting agent, the most urgent first; none when nothing is ready.

    Args:
        limit: how many at most, 1 to 1000.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        labels: only tasks that bear all of these labels.
        lease_seconds: how long the claims last without a word, 1 to 86400; every call with a token renews its own.
    """
    leases = db.all(
        "work.claim_tasks",
        Lease,
        **_agent(db),
        project_id=scope(db, project),
        labels=labels or None,
        limit=_within(limit, 1000),
        lease_seconds=lease_seconds,
        task_id=None,
    )
    rows = rows_of(db, [lease.task_id for lease in leases])
    return [ClaimedTask(lease.token, lease.lease_until, row) for lease, row in zip(leases, rows, strict=True)]


def _not_ready(db: Db, task_id: UUID) -> TaskNotReady:
    """Say why a named task cannot be claimed."""
    row = row_of(db, task_id)
    if row.held_by and row.held_by.lower() == (db.actor.agent or "").lower():
        return _held_by_oneself(db, row)
    if row.held_by:
        return TaskNotReady(
            f"{row.ref} is held by {row.held_by}", hint="claim another; `work next` shows which"
        )
    found = db.all("work.blocked", Blocked, project_id=None, task_id=task_id, limit=1)
    if not found:
        return TaskNotReady(f"{row.ref} is {row.status}", hint="claim another; `work next` shows which")
    why = f"{found[0].reason}: {', '.join(found[0].blockers)}" if found[0].blockers else found[0].reason
    return TaskNotReady(f"{row.ref} is not ready ({why})", hint="claim another; `work next` shows which")


def _held_by_oneself(db: Db, row: TaskRow) -> TaskNotReady:
    """Say how to go on with a claim of one's own; handed out again, two runs would share it unknowingly."""
    found = db.values("work.token_of_own", task_id=row.id, agent=db.actor.agent, user_id=db.actor.user_id)
    token = found[0] if found else "N"
    which = "" if found else ", the token that claim returned"
    return TaskNotReady(
        f"{row.ref} is held by {row.held_by} already: it is your own claim",
        hint=f"go on with it by `--token {token}`{which}, unless another run of yours is at work on it",
    )


@op(write=True, profile=Profile.STANDARD, idempotent=True)
def heartbeat(db: Db, *, task: str, token: int, lease_seconds: int = LEASE_SECONDS) -> Lease:
    """Keep a claim alive.

    Args:
        task: the claimed task, such as ACME-42.
        token: what claim returned.
        lease_seconds: how long from now, 1 to 86400.
    """
    found = task_of(db, task)
    ends = db.value("work.heartbeat_task", id=found.id, token=token, lease_seconds=lease_seconds)
    return Lease(task_id=found.id, token=token, lease_until=ends)


@op(write=True, profile=Profile.CORE)
def start(db: Db, *, task: str, token: int | None = None) -> TaskRow:
    """Begin work on a task.

    Args:
        task: such as ACME-42.
        token: what claim returned; a person needs none.
    """
    found = task_of(db, task)
    db.run("work.start_task", id=found.id, token=token)
    return row_of(db, found.id)


@op(write=True, profile=Profile.CORE)
def finish(
    db: Db,
    *,
    task: str,
    token: int | None = None,
    result: str | None = None,
    actual_minutes: int | None = None,
) -> TaskRow:
    """Finish a task; what waited for it becomes ready.

    Args:
        task: such as ACME-42.
        token: what claim returned; a person needs none.
        result: what was done, in words.
        actual_minutes: how long it took; from the start until now when left out.
    """
    check_number("actual_minutes", actual_minutes, 0)
    found = task_of(db, task)
    kept: Any = json.dumps({"summary": result}) if result else None
    db.run("work.finish_task", id=found.id, token=token, result=kept, actual_minutes=actual_minutes)
    return row_of(db, found.id)


@op(write=True)
def finish_many(
    db: Db, *, tasks: list[str], tokens: list[int], results: list[str] | None = None
) -> list[TaskRow]:
    """Finish many claimed tasks at once, all or none; what waited for them becomes ready.

    Args:
        tasks: such as ACME-42, each once, at most 1000.
        tokens: what claim returned, one for each task in the same order.
        results: what was done, in words, one for each task in the same order; an empty one says nothing.
    """
    _same_length("tokens", tokens, tasks)
    if results is not None:
        _same_length("results", results, tasks)
    ids = tasks_of(db, tasks)
    kept = [json.dumps({"summary": text}) if text else None for text in results or [""] * len(tasks)]
    db.run("work.finish_tasks", ids=ids, tokens=tokens, results=kept)
    return rows_of(db, ids)


def _same_length(name: str, given: Sequence[object], tasks: list[str]) -> None:
    if not 1 <= len(tasks) <= 1000:
        raise Invalid(f"tasks: {len(tasks)} are not between 1 and 1000", hint="give 1 to 1000 tasks")
    if len(given) != len(tasks):
        raise Invalid(
            f"{name}: {len(given)} for {len(tasks)} tasks",
            hint=f"give as many {name} as tasks, in their order",
        )


@op(write=True, profile=Profile.CORE)
def fail(db: Db, *, task: str, reason: str, token: int | None = None, final: bool = False) -> TaskRow:
    """Report that a try failed: the task comes back until its tries are used up, then it is put in quarantine.

    Args:
        task: such as ACME-42.
        reason: what went wrong.
        token: what claim returned; a person needs none.
        final: do not try again.
    """
    found = task_of(db, task)
    db.run("work.fail_task", id=found.id, token=token, reason=reason, final=final)
    return row_of(db, found.id)


@op(write=True, profile=Profile.CORE)
def give_back(db: Db, *, task: str, token: int | None = None, reason: str | None = None) -> TaskRow:
    """Give a claimed task back unharmed; it does not count as a failed try.

    Args:
        task: such as ACME-42.
        token: what claim returned; a person needs none.
        reason: why, for whoever takes it next.
    """
    found = task_of(db, task)
    db.run("work.give_back_task", id=found.id, token=token, reason=reason)
    return row_of(db, found.id)


@op(write=True)
def requeue(db: Db, *, task: str) -> TaskRow:
    """Bring a failed or quarantined task back with all its tries.

    Args:
        task: such as ACME-42.
    """
    found = task_of(db, task)
    db.run("work.requeue_task", id=found.id)
    return row_of(db, found.id)


@op()
def blocked(
    db: Db, *, task: str | None = None, project: str | None = None, limit: int = 100
) -> list[Blocked]:
    """List open tasks that nobody can claim, each with what it waits for.

    Args:
        task: only this one, such as ACME-42.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        limit: how many at most, 1 to 500.
    """
    task_id = task_of(db, task).id if task else None
    project_id = None if task_id else scope(db, project)
    return db.all("work.blocked", Blocked, project_id=project_id, task_id=task_id, limit=_within(limit, 500))
