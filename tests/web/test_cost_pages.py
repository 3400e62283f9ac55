"""The pages Cost and Budgets in a real browser: from the totals down to a response, and a budget that is set there."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from steward.domains.telemetry import (
    Batch,
    SessionTold,
    TieSource,
    TieTold,
    UsageSource,
    UsageTold,
    absorb,
    session_id,
)
from steward.kit.db import Actor
from tests.web.conftest import Site

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='owned'>"
SESSION = session_id("claude-code", "one")


def _told(key: str, at: datetime, model: str, usd: str | None = None) -> UsageTold:
    return UsageTold(
        UsageSource.TRANSCRIPT,
        key,
        "claude-code",
        model,
        at,
        [f"claude:msg:{key}"],
        session_id=SESSION,
        input_tokens=1000,
        cache_read_tokens=9000,
        reported_cost_usd=None if usd is None else Decimal(usd),
    )


@pytest.fixture(scope="module")
def spent(site: Site) -> str:
    """Let a task cost something, with a model whose name is hostile and one without a price."""
    site.call("projects.add", name="Acme", slug="acme", key="ACME")
    task = site.call("work.add", title=f"Dig {EVIL}", project="acme").task
    now = datetime.now(UTC)
    ages = [now - timedelta(days=days) for days in (0, 0, 2, 9, 40)]
    usage = [_told(f"m{n}", at, EVIL, f"{n + 1}.5") for n, at in enumerate(ages)]
    usage.append(_told("free", now, "nobody-knows-me"))
    batch = Batch(
        sessions=[SessionTold(SESSION, "claude-code", "one", ages[-1], now)],
        usage=usage,
        ties=[TieTold(SESSION, task.id, TieSource.PERSON, ages[-1])],
    )
    with site.elsewhere.transaction(Actor(role="admin")) as db:
        absorb(db, batch)
    return str(task.ref)


def test_nothing_was_spent_yet(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/cost")
    expect(page.get_by_role("heading", name="Nothing was spent")).to_be_visible()
    page.goto(f"{site.url}/budgets")
    expect(page.get_by_role("heading", name="No budgets yet")).to_be_visible()


def test_from_the_totals_down_to_the_responses(site: Site, page: Page, spent: str) -> None:
    page.goto(f"{site.url}/cost")
    # 1.5, 2.5, 3.5 and 4.5 in thirty days; the fifth is older.
    expect(page.locator("#totals")).to_contain_text("$12.00")
    expect(page.locator("#remarks")).to_contain_text("1 response is of a model without a price")
    expect(page.locator("#chart canvas")).to_have_count(1)
    expect(page.locator("#breakdowns")).to_contain_text(EVIL)
    page.locator("#chart .u-over").hover()
    page.locator("#chart-table summary").click()
    expect(page.locator("#chart-table tbody tr")).to_have_count(3)
    page.goto(f"{site.url}/cost?range=365")
    expect(page.get_by_role("heading", name="By week")).to_be_visible()
    expect(page.locator("#chart canvas")).to_have_count(1)
    page.locator("#chart-table summary").click()
    page.locator("#chart-table tbody a").first.click()
    expect(page).to_have_url(re.compile(r"since=.*until="))
    expect(page.locator("#totals")).to_contain_text("in these days")
    page.goto(f"{site.url}/cost")
    page.locator("#breakdowns a", has_text=spent).click()
    expect(page).to_have_url(re.compile(rf"/cost/session\?task={spent}"))
    page.locator("tbody a").first.click()
    expect(page).to_have_url(re.compile(r"/cost/responses\?.*session="))
    expect(page.locator(".response-row")).to_have_count(6)
    expect(page.locator(".response-row .unknown")).to_have_text("unknown")


def test_filters_and_ranges_stand_in_the_address(site: Site, page: Page, spent: str) -> None:
    page.goto(f"{site.url}/cost?task={spent}")
    page.get_by_role("link", name="All time").click()
    expect(page.locator("#totals")).to_contain_text("$17.50")
    page.locator("select[name=model]").select_option(label="nobody-knows-me")
    expect(page).to_have_url(
        re.compile(rf"task={spent}.*model=nobody-knows-me|model=nobody-knows-me.*task={spent}")
    )
    expect(page.locator("#totals")).to_contain_text("unknown")
    page.goto(f"{site.url}/cost?split=client&range=7")
    expect(page.locator(".stacks")).to_contain_text("claude-code")
    expect(page.locator("#chart canvas")).to_have_count(1)
    for by in ("commit", "subagent", "week", "epic"):
        page.goto(f"{site.url}/cost/{by}?range=all")
        expect(page.locator("tbody tr").first).to_be_visible()


def test_a_budget_is_set_changed_and_removed(site: Site, page: Page, spent: str) -> None:
    page.goto(f"{site.url}/budgets?project=acme")
    page.get_by_text("Set a budget").click()
    page.locator("#add [name=limit_usd]").fill("much")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("alert")).to_contain_text("limit_usd")
    page.locator("#add [name=limit_usd]").fill("15")
    page.get_by_role("button", name="Set it").click()
    card = page.locator(".budget")
    expect(card).to_contain_text("$12.00 of $15.00 this month")
    expect(card).to_have_class(re.compile("budget-warned"))
    card.get_by_text("Change").click()
    card.locator("[name=limit_usd]").fill("10")
    card.get_by_role("button", name="Save").click()
    expect(card).to_have_class(re.compile("budget-exhausted"))
    expect(card).to_contain_text("are refused")
    card.get_by_text("Change").click()
    card.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Removed")).to_be_visible()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#head")).to_contain_text("1 set, 1 spent")
    site.problems[:] = [text for text in site.problems if "400" not in text]


def test_the_first_page_tells_of_budgets_that_are_spent(site: Site, page: Page, spent: str) -> None:
    made = site.call("telemetry.add_budget", limit_usd="1", name=EVIL)
    with site.elsewhere.transaction(Actor(role="service")) as db:
        db.value("telemetry.tell_budgets")
    page.set_viewport_size({"width": 390, "height": 844})
    for theme in ("light", "dark"):
        page.goto(site.url)
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        told = page.locator(".notices li", has_text=f"budget {EVIL}: $")
        expect(told.locator("a")).to_have_attribute("href", "/budgets")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/notices-{theme}.png")
    site.call("telemetry.remove_budget", budget=str(made.id))


def test_both_themes_and_a_narrow_window_hold(site: Site, page: Page, spent: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/cost", "/cost/model", "/cost/responses", "/budgets"):
        page.goto(f"{site.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.goto(f"{site.url}/cost")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator("#chart canvas")).to_have_count(1)
