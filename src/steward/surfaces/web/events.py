"""Tells open pages that something was committed: here at once, by other processes within a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import StreamingResponse

from steward.domains import audit, telemetry, work
from steward.kit import op
from steward.kit.db import Actor
from steward.kit.errors import StewardError

if TYPE_CHECKING:
    from steward.surfaces.rest.edge import Edge

log = logging.getLogger("steward.web")

_POLL_S = 1.0
# A burst of commits is one piece of news.
_GATHER_S = 0.15
# Proxies and browsers give up on a line that says nothing.
_SILENCE_S = 15.0
_CHANGE = b"event: change\ndata: \n\n"
_STILL_HERE = b": still here\n\n"
_ITSELF = Actor(role="service", surface="web")


class Watch:
    """Looks once a second, while anybody listens, whether another process committed something."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._mark: str | None = None
        self._pulse: str | None = None

    def enter(self) -> None:
        """Note one more listener."""
        self._listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """Note one listener less; the last one ends the looking."""
        self._listeners -= 1
        if self._listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while not self._edge.stopping:
            try:
                if await self._edge.thread(self._look):
                    self._edge.changed.committed(set(op.ROOMS))
            except StewardError as exc:
                # The database may be restarting; the pages stay, and the next look finds out.
                log.debug("no news of other processes: %s", exc.message)
            await asyncio.sleep(_POLL_S)

    def _look(self) -> bool:
        """Tell whether anything was committed since the look before: audited changes, claims, sessions."""
        with self._edge.database.transaction(_ITSELF, operation="web.watch", read_only=True) as db:
            changes = audit.changes_after(db, self._mark)
            pulse = f"{work.pulse(db)}/{telemetry.pulse(db)}"
        first = self._mark is None
        news = bool(changes.items) or pulse != self._pulse
        self._mark, self._pulse = changes.mark, pulse
        return news and not first


def stream(request: Request) -> StreamingResponse:
    """Return an endless answer that says `change` whenever something was committed."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request), media_type="text/event-stream", headers=headers)


async def _events(request: Request) -> AsyncIterator[bytes]:
    state = request.app.state
    edge: Edge = state.edge
    watch: Watch = _watch_of(state, edge)
    watch.enter()
    try:
        yield b"retry: 2000\n\n"
        while not await _over(request, edge):
            changed = await edge.changed.wait(set(op.ROOMS), timeout=_SILENCE_S)
            if changed:
                await asyncio.sleep(_GATHER_S)
            yield _CHANGE if changed else _STILL_HERE
    finally:
        watch.leave()


async def _over(request: Request, edge: Edge) -> bool:
    """Tell whether the server ends or nobody listens any more."""
    return edge.stopping or await request.is_disconnected()


def _watch_of(state: object, edge: Edge) -> Watch:
    """Return the one watch of a server, made for its first listener."""
    found: Watch | None = getattr(state, "watch", None)
    if found is None or found._edge is not edge:
        found = Watch(edge)
        state.watch = found  # type: ignore[attr-defined]
    return found
