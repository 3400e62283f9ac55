"""MCP over streamable HTTP at `/mcp`, in the same application and behind the same guard as REST."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.routing import Route

from steward.kit.db import Actor
from steward.kit.errors import Unauthenticated
from steward.surfaces.mcp import server, tools
from steward.surfaces.rest.guard import MOST_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI

    from steward.kit.op import Profile

_SESSION = "mcp-session-id"


def mount(app: FastAPI) -> list[Callable[[], AbstractAsyncContextManager[Any]]]:
    """Add `/mcp` to the application and return what its lifespan has to enter."""
    transport = server.Transport(
        edge=lambda: app.state.edge, actor=_actor, profile=_profile_of(app), request_key=_request_key
    )
    manager = StreamableHTTPSessionManager(
        server.build(transport),
        # The guard before us has checked Host and Origin against our own names already.
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=MOST_BYTES,
    )
    app.router.routes.append(Route("/mcp", endpoint=StreamableHTTPASGIApp(manager)))
    return [manager.run]


def _http(ctx: server.Context) -> Request:
    """Return the HTTP request that carried a message; the guard has put who is asking on it."""
    if not isinstance(ctx.request, Request):
        raise Unauthenticated("the message came without a request", hint="send it over HTTP with a key")
    return ctx.request


def _actor(ctx: server.Context) -> Actor:
    """Return who acts: the key's owner; as the agent of the key, of the header, or of the client's name."""
    request = _http(ctx)
    actor: Actor = request.state.actor
    return dataclasses.replace(
        actor,
        surface="mcp",
        agent=actor.agent or server.client_name(ctx),
        session=actor.session or request.headers.get(_SESSION),
    )


def _profile_of(app: FastAPI) -> Callable[[server.Context], Profile]:
    def profile(ctx: server.Context) -> Profile:
        request = _http(ctx)
        word = request.query_params.get("profile") or request.headers.get("x-steward-profile")
        return tools.profile_of(word or app.state.settings.mcp_profile)

    return profile


def _request_key(ctx: server.Context) -> str | None:
    """Return a key for the request: its id is unique in a session only, so without a session there is none."""
    given = (ctx.meta or {}).get("steward/requestKey")
    if isinstance(given, str) and 0 < len(given) <= 255:
        return given
    session = _http(ctx).headers.get(_SESSION)
    return f"mcp-{session}-{ctx.request_id}" if session and ctx.request_id is not None else None
