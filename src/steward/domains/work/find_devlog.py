"""Finding devlog entries, their notes and documents by the words that people and agents use."""

from __future__ import annotations

from uuid import UUID

from steward.domains import projects
from steward.kit.db import Db
from steward.kit.errors import NotFound
from steward.kit.ids import id_of

LISTED = "`steward work get-devlog` lists them"


def devlog_of(db: Db, words: str, project: str | None) -> UUID:
    """Return the entry that an id, or a key in the named project or the one in hand, means."""
    try:
        found = db.value("work.resolve_devlog", id=UUID(words), project_id=None, key=None)
    except ValueError:
        project_id = projects.require_id(db, project)
        found = db.value("work.resolve_devlog", id=None, project_id=project_id, key=words.strip())
    if found is None:
        raise NotFound(f"there is no devlog entry {words!r}", hint="look with `steward work list-devlog`")
    return UUID(str(found))


def note_of(db: Db, words: str) -> UUID:
    """Return the note whose id begins so."""
    return id_of(db, "note", words, "work.notes_between", LISTED)


def document_of(db: Db, words: str) -> UUID:
    """Return the document whose id begins so."""
    return id_of(db, "document", words, "work.documents_between", LISTED)
