"""Lines that are damaged, huge or hold secrets: kept as far as they can be, told, never in the way of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from steward.domains import telemetry
from steward.importers.transcripts import lines
from steward.importers.transcripts.formats import recognise
from steward.importers.transcripts.load import load_transcript
from steward.importers.transcripts.place import Placing
from steward.kit.db import Actor, Database
from tests.importers.transcripts.helpers import (
    SESSION,
    answered,
    bring_in,
    came,
    entry,
    rows,
    said,
    totals,
    used,
    written,
)

pytestmark = pytest.mark.db

_TOKEN = "ghp" + "_" + "a1B2" * 9
_KEY = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 2] * 6)
_KEY += "\n-----END PRIVATE KEY-----\n"


def _kept(database: Database, actor: Actor) -> list[dict[str, Any]]:
    return rows(
        database, actor, "select line_no, kind, damage, line from telemetry.transcript_lines order by line_no"
    )


def test_damaged_lines_are_kept_with_what_is_wrong(database: Database, actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = [
        json.dumps(each).encode() for each in (said(1, "one"), answered(2), said(3, "three"), answered(4))
    ]
    bad = [
        b"42",
        b'["a list"]',
        b'{"type": "user", "cut',
        b"\xff\xfe not text",
        good[2].replace(b"three", b"thr\x00ee"),
        good[2].replace(b"three", b"thr\xffee").replace(b"000003", b"000033"),
        b"[" * 100_000,
    ]
    path.write_bytes(b"\n".join([good[0], *bad[:3], good[1], *bad[3:], good[3]]) + b"\n")
    report = bring_in(database, actor, path).files[0]
    assert report.outcome == "imported"
    assert report.changes["damaged_lines"] == len(bad)
    found = _kept(database, actor)
    assert len(found) == len(good) - 1 + len(bad)
    wrong = [row["damage"] for row in found if row["damage"]]
    assert wrong[:2] == ["it is no object"] * 2
    assert wrong[2].startswith("it is no JSON")
    assert [text[:4] for text in wrong[3:5]] == ["it i", "it i"] or wrong[3]
    assert totals(database, actor)[4] == 2
    assert bring_in(database, actor, path).files[0].outcome == "unchanged"


def test_texts_that_no_database_can_hold_come_in_mended(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    strange = "a\x00b\ud83dc"
    path = written(
        tmp_path / "a.jsonl",
        [
            said(1, strange, gitBranch=strange, cwd=strange, version=strange),
            used(2, f"call{strange}", "Bash", command=strange),
            came(3, f"call{strange}", strange),
            entry("strange\x00kind", 4),
            entry("custom-title", 5, customTitle=strange),
            entry("pr-link", 6, prUrl=strange),
            said(7, "in a session of a strange name", session="\ud83d\x00x", uuid="\ud83d"),
        ],
    )
    report = bring_in(database, actor, path)
    assert report.success, report.refused
    found = rows(database, actor, 'select content from telemetry.chat_messages order by "timestamp"')
    assert [row["content"] for row in found] == ["a\ufffdb?c", "in a session of a strange name"]
    assert rows(database, actor, "select count(*) as n from telemetry.tool_calls") == [{"n": 1}]


_ODD: list[dict[str, Any]] = [
    {"message": None},
    {"message": "text"},
    {"message": {"content": [None, 1, "text", [], {"type": None}, {"type": "text", "text": 5}]}},
    {"message": {"content": {"type": "text"}, "usage": [], "id": 5, "model": {}}},
    {"message": {"content": [{"type": "tool_use"}, {"type": "tool_use", "id": "", "name": 3, "input": [1]}]}},
    {"message": {"content": [{"type": "tool_result"}, {"type": "tool_result", "tool_use_id": "x" * 900}]}},
    {"message": {"usage": {"input_tokens": -5, "output_tokens": 1e300, "cache_read_input_tokens": "many"}}},
    {"message": {"usage": {"input_tokens": True, "output_tokens": 10**40, "cache_creation": 7}}},
    {"message": {"id": "m" * 5000, "model": "x" * 5000, "usage": {}}, "requestId": "r" * 5000},
    {"timestamp": None},
    {"timestamp": "0001-01-01T00:00:00Z"},
    {"timestamp": "9999-12-31T23:59:59+14:00"},
    {"timestamp": "yesterday", "uuid": 7, "cwd": 7, "gitBranch": ["main"], "version": {}},
    {"sessionId": "s" * 5000},
    {"sessionId": "  "},
    {"isSidechain": "yes", "agentId": 4},
    {"toolUseResult": {"structuredPatch": [1, {"lines": 5}, {"lines": [1, "+a"]}], "durationMs": -1}},
    {"costUSD": "free", "isApiErrorMessage": 1},
    {"costUSD": 1e30},
    {"costUSD": float("nan"), "totalCostUSD": float("nan"), "toolUseResult": {"durationMs": float("nan")}},
    {"attachment": 5, "subtype": 9, "content": 5, "error": {"error": {"error": {"error": {}}}}},
    {"totalCostUSD": 1.5, "prUrl": 5, "summary": 5, "customTitle": {}, "aiTitle": None},
]


def test_entries_of_any_shape_come_in(database: Database, actor: Actor, tmp_path: Path) -> None:
    kinds = (
        "user",
        "assistant",
        "system",
        "attachment",
        "cost-state",
        "pr-link",
        "summary",
        "custom-title",
        "new",
    )
    for number, odd in enumerate(_ODD):
        known: dict[str, Any] = {"session": f"session-{number}"}
        entries = [entry(kind, 10 + n, **known) | odd for n, kind in enumerate(kinds)]
        written(tmp_path / f"{number}.jsonl", [said(1, "begin", **known), *entries, answered(99, **known)])
    report = bring_in(database, actor, tmp_path)
    assert report.success, report.refused
    for each in report.files:
        assert each.holds["lines"] == len(kinds) + 2, each
        assert each.holds["damaged_lines"] == 0, each


def test_a_secret_in_a_tools_output_is_stored_nowhere(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "a.jsonl",
        [
            said(1, f"my token is {_TOKEN}"),
            used(
                2,
                "toolu_1",
                "Bash",
                command=f"curl -H 'Authorization: Bearer {_TOKEN}' https://u:{_TOKEN}@x.org",
            ),
            came(3, "toolu_1", f"token: {_TOKEN}\n{_KEY}", {"stdout": f"{_TOKEN}\n{_KEY}", "stderr": ""}),
            answered(
                4, {"type": "text", "text": json.dumps({"a": json.dumps({"key": _KEY, "token": _TOKEN})})}
            ),
            f'{{"type": "user", "cut": "{_TOKEN}\n',
            entry("custom-title", 5, customTitle=f"about {_TOKEN}"),
        ],
    )
    assert bring_in(database, actor, path).success
    secrets = (_TOKEN, "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC")
    for table in _tables(database, actor):
        for row in rows(database, actor, f"select to_jsonb(t)::text as content from {table} as t"):
            assert not any(secret in row["content"] for secret in secrets), table
    found = _kept(database, actor)
    assert sum("[secret: github token]" in row["line"] for row in found) == 6
    assert all(json.loads(row["line"]) for row in found if row["kind"] != "damaged")
    assert "[secret: private key]" in found[2]["line"]


def _tables(database: Database, actor: Actor) -> list[str]:
    found = rows(
        database,
        actor,
        "select format('%I.%I', schemaname, tablename) as name from pg_tables"
        " where schemaname in ('telemetry', 'work', 'projects', 'audit')"
        " and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')",
    )
    return [row["name"] for row in found]


def test_a_megabyte_of_output_comes_in_whole(database: Database, actor: Actor, tmp_path: Path) -> None:
    text = "0123456789 line of output\n" * 40_000
    path = written(
        tmp_path / "a.jsonl",
        [used(1, "toolu_1", "Bash", command="make"), came(2, "toolu_1", text, {"stdout": text})],
    )
    bring_in(database, actor, path)
    assert json.loads(_kept(database, actor)[1]["line"])["toolUseResult"]["stdout"] == text
    call = rows(database, actor, "select output, output_bytes, success from telemetry.tool_calls")[0]
    assert (len(call["output"]), call["output_bytes"], call["success"]) == (4000, len(text), True)


def test_of_an_endless_line_the_beginning_is_kept(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 300_000)
    path = written(tmp_path / "a.jsonl", [said(1, "one"), said(2, f"{_TOKEN} " + "x" * 900_000), answered(3)])
    known = recognise(path)
    assert known is not None
    assert load_transcript(Placing(database, actor), path, known, size=100_000).damaged == 1
    found = _kept(database, actor)
    assert [row["line_no"] for row in found] == [1, 2, 3]
    assert "only the beginning is kept" in found[1]["damage"]
    assert len(found[1]["line"]) < 100_000
    assert _TOKEN not in found[1]["line"]
    assert totals(database, actor)[4] == 1
    written(path, [answered(4)], mode="a")
    assert bring_in(database, actor, path).files[0].changes["lines"] == 1


def test_a_first_line_of_many_megabytes_is_no_reason_to_leave_a_file_out(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "x" / "a.jsonl", [said(1, "word " * 3_500_000), answered(2)])
    assert path.stat().st_size > 17_000_000
    report = bring_in(database, actor, tmp_path).files[0]
    assert (report.outcome, report.holds["lines"], report.holds["damaged_lines"]) == ("imported", 2, 0)
    assert totals(database, actor)[4] == 1


def test_behind_a_first_line_that_is_too_long_the_others_come_in(
    database: Database, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 300_000)
    path = written(tmp_path / "a.jsonl", [said(1, "x" * 17_500_000), answered(2)])
    report = bring_in(database, actor, path).files[0]
    assert (report.outcome, report.holds["lines"], report.holds["damaged_lines"]) == ("imported", 2, 1)
    assert totals(database, actor)[4] == 1


def test_a_transcript_that_holds_nothing_is_told_by_name(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    folder, other = tmp_path / ".claude" / "projects" / "x", tmp_path / "other"
    written(folder / f"{SESSION}.jsonl", [])
    written(folder / "by-hand.jsonl", [" \n\n"])
    written(folder / "agent-a1.jsonl", ["\0" * 5_000])
    written(tmp_path / "rollout-2026-10-01.jsonl", ['{"type": "session_meta", "pay\n', "dfs\n"])
    written(other / "empty.jsonl", [])
    written(other / "agent-known.jsonl", [{"of": "somebody else"}])
    report = bring_in(database, actor, tmp_path)
    assert report.success
    assert {each.outcome for each in report.files} == {"skipped"}
    told = {Path(each.file).name: each for each in report.files if each.refusal}
    assert {name: (each.refusal["kind"], each.bytes) for name, each in told.items() if each.refusal} == {
        f"{SESSION}.jsonl": ("empty_transcript", 0),
        "by-hand.jsonl": ("empty_transcript", 3),
        "agent-a1.jsonl": ("damaged_transcript", 5_000),
        "rollout-2026-10-01.jsonl": ("damaged_transcript", 34),
    }
    lines = report.left_out(3)
    assert lines[3:] == ["and 1 more; the report names them all"]
    assert f"{folder / f'{SESSION}.jsonl'}: it is empty" in report.left_out()
    assert len(report.left_out()) == 4


def test_a_message_that_was_cut_tells_how_long_it_was(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", [said(1, "w " * 1_000_000), said(2, "short")])
    bring_in(database, actor, path)
    found = rows(
        database,
        actor,
        "select length(content) as kept, metadata from telemetry.chat_messages order by sequence",
    )
    assert found == [{"kept": 1_000_000, "metadata": {"cut_from": 2_000_000}}, {"kept": 5, "metadata": {}}]
    with database.transaction(actor, read_only=True) as db:
        entries = telemetry.conversation(db, session=SESSION, most=10).entries
    assert [each.message.length for each in entries if each.message] == [2_000_000, 5]


def test_a_packed_file_that_is_cut_short_is_refused_and_the_rest_comes_in(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    import zstandard

    whole = written(tmp_path / "whole" / "a.jsonl", [said(n, f"prompt {n} " * 50) for n in range(1, 400)])
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(whole.read_bytes())[:-9])
    (tmp_path / "c.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00garbage")
    report = bring_in(database, actor, tmp_path)
    by_name = {Path(each.file).name: each.outcome for each in report.files}
    assert by_name["a.jsonl"] == "imported"
    assert by_name["c.jsonl.gz"] in ("refused", "skipped")
    assert len(_kept(database, actor)) == 399


def test_the_database_refuses_lines_of_nobody(database: Database, actor: Actor) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), database.transaction(actor) as db:
        db.dicts(
            "insert into telemetry.transcript_lines (transcript_id, line_no, bytes_until, digest, kind, line)"
            " values ('0e1f2a3b-0000-4000-8000-000000000001', 0, 1, '', 'x', 'x') returning 1 as n"
        )
