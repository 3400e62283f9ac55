from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steward.importers.refusal import Refused
from steward.importers.report import (
    REPORT_NAME,
    FileReport,
    ImportReport,
    holdings,
    oddity_entries,
    refusal_entry,
)
from steward.kit.errors import Invalid
from tests.importers.samples import parsed, tagged, task


def test_the_report_says_what_every_file_holds_and_what_was_odd(tmp_path: Path) -> None:
    file = parsed(tagged(a=[task(1, status="done", subtasks=[task(1)])], b=[task(1, depends=[9, 1])]))
    report = ImportReport(datetime(2026, 1, 1, tzinfo=UTC))
    sound = FileReport("a/tasks.json", "taskmaster", "imported", holds=holdings(file), changes={"created": 3})
    sound.oddities = oddity_entries("a/tasks.json", file.oddities)
    bad = FileReport(
        "b.json", "taskmaster", "refused", refusal=refusal_entry(Refused("b.json: line 3: x", line=3))
    )
    report.files += [sound, bad]
    written = json.loads(report.write(tmp_path / REPORT_NAME).read_text())
    assert (written["success"], written["migration_date"]) == (False, "2026-01-01T00:00:00Z")
    assert written["statistics"] == {
        "files": {"imported": 1, "refused": 1},
        "tags": 2,
        "tasks": 2,
        "subtasks": 1,
        "dependencies": 0,
        "dependencies_dropped": 2,
        "changes": {"created": 3},
        "oddities": {"dangling_dependency": 1, "self_dependency": 1},
    }
    entry = written["files"][0]["oddities"][0]
    assert entry["file"] == "a/tasks.json"
    assert entry["place"] == "$.b.tasks[0].dependencies[0]"
    assert entry["action"]
    assert written["files"][0]["holds"]["statuses"] == {"pending": 2, "done": 1}
    assert written["files"][1]["refusal"]["line"] == 3


def test_a_folder_takes_the_report_under_its_own_name(tmp_path: Path) -> None:
    assert ImportReport(datetime.now(UTC)).write(tmp_path) == tmp_path / REPORT_NAME


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match="the import is done, but its report cannot be written"):
        ImportReport(datetime.now(UTC)).write(tmp_path / "file" / "report.json")


def test_earlier_reports_are_kept_by_their_time(tmp_path: Path) -> None:
    report = ImportReport(datetime.now(UTC))
    for _ in range(4):
        report.write(tmp_path / "reports" / REPORT_NAME)
    names = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert len(names) == 4
    assert REPORT_NAME in names
    assert all(name.startswith("migration_report.") for name in names)
