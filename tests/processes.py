"""What tests ask of processes."""

from __future__ import annotations

import psutil


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended; that nobody has read its status yet does not keep it alive."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
