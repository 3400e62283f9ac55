"""What the systems before this one got wrong about talk, people and projects: none of it is here."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from steward.kit.db import Database
from steward.kit.errors import Conflict, Invalid
from tests.work.scene import add, agent, call, owner, project
from tests.work.talk import claim, person


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    return database


def _value(database: Database, statement: str, *params: Any) -> Any:
    with owner(database) as connection:
        row = connection.execute(statement, params or None).fetchone()
    return None if row is None else row[0]


def test_a_task_is_assigned_to_a_user_or_an_agent_not_to_both(acme: Database) -> None:
    person(acme)
    call(acme, "agents.register", name="bot")
    add(acme, "A")
    call(acme, "work.update", task="ACME-1", assign="ann")
    call(acme, "work.update", task="ACME-1", assign="bot")
    assert call(acme, "work.get", task="ACME-1").task.assigned_to == "bot"
    with owner(acme) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("update work.tasks set assigned_user_id = (select id from accounts.users limit 1)")


def test_how_agents_do_is_counted_not_kept(acme: Database) -> None:
    add(acme, "A")
    add(acme, "B", max_attempts=1)
    for verb, more in (("finish", {}), ("fail", {"reason": "no"})):
        taken = claim(acme)
        call(acme, f"work.{verb}", agent(), task=taken.task.task.ref, token=taken.token, **more)
    (bot,) = call(acme, "agents.route", capabilities=["x"]).candidates
    assert (bot["finished"], bot["failed"]) == (1, 1)


@pytest.mark.parametrize("column", ["github_issue_number", "github_pr_number"])
def test_one_task_for_each_issue_and_pull_request(acme: Database, column: str) -> None:
    add(acme, "A")
    add(acme, "B")
    with owner(acme) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(f"update work.tasks set {column} = 7")


def test_related_things_are_rows_with_foreign_keys(acme: Database) -> None:
    with owner(acme) as connection:
        loose = connection.execute(
            "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " where c.relnamespace = 'work'::regnamespace and c.relkind = 'r' and a.atttypid in ('jsonb'::regtype)"
            " and a.attname ~ '(related|dependen|supporting|contradict)'"
        ).fetchall()
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                "insert into work.task_dependencies (task_id, depends_on_task_id, project_id)"
                " select kit.new_id(), kit.new_id(), id from projects.projects where key = 'ACME'"
            )
    assert loose == []


def test_an_owner_who_goes_takes_no_project_along(acme: Database) -> None:
    ann = person(acme)
    with owner(acme) as connection:
        connection.execute("update projects.projects set owner_id = %s where key = 'ACME'", (ann.user_id,))
        # PostgreSQL 18 calls this a restrict violation, 16 a foreign key violation.
        with pytest.raises(psycopg.errors.IntegrityError, match="projects_owner_id_fkey"):
            connection.execute("delete from accounts.users where id = %s", (ann.user_id,))


def test_slugs_are_clean(acme: Database) -> None:
    with pytest.raises((Invalid, Conflict)):
        call(acme, "projects.add", name="x", slug="../x y")
    with owner(acme) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("update projects.projects set slug = 'A B' where key = 'ACME'")


def test_names_of_users_who_left_are_free(acme: Database) -> None:
    person(acme)
    call(acme, "accounts.delete_user", user="ann")
    person(acme)


def test_one_key_a_table_and_small_indexes_on_lists(acme: Database) -> None:
    serials = _value(
        acme,
        "select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relnamespace::regnamespace::text = any (%s) and c.relkind = 'r' and a.attname = 'id'"
        " and exists (select from pg_attribute b where b.attrelid = c.oid"
        " and b.attname in ('comment_id', 'task_uuid', 'attachment_id', 'agent_uuid'))",
        ["accounts", "projects", "agents", "work"],
    )
    assert serials == 0


def test_tokens_are_kept_as_hashes_and_providers_need_no_picture(acme: Database) -> None:
    with owner(acme) as connection:
        rows = connection.execute(
            "select c.relname, a.attname, a.attnotnull from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " where c.relnamespace = 'accounts'::regnamespace and c.relkind = 'r' and a.attnum > 0"
            " and (a.attname ~ '(token|secret|key)' or a.attname ~ 'avatar')"
        ).fetchall()
    plain = [
        f"{table}.{column}"
        for table, column, _ in rows
        if column in ("token", "secret", "key", "access_token")
    ]
    assert plain == []
    assert [column for _, column, needed in rows if "avatar" in column and needed] == []
