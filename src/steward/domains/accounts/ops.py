"""The operations of the accounts: users."""

from __future__ import annotations

import difflib
import json
from typing import Any
from uuid import UUID

from steward.domains.accounts.types import Role, User, Whoami
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Conflict, Denied, NotFound
from steward.kit.op import Page, Profile, op
from steward.kit.versions import check_version


def resolve_user(db: Db, ref: str) -> UUID:
    """Return the id of a user named by id, username or e-mail.

    Raises:
        NotFound: there is none; the hint names near ones.
    """
    found: UUID | None = db.value("accounts.find_user", ref=ref)
    if found is None:
        near = difflib.get_close_matches(ref, db.values("accounts.near_usernames"), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`steward accounts list-users` tells"
        raise NotFound(f"there is no user {ref!r}", hint=hint)
    return found


def _lock(db: Db, ref: str) -> User:
    user = db.maybe("accounts.lock_user", User, id=resolve_user(db, ref))
    if user is None:
        raise NotFound(f"user {ref!r} was deleted", hint="add the user again under the same name")
    return user


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


@op(profile=Profile.STANDARD)
def whoami(db: Db) -> Whoami:
    """Tell who acts: user, role, agent, project in hand and permissions."""
    return db.one("accounts.whoami", Whoami, project=db.actor.project)


@op(write=True, profile=Profile.ALL)
def add_user(
    db: Db,
    *,
    username: str,
    email: str | None = None,
    display_name: str | None = None,
    role: Role = Role.USER,
    github_username: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> User:
    """Add a user or a service account, without a password.

    Args:
        username: the name, unique whatever its case.
        email: the address, unique whatever its case.
        display_name: the name to show.
        role: admin, manager, user or service; never above your own.
        github_username: the name on GitHub.
        metadata: anything else worth keeping.
    """
    db.run("accounts.authorize_role", role=role.value)
    return db.one(
        "accounts.add_user",
        User,
        username=username.strip(),
        email=email or None,
        display_name=display_name or None,
        role=role.value,
        github_username=github_username or None,
        metadata=_json(metadata),
    )


@op()
def get_user(db: Db, *, user: str) -> User:
    """Show one user.

    Args:
        user: id, username or e-mail.
    """
    return db.one("accounts.get_user", User, id=resolve_user(db, user))


@op()
def list_users(
    db: Db,
    *,
    role: Role | None = None,
    active: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[User]:
    """List users by name.

    Args:
        role: only those of this role.
        active: only those who may (or may not) log in.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, str)
    wanted = cursors.check_limit(limit)
    rows = db.all("accounts.list_users", User, role=role, active=active, after=after, limit=wanted)
    return cursors.page(rows, limit, lambda user: (user.username.lower(),))


@op(write=True, profile=Profile.ALL)
def update_user(
    db: Db,
    *,
    user: str,
    username: str | None = None,
    email: str | None = None,
    display_name: str | None = None,
    role: Role | None = None,
    is_active: bool | None = None,
    github_username: str | None = None,
    metadata: dict[str, Any] | None = None,
    version: int | None = None,
) -> User:
    """Change a user; what is not given stays, empty text clears.

    Args:
        user: id, username or e-mail.
        username: the new name.
        email: the new address.
        display_name: the new name to show.
        role: the new role, never above your own.
        is_active: whether the user may log in and keys work.
        github_username: the name on GitHub.
        metadata: replaces the metadata.
        version: the version you saw; refused when it has changed since.
    """
    found = _lock(db, user)
    check_version(f"user {found.username}", version, found.version)
    for concerned in {found.role, role or found.role}:
        db.run("accounts.authorize_role", role=concerned.value)
    return db.one(
        "accounts.update_user",
        User,
        id=found.id,
        username=username.strip() if username else None,
        email=email,
        display_name=display_name,
        role=role,
        is_active=is_active,
        github_username=github_username,
        metadata=_json(metadata),
    )


@op(write=True, destructive=True)
def delete_user(db: Db, *, user: str, version: int | None = None) -> User:
    """Delete a user: keys and sessions end, the history stays.

    Args:
        user: id, username or e-mail.
        version: the version you saw; refused when it has changed since.
    """
    found = _lock(db, user)
    check_version(f"user {found.username}", version, found.version)
    if found.id == db.actor.user_id:
        raise Conflict("you cannot delete yourself", hint="ask another administrator")
    db.run("accounts.authorize_role", role=found.role.value)
    db.run("accounts.delete_user", id=found.id)
    db.run("accounts.revoke_all_keys", user_id=found.id)
    db.run("accounts.end_all_sessions", user_id=found.id)
    return db.one("accounts.get_user", User, id=found.id)


def authorize_self_or(db: Db, user_id: UUID, permission: str) -> None:
    """Refuse unless the actor is that user in person, or holds the permission.

    An agent acts for its user but is not that user: it must not make itself keys that may more than it.

    Raises:
        Denied: neither holds.
    """
    if db.actor.agent_bound or db.actor.role == "agent":
        raise Denied("an agent may not handle keys", hint="its user can: `steward accounts create_key`")
    if db.actor.user_id != user_id:
        db.run("accounts.authorize", permission=permission)
