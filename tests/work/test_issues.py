"""Issues: numbers shared with tasks, states, filters, tasks of an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from steward.domains.work import IssueStatus, TransitionRefused
from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid, NotFound
from tests.work.scene import Hand, add, call, owner, project, without

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
NUMBERED = """
insert into work.{table} (project_id, number, title)
select id, 50, 'x' from projects.projects where key = 'ACME'
"""


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def issue(database: Database, title: str, **arguments: Any) -> str:
    return str(call(database, "work.add_issue", title=title, **({"project": "acme"} | arguments)).ref)


def test_an_issue_has_what_the_seed_gives_it(stage: Database) -> None:
    found = call(stage, "work.add_issue", title="set up PostgreSQL", project="acme", labels=["database"])
    assert (found.ref, found.number, found.status, found.priority) == ("ACME-1", 1, IssueStatus.OPEN, 5)
    assert (found.labels, found.assignee, found.epic, found.closed_at) == (["database"], None, None, None)


def test_numbers_are_the_projects_own_and_shared_with_tasks(stage: Database) -> None:
    """Section 6, S1 12: issue numbers came from one global sequence."""
    project(stage, "other")
    told = [
        issue(stage, "a"),
        add(stage, "b"),
        issue(stage, "c"),
        issue(stage, "d", project="other"),
        add(stage, "e"),
    ]
    assert told == ["ACME-1", "ACME-2", "ACME-3", "OTHER-1", "ACME-4"]
    with pytest.raises(NotFound, match="no issue 'ACME-2'"):
        call(stage, "work.get_issue", issue="ACME-2")
    with pytest.raises(NotFound, match="no task 'ACME-1'"):
        call(stage, "work.get", task="ACME-1")


@pytest.mark.parametrize(("first", "second"), [("issues", "tasks"), ("tasks", "issues")])
def test_a_number_means_one_thing_against_any_client(stage: Database, first: str, second: str) -> None:
    with owner(stage) as connection:
        connection.execute(NUMBERED.format(table=first))
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(NUMBERED.format(table=second))
    assert refused.value.sqlstate == "ST409"


@pytest.mark.parametrize("table", ["issues", "tasks"])
def test_a_number_stays(stage: Database, table: str) -> None:
    with owner(stage) as connection:
        connection.execute(NUMBERED.format(table=table))
        with pytest.raises(psycopg.Error, match="stay as they are"):
            connection.execute(f"update work.{table} set number = 51")


def test_github_ids_are_wide_and_single(stage: Database) -> None:
    """Section 6, S1 12: github_id had 32 bits."""
    found = call(stage, "work.add_issue", title="a", project="acme", github_id=2**40)
    assert found.github_id == 2**40
    with pytest.raises(Conflict):
        issue(stage, "again", github_id=2**40)
    call(stage, "work.delete_issue", issue="ACME-1")
    issue(stage, "again", github_id=2**40)


def test_zero_is_not_nothing(stage: Database) -> None:
    """Section 6, S1 12: defaults turned 0 into NULL, and createTask dropped actual minutes."""
    add(stage, "a", estimated_minutes=0)
    found = call(stage, "work.update", task="ACME-1", actual_minutes=0)
    assert (found.text.estimated_minutes, found.text.actual_minutes) == (0, 0)
    kept = call(stage, "work.update", task="ACME-1", status="done")
    assert kept.text.actual_minutes == 0


def test_states_go_by_the_rules_and_stamp_the_end(stage: Database) -> None:
    issue(stage, "a")
    closed = call(stage, "work.close_issue", issue="ACME-1", reason="fixed in 1.2")
    assert (closed.status, closed.status_reason) == (IssueStatus.CLOSED, "fixed in 1.2")
    assert closed.closed_at is not None
    assert call(stage, "work.close_issue", issue="ACME-1").closed_at == closed.closed_at
    with pytest.raises(TransitionRefused):
        call(stage, "work.update_issue", issue="ACME-1", status="blocked")
    opened = call(stage, "work.update_issue", issue="ACME-1", status="open")
    assert (opened.status, opened.closed_at) == (IssueStatus.OPEN, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("open", IssueStatus.OPEN),
        ("pending", IssueStatus.OPEN),
        ("in-progress", IssueStatus.IN_PROGRESS),
        ("blocked", IssueStatus.BLOCKED),
        ("completed", IssueStatus.CLOSED),
        ("done", IssueStatus.CLOSED),
        ("closed", IssueStatus.CLOSED),
        ("canceled", IssueStatus.CANCELLED),
    ],
)
def test_every_seeds_word_for_a_state_is_understood(word: str, status: IssueStatus) -> None:
    """Section 6, S1 10: the seed used completed for issues whose states know it not."""
    assert IssueStatus(word) is status


def test_the_database_itself_refuses_unknown_words(stage: Database) -> None:
    """Section 6, S1 10."""
    issue(stage, "a")
    for column in ("status = 'completed'", "priority = 0"):
        with owner(stage) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(f"update work.issues set {column}")
        assert refused.value.sqlstate in ("23514", "STW04")


def test_an_issue_belongs_to_an_epic_of_its_project(stage: Database) -> None:
    project(stage, "other")
    call(stage, "work.add_epic", title="A", project="acme")
    call(stage, "work.add_epic", title="B", project="other")
    assert call(stage, "work.add_issue", title="a", epic="ACME/EPIC-001").ref == "ACME-1"
    with pytest.raises(Invalid):
        call(stage, "work.add_issue", title="a", project="acme", epic="OTHER/EPIC-001")
    with owner(stage) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            "update work.issues set epic_id = (select id from work.epics where title = 'B') where number = 1"
        )
    assert call(stage, "work.update_issue", issue="ACME-1", epic="none").epic is None
    assert call(stage, "work.update_issue", issue="ACME-1", epic="EPIC-001").epic == "EPIC-001"


def test_a_task_belongs_to_an_issue_and_so_to_its_epic(stage: Database) -> None:
    call(stage, "work.add_epic", title="A", project="acme")
    issue(stage, "a", epic="EPIC-001")
    task = call(stage, "work.add", title="t", issue="ACME-1")
    assert (task.task.ref, task.text.issue, task.text.epic) == ("ACME-2", "ACME-1", "EPIC-001")
    call(stage, "work.add", title="part", parent="ACME-2")
    call(stage, "work.finish", task="ACME-3")
    found = call(stage, "work.get_issue", issue="ACME-1")
    assert (found.tasks, found.tasks_done) == (2, 1)
    out = call(stage, "work.update", task="ACME-2", issue="none", epic="none")
    assert (out.text.issue, out.text.epic) == (None, None)


def test_tasks_of_an_issue_come_by_place(stage: Database) -> None:
    issue(stage, "a")
    for title in "xyz":
        call(stage, "work.add", title=title, issue="ACME-1")
    with owner(stage) as connection:
        connection.execute("update work.tasks set order_index = 10 - number")
    first = call(stage, "work.list", issue="ACME-1", order="place", limit=2)
    rest = call(stage, "work.list", issue="ACME-1", order="place", limit=2, cursor=first.next_cursor)
    assert [row.title for row in [*first.items, *rest.items]] == ["z", "y", "x"]


def test_issues_are_listed_by_what_is_asked_for(stage: Database) -> None:
    call(stage, "work.add_epic", title="A", project="acme")
    issue(stage, "slow start", labels=["speed", "db"], assignee="Ada", epic="EPIC-001")
    issue(stage, "crash", labels=["db"], priority="critical")
    issue(stage, "typo", status="closed")

    def listed(**arguments: Any) -> list[str]:
        return [
            row.title for row in call(stage, "work.list_issues", **({"project": "acme"} | arguments)).items
        ]

    assert listed() == ["typo", "crash", "slow start"]
    assert listed(status=["open", "in_progress"]) == ["crash", "slow start"]
    assert listed(label="db") == ["crash", "slow start"]
    assert listed(label="speed") == listed(assignee="ada") == listed(epic="EPIC-001") == ["slow start"]
    assert listed(priority="critical") == listed(text="ACME-2") == ["crash"]
    first = call(stage, "work.list_issues", project="acme", limit=1)
    rest = call(stage, "work.list_issues", project="acme", limit=2, cursor=first.next_cursor)
    assert [row.title for row in rest.items] == ["crash", "slow start"]


def test_a_deleted_issue_is_gone_and_its_number_taken(stage: Database) -> None:
    issue(stage, "a")
    call(stage, "work.add", title="t", issue="ACME-1")
    assert call(stage, "work.delete_issue", issue="ACME-1") == 1
    assert call(stage, "work.list_issues", project="acme").items == []
    with pytest.raises(NotFound):
        call(stage, "work.get_issue", issue="ACME-1")
    assert call(stage, "work.get", task="ACME-2").text.issue is None
    assert issue(stage, "b") == "ACME-3"


@LOCKED
@pytest.mark.parametrize(("first", "second"), [("issues", "tasks"), ("tasks", "issues")])
def test_a_task_and_an_issue_under_one_number_at_once(
    stage: Database, locked: bool, first: str, second: str
) -> None:
    if not locked:
        without(stage, "work.check_numbers", "for update")
    one, two = Hand(stage), Hand(stage)
    one.run(NUMBERED.format(table=first))
    two.begin(NUMBERED.format(table=second))
    assert two.waits() is locked
    one.commit()
    outcome = two.end()
    if not locked:
        assert outcome == []
        two.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "ST409"
    two.close()
