"""What all tests share: one server a run, a migrated template, clones of it, and somebody who acts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from steward.kit.db import Actor, Database, Db

from . import servers

_DATABASE_FIXTURES = {"server", "template", "database", "make_database", "shared_database", "db"}
MakeDatabase = Callable[[], Database]
MakeActor = Callable[..., Actor]


def pytest_configure(config: pytest.Config) -> None:
    """Choose the run's folder before any worker starts."""
    servers.prepare_place()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server, from the process that outlives the workers."""
    if not hasattr(config, "workerinput"):
        servers.stop_server()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the server: those tests run a second time on PostgreSQL 16."""
    for item in items:
        if _DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.db)


@pytest.fixture(scope="session")
def server() -> servers.Server:
    """Return the server that the whole run shares."""
    return servers.start_server()


@pytest.fixture(scope="session")
def template(server: servers.Server) -> str:
    """Return the name of the migrated and seeded database that the others are copies of."""
    return servers.ensure_template(server)


@pytest.fixture(scope="session")
def shared_database(server: servers.Server, template: str) -> Iterator[Database]:
    """Lend one copy to a worker for all tests that roll back."""
    name = server.clone(template)
    with server.database(name) as database:
        yield database
    server.drop(name)


@pytest.fixture
def make_database(server: servers.Server, template: str) -> Iterator[MakeDatabase]:
    """Make as many databases as a test needs; each is a copy of the template."""
    made: list[tuple[str, Database]] = []

    def make() -> Database:
        name = server.clone(template)
        database = server.database(name)
        made.append((name, database))
        return database

    yield make
    for name, database in made:
        database.close()
        server.drop(name)


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    """Return a database of the test's own, where commits matter."""
    return make_database()


@pytest.fixture
def db(shared_database: Database, actor: Actor) -> Iterator[Db]:
    """Lend one transaction that is rolled back: the cheap way for all that needs no commit."""
    with shared_database.transaction(actor) as db:
        yield db
        raise psycopg.Rollback


@pytest.fixture
def make_actor() -> MakeActor:
    """Make actors: an administrator unless told otherwise."""

    def make(**known: object) -> Actor:
        return Actor(**({"role": "admin", "user_name": "tester"} | known))  # type: ignore[arg-type]

    return make


@pytest.fixture
def actor(make_actor: MakeActor) -> Actor:
    """Return an administrator."""
    return make_actor()


@pytest.fixture
def agent_actor(make_actor: MakeActor) -> MakeActor:
    """Make agents by their names."""

    def make(name: str = "codegen", **known: object) -> Actor:
        return make_actor(agent=name, **known)

    return make


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real public files; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("STEWARD_TEST_DATA", beside)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no public test files at {folder} (STEWARD_TEST_DATA)")
    return folder
