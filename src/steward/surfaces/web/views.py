"""What the templates are given: small frozen records, made by `pages` from the results of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from steward.surfaces.web.views_filter import ORDERS as ORDERS
from steward.surfaces.web.views_filter import TaskFilter as TaskFilter
from steward.surfaces.web.views_talk import Comment, File, Question

if TYPE_CHECKING:
    from steward.surfaces.web.views_sessions import Took

# The order in which people think of them: what can be done, what is being done, what waits, what is over.
STATES = (
    "open",
    "pending",
    "ready",
    "held_up",
    "waiting",
    "active",
    "in_work",
    "claimed",
    "in_progress",
    "under_review",
    "in_review",
    "testing",
    "awaiting_input",
    "blocked",
    "draft",
    "deferred",
    "done",
    "stopped",
    "failed",
    "cancelled",
)
CLOSED = frozenset({"done", "cancelled", "completed", "closed"})
PRIORITIES = ("critical", "high", "medium", "low")


def words(state: str) -> str:
    """Return a status as people write it: `in_progress` is In progress."""
    return state.replace("_", " ").replace("-", " ").capitalize()


def numbered(number: int, noun: str, shown: str | None = None) -> str:
    """Return how many of something there are: 1 response, 1,200 responses."""
    return f"{shown or f'{number:,}'} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Task:
    """A task in a list.

    `state` is its status; of a pending task it is more: `ready` to be taken, `claimed`, or `waiting` for others.
    """

    key: str
    title: str
    status: str
    state: str
    priority: int
    updated_at: datetime
    labels: Sequence[str] = ()
    agent: str | None = None
    lease_until: datetime | None = None
    blockers: int = 0
    children: int = 0
    children_done: int = 0
    reason: str | None = None
    project_name: str | None = None

    @property
    def closed(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.status in CLOSED


@dataclass(frozen=True, slots=True)
class Tie:
    """Another task that a task is tied to; `depth` is how many steps away it is."""

    key: str
    title: str
    state: str
    depth: int = 1

    @property
    def closed(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.state in CLOSED


@dataclass(frozen=True, slots=True)
class FullTask:
    """A task on its own page."""

    key: str
    title: str
    status: str
    state: str
    priority: int
    project_name: str
    project_slug: str
    description: str | None = None
    details: str | None = None
    test_strategy: str | None = None
    requirements: Sequence[str] = ()
    acceptance: Sequence[str] = ()
    result: str | None = None
    agent: str | None = None
    lease_until: datetime | None = None
    attempts: int = 0
    quarantined_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A name and where it leads; without an address, just a name."""

    name: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a task's properties: text, chips or a time."""

    name: str
    text: str = ""
    chips: Sequence[Link] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One column of a recorded change, old and new already cut to a line."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a history."""

    id: str
    at: datetime
    actor: str
    what: str
    icon: str = "list"
    state: str | None = None
    subject: str | None = None
    title: str | None = None
    href: str | None = None
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a progress bar, in thousandths."""

    status: str
    count: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Project:
    """A project in the list, with what its tasks add up to."""

    slug: str
    key: str
    name: str
    description: str | None = None
    source: str | None = None
    tasks: int = 0
    done: int = 0
    ready: int = 0
    working: int = 0
    updated_at: datetime | None = None
    bar: Sequence[Part] = ()
    status: str = "active"

    @property
    def done_percent(self) -> int:
        """Return the share of tasks that are done, rounded down so that 100 means all."""
        return self.done * 100 // self.tasks if self.tasks else 0


@dataclass(frozen=True, slots=True)
class Count:
    """How many tasks are in a state, and the list of them."""

    state: str
    count: int
    href: str


_NOTICES = {
    "archived": "This project is archived: lists over all projects leave it out.",
    "paused": "This project is paused.",
    "inactive": "This project is inactive.",
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the main navigation."""

    name: str
    icon: str
    href: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page. `here` is where a choice of project leads; `questions` wait for people."""

    user: str
    here: str = "/"
    projects: Sequence[Project] = ()
    project: Project | None = None
    questions: int = 0

    @property
    def notice(self) -> str | None:
        """Return what a reader must know of the chosen project before its figures are read."""
        if self.project is None or self.project.status == "active":
            return None
        return _NOTICES.get(self.project.status)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the board: the first cards, how many there are, and where the rest is."""

    id: str
    name: str
    icon: str
    total: int
    tasks: Sequence[Task]
    more: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A choice in a filter."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer."""

    projects: Sequence[Option] = ()
    agents: Sequence[Option] = ()
    labels: Sequence[str] = ()
    tags: Sequence[str] = ()
    statuses: Sequence[Option] = tuple(Option(state, words(state)) for state in STATES)
    priorities: Sequence[Option] = tuple(Option(name, name.capitalize()) for name in PRIORITIES)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people are told, and where what it is about can be looked at."""

    text: str
    level: str
    at: datetime
    about: Link | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page; `more_notices` are not shown."""

    total: int
    counts: Sequence[Count] = ()
    bar: Sequence[Part] = ()
    done_percent: int = 0
    filter: TaskFilter = field(default_factory=lambda: TaskFilter())
    working: Sequence[Task] = ()
    working_total: int = 0
    ready: Sequence[Task] = ()
    ready_total: int = 0
    waiting: Sequence[Task] = ()
    waiting_total: int = 0
    questions: Sequence[Question] = ()
    quarantined: Sequence[Task] = ()
    quarantined_total: int = 0
    finished: Sequence[Task] = ()
    activity: Sequence[Event] = ()
    notices: Sequence[Notice] = ()
    more_notices: int = 0


@dataclass(frozen=True, slots=True)
class TaskList:
    """The page of tasks, as a table (`tasks`) or a board (`columns`)."""

    filter: TaskFilter
    choices: Choices
    summary: str
    tasks: Sequence[Task] = ()
    columns: Sequence[Column] = ()
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """The page of one task."""

    task: FullTask
    parents: Sequence[Tie] = ()
    children: Sequence[Tie] = ()
    blockers: Sequence[Tie] = ()
    blocked: Sequence[Tie] = ()
    related: Sequence[Tie] = ()
    history: Sequence[Event] = ()
    facts: Sequence[Fact] = ()
    waits_for: str | None = None
    take: bool = False
    questions: Sequence[Question] = ()
    comments: Sequence[Comment] = ()
    comments_more: bool = False
    files: Sequence[File] = ()
    problem: str | None = None
    took: Took | None = None


@dataclass(frozen=True, slots=True)
class ProjectList:
    """The page of projects."""

    projects: Sequence[Project]


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a search found; the pieces of title and snippet tell whether they are what was looked for."""

    kind: str
    key: str
    href: str | None
    title: Sequence[tuple[str, bool]]
    snippet: Sequence[tuple[str, bool]]
    status: str | None
    project: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The page of search results, of which the search dialog takes a part."""

    query: str
    hits: Sequence[Found] = ()


@dataclass(frozen=True, slots=True)
class PlainPage:
    """A page that stands alone: an error, or the request to log in."""

    title: str
    text: str
    command: str | None = None
    links: Sequence[Link] = field(default_factory=tuple)
    reference: str | None = None


def bar(counts: Mapping[str, int]) -> list[Part]:
    """Return the stretches of a progress bar, in the order of a task's life, ends exact."""
    order = (
        "done",
        "in_review",
        "testing",
        "in_progress",
        "awaiting_input",
        "blocked",
        "failed",
        "pending",
        "draft",
        "deferred",
        "cancelled",
    )
    present: Iterable[tuple[str, int]] = [(status, counts.get(status, 0)) for status in order]
    total = sum(count for _, count in present)
    parts: list[Part] = []
    seen = 0
    for status, count in present:
        start = seen * 1000 // total if total else 0
        seen += count
        if count:
            parts.append(Part(status, count, start, seen * 1000 // total - start))
    return parts
