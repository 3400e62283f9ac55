"""How fast transcripts come in: a history of half a gigabyte into a fresh home, the same again, and a growing file.

The whole of `steward import` is measured, through the command line, with audit and authorisation on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.figures import Figure
from bench.harness import House
from bench.transcripts_data import build, tail

if TYPE_CHECKING:
    from bench.__main__ import Bench

SIZE = int(os.environ.get("BENCH_TRANSCRIPTS_MB", "500")) * 1_000_000
LIMIT_S = 60.0
LIMIT_MB_S = 20.0


def history(bench: Bench) -> Iterator[Figure]:
    """Bring a history in; then again, with nothing to do; then what one file has grown by."""
    with House("transcripts") as house:
        folder = house.folder / "claude" / "projects"
        size = build(folder, SIZE)
        house.up()
        before = _server_cpu(house)
        first = house.steward("--json", "import", str(folder), timeout_s=1800)
        served = _server_cpu(house) - before
        megabytes = size / 1e6
        report = first.json()
        changes = report["statistics"]["changes"]
        note = f"{megabytes:.0f} MB, " + ", ".join(f"{count} {name}" for name, count in changes.items())
        yield Figure("history, whole command", first.seconds, "s", LIMIT_S * SIZE / 500e6, note=note)
        yield Figure(
            "history, seconds of client CPU for 20 MB",
            round(first.cpu_seconds / megabytes * LIMIT_MB_S, 3),
            "s",
            1.0,
            note=f"{megabytes / first.cpu_seconds:.1f} MB/s a core, {megabytes / first.seconds:.1f} MB/s in all",
        )
        yield Figure(
            "history, seconds of CPU in all",
            round(first.cpu_seconds + served, 1),
            "s",
            LIMIT_S * SIZE / 500e6,
            note=f"{first.cpu_seconds:.1f} s of them the client's; what it takes where nobody else is at work",
        )
        again = house.steward("--json", "import", str(folder)).checked()
        assert not again.json()["statistics"]["changes"]
        yield Figure("again, nothing to do", again.seconds, "s", note=f"{len(report['files'])} files")
        grown = _largest(folder)
        more = tail(grown, 1_000_000)
        third = house.steward("--json", "import", str(folder))
        lines = third.json()["statistics"]["changes"]["lines"]
        yield Figure("a file that has grown", third.seconds, "s", note=f"{more / 1e6:.1f} MB, {lines} lines")


def _server_cpu(house: House) -> float:
    """Return how much of a processor the database server has had: its own processes and those that have ended."""
    total = 0.0
    for process in psutil.process_iter(["cmdline"]):
        if not any(str(house.folder) in word for word in process.info["cmdline"] or ()):
            continue
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                total += times.user + times.system
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.children_user + times.children_system
    return total


def _largest(folder: Path) -> Path:
    return max(folder.rglob("*.jsonl"), key=lambda path: path.stat().st_size)


LINES = (history,)
