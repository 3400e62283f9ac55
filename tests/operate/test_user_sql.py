"""`steward sql` reads, and cannot be talked into anything else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.kit.config import Settings
from steward.kit.errors import Denied, Invalid, StewardError, Unavailable
from steward.operate.user_sql import user_sql
from tests.servers import Server


@pytest.fixture(scope="module")
def place_of_sql(server: Server, template: str) -> Iterator[str]:
    name = server.clone(template)
    yield name
    server.drop(name)


@pytest.fixture(params=["steward_readonly", "postgres"])
def settings(request: pytest.FixtureRequest, server: Server, place_of_sql: str) -> Settings:
    """Log in as the role itself (the embedded server), or as a superuser who takes it (a server of others)."""
    return server.settings(place_of_sql, request.param)


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "SELECT 1;",
        "  -- why\n/* a /* nested */ one */ select 1",
        "(select 1) union all (values (1))",
        "with x as (select 1 as a) select a from x",
        "table kit.permissions",
        "values (1)",
        "explain select 1",
        "show search_path",
        "select '100%s' || '%(name)s'",
    ],
)
def test_reading_works(settings: Settings, text: str) -> None:
    result = user_sql(settings, text)
    assert result.columns
    assert result.rows


@pytest.mark.parametrize(
    "text",
    [
        "set role steward_owner",
        "reset role",
        "set session authorization postgres",
        "begin",
        "commit",
        "do $$ begin end $$",
        "call kit.audit_table('work.tasks', 'task', '', '')",
        "copy kit.permissions to program 'id'",
        "copy (select 1) to '/tmp/x'",
        "listen changes",
        "lock table kit.permissions",
        "prepare p as select 1",
        "create table x (a int)",
        "select 1; select 2",
        "select 1; set role steward_owner",
        "",
        "/* select 1",
        "selec 1",
        "select nothing from nowhere",
        "select $1",
    ],
)
def test_no_other_statement_is_run(settings: Settings, text: str) -> None:
    with pytest.raises(Invalid):
        user_sql(settings, text)


@pytest.mark.parametrize(
    "text",
    [
        "select set_config('role', 'postgres', false)",
        "select set_config('role', 'none', true)",
        "select set_config('session_authorization', 'postgres', true)",
        "select set_config('transaction_read_only', 'off', true)",
        "select set_config('statement_timeout', '0', true)",
        "with x as (delete from kit.permissions returning role) select role from x",
        "explain analyze delete from kit.permissions",
        "select 1 as a into temp t",
        "select role from kit.permissions for update",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('.')",
        "select lo_import('/etc/passwd')",
        "select pg_reload_conf()",
        "select passwd from pg_shadow",
        "select kit.ensure_partitions('audit.audit_logs', 12)",
        "select query_to_xml('delete from kit.permissions', true, false, '')",
        "select query_to_xml('set role postgres', true, false, '')",
        "select dblink_exec('dbname=postgres', 'create table x (a int)')",
        "select pg_catalog.pg_switch_wal()",
    ],
)
def test_nothing_inside_a_statement_escapes(settings: Settings, text: str) -> None:
    with pytest.raises(StewardError):
        user_sql(settings, text)
    assert user_sql(settings, "select current_user").rows == [("steward_readonly",)]
    assert user_sql(settings, "select count(*) > 5 from kit.permissions").rows == [(True,)]


def test_time_is_bounded(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="too long"):
        user_sql(settings, "select pg_sleep(5)", timeout_ms=50)


def test_rows_are_bounded(settings: Settings) -> None:
    result = user_sql(settings, "select n from generate_series(1, 10000000) as n", limit=3)
    assert result.rows == [(1,), (2,), (3,)]
    assert result.truncated
    assert not user_sql(settings, "values (1), (2), (3)", limit=3).truncated


def test_where_settings_cannot_be_closed_only_administrators_ask(server: Server, template: str) -> None:
    name = server.clone(template)
    with server.superuser(name) as connection:
        connection.execute("grant execute on function pg_catalog.set_config(text, text, boolean) to public")
    settings = server.settings(name)
    with pytest.raises(Denied, match="administrators"):
        user_sql(settings, "select 1", admin=False)
    assert user_sql(settings, "select 1").rows == [(1,)]
    server.drop(name)
