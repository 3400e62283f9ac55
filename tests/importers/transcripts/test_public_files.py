"""Real transcripts: each comes in whole, and its tokens are what others counted."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest

from steward.kit.db import Actor, Database
from tests.conftest import MakeDatabase
from tests.importers.transcripts.helpers import Totals, bring_in, counted, rows, totals

pytestmark = pytest.mark.db

ORACLES = ("entire_aa_778e725b89_0", "entire_b5_9708d80b7f_0")


def _files(test_data: Path) -> list[Path]:
    return sorted((test_data / "claude-code").glob("*.jsonl"))


def _oracle(test_data: Path, name: str) -> Totals:
    told = json.loads((test_data / "claude-code" / f"{name}.metadata.json").read_text())["token_usage"]
    return (
        told["input_tokens"],
        told["cache_creation_tokens"],
        told["cache_read_tokens"],
        told["output_tokens"],
        told["api_call_count"],
    )


def _copy(test_data: Path, name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(test_data / "claude-code" / f"{name}.full.jsonl", folder))


@pytest.mark.parametrize("names", [*itertools.permutations(ORACLES), *[(name,) for name in ORACLES]])
def test_tokens_equal_the_oracle_whichever_snapshot_comes_first(
    database: Database, actor: Actor, test_data: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        bring_in(database, actor, _copy(test_data, name, tmp_path / name))
    largest = max(names, key=ORACLES.index)
    assert totals(database, actor) == _oracle(test_data, largest)
    found = rows(database, actor, "select edition, lines from telemetry.transcripts")
    lines = len((test_data / "claude-code" / f"{largest}.full.jsonl").read_bytes().splitlines())
    assert found == [{"edition": 0, "lines": lines}]


def test_every_file_comes_in_and_counts_as_a_small_counter_does(
    make_database: MakeDatabase, actor: Actor, test_data: Path, tmp_path: Path
) -> None:
    files = _files(test_data)
    assert len(files) == 15
    for file in files:
        database = make_database()
        report = bring_in(database, actor, Path(shutil.copy(file, tmp_path)))
        assert [each.outcome for each in report.files] == ["imported"], file.name
        assert totals(database, actor) == counted([file]), file.name


def test_all_files_together_count_once_in_any_order_and_again(
    make_database: MakeDatabase, actor: Actor, test_data: Path, tmp_path: Path
) -> None:
    # One of the two files that were made by hand gives other messages the request ids of the other.
    files = [file for file in _files(test_data) if file.name != "ccl_representative_messages.jsonl"]
    expected = counted(files)
    for number, order in enumerate((files, files[::-1])):
        database = make_database()
        folder = tmp_path / str(number)
        for file in order:
            folder.mkdir(exist_ok=True)
            bring_in(database, actor, Path(shutil.copy(file, folder)))
        assert totals(database, actor) == expected
        raw = rows(database, actor, "select count(*) as lines from telemetry.transcript_lines")[0]["lines"]
        report = bring_in(database, actor, folder)
        assert {each.outcome for each in report.files if each.format == "claude-code"} == {"unchanged"}
        elsewhere = Path(shutil.copytree(folder, tmp_path / f"again{number}"))
        report = bring_in(database, actor, elsewhere)
        assert {each.outcome for each in report.files if each.format == "claude-code"} == {"unchanged"}
        assert totals(database, actor) == expected
        again = rows(database, actor, "select count(*) as lines from telemetry.transcript_lines")[0]["lines"]
        assert again == raw
