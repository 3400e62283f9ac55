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

    def oddities(self, places: Callable[[], Lines]) -> tuple[Oddity, ...]:
        """Return all of them with their lines, in file order."""
        if not self._items:
            return ()
        index = places()
        found = [
            Oddity(place_of(path), line or index.line(path), kind, message, action)
            for path, line, kind, message, action in self._items
        ]
        return tuple(sorted(found, key=lambda oddity: oddity.line or 0))
