"""Fresh databases that hold nothing, and settings that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from steward.kit.config import Settings
from tests.servers import Server

MakeSettings = Callable[..., Settings]


@pytest.fixture
def bare_name(server: Server) -> Iterator[str]:
    """Return the name of a database that does not exist yet; dropped afterwards."""
    name = f"steward_bare_{uuid4().hex[:12]}"
    yield name
    server.drop(name)


@pytest.fixture
def settings(server: Server, template: str) -> Iterator[Settings]:
    """Return settings that name a migrated copy, with a superuser's login."""
    name = server.clone(template)
    yield server.settings(name)
    server.drop(name)
