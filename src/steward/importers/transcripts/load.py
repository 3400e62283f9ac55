"""Brings one transcript into the database: what is new of it, piece by piece, each in a transaction of its own.

A transcript is known by its session, not by its path: what it holds is compared with the lines that are kept, and only
what follows them is added. The row of the transcript is the lock: of two importers of one file the second finds, when
its turn comes, that the place has moved, and looks anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from steward.domains import telemetry
from steward.domains.telemetry import Batch, Line, NamedTask, SessionTold, Transcript, clean
from steward.importers.transcripts.again import in_transaction
from steward.importers.transcripts.compare import Beginning, beginning_of
from steward.importers.transcripts.formats import Known, TranscriptFormat
from steward.importers.transcripts.lines import CHUNK, Chunk, chunks, unpacked
from steward.importers.transcripts.parse import prepare
from steward.importers.transcripts.place import Placing
from steward.importers.transcripts.projector import Projector
from steward.importers.transcripts.tasks import named_in
from steward.kit.db import Database, Db

Told = Callable[[int], None]
"""Told how many bytes more are done."""


@dataclass(slots=True)
class Gained:
    """What an import of a transcript added."""

    session: str = ""
    part: str = ""
    edition: int = 0
    lines: int = 0
    bytes: int = 0
    damaged: int = 0
    messages: int = 0
    tools: int = 0
    responses: int = 0
    ties: int = 0
    total_lines: int = 0
    total_damaged: int = 0
    sessions: set[UUID] = field(default_factory=set)


class _Moved(Exception):
    """Somebody else read on while we looked: the place has to be found anew."""


@dataclass(slots=True)
class _Piece:
    """A piece, read and projected, ready to be kept."""

    chunk: Chunk
    lines: list[Line]
    batch: Batch
    named: list[NamedTask]
    state: dict[str, Any]

    @property
    def damaged(self) -> int:
        """How many of its lines could not be read."""
        return sum(line.damage is not None for line in self.lines)


def load_transcript(
    placing: Placing, path: Path, known: Known, on_bytes: Told = lambda _: None, size: int = CHUNK
) -> Gained:
    """Bring in what is new of a file.

    Args:
        placing: the database, who acts, and where sessions belong.
        path: the file.
        known: what it is.
        on_bytes: told of progress.
        size: about how much of it is kept at once.

    Raises:
        Refused: it cannot be read, or the database refuses what it holds.
        StewardError: the database is away, or the actor may not.
    """
    return _Loader(placing, path, known, on_bytes, size).load()


class _Loader:
    def __init__(self, placing: Placing, path: Path, known: Known, on_bytes: Told, size: int) -> None:
        self._placing = placing
        self._database: Database = placing.database
        self._path = path
        self._format: TranscriptFormat = known.format
        self._known = known
        self._on_bytes = on_bytes
        self._size = size
        self._branches: dict[UUID, str] = {}
        # The highest edition that the file was compared with.
        self._compared = -1
        self._noted = False
        self.gained = Gained(known.identity.external_id, known.identity.part)

    def load(self) -> Gained:
        """Bring in what is new."""
        stat = self._path.stat()
        while True:
            try:
                last = self._read_on(self._begin(stat), stat)
                break
            except _Moved:
                continue
        if last is not None:
            self.gained.edition = last.edition
            self.gained.total_lines, self.gained.total_damaged = last.lines, last.damaged_lines
            with self._transaction("importers.note_file") as db:
                telemetry.note_file(db, absolute(self._path), last.id, stat.st_size, stat.st_mtime_ns)
        return self.gained

    def _transaction(self, operation: str) -> AbstractContextManager[Db]:
        return self._database.transaction(
            self._placing.actor, operation=operation, permission="telemetry:write"
        )

    # ------------------------------------------------------------------------------------------------- the place

    def _begin(self, stat: os.stat_result) -> Beginning | None:
        """Return from where the file goes on, None when no edition begins like it."""
        name = absolute(self._path)
        with self._transaction("importers.find_transcript") as db:
            editions = self._editions(db)
            self._compared = _highest(editions)
            seen = telemetry.known_files(db, [name]).get(name)
            return beginning_of(db, self._path, editions, seen, stat)

    def _editions(self, db: Db) -> list[Transcript]:
        identity = self._known.identity
        return telemetry.editions_of(db, identity.session_id, self._format.name, identity.part)

    def _new_edition(self, batch: Batch, stat: os.stat_result) -> Transcript:
        """Begin an edition; it needs its session, of which some files tell no time.

        Raises:
            _Moved: somebody else has begun one with which the file was not compared.
        """
        identity = self._known.identity
        told = [each for each in batch.sessions if each.id == identity.session_id]
        if not told:
            at = min(
                (each.start_time for each in batch.sessions),
                default=datetime.fromtimestamp(stat.st_mtime, UTC),
            )
            told = [SessionTold(identity.session_id, identity.agent_id, identity.external_id, at, at)]
        with self._transaction("importers.begin_transcript") as db:
            editions = self._editions(db)
            if _highest(editions) != self._compared:
                raise _Moved
            telemetry.absorb(db, Batch(sessions=told))
            number = self._compared + 1
            begun = telemetry.add_edition(db, identity.session_id, self._format.name, identity.part, number)
            if begun.lines:
                raise _Moved
            return begun

    # ------------------------------------------------------------------------------------------------- the pieces

    def _read_on(self, begin: Beginning | None, stat: os.stat_result) -> Transcript | None:
        transcript = begin.transcript if begin else None
        if begin is not None and begin.whole:
            return transcript
        projector = self._format.make(transcript.state or None if transcript else None)
        with unpacked(self._path) as file:
            for chunk in chunks(file, begin.start if begin else 0, self._size):
                piece = self._prepared(chunk, projector, transcript.lines if transcript else 0)
                if transcript is None:
                    transcript = self._new_edition(piece.batch, stat)
                transcript = self._kept(piece, transcript)
                self._on_bytes(len(chunk.data))
        return transcript

    def _prepared(self, chunk: Chunk, projector: Projector, before: int) -> _Piece:
        lines = prepare(chunk, projector, str(self._path), before)
        batch = projector.take()
        named = named_in(projector, batch, self._branches)
        for told in batch.sessions:
            told.project_id = self._placing.place(told)
            told.project_certain = self._placing.project is not None
            self.gained.sessions.add(told.id)
        return _Piece(chunk, lines, batch, named, projector.state())

    def _kept(self, piece: _Piece, transcript: Transcript) -> Transcript:
        """Keep a piece in one transaction, again when the database asks for it.

        Raises:
            _Moved: somebody else kept it.
        """
        then, absorbed, ties = in_transaction(
            lambda: self._transaction("importers.transcript"), lambda db: self._keep(db, piece, transcript)
        )
        self._noted = True
        self._add_up(piece, absorbed, ties)
        return then

    def _keep(
        self, db: Db, piece: _Piece, transcript: Transcript
    ) -> tuple[Transcript, telemetry.Absorbed, int]:
        now = telemetry.lock_transcript(db, transcript.id)
        places = [(each.bytes, each.lines, each.projection) for each in (now, transcript)]
        if places[0] != places[1]:
            # Read on, or read anew by a newer reader, whose state is not the one that this piece was read with.
            raise _Moved
        telemetry.keep_lines(db, now, piece.lines)
        absorbed = telemetry.absorb(db, piece.batch)
        ties = telemetry.tie_by_names(db, piece.named)
        then = replace(
            now,
            bytes=piece.chunk.until,
            lines=now.lines + len(piece.lines),
            damaged_lines=now.damaged_lines + piece.damaged,
            state=piece.state,
            projection=self._format.version,
        )
        telemetry.note_place(db, then)
        if not self._noted:
            # Unlike any real file, so that it is looked at again; but by its path it is known from now on.
            telemetry.note_file(db, absolute(self._path), then.id, 0, 0)
        db.touched.add("telemetry")
        return then, absorbed, ties

    def _add_up(self, piece: _Piece, absorbed: telemetry.Absorbed, ties: int) -> None:
        self.gained.lines += len(piece.lines)
        self.gained.bytes += len(piece.chunk.data)
        self.gained.damaged += piece.damaged
        self.gained.messages += absorbed.messages
        self.gained.tools += absorbed.tools
        self.gained.responses += absorbed.responses
        self.gained.ties += ties


def _highest(editions: list[Transcript]) -> int:
    return max((each.edition for each in editions), default=-1)


def look_at(path: Path, known: Known) -> Gained:
    """Read a file as an import would, and keep nothing; say what is in it."""
    gained = Gained(known.identity.external_id, known.identity.part)
    projector = known.format.make(None)
    responses: set[str] = set()
    with unpacked(path) as file:
        for chunk in chunks(file):
            lines = prepare(chunk, projector, str(path), gained.lines)
            batch = projector.take()
            gained.lines += len(lines)
            gained.damaged += sum(line.damage is not None for line in lines)
            gained.messages += len(batch.messages)
            gained.tools += len({call.call_id for call in batch.tools})
            responses.update(each.source_key for each in batch.usage)
    gained.responses = len(responses)
    gained.total_lines, gained.total_damaged = gained.lines, gained.damaged
    return gained


def absolute(path: Path) -> str:
    """Return the name by which a file is remembered."""
    return clean(str(path.absolute()))
