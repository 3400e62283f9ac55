"""The registry of agents against a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from steward.domains import accounts, agents
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound, StaleVersion

pytestmark = pytest.mark.db


def call(database: Database, name: str, actor: Actor, /, request_key: str | None = None, **given: Any) -> Any:
    return op.run(database, op.operation(name), given, actor=actor, request_key=request_key)


@pytest.fixture
def ada(database: Database) -> Actor:
    with database.transaction(Actor(role="service")) as db:
        return accounts.principal_for_os_user(db, username="ada").actor(surface="test")


def test_an_agent_is_registered_and_brought_up_to_date(database: Database, ada: Actor) -> None:
    first = call(
        database,
        "agents.register",
        ada,
        name=" Codegen ",
        agent_type="codegen",
        model_provider="anthropic",
        model_name="m-1",
        capabilities=["python", " python ", "sql", ""],
        max_in_progress=2,
    )
    assert (first.name, first.display_name, first.owner_id) == ("Codegen", "Codegen", ada.user_id)
    assert first.capabilities == ["python", "sql"]
    again = call(database, "agents.register", ada, name="codegen", model_name="m-2", max_in_progress=0)
    assert (again.id, again.model_name, again.model_provider) == (first.id, "m-2", "anthropic")
    assert (again.capabilities, again.max_in_progress) == (["python", "sql"], None)


def test_an_unknown_agent_is_registered_as_it_comes(database: Database, ada: Actor) -> None:
    with database.transaction(ada) as db:
        made = agents.ensure_id(db, "stranger", None)
    seen = call(database, "agents.get", ada, agent="STRANGER")
    assert (seen.id, seen.agent_type, seen.model_provider, seen.model_name) == (
        made,
        "custom",
        "unknown",
        "unknown",
    )
    assert seen.owner_id == ada.user_id
    with database.transaction(ada) as db, pytest.raises(Invalid):
        agents.ensure_id(db, "x" * 256, None)
    with pytest.raises(Denied), database.transaction(Actor(role="readonly")) as db:
        call(database, "agents.register", db.actor, name="x")


def test_one_name_from_many_ends_is_one_agent(database: Database, ada: Actor) -> None:
    def ensure(number: int) -> object:
        with database.transaction(ada) as db:
            return agents.ensure_id(db, "Bot" if number % 2 else "bot", None)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure, range(16)))) == 1


def test_ensure_waits_for_the_other_end(database: Database, ada: Actor) -> None:
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(ada) as db:
            first = agents.ensure_id(db, "bot", None)

            def second() -> object:
                with database.transaction(ada) as other:
                    return agents.ensure_id(other, "bot", None)

            waiting = pool.submit(second)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
        assert waiting.result(10) == first


def test_only_its_owner_or_an_administrator_changes_an_agent(database: Database, ada: Actor) -> None:
    users = [call(database, "accounts.add_user", ada, username=name) for name in ("bob", "eve")]
    bob, eve = (Actor(user_id=user.id, role="user") for user in users)
    call(database, "agents.register", bob, name="bot")
    for name in ("agents.update", "agents.deactivate"):
        with pytest.raises(Denied, match="somebody else"):
            call(database, name, eve, agent="bot")
    with pytest.raises(Denied):
        call(database, "agents.register", eve, name="bot", model_name="mine")
    assert call(database, "agents.update", ada, agent="bot", description="d").description == "d"
    off = call(database, "agents.deactivate", bob, agent="bot")
    assert (off.is_active, off.deprecated_at is not None) == (False, True)
    assert not call(database, "agents.register", bob, name="bot").is_active
    on = call(database, "agents.update", bob, agent="bot", is_active=True)
    assert (on.is_active, on.deprecated_at) == (True, None)


def test_update_keeps_clears_and_refuses(database: Database, ada: Actor) -> None:
    made = call(database, "agents.register", ada, name="bot", description="d", metadata={"a": 1}, tags=["x"])
    seen = call(
        database,
        "agents.update",
        ada,
        agent="bot",
        description="",
        temperature="1.5",
        name="robot",
        version=made.version,
    )
    assert (seen.name, seen.description, seen.temperature, seen.metadata) == (
        "robot",
        None,
        Decimal("1.50"),
        {"a": 1},
    )
    with pytest.raises(StaleVersion):
        call(database, "agents.update", ada, agent="robot", description="x", version=made.version)
    bad: list[dict[str, Any]] = [
        {"temperature": "2.5"},
        {"max_in_progress": -1},
        {"model_provider": "nobody"},
        {"agent_type": "poet"},
        {"max_tokens": 0},
    ]
    for given in bad:
        with pytest.raises(Invalid):
            call(database, "agents.update", ada, agent="robot", **given)
    call(database, "agents.register", ada, name="other")
    with pytest.raises(Conflict):
        call(database, "agents.update", ada, agent="other", name="ROBOT")


def test_lists_filter_and_names_have_neighbours(database: Database, ada: Actor) -> None:
    for name, capabilities in (("b", ["python"]), ("A", ["python", "sql"]), ("c", [])):
        call(database, "agents.register", ada, name=name, capabilities=capabilities, agent_type="tester")
    call(database, "agents.deactivate", ada, agent="b")
    first = call(database, "agents.list", ada, limit=2)
    rest = call(database, "agents.list", ada, limit=2, cursor=first.next_cursor)
    assert [one.name for one in first.items + rest.items] == ["A", "b", "c"]
    assert [
        one.name for one in call(database, "agents.list", ada, capability="python", active=True).items
    ] == ["A"]
    assert len(call(database, "agents.list", ada, owner="ada", agent_type="tester").items) == 3
    call(database, "agents.register", ada, name="reviewer")
    with pytest.raises(NotFound) as failed:
        call(database, "agents.get", ada, agent="reviwer")
    assert failed.value.hint == "did you mean reviewer?"


def test_providers_are_known(database: Database, ada: Actor) -> None:
    names = [one.name for one in call(database, "agents.list_providers", ada)]
    assert names == ["anthropic", "google", "ibm", "local", "openai", "qwen", "unknown"]
