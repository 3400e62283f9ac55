"""How fast transcripts come in: a history of half a gigabyte into a fresh home, the same again, and a growing file.

The whole of `steward import` is measured, through the command line, with audit and authorisation on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

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
        first = house.steward("--json", "import", str(folder), timeout_s=1800)
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
        again = house.steward("--json", "import", str(folder)).checked()
        assert not again.json()["statistics"]["changes"]
        yield Figure("again, nothing to do", again.seconds, "s", note=f"{len(report['files'])} files")
        grown = _largest(folder)
        more = tail(grown, 1_000_000)
        third = house.steward("--json", "import", str(folder))
        lines = third.json()["statistics"]["changes"]["lines"]
        yield Figure("a file that has grown", third.seconds, "s", note=f"{more / 1e6:.1f} MB, {lines} lines")


def _largest(folder: Path) -> Path:
    return max(folder.rglob("*.jsonl"), key=lambda path: path.stat().st_size)


LINES = (history,)
