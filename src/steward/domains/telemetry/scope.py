"""What filters of cost and scopes of budgets mean."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from steward.domains import agents, projects, work
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

_HEX = re.compile(r"[0-9a-fA-F-]{8,36}")


def project_of(db: Db, project: str | None) -> UUID | None:
    """Return the named project; None for all. The project in hand is not meant unless it is named."""
    return None if project is None or project in projects.EVERYWHERE else projects.resolve_id(db, project)


def task_of(db: Db, task: str | None) -> UUID | None:
    """Return the named task; None for all."""
    return work.get(db, task=task).task.id if task else None


def epic_of(db: Db, epic: str | None, project: str | None) -> UUID | None:
    """Return the named epic; None for all."""
    return work.get_epic(db, epic=epic, project=project).id if epic else None


def agent_of(db: Db, agent: str | None) -> UUID | None:
    """Return the named agent; None for all."""
    return agents.resolve_id(db, agent) if agent else None


def in_hand(db: Db, project: str | None) -> UUID | None:
    """Return the named project, else the one in hand; None for all."""
    return None if project in projects.EVERYWHERE else projects.resolve_id(db, project)


def chosen(
    db: Db,
    *,
    project: str | None,
    task: str | None,
    epic: str | None,
    agent: str | None,
    model: str | None,
    client: str | None,
) -> dict[str, Any]:
    """Return the filters of figures as their statements take them; a task or an epic is looked for in every project."""
    return {
        "project_id": None if task or (epic and project is None) else in_hand(db, project),
        "task_id": task_of(db, task),
        "epic_id": epic_of(db, epic, project),
        "agent_id": agent_of(db, agent),
        "model": model or None,
        "client": client or None,
    }


def session_of(db: Db, session: str | None) -> UUID | None:
    """Return the named session; None for all.

    Raises:
        NotFound: there is none.
        Invalid: more than one is meant.
    """
    if not session:
        return None
    words = session.strip()
    digits = words.replace("-", "")
    low = high = None
    if _HEX.fullmatch(words) and 8 <= len(digits) <= 32:
        low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    found: list[UUID] = db.values("telemetry.find_session", low=low, high=high, name=words)
    if len(found) > 1:
        raise Invalid(f"{words!r} stands for more than one session", hint="give more digits of its id")
    if not found:
        raise NotFound(
            f"there is no session {words!r}", hint="name it by its id, or by what its client calls it"
        )
    return found[0]
