"""A repeated write under one request key answers with its first result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict

pytestmark = pytest.mark.db


def add(database: Database, actor: Actor, key: str | None, **given: Any) -> Any:
    return op.run(database, op.operation("projects.add"), given, actor=actor, request_key=key)


def test_a_repetition_answers_alike(database: Database, actor: Actor) -> None:
    first = add(database, actor, "k", name="Acme")
    assert add(database, actor, "k", name="Acme") == first
    assert add(database, actor, None, name="Acme").id != first.id
    with pytest.raises(Conflict, match="already used"):
        add(database, actor, "k", name="Other")
    assert add(database, Actor(role="admin", agent="other"), "k", name="Acme").id != first.id


def test_many_at_once_write_once(database: Database, actor: Actor) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: add(database, actor, "k", name="Acme"), range(8)))
    assert len({one.id for one in made}) == 1
    page = op.run(database, op.operation("projects.list"), {}, actor=actor)
    assert len(page.items) == 1


def test_a_key_of_a_failed_write_is_free(database: Database, actor: Actor) -> None:
    add(database, actor, None, name="Acme", slug="acme")
    with pytest.raises(Conflict):
        add(database, actor, "k", name="Acme", slug="acme")
    op.run(database, op.operation("projects.delete"), {"project": "acme"}, actor=actor)
    assert add(database, actor, "k", name="Acme", slug="acme").slug == "acme"
