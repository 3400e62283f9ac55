"""The fixtures themselves: a fresh copy each, and rollback where it is promised."""

from __future__ import annotations

from collections.abc import Callable

from steward.kit.db import Actor, Database, Db


def _permissions(database: Database) -> int:
    with database.connection() as connection:
        row = connection.execute("select count(*) from kit.permissions").fetchone()
    assert row is not None
    return int(row[0])


def test_database_is_a_copy_of_the_template(database: Database, actor: Actor) -> None:
    assert _permissions(database) > 0
    with database.transaction(actor) as db:
        db.connection.execute("insert into kit.settings (key, value) values ('left', '1')")


def test_a_commit_does_not_reach_the_next_test(database: Database) -> None:
    with database.connection() as connection:
        assert connection.execute("select from kit.settings where key = 'left'").fetchone() is None


def test_db_rolls_back(db: Db) -> None:
    db.connection.execute("insert into kit.settings (key, value) values ('rolled', '1')")


def test_db_rolled_back(db: Db) -> None:
    assert db.connection.execute("select from kit.settings where key = 'rolled'").fetchone() is None


def test_two_databases_are_two(make_database: Callable[[], Database], database: Database) -> None:
    other = make_database()
    assert other.target.conninfo != database.target.conninfo
