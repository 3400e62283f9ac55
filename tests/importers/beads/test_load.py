"""Beads files in the database: counted right, twice the same, and nothing lost on either side."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.importers.beads.conftest import BeadsBench
from tests.importers.beads.samples import issue, jsonl
from tests.importers.test_load import kinds

pytestmark = pytest.mark.db

LINES = (
    issue("bd-1", status="closed", priority=0, issue_type="bug", labels=["a"], assignee="ada"),
    issue("bd-2", ("bd-1", "blocks"), due_at="2026-02-03T00:00:00Z", external_ref="gh-9", issue_type="epic"),
    issue("bd-2.1", ("bd-2", "parent-child"), ("bd-1", "discovered-from"), design="d", estimated_minutes=30),
    issue("bd-3", ("bd-2", "waits-for"), comments=[{"id": 1, "author": "ada", "text": "hm"}]),
    issue(
        "bd-4",
        ("bd-3", "blocks"),
        status="tombstone",
        deleted_at="2025-12-25T01:21:01Z",
        original_type="feature",
    ),
    issue("bd-5", ("bd-4", "blocks"), ("bd-9", "blocks")),
)


def test_every_issue_becomes_a_row_and_tombstones_deleted_ones(bench: BeadsBench) -> None:
    entry = bench.put(*LINES)
    assert (entry.format, entry.outcome, entry.project) == ("beads", "imported", "SHOP")
    assert (
        entry.changes["created"],
        entry.changes["created_as_deleted"],
        entry.changes["dependencies_added"],
    ) == (
        6,
        1,
        5,
    )
    held = entry.holds
    assert (held["tasks"], held["subtasks"], held["deleted_in_file"], held["comments"]) == (4, 1, 1, 1)
    rows = bench.sql(
        """
        select t.import_ref, p.import_ref, t.status, t.priority, t.type, t.completed_at is not null,
          t.deleted_at::text, t.metadata #>> '{beads,issue_type}'
        from work.tasks as t left join work.tasks as p on p.id = t.parent_task_id order by t.number
        """
    )
    assert rows == [
        ("bd-1", None, "done", 10, "bug", True, None, "bug"),
        ("bd-2", None, "pending", 5, "task", False, None, "epic"),
        ("bd-2.1", "bd-2", "pending", 5, "task", False, None, "task"),
        ("bd-3", None, "pending", 5, "task", False, None, "task"),
        ("bd-4", None, "cancelled", 5, "feature", False, "2025-12-25 01:21:01+00", "task"),
        ("bd-5", None, "pending", 5, "task", False, None, "task"),
    ]
    beside = "select metadata, details, estimated_minutes, due_date::text from work.tasks where import_ref = any (%s)"
    assert bench.sql(beside, ["bd-2"])[0][3] == "2026-02-03 00:00:00+00"
    assert bench.sql(beside, ["bd-1"])[0][0]["assignee"] == "ada"
    assert bench.sql(beside, ["bd-3"])[0][0]["beads"]["comments"] == 1
    assert bench.sql(beside, ["bd-2.1"])[0][1:3] == ("d", 30)
    assert bench.links() == {
        ("bd-2", "bd-1", "blocks", "blocks"),
        ("bd-2.1", "bd-1", "relates_to", "discovered-from"),
        ("bd-3", "bd-2", "blocks", "waits-for"),
        ("bd-4", "bd-3", "blocks", "blocks"),
        ("bd-5", "bd-4", "blocks", "blocks"),
    }
    ready = bench.sql(
        "select t.import_ref from work.ready_queue as q join work.tasks as t on t.id = q.task_id"
    )
    assert {ref for (ref,) in ready} == {"bd-2.1", "bd-5"}
    assert kinds(entry) == ["dangling_dependency"]


def test_a_second_run_changes_nothing(bench: BeadsBench) -> None:
    bench.put(*LINES)
    before = bench.sql("select id, version, updated_at from work.tasks order by id")
    logged = bench.sql("select count(*) from audit.audit_logs")
    entry = bench.run().files[0]
    assert (entry.outcome, entry.changes) == ("unchanged", {"unchanged": 6})
    assert bench.sql("select count(*) from audit.audit_logs") == logged
    shuffled = list(LINES)
    random.Random(3).shuffle(shuffled)
    entry = bench.put(*shuffled)
    assert {name: count for name, count in entry.changes.items() if count} == {"unchanged": 6}
    assert bench.sql("select id, version, updated_at from work.tasks order by id") == before


def test_the_export_is_the_file(bench: BeadsBench) -> None:
    bench.put(*LINES)
    assert bench.give_back() == jsonl(*LINES)
    bench.edit("bd-3", "status", "done")
    changed = bench.issues()
    assert [each["id"] for each in changed if each not in LINES] == ["bd-3"]
    assert (changed[3]["status"], "closed_at" in changed[3]) == ("closed", True)


def test_only_what_changed_in_the_file_is_written(bench: BeadsBench) -> None:
    bench.put(*LINES)
    bench.edit("bd-2", "description", "written in Steward")
    bench.edit("bd-3", "title", "Renamed in Steward")
    lines = [dict(line) for line in LINES]
    lines[1]["title"] = "Renamed in the file"
    lines[3] |= {
        "title": "Renamed there too",
        "comments": [],
        "issue_type": "chore",
        "due_at": "2026-01-01T00:00:00Z",
    }
    lines[5]["dependencies"] = [{"issue_id": "bd-5", "depends_on_id": "bd-3", "type": "blocks"}]
    entry = bench.put(*lines, issue("bd-6", ("bd-5", "related")))
    assert entry.changes == {
        "created": 1,
        "updated": 2,
        "removed": 0,
        "unchanged": 4,
        "dependencies_added": 2,
        "dependencies_removed": 1,
        "comments_removed": 1,
    }
    assert kinds(entry) == ["changed_on_both_sides"]
    assert bench.tasks()["bd-3"] == "Renamed there too"
    row = (
        "select description, type, metadata -> 'beads', due_date::text from work.tasks where import_ref = %s"
    )
    assert bench.sql(row, "bd-2")[0][0] == "written in Steward"
    assert bench.sql(row, "bd-3")[0][1:] == (
        "chore",
        {"status": "open", "issue_type": "chore"},
        "2026-01-01 00:00:00+00",
    )
    assert ("bd-5", "bd-3", "blocks", "blocks") in bench.links()


def test_a_dependency_that_changed_its_name_is_the_same_pair_with_another(bench: BeadsBench) -> None:
    bench.put(issue("bd-1"), issue("bd-2", ("bd-1", "related")), issue("bd-3", ("bd-1", "blocks")))
    entry = bench.put(
        issue("bd-1"), issue("bd-2", ("bd-1", "duplicates")), issue("bd-3", ("bd-1", "related"))
    )
    assert (entry.changes["dependencies_added"], entry.changes["dependencies_removed"]) == (2, 2)
    assert bench.links() == {
        ("bd-2", "bd-1", "relates_to", "duplicates"),
        ("bd-3", "bd-1", "relates_to", "related"),
    }


def test_issues_that_were_deleted_in_the_file_are_deleted_unless_worked_on(bench: BeadsBench) -> None:
    bench.put(issue("bd-1"), issue("bd-2"), issue("bd-3"))
    bench.edit("bd-2", "details", "notes of an agent")
    gone = {"status": "tombstone", "deleted_by": "ada"}
    entry = bench.put(issue("bd-1", **gone), issue("bd-2", **gone))
    assert (list(bench.tasks()), entry.changes["removed"]) == (["bd-2"], 2)
    assert kinds(entry) == ["removed_from_file"] * 3
    state = "select status, metadata #>> '{beads,deleted_by}' from work.tasks where import_ref = 'bd-1'"
    assert bench.sql(state) == [("cancelled", "ada")]
    assert bench.issues()[0] == issue("bd-1", **gone)
    entry = bench.put(issue("bd-1", title="Back"), issue("bd-2", **gone))
    assert bench.tasks() == {"bd-1": "Back", "bd-2": "Issue bd-2"}
    assert bench.sql("select status from work.tasks where import_ref = 'bd-1'") == [("pending",)]
    again = bench.run().files[0]
    assert again.outcome == "unchanged"


def test_a_tombstone_that_was_restored_in_steward_stays(bench: BeadsBench) -> None:
    bench.put(issue("bd-1", status="tombstone"))
    bench.sql("update work.tasks set deleted_at = null, status = 'pending'")
    entry = bench.put(issue("bd-1", status="tombstone"), issue("bd-2"))
    assert (sorted(bench.tasks()), kinds(entry), entry.changes["removed"]) == (["bd-1", "bd-2"], [], 0)
    assert bench.issues()[0]["status"] == "open"


def test_an_issue_that_moved_in_the_file_moves(bench: BeadsBench) -> None:
    bench.put(issue("bd-1"), issue("bd-2"), issue("bd-3", ("bd-1", "parent-child")), issue("bd-4"))
    bench.put(
        issue("bd-1"),
        issue("bd-2"),
        issue("bd-3", ("bd-5", "parent-child")),
        issue("bd-4", ("bd-1", "parent-child")),
        issue("bd-5"),
    )
    above = """
        select t.import_ref, p.import_ref from work.tasks as t
        join work.tasks as p on p.id = t.parent_task_id order by t.import_ref
    """
    assert bench.sql(above) == [("bd-3", "bd-5"), ("bd-4", "bd-1")]
    bench.put(
        issue("bd-1"), issue("bd-2"), issue("bd-3"), issue("bd-4", ("bd-1", "parent-child")), issue("bd-5")
    )
    assert bench.sql(above) == [("bd-4", "bd-1")]


def test_what_was_done_and_added_in_steward_goes_out_and_comes_in_again_without_a_change(
    bench: BeadsBench,
) -> None:
    bench.put(*LINES)
    bench.edit("bd-3", "status", "in_progress")
    bench.sql(
        """
        insert into work.tasks (project_id, parent_task_id, title, status, priority, type)
        select project_id, id, 'Added below', 'testing', 9, 'bug' from work.tasks where import_ref = 'bd-2'
        """
    )
    bench.sql(
        """
        insert into work.task_dependencies (task_id, depends_on_task_id, project_id, dependency_type)
        select a.id, b.id, a.project_id, 'blocks' from work.tasks as a, work.tasks as b
        where a.title = 'Added below' and b.import_ref = 'bd-1'
        """
    )
    out = bench.issues()
    assert (out[-1]["id"], out[-1]["status"], out[-1]["priority"]) == ("bd-2.2", "in_progress", 0)
    assert [each["type"] for each in out[-1]["dependencies"]] == ["parent-child", "blocks"]
    entry = bench.put(*out)
    assert (entry.changes["created"], entry.changes["removed"]) == (0, 0)
    added = bench.sql("select status, priority, type, import_ref from work.tasks where title = 'Added below'")
    assert added == [("testing", 9, "bug", "bd-2.2")]
    assert bench.issues() == out
    again = bench.put(*out, {"_type": "memory"})
    assert not any(count for name, count in again.changes.items() if name != "unchanged")


def test_a_dependency_made_in_steward_bears_its_own_time(bench: BeadsBench) -> None:
    lines = (issue("bd-1"), issue("bd-2"), issue("bd-3", ("bd-1", "blocks")))
    bench.put(*lines)
    bench.sql(
        """
        insert into work.task_dependencies (task_id, depends_on_task_id, project_id, dependency_type, created_at)
        select a.id, b.id, a.project_id, 'blocks', '2026-01-02T03:04:05Z'
        from work.tasks as a, work.tasks as b
        where a.import_ref in ('bd-2', 'bd-3') and b.import_ref = 'bd-1'
        on conflict do nothing
        """
    )
    out = bench.issues()
    assert (out[0], out[2]) == (lines[0], lines[2])
    assert (out[1]["dependencies"][0]["created_at"], out[1]["updated_at"]) == (
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z",
    )
    bench.edit("bd-2", "title", "Renamed later")
    later = bench.issues()[1]
    assert later["dependencies"] == out[1]["dependencies"]
    assert later["updated_at"] > out[1]["updated_at"]


def test_an_edge_that_closes_a_cycle_with_one_made_in_steward_is_left_out(bench: BeadsBench) -> None:
    bench.put(issue("bd-1"), issue("bd-2"))
    bench.sql(
        """
        insert into work.task_dependencies (task_id, depends_on_task_id, project_id)
        select a.id, b.id, a.project_id from work.tasks as a, work.tasks as b
        where a.import_ref = 'bd-1' and b.import_ref = 'bd-2'
        """
    )
    entry = bench.put(issue("bd-1"), issue("bd-2", ("bd-1", "blocks"), ("bd-1", "related")))
    assert (entry.outcome, kinds(entry)) == ("imported", ["dependency_cycle"])
    assert {link[2:] for link in bench.links()} == {("blocks", None), ("relates_to", "related")}


def test_a_dry_run_tells_and_writes_nothing(bench: BeadsBench) -> None:
    bench.write(jsonl(*LINES))
    report = bench.run(dry_run=True)
    assert report.files[0].changes["created"] == 6
    assert (
        report.before
        == report.after
        == {"projects": 0, "files": 0, "tasks": 0, "dependencies": 0, "comments": 0}
    )


def test_a_damaged_file_leaves_what_is_there_alone(bench: BeadsBench) -> None:
    bench.put(*LINES)
    for text in (jsonl(*LINES)[:-20], "", "\n"):
        entry = bench.bring(text)
        assert (entry.outcome, bool(entry.refusal)) == ("refused", True)
        assert len(bench.tasks()) == 5


def test_an_empty_file_of_a_fresh_project_is_no_fault(bench: BeadsBench) -> None:
    entry = bench.bring("")
    assert (entry.format, entry.outcome, entry.holds["tasks"]) == ("beads", "imported", 0)


def test_states_that_a_merge_left_behind_are_passed_over(bench: BeadsBench) -> None:
    bench.write(jsonl(*LINES))
    for name in ("beads.base.jsonl", "issues.left.jsonl", "issues.jsonl.bak", "interactions.jsonl"):
        bench.write(
            jsonl(*LINES) if name != "interactions.jsonl" else '{"id":"int-1","kind":"x"}',
            bench.file.parent / name,
        )
    report = bench.run(bench.root)
    outcomes = {entry.file.rpartition("/")[2]: entry.outcome for entry in report.files}
    assert outcomes.pop("issues.jsonl") == "imported"
    assert set(outcomes.values()) == {"skipped"}


def test_a_beads_and_a_taskmaster_file_share_a_project(bench: BeadsBench) -> None:
    tasks = bench.root / "shop" / ".taskmaster" / "tasks" / "tasks.json"
    bench.write({"tasks": [{"id": 1, "title": "One", "status": "pending", "dependencies": []}]}, tasks)
    bench.put(*LINES)
    report = bench.run(bench.root)
    assert len({entry.project for entry in report.files if entry.outcome != "skipped"}) == 1
    assert bench.give_back() == jsonl(*LINES)
    assert [item["title"] for item in bench.export()["tasks"]] == ["One"]


@pytest.mark.parametrize("seed", range(8))
def test_any_change_on_both_sides_settles_after_one_round(bench: BeadsBench, seed: int) -> None:
    """Random files and random edits: import, export and import again end in the same rows and the same text."""
    rng = random.Random(seed)
    bench.put(*_random(rng, 12))
    for ref in rng.sample([f"bd-{n}" for n in range(12)], 4):
        bench.edit(ref, "title", f"Edited {ref}")
        bench.edit(ref, "priority", rng.randint(1, 10))
    bench.put(*_random(rng, 12))
    first = bench.give_back()
    entry = bench.bring(first)
    assert entry.outcome != "refused"
    rows = bench.sql("select id, title, status, priority, deleted_at is null from work.tasks order by id")
    assert bench.give_back() == first
    again = bench.bring(first + '{"_type":"memory"}\n')
    assert not any(count for name, count in again.changes.items() if name != "unchanged")
    assert (
        bench.sql("select id, title, status, priority, deleted_at is null from work.tasks order by id")
        == rows
    )


def _random(rng: random.Random, count: int) -> list[dict[str, Any]]:
    names = ["blocks", "parent-child", "related", "waits-for", "discovered-from"]
    lines = []
    for number in range(count):
        targets = [(f"bd-{rng.randrange(count + 1)}", rng.choice(names)) for _ in range(rng.randrange(4))]
        status = rng.choice(["open", "open", "closed", "in_progress", "tombstone", "deferred"])
        lines.append(
            issue(
                f"bd-{number}",
                *targets,
                status=status,
                priority=rng.randrange(5),
                title=f"T{rng.randrange(3)}",
            )
        )
    return json.loads(json.dumps(lines))  # type: ignore[no-any-return]
