"""A large house for measuring: a million tasks with all that hangs on them, the same rows at every build.

    from bench.work_data import build
    build(database)                                         # 1,000,000 tasks, 100,000 workflows, 300,000 dependencies
    build(database, tasks=5_000, workflows=500, dependencies=1_500)                   # the same at small scale, seconds
    python -m bench.work_data postgresql://… --tasks 20000                            # into a database by hand

The database has to be migrated and without these rows; it is reached as its owner or, which spares the checks of
foreign keys, as a superuser. A full build takes a minute and a half and 1.5 GB on two processors. It leaves:

- 200 projects: `big` (BIG-1 …) with three of ten tasks, `bench-2` (P002-1 …) to `bench-200`, sized by Zipf;
- tasks in every state, a fifth of them subtasks, texts whose words are as common as words are (Zipf: `the` nearly
  everywhere, `queue` often, E0000007 once), labels `area-1` … `area-40` and `kind-1` … `kind-10`;
- workflows, of which the first two of each large project have 5,000 tasks; epics with up to thousands of tasks;
- an issue for 20 tasks, a comment for 5, a devlog entry with two notes for 50, questions, 50 users, 20 agents;
- the queue of what is ready exactly as the rule says, of which agents hold 200.

Rows are laid without triggers, which would take hours, and what triggers do is then done at once: numbers, places, the
queue, the counts. They are not audited. Indexes are dropped meanwhile and made anew, the tables vacuumed and analysed.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from steward.kit.db import Database

TABLES = (
    "work.epics",
    "work.issues",
    "work.workflows",
    "work.tasks",
    "work.task_words",
    "work.task_dependencies",
    "work.comments",
    "work.devlog_entries",
    "work.devlog_notes",
    "work.questions",
    "work.ready_queue",
    "work.ready_labels",
)
_STATEMENTS = Path(__file__).with_suffix(".sql")
_INDEXES = """
    select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from pg_catalog.pg_index as i
    where i.indrelid = any (%s::regclass[])
      and not exists (select from pg_catalog.pg_constraint as c where c.conindid = i.indexrelid)
    order by i.indrelid, i.indexrelid
"""


def build(
    database_or_dsn: Database | str,
    tasks: int = 1_000_000,
    workflows: int = 100_000,
    dependencies: int = 300_000,
) -> dict[str, int]:
    """Fill a migrated database.

    Args:
        database_or_dsn: the database, of a server that lets us in as the owner of everything; or how to connect as its
            owner or a superuser.
        tasks: how many; all that is not named here grows with them.
        workflows: how many.
        dependencies: how many at most; fewer where tasks are too few to wait.

    Returns:
        how many rows each table holds.
    """
    known = {
        "tasks": tasks,
        "workflows": workflows,
        "dependencies": dependencies,
        "projects": max(2, min(200, tasks // 50)),
        "epics": max(5, tasks // 500),
        "issues": max(5, tasks // 20),
        "comments": max(5, tasks // 5),
        "entries": max(5, tasks // 50),
    }
    with psycopg.connect(_dsn(database_or_dsn), autocommit=True) as connection:
        with connection.transaction():
            _prepare(connection)
            with _without_triggers(connection), _without_indexes(connection):
                for statement in statements():
                    connection.execute(_bound(statement, known))
        connection.execute(
            f"vacuum (analyze) {', '.join(TABLES)}, projects.projects, projects.project_counters"
        )
        return {table: _count(connection, table) for table in TABLES}


def _dsn(given: Database | str) -> str:
    if isinstance(given, str):
        return given
    return make_conninfo(given.target.direct_conninfo, user="steward_owner")


def statements() -> list[str]:
    """Return the statements of the file beside this one, in order."""
    text = re.sub(r"^--.*\n", "", _STATEMENTS.read_text("utf-8"), flags=re.M)
    # The body of a function ends with a semicolon too, before its own `end;`.
    parts = re.split(r";\n(?!end;)", text)
    return [part.strip() for part in parts if part.strip()]


def _bound(statement: str, known: dict[str, int]) -> str:
    """Put the sizes in: numbers of our own, and statements with `%` as an operator stay readable."""
    return re.sub(r"%\((\w+)\)s", lambda found: str(int(known[found[1]])), statement).replace("%%", "%")


def _prepare(connection: psycopg.Connection[Any]) -> None:
    connection.execute("set local maintenance_work_mem = '512MB'")
    connection.execute("set local work_mem = '256MB'")
    connection.execute("set local statement_timeout = 0")
    connection.execute("set local jit = off")
    found = connection.execute(
        "select rolsuper from pg_catalog.pg_roles where rolname = current_user"
    ).fetchone()
    if found and found[0]:
        connection.execute("set local session_replication_role = replica")


@contextmanager
def _without_triggers(connection: psycopg.Connection[Any]) -> Iterator[None]:
    for table in TABLES:
        connection.execute(f"alter table {table} disable trigger user")
    yield
    for table in TABLES:
        connection.execute(f"alter table {table} enable trigger user")


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Drop the indexes that no constraint needs, and make them anew, which is many times faster than filling them."""
    found = connection.execute(_INDEXES, (list(TABLES),)).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    yield
    for _, definition in found:
        connection.execute(definition)


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Build into a database that is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.work_data", description=main.__doc__)
    parser.add_argument("dsn", help="how to connect as the owner or a superuser")
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--workflows", type=int, default=100_000)
    parser.add_argument("--dependencies", type=int, default=300_000)
    given = parser.parse_args()
    began = time.monotonic()
    for table, rows in build(given.dsn, given.tasks, given.workflows, given.dependencies).items():
        print(f"{rows:>10,} {table}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
