"""The operations of the projects: reading. Apart from the others, because `list` hides the type of that name."""

from __future__ import annotations

from uuid import UUID

from steward.domains import accounts
from steward.domains.projects.find import find, require_id
from steward.domains.projects.types import Project, ProjectStatus
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, op


@op()
def get(db: Db, *, project: str | None = None) -> Project:
    """Show a project.

    Args:
        project: id, slug, key, name, git remote or path; the one in hand when not given.
    """
    return db.one("projects.get_project", Project, id=require_id(db, project))


@op()
def resolve(db: Db, *, ref: str) -> Project:
    """Find the project that an id, slug, key, git remote, path, owner/repository or name means.

    Args:
        ref: any of these; tried in this order.
    """
    return db.one("projects.get_project", Project, id=find(db, ref))


@op()
def list(
    db: Db,
    *,
    status: ProjectStatus | None = None,
    owner: str | None = None,
    query: str | None = None,
    deleted: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Project]:
    """List projects, newest first.

    Args:
        status: only those of this status.
        owner: only those of this user.
        query: only those whose name, slug, key or description holds this text.
        deleted: deleted ones too.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    rows = db.all(
        "projects.list_projects",
        Project,
        status=status,
        owner_id=None if owner is None else accounts.resolve_user(db, owner),
        query=query or None,
        deleted=deleted or status is ProjectStatus.DELETED,
        after=after,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda project: (project.id,))
