"""One story that uses every operation, told to each surface on a database of its own.

A step's arguments may be functions of what earlier steps gave, because ids and tokens differ from database to database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.surfaces.drivers import Driver, Failed

Results = dict[str, Any]
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_SECRET = re.compile(r"stw_[A-Za-z0-9]+_[A-Za-z0-9_-]+|^stw_[A-Za-z0-9]+")
# What tells how a call came in differs by design.
_BY_SURFACE = frozenset(
    {"surface", "request", "request_id", "session", "ip", "ip_address", "user_agent", "took_ms"}
)


@dataclass(frozen=True)
class Step:
    """One call: an operation, its arguments, as which agent, and under which name its result is kept."""

    operation: str
    arguments: Mapping[str, Any | Callable[[Results], Any]] = field(default_factory=dict)
    agent: str | None = None
    key: str | None = None
    keep: str | None = None


def tell(driver: Driver, steps: list[Step]) -> list[tuple[str, Any]]:
    """Run the story and return every step's normalised outcome."""
    results: Results = {}
    names: dict[str, str] = {}
    told: list[tuple[str, Any]] = []
    for step in steps:
        given = {name: value(results) if callable(value) else value for name, value in step.arguments.items()}
        try:
            outcome = driver.call(step.operation, given, agent=step.agent, key=step.key)
        except Failed as failed:
            told.append((step.operation, {"error": normal(failed.body, names)}))
            continue
        if step.keep:
            results[step.keep] = outcome
        told.append((step.operation, normal(outcome, names)))
    return told


def normal(value: Any, names: dict[str, str]) -> Any:
    """Return a result with what differs from run to run replaced: ids by their order, times by a word; no nulls."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None and key not in _BY_SURFACE}
        return {key: normal(item, names) for key, item in kept.items()}
    if isinstance(value, list):
        return [normal(item, names) for item in value]
    if isinstance(value, str):
        if _TIME.match(value):
            return "<time>"
        value = _SECRET.sub("<secret>", value)
        return _UUID.sub(lambda found: names.setdefault(found[0], f"<id {len(names)}>"), value)
    return value
