"""Only an active project hands work out, however its state changes and whatever happens beside that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.domains import work
from steward.kit.db import Database
from steward.kit.errors import NotFound
from tests.work.scene import PERSON, Hand, add, agent, call, ids, owner, project, ready, without

STATE = "update projects.projects set status = %s where slug = 'acme'"
FINISH = "select work.finish_task(%s, %s)"
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    """Lend a database with an empty project, and close what a test that failed left open."""
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def change(stage: Database, how: str) -> None:
    """Bring the project into a state by the operation that leads there."""
    if how in ("paused", "inactive", "active"):
        call(stage, "projects.update", project="acme", status=how)
    else:
        call(stage, f"projects.{how}", project="acme")


@pytest.mark.parametrize("how", ["paused", "inactive", "archive", "delete"])
def test_only_an_active_project_hands_work_out(stage: Database, how: str) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    change(stage, how)
    assert ready(stage) == []
    assert call(stage, "work.next", project="all") is None
    assert call(stage, "work.claim", agent(), project="all") is None
    change(stage, "active" if how in ("paused", "inactive") else "restore")
    assert ready(stage) == ["ACME-1"]


def test_work_that_becomes_ready_meanwhile_waits_for_the_project(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    change(stage, "paused")
    call(stage, "work.finish", PERSON, task="ACME-1")
    add(stage, "C")
    assert ready(stage) == []
    with pytest.raises(work.TaskNotReady, match="its project is paused"):
        call(stage, "work.claim", agent(), task="ACME-2")
    change(stage, "active")
    assert ready(stage) == ["ACME-2", "ACME-3"]


def test_what_is_held_when_a_project_is_paused_may_be_finished(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B")
    first, second = (call(stage, "work.claim", agent(), project="acme") for _ in range(2))
    change(stage, "paused")
    call(stage, "work.heartbeat", agent(), task="ACME-1", token=first.token)
    assert call(stage, "work.finish", agent(), task="ACME-1", token=first.token).status == "done"
    call(stage, "work.give_back", agent(), task="ACME-2", token=second.token)
    assert ready(stage) == []


def test_the_lease_of_the_dead_ends_in_a_paused_project_too(stage: Database) -> None:
    add(stage, "A")
    call(stage, "work.claim", agent(), project="acme")
    change(stage, "paused")
    with owner(stage) as connection:
        connection.execute("update work.ready_queue set lease_until = now() - interval '1 second'")
        assert connection.execute("select work.reap_expired()").fetchone() == (1,)
    assert ready(stage) == []
    change(stage, "active")
    assert ready(stage) == ["ACME-1"]


def test_tasks_of_a_deleted_project_are_in_no_list_and_no_count(stage: Database) -> None:
    add(stage, "A")
    held = add(stage, "B", priority="high")
    task_id = call(stage, "work.get", task=held).task.id
    call(stage, "work.add_issue", title="I", project="acme")
    call(stage, "work.add_epic", title="E", project="acme")
    call(stage, "work.add_workflow", name="W", project="acme")
    call(stage, "work.claim", agent(), project="acme")
    change(stage, "delete")
    seen = call(stage, "work.overview", project="all")
    assert (seen.by_status, seen.ready, seen.held, seen.in_work) == ([], 0, 0, [])
    for verb in ("list", "list_issues", "list_epics", "list_workflows"):
        assert call(stage, f"work.{verb}", project="all").items == [], verb
    counted = call(stage, "work.statistics", project="all")
    assert (counted.total_tasks, counted.total_issues, counted.total_epics, counted.total_workflows) == (
        0,
        0,
        0,
        0,
    )
    assert call(stage, "work.blocked", project="all") == []
    with pytest.raises(NotFound):
        call(stage, "work.get", task=str(task_id))
    change(stage, "restore")
    assert len(call(stage, "work.list", project="all").items) == 2


@LOCKED
def test_a_blocker_is_finished_while_its_project_comes_back(stage: Database, locked: bool) -> None:
    add(stage, "A")
    b = add(stage, "B", waits_for=["ACME-1"])
    of = ids(stage)
    change(stage, "paused")
    if not locked:
        without(stage, "work.refresh_queue", "pg_advisory_xact_lock_shared", "hashint8")
    waker, finisher = Hand(stage), Hand(stage)
    waker.run(STATE, "active")
    finisher.begin(FINISH, of("A"), None)
    assert finisher.waits() is locked
    waker.commit()
    assert finisher.end() == [("",)]
    finisher.commit()
    assert (ready(stage) == [b]) is locked


@LOCKED
def test_a_task_that_nothing_hangs_on_is_finished_while_its_project_comes_back(
    stage: Database, locked: bool
) -> None:
    add(stage, "A")
    of = ids(stage)
    change(stage, "paused")
    if not locked:
        without(stage, "work.after_task_update", "pg_advisory_xact_lock_shared", "hashint8")
    finisher, waker = Hand(stage), Hand(stage)
    finisher.run(FINISH, of("A"), None)
    waker.begin(STATE, "active")
    assert waker.waits() is locked
    finisher.commit()
    waker.end()
    waker.commit()
    with owner(stage) as connection:
        assert connection.execute("select count(*) from work.ready_queue").fetchone() == (0 if locked else 1,)


@LOCKED
def test_a_project_is_paused_while_a_blocker_is_finished(stage: Database, locked: bool) -> None:
    add(stage, "A")
    b = add(stage, "B", waits_for=["ACME-1"])
    of = ids(stage)
    if not locked:
        without(stage, "work.refresh_queue", "pg_advisory_xact_lock_shared", "hashint8")
    claim = call(stage, "work.claim", agent(), project="acme")
    finisher, pauser = Hand(stage, agent()), Hand(stage)
    finisher.run(FINISH, of("A"), claim.token)
    pauser.begin(STATE, "paused")
    assert pauser.waits() is locked
    finisher.commit()
    assert pauser.end() == []
    pauser.commit()
    assert ready(stage) == ([] if locked else [b])


def test_a_claim_taken_while_its_project_is_paused_stands(stage: Database) -> None:
    add(stage, "A")
    bot = call(stage, "agents.register", name="bot").id
    claimer, pauser = Hand(stage, agent()), Hand(stage)
    claimer.run("select token from work.claim_tasks(%s)", bot)
    pauser.begin(STATE, "paused")
    assert pauser.waits()
    claimer.commit()
    assert pauser.end() == []
    pauser.commit()
    assert call(stage, "work.get", task="ACME-1").task.held_by == "bot"
