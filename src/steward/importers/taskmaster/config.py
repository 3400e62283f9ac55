"""Taskmaster's configuration beside a tasks file, as settings of the project. Keys that open doors are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steward.importers.files import decode, read
from steward.importers.model import Oddity, place_of
from steward.importers.model import Path as Place
from steward.importers.refusal import Refused
from steward.importers.strict_json import parse

REDACTED = "[redacted]"
_LIMIT = 4 * 1024 * 1024
_SECRET_KEY = re.compile(
    r"api[_-]?key|secret|token$|password|passwd|credential|authorization|bearer|private[_-]?key|access[_-]?key|^auth$",
    re.I,
)
_SECRET_VALUE = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bxox[abpr]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bglpat-[\w-]{16,}|\bpplx-[\w-]{16,}|\bBearer\s+\S{12,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was found beside a tasks file.

    Attributes:
        values: for the project's settings, all of it under the one key `taskmaster`; empty when nothing was found.
        files: the files it came from.
        oddities: what was redacted.
        refused: configuration that could not be read; the tasks are imported all the same.
    """

    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    oddities: tuple[tuple[Path, Oddity], ...] = ()
    refused: tuple[tuple[Path, Refused], ...] = ()


def project_root(tasks_file: Path) -> Path:
    """Return the folder that a tasks file belongs to: above `.taskmaster/tasks/`, above `tasks/`, or its own."""
    folder = tasks_file.resolve().parent
    if folder.name == "tasks":
        folder = folder.parent
    return folder.parent if folder.name == ".taskmaster" else folder


def config_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the configuration files of a project folder, older places first, each with the key it is kept under."""
    places = (
        ("config", root / ".taskmasterconfig"),
        ("config", root / ".taskmaster" / "config.json"),
        ("state", root / ".taskmaster" / "state.json"),
    )
    yield from ((key, path) for key, path in places if path.is_file())


def is_config(path: Path) -> bool:
    """Tell by its place whether a file is Taskmaster's configuration."""
    if path.name == ".taskmasterconfig":
        return True
    return path.parent.name == ".taskmaster" and path.name in ("config.json", "state.json")


def settings_beside(tasks_file: Path) -> Settings:
    """Read the configuration beside a tasks file; the newer place wins over the older."""
    return settings_in(project_root(tasks_file))


def settings_in(root: Path) -> Settings:
    """Read the configuration of a project folder."""
    values: dict[str, Any] = {}
    files: list[Path] = []
    oddities: list[tuple[Path, Oddity]] = []
    refused: list[tuple[Path, Refused]] = []
    for key, path in config_files(root):
        try:
            values[key], found = read_config(path)
        except Refused as error:
            refused.append((path, error))
            continue
        files.append(path)
        oddities += [(path, oddity) for oddity in found]
    return Settings({"taskmaster": values} if values else {}, tuple(files), tuple(oddities), tuple(refused))


def read_config(path: Path) -> tuple[dict[str, Any], list[Oddity]]:
    """Read one configuration file, secrets left out.

    Raises:
        Refused: it is no JSON object.
    """
    value = parse(decode(read(path, _LIMIT).data, str(path)).text, str(path)).value
    if not isinstance(value, dict):
        raise Refused(
            f"{path}: a configuration must be an object", hint="mend or remove it", kind="wrong_structure"
        )
    oddities: list[Oddity] = []
    redacted: dict[str, Any] = _redact(value, (), oddities)
    return redacted, oddities


def _redact(value: Any, path: Place, oddities: list[Oddity]) -> Any:
    if isinstance(value, dict):
        return {key: _redact(below, (*path, key), oddities) for key, below in value.items()}
    if isinstance(value, list):
        return [_redact(below, (*path, number), oddities) for number, below in enumerate(value)]
    if isinstance(value, str) and value and _is_secret(path, value):
        oddities.append(
            Oddity(place_of(path), None, "secret_redacted", "a value looks like a secret", "not stored")
        )
        return REDACTED
    return value


def _is_secret(path: Place, value: str) -> bool:
    keys = [step for step in path if isinstance(step, str)]
    return any(_SECRET_KEY.search(key) for key in keys[-2:]) or bool(_SECRET_VALUE.search(value))
