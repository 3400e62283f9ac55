"""Transcripts within a run of the importer: which files are some, what each added, and what may be said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg

from steward.domains import telemetry
from steward.domains.telemetry import Batch, KnownFile, SessionTold, UnplacedSession
from steward.importers.files import is_leftover
from steward.importers.refusal import Refused
from steward.importers.report import FileReport
from steward.importers.transcripts.again import in_transaction
from steward.importers.transcripts.formats import Known, recognise
from steward.importers.transcripts.load import Gained, absolute, load_transcript, look_at
from steward.importers.transcripts.place import Placing
from steward.kit.db import Actor, Database, Db, translate, translated
from steward.kit.errors import Conflict, Invalid, NotFound, StewardError

_MEGABYTE = 1_000_000
_PATHS_AT_ONCE = 10_000


@dataclass(slots=True)
class Transcripts:
    """The transcripts of one run.

    Attributes:
        placing: where sessions belong.
        dry_run: read, keep nothing.
        tell: told in words how far a file is.
        unchanged: sessions of files that are as they were.
    """

    placing: Placing
    dry_run: bool = False
    tell: Callable[[str], None] = lambda _: None
    unchanged: set[UUID] = field(default_factory=set)
    _known: dict[str, KnownFile] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)
    _bytes: int = 0

    def expect(self, paths: Iterable[Path]) -> None:
        """Ask once what is known of all the files."""
        names = [absolute(path) for path in paths if not path.is_dir()]
        with (
            translated(),
            self._database.transaction(
                self._actor, operation="importers.known_files", permission="telemetry:write", read_only=True
            ) as db,
        ):
            for at in range(0, len(names), _PATHS_AT_ONCE):
                self._known |= telemetry.known_files(db, names[at : at + _PATHS_AT_ONCE])

    @property
    def _database(self) -> Database:
        return self.placing.database

    @property
    def _actor(self) -> Actor:
        return self.placing.actor

    def take(self, path: Path, entry: FileReport, *, explicit: bool) -> bool:
        """Bring a file in if it is a transcript, and write it into its entry of the report; tell whether it is one.

        Raises:
            Refused: it is one, and cannot be read.
            StewardError: the database is away, or the actor may not.
        """
        if path.is_dir() or (is_leftover(path) and not explicit):
            return False
        seen = self._known.get(absolute(path))
        if seen is not None and _is_as_it_was(path, seen):
            self.unchanged.add(seen.session_id)
            entry.format, entry.outcome, entry.bytes = seen.format, "unchanged", seen.bytes
            entry.holds = {"session": str(seen.session_id), "lines": seen.lines}
            return True
        known = recognise(path)
        if known is None:
            return False
        entry.format = known.format.name
        _report(entry, self._load(path, known, entry))
        return True

    def _load(self, path: Path, known: Known, entry: FileReport) -> Gained:
        try:
            entry.bytes = path.stat().st_size
            if self.dry_run:
                return look_at(path, known)
            return load_transcript(self.placing, path, known, lambda more: self._told(path, more))
        except psycopg.Error as error:
            raise _refusal(path, translate(error)) from error
        except (Invalid, Conflict, NotFound) as error:
            raise _refusal(path, error) from error
        except OSError as error:
            raise Refused(f"{path}: cannot be read: {error.strerror or error}") from error

    def _told(self, path: Path, more: int) -> None:
        self._bytes += more
        rate = self._bytes / _MEGABYTE / max(time.perf_counter() - self._began, 0.001)
        self.tell(f"{self._bytes / _MEGABYTE:.1f} MB, {rate:.1f} MB/s: {path.name}")

    def finish(self) -> dict[str, int]:
        """Place what could not be placed before; return folders without a project, and how many sessions each has."""
        self.place_earlier()
        found = {place: len(sessions) for place, sessions in self.placing.unknown.items()}
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def place_earlier(self) -> int:
        """Look anew where sessions of unchanged files belong: a project may have come since; return how many did."""
        if not self.unchanged or self.dry_run:
            return 0
        certain = self.placing.project is not None
        with (
            translated(),
            self._database.transaction(
                self._actor, operation="importers.unplaced", permission="telemetry:write", read_only=True
            ) as db,
        ):
            unplaced = telemetry.unplaced_sessions(db, self.unchanged, certain=certain)
        told = [
            _placed(each, project, certain=certain)
            for each in unplaced
            if (project := self.placing.place(each)) is not None
        ]
        if told:
            in_transaction(self._to_place, lambda db: _attribute(db, told))
        return len(told)

    def _to_place(self) -> AbstractContextManager[Db]:
        return self._database.transaction(
            self._actor, operation="importers.place_sessions", permission="telemetry:write"
        )


def _attribute(db: Db, told: list[SessionTold]) -> None:
    """Put sessions into their projects, all of us in one order, so that few wait for one another in a ring."""
    told = sorted(told, key=lambda each: each.id)
    telemetry.absorb(db, Batch(sessions=told))
    telemetry.attribute_sessions(db, [each.id for each in told])
    db.touched.add("telemetry")


def _refusal(path: Path, error: StewardError) -> StewardError:
    """A value that the database refuses is the file's fault; a database that is away is not."""
    if isinstance(error, Refused) or not isinstance(error, Invalid | Conflict | NotFound):
        return error
    return Refused(f"{path}: the database refused it: {error.message}", hint=error.hint, kind="database")


def _placed(session: UnplacedSession, project_id: UUID, *, certain: bool) -> SessionTold:
    return SessionTold(
        session.id,
        session.agent_id,
        session.external_id,
        session.start_time,
        session.last_seen_at,
        project_id=project_id,
        project_certain=certain,
    )


def _is_as_it_was(path: Path, seen: KnownFile) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return stat.st_size == seen.bytes and stat.st_mtime_ns == seen.modified_ns


def _report(entry: FileReport, gained: Gained) -> None:
    entry.outcome = "imported" if gained.lines else "unchanged"
    entry.holds = {
        "session": gained.session,
        "part": gained.part,
        "edition": gained.edition,
        "lines": gained.total_lines,
        "damaged_lines": gained.total_damaged,
    }
    added = {
        "lines": gained.lines,
        "damaged_lines": gained.damaged,
        "messages": gained.messages,
        "tool_calls": gained.tools,
        "responses": gained.responses,
        "task_ties": gained.ties,
    }
    entry.changes = {name: count for name, count in added.items() if count}
