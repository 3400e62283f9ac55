"""Which project a session belongs to: the one named by the caller, else that of its repository or folder."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID

from steward.domains import projects
from steward.domains.telemetry import SessionTold, UnplacedSession, clean
from steward.importers.project import find_or_create
from steward.importers.target import Target
from steward.kit.db import Actor, Database, Db, translated
from steward.kit.errors import Denied, NotFound
from steward.kit.git import remote_url, repository_root

_CREDENTIALS = re.compile(r"://[^/@]*@")


@dataclass(slots=True)
class Placing:
    """Finds projects for sessions, each place once a run.

    Attributes:
        project: what the caller named.
        create: make projects for places that are not on this machine, too.
        unknown: places without a project, and how many sessions each has.
    """

    database: Database
    actor: Actor
    project: str | None = None
    create: bool = False
    unknown: dict[str, set[UUID]] = field(default_factory=dict)
    _found: dict[tuple[str | None, str | None], UUID | None] = field(default_factory=dict)

    def place(self, told: SessionTold | UnplacedSession) -> UUID | None:
        """Return the project of a session, None when it is not known."""
        repository, cwd = _storable(told.repository_url), _storable(told.cwd)
        key = (None, None) if self.project else (repository, cwd)
        if key not in self._found:
            if not self.project and key == (None, None):
                return None
            self._found[key] = self._look(*key)
        found = self._found[key]
        if found is None:
            self.unknown.setdefault(cwd or repository or "", set()).add(told.id)
        return found

    def _look(self, repository: str | None, cwd: str | None) -> UUID | None:
        try:
            # What the database refuses is a refusal like any other.
            with translated(), self.database.transaction(self.actor, operation="importers.place") as db:
                found = self._of(db, repository, cwd)
                db.touched.add("projects")
                return found
        except Denied:
            # Who may not make projects still may tell of sessions.
            return None

    def _of(self, db: Db, repository: str | None, cwd: str | None) -> UUID | None:
        if self.project:
            return find_or_create(db, Target(self.project, None, None, ""), self.project).id
        here = _here(cwd)
        remote = repository or (remote_url(here) if here else None)
        remote = _CREDENTIALS.sub("://", remote) if remote else None
        found = _named(db, remote) if remote else None
        found = found or (projects.find_by_path(db, cwd) if cwd else None)
        if found is not None:
            return None if found == projects.SYSTEM_PROJECT else found
        root = (repository_root(here) or here) if here else None
        if root is None and not self.create:
            return None
        path = cwd or ""
        name = _last_part(remote) if remote else _name(str(root) if root else path)
        return find_or_create(db, Target(name, root, remote if root or not cwd else None, ""), None).id


def _here(cwd: str | None) -> Path | None:
    """Return a folder that exists on this machine and can be a project: homes and the like hold everything."""
    if not cwd or "\0" in cwd:
        return None
    path = Path(cwd)
    try:
        if not path.is_absolute() or not path.is_dir():
            return None
        path = path.resolve()
        shared = {Path("/"), Path.home().resolve(), Path(tempfile.gettempdir()).resolve(), Path("/tmp")}  # noqa: S108
    except (OSError, RuntimeError):
        return None
    return None if path in shared else path


def _storable(text: str | None) -> str | None:
    return clean(text) if text else None


def _named(db: Db, remote: str) -> UUID | None:
    try:
        return projects.resolve_id(db, remote)
    except NotFound:
        return None


def _last_part(remote: str) -> str:
    return remote.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2]


def _name(path: str) -> str:
    """Return the last part of a path, whichever system it is of."""
    pure = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    return pure.name or "project"
