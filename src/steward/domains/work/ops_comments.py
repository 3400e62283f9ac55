"""Operations on comments: what people and agents say about tasks and issues."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.work.find import target_of
from steward.domains.work.types_talk import Comment, ContentType
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Denied, NotFound
from steward.kit.ids import id_of
from steward.kit.op import Page, op
from steward.kit.versions import check_version


def _get(db: Db, comment_id: UUID) -> Comment:
    found = db.maybe("work.get_comment", Comment, id=comment_id)
    if found is None:
        raise NotFound(f"there is no comment {comment_id}", hint="look with `steward work list-comments`")
    return found


def _id(db: Db, words: str) -> UUID:
    return id_of(db, "comment", words, "work.comments_between", "look with `steward work list-comments`")


def _lock(db: Db, comment_id: UUID, version: int | None) -> Comment:
    """Lock a comment that the actor may change: its author, or who may administer work."""
    db.value("work.lock_comment", id=comment_id)
    found = _get(db, comment_id)
    check_version(f"comment {comment_id}", version, found.version)
    if not _is_author(db, found) and not db.value("work.may", permission="work:admin"):
        raise Denied(f"the comment is by {found.author}", hint="ask its author or an administrator")
    return found


def _is_author(db: Db, comment: Comment) -> bool:
    """Tell whether the actor wrote a comment; an agent answers for its own only, whoever's agent it is."""
    if db.actor.agent is not None:
        return comment.author_agent_id is not None and comment.author_agent_id == db.value(
            "work.acting_agent"
        )
    return comment.author_user_id is not None and comment.author_user_id == db.actor.user_id


@op(write=True)
def comment(
    db: Db,
    *,
    on: str,
    content: str,
    content_type: ContentType = ContentType.MARKDOWN,
    github_comment_id: int | None = None,
    ai_metadata: dict[str, Any] | None = None,
) -> Comment:
    """Say something about a task or an issue; nobody needs a claim for that.

    Args:
        on: the task or issue, such as ACME-42.
        content: what is said.
        content_type: how it is written.
        github_comment_id: the number of the same comment on GitHub; unique in a project.
        ai_metadata: what else to tell of an agent's comment, as an object.
    """
    target = target_of(db, on)
    if db.actor.agent is not None:
        db.value("work.ensure_agent", name=db.actor.agent, owner=db.actor.user_id)
    made = db.value(
        "work.add_comment",
        task_id=target.task_id,
        issue_id=target.issue_id,
        content=content,
        content_type=content_type,
        github_comment_id=github_comment_id,
        ai_metadata=json.dumps(ai_metadata or {}),
    )
    return _get(db, made)


@op()
def get_comment(db: Db, *, comment: str) -> Comment:
    """Show one comment.

    Args:
        comment: its id, or the first 8 digits of it or more.
    """
    return _get(db, _id(db, comment))


@op()
def list_comments(
    db: Db, *, on: str, author: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Comment]:
    """List what was said about a task or an issue, the oldest first.

    Args:
        on: the task or issue, such as ACME-42.
        author: only what this user or agent said.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    target = target_of(db, on)
    time, last = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "work.list_comments",
        Comment,
        task_id=target.task_id,
        issue_id=target.issue_id,
        author=author,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (row.created_at, row.id))


@op(write=True, idempotent=True)
def update_comment(
    db: Db,
    *,
    comment: str,
    content: str | None = None,
    content_type: ContentType | None = None,
    version: int | None = None,
) -> Comment:
    """Change what a comment says; its author may, or an administrator.

    Args:
        comment: its id, or the first 8 digits of it or more.
        content: what it shall say.
        content_type: how it is written.
        version: the version you saw; refused when it has changed since.
    """
    found = _lock(db, _id(db, comment), version)
    db.run("work.update_comment", id=found.id, content=content, content_type=content_type)
    return _get(db, found.id)


@op(write=True, destructive=True)
def delete_comment(db: Db, *, comment: str, version: int | None = None) -> None:
    """Put a comment away; its author may, or an administrator. Its history stays.

    Args:
        comment: its id, or the first 8 digits of it or more.
        version: the version you saw; refused when it has changed since.
    """
    db.run("work.delete_comment", id=_lock(db, _id(db, comment), version).id)
