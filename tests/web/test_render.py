"""What templates make of records: nothing of other people's text acts, and long lists stay lean."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from steward.surfaces.web import views
from steward.surfaces.web.render import (
    CONTENT_SECURITY_POLICY,
    HERE,
    STATIC,
    ago,
    left,
    markdown,
    marked,
    render,
    static_url,
)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Notes every tag with its attributes, as a browser would read them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


NOW = datetime.now(UTC)


def _found() -> views.Found:
    pieces = [(EVIL, False), (EVIL, True)]
    return views.Found("task", "AB-1", "/tasks/AB-1", pieces, pieces, EVIL, EVIL)


FRAME = views.Frame("tester", projects=[views.Project("acme", "ACME", EVIL, EVIL)])


def _task(number: int, title: str = "Write the first test") -> views.Task:
    return views.Task(
        f"ACME-{number}", title, "pending", "ready", 8, NOW, labels=["backend", "auth"], agent="claude"
    )


def _table(tasks: list[views.Task]) -> str:
    page = views.TaskList(views.TaskFilter(text=EVIL), views.Choices(), "some", tasks=tasks)
    return render("tasks.html", page, FRAME, "/tasks")


def _task_page() -> str:
    event = views.Event("1", NOW, EVIL, EVIL, subject=EVIL, changes=[views.Change("title", EVIL, EVIL)])
    full = views.FullTask(
        "ACME-1",
        EVIL,
        "failed",
        "failed",
        5,
        EVIL,
        EVIL,
        EVIL,
        EVIL,
        EVIL,
        [EVIL],
        [EVIL],
        EVIL,
        EVIL,
        reason=EVIL,
    )
    tie = views.Tie("ACME-2", EVIL, "done")
    facts = [views.Fact(EVIL, EVIL), views.Fact(EVIL, chips=[views.Link(EVIL, "/")])]
    return render(
        "task.html", views.TaskPage(full, [tie], [tie], [tie], [tie], [tie], [event], facts, EVIL), FRAME
    )


def _overview() -> str:
    page = views.Overview(
        3,
        [views.Count("ready", 1, "/tasks?status=ready")],
        views.bar({"done": 1, "pending": 2}),
        working=[_task(1, EVIL)],
        waiting=[_task(9, EVIL)],
        quarantined=[_task(3, EVIL)],
        activity=[views.Event("1", NOW, EVIL, EVIL, subject=EVIL)],
        notices=[views.Notice(EVIL, "error", NOW, views.Link("Budgets", "/budgets"))],
        more_notices=3,
    )
    return render("overview.html", page, FRAME, "/")


PAGES: dict[str, Callable[[], str]] = {
    "table": lambda: _table([_task(1, EVIL)]),
    "task": _task_page,
    "overview": _overview,
    "board": lambda: render(
        "tasks.html",
        views.TaskList(
            views.TaskFilter(view="board", label=EVIL),
            views.Choices(labels=[EVIL]),
            "some",
            columns=[views.Column("ready", "Ready", "ready", 1, [_task(1, EVIL)], "/tasks")],
        ),
        FRAME,
    ),
    "search": lambda: render("search.html", views.SearchPage(EVIL, [_found()]), FRAME),
    "projects": lambda: render("projects.html", views.ProjectList(FRAME.projects), FRAME),
    "plain": lambda: render("plain.html", views.PlainPage(EVIL, EVIL, EVIL, [views.Link(EVIL, "/")], EVIL)),
}


@pytest.mark.parametrize("name", PAGES)
def test_text_of_others_never_becomes_markup(name: str) -> None:
    html = PAGES[name]()
    assert "alert(1)" in html
    reader = Reader()
    reader.feed(html)
    assert all("src" in attributes for tag, attributes in reader.seen if tag == "script")
    assert not [
        attributes for _, attributes in reader.seen if any(each.startswith("on") for each in attributes)
    ]
    assert {attributes["src"] for tag, attributes in reader.seen if tag == "img"} == {
        static_url("favicon.svg")
    }


@pytest.mark.parametrize("name", PAGES)
def test_pages_obey_their_own_policy(name: str) -> None:
    html = PAGES[name]()
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"<style|\sstyle=", html)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", html)
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_a_row_of_the_long_list_is_lean() -> None:
    few, many = _table([_task(n) for n in range(100)]), _table([_task(n) for n in range(1100)])
    assert (len(many) - len(few)) / 1000 <= 600


def test_notices_stand_on_the_first_page_also_where_it_is_empty() -> None:
    told = views.Notice(EVIL, "error", NOW, views.Link("Budgets", "/budgets"))
    html = render("overview.html", views.Overview(0, notices=[told], more_notices=1200), FRAME)
    assert 'aria-label="Notices"' in html
    assert '<a href="/budgets">Budgets</a>' in html
    assert "and 1,200 older" in html
    assert 'aria-label="Notices"' not in render("overview.html", views.Overview(0), FRAME)


def test_empty_pages_say_what_to_do() -> None:
    assert "steward import PATH" in render("overview.html", views.Overview(0), FRAME)
    empty = views.TaskList(views.TaskFilter(), views.Choices(), "0 tasks")
    assert "steward work add" in render("tasks.html", empty, FRAME)
    filtered = views.TaskList(views.TaskFilter(label="db"), views.Choices(), "0 tasks")
    assert "Clear the filters" in render("tasks.html", filtered, FRAME)


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,hi)", "[x](vbscript:x)"],
)
def test_markdown_links_to_scripts_stay_text(text: str) -> None:
    assert "<a " not in markdown(text)


def test_markdown_shows_what_people_write() -> None:
    html = markdown(
        "- **a** `b`\n\n| x |\n|---|\n| 1 |\n\n[there](https://example.org)\n\n![pic](https://example.org/p)"
    )
    assert "<strong>a</strong>" in html
    assert "<table>" in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "<img" not in html


def test_markdown_bears_hostile_input() -> None:
    assert "<blockquote>" in markdown(">" * 5000 + "x")
    assert "[" in markdown("[" * 50_000)
    long = markdown("<b>" * 200_000)
    assert long.startswith('<pre class="plain">&lt;b&gt;')
    assert "more characters" in long


def test_found_words_are_marked_and_escaped() -> None:
    assert marked("a <b> B", "b") == "a &lt;b&gt; B"
    assert marked("Fix <API> api", "api") == "Fix &lt;<mark>API</mark>&gt; <mark>api</mark>"


def test_times_are_short() -> None:
    assert ago(datetime.now(UTC) - timedelta(seconds=5)) == "now"
    assert ago(datetime.now(UTC) - timedelta(minutes=7)) == "7m"
    assert ago(datetime.now(UTC) - timedelta(days=3)) == "3d"
    assert ago(datetime.now(UTC) - timedelta(days=800)) == "2y"
    assert left(datetime.now(UTC) + timedelta(minutes=5, seconds=3)) == "5m left"
    assert left(datetime.now(UTC) - timedelta(seconds=3)) == "lease over"


def test_a_filter_survives_its_address() -> None:
    chosen = views.TaskFilter(project="acme", status="ready", text="a & b", view="board")
    assert chosen.url() == "/tasks?project=acme&status=ready&text=a+%26+b&view=board"
    assert chosen.url(status=None, cursor="x") == "/tasks?project=acme&text=a+%26+b&view=board&cursor=x"
    assert chosen.cleared == "/tasks?view=board"
    assert views.TaskFilter().as_board == "/tasks?view=board"


@pytest.mark.parametrize(
    "counts", [{}, {"done": 1}, {"done": 1, "pending": 2, "failed": 4}, {"pending": 999, "done": 1}]
)
def test_a_bar_fills_its_width_exactly(counts: dict[str, int]) -> None:
    parts = views.bar(counts)
    assert sum(part.width for part in parts) == (1000 if counts else 0)
    assert [part.start for part in parts] == [sum(p.width for p in parts[:i]) for i in range(len(parts))]


def test_every_state_and_icon_has_a_picture() -> None:
    css = "".join(path.read_text() for path in STATIC.glob("*.css"))
    used = set(
        re.findall(
            r'(?<!_)icon\("([a-z]+)"', "".join(p.read_text() for p in (HERE / "templates").rglob("*.html"))
        )
    )
    assert {f".i-{name}" for name in used} <= set(re.findall(r"\.i-[a-z]+", css))
    assert {f".s-{state}" for state in views.STATES} <= set(re.findall(r"\.s-[a-z_]+", css))
