"""Rows that the statements of operate give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database says of itself: all that decides whether this package may work with it."""

    server: int
    vector: str | None
    revision: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Foundation:
    """What a database holds where it does not (yet) answer as Steward's."""

    server: int
    vector: str | None
    login: str
    database: str
    is_superuser: bool
    has_steward: bool
    is_empty: bool
    lacks_role: bool
