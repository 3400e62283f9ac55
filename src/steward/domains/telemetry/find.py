"""Finding the session that is meant."""

from __future__ import annotations

from uuid import UUID

from steward.domains import agents, projects, work
from steward.domains.telemetry.types_sessions import SessionId
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_range

_NEVER = UUID(int=0)


def scope(db: Db, project: str | None) -> UUID | None:
    """Return the project a list is limited to: the named one, else the one in hand; `all` limits to none."""
    return None if project in projects.EVERYWHERE else projects.resolve_id(db, project)


def task_id(db: Db, task: str | None) -> UUID | None:
    """Return the id of a task that is named; None when none is."""
    return work.get(db, task=task).task.id if task else None


def agent_id(db: Db, agent: str | None) -> UUID | None:
    """Return the id of an agent that is named; None when none is."""
    return agents.resolve_id(db, agent) if agent else None


def session_of(db: Db, words: str) -> SessionId:
    """Return the session that its id, the first 8 digits of it, or its client's name for it mean.

    Raises:
        NotFound: no session is meant.
        Invalid: more than one is.
    """
    words = words.strip()
    low, high = id_range(words) or (_NEVER, _NEVER)
    found = db.all("telemetry.resolve_session", SessionId, words=words, low=low, high=high)
    if len(found) > 1:
        raise Invalid(
            f"{words!r} stands for more than one session", hint="give more digits of its id, or all of it"
        )
    if not found:
        hint = "name it by its id, or look with `steward telemetry list`"
        raise NotFound(f"there is no session {words[:80]!r}", hint=hint)
    return found[0]
