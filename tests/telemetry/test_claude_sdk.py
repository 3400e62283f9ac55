"""The Claude Agent SDK's session store: the SDK's own suite, here and over REST, and what that leaves out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import fold_session_summary
from claude_agent_sdk.testing import run_session_store_conformance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward import claude_sdk
from steward.claude_sdk import StewardSessionStore
from steward.client import Steward
from steward.domains.telemetry import store_append, store_delete, store_load
from steward.kit.db import Database, Db, translated
from steward.kit.errors import Denied, Invalid, StaleVersion
from tests.conftest import MakeActor
from tests.servers import Server
from tests.surfaces.conftest import House, make_house, served
from tests.work.scene import call

KEY: Any = {"project_key": "p", "session_id": "s"}
MakeStore = Callable[[], StewardSessionStore]


@pytest.fixture
def house(server: Server, template: str, tmp_path: Path) -> Iterator[House]:
    """Lend a database with a person and a key."""
    with make_house(server, template, tmp_path / "house") as made:
        yield made


@pytest.fixture(params=["in this process", "over REST"])
def made(house: House, request: pytest.FixtureRequest) -> Iterator[MakeStore]:
    """Make stores over a database that is emptied before each."""

    def empty(store: StewardSessionStore) -> StewardSessionStore:
        with house.database.transaction(house.actor) as db:
            for row in db.dicts("select distinct project_key, session_id from telemetry.session_store"):
                store_delete(db, **row)
        return store

    if request.param == "in this process":
        yield partial(empty, StewardSessionStore(Steward(house.database, house.actor)))
        return
    with served(house) as url:
        store = StewardSessionStore(url=url, key=house.key, home=str(house.settings.home))
        yield partial(empty, store)
        store.close()


def test_the_sdks_own_suite(made: MakeStore) -> None:
    asyncio.run(run_session_store_conformance(made))


def _entry(n: int, **more: Any) -> Any:
    return {"type": "user", "uuid": f"u{n}", "n": n} | more


def test_an_append_that_is_sent_again_adds_nothing(made: MakeStore) -> None:
    async def run() -> Any:
        store = made()
        await store.append(KEY, [_entry(1), _entry(2), _entry(1, again=True)])
        await store.append(KEY, [_entry(2, again=True), _entry(3)])
        sub: Any = {**KEY, "subpath": "subagents/agent-1"}
        await store.append(sub, [_entry(1)])
        return await store.load(KEY), await store.load(sub)

    own, sub = asyncio.run(run())
    assert own == [_entry(1), _entry(2), _entry(3)]
    assert sub == [_entry(1)]


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_TEXTS = st.text(st.characters(codec=None), max_size=20)
_VALUES = st.recursive(
    _SCALARS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def _exactly(value: Any) -> str:
    """Tell 1 from 1.0 and True, which are equal to Python."""
    return json.dumps(value, sort_keys=True)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.dictionaries(_TEXTS, _VALUES, max_size=5), min_size=1, max_size=4))
def test_what_comes_back_is_equal(db: Db, entries: list[dict[str, Any]]) -> None:
    with db.connection.transaction(force_rollback=True):
        lines = "\n".join(json.dumps(each) for each in entries).encode()
        store_append(db, project_key="p", session_id="s", entries=lines)
        found = [json.loads(text) for text in store_load(db, project_key="p", session_id="s").entries]
    kept: dict[Any, Any] = {}
    for n, each in enumerate(entries):
        name = each.get("uuid")
        kept.setdefault(name if isinstance(name, str) and name else n, each)
    assert _exactly(found) == _exactly(list(kept.values()))


@pytest.mark.parametrize(
    "value", ["\x00", "\ud800", 1.0, 1e308, -0.0, 10**400, 5e-324, {"": {"a": 1.50}}, "\u2028", "\r\n"]
)
def test_values_that_jsonb_refuses_or_changes(db: Db, value: Any) -> None:
    entry = {"type": "x", "uuid": "\x00", "value": value}
    store_append(db, project_key="p", session_id="s", entries=json.dumps(entry).encode())
    (found,) = store_load(db, project_key="p", session_id="s").entries
    assert _exactly(json.loads(found)) == _exactly(entry)


def test_secrets_do_not_stay(db: Db) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    store_append(
        db,
        project_key="p",
        session_id="s",
        entries=json.dumps({"type": "x", "text": f"it is {secret}."}).encode(),
    )
    (found,) = store_load(db, project_key="p", session_id="s").entries
    assert secret not in found
    assert json.loads(found)["text"].startswith("it is [")


def test_long_sessions_come_in_parts(made: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claude_sdk, "_PIECE_BYTES", 3_000_000)
    entries = [_entry(n, text="x" * (2_500_000 if n in (2, 3) else 10)) for n in range(6000)]

    async def run() -> Any:
        store = made()
        await store.append(KEY, entries)
        return await store.load(KEY)

    assert asyncio.run(run()) == entries


def test_writers_at_once_lose_no_summary(database: Database, make_actor: MakeActor) -> None:
    """Without the version the second of two folds from the same summary would take the first one's away."""
    steward = Steward(database, make_actor())
    stores = [StewardSessionStore(steward) for _ in range(4)]

    def write(writer: int) -> None:
        for n in range(6):
            entry: Any = {
                "type": "x",
                "uuid": f"{writer}-{n}",
                "isSidechain": False,
                "timestamp": f"2026-11-01T00:00:{writer}{n}.000Z",
            }
            if (writer, n) == (2, 3):
                entry["customTitle"] = "the only one"
            asyncio.run(stores[writer].append(KEY, [entry]))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    (summary,) = asyncio.run(stores[0].list_session_summaries("p"))
    entries = asyncio.run(stores[0].load(KEY))
    assert entries is not None
    assert len(entries) == 24
    whole = fold_session_summary(None, KEY, entries)
    assert summary["data"] == whole["data"]
    assert summary["data"]["custom_title"] == "the only one"


def test_an_agent_deletes_nothing(database: Database, make_actor: MakeActor) -> None:
    named = {"project_key": "p", "session_id": "s"}
    call(database, "telemetry.store_append", make_actor(agent="bot"), **named, entries=b'{"n":1}')
    for who in (make_actor(agent="bot"), make_actor(role="agent")):
        with pytest.raises(Denied, match="deleted by people"):
            call(database, "telemetry.store_delete", who, **named)
    assert call(database, "telemetry.store_delete", make_actor(role="user"), **named) == 1


def test_entries_from_before_there_was_a_fold_are_folded(
    made: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made()
    with monkeypatch.context() as bare:
        bare.setattr(claude_sdk, "_folder", lambda: None)
        asyncio.run(store.append(KEY, [_entry(1, customTitle="first")]))
    assert asyncio.run(store.list_session_summaries("p")) == []
    asyncio.run(store.append(KEY, [_entry(2)]))
    (summary,) = asyncio.run(store.list_session_summaries("p"))
    whole = fold_session_summary(None, KEY, [_entry(1, customTitle="first"), _entry(2)])
    assert summary["data"] == whole["data"]


def test_a_summary_from_an_old_version_is_refused_with_all_it_came_with(db: Db) -> None:
    store_append(db, project_key="p", session_id="s", entries=b'{"n":1}', summary="{}", seen=0)
    refused = pytest.raises(StaleVersion, match="folded from version 0")
    with refused, translated(), db.connection.transaction():
        store_append(db, project_key="p", session_id="s", entries=b'{"n":2}', summary="{}", seen=0)
    assert store_load(db, project_key="p", session_id="s").entries == ['{"n": 1}']


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (b"[1]", "line 1: not an object"),
        (b'{"a":1}\n{"a"', "line 2: no JSON"),
        (b"\xff", "UTF-8"),
        (b'{"a":' * 9999, "line 1"),
    ],
)
def test_what_is_no_entry(db: Db, entries: bytes, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        store_append(db, project_key="p", session_id="s", entries=entries)
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert store_load(db, project_key="p", session_id="s").entries == []


@pytest.mark.parametrize("key", [{"project_key": " "}, {"session_id": "x" * 501}, {"subpath": "x" * 1001}])
def test_names_that_are_none(db: Db, key: dict[str, Any]) -> None:
    named: dict[str, Any] = {"project_key": "p", "session_id": "s"} | key
    with pytest.raises(Invalid):
        store_append(db, **named, entries=b"{}")


def test_the_store_opens_a_home_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    store = StewardSessionStore()
    key: Any = {"project_key": "own", "session_id": "s"}
    asyncio.run(store.append(key, [_entry(1)]))
    store.close()
    assert asyncio.run(StewardSessionStore(Steward(house.database, house.actor)).load(key)) == [_entry(1)]
