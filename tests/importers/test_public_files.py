"""Real files that nobody of this project wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.importers.detect import format_of
from steward.importers.files import find, plain_name, read
from steward.importers.refusal import Refused
from steward.importers.taskmaster import ParsedFile, parse_file
from steward.importers.taskmaster.export import export_text
from tests.importers.test_export import editing, rows_of

COUNTS = {
    "0xfauzi_testcraft": (1, 34, 111),
    "1rokoko_hotel-boost": (1, 25, 100),
    "AAStarCommunity_AAStar_SDK": (1, 10, 0),
    "BedroomDev_openrouter-task-master": (1, 5, 0),
    "BongsooJeong_brick-chain-blaster": (1, 20, 36),
    "CambridgeMonorail_vscode-huckleberry": (1, 13, 0),
    "Chious_map-app": (1, 15, 0),
    "EmblemCompany_emblem-vault-sdk": (1, 9, 10),
    "GARFEX33_db-graphql-service": (0, 0, 0),
    "eyaltoledano_claude-task-master": (9, 182, 914),
}


def load(folder: Path, name: str) -> tuple[bytes, ParsedFile]:
    path = next(
        each for each in (folder / "taskmaster").iterdir() if plain_name(each) == f"{name}.tasks.json"
    )
    data = read(path).data
    return data, parse_file(data, plain_name(path))


def plain_count(document: Any) -> int:
    """Count the objects in lists called tasks and subtasks, by another way than the importer's."""
    if isinstance(document, list):
        return sum(map(plain_count, document))
    if not isinstance(document, dict):
        return 0
    own = sum(len(document[key]) for key in ("tasks", "subtasks") if isinstance(document.get(key), list))
    return own + sum(map(plain_count, document.values()))


@pytest.mark.parametrize("name", COUNTS)
def test_counts_equal_what_the_files_hold(test_data: Path, name: str) -> None:
    data, file = load(test_data, name)
    tags, tasks, subtasks = COUNTS[name]
    assert len(file.tags) == tags
    assert sum(found.parent_ref is None for found in file.tasks) == tasks
    assert sum(found.parent_ref is not None for found in file.tasks) == subtasks
    assert len(file.tasks) == plain_count(json.loads(data))


@pytest.mark.parametrize("name", COUNTS)
def test_an_export_is_the_file(test_data: Path, name: str) -> None:
    data, _ = load(test_data, name)
    result = export_text(data, name, rows_of(data))
    assert json.dumps(json.loads(result)) == json.dumps(json.loads(data))


@pytest.mark.parametrize("name", sorted(set(COUNTS) - {"GARFEX33_db-graphql-service"}))
def test_one_change_changes_one_value(test_data: Path, name: str) -> None:
    data, file = load(test_data, name)
    expected = json.loads(data)
    at = expected
    for step in file.tasks[-1].path:
        at = at[step]
    at["title"] = "Changed"
    row_id = f"{file.tasks[-1].tag}/{file.tasks[-1].ref}"
    result = export_text(data, name, editing(row_id, title="Changed")(rows_of(data)))
    assert json.dumps(json.loads(result)) == json.dumps(expected)


def test_the_file_with_conflict_markers_is_refused_by_its_line(test_data: Path) -> None:
    with pytest.raises(Refused, match="line 6: the file holds git conflict markers"):
        load(test_data, "eyaltoledano_claude-task-master.conflict-markers")


def test_what_is_odd_in_the_largest_file_is_told(test_data: Path) -> None:
    _, file = load(test_data, "eyaltoledano_claude-task-master")
    told = [(oddity.kind, oddity.place) for oddity in file.oddities]
    assert ("dangling_dependency", "$.test-tag.tasks[0].dependencies[0]") in told
    assert [kind for kind, _ in told].count("duplicate_id") == 7
    assert {kind for kind, _ in told} == {"dangling_dependency", "duplicate_id", "dependency_cycle"}


def test_subtasks_with_dotted_numbers_are_not_dotted_twice(test_data: Path) -> None:
    for name in ("1rokoko_hotel-boost", "BongsooJeong_brick-chain-blaster"):
        _, file = load(test_data, name)
        assert all(found.ref.count(".") <= 1 for found in file.tasks)


def test_of_all_public_files_only_those_of_known_formats_are_taken_for_such(test_data: Path) -> None:
    known: dict[str, int] = {}
    for each in find([test_data]):
        found = format_of(each.path, read(each.path).data)
        if found:
            known[each.path.parent.name] = known.get(each.path.parent.name, 0) + 1
    assert known == {"beads": 5, "taskmaster": 11}
