"""Finds or makes the project that a file belongs to, and keeps its settings."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.importers.target import Target
from steward.importers.taskmaster.text import clean
from steward.importers.types import ProjectRow
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

_LONGEST_NAME = 255


def find_project(db: Db, word: str) -> ProjectRow:
    """Return the project of a key, slug, id or name.

    Raises:
        NotFound: there is none.
    """
    found = _named(db, word)
    if found is None:
        raise NotFound(f"there is no project {word!r}", hint="`steward projects list` shows them")
    return found


def _named(db: Db, word: str) -> ProjectRow | None:
    found = db.all("importers.find_project", ProjectRow, word=word.strip())
    if len(found) > 1:
        keys = ", ".join(project.key for project in found)
        raise Invalid(f"{word!r} may mean any of the projects {keys}", hint="name one by its key")
    return found[0] if found else None


def find_or_create(db: Db, target: Target, word: str | None) -> ProjectRow:
    """Return the project that was named, else the one of the target, made when it is new.

    Args:
        db: the transaction.
        target: what the file's place says.
        word: key, slug, id or name of a project, or the name of a new one.
    """
    found = _look(db, target, word)
    if found is None:
        db.run("importers.may_make_projects")
        db.run("importers.lock_projects")
        # Another import may have made it while this one waited.
        found = _look(db, target, word) or _create(db, target, word)
    return found


def _look(db: Db, target: Target, word: str | None) -> ProjectRow | None:
    return _named(db, word) if word else _find(db, target)


def _find(db: Db, target: Target) -> ProjectRow | None:
    if target.remote:
        return db.maybe("importers.find_project_by_remote", ProjectRow, remote=target.remote)
    path = str(target.root) if target.root else None
    return db.maybe("importers.find_project_by_place", ProjectRow, path=path, name=target.name)


def _create(db: Db, target: Target, word: str | None) -> ProjectRow:
    """Make a project; one that was named by the caller is not tied to the place of the file."""
    name = clean(word or target.name).strip()[:_LONGEST_NAME].strip()
    project_id: UUID = db.value(
        "importers.create_project",
        name=name or "project",
        path=None if word or target.root is None else str(target.root),
        remote=None if word else target.remote,
    )
    return db.one("importers.project_by_id", ProjectRow, project_id=project_id)


def keep_settings(db: Db, project_id: UUID, values: dict[str, Any]) -> None:
    """Put settings into those of a project; nothing is written when they stand there already."""
    if values:
        db.run("importers.keep_settings", project_id=project_id, settings=json.dumps(values))
