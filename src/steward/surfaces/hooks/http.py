"""The receiver of hooks. An agent waits for the answer at every step, so it is short.

An empty answer is no opinion: the event is stored, or is none, or waits in the spool of this home to be taken in.
One that is neither here nor there is answered 503, so that a client that can keeps it; no agent stops for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from steward.domains.telemetry import HookClient, HookTold
from steward.kit.errors import Denied, Invalid, StewardError, Unavailable
from steward.operate import hooks
from steward.operate.acting import actor_for_cli
from steward.surfaces.rest.problem import TooLarge, problem

if TYPE_CHECKING:
    from fastapi import FastAPI

    from steward.kit.db import Actor
    from steward.surfaces.rest.edge import Edge

log = logging.getLogger("steward.hooks")

# More than this at once, and the client had better keep it for later.
_MOST_AT_ONCE = 256
_REPLAY_S = 30.0


class Busy(Unavailable):
    """So many events are on their way that another would only wait."""

    code = "busy"
    status = 429


def mount(app: FastAPI) -> list[Callable[[], AbstractAsyncContextManager[Any]]]:
    """Add the paths of hooks to the application and return what its lifespan has to enter."""
    receiver = Receiver()
    for client in HookClient:
        app.add_route(
            f"/hooks/{client.value}", receiver.endpoint(client), methods=["POST"], include_in_schema=False
        )
    return [lambda: _replaying(app)]


class Receiver:
    """Takes events in, a bounded number at once."""

    def __init__(self) -> None:
        self.under_way = 0

    def endpoint(self, client: HookClient) -> Any:
        """Return the endpoint of a client's hooks."""

        async def endpoint(request: Request) -> Response:
            if self.under_way >= _MOST_AT_ONCE:
                return problem(request, Busy("too many events at once", hint="send it again in a second"))
            self.under_way += 1
            try:
                return await _answer(client, request)
            except TooLarge:
                raise
            except ClientDisconnect:
                # It gave up waiting in the midst of its event, and keeps that for later.
                return Response(status_code=200)
            except StewardError as exc:
                return problem(request, exc)
            except Exception:
                log.exception("an event of a hook was not taken in", extra={"path": request.url.path})
                return problem(request, _lost())
            finally:
                self.under_way -= 1

        return endpoint


async def _answer(client: HookClient, request: Request) -> Response:
    body = await request.body()
    edge: Edge = request.app.state.edge
    actor: Actor = request.state.actor

    def work() -> dict[str, Any] | None:
        # Reading some megabytes of JSON takes too long for the loop that serves everybody.
        told = _told(client, request, body)
        return None if told is None else _take(edge, actor, told)

    found = await edge.thread(work)
    return Response(status_code=200) if found is None else JSONResponse(found)


def _told(client: HookClient, request: Request, body: bytes) -> HookTold | None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as exc:
        log.warning("an event of a hook is no JSON: %s", exc, extra={"path": request.url.path})
        return None
    if not isinstance(payload, dict):
        log.warning("an event of a hook is no JSON object", extra={"path": request.url.path})
        return None
    words: dict[str, Any] = {
        name: _header(request, name) for name in ("task", "execution", "agent", "project")
    }
    at = hooks.time_of(_header(request, "time"), datetime.now(UTC))
    return HookTold(client, payload, at, _uuid(_header(request, "event")), **words)


def _header(request: Request, name: str) -> str | None:
    """Return a header of ours; a client whose variable is not set sends it empty or as it was written."""
    value = unquote(request.headers.get(f"x-steward-{name}", "")).strip()[:255]
    return None if not value or value.startswith("$") else value


def _uuid(words: str | None) -> UUID | None:
    try:
        return UUID(words or "")
    except ValueError:
        return None


def _take(edge: Edge, actor: Actor, told: HookTold) -> dict[str, Any] | None:
    """Take an event in; the answer is what an agent is told at the start of a session, else nothing."""
    try:
        taken = hooks.take(edge.database, actor, told)
    except Denied:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is, the event is kept
        if isinstance(exc, Invalid) and exc.__cause__ is None:
            # It names no session or no event; what the database finds wrong with it has a cause.
            log.warning("an event of a hook was refused: %s", exc.message)
        else:
            _keep_for_later(edge, actor, told, exc)
        return None
    if taken.event != "SessionStart" or not taken.is_new:
        return None
    text = hooks.context_for(edge.database, actor, taken)
    if text is None:
        return None
    return {"hookSpecificOutput": {"hookEventName": taken.event, "additionalContext": text}}


def _keep_for_later(edge: Edge, actor: Actor, told: HookTold, why: Exception) -> None:
    """Put an event into the spool.

    Raises:
        Unavailable: it found no room there.
    """
    try:
        kept = hooks.keep_for_later(edge.settings, actor, told)
    except Exception:
        log.exception("the spool of hooks cannot be written")
        kept = False
    defect = None if isinstance(why, StewardError) else why
    log.warning("an event of a hook %s: %s", "waits" if kept else "was not kept", why, exc_info=defect)
    if not kept:
        raise _lost() from why


def _lost() -> Unavailable:
    return Unavailable("the event was not kept", hint="keep it and send it again later")


@contextlib.asynccontextmanager
async def _replaying(app: FastAPI) -> AsyncIterator[None]:
    """Take the spool of this home in, at the start and then again and again.

    Each server does that for its own home; a job would do it for the leader's alone.
    """
    task = asyncio.create_task(_replay_forever(app))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _replay_forever(app: FastAPI) -> None:
    edge: Edge = app.state.edge
    while True:
        try:
            await edge.thread(lambda: replay_now(edge))
        except StewardError as exc:
            log.warning("the spool of hooks has to wait: %s", exc.message)
        except Exception:
            log.exception("the spool of hooks was not taken in")
        await asyncio.sleep(_REPLAY_S)


def replay_now(edge: Edge) -> hooks.Replay:
    """Take the spool of the server's home in now."""
    folder = hooks.spool_folder(edge.settings)
    if not any(folder.glob("hooks*.jsonl")) and not any(folder.glob("taking-*.jsonl")):
        return hooks.Replay()
    return hooks.replay_here(edge.database, edge.settings, actor_for_cli(edge.database, edge.settings))
