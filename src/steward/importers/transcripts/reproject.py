"""Reads kept lines anew, where the reader of their format has become a better one; the files are not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from functools import partial
from uuid import UUID

from steward.domains import telemetry
from steward.domains.telemetry import KeptLine, Transcript
from steward.importers.transcripts.again import in_transaction
from steward.importers.transcripts.formats import FORMATS, TranscriptFormat
from steward.importers.transcripts.lines import CHUNK
from steward.importers.transcripts.parse import object_of, project
from steward.importers.transcripts.projector import Place
from steward.importers.transcripts.tasks import named_in
from steward.kit.db import Actor, Database, Db, translated


@dataclass(slots=True)
class Reprojected:
    """What was read anew."""

    sessions: int = 0
    transcripts: int = 0
    lines: int = 0
    messages: int = 0
    responses: int = 0

    def __iadd__(self, other: Reprojected) -> Reprojected:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass(slots=True)
class _Group:
    """Sessions that stand in the same transcripts.

    Rows do not say which file they were read from: what is forgotten of a session all files have to tell again.
    """

    sessions: set[UUID]
    is_old: bool


def reproject(
    database: Database,
    actor: Actor,
    *,
    everything: bool = False,
    tell: Callable[[int, int], None] = lambda _, __: None,
) -> Reprojected:
    """Project the transcripts anew that an older reader projected, session by session, each whole or not at all.

    A transcript may hold lines of several sessions; those that share transcripts are one piece of work.

    Args:
        database: where they are.
        actor: as whom.
        everything: all of them.
        tell: told how many sessions are done, and how many there are.
    """
    done = Reprojected()
    for each in FORMATS:
        with translated(), _transaction(database, actor) as db:
            found = telemetry.to_project_anew(db, each.name, each.version, everything=everything)
        groups = [group for group in _groups(each, found) if group.is_old or everything]
        number, all_ = 0, sum(len(group.sessions) for group in groups)
        for group in groups:
            tell(number, all_)
            done += in_transaction(
                partial(_transaction, database, actor), partial(_read_anew, each, group.sessions)
            )
            number += len(group.sessions)
        tell(all_, all_)
    return done


def _transaction(database: Database, actor: Actor) -> AbstractContextManager[Db]:
    return database.transaction(actor, operation="importers.reproject", permission="telemetry:write")


def _groups(form: TranscriptFormat, transcripts: list[Transcript]) -> list[_Group]:
    found: dict[UUID, _Group] = {}
    for each in transcripts:
        told = {each.session_id} | form.make(each.state or None).sessions()
        group = _Group(told, each.projection < form.version)
        for other in [found[session] for session in told if session in found]:
            group.sessions |= other.sessions
            group.is_old |= other.is_old
        found |= dict.fromkeys(group.sessions, group)
    return list({id(group): group for group in found.values()}.values())


def _read_anew(form: TranscriptFormat, sessions: set[UUID], db: Db) -> Reprojected:
    db.value("importers.take_time")
    # Held before anything is taken away: an importer that reads on waits, and then finds its place anew. All at once,
    # because forgetting holds names too, which others hold when they ask for a session.
    telemetry.lock_transcripts(db, form.name, sessions)
    telemetry.lock_sessions(db, sessions)
    for session in sorted(sessions):
        telemetry.forget_projection(db, session)
    # Once more: what came until the sessions were held is forgotten too, and nothing comes from now on.
    held = telemetry.lock_transcripts(db, form.name, sessions)
    done = Reprojected(sessions=len(sessions), transcripts=len(held))
    for each in held:
        # Where lines do not say whose they are, the file's name did.
        name = f"{telemetry.external_id_of(db, each.session_id)}.jsonl"
        _transcript(db, form, each, name, done)
    db.touched.add("telemetry")
    return done


def _transcript(db: Db, form: TranscriptFormat, transcript: Transcript, name: str, done: Reprojected) -> None:
    projector = form.make(None)
    branches: dict[UUID, str] = {}
    for lines in _kept(db, transcript):
        for each in lines:
            entry = object_of(each.line.encode())
            if entry is not None:
                project(projector, entry, Place(name, each.line_no))
        batch = projector.take()
        absorbed = telemetry.absorb(db, batch)
        telemetry.tie_by_names(db, named_in(projector, batch, branches))
        done.lines += len(lines)
        done.messages += absorbed.messages
        done.responses += absorbed.responses
    telemetry.note_place(db, replace(transcript, state=projector.state(), projection=form.version))


def _kept(db: Db, transcript: Transcript) -> Iterator[list[KeptLine]]:
    after = until = 0
    while lines := telemetry.kept_lines(db, transcript.id, after, until + CHUNK):
        after, until = lines[-1].line_no, lines[-1].bytes_until
        yield lines
