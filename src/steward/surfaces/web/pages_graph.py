"""The page of the dependency graph: which tasks are tied, as a list that the browser draws."""

from __future__ import annotations

from collections.abc import Sequence

from steward.domains import work
from steward.kit.errors import Invalid, NotFound
from steward.surfaces.web import views
from steward.surfaces.web.caller import EVERYWHERE, Caller, told
from steward.surfaces.web.pages_items import project_field
from steward.surfaces.web.views_rooms import Empty, Field, GraphEdge, GraphNode, GraphPage, ListFilter

# More cannot be read on a screen, nor laid out at once.
NODES = 150
_FIELDS = (Field("epic", "Epic"), Field("workflow", "Workflow"), Field("task", "Task"))


def graph(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> GraphPage:
    """Return the page of the graph; without anything named, of the project that was changed last."""
    task = chosen.get("task")
    chosen = chosen if task or chosen.get("project") else _first(chosen, projects)
    closed = bool(chosen.get("closed")) or bool(task)
    fields = [project_field(projects), *_FIELDS]
    try:
        found = _found(call, chosen, closed)
    except (NotFound, Invalid) as exc:
        # Words are sent while they are being typed: what is not there yet is no mistake.
        return GraphPage(
            chosen, fields, closed=True, empty=Empty("search", "Nothing of that name", told(exc))
        )
    nodes = {
        each.ref: GraphNode(each.ref, each.title, str(each.state), bool(task) and each.steps == 0)
        for each in found.nodes
    }
    edges = [_edge(nodes, each) for each in found.edges]
    return GraphPage(
        chosen,
        fields,
        list(nodes.values()),
        edges,
        found.total,
        _summary(len(nodes), found.total, len(edges)),
        _cut(len(nodes), found.total, task),
        closed,
        chosen.with_(closed=None if closed else "1").url(),
        sorted({node.state for node in nodes.values()}, key=views.STATES.index),
        _empty(chosen, closed) if len(nodes) < 2 else None,
    )


def _found(call: Caller, chosen: ListFilter, closed: bool) -> work.Graph:
    task = chosen.get("task")
    graph: work.Graph = call(
        "work.graph",
        task=task,
        project=None if task else chosen.get("project") or EVERYWHERE,
        epic=chosen.get("epic"),
        workflow=chosen.get("workflow"),
        closed=closed,
        limit=NODES,
    )
    return graph


def _first(chosen: ListFilter, projects: Sequence[views.Project]) -> ListFilter:
    known = [each for each in projects if each.updated_at is not None]
    if not known:
        return chosen
    return chosen.with_(project=max(known, key=lambda each: (each.updated_at, each.slug)).slug)


def _edge(nodes: dict[str, GraphNode], edge: work.GraphEdge) -> GraphEdge:
    blocks = edge.type is not work.DependencyType.RELATES_TO
    return GraphEdge(nodes[edge.before], nodes[edge.after], blocks)


def _summary(nodes: int, total: int, edges: int) -> str:
    shown = f"{nodes:,} of {total:,}" if nodes < total else f"{total:,}"
    return f"{shown} tied tasks, {edges:,} {'tie' if edges == 1 else 'ties'}" if nodes > 1 else ""


def _cut(nodes: int, total: int, task: str | None) -> str | None:
    if nodes >= total:
        return None
    first = f"the {nodes:,} nearest" if task else f"the {nodes:,} open and most urgent ones"
    return (
        f"{total:,} tasks are tied to each other; {first} are drawn. "
        "Choose an epic, a workflow or a task to see a part whole."
    )


def _empty(chosen: ListFilter, closed: bool) -> Empty:
    if chosen.get("task"):
        text = "It waits for nothing, and nothing waits for it."
        return Empty(
            "graph", "This task stands alone", text, [f"steward work depend {chosen.get('task')} --on KEY-1"]
        )
    text = "Let one task wait for another, and both are drawn here."
    if not closed:
        text = "No open task here is tied to another open one. " + text
    return Empty("graph", "Nothing is tied", text, ["steward work depend SHOP-2 --on SHOP-1"])
