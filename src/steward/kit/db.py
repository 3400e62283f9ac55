"""The database as operations see it: one connection, one transaction, named statements, typed rows.

`Database` owns the pool and opens transactions; `Db` is what an operation is given. Operations never commit and never
take a second connection. Everything that belongs to a transaction (actor, role, time limit) is set local to it, so the
same code works behind a transaction pooler.
"""

from __future__ import annotations

import logging
import re
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from steward.kit import packed, sql
from steward.kit.errors import Internal, NotFound, StewardError, Unavailable, by_sqlstate
from steward.kit.files import FileStore
from steward.kit.rows import row_factory

# Whoever wants our records adds a handler (`kit.log`); a person's terminal is not told of slow queries.
logging.getLogger("steward").addHandler(logging.NullHandler())
log = logging.getLogger("steward.db")
packed.register()
T = TypeVar("T")
_OF_ROOMS = re.compile(r"ST[A-Z][0-9]{2}")
_KEY = re.compile(r"Key \((?P<columns>.+?)\)=\((?P<values>.+)\) already exists\.", re.DOTALL)
_LOWERED = re.compile(r"lower\(\(?(\w+)\)?(?:::text)?\)")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through what, and with which project in hand."""

    user_id: UUID | None = None
    user_name: str | None = None
    role: str = "user"
    agent: str | None = None
    session: str | None = None
    request: str | None = None
    surface: str = "python"
    ip: str | None = None
    project: str | None = None
    # A key that names an agent binds its bearer to that agent.
    agent_bound: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where the database is and as whom to work there.

    `role` is taken inside each transaction when the login is another one (an external server's single user).
    """

    conninfo: str
    direct_conninfo: str
    role: str | None = None
    pooled_by_other: bool = False


@dataclass(slots=True)
class QueryStats:
    """How often a named statement ran and how long it took, in this process."""

    calls: int = 0
    total_ms: float = 0.0
    max_ms: float = 0.0


@dataclass(slots=True)
class Db:
    """One transaction: what an operation is given."""

    connection: psycopg.Connection[Any]
    actor: Actor
    slow_query_ms: float
    stats: dict[str, QueryStats] = field(default_factory=dict)
    # Work for after the commit, such as telling listeners what changed.
    touched: set[str] = field(default_factory=set)
    files: FileStore | None = None
    # Whatever is done here is taken back: nothing outside the database may be touched.
    dry_run: bool = False

    def _run(self, name: str, factory: Any, params: dict[str, Any]) -> psycopg.Cursor[Any]:
        query = sql.get(name)
        cursor = self.connection.cursor(row_factory=factory)
        start = time.perf_counter()
        cursor.execute(query.text, params, prepare=False if query.anew else None)
        self._timed(name, (time.perf_counter() - start) * 1000, cursor.rowcount)
        return cursor

    def _timed(self, name: str, took_ms: float, rows: int) -> None:
        seen = self.stats.setdefault(name, QueryStats())
        seen.calls += 1
        seen.total_ms += took_ms
        seen.max_ms = max(seen.max_ms, took_ms)
        if took_ms >= self.slow_query_ms:
            log.warning("slow query %s", name, extra={"query": name, "ms": round(took_ms, 1), "rows": rows})

    def all(self, name: str, row: type[T], /, **params: Any) -> list[T]:
        """Return every row of a named statement."""
        return self._run(name, row_factory(row), params).fetchall()

    def maybe(self, name: str, row: type[T], /, **params: Any) -> T | None:
        """Return the first row of a named statement, or None."""
        found: T | None = self._run(name, row_factory(row), params).fetchone()
        return found

    def one(self, name: str, row: type[T], /, **params: Any) -> T:
        """Return the row of a statement that always gives one.

        Raises:
            NotFound: it gave none.
        """
        found = self.maybe(name, row, **params)
        if found is None:
            raise NotFound(f"{name} found nothing")
        return found

    def value(self, name: str, /, **params: Any) -> Any:
        """Return the first column of the first row, or None."""
        row = self._run(name, tuple_row, params).fetchone()
        return row[0] if row else None

    def values(self, name: str, /, **params: Any) -> list[Any]:
        """Return the first column of every row."""
        return [row[0] for row in self._run(name, tuple_row, params).fetchall()]

    def run(self, name: str, /, **params: Any) -> int:
        """Run a statement for its effect and return how many rows it touched."""
        return self._run(name, tuple_row, params).rowcount

    def copy(self, name: str, parts: Iterable[bytes], /) -> int:
        """Send data to a named COPY statement, in the format that it names, and return how many rows it made."""
        cursor = self.connection.cursor()
        start = time.perf_counter()
        with cursor.copy(sql.get(name).text) as copy:
            for part in parts:
                copy.write(part)
        self._timed(name, (time.perf_counter() - start) * 1000, cursor.rowcount)
        return cursor.rowcount

    def dicts(self, statement: str, params: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """Run a statement whose columns are known only at run time (`steward sql`, the catalog reader)."""
        cursor = self.connection.cursor(row_factory=dict_row)
        return cursor.execute(statement, params or None).fetchall()


def connection_lost(exc: BaseException) -> bool:
    """Tell whether the server went away under the connection, so that a read may be tried again."""
    if isinstance(exc, psycopg.errors.QueryCanceled):
        return False
    lost = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow)
    if isinstance(exc, lost):
        return True
    return isinstance(exc, psycopg.OperationalError) and exc.sqlstate is None


def collided(exc: StewardError) -> bool:
    """Tell whether the database took a transaction back because of another one, so that it may be tried again."""
    return isinstance(exc.__cause__, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected)


def _claimed_by(sqlstate: str) -> type[StewardError] | None:
    """Return the class that claimed a SQLSTATE; that of a room which takes part in another may not be loaded yet."""
    found = by_sqlstate(sqlstate)
    if found is None and _OF_ROOMS.fullmatch(sqlstate):
        from steward.kit.op import operations

        operations()
        found = by_sqlstate(sqlstate)
    return found


def translate(exc: psycopg.Error) -> StewardError:
    """Return the error of our tree that stands for a database error."""
    diag = exc.diag
    text = diag.message_primary or str(exc).strip()
    cls = _claimed_by(exc.sqlstate or "")
    if cls is not None:
        detail = {"detail": diag.message_detail} if diag.message_detail else None
        return cls(text, hint=diag.message_hint, detail=detail)
    if connection_lost(exc):
        hint = "it may be restarting: try again; `steward status` tells more"
        return Unavailable(f"the database went away: {text}", hint=hint)
    return _standard(exc, text)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what goes wrong with the database as an error of our tree."""
    try:
        yield
    except psycopg.Error as exc:
        raise translate(exc) from exc


def _taken(text: str) -> str:
    """Say which value of a row is there already, without the ids that only say where."""
    found = _KEY.fullmatch(text)
    if found is None:
        return text
    columns, values = _LOWERED.sub(r"\1", found["columns"]).split(", "), found["values"].split(", ")
    if len(columns) != len(values):
        return text
    pairs = zip(columns, values, strict=True)
    told = [f"{column} {value}" for column, value in pairs if not _ID.fullmatch(value)]
    return f"{' and '.join(told)} is there already" if told else text


def _standard(exc: psycopg.Error, text: str) -> StewardError:
    """Map the SQLSTATEs of PostgreSQL itself that a caller can do something about."""
    from steward.kit import errors

    diag = exc.diag
    detail = {k: v for k in ("constraint_name", "table_name", "column_name") if (v := getattr(diag, k))}
    if isinstance(exc, psycopg.errors.UniqueViolation):
        taken = _taken(diag.message_detail or text)
        return errors.Conflict(taken, hint="choose another value", detail=detail)
    if isinstance(exc, psycopg.errors.ForeignKeyViolation):
        return errors.Conflict(
            f"{diag.message_detail or text}", hint="the other row must exist first", detail=detail
        )
    if isinstance(exc, psycopg.errors.LockNotAvailable):
        return errors.Unavailable(f"somebody else holds it: {text}", hint="try again")
    if isinstance(exc, psycopg.errors.QueryCanceled):
        return errors.Unavailable(
            f"the statement took too long: {text}", hint="narrow it, or raise DB_TIMEOUT"
        )
    if isinstance(exc, psycopg.errors.InsufficientPrivilege):
        return errors.Denied(text, hint="this database role may not do that")
    if isinstance(exc, psycopg.errors.IntegrityError | psycopg.errors.DataError):
        return errors.Invalid(text, hint=diag.message_hint or "mend the value", detail=detail)
    if exc.sqlstate in ("3F000", "42P01") and "kit" in text:
        return errors.Unavailable("this database holds no Steward yet", hint="run `steward db setup`")
    return Internal(text, detail={"sqlstate": exc.sqlstate} if exc.sqlstate else None)


def _is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server of a connection that lay idle is still there.

    One that ends says so or closes the socket: only where something can be read unasked is a round trip worth its time.
    """
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    if not watch.poll(0):
        return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True


class Database:
    """The pool, and the transactions taken from it."""

    def __init__(
        self,
        target: Target,
        *,
        pool_size: int = 20,
        pool_idle_s: float = 30.0,
        connect_timeout_s: int = 2,
        statement_timeout_ms: int = 30_000,
        slow_query_ms: int = 250,
        files: FileStore | None = None,
    ) -> None:
        self.target = target
        self.files = files
        self.statement_timeout_ms = statement_timeout_ms
        self.slow_query_ms = slow_query_ms
        self.stats: dict[str, QueryStats] = {}
        self.on_commit: list[Callable[[set[str]], None]] = []
        self._lock = threading.Lock()
        self._opened = False
        kwargs: dict[str, Any] = {"autocommit": True, "connect_timeout": connect_timeout_s}
        if target.pooled_by_other:
            kwargs["prepare_threshold"] = None
        self.pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
            target.conninfo,
            kwargs=kwargs,
            min_size=0,
            max_size=pool_size,
            max_idle=pool_idle_s,
            timeout=float(statement_timeout_ms) / 1000 or 30.0,
            reconnect_timeout=connect_timeout_s,
            open=False,
            name="steward",
        )

    def close(self) -> None:
        """Close the pool; work in progress ends first."""
        with self._lock:
            if self._opened:
                self.pool.close()
                self._opened = False

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection in autocommit mode, for kit and operate only.

        Args:
            timeout: seconds to wait for one; the statement time limit when None.

        Raises:
            Unavailable: no connection could be had in time.
        """
        with self._lock:
            if not self._opened:
                self.pool.open()
                self._opened = True
        connection = self._lend(timeout)
        try:
            yield connection
        finally:
            self.pool.putconn(connection)

    def _lend(self, timeout: float | None) -> psycopg.Connection[Any]:
        """Take a connection whose server is there: after its restart every one that lay idle is dead.

        (The pool's own check waits longer after each dead one, half a minute in all for six of them.)
        """
        for _ in range(2 * self.pool.max_size + 1):
            try:
                connection = self.pool.getconn(timeout)
            except PoolTimeout as exc:
                raise Unavailable(
                    f"no database connection could be had: {exc}", hint="run `steward status`"
                ) from None
            if _is_alive(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)
        raise Unavailable("every database connection was lost at once", hint="run `steward status`")

    def ping(self, timeout: float | None = None) -> None:
        """Ask the server for a sign of life.

        Args:
            timeout: seconds to wait for a connection; the statement time limit when None.
        """
        with self.connection(timeout) as connection:
            connection.execute("select 1")

    def rule_of(self, exc: psycopg.errors.CheckViolation) -> str | None:
        """Return the constraint that refused a value, as the catalog has it; None when it cannot be read."""
        diag = exc.diag
        params = {"schema": diag.schema_name, "table": diag.table_name, "name": diag.constraint_name}
        try:
            with self.connection() as connection:
                row = connection.execute(sql.get("kit.rule_of").text, params).fetchone()
        except (psycopg.Error, StewardError):
            return None
        return str(row[0]) if row else None

    @contextmanager
    def transaction(
        self, actor: Actor, *, operation: str = "", permission: str | None = None, read_only: bool = False
    ) -> Iterator[Db]:
        """Open one transaction that acts for somebody; commit at the end, roll back on any error.

        Args:
            actor: who acts; recorded by the audit.
            operation: its name, such as `work.claim`.
            permission: what `kit.authorize` is asked; None asks nothing.
            read_only: the server refuses writes.
        """
        with self.connection() as connection:
            with connection.transaction():
                self._enter(connection, actor, operation, permission, read_only)
                db = Db(connection, actor, self.slow_query_ms, self.stats, files=self.files)
                yield db
            if db.touched:
                for told in self.on_commit:
                    told(db.touched)

    def _enter(
        self,
        connection: psycopg.Connection[Any],
        actor: Actor,
        operation: str,
        permission: str | None,
        read_only: bool,
    ) -> None:
        if self.target.role is not None:
            connection.execute("select set_config('role', %s, true)", (self.target.role,))
        connection.execute(
            "select kit.enter(%s, %s, %s::uuid, %s, %s, %s, %s, %s, %s, %s::int, %s, %s)",
            (
                operation,
                permission,
                actor.user_id,
                actor.role,
                actor.agent,
                actor.session,
                actor.request,
                actor.surface,
                actor.ip,
                self.statement_timeout_ms,
                read_only,
                actor.user_name,
            ),
            prepare=not self.target.pooled_by_other,
        )
