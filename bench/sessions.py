"""How long sessions take to list and to read: 20,000 sessions, 1,000,000 responses, 500,000 messages, 500,000 tools.

Through the operations, in-process, and as pages over HTTP; audit and authorisation on, beside an open snapshot.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import psutil
import psycopg

from bench.figures import Figure
from bench.harness import House
from bench.work_reads import ask, figure
from steward.kit.db import Database, Target

if TYPE_CHECKING:
    from bench.__main__ import Bench

SESSIONS = 20_000
TABLES = (
    "telemetry.agent_sessions",
    "telemetry.token_usage",
    "telemetry.usage_sightings",
    "telemetry.chat_messages",
    "telemetry.tool_calls",
)
_STATEMENTS = Path(__file__).with_name("sessions_data.sql")
_LARGEST = "select session_id from telemetry.token_usage group by session_id order by count(*) desc limit 1"
_WORDS = ("queue", "word7", "word18734", '"migration word1"', "lock -invoice")
_WARM = 3
Arguments = Callable[[int], dict[str, Any]]


def build(url: str, sessions: int = SESSIONS) -> None:
    """Fill a migrated database, connected to as its owner, without the triggers that count usage."""
    text = re.sub(r"^--.*\n", "", _STATEMENTS.read_text("utf-8"), flags=re.M)
    parts = [part.strip() for part in re.split(r";\n(?!end;)", text) if part.strip()]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute("alter table telemetry.token_usage disable trigger user")
        for part in parts:
            connection.execute(part.replace("%(sessions)s", str(sessions)))
        connection.execute("alter table telemetry.token_usage enable trigger user")
        connection.execute(f"vacuum (analyze) {', '.join(TABLES)}, projects.projects")


def _project(i: int) -> str:
    return f"bench-{1 + i % 20}"


def _reads(largest: str, some: list[str], middle: str) -> dict[str, tuple[str, Arguments]]:
    """Return each question with its arguments at the i-th asking."""
    return {
        "sessions of all projects": ("telemetry.list", lambda i: {"project": "all"}),
        "sessions of a project": ("telemetry.list", lambda i: {"project": _project(i)}),
        "sessions of a client": ("telemetry.list", lambda i: {"project": "all", "client": "codex"}),
        "sessions of a model": ("telemetry.list", lambda i: {"project": "all", "model": "gemini"}),
        "sessions that failed": ("telemetry.list", lambda i: {"project": "all", "outcome": "failure"}),
        "active sessions": ("telemetry.active", lambda i: {"project": "all"}),
        "sessions by a rare text": (
            "telemetry.list",
            lambda i: {"project": "all", "text": f"number {i * 97 % 20000}"},
        ),
        "sessions by a text that none holds": (
            "telemetry.list",
            lambda i: {"project": "all", "text": "zzzz"},
        ),
        "a session": ("telemetry.get", lambda i: {"session": some[i % len(some)]}),
        "conversation, begin": ("telemetry.conversation", lambda i: {"session": some[i % len(some)]}),
        "conversation of 10,000 entries, begin": ("telemetry.conversation", lambda i: {"session": largest}),
        "conversation of 10,000 entries, middle": (
            "telemetry.conversation",
            lambda i: {"session": largest, "cursor": middle},
        ),
        "conversation of 10,000 entries, end": (
            "telemetry.conversation",
            lambda i: {"session": largest, "last": True},
        ),
        "search of messages": (
            "telemetry.search_messages",
            lambda i: {"project": "all", "text": _WORDS[i % 5]},
        ),
        "search of messages of a project": (
            "telemetry.search_messages",
            lambda i: {"project": _project(i), "text": _WORDS[i % 5]},
        ),
    }


@contextmanager
def _filled() -> Iterator[House]:
    with House("sessions") as house:
        house.up()
        build(house.url_of("owner"))
        yield house


def _seconds(run: Callable[[int], Any], runs: int) -> list[float]:
    taken = []
    for i in range(-_WARM, runs):
        began = time.perf_counter()
        run(i)
        taken.append(time.perf_counter() - began)
    return taken[_WARM:]


def _cpu_seconds(database: Database) -> float:
    """Return how much of a processor this process and its one connection's server process have had."""
    with database.connection() as connection:
        times = psutil.Process(connection.info.backend_pid).cpu_times()
    return time.process_time() + times.user + times.system


def _fetch(house: House, path: str) -> None:
    request = Request(house.url + path, headers={"Authorization": f"Bearer {house.key()}"})
    with urlopen(request, timeout=30) as answer:
        if answer.status != 200 or len(answer.read()) < 3000:
            raise RuntimeError(f"{path} answered {answer.status}")


def sessions_and_conversations(bench: Bench) -> Iterator[Figure]:
    """Ask every question, then load the pages."""
    with _filled() as house, house.connection() as connection:
        largest = str(connection.execute(_LARGEST).fetchall()[0][0])
        url = house.url_of("app")
        with Database(Target(url, url), pool_size=1) as database, house.open_snapshot():
            found = ask(database, "telemetry.list", {"project": "all", "limit": 40}).items
            some = [str(row.id) for row in found]
            middle = _middle(database, largest)
            for name, (operation, arguments) in _reads(largest, some, middle).items():

                def run(i: int, name: str = operation, arguments: Arguments = arguments) -> None:
                    ask(database, name, arguments(i))

                runs, used = bench.times(40), _cpu_seconds(database)
                taken = figure(name, _seconds(run, runs))
                cpu = (_cpu_seconds(database) - used) * 1000 / (runs + _WARM)
                yield replace(taken, note=f"{taken.note}; {cpu:.1f} ms of a processor, ours and the server's")
            pages = {
                "page of sessions": "/sessions",
                "page of a project's sessions": "/sessions?project=bench-1",
                "page of a session": f"/sessions/{some[3]}",
                "page of a session of 10,000 entries": f"/sessions/{largest}",
                "further entries": f"/sessions/{largest}/entries?cursor={middle}",
            }
            for name, path in pages.items():

                def load(_: int, path: str = path) -> None:
                    _fetch(house, path)

                yield figure(f"{name}, over HTTP", _seconds(load, bench.times(40)))


def _middle(database: Database, session: str) -> str:
    """Return the cursor in the middle of a long conversation."""
    cursor = None
    for _ in range(10):
        given = {"session": session, "limit": 500} | ({"cursor": cursor} if cursor else {})
        cursor = ask(database, "telemetry.conversation", given).next_cursor
    return str(cursor)


LINES = (sessions_and_conversations,)
