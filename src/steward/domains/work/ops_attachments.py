"""Operations on attached files: kept once by the hash of their content, or elsewhere and only named."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains.work.find import task_of
from steward.domains.work.stored import READ_MOST, file_name, guess_type, keep, part_of
from steward.domains.work.types_talk import Attachment, FileContent, KeptFile
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_of
from steward.kit.op import op


def _get(db: Db, attachment_id: UUID) -> Attachment:
    found = db.maybe("work.get_attachment", Attachment, id=attachment_id)
    if found is None:
        raise NotFound(
            f"there is no attachment {attachment_id}", hint="look with `steward work list-attachments`"
        )
    return found


def _id(db: Db, words: str) -> UUID:
    hint = "look with `steward work list-attachments`"
    return id_of(db, "attachment", words, "work.attachments_between", hint)


@op(write=True)
def attach(
    db: Db,
    *,
    task: str,
    name: str,
    file: bytes | None = None,
    storage_path: str | None = None,
    evidence: bool = False,
    metadata: dict[str, Any] | None = None,
) -> Attachment:
    """Attach a file to a task: its content, or only where it is.

    Args:
        task: such as ACME-42.
        name: what the file is called; folders in it are left out.
        file: its content (a file on the command line, base64 elsewhere).
        storage_path: where it is, if it is kept elsewhere, such as an s3:// address.
        evidence: it shows that something holds.
        metadata: anything else, as an object.
    """
    found = task_of(db, task)
    if (file is None) == (storage_path is None):
        raise Invalid("a content or a storage_path is needed, and not both", hint="give one of them")
    if storage_path is not None and storage_path.startswith("sha256:"):
        raise Invalid("storage_path: sha256: names files that are kept here", hint="give the content")
    clean = file_name(name)
    sha256 = keep(db, file) if file is not None else None
    made = db.value(
        "work.add_attachment",
        project_id=found.project_id,
        task_id=found.id,
        file_name=clean,
        file_type=guess_type(clean),
        size=None if file is None else len(file),
        sha256=sha256,
        storage_path=storage_path if sha256 is None else f"sha256:{sha256}",
        is_evidence=evidence,
        metadata=json.dumps(metadata or {}),
    )
    return _get(db, made)


@op()
def list_attachments(
    db: Db, *, task: str, evidence: bool | None = None, limit: int = 200
) -> list[Attachment]:
    """List the files of a task, the oldest first.

    Args:
        task: such as ACME-42.
        evidence: only those that are (or are not) evidence.
        limit: how many at most, 1 to 500.
    """
    if not 1 <= limit <= 500:
        raise Invalid(f"limit: {limit} is not between 1 and 500", hint="give 1 to 500")
    found = task_of(db, task)
    return db.all("work.list_attachments", Attachment, task_id=found.id, evidence=evidence, limit=limit)


@op()
def get_attachment(db: Db, *, attachment: str) -> Attachment:
    """Show what is known of an attached file.

    Args:
        attachment: its id, or the first 8 digits of it or more.
    """
    return _get(db, _id(db, attachment))


@op()
def read_attachment(db: Db, *, attachment: str, offset: int = 0, length: int = READ_MOST) -> FileContent:
    """Read an attached file, or a part of it; the whole file is checked against its hash.

    Args:
        attachment: its id, or the first 8 digits of it or more.
        offset: where to begin, in bytes.
        length: how many bytes at most, 1 to 4194304.
    """
    found = _get(db, _id(db, attachment))
    return part_of(db, db.one("work.attached_file", KeptFile, id=found.id), offset, length)


@op(write=True, destructive=True)
def delete_attachment(db: Db, *, attachment: str) -> None:
    """Take a file from its task; its content goes when nothing uses it any more.

    Args:
        attachment: its id, or the first 8 digits of it or more.
    """
    db.run("work.delete_attachment", id=_get(db, _id(db, attachment)).id)
