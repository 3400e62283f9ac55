"""`--dry-run` before a command that is no operation: it is honoured, refused, or there was nothing to try."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steward.surfaces.cli import dry_run
from steward.surfaces.cli.tree import HAND_WRITTEN, hand_written
from tests.surfaces.drivers import CliDriver


def _commands() -> Iterator[str]:
    for name in HAND_WRITTEN:
        command: Any = hand_written(name)
        inner = getattr(command, "commands", None)
        yield from (name,) if inner is None else (f"{name} {each}" for each in inner)


def test_every_command_says_what_a_dry_run_of_it_is() -> None:
    told = [*dry_run.READ, *dry_run.TRY, *dry_run.MAY_CHANGE, *dry_run.CHANGE]
    assert sorted(told) == sorted(_commands())


_ARGUMENTS = {
    "db create": ["a-revision"],
    "db reset": ["--yes"],
    "db schema": ["--output", "written.sql"],
    "db seed": ["--sample"],
    "db url": ["--tcp"],
    "export beads": ["--output", "written.jsonl"],
    "export taskmaster": ["--output", "written.json"],
    "run": ["--task", "ACME-1", "--", "touch", "written"],
}


@pytest.mark.parametrize("name", sorted({*dry_run.CHANGE, *dry_run.MAY_CHANGE}))
def test_what_has_no_dry_run_refuses(cli: CliDriver, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.iterdir())
    words = [*name.split(), *_ARGUMENTS.get(name, [])]
    for line in (["--dry-run", *words], [name.split()[0], "--dry-run", *words[1:]]):
        status, out, err = cli.run(line)
        assert (status, out) == (2, ""), err
        assert f"`steward {name}` has no dry run" in err
        assert "hint: " in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_command_that_nobody_thought_of_refuses() -> None:
    with pytest.raises(Exception, match="`steward brand new` has no dry run"):
        dry_run.check("steward brand new", {})


@pytest.mark.parametrize("words", [["config"], ["db", "status"], ["db", "url"], ["sql", "select 1"]])
def test_what_reads_goes_on(cli: CliDriver, words: list[str]) -> None:
    status, out, err = cli.run(["--dry-run", *words])
    assert (status, bool(out)) == (0, True), err


def test_an_import_is_tried(cli: CliDriver, tmp_path: Path) -> None:
    cli.run(["projects", "add", "Acme", "--key", "ACME"])
    issue = {
        "id": "bd-1", "title": "One", "status": "open", "priority": 1, "issue_type": "task",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    (tmp_path / "issues.jsonl").write_text(json.dumps(issue) + "\n")
    words = ["--project", "acme", "import", str(tmp_path / "issues.jsonl"), "--json"]
    status, out, err = cli.run(["--dry-run", *words])
    assert (status, json.loads(out)["dry_run"]) == (0, True), err
    assert json.loads(cli.run(["work", "list", "--project", "acme", "--json"])[1])["items"] == []
    assert not (tmp_path / "migration_report.json").exists()
    assert cli.run(["--dry-run", "import", "--reproject"])[0] == 2
    assert cli.run(["import", "--reproject", "--dry-run"])[0] == 2
    assert cli.run(words)[0] == 0
    assert len(json.loads(cli.run(["work", "list", "--project", "acme", "--json"])[1])["items"]) == 1
