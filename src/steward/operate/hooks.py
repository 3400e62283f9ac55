"""Events of hooks on their way to the database: as they come in, and from the spool where they waited for a server."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from steward import hook_client
from steward.domains import accounts, telemetry
from steward.domains.telemetry import HookClient, HookTaken, HookTold
from steward.kit.config import Settings, make_private
from steward.kit.convert import dump
from steward.kit.db import Actor, Database, connection_lost, translate, translated
from steward.kit.errors import Internal, NotFound, StewardError, Unavailable
from steward.kit.redact import redact

log = logging.getLogger("steward.hooks")

_WRITE, _READ = "telemetry:write", "work:read"
_ATTEMPTS = 4
_COLLISIONS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)
_AWAY = (psycopg.errors.DiskFull, psycopg.errors.TooManyConnections)
_AHEAD = timedelta(minutes=1)
_OLDEST = timedelta(days=400)
# A writer that has not finished its line by then was killed.
_DEAD_S = 3600.0
Take = Callable[[HookTold], Any]


@dataclass(slots=True)
class Replay:
    """What came of the spool.

    Attributes:
        taken: events that are in the database now and were not before.
        known: events that were there already.
        damaged: lines that could not be read; they are kept in `damaged`.
        dropped: events that did not fit into the spool while it was full.
        left: events that have to wait on, because the database or the server is away.
    """

    taken: int = 0
    known: int = 0
    damaged: int = 0
    dropped: int = 0
    left: int = 0
    problems: list[str] = field(default_factory=list)


def spool_folder(settings: Settings) -> Path:
    """Return the folder in which events wait."""
    return settings.home / "spool"


# ---------------------------------------------------------------------------------------------------------- taking in


def take(database: Database, actor: Actor, told: HookTold) -> HookTaken:
    """Take one event in, in a transaction of its own; a collision with another is tried again.

    One that takes too long or waits for a lock is tried again without reading it.

    Raises:
        Unavailable: the database is away.
        StewardError: the event cannot be taken in.
    """
    keep_only = False
    for attempt in range(1, _ATTEMPTS + 1):
        keep_only |= attempt == _ATTEMPTS
        try:
            with database.transaction(actor, operation="telemetry.take_hook", permission=_WRITE) as db:
                db.touched.add("telemetry")
                return telemetry.take_hook(db, told, keep_only=keep_only)
        except _COLLISIONS as exc:
            if attempt == _ATTEMPTS:
                raise translate(exc) from exc
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 - not for secrets
        except psycopg.OperationalError as exc:
            found = translate(exc)
            if connection_lost(exc) or isinstance(exc, _AWAY):
                # Nothing is wrong with the event.
                raise found if isinstance(found, Unavailable) else Unavailable(found.message) from exc
            if keep_only:
                # Not Unavailable: others must not wait behind an event that comes to this each time.
                raise Internal(f"the event cannot be kept: {found.message}", hint=found.hint) from exc
            keep_only = True
        except psycopg.Error as exc:
            raise translate(exc) from exc
    raise AssertionError("unreachable")


def context_for(database: Database, actor: Actor, taken: HookTaken) -> str | None:
    """Return what the agent is told at the start of a session; its loss is no reason to fail."""
    acting = dataclasses.replace(actor, project=str(taken.project_id) if taken.project_id else None)
    try:
        with database.transaction(
            acting, operation="telemetry.hook_context", permission=_READ, read_only=True
        ) as db:
            return telemetry.hook_context(db, taken)
    except (psycopg.Error, StewardError) as exc:
        log.warning("no context for a new session: %s", exc)
        return None


def keep_for_later(settings: Settings, actor: Actor, told: HookTold) -> bool:
    """Put an event that could not be taken in now into the spool of this home, with whose it is."""
    told = told.by(actor)
    event = {
        "event": str(telemetry.hook_event_id(told)),
        "at": told.at.isoformat(),
        "client": told.client.value,
        "context": {name: getattr(told, name) for name in ("task", "execution", "agent", "project")},
        "user": str(actor.user_id) if actor.user_id else None,
        "payload": told.payload,
    }
    make_private(settings.home)
    return hook_client.append(str(spool_folder(settings)), event, deadline=time.monotonic() + 0.5)


def time_of(text: str | None, now: datetime) -> datetime:
    """Return the time that a client gave an event, or now where it gave none that can be."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return now
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if now - _OLDEST < found < now + _AHEAD else now


# ---------------------------------------------------------------------------------------------------------- the spool


def replay(folder: Path, take_in: Take) -> Replay:
    """Take in what waits in a spool, the oldest first, and remove what is in the database.

    One at a time: who finds another at it leaves it alone. A file is removed when all its lines were taken in or put
    aside; a line that was taken in before the end came is known by its uuid the next time.

    Args:
        folder: the spool's folder.
        take_in: takes an event in; its answer tells by `is_new` whether it was new.
    """
    report = Replay()
    if not folder.is_dir():
        return report
    with _alone(folder) as alone:
        if not alone:
            report.problems.append("another process is taking the spool in")
            return report
        _claim(folder)
        for path in sorted(folder.glob("taking-*.jsonl")):
            if not _take_file(path, take_in, report):
                break
        report.left = sum(1 for path in folder.glob("taking-*.jsonl") for _ in _lines(path))
        report.dropped = _dropped(folder)
    return report


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _claim(folder: Path) -> None:
    """Move what writers filled so far away from them, under the lock that each writer takes."""
    stamp = f"{time.time_ns():020d}"
    path = folder / "hooks.jsonl"
    if path.exists() and path.stat().st_size:
        descriptor = hook_client.locked(str(path), time.monotonic() + 5.0)
        if descriptor is not None:
            try:
                path.rename(folder / f"taking-{stamp}.jsonl")
            finally:
                os.close(descriptor)
    for half in folder.glob(".hooks-*.jsonl"):
        if half.stat().st_mtime < time.time() - _DEAD_S:
            half.unlink(missing_ok=True)
    for apart in sorted(folder.glob("hooks-*.jsonl")):
        apart.rename(folder / f"taking-{stamp}-{apart.stem}.jsonl")


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _take_file(path: Path, take_in: Take, report: Replay) -> bool:
    """Take a file's lines in; tell whether to go on with the next."""
    for line in _lines(path):
        try:
            told = _told(line)
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            _put_aside(path, line, report, f"{type(exc).__name__}: {exc}")
            continue
        try:
            taken = take_in(told)
        except Unavailable as exc:
            report.problems.append(exc.message)
            return False
        except Exception as exc:  # noqa: BLE001 - a line that breaks us must not keep the others here
            _put_aside(path, line, report, f"{type(exc).__name__}: {exc}")
            continue
        if taken is None or taken.is_new:
            report.taken += 1
        else:
            report.known += 1
    path.unlink()
    return True


def _told(line: bytes) -> HookTold:
    data = json.loads(line)
    context = data.get("context") or {}
    words = {name: context.get(name) or None for name in ("task", "execution", "agent", "project")}
    if not isinstance(data["payload"], dict) or not all(
        each is None or isinstance(each, str) for each in words.values()
    ):
        raise TypeError("not an event")
    at = time_of(str(data["at"]), datetime.now(UTC))
    user_id = UUID(data["user"]) if data.get("user") else None
    return HookTold(
        HookClient(data["client"]), data["payload"], at, UUID(data["event"]), user_id=user_id, **words
    )


def _put_aside(path: Path, line: bytes, report: Replay, why: str) -> None:
    """Keep a line that cannot be taken in, without secrets, and tell of it."""
    report.damaged += 1
    if len(report.problems) < 20:
        report.problems.append(f"a line of {len(line)} bytes: {why[:200]}")
    text = redact(line.decode("utf-8", "replace").rstrip("\n"))
    descriptor = os.open(path.parent / "damaged", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size < hook_client.SPOOL_BYTES:
            os.write(descriptor, text.encode() + b"\n")
    finally:
        os.close(descriptor)


def _dropped(folder: Path) -> int:
    """Return how many events found no room, and begin to count anew."""
    path = folder / "dropped"
    try:
        count = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return count


def replay_here(database: Database, settings: Settings, actor: Actor) -> Replay:
    """Take the spool of a home into its database, as the home's own user.

    Args:
        database: where to.
        settings: of which home.
        actor: as whom, where an event does not tell whose it was; agent and project come from each event.
    """
    here = dataclasses.replace(actor, agent=None, agent_bound=False, project=None)
    users: dict[UUID, bool] = {}

    def take_in(told: HookTold) -> HookTaken:
        other = told.user_id
        if other is None or other == actor.user_id:
            return take(database, here, told)
        if other not in users:
            users[other] = _is_user(database, here, other)
        acting = dataclasses.replace(here, user_id=other, user_name=None) if users[other] else here
        return take(database, acting, told)

    report = replay(spool_folder(settings), take_in)
    _tell(report)
    return report


def _is_user(database: Database, actor: Actor, user_id: UUID) -> bool:
    with translated(), database.transaction(actor, operation="telemetry.take_hook", read_only=True) as db:
        try:
            return accounts.resolve_user(db, str(user_id)) == user_id
        except NotFound:
            return False


def _tell(report: Replay) -> None:
    """Leave a word in the log where something came of it."""
    if report.damaged or report.dropped:
        log.warning(
            "the spool of hooks: %s damaged lines put aside, %s events had found no room",
            report.damaged,
            report.dropped,
            extra={"report": dump(report)},
        )
    elif report.taken or report.known:
        log.info("the spool of hooks was taken in", extra={"report": dump(report)})
