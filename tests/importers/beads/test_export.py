"""The way back: line by line what it was, and what changed in beads' own words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.importers.beads import export_text, parse_file
from steward.importers.model import ExportRow, Fields, Link
from tests.importers.beads.samples import (
    NAME,
    changing,
    edges,
    editing,
    exported,
    issue,
    jsonl,
    parents,
    parsed,
    rows_of,
)
from tests.importers.beads.test_damage import ISSUE
from tests.importers.samples import kinds

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_did_not_change_comes_back_to_the_byte(ending: str) -> None:
    lines = [
        '{"id": "bd-1",  "title":"\\u003ca\\u003e","status":"weird","priority":9,"z":1.10,"a":[{"y":1,"b":2}]}',
        "",
        '{"title":"no id","status":"open"}',
        json.dumps(issue("bd-2", ("bd-1", "blocks"), ("bd-9", "x"), ("bd-2", "blocks"), status="closed")),
        json.dumps(issue("bd-3", status="tombstone")),
        '{"_type":"memory","key":"k"}',
    ]
    original = ending.join(lines).encode()
    assert export_text(original, NAME, rows_of(original)).encode() == original


@settings(max_examples=200, deadline=None)
@given(st.lists(ISSUE, max_size=5))
def test_any_file_comes_back_to_the_byte(issues: list[dict[str, object]]) -> None:
    original = jsonl(*issues).encode()
    assert export_text(original, NAME, rows_of(original)).encode() == original


@settings(max_examples=150, deadline=None)
@given(st.lists(ISSUE, min_size=1, max_size=5), st.data())
def test_one_change_changes_one_line_and_comes_in_again(
    issues: list[dict[str, object]], data: st.DataObject
) -> None:
    original = jsonl(*issues).encode()
    rows = rows_of(original)
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    result = export_text(original, NAME, editing(row.id, title="Changed")(rows))
    before, after = original.decode().splitlines(), result.splitlines()
    assert sum(line not in before for line in after) <= 1
    if not row.deleted and row.fields.title != "Changed":
        again = {task.ref: task.fields for task in parse_file(result.encode(), NAME).tasks}
        assert again[row.id] == replace(row.fields, title="Changed")
        assert len(again) == len(rows)


def test_closing_and_opening_keep_what_beads_wants_true() -> None:
    lines = (
        issue("bd-1"),
        issue("bd-2", status="closed", close_reason="did it"),
        issue("bd-3", content_hash="abc"),
    )
    result = exported(*lines, change=editing("bd-1", status="done", completed_at=NOW, updated_at=NOW))
    assert result[0] == lines[0] | {"status": "closed", "updated_at": STAMP, "closed_at": STAMP}
    assert list(result[0])[-2:] == ["updated_at", "closed_at"]
    result = exported(*lines, change=editing("bd-2", status="pending", updated_at=NOW))
    assert (result[1]["status"], result[1].keys() & {"closed_at", "close_reason"}) == ("open", set())
    result = exported(*lines, change=editing("bd-3", status="cancelled", updated_at=NOW))
    assert (result[2]["status"], result[2]["close_reason"], result[2]["closed_at"]) == (
        "closed",
        "cancelled",
        STAMP,
    )
    assert "content_hash" not in result[2]


@pytest.mark.parametrize(
    ("given", "here", "written"),
    [
        ("open", "in_review", "in_progress"),
        ("open", "awaiting_input", "blocked"),
        ("open", "failed", "blocked"),
        ("open", "draft", "deferred"),
        ("in_progress", "testing", "in_progress"),
        ("our-own", "done", "closed"),
        ("pinned", "deferred", "pinned"),
        ("hooked", "in_progress", "hooked"),
    ],
)
def test_states_are_written_in_the_words_of_beads(given: str, here: str, written: str) -> None:
    assert exported(issue("bd-1", status=given), change=editing("bd-1", status=here))[0]["status"] == written


def test_a_deferred_issue_that_was_taken_up_is_deferred_no_longer() -> None:
    line = issue("bd-1", defer_until="2027-01-01T00:00:00Z")
    [result] = exported(line, change=editing("bd-1", status="pending", updated_at=NOW))
    assert (result["status"], "defer_until" in result) == ("open", False)
    assert parsed(result).tasks[0].fields.status == "pending"


def test_other_fields_are_written_under_their_keys() -> None:
    line = issue(
        "bd-1", design="d", notes="n", acceptance_criteria="- a", assignee="ada", estimated_minutes=5
    )
    change = editing(
        "bd-1", details="d2\n\n## Notes\n\nn2", acceptance_criteria=("a", "b"), assignee=None, estimated_minutes=90,
        labels=("x",), priority=10, type="bug", due_date=NOW, updated_at=NOW,
    )  # fmt: skip
    [result] = exported(line, change=change)
    expected = line | {
        "design": "d2", "notes": "n2", "acceptance_criteria": "- a\n- b", "estimated_minutes": 90, "labels": ["x"],
        "priority": 0, "issue_type": "bug", "due_at": STAMP, "updated_at": STAMP,
    }  # fmt: skip
    del expected["assignee"]
    assert result == expected
    assert parsed(result).tasks[0].fields == replace(
        parsed(line).tasks[0].fields, details="d2\n\n## Notes\n\nn2", acceptance_criteria=("a", "b"), assignee=None,
        estimated_minutes=90, labels=("x",), priority=10, type="bug", due_date=NOW, updated_at=NOW,
    )  # fmt: skip


def test_a_type_or_priority_that_beads_cannot_tell_apart_is_left_alone() -> None:
    line = issue("bd-1", issue_type="epic", priority=1)
    assert exported(line, change=editing("bd-1", priority=7, type="test")) == [line]


def test_what_was_deleted_becomes_a_tombstone_where_the_file_has_them() -> None:
    lines = (issue("bd-1", status="closed", issue_type="bug"), issue("bd-2", status="tombstone"))
    result = exported(
        *lines, change=lambda rows: editing("bd-1", updated_at=NOW)(changing("bd-1", deleted=True)(rows))
    )
    assert (result[0]["status"], result[0]["original_type"], result[0]["deleted_at"]) == (
        "tombstone",
        "bug",
        STAMP,
    )
    assert "closed_at" not in result[0]
    assert result[1] == lines[1]
    lines = (issue("bd-1"), issue("bd-2", ("bd-1", "blocks")))
    result = exported(*lines, change=changing("bd-1", deleted=True))
    assert [(each["id"], "dependencies" in each) for each in result] == [("bd-2", False)]


def test_a_tombstone_that_was_restored_is_an_issue_again() -> None:
    line = issue(
        "bd-1", status="tombstone", issue_type="task", original_type="bug", deleted_at=STAMP, deleted_by="x"
    )
    [result] = exported(
        line, change=lambda rows: editing("bd-1", status="pending")(changing("bd-1", deleted=False)(rows))
    )
    assert (result["status"], result["issue_type"]) == ("open", "bug")
    assert not result.keys() & {"deleted_at", "deleted_by", "original_type"}


def test_what_was_added_is_appended_and_found_again() -> None:
    lines = (issue("ab-1"), issue("ab-1.1", ("ab-1", "parent-child")))
    new = [
        ExportRow("id-a", "beads", None, None, Fields("A", status="done", priority=8, completed_at=NOW, updated_at=NOW),
                  (), False, (Link("ab-1", "blocks", None), Link("id-b", "relates_to", None))),
        ExportRow("id-b", "beads", None, "ab-1", Fields("B", "text", type="bug", labels=("x",))),
    ]  # fmt: skip
    result = exported(*lines, change=lambda rows: rows + new)
    first, second = result[2:]
    assert result[:2] == list(lines)
    assert first["id"].startswith("ab-")
    assert (second["id"], second["issue_type"], second["labels"]) == ("ab-1.2", "bug", ["x"])
    assert (first["status"], first["closed_at"], first["priority"]) == ("closed", STAMP, 1)
    again = parsed(*result)
    assert [task.steward_id for task in again.tasks if task.steward_id] == ["id-a", "id-b"]
    assert parents(again) == {"ab-1.1": "ab-1", "ab-1.2": "ab-1"}
    assert edges(again) == [
        (first["id"], "ab-1", "blocks", "blocks"),
        (first["id"], "ab-1.2", "relates_to", "related"),
    ]
    assert kinds(again) == []


def test_dependencies_come_and_go_one_by_one_and_dead_ones_stay() -> None:
    lines = (
        issue("bd-1"),
        issue("bd-2"),
        issue("bd-3", ("bd-1", "blocks"), ("bd-404", "blocks"), ("bd-2", "tracks"), dependency_count=3),
    )
    links = (Link("bd-2", "relates_to", "tracks"), Link("bd-2", "blocks", None))
    result = exported(*lines, change=changing("bd-3", links=links, parent_id="bd-1"))
    found = [(each["depends_on_id"], each["type"]) for each in result[2]["dependencies"]]
    assert found == [("bd-404", "blocks"), ("bd-2", "tracks"), ("bd-1", "parent-child"), ("bd-2", "blocks")]
    assert result[2]["dependency_count"] == 4
    moved = exported(
        issue("bd-1"), issue("bd-2", ("bd-1", "parent-child")), change=changing("bd-2", parent_id=None)
    )
    assert "dependencies" not in moved[1]


def test_a_changed_line_escapes_what_the_file_escapes() -> None:
    original = b'{"id":"bd-1","title":"a \\u0026 b","status":"open","priority":2,"issue_type":"task"}\n'
    result = export_text(original, NAME, editing("bd-1", title="<b>")(rows_of(original)))
    assert '"title":"\\u003cb\\u003e"' in result
