"""`steward db`: set up, migrate, roll back, seed, reset. Every one may be run again, and twice at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from steward.kit import sql
from steward.kit.config import Settings
from steward.kit.db import Actor, Db, translate
from steward.kit.errors import Invalid
from steward.kit.package import MIGRATIONS, SCHEMAS, newest_revision
from steward.kit.sql import folder_of
from steward.operate import foundation, place

if TYPE_CHECKING:
    from steward.kit.migrate import MigrationReport

_TEMPLATE = '''"""{description}"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "{revision}"
down_revision = "{before}"

UP = r"""
"""

DOWN = r"""
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
'''


@dataclass(frozen=True, slots=True)
class SeedReport:
    """How many rows each room's seeds added."""

    rows: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many rows were added in all."""
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What a set-up did."""

    migration: MigrationReport
    seeds: SeedReport


@dataclass(frozen=True, slots=True)
class ResetReport:
    """What a reset took away."""

    schemas: list[str]
    roles: list[str]
    kept_roles: list[str]


def setup(settings: Settings, progress: place.Progress = place.quiet) -> SetupReport:
    """Make the database ready: server, database, roles, extensions, revisions, reference rows.

    Args:
        settings: where the database is; the embedded server is started.
        progress: told what happens, a line each.

    Raises:
        SetupDenied: the login may not create what is missing; `detail['sql']` is for an administrator.
        Conflict: the database holds somebody else's tables, or a newer package migrated it.
        Unavailable: no connection, a server that is too old, or no pgvector.
    """
    if settings.embedded:
        place.start_server(settings, progress)
    foundation.lay(settings, progress)
    report = migrate(settings, progress)
    return SetupReport(report, seed(settings))


def setup_sql(settings: Settings) -> str:
    """Return the SQL that an administrator runs where the login may not create what is missing; '' when nothing is."""
    try:
        foundation.ensure_database(settings, place.quiet)
        return "\n".join(step.statement for step in foundation.missing_steps(settings))
    except foundation.SetupDenied as exc:
        return str(exc.detail["sql"])


def migrate(settings: Settings, progress: place.Progress = place.quiet) -> MigrationReport:
    """Bring the database to this package's newest revision and code.

    Raises:
        NotSetUp: there is no database or no roles yet.
        Conflict: the database is newer than this package, or an applied revision was edited.
    """
    from steward.kit import migrate as chain

    found = _ready(settings)
    with mapped(settings):
        return chain.migrate(
            found.conninfo, role=found.role, lock_timeout_ms=settings.lock_timeout_ms, progress=progress
        )


def rollback(
    settings: Settings, to: str | None = None, progress: place.Progress = place.quiet
) -> MigrationReport:
    """Take revisions back; roles stay.

    Args:
        settings: where the database is.
        to: the revision to end at; `base` for nothing; one step back when None.
        progress: told what happens, a line each.

    Raises:
        Invalid: there is no such revision, or it is ahead of the database.
    """
    from steward.kit import migrate as chain

    found = _ready(settings)
    with mapped(settings):
        return chain.rollback(
            found.conninfo,
            to=to,
            role=found.role,
            lock_timeout_ms=settings.lock_timeout_ms,
            progress=progress,
        )


def _ready(settings: Settings) -> place.Login:
    """Return the owner's login of a database that is Steward's or may become so."""
    if settings.embedded:
        place.start_server(settings)
    with foundation.connected(settings) as connection:
        found = place.look(connection)
    if found.lacks_role:
        raise place.NotSetUp("the database roles are missing", hint="run `steward db setup`")
    return place.owner_login(settings)


@contextmanager
def mapped(settings: Settings) -> Iterator[None]:
    """Turn errors of the driver into those of our tree."""
    try:
        yield
    except psycopg.OperationalError as exc:
        if exc.sqlstate is None:
            raise place.unreachable(settings, exc) from exc
        raise translate(exc) from exc
    except psycopg.Error as exc:
        raise translate(exc) from exc


@contextmanager
def owner_connection(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Lend one transaction of the owner of everything, committed at the end."""
    found = place.owner_login(settings)
    with mapped(settings), psycopg.connect(found.conninfo, connect_timeout=10) as connection:
        if found.role is not None:
            connection.execute(sql.get("operate.take_role").text, {"role": found.role})
        yield connection


def seed(settings: Settings, sample: bool = False, progress: place.Progress = place.quiet) -> SeedReport:
    """Lay the reference rows of every room, and the sample rows if wanted; what is there stays as it is.

    Args:
        settings: where the database is.
        sample: lay users without passwords, agents, projects and their work too.
        progress: told the rooms that got rows.
    """
    place.open_database(
        settings, progress=progress
    ).close()  # refuses what lacks revisions or code, with the remedy
    with owner_connection(settings) as connection:
        report = lay_seeds(connection, sample)
        _lay_telemetry(connection, settings, report)
    for room, rows in report.rows.items():
        progress(f"{room}: {rows} rows")
    return report


def lay_seeds(connection: psycopg.Connection[Any], sample: bool = False) -> SeedReport:
    """Lay the seeds in the owner's open transaction."""
    connection.execute(sql.get("operate.enter_seed").text)
    rows: dict[str, int] = {}
    for name in ("seed.sql", "sample.sql") if sample else ("seed.sql",):
        for room in SCHEMAS:
            path = folder_of(room) / name
            if path.is_file() and (added := _run_counted(connection, path)):
                rows[room] = rows.get(room, 0) + added
    return SeedReport(rows)


def _lay_telemetry(connection: psycopg.Connection[Any], settings: Settings, report: SeedReport) -> None:
    """Lay what does not stand in a file: list prices come from a package, and days begin where people are."""
    # Loading the room takes a moment, and only here it is needed.
    from steward.domains import telemetry

    db = Db(connection, Actor(role="admin", surface="setup"), settings.slow_query_ms)
    done = telemetry.sync_prices(db)
    if done.added:
        report.rows["telemetry"] = report.rows.get("telemetry", 0) + done.added
    telemetry.keep_timezone(db, settings.timezone)


def _run_counted(connection: psycopg.Connection[Any], path: Path) -> int:
    """Run a file of statements and count the rows they inserted."""
    cursor = connection.cursor()
    cursor.execute(path.read_text("utf-8"))
    added = 0
    while True:
        if (cursor.statusmessage or "").startswith("INSERT"):
            added += cursor.rowcount
        if not cursor.nextset():
            return added


def create(name: str) -> Path:
    """Write the file of a new revision; only in a source checkout.

    Args:
        name: what it does, in a few words.

    Returns:
        The path of the file, to be filled in.

    Raises:
        Invalid: this is an installed package, or the name holds no word.
    """
    if not (MIGRATIONS.parents[2] / "pyproject.toml").is_file():
        raise Invalid(
            "revisions are made in a source checkout", hint="clone the repository and install it with -e"
        )
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not words:
        raise Invalid(
            f"name: {name!r} holds no word", hint="say what the revision does, such as `ports ranges`"
        )
    before = newest_revision()
    revision = f"{int(before) + 1:04d}"
    path = MIGRATIONS / f"{revision}_{words}.py"
    text = _TEMPLATE.format(description=name.strip().replace('"', "'"), revision=revision, before=before)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Invalid(
            f"{path.name} is there already", hint="fill that one in, or choose another name"
        ) from None
    return path


def reset(settings: Settings, yes: bool, roles: bool = False) -> ResetReport:
    """Drop everything that Steward made in the database.

    Args:
        settings: where the database is.
        yes: the caller means it.
        roles: drop the database roles too, where no other database needs them.

    Raises:
        Invalid: `yes` was not given.
        Conflict: the schemas are somebody else's.
    """
    if not yes:
        raise Invalid("this drops every table of Steward with all rows", hint="say --yes if that is meant")
    if settings.embedded:
        place.start_server(settings)
    with mapped(settings), foundation.connected(settings) as connection:
        taken = place.look(connection).taken
        with connection.transaction():
            connection.execute(sql.get("operate.lock_migrations").text)
            for statement in _texts(connection, "operate.reset_steps"):
                connection.execute(statement)
        gone, kept = _drop_roles(connection) if roles else ([], [])
    return ResetReport(taken, gone, kept)


def _texts(connection: psycopg.Connection[Any], name: str) -> list[str]:
    values = {"schemas": list(SCHEMAS), "roles": list(place.ROLES)}
    return [row[0] for row in connection.execute(sql.get(name).text, values).fetchall()]


def _drop_roles(connection: psycopg.Connection[Any]) -> tuple[list[str], list[str]]:
    gone, kept = [], []
    for statements in _texts(connection, "operate.role_drops"):
        role = statements.rpartition(" ")[2].strip(';"')
        try:
            with connection.transaction():
                connection.execute(statements)
            gone.append(role)
        except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege):
            kept.append(role)
    return gone, kept
