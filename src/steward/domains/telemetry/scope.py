"""What filters of cost and scopes of budgets mean."""

from __future__ import annotations

from uuid import UUID

from steward.domains import projects
from steward.kit.db import Db

EVERYWHERE = frozenset({"all", "*"})


def project_of(db: Db, project: str | None) -> UUID | None:
    """Return the named project; None for all. The project in hand is not meant unless it is named."""
    return None if project is None or project in EVERYWHERE else projects.resolve_id(db, project)
