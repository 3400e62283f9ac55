from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steward.importers.taskmaster import settings_beside
from steward.importers.taskmaster.config import project_root

# The shape of a real configuration: models by role, and what holds for all of them.
CONFIG: dict[str, Any] = {
    "models": {
        "main": {"provider": "anthropic", "modelId": "a-model", "maxTokens": 64000, "temperature": 0.2},
        "research": {"provider": "perplexity", "modelId": "b-model", "maxTokens": 8700, "temperature": 0.1},
        "fallback": {"provider": "anthropic", "modelId": "c-model", "maxTokens": 8192, "temperature": 0.2},
    },
    "global": {
        "logLevel": "info",
        "debug": False,
        "defaultSubtasks": 5,
        "defaultPriority": "medium",
        "projectName": "Shop",
        "ollamaBaseUrl": "http://localhost:11434/api",
        "userId": "1234567890",
        "azureOpenaiBaseUrl": "https://your-endpoint.azure.com/",
    },
}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize("place", [".taskmaster/tasks/tasks.json", "tasks/tasks.json", "tasks.json"])
def test_the_folder_of_a_tasks_file(tmp_path: Path, place: str) -> None:
    assert project_root(write(tmp_path / place, {})) == tmp_path


def test_the_whole_configuration_is_kept_and_the_newer_place_wins(tmp_path: Path) -> None:
    tasks = write(tmp_path / ".taskmaster/tasks/tasks.json", {})
    assert settings_beside(tasks).values == {}
    write(tmp_path / ".taskmasterconfig", {"global": {"projectName": "Old"}})
    assert settings_beside(tasks).values == {"taskmaster": {"config": {"global": {"projectName": "Old"}}}}
    write(tmp_path / ".taskmaster/config.json", CONFIG)
    write(tmp_path / ".taskmaster/state.json", {"currentTag": "master", "branchTagMapping": {}})
    settings = settings_beside(tasks)
    state = {"currentTag": "master", "branchTagMapping": {}}
    assert settings.values == {"taskmaster": {"config": CONFIG, "state": state}}
    assert len(settings.files) == 3
    assert settings.oddities == ()


def test_keys_that_open_doors_are_not_kept(tmp_path: Path) -> None:
    tasks = write(tmp_path / "tasks.json", {})
    path = write(
        tmp_path / ".taskmasterconfig",
        {
            "apiKeys": {"anthropic": "abc"},
            "models": {"main": {"OPENAI_API_KEY": "x", "note": "use sk-" + "a1" * 12, "maxTokens": 5}},
            "global": {
                "url": "https://user:pass@host/",
                "accessToken": "t",
                "tokens": 5,
                "authKind": "oauth",
            },
        },
    )
    settings = settings_beside(tasks)
    config = settings.values["taskmaster"]["config"]
    assert config["apiKeys"] == {"anthropic": "[redacted]"}
    assert config["models"]["main"] == {"OPENAI_API_KEY": "[redacted]", "note": "[redacted]", "maxTokens": 5}
    assert config["global"] == {
        "url": "[redacted]",
        "accessToken": "[redacted]",
        "tokens": 5,
        "authKind": "oauth",
    }
    assert {file for file, _ in settings.oddities} == {path}
    assert [oddity.place for _, oddity in settings.oddities] == [
        "$.apiKeys.anthropic",
        "$.models.main.OPENAI_API_KEY",
        "$.models.main.note",
        "$.global.url",
        "$.global.accessToken",
    ]


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_configuration_that_cannot_be_read_is_told_beside_the_rest(tmp_path: Path, content: str) -> None:
    tasks = write(tmp_path / "tasks.json", {})
    bad = write(tmp_path / ".taskmasterconfig", content)
    write(tmp_path / ".taskmaster/state.json", {"currentTag": "x"})
    settings = settings_beside(tasks)
    assert settings.values == {"taskmaster": {"state": {"currentTag": "x"}}}
    assert [path for path, _ in settings.refused] == [bad]
