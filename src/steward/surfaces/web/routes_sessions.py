"""The routes of the pages of sessions."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steward.surfaces.web import pages, pages_sessions, transcript
from steward.surfaces.web.answering import HEADERS, Built, edge_of, frame, list_page, page, word, words
from steward.surfaces.web.caller import Caller
from steward.surfaces.web.render import render

router = APIRouter(include_in_schema=False)
_FILTERED = ("client", "agent", "task", "model", "outcome", "state", "text")


@router.get("/sessions")
async def sessions(request: Request) -> Response:
    """List sessions."""
    chosen = words(request, "/sessions", *_FILTERED)
    return await list_page(request, "sessions.html", chosen, pages_sessions.sessions)


def _asked(request: Request) -> transcript.Asked:
    """Return which stretch of a transcript the address asks for."""
    at = request.query_params.get("at")
    return transcript.Asked(
        word(request, "part"),
        at if at in ("begin", "end") else None,
        request.query_params.get("cursor") or None,
        request.query_params.get("before") or None,
        live=request.query_params.get("live") == "1",
    )


@router.get("/sessions/{session}")
async def session(request: Request, session: str) -> Response:
    """Show one session as a transcript."""
    if not _is_id(session):
        return await _to_id(request, session)
    # A page that brings itself up to date has its transcript already, and asks for the end of it apart.
    refreshed = request.headers.get("hx-request") == "true"

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        shown = pages_sessions.one(call, session, _asked(request), known, refreshed=refreshed)
        return (
            "session.html",
            "/sessions",
            shown,
            frame(request, call, known, shown.session.project or None, "/sessions"),
        )

    return await page(request, build)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def _to_id(request: Request, text: str) -> Response:
    """Lead other words for a session to its one address."""
    found = await edge_of(request).call("telemetry.get", {"session": text}, request.state.actor)
    return RedirectResponse(f"/sessions/{found.session.id}", 302, headers=HEADERS)


@router.get("/sessions/{session}/entries")
async def entries(request: Request, session: UUID) -> Response:
    """Give a stretch of a transcript alone."""
    edge = edge_of(request)
    call = Caller(edge.database, request.state.actor)

    def work() -> str:
        return render(
            "session_entries.html", transcript.chunk(call, str(session), _asked(request), alone=True)
        )

    return HTMLResponse(await edge.thread(work), headers=HEADERS)


@router.get("/sessions/{session}/raw")
async def raw(request: Request, session: UUID) -> Response:
    """Show a session's own record, line by line."""
    chosen = words(request, f"/sessions/{session}/raw")

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        shown = pages_sessions.raw(call, str(session), chosen)
        return (
            "session_raw.html",
            "/sessions",
            shown,
            frame(request, call, known, shown.session.project or None, "/sessions"),
        )

    return await page(request, build)
