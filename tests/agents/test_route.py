"""Routing: the best agent for some work, by what it can do, how it did and what it holds; every decision is kept."""

from __future__ import annotations

import pytest

from steward.kit.db import Database
from steward.kit.errors import Invalid, NotFound
from tests.work.scene import add, agent, call, owner, project


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    for name, words in (
        ("snake", ["python"]),
        ("jack", ["python", "sql", "css", "go"]),
        ("stylist", ["css"]),
    ):
        call(database, "agents.register", name=name, capabilities=words)
    return database


def _best(database: Database, **given: object) -> str | None:
    found: str | None = call(database, "agents.route", **given).agent
    return found


def _work(database: Database, name: str, *, fails: bool = False) -> None:
    ref = add(database, "t", max_attempts=1)
    taken = call(database, "work.claim", agent(name), task=ref)
    if fails:
        call(database, "work.fail", agent(name), task=ref, token=taken.token, reason="no")
    else:
        call(database, "work.finish", agent(name), task=ref, token=taken.token)


def test_whoever_can_do_it_and_the_specialist_first(acme: Database) -> None:
    made = call(acme, "agents.route", capabilities=["python"])
    assert made.agent == "snake"
    assert [one["agent"] for one in made.candidates] == ["snake", "jack", "stylist"]
    assert made.candidates[2]["missing"] == ["python"]
    assert not made.candidates[2]["eligible"]
    assert _best(acme, capabilities=["python", "sql"]) == "jack"
    assert _best(acme, capabilities=["python", "cobol"]) is None


def test_what_a_task_requires(acme: Database) -> None:
    ref = add(acme, "A", capabilities=["css"])
    made = call(acme, "agents.route", task=ref, capabilities=["go"])
    assert (made.agent, made.required_capabilities) == ("jack", ["css", "go"])
    task = call(acme, "work.get", task=ref).task
    assert made.task_id == task.id
    assert call(acme, "agents.route", task=str(task.id)).agent == "stylist"


def test_who_did_well_before(acme: Database) -> None:
    for name in ("one", "two"):
        call(acme, "agents.register", name=name, capabilities=["x"])
    for _ in range(4):
        _work(acme, "two")
        _work(acme, "one", fails=True)
    made = call(acme, "agents.route", capabilities=["x"])
    assert made.agent == "two"
    figures = {one["agent"]: (one["finished"], one["failed"]) for one in made.candidates}
    assert (figures["one"], figures["two"]) == ((0, 4), (4, 0))


def test_a_claim_that_ran_out_counts_as_a_failure(acme: Database) -> None:
    ref = add(acme, "t")
    call(acme, "work.claim", agent("snake"), task=ref)
    with owner(acme) as connection:
        connection.execute(
            "update work.ready_queue set lease_until = now() - interval '1 s' where agent_id is not null"
        )
        connection.execute("select work.reap_expired()")
        assert connection.execute("select outcome from work.agent_failures").fetchall() == [("expired",)]


def test_who_has_least_to_do(acme: Database) -> None:
    for name in ("one", "two"):
        call(acme, "agents.register", name=name, capabilities=["x"])
    call(acme, "work.claim", agent("one"), task=add(acme, "t"))
    assert _best(acme, capabilities=["x"]) == "two"


def test_not_who_holds_all_it_may_or_is_away(acme: Database) -> None:
    call(acme, "agents.update", agent="snake", max_in_progress=1)
    call(acme, "work.claim", agent("snake"), task=add(acme, "t"))
    assert _best(acme, capabilities=["python"]) == "jack"
    call(acme, "agents.deactivate", agent="jack")
    assert _best(acme, capabilities=["python"]) is None


def test_decisions_are_kept(acme: Database) -> None:
    ref = add(acme, "A", capabilities=["css"])
    for given in ({"task": ref}, {"capabilities": ["python"]}, {"capabilities": ["cobol"]}):
        call(acme, "agents.route", **given)
    listed = call(acme, "agents.list_decisions").items
    assert [one.agent for one in listed] == [None, "snake", "stylist"]
    assert listed[2].decided_by == "person"
    assert [one.agent for one in call(acme, "agents.list_decisions", task=ref).items] == ["stylist"]
    assert [one.agent for one in call(acme, "agents.list_decisions", agent="snake").items] == ["snake"]
    first = call(acme, "agents.list_decisions", limit=2)
    rest = call(acme, "agents.list_decisions", limit=2, cursor=first.next_cursor)
    assert [one.id for one in [*first.items, *rest.items]] == [one.id for one in listed]
    # The task is named by id alone: the decision outlives it.
    with owner(acme) as connection:
        connection.execute("delete from work.tasks")
    assert len(call(acme, "agents.list_decisions").items) == 3


def test_what_makes_no_sense(acme: Database) -> None:
    with pytest.raises(Invalid):
        call(acme, "agents.route")
    for words in ("ACME-9", "nonsense", "' or true"):
        with pytest.raises(NotFound):
            call(acme, "agents.route", task=words)
