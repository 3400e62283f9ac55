"""What a run of the acceptance tells: one line for each fact, PASS or FAIL, with the figures that show it."""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Run:
    """One run: what to leave out, where to put pictures, what was found so far.

    Attributes:
        pictures: a folder for screenshots; it stays.
        with_tests: run the whole test suite in the fresh clone too.
    """

    pictures: Path
    with_tests: bool = True
    failed: list[str] = field(default_factory=list)
    passed: int = 0

    def check(self, fact: str, holds: bool, figures: object = "") -> bool:
        """Print one fact and remember it when it does not hold."""
        told = f"  ({figures})" if figures not in ("", None) else ""
        print(f"  {'PASS' if holds else 'FAIL'}  {fact}{told}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed.append(fact)
        return holds

    def say(self, text: str) -> None:
        """Print something that is no fact to check."""
        print(f"        {text}", flush=True)

    @contextmanager
    def item(self, number: int, title: str) -> Iterator[None]:
        """Frame one item; what breaks in it fails it and leaves the others alone."""
        began = time.perf_counter()
        print(f"{number}. {title}", flush=True)
        try:
            yield
        except Exception as exc:
            traceback.print_exc()
            self.check(f"item {number} runs to its end", False, f"{type(exc).__name__}: {exc}"[:500])
        print(f"   {time.perf_counter() - began:.1f} s", flush=True)


Item = Callable[[Run], None]


def main(name: str, doc: str | None, items: Mapping[int, tuple[str, Item]]) -> int:
    """Run the items that the command line asks for; the status is 1 when a fact does not hold."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.acceptance.{name}", description=doc)
    parser.add_argument(
        "--only", type=int, action="append", choices=items, help="only this item (repeatable)"
    )
    parser.add_argument(
        "--pictures", type=Path, help="where screenshots go; a new temporary folder otherwise"
    )
    given = parser.parse_args()
    pictures = given.pictures or Path(tempfile.mkdtemp(prefix="steward-pictures-"))
    pictures.mkdir(parents=True, exist_ok=True)
    run = Run(pictures)
    for number in given.only or items:
        title, item = items[number]
        with run.item(number, title):
            item(run)
    print(f"{run.passed} facts hold, {len(run.failed)} do not")
    for fact in run.failed:
        print(f"  FAIL  {fact}")
    return 1 if run.failed else 0
