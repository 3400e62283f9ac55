"""As whom the command line acts, with which project in hand, and the key of this home."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from steward.domains import accounts, projects
from steward.kit.config import Settings, write_private
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import Invalid, NotFound, Unauthenticated
from steward.kit.git import remote_url

if TYPE_CHECKING:
    from uuid import UUID

    from steward.domains.accounts import Principal

_NOBODY = Actor(role="admin", surface="cli")


def actor_for_cli(database: Database, settings: Settings, *, surface: str = "cli") -> Actor:
    """Return who acts: the key's owner where a key is set, else the operating system's user; as an agent if named.

    Args:
        database: where users are known.
        settings: names key, agent and project; without a project the working folder's is in hand.
        surface: through what, for the audit.

    Raises:
        Unauthenticated: the key that is set is not known.
        Denied: the user was deactivated.
    """
    with database.transaction(_NOBODY, operation="accounts.identify") as db:
        principal = _principal(db, settings)
        project = settings.project or _project_in_hand(db)
    return principal.actor(
        agent=settings.agent, session=os.environ.get("STEWARD_SESSION"), surface=surface, project=project
    )


def _principal(db: Db, settings: Settings) -> Principal:
    # An address of its own needs no key here: the key is for that server.
    if settings.key and not settings.url:
        found = accounts.identify_key(db, key=settings.key)
        if found is None:
            source = settings.sources.get("key", "STEWARD_KEY")
            raise Unauthenticated(
                f"the key of {source} is unknown, revoked or expired", hint="mend it, or leave it out"
            )
        return found
    return accounts.principal_for_os_user(db, username=getpass.getuser())


def _project_in_hand(db: Db) -> str | None:
    """Return the project of the working folder: by git remote, else the one whose folder it lies in."""
    folder = _working_folder()
    remote = remote_url(folder)
    found = _by_remote(db, remote) if remote else None
    found = found or projects.find_by_path(db, str(folder))
    return str(found) if found is not None else None


def _working_folder() -> Path:
    """Return the folder that the user works in, the root where it was removed meanwhile."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def _by_remote(db: Db, remote: str) -> UUID | None:
    try:
        return projects.resolve_id(db, remote)
    except (NotFound, Invalid):
        return None


def local_key(database: Database, settings: Settings, user_id: UUID) -> str:
    """Return the key of this home's own clients, made and kept (0600) when there is none that is good.

    Args:
        database: where keys are known.
        settings: whose key file.
        user_id: whose key.
    """
    # Not on the way of every command: it watches processes.
    from steward.operate.server import starting

    with starting(settings):
        return ensure_key_file(database, settings, user_id)


def ensure_key_file(database: Database, settings: Settings, user_id: UUID) -> str:
    """Return the key of this home; the caller holds `server.starting`."""
    try:
        known: str | None = settings.key_file.read_text("utf-8").strip() or None
    except OSError:
        known = None
    # Several homes may share a database: none of them may revoke another's key.
    name = f"local {socket.gethostname()} {settings.home}"[:200]
    with database.transaction(_NOBODY, operation="accounts.ensure_local_key") as db:
        key = accounts.ensure_local_key(db, user_id=user_id, key=known, name=name)
    if key != known:
        write_private(settings.key_file, key + "\n")
    return key
