"""The pages of the devlog: the list, and one entry with its notes, ties and documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from steward.domains import work
from steward.surfaces.web import pages_talk, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_items import ROWS, choice, listing, part, project_field, times
from steward.surfaces.web.views_rooms import Empty, Field, ItemList, ItemPage, ListFilter, Prose, Row
from steward.surfaces.web.views_talk import Comment, File

_PRIORITY = {"low": 3, "medium": 5, "high": 8, "critical": 10}
_NOTES = 100


def devlog(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> ItemList:
    """Return the list of devlog entries."""
    found = call(
        "work.list_devlog",
        project=chosen.get("project") or EVERYWHERE,
        status=chosen.get("status"),
        type=chosen.get("type"),
        tag=chosen.get("tag"),
        text=chosen.get("text"),
        archived=True if chosen.get("archived") else None,
        limit=ROWS,
        cursor=chosen.get("cursor"),
    )
    empty = Empty(
        "devlog",
        "No devlog entries yet",
        "The devlog tells of development in words: what was tried, why, and what came of it.",
        [
            "steward work add-devlog 'Why we left the cache' --project shop",
            "steward work add-note KEY 'It was stale'",
        ],
    )
    fields = [
        project_field(projects),
        choice("status", "Status", work.DevlogStatus),
        choice("type", "Kind", work.DevlogType),
        Field("tag", "Tag"),
        Field("archived", "Not archived", [views.Option("1", "Archived")]),
    ]
    return listing("Devlog", chosen, fields, empty, found, [_row(each) for each in found.items])


def _state(status: str) -> str:
    return status.replace("-", "_")


def _url(project: str, key: str) -> str:
    return f"/devlog/{part(project)}/{part(key)}"


def _row(entry: work.DevlogEntry) -> Row:
    held = ((entry.notes, "note"), (entry.documents, "document"))
    note = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in held if count)
    return Row(
        id=str(entry.id),
        href=_url(entry.project, entry.key_field),
        key=views.words(str(entry.type)),
        title=entry.title,
        state=_state(str(entry.status)),
        at=entry.updated_at,
        priority=_PRIORITY[str(entry.priority)],
        chips=[entry.project, *entry.tags[:2]],
        note=note or entry.assignee,
        closed=entry.closed_at is not None,
    )


def entry(call: Caller, project: str, key: str, cursor: str | None = None) -> ItemPage:
    """Return the page of one devlog entry; its notes from a cursor on."""
    whole: work.Devlog = call("work.get_devlog", entry=key, project=project)
    found = whole.entry
    notes = call("work.list_notes", entry=str(found.id), limit=_NOTES, cursor=cursor)
    url = _url(found.project, found.key_field)
    project_url = f"/devlog?project={part(found.project)}"
    return ItemPage(
        kind="Devlog entry",
        key=found.key_field,
        title=found.title,
        state=_state(str(found.status)),
        crumbs=[views.Link("Devlog", "/devlog"), views.Link(found.project, project_url)],
        priority=_PRIORITY[str(found.priority)],
        note="This entry is archived." if found.archived else None,
        prose=list(_prose(found)),
        facts=list(_facts(found)),
        ties=[_tie(found.project, each) for each in whole.dependencies],
        notes=[_note(each) for each in notes.items],
        notes_title="Notes",
        notes_url=f"{url}?cursor={part(notes.next_cursor)}" if notes.next_cursor else None,
        notes_hint=f"steward work add-note {found.key_field} 'What I saw' --project {found.project}",
        files=[_document(each) for each in whole.documents],
    )


def _prose(entry: work.DevlogEntry) -> Iterable[Prose]:
    yield Prose("", entry.description)
    yield Prose("Why it matters", _words(entry.business_context))
    yield Prose("How it is built", _words(entry.technical_context))


def _words(context: Any) -> str:
    """Return an object as a list in Markdown: texts as they are, the rest as JSON."""
    if not isinstance(context, dict):
        return f"    {json.dumps(context, ensure_ascii=False)}" if context else ""
    return "\n".join(f"- **{views.words(str(name))}**: {_value(value)}" for name, value in context.items())


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False)}`"


def _facts(entry: work.DevlogEntry) -> Iterable[views.Fact]:
    yield views.Fact("Kind", views.words(str(entry.type)))
    if entry.assignee:
        yield views.Fact("By", entry.assignee)
    if entry.tags:
        urls = [ListFilter("/devlog", {"project": entry.project, "tag": tag}).url() for tag in entry.tags]
        yield views.Fact("Tags", chips=[views.Link(*pair) for pair in zip(entry.tags, urls, strict=True)])
    if entry.files:
        yield views.Fact("Files", chips=[views.Link(name) for name in entry.files[:30]])
    yield from times(
        ("Created", entry.created_at), ("Closed", entry.closed_at), ("Updated", entry.updated_at)
    )


def _tie(project: str, tie: work.DevlogTie) -> Row:
    return Row(
        id=str(tie.id),
        href=_url(project, tie.target) if tie.target else "",
        key=views.words(str(tie.type)),
        title=tie.description or tie.target or tie.external_id or "",
        state="open",
        at=tie.created_at,
        note=tie.target or tie.external_id,
    )


def _note(note: work.DevlogNote) -> Comment:
    title = (
        f"**{views.words(str(note.category))}**\n\n"
        if note.category is not work.NoteCategory.PROGRESS
        else ""
    )
    return Comment(str(note.id), note.author or "Somebody", False, note.timestamp, title + note.content)


def _document(document: work.DevlogDocument) -> File:
    return File(
        id=str(document.id),
        name=document.filename,
        size=pages_talk.size(document.size),
        at=document.created_at,
        by=document.uploaded_by,
        href=f"/files/document/{document.id}",
        mark=str(document.type),
    )
