"""Who is asking: what surfaces call before an operation runs. No operation itself."""

from __future__ import annotations

from uuid import UUID

from steward.domains.accounts.ops_keys import make_key
from steward.domains.accounts.secrets import digest, new_token, prefix_of
from steward.domains.accounts.types import Principal
from steward.kit.db import Db
from steward.kit.errors import Denied, Unauthenticated

LINK_SECONDS = 10 * 60
SESSION_SECONDS = 30 * 24 * 3600


def identify_key(db: Db, *, key: str) -> Principal | None:
    """Return whose key this is, None when it is none, or revoked, expired, or its user may not log in.

    Notes the use of the key once a minute at most, unless the transaction only reads.
    """
    prefix = prefix_of(key)
    if prefix is None:
        return None
    return db.maybe("accounts.identify_key", Principal, key_hash=digest(key), key_prefix=prefix)


def _principal(db: Db, user_id: UUID) -> Principal:
    found = db.maybe("accounts.principal", Principal, id=user_id)
    if found is None:
        raise Denied("this user may not log in", hint="an administrator can activate the user")
    return found


def principal_for_os_user(db: Db, *, username: str) -> Principal:
    """Return the user of the operating system's user, made an administrator when new.

    For single-user mode: whoever can open the installation's own database can do anything in it, so a lesser role would
    protect nothing.

    Raises:
        Denied: an administrator deactivated that user.
    """
    return _principal(db, db.value("accounts.ensure_admin", username=username))


def ensure_local_key(db: Db, *, user_id: UUID, key: str | None, name: str = "local") -> str:
    """Return the key of the installation's own clients: the one given while it is good, else a new one.

    Args:
        db: the transaction.
        user_id: whose key.
        key: what the key file holds, None when there is none.
        name: the name under which such keys are listed; older ones of that name are revoked.
    """
    if key is not None:
        known = identify_key(db, key=key)
        if known is not None and known.user_id == user_id and known.agent is None:
            return key
    db.run("accounts.revoke_keys_named", user_id=user_id, name=name)
    return make_key(db, user_id=user_id, name=name, agent=None, days=None).key


def create_login_link(db: Db, *, user_id: UUID) -> str:
    """Return the token of a link that logs this user in once, within ten minutes.

    Raises:
        Denied: the user may not log in.
    """
    _principal(db, user_id)
    token = new_token()
    db.run("accounts.add_link", user_id=user_id, link_hash=digest(token), seconds=LINK_SECONDS)
    return token


def redeem_login_link(db: Db, *, token: str, ip: str | None = None, user_agent: str | None = None) -> str:
    """Turn the token of a link into that of a session, for a cookie; good for thirty days.

    Raises:
        Unauthenticated: the link is unknown, used, or too old.
    """
    session = new_token()
    user_id = db.value(
        "accounts.redeem_link",
        link_hash=digest(token),
        token_hash=digest(session),
        seconds=SESSION_SECONDS,
        ip=ip,
        user_agent=user_agent,
    )
    if user_id is None:
        hint = "`steward open` makes a new one; a link works once, within ten minutes"
        raise Unauthenticated("this login link is unknown, used or too old", hint=hint)
    return session


def identify_session(db: Db, *, token: str) -> Principal | None:
    """Return whose session this is, None when there is none or it ended."""
    return db.maybe("accounts.identify_session", Principal, token_hash=digest(token))


def end_session(db: Db, *, token: str) -> None:
    """End a session; an unknown one is no error."""
    db.run("accounts.end_session", token_hash=digest(token))
