"""Results for people: tables, panels and plain lines, made from the same JSON data that `--json` prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from steward.surfaces.cli.cells import cell, clean, head, plain
from steward.surfaces.cli.conversation import conversation, is_conversation
from steward.surfaces.cli.tables import GAP, in_order, is_last, is_shown, table

_PIPE_WIDTH = 160
# How many columns are named of those that found no room.
_NAMED = 4


def console(stderr: bool = False) -> Console:
    """Return a console that is as wide as the terminal, and wide and colourless in a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None
    if not stream.isatty():
        width = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdigit() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


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
        elif isinstance(value, dict) and not is_last(name) and not name.endswith("result"):
            found = _fields(value) | found
        else:
            found[name] = value
    return {
        name: value for name, value in found.items() if is_shown(name) and value not in (None, [], {}, "")
    }


def _details(fields: Mapping[str, Any], width: int, zone: tzinfo | None) -> tuple[RenderableType, list[str]]:
    """Return one thing, and columns that found no room: its fields as a grid, its lists of things as tables below."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    below: list[RenderableType] = []
    left_out: list[str] = []
    for name in in_order(list(fields)):
        value = fields[name]
        if _is_rows(value):
            made, without = table(value, width - 4, zone)
            below += [Text(""), Text(head(name), style="bold"), made]
            left_out += without
        else:
            grid.add_row(head(name), cell(name, value, zone))
    return Group(grid, *below), left_out


def _title(data: Mapping[str, Any]) -> str | None:
    for name in ("ref", "slug", "key", "username", "name"):
        if isinstance(data.get(name), str):
            return clean(str(data[name]))
    return None


def _show_thing(out: Console, data: Mapping[str, Any], zone: tzinfo | None) -> None:
    fields = _fields(data)
    body, left_out = _details(fields, out.width, zone)
    if out.is_terminal:
        title = _title(fields)
        name = Text(f" {title} ", style="bold") if title else None
        body = Panel(body, title=name, title_align="left", box=box.ROUNDED, border_style="dim", expand=False)
    out.print(body)
    _tell_left_out(left_out)


def _show_table(out: Console, rows: Sequence[Mapping[str, Any]], zone: tzinfo | None) -> None:
    made, left_out = table(rows, out.width, zone)
    out.print(made)
    _tell_left_out(left_out)


def _tell_left_out(names: Sequence[str]) -> None:
    """Say on standard error that there is more than what is seen: a table that is cut looks whole."""
    names = [head(name) for name in dict.fromkeys(names)]
    if not names:
        return
    more = f" and {len(names) - _NAMED}" if len(names) > _NAMED else ""
    text = f"no room for: {', '.join(names[:_NAMED])}{more}; a wider terminal or --json shows all"
    sys.stdout.flush()
    console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)


def _is_history(data: Any) -> bool:
    return _is_rows(data) and all(isinstance(row.get("changes"), list) for row in data)


def _history(rows: Sequence[Mapping[str, Any]], zone: tzinfo | None) -> RenderableType:
    """Return what happened to a thing: when, who and what, and below it each value before and after."""
    lines: list[RenderableType] = []
    for row in rows:
        who = row.get("agent_name") or row.get("user_name")
        words = [row["created_at"], who, row.get("operation"), row["event_action"], row["resource_type"]]
        lines.append(Text("  ".join(filter(None, (plain(word, zone) for word in words))), style="bold"))
        if row.get("request_id"):
            # Undo asks for it.
            lines.append(Text(f"  request {clean(row['request_id'])}", style="dim"))
        for change in row["changes"]:
            old, new = (
                "" if change[side] in ({}, []) else plain(change[side], zone) for side in ("old", "new")
            )
            if old or new:
                lines.append(Text(f"  {clean(change['field'])}: {old or 'nothing'} → {new or 'nothing'}"))
    return Group(*lines)


def _told(data: Any, zone: tzinfo | None) -> RenderableType | None:
    """Return what is told in order of time; None where there is nothing."""
    if is_conversation(data):
        return conversation(data["entries"], zone) if data["entries"] else None
    return _history(data, zone)


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
    more = data["next_cursor"] if _is_page(data) or is_conversation(data) else None
    if _is_page(data):
        data = data["items"]
    if data is None or data == []:
        out.print(Text(empty, style="dim"))
    elif _is_trial(data):
        _show_trial(out, data, empty, timezone)
    elif is_conversation(data) or _is_history(data):
        out.print(_told(data, timezone) or Text(empty, style="dim"))
    elif _is_rows(data):
        _show_table(out, data, timezone)
    elif isinstance(data, Mapping):
        _show_thing(out, data, timezone)
    elif isinstance(data, list):
        for item in data:
            out.print(plain(item, timezone), soft_wrap=True)
    else:
        out.print(plain(data, timezone), soft_wrap=True)
    if more:
        out.print(Text(f"there is more: --cursor {more}", style="dim"), soft_wrap=True)


def _is_trial(data: Any) -> bool:
    return isinstance(data, Mapping) and set(data) == {"result", "changes", "dry_run"}


def _show_trial(out: Console, data: Mapping[str, Any], empty: str, zone: tzinfo | None) -> None:
    """Print what a write would give, as it would, then what it would change."""
    out.print(Text("dry run: nothing was changed", style="bold yellow"))
    if data["result"] not in (None, []):
        show(data["result"], empty=empty, timezone=zone)
    out.print(Text("it would:" if data["changes"] else "it would change nothing", style="bold"))
    for line in data["changes"]:
        out.print(Text(f"  {clean(line)}"), soft_wrap=True)


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
    cells = [[plain(row.get(name), timezone) for name in names] for row in rows]
    heads = [clean(name) for name in names]
    wide = sum(max(map(cell_len, column)) + GAP for column in zip(heads, *cells, strict=True)) - GAP
    if wide > out.width or any("\n" in cell for row in cells for cell in row):
        out.print(*_records(heads, cells))
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name, title in zip(names, heads, strict=True):
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        made.add_column(Text(title), justify="right" if numbers else "left", no_wrap=True)
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
        for title, value in zip(heads, row, strict=True):
            grid.add_row(Text(title), Text(value))
        made += [Text(f"row {number}", style="bold"), grid]
    return made


def show_error(body: Mapping[str, Any]) -> None:
    """Print an error for people on standard error: what is wrong, then what to do."""
    err = console(stderr=True)
    err.print(Text.assemble(("error: ", "bold red"), clean(str(body["message"]))), soft_wrap=True)
    if body.get("hint"):
        err.print(Text.assemble(("hint: ", "bold"), clean(str(body["hint"]))), soft_wrap=True)
