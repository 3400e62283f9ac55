"""The routes of the pages of questions, epics, issues, workflows, the graph, agents and the devlog."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, quote
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from steward.kit.errors import Invalid, NotFound, StewardError
from steward.surfaces.web import (
    pages,
    pages_agents,
    pages_devlog,
    pages_graph,
    pages_items,
    pages_talk,
    pages_task,
    pages_workflows,
    views,
)
from steward.surfaces.web.answering import (
    HEADERS,
    Built,
    edge_of,
    form_of,
    frame,
    list_page,
    page,
    word,
    words,
)
from steward.surfaces.web.caller import Caller, told
from steward.surfaces.web.views_rooms import ItemPage, ListFilter

router = APIRouter(include_in_schema=False)
_TASK = re.compile(r"/tasks/([A-Z0-9]{2,10}-[0-9]{1,18})")
_INBOX = re.compile(r"/inbox(\?[\w=&%+.~-]{0,2000})?", re.ASCII)
_ASKED = ("status", "mine")
_READS = {"attachment": "work.read_attachment", "document": "work.read_document"}


async def _item(request: Request, here: str, build: Callable[[Caller], ItemPage]) -> Response:
    """Show one thing."""

    def built(call: Caller) -> Built:
        return "item.html", here, build(call), frame(request, call, pages.known_projects(call), None, here)

    return await page(request, built)


# -------------------------------------------------------------------------------------------------------- inbox


@router.get("/inbox")
async def inbox(request: Request) -> Response:
    """Show the questions that wait for people."""
    return await _inbox(request)


async def _inbox(
    request: Request, problem: str | None = None, status: int = 200, chosen: ListFilter | None = None
) -> Response:
    def build(call: Caller, narrowed: ListFilter, known: list[views.Project]) -> object:
        return pages_talk.inbox(call, narrowed, known, problem)

    shown = chosen or words(request, "/inbox", *_ASKED)
    return await list_page(request, "inbox.html", shown, build, status)


@router.post("/questions/{question}/answer")
async def answer(request: Request, question: UUID) -> Response:
    """Answer a question by a form of a page, and go back to that page."""
    form = await form_of(request)
    back = form.get("back", "")
    # A button's choice beats what stands in the field beside it.
    text = form.get("choice") or form.get("answer", "").strip()
    try:
        if not text:
            raise Invalid("the answer is empty", hint="write one, or take one of the choices")
        edge = edge_of(request)
        await edge.call("work.answer", {"question": str(question), "answer": text}, request.state.actor)
    except StewardError as exc:
        return await _answer_refused(request, back, exc)
    known = _TASK.fullmatch(back) or _INBOX.fullmatch(back)
    target = back if known else "/inbox"
    return RedirectResponse(target, 303, headers=HEADERS)


async def _answer_refused(request: Request, back: str, exc: StewardError) -> Response:
    """Show the page again with the reason: somebody may have been faster."""
    task = _TASK.fullmatch(back)
    if task is None:
        query = parse_qs(back.partition("?")[2]) if _INBOX.fullmatch(back) else {}
        kept = {name: query[name][-1] for name in (*_ASKED, "project") if name in query}
        return await _inbox(request, told(exc), exc.status, ListFilter("/inbox", kept))

    def built(call: Caller) -> Built:
        known = pages.known_projects(call)
        shown = pages_task.task(call, task[1], known, told(exc))
        return "task.html", "/tasks", shown, frame(request, call, known, shown.task.project_slug, "/tasks")

    return await page(request, built, exc.status)


# ------------------------------------------------------------------------------------- epics, issues, workflows


@router.get("/epics")
async def epics(request: Request) -> Response:
    """List epics."""
    return await list_page(
        request, "items.html", words(request, "/epics", "status", "text"), pages_items.epics
    )


@router.get("/epics/{project}/{epic:path}")
async def epic(request: Request, project: str, epic: str) -> Response:
    """Show one epic."""
    return await _item(request, "/epics", lambda call: pages_items.epic(call, project, epic))


@router.get("/issues")
async def issues(request: Request) -> Response:
    """List issues."""
    chosen = words(request, "/issues", "status", "label", "text")
    return await list_page(request, "items.html", chosen, pages_items.issues)


@router.get("/issues/{reference}")
async def issue(request: Request, reference: str) -> Response:
    """Show one issue."""
    return await _item(request, "/issues", lambda call: pages_items.issue(call, reference))


@router.get("/workflows")
async def workflows(request: Request) -> Response:
    """List workflows."""
    chosen = words(request, "/workflows", "status", "phase", "text")
    return await list_page(request, "items.html", chosen, pages_workflows.workflows)


@router.get("/workflows/{workflow}")
async def workflow(request: Request, workflow: str) -> Response:
    """Show one workflow."""
    return await _item(request, "/workflows", lambda call: pages_workflows.workflow(call, workflow))


@router.post("/workflows/{workflow}/analytics")
async def workflow_analytics(request: Request, workflow: UUID) -> Response:
    """Work the figures of a workflow out again, and go back to its page."""
    await edge_of(request).call("work.workflow_analytics", {"workflow": str(workflow)}, request.state.actor)
    return RedirectResponse(f"/workflows/{workflow}", 303, headers=HEADERS)


# ---------------------------------------------------------------------------------------- graph, agents, devlog


@router.get("/graph")
async def graph(request: Request) -> Response:
    """Show how tasks are tied."""
    chosen = words(request, "/graph", "epic", "workflow", "task", "closed")
    return await list_page(request, "graph.html", chosen, pages_graph.graph)


@router.get("/agents")
async def agents(request: Request) -> Response:
    """List agents."""
    chosen = words(request, "/agents", "type", "capability", "active").with_(project=None)

    def build(call: Caller, narrowed: ListFilter, _: object) -> object:
        return pages_agents.agent_list(call, narrowed)

    return await list_page(request, "agents.html", chosen, build)


@router.get("/agents/{name:path}")
async def agent(request: Request, name: str) -> Response:
    """Show one agent."""

    def built(call: Caller) -> Built:
        shown = pages_agents.agent(call, name, word(request, "cursor"))
        return (
            "agent.html",
            "/agents",
            shown,
            frame(request, call, pages.known_projects(call), None, "/agents"),
        )

    return await page(request, built)


@router.get("/devlog")
async def devlog(request: Request) -> Response:
    """List devlog entries."""
    chosen = words(request, "/devlog", "status", "type", "tag", "text", "archived")
    return await list_page(request, "items.html", chosen, pages_devlog.devlog)


@router.get("/devlog/{project}/{key:path}")
async def devlog_entry(request: Request, project: str, key: str) -> Response:
    """Show one devlog entry."""
    cursor = request.query_params.get("cursor") or None
    return await _item(request, "/devlog", lambda call: pages_devlog.entry(call, project, key, cursor))


# -------------------------------------------------------------------------------------------------------- files


@router.get("/files/{kind}/{file}")
async def file(request: Request, kind: str, file: UUID) -> Response:
    """Send a file of a task or an entry; never to be shown in this place, whatever it says it is."""
    if kind not in _READS:
        raise NotFound(f"{kind!r} is no kind of file", hint="it is attachment or document")
    first = await edge_of(request).call(_READS[kind], {kind: str(file)}, request.state.actor)
    headers = {
        **HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(first.name, safe='')}",
        "Content-Length": str(first.size),
    }

    async def parts() -> AsyncIterator[bytes]:
        part = first
        yield part.content
        while part.next_offset is not None:
            given = {kind: str(file), "offset": part.next_offset}
            part = await edge_of(request).call(_READS[kind], given, request.state.actor)
            yield part.content

    return StreamingResponse(parts(), media_type="application/octet-stream", headers=headers)
