"""What each page shows, from the results of operations. Runs in a thread; asks only through operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from steward.domains import work
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Invalid, NotFound
from steward.surfaces.web import history, views
from steward.surfaces.web.views import words

EVERYWHERE = "all"
TABLE_ROWS = 1200
BOARD_ROWS = 2000
COLUMN_CARDS = 40
_PANEL_ROWS = 8
_FOUND_ROWS = 20
_OPEN = tuple(
    status for status in work.TaskStatus if status not in (work.TaskStatus.DONE, work.TaskStatus.CANCELLED)
)
_COUNTED = ("ready", "pending", "in_progress", "in_review", "awaiting_input", "blocked", "done", "failed")
# Column: name, icon, the states of its cards, the filter that shows all of it.
_COLUMNS = (
    ("waiting", "Waiting", "waiting", ("waiting", "draft", "blocked"), "waiting"),
    ("ready", "Ready", "ready", ("ready", "open"), "ready"),
    ("work", "In progress", "in_progress", ("claimed", "in_progress"), "in_progress"),
    ("review", "Review", "in_review", ("in_review", "testing", "awaiting_input"), "in_review"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Runs operations as somebody."""

    database: Database
    actor: Actor

    def __call__(self, name: str, /, **arguments: Any) -> Any:
        """Return the typed result of `room.verb`; arguments that are None are left out."""
        given = {key: value for key, value in arguments.items() if value is not None}
        return op.run(self.database, op.operation(name), given, actor=self.actor)


# -------------------------------------------------------------------------------------------------------- tasks


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


def _list_arguments(chosen: views.TaskFilter) -> dict[str, Any]:
    """Return the arguments of work.list that a filter of the address means."""
    arguments: dict[str, Any] = {
        "project": chosen.project or EVERYWHERE,
        "priority": chosen.priority,
        "label": chosen.label,
        "tag": chosen.tag,
        "agent": chosen.agent,
        "text": chosen.text,
    }
    return arguments | _state_arguments(chosen.status)


def _state_arguments(state: str | None) -> dict[str, Any]:
    if not state:
        return {}
    if state == "open":
        return {"status": list(_OPEN)}
    if state == "ready":
        return {"ready": True}
    if state in ("waiting", "claimed"):
        return {"status": ["pending"], "ready": False}
    return {"status": [state]}


def _kept(tasks: Iterable[views.Task], state: str | None) -> list[views.Task]:
    """Keep one of the two states that the operation does not tell apart."""
    return [task for task in tasks if state not in ("waiting", "claimed") or task.state == state]


def task_list(call: Caller, chosen: views.TaskFilter, projects: Sequence[views.Project]) -> views.TaskList:
    """Return the page of tasks, as a table or a board."""
    if chosen.view == "board":
        columns = _board(call, chosen)
        tasks = [task for column in columns for task in column.tasks]
        total = sum(column.total for column in columns)
        partial = any(column.partial for column in columns)
        return views.TaskList(
            chosen,
            _choices(call, chosen, tasks, projects),
            _summary(total, partial),
            columns=columns if total else (),
        )
    arguments = _list_arguments(chosen)
    page = call("work.list", **arguments, order=chosen.order, limit=TABLE_ROWS, cursor=chosen.cursor)
    tasks = _kept(map(task_view, page.items), chosen.status)
    return views.TaskList(
        chosen,
        _choices(call, chosen, tasks, projects),
        _summary(len(tasks), page.next_cursor is not None),
        tasks=tasks,
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.cursor else None,
    )


def _summary(count: int, partial: bool) -> str:
    if partial:
        return f"the first {count:,}"
    return "1 task" if count == 1 else f"{count:,} tasks"


def _board(call: Caller, chosen: views.TaskFilter) -> list[views.Column]:
    """Return the board: what is open by state, then what was closed last."""
    arguments = _list_arguments(chosen)
    wanted = arguments.pop("status", None)
    still_open = [status for status in _OPEN if status not in ("failed", "deferred")]
    columns: list[views.Column] = []
    if wanted is None or set(wanted) & set(still_open):
        shown = wanted if wanted is not None else still_open
        page = call("work.list", **arguments, status=shown, limit=BOARD_ROWS)
        tasks = _kept(map(task_view, page.items), chosen.status)
        columns += [_column(chosen, spec, tasks, page.next_cursor is not None) for spec in _COLUMNS]
    for name, statuses in (("Done", ["done"]), ("Stopped", ["failed", "deferred", "cancelled"])):
        kept = [status for status in statuses if wanted is None or status in wanted]
        if kept and "ready" not in arguments:
            columns.append(_closed_column(call, chosen, arguments, name, kept))
    return columns


def _column(
    chosen: views.TaskFilter,
    spec: tuple[str, str, str, tuple[str, ...], str],
    tasks: Iterable[views.Task],
    partial: bool,
) -> views.Column:
    column_id, name, icon, states, state = spec
    kept = [task for task in tasks if task.state in states]
    more = chosen.url(view=None, status=chosen.status or state)
    return views.Column(column_id, name, icon, len(kept), kept[:COLUMN_CARDS], more, partial)


def _closed_column(
    call: Caller, chosen: views.TaskFilter, arguments: Mapping[str, Any], name: str, statuses: list[str]
) -> views.Column:
    """Return a column of what was closed last; how much there is in all is known only of whole projects."""
    page = call("work.list", **arguments, status=statuses, order="updated", limit=COLUMN_CARDS)
    tasks = [task_view(row) for row in page.items]
    total, partial = len(tasks), page.next_cursor is not None
    if partial and replace(chosen, project=None, status=None, order=None, view=None) == views.TaskFilter():
        found = call("work.overview", project=arguments["project"], limit=1)
        total, partial = sum(count.count for count in found.by_status if count.name in statuses), False
    icon = "done" if name == "Done" else "cancelled"
    more = chosen.url(view=None, status=statuses[0], order="updated")
    return views.Column(name.lower(), name, icon, total, tasks, more, partial)


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


def search(call: Caller, query: str) -> views.SearchPage:
    """Return what a search finds, in every project."""
    query = query.strip()
    if not query:
        return views.SearchPage("")
    try:
        page = call("work.search", project=EVERYWHERE, text=query, limit=_FOUND_ROWS)
    except Invalid:
        # Only signs: a page that is being typed into shows nothing yet.
        return views.SearchPage(query)
    return views.SearchPage(query, [_found(hit) for hit in page.items])


def _found(hit: work.Hit) -> views.Found:
    return views.Found(
        kind=str(hit.kind),
        key=hit.ref,
        href=f"/tasks/{hit.ref}" if hit.kind is work.SearchKind.TASK else None,
        title=_pieces(hit.title, hit.title_spans),
        snippet=_pieces(hit.snippet, hit.snippet_spans),
        status=hit.status,
        project=hit.project,
    )


def _pieces(text: str, spans: Sequence[work.Span]) -> list[tuple[str, bool]]:
    """Cut a text where marks begin and end."""
    pieces, at = [], 0
    for span in spans:
        pieces += [(text[at : span.start], False), (text[span.start : span.end], True)]
        at = span.end
    return [*pieces, (text[at:], False)]


# ----------------------------------------------------------------------------------------------------- overview


def overview(call: Caller, project: str | None) -> views.Overview:
    """Return the first page, of all projects or one."""
    where = project or EVERYWHERE
    found = call("work.overview", project=where, limit=_PANEL_ROWS)
    counts = {count.name: count.count for count in found.by_status}
    if not counts:
        return views.Overview(0)
    # What each waits for in full is on its own page: working it out for every open task takes too long here.
    waiting = call("work.list", project=where, status=["pending"], ready=False, limit=_PANEL_ROWS)
    total = sum(counts.values())
    shown = counts | {"ready": found.ready}
    chosen = views.TaskFilter(project=project)
    return views.Overview(
        total=total,
        counts=[views.Count(state, shown.get(state, 0), chosen.url(status=state)) for state in _COUNTED],
        bar=views.bar(counts),
        done_percent=counts.get("done", 0) * 100 // total,
        filter=chosen,
        working=[task_view(row) for row in found.in_work],
        ready=[task_view(row) for row in found.next],
        ready_total=found.ready,
        waiting=_kept(map(task_view, waiting.items), "waiting"),
        quarantined=_quarantined(call, where) if found.quarantined else (),
        quarantined_total=found.quarantined,
        finished=[
            replace(task_view(row), updated_at=row.completed_at or row.updated_at) for row in found.finished
        ],
        activity=history.activity(call, project),
    )


def _quarantined(call: Caller, where: str) -> list[views.Task]:
    page = call("work.list", project=where, status=["failed"], order="updated", limit=_PANEL_ROWS)
    texts = [(row, call("work.get", task=str(row.id)).text) for row in page.items]
    return [task_view(row, reason=text.quarantine_reason) for row, text in texts if text.quarantined_at][:4]


# --------------------------------------------------------------------------------------------------- one task


def task(call: Caller, words_of: str, projects: Sequence[views.Project]) -> views.TaskPage:
    """Return the page of one task."""
    found: work.Task = call("work.get", task=words_of)
    row = found.task
    waits = [link for link in found.waits_for if link.relation == "waits_for"]
    state = state_of(row)
    return views.TaskPage(
        task=_full(found, state, projects),
        parents=[_link(link) for link in sorted(found.parents, key=lambda link: -link.depth)],
        children=[_link(link) for link in found.subtasks],
        blockers=[_link(link) for link in waits],
        blocked=[_link(link) for link in found.awaited_by],
        related=[_link(link) for link in found.waits_for if link.relation == "relates_to"],
        history=history.of_task(call, str(row.id)),
        facts=list(_facts(found)),
        waits_for=_why_waiting(call, row) if state == "waiting" else None,
        take=state == "ready",
    )


def _why_waiting(call: Caller, row: work.TaskRow) -> str | None:
    found = call("work.blocked", project=EVERYWHERE, task=row.ref)
    if not found:
        return None
    names = ", ".join(found[0].blockers[:8]) + (" …" if len(found[0].blockers) > 8 else "")
    return f"{found[0].reason}: {names}" if names else str(found[0].reason)


def _full(found: work.Task, state: str, projects: Sequence[views.Project]) -> views.FullTask:
    row, text = found.task, found.text
    names = {project.slug: project.name for project in projects}
    return views.FullTask(
        key=row.ref,
        title=row.title,
        status=str(row.status),
        state=state,
        priority=int(row.priority),
        project_name=names.get(row.project, row.project),
        project_slug=row.project,
        description=text.description,
        details=text.details,
        test_strategy=text.test_strategy,
        requirements=[str(item) for item in text.requirements],
        acceptance=[str(item) for item in text.acceptance_criteria],
        result=_result(text.result),
        agent=row.held_by or row.assigned_to,
        lease_until=row.lease_until,
        attempts=text.attempts,
        quarantined_at=text.quarantined_at,
        reason=text.quarantine_reason or text.status_reason,
    )


def _result(result: Any) -> str | None:
    if isinstance(result, dict) and isinstance(result.get("summary"), str):
        return str(result["summary"])
    return str(result) if result else None


def _link(link: work.TaskLink) -> views.Tie:
    return views.Tie(link.ref, link.title, str(link.status), link.depth)


def _facts(found: work.Task) -> Iterable[views.Fact]:
    row, text = found.task, found.text
    chosen = views.TaskFilter(project=row.project)
    yield views.Fact("Project", chips=[views.Link(row.project, chosen.url())])
    if row.type is not work.TaskType.TASK:
        yield views.Fact("Kind", words(str(row.type)))
    if row.labels:
        yield views.Fact("Labels", chips=[views.Link(label, chosen.url(label=label)) for label in row.labels])
    if row.tag:
        yield views.Fact("Tag", chips=[views.Link(row.tag, chosen.url(tag=row.tag))])
    if text.required_capabilities:
        yield views.Fact("Needs", chips=[views.Link(name) for name in text.required_capabilities])
    if text.estimated_minutes is not None:
        yield views.Fact("Estimate", _minutes(text.estimated_minutes))
    if text.actual_minutes is not None:
        yield views.Fact("Took", _minutes(text.actual_minutes))
    if text.complexity_score is not None:
        yield views.Fact("Complexity", str(text.complexity_score))
    if text.attempts:
        yield views.Fact("Tries", f"{text.attempts} of {text.max_attempts}")
    yield from _times(found)
    if text.source:
        yield views.Fact("Source", PurePath(text.source).name)


def _times(found: work.Task) -> Iterable[views.Fact]:
    row, text = found.task, found.text
    times = (
        ("Due", text.due_date),
        ("Created", row.created_at),
        ("Started", text.started_at),
        ("Finished", row.completed_at),
        ("Updated", row.updated_at),
    )
    yield from (views.Fact(name, at=at) for name, at in times if at is not None)


def _minutes(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


# --------------------------------------------------------------------------------------------------- projects


def known_projects(call: Caller) -> list[views.Project]:
    """Return every project by name, without figures: cheap enough for the frame of every page."""
    found = call("projects.list", limit=500).items
    return sorted((_project_view(row) for row in found), key=lambda project: project.name.lower())


def projects(call: Caller) -> list[views.Project]:
    """Return every project with what its tasks add up to, the one with most to do first."""
    progress = {each.project: each for each in call("work.progress")}
    found = call("projects.list", limit=500).items
    made = [_project_view(row, progress.get(row.slug)) for row in found]
    return sorted(made, key=lambda project: (-(project.tasks - project.done), project.name.lower()))


def _project_view(row: Any, progress: work.Progress | None = None) -> views.Project:
    counts = {count.name: count.count for count in progress.by_status} if progress else {}
    return views.Project(
        slug=row.slug,
        key=row.key,
        name=row.name,
        description=row.description,
        source=row.repository_url or row.path,
        tasks=sum(counts.values()),
        done=counts.get("done", 0),
        ready=progress.ready if progress else 0,
        working=counts.get("in_progress", 0),
        updated_at=row.updated_at,
        bar=views.bar(counts),
    )


def chosen_project(known: Sequence[views.Project], slug: str | None) -> views.Project | None:
    """Return the project of the address.

    Raises:
        NotFound: there is none of that name.
    """
    if not slug or slug == EVERYWHERE:
        return None
    for project in known:
        if slug.lower() in (project.slug.lower(), project.key.lower()):
            return project
    raise NotFound(f"there is no project {slug!r}", hint="the page Projects lists them")
