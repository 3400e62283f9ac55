"""The pages of workflows: the list, and one with its phases, tasks and figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from steward.domains import work
from steward.surfaces.web import views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_items import ROWS, choice, listing, part, project_field, tasks_of, times
from steward.surfaces.web.pages_talk import number
from steward.surfaces.web.views_rooms import (
    Analytics,
    Empty,
    Figure,
    ItemList,
    ItemPage,
    ListFilter,
    Prose,
    Row,
    Step,
)

_PHASES = [phase for phase in work.WorkflowPhase if phase is not work.WorkflowPhase.FAILED]
_SHOWN = 20


def workflows(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> ItemList:
    """Return the list of workflows."""
    found = call(
        "work.list_workflows",
        project=chosen.get("project") or EVERYWHERE,
        status=[chosen.get("status")] if chosen.get("status") else None,
        phase=chosen.get("phase"),
        text=chosen.get("text"),
        limit=ROWS,
        cursor=chosen.get("cursor"),
    )
    empty = Empty(
        "workflow",
        "No workflows yet",
        "A workflow is a run of work through phases, from initiation to deployment, made of tasks.",
        [
            "steward work add-workflow Release --project shop",
            "steward work add 'Write the notes' --project shop --workflow Release",
        ],
    )
    fields = [
        project_field(projects),
        choice("status", "Status", work.WorkflowStatus),
        choice("phase", "Phase", work.WorkflowPhase),
    ]
    return listing("Workflows", chosen, fields, empty, found, [_row(each) for each in found.items])


def _row(workflow: work.Workflow) -> Row:
    return Row(
        id=str(workflow.id),
        href=f"/workflows/{workflow.id}",
        key=views.words(str(workflow.current_phase)),
        title=workflow.name,
        state=str(workflow.status),
        at=workflow.updated_at,
        chips=[workflow.project],
        note=_errors(len(workflow.errors)),
        part=int(workflow.progress.get("completed", 0)),
        whole=int(workflow.progress.get("total", 0)),
        closed=workflow.status in ("completed", "cancelled"),
    )


def _errors(count: int) -> str | None:
    if not count:
        return None
    return "1 error" if count == 1 else f"{count} errors"


def workflow(call: Caller, words: str) -> ItemPage:
    """Return the page of one workflow."""
    found: work.Workflow = call("work.get_workflow", workflow=words, project=EVERYWHERE)
    kept = call("work.get_workflow_analytics", workflow=str(found.id))
    project_url = f"/workflows?project={part(found.project)}"
    return ItemPage(
        kind="Workflow",
        key=str(found.id)[:8],
        title=found.name,
        state=str(found.status),
        crumbs=[views.Link("Workflows", "/workflows"), views.Link(found.project_name, project_url)],
        note="This workflow is archived." if found.archived_at else None,
        prose=[Prose("", found.description), Prose("Requirements", found.requirements)],
        facts=list(_facts(found)),
        phases=list(_phases(found)),
        tasks_hint=f"steward work add 'First step' --project {found.project} --workflow {str(found.id)[:8]}",
        graph_url=ListFilter("/graph", {"project": found.project, "workflow": str(found.id)}).url(),
        analytics=_analytics(kept) if kept else None,
        analytics_url=f"/workflows/{found.id}/analytics",
        errors=[_error(number, each) for number, each in enumerate(reversed(found.errors))],
        **tasks_of(call, found.project, workflow=str(found.id)),
    )


def _facts(workflow: work.Workflow) -> Iterable[views.Fact]:
    yield views.Fact("Phase", views.words(str(workflow.current_phase)))
    for name, value in list(workflow.metrics.items())[:_SHOWN]:
        if isinstance(value, str | int | float) and name != "sample":
            yield views.Fact(views.words(name), str(value)[:200])
    yield from times(
        ("Created", workflow.created_at),
        ("Started", workflow.started_at),
        ("Completed", workflow.completed_at),
        ("Updated", workflow.updated_at),
    )


def _phases(workflow: work.Workflow) -> Iterable[Step]:
    """Return the way through the phases; where it failed is not kept apart from the way."""
    if workflow.current_phase is work.WorkflowPhase.FAILED:
        yield Step("Failed", "now", state="failed")
        return
    reached = _PHASES.index(workflow.current_phase)
    ended = workflow.current_phase is work.WorkflowPhase.COMPLETED
    for place, phase in enumerate(_PHASES):
        before = place < reached or (ended and place == reached)
        yield Step(views.words(str(phase)), "before" if before else "now" if place == reached else "after")


def _error(number: int, error: Any) -> views.Event:
    """Return an error as a line of history; it is any JSON that somebody put there."""
    known: Mapping[str, Any] = error if isinstance(error, dict) else {"message": str(error)}
    phase = f" in {known['phase']}" if known.get("phase") else ""
    return views.Event(
        id=f"error-{number}",
        at=_moment(known.get("at")),
        actor=str(known.get("by") or "Somebody"),
        what=f"noted{phase}: {known.get('message', '')}",
        icon="alert",
        state="failed",
    )


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------- analytics


def _analytics(kept: work.WorkflowAnalytics) -> Analytics:
    figures = kept.workflow
    return Analytics(
        at=figures.calculated_at,
        figures=list(_figures(figures)),
        path=[_on_path(each) for each in figures.critical_path[:_SHOWN]],
        bottlenecks=[_bottleneck(each) for each in figures.bottlenecks[:_SHOWN]],
        advice=[
            str(each.get("advice", ""))
            for each in figures.optimization_opportunities
            if isinstance(each, dict)
        ],
        workers=list(_workers(figures.resource_utilization)),
        blocking=[_blocking(each) for each in kept.tasks[:_SHOWN] if each.blocking_factor > 0],
    )


def _figures(of: work.WorkflowFigures) -> Iterable[Figure]:
    yield Figure(
        "Completed",
        f"{number(of.completion_percentage)} %",
        f"{of.completed_tasks} of {views.numbered(of.total_tasks, 'task')}",
    )
    # Like with like: what is estimated but open would count as if it had taken no time.
    finished = of.resource_utilization.get("finished_efficiency")
    yield _score("Efficiency", finished, "estimated time against time taken, of what is finished")
    yield _score("Quality", of.quality_score, "tasks done at the first try")
    if of.complexity_score is not None:
        yield Figure("Complexity", f"{number(of.complexity_score)}", "mean of its tasks, 1 to 10")
    if of.estimated_duration_hours is not None or of.actual_duration_hours is not None:
        known = [f"{number(hours)} h" if hours is not None else "?" for hours in _hours(of)]
        yield Figure("Hours", known[1], f"taken, of {known[0]} estimated")
    yield Figure("Waiting", str(of.waiting_tasks), "open tasks that wait for others")
    if of.critical_path:
        hours = number(of.critical_path_minutes / 60)
        yield Figure(
            "Critical path",
            f"{hours} h",
            f"{views.numbered(len(of.critical_path), 'task')} one after another",
        )


def _hours(of: work.WorkflowFigures) -> tuple[Any, Any]:
    return of.estimated_duration_hours, of.actual_duration_hours


def _score(name: str, score: Any, note: str) -> Figure:
    return Figure(
        name,
        "none yet" if score is None else f"{number(score)} %",
        "nothing can be said yet" if score is None else note,
    )


def _on_path(each: Mapping[str, Any]) -> Step:
    minutes = int(each.get("minutes") or 0)
    note = f"{minutes} min" if minutes else "no estimate"
    return Step(str(each["title"]), str(each["task"]), f"/tasks/{each['task']}", note, str(each["status"]))


def _bottleneck(each: Mapping[str, Any]) -> Step:
    waiting = int(each.get("waiting") or 0)
    who = "1 task waits" if waiting == 1 else f"{waiting} tasks wait"
    note = f"{who}, {number(each.get('impact_percentage', 0))} % of what is open"
    return Step(str(each["title"]), str(each["task"]), f"/tasks/{each['task']}", note, str(each["status"]))


def _blocking(each: work.TaskFigures) -> Step:
    return Step(
        each.title, each.ref, f"/tasks/{each.ref}", f"{number(each.blocking_factor)}", str(each.status)
    )


def _workers(utilization: Mapping[str, Any]) -> Iterable[Figure]:
    for each in utilization.get("by_worker", [])[:_SHOWN]:
        yield Figure(
            str(each["name"]), f"{each['done']} of {each['tasks']}", f"{number(each['actual_hours'])} h"
        )
