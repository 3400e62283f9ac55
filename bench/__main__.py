"""`python -m bench [suite]`: measure one suite, or all."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.figures import Figure, Sheet
from bench.harness import House, largest_file, wait_for_quiet
from bench.work_claims import Yard
from bench.work_data import build

SUITES = ("skeleton", "work", "transcripts", "otlp", "hooks", "sessions", "cost")


@dataclass(slots=True)
class Bench:
    """What the lines of a suite share: how often to run, and one home with the largest real file in it."""

    runs: int | None = None
    tasks: int = 1_000_000
    _house: House | None = field(default=None)
    _large: House | None = field(default=None)
    _yard: Yard | None = field(default=None)
    _spending: House | None = field(default=None)

    def times(self, usual: int) -> int:
        """Return how often to repeat: as told on the command line, else as usual."""
        return self.runs or usual

    def house(self) -> House:
        """Return the shared home: up, with the largest tasks file imported; made at first use."""
        if self._house is None:
            self._house = House()
            self._house.up()
            self._house.steward("import", str(largest_file()[0])).checked()
        return self._house

    def large(self) -> House:
        """Return the shared home with a million tasks, or as many as told on the command line; made at first use."""
        if self._large is None:
            self._large = House("large")
            self._large.up()
            build(self._large.url_of("owner"), self.tasks, self.tasks // 10, self.tasks * 3 // 10)
        return self._large

    def yard(self) -> Yard:
        """Return the shared home for races; made at first use."""
        if self._yard is None:
            house = House("yard")
            house.up()
            self._yard = Yard(house)
        return self._yard

    def spending(self) -> House:
        """Return the shared home with a year of spending, as many responses as tasks; made at first use."""
        if self._spending is None:
            from bench import cost

            self._spending = House("spending")
            self._spending.up()
            cost.build(self._spending.url_of("owner"), self.tasks)
        return self._spending

    def close(self) -> None:
        """End and remove the shared homes."""
        for house in (self._house, self._large, self._yard.house if self._yard else None, self._spending):
            if house is not None:
                house.__exit__()
        self._house = self._large = self._yard = self._spending = None


Line = Callable[[Bench], Iterator[Figure]]


def _lines(suite: str, only: list[str]) -> list[Line]:
    known: list[Line] = list(importlib.import_module(f"bench.{suite}").LINES)
    names = [line.__name__ for line in known]
    unknown = sorted(set(only) - set(names))
    if unknown:
        sys.exit(f"{suite} has no line {', '.join(unknown)}; it has {', '.join(names)}")
    return [line for line in known if not only or line.__name__ in only]


@contextmanager
def _shared(runs: int | None, tasks: int) -> Iterator[Bench]:
    bench = Bench(runs, tasks)
    try:
        yield bench
    finally:
        bench.close()


def measure(
    suite: str, only: list[str], runs: int | None, quiet_s: float = 0.0, tasks: int = 1_000_000
) -> Sheet:
    """Measure the lines of a suite, one after the other; a line that breaks leaves the others alone.

    Args:
        suite: which.
        only: names of lines; all when empty.
        runs: how often to repeat each measurement; as usual when None.
        quiet_s: how long to wait before each line for others to leave the machine alone.
        tasks: how many the large house holds.
    """
    sheet = Sheet(suite)
    lines = _lines(suite, only)
    with _shared(runs, tasks) as bench:
        for line in lines:
            wait_for_quiet(quiet_s)
            began = time.perf_counter()
            print(f"{line.__name__} ...", end=" ", file=sys.stderr, flush=True)
            try:
                sheet.figures += line(bench)
            except Exception as exc:  # noqa: BLE001 - the rest of the table is worth having
                sheet.failed.append(f"{line.__name__}: {type(exc).__name__}: {exc}")
            print(f"{time.perf_counter() - began:.1f} s", file=sys.stderr)
    return sheet


def main() -> int:
    """Measure, print, keep. The status is 1 when a limit is missed or a line could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suite", nargs="?", choices=SUITES, help="which suite; all when left out")
    parser.add_argument(
        "--only", action="append", default=[], metavar="LINE", help="only this line (repeatable)"
    )
    parser.add_argument("--runs", type=int, help="how often to repeat each measurement")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how many tasks the large house holds")
    parser.add_argument(
        "--wait-for-quiet",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="before each line, at most so long",
    )
    given = parser.parse_args()
    status = 0
    for suite in [given.suite] if given.suite else SUITES:
        sheet = measure(suite, given.only, given.runs, given.wait_for_quiet, given.tasks)
        sheet.show()
        print(f"kept in {sheet.keep()}")
        status = status if sheet.ok else 1
    return status


if __name__ == "__main__":
    sys.exit(main())
