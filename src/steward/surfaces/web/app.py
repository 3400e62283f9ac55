"""The routes of the pages: they read the address, ask `pages` in a thread, and render."""

from __future__ import annotations

from pathlib import PurePosixPath

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from steward.kit.errors import NotFound, StewardError
from steward.surfaces.web import events, pages, pages_task, pages_tasks, views
from steward.surfaces.web.answering import HEADERS, Built, edge_of, frame, page, word
from steward.surfaces.web.caller import Caller, told
from steward.surfaces.web.render import STATIC, render, static_version
from steward.surfaces.web.routes_cost import router as cost
from steward.surfaces.web.routes_rooms import router as rooms
from steward.surfaces.web.routes_sessions import router as sessions

router = APIRouter(include_in_schema=False)

_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}

_FILTERED = (
    "project",
    "status",
    "priority",
    "label",
    "tag",
    "agent",
    "text",
    "epic",
    "issue",
    "workflow",
)


def mount(app: FastAPI) -> None:
    """Add the pages to a server, and let it answer browsers' mistakes with pages."""
    app.include_router(router)
    app.include_router(rooms)
    app.include_router(sessions)
    app.include_router(cost)
    app.state.error_page = error_page


@router.get("/")
async def overview(request: Request) -> Response:
    """Show what is ready, in work, waiting and done."""

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        around = frame(request, call, known, word(request, "project"))
        shown = pages.overview(call, around.project.slug if around.project else None)
        return "overview.html", "/", shown, around

    return await page(request, build)


def _filter(request: Request) -> views.TaskFilter:
    words = {name: word(request, name) for name in _FILTERED}
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

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        around = frame(request, call, known, chosen.project, chosen.url(project=None, cursor=None))
        return "tasks.html", here, pages_tasks.task_list(call, chosen, known), around

    return await page(request, build)


@router.get("/tasks/{reference}")
async def task(request: Request, reference: str) -> Response:
    """Show one task with its history."""

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        shown = pages_task.task(call, reference, known)
        return "task.html", "/tasks", shown, frame(request, call, known, shown.task.project_slug, "/tasks")

    if not reference.isascii() or "-" not in reference or reference != reference.upper():
        return await _to_reference(request, reference)
    return await page(request, build)


async def _to_reference(request: Request, words: str) -> Response:
    """Lead an id, or a reference in small letters, to the one address of its task."""
    found = await edge_of(request).call("work.get", {"task": words}, request.state.actor)
    return RedirectResponse(f"/tasks/{found.task.ref}", 302, headers=HEADERS)


@router.get("/projects")
async def projects(request: Request) -> Response:
    """Show every project and how far it is."""

    def build(call: Caller) -> Built:
        found = pages.projects(call)
        around = frame(request, call, sorted(found, key=lambda project: project.name.lower()), None)
        return "projects.html", "/projects", views.ProjectList(found), around

    return await page(request, build)


@router.get("/search")
async def search(request: Request) -> Response:
    """Show what a search finds."""
    query = word(request, "q") or ""

    def build(call: Caller) -> Built:
        return (
            "search.html",
            "",
            pages.search(call, query),
            frame(request, call, pages.known_projects(call), None),
        )

    return await page(request, build)


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
    return HTMLResponse(render("plain.html", page), exc.status, headers=HEADERS)


def _sign_in() -> views.PlainPage:
    text = "This browser is not known yet, or its session is over. The command prints a link that lets it in, once."
    return views.PlainPage(_TITLES[401], text, command="steward open")


def _mistake(request: Request, exc: StewardError) -> views.PlainPage:
    text = told(exc)
    return views.PlainPage(
        _TITLES.get(exc.status, "Something went wrong"),
        text,
        links=[views.Link("Overview", "/"), views.Link("All tasks", "/tasks")],
        reference=getattr(request.state, "request_id", None),
    )
