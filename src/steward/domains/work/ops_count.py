"""Operations that look at many tasks together: how many there are, and how they are tied."""

from __future__ import annotations

from steward.domains.work.find import scope, task_of
from steward.domains.work.ops import task_filter
from steward.domains.work.types import (
    AgentLoad,
    Count,
    Graph,
    GraphEdge,
    GraphNode,
    Priority,
    TaskCounts,
    TaskState,
    TaskStatus,
    TaskType,
)
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import op

_CLOSED = (TaskState.DONE, TaskState.CANCELLED)
_MOST_NODES = 1000


@op()
def count(
    db: Db,
    *,
    project: str | None = None,
    status: list[TaskStatus] | None = None,
    state: list[TaskState] | None = None,
    type: TaskType | None = None,
    priority: Priority | None = None,
    label: str | None = None,
    tag: str | None = None,
    agent: str | None = None,
    ready: bool | None = None,
    text: str | None = None,
    epic: str | None = None,
    issue: str | None = None,
    workflow: str | None = None,
) -> TaskCounts:
    """Count tasks by state; the words are those of `work list`.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project that is not archived.
        status: only these states as they are kept.
        state: only these states; a pending task is ready, claimed or waiting.
        type: only this kind.
        priority: only this priority.
        label: only tasks that bear this label.
        tag: only this tag of an imported file.
        agent: only what this agent or user holds or is assigned.
        ready: only what can (or cannot) be claimed now.
        text: only tasks with these words in reference, title or description.
        epic: only tasks of this epic, such as EPIC-001.
        issue: only tasks of this issue, such as ACME-7.
        workflow: only tasks of this workflow, by id or name.
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
        ready=ready,
        text=text,
    )
    order = {name.value: place for place, name in enumerate(TaskState)}
    found = sorted(db.all("work.count_by_state", Count, filter=kept), key=lambda row: order[row.name])
    return TaskCounts(sum(row.count for row in found), found)


@op()
def graph(
    db: Db,
    *,
    task: str | None = None,
    project: str | None = None,
    epic: str | None = None,
    workflow: str | None = None,
    closed: bool = True,
    limit: int = 200,
) -> Graph:
    """Show how tasks are tied to each other: those of a project, epic or workflow, or all that a task hangs on.

    Tasks without a tie are left out. What is cut off by the limit is what is closed, then what is less urgent; around
    a task it is what is farther away.

    Args:
        task: the one in the middle, such as ACME-42: what it waits for and what waits for it, to the end.
        project: slug, key or id; the project in hand when left out, `all` for every project that is not archived.
        epic: only tasks of this epic, such as EPIC-001.
        workflow: only tasks of this workflow, by id or name.
        closed: tasks that are done or cancelled too.
        limit: how many tasks at most, 1 to 1000.
    """
    if not 1 <= limit <= _MOST_NODES:
        raise Invalid(f"limit: {limit} is not between 1 and {_MOST_NODES}", hint=f"give 1 to {_MOST_NODES}")
    states = None if closed else [str(state) for state in TaskState if state not in _CLOSED]
    if task is not None:
        around = task_of(db, task).id
        total = db.value("work.count_graph_around", id=around, states=states)
        nodes = db.all("work.graph_around", GraphNode, id=around, states=states, limit=limit)
    else:
        kept = task_filter(db, project, epic, None, workflow, state=states)
        total = db.value("work.count_graph_within", filter=kept)
        nodes = db.all("work.graph_within", GraphNode, filter=kept, limit=limit)
    edges = db.all("work.graph_edges", GraphEdge, ids=[node.id for node in nodes])
    return Graph(total, nodes, edges)


@op()
def load(db: Db, *, agent: str | None = None, project: str | None = None) -> list[AgentLoad]:
    """Show what agents hold, how their work went and when they were last seen.

    Args:
        agent: only this one, by name.
        project: slug, key or id, whose work counts; the project in hand when left out, `all` for every project.
    """
    return db.all("work.agent_load", AgentLoad, agent=agent, project_id=scope(db, project))
