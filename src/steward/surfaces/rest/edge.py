"""What the web edge shares: the database, threads with a reserved share, and news of what was committed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from steward.kit import op
from steward.kit.db import translated
from steward.kit.errors import Unavailable

if TYPE_CHECKING:
    from steward.kit.config import Settings
    from steward.kit.db import Actor, Database

T = TypeVar("T")

# Connections that general work never takes: heartbeats keep leases alive, health answers the supervisor.
RESERVED_HEARTBEAT = 2
RESERVED_HEALTH = 1
# What exporters sent is written by a thread of its own.
RESERVED_INTAKE = 1
_MOST_WAITERS = 2_000
_POLL_S = 1.0
_VITAL = frozenset({"work.heartbeat"})


class Changes:
    """Tells coroutines that something was committed in a room by this process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[tuple[frozenset[str], asyncio.Event]] = set()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop whose coroutines wait."""
        self._loop = loop

    def committed(self, rooms: set[str]) -> None:
        """Note from any thread that something was committed in these rooms."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake, frozenset(rooms))

    def _wake(self, rooms: frozenset[str]) -> None:
        for wanted, event in self._waiting:
            if wanted & rooms:
                event.set()

    @property
    def waiting(self) -> int:
        """Return how many coroutines wait now."""
        return len(self._waiting)

    async def wait(self, rooms: set[str], timeout: float = _POLL_S) -> bool:  # noqa: ASYNC109 - part of the answer
        """Wait for a commit in one of the rooms.

        Args:
            rooms: names of rooms.
            timeout: seconds after which to give up.

        Returns:
            Whether there was one; False after the timeout.
        """
        event = asyncio.Event()
        entry = (frozenset(rooms), event)
        self._waiting.add(entry)
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(entry)
        return True


class Edge:
    """The way from a coroutine to an operation."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.changed = Changes()
        self.stopping = False
        general = max(1, settings.pool_size - RESERVED_HEARTBEAT - RESERVED_HEALTH - RESERVED_INTAKE)
        self._general = anyio.CapacityLimiter(general)
        self._vital = anyio.CapacityLimiter(RESERVED_HEARTBEAT)
        self._health = anyio.CapacityLimiter(RESERVED_HEALTH)
        database.on_commit.append(self.changed.committed)

    def stop(self) -> None:
        """Let everybody who waits come back now: the server ends."""
        self.stopping = True
        self.changed.committed(set(op.ROOMS))

    async def thread(self, work: Callable[[], T], *, share: str = "general") -> T:
        """Run blocking work in a thread of one of the shares: general, vital or health.

        Raises:
            StewardError: the work's own, and what stands for an error of the database, such as Unavailable.
        """
        limiter = {"general": self._general, "vital": self._vital, "health": self._health}[share]
        with translated():
            return await anyio.to_thread.run_sync(work, limiter=limiter)

    async def call(
        self, name: str, arguments: Mapping[str, Any], actor: Actor, *, request_key: str | None = None
    ) -> Any:
        """Run an operation in a thread and return its typed result.

        Raises:
            StewardError: whatever went wrong.
        """
        return await self.run(op.operation(name), arguments, actor, request_key=request_key)

    async def run(
        self,
        spec: op.Operation,
        arguments: Mapping[str, Any],
        actor: Actor,
        *,
        request_key: str | None = None,
        dry_run: bool = False,
    ) -> Any:
        """Run a known operation in a thread and return its typed result."""
        work = functools.partial(
            op.run, self.database, spec, arguments, actor=actor, request_key=request_key, dry_run=dry_run
        )
        return await self.thread(work, share="vital" if spec.name in _VITAL else "general")

    async def wait_for(
        self,
        spec: op.Operation,
        arguments: Mapping[str, Any],
        actor: Actor,
        *,
        wait_s: float,
        request_key: str | None = None,
        dry_run: bool = False,
        gone: Callable[[], Any] | None = None,
    ) -> Any:
        """Run an operation again and again until it gives something or the time is over.

        Between the tries neither a thread nor a connection is held: a commit of this process wakes the caller, and
        a poll each second finds what others committed.

        Args:
            spec: the operation.
            arguments: its arguments.
            actor: as whom.
            wait_s: for how many seconds at most.
            request_key: kept only for a result that is something.
            dry_run: take a write back, and wait for nothing.
            gone: awaited between the tries; true when nobody listens any more.
        """
        if wait_s > 0 and self.changed.waiting >= _MOST_WAITERS:
            raise Unavailable(
                f"{_MOST_WAITERS} callers are waiting already", hint="try again without waiting"
            )
        deadline = anyio.current_time() + wait_s
        while True:
            result = await self.run(spec, arguments, actor, request_key=request_key, dry_run=dry_run)
            left = deadline - anyio.current_time()
            if result is not None or not spec.waits or left <= 0 or self.stopping:
                return result
            # Waking on any write is right: what makes work ready may happen in several rooms. Not in telemetry, where
            # agents at work write all the time.
            await self.changed.wait(set(op.ROOMS) - {"telemetry"}, timeout=min(_POLL_S, left))
            if gone is not None and await gone():
                return None
