"""Item 2: every public tasks file comes in, counts are what the files hold, twice is once, and they go out equal."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

from bench.harness import Done, House, test_data
from tests.acceptance import counter
from tests.acceptance.counter import Holdings
from tests.acceptance.items import Run

_HELD = """
    select
      count(distinct t.import_tag),
      count(*) filter (where t.parent_task_id is null),
      count(*) filter (where t.parent_task_id is not null),
      count(*) filter (where t.status = 'done')
    from work.tasks as t
    where t.import_file_id = %s and t.deleted_at is null
"""
_EDGES = """
    select t.import_tag, t.import_ref, o.import_ref
    from work.task_dependencies as d
    join work.tasks as t on t.id = d.task_id
    join work.tasks as o on o.id = d.depends_on_task_id
    where t.import_file_id = %s and d.dependency_type = 'blocks'
"""
_FILES = """
    select f.source_path, f.id, p.key
    from work.import_files as f
    join projects.projects as p on p.id = f.project_id
"""
_ROWS = """
    select
      (select count(*) from work.tasks), (select count(*) from work.task_dependencies),
      (select count(*) from work.import_files), (select count(*) from audit.audit_logs)
"""


def check(run: Run) -> None:
    """Import the folder twice and give every file back."""
    folder = test_data() / "taskmaster"
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    with House("acceptance") as house:
        house.up()
        first = _import(house, folder)
        _check_report(run, first, paths)
        with house.connection("owner") as connection:
            stored = {Path(path).name: (file, key) for path, file, key in connection.execute(_FILES)}
            _check_counts(run, connection, stored, paths)
            before = connection.execute(_ROWS).fetchone()
            again = _import(house, folder)
            after = connection.execute(_ROWS).fetchone()
        changes = _changes(again)
        run.check("a second run changes nothing", not any(changes.values()), changes)
        run.check(
            "and writes no row, not even an audit row",
            before == after,
            f"tasks, edges, files, audit: {after}",
        )
        _check_exports(run, house, stored, paths)


def _import(house: House, folder: Path) -> dict[str, Any]:
    """Import a folder and return the report that was written."""
    done = house.steward("import", str(folder))
    report: dict[str, Any] = json.loads((house.work / "migration_report.json").read_text("utf-8"))
    return report | {"_done": done}


def _check_report(run: Run, report: dict[str, Any], paths: list[Path]) -> None:
    told = {Path(entry["file"]).name: entry for entry in report["files"]}
    run.check(
        "the report tells of every file", set(told) >= {path.name for path in paths}, f"{len(told)} files"
    )
    refused = {name: entry["refusal"] for name, entry in told.items() if entry["outcome"] == "refused"}
    done: Done = report["_done"]
    run.check(
        "a refused file gives a status other than 0, the others land",
        done.status != 0,
        f"status {done.status}",
    )
    damaged = next(path.name for path in paths if "conflict-markers" in path.name)
    message = json.dumps(refused.get(damaged))
    run.check("the file with merge markers is refused with its line", "6" in message, message[:160])
    for name in sorted(set(refused) - {damaged}):
        run.say(f"also refused: {name}: {refused[name]['message']}")
    odd = report["statistics"]["oddities"]
    run.check("oddities are told", bool(odd), odd)


def _check_counts(run: Run, connection: Any, stored: dict[str, Any], paths: list[Path]) -> None:
    total = 0
    for path in paths:
        held = _held_by(path)
        if held is None or not held.tasks:
            continue
        if not run.check(f"{path.name} was imported", path.name in stored):
            continue
        file = stored[path.name][0]
        row = connection.execute(_HELD, (file,)).fetchone()
        wanted = (held.tags, held.tasks, held.subtasks, held.done)
        total += held.tasks + held.subtasks
        run.check(
            "  tags, tasks, subtasks, done are what the file holds", row == wanted, f"{row} and {wanted}"
        )
        edges = set(connection.execute(_EDGES, (file,)).fetchall())
        missing, invented = held.waits - edges, edges - held.waits
        figures = f"{len(edges)} of {len(held.waits)}; not live {sorted(missing)[:3]}, invented {sorted(invented)[:3]}"
        # An edge that closes a cycle stays in the kept original and the report.
        run.check("  its dependencies are live edges", not invented and len(missing) <= 2, figures)
    run.say(f"{total} rows in all")


def _held_by(path: Path) -> Holdings | None:
    data = counter.read(path)
    return counter.count(data) if isinstance(data, dict) else None


def _changes(report: dict[str, Any]) -> dict[str, int]:
    told = report["statistics"]["changes"]
    return {name: number for name, number in told.items() if "unchanged" not in name and name != "kept"}


def _check_exports(run: Run, house: House, stored: dict[str, Any], paths: list[Path]) -> None:
    for path in paths:
        if path.name not in stored:
            continue
        out = house.work / "export.json"
        words = ("export", "taskmaster", "--project", stored[path.name][1], "--output", str(out))
        house.steward(*words).checked()
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        same = counter.ordered(out.read_bytes()) == counter.ordered(data)
        run.check(f"{path.name} goes out equal, key order too", same, f"{out.stat().st_size:,} bytes")
