"""The operations of the agents: reading."""

from __future__ import annotations

import builtins

from steward.domains import accounts
from steward.domains.agents.find import resolve_id
from steward.domains.agents.types import Agent, AgentType, ModelProvider
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.op import Page, op


@op()
def get(db: Db, *, agent: str) -> Agent:
    """Show an agent.

    Args:
        agent: id or name.
    """
    return db.one("agents.get_agent", Agent, id=resolve_id(db, agent))


@op()
def list(
    db: Db,
    *,
    agent_type: AgentType | None = None,
    active: bool | None = None,
    capability: str | None = None,
    owner: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Agent]:
    """List agents by name.

    Args:
        agent_type: only those of this type.
        active: only those that may (or may not) be given work.
        capability: only those that can do this.
        owner: only those of this user.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, str)
    rows = db.all(
        "agents.list_agents",
        Agent,
        agent_type=agent_type,
        active=active,
        capabilities=None if capability is None else [capability],
        owner_id=None if owner is None else accounts.resolve_user(db, owner),
        after=after,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda agent: (agent.name.lower(),))


@op()
def list_providers(db: Db) -> builtins.list[ModelProvider]:
    """List the providers of models."""
    return db.all("agents.list_providers", ModelProvider)
