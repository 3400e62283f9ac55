"""Make the data folder, or judge the one that is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from steward.kit.embedded.account import Account
from steward.kit.embedded.area import Area
from steward.kit.embedded.binaries import MAJOR
from steward.kit.errors import Unavailable

SUPERUSER = "postgres"
_NEW = "data.new-"
_INITDB = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth-local=peer",
    "--auth-host=scram-sha-256",
    "--data-checksums",
    "--no-instructions",
)


def server_environment() -> Mapping[str, str]:
    """Return a bare environment: the caller's may hold secrets, and PG* variables that misdirect the server."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", **kept, "LC_ALL": "C", "TZ": "UTC"}


def ensure(area: Area, programs: Path, account: Account, fast: bool, progress: Callable[[str], None]) -> None:
    """Leave a data folder that this server can run: the one there, or a new one.

    Args:
        area: the places; the caller holds its start lock.
        programs: the folder of initdb.
        account: whom the data belongs to.
        fast: skip the flush to disk (tests only).
        progress: told what is done.

    Raises:
        Unavailable: the folder holds a cluster of another version or a damaged one, or initdb failed. Nothing is lost.
    """
    for left in area.root.glob(f"{_NEW}*"):
        shutil.rmtree(left, ignore_errors=True)
    version = _version(area.data)
    if version == MAJOR:
        return
    if version is not None:
        raise Unavailable(
            f"{area.data} holds data of PostgreSQL {version}, and these programs are version {MAJOR}",
            hint=f"nothing was changed. Go back to the Steward release with PostgreSQL {version} and take a backup "
            f"there, or run pg_upgrade, or move the folder away to begin anew",
        )
    _set_aside(area.data, progress)
    _create(area, programs, account, fast, progress)


def _version(data: Path) -> str | None:
    try:
        return (data / "PG_VERSION").read_bytes()[:16].decode(errors="replace").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _set_aside(data: Path, progress: Callable[[str], None]) -> None:
    """Move away a folder that never became a cluster; refuse one that was."""
    if not data.exists():
        return
    if (data / "global" / "pg_control").exists():
        raise Unavailable(
            f"{data} holds a cluster without its PG_VERSION file",
            hint=f"the folder is damaged and was left as it is: restore a backup, or put the line {MAJOR} into "
            f"{data / 'PG_VERSION'} if you know that only this file was lost",
        )
    aside = data.with_name(f"data.incomplete-{time.time_ns()}")
    data.rename(aside)
    progress(f"moved a folder that holds no cluster to {aside}")


def _create(
    area: Area, programs: Path, account: Account, fast: bool, progress: Callable[[str], None]
) -> None:
    progress("creating the database cluster")
    fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=area.root))
    try:
        if not account.is_caller:
            os.chown(fresh, account.uid, account.gid)
        _initdb(programs, fresh, account, fast)
        # Only a finished cluster ever gets the name that counts.
        fresh.rename(area.data)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _flush_folder(area.root)


def _initdb(programs: Path, data: Path, account: Account, fast: bool) -> None:
    command = [str(programs / "initdb"), f"--pgdata={data}", *_INITDB, *(["--no-sync"] if fast else [])]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=server_environment(),
        umask=0o077,
        check=False,
        **account.popen_options(),
    )
    if done.returncode == 0:
        return
    said = done.stdout.decode(errors="replace").splitlines()[-15:]
    raise Unavailable(
        f"initdb failed: {said[-1] if said else f'exit status {done.returncode}'}",
        hint=f"see that {data.parent} can be written and its disk has 100 MB free",
        detail={"log": said},
    )


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
