"""What tests of talk share: people with accounts, and a project with claimed tasks."""

from __future__ import annotations

from typing import Any

from steward.kit.db import Actor, Database
from tests.work.scene import agent, call, owner


def person(database: Database, name: str = "ann", role: str = "user") -> Actor:
    """Return a user with an account of their own."""
    with owner(database) as connection:
        row = connection.execute(
            "insert into accounts.users (username, email, role) values (%s, %s, %s) returning id",
            (name, f"{name}@example.org", role),
        ).fetchone()
    assert row is not None
    return Actor(user_id=row[0], user_name=name, role=role)


def claim(database: Database, name: str = "bot", **arguments: Any) -> Any:
    """Claim the next task of acme as an agent."""
    return call(database, "work.claim", agent(name), project="acme", **arguments)
