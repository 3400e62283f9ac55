"""Transcripts: lines as clients wrote them, kept in order, and up to where each was read."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry.batch import _deep, _json, clean
from steward.domains.telemetry.types import TieSource
from steward.kit.db import Db

# PostgreSQL's binary COPY: a signature, flags and the length of an extension; then rows; then the end.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack("!h", -1)
_ROW = struct.Struct("!hi16siqiqi")
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A client's record of a session, and up to where it was read."""

    id: UUID
    session_id: UUID
    format: str
    part: str
    edition: int
    bytes: int
    lines: int
    damaged_lines: int
    state: dict[str, Any]
    projection: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when it was read last."""

    path: str
    transcript_id: UUID
    bytes: int
    modified_ns: int
    format: str
    session_id: UUID
    lines: int


@dataclass(slots=True)
class Line:
    """A line of a transcript.

    Attributes:
        text: UTF-8 without NUL, without secrets.
        until: where the next line begins in the unpacked file.
        digest: of the line as it stood in the file.
        kind: what its format calls it.
        damage: what is wrong with it, None when it could be read.
    """

    text: bytes
    until: int
    digest: bytes
    kind: str
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class LineEnd:
    """Where a line ends, and its digest."""

    bytes_until: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line as it is kept."""

    line_no: int
    bytes_until: int
    line: str


@dataclass(frozen=True, slots=True)
class UnplacedSession:
    """A session whose project is to be found out."""

    id: UUID
    agent_id: str
    external_id: str
    start_time: datetime
    last_seen_at: datetime
    cwd: str | None
    repository_url: str | None


@dataclass(slots=True)
class NamedTask:
    """A task that a session names, by reference or id, from when to when; whether there is one is found out."""

    session_id: UUID
    word: str
    source: TieSource
    from_at: datetime
    until_at: datetime | None = None
    stretch: str = ""


def editions_of(db: Db, session_id: UUID, form: str, part: str) -> list[Transcript]:
    """Return every edition of a session's transcript, the newest first."""
    return db.all("telemetry.editions_of", Transcript, session_id=session_id, format=form, part=part)


def add_edition(db: Db, session_id: UUID, form: str, part: str, edition: int) -> Transcript:
    """Return an edition of a session's transcript, begun if there is none of that number."""
    db.run("telemetry.add_edition", session_id=session_id, format=form, part=part, edition=edition)
    return next(each for each in editions_of(db, session_id, form, part) if each.edition == edition)


def lock_transcript(db: Db, transcript_id: UUID) -> Transcript:
    """Return a transcript as it is now, held until the end of the transaction."""
    return db.one("telemetry.lock_transcript", Transcript, id=transcript_id)


def keep_lines(db: Db, transcript: Transcript, lines: Sequence[Line]) -> None:
    """Keep lines behind those that a locked transcript has."""
    db.copy("telemetry.copy_lines", _rows(transcript.id.bytes, transcript.lines, lines))


def note_place(db: Db, transcript: Transcript) -> None:
    """Remember up to where a transcript was read, and what its reader has to know to go on."""
    db.run(
        "telemetry.note_place",
        id=transcript.id,
        bytes=transcript.bytes,
        lines=transcript.lines,
        damaged_lines=transcript.damaged_lines,
        state=json.dumps(_deep(transcript.state), ensure_ascii=False),
        projection=transcript.projection,
    )


def known_files(db: Db, paths: Iterable[str]) -> dict[str, KnownFile]:
    """Return what is known of files, by their paths."""
    return {
        each.path: each
        for each in db.all("telemetry.known_files", KnownFile, paths=[clean(path) for path in paths])
    }


def note_file(db: Db, path: str, transcript_id: UUID, size: int, modified_ns: int) -> None:
    """Remember a file as it was when it was read."""
    db.run(
        "telemetry.note_file",
        path=clean(path),
        transcript_id=transcript_id,
        bytes=size,
        modified_ns=modified_ns,
    )


def line_digests(db: Db, transcript_id: UUID, after: int, until: int) -> list[bytes]:
    """Return the digests of the lines behind one number up to another."""
    return db.values("telemetry.line_digests", id=transcript_id, after=after, until=until)


def line_ends(db: Db, transcript_id: UUID) -> list[LineEnd]:
    """Return the last two lines' ends, the last one first."""
    return db.all("telemetry.line_ends", LineEnd, id=transcript_id)


def kept_lines(db: Db, transcript_id: UUID, after: int, until: int) -> list[KeptLine]:
    """Return the lines behind a number, one at least, further ones up to a place in the file."""
    return db.all("telemetry.kept_lines", KeptLine, id=transcript_id, after=after, until=until)


def to_project_anew(db: Db, form: str, version: int, *, everything: bool = False) -> list[Transcript]:
    """Return every transcript of a format when an older reader read one of them, session by session."""
    return db.all(
        "telemetry.to_project_anew", Transcript, format=form, version=version, everything=everything
    )


def lock_transcripts(db: Db, form: str, session_ids: Iterable[UUID]) -> list[Transcript]:
    """Return all transcripts of some sessions as they are now, held until the end of the transaction."""
    return db.all("telemetry.lock_transcripts", Transcript, format=form, session_ids=sorted(session_ids))


def lock_sessions(db: Db, session_ids: Iterable[UUID]) -> None:
    """Hold some sessions until the end of the transaction: nobody tells of them or begins a transcript."""
    db.run("telemetry.lock_sessions", session_ids=sorted(session_ids))


def external_id_of(db: Db, session_id: UUID) -> str:
    """Return what a client calls a session."""
    return str(db.value("telemetry.external_id_of", session_id=session_id))


def forget_projection(db: Db, session_id: UUID) -> None:
    """Take away what was read from a session's transcripts; their lines stay."""
    db.run("telemetry.forget_projection", session_id=session_id)


def tie_by_names(db: Db, named: Sequence[NamedTask]) -> int:
    """Tie sessions to the tasks that they name, as far as there are such; return how many stretches that made."""
    tied: int = db.value("telemetry.tie_by_names", named=_json(named)) if named else 0
    return tied


def unplaced_sessions(db: Db, ids: Iterable[UUID], *, certain: bool = False) -> list[UnplacedSession]:
    """Return those of some sessions that belong to no project; `certain`: or to one that was only guessed."""
    return db.all("telemetry.unplaced_sessions", UnplacedSession, ids=list(ids), certain=certain)


def attribute_sessions(db: Db, ids: Iterable[UUID]) -> None:
    """Share out anew what sessions spent: their project became known."""
    db.run("telemetry.attribute_sessions", ids=sorted(ids))


def _rows(transcript_id: bytes, before: int, lines: Sequence[Line]) -> Iterator[bytes]:
    """Write lines as rows of a binary COPY; a large line is handed on as it is, small ones are put together."""
    parts: list[bytes] = [_COPY_HEAD]
    size = 0
    for number, line in enumerate(lines, before + 1):
        kind, damage = line.kind.encode("utf-8", "replace"), line.damage
        parts += (
            _ROW.pack(7, 16, transcript_id, 8, number, 8, line.until, len(line.digest)),
            line.digest,
            _LENGTH.pack(len(kind)),
            kind,
            _NULL if damage is None else _sized(damage.encode("utf-8", "replace")),
            _LENGTH.pack(len(line.text)),
            line.text,
        )
        size += len(line.text)
        if size > 1_000_000:
            yield b"".join(parts)
            parts, size = [], 0
    parts.append(_COPY_END)
    yield b"".join(parts)


def _sized(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data
