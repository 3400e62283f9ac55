"""Prices: the list as rows, own ones before it, what names mean, and costs worked out anew."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot

from steward.domains import telemetry
from steward.domains.telemetry import (
    Batch,
    SessionTold,
    UsageSource,
    UsageTold,
    absorb,
    pricelist,
    session_id,
)
from steward.kit import op
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import Denied, Invalid, NotFound
from steward.kit.jobs import run_due

START = datetime(2026, 10, 5, 12, tzinfo=UTC)
SESSION = session_id("claude-code", "5c0375b4-57a5-4f26-b12d-d022ee4e51b7")


def told(key: str, model: str, at: datetime = START, **tokens: Any) -> UsageTold:
    """Return a response that a transcript tells of."""
    return UsageTold(
        UsageSource.TRANSCRIPT,
        key,
        "claude-code",
        model,
        at,
        [f"claude:msg:{key}"],
        session_id=SESSION,
        **tokens,
    )


def take_in(db: Db, *responses: UsageTold) -> None:
    """Take responses in, with their session."""
    known = SessionTold(SESSION, "claude-code", str(SESSION), START, START)
    absorb(db, Batch(sessions=[known], usage=list(responses)))


def costs(db: Db) -> list[Any]:
    """Return what each response costs, in order of time."""
    return [
        row["cost_usd"] for row in db.dicts("select cost_usd from telemetry.token_usage order by at, model")
    ]


def call(
    database: Database, name: str, actor: Actor | None = None, dry_run: bool = False, **given: Any
) -> Any:
    """Run an operation."""
    who = actor or Actor(role="admin", user_name="tester")
    return op.run(database, op.operation(name), given, actor=who, dry_run=dry_run)


def _models(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Return models of the list: those with dated, hourly and stepped prices first."""
    listed = [(p.id, m) for p in get_snapshot().providers for m in p.models]
    rich = [(p, m) for p, m in listed if isinstance(m.prices, list) or "TieredPrices" in repr(m.prices)]
    chosen = rng.sample(rich, count) + rng.sample(listed, count)
    hourly = [(p, m) for p, m in rich if "TimeOfDate" in repr(m.prices)]
    once: dict[tuple[str, str], None] = {}
    for provider, model in hourly + chosen:
        if next(m for p, m in listed if p == provider and m.id.lower() == model.id.lower()) is model:
            once[provider, model.id] = None
    return list(once)


def test_our_cost_is_that_of_the_list(db: Db) -> None:
    """Random usages of many models and times: SQL and the package's own calculation agree to 1e-9."""
    rng = random.Random(17)
    compared = 0
    for provider, model in _models(rng, 120):
        owner = next(p for p in get_snapshot().providers if p.id == provider)
        info = next(m for m in owner.models if m.id == model)
        for _ in range(6):
            at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(0, 60 * 24 * 365 * 3))
            plain, read, write, output = (rng.choice((0, rng.randrange(400_000))) for _ in range(4))
            hour, reasoning = rng.randint(0, write), rng.randint(0, output)
            usage = genai_prices.Usage(
                input_tokens=plain + read + write,
                cache_read_tokens=read,
                cache_write_tokens=write,
                cache_write_5m_tokens=write - hour,
                cache_write_1h_tokens=hour,
                output_tokens=output,
                output_reasoning_tokens=reasoning,
            )
            theirs = info.calc_price(usage, owner, genai_request_timestamp=at).total_price
            ours = db.dicts(
                "select cost_usd from telemetry.price_for(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (provider, model, at, plain, output, read, write, hour, reasoning),
            )
            if ours:
                compared += 1
                assert abs(ours[0]["cost_usd"] - theirs) <= Decimal("1e-9"), (provider, model, at, usage)
            else:
                assert theirs == 0, (provider, model)
    assert compared > 900


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("claude-sonnet-4-5-20250929", ("anthropic", "claude-sonnet-4-5")),
        ("claude-opus-4-6[1m]", ("anthropic", "claude-opus-4-6")),
        ("gpt-5.2", ("openai", "gpt-5.2")),
        ("gpt-5-codex", ("openai", "gpt-5")),
        ("openai/gpt-5.2", ("openai", "gpt-5.2")),
        ("gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("anthropic/claude-sonnet-4.5", ("anthropic", "claude-sonnet-4-5")),
        ("openrouter/anthropic/claude-sonnet-4.5", ("openrouter", "anthropic/claude-sonnet-4.5")),
        (
            "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
            ("aws", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        ("llama-3.3-70b-versatile", ("groq", "llama-3.3-70b-versatile")),
        ("azure/gpt-5", ("openai", "gpt-5")),
        ("vertex_ai/claude-sonnet-4-5@20250929", ("google", "claude-sonnet-4-5")),
        ("sonnet", (None, None)),
        ("<synthetic>", (None, None)),
        ("", (None, None)),
    ],
)
def test_what_a_name_means(name: str, means: tuple[str | None, str | None]) -> None:
    found = pricelist.meaning(name)
    assert (found.provider, found.model) == means


def test_a_response_has_the_price_of_its_name_and_its_day(db: Db) -> None:
    take_in(
        db,
        told(
            "a", "claude-sonnet-4-5-20250929", input_tokens=1000, output_tokens=1000, cache_read_tokens=10_000
        ),
        told("b", "claude-sonnet-4-5-20250929", START + timedelta(hours=1), cache_write_tokens=1000),
        told(
            "c",
            "claude-sonnet-4-5-20250929",
            START + timedelta(hours=2),
            cache_write_tokens=1000,
            cache_write_1h_tokens=1000,
        ),
    )
    assert costs(db) == [Decimal("0.021"), Decimal("0.00375"), Decimal("0.006")]


def test_s3_defect_13_a_cheap_call_is_not_rounded_to_nothing(db: Db) -> None:
    take_in(db, told("a", "gpt-5-nano", input_tokens=7, output_tokens=1))
    (cost,) = costs(db)
    assert 0 < cost < Decimal("0.0001")
    assert db.dicts("select sum(cost_usd) as cost from telemetry.daily_usage") == [{"cost": cost}]


def test_what_has_no_price_is_unknown_and_nothing_costs_nothing(db: Db) -> None:
    take_in(
        db,
        told("a", "nobody-knows-me", input_tokens=5),
        told("b", "<synthetic>", START + timedelta(hours=1)),
        told(
            "c",
            "nobody-knows-me",
            START + timedelta(hours=2),
            input_tokens=5,
            reported_cost_usd=Decimal("0.5"),
        ),
    )
    assert costs(db) == [None, Decimal(0), Decimal("0.5")]
    days = db.dicts(
        "select sum(unpriced_calls)::int as unpriced, sum(calls)::int as calls from telemetry.daily_usage"
    )
    assert days == [{"unpriced": 1, "calls": 3}]
    names = db.dicts("select name, model from telemetry.model_names order by name")
    assert {"name": "nobody-knows-me", "model": None} in names


def test_own_prices_come_first_from_their_day_on_and_go_again(db: Db) -> None:
    late = START + timedelta(days=1)
    telemetry.set_price(
        db, model="gpt-5.2", input_usd=Decimal(100), output_usd=Decimal(0), since=late, note="deal"
    )
    take_in(
        db, told("a", "gpt-5.2", input_tokens=1_000_000), told("b", "gpt-5.2", late, input_tokens=1_000_000)
    )
    first, second = costs(db)
    assert first != second == Decimal(100)
    again = telemetry.set_price(db, model="gpt-5.2", input_usd=Decimal(50), output_usd=Decimal(0), since=late)
    own = telemetry.list_prices(db, source=telemetry.PriceSource.OVERRIDE)
    assert [(each.id, each.input_usd, each.provider) for each in own.items] == [
        (again.id, Decimal(50), "openai")
    ]
    telemetry.remove_price(db, price=str(again.id))
    assert telemetry.reprice(db).changed == 1
    assert costs(db) == [first, first]
    with pytest.raises(NotFound, match="no own price"):
        telemetry.remove_price(db, price=str(again.id))


def test_an_own_price_replaces_the_steps_of_an_older_one(db: Db) -> None:
    rates: dict[str, Any] = {"model": "gpt-5.2", "output_usd": Decimal(0)}
    telemetry.set_price(db, input_usd=Decimal(1), **rates)
    telemetry.set_price(db, input_usd=Decimal(9), above_input_tokens=1000, **rates)
    telemetry.set_price(db, input_usd=Decimal(2), since=START, **rates)
    for at, tokens, wanted in (
        (START - timedelta(1), 1000, 1),
        (START - timedelta(1), 1001, 9),
        (START, 1001, 2),
    ):
        quote = telemetry.price_of(db, model="gpt-5.2", input_tokens=tokens, at=at)
        assert quote.cost_usd == Decimal(tokens * wanted) / 1_000_000


def test_a_model_that_no_list_knows_gets_a_price_and_its_past_too(db: Db) -> None:
    take_in(db, told("a", "our-own-model", input_tokens=1_000_000), told("b", "gpt-5.2", input_tokens=10))
    with pytest.raises(NotFound, match="no price of 'our-own-model' is known") as unknown:
        telemetry.price_of(db, model="our-own-model", input_tokens=1)
    assert "set-price" in str(unknown.value.hint)
    telemetry.set_price(db, model="our-own-model", input_usd=Decimal("0.25"), output_usd=Decimal(1))
    done = telemetry.reprice(db, unpriced_only=True)
    assert (done.seen, done.changed, done.cost_after_usd, done.completed) == (1, 1, Decimal("0.25"), True)
    assert None not in costs(db)
    telemetry.sync_prices(db, again=True)
    assert telemetry.price_of(db, model="our-own-model", input_tokens=1_000_000).cost_usd == Decimal("0.25")


def test_a_name_of_a_model_may_be_anything(db: Db) -> None:
    take_in(
        db, told("a", "x\x00" + "long " * 2000, input_tokens=1), told("b", "", START + timedelta(hours=1))
    )
    assert costs(db) == [None, Decimal(0)]


def test_taking_the_list_in_again_touches_only_what_differs(db: Db) -> None:
    assert telemetry.sync_prices(db).added == 0
    again = telemetry.sync_prices(db, again=True)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    other = {"input_usd": "77", "output_usd": "1"}
    stale = [
        {"provider": "openai", "model": "gpt-5.2", "effective_from": "2020-02-02"} | other,
        {"provider": "anthropic", "model": "claude-opus-4-5"} | other,
        {"provider": "gone", "model": "gone"} | other,
    ]
    db.run("telemetry.put_prices", prices=json.dumps(stale))
    mended = telemetry.sync_prices(db, again=True)
    assert (mended.added, mended.changed, mended.removed) == (1, 1, 1)
    assert db.dicts("select model from telemetry.model_prices where provider = 'gone'") == [{"model": "gone"}]


def test_a_dry_run_tells_the_difference_and_batches_do_the_rest(database: Database) -> None:
    with database.transaction(Actor(role="admin")) as db:
        take_in(
            db,
            *(
                told(f"m{n}", "our-own-model", START + timedelta(seconds=n), input_tokens=1000)
                for n in range(30)
            ),
        )
    call(database, "telemetry.set_price", model="our-own-model", input_usd="1000", output_usd="0")
    rehearsed = call(database, "telemetry.reprice", dry_run=True).result
    assert (rehearsed.seen, rehearsed.changed, rehearsed.cost_after_usd) == (30, 30, Decimal(30))
    nothing = dict.fromkeys(("since", "until", "model", "project_id"))
    with database.transaction(Actor(role="admin")) as db:
        assert set(costs(db)) == {None}
        asked = db.value("telemetry.ask_repricing", **nothing, unpriced_only=False)
        assert db.value("telemetry.reprice_batch", id=asked, limit=12) is True
    run_due(database, "tester")
    with database.transaction(Actor(role="admin")) as db:
        assert set(costs(db)) == {Decimal(1)}
        assert db.dicts("select seen, changed from telemetry.repricings") == [{"seen": 30, "changed": 30}]
        assert db.dicts("select sum(cost_usd) as cost from telemetry.daily_usage") == [{"cost": Decimal(30)}]


def test_who_may_set_prices(database: Database) -> None:
    with pytest.raises(Denied):
        call(
            database,
            "telemetry.set_price",
            Actor(role="user"),
            model="gpt-5.2",
            input_usd="1",
            output_usd="1",
        )
    for role in ("user", "agent"):
        with pytest.raises(Denied):
            call(database, "telemetry.reprice", Actor(role=role))
    with pytest.raises(Invalid, match="input_usd: -1"):
        call(database, "telemetry.set_price", model="gpt-5.2", input_usd="-1", output_usd="1")


def test_own_prices_are_in_the_audit_and_can_be_undone(database: Database) -> None:
    who = Actor(role="admin", user_name="tester", request="deal-1")
    made = call(database, "telemetry.set_price", who, model="gpt-5.2", input_usd="1", output_usd="1")
    told = [
        each.changes_summary
        for each in call(database, "audit.list", limit=100).items
        if each.resource_type == "price"
    ]
    assert len(told) == 1, "the rows of a list are not told of one by one"
    call(database, "audit.undo", request="deal-1")
    assert call(database, "telemetry.list_prices", source="override").items == []
    assert made.model == "gpt-5.2"
