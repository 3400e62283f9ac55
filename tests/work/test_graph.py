"""Readiness follows dependencies, parents and states, whoever changes them."""

from __future__ import annotations

import pytest

from steward.domains import work
from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid, StaleVersion
from tests.work.scene import add, call, owner, project, ready


@pytest.fixture
def stage(database: Database) -> Database:
    """Lend a database with an empty project."""
    project(database)
    return database


def test_a_blocker_is_out_of_the_way_when_done_or_cancelled_only(stage: Database) -> None:
    for title in ("done", "cancelled", "failed", "deferred"):
        add(stage, title)
        add(
            stage,
            f"after {title}",
            waits_for=[f"ACME-{call(stage, 'work.list', project='acme').items.__len__()}"],
        )
    for number, status in ((1, "done"), (3, "cancelled"), (5, "failed"), (7, "deferred")):
        call(stage, "work.update", task=f"ACME-{number}", status=status)
    assert ready(stage) == ["ACME-2", "ACME-4"]


def test_reopening_a_blocker_takes_its_waiters_out_of_the_queue(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    call(stage, "work.finish", task="ACME-1")
    assert ready(stage) == ["ACME-2"]
    call(stage, "work.update", task="ACME-1", status="pending")
    assert ready(stage) == ["ACME-1"]


def test_a_parent_waits_for_its_subtasks_and_they_for_its_blockers(stage: Database) -> None:
    add(stage, "gate")
    add(stage, "parent", waits_for=["ACME-1"])
    add(stage, "child", parent="ACME-2")
    add(stage, "grandchild", parent="ACME-3")
    assert ready(stage) == ["ACME-1"]
    with pytest.raises(work.OpenSubtasks):
        call(stage, "work.finish", task="ACME-2")
    order = []
    while ready(stage):
        order.append(ready(stage)[0])
        call(stage, "work.finish", task=order[-1])
    assert order == ["ACME-1", "ACME-4", "ACME-3", "ACME-2"]


def test_subtasks_of_a_parent_that_was_put_off_are_not_offered(stage: Database) -> None:
    add(stage, "parent")
    add(stage, "child", parent="ACME-1")
    call(stage, "work.update", task="ACME-1", status="deferred")
    assert ready(stage) == []
    assert call(stage, "work.blocked", project="acme")[0].reason == "its parent is deferred"
    call(stage, "work.update", task="ACME-1", status="pending")
    assert ready(stage) == ["ACME-2"]


@pytest.mark.parametrize(
    ("task", "on"), [("ACME-1", "ACME-3"), ("ACME-3", "ACME-4"), ("ACME-5", "ACME-4"), ("ACME-4", "ACME-5")]
)
def test_circles_are_refused(stage: Database, task: str, on: str) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    add(stage, "C", waits_for=["ACME-2"])
    add(stage, "parent", waits_for=["ACME-3"])
    add(stage, "child", parent="ACME-4")
    with pytest.raises(work.DependencyCycle):
        call(stage, "work.depend", task=task, on=on)


def test_a_task_cannot_become_a_part_of_itself(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B", parent="ACME-1")
    for parent in ("ACME-1", "ACME-2"):
        with pytest.raises((Conflict, Invalid)):
            call(stage, "work.update", task="ACME-1", parent=parent)


def test_relations_block_nobody(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B")
    call(stage, "work.depend", task="ACME-1", on="ACME-2", type="relates_to")
    call(stage, "work.depend", task="ACME-2", on="ACME-1", type="relates_to")
    assert ready(stage) == ["ACME-1", "ACME-2"]


def test_tasks_of_two_projects_cannot_wait_for_each_other(stage: Database) -> None:
    project(stage, "zeta")
    add(stage, "A")
    add(stage, "B", project="zeta")
    with pytest.raises(Invalid, match="different projects"):
        call(stage, "work.depend", task="ACME-1", on="ZETA-1")
    with pytest.raises(Invalid, match="different projects"):
        call(stage, "work.update", task="ZETA-1", parent="ACME-1")


def test_deleting_a_blocker_frees_what_waits(stage: Database) -> None:
    add(stage, "A")
    add(stage, "part", parent="ACME-1")
    add(stage, "B", waits_for=["ACME-1"])
    assert call(stage, "work.delete", task="ACME-1") == 2
    assert ready(stage) == ["ACME-3"]


def test_plain_sql_meets_the_same_rules(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    with owner(stage) as connection:
        connection.execute("update work.tasks set status = 'done' where title = 'A'")
        assert ready(stage) == ["ACME-2"]
        with pytest.raises(Exception, match="cannot go from done to blocked"):
            connection.execute("update work.tasks set status = 'blocked' where title = 'A'")
        connection.execute("delete from work.task_dependencies")
        connection.execute("update work.tasks set priority = 9, labels = '{x}' where title = 'B'")
        queue = connection.execute("select priority, labels from work.ready_queue").fetchall()
    assert queue == [(9, ["x"])]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("open", "pending"),
        ("todo", "pending"),
        ("in-progress", "in_progress"),
        ("completed", "done"),
        ("closed", "done"),
        ("review", "in_review"),
        ("canceled", "cancelled"),
        ("In Progress", "in_progress"),
    ],
)
def test_the_words_of_every_seed_are_accepted(word: str, status: str) -> None:
    assert work.TaskStatus(word) == status


def test_a_stale_version_is_refused_and_nothing_changes(stage: Database) -> None:
    add(stage, "A")
    call(stage, "work.update", task="ACME-1", title="B", version=1)
    with pytest.raises(StaleVersion):
        call(stage, "work.update", task="ACME-1", title="C", version=1)
    assert call(stage, "work.get", task="ACME-1").task.title == "B"


def test_lists_page_without_loss_in_every_order(stage: Database) -> None:
    for number in range(23):
        add(stage, f"T{number}", priority=1 + number % 3)
    for order in ("priority", "number", "updated"):
        seen: list[str] = []
        cursor = None
        while True:
            page = call(stage, "work.list", project="acme", order=order, limit=5, cursor=cursor)
            seen += [row.ref for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(f"ACME-{n}" for n in range(1, 24)), order
        assert len(seen) == 23
    with pytest.raises(Invalid):
        call(stage, "work.list", project="acme", cursor="nonsense")


def test_filters_of_a_list(stage: Database) -> None:
    add(stage, "100% sure_thing", labels=["a", "b"], priority="high", type="bug")
    add(stage, "other", description="a Needle here")
    add(stage, "part", parent="ACME-1")

    def found(**words: object) -> list[str]:
        return [row.ref for row in call(stage, "work.list", project="acme", order="number", **words).items]

    assert found(text="100%") == ["ACME-1"]
    assert found(text="sure_thi") == ["ACME-1"]
    assert found(text="e_t") == []
    assert found(text="needle") == ["ACME-2"]
    assert found(text="acme-2") == ["ACME-2"]
    assert found(label="b") == found(type="bug") == found(priority="high") == ["ACME-1"]
    assert found(parent="ACME-1") == ["ACME-3"]
    assert found(top=True) == ["ACME-1", "ACME-2"]
    assert found(ready=True) == ["ACME-2", "ACME-3"]
    assert found(ready=False) == ["ACME-1"]
    assert found(status=["done", "in-progress"]) == []
