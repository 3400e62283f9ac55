"""Operations on single notes and documents of devlog entries."""

from __future__ import annotations

import builtins
from uuid import UUID

from steward.domains.work.find_devlog import LISTED, devlog_of, document_of, note_of
from steward.domains.work.types_talk import DevlogDocument, DevlogNote, NoteCategory
from steward.kit.db import Db
from steward.kit.errors import Denied, NotFound
from steward.kit.op import op


@op()
def get_note(db: Db, *, note: str) -> DevlogNote:
    """Show a note of a devlog entry.

    Args:
        note: its id, or the first 8 digits of it or more.
    """
    return _note(db, note_of(db, note))


def _note(db: Db, note_id: UUID) -> DevlogNote:
    found = db.maybe("work.get_note", DevlogNote, id=note_id)
    if found is None:
        raise NotFound(f"there is no note {note_id}", hint=LISTED)
    return found


@op(write=True, idempotent=True)
def update_note(
    db: Db, *, note: str, content: str | None = None, category: NoteCategory | None = None
) -> DevlogNote:
    """Change a note of a devlog entry that is one's own; what is left out stays.

    Args:
        note: its id, or the first 8 digits of it or more.
        content: what is to be noted.
        category: what kind of note.
    """
    found = _lock(db, note)
    db.run("work.update_note", id=found.id, content=content, category=category)
    return _note(db, found.id)


@op(write=True, destructive=True)
def delete_note(db: Db, *, note: str) -> None:
    """Take one's own note from its devlog entry; `undo` brings it back.

    Args:
        note: its id, or the first 8 digits of it or more.
    """
    db.run("work.delete_note", id=_lock(db, note).id)


def _lock(db: Db, note: str) -> DevlogNote:
    """Lock a note that the actor may change: its author, or who may administer work."""
    note_id = note_of(db, note)
    db.value("work.lock_note", id=note_id)
    found = _note(db, note_id)
    own = found.author is not None and found.author == (db.actor.agent or db.actor.user_name)
    if not own and not db.value("work.may", permission="work:admin"):
        raise Denied(
            f"the note is by {found.author or 'somebody unknown'}", hint="ask its author or an administrator"
        )
    return found


@op()
def list_documents(db: Db, *, entry: str, project: str | None = None) -> builtins.list[DevlogDocument]:
    """List the documents of a devlog entry, the oldest first.

    Args:
        entry: its key or id.
        project: slug, key or id; the project in hand when left out.
    """
    return db.all("work.list_documents", DevlogDocument, id=devlog_of(db, entry, project))


@op()
def get_document(db: Db, *, document: str) -> DevlogDocument:
    """Show what a document is; `read_document` gives its content.

    Args:
        document: its id, or the first 8 digits of it or more.
    """
    found = db.maybe("work.get_document", DevlogDocument, id=document_of(db, document))
    if found is None:
        raise NotFound(f"there is no document {document}", hint=LISTED)
    return found
