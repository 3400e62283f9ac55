"""Lines become objects: secrets leave first, then what no text may hold; damage is told, never raised."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from steward.domains.telemetry import Line
from steward.importers.transcripts.lines import Chunk, digests_of
from steward.importers.transcripts.projector import LeavesOut, Place, Projector
from steward.kit.redact import may_hold_secret, redact_bytes

_LONGEST_KIND = 100
_DAMAGED = "damaged"
_MARK = b"\xef\xbb\xbf"


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line holds, None when it holds none."""
    found, _ = _parsed(line)
    return found


def prepare(chunk: Chunk, projector: Projector, path: str, before: int) -> list[Line]:
    """Take the lines of a piece in, in order.

    Args:
        chunk: the piece.
        projector: told of every object.
        path: the file as it was named.
        before: how many lines came before.

    Returns:
        The lines as they are kept, without secrets.
    """
    # One look at all of it: what is no UTF-8 counts as what may hold secrets.
    clean = not may_hold_secret(chunk.data) and b"\0" not in chunk.data
    leaves_out = (
        projector if isinstance(projector, LeavesOut) and projector.may_leave_out(chunk.data) else None
    )
    found = []
    digests = digests_of(chunk)
    for number, (raw, until, digest) in enumerate(
        zip(chunk.lines, chunk.untils, digests, strict=True), before + 1
    ):
        text, damage = (raw, None) if clean else _mended(raw)
        if leaves_out is not None:
            text = leaves_out.left_out(text)
        if number - before - 1 in chunk.cut:
            length = chunk.cut[number - before - 1][0]
            found.append(
                Line(
                    text, until, digest, _DAMAGED, f"{length} bytes are too many: only the beginning is kept"
                )
            )
            continue
        entry, wrong = _parsed(text)
        kind = _DAMAGED
        if entry is not None:
            kind, wrong = project(projector, entry, Place(path, number))
        found.append(Line(text, until, digest, kind, wrong or damage))
    return found


def project(projector: Projector, entry: dict[str, Any], place: Place) -> tuple[str, str | None]:
    """Show an object to a projector; return its kind, and what went wrong.

    A projector does not raise for what a line holds; should one do so all the same, the line is kept as damaged: a
    history must not be lost for an entry that nobody thought of.
    """
    try:
        return projector.line(entry, place)[:_LONGEST_KIND].replace("\0", "") or "unknown", None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return _DAMAGED, f"its reader failed: {type(error).__name__}: {error}"[:500].replace("\0", "")


def _mended(raw: bytes) -> tuple[bytes, str | None]:
    """Return a line without secrets as text that the database can hold."""
    text = redact_bytes(raw)
    damage = None
    try:
        text.decode()
    except UnicodeDecodeError as error:
        damage = f"byte {error.start} is no UTF-8"
        text = text.decode("utf-8", "replace").encode()
    if b"\0" in text:
        damage = f"byte {text.index(0)} is NUL"
        text = text.replace(b"\0", "\ufffd".encode())
    return text, damage


def _parsed(text: bytes) -> tuple[dict[str, Any] | None, str | None]:
    try:
        found = from_json(text)
    except ValueError:
        found, wrong = _leniently(text)
        if wrong:
            return None, wrong
    if isinstance(found, dict):
        return found, None
    return None, "it is no object"


def _leniently(text: bytes) -> tuple[Any, str | None]:
    """Read what the fast reader refuses: halves of surrogate pairs, and a mark at the beginning of a file."""
    try:
        return json.loads(text.removeprefix(_MARK)), None
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as error:
        return None, f"it is no JSON: {error}"[:200]
