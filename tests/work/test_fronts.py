"""The queue is walked from a remembered front, and none hides a task: whatever is in flight, given back or moved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from steward.kit.db import Database
from tests.work.scene import Hand, add, agent, call, ids, owner, project, without

FRONT = "select rank, number, early, due from work.front_of(%s, '{}')"
NEXT = "select work.ready_ids(%s, null, %s, 5)"
WALKED = """
select array(
  select q.task_id
  from work.ready_queue as q
  where q.project_id = %s and q.agent_id is null and q.required_capabilities <@ %s
  order by -q.priority, q.number, q.task_id
  limit 5
)
"""
ADDED = """
insert into work.tasks (project_id, title, priority, required_capabilities)
values (%s, %s, %s, %s)
"""
STALE = """
create or replace function work.front_of(
  p_project_id uuid, p_capabilities text[], out rank smallint, out number bigint, out early uuid[], out due boolean
)
language sql
as 'select (-5)::smallint, 1::bigint, array(select q.task_id from work.ready_queue as q where q.number = 1), false'
"""
CLAIM = "select task_id, token from work.claim_tasks(%s, p_project_id => %s)"


@pytest.fixture
def acme(database: Database) -> Iterator[Database]:
    """A project whose front is written by every claim."""
    project(database)
    without(database, "work.pick_in_project", "random()", "0")
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def _project_id(database: Database) -> UUID:
    found = call(database, "projects.get", project="acme")
    return UUID(str(found.id))


def _one(connection: psycopg.Connection[Any], statement: str, *params: Any) -> Any:
    row = connection.execute(statement, params).fetchone()
    assert row is not None
    return row


def _claim(database: Database) -> Any:
    return call(database, "work.claim", agent(), project="acme")


def test_a_claim_moves_the_front(acme: Database) -> None:
    for title in "ABC":
        add(acme, title)
    pid = _project_id(acme)
    with owner(acme) as connection:
        assert _one(connection, FRONT, pid) == (None, None, None, True)
        _claim(acme)
        assert _one(connection, FRONT, pid)[1:] == (1, None, False)
        _claim(acme)
        assert _one(connection, FRONT, pid)[1:] == (2, None, False)


@pytest.mark.parametrize("sound", [True, False])
def test_what_was_in_flight_when_the_front_was_written_is_seen(acme: Database, sound: bool) -> None:
    if not sound:
        without(acme, "work.write_front", "pg_snapshot_xmin", "pg_snapshot_xmax")
    add(acme, "A", priority=3)
    add(acme, "B", priority=3)
    pid = _project_id(acme)
    adder = Hand(acme)
    adder.run(ADDED, pid, "urgent", 9, [])
    _claim(acme)
    _claim(acme)
    adder.commit()
    seen = [row.title for row in call(acme, "work.ready", agent(), project="acme")]
    assert seen == (["urgent"] if sound else [])


def test_what_is_given_back_or_raised_or_asks_less_is_seen_before_the_front(acme: Database) -> None:
    for title in "ABCD":
        add(acme, title)
    add(acme, "able", priority=9, capabilities=["gpu"])
    first = _claim(acme)
    _claim(acme)
    call(acme, "work.give_back", agent(), task="ACME-1", token=first.token, reason="not now")
    call(acme, "work.update", task="ACME-4", priority=8)
    call(acme, "work.update", task="ACME-5", capabilities=[])
    seen = [row.title for row in call(acme, "work.ready", agent(), project="acme")]
    assert seen == ["able", "D", "A", "C"]
    assert [_claim(acme).task.task.title for _ in range(4)] == seen
    assert _claim(acme) is None


def test_a_claim_that_is_rolled_back_takes_its_front_along(acme: Database) -> None:
    add(acme, "A")
    add(acme, "B")
    one = call(acme, "agents.register", name="one").id
    pid = _project_id(acme)
    hand = Hand(acme, agent("one"))
    hand.run("savepoint s")
    assert len(hand.run(CLAIM, one, pid)) == 1
    assert len(hand.run(CLAIM, one, pid)) == 1
    hand.run("rollback to s")
    [[taken, _]] = hand.run(CLAIM, one, pid)
    assert taken == ids(acme)("A")
    hand.commit()


def test_a_front_that_came_with_a_dump_is_not_used(acme: Database) -> None:
    add(acme, "A")
    add(acme, "B")
    _claim(acme)
    with owner(acme) as connection:
        # What a restore does: the same values, written by another transaction.
        connection.execute("update work.queue_fronts set number = 1000000")
        assert _one(connection, FRONT, _project_id(acme)) == (None, None, None, True)
    assert _claim(acme).task.task.title == "B"


def test_a_front_is_forgotten_when_too_much_came_since(acme: Database) -> None:
    add(acme, "A")
    add(acme, "B")
    _claim(acme)
    pid = _project_id(acme)
    with owner(acme) as connection:
        connection.execute(
            "insert into work.tasks (project_id, title, priority)"
            " select %s, 'n' || i, 9 from generate_series(1, 300) as i",
            (pid,),
        )
        connection.execute("update work.queue_fronts set written_at = written_at")
        assert _one(connection, FRONT, pid)[0] is None
    assert _claim(acme).task.task.title == "n1"


def test_an_agent_of_very_many_capabilities_claims_without_a_front(acme: Database) -> None:
    add(acme, "A")
    able = [f"capability {random.Random(n).random()}" for n in range(500)]
    one = call(acme, "agents.register", name="one", capabilities=able).id
    hand = Hand(acme, agent("one"))
    assert len(hand.run(CLAIM, one, _project_id(acme))) == 1
    hand.commit()
    with owner(acme) as connection:
        assert _one(connection, "select count(*) from work.queue_fronts") == (0,)


def test_what_was_moved_between_the_looks_is_asked_again(acme: Database) -> None:
    add(acme, "A")
    add(acme, "B")
    first = _claim(acme)
    call(acme, "work.give_back", agent(), task="ACME-1", token=first.token, reason="not now")
    pid = _project_id(acme)
    moved = "update work.ready_queue set priority = 1, required_capabilities = %s where number = 1"
    for needs in ([], ["gpu"]):
        with owner(acme) as connection:
            connection.execute(moved, (needs,))
            # As another transaction might between the two statements of a pick.
            connection.execute(STALE)
            [[picked]] = connection.execute(
                "select array(select t.number from unnest(work.pick_in_project(%s, '{}', 5)) as i"
                " join work.tasks as t on t.id = i order by t.number)",
                (pid,),
            ).fetchall()
        assert picked == ([1, 2] if not needs else [2])


def test_old_fronts_are_swept(acme: Database) -> None:
    add(acme, "A")
    _claim(acme)
    with owner(acme) as connection:
        assert _one(connection, "select work.forget_fronts()") == (0,)
        connection.execute("update work.queue_fronts set written_at = now() - interval '1 hour'")
        assert _one(connection, "select work.forget_fronts()") == (1,)


class _Crowd:
    """Transactions that are open at once: at most one adds (numbers are given out in a row), others free and move."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = random.Random(seed)
        self.project_id = _project_id(database)
        self.agents = {
            name: call(database, "agents.register", name=name, capabilities=can).id
            for name, can in _ABLE.items()
        }
        self.adder: Hand | None = None
        self.others: list[tuple[Hand, UUID]] = []
        self.claims: list[tuple[str, UUID, int]] = []

    def add(self) -> None:
        if self.adder is not None:
            self.adder.commit()
        self.adder = Hand(self.database)
        self.adder.run(ADDED, self.project_id, "task", self.chance.randint(1, 9), self._needs())

    def claim(self) -> None:
        name = self.chance.choice(list(_ABLE))
        hand = Hand(self.database, agent(name))
        self.claims += [(name, *row) for row in hand.run(CLAIM, self.agents[name], self.project_id)]
        hand.commit()

    def give_back(self) -> None:
        if not self.claims:
            return
        name, task, token = self.claims.pop(self.chance.randrange(len(self.claims)))
        hand = Hand(self.database, agent(name))
        hand.run("select work.give_back_task(%s, %s, 'later')", task, token)
        self.others.append((hand, task))

    def move(self) -> None:
        hand = Hand(self.database)
        moved = hand.run(
            "update work.tasks set priority = %s, required_capabilities = %s where id = ("
            " select task_id from work.ready_queue where agent_id is null and task_id <> all (%s::uuid[])"
            " order by number offset %s limit 1) returning id",
            self.chance.randint(1, 9),
            self._needs(),
            [task for _, task in self.others],
            self.chance.randint(0, 9),
        )
        if not moved:
            hand.close()
        else:
            self.others.append((hand, moved[0][0]))

    def commit(self) -> None:
        if self.others:
            self.others.pop(self.chance.randrange(len(self.others)))[0].commit()

    def abort(self) -> None:
        if len(self.others) > 3:
            self.others.pop()[0].close()

    def _needs(self) -> list[str]:
        return self.chance.choice([[], [], ["gpu"]])


@pytest.mark.parametrize("seed", range(4))
def test_no_front_changes_what_is_next(acme: Database, seed: int) -> None:
    """Any order of adding, claiming, giving back, moving, commits and aborts shows what a whole walk shows."""
    crowd = _Crowd(acme, seed)
    steps = [crowd.add, crowd.add, crowd.claim, crowd.give_back, crowd.move, crowd.commit, crowd.abort]
    with owner(acme) as connection:
        for _ in range(150):
            crowd.chance.choice(steps)()
            for can in _ABLE.values():
                pid = crowd.project_id
                assert _one(connection, NEXT, pid, can) == _one(connection, WALKED, pid, can)
        assert _one(connection, "select count(*) from work.queue_fronts") == (2,)


_ABLE: dict[str, list[str]] = {"plain": [], "strong": ["gpu"]}
