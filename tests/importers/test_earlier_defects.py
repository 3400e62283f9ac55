"""What went wrong in an earlier importer of such files: each has a test that it does not here.

A new project each run; no transaction; subtasks that were no rows; unmapped statuses that became pending in silence;
dotted and missing ids that were left out; dependencies that failed without a word; a report that was overwritten;
connections left open by an exit; source files read as templates; test strategies cut at every point.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.kit.db import Actor, Database
from tests.importers.beads.samples import issue, jsonl
from tests.importers.samples import tagged, task
from tests.importers.test_load import Bench, kinds

pytestmark = pytest.mark.db


@pytest.fixture
def bench(database: Database, actor: Actor, tmp_path: Path) -> Bench:
    return Bench(database, actor, tmp_path)


def beads_file(bench: Bench, *issues: Any) -> Path:
    return bench.write(jsonl(*issues), bench.root / "shop" / ".beads" / "issues.jsonl")


def test_each_run_finds_the_project_of_the_first(bench: Bench) -> None:
    bench.write(tagged(master=[task(1)]))
    beads_file(bench, issue("bd-1"))
    first, second = bench.run(bench.root), bench.run(bench.root)
    assert first.after["projects"] == second.after["projects"] == 1
    assert first.after == second.after
    assert second.totals()["changes"] == {"unchanged": 2}


def test_a_file_lands_whole_or_not_at_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last statement of a load fails: nothing of what was written before it stays, and other files land."""
    from dataclasses import replace

    from steward.kit import sql

    edges = sql.get("importers.insert_edges")
    broken = edges.text.replace("r.depends_on_id, r.type", "r.depends_on_id, upper(r.type)")
    assert broken != edges.text
    monkeypatch.setitem(sql.load("importers"), edges.name, replace(edges, text=broken))
    good = bench.write(jsonl(issue("bd-9")), bench.root / "other" / ".beads" / "issues.jsonl")
    report = bench.run(beads_file(bench, issue("bd-1"), issue("bd-2", ("bd-1", "blocks"))), good)
    assert [entry.outcome for entry in report.files] == ["refused", "imported"]
    assert list(bench.tasks()) == ["bd-9"]
    assert report.after["files"] == 1


def test_subtasks_are_rows(bench: Bench) -> None:
    bench.write(tagged(master=[task(1, subtasks=[task(1, subtasks=[task(1)])])]))
    bench.run(bench.file, beads_file(bench, issue("bd-1"), issue("bd-1.1"), issue("bd-1.1.1")))
    depth = """
        with recursive tree (ref, id, depth) as (
          select import_ref, id, 0 from work.tasks where parent_task_id is null
          union all select t.import_ref, t.id, depth + 1 from tree join work.tasks as t on t.parent_task_id = tree.id
        ) select ref, depth from tree order by ref
    """
    assert bench.sql(depth) == [
        ("1", 0),
        ("1.1", 1),
        ("1.1.1", 2),
        ("bd-1", 0),
        ("bd-1.1", 1),
        ("bd-1.1.1", 2),
    ]


def test_statuses_without_a_match_are_told_and_kept(bench: Bench) -> None:
    bench.write(tagged(master=[task(1, status="qa-signoff")]))
    report = bench.run(bench.file, beads_file(bench, issue("bd-1", status="qa-signoff")))
    assert [kinds(entry) for entry in report.files] == [["unknown_status"], ["custom_status"]]
    assert bench.export()["master"]["tasks"][0]["status"] == "qa-signoff"
    # What an agent could be handed must not come of a word that nobody knows.
    statement = "select status, metadata #>> '{beads,status}' from work.tasks where import_ref = 'bd-1'"
    assert bench.sql(statement) == [("blocked", "qa-signoff")]


def test_dotted_and_missing_ids_are_rows_and_dependencies(bench: Bench) -> None:
    first = task(1, subtasks=[task(1), task(2)])
    no_id = {"title": "No id", "status": "pending", "dependencies": []}
    bench.write(tagged(master=[first, task(2, depends=["1.2"]), no_id]))
    bench.run(
        bench.file, beads_file(bench, issue("bd-1.2"), {"title": "None", "status": "open", "priority": 1})
    )
    assert {"1.2", "2", "~3", "bd-1.2", "~2"} <= set(bench.tasks())
    assert ("2", "1.2") in bench.edges()


def test_dependencies_that_cannot_live_stand_in_the_report_with_their_places(bench: Bench) -> None:
    bench.write(tagged(master=[task(1, depends=[404])]))
    beads = beads_file(bench, issue("bd-1", ("bd-404", "blocks")), issue("bd-2", ("bd-2", "blocks")))
    bench.run(bench.file, beads)
    written = json.loads((bench.root / "report.json").read_text())
    told = [
        (odd["kind"], odd["place"], odd["line"]) for entry in written["files"] for odd in entry["oddities"]
    ]
    assert [kind for kind, _, _ in told] == ["dangling_dependency", "dangling_dependency", "self_dependency"]
    assert told[1:] == [
        ("dangling_dependency", "$.bd-1.dependencies[0]", 1),
        ("self_dependency", "$.bd-2.dependencies[0]", 2),
    ]
    assert written["statistics"]["dependencies_dropped"] == 3


def test_an_earlier_report_is_kept(bench: Bench) -> None:
    path = beads_file(bench, issue("bd-1"))
    for _ in range(3):
        bench.run(path)
    assert len(list(bench.root.glob("report*.json"))) == 3


def test_sources_are_not_read_and_nothing_is_made_of_them(bench: Bench) -> None:
    for name in ("template.js", "tasks.ts", "issues.md", "notes.jsonl"):
        bench.write('{"template": "export const tasks = [{ id: 1, title: `x` }]"}', bench.root / "src" / name)
    report = bench.run(bench.root)
    assert {entry.outcome for entry in report.files} == {"skipped"}
    assert report.after == {"projects": 0, "files": 0, "tasks": 0, "dependencies": 0, "comments": 0}


def test_texts_with_points_stay_whole(bench: Bench) -> None:
    text = "Run v1.2.3 of tool.py. Then check example.org/a.b."
    bench.write(tagged(master=[task(1, testStrategy=text)]))
    lines = "- Run v1.2.3 of tool.py.\n- Then check example.org/a.b."
    bench.run(bench.file, beads_file(bench, issue("bd-1", acceptance_criteria=lines)))
    assert bench.sql("select test_strategy from work.tasks where import_ref = '1'") == [(text,)]
    criteria = bench.sql("select acceptance_criteria from work.tasks where import_ref = 'bd-1'")
    assert criteria == [(["Run v1.2.3 of tool.py.", "Then check example.org/a.b."],)]


def test_an_import_gives_its_connections_back(bench: Bench) -> None:
    bench.run(beads_file(bench, issue("bd-1")), bench.write("{", bench.root / "bad" / "tasks.json"))
    with bench.database.transaction(bench.actor) as db:
        pid = db.connection.info.backend_pid
        statement = """
            select count(*) from pg_stat_activity where datname = current_database() and pid <> %s and state <> 'idle'
        """
        assert db.connection.execute(statement, [pid]).fetchone() == (0,)
