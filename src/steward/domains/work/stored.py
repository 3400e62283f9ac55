"""Contents of files that rows name by their hash: keeping, reading in parts, names and types. No operation itself."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import unicodedata

from steward.domains.work.types_talk import FileContent, KeptFile
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound, Unavailable
from steward.kit.files import FileStore

READ_MOST = 4 * 1024 * 1024
_LONGEST = 255
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]')


def files_of(db: Db) -> FileStore:
    """Return the folder of files.

    Raises:
        Unavailable: this process was not told where it is.
    """
    if db.files is None:
        raise Unavailable("no folder for files is known here", hint="set STEWARD_FILES_DIR")
    return db.files


def keep(db: Db, content: bytes) -> str:
    """Keep a content and return its hash.

    The row comes first: its lock makes a job that is removing the same content finish before the file is written. A
    transaction that fails leaves at most a file that nobody names, which the job finds.

    Raises:
        Invalid: it is empty or too large.
    """
    store = files_of(db)
    if len(content) > store.most_bytes:
        hint = "keep it elsewhere and give its storage_path, or raise STEWARD_ATTACHMENT_LIMIT_MIB"
        raise Invalid(f"the file has {len(content):,} bytes; {store.most_bytes:,} are allowed", hint=hint)
    sha256 = hashlib.sha256(content).hexdigest()
    db.run("work.keep_file", sha256=sha256, size=len(content))
    if not db.dry_run:
        store.put(content)
    return sha256


def part_of(db: Db, kept: KeptFile, offset: int, length: int) -> FileContent:
    """Return a part of a kept content, the whole of it checked.

    Raises:
        NotFound: it is kept elsewhere.
        Invalid: offset or length make no sense.
    """
    if kept.sha256 is None:
        raise NotFound(f"{kept.name} is not kept here", hint=f"it is at {kept.storage_path}")
    if offset < 0 or not 1 <= length <= READ_MOST:
        raise Invalid(f"offset {offset}, length {length}", hint=f"begin at 0, read 1 to {READ_MOST} bytes")
    content = files_of(db).read(kept.sha256)
    end = offset + length
    return FileContent(
        name=kept.name,
        type=kept.type,
        size=len(content),
        offset=offset,
        content=content[offset:end],
        next_offset=end if end < len(content) else None,
    )


def file_name(name: str) -> str:
    """Return a name without folders, control characters and what some systems cannot store.

    Raises:
        Invalid: nothing is left of it.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    clean = _UNSAFE.sub("_", last).strip(" .")
    if not clean:
        raise Invalid(f"name: {name[:80]!r} is no name of a file", hint="give something like report.pdf")
    stem, dot, suffix = clean.rpartition(".")
    if len(clean) > _LONGEST and dot and len(suffix) <= 20:
        return f"{stem[: _LONGEST - len(suffix) - 1]}.{suffix}"
    return clean[:_LONGEST]


def guess_type(name: str) -> str:
    """Return the media type that a name suggests; it is a guess, which nothing may be trusted to."""
    return (mimetypes.guess_type(name)[0] or "application/octet-stream")[:100]
