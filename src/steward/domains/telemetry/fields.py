"""Attributes read leniently: exporters write numbers and truth values as texts, and leave out what they do not know."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_MOST = 2**63 - 1
_NUMBERS = (int, float)
Attributes = Mapping[str, Any]


def whole(value: Any) -> int | None:
    """Return a count: 12, 12.0, "12"; None for what is none, is negative or is no number."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else None
    if value is None or value is True or value is False:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number) if math.isfinite(number) and 0 <= number <= _MOST else None


def first_whole(attributes: Attributes, names: Iterable[str]) -> int | None:
    """Return the first of some attributes that holds a count."""
    for name in names:
        found = whole(attributes.get(name))
        if found is not None:
            return found
    return None


def money(attributes: Attributes) -> Decimal | None:
    """Return what a client says that a response cost: whole millionths before a fraction."""
    micros = whole(attributes.get("cost_usd_micros"))
    if micros is not None:
        return Decimal(micros) / 1_000_000
    value = attributes.get("cost_usd")
    try:
        cost = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    if cost is None or not cost.is_finite() or not 0 <= cost < 1_000_000:
        return None
    return round(cost, 9)


def truth(value: Any) -> bool | None:
    """Return a truth value: true, "true"; None for what is neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).lower())


def words(value: Any, most: int = 500) -> str | None:
    """Return a short text; None for what is blank or no scalar."""
    if type(value) is str:
        return value.strip()[:most] or None
    return str(value)[:most] if type(value) in _NUMBERS else None


def first_words(attributes: Attributes, names: Iterable[str], most: int = 500) -> str | None:
    """Return the first of some attributes that says something."""
    for name in names:
        found = words(attributes.get(name), most)
        if found is not None:
            return found
    return None


def content(value: Any) -> str | None:
    """Return a whole text; None where it is blank or was kept back by the client."""
    if not isinstance(value, str) or not value.strip() or value in ("[REDACTED]", "<REDACTED>"):
        return None
    return value


def as_object(value: Any) -> dict[str, Any]:
    """Return an object that is written as a text, or is one; empty where it is neither."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def as_text(value: Any, most: int) -> str | None:
    """Return what a tool took or gave, its beginning at most."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:most] or None
