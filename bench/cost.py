"""What cost takes at a million responses: the page, each operation, the price of taking a response in, and the gate
before a claim. The rows are laid by SQL without triggers, and the totals by day are then made anew from them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bench.browser import browser, load_seconds
from bench.figures import Figure, median_ms, timed
from bench.harness import House
from steward.domains import telemetry
from steward.kit import op
from steward.kit.db import Actor, Database, Target

if TYPE_CHECKING:
    from bench.__main__ import Bench

LIMIT_MS = 300.0
_TABLES = ("work.tasks", "telemetry.agent_sessions", "telemetry.token_usage", "telemetry.usage_sightings")
_STATEMENTS = Path(__file__).with_name("cost_data.sql")
_ACTOR = Actor(role="admin", user_name="bench")
_SERVED = "performance.getEntriesByType('navigation')[0].responseEnd"
_PRICED = """
    select sum(a.new_cost) as cost
    from telemetry.priced_anew(null, null, null, null, false, null, null, 100000) as a
"""
_AWAY = Actor(role="admin", agent="spender-1")


def build(dsn: str, responses: int) -> None:
    """Fill a migrated database with a year of spending."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute("set work_mem = '256MB'")
        connection.execute(
            "select kit.enter('bench', null, null, 'admin', null, null, null, 'bench', null, 0, false)"
        )
        with connection.transaction():
            connection.execute(
                "select kit.enter('bench', null, null, 'admin', null, null, null, 'bench', null, 0, false)"
            )
            for table in _TABLES:
                connection.execute(f"alter table {table} disable trigger user")
            text = _STATEMENTS.read_text("utf-8").replace("%(responses)s", str(responses)).replace("%%", "%")
            connection.execute(text)
            for table in _TABLES:
                connection.execute(f"alter table {table} enable trigger user")
            connection.execute("select telemetry.rebuild_days()")
        connection.execute("vacuum (analyze)")


def _house(bench: Bench) -> House:
    house: House = bench.spending()
    return house


def _lent(house: House) -> Database:
    url = house.url_of("app")
    return Database(Target(url, url), pool_size=2)


def _day(ago: int) -> str:
    return str(date.today() - timedelta(days=ago))  # noqa: DTZ011 - the machine's day is near enough


Arguments = Callable[[int], dict[str, Any]]
READS: dict[str, tuple[str, Arguments]] = {
    "by model, all time": ("telemetry.cost", lambda i: {"by": "model", "project": "all"}),
    "by project, 30 days": (
        "telemetry.cost",
        lambda i: {"by": "project", "project": "all", "since": _day(30 + i)},
    ),
    "by task, all time": ("telemetry.cost", lambda i: {"by": "task", "project": "all"}),
    "by epic, all time": ("telemetry.cost", lambda i: {"by": "epic", "project": "all"}),
    "by agent, all time": ("telemetry.cost", lambda i: {"by": "agent", "project": "all"}),
    "by day, all time": ("telemetry.cost", lambda i: {"by": "day", "project": "all"}),
    "by month of a project": ("telemetry.cost", lambda i: {"by": "month", "project": f"spend-{1 + i % 20}"}),
    "by session, 7 days": (
        "telemetry.cost",
        lambda i: {"by": "session", "project": "all", "since": _day(7 + i % 3)},
    ),
    "by session of a project": (
        "telemetry.cost",
        lambda i: {"by": "session", "project": f"spend-{1 + i % 20}"},
    ),
    "by session of a task": ("telemetry.cost", lambda i: {"by": "session", "task": f"SP01-{1 + i % 250}"}),
    "by query source, 30 days": (
        "telemetry.cost",
        lambda i: {"by": "query_source", "project": "all", "since": _day(30)},
    ),
    "days by model, 30 days": ("telemetry.cost_days", lambda i: {"project": "all", "since": _day(30 + i)}),
    "days by task, all time": ("telemetry.cost_days", lambda i: {"project": "all", "split": "task"}),
    "summary": ("telemetry.cost_summary", lambda i: {"project": "all"}),
    "responses": ("telemetry.responses", lambda i: {"project": "all"}),
    "responses of a task": ("telemetry.responses", lambda i: {"task": f"SP01-{1 + i % 250}"}),
    "responses of a project and model": (
        "telemetry.responses",
        lambda i: {"project": f"spend-{1 + i % 20}", "model": "gpt-5.2"},
    ),
    "reconcile": ("telemetry.reconcile", lambda i: {"project": "all"}),
}


def operations(bench: Bench) -> Iterator[Figure]:
    """Each operation, in-process: the 95th of a hundred of 20 askings."""
    house = _house(bench)
    with _lent(house) as database, house.open_snapshot():
        for name, (operation, arguments) in READS.items():
            taken = []
            for i in range(-3, bench.times(20)):
                began = time.perf_counter()
                op.run(database, op.operation(operation), arguments(abs(i)), actor=_ACTOR)
                taken.append(time.perf_counter() - began)
            p95 = sorted(taken[3:])[int(len(taken[3:]) * 0.95) - 1]
            runs = tuple(round(each * 1000, 1) for each in taken[3:])
            yield Figure(f"{name}, p95", round(p95 * 1000, 1), runs=runs, note=operation)


def pages(bench: Bench) -> Iterator[Figure]:
    """The Cost page: from the start of the navigation to the load event, warm; and how long the server took."""
    house = _house(bench)
    with browser() as context, house.open_snapshot():
        page = context.new_page()
        page.goto(house.sign_in(), wait_until="load")
        for name, path in (
            ("cost page, 30 days", "/cost"),
            ("cost page, a year", "/cost?range=365"),
            ("cost page, a year by task", "/cost?range=365&split=task"),
            ("cost page of a project", "/cost?project=spend-1"),
            ("tasks by cost", "/cost/task?range=365"),
            ("responses", "/cost/responses"),
            ("budgets", "/budgets"),
        ):
            for _ in range(2):
                load_seconds(page, f"{house.url}{path}")
            loads, served, floor = [], [], []
            for _ in range(bench.times(7)):
                floor.append(load_seconds(page, f"{house.url}/healthz"))
                loads.append(load_seconds(page, f"{house.url}{path}"))
                served.append(float(page.evaluate(_SERVED)) / 1000)
            beside = {"baseline": "an empty answer", "baseline_value": median_ms(floor)}
            yield timed(f"{name} to the load event", loads, limit=LIMIT_MS, **beside)
            yield timed(f"{name}, served", served, limit=LIMIT_MS)


def absorbing(bench: Bench) -> Iterator[Figure]:
    """What taking in a response costs, name, price and totals included, a thousand a batch; and pricing alone."""
    house = _house(bench)
    with _lent(house) as database:
        for name, model in (("with a price", "gpt-5.2"), ("without a price", "nobody-knows-me")):
            taken = []
            for run in range(bench.times(5) + 1):
                batch = _told(f"{name}{run}", model)
                began = time.perf_counter()
                with database.transaction(_ACTOR) as db:
                    telemetry.absorb(db, batch)
                taken.append((time.perf_counter() - began) * 1000)
            runs = tuple(round(each, 1) for each in taken[1:])
            yield Figure(f"a response taken in, {name}", round(statistics.median(runs), 1), "µs", runs=runs)
        taken = []
        for _ in range(bench.times(5)):
            began = time.perf_counter()
            with database.transaction(_ACTOR) as db:
                db.dicts(_PRICED)
            taken.append((time.perf_counter() - began) * 10)
        yield Figure("a response priced", round(statistics.median(taken), 2), "µs", runs=tuple(taken))


def _told(name: str, model: str) -> telemetry.Batch:
    now = datetime.now(UTC)
    known = telemetry.session_id("claude-code", "bench")
    return telemetry.Batch(
        sessions=[telemetry.SessionTold(known, "claude-code", "bench", now, now)],
        usage=[
            telemetry.UsageTold(
                telemetry.UsageSource.TRANSCRIPT,
                f"{name}{n}",
                "claude-code",
                model,
                now,
                [f"claude:msg:{name}{n}", f"claude:req:{name}{n}"],
                session_id=known,
                input_tokens=n,
                output_tokens=10,
                cache_read_tokens=1000,
            )
            for n in range(1000)
        ],
    )


def claims(bench: Bench) -> Iterator[Figure]:
    """A claim and its hand-back: with the gate taken out, with it and no budget, and with five budgets."""
    house = _house(bench)
    with _lent(house) as database, psycopg.connect(house.url_of("owner"), autocommit=True) as owner:
        owner.execute(
            "select kit.enter('bench', null, null, 'admin', null, null, null, 'bench', null, 0, false)"
        )
        named = {"name": "Claimed", "slug": "claimed", "key": "CL"}
        op.run(database, op.operation("projects.add"), named, actor=_ACTOR)
        for n in range(20):
            op.run(database, op.operation("work.add"), {"title": f"t{n}", "project": "claimed"}, actor=_ACTOR)
        owner.execute("delete from work.extension_points where point = 'may_claim'")
        without = _claimed(database, bench.times(400))
        owner.execute("select work.register_extension('may_claim', 50, 'telemetry.budget_gate', true)")
        floor = {"baseline": "without the gate", "baseline_value": median_ms(without)}
        yield timed("a claim, no budget", _claimed(database, bench.times(400)), **floor)
        for given in (
            {"project": "claimed"},
            {"agent": "spender-1"},
            {"project": "spend-1"},
            {"task": "CL-1"},
            {},
        ):
            op.run(
                database,
                op.operation("telemetry.add_budget"),
                {"limit_usd": "10000000"} | given,
                actor=_ACTOR,
            )
        yield timed("a claim under five budgets", _claimed(database, bench.times(400)), **floor)


def _claimed(database: Database, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        got = op.run(database, op.operation("work.claim"), {"project": "claimed"}, actor=_AWAY)
        taken.append(time.perf_counter() - began)
        given = {"task": str(got.task.task.id), "token": got.token}
        op.run(database, op.operation("work.give_back"), given, actor=_AWAY)
    return taken


LINES = (operations, absorbing, claims, pages)
