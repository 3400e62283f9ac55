"""Background jobs: small functions that one process at a time, the leader, runs when they are due.

A job is registered by `@job` in a room's `jobs.py` (which the room's `__init__` imports) and is given one transaction.
Who leads holds the lease `jobs`; its fencing token is checked again at the end of each job's transaction, under a lock
that makes a successor wait, so that a leader that was away too long writes nothing. Each run leaves a row in
`kit.job_runs`; a failure leaves a notice until the job succeeds again.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from steward.kit.convert import dump
from steward.kit.db import Actor, Database, Db, translate
from steward.kit.errors import Conflict, StewardError
from steward.kit.op import ROOMS

log = logging.getLogger("steward.jobs")

LEASE = "jobs"
# A job should take less, or where several servers run another one takes the lead and its work is lost.
LEASE_SECONDS = 30
RunOnce = Callable[[Db], dict[str, Any]]


class LeaseLost(Conflict):
    """Somebody else leads now; what this transaction wrote is taken back."""

    code = "lease_lost"
    sqlstate = "ST410"


@dataclass(frozen=True, slots=True)
class Job:
    """A background job.

    Attributes:
        name: room and function, such as `audit.ensure_partitions`.
        description: one line.
        every_s: seconds between runs.
        run_once: does the work in the transaction it is given and returns what it did.
    """

    name: str
    description: str
    every_s: float
    run_once: RunOnce


@dataclass(frozen=True, slots=True)
class JobRun:
    """How one run went."""

    id: UUID
    job: str
    status: str
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


_REGISTRY: dict[str, Job] = {}


def job(*, every_s: float) -> Callable[[RunOnce], RunOnce]:
    """Register a function as a background job; its docstring's first line is the description.

    Args:
        every_s: seconds between runs.
    """

    def register(function: RunOnce) -> RunOnce:
        room = function.__module__.rsplit(".", 2)[-2]
        name = f"{room}.{function.__name__}"
        text = (inspect.getdoc(function) or "").partition("\n")[0]
        _REGISTRY[name] = Job(name, text, every_s, function)
        return function

    return register


def jobs() -> list[Job]:
    """Return all jobs: the kit's, then the rooms' in their order."""
    importlib.import_module("steward.kit.housekeeping")
    for room in ROOMS:
        importlib.import_module(f"steward.domains.{room}")
    return list(_REGISTRY.values())


def process_holder() -> str:
    """Return a name for this process that no other one has, now or after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _actor(name: str) -> Actor:
    return Actor(user_name="steward", role="service", surface="job", request=name)


def take_lead(database: Database, holder: str, *, seconds: int = LEASE_SECONDS) -> int | None:
    """Take or renew the lead; return its fencing token, None while somebody else leads."""
    with database.transaction(_actor(LEASE), operation="jobs.lead") as db:
        token: int | None = db.value("kit.take_lease", name=LEASE, holder=holder, seconds=seconds)
    return token


def drop_lead(database: Database, token: int) -> None:
    """Give the lead back, so that a successor need not wait for its end."""
    with database.transaction(_actor(LEASE), operation="jobs.lead") as db:
        db.run("kit.drop_lease", name=LEASE, token=token)


def run_due(database: Database, holder: str, *, known: list[Job] | None = None) -> list[JobRun]:
    """Run what is due, if this holder leads or can take the lead.

    Args:
        database: where.
        holder: who asks, unique to a process; see `process_holder`.
        known: the jobs; all registered ones when None.

    Returns:
        How each run went; nothing when somebody else leads or nothing is due.
    """
    table = {one.name: one for one in (jobs() if known is None else known)}
    token = take_lead(database, holder)
    if token is None:
        return []
    runs = []
    for name in _due(database, table, token):
        # A long job may have eaten the lease up: renew it, or leave the rest to the successor.
        token = take_lead(database, holder)
        if token is None:
            break
        runs.append(run_job(database, table[name], holder=holder, token=token))
    return runs


def _due(database: Database, table: dict[str, Job], token: int) -> list[str]:
    """Bring kit.jobs up to date, close runs whose process went away, and return the names of due jobs."""
    with database.transaction(_actor(LEASE), operation="jobs.due") as db:
        for one in table.values():
            interval_ms = max(1, round(one.every_s * 1000))
            db.run("kit.put_job", name=one.name, description=one.description, interval_ms=interval_ms)
        db.run("kit.close_lost_runs", token=token)
        return [name for name in db.values("kit.due_jobs") if name in table]


def run_job(database: Database, one: Job, *, holder: str, token: int) -> JobRun:
    """Run a job now, as the leader with this token, and leave a row about it.

    Raises:
        LeaseLost: somebody else leads already; nothing was begun.
    """
    try:
        with database.transaction(_actor(one.name), operation="jobs.start") as db:
            db.run("kit.hold_lease", name=LEASE, token=token)
            run_id: UUID = db.value("kit.start_run", job_name=one.name, holder=holder, token=token)
    except psycopg.Error as exc:
        raise translate(exc) from exc
    started = time.perf_counter()
    try:
        report = _work(database, one, run_id, token)
    except Exception as exc:  # noqa: BLE001 - a job's error must not end the runner; it is kept and shown
        error = translate(exc) if isinstance(exc, psycopg.Error) else exc
        return _failed(database, one, run_id, error)
    took_ms = round((time.perf_counter() - started) * 1000, 1)
    log.info("%s", one.name, extra={"job": one.name, "ms": took_ms, "report": report})
    return JobRun(run_id, one.name, "succeeded", report)


def _work(database: Database, one: Job, run_id: UUID, token: int) -> dict[str, Any]:
    with database.transaction(_actor(one.name), operation=one.name) as db:
        report: dict[str, Any] = dump(one.run_once(db))
        db.run("kit.succeed_run", id=run_id, report=json.dumps(report))
        db.run("kit.dismiss_notices", topic=f"job {one.name}")
        # Last, so that nothing can be lost between the check and the commit.
        db.run("kit.hold_lease", name=LEASE, token=token)
    return report


def _failed(database: Database, one: Job, run_id: UUID, error: Exception) -> JobRun:
    text = f"{error}" or type(error).__name__
    log.error("%s failed: %s", one.name, text, exc_info=None if isinstance(error, StewardError) else error)
    with database.transaction(_actor(one.name), operation="jobs.fail") as db:
        db.run("kit.fail_run", id=run_id, error_message=text[:2000])
        if not isinstance(error, LeaseLost):
            db.run(
                "kit.add_notice",
                topic=f"job {one.name}",
                level="error",
                message=f"{one.name} failed: {text}"[:2000],
            )
    return JobRun(run_id, one.name, "failed", error=text)


class JobRunner:
    """Runs due jobs in a loop, for a thread of the server."""

    def __init__(self, database: Database, *, holder: str | None = None, tick_s: float = 2.0) -> None:
        self.database = database
        self.holder = holder or process_holder()
        self.tick_s = tick_s

    def run_forever(self, stop: threading.Event) -> None:
        """Run due jobs until told to stop; a database that is away is waited for.

        Args:
            stop: ends the loop after the job in progress; the lead is then given back.
        """
        pause = self.tick_s
        while not stop.is_set():
            try:
                run_due(self.database, self.holder)
                pause = self.tick_s
            except (StewardError, psycopg.Error) as exc:
                pause = min(pause * 2, 30.0)
                log.warning("background jobs wait %.0f s: %s", pause, exc)
            stop.wait(pause)
        self._step_down()

    def _step_down(self) -> None:
        try:
            token = take_lead(self.database, self.holder)
            if token is not None:
                drop_lead(self.database, token)
        except (StewardError, psycopg.Error) as exc:
            log.debug("the lead was not given back: %s", exc)
