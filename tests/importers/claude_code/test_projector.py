"""What lines of Claude Code tell: sessions, speech, tools, tokens, commits, tasks."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from steward.domains.telemetry import Batch, MessageKind, MessageRole, NamedTask, TieSource, ToolKind
from steward.importers.claude_code import ClaudeCodeProjector, is_claude_code
from steward.importers.claude_code.speech import title_of
from steward.importers.transcripts.commands import kind_of
from steward.importers.transcripts.identity import of_claude_code, of_codex
from steward.importers.transcripts.projector import Place
from tests.importers.transcripts.helpers import SESSION, answered, came, entry, said, used


def _read(*entries: dict[str, Any]) -> tuple[Batch, list[NamedTask]]:
    projector = ClaudeCodeProjector()
    for number, each in enumerate(entries, 1):
        projector.line(each, Place("a.jsonl", number))
    return projector.take(), projector.take_named()


def _read_in_pieces(*entries: dict[str, Any]) -> list[Batch]:
    """Read with a new projector for every line, as if each had come in a run of its own."""
    state: dict[str, Any] | None = None
    found = []
    for number, each in enumerate(entries, 1):
        projector = ClaudeCodeProjector(state)
        projector.line(each, Place("a.jsonl", number))
        found.append(projector.take())
        state = json.loads(json.dumps(projector.state()))
    return found


def _blocks(message: str, *outputs: int) -> list[dict[str, Any]]:
    return [
        answered(n, {"type": "text", "text": f"part {n}"}, message=message, output=output)
        for n, output in enumerate(outputs, 1)
    ]


def test_tokens_that_are_written_as_texts_count() -> None:
    told = answered(1, output="25")  # type: ignore[arg-type]
    told["message"]["usage"] |= {"input_tokens": "12", "cache_read_input_tokens": "many"}
    for none in ("nan", "infinity"):
        told["message"]["usage"]["cache_creation_input_tokens"] = none
        (found,) = _read(told)[0].usage
        assert (found.input_tokens, found.output_tokens) == (12, 25)
        assert (found.cache_read_tokens, found.cache_write_tokens) == (0, 0)


def test_a_response_of_several_entries_counts_once_by_its_fullest_copy() -> None:
    batch, _ = _read(*_blocks("msg_a", 1, 25, 4), answered(9, message="msg_b", output=7))
    assert [(each.source_key, each.output_tokens) for each in batch.usage] == [
        ("claude:msg:msg_a", 25),
        ("claude:msg:msg_b", 7),
    ]
    assert batch.usage[0].keys == ["claude:msg:msg_a", "claude:req:req_msg_a"]
    assert (
        batch.usage[0].input_tokens,
        batch.usage[0].cache_write_tokens,
        batch.usage[0].cache_read_tokens,
    ) == (
        3,
        5,
        7,
    )


def test_a_replay_in_a_sidechain_brings_its_other_request_along() -> None:
    replay = answered(2, message="msg_a", isSidechain=True, agentId="abc") | {"requestId": "req_other"}
    batch, _ = _read(answered(1, message="msg_a"), replay)
    assert [each.keys for each in batch.usage] == [
        ["claude:msg:msg_a", "claude:req:req_msg_a", "claude:req:req_other"]
    ]


def test_a_response_without_a_message_id_is_known_by_its_entry() -> None:
    nameless = answered(1)
    del nameless["message"]["id"]
    batch, _ = _read(nameless)
    assert batch.usage[0].keys == [f"claude:uuid:{nameless['uuid']}", "claude:req:req_1"]


def test_what_nobody_typed_is_no_speech() -> None:
    batch, _ = _read(
        said(1, "fix the bug"),
        said(2, "Caveat: ...", isMeta=True),
        said(3, "<command-name>/compact</command-name>"),
        said(4, "summary of all", isCompactSummary=True),
        answered(5, {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "done"}),
        answered(6, {"type": "text", "text": "API Error: 529"}, isApiErrorMessage=True),
        entry("system", 7, subtype="compact_boundary", content="Conversation compacted"),
        entry(
            "system",
            8,
            subtype="api_error",
            error={"status": 529, "error": {"error": {"message": "Overloaded"}}},
        ),
        entry("system", 9, subtype="turn_duration", durationMs=5),
        entry("attachment", 10, attachment={"type": "queued_command", "prompt": "and hurry"}),
        entry("queue-operation", 11, operation="enqueue", content=None),
        entry("never-seen-before", 12, payload={}),
    )
    assert [(each.role, each.kind, each.content) for each in batch.messages] == [
        (MessageRole.USER, MessageKind.TEXT, "fix the bug"),
        (MessageRole.USER, MessageKind.NOTICE, "<command-name>/compact</command-name>"),
        (MessageRole.SYSTEM, MessageKind.SUMMARY, "summary of all"),
        (MessageRole.ASSISTANT, MessageKind.TEXT, "done"),
        (MessageRole.ASSISTANT, MessageKind.THINKING, "hm"),
        (MessageRole.ASSISTANT, MessageKind.ERROR, "API Error: 529"),
        (MessageRole.SYSTEM, MessageKind.NOTICE, "Conversation compacted"),
        (MessageRole.SYSTEM, MessageKind.ERROR, "API error 529: Overloaded"),
        (MessageRole.USER, MessageKind.TEXT, "and hurry"),
    ]
    assert batch.messages[0].id == UUID("aaaaaaaa-0000-4000-8000-000000000001")
    assert len({each.id for each in batch.messages}) == len(batch.messages)


def test_a_call_and_its_result_are_one() -> None:
    patch = [{"lines": [" same", "-old", "+new", "+newer"]}]
    batch, _ = _read(
        used(1, "toolu_1", "Edit", file_path="/a/b.py", old_string="old", new_string="new"),
        came(4, "toolu_1", "updated", {"filePath": "/a/b.py", "structuredPatch": patch}),
    )
    (call,) = batch.tools
    assert (call.name, call.kind, call.success, call.duration_ms) == ("Edit", ToolKind.WRITE, True, 3000)
    assert (call.file_path, call.lines_added, call.lines_removed, call.output) == ("/a/b.py", 2, 1, "updated")


def test_a_result_in_a_later_piece_completes_its_call() -> None:
    first, second = _read_in_pieces(
        used(1, "toolu_1", "Bash", command="make"), came(3, "toolu_1", "boom", failed=True)
    )
    assert (first.tools[0].name, first.tools[0].success) == ("Bash", None)
    (told,) = second.tools
    assert (told.name, told.success, told.error, told.duration_ms) == (None, False, "boom", 2000)


def test_pieces_tell_the_same_as_the_whole() -> None:
    entries = [
        said(1, "begin"), used(2, "t", "Bash", command="git commit -m x"), came(3, "t", "[main abc1234] x"),
        *_blocks("msg_z", 3, 9), entry("custom-title", 8, customTitle="Name"), said(9, "more", gitBranch="feat/ACME-7"),
        answered(10),
    ]  # fmt: skip
    whole, _ = _read(*entries)
    pieces = _read_in_pieces(*entries)
    assert [each.id for piece in pieces for each in piece.messages] == [each.id for each in whole.messages]
    assert [each.sha for piece in pieces for each in piece.commits] == [each.sha for each in whole.commits]
    titles = [told.title for piece in pieces for told in piece.sessions if told.title]
    assert titles == ["begin", "Name"]
    assert whole.sessions[0].title == "Name"


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("Read", {"file_path": "a"}, ToolKind.READ),
        ("Bash", {"command": "cd x && .venv/bin/python -m pytest -q"}, ToolKind.TEST),
        ("Bash", {"command": "npm run build"}, ToolKind.BUILD),
        ("Bash", {"command": "ls -la"}, ToolKind.READ),
        ("Bash", {"command": "echo hello"}, ToolKind.COMMAND),
        ("Grep", {"pattern": "x"}, ToolKind.SEARCH),
        ("Task", {"prompt": "x"}, ToolKind.SUBAGENT),
        ("TodoWrite", {"todos": []}, ToolKind.PLAN),
        ("WebSearch", {"query": "x"}, ToolKind.WEB),
        ("mcp__steward__work_claim", {}, ToolKind.MCP),
        ("SomethingNew", {}, ToolKind.OTHER),
    ],
)
def test_tools_have_kinds(name: str, given: dict[str, Any], kind: ToolKind) -> None:
    batch, _ = _read(used(1, "t", name, **given))
    assert batch.tools[0].kind is kind


def test_commits_are_told_by_git_itself() -> None:
    output = "[feature/x abc1234] Mend the lock\n 1 file changed"
    batch, _ = _read(
        used(1, "t1", "Bash", command="git add -A && git commit -m 'Mend the lock'"),
        came(2, "t1", output),
        used(3, "t2", "Bash", command="cat log.txt"),
        came(4, "t2", "[main fff9999] no commit of ours"),
        used(5, "t3", "Bash", command="git commit -m 'root'"),
        came(6, "t3", "[main (root-commit) 0123abc] root"),
    )
    assert [(each.branch, each.sha, each.subject) for each in batch.commits] == [
        ("feature/x", "abc1234", "Mend the lock"),
        ("main", "0123abc", "root"),
    ]


def test_a_session_is_what_its_entries_repeat() -> None:
    batch, _ = _read(
        {"type": "summary", "summary": "Earlier name", "leafUuid": "x"},
        said(1, "first words\nmore"),
        answered(5),
        entry("ai-title", 6, aiTitle="Better name"),
        said(7, "last", timestamp="2026-10-01T12:00:00Z"),
        entry("pr-link", 8, prNumber=5, prUrl="https://github.com/a/b/pull/5"),
        entry("cost-state", 9, totalCostUSD=1.25, version="2.2.0"),
    )
    (told,) = batch.sessions
    assert (told.external_id, told.title, told.agent_version) == (SESSION, "Better name", "2.2.0")
    assert (told.cwd, told.git_branch, told.model) == ("/nowhere/shop", "main", "claude-opus-4-5-20251101")
    assert (told.start_time.hour, told.last_seen_at.hour) == (10, 12)
    assert told.context == {"pull_requests": ["https://github.com/a/b/pull/5"], "reported_cost_usd": 1.25}


def test_a_file_may_hold_several_sessions() -> None:
    batch, _ = _read(said(1, "one"), said(2, "two", sessionId="other"), answered(3, sessionId="other"))
    assert [told.external_id for told in batch.sessions] == [SESSION, "other"]
    assert batch.messages[1].session_id == batch.usage[0].session_id == batch.sessions[1].id


def test_branches_name_tasks_while_the_session_is_on_them() -> None:
    _, named = _read(
        said(1, "a", gitBranch="feat/ACME-42-login"),
        answered(5),
        said(9, "b", gitBranch="main"),
        answered(12),
    )
    assert [(each.word, each.source, each.from_at.second) for each in named] == [
        ("ACME-42", TieSource.BRANCH, 1),
        ("ACME-42", TieSource.BRANCH, 1),
    ]
    assert named[0].until_at is None
    assert named[1].until_at is not None
    assert named[0].stretch == named[1].stretch


@pytest.mark.parametrize(
    ("claim", "finish"),
    [
        (
            used(2, "c", "mcp__steward__work_claim"),
            used(6, "f", "mcp__steward__work_finish", task="ACME-7", token=3),
        ),
        (
            used(2, "c", "Bash", command="steward --json work claim"),
            used(6, "f", "Bash", command="cd x; steward work finish ACME-7 --token 3"),
        ),
    ],
)
def test_our_own_calls_tell_on_which_task_a_session_works(claim: Any, finish: Any) -> None:
    answer = json.dumps({"token": 3, "task": {"ref": "ACME-7", "title": "like ACME-9"}})
    _, named = _read(claim, came(3, "c", answer), answered(4), finish, came(7, "f", "{}"))
    begun, ended = named
    assert (begun.word, begun.source, begun.until_at, begun.stretch) == (
        "ACME-7",
        TieSource.TRANSCRIPT,
        None,
        "c",
    )
    assert ended.until_at is not None
    assert (ended.word, ended.from_at, ended.until_at.second) == ("ACME-7", begun.from_at, 7)


def test_a_claim_that_fails_ties_nothing() -> None:
    _, named = _read(
        used(2, "c", "mcp__steward__work_claim", task="ACME-7"), came(3, "c", "ACME-7 is taken", failed=True)
    )
    assert named == []


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([said(1, "a")], True),
        ([{"type": "summary", "summary": "x", "leafUuid": "y"}], True),
        ([{"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}], True),
        ([{"id": "bd-1", "title": "an issue", "issue_type": "bug", "status": "open"}], False),
        ([{"display": "prompt", "project": "/a", "sessionId": "x", "timestamp": 1}], False),
        ([{"timestamp": "2026", "type": "session_meta", "payload": {"id": "x"}}], False),
        ([{"sessionId": "x", "type": "something"}], False),
        ([], False),
    ],
)
def test_a_transcript_is_known_by_its_first_lines(first: list[dict[str, Any]], expected: bool) -> None:
    assert is_claude_code(first) is expected


def test_whose_a_transcript_is() -> None:
    side = said(1, "a", isSidechain=True, agentId="abc")
    assert of_claude_code([{"type": "summary"}, said(1, "a")], "/x/y.jsonl").external_id == SESSION
    assert of_claude_code([side], "/x/agent-abc.jsonl").part == "abc"
    assert of_claude_code([said(1, "a", isSidechain=True)], "/x/agent-q.jsonl").part == "q"
    assert of_claude_code([said(1, "a", isSidechain=True)], "/x/z.jsonl").part == ""
    assert of_claude_code([{"type": "summary", "leafUuid": "x"}], "/x/name.jsonl.zst").external_id == "name"
    thread = "01997e76-d124-7592-9cac-2ec05abbca08"
    meta = {"type": "session_meta", "timestamp": "x", "payload": {"id": thread}}
    assert of_codex([meta], "/x/other.jsonl").external_id == thread
    assert (
        of_codex([{"type": "event_msg", "payload": {}}], f"/x/rollout-2025-{thread}.jsonl.zst").external_id
        == thread
    )


def test_titles_and_kinds_of_commands_stay_small() -> None:
    assert title_of("<ide_opened_file>x</ide_opened_file> Fix it\nnow") == "Fix it"
    assert title_of("x" * 500) == "x" * 119 + "…"
    assert title_of("<a-tag>only</a-tag>") is None
    assert kind_of("x" * 1_000_000) is ToolKind.COMMAND
