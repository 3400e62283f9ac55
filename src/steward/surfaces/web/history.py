"""What the audit log says, in the words of a history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from steward.surfaces.web import views

_HISTORY_ROWS = 100
_ACTIVITY_ROWS = 12
_SHOWN = 160
# What an operation did, its icon, and the state whose colour it wears.
_DONE: Mapping[str, tuple[str, str, str | None]] = {
    "work.add": ("added", "list", None),
    "work.start": ("started", "bolt", "in_progress"),
    "work.finish": ("finished", "check", "done"),
    "work.fail": ("reported a failed try of", "alert", "failed"),
    "work.give_back": ("gave back", "inbox", None),
    "work.requeue": ("requeued", "inbox", None),
    "work.update": ("changed", "list", None),
    "work.delete": ("removed", "close", None),
    "work.depend": ("tied", "link", None),
    "work.undepend": ("untied", "link", None),
}
_ACTIONS: Mapping[str, tuple[str, str, str | None]] = {
    "create": ("added", "list", None),
    "update": ("changed", "list", None),
    "delete": ("removed", "close", None),
}
# Columns that say nothing to a person, or that the sentence says already.
_SILENT = frozenset(
    {
        "id",
        "project_id",
        "number",
        "version",
        "created_at",
        "updated_at",
        "started_at",
        "completed_at",
        "created_by_user_id",
        "created_by_agent_id",
        "import_file_id",
        "original",
        "order_index",
    }
)


def of_task(call: Callable[..., Any], row: Any) -> list[views.Event]:
    """Return what happened to a task, newest first."""
    found = call("audit.history", resource=str(row.id), limit=_HISTORY_ROWS)
    return [_event(each) for each in found.items]


def activity(call: Callable[..., Any], project: str | None) -> list[views.Event]:
    """Return what happened lately, in one project or all."""
    found = call("audit.activity", project=project or "all", limit=_ACTIVITY_ROWS)
    return [_event(each) for each in found.items]


def _event(row: Any) -> views.Event:
    what, icon, state = (
        _DONE.get(row.operation or "") or _imported(row) or _ACTIONS.get(row.event_action, _OTHER)
    )
    is_task = row.resource_type == "task"
    return views.Event(
        id=str(row.id),
        at=row.created_at,
        actor=row.agent_name or row.user_name or "somebody",
        what=what if is_task else f"{what} {_thing(row.resource_type)}",
        icon=icon,
        state=state,
        subject=row.resource_name,
        href=f"/tasks/{row.resource_id}" if is_task else None,
        changes=list(_changes(row)) if row.event_action == "update" else (),
    )


_OTHER = ("touched", "list", None)


def _imported(row: Any) -> tuple[str, str, str | None] | None:
    if not str(row.operation or "").startswith("importers."):
        return None
    return ("imported" if row.event_action == "create" else "changed by import", "inbox", None)


def _thing(kind: str) -> str:
    return kind.replace("_", " ")


def _changes(row: Any) -> Iterable[views.Change]:
    old, new = row.old_values or {}, row.new_values or {}
    for name in sorted(new, key=lambda each: (each != "status", each)):
        if name not in _SILENT:
            yield views.Change(_thing(name), _short(old.get(name)), _short(new[name]))


def _short(value: Any) -> str | None:
    """Return a value as one short line; None when there is none."""
    if value is None or value in ("", [], {}):
        return None
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
