"""Claude's responses of which a source knows no name: told by logs, spans and transcripts, each counts once."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.domains.telemetry import (
    Batch,
    SessionTold,
    UsageSource,
    UsageTold,
    absorb,
    claude_ordinal_base,
    forget_projection,
    session_id,
)
from steward.kit.db import Db

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SESSION = session_id("claude-code", "5c0375b4-57a5-4f26-b12d-d022ee4e51b7")
# What came out of each response: of some the figures are the same.
OUT = (7, 7, 7, 9, 9, 11)
TOTALS = (len(OUT), sum(OUT))


def _session() -> SessionTold:
    return SessionTold(SESSION, "claude-code", str(SESSION), START, START)


def _told(source: UsageSource, source_key: str, keys: list[str], n: int, out: int | None = None) -> UsageTold:
    output = OUT[n] if out is None else out
    return UsageTold(
        source=source,
        source_key=source_key,
        agent_id="claude-code",
        model="claude-sonnet-4",
        at=START + timedelta(seconds=n),
        keys=keys,
        ordinal_base=claude_ordinal_base(SESSION, 3, 100, 0, output),
        session_id=SESSION,
        input_tokens=3,
        output_tokens=output,
        cache_read_tokens=100,
    )


def _transcript(n: int, out: int | None = None) -> UsageTold:
    return _told(UsageSource.TRANSCRIPT, f"claude:msg:m{n}", [f"claude:msg:m{n}"], n, out)


def _log(n: int) -> UsageTold:
    return _told(UsageSource.OTLP_LOG, f"log{n}", [], n)


def _span(n: int) -> UsageTold:
    return _told(UsageSource.OTLP_SPAN, f"span{n}", [], n)


def _take(db: Db, told: list[UsageTold]) -> None:
    absorb(db, Batch(sessions=[_session()], usage=copy.deepcopy(told)))


def _totals(db: Db) -> tuple[int, ...]:
    found: dict[str, Any] = db.dicts(
        "select count(*)::integer as calls, coalesce(sum(output_tokens), 0)::integer as output"
        " from telemetry.token_usage"
    )[0]
    return tuple(found.values())


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(1, 6), min_size=1, max_size=12),
    missed=st.sets(st.integers(0, len(OUT) - 1)),
    anew=st.booleans(),
)
def test_order_repetition_and_overlap_change_nothing(
    db: Db, seed: int, cuts: list[int], missed: set[int], anew: bool
) -> None:
    rng = random.Random(seed)
    places = range(len(OUT))
    # What one of the sources missed, the others saw.
    told = [_transcript(n) for n in places]
    told += [_log(n) for n in places if n not in missed]
    told += [_span(n) for n in places if n in missed or n % 2]
    told += rng.choices(told, k=6)
    rng.shuffle(told)
    with db.connection.transaction():
        at = 0
        for cut in [*cuts, len(told)]:
            _take(db, told[at : at + cut])
            at += cut
        assert _totals(db) == TOTALS
        if anew:
            forget_projection(db, SESSION)
            lines = [_transcript(n) for n in places]
            rng.shuffle(lines)
            for each in lines:
                _take(db, [each])
            assert _totals(db) == TOTALS
        raise psycopg.Rollback


@pytest.mark.parametrize("first", [UsageSource.OTLP_LOG, UsageSource.TRANSCRIPT])
def test_a_line_that_is_completed_later(db: Db, first: UsageSource) -> None:
    begun, whole = [_transcript(0, 1)], [_transcript(0)]
    batches = [[_log(0)], begun, whole] if first is UsageSource.OTLP_LOG else [begun, [_log(0)], whole]
    for batch in batches:
        _take(db, batch)
    assert _totals(db) == (1, 7)
    _take(db, [_transcript(1), _log(1)])
    assert _totals(db) == (2, 14)


def test_a_number_that_a_completed_line_took_is_passed_by(db: Db) -> None:
    for batch in ([_transcript(0, 1)], [_transcript(0)], [_transcript(1)], [_log(0)], [_log(1)]):
        _take(db, batch)
    assert _totals(db) == (2, 14)


def test_messages_with_the_same_figures_stay_apart(db: Db) -> None:
    _take(db, [_transcript(0), _transcript(1)])
    _take(db, [_log(0)])
    _take(db, [_transcript(2)])
    assert _totals(db) == (3, 21)
    _take(db, [_log(2), _log(1)])
    assert _totals(db) == (3, 21)
