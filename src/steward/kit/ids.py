"""Ids as people type them: whole, or so much of their beginning as tells them apart."""

from __future__ import annotations

import re
from uuid import UUID

from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

_HEX = re.compile(r"^[0-9a-fA-F-]{8,36}$")
# How many candidates a statement gives and an error names, before it says that there are more.
_NAMED = 5


def id_range(words: str) -> tuple[UUID, UUID] | None:
    """Return the first and last uuid that begin with these hex digits."""
    digits = words.replace("-", "").lower()
    if not _HEX.match(words) or not 8 <= len(digits) <= 32:
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def id_of(db: Db, kind: str, words: str, statement: str, hint: str) -> UUID:
    """Return the id that begins with some digits; a whole one is returned unseen.

    Args:
        db: the transaction.
        kind: what is looked for, such as question.
        words: its id, or its first 8 digits or more.
        statement: gives up to 6 ids from `low` to `high`, in their order.
        hint: where to look for ids.

    Raises:
        Invalid: these are no digits of an id, or several ids begin with them.
        NotFound: no id begins with them.
    """
    words = words.strip()
    span = id_range(words)
    if span is None:
        raise Invalid(f"{kind}: {words[:80]!r} is not a uuid, nor its first 8 digits or more", hint=hint)
    low, high = span
    if low == high:
        return low
    found: list[UUID] = db.values(statement, low=low, high=high)
    if len(found) > 1:
        named = ", ".join(map(str, found[:_NAMED])) + (", …" if len(found) > _NAMED else "")
        raise Invalid(f"{words!r} stands for more than one {kind}: {named}", hint="give more digits")
    if not found:
        raise NotFound(f"there is no {kind} {words!r}", hint=hint)
    return found[0]
