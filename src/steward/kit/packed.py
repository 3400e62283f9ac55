"""Columns of many rows as PostgreSQL's own binary arrays: one statement takes a thousand rows in.

`insert into … select … from unnest(%(ids)s::uuid[], %(texts)s::text[], …)` takes each column as one parameter. Built
here at a tenth of a microsecond a value, against one for a list of Python objects; and unlike COPY into a staging table
it is a prepared statement that needs no table of its own, behind a transaction pooler as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_NULL = b"\xff\xff\xff\xff"
_HEAD = struct.Struct("!iiIii")
_LENGTH = struct.Struct("!i").pack
_EPOCH_US = 946_684_800_000_000
_SHORT, _LONG, _DOUBLE = struct.Struct("!ih").pack, struct.Struct("!iq").pack, struct.Struct("!id").pack
P = TypeVar("P", bound="Packed")


class Packed(bytes):
    """A column, ready to be sent."""

    element: ClassVar[int]
    array: ClassVar[int]

    @classmethod
    def of(cls: type[P], parts: Sequence[bytes]) -> P:
        """Return a column of elements that bear their lengths already."""
        return cls(_HEAD.pack(1, 1, cls.element, len(parts), 1) + b"".join(parts))


class Uuids(Packed):
    """A column of uuids."""

    element, array = 2950, 2951


class Times(Packed):
    """A column of timestamptz."""

    element, array = 1184, 1185


class Texts(Packed):
    """A column of texts."""

    element, array = 25, 1009


class Jsons(Packed):
    """A column of jsonb."""

    element, array = 3802, 3807


class Bytes(Packed):
    """A column of bytea."""

    element, array = 17, 1001


class Shorts(Packed):
    """A column of smallint."""

    element, array = 21, 1005


class Longs(Packed):
    """A column of bigint."""

    element, array = 20, 1016


class Doubles(Packed):
    """A column of double precision."""

    element, array = 701, 1022


class Bools(Packed):
    """A column of boolean."""

    element, array = 16, 1000


def uuids(values: Iterable[bytes | None]) -> Uuids:
    """Return a column from the 16 bytes of each uuid."""
    return Uuids.of([_NULL if value is None else b"\0\0\0\x10" + value for value in values])


def times(values: Iterable[int | None]) -> Times:
    """Return a column from microseconds since 1970."""
    return Times.of([_NULL if value is None else _LONG(8, value - _EPOCH_US) for value in values])


def texts(values: Iterable[str | None]) -> Texts:
    """Return a column of texts, which hold no NUL."""
    return Texts.of([_NULL if value is None else _sized(value.encode()) for value in values])


def jsons(values: Iterable[bytes | None]) -> Jsons:
    """Return a column from JSON texts in UTF-8."""
    return Jsons.of(
        [_NULL if value is None else _LENGTH(len(value) + 1) + b"\x01" + value for value in values]
    )


def blobs(values: Iterable[bytes | None]) -> Bytes:
    """Return a column of bytes."""
    return Bytes.of([_NULL if value is None else _sized(value) for value in values])


def shorts(values: Iterable[int | None]) -> Shorts:
    """Return a column of small integers."""
    return Shorts.of([_NULL if value is None else _SHORT(2, value) for value in values])


def longs(values: Iterable[int | None]) -> Longs:
    """Return a column of integers."""
    return Longs.of([_NULL if value is None else _LONG(8, value) for value in values])


def doubles(values: Iterable[float | None]) -> Doubles:
    """Return a column of floats."""
    return Doubles.of([_NULL if value is None else _DOUBLE(8, value) for value in values])


def bools(values: Iterable[bool]) -> Bools:
    """Return a column of truth values."""
    return Bools.of([b"\0\0\0\1\1" if value else b"\0\0\0\1\0" for value in values])


def _sized(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def register() -> None:
    """Let every connection that is opened from now on send columns."""
    for kind in Packed.__subclasses__():
        psycopg.adapters.register_dumper(kind, _dumper(kind))


def _dumper(kind: type[Packed]) -> type[Dumper]:
    class PackedDumper(Dumper):
        """Sends a column as it is."""

        format = Format.BINARY
        oid = kind.array

        def dump(self, obj: Packed) -> Buffer:
            """Return the column."""
            return bytes(obj)

    return PackedDumper
