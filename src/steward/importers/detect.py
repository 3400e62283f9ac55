"""What a file is, by its content. The name helps only where the content is too damaged to tell.

A further format is one entry in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from steward.importers.backlog import LAYOUT as BACKLOG_LAYOUT
from steward.importers.backlog import is_bundle
from steward.importers.beads.detect import LAYOUT as BEADS_LAYOUT
from steward.importers.beads.detect import has_its_place as is_in_beads
from steward.importers.beads.detect import is_beads
from steward.importers.files import decode, is_packed, plain_name
from steward.importers.refusal import Refused
from steward.importers.strict_json import parse
from steward.importers.target import TASKMASTER as TASKMASTER_LAYOUT
from steward.importers.target import Layout
from steward.importers.taskmaster.config import is_config
from steward.importers.taskmaster.shape import has_broken_list, looks_like_taskmaster

_HEAD = 256 * 1024
_BEGINS_LIKE_JSON = re.compile(r"\s*(?:[{\[]|<{7})")
_TASKS_KEY = re.compile(r'"tasks"\s*:\s*\[')
_TASK_KEYS = re.compile(r'"(?:testStrategy|subtasks|dependencies)"\s*:')


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that can be imported.

    Attributes:
        name: stable name, kept with every imported row.
        sniff: tells from the path and the unpacked bytes whether a file is meant to be one, sound or damaged.
        layout: how its files lie in a project.
    """

    name: str
    sniff: Callable[[Path, bytes], bool]
    layout: Layout = TASKMASTER_LAYOUT


def format_of(path: Path, data: bytes) -> Format | None:
    """Return the format of a file, None when it is nothing known."""
    return next((each for each in FORMATS if each.sniff(path, data)), None)


def may_be_known(path: Path, head: bytes) -> bool:
    """Tell from the first bytes whether a file is worth reading whole; pictures and sources are not."""
    if is_packed(head) or is_config(path) or _has_its_name(path) or _has_its_place(path) or is_in_beads(path):
        return True
    begin = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return begin.lstrip(b"\0 \t\r\n")[:1] in (b"{", b"[", b"<")


def require_format(path: Path, data: bytes) -> Format:
    """Return the format of a file that was named by the caller.

    Raises:
        Refused: it is nothing known, or too damaged to tell; then with the place.
    """
    found = format_of(path, data)
    if found is None:
        _refuse_damage(path, data)
        known = ", ".join(each.name for each in FORMATS)
        raise Refused(
            f"{path}: its content is of no known format",
            hint=f"known formats: {known}",
            kind="unknown_format",
        )
    return found


def _refuse_damage(path: Path, data: bytes) -> None:
    """Name the place where what begins like JSON, or holds nothing, is no document: that says more than its format."""
    head = data[:_HEAD].decode("utf-8", "replace").lstrip("\ufeff")
    if head.strip("\0 \t\r\n") and not _BEGINS_LIKE_JSON.match(head):
        return
    name = plain_name(path)
    parse(decode(data, name).text, name)


def _is_taskmaster(path: Path, data: bytes) -> bool:
    name = plain_name(path)
    try:
        document = parse(decode(data, name).text, name).value
    except Refused:
        return _was_taskmaster(path, data)
    if document == {}:
        return _has_its_name(path)
    if looks_like_taskmaster(document) or _has_its_place(path):
        return True
    return _has_its_name(path) and has_broken_list(document)


def _was_taskmaster(path: Path, data: bytes) -> bool:
    """Tell whether a damaged file is, by its name or by what is left of it, a Taskmaster file."""
    head = data[:_HEAD].replace(b"\0", b"").decode("utf-8", "replace").lstrip("\ufeff")
    if _has_its_place(path) or (_has_its_name(path) and not head.strip()):
        return True
    if not _BEGINS_LIKE_JSON.match(head):
        return False
    return bool(_TASKS_KEY.search(head) and _TASK_KEYS.search(head)) or (
        _has_its_name(path) and '"command"' not in head and '"label"' not in head
    )


def _has_its_name(path: Path) -> bool:
    """Editors keep their own `tasks.json`, in folders of theirs."""
    name = plain_name(path)
    return (name == "tasks.json" or name.endswith(".tasks.json")) and path.parent.name not in (
        ".vscode",
        ".zed",
    )


def _has_its_place(path: Path) -> bool:
    return plain_name(path) == "tasks.json" and ".taskmaster" in path.parts[:-1]


def _is_taskmaster_config(path: Path, data: bytes) -> bool:
    return is_config(path) and data.lstrip()[:1] in (b"{", b"\xef")


TASKMASTER = Format("taskmaster", _is_taskmaster)
TASKMASTER_CONFIG = Format("taskmaster_config", _is_taskmaster_config)
BEADS = Format("beads", is_beads, BEADS_LAYOUT)
BACKLOG = Format("backlog", is_bundle, BACKLOG_LAYOUT)
FORMATS: tuple[Format, ...] = (TASKMASTER_CONFIG, BACKLOG, BEADS, TASKMASTER)
"""All formats, the most particular first."""
