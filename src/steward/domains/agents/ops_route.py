"""The operations of routing: which agent suits some work best, and what was decided before."""

from __future__ import annotations

import builtins
import json
from datetime import datetime
from uuid import UUID

from steward.domains.agents.find import resolve_id
from steward.domains.agents.types import Candidate, RoutingDecision, RoutingNeeds
from steward.kit import cursor as cursors
from steward.kit.convert import dump
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.op import Page, op


def _needs(db: Db, task: str) -> RoutingNeeds:
    found = db.maybe("agents.routing_needs", RoutingNeeds, task=task.strip())
    if found is None:
        raise NotFound(f"there is no task {task!r}", hint="name it as ACME-42, or by its whole id")
    return found


@op(write=True, permission="work:write")
def route(
    db: Db,
    *,
    task: str | None = None,
    capabilities: builtins.list[str] | None = None,
    limit: int = 10,
) -> RoutingDecision:
    """Tell which agent suits a task best, and keep why: by what it can do, how it did, what it holds and costs.

    Args:
        task: such as ACME-42; what it requires counts beside `capabilities`.
        capabilities: what the work requires.
        limit: how many candidates to keep, 1 to 50.
    """
    if task is None and not capabilities:
        raise Invalid("neither a task nor a capability is given", hint="give one of them")
    if not 1 <= limit <= 50:
        raise Invalid(f"limit: {limit} is not between 1 and 50", hint="give 1 to 50")
    needs = _needs(db, task) if task else None
    words = [*(needs.required_capabilities if needs else []), *(capabilities or [])]
    wanted = builtins.list(dict.fromkeys(word.strip() for word in words if word.strip()))
    candidates = db.all("agents.score_agents", Candidate, capabilities=wanted, limit=limit)
    best = candidates[0] if candidates and candidates[0].eligible else None
    return db.one(
        "agents.add_decision",
        RoutingDecision,
        project_id=needs.project_id if needs else None,
        task_id=needs.task_id if needs else None,
        capabilities=wanted,
        agent_id=best.agent_id if best else None,
        agent=best.agent if best else None,
        score=best.score if best else None,
        candidates=json.dumps(dump(candidates)),
    )


@op()
def list_decisions(
    db: Db,
    *,
    task: str | None = None,
    agent: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RoutingDecision]:
    """List which agents were held best for what, the newest first.

    Args:
        task: only for this one, such as ACME-42.
        agent: only where this agent came first.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    time, last = cursors.decode(cursor, datetime, UUID)
    rows = db.all(
        "agents.list_decisions",
        RoutingDecision,
        task_id=_needs(db, task).task_id if task else None,
        agent_id=resolve_id(db, agent) if agent else None,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (row.created_at, row.id))
