"""The pages of cost: totals beside the time before, days stacked, what was spent by what, down to single responses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from steward.domains import telemetry
from steward.domains.telemetry import (
    CostBy,
    CostGroup,
    CostOverview,
    CostPeriod,
    CostRow,
    CostSeries,
    CostSplit,
)
from steward.surfaces.web import views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_items import part
from steward.surfaces.web.views_cost import (
    Breakdown,
    Chart,
    ChartDay,
    Choice,
    CostPage,
    CostTable,
    Response,
    ResponseList,
    Spent,
    Stack,
)
from steward.surfaces.web.views_rooms import Empty, Field, Figure, ListFilter

# What narrows figures, and stands in the address.
NARROWING = ("project", "task", "epic", "agent", "model", "client", "since", "until")
# What single responses tell on top.
NARROWING_RESPONSES = (*NARROWING, "session")
# More columns than this are too narrow to tell apart: weeks are shown.
_MOST_DAYS = 120
RANGES = {"1": "Today", "7": "7 days", "30": "30 days", "90": "90 days", "365": "A year", "all": "All time"}
_USUAL = "30"
_PANEL_ROWS = 8
_ROWS = 100
_OPTIONS = 50
_PANELS = (
    (CostBy.MODEL, "Model"),
    (CostBy.PROJECT, "Project"),
    (CostBy.TASK, "Task"),
    (CostBy.AGENT, "Agent"),
)
_FIELDS = ((CostBy.MODEL, "Every model"), (CostBy.CLIENT, "Every client"), (CostBy.AGENT, "Every agent"))
_KEPT = ("project", "task", "epic", "since", "until", "range", "split")
_TABLES = {
    CostBy.MODEL: "Models",
    CostBy.PROJECT: "Projects",
    CostBy.EPIC: "Epics",
    CostBy.TASK: "Tasks",
    CostBy.AGENT: "Agents",
    CostBy.CLIENT: "Clients",
    CostBy.SESSION: "Sessions",
    CostBy.COMMIT: "Commits",
    CostBy.SUBAGENT: "Subagents",
    CostBy.QUERY_SOURCE: "Query sources",
    CostBy.DAY: "Days",
    CostBy.WEEK: "Weeks",
    CostBy.MONTH: "Months",
}


def money(value: Decimal | None) -> str:
    """Return USD as people read it: cents, and more digits of what is smaller than a cent."""
    if value is None:
        return "unknown"
    if value == 0 or abs(value) >= Decimal("0.01"):
        return f"${value:,.2f}"
    return f"${value:.6f}".rstrip("0")


def count(value: int) -> str:
    """Return a number in three figures: 950, 12.3 K, 4.56 M."""
    size = float(value)
    for unit in ("", " K", " M", " B"):
        if abs(size) < 999.5 or unit == " B":
            digits = 0 if not unit or size >= 99.95 else 1 if size >= 9.995 else 2
            return f"{size:.{digits}f}{unit}"
        size /= 1000
    raise AssertionError("unreachable")


# ------------------------------------------------------------------------------------------------------ the address


def _asked(chosen: ListFilter) -> dict[str, Any]:
    """Return what the operations are asked for, from the words of the address."""
    given: dict[str, Any] = {name: chosen.get(name) for name in NARROWING}
    given["project"] = given["project"] or EVERYWHERE
    if not given["since"] and not given["until"]:
        given["days"] = _range(chosen)
    return given


def _range(chosen: ListFilter) -> int | None:
    """Return the number of days that are shown; None for all of them. A session is shown whole."""
    word = chosen.get("range") or ("all" if chosen.get("session") else _USUAL)
    if word == "all":
        return None
    return int(word if word in RANGES else _USUAL)


def _ranges(chosen: ListFilter) -> list[Choice]:
    word = chosen.get("range") or _USUAL
    dated = chosen.get("since") or chosen.get("until")
    return [
        Choice(
            name,
            chosen.url(range=None if value == _USUAL else value, since=None, until=None, cursor=None),
            value == word and not dated,
        )
        for value, name in RANGES.items()
    ]


def _narrowed(chosen: ListFilter) -> list[views.Link]:
    """Return what the figures are narrowed to, each with the address that takes it away."""
    return [
        views.Link(f"{name}: {chosen.get(name)}", chosen.url(**{name: None, "cursor": None}))
        for name in NARROWING_RESPONSES
        if name != "project" and chosen.get(name)
    ]


def _at(path: str, chosen: ListFilter, **changes: str | None) -> str:
    """Return the address of another page with the same narrowing and range."""
    kept = {name: chosen.get(name) for name in (*NARROWING_RESPONSES, "range")} | changes
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{path}?{query}" if query else path


def _inside(by: CostBy, row: CostRow, chosen: ListFilter) -> str | None:
    """Return where a line leads: one step further down, at last to the responses."""
    if not row.key:
        return None
    if by is CostBy.SESSION:
        return _at("/cost/responses", chosen, session=row.key)
    if by in (CostBy.DAY, CostBy.WEEK, CostBy.MONTH):
        return _at(
            "/cost", chosen, range=None, since=row.key, until=str(_last(by, date.fromisoformat(row.key)))
        )
    if by in (CostBy.TASK, CostBy.EPIC):
        return _at("/cost/session", chosen, **{by.value: row.name})
    if by in (CostBy.MODEL, CostBy.PROJECT, CostBy.AGENT, CostBy.CLIENT):
        return _at("/cost", chosen, **{by.value: row.name})
    return None


def _last(by: CostBy, first: date) -> date:
    if by is CostBy.DAY:
        return first
    if by is CostBy.WEEK:
        return first + timedelta(days=6)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


# --------------------------------------------------------------------------------------------------------- the page


def cost(call: Caller, chosen: ListFilter) -> CostPage:
    """Return the page of cost."""
    given = _asked(chosen)
    series = call.beside("telemetry.cost_days", split=_split(chosen), **given)
    try:
        found: CostOverview = call("telemetry.cost_overview", most=_OPTIONS, **given)
    except BaseException:
        series.cancel()
        raise
    groups = {each.by: each for each in found.groups}
    total = found.total
    kept = [(name, chosen.get(name)) for name in _KEPT]
    return CostPage(
        filter=chosen,
        fields=[
            Field(by.value, label, _options(groups[by].rows, chosen.get(by.value))) for by, label in _FIELDS
        ],
        ranges=_ranges(chosen),
        summary=f"{money(total.cost_usd)}, {_responses(total.calls)}" if total else "",
        kept=[views.Option(value=name, name=value) for name, value in kept if value],
        ways=_ways(chosen, ""),
        chosen=_narrowed(chosen),
        figures=_figures(call, chosen, given, total) if total else [],
        remarks=_remarks(chosen, total) if total else [],
        chart=_chart(chosen, series.result(), found) if total else None,
        breakdowns=[_breakdown(name, groups[by], total, chosen) for by, name in _PANELS] if total else [],
        empty=None if total else _EMPTY,
    )


_EMPTY = Empty(
    "cost",
    "Nothing was spent",
    "What agents spend is known from their transcripts, their telemetry and their hooks.",
    ["steward import ~/.claude ~/.codex", "steward connect claude"],
)


def _split(chosen: ListFilter) -> CostSplit:
    word = chosen.get("split")
    return CostSplit(word) if word in tuple(CostSplit) else CostSplit.MODEL


def _options(rows: Iterable[CostRow], now: str | None) -> list[views.Option]:
    names = [row.name for row in rows if row.key]
    if now and now not in names:
        names.insert(0, now)
    return [views.Option(name, name) for name in names]


def _sum(rows: Iterable[CostRow]) -> CostRow:
    """Return the totals of some lines; every response is of one client."""
    every = list(rows)
    known = [row.cost_usd for row in every if row.cost_usd is not None]
    put_in = sum(row.input_tokens + row.cache_read_tokens + row.cache_write_tokens for row in every)
    read = sum(row.cache_read_tokens for row in every)
    return CostRow(
        key="",
        name="",
        title=None,
        project=None,
        calls=sum(row.calls for row in every),
        input_tokens=sum(row.input_tokens for row in every),
        output_tokens=sum(row.output_tokens for row in every),
        cache_read_tokens=read,
        cache_write_tokens=sum(row.cache_write_tokens for row in every),
        reasoning_tokens=sum(row.reasoning_tokens for row in every),
        total_tokens=sum(row.total_tokens for row in every),
        cost_usd=sum(known, Decimal(0)) if known else None,
        unpriced_calls=sum(row.unpriced_calls for row in every),
        approximate_calls=sum(row.approximate_calls for row in every),
        cache_hit_percent=round(read * 100 / put_in, 1) if put_in else None,
    )


def _figures(call: Caller, chosen: ListFilter, given: dict[str, Any], total: CostRow) -> list[Figure]:
    days = _range(chosen)
    dated = chosen.get("since") or chosen.get("until")
    found = (
        [Figure("Spent", money(total.cost_usd), "in these days" if dated else "in all")]
        if dated or days is None
        else []
    )
    if not dated:
        narrowed = {name: value for name, value in given.items() if name not in ("days", "since", "until")}
        wanted = sorted({1, 7, 30} if days is None else {1, 7, days})
        periods: list[CostPeriod] = call("telemetry.cost_summary", days=wanted, **narrowed)
        found += [_period(each) for each in reversed(periods)]
    cached = _percent(total.cache_hit_percent)
    return [
        *found,
        Figure("Tokens", count(total.total_tokens), f"{count(total.output_tokens)} of them output"),
        Figure("From the cache", cached, f"{count(total.cache_read_tokens)} of what was put in"),
        Figure("Responses", count(total.calls), f"{money(_each(total))} each"),
    ]


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f} %"


def _each(total: CostRow) -> Decimal | None:
    priced = total.calls - total.unpriced_calls
    return total.cost_usd / priced if priced and total.cost_usd is not None else None


def _period(period: CostPeriod) -> Figure:
    name = "Today" if period.days == 1 else f"{period.days} days"
    before = "the day before" if period.days == 1 else f"in the {period.days} before"
    note = f"{money(period.previous_cost_usd)} {before}"
    if period.previous_cost_usd:
        change = (period.cost_usd - period.previous_cost_usd) * 100 / period.previous_cost_usd
        note = f"{change:+,.0f} % on {note}"
    return Figure(name, money(period.cost_usd), note)


def _responses(number: int) -> str:
    return views.numbered(number, "response", count(number))


def _remarks(chosen: ListFilter, whole: CostRow) -> list[views.Link]:
    """Say what the amounts leave out or only estimate."""
    found = []
    if whole.unpriced_calls:
        unpriced = whole.unpriced_calls
        of = "is of a model" if unpriced == 1 else "are of models"
        they = "it costs" if unpriced == 1 else "they cost"
        words = f"{_responses(unpriced)} {of} without a price: what {they} is unknown"
        found.append(
            views.Link(
                f"{words}, and not in any amount here.", _at("/cost/responses", chosen, unpriced="yes")
            )
        )
    if whole.approximate_calls:
        were = "was" if whole.approximate_calls == 1 else "were"
        words = f"{_responses(whole.approximate_calls)} {were} told of with estimated tokens."
        found.append(views.Link(words))
    return found


def _breakdown(name: str, group: CostGroup, total: CostRow, chosen: ListFilter) -> Breakdown:
    rows = [_spent(group.by, row, total, chosen) for row in group.rows[:_PANEL_ROWS]]
    more = group.count > _PANEL_ROWS
    return Breakdown(
        group.by.value, name, rows, _at(f"/cost/{group.by.value}", chosen) if more else None, group.count
    )


def _spent(by: CostBy, row: CostRow, whole: CostRow | None, chosen: ListFilter) -> Spent:
    share = 0
    if whole is not None and whole.cost_usd and row.cost_usd:
        share = max(int(row.cost_usd * 1000 / whole.cost_usd), 2)
    return Spent(
        id=f"{by.value}-{row.key or 'none'}",
        name=row.name,
        title=row.title,
        href=_inside(by, row, chosen),
        cost=money(row.cost_usd),
        share=share,
        calls=f"{row.calls:,}",
        tokens=count(row.total_tokens),
        input=count(row.input_tokens),
        output=count(row.output_tokens),
        cache_read=count(row.cache_read_tokens),
        cache_write=count(row.cache_write_tokens),
        cached=_percent(row.cache_hit_percent),
        unknown=row.unpriced_calls,
        approximate=row.approximate_calls,
    )


# -------------------------------------------------------------------------------------------------------- the chart


def _chart(chosen: ListFilter, series: CostSeries, found: CostOverview) -> Chart | None:
    """Return cost by day, or by week where days are many, every one of the range among them: quiet ones are seen."""
    split = _split(chosen)
    if not series.days:
        return None
    first = found.since or series.days[0].day
    last = max(found.until or found.today, series.days[-1].day)
    weekly = (last - first).days >= _MOST_DAYS
    step = 7 if weekly else 1
    begin = first - timedelta(days=first.weekday()) if weekly else first
    days = [begin + timedelta(days=n) for n in range(0, (last - begin).days + 1, step)]
    keys: list[str | None] = [*series.keys]
    if any(each.key is None for each in series.days):
        keys.append(None)
    values = {key: [Decimal(0)] * len(days) for key in keys}
    for each in series.days:
        values[each.key][(each.day - begin).days // step] += each.cost_usd
    names = [*series.names, *(["the rest"] if None in values else [])]
    data = {
        "days": [str(day) for day in days],
        "step": step,
        "series": [
            {"name": name, "values": [float(value) for value in values[key]]}
            for name, key in zip(names, keys, strict=True)
        ],
    }
    return Chart(
        by=split.value,
        each="week" if weekly else "day",
        choices=[
            Choice(
                word.value.capitalize(),
                chosen.url(split=None if word is CostSplit.MODEL else word.value),
                word is split,
            )
            for word in CostSplit
        ],
        stacks=[
            Stack(n, name, money(sum(values[key], Decimal(0))))
            for n, (name, key) in enumerate(zip(names, keys, strict=True))
        ],
        days=_chart_days(days, (first, last), [values[key] for key in keys]),
        data=json.dumps(data, separators=(",", ":")),
    )


def _chart_days(days: list[date], shown: tuple[date, date], stacks: list[list[Decimal]]) -> list[ChartDay]:
    """Return the days or weeks that cost something, the latest first; those at the ends as far as they are shown."""
    step = days[1] - days[0] if len(days) > 1 else timedelta(days=1)
    found = []
    for n in range(len(days) - 1, -1, -1):
        total = sum((stack[n] for stack in stacks), Decimal(0))
        if total:
            cells = [money(stack[n]) if stack[n] else "" for stack in stacks]
            until = min(days[n] + step - timedelta(days=1), shown[1])
            found.append(ChartDay(max(days[n], shown[0]), until, cells, money(total)))
    return found


# --------------------------------------------------------------------------------------------------------- the lists


def table(call: Caller, chosen: ListFilter, by: CostBy) -> CostTable:
    """Return the page of one breakdown."""
    given = _asked(chosen) | {"session": chosen.get("session")}
    page = call("telemetry.cost", by=by, limit=_ROWS, cursor=chosen.get("cursor"), **given)
    whole = _sum(page.items)
    return CostTable(
        title=_TABLES[by],
        filter=chosen,
        ranges=_ranges(chosen),
        ways=_ways(chosen, by.value),
        chosen=_narrowed(chosen),
        rows=[_spent(by, row, whole, chosen) for row in page.items],
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


def _ways(chosen: ListFilter, now: str) -> list[Choice]:
    found = [Choice(name, _at(f"/cost/{by.value}", chosen), by.value == now) for by, name in _TABLES.items()]
    return [*found, Choice("Responses", _at("/cost/responses", chosen), now == "responses")]


def responses(call: Caller, chosen: ListFilter) -> ResponseList:
    """Return the page of responses."""
    page = call(
        "telemetry.responses",
        unpriced=chosen.get("unpriced") == "yes",
        limit=_ROWS,
        cursor=chosen.get("cursor"),
        session=chosen.get("session"),
        **_asked(chosen),
    )
    narrowed = _narrowed(chosen)
    if chosen.get("unpriced"):
        narrowed.append(views.Link("of unknown cost", chosen.url(unpriced=None, cursor=None)))
    return ResponseList(
        filter=chosen,
        ranges=_ranges(chosen),
        ways=_ways(chosen, "responses"),
        chosen=narrowed,
        rows=[_response(row) for row in page.items],
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


def _response(row: telemetry.ResponseRow) -> Response:
    put_in = row.input_tokens + row.cache_read_tokens + row.cache_write_tokens
    told = [f"{count(row.input_tokens)} input", f"{count(row.cache_read_tokens)} cached"]
    told += [f"{count(row.cache_write_tokens)} written to the cache"] if row.cache_write_tokens else []
    told += [f"{count(row.output_tokens)} output"]
    told += [f"{count(row.reasoning_tokens)} of it reasoning"] if row.reasoning_tokens else []
    marks = [word for word in (row.query_source, row.subagent) if word]
    marks += ["estimated"] if row.approximate else []
    if row.reported_cost_usd is not None and row.cost_usd != row.reported_cost_usd:
        marks.append(f"its client says {money(row.reported_cost_usd)}")
    return Response(
        id=str(row.id),
        at=row.at,
        model=row.model,
        cost=money(row.cost_usd),
        known=row.cost_usd is not None,
        tokens=count(put_in + row.output_tokens),
        detail=", ".join(told),
        task=views.Link(row.task, f"/tasks/{part(row.task)}") if row.task else None,
        session=views.Link(row.client, f"/sessions/{row.session_id}")
        if row.session_id
        else views.Link(row.client),
        agent=row.agent,
        marks=[*marks, *(f"by {source}" for source in row.sources)],
    )
