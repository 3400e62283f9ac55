"""Which project a file belongs to, and the name it is known by within that project."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from steward.importers.files import plain_name
from steward.importers.taskmaster.config import project_root
from steward.kit.git import remote_url, repository_root

# A name or password in the address of a remote is nobody else's business.
_CREDENTIALS = re.compile(r"://[^/@]*@")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes when the caller does not say.

    Attributes:
        name: name of the project to find or create.
        root: folder of the project, None when the file stands for itself.
        remote: address of its git remote, if any.
        source_name: the name the file is known by within the project.
    """

    name: str
    root: Path | None
    remote: str | None
    source_name: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of a format lie in a project.

    Attributes:
        own_names: names that say nothing of the project; its folder does. None: no name does.
        ends: ends of names behind which a name of its own stands.
        root_of: returns the folder of the project of a file with one of the own names.
    """

    own_names: frozenset[str] | None
    ends: tuple[str, ...]
    root_of: Callable[[Path], Path]


TASKMASTER = Layout(frozenset({"tasks.json"}), (".tasks.json", ".json"), project_root)


def target_of(path: Path, layout: Layout = TASKMASTER) -> Target:
    """Judge by the git remote, else the folder, else the stem of the file's name.

    A file with a name of its own (`shop.tasks.json`) is a project of its own; many of them may share a folder.
    """
    name = plain_name(path)
    if layout.own_names is not None and name not in layout.own_names:
        return Target(_stem(name, layout), None, None, name)
    root = layout.root_of(path)
    repository = repository_root(root)
    remote = _remote(root) if repository else None
    base = repository if remote and repository else root
    relative = (path.resolve().parent / name).relative_to(base).as_posix()
    return Target(_last_part(remote) if remote else root.name or _stem(name, layout), base, remote, relative)


def _stem(name: str, layout: Layout) -> str:
    return next(
        (name[: -len(end)] for end in layout.ends if name.endswith(end) and len(name) > len(end)), name
    )


def _remote(folder: Path) -> str | None:
    found = remote_url(folder)
    return _CREDENTIALS.sub("://", found) if found else None


def _last_part(remote: str) -> str:
    return remote.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2]
