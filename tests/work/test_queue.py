"""What stands next in the queue: labels are kept beside it, and claims and lists with labels follow the same order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from steward.kit.db import Database
from tests.work.scene import Hand, add, agent, call, ids, owner, project

KEPT = "select label, project_id, -rank, number, task_id from work.ready_labels order by 1, 3, 4, 5"
DERIVED = """
select distinct n.label, q.project_id, q.priority, q.number, q.task_id
from work.ready_queue as q
cross join unnest(q.labels) as n (label)
order by 1, 3, 4, 5
"""
CLAIM = "select task_id, token from work.claim_tasks(%s, p_labels => %s, p_project_id => %s)"


@pytest.fixture
def acme(database: Database) -> Iterator[Database]:
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def _labels_are_kept(database: Database) -> int:
    with owner(database) as connection:
        kept = connection.execute(KEPT).fetchall()
        assert kept == connection.execute(DERIVED).fetchall()
    return len(kept)


def _titles(database: Database, **arguments: Any) -> list[str]:
    rows = call(database, "work.ready", agent(), **arguments)
    return [row.title for row in rows]


def test_labels_follow_every_change_of_the_queue(acme: Database) -> None:
    add(acme, "one", labels=["web", "ui", "web"])
    add(acme, "two", labels=["web"], waits_for=["ACME-1"])
    add(acme, "three")
    assert _labels_are_kept(acme) == 2
    call(acme, "work.update", task="ACME-1", labels=["api"], priority=9)
    call(acme, "work.update", task="ACME-3", labels=["ui"])
    assert _labels_are_kept(acme) == 2
    claim = call(acme, "work.claim", agent(), project="acme", labels=["api"])
    assert _labels_are_kept(acme) == 2
    call(acme, "work.finish", agent(), task="ACME-1", token=claim.token)
    assert _labels_are_kept(acme) == 2
    call(acme, "work.delete", task="ACME-3")
    assert _labels_are_kept(acme) == 1
    call(acme, "projects.update", project="acme", status="paused")
    assert _labels_are_kept(acme) == 0
    call(acme, "projects.update", project="acme", status="active")
    assert _labels_are_kept(acme) == 1
    with owner(acme) as connection:
        connection.execute("delete from projects.projects where key = 'ACME'")
    assert _labels_are_kept(acme) == 0


@pytest.mark.parametrize("where", ["acme", "all"])
def test_claims_and_lists_with_labels_go_by_priority_and_number(acme: Database, where: str) -> None:
    add(acme, "late", labels=["web"], priority=3)
    add(acme, "urgent", labels=["web", "ui"], priority=8)
    add(acme, "other", labels=["ui"], priority=9)
    add(acme, "able", labels=["web"], priority=9, capabilities=["gpu"])
    add(acme, "early", labels=["ui", "web"], priority=5)
    assert _titles(acme, project=where, labels=["web"]) == ["urgent", "early", "late"]
    assert _titles(acme, project=where, labels=["web", "ui"]) == ["urgent", "early"]
    assert _titles(acme, project=where, labels=[]) == ["other", "urgent", "early", "late"]
    assert _titles(acme, project=where, labels=["web", "nobody bears it"]) == []
    taken = [call(acme, "work.claim", agent(), project=where, labels=["web"]) for _ in range(4)]
    assert [claim and claim.task.task.title for claim in taken] == ["urgent", "early", "late", None]
    assert _titles(acme, project=where, labels=["web"]) == []


def test_labels_longer_than_a_key_are_found_whole(acme: Database) -> None:
    long = "ä" * 3000
    add(acme, "one", labels=[long + "1", "web"])
    add(acme, "two", labels=[long + "2"])
    assert _titles(acme, project="acme", labels=[long + "2"]) == ["two"]
    assert _titles(acme, project="acme", labels=[long + "1", "web"]) == ["one"]
    call(acme, "work.update", task="ACME-1", labels=[long])
    assert _titles(acme, project="all", labels=[long]) == ["one"]
    call(acme, "work.delete", task="ACME-1")
    with owner(acme) as connection:
        assert connection.execute("select count(*) from work.ready_labels").fetchone() == (1,)


def test_another_project_bears_the_same_label(acme: Database) -> None:
    project(acme, "other")
    add(acme, "theirs", project="other", labels=["web"], priority=9)
    add(acme, "ours", labels=["web"])
    assert _titles(acme, project="acme", labels=["web"]) == ["ours"]
    assert _titles(acme, project="all", labels=["web"]) == ["theirs", "ours"]


def test_two_claims_with_a_label_take_two_tasks(acme: Database) -> None:
    add(acme, "A", labels=["web"])
    add(acme, "B", labels=["web"])
    of = ids(acme)
    one, two = (call(acme, "agents.register", name=name).id for name in ("one", "two"))
    first, second = Hand(acme, agent("one")), Hand(acme, agent("two"))
    [[taken, _]] = first.run(CLAIM, one, ["web"], None)
    [[next_taken, _]] = second.run(CLAIM, two, ["web"], None)
    assert (taken, next_taken) == (of("A"), of("B"))
    first.commit()
    second.commit()


def test_a_claim_beside_a_change_of_priority_takes_what_is_free(acme: Database) -> None:
    add(acme, "A", labels=["web"])
    add(acme, "B", labels=["web"])
    of = ids(acme)
    one = call(acme, "agents.register", name="one").id
    changer, claimer = Hand(acme), Hand(acme, agent("one"))
    changer.run("update work.tasks set priority = 1 where title = 'A'")
    assert [row[0] for row in claimer.run(CLAIM, one, ["web"], None)] == [of("B")]
    changer.commit()
    assert [row[0] for row in claimer.run(CLAIM, one, ["web"], None)] == [of("A")]
    claimer.commit()
    assert _labels_are_kept(acme) == 2
