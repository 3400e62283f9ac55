"""Two connections at once: each rule holds, and each test fails when the lock that keeps it is taken away."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from steward.kit.db import Database
from tests.work.scene import Hand, add, agent, call, ids, project, ready, without

EDGE = """
insert into work.task_dependencies (task_id, depends_on_task_id, project_id)
select t.id, b.id, t.project_id from work.tasks t, work.tasks b where t.id = %s and b.id = %s
"""
FINISH = "select work.finish_task(%s, %s)"
CLAIM = "select task_id, token from work.claim_tasks(%s)"
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    """Lend a database with an empty project, and close what a test that failed left open."""
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


@LOCKED
def test_finish_while_an_edge_to_it_is_inserted(stage: Database, locked: bool) -> None:
    add(stage, "A")
    b = add(stage, "B")
    of = ids(stage)
    if not locked:
        without(stage, "work.after_dependency_insert", "for share")
    inserter, finisher = Hand(stage), Hand(stage)
    inserter.run(EDGE, of("B"), of("A"))
    finisher.begin(FINISH, of("A"), None)
    assert finisher.waits() is locked
    inserter.commit()
    assert finisher.end() == [("",)]
    finisher.commit()
    assert ready(stage) == ([b] if locked else [])


@LOCKED
def test_edge_inserted_while_its_blocker_is_being_finished(stage: Database, locked: bool) -> None:
    add(stage, "A")
    b = add(stage, "B")
    of = ids(stage)
    if not locked:
        without(stage, "work.after_dependency_insert", "for share")
    inserter, finisher = Hand(stage), Hand(stage)
    finisher.run(FINISH, of("A"), None)
    inserter.begin(EDGE, of("B"), of("A"))
    assert inserter.waits() is locked
    finisher.commit()
    assert inserter.end() == []
    inserter.commit()
    assert ready(stage) == ([b] if locked else [])


@LOCKED
def test_two_claims_of_the_last_task(stage: Database, locked: bool) -> None:
    add(stage, "A")
    if not locked:
        without(stage, "work.pick_tasks", "for update skip locked")
    one, two = (call(stage, "agents.register", name=name).id for name in ("one", "two"))
    first, second = Hand(stage, agent("one")), Hand(stage, agent("two"))
    assert len(first.run(CLAIM, one)) == 1
    second.begin(CLAIM, two)
    assert second.waits() is not locked
    first.commit()
    taken = second.end()
    second.commit()
    assert len(taken) == (0 if locked else 1)


@LOCKED
def test_a_cycle_closed_from_both_ends(stage: Database, locked: bool) -> None:
    for title in "ABCD":
        add(stage, title)
    of = ids(stage)
    if not locked:
        without(stage, "work.lock_graphs", "pg_advisory_xact_lock", "hashint8")
    call(stage, "work.depend", task="ACME-2", on="ACME-3")
    call(stage, "work.depend", task="ACME-4", on="ACME-1")
    left, right = Hand(stage), Hand(stage)
    left.run(EDGE, of("A"), of("B"))
    right.begin(EDGE, of("C"), of("D"))
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


@LOCKED
def test_a_stale_token_beside_a_person_who_ends_the_lease(stage: Database, locked: bool) -> None:
    add(stage, "A")
    of = ids(stage)
    claim = call(stage, "work.claim", agent(), project="acme")
    if not locked:
        without(stage, "work.holders_of", "for update")
    person, bot = Hand(stage), Hand(stage, agent())
    person.run("select work.give_back_task(%s)", of("A"))
    bot.begin(FINISH, of("A"), claim.token)
    assert bot.waits()
    person.commit()
    outcome = bot.end()
    if not locked:
        assert outcome == [("",)], "the stale write went through"
        bot.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW02"
    bot.close()


@LOCKED
def test_two_claims_of_one_agent_at_its_limit(stage: Database, locked: bool) -> None:
    add(stage, "A")
    add(stage, "B")
    bot = call(stage, "agents.register", name="bot", max_in_progress=1).id
    if not locked:
        without(stage, "work.free_places", "pg_advisory_xact_lock", "hashint8")
    first, second = Hand(stage, agent()), Hand(stage, agent())
    first.run(CLAIM, bot)
    second.begin(CLAIM, bot)
    assert second.waits() is locked
    first.commit()
    outcome = second.end()
    if not locked:
        assert len(outcome) == 1
        second.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW06"
    second.close()


@LOCKED
def test_the_last_two_blockers_finished_at_once(stage: Database, locked: bool) -> None:
    add(stage, "A")
    add(stage, "B")
    c = add(stage, "C", waits_for=["ACME-1", "ACME-2"])
    of = ids(stage)
    if not locked:
        without(stage, "work.refresh_queue", "for no key update")
        without(stage, "work.refresh_touched", "for no key update")
    first, second = Hand(stage), Hand(stage)
    first.run(FINISH, of("A"), None)
    second.begin(FINISH, of("B"), None)
    assert second.waits() is locked
    first.commit()
    assert second.end() == [("",)]
    second.commit()
    assert ready(stage) == ([c] if locked else [])


@LOCKED
def test_a_subtask_added_while_its_parent_is_finished(stage: Database, locked: bool) -> None:
    add(stage, "A")
    # In review it stands in no queue, whose row would hold the two apart as well.
    call(stage, "work.update", task="ACME-1", status="in_progress")
    call(stage, "work.update", task="ACME-1", status="in_review")
    of = ids(stage)
    if not locked:
        without(stage, "work.refresh_queue", "for no key update")
        without(stage, "work.refresh_touched", "for no key update")
    adder, finisher = Hand(stage), Hand(stage)
    adder.run(
        "insert into work.tasks (project_id, parent_task_id, title)"
        " select project_id, id, 'part' from work.tasks where id = %s",
        of("A"),
    )
    finisher.begin(FINISH, of("A"), None)
    assert finisher.waits() is locked
    adder.commit()
    outcome = finisher.end()
    if not locked:
        assert outcome == [("",)]
        finisher.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW05"
    finisher.close()


def test_an_expired_lease_is_worth_nothing(stage: Database) -> None:
    add(stage, "A")
    of = ids(stage)
    claim = call(stage, "work.claim", agent("dead"), project="acme", lease_seconds=1)
    waiting = Hand(stage)
    waiting.run("select pg_sleep(1.1)")
    waiting.close()
    taken = call(stage, "work.claim", agent("heir"), project="acme")
    assert taken.task.task.ref == claim.task.task.ref
    late = Hand(stage, agent("dead"))
    with pytest.raises(psycopg.Error) as refused:
        late.run(FINISH, of("A"), claim.token)
    assert refused.value.sqlstate == "STW02"
    late.close()


CHILD = """
insert into work.tasks (project_id, title, parent_task_id) select project_id, 'child', id from work.tasks where id = %s
"""
UNTIE = "delete from work.task_dependencies where task_id = %s"


@pytest.mark.parametrize("how", ["finish", "untie"])
@LOCKED
def test_a_child_added_while_its_parents_blocker_goes(stage: Database, how: str, locked: bool) -> None:
    add(stage, "blocker")
    add(stage, "parent", waits_for=["ACME-1"])
    of = ids(stage)
    if not locked:
        without(stage, "work.refresh_touched", "exit when cardinality(grown) = cardinality(known)", "exit")
    adder, other = Hand(stage), Hand(stage)
    adder.run(CHILD, of("parent"))
    if how == "finish":
        other.begin(FINISH, of("blocker"), None)
    else:
        other.begin(UNTIE, of("parent"))
    assert other.waits()
    adder.commit()
    other.end()
    other.commit()
    assert ("ACME-3" in ready(stage)) is locked
