"""The operations of the projects: what changes a project."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains import accounts
from steward.domains.projects.find import find
from steward.domains.projects.types import FoundProject, Project, ProjectStatus
from steward.kit.db import Db
from steward.kit.errors import Conflict, Invalid
from steward.kit.op import Profile, op
from steward.kit.versions import check_version


def _param(value: Any) -> Any:
    """Return an argument as its statement takes it: objects as JSON, text trimmed."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value.strip() if isinstance(value, str) else value


def _slug(text: str | None) -> str | None:
    return text.strip().lower() or None if text else None


def _key(text: str | None) -> str | None:
    return text.strip().upper() or None if text else None


def _folder(path: str | None) -> str | None:
    """Return a path as it is kept: without the slash at its end."""
    if not path:
        return path
    return path.rstrip("/\\") or path


def _user(db: Db, ref: str | None) -> UUID | None:
    return None if ref is None else accounts.resolve_user(db, ref)


def _lock(db: Db, ref: str, version: int | None, *, deleted: bool = False) -> Project:
    project = db.one("projects.lock_project", Project, id=find(db, ref, deleted=deleted))
    check_version(f"project {project.slug}", version, project.version)
    return project


def _check_name(name: str) -> None:
    """Refuse a name that is empty or too long."""
    if not 1 <= len(name.strip()) <= 255:
        shown = name if len(name) <= 40 else f"{name[:37]}..."
        raise Invalid(f"name: {shown!r} has not 1 to 255 characters", hint="give 1 to 255 characters")


def _refuse_end(status: ProjectStatus | None) -> None:
    """Ends have their own operations, which say when they happened."""
    if status in (ProjectStatus.ARCHIVED, ProjectStatus.DELETED):
        hint = "use archive or delete" if status is ProjectStatus.ARCHIVED else "use delete"
        raise Invalid(f"status: a project is not made {status.value} this way", hint=hint)


@op(write=True)
def add(
    db: Db,
    *,
    name: str,
    slug: str | None = None,
    key: str | None = None,
    description: str | None = None,
    path: str | None = None,
    repository_url: str | None = None,
    default_branch: str | None = None,
    technology_stack: list[str] | None = None,
    settings: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    is_public: bool = False,
    owner: str | None = None,
) -> Project:
    """Make a project.

    Args:
        name: what people call it.
        slug: its name in addresses, of a-z 0-9 - _; made from the name when not given.
        key: begins the numbers of its tasks (ACME-42), 2 to 10 of A-Z 0-9; made from the slug when not given.
        description: what it is about.
        path: its folder.
        repository_url: its git repository; user and password are not kept.
        default_branch: main when not given.
        technology_stack: what it is built with.
        settings: how tools are set up for it.
        metadata: anything else worth keeping.
        is_public: whether everybody may see it.
        owner: id, username or e-mail; you when not given.
    """
    _check_name(name)
    made = db.value(
        "projects.create_project",
        name=name.strip(),
        slug=_slug(slug),
        key=_key(key),
        description=description or None,
        path=_folder(path),
        repository_url=repository_url or None,
        default_branch=default_branch or None,
        technology_stack=technology_stack,
        settings=_param(settings),
        metadata=_param(metadata),
        status=None,
        is_public=is_public,
        owner_id=_user(db, owner),
    )
    return db.one("projects.get_project", Project, id=made)


@op(write=True)
def update(
    db: Db,
    *,
    project: str,
    name: str | None = None,
    slug: str | None = None,
    key: str | None = None,
    description: str | None = None,
    path: str | None = None,
    repository_url: str | None = None,
    default_branch: str | None = None,
    github_repo_id: int | None = None,
    linear_team_id: str | None = None,
    technology_stack: list[str] | None = None,
    settings: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    status: ProjectStatus | None = None,
    is_public: bool | None = None,
    owner: str | None = None,
    version: int | None = None,
) -> Project:
    """Change a project; what is not given stays, empty text clears.

    Args:
        project: id, slug, key, name, git remote or path.
        name: the new name.
        slug: the new slug.
        key: the new key; fixed once a task or issue bears it.
        description: what it is about.
        path: its folder.
        repository_url: its git repository.
        default_branch: its main branch.
        github_repo_id: the repository's number on GitHub.
        linear_team_id: the team's id on Linear.
        technology_stack: replaces what it is built with.
        settings: replaces the settings.
        metadata: replaces the metadata.
        status: active, inactive or paused.
        is_public: whether everybody may see it.
        owner: id, username or e-mail of the new owner.
        version: the version you saw; refused when it has changed since.
    """
    given = {name_: _param(value) for name_, value in locals().items() if name_ != "db"}
    _refuse_end(status)
    if name is not None:
        _check_name(name)
    found = _lock(db, project, version)
    if found.status is ProjectStatus.ARCHIVED and status is not None:
        raise Conflict(f"project {found.slug} is archived", hint="restore it first")
    given |= {"key": _key(key), "slug": _slug(slug), "path": _folder(path), "owner_id": _user(db, owner)}
    return db.one("projects.update_project", Project, id=found.id, **given)


def _end(db: Db, ref: str, version: int | None, status: ProjectStatus, *, deleted: bool = False) -> Project:
    found = _lock(db, ref, version, deleted=deleted)
    if found.status is status:
        return found
    return db.one("projects.set_status", Project, id=found.id, status=status.value)


@op(write=True, idempotent=True, profile=Profile.ALL)
def archive(db: Db, *, project: str, version: int | None = None) -> Project:
    """Put a project away; it can be restored.

    Args:
        project: id, slug, key, name, git remote or path.
        version: the version you saw; refused when it has changed since.
    """
    return _end(db, project, version, ProjectStatus.ARCHIVED)


@op(write=True, idempotent=True, profile=Profile.ALL)
def restore(db: Db, *, project: str, version: int | None = None) -> Project:
    """Bring an archived or deleted project back.

    Args:
        project: id, slug, key, name or git remote; a live project of that name goes before a deleted one.
        version: the version you saw; refused when it has changed since.
    """
    live = db.all("projects.find_projects", FoundProject, ref=project.strip(), deleted=False)
    return _end(db, project, version, ProjectStatus.ACTIVE, deleted=not live)


@op(write=True, destructive=True, idempotent=True)
def delete(db: Db, *, project: str, version: int | None = None) -> Project:
    """Delete a project: slug, key and remotes are free again, its rows stay and it can be restored.

    Args:
        project: id, slug, key, name, git remote or path.
        version: the version you saw; refused when it has changed since.
    """
    return _end(db, project, version, ProjectStatus.DELETED)
