"""The pool beside a server that goes away: nobody is lent a dead connection."""

from __future__ import annotations

import time
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.kit import op
from steward.kit.db import Actor, Database

pytestmark = pytest.mark.db


def end_all(database: Database) -> int:
    """End every connection to the database, as a restart does, and return how many there were."""
    where = make_conninfo(database.target.direct_conninfo, user="postgres")
    with psycopg.connect(where, autocommit=True) as connection:
        row = connection.execute(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_write_meets_no_connection_of_before_a_restart(database: Database, actor: Actor) -> None:
    with ExitStack() as lent:
        for _ in range(6):
            lent.enter_context(database.connection())
    assert end_all(database) == 6
    start = time.monotonic()
    op.run(database, op.operation("projects.add"), {"name": "Acme"}, actor=actor)
    assert len(op.run(database, op.operation("projects.list"), {}, actor=actor).items) == 1
    assert time.monotonic() - start < 10
