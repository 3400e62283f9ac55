"""Rows that the statements of operate give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
    has_revisions: bool
    lacks_role: bool
    taken: list[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement that set-up still has to run; optional ones may be denied."""

    statement: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What the server tells of the database for `steward db status`."""

    server_version: str
    database: str
    login: str
    size_bytes: int | None
    started_at: datetime
    connections: int
    max_connections: int
    extensions: list[str]


@dataclass(frozen=True, slots=True)
class Applied:
    """One revision that was applied."""

    version: str
    description: str
    checksum: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class SeedKey:
    """By which columns a row of a table is known."""

    schema: str
    name: str
    key: list[str]


@dataclass(frozen=True, slots=True)
class SeedRow:
    """A row that a table should begin with, as JSON of its key."""

    row: str
    found: bool
