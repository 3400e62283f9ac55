"""The pages of sessions in a real browser: lists, a transcript that is long, and one that grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from steward.domains.telemetry import MessageKind, MessageRole, ToolKind
from tests.telemetry.told import Teller
from tests.web.conftest import Site

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='owned'> <script>alert(1)</script>"
NOW = datetime.now(UTC)


def _told(site: Site, at: datetime, title: str, project: UUID, turns: int = 1) -> Teller:
    told = Teller(at=at).session(
        title=title, project_id=project, project_certain=True, git_branch=EVIL, cwd=EVIL
    )
    for turn in range(turns):
        told.say(f"Prompt {turn} {EVIL}").answer(f"**Reply** {turn} {EVIL}", thinking=f"Thought {EVIL}")
        told.tool("Bash", input=f'{{"command": "echo {turn}"}}', output=EVIL)
        told.tool(EVIL, ToolKind.TEST, success=False, error=EVIL)
    told.say("Look around", subagent=f"explorer {EVIL}").answer("Seen.", subagent=f"explorer {EVIL}")
    told.say(EVIL, MessageRole.ASSISTANT, MessageKind.ERROR).commit(f"Mend it {EVIL}")
    told.into(site.elsewhere)
    return told


@pytest.fixture(scope="module")
def filled(site: Site) -> dict[str, Any]:
    """Fill the database: a session that is over, a long one, one that goes on."""
    site.call("projects.add", name="Acme", slug="acme", key="ACME")
    project = site.call("projects.get", project="acme").id
    task = site.call("work.add", title="Dig", project="acme").task
    over = _told(site, NOW - timedelta(hours=3), f"Over {EVIL}", project)
    over.tie(task.id).into(site.elsewhere)
    site.call("telemetry.end_session", session=str(over.id), outcome="partial")
    long = _told(site, NOW - timedelta(hours=9), "Long one", project, turns=70)
    live = _told(site, NOW - timedelta(minutes=1), "Going on", project)
    return {"over": over, "long": long, "live": live, "task": task.ref}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_in_both_themes_and_on_a_telephone(
    page: Page, site: Site, filled: dict[str, Any], theme: Any
) -> None:
    page.emulate_media(color_scheme=theme)
    over = filled["over"].id
    paths = {
        "/sessions": "Going on",
        "/sessions?text=Prompt": "Said in sessions",
        f"/sessions/{over}": "Transcript",
        f"/sessions/{over}?part=main": "Transcript",
        f"/sessions/{over}/raw": "No line of it was read",
        f"/tasks/{filled['task']}": "Sessions and cost",
    }
    for path, word in paths.items():
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("main")).to_contain_text(word)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "Steward" in page.title()


def test_sessions_are_filtered_in_the_address(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.goto(f"{site.url}/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(f"{site.url}/sessions")
    expect(page.locator(".run[href]")).to_have_count(3)
    page.select_option("select[name=state]", "active")
    expect(page).to_have_url(f"{site.url}/sessions?state=active")
    expect(page.locator(".run[href]")).to_have_count(1)
    page.goto(f"{site.url}/sessions?task={filled['task']}")
    expect(page.locator(".run[href]")).to_have_count(1)
    page.goto(f"{site.url}/sessions?text=Prompt")
    page.locator(".hit").first.click()
    expect(page.locator(".e-prompt").first).to_contain_text("Prompt")
    page.goto(f"{site.url}/sessions/{str(filled['over'].id)[:8]}")
    expect(page).to_have_url(f"{site.url}/sessions/{filled['over'].id}")


def test_a_transcript_is_read_along_and_unfolded(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.goto(f"{site.url}/sessions/{filled['over'].id}")
    expect(page.locator(".e-prompt .said").first).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".e-reply strong", has_text="Reply")).to_have_count(1)
    tool = page.locator("details.tool").first
    expect(tool.locator("pre").first).to_be_hidden()
    tool.locator("summary").click()
    expect(tool.locator("pre").first).to_have_text("echo 0")
    expect(page.locator(".tool-failed")).to_have_count(1)
    expect(page.locator(".e-sub").first).to_contain_text("explorer")
    expect(page.locator(".made")).to_contain_text("Mend it")
    expect(page.locator(".spent").first).to_contain_text("tokens")
    page.get_by_role("link", name="Main").click()
    expect(page.locator(".e-sub")).to_have_count(0)


def test_a_long_transcript_comes_in_pages(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.goto(f"{site.url}/sessions/{filled['long'].id}")
    first = page.locator(".e").count()
    assert first <= 100
    for _ in range(8):
        page.locator(".e").last.scroll_into_view_if_needed()
        page.wait_for_timeout(50)
    expect(page.locator(".e-prompt", has_text="Prompt 69")).to_have_count(1)
    page.get_by_role("link", name="End", exact=True).click()
    expect(page.locator(".made")).to_contain_text("Mend it")
    expect(page.locator(".e-prompt", has_text="Prompt 0 ")).to_have_count(0)
    for _ in range(6):
        if page.locator(".earlier a").count():
            page.locator(".earlier a").first.click()
            page.wait_for_timeout(150)
    expect(page.locator(".e-prompt", has_text="Prompt 0 ")).to_have_count(1)
    ids = page.locator(".e").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))


def test_a_session_that_goes_on_grows_on_the_page(page: Page, site: Site, filled: dict[str, Any]) -> None:
    told: Teller = filled["live"]
    page.goto(f"{site.url}/sessions/{told.id}")
    expect(page.locator("body[data-connection=open]")).to_have_count(1)
    opened = page.locator("details.tool").first
    opened.locator("summary").click()
    before = page.locator(".figures").inner_text()
    told.at = datetime.now(UTC)
    told.say("And now?").answer("Now it stands.").into(site.elsewhere)
    expect(page.locator(".e-reply", has_text="Now it stands.")).to_be_visible()
    expect(page.locator(".figures")).not_to_have_text(before)
    expect(opened.locator("pre").first).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_without_a_script_a_long_transcript_leads_on(
    site: Site, browser: Browser, filled: dict[str, Any]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(site.link())
    plain.goto(f"{site.url}/sessions/{filled['long'].id}")
    plain.locator(".further a").click()
    expect(plain.locator(".e-prompt").first).to_be_visible()
    expect(plain.locator(".e-prompt", has_text="Prompt 0 ")).to_have_count(0)
    plain.locator(".earlier a").click()
    expect(plain.locator(".e-prompt", has_text="Prompt 0 ")).to_have_count(1)
    context.close()
