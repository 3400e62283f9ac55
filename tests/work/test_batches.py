"""Claims and finishes of many tasks at once: all or none, in the order asked, with the same gates as one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from steward.domains.work import ClaimedTask, TaskStatus
from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid, NotFound
from tests.work.scene import PERSON, Hand, add, agent, call, owner, project, ready, without


@pytest.fixture
def stage(database: Database) -> Database:
    """Lend a database with a project of five tasks."""
    project(database)
    for title in "ABCDE":
        add(database, title)
    return database


def claim_many(database: Database, who: str = "bot", **arguments: Any) -> list[ClaimedTask]:
    found: list[ClaimedTask] = call(
        database, "work.claim_many", agent(who), **{"project": "acme"} | arguments
    )
    return found


def finish_many(database: Database, claims: list[ClaimedTask], who: str = "bot", **arguments: Any) -> Any:
    tasks, tokens = [claim.task.ref for claim in claims], [claim.token for claim in claims]
    return call(database, "work.finish_many", agent(who), **{"tasks": tasks, "tokens": tokens} | arguments)


def status(database: Database, ref: str) -> TaskStatus:
    found: TaskStatus = call(database, "work.get", task=ref).task.status
    return found


def test_many_are_claimed_in_the_order_of_claims(stage: Database) -> None:
    call(stage, "work.update", task="ACME-4", priority="critical")
    claims = claim_many(stage, limit=3)
    assert [claim.task.ref for claim in claims] == ["ACME-4", "ACME-1", "ACME-2"]
    assert len({claim.token for claim in claims}) == 3
    assert {claim.task.held_by for claim in claims} == {"bot"}
    assert ready(stage) == ["ACME-3", "ACME-5"]


def test_nothing_ready_gives_an_empty_list(stage: Database) -> None:
    assert len(claim_many(stage)) == 5
    assert claim_many(stage, "late") == []


def test_a_limit_of_work_in_progress_holds(stage: Database) -> None:
    call(stage, "agents.register", name="bot", max_in_progress=2)
    assert len(claim_many(stage)) == 2
    with pytest.raises(Conflict, match="already holds 2 of at most 2"):
        claim_many(stage)


def test_many_are_finished_with_their_results(stage: Database) -> None:
    claims = claim_many(stage, limit=2)
    done = finish_many(stage, claims[::-1], results=["second", ""])
    assert [row.ref for row in done] == ["ACME-2", "ACME-1"]
    assert {row.status for row in done} == {TaskStatus.DONE}
    assert call(stage, "work.get", task="ACME-2").text.result == {"summary": "second"}
    assert call(stage, "work.get", task="ACME-1").text.result is None


def test_what_waits_for_one_of_many_becomes_ready(stage: Database) -> None:
    call(stage, "work.depend", task="ACME-5", on="ACME-1")
    call(stage, "work.depend", task="ACME-5", on="ACME-2")
    add(stage, "child", parent="ACME-3")
    assert "ACME-5" not in ready(stage)
    finish_many(stage, claim_many(stage, limit=2))
    assert "ACME-5" in ready(stage)


def test_one_stale_token_refuses_all(stage: Database) -> None:
    claims = claim_many(stage, limit=3)
    call(stage, "work.give_back", agent(), task=claims[1].task.ref, token=claims[1].token)
    with pytest.raises(
        Conflict, match=f"token {claims[1].token} does not hold {claims[1].task.ref} any more"
    ):
        finish_many(stage, claims)
    assert {status(stage, claim.task.ref) for claim in claims} == {TaskStatus.PENDING}


def test_tokens_of_another_agent_are_refused(stage: Database) -> None:
    claims = claim_many(stage, limit=2)
    bound = agent("spare")
    with pytest.raises(Conflict, match=f"of {claims[0].task.ref} is that of agent bot"):
        call(
            stage,
            "work.finish_many",
            type(bound)(role="agent", agent="spare"),
            tasks=[claim.task.ref for claim in claims],
            tokens=[claim.token for claim in claims],
        )


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"tasks": ["ACME-1"], "tokens": []}, Invalid, "tokens: 0 for 1 tasks"),
        ({"tasks": [], "tokens": []}, Invalid, "tasks: 0 are not between 1 and 1000"),
        ({"tasks": ["ACME-1"], "tokens": [1], "results": ["a", "b"]}, Invalid, "results: 2 for 1 tasks"),
        ({"tasks": ["ACME-1", "ACME-99"], "tokens": [1, 2]}, NotFound, "there is no task 'ACME-99'"),
        ({"tasks": ["nonsense"], "tokens": [1]}, NotFound, "there is no task 'nonsense'"),
        ({"tasks": ["ACME-1", "acme-1"], "tokens": [1, 2]}, Invalid, "the same task is named twice"),
    ],
)
def test_bad_lists_are_refused(
    stage: Database, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        call(stage, "work.finish_many", agent(), **arguments)


def test_a_parent_with_open_children_refuses_all(stage: Database) -> None:
    claims = claim_many(stage, limit=2)
    add(stage, "child", parent=claims[0].task.ref)
    with pytest.raises(Conflict, match="open subtasks"):
        finish_many(stage, claims)
    assert status(stage, claims[1].task.ref) == TaskStatus.PENDING


def test_extensions_meet_each_of_many(stage: Database) -> None:
    with owner(stage) as connection:
        connection.execute("create table work.told (place serial, task_id uuid, agent_id uuid, detail jsonb)")
        connection.execute(
            "create function work.tell(t uuid, a uuid, d jsonb) returns void language sql as"
            " $$ insert into work.told (task_id, agent_id, detail) values (t, a, d) $$"
        )
        for point in ("on_claim", "on_finish"):
            connection.execute("select work.register_extension(%s, 10, 'work.tell')", (point,))
        finish_many(stage, claim_many(stage, limit=2), results=["one", "two"])
        rows = connection.execute(
            "select agent_id is not null, detail from work.told order by place"
        ).fetchall()
    assert [held for held, _ in rows] == [True] * 4
    assert [detail for _, detail in rows] == [{}, {}, {"summary": "one"}, {"summary": "two"}]


def test_the_log_has_a_row_for_each(stage: Database) -> None:
    finish_many(stage, claim_many(stage, limit=3))
    with owner(stage) as connection:
        rows = connection.execute(
            "select resource_id, changes_summary from audit.audit_logs"
            " where event_type = 'task_closed' and agent_name = 'bot'"
        ).fetchall()
    assert len({task for task, _ in rows}) == 3
    assert all("status: pending → done" in summary for _, summary in rows)


FINISH = "select work.finish_tasks(%s::uuid[], %s::bigint[])"


@pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
def test_two_batches_that_share_tasks_in_opposite_order(stage: Database, locked: bool) -> None:
    claims = claim_many(stage, limit=2)
    with owner(stage) as connection:
        ids = [
            connection.execute("select id from work.task_list where ref = %s", (claim.task.ref,)).fetchone()[
                0
            ]  # type: ignore[index]
            for claim in claims
        ]
    tokens = [claim.token for claim in claims]
    if not locked:
        without(stage, "work.holders_of", "for update")
    first, second = Hand(stage, agent()), Hand(stage, agent())
    first.run(FINISH, ids, tokens)
    second.begin(FINISH, ids[::-1], tokens[::-1])
    assert second.waits()
    first.commit()
    outcome = second.end()
    if locked:
        # The second waited, and is answered as the first: the same tokens finished the same tasks.
        assert outcome == [("",)]
        second.commit()
    else:
        # It passed the look at the tokens before the first was through, and is stopped by the status only.
        assert isinstance(outcome, psycopg.Error)
        assert outcome.sqlstate == "STW07"
        second.close()
    assert call(stage, "work.get", PERSON, task=claims[0].task.ref).version == 2
