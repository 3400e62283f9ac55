"""The routes of the pages Cost and Budgets."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steward.domains.telemetry import CostBy
from steward.kit.errors import NotFound, StewardError
from steward.surfaces.web import pages, pages_budgets, pages_cost, views
from steward.surfaces.web.answering import HEADERS, Built, edge_of, form_of, frame, list_page, page, words
from steward.surfaces.web.caller import Caller, told
from steward.surfaces.web.views_rooms import ListFilter

router = APIRouter(include_in_schema=False)
_WORDS = (*pages_cost.NARROWING, "range", "split")
_MORE_WORDS = (*pages_cost.NARROWING_RESPONSES, "range", "unpriced")


@router.get("/cost")
async def cost(request: Request) -> Response:
    """Show what was spent."""

    def build(call: Caller, chosen: ListFilter, _: object) -> object:
        return pages_cost.cost(call, chosen)

    return await list_page(request, "cost.html", words(request, "/cost", *_WORDS), build)


@router.get("/cost/responses")
async def responses(request: Request) -> Response:
    """List responses of models."""

    def build(call: Caller, chosen: ListFilter, _: object) -> object:
        return pages_cost.responses(call, chosen)

    chosen = words(request, "/cost/responses", *_MORE_WORDS)
    return await list_page(request, "cost_responses.html", chosen, build, here="/cost")


@router.get("/cost/{by}")
async def cost_by(request: Request, by: str) -> Response:
    """Show what was spent by one thing."""
    if by not in tuple(CostBy):
        raise NotFound(f"cost is not told by {by!r}", hint=f"it is by {', '.join(CostBy)}")

    def build(call: Caller, chosen: ListFilter, _: object) -> object:
        return pages_cost.table(call, chosen, CostBy(by))

    return await list_page(
        request, "cost_table.html", words(request, f"/cost/{by}", *_MORE_WORDS), build, here="/cost"
    )


@router.get("/budgets")
async def budgets(request: Request) -> Response:
    """Show the budgets."""
    return await _budgets(request)


async def _budgets(
    request: Request, problem: str | None = None, status: int = 200, given: Mapping[str, str] | None = None
) -> Response:
    chosen = words(request, "/budgets")

    def build(call: Caller) -> Built:
        known = pages.known_projects(call)
        around: views.Frame = frame(request, call, known, chosen.get("project"), "/budgets")
        narrowed = chosen.with_(project=around.project.slug if around.project else None)
        shown = pages_budgets.budgets(call, narrowed, known, problem, given)
        return "budgets.html", "/budgets", shown, around

    return await page(request, build, status)


@router.post("/budgets")
async def add_budget(request: Request) -> Response:
    """Add a budget by the form of the page."""
    form = await form_of(request)
    try:
        given = pages_budgets.added(form)
        await edge_of(request).call("telemetry.add_budget", given, request.state.actor)
    except StewardError as exc:
        return await _budgets(request, told(exc), exc.status, form)
    return RedirectResponse("/budgets", 303, headers=HEADERS)


@router.post("/budgets/{budget}")
async def change_budget(request: Request, budget: UUID) -> Response:
    """Change a budget by its form, or let it hold no longer, or again."""
    form = await form_of(request)
    try:
        await _change(request, str(budget), form)
    except StewardError as exc:
        return await _budgets(request, told(exc), exc.status)
    return RedirectResponse("/budgets", 303, headers=HEADERS)


async def _change(request: Request, budget: str, form: Mapping[str, str]) -> None:
    edge, actor = edge_of(request), request.state.actor
    if form.get("do") == "remove":
        await edge.call("telemetry.remove_budget", {"budget": budget}, actor)
    elif form.get("do") == "restore":
        await edge.call("telemetry.update_budget", {"budget": budget, "active": True}, actor)
    else:
        await edge.call("telemetry.update_budget", {"budget": budget} | pages_budgets.changed(form), actor)
