"""Cursors of long lists: opaque to callers, the sort key of the last row inside."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from steward.kit.errors import Invalid


def write(order: str, values: list[Any]) -> str:
    """Return the cursor that continues a list after a row.

    Args:
        order: the name of the sort order, so that a cursor is not used with another.
        values: the sort key of the last row, as JSON data.
    """
    text = json.dumps([order, *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str | None, order: str, count: int) -> list[Any] | None:
    """Return the sort key inside a cursor, None when there is no cursor.

    Raises:
        Invalid: it is none of ours, or belongs to another order.
    """
    if not text:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != count + 1 or found[0] != order:
        raise Invalid(
            f"cursor: {text[:40]!r} does not continue this list",
            hint="use next_cursor of the page before, with the same order",
        )
    return found[1:]
