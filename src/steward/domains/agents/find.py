"""Finding the agent that is meant: what other rooms ask. No operation itself."""

from __future__ import annotations

import difflib
from uuid import UUID

from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound


def resolve_id(db: Db, ref: str) -> UUID:
    """Return the id of an agent named by id or name.

    Raises:
        NotFound: there is none; the hint names near ones.
    """
    found: UUID | None = db.value("agents.find_agent", ref=ref)
    if found is None:
        near = difflib.get_close_matches(ref, db.values("agents.names"), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`steward agents list` shows what there is"
        raise NotFound(f"there is no agent {ref!r}", hint=hint)
    return found


def ensure_id(db: Db, name: str, owner_id: UUID | None) -> UUID:
    """Return the id of an agent by name, registered when unknown (type custom, model unknown).

    Args:
        db: the transaction.
        name: its name, 1 to 255 characters.
        owner_id: who owns a new one; the actor's user when None.
    """
    if not 1 <= len(name.strip()) <= 255:
        raise Invalid(f"agent name {name[:40]!r} has not 1 to 255 characters", hint="give a shorter name")
    made: UUID = db.value("agents.ensure_agent", name=name, owner_id=owner_id)
    return made
