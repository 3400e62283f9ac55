"""The page of one task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from steward.domains import work
from steward.surfaces.web import history, pages_sessions, pages_talk, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_tasks import state_of
from steward.surfaces.web.views import words


def task(
    call: Caller, words_of: str, projects: Sequence[views.Project], problem: str | None = None
) -> views.TaskPage:
    """Return the page of one task; `problem` is why what was just written did not go through."""
    found: work.Task = call("work.get", task=words_of)
    row = found.task
    questions = call("work.inbox", task=row.ref, limit=100).items
    comments = call("work.list_comments", on=row.ref, limit=pages_talk.COMMENTS)
    waits = [link for link in found.waits_for if link.relation == "waits_for"]
    state = state_of(row)
    return views.TaskPage(
        task=_full(found, state, projects),
        parents=[_link(link) for link in sorted(found.parents, key=lambda link: -link.depth)],
        children=[_link(link) for link in found.subtasks],
        blockers=[_link(link) for link in waits],
        blocked=[_link(link) for link in found.awaited_by],
        related=[_link(link) for link in found.waits_for if link.relation == "relates_to"],
        history=history.of_task(call, str(row.id), {str(link.id): link.ref for link in found.waits_for}),
        facts=[*_facts(found), *_waited(questions), *_times(found)],
        questions=[pages_talk.question(each) for each in questions],
        comments=[pages_talk.comment(each) for each in comments.items],
        comments_more=comments.next_cursor is not None,
        files=[pages_talk.attachment(each) for each in call("work.list_attachments", task=row.ref)],
        problem=problem,
        waits_for=_why_waiting(call, row) if state == "waiting" else None,
        take=state == "ready",
        took=pages_sessions.of_task(call, row.ref),
    )


def _why_waiting(call: Caller, row: work.TaskRow) -> str | None:
    found = call("work.blocked", project=EVERYWHERE, task=row.ref)
    if not found:
        return None
    names = ", ".join(found[0].blockers[:8]) + (" …" if len(found[0].blockers) > 8 else "")
    return f"{found[0].reason}: {names}" if names else str(found[0].reason)


def _full(found: work.Task, state: str, projects: Sequence[views.Project]) -> views.FullTask:
    row, text = found.task, found.text
    names = {project.slug: project.name for project in projects}
    return views.FullTask(
        key=row.ref,
        title=row.title,
        status=str(row.status),
        state=state,
        priority=int(row.priority),
        project_name=names.get(row.project, row.project),
        project_slug=row.project,
        description=text.description,
        details=text.details,
        test_strategy=text.test_strategy,
        requirements=[str(item) for item in text.requirements],
        acceptance=[str(item) for item in text.acceptance_criteria],
        result=_result(text.result),
        agent=row.held_by or row.assigned_to,
        lease_until=row.lease_until,
        attempts=text.attempts,
        quarantined_at=text.quarantined_at,
        reason=text.quarantine_reason or text.status_reason,
    )


def _result(result: Any) -> str | None:
    if isinstance(result, dict) and isinstance(result.get("summary"), str):
        return str(result["summary"])
    return str(result) if result else None


def _link(link: work.TaskLink) -> views.Tie:
    return views.Tie(link.ref, link.title, str(link.status), link.depth)


def _facts(found: work.Task) -> Iterable[views.Fact]:
    row, text = found.task, found.text
    chosen = views.TaskFilter(project=row.project)
    yield views.Fact("Project", chips=[views.Link(row.project, chosen.url())])
    if row.type is not work.TaskType.TASK:
        yield views.Fact("Kind", words(str(row.type)))
    if row.labels:
        yield views.Fact("Labels", chips=[views.Link(label, chosen.url(label=label)) for label in row.labels])
    if row.tag:
        yield views.Fact("Tag", chips=[views.Link(row.tag, chosen.url(tag=row.tag))])
    if text.required_capabilities:
        yield views.Fact("Needs", chips=[views.Link(name) for name in text.required_capabilities])
    if text.estimated_minutes is not None:
        yield views.Fact("Estimate", _minutes(text.estimated_minutes))
    if text.actual_minutes is not None:
        yield views.Fact("Took", _minutes(text.actual_minutes))
    if text.complexity_score is not None:
        yield views.Fact("Complexity", str(text.complexity_score))
    if text.attempts:
        yield views.Fact("Tries", f"{text.attempts} of {text.max_attempts}")
    yield from _belongs(row, text)
    if text.source:
        yield views.Fact("Source", PurePath(text.source).name)


def _belongs(row: work.TaskRow, text: work.TaskText) -> Iterable[views.Fact]:
    """Return what a task belongs to, each leading to its page."""
    if text.epic:
        href = f"/epics/{quote(row.project, safe='')}/{quote(text.epic, safe='')}"
        yield views.Fact("Epic", chips=[views.Link(text.epic, href)])
    if text.issue:
        yield views.Fact("Issue", chips=[views.Link(text.issue, f"/issues/{text.issue}")])
    if text.workflow:
        yield views.Fact("Workflow", chips=[views.Link(text.workflow, f"/workflows/{text.workflow_id}")])


def _waited(questions: Sequence[work.Question]) -> Iterable[views.Fact]:
    """Return how long people let the task wait, which is no time of work."""
    waited = sum(each.waited_ms for each in questions)
    if questions:
        yield views.Fact("Waited", f"{pages_talk.span(waited)} for people")


def _times(found: work.Task) -> Iterable[views.Fact]:
    row, text = found.task, found.text
    times = (
        ("Due", text.due_date),
        ("Created", row.created_at),
        ("Started", text.started_at),
        ("Finished", row.completed_at),
        ("Updated", row.updated_at),
    )
    yield from (views.Fact(name, at=at) for name, at in times if at is not None)


def _minutes(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
