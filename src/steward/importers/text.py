"""Text that a database can hold, and words for what is none."""

from __future__ import annotations

import hashlib
import re
from typing import Any

_LONGEST_REF = 400
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what PostgreSQL cannot store (zero characters, halves of pairs) by the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def describe(value: Any) -> str:
    """Name the kind of a JSON value in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def bounded(ref: str) -> str:
    """Keep a reference short enough for an index, however deep it lies."""
    if len(ref) <= _LONGEST_REF:
        return ref
    return f"{ref[: _LONGEST_REF // 2]}~{hashlib.sha256(ref.encode()).hexdigest()[:16]}"
