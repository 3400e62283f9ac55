"""Files in the database: only what changed is written, and what was done in Steward is not lost."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from steward.importers import ImportReport, Refused, export_taskmaster, run_import
from steward.importers.report import FileReport
from steward.kit.db import Actor, Database
from steward.kit.errors import Denied
from tests.importers.samples import parsed, tagged, task

pytestmark = pytest.mark.db


class Bench:
    """A project folder, and the database it is imported into."""

    def __init__(self, database: Database, actor: Actor, root: Path) -> None:
        self.database = database
        self.actor = actor
        self.root = root
        self.file = root / "shop" / ".taskmaster" / "tasks" / "tasks.json"

    def write(self, document: Any, path: Path | None = None) -> Path:
        path = path or self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
        return path

    def run(self, *paths: Path, **more: Any) -> ImportReport:
        more.setdefault("report", self.root / "report.json")
        return run_import(self.database, self.actor, paths or [self.file], **more)

    def bring(self, document: Any, **more: Any) -> FileReport:
        self.write(document)
        return self.run(**more).files[0]

    def sql(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        with self.database.transaction(self.actor) as db:
            cursor = db.connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def tasks(self) -> dict[str, str]:
        found = self.sql("select import_ref, title from work.tasks where deleted_at is null order by number")
        return {str(ref): title for ref, title in found}

    def edges(self) -> set[tuple[str, str]]:
        statement = """
            select t.import_ref, b.import_ref from work.task_dependencies as d
            join work.tasks as t on t.id = d.task_id join work.tasks as b on b.id = d.depends_on_task_id
        """
        return {(str(ref), str(blocker)) for ref, blocker in self.sql(statement)}

    def edit(self, ref: str, column: str, value: Any) -> None:
        self.sql(f"update work.tasks set {column} = %s where import_ref = %s", value, ref)

    def export(self, **more: Any) -> Any:
        with self.database.transaction(self.actor) as db:
            return json.loads(export_taskmaster(db, project="shop", **more))


@pytest.fixture
def bench(database: Database, actor: Actor, tmp_path: Path) -> Bench:
    return Bench(database, actor, tmp_path)


def kinds(report: FileReport) -> list[str]:
    return [oddity["kind"] for oddity in report.oddities]


DOCUMENT = tagged(
    master=[
        task(1, status="done", completedAt="2025-01-02T03:04:05Z", createdAt="2025-01-01"),
        task(2, depends=[1], priority="high", subtasks=[task(1), task(2, depends=[1], tags=["ui"])]),
    ],
    later=[task(1, assignee="Ada", acceptanceCriteria=["a", "b"], estimatedHours=2)],
)


def test_every_task_becomes_a_row_with_parent_tag_and_number(bench: Bench) -> None:
    entry = bench.bring(DOCUMENT)
    assert (entry.outcome, entry.changes["created"], entry.changes["dependencies_added"]) == (
        "imported",
        5,
        2,
    )
    rows = bench.sql(
        """
        select t.number, t.import_tag, t.import_ref, p.import_ref, t.status, t.priority, t.labels,
          t.completed_at is not null, t.estimated_minutes, t.metadata, t.acceptance_criteria
        from work.tasks as t left join work.tasks as p on p.id = t.parent_task_id order by t.number
        """
    )
    assert rows == [
        (1, "master", "1", None, "done", 5, [], True, None, {}, []),
        (2, "master", "2", None, "pending", 8, [], False, None, {}, []),
        (3, "master", "2.1", "2", "pending", 8, [], False, None, {}, []),
        (4, "master", "2.2", "2", "pending", 8, ["ui"], False, None, {}, []),
        (5, "later", "1", None, "pending", 5, [], False, 120, {"assignee": "Ada"}, ["a", "b"]),
    ]
    ready = bench.sql("select number from work.ready_queue order by number")
    assert ready == [(3,), (5,)]


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.bring(DOCUMENT)
    before = bench.sql("select id, version, updated_at from work.tasks order by id")
    logged = bench.sql("select count(*) from audit.audit_logs")
    entry = bench.run().files[0]
    assert (entry.outcome, entry.changes) == ("unchanged", {"unchanged": 5})
    assert bench.sql("select id, version, updated_at from work.tasks order by id") == before
    assert bench.sql("select count(*) from audit.audit_logs") == logged


def test_the_same_content_written_in_another_way_changes_no_task(bench: Bench) -> None:
    bench.bring(DOCUMENT)
    entry = bench.bring(json.dumps(DOCUMENT))
    assert {name: count for name, count in entry.changes.items() if count} == {"unchanged": 5}


def test_only_what_changed_in_the_file_is_written(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2), task(3, depends=[1])]})
    bench.edit("1", "description", "written in Steward")
    bench.edit("2", "title", "Renamed in Steward")
    changed = [
        task(1, title="Renamed in the file"),
        task(2, title="Renamed there too"),
        task(3, depends=[2]),
        task(4),
    ]
    entry = bench.bring({"tasks": changed})
    assert entry.changes == {
        "created": 1,
        "updated": 2,
        "removed": 0,
        "unchanged": 1,
        "dependencies_added": 1,
        "dependencies_removed": 1,
    }
    assert bench.tasks() == {
        "1": "Renamed in the file",
        "2": "Renamed there too",
        "3": "Task 3",
        "4": "Task 4",
    }
    assert bench.sql("select description from work.tasks where import_ref = '1'") == [("written in Steward",)]
    assert bench.edges() == {("3", "2")}
    assert kinds(entry) == ["changed_on_both_sides"]


def test_what_left_the_file_is_deleted_unless_it_was_worked_on(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2, subtasks=[task(1), task(2)]), task(3, depends=[1])]})
    bench.edit("2.1", "details", "notes of an agent")
    entry = bench.bring({"tasks": [task(1)]})
    assert bench.tasks() == {"1": "Task 1", "2": "Task 2", "2.1": "Task 1"}
    assert entry.changes["removed"] == 2
    assert kinds(entry) == ["removed_from_file"] * 4
    again = bench.bring({"tasks": [task(1), task(3, title="Back again", depends=[1])]})
    assert (again.changes["updated"], again.changes["created"], kinds(again)) == (1, 0, [])
    assert bench.tasks()["3"] == "Back again"
    assert bench.edges() == {("3", "1")}


def test_what_was_deleted_in_steward_stays_deleted(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2)]})
    bench.sql("update work.tasks set deleted_at = now() where import_ref = '2'")
    entry = bench.bring({"tasks": [task(1), task(2, title="Changed")]})
    assert (list(bench.tasks()), kinds(entry)) == (["1"], ["deleted_in_steward"])
    assert [item["id"] for item in bench.export()["tasks"]] == [1]


def test_what_is_new_below_a_deleted_task_waits_until_that_is_restored(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2)]})
    bench.sql("update work.tasks set deleted_at = now() where import_ref = '2'")
    grown = [task(1, depends=["2.1"]), task(2, subtasks=[task(1, subtasks=[task(1)])])]
    entry = bench.bring({"tasks": grown})
    assert (list(bench.tasks()), kinds(entry)[-2:]) == (["1"], ["deleted_in_steward"] * 2)
    bench.sql("update work.tasks set deleted_at = null")
    bench.bring({"tasks": [*grown, task(3)]})
    assert list(bench.tasks()) == ["1", "2", "2.1", "2.1.1", "3"]
    assert bench.edges() == {("1", "2.1")}


def test_an_edge_that_closes_a_cycle_with_one_made_in_steward_is_left_out(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2)]})
    bench.sql(
        """
        insert into work.task_dependencies (task_id, depends_on_task_id, project_id)
        select a.id, b.id, a.project_id from work.tasks as a, work.tasks as b
        where a.import_ref = '1' and b.import_ref = '2'
        """
    )
    entry = bench.bring({"tasks": [task(1), task(2, depends=[1])]})
    assert (entry.outcome, kinds(entry)) == ("imported", ["dependency_cycle"])
    assert bench.edges() == {("1", "2")}


def test_siblings_that_changed_places_are_put_in_order(bench: Bench) -> None:
    bench.bring({"tasks": [task(1), task(2), task(3)]})
    assert bench.bring({"tasks": [task(4), task(1), task(2), task(3)]}).changes["updated"] == 0
    assert bench.bring({"tasks": [task(4), task(3), task(1), task(2)]}).changes["updated"] == 3
    order = bench.sql("select import_ref from work.tasks order by order_index")
    assert [ref for (ref,) in order] == ["4", "3", "1", "2"]


def test_states_of_the_file_are_taken_past_the_rules_for_changes_by_hand(bench: Bench) -> None:
    bench.bring({"tasks": [task(1, status="cancelled", subtasks=[task(1)])]})
    entry = bench.bring({"tasks": [task(1, status="done", updatedAt="2025-05-05", subtasks=[task(1)])]})
    assert entry.changes["updated"] == 1
    assert bench.sql("select status, completed_at::date::text from work.tasks where import_ref = '1'") == [
        ("done", "2025-05-05")
    ]


def test_a_dry_run_tells_and_writes_nothing(bench: Bench) -> None:
    bench.write(DOCUMENT)
    report = bench.run(dry_run=True)
    assert report.files[0].changes["created"] == 5
    assert (
        report.before
        == report.after
        == {"projects": 0, "files": 0, "tasks": 0, "dependencies": 0, "comments": 0}
    )


def test_a_refused_file_leaves_the_others_alone(bench: Bench) -> None:
    bench.write(DOCUMENT)
    bad = bench.write('{"tasks": [{"id": 1, "title": "cut', bench.root / "bad" / "tasks.json")
    bench.write("{}", bench.root / "package.json")
    report = bench.run(bench.root)
    assert {Path(entry.file).parent.name: entry.outcome for entry in report.files} == {
        "bad": "refused",
        "tasks": "imported",
        bench.root.name: "skipped",
    }
    assert (report.success, report.refused[0].refusal and report.refused[0].refusal["line"]) == (False, 1)
    assert report.refused[0].file == str(bad)
    assert len(bench.tasks()) == 4
    written = json.loads((bench.root / "report.json").read_text())
    assert (written["before"]["tasks"], written["after"]["tasks"]) == (0, 5)


def test_what_was_done_and_added_in_steward_goes_out_and_comes_in_again_without_a_change(
    bench: Bench,
) -> None:
    bench.bring({"tasks": [task(1), task(2, depends=[1])], "extra": {"z": 1, "a": 2}})
    bench.edit("1", "status", "done")
    bench.sql(
        """
        insert into work.tasks (project_id, parent_task_id, title, status, priority)
        select project_id, id, 'Added below', 'testing', 9 from work.tasks where import_ref = '2'
        """
    )
    out = bench.export()
    assert list(out) == ["tasks", "extra"]
    assert [item["status"] for item in out["tasks"]] == ["done", "pending"]
    assert out["tasks"][1]["subtasks"][0]["title"] == "Added below"
    assert len(parsed(out).tasks) == 3
    entry = bench.bring(out)
    assert (entry.changes["created"], entry.changes["removed"]) == (0, 0)
    assert bench.sql("select status, priority, import_ref from work.tasks where title = 'Added below'") == [
        ("testing", 9, "2.1")
    ]
    assert bench.export() == out
    again = bench.bring(json.dumps(out))
    assert not any(count for name, count in again.changes.items() if name != "unchanged")


def test_configuration_beside_the_file_goes_into_the_settings_without_its_secrets(bench: Bench) -> None:
    config = bench.file.parents[1] / "config.json"
    bench.write({"global": {"projectName": "Shop"}, "apiKey": "abc"}, config)
    entry = bench.bring(DOCUMENT)
    expected = {"taskmaster": {"config": {"global": {"projectName": "Shop"}, "apiKey": "[redacted]"}}}
    assert bench.sql("select settings from projects.projects where slug = 'shop'") == [(expected,)]
    assert [(each["kind"], each["file"]) for each in entry.oddities] == [("secret_redacted", str(config))]
    bench.write({"global": {}}, config)
    assert bench.run(bench.root).success
    kept = bench.sql("select settings -> 'taskmaster' from projects.projects where slug = 'shop'")
    assert kept == [({"config": {"global": {}}},)]


def test_configuration_that_is_broken_is_told_and_the_tasks_land(bench: Bench) -> None:
    config = bench.write("{", bench.root / "shop" / ".taskmasterconfig")
    bench.write(DOCUMENT)
    report = bench.run(bench.root)
    assert [entry.file for entry in report.refused] == [str(config)]
    assert len(bench.tasks()) == 4


def test_folders_of_one_name_are_projects_of_their_own(bench: Bench) -> None:
    first = bench.write({"tasks": [task(1)]}, bench.root / "a" / "app" / "tasks.json")
    second = bench.write({"tasks": [task(1)]}, bench.root / "b" / "app" / "tasks.json")
    report = bench.run(first, second)
    assert len({entry.project for entry in report.files}) == 2
    assert [entry.outcome for entry in bench.run(second, first).files] == ["unchanged", "unchanged"]


@pytest.mark.parametrize("url", ["https://me:secret@example.org/team/store.git", "/srv/git/store.git"])
def test_a_clone_finds_the_project_of_its_remote(bench: Bench, url: str) -> None:
    for name in ("one", "two"):
        bench.write(f'[remote "origin"]\n\turl = {url}\n', bench.root / name / ".git" / "config")
    first = bench.write({"tasks": [task(1)]}, bench.root / "one" / "tasks" / "tasks.json")
    second = bench.write({"tasks": [task(1), task(2)]}, bench.root / "two" / "tasks" / "tasks.json")
    of_host = url.startswith("https")
    reports = [bench.run(first).files[0], bench.run(second).files[0], bench.run(first).files[0]]
    assert [report.outcome for report in reports] == [
        "imported",
        "imported",
        "imported" if of_host else "unchanged",
    ]
    assert (reports[0].project == reports[1].project) is of_host
    assert reports[2].changes.get("removed", 0) == int(of_host)
    [(kept,)] = bench.sql("select repository_url from projects.projects where slug = 'store'")
    assert "secret" not in str(kept)


def test_two_files_of_one_name_do_not_take_each_others_place(bench: Bench) -> None:
    first = bench.write({"tasks": [task(1)]}, bench.root / "a" / "x.tasks.json")
    second = bench.write({"tasks": [task(2)]}, bench.root / "b" / "x.tasks.json")
    report = bench.run(first, second)
    assert [entry.outcome for entry in report.files] == ["imported", "refused"]
    assert bench.run(second).files[0].outcome == "refused"
    first.unlink()
    assert bench.run(second).files[0].outcome == "imported"


def test_the_caller_may_name_the_project(bench: Bench) -> None:
    bench.write(DOCUMENT)
    assert bench.run(project="Another One").files[0].outcome == "imported"
    assert bench.run(project="another-one").files[0].outcome == "unchanged"
    assert bench.run(dry_run=True).before["projects"] == 1


def test_a_file_that_is_nothing_known_is_refused_when_it_is_named(bench: Bench) -> None:
    path = bench.write("{}", bench.root / "package.json")
    assert bench.run(path).files[0].outcome == "refused"


def test_a_path_that_is_not_there_is_refused_at_once(bench: Bench) -> None:
    with pytest.raises(Refused, match="no such file"):
        bench.run(bench.root / "gone")


def test_one_tag_of_a_project_can_be_given_back(bench: Bench) -> None:
    bench.bring(DOCUMENT)
    assert bench.export(tag="later") == {"later": DOCUMENT["later"]}


def test_a_project_without_a_file_is_given_back_from_its_rows(bench: Bench) -> None:
    bench.bring({})
    bench.sql(
        "insert into work.tasks (project_id, title) select project_id, 'Made here' from work.import_files"
    )
    bench.sql("delete from work.import_files")
    assert [item["title"] for item in bench.export()["master"]["tasks"]] == ["Made here"]


def test_progress_is_told_for_every_file(bench: Bench) -> None:
    told: list[tuple[int, int]] = []
    say: Callable[[str, int, int], None] = lambda _, done, total: told.append((done, total))  # noqa: E731
    bench.write(DOCUMENT)
    bench.run(progress=say)
    assert told == [(0, 1), (1, 1)]


def test_the_public_files_come_in_once_and_go_out_as_they_were(bench: Bench, test_data: Path) -> None:
    report = bench.run(test_data / "taskmaster")
    outcomes = [entry.outcome for entry in report.files]
    assert (outcomes.count("imported"), outcomes.count("refused"), len(outcomes)) == (10, 1, 11)
    assert report.after["tasks"] == 1484
    assert bench.run(test_data / "taskmaster").totals()["changes"] == {"unchanged": 1484}
    for entry in report.files:
        if entry.outcome == "imported":
            _equals_what_came_in(bench, entry)


def _equals_what_came_in(bench: Bench, entry: FileReport) -> None:
    from steward.importers.files import read

    with bench.database.transaction(bench.actor) as db:
        out = export_taskmaster(db, project=str(entry.project))
    assert json.dumps(json.loads(out)) == json.dumps(json.loads(read(Path(entry.file)).data))


def _tree(chance: random.Random) -> list[Any]:
    """Make a random list of tasks whose ids, statuses, parents and dependencies change from one to the next."""
    ids = chance.sample(range(1, 12), chance.randint(3, 9))
    words = ["pending", "done", "in-progress", "review", "cancelled"]

    def item(number: int, siblings: list[int], below: list[Any] | None) -> dict[str, Any]:
        depends = chance.sample(siblings, min(len(siblings), chance.randint(0, 2)))
        title = f"Title {chance.randint(1, 3)}"
        return task(number, title=title, status=chance.choice(words), depends=depends, subtasks=below)

    def below() -> list[Any]:
        own = chance.sample(range(1, 6), chance.randint(0, 4))
        return [item(number, own, None) for number in own]

    return [item(number, ids, below()) for number in ids]


def _state(bench: Bench, slug: str) -> list[tuple[Any, ...]]:
    """Return what a fresh import and a changed one must agree on: rows, dependencies and what is ready."""
    return bench.sql(
        """
        select t.import_ref, t.title, t.status, p.import_ref, q.task_id is not null,
          array(
            select b.import_ref from work.task_dependencies as d join work.tasks as b on b.id = d.depends_on_task_id
            where d.task_id = t.id order by b.import_ref
          )
        from work.tasks as t
        join projects.projects as j on j.id = t.project_id and j.slug = %s
        left join work.tasks as p on p.id = t.parent_task_id
        left join work.ready_queue as q on q.task_id = t.id
        where t.deleted_at is null order by t.import_ref
        """,
        slug,
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_file_that_was_changed_again_and_again_stands_as_if_it_were_new(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    for document in [{"tasks": _tree(chance)} for _ in range(5)]:
        bench.bring(document)
        assert not bench.run().files[0].changes.keys() - {"unchanged"}
    bench.run(project="fresh")
    changed = _state(bench, "shop")
    assert changed
    assert changed == _state(bench, "fresh")


def test_two_imports_of_one_file_at_once_make_one_project_and_one_row_a_task(bench: Bench) -> None:
    bench.write(DOCUMENT)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda n: bench.run(report=bench.root / f"{n}.json"), range(4)))
    assert sorted(report.files[0].outcome for report in reports) == [
        "imported",
        "unchanged",
        "unchanged",
        "unchanged",
    ]
    assert bench.run(dry_run=True).before["projects"] == 1
    assert bench.sql("select count(*) from work.tasks") == [(5,)]


def test_who_may_not_make_projects_imports_into_those_that_are_there(bench: Bench) -> None:
    agent = replace(bench.actor, role="agent")
    bench.write(DOCUMENT)
    with pytest.raises(Denied):
        run_import(bench.database, agent, [bench.file], report=bench.root / "r.json")
    bench.bring({"tasks": []})
    bench.write(DOCUMENT)
    assert run_import(bench.database, agent, [bench.file], report=bench.root / "r.json").success


def test_reports_of_earlier_imports_are_passed_over_and_refused_by_name(bench: Bench) -> None:
    bench.write(DOCUMENT)
    bench.write({"migration_date": "2026-01-01", "other": "tool"}, bench.root / "migration.json")
    places = [bench.root / "migration_report.json", bench.root / "report.json"]
    for _ in range(2):
        for place in places:
            report = bench.run(bench.root, report=place)
            assert report.totals()["files"]["skipped"] == 1
            assert len(report.files) == 2
    assert len(list(bench.root.glob("migration_report.*.json"))) == 1
    for place in places:
        [entry] = bench.run(place, report=bench.root / "last" / "report.json").files
        assert entry.outcome == "refused"
        assert entry.refusal is not None
        assert "the report of an earlier import" in entry.refusal["message"]
