"""Telemetry: what agents did and what it cost, each thing once, whoever and however many told of it.

Nouns
    A *session* is one of a coding agent's client (claude-code, codex, gemini-cli …); its id is the client's own where
    that is a uuid. A *message* is what was said in it, a *tool call* what was done; a *transcript* is the client's own
    record, kept line by line. A *response* is an answer of a model, one row of token_usage; a *sighting* is what one
    source told of it. An *execution* is a try of an agent at a task, from its claim to its end. A *tie* says on which
    task a session was at work, and when. A *budget* is what may be spent, and at its limit claims are refused.
Sources
    Transcripts (importers), OTLP exporters (logs, spans, metrics), hooks, and callers of the operations.
Invariants, kept by the database against any client
    A response counts once: every name that a source knows it by (message id, request id, place among the same figures
    of a session) means one row, and rows that turn out to share a name become one. Tokens of a response come from the
    sighting that saw most. Input, cache reads, cache writes and output are disjoint; reasoning is a part of output. A
    claim has one open execution, and whatever ends the claim closes it. Totals by day are kept with what has changed
    since, which together are exact. Raw lines and records are stored without known shapes of secrets, before anything
    else happens to them.
"""

from __future__ import annotations

from steward.domains.telemetry import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.telemetry import jobs_cost as _jobs_cost  # noqa: F401 - registers them
from steward.domains.telemetry.batch import absorb, clean, session_id
from steward.domains.telemetry.days import keep_timezone
from steward.domains.telemetry.ops_budgets import (
    BudgetExhausted,
    add_budget,
    budget_line,
    get_budget,
    list_budgets,
    remove_budget,
    update_budget,
)
from steward.domains.telemetry.ops_cost import cost, cost_days, cost_overview, cost_summary, responses
from steward.domains.telemetry.ops_prices import (
    list_prices,
    price_of,
    remove_price,
    reprice,
    set_price,
    sync_prices,
)
from steward.domains.telemetry.ops_reconcile import reconcile
from steward.domains.telemetry.types import (
    Absorbed,
    Batch,
    CommitTold,
    ExecutionStatus,
    MessageKind,
    MessageRole,
    MessageTold,
    Outcome,
    SessionTold,
    Source,
    TieSource,
    TieTold,
    ToolKind,
    ToolTold,
    UsageSource,
    UsageTold,
)
from steward.domains.telemetry.types_cost import (
    Budget,
    BudgetPeriod,
    BudgetScope,
    BudgetState,
    ClientReported,
    CostBy,
    CostDay,
    CostGroup,
    CostKey,
    CostName,
    CostOverview,
    CostPeriod,
    CostRow,
    CostSeries,
    CostSplit,
    Difference,
    NameMeaning,
    OverviewKey,
    Price,
    PricedAs,
    PriceSource,
    PutPrices,
    Quote,
    Reconciled,
    Repricing,
    ResponseRow,
    SessionTotal,
    SourceSeen,
    SyncedPrices,
    Verdict,
)

__all__ = [
    "Absorbed",
    "Batch",
    "Budget",
    "BudgetExhausted",
    "BudgetPeriod",
    "BudgetScope",
    "BudgetState",
    "ClientReported",
    "CommitTold",
    "CostBy",
    "CostDay",
    "CostGroup",
    "CostKey",
    "CostName",
    "CostOverview",
    "CostPeriod",
    "CostRow",
    "CostSeries",
    "CostSplit",
    "Difference",
    "ExecutionStatus",
    "MessageKind",
    "MessageRole",
    "MessageTold",
    "NameMeaning",
    "Outcome",
    "OverviewKey",
    "Price",
    "PriceSource",
    "PricedAs",
    "PutPrices",
    "Quote",
    "Reconciled",
    "Repricing",
    "ResponseRow",
    "SessionTold",
    "SessionTotal",
    "Source",
    "SourceSeen",
    "SyncedPrices",
    "TieSource",
    "TieTold",
    "ToolKind",
    "ToolTold",
    "UsageSource",
    "UsageTold",
    "Verdict",
    "absorb",
    "add_budget",
    "budget_line",
    "clean",
    "cost",
    "cost_days",
    "cost_overview",
    "cost_summary",
    "get_budget",
    "keep_timezone",
    "list_budgets",
    "list_prices",
    "price_of",
    "reconcile",
    "remove_budget",
    "remove_price",
    "reprice",
    "responses",
    "session_id",
    "set_price",
    "sync_prices",
    "update_budget",
]
