"""The templates of the rooms' pages: nothing of other people's text acts, whatever field it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from steward.surfaces.web import views
from steward.surfaces.web import views_rooms as rooms
from steward.surfaces.web.render import navigation, render, static_url
from steward.surfaces.web.views_talk import Comment, File, Question
from tests.web.test_render import EVIL, FRAME, NOW, Reader, _task

FILTER = rooms.ListFilter("/epics", {"text": EVIL, "status": EVIL, "label": EVIL})
FIELDS = [rooms.Field("label", EVIL), rooms.Field("status", EVIL, [views.Option(EVIL, EVIL)])]
EMPTY = rooms.Empty("epic", EVIL, EVIL, [EVIL])
ROW = rooms.Row("1", "/epics/1", EVIL, EVIL, "planned", NOW, 5, [EVIL], EVIL, 1, 3)
STEP = rooms.Step(EVIL, EVIL, "/tasks/ACME-1", EVIL, "done")
LINK = views.Link(EVIL, "/")
NOTE = Comment("1", EVIL, True, NOW, EVIL)
FILE = File("1", EVIL, "1 KB", NOW, EVIL, "/files/attachment/1", EVIL)
OPEN = Question("1", "ACME-1", EVIL, EVIL, EVIL, EVIL, "open", 8, NOW, "1 h", [EVIL], EVIL, expires_at=NOW)
OVER = Question(
    "2", "ACME-1", EVIL, EVIL, EVIL, EVIL, "answered", 5, NOW, "1 h", answer=EVIL, answered_by=EVIL
)
GONE = Question("3", "ACME-1", EVIL, EVIL, EVIL, EVIL, "withdrawn", 5, NOW, "1 h", reason=EVIL)
NODES = [rooms.GraphNode("ACME-1", EVIL, "ready"), rooms.GraphNode("ACME-2", EVIL, "waiting", middle=True)]
AGENT = rooms.AgentRow(EVIL, "/agents/x", EVIL, EVIL, False, [EVIL] * 6, 1, 2, 1, 3, 1, 75, EVIL, NOW)
FIGURE = rooms.Figure(EVIL, EVIL, EVIL)
DECISION = rooms.Decision(
    "1", NOW, EVIL, 90, EVIL, LINK, [EVIL], [rooms.Candidate(EVIL, "/agents/x", True, 90, [FIGURE], [EVIL])]
)


def _item() -> str:
    analytics = rooms.Analytics(NOW, [FIGURE], [STEP], [STEP], [EVIL], [FIGURE], [STEP])
    page = rooms.ItemPage(
        "Workflow", EVIL, EVIL, "active", [LINK], 5, EVIL, [rooms.Prose(EVIL, EVIL)], [views.Fact(EVIL, EVIL)],
        views.bar({"done": 1}), EVIL, [_task(1, EVIL)], 3, "/tasks", EVIL, "/graph", [ROW], [ROW],
        [rooms.Step(EVIL, "now")], analytics, "/workflows/1/analytics", [views.Event("1", NOW, EVIL, EVIL)], [NOTE],
        notes_hint=EVIL, files=[FILE],
    )  # fmt: skip
    return render("item.html", page, FRAME)


def _graph() -> str:
    edges = [rooms.GraphEdge(NODES[0], NODES[1], blocks) for blocks in (True, False)]
    return render(
        "graph.html", rooms.GraphPage(FILTER, FIELDS, NODES, edges, 9, EVIL, EVIL, legend=["ready"]), FRAME
    )


def _agent() -> str:
    page = rooms.AgentPage(
        AGENT, EVIL, [views.Fact(EVIL, chips=[LINK])], [_task(1, EVIL)], [_task(2, EVIL)], "/tasks", [OPEN], [DECISION]
    )  # fmt: skip
    return render("agent.html", page, FRAME)


def _task_page() -> str:
    full = views.FullTask("ACME-1", EVIL, "awaiting_input", "awaiting_input", 5, EVIL, EVIL)
    page = views.TaskPage(full, questions=[OPEN, OVER, GONE], comments=[NOTE], files=[FILE], problem=EVIL)
    return render("task.html", page, FRAME)


INBOX = rooms.InboxPage(FILTER, FIELDS, [OPEN, OVER, GONE], EVIL, problem=EVIL)
PAGES: dict[str, Callable[[], str]] = {
    "inbox": lambda: render("inbox.html", INBOX, FRAME),
    "items": lambda: render("items.html", rooms.ItemList(EVIL, FILTER, FIELDS, EMPTY, [ROW], EVIL), FRAME),
    "nothing": lambda: render("items.html", rooms.ItemList(EVIL, rooms.ListFilter("/epics"), FIELDS, EMPTY), FRAME),
    "item": _item,
    "graph": _graph,
    "alone": lambda: render("graph.html", rooms.GraphPage(FILTER, FIELDS, empty=EMPTY), FRAME),
    "agents": lambda: render("agents.html", rooms.AgentList(FILTER, FIELDS, [AGENT], EVIL), FRAME),
    "agent": _agent,
    "task": _task_page,
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_text_of_others_never_becomes_markup(name: str) -> None:
    html = PAGES[name]()
    assert "alert(1)" in html
    reader = Reader()
    reader.feed(html)
    assert all("src" in attributes for tag, attributes in reader.seen if tag == "script")
    assert not [found for _, found in reader.seen if any(each.startswith("on") for each in found)]
    assert {found["src"] for tag, found in reader.seen if tag == "img"} == {static_url("favicon.svg")}


@pytest.mark.parametrize("name", PAGES)
def test_pages_obey_their_own_policy(name: str) -> None:
    html = PAGES[name]()
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"<style|\sstyle=", html)


@pytest.mark.parametrize(
    ("template", "page", "what"),
    [
        ("inbox.html", rooms.InboxPage(rooms.ListFilter("/inbox"), []), "Nobody waits for you"),
        ("agents.html", rooms.AgentList(rooms.ListFilter("/agents"), []), "steward agents register"),
        ("inbox.html", rooms.InboxPage(FILTER, []), "Clear the filters"),
        ("agents.html", rooms.AgentList(FILTER, []), "Clear the filters"),
        ("items.html", rooms.ItemList("Epics", FILTER, [], EMPTY), "Clear the filters"),
    ],
)
def test_empty_pages_say_what_to_do(template: str, page: Any, what: str) -> None:
    assert what in render(template, page, FRAME)


def test_the_navigation_tells_how_many_questions_wait() -> None:
    assert [item.count for item in navigation("/", 3) if item.name == "Inbox"] == [3]
    waiting = views.Frame("tester", questions=3)
    assert (
        re.search(r'id="due-side"[^>]*>3</b>', render("plain.html", views.PlainPage("a", "b"), waiting))
        is None
    )
    page = rooms.InboxPage(rooms.ListFilter("/inbox"), [])
    assert re.search(r'id="due-side"[^>]*>3</b>', render("inbox.html", page, waiting))
    assert re.search(r'id="due-side"[^>]*hidden', render("inbox.html", page, views.Frame("tester")))


def test_a_project_that_rests_says_so() -> None:
    archived = views.Project("acme", "ACME", "Acme", status="archived")
    html = render(
        "inbox.html", rooms.InboxPage(rooms.ListFilter("/inbox"), []), views.Frame("x", project=archived)
    )
    assert "This project is archived" in html


def test_a_filter_survives_its_address() -> None:
    chosen = rooms.ListFilter("/epics", {"project": "acme", "text": "a & b", "cursor": "x"})
    assert chosen.url(cursor=None) == "/epics?project=acme&text=a+%26+b"
    assert chosen.with_(project=None, text=None).active is False


def test_progress_is_whole_only_at_the_end() -> None:
    assert rooms.Row("1", "", "", "", "open", NOW, part=199, whole=200).percent == 99
    bar = rooms.Row("1", "", "", "", "open", NOW, part=1, whole=3).bar
    assert sum(part.width for part in bar) == 1000
    assert rooms.Row("1", "", "", "", "open", NOW).bar == []
