"""Operations that say on which task a session worked: by a person, or by what ran."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from steward.domains import work
from steward.domains.telemetry.batch import absorb
from steward.domains.telemetry.types import Batch, TieSource, TieTold
from steward.domains.telemetry.types_ties import NamedSession, OpenExecution, Tie, TiedSession
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.op import Profile, op


def _task(db: Db, words: str) -> UUID:
    return work.get(db, task=words).task.id


def _session(db: Db, words: str) -> NamedSession:
    found = db.all("telemetry.named_sessions", NamedSession, words=words.strip(), prefix=_prefix(words))
    if len(found) > 1:
        raise Invalid(
            f"{words!r} stands for more than one session", hint="give more digits of its id, or all of it"
        )
    if not found:
        raise NotFound(
            f"there is no session {words!r}",
            hint="name it by its id, its first 8 digits, or the client's own name",
        )
    return found[0]


def _prefix(words: str) -> str | None:
    """Return the first digits of an id, dashed as ids are."""
    digits = words.strip().replace("-", "").lower()
    if not 8 <= len(digits) <= 32 or any(digit not in "0123456789abcdef" for digit in digits):
        return None
    cuts = (8, 12, 16, 20, 32)
    parts = [digits[begin:end] for begin, end in zip((0, *cuts), cuts, strict=False)]
    return "-".join(part for part in parts if part)


@op(write=True, idempotent=True, profile=Profile.ALL)
def tie(
    db: Db,
    *,
    session: str,
    task: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Tie]:
    """Say that a session worked on a task: what it spent meanwhile is the task's; what was said before is replaced.

    Only people may: an agent's claim, `steward run` and its client's telemetry tell where it works.

    Args:
        session: its id, the first 8 digits, or what its client calls it.
        task: such as ACME-42.
        since: from when on; from its begin when left out.
        until: up to when; open when left out.
    """
    named, task_id = _session(db, session), _task(db, task)
    begin = since or named.start_time
    if until is not None and until <= begin:
        raise Invalid(
            f"until: {until.isoformat()} is not after {begin.isoformat()}", hint="give a later time"
        )
    db.value("telemetry.untie", session_id=named.id, task_id=task_id, source=TieSource.PERSON)
    absorb(db, Batch(ties=[TieTold(named.id, task_id, TieSource.PERSON, begin, until)]))
    return db.all("telemetry.ties_of", Tie, session_id=named.id)


@op(write=True, idempotent=True, profile=Profile.ALL)
def untie(db: Db, *, session: str, task: str, every: bool = False) -> list[Tie]:
    """Take back that a session worked on a task; what it spent goes to whatever else is known.

    Only people may: an agent could take what it spends away from its task.

    Args:
        session: its id, the first 8 digits, or what its client calls it.
        task: such as ACME-42.
        every: also what others than persons said; who says it again brings it back.
    """
    named, task_id = _session(db, session), _task(db, task)
    source = None if every else TieSource.PERSON
    gone = db.value("telemetry.untie", session_id=named.id, task_id=task_id, source=source)
    if not gone:
        hint = (
            "see `steward telemetry get` for its tasks" if every else "--every takes what others said as well"
        )
        raise NotFound(
            f"session {session} is not tied to {task}" + ("" if every else " by a person"), hint=hint
        )
    return db.all("telemetry.ties_of", Tie, session_id=named.id)


@op(profile=Profile.ALL)
def current_execution(db: Db, *, task: str) -> OpenExecution | None:
    """Show the try that is going on at a task; nothing when nobody holds it.

    Args:
        task: such as ACME-42.
    """
    return db.maybe("telemetry.current_execution", OpenExecution, task_id=_task(db, task))


@op(write=True, profile=Profile.ALL, idempotent=True)
def tie_run(
    db: Db,
    *,
    task: str,
    folders: list[str],
    since: datetime,
    until: datetime,
    execution: UUID | None = None,
    below: bool = True,
) -> list[TiedSession]:
    """Tie the sessions that were active in some folders during a run to its task; `steward run` calls this at its end.

    A session that another run, a claim or the client's own word puts elsewhere at that time is left alone.

    Args:
        task: such as ACME-42.
        folders: where it ran, by whole paths.
        since: when the run began.
        until: when it ended.
        execution: the execution that the run was.
        below: sessions in folders below count too.
    """
    if until < since:
        raise Invalid(f"until: {until.isoformat()} is before since", hint="give a later time")
    wanted = sorted({each.rstrip("/") for each in folders} - {""})
    if not wanted:
        raise Invalid("folders: none that could be told from others", hint="give whole paths, not /")
    return db.all(
        "telemetry.tie_run",
        TiedSession,
        task_id=_task(db, task),
        execution_id=execution,
        folders=wanted,
        since=since,
        until=until,
        below=below,
    )
