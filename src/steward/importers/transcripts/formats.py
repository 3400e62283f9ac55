"""The formats of transcripts; a further one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.importers.claude_code import ClaudeCodeProjector, is_claude_code
from steward.importers.codex import CodexProjector, is_codex
from steward.importers.refusal import Refused
from steward.importers.transcripts.identity import Identity, of_claude_code, of_codex
from steward.importers.transcripts.lines import chunks, unpacked
from steward.importers.transcripts.parse import object_of
from steward.importers.transcripts.projector import Projector

_HEAD = 256 * 1024
_FIRST = 200


@dataclass(frozen=True, slots=True)
class TranscriptFormat:
    """A kind of transcript.

    Attributes:
        name: stable name, kept with every transcript.
        version: of its projector.
        is_one: tells from the first objects of a file whether it is one.
        identify: tells from them and the path which session it is of.
        make: makes a projector, from what an earlier one had to remember.
    """

    name: str
    version: int
    is_one: Callable[[list[dict[str, Any]]], bool]
    identify: Callable[[list[dict[str, Any]], str], Identity]
    make: Callable[[dict[str, Any] | None], Projector]


FORMATS: tuple[TranscriptFormat, ...] = (
    TranscriptFormat(
        "claude-code", ClaudeCodeProjector.version, is_claude_code, of_claude_code, ClaudeCodeProjector
    ),
    TranscriptFormat("codex", CodexProjector.version, is_codex, of_codex, CodexProjector),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a file is, and whose."""

    format: TranscriptFormat
    identity: Identity


def recognise(path: Path) -> Known | None:
    """Return what transcript a file is by its first lines, None when it is none."""
    first = _first_objects(path)
    for each in FORMATS:
        if first and each.is_one(first):
            return Known(each, each.identify(first, str(path)))
    return None


def _first_objects(path: Path) -> list[dict[str, Any]]:
    """Return the objects on the first lines; a first line may be longer than what is looked at of the others."""
    try:
        with unpacked(path) as file:
            head = file.read(_HEAD)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return []
        lines = head.split(b"\n", _FIRST) if b"\n" in head else _long_first_lines(path)
    except Refused:
        return []
    return [entry for line in lines[:_FIRST] if (entry := object_of(line)) is not None]


def _long_first_lines(path: Path) -> list[bytes]:
    """Return a long first line and what follows it, as an import reads them: of one too long only the beginning."""
    lines: list[bytes] = []
    with unpacked(path) as file:
        for chunk in chunks(file):
            lines += chunk.lines
            if len(lines) > 1:
                break
    return lines
