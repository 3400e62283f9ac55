"""Figures: a value beside its limit, how it was taken, and how they are shown and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured line.

    Attributes:
        name: what was measured.
        value: the middle of the runs, in `unit`.
        limit: the most it may be; None for what is only told.
        runs: every run, in order.
        baseline: what it is compared with in the same run, and its value in the same unit.
        note: what has to be known to judge it.
    """

    name: str
    value: float
    unit: str = "ms"
    limit: float | None = None
    runs: tuple[float, ...] = ()
    baseline: str = ""
    baseline_value: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the limit holds."""
        if self.limit is None:
            return "told"
        return "holds" if self.value <= self.limit else "MISSED"

    @property
    def ratio(self) -> float | None:
        """Return how many times the baseline it is; ratios survive a noisy machine, absolute figures do not."""
        return self.value / self.baseline_value if self.baseline_value else None

    def as_json(self) -> dict[str, Any]:
        """Return the figure with what follows from it."""
        return asdict(self) | {"verdict": self.verdict, "ratio": self.ratio}


def timed(name: str, seconds: Sequence[float], **known: Any) -> Figure:
    """Return the median of runs in milliseconds."""
    runs = tuple(round(run * 1000, 1) for run in seconds)
    return Figure(name, statistics.median(runs), runs=runs, **known)


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median of runs in milliseconds."""
    return round(statistics.median(seconds) * 1000, 1)


@dataclass(slots=True)
class Sheet:
    """All figures of one run, with the machine they were taken on."""

    suite: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    figures: list[Figure] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every line was measured and every limit holds."""
        return not self.failed and all(figure.verdict != "MISSED" for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """Return everything as it is kept."""
        return {
            "suite": self.suite,
            "started_at": self.started_at.isoformat(),
            "machine": _machine(),
            "ok": self.ok,
            "failed": self.failed,
            "figures": [figure.as_json() for figure in self.figures],
        }

    def keep(self) -> Path:
        """Write the JSON file of this run."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.suite}-{self.started_at:%Y%m%dT%H%M%SZ}.json"
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n", "utf-8")
        return path

    def show(self) -> None:
        """Print the table."""
        table = Table(title=f"{self.suite}: {_commit()}, {self.started_at:%Y-%m-%d %H:%M} UTC")
        for head in ("figure", "median", "min to max", "limit", "verdict", "beside", "ratio"):
            table.add_column(head, justify="left" if head in ("figure", "beside", "verdict") else "right")
        for figure in self.figures:
            table.add_row(*_cells(figure))
        Console(width=None if os.environ.get("COLUMNS") else 150).print(table)
        for figure in self.figures:
            if figure.note:
                print(f"  {figure.name}: {figure.note}")
        for text in self.failed:
            print(f"  NOT MEASURED {text}")


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = f"{_number(min(figure.runs))} to {_number(max(figure.runs))}" if len(figure.runs) > 1 else ""
    limit = "" if figure.limit is None else f"{_number(figure.limit)} {figure.unit}"
    style = {"holds": "[green]holds[/]", "MISSED": "[bold red]MISSED[/]"}.get(figure.verdict, "")
    beside = f"{figure.baseline} {_number(figure.baseline_value)}" if figure.baseline_value else ""
    ratio = f"{figure.ratio:.2f}x" if figure.ratio else ""
    return (figure.name, f"{_number(figure.value)} {figure.unit}", spread, limit, style, beside, ratio)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _commit() -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no git"


def _machine() -> dict[str, Any]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "load": [round(part, 2) for part in os.getloadavg()],
    }
