"""Epics: names of their own, states, what they wait for, hours that are added up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from steward.domains.work import Complexity, DependencyCycle, EpicStatus, Priority, TransitionRefused
from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid, NotFound, StaleVersion
from tests.work.scene import Hand, add, call, owner, project, without

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
NEW = """
insert into work.epics (project_id, title)
select id, %s from projects.projects where key = 'ACME'
returning epic_id
"""
EDGE = """
insert into work.epic_dependencies (epic_id, project_id, depends_on_epic_id)
select e.id, e.project_id, o.id from work.epics e, work.epics o where e.epic_id = %s and o.epic_id = %s
"""


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def epic(database: Database, title: str, **arguments: object) -> str:
    return str(call(database, "work.add_epic", title=title, **({"project": "acme"} | arguments)).epic_id)


def test_an_epic_has_what_the_seed_gives_it(stage: Database) -> None:
    found = call(stage, "work.add_epic", title="Database Foundation", project="acme")
    assert (found.epic_id, found.status, found.priority) == ("EPIC-001", EpicStatus.PLANNED, Priority.MEDIUM)
    assert (found.dependencies, found.actual_hours, found.completed_at) == ([], None, None)


def test_epics_are_numbered_in_their_project(stage: Database) -> None:
    project(stage, "other")
    assert [epic(stage, "A"), epic(stage, "B"), epic(stage, "C", project="other")] == [
        "EPIC-001",
        "EPIC-002",
        "EPIC-001",
    ]
    assert epic(stage, "D", epic_id="EPIC-1000") == "EPIC-1000"
    assert [epic(stage, "E"), epic(stage, "F", epic_id="auth"), epic(stage, "G")] == [
        "EPIC-1001",
        "auth",
        "EPIC-1002",
    ]
    with pytest.raises(Conflict):
        epic(stage, "H", epic_id="EPIC-001")


def test_an_epic_is_looked_for_in_its_project(stage: Database) -> None:
    """Section 6, S1 12: getEpicByEpicId ignored the project."""
    project(stage, "other")
    epic(stage, "A")
    epic(stage, "B", project="other")
    assert call(stage, "work.get_epic", epic="EPIC-001", project="other").title == "B"
    assert call(stage, "work.get_epic", epic="ACME/EPIC-001").title == "A"
    with pytest.raises(Invalid, match="more than one epic"):
        call(stage, "work.get_epic", epic="EPIC-001", project="all")
    with pytest.raises(NotFound, match="EPIC-009"):
        call(stage, "work.get_epic", epic="EPIC-009", project="acme")
    by_id = call(stage, "work.get_epic", epic="acme/EPIC-001")
    assert call(stage, "work.get_epic", epic=str(by_id.id)) == by_id


def test_states_go_by_the_rules_and_stamp_the_end(stage: Database) -> None:
    epic(stage, "A")
    done = call(stage, "work.update_epic", epic="ACME/EPIC-001", status="done")
    assert done.status == EpicStatus.COMPLETED
    assert done.completed_at is not None
    again = call(stage, "work.update_epic", epic="ACME/EPIC-001", status="completed")
    assert again.completed_at == done.completed_at
    with pytest.raises(TransitionRefused, match="EPIC-001 cannot go from completed to cancelled"):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", status="cancelled")
    assert call(stage, "work.update_epic", epic="ACME/EPIC-001", status="active").completed_at is None


def test_an_epic_that_is_added_as_completed_is_stamped(stage: Database) -> None:
    assert (
        call(stage, "work.add_epic", title="A", project="acme", status="completed").completed_at is not None
    )


@pytest.mark.parametrize(
    "column", ["status = 'finished'", "priority = 11", "complexity = 'medium'", "estimated_minutes = -1"]
)
def test_the_database_itself_refuses_unknown_words(stage: Database, column: str) -> None:
    """Section 6, S1 10: no constraint stood on status, priority and complexity."""
    epic(stage, "A")
    with owner(stage) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(f"update work.epics set {column}")
    assert refused.value.sqlstate in ("23514", "STW04")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("planned", EpicStatus.PLANNED),
        ("open", EpicStatus.PLANNED),
        ("pending", EpicStatus.PLANNED),
        ("in-progress", EpicStatus.IN_PROGRESS),
        ("active", EpicStatus.IN_PROGRESS),
        ("blocked", EpicStatus.BLOCKED),
        ("completed", EpicStatus.COMPLETED),
        ("done", EpicStatus.COMPLETED),
        ("closed", EpicStatus.COMPLETED),
        ("canceled", EpicStatus.CANCELLED),
    ],
)
def test_every_seeds_word_for_a_state_is_understood(word: str, status: EpicStatus) -> None:
    """Section 6, S1 10: words drifted apart."""
    assert EpicStatus(word) is status


def test_medium_complexity_is_understood(stage: Database) -> None:
    assert Complexity("medium") is Complexity.MODERATE
    assert (
        call(stage, "work.add_epic", title="A", project="acme", complexity="medium").complexity == "moderate"
    )


def test_an_epic_waits_for_others(stage: Database) -> None:
    for title in "AB":
        epic(stage, title)
    c = call(stage, "work.add_epic", title="C", project="acme", depends_on=["EPIC-001", "EPIC-002"])
    assert c.dependencies == ["EPIC-001", "EPIC-002"]
    changed = call(stage, "work.update_epic", epic="ACME/EPIC-003", depends_on=["EPIC-002"])
    assert changed.dependencies == ["EPIC-002"]
    assert call(stage, "work.update_epic", epic="ACME/EPIC-003", depends_on=[]).dependencies == []


def test_dependencies_of_epics_have_integrity_and_no_circle(stage: Database) -> None:
    """Section 6, S1 12: the array of dependencies had no integrity and no check for circles."""
    project(stage, "other")
    epic(stage, "A")
    epic(stage, "B", depends_on=["EPIC-001"])
    epic(stage, "C", depends_on=["EPIC-002"])
    epic(stage, "X", project="other", epic_id="EPIC-009")
    with pytest.raises(NotFound):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", depends_on=["EPIC-007"])
    with pytest.raises(Conflict):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", depends_on=["OTHER/EPIC-009"])
    with pytest.raises(Invalid):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", depends_on=["EPIC-001"])
    with pytest.raises(DependencyCycle, match="EPIC-001"):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", depends_on=["EPIC-003"])


def test_hours_are_added_up_once(stage: Database) -> None:
    epic(stage, "A", estimated_hours=4.5)
    whole = add(stage, "whole", epic="EPIC-001", project="acme", estimated_minutes=100)
    for title in ("one", "two"):
        part = add(stage, title, parent=whole, estimated_minutes=50)
        call(stage, "work.finish", task=part, actual_minutes=45)
    call(stage, "work.finish", task=whole, actual_minutes=90)
    found = call(stage, "work.get_epic", epic="ACME/EPIC-001")
    assert (found.estimated_hours, found.actual_hours) == (Decimal("4.50"), Decimal("1.50"))
    assert (found.tasks, found.tasks_done) == (3, 3), "subtasks belong to the epic of their parent"


def test_counts_are_not_multiplied(stage: Database) -> None:
    epic(stage, "A")
    for n in range(3):
        call(stage, "work.add_issue", title=f"issue {n}", project="acme", epic="EPIC-001")
    for n in range(2):
        add(stage, f"task {n}", epic="EPIC-001", project="acme")
    call(stage, "work.close_issue", issue="ACME-1")
    found = call(stage, "work.get_epic", epic="ACME/EPIC-001")
    assert (found.issues, found.issues_open, found.tasks, found.tasks_done) == (3, 2, 2, 0)


def test_epics_are_listed_by_what_is_asked_for(stage: Database) -> None:
    epic(stage, "Sign in", priority="high", complexity="simple")
    epic(stage, "Sign out", status="in_progress")
    epic(stage, "Pay", status="in_progress")

    def listed(**arguments: object) -> list[str]:
        return [row.epic_id for row in call(stage, "work.list_epics", project="acme", **arguments).items]

    assert listed() == ["EPIC-003", "EPIC-002", "EPIC-001"]
    assert listed(status=["in_progress"]) == ["EPIC-003", "EPIC-002"]
    assert listed(priority="high") == listed(complexity="simple") == ["EPIC-001"]
    assert listed(text="SIGN") == ["EPIC-002", "EPIC-001"]
    first = call(stage, "work.list_epics", project="acme", limit=2)
    rest = call(stage, "work.list_epics", project="acme", limit=2, cursor=first.next_cursor)
    assert [row.title for row in rest.items] == ["Sign in"]
    assert rest.next_cursor is None


def test_an_archived_epic_is_out_of_the_way_and_comes_back(stage: Database) -> None:
    epic(stage, "A")
    assert call(stage, "work.archive_epic", epic="ACME/EPIC-001").archived_at is not None
    assert call(stage, "work.list_epics", project="acme").items == []
    assert len(call(stage, "work.list_epics", project="acme", archived=True).items) == 1
    assert call(stage, "work.archive_epic", epic="ACME/EPIC-001", restore=True).archived_at is None
    assert len(call(stage, "work.list_epics", project="acme").items) == 1


def test_a_stale_version_is_refused(stage: Database) -> None:
    epic(stage, "A")
    call(stage, "work.update_epic", epic="ACME/EPIC-001", version=1, title="B")
    with pytest.raises(StaleVersion):
        call(stage, "work.update_epic", epic="ACME/EPIC-001", version=1, title="C")


def test_what_happens_to_an_epic_is_in_the_audit(stage: Database) -> None:
    epic(stage, "A")
    call(stage, "work.update_epic", epic="ACME/EPIC-001", title="B")
    with owner(stage) as connection:
        rows = connection.execute(
            "select event_action, resource_name from audit.audit_logs where resource_type = 'epic' order by id"
        ).fetchall()
    assert rows == [("create", "A"), ("update", "B")]


@LOCKED
def test_two_new_epics_at_once(stage: Database, locked: bool) -> None:
    if not locked:
        without(stage, "work.number_epic", "pg_advisory_xact_lock", "hashint8")
    first, second = Hand(stage), Hand(stage)
    assert first.run(NEW, "A") == [("EPIC-001",)]
    second.begin(NEW, "B")
    # Without the lock it waits too, but for the unique name that both have chosen.
    assert second.waits()
    first.commit()
    outcome = second.end()
    if locked:
        assert outcome == [("EPIC-002",)]
        second.commit()
        return
    assert isinstance(outcome, psycopg.errors.UniqueViolation)
    second.close()


@LOCKED
def test_a_circle_of_epics_closed_from_both_ends(stage: Database, locked: bool) -> None:
    for title in "ABCD":
        epic(stage, title)
    call(stage, "work.update_epic", epic="ACME/EPIC-002", depends_on=["EPIC-003"])
    call(stage, "work.update_epic", epic="ACME/EPIC-004", depends_on=["EPIC-001"])
    if not locked:
        without(stage, "work.check_epic_cycles", "pg_advisory_xact_lock", "hashint8")
    left, right = Hand(stage), Hand(stage)
    left.run(EDGE, "EPIC-001", "EPIC-002")
    right.begin(EDGE, "EPIC-003", "EPIC-004")
    assert right.waits() is locked
    left.commit()
    outcome = right.end()
    if not locked:
        assert outcome == []
        right.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW03"
    right.close()
