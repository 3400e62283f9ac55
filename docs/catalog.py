"""What the database tells of its tables, views and functions, as pages of the documentation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

import steward
from steward.kit import op

_SOURCES = Path(steward.__file__).parent
_RELATIONS = """
    select n.nspname, c.relname, c.relkind, coalesce(obj_description(c.oid, 'pg_class'), '')
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    order by n.nspname, c.relkind in ('v', 'm'), c.relname
"""
_COLUMNS = """
    select
      n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull or c.relkind in ('v', 'm')
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any (%s) and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')
    order by n.nspname, c.relname, a.attnum
"""
_FUNCTIONS = """
    select
      n.nspname, p.proname, pg_get_function_arguments(p.oid), coalesce(pg_get_function_result(p.oid), ''),
      p.prokind, coalesce(obj_description(p.oid, 'pg_proc'), '')
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = any (%s) and p.prorettype <> 'trigger'::regtype
      and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    order by n.nspname, p.proname, 3
"""
_COMMENTED = re.compile(
    r"(?P<text>(?:^--[^\n]*\n)+)\s*create (?:or replace )?(?:function|view|procedure) (?P<name>\w+\.\w+)",
    re.MULTILINE,
)
Table = Callable[[tuple[str, ...], Sequence[tuple[object, ...]]], Iterator[str]]


def comments() -> dict[str, str]:
    """Return the comment that stands above each function and view in the sources."""
    found: dict[str, str] = {}
    for path in sorted([*_SOURCES.rglob("code*.sql"), *(_SOURCES / "migrations").glob("*.py")]):
        for match in _COMMENTED.finditer(path.read_text("utf-8")):
            lines = [line.lstrip("- ").rstrip() for line in match["text"].splitlines()]
            found[match["name"]] = " ".join(lines)
    return found


def page(connection: psycopg.Connection[Any], table: Table) -> Iterator[str]:
    """Give the schemas one after the other."""
    schemas = ["kit", *op.ROOMS]
    said = comments()
    columns: dict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    for schema, name, column, kind, required in connection.execute(_COLUMNS, (schemas,)):
        columns[schema, name].append((f"`{column}`", kind, "" if required else "may be null"))
    relations = connection.execute(_RELATIONS, (schemas,)).fetchall()
    functions = connection.execute(_FUNCTIONS, (schemas,)).fetchall()
    for schema in schemas:
        yield f"## {schema}\n"
        for _, name, kind, comment in (row for row in relations if row[0] == schema):
            yield f"### {schema}.{name}\n"
            text = comment or said.get(f"{schema}.{name}", "")
            yield f"{_KINDS[kind]}. {text}\n"
            yield from table(("column", "type", ""), columns[schema, name])
        rows = [_function(row, said) for row in functions if row[0] == schema]
        if rows:
            yield f"### Functions of {schema}\n"
            yield from table(("function", "returns", "what it does"), rows)


_KINDS = {"r": "Table", "p": "Table in partitions", "v": "View", "m": "Materialized view"}


def _function(row: tuple[Any, ...], said: dict[str, str]) -> tuple[object, ...]:
    schema, name, arguments, result, kind, comment = row
    text = comment or said.get(f"{schema}.{name}", "")
    returns = "procedure" if kind == "p" else f"`{result}`"
    return (f"`{schema}.{name}({arguments})`", returns, text)
