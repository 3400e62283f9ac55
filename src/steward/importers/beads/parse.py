"""Reads one beads file whole."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from steward.importers.beads.entries import entries_of
from steward.importers.beads.issues import Issue, LineIndex, issues_of
from steward.importers.beads.lines import Line, read_lines
from steward.importers.beads.map import fields_of, latest_time, metadata_of, remarks_of
from steward.importers.files import decode
from steward.importers.links import links_of
from steward.importers.model import ParsedFile, ParsedTag, ParsedTask
from steward.importers.notes import Notes
from steward.importers.reader import parse_time, steward_id_of

FORMAT = "beads"
TAG = "beads"
"""A beads file has no tags; its rows are found again under this one."""

_NUMBERED = re.compile(r".+\.(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Source:
    """The lines of a file, on which of them (from 0) each issue stands, and where older states of it do."""

    lines: list[Line]
    places: dict[str, int]
    copies: dict[str, list[int]]


def parse_file(data: bytes, source_name: str) -> ParsedFile:
    """Read the unpacked bytes of a file.

    Args:
        data: the bytes.
        source_name: the name it is known by within its project, used in messages too.

    Raises:
        Refused: a line is damaged; the message names it.
    """
    text = decode(data, source_name)
    lines = read_lines(text.text, source_name)
    notes = Notes()
    if text.encoding != "utf-8":
        message = f"the file stands in {text.encoding}, not in plain UTF-8"
        notes.add((), "encoding", message, "read as that", 1)
    issues = issues_of(lines, source_name, notes)
    tag = _tag(issues.found, issues.superseded, notes)
    return ParsedFile(
        format=FORMAT,
        shape="lines" if any(line.value is not None for line in lines) else "blank",
        source_name=source_name,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        tags=(tag,),
        oddities=notes.oddities(lambda: LineIndex(issues.found)),
        raw=_source(lines, issues.found),
    )


def _source(lines: list[Line], issues: list[Issue]) -> Source:
    places = {issue.ref: issue.line.number - 1 for issue in issues}
    return Source(lines, places, {issue.ref: [number - 1 for number in issue.copies] for issue in issues})


def _tag(issues: list[Issue], superseded: int, notes: Notes) -> ParsedTag:
    links = links_of(issues, {issue.ref: entries_of(issue, notes) for issue in issues}, notes)
    now = latest_time([issue.raw for issue in issues])
    by_ref = {issue.ref: issue for issue in issues}
    tasks = tuple(
        _task(by_ref[ref], links.parents.get(ref), notes, now) for ref in links.parents_first(by_ref)
    )
    return ParsedTag(TAG, {}, tasks, links.edges, links.dropped, links.parent_entries, superseded)


def _task(issue: Issue, parent_ref: str | None, notes: Notes, now: datetime | None) -> ParsedTask:
    comments = remarks_of(issue.raw, notes, issue.path)
    number = _NUMBERED.fullmatch(issue.claimed)
    return ParsedTask(
        ref=issue.ref,
        tag=TAG,
        parent_ref=parent_ref,
        # Files are sorted by id, which is chance; only bd-a3f8.1, .2, .3 have an order.
        position=int(number[1]) if number else 0,
        path=issue.path,
        raw=issue.raw,
        fields=fields_of(issue.raw, notes, issue.path, now),
        steward_id=steward_id_of(issue.raw),
        metadata=metadata_of(issue.raw, len(comments)),
        gone=issue.gone,
        gone_at=parse_time(issue.raw.get("deleted_at")),
        comments=comments,
    )
