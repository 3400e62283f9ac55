"""The first page, the projects, and what a search finds. What pages show comes from operations alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from steward.domains import work
from steward.kit.errors import Invalid, NotFound
from steward.kit.types import Notice
from steward.surfaces.web import history, pages_talk, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_tasks import GROUPS, task_view

_PANEL_ROWS = 8
_FOUND_ROWS = 20
# Where each kind is looked at; a comment is read with what it is about, which is a task or an issue.
_HREFS = {
    work.SearchKind.TASK: "/tasks/{1}",
    work.SearchKind.ISSUE: "/issues/{1}",
    work.SearchKind.EPIC: "/epics/{0}/{1}",
    work.SearchKind.DEVLOG: "/devlog/{0}/{1}",
}
# Where what a notice tells of is looked at, by what its topic begins with.
_ABOUT = {
    "telemetry.budget": views.Link("Budgets", "/budgets"),
    "work.quarantine": views.Link("Failed tasks", "/tasks?status=failed"),
}
_COUNTED = (
    "ready",
    "claimed",
    "in_progress",
    "in_review",
    "testing",
    "awaiting_input",
    "waiting",
    "blocked",
    "draft",
    "deferred",
    "failed",
    "done",
    "cancelled",
)
_ALWAYS = frozenset({"ready", "in_progress", "waiting", "done"})


def search(call: Caller, query: str) -> views.SearchPage:
    """Return what a search finds, in every project."""
    query = query.strip()
    if not query:
        return views.SearchPage("")
    try:
        page = call("work.search", project=EVERYWHERE, text=query, limit=_FOUND_ROWS)
    except Invalid:
        # Only signs: a page that is being typed into shows nothing yet.
        return views.SearchPage(query)
    return views.SearchPage(query, [_found(hit) for hit in page.items])


def _found(hit: work.Hit) -> views.Found:
    return views.Found(
        kind=str(hit.kind),
        key=hit.ref,
        href=_HREFS[hit.kind].format(hit.project, quote(hit.ref, safe="")) if hit.kind in _HREFS else None,
        title=pieces(hit.title, hit.title_spans),
        snippet=pieces(hit.snippet, hit.snippet_spans),
        status=hit.status,
        project=hit.project,
    )


def pieces(text: str, spans: Sequence[work.Span]) -> list[tuple[str, bool]]:
    """Cut a text where marks begin and end."""
    pieces, at = [], 0
    for span in spans:
        pieces += [(text[at : span.start], False), (text[span.start : span.end], True)]
        at = span.end
    return [*pieces, (text[at:], False)]


def overview(call: Caller, project: str | None) -> views.Overview:
    """Return the first page, of all projects or one."""
    where = project or EVERYWHERE
    counts = {each.name: each.count for each in call("work.count", project=where).by_state}
    told = call("telemetry.notices")
    notices = [_notice(each) for each in told.notices]
    if not counts:
        return views.Overview(0, notices=notices, more_notices=told.more)
    found = call("work.overview", project=where, limit=_PANEL_ROWS)
    total = sum(counts.values())
    chosen = views.TaskFilter(project=project)
    return views.Overview(
        total=total,
        counts=list(_counts(counts, chosen)),
        bar=views.bar(counts | {"pending": sum(counts.get(state, 0) for state in GROUPS["pending"])}),
        done_percent=counts.get("done", 0) * 100 // total,
        filter=chosen,
        working=[task_view(row) for row in found.in_work],
        working_total=sum(counts.get(state, 0) for state in GROUPS["active"]),
        ready=_some(call, where, "ready") if counts.get("ready") else (),
        ready_total=counts.get("ready", 0),
        # What each waits for in full is on its own page: working it out for every task takes too long here.
        waiting=_some(call, where, "waiting") if counts.get("waiting") else (),
        waiting_total=counts.get("waiting", 0),
        questions=[pages_talk.question(each) for each in call("work.inbox", project=where, limit=3).items],
        quarantined=_quarantined(call, where) if found.quarantined else (),
        quarantined_total=found.quarantined,
        finished=[
            replace(task_view(row), updated_at=row.completed_at or row.updated_at) for row in found.finished
        ],
        activity=history.activity(call, project),
        notices=notices,
        more_notices=told.more,
    )


def _notice(told: Notice) -> views.Notice:
    about = next((link for start, link in _ABOUT.items() if told.topic.startswith(start)), None)
    return views.Notice(told.message, told.level, told.created_at, about)


def _counts(counts: Mapping[str, int], chosen: views.TaskFilter) -> Iterable[views.Count]:
    """Return the figures on top: each task counts once, and each figure leads to the list of just these."""
    for state in _COUNTED:
        if counts.get(state) or state in _ALWAYS:
            yield views.Count(state, counts.get(state, 0), chosen.url(status=state))


def _some(call: Caller, where: str, state: str) -> list[views.Task]:
    page = call("work.list", project=where, state=[state], limit=_PANEL_ROWS)
    return [task_view(row) for row in page.items]


def _quarantined(call: Caller, where: str) -> list[views.Task]:
    page = call("work.list", project=where, status=["failed"], order="updated", limit=_PANEL_ROWS)
    texts = [(row, call("work.get", task=str(row.id)).text) for row in page.items]
    return [task_view(row, reason=text.quarantine_reason) for row, text in texts if text.quarantined_at][:4]


def known_projects(call: Caller) -> list[views.Project]:
    """Return every project by name, without figures: cheap enough for the frame of every page."""
    found = call("projects.list", limit=500).items
    return sorted((_project_view(row) for row in found), key=lambda project: project.name.lower())


def projects(call: Caller) -> list[views.Project]:
    """Return every project with what its tasks add up to, the one with most to do first."""
    progress = {each.project: each for each in call("work.progress")}
    found = call("projects.list", limit=500).items
    made = [_project_view(row, progress.get(row.slug)) for row in found]
    return sorted(made, key=lambda project: (-(project.tasks - project.done), project.name.lower()))


def _project_view(row: Any, progress: work.Progress | None = None) -> views.Project:
    counts = {count.name: count.count for count in progress.by_status} if progress else {}
    return views.Project(
        slug=row.slug,
        key=row.key,
        name=row.name,
        description=row.description,
        source=row.repository_url or row.path,
        tasks=sum(counts.values()),
        done=counts.get("done", 0),
        ready=progress.ready if progress else 0,
        working=counts.get("in_progress", 0),
        updated_at=row.updated_at,
        bar=views.bar(counts),
        status=str(row.status),
    )


def chosen_project(known: Sequence[views.Project], slug: str | None) -> views.Project | None:
    """Return the project of the address.

    Raises:
        NotFound: there is none of that name.
    """
    if not slug or slug == EVERYWHERE:
        return None
    for project in known:
        if slug.lower() in (project.slug.lower(), project.key.lower()):
            return project
    raise NotFound(f"there is no project {slug!r}", hint="the page Projects lists them")
