"""What a run of the acceptance tells: one line for each fact, PASS or FAIL, with the figures that show it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
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
