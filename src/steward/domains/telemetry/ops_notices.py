"""The operation that shows what the installation tells its people."""

from __future__ import annotations

from steward.kit.db import Db
from steward.kit.op import op
from steward.kit.types import Notice, Notices


@op()
def notices(db: Db) -> Notices:
    """Show what people are told: budgets nearly or wholly spent, jobs that fail, tasks in quarantine; the 20 newest.

    A notice stands until what it tells of is over: a budget is raised or its next period begins, a job succeeds, a task
    is brought back.
    """
    shown = db.all("kit.open_notices", Notice)
    return Notices(shown, db.value("kit.count_notices") - len(shown))
