"""The pages in a real browser, beside agents that work through another process. The tests tell one story, in order."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Site

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='owned'> & friends"


@pytest.fixture(scope="module")
def story(site: Site) -> dict[str, str]:
    """Fill the database: a tree, a chain, and a hostile title."""
    site.call("projects.add", name="Acme API", slug="acme", key="ACME")
    site.call("projects.add", name="Other", slug="other", key="OTH")

    def add(title: str, **arguments: Any) -> str:
        return str(site.call("work.add", title=title, project="acme", **arguments).task.ref)

    first = add("Lay the foundation", priority="high", labels=["backend"], description="Use **care**.")
    wall = add("Raise the wall", waits_for=[first], test_strategy="Lean on `it`.")
    roof = add("Set the roof", waits_for=[wall])
    part = add("Mix the mortar", parent=wall)
    evil = add(EVIL, labels=["backend", "bug"])
    return {"first": first, "wall": wall, "roof": roof, "part": part, "evil": evil}


@pytest.fixture
def finished(site: Site, story: dict[str, str]) -> str:
    """Have the first task worked off, if it is not yet; return its reference."""
    first = story["first"]
    if site.call("work.get", task=first).task.status != "done":
        claim = site.call("work.claim", agent="robin", task=first)
        site.call("work.start", agent="robin", task=first, token=claim.token)
        site.call("work.finish", agent="robin", task=first, token=claim.token, result="It stands.")
    return first


def _settled(page: Page) -> None:
    expect(page.locator("body[data-connection=open]")).to_have_count(1)


def test_an_empty_server_says_what_to_do(site: Site, page: Page) -> None:
    expect(page).to_have_url(f"{site.url}/")
    expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    expect(page.get_by_text("steward import PATH")).to_be_visible()
    page.goto(f"{site.url}/projects")
    expect(page.get_by_role("heading", name="No projects yet")).to_be_visible()


def test_a_stranger_is_asked_to_sign_in(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    stranger = context.new_page()
    answer = stranger.goto(f"{site.url}/tasks")
    assert answer is not None
    assert answer.status == 401
    expect(stranger.get_by_text("steward open")).to_be_visible()
    context.close()


def test_the_overview_counts(site: Site, page: Page, story: dict[str, str]) -> None:
    page.goto(f"{site.url}/")
    expect(page.locator(".counts a[href='/tasks?status=ready']")).to_contain_text("2")
    expect(page.locator(".counts a[href='/tasks?status=waiting']")).to_contain_text("3")
    expect(page.locator(".panel", has_text="Ready now").locator("li")).to_have_count(2)
    expect(page.locator(f"#waiting-{story['roof']}")).to_contain_text("waits for 1 task")
    expect(page.locator(".timeline")).to_contain_text("Lay the foundation")


def test_the_board_follows_an_agent(site: Site, page: Page, story: dict[str, str]) -> None:
    page.goto(f"{site.url}/tasks?view=board&project=acme")
    first = page.locator(f"#t-{story['first']}")
    expect(page.locator("#column-ready").locator(first)).to_be_visible()
    _settled(page)
    claim = site.call("work.claim", agent="robin", task=story["first"])
    expect(page.locator("#column-work").locator(first)).to_contain_text("robin")
    site.call("work.start", agent="robin", task=story["first"], token=claim.token)
    site.call("work.finish", agent="robin", task=story["first"], token=claim.token, result="It stands.")
    expect(page.locator("#column-done").locator(first)).to_be_visible()
    expect(page.locator("#column-ready")).to_contain_text(story["part"])
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_task_shows_its_place_and_history(
    site: Site, page: Page, story: dict[str, str], finished: str
) -> None:
    first = story["first"]
    page.goto(f"{site.url}/tasks/{finished}")
    expect(page.get_by_role("heading", name="Lay the foundation")).to_be_visible()
    expect(page.locator(".prose strong", has_text="care")).to_be_visible()
    expect(page.get_by_text("It stands.")).to_be_visible()
    expect(page.locator(f"#by-{story['wall']}")).to_be_visible()
    history = page.locator(".timeline")
    expect(history).to_contain_text("tester added this task")
    expect(history).to_contain_text("robin started this task")
    expect(history).to_contain_text("robin finished this task")
    page.goto(f"{site.url}/tasks/{story['wall']}")
    expect(history).to_contain_text(f"tester let this task wait for {first}")
    page.goto(f"{site.url}/tasks/{story['part'].lower()}")
    expect(page).to_have_url(f"{site.url}/tasks/{story['part']}")
    expect(page.locator(".crumbs")).to_contain_text(story["wall"])


def test_hostile_text_is_only_text(site: Site, page: Page, story: dict[str, str]) -> None:
    for path in ("/", "/tasks", "/tasks?view=board", f"/tasks/{story['evil']}", "/search?q=onerror"):
        page.goto(site.url + path)
        expect(page.get_by_text(EVIL).or_(page.locator("main", has_text=EVIL)).first).to_be_visible()
        expect(page).to_have_title(re.compile("Steward"))


@pytest.mark.usefixtures("finished")
def test_filters_live_in_the_address(site: Site, page: Page, story: dict[str, str]) -> None:
    page.goto(f"{site.url}/tasks")
    expect(page.locator(".rows li")).to_have_count(len(story))
    page.fill("#text", "wall")
    expect(page.locator(".rows li")).to_have_count(1)
    expect(page).to_have_url(f"{site.url}/tasks?text=wall")
    expect(page.locator("#head")).to_have_text("1 task")
    page.fill("#text", "")
    page.select_option("select[name=status]", "done")
    expect(page).to_have_url(f"{site.url}/tasks?status=done")
    expect(page.locator(".rows li")).to_have_count(1)
    page.goto(f"{site.url}/tasks?label=bug")
    expect(page.locator(".rows li")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".rows li")).to_have_count(len(story))
    page.goto(f"{site.url}/tasks?project=other")
    expect(page.get_by_text("No task matches")).to_be_visible()


def test_the_keyboard_reaches_everything(site: Site, page: Page, story: dict[str, str]) -> None:
    page.goto(f"{site.url}/tasks?order=number")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/tasks/{story['wall']}")
    page.keyboard.press("/")
    page.keyboard.type("roof")
    expect(page.locator("#palette-results a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/tasks/{story['roof']}")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page).to_have_url(f"{site.url}/tasks?view=board")


def test_both_themes_and_a_telephone(site: Site, page: Page, story: dict[str, str]) -> None:
    page.goto(f"{site.url}/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Light or dark").click()
    expect(root).to_have_attribute("data-theme", "dark")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        "/",
        "/tasks",
        "/tasks?view=board",
        f"/tasks/{story['wall']}",
        "/projects",
        "/search?q=wall",
    ):
        page.goto(site.url + path)
        expect(root).to_have_attribute("data-theme", "dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_mistakes_are_pages(site: Site, page: Page, story: dict[str, str]) -> None:
    for path in ("/tasks/ACME-999", "/tasks?project=nowhere", "/nowhere"):
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 404, path
        expect(page.get_by_role("link", name="Overview")).to_be_visible()
    # Chromium reports each refused load; that is what was asked for here.
    site.problems.clear()
