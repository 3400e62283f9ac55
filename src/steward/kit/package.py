"""What this package makes of a database: its newest revision and its code, known without loading the migrator.

Every command asks this to see whether the database fits, so nothing here imports Alembic.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from steward.kit.errors import Unavailable
from steward.kit.op import ROOMS
from steward.kit.sql import folder_of

SCHEMAS = ("kit", *ROOMS)
ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = ROOT / "migrations"
_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")


@cache
def revision_names() -> tuple[str, ...]:
    """Return the revisions of this package by the names of their files, oldest first."""
    found = (_REVISION_FILE.fullmatch(path.name) for path in MIGRATIONS.iterdir())
    return tuple(sorted(match[1] for match in found if match))


def newest_revision() -> str:
    """Return the newest revision of this package."""
    if not revision_names():
        raise Unavailable("this package holds no revisions", hint="install agent-steward again")
    return revision_names()[-1]


@cache
def code_files() -> tuple[tuple[str, str], ...]:
    """Return name and text of every code file: kit first, then the rooms in order."""
    paths = [(room, path) for room in SCHEMAS for path in sorted(folder_of(room).glob("code*.sql"))]
    return tuple((f"{room}/{path.name}", path.read_text("utf-8")) for room, path in paths)


@cache
def code_checksum() -> str:
    """Return the checksum of all code files together."""
    return hashlib.sha256("\x00".join(text for _, text in code_files()).encode()).hexdigest()
