"""What the audit log says, in the words of a history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from steward.domains import audit
from steward.kit.errors import StewardError
from steward.surfaces.web import views

_HISTORY_ROWS = 100
# Read more than is shown: an import writes a row for each task, and is shown as one line.
_READ_ROWS = 500
_MOST_PAGES = 4
_ACTIVITY_ROWS = 14
_SHOWN = 160
# What an operation did, its icon, and the state whose colour it wears.
_VERBS: Mapping[str, tuple[str, str, str | None]] = {
    "work.add": ("added", "list", None),
    "work.start": ("started", "bolt", "in_progress"),
    "work.finish": ("finished", "check", "done"),
    "work.fail": ("reported a failed try of", "alert", "failed"),
    "work.give_back": ("gave back", "inbox", None),
    "work.requeue": ("requeued", "inbox", None),
    "work.delete": ("removed", "close", None),
}
_ACTIONS: Mapping[str, tuple[str, str, str | None]] = {
    "create": ("added", "list", None),
    "update": ("changed", "list", None),
    "delete": ("removed", "close", None),
}
_OTHER = ("touched", "list", None)
# Columns that say nothing to a person, or that the sentence says already.
_SILENT = frozenset(
    {
        "id",
        "project_id",
        "number",
        "created_at",
        "started_at",
        "completed_at",
        "created_by_user_id",
        "created_by_agent_id",
        "assigned_user_id",
        "assigned_agent_id",
        "parent_task_id",
        "import_file_id",
        "import_hash",
        "import_path",
        "original",
        "order_index",
        "metadata",
        "result",
    }
)


_TIE = "task_dependency"
_TIED = ("related this task to", "let this task wait for")
_UNTIED = ("took away the relation to", "let this task wait no more for")
_BELONGS = frozenset({"epic_id", "issue_id", "workflow_id"})


def of_task(call: Callable[..., Any], task_id: str, names: Mapping[str, str]) -> list[views.Event]:
    """Return what happened to a task and its ties, newest first; `names` are the references of tasks by id."""
    found = call("audit.history", resource=task_id, limit=_HISTORY_ROWS).items
    return [_tie(call, each, names) if each.resource_type == _TIE else _change(each) for each in found]


def _tie(call: Callable[..., Any], change: audit.Change, names: Mapping[str, str]) -> views.Event:
    """Return how a task was tied to another, or untied."""
    made = change.event_action is audit.EventAction.CREATE
    values = {each.field: each.new if made else each.old for each in change.changes}
    other = str(values.get("depends_on_task_id") or "")
    related = values.get("dependency_type") == "relates_to"
    words = _TIED if made else _UNTIED
    return views.Event(
        id=str(change.id),
        at=change.created_at,
        actor=_who(change),
        what=words[0] if related else words[1],
        icon="link",
        subject=names.get(other) or _reference(call, other),
        href=f"/tasks/{other}" if other else None,
    )


def _reference(call: Callable[..., Any], task_id: str) -> str:
    """Return what a task is called that nothing ties any more."""
    try:
        return str(call("work.get", task=task_id).task.ref)
    except StewardError:
        return "a task that was removed"


def activity(call: Callable[..., Any], project: str | None) -> list[views.Event]:
    """Return what happened lately to tasks, newest first, in one project or all."""
    rows: list[audit.AuditEntry] = []
    groups: list[list[audit.AuditEntry]] = []
    cursor = None
    for _ in range(_MOST_PAGES):
        page = call("audit.list", project=project, resource_type="task", limit=_READ_ROWS, cursor=cursor)
        rows += page.items
        groups = [list(entries) for _, entries in groupby(rows, _deed)]
        cursor = page.next_cursor
        if cursor is None or len(groups) > _ACTIVITY_ROWS:
            break
    return [_entry(entries) for entries in groups[:_ACTIVITY_ROWS]]


def _deed(entry: audit.AuditEntry) -> tuple[Any, ...]:
    """Return what makes neighbouring rows one deed: the same hand doing the same at the same moment."""
    return (
        entry.agent_name or entry.user_name,
        entry.operation,
        entry.event_action,
        entry.created_at,
    )


def _entry(entries: list[audit.AuditEntry]) -> views.Event:
    entry = entries[0]
    verb, icon, state = _words(entry)
    # One deed may touch a task more than once.
    tasks = len({each.resource_id for each in entries})
    one = tasks == 1
    return views.Event(
        id=str(entry.id),
        at=entry.created_at,
        actor=_who(entry),
        what=verb if one else f"{verb} {tasks:,} tasks",
        icon=icon,
        state=state,
        subject=(entry.resource_name or entry.resource_id) if one else None,
        href=f"/tasks/{entry.resource_id}" if one else None,
    )


def _change(change: audit.Change) -> views.Event:
    verb, icon, state = _words(change)
    return views.Event(
        id=str(change.id),
        at=change.created_at,
        actor=_who(change),
        what=f"{verb} this task",
        icon=icon,
        state=state,
        changes=list(_fields(change)) if change.event_action is audit.EventAction.UPDATE else (),
    )


def _who(entry: audit.AuditEntry | audit.Change) -> str:
    return entry.agent_name or entry.user_name or "Steward"


def _words(entry: audit.AuditEntry | audit.Change) -> tuple[str, str, str | None]:
    operation = entry.operation or ""
    if operation.startswith("import"):
        return (
            "imported" if entry.event_action is audit.EventAction.CREATE else "updated by import",
            "inbox",
            None,
        )
    if entry.resource_type == "task" and operation in _VERBS:
        return _VERBS[operation]
    if entry.event_type is audit.EventType.TASK_ASSIGNED:
        return ("assigned", "person", None)
    return _ACTIONS.get(entry.event_action, _OTHER)


def _fields(change: audit.Change) -> Iterable[views.Change]:
    told = [each for each in change.changes if each.field not in _SILENT]
    for each in sorted(told, key=lambda each: (each.field != "status", each.field)):
        if each.field in _BELONGS:
            # Ids say nothing; what it belongs to now stands beside the history.
            set_to = ("another" if each.old else "set") if each.new else None
            yield views.Change(each.field.removesuffix("_id"), "one" if each.old else None, set_to)
            continue
        yield views.Change(
            each.field.removesuffix("_id").replace("_", " "),
            _short(each.field, each.old),
            _short(each.field, each.new),
        )


def _short(name: str, value: Any) -> str | None:
    """Return a value as one short line; None when there is none."""
    if value is None or value in ("", [], {}):
        return None
    if name == "status":
        return views.words(str(value))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
