"""Budgets: what is spent is known at once, people are told in time, and claims are refused when nothing is left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from steward.domains import telemetry
from steward.domains.telemetry import (
    Batch,
    BudgetExhausted,
    BudgetState,
    SessionTold,
    TieSource,
    TieTold,
    UsageSource,
    UsageTold,
    session_id,
)
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import Conflict, Denied, Invalid, NotFound
from steward.kit.jobs import run_due
from steward.surfaces.web.pages_budgets import spent_of
from tests.work.scene import Hand, add, agent, call, project

SESSION = session_id("claude-code", "5c0375b4-57a5-4f26-b12d-d022ee4e51b7")
CLAIM = "select task_id from work.claim_tasks((select id from agents.agents where name = %s))"


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    """Lend a database with two projects and a task in each; that of acme is the more urgent."""
    project(database)
    project(database, "beta")
    add(database, "A", priority=9)
    call(database, "work.add", title="B", project="beta", priority=1)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def spend(
    database: Database,
    task: str,
    usd: str,
    key: str = "m",
    at: datetime | None = None,
    who: str | None = None,
) -> None:
    """Let a task cost something."""
    when = at or datetime.now(UTC)
    found = call(database, "work.get", task=task).task
    agent_id = call(database, "agents.get", agent=who).id if who else None
    told = UsageTold(
        UsageSource.TRANSCRIPT,
        f"{task}{key}",
        "claude-code",
        "our-own-model",
        when,
        session_id=SESSION,
        task_id=found.id,
        input_tokens=1000,
        reported_cost_usd=Decimal(usd),
    )
    session = SessionTold(SESSION, "claude-code", str(SESSION), when, when, registered_agent_id=agent_id)
    tie = TieTold(SESSION, found.id, TieSource.PERSON, when - timedelta(1), when, stretch=f"{task}{key}")
    with database.transaction(Actor(role="admin")) as db:
        telemetry.absorb(db, Batch(sessions=[session], usage=[told], ties=[tie] if who else []))


def budget(database: Database, **given: Any) -> telemetry.Budget:
    """Add a budget."""
    made: telemetry.Budget = call(database, "telemetry.add_budget", **given)
    return made


def claimed(database: Database, **given: Any) -> str | None:
    """Claim as an agent and return the task's reference."""
    got = call(database, "work.claim", agent(), **({"project": "all"} | given))
    return None if got is None else str(got.task.task.ref)


def state(database: Database, name: str) -> tuple[Decimal, str]:
    """Return how far a budget is spent, and its state."""
    found = call(database, "telemetry.get_budget", budget=name)
    return found.percent, str(found.state)


def test_a_budget_opens_warns_and_is_exhausted(stage: Database) -> None:
    made = budget(stage, project="acme", limit_usd="10", name="acme")
    assert (made.scope, made.target, made.period, made.state) == (
        "project",
        "acme",
        "month",
        BudgetState.OPEN,
    )
    seen = []
    for n, usd in enumerate(("7.99", "0.02", "2")):
        spend(stage, "ACME-1", usd, key=str(n))
        seen.append(state(stage, "acme"))
    assert seen == [(Decimal("79.9"), "open"), (Decimal("80.1"), "warned"), (Decimal("100.1"), "exhausted")]


def test_a_percentage_is_rounded_for_show_only(stage: Database) -> None:
    budget(stage, project="acme", limit_usd="100", name="acme")
    spend(stage, "ACME-1", "79.97")
    assert state(stage, "acme") == (Decimal("80.0"), "open")
    spend(stage, "ACME-1", "19.99", key="n")
    assert state(stage, "acme") == (Decimal("100.0"), "warned")
    assert claimed(stage, task="ACME-1") == "ACME-1"


@pytest.mark.parametrize(
    "scope",
    [{}, {"project": "acme"}, {"task": "ACME-1"}, {"epic": "ACME/EPIC-001"}, {"agent": "bot"}],
    ids=["all", "project", "task", "epic", "agent"],
)
def test_at_the_limit_claims_are_refused_in_each_scope(stage: Database, scope: dict[str, str]) -> None:
    call(stage, "agents.register", name="bot")
    call(stage, "work.add_epic", title="E", project="acme")
    call(stage, "work.update", task="ACME-1", epic="ACME/EPIC-001")
    budget(stage, limit_usd="1", name="small", **scope)
    spend(stage, "ACME-1", "1", who="bot")
    with pytest.raises(
        BudgetExhausted, match=r"budget small is spent: \$1.00 of \$1.00 this month"
    ) as caught:
        claimed(stage, task="ACME-1")
    assert "update-budget" in str(caught.value.hint)
    call(stage, "telemetry.update_budget", budget="small", limit_usd="2")
    assert claimed(stage, task="ACME-1") == "ACME-1"


def test_a_claim_of_anything_passes_by_what_is_exhausted(stage: Database) -> None:
    for n in range(30):
        add(stage, f"more {n}", priority=8)
    budget(stage, project="acme", limit_usd="1")
    spend(stage, "ACME-1", "5")
    assert claimed(stage) == "BETA-1"
    with pytest.raises(BudgetExhausted):
        claimed(stage)
    with pytest.raises(BudgetExhausted):
        claimed(stage, project="acme")
    assert call(stage, "work.ready", project="acme", limit=200)


def test_what_is_next_is_what_a_claim_would_get(stage: Database) -> None:
    for n in range(600):
        add(stage, f"more {n}", priority=8)
    budget(stage, project="acme", limit_usd="1")
    spend(stage, "ACME-1", "5")
    for who in (agent(), Actor(role="admin")):
        assert call(stage, "work.next", who, project="all").task.ref == "BETA-1"
        with pytest.raises(BudgetExhausted, match="is spent"):
            call(stage, "work.next", who, project="acme")
    assert claimed(stage) == "BETA-1"


def test_tasks_of_an_exhausted_epic_are_passed_by_one_by_one(stage: Database) -> None:
    call(stage, "work.add_epic", title="E", project="acme")
    for n in range(20):
        add(stage, f"in epic {n}", priority=10, epic="ACME/EPIC-001")
    budget(stage, epic="ACME/EPIC-001", limit_tokens=500)
    spend(stage, "ACME-2", "0.1")
    assert call(stage, "work.next", agent(), project="acme").task.ref == "ACME-1"
    got = call(stage, "work.claim_many", agent(), project="all", limit=15)
    assert [each.task.ref for each in got] == ["ACME-1", "BETA-1"]


def test_a_subtask_is_paid_for_by_its_parent(stage: Database) -> None:
    child = add(stage, "child", parent="ACME-1")
    budget(stage, task="ACME-1", limit_usd="1")
    spend(stage, child, "1")
    with pytest.raises(BudgetExhausted):
        claimed(stage, task=child)


def test_a_period_begins_anew(stage: Database) -> None:
    spend(stage, "ACME-1", "5", at=datetime.now(UTC) - timedelta(days=40))
    for period, wanted in (("day", "open"), ("week", "open"), ("month", "open"), ("total", "exhausted")):
        made = budget(stage, project="acme", limit_usd="5", period=period)
        assert str(made.state) == wanted


def test_two_claims_at_the_limit(stage: Database) -> None:
    """What is claimed before the limit goes on; who comes after it is refused, also while the first is open."""
    for name in ("one", "two"):
        call(stage, "agents.register", name=name)
    budget(stage, project="acme", limit_usd="1")
    first, second = Hand(stage, agent("one")), Hand(stage, agent("two"))
    add(stage, "A2", priority=9)
    assert len(first.run(CLAIM, "one")) == 1
    spend(stage, "ACME-1", "1")
    (got,) = second.run(CLAIM, "two")
    first.commit()
    second.commit()
    held = {row.held_by: row.ref for row in call(stage, "work.list", project="all").items if row.held_by}
    assert held == {"one": "ACME-1", "two": "BETA-1"}
    assert call(stage, "work.get", task="BETA-1").task.id == got[0]


@pytest.mark.parametrize(
    ("spent", "limit", "words"),
    [
        ("41.2", "50", "$41.20 of $50.00"),
        ("0.85", "1", "$0.85 of $1.00"),
        ("0.0084", "0.001", "$0.0084 of $0.001"),
        ("0.0135", "0.01", "$0.014 of $0.01"),
        ("0.000084", "0.5", "$0.000084 of $0.50"),
        ("0.996", "1", "$0.996 of $1.00"),
        ("0.0125", "0.01", "$0.013 of $0.01"),
        ("0.0135", "0.014", "$0.0135 of $0.014"),
        ("0.01", "0.01", "$0.01 of $0.01"),
        ("0", "0", "$0.00 of $0.00"),
        ("0", "5", "$0.00 of $5.00"),
        ("49.999", "50", "$50.00 of $50.00"),
        ("0.1234567", "0.0000005", "$0.12 of $0.0000005"),
    ],
)
def test_small_amounts_are_told_apart_everywhere_alike(db: Db, spent: str, limit: str, words: str) -> None:
    given = (Decimal(spent).quantize(Decimal("1e-9")), Decimal(limit).quantize(Decimal("1e-9")))
    (found,) = db.dicts("select telemetry.usd_of_words(%s, %s) as words", given)
    assert found["words"] == words
    assert spent_of(*given) == words


def test_an_amount_under_a_cent_is_told(stage: Database) -> None:
    budget(stage, period="day", limit_usd="0.001", name="tiny")
    spend(stage, "ACME-1", "0.0084")
    line = call(stage, "telemetry.budget_line", agent("bot"), task="ACME-1")
    assert "$0.0084 of $0.001 today (840 %)" in line
    with pytest.raises(BudgetExhausted, match=r"is spent: \$0\.0084 of \$0\.001 today"):
        claimed(stage, task="ACME-1")


def test_people_are_told_once_for_each_budget_and_period(stage: Database) -> None:
    budget(stage, project="acme", limit_usd="1", name="tight")

    def notices() -> list[str]:
        with stage.transaction(Actor(role="service")) as db:
            db.value("telemetry.tell_budgets")
            return [
                each["message"]
                for each in db.dicts("select message from kit.notices order by created_at, topic")
            ]

    assert notices() == []
    spend(stage, "ACME-1", "0.85")
    assert notices() == notices() == ["budget tight: $0.85 of $1.00 this month (85 %)"]
    spend(stage, "ACME-1", "0.2", key="more")
    assert (
        notices()[1:]
        == notices()[1:]
        == ["budget tight: $1.05 of $1.00 this month (105 %); claims are refused"]
    )
    runs = {run.job: run.status for run in run_due(stage, "tester")}
    assert runs["telemetry.watch_budgets"] == "succeeded"


def test_notices_are_read_and_end_with_what_they_tell_of(stage: Database) -> None:
    def told() -> tuple[list[tuple[str, str]], int]:
        with stage.transaction(Actor(role="service")) as db:
            db.value("telemetry.tell_budgets")
        found = call(stage, "telemetry.notices")
        return [(each.level, each.message) for each in found.notices], found.more

    budget(stage, project="acme", limit_usd="1", name="tight")
    assert told() == ([], 0)
    spend(stage, "ACME-1", "0.85")
    assert told() == ([("warning", "budget tight: $0.85 of $1.00 this month (85 %)")], 0)
    spend(stage, "ACME-1", "0.2", key="more")
    spent = [("error", "budget tight: $1.05 of $1.00 this month (105 %); claims are refused")]
    # That it was nearly spent is old news.
    assert told() == told() == (spent, 0)
    call(stage, "telemetry.update_budget", budget="tight", limit_usd="9")
    assert told() == ([], 0)
    call(stage, "telemetry.update_budget", budget="tight", limit_usd="1")
    assert told() == (spent, 0)
    call(stage, "telemetry.remove_budget", budget="tight")
    assert told() == ([], 0)


def test_the_newest_notices_are_shown_and_how_many_more_there_are(stage: Database) -> None:
    for n in range(23):
        # Each at a moment of its own.
        with stage.transaction(Actor(role="service")) as db:
            db.run("kit.add_notice", topic=f"job {n}", level="error", message=f"m{n}")
    with stage.transaction(Actor(role="service")) as db:
        db.run("kit.dismiss_notices", topic="job 22")
    found = call(stage, "telemetry.notices")
    assert [each.message for each in found.notices] == [f"m{n}" for n in range(21, 1, -1)]
    assert found.more == 2


def test_a_line_for_the_agent(stage: Database) -> None:
    def line(**given: str) -> str:
        return str(call(stage, "telemetry.budget_line", agent("bot"), **given))

    assert line(task="ACME-1") == ""
    budget(stage, project="acme", limit_usd="50", name="ACME")
    spend(stage, "ACME-1", "41.20")
    assert (
        line(task="ACME-1") == "Budget ACME: $41.20 of $50.00 this month (82 %); ask before expensive work."
    )
    assert line(project="acme") == line(task="ACME-1")
    assert line(project="beta") == ""


def test_an_unknown_cost_is_told(stage: Database) -> None:
    budget(stage, project="acme", limit_usd="50", name="ACME")
    with stage.transaction(Actor(role="admin")) as db:
        found = call(stage, "work.get", task="ACME-1").task.id
        told = UsageTold(
            UsageSource.API,
            "x",
            "mystery",
            "nobody-knows-me",
            datetime.now(UTC),
            task_id=found,
            input_tokens=5,
        )
        telemetry.absorb(db, Batch(usage=[told]))
    assert call(stage, "telemetry.get_budget", budget="ACME").unpriced_calls == 1
    assert "1 response of unknown cost" in call(stage, "telemetry.budget_line", task="ACME-1")


def test_budgets_are_changed_removed_brought_back_and_undone(stage: Database) -> None:
    made = budget(stage, project="acme", limit_usd="1", limit_tokens=10, name="b")
    with pytest.raises(Conflict, match="already"):
        budget(stage, project="acme", limit_usd="3")
    changed = call(
        stage, "telemetry.update_budget", budget=str(made.id), limit_tokens=-1, version=made.version
    )
    assert (changed.limit_usd, changed.limit_tokens) == (Decimal(1), None)
    with pytest.raises(Conflict):
        call(stage, "telemetry.update_budget", budget="b", limit_usd="9", version=made.version)
    with pytest.raises(Invalid):
        call(stage, "telemetry.update_budget", budget="b", limit_usd="-1")
    call(stage, "telemetry.remove_budget", Actor(role="admin", request="r1"), budget="b")
    assert call(stage, "telemetry.list_budgets").items == []
    assert [str(each.state) for each in call(stage, "telemetry.list_budgets", inactive=True).items] == ["off"]
    call(stage, "audit.undo", request="r1")
    assert [each.name for each in call(stage, "telemetry.list_budgets", project="acme").items] == ["b"]


def test_a_process_that_knows_work_alone_tells_why_a_claim_was_refused() -> None:
    program = (
        "import psycopg, steward.domains.work\n"
        "from steward.kit.db import translate\n"
        "error = type('Refused', (psycopg.Error,), {'sqlstate': 'STT01'})('spent')\n"
        "print(translate(error).to_dict())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "'code': 'budget_exhausted'" in done.stdout


def test_who_may_not(stage: Database) -> None:
    with pytest.raises(Denied, match="set by people"):
        call(stage, "telemetry.add_budget", agent(), limit_usd="100")
    with pytest.raises(Denied):
        call(stage, "telemetry.add_budget", Actor(role="readonly"), limit_usd="100")
    with pytest.raises(Invalid, match="no limit"):
        budget(stage, project="acme")
    with pytest.raises(Invalid, match="one thing"):
        budget(stage, project="acme", agent="bot", limit_usd="1")
    with pytest.raises(NotFound, match="no budget 'x'"):
        call(stage, "telemetry.get_budget", budget="x")


def test_only_who_may_set_budgets_locks_one(stage: Database) -> None:
    made = budget(stage, project="acme", limit_usd="1", name="acme")
    with (
        pytest.raises(psycopg.DatabaseError, match="may not telemetry:budget"),
        stage.transaction(Actor(role="agent")) as db,
    ):
        db.value("telemetry.lock_budget", id=made.id)
