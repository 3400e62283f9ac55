"""Later rooms take part in work by functions that it calls, in order, in the same transaction."""

from __future__ import annotations

import pytest

from steward.kit.db import Database
from steward.kit.errors import Conflict
from steward.kit.jobs import run_due
from tests.work.scene import add, agent, call, owner, project, ready

_NOTE = """
create table work.told (place serial, point text, agent uuid);
create function work.tell_{point}(p_task uuid, p_agent uuid, p_detail jsonb) returns void
language sql as $$ insert into work.told (point, agent) values ('{point}', p_agent) $$;
select work.register_extension('{point}', 10, 'work.tell_{point}');
"""


@pytest.fixture
def stage(database: Database) -> Database:
    """Return a database with one task."""
    project(database)
    add(database, "A")
    return database


@pytest.mark.parametrize(
    ("point", "verb", "more"),
    [
        ("on_claim", None, {}),
        ("on_start", "start", {}),
        ("on_finish", "finish", {}),
        ("on_fail", "fail", {"reason": "boom"}),
        ("on_give_back", "give_back", {}),
    ],
)
def test_each_point_is_told_who(stage: Database, point: str, verb: str | None, more: dict[str, str]) -> None:
    with owner(stage) as connection:
        connection.execute(_NOTE.format(point=point))
        claim = call(stage, "work.claim", agent(), project="acme")
        if verb:
            call(stage, f"work.{verb}", agent(), task="ACME-1", token=claim.token, **more)
        told = connection.execute(
            "select t.point, a.name from work.told as t join agents.agents as a on a.id = t.agent"
        ).fetchall()
    assert told == [(point, "bot")]


def test_a_gate_refuses_the_whole_operation(stage: Database) -> None:
    with owner(stage) as connection:
        connection.execute(
            """
            create function work.gate(p_task uuid, p_agent uuid, p_detail jsonb) returns void
            language plpgsql as $$
            begin
              raise exception 'no proof yet' using errcode = 'ST409', hint = 'add evidence';
            end $$;
            select work.register_extension('on_finish', 1, 'work.gate');
            """
        )
        with pytest.raises(Conflict, match="no proof yet"):
            call(stage, "work.finish", task="ACME-1")
        with pytest.raises(Exception, match="no proof yet"):
            connection.execute("select work.finish_task(id) from work.tasks")
    assert ready(stage) == ["ACME-1"]


def test_the_job_runner_brings_the_work_of_the_dead_back(stage: Database) -> None:
    call(stage, "work.claim", agent("dead"), project="acme", lease_seconds=1)
    with owner(stage) as connection:
        connection.execute("update work.ready_queue set lease_until = now() - interval '1 minute'")
        assert ready(stage) == []
        run_due(stage, "tester")
        assert ready(stage) == ["ACME-1"]
        runs = connection.execute(
            "select status, report from kit.job_runs where job_name = 'work.reap_expired'"
        ).fetchall()
    assert runs == [("succeeded", {"reaped": 1})]
