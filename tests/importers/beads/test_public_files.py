"""Real files that nobody of this project wrote, against a count that shares nothing with the importer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.importers import export_beads, run_import
from steward.importers.beads import export_text, parse_file
from steward.importers.detect import format_of
from steward.importers.files import plain_name, read
from steward.importers.refusal import Refused
from steward.kit.db import Actor, Database
from tests.importers.beads import counter
from tests.importers.beads.samples import editing, rows_of

# issues, deleted, closed, entries of dependencies, comments
COUNTS = {
    "Dicklesworthstone_beads_viewer": (39, 0, 24, 22, 0),
    "rand_mnemosyne": (45, 0, 35, 0, 0),
    "steveyegge_beads.2025-10-17": (140, 0, 107, 32, 0),
    "steveyegge_beads.2025-12-26": (592, 193, 352, 378, 3),
}
DAMAGED = "steveyegge_beads.conflict-markers.beads.jsonl"


def path_of(folder: Path, name: str) -> Path:
    return next(each for each in (folder / "beads").iterdir() if plain_name(each) == f"{name}.issues.jsonl")


def ordered(text: str | bytes) -> list[Any]:
    """Return every line in which objects are lists of pairs, so that the order of keys counts too."""
    lines = text.splitlines()
    return [json.loads(line, object_pairs_hook=lambda pairs: ["object", *pairs]) for line in lines]


@pytest.mark.parametrize("name", COUNTS)
def test_counts_equal_what_the_files_hold(test_data: Path, name: str) -> None:
    path = path_of(test_data, name)
    data = read(path).data
    held = counter.count(counter.read(path))
    assert held is not None
    file = parse_file(data, plain_name(path))
    found = format_of(path, data)
    assert found is not None
    assert found.name == "beads"
    tasks, tag = file.tasks, file.tags[0]
    assert (held.issues, held.deleted, held.closed, held.entries, held.comments) == COUNTS[name]
    assert (len(tasks), sum(task.gone for task in tasks)) == (held.issues, held.deleted)
    assert sum(task.fields.status == "done" for task in tasks) == held.closed
    assert sum(len(task.comments) for task in tasks) == held.comments
    assert len(tag.edges) + tag.parent_edges + tag.dropped_edges == held.entries
    live = {(edge.ref, edge.depends_on, str(edge.source_type)) for edge in tag.edges}
    assert {edge for edge in live if edge[2] != "parent-child"} == held.edges
    assert {task.ref for task in tasks if task.parent_ref} == set(held.parents)
    assert all(task.parent_ref in held.parents[task.ref] for task in tasks if task.parent_ref)


@pytest.mark.parametrize("name", COUNTS)
def test_one_change_changes_one_line(test_data: Path, name: str) -> None:
    data = read(path_of(test_data, name)).data
    before = ordered(data)
    rows = [row for row in rows_of(data) if not row.deleted]
    after = ordered(export_text(data, name, editing(rows[-1].id, title="Changed")(rows_of(data))))
    changed = [now for was, now in zip(before, after, strict=True) if was != now]
    assert [dict(each[1:])["title"] for each in changed] == ["Changed"]


def test_the_file_with_conflict_markers_is_refused_by_its_lines(test_data: Path) -> None:
    path = test_data / "beads" / f"{DAMAGED}.xz"
    with pytest.raises(Refused, match=r"line 570: .* conflict markers \(lines 570, 580, 582\)"):
        parse_file(read(path).data, plain_name(path))


@pytest.mark.db
def test_the_folder_comes_in_right_twice_and_goes_out_equal(
    test_data: Path, database: Database, actor: Actor, tmp_path: Path
) -> None:
    reports = [
        run_import(database, actor, [test_data / "beads"], report=tmp_path / "report.json") for _ in range(2)
    ]
    first, second = reports
    assert [plain_name(Path(entry.file)) for entry in first.refused] == [DAMAGED]
    assert (first.after["projects"], first.after["tasks"]) == (4, 39 + 45 + 140 + 592 - 193)
    assert second.before == second.after == first.after
    assert {entry.outcome for entry in second.files} == {"unchanged", "refused"}
    assert second.totals()["changes"] == {"unchanged": 816}
    for entry in first.files:
        if entry.outcome != "imported":
            continue
        with database.transaction(actor) as db:
            _check_rows(db.connection, entry.project, Path(entry.file))
            text = export_beads(db, project=entry.project)
        assert ordered(text) == ordered(counter.read(Path(entry.file)))


def _check_rows(connection: Any, key: str | None, path: Path) -> None:
    held = counter.count(counter.read(path))
    assert held is not None
    rows = connection.execute(
        """
        select count(*), count(*) filter (where t.deleted_at is not null), count(*) filter (where t.status = 'done'),
          count(t.parent_task_id), coalesce(sum((t.metadata #>> '{beads,comments}')::integer), 0)
        from work.tasks as t join projects.projects as p on p.id = t.project_id where p.key = %s
        """,
        [key],
    ).fetchone()
    assert rows == (held.issues, held.deleted, held.closed, len(held.parents), held.comments)
    comments = """
        select count(*) from work.comments as c join projects.projects as p on p.id = c.project_id where p.key = %s
    """
    assert connection.execute(comments, [key]).fetchone() == (held.comments,)
    edges = connection.execute(
        """
        select t.import_ref, o.import_ref, d.source_type, d.dependency_type
        from work.task_dependencies as d join work.tasks as t on t.id = d.task_id
        join work.tasks as o on o.id = d.depends_on_task_id
        join projects.projects as p on p.id = d.project_id where p.key = %s
        """,
        [key],
    ).fetchall()
    assert {edge[:3] for edge in edges if edge[2] != "parent-child"} == held.edges
    assert all((edge[3] == "blocks") is (edge[2] in counter.WAITING) for edge in edges)
