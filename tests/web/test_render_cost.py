"""The templates of Cost and Budgets: nothing of other people's text acts, and figures read as people write them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from steward.kit.errors import Invalid
from steward.surfaces.web import pages_budgets, pages_cost, views
from steward.surfaces.web import views_cost as cost
from steward.surfaces.web.render import render, static_url
from steward.surfaces.web.views_rooms import Empty, Field, Figure, ListFilter
from tests.web.test_render import EVIL, FRAME, NOW, Reader

FILTER = ListFilter("/cost", {"model": EVIL, "agent": EVIL, "split": EVIL})
CHOICES = [cost.Choice(EVIL, "/cost", current=True)]
LINKS = [views.Link(EVIL, "/cost"), views.Link(EVIL)]
SPENT = cost.Spent("a", EVIL, EVIL, "/cost", "unknown", 5, "1", "1", "1", "1", "1", "1", "1 %", 3, 2)
CHART = cost.Chart(
    "model",
    CHOICES,
    [cost.Stack(0, EVIL, "$1")],
    [cost.ChartDay(NOW.date(), NOW.date(), ["$1"], "$1")],
    json.dumps({"days": [EVIL], "step": 1, "series": [{"name": EVIL, "values": [1]}]}),
)
CARD = cost.BudgetCard(
    "1", EVIL, views.Link(EVIL, "/tasks/ACME-1"), "this month", "warned", EVIL, 85, 850, EVIL, EVIL, EVIL, 80, 1, 2,
    "/cost",
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 response"), (0, "0 responses"), (1200, "1,200 responses")]
)
def test_one_is_no_plural(number: int, words: str) -> None:
    assert views.numbered(number, "response") == words
    row = dataclasses.replace(SPENT, calls=f"{number:,}")
    panel = cost.Breakdown("model", EVIL, [row], "/cost/model", 9)
    page = cost.CostPage(FILTER, [], [], "", chart=CHART, breakdowns=[panel])
    assert f">{words}, 1 tokens" in render("cost.html", page, FRAME)
    card = dataclasses.replace(CARD, unknown=number)
    html = render("budgets.html", cost.BudgetPage(ListFilter("/budgets", {}), [card], [], None, ""), FRAME)
    assert ("1 response of unknown cost is not in it" in html) == (number == 1)


def _cost() -> str:
    fields = [Field("model", EVIL, [views.Option(EVIL, EVIL)])]
    page = cost.CostPage(
        FILTER, fields, CHOICES, EVIL, [views.Option("task", EVIL)], CHOICES, LINKS, [Figure(EVIL, EVIL, EVIL)], LINKS,
        CHART, [cost.Breakdown("model", EVIL, [SPENT], "/cost/model", 9)],
    )  # fmt: skip
    return render("cost.html", page, FRAME)


def _nothing() -> str:
    return render(
        "cost.html", cost.CostPage(FILTER, [], [], "", empty=Empty("cost", EVIL, EVIL, [EVIL])), FRAME
    )


def _table() -> str:
    return render(
        "cost_table.html", cost.CostTable(EVIL, FILTER, CHOICES, CHOICES, LINKS[:1], [SPENT], "/", "/"), FRAME
    )


def _responses() -> str:
    row = cost.Response("1", NOW, EVIL, EVIL, False, EVIL, EVIL, LINKS[0], LINKS[0], EVIL, [EVIL])
    return render("cost_responses.html", cost.ResponseList(FILTER, CHOICES, CHOICES, LINKS[:1], [row]), FRAME)


def _budgets() -> str:
    given = {"scope": EVIL, "target": EVIL, "limit_usd": EVIL}
    page = cost.BudgetPage(FILTER, [CARD], [CARD], None, EVIL, EVIL, [views.Option(EVIL, EVIL)], given)
    return render("budgets.html", page, FRAME)


@pytest.mark.parametrize("make", [_cost, _nothing, _table, _responses, _budgets])
def test_hostile_text_stays_text(make: Callable[[], str]) -> None:
    html = make()
    assert EVIL not in html
    assert not re.search(r"<style|\sstyle=", html)
    reader = Reader()
    reader.feed(html)
    assert all("src" in attributes for tag, attributes in reader.seen if tag == "script")
    assert not [found for _, found in reader.seen if any(each.startswith("on") for each in found)]
    assert {found["src"] for tag, found in reader.seen if tag == "img"} == {static_url("favicon.svg")}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.01", "$0.01"),
        ("0.0042", "$0.0042"),
        ("0.000001", "$0.000001"),
        (None, "unknown"),
    ],
)
def test_money_is_never_rounded_to_nothing(value: str | None, words: str) -> None:
    assert pages_cost.money(None if value is None else Decimal(value)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1234, "1.23 K"),
        (99_960, "100 K"),
        (999_600, "1.00 M"),
        (5_390_000_000, "5.39 B"),
    ],
)
def test_counts_have_three_figures(value: int, words: str) -> None:
    assert pages_cost.count(value) == words


def test_the_form_of_a_budget_asks_for_what_it_says() -> None:
    asked = {"scope": "task", "target": " ACME-1 ", "limit_usd": "5", "limit_tokens": " ", "period": "day"}
    assert pages_budgets.added(asked) == {"task": "ACME-1", "limit_usd": "5", "period": "day"}
    with pytest.raises(Invalid, match="which epic"):
        pages_budgets.added({"scope": "epic", "target": ""})
    with pytest.raises(Invalid, match="no scope"):
        pages_budgets.added({"scope": EVIL, "target": "x"})
    changed = pages_budgets.changed(
        {"limit_usd": "", "limit_tokens": "9", "warn_percent": "", "version": "3"}
    )
    assert changed == {"limit_usd": "-1", "limit_tokens": "9", "version": "3"}
