"""The operation that compares sources: what each saw of a session, and whether they agree."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from steward.domains.telemetry.scope import in_hand, session_of
from steward.domains.telemetry.types_cost import (
    ClientReported,
    Reconciled,
    SessionTotal,
    SourceCost,
    SourceSeen,
    Verdict,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, op

_FIGURES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_Row = TypeVar("_Row", SourceSeen, SourceCost)
# Clients round what they report, and their prices may be a little older than the list: so much is no difference.
_SHARE = Decimal("0.01")
_USD_A_RESPONSE = Decimal("0.0001")


@op()
def reconcile(
    db: Db,
    *,
    session: str | None = None,
    project: str | None = None,
    client: str | None = None,
    since: date | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Reconciled]:
    """Compare what transcript, exporter, hook and the client's own metrics say of sessions, the latest first.

    Costs that sources report themselves are compared with what was worked out for the same responses; up to 1 %, or
    $0.0001 a response, is no difference.

    Args:
        session: only this one: its id, the first 8 digits of it, or what the client calls it.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        client: only this client, such as claude-code.
        since: only sessions that were seen on this day or later.
        limit: how many at most, 1 to 100.
        cursor: next_cursor of the page before.
    """
    after_at, after_id = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "telemetry.sessions_to_reconcile",
        SessionTotal,
        session_id=session_of(db, session),
        project_id=None if session else in_hand(db, project),
        client=client or None,
        since=since,
        after_at=after_at,
        after_id=after_id,
        limit=cursors.check_limit(limit, 100),
    )
    page = cursors.page(rows, limit, lambda row: (row.start_time, row.session_id))
    ids = [row.session_id for row in page.items]
    seen = db.all("telemetry.sighted_by_source", SourceSeen, ids=ids) if ids else []
    told = db.all("telemetry.client_reported", ClientReported, ids=ids) if ids else []
    costs = db.all("telemetry.costs_by_source", SourceCost, ids=ids) if ids else []
    reported = {each.session_id: each for each in told}
    compared = [
        _compared(row, _of(row, seen), _of(row, costs), reported.get(row.session_id)) for row in page.items
    ]
    return Page(compared, page.next_cursor)


def _of(total: SessionTotal, rows: list[_Row]) -> list[_Row]:
    return [each for each in rows if each.session_id == total.session_id]


def _compared(
    total: SessionTotal, sources: list[SourceSeen], costs: list[SourceCost], reported: ClientReported | None
) -> Reconciled:
    differences = [line for each in sources for line in _against(total, each)]
    if reported is not None:
        differences += _figures("the client's metrics", total, reported)
    for each in [*costs, *_cost_of_metrics(total, reported)]:
        differences += _cost(each)
    verdict = _verdict(total, sources, reported, differences)
    return Reconciled(total, sources, reported, verdict, differences, costs)


def _cost_of_metrics(total: SessionTotal, reported: ClientReported | None) -> list[SourceCost]:
    """Return the cost that metrics tell of; beside responses of unknown cost it cannot be compared."""
    if reported is None or reported.cost_usd is None or total.cost_usd is None or total.unpriced_calls:
        return []
    name = "the client's metrics"
    return [SourceCost(total.session_id, name, total.responses, reported.cost_usd, total.cost_usd)]


def _cost(cost: SourceCost) -> list[str]:
    """Say how far apart the cost that something reports is from what was worked out for the same responses."""
    apart = cost.reported_usd - cost.computed_usd
    if abs(apart) <= max(_SHARE * cost.computed_usd, _USD_A_RESPONSE * cost.responses):
        return []
    ours, theirs = (f"{value.normalize():f}" for value in (cost.computed_usd, cost.reported_usd))
    return [f"cost_usd: {ours} worked out, {theirs} by {cost.source} ({apart.normalize():+f})"]


def _verdict(
    total: SessionTotal, sources: list[SourceSeen], reported: ClientReported | None, differences: list[str]
) -> Verdict:
    if not differences:
        return Verdict.SINGLE if len(sources) + (reported is not None) < 2 else Verdict.AGREE
    missing = any(each.responses < total.responses for each in sources)
    return Verdict.PARTLY if missing else Verdict.DIFFER


def _against(total: SessionTotal, seen: SourceSeen) -> list[str]:
    if seen.responses < total.responses:
        missed = total.responses - seen.responses
        are = "is" if missed == 1 else "are"
        return [
            f"{seen.source} saw {seen.responses} of {total.responses} responses: {missed} {are} missing there"
        ]
    return _figures(seen.source, total, seen)


def _figures(name: str, total: SessionTotal, other: Any) -> list[str]:
    """Say in which figures something is other than the total."""
    found = []
    for figure in _FIGURES:
        ours, theirs = getattr(total, figure), getattr(other, figure)
        if ours != theirs:
            found.append(f"{figure}: {ours} in all, {theirs} by {name} ({theirs - ours:+d})")
    return found
