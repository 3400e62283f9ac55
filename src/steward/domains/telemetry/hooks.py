"""Taking in what hooks of coding agents tell, each event once, and what an agent is told at the start of a session."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from steward.domains import agents, projects
from steward.domains.telemetry.batch import absorb, clean, session_id
from steward.domains.telemetry.hooks_read import Reading
from steward.domains.telemetry.hooks_text import bounded, word
from steward.domains.telemetry.types import Batch, SessionTold, TieSource, TieTold
from steward.domains.telemetry.types_hooks import HookedSession, HookTaken, HookTask, HookTold, RunStretch
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

log = logging.getLogger("steward.hooks")

_REFERENCE = re.compile(r"^(?P<key>[A-Za-z0-9]{2,10})-(?P<number>[0-9]{1,18})$")
_BOUNDS = frozenset({"SessionStart", "SessionEnd"})


def take_hook(db: Db, told: HookTold, *, keep_only: bool = False) -> HookTaken:
    """Keep an event and what it says of its session; an event that is known already changes nothing.

    What cannot be read of it is left out and logged: the event itself is kept in any case.

    Args:
        db: the transaction; the actor needs `telemetry:write`.
        told: the event.
        keep_only: do not read it: reading collided with others again and again.

    Raises:
        Invalid: it names no session or no event.
        psycopg.Error: it collided with another; the transaction has to be tried again.
    """
    told = told.by(db.actor)
    external, event = _named(told.payload)
    agent_id = told.client.agent_id
    session = session_id(agent_id, external)
    task = _task(db, told.task)
    known = db.maybe("telemetry.hooked_session", HookedSession, id=session)
    project, certain = _project(db, told, known, task)
    event_id = hook_event_id(told)
    if not _keep(db, told, event_id, session, project, event):
        return HookTaken(session, event, is_new=False, project_id=_belongs(project), task_id=_id(task))
    if not keep_only:
        reading = Reading(session, event_id, told.at, told.payload)
        noted = _noted(told, reading, external, project, certain)
        if known is None or event in _BOUNDS:
            noted.registered_agent_id = _agent(db, told)
        _try_reading(db, reading, noted, event, task, told.execution)
    return HookTaken(session, event, is_new=True, project_id=_belongs(project), task_id=_id(task))


def _noted(
    told: HookTold, reading: Reading, external: str, project: UUID | None, certain: bool
) -> SessionTold:
    return SessionTold(
        id=reading.session_id,
        agent_id=told.client.agent_id,
        external_id=external,
        start_time=told.at,
        last_seen_at=told.at,
        project_id=project,
        project_certain=certain,
        cwd=word(told.payload.get("cwd"), 4000),
        model=word(told.payload.get("model"), 200),
        context=reading.context,
    )


def _try_reading(
    db: Db, reading: Reading, noted: SessionTold, event: str, task: HookTask | None, execution: str | None
) -> None:
    """Read an event; what cannot be read is logged, and the event stays."""
    try:
        with db.connection.transaction():
            _project_onto(db, reading, noted, event, task, execution)
    except (psycopg.OperationalError, psycopg.errors.UniqueViolation):
        # Two that tell of a new session at once may find one another in its second unique index.
        raise
    except (psycopg.Error, ValueError, TypeError, AttributeError) as exc:
        extra = {"event": event, "session": str(reading.session_id)}
        log.error("an event could not be read", exc_info=exc, extra=extra)


def _named(payload: dict[str, Any]) -> tuple[str, str]:
    external, event = word(payload.get("session_id"), 500), word(payload.get("hook_event_name"), 100)
    if external is None or event is None:
        name = "session_id" if external is None else "hook_event_name"
        raise Invalid(
            f"{name}: {str(payload.get(name))[:60]!r} is none", hint="send the event as the client gave it"
        )
    return clean(external), clean(event)


def hook_event_id(told: HookTold) -> UUID:
    """Return the id of an event; of one that bears none, the same content within a second is the same event."""
    if told.event_id is not None:
        return told.event_id
    text = json.dumps(told.payload, sort_keys=True, ensure_ascii=True)
    second = told.at.replace(microsecond=0).isoformat()
    return UUID(bytes=hashlib.sha256(f"{told.client}\0{second}\0{text}".encode()).digest()[:16])


def _keep(db: Db, told: HookTold, event_id: UUID, session: UUID, project: UUID | None, event: str) -> bool:
    payload, cut = bounded(told.payload)
    beside = {name: word(getattr(told, name), 255) for name in ("task", "execution", "agent", "project")}
    context: dict[str, Any] = {name: value for name, value in beside.items() if value}
    if cut:
        context["cut"] = cut
    return bool(
        db.value(
            "telemetry.keep_hook_event",
            id=event_id,
            session_id=session,
            project_id=project or projects.SYSTEM_PROJECT,
            agent_id=told.client.agent_id,
            event_name=event,
            at=told.at,
            payload=_stored(payload),
            context=_stored(context),
        )
    )


def _stored(data: dict[str, Any]) -> str:
    """Return JSON that the database can hold: no NUL, no half of a surrogate pair, no number that is none."""
    text = json.dumps(_plain(data), ensure_ascii=False)
    return clean(text)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


# --------------------------------------------------------------------------------------------- where it belongs


def _task(db: Db, words: str | None) -> HookTask | None:
    """Return the task that `steward run` named; an unknown one is no reason to lose the event."""
    found = _REFERENCE.match((words or "").strip())
    if found:
        number = int(found["number"])
        return db.maybe("telemetry.hook_task_by_number", HookTask, key=found["key"], number=number)
    task_id = _uuid(words)
    return db.maybe("telemetry.hook_task_by_id", HookTask, id=task_id) if task_id else None


def _uuid(words: str | None) -> UUID | None:
    try:
        return UUID((words or "").strip())
    except ValueError:
        return None


def _project(
    db: Db, told: HookTold, known: HookedSession | None, task: HookTask | None
) -> tuple[UUID | None, bool]:
    """Return the project of an event and whether it was said: by name, by the task, else guessed from the folder."""
    if known is not None and known.project_certain:
        return known.project_id, True
    named = _named_project(db, told.project)
    if named is None and task is not None:
        named = task.project_id
    if named is not None:
        return named, True
    if known is not None and known.project_id != projects.SYSTEM_PROJECT:
        return known.project_id, False
    folder = word(told.payload.get("cwd"), 4000)
    return (projects.find_by_path(db, clean(folder)) if folder else None), False


def _named_project(db: Db, words: str | None) -> UUID | None:
    if not (words or "").strip():
        return None
    try:
        return projects.resolve_id(db, clean(str(words)))
    except (NotFound, Invalid):
        return None


def _agent(db: Db, told: HookTold) -> UUID | None:
    named = word(told.agent or db.actor.agent, 255)
    try:
        return agents.resolve_id(db, clean(named)) if named else None
    except NotFound:
        return None


def _belongs(project: UUID | None) -> UUID | None:
    return None if project == projects.SYSTEM_PROJECT else project


def _id(task: HookTask | None) -> UUID | None:
    return task.id if task is not None else None


# ------------------------------------------------------------------------------------------------- what it says


def _project_onto(
    db: Db, reading: Reading, noted: SessionTold, event: str, task: HookTask | None, execution: str | None
) -> None:
    batch = reading.read(event)
    batch.sessions.append(noted)
    _wait_for_people(db, reading, batch, event)
    if task is not None:
        batch.ties += _ties(db, reading, task, _uuid(execution), ends=event == "SessionEnd")
    absorb(db, batch)
    if event in _BOUNDS:
        db.run("telemetry.settle_hooked_session", session_id=reading.session_id)


def _wait_for_people(db: Db, reading: Reading, batch: Batch, event: str) -> None:
    """Tell a call's waiting for a person apart from its running, where its client says how long it ran."""
    if event not in ("PostToolUse", "PostToolUseFailure"):
        return
    for call in batch.tools:
        if call.duration_ms is None:
            continue
        call.waited_ms = db.value(
            "telemetry.permission_wait",
            session_id=call.session_id,
            call_id=call.call_id,
            at=reading.at,
            duration_ms=call.duration_ms,
            tool_name=call.name,
        )
        if call.waited_ms is not None:
            call.decision = "accept"


def _ties(db: Db, reading: Reading, task: HookTask, execution: UUID | None, *, ends: bool) -> list[TieTold]:
    """Return what an event adds to the stretches of its session.

    A stretch stays open from its first event until the session ends or goes on with another task: what the session
    spends is known before its next event, and has to find the stretch then.
    """
    at, session = reading.at, reading.session_id
    known = db.all("telemetry.run_stretches", RunStretch, session_id=session)
    own = [each for each in known if each.task_id == task.id and _base(each) == str(execution or "")]
    others = [each for each in known if each not in own and each.until_at is None and each.from_at < at]
    told = [_until(session, each, at) for each in others]
    open_ = next((each for each in own if each.until_at is None), None)
    inside = any(each.from_at <= at and (each.until_at is None or at <= each.until_at) for each in own)
    if inside and not ends:
        return told
    if open_ is None and (inside or (any(each.from_at <= at for each in own) and ends)):
        last = max((each for each in own if each.from_at <= at), key=lambda each: each.from_at)
        return [*told, _until(session, last, at)]
    name = open_.stretch if open_ else _name(own, execution, at)
    until = at if ends else None
    return [*told, TieTold(session, task.id, TieSource.RUN, at, until, name, execution)]


def _base(stretch: RunStretch) -> str:
    return stretch.stretch.partition("@")[0]


def _name(own: list[RunStretch], execution: UUID | None, at: datetime) -> str:
    """Return the name of a new stretch: its execution; with the time where that had one, which ended."""
    return f"{execution or ''}{f'@{at.isoformat()}' if own else ''}"


def _until(session: UUID, stretch: RunStretch, at: datetime) -> TieTold:
    return TieTold(
        session, stretch.task_id, TieSource.RUN, stretch.from_at, at, stretch.stretch, stretch.execution_id
    )
