"""Files that grow, are copied, rewritten, cut short or read by two at once: nothing is lost, nothing counts twice."""

from __future__ import annotations

import dataclasses
import gzip
import json
import lzma
import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import zstandard

from steward.domains import telemetry
from steward.domains.telemetry import SessionTold
from steward.importers import FileReport, follow, reproject, run_import
from steward.importers.transcripts import load
from steward.importers.transcripts.follow import Follower
from steward.importers.transcripts.formats import recognise
from steward.importers.transcripts.lines import chunks, unpacked
from steward.importers.transcripts.place import Placing
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import StewardError, Unavailable
from tests.conftest import MakeActor
from tests.importers.transcripts.helpers import SESSION, answered, bring_in, rows, said, totals, written

pytestmark = pytest.mark.db

_KEPT = "select t.edition, t.part, t.lines, t.bytes, t.damaged_lines from telemetry.transcripts as t order by 1, 2"


def _dialogue(first: int, last: int) -> list[object]:
    return [said(n, f"prompt {n}") if n % 2 else answered(n) for n in range(first, last + 1)]


def _lines(database: Database, actor: Actor) -> list[str]:
    statement = (
        "select l.line from telemetry.transcript_lines as l join telemetry.transcripts as t on t.id = l.transcript_id"
        " order by t.edition, l.line_no"
    )
    return [row["line"] for row in rows(database, actor, statement)]


def test_a_growing_file_adds_its_tail(database: Database, actor: Actor, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 4))
    bring_in(database, actor, path)
    assert [each.outcome for each in bring_in(database, actor, path).files] == ["unchanged"]
    written(path, _dialogue(5, 10), mode="a")
    report = bring_in(database, actor, path)
    assert report.files[0].changes == {"lines": 6, "messages": 6, "responses": 3}
    assert _lines(database, actor) == path.read_text().splitlines()
    assert totals(database, actor) == (15, 25, 35, 50, 5)


def test_an_incomplete_last_line_is_left_for_the_next_time(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    last = json.dumps(answered(4))
    path = written(tmp_path / "a.jsonl", [*_dialogue(1, 3), last[:200]])
    bring_in(database, actor, path)
    assert rows(database, actor, _KEPT)[0]["lines"] == 3
    written(path, [last[200:]], mode="a")
    bring_in(database, actor, path)
    assert rows(database, actor, _KEPT)[0] | {"bytes": 0} == {
        "edition": 0, "part": "", "lines": 4, "bytes": 0, "damaged_lines": 0,
    }  # fmt: skip
    written(path, ["\n", *_dialogue(5, 6)], mode="a")
    bring_in(database, actor, path)
    assert _lines(database, actor) == path.read_text().splitlines()


def test_copies_and_older_snapshots_add_nothing(database: Database, actor: Actor, tmp_path: Path) -> None:
    whole = written(tmp_path / "b" / "a.jsonl", _dialogue(1, 10))
    bring_in(database, actor, whole)
    older = written(tmp_path / "a" / "other.jsonl", _dialogue(1, 6))
    packed = tmp_path / "c"
    packed.mkdir()
    (packed / "a.jsonl.zst").write_bytes(zstandard.compress(whole.read_bytes()))
    (packed / "a.jsonl.gz").write_bytes(gzip.compress(whole.read_bytes()))
    (packed / "a.jsonl.xz").write_bytes(lzma.compress(whole.read_bytes()))
    report = run_import(database, actor, [older, packed], report=tmp_path / "report.json")
    assert [each.outcome for each in report.files] == ["unchanged"] * 4
    newer = written(tmp_path / "d" / "x.jsonl", _dialogue(1, 12))
    (packed / "b.jsonl.zst").write_bytes(zstandard.compress(newer.read_bytes()))
    report = bring_in(database, actor, packed)
    assert sum(each.changes.get("lines", 0) for each in report.files) == 2
    assert len(rows(database, actor, _KEPT)) == 1


def test_a_file_that_begins_otherwise_becomes_another_edition(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 6))
    bring_in(database, actor, path)
    before = _lines(database, actor)
    written(path, _dialogue(3, 9))
    bring_in(database, actor, path)
    assert [(row["edition"], row["lines"]) for row in rows(database, actor, _KEPT)] == [(0, 6), (1, 7)]
    assert _lines(database, actor) == before + path.read_text().splitlines()
    assert totals(database, actor) == (12, 20, 28, 40, 4)
    written(path, _dialogue(10, 11), mode="a")
    bring_in(database, actor, path)
    assert [(row["edition"], row["lines"]) for row in rows(database, actor, _KEPT)] == [(0, 6), (1, 9)]


def test_an_import_that_is_killed_half_way_goes_on_where_it_was(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 60))
    known = recognise(path)
    assert known is not None
    kept, calls = telemetry.note_place, iter(range(100))

    def killed(*given: object, **more: object) -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt
        kept(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(telemetry, "note_place", killed)
        with pytest.raises(KeyboardInterrupt):
            load.load_transcript(Placing(database, actor), path, known, size=2000)
    half = rows(database, actor, _KEPT)[0]["lines"]
    assert 0 < half < 60
    assert rows(database, actor, "select count(*) as n from telemetry.transcript_lines") == [{"n": half}]
    bring_in(database, actor, path)
    assert _lines(database, actor) == path.read_text().splitlines()
    assert totals(database, actor) == (90, 150, 210, 300, 30)


def test_two_importers_of_one_file_keep_each_line_once(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 400))
    known = recognise(path)
    assert known is not None
    start = threading.Barrier(3)
    gained: list[load.Gained] = []

    def work() -> None:
        start.wait()
        gained.append(load.load_transcript(Placing(database, actor), path, known, size=4000))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(each.lines for each in gained) == 400
    assert _lines(database, actor) == path.read_text().splitlines()
    assert totals(database, actor) == (600, 1000, 1400, 2000, 200)


def test_without_the_lock_two_importers_would_keep_lines_twice(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 20))
    known = recognise(path)
    assert known is not None
    with database.transaction(actor, permission="telemetry:write") as db:
        told = known.identity
        at = telemetry.SessionTold(told.session_id, told.agent_id, told.external_id, _AT, _AT)
        telemetry.absorb(db, telemetry.Batch(sessions=[at]))
        begun = telemetry.add_edition(db, told.session_id, "claude-code", "", 0)
    second = threading.Thread(target=bring_in, args=(database, actor, path))
    with database.transaction(actor, permission="telemetry:write") as db:
        telemetry.lock_transcript(db, begun.id)
        second.start()
        time.sleep(0.4)
        assert second.is_alive()
        assert rows(database, actor, "select count(*) as n from telemetry.transcript_lines") == [{"n": 0}]
    second.join(20)
    assert _lines(database, actor) == path.read_text().splitlines()


_AT = datetime(2026, 10, 1, 10, tzinfo=UTC)


def test_follow_brings_in_what_is_appended(database: Database, actor: Actor, tmp_path: Path) -> None:
    path = written(tmp_path / "tree" / "a.jsonl", _dialogue(1, 2))
    told: list[FileReport] = []
    done = threading.Event()
    follower = threading.Thread(
        target=follow, args=(database, actor, [tmp_path / "tree"]),
        kwargs={"on_file": told.append, "stop": done.is_set},
    )  # fmt: skip
    follower.start()
    try:
        for last, first in pairwise([1, 3, 5]):
            _wait_for(told, lambda n=last: sum(each.changes.get("lines", 0) for each in told) >= n)
            began = time.monotonic()
            written(path, _dialogue(first, first + 1), mode="a")
            _wait_for(told, lambda n=first + 1: sum(each.changes.get("lines", 0) for each in told) >= n)
            assert time.monotonic() - began < 5
        new = written(tmp_path / "tree" / "deep" / "b.jsonl", [said(1, "another", sessionId="another")])
        _wait_for(told, lambda: any(each.file == str(new) for each in told))
    finally:
        done.set()
        follower.join(10)
    assert sorted(_lines(database, actor)) == sorted(
        path.read_text().splitlines() + new.read_text().splitlines()
    )


def test_follow_goes_on_when_the_database_was_away(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 2))
    told: list[FileReport] = []
    troubles: list[StewardError] = []
    follower = Follower(Placing(database, actor), [path], told.append, troubles.append)
    with monkeypatch.context() as away:
        away.setattr(telemetry, "known_files", _lost)
        follower.look()
    assert [type(each) for each in troubles] == [Unavailable]
    follower.look()
    assert [each.outcome for each in told] == ["imported"]


def _lost(*_: object) -> None:
    raise psycopg.OperationalError("gone")


def test_work_that_collided_is_done_again(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 4))
    bring_in(database, actor, path)
    before, real, fails = totals(database, actor), telemetry.note_place, [True]

    def note_place(db: Db, transcript: telemetry.Transcript) -> None:
        if fails:
            fails.pop()
            raise psycopg.errors.DeadlockDetected
        real(db, transcript)

    monkeypatch.setattr(telemetry, "note_place", note_place)
    done = reproject(database, actor, everything=True)
    assert (done["sessions"], done["lines"], totals(database, actor)) == (1, 4, before)


def test_who_may_not_make_projects_still_tells_of_sessions(
    database: Database, make_actor: MakeActor, tmp_path: Path
) -> None:
    folder = tmp_path / "somewhere"
    folder.mkdir()
    told = SessionTold(uuid4(), "codex", "x", _AT, _AT, cwd=str(folder))
    assert Placing(database, make_actor(role="agent")).place(told) is None


def _wait_for(told: list[FileReport], ready: object) -> None:
    deadline = time.monotonic() + 20
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def test_reading_anew_changes_nothing_that_was_right(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", _dialogue(1, 30))
    side = written(
        tmp_path / "a" / "subagents" / "agent-x.jsonl",
        [answered(n, isSidechain=True, agentId="x") for n in range(40, 50)],
    )
    bring_in(database, actor, path, side)
    tables = ("chat_messages", "tool_calls", "usage_sightings", "usage_keys")

    def everything() -> list[object]:
        return [
            totals(database, actor),
            *(rows(database, actor, f"select count(*) as n from telemetry.{table}") for table in tables),
            rows(database, actor, "select state, lines, bytes from telemetry.transcripts order by part"),
        ]

    before = everything()
    assert reproject(database, actor)["sessions"] == 0
    done = reproject(database, actor, everything=True)
    assert (done["sessions"], done["transcripts"], done["lines"], done["responses"]) == (1, 2, 40, 25)
    assert everything() == before
    with database.transaction(actor, permission="telemetry:write") as db:
        first = telemetry.editions_of(db, telemetry.session_id("claude-code", SESSION), "claude-code", "")[0]
        telemetry.note_place(db, dataclasses.replace(first, projection=0))
    assert reproject(database, actor)["transcripts"] == 2
    assert everything() == before
    written(path, _dialogue(31, 32), mode="a")
    bring_in(database, actor, path)
    assert totals(database, actor)[4] == before[0][4] + 1  # type: ignore[index]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_pieces_of_any_size_hold_the_same_lines(tmp_path: Path, size: int) -> None:
    data = b'{"a": 1}\r\n\n{"b": 2}\n   \n{"c": 3}\n{"unfinished": '
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with unpacked(path) as file:
        found = list(chunks(file, size=size))
    lines = [line for each in found for line in each.lines]
    untils = [until for each in found for until in each.untils]
    assert lines == [b'{"a": 1}\r', b'{"b": 2}', b'{"c": 3}']
    assert untils == [10, 20, 33]
    assert found[-1].until == 33
    with unpacked(path) as file:
        assert [line for each in chunks(file, 10, size) for line in each.lines] == lines[1:]
