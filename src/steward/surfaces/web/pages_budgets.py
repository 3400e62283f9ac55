"""The page of budgets: how each stands, what it refuses, and the forms that set them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from steward.domains import telemetry
from steward.domains.telemetry import BudgetPeriod, BudgetScope, BudgetState
from steward.kit.errors import Invalid
from steward.surfaces.web import views
from steward.surfaces.web.caller import Caller
from steward.surfaces.web.pages_cost import count
from steward.surfaces.web.pages_items import part
from steward.surfaces.web.views_cost import BudgetCard, BudgetPage
from steward.surfaces.web.views_rooms import ListFilter

_ROWS = 100
_WHEN = {
    BudgetPeriod.DAY: "today",
    BudgetPeriod.WEEK: "this week",
    BudgetPeriod.MONTH: "this month",
    BudgetPeriod.TOTAL: "in all",
}
_RANGE = {BudgetPeriod.DAY: "1", BudgetPeriod.WEEK: "7", BudgetPeriod.MONTH: "30", BudgetPeriod.TOTAL: "all"}
_FIELDS = ("limit_usd", "limit_tokens", "warn_percent")


def budgets(
    call: Caller,
    chosen: ListFilter,
    known: list[views.Project],
    problem: str | None = None,
    given: Mapping[str, str] | None = None,
) -> BudgetPage:
    """Return the page of budgets."""
    page = call(
        "telemetry.list_budgets",
        project=chosen.get("project"),
        inactive=True,
        limit=_ROWS,
        cursor=chosen.get("cursor"),
    )
    cards = [(each.state, _card(each)) for each in page.items]
    active = [card for state, card in cards if state is not BudgetState.OFF]
    spent = sum(card.state == "exhausted" for card in active)
    return BudgetPage(
        filter=chosen,
        budgets=active,
        off=[card for state, card in cards if state is BudgetState.OFF],
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        summary=f"{len(active)} set, {spent} spent" if active else "",
        problem=problem,
        projects=[views.Option(each.slug, each.name) for each in known if each.status == "active"],
        given=dict(given or {}),
    )


def _card(budget: telemetry.Budget) -> BudgetCard:
    when = _WHEN[budget.period]
    words = []
    if budget.limit_usd is not None:
        words.append(spent_of(budget.spent_usd, budget.limit_usd))
    if budget.limit_tokens is not None:
        words.append(f"{count(budget.spent_tokens)} of {count(budget.limit_tokens)} tokens")
    return BudgetCard(
        id=str(budget.id),
        name=budget.name,
        target=_target(budget),
        period=when,
        state=str(budget.state),
        words=f"{' and '.join(words)} {when}",
        percent=round(budget.percent),
        width=min(1000, max(int(budget.percent * 10), 0)),
        effect=_effect(budget),
        limit_usd="" if budget.limit_usd is None else f"{budget.limit_usd.normalize():f}",
        limit_tokens="" if budget.limit_tokens is None else str(budget.limit_tokens),
        warn_percent=budget.warn_percent,
        version=budget.version,
        unknown=budget.unpriced_calls,
        spent_url=_spent_url(budget),
    )


def spent_of(spent: Decimal, limit: Decimal) -> str:
    """Say how much of a limit was spent, in the digits of `telemetry.usd_of_words`: as many as tell the two apart."""
    shown = _rounded(spent, 2)
    if spent < 1:
        tried = (_to_digits(spent, digits) for digits in range(2, 10))
        shown = next((each for each in tried if spent == limit or each != limit), spent)
    return f"{_usd(shown)} of {_usd(limit)}"


def _to_digits(value: Decimal, digits: int) -> Decimal:
    """Return USD to so many digits as are not zeros before them, and to whole cents at least."""
    return _rounded(value, max(2, digits - 1 - value.adjusted()) if value else 2)


def _rounded(value: Decimal, places: int) -> Decimal:
    # As the database rounds.
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _usd(value: Decimal) -> str:
    places = -int(value.normalize().as_tuple().exponent)
    return f"${value:,.{max(2, places)}f}"


def _target(budget: telemetry.Budget) -> views.Link:
    name = budget.target or ""
    if budget.scope is BudgetScope.PROJECT:
        return views.Link(f"Project {budget.target_name}", f"/tasks?project={part(name)}")
    if budget.scope is BudgetScope.EPIC:
        return views.Link(f"Epic {name} {budget.target_name}", f"/epics/{name}")
    if budget.scope is BudgetScope.TASK:
        return views.Link(f"Task {name} {budget.target_name}", f"/tasks/{name}")
    if budget.scope is BudgetScope.AGENT:
        return views.Link(f"Agent {name}", f"/agents/{part(name)}")
    return views.Link("Everything")


def _spent_url(budget: telemetry.Budget) -> str:
    narrowed = "" if budget.target is None else f"{budget.scope}={part(budget.target)}&"
    return f"/cost?{narrowed}range={_RANGE[budget.period]}"


_REFUSED = {
    BudgetScope.ALL: "any task",
    BudgetScope.PROJECT: "tasks of this project",
    BudgetScope.EPIC: "tasks of this epic",
    BudgetScope.TASK: "this task and its subtasks",
    BudgetScope.AGENT: "anything by this agent",
}


def _effect(budget: telemetry.Budget) -> str:
    what = _REFUSED[budget.scope]
    if budget.state is BudgetState.OFF:
        return "It holds no longer."
    if budget.state is BudgetState.EXHAUSTED:
        return f"Claims of {what} are refused; what is claimed goes on."
    if budget.state is BudgetState.WARNED:
        return f"Agents are told to ask before expensive work. At 100 % claims of {what} are refused."
    return f"At {budget.warn_percent} % agents are warned, at 100 % claims of {what} are refused."


# --------------------------------------------------------------------------------------------------------- the forms


def added(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form of a new budget asks for.

    Raises:
        Invalid: it is for something, and that is not named.
    """
    scope = form.get("scope", "all")
    given: dict[str, Any] = {name: form[name].strip() for name in _FIELDS if form.get(name, "").strip()}
    given["period"] = form.get("period") or "month"
    if form.get("name", "").strip():
        given["name"] = form["name"].strip()
    if scope not in tuple(BudgetScope):
        raise Invalid(f"scope: {scope!r} is no scope", hint="take one of the choices")
    if scope != BudgetScope.ALL:
        target = form.get("target", "").strip()
        if not target:
            raise Invalid(f"which {scope} the budget is for is not said", hint=_NAMED[BudgetScope(scope)])
        given[scope] = target
    return given


_NAMED = {
    BudgetScope.PROJECT: "name it by its slug or key, such as ACME",
    BudgetScope.EPIC: "name it as ACME/EPIC-001",
    BudgetScope.TASK: "name it as ACME-42",
    BudgetScope.AGENT: "name it as the list of agents does",
}


def changed(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form of a budget asks for; a limit whose field was emptied goes."""
    given: dict[str, Any] = {}
    for name in _FIELDS:
        if name in form:
            value = form[name].strip()
            if value or name != "warn_percent":
                given[name] = value or "-1"
    if form.get("version"):
        given["version"] = form["version"]
    return given
