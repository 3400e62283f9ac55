"""What lines of a rollout tell: the session, what was said and done; and that a rollout may be read in parts."""

from __future__ import annotations

import copy
import json
from collections import Counter as Tally
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.domains.telemetry import Batch, MessageKind, MessageRole, NamedTask, ToolKind, ToolTold
from steward.domains.telemetry.batch import _completed, _merged
from steward.importers.codex import CodexProjector, is_codex
from steward.importers.transcripts.projector import Place

from .rollouts import Counter, Line, block, event, item, line, meta, read, read_all, stamp, uuid7
from .test_tokens import _burst, _own, _parent, _record

THREAD, PARENT = uuid7(10_000, 1), uuid7(0, 2)
TASK = "01a2b3c4-0000-7000-8000-00000000abcd"


def _shell(ms: int, call: str, command: str) -> Line:
    arguments = json.dumps({"command": ["bash", "-lc", command], "workdir": "/w"})
    return item(ms, "function_call", name="shell", arguments=arguments, call_id=call)


def _output(ms: int, call: str, text: str, code: int = 0, seconds: float = 0.25) -> Line:
    output = json.dumps({"output": text, "metadata": {"exit_code": code, "duration_seconds": seconds}})
    return item(ms, "function_call_output", call_id=call, output=output)


def _exec_end(ms: int, call: str, text: str, code: int) -> Line:
    told = {"command": ["ls"], "cwd": "/w", "exit_code": code, "aggregated_output": text}
    return event(ms, "exec_command_end", call_id=call, duration={"secs": 1, "nanos": 500_000_000}, **told)


def _calls(lines: list[Line]) -> dict[str, ToolTold]:
    return {each.call_id: each for each in _completed(read([meta(0, THREAD), *lines])[0].tools)}


def _story() -> list[Line]:
    """Return a rollout with everything that has to be remembered from line to line."""
    counter, before = Counter(), Counter()
    history = [meta(0, PARENT), *_parent(before, 3, -90_000)]
    counter.total = dict(before.total)
    lines = [meta(10_000, THREAD, forked_from_id=PARENT, git={"branch": "b", "commit_hash": "c" * 40})]
    lines += [*_burst(history, 10_001), *_own(counter, 13_000)]
    lines += [item(16_000, "message", role="user", content=[{"type": "input_text", "text": "of the fork"}])]
    lines += [_shell(16_001, "c1", "git commit -m x"), _exec_end(16_002, "c1", "[b 0a1b2c3] x\n", 0)]
    lines += [_output(16_003, "c1", "[b 0a1b2c3] x\n"), event(16_004, "agent_message", message="made")]
    lines += [_record(16_005, "resp_9", 90, 50, 9), counter.count(16_006, 90, 50, 9)]
    lines += [item(16_007, "message", role="assistant", content=[{"type": "output_text", "text": "made"}])]
    lines += [item(16_008, "function_call", name="mcp__steward__work_claim", arguments="{}", call_id="c2")]
    lines += [
        item(
            16_009,
            "function_call_output",
            call_id="c2",
            output=json.dumps({"task": {"id": TASK, "ref": "ACME-7"}}),
        )
    ]
    lines += [_shell(16_010, "c3", "steward work finish ACME-7 --token 3"), _output(16_011, "c3", "done")]
    lines += [counter.count(17_000, 90, 50, 9), _record(17_001, "resp_10", 90, 50, 9)]
    lines += [
        event(17_002, "turn_aborted", reason="interrupted"),
        line(17_003, "compacted", message="in short"),
    ]
    after = Counter()
    return [
        *lines,
        after.count(18_000, 11, 1, 1),
        after.count(18_001, 11, 1, 1),
        event(18_002, "error", message="no"),
    ]


Part = tuple[Batch, list[NamedTask]]


def _together(parts: list[Part]) -> tuple[Any, ...]:
    """Return what parts tell as the tables have it: merged, in order."""
    whole, named = Batch(), []
    for batch, names in copy.deepcopy(parts):
        named += names
        for name in ("sessions", "messages", "tools", "usage", "commits"):
            getattr(whole, name).extend(getattr(batch, name))
    return (
        _merged(whole.sessions),
        whole.messages,
        _completed(whole.tools),
        whole.usage,
        whole.commits,
        named,
    )


def _parts(lines: list[Line], cuts: list[int]) -> list[Part]:
    found: list[Part] = []
    state, at = None, 0
    for cut in [*cuts, len(lines)]:
        batch, named, state = read_all(lines[at:cut], state, at + 1)
        found.append((batch, named))
        at = cut
    return found


def test_two_parts_tell_what_one_tells_wherever_it_is_cut() -> None:
    story = _story()
    whole = _together(_parts(story, []))
    for cut in range(len(story) + 1):
        assert _together(_parts(story, [cut])) == whole, f"cut before line {cut + 1}: {story[cut]}"
    assert _together(_parts(story, list(range(len(story))))) == whole
    assert len(whole[3]) == 6
    assert [each.word for each in whole[5]] == ["ACME-7", "ACME-7"]


def test_public_files_may_be_read_line_by_line(test_data: Path) -> None:
    for path in sorted((test_data / "codex").glob("*.jsonl")):
        lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
        cuts = list(range(0, len(lines), max(1, len(lines) // 120)))
        assert _together(_parts(lines, cuts)) == _together(_parts(lines, [])), path.name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=8), st.randoms(use_true_random=False))
def test_any_cuts_of_any_order_agree(cuts: list[int], rng: Any) -> None:
    story = _story()
    rng.shuffle(story)
    places = sorted(min(cut, len(story)) for cut in cuts)
    assert _together(_parts(story, places)) == _together(_parts(story, []))


def test_what_is_remembered_stays_small() -> None:
    counter = Counter()
    lines = [meta(0, THREAD)]
    for n in range(5000):
        lines += [
            counter.count(n, 100 + n, n, 1),
            _shell(n, f"call_{n}", "ls"),
            event(n, "agent_message", message=f"{n}"),
        ]
    _, state = read(lines)
    assert len(json.dumps(state)) < 120_000


# ---------------------------------------------------------------------------------------------------------- sessions


def test_the_session_of_a_public_file(test_data: Path) -> None:
    path = next((test_data / "codex").glob("rollout-2025-09-24*"))
    batch, _ = read([json.loads(text) for text in path.read_text("utf-8").splitlines()])
    (session,) = batch.sessions
    assert (session.external_id, session.agent_version) == ("01997e76-d124-7592-9cac-2ec05abbca08", "0.40.0")
    assert (session.git_branch, session.model) == ("fix/team-optimization-v2", "gpt-5-codex")
    assert session.repository_url == "git@github.com:spectorasoftware/spectora-labs-monorepo-v2.git"
    assert session.title == "Updating a team to assign a lead or change from viewer to contributor is VERY"
    said = Tally((each.role.value, each.kind.value) for each in batch.messages)
    assert said == {
        ("assistant", "thinking"): 133,
        ("user", "text"): 13,
        ("assistant", "text"): 9,
        ("system", "notice"): 4,
    }
    calls = _completed(batch.tools)
    assert len(calls) == 123
    assert {each.success for each in calls} == {True, False, None}
    assert "gAAAAAB" not in "".join(each.content for each in batch.messages)


def test_the_first_meta_is_the_identity() -> None:
    batch, _ = read(
        [meta(0, THREAD, forked_from_id=PARENT), meta(1, PARENT, cwd="/elsewhere"), meta(2, THREAD)]
    )
    (session,) = batch.sessions
    assert (session.external_id, session.cwd) == (THREAD, "/w")


@pytest.mark.parametrize(
    ("source", "label"),
    [({"subagent": "review"}, "review"), ({"subagent": {"other": "x"}}, "other"), ("cli", None)],
)
def test_kinds_of_subagents(source: Any, label: str | None) -> None:
    batch, _ = read(
        [meta(0, THREAD, source=source), item(5000, "message", role="assistant", content=[{"text": "hi"}])]
    )
    assert batch.messages[0].subagent == label


def test_a_file_without_meta_is_named_by_its_path() -> None:
    reader = CodexProjector()
    reader.line(
        event(0, "user_message", message="hi"), Place(f"/s/rollout-2026-11-01T12-00-00-{THREAD}.jsonl.zst", 1)
    )
    reader.line(meta(1, THREAD, git={"branch": "late"}), Place("x", 2))
    (session,) = reader.take().sessions
    assert (session.external_id, session.git_branch) == (THREAD, "late")


def test_flat_lines_of_old_rollouts() -> None:
    old: list[Line] = [
        {"id": PARENT, "timestamp": stamp(0), "instructions": None, "git": {"branch": "old"}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "begin"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "begin"}]},
        {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "c"},
        {
            "type": "function_call_output",
            "call_id": "c",
            "output": '{"output":"a","metadata":{"exit_code":0}}',
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret"},
    ]
    assert is_codex(old)
    batch, _ = read(old)
    assert batch.sessions[0].git_branch == "old"
    assert [each.content for each in batch.messages] == ["begin", "begin"]
    assert len({each.id for each in batch.messages}) == 2
    (call,) = _completed(batch.tools)
    assert (call.success, call.output) == (True, "a")


def test_what_is_no_rollout() -> None:
    assert not is_codex([])
    assert not is_codex(
        [{"type": "user", "uuid": "x", "sessionId": "y", "timestamp": stamp(0), "message": {}}]
    )
    assert not is_codex([{"id": "bd-1", "title": "t", "status": "open", "created_at": stamp(0)}])


# ------------------------------------------------------------------------------------------------------------- speech


def test_what_is_told_twice_is_said_once() -> None:
    lines = [meta(0, THREAD)]
    for n in range(3):
        lines += [item(n, "message", role="user", content=[{"type": "input_text", "text": "go on"}])]
        lines += [event(n, "user_message", message="go on"), event(n, "agent_reasoning", text="**hm**")]
        lines += [event(n, "agent_message", message=f"yes {n}")]
        lines += [item(n, "reasoning", summary=[{"text": "**hm**"}], content=None, encrypted_content="gAAAA")]
        lines += [item(n, "message", role="assistant", content=[{"type": "output_text", "text": f"yes {n}"}])]
    batch, _ = read(lines)
    said = [(each.role, each.kind, each.content) for each in batch.messages]
    assert len(said) == 9
    assert Tally(said)[(MessageRole.USER, MessageKind.TEXT, "go on")] == 3


@pytest.mark.parametrize(
    "text",
    [
        "<environment_context>\n<cwd>/w</cwd></environment_context>",
        "<user_instructions>x",
        " # AGENTS.md instructions for /w",
        "<turn_aborted>",
    ],
)
def test_what_the_client_says_in_a_persons_name_is_no_speech(text: str) -> None:
    lines = [
        meta(0, THREAD),
        item(1, "message", role="user", content=[{"text": text}]),
        event(2, "user_message", message=text),
    ]
    lines += [item(3, "message", role="developer", content=[{"text": "be good"}])]
    assert read(lines)[0].messages == []


def test_compactions_errors_and_aborted_turns() -> None:
    lines = [meta(0, THREAD), line(1, "compacted", message="in short"), event(2, "context_compacted")]
    lines += [
        event(3, "turn_aborted", reason="interrupted"),
        event(4, "error", message="429"),
        event(5, "stream_error", message="cut"),
    ]
    lines += [event(6, "thread_name_updated", thread_name="A name")]
    batch, _ = read(lines)
    assert [(each.kind.value, each.content) for each in batch.messages] == [
        ("summary", "in short"),
        ("notice", "context compacted"),
        ("notice", "turn aborted: interrupted"),
        ("error", "429"),
        ("error", "cut"),
    ]
    assert batch.sessions[0].title == "A name"


# -------------------------------------------------------------------------------------------------------------- tools


def test_an_event_and_an_output_end_one_call() -> None:
    both = [
        _shell(1, "c", "cargo test"),
        _exec_end(2, "c", "1 failed", 101),
        _output(3, "c", "1 failed", 101, 1.5),
    ]
    call = _calls(both)["c"]
    assert (call.kind, call.success, call.error) == (ToolKind.TEST, False, "exit code 101")
    assert (call.duration_ms, call.output, call.input) == (1500, "1 failed", "cargo test")
    assert (call.ended_at or call.started_at).isoformat().startswith("2026-11-01T12:00:00.002")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("pnpm --filter @repo/x test", ToolKind.TEST),
        ("cd app && .venv/bin/python -m pytest -q", ToolKind.TEST),
        ("npm run build", ToolKind.BUILD),
        ("make", ToolKind.BUILD),
        ("sed -n '1,200p' a.py", ToolKind.READ),
        ("sed -i s/a/b/ a.py", ToolKind.WRITE),
        ("cat > a.py <<'E'\nx\nE", ToolKind.WRITE),
        ("git status -sb", ToolKind.READ),
        ("rg -n hello src", ToolKind.SEARCH),
        ("FOO=1 grep -r x .", ToolKind.SEARCH),
        ("curl -s https://example.org", ToolKind.WEB),
        ("./deploy.sh", ToolKind.COMMAND),
    ],
)
def test_what_commands_are_for(command: str, kind: ToolKind) -> None:
    assert _calls([_shell(1, "c", command)])["c"].kind is kind


def test_patches_tell_their_lines() -> None:
    patch = "*** Begin Patch\n*** Update File: src/a.py\n@@\n-old\n+new\n+more\n*** Add File: b.py\n+x\n*** End Patch\n"
    lines = [item(1, "custom_tool_call", name="apply_patch", input=patch, call_id="p", status="completed")]
    lines += [
        item(
            2,
            "custom_tool_call_output",
            call_id="p",
            output='{"output":"Success","metadata":{"exit_code":0,"duration_seconds":0.1}}',
        )
    ]
    lines += [
        _shell(3, "q", f"apply_patch <<'EOF'\n{patch}EOF"),
        event(4, "patch_apply_end", call_id="q", success=False, stderr="no", stdout=""),
    ]
    lines += [item(5, "function_call_output", call_id="q", output="patch rejected by user")]
    calls = _calls(lines)
    for call in calls.values():
        assert (call.kind, call.file_path, call.lines_added, call.lines_removed) == (
            ToolKind.WRITE,
            "src/a.py",
            3,
            1,
        )
    assert (calls["p"].success, calls["q"].success, calls["q"].decision) == (True, False, "reject")


def test_other_tools() -> None:
    lines = [
        item(
            1,
            "local_shell_call",
            call_id="l",
            status="completed",
            action={"type": "exec", "command": ["ls", "-l"]},
        ),
        item(2, "web_search_call", id="ws_1", status="completed", action={"type": "search", "query": "rust"}),
        item(3, "function_call", name="update_plan", arguments="{}", call_id="u"),
        item(4, "function_call", name="find", namespace="mcp__docs", arguments="{}", call_id="m"),
        event(
            5,
            "mcp_tool_call_end",
            call_id="m",
            duration={"secs": 0, "nanos": 7_000_000},
            result={"Err": "gone"},
        ),
        item(6, "function_call", name="exec_command", arguments='{"cmd":"pytest -q"}', call_id="x"),
        item(
            7,
            "function_call_output",
            call_id="x",
            output="Chunk ID: a1\nWall time: 2.5 seconds\nProcess exited with code 1\nOutput:\nF",
        ),
    ]
    calls = _calls(lines)
    assert {name: each.kind for name, each in calls.items()} == {
        "l": ToolKind.READ,
        "ws_1": ToolKind.WEB,
        "u": ToolKind.PLAN,
        "m": ToolKind.MCP,
        "x": ToolKind.TEST,
    }
    assert (calls["m"].name, calls["m"].success, calls["m"].duration_ms) == ("mcp__docs__find", False, 7)
    assert (calls["x"].success, calls["x"].duration_ms) == (False, 2500)


def test_previews_are_beginnings() -> None:
    call = _calls([_shell(1, "c", "echo " + "ä" * 9000), _output(2, "c", "x" * 9000)])["c"]
    assert (len(call.input or ""), len(call.output or "")) == (2000, 4000)
    assert (call.input_bytes or 0) > 18_000
    assert call.output_bytes == 9000


def test_commits() -> None:
    text = "On it\n[feat/x 0a1b2c3] Say it once\n 1 file changed\n[main (root-commit) 9f8e7d6c] Begin\n"
    lines = [
        meta(0, THREAD),
        _shell(1, "a", "git add -A && git commit -m 'Say it once'"),
        _output(2, "a", text),
    ]
    lines += [_shell(3, "b", "git log"), _output(4, "b", "[main 1111111] quoted\n")]
    lines += [_shell(5, "d", "git commit"), _output(6, "d", "[main 2222222] refused\n", 1)]
    batch, _ = read(lines)
    assert [(each.branch, each.sha, each.subject) for each in batch.commits] == [
        ("feat/x", "0a1b2c3", "Say it once"),
        ("main", "9f8e7d6c", "Begin"),
    ]


def test_calls_of_steward_tie_the_session_to_the_task() -> None:
    answer = json.dumps({"token": 3, "task": {"id": TASK, "ref": "ACME-7", "title": "t"}})
    content = json.dumps(
        {
            "content": [{"type": "text", "text": "…"}],
            "structuredContent": {"task": {"id": TASK, "ref": "ACME-7"}},
        }
    )
    for claimed, output in (
        (_shell(1, "c", "steward --agent codex work claim --json"), answer),
        (None, content),
    ):
        begun = claimed or item(
            1, "function_call", name="work_claim", namespace="mcp__steward", arguments="{}", call_id="c"
        )
        lines = [meta(0, THREAD), begun, item(2000, "function_call_output", call_id="c", output=output)]
        lines += [
            item(
                9000,
                "function_call",
                name="mcp__steward__work_finish",
                arguments='{"task":"ACME-7","token":3}',
                call_id="f",
            )
        ]
        lines += [item(9001, "function_call_output", call_id="f", output="{}")]
        ties = read_all(lines)[1]
        assert [(each.word, each.stretch, each.until_at is None) for each in ties] == [
            ("ACME-7", "c", True),
            ("ACME-7", "c", False),
        ]


# ------------------------------------------------------------------------------------------------------------- damage

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = [
    "id", "type", "info", "message", "content", "summary", "call_id", "output", "arguments", "name", "role", "git",
    "turn_id", "source", "model", "usage", "response_id", "timestamp", "result", "duration", "action", "thread_id",
    "metadata",
]  # fmt: skip
_WORDS = [
    "message", "reasoning", "function_call", "function_call_output", "token_count", "error", "exec_command_end",
    "user_message", "web_search_call", "mcp_tool_call_end", "turn_aborted", "custom_tool_call", "thread_name_updated",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        "session_meta",
                        "event_msg",
                        "response_item",
                        "turn_context",
                        "compacted",
                        "token_usage_record",
                    ]
                )
                | _JSON,
                "payload": st.dictionaries(
                    st.sampled_from(_FIELDS), _JSON | st.sampled_from(_WORDS), max_size=8
                )
                | _JSON,
            },
            optional={"timestamp": _JSON | st.just(stamp(5)), "ordinal": _JSON},
        ),
        max_size=12,
    )
)
def test_nothing_that_a_line_holds_raises(lines: list[Line]) -> None:
    batch, state = read(lines)
    assert read([], state)[0] == Batch()
    assert "\\u0000" not in json.dumps(state)
    json.dumps(state, ensure_ascii=False).encode("utf-8")
    assert len(batch.sessions) == (1 if lines else 0)
    assert all(each.call_id.strip() for each in batch.tools)


def test_texts_that_no_database_holds() -> None:
    lines = [meta(0, THREAD), event(1, "user_message", message="a\x00b\ud800"), counterless()]
    lines += [item(3, "function_call", name="\x00x\ud800", arguments="{}", call_id="c\x00\ud800")]
    batch, state = read(lines)
    assert batch.messages[0].content == "a\ufffdb?"
    assert "\\u0000" not in json.dumps(state)
    assert "\\ud800" not in json.dumps(state)


def counterless() -> Line:
    """Return a count without a last response, as the first clients wrote it."""
    return event(2, "token_count", info={"total_token_usage": block(5, 1, 2)})
