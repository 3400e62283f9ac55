"""Damaged files: refused with the line, or read with a note. Never half, never in silence, never with a crash."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.importers.beads import parse_file
from steward.importers.detect import format_of
from steward.importers.files import read
from steward.importers.refusal import Refused
from tests.importers.beads.samples import NAME, issue, jsonl, only, parsed
from tests.importers.samples import kinds

ISSUES = [
    issue("bd-1", description="Zeilen mit Ümlaut, 日本語 🎉 and \u2028 in one line"),
    issue("bd-2", ("bd-1", "blocks"), notes="<<<<<<< HEAD\nis text here"),
    issue("bd-2.1", ("bd-2", "parent-child"), comments=[{"id": 1, "author": "ada", "text": "hm"}]),
]
SOUND = jsonl(*ISSUES).encode()


def refusal(text: str | bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        parse_file(text if isinstance(text, bytes) else text.encode(), NAME)
    return refused.value


A, B = jsonl(issue("bd-1")), jsonl(issue("bd-2"))


@pytest.mark.parametrize(
    ("text", "kind", "line", "words"),
    [
        (A + B[:40], "truncated", 2, "the line ends in the middle of a value"),
        (A + '{"id":"bd-2","title":"cut', "truncated", 2, "1 other lines are sound"),
        (A[:30] + "\n" + B, "truncated", 1, "the line ends in the middle"),
        (A + "not an issue\n" + B, "not_json", 2, "2 other lines are sound"),
        (A + "bad\n" + B + "worse\n", "not_json", 2, "2 lines are damaged: lines 2, 4"),
        (A + "\0\0\0\0", "not_json", 2, "line 2"),
        (A[:-1] + B, "trailing_data", 1, "a second document follows"),
        (A + "[]\n", "wrong_structure", 2, "must be an object, found a list"),
        (A + "null\n", "wrong_structure", 2, "must be an object, found null"),
        (A + '{"id":"bd-3","title":"a","priority":NaN}\n', "bad_number", 2, "NaN"),
        (
            A + "<<<<<<< HEAD\n" + B + "=======\n" + B + ">>>>>>> theirs\n",
            "conflict_markers",
            2,
            "lines 2, 4, 6",
        ),
        (A + '{"id":"bd-1","id":"bd-2","title":"a","status":"open"}\n', "duplicate_key", 2, "'id'"),
    ],
)
def test_a_damaged_line_refuses_the_file_by_its_number(text: str, kind: str, line: int, words: str) -> None:
    error = refusal(text)
    assert (error.kind, error.line) == (kind, line)
    assert words in error.message
    assert error.hint
    assert "nothing of" in error.hint


def test_a_file_cut_at_any_byte_is_refused_or_holds_whole_issues_alone() -> None:
    held = {0: 0}
    for number, issues in enumerate(SOUND.splitlines(keepends=True), 1):
        end = max(held) + len(issues)
        held |= {end - 1: number, end: number}
    for cut in range(len(SOUND)):
        if cut in held:
            assert len(parse_file(SOUND[:cut], NAME).tasks) == held[cut]
        else:
            refusal(SOUND[:cut])


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, len(SOUND) - 1), length=st.integers(0, 40), put=st.binary(max_size=6))
def test_any_damage_is_refused_or_read_without_a_crash(at: int, length: int, put: bytes) -> None:
    damaged = SOUND[:at] + put + SOUND[at + length :]
    try:
        file = parse_file(damaged, NAME)
    except Refused:
        return
    held = [line for line in damaged.decode("utf-8-sig").replace("\r", "\n").split("\n") if line.strip()]
    assert len(file.tasks) + file.tags[0].superseded + kinds(file).count("other_record") == len(held)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["bd-1", "bd-2", "bd-1.1", "bd-1.1.1", "bd-2.1", "bd-3", 7])
KEYS = [
    "title", "description", "design", "notes", "acceptance_criteria", "status", "priority", "issue_type", "labels",
    "assignee", "estimated_minutes", "created_at", "closed_at", "due_at", "defer_until", "comments", "dependencies",
    "metadata", "pinned", "external_ref", "_type",
]  # fmt: skip
DEPENDENCY = st.fixed_dictionaries(
    {
        "depends_on_id": IDS,
        "type": st.sampled_from(["blocks", "parent-child", "related", "waits-for", "x", 3]),
    }
)
ISSUE = st.fixed_dictionaries(
    {"id": IDS, "title": st.text(max_size=6), "dependencies": st.lists(DEPENDENCY, max_size=4)},
    optional={"status": st.sampled_from(["open", "closed", "tombstone", "x"])},
) | st.dictionaries(st.sampled_from(["id", *KEYS]), IDS | VALUES, max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(ISSUE, max_size=6))
def test_any_objects_are_read_without_a_crash_and_none_is_lost(issues: list[dict[str, object]]) -> None:
    file = parsed(*issues)
    refs = [found.ref for found in file.tasks]
    assert len(refs) == len(set(refs))
    assert len(refs) + file.tags[0].superseded + kinds(file).count("other_record") == len(issues)
    entries = sum(len(each) for task in file.tasks if isinstance(each := task.raw.get("dependencies"), list))
    tag = file.tags[0]
    assert len(tag.edges) + tag.parent_edges + tag.dropped_edges == entries
    places = {ref: place for place, ref in enumerate(refs)}
    assert all(
        places[task.parent_ref] < places[task.ref] for task in file.tasks if task.parent_ref is not None
    )


def test_line_endings_blank_lines_and_marks_are_read_and_lines_counted_on() -> None:
    a, b, c = (json.dumps(each, ensure_ascii=False) for each in ISSUES)
    for data in (
        f"{a}\r\n{b}\n\n  \n{c}\r\n".encode(),
        f"{a}\r{b}\r{c}".encode(),
        SOUND.decode().encode("utf-8-sig"),
        SOUND.decode().encode("utf-16"),
    ):
        assert [task.ref for task in parse_file(data, NAME).tasks] == ["bd-1", "bd-2", "bd-2.1"]
    assert kinds(parse_file(SOUND.decode().encode("utf-8-sig"), NAME)) == ["encoding"]
    assert refusal(f"{a}\r\n\n{b}\nbad\n").line == 4


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.ZstdCompressor().compress])
def test_packed_files_are_found_and_read(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "issues.jsonl.packed"
    path.write_bytes(pack(SOUND))  # type: ignore[operator]
    data = read(path).data
    found = format_of(path, data)
    assert found is not None
    assert found.name == "beads"
    assert len(parse_file(data, NAME).tasks) == 3
    path.write_bytes(pack(SOUND)[:-9])  # type: ignore[operator]
    with pytest.raises(Refused, match="packing is damaged"):
        read(path)


def test_an_empty_file_holds_nothing() -> None:
    assert parse_file(b"", NAME).shape == parse_file(b"\n\r\n", NAME).shape == "blank"


def test_records_of_other_kinds_are_told_and_kept() -> None:
    file = parse_file((A + '{"_type":"memory","key":"a","value":"b"}\n').encode(), NAME)
    assert (len(file.tasks), kinds(file), file.oddities[0].line) == (1, ["other_record"], 2)


def test_an_issue_that_stands_twice_is_taken_in_its_newer_state() -> None:
    old, new = issue("bd-1"), issue("bd-1", title="Newer", updated_at="2026-01-01T00:00:00Z")
    for lines in ((old, new), (new, old)):
        file = parsed(*lines, issue("bd-2", ("bd-1", "blocks")))
        assert [task.fields.title for task in file.tasks] == ["Newer", "Issue bd-2"]
        assert (file.tags[0].superseded, kinds(file)) == (1, ["duplicate_id"])
        assert f"line {lines.index(new) + 1} was taken" in file.oddities[0].action


def test_two_issues_of_one_id_are_both_rows() -> None:
    other = issue("bd-1", title="Another branch's", created_at="2025-11-11T00:00:00Z")
    file = parsed(issue("bd-1"), other, issue("bd-2", ("bd-1", "blocks")))
    assert [task.ref for task in file.tasks] == ["bd-1", "bd-1~2", "bd-2"]
    assert (kinds(file), file.oddities[0].line) == (["duplicate_id"], 2)
    assert file.tags[0].edges[0].depends_on == "bd-1"


def test_an_issue_without_id_or_title_is_a_row() -> None:
    file = parsed(
        {"title": "No id", "status": "open", "priority": 1, "issue_type": "bug"}, issue("bd-1", title=" ")
    )
    assert [(task.ref, task.fields.title) for task in file.tasks] == [
        ("~1", "No id"),
        ("bd-1", "Untitled task"),
    ]
    assert sorted(kinds(file)) == ["missing_id", "missing_title"]


def test_text_that_no_database_can_hold_is_replaced_and_told() -> None:
    task = only(title="a\0b", external_ref="x\0", comments=[{"id": 1, "author": "a\0", "text": "t\0"}])
    assert task.fields.title == "a\ufffdb"
    assert task.metadata["beads"]["external_ref"] == "x\ufffd"
    assert (task.comments[0].author, task.comments[0].text) == ("a\ufffd", "t\ufffd")
