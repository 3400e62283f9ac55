"""Operations on prices: take in the list, set own ones, ask what something costs, work costs out anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from steward.domains.telemetry import pricelist
from steward.domains.telemetry.names import resolve_again, resolve_names
from steward.domains.telemetry.scope import project_of
from steward.domains.telemetry.types_cost import (
    Difference,
    NameMeaning,
    Price,
    PricedAs,
    PriceSource,
    PutPrices,
    Quote,
    Repricing,
    SyncedPrices,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_of
from steward.kit.op import Page, Profile, op

_VERSION = "telemetry.price_list"
# Who sells a model that no list knows.
OWN = "own"
_BATCH = 5_000
_MOST_USD = Decimal(1_000_000)


@op(write=True, permission="telemetry:admin", profile=Profile.ALL, idempotent=True)
def sync_prices(db: Db, *, again: bool = False) -> SyncedPrices:
    """Take in the price list that is installed (package genai-prices); own prices stay.

    Args:
        again: read the list even when this version of it was taken in before.
    """
    version = pricelist.version()
    known = db.value("kit.setting", key=_VERSION)
    if known == version and not again:
        return SyncedPrices(version)
    put = db.one("telemetry.put_prices", PutPrices, prices=json.dumps(pricelist.rows()))
    names = resolve_again(db)
    db.run("kit.put_setting", key=_VERSION, value=version)
    asked = _ask(db, unpriced_only=True) if known is not None and (names or put.added) else None
    return SyncedPrices(version, put.added, put.changed, put.removed, names, asked)


def _ask(
    db: Db,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    model: str | None = None,
    project_id: UUID | None = None,
    unpriced_only: bool = False,
) -> UUID:
    asked: UUID = db.value(
        "telemetry.ask_repricing",
        since=since,
        until=until,
        model=model,
        project_id=project_id,
        unpriced_only=unpriced_only,
    )
    return asked


def _rate(name: str, value: Decimal | None) -> str | None:
    if value is not None and not 0 <= value <= _MOST_USD:
        raise Invalid(f"{name}: {value} is not between 0 and {_MOST_USD}", hint="give USD, such as 2.5")
    return None if value is None else str(value)


def _meaning(db: Db, model: str) -> NameMeaning:
    resolve_names(db, [model])
    return db.one("telemetry.name_meaning", NameMeaning, name=model)


@op(write=True, permission="telemetry:admin", idempotent=True)
def set_price(
    db: Db,
    *,
    model: str,
    input_usd: Decimal,
    output_usd: Decimal,
    cache_read_usd: Decimal | None = None,
    cache_write_usd: Decimal | None = None,
    cache_write_1h_usd: Decimal | None = None,
    reasoning_usd: Decimal | None = None,
    request_usd: Decimal | None = None,
    above_input_tokens: int = 0,
    since: datetime | None = None,
    until: datetime | None = None,
    note: str | None = None,
) -> Price:
    """Set an own price for a model, known to the list or not; it comes before list prices.

    Responses that were priced before keep their cost until `reprice`.

    Args:
        model: its name as clients use it.
        input_usd: USD for a million tokens of input.
        output_usd: USD for a million tokens of output.
        cache_read_usd: USD for a million tokens read from the cache; as input when left out.
        cache_write_usd: USD for a million tokens written to the cache; as input when left out.
        cache_write_1h_usd: of tokens that are kept for an hour; as other writes when left out.
        reasoning_usd: of tokens of reasoning; as output when left out.
        request_usd: USD for each request.
        above_input_tokens: these rates hold for responses with more tokens of input than that.
        since: from when on; always when left out.
        until: until when; for good when left out.
        note: why, such as a contract.
    """
    model = _name(model)
    if not 0 <= above_input_tokens <= 10**12:
        raise Invalid(
            f"above_input_tokens: {above_input_tokens} is no number of tokens", hint="give 0 or more"
        )
    if since is not None and until is not None and until <= since:
        raise Invalid(f"until: {until} is not after since", hint="give a later time")
    known = _meaning(db, model)
    if known.model is None:
        told = [{"name": model, "provider": OWN, "model": model, "found_by": "person"}]
        db.value("telemetry.put_names", names=json.dumps(told), again=False)
    price: dict[str, Any] = {
        "provider": known.provider or OWN,
        "model": known.model or model,
        "above_input_tokens": above_input_tokens,
        "effective_from": since and since.isoformat(),
        "effective_until": until and until.isoformat(),
        "input_usd": _rate("input_usd", input_usd),
        "output_usd": _rate("output_usd", output_usd),
        "cache_read_usd": _rate("cache_read_usd", cache_read_usd),
        "cache_write_usd": _rate("cache_write_usd", cache_write_usd),
        "cache_write_1h_usd": _rate("cache_write_1h_usd", cache_write_1h_usd),
        "reasoning_usd": _rate("reasoning_usd", reasoning_usd),
        "request_usd": _rate("request_usd", request_usd),
        "note": note,
    }
    made: UUID = db.value("telemetry.put_override", price=json.dumps(price))
    return db.one("telemetry.get_price", Price, id=made)


def _name(model: str) -> str:
    if not model.strip() or len(model) > 300:
        raise Invalid(f"model: {model[:40]!r} has not 1 to 300 characters", hint="give it as clients name it")
    return model.strip()


@op()
def list_prices(
    db: Db,
    *,
    model: str | None = None,
    provider: str | None = None,
    source: PriceSource | None = None,
    used: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Price]:
    """List prices, by who sells a model and its name.

    Args:
        model: only models with this in their name, or the one that a client's name means.
        provider: only of this seller, such as anthropic.
        source: genai-prices (the list) or override (own ones).
        used: only of models that clients have named.
        limit: how many at most, 1 to 500.
        cursor: next_cursor of the page before.
    """
    after_provider, after_model, after_id = cursors.decode(cursor, str, str, UUID)
    rows = db.all(
        "telemetry.list_prices",
        Price,
        model=model or None,
        provider=provider or None,
        source=source,
        used=used,
        after_provider=after_provider,
        after_model=after_model,
        after_id=after_id,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda price: (price.provider, price.model, price.id))


@op(write=True, permission="telemetry:admin", destructive=True)
def remove_price(db: Db, *, price: str) -> None:
    """Take an own price away; what was priced by it keeps its cost until `reprice`.

    Args:
        price: its id or the first 8 digits of it or more, as `list-prices --source override` shows it.
    """
    hint = "`steward telemetry list-prices --source override` lists them"
    if not db.value(
        "telemetry.drop_override", id=id_of(db, "price", price, "telemetry.prices_between", hint)
    ):
        raise NotFound(f"there is no own price {price}", hint=hint)


@op()
def price_of(
    db: Db,
    *,
    model: str,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    cache_write_1h_tokens: int = 0,
    reasoning_tokens: int = 0,
    at: datetime | None = None,
) -> Quote:
    """Tell what a response would cost, and by which price.

    Args:
        model: its name as clients use it; it must have been seen, or have an own price.
        input_tokens: without what comes from or goes to the cache.
        output_tokens: reasoning among them.
        cache_read_tokens: read from the cache.
        cache_write_tokens: written to the cache, those for an hour among them.
        cache_write_1h_tokens: of these, kept for an hour.
        reasoning_tokens: of the output, reasoning.
        at: when; now when left out.
    """
    known = db.maybe("telemetry.name_meaning", NameMeaning, name=_name(model))
    if known is None:
        meant = pricelist.meaning(_name(model))
        known = NameMeaning(model, meant.provider, meant.model, meant.found_by)
    found = db.maybe(
        "telemetry.price_of",
        PricedAs,
        provider=known.provider,
        model=known.model,
        at=at or datetime.now(UTC),
        input=_tokens("input_tokens", input_tokens),
        output=_tokens("output_tokens", output_tokens),
        cache_read=_tokens("cache_read_tokens", cache_read_tokens),
        cache_write=_tokens("cache_write_tokens", cache_write_tokens),
        cache_write_1h=_tokens("cache_write_1h_tokens", cache_write_1h_tokens),
        reasoning=_tokens("reasoning_tokens", reasoning_tokens),
    )
    means = f"{known.provider}/{known.model}" if known.model else None
    if found is None:
        raise NotFound(
            f"no price of {model[:200]!r} is known" + (f" at {at:%Y-%m-%d}" if at else ""),
            hint="set one with `steward telemetry set-price --model NAME --input-usd … --output-usd …`, in USD for "
            "a million tokens; `steward telemetry list-prices` shows what is known",
        )
    return Quote(model, means, found.cost_usd, db.one("telemetry.get_price", Price, id=found.price_id))


def _tokens(name: str, value: int) -> int:
    if not 0 <= value <= 10**12:
        raise Invalid(f"{name}: {value} is no number of tokens", hint="give 0 or more")
    return value


@op(write=True, permission="telemetry:prices", idempotent=True, profile=Profile.ALL)
def reprice(
    db: Db,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    model: str | None = None,
    project: str | None = None,
    unpriced_only: bool = False,
) -> Repricing:
    """Work out anew what responses cost, by today's prices; what clients reported stays.

    A first batch is done at once, the rest by a background job in batches, so that nobody waits for a lock. With
    --dry-run the difference is told for all of them, and nothing is written.

    Args:
        since: only responses from this time on.
        until: only responses before this time.
        model: only of this model, as clients name it.
        project: slug, key or id; every project when left out.
        unpriced_only: only those whose cost is not known.
    """
    given: dict[str, Any] = {
        "since": since,
        "until": until,
        "model": model or None,
        "project_id": project_of(db, project),
        "unpriced_only": unpriced_only,
    }
    if db.dry_run:
        found = db.one("telemetry.repricing_difference", Difference, **given)
        return Repricing(
            None, found.seen, found.changed, found.cost_before_usd, found.cost_after_usd, completed=False
        )
    asked = _ask(db, **given)
    db.value("telemetry.reprice_batch", id=asked, limit=_BATCH)
    return db.one("telemetry.get_repricing", Repricing, id=asked)


def reprice_some(db: Db, batches: int = 4) -> dict[str, int]:
    """Go on with open requests; what a background job does each time it runs.

    Args:
        db: the transaction; its locks last until its end, so it does not do much.
        batches: how many batches at most.
    """
    done = 0
    for asked in db.values("telemetry.open_repricings"):
        while done < batches:
            done += 1
            if not db.value("telemetry.reprice_batch", id=asked, limit=_BATCH):
                break
    return {"batches": done}
