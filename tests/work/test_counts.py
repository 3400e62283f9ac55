"""Tasks seen together: counted by state, tied to each other, and by who works on them."""

from __future__ import annotations

import pytest

from steward.kit.db import Database
from steward.kit.errors import Invalid
from tests.work.scene import add, agent, call, project


@pytest.fixture
def chain(database: Database) -> list[str]:
    """Add four tasks: each of three waits for the one before, the last is only related."""
    project(database)
    first = add(database, "first")
    second = add(database, "second", waits_for=[first], labels=["x"])
    third = add(database, "third", waits_for=[second], priority="high")
    fourth = add(database, "fourth")
    add(database, "alone")
    call(database, "work.depend", task=fourth, on=third, type="relates_to")
    return [first, second, third, fourth]


def states(database: Database, **words: object) -> dict[str, int]:
    found = call(database, "work.count", **words)
    assert found.total == sum(each.count for each in found.by_state)
    return {each.name: each.count for each in found.by_state}


def test_states_part_the_pending_ones(database: Database, chain: list[str]) -> None:
    assert states(database, project="acme") == {"ready": 3, "waiting": 2}
    claim = call(database, "work.claim", agent(), task=chain[0])
    assert states(database, project="acme") == {"ready": 2, "claimed": 1, "waiting": 2}
    call(database, "work.finish", agent(), task=chain[0], token=claim.token)
    assert states(database, project="acme", label="x") == {"ready": 1}
    for state, refs in (("done", chain[:1]), ("waiting", [chain[2]]), ("claimed", [])):
        listed = call(database, "work.list", project="acme", state=[state]).items
        assert [row.ref for row in listed] == refs


def test_lists_over_all_projects_leave_archived_ones_out(database: Database, chain: list[str]) -> None:
    call(database, "projects.archive", project="acme")
    assert states(database, project="all") == {}
    assert call(database, "work.list", project="all").items == []
    assert len(call(database, "work.list", project="acme").items) == 5


def edges(database: Database, **words: object) -> list[tuple[str, str, str]]:
    found = call(database, "work.graph", **words)
    return [(edge.before[-1], edge.after[-1], str(edge.type)) for edge in found.edges]


def test_a_graph_holds_what_is_tied(database: Database, chain: list[str]) -> None:
    found = call(database, "work.graph", project="acme")
    assert sorted(node.ref for node in found.nodes) == chain
    assert found.total == 4
    assert edges(database, project="acme") == [
        ("1", "2", "blocks"),
        ("2", "3", "blocks"),
        ("3", "4", "relates_to"),
    ]
    cut = call(database, "work.graph", project="acme", limit=2)
    assert (cut.total, len(cut.nodes), cut.nodes[0].ref) == (4, 2, chain[2])
    call(database, "work.finish", task=chain[0])
    assert edges(database, project="acme", closed=False) == [("2", "3", "blocks"), ("3", "4", "relates_to")]


def test_a_graph_around_a_task_goes_both_ways(database: Database, chain: list[str]) -> None:
    found = call(database, "work.graph", task=chain[1])
    assert [(node.ref, node.steps) for node in found.nodes] == [(chain[1], 0), (chain[2], 1), (chain[0], 1)]
    assert [node.ref for node in call(database, "work.graph", task=chain[1], limit=1).nodes] == [chain[1]]
    assert len(call(database, "work.graph", task=chain[3]).nodes) == 2, "what is related counts too"
    with pytest.raises(Invalid, match="limit"):
        call(database, "work.graph", project="acme", limit=1001)


def test_what_agents_hold_and_did(database: Database, chain: list[str]) -> None:
    claim = call(database, "work.claim", agent(), task=chain[0])
    call(database, "work.ask", agent(), task=chain[0], token=claim.token, question="Why?")
    (load,) = call(database, "work.load", agent="BOT", project="acme")
    assert (load.held, load.asking, load.finished, load.success_percent) == (1, 1, 0, None)
    assert load.last_seen_at is not None
    assert call(database, "work.count_questions", project="acme") == 1
    assert [each.agent for each in call(database, "work.inbox", project="acme", agent="bot").items] == ["bot"]
    call(database, "work.withdraw", agent(), question=call(database, "work.inbox", project="acme").items[0].id,
         token=claim.token)  # fmt: skip
    call(database, "work.finish", agent(), task=chain[0], token=claim.token, actual_minutes=30)
    lost = call(database, "work.claim", agent(), task=chain[1])
    call(database, "work.fail", agent(), task=chain[1], token=lost.token, reason="no")
    (load,) = call(database, "work.load", agent="bot", project="all")
    assert (load.held, load.finished, load.failed, load.success_percent, load.avg_minutes) == (
        0,
        1,
        1,
        50,
        30,
    )
    assert call(database, "work.inbox", task=chain[0]).items[0].status == "withdrawn", (
        "of one task all are listed"
    )
