"""The pages of sessions: the list, one with its transcript, its raw record, and what tasks and agents took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from steward.domains import telemetry
from steward.kit.errors import Invalid
from steward.surfaces.web import pages, transcript, views
from steward.surfaces.web.caller import EVERYWHERE, Caller
from steward.surfaces.web.pages_items import choice, part, project_field, times
from steward.surfaces.web.pages_talk import size, span
from steward.surfaces.web.views_rooms import Empty, Field, Figure, ListFilter
from steward.surfaces.web.views_sessions import (
    Execution,
    Hit,
    Model,
    RawLine,
    RawPage,
    Session,
    SessionList,
    SessionPage,
    Share,
    Took,
    tokens,
    usd,
)

_ROWS = 50
_HITS = 8
_LINES = 100
_OF_TASK = 6
# Where a colour of tasks tells how a try stands.
_MARKS = {
    "running": "in_progress",
    "pending": "pending",
    "success": "done",
    "failure": "failed",
    "timeout": "blocked",
}
_CUT = " …"
# The project of what belongs to none.
_NONE = "system"


# --------------------------------------------------------------------------------------------------------------- list


def sessions(call: Caller, chosen: ListFilter, projects: Sequence[views.Project]) -> SessionList:
    """Return the list of sessions."""
    text = chosen.get("text")
    page = call(
        "telemetry.list",
        project=chosen.get("project") or EVERYWHERE,
        client=chosen.get("client"),
        agent=chosen.get("agent"),
        task=chosen.get("task"),
        model=chosen.get("model"),
        outcome=chosen.get("outcome"),
        state=chosen.get("state"),
        text=text,
        limit=_ROWS,
        cursor=chosen.get("cursor"),
    )
    rows = [session(row) for row in page.items]
    clients = [views.Option(name, name) for name in call("telemetry.clients")]
    return SessionList(
        chosen,
        [
            project_field(projects),
            Field("client", "Client", clients),
            choice("state", "State", telemetry.SessionState),
            choice("outcome", "Outcome", telemetry.Outcome),
            Field("task", "Task"),
            Field("model", "Model"),
        ],
        Empty(
            "session",
            "No sessions yet",
            "A session is known from the records of coding agents, from what they export, or from their hooks.",
            ["steward import ~/.claude"],
        ),
        rows,
        hits=_hits(call, text, chosen) if text and not chosen.get("cursor") else (),
        summary=f"{'the first ' if page.next_cursor else ''}{len(rows)}" if rows else "",
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


def _hits(call: Caller, text: str, chosen: ListFilter) -> list[Hit]:
    """Return what was said that holds the words."""
    try:
        page = call(
            "telemetry.search_messages", text=text, project=chosen.get("project") or EVERYWHERE, limit=_HITS
        )
    except Invalid:
        # Only signs: what is being typed finds nothing yet.
        return []
    return [
        Hit(
            href=f"/sessions/{hit.session_id}?cursor={part(hit.cursor)}",
            title=hit.session_title or f"A session of {hit.client}",
            who="agent" if hit.role is telemetry.MessageRole.ASSISTANT else "person",
            pieces=pages.pieces(hit.snippet, hit.snippet_spans),
            at=hit.timestamp,
        )
        for hit in page.items
    ]


def session(row: telemetry.SessionRow) -> Session:
    """Return a session as lists show it."""
    total = row.input_tokens + row.output_tokens + row.cache_read_tokens + row.cache_write_tokens
    return Session(
        id=str(row.id),
        title=" ".join((row.title or "").split()) or f"A session of {row.client}",
        client=row.client,
        project="" if row.project == _NONE else row.project,
        state=str(row.state),
        at=row.started_at,
        duration=span(row.duration_s * 1000),
        messages=row.messages,
        tools=row.tool_calls,
        tokens=tokens(total),
        cost=_cost(row.cost_usd, row.unpriced_calls, row.responses),
        model=transcript.short_model(row.model),
        tasks=row.tasks,
        failures=row.tool_failures,
        outcome=str(row.outcome) if row.outcome else None,
        agent=row.agent,
        unpriced=row.unpriced_calls,
    )


def _cost(cost: Any, unpriced: int, responses: int) -> str:
    """Return a cost; what has no price at all says so, what has in part is a lower bound."""
    if not responses:
        return ""
    if unpriced == responses:
        return "no price"
    return f"≥ {usd(cost)}" if unpriced else usd(cost)


# -------------------------------------------------------------------------------------------------------- one session


def one(
    call: Caller,
    reference: str,
    asked: transcript.Asked,
    projects: Sequence[views.Project],
    *,
    refreshed: bool,
) -> SessionPage:
    """Return the page of one session.

    Args:
        call: runs operations.
        reference: its id.
        asked: which stretch of it, of which part.
        projects: known ones.
        refreshed: only what stands around the transcript is wanted.
    """
    found: telemetry.Session = call("telemetry.get", session=reference)
    shown = session(found.session)
    live = found.session.state is telemetry.SessionState.ACTIVE
    names = {project.slug: project.name for project in projects}
    crumbs = [views.Link("Sessions", "/sessions")]
    crumbs += [views.Link(session(row).title, f"/sessions/{row.id}") for row in reversed(found.parents)]
    return SessionPage(
        session=shown,
        crumbs=crumbs,
        figures=list(_figures(found)),
        facts=list(_facts(found, names.get(shown.project, shown.project))),
        shares=_shares(found.session),
        models=[_model(each) for each in found.models],
        executions=[execution(each) for each in found.executions],
        subagents=[session(row) for row in found.subagents],
        parts=list(_parts(found, asked)),
        part=asked.part,
        chunk=None if refreshed else transcript.chunk(call, shown.id, replace(asked, live=live)),
        begin=transcript.Asked(part=asked.part, at="begin").page(shown.id),
        end=transcript.Asked(part=asked.part, at="end").page(shown.id),
        raw=f"/sessions/{shown.id}/raw" if found.transcripts else None,
        command=f"steward telemetry conversation {shown.id[:8]}",
    )


def _figures(found: telemetry.Session) -> Iterable[Figure]:
    row, did = found.session, found.figures
    note = (
        f"{row.unpriced_calls:,} of {views.numbered(row.responses, 'response')} without a price"
        if row.unpriced_calls
        else ""
    )
    yield Figure(
        "Cost",
        _cost(row.cost_usd, row.unpriced_calls, row.responses) or "$0",
        note or views.numbered(row.responses, "response"),
    )
    yield Figure(
        "Tokens", tokens(did.tokens_used), f"{tokens(row.cache_read_tokens)} of them read from the cache"
    )
    yield Figure("Said", f"{row.messages:,}", "prompts, replies and thoughts")
    failed = f"{row.tool_failures:,} failed" if row.tool_failures else "none failed"
    yield Figure("Tools", f"{row.tool_calls:,}", f"{failed}, {span(did.tools_ms)} in all")
    if did.files_modified or did.lines_added or did.lines_removed:
        files = "file" if did.files_modified == 1 else "files"
        yield Figure(
            "Changed",
            f"+{did.lines_added:,} / -{did.lines_removed:,}",
            f"lines of {did.files_modified:,} {files}",
        )
    if did.tests_run or did.build_attempts:
        tests = f"{did.tests_passed:,} of {did.tests_run:,}" if did.tests_run else "none"
        builds = f", builds {did.build_successes:,} of {did.build_attempts:,}" if did.build_attempts else ""
        yield Figure("Tests", tests, f"runs that passed{builds}")
    if did.waited_ms:
        yield Figure("Waited", span(did.waited_ms), "for people to allow tools")
    errors = "error" if did.errors_encountered == 1 else "errors"
    yield Figure("Quality", f"{did.quality_score:.0f}", f"of 100; {did.errors_encountered:,} {errors}")


def _facts(found: telemetry.Session, project: str) -> Iterable[views.Fact]:
    row, place = found.session, found.place
    if row.project != _NONE:
        yield views.Fact("Project", chips=[views.Link(project, f"/sessions?project={part(row.project)}")])
    told = list(dict.fromkeys(each.task for each in found.tasks))
    if told:
        yield views.Fact("Tasks", chips=[views.Link(ref, f"/tasks/{ref}") for ref in told[:20]])
    if row.agent:
        yield views.Fact("Agent", chips=[views.Link(row.agent, f"/agents/{part(row.agent)}")])
    commits = [each.sha[:8] for each in found.commits]
    texts = (
        ("Client", f"{row.client} {place.agent_version or ''}".strip()),
        ("Model", transcript.short_model(row.model)),
        ("Branch", row.git_branch),
        ("From", (place.git_commit or "")[:12]),
        ("Commits", ", ".join(commits[:8]) + (_CUT if commits[8:] else "")),
        ("Folder", place.cwd),
        ("Outcome", views.words(str(row.outcome)) if row.outcome else None),
        ("Lasted", span(row.duration_s * 1000)),
    )
    yield from (views.Fact(name, text) for name, text in texts if text)
    yield from times(("Began", row.started_at), ("Ended", row.ended_at))
    if row.ended_at is None:
        yield views.Fact("Last seen", at=row.last_seen_at)
    yield from _told_by(found)


def _told_by(found: telemetry.Session) -> Iterable[views.Fact]:
    """Return who told of a session, and how much of its record was read."""
    if found.sources:
        yield views.Fact("Told by", ", ".join(each.source for each in found.sources))
    if found.transcripts:
        lines, read = (sum(getattr(each, name) for each in found.transcripts) for name in ("lines", "bytes"))
        damaged = sum(each.damaged_lines for each in found.transcripts)
        yield views.Fact(
            "Record", f"{lines:,} lines, {size(read)}" + (f", {damaged:,} damaged" if damaged else "")
        )


def _shares(row: telemetry.SessionRow) -> list[Share]:
    """Return the bar of tokens by bucket, ends exact."""
    counts = (
        ("Input", "input", row.input_tokens),
        ("Read from the cache", "read", row.cache_read_tokens),
        ("Written to the cache", "write", row.cache_write_tokens),
        ("Output", "output", row.output_tokens),
    )
    total = sum(count for _, _, count in counts)
    found, seen = [], 0
    for name, kind, count in counts:
        start = seen * 1000 // total if total else 0
        seen += count
        if count:
            found.append(Share(name, kind, tokens(count), start, seen * 1000 // total - start))
    return found


def _model(use: telemetry.ModelUse) -> Model:
    total = use.input_tokens + use.output_tokens + use.cache_read_tokens + use.cache_write_tokens
    return Model(
        use.model, use.responses, tokens(total), _cost(use.cost_usd, use.unpriced_calls, use.responses)
    )


def _parts(found: telemetry.Session, asked: transcript.Asked) -> Iterable[views.Link]:
    """Return the choice of a part, where there is more than one; the chosen one has no address."""
    names = [each.subagent for each in found.parts if each.subagent]
    if not names:
        return
    for name, word in (("Everything", None), ("Main", transcript.MAIN), *((name, name) for name in names)):
        here = transcript.Asked(part=word).page(str(found.session.id))
        yield views.Link(name, None if word == asked.part else here)


def execution(row: telemetry.Execution) -> Execution:
    """Return a try of an agent as pages show it."""
    status = str(row.status)
    return Execution(
        id=str(row.id),
        mark=_MARKS[status],
        status=status,
        agent=row.agent,
        at=row.started_at,
        duration="" if row.execution_time_ms is None else span(row.execution_time_ms),
        tokens=tokens(row.total_tokens) if row.calls else "",
        cost=usd(row.cost_usd) if row.calls else "",
        task=views.Link(f"{row.task} {row.title}", f"/tasks/{row.task}") if row.task else None,
        session=str(row.session_id) if row.session_id else None,
        reason=" ".join((row.error_message or "").split())[:200],
    )


def raw(call: Caller, reference: str, chosen: ListFilter) -> RawPage:
    """Return the page of a session's own record."""
    found: telemetry.Session = call("telemetry.get", session=reference)
    page = call(
        "telemetry.raw_lines",
        session=str(found.session.id),
        limit=_LINES,
        most=4000,
        cursor=chosen.get("cursor"),
    )
    return RawPage(
        session(found.session),
        [
            RawLine(
                line.line_no,
                line.kind,
                line.line,
                line.damage,
                f"{line.length - len(line.line):,} more characters" if line.length > len(line.line) else "",
                line.part,
            )
            for line in page.items
        ],
        next_url=chosen.url(cursor=page.next_cursor) if page.next_cursor else None,
        first_url=chosen.url(cursor=None) if chosen.get("cursor") else None,
    )


# ----------------------------------------------------------------------------------------------- of tasks and agents


def of_task(call: Caller, task: str) -> Took | None:
    """Return what a task took; None when nothing did anything at it."""
    found: telemetry.TaskSessions = call("telemetry.task_sessions", task=task)
    took = found.figures
    if not took.sessions and not took.executions and not took.calls:
        return None
    return Took(
        [
            Figure(
                "Cost",
                _cost(took.cost_usd, took.unpriced_calls, took.calls) or "$0",
                views.numbered(took.calls, "response"),
            ),
            Figure(
                "Tokens", tokens(took.total_tokens), f"{tokens(took.cache_read_tokens)} read from the cache"
            ),
            Figure("Sessions", f"{took.sessions:,}", "worked on it"),
            Figure("Tries", f"{took.executions:,}", "of agents"),
        ],
        [session(row) for row in found.sessions[:_OF_TASK]],
        [execution(row) for row in found.executions[:_OF_TASK]],
        f"/sessions?task={part(task)}" if took.sessions > _OF_TASK else None,
    )


def _succeeded(took: telemetry.AgentFigures) -> str:
    """Say how many of an agent's tries succeeded; what was given back counts neither way."""
    ended = took.successes + took.failures
    return f"{took.success_rate:.0f} % succeeded" if ended else "none succeeded or failed"


def of_agent(call: Caller, agent: str) -> Took | None:
    """Return what an agent took and its last tries; None when there were none."""
    figures = call("telemetry.agent_figures", agent=agent)
    tries = call("telemetry.list_executions", project=EVERYWHERE, agent=agent, limit=_OF_TASK * 2).items
    if not tries or not figures:
        return None
    took: telemetry.AgentFigures = figures[0]
    return Took(
        [
            Figure("Tries", f"{took.total_executions:,}", _succeeded(took)),
            Figure("Mean try", span(took.avg_execution_time_ms), "from claim to end"),
            Figure("Tokens", tokens(took.total_tokens), views.numbered(took.calls, "response")),
            Figure("Cost", usd(took.cost_usd), "of all its responses"),
        ],
        executions=[execution(row) for row in tries],
    )
