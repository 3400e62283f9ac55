"""Operations on tasks themselves: add, get, list, update, delete, tie together, count."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.domains.work.find import check_line, check_number, scope, task_of, whole
from steward.domains.work.find_items import NONE, epic_of, issue_of, place_of, workflow_of
from steward.domains.work.types import (
    Count,
    DependencyType,
    Overview,
    Priority,
    QueueCount,
    Task,
    TaskId,
    TaskOrder,
    TaskRow,
    TaskState,
    TaskStatus,
    TaskType,
)
from steward.kit import cursor
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound, StaleVersion
from steward.kit.op import Page, Profile, op

MOST = 2000
MOST_ATTEMPTS = 1000
_FIRST = (TaskStatus.PENDING, TaskStatus.DRAFT, TaskStatus.DEFERRED)
_BELONGS = ("epic", "issue", "workflow")
_NARROW = (*_BELONGS, "state")


@op(write=True, profile=Profile.CORE, beyond_core=_BELONGS)
def add(
    db: Db,
    *,
    title: str,
    project: str | None = None,
    description: str = "",
    details: str = "",
    test_strategy: str = "",
    type: TaskType = TaskType.TASK,
    priority: Priority = Priority.MEDIUM,
    status: TaskStatus = TaskStatus.PENDING,
    labels: list[str] | None = None,
    capabilities: list[str] | None = None,
    parent: str | None = None,
    waits_for: list[str] | None = None,
    acceptance_criteria: list[str] | None = None,
    requirements: list[str] | None = None,
    estimated_minutes: int | None = None,
    complexity: int | None = None,
    due: datetime | None = None,
    max_attempts: int = 3,
    metadata: dict[str, Any] | None = None,
    epic: str | None = None,
    issue: str | None = None,
    workflow: str | None = None,
) -> Task:
    """Add a task.

    Args:
        title: what is to be done, in a line.
        project: slug, key or id; the project in hand when left out.
        description: what and why.
        details: how, at length.
        test_strategy: how it will be shown to work.
        type: what kind of work.
        priority: 1 to 10, or low, medium, high, critical.
        status: pending, draft or deferred.
        labels: words to find it by.
        capabilities: what an agent must be able to do to claim it.
        parent: the task it is a part of, such as ACME-7.
        waits_for: tasks that must be done first.
        acceptance_criteria: what must be true when it is done.
        requirements: what it must do.
        estimated_minutes: how long it should take.
        complexity: 1 to 13.
        due: when it must be done.
        max_attempts: failed tries before it is put in quarantine, 1 to 1000.
        metadata: anything else, as an object.
        epic: the epic it belongs to, such as EPIC-001; that of its parent or issue when left out.
        issue: the issue it belongs to, such as ACME-7; that of its parent when left out.
        workflow: the workflow it belongs to, by id or name; that of its parent when left out.
    """
    _check_given(title, estimated_minutes, None, complexity, max_attempts)
    _check_first(status)
    parent_task = task_of(db, parent) if parent else None
    place = place_of(db, project=project, epic=epic, issue=issue, workflow=workflow, parent=parent_task)
    if place.project_id is None:
        hint = "name one as `project`; `steward projects add` makes one"
        raise Invalid("no project is named or in hand", hint=hint)
    task_id: UUID = db.value(
        "work.add_task",
        **asdict(place),
        parent_id=parent_task.id if parent_task else None,
        title=title,
        description=description,
        details=details,
        test_strategy=test_strategy,
        type=type,
        status=status,
        priority=int(priority),
        labels=labels or [],
        capabilities=capabilities or [],
        acceptance_criteria=acceptance_criteria or [],
        requirements=requirements or [],
        estimated_minutes=estimated_minutes,
        complexity=complexity,
        due_date=due,
        max_attempts=max_attempts,
        metadata=json.dumps(metadata or {}),
        user_id=db.actor.user_id,
        agent=db.actor.agent,
    )
    for other in waits_for or []:
        _tie(db, task_id, place.project_id, other, DependencyType.BLOCKS)
    return whole(db, task_id)


def _check_given(
    title: str | None, estimated: int | None, actual: int | None, complexity: int | None, attempts: int = 1
) -> None:
    """Refuse a title and figures that no task can have."""
    check_line("title", title)
    check_number("max_attempts", attempts, 1, MOST_ATTEMPTS)
    check_number("estimated_minutes", estimated, 0)
    check_number("actual_minutes", actual, 0)
    check_number("complexity", complexity, 1, 13)


def _check_first(status: TaskStatus) -> None:
    """Refuse states that only work itself leads to: a task added as done would never have been finished."""
    if status not in _FIRST:
        hint = f"add it as {', '.join(_FIRST)}; `work start`, `work finish` and `work update` lead on"
        raise Invalid(f"status: no task begins as {status.value}", hint=hint)


@op(profile=Profile.CORE)
def get(db: Db, *, task: str) -> Task:
    """Show one task: its texts, its place in the tree, what it waits for.

    Args:
        task: such as ACME-42, its id, or the first 8 digits of its id.
    """
    return whole(db, task_of(db, task).id)


def task_filter(
    db: Db,
    project: str | None,
    epic: str | None,
    issue: str | None,
    workflow: str | None,
    **words: Any,
) -> str:
    """Return the filter that `work.filter_tasks` reads; words that are None or empty keep everything."""
    kept = {name: value for name, value in words.items() if value not in (None, [], "")}
    if epic or issue or workflow:
        named = None if project in projects.EVERYWHERE else project
        place = asdict(place_of(db, project=named, epic=epic, issue=issue, workflow=workflow))
        kept |= {name: str(value) for name, value in place.items() if value is not None}
    elif (project_id := scope(db, project)) is not None:
        kept["project_id"] = str(project_id)
    return json.dumps(kept)


@op(profile=Profile.CORE, beyond_core=_NARROW)
def list_(
    db: Db,
    *,
    project: str | None = None,
    status: list[TaskStatus] | None = None,
    type: TaskType | None = None,
    priority: Priority | None = None,
    label: str | None = None,
    tag: str | None = None,
    agent: str | None = None,
    parent: str | None = None,
    top: bool = False,
    ready: bool | None = None,
    text: str | None = None,
    order: TaskOrder = TaskOrder.PRIORITY,
    limit: int = 50,
    cursor: str | None = None,
    epic: str | None = None,
    issue: str | None = None,
    workflow: str | None = None,
    state: list[TaskState] | None = None,
) -> Page[TaskRow]:
    """List tasks.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project that is not archived.
        status: only these states.
        type: only this kind.
        priority: only this priority.
        label: only tasks that bear this label.
        tag: only this tag of an imported file.
        agent: only what this agent or user holds or is assigned.
        parent: only direct subtasks of this one.
        top: only tasks that are no subtasks.
        ready: only what can (or cannot) be claimed now.
        text: only tasks with these words in title or description, or this reference; the last word may be a beginning.
        order: priority, number, updated (latest change first), or place (order_index); age instead of number and place
            over all projects.
        limit: how many at most, 1 to 2000.
        cursor: next_cursor of the page before.
        epic: only tasks of this epic, such as EPIC-001.
        issue: only tasks of this issue, such as ACME-7.
        workflow: only tasks of this workflow, by id or name.
        state: only these states; a pending task is ready, claimed or waiting.
    """
    kept = task_filter(
        db,
        project,
        epic,
        issue,
        workflow,
        status=[str(one) for one in status or []],
        state=[str(one) for one in state or []],
        type=type,
        priority=int(priority) if priority else None,
        label=label,
        tag=tag,
        agent=agent,
        parent_id=str(task_of(db, parent).id) if parent else None,
        top=top or None,
        ready=ready,
        text=text,
    )
    return _page(db, kept, order, limit, cursor)


# What a cursor holds in each order, of the last row of a page.
_KEYS: dict[str, tuple[tuple[Any, ...], Callable[[TaskRow], tuple[Any, ...]]]] = {
    "priority": ((int, int, UUID), lambda row: (int(row.priority), _number(row), row.id)),
    "number": ((int, UUID), lambda row: (_number(row), row.id)),
    "age": ((UUID,), lambda row: (row.id,)),
    "updated": ((datetime, UUID), lambda row: (row.updated_at, row.id)),
    "place": ((UUID,), lambda row: (row.id,)),
}


def _page(db: Db, kept: str, order: TaskOrder, limit: int, after: str | None) -> Page[TaskRow]:
    """Read one page in the wanted order."""
    word = str(order)
    if order in (TaskOrder.NUMBER, TaskOrder.PLACE) and "project_id" not in json.loads(kept):
        # Numbers and places of several projects say nothing beside each other; age does.
        word = "age"
    kinds, key = _KEYS[word]
    last = cursor.decode(after, *kinds)
    rows = db.all(
        "work.list_tasks",
        TaskRow,
        filter=kept,
        order=word,
        after=json.dumps([str(one) for one in last]) if after else None,
        limit=cursor.check_limit(limit, MOST),
    )
    return cursor.page(rows, limit, key)


def _number(row: TaskRow) -> int:
    return int(row.ref.rpartition("-")[2])


@op(write=True, profile=Profile.CORE, idempotent=True, beyond_core=_BELONGS)
def update(
    db: Db,
    *,
    task: str,
    token: int | None = None,
    version: int | None = None,
    title: str | None = None,
    description: str | None = None,
    details: str | None = None,
    test_strategy: str | None = None,
    type: TaskType | None = None,
    status: TaskStatus | None = None,
    reason: str | None = None,
    priority: Priority | None = None,
    labels: list[str] | None = None,
    capabilities: list[str] | None = None,
    acceptance_criteria: list[str] | None = None,
    requirements: list[str] | None = None,
    parent: str | None = None,
    assign: str | None = None,
    estimated_minutes: int | None = None,
    actual_minutes: int | None = None,
    complexity: int | None = None,
    due: datetime | None = None,
    metadata: dict[str, Any] | None = None,
    epic: str | None = None,
    issue: str | None = None,
    workflow: str | None = None,
) -> Task:
    """Change a task; what is left out stays as it is.

    Args:
        task: such as ACME-42.
        token: what claim returned, when an agent holds the task; a person needs none and ends the claim.
        version: refuse when the task has changed since this version.
        title: what is to be done.
        description: what and why.
        details: how, at length.
        test_strategy: how it will be shown to work.
        type: what kind of work.
        status: the next state; `finish`, `fail` and `give_back` do more.
        reason: why the state changes.
        priority: 1 to 10, or low, medium, high, critical.
        labels: all its labels.
        capabilities: all that an agent must be able to do.
        acceptance_criteria: all that must be true when it is done.
        requirements: all that it must do.
        parent: the task it is a part of; `none` takes it out.
        assign: a user or an agent; `nobody` for none.
        estimated_minutes: how long it should take.
        actual_minutes: how long it took.
        complexity: 1 to 13.
        due: when it must be done.
        metadata: keys to set, as an object.
        epic: the epic it belongs to, such as EPIC-001; `none` takes it out.
        issue: the issue it belongs to, such as ACME-7; `none` takes it out.
        workflow: the workflow it belongs to, by id or name; `none` takes it out.
    """
    found = task_of(db, task)
    _check_given(title, estimated_minutes, actual_minutes, complexity)
    _begin_update(db, found.id, token, version)
    no_parent = parent is not None and parent.lower() in NONE
    db.run(
        "work.update_task",
        id=found.id,
        title=title,
        description=description,
        details=details,
        test_strategy=test_strategy,
        type=type,
        status=status,
        reason=reason,
        priority=int(priority) if priority else None,
        labels=labels,
        capabilities=capabilities,
        acceptance_criteria=acceptance_criteria,
        requirements=requirements,
        no_parent=no_parent,
        parent_id=task_of(db, parent).id if parent and not no_parent else None,
        estimated_minutes=estimated_minutes,
        actual_minutes=actual_minutes,
        complexity=complexity,
        due_date=due,
        metadata=json.dumps(metadata) if metadata else None,
    )
    if assign is not None:
        _assign(db, found.id, assign)
    _place(db, found, epic, issue, workflow)
    return whole(db, found.id)


def _place(db: Db, task: TaskId, epic: str | None, issue: str | None, workflow: str | None) -> None:
    """Let a task belong to what is named, or to none."""
    if epic is None and issue is None and workflow is None:
        return
    words = zip(_BELONGS, (epic, issue, workflow), strict=True)
    out = {f"no_{name}": word is not None and word.lower() in NONE for name, word in words}
    project = str(task.project_id)
    db.run(
        "work.place_task",
        id=task.id,
        epic_id=epic_of(db, epic, project).id if epic and not out["no_epic"] else None,
        issue_id=issue_of(db, issue).id if issue and not out["no_issue"] else None,
        workflow_id=workflow_of(db, workflow, project).id if workflow and not out["no_workflow"] else None,
        **out,
    )


def _begin_update(db: Db, task_id: UUID, token: int | None, version: int | None) -> None:
    """Let an update pass by its token, and lock the version that it is based on."""
    db.run("work.pass_update", id=task_id, token=token)
    now = db.value("work.lock_version", id=task_id)
    if version is not None and now != version:
        raise StaleVersion(
            f"version {version} is not the newest; the task is at {now}", hint="read it again, then decide"
        )


def _assign(db: Db, task_id: UUID, name: str) -> None:
    if name.lower() in NONE:
        db.run("work.assign_task", id=task_id, user_id=None, agent_id=None)
        return
    user = db.value("work.find_user", name=name)
    agent = None if user else db.value("work.find_agent", name=name)
    if user is None and agent is None:
        raise NotFound(
            f"assign: there is no user or agent {name!r}",
            hint="see `steward accounts list-users`, `steward agents list`",
        )
    db.run("work.assign_task", id=task_id, user_id=user, agent_id=agent)


@op(write=True, destructive=True)
def delete(db: Db, *, task: str) -> int:
    """Put a task and all below it away; its history stays. Returns how many were put away.

    Args:
        task: such as ACME-42.
    """
    return int(db.value("work.delete_task", id=task_of(db, task).id))


def _tie(db: Db, task_id: UUID, project_id: UUID, other: str, kind: DependencyType) -> None:
    other_task = task_of(db, other)
    if other_task.id == task_id:
        raise Invalid(f"on: {other} is the task itself", hint="name another task")
    db.run("work.add_dependency", id=task_id, other_id=other_task.id, type=kind, project_id=project_id)


@op(write=True, idempotent=True)
def depend(db: Db, *, task: str, on: str, type: DependencyType = DependencyType.BLOCKS) -> Task:
    """Let a task wait for another, or relate them.

    Args:
        task: the one that waits, such as ACME-42.
        on: the one it waits for.
        type: blocks and subtask_of make it wait, relates_to does not.
    """
    found = task_of(db, task)
    _tie(db, found.id, found.project_id, on, type)
    return whole(db, found.id)


@op(write=True, idempotent=True)
def undepend(db: Db, *, task: str, on: str, type: DependencyType | None = None) -> Task:
    """Let a task wait for another no more.

    Args:
        task: the one that waits, such as ACME-42.
        on: the one it waits for.
        type: only this tie; every tie when left out.
    """
    found = task_of(db, task)
    db.run("work.remove_dependency", id=found.id, other_id=task_of(db, on).id, type=type)
    return whole(db, found.id)


@op()
def overview(db: Db, *, project: str | None = None, limit: int = 10) -> Overview:
    """Show the state of work at a glance.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        limit: how many tasks of each list, 1 to 50.
    """
    project_id = scope(db, project)
    if not 1 <= limit <= 50:
        raise Invalid(f"limit: {limit} is not between 1 and 50", hint="give 1 to 50")
    queue = db.one("work.count_queue", QueueCount, project_id=project_id)
    order = {status.value: place for place, status in enumerate(TaskStatus)}
    return Overview(
        by_status=sorted(
            db.all("work.count_by_status", Count, project_id=project_id), key=lambda c: order[c.name]
        ),
        ready=queue.ready,
        held=queue.held,
        quarantined=db.value("work.count_quarantined", project_id=project_id),
        next=db.all(
            "work.list_ready", TaskRow, project_id=project_id, labels=None, capabilities=None, limit=limit
        ),
        in_work=db.all("work.list_in_work", TaskRow, project_id=project_id, limit=limit),
        finished=db.all("work.list_finished", TaskRow, project_id=project_id, limit=limit),
    )
