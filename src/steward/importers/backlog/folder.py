"""Backlog.md folders: what is one, and its files as one original.

The files of a folder are imported together, because tasks refer to each other across them. What is kept of them is one
JSON object from path to text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from steward.importers.files import Content, decode
from steward.importers.refusal import Refused
from steward.importers.target import Layout

TASK_FOLDERS = ("tasks", "completed", "drafts", "archive/tasks", "archive/drafts")
CONFIGS = ("config.yml", "config.yaml")
MARK = "backlog.md folder"
TASK_NAME = re.compile(r"[A-Za-z][\w-]*?-\d+(?:\.\d+)* - .*\.md|[A-Za-z][\w-]*?-\d+(?:\.\d+)*\.md", re.S)
_OWN_NAMES = ("backlog", ".backlog")


def root_of(folder: Path) -> Path:
    """Return the folder that a backlog belongs to."""
    folder = folder.resolve()
    return folder.parent if folder.name in _OWN_NAMES else folder


LAYOUT = Layout(None, (), root_of)


def is_backlog(folder: Path) -> bool:
    """Tell whether a folder is one of Backlog.md: by its name or configuration, and by files of tasks."""
    named = folder.name in _OWN_NAMES or any((folder / name).is_file() for name in CONFIGS)
    return named and any(
        TASK_NAME.fullmatch(path.name) for place in TASK_FOLDERS for path in _files(folder / place)
    )


def bundle(folder: Path, limit: int) -> Content:
    """Read the files of a folder as one original.

    Args:
        folder: the folder.
        limit: largest size of all, in bytes.

    Raises:
        Refused: a file cannot be read, is no text, or they are larger than the limit.
    """
    texts: dict[str, str] = {}
    size = 0
    for path in _all(folder):
        name = path.relative_to(folder).as_posix()
        data = _read(path)
        size += len(data)
        if size > limit:
            raise Refused(
                f"{folder}: holds more than {limit} bytes, the limit of one import",
                hint="raise the limit (STEWARD_IMPORT_LIMIT, in bytes) if the folder is meant to be that large",
            )
        texts[name] = decode(data, f"{folder}/{name}").text
    return Content(json.dumps({"format": MARK, "files": texts}, ensure_ascii=False).encode(), None)


def is_bundle(path: Path, data: bytes) -> bool:
    """Tell whether bytes are what a folder was read as."""
    return path.is_dir() and data.startswith(b'{"format": "' + MARK.encode())


def _all(folder: Path) -> Iterator[Path]:
    yield from (path for name in CONFIGS if (path := folder / name).is_file())
    for place in TASK_FOLDERS:
        yield from (path for path in _files(folder / place) if path.suffix == ".md")


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_file())
    except OSError:
        return []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}") from error
