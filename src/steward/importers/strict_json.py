"""Strict JSON: sound text becomes a document, anything else is refused with its place.

Nothing is mended here. A file that is no JSON was cut, merged or edited by hand, and only its owner knows what it
ought to say.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from steward.importers.places import Places
from steward.importers.refusal import Refused

_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?$|^={7}$", re.M)
_CONFLICT_EDGE = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.M)
_BEFORE_CLOSING = re.compile(r",\s*\Z")
_CLOSING = re.compile(r"[}\]]")
_RESTORE = "restore the file from git or a backup; nothing of it was imported"
_MEND = "mend that place by hand and import again; nothing of the file was imported"


class Number(float):
    """A number with a point, which remembers how it was written: 1.10 is no 1.1 where it is an id."""

    text: str

    def __new__(cls, text: str) -> Number:
        """Read a number; one beyond all bounds is refused."""
        number = super().__new__(cls, text)
        number.text = text
        if math.isinf(number):
            raise _Unfit(text)
        return number


class _Unfit(ValueError):
    """A token that Python reads but JSON or a number cannot hold."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.token = token


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text; `places` is there when a key stands twice, else it is made when needed."""

    value: Any
    text: str
    has_duplicates: bool


def parse(text: str, name: str) -> Document:
    """Parse a whole JSON text.

    Raises:
        Refused: it is not exactly one JSON document; the message names line and column.
    """
    duplicates = 0

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        value = dict(items)
        duplicates += len(value) != len(items)
        return value

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_float=Number, parse_constant=_constant)
    except json.JSONDecodeError as error:
        _refuse(text, name, error)
    except _Unfit as error:
        _refuse_token(text, name, error.token)
    except RecursionError:
        raise Refused(
            f"{name}: its values are nested too deep to be read", hint=_MEND, kind="too_deep"
        ) from None
    except ValueError:
        _refuse_token(text, name, "a whole number of thousands of digits")
    return Document(value, text, duplicates > 0)


def _constant(token: str) -> NoReturn:
    raise _Unfit(token)


def _refuse(text: str, name: str, error: json.JSONDecodeError) -> NoReturn:
    _refuse_empty(text, name)
    _refuse_conflict(text, name)
    where = f"{name}: line {error.lineno}, column {error.colno}"
    kind, what, hint = _judge(text, error)
    raise Refused(f"{where}: {what}", hint=hint, line=error.lineno, column=error.colno, kind=kind) from None


def _refuse_empty(text: str, name: str) -> None:
    if not text.strip("\0 \t\r\n"):
        what = f"holds nothing but {len(text)} blank or zero characters" if text else "is empty (0 bytes)"
        raise Refused(f"{name}: line 1: the file {what}", hint=_RESTORE, line=1, kind="empty_file")


def _refuse_conflict(text: str, name: str) -> None:
    if not _CONFLICT_EDGE.search(text):
        return
    lines = [text.count("\n", 0, match.start()) + 1 for match in _CONFLICT.finditer(text)]
    more = "" if len(lines) <= 6 else f" and {len(lines) - 6} more"
    listed = ", ".join(map(str, lines[:6])) + more
    raise Refused(
        f"{name}: line {lines[0]}: the file holds git conflict markers (lines {listed})",
        hint="finish the merge (git status, git mergetool) and import again; nothing of the file was imported",
        line=lines[0],
        kind="conflict_markers",
    )


def _judge(text: str, error: json.JSONDecodeError) -> tuple[str, str, str]:
    """Name the damage: its stable kind, the words for it, the remedy."""
    if error.msg == "Extra data":
        return "trailing_data", _extra(text[error.pos :]), _MEND
    if error.msg.startswith("Unterminated string") or not _CLOSING.search(text, error.pos):
        return "truncated", f"the file ends in the middle of a value ({error.msg.lower()})", _RESTORE
    if _BEFORE_CLOSING.search(text, 0, error.pos) and text[error.pos] in "]}":
        return "trailing_comma", "a comma stands before a closing bracket", _MEND
    if text.startswith(("//", "/*", "#"), error.pos):
        return "comment", "JSON has no comments", _MEND
    if error.msg.startswith("Invalid control character"):
        return "control_character", f"a bare control character {text[error.pos]!r} stands in a text", _MEND
    return "not_json", f"not JSON: {error.msg[0].lower()}{error.msg[1:]}, found {text[error.pos]!r}", _MEND


def _extra(rest: str) -> str:
    if rest.startswith(("{", "[")):
        return "a second document follows the first; which of the two is meant cannot be told"
    return f"{len(rest)} more characters follow the end of the document, the rest of an older or other file"


def _refuse_token(text: str, name: str, token: str) -> NoReturn:
    """Refuse a number that no number can hold, such as NaN, by its place outside of texts."""
    pattern = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<hit>' + re.escape(token) + r"|\d{4301,})", re.S)
    start = next((match.start() for match in pattern.finditer(text) if match["hit"]), 0)
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    raise Refused(
        f"{name}: line {line}, column {column}: {token[:60]} is no number that JSON can hold",
        hint=_MEND,
        line=line,
        column=column,
        kind="bad_number",
    )


def places(document: Document) -> Places:
    """Index where each value of a document stands."""
    return Places(document.text)
