"""Claim and finish: against Procrastinate one at a time, against PgQueuer in batches, on one workflow beside a
thousand, and how long one claim takes at a million tasks. All is durable (fsync, synchronous commit) and audited.

What the peers do and do not, so that the figures can be judged. Procrastinate's fetch and finish are one statement each
and leave a row in its event table; it knows locks and retries, but no dependencies, no fencing tokens, and not who did
what with which values. PgQueuer takes a hundred rows in one statement, deletes them when they are done and writes rows
of its log; it has no dependencies, no fencing and no record of values either. Steward binds the claim to a token,
checks the change of status, children and limits, looks for what becomes ready, keeps fourteen indexes of a row that
stays, and writes an audit row with its hashed payload.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.crew import run_crew
from bench.figures import Figure
from bench.harness import House, clean_environment
from bench.work_reads import ask, lent
from steward.kit.errors import NotFound

if TYPE_CHECKING:
    from bench.__main__ import Bench

_CLIENTS = 8
_JOBS, _BATCHED_JOBS, _BATCH = 3_000, 20_000, 100
_FLOOR = 0.5
_SNAPSHOT_S = 60.0
# No claim ends while others are timed: what comes back would be handed out first, and the rare ones run out.
_LEASE_S = 86_400
# About one task in a hundred bears it; see bench.work_data.
_RARE_LABEL = "area-23"
# So many rare ones are there at once for sure, with those for warmth.
_RARE_AT_ONCE = 100
Rate = Callable[[], float]


class Yard:
    """A home for races: Steward's own database and those of its peers on the same server."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = house.url_of("app")
        # The embedded server lets whoever started it in as any role.
        self.admin = make_conninfo(self.app, user="postgres")
        house.steward("projects", "add", "--name", "Race", "--key", "RACE").checked()
        with psycopg.connect(self.admin) as connection:
            row = connection.execute("select id from projects.projects where key = 'RACE'").fetchone()
        assert row is not None
        self.project: UUID = row[0]

    def fill(self, jobs: int, workflows: int = 0) -> None:
        """Leave just so many ready tasks, spread over some workflows, and let the server write down what it holds."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            # Without triggers, what the last race left is gone in a moment.
            connection.execute("set session_replication_role = replica")
            for table in ("work.ready_labels", "work.ready_queue", "work.tasks", "work.workflows"):
                connection.execute(f"delete from {table}")
            connection.execute("reset session_replication_role")
            connection.execute(
                "insert into work.workflows (project_id, name)"
                " select %s, 'flow ' || i from generate_series(1, %s) as i",
                (self.project, workflows),
            )
            connection.execute(
                "insert into work.tasks (project_id, title, workflow_id)"
                " select %(project)s, 'task ' || i, w.id from generate_series(1, %(jobs)s) as i"
                " left join (select id, row_number() over (order by id) as place from work.workflows) as w"
                " on w.place = 1 + i %% greatest(%(workflows)s, 1)",
                {"project": self.project, "jobs": jobs, "workflows": workflows},
            )
            _settle(connection)

    def by_sql(self, clients: int, batch: int, jobs: int, workflows: int = 0) -> float:
        """Return the tasks a second of clients that call the SQL functions."""
        self.fill(jobs, workflows)
        words = [
            ["steward_sql", self.app, str(self.project), f"racer-{i}", str(batch)] for i in range(clients)
        ]
        return run_crew(words, clean_environment(), jobs)

    def by_python(self, clients: int, batch: int, jobs: int) -> float:
        """Return the tasks a second of clients of the Python interface."""
        self.fill(jobs)
        words = [["steward_python", "RACE", f"racer-{i}", str(batch)] for i in range(clients)]
        return run_crew(words, self.house.environment, jobs)

    def procrastinate(self, clients: int, concurrency: int, jobs: int) -> float:
        """Return the jobs a second of Procrastinate's workers."""
        url = self._peer("peer_procrastinate")
        _peer_command("procrastinate_worker", url, "install")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "insert into procrastinate_jobs (queue_name, task_name, args)"
                " select 'default', 'noop', '{}' from generate_series(1, %s)",
                (jobs,),
            )
            _settle(connection)
        words = [["procrastinate_worker", url, str(concurrency)]] * clients
        return run_crew(words, clean_environment(), jobs)

    def pgqueuer(self, clients: int, batch: int, jobs: int) -> float:
        """Return the jobs a second of PgQueuer's workers."""
        url = self._peer("peer_pgqueuer")
        _peer_command("pgqueuer_worker", url, "install", str(jobs))
        with psycopg.connect(url, autocommit=True) as connection:
            _settle(connection)
        return run_crew([["pgqueuer_worker", url, str(batch)]] * clients, clean_environment(), jobs)

    def _peer(self, name: str) -> str:
        """Make an empty database for a peer on the same server, and return its address."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")
            connection.execute(f"create database {name}")
        parts = conninfo_to_dict(self.admin)
        return f"postgresql://{parts['user']}@/{name}?host={parts['host']}&port={parts['port']}"


def _settle(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Let the server write down what it holds. After a checkpoint whole pages go to the log again, for each alike."""
    connection.execute("vacuum analyze")
    connection.execute("checkpoint")


def _peer_command(module: str, *words: str) -> None:
    try:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", f"bench.crews.{module}", *words],
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as exc:
        raise RuntimeError(
            f"{module}: {exc.stderr.strip()[-500:]} (the peers come with `pip install -e .[bench]`)"
        ) from None


def _race(bench: Bench, **rates: Rate) -> dict[str, float]:
    """Let all run in turn, some times over, and return each one's middle rate: a busy moment hits all."""
    runs: dict[str, list[float]] = {name: [] for name in rates}
    for _ in range(bench.times(3)):
        for name, rate in rates.items():
            runs[name].append(rate())
    return {name: statistics.median(found) for name, found in runs.items()}


def _cost(
    name: str, rate: float, peer: str, peer_rate: float, *, share: float = 1.0, note: str = ""
) -> Figure:
    """Return the time of one task, which may be as long as the peer's, or longer by the share of its rate asked for."""
    return Figure(
        name,
        round(1e6 / rate, 1),
        unit="µs",
        limit=round(1e6 / peer_rate / share, 1),
        baseline=peer,
        baseline_value=round(1e6 / peer_rate, 1),
        note=f"{rate:,.0f} a second, {peer} {peer_rate:,.0f}{note}",
    )


def _told(name: str, rate: float, note: str) -> Figure:
    return Figure(name, round(1e6 / rate, 1), unit="µs", note=f"{rate:,.0f} a second; {note}")


def one_at_a_time(bench: Bench) -> Iterator[Figure]:
    """Eight clients claim and finish one task after the other, beside Procrastinate as its docs tune it."""
    yard = bench.yard()
    found = _race(
        bench,
        sql=lambda: yard.by_sql(_CLIENTS, 1, _JOBS),
        python=lambda: yard.by_python(_CLIENTS, 1, _JOBS),
        eight_workers=lambda: yard.procrastinate(_CLIENTS, 1, _JOBS),
        two_by_four=lambda: yard.procrastinate(2, 4, _JOBS),
    )
    like = found["eight_workers"]
    told = f"; 2 workers of concurrency 4 do {found['two_by_four']:,.0f}"
    yield _cost("claim and finish, 8 SQL clients", found["sql"], "Procrastinate, 8 workers", like, note=told)
    yield _told("claim and finish, 8 Python clients", found["python"], "each claim brings the whole task")


def in_batches(bench: Bench) -> Iterator[Figure]:
    """A hundred at once, beside PgQueuer with batches of a hundred on asyncpg and uvloop."""
    yard = bench.yard()
    found = _race(
        bench,
        sql=lambda: yard.by_sql(2, _BATCH, _BATCHED_JOBS),
        python=lambda: yard.by_python(2, _BATCH, _BATCHED_JOBS),
        one_worker=lambda: yard.pgqueuer(1, _BATCH, _BATCHED_JOBS),
        two_workers=lambda: yard.pgqueuer(2, _BATCH, _BATCHED_JOBS),
    )
    peer = max(found["one_worker"], found["two_workers"])
    told = f" (1 worker {found['one_worker']:,.0f}, 2 workers {found['two_workers']:,.0f}); the floor is half"
    yield _cost(
        "claim and finish of 100, 2 SQL clients", found["sql"], "PgQueuer", peer, share=_FLOOR, note=told
    )
    yield _told(
        "claim and finish of 100, 2 Python clients", found["python"], "each claim brings its row of a list"
    )


def one_workflow(bench: Bench) -> Iterator[Figure]:
    """Sixteen clients finish tasks of one workflow, beside tasks of a thousand."""
    yard = bench.yard()
    found = _race(
        bench,
        one=lambda: yard.by_sql(16, 1, _JOBS, workflows=1),
        thousand=lambda: yard.by_sql(16, 1, _JOBS, workflows=1000),
    )
    yield _cost(
        "finish, 16 clients on one workflow",
        found["one"],
        "1,000 workflows",
        found["thousand"],
        share=1 / 1.2,
    )


def claim_latency(bench: Bench) -> Iterator[Figure]:
    """One claim at a million tasks: by itself, with a label that one in a hundred bears, beside an open snapshot."""
    with lent(bench) as database:
        yield _p95("ready, one project", _times(database, _ready, bench.times(200)), 5.0)
        yield _p95("claim", _times(database, _claim, bench.times(300)), 5.0)
        yield _p95("claim with a label of 1 %", _rare_times(database, bench.times(300)), 10.0)
        with bench.large().open_snapshot():
            _finish_for(database, _SNAPSHOT_S)
            yield _p95(
                "ready, beside a snapshot open for 60 s", _times(database, _ready, bench.times(200)), 5.0
            )
            yield _p95("claim, beside it", _times(database, _claim, bench.times(300)), 20.0)
            yield _p95(
                "claim with a label of 1 %, beside it",
                _rare_times(database, bench.times(300)),
                20.0,
            )


def _ready(database: Any) -> Any:
    return ask(database, "work.ready", {"project": "big"})


def _claim(database: Any) -> Any:
    return ask(database, "work.claim", {"project": "big", "lease_seconds": _LEASE_S})


def _rare_claim(database: Any) -> Any:
    return ask(database, "work.claim", {"project": "big", "labels": [_RARE_LABEL], "lease_seconds": _LEASE_S})


def _rare_times(database: Any, runs: int) -> list[float]:
    """Return the seconds of claims with the rare label."""
    taken: list[float] = []
    while len(taken) < runs:
        taken += _rare_round(database, min(_RARE_AT_ONCE, runs - len(taken)))
    return taken


def _rare_round(database: Any, runs: int) -> list[float]:
    """Return the seconds of some claims; all are given back then, so that the next ones find as many."""
    claims: list[Any] = []

    def question(database: Any) -> Any:
        claims.append(_rare_claim(database))
        return claims[-1]

    taken = _times(database, question, runs)
    for claim in claims:
        given = {"task": claim.task.task.ref, "token": claim.token, "reason": "measured"}
        ask(database, "work.give_back", given)
    return taken


def _times(database: Any, question: Callable[[Any], Any], runs: int) -> list[float]:
    """Return the seconds of each asking after some for warmth; one that finds nothing is no measurement."""
    taken: list[float] = []
    for i in range(-20, runs):
        began = time.perf_counter()
        found = question(database)
        if i >= 0:
            taken.append(time.perf_counter() - began)
        if not found:
            raise NotFound("the large house has no such task left")
    return taken


def _finish_for(database: Any, seconds: float) -> None:
    """Claim and finish without a pause: each leaves dead rows at the head of the queue that the snapshot still sees.

    Half of the largest project's queue is left for what is measured then; a fast machine goes on in other projects.
    """
    until = time.monotonic() + seconds
    spare = ask(database, "work.next", {"project": "big"}).others_ready // 2
    for i in itertools.count():
        if time.monotonic() > until:
            return
        claim = ask(database, "work.claim", {"project": "big" if i < spare else f"bench-{2 + i % 20}"})
        ask(database, "work.finish", {"task": claim.task.task.ref, "token": claim.token})


def _p95(name: str, taken: list[float], limit: float) -> Figure:
    runs = tuple(round(run * 1000, 2) for run in taken)
    p95 = statistics.quantiles(runs, n=20, method="inclusive")[18]
    return Figure(
        f"{name} (p95)", round(p95, 2), limit=limit, runs=runs, note=f"p50 {statistics.median(runs):.3g} ms"
    )


LINES = (one_at_a_time, in_batches, one_workflow, claim_latency)
