"""Text output: what names a thing is never left out, can be typed, and what finds no room is told of."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from steward.surfaces.cli import render
from steward.surfaces.cli.tables import digits_of, table, widths_of
from tests.surfaces.drivers import CliDriver


@pytest.fixture
def acme(cli: CliDriver, monkeypatch: pytest.MonkeyPatch) -> CliDriver:
    """Return the command line over a house with a project and a task, in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("STEWARD_PROJECT", "acme")
    assert cli.run(["projects", "add", "Acme", "--key", "ACME"])[0] == 0
    assert cli.run(["work", "add", "First", "--project", "acme"])[0] == 0
    return cli


def _json(cli: CliDriver, *words: str) -> Any:
    status, out, err = cli.run([*words, "--json"])
    assert status == 0, err
    return json.loads(out)


def _first_cell(out: str) -> str:
    """Return the first cell of the first row of a table."""
    return out.splitlines()[2].split()[0]


_LONG = "Which colour shall the roof have, and who is going to pay for the paint and for the ladder?"


def test_what_the_inbox_prints_can_be_answered(acme: CliDriver) -> None:
    token = _json(acme, "--agent", "bot", "work", "claim", "--task", "ACME-1")["token"]
    words = ["work", "ask", "--task", "ACME-1", "--question", _LONG, "--token", str(token)]
    _json(acme, "--agent", "bot", *words, "--choice", "red", "--choice", "blue")
    _, out, err = acme.run(["work", "inbox"])
    assert "Which colour" in out
    assert "no room for: " in err
    assert "--json shows all" in err
    status, out, err = acme.run(["work", "answer", _first_cell(out), "--answer", "red"])
    assert (status, "answered" in out) == (0, True), err


def test_what_lists_of_comments_and_files_print_can_be_named(acme: CliDriver, tmp_path: Path) -> None:
    acme.run(["work", "comment", "ACME-1", "--content", "well said " * 20])
    (tmp_path / "evidence of the roof.txt").write_bytes(b"red")
    acme.run(["work", "attach", "ACME-1", "--file", str(tmp_path / "evidence of the roof.txt")])
    _, out, _ = acme.run(["work", "list-comments", "ACME-1"])
    assert "well said" in out
    assert acme.run(["work", "update-comment", _first_cell(out), "--content", "better"])[0] == 0
    assert acme.run(["work", "delete-comment", _first_cell(out)])[0] == 0
    _, out, _ = acme.run(["work", "list-attachments", "ACME-1"])
    assert "evidence of the roof.txt" in out
    assert acme.run(["work", "delete-attachment", _first_cell(out)])[0] == 0


def test_epics_and_entries_keep_their_names(acme: CliDriver) -> None:
    _json(acme, "work", "add-epic", "A very large piece of work", "--description", "long " * 40)
    assert _first_cell(acme.run(["work", "list-epics"])[1]) == "EPIC-001"
    _json(acme, "work", "add-devlog", "A very long entry", "--description", "long " * 40)
    assert _first_cell(acme.run(["work", "list-devlog"])[1]) == "a-very-long-entry"


def test_workflows_of_one_name_are_told_apart(acme: CliDriver) -> None:
    for _ in range(2):
        _json(acme, "work", "add-workflow", "Release")
    _json(acme, "work", "add", "Part", "--workflow", _json(acme, "work", "list-workflows")["items"][0]["id"])
    _, out, _ = acme.run(["work", "list-workflows"])
    ids = [line.split()[0] for line in out.splitlines()[2:4]]
    assert len(set(ids)) == 2
    assert "(0 of 1)" in out
    assert all(acme.run(["work", "get-workflow", each])[0] == 0 for each in ids)


def test_the_audit_shows_what_undo_asks_for(acme: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.run(["work", "update", "ACME-1", "--title", "Second"])
    entry = _json(acme, "audit", "history", "ACME-1")["items"][0]
    assert f"request {entry['request_id']}" in acme.run(["audit", "history", "ACME-1"])[1]
    assert _first_cell(acme.run(["audit", "list"])[1]) == str(entry["id"])
    monkeypatch.setenv("COLUMNS", "160")
    assert entry["request_id"] in acme.run(["audit", "list"])[1]
    assert acme.run(["audit", "undo", entry["request_id"]])[0] == 0
    assert _json(acme, "work", "get", "ACME-1")["task"]["title"] == "First"


def test_a_trial_reads_as_the_write_would(acme: CliDriver) -> None:
    _, out, _ = acme.run(["--dry-run", "work", "add", "Tried"])
    assert out.startswith("dry run: nothing was changed\n")
    assert "{" not in out
    lines = [line.split() for line in out.splitlines()]
    assert ["title", "Tried"] in lines
    assert lines[lines.index(["it", "would:"]) + 1] == ["task", "create", "Tried"]


def test_hits_show_no_places_of_words(acme: CliDriver) -> None:
    for words in (["work", "search", "First"], ["work", "search", "First", "--limit", "1"]):
        _, out, _ = acme.run(words)
        assert "First" in out
        assert "spans" not in out
        assert "{" not in out


def test_candidates_are_read_as_words(acme: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert acme.run(["agents", "register", "mender", "--capabilities", "roofs"])[0] == 0
    assert acme.run(["agents", "route", "--capability", "roofs"])[0] == 0
    _, out, _ = acme.run(["agents", "list-decisions"])
    assert "candidates" in out
    assert "mender 0." in out
    assert "{" not in out


_IDS = ["01a1fc50-53b6-7aee-abb7-ac9dc0ab9097", "01a1fc50-53b7-7aee-abb7-ac9dc0ab9097"]


def test_ids_are_as_long_as_tells_them_apart() -> None:
    assert digits_of("id", [{"id": _IDS[0]}]) == 8
    assert digits_of("id", [{"id": each} for each in (*_IDS, _IDS[0], None)]) == 13


def test_a_row_keeps_its_name_whole_and_something_of_what_it_says() -> None:
    rows = [{"id": _IDS[0], "about": "A" * 60, "content": "c" * 90, "key_field": "k" * 50, "status": "open"}]
    widths = widths_of(["id", "about", "content", "key_field", "status"], rows, 80)
    assert list(widths)[:2] == ["key_field", "content"]
    assert widths["key_field"] == 50
    assert widths["content"] >= 12
    assert set(table(rows, 80)[1]) == {"about", "status"}


def test_what_was_spent_is_shown_in_a_narrow_terminal(
    acme: CliDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert (
        acme.run(["telemetry", "add-budget", "--project", "acme", "--limit-usd", "5", "--name", "small"])[0]
        == 0
    )
    _, out, _ = acme.run(["telemetry", "list-budgets"])
    assert all(word in out.splitlines()[0] for word in ("name", "state", "percent", "spent usd", "limit usd"))
    assert "0E" not in out


def test_a_conversation_is_read_as_it_went(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    message = {
        "role": "user",
        "kind": "text",
        "content": "run\x1b[31m it\nnow",
        "length": 4000,
        "subagent": None,
    }
    tool = {
        "name": "Bash",
        "input": "pytest   -q",
        "success": False,
        "error": "1 failed",
        "duration_ms": 1200,
    }
    response = {
        "model": "claude", "input_tokens": 2, "cache_read_tokens": 1000, "cache_write_tokens": 0,
        "output_tokens": 7, "cost_usd": "0.0123", "subagent": "helper",
    }  # fmt: skip
    parts = [("message", message), ("tool", tool), ("response", response)]
    parts.append(("commit", {"sha": "a" * 40, "subject": "Mend it"}))
    entries = [{"kind": name, "at": "2026-11-30T00:00:00Z", name: part} for name, part in parts]
    render.show(
        {"entries": entries, "next_cursor": "abc", "previous_cursor": None, "start_cursor": None},
        timezone=UTC,
    )
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "2026-11-30 00:00:00+00:00  user",
        "run\\x1b[31m it",
        "now",
        "… 3,985 more characters",
        "2026-11-30 00:00:00+00:00  tool Bash (failed, 1,200 ms)",
        "pytest -q",
        "1 failed",
        "2026-11-30 00:00:00+00:00  claude: 1,002 tokens in (1,000 from the cache), 7 out, $0.0123 (helper)",
        "2026-11-30 00:00:00+00:00  commit aaaaaaaaaaaa",
        "Mend it",
        "there is more: --cursor abc",
    ]
