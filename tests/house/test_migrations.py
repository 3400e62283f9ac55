"""The chain of revisions: fresh, upgraded and taken back end alike, and two migrators take turns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from steward.kit import catalog, migrate, package
from steward.kit.errors import Conflict, Invalid
from steward.kit.package import newest_revision, revision_names
from steward.operate import foundation, place
from tests.servers import Server


@pytest.fixture
def empty(server: Server, template: str) -> Iterator[str]:
    """Return the address, as the owner, of a database with roles and extensions but no revision."""
    name = f"steward_chain_{uuid4().hex[:12]}"
    foundation.lay(server.settings(name), place.quiet)
    yield server.conninfo(name, place.OWNER)
    server.drop(name)


def _catalog(conninfo: str) -> dict[str, str]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return catalog.read(connection)


def _same(found: dict[str, str], expected: dict[str, str]) -> None:
    assert [str(one) for one in catalog.compare(expected, found)] == []


@pytest.fixture(scope="module")
def fresh(server: Server, template: str) -> dict[str, str]:
    """Return the catalog of a fresh database."""
    return _catalog(server.conninfo(template, place.OWNER))


def test_the_chain_has_one_end_and_no_gap() -> None:
    numbers = [int(name) for name in revision_names()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [script.revision for script in migrate.revisions()] == list(revision_names())
    assert migrate.script_directory().get_heads() == [newest_revision()]


def test_fresh_is_what_one_migrate_makes(empty: str, fresh: dict[str, str]) -> None:
    report = migrate.migrate(empty)
    assert (report.before, report.after) == (None, newest_revision())
    _same(_catalog(empty), fresh)
    again = migrate.migrate(empty)
    assert (again.applied, again.code_changed) == ([], False)


def test_nothing_is_left_after_rollback_and_migrate_brings_all_back(
    empty: str, fresh: dict[str, str]
) -> None:
    migrate.migrate(empty)
    report = migrate.rollback(empty, to="base")
    assert report.after is None
    left = {
        name
        for name in _catalog(empty)
        if name.split()[0] in ("table", "function", "view", "trigger", "sequence")
    }
    assert left == {"table kit.alembic_version", "table kit.migration_info"}
    migrate.migrate(empty)
    _same(_catalog(empty), fresh)


@pytest.mark.parametrize("revision", revision_names())
def test_upgraded_from_each_revision_equals_fresh(empty: str, fresh: dict[str, str], revision: str) -> None:
    migrate.migrate(empty)
    migrate.rollback(empty, to=revision)
    with psycopg.connect(empty, autocommit=True) as connection:
        assert migrate.current(connection) == revision
        assert migrate.applied_code(connection) is None
    migrate.migrate(empty)
    _same(_catalog(empty), fresh)


def test_one_step_down_and_up_at_a_time(empty: str, fresh: dict[str, str]) -> None:
    migrate.migrate(empty)
    for wanted in [*reversed(revision_names()[:-1]), None]:
        assert migrate.rollback(empty).after == wanted
    migrate.migrate(empty)
    _same(_catalog(empty), fresh)


def test_two_migrators_at_once(empty: str, fresh: dict[str, str]) -> None:
    with ThreadPoolExecutor(3) as pool:
        reports = [one.result() for one in [pool.submit(migrate.migrate, empty) for _ in range(3)]]
    assert sorted(len(report.applied) for report in reports) == [0, 0, len(revision_names())]
    _same(_catalog(empty), fresh)


def test_the_second_migrator_waits_and_says_so(empty: str) -> None:
    told: list[str] = []
    waiting = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        waiting.set()

    with psycopg.connect(empty, autocommit=True) as first, ThreadPoolExecutor(1) as pool:
        first.execute("select pg_advisory_lock(%s)", (migrate._LOCK,))
        second = pool.submit(migrate.migrate, empty, progress=tell)
        assert waiting.wait(10)
        assert told == ["another migration is running; waiting for it"]
        assert not second.done()
        assert _tables(first) == 0
        first.execute("select pg_advisory_unlock(%s)", (migrate._LOCK,))
        assert second.result(30).applied == list(revision_names())


def _tables(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select count(*) from pg_tables where schemaname = 'kit'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_failing_migration_leaves_everything_as_it_was(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (
        *package.code_files(),
        ("work/code_broken.sql", "create function work.broken() returns nothing"),
    )
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "code_files", lambda: broken)
        with pytest.raises(Invalid, match=r"work/code_broken\.sql"):
            migrate.migrate(empty)
    assert [name for name in _catalog(empty) if name.startswith("table")] == []


def test_a_lock_that_is_held_too_long_ends_the_run_whole(empty: str, fresh: dict[str, str]) -> None:
    migrate.migrate(empty)
    with psycopg.connect(empty) as other:
        other.execute("lock table work.tasks in access share mode")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate.rollback(empty, to="base", lock_timeout_ms=200)
    _same(_catalog(empty), fresh)


def test_an_edited_revision_is_refused(empty: str) -> None:
    migrate.migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("update kit.migration_info set checksum = 'other' where version = '0001'")
    with pytest.raises(Conflict, match="0001 was changed"):
        migrate.migrate(empty)


def test_a_newer_database_is_refused(empty: str) -> None:
    migrate.migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("update kit.alembic_version set version_num = '9999'")
    for call in (migrate.migrate, migrate.rollback):
        with pytest.raises(Conflict, match="9999"):
            call(empty)


@pytest.mark.parametrize("target", ["9999", "nonsense"])
def test_rollback_to_nowhere_is_refused(empty: str, target: str) -> None:
    migrate.migrate(empty)
    with pytest.raises(Invalid, match=target):
        migrate.rollback(empty, to=target)
    assert migrate.rollback(empty, to=newest_revision()).applied == []


def test_offline_sql_makes_the_same(empty: str, fresh: dict[str, str]) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute(migrate.offline_sql())
    _same(_catalog(empty), fresh)
    assert migrate.migrate(empty).applied == []
    # What was noted is enough to take all of it back.
    migrate.rollback(empty, to="base")
