"""The sample sessions: laid twice they are there once, and tell of the sample work."""

from __future__ import annotations

from decimal import Decimal

from steward.kit.db import Database
from steward.operate.setup import lay_seeds
from tests.work.scene import call, owner


def _lay(database: Database) -> int:
    with owner(database) as connection, connection.transaction():
        return lay_seeds(connection, sample=True).rows.get("telemetry", 0)


def test_samples_are_laid_once(database: Database) -> None:
    assert _lay(database) > 10
    assert _lay(database) == 0
    going_on, over = call(database, "telemetry.list", project="consilio").items
    assert (going_on.state, over.state, over.outcome) == ("active", "ended", "success")
    assert (over.tasks, over.agent, over.messages, over.tool_calls) == (["CONS-4"], "codegen", 6, 5)
    assert (over.responses, over.cost_usd > Decimal("0.1"), over.unpriced_calls) == (5, True, 0)
    whole = call(database, "telemetry.get", session=str(over.id))
    assert (whole.figures.tests_run, whole.figures.quality_score) == (2, 90)
    took = call(database, "telemetry.task_sessions", task="CONS-7")
    assert (took.figures.sessions, took.figures.calls) == (1, 2)
