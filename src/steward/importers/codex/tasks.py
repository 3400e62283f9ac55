"""On which of our tasks a session says it works: its own calls of Steward, by MCP or by the command line."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry import TieSource, TieTold

_OPEN = 64
_TOOL = re.compile(r"(?:^|_)work_(claim|start|finish|fail|give_back)$")
_COMMAND = re.compile(r"\bsteward\b[^\n;&|]*\bwork\s+(claim|start|finish|fail|give[-_]back)\b([^\n;&|]*)")
_WORD = re.compile(r"[A-Z][A-Z0-9]{1,9}-\d{1,9}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_BEGINS = ("claim", "start")


class Tasks:
    """The stretches of work that a session's own calls tell of."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        # call: verb, the task that it names
        self._asked: dict[str, list[str]] = {call: list(told) for call, *told in known.get("asked", [])}
        # task id: its reference, call that began it, when
        self._held: dict[str, list[str]] = {task: list(told) for task, *told in known.get("held", [])}

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered."""
        return {
            "asked": [[call, *told] for call, told in self._asked.items()],
            "held": [[task, *told] for task, told in self._held.items()],
        }

    def asked(self, call: str, tool: str, text: str) -> None:
        """Look at a call that is made.

        Args:
            call: its id.
            tool: its name.
            text: the command of a shell, else the arguments.
        """
        named = _TOOL.search(tool)
        typed = _COMMAND.search(text[:2000]) if named is None and "steward" in text[:2000] else None
        if named is None and typed is None:
            return
        verb = named[1] if named else typed[1].replace("-", "_") if typed else ""
        word = _WORD.search(text[:2000] if named else typed[2] if typed else "")
        self._asked[call] = [verb, word[0] if word else ""]
        _bound(self._asked)

    def answered(self, session: UUID, call: str, text: str, failed: bool, at: datetime) -> TieTold | None:
        """Look at the end of a call; return the stretch that it begins or ends."""
        verb, word = self._asked.pop(call, ["", ""])
        if not verb or failed:
            return None
        if verb in _BEGINS:
            return self._begun(session, call, text, at)
        for task, (ref, began_by, since) in list(self._held.items()):
            if word in (ref, task):
                del self._held[task]
                return _stretch(session, task, began_by, datetime.fromisoformat(since), at)
        return None

    def _begun(self, session: UUID, call: str, text: str, at: datetime) -> TieTold | None:
        found = _task_in(text)
        if found is None:
            return None
        task, ref = found
        if task not in self._held:
            self._held[task] = [ref, call, at.isoformat()]
            _bound(self._held)
        _, began_by, since = self._held[task]
        return _stretch(session, task, began_by, datetime.fromisoformat(since), None)


def _bound(kept: dict[str, list[str]]) -> None:
    if len(kept) > _OPEN:
        del kept[next(iter(kept))]


def _stretch(session: UUID, task: str, call: str, since: datetime, until: datetime | None) -> TieTold:
    return TieTold(session, UUID(task), TieSource.TRANSCRIPT, since, until, stretch=call)


def _task_in(text: str) -> tuple[str, str] | None:
    """Return id and reference of the task that an answer of ours holds."""
    start = text.find("{")
    if start < 0 or len(text) > 200_000:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    for each in (data.get("task"), data.get("structuredContent"), data):
        held = each.get("task", each) if isinstance(each, dict) else None
        if isinstance(held, dict) and isinstance(held.get("id"), str) and isinstance(held.get("ref"), str):
            try:
                return str(UUID(held["id"])), held["ref"][:40]
            except ValueError:
                return None
    return None
