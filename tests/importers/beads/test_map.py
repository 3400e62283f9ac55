"""Issues in Steward's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from steward.importers.beads.map import details_of, split_details
from steward.importers.beads.words import PRIORITIES, WRITTEN_STATUSES, written_priority
from tests.importers.beads.samples import issue, only, parsed
from tests.importers.samples import kinds


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("open", {}, "pending"),
        ("in_progress", {}, "in_progress"),
        ("hooked", {}, "in_progress"),
        ("blocked", {}, "blocked"),
        ("deferred", {}, "deferred"),
        ("pinned", {}, "deferred"),
        ("closed", {}, "done"),
        ("tombstone", {}, "cancelled"),
        ("needs-review", {}, "blocked"),
        ("in review", {}, "in_review"),
        ("ready", {}, "deferred"),
        ("shipped", {"closed_at": "2025-12-03T10:00:00Z"}, "done"),
        ("open", {"pinned": True}, "deferred"),
        ("open", {"is_template": True}, "draft"),
        ("open", {"ephemeral": True}, "draft"),
        ("open", {"issue_type": "gate", "await_type": "human"}, "blocked"),
        ("open", {"issue_type": "message"}, "draft"),
        ("open", {"issue_type": "merge-request"}, "in_review"),
        ("closed", {"issue_type": "gate"}, "done"),
        ("open", {"issue_type": "molecule"}, "pending"),
    ],
)
def test_only_what_beads_would_hand_out_is_pending(status: str, more: dict[str, Any], expected: str) -> None:
    task = only(status=status, **more)
    assert task.fields.status == expected
    assert task.metadata["beads"]["status"] == status
    assert task.gone is (status == "tombstone")


def test_an_issue_is_deferred_until_its_time_measured_by_the_file_and_not_by_a_clock() -> None:
    later, now = "2025-12-09T00:00:00Z", "2025-12-10T00:00:00Z"
    assert only(defer_until=later).fields.status == "deferred"
    file = parsed(issue("bd-1", defer_until=later), issue("bd-2", updated_at=now))
    assert [task.fields.status for task in file.tasks] == ["pending", "pending"]


def test_closing_times_that_do_not_fit_the_status_are_told() -> None:
    file = parsed(
        issue("bd-1", status="closed", closed_at=None),
        issue("bd-2", closed_at="2025-12-03T10:00:00Z"),
        issue("bd-3"),
    )
    assert kinds(file) == ["closed_without_time", "open_with_closing_time"]
    assert [task.fields.status for task in file.tasks] == ["done", "pending", "pending"]


def test_priorities_come_back_as_they_went() -> None:
    assert [only(priority=number).fields.priority for number in range(5)] == [10, 8, 5, 3, 1]
    assert [written_priority(priority) for priority in PRIORITIES] == [0, 1, 2, 3, 4]
    assert [written_priority(priority) for priority in range(1, 11)] == [4, 3, 3, 2, 2, 2, 1, 1, 0, 0]
    assert [only(priority=word).fields.priority for word in ("P0", "3", 2.0)] == [10, 3, 5]
    assert kinds(parsed(issue("bd-1", priority=7), issue("bd-2", priority=None))) == [
        "unknown_priority",
        "missing_priority",
    ]


def test_every_status_of_steward_has_a_word() -> None:
    from steward.domains.work import TaskStatus

    assert set(WRITTEN_STATUSES) == {status.value for status in TaskStatus}


@pytest.mark.parametrize(
    ("given", "expected"),
    [("bug", "bug"), ("feature", "feature"), ("story", "feature"), ("chore", "chore"), ("epic", "task"),
     ("merge-request", "pull_request"), ("decision", "task"), ("our-own", "task")],
)  # fmt: skip
def test_types_are_mapped_and_the_original_is_kept(given: str, expected: str) -> None:
    task = only(issue_type=given)
    assert (task.fields.type, task.metadata["beads"]["issue_type"]) == (expected, given)


def test_a_tombstone_keeps_what_it_was() -> None:
    task = only(
        status="tombstone", original_type="bug", deleted_at="2025-12-25T01:21:01.952723-08:00", deleted_by="x"
    )
    assert (task.gone, task.fields.type, task.fields.status) == (True, "bug", "cancelled")
    assert task.gone_at == datetime(2025, 12, 25, 9, 21, 1, 952723, UTC)
    assert task.metadata["beads"]["deleted_by"] == "x"


def test_all_other_fields_have_a_place() -> None:
    task = only(
        design="The design", notes="The notes", acceptance_criteria="- [ ] one\n- [x] two", labels=["a", "b", "a"],
        assignee="beads/dave", estimated_minutes=90, due_at="2026-01-01T00:00:00Z", external_ref="gh-9",
        close_reason="done", owner="ada", mol_type="swarm", metadata={"steward_id": "x"},
        comments=[{"id": 3, "author": "ada", "text": "One", "created_at": "2025-12-26T23:20:20Z"},
                  {"id": "c-4", "author": "bob", "text": "Two"}, {"id": 5, "text": ""}],
    )  # fmt: skip
    fields = task.fields
    assert fields.details == "The design\n\n## Notes\n\nThe notes"
    assert (fields.acceptance_criteria, fields.labels, fields.assignee) == (
        ("one", "two"),
        ("a", "b"),
        "beads/dave",
    )
    assert (fields.estimated_minutes, fields.due_date) == (90, datetime(2026, 1, 1, tzinfo=UTC))
    assert fields.updated_at == datetime(2025, 12, 2, 18, 0, 0, 123456, UTC)
    assert task.steward_id == "x"
    assert [(each.ref, each.author, each.text) for each in task.comments] == [
        ("3", "ada", "One"),
        ("c-4", "bob", "Two"),
    ]
    assert task.metadata["beads"] == {
        "issue_type": "task", "status": "open", "external_ref": "gh-9", "owner": "ada", "close_reason": "done",
        "mol_type": "swarm", "comments": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("design", "notes"), [("", ""), ("a", ""), ("", "b"), ("a\n\nb", "c\n\n## Notes"), ("a\n", "\nb")]
)
def test_design_and_notes_stand_together_and_come_apart(design: str, notes: str) -> None:
    assert split_details(details_of(design, notes)) == (design, notes)
