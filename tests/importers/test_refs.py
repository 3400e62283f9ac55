from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.importers.cycles import WaitGraph
from steward.importers.taskmaster import parse_file
from tests.importers.samples import by_ref, edges, kinds, parsed, task


def test_every_way_to_write_an_id_gives_a_dotted_unique_reference() -> None:
    below = [
        task(1),
        task("2"),
        task("5.3"),
        task(5.4),
        task("TASK-9"),
        {"title": "none"},
        task(1),
        task(True),
    ]
    file = parsed({"tasks": [task(5, subtasks=below)]})
    assert [found.ref for found in file.tasks] == [
        "5", "5.1", "5.2", "5.3", "5.4", "5.TASK-9", "5.~6", "5.1~2", "5.~8",
    ]  # fmt: skip
    assert sorted(set(kinds(file))) == ["duplicate_id", "missing_id", "missing_status"]


def test_a_number_with_a_point_keeps_its_zeros() -> None:
    text = b'{"tasks": [{"id": 3, "title": "t", "subtasks": [{"id": 3.1, "title": "a"}, {"id": 3.10, "title": "b"}]}]}'
    file = parse_file(text, "tasks.json")
    assert [found.ref for found in file.tasks] == ["3", "3.1", "3.10"]


def test_a_subtask_of_a_subtask_is_a_row_with_its_parent() -> None:
    file = parsed({"tasks": [task(5, subtasks=[task(2, subtasks=[task(1, depends=["5.1"])]), task(1)])]})
    assert by_ref(file)["5.2.1"].parent_ref == "5.2"
    assert edges(file) == [("5.2.1", "5.1")]


@pytest.mark.parametrize("said", [1, "1", " 1 ", 1.0, {"id": 1}])
def test_a_dependency_may_be_written_in_many_ways(said: Any) -> None:
    assert edges(parsed({"tasks": [task(1), task(2, depends=[said])]})) == [("2", "1")]


def test_a_bare_number_in_a_subtask_means_a_sibling_first_then_a_task() -> None:
    tasks = [task(1), task(9), task(2, subtasks=[task(1), task(3, depends=[1, 9, "2.1", "1.1"])])]
    file = parsed({"tasks": [*tasks, task(4, depends=["2.3", 2.1])]})
    assert edges(file) == [("2.3", "2.1"), ("2.3", "9"), ("4", "2.3"), ("4", "2.1")]
    assert sorted(kinds(file)) == ["dangling_dependency", "repeated_dependency"]


def test_dependencies_that_are_no_list_are_read_and_told() -> None:
    file = parsed(
        {"tasks": [task(1), task(2), task(3, depends="1, 2"), task(4, depends=3), task(5, depends=[None])]}
    )
    assert edges(file) == [("3", "1"), ("3", "2"), ("4", "3")]
    assert kinds(file) == ["wrong_type", "wrong_type", "dangling_dependency"]


def test_what_cannot_be_a_live_edge_is_told_and_every_row_stays() -> None:
    file = parsed(
        {
            "tasks": [
                task(1, depends=[1, 99]),
                task(2, depends=[3]),
                task(3, depends=[2]),
                task(4, depends=["4.1"], subtasks=[task(1), task(2, depends=["4"])]),
            ]
        }
    )
    assert len(file.tasks) == 6
    assert edges(file) == [("2", "3")]
    assert sorted(kinds(file)) == [
        "dangling_dependency", "dependency_cycle", "dependency_cycle", "implied_dependency", "self_dependency",
    ]  # fmt: skip
    assert file.tags[0].dropped_edges == 5


def test_a_dependency_on_an_id_that_stands_twice_means_the_first() -> None:
    file = parsed({"tasks": [task(1), task(1), task(2, depends=[1])]})
    assert edges(file) == [("2", "1")]
    assert kinds(file) == ["duplicate_id", "ambiguous_dependency"]


def test_a_cycle_through_parents_is_found() -> None:
    """1 waits for 2, and the subtask of 2 waits for the subtask of 1, which cannot start before 2 is done."""
    tasks = [task(1, depends=[2], subtasks=[task(1)]), task(2, subtasks=[task(1, depends=["1.1"])])]
    file = parsed({"tasks": tasks})
    assert len(edges(file)) == 1
    assert kinds(file) == ["dependency_cycle"]


def _waits(parents: dict[str, str | None], blocked: list[tuple[str, str]]) -> dict[str, set[str]]:
    """The plain rule: a task waits for its blockers, its children and the blockers of all tasks above it."""
    waits: dict[str, set[str]] = {ref: set() for ref in parents}
    for ref, parent in parents.items():
        if parent is not None:
            waits[parent].add(ref)
        above: str | None = ref
        while above is not None:
            waits[ref] |= {blocker for waiting, blocker in blocked if waiting == above}
            above = parents[above]
    return waits


def _has_cycle(waits: dict[str, set[str]]) -> bool:
    left = {ref: set(blockers) for ref, blockers in waits.items()}
    while free := [ref for ref, blockers in left.items() if not blockers]:
        for ref in free:
            del left[ref]
        for blockers in left.values():
            blockers.difference_update(free)
    return bool(left)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_the_walk_leaves_no_cycle_and_takes_nothing_from_sound_files(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    names = [str(number) for number in range(count)]
    parents: dict[str, str | None] = {}
    for number, name in enumerate(names):
        parents[name] = data.draw(st.none() | st.sampled_from(names[:number])) if number else None
    pair = st.tuples(st.sampled_from(names), st.sampled_from(names))
    blocked = data.draw(st.lists(pair, max_size=14, unique=True))
    dropped = WaitGraph(list(parents.items())).closing_edges(blocked)
    kept = [edge for number, edge in enumerate(blocked) if number not in dropped]
    assert not _has_cycle(_waits(parents, kept))
    if not _has_cycle(_waits(parents, blocked)):
        assert not dropped


@pytest.mark.parametrize("kind", ["ring", "chain back", "dense", "nested"])
def test_many_tasks_are_read_in_time_that_grows_with_them(kind: str) -> None:
    """A bound far above what is measured, so that only a wrong order of growth can miss it."""
    count = 10_000
    if kind == "ring":
        tasks = [task(n, depends=[n % count + 1]) for n in range(1, count + 1)]
    elif kind == "chain back":
        tasks = [task(n, depends=[max(n - 1, 1)]) for n in range(1, count + 1)]
    elif kind == "dense":
        tasks = [task(n, depends=[m for m in range(1, 201) if m != n]) for n in range(1, 201)]
    else:
        chance = random.Random(5)
        tasks = [
            task(
                n,
                subtasks=[
                    task(m, depends=[chance.randint(1, 9), chance.randint(1, 999)]) for m in range(1, 10)
                ],
            )
            for n in range(1, count // 10 + 1)
        ]
    began = time.perf_counter()
    parsed({"tasks": tasks})
    assert time.perf_counter() - began < 8
