"""The responses of a rollout: each once, though totals are told again, copied and begun anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.importers.codex import is_codex

from .rollouts import Counter, Line, block, event, item, line, meta, read, stamp, totals, uuid7

THREAD, PARENT, GRAND = uuid7(10_000, 1), uuid7(0, 2), uuid7(-500_000, 3)
NAMES = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "codex").glob("*.jsonl"))


def _cumulative(lines: list[Line]) -> tuple[int, ...]:
    """Return the last running totals of a file, those before each begin from zero added."""
    ended = [0, 0, 0, 0]
    before = [0, 0, 0, 0]
    for each in lines:
        info = each["payload"].get("info") if each["payload"].get("type") == "token_count" else None
        if info:
            now = [info["total_token_usage"][name] for name in NAMES]
            if any(a < b for a, b in zip(now, before, strict=True)):
                ended = [a + b for a, b in zip(ended, before, strict=True)]
            before = now
    return tuple(a + b for a, b in zip(ended, before, strict=True))


def test_public_files_sum_up_to_their_own_totals(test_data: Path) -> None:
    counts = {}
    for path in _files(test_data):
        lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
        assert is_codex(lines[:3])
        batch, _ = read(lines)
        assert totals(batch) == _cumulative(lines)
        assert len({each.source_key for each in batch.usage}) == len(batch.usage)
        counts[path.name[-20:]] = (len(batch.usage), totals(batch)[0] + totals(batch)[2])
    assert sorted(counts.values()) == [(1, 12273), (1, 12273), (35, 543488), (58, 1400951), (132, 7594021)]


def test_totals_told_again_are_no_responses() -> None:
    counter = Counter()
    first, second = counter.count(1, 100, 40, 10, 5), counter.count(2, 200, 90, 20)
    again = dict(second, timestamp=stamp(500))
    batch, _ = read(
        [meta(0, THREAD), first, first, second, again, again, event(600, "token_count", info=None)]
    )
    assert totals(batch) == (300, 130, 30, 5)
    assert [each.keys for each in batch.usage] == [
        [f"codex:total:{THREAD}:100/40/10/110", f"codex:{THREAD}:100/40/10/5#1"],
        [f"codex:total:{THREAD}:300/130/30/330", f"codex:{THREAD}:200/90/20/0#1"],
    ]


def test_the_same_figures_are_numbered() -> None:
    counter = Counter()
    batch, _ = read([meta(0, THREAD), *(counter.count(n, 7, 3, 2) for n in range(1, 4))])
    assert [each.keys[1] for each in batch.usage] == [f"codex:{THREAD}:7/3/2/0#{n}" for n in (1, 2, 3)]


def test_totals_that_begin_anew_at_a_resume_add_up() -> None:
    before, after = Counter(), Counter()
    lines = [meta(0, THREAD), before.count(1, 500, 0, 50), before.count(2, 600, 400, 50)]
    lines += [after.count(9000, 90, 10, 9), after.count(9001, 95, 80, 9)]
    batch, _ = read(lines)
    assert totals(batch) == (1285, 490, 118, 0)
    # A total that shrank without beginning anew counts its one response.
    shrunk = event(
        3, "token_count", info={"total_token_usage": block(800, 0, 80), "last_token_usage": block(20, 0, 2)}
    )
    batch, _ = read([*lines[:3], shrunk])
    assert totals(batch) == (1120, 400, 102, 0)


def test_a_larger_restart_is_seen_too() -> None:
    lines = [meta(0, THREAD), Counter().count(1, 50, 0, 5), Counter().count(2, 500, 10, 50)]
    assert totals(read(lines)[0]) == (550, 10, 55, 0)


def test_what_nobody_told_of_is_the_rest() -> None:
    info = {"total_token_usage": block(1000, 100, 100), "last_token_usage": block(300, 100, 30)}
    batch, _ = read(
        [meta(0, THREAD), line(1, "turn_context", model="gpt-5.2"), event(2, "token_count", info=info)]
    )
    assert totals(batch) == (1000, 100, 100, 0)
    assert [each.approximate for each in batch.usage] == [False, True]
    assert batch.usage[0].keys[1] == f"codex:{THREAD}:300/100/30/0#1"


def test_a_session_without_model_is_approximate() -> None:
    counter = Counter()
    batch, _ = read(
        [
            meta(0, THREAD),
            counter.count(1, 5, 0, 1),
            line(2, "turn_context", model="gpt-5.2"),
            counter.count(3, 5, 0, 1),
        ]
    )
    assert [(each.model, each.approximate) for each in batch.usage] == [("unknown", True), ("gpt-5.2", False)]


def test_damaged_figures_count_nothing() -> None:
    told: list[Any] = [
        [],
        "x",
        {},
        {"total_token_usage": 3},
        {"total_token_usage": {"input_tokens": -4, "output_tokens": "9"}},
    ]
    told += [
        {"total_token_usage": {"input_tokens": 1e99, "cached_input_tokens": True}, "last_token_usage": []}
    ]
    batch, _ = read([meta(0, THREAD), *(event(n, "token_count", info=each) for n, each in enumerate(told))])
    assert batch.usage == []


# ------------------------------------------------------------------------------------------------------------- copies


def _parent(counter: Counter, turns: int, begin: int = 0, turn_ids: bool = True) -> list[Line]:
    lines: list[Line] = []
    for n in range(turns):
        at = begin + n * 1000
        ids = {"turn_id": uuid7(at, n)} if turn_ids else {}
        lines += [event(at, "task_started", **ids), line(at, "turn_context", model="gpt-5.1", **ids)]
        lines += [event(at + 1, "user_message", message=f"of the parent {n}")]
        lines += [
            item(at + 2, "function_call", name="shell", arguments='{"command":["ls"]}', call_id=f"p{n}")
        ]
        lines += [counter.count(at + 500, 1000 * (n + 1), 500, 100, 10)]
    return lines


def _burst(lines: list[Line], at: int) -> list[Line]:
    """Return copies as a fork has them: written anew, all within milliseconds."""
    return [dict(each, timestamp=stamp(at + n // 40)) for n, each in enumerate(lines)]


def _own(counter: Counter, at: int, turn_ids: bool = True) -> list[Line]:
    ids = {"turn_id": uuid7(at, 99)} if turn_ids else {}
    again = event(
        at + 3,
        "token_count",
        info={"total_token_usage": dict(counter.total), "last_token_usage": block(1, 1, 1)},
    )
    own = [event(at, "task_started", **ids), line(at + 1, "turn_context", model="gpt-5.2", **ids)]
    own += [event(at + 2, "user_message", message="of the fork"), again]
    return [*own, counter.count(at + 2500, 70, 60, 7, 1)]


@pytest.mark.parametrize("turn_ids", [True, False])
@pytest.mark.parametrize("stamped", ["anew", "as they were"])
def test_a_fork_counts_what_it_did_itself(turn_ids: bool, stamped: str) -> None:
    counter = Counter()
    history = [meta(0, PARENT), *_parent(counter, 91, -900_000, turn_ids)]
    copies = _burst(history, 10_001) if stamped == "anew" else history
    wait = 3 if turn_ids or stamped != "anew" else 4000
    lines = [meta(10_000, THREAD, forked_from_id=PARENT), *copies, *_own(counter, 10_010 + wait, turn_ids)]
    batch, _ = read(lines)
    assert totals(batch) == (70, 60, 7, 1)
    assert [each.content for each in batch.messages] == ["of the fork"]
    assert batch.tools == []
    assert batch.sessions[0].external_id == THREAD
    assert batch.sessions[0].context["forked_from"] == PARENT
    assert batch.usage[0].model == "gpt-5.2"


def test_a_fork_of_a_fork() -> None:
    counter = Counter()
    grand = [meta(-500_000, GRAND), *_parent(counter, 5, -499_000)]
    fork = [meta(0, PARENT, forked_from_id=GRAND), *_burst(grand, 1), *_own(counter, 3000)]
    assert totals(read(fork)[0]) == (70, 60, 7, 1)
    second = [meta(10_000, THREAD, forked_from_id=PARENT), *_burst(fork, 10_001), *_own(counter, 13_000)]
    batch, _ = read(second)
    assert totals(batch) == (70, 60, 7, 1)
    assert batch.usage[0].keys[0].startswith(f"codex:total:{THREAD}:")


def test_a_fork_without_work_of_its_own_counts_nothing() -> None:
    history = [meta(0, PARENT), *_parent(Counter(), 8, -90_000, turn_ids=False)]
    batch, _ = read([meta(10_000, THREAD, forked_from_id=PARENT), *_burst(history, 10_001)])
    assert batch.usage == []
    assert batch.messages == []


def test_a_burst_over_the_second_is_one_burst() -> None:
    counter = Counter()
    history = [meta(0, PARENT), *_parent(counter, 300, -900_000, turn_ids=False)]
    lines = [
        meta(10_990, THREAD, forked_from_id=PARENT),
        *_burst(history, 10_991),
        *_own(counter, 20_000, turn_ids=False),
    ]
    assert totals(read(lines)[0]) == (70, 60, 7, 1)


def test_a_copy_after_a_pause_is_known_by_the_parents_meta() -> None:
    counter = Counter()
    history = [meta(0, PARENT), *_parent(counter, 4, -90_000, turn_ids=False)]
    lines = [
        meta(10_000, THREAD, forked_from_id=PARENT),
        *_burst(history, 15_000),
        *_own(counter, 20_000, turn_ids=False),
    ]
    assert totals(read(lines)[0]) == (70, 60, 7, 1)


def test_the_threads_own_meta_ends_a_copy() -> None:
    counter = Counter()
    history = [meta(0, PARENT), *_parent(counter, 4, -90_000, turn_ids=False)]
    own = [meta(10_004, THREAD), *_own(counter, 10_005, turn_ids=False)]
    batch, _ = read([meta(10_000, THREAD, forked_from_id=PARENT), *_burst(history, 10_001), *own])
    assert totals(batch) == (70, 60, 7, 1)
    assert [each.content for each in batch.messages] == ["of the fork"]


def _subagent(**more: Any) -> Line:
    spawn = {"parent_thread_id": PARENT, "depth": 1, "agent_role": "explorer"}
    return meta(10_000, THREAD, source={"subagent": {"thread_spawn": spawn}}, **more)


@pytest.mark.parametrize("more", [{}, {"forked_from_id": PARENT}])
def test_a_subagent_whose_totals_begin_at_zero(more: dict[str, str]) -> None:
    counter = Counter()
    batch, _ = read([_subagent(**more), *_own(counter, 10_010)[:3], counter.count(12_000, 14_700, 2000, 300)])
    assert totals(batch) == (14_700, 2000, 300, 0)
    assert str(batch.sessions[0].parent_session_id) == PARENT
    assert batch.usage[0].subagent == "explorer"


def test_a_subagent_whose_totals_go_on_without_a_copy() -> None:
    counter = Counter(block(3_158_000_000, 3_000_000_000, 500_000))
    batch, _ = read(
        [
            _subagent(),
            *_own(counter, 10_010)[:3],
            counter.count(12_000, 9000, 8000, 35),
            counter.count(13_000, 50, 40, 3),
        ]
    )
    assert totals(batch) == (9050, 8040, 38, 0)


def test_the_file_may_name_where_its_own_lines_begin() -> None:
    counter = Counter()
    copies = _burst(_parent(counter, 5, -90_000), 10_001)
    own = _own(counter, 10_002)
    lines = [_subagent(subagent_history_start_ordinal=1 + len(copies)), *copies, *own]
    for ordinal, each in enumerate(lines):
        each["ordinal"] = ordinal
    batch, _ = read(lines)
    assert totals(batch) == (70, 60, 7, 1)
    assert [each.content for each in batch.messages] == ["of the fork"]


# ------------------------------------------------------------------------------------------------------------ records


def _record(ms: int, response: str, *figures: int) -> Line:
    return line(ms, "token_usage_record", thread_id=THREAD, response_id=response, usage=block(*figures))


@pytest.mark.parametrize("first", ["record", "count"])
def test_records_and_counts_are_the_same_responses(first: str) -> None:
    counter = Counter()
    lines = [meta(0, THREAD)]
    for n in range(3):
        pair = [_record(n * 1000, f"resp_{n}", 90, 50, 9), counter.count(n * 1000, 90, 50, 9)]
        lines += [event(n * 1000, "task_started"), *(pair if first == "record" else pair[::-1])]
    batch, _ = read(lines)
    names: dict[str, set[str]] = {}
    for each in batch.usage:
        names.setdefault(next(key for key in each.keys if "#" in key), set()).update(each.keys)
    assert len(names) == 3
    assert all(any(key.startswith("codex:resp:") for key in keys) for keys in names.values())
    assert totals(batch)[0] == (270 if first == "record" else 540)


def test_a_response_that_only_a_record_knows_counts() -> None:
    counter = Counter()
    lines = [meta(0, THREAD), _record(1, "resp_compaction", 400, 0, 40), event(2, "task_started")]
    lines += [_record(3, "resp_1", 90, 50, 9), counter.count(4, 90, 50, 9), event(5, "task_started")]
    # An older client takes the thread up: totals alone.
    lines += [counter.count(6, 30, 0, 3)]
    assert totals(read(lines)[0]) == (520, 50, 52, 0)


def test_a_record_of_another_turn_is_another_response() -> None:
    counter = Counter()
    lines = [
        meta(0, THREAD),
        counter.count(1, 90, 50, 9),
        event(2, "task_started"),
        _record(3, "resp_1", 90, 50, 9),
    ]
    assert [each.keys[1].rpartition("#")[2] for each in read(lines)[0].usage] == ["1", "2"]


def test_a_session_that_never_pauses_is_no_copy_for_ever() -> None:
    lines = [meta(10_000, THREAD, forked_from_id=PARENT), meta(10_001, PARENT)]
    lines += [event(10_000 + n * 900, "agent_message", message=f"{n}") for n in range(1, 60)]
    assert len(read(lines)[0].messages) == 26


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50), st.integers(0, 9)), max_size=30), st.data())
def test_any_stream_adds_up(steps: list[tuple[int, int, int]], data: st.DataObject) -> None:
    counter = Counter()
    lines, ended = [meta(0, THREAD)], block(0, 0, 0)
    for n, (what, given_, output) in enumerate(steps, 1):
        if what == 0 and len(lines) > 1:
            lines.append(dict(lines[-1], timestamp=stamp(n)))
        elif what == 1:
            lines.append(event(n, "token_count", info=None))
        elif what == 2 and counter.total["input_tokens"]:
            ended = {name: ended[name] + counter.total[name] for name in ended}
            counter = Counter()
            lines.append(counter.count(n, given_, given_ // 2, output))
            if counter.total == block(given_, given_ // 2, output) == _before(lines):
                ended = {name: ended[name] - counter.total[name] for name in ended}
        else:
            lines.append(counter.count(n, given_, given_ // 2, output))
    batch, _ = read(lines)
    assert totals(batch) == tuple(ended[name] + counter.total[name] for name in NAMES)
    assert len({each.source_key for each in batch.usage}) == len(batch.usage)


def _before(lines: list[Line]) -> dict[str, int] | None:
    """Return the total that was told before the last line's; the same again after a restart cannot be told apart."""
    told = [each["payload"]["info"] for each in lines[:-1] if each["payload"].get("info")]
    return told[-1]["total_token_usage"] if told else None
