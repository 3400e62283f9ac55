"""A server of the pages on a database of its own, and a browser that is signed in."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from steward.domains import accounts
from steward.kit import op
from steward.kit.config import Settings
from steward.kit.db import Actor, Database
from steward.kit.files import FileStore
from steward.surfaces.rest.server import create_app
from tests import servers

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """The running server, and a second way to its database, as another process would have."""

    port: int
    database: Database
    elsewhere: Database
    problems: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, name: str, /, *, agent: str | None = None, **arguments: Any) -> Any:
        """Run an operation as another process does: the server is not told."""
        actor = Actor(user_id=self.user_id, role="admin", user_name="tester", agent=agent)
        return op.run(self.elsewhere, op.operation(name), arguments, actor=actor)

    @cached_property
    def user_id(self) -> UUID:
        """Return the user that signs in, and whose agents work."""
        with self.elsewhere.transaction(Actor(role="admin"), operation="test") as db:
            return accounts.principal_for_os_user(db, username="tester").user_id

    def link(self) -> str:
        """Return a link that signs a browser in."""
        with self.elsewhere.transaction(Actor(role="admin"), operation="test") as db:
            return f"{self.url}/login?token={accounts.create_login_link(db, user_id=self.user_id)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(settings: Settings, database: Database, port: int) -> tuple[uvicorn.Server, threading.Thread]:
    app = create_app(settings, port=port, open_database=lambda _: database)
    config = uvicorn.Config(
        app, port=port, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server ended at once"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    return server, thread


@pytest.fixture(scope="module")
def site(server: servers.Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the pages of an empty database."""
    name = server.clone(template)
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    served, port = server.database(name, files=FileStore(settings.files_folder)), _free_port()
    running, thread = _serve(settings, served, port)
    with server.database(name, files=FileStore(settings.files_folder)) as elsewhere:
        yield Site(port, served, elsewhere)
        running.should_exit = True
        running.server_state.total_requests = 0
        thread.join(20)
    served.close()
    server.drop(name)


def _chromium() -> str:
    chosen = os.environ.get("STEWARD_CHROMIUM")
    found = chosen or next((path for name in _NAMES if (path := shutil.which(name))), None)
    if not found or not Path(found).exists():
        pytest.skip("no Chromium on this machine (looked for chromium, google-chrome, STEWARD_CHROMIUM)")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one headless Chromium."""
    path = _chromium()
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield made
        made.close()


def _note(site: Site, message: ConsoleMessage) -> None:
    if message.type == "error":
        site.problems.append(message.text)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """Open a signed-in page; a script error or a breach of the policy fails the test."""
    site.problems.clear()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(10_000)
    opened = context.new_page()
    opened.on("console", lambda message: _note(site, message))
    opened.on("pageerror", lambda error: site.problems.append(str(error)))
    opened.goto(site.link())
    yield opened
    context.close()
    assert site.problems == []
