"""Values as people read them: what stands in a cell of a table or behind a field's name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from rich.text import Text

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
# Text of tasks comes from files and agents: control characters must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOURS = {
    "done": "green", "imported": "green", "refused": "red", "unchanged": "dim",
    "skipped": "dim", "active": "green", "ok": "green", "healthy": "green", "running": "green", "ready": "green",
    "in_progress": "cyan", "in_review": "cyan", "testing": "cyan", "claimed": "cyan",
    "blocked": "yellow", "awaiting_input": "yellow", "paused": "yellow", "deferred": "yellow",
    "failed": "red", "error": "red", "down": "red", "critical": "bold red", "cancelled": "dim", "draft": "dim",
    "archived": "dim", "inactive": "dim", "deleted": "dim", "stopped": "dim",
}  # fmt: skip


def clean(text: str) -> str:
    """Return text with control characters made visible, so that stored text cannot steer the terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def local_time(text: str, zone: tzinfo | None) -> str:
    """Return an RFC 3339 time as local time with its offset."""
    moment = datetime.fromisoformat(text).astimezone(zone)
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S}{offset[:3]}:{offset[3:5]}"


def plain(value: Any, zone: tzinfo | None) -> str:
    """Return a value as text, whole."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return local_time(value, zone) if _TIME.match(value) else clean(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return clean(", ".join(map(str, value)))
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return clean(", ".join(_part(item) for item in value))
    if isinstance(value, Mapping | list):
        return clean(json.dumps(value, ensure_ascii=False))
    return str(value)


def _part(item: Mapping[str, Any]) -> str:
    """Return a count as people say it; anything else as JSON."""
    if set(item) == {"name", "count"}:
        return f"{item['name']} {item['count']}"
    return json.dumps(item, ensure_ascii=False)


def said(value: Any) -> str | None:
    """Return how people say an object whose shape is known; None of every other value."""
    if isinstance(value, Mapping) and set(value) == {"completed", "total", "percentage"}:
        return f"{value['percentage']} % ({value['completed']} of {value['total']})"
    if isinstance(value, list) and value and all(_is_candidate(item) for item in value):
        return clean(", ".join(_candidate(item) for item in value))
    return None


def _is_candidate(item: Any) -> bool:
    return isinstance(item, Mapping) and {"agent", "score", "eligible"} <= set(item)


def _candidate(item: Mapping[str, Any]) -> str:
    return f"{item['agent']} {item['score']}" + ("" if item["eligible"] else " (not eligible)")


def is_uuid(value: Any) -> bool:
    """Tell whether a value is the text of a uuid."""
    return isinstance(value, str) and _UUID.match(value) is not None


def head(name: str) -> str:
    """Return the name of a field as people read it."""
    return name.replace("_", " ")


def cell(name: str, value: Any, zone: tzinfo | None, digits: int | None = None) -> Text:
    """Return what stands behind a field's name, or in a cell of a table.

    Args:
        name: of the field.
        value: as JSON data.
        zone: in which times are shown; the machine's own when None.
        digits: in a table, which has one line for it, how much of a uuid is shown; None where there is room for all.
    """
    text = said(value) or plain(value, zone)
    if digits is not None:
        text = text[:digits] if is_uuid(value) else text.replace("\n", " ")
    style = _COLOURS.get(text, "") if name in ("status", "state", "health", "severity") else ""
    if name in ("ref", "key", "slug"):
        style = "bold"
    return Text(text, style=style)
