"""Backlog.md folders: every file of a task a row, all of a folder together or none of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.importers.backlog import bundle, is_backlog, parse_file
from steward.importers.backlog.folder import MARK
from steward.importers.files import DEFAULT_LIMIT, find
from steward.importers.model import ParsedFile, ParsedTask
from steward.importers.refusal import Refused
from steward.kit.db import Actor, Database
from tests.importers.samples import by_ref, edges, kinds
from tests.importers.test_load import Bench

BODY = """
## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
What is wanted.

## A heading of its own
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [ ] #1 First `thing`
- [ ] #2 Second
<!-- AC:END -->

## Definition of Done
<!-- DOD:BEGIN -->
- [ ] #1 Tests pass
<!-- DOD:END -->

## Implementation Plan

<!-- SECTION:PLAN:BEGIN -->
1. Begin
<!-- SECTION:PLAN:END -->

## Implementation Notes

Free text.
"""


def document(id: str, body: str = BODY, **front: Any) -> str:
    values = {"id": id, "title": f"Task {id}", "status": "To Do"} | front
    return (
        "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()) + "---\n" + body
    )


def parsed(**files: str) -> ParsedFile:
    named = {
        f"tasks/{name}.md" if "/" not in name and not name.endswith(".yml") else name: text
        for name, text in files.items()
    }
    return parse_file(json.dumps({"format": MARK, "files": named}).encode(), "backlog")


def only(text: str, folder: str = "tasks") -> ParsedTask:
    return parsed(**{f"{folder}/task-1 - A.md": text}).tasks[0]


def test_front_and_sections_become_fields() -> None:
    task = only(
        document(
            "BACK-1", title="A: title", status="In Progress", assignee=["@codex", "@ada"], labels=["cli", "ui"],
            created_date="2026-01-18 12:19", updated_date="2026-01-19", priority="high", milestone="m-1", ordinal=1000,
        )
    )  # fmt: skip
    fields = task.fields
    assert (task.ref, fields.title, fields.status, fields.priority) == (
        "BACK-1",
        "A: title",
        "in_progress",
        8,
    )
    assert (fields.assignee, fields.labels) == ("@codex, @ada", ("cli", "ui"))
    assert fields.description == "What is wanted.\n\n## A heading of its own"
    assert fields.acceptance_criteria == ("First `thing`", "Second")
    assert fields.details == (
        "## Definition of Done\n- [ ] #1 Tests pass\n\n## Implementation Plan\n\n1. Begin\n\n"
        "## Implementation Notes\n\nFree text."
    )
    assert fields.created_at == datetime(2026, 1, 18, 12, 19, tzinfo=UTC)
    assert task.metadata["backlog"] == {
        "status": "In Progress", "milestone": "m-1", "ordinal": "1000", "file": "tasks/task-1 - A.md",
    }  # fmt: skip


TICKED = """
## Acceptance Criteria
<!-- AC:BEGIN -->
- [ ] #1 one
      goes on
      - and on
- [x] #2 two
	further

  below a gap
- [X] three
- [ ] #4
No criterion.
- [ ]
<!-- AC:END -->
"""


def test_ticks_are_kept_and_told_and_lines_below_a_criterion_are_a_part_of_it() -> None:
    task = only(document("task-1", TICKED))
    assert task.fields.acceptance_criteria == (
        "one\ngoes on\n- and on",
        "two\nfurther\nbelow a gap",
        "three",
        "#4",
    )
    assert task.metadata["backlog"]["ticked_criteria"] == ["two\nfurther\nbelow a gap", "three"]
    [ticks, strays] = parsed(a=document("task-1", TICKED)).oddities
    assert (ticks.kind, ticks.line, strays.kind, strays.line) == (
        "ticked_criteria",
        12,
        "not_a_criterion",
        18,
    )
    assert ticks.message == "2 of 4 acceptance criteria are ticked"
    assert strays.message.startswith("2 lines")
    assert "ticked_criteria" not in only(document("task-1")).metadata["backlog"]


def test_what_is_odd_is_told_with_its_line_in_file_order() -> None:
    ticked = "\n- [x] done\n"
    behind = COMMENTS + BODY.replace("- [ ] #1 First `thing`\n- [ ] #2 Second\n", ticked)
    file = parsed(
        b='---\nid: task-2\nstatus: Odd\ntitle: B\npriority: loud\ndependencies:\n  - task-1\n\n  - ""\n'
        "  - task-404\nassignee: @ada\n---\n" + behind,
        a="---\r\ntitle: A\r\nid: task-2\r\nparent_task_id: task-9\r\ndependencies: [task-8]\r\n---\r\n",
        c="# No task",
    )
    assert [(each.place.split('"')[1][6:7], each.kind, each.line) for each in file.oddities] == [
        ("b", "custom_status", 3),
        ("b", "unknown_priority", 5),
        ("b", "dangling_dependency", 7),
        ("b", "dangling_dependency", 10),
        ("b", "ticked_criteria", 13 + behind[: behind.index("- [x]")].count("\n")),
        ("a", "duplicate_id", 3),
        ("a", "missing_status", 3),
        ("a", "dangling_dependency", 4),
        ("a", "dangling_dependency", 5),
        ("c", "other_record", 1),
    ]


def test_older_files_have_headings_alone_and_names_without_quotes() -> None:
    body = (
        "\n## Description\n\nText.\n\n## Acceptance Criteria\n\n- [ ] One\n* [x] Two\n\n## Notes\n\nRest.\n"
    )
    text = "---\nid: task-1\ntitle: Old\nstatus: Done\nassignee: @ada\nlabels: [a, @b]\n---\n" + body
    fields = only(text).fields
    assert (fields.description, fields.acceptance_criteria, fields.details) == (
        "Text.",
        ("One", "Two"),
        "## Notes\n\nRest.",
    )
    assert (fields.assignee, fields.status, fields.labels) == ("@ada", "done", ("a", "@b"))


def test_values_stay_the_texts_they_are() -> None:
    text = "---\nid: task-1\ntitle: 2026-01-01\nstatus: Done\nlabels: [yes, 1.10, 012, null]\n---\n"
    assert (only(text).fields.title, only(text).fields.labels) == (
        "2026-01-01",
        ("yes", "1.10", "012", "null"),
    )


def test_folders_tell_drafts_and_what_was_archived() -> None:
    assert only(document("task-1"), "drafts").fields.status == "draft"
    assert only(document("task-1", status="Done"), "completed").fields.status == "done"
    archived = only(document("task-1"), "archive/tasks")
    assert (archived.gone, archived.fields.status) == (True, "cancelled")


def test_columns_of_the_project_are_judged_by_their_place() -> None:
    config = 'statuses: ["Icebox", "Building", "Shipped"]\n'
    named = {
        f"tasks/task-{n} - A.md": document(f"task-{n}", status=s)
        for n, s in enumerate(["Icebox", "building", "Shipped", "?"])
    }
    file = parse_file(
        json.dumps({"format": MARK, "files": {"config.yml": config, **named}}).encode(), "backlog"
    )
    assert [task.fields.status for task in file.tasks] == ["pending", "in_progress", "done", "blocked"]
    assert kinds(file) == ["custom_status"] * 4


def test_parents_and_dependencies_are_found_whatever_their_case() -> None:
    file = parsed(
        a=document("BACK-367.01", parent_task_id="back-367", dependencies=["BACK-367"]),
        b=document("BACK-367"),
        c=document("back-2", dependencies=["back-367.01", "1", "BACK-404"]),
        d=document("BACK-1", dependencies="Back-2"),
        e=document("BACK-2.1"),
    )
    assert {task.ref: task.parent_ref for task in file.tasks if task.parent_ref} == {
        "BACK-367.01": "BACK-367", "BACK-2.1": "BACK-2",
    }  # fmt: skip
    assert edges(file) == [("BACK-2", "BACK-367.01"), ("BACK-2", "BACK-1")]
    assert sorted(kinds(file)) == ["dangling_dependency", "dependency_cycle", "waits_for_parent"]


def test_references_by_an_earlier_prefix_are_found_and_told() -> None:
    file = parsed(a=document("BACK-1"), b=document("BACK-2", dependencies=["task-1", "back-404", "x-404"]))
    assert edges(file) == [("BACK-2", "BACK-1")]
    assert sorted(kinds(file)) == ["dangling_dependency", "dangling_dependency", "renamed_prefix"]


def test_two_files_of_one_id_are_both_rows() -> None:
    file = parsed(a=document("task-1"), b=document("TASK-1"), c=document("task-2", dependencies=["task-1"]))
    assert (list(by_ref(file)), kinds(file)) == (["TASK-1", "TASK-1~2", "TASK-2"], ["duplicate_id"])


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("# no front", "no_front_matter", 1),
        ("---\nid: task-1\ntitle: cut", "no_front_matter", 1),
        ("---\nid: task-1\ntitle: a: b\n---\n", "not_yaml", 3),
        ("---\n- a\n---\n", "not_yaml", 2),
        ("---\nid: a\n---\n<<<<<<< HEAD\n", "conflict_markers", 4),
    ],
)
def test_a_damaged_file_refuses_the_folder_by_its_name(text: str, kind: str, line: int) -> None:
    files = {"tasks/task-1 - A.md": text, "tasks/task-2 - B.md": document("task-2")}
    with pytest.raises(Refused) as refused:
        parse_file(json.dumps({"format": MARK, "files": files}).encode(), "backlog")
    assert (refused.value.kind, refused.value.line) == (kind, line)
    assert "task-1 - A.md" in refused.value.message


def test_other_files_are_told_and_kept() -> None:
    file = parsed(readme="# Tasks", a=document("task-1"))
    assert (len(file.tasks), kinds(file)) == (1, ["other_record"])


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 300), length=st.integers(0, 20), put=st.text(max_size=6))
def test_any_damage_is_refused_or_read_without_a_crash(at: int, length: int, put: str) -> None:
    text = document("task-1", labels=["a"], dependencies=["task-2"], assignee=["@a"])
    damaged = text[:at] + put + text[at + length :]
    files = {"tasks/task-1 - A.md": damaged, "tasks/task-2 - B.md": document("task-2")}
    try:
        file = parse_file(json.dumps({"format": MARK, "files": files}).encode(), "backlog")
    except Refused:
        return
    assert len(file.tasks) == 2


def write(root: Path, **files: str) -> Path:
    folder = root / "shop" / "backlog"
    for name, text in files.items():
        path = folder / "tasks" / f"{name} - A title.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_is_found_as_one_from_wherever_it_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, **{"task-1": document("task-1")})
    (folder / "docs").mkdir()
    (folder / "docs" / "tasks.json").write_text("{}")
    assert is_backlog(folder)
    for path in (tmp_path, folder.parent, folder, folder / "tasks"):
        assert [each.path for each in find([path], is_backlog)] == [folder]
    assert not is_backlog(tmp_path)
    assert not is_backlog(folder / "tasks")


def test_a_file_that_is_no_text_refuses_the_folder(tmp_path: Path) -> None:
    folder = write(tmp_path, **{"task-1": document("task-1")})
    (folder / "tasks" / "task-2 - B.md").write_bytes(b"---\nid: \xff\n---\n")
    with pytest.raises(Refused, match=r"task-2 - B\.md: byte 8"):
        bundle(folder, DEFAULT_LIMIT)
    with pytest.raises(Refused, match="more than 10 bytes"):
        bundle(write(tmp_path, **{"task-1": document("task-1")}), 10)


@pytest.mark.db
def test_a_folder_is_a_project_and_a_second_run_changes_nothing(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    bench = Bench(database, actor, tmp_path)
    files = {"task-1": document("task-1", status="Done"), "task-2": document("task-2", dependencies=["task-1"]),
             "task-2.1": document("task-2.1", parent_task_id="task-2")}  # fmt: skip
    folder = write(tmp_path, **files)
    entry = bench.run(tmp_path).files[0]
    assert (entry.format, entry.outcome, entry.changes["created"]) == ("backlog", "imported", 3)
    assert bench.sql("select slug from projects.projects where slug = 'shop'") == [("shop",)]
    rows = """
        select t.import_ref, p.import_ref, t.status from work.tasks as t
        left join work.tasks as p on p.id = t.parent_task_id where t.deleted_at is null order by t.number
    """
    assert bench.sql(rows) == [
        ("TASK-1", None, "done"),
        ("TASK-2", None, "pending"),
        ("TASK-2.1", "TASK-2", "pending"),
    ]
    assert bench.edges() == {("TASK-2", "TASK-1")}
    assert bench.run(folder).files[0].changes == {"unchanged": 3}
    write(tmp_path, **{"task-2": document("task-2", title="Renamed")})
    (folder / "tasks" / "task-1 - A title.md").unlink()
    entry = bench.run(folder).files[0]
    assert (entry.changes["updated"], entry.changes["removed"], entry.changes["dependencies_removed"]) == (
        1,
        1,
        1,
    )
    assert bench.tasks() == {"TASK-2": "Renamed", "TASK-2.1": "Task task-2.1"}
    write(tmp_path, **{"task-3": "cut off"})
    assert bench.run(folder).files[0].outcome == "refused"
    assert len(bench.tasks()) == 2


COMMENTS = """
## Comments

<!-- COMMENTS:BEGIN -->
author: @ada
created: 2026-06-22 02:52
---
First, with a rule:
---
and more.
---
author: codex
created: 2026-06-22 02:53
---
Second
<!-- COMMENTS:END -->
"""


def test_comments_are_rows_and_no_part_of_the_text(tmp_path: Path, database: Database, actor: Actor) -> None:
    folder = tmp_path / "shop" / "backlog"
    (folder / "tasks").mkdir(parents=True)
    (folder / "config.yml").write_text("project_name: Shop\n", "utf-8")
    (folder / "tasks" / "back-1 - One.md").write_text(document("BACK-1", BODY + COMMENTS), "utf-8")
    bench = Bench(database, actor, tmp_path)
    for _ in range(2):
        bench.run(folder)
    assert bench.sql("select author, content, created_at::text from work.comments order by created_at") == [
        ("@ada", "First, with a rule:\n---\nand more.", "2026-06-22 02:52:00+00"),
        ("codex", "Second", "2026-06-22 02:53:00+00"),
    ]
    (details,) = bench.sql("select details from work.tasks")[0]
    assert "Free text." in details
    assert "Second" not in details
    assert "Comments" not in details
