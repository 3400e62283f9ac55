"""Rollouts as files: imported whole, grown, packed and forked, each response counts once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from steward.kit.db import Database
from tests.conftest import MakeActor
from tests.importers.transcripts.helpers import bring_in, rows, totals, written

from .rollouts import Counter, Line, event, item, line, meta, uuid7
from .test_tokens import _burst, _own, _parent

PARENT, CHILD = uuid7(0, 2), uuid7(10_000, 1)


def _fork() -> tuple[list[Line], list[Line]]:
    """Return a thread and its fork, which copies it."""
    counter = Counter()
    history = [meta(0, PARENT), *_parent(counter, 6, 1000)]
    return history, [
        meta(10_000, CHILD, forked_from_id=PARENT),
        *_burst(history, 10_001),
        *_own(counter, 12_000),
    ]


def test_public_rollouts_come_in(
    database: Database, make_actor: MakeActor, test_data: Path, tmp_path: Path
) -> None:
    actor = make_actor()
    packed = tmp_path / "sessions" / "packed"
    packed.mkdir(parents=True)
    for path in sorted((test_data / "codex").glob("*.jsonl")):
        content = path.read_bytes()
        (packed / (path.name + ".zst")).write_bytes(zstandard.compress(content))
        half = packed.parent / path.name
        half.write_bytes(content[: len(content) // 2])
        bring_in(database, actor, half)
        half.write_bytes(content)
    for _ in range(2):
        report = bring_in(database, actor, tmp_path / "sessions")
        assert report.success
    given, _, read, output, calls = totals(database, actor)
    assert (calls, given + read + output) == (227, 2 * 12_273 + 543_488 + 1_400_951 + 7_594_021)
    kept = rows(
        database,
        actor,
        "select count(*) as lines, count(distinct transcript_id) as files from telemetry.transcript_lines",
    )
    assert kept == [{"lines": 1412, "files": 5}]


@pytest.mark.parametrize("first", ["parent", "fork"])
def test_a_fork_and_its_parent_count_once(
    database: Database, make_actor: MakeActor, tmp_path: Path, first: str
) -> None:
    actor = make_actor()
    parent, fork = _fork()
    files = [
        written(tmp_path / "a" / "rollout-a.jsonl", parent),
        written(tmp_path / "a" / "rollout-b.jsonl", fork),
    ]
    for path in files if first == "parent" else files[::-1]:
        bring_in(database, actor, path)
    given = sum(1000 * n for n in range(1, 7))
    assert totals(database, actor) == (given - 6 * 500 + 10, 0, 6 * 500 + 60, 607, 7)
    spent = rows(
        database,
        actor,
        "select count(*) as calls from telemetry.token_usage where session_id = %s::uuid",
        CHILD,
    )
    assert spent == [{"calls": 1}]


def test_a_branch_ties_the_session_to_its_task(
    database: Database, make_actor: MakeActor, tmp_path: Path
) -> None:
    from tests.work.scene import add, project

    actor = make_actor()
    project(database)
    ref = add(database, "Do it")
    lines = [
        meta(0, PARENT, git={"branch": f"feat/{ref.lower()}-do-it"}),
        line(1, "turn_context", model="gpt-5.2"),
    ]
    path = written(tmp_path / "rollout-a.jsonl", [*lines, Counter().count(2, 100, 0, 10)])
    bring_in(database, actor, path)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event(3000, "agent_message", message="done")) + "\n")
    bring_in(database, actor, path)
    ties = rows(
        database, actor, "select source, count(*) as ties from telemetry.session_tasks group by source"
    )
    assert ties == [{"source": "branch", "ties": 1}]
    spent = rows(
        database, actor, "select count(*) as calls from telemetry.token_usage where task_id is not null"
    )
    assert spent == [{"calls": 1}]


def test_encrypted_reasoning_is_kept_nowhere(
    database: Database, make_actor: MakeActor, tmp_path: Path
) -> None:
    actor = make_actor()
    sealed, quoted = "gAAAA" + "x1Y2" * 500, json.dumps({"encrypted_content": "of an example"})
    history = [item(3, "reasoning", summary=[], encrypted_content=sealed)["payload"]]
    lines = [
        meta(0, PARENT),
        item(1, "reasoning", summary=[{"text": "**hm**"}], encrypted_content=sealed, content=None),
        item(2, "message", role="assistant", content=[{"type": "output_text", "text": quoted}]),
        line(3, "compacted", message="short", replacement_history=history),
        item(4, "reasoning", summary=[], encrypted_content=None),
    ]
    path = written(tmp_path / "rollout-a.jsonl", [*lines, json.dumps(lines[1])[:-300] + "\n"])
    bring_in(database, actor, path)
    found = [
        row["line"]
        for row in rows(database, actor, "select line from telemetry.transcript_lines order by line_no")
    ]
    assert "x1Y2" not in "".join(found)
    mark = f"[encrypted: {len(sealed)} bytes]"
    assert json.loads(found[1])["payload"] == lines[1]["payload"] | {"encrypted_content": mark}
    assert [json.loads(found[at]) for at in (0, 2, 4)] == [lines[at] for at in (0, 2, 4)]
    assert mark in found[3]
    said = rows(database, actor, "select content from telemetry.chat_messages order by sequence")
    assert [row["content"] for row in said] == ["**hm**", quoted, "short"]
    assert bring_in(database, actor, path).files[0].outcome == "unchanged"
    written(path, [item(9, "reasoning", summary=[], encrypted_content=sealed)], mode="a")
    assert bring_in(database, actor, path).files[0].changes["lines"] == 1
