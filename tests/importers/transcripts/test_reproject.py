"""Kept transcripts that are read anew: nothing is lost of what sessions share, and nothing counts twice."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from steward.domains import telemetry
from steward.importers import reproject
from steward.kit.db import Actor, Database
from tests.importers.transcripts.helpers import SESSION, answered, bring_in, rows, said, totals, written

pytestmark = pytest.mark.db

# One comes before, one behind SESSION when sessions are read in the order of their ids.
EARLIER = "0e1f2a3b-0000-4000-8000-000000000000"
LATER = "0e1f2a3b-0000-4000-8000-000000000002"
OTHERS = pytest.mark.parametrize("other", [EARLIER, LATER], ids=["read before", "read after"])
_KEPT = (
    (
        "select s.external_id as session, u.at, u.model, u.input_tokens, u.output_tokens, u.cost_usd, u.subagent"
        " from telemetry.token_usage as u join telemetry.agent_sessions as s on s.id = u.session_id"
        " order by u.at, s.id, u.output_tokens"
    ),
    "select source, source_key, session_id, at, output_tokens from telemetry.usage_sightings order by 1, 2",
    "select key from telemetry.usage_keys order by 1",
    "select id, session_id, content from telemetry.chat_messages order by 1",
    "select session_id, call_id, sources from telemetry.tool_calls order by 1, 2",
    "select sum(calls) as calls, sum(output_tokens) as output from telemetry.daily_usage",
)


def _everything(database: Database, actor: Actor) -> list[Any]:
    return [rows(database, actor, statement) for statement in _KEPT]


def _make_old(database: Database, actor: Actor, session: str) -> None:
    """Let a session's transcript be one that an older reader read."""
    with database.transaction(actor, permission="telemetry:write") as db:
        kept = telemetry.editions_of(db, telemetry.session_id("claude-code", session), "claude-code", "")
        for each in kept:
            telemetry.note_place(db, dataclasses.replace(each, projection=0))


@pytest.fixture(params=[(0, 1), (1, 0)], ids=["as written", "the other way"])
def order(request: pytest.FixtureRequest) -> Any:
    """Give the order in which two files are imported."""
    return request.param


@pytest.fixture
def shared(database: Database, actor: Actor, tmp_path: Path, other: str, order: tuple[int, int]) -> list[Any]:
    """Import two sessions that use one message id for different answers; return all that is kept then."""
    paths = [
        written(
            tmp_path / "a.jsonl", [said(1, "first"), answered(2), answered(4, message="msg_same", output=20)]
        ),
        written(
            tmp_path / "b.jsonl",
            [
                said(11, "second", sessionId=other),
                answered(12, message="msg_same", output=90, sessionId=other),
            ],
        ),
    ]
    for at in order:
        bring_in(database, actor, paths[at])
    assert totals(database, actor)[3:] == (100, 2)
    return _everything(database, actor)


@OTHERS
def test_an_id_that_two_sessions_use(database: Database, actor: Actor, shared: list[Any]) -> None:
    assert reproject(database, actor, everything=True)["sessions"] == 2
    assert _everything(database, actor) == shared


@OTHERS
@pytest.mark.parametrize("second", [True, False])
def test_one_of_two_sessions_that_use_an_id(
    database: Database, actor: Actor, shared: list[Any], other: str, second: bool
) -> None:
    _make_old(database, actor, other if second else SESSION)
    assert reproject(database, actor)["sessions"] == 1
    assert _everything(database, actor) == shared


@OTHERS
def test_a_resumed_sessions_copies(
    database: Database, actor: Actor, tmp_path: Path, other: str, order: tuple[int, int]
) -> None:
    mine = [said(1, "begin"), *(answered(n, output=n) for n in (2, 4, 6))]
    copies = [
        each | {"sessionId": other, "timestamp": f"2026-10-01T11:00:0{n}.000Z"} for n, each in enumerate(mine)
    ]
    paths = [
        written(tmp_path / "a.jsonl", mine),
        written(
            tmp_path / "b.jsonl",
            [*copies, said(4000, "on", sessionId=other), answered(4002, sessionId=other)],
        ),
    ]
    for at in order:
        bring_in(database, actor, paths[at])
    before = _everything(database, actor)
    assert [row["session"] for row in before[0]] == [SESSION] * 3 + [other]
    assert totals(database, actor)[3:] == (22, 4)
    with database.transaction(actor, read_only=True) as db:
        assert [each.responses for each in telemetry.get(db, session=other).sources] == [1]
    reproject(database, actor, everything=True)
    assert _everything(database, actor) == before
    _make_old(database, actor, SESSION)
    reproject(database, actor)
    assert _everything(database, actor) == before


@OTHERS
def test_killed_half_way(
    database: Database, actor: Actor, shared: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_old(database, actor, SESSION)
    noted, calls = telemetry.note_place, iter(range(9))

    def killed(*given: Any) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        noted(*given)

    with monkeypatch.context() as patch:
        patch.setattr(telemetry, "note_place", killed)
        with pytest.raises(KeyboardInterrupt):
            reproject(database, actor, everything=True)
    assert _everything(database, actor) == shared
    reproject(database, actor, everything=True)
    assert _everything(database, actor) == shared


@OTHERS
def test_a_file_with_lines_of_two_sessions(
    database: Database, actor: Actor, tmp_path: Path, other: str
) -> None:
    mixed = [said(1, "begin"), answered(2), said(11, "on", sessionId=other), answered(12, sessionId=other)]
    side = [answered(n, isSidechain=True, agentId="x", sessionId=other) for n in range(20, 23)]
    paths = [written(tmp_path / "a.jsonl", mixed), written(tmp_path / "agent-x.jsonl", side)]
    bring_in(database, actor, *paths)
    before = _everything(database, actor)
    assert totals(database, actor)[4] == 5
    assert reproject(database, actor, everything=True)["sessions"] == 2
    assert _everything(database, actor) == before
    for session in (SESSION, other):
        _make_old(database, actor, session)
        reproject(database, actor)
        assert _everything(database, actor) == before


def test_a_file_of_many_sessions(database: Database, actor: Actor, tmp_path: Path) -> None:
    names = [f"session-{n}" for n in range(70)]
    lines = [answered(n, sessionId=name) for n, name in enumerate(names)]
    apart = [
        written(tmp_path / f"agent-{n}.jsonl", [answered(n + 100, isSidechain=True, sessionId=name)])
        for n, name in enumerate(names[:3])
    ]
    bring_in(database, actor, written(tmp_path / "all.jsonl", lines), *apart)
    before = _everything(database, actor)
    for _ in range(2):
        assert reproject(database, actor, everything=True)["sessions"] == 70
        assert _everything(database, actor) == before


def test_what_comes_while_others_are_read(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(database, actor, written(tmp_path / "a.jsonl", [said(1, "begin"), answered(2)]))
    side = written(tmp_path / "agent-x.jsonl", [answered(4, isSidechain=True, agentId="x")])
    found = telemetry.to_project_anew

    def then_another_comes(*given: Any, **known: Any) -> Any:
        kept = found(*given, **known)
        bring_in(database, actor, side)
        return kept

    monkeypatch.setattr(telemetry, "to_project_anew", then_another_comes)
    reproject(database, actor, everything=True)
    assert totals(database, actor)[3:] == (20, 2)
