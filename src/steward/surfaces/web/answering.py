"""What the routes of the pages share: they read the address, build in a thread, and render."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from steward.kit.errors import Invalid
from steward.surfaces.web import pages, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.render import CONTENT_SECURITY_POLICY, render
from steward.surfaces.web.views_rooms import ListFilter

if TYPE_CHECKING:
    from steward.surfaces.rest.edge import Edge

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    # Under no-referrer browsers send forms with the Origin `null`, which the guard refuses.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_LONGEST_WORD = 200

# Of a page: its template, where the navigation marks it, what it shows.
Built = tuple[str, str, object, views.Frame]


def edge_of(request: Request) -> Edge:
    """Return the way to operations."""
    edge: Edge = request.app.state.edge
    return edge


async def page(request: Request, build: Callable[[Caller], Built], status: int = 200) -> Response:
    """Build a page in a thread and render it there too: a long list takes a while."""
    edge = edge_of(request)
    call = Caller(edge.database, request.state.actor)

    def work() -> str:
        template, here, shown, around = build(call)
        return render(template, shown, around, here)

    return HTMLResponse(await edge.thread(work), status, headers=HEADERS)


def word(request: Request, name: str) -> str | None:
    """Return a query word without blanks around it; None when it is empty."""
    return request.query_params.get(name, "").strip()[:_LONGEST_WORD] or None


def words(request: Request, path: str, *names: str) -> ListFilter:
    """Return what a list shows, from the words of its address that it knows."""
    found = {name: value for name in (*names, "project") if (value := word(request, name))}
    cursor = request.query_params.get("cursor")
    return ListFilter(path, found | ({"cursor": cursor} if cursor else {}))


def frame(
    request: Request, call: Caller, known: list[views.Project], slug: str | None, here: str = "/"
) -> views.Frame:
    """Return what surrounds a page: who looks, the projects, and how many questions wait."""
    actor = request.state.actor
    chosen = pages.chosen_project(known, slug)
    return views.Frame(
        user=actor.user_name or actor.role,
        here=here,
        projects=[each for each in known if each.status != "archived" or each == chosen],
        project=chosen,
        questions=call("work.count_questions", project=EVERYWHERE),
    )


async def list_page(
    request: Request,
    template: str,
    chosen: ListFilter,
    build: Callable[..., object],
    status: int = 200,
    here: str | None = None,
) -> Response:
    """Show a list whose filter stands in the address.

    Args:
        request: who asks.
        template: what shows it.
        chosen: the filter.
        build: makes what is shown of the caller, the filter with the project in hand, and the projects.
        status: of the answer.
        here: where the navigation marks it; at the path of the filter when None.
    """

    def built(call: Caller) -> Built:
        known = pages.known_projects(call)
        leads = chosen.with_(project=None, cursor=None).url()
        around = frame(request, call, known, chosen.get("project"), leads)
        narrowed = chosen.with_(project=around.project.slug if around.project else None)
        return template, here or chosen.path, build(call, narrowed, known), around

    return await page(request, built, status)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, empty ones too; the guard has seen where it comes from and bounds its size."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid(f"Content-Type: {kind or 'none'} is no form", hint="send the form of the page")
    raw = (await request.body()).decode("utf-8", "replace")
    fields = parse_qs(raw, keep_blank_values=True)
    return {name: values[-1].replace("\r\n", "\n") for name, values in fields.items()}
