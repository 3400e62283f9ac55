"""Operations on cost: totals by anything, by day, the responses themselves, and what sources say side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from steward.domains.telemetry.scope import chosen, session_of
from steward.domains.telemetry.types_cost import (
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
    OverviewKey,
    ResponseRow,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Page, op

_OF_RESPONSES = frozenset({CostBy.SESSION, CostBy.COMMIT, CostBy.SUBAGENT, CostBy.QUERY_SOURCE})
_OF_TIME = frozenset({CostBy.DAY, CostBy.WEEK, CostBy.MONTH})
# What has the name that people use as its key.
_SPEAKING = frozenset({CostBy.CLIENT, CostBy.MODEL, CostBy.SUBAGENT, CostBy.QUERY_SOURCE}) | _OF_TIME
_OVERVIEW = (CostBy.MODEL, CostBy.PROJECT, CostBy.TASK, CostBy.AGENT, CostBy.CLIENT)
_NOBODY = {
    CostBy.TASK: "no task",
    CostBy.EPIC: "no epic",
    CostBy.AGENT: "no registered agent",
    CostBy.SESSION: "no session",
    CostBy.COMMIT: "not committed",
    CostBy.SUBAGENT: "the main agent",
    CostBy.QUERY_SOURCE: "not told",
}


@op()
def cost(
    db: Db,
    *,
    by: CostBy = CostBy.MODEL,
    project: str | None = None,
    task: str | None = None,
    epic: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    client: str | None = None,
    session: str | None = None,
    since: date | None = None,
    until: date | None = None,
    days: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CostRow]:
    """Tell what was spent by model, project, epic, task, agent, client, session, commit, subagent, day, week or month.

    The dearest come first; days, weeks and months the latest first. A response belongs to the next commit of its
    session.

    Args:
        by: what each line is of.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only this task, such as ACME-42.
        epic: only this epic, such as ACME/EPIC-001.
        agent: only what this registered agent spent.
        model: only this model, as clients name it.
        client: only this client, such as claude-code.
        session: only this session: its id, the first 8 digits of it, or what the client calls it.
        since: from this day on, in the installation's time zone.
        until: until this day, itself included.
        days: in place of since: the last so many days, today among them.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    given = chosen(db, project=project, task=task, epic=epic, agent=agent, model=model, client=client)
    after_cost, after_key = cursors.decode(cursor, Decimal, str)
    given |= _days(db, since, until, days)
    given |= {"after_cost": after_cost, "after_key": after_key, "limit": cursors.check_limit(limit)}
    given |= {"by": by, "timely": by in _OF_TIME}
    if session is not None or by in _OF_RESPONSES:
        rows = db.all("telemetry.cost_by_responses", CostKey, session_id=session_of(db, session), **given)
    else:
        rows = db.all("telemetry.cost_by_days", CostKey, **given)
    names = _names(db, by, (row.key for row in rows))
    found = [_row(row, names.get(row.key)) for row in rows]
    return cursors.page(
        found, limit, lambda row: (Decimal(-1) if row.cost_usd is None else row.cost_usd, row.key)
    )


def _days(db: Db, since: date | None, until: date | None, days: int | None) -> dict[str, Any]:
    """Return from which day to which; `days` are the last so many, in place of since."""
    if days is not None:
        if not 1 <= days <= 36_600:
            raise Invalid(f"days: {days} is not between 1 and 36600", hint="give 1 to 36600")
        today: date = db.value("telemetry.today")
        since = since or today - timedelta(days=days - 1)
    if since is not None and until is not None and until < since:
        raise Invalid(
            f"until: {until} is before since: {since}", hint="give days in order, such as 2026-01-31"
        )
    return {"since": since, "until": until}


def _names(db: Db, by: CostBy, keys: Iterable[str]) -> dict[str, CostName]:
    some = list(keys)
    names = {"": CostName("", _NOBODY[by], None, None)} if by in _NOBODY else {}
    if by in _SPEAKING:
        return {key: CostName(key, key, None, None) for key in some if key} | names
    known = [key for key in some if key]
    found = db.all("telemetry.cost_names", CostName, by=by, keys=known) if known else []
    return {each.key: each for each in found} | names


def _row(row: CostKey | OverviewKey, name: CostName | None) -> CostRow:
    put_in = row.input_tokens + row.cache_read_tokens + row.cache_write_tokens
    return CostRow(
        key=row.key,
        name=name.name if name else row.key,
        title=name.title if name else None,
        project=name.project if name else None,
        calls=row.calls,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        reasoning_tokens=row.reasoning_tokens,
        total_tokens=put_in + row.output_tokens,
        cost_usd=row.cost_usd,
        unpriced_calls=row.unpriced_calls,
        approximate_calls=row.approximate_calls,
        cache_hit_percent=round(row.cache_read_tokens * 100 / put_in, 1) if put_in else None,
    )


@op()
def cost_days(
    db: Db,
    *,
    split: CostSplit = CostSplit.MODEL,
    project: str | None = None,
    task: str | None = None,
    epic: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    client: str | None = None,
    since: date | None = None,
    until: date | None = None,
    days: int | None = None,
    most: int = 7,
) -> CostSeries:
    """Tell what each day cost, by model, project, task, agent or client; the dearest apart, the rest together.

    Args:
        split: what a day is told apart by.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only this task, such as ACME-42.
        epic: only this epic, such as ACME/EPIC-001.
        agent: only what this registered agent spent.
        model: only this model, as clients name it.
        client: only this client, such as claude-code.
        since: from this day on, in the installation's time zone.
        until: until this day, itself included.
        days: in place of since: the last so many days, today among them.
        most: how many are told apart, 1 to 20.
    """
    if not 1 <= most <= 20:
        raise Invalid(f"most: {most} is not between 1 and 20", hint="give 1 to 20")
    given = chosen(db, project=project, task=task, epic=epic, agent=agent, model=model, client=client)
    window = _days(db, since, until, days)
    rows = db.all("telemetry.cost_days", CostDay, by=split, most=most, **given, **window)
    spent: dict[str, Decimal] = {}
    for row in rows:
        if row.key is not None:
            spent[row.key] = spent.get(row.key, Decimal(0)) + row.cost_usd
    keys = sorted(spent, key=lambda key: (-spent[key], key))
    names = _names(db, CostBy(split.value), keys)
    return CostSeries(
        window["since"], until, keys, [names[key].name if key in names else key for key in keys], rows
    )


@op()
def cost_summary(
    db: Db,
    *,
    project: str | None = None,
    task: str | None = None,
    epic: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    client: str | None = None,
    days: list[int] | None = None,
) -> list[CostPeriod]:
    """Tell what was spent today, in 7 and in 30 days, and what it was in as many days before.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only this task, such as ACME-42.
        epic: only this epic, such as ACME/EPIC-001.
        agent: only what this registered agent spent.
        model: only this model, as clients name it.
        client: only this client, such as claude-code.
        days: other numbers of days, 1 to 3660 each, ten at most.
    """
    wanted = sorted(set(days or [1, 7, 30]))
    if len(wanted) > 10 or not all(1 <= each <= 3660 for each in wanted):
        raise Invalid(
            f"days: {days} are not at most ten numbers of 1 to 3660", hint="give some such as 7 and 30"
        )
    given = chosen(db, project=project, task=task, epic=epic, agent=agent, model=model, client=client)
    today = db.value("telemetry.today")
    return db.all("telemetry.cost_periods", CostPeriod, days=wanted, longest=wanted[-1], today=today, **given)


@op()
def cost_overview(
    db: Db,
    *,
    project: str | None = None,
    task: str | None = None,
    epic: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    client: str | None = None,
    since: date | None = None,
    until: date | None = None,
    days: int | None = None,
    most: int = 10,
) -> CostOverview:
    """Tell what was spent in all, and the dearest models, projects, tasks, agents and clients.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only this task, such as ACME-42.
        epic: only this epic, such as ACME/EPIC-001.
        agent: only what this registered agent spent.
        model: only this model, as clients name it.
        client: only this client, such as claude-code.
        since: from this day on, in the installation's time zone.
        until: until this day, itself included.
        days: in place of since: the last so many days, today among them.
        most: how many of each at most, 1 to 100.
    """
    if not 1 <= most <= 100:
        raise Invalid(f"most: {most} is not between 1 and 100", hint="give 1 to 100")
    window = _days(db, since, until, days)
    given = chosen(db, project=project, task=task, epic=epic, agent=agent, model=model, client=client)
    rows = db.all("telemetry.cost_overview", OverviewKey, most=most, **given, **window)
    groups = [_group(db, by, [row for row in rows if row.by == by]) for by in _OVERVIEW]
    total = next((_row(row, CostName("", "in all", None, None)) for row in rows if row.by == "total"), None)
    return CostOverview(total, groups, window["since"], until, db.value("telemetry.today"))


def _group(db: Db, by: CostBy, rows: list[OverviewKey]) -> CostGroup:
    names = _names(db, by, (row.key for row in rows))
    return CostGroup(by, rows[0].kinds if rows else 0, [_row(row, names.get(row.key)) for row in rows])


@op()
def responses(
    db: Db,
    *,
    project: str | None = None,
    task: str | None = None,
    epic: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    client: str | None = None,
    session: str | None = None,
    since: date | None = None,
    until: date | None = None,
    days: int | None = None,
    unpriced: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ResponseRow]:
    """List responses of models with their tokens and cost, the latest first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only this task, such as ACME-42.
        epic: only this epic, such as ACME/EPIC-001.
        agent: only those of this registered agent.
        model: only this model, as clients name it.
        client: only this client, such as claude-code.
        session: only this session: its id, the first 8 digits of it, or what the client calls it.
        since: from this day on, in the installation's time zone.
        until: until this day, itself included.
        days: in place of since: the last so many days, today among them.
        unpriced: only those whose cost is not known.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    after_at, after_id = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "telemetry.list_responses",
        ResponseRow,
        session_id=session_of(db, session),
        unpriced=unpriced,
        after_at=after_at,
        after_id=after_id,
        limit=cursors.check_limit(limit),
        **chosen(db, project=project, task=task, epic=epic, agent=agent, model=model, client=client),
        **_days(db, since, until, days),
    )
    return cursors.page(rows, limit, lambda row: (row.at, row.id))
