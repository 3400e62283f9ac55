"""A database of its own for each way of calling, the same person behind each."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from steward.kit.config import Settings
from steward.kit.db import Actor, Database
from steward.kit.files import FileStore
from steward.operate.acting import actor_for_cli, ensure_key_file
from steward.surfaces.rest.server import create_app
from tests.servers import Server
from tests.surfaces.drivers import BASE, CliDriver, McpDriver, RestDriver


@dataclass(frozen=True)
class House:
    """One database with the settings that name it, who acts there, and that person's key."""

    settings: Settings
    database: Database
    actor: Actor
    key: str

    @contextmanager
    def client(self) -> Iterator[TestClient]:
        """Lend a client of a server over this database."""
        app = create_app(self.settings, port=7717, open_database=lambda _: self.database)
        with TestClient(app, base_url=BASE) as client:
            yield client

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a shell that works on this database."""
        return {"STEWARD_HOME": str(self.settings.home), "STEWARD_DATABASE_URL": self.settings.database_url}


@contextmanager
def make_house(server: Server, template: str, folder: Path) -> Iterator[House]:
    """Lend a copy of the template with the operating system's user and a key for it."""
    name = server.clone(template)
    settings = Settings(
        home=folder / "home",
        database_url=server.settings(name).database_url,
        pool_size=8,
        sources={"database_url": "STEWARD_DATABASE_URL"},
    )
    with server.database(name, files=FileStore(settings.files_folder)) as database:
        actor = dataclasses.replace(actor_for_cli(database, settings), project=None)
        assert actor.user_id is not None
        yield House(settings, database, actor, ensure_key_file(database, settings, actor.user_id))
    server.drop(name)


@contextmanager
def served(house: House) -> Iterator[str]:
    """Serve a house on a real socket and lend its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        app = create_app(house.settings, port=port, open_database=lambda _: house.database)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def house(server: Server, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Make a house, and stand in a folder that is no project's."""
    monkeypatch.chdir(tmp_path)
    for name in ("STEWARD_AGENT", "STEWARD_PROJECT", "STEWARD_URL", "STEWARD_KEY", "STEWARD_SESSION"):
        monkeypatch.delenv(name, raising=False)
    with make_house(server, template, tmp_path) as house:
        yield house


@pytest.fixture
def cli(house: House, monkeypatch: pytest.MonkeyPatch) -> CliDriver:
    """Return the command line over the house."""
    return CliDriver(monkeypatch, house.environment)


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """Lend a client of a server over the house; it sends no key by itself."""
    with house.client() as client:
        yield client


@pytest.fixture
def rest(house: House, client: TestClient) -> RestDriver:
    """Return REST over the house."""
    return RestDriver(client, house.key)


@pytest.fixture
def mcp(house: House, client: TestClient) -> McpDriver:
    """Return MCP over the house."""
    return McpDriver(client, house.key)
