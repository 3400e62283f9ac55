"""The pages of epics and issues: lists, and one of each with its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from steward.domains import work
from steward.kit.op import Page
from steward.surfaces.web import pages_talk, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_tasks import CLOSED, task_view
from steward.surfaces.web.views_rooms import Empty, Field, ItemList, ItemPage, ListFilter, Prose, Row

ROWS = 100
TASKS = 50


def part(word: str) -> str:
    """Return a word as a part of an address."""
    return quote(word, safe="")


def project_field(projects: Sequence[views.Project]) -> Field:
    """Return the choice of a project."""
    return Field("project", "Project", [views.Option(each.slug, each.name) for each in projects])


def choice(name: str, label: str, values: Iterable[Any]) -> Field:
    """Return a choice among the words of an enum."""
    return Field(name, label, [views.Option(str(value), views.words(str(value))) for value in values])


def listing(
    title: str,
    chosen: ListFilter,
    fields: Sequence[Field],
    empty: Empty,
    found: Page[Any],
    rows: Sequence[Row],
) -> ItemList:
    """Return a page of a list from what an operation gave."""
    many = f"{'the first ' if found.next_cursor else ''}{len(rows)}" if rows else ""
    return ItemList(
        title,
        chosen,
        fields,
        empty,
        rows,
        f"{many} more" if chosen.get("cursor") and rows and not found.next_cursor else many,
        next_url=chosen.url(cursor=found.next_cursor) if found.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


def tasks_of(call: Caller, project: str, **where: str) -> dict[str, Any]:
    """Return the first tasks of an epic, issue or workflow, how many there are, and the list of all of them."""
    counts = call("work.count", project=project, **where)
    by_state = {each.name: each.count for each in counts.by_state}
    # What is left to do comes first.
    still = [name for name in by_state if name not in CLOSED]
    rows: list[work.TaskRow] = []
    if still:
        rows += call("work.list", project=project, **where, state=still, limit=TASKS).items
    if len(rows) < TASKS and len(still) < len(by_state):
        rest = TASKS - len(rows)
        rows += call(
            "work.list", project=project, **where, state=list(CLOSED), order="updated", limit=rest
        ).items
    pending = sum(by_state.get(name, 0) for name in ("ready", "claimed", "waiting"))
    done = by_state.get("done", 0)
    return {
        "tasks": [task_view(row) for row in rows],
        "tasks_total": counts.total,
        "tasks_url": views.TaskFilter(project=project, **where).url(),
        "bar": views.bar(by_state | {"pending": pending}),
        "bar_label": f"{done:,} of {views.numbered(counts.total, 'task')} done" if counts.total else "",
    }


# -------------------------------------------------------------------------------------------------------- epics


def epics(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> ItemList:
    """Return the list of epics."""
    found = call(
        "work.list_epics",
        project=chosen.get("project") or EVERYWHERE,
        status=[chosen.get("status")] if chosen.get("status") else None,
        text=chosen.get("text"),
        limit=ROWS,
        cursor=chosen.get("cursor"),
    )
    empty = Empty(
        "epic",
        "No epics yet",
        "An epic is a large piece of a project; its progress follows from its tasks.",
        ["steward work add-epic 'Checkout' --project shop", "steward work add 'Pay by card' --epic EPIC-001"],
    )
    fields = [project_field(projects), choice("status", "Status", work.EpicStatus)]
    return listing("Epics", chosen, fields, empty, found, [_epic_row(each) for each in found.items])


def _epic_row(epic: work.Epic) -> Row:
    waits = f"waits for {', '.join(epic.dependencies[:3])}" if epic.dependencies else None
    issues = f"{epic.issues - epic.issues_open} of {epic.issues} issues closed" if epic.issues else None
    return Row(
        id=str(epic.id),
        href=_epic_url(epic.project, epic.epic_id),
        key=epic.epic_id,
        title=epic.title,
        state=str(epic.status),
        at=epic.updated_at,
        priority=int(epic.priority),
        chips=[epic.project],
        note=waits if epic.status in ("planned", "blocked") and waits else issues,
        part=epic.tasks_done,
        whole=epic.tasks,
        closed=epic.status in ("completed", "cancelled"),
    )


def _epic_url(project: str, epic_id: str) -> str:
    return f"/epics/{part(project)}/{part(epic_id)}"


def epic(call: Caller, project: str, words: str) -> ItemPage:
    """Return the page of one epic."""
    found: work.Epic = call("work.get_epic", epic=words, project=project)
    issues = call("work.list_issues", epic=found.epic_id, project=found.project, limit=ROWS).items
    return ItemPage(
        kind="Epic",
        key=found.epic_id,
        title=found.title,
        state=str(found.status),
        crumbs=[
            views.Link("Epics", "/epics"),
            views.Link(found.project, f"/epics?project={part(found.project)}"),
        ],
        priority=int(found.priority),
        note="This epic is archived." if found.archived_at else None,
        prose=[Prose("", found.description)],
        facts=list(_epic_facts(found)),
        issues=[_issue_row(each) for each in issues],
        tasks_hint=f"steward work add 'First part' --project {found.project} --epic {found.epic_id}",
        graph_url=ListFilter("/graph", {"project": found.project, "epic": found.epic_id}).url(),
        **tasks_of(call, found.project, epic=found.epic_id),
    )


def _epic_facts(epic: work.Epic) -> Iterable[views.Fact]:
    if epic.dependencies:
        chips = [views.Link(name, _epic_url(epic.project, name)) for name in epic.dependencies]
        yield views.Fact("Waits for", chips=chips)
    if epic.complexity:
        yield views.Fact("Complexity", views.words(str(epic.complexity)))
    if epic.estimated_hours is not None:
        yield views.Fact("Estimate", f"{pages_talk.number(epic.estimated_hours)} h")
    if epic.actual_hours:
        yield views.Fact("Took", f"{pages_talk.number(epic.actual_hours)} h")
    yield from times(
        ("Created", epic.created_at), ("Completed", epic.completed_at), ("Updated", epic.updated_at)
    )


def times(*named: tuple[str, Any]) -> Iterable[views.Fact]:
    """Return the times that are known."""
    return (views.Fact(name, at=at) for name, at in named if at is not None)


# -------------------------------------------------------------------------------------------------------- issues


def issues(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> ItemList:
    """Return the list of issues."""
    found = call(
        "work.list_issues",
        project=chosen.get("project") or EVERYWHERE,
        status=[chosen.get("status")] if chosen.get("status") else None,
        label=chosen.get("label"),
        text=chosen.get("text"),
        limit=ROWS,
        cursor=chosen.get("cursor"),
    )
    empty = Empty(
        "issue",
        "No issues yet",
        "An issue is what somebody reported or wants; tasks that settle it belong to it.",
        [
            "steward work add-issue 'Login fails' --project shop",
            "steward work add 'Reproduce it' --issue SHOP-1",
        ],
    )
    fields = [project_field(projects), choice("status", "Status", work.IssueStatus), Field("label", "Label")]
    return listing("Issues", chosen, fields, empty, found, [_issue_row(each) for each in found.items])


def _issue_row(issue: work.Issue) -> Row:
    return Row(
        id=str(issue.id),
        href=f"/issues/{issue.ref}",
        key=issue.ref,
        title=issue.title,
        state=str(issue.status),
        at=issue.updated_at,
        priority=int(issue.priority),
        chips=issue.labels[:3],
        note=issue.assignee,
        part=issue.tasks_done,
        whole=issue.tasks,
        closed=issue.status in ("closed", "cancelled"),
    )


def issue(call: Caller, reference: str) -> ItemPage:
    """Return the page of one issue."""
    found: work.Issue = call("work.get_issue", issue=reference)
    comments = call("work.list_comments", on=found.ref, limit=pages_talk.COMMENTS)
    project_url = f"/issues?project={part(found.project)}"
    return ItemPage(
        kind="Issue",
        key=found.ref,
        title=found.title,
        state=str(found.status),
        crumbs=[views.Link("Issues", "/issues"), views.Link(found.project, project_url)],
        priority=int(found.priority),
        note=f"Why: {found.status_reason}" if found.status_reason else None,
        prose=[Prose("", found.description)],
        facts=list(_issue_facts(found)),
        tasks_hint=f"steward work add 'First step' --issue {found.ref}",
        notes=[pages_talk.comment(each) for each in comments.items],
        notes_hint=f"steward work comment {found.ref} 'Seen on 2.3 too'",
        **tasks_of(call, found.project, issue=found.ref),
    )


def _issue_facts(issue: work.Issue) -> Iterable[views.Fact]:
    yield views.Fact("Assignee", issue.assignee or "nobody")
    if issue.epic:
        yield views.Fact("Epic", chips=[views.Link(issue.epic, _epic_url(issue.project, issue.epic))])
    if issue.labels:
        links = [
            ListFilter("/issues", {"project": issue.project, "label": each}).url() for each in issue.labels
        ]
        yield views.Fact(
            "Labels", chips=[views.Link(*pair) for pair in zip(issue.labels, links, strict=True)]
        )
    if issue.github_id:
        yield views.Fact("GitHub", str(issue.github_id))
    yield from times(
        ("Created", issue.created_at), ("Closed", issue.closed_at), ("Updated", issue.updated_at)
    )
