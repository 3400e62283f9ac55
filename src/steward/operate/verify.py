"""`steward db verify`: every difference between a database and what this package makes.

The expected side is made by the package itself, on the same server, in one transaction that is rolled back: our schemas
are renamed, the revisions and code files run as on an empty database, and both catalogs are read. Nobody else sees it,
no table of the database is locked, and since one server tells both sides, the comparison is exact on every major. It
needs no right to create databases.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql as compose

from steward.kit import catalog, package, sql
from steward.kit.catalog import Difference
from steward.kit.config import Settings
from steward.kit.rows import row_factory
from steward.operate import foundation, place
from steward.operate.setup import lay_seeds, owner_connection
from steward.operate.types import Applied, Figures, SeedKey, SeedRow

_SUFFIX = "__found"
# What the migrator and the audit write themselves.
_NO_SEEDS = frozenset(
    {
        "alembic_version",
        "migration_info",
        "code_objects",
        "registered_objects",
        "settings",
        "audit_logs",
        "audit_payloads",
    }
)
_COUNTED = ("table", "view", "function", "trigger", "index", "constraint", "sequence")


@dataclass(frozen=True, slots=True)
class Count:
    """How many there should be and are."""

    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What verify saw."""

    differences: list[Difference]
    counts: dict[str, Count]
    seeds: dict[str, Count]
    extensions: list[str]
    notes: list[str] = field(default_factory=list)
    took_ms: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether database and package agree."""
        return not self.differences


@dataclass(slots=True)
class _Seen:
    """What was gathered within the transaction."""

    found: dict[str, str]
    expected: dict[str, str]
    applied: list[Applied]
    lost: list[str]
    seeds: dict[str, Count]
    missing_rows: list[str]
    figures: Figures


def verify(settings: Settings) -> VerifyReport:
    """Compare the database with what this package makes: catalog, rights, revisions, extensions, seed rows.

    Args:
        settings: where the database is; nothing in it is changed.

    Raises:
        NotSetUp: it holds no Steward.
    """
    start = time.perf_counter()
    steps = _foundation(settings)
    with owner_connection(settings) as connection, connection.transaction(force_rollback=True):
        seen = _gather(connection)
    notes = [f"optional: {step}" for step in steps.optional]
    return VerifyReport(
        differences=[*steps.differences, *_revision_differences(seen.applied), *_all_differences(seen)],
        counts=_counts(seen.expected, seen.found),
        seeds=seen.seeds,
        extensions=seen.figures.extensions,
        notes=notes,
        took_ms=round((time.perf_counter() - start) * 1000),
    )


@dataclass(frozen=True, slots=True)
class _Foundation:
    differences: list[Difference]
    optional: list[str]


def _foundation(settings: Settings) -> _Foundation:
    """Name what set-up would still do."""
    if settings.embedded:
        place.server(settings).start()
    with foundation.connected(settings) as connection:
        if not place.look(connection).has_revisions:
            raise place.NotSetUp("this database holds no Steward", hint="run `steward db setup`")
    steps = foundation.missing_steps(settings)
    wanted = [
        Difference(f"foundation: {step.statement}", "done", None) for step in steps if not step.optional
    ]
    return _Foundation(wanted, [step.statement for step in steps if step.optional])


def _gather(connection: psycopg.Connection[Any]) -> _Seen:
    connection.execute(sql.get("operate.lock_migrations").text)
    connection.execute(sql.get("operate.plain_search_path").text)
    found = catalog.read(connection)
    applied = (
        connection.cursor(row_factory=row_factory(Applied))
        .execute(sql.get("operate.applied").text)
        .fetchall()
    )
    figures = (
        connection.cursor(row_factory=row_factory(Figures))
        .execute(sql.get("operate.figures").text)
        .fetchall()[0]
    )
    runtime, lost = _texts(connection, "runtime_steps"), _texts(connection, "runtime_lost")
    expected = _build_beside(connection, runtime)
    seeds, missing_rows = _compare_seeds(connection)
    return _Seen(found, expected, applied, lost, seeds, missing_rows, figures)


def _build_beside(connection: psycopg.Connection[Any], runtime: list[str]) -> dict[str, str]:
    """Make what the package makes, with what was made at run time, and return its catalog."""
    from steward.kit import migrate

    values = {"schemas": list(package.SCHEMAS), "suffix": _SUFFIX}
    for (statement,) in connection.execute(sql.get("operate.set_aside_steps").text, values).fetchall():
        connection.execute(statement)
    migrate.build(connection)
    # Which runtime objects there are depends on the day: what counts is what this database registered.
    for statement in _texts(connection, "runtime_drops"):
        connection.execute(statement)
    for statement in runtime:
        _make_again(connection, statement)
    expected = catalog.read(connection)
    lay_seeds(connection)
    return expected


def _make_again(connection: psycopg.Connection[Any], statement: str) -> None:
    """Make a runtime object; one whose parent is not made any more shows as a difference by itself."""
    try:
        with connection.transaction():
            connection.execute(statement)
    except (psycopg.errors.UndefinedTable, psycopg.errors.DuplicateTable, psycopg.errors.WrongObjectType):
        return


def _texts(connection: psycopg.Connection[Any], name: str) -> list[str]:
    return [row[0] for row in connection.execute(sql.get(f"operate.{name}").text, {}).fetchall()]


def _all_differences(seen: _Seen) -> list[Difference]:
    return [
        *catalog.compare(seen.expected, seen.found),
        *(Difference(f"runtime {name}", "registered", None) for name in seen.lost),
        *(Difference(f"seed row {row}", "present", None) for row in seen.missing_rows),
    ]


def _revision_differences(applied: list[Applied]) -> list[Difference]:
    from steward.kit import migrate

    known = {script.revision: migrate.checksum(script) for script in migrate.revisions()}
    there = {one.version: one.checksum for one in applied}
    named = catalog.compare(known, there)
    return [Difference(f"revision {one.name}", one.expected, one.found) for one in named]


def _counts(expected: Mapping[str, str], found: Mapping[str, str]) -> dict[str, Count]:
    wanted, has = (Counter(name.partition(" ")[0] for name in each) for each in (expected, found))
    return {kind: Count(wanted[kind], has[kind]) for kind in _COUNTED}


def _compare_seeds(connection: psycopg.Connection[Any]) -> tuple[dict[str, Count], list[str]]:
    cursor = connection.cursor(row_factory=row_factory(SeedKey))
    keys = cursor.execute(sql.get("operate.seed_keys").text, {"schemas": list(package.SCHEMAS)}).fetchall()
    counts: dict[str, Count] = {}
    missing: list[str] = []
    for key in keys:
        rows = [] if key.name in _NO_SEEDS else _seed_rows(connection, key)
        if rows:
            name = f"{key.schema}.{key.name}"
            counts[name] = Count(len(rows), sum(row.found for row in rows))
            missing += [f"{name} {row.row}" for row in rows if not row.found]
    return counts, missing


def _seed_rows(connection: psycopg.Connection[Any], key: SeedKey) -> list[SeedRow]:
    """Return the rows a table begins with; none counts as found where the table or a column is lost or out of reach."""
    there = f"{key.schema}{_SUFFIX}.{key.name}"
    names = {
        row[0]
        for row in connection.execute(sql.get("operate.column_names").text, {"table": there}).fetchall()
    }
    if set(key.key) <= names:
        try:
            with connection.transaction():
                return _ask_rows(connection, key, "operate.seed_rows")
        except psycopg.errors.InsufficientPrivilege:
            pass
    return _ask_rows(connection, key, "operate.seed_rows_unfound")


def _ask_rows(connection: psycopg.Connection[Any], key: SeedKey, name: str) -> list[SeedRow]:
    statement = compose.SQL(sql.get(name).text).format(
        found=compose.Identifier(f"{key.schema}{_SUFFIX}", key.name),
        of_found=compose.SQL(", ").join(compose.Identifier("f", name) for name in key.key),
        key=compose.SQL(", ").join(map(compose.Identifier, key.key)),
        expected=compose.Identifier(key.schema, key.name),
    )
    return connection.cursor(row_factory=row_factory(SeedRow)).execute(statement).fetchall()
