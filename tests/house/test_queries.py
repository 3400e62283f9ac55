"""Every named statement against the live schema: it prepares, and gives the columns and types of its row."""

from __future__ import annotations

import dataclasses
import importlib
import ipaddress
import re
import types
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import psycopg
import pytest

from steward.kit import sql
from steward.kit.convert import hints
from steward.kit.db import Database
from tests.house.sources import named_queries

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
IDENTIFIER = re.compile(r"\{\w+\}")
SCALARS = {
    "text": str, "uuid": UUID, "bool": bool, "boolean": bool, "bigint": int, "integer": int, "int": int, "jsonb": Any,
    "timestamptz": datetime, "numeric": Decimal, "bytea": bytes, "date": date,
}  # fmt: skip
PYTHON_TYPES: dict[str, tuple[Any, ...]] = {
    "text": (str,), "varchar": (str,), "name": (str,), "bool": (bool,), "int2": (int,), "int4": (int,), "int8": (int,),
    "float8": (float,), "numeric": (Decimal,), "uuid": (UUID,), "timestamptz": (datetime,), "date": (date,),
    "bytea": (bytes,),
    "interval": (timedelta,), "jsonb": (dict, list, str, int, float, object), "json": (dict, list, str, object),
    "inet": (str, ipaddress.IPv4Address, object), "xid8": (int, str),
}  # fmt: skip


def _query_id(query: sql.Query) -> str:
    return query.name


def _numbered(text: str) -> str:
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return PLACEHOLDER.sub(number, text) if "%(" in text or "%%" in text else text


@dataclasses.dataclass(frozen=True)
class Column:
    """A column as the server describes it."""

    name: str
    type_name: str
    nullable: bool | None


@contextmanager
def _connection(database: Database) -> Iterator[psycopg.Connection[Any]]:
    # The catalogs that setup and verify read are the owner's to see as well.
    with database.connection() as connection:
        yield connection


def _describe(connection: psycopg.Connection[Any], query: sql.Query) -> list[Column]:
    with connection.transaction(force_rollback=True):
        connection.pgconn.prepare(b"", b"")
        done = connection.pgconn.prepare(b"house", _numbered(query.text).encode())
        if done.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise AssertionError(f"{query.name}: {done.error_message.decode()}")
        told = connection.pgconn.describe_prepared(b"house")
        connection.execute("deallocate house")
    return [_column(connection, told, at) for at in range(told.nfields)]


def _column(connection: psycopg.Connection[Any], told: Any, at: int) -> Column:
    oid, table, number = told.ftype(at), told.ftable(at), told.ftablecol(at)
    row = connection.execute("select typname from pg_type where oid = %s", (oid,)).fetchone()
    assert row is not None
    return Column(told.fname(at).decode(), row[0], _is_nullable(connection, table, number))


def _is_nullable(connection: psycopg.Connection[Any], table: int, number: int) -> bool | None:
    row = connection.execute(
        "select not attnotnull from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where attrelid = %s and attnum = %s and c.relkind in ('r', 'p')",
        (table, number),
    ).fetchone()
    return row[0] if row else None


def _row_class(query: sql.Query) -> type | None:
    """Return the dataclass of a statement's row: in the types of its package, or of the kit."""
    package = query.name.partition(".")[0]
    root = (
        f"steward.{package}" if package in ("kit", "importers", "operate") else f"steward.domains.{package}"
    )
    for module in (f"{root}.types", root, f"{root}.jobs", "steward.kit.jobs", "steward.kit.catalog"):
        try:
            found = getattr(importlib.import_module(module), query.row, None)
        except ModuleNotFoundError:
            continue
        if isinstance(found, type) and dataclasses.is_dataclass(found):
            return found
    return None


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _fits(kind: Any, type_name: str) -> bool:
    """Tell whether a column of that type may fill a field of that kind."""
    for each in _alternatives(kind):
        base = get_origin(each) or each
        if base is Any:
            return True
        if type_name.startswith("_"):
            if base is list and all(_fits(item, type_name[1:]) for item in get_args(each)):
                return True
        elif isinstance(base, type) and issubclass(base, Enum):
            if type_name == ("text" if issubclass(base, str) else "int4") or (
                issubclass(base, int) and type_name == "int2"
            ):
                return True
        elif base in PYTHON_TYPES.get(type_name, ()):
            return True
    return False


def _problems(row: type, columns: list[Column]) -> list[str]:
    fields = {field.name: field for field in dataclasses.fields(row)}
    names = [column.name for column in columns]
    found = [f"column {name} has no field" for name in names if name not in fields]
    for field in fields.values():
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if needed and field.name not in names:
            found.append(f"field {field.name} has no column")
    kinds = hints(row)
    for column in columns:
        kind = kinds.get(column.name)
        if kind is None:
            continue
        if not _fits(kind, column.type_name):
            found.append(f"{column.name} is {column.type_name}, its field {kind}")
        if column.nullable and type(None) not in _alternatives(kind) and kind is not Any:
            found.append(f"{column.name} may be null, its field {kind}")
    return found


CHECKED = [query for query in named_queries() if not IDENTIFIER.search(query.text)]


@pytest.mark.parametrize("query", CHECKED, ids=_query_id)
def test_a_statement_gives_its_row(shared_database: Database, query: sql.Query) -> None:
    with _connection(shared_database) as connection:
        columns = _describe(connection, query)
    if query.row == "none":
        return
    wanted = query.row.removesuffix("[]")
    if wanted in SCALARS:
        # Of several columns `Db.value` takes the first.
        assert columns
        array = "_" if query.row.endswith("[]") else ""
        expected = SCALARS[wanted]
        assert columns[0].type_name.startswith("_") == bool(array)
        assert expected is Any or _fits(expected, columns[0].type_name.removeprefix("_"))
        return
    row = _row_class(query)
    assert row is not None, f"no dataclass {query.row} in the types of {query.name}"
    assert _problems(row, columns) == []


def test_there_is_something_to_check() -> None:
    assert len(CHECKED) > 50


def test_every_named_query_is_used() -> None:
    from tests.house.sources import PACKAGE

    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    unused = [
        query.name
        for query in named_queries()
        if f'"{query.name}"' not in code and f'"{query.name.partition(".")[2]}"' not in code
    ]
    assert unused == []
