"""Row types of prices, cost and budgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class PriceSource(StrEnum):
    """Where a price comes from."""

    LIST = "genai-prices"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class PutPrices:
    """How the list prices changed."""

    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class SyncedPrices:
    """What taking in a price list did. `names` mean something else than before; `repricing` is what was asked for."""

    version: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    names: int = 0
    repricing: UUID | None = None


@dataclass(frozen=True, slots=True)
class NameMeaning:
    """Which priced model a name means."""

    name: str
    provider: str | None
    model: str | None
    found_by: str | None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in USD for a million tokens; cache rates that are None are those of plain input."""

    id: UUID
    provider: str
    model: str
    source: PriceSource
    above_input_tokens: int
    effective_from: datetime | None
    effective_until: datetime | None
    hours_from: str | None
    hours_until: str | None
    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal | None
    cache_write_usd: Decimal | None
    cache_write_1h_usd: Decimal | None
    reasoning_usd: Decimal | None
    request_usd: Decimal
    note: str | None
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PricedAs:
    """What something costs, and by which price."""

    cost_usd: Decimal
    price_id: UUID


@dataclass(frozen=True, slots=True)
class Quote:
    """What a response would cost, and by which price."""

    model: str
    means: str | None
    cost_usd: Decimal | None
    price: Price | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What working out costs anew changes."""

    seen: int
    changed: int
    cost_before_usd: Decimal
    cost_after_usd: Decimal


@dataclass(frozen=True, slots=True)
class Repricing:
    """How far a request to work out costs anew is; what is not `completed` a background job goes on with."""

    id: UUID | None
    seen: int
    changed: int
    cost_before_usd: Decimal
    cost_after_usd: Decimal
    completed: bool


class BudgetScope(StrEnum):
    """What a budget is for."""

    ALL = "all"
    PROJECT = "project"
    EPIC = "epic"
    TASK = "task"
    AGENT = "agent"


class BudgetPeriod(StrEnum):
    """In which time a budget may be spent, in the installation's time zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class BudgetState(StrEnum):
    """How a budget stands: `warned` from warn_percent on; claims are refused when it is `exhausted`."""

    OPEN = "open"
    WARNED = "warned"
    EXHAUSTED = "exhausted"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent, and what was. Responses whose cost is not known count in tokens only; they are told."""

    id: UUID
    name: str
    scope: BudgetScope
    target: str | None
    target_name: str | None
    project: str | None
    period: BudgetPeriod
    limit_usd: Decimal | None
    limit_tokens: int | None
    warn_percent: int
    from_day: date | None
    spent_usd: Decimal
    spent_tokens: int
    unpriced_calls: int
    percent: Decimal
    state: BudgetState
    version: int
    created_at: datetime
    updated_at: datetime


class CostBy(StrEnum):
    """By what cost is told."""

    MODEL = "model"
    PROJECT = "project"
    EPIC = "epic"
    TASK = "task"
    AGENT = "agent"
    CLIENT = "client"
    SESSION = "session"
    COMMIT = "commit"
    SUBAGENT = "subagent"
    QUERY_SOURCE = "query_source"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class CostSplit(StrEnum):
    """By what the cost of a day is told apart."""

    MODEL = "model"
    PROJECT = "project"
    TASK = "task"
    AGENT = "agent"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class CostKey:
    """Totals under a key."""

    key: str
    calls: int
    unpriced_calls: int
    approximate_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class CostName:
    """How people call what a key stands for."""

    key: str
    name: str
    title: str | None
    project: str | None


@dataclass(frozen=True, slots=True)
class CostRow:
    """What something cost. `cost_usd` is None where it is not known at all, and leaves out `unpriced_calls` otherwise.

    Attributes:
        key: what it is found by; empty for what belongs to none.
        name: how people call it.
        cache_hit_percent: of all input, what came from the cache.
    """

    key: str
    name: str
    title: str | None
    project: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: Decimal | None
    unpriced_calls: int
    approximate_calls: int
    cache_hit_percent: float | None


@dataclass(frozen=True, slots=True)
class OverviewKey:
    """Totals under a key of one of several kinds, and how many keys of its kind there are."""

    by: str
    key: str
    calls: int
    unpriced_calls: int
    approximate_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None
    kinds: int


@dataclass(frozen=True, slots=True)
class CostGroup:
    """The dearest of one kind, and how many of the kind there are."""

    by: CostBy
    count: int
    rows: list[CostRow]


@dataclass(frozen=True, slots=True)
class CostOverview:
    """What was spent in all, and by model, project, task, agent and client; the days are those that were added up."""

    total: CostRow | None
    groups: list[CostGroup]
    since: date | None
    until: date | None
    today: date


@dataclass(frozen=True, slots=True)
class CostDay:
    """What something cost on a day; `key` is None for the rest together."""

    day: date
    key: str | None
    cost_usd: Decimal
    calls: int
    unpriced_calls: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class CostSeries:
    """Cost by day: `names` of the keys, the dearest first, and what each cost on each day that had any."""

    since: date | None
    until: date | None
    keys: list[str]
    names: list[str]
    days: list[CostDay]


@dataclass(frozen=True, slots=True)
class CostPeriod:
    """Totals of the last so many days, and what as many before had cost."""

    days: int
    since: date
    until: date
    calls: int
    unpriced_calls: int
    approximate_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    previous_cost_usd: Decimal
    previous_calls: int


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One response of a model, and which sources told of it."""

    id: UUID
    at: datetime
    session_id: UUID | None
    project: str
    task: str | None
    agent: str | None
    client: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None
    reported_cost_usd: Decimal | None
    price_id: UUID | None
    duration_ms: int | None
    query_source: str | None
    subagent: str | None
    approximate: bool
    sources: list[str]


class Verdict(StrEnum):
    """What the sources of a session say together."""

    AGREE = "agree"
    SINGLE = "single"
    PARTLY = "partly"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True)
class SessionTotal:
    """What the responses of a session add up to."""

    session_id: UUID
    client: str
    title: str | None
    start_time: datetime
    responses: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal | None
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """What a source saw of a session; `only_here` are responses that no other source saw."""

    session_id: UUID
    source: str
    responses: int
    only_here: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reported_cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What a source says that responses cost, and what was worked out by price for the same ones."""

    session_id: UUID
    source: str
    responses: int
    reported_usd: Decimal
    computed_usd: Decimal


@dataclass(frozen=True, slots=True)
class ClientReported:
    """What a client's own metrics say of a session."""

    session_id: UUID
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A session as each of its sources saw it.

    `agree`: more than one source, and all saw the same. `single`: one source told of it, so nothing can be compared.
    `partly`: some source saw a part only. `differ`: sources saw as many responses with other figures, or say that they
    cost something else than was worked out, by more than 1 % and $0.0001 a response.
    """

    total: SessionTotal
    sources: list[SourceSeen]
    client_reported: ClientReported | None
    verdict: Verdict
    differences: list[str]
    costs: list[SourceCost] = field(default_factory=list)
