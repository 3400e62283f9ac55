"""The server's application: REST, MCP and pages over one database, and how it is run."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from steward.kit.errors import Internal, Invalid, NotFound, StewardError
from steward.surfaces.rest import auth, openapi
from steward.surfaces.rest.edge import Edge
from steward.surfaces.rest.guard import Guard
from steward.surfaces.rest.problem import NotAllowed, answer, on_steward_error
from steward.surfaces.rest.routes import add_routes

if TYPE_CHECKING:
    from steward.kit.config import Settings
    from steward.kit.db import Database

_HEALTH_S = 2.0
_JOBS_END_S = 5.0


def create_app(
    settings: Settings,
    *,
    port: int | None = None,
    open_database: Callable[[Settings], Database] | None = None,
) -> FastAPI:
    """Return the application of a server.

    Args:
        settings: where the database is and how to serve.
        port: on which port it will be reached; that of the settings when None.
        open_database: how to open the database; `operate.place.open_database` when None.
    """
    from steward import __version__

    served = port or settings.port or 7717
    app = FastAPI(
        title="Steward",
        version=__version__,
        description="The system of record for AI software engineering.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings, open_database),
    )
    app.state.settings = settings
    app.state.port = served
    app.state.error_page = None
    app.add_exception_handler(StewardError, on_steward_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    _add_own_routes(app)
    add_routes(app)
    _mount_mcp(app)
    _mount_hooks(app)
    _mount_pages(app)
    _mount_otlp(app)
    app.openapi = _once(lambda: openapi.document(app))  # type: ignore[method-assign]
    app.add_middleware(Guard, settings=settings, port=served)
    return app


def _once(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def get() -> dict[str, Any]:
        if not made:
            made.append(make())
        return made[0]

    return get


def _lifespan(settings: Settings, opener: Callable[[Settings], Database] | None) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if opener is None:
            from steward.operate.place import open_database

            database = await asyncio.to_thread(open_database, settings)
        else:
            database = await asyncio.to_thread(opener, settings)
        edge = Edge(database, settings)
        edge.changed.bind(asyncio.get_running_loop())
        app.state.edge = edge
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_jobs(database))
            for enter in app.state.on_start:
                await stack.enter_async_context(enter())
            try:
                yield
            finally:
                edge.stop()
        await asyncio.to_thread(database.close)

    return lifespan


@contextlib.contextmanager
def _jobs(database: Database) -> Iterator[None]:
    """Run background jobs in a thread of this server; one server at a time has the lead."""
    from steward.kit.jobs import JobRunner

    stop = threading.Event()
    thread = threading.Thread(target=JobRunner(database).run_forever, args=(stop,), name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_JOBS_END_S)


def _mount_mcp(app: FastAPI) -> None:
    from steward.surfaces.mcp.http import mount

    app.state.on_start = mount(app)


def _mount_hooks(app: FastAPI) -> None:
    from steward.surfaces.hooks import mount

    app.state.on_start += mount(app)


def _mount_otlp(app: FastAPI) -> None:
    from steward.surfaces.otlp import mount

    app.state.on_start += mount(app)


def _mount_pages(app: FastAPI) -> None:
    """Add the pages where they are installed."""
    if importlib.util.find_spec("steward.surfaces.web") is None:
        return
    web = importlib.import_module("steward.surfaces.web")
    if hasattr(web, "mount"):
        web.mount(app)
    elif hasattr(web, "router"):
        app.include_router(web.router)


async def _on_http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - Starlette's signature is wider than its calls
    if exc.status_code == 404:
        return answer(request, NotFound(f"{request.url.path} is no path of this server"))
    if exc.status_code == 405:
        return answer(request, NotAllowed(f"{request.url.path} does not take {request.method}"))
    if exc.status_code < 500:
        return answer(request, Invalid(str(exc.detail)))
    return answer(request, Internal(str(exc.detail)))


# ---------------------------------------------------------------------------------------------- health and signing in


def _add_own_routes(app: FastAPI) -> None:
    app.add_route("/healthz", _healthz, methods=["GET"], include_in_schema=False)
    app.add_route("/readyz", _readyz, methods=["GET"], include_in_schema=False)
    app.add_route("/login", _login, methods=["GET"], include_in_schema=False)
    app.add_route("/logout", _logout, methods=["POST"], include_in_schema=False)
    app.add_route("/login/link", _make_link, methods=["POST"], include_in_schema=False)


async def _healthz(request: Request) -> Response:
    """Tell that the process answers."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Tell whether operations can be served: the database answers."""
    edge: Edge = request.app.state.edge
    try:
        async with asyncio.timeout(_HEALTH_S):
            await edge.thread(lambda: _ask(edge), share="health")
    except TimeoutError:
        return JSONResponse({"status": "unavailable", "detail": "the database does not answer"}, 503)
    except StewardError as exc:
        return JSONResponse({"status": "unavailable", "detail": exc.message}, 503)
    return JSONResponse({"status": "ok"})


def _ask(edge: Edge) -> None:
    # The wait for a thread cannot be cut short, so the wait in it is.
    edge.database.ping(timeout=_HEALTH_S)


async def _login(request: Request) -> Response:
    """Turn a one-time link into a session of this browser."""
    token = await auth.redeem_link(request)
    response = RedirectResponse(_local_path(request.query_params.get("next", "/")), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        auth.COOKIE, token, max_age=auth.COOKIE_S, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return response


def _local_path(text: str) -> str:
    """Return the path when it is one of this server, else the first page."""
    safe = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if safe else "/"


async def _make_link(request: Request) -> Response:
    """Give the bearer of a user's key a one-time link for the browser."""
    return JSONResponse({"path": await auth.make_link(request)})


async def _logout(request: Request) -> Response:
    """End the browser's session."""
    await auth.end_session(request)
    response = RedirectResponse("/", 303)
    response.delete_cookie(auth.COOKIE, path="/")
    return response
