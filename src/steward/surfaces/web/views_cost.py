"""What the templates of the pages Cost and Budgets are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from steward.surfaces.web.views import Link, Option, Part
from steward.surfaces.web.views_rooms import Empty, Field, Figure, ListFilter


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to look at the page: chosen, or a link to it."""

    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What something cost; figures as people read them. `share` of the whole is in thousandths."""

    id: str
    name: str
    title: str | None
    href: str | None
    cost: str
    share: int
    calls: str
    tokens: str
    input: str
    output: str
    cache_read: str
    cache_write: str
    cached: str
    unknown: int = 0
    approximate: int = 0

    @property
    def bar(self) -> Sequence[Part]:
        """Return the bar of its share."""
        return [Part("spent", 0, 0, self.share)] if self.share else []


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What was spent by one thing, the dearest first."""

    by: str
    name: str
    rows: Sequence[Spent] = ()
    more_url: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """One colour of the chart: its name, what it adds up to, and where it leads."""

    place: int
    name: str
    total: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class ChartDay:
    """A day or week of the chart in figures: one for each stack, and the sum."""

    day: date
    until: date
    cells: Sequence[str]
    total: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Cost by day or week (`each`), told apart by something. `data` is what the script draws, as JSON."""

    by: str
    choices: Sequence[Choice] = ()
    stacks: Sequence[Stack] = ()
    days: Sequence[ChartDay] = ()
    data: str = "{}"
    each: str = "day"


@dataclass(frozen=True, slots=True)
class CostPage:
    """The page of cost. `kept` are words of the address that the form of filters carries on: value, name."""

    filter: ListFilter
    fields: Sequence[Field]
    ranges: Sequence[Choice]
    summary: str
    kept: Sequence[Option] = ()
    ways: Sequence[Choice] = ()
    chosen: Sequence[Link] = ()
    figures: Sequence[Figure] = ()
    remarks: Sequence[Link] = ()
    chart: Chart | None = None
    breakdowns: Sequence[Breakdown] = ()
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class CostTable:
    """The page of one breakdown with all figures."""

    title: str
    filter: ListFilter
    ranges: Sequence[Choice]
    ways: Sequence[Choice]
    chosen: Sequence[Link] = ()
    rows: Sequence[Spent] = ()
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One response in the list."""

    id: str
    at: datetime
    model: str
    cost: str
    known: bool
    tokens: str
    detail: str
    task: Link | None = None
    session: Link | None = None
    agent: str | None = None
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ResponseList:
    """The page of responses."""

    filter: ListFilter
    ranges: Sequence[Choice]
    ways: Sequence[Choice]
    chosen: Sequence[Link] = ()
    rows: Sequence[Response] = ()
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetCard:
    """A budget with how it stands; limits as a form takes them."""

    id: str
    name: str
    target: Link
    period: str
    state: str
    words: str
    percent: int
    width: int
    effect: str
    limit_usd: str
    limit_tokens: str
    warn_percent: int
    version: int
    unknown: int = 0
    spent_url: str | None = None

    @property
    def bar(self) -> Sequence[Part]:
        """Return the bar of what is spent."""
        return [Part(self.state, self.percent, 0, self.width)] if self.width else []


@dataclass(frozen=True, slots=True)
class BudgetPage:
    """The page of budgets; `given` is what a refused form held."""

    filter: ListFilter
    budgets: Sequence[BudgetCard] = ()
    off: Sequence[BudgetCard] = ()
    next_url: str | None = None
    summary: str = ""
    problem: str | None = None
    projects: Sequence[Option] = ()
    given: dict[str, str] = field(default_factory=dict)


__all__ = [
    "Breakdown",
    "BudgetCard",
    "BudgetPage",
    "Chart",
    "ChartDay",
    "Choice",
    "CostPage",
    "CostTable",
    "Response",
    "ResponseList",
    "Spent",
    "Stack",
]
