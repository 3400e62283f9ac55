"""Damaged files: refused with the place, or read with a note. Never half, never in silence, never with a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.importers.refusal import Refused
from steward.importers.taskmaster import parse_file
from tests.importers.samples import kinds, parsed, tagged, task

SOUND = json.dumps(
    tagged(
        master=[
            task(1, details="Zeilen mit Ümlaut und 日本語 🎉", subtasks=[task(1), task(2, depends=[1])]),
            task("2", depends=["1", "1.2"], priority="high", estimatedHours=2.5),
        ],
        feature=[task(1, tags=["a"])],
    ),
    ensure_ascii=False,
    indent=2,
).encode()


def refusal(text: str | bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        parse_file(text if isinstance(text, bytes) else text.encode(), "tasks.json")
    return refused.value


@pytest.mark.parametrize(
    ("text", "kind", "line", "words"),
    [
        ("", "empty_file", 1, "is empty"),
        (" \n\n ", "empty_file", 1, "nothing but 4 blank"),
        ("\0" * 64, "empty_file", 1, "nothing but 64 blank or zero"),
        ('{"tasks": [\n{"id": 1, "title": "a', "truncated", 2, "ends in the middle"),
        ('{"tasks": [\n{"id": 1,', "truncated", 2, "ends in the middle"),
        ('{"tasks": [\n{"id": 1}', "truncated", 2, "ends in the middle"),
        ('{"tasks": [\n{"id": 1, "done": tru', "truncated", 2, "ends in the middle"),
        ('{"tasks": []}\n{"tasks": []}', "trailing_data", 2, "second document"),
        ('{"tasks": []}\ntitle": "x"}]}', "trailing_data", 2, "older or other file"),
        ('{"tasks": []}\n\0\0\0', "trailing_data", 2, "more characters follow"),
        ('{"tasks": [\n1,\n]}', "trailing_comma", 3, "comma"),
        ('{"tasks": [],\n}', "trailing_comma", 2, "comma"),
        ('{\n// note\n"tasks": []}', "comment", 2, "no comments"),
        ('{"tasks": [\n{"id": NaN}]}', "bad_number", 2, "NaN is no number"),
        ('{"tasks": [\n{"title": "NaN", "id": -Infinity}]}', "bad_number", 2, "-Infinity is no number"),
        ('{"tasks": [\n{"id": 1e999}]}', "bad_number", 2, "1e999 is no number"),
        ('{"tasks": [\n{"id": ' + "9" * 5000 + "}]}", "bad_number", 2, "thousands of digits"),
        ('{"tasks": [\n{"title": "a\nb"}]}', "control_character", 2, "control character"),
        ("{\n'tasks': []}", "not_json", 2, "not JSON"),
        ("[" * 100_000, "too_deep", None, "nested too deep"),
    ],
)
def test_what_is_no_json_is_refused_by_its_place(text: str, kind: str, line: int | None, words: str) -> None:
    error = refusal(text)
    assert (error.kind, error.line) == (kind, line)
    assert words in error.message
    assert error.hint


def test_conflict_markers_are_refused_with_their_lines() -> None:
    error = refusal('{"tasks": [\n<<<<<<< HEAD\n{"id": 1}\n=======\n{"id": 2}\n>>>>>>> other\n]}')
    assert (error.kind, error.line) == ("conflict_markers", 2)
    assert "lines 2, 4, 6" in error.message


def test_text_that_speaks_of_conflict_markers_is_no_conflict() -> None:
    file = parsed({"tasks": [task(1, details="<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other")]})
    assert len(file.tasks) == 1
    assert kinds(file) == []


def test_a_file_cut_at_any_byte_is_refused() -> None:
    for cut in range(len(SOUND) - 1):
        assert refusal(SOUND[:cut]).hint, cut


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, len(SOUND) - 1), length=st.integers(0, 40), put=st.binary(max_size=6))
def test_any_damage_is_refused_or_read_without_a_crash(at: int, length: int, put: bytes) -> None:
    damaged = SOUND[:at] + put + SOUND[at + length :]
    try:
        file = parse_file(damaged, "tasks.json")
    except Refused:
        return
    assert json.loads(damaged.decode("utf-8-sig")) == file.raw


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8),
        lambda below: (
            st.lists(below, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["tasks", "id", "title", "subtasks", "dependencies", "status", "master", "metadata", "x"]
                ),
                below,
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_read_or_refused_without_a_crash(document: object) -> None:
    try:
        file = parsed(document)
    except Refused:
        return
    refs = [(found.tag, found.ref) for found in file.tasks]
    assert len(refs) == len(set(refs))


def test_a_mark_or_another_encoding_is_read_and_told() -> None:
    for data in (SOUND.decode().encode("utf-8-sig"), SOUND.decode().encode("utf-16")):
        file = parse_file(data, "tasks.json")
        assert len(file.tasks) == 5
        assert kinds(file) == ["encoding"]


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    file = parse_file(b'{"tasks": [\n{"id": 1,\n"title": "a",\n"title": "b"}]}', "tasks.json")
    assert file.tasks[0].fields.title == "b"
    oddity = next(each for each in file.oddities if each.kind == "duplicate_key")
    assert (oddity.place, oddity.line) == ("$.tasks[0].title", 4)
    assert "lines 3 and 4, with different values" in oddity.message


@pytest.mark.parametrize(
    "text",
    [
        '{"master": {"tasks": [{"id": 1, "title": "a"}]},\n"master": {"tasks": []}}',
        '{"tasks": [{"id": 1, "title": "a"}],\n"tasks": []}',
        '{"tasks": [{"id": 1, "title": "a", "subtasks": [{"id": 1}],\n"subtasks": []}]}',
        '{"tasks": [{"id": 1, "title": "a",\n"id": 2, "title": "b"}]}',
    ],
)
def test_a_key_that_stands_twice_and_would_lose_tasks_is_refused(text: str) -> None:
    error = refusal(text)
    assert (error.kind, error.line) == ("duplicate_key", 2)
    assert "lines 1 and 2" in error.message


def test_text_that_no_database_can_hold_is_replaced_and_told() -> None:
    file = parse_file(b'{"tasks": [{"id": 1, "title": "a\\u0000b\\ud83d", "status": "done"}]}', "tasks.json")
    assert file.tasks[0].fields.title == "a\ufffdb\ufffd"
    assert kinds(file) == ["unstorable_text"]


def test_subtasks_of_great_depth_are_rows_with_references_of_bounded_length() -> None:
    item = task("deep-down")
    for _ in range(150):
        item = task("deep-down", subtasks=[item])
    file = parsed({"tasks": [item]})
    assert len({found.ref for found in file.tasks}) == 151
    assert max(len(found.ref) for found in file.tasks) <= 410
    assert kinds(file) == []


@pytest.mark.parametrize("tag", ["x" * 201, "a\0b"])
def test_a_tag_whose_name_cannot_be_kept_is_refused(tag: str) -> None:
    assert refusal(json.dumps(tagged(**{tag: [task(1)]}))).kind == "wrong_structure"
