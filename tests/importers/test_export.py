from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from steward.importers.taskmaster import ExportRow, Fields, export_text, parse_file
from tests.importers.samples import edges, kinds, parsed, tagged, task

Change = Callable[[list[ExportRow]], list[ExportRow]]


def rows_of(original: bytes) -> list[ExportRow]:
    """The rows as they stand right after an import."""
    parsed = parse_file(original, "tasks.json")
    rows = []
    for tag in parsed.tags:
        for found in tag.tasks:
            blockers = tuple(f"{tag.name}/{edge.depends_on}" for edge in tag.edges if edge.ref == found.ref)
            parent = f"{tag.name}/{found.parent_ref}" if found.parent_ref else None
            rows.append(
                ExportRow(f"{tag.name}/{found.ref}", tag.name, found.ref, parent, found.fields, blockers)
            )
    return rows


def exported(document: Any, change: Change = lambda rows: rows, tag: str | None = None) -> Any:
    original = json.dumps(document, ensure_ascii=False).encode()
    return json.loads(export_text(original, "tasks.json", change(rows_of(original)), tag))


def changing(row_id: str, **more: Any) -> Change:
    return lambda rows: [replace(row, **more) if row.id == row_id else row for row in rows]


def editing(row_id: str, **more: Any) -> Change:
    return lambda rows: [
        replace(row, fields=replace(row.fields, **more)) if row.id == row_id else row for row in rows
    ]


DOCUMENTS: list[Any] = [
    {},
    {"tasks": [task(1), task(2, depends=[1, 99, 2])], "metadata": {"z": 1, "a": 2}},
    tagged(
        master=[task(1), task(1)], other=[task("1.5", status="weird", priority="P1", x={"b": 1, "a": [1.10]})]
    ),
    tagged(master=[task(1)]) | {"tasks": [task(1)], "version": 3},
    [task(1, subtasks=[task("1.1"), None, "text", task(3, subtasks=[task(1)])])],
    {
        "tasks": [
            {"title": 7, "id": None},
            {"id": 1, "dependencies": "2,3"},
            {"id": 2, "tags": "a,b"},
            {"id": 3},
        ]
    },
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_did_not_change_comes_back_to_the_byte(document: Any) -> None:
    original = json.dumps(document, indent=4).encode()
    assert export_text(original, "tasks.json", rows_of(original)).encode() == original


@pytest.mark.parametrize("document", DOCUMENTS[1:])
def test_one_change_leaves_the_rest_and_its_order_alone(document: Any) -> None:
    original = json.dumps(document).encode()
    first = rows_of(original)[0].id
    result = json.loads(export_text(original, "tasks.json", editing(first, title="New")(rows_of(original))))
    back = json.loads(export_text(json.dumps(result).encode(), "tasks.json", []))
    assert json.dumps(back) == json.dumps(result)
    expected = parse_file(original, "tasks.json")
    expected.tasks[0].raw["title"] = "New"
    assert json.dumps(result) == json.dumps(expected.raw)


def test_a_status_is_written_in_the_words_of_the_file() -> None:
    document = {"tasks": [task(1, status="completed"), task(2, status="todo"), task(3)]}
    result = exported(document, editing("master/2", status="done"))
    assert [item["status"] for item in result["tasks"]] == ["completed", "completed", "pending"]
    result = exported({"tasks": [task(1)]}, editing("master/1", status="in_progress"))
    assert result["tasks"][0]["status"] == "in-progress"


def test_flags_and_times_beside_the_status_stay_true_to_it() -> None:
    item = task(1, completed=False, updatedAt="2025-01-01T00:00:00Z")
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    result = exported({"tasks": [item]}, editing("master/1", status="done", completed_at=now, updated_at=now))
    assert result["tasks"][0] == item | {
        "status": "done",
        "completed": True,
        "completedAt": "2026-01-02T03:04:05Z",
        "updatedAt": "2026-01-02T03:04:05Z",
    }


def test_other_fields_are_written_under_the_keys_of_the_file() -> None:
    item = task(1, test_strategy="old", estimated_hours=2, acceptanceCriteria="- a", labels=["x"])
    change = editing(
        "master/1",
        test_strategy="new",
        estimated_minutes=90,
        acceptance_criteria=("a", "b"),
        labels=("x", "y"),
        priority=9,
    )
    assert exported({"tasks": [item]}, change)["tasks"][0] == item | {
        "test_strategy": "new",
        "estimated_hours": 1.5,
        "acceptanceCriteria": "- a\n- b",
        "labels": ["x", "y"],
        "priority": "critical",
    }


def test_what_is_gone_is_left_out_and_nothing_else() -> None:
    document = {"tasks": [task(1), None, task(2, subtasks=[task(1), task(2), task(3)]), task(3)]}

    def drop(rows: list[ExportRow]) -> list[ExportRow]:
        return [replace(row, deleted=row.id in ("master/1", "master/2.1", "master/2.3")) for row in rows]

    result = exported(document, drop)
    assert [item and item["id"] for item in result["tasks"]] == [None, 2, 3]
    assert [item["id"] for item in result["tasks"][1]["subtasks"]] == [2]


def test_what_was_added_is_appended_and_found_again() -> None:
    document = tagged(master=[task("TASK-007", subtasks=[task("TASK-007.1")]), task("TASK-008")])
    new = [
        ExportRow("id-a", "master", None, None, Fields("A", priority=8), ("master/TASK-008", "id-b")),
        ExportRow("id-b", "master", None, "master/TASK-007", Fields("B")),
        ExportRow("id-c", "fresh", None, None, Fields("C")),
    ]
    result = exported(document, lambda rows: rows + new)
    first, _, added = result["master"]["tasks"]
    assert (added["id"], added["dependencies"]) == ("TASK-009", ["TASK-008", "TASK-007.2"])
    assert (added["priority"], added["metadata"]) == ("high", {"steward_id": "id-a"})
    assert [item["id"] for item in first["subtasks"]] == ["TASK-007.1", "TASK-007.2"]
    assert result["fresh"]["tasks"][0]["id"] == 1
    again = parsed(result)
    assert [found.steward_id for found in again.tasks if found.steward_id] == ["id-b", "id-a", "id-c"]
    assert edges(again) == [("TASK-009", "TASK-008"), ("TASK-009", "TASK-007.2")]
    assert kinds(again) == []


def test_an_empty_file_takes_in_what_was_added() -> None:
    result = exported({}, lambda rows: [ExportRow("a", "master", None, None, Fields("A"))])
    assert result["master"]["tasks"][0]["title"] == "A"


def test_dependencies_change_one_by_one_and_dead_entries_stay() -> None:
    document = {"tasks": [task(1), task(2), task(3, depends=["1", 99, 2]), task(4, subtasks=[task(1)])]}
    result = exported(document, changing("master/3", blockers=("master/2", "master/4.1", "master/4")))
    assert result["tasks"][2]["dependencies"] == [99, 2, "4.1", 4]


def test_one_tag_can_be_given_alone() -> None:
    document = tagged(master=[task(1)], other=[task(1)])
    assert exported(document, tag="other") == {"other": document["other"]}
    assert exported({"tasks": [task(1)]}, tag="master") == {"tasks": [task(1)]}
