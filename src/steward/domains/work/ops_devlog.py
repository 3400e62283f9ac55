"""Operations on the devlog: entries with their notes, ties and documents."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.domains.work.find import scope
from steward.domains.work.find_devlog import LISTED, devlog_of, document_of
from steward.domains.work.stored import READ_MOST, file_name, guess_type, keep, part_of
from steward.domains.work.types_talk import (
    Devlog,
    DevlogDocument,
    DevlogEntry,
    DevlogNote,
    DevlogPriority,
    DevlogRelation,
    DevlogStatus,
    DevlogTie,
    DevlogType,
    DocumentType,
    FileContent,
    KeptFile,
    NoteCategory,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_of
from steward.kit.op import Page, op
from steward.kit.versions import check_version

_NOTES_SHOWN = 20
_MOST_TEXT = 1024 * 1024
_TYPES = {
    "md": DocumentType.MARKDOWN, "markdown": DocumentType.MARKDOWN, "pdf": DocumentType.PDF, "csv": DocumentType.CSV,
    "json": DocumentType.JSON, "log": DocumentType.LOG, "txt": DocumentType.TEXT, "toml": DocumentType.CONFIG,
    "yaml": DocumentType.CONFIG, "yml": DocumentType.CONFIG, "ini": DocumentType.CONFIG, "env": DocumentType.CONFIG,
}  # fmt: skip
_CODE = frozenset(
    (
        "c",
        "cpp",
        "cs",
        "css",
        "go",
        "h",
        "html",
        "java",
        "js",
        "kt",
        "php",
        "py",
        "rb",
        "rs",
        "sh",
        "sql",
        "ts",
    )
)
_BINARY = frozenset({DocumentType.IMAGE, DocumentType.PDF, DocumentType.OTHER})


def _whole(db: Db, entry_id: UUID) -> Devlog:
    entry = db.one("work.get_devlog", DevlogEntry, id=entry_id)
    return Devlog(
        entry=entry,
        notes=_notes(db, entry_id, None, None, _NOTES_SHOWN),
        dependencies=db.all("work.list_devlog_dependencies", DevlogTie, id=entry_id),
        documents=db.all("work.list_documents", DevlogDocument, id=entry_id),
        version=entry.version,
    )


def _notes(
    db: Db, entry_id: UUID, category: NoteCategory | None, after: str | None, limit: int
) -> list[DevlogNote]:
    time, last = cursors.decode(after, datetime, UUID)
    return db.all(
        "work.list_notes",
        DevlogNote,
        id=entry_id,
        category=category,
        after_time=time,
        after_id=last,
        limit=limit,
    )


def _lock(db: Db, words: str, project: str | None, version: int | None) -> UUID:
    entry_id = devlog_of(db, words, project)
    check_version(f"devlog entry {words}", version, db.value("work.lock_devlog", id=entry_id))
    return entry_id


def _key_from(title: str) -> str:
    words: str = re.sub(r"[^\w]+", "-", title.lower()).strip("-_")
    return words[:80].rstrip("-") or "entry"


@op(write=True)
def add_devlog(
    db: Db,
    *,
    title: str,
    project: str | None = None,
    key: str | None = None,
    type: DevlogType = DevlogType.TASK,
    description: str = "",
    status: DevlogStatus = DevlogStatus.NEW,
    priority: DevlogPriority = DevlogPriority.MEDIUM,
    assignee: str | None = None,
    tags: list[str] | None = None,
    files: list[str] | None = None,
    business_context: dict[str, Any] | None = None,
    technical_context: dict[str, Any] | None = None,
) -> Devlog:
    """Begin an entry of the devlog.

    Args:
        title: what it is about, in a line.
        project: slug, key or id; the project in hand when left out.
        key: its name in the project; made of the title when left out.
        type: what kind of work.
        description: what and why.
        status: how far it is.
        priority: low, medium, high, critical.
        assignee: who does it.
        tags: words to find it by.
        files: paths that it concerns.
        business_context: why it matters, as an object.
        technical_context: how it is built, as an object.
    """
    made = db.value(
        "work.add_devlog",
        project_id=projects.require_id(db, project),
        key=(key or _key_from(title)).strip(),
        title=title,
        type=type,
        description=description,
        status=status,
        priority=priority,
        assignee=assignee,
        business_context=json.dumps(business_context or {}),
        technical_context=json.dumps(technical_context or {}),
        tags=tags or [],
        files=files or [],
    )
    return _whole(db, made)


@op()
def get_devlog(db: Db, *, entry: str, project: str | None = None) -> Devlog:
    """Show a devlog entry: its newest notes, its ties and its documents.

    Args:
        entry: its key or id.
        project: slug, key or id; the project in hand when left out.
    """
    return _whole(db, devlog_of(db, entry, project))


@op()
def list_devlog(
    db: Db,
    *,
    project: str | None = None,
    status: DevlogStatus | None = None,
    type: DevlogType | None = None,
    priority: DevlogPriority | None = None,
    assignee: str | None = None,
    tag: str | None = None,
    archived: bool = False,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[DevlogEntry]:
    """List devlog entries, the latest change first.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        status: only in this state.
        type: only of this kind.
        priority: only of this priority.
        assignee: only those that this one does.
        tag: only those that bear this tag.
        archived: those that were put away.
        text: only those with these words in key, title or description.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    time, last = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "work.list_devlog",
        DevlogEntry,
        project_id=scope(db, project),
        status=status,
        type=type,
        priority=priority,
        assignee=assignee,
        tag=tag,
        archived=archived,
        text=text or None,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (row.updated_at, row.id))


@op(write=True, idempotent=True)
def update_devlog(
    db: Db,
    *,
    entry: str,
    project: str | None = None,
    title: str | None = None,
    type: DevlogType | None = None,
    description: str | None = None,
    status: DevlogStatus | None = None,
    priority: DevlogPriority | None = None,
    assignee: str | None = None,
    tags: list[str] | None = None,
    files: list[str] | None = None,
    business_context: dict[str, Any] | None = None,
    technical_context: dict[str, Any] | None = None,
    archived: bool | None = None,
    version: int | None = None,
) -> Devlog:
    """Change a devlog entry; what is left out stays, empty text takes the assignee away.

    Args:
        entry: its key or id.
        project: slug, key or id; the project in hand when left out.
        title: what it is about.
        type: what kind of work.
        description: what and why.
        status: how far it is; done and cancelled close it.
        priority: low, medium, high, critical.
        assignee: who does it.
        tags: all its tags.
        files: all paths that it concerns.
        business_context: replaces why it matters.
        technical_context: replaces how it is built.
        archived: put it away, or bring it back.
        version: the version you saw; refused when it has changed since.
    """
    entry_id = _lock(db, entry, project, version)
    db.run(
        "work.update_devlog",
        id=entry_id,
        title=title,
        type=type,
        description=description,
        status=status,
        priority=priority,
        assignee=assignee,
        tags=tags,
        files=files,
        business_context=None if business_context is None else json.dumps(business_context),
        technical_context=None if technical_context is None else json.dumps(technical_context),
        archived=archived,
    )
    return _whole(db, entry_id)


@op(write=True, idempotent=True)
def archive_devlog(db: Db, *, entry: str, project: str | None = None, version: int | None = None) -> Devlog:
    """Put a devlog entry away; `update_devlog` brings it back.

    Args:
        entry: its key or id.
        project: slug, key or id; the project in hand when left out.
        version: the version you saw; refused when it has changed since.
    """
    return update_devlog(db, entry=entry, project=project, archived=True, version=version)


@op(write=True)
def add_note(
    db: Db,
    *,
    entry: str,
    content: str,
    category: NoteCategory = NoteCategory.PROGRESS,
    project: str | None = None,
) -> DevlogNote:
    """Add a note to a devlog entry.

    Args:
        entry: its key or id.
        content: what is to be noted.
        category: what kind of note.
        project: slug, key or id; the project in hand when left out.
    """
    entry_id = devlog_of(db, entry, project)
    return db.one("work.add_note", DevlogNote, id=entry_id, category=category, content=content)


@op()
def list_notes(
    db: Db,
    *,
    entry: str,
    project: str | None = None,
    category: NoteCategory | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[DevlogNote]:
    """List the notes of a devlog entry, the newest first.

    Args:
        entry: its key or id.
        project: slug, key or id; the project in hand when left out.
        category: only of this kind.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    entry_id = devlog_of(db, entry, project)
    rows = _notes(db, entry_id, category, cursor, cursors.check_limit(limit))
    return cursors.page(rows, limit, lambda row: (row.timestamp, row.id))


@op(write=True)
def depend_devlog(
    db: Db,
    *,
    entry: str,
    on: str | None = None,
    external: str | None = None,
    type: DevlogRelation = DevlogRelation.BLOCKED_BY,
    description: str = "",
    project: str | None = None,
) -> Devlog:
    """Tie a devlog entry to another one, or to something elsewhere.

    Args:
        entry: its key or id.
        on: key or id of the other entry.
        external: what lies elsewhere, such as an address or the number of a ticket.
        type: how they are tied.
        description: what the tie is about.
        project: slug, key or id; the project in hand when left out.
    """
    if (on is None) == (external is None):
        raise Invalid("another entry or something external is needed, and not both", hint="give one of them")
    entry_id = devlog_of(db, entry, project)
    target_id = devlog_of(db, on, project) if on else None
    if target_id == entry_id:
        raise Invalid(f"on: {on} is the entry itself", hint="name another entry")
    db.run(
        "work.add_devlog_dependency",
        id=entry_id,
        type=type,
        description=description,
        external_id=external,
        target_id=target_id,
    )
    return _whole(db, entry_id)


@op(write=True, destructive=True)
def undepend_devlog(db: Db, *, tie: str) -> None:
    """Untie a devlog entry.

    Args:
        tie: the id of the tie, from get_devlog, or the first 8 digits of it or more.
    """
    found = id_of(db, "tie", tie, "work.devlog_dependencies_between", LISTED)
    if db.run("work.remove_devlog_dependency", id=found) == 0:
        raise NotFound(f"there is no tie {tie}", hint=LISTED)


@op(write=True)
def add_document(
    db: Db,
    *,
    entry: str,
    name: str,
    file: bytes,
    type: DocumentType | None = None,
    project: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> DevlogDocument:
    """Add a document to a devlog entry.

    Args:
        entry: its key or id.
        name: what the document is called.
        file: its content (a file on the command line, base64 elsewhere).
        type: what kind of document; guessed from the name when left out.
        project: slug, key or id; the project in hand when left out.
        metadata: anything else, as an object.
    """
    entry_id = devlog_of(db, entry, project)
    clean = file_name(name)
    kind = type or _document_type(clean)
    return db.one(
        "work.add_document",
        DevlogDocument,
        id=entry_id,
        filename=clean,
        original_name=name.replace("\x00", "")[:500],
        mime_type=guess_type(clean),
        size=len(file),
        type=kind,
        sha256=keep(db, file),
        text_content=_text_of(file, kind),
        metadata=json.dumps(metadata or {}),
    )


def _document_type(name: str) -> DocumentType:
    suffix = name.rpartition(".")[2].lower()
    if suffix in _CODE:
        return DocumentType.CODE
    if guess_type(name).startswith("image/"):
        return DocumentType.IMAGE
    return _TYPES.get(suffix, DocumentType.OTHER)


def _text_of(content: bytes, kind: DocumentType) -> str | None:
    """Return a document's text where it is one and not too long."""
    if kind in _BINARY or len(content) > _MOST_TEXT or b"\x00" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


@op()
def read_document(db: Db, *, document: str, offset: int = 0, length: int = READ_MOST) -> FileContent:
    """Read a document, or a part of it; the whole file is checked against its hash.

    Args:
        document: its id, or the first 8 digits of it or more.
        offset: where to begin, in bytes.
        length: how many bytes at most, 1 to 4194304.
    """
    found = db.maybe("work.devlog_file", KeptFile, id=document_of(db, document))
    if found is None:
        raise NotFound(f"there is no document {document}", hint=LISTED)
    return part_of(db, found, offset, length)


@op(write=True, destructive=True)
def delete_document(db: Db, *, document: str) -> None:
    """Take a document from its devlog entry; its content goes when nothing uses it any more.

    Args:
        document: its id, or the first 8 digits of it or more.
    """
    if db.run("work.delete_document", id=document_of(db, document)) == 0:
        raise NotFound(f"there is no document {document}", hint=LISTED)
