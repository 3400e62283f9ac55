"""A response counts once, whoever tells of it, however often and in whatever order."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.domains.telemetry import (
    Absorbed,
    Batch,
    SessionTold,
    UsageSource,
    UsageTold,
    absorb,
    forget_projection,
    session_id,
)
from steward.kit.db import Db

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SESSION = session_id("claude-code", "5c0375b4-57a5-4f26-b12d-d022ee4e51b7")
LATER = session_id("claude-code", "taken-up-again")


def _session() -> SessionTold:
    return SessionTold(SESSION, "claude-code", str(SESSION), START, START)


def _told(source: UsageSource, key: str, keys: list[str], output: int = 10, n: int = 0) -> UsageTold:
    return UsageTold(
        source=source,
        source_key=key,
        agent_id="claude-code",
        model="claude-sonnet-4",
        at=START + timedelta(seconds=n),
        keys=keys,
        session_id=SESSION,
        input_tokens=3,
        output_tokens=output,
        cache_read_tokens=100,
    )


def _totals(db: Db) -> tuple[int, ...]:
    row = db.dicts(
        "select count(*) as calls, coalesce(sum(output_tokens), 0)::bigint as output,"
        " coalesce(sum(cache_read_tokens), 0)::bigint as cached from telemetry.token_usage"
    )[0]
    return tuple(row.values())


def _daily(db: Db) -> tuple[int, ...]:
    row = db.dicts(
        "select coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(output_tokens), 0)::bigint as output,"
        " coalesce(sum(cache_read_tokens), 0)::bigint as cached from telemetry.daily_usage"
    )[0]
    return tuple(row.values())


def _everything() -> list[UsageTold]:
    """Return what three sources tell of five responses, the second of them also by a replay with another request."""
    found = []
    for n in range(5):
        msg, req = f"claude:msg:m{n}", f"claude:req:r{n}"
        found.append(_told(UsageSource.TRANSCRIPT, f"m{n}", [msg, req], output=10 + n, n=n))
        found.append(_told(UsageSource.OTLP_LOG, f"log{n}", [req], output=10 + n, n=n))
        found.append(_told(UsageSource.OTLP_SPAN, f"span{n}", [msg], output=10 + n, n=n))
    found.append(_told(UsageSource.TRANSCRIPT, "m1", ["claude:msg:m1", "claude:req:other"], output=2, n=1))
    # A source that learns the second name later and says nothing else that is new.
    found.append(_told(UsageSource.HOOK, "m2", ["claude:msg:m2"], output=4, n=2))
    found.append(_told(UsageSource.HOOK, "m2", ["claude:msg:m2", "claude:req:r2"], output=4, n=2))
    return found


def test_three_sources_make_one_row(db: Db) -> None:
    absorb(db, Batch(sessions=[_session()], usage=_everything()))
    assert _totals(db) == (5, 60, 500)
    assert _daily(db) == (5, 60, 500)


def test_two_rows_become_one_when_a_source_knows_both_names(db: Db) -> None:
    absorb(
        db,
        Batch(sessions=[_session()], usage=[_told(UsageSource.OTLP_LOG, "log", ["claude:req:r"], output=9)]),
    )
    absorb(db, Batch(usage=[_told(UsageSource.OTLP_SPAN, "span", ["claude:msg:m"], output=9)]))
    assert _totals(db) == (2, 18, 200)
    told = absorb(
        db, Batch(usage=[_told(UsageSource.TRANSCRIPT, "m", ["claude:msg:m", "claude:req:r"], output=9)])
    )
    assert told.responses == 0
    assert _totals(db) == (1, 9, 100)
    assert _daily(db) == (1, 9, 100)


def test_what_becomes_one_has_the_fuller_figures(db: Db) -> None:
    both = ["claude:msg:m", "claude:req:r"]
    for told in (
        _told(UsageSource.TRANSCRIPT, "m", both[:1], output=2),
        _told(UsageSource.OTLP_LOG, "log", both[1:], output=9),
        _told(UsageSource.TRANSCRIPT, "m", both, output=2),
    ):
        absorb(db, Batch(sessions=[_session()], usage=[told]))
    assert _totals(db) == (1, 9, 100)
    assert _daily(db) == (1, 9, 100)


def test_senseless_figures_are_bounded(db: Db) -> None:
    for n in range(12):
        told = _told(UsageSource.OTLP_LOG, f"log{n}", [f"claude:req:r{n}"], output=10**30)
        told.input_tokens, told.cache_read_tokens = -5, 2**62
        told.reported_cost_usd, told.duration_ms = Decimal("1e25"), 10**25
        absorb(db, Batch(sessions=[_session()], usage=[told]))
    most = 12 * 10**12
    assert _totals(db) == (12, most, most)
    db.value("telemetry.fold_usage")
    assert _daily(db) == (12, most, most)
    row = db.dicts("select reported_cost_usd, duration_ms, input_tokens from telemetry.token_usage limit 1")[
        0
    ]
    assert tuple(row.values()) == (10**6, 10**12, 0)


def test_a_clock_that_is_ahead_dates_nothing_into_the_future(db: Db) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    session = SessionTold(SESSION, "claude-code", str(SESSION), later, later, end_time=later)
    told = _told(UsageSource.OTLP_LOG, "log", ["claude:req:r"])
    told.at = later
    absorb(db, Batch(sessions=[session], usage=[told]))
    row = db.dicts(
        "select u.at, s.start_time, s.last_seen_at, s.end_time"
        " from telemetry.token_usage as u join telemetry.agent_sessions as s on s.id = u.session_id"
    )[0]
    assert max(row.values()) < datetime.now(UTC) + timedelta(minutes=2)


def test_the_fuller_word_wins(db: Db) -> None:
    for output in (1, 25, 4):
        absorb(
            db,
            Batch(
                sessions=[_session()],
                usage=[_told(UsageSource.TRANSCRIPT, "m", ["claude:msg:m"], output=output)],
            ),
        )
    assert _totals(db) == (1, 25, 100)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_order_repetition_and_overlap_change_nothing(db: Db, seed: int, cuts: list[int]) -> None:
    rng = random.Random(seed)
    told = _everything() + rng.sample(_everything(), 8)
    rng.shuffle(told)
    with db.connection.transaction(force_rollback=True):
        assert absorb(db, Batch()) == Absorbed()
        absorb(db, Batch(sessions=[_session()]))
        at = 0
        for cut in [*cuts, len(told)]:
            absorb(db, Batch(usage=copy.deepcopy(told[at : at + cut])))
            at += cut
            if rng.random() < 0.3:
                db.value("telemetry.fold_usage")
        assert _totals(db) == (5, 60, 500)
        assert _daily(db) == (5, 60, 500)


def _nameless(source_key: str, n: int) -> UsageTold:
    told = _told(UsageSource.OTLP_LOG, source_key, [], output=7, n=n)
    told.ordinal_base = f"codex:{SESSION}:3/100/7/0"
    return told


@pytest.mark.parametrize("apart", [True, False])
def test_a_request_that_two_messages_name_joins_them_not(db: Db, apart: bool) -> None:
    told = [
        _told(UsageSource.OTLP_LOG, "log", ["claude:req:r"], output=5),
        _told(UsageSource.TRANSCRIPT, "a", ["claude:msg:a", "claude:req:r"], output=5),
        _told(UsageSource.TRANSCRIPT, "b", ["claude:msg:b", "claude:req:r"], output=7),
    ]
    batches = [[each] for each in told] if apart else [told]
    for batch in [*batches, *reversed(batches)]:
        absorb(db, Batch(sessions=[_session()], usage=copy.deepcopy(batch)))
    assert _totals(db) == (2, 12, 200)


@pytest.mark.parametrize("first", ["otlp", "transcript"])
def test_sources_without_names_count_by_order(db: Db, first: str) -> None:
    base = f"codex:{SESSION}:3/100/7/0"
    nameless = [_nameless("a", 1), _nameless("b", 2), _nameless("a", 1)]
    named = [
        _told(UsageSource.TRANSCRIPT, f"t{n}", [f"{base}#{n}", f"codex:total:{n}"], output=7, n=n)
        for n in (1, 2, 3)
    ]
    batches = [nameless, named] if first == "otlp" else [named, nameless]
    for told in [*batches, *batches]:
        absorb(db, Batch(sessions=[_session()], usage=copy.deepcopy(told)))
    assert _totals(db) == (3, 21, 300)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1)])
def test_what_a_resumed_session_copies_stays_with_the_first(db: Db, order: tuple[int, ...]) -> None:
    for n in order:
        began = START + timedelta(hours=n)
        session = SessionTold(UUID(int=9 - n), "claude-code", str(n), began, began)
        told = _told(UsageSource.TRANSCRIPT, "m", ["claude:msg:m"])
        told.session_id = session.id
        absorb(db, Batch(sessions=[session], usage=[told]))
    assert db.dicts("select session_id from telemetry.token_usage") == [{"session_id": UUID(int=9)}]


def _in_two_sessions() -> dict[UUID, list[UsageTold]]:
    """Return what transcripts of two sessions tell of five responses: two are in both, each fuller in another one."""
    mine = [_told(UsageSource.TRANSCRIPT, f"m{n}", [f"claude:msg:m{n}"], output=10 + n) for n in (0, 1, 2)]
    mine.append(_told(UsageSource.TRANSCRIPT, "m1", ["claude:msg:m1", "claude:req:r1"], output=40))
    other = [
        _told(UsageSource.TRANSCRIPT, f"m{n}", [f"claude:msg:m{n}"], output=20 + n) for n in (1, 2, 3, 4)
    ]
    for each in other:
        each.session_id = LATER
    return {SESSION: mine, LATER: other}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), anew=st.lists(st.booleans(), max_size=5))
def test_reading_sessions_anew_in_any_order_changes_nothing(db: Db, seed: int, anew: list[bool]) -> None:
    rng = random.Random(seed)
    told = _in_two_sessions()
    all_ = [*told[SESSION], *told[LATER], *rng.sample(told[LATER], 2)]
    rng.shuffle(all_)
    with db.connection.transaction(force_rollback=True):
        absorb(db, Batch(sessions=[_session(), SessionTold(LATER, "claude-code", str(LATER), START, START)]))
        for each in all_:
            absorb(db, Batch(usage=[copy.deepcopy(each)]))
        for later in anew:
            session = LATER if later else SESSION
            forget_projection(db, session)
            for each in rng.sample(told[session], len(told[session])):
                absorb(db, Batch(usage=[copy.deepcopy(each)]))
        assert _totals(db) == (5, 10 + 40 + 22 + 23 + 24, 500)
        assert _daily(db) == _totals(db)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://s3cr3t-of-no-shape@git.example/a/b.git", "https://git.example/a/b.git"),
        ("https://me:p@ss@git.example/a@b", "https://git.example/a@b"),
        ("ssh://git:word@git.example/a", "ssh://git@git.example/a"),
        ("git@git.example:a/b.git", "git@git.example:a/b.git"),
        ("https://git.example/a/@b", "https://git.example/a/@b"),
    ],
)
def test_credentials_of_a_repository_are_not_kept(db: Db, url: str, kept: str) -> None:
    absorb(db, Batch(sessions=[replace(_session(), repository_url=url)]))
    (row,) = db.dicts("select repository_url from telemetry.agent_sessions")
    assert row == {"repository_url": kept}
    assert db.dicts("select projects.clean_url(%s) as same", (url,)) == [{"same": kept}]
