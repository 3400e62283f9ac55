"""What is refused names what was given, in the words of whoever gave it."""

from __future__ import annotations

from typing import Any

import pytest

from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid
from tests.work.scene import add, call, project


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    for title in "ABC":
        add(database, title)
        call(database, "work.add_epic", title=title, project="acme")
    call(database, "work.add_devlog", key="d1", title="D", project="acme")
    return database


@pytest.mark.parametrize(
    ("operation", "given", "said"),
    [
        ("work.depend", {"task": "ACME-1", "on": "ACME-1"}, "ACME-1 is the task itself"),
        ("work.update_epic", {"epic": "EPIC-001", "depends_on": ["EPIC-001"]}, "EPIC-001 is the epic itself"),
        ("work.depend_devlog", {"entry": "d1", "on": "d1"}, "d1 is the entry itself"),
    ],
)
def test_a_thing_that_waits_for_itself(
    acme: Database, operation: str, given: dict[str, Any], said: str
) -> None:
    more = {} if operation == "work.depend" else {"project": "acme"}
    with pytest.raises(Invalid, match=said):
        call(acme, operation, **given, **more)


def test_who_stands_in_a_circle(acme: Database) -> None:
    call(acme, "work.depend", task="ACME-2", on="ACME-1")
    call(acme, "work.depend", task="ACME-3", on="ACME-2")
    with pytest.raises(Conflict, match="ACME-1, ACME-2, ACME-3 would wait for each other"):
        call(acme, "work.depend", task="ACME-1", on="ACME-3")
    call(acme, "work.update_epic", epic="EPIC-002", project="acme", depends_on=["EPIC-001"])
    with pytest.raises(Conflict, match="in a circle: EPIC-001 for EPIC-002"):
        call(acme, "work.update_epic", epic="EPIC-001", project="acme", depends_on=["EPIC-002"])


def test_what_is_there_already(acme: Database) -> None:
    with pytest.raises(Conflict, match=r"^epic_id EPIC-001 is there already$"):
        call(acme, "work.add_epic", title="again", project="acme", epic_id="EPIC-001")
    call(acme, "work.add_issue", title="I", project="acme", github_id=7)
    with pytest.raises(Conflict, match=r"^github_id 7 is there already$"):
        call(acme, "work.add_issue", title="J", project="acme", github_id=7)


def test_a_write_that_changes_nothing_leaves_the_version(acme: Database) -> None:
    call(acme, "work.update_epic", epic="EPIC-001", project="acme", title="new")
    before = call(acme, "work.get_epic", epic="EPIC-001", project="acme")
    after = call(acme, "work.update_epic", epic="EPIC-001", project="acme", title="new")
    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    task = call(acme, "work.update", task="ACME-1", title="new").task
    assert call(acme, "work.update", task="ACME-1", title="new").task.version == task.version
    assert call(acme, "work.update", task="ACME-1", title="newer").task.version == task.version + 1
