"""Collects what is odd while a file is read, and finds the lines only when there is something to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from steward.importers.model import Oddity, Path, place_of

KEPT = "kept in the original only"


class Lines(Protocol):
    """Knows on which line of its file a value stands."""

    def line(self, path: Path) -> int | None:
        """Return the line of a value, or of the nearest value around it."""


class Notes:
    """The growing list of oddities of one file."""

    def __init__(self) -> None:
        self._items: list[tuple[Path, int | None, str, str, str]] = []

    def add(self, path: Path, kind: str, message: str, action: str, line: int | None = None) -> None:
        """Note one oddity at a path."""
        self._items.append((path, line, kind, message, action))

    def oddities(
        self, places: Callable[[], Lines], order: Callable[[Path], int] = lambda _: 0
    ) -> tuple[Oddity, ...]:
        """Return all of them with their lines, in file order.

        Args:
            places: finds lines.
            order: tells which of several files a place is in.
        """
        if not self._items:
            return ()
        index = places()
        found = [
            (order(path), Oddity(place_of(path), line or index.line(path), kind, message, action))
            for path, line, kind, message, action in self._items
        ]
        found.sort(key=lambda each: (each[0], each[1].line or 0))
        return tuple(oddity for _, oddity in found)
