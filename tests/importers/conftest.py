"""Who imports, in these tests."""

from __future__ import annotations

import pytest

from steward.kit.db import Actor


@pytest.fixture
def actor() -> Actor:
    """Return a person who may do everything."""
    return Actor(role="admin", user_name="person")
