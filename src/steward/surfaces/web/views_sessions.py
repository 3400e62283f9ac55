"""What the templates are given of sessions: the list, one as a transcript, what tasks and agents took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from steward.surfaces.web.views import Fact, Link
from steward.surfaces.web.views_rooms import Empty, Field, Figure, ListFilter


def tokens(count: int) -> str:
    """Return a number of tokens in three digits or so."""
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            value = count / size
            return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}{unit}".replace(".0", "")
    return str(count)


def usd(cost: Decimal | None) -> str:
    """Return an amount of money with as many digits as say something."""
    if cost is None:
        return "no price"
    if cost == 0:
        return "$0"
    if cost < Decimal("0.01"):
        return f"${cost:.4f}" if cost >= Decimal("0.0001") else "<$0.0001"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:.3f}"


@dataclass(frozen=True, slots=True)
class Session:
    """A session in a list."""

    id: str
    title: str
    client: str
    project: str
    state: str
    at: datetime
    duration: str
    messages: int
    tools: int
    tokens: str
    cost: str
    model: str = ""
    tasks: Sequence[str] = ()
    failures: int = 0
    outcome: str | None = None
    agent: str | None = None
    unpriced: int = 0

    @property
    def href(self) -> str:
        """Return the address of the session."""
        return f"/sessions/{self.id}"

    @property
    def mark(self) -> str:
        """Return the word that colours its dot: how it ended, where that is known."""
        return self.outcome if self.outcome and self.state != "active" else self.state


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds the words; pieces tell whether they are what was looked for."""

    href: str
    title: str
    who: str
    pieces: Sequence[tuple[str, bool]]
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionList:
    """The page of sessions."""

    filter: ListFilter
    fields: Sequence[Field]
    empty: Empty
    rows: Sequence[Session] = ()
    hits: Sequence[Hit] = ()
    summary: str = ""
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a response took."""

    model: str
    total: str
    output: str
    cost: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that was used; `mark` is done, failed or open."""

    name: str
    icon: str
    gist: str
    mark: str
    input: str = ""
    output: str = ""
    error: str = ""
    more: str = ""
    duration: str = ""
    waited: str = ""
    added: int = 0
    removed: int = 0
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a transcript.

    Attributes:
        kind: prompt, reply, thinking, summary, notice, error, tool, commit or spent.
        who: the subagent, where one speaks.
        first: it is the first of a subagent's run.
    """

    id: str
    kind: str
    at: datetime
    text: str = ""
    cut: str = ""
    who: str | None = None
    first: bool = False
    tool: Tool | None = None
    spent: Spent | None = None
    sha: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a transcript. `url` gives it again, `more` what comes after, `earlier` what came before."""

    id: str
    url: str
    items: Sequence[Item] = ()
    live: bool = False
    more: str | None = None
    earlier: str | None = None

    @property
    def more_page(self) -> str:
        """Return the address of the page that goes on there, for browsers without scripts."""
        return (self.more or "").replace("/entries", "", 1)

    @property
    def earlier_page(self) -> str:
        """Return the address of the page of what came before."""
        return (self.earlier or "").replace("/entries", "", 1)


@dataclass(frozen=True, slots=True)
class Share:
    """A stretch of the bar of tokens, in thousandths."""

    name: str
    kind: str
    count: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Model:
    """What was taken of a model."""

    name: str
    responses: int
    tokens: str
    cost: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A try of an agent at a task; `mark` is a state of tasks, whose colour it wears."""

    id: str
    mark: str
    status: str
    agent: str
    at: datetime
    duration: str
    tokens: str
    cost: str
    task: Link | None = None
    session: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionPage:
    """The page of one session."""

    session: Session
    crumbs: Sequence[Link]
    figures: Sequence[Figure]
    facts: Sequence[Fact]
    shares: Sequence[Share] = ()
    models: Sequence[Model] = ()
    executions: Sequence[Execution] = ()
    subagents: Sequence[Session] = ()
    parts: Sequence[Link] = ()
    part: str | None = None
    chunk: Chunk | None = None
    begin: str | None = None
    end: str | None = None
    raw: str | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of a client's record."""

    number: int
    kind: str
    text: str
    damage: str | None = None
    cut: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class RawPage:
    """The page of a session's own record, line by line."""

    session: Session
    lines: Sequence[RawLine] = ()
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class Took:
    """What a task took, or an agent."""

    figures: Sequence[Figure] = ()
    sessions: Sequence[Session] = ()
    executions: Sequence[Execution] = ()
    sessions_url: str | None = None
