"""Executions: a claim opens one, whatever ends the claim closes it, and what was spent meanwhile is its."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.domains.telemetry import Execution, ExecutionStatus
from steward.kit import migrate
from steward.kit.db import Actor, Database
from steward.kit.errors import Invalid, NotFound, StewardError
from tests.telemetry.told import Teller
from tests.work.scene import PERSON, Hand, add, agent, call, owner, project

ROBIN = agent("robin")


@pytest.fixture
def stage(database: Database) -> Database:
    project(database)
    return database


def _executions(database: Database, **known: Any) -> list[Execution]:
    found: list[Execution] = call(database, "telemetry.list_executions", project="all", **known).items
    return found


def _only(database: Database) -> Execution:
    found = _executions(database)
    assert len(found) == 1
    return found[0]


def test_a_claim_opens_one_and_finish_closes_it_with_the_result(stage: Database) -> None:
    task = add(stage, "Mend")
    claim = call(stage, "work.claim", ROBIN, task=task)
    open_ = _only(stage)
    assert (open_.agent, open_.task, open_.status) == ("robin", task, ExecutionStatus.RUNNING)
    assert (open_.completed_at, open_.execution_time_ms) == (None, None)
    call(stage, "work.start", ROBIN, task=task, token=claim.token)
    call(stage, "work.finish", ROBIN, task=task, token=claim.token, result="dry")
    done = _only(stage)
    assert (done.id, done.status, done.result) == (open_.id, ExecutionStatus.SUCCESS, {"summary": "dry"})
    assert done.execution_time_ms is not None
    assert call(stage, "telemetry.get_execution", execution=done.id) == done
    with pytest.raises(NotFound, match="there is no execution"):
        call(stage, "telemetry.get_execution", execution=uuid4())


def _fail(stage: Database, task: str, token: int) -> None:
    call(stage, "work.fail", ROBIN, task=task, token=token, reason="the pump broke")


def _give_back(stage: Database, task: str, token: int) -> None:
    call(stage, "work.give_back", ROBIN, task=task, token=token, reason="no spade")


def _take_away(stage: Database, task: str, token: int) -> None:
    call(stage, "work.update", task=task, status="deferred")


def _expire(stage: Database, task: str, token: int) -> None:
    with owner(stage) as connection:
        connection.execute("update work.ready_queue set lease_until = now() - interval '1 second'")
    call(stage, "work.claim", agent("other"), task=task)


@pytest.mark.parametrize(
    ("end", "status", "word"),
    [
        (_fail, "failure", "the pump broke"),
        (_give_back, "failure", "given back: no spade"),
        (_take_away, "failure", "a person took the task"),
        (_expire, "timeout", "the lease ended without a word"),
    ],
)
def test_whatever_ends_the_claim_closes_it(stage: Database, end: Any, status: str, word: str) -> None:
    task = add(stage, "Mend")
    claim = call(stage, "work.claim", ROBIN, task=task)
    end(stage, task, claim.token)
    first = _executions(stage, agent="robin")[0]
    assert (first.status, first.error_message) == (status, word)
    assert first.completed_at is not None
    running = _executions(stage, status=["running"])
    assert [each.agent for each in running] == (["other"] if end is _expire else [])


def _cancel(stage: Database, task: str, token: int) -> None:
    call(stage, "work.update", task=task, status="cancelled")


@pytest.mark.parametrize("end", [_give_back, _take_away, _cancel])
def test_what_was_given_back_or_taken_by_a_person_is_no_failure(stage: Database, end: Any) -> None:
    for how in (end, None):
        task = add(stage, "Mend")
        claim = call(stage, "work.claim", ROBIN, task=task)
        if how is None:
            call(stage, "work.finish", ROBIN, task=task, token=claim.token)
        else:
            how(stage, task, claim.token)
    (found,) = call(stage, "telemetry.agent_figures", agent="robin")
    assert (found.total_executions, found.successes, found.failures) == (2, 1, 0)
    assert found.success_rate == 100


def _say_it_was_given_back(stage: Database, task: str, token: int) -> None:
    call(stage, "work.fail", ROBIN, task=task, token=token, reason="given back: no luck")


@pytest.mark.parametrize("end", [_fail, _expire, _say_it_was_given_back])
def test_what_failed_and_what_ran_out_are_failures(stage: Database, end: Any) -> None:
    task = add(stage, "Mend")
    end(stage, task, call(stage, "work.claim", ROBIN, task=task).token)
    (found,) = call(stage, "telemetry.agent_figures", agent="robin")
    assert (found.failures, found.success_rate) == (1, 0)


def test_tries_from_before_say_how_they_ended(stage: Database) -> None:
    for end in (_give_back, _fail):
        task = add(stage, "Mend")
        end(stage, task, call(stage, "work.claim", ROBIN, task=task).token)
        call(stage, "work.update", task=task, status="cancelled")
    where = make_conninfo(stage.target.direct_conninfo, user="steward_owner")
    migrate.rollback(where, to="0022")
    query = "select result, error_message from telemetry.agent_executions order by error_message"
    before = [(None, "given back: no spade"), (None, "the pump broke")]
    with owner(stage) as connection:
        assert connection.execute(query).fetchall() == before
    migrate.migrate(where)
    with owner(stage) as connection:
        after = [({"ended_by": "give_back"}, "given back: no spade"), (None, "the pump broke")]
        assert connection.execute(query).fetchall() == after


def test_each_try_is_one_of_its_own(stage: Database) -> None:
    task = add(stage, "Mend")
    for n in range(3):
        claim = call(stage, "work.claim", ROBIN, task=task)
        _fail(stage, task, claim.token)
        assert len(_executions(stage, task=task)) == n + 1
    assert [each.status for each in _executions(stage, task=task)] == ["failure"] * 3


def test_a_batch_of_claims_opens_and_closes_as_many(stage: Database) -> None:
    for n in range(5):
        add(stage, f"Part {n}")
    claims = call(stage, "work.claim_many", ROBIN, project="acme", limit=4)
    assert [each.status for each in _executions(stage)] == ["running"] * 4
    tasks = [claim.task.ref for claim in claims[:3]]
    tokens = [claim.token for claim in claims[:3]]
    call(stage, "work.finish_many", ROBIN, tasks=tasks, tokens=tokens, results=["n0", "n1", "n2"])
    found = {each.task: each for each in _executions(stage)}
    assert [found[task].result for task in tasks] == [{"summary": f"n{n}"} for n in range(3)]
    assert [found[task].status for task in tasks] == ["success"] * 3
    assert found[claims[3].task.ref].status == "running"


def test_a_claim_and_a_finish_by_sql_are_seen_as_well(stage: Database) -> None:
    task = add(stage, "Mend")
    hand = Hand(stage, ROBIN)
    rows = hand.run(
        "select c.task_id, c.token from work.claim_tasks(agents.ensure_agent('robin', null),"
        " (select id from projects.projects where slug = 'acme')) as c"
    )
    hand.commit()
    assert (_only(stage).task, _only(stage).status) == (task, ExecutionStatus.RUNNING)
    hand = Hand(stage, ROBIN)
    hand.run('select work.finish_task(%s, %s, \'{"summary": "dry"}\')', *rows[0])
    hand.commit()
    assert (_only(stage).status, _only(stage).result) == (ExecutionStatus.SUCCESS, {"summary": "dry"})


def test_a_claim_that_is_taken_back_leaves_none(stage: Database) -> None:
    add(stage, "Mend")
    hand = Hand(stage, ROBIN)
    hand.run(
        "select c.task_id from work.claim_tasks(agents.ensure_agent('robin', null),"
        " (select id from projects.projects where slug = 'acme')) as c"
    )
    hand.close()
    assert _executions(stage) == []


def test_of_two_who_claim_at_once_one_has_the_execution(stage: Database) -> None:
    task = add(stage, "Mend")
    gate, told = threading.Barrier(2), []

    def claim(name: str) -> None:
        gate.wait()
        try:
            told.append(call(stage, "work.claim", agent(name), task=task))
        except StewardError as exc:
            told.append(exc)

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("robin", "wren")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 2
    assert _only(stage).status is ExecutionStatus.RUNNING


def test_what_the_session_spends_during_the_claim_is_the_executions(stage: Database) -> None:
    task = add(stage, "Mend")
    told = Teller(at=datetime.now(UTC) - timedelta(minutes=5))
    told.spend(output=1000).into(stage)
    actor = Actor(role="admin", agent="robin", session=str(told.id))
    claim = call(stage, "work.claim", actor, task=task)
    told.at = datetime.now(UTC)
    told.spend(output=40, cost="0.25").into(stage)
    call(stage, "work.finish", actor, task=task, token=claim.token)
    told.at = datetime.now(UTC) + timedelta(seconds=30)
    told.spend(output=7000).into(stage)
    done = _only(stage)
    assert (done.session_id, done.calls, done.output_tokens, done.cost_usd) == (
        told.id,
        1,
        40,
        Decimal("0.25"),
    )
    took = call(stage, "telemetry.task_sessions", task=task)
    assert (took.figures.executions, took.figures.cost_usd, took.figures.total_tokens) == (
        1,
        Decimal("0.25"),
        155,
    )
    assert [row.id for row in took.sessions] == [told.id]
    shown = call(stage, "telemetry.get", session=str(told.id))
    assert [each.id for each in shown.executions] == [done.id]
    assert [each.id for each in _executions(stage, session=str(told.id))] == [done.id]


def test_s3_13_cheap_calls_are_not_rounded_away_and_totals_follow(stage: Database) -> None:
    task = add(stage, "Mend")
    told = Teller(at=datetime.now(UTC) + timedelta(seconds=1))
    told.session().into(stage)
    call(stage, "work.claim", Actor(role="admin", agent="robin", session=str(told.id)), task=task)
    for _ in range(3):
        told.spend(output=1, cost="0.000004").into(stage)
    row = _only(stage)
    assert row.cost_usd == Decimal("0.000012")
    assert (
        row.total_tokens
        == row.input_tokens + row.output_tokens + row.cache_read_tokens + row.cache_write_tokens
    )
    assert row.total_tokens == 3 * 116


def test_s3_9_figures_of_agents_follow_from_their_executions(stage: Database) -> None:
    for n in range(4):
        task = add(stage, f"Part {n}")
        claim = call(stage, "work.claim", ROBIN, task=task)
        if n:
            call(stage, "work.finish", ROBIN, task=task, token=claim.token)
        else:
            _fail(stage, task, claim.token)
            call(stage, "work.delete", task=task)
    found = call(stage, "telemetry.agent_figures", agent="robin")[0]
    assert (found.total_executions, found.successes, found.success_rate) == (4, 3, Decimal("75.00"))
    assert found.last_used_at is not None
    assert found.avg_execution_time_ms >= 0
    call(stage, "agents.register", name="idle")
    assert [each.agent for each in call(stage, "telemetry.agent_figures")] == ["robin"]
    idle = call(stage, "telemetry.agent_figures", agent="idle")[0]
    assert (idle.total_executions, idle.success_rate, idle.last_used_at) == (0, 0, None)


def _finished(stage: Database, name: str, cost: str) -> None:
    """Have an agent finish a task at a cost."""
    task = add(stage, f"Of {name}")
    told = Teller(at=datetime.now(UTC) + timedelta(seconds=1))
    told.session().into(stage)
    actor = Actor(role="admin", agent=name, session=str(told.id))
    claim = call(stage, "work.claim", actor, task=task)
    told.spend(cost=cost).into(stage)
    call(stage, "work.finish", actor, task=task, token=claim.token)


def test_routing_knows_what_agents_cost(stage: Database) -> None:
    for name in ("cheap", "usual", "dear", "unknown"):
        call(stage, "agents.register", name=name)
    for name, cost in (("cheap", "0.1"), ("usual", "1"), ("dear", "9")):
        _finished(stage, name, cost)
    decision = call(stage, "agents.route", task=add(stage, "Next"))
    parts = {each["agent"]: Decimal(each["cost"]) for each in decision.candidates}
    assert parts == {
        "cheap": Decimal("0.9091"),
        "usual": Decimal("0.5"),
        "dear": Decimal("0.1"),
        "unknown": Decimal("0.5"),
    }
    assert decision.agent == "cheap"


def test_executions_are_narrowed_and_paged(stage: Database) -> None:
    for n in range(5):
        claim = call(stage, "work.claim", agent("wren" if n == 2 else "robin"), task=add(stage, f"Part {n}"))
        assert claim.token
    assert len(_executions(stage, agent="wren")) == 1
    assert _executions(stage, since=datetime.now(UTC) + timedelta(minutes=1)) == []
    first = call(stage, "telemetry.list_executions", PERSON, project="acme", limit=3)
    rest = call(stage, "telemetry.list_executions", PERSON, project="acme", limit=3, cursor=first.next_cursor)
    assert len({each.id for each in first.items + rest.items}) == 5
    assert rest.next_cursor is None


def test_a_deleted_task_leaves_its_executions_and_a_deleted_project_takes_them(stage: Database) -> None:
    task = add(stage, "Mend")
    call(stage, "work.finish", ROBIN, task=task, token=call(stage, "work.claim", ROBIN, task=task).token)
    with owner(stage) as connection:
        connection.execute("delete from work.tasks")
        assert (_only(stage).agent, _only(stage).task) == ("robin", None)
        with pytest.raises(psycopg.Error, match="agent robin has been at work"):
            connection.execute("delete from agents.agents")
        connection.execute("delete from projects.projects")
        connection.execute("delete from agents.agents")
    assert _executions(stage) == []


def test_nobody_opens_or_closes_an_execution_by_hand(stage: Database) -> None:
    task = add(stage, "Mend")
    call(stage, "work.claim", ROBIN, task=task)
    with psycopg.connect(stage.target.direct_conninfo, autocommit=True) as connection:
        for told in ("open_executions(ids, ids, '{}')", "close_executions(ids, 'success', null, null)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(
                    f"select telemetry.{told} from (select array_agg(id) as ids from work.tasks) as t"
                )
        for forged in ("leave_executions", "drop_executions"):
            granted = connection.execute(f"select has_function_privilege('telemetry.{forged}()', 'execute')")
            assert granted.fetchone() == (False,)
        connection.execute("select set_config('steward.agent', 'robin', false)")
        with pytest.raises(psycopg.Error, match="an agent cannot take a task"):
            connection.execute(
                "select telemetry.execution_released(array_agg(id), null, null) from work.tasks"
            )
    assert _only(stage).status == ExecutionStatus.RUNNING


def test_an_execution_is_named_by_the_beginning_of_its_id(stage: Database) -> None:
    call(stage, "work.claim", ROBIN, task=add(stage, "Mend"))
    found = _only(stage)
    assert call(stage, "telemetry.get_execution", execution=str(found.id)[:8]).id == found.id
    with pytest.raises(Invalid, match="nor its first 8 digits"):
        call(stage, "telemetry.get_execution", execution="many")
