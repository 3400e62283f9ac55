"""The operations of the accounts: API keys."""

from __future__ import annotations

from uuid import UUID

from steward.domains.accounts.ops import authorize_self_or, resolve_user
from steward.domains.accounts.secrets import digest, new_key
from steward.domains.accounts.types import ApiKey, NewKey, User
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.op import Page, Profile, op

# Everybody may handle their own keys; those of others take more, and that is asked inside.
_OWN = "accounts:read"


def _user_id(db: Db, ref: str | None) -> UUID:
    if ref is not None:
        return resolve_user(db, ref)
    if db.actor.user_id is None:
        raise Invalid("user is missing: nobody in particular is acting", hint="say whose keys are meant")
    return db.actor.user_id


def make_key(db: Db, *, user_id: UUID, name: str, agent: str | None, days: int | None) -> NewKey:
    """Make a key for a user; the caller has checked that it may."""
    secret, prefix = new_key()
    made = db.one(
        "accounts.add_key",
        ApiKey,
        user_id=user_id,
        name=name,
        key_prefix=prefix,
        key_hash=digest(secret),
        agent_name=agent or None,
        days=days,
    )
    return NewKey(made.id, made.name, secret, prefix, made.username, made.agent_name, made.expires_at)


@op(write=True, permission=_OWN, secret=True, profile=Profile.ALL)
def create_key(
    db: Db,
    *,
    name: str,
    user: str | None = None,
    agent: str | None = None,
    expires_in_days: int | None = None,
) -> NewKey:
    """Make an API key; its secret is shown this once.

    Args:
        name: what the key is for.
        user: whose key, by id, username or e-mail; yours when not given.
        agent: binds the bearer to this agent, with an agent's rights at most.
        expires_in_days: how long it works; for ever when not given.
    """
    user_id = _user_id(db, user)
    authorize_self_or(db, user_id, "accounts:admin")
    if expires_in_days is not None and not 1 <= expires_in_days <= 36_500:
        raise Invalid(
            f"expires_in_days: {expires_in_days} is not between 1 and 36500", hint="give whole days"
        )
    owner = db.one("accounts.get_user", User, id=user_id)
    if owner.deleted_at is not None or not owner.is_active:
        raise Invalid(f"user {owner.username} may not log in", hint="activate the user first")
    return make_key(db, user_id=user_id, name=name, agent=agent, days=expires_in_days)


@op(permission=_OWN, profile=Profile.ALL)
def list_keys(
    db: Db, *, user: str | None = None, revoked: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[ApiKey]:
    """List API keys, newest first, without their secrets.

    Args:
        user: whose, by id, username or e-mail; when not given yours, or everybody's for an administrator.
        revoked: revoked ones too.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    user_id: UUID | None = None
    if user is not None or not db.value("accounts.may", permission="accounts:admin"):
        user_id = _user_id(db, user)
        authorize_self_or(db, user_id, "accounts:admin")
    (after,) = cursors.decode(cursor, UUID)
    wanted = cursors.check_limit(limit)
    rows = db.all("accounts.list_keys", ApiKey, user_id=user_id, revoked=revoked, after=after, limit=wanted)
    return cursors.page(rows, limit, lambda key: (key.id,))


@op(write=True, permission=_OWN, destructive=True, idempotent=True)
def revoke_key(db: Db, *, key: str) -> ApiKey:
    """Revoke an API key at once and for good.

    Args:
        key: its id or prefix.
    """
    found = db.maybe("accounts.find_key", ApiKey, ref=key)
    if found is None:
        hint = "`steward accounts list-keys` shows ids and prefixes; never paste the whole key"
        raise NotFound(f"there is no key with id or prefix {key[:12]!r}", hint=hint)
    authorize_self_or(db, found.user_id, "accounts:admin")
    return db.one("accounts.revoke_key", ApiKey, id=found.id)
