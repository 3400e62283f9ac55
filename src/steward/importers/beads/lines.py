"""Splits a file into lines and reads each strictly; one damaged line refuses the whole file, by its number.

A line that is no JSON was cut, merged or edited by hand. Leaving it out would put its issue away without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from steward.importers.refusal import Refused
from steward.importers.strict_json import parse
from steward.importers.text import describe

# Bare returns end a line too: inside of a JSON text they cannot stand. U+2028 and its like can.
_ENDING = re.compile(r"(\r\n|\n|\r)")
_MARKER = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?$|={7}$")
# What is JSON but no object is told as that.
_OTHER_JSON = re.compile(r"[\[\"].*|null|true|false|-?\d.*", re.S)
_LISTED = 6


@dataclass(slots=True)
class Line:
    """One line: its number from 1, its text, what ends it, and its JSON object (None when it is blank)."""

    number: int
    text: str
    ending: str
    value: dict[str, Any] | None = None
    has_duplicates: bool = False


def read_lines(text: str, name: str) -> list[Line]:
    """Read all lines of a file.

    Raises:
        Refused: a line is no JSON object; the message names the first such line and lists the others.
    """
    lines = _split(text)
    _refuse_conflict(lines, name)
    faults = [fault for line in lines if line.text.strip() and (fault := _read(line, name))]
    if faults:
        raise _refused(faults, sum(line.value is not None for line in lines), name)
    return lines


def _split(text: str) -> list[Line]:
    parts = _ENDING.split(text)
    endings = [*parts[1::2], ""]
    lines = [Line(number, part, endings[number - 1]) for number, part in enumerate(parts[::2], 1)]
    return lines if lines[-1].text else lines[:-1]


def _refuse_conflict(lines: list[Line], name: str) -> None:
    marked = [line.number for line in lines if _MARKER.match(line.text)]
    if marked:
        raise Refused(
            f"{name}: line {marked[0]}: the file holds git conflict markers ({_numbers(marked)})",
            hint="finish the merge (git status, git mergetool) and import again; nothing of the file was imported",
            line=marked[0],
            kind="conflict_markers",
        )


def _read(line: Line, name: str) -> Refused | None:
    """Read one line in place; return what is wrong with it."""
    begin = line.text.lstrip()[0]
    if begin != "{" and not _OTHER_JSON.fullmatch(line.text.strip()):
        column = len(line.text) - len(line.text.lstrip()) + 1
        return Refused(f"not JSON: found {begin!r}", line=line.number, column=column, kind="not_json")
    try:
        document = parse(line.text, name)
    except Refused as error:
        what = error.message.partition(f"column {error.column}: ")[2] or error.message.removeprefix(
            f"{name}: "
        )
        what = what.replace("the file ends", "the line ends")
        return Refused(what, line=line.number, column=error.column, kind=error.kind)
    if not isinstance(document.value, dict):
        what = f"an issue must be an object, found {describe(document.value)}"
        return Refused(what, line=line.number, column=1, kind="wrong_structure")
    line.value = document.value
    line.has_duplicates = document.has_duplicates
    return None


def _refused(faults: list[Refused], sound: int, name: str) -> Refused:
    first = faults[0]
    more = f" ({len(faults)} lines are damaged: {_numbers([each.line or 0 for each in faults])})"
    rest = more if len(faults) > 1 else ""
    column = f", column {first.column}" if first.column else ""
    return Refused(
        f"{name}: line {first.line}{column}: {first.message}{rest}; {sound} other lines are sound",
        hint="mend or remove what is named, or write the file anew (bd export); nothing of it was imported",
        line=first.line,
        column=first.column,
        kind=first.kind,
    )


def _numbers(numbers: list[int]) -> str:
    more = "" if len(numbers) <= _LISTED else f" and {len(numbers) - _LISTED} more"
    return f"lines {', '.join(map(str, numbers[:_LISTED]))}{more}"
