"""The price list of the package `genai-prices`, which works offline: its prices as rows, and what names mean.

Importing the package takes a quarter of a second, so that happens when a name or a list is needed first. Not taken over
are what no source of ours tells apart: variants such as batch or priority, and what is not counted in tokens (searches,
audio, images).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

PACKAGE = "genai-prices"
# Our column -> the package's key; all but the last are for a million tokens.
_RATES = {
    "input_usd": "input_mtok",
    "output_usd": "output_mtok",
    "cache_read_usd": "cache_read_mtok",
    "cache_write_usd": "cache_write_mtok",
    "cache_write_1h_usd": "cache_write_1h_mtok",
    "reasoning_usd": "output_reasoning_mtok",
    "request_usd": "requests_kcount",
}
# How clients and gateways mark whose price holds: the beginning of a name -> the package's word for the seller.
_SELLERS = {
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "vertex_ai": "google",
    "vertex": "google",
    "models": "google",
    "gemini": "google",
    "azure_ai": "azure",
}
_BEDROCK = re.compile(r"(?:^|[/.])(?:anthropic|amazon|meta|mistral|cohere|deepseek|ai21)\.[a-z]")
_MARKS = re.compile(r"\[[^\]]*\]$")


class Meant(NamedTuple):
    """The priced model that a name means, and how sure that is."""

    provider: str | None
    model: str | None
    found_by: str | None


UNKNOWN = Meant(None, None, None)


def version() -> str:
    """Return the version of the price list that is installed; the package is not imported for it."""
    return metadata.version(PACKAGE)


@cache
def _snapshot() -> DataSnapshot:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


@lru_cache(maxsize=10_000)
def meaning(name: str) -> Meant:
    """Return which priced model a client's name means; `UNKNOWN` where that is not clear. Nothing is guessed."""
    found = next((found for reading in _readings(name) if (found := _find(*reading))), None)
    if found is None:
        found = _only_seller(_MARKS.sub("", name.strip().lower()))
    if found is None:
        return UNKNOWN
    provider, model = found
    return Meant(provider.id, model.id, "exact" if model.id.lower() == name.lower() else PACKAGE)


def _readings(name: str) -> Iterator[tuple[str, str | None]]:
    """Return in which ways a name may be read: what is the model's, and who sells it."""
    ref = _MARKS.sub("", name.strip().lower())
    if _BEDROCK.search(ref):
        yield ref.rpartition("/")[2], "aws"
    yield ref, None
    seller, _, rest = ref.partition("/")
    if not rest:
        return
    if seller == "openrouter":
        yield rest, "openrouter"
        return
    yield rest, _SELLERS.get(seller, seller)
    yield ref, "openrouter"
    if seller in _SELLERS:
        yield rest, None


def _find(ref: str, seller: str | None) -> tuple[Provider, ModelInfo] | None:
    """Return the model and whoever's price list has it: a cloud that sells another's model has it from there."""
    listed = _snapshot()
    try:
        _, model = listed.find_provider_model(ref, None, seller, None)
    except LookupError:
        return None
    return next((each, model) for each in listed.providers if any(one is model for one in each.models))


def _only_seller(ref: str) -> tuple[Provider, ModelInfo] | None:
    """Return the model that just one list knows by exactly this name; of several prices none is chosen."""
    found = [(each, one) for each in _snapshot().providers for one in each.models if one.id.lower() == ref]
    return found[0] if len(found) == 1 else None


def rows() -> list[dict[str, Any]]:
    """Return all prices of the list, as `telemetry.put_prices` takes them."""
    found = []
    for provider in _snapshot().providers:
        seen = set()
        for model in provider.models:
            if model.id.lower() not in seen:
                seen.add(model.id.lower())
                found += [{"provider": provider.id, "model": model.id} | each for each in _prices(model)]
    return found


def _prices(model: ModelInfo) -> Iterator[dict[str, Any]]:
    from genai_prices.types import ModelPrice

    if isinstance(model.prices, ModelPrice):
        yield from _steps(model.prices)
        return
    spans: dict[Any, list[tuple[str | None, str | None]]] = {}
    for since, until in _spans(model.prices):
        for hours, index in _holding(model.prices, since):
            spans.setdefault((hours, index), []).append((since, until))
    for (hours, index), parts in spans.items():
        for since, until in _joined(parts):
            window = {"effective_from": since, "effective_until": until}
            window |= {} if hours is None else {"hours_from": hours[0], "hours_until": hours[1]}
            for step in _steps(model.prices[index].prices):
                yield {key: value for key, value in window.items() if value is not None} | step


def _spans(prices: list[Any]) -> list[tuple[str | None, str | None]]:
    """Return the spans of time between the days on which prices begin; None has no end on that side."""
    from genai_prices.types import StartDateConstraint

    days = sorted({p.constraint.start_date for p in prices if isinstance(p.constraint, StartDateConstraint)})
    marks = [None, *(datetime.combine(day, time(), UTC).isoformat() for day in days), None]
    return list(itertools.pairwise(marks))


def _holding(prices: list[Any], since: str | None) -> Iterator[tuple[tuple[str, str] | None, int]]:
    """Return which prices hold in a span: those of hours, then the one of the rest of the day.

    The last one whose condition is met is the one that holds; where none is, the first.
    """
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    for index in range(len(prices) - 1, -1, -1):
        condition = prices[index].constraint
        if isinstance(condition, TimeOfDateConstraint):
            yield (_utc(condition.start_time), _utc(condition.end_time)), index
        elif condition is None or (isinstance(condition, StartDateConstraint) and _began(condition, since)):
            yield None, index
            return
    yield None, 0


def _utc(value: time) -> str:
    if value.tzinfo is not None:
        value = datetime.combine(datetime(1970, 1, 1).date(), value).astimezone(UTC).time()  # noqa: DTZ001
    return value.isoformat()


def _began(condition: Any, since: str | None) -> bool:
    return since is not None and datetime.fromisoformat(since).date() >= condition.start_date


def _joined(parts: list[tuple[str | None, str | None]]) -> list[tuple[str | None, str | None]]:
    """Return spans that follow one another as one."""
    found = [parts[0]]
    for since, until in parts[1:]:
        if found[-1][1] == since:
            found[-1] = (found[-1][0], until)
        else:
            found.append((since, until))
    return found


def _steps(price: ModelPrice) -> Iterator[dict[str, Any]]:
    """Return the rates of a price, a row for each number of input tokens above which others hold."""
    from genai_prices.types import TieredPrices

    told = {ours: getattr(price, theirs) for ours, theirs in _RATES.items()}
    if told["input_usd"] is None and told["output_usd"] is None and told["request_usd"] is None:
        return
    starts = {tier.start for each in told.values() if isinstance(each, TieredPrices) for tier in each.tiers}
    for above in (None, *sorted(starts)):
        rates = {name: _rate(value, above) for name, value in told.items() if value is not None}
        if "request_usd" in rates:
            rates["request_usd"] /= 1000
        step: dict[str, Any] = {"input_usd": Decimal(0), "output_usd": Decimal(0)} | rates
        if above is not None:
            step["above_input_tokens"] = above
        yield {name: str(value) for name, value in step.items()}


def _rate(value: Any, above: int | None) -> Decimal:
    """Return the rate that holds above so many tokens of input."""
    tiers = getattr(value, "tiers", None)
    if tiers is None:
        return Decimal(value)
    passed = [tier.price for tier in tiers if above is not None and tier.start <= above]
    return Decimal(passed[-1] if passed else value.base)
