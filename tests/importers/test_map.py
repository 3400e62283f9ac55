from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from steward.importers.taskmaster import Fields, ParsedFile
from tests.importers.samples import kinds, parsed, task


def only(**more: Any) -> tuple[Fields, ParsedFile]:
    file = parsed({"tasks": [task(1, **more)]})
    return file.tasks[0].fields, file


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "pending"),
        ("todo", "pending"),
        ("in-progress", "in_progress"),
        ("In Progress", "in_progress"),
        ("done", "done"),
        ("completed", "done"),
        ("closed", "done"),
        ("review", "in_review"),
        ("blocked", "blocked"),
        ("deferred", "deferred"),
        ("cancelled", "cancelled"),
        ("canceled", "cancelled"),
        ("failed", "failed"),
        ("awaiting_input", "awaiting_input"),
    ],
)
def test_every_known_status_is_kept(word: str, status: str) -> None:
    fields, file = only(status=word)
    assert (fields.status, kinds(file)) == (status, [])


def test_an_unknown_status_is_pending_and_told() -> None:
    fields, file = only(status="someday")
    assert (fields.status, kinds(file)) == ("pending", ["unknown_status"])
    assert file.tasks[0].raw["status"] == "someday"


def test_a_missing_status_is_pending_unless_a_flag_says_completed() -> None:
    file = parsed({"tasks": [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "completed": True}]})
    assert [found.fields.status for found in file.tasks] == ["pending", "done"]
    assert kinds(file) == ["missing_status"] * 2


@pytest.mark.parametrize(("word", "priority"), [("low", 3), ("medium", 5), ("High", 8), ("critical", 10)])
def test_priorities_become_numbers(word: str, priority: int) -> None:
    assert only(priority=word)[0].priority == priority


def test_an_unknown_priority_is_five_and_told() -> None:
    fields, file = only(priority="P0")
    assert (fields.priority, kinds(file)) == (5, ["unknown_priority"])


def test_a_subtask_takes_the_priority_above_it_when_it_says_none() -> None:
    file = parsed({"tasks": [task(1, priority="high", subtasks=[task(1), task(2, priority="low")])]})
    assert [found.fields.priority for found in file.tasks] == [8, 8, 3]


@pytest.mark.parametrize(
    ("more", "minutes"),
    [
        ({"estimatedHours": 4}, 240),
        ({"estimatedHours": 0.25}, 15),
        ({"estimatedHours": "2.5 hours"}, 150),
        ({"estimatedHours": "3"}, 180),
        ({"effort": "45m"}, 45),
        ({"effort": 5}, None),
        ({"effort": "large"}, None),
        ({"estimatedHours": True}, None),
    ],
)
def test_effort_is_minutes_where_it_is_clear(more: dict[str, Any], minutes: int | None) -> None:
    assert only(**more)[0].estimated_minutes == minutes


@pytest.mark.parametrize("value", [-1, 10**30, "soon", [4], "9" * 4000])
def test_hours_that_are_none_are_told(value: Any) -> None:
    fields, file = only(estimatedHours=value)
    assert (fields.estimated_minutes, kinds(file)) == (None, ["unknown_effort"])


def test_the_rest_of_the_fields() -> None:
    fields, file = only(
        details="d",
        testStrategy="Run v1.2.3 of x.py. Then look.",
        tags=["ui", " api ", "ui"],
        complexity=7,
        assignee={"name": "Ada"},
        acceptanceCriteria="- one\n2. two\n- [x] three\n",
        createdAt="2025-05-24T11:54:01.332Z",
        updatedAt="2025-05-24T13:54:01+02:00",
        completedAt="2025-05-25",
        actualHours=1.5,
    )
    assert fields.test_strategy == "Run v1.2.3 of x.py. Then look."
    assert fields.labels == ("ui", "api")
    assert (fields.complexity_score, fields.assignee, fields.actual_minutes) == (7, "Ada", 90)
    assert fields.acceptance_criteria == ("one", "two", "three")
    assert fields.created_at == datetime(2025, 5, 24, 11, 54, 1, 332000, UTC)
    assert fields.updated_at == datetime(2025, 5, 24, 11, 54, 1, tzinfo=UTC)
    assert fields.completed_at == datetime(2025, 5, 25, tzinfo=UTC)
    assert kinds(file) == []


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"title": 7}, "wrong_type"),
        ({"title": "x" * 2001}, "long_title"),
        ({"title": None}, "missing_title"),
        ({"description": ["a", "b"]}, "wrong_type"),
        ({"tags": {"a": 1}}, "wrong_type"),
        ({"tags": ["a", 1]}, "wrong_type"),
        ({"acceptanceCriteria": 7}, "wrong_type"),
        ({"createdAt": "yesterday"}, "unknown_time"),
        ({"createdAt": 1748087641}, "unknown_time"),
        ({"createdAt": "2025-02-30"}, "unknown_time"),
        ({"subtasks": "none"[:0]}, "wrong_type"),
    ],
)
def test_values_of_another_type_are_told(more: dict[str, Any], kind: str) -> None:
    fields, file = only(**more)
    assert kinds(file) == [kind]
    assert fields.title


@pytest.mark.parametrize("more", [{"complexity": "medium"}, {"complexity": 14}, {"complexity": True}])
def test_a_complexity_that_is_no_score_stays_in_the_original(more: dict[str, Any]) -> None:
    fields, file = only(**more)
    assert (fields.complexity_score, kinds(file)) == (None, [])
