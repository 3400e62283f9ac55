"""Reads single values of entries; what does not fit is none."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from steward.domains.telemetry import clean

_MOST_TOKENS = 2**53
_NAMESPACE = UUID("1c9a3c52-8b39-5d0e-a6a5-3d1f5c0f7d29")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def time_of(told: Any) -> datetime | None:
    """Read a time; one without offset is UTC."""
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at if _EARLIEST <= at <= _LATEST else None
    except (ValueError, OverflowError):
        return None


def text_of(value: Any, most: int) -> str | None:
    """Read a text that says something, so many characters of it."""
    return value[:most] if isinstance(value, str) and value.strip() else None


def count_of(value: Any) -> int:
    """Read a number of tokens, also one that is written as a text; what is none is 0."""
    if type(value) is str:
        try:
            value = float(value)
        except ValueError:
            return 0
        if math.isinf(value):
            # The word for it is no number of tokens.
            return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return 0
    return int(min(max(value, 0), _MOST_TOKENS))


def milliseconds_of(value: Any) -> int | None:
    """Read a duration."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # NaN is in no range.
    return int(value) if 0 <= value < _MOST_TOKENS else None


def object_in(value: Any) -> dict[str, Any]:
    """Return an object, an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def message_id(uuid: Any, session: UUID, line_no: int, block: int) -> UUID:
    """Return the id of what a block of an entry says: the entry's own for the first, where that is a uuid."""
    if isinstance(uuid, str) and uuid:
        if not block:
            try:
                return UUID(uuid)
            except ValueError:
                pass
        return uuid5(_NAMESPACE, f"{session if len(uuid) < 32 else ''}/{clean(uuid)}/{block}")
    return uuid5(_NAMESPACE, f"{session}/{line_no}/{block}")
