"""The pages of the rooms in a real browser: every one of them, and a question that is answered on the page."""

from __future__ import annotations

import re
import threading
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Site

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='owned'> <script>alert(1)</script>"


@pytest.fixture(scope="module")
def filled(site: Site) -> dict[str, Any]:
    """Put something into every room, hostile wherever text may stand."""
    site.call("projects.add", name="Acme", slug="acme", key="ACME")
    site.call("work.add_epic", title=f"Cellar {EVIL}", description=EVIL, project="acme", epic_id="EPIC-001")
    issue = site.call(
        "work.add_issue", title=f"Damp {EVIL}", project="acme", epic="EPIC-001", labels=["wet"]
    ).ref
    workflow = site.call("work.add_workflow", name=f"Build {EVIL}", project="acme", requirements=EVIL)
    place = {"project": "acme", "epic": "EPIC-001", "issue": issue, "workflow": str(workflow.id)}

    def add(title: str, **arguments: Any) -> str:
        return str(site.call("work.add", title=title, **place, **arguments).task.ref)

    dig = add("Dig", estimated_minutes=60, capabilities=["spade"])
    drain = add(f"Drain {EVIL}", waits_for=[dig], estimated_minutes=30)
    paint = add("Paint")
    site.call("work.depend", task=paint, on=drain, type="relates_to")
    site.call("work.comment", on=dig, content=f"**Mind** the pipe {EVIL}")
    site.call("work.comment", on=issue, content=EVIL)
    file = site.call("work.attach", task=dig, name="plan.html", file=EVIL.encode(), evidence=True)
    site.call("work.update_workflow", workflow=str(workflow.id), error=EVIL)
    site.call("work.workflow_analytics", workflow=str(workflow.id))
    site.call("agents.register", name="digger", capabilities=["spade"], description=EVIL)
    site.call("agents.route", task=dig)
    site.call("work.add_devlog", title=f"Water {EVIL}", key="water", description=EVIL, project="acme")
    site.call("work.add_note", entry="water", content=EVIL, project="acme")
    site.call("work.depend_devlog", entry="water", external=EVIL, project="acme")
    return {
        "issue": issue,
        "workflow": workflow.id,
        "dig": dig,
        "drain": drain,
        "paint": paint,
        "file": file.id,
    }


def _paths(filled: dict[str, Any]) -> dict[str, str]:
    """Return every page of the rooms with a word that it shows."""
    return {
        "/inbox": "Inbox",
        "/epics": "Cellar",
        "/epics/acme/EPIC-001": "Drain",
        "/issues": "Damp",
        f"/issues/{filled['issue']}": "Drain",
        "/workflows": "Build",
        f"/workflows/{filled['workflow']}": "Critical path",
        "/graph": "waits for",
        f"/graph?task={filled['drain']}": "waits for",
        "/agents": "digger",
        "/agents/digger": filled["dig"],
        "/devlog": "Water",
        "/devlog/acme/water": "Notes",
        f"/tasks/{filled['dig']}": "Mind the pipe",
        "/tasks?epic=EPIC-001&project=acme": "Drain",
    }  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_in_both_themes_and_on_a_telephone(
    page: Page, site: Site, filled: dict[str, Any], theme: Any
) -> None:
    page.emulate_media(color_scheme=theme)
    for path, word in _paths(filled).items():
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("main")).to_contain_text(word)
        assert page.locator("html").get_attribute("data-theme") == theme
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "Steward" in page.title()


def test_the_graph_is_drawn_and_leads_on(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.goto(f"{site.url}/graph?project=acme")
    expect(page.locator(".gnode")).to_have_count(3)
    expect(page.locator("path.gedge")).to_have_count(2)
    expect(page.locator("path.gedge.relates")).to_have_count(1)
    expect(page.locator(f".gnode.g-ready[data-key={filled['dig']}]")).to_be_visible()
    # What changes elsewhere is drawn again.
    site.call("work.update", task=filled["paint"], status="blocked")
    expect(page.locator(f".gnode.g-blocked[data-key={filled['paint']}]")).to_be_visible()
    site.call("work.update", task=filled["paint"], status="pending")
    page.fill("input[name=task]", "ACME-99")
    expect(page.get_by_text("there is no task 'ACME-99'", exact=False)).to_be_visible()
    page.fill("input[name=task]", filled["dig"])
    expect(page.locator(".gnode")).to_have_count(2)
    page.locator(f".gnode[data-key={filled['drain']}]").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/tasks/{filled['drain']}")


def test_without_a_script_ties_are_a_list_and_answers_go_through(
    site: Site, browser: Browser, filled: dict[str, Any]
) -> None:
    token = site.call("work.claim", agent="digger", task=filled["paint"]).token
    question = site.call("work.ask", agent="digger", task=filled["paint"], token=token, question="Red?")
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(site.link())
    plain.goto(f"{site.url}/graph?project=acme")
    expect(plain.locator("#edge-list li")).to_have_count(2)
    expect(plain.locator("#canvas")).to_be_hidden()
    plain.goto(f"{site.url}/tasks/{filled['paint']}")
    plain.fill(f"#answer-{question.id}", "Green.")
    plain.get_by_role("button", name="Answer").click()
    expect(plain).to_have_url(f"{site.url}/tasks/{filled['paint']}")
    expect(plain.locator(".reply")).to_contain_text("Green.")
    expect(plain.locator(".props")).to_contain_text("for people")
    context.close()
    site.call("work.give_back", agent="digger", task=filled["paint"], token=token)


class Waiter:
    """An agent that waits for its answer over HTTP, as clients do."""

    def __init__(self, page: Page, site: Site, question: Any) -> None:
        cookies = "; ".join(f"{each.get('name')}={each.get('value')}" for each in page.context.cookies())
        url = f"{site.url}/api/work/wait_answer?question={question}&wait=20"
        self._request = urllib.request.Request(url, headers={"Cookie": cookies})
        self.heard = ""
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        with urllib.request.urlopen(self._request, timeout=30) as answer:
            self.heard = answer.read().decode()

    def result(self) -> str:
        """Return what it heard."""
        self._thread.join(30)
        return self.heard


def test_a_question_comes_live_and_its_answer_reaches_the_agent(
    page: Page, site: Site, filled: dict[str, Any]
) -> None:
    page.goto(f"{site.url}/inbox")
    expect(page.get_by_role("heading", name="Nobody waits for you")).to_be_visible()
    expect(page.locator("body[data-connection=open]")).to_have_count(1)
    token = site.call("work.claim", agent="digger", task=filled["dig"]).token
    asked = site.call(
        "work.ask", agent="digger", task=filled["dig"], token=token, question=f"How deep? {EVIL}",
        choices=["1 m", "2 m"], urgency="high",
    )  # fmt: skip
    card = page.locator(f"#q-{asked.id}")
    expect(card).to_contain_text("How deep?")
    expect(card).to_contain_text("<script>")
    expect(page.locator("#due-side")).to_have_text("1")
    # What is being written stays when news comes in.
    page.fill(f"#answer-{asked.id}", "As deep as")
    other = site.call("work.claim", agent="painter", task=filled["paint"]).token
    more = site.call("work.ask", agent="painter", task=filled["paint"], token=other, question="Which blue?")
    expect(page.locator("#due-side")).to_have_text("2")
    expect(page.locator(f"#answer-{asked.id}")).to_have_value("As deep as")
    waiter = Waiter(page, site, asked.id)
    card.get_by_role("button", name="2 m").click()
    expect(card).to_have_count(0)
    expect(page.locator("#due-side")).to_have_text("1")
    assert '"2 m"' in waiter.result()
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    page.fill(f"#answer-{more.id}", "Sky")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nobody waits for you")).to_be_visible()
    assert site.call("work.wait_answer", question=more.id).answer == "Sky"
    page.goto(f"{site.url}/inbox?status=answered")
    expect(page.locator(".question-over")).to_have_count(3)
    for task, agent, held in (("dig", "digger", token), ("paint", "painter", other)):
        site.call("work.give_back", agent=agent, task=filled[task], token=held)


def test_an_answer_that_comes_too_late_says_so(page: Page, site: Site, filled: dict[str, Any]) -> None:
    token = site.call("work.claim", agent="digger", task=filled["dig"]).token
    asked = site.call("work.ask", agent="digger", task=filled["dig"], token=token, question="Here?")
    page.goto(f"{site.url}/tasks/{filled['dig']}")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The answer is empty")
    page.route("**/events", lambda route: route.abort())
    page.reload()
    site.call("work.answer", question=asked.id, answer="There.")
    page.fill(f"#answer-{asked.id}", "Here.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".reply").last).to_contain_text("There.")
    site.call("work.give_back", agent="digger", task=filled["dig"], token=token)
    # Chromium reports refused loads; they are what was asked for here.
    site.problems.clear()


def test_only_pages_of_this_server_write(page: Page, site: Site, filled: dict[str, Any]) -> None:
    url = f"{site.url}/workflows/{filled['workflow']}/analytics"
    assert page.request.post(url, form={}).status == 403, "no Origin"
    assert page.request.post(url, form={}, headers={"Origin": "https://evil.example"}).status == 403
    page.goto(f"{site.url}/workflows/{filled['workflow']}")
    page.get_by_role("button", name="Work them out again").click()
    expect(page.locator("#analytics")).to_contain_text("worked out")
    expect(page).to_have_url(f"{site.url}/workflows/{filled['workflow']}")


def test_a_file_is_sent_and_never_shown(page: Page, site: Site, filled: dict[str, Any]) -> None:
    answer = page.request.get(f"{site.url}/files/attachment/{filled['file']}")
    assert answer.body() == EVIL.encode()
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''plan.html"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_each_figure_leads_to_just_these(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.goto(f"{site.url}/")
    figures = page.locator(".counts a").evaluate_all(
        "found => found.map(e => [e.getAttribute('href'), e.querySelector('strong').textContent])"
    )
    assert sum(int(count) for _, count in figures) == 3
    for href, count in figures:
        page.goto(site.url + href)
        expect(page.locator("#list .rows li")).to_have_count(int(count))


def test_the_telephone_reaches_every_page(page: Page, site: Site, filled: dict[str, Any]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/")
    page.locator(".more-tabs summary").click()
    page.locator(".more-tabs").get_by_role("link", name="Devlog").click()
    expect(page).to_have_url(f"{site.url}/devlog")
    page.fill("#text", "nowhere")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    expect(page).to_have_url(re.compile("text=nowhere"))
