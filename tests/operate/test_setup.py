"""Set-up, from a server that holds nothing to one where nothing is left to do; on a server that is not ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from steward.kit.config import Settings
from steward.kit.errors import Conflict, Denied, Invalid, StewardError, Unavailable
from steward.kit.package import SCHEMAS, newest_revision
from steward.operate import foundation, place
from steward.operate import setup as operate
from steward.operate.status import status
from steward.operate.user_sql import user_sql
from steward.operate.verify import verify
from tests.servers import Server


def _value(server: Server, name: str, statement: str) -> Any:
    with server.superuser(name) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def test_setup_makes_everything_and_then_nothing(server: Server, template: str, bare_name: str) -> None:
    settings = server.settings(bare_name)
    first = operate.setup(settings)
    assert first.migration.after == newest_revision()
    again = operate.setup(settings)
    assert again.migration.applied == []
    assert again.seeds.total == 0
    assert operate.setup_sql(settings) == ""
    place.open_database(settings).close()


def test_setup_lays_the_search_path_and_closes_set_config(server: Server, settings: Settings) -> None:
    operate.setup(settings)
    with psycopg.connect(place.conninfo(settings, place.READONLY)) as connection:
        row = connection.execute("show search_path").fetchone()
        assert row is not None
        assert row[0] == ", ".join((*SCHEMAS, "public"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select set_config('role', 'postgres', false)")


def test_two_setups_at_once_end_alike(server: Server, template: str, bare_name: str) -> None:
    settings = server.settings(bare_name)
    problems: list[BaseException] = []

    def one() -> None:
        try:
            operate.setup(settings)
        except BaseException as exc:
            problems.append(exc)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert operate.setup_sql(settings) == ""


@pytest.fixture
def stranger(server: Server) -> Iterator[str]:
    """Return a login without any right."""
    name = f"stranger_{uuid4().hex[:8]}"
    with server.superuser() as connection:
        connection.execute(f"create role {name} login")
    yield name
    with server.superuser() as connection:
        connection.execute(f"drop role {name}")


def test_denied_setup_prints_the_sql_that_helps(
    server: Server, template: str, bare_name: str, stranger: str
) -> None:
    settings = server.settings(bare_name, stranger)
    with pytest.raises(foundation.SetupDenied) as caught:
        operate.setup(settings)
    database = caught.value.detail["sql"]
    assert database.startswith("create database")
    assert operate.setup_sql(settings) == database
    with server.superuser() as connection:
        connection.execute(database)

    with pytest.raises(foundation.SetupDenied) as caught:
        operate.setup(settings)
    rights = caught.value.detail["sql"]
    assert "create extension" in rights
    assert rights in str(caught.value.hint)
    with server.superuser(bare_name) as connection:
        connection.execute(rights)
        connection.execute(f"set role {stranger}")
    operate.setup(settings)
    place.open_database(settings).close()
    server.drop(bare_name)
    with server.superuser() as connection:
        for role in place.ROLES:
            connection.execute(f"revoke {role} from {stranger}")


def test_others_variables_never_reach_a_foreign_database(
    server: Server, template: str, bare_name: str
) -> None:
    with server.superuser() as connection:
        connection.execute(f'create database "{bare_name}"')
    with server.superuser(bare_name) as connection:
        connection.execute("create table orders (id int)")
    settings = replace(
        server.settings(bare_name), database_foreign=True, sources={"database_url": "DATABASE_URL"}
    )
    for call in (operate.setup, place.open_database):
        with pytest.raises(Conflict, match="DATABASE_URL names the database") as caught:
            call(settings)
        assert "STEWARD_DATABASE_URL" in str(caught.value.hint)
    assert _value(server, bare_name, "select count(*) from pg_namespace where nspname = 'kit'") == 0


def test_others_variables_create_no_database(server: Server, template: str, bare_name: str) -> None:
    settings = replace(
        server.settings(bare_name), database_foreign=True, sources={"database_url": "DATABASE_URL"}
    )
    with pytest.raises(place.NotSetUp, match="no such database"):
        operate.setup(settings)
    assert _value(server, "postgres", f"select count(*) from pg_database where datname = '{bare_name}'") == 0


def test_an_empty_foreign_database_may_be_used(server: Server, template: str, bare_name: str) -> None:
    with server.superuser() as connection:
        connection.execute(f'create database "{bare_name}" template template0')
    settings = replace(
        server.settings(bare_name), database_foreign=True, sources={"database_url": "DATABASE_URL"}
    )
    operate.setup(settings)
    place.open_database(settings).close()


def test_schemas_of_others_are_left_alone(server: Server, template: str, bare_name: str) -> None:
    with server.superuser() as connection:
        connection.execute(f'create database "{bare_name}" template template0')
    with server.superuser(bare_name) as connection:
        connection.execute("create schema projects")
    with pytest.raises(Conflict, match="projects"):
        operate.setup(server.settings(bare_name))


def test_open_names_the_remedy(server: Server, settings: Settings) -> None:
    with server.superuser(_name(settings)) as connection:
        connection.execute("update kit.settings set value = '\"old\"' where key = 'code_checksum'")
    _refused(settings, Unavailable, "steward db migrate")
    operate.migrate(settings)
    place.open_database(settings).close()
    operate.rollback(settings)
    _refused(settings, Unavailable, "steward db migrate")
    operate.rollback(settings, "base")
    _refused(settings, Unavailable, "steward db migrate")
    assert status(settings).pending != []
    operate.migrate(settings)
    with server.superuser(_name(settings)) as connection:
        connection.execute("update kit.alembic_version set version_num = '9999'")
    _refused(settings, Conflict, "upgrade this package")


def test_open_wants_pgvector(server: Server, settings: Settings) -> None:
    with server.superuser(_name(settings)) as connection:
        connection.execute("drop extension vector")
    _refused(settings, Unavailable, "steward db setup")
    operate.setup(settings)
    place.open_database(settings).close()


def _name(settings: Settings) -> str:
    return place.external(settings)["dbname"]


def _refused(settings: Settings, kind: type[StewardError], remedy: str) -> None:
    with pytest.raises(kind) as caught:
        place.open_database(settings)
    assert remedy in str(caught.value.hint)


@pytest.mark.parametrize(
    ("number", "fits"), [(140012, False), (150004, True), (160001, True), (180006, True)]
)
def test_versions(number: int, fits: bool) -> None:
    if fits:
        place.check_server(number)
    else:
        with pytest.raises(Unavailable, match="needs 16"):
            place.check_server(number)


@pytest.mark.parametrize(
    ("version", "fits"), [("0.7.4", False), ("0.8.0", True), ("0.10.1", True), ("1.0", True)]
)
def test_vector_versions(version: str, fits: bool) -> None:
    if fits:
        place.check_vector(version)
    else:
        with pytest.raises(Unavailable, match=r"0\.8 or newer"):
            place.check_vector(version)


def test_a_server_that_is_away(server: Server) -> None:
    url = "postgresql://steward_app@/steward?host=/nonexistent"
    settings = Settings(home=server.bin_dir, database_url=url, connect_timeout_s=1)
    with pytest.raises(Unavailable, match="no connection"):
        place.open_database(settings)
    told = status(settings)
    assert not told.reachable
    assert told.remedy


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@h/d?schema=public", "mysql://u:secret@h/d", "not a url"]
)
def test_a_bad_address_is_named_without_its_password(url: str, server: Server) -> None:
    with pytest.raises(Invalid) as caught:
        place.external(Settings(home=server.bin_dir, database_url=url))
    assert "secret" not in str(caught.value)


def test_reset_takes_everything_and_setup_brings_it_back(server: Server, settings: Settings) -> None:
    with pytest.raises(Invalid):
        operate.reset(settings, yes=False)
    report = operate.reset(settings, yes=True)
    assert set(report.schemas) == set(SCHEMAS)
    assert operate.reset(settings, yes=True).schemas == []
    operate.setup(settings)
    place.open_database(settings).close()


def test_seeds_count_what_they_add(server: Server, settings: Settings) -> None:
    operate.seed(settings)
    added = operate.seed(settings, sample=True)
    assert operate.seed(settings, sample=True).total == 0
    assert added.total >= 0


def test_status_tells_where_things_stand(settings: Settings) -> None:
    told = status(settings)
    assert told.reachable
    assert told.problem is None
    assert (told.revision, told.pending, told.code) == (newest_revision(), [], "current")
    assert told.figures is not None
    assert (told.figures.size_bytes or 0) > 1_000_000
    assert [one.version for one in told.applied][-1] == newest_revision()


def test_newest_revision_is_the_head_of_the_chain() -> None:
    from steward.kit import migrate

    assert newest_revision() == migrate.head()


@pytest.fixture
def founder(server: Server) -> Iterator[str]:
    """Return a login such as managed servers give: it may create databases and roles, and is no superuser."""
    name = f"founder_{uuid4().hex[:8]}"
    with server.superuser() as connection:
        connection.execute(f"create role {name} login createdb createrole")
        # On a server of its own it would have created these, and so be their administrator.
        for role in place.ROLES:
            connection.execute(f"grant {role} to {name} with admin option")
    yield name
    with server.superuser() as connection:
        for role in place.ROLES:
            connection.execute(f"revoke {role} from {name}")
        connection.execute(f"drop role {name}")


def test_a_managed_server(server: Server, template: str, bare_name: str, founder: str) -> None:
    """Without a superuser: the extension is an administrator's, `set_config` stays open, the rest is made."""
    settings = server.settings(bare_name, founder)
    # Where pgvector is a trusted extension there is nothing to deny.
    with suppress(foundation.SetupDenied):
        operate.setup(settings)
    wanted = operate.setup_sql(settings)
    assert "role" not in wanted
    with server.superuser(bare_name) as connection:
        connection.execute("create extension if not exists vector")
    operate.setup(settings)
    with place.open_database(settings) as database, database.connection() as connection:
        assert connection.info.user == founder
    report = verify(settings)
    assert [str(one) for one in report.differences] == []
    with pytest.raises(Denied, match="administrators"):
        user_sql(settings, "select 1", admin=False)
    assert user_sql(settings, "select current_user::text").rows == [("steward_readonly",)]
    assert operate.rollback(settings, "base").after is None
    server.drop(bare_name)
