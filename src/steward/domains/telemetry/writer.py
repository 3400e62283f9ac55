"""Threads that commit what several requests brought: each is answered after its own records are durable.

Requests that wait while the transactions run share the next one, so that many small ones cost few commits; a request
that the database refuses is tried alone, and the others of its group do not notice. There are two threads, so that the
database works on one group while the other is read and projected: a single one let exporters run in step, all waiting
for the database and then the database for all of them, with half of two processors idle.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from steward.domains.telemetry.receive import Parcel, Receiver, Taken
from steward.domains.telemetry.types_otlp import Received
from steward.kit.db import Actor, Database, collided, connection_lost, translated
from steward.kit.errors import Internal, StewardError, Unavailable

log = logging.getLogger("steward.telemetry")
# Together about a second's work.
MOST_WAITING = 20_000
_GROUP = 2_500
_THREADS = 2
_TRIES = 4


class Full(Unavailable):
    """More came in than can be written; sending it again later is right."""

    code = "too_many_records"
    status = 429


@dataclass(slots=True)
class _Waiting:
    actor: Actor
    parcel: Parcel
    done: Future[Received] = field(default_factory=Future)


def _same_sender(one: Actor, other: Actor) -> bool:
    """Tell whether two requests act alike, so that one transaction may serve both."""
    return (one.user_id, one.role, one.agent, one.session, one.project, one.surface) == (
        other.user_id, other.role, other.agent, other.session, other.project, other.surface,
    )  # fmt: skip


class Writer:
    """Takes requests' records in, in threads of its own. Use it as a context.

    Groups begin in the order in which their requests came; two may be written at the same time, so a sender that needs
    one request before another waits for its answer, as exporters do.
    """

    def __init__(
        self, database: Database, *, most_waiting: int = MOST_WAITING, threads: int = _THREADS
    ) -> None:
        self.database = database
        self.receiver = Receiver()
        self.most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._records = 0
        self._changed = threading.Condition()
        self._ends = False
        self._threads = [
            threading.Thread(target=self._run, name=f"otlp-writer-{n}", daemon=True) for n in range(threads)
        ]

    def __enter__(self) -> Writer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take nothing more, and end when all that waits is written."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(30)

    def check_room(self) -> None:
        """Refuse before anything is read when too much waits already.

        Raises:
            Full: too much does.
        """
        if self._records >= self.most_waiting:
            raise Full(f"{self._records:,} records wait to be written", hint="send them again in a second")

    def submit(self, actor: Actor, parcel: Parcel) -> Future[Received]:
        """Queue a request's records; the future ends when they are durable.

        Raises:
            Full: too many wait already.
            Unavailable: the server ends.
        """
        entry = _Waiting(actor, parcel)
        with self._changed:
            if self._ends:
                raise Unavailable("the server is stopping", hint="send it again in a moment")
            # One request may be larger than the rest of the room, when it comes alone.
            if self._records and self._records + len(parcel) > self.most_waiting:
                raise Full(
                    f"{self._records:,} records wait to be written", hint="send them again in a second"
                )
            self._waiting.append(entry)
            self._records += len(parcel)
            self._changed.notify()
        return entry.done

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ends:
                    self._changed.wait()
                if not self._waiting:
                    return
                group = self._group()
            # Nobody waits any more for what was cancelled; from here on nothing can be.
            self._write([each for each in group if each.done.set_running_or_notify_cancel()])
            with self._changed:
                self._records -= sum(len(each.parcel) for each in group)

    def _group(self) -> list[_Waiting]:
        """Take the next request, and those of its sender that follow it at once."""
        group = [self._waiting.popleft()]
        size = len(group[0].parcel)
        while self._waiting and _same_sender(group[0].actor, self._waiting[0].actor):
            size += len(self._waiting[0].parcel)
            if size > _GROUP:
                break
            group.append(self._waiting.popleft())
        return group

    def _write(self, group: list[_Waiting]) -> None:
        """Commit a group, and answer each of it: together, else each alone."""
        if not group:
            return
        try:
            taken = self._commit(group)
        except Exception as exc:  # noqa: BLE001 - whoever waits is answered, and the thread goes on
            if _is_away(exc):
                # Each alone would wait as long for a server that is away, and what it knew may be gone.
                self.receiver.forget()
            elif len(group) > 1:
                for each in group:
                    self._write([each])
                return
            error = exc if isinstance(exc, StewardError) else _defect(exc)
            for each in group:
                each.done.set_exception(error)
        else:
            for each, received in zip(group, taken.received, strict=True):
                each.done.set_result(received)

    def _commit(self, group: list[_Waiting]) -> Taken:
        for attempt in range(1, _TRIES + 1):
            try:
                with (
                    translated(),
                    self.database.transaction(
                        group[0].actor, operation="telemetry.receive", permission="telemetry:write"
                    ) as db,
                ):
                    taken = self.receiver.take(db, [each.parcel for each in group])
            except StewardError as exc:
                if attempt == _TRIES or not collided(exc):
                    raise
            else:
                self.receiver.committed(taken)
                return taken
        raise AssertionError("unreachable")


def _is_away(exc: Exception) -> bool:
    """Tell whether the database is away, not only busy with something that took too long."""
    return isinstance(exc, Unavailable) and (exc.__cause__ is None or connection_lost(exc.__cause__))


def _defect(exc: Exception) -> StewardError:
    log.error("records could not be written", exc_info=exc)
    return Internal("something went wrong in Steward", hint="the log tells more")
