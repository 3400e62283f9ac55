"""The routes of the pages: they read the address, ask `pages` in a thread, and render."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from steward.kit.errors import NotFound, StewardError
from steward.surfaces.web import events, pages, views
from steward.surfaces.web.render import CONTENT_SECURITY_POLICY, STATIC, render, static_version

if TYPE_CHECKING:
    from steward.surfaces.rest.edge import Edge

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}
_LONGEST_WORD = 200

# Of a page: its template, where the navigation marks it, what it shows.
_Built = tuple[str, str, object, views.Frame]


def mount(app: FastAPI) -> None:
    """Add the pages to a server, and let it answer browsers' mistakes with pages."""
    app.include_router(router)
    app.state.error_page = error_page


async def _page(request: Request, build: Callable[[pages.Caller], _Built]) -> Response:
    """Build a page in a thread and render it there too: a long list takes a while."""
    edge: Edge = request.app.state.edge
    call = pages.Caller(edge.database, request.state.actor)

    def work() -> str:
        template, here, page, frame = build(call)
        return render(template, page, frame, here)

    return HTMLResponse(await edge.thread(work), headers=_HEADERS)


def _word(request: Request, name: str) -> str | None:
    """Return a query word without blanks around it; None when it is empty."""
    return request.query_params.get(name, "").strip()[:_LONGEST_WORD] or None


def _frame(request: Request, known: list[views.Project], slug: str | None, here: str = "/") -> views.Frame:
    actor = request.state.actor
    return views.Frame(
        user=actor.user_name or actor.role,
        here=here,
        projects=known,
        project=pages.chosen_project(known, slug),
    )


@router.get("/")
async def overview(request: Request) -> Response:
    """Show what is ready, in work, waiting and done."""

    def build(call: pages.Caller) -> _Built:
        known = pages.known_projects(call)
        frame = _frame(request, known, _word(request, "project"))
        page = pages.overview(call, frame.project.slug if frame.project else None)
        return "overview.html", "/", page, frame

    return await _page(request, build)


def _filter(request: Request) -> views.TaskFilter:
    words = {
        name: _word(request, name)
        for name in ("project", "status", "priority", "label", "tag", "agent", "text")
    }
    order, view, cursor = (request.query_params.get(name) for name in ("order", "view", "cursor"))
    return views.TaskFilter(
        **words,
        order=order if order in views.ORDERS[1:] else None,
        view="board" if view == "board" else None,
        cursor=cursor or None,
    )


@router.get("/tasks")
async def tasks(request: Request) -> Response:
    """Show tasks as a table or a board."""
    chosen = _filter(request)
    here = "/tasks?view=board" if chosen.view == "board" else "/tasks"

    def build(call: pages.Caller) -> _Built:
        known = pages.known_projects(call)
        frame = _frame(request, known, chosen.project, chosen.url(project=None, cursor=None))
        return "tasks.html", here, pages.task_list(call, chosen, known), frame

    return await _page(request, build)


@router.get("/tasks/{reference}")
async def task(request: Request, reference: str) -> Response:
    """Show one task with its history."""

    def build(call: pages.Caller) -> _Built:
        known = pages.known_projects(call)
        page = pages.task(call, reference, known)
        return "task.html", "/tasks", page, _frame(request, known, page.task.project_slug, "/tasks")

    if not reference.isascii() or "-" not in reference or reference != reference.upper():
        return await _to_reference(request, reference)
    return await _page(request, build)


async def _to_reference(request: Request, words: str) -> Response:
    """Lead an id, or a reference in small letters, to the one address of its task."""
    edge: Edge = request.app.state.edge
    found = await edge.call("work.get", {"task": words}, request.state.actor)
    return RedirectResponse(f"/tasks/{found.task.ref}", 302, headers=_HEADERS)


@router.get("/projects")
async def projects(request: Request) -> Response:
    """Show every project and how far it is."""

    def build(call: pages.Caller) -> _Built:
        found = pages.projects(call)
        frame = _frame(request, sorted(found, key=lambda project: project.name.lower()), None)
        return "projects.html", "/projects", views.ProjectList(found), frame

    return await _page(request, build)


@router.get("/search")
async def search(request: Request) -> Response:
    """Show what a search finds."""
    query = _word(request, "q") or ""

    def build(call: pages.Caller) -> _Built:
        return "search.html", "", pages.search(call, query), _frame(request, pages.known_projects(call), None)

    return await _page(request, build)


@router.get("/events")
async def news(request: Request) -> Response:
    """Tell an open page whenever something was committed."""
    return events.stream(request)


@router.get("/static/{version}/{name:path}")
async def static(request: Request, version: str, name: str) -> Response:
    """Serve a file of the pages; the address changes with the content, so it may be kept for ever."""
    if "\0" in name:
        raise NotFound("no file of the pages has a NUL in its name")
    path = (STATIC / PurePosixPath(name)).resolve()
    kind = _KINDS.get(path.suffix)
    if kind is None or not path.is_relative_to(STATIC) or not path.is_file():
        raise NotFound(f"{request.url.path} is no file of the pages")
    kept = "public, max-age=31536000, immutable" if version == static_version() else "no-cache"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": kept})


@router.get("/favicon.ico")
async def favicon() -> Response:
    """Lead browsers that ask by habit to the picture."""
    return RedirectResponse(f"/static/{static_version()}/favicon.svg", 301)


# ------------------------------------------------------------------------------------------------------- mistakes

_TITLES = {
    400: "That does not work",
    401: "Open Steward from the terminal",
    403: "Not allowed",
    404: "Nothing is here",
    503: "A part is away",
}


def error_page(request: Request, exc: StewardError) -> Response | None:
    """Return the page that shows an error to a person; None when a program asked."""
    path = request.url.path
    if path.startswith(("/api/", "/mcp", "/static/")) or "text/html" not in request.headers.get("accept", ""):
        return None
    page = _sign_in() if exc.status == 401 else _mistake(request, exc)
    return HTMLResponse(render("plain.html", page), exc.status, headers=_HEADERS)


def _sign_in() -> views.PlainPage:
    text = "This browser is not known yet, or its session is over. The command prints a link that lets it in, once."
    return views.PlainPage(_TITLES[401], text, command="steward open")


def _mistake(request: Request, exc: StewardError) -> views.PlainPage:
    text = f"{exc.message[:1].upper()}{exc.message[1:]}."
    if exc.hint:
        text += f" {exc.hint[:1].upper()}{exc.hint[1:]}."
    return views.PlainPage(
        _TITLES.get(exc.status, "Something went wrong"),
        text,
        links=[views.Link("Overview", "/"), views.Link("All tasks", "/tasks")],
        reference=getattr(request.state, "request_id", None),
    )
