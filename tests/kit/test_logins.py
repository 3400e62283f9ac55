"""What each database login may do when it speaks SQL itself: words it sets about itself give it nothing."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.kit.db import Database
from tests.work.scene import add, call, ids, project

pytestmark = pytest.mark.db
FINISH = "select work.finish_task(%s)"


def login(database: Database, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(make_conninfo(database.target.direct_conninfo, user=role), autocommit=True)


@pytest.mark.parametrize("role", ["steward_agent", "steward_readonly"])
def test_a_login_cannot_name_itself_an_administrator(database: Database, role: str) -> None:
    with login(database, role) as connection:
        connection.execute("set steward.role = 'admin'")
        row = connection.execute("select kit.actor_role()").fetchone()
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("select kit.authorize('accounts:admin')")
    assert row == (role.removeprefix("steward_"),)
    # An agent's login may not even ask what roles may do.
    assert refused.value.sqlstate == ("42501" if role == "steward_agent" else "ST403")


def test_an_agents_login_needs_the_token_though_it_names_no_agent(database: Database) -> None:
    project(database)
    add(database, "A")
    with login(database, "steward_agent") as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(FINISH, (ids(database)("A"),))
    assert refused.value.sqlstate == "STW02"


def test_the_reading_login_changes_nothing_by_functions(database: Database) -> None:
    project(database)
    add(database, "A")
    with login(database, "steward_readonly") as connection:
        connection.execute("set steward.role = 'admin'")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(FINISH, (ids(database)("A"),))
    assert refused.value.sqlstate == "ST403"
    assert call(database, "work.get", task="ACME-1").task.status == "pending"


def test_the_application_cannot_forge_audit_rows(database: Database) -> None:
    with login(database, "steward_app") as connection:
        connection.execute("create temp table forged (id text)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "create trigger capture after insert on forged referencing new table as new_rows"
                " for each statement execute function kit.audit_capture('user', 'id', '', '{}', '{}')"
            )
