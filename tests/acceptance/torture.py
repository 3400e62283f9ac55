"""`python -m tests.acceptance.torture`: claimants killed at random empty a queue whose server crashes meanwhile.

Each claimant is a process with a connection of its own. It claims, sometimes falls asleep for longer than its lease,
and finishes with a text of its own, asking again under the same request key for as long as the server is away. What it
was told is written to a file before it goes on; what the database holds afterwards is compared with that:

- no double claim: of two claims of one task, the later one began after the lease of the earlier one had ended;
- no lost update: whatever was acknowledged as finished stands in the database with the text of that claimant;
- once: every task is done, and the audit knows one change to done for each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

import steward
from bench.harness import House
from steward.kit.embedded import EmbeddedServer
from steward.kit.errors import Conflict, StewardError, Unavailable
from tests.acceptance.items import Run

LEASE_S = 5
_SLEEPERS = 0.003


@dataclass(slots=True)
class Campaign:
    """How hard it is, and what happened."""

    tasks: int = 20_000
    claimants: int = 200
    kills_a_second: float = 5.0
    seed: int = 1
    most_s: float = 900.0
    kills: int = 0
    seconds: float = 0.0
    crashed: bool = False


# ------------------------------------------------------------------------------------------------------- a claimant


def _claimant(number: int, folder: Path, home: Path) -> None:
    """Work until nothing is left; every line told is on disk before the next step."""
    chance = random.Random(f"{number}-{os.getpid()}")
    with (
        (folder / f"{number}-{os.getpid()}.jsonl").open("ab", buffering=0) as told,
        _connected(home, number) as house,
    ):
        while not (folder / "stop").exists():
            claim = _insist(house.work.claim, lease_seconds=LEASE_S)
            if claim is None:
                time.sleep(0.3)
                continue
            ref, token = claim.task.task.ref, claim.token
            _tell(told, what="claim", ref=ref, token=token, until=claim.lease_until.isoformat())
            if chance.random() < _SLEEPERS:
                time.sleep(LEASE_S + 1)
            text = f"{number} {uuid4().hex}"
            try:
                _insist(house.work.finish, task=ref, token=token, result=text)
            except Conflict as refused:
                _tell(told, what="refused", ref=ref, token=token, code=refused.code)
            else:
                _tell(told, what="done", ref=ref, token=token, text=text)


def _connected(home: Path, number: int) -> Any:
    """Connect, waiting for a server that is away."""
    while True:
        try:
            return steward.connect(home=home, agent=f"claimant-{number}", project="TORTURE", pool_size=1)
        except Unavailable:
            time.sleep(0.2)


def _tell(told: Any, **event: Any) -> None:
    told.write(json.dumps(event).encode() + b"\n")


def _insist(operation: Any, **arguments: Any) -> Any:
    """Ask until there is an answer, under one request key: done once, whatever became of the first answer."""
    key = uuid4().hex
    while True:
        try:
            return operation(request_key=key, **arguments)
        except Unavailable:
            time.sleep(0.2)


# ----------------------------------------------------------------------------------------------------- the campaign


def _hire(number: int, folder: Path, home: Path) -> int:
    """Start a claimant and return its process id."""
    child = os.fork()
    if child:
        return child
    # A crash of the server is part of the campaign: what the pool says of it is no news.
    logging.disable(logging.CRITICAL)
    try:
        _claimant(number, folder, home)
    except StewardError as exc:
        print(f"claimant {number}: {exc.code}: {exc.message}", file=sys.stderr, flush=True)
        os._exit(1)
    finally:
        os._exit(0)


def _fill(admin: str, tasks: int) -> None:
    """Put the tasks into the queue; nothing but this campaign may put one in quarantine."""
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            "insert into work.tasks (project_id, title, max_attempts)"
            " select p.id, 'task ' || i, 1000 from projects.projects as p, generate_series(1, %s) as i"
            " where p.key = 'TORTURE'",
            (tasks,),
        )


def _left(admin: str) -> int | None:
    """Return how many tasks are not done; None while the server is away."""
    try:
        with psycopg.connect(admin, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute("select count(*) from work.tasks where status <> 'done'").fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None


def _kill_and_hire(campaign: Campaign, crew: dict[int, int], folder: Path, home: Path, victim: int) -> None:
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    campaign.kills += 1
    number = crew.pop(victim)
    crew[_hire(number, folder, home)] = number


def _oversee(campaign: Campaign, server: EmbeddedServer, admin: str, folder: Path, home: Path) -> None:
    """Hire, kill and hire again until nothing is left; half-way the server itself is killed and started again."""
    chance = random.Random(campaign.seed)
    crew = {_hire(number, folder, home): number for number in range(campaign.claimants)}
    crashed = False
    began = time.monotonic()
    looked = 0.0
    try:
        while True:
            time.sleep(chance.expovariate(campaign.kills_a_second))
            _kill_and_hire(campaign, crew, folder, home, chance.choice(list(crew)))
            if time.monotonic() - looked < 1:
                continue
            looked, left = time.monotonic(), _left(admin)
            if left == 0:
                break
            if left is not None and left < campaign.tasks / 2 and not crashed:
                crashed = True
                pid = server.status().pid
                if pid is None:
                    raise RuntimeError("the server of the campaign has no process")
                os.kill(pid, signal.SIGKILL)
                time.sleep(1)
                server.start()
            if time.monotonic() - began > campaign.most_s:
                raise RuntimeError(f"{left} tasks were left after {campaign.most_s} s")
    finally:
        campaign.seconds = time.monotonic() - began
        campaign.crashed = crashed
        (folder / "stop").touch()
        for child in crew:
            _end(child)


def _end(child: int) -> None:
    """Let a claimant end by itself, and kill it when it sleeps too long."""
    until = time.monotonic() + 2 * LEASE_S
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    """Read what claimants were told; the last line of a killed one may be cut."""
    for path in folder.glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)


# ------------------------------------------------------------------------------------------------------ the verdict


def _check(campaign: Campaign, events: list[dict[str, Any]], admin: str, report: Run) -> None:
    of = {what: [event for event in events if event["what"] == what] for what in ("claim", "done", "refused")}
    report.say(
        f"{campaign.claimants} claimants, {campaign.tasks} tasks, {campaign.kills} killed, {campaign.seconds:.0f} s;"
        f" {len(of['claim'])} claims, {len(of['done'])} finishes acknowledged, {len(of['refused'])} refused"
    )
    report.check("claimants were killed, and so was the server", campaign.kills > 0 and campaign.crashed)
    report.check("late finishes were refused", len(of["refused"]) > 0, f"{len(of['refused'])}")
    overlapping = _overlapping(of["claim"])
    report.check(
        "no task was claimed twice at a time", not overlapping, f"{len(overlapping)} {overlapping[:3]}"
    )
    with psycopg.connect(admin) as connection:
        rows = connection.execute(
            "select 'TORTURE-' || t.number, t.status, t.result ->> 'summary' from work.tasks as t"
        ).fetchall()
        closed = connection.execute(
            "select t.number, count(*) from work.tasks as t"
            " join audit.audit_logs as a on a.resource_id = t.id::text and a.event_type = 'task_closed'"
            " group by t.number having count(*) <> 1"
        ).fetchall()
        held = connection.execute("select count(*) from work.ready_queue").fetchone()
    open_tasks = [ref for ref, status, _ in rows if status != "done"]
    report.check("every task is done", not open_tasks and len(rows) == campaign.tasks, f"{len(rows)} tasks")
    report.check("and was finished once, says the audit", not closed, f"{closed[:3]}")
    report.check("nothing is left in the queue", held == (0,), held)
    stands = {ref: text for ref, _, text in rows}
    lost = [event for event in of["done"] if stands[event["ref"]] != event["text"]]
    report.check("no acknowledged finish is lost", not lost, f"{len(lost)} of {len(of['done'])} {lost[:2]}")
    twice = [ref for ref, count in Counter(event["ref"] for event in of["done"]).items() if count > 1]
    report.check("none was acknowledged to two", not twice, f"{len(twice)} {twice[:3]}")


def _overlapping(claims: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """Return the claims that began before an earlier one of the same task had ended."""
    by_task: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for claim in claims:
        by_task[claim["ref"]].append((claim["token"], datetime.fromisoformat(claim["until"])))
    found: list[tuple[str, int, int]] = []
    for ref, held in by_task.items():
        held.sort()
        for (token, until), (later, its_end) in pairwise(held):
            if its_end - timedelta(seconds=LEASE_S) < until:
                found.append((ref, token, later))
    return found


def run(campaign: Campaign, report: Run) -> None:
    """Run the campaign and check what it left."""
    with House("torture") as house:
        house.steward("db", "setup").checked()
        house.steward("projects", "add", "--name", "Torture", "--key", "TORTURE").checked()
        # The claimants are our children: they find the home by our environment.
        os.environ.update({name: house.environment[name] for name in ("STEWARD_HOME", "STEWARD_ROOT_DIR")})
        home = Path(house.environment["STEWARD_HOME"])
        server = EmbeddedServer(home)
        server.stop()
        (server.data_dir.parent / "user.conf").write_text(f"max_connections = {campaign.claimants + 50}\n")
        server.start()
        admin = make_conninfo(server.conninfo("steward", "postgres"))
        _fill(admin, campaign.tasks)
        folder = house.folder / "told"
        folder.mkdir()
        _oversee(campaign, server, admin, folder, home)
        _check(campaign, list(_events(folder)), admin, report)


def main() -> int:
    """Run the campaign as the command line says; the status is 1 when a fact does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.torture", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--claimants", type=int, default=200)
    parser.add_argument("--kills-a-second", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    report = Run(Path())
    campaign = Campaign(given.tasks, given.claimants, given.kills_a_second, given.seed)
    print(f"seed {campaign.seed}", flush=True)
    run(campaign, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
