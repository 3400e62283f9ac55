"""Questions, comments and files as pages show them, and the inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from steward.domains import work
from steward.surfaces.web import views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.views_rooms import Field, InboxPage, ListFilter
from steward.surfaces.web.views_talk import Comment, File, Question

COMMENTS = 200
_QUESTIONS = 50
_STATUSES = ("answered", "withdrawn", "expired")


def span(milliseconds: int) -> str:
    """Return a time in its largest whole unit and the one below it."""
    seconds = max(0, milliseconds) // 1000
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def number(value: Decimal | float) -> str:
    """Return a number without digits that say nothing."""
    return f"{value:,.1f}".removesuffix(".0")


def size(count: int | None) -> str:
    """Return a size in bytes as people write it."""
    if count is None:
        return "kept elsewhere"
    for limit, unit in ((1024, "B"), (1024**2, "KB"), (1024**3, "MB")):
        if count < limit:
            return f"{count * 1024 // limit} {unit}"
    return f"{count // 1024**3} GB"


def question(row: work.Question) -> Question:
    """Return a question as pages show it."""
    return Question(
        id=str(row.id),
        task=row.task,
        title=row.task_title,
        project=row.project,
        agent=row.agent,
        text=row.question,
        status=str(row.status),
        priority=int(row.urgency),
        at=row.created_at,
        waited=span(row.waited_ms),
        choices=row.choices,
        asked=row.asked_person,
        answer=row.answer,
        answered_by=row.answered_by,
        reason=row.close_reason,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
    )


def comment(row: work.Comment) -> Comment:
    """Return a comment as pages show it."""
    return Comment(
        id=str(row.id),
        author=row.author,
        by_agent=row.is_ai_generated,
        at=row.created_at,
        text=row.content,
        plain=row.content_type is not work.ContentType.MARKDOWN,
        changed=row.updated_at > row.created_at,
    )


def attachment(row: work.Attachment) -> File:
    """Return a file of a task; what is kept elsewhere has no address here."""
    return File(
        id=str(row.id),
        name=row.file_name,
        size=size(row.file_size_bytes) if row.sha256 else row.storage_path,
        at=row.created_at,
        by=row.created_by,
        href=f"/files/attachment/{row.id}" if row.sha256 else None,
        mark="evidence" if row.is_evidence else None,
    )


def inbox(
    call: Caller, chosen: ListFilter, projects: Sequence[views.Project], problem: str | None = None
) -> InboxPage:
    """Return the page of questions; `problem` is why an answer did not go through."""
    arguments = {
        "project": chosen.get("project") or EVERYWHERE,
        "status": chosen.get("status"),
        "mine": True if chosen.get("mine") else None,
    }
    page = call("work.inbox", **arguments, limit=_QUESTIONS, cursor=chosen.get("cursor"))
    return InboxPage(
        chosen,
        _fields(projects),
        [question(each) for each in page.items],
        _summary(call, arguments, len(page.items), page.next_cursor is not None),
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
        problem=problem,
    )


def _summary(call: Caller, arguments: Mapping[str, object], shown: int, more: bool) -> str:
    status = arguments["status"]
    if status:
        return f"{'the last ' if more else ''}{shown} {status}"
    count = call("work.count_questions", project=arguments["project"], mine=arguments["mine"])
    return f"{count} open" if count else ""


def _fields(projects: Sequence[views.Project]) -> list[Field]:
    return [
        Field("project", "Project", [views.Option(each.slug, each.name) for each in projects]),
        Field("status", "Open", [views.Option(name, views.words(name)) for name in _STATUSES]),
        Field("mine", "Asked of anybody", [views.Option("1", "Asked of me or of anybody first")]),
    ]
