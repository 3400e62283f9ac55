"""Where a file goes on from what is kept: its lines are compared with those of the editions that there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.domains import telemetry
from steward.domains.telemetry import KnownFile, Transcript
from steward.importers.files import is_packed
from steward.importers.transcripts.lines import LONGEST_LINE, chunks, digest_of, digests_of, unpacked
from steward.kit.db import Db


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where to go on reading.

    Attributes:
        transcript: what is kept already.
        start: where its next line begins in this file.
        whole: everything in the file is kept.
    """

    transcript: Transcript
    start: int
    whole: bool = False


def beginning_of(
    db: Db, path: Path, editions: Sequence[Transcript], seen: KnownFile | None, stat: os.stat_result
) -> Beginning | None:
    """Return from where a file goes on, None when it begins unlike every edition.

    Args:
        db: the transaction.
        path: the file.
        editions: what is kept of the session, the newest first.
        seen: the file as it was when it was read last.
        stat: the file as it is.
    """
    own = seen.transcript_id if seen else None
    for each in sorted(editions, key=lambda each: each.id != own):
        if not each.lines:
            return Beginning(each, 0)
        if each.id == own and _has_grown(db, path, each, stat):
            return Beginning(each, each.bytes, whole=stat.st_size == each.bytes)
        if (found := _compared(db, path, each)) is not None:
            return found
    return None


def _has_grown(db: Db, path: Path, kept: Transcript, stat: os.stat_result) -> bool:
    """Tell whether a file that was read before still has its first and its last line where they were."""
    if stat.st_size < kept.bytes:
        return False
    ends = telemetry.line_ends(db, kept.id)
    first = telemetry.line_digests(db, kept.id, 0, 1)
    with path.open("rb") as file:
        head = file.read(6)
        if is_packed(head):
            return False
        begin = ends[1].bytes_until if len(ends) > 1 else 0
        if ends[0].bytes_until - begin > LONGEST_LINE:
            return False
        file.seek(0)
        opening = file.readline(LONGEST_LINE).rstrip(b"\n")
        file.seek(begin)
        last = file.read(ends[0].bytes_until - begin)
    lines = [line for line in last.split(b"\n") if line and not line.isspace()]
    return [digest_of(line) for line in lines] == [ends[0].digest] and digest_of(opening) == first[0]


def _compared(db: Db, path: Path, kept: Transcript) -> Beginning | None:
    """Compare line by line."""
    number = 0
    with unpacked(path) as file:
        for chunk in chunks(file):
            digests = digests_of(chunk)
            stored = telemetry.line_digests(db, kept.id, number, number + len(digests))
            if stored != digests[: len(stored)]:
                return None
            if len(stored) < len(digests):
                return Beginning(kept, _place_behind(chunk.untils, len(stored), kept.bytes))
            number += len(digests)
    return Beginning(kept, 0, whole=True)


def _place_behind(untils: list[int], lines: int, otherwise: int) -> int:
    return untils[lines - 1] if lines else otherwise
