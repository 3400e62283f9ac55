from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.importers.detect import format_of, require_format
from steward.importers.refusal import Refused
from steward.importers.target import target_of
from tests.importers.samples import tagged, task


def found(name: str, content: Any) -> str | None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    known = format_of(Path(name), data)
    return known.name if known else None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("whatever.json", {"tasks": [task(1)]}),
        ("data.txt", tagged(a=[task(1)], b=[])),
        ("list.json", [task(1)]),
        ("tasks.json", {}),
        ("shop.tasks.json.xz", {}),
        ("tasks.json", b""),
        ("tasks.json", b'{"tasks": [{"id"'),
        ("renamed.json", b'{"master": {"tasks": [{"id": 1, "dependencies": [], "tit'),
        ("renamed.json", b'<<<<<<< HEAD\n{"tasks": [{"id": 1, "subtasks": []}]}'),
        ("tasks.json", {"tasks": {"1": task(1)}}),
        ("tasks.json", {"master": {"tasks": "none"}}),
        (".taskmaster/tasks/tasks.json", {"something": "else"}),
        (".taskmaster/tasks/tasks.json", b"\xff\xff\xff"),
    ],
)
def test_taskmaster_files_are_known_sound_or_damaged(name: str, content: Any) -> None:
    assert found(name, content) == "taskmaster"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("package.json", {}),
        (".vscode/tasks.json", {"version": "2.0.0", "tasks": [{"label": "build", "command": "make"}]}),
        (".vscode/tasks.json", b'{\n// comment\n"tasks": [{"label": "build"}]}'),
        ("tasks.json", {"version": "2.0.0", "tasks": [{"label": "build", "type": "shell"}]}),
        ("tasks.json", b'{ // note\n"tasks": [{"label": "build", "command": "x"}]}'),
        ("issues.json", [{"id": 1, "number": 2, "title": "t", "state": "open", "url": "u"}]),
        ("README.md", b'# Title\n{"tasks": [{"id": 1, "dependencies": []'),
        ("x.jsonl", b'{"id": "bd-1", "title": "t", "status": "open", "dependencies": []}\n{"id": "bd-2"}\n'),
        ("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
    ],
)
def test_files_of_others_are_not(name: str, content: Any) -> None:
    assert found(name, content) is None


def test_a_named_file_that_is_nothing_known_is_refused() -> None:
    with pytest.raises(Refused, match="no known format"):
        require_format(Path("package.json"), b"{}")


def test_configuration_is_known_by_its_place() -> None:
    assert found(".taskmasterconfig", {"models": {}}) == "taskmaster_config"
    assert found(".taskmaster/config.json", {"models": {}}) == "taskmaster_config"
    assert found("config.json", {"models": {}}) is None


def test_a_file_goes_to_the_project_of_its_remote_folder_or_name(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    path = shop / ".taskmaster" / "tasks" / "tasks.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert (target_of(path).name, target_of(path).source_name) == ("shop", ".taskmaster/tasks/tasks.json")
    (shop / ".git").mkdir()
    (shop / ".git" / "config").write_text(
        '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@host:team/store.git\n'
    )
    target = target_of(path)
    assert (target.name, target.remote) == ("store", "git@host:team/store.git")
    assert target.source_name == ".taskmaster/tasks/tasks.json"
    own = target_of(tmp_path / "a_b.tasks.json.xz")
    assert (own.name, own.source_name, own.remote) == ("a_b", "a_b.tasks.json", None)
