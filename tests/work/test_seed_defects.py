"""What the systems before this one got wrong about work and its figures: by number, none of it is here."""

from __future__ import annotations

from typing import Any

import pytest

from steward.domains import work
from steward.kit.db import Database
from steward.kit.errors import Invalid, NotFound, StewardError
from tests.servers import Server
from tests.work.scene import add, agent, call, ids, owner, project

INJECTION = "x'; drop table work.tasks; --"


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    return database


def test_s1_11_names_are_never_sql(acme: Database) -> None:
    made = call(acme, "projects.add", name=INJECTION)
    call(acme, "work.add", title=INJECTION, project=made.slug, labels=[INJECTION])
    for given in ({"project": made.slug, "text": INJECTION}, {"project": made.slug, "label": INJECTION}):
        assert [row.title for row in call(acme, "work.list", **given).items] == [INJECTION]
    with pytest.raises(NotFound):
        call(acme, "work.statistics", project=f"{INJECTION}2")
    assert call(acme, "work.statistics", project=made.slug).total_tasks == 1


def test_s1_11_tasks_of_one_title_are_told_apart(acme: Database) -> None:
    first, second = add(acme, "Same"), add(acme, "Same")
    call(acme, "work.finish", task=second, actual_minutes=7)
    assert [call(acme, "work.get", task=ref).task.status for ref in (first, second)] == ["pending", "done"]
    with pytest.raises(NotFound):
        call(acme, "work.get", task="Same")


def test_s1_11_what_an_agent_holds_outlives_the_process(acme: Database, server: Server) -> None:
    add(acme, "A")
    taken = call(acme, "work.claim", agent(), project="acme")
    call(acme, "work.start", agent(), task="ACME-1", token=taken.token)
    with acme.connection() as connection:
        name = connection.info.dbname
    # Another pool stands for another process: nothing is kept between the two but rows.
    with server.database(name) as other:
        held = call(other, "work.get", task="ACME-1").task
        assert (held.held_by, held.status) == ("bot", "in_progress")
        assert call(other, "work.finish", agent(), task="ACME-1", token=taken.token).status == "done"


def test_s1_12_minutes_are_kept(acme: Database) -> None:
    add(acme, "A", estimated_minutes=0)
    call(acme, "work.update", task="ACME-1", actual_minutes=25)
    assert call(acme, "work.get", task="ACME-1").text.estimated_minutes == 0
    call(acme, "work.finish", task="ACME-1")
    assert call(acme, "work.get", task="ACME-1").text.actual_minutes == 25
    with pytest.raises(Invalid, match="no argument actual_minutes"):
        add(acme, "B", actual_minutes=25)


@pytest.mark.parametrize(
    "operation", ["projects.update", "work.update_workflow", "work.update", "agents.update"]
)
def test_s2_3_no_caller_names_a_column(acme: Database, operation: str) -> None:
    add(acme, "A")
    call(acme, "work.add_workflow", name="W", project="acme")
    call(acme, "agents.register", name="bot")
    of: dict[str, Any] = {
        "projects.update": {"project": "acme"},
        "work.update_workflow": {"workflow": "W", "project": "acme"},
        "work.update": {"task": "ACME-1"},
        "agents.update": {"agent": "bot"},
    }[operation]
    for column in ("id", "created_at", "number", "name = 'x', id"):
        with pytest.raises(Invalid, match="has no argument"):
            call(acme, operation, **of, **{column: "x"})


def test_s3_9_updated_at_moves_with_every_change(acme: Database) -> None:
    add(acme, "A")
    of = ids(acme)
    changes = {
        "projects.projects": "update projects.projects set description = 'x' where key = 'ACME' returning updated_at",
        "work.tasks": "update work.tasks set description = 'x' where id = %s returning updated_at",
    }
    for table, change in changes.items():
        with owner(acme) as connection:
            connection.execute(f"alter table {table} disable trigger user")
            connection.execute(f"update {table} set updated_at = '2020-01-01'")
            connection.execute(f"alter table {table} enable trigger user")
            row = connection.execute(change, (of("A"),) if "%s" in change else None).fetchone()
        assert row is not None
        assert row[0].year > 2020


def test_s2_9_a_failed_task_is_not_handed_out_for_ever(acme: Database) -> None:
    add(acme, "A", max_attempts=1)
    taken = call(acme, "work.claim", agent(), project="acme")
    call(acme, "work.fail", agent(), task="ACME-1", token=taken.token, reason="no")
    assert call(acme, "work.claim", agent(), project="acme") is None
    with pytest.raises(StewardError):
        call(acme, "work.claim", agent(), task="ACME-1")
    assert call(acme, "work.get", task="ACME-1").task.status is work.TaskStatus.FAILED
