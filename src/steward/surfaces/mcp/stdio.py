"""MCP over standard input and output: the operations run in this process."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from typing import TYPE_CHECKING
from uuid import uuid4

from mcp.server.stdio import stdio_server

from steward.surfaces.mcp import server, tools
from steward.surfaces.rest.edge import Edge

if TYPE_CHECKING:
    from steward.kit.config import Settings
    from steward.kit.db import Actor
    from steward.kit.op import Profile


def serve(settings: Settings, profile: str | None = None) -> None:
    """Serve one client until it closes our standard input.

    Args:
        settings: where the database is, and as which agent to act (else the client's name).
        profile: which tools to offer; that of the settings when None.

    Raises:
        Invalid: there is no such profile.
    """
    from steward.kit.log import configure
    from steward.operate.acting import actor_for_cli
    from steward.operate.place import open_database

    configure(settings.log_level)
    wanted = tools.profile_of(profile or settings.mcp_profile)
    with open_database(settings) as database:
        actor = actor_for_cli(database, settings)
        asyncio.run(_serve(Edge(database, settings), _transport_actor(actor), wanted))


def _transport_actor(actor: Actor) -> Actor:
    session = os.environ.get("STEWARD_SESSION") or f"mcp-{uuid4()}"
    return dataclasses.replace(actor, surface="mcp", session=session)


async def _serve(edge: Edge, actor: Actor, profile: Profile) -> None:
    def actor_of(ctx: server.Context) -> Actor:
        agent = actor.agent or server.client_name(ctx)
        return dataclasses.replace(actor, agent=agent, request=uuid4().hex)

    # Ids of requests are unique within this process' one session; another process has another prefix.
    prefix = f"mcp-{uuid4()}"

    def request_key(ctx: server.Context) -> str | None:
        return f"{prefix}-{ctx.request_id}" if ctx.request_id is not None else None

    edge.changed.bind(asyncio.get_running_loop())
    made = server.build(
        server.Transport(
            edge=lambda: edge, actor=actor_of, profile=lambda _: profile, request_key=request_key
        )
    )
    async with stdio_server() as (read, write):
        await made.run(read, write, made.create_initialization_options())
