"""How long each question about work takes at a million tasks: through the operations, in-process, audit and
authorisation on, once by itself and once beside an open snapshot while agents go on finishing tasks.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from steward.kit import op
from steward.kit.db import Actor, Database, Target
from steward.kit.errors import NotFound

if TYPE_CHECKING:
    from bench.__main__ import Bench

LIMIT_MS = 50.0
_ACTOR = Actor(role="admin", user_name="bench", agent="bench-agent-1")
_PROJECTS = ("big", "bench-2", "bench-5", "bench-9", "bench-40")
_OPEN = ["draft", "pending", "in_progress", "blocked", "in_review", "testing", "awaiting_input"]
_FINISHED = 300
Arguments = Callable[[int], dict[str, Any]]


def _common(i: int) -> str:
    """Return a word that many tasks hold; those of neighbouring numbers differ."""
    return _COMMON[i % len(_COMMON)]


def _project(i: int) -> str:
    return _PROJECTS[i % len(_PROJECTS)]


_COMMON = (
    "the",
    "fix",
    "with",
    "queue",
    "agent",
    "session",
    "migration",
    "crash",
    "lock",
    "uploads",
    "invoice",
    "leak",
)


# Each question: the operation and its arguments at the i-th asking.
READS: dict[str, tuple[str, Arguments]] = {
    "list of a project": ("work.list", lambda i: {"project": _project(i)}),
    "list of the largest project, 500": ("work.list", lambda i: {"project": "big", "limit": 500}),
    "list of all projects": ("work.list", lambda i: {"project": "all"}),
    "list by status": ("work.list", lambda i: {"project": _project(i), "status": [_OPEN[i % 7]]}),
    "list by status, all projects": ("work.list", lambda i: {"project": "all", "status": [_OPEN[i % 7]]}),
    "list of what waits": (
        "work.list",
        lambda i: {"project": _project(i), "status": ["pending"], "ready": False},
    ),
    "list by label": ("work.list", lambda i: {"project": _project(i), "label": f"area-{1 + i % 40}"}),
    "list by label, all projects": (
        "work.list",
        lambda i: {"project": "all", "label": f"area-{1 + i % 40}"},
    ),
    "list by text": ("work.list", lambda i: {"project": _project(i), "text": _word(i)}),
    "list by text, all projects": ("work.list", lambda i: {"project": "all", "text": _word(i)}),
    "list by assignee": (
        "work.list",
        lambda i: {"project": _project(i), "agent": f"bench-user-{1 + i % 50}"},
    ),
    "list by assignee, all projects": (
        "work.list",
        lambda i: {"project": "all", "agent": f"bench-agent-{1 + i % 20}"},
    ),
    "list, latest change first": ("work.list", lambda i: {"project": _project(i), "order": "updated"}),
    "list by number": ("work.list", lambda i: {"project": _project(i), "order": "number"}),
    "list by place": ("work.list", lambda i: {"project": _project(i), "order": "place"}),
    "list of an epic": ("work.list", lambda i: {"project": "big", "epic": f"EPIC-{1 + i % 20:03}"}),
    "board, open part": ("work.list", lambda i: {"project": _project(i), "status": _OPEN, "limit": 200}),
    "board, done part": (
        "work.list",
        lambda i: {"project": _project(i), "status": ["done"], "order": "updated", "limit": 40},
    ),
    "get": ("work.get", lambda i: {"task": f"BIG-{1 + i * 541 % 1400}"}),
    "ready": ("work.ready", lambda i: {"project": _project(i)}),
    "ready, all projects": ("work.ready", lambda i: {"project": "all"}),
    "ready with a label": (
        "work.ready",
        lambda i: {"project": "big", "labels": [f"area-{1 + i % 40}"]},
    ),
    "next": ("work.next", lambda i: {"project": _project(i)}),
    "blocked": ("work.blocked", lambda i: {"project": _project(i)}),
    "blocked, all projects": ("work.blocked", lambda i: {"project": "all"}),
    "epics": ("work.list_epics", lambda i: {"project": _project(i)}),
    "epics, all projects": ("work.list_epics", lambda i: {"project": "all"}),
    # The tenth of the largest project has about 2,000 tasks.
    "epic": ("work.get_epic", lambda i: {"project": "big", "epic": f"EPIC-{10 + i % 10:03}"}),
    "issues": ("work.list_issues", lambda i: {"project": _project(i)}),
    "issues, all projects": ("work.list_issues", lambda i: {"project": "all", "status": ["open"]}),
    "issues by text": ("work.list_issues", lambda i: {"project": "all", "text": _word(i)}),
    "workflows": ("work.list_workflows", lambda i: {"project": _project(i)}),
    "workflows, all projects": ("work.list_workflows", lambda i: {"project": "all"}),
    "workflows by status": ("work.list_workflows", lambda i: {"project": "all", "status": ["active"]}),
    "workflows by text": ("work.list_workflows", lambda i: {"project": "all", "text": _word(i)}),
    "performance of workflows": ("work.performance_summary", lambda i: {"project": _project(i)}),
    "inbox": ("work.inbox", lambda i: {"project": "all"}),
    "devlog": ("work.list_devlog", lambda i: {"project": _project(i)}),
    "devlog, all projects": ("work.list_devlog", lambda i: {"project": "all"}),
    "overview": ("work.overview", lambda i: {"project": _project(i)}),
    "overview, all projects": ("work.overview", lambda i: {"project": "all"}),
    "progress of every project": ("work.progress", lambda i: {}),
    "statistics": ("work.statistics", lambda i: {"project": _project(i)}),
    "search": ("work.search", lambda i: {"project": _project(i), "text": _word(i)}),
    "search, all projects": ("work.search", lambda i: {"project": "all", "text": _word(i)}),
    "search, a common word": ("work.search", lambda i: {"project": "all", "text": _COMMON[i % len(_COMMON)]}),
    "search, a rare word": ("work.search", lambda i: {"project": "all", "text": f"E{1007 + i * 1000:07}"}),
    "search, the beginning of a word": (
        "work.search",
        lambda i: {"project": "all", "text": _COMMON[i % 9][:3]},
    ),
    "search, several words": (
        "work.search",
        lambda i: {"project": "all", "text": f"{_common(i)} {_common(i + 3)} {_common(i + 5)}"},
    ),
    "search, a phrase": (
        "work.search",
        lambda i: {"project": "all", "text": f'"{_common(i)} {_common(i + 1 + i // 12)}"'},
    ),
    "search, a reference": ("work.search", lambda i: {"project": "all", "text": f"BIG-{1 + i}"}),
    "statistics, all projects": ("work.statistics", lambda i: {"project": "all"}),
}
_WORDS = (
    "the",
    "queue",
    "invoice",
    "rahura_ka",
    "leak",
    "E0007007",
    "src/ka/se.py",
    "zzzz",
    "gamfi",
    "session",
)


def _word(i: int) -> str:
    """Return words that nearly all have, many, some, one and none."""
    return _WORDS[i % len(_WORDS)]


@contextmanager
def lent(bench: Bench) -> Iterator[Database]:
    """Lend the database of the large house as operations use it."""
    url = bench.large().url_of("app")
    with Database(Target(url, url), pool_size=2) as database:
        yield database


def ask(database: Database, name: str, arguments: dict[str, Any]) -> Any:
    """Run an operation as an agent of an administrator."""
    return op.run(database, op.operation(name), arguments, actor=_ACTOR)


def seconds(database: Database, name: str, arguments: Arguments, runs: int) -> list[float]:
    """Return how long each of some askings took, after as many for warmth as there are kinds of project."""
    taken: list[float] = []
    for i in range(-len(_PROJECTS), runs):
        began = time.perf_counter()
        ask(database, name, arguments(i))
        taken.append(time.perf_counter() - began)
    return taken[len(_PROJECTS) :]


def figure(name: str, taken: list[float]) -> Figure:
    """Return the time that 95 of 100 askings do not exceed."""
    runs = tuple(round(run * 1000, 1) for run in taken)
    p95 = statistics.quantiles(runs, n=20, method="inclusive")[18]
    return Figure(
        f"{name} (p95)",
        round(p95, 1),
        limit=LIMIT_MS,
        runs=runs,
        note=f"p50 {statistics.median(runs):.3g} ms",
    )


def _all(bench: Bench, database: Database, suffix: str) -> Iterator[Figure]:
    for name, (operation, arguments) in READS.items():
        yield figure(name + suffix, seconds(database, operation, arguments, bench.times(40)))


def reads(bench: Bench) -> Iterator[Figure]:
    """Ask every question by itself."""
    with lent(bench) as database:
        yield from _all(bench, database, "")


def reads_beside_snapshot(bench: Bench) -> Iterator[Figure]:
    """Ask every question while a snapshot is open since before some hundred tasks were finished."""
    with lent(bench) as database, bench.large().open_snapshot():
        _work(database)
        yield from _all(bench, database, ", beside a snapshot")


def _work(database: Database) -> None:
    """Claim, start and finish tasks."""
    for i in range(_FINISHED):
        try:
            claim = ask(database, "work.claim", {"project": _project(i)})
        except NotFound:
            continue
        ref = claim.task.task.ref
        ask(database, "work.start", {"task": ref, "token": claim.token})
        ask(database, "work.finish", {"task": ref, "token": claim.token})


LINES = (reads, reads_beside_snapshot)
