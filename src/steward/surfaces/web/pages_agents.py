"""The pages of agents: the list with their load, and one with what it holds and when it was held best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steward.domains import agents, work
from steward.kit.errors import NotFound
from steward.surfaces.web import pages_sessions, pages_talk, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_items import choice, part, times
from steward.surfaces.web.pages_tasks import GROUPS, task_view
from steward.surfaces.web.views_rooms import (
    AgentList,
    AgentPage,
    AgentRow,
    Candidate,
    Decision,
    Field,
    Figure,
    ListFilter,
)

_ROWS = 200
_TASKS = 20
_DECISIONS = 10


def agent_list(call: Caller, chosen: ListFilter) -> AgentList:
    """Return the list of agents."""
    active = chosen.get("active")
    page = call(
        "agents.list",
        agent_type=chosen.get("type"),
        capability=chosen.get("capability"),
        active=active == "yes" if active in ("yes", "no") else None,
        limit=_ROWS,
        cursor=chosen.get("cursor"),
    )
    loads = {each.agent_id: each for each in call("work.load", project=EVERYWHERE)}
    rows = [_row(each, loads.get(each.id)) for each in page.items]
    return AgentList(
        chosen,
        [
            choice("type", "Type", agents.AgentType),
            Field("capability", "Capability"),
            Field(
                "active",
                "All agents",
                [views.Option("yes", "In service"), views.Option("no", "Out of service")],
            ),
        ],
        rows,
        f"{'the first ' if page.next_cursor else ''}{len(rows)}" if rows else "",
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


def _row(agent: agents.Agent, load: work.AgentLoad | None) -> AgentRow:
    model = "unknown model" if agent.model_name == "unknown" else agent.model_name
    row = AgentRow(
        name=agent.name,
        href=f"/agents/{part(agent.name)}",
        type=str(agent.agent_type),
        model=model,
        active=agent.is_active,
        capabilities=agent.capabilities,
        limit=agent.max_in_progress,
    )
    return row if load is None else _loaded(row, load)


def _loaded(row: AgentRow, load: work.AgentLoad) -> AgentRow:
    return AgentRow(
        row.name,
        row.href,
        row.type,
        row.model,
        row.active,
        row.capabilities,
        held=load.held,
        limit=row.limit,
        asking=load.asking,
        finished=load.finished,
        failed=load.failed,
        success=load.success_percent,
        average=_average(load.avg_minutes),
        seen=load.last_seen_at,
    )


def agent(call: Caller, name: str, cursor: str | None = None) -> AgentPage:
    """Return the page of one agent; what was decided of it from a cursor on."""
    found: agents.Agent = call("agents.get", agent=name)
    loads = call("work.load", agent=found.name, project=EVERYWHERE)
    holding = call(
        "work.list", project=EVERYWHERE, agent=found.name, state=list(GROUPS["active"]), limit=_TASKS
    ).items
    finished = call(
        "work.list", project=EVERYWHERE, agent=found.name, state=["done"], order="updated", limit=_TASKS
    ).items
    asked = call("work.inbox", project=EVERYWHERE, agent=found.name, limit=_TASKS).items
    decisions = call("agents.list_decisions", agent=str(found.id), limit=_DECISIONS, cursor=cursor)
    url = f"/agents/{part(found.name)}"
    return AgentPage(
        agent=_row(found, loads[0] if loads else None),
        description=found.description,
        facts=list(_facts(found)),
        holding=[task_view(row) for row in holding],
        finished=[task_view(row) for row in finished],
        finished_url=views.TaskFilter(agent=found.name, status="done", order="updated").url(),
        questions=[pages_talk.question(each) for each in asked],
        decisions=[_decision(call, each) for each in decisions.items],
        decisions_url=f"{url}?cursor={part(decisions.next_cursor)}" if decisions.next_cursor else None,
        took=pages_sessions.of_agent(call, found.name),
    )


def _facts(agent: agents.Agent) -> Iterable[views.Fact]:
    yield views.Fact("Type", views.words(str(agent.agent_type)))
    version = f" {agent.model_version}" if agent.model_version else ""
    yield views.Fact("Model", f"{agent.model_name}{version}, {agent.model_provider}")
    yield views.Fact("At once", str(agent.max_in_progress) if agent.max_in_progress else "no limit")
    if agent.required_tools:
        yield views.Fact("Tools", chips=[views.Link(name) for name in agent.required_tools])
    if agent.tags:
        yield views.Fact("Tags", chips=[views.Link(name) for name in agent.tags])
    yield from times(("Known since", agent.created_at), ("Left", agent.deprecated_at))


def _decision(call: Caller, decision: agents.RoutingDecision) -> Decision:
    scored = [each for each in decision.candidates if isinstance(each, dict)]
    return Decision(
        id=str(decision.id),
        at=decision.created_at,
        chosen=decision.agent,
        score=None if decision.score is None else _percent(decision.score),
        by=decision.decided_by,
        task=_task(call, decision),
        needs=decision.required_capabilities,
        candidates=[_candidate(each) for each in scored],
    )


def _task(call: Caller, decision: agents.RoutingDecision) -> views.Link | None:
    """Return the task that was routed; it may have been removed since."""
    if decision.task_id is None:
        return None
    try:
        row = call("work.get", task=str(decision.task_id)).task
    except NotFound:
        return views.Link("a task that was removed")
    return views.Link(f"{row.ref} {row.title}", f"/tasks/{row.ref}")


def _candidate(scored: Mapping[str, Any]) -> Candidate:
    parts: Sequence[str] = ("fit", "success", "load", "cost")
    return Candidate(
        name=str(scored.get("agent", "")),
        href=f"/agents/{part(str(scored.get('agent', '')))}",
        eligible=bool(scored.get("eligible")),
        score=_percent(scored.get("score")),
        parts=[Figure(name, f"{_percent(scored.get(name))}") for name in parts],
        missing=[str(each) for each in scored.get("missing") or []],
    )


def _percent(score: Any) -> int:
    return round(float(score or 0) * 100)


def _average(minutes: int | None) -> str | None:
    """Return a mean time of whole minutes; one that is rounded to none is no time of nothing."""
    if minutes is None:
        return None
    return pages_talk.span(minutes * 60_000) if minutes else "< 1 min"
