"""Tells beads files by their content; by their name only when they are damaged or empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from steward.importers.files import decode, plain_name
from steward.importers.refusal import Refused
from steward.importers.target import Layout

_HEAD = 256 * 1024
_OWN_NAMES = frozenset({"issues.jsonl", "beads.jsonl"})
_ENDS = (".issues.jsonl", ".beads.jsonl", ".jsonl")


def root_of(path: Path) -> Path:
    """Return the folder that a beads file belongs to: above `.beads/`, or its own."""
    folder = path.resolve().parent
    return folder.parent if folder.name == ".beads" else folder


LAYOUT = Layout(_OWN_NAMES, _ENDS, root_of)


def is_beads(path: Path, data: bytes) -> bool:
    """Tell whether a file holds issues of beads, one a line."""
    name = plain_name(path)
    try:
        text = decode(data[:_HEAD] if len(data) > _HEAD else data, name).text
    except Refused:
        text = data[:_HEAD].decode("utf-8", "replace").lstrip("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()]
    if any(_looks_like_issue(line) for line in lines):
        return True
    # What is left of a damaged file may hold no whole line.
    return has_its_place(path) and (not lines or lines[0].lstrip()[:1] in ("{", "<", "\0"))


def has_its_place(path: Path) -> bool:
    """Tell by its name and folder whether a file is one of beads."""
    return plain_name(path) in _OWN_NAMES and path.parent.name == ".beads"


def _looks_like_issue(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not (isinstance(value, dict) and isinstance(value.get("id"), str | int) and "title" in value):
        return False
    return "issue_type" in value or ("status" in value and isinstance(value.get("priority"), int))
