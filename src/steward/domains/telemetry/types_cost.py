"""Row types of prices, cost and budgets."""

from __future__ import annotations

from dataclasses import dataclass
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
    """What a response would cost; `cost_usd` is None where no price is known."""

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
