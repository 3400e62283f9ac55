"""Dependencies: which live, which become rows above rows, and which are told and kept."""

from __future__ import annotations

import time

import pytest

from tests.importers.beads.samples import edges, issue, parents, parsed
from tests.importers.samples import kinds

BLOCKING = ["blocks", "conditional-blocks", "waits-for"]
RELATING = [
    "related", "discovered-from", "relates-to", "replies-to", "duplicates", "supersedes", "authored-by", "assigned-to",
    "approved-by", "attests", "tracks", "until", "caused-by", "validates", "delegated-from", "our-own",
]  # fmt: skip


@pytest.mark.parametrize("name", BLOCKING + RELATING)
def test_every_type_keeps_its_name(name: str) -> None:
    file = parsed(issue("bd-1"), issue("bd-2", ("bd-1", name)))
    assert edges(file) == [("bd-2", "bd-1", "blocks" if name in BLOCKING else "relates_to", name)]


def test_a_single_parent_becomes_the_row_above() -> None:
    file = parsed(issue("bd-1", ("bd-9", "parent-child")), issue("bd-9"))
    assert (parents(file), edges(file), file.tags[0].parent_edges) == ({"bd-1": "bd-9"}, [], 1)
    assert [task.ref for task in file.tasks] == ["bd-9", "bd-1"]


def test_ids_with_dots_are_below_those_without() -> None:
    file = parsed(
        issue("bd-a3f8.1.2"), issue("bd-a3f8.1"), issue("bd-a3f8"), issue("v1.2-7"), issue("bd-x.1")
    )
    assert parents(file) == {"bd-a3f8.1": "bd-a3f8", "bd-a3f8.1.2": "bd-a3f8.1"}
    assert [task.position for task in file.tasks] == [0, 1, 2, 0, 1]
    assert kinds(file) == ["missing_parent"]


def test_of_several_parents_the_one_in_the_id_counts_and_the_others_are_related() -> None:
    file = parsed(
        issue("bd-1"), issue("bd-2"), issue("bd-2.1", ("bd-1", "parent-child"), ("bd-2", "parent-child"))
    )
    assert parents(file) == {"bd-2.1": "bd-2"}
    assert edges(file) == [("bd-2.1", "bd-1", "relates_to", "parent-child")]
    assert kinds(file) == ["several_parents"]


def test_a_line_of_parents_that_closes_is_cut_where_it_closes() -> None:
    file = parsed(
        issue("bd-1", ("bd-2", "parent-child")),
        issue("bd-2", ("bd-3", "parent-child")),
        issue("bd-3", ("bd-1", "parent-child")),
    )
    assert parents(file) == {"bd-1": "bd-2", "bd-2": "bd-3"}
    assert (kinds(file), file.tags[0].dropped_edges) == (["parent_cycle"], 1)


def test_parents_that_were_deleted_are_none() -> None:
    gone = issue("bd-1", status="tombstone")
    file = parsed(
        gone, issue("bd-1.1", ("bd-1", "parent-child")), issue("bd-1.2"), issue("bd-1.3", status="tombstone")
    )
    assert parents(file) == {"bd-1.3": "bd-1"}
    assert kinds(file) == ["deleted_parent", "missing_parent"]


def test_waiting_for_a_parent_or_for_what_is_below_is_told_and_kept() -> None:
    file = parsed(
        issue("bd-1", ("bd-2", "blocks")),
        issue("bd-2", ("bd-1", "parent-child"), ("bd-1", "blocks")),
        issue("bd-3"),
    )
    assert (parents(file), edges(file)) == ({"bd-2": "bd-1"}, [])
    assert kinds(file) == ["implied_dependency", "waits_for_parent"]


def test_an_issue_that_waits_for_the_one_in_its_id_stands_beside_it() -> None:
    file = parsed(issue("bd-1"), issue("bd-1.1", ("bd-1", "blocks")))
    assert (parents(file), edges(file)) == ({}, [("bd-1.1", "bd-1", "blocks", "blocks")])


def test_cycles_dangling_own_and_repeated_ones_are_told_and_kept() -> None:
    file = parsed(
        issue("bd-1", ("bd-2", "blocks"), ("bd-404", "blocks"), ("external:x:y", "related")),
        issue("bd-2", ("bd-1", "waits-for"), ("bd-1", "blocks"), ("bd-2", "blocks"), ("bd-1", "related")),
    )
    assert edges(file) == [("bd-1", "bd-2", "blocks", "blocks"), ("bd-2", "bd-1", "relates_to", "related")]
    assert sorted(kinds(file)) == [
        "dangling_dependency",
        "dangling_dependency",
        "dependency_cycle",
        "repeated_dependency",
        "self_dependency",
    ]
    assert file.tags[0].dropped_edges == 5
    assert next(each for each in file.oddities if each.kind == "dependency_cycle").line == 2


def test_ten_thousand_issues_in_one_line_of_parents_take_seconds() -> None:
    began = time.perf_counter()
    file = parsed(
        *(issue(f"bd-{n}", (f"bd-{n + 1}", "parent-child")) for n in range(10_000)), issue("bd-10000")
    )
    assert len(parents(file)) == 10_000
    assert time.perf_counter() - began < 20
