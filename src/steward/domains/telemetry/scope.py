"""What filters of cost and scopes of budgets mean."""

from __future__ import annotations

from uuid import UUID

from steward.domains import agents, projects, work
from steward.kit.db import Db

EVERYWHERE = frozenset({"all", "*"})


def project_of(db: Db, project: str | None) -> UUID | None:
    """Return the named project; None for all. The project in hand is not meant unless it is named."""
    return None if project is None or project in EVERYWHERE else projects.resolve_id(db, project)


def task_of(db: Db, task: str | None) -> UUID | None:
    """Return the named task; None for all."""
    return work.get(db, task=task).task.id if task else None


def epic_of(db: Db, epic: str | None, project: str | None) -> UUID | None:
    """Return the named epic; None for all."""
    return work.get_epic(db, epic=epic, project=project).id if epic else None


def agent_of(db: Db, agent: str | None) -> UUID | None:
    """Return the named agent; None for all."""
    return agents.resolve_id(db, agent) if agent else None
