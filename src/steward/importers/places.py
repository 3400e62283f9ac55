"""Where each value of a sound JSON text stands, and which keys stand twice in one object."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from json import JSONDecoder
from typing import Any

from steward.importers.model import Path

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.S)
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that stands twice in one object; readers of JSON take the later value."""

    path: Path
    earlier: int
    later: int


@dataclass(slots=True)
class _Frame:
    """One open object or list of the scan."""

    is_object: bool
    step: str | int
    awaits_key: bool
    seen: dict[str, int] = field(default_factory=dict)


class Places:
    """An index of one text, made in one pass."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [match.start() for match in re.finditer("\n", text)]
        self._starts: dict[Path, int] = {}
        self.duplicates: list[Duplicate] = []
        self._scan()

    def line(self, path: Path) -> int | None:
        """Return the line of a value, or of the nearest value around it that is known."""
        for end in range(len(path), -1, -1):
            if (start := self._starts.get(path[:end])) is not None:
                return self.line_at(start)
        return None

    def line_at(self, offset: int) -> int:
        """Return the line, counted from 1, of a character offset."""
        return bisect_right(self._lines, offset - 1) + 1

    def value_at(self, offset: int) -> Any:
        """Parse the value that starts at a character offset."""
        return _DECODER.raw_decode(self._text, offset)[0]

    def _scan(self) -> None:
        frames: list[_Frame] = []
        for match in _TOKEN.finditer(self._text):
            sign = match.group()
            if sign in "}]":
                frames.pop()
            elif sign == ",":
                _next(frames[-1])
            elif sign == ":":
                frames[-1].awaits_key = False
            elif frames and frames[-1].awaits_key:
                frames[-1].step = str(_DECODER.decode(sign))
            else:
                self._value(frames, sign, match.start())

    def _value(self, frames: list[_Frame], sign: str, start: int) -> None:
        path = tuple(frame.step for frame in frames)
        if frames and frames[-1].is_object:
            self._note_key(frames[-1].seen, path, start)
        self._starts[path] = start
        if sign in "{[":
            frames.append(_Frame(sign == "{", "" if sign == "{" else 0, sign == "{"))

    def _note_key(self, seen: dict[str, int], path: Path, start: int) -> None:
        key = str(path[-1])
        if key in seen:
            self.duplicates.append(Duplicate(path, seen[key], start))
        seen[key] = start


def _next(frame: _Frame) -> None:
    if frame.is_object:
        frame.awaits_key = True
    else:
        frame.step = int(frame.step) + 1
