"""A small stage for the tests of work: one project, people and agents who call operations, two hands at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import psycopg
from psycopg.conninfo import make_conninfo

from steward.kit import op
from steward.kit.db import Actor, Database

PERSON = Actor(role="admin", user_name="person")


def agent(name: str = "bot") -> Actor:
    """Return an agent that acts for nobody in particular."""
    return Actor(role="admin", agent=name)


def call(database: Database, operation: str, actor: Actor = PERSON, /, **arguments: Any) -> Any:
    """Run an operation."""
    return op.run(database, op.operation(operation), arguments, actor=actor)


def project(database: Database, slug: str = "acme") -> None:
    """Add a project whose key is its slug in capitals."""
    call(database, "projects.add", name=slug.title(), slug=slug, key=slug.upper())


def add(database: Database, title: str, **arguments: Any) -> str:
    """Add a task to the project acme and return its reference."""
    if "parent" not in arguments:
        arguments.setdefault("project", "acme")
    return str(call(database, "work.add", title=title, **arguments).task.ref)


def ready(database: Database) -> list[str]:
    """Return the references of what can be claimed, in order."""
    return [row.ref for row in call(database, "work.ready", project="all", limit=200)]


def owner(database: Database) -> psycopg.Connection[Any]:
    """Connect to the same database as its owner, with autocommit."""
    return psycopg.connect(
        make_conninfo(database.target.direct_conninfo, user="steward_owner"), autocommit=True
    )


def without(database: Database, function: str, lock: str, instead: str = "") -> None:
    """Take a lock out of a function, to show that the test that guards it would notice."""
    with owner(database) as connection:
        row = connection.execute("select pg_get_functiondef(%s::regproc)", (function,)).fetchone()
        assert row is not None
        assert lock in row[0], f"{function} holds no {lock!r}"
        connection.execute(row[0].replace(lock, instead))


class Hand:
    """One connection with a transaction of its own, whose statements may run beside others'."""

    opened: ClassVar[list[Hand]] = []

    def __init__(self, database: Database, actor: Actor = PERSON) -> None:
        self.opened.append(self)
        self.connection = psycopg.connect(database.target.direct_conninfo, autocommit=True)
        self.connection.execute("set lock_timeout = '20s'")
        self.connection.execute("begin")
        self.connection.execute(
            "select kit.enter('test', null, null, %s, %s, null, null, 'test', null, 30000, false)",
            (actor.role, actor.agent),
        )
        self._thread: threading.Thread | None = None
        self._outcome: list[Any] = []

    def run(self, statement: str, *params: Any) -> list[Any]:
        """Run a statement now and return its rows."""
        cursor = self.connection.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else []

    def begin(self, statement: str, *params: Any) -> None:
        """Run a statement in the background."""

        def work() -> None:
            try:
                self._outcome.append(self.run(statement, *params))
            except psycopg.Error as exc:
                self._outcome.append(exc)

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def waits(self, seconds: float = 0.4) -> bool:
        """Tell whether the background statement is still held up after a moment."""
        assert self._thread is not None
        self._thread.join(seconds)
        return self._thread.is_alive()

    def end(self) -> Any:
        """Return what the background statement gave, or its error."""
        assert self._thread is not None
        self._thread.join(25)
        assert not self._thread.is_alive(), "the statement never came back"
        return self._outcome[0]

    def commit(self) -> None:
        """Commit and close."""
        self.connection.execute("commit")
        self.connection.close()

    def close(self) -> None:
        """Roll back and close."""
        self.connection.close()


def ids(database: Database) -> Callable[[str], Any]:
    """Return a function from a title to the task's id."""

    def of(title: str) -> Any:
        with owner(database) as connection:
            row = connection.execute("select id from work.tasks where title = %s", (title,)).fetchone()
            assert row is not None
            return row[0]

    return of
