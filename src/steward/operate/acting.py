"""As whom the command line acts: the operating system's user, on the project that the working folder names."""

from __future__ import annotations

import getpass
import socket
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from steward.domains import accounts, projects
from steward.kit import git
from steward.kit.config import Settings, write_private
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import NotFound


def actor_for_cli(database: Database, settings: Settings, *, surface: str = "cli") -> Actor:
    """Return the actor of a command: the operating system's user, the agent named, the project in hand.

    Args:
        database: where the user is looked up, and made an administrator at the very first command.
        settings: with the agent and project that flags or environment name.
        surface: through what it acts, for the audit.
    """
    nobody = Actor(role="admin", surface=surface)
    with database.transaction(nobody, operation="accounts.enter") as db:
        principal = accounts.principal_for_os_user(db, username=getpass.getuser())
        project = settings.project or _in_hand(db)
    actor = principal.actor(surface=surface, project=project)
    return replace(actor, agent=settings.agent) if settings.agent else actor


def ensure_key(database: Database, settings: Settings) -> None:
    """Keep a good key of the operating system's user in the home (0600), for the browser and programs of this home.

    Args:
        database: where the key is checked, and made when there is none or it was revoked.
        settings: of which home; the caller holds the lock of starting.
    """
    kept = _kept_key(settings)
    # Several homes may share a database: none of them may revoke another's key.
    name = f"local {socket.gethostname()} {settings.home}"[:200]
    with database.transaction(Actor(role="admin", surface="cli"), operation="accounts.enter") as db:
        principal = accounts.principal_for_os_user(db, username=getpass.getuser())
        key = accounts.ensure_local_key(db, user_id=principal.user_id, key=kept, name=name)
    if key != kept:
        write_private(settings.key_file, f"{key}\n")


def _kept_key(settings: Settings) -> str | None:
    try:
        return settings.key_file.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def _in_hand(db: Db) -> str | None:
    """Return the project of the working folder: by the remote of its repository, else by its path."""
    folder = _working_folder()
    if folder is None:
        return None
    remote = git.remote_url(folder)
    found = _by_remote(db, remote) if remote else None
    found = found or _by_path(db, folder)
    return str(found) if found else None


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None


def _by_remote(db: Db, remote: str) -> UUID | None:
    try:
        return projects.resolve_id(db, remote)
    except NotFound:
        return None


def _by_path(db: Db, folder: Path) -> UUID | None:
    root = git.repository_root(folder) or folder
    return projects.find_by_path(db, str(root))
