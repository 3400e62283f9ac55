"""What the templates of the rooms' pages are given: lists of things, one thing, the graph, agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from steward.surfaces.web.views import Event, Fact, Link, Option, Part, Task
from steward.surfaces.web.views_talk import Comment, File, Question

if TYPE_CHECKING:
    from steward.surfaces.web.views_sessions import Took


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a list shows: the words of its address, so that every view can be linked to."""

    path: str
    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a word, or None."""
        return self.values.get(name)

    def url(self, **changes: str | None) -> str:
        """Return the address of this view with some words changed."""
        merged = {**self.values, **changes}
        query = urlencode({name: value for name, value in merged.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def with_(self, **changes: str | None) -> ListFilter:
        """Return this filter with some words changed."""
        merged = {**self.values, **changes}
        return replace(self, values={name: value for name, value in merged.items() if value})

    @property
    def active(self) -> bool:
        """Tell whether anything is filtered away."""
        return any(name != "cursor" for name in self.values)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a filter: a choice where it has options, text where it has none."""

    name: str
    label: str
    options: Sequence[Option] = ()


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says to do."""

    icon: str
    title: str
    text: str
    commands: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One thing in a list. `part` and `whole` are how much of it is done, where that can be said."""

    id: str
    href: str
    key: str
    title: str
    state: str
    at: datetime
    priority: int | None = None
    chips: Sequence[str] = ()
    note: str | None = None
    part: int = 0
    whole: int = 0
    closed: bool = False

    @property
    def percent(self) -> int:
        """Return how much is done, rounded down so that 100 means all."""
        return self.part * 100 // self.whole if self.whole else 0

    @property
    def bar(self) -> Sequence[Part]:
        """Return the bar of what is done and what is not."""
        width = self.part * 1000 // self.whole if self.whole else 0
        done = Part("done", self.part, 0, width)
        rest = Part("pending", self.whole - self.part, width, 1000 - width)
        return [each for each in (done, rest) if each.count]


@dataclass(frozen=True, slots=True)
class ItemList:
    """A page that lists epics, issues, workflows or devlog entries."""

    title: str
    filter: ListFilter
    fields: Sequence[Field]
    empty: Empty
    rows: Sequence[Row] = ()
    summary: str = ""
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """A text with its heading."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its name, and what it means."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A phase, or a task of a path: `now`, before it or after it."""

    name: str
    place: str
    href: str | None = None
    note: str = ""
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Analytics:
    """What was worked out of a workflow."""

    at: datetime
    figures: Sequence[Figure] = ()
    path: Sequence[Step] = ()
    bottlenecks: Sequence[Step] = ()
    advice: Sequence[str] = ()
    workers: Sequence[Figure] = ()
    blocking: Sequence[Step] = ()


@dataclass(frozen=True, slots=True)
class ItemPage:
    """The page of one epic, issue, workflow or devlog entry."""

    kind: str
    key: str
    title: str
    state: str
    crumbs: Sequence[Link]
    priority: int | None = None
    note: str | None = None
    prose: Sequence[Prose] = ()
    facts: Sequence[Fact] = ()
    bar: Sequence[Part] = ()
    bar_label: str = ""
    tasks: Sequence[Task] | None = None
    tasks_total: int = 0
    tasks_url: str | None = None
    tasks_hint: str = ""
    graph_url: str | None = None
    issues: Sequence[Row] = ()
    ties: Sequence[Row] = ()
    phases: Sequence[Step] = ()
    analytics: Analytics | None = None
    analytics_url: str | None = None
    errors: Sequence[Event] = ()
    notes: Sequence[Comment] = ()
    notes_title: str = "Comments"
    notes_url: str | None = None
    notes_hint: str = ""
    files: Sequence[File] = ()
    command: str | None = None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """The page of questions that wait for people, or of how they ended."""

    filter: ListFilter
    fields: Sequence[Field]
    questions: Sequence[Question] = ()
    summary: str = ""
    next_url: str | None = None
    first_url: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A task of the graph."""

    key: str
    title: str
    state: str
    middle: bool = False

    @property
    def href(self) -> str:
        """Return the address of the task."""
        return f"/tasks/{self.key}"


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A tie: `after` waits for `before`, unless they are only related."""

    before: GraphNode
    after: GraphNode
    blocks: bool


@dataclass(frozen=True, slots=True)
class GraphPage:
    """The page of how tasks are tied."""

    filter: ListFilter
    fields: Sequence[Field]
    nodes: Sequence[GraphNode] = ()
    edges: Sequence[GraphEdge] = ()
    total: int = 0
    summary: str = ""
    cut: str | None = None
    closed: bool = False
    closed_url: str = ""
    legend: Sequence[str] = ()
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent in the list."""

    name: str
    href: str
    type: str
    model: str
    active: bool
    capabilities: Sequence[str] = ()
    held: int = 0
    limit: int | None = None
    asking: int = 0
    finished: int = 0
    failed: int = 0
    success: int | None = None
    average: str | None = None
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgentList:
    """The page of agents."""

    filter: ListFilter
    fields: Sequence[Field]
    agents: Sequence[AgentRow] = ()
    summary: str = ""
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """How well an agent suited some work; scores in percent."""

    name: str
    href: str
    eligible: bool
    score: int
    parts: Sequence[Figure] = ()
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Which agent was held best for some work, and how the candidates scored."""

    id: str
    at: datetime
    chosen: str | None
    score: int | None
    by: str | None
    task: Link | None = None
    needs: Sequence[str] = ()
    candidates: Sequence[Candidate] = ()


@dataclass(frozen=True, slots=True)
class AgentPage:
    """The page of one agent."""

    agent: AgentRow
    description: str | None
    facts: Sequence[Fact] = ()
    holding: Sequence[Task] = ()
    finished: Sequence[Task] = ()
    finished_url: str = ""
    questions: Sequence[Question] = ()
    decisions: Sequence[Decision] = ()
    decisions_url: str | None = None
    took: Took | None = None


__all__ = [
    "AgentList",
    "AgentPage",
    "AgentRow",
    "Analytics",
    "Candidate",
    "Decision",
    "Empty",
    "Field",
    "Figure",
    "GraphEdge",
    "GraphNode",
    "GraphPage",
    "InboxPage",
    "ItemList",
    "ItemPage",
    "ListFilter",
    "Prose",
    "Row",
    "Step",
]
