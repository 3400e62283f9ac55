"""Rows as dataclasses: one factory a type, with words turned into the enums that the fields declare."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg.rows import RowMaker

from steward.kit.convert import hints, optional_inner

T = TypeVar("T")


def _enum_of(kind: Any) -> type[Enum] | None:
    kind = optional_inner(kind) or kind
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else None


@cache
def _enums(kind: Any) -> dict[str, type[Enum]]:
    found = {field.name: _enum_of(hints(kind)[field.name]) for field in dataclasses.fields(kind)}
    return {name: enum for name, enum in found.items() if enum is not None}


def row_factory(kind: type[T]) -> Callable[[psycopg.Cursor[Any]], RowMaker[T]]:
    """Return the psycopg row factory that makes instances of a dataclass."""

    declared: Any = kind

    def for_cursor(cursor: psycopg.Cursor[Any]) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]
        enums = {names.index(name): enum for name, enum in _enums(declared).items() if name in names}

        def make(values: Sequence[Any]) -> T:
            cells = list(values)
            for index, enum in enums.items():
                if cells[index] is not None:
                    cells[index] = enum(cells[index])
            return kind(**dict(zip(names, cells, strict=True)))

        return make

    return for_cursor
