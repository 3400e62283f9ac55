"""Rollouts in the tables: told twice, in parts, in any order and beside an exporter, a response is one row."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from steward.domains.telemetry import Batch, UsageSource, UsageTold, absorb
from steward.kit.db import Db

from .rollouts import Counter, event, meta, uuid7
from .test_projector import _parts
from .test_tokens import _record

THREAD = uuid7(0, 1)


def _rows(db: Db) -> tuple[int, int, int, int]:
    row = db.dicts(
        "select count(*) as calls, coalesce(sum(input_tokens + cache_read_tokens), 0)::bigint as given,"
        " coalesce(sum(cache_read_tokens), 0)::bigint as cached, coalesce(sum(output_tokens), 0)::bigint as output"
        " from telemetry.token_usage"
    )[0]
    return tuple(row.values())


def _exported(each: UsageTold, n: int) -> UsageTold:
    """Return what the client's exporter tells of a response: no name, the figures alone."""
    told = copy.deepcopy(each)
    told.source, told.source_key, told.keys = UsageSource.OTLP_LOG, f"log-{each.session_id}-{n}", []
    base = next(key for key in each.keys if "#" in key)
    told.ordinal_base = base.partition("#")[0]
    return told


def test_public_files_make_one_row_a_response(db: Db, test_data: Path) -> None:
    batches: list[Batch] = []
    for path in sorted((test_data / "codex").glob("*.jsonl")):
        lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
        batches += [batch for batch, _ in _parts(lines, [len(lines) // 3, len(lines) // 2])]
    exported = [_exported(each, n) for batch in batches for n, each in enumerate(batch.usage)]
    random.Random(4).shuffle(exported)
    told = [*batches, Batch(sessions=[each for batch in batches for each in batch.sessions], usage=exported)]
    for batch in [*told, *told[::-1]]:
        absorb(db, copy.deepcopy(batch))
    calls, given, _, output = _rows(db)
    assert (calls, given + output) == (227, 2 * 12_273 + 543_488 + 1_400_951 + 7_594_021)
    assert len(db.dicts("select call_id from telemetry.tool_calls")) == 215


@pytest.mark.parametrize("first", ["record", "count"])
def test_a_record_and_a_count_are_one_row(db: Db, first: str) -> None:
    counter = Counter()
    lines = [meta(0, THREAD)]
    for n in range(4):
        pair = [_record(n, f"resp_{n}", 90, 50, 9), counter.count(n, 90, 50, 9)]
        lines += [event(n, "task_started"), *(pair if first == "record" else pair[::-1])]
    for cut in range(len(lines)):
        for part, _ in _parts(lines, [cut]):
            absorb(db, part)
    assert _rows(db) == (4, 360, 200, 36)
