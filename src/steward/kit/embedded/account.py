"""The operating system account that the server runs as."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.kit.errors import Unavailable

DEDICATED = ("steward", "steward-db")
FALLBACKS = ("postgres", "_postgres", "daemon", "nobody")
FIRST_PERSON_UID = 1000


@dataclass(frozen=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """Tell whether this process already runs as the account."""
        return self.uid == os.geteuid()

    def popen_options(self) -> dict[str, Any]:
        """Return the `subprocess` options that start a child as this account and nothing more."""
        if self.is_caller:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def caller() -> Account:
    """Return the account of this process.

    Raises:
        Unavailable: the user id has no entry in the machine's user database; PostgreSQL then refuses to run.
    """
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise Unavailable(
            f"user id {uid} has no entry in the user database, and PostgreSQL refuses to run without one",
            hint="add the user to /etc/passwd, or point STEWARD_DATABASE_URL at a server of your own",
        ) from None
    return _account(entry)


def find_dedicated() -> Account | None:
    """Return the dedicated account when it exists already."""
    for name in DEDICATED:
        entry = _entry(name)
        if entry is not None and not _is_person(entry):
            return _account(entry)
    return None


def ensure_dedicated(progress: Callable[[str], None]) -> Account:
    """Return the dedicated account, created if missing; without `useradd` an existing unprivileged one, said aloud.

    Raises:
        Unavailable: the machine has no account that the server could run as.
    """
    found = find_dedicated() or _create(progress)
    if found is not None:
        return found
    for name in FALLBACKS:
        entry = _entry(name)
        if entry is not None and entry.pw_uid != 0:
            progress(
                f"no account 'steward' could be created: the server runs as '{name}', shared with others"
            )
            return _account(entry)
    raise Unavailable(
        "PostgreSQL does not run as root, and this machine has no account to run it as",
        hint="create one: useradd --system --no-create-home steward",
    )


def _create(progress: Callable[[str], None]) -> Account | None:
    tool = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    name = next((name for name in DEDICATED if _entry(name) is None), None)
    if tool is None or name is None:
        return None
    progress(f"creating the system account '{name}'")
    command = [tool, "--system", "--no-create-home", "--home-dir", "/", "--shell", _nologin(), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        progress(f"useradd failed: {done.stderr.strip()}")
    return find_dedicated()


def _nologin() -> str:
    candidates = ("/usr/sbin/nologin", "/sbin/nologin")
    return next((path for path in candidates if Path(path).exists()), "/bin/false")


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _is_person(entry: pwd.struct_passwd) -> bool:
    """Tell whether the entry is someone who logs in: such a person must not own everybody's database."""
    return entry.pw_uid == 0 or (
        entry.pw_uid >= FIRST_PERSON_UID and not entry.pw_shell.endswith(("nologin", "false"))
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
