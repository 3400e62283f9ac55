"""Results for people: tables, panels and plain lines, made from the same JSON data that `--json` prints."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
# Text of tasks comes from files and agents: control characters must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PIPE_WIDTH = 160
_LONG = 32
_GAP = 3

# Long texts are cut rather than left out where at least this much of them can be shown.
_CUT = ("value", "source", "reasons", "blockers", "resource_name", "by_status")
_LEAST = 12

# Which columns say most, first; columns not named here follow in their own order while there is room.
_FIRST = (
    "ref", "key", "slug", "username", "name", "verb", "title", "summary", "status", "priority", "type", "role",
    "ready", "held_by", "assigned_to", "reason", "reasons", "blockers", "agent", "lease_until", "project", "parent",
    "by_status", "labels", "capabilities", "email", "model_name", "model_provider", "value", "source", "count",
    "action", "occurred_at", "event_action", "resource_type", "resource_name", "agent_name", "user_name",
    "updated_at", "created_at", "operation",
)  # fmt: skip
_LAST = ("id", "metadata", "settings", "original", "config", "description", "details")
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


def console(stderr: bool = False) -> Console:
    """Return a console that is as wide as the terminal, and wide and colourless in a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None
    if not stream.isatty():
        width = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdigit() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def local_time(text: str, zone: tzinfo | None) -> str:
    """Return an RFC 3339 time as local time with its offset."""
    moment = datetime.fromisoformat(text).astimezone(zone)
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S}{offset[:3]}:{offset[3:5]}"


def _plain(value: Any, zone: tzinfo | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return local_time(value, zone) if _TIME.match(value) else clean(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return clean(", ".join(map(str, value)))
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return clean(", ".join(_part(item, zone) for item in value))
    if isinstance(value, Mapping | list):
        return clean(json.dumps(value, ensure_ascii=False))
    return str(value)


def _part(item: Mapping[str, Any], zone: tzinfo | None) -> str:
    """Return a count or a change as people say it; anything else as JSON."""
    if set(item) == {"name", "count"}:
        return f"{item['name']} {item['count']}"
    return json.dumps(item, ensure_ascii=False)


def _cell(name: str, value: Any, zone: tzinfo | None, *, short: bool) -> Text:
    text = _plain(value, zone)
    if short:
        text = text.replace("\n", " ")
        # The first eight characters of a uuid are enough to name it again.
        text = text[:8] if isinstance(value, str) and _UUID.match(value) else text
    style = _COLOURS.get(text, "") if name in ("status", "state", "health", "severity") else ""
    if name in ("ref", "key", "slug"):
        style = "bold"
    return Text(text, style=style)


def _order(names: Sequence[str]) -> list[str]:
    def rank(name: str) -> tuple[int, int]:
        if name in _FIRST:
            return 0, _FIRST.index(name)
        return (2 if name in _LAST else 1), names.index(name)

    return sorted(names, key=rank)


def _says_something(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row.get(name) not in (None, [], {}, "") for row in rows)


def _is_id(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    values = [row.get(name) for row in rows if row.get(name) is not None]
    return bool(values) and all(isinstance(value, str) and _UUID.match(value) for value in values)


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns worth showing: what says something, no ids beside names, no objects."""
    names = [
        name for name in dict.fromkeys(key for row in rows for key in row) if _says_something(name, rows)
    ]
    named = any(name in names for name in ("ref", "key", "slug", "name", "username", "user_name", "title"))
    if named:
        names = [name for name in names if not _is_id(name, rows)]
    names = [name for name in names if not any(isinstance(row.get(name), dict) for row in rows)] or names
    return names


def widths_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]], width: int) -> dict[str, int]:
    """Return the columns that fit and how wide each may be: the telling ones first, spare room to the long ones."""
    chosen: dict[str, int] = {}
    left = width
    natural = {name: _width(name, rows) for name in names}
    for name in _order(names):
        need = min(natural[name], _LONG)
        if name in _CUT and left - _GAP >= _LEAST:
            need = min(need, left - _GAP)
        if chosen and need + _GAP > left:
            continue
        chosen[name] = need
        left -= need + _GAP
    for name in chosen:
        more = max(0, min(left, natural[name] - chosen[name]))
        chosen[name] += more
        left -= more
    return chosen


def _width(name: str, rows: Sequence[Mapping[str, Any]]) -> int:
    cells = (cell_len(str(_cell(name, row.get(name), UTC, short=True))) for row in rows[:50])
    return max(cell_len(_head(name)), *cells, 1)


def _head(name: str) -> str:
    return name.replace("_", " ")


def table(rows: Sequence[Mapping[str, Any]], width: int, zone: tzinfo | None = None) -> Table:
    """Return a table of rows with the columns that fit."""
    widths = widths_of(columns_of(rows), rows, width)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name, cells in widths.items():
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        is_number = numbers and not any(isinstance(row.get(name), bool) for row in rows)
        made.add_column(
            _head(name),
            justify="right" if is_number else "left",
            overflow="ellipsis",
            no_wrap=True,
            max_width=cells,
        )
    for row in rows:
        made.add_row(*(_cell(name, row.get(name), zone, short=True) for name in widths))
    return made


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a thing with those of its parts among them; the outer one wins where both say it."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if (
            value
            and isinstance(value, dict)
            and all(part and isinstance(part, dict) for part in value.values())
        ):
            found[name] = [{"name": key, **part} for key, part in value.items()]
        elif isinstance(value, dict) and name not in _LAST and not name.endswith("result"):
            found = _fields(value) | found
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value not in (None, [], {}, "")}


def _details(fields: Mapping[str, Any], width: int, zone: tzinfo | None) -> RenderableType:
    """Return one thing: its fields as a grid, its lists of things as tables below."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    below: list[RenderableType] = []
    for name in _order(list(fields)):
        value = fields[name]
        if _is_rows(value):
            below += [Text(""), Text(_head(name), style="bold"), table(value, width - 4, zone)]
        else:
            grid.add_row(_head(name), _cell(name, value, zone, short=False))
    return Group(grid, *below)


def _title(data: Mapping[str, Any]) -> str | None:
    for name in ("ref", "slug", "key", "username", "name"):
        if isinstance(data.get(name), str):
            return clean(str(data[name]))
    return None


def _show_thing(out: Console, data: Mapping[str, Any], zone: tzinfo | None) -> None:
    fields = _fields(data)
    body = _details(fields, out.width, zone)
    if not out.is_terminal:
        out.print(body)
        return
    title = _title(fields)
    name = Text(f" {title} ", style="bold") if title else None
    out.print(Panel(body, title=name, title_align="left", box=box.ROUNDED, border_style="dim", expand=False))


def _is_history(data: Any) -> bool:
    return _is_rows(data) and all(isinstance(row.get("changes"), list) for row in data)


def _history(rows: Sequence[Mapping[str, Any]], zone: tzinfo | None) -> RenderableType:
    """Return what happened to a thing: when, who and what, and below it each value before and after."""
    lines: list[RenderableType] = []
    for row in rows:
        who = row.get("agent_name") or row.get("user_name")
        words = [row["created_at"], who, row.get("operation"), row["event_action"], row["resource_type"]]
        lines.append(Text("  ".join(filter(None, (_plain(word, zone) for word in words))), style="bold"))
        for change in row["changes"]:
            old, new = (
                "" if change[side] in ({}, []) else _plain(change[side], zone) for side in ("old", "new")
            )
            if old or new:
                lines.append(Text(f"  {clean(change['field'])}: {old or 'nothing'} → {new or 'nothing'}"))
    return Group(*lines)


def _is_page(data: Any) -> bool:
    return isinstance(data, Mapping) and set(data) == {"items", "next_cursor"}


def show(data: Any, *, empty: str = "nothing", timezone: tzinfo | None = None) -> None:
    """Print a result for people.

    Args:
        data: the result as JSON data.
        empty: what to say where there is nothing.
        timezone: in which times are shown; the machine's own when None.
    """
    out = console()
    more = data["next_cursor"] if _is_page(data) else None
    if _is_page(data):
        data = data["items"]
    if data is None or data == []:
        out.print(Text(empty, style="dim"))
    elif _is_history(data):
        out.print(_history(data, timezone))
    elif _is_rows(data):
        out.print(table(data, out.width, timezone))
    elif isinstance(data, Mapping):
        _show_thing(out, data, timezone)
    elif isinstance(data, list):
        for item in data:
            out.print(_plain(item, timezone), soft_wrap=True)
    else:
        out.print(_plain(data, timezone), soft_wrap=True)
    if more:
        out.print(Text(f"there is more: --cursor {more}", style="dim"), soft_wrap=True)


def show_rows(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], timezone: tzinfo | None = None
) -> None:
    """Print rows that somebody asked for by name: every column, in their order, whole.

    Args:
        names: the columns.
        rows: one mapping a row.
        timezone: in which times are shown; the machine's own when None.
    """
    out = console()
    cells = [[_plain(row.get(name), timezone) for name in names] for row in rows]
    heads = [clean(name) for name in names]
    wide = sum(max(map(cell_len, column)) + _GAP for column in zip(heads, *cells, strict=True)) - _GAP
    if wide > out.width or any("\n" in cell for row in cells for cell in row):
        out.print(*_records(heads, cells))
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name, head in zip(names, heads, strict=True):
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        made.add_column(Text(head), justify="right" if numbers else "left", no_wrap=True)
    for row in cells:
        made.add_row(*map(Text, row))
    out.print(made)


def _records(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> list[RenderableType]:
    """Return rows that are too wide for a table below each other, a column a line."""
    made: list[RenderableType] = []
    for number, row in enumerate(cells, 1):
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for head, cell in zip(heads, row, strict=True):
            grid.add_row(Text(head), Text(cell))
        made += [Text(f"row {number}", style="bold"), grid]
    return made


def show_error(body: Mapping[str, Any]) -> None:
    """Print an error for people on standard error: what is wrong, then what to do."""
    err = console(stderr=True)
    err.print(Text.assemble(("error: ", "bold red"), clean(str(body["message"]))), soft_wrap=True)
    if body.get("hint"):
        err.print(Text.assemble(("hint: ", "bold"), clean(str(body["hint"]))), soft_wrap=True)
