"""Background jobs of prices, cost and budgets."""

from __future__ import annotations

from typing import Any

from steward.domains.telemetry.ops_prices import reprice_some, sync_prices
from steward.kit.db import Db
from steward.kit.jobs import job


@job(every_s=3600)
def take_in_prices(db: Db) -> dict[str, Any]:
    """Take in the price list when another version of it is installed."""
    done = sync_prices(db)
    return {"version": done.version, "added": done.added, "changed": done.changed, "removed": done.removed}


@job(every_s=5)
def reprice(db: Db) -> dict[str, Any]:
    """Work out anew what responses cost, where that was asked for."""
    return reprice_some(db)


@job(every_s=30)
def watch_budgets(db: Db) -> dict[str, Any]:
    """Tell people of budgets that are nearly or wholly spent."""
    return {"told": db.value("telemetry.tell_budgets")}
