"""The operation that compares sources: what each saw of a session, and whether they agree."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry.scope import in_hand, session_of
from steward.domains.telemetry.types_cost import ClientReported, Reconciled, SessionTotal, SourceSeen, Verdict
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, op

_FIGURES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


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
    reported = {each.session_id: each for each in told}
    compared = [
        _compared(
            row, [each for each in seen if each.session_id == row.session_id], reported.get(row.session_id)
        )
        for row in page.items
    ]
    return Page(compared, page.next_cursor)


def _compared(total: SessionTotal, sources: list[SourceSeen], reported: ClientReported | None) -> Reconciled:
    differences = [line for each in sources for line in _against(total, each)]
    if reported is not None:
        differences += _figures("the client's metrics", total, reported)
    return Reconciled(total, sources, reported, _verdict(total, sources, reported, differences), differences)


def _verdict(
    total: SessionTotal, sources: list[SourceSeen], reported: ClientReported | None, differences: list[str]
) -> Verdict:
    if len(sources) + (reported is not None) < 2:
        return Verdict.SINGLE
    if not differences:
        return Verdict.AGREE
    missing = any(each.responses < total.responses for each in sources)
    return Verdict.PARTLY if missing else Verdict.DIFFER


def _against(total: SessionTotal, seen: SourceSeen) -> list[str]:
    if seen.responses < total.responses:
        missed = total.responses - seen.responses
        return [
            f"{seen.source} saw {seen.responses} of {total.responses} responses: {missed} are missing there"
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
