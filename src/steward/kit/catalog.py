"""The whole catalog of our schemas as one flat mapping, so that two databases can be compared line by line.

Names and definitions are PostgreSQL's own renderings. They differ a little from major to major, so compare only what
one server told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from steward.kit.package import SCHEMAS
from steward.kit.renderings import alike
from steward.kit.sql import Query, parse


@dataclass(frozen=True, slots=True)
class Entry:
    """One object: its kind and name, and everything that defines it."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two catalogs differ; `expected` is None for what should not be there, `found` for what is missing."""

    name: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.name} is missing"
        if self.expected is None:
            return f"{self.name} should not be there"
        return f"{self.name} is {self.found}, should be {self.expected}"


@cache
def _parts() -> Mapping[str, Query]:
    return parse("catalog", (Path(__file__).parent / "catalog.sql").read_text("utf-8"))


def read(connection: psycopg.Connection[Any], schemas: Iterable[str] = SCHEMAS) -> dict[str, str]:
    """Return every object of some schemas as name and definition.

    Args:
        connection: an open one; read within one snapshot if it must be consistent.
        schemas: which ones.
    """
    found: dict[str, str] = {}
    values = {"schemas": list(schemas)}
    # Names are written with their schema only where the search path does not lead to it.
    with connection.transaction():
        connection.execute("set local search_path = pg_catalog")
        for part in _parts().values():
            found.update(connection.execute(part.text, values).fetchall())
    return found


def compare(expected: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    """Return every difference between two catalogs, in order of their names."""
    names = sorted(expected.keys() | found.keys())
    pairs = ((name, expected.get(name), found.get(name)) for name in names)
    return [
        Difference(name, wanted, has)
        for name, wanted, has in pairs
        if wanted is None or has is None or not alike(wanted, has)
    ]
