from __future__ import annotations

from typing import Any

import pytest

from steward.importers.refusal import Refused
from tests.importers.samples import by_ref, edges, kinds, parsed, tagged, task


def test_a_file_without_tags_is_the_tag_master() -> None:
    file = parsed({"tasks": [task(1)], "metadata": {"projectName": "P", "tasks": 25}})
    assert (file.shape, [tag.name for tag in file.tags]) == ("untagged", ["master"])
    assert file.tags[0].metadata["projectName"] == "P"
    assert kinds(file) == []


def test_every_tag_is_kept_with_its_metadata_and_may_repeat_ids() -> None:
    file = parsed(tagged(master=[task(1), task(2, depends=[1])], feature=[task(1, depends=[2])]))
    assert [(tag.name, tag.metadata["description"]) for tag in file.tags] == [
        ("master",) * 2,
        ("feature",) * 2,
    ]
    assert edges(file) == [("2", "1")]
    assert kinds(file) == ["dangling_dependency"]


def test_tasks_outside_of_tags_stand_beside_master_and_none_is_lost() -> None:
    stray = {"tasks": [task(1, title="old one"), task(2, depends=[1])]}
    file = parsed(tagged(master=[task(1, title="new one"), task(3, depends=[1])]) | stray)
    assert (file.shape, [tag.name for tag in file.tags]) == ("mixed", ["master"])
    assert {ref: found.fields.title for ref, found in by_ref(file).items()} == {
        "1": "new one",
        "3": "Task 3",
        "1~2": "old one",
        "2": "Task 2",
    }
    assert edges(file) == [("3", "1"), ("2", "1~2")]
    assert sorted(kinds(file)) == ["duplicate_id", "stray_tasks"]


def test_stray_tasks_without_master_become_master() -> None:
    file = parsed(tagged(feature=[task(1)]) | {"tasks": [task(1)]})
    assert [tag.name for tag in file.tags] == ["feature", "master"]
    assert kinds(file) == ["stray_tasks"]


def test_a_bare_list_and_an_empty_object_are_files() -> None:
    assert [found.ref for found in parsed([task(1)]).tasks] == ["1"]
    assert (parsed({}).shape, parsed({}).tags) == ("empty", ())


def test_a_tag_may_be_called_tasks() -> None:
    assert [tag.name for tag in parsed(tagged(tasks=[task(1)])).tags] == ["tasks"]


def test_keys_of_other_tools_are_kept_and_told() -> None:
    file = parsed({"version": "1.0", "tasks": [task("TASK-001", status="todo")]})
    assert by_ref(file)["TASK-001"].fields.status == "pending"
    assert [(each.kind, each.place) for each in file.oddities] == [("extra_key", "$.version")]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"tasks": {"1": task(1)}}, "$.tasks"),
        ({"master": {"tasks": "none"}}, "$.master.tasks"),
        ({"tasks": [task(1), [task(2)]]}, "$.tasks[1]"),
        ({"tasks": [task(1) | {"subtasks": {"1": task(1)}}]}, "$.tasks[0].subtasks"),
        ({"projects": []}, "$"),
        ("tasks", "$"),
    ],
)
def test_a_structure_in_which_tasks_would_be_lost_is_refused(document: Any, place: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(document)
    assert (refused.value.kind, refused.value.place) == ("wrong_structure", place)


def test_elements_that_are_no_objects_are_told_and_a_text_becomes_a_task() -> None:
    file = parsed({"tasks": [None, "Write the guide", 7, {}, task(1, subtasks=["Look at it"])]})
    assert [(found.ref, found.fields.title) for found in file.tasks] == [
        ("~2", "Write the guide"),
        ("1", "Task 1"),
        ("1.~1", "Look at it"),
    ]
    assert kinds(file).count("not_a_task") == 3
    assert kinds(file).count("task_is_text") == 2
