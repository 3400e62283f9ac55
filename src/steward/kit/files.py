"""Files named by the SHA-256 of their content: written whole or not at all, checked whenever they are read.

The database says which contents are in use; this folder only holds them. It belongs to the installation: servers that
share a database share the folder as well.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steward.kit.config import make_private
from steward.kit.errors import Internal, Unavailable

_TEMPORARY = "tmp"


class DamagedFile(Internal):
    """A kept file is not what was put there."""

    code = "damaged_file"


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files named by their content.

    Attributes:
        root: the folder; made when the first file comes.
        most_bytes: how large a file may be.
    """

    root: Path
    most_bytes: int = 25 * 1024 * 1024

    def path(self, sha256: str) -> Path:
        """Return where a content is kept."""
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Keep a content and return its hash; one that is there already is left alone."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        if target.is_file() and target.stat().st_size == len(content):
            return sha256
        make_private(self.root / _TEMPORARY)
        make_private(target.parent)
        temporary = self.root / _TEMPORARY / f"{sha256}.{secrets.token_hex(6)}"
        try:
            _write(temporary, content)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return a content.

        Raises:
            Unavailable: the file is not there.
            DamagedFile: it is another one than was put there.
        """
        try:
            content = self.path(sha256).read_bytes()
        except OSError as exc:
            hint = "servers that share a database must share the folder of files; restore it from a backup"
            raise Unavailable(f"the file {sha256[:12]}… cannot be read: {exc.strerror}", hint=hint) from None
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            hint = "its content changed on disk; restore it from a backup"
            raise DamagedFile(f"the file {sha256[:12]}… now has the hash {found[:12]}…", hint=hint)
        return content

    def remove(self, sha256: str) -> bool:
        """Remove a content; tell whether it was there."""
        try:
            self.path(sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def older(self, slot: int, *, seconds: float) -> Iterator[str]:
        """Return the hashes in one of 256 parts of the folder that were written so many seconds ago or longer."""
        before = time.time() - seconds
        folder = self.root / f"{slot % 256:02x}"
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.stat().st_mtime <= before:
                yield path.name

    def forget_temporary(self, *, seconds: float) -> int:
        """Remove what writers that died left behind; returns how many files."""
        before, gone = time.time() - seconds, 0
        folder = self.root / _TEMPORARY
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.stat().st_mtime <= before:
                path.unlink(missing_ok=True)
                gone += 1
        return gone


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
