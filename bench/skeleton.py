"""The figures of the first slice: starting, importing, looking at a long list, and what it all takes on disk."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import psycopg

from bench.browser import browser, load_seconds
from bench.figures import Figure, median_ms, timed
from bench.harness import House, clean_environment, largest_file, run

if TYPE_CHECKING:
    from bench.__main__ import Bench

_SIZES = """
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %s and c.relkind in ('r', 'm')
"""
_PARTS = """
    select
      c.relname || ' heap ' || pg_size_pretty(pg_relation_size(c.oid))
      || ', toast ' || pg_size_pretty(coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))
      || ', indexes ' || pg_size_pretty(pg_indexes_size(c.oid))
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %s and c.relkind in ('r', 'm') and pg_total_relation_size(c.oid) > 65536
    order by pg_total_relation_size(c.oid) desc
"""
_ROWS = "[...document.querySelectorAll('#list li')].length"


# ------------------------------------------------------------------------------------------------ whole processes


def _python(*words: str) -> float:
    """Return how long a whole Python process takes that does just this."""
    return run([sys.executable, "-c", *words], env=clean_environment()).checked().seconds


def command_help(bench: Bench) -> Iterator[Figure]:
    """`steward --help`, each run between two of the baselines, so that a busy moment hits all three."""
    bare, typer, ours, cpu = [], [], [], []
    with House() as house:
        house.steward("--help").checked()
        for _ in range(bench.times(20)):
            bare.append(_python("pass"))
            typer.append(_python("import typer"))
            done = house.steward("--help").checked()
            ours.append(done.seconds)
            cpu.append(done.cpu_seconds)
    yield timed("python -c pass", bare)
    yield timed("python -c 'import typer'", typer, baseline="bare Python", baseline_value=median_ms(bare))
    yield timed("steward --help", ours, limit=250.0, baseline="import typer", baseline_value=median_ms(typer))


def work_next(bench: Bench) -> Iterator[Figure]:
    """`steward work next --json` against the running embedded server, beside an open snapshot."""
    house, project = bench.house(), _project(bench.house())
    words = ("work", "next", "--json", "--project", project)
    bare, driver, ours, cpu = [], [], [], []
    house.steward(*words).checked()
    with house.open_snapshot():
        for _ in range(bench.times(20)):
            bare.append(_python("pass"))
            driver.append(_python("import psycopg, psycopg_pool"))
            done = house.steward(*words).checked()
            ours.append(done.seconds)
            cpu.append(done.cpu_seconds)
    yield timed(
        "steward work next --json",
        ours,
        limit=400.0,
        baseline="import psycopg",
        baseline_value=median_ms(driver),
        note=f"{median_ms(cpu):g} ms of a processor; beside an open snapshot; bare Python {median_ms(bare):g} ms",
    )


def _project(house: House) -> str:
    """Return the key of the project with most tasks."""
    found = house.steward("--json", "projects", "list").json()
    items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found
    counts = [
        (house.steward("--json", "work", "overview", "--project", row["key"]).json(), row) for row in items
    ]
    by_size = {sum(count["count"] for count in view["by_status"]): row["key"] for view, row in counts}
    return str(by_size[max(by_size)])


def start(bench: Bench) -> Iterator[Figure]:
    """`steward up --detach` in an empty home, then again after `down`."""
    first, later = [], []
    for _ in range(bench.times(3)):
        with House() as house:
            first.append(house.up().seconds)
            _must_serve(house.url)
            for _ in range(2):
                house.down()
                later.append(house.up().seconds)
                _must_serve(house.url)
    yield timed(
        "first steward up --detach",
        first,
        limit=12_000.0,
        note="empty home: cluster, roles, migrations, reference rows, key, web server",
    )
    yield timed("later steward up --detach", later, limit=3_000.0, note="both servers were stopped by `down`")


def _must_serve(url: str) -> None:
    with urlopen(f"{url}/readyz", timeout=5) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{url}/readyz answered {answer.status}")


# ------------------------------------------------------------------------------------------------------ the pages


def tasks_page(bench: Bench) -> Iterator[Figure]:
    """The table of all tasks of the largest file: from the start of the navigation to the load event, warm."""
    house = bench.house()
    with browser() as context, house.open_snapshot():
        page = context.new_page()
        page.goto(house.sign_in(), wait_until="load")
        tasks = f"{house.url}/tasks"
        for _ in range(2):
            load_seconds(page, tasks)
        ours, floor = [], []
        for _ in range(bench.times(5)):
            floor.append(load_seconds(page, f"{house.url}/healthz"))
            ours.append(load_seconds(page, tasks))
        rows = int(page.evaluate(_ROWS))
        server_ms = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd")
        size = int(page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize"))
    if rows < 1000:
        raise RuntimeError(f"the page shows {rows} rows, not about 1,100")
    yield timed(
        "tasks page to the load event",
        ours,
        limit=300.0,
        baseline="an empty answer",
        baseline_value=median_ms(floor),
        note=f"{rows:,} rows, {size:,} bytes; the last answer was complete after {server_ms:.0f} ms",
    )


# --------------------------------------------------------------------------------------------- bytes on disk


def _measured_import(house: House, path: Path) -> tuple[float, float]:
    """Import a file and return the seconds of the whole process and, of them, those of the import itself."""
    done = house.steward("import", str(path)).checked()
    report = json.loads((house.work / "migration_report.json").read_text("utf-8"))
    return done.seconds, report["duration_ms"] / 1000


def _size(connection: psycopg.Connection[Any], schema: str) -> int:
    found = connection.execute(_SIZES, (schema,)).fetchone()
    return int(found[0]) if found else 0


def import_largest(bench: Bench) -> Iterator[Figure]:
    """Import the largest real file into an empty database, and again; then what the tables hold more than before."""
    path, unpacked = largest_file()
    firsts, agains, inside, inside_again = [], [], [], []
    grown: dict[str, int] = {}
    parts: dict[str, str] = {}
    for _ in range(bench.times(3)):
        with House() as house:
            house.up()
            with house.connection() as connection:
                before = {schema: _size(connection, schema) for schema in ("work", "audit")}
                with house.open_snapshot():
                    whole, own = _measured_import(house, path)
                firsts.append(whole)
                inside.append(own)
                # Some pages are written by the background writer only later; sizes are those of files.
                grown = {schema: _size(connection, schema) - before[schema] for schema in before}
                parts = {
                    schema: "; ".join(row[0] for row in connection.execute(_PARTS, (schema,)))
                    for schema in before
                }
            for _ in range(2):
                whole, own = _measured_import(house, path)
                agains.append(whole)
                inside_again.append(own)
    read = _python(f"import json, lzma; json.loads(lzma.open({str(path)!r}).read())")
    known = {"baseline": "unpack and parse", "baseline_value": round(read * 1000, 1)}
    yield timed(
        "import of the largest tasks.json",
        firsts,
        limit=2_000.0,
        note=f"whole process, of that {_middle(inside)} ms in the import; beside an open snapshot",
        **known,
    )
    yield timed(
        "the same again",
        agains,
        limit=1_000.0,
        note=f"whole process, of that {_middle(inside_again)} ms in the import",
        **known,
    )
    yield from _disk(grown, parts, unpacked)


def _middle(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f}"


def _disk(grown: dict[str, int], parts: dict[str, str], unpacked: int) -> Iterator[Figure]:
    factor = grown["work"] / unpacked
    yield Figure(
        "work tables / bytes of the file",
        round(factor, 3),
        "x",
        limit=2.0,
        note=f"{grown['work']:,} for {unpacked:,} bytes, never vacuumed: {parts['work']}",
    )
    yield Figure(
        "what the audit adds",
        round(grown["audit"] / unpacked, 3),
        "x",
        note=f"{grown['audit']:,} bytes: {parts['audit']}",
    )


def idle_cost(bench: Bench) -> Iterator[Figure]:
    """What a call over HTTP takes beside a call of the command line: the process is the price."""
    house = bench.house()
    request = _request(house, "/api/work/next?project=all")
    times = []
    for _ in range(bench.times(20)):
        began = time.perf_counter()
        with urlopen(request, timeout=10) as answer:
            answer.read()
        times.append(time.perf_counter() - began)
    yield timed("GET /api/work/next", times)


def _request(house: House, path: str) -> Any:
    from urllib.request import Request

    return Request(house.url + path, headers={"Authorization": f"Bearer {house.key()}"})


LINES = (command_help, work_next, idle_cost, tasks_page, import_largest, start)
