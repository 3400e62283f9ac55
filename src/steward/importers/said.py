"""Comments of Steward as files know them: by the id that a file gave, or by one that an export wrote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

_DIGITS = 13
"""Thirteen hexadecimal digits: every reader of JSON holds such a number exactly."""


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as it stands now.

    Attributes:
        id: id of the row.
        ref: its id in the file that it came from, None when it was written in Steward.
        author: who wrote it.
        text: what it says.
        created_at: when it was written.
        updated_at: when it was changed last, or deleted.
        deleted: it is gone.
    """

    id: str
    ref: str | None
    author: str
    text: str
    created_at: datetime
    updated_at: datetime
    deleted: bool = False

    @property
    def refs(self) -> tuple[str, ...]:
        """All ids that a file may know it by."""
        own = written_refs(self.id)
        return own if self.ref is None else (self.ref, *own)


def written_number(comment_id: str) -> int:
    """Return the number that stands for a comment in files whose comments have numbers; the same one each time."""
    return int(hashlib.sha256(comment_id.encode()).hexdigest()[:_DIGITS], 16)


def written_refs(comment_id: str) -> tuple[str, str]:
    """Return what an export may have written as the id of a comment that was made in Steward."""
    return comment_id, str(written_number(comment_id))
