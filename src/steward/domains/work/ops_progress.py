"""Operations that add up: how far each project is."""

from __future__ import annotations

from itertools import groupby

from steward.domains.work.types import Count, Held, Progress, ProjectCount
from steward.kit.db import Db
from steward.kit.op import op


@op()
def progress(db: Db) -> list[Progress]:
    """Show how far each project is: its tasks by state, and how many are ready."""
    counts = db.all("work.count_by_project", ProjectCount)
    return [_progress(project, list(rows)) for project, rows in groupby(counts, lambda row: row.project)]


def _progress(project: str, rows: list[ProjectCount]) -> Progress:
    # `ready` is no status: it counts pending tasks a second time.
    ready = sum(row.count for row in rows if row.name == "ready")
    return Progress(project, ready, [Count(row.name, row.count) for row in rows if row.name != "ready"])


def pulse(db: Db) -> str:
    """Return a word that changes whenever a claim is taken, given back or lost, which the audit does not record."""
    held = db.one("work.held", Held)
    return f"{held.tasks}.{held.newest_token}"
