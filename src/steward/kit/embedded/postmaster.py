"""Which process is the server: read from its files, believed only after the process itself was looked at.

A process id alone proves nothing: after a restart of the machine or container it may be anybody's. A process counts
as this home's postmaster only when it is a live `postgres` whose arguments name this data folder and whose start
time is the recorded one. Nothing else is ever signalled.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

# Between the birth of the process and the second that it writes into its file, on a busy machine.
START_TOLERANCE = 10.0
# Process start times are read in ticks and the boot time in whole seconds.
CLOCK_GRAIN = 2.0


@dataclass(frozen=True)
class PidFile:
    """What `postmaster.pid` says."""

    pid: int
    started: int
    port: int | None
    socket_dir: str
    ready: bool


def pid_file_path(data: Path) -> Path:
    """Return where the server keeps its process id."""
    return data / "postmaster.pid"


def read_pid_file(data: Path) -> PidFile | None:
    """Return what the server wrote, or None when the file is absent, empty or cut off."""
    try:
        lines = pid_file_path(data).read_bytes()[:4096].decode(errors="replace").split("\n")
        pid, started = int(lines[0]), int(lines[2])
    except (OSError, ValueError, IndexError):
        return None
    rest = [line.strip() for line in lines[3:]] + [""] * 8
    port = int(rest[0]) if rest[0].isdigit() else None
    return PidFile(abs(pid), started, port, rest[1], rest[4] == "ready")


def find(data: Path, record: Path) -> psutil.Process | None:
    """Return the verified postmaster of the data folder, or None.

    Args:
        data: the data folder.
        record: the file written by `remember`.
    """
    noted = read_pid_file(data)
    if noted is None:
        return None
    process = _postgres(noted.pid, data)
    return process if process is not None and _same_start(process, noted, record) else None


def remember(record: Path, pid: int) -> None:
    """Note a process that we started, by its age since boot: a clock set later moves both ends alike."""
    import psutil

    try:
        age = psutil.Process(pid).create_time() - psutil.boot_time()
    except psutil.Error:
        return
    fresh = record.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": pid, "since_boot": round(age, 2)}), encoding="utf-8")
    fresh.replace(record)


def orphans(title: str) -> list[psutil.Process]:
    """Return live server processes with the title whose postmaster is gone.

    Args:
        title: the cluster's name, which every child of the server bears in its title.
    """
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and _is_child(process, title):
                found.append(process)
        except psutil.Error:
            continue
    return found


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Signal a verified process; psutil checks once more that the id was not taken over meanwhile."""
    import psutil

    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def is_alive(process: psutil.Process) -> bool:
    """Tell whether the process still runs; a zombie does not."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _postgres(pid: int, data: Path) -> psutil.Process | None:
    """Return the process if it is a live postmaster of the data folder by its name and arguments.

    Its working folder would tell too, but in a container root may not read that of another account.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        named = process.name() == "postgres" and is_alive(process)
        return process if named and _names_data(process.cmdline(), data) else None
    except psutil.Error:
        return None


def _names_data(arguments: list[str], data: Path) -> bool:
    if not arguments or Path(arguments[0]).name != "postgres":
        return False
    return any(a == "-D" and b == str(data) for a, b in pairwise(arguments))


def _same_start(process: psutil.Process, noted: PidFile, record: Path) -> bool:
    import psutil

    if abs(process.create_time() - noted.started) <= START_TOLERANCE:
        return True
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        same_pid, since_boot = known["pid"] == noted.pid, float(known["since_boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return same_pid and abs(process.create_time() - psutil.boot_time() - since_boot) <= CLOCK_GRAIN


def _is_child(process: psutil.Process, title: str) -> bool:
    import psutil

    line = " ".join(process.cmdline())
    if not line.startswith(f"postgres: {title}:"):
        return False
    parent = process.parent()
    return parent is None or parent.name() != "postgres" or parent.status() == psutil.STATUS_ZOMBIE
