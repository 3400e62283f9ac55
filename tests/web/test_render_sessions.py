"""The templates of the pages of sessions: nothing of what was said or done in them acts; figures are readable."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from steward.domains import telemetry
from steward.surfaces.web import transcript, views
from steward.surfaces.web import views_rooms as rooms
from steward.surfaces.web import views_sessions as shown
from steward.surfaces.web.render import render, static_url
from tests.web.test_render import EVIL, FRAME, NOW, Reader

FILTER = rooms.ListFilter("/sessions", {"text": EVIL, "client": EVIL})
FIELDS = [rooms.Field("task", EVIL), rooms.Field("client", EVIL, [views.Option(EVIL, EVIL)])]
EMPTY = rooms.Empty("session", EVIL, EVIL, [EVIL])
SESSION = shown.Session(
    "1", EVIL, EVIL, EVIL, "active", NOW, EVIL, 1, 2, EVIL, EVIL, EVIL, [EVIL], 1, "failure", EVIL
)
SPENT = shown.Spent(EVIL, EVIL, EVIL, EVIL, EVIL)
TOOL = shown.Tool(EVIL, "bolt", EVIL, "failed", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, 1, 2, EVIL)
KINDS = ("prompt", "reply", "thinking", "summary", "notice", "error", "commit", "spent", "tool")
ITEMS = [
    shown.Item(f"i-{kind}", kind, NOW, EVIL, EVIL, EVIL, True, TOOL if kind == "tool" else None, SPENT, EVIL)
    for kind in KINDS
]
CHUNK = shown.Chunk("c-1", f"/sessions/1/entries?part={EVIL}", ITEMS, True, "/more", "/earlier")
TRY = shown.Execution("1", "failed", "failure", EVIL, NOW, EVIL, EVIL, EVIL, views.Link(EVIL, "/"), "1", EVIL)
FIGURE = rooms.Figure(EVIL, EVIL, EVIL)
TOOK = shown.Took([FIGURE], [SESSION], [TRY], "/sessions")


def _session() -> str:
    page = shown.SessionPage(
        SESSION, [views.Link(EVIL, "/")], [FIGURE], [views.Fact(EVIL, EVIL)],
        [shown.Share(EVIL, "input", EVIL, 0, 1000)], [shown.Model(EVIL, 1, EVIL, EVIL)] * 2, [TRY], [SESSION],
        [views.Link(EVIL, "/"), views.Link(EVIL)], EVIL, CHUNK, "/", "/", "/", EVIL,
    )  # fmt: skip
    return render("session.html", page, FRAME)


def _task() -> str:
    full = views.FullTask("ACME-1", EVIL, "done", "done", 5, EVIL, EVIL)
    return render("task.html", views.TaskPage(full, took=TOOK), FRAME)


def _raw() -> str:
    page = shown.RawPage(SESSION, [shown.RawLine(1, EVIL, EVIL, EVIL, EVIL, EVIL)], "/next", "/first")
    return render("session_raw.html", page, FRAME)


LIST = shown.SessionList(
    FILTER, FIELDS, EMPTY, [SESSION], [shown.Hit("/", EVIL, "agent", [(EVIL, True), (EVIL, False)], NOW)]
)
PAGES: dict[str, Callable[[], str]] = {
    "list": lambda: render("sessions.html", LIST, FRAME),
    "nothing": lambda: render(
        "sessions.html", shown.SessionList(rooms.ListFilter("/sessions"), FIELDS, EMPTY), FRAME
    ),
    "session": _session,
    "entries": lambda: render("session_entries.html", CHUNK),
    "raw": _raw,
    "task": _task,
}


@pytest.mark.parametrize("name", PAGES)
def test_text_of_others_never_becomes_markup(name: str) -> None:
    html = PAGES[name]()
    assert "alert(1)" in html
    reader = Reader()
    reader.feed(html)
    assert all("src" in attributes for tag, attributes in reader.seen if tag == "script")
    assert not [found for _, found in reader.seen if any(each.startswith("on") for each in found)]
    assert {found["src"] for tag, found in reader.seen if tag == "img"} <= {static_url("favicon.svg")}
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=", html)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1k"), (1250, "1.2k"), (123_456, "123k"), (2_500_000, "2.5M"), (10**12, "1000B")],
)  # fmt: skip
def test_tokens_are_short(count: int, text: str) -> None:
    assert shown.tokens(count) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, "no price"), ("0", "$0"), ("0.000001", "<$0.0001"), ("0.0031", "$0.0031"), ("0.5", "$0.500"),
     ("1234.567", "$1,234.57")],
)  # fmt: skip
def test_money_says_as_much_as_it_can(cost: str | None, text: str) -> None:
    assert shown.usd(None if cost is None else Decimal(cost)) == text


def _call(text: str | None, **known: object) -> telemetry.ToolCall:
    values: dict[str, object] = dict.fromkeys(telemetry.ToolCall.__dataclass_fields__)
    values |= {"name": "Bash", "kind": telemetry.ToolKind.COMMAND, "call_id": "x", "at": NOW, "input": text}
    return telemetry.ToolCall(**(values | known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "gist"),
    [
        ('{"command": "ls\\n  -l", "description": "look"}', "ls -l"),
        ('{"pattern": "def f", "path": "src"}', "def f"),
        (
            '{"command": "echo \\"hi\\" && a very long one that was cut',
            'echo "hi" && a very long one that was cut',
        ),
        ("*** Begin Patch", "*** Begin Patch"),
        ("{" * 50_000, "{" * 199 + "…"),
        ('{"n": 1}', '{"n": 1}'),
        (None, ""),
    ],
)
def test_a_tool_is_told_in_a_line(given: str | None, gist: str) -> None:
    item = transcript._used(_call(given))
    assert item.tool
    assert item.tool.gist == gist


def test_lines_of_texts_in_the_input_are_lines() -> None:
    item = transcript._used(
        _call('{"file_path": "a.py", "new_string": "x\\ny", "n": [1]}', output="o" * 9000)
    )
    assert item.tool
    assert item.tool.input == "file_path: a.py\nnew_string:\nx\ny\nn: [1]"
    assert len(item.tool.output) < 6100
    assert "in all" in item.tool.output


def test_models_are_named_without_their_dates() -> None:
    assert transcript.short_model("claude-sonnet-4-5-20250929") == "claude-sonnet-4-5"
    assert transcript.short_model("gpt-5-2025-08-07") == "gpt-5"
    assert transcript.short_model("gpt-5-codex") == "gpt-5-codex"
    assert transcript.short_model(None) == ""
