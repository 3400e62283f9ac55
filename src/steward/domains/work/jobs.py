"""Background jobs of work."""

from __future__ import annotations

import time
from typing import Any

from steward.kit.db import Db
from steward.kit.jobs import job

BATCH = 200
# To enter a task into the index of words takes up to half a millisecond.
NAMED = 2000
# A file that a transaction wrote before it failed may be swept after this time; no transaction lasts that long.
STRAY_S = 3600.0


@job(every_s=10)
def reap_expired(db: Db) -> dict[str, Any]:
    """Take back the tasks whose agents went silent."""
    return {"reaped": db.value("work.reap_expired", limit=BATCH)}


@job(every_s=30)
def expire_questions(db: Db) -> dict[str, Any]:
    """Close questions that nobody answered in time; their tasks go on."""
    return {"expired": db.value("work.expire_questions", limit=BATCH)}


@job(every_s=5)
def fold_counts(db: Db) -> dict[str, Any]:
    """Add to the counts of each project what has come and gone since."""
    return {"folded": db.value("work.fold_counts")}


@job(every_s=600)
def forget_fronts(db: Db) -> dict[str, Any]:
    """Forget where queues began that nobody claims from any more."""
    return {"forgotten": db.value("work.forget_fronts")}


@job(every_s=10)
def name_words(db: Db) -> dict[str, Any]:
    """Enter the names of tasks that are older than names into the index of words, until all are there."""
    return {"named": db.value("work.name_words", limit=NAMED)}


@job(every_s=30)
def close_notices(db: Db) -> dict[str, Any]:
    """Take back what people were told of tasks that are out of quarantine, and after a week what failed once."""
    return {"closed": db.run("work.close_notices")}


@job(every_s=60)
def sweep_files(db: Db) -> dict[str, Any]:
    """Remove contents that no attachment and no document uses any more, and what failed writes left behind."""
    store = db.files
    if store is None:
        return {"removed": 0, "note": "no folder for files is known to this process"}
    removed = sum(store.remove(sha256) for sha256 in db.values("work.forget_files", limit=BATCH))
    strays = [name for name in store.older(_slot(), seconds=STRAY_S) if _is_stray(db, name)]
    removed += sum(store.remove(name) for name in strays[:BATCH])
    return {"removed": removed, "temporary": store.forget_temporary(seconds=STRAY_S)}


def _slot() -> int:
    """Return another of the folder's 256 parts each minute: the whole of it has its turn five times a day."""
    return int(time.time() // 60)


def _is_stray(db: Db, name: str) -> bool:
    return len(name) == 64 and bool(db.value("work.is_stray", sha256=name))
