"""The sample rows of work: laid twice they are there once."""

from __future__ import annotations

from steward.kit.db import Database
from steward.operate.setup import lay_seeds
from tests.work.scene import call, owner


def lay(database: Database) -> int:
    with owner(database) as connection, connection.transaction():
        return lay_seeds(connection, sample=True).rows.get("work", 0)


def test_samples_are_laid_once(database: Database) -> None:
    assert lay(database) > 10
    assert lay(database) == 0
    epics = call(database, "work.list_epics", project="consilio").items
    assert [(epic.epic_id, epic.status.value, epic.dependencies) for epic in epics] == [
        ("EPIC-003", "planned", ["EPIC-001"]),
        ("EPIC-002", "in_progress", ["EPIC-001"]),
        ("EPIC-001", "completed", []),
    ]
    issues = call(database, "work.list_issues", project="consilio").items
    assert [(issue.title, issue.status.value, issue.tasks) for issue in issues] == [
        ("Implement client", "in_progress", 4),
        ("Create migration system", "closed", 1),
        ("Set up PostgreSQL", "closed", 1),
    ]
    found = call(database, "work.get_workflow", workflow="Foundation", project="consilio")
    assert found.progress == {"completed": 3, "total": 6, "percentage": 50}


def test_samples_leave_numbers_alone_that_somebody_took(database: Database) -> None:
    lay(database)
    with owner(database) as connection:
        connection.execute("delete from work.issues")
        connection.execute("update projects.project_counters set last_number = 8")
    assert call(database, "work.add", title="mine", project="consilio").task.ref == "CONS-9"
    assert lay(database) == 4, "two issues, what was said about one of them, and the counter"
    assert len(call(database, "work.list_issues", project="consilio").items) == 2
