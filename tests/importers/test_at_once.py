"""Two imports of one file at once: the second waits and finds nothing to do. Without the lock it would fail."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from steward.importers import ImportReport, run_import
from steward.importers.load import load_file
from steward.importers.project import find_or_create
from steward.importers.target import target_of
from steward.importers.taskmaster import parse_file
from steward.kit import sql
from steward.kit.db import Actor, Database
from tests.importers.samples import task

pytestmark = pytest.mark.db


@pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
def test_the_second_import_of_a_file_waits_for_the_first(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    path = tmp_path / "shop" / "tasks.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"tasks": [task(1), task(2)]}))
    with database.transaction(actor, permission="work:write") as db:
        project_id = find_or_create(db, target_of(path), None).id
    if not locked:
        lock = sql.get("importers.lock_project")
        monkeypatch.setitem(
            sql.load("importers"), lock.name, replace(lock, text="select %(project_id)s::uuid")
        )
    reports: list[ImportReport] = []
    second = threading.Thread(
        target=lambda: reports.append(run_import(database, actor, [path], report=tmp_path / "report.json"))
    )
    with database.transaction(actor, permission="work:write") as db:
        load_file(db, project_id, path, parse_file(path.read_bytes(), "tasks.json"))
        second.start()
        time.sleep(0.5)
        assert second.is_alive()
    second.join(20)
    assert [entry.outcome for entry in reports[0].files] == ["unchanged" if locked else "refused"]
    assert reports[0].after["tasks"] == 2
