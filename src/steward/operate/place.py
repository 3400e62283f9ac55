"""Where the database is, as whom to work there, and whether this package fits it. On the way of every command."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from steward.kit import sql
from steward.kit.config import Settings
from steward.kit.db import Database, Target, translate
from steward.kit.errors import Conflict, Invalid, StewardError, Unavailable
from steward.kit.files import FileStore
from steward.kit.package import SCHEMAS, code_checksum, newest_revision
from steward.kit.rows import row_factory
from steward.operate.types import Foundation, Standing

if TYPE_CHECKING:
    from steward.kit.embedded import EmbeddedServer

log = logging.getLogger("steward.place")
Progress = Callable[[str], None]

DATABASE = "steward"
OWNER, APP, AGENT, READONLY, BACKUP = (
    "steward_owner",
    "steward_app",
    "steward_agent",
    "steward_readonly",
    "steward_backup",
)
ROLES = (OWNER, APP, AGENT, READONLY, BACKUP)
_OLDEST, _SUPPORTED = 15, 16
_VECTOR = (0, 8)
_OWN = "set STEWARD_DATABASE_URL to the database that Steward may use, or to `embedded` for its own server"
_UPGRADE = "upgrade this package: an older one must not write to a newer schema"


@dataclass(frozen=True, slots=True)
class Login:
    """How to connect, and the role to take once connected (None: the login is that role)."""

    conninfo: str
    role: str | None


def quiet(_: str) -> None:
    """Tell nobody."""


def server(settings: Settings) -> EmbeddedServer:
    """Return the embedded server of a home; nothing is started."""
    from steward.kit.embedded import EmbeddedServer

    return EmbeddedServer(settings.home)


def start_server(settings: Settings, progress: Progress = quiet) -> EmbeddedServer:
    """Start the embedded server of a home and return it; a home that is new is told of, for it may be a slip."""
    found = server(settings)
    is_new = not found.data_dir.exists()
    found.start(progress)
    if is_new:
        sys.stderr.write(f"new home made at {settings.home}\n")
    return found


def external(settings: Settings, *, direct: bool = False) -> dict[str, str]:
    """Return the parts of an external database's address.

    Args:
        settings: of which the URL is read.
        direct: prefer the address that goes around a pooler.

    Raises:
        Invalid: it is no address of a PostgreSQL database.
    """
    name = "database_direct_url" if direct and settings.database_direct_url else "database_url"
    source = settings.sources.get(name, name)
    url: str = getattr(settings, name)
    scheme, _, rest = url.partition("://")
    # Frameworks write the driver into the scheme (postgresql+psycopg, postgresql+asyncpg).
    if rest and scheme.partition("+")[0] in ("postgres", "postgresql"):
        url = f"postgresql://{rest}"
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError as exc:
        text = str(exc).strip().replace(url, "***")
        raise Invalid(f"{source} is no address of a PostgreSQL database: {text}", hint=_OWN) from None
    parts.setdefault("application_name", "steward")
    return parts


def login(settings: Settings, role: str, *, dbname: str | None = None, direct: bool = True) -> Login:
    """Return how to act as a role: the embedded server lets its owner in as any, elsewhere the login takes the role.

    Args:
        settings: where the database is.
        role: one of ROLES.
        dbname: another database of the same server.
        direct: go around a pooler where an address for that is known.
    """
    if settings.embedded:
        return Login(server(settings).conninfo(dbname or DATABASE, role), None)
    parts = external(settings, direct=direct)
    if dbname:
        parts["dbname"] = dbname
    taken = role if _user(parts) != role else None
    return Login(make_conninfo(**parts), taken)


def owner_login(settings: Settings) -> Login:
    """Return how migrations connect: directly, as the owner of everything."""
    return login(settings, OWNER)


def administrator(settings: Settings, dbname: str | None = None) -> str:
    """Return how set-up connects: as the embedded server's superuser, elsewhere with the login as it was given."""
    if settings.embedded:
        from steward.kit.embedded import SUPERUSER

        return server(settings).conninfo(dbname or DATABASE, SUPERUSER)
    parts = external(settings, direct=True)
    if dbname:
        parts["dbname"] = dbname
    return make_conninfo(**parts)


def conninfo(settings: Settings, role: str) -> str:
    """Return one string with which a PostgreSQL program connects and acts as a role."""
    found = login(settings, role)
    if found.role is None:
        return found.conninfo
    options = conninfo_to_dict(found.conninfo).get("options") or ""
    return make_conninfo(found.conninfo, options=f"{options} -c role={found.role}".strip())


def _user(parts: dict[str, str]) -> str:
    return parts.get("user") or getpass.getuser()


def target(settings: Settings) -> Target:
    """Return where operations connect and the role they take there."""
    if settings.embedded:
        found = login(settings, APP)
        return Target(found.conninfo, found.conninfo)
    pooled, direct = login(settings, APP, direct=False), login(settings, APP)
    return Target(pooled.conninfo, direct.conninfo, pooled.role, settings.database_direct_url is not None)


def unopened(settings: Settings) -> Database:
    """Return the database with these settings, neither connected nor checked."""
    return Database(
        target(settings),
        pool_size=settings.pool_size,
        pool_idle_s=settings.pool_idle_s,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_ms=settings.statement_timeout_ms,
        slow_query_ms=settings.slow_query_ms,
        files=FileStore(settings.files_folder, settings.attachment_limit_mib * 1024 * 1024),
    )


def open_database(settings: Settings, *, start: bool = True, progress: Progress = quiet) -> Database:
    """Return the database, checked to be one that this package may work with.

    Args:
        settings: where it is.
        start: start the embedded server when it is down, and set its database up when there is none yet.
        progress: told what is waited for.

    Raises:
        Unavailable: it cannot be reached, is not set up, is too old or lacks pgvector; the hint is the remedy.
        Conflict: a newer package migrated it, or others' variables name a database that is not Steward's.
    """
    if settings.embedded:
        _wake(settings, start, progress)
    database = unopened(settings)
    try:
        check(database, settings)
    except NotSetUp:
        if not (start and settings.embedded):
            database.close()
            raise
    except BaseException:
        database.close()
        raise
    else:
        return database
    database.close()
    return _first_time(settings, progress)


def _wake(settings: Settings, start: bool, progress: Progress) -> None:
    if start:
        start_server(settings, progress)
    elif not server(settings).is_running():
        raise Unavailable("Steward's database server is down", hint="run `steward up`")


def _first_time(settings: Settings, progress: Progress) -> Database:
    from steward.operate.setup import setup

    setup(settings, progress)
    database = unopened(settings)
    try:
        check(database, settings)
    except BaseException:
        database.close()
        raise
    return database


class NotSetUp(Unavailable):
    """The database holds no Steward yet."""

    code = "not_set_up"


def check(database: Database, settings: Settings) -> None:
    """Refuse a database that this package must not work with; one statement where all is well.

    Raises:
        Unavailable: see `open_database`.
        Conflict: see `open_database`.
    """
    check_standing(_standing(database, settings))


def check_standing(standing: Standing) -> None:
    """Refuse a database by what it says of itself; see `check`."""
    check_server(standing.server)
    check_vector(standing.vector)
    _check_revision(standing)


def _standing(database: Database, settings: Settings) -> Standing:
    statement = sql.get("operate.standing").text
    patience = settings.connect_timeout_s + 0.5
    try:
        with _hushed(), database.connection(timeout=patience) as connection, connection.transaction():
            if database.target.role is not None:
                connection.execute(sql.get("operate.take_role").text, {"role": database.target.role})
            return connection.cursor(row_factory=row_factory(Standing)).execute(statement).fetchall()[0]
    except (psycopg.Error, Unavailable):
        raise diagnose(settings) from None


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep the pool from logging what is raised as an error right away."""
    pool_log = logging.getLogger("psycopg.pool")
    before, pool_log.disabled = pool_log.disabled, True
    try:
        yield
    finally:
        pool_log.disabled = before


def diagnose(settings: Settings) -> StewardError:
    """Return what is wrong with a database that did not answer as Steward's."""
    try:
        found = foundation(settings)
    except psycopg.Error as exc:
        return unreachable(settings, exc)
    except StewardError as exc:
        return exc
    try:
        check_server(found.server)
    except StewardError as exc:
        return exc
    refused = refuse_foreign(settings, found)
    if refused is not None:
        return refused
    if not found.has_steward or found.lacks_role:
        return NotSetUp("this database holds no Steward yet", hint="run `steward db setup`")
    if not found.has_revisions:
        return Unavailable("the database is at no revision", hint="run `steward db migrate`")
    return Unavailable(
        f"the login {found.login} may not use Steward's tables in {found.database}, or they are incomplete",
        hint="run `steward db setup`; it grants what is missing or prints the SQL for an administrator",
    )


def foundation(settings: Settings) -> Foundation:
    """Look at a database without expecting Steward in it.

    Raises:
        psycopg.Error: no connection.
    """
    timeout = max(settings.connect_timeout_s, 2)
    with psycopg.connect(administrator(settings), autocommit=True, connect_timeout=timeout) as connection:
        return look(connection)


def look(connection: psycopg.Connection[Any]) -> Foundation:
    """Return what the connected database holds."""
    cursor = connection.cursor(row_factory=row_factory(Foundation))
    return cursor.execute(sql.get("operate.foundation").text, {"schemas": list(SCHEMAS)}).fetchall()[0]


def unreachable(settings: Settings, exc: psycopg.Error) -> StewardError:
    """Return the error that stands for a failed connection: no such database, or no such server."""
    if "does not exist" in str(exc):
        hint = _OWN if settings.database_foreign else "run `steward db setup`"
        return NotSetUp(f"there is no such database: {_short(exc)}", hint=hint)
    if settings.embedded:
        return translate(exc)
    where = settings.sources.get("database_url", "STEWARD_DATABASE_URL")
    hint = (
        f"start that server, or {_OWN}"
        if settings.database_foreign
        else f"is {where} right, and that server up?"
    )
    return Unavailable(f"no connection to the database of {where}: {_short(exc)}", hint=hint)


def _short(exc: psycopg.Error) -> str:
    return str(exc).strip().splitlines()[0].strip()


def refuse_foreign(settings: Settings, found: Foundation) -> Conflict | None:
    """Return why a database that others' variables name is not used, None when it may be."""
    if not settings.database_foreign or found.has_steward or found.is_empty:
        return None
    source = settings.sources["database_url"]
    return Conflict(
        f"{source} names the database {found.database}, which holds tables that are not Steward's",
        hint=f"it was left alone: {_OWN}",
    )


def check_server(number: int) -> None:
    """Refuse a server that is too old, warn of one that is nearly.

    Args:
        number: the server's version as PostgreSQL counts it, such as 160004.
    """
    major = number // 10000
    if major < _OLDEST:
        raise Unavailable(
            f"the server is PostgreSQL {major}, Steward needs {_SUPPORTED} or newer",
            hint="upgrade that server, or set STEWARD_DATABASE_URL=embedded to use Steward's own",
        )
    if major < _SUPPORTED:
        log.warning("PostgreSQL %s is tried, not promised: %s or newer is supported", major, _SUPPORTED)


def check_vector(version: str | None) -> None:
    """Refuse a database without pgvector or with one that is too old."""
    wanted = ".".join(map(str, _VECTOR))
    if version is None:
        raise Unavailable(
            f"the database lacks the extension vector (pgvector {wanted} or newer)",
            hint="install pgvector on that server, then run `steward db setup`",
        )
    if tuple(int(part) for part in version.split(".")[:2]) < _VECTOR:
        raise Unavailable(
            f"the database has pgvector {version}, Steward needs {wanted} or newer",
            hint="install a newer pgvector on that server, then run `alter extension vector update` there",
        )


def _check_revision(standing: Standing) -> None:
    newest = newest_revision()
    if standing.revision is None:
        raise Unavailable("the database is at no revision", hint="run `steward db migrate`")
    if standing.revision > newest:
        raise Conflict(
            f"the database is at revision {standing.revision}, this package knows {newest}", hint=_UPGRADE
        )
    if standing.revision < newest:
        raise Unavailable(
            f"the database is at revision {standing.revision}, this package needs {newest}",
            hint="run `steward db migrate`",
        )
    if standing.code != code_checksum():
        what = "no functions and views" if standing.code is None else "functions and views of another release"
        raise Unavailable(f"the database holds {what}", hint="run `steward db migrate`")
