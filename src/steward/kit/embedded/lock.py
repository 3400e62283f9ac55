"""Advisory file locks between processes.

Two are used. The start lock serialises those who start and stop the server. The life lock is inherited by the server
and all its children, so the kernel itself tells whether any of them still lives: no process id can be mistaken, and
another container that shares the folder sees it too.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from steward.kit.errors import Unavailable

PAUSE = 0.01


def take(path: Path, *, shared: bool = False) -> int | None:
    """Take the lock at once and return its descriptor, or None when somebody holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock alone; looking does not disturb others who look."""
    if not path.exists():
        return False
    fd = take(path, shared=True)
    if fd is None:
        return True
    os.close(fd)
    return False


@contextmanager
def holding(path: Path, waiting: Callable[[float], None], limit: float) -> Iterator[None]:
    """Hold the lock for a block.

    Args:
        path: the lock's file.
        waiting: called with the seconds waited so far, while somebody else holds it.
        limit: seconds to wait at most.

    Raises:
        Unavailable: the lock was not free in time.
    """
    began = time.monotonic()
    while (fd := take(path)) is None:
        waited = time.monotonic() - began
        if waited > limit:
            raise Unavailable(
                f"another process has held {path} for {waited:.0f} s",
                hint="it starts or stops the same server: look what it waits for, or end it, then try again",
            )
        waiting(waited)
        time.sleep(PAUSE)
    try:
        yield
    finally:
        os.close(fd)
