"""Text that a database can hold."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what PostgreSQL cannot store (zero characters, halves of pairs) by the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text
