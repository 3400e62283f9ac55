"""Leases that nobody ends, and claims that are ended twice."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from steward.domains import work
from steward.kit.db import Actor, Database
from steward.kit.errors import Denied
from tests.work.scene import PERSON, Hand, add, agent, call, owner, project, ready

LATE = "update work.ready_queue set lease_until = now() - interval '1 second' where agent_id is not null"


@pytest.fixture
def stage(database: Database) -> Database:
    """Lend a database with an empty project."""
    project(database)
    return database


def claim(database: Database, who: str = "bot") -> Any:
    return call(database, "work.claim", agent(who), project="acme")


def reap(database: Database) -> int:
    """Let every lease run out and take the work back."""
    with owner(database) as connection:
        connection.execute(LATE)
        row = connection.execute("select work.reap_expired()").fetchone()
    assert row is not None
    return int(row[0])


def test_reaping_asks_for_the_right_to_write(stage: Database) -> None:
    reader = Hand(stage, Actor(role="readonly"))
    with pytest.raises(psycopg.Error) as refused:
        reader.run("select work.reap_expired()")
    reader.close()
    assert refused.value.sqlstate == Denied.sqlstate


def test_an_extension_that_fails_keeps_no_task_with_the_dead(stage: Database) -> None:
    for title in "AB":
        add(stage, title)
        claim(stage)
    with owner(stage) as connection:
        connection.execute(
            "create function work.refuses(uuid, uuid, jsonb) returns void language plpgsql as"
            " $$ begin raise exception 'out of order'; end $$;"
            " select work.register_extension('on_expire', 10, 'work.refuses')"
        )
    assert reap(stage) == 2
    assert ready(stage) == ["ACME-1", "ACME-2"]
    with owner(stage) as connection:
        told = connection.execute("select message from kit.notices where topic = 'work.expiry'").fetchall()
        counted = connection.execute("select count(*) from work.agent_failures").fetchone()
    assert len(told) == 2
    assert "refuses" in told[0][0]
    assert "out of order" in told[0][0]
    assert counted == (2,), "the extension behind the one that failed was told"


def test_a_lease_is_kept_while_a_question_waits(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    call(stage, "work.ask", agent(), task="ACME-1", token=taken.token, question="Which?")
    assert reap(stage) == 0
    found = call(stage, "work.get", task="ACME-1")
    assert (found.task.status, found.task.held_by, found.text.attempts) == ("awaiting_input", "bot", 0)
    call(stage, "work.heartbeat", agent(), task="ACME-1", token=taken.token)


def test_a_question_that_came_too_late_lets_its_agent_go_on(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    asked = call(stage, "work.ask", agent(), task="ACME-1", token=taken.token, question="Which?")
    with owner(stage) as connection:
        connection.execute("update work.questions set expires_at = now() - interval '1 hour'")
    assert reap(stage) == 0
    assert call(stage, "work.get_question", question=str(asked.id)).status == "expired"
    call(stage, "work.finish", agent(), task="ACME-1", token=taken.token)


def test_waiting_for_a_person_without_a_question_counts_no_try(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    call(stage, "work.start", agent(), task="ACME-1", token=taken.token)
    call(stage, "work.update", agent(), task="ACME-1", token=taken.token, status="awaiting_input")
    assert reap(stage) == 1
    found = call(stage, "work.get", task="ACME-1")
    assert (found.task.status, found.task.held_by, found.text.attempts) == ("awaiting_input", None, 0)
    call(stage, "work.update", PERSON, task="ACME-1", status="pending")
    assert ready(stage) == ["ACME-1"]


def test_the_same_word_twice_is_answered_as_the_first_time(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    words: dict[str, Any] = {"task": "ACME-1", "token": taken.token, "result": "it works"}
    first = call(stage, "work.finish", agent(), **words)
    assert call(stage, "work.finish", agent(), **words) == first
    assert call(stage, "work.finish", agent(), task="ACME-1", token=taken.token) == first


@pytest.mark.parametrize("verb", ["finish", "fail", "start", "give_back"])
def test_a_done_task_says_by_whom_and_when(stage: Database, verb: str) -> None:
    add(stage, "A")
    taken = claim(stage)
    call(stage, "work.finish", agent(), task="ACME-1", token=taken.token, result="it works")
    more = {"result": "something else"} if verb == "finish" else {"reason": "x"} if verb == "fail" else {}
    with pytest.raises(work.TaskDone, match=r"already done by bot since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"):
        call(stage, f"work.{verb}", agent(), task="ACME-1", token=taken.token, **more)


def test_a_task_finished_by_another_is_not_the_success_of_the_first(stage: Database) -> None:
    add(stage, "A")
    lost = claim(stage, "first")
    assert reap(stage) == 1
    call(stage, "work.finish", agent("second"), task="ACME-1", token=claim(stage, "second").token)
    with pytest.raises(work.TaskDone, match="by second"):
        call(stage, "work.finish", agent("first"), task="ACME-1", token=lost.token)


def test_a_task_opened_again_is_finished_anew(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    call(stage, "work.finish", agent(), task="ACME-1", token=taken.token)
    call(stage, "work.update", task="ACME-1", status="pending")
    with pytest.raises(work.StaleToken):
        call(stage, "work.finish", agent(), task="ACME-1", token=taken.token)
