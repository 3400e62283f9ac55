"""What a session spent goes to the project, the agent and the task that are known last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from steward.domains.telemetry import Batch, TieSource, TieTold, absorb
from steward.kit.db import Actor, Database
from tests.telemetry.told import START, Teller
from tests.work.scene import add, call, ids, owner, project

ADMIN = Actor(role="admin", user_name="tester")
SPENT = "select project_id, task_id, registered_agent_id from telemetry.token_usage order by at"


@pytest.fixture
def stage(database: Database) -> Database:
    project(database)
    project(database, "beta")
    return database


def _project_id(database: Database, slug: str) -> UUID:
    found: UUID = call(database, "projects.get", project=slug).id
    return found


def _absorb(database: Database, batch: Batch) -> None:
    with database.transaction(ADMIN) as db:
        absorb(db, batch)


def _rows(database: Database) -> list[tuple[Any, ...]]:
    with owner(database) as connection:
        return connection.execute(SPENT).fetchall()


def test_what_was_spent_goes_to_a_project_and_an_agent_that_become_known(stage: Database) -> None:
    told = Teller().session().spend()
    told.into(stage)
    acme, bot = _project_id(stage, "acme"), call(stage, "agents.register", name="bot").id
    (before,) = _rows(stage)
    assert before[0] != acme
    _absorb(
        stage, Batch(sessions=[replace(told.batch.sessions[0], project_id=acme, registered_agent_id=bot)])
    )
    assert _rows(stage) == [(acme, None, bot)]


def test_a_stretch_that_goes_on_shares_out_what_is_new_only(stage: Database) -> None:
    add(stage, "A")
    task = ids(stage)("A")
    told = Teller().session()
    for _ in range(3):
        told.at += timedelta(minutes=1)
        told.spend()
    told.into(stage)
    tie = TieTold(told.id, task, TieSource.RESOURCE, START, START + timedelta(minutes=2))
    _absorb(stage, Batch(ties=[tie]))
    assert [row[1] for row in _rows(stage)] == [task, task, None]
    with owner(stage) as connection:
        connection.execute("update telemetry.token_usage set task_id = null")
        connection.commit()
    _absorb(stage, Batch(ties=[replace(tie)]))
    assert [row[1] for row in _rows(stage)] == [None, None, None], "nothing is new"
    _absorb(stage, Batch(ties=[replace(tie, until_at=START + timedelta(minutes=3))]))
    assert [row[1] for row in _rows(stage)] == [None, task, task]
    _absorb(stage, Batch(ties=[replace(tie, from_at=START - timedelta(minutes=1))]))
    assert [row[1] for row in _rows(stage)] == [task, task, task]


def test_an_open_stretch_that_ends_lets_go_of_what_came_after(stage: Database) -> None:
    add(stage, "A")
    task = ids(stage)("A")
    told = Teller().session().spend()
    told.at += timedelta(minutes=5)
    told.spend().into(stage)
    tie = TieTold(told.id, task, TieSource.RUN, START)
    _absorb(stage, Batch(ties=[tie]))
    assert [row[1] for row in _rows(stage)] == [task, task]
    _absorb(stage, Batch(ties=[replace(tie, until_at=START + timedelta(minutes=1))]))
    assert [row[1] for row in _rows(stage)] == [task, None]


def test_what_is_untied_leaves_the_project_of_the_task(stage: Database) -> None:
    call(stage, "work.add", title="B", project="beta")
    task = call(stage, "work.get", task="BETA-1").task
    told = Teller().session().spend()
    told.into(stage)
    before = _rows(stage)
    _absorb(stage, Batch(ties=[TieTold(told.id, task.id, TieSource.PERSON, START)]))
    assert _rows(stage)[0][:2] == (_project_id(stage, "beta"), task.id)
    with stage.transaction(ADMIN) as db:
        db.run("telemetry.untie", session_id=told.id, task_id=task.id, source=None)
    assert _rows(stage) == before
