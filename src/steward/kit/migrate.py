"""Migrations: Alembic keeps the chain, we keep it safe.

One transaction under one advisory lock drops the tracked code objects, runs the revisions and makes the code anew from
every `code*.sql`, so that a database is either as it was or whole. Each revision leaves its checksum, duration and
description in `kit.migration_info`; after a downgrade the database is marked code-less.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from psycopg.sql import SQL
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from steward.kit.errors import Conflict, Invalid, Unavailable
from steward.kit.package import MIGRATIONS, SCHEMAS, code_checksum, code_files

Progress = Callable[[str], None]
# Any fixed number will do; advisory locks are per database.
_LOCK = 7_717_001
_BOOTSTRAP = """
create schema if not exists kit;
create table if not exists kit.migration_info (
  version text primary key,
  description text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  installed_on timestamptz not null default clock_timestamp(),
  execution_time_ms integer not null
);
comment on table kit.migration_info is 'Revisions that were applied, with checksum and duration.';
create table if not exists kit.alembic_version (
  version_num varchar(32) not null constraint alembic_version_pkc primary key
);
grant usage on schema kit to steward_app, steward_readonly, steward_backup;
grant select on kit.migration_info, kit.alembic_version to steward_app, steward_readonly, steward_backup;
"""
_OBJECTS = """
select o.oid::bigint as oid, o.drop_statement
from (
  select p.oid, 'drop routine ' || p.oid::regprocedure::text as drop_statement
  from pg_proc p
  where p.pronamespace in (select oid from pg_namespace where nspname = any (%(schemas)s))
  union all
  select c.oid, 'drop view ' || c.oid::regclass::text
  from pg_class c
  where c.relnamespace in (select oid from pg_namespace where nspname = any (%(schemas)s))
    and c.relkind = 'v'
  union all
  select t.oid, format('drop trigger %%I on %%s', t.tgname, t.tgrelid::regclass)
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  where c.relnamespace in (select oid from pg_namespace where nspname = any (%(schemas)s))
    and not t.tgisinternal
    and t.tgparentid = 0
) as o
order by o.oid
"""
_OFFLINE_OBJECTS = """
insert into kit.code_objects (position, drop_statement)
select row_number() over (order by oid) - 1, drop_statement
from ({}) as o
where oid not in (select oid from pg_temp.steward_before);
"""
_OFFLINE_REVISION = """
insert into kit.migration_info (version, description, checksum, execution_time_ms)
values ({}, {}, {}, 0);
"""
_OFFLINE_CODE = """
insert into kit.settings (key, value)
values ('code_checksum', to_jsonb({}::text));
"""


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a run of migrate or rollback did."""

    before: str | None
    after: str | None
    applied: list[str]
    code_changed: bool
    took_ms: int


def _quiet(_: str) -> None:
    return None


@cache
def script_directory() -> ScriptDirectory:
    """Return the chain of revisions in `steward.migrations`."""
    config = Config()
    folder = str(MIGRATIONS)
    config.set_main_option("script_location", folder)
    config.set_main_option("version_locations", folder)
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def head() -> str:
    """Return the newest revision of this package."""
    found = script_directory().get_current_head()
    if found is None:
        raise Unavailable("this package holds no revisions", hint="install agent-steward again")
    return found


def revisions() -> list[Script]:
    """Return the revisions, oldest first."""
    return list(reversed(list(script_directory().walk_revisions())))


def checksum(script: Script) -> str:
    """Return the checksum of a revision's file."""
    return hashlib.sha256(Path(script.path).read_bytes()).hexdigest()


def execute(sql: str) -> None:
    """Run the plain SQL of a revision: many statements, no parameters, or print them when offline."""
    from alembic import op

    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(sql.strip() + "\n")
        return
    connection: Any = context.connection
    driver = connection.connection.driver_connection
    driver.execute(sql)


@contextmanager
def _locked(
    conninfo: str, role: str | None, lock_timeout_ms: int, progress: Progress
) -> Iterator[psycopg.Connection[Any]]:
    """Open the migrator's own connection and hold the migration lock on it."""
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=10) as connection:
        if role is not None:
            connection.execute("select set_config('role', %s, false)", (role,))
        connection.execute("select set_config('search_path', 'pg_catalog', false)")
        if not _take(connection, "pg_try_advisory_lock"):
            progress("another migration is running; waiting for it")
            _take(connection, "pg_advisory_lock")
        connection.execute("select set_config('lock_timeout', %s, false)", (f"{lock_timeout_ms}ms",))
        yield connection


def _take(connection: psycopg.Connection[Any], function: str) -> bool:
    row = connection.execute(f"select {function}({_LOCK})").fetchone()
    return bool(row and row[0])


class _Borrowed:
    """Our connection as SQLAlchemy may use it: its transaction is ours to end, not SQLAlchemy's."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.__dict__["connection"] = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["connection"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["connection"], name, value)

    def commit(self) -> None:
        """Leave the transaction to its owner."""

    rollback = close = commit


@contextmanager
def _environment(
    connection: psycopg.Connection[Any], steps: Any, recorder: _Recorder
) -> Iterator[EnvironmentContext]:
    """Give Alembic our open connection, inside our transaction."""
    script = script_directory()
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _Borrowed(connection),
        poolclass=NullPool,
        use_native_hstore=False,
    )
    with engine.connect() as borrowed, EnvironmentContext(script_config(), script, fn=steps) as environment:
        environment.configure(
            connection=borrowed,
            version_table_schema="kit",
            transactional_ddl=False,
            on_version_apply=recorder.note,
        )
        yield environment


@cache
def script_config() -> Config:
    """Return the Alembic configuration, which needs no file."""
    return Config()


class _Recorder:
    """Writes kit.migration_info as Alembic passes from revision to revision."""

    def __init__(self, connection: psycopg.Connection[Any], progress: Progress) -> None:
        self.connection = connection
        self.progress = progress
        self.applied: list[str] = []
        self._mark = time.perf_counter()

    def note(self, ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        """Record one step that Alembic took."""
        took = round((time.perf_counter() - self._mark) * 1000)
        script = script_directory().get_revision(step.up_revision_id)
        if step.is_upgrade:
            self.connection.execute(
                "insert into kit.migration_info (version, description, checksum, execution_time_ms)"
                " values (%s, %s, %s, %s)",
                (script.revision, (script.doc or "").strip(), checksum(script), took),
            )
            self.progress(f"applied {script.revision} {script.doc} ({took} ms)")
        else:
            self.connection.execute("delete from kit.migration_info where version = %s", (script.revision,))
            self.progress(f"took back {script.revision} {script.doc} ({took} ms)")
        self.applied.append(script.revision)
        self._mark = time.perf_counter()


def current(connection: psycopg.Connection[Any]) -> str | None:
    """Return the revision a database is at, None when it holds no Steward or is at nothing."""
    row = connection.execute("select to_regclass('kit.alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("select version_num from kit.alembic_version").fetchone()
    return str(row[0]) if row else None


def applied_code(connection: psycopg.Connection[Any]) -> str | None:
    """Return the checksum of the code in a database, None when it is marked code-less."""
    row = connection.execute("select to_regclass('kit.settings')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("select value #>> '{}' from kit.settings where key = 'code_checksum'").fetchone()
    return row[0] if row else None


def _check_known(connection: psycopg.Connection[Any]) -> str | None:
    """Refuse a database that a newer package migrated, or whose applied revisions were edited since."""
    at = current(connection)
    known = {script.revision: script for script in revisions()}
    if at is not None and at not in known:
        raise Conflict(
            f"the database is at revision {at}, this package knows up to {head()}",
            hint="upgrade this package: an older one must not write to a newer schema",
        )
    if at is None:
        return None
    for version, seen in connection.execute("select version, checksum from kit.migration_info").fetchall():
        if version in known and checksum(known[version]) != seen:
            raise Conflict(
                f"revision {version} was changed after it had been applied here",
                hint="put the file back and write a new revision instead",
            )
    return at


def _drop_code(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("select to_regclass('kit.code_objects')").fetchone()
    if row is None or row[0] is None:
        return
    drops = connection.execute(
        "select drop_statement from kit.code_objects order by position desc"
    ).fetchall()
    if drops:
        connection.execute(";\n".join(drop for (drop,) in drops))
    connection.execute("delete from kit.code_objects")
    connection.execute("delete from kit.settings where key = 'code_checksum'")


def _apply_code(connection: psycopg.Connection[Any]) -> None:
    """Make every function, view and trigger from the code files, and remember how to drop each."""
    schemas = {"schemas": list(SCHEMAS)}
    before = {oid for oid, _ in connection.execute(_OBJECTS, schemas).fetchall()}
    for name, text in code_files():
        try:
            connection.execute(text)
        except psycopg.Error as exc:
            raise Invalid(f"{name}: {exc}", hint="mend that file; nothing was changed") from exc
    made = [drop for oid, drop in connection.execute(_OBJECTS, schemas).fetchall() if oid not in before]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into kit.code_objects (position, drop_statement) values (%s, %s)", list(enumerate(made))
        )
    connection.execute(
        "insert into kit.settings (key, value) values ('code_checksum', to_jsonb(%s::text))"
        " on conflict (key) do update set value = excluded.value",
        (code_checksum(),),
    )


def migrate(
    conninfo: str, *, role: str | None = None, lock_timeout_ms: int = 5_000, progress: Progress = _quiet
) -> MigrationReport:
    """Bring a database to the newest revision and today's code; do nothing where both are there.

    Args:
        conninfo: a direct connection (no transaction pooler) as a member of steward_owner.
        role: the role to take, steward_owner where the login is another one.
        lock_timeout_ms: how long a statement waits for a table lock before the whole run is given up.
        progress: told what happens, a line each.

    Raises:
        Conflict: the database is newer than this package, or an applied revision was edited.
    """
    start = time.perf_counter()
    with _locked(conninfo, role, lock_timeout_ms, progress) as connection:
        before = _check_known(connection)
        stale_code = applied_code(connection) != code_checksum()
        applied: list[str] = []
        if before != head() or stale_code:
            with connection.transaction():
                connection.execute(_BOOTSTRAP)
                _drop_code(connection)
                applied = _upgrade(connection, progress)
                _apply_code(connection)
    took = round((time.perf_counter() - start) * 1000)
    return MigrationReport(before, head(), applied, stale_code, took)


def build(connection: psycopg.Connection[Any]) -> None:
    """Make everything in an open transaction of the owner, in a database that has none of our schemas.

    Args:
        connection: its search_path is pg_catalog; the caller holds the migration lock.
    """
    connection.execute(_BOOTSTRAP)
    _upgrade(connection, _quiet)
    _apply_code(connection)


def _upgrade(connection: psycopg.Connection[Any], progress: Progress) -> list[str]:
    recorder = _Recorder(connection, progress)

    def steps(revision: Any, _: MigrationContext) -> Any:
        return script_directory()._upgrade_revs("head", revision)

    with _environment(connection, steps, recorder) as environment:
        environment.run_migrations()
    return recorder.applied


def rollback(
    conninfo: str,
    *,
    to: str | None = None,
    role: str | None = None,
    lock_timeout_ms: int = 5_000,
    progress: Progress = _quiet,
) -> MigrationReport:
    """Take revisions back and leave the database code-less.

    Args:
        conninfo: as for `migrate`.
        to: the revision to end at; `base` for nothing; one step back when None.
        role: as for `migrate`.
        lock_timeout_ms: as for `migrate`.
        progress: as for `migrate`.

    Raises:
        Invalid: there is no such revision, or it is ahead of the database.
    """
    start = time.perf_counter()
    with _locked(conninfo, role, lock_timeout_ms, progress) as connection:
        before = _check_known(connection)
        if before is None:
            return MigrationReport(None, None, [], False, 0)
        target = _rollback_target(before, to)
        recorder = _Recorder(connection, progress)

        def steps(revision: Any, _: MigrationContext) -> Any:
            return script_directory()._downgrade_revs(target, revision)

        with connection.transaction():
            _drop_code(connection)
            with _environment(connection, steps, recorder) as environment:
                environment.run_migrations()
            after = current(connection)
    return MigrationReport(before, after, recorder.applied, True, round((time.perf_counter() - start) * 1000))


def _rollback_target(before: str, to: str | None) -> str:
    order = [script.revision for script in revisions()]
    if to is None:
        place = order.index(before)
        return order[place - 1] if place else "base"
    if to in ("base", "0", "nothing"):
        return "base"
    if to not in order or order.index(to) > order.index(before):
        raise Invalid(
            f"cannot roll back to {to!r}: the database is at {before}",
            hint=f"choose base or one of {', '.join(order)}",
        )
    return to


def offline_sql() -> str:
    """Return the SQL that makes all of it in a database without Steward, for an administrator to run as the owner."""
    buffer = io.StringIO()
    script = script_directory()
    with EnvironmentContext(
        script_config(), script, fn=lambda rev, _: script._upgrade_revs("head", rev), as_sql=True
    ) as env:
        env.configure(
            dialect_name="postgresql",
            version_table_schema="kit",
            output_buffer=buffer,
            transactional_ddl=False,
        )
        env.run_migrations()
    # The bootstrap has made it already.
    steps = re.sub(r"CREATE TABLE kit\.alembic_version \(.*?\);\s*", "", buffer.getvalue(), flags=re.S)
    code = "\n".join(f"-- {name}\n{text}" for name, text in code_files())
    return "\n".join(
        ("begin;", "set local search_path = pg_catalog;", _BOOTSTRAP, steps, *_offline_notes(code), "commit;")
    )


def _offline_notes(code: str) -> Iterator[str]:
    """Give the code, and after it the notes that `migrate` keeps of revisions and code."""
    objects = SQL(_OBJECTS.replace("%(schemas)s", "{schemas}").replace("%%", "%")).format(
        schemas=list(SCHEMAS)
    )
    yield SQL("create temporary table steward_before on commit drop as {};").format(objects).as_string()
    yield code
    yield SQL(_OFFLINE_OBJECTS).format(objects).as_string()
    for script in revisions():
        values = (script.revision, (script.doc or "").strip(), checksum(script))
        yield SQL(_OFFLINE_REVISION).format(*values).as_string()
    yield SQL(_OFFLINE_CODE).format(code_checksum()).as_string()
