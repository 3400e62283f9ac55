"""Reads one Taskmaster file whole."""

from __future__ import annotations

import hashlib
from functools import cache

from steward.importers.files import decode
from steward.importers.model import ParsedFile, ParsedTag
from steward.importers.notes import Notes
from steward.importers.places import Places
from steward.importers.strict_json import parse
from steward.importers.taskmaster.duplicates import check_duplicates
from steward.importers.taskmaster.refs import live_edges
from steward.importers.taskmaster.shape import Shape, TaskList, shape_of
from steward.importers.taskmaster.tree import Walk

FORMAT = "taskmaster"


def parse_file(data: bytes, source_name: str) -> ParsedFile:
    """Read the unpacked bytes of a file.

    Args:
        data: the bytes.
        source_name: the name it is known by within its project, used in messages too.

    Raises:
        Refused: the file is damaged or has another structure; the message names the place.
    """
    text = decode(data, source_name)
    document = parse(text.text, source_name)
    notes = Notes()
    if text.encoding != "utf-8":
        notes.add(
            (), "encoding", f"the file stands in {text.encoding}, not in plain UTF-8", "read as that", 1
        )
    places = cache(lambda: Places(document.text))
    if document.has_duplicates:
        check_duplicates(places(), source_name, notes)
    shape = shape_of(document.value, source_name, notes)
    tags = tuple(_tag(name, lists, source_name, notes) for name, lists in _by_tag(shape).items())
    return ParsedFile(
        format=FORMAT,
        shape=shape.name,
        source_name=source_name,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        tags=tags,
        oddities=notes.oddities(places),
        raw=document.value,
    )


def _by_tag(shape: Shape) -> dict[str, list[TaskList]]:
    lists: dict[str, list[TaskList]] = {}
    for task_list in shape.lists:
        lists.setdefault(task_list.tag, []).append(task_list)
    return lists


def _tag(name: str, lists: list[TaskList], source_name: str, notes: Notes) -> ParsedTag:
    walk = Walk(name, source_name, notes)
    for scope, task_list in enumerate(lists):
        walk.add(task_list, scope)
    edges, dropped = live_edges(walk.nodes, notes)
    return ParsedTag(name, lists[0].metadata, tuple(node.task for node in walk.nodes), edges, dropped)
