"""The formats of transcripts; a further one is one entry here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from steward.importers.claude_code import ClaudeCodeProjector, is_claude_code
from steward.importers.codex import CodexProjector, is_codex
from steward.importers.files import plain_name
from steward.importers.refusal import Refused
from steward.importers.transcripts.identity import Identity, of_claude_code, of_codex
from steward.importers.transcripts.lines import chunks, unpacked
from steward.importers.transcripts.parse import object_of
from steward.importers.transcripts.projector import Projector

_HEAD = 256 * 1024
_FIRST = 200
# How the clients name their files, and where they put them.
_NAME = re.compile(r"(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|agent-[\w-]+|rollout-.+)\.jsonl")
_PLACES = ((".claude", "projects"), (".codex", "sessions"), (".codex", "archived_sessions"))


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


def why_nothing(path: Path) -> Refused | None:
    """Return why nothing comes of a file that stands where a transcript does; None when it holds objects.

    Nobody looks for a session in a count of files that are of no known format.
    """
    if not _has_its_place(path):
        return None
    try:
        with unpacked(path) as file:
            head = file.read(_HEAD)
        if not head.strip():
            hint = "its session told nothing yet, or what it told is lost: restore the file if it held more"
            return Refused(f"{path}: it is empty", hint=hint, kind="empty_transcript")
        lines = _first_lines(path, head)
    except Refused as error:
        return error
    if any(object_of(line) is not None for line in lines):
        return None
    return Refused(
        f"{path}: none of its first {len(lines)} lines can be read: they hold no objects of JSON",
        hint="restore the file, then import it again; nothing of it was imported",
        kind="damaged_transcript",
    )


def _has_its_place(path: Path) -> bool:
    name = plain_name(path)
    if _NAME.fullmatch(name):
        return True
    return name.endswith(".jsonl") and any(place in _PLACES for place in pairwise(path.parts[:-1]))


def _first_objects(path: Path) -> list[dict[str, Any]]:
    """Return the objects on the first lines; a first line may be longer than what is looked at of the others."""
    try:
        with unpacked(path) as file:
            head = file.read(_HEAD)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return []
        lines = _first_lines(path, head)
    except Refused:
        return []
    return [entry for line in lines if (entry := object_of(line)) is not None]


def _first_lines(path: Path, head: bytes) -> list[bytes]:
    lines = head.split(b"\n", _FIRST) if b"\n" in head else _long_first_lines(path)
    return [line for line in lines[:_FIRST] if line]


def _long_first_lines(path: Path) -> list[bytes]:
    """Return a long first line and what follows it, as an import reads them: of one too long only the beginning."""
    lines: list[bytes] = []
    with unpacked(path) as file:
        for chunk in chunks(file):
            lines += chunk.lines
            if len(lines) > 1:
                break
    return lines
