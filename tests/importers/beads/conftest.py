"""A project folder with a beads file, and the database it is imported into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.importers import export_beads
from steward.importers.report import FileReport
from steward.kit.db import Actor, Database
from tests.importers.beads.samples import jsonl
from tests.importers.test_load import Bench


class BeadsBench(Bench):
    """The bench of all importers, with another file."""

    def __init__(self, database: Database, actor: Actor, root: Path) -> None:
        super().__init__(database, actor, root)
        self.file = root / "shop" / ".beads" / "issues.jsonl"

    def put(self, *issues: Any, **more: Any) -> FileReport:
        """Write the file and import it."""
        return self.bring(jsonl(*issues), **more)

    def give_back(self, project: str = "shop") -> str:
        """Return the exported text."""
        with self.database.transaction(self.actor) as db:
            return export_beads(db, project=project)

    def issues(self) -> list[Any]:
        """Return what is exported."""
        return [json.loads(line) for line in self.give_back().splitlines()]

    def links(self) -> set[tuple[str, str, str, str]]:
        """Return all dependencies with their types and names."""
        statement = """
            select t.import_ref, b.import_ref, d.dependency_type, d.source_type from work.task_dependencies as d
            join work.tasks as t on t.id = d.task_id join work.tasks as b on b.id = d.depends_on_task_id
        """
        return {(ref, other, type, name) for ref, other, type, name in self.sql(statement)}


@pytest.fixture
def bench(database: Database, actor: Actor, tmp_path: Path) -> BeadsBench:
    """Return an empty bench."""
    return BeadsBench(database, actor, tmp_path)
