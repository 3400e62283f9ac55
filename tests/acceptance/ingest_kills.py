"""`python -m tests.acceptance.ingest_kills`: the server is killed under exporters, at random, again and again.

Two exporters send numbered events and, as exporters do, send a batch again until it is acknowledged. The web server is
killed by the signal that cannot be caught, at times the database with it or alone, and started again. What was
acknowledged is written to a file before the next batch; what the database holds afterwards is compared with that:

- nothing lost: every acknowledged record is there;
- nothing doubled: no record is there twice, and each response of a model counts once, however often its batch was sent.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from bench.harness import House
from steward.kit.embedded import EmbeddedServer
from steward.kit.errors import Unavailable
from tests.acceptance.items import Run
from tests.telemetry.otlp import log, request

EXPORTERS = 2
_BATCH = 40
_AGAIN = (429, 502, 503, 504)
_MOST_WAIT_S = 1.0


@dataclass(slots=True)
class Campaign:
    """How hard it is, and what happened."""

    kills: int = 50
    seed: int = 1
    # Between two kills, at most.
    calm_s: float = 3.0
    done: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


# ------------------------------------------------------------------------------------------------------ an exporter


def _events(exporter: int, batch: int) -> bytes:
    session = f"00000000-0000-4000-8000-{exporter:06d}{batch % 5:06d}"
    told = []
    for n in range(_BATCH):
        number = batch * _BATCH + n
        known = {"session.id": session, "number": number, "exporter": exporter}
        if n % 2:
            told.append(log("claude_code.hook_execution_complete", number, **known))
        else:
            figures = {"request_id": f"req_{exporter}_{number}", "input_tokens": 1, "output_tokens": 10}
            told.append(log("claude_code.api_request", number, **known, **figures, model="claude-sonnet-4-5"))
    return json.dumps(request("logs", told)).encode()


def _post(url: str, key: str, body: bytes) -> int:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    with contextlib.closing(connection):
        connection.request("POST", "/v1/logs", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def _export(exporter: int, folder: Path, url: str, key: str) -> None:
    """Send batch after batch; each is sent again until it is acknowledged, and told to the file then."""
    with (folder / f"{exporter}.jsonl").open("ab", buffering=0) as told:
        batch = 0
        while not (folder / "stop").exists():
            body, tries, wait_s = _events(exporter, batch), 0, 0.05
            while True:
                tries += 1
                try:
                    status = _post(url, key, body)
                except (OSError, http.client.HTTPException):
                    status = 503
                if status == 200:
                    break
                if status not in _AGAIN:
                    print(f"exporter {exporter}: {status}", file=sys.stderr, flush=True)
                    os._exit(1)
                time.sleep(random.uniform(0, wait_s))
                wait_s = min(wait_s * 2, _MOST_WAIT_S)
            told.write(json.dumps({"exporter": exporter, "batch": batch, "tries": tries}).encode() + b"\n")
            batch += 1


def _hire(exporter: int, folder: Path, url: str, key: str) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _export(exporter, folder, url, key)
    finally:
        os._exit(0)


# ----------------------------------------------------------------------------------------------------- the campaign


def _kill(pid: int | None) -> None:
    if pid is None or not psutil.pid_exists(pid):
        raise RuntimeError("there was nothing to kill: the server is not running")
    os.kill(pid, signal.SIGKILL)


def _web_server(house: House) -> int:
    state = json.loads((house.folder / "home" / "run" / "state.json").read_text("utf-8"))
    return int(state["pid"])


def _strike(house: House, database: EmbeddedServer, what: str) -> None:
    """Kill the web server, the database, or both, and start again what was killed."""
    if what in ("server", "both"):
        _kill(_web_server(house))
    if what in ("database", "both"):
        _kill(database.status().pid)
        _start(database)
    if what in ("server", "both"):
        house.up()


def _start(database: EmbeddedServer) -> None:
    """Start the database again; what the killed one left of itself is gone a moment later."""
    until = time.monotonic() + 60
    while True:
        time.sleep(0.5)
        try:
            database.start()
        except Unavailable:
            if time.monotonic() > until:
                raise
        else:
            return


def _oversee(campaign: Campaign, house: House, database: EmbeddedServer, folder: Path) -> None:
    chance, began = random.Random(campaign.seed), time.monotonic()
    crew = [_hire(exporter, folder, house.url, house.key()) for exporter in range(EXPORTERS)]
    try:
        for strike in range(campaign.kills):
            time.sleep(chance.uniform(0.1, campaign.calm_s))
            # The last of a short campaign takes the database too.
            last = strike == campaign.kills - 1
            what = "both" if last else chance.choices(("server", "database", "both"), (7, 1, 2))[0]
            _strike(house, database, what)
            campaign.done[what] = campaign.done.get(what, 0) + 1
        time.sleep(1)
    finally:
        (folder / "stop").touch()
        _end(crew)
        campaign.seconds = time.monotonic() - began


def _end(crew: list[int]) -> None:
    """Let the exporters have their last batch acknowledged."""
    until, left = time.monotonic() + 30, set(crew)
    while left and time.monotonic() < until:
        left -= {child for child in left if os.waitpid(child, os.WNOHANG)[0]}
        time.sleep(0.05)
    for child in left:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _acknowledged(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            yield json.loads(line)


def _check(campaign: Campaign, told: list[dict[str, Any]], admin: str, report: Run) -> None:
    with psycopg.connect(admin) as connection:
        rows = connection.execute(
            "select (attributes ->> 'exporter')::int, (attributes ->> 'number')::int, count(*)"
            " from telemetry.otel_logs where attributes ? 'number' group by 1, 2"
        ).fetchall()
        answered = connection.execute(
            "select count(*) from telemetry.otel_logs where event_name = 'claude_code.api_request'"
        ).fetchone()
        counted = connection.execute(
            "select count(*), coalesce(sum(output_tokens), 0)::bigint,"
            " (select sum(calls) from telemetry.daily_usage)::bigint from telemetry.token_usage"
        ).fetchone()
    stands = {(exporter, number): many for exporter, number, many in rows}
    acknowledged = [(each["exporter"], each["batch"] * _BATCH + n) for each in told for n in range(_BATCH)]
    again = sum(each["tries"] > 1 for each in told)
    report.say(
        f"{campaign.done} killed in {campaign.seconds:.0f} s; {len(told)} batches acknowledged, {again} of them"
        f" sent more than once; {len(acknowledged):,} records acknowledged, {len(stands):,} kept"
    )
    report.check("everything was killed as often as asked", sum(campaign.done.values()) == campaign.kills)
    report.check("batches had to be sent again", again > 0, again)
    lost = [each for each in acknowledged if each not in stands]
    report.check("no acknowledged record is lost", bool(acknowledged) and not lost, f"{len(lost)} {lost[:3]}")
    doubled = [each for each, many in stands.items() if many > 1]
    report.check("none is there twice", not doubled, f"{len(doubled)} {doubled[:3]}")
    responses = answered[0] if answered else 0
    right = (responses, 10 * responses, responses)
    report.check("each response counts once, by day as well", counted == right, f"{counted} of {right}")


@contextlib.contextmanager
def _standing_in(house: House) -> Iterator[None]:
    """Let this process find the home's database, as its commands do."""
    names = ("STEWARD_HOME", "STEWARD_ROOT_DIR")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: house.environment[name] for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def run(campaign: Campaign, report: Run) -> None:
    """Run the campaign and check what it left."""
    with House("kills") as house, _standing_in(house):
        house.up()
        database = EmbeddedServer(Path(house.environment["STEWARD_HOME"]))
        folder = house.folder / "told"
        folder.mkdir()
        _oversee(campaign, house, database, folder)
        _check(
            campaign,
            list(_acknowledged(folder)),
            make_conninfo(database.conninfo("steward", "postgres")),
            report,
        )


def main() -> int:
    """Run the campaign as the command line says; the status is 1 when a fact does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.ingest_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    report = Run(Path())
    campaign = Campaign(given.kills, given.seed)
    print(f"seed {campaign.seed}", flush=True)
    run(campaign, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
