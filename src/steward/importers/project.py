"""Finds or makes the project that a file belongs to, and keeps its settings."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.importers.target import Target
from steward.importers.text import clean
from steward.importers.types import ProjectRow
from steward.kit.db import Db
from steward.kit.errors import NotFound

_LONGEST_NAME = 255


def find_project(db: Db, word: str | None) -> ProjectRow:
    """Return the project that is meant; the one in hand for None.

    Raises:
        NotFound: there is no such project.
        Invalid: none was given and none is in hand, or a name is shared.
    """
    return db.one("importers.project_by_id", ProjectRow, project_id=projects.require_id(db, word))


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
    if word:
        return _named(db, word)
    # A remote that names no host, such as a folder, finds nothing; then the place decides.
    found = _named(db, target.remote) if target.remote else None
    path = str(target.root) if target.root else None
    return found or db.maybe("importers.find_project_by_place", ProjectRow, path=path, name=target.name)


def _named(db: Db, word: str) -> ProjectRow | None:
    try:
        return find_project(db, word)
    except NotFound:
        return None


def _create(db: Db, target: Target, word: str | None) -> ProjectRow:
    """Make a project; one that was named by the caller is not tied to the place of the file."""
    name = clean(word or target.name).strip()[:_LONGEST_NAME].strip() or "project"
    path = str(target.root) if target.root else None
    if word:
        made = projects.add(db, name=name)
    else:
        made = projects.add(db, name=name, path=path, repository_url=target.remote)
    return ProjectRow(made.id, made.key)


def keep_settings(db: Db, project_id: UUID, values: dict[str, Any]) -> None:
    """Put settings into those of a project; nothing is written when they stand there already."""
    if values:
        db.run("importers.keep_settings", project_id=project_id, settings=json.dumps(values))
