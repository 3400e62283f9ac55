"""Finding the project that is meant: what other rooms and surfaces ask. No operation itself."""

from __future__ import annotations

import difflib
import json
from typing import Any
from uuid import UUID

from steward.domains.projects.types import FoundProject, Named, Project
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

# The words for every project, where a list takes one.
EVERYWHERE = frozenset({"all", "*"})
SYSTEM_PROJECT = UUID("00000000-0000-7000-8000-000000000001")


def resolve_id(db: Db, ref: str | None) -> UUID | None:
    """Return the id of the project that is meant.

    Args:
        db: the transaction.
        ref: id, slug, key, name, git remote or path; None for the project in hand.

    Returns:
        The id; None when no project was given and none is in hand, or all are.

    Raises:
        NotFound: there is no such project; the hint names near ones.
        Invalid: more than one project bears that name.
    """
    if ref is None:
        # Who works on all projects has none in hand, in the words by which lists are asked for all.
        ref = None if db.actor.project in EVERYWHERE else db.actor.project
    return None if ref is None else find(db, ref)


def require_id(db: Db, ref: str | None) -> UUID:
    """Return the id of the project that is meant, and refuse when none is.

    Raises:
        Invalid: no project was given and none is in hand, or a name is shared.
        NotFound: there is no such project.
    """
    found = resolve_id(db, ref)
    if found is None:
        hint = "give a project, set STEWARD_PROJECT, or work inside its folder"
        raise Invalid("project is missing, and none is in hand", hint=hint)
    return found


def find(db: Db, ref: str, *, deleted: bool = False) -> UUID:
    """Return the id of the project a reference means; as `resolve_id`."""
    found = db.all("projects.find_projects", FoundProject, ref=ref.strip(), deleted=deleted)
    if not found:
        raise NotFound(f"there is no project {ref!r}", hint=_near(db, ref))
    if len(found) > 1:
        slugs = [db.one("projects.get_project", Project, id=one.id).slug for one in found]
        raise Invalid(f"more than one project is called {ref!r}", hint=f"use a slug: {', '.join(slugs)}")
    return found[0].id


def _near(db: Db, ref: str) -> str:
    """Say which projects a mistyped reference may have meant."""
    names = db.all("projects.names", Named)
    words = {word.lower(): one.slug for one in names for word in (one.name, one.key, one.slug)}
    wanted = ref.strip().rstrip("/").removesuffix(".git").replace("\\", "/").rpartition("/")[2].lower()
    near = dict.fromkeys(words[word] for word in difflib.get_close_matches(wanted, words, n=3))
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "`steward projects list` shows what there is; `steward projects add` makes one"


def find_by_path(db: Db, path: str) -> UUID | None:
    """Return the project whose folder or workspace holds a path, the deepest one; None when there is none."""
    found: UUID | None = db.value("projects.find_by_path", path=path)
    return found


def ensure(
    db: Db,
    *,
    slug: str,
    name: str,
    path: str | None = None,
    repository_url: str | None = None,
    settings: dict[str, Any] | None = None,
) -> UUID:
    """Return the project of a slug, made when there is none; an existing one stays as it is.

    Args:
        db: the transaction.
        slug: any text; it is brought into the shape of a slug.
        name: the name of a new one.
        path: the folder of a new one.
        repository_url: the repository of a new one.
        settings: the settings of a new one.
    """
    made: UUID = db.value(
        "projects.ensure_project",
        slug=db.value("projects.slug_of", name=slug),
        name=name.strip()[:255],
        path=path,
        repository_url=repository_url,
        settings=None if settings is None else json.dumps(settings, ensure_ascii=False),
    )
    return made
