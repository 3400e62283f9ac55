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

    def for_cursor(cursor: psycopg.Cursor[Any]) -> RowMaker[T]:
        result = cursor.pgresult
        # `cursor.description` makes an object of each column: a fifth of what a small query takes here.
        names = tuple(result.fname(index) or b"" for index in range(result.nfields)) if result else ()
        declared: Any = kind
        maker: RowMaker[T] = _maker(declared, names)
        return maker

    return for_cursor


@cache
def _maker(kind: Any, columns: tuple[bytes, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row of these columns an instance of a dataclass."""
    names = [column.decode() for column in columns]
    enums = [(names.index(name), enum) for name, enum in _enums(kind).items() if name in names]

    def make(values: Sequence[Any]) -> Any:
        cells = list(values)
        for index, enum in enums:
            if cells[index] is not None:
                cells[index] = enum(cells[index])
        return kind(**dict(zip(names, cells, strict=True)))

    return make
