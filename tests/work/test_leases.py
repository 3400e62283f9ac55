"""Claims and what follows: tokens, tries, quarantine, the dead, people beside agents."""

from __future__ import annotations

import time
from typing import Any

import pytest

from steward.domains import work
from steward.kit import sql
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound
from tests.work.scene import PERSON, add, agent, call, owner, project, ready


@pytest.fixture
def stage(database: Database) -> Database:
    """Lend a database with an empty project."""
    project(database)
    return database


def claim(database: Database, who: str = "bot", **arguments: Any) -> Any:
    return call(database, "work.claim", agent(who), **{"project": "acme"} | arguments)


def test_claims_follow_priority_then_number(stage: Database) -> None:
    add(stage, "low", priority="low")
    add(stage, "first high", priority="high")
    add(stage, "second high", priority="high")
    taken = [claim(stage).task.task.title for _ in range(3)]
    assert taken == ["first high", "second high", "low"]
    assert claim(stage) is None


def test_a_claim_leaves_the_task_pending_until_start(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    assert (taken.task.task.status, taken.task.task.held_by) == (work.TaskStatus.PENDING, "bot")
    started = call(stage, "work.start", agent(), task="ACME-1", token=taken.token)
    assert (started.status, started.assigned_to) == (work.TaskStatus.IN_PROGRESS, "bot")


def test_an_unknown_agent_is_registered_by_its_first_claim(stage: Database) -> None:
    add(stage, "A")
    claim(stage, "newcomer")
    found = call(stage, "agents.get", agent="newcomer")
    assert (found.agent_type, found.model_name) == ("custom", "unknown")


@pytest.mark.parametrize("status", ["done", "cancelled", "deferred", "draft"])
@pytest.mark.parametrize("verb", ["fail", "give_back"])
def test_what_nobody_works_on_is_not_opened_again(stage: Database, verb: str, status: str) -> None:
    add(stage, "A", status="draft" if status == "draft" else "pending")
    if status != "draft":
        call(stage, "work.update", task="ACME-1", status=status)
    more = {"reason": "it broke"} if verb == "fail" else {}
    with pytest.raises(Conflict, match=f"this task is {status}"):
        call(stage, f"work.{verb}", task="ACME-1", **more)
    assert call(stage, "work.get", task="ACME-1").task.status == status


def test_the_key_of_one_agent_does_nothing_with_the_token_of_another(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage, "one")
    other, itself = (Actor(role="agent", agent=name, agent_bound=True) for name in ("two", "ONE"))
    with pytest.raises(work.StaleToken, match="that of agent one"):
        call(stage, "work.finish", other, task="ACME-1", token=taken.token)
    assert call(stage, "work.finish", itself, task="ACME-1", token=taken.token).status == "done"


def test_an_agent_deletes_nothing_that_another_holds(stage: Database) -> None:
    add(stage, "A")
    add(stage, "part", parent="ACME-1")
    claim(stage, "one")
    with pytest.raises(work.StaleToken, match="agent one holds"):
        call(stage, "work.delete", agent("two"), task="ACME-1")
    assert call(stage, "work.delete", agent("one"), task="ACME-2") == 1
    assert call(stage, "work.delete", PERSON, task="ACME-1") == 1


@pytest.mark.parametrize("status", ["done", "failed", "in_progress"])
def test_no_task_begins_as_what_only_work_leads_to(stage: Database, status: str) -> None:
    with pytest.raises(Invalid, match=f"no task begins as {status}"):
        add(stage, "A", status=status)


def test_only_an_agent_claims(stage: Database) -> None:
    add(stage, "A")
    with pytest.raises(work.AgentNeeded):
        call(stage, "work.claim", PERSON, project="acme")


def test_every_later_write_of_an_agent_needs_its_token(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    for verb, more in (
        ("start", {}),
        ("finish", {}),
        ("fail", {"reason": "x"}),
        ("give_back", {}),
        ("update", {"title": "B"}),
    ):
        with pytest.raises(work.StaleToken):
            call(stage, f"work.{verb}", agent(), task="ACME-1", **more)
        with pytest.raises(work.StaleToken):
            call(stage, f"work.{verb}", agent(), task="ACME-1", token=taken.token + 1, **more)
    call(stage, "work.finish", agent(), task="ACME-1", token=taken.token)


def test_a_person_needs_no_token_and_ends_the_lease(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    call(stage, "work.update", task="ACME-1", description="now different")
    with pytest.raises(work.StaleToken):
        call(stage, "work.heartbeat", agent(), task="ACME-1", token=taken.token)
    assert ready(stage) == ["ACME-1"]


def test_a_heartbeat_moves_the_end(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage, lease_seconds=5)
    renewed = call(stage, "work.heartbeat", agent(), task="ACME-1", token=taken.token, lease_seconds=900)
    assert (renewed.lease_until - taken.lease_until).total_seconds() > 800


def test_giving_back_counts_no_try(stage: Database) -> None:
    add(stage, "A")
    for _ in range(5):
        taken = claim(stage)
        call(stage, "work.give_back", agent(), task="ACME-1", token=taken.token, reason="not mine")
    found = call(stage, "work.get", task="ACME-1")
    assert (found.text.attempts, found.text.status_reason) == (0, "not mine")


def test_the_last_try_ends_in_quarantine_and_requeue_brings_it_back(stage: Database) -> None:
    add(stage, "A", max_attempts=2)
    for _ in range(2):
        taken = claim(stage)
        call(stage, "work.fail", agent(), task="ACME-1", token=taken.token, reason="boom")
    found = call(stage, "work.get", task="ACME-1")
    assert found.task.status is work.TaskStatus.FAILED
    assert found.text.quarantined_at is not None
    assert found.text.quarantine_reason == "failed 2 times; last: boom"
    assert ready(stage) == []
    call(stage, "work.requeue", task="ACME-1")
    again = call(stage, "work.get", task="ACME-1")
    assert (again.text.attempts, again.text.quarantined_at) == (0, None)
    assert ready(stage) == ["ACME-1"]


def test_people_are_told_of_a_quarantine_until_it_is_over(stage: Database) -> None:
    def told() -> list[tuple[str]]:
        with owner(stage) as connection:
            connection.execute(sql.get("work.close_notices").text)
            return connection.execute(
                "select message from kit.notices where dismissed_at is null order by message"
            ).fetchall()

    for title in "AB":
        add(stage, title, max_attempts=1)
        taken = claim(stage)
        call(stage, "work.fail", agent(), task=taken.task.task.ref, token=taken.token, reason="boom")
    assert told() == [(f"task ACME-{n} is in quarantine after 1 tries",) for n in (1, 2)]
    call(stage, "work.requeue", task="ACME-1")
    assert told() == [("task ACME-2 is in quarantine after 1 tries",)]
    with owner(stage) as connection:
        connection.execute(
            "insert into kit.notices (topic, level, message, created_at) values"
            " ('work.expiry', 'error', 'old', now() - interval '8 days'), ('work.expiry', 'error', 'new', now())"
        )
    assert told() == [("new",), ("task ACME-2 is in quarantine after 1 tries",)]


def test_a_final_failure_is_not_tried_again(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage)
    row = call(stage, "work.fail", agent(), task="ACME-1", token=taken.token, reason="no way", final=True)
    assert (row.status, ready(stage)) == (work.TaskStatus.FAILED, [])


def test_the_work_of_the_dead_comes_back_and_counts_as_a_try(stage: Database) -> None:
    add(stage, "A")
    taken = claim(stage, "dead", lease_seconds=1)
    call(stage, "work.start", agent("dead"), task="ACME-1", token=taken.token)
    with owner(stage) as connection:
        connection.execute("update work.ready_queue set lease_until = now() - interval '1 second'")
        assert connection.execute("select work.reap_expired()").fetchone() == (1,)
        assert connection.execute("select work.reap_expired()").fetchone() == (0,)
    found = call(stage, "work.get", task="ACME-1")
    assert (found.task.status, found.task.assigned_to, found.text.attempts) == ("pending", None, 1)
    assert ready(stage) == ["ACME-1"]


def test_a_claim_that_finds_nothing_reaps_by_itself(stage: Database) -> None:
    add(stage, "A")
    claim(stage, "dead", lease_seconds=1)
    assert claim(stage, "heir") is None
    time.sleep(1.1)
    assert claim(stage, "heir").task.task.ref == "ACME-1"


def test_labels_and_capabilities_choose(stage: Database) -> None:
    add(stage, "plain")
    add(stage, "web", labels=["web"])
    add(stage, "gpu", labels=["web"], capabilities=["gpu"])
    assert claim(stage, labels=["web"]).task.task.title == "web"
    assert claim(stage, labels=["web"]) is None
    call(stage, "agents.register", name="strong", capabilities=["gpu", "more"])
    assert claim(stage, "strong", labels=["web"]).task.task.title == "gpu"


def test_the_limit_of_work_in_progress(stage: Database) -> None:
    for title in "ABC":
        add(stage, title)
    call(stage, "agents.register", name="bot", max_in_progress=2)
    first = claim(stage)
    claim(stage)
    with pytest.raises(work.TooMuchInProgress):
        claim(stage)
    call(stage, "work.finish", agent(), task=first.task.task.ref, token=first.token)
    assert claim(stage) is not None


def test_a_named_task_that_is_not_ready_says_why(stage: Database) -> None:
    add(stage, "A")
    add(stage, "B", waits_for=["ACME-1"])
    with pytest.raises(work.TaskNotReady, match="dependencies: ACME-1"):
        claim(stage, task="ACME-2")
    claim(stage, "one", task="ACME-1")
    with pytest.raises(work.TaskNotReady, match="held by one"):
        claim(stage, "two", task="ACME-1")


def test_a_finished_task_is_finished_once(stage: Database) -> None:
    add(stage, "A")
    call(stage, "work.finish", task="ACME-1")
    with pytest.raises(Exception, match="already done"):
        call(stage, "work.finish", task="ACME-1")


def test_next_says_why(stage: Database) -> None:
    add(stage, "A", priority="high")
    add(stage, "B", priority="high")
    choice = call(stage, "work.next", project="acme")
    assert choice.task.ref == "ACME-1"
    assert "it is the oldest of 2 of this priority" in choice.reasons
    assert choice.others_ready == 1


def test_a_reader_may_not_claim(stage: Database) -> None:
    add(stage, "A")
    with pytest.raises(Denied):
        call(stage, "work.claim", Actor(role="readonly", agent="bot"), project="acme")


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_a_lease_has_bounds(stage: Database, seconds: int) -> None:
    add(stage, "A")
    with pytest.raises(Invalid):
        claim(stage, lease_seconds=seconds)


def test_words_that_mean_no_task(stage: Database) -> None:
    for words in ("ACME-99", "NOPE-1", "99", "zzz", "0123456789abcdef", "'; drop table work.tasks; --", "٣"):
        with pytest.raises(NotFound):
            call(stage, "work.get", task=words)
