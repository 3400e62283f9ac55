"""Cursors: where a list goes on, as an opaque text, so that rows that come or go do not shift what was seen."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from steward.kit.convert import dump, load
from steward.kit.errors import Invalid
from steward.kit.op import Page

T = TypeVar("T")
MOST = 500


def encode(*values: Any) -> str:
    """Return the cursor that stands for the sort key of a page's last row."""
    text = json.dumps(dump(list(values)), separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: Any) -> tuple[Any, ...]:
    """Return the sort key in a cursor, all None for the first page.

    Args:
        cursor: what `encode` gave, or None.
        kinds: the type of each value.

    Raises:
        Invalid: the text is no cursor of this list.
    """
    if cursor is None:
        return (None,) * len(kinds)
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        return tuple(load(kind, value, "cursor") for kind, value in zip(kinds, values, strict=True))
    except (binascii.Error, ValueError, RecursionError, Invalid):
        hint = "pass next_cursor of the page before, to the same list"
        raise Invalid("cursor: this is no cursor of this list", hint=hint) from None


def check_limit(limit: int, most: int = MOST) -> int:
    """Return how many rows to ask for: one more than wanted, which tells whether there is a next page.

    Raises:
        Invalid: fewer than 1 or more than `most` were wanted.
    """
    if not 1 <= limit <= most:
        raise Invalid(f"limit: {limit} is not between 1 and {most}", hint="use next_cursor for longer lists")
    return limit + 1


def page(rows: list[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """Return the rows as a page.

    Args:
        rows: what was found for `check_limit(limit)`.
        limit: how many the caller wanted.
        key: gives the sort key of a row.
    """
    if len(rows) <= limit:
        return Page(rows)
    kept = rows[:limit]
    return Page(kept, encode(*key(kept[-1])))
