"""Where a home keeps its server: folders and files, as root and as an ordinary user.

As an ordinary user everything stands in `<home>/postgres`. As root the server is another account, which could not
enter a private home: everything stands in `/var/lib/steward/<key>` instead. The folder itself and its configuration
stay root's there, and only `data` and `run` belong to the server, so that a server gone bad cannot make root write
through a planted link.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from steward.kit.embedded.account import Account
from steward.kit.errors import Invalid, Unavailable

ROOT_DIR = "/var/lib/steward"
SHORT_PLACE = Path("/tmp")  # noqa: S108 - what is made there is private, and verified to be
# A socket's path must stay below 104 bytes on macOS (108 on Linux); its file name takes 15 and the slash one.
MAX_SOCKET_DIR = 87


@dataclass(frozen=True)
class Area:
    """The places of one home's server."""

    home: Path
    key: str
    root: Path
    shared: Path | None

    @property
    def data(self) -> Path:
        """The cluster (PGDATA)."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.root / "postgres.log"

    @property
    def config(self) -> Path:
        """The generated configuration."""
        return self.root / "server.conf"

    @property
    def user_config(self) -> Path:
        """Settings of the user's own, which win."""
        return self.root / "user.conf"

    @property
    def hba(self) -> Path:
        """The generated authentication rules."""
        return self.root / "hba.conf"

    @property
    def ident(self) -> Path:
        """The generated map from operating system users to database roles."""
        return self.root / "ident.conf"

    @property
    def record(self) -> Path:
        """Which process we started, and when."""
        return self.root / "postmaster.json"

    @property
    def start_lock(self) -> Path:
        """Held while somebody starts or stops the server."""
        return self.root / "start.lock"

    @property
    def life_lock(self) -> Path:
        """Held by every process of the server for as long as it lives."""
        return self.root / "life.lock"

    @property
    def tcp(self) -> Path:
        """The TCP port, when TCP is on."""
        return self.root / "tcp.json"

    @property
    def password(self) -> Path:
        """The password for TCP."""
        return self.home / "postgres-password"

    @property
    def socket_dir(self) -> Path:
        """The folder of the unix socket: beside the data, or a short one where that path cannot serve.

        It depends on the home and the user alone, never on the environment, so that every process finds it.
        $XDG_RUNTIME_DIR is not used: it is removed at logout, under a server that lives on.
        """
        inside = self.root / "run"
        return inside if _can_hold_socket(inside) else SHORT_PLACE / f"steward-{os.geteuid()}-{self.key}"


def area_for(home: Path) -> Area:
    """Return the area of a home.

    Raises:
        Invalid: the path of the home cannot be one of a server's.
    """
    resolved = home.expanduser().resolve()
    if re.search(r"[\r\n\0]", str(resolved)):
        raise Invalid(
            f"the home {str(resolved)!r} has a line break in its path", hint="choose another STEWARD_HOME"
        )
    key = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:16]
    if os.geteuid() != 0:
        return Area(resolved, key, resolved / "postgres", None)
    shared = Path(os.environ.get("STEWARD_ROOT_DIR") or ROOT_DIR).resolve()
    return Area(resolved, key, shared / key, shared)


def make_area(area: Area) -> None:
    """Create the folder of the area with what leads to it; folders that exist keep their owner and mode."""
    if area.shared is None:
        _make(area.home, 0o700)
        _make(area.root, 0o700)
        return
    _make(area.shared, 0o755)
    _make(area.root, 0o711)


def _make(folder: Path, mode: int) -> None:
    """Create the folder if need be; its mode is set whatever the mask, but only on a folder made here."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        return
    folder.chmod(mode)


def check_reachable(folder: Path, account: Account) -> None:
    """Refuse when the account could not walk to the folder.

    Raises:
        Unavailable: a parent folder is closed to the account; it is named, and left as it is.
    """
    for parent in [folder, *folder.parents]:
        if not _may_enter(parent.stat(), account):
            raise Unavailable(
                f"the server's account '{account.name}' cannot enter {parent}",
                hint="set STEWARD_ROOT_DIR to a folder that every account may enter (its parents too)",
            )


def make_socket_dir(area: Area, account: Account) -> None:
    """Create the folder of the socket, private to the server's account, or verify that it is.

    Raises:
        Unavailable: something else stands there, or others may enter it.
    """
    folder = area.socket_dir
    try:
        folder.mkdir(mode=0o700)
        if not account.is_caller:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) != 0o700:
        raise Unavailable(f"{folder} is not a folder of mode 0700", hint="look who made it, then remove it")
    if found.st_uid == account.uid:
        return
    if found.st_uid != os.geteuid() and folder.parent != area.root:
        raise Unavailable(
            f"{folder} belongs to user id {found.st_uid}", hint="look who made it, then remove it"
        )
    os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def own_data(area: Area, account: Account) -> None:
    """Give the cluster to the account where a restored volume or new container left it with another user id."""
    if account.is_caller or area.data.stat().st_uid == account.uid:
        return
    for _, folders, files, here in os.fwalk(area.data):
        for name in [*folders, *files]:
            os.chown(name, account.uid, account.gid, dir_fd=here, follow_symlinks=False)
    os.chown(area.data, account.uid, account.gid, follow_symlinks=False)


def _can_hold_socket(folder: Path) -> bool:
    """Tell whether both the server's list of folders and libpq's list of hosts can carry the path."""
    try:
        raw = str(folder).encode()
    except UnicodeEncodeError:
        return False
    return len(raw) <= MAX_SOCKET_DIR and re.fullmatch(r"/[\w./ +=~@-]*", str(folder)) is not None


def _may_enter(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
