"""Rows that the statements of the kit give, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the installation tells its people; `level` is info, warning or error."""

    topic: str
    level: str
    message: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Notices:
    """What people are told and nothing has closed since, the newest first; `more` are not shown."""

    notices: list[Notice] = field(default_factory=list)
    more: int = 0
