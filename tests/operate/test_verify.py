"""Verify sees everything that was changed by hand, and nothing where nothing was."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from steward.kit.config import Settings
from steward.kit.renderings import alike
from steward.operate import place
from steward.operate import setup as operate
from steward.operate.verify import VerifyReport, verify
from tests.servers import Server, run_place


def _changed(server: Server, settings: Settings, statement: str) -> VerifyReport:
    with server.superuser(place.external(settings)["dbname"]) as connection:
        connection.execute(statement)
    return verify(settings)


def test_a_sound_database_has_no_differences(settings: Settings) -> None:
    report = verify(settings)
    assert [str(one) for one in report.differences] == []
    assert report.ok
    assert report.counts["table"].found > 20
    assert report.seeds["kit.permissions"].found == report.seeds["kit.permissions"].expected > 5
    assert any(one.startswith("vector ") for one in report.extensions)
    assert report.took_ms < 10_000


def test_a_restored_database_has_no_differences(server: Server, settings: Settings) -> None:
    """PostgreSQL writes an expression that it read from a dump with fewer brackets."""
    found = place.external(settings)["dbname"]
    dump = run_place() / f"{found}.dump"
    programs = server.bin_dir
    words: dict[str, Any] = {"check": True, "capture_output": True}
    subprocess.run(
        [programs / "pg_dump", "-Fc", "-f", dump, "-d", server.conninfo(found, "postgres")], **words
    )
    operate.reset(settings, yes=True)
    subprocess.run([programs / "pg_restore", "-d", server.conninfo(found, "postgres"), dump], **words)
    operate.setup(settings)
    assert [str(one) for one in verify(settings).differences] == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CHECK ((((a >= 1) AND (a <= 9)) AND b))", "CHECK (((a >= 1) AND (a <= 9) AND b))", True),
        ("((a OR b) AND c)", "(a OR (b AND c))", False),
        ("((a OR b) OR (c OR d))", "(a OR b OR c OR d)", True),
        ("(f(a AND b) AND c)", "(f a AND b AND c)", False),
        ("(a = ' AND (' AND (b AND c))", "(a = ' AND (' AND b AND c)", True),
        ("(a AND b)", "(a AND c)", False),
    ],
)
def test_brackets_of_chains_mean_nothing(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same


def test_verify_changes_nothing(server: Server, settings: Settings) -> None:
    name = place.external(settings)["dbname"]
    statement = "select array_agg(nspname::text order by nspname) from pg_namespace where nspname !~ '^pg_'"
    with server.superuser(name) as connection:
        before = connection.execute(statement).fetchone()
        verify(settings)
        assert connection.execute(statement).fetchone() == before


def test_runtime_partitions_are_known(server: Server, settings: Settings) -> None:
    assert _changed(
        server, settings, "set role steward_owner; select kit.ensure_partitions('audit.audit_logs', 2)"
    ).ok
    month = _next_month(server)
    report = _changed(server, settings, f"drop table audit.audit_logs_{month}")
    assert [one.name for one in report.differences] == [f"runtime partition audit.audit_logs_{month}"]


def _next_month(server: Server) -> str:
    with server.superuser() as connection:
        row = connection.execute(
            "select to_char(now() at time zone 'utc' + interval '1 month', 'YYYYMM')"
        ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (
            "alter table work.tasks drop column description cascade",
            "column work.tasks.description is missing",
        ),
        ("alter table work.tasks add column extra int", "column work.tasks.extra should not be there"),
        ("alter table work.tasks alter column title drop not null", "column work.tasks.title"),
        ("alter table kit.jobs alter column description type varchar(40)", "column kit.jobs.description"),
        ("alter table kit.jobs alter column enabled set default false", "column kit.jobs.enabled"),
        ("alter table work.tasks disable trigger number_task", "trigger work.tasks.number_task"),
        ("alter table kit.job_runs disable trigger all", "foreign key triggers kit.job_runs"),
        ("drop index kit.request_keys_created_at", "index kit.request_keys_created_at is missing"),
        (
            "alter table kit.jobs drop constraint jobs_interval_ms_check",
            "constraint kit.jobs.jobs_interval_ms_check",
        ),
        ("alter function kit.may(text, text) volatile", "function kit.may(p_role text, p_permission text)"),
        (
            "alter function kit.may(text, text) reset search_path",
            "function kit.may(p_role text, p_permission text)",
        ),
        ("drop function kit.may(text, text)", "function kit.may(p_role text, p_permission text) is missing"),
        ("alter view work.task_list set (security_invoker = false)", "view work.task_list"),
        (
            "grant update on audit.audit_logs to steward_app",
            "right on relation audit.audit_logs of steward_app",
        ),
        (
            "grant execute on function kit.audit_capture() to public",
            "right on function kit.audit_capture() of public",
        ),
        ("alter table kit.jobs owner to steward_app", "table kit.jobs"),
        ("alter sequence kit.lease_tokens maxvalue 9", "sequence kit.lease_tokens"),
        ("comment on table kit.jobs is 'other'", "comment on table kit.jobs"),
        ("create table work.stray (a int)", "table work.stray should not be there"),
        ("alter table kit.jobs set (fillfactor = 50)", "table kit.jobs"),
        (
            "delete from kit.permissions where role = 'readonly'",
            'seed row kit.permissions {"role":"readonly"',
        ),
        ("update kit.migration_info set checksum = 'x' where version = '0001'", "revision 0001"),
        ("delete from kit.migration_info where version = '0001'", "revision 0001 is missing"),
        (
            "alter extension vector set schema public; drop extension vector",
            "create extension if not exists vector",
        ),
        ("revoke connect on database {database} from public, steward_app", "grant connect on database"),
    ],
)
def test_each_change_is_found(server: Server, settings: Settings, statement: str, name: str) -> None:
    database = place.external(settings)["dbname"]
    report = _changed(server, settings, statement.format(database=f'"{database}"'))
    assert any(name in str(one) for one in report.differences), [str(one) for one in report.differences]


def test_a_changed_body_is_found(server: Server, settings: Settings) -> None:
    body = """
    create or replace function kit.actor_agent() returns text
    language sql stable parallel safe set search_path = kit, pg_temp
    as $$ select 'somebody' $$
    """
    report = _changed(server, settings, body)
    assert [one.name for one in report.differences] == ["function kit.actor_agent()"]


def test_a_missing_seed_row_comes_back(server: Server, settings: Settings) -> None:
    with server.superuser(place.external(settings)["dbname"]) as connection:
        connection.execute("drop table kit.notices")
    assert not verify(settings).ok
    operate.reset(settings, yes=True)
    operate.setup(settings)
    assert verify(settings).ok


def test_nothing_to_verify_is_said(server: Server, settings: Settings) -> None:
    operate.reset(settings, yes=True)
    with pytest.raises(place.NotSetUp):
        verify(settings)
