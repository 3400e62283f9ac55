"""Questions to people: the task waits, the claim is kept, the answer wakes the agent; and two hands at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from steward.domains.work import QuestionClosed, QuestionOpen, StaleToken, jobs
from steward.kit.db import Database
from steward.kit.errors import Denied, Invalid, NotFound
from tests.work.scene import PERSON, Hand, add, agent, call, owner, project, ready, without
from tests.work.talk import claim, person

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
ANSWER = "select work.answer_question(%s, %s)"
WITHDRAW = "select work.withdraw_question(%s)"


@pytest.fixture
def acme(database: Database) -> Iterator[Database]:
    project(database)
    add(database, "A")
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def _ask(database: Database, token: int, text: str = "which one?", **more: Any) -> Any:
    return call(database, "work.ask", agent(), task="ACME-1", token=token, question=text, **more)


def _status(database: Database) -> str:
    return str(call(database, "work.get", task="ACME-1").task.status)


def _lease_minutes(database: Database) -> float | None:
    with owner(database) as connection:
        row = connection.execute(
            "select extract(epoch from lease_until - clock_timestamp()) / 60 from work.ready_queue"
        ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _expire(database: Database) -> int:
    with owner(database) as connection:
        connection.execute(
            "update work.questions set expires_at = now() - interval '1 second' where status = 'open'"
        )
    with database.transaction(PERSON) as db:
        return int(jobs.expire_questions(db)["expired"])


def test_asked_answered_and_on(acme: Database) -> None:
    taken = claim(acme)
    call(acme, "work.start", agent(), task="ACME-1", token=taken.token)
    asked = _ask(acme, taken.token, choices=["left", "right"], urgency="high")
    assert (asked.task, asked.agent, asked.status, asked.urgency) == ("ACME-1", "bot", "open", 8)
    assert _status(acme) == "awaiting_input"
    assert call(acme, "work.wait_answer", question=asked.id) is None
    done = call(acme, "work.answer", person(acme), question=asked.id, answer=" Left ")
    assert (done.status, done.answer, done.choice, done.answered_by) == ("answered", "Left", "left", "ann")
    assert call(acme, "work.wait_answer", agent(), question=asked.id).choice == "left"
    assert _status(acme) == "in_progress"
    assert call(acme, "work.finish", agent(), task="ACME-1", token=taken.token).status == "done"


def test_an_answer_may_be_none_of_the_choices(acme: Database) -> None:
    asked = _ask(acme, claim(acme).token, choices=["left", "right"])
    done = call(acme, "work.answer", question=asked.id, answer="straight on")
    assert (done.answer, done.choice) == ("straight on", None)


def test_the_claim_outlasts_the_thinking(acme: Database) -> None:
    taken = claim(acme, lease_seconds=60)
    asked = _ask(acme, taken.token, expires_in_minutes=120)
    minutes = _lease_minutes(acme)
    assert minutes is not None
    assert 129 < minutes <= 130
    # A heartbeat does not shorten it, and nobody else gets the task.
    call(acme, "work.heartbeat", agent(), task="ACME-1", token=taken.token, lease_seconds=5)
    assert (_lease_minutes(acme) or 0) > 129
    assert call(acme, "work.claim", agent("other"), project="acme") is None
    call(acme, "work.answer", question=asked.id, answer="yes")
    assert 9 < (_lease_minutes(acme) or 0) <= 10


def test_asking_again_is_the_same_question(acme: Database) -> None:
    taken = claim(acme)
    first = _ask(acme, taken.token)
    assert _ask(acme, taken.token).id == first.id
    assert _ask(acme, taken.token, until_answered=True) is None
    with pytest.raises(QuestionOpen, match="which one"):
        _ask(acme, taken.token, "another?")
    call(acme, "work.answer", question=first.id, answer="this")
    assert _ask(acme, taken.token, until_answered=True).answer == "this"
    assert _ask(acme, taken.token, "another?").id != first.id


def test_only_the_holder_asks(acme: Database) -> None:
    taken = claim(acme)
    with pytest.raises(StaleToken):
        _ask(acme, taken.token + 1)
    with pytest.raises(Invalid):
        call(acme, "work.ask", agent(), task="ACME-1", question="?")
    with owner(acme) as connection, pytest.raises(psycopg.Error, match="only the agent that holds"):
        connection.execute("select work.ask_question(id, null, 'x') from work.tasks")
    assert _status(acme) == "pending"


def test_people_answer_and_agents_do_not(acme: Database) -> None:
    asked = _ask(acme, claim(acme).token)
    with pytest.raises(Denied, match="for a person"):
        call(acme, "work.answer", agent("helpful"), question=asked.id, answer="I guess so")
    with pytest.raises(Invalid):
        call(acme, "work.answer", question=asked.id, answer="  ")
    with pytest.raises(NotFound):
        call(acme, "work.answer", question="00000000-0000-7000-8000-000000000000", answer="x")


def test_a_question_is_closed_once(acme: Database) -> None:
    taken = claim(acme)
    asked = _ask(acme, taken.token)
    call(acme, "work.answer", question=asked.id, answer="yes")
    with pytest.raises(QuestionClosed, match="answered by person"):
        call(acme, "work.answer", question=asked.id, answer="no")
    with pytest.raises(QuestionClosed):
        call(acme, "work.withdraw", agent(), question=asked.id, token=taken.token)


def test_withdrawn_by_its_agent_or_a_person(acme: Database) -> None:
    taken = claim(acme)
    asked = _ask(acme, taken.token)
    with pytest.raises(StaleToken):
        call(acme, "work.withdraw", agent("other"), question=asked.id)
    done = call(acme, "work.withdraw", agent(), question=asked.id, token=taken.token, reason="found it")
    assert (done.status, done.close_reason) == ("withdrawn", "found it")
    assert _status(acme) == "in_progress"
    again = _ask(acme, taken.token, "another?")
    assert call(acme, "work.withdraw", question=again.id).status == "withdrawn"
    assert call(acme, "work.finish", agent(), task="ACME-1", token=taken.token).status == "done"


def test_nobody_answers_in_time(acme: Database) -> None:
    taken = claim(acme)
    asked = _ask(acme, taken.token)
    assert _expire(acme) == 1
    assert call(acme, "work.wait_answer", question=asked.id).status == "expired"
    assert (_status(acme), _expire(acme)) == ("in_progress", 0)
    assert call(acme, "work.finish", agent(), task="ACME-1", token=taken.token).status == "done"


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("give_back", {"reason": "no"}),
        ("fail", {"reason": "no"}),
        ("start", {}),
        ("delete", {}),
        ("update", {"status": "cancelled"}),
    ],
)
def test_a_task_that_goes_on_waits_for_no_answer(acme: Database, verb: str, more: dict[str, Any]) -> None:
    asked = _ask(acme, claim(acme).token)
    call(acme, f"work.{verb}", task="ACME-1", **more)
    done = call(acme, "work.wait_answer", question=asked.id) if verb != "delete" else None
    with owner(acme) as connection:
        row = connection.execute("select status, waited_ms >= 0 from work.questions").fetchone()
    assert row == ("withdrawn", True)
    assert done is None or "went on without an answer" in done.close_reason
    with pytest.raises(QuestionClosed):
        call(acme, "work.answer", question=asked.id, answer="late")


def test_an_answer_after_the_claim_was_ended_frees_the_task(acme: Database) -> None:
    asked = _ask(acme, claim(acme).token)
    call(acme, "work.update", task="ACME-1", title="B")
    assert _status(acme) == "awaiting_input"
    assert ready(acme) == [], "a task that waits for an answer is handed to nobody"
    call(acme, "work.answer", question=asked.id, answer="yes")
    assert (_status(acme), ready(acme)) == ("pending", ["ACME-1"])


def test_the_inbox(acme: Database) -> None:
    ann, bob = person(acme), person(acme, "bob")
    for number, (urgency, whom) in enumerate([("low", None), ("critical", "bob"), ("low", "ann")]):
        if number:
            add(acme, f"T{number}")
        taken = call(acme, "work.claim", agent(), task=f"ACME-{number + 1}")
        call(
            acme, "work.ask", agent(), task=f"ACME-{number + 1}", token=taken.token, question="?", urgency=urgency,
            person=whom,
        )  # fmt: skip
    listed = call(acme, "work.inbox", ann, project="acme").items
    assert [one.task for one in listed] == ["ACME-2", "ACME-3", "ACME-1"]
    assert [one.task for one in call(acme, "work.inbox", bob, mine=True).items] == ["ACME-2", "ACME-1"]
    first = call(acme, "work.inbox", ann, limit=2)
    rest = call(acme, "work.inbox", ann, limit=2, cursor=first.next_cursor)
    assert [one.task for one in [*first.items, *rest.items]] == ["ACME-2", "ACME-3", "ACME-1"]
    call(acme, "work.answer", ann, question=listed[0].id, answer="x")
    assert [one.task for one in call(acme, "work.inbox", ann).items] == ["ACME-3", "ACME-1"]
    assert [one.task for one in call(acme, "work.inbox", ann, status="answered").items] == ["ACME-2"]
    assert call(acme, "work.get_question", task="ACME-2").answer == "x"


def test_waiting_is_kept_apart(acme: Database) -> None:
    taken = claim(acme)
    call(acme, "work.start", agent(), task="ACME-1", token=taken.token)
    asked = _ask(acme, taken.token)
    with owner(acme) as connection:
        connection.execute("update work.tasks set started_at = now() - interval '3 hours'")
        connection.execute("update work.questions set created_at = now() - interval '2 hours'")
    assert call(acme, "work.answer", question=asked.id, answer="x").waited_ms == pytest.approx(
        7_200_000, abs=60_000
    )
    for by, name in (("task", "ACME-1"), ("agent", "bot"), ("project", "acme")):
        (found,) = call(acme, "work.waiting", by=by)
        assert (found.name, found.questions, found.open_questions) == (name, 1, 0)
        assert found.waited_ms == pytest.approx(7_200_000, abs=60_000)
    call(acme, "work.finish", agent(), task="ACME-1", token=taken.token)
    assert call(acme, "work.get", task="ACME-1").text.actual_minutes == pytest.approx(60, abs=1)


def test_an_answer_wakes_whoever_waits(acme: Database) -> None:
    import asyncio

    from steward.kit import op
    from steward.kit.config import Settings
    from steward.surfaces.rest.edge import Edge
    from tests.servers import run_place

    taken = claim(acme)
    asked = _ask(acme, taken.token)

    async def wait() -> tuple[Any, float]:
        edge = Edge(acme, Settings(home=run_place() / "home"))
        edge.changed.bind(asyncio.get_running_loop())
        threading.Timer(0.3, lambda: call(acme, "work.answer", question=asked.id, answer="go on")).start()
        start = time.perf_counter()
        spec = op.operation("work.wait_answer")
        result = await edge.wait_for(spec, {"question": asked.id}, agent(), wait_s=10)
        return result, time.perf_counter() - start

    result, took = asyncio.run(wait())
    assert result.answer == "go on"
    assert took < 0.9, "woken by the commit, not by the poll"


# ------------------------------------------------------------------------------------------------------ two hands


@LOCKED
def test_two_answers_at_once(acme: Database, locked: bool) -> None:
    asked = _ask(acme, claim(acme).token)
    # With the claim gone there is no queue row whose lock would hold the two apart as well.
    call(acme, "work.update", task="ACME-1", title="B")
    if not locked:
        without(acme, "work.lock_question", "for no key update")
    first, second = Hand(acme), Hand(acme)
    first.run(ANSWER, asked.id, "yes")
    second.begin(ANSWER, asked.id, "no")
    assert second.waits()
    first.commit()
    outcome = second.end()
    if not locked:
        assert outcome == [("",)], "the second answer went over the first"
        second.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW11"
    second.close()


@LOCKED
def test_an_answer_beside_a_withdrawal(acme: Database, locked: bool) -> None:
    asked = _ask(acme, claim(acme).token)
    call(acme, "work.update", task="ACME-1", title="B")
    if not locked:
        without(acme, "work.lock_question", "for no key update")
    first, second = Hand(acme), Hand(acme)
    first.run(WITHDRAW, asked.id)
    second.begin(ANSWER, asked.id, "yes")
    assert second.waits()
    first.commit()
    outcome = second.end()
    if not locked:
        assert outcome == [("",)], "a question that was taken back was answered"
        second.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW11"
    second.close()


@LOCKED
def test_an_answer_while_the_claim_is_given_back(acme: Database, locked: bool) -> None:
    asked = _ask(acme, claim(acme).token)
    with owner(acme) as connection:
        row = connection.execute("select id from work.tasks").fetchone()
    assert row is not None
    if not locked:
        without(acme, "work.lock_question", "for update")
    giver, answerer = Hand(acme), Hand(acme)
    # Giving back in its two steps: the queue row, then the task.
    giver.run("select r.task_id from work.ready_queue r where r.task_id = %s for update", row[0])
    answerer.begin(ANSWER, asked.id, "yes")
    assert answerer.waits()
    giver.begin("select work.give_back_task(%s)", row[0])
    given = giver.end()
    if not locked:
        outcome = answerer.end() if given == [("",)] else given
        assert isinstance(outcome, psycopg.errors.DeadlockDetected)
        return
    assert given == [("",)]
    giver.commit()
    outcome = answerer.end()
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW11"
    assert (_status(acme), ready(acme)) == ("pending", ["ACME-1"])


@LOCKED
def test_two_questions_at_once(acme: Database, locked: bool) -> None:
    taken = claim(acme)
    ask = "select work.ask_question(id, %s, %s) from work.tasks"
    if not locked:
        with owner(acme) as connection:
            connection.execute("drop index work.questions_open")
        without(acme, "work.pass", "for update")
        without(acme, "work.ask_question", "for no key update")
    first, second = Hand(acme, agent()), Hand(acme, agent())
    first.run(ask, taken.token, "this?")
    second.begin(ask, taken.token, "that?")
    assert second.waits()
    first.commit()
    outcome = second.end()
    if not locked:
        assert len(outcome) == 1
        second.commit()
        return
    assert isinstance(outcome, psycopg.Error)
    assert outcome.sqlstate == "STW10"
    second.close()


def test_a_question_is_named_by_the_beginning_of_its_id(acme: Database) -> None:
    asked = _ask(acme, claim(acme).token)
    word = str(asked.id)
    assert call(acme, "work.wait_answer", question=word[:8]) is None
    assert call(acme, "work.get_question", question=word[:13].upper()).id == asked.id
    assert call(acme, "work.answer", question=word[:8], answer="yes").answer == "yes"
    with pytest.raises(NotFound, match="there is no question '00000000'"):
        call(acme, "work.get_question", question="00000000")
    with pytest.raises(Invalid, match="nor its first 8 digits"):
        call(acme, "work.withdraw", question=word[:7])


def test_a_beginning_that_several_share_names_them(acme: Database) -> None:
    taken = claim(acme)
    ids: list[str] = []
    # The first 8 digits change once in 65 seconds: of three made at once two share them.
    for text in ("this?", "that?", "those?"):
        ids.append(str(_ask(acme, taken.token, text).id))
        call(acme, "work.answer", question=ids[-1], answer="yes")
    word = ids[1][:8]
    sharing = [each for each in ids if each.startswith(word)]
    with pytest.raises(Invalid, match="more than one question") as told:
        call(acme, "work.answer", question=word, answer="no")
    assert all(each in told.value.message for each in sharing)
    assert told.value.hint == "give more digits"
