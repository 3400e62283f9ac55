"""Tables of things: which columns are worth showing, which of them fit, and how much of an id names a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table

from steward.surfaces.cli.cells import cell, head, is_uuid, said

Rows = Sequence[Mapping[str, Any]]

_LONG = 32
GAP = 3

# Long texts are cut rather than left out where at least this much of them can be shown.
_CUT = ("value", "source", "reasons", "blockers", "resource_name", "by_status", "candidates")
_LEAST = 12
# Of no use but whole: `undo` takes no part of it.
_WHOLE = ("request_id",)

# By what a row is named where it is worked with, the best first; where it has none of these, by its id.
_HANDLES = ("ref", "key", "slug", "key_field", "epic_id", "key_prefix", "username")
# What a row is about, the best first.
_ABOUT = ("title", "question", "content", "file_name", "summary", "snippet", "name", "filename", "model")
# Things that have one of these are not told apart by the ids of other things that stand in their row.
_NAMED = (*_HANDLES, "name", "user_name", "title")
# Where something stands in a text: of use to pages alone.
_FOR_PAGES = ("title_spans", "snippet_spans")

# Which columns say most, first; columns not named here follow in their own order while there is room.
_FIRST = (
    "ref", "key", "slug", "username", "name", "verb", "title", "summary", "task", "about", "status", "progress",
    "state", "percent", "spent_usd", "limit_usd", "cost_usd", "calls", "total_tokens",
    "current_phase", "urgency", "priority", "type", "role", "ready", "held_by", "assigned_to", "author", "reason",
    "reasons", "blockers", "agent", "score", "candidates", "lease_until", "project", "parent", "by_status", "labels",
    "capabilities", "email", "model_name", "model_provider", "value", "source", "count", "action", "occurred_at",
    "event_action", "resource_type", "resource_name", "agent_name", "user_name", "request_id", "updated_at",
    "created_at", "operation",
)  # fmt: skip
_LAST = ("id", "metadata", "settings", "original", "config", "description", "details")


def in_order(names: Sequence[str]) -> list[str]:
    """Return names of fields, those first that say most."""

    def rank(name: str) -> tuple[int, int]:
        if name in _FIRST:
            return 0, _FIRST.index(name)
        return (2 if name in _LAST else 1), names.index(name)

    return sorted(names, key=rank)


def is_shown(name: str) -> bool:
    """Tell whether a field is for people, too."""
    return name not in _FOR_PAGES


def is_last(name: str) -> bool:
    """Tell whether a field says least."""
    return name in _LAST


def _says_something(name: str, rows: Rows) -> bool:
    return any(row.get(name) not in (None, [], {}, "") for row in rows)


def _is_id(name: str, rows: Rows) -> bool:
    values = [row.get(name) for row in rows if row.get(name) is not None]
    return bool(values) and all(is_uuid(value) for value in values)


def handle_of(names: Sequence[str]) -> str | None:
    """Return the column that names a row: of things that are known by a name within a project alone, their id."""
    found = next((name for name in _HANDLES if name in names), None)
    if found is None and "name" in names and "project" not in names:
        found = "name"
    return found or ("id" if "id" in names else None)


def columns_of(rows: Rows) -> list[str]:
    """Return the columns worth showing: what says something, no ids of other things beside names, no objects."""
    every = dict.fromkeys(key for row in rows for key in row)
    names = [name for name in every if is_shown(name) and _says_something(name, rows)]
    handle = handle_of(names)
    if any(name in names for name in _NAMED):
        names = [name for name in names if name == handle or not _is_id(name, rows)]
    return [name for name in names if not any(_is_object(row.get(name)) for row in rows)] or names


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and said(value) is None


def widths_of(names: Sequence[str], rows: Rows, width: int) -> dict[str, int]:
    """Return the columns that fit and how wide each may be.

    The first are the one that names a row, whole, and the one that says what it is about, cut where it is long; then
    the telling ones. Spare room is for the long ones.
    """
    handle, about = handle_of(names), next((name for name in _ABOUT if name in names), None)
    firm = [name for name in dict.fromkeys((handle, about)) if name is not None]
    natural = {name: _width(name, rows) for name in names}
    chosen: dict[str, int] = {}
    left = width
    for name in [*firm, *(name for name in in_order(names) if name not in firm)]:
        need = min(natural[name], width if name in (handle, *_WHOLE) else _LONG)
        if name in (*_CUT, about) and left - GAP >= _LEAST:
            need = min(need, left - GAP)
        if chosen and need + GAP > left:
            continue
        chosen[name] = need
        left -= need + GAP
    for name in chosen:
        more = max(0, min(left, natural[name] - chosen[name]))
        chosen[name] += more
        left -= more
    return chosen


def digits_of(name: str, rows: Rows) -> int:
    """Return how many characters of a column's uuids tell them apart, 8 at least: so many name a row again."""
    values = {row.get(name) for row in rows if is_uuid(row.get(name))}
    return next((n for n in range(8, 36) if len({str(value)[:n] for value in values}) == len(values)), 36)


def _width(name: str, rows: Rows) -> int:
    digits = digits_of(name, rows)
    cells = (cell_len(str(cell(name, row.get(name), UTC, digits))) for row in rows)
    return max(cell_len(head(name)), *cells, 1)


def table(rows: Rows, width: int, zone: tzinfo | None = None) -> tuple[Table, list[str]]:
    """Return a table of rows with the columns that fit, and the names of those that did not."""
    names = columns_of(rows)
    widths = widths_of(names, rows, width)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name, cells in widths.items():
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        is_number = numbers and not any(isinstance(row.get(name), bool) for row in rows)
        made.add_column(
            head(name),
            justify="right" if is_number else "left",
            overflow="ellipsis",
            no_wrap=True,
            max_width=cells,
        )
    digits = {name: digits_of(name, rows) for name in widths}
    for row in rows:
        made.add_row(*(cell(name, row.get(name), zone, digits[name]) for name in widths))
    return made, in_order([name for name in names if name not in widths])
