"""Two sources at once: each rule holds, and each test fails when the lock that keeps it is taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from steward.kit.db import Database
from tests.work.scene import Hand, add, ids, owner, project, without

SESSION = "5c0375b4-57a5-4f26-b12d-d022ee4e51b7"
ABSORB = "select telemetry.absorb_usage(%s)"
TIE = "select telemetry.absorb_ties(%s)"
NOTE = "select telemetry.note_sessions(%s)"
TOTALS = "select count(*), sum(output_tokens)::bigint from telemetry.token_usage"
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    """Lend a database with a session, and close what a test that failed left open."""
    project(database)
    told = {
        "id": SESSION,
        "agent_id": "claude-code",
        "external_id": SESSION,
        "start_time": "2026-11-01T12:00:00Z",
        "last_seen_at": "2026-11-01T12:00:00Z",
    }
    _commit(database, NOTE, json.dumps([told]))
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def _commit(database: Database, statement: str, *params: Any) -> None:
    hand = Hand(database)
    hand.run(statement, *params)
    hand.commit()


def _told(source_key: str, *keys: str, output: int = 10, source: str = "transcript") -> str:
    told = {
        "source": source,
        "source_key": source_key,
        "keys": keys,
        "agent_id": "claude-code",
        "model": "claude-sonnet-4",
        "session_id": SESSION,
        "at": "2026-11-01T12:00:05Z",
        "output_tokens": output,
    }
    return json.dumps([told])


def _totals(database: Database) -> tuple[Any, ...] | None:
    with owner(database) as connection:
        return connection.execute(TOTALS).fetchone()


def test_two_callers_with_one_name_make_one_row(stage: Database) -> None:
    first, second = Hand(stage), Hand(stage)
    first.run(ABSORB, _told("one", "claude:msg:m"))
    second.begin(ABSORB, _told("two", "claude:msg:m", "claude:req:r"))
    assert second.waits()
    first.commit()
    assert second.end() == [(0,)]
    second.commit()
    assert _totals(stage) == (1, 10)


@LOCKED
def test_rows_are_joined_while_somebody_adds_to_one(stage: Database, locked: bool) -> None:
    _commit(stage, ABSORB, _told("x", "a"))
    _commit(stage, ABSORB, _told("y", "b"))
    if not locked:
        without(stage, "telemetry.hold_names", "for share")
    adder, joiner = Hand(stage), Hand(stage)
    adder.run(ABSORB, _told("fuller", "b", "c", output=50))
    joiner.begin(ABSORB, _told("both", "a", "b"))
    assert joiner.waits()
    adder.commit()
    joiner.end()
    joiner.commit()
    _commit(stage, ABSORB, _told("later", "c", output=40))
    assert (_totals(stage) == (1, 50)) is locked


@LOCKED
@pytest.mark.parametrize("tie_first", [True, False])
def test_a_tie_and_a_response_at_once_find_each_other(stage: Database, locked: bool, tie_first: bool) -> None:
    add(stage, "A")
    tie = {
        "session_id": SESSION,
        "task_id": str(ids(stage)("A")),
        "source": "run",
        "from_at": "2026-11-01T12:00:00Z",
    }
    if not locked:
        without(stage, "telemetry.absorb_ties", "for update")
    first, second = Hand(stage), Hand(stage)
    orders = [(TIE, json.dumps([tie])), (ABSORB, _told("m", "claude:msg:m"))]
    (one, told), (two, then) = orders if tie_first else orders[::-1]
    first.run(one, told)
    second.begin(two, then)
    assert second.waits() is locked
    first.commit()
    second.end()
    second.commit()
    with owner(stage) as connection:
        found = connection.execute("select count(*) from telemetry.token_usage where task_id is not null")
        assert (found.fetchone() == (1,)) is locked


@LOCKED
@pytest.mark.parametrize("noted_first", [True, False])
def test_a_project_and_a_response_at_once_find_each_other(
    stage: Database, locked: bool, noted_first: bool
) -> None:
    with owner(stage) as connection:
        found = connection.execute("select id from projects.projects where slug = 'acme'").fetchone()
    assert found is not None
    noted = {
        "id": SESSION,
        "project_id": str(found[0]),
        "agent_id": "claude-code",
        "external_id": SESSION,
        "start_time": "2026-11-01T12:00:00Z",
        "last_seen_at": "2026-11-01T12:00:00Z",
    }
    if not locked:
        without(stage, "telemetry.note_sessions", "for update")
    first, second = Hand(stage), Hand(stage)
    orders = [(NOTE, json.dumps([noted])), (ABSORB, _told("m", "claude:msg:m"))]
    (one, told), (two, then) = orders if noted_first else orders[::-1]
    first.run(one, told)
    second.begin(two, then)
    assert second.waits() is locked
    first.commit()
    second.end()
    second.commit()
    with owner(stage) as connection:
        spent = connection.execute("select project_id from telemetry.token_usage")
        assert (spent.fetchone() == found) is locked


def test_a_response_waits_for_a_tie_that_goes(stage: Database) -> None:
    add(stage, "A")
    task = ids(stage)("A")
    tie = {"session_id": SESSION, "task_id": str(task), "source": "run", "from_at": "2026-11-01T12:00:00Z"}
    _commit(stage, TIE, json.dumps([tie]))
    first, second = Hand(stage), Hand(stage)
    first.run("select telemetry.untie(%s, %s, null)", SESSION, task)
    second.begin(ABSORB, _told("m", "claude:msg:m"))
    assert second.waits()
    first.commit()
    second.end()
    second.commit()
    with owner(stage) as connection:
        found = connection.execute("select task_id from telemetry.token_usage")
        assert found.fetchone() == (None,)


@LOCKED
def test_what_an_exporter_tells_meanwhile_is_not_forgotten(stage: Database, locked: bool) -> None:
    _commit(stage, ABSORB, _told("m", "claude:msg:m"))
    if not locked:
        # The session is held, and the names are: either makes the reader wait.
        without(stage, "telemetry.hold_sessions", "for update")
        without(stage, "telemetry.forget_projection", "for update")
    exporter, reader = Hand(stage), Hand(stage)
    exporter.run(ABSORB, _told("r", "claude:msg:m", source="otlp-log"))
    reader.begin("select telemetry.forget_projection(%s)", SESSION)
    assert reader.waits()
    exporter.commit()
    reader.end()
    reader.commit()
    assert (_totals(stage) == (1, 10)) is locked


@LOCKED
def test_two_sources_at_once_of_a_known_response(stage: Database, locked: bool) -> None:
    _commit(stage, ABSORB, _told("m", "claude:msg:m", output=2))
    if not locked:
        without(stage, "telemetry.settle_usage", "for no key update")
    first, second = Hand(stage), Hand(stage)
    first.run(ABSORB, _told("r", "claude:msg:m", output=50, source="otlp-log"))
    second.begin(ABSORB, _told("s", "claude:msg:m", output=10, source="otlp-span"))
    assert second.waits()
    first.commit()
    second.end()
    second.commit()
    assert (_totals(stage) == (1, 50)) is locked
