"""`steward import` with transcripts: what is told of them, and what makes no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.importers.transcripts.helpers import answered, said, written
from tests.surfaces.drivers import CliDriver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two transcripts, one of them damaged, a tasks file and something else."""
    written(tmp_path / "in" / "a.jsonl", [said(1, "one"), answered(2), "{cut\n"])
    written(tmp_path / "in" / "b.jsonl", [said(5, "two", session="b"), answered(6, session="b")])
    (tmp_path / "in" / "shop.tasks.json").write_text(json.dumps({"tasks": [{"id": 1, "title": "Mend it"}]}))
    (tmp_path / "in" / "settings.json").write_text('{"theme": "dark"}')
    return tmp_path / "in"


def test_transcripts_and_task_files_come_in_by_one_command(cli: CliDriver, folder: Path) -> None:
    report = str(folder.parent / "report.json")
    status, out, _ = cli.run(["import", str(folder), "--report", report])
    assert status == 0
    assert "2 messages" not in out
    assert "5 lines, 1 damaged lines, 4 messages, 2 responses" in out
    assert "without a project: 2 sessions of /nowhere/shop" in out
    told = json.loads(Path(report).read_text())
    assert {Path(each["file"]).name: each["outcome"] for each in told["files"]} == {
        "a.jsonl": "imported",
        "b.jsonl": "imported",
        "shop.tasks.json": "imported",
        "settings.json": "skipped",
    }
    assert told["unplaced"] == {"/nowhere/shop": 2}
    status, out, _ = cli.run(["--json", "import", str(folder), "--report", report])
    assert json.loads(out)["statistics"]["files"] == {"unchanged": 3, "skipped": 1}


def test_a_dry_run_of_transcripts_keeps_nothing(cli: CliDriver, folder: Path) -> None:
    status, out, _ = cli.run(["--json", "import", str(folder), "--dry-run"])
    assert status == 0
    assert json.loads(out)["statistics"]["changes"]["responses"] == 2
    status, out, _ = cli.run(["--json", "sql", "select count(*) as n from transcripts"])
    assert json.loads(out)["rows"] == [{"n": 0}]


def test_kept_lines_are_read_anew_without_their_files(cli: CliDriver, folder: Path) -> None:
    cli.run(["import", str(folder), "--report", str(folder.parent / "report.json")])
    for file in folder.iterdir():
        file.unlink()
    status, out, _ = cli.run(["import", "--reproject"])
    assert (status, "0 sessions" in out) == (0, True)
    status, out, _ = cli.run(["import", "--reproject", "--all"])
    assert (status, "2 sessions, 2 transcripts, 5 lines: 4 messages, 2 responses" in out) == (0, True)


@pytest.mark.parametrize(
    "words",
    [["import"], ["import", "--follow"], ["import", ".", "--follow", "--dry-run"], ["import", ".", "--all"]],
)
def test_what_makes_no_sense_is_refused(cli: CliDriver, words: list[str]) -> None:
    status, _, err = cli.run(words)
    assert status == 2
    assert "steward import" in err or "--follow" in err
