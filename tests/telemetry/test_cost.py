"""Cost by anything, each figure once; days in the installation's zone; sources side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from steward.domains import telemetry
from steward.domains.telemetry import (
    Batch,
    CommitTold,
    CostBy,
    SessionTold,
    TieSource,
    TieTold,
    UsageSource,
    UsageTold,
    Verdict,
    absorb,
    session_id,
)
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import Invalid, NotFound
from tests.work.scene import add, call, project

START = datetime(2026, 10, 5, 12, tzinfo=UTC)
ADMIN = Actor(role="admin", user_name="tester")


def told(
    session: Any, key: str, at: datetime, source: UsageSource = UsageSource.TRANSCRIPT, **more: Any
) -> UsageTold:
    """Return a response of a session."""
    given: dict[str, Any] = {"model": "claude-sonnet-4-5", "input_tokens": 1_000_000} | more
    return UsageTold(
        source,
        f"{source}{key}",
        "claude-code",
        at=at,
        keys=[f"claude:msg:{key}"],
        session_id=session,
        **given,
    )


def sessions(database: Database) -> tuple[Any, Any]:
    """Take two sessions in: one of a task with two commits and a subagent, one that belongs to nothing."""
    first, second = session_id("claude-code", "one"), session_id("claude-code", "two")
    task = call(database, "work.get", task="ACME-1").task
    bot = call(database, "agents.register", name="bot").id
    hour = timedelta(hours=1)
    batch = Batch(
        sessions=[
            SessionTold(
                first, "claude-code", "one", START, START + 9 * hour, registered_agent_id=bot, title="Fix A"
            ),
            SessionTold(second, "claude-code", "two", START, START),
        ],
        usage=[
            told(first, "a", START),
            told(first, "b", START + hour, model="gpt-5.2", query_source="compact", subagent="explorer"),
            told(first, "c", START + 3 * hour, cache_read_tokens=3_000_000),
            told(second, "d", START + timedelta(days=1), model="nobody-knows-me"),
        ],
        commits=[
            CommitTold(first, "a" * 40, START + hour, "transcript", "first"),
            CommitTold(first, "b" * 40, START + 2 * hour, "transcript", "second"),
        ],
        ties=[TieTold(first, task.id, TieSource.PERSON, START - hour)],
    )
    with database.transaction(ADMIN) as db:
        absorb(db, batch)
    return first, second


@pytest.fixture(scope="module")
def stage(server: Any, template: str) -> Iterator[Database]:
    """Lend one database with two sessions to tests that only read."""
    name = server.clone(template)
    with server.database(name) as database:
        project(database)
        call(database, "work.add_epic", title="E", project="acme")
        add(database, "A", epic="ACME/EPIC-001")
        sessions(database)
        yield database
    server.drop(name)


def by(database: Database, what: str, **given: Any) -> dict[str, Decimal | None]:
    """Return cost by something."""
    found = call(database, "telemetry.cost", by=what, **({"project": "all"} | given))
    return {row.name: row.cost_usd for row in found.items}


# A million tokens of input: above 200,000 of them the one model takes 6 USD and not 3, the other 1.75.
A, B = Decimal(6), Decimal("1.75")


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("model", {"claude-sonnet-4-5": 2, "gpt-5.2": 1, "nobody-knows-me": 0}),
        ("project", {"acme": 3, "system": 0}),
        ("task", {"ACME-1": 3, "no task": 0}),
        ("epic", {"ACME/EPIC-001": 3, "no epic": 0}),
        ("agent", {"bot": 3, "no registered agent": 0}),
        ("client", {"claude-code": 3}),
        ("session", {"claude-code one": 3, "claude-code two": 0}),
        ("commit", {"aaaaaaaaaa": 2, "not committed": 1}),
        ("subagent", {"the main agent": 2, "explorer": 1}),
        ("query_source", {"not told": 2, "compact": 1}),
        ("day", {"2026-10-06": 0, "2026-10-05": 3}),
        ("week", {"2026-10-05": 3}),
        ("month", {"2026-10-01": 3}),
    ],
)
def test_cost_by_anything(stage: Database, what: str, wanted: dict[str, int]) -> None:
    found = call(stage, "telemetry.cost", by=what, project="all")
    priced = {row.name: row.calls - row.unpriced_calls for row in found.items}
    assert priced == wanted
    assert sum(row.calls for row in found.items) == 4
    assert sum(row.input_tokens for row in found.items) == 4_000_000
    unknown = [row for row in found.items if row.calls == row.unpriced_calls]
    assert all(row.cost_usd is None for row in unknown)
    total = sum(row.cost_usd or 0 for row in found.items)
    (whole,) = call(stage, "telemetry.cost", by="client", project="all").items
    assert total == whole.cost_usd
    assert whole.cache_hit_percent == 42.9


def test_a_response_belongs_to_the_next_commit_of_its_session(stage: Database) -> None:
    assert by(stage, "commit", session="one") == {"aaaaaaaaaa": A + B, "not committed": A + Decimal("1.8")}
    with stage.transaction(ADMIN) as db:
        rows = db.dicts("select sha, subject from telemetry.response_commits order by committed_at")
    assert [row["subject"] for row in rows] == ["first", "first"]


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({"project": "acme"}, 3),
        ({"task": "ACME-1"}, 3),
        ({"epic": "ACME/EPIC-001"}, 3),
        ({"agent": "bot"}, 3),
        ({"model": "gpt-5.2"}, 1),
        ({"client": "codex"}, 0),
        ({"since": "2026-10-06"}, 1),
        ({"until": "2026-10-05"}, 3),
        ({"since": "2026-10-05", "until": "2026-10-05", "model": "gpt-5.2"}, 1),
        ({"session": "two"}, 1),
    ],
)
def test_filters_narrow_days_and_responses_alike(stage: Database, given: dict[str, str], calls: int) -> None:
    asked = {"project": "all"} | given
    for what in ("model", "session"):
        rows = call(stage, "telemetry.cost", by=what, **asked).items
        assert sum(row.calls for row in rows) == calls
    assert len(call(stage, "telemetry.responses", **asked).items) == calls


def test_pages_of_a_list_hold_every_row_once(stage: Database) -> None:
    for what in CostBy:
        seen: list[str] = []
        cursor = None
        while True:
            page = call(stage, "telemetry.cost", by=what, project="all", limit=1, cursor=cursor)
            seen += [row.key for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [row.key for row in call(stage, "telemetry.cost", by=what, project="all").items]


def test_responses_tell_all_that_is_known_of_them(stage: Database) -> None:
    first = call(stage, "telemetry.responses", project="all", limit=2)
    rest = call(stage, "telemetry.responses", project="all", limit=2, cursor=first.next_cursor)
    rows = [*first.items, *rest.items]
    assert [row.model for row in rows] == [
        "nobody-knows-me",
        "claude-sonnet-4-5",
        "gpt-5.2",
        "claude-sonnet-4-5",
    ]
    assert [(row.task, row.agent, row.sources) for row in rows[1:]] == [("ACME-1", "bot", ["transcript"])] * 3
    (unknown,) = call(stage, "telemetry.responses", project="all", unpriced=True).items
    assert unknown.cost_usd is None


def test_days_are_told_apart_by_the_dearest(stage: Database) -> None:
    series = call(stage, "telemetry.cost_days", split="model", project="all", most=1)
    assert series.names == ["claude-sonnet-4-5"]
    days = [(each.day, each.key, each.calls) for each in series.days]
    assert days == [
        (date(2026, 10, 5), "claude-sonnet-4-5", 2),
        (date(2026, 10, 5), None, 1),
        (date(2026, 10, 6), None, 1),
    ]


def test_periods_beside_the_ones_before(db: Db) -> None:
    now = datetime.now(UTC)
    known = session_id("claude-code", "three")
    ages = (0, 3, 8, 20, 40, 90)
    absorb(
        db,
        Batch(
            sessions=[SessionTold(known, "claude-code", "three", now, now)],
            usage=[told(known, f"p{age}", now - timedelta(days=age), model="gpt-5.2") for age in ages],
        ),
    )
    found = telemetry.cost_summary(db, project="all")
    assert [(each.days, each.calls, each.previous_calls) for each in found] == [
        (1, 1, 0),
        (7, 2, 1),
        (30, 4, 1),
    ]
    assert found[1].previous_cost_usd == B
    with pytest.raises(Invalid, match="days"):
        telemetry.cost_summary(db, days=[0])


def test_what_is_not_there_is_said(stage: Database) -> None:
    with pytest.raises(NotFound, match="no session"):
        call(stage, "telemetry.cost", session="nothing")
    with pytest.raises(Invalid, match="before since"):
        call(stage, "telemetry.cost", since="2026-02-02", until="2026-02-01")


# ------------------------------------------------------------------------------------------------------------ zones


def test_days_begin_where_people_are(database: Database) -> None:
    known = session_id("claude-code", "late")
    late = datetime(2026, 10, 5, 22, 30, tzinfo=UTC)
    with database.transaction(ADMIN) as db:
        absorb(
            db,
            Batch(
                sessions=[SessionTold(known, "claude-code", "late", late, late)],
                usage=[told(known, "l", late)],
            ),
        )
    assert list(by(database, "day")) == ["2026-10-05"]
    with database.transaction(ADMIN) as db:
        assert telemetry.keep_timezone(db, "Europe/Berlin") is True
        assert telemetry.keep_timezone(db, "Europe/Berlin") is False
        with pytest.raises(Invalid, match="no time zone"):
            telemetry.keep_timezone(db, "Atlantis/Town")
    assert list(by(database, "day")) == ["2026-10-06"]
    assert len(call(database, "telemetry.responses", project="all", since="2026-10-06").items) == 1


def move(database: Database, patience: str) -> None:
    """Let days begin in Berlin, waiting no longer than told for those who write."""
    with database.transaction(ADMIN) as db:
        db.dicts("select set_config('lock_timeout', %s, true)", (patience,))
        telemetry.keep_timezone(db, "Europe/Berlin")


def test_totals_made_anew_beside_a_writer_are_exact(database: Database) -> None:
    """A writer is in the middle: making anew waits for it, and counts what it wrote once, in the new zone."""
    known = session_id("claude-code", "busy")
    writer = psycopg.connect(database.target.direct_conninfo)
    writer.execute(
        "select kit.enter('test', null, null, 'admin', null, null, null, 'test', null, 30000, false)"
    )
    actor = Actor(role="admin")
    late = datetime(2026, 10, 5, 22, 30, tzinfo=UTC)
    absorb(
        Db(writer, actor, 1000),
        Batch(
            sessions=[SessionTold(known, "claude-code", "busy", late, late)], usage=[told(known, "w", late)]
        ),
    )
    with pytest.raises(psycopg.errors.LockNotAvailable):
        move(database, "50ms")
    writer.commit()
    writer.close()
    move(database, "20s")
    found = call(database, "telemetry.cost", by="day", project="all").items
    assert [(row.key, row.calls, row.cost_usd) for row in found] == [("2026-10-06", 1, A)]


# ---------------------------------------------------------------------------------------------------------- sources


def reconciled(db: Db, *usage: UsageTold) -> telemetry.Reconciled:
    """Take responses of one session in and compare their sources."""
    known = session_id("claude-code", "compared")
    absorb(
        db, Batch(sessions=[SessionTold(known, "claude-code", "compared", START, START)], usage=list(usage))
    )
    (found,) = telemetry.reconcile(db, session="compared").items
    return found


def test_sources_that_saw_the_same_agree(db: Db) -> None:
    known = session_id("claude-code", "compared")
    seen = [told(known, "a", START, source) for source in (UsageSource.TRANSCRIPT, UsageSource.OTLP_LOG)]
    found = reconciled(db, *seen)
    assert (found.verdict, found.differences) == (Verdict.AGREE, [])
    assert [(each.source, each.responses, each.only_here) for each in found.sources] == [
        ("otlp-log", 1, 0),
        ("transcript", 1, 0),
    ]
    assert found.total.cost_usd == A


def test_what_only_one_source_saw_is_told(db: Db) -> None:
    known = session_id("claude-code", "compared")
    alone = reconciled(db, told(known, "a", START), told(known, "b", START))
    assert alone.verdict is Verdict.SINGLE
    partly = reconciled(db, told(known, "a", START, UsageSource.HOOK))
    assert partly.verdict is Verdict.PARTLY
    assert partly.differences == ["hook saw 1 of 2 responses: 1 is missing there"]
    assert [each.only_here for each in partly.sources if each.source == "transcript"] == [1]
    other = reconciled(db, told(known, "b", START, UsageSource.HOOK, input_tokens=999_000))
    assert other.verdict is Verdict.DIFFER
    assert other.differences == ["input_tokens: 2000000 in all, 1999000 by hook (-1000)"]


def test_a_cost_that_a_source_reports_is_compared(db: Db) -> None:
    known = session_id("claude-code", "compared")
    log, script = UsageSource.OTLP_LOG, UsageSource.TRANSCRIPT
    # Some round, and some have the price of last week.
    near = reconciled(db, told(known, "a", START, log, reported_cost_usd=A * Decimal("1.009")))
    assert (near.verdict, near.differences) == (Verdict.SINGLE, [])
    assert [(each.source, each.responses, each.computed_usd) for each in near.costs] == [("otlp-log", 1, A)]
    # Of a response that it gives no cost for nothing is compared.
    found = reconciled(db, told(known, "a", START, script), told(known, "b", START, script))
    assert found.verdict is Verdict.PARTLY
    assert not any("cost" in each for each in found.differences)
    other = reconciled(db, told(known, "b", START, log, reported_cost_usd=A * 2))
    assert other.verdict is Verdict.DIFFER
    assert other.differences == ["cost_usd: 12 worked out, 18.054 by otlp-log (+6.054)"]


def test_the_cost_of_one_source_alone_may_differ(db: Db) -> None:
    known = session_id("claude-code", "compared")
    small = told(known, "a", START, input_tokens=1000, reported_cost_usd=Decimal("0.0031"))
    assert reconciled(db, small).verdict is Verdict.SINGLE
    dear = told(known, "b", START, input_tokens=1000, reported_cost_usd=Decimal("0.04"))
    found = reconciled(db, dear)
    assert (found.verdict, found.total.cost_usd) == (Verdict.DIFFER, Decimal("0.006"))


def test_reading_sources_page_by_page(stage: Database) -> None:
    first = call(stage, "telemetry.reconcile", project="all", limit=1)
    second = call(stage, "telemetry.reconcile", project="all", limit=1, cursor=first.next_cursor)
    assert {first.items[0].total.title, second.items[0].total.title} == {"Fix A", None}
    assert second.next_cursor is None
