"""Names of models: looked up once by the price list, kept in model_names, looked up again when the list changes."""

from __future__ import annotations

import json
from collections.abc import Iterable

from steward.domains.telemetry import pricelist
from steward.kit.db import Db


def resolve_names(db: Db, names: Iterable[str]) -> int:
    """Keep which priced models some names mean, where that is not known yet; returns how many names are new.

    Args:
        db: the transaction; the actor needs `telemetry:write`.
        names: as clients use them, such as `claude-sonnet-4-5-20250929`.
    """
    fresh = db.values("telemetry.unknown_names", names=sorted(set(names)))
    return _put(db, fresh, again=False) if fresh else 0


def resolve_again(db: Db) -> int:
    """Look every name up again but those that persons gave a price; returns how many mean something else now."""
    known = db.values("telemetry.looked_up_names")
    return _put(db, known, again=True) if known else 0


def _put(db: Db, names: list[str], *, again: bool) -> int:
    told = [{"name": name} | pricelist.meaning(name)._asdict() for name in names]
    put: int = db.value("telemetry.put_names", names=json.dumps(told), again=again)
    return put
