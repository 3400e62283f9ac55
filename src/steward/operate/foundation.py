"""What must stand before the first revision runs: database, roles, extensions, rights. Made, or told as exact SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql as compose

from steward.kit import sql
from steward.kit.config import Settings
from steward.kit.db import translate
from steward.kit.errors import Conflict, Unavailable
from steward.kit.package import SCHEMAS
from steward.kit.rows import row_factory
from steward.operate import place
from steward.operate.types import Foundation, Step

SEARCH_PATH = ", ".join((*SCHEMAS, "public"))
_PHASES = ("role_steps", "extension_steps", "right_steps", "setting_steps")
_MAINTENANCE = ("postgres", "template1")
# Somebody else made it between our look and our try.
_RACED = (psycopg.errors.DuplicateObject, psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation)
_NOT_THERE = (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile)


class SetupDenied(Unavailable):
    """The login may not create what is missing; `detail['sql']` is what an administrator runs."""

    code = "setup_denied"


def lay(settings: Settings, progress: place.Progress) -> None:
    """Create database, roles, extensions and rights where they are missing.

    Raises:
        SetupDenied: something is missing and the login may not create it.
        Conflict: the database holds somebody else's tables.
    """
    ensure_database(settings, progress)
    with connected(settings) as connection:
        denied = _lay_all(connection, settings, progress)
        if denied:
            raise _denied(settings, denied)
        place.check_vector(place.look(connection).vector)


def missing_steps(settings: Settings) -> list[Step]:
    """Return what set-up would do in the database now."""
    with connected(settings) as connection:
        return [step for phase in _PHASES for step in _steps(connection, settings, phase)]


def _lay_all(connection: psycopg.Connection[Any], settings: Settings, progress: place.Progress) -> list[str]:
    denied: list[str] = []
    for phase in _PHASES:
        for step in _steps(connection, settings, phase):
            done = _try(connection, step, progress)
            if not done and not step.optional:
                denied.append(step.statement)
    return denied


def _steps(connection: psycopg.Connection[Any], settings: Settings, phase: str) -> list[Step]:
    # Nobody logs in as one of the roles on a server of others unless its administrator gives them a password.
    kind = "login" if settings.embedded else "nologin"
    values = {"roles": list(place.ROLES), "kind": kind, "path": SEARCH_PATH}
    cursor = connection.cursor(row_factory=row_factory(Step))
    return cursor.execute(sql.get(f"operate.{phase}").text, values).fetchall()


def _try(connection: psycopg.Connection[Any], step: Step, progress: place.Progress) -> bool:
    """Run one statement and tell whether what it makes is there now."""
    try:
        with connection.transaction():
            connection.execute(sql.get("operate.lock_setup").text)
            connection.execute(step.statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except _RACED:
        return True
    except _NOT_THERE as exc:
        if not step.optional:
            # The remedy is another than rights: `check_vector` names it.
            progress(translate(exc).message)
        return True
    progress(step.statement.split(";")[0])
    return True


def _denied(settings: Settings, statements: list[str]) -> SetupDenied:
    text = "\n".join(statements)
    where = place.external(settings).get("dbname", "") if not settings.embedded else place.DATABASE
    return SetupDenied(
        "the login may not create what Steward needs",
        hint=f"an administrator runs this in the database {where}, then you run `steward db setup` again:\n{text}",
        detail={"sql": text},
    )


@contextmanager
def connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Connect as an administrator to a database that may be Steward's, and check that it is no one else's."""
    try:
        connection = psycopg.connect(place.administrator(settings), autocommit=True, connect_timeout=10)
    except psycopg.Error as exc:
        raise place.unreachable(settings, exc) from None
    with connection:
        found = place.look(connection)
        place.check_server(found.server)
        refused = place.refuse_foreign(settings, found) or _refuse_taken(found)
        if refused is not None:
            raise refused
        yield connection


def _refuse_taken(found: Foundation) -> Conflict | None:
    if found.has_steward or not found.taken:
        return None
    return Conflict(
        f"the database {found.database} has schemas of others under Steward's names: {', '.join(found.taken)}",
        hint="give Steward a database of its own in STEWARD_DATABASE_URL",
    )


def ensure_database(settings: Settings, progress: place.Progress) -> None:
    """Create the database unless it exists; one that others' variables name is never created."""
    if settings.embedded:
        _create_embedded(settings, progress)
        return
    try:
        psycopg.connect(place.administrator(settings), connect_timeout=10).close()
    except psycopg.Error as exc:
        problem = place.unreachable(settings, exc)
        if not isinstance(problem, place.NotSetUp) or settings.database_foreign:
            raise problem from None
        _create_external(settings, progress)


def _create_embedded(settings: Settings, progress: place.Progress) -> None:
    with psycopg.connect(place.administrator(settings, "postgres"), autocommit=True) as connection:
        if _exists(connection, place.DATABASE):
            return
        for step in _steps(connection, settings, "role_steps"):
            _try(connection, step, progress)
        _create(connection, place.DATABASE, place.OWNER)
        progress(f"created the database {place.DATABASE}")


def _create_external(settings: Settings, progress: place.Progress) -> None:
    name = place.external(settings, direct=True).get("dbname") or place.DATABASE
    connection = _maintenance(settings)
    with connection:
        try:
            if not _exists(connection, name):
                _create(connection, name, connection.info.user)
                progress(f"created the database {name}")
        except psycopg.errors.InsufficientPrivilege:
            raise _database_denied(connection, name) from None


def _database_denied(connection: psycopg.Connection[Any], name: str) -> SetupDenied:
    text = f"{_creation(name, connection.info.user).as_string(connection)};"
    return SetupDenied(
        f"the login may not create the database {name}",
        hint=f"an administrator runs this, then you run `steward db setup` again:\n{text}",
        detail={"sql": text},
    )


def _maintenance(settings: Settings) -> psycopg.Connection[Any]:
    problem: psycopg.Error | None = None
    for name in _MAINTENANCE:
        try:
            return psycopg.connect(place.administrator(settings, name), autocommit=True, connect_timeout=10)
        except psycopg.Error as exc:
            problem = exc
    raise place.unreachable(settings, problem or psycopg.OperationalError("no database to connect to"))


def _exists(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute(sql.get("operate.database_exists").text, {"name": name}).fetchone()
    return bool(row and row[0])


def _create(connection: psycopg.Connection[Any], name: str, owner: str) -> None:
    """Create a database; nothing of the server's default template comes along."""
    try:
        connection.execute(_creation(name, owner))
    except _RACED:
        return


def _creation(name: str, owner: str) -> compose.Composed:
    statement = sql.get("operate.create_database").text.partition("\n")[2]
    return compose.SQL(statement).format(database=compose.Identifier(name), owner=compose.Identifier(owner))
