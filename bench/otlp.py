"""OTLP over HTTP: records a second of two exporters, each request acknowledged after its commit; beside Arize Phoenix.

What both do and do not, so that the figures can be judged. Phoenix puts spans into a queue in memory and acknowledges
at once; its figure is what stands in its database a second. It keeps a span as one row with its attributes, adds tokens
up along each trace, and prices them. Steward acknowledges after the commit, keeps each record once however often it is
sent, and counts responses, tools, commits and sessions of it, priced and with totals by day.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from bench.crew import CrewFailed
from bench.figures import Figure
from bench.harness import House, clean_environment, free_port

if TYPE_CHECKING:
    from bench.__main__ import Bench

_ROOT = Path(__file__).resolve().parents[1]
_CLIENTS = 2
_LOG_BATCHES, _SPAN_BATCHES = 200, 60
_LEAST, _MOST_MS, _TIMES = 8_000, 300, 5
_MOST_GROWTH_MIB = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """What exporters got done together."""

    records: int
    seconds: float
    took_ms: list[float]
    again: int

    @property
    def rate(self) -> float:
        """Return records a second."""
        return self.records / self.seconds

    def percentile(self, share: float) -> float:
        """Return within how many milliseconds so many of a hundred requests were acknowledged."""
        return statistics.quantiles(self.took_ms, n=100, method="inclusive")[round(share * 100) - 1]


def send(url: str, key: str, signal: str, batches: int) -> Sent:
    """Let the exporters send, from one signal on."""
    words = [sys.executable, "-m", "bench.crews.otlp_client", url, key, signal, str(batches)]
    crew = [
        subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env=clean_environment(),
        )
        for _ in range(_CLIENTS)
    ]
    try:
        for each in crew:
            _line(each)
        began = time.perf_counter()
        for each in crew:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        told: list[dict[str, Any]] = [json.loads(_line(each)) for each in crew]
        seconds = time.perf_counter() - began
    finally:
        for each in crew:
            each.kill()
            each.communicate()
    took = [1000 * one for each in told for one in each["took"]]
    return Sent(sum(each["records"] for each in told), seconds, took, sum(each["again"] for each in told))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise CrewFailed("an exporter ended before it had told what it did")
    return line


def _server(house: House) -> psutil.Process:
    state = json.loads((house.folder / "home" / "run" / "state.json").read_text("utf-8"))
    return psutil.Process(int(state["pid"]))


def _mib(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 2**20, 1)


def ingest(bench: Bench) -> Iterator[Figure]:
    """Two exporters of Claude Code's events in batches of 500: rate, acknowledgement, memory."""
    with House("otlp") as house:
        house.up()
        process, key = _server(house), house.key()
        # Warm: prepared statements, and buffers grown to the size of a request.
        send(house.url, key, "logs", 40)
        before = _mib(process)
        runs = [send(house.url, key, "logs", _LOG_BATCHES) for _ in range(bench.times(3))]
        after = _mib(process)
        with house.connection() as connection:
            row = connection.execute("select count(*) from telemetry.otel_logs").fetchone()
    sent = sum(each.records for each in runs) + 40 * _CLIENTS * 500
    kept = row[0] if row else 0
    rate = statistics.median(each.rate for each in runs)
    note = f"{rate:,.0f} records a second of {_LEAST:,}; {kept:,} of {sent:,} sent are kept"
    per_record = tuple(round(1e6 / each.rate, 1) for each in runs)
    yield Figure(
        "OTLP logs, one record", round(1e6 / rate, 1), "us", limit=1e6 / _LEAST, runs=per_record, note=note
    )
    middle, tail = (tuple(round(each.percentile(s), 1) for each in runs) for s in (0.5, 0.99))
    yield Figure(
        "OTLP logs, acknowledged (p50)", statistics.median(middle), runs=middle, note="batches of 500"
    )
    yield Figure("OTLP logs, acknowledged (p99)", statistics.median(tail), limit=_MOST_MS, runs=tail)
    grown = f"{before} MiB before {sum(each.records for each in runs):,} records, {after} MiB after"
    yield Figure(
        "OTLP logs, memory gained",
        round(max(after - before, 0), 1),
        "MiB",
        limit=_MOST_GROWTH_MIB,
        note=grown,
    )


def beside_phoenix(bench: Bench) -> Iterator[Figure]:
    """The same spans into Arize Phoenix: rows that are durable a second."""
    with House("otlp") as house:
        house.up()
        key = house.key()
        send(house.url, key, "traces", 10)
        runs = [send(house.url, key, "traces", _SPAN_BATCHES) for _ in range(bench.times(3))]
        ours = statistics.median(each.rate for each in runs)
        peers = {}
        with _phoenix_program() as program:
            for store in ("SQLite", "PostgreSQL"):
                with _phoenix(program, house, store) as (url, count):
                    peers[store] = _phoenix_rate(url, count)
    store, theirs = max(peers.items(), key=lambda item: item[1])
    told = ", ".join(f"{rate:,.0f} on {name}" for name, rate in peers.items())
    yield Figure(
        "OTLP spans, one span durable",
        round(1e6 / ours, 1),
        "us",
        limit=round(1e6 / theirs / _TIMES, 1),
        runs=tuple(round(1e6 / each.rate, 1) for each in runs),
        baseline=f"Phoenix on {store}",
        baseline_value=round(1e6 / theirs, 1),
        note=f"{ours:,.0f} a second, Phoenix {told}: {ours / theirs:.1f} times",
    )


# ------------------------------------------------------------------------------------------------------- the peer


@contextlib.contextmanager
def _phoenix_program() -> Iterator[Path]:
    """Lend Phoenix's program, from an environment of its own beside the checkout that is kept between runs."""
    folder = Path(os.environ.get("STEWARD_BENCH_PHOENIX", _ROOT / ".venv-phoenix"))
    program = folder / "bin" / "phoenix"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "arize-phoenix[pg]==20.26.1"],
            check=True,
        )
    yield program


@contextlib.contextmanager
def _phoenix(program: Path, house: House, store: str) -> Iterator[tuple[str, Any]]:
    """Serve Phoenix on loopback with a store of its own; lend its address, and a way to count its spans."""
    port, work = free_port(), house.folder / f"phoenix-{store}"
    work.mkdir(exist_ok=True)
    admin = make_conninfo(house.url_of("app"), user="postgres")
    environment = clean_environment(
        {
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_WORKING_DIR": str(work),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "HOME": str(house.folder),
        }
    )
    if store == "PostgreSQL":
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("create database phoenix")
        environment["PHOENIX_SQL_DATABASE_URL"] = _url(admin)
    log = (work / "log").open("w")
    process = subprocess.Popen([str(program), "serve"], env=environment, stdout=log, stderr=log, cwd=work)
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process, work / "log")
        yield f"http://127.0.0.1:{port}", lambda: _spans(store, work, admin)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _url(admin: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(admin)
    password = f":{parts['password']}" if parts.get("password") else ""
    host, port = parts.get("host"), parts.get("port") or 5432
    return f"postgresql://{parts['user']}{password}@/phoenix?host={host}&port={port}"


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CrewFailed(f"Phoenix ended: {log.read_text('utf-8')[-1500:]}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise CrewFailed(f"Phoenix does not answer: {log.read_text('utf-8')[-1500:]}")


def _spans(store: str, work: Path, admin: str) -> int:
    if store == "PostgreSQL":
        with psycopg.connect(make_conninfo(admin, dbname="phoenix")) as connection:
            row = connection.execute("select count(*) from spans").fetchone()
            return int(row[0]) if row else 0
    import sqlite3

    with contextlib.closing(
        sqlite3.connect(f"file:{work / 'phoenix.db'}?mode=ro", uri=True, timeout=30)
    ) as lite:
        return int(lite.execute("select count(*) from spans").fetchone()[0])


def _phoenix_rate(url: str, count: Any) -> float:
    """Return spans a second from the first request until the last span is in the store."""
    batches = 4
    send(url, "none", "traces", 1)
    _settle(count, _CLIENTS * 500)
    before, began = count(), time.perf_counter()
    sent = send(url, "none", "traces", batches)
    _settle(count, before + sent.records)
    return sent.records / (time.perf_counter() - began)


def _settle(count: Any, wanted: int) -> None:
    deadline = time.monotonic() + 300
    while (have := count()) < wanted:
        if time.monotonic() > deadline:
            raise CrewFailed(f"{have:,} of {wanted:,} spans arrived in Phoenix' store")
        time.sleep(0.2)


LINES = [ingest, beside_phoenix]
