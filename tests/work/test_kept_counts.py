"""Counts that are kept are those of the rows, after every kind of change, folded or not, beside one another."""

from __future__ import annotations

from typing import Any

import pytest

from steward.kit.db import Database
from tests.work.scene import Hand, add, agent, call, owner, project

KEPT = "select project_id, name, count from work.project_counts order by 1, 2"
COUNTED = """
select t.project_id, t.status, count(*) from work.tasks t where t.deleted_at is null group by 1, 2
union all select q.project_id, 'queued', count(*) from work.ready_queue q group by 1
union all select d.project_id, 'dependencies', count(*) from work.task_dependencies d group by 1
order by 1, 2
"""


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    return database


def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with owner(database) as connection:
        return connection.execute(query).fetchall()


def test_they_follow_every_change(acme: Database) -> None:
    project(acme, "other")
    add(acme, "one")
    add(acme, "two", waits_for=["ACME-1"])
    add(acme, "three", parent="ACME-2")
    add(acme, "four", project="other")
    claim = call(acme, "work.claim", agent(), project="acme")
    call(acme, "work.finish", agent(), task=claim.task.task.ref, token=claim.token)
    call(acme, "work.undepend", task="ACME-2", on="ACME-1")
    call(acme, "work.delete", task="ACME-3")
    assert _rows(acme, KEPT) == _rows(acme, COUNTED)
    assert _rows(acme, "select work.fold_counts() > 0") == [(True,)]
    assert _rows(acme, "select count(*) from work.count_deltas") == [(0,)]
    assert _rows(acme, KEPT) == _rows(acme, COUNTED)
    with owner(acme) as connection:
        connection.execute("delete from projects.projects where key = 'ACME'")
    assert _rows(acme, KEPT) == _rows(acme, COUNTED)
    assert {row[1] for row in _rows(acme, KEPT)} == {"pending", "queued"}


def test_the_overview_tells_them(acme: Database) -> None:
    add(acme, "one")
    add(acme, "two", waits_for=["ACME-1"])
    call(acme, "work.claim", agent(), project="acme")
    seen = call(acme, "work.overview", project="all")
    assert (seen.ready, seen.held) == (0, 1)
    assert [(count.name, count.count) for count in seen.by_status] == [("pending", 2)]
    assert call(acme, "work.statistics", project="acme").total_dependencies == 1


def test_two_writers_and_a_folder_do_not_wait_for_one_another(acme: Database) -> None:
    add(acme, "one")
    add(acme, "two")
    first, second = Hand(acme), Hand(acme)
    for hand, number in ((first, 1), (second, 2)):
        hand.run("update work.tasks set status = 'in_progress' where number = %s", number)
    assert _rows(acme, "select work.fold_counts() > 0") == [(True,)]
    before = _rows(acme, KEPT)
    first.commit()
    second.commit()
    assert before != _rows(acme, KEPT)
    assert _rows(acme, KEPT) == _rows(acme, COUNTED)


def test_rows_laid_without_triggers_are_counted_anew(acme: Database) -> None:
    add(acme, "one")
    with owner(acme) as connection:
        connection.execute("alter table work.tasks disable trigger user")
        connection.execute("update work.tasks set status = 'deferred'")
        connection.execute("alter table work.tasks enable trigger user")
        assert _rows(acme, KEPT) != _rows(acme, COUNTED)
        connection.execute("select work.recount()")
    assert _rows(acme, KEPT) == _rows(acme, COUNTED)
