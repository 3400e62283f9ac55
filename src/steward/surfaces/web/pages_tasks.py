"""The pages of many tasks: the table and the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steward.domains import work
from steward.surfaces.web import views
from steward.surfaces.web.caller import EVERYWHERE, Caller

TABLE_ROWS = 1200
COLUMN_CARDS = 40
CLOSED = ("done", "cancelled")
_OPEN = tuple(str(state) for state in work.TaskState if state not in CLOSED)
# Words of the address that mean more than one state.
GROUPS: Mapping[str, Sequence[str]] = {
    "open": _OPEN,
    "pending": ("ready", "claimed", "waiting"),
    "active": ("claimed", "in_progress", "in_review", "testing", "awaiting_input"),
    "in_work": ("claimed", "in_progress"),
    "under_review": ("in_review", "testing", "awaiting_input"),
    "held_up": ("waiting", "blocked", "draft"),
    "stopped": ("failed", "deferred", "cancelled"),
}
# Of a column: its id, name, icon, the word of the address that shows all of it, its order.
_COLUMNS = (
    ("waiting", "Waiting", "waiting", "held_up", None),
    ("ready", "Ready", "ready", "ready", None),
    ("work", "In progress", "in_progress", "in_work", None),
    ("review", "Review", "in_review", "under_review", None),
    ("done", "Done", "done", "done", "updated"),
    ("stopped", "Stopped", "cancelled", "stopped", "updated"),
)


def state_of(row: work.TaskRow) -> str:
    """Return what people want to know of a task: its status, and of a pending one whether it can be taken."""
    if row.status is not work.TaskStatus.PENDING:
        return str(row.status)
    if row.ready:
        return "ready"
    return "claimed" if row.held_by else "waiting"


def task_view(row: work.TaskRow, *, reason: str | None = None) -> views.Task:
    """Return a task as lists show it."""
    return views.Task(
        key=row.ref,
        title=row.title,
        status=str(row.status),
        state=state_of(row),
        priority=int(row.priority),
        updated_at=row.updated_at,
        labels=row.labels,
        agent=row.held_by or row.assigned_to,
        lease_until=row.lease_until,
        blockers=row.waits_for,
        children=row.subtasks,
        children_done=row.subtasks - row.subtasks_open,
        reason=reason,
        project_name=row.project,
    )


def states_of(word: str) -> list[str]:
    """Return the states that a word of the address means."""
    return list(GROUPS.get(word, (word,)))


def arguments_of(chosen: views.TaskFilter) -> dict[str, Any]:
    """Return the arguments of work.list that a filter of the address means."""
    return {
        "project": chosen.project or EVERYWHERE,
        "priority": chosen.priority,
        "label": chosen.label,
        "tag": chosen.tag,
        "agent": chosen.agent,
        "text": chosen.text,
        "epic": chosen.epic,
        "issue": chosen.issue,
        "workflow": chosen.workflow,
        "state": states_of(chosen.status) if chosen.status else None,
    }


def task_list(call: Caller, chosen: views.TaskFilter, projects: Sequence[views.Project]) -> views.TaskList:
    """Return the page of tasks, as a table or a board."""
    arguments = arguments_of(chosen)
    counts = {each.name: each.count for each in call("work.count", **arguments).by_state}
    if chosen.view == "board":
        columns = list(_board(call, chosen, arguments, counts))
        shown = [task for column in columns for task in column.tasks]
        choices = _choices(call, chosen, shown, projects)
        return views.TaskList(chosen, choices, _summary(len(shown), counts), columns=columns if shown else ())
    page = call("work.list", **arguments, order=chosen.order, limit=TABLE_ROWS, cursor=chosen.cursor)
    tasks = [task_view(row) for row in page.items]
    return views.TaskList(
        chosen,
        _choices(call, chosen, tasks, projects),
        _summary(len(tasks), counts, first=not chosen.cursor, board=False),
        tasks=tasks,
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.cursor else None,
    )


def _summary(shown: int, counts: Mapping[str, int], *, first: bool = True, board: bool = True) -> str:
    total = sum(counts.values())
    if not board and shown < total:
        return f"the first {shown:,} of {total:,} tasks" if first else f"{shown:,} of {total:,} tasks"
    return "1 task" if total == 1 else f"{total:,} tasks"


def _board(
    call: Caller, chosen: views.TaskFilter, arguments: Mapping[str, Any], counts: Mapping[str, int]
) -> Iterable[views.Column]:
    """Return the board: what is open by state, then what was closed last."""
    wanted = arguments["state"]
    for column_id, name, icon, word, order in _COLUMNS:
        states = [state for state in states_of(word) if wanted is None or state in wanted]
        if not states:
            continue
        total = sum(counts.get(state, 0) for state in states)
        given = {**arguments, "state": states}
        rows = call("work.list", **given, order=order, limit=COLUMN_CARDS).items if total else []
        more = chosen.url(view=None, status=word if wanted is None else chosen.status, order=order)
        yield views.Column(column_id, name, icon, total, [task_view(row) for row in rows], more)


def _choices(
    call: Caller, chosen: views.TaskFilter, tasks: Iterable[views.Task], projects: Sequence[views.Project]
) -> views.Choices:
    labels = Counter(label for task in tasks for label in task.labels)
    names = [agent.name for agent in call("agents.list", limit=200).items]
    if chosen.agent and chosen.agent not in names:
        names.append(chosen.agent)
    return views.Choices(
        projects=[views.Option(project.slug, project.name) for project in projects],
        agents=[views.Option(name, name) for name in sorted(names, key=str.lower)],
        labels=[label for label, _ in labels.most_common(50)],
    )
