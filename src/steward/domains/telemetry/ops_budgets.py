"""Operations on budgets: what may be spent, and what is left of it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from steward.domains import agents, projects, work
from steward.domains.telemetry.scope import project_of, task_of
from steward.domains.telemetry.types_cost import Budget, BudgetPeriod, BudgetScope
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Conflict, Invalid, NotFound
from steward.kit.op import Page, Profile, op
from steward.kit.versions import check_version

_HEX = re.compile(r"[0-9a-fA-F-]{8,36}")
_NONE = Decimal(-1)


class BudgetExhausted(Conflict):
    """Nothing is left of a budget, so nothing that it pays for may be claimed."""

    code = "budget_exhausted"
    sqlstate = "STT01"


@op(write=True, permission="telemetry:budget")
def add_budget(
    db: Db,
    *,
    limit_usd: Decimal | None = None,
    limit_tokens: int | None = None,
    project: str | None = None,
    epic: str | None = None,
    task: str | None = None,
    agent: str | None = None,
    period: BudgetPeriod = BudgetPeriod.MONTH,
    warn_percent: int = 80,
    name: str | None = None,
) -> Budget:
    """Set a budget for a project, an epic, a task, an agent, or for everything.

    At warn_percent people are told; at 100 percent claims of what it pays for are refused. What is claimed already goes
    on, so a budget may be overdrawn by what is in flight.

    Args:
        limit_usd: USD that may be spent in a period.
        limit_tokens: tokens that may be, those read from and written to caches among them.
        project: for this project: slug, key or id.
        epic: for this epic, such as ACME/EPIC-001.
        task: for this task and its subtasks, such as ACME-42.
        agent: for what this agent spends.
        period: day, week, month or total.
        warn_percent: from how many percent on people are told, 1 to 100.
        name: how it is called; after what it is for when left out.
    """
    if limit_usd is None and limit_tokens is None:
        raise Invalid("no limit is given", hint="give --limit-usd or --limit-tokens")
    scope, target, called = _target(db, project, epic, task, agent)
    limits = _limits(limit_usd, limit_tokens, warn_percent, name)
    told = limits | target | {"scope": scope, "period": period, "name": name or f"{called}, {_each(period)}"}
    made: UUID = db.value("telemetry.add_budget", budget=json.dumps(told))
    return _budget(db, made)


def _each(period: BudgetPeriod) -> str:
    return "in all" if period is BudgetPeriod.TOTAL else f"each {period}"


def _target(
    db: Db, project: str | None, epic: str | None, task: str | None, agent: str | None
) -> tuple[BudgetScope, dict[str, str], str]:
    """Return what a budget is for: its scope, the id, and how that is called."""
    given = [word for word in (task, epic or project, agent) if word]
    if len(given) > 1:
        raise Invalid(
            "a budget is for one thing",
            hint="give one of --project, --epic, --task, --agent, or none for all",
        )
    if task:
        found = work.get(db, task=task).task
        return BudgetScope.TASK, {"task_id": str(found.id)}, found.ref
    if epic:
        one = work.get_epic(db, epic=epic, project=project)
        return BudgetScope.EPIC, {"epic_id": str(one.id)}, one.epic_id
    if agent:
        return BudgetScope.AGENT, {"agent_id": str(agents.resolve_id(db, agent))}, agent
    if project and project_of(db, project):
        known = projects.get(db, project=project)
        return BudgetScope.PROJECT, {"project_id": str(known.id)}, known.name
    return BudgetScope.ALL, {}, "Everything"


def _limits(
    limit_usd: Decimal | None, limit_tokens: int | None, warn_percent: int | None, name: str | None
) -> dict[str, Any]:
    if limit_usd is not None and limit_usd != _NONE and not 0 <= limit_usd < 10**9:
        raise Invalid(f"limit_usd: {limit_usd} is no amount", hint="give USD, such as 50")
    if limit_tokens is not None and limit_tokens != -1 and not 0 <= limit_tokens <= 10**15:
        raise Invalid(f"limit_tokens: {limit_tokens} is no number of tokens", hint="give 0 or more")
    if warn_percent is not None and not 1 <= warn_percent <= 100:
        raise Invalid(f"warn_percent: {warn_percent} is not between 1 and 100", hint="give 1 to 100")
    if name is not None and not 1 <= len(name.strip()) <= 200:
        raise Invalid(
            f"name: {name[:40]!r} has not 1 to 200 characters", hint="say in a few words what it is for"
        )
    return {
        "limit_usd": None if limit_usd is None else str(limit_usd),
        "limit_tokens": limit_tokens,
        "warn_percent": warn_percent,
        "name": name and name.strip(),
    }


def _budget(db: Db, budget_id: UUID) -> Budget:
    return db.one("telemetry.get_budgets", Budget, ids=[budget_id])


def _find(db: Db, budget: str) -> UUID:
    words = budget.strip()
    digits = words.replace("-", "")
    low = high = None
    if _HEX.fullmatch(words) and 8 <= len(digits) <= 32:
        low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    found: list[UUID] = db.values("telemetry.find_budgets", low=low, high=high, name=words)
    if len(found) > 1:
        raise Invalid(f"{words!r} stands for more than one budget", hint="give more digits of its id")
    if not found:
        raise NotFound(
            f"there is no budget {words!r}", hint="`steward telemetry list-budgets` shows what there is"
        )
    return found[0]


@op()
def get_budget(db: Db, *, budget: str) -> Budget:
    """Show a budget and what was spent of it.

    Args:
        budget: its id, the first 8 digits of it, or its name.
    """
    return _budget(db, _find(db, budget))


@op()
def list_budgets(
    db: Db,
    *,
    project: str | None = None,
    scope: BudgetScope | None = None,
    agent: str | None = None,
    inactive: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Budget]:
    """List budgets with what was spent of them, the most urgent of a page first.

    Args:
        project: only of this project, its epics and tasks: slug, key or id.
        scope: only those for all, project, epic, task or agent.
        agent: only of this agent.
        inactive: those that were removed too.
        limit: how many at most, 1 to 100.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    found: list[UUID] = db.values(
        "telemetry.list_budgets",
        project_id=project_of(db, project),
        scope=scope,
        agent_id=agents.resolve_id(db, agent) if agent else None,
        inactive=inactive,
        after=after,
        limit=cursors.check_limit(limit, 100),
    )
    page = cursors.page(found, limit, lambda one: (one,))
    return Page(
        db.all("telemetry.get_budgets", Budget, ids=page.items) if page.items else [], page.next_cursor
    )


@op(write=True, permission="telemetry:budget", idempotent=True)
def update_budget(
    db: Db,
    *,
    budget: str,
    limit_usd: Decimal | None = None,
    limit_tokens: int | None = None,
    warn_percent: int | None = None,
    name: str | None = None,
    active: bool | None = None,
    version: int | None = None,
) -> Budget:
    """Change a budget; what is left out stays as it is.

    Args:
        budget: its id, the first 8 digits of it, or its name.
        limit_usd: USD that may be spent in a period; -1 for no such limit.
        limit_tokens: tokens that may be; -1 for no such limit.
        warn_percent: from how many percent on people are told, 1 to 100.
        name: how it is called.
        active: whether it holds; false is what `remove-budget` does.
        version: refuse when the budget has changed since this version.
    """
    found = _find(db, budget)
    check_version(f"budget {budget}", version, db.value("telemetry.lock_budget", id=found))
    told = _limits(limit_usd, limit_tokens, warn_percent, name) | {"is_active": active}
    db.run("telemetry.update_budget", id=found, budget=json.dumps(told))
    return _budget(db, found)


@op(write=True, permission="telemetry:budget", idempotent=True, profile=Profile.ALL)
def remove_budget(db: Db, *, budget: str) -> Budget:
    """Let a budget hold no longer; it can be brought back by `update-budget --active true`.

    Args:
        budget: its id, the first 8 digits of it, or its name.
    """
    found = _find(db, budget)
    db.run("telemetry.update_budget", id=found, budget=json.dumps({"is_active": False}))
    return _budget(db, found)


@op()
def budget_line(
    db: Db, *, task: str | None = None, project: str | None = None, agent: str | None = None
) -> str:
    """Tell in a line how the tightest budget stands that pays for a task, a project or an agent; empty without one.

    Args:
        task: such as ACME-42.
        project: slug, key or id; the project in hand when left out.
        agent: its name; the acting agent when left out.
    """
    who = agent or db.actor.agent
    found = db.values(
        "telemetry.budgets_of",
        task_id=task_of(db, task),
        project_id=None if task else projects.resolve_id(db, project),
        agent_id=_known_agent(db, who, must=agent is not None),
    )
    states = db.all("telemetry.get_budgets", Budget, ids=found) if found else []
    return _line(db, states[0]) if states else ""


def _known_agent(db: Db, name: str | None, *, must: bool) -> UUID | None:
    """Return an agent's id; one that acts and was never registered has no budget."""
    if name is None:
        return None
    try:
        return agents.resolve_id(db, name)
    except NotFound:
        if must:
            raise
        return None


def _line(db: Db, budget: Budget) -> str:
    advice = {
        "warned": "; ask before expensive work",
        "exhausted": "; it is spent: finish what you hold, claims are refused",
    }.get(budget.state, "")
    responses = "1 response" if budget.unpriced_calls == 1 else f"{budget.unpriced_calls} responses"
    unknown = f", {responses} of unknown cost not counted" if budget.unpriced_calls else ""
    words = db.value("telemetry.spent_words", id=budget.id)
    return f"Budget {budget.name}: {words} ({round(budget.percent)} %{unknown}){advice}."


__all__ = [
    "BudgetExhausted",
    "add_budget",
    "budget_line",
    "get_budget",
    "list_budgets",
    "remove_budget",
    "update_budget",
]
