"""Which lines of a rollout are its own: forks and subagents begin with a copy of their parent's history.

A copy is told by what cannot be otherwise: a turn id that is older than the thread, a time before the thread was made,
a place before the one that the file names as the begin of its own, or the parent's `session_meta`. Older clients leave
none of the four at its end; they write the copy in one burst, and what follows within a second belongs to it. Lines
after a foreign `session_meta` are copies again, whatever was believed before: a line too many is told by the parent's
own file, a response too many is counted for ever.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from steward.domains.telemetry import clean

_BURST_MS = 1000
# However large a history is, copying it takes no longer.
_LONGEST_MS = 30_000
_TURNS = frozenset({"task_started", "turn_started", "turn_context"})


def made_ms(name: Any) -> int | None:
    """Return the time that a uuid of version 7 holds, in milliseconds of the epoch; None for other names."""
    if not isinstance(name, str):
        return None
    try:
        found = UUID(name)
    except ValueError:
        return None
    return found.int >> 80 if found.version == 7 else None


def parent_of(meta: dict[str, Any]) -> str | None:
    """Return the thread that started this one as a subagent."""
    spawn = _spawn(meta)
    parent = meta.get("parent_thread_id") or spawn.get("parent_thread_id")
    if not isinstance(parent, str) and isinstance(meta.get("source"), dict) and "subagent" in meta["source"]:
        parent = meta.get("forked_from_id")
    return parent if isinstance(parent, str) and parent.strip() else None


def subagent_of(meta: dict[str, Any]) -> str | None:
    """Return what kind of subagent this is, such as `review`; None for a session that a person began."""
    source = meta.get("source")
    told = source.get("subagent") if isinstance(source, dict) else None
    if isinstance(told, str) and told.strip():
        return clean(told[:100])
    spawn = _spawn(meta)
    named = spawn.get("agent_role") or spawn.get("agent_nickname") or meta.get("agent_role")
    if isinstance(named, str) and named.strip():
        return clean(named[:100])
    if isinstance(told, dict) and told:
        return clean(str(next(iter(told)))[:100])
    return "subagent" if told is not None or meta.get("thread_source") == "subagent" else None


def _spawn(meta: dict[str, Any]) -> dict[str, Any]:
    source = meta.get("source")
    told = source.get("subagent") if isinstance(source, dict) else None
    spawn = told.get("thread_spawn") if isinstance(told, dict) else None
    return spawn if isinstance(spawn, dict) else {}


class Lineage:
    """Tells copies from lines of the thread's own, line by line."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self.thread: str | None = known.get("thread")
        self.related: bool = known.get("related", False)
        self.copying: bool = known.get("copying", False)
        self._made: int = known.get("made", 0)
        self._last: int | None = known.get("last")
        self._copied_from: int = known.get("copied_from", 0)
        # Turn ids tell the time of turns in this file, so that nothing has to be guessed.
        self._sure: bool = known.get("sure", False)
        self._own_from: int | None = known.get("own_from")

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered."""
        return {
            "thread": self.thread,
            "related": self.related,
            "copying": self.copying,
            "made": self._made,
            "last": self._last,
            "copied_from": self._copied_from,
            "sure": self._sure,
            "own_from": self._own_from,
        }

    def begin(self, thread: str, meta: dict[str, Any], at_ms: int, said_ms: int | None) -> None:
        """Take the first `session_meta` in.

        Args:
            thread: the file's own.
            meta: its payload; empty where the file has none.
            at_ms: when the line was written.
            said_ms: when the thread was made by its own word.
        """
        self.thread = thread
        self._made = made_ms(thread) or said_ms or at_ms
        self._last = self._copied_from = at_ms
        start = meta.get("subagent_history_start_ordinal")
        self._own_from = start if isinstance(start, int) else None
        self.related = bool(parent_of(meta) or meta.get("forked_from_id"))
        # With a base the parent's lines stay in the parent's file.
        self.copying = self.related and not isinstance(meta.get("history_base"), dict)

    def meta_again(self, thread: Any, at_ms: int | None) -> None:
        """Take a further `session_meta` in: the parent's begins a copy, the thread's own ends it."""
        if at_ms is not None and at_ms >= self._made:
            self._last = self._copied_from = at_ms
        if thread == self.thread:
            self.copying = False
        elif isinstance(thread, str):
            self.related = self.copying = True

    def is_copy(self, kind: str, payload: dict[str, Any], at_ms: int | None, ordinal: Any) -> bool:
        """Return whether a line is a copy of the parent's."""
        if not self.related:
            return False
        if self._own_from is not None and isinstance(ordinal, int):
            self.copying = ordinal < self._own_from
            return self.copying
        turn = made_ms(payload.get("turn_id")) if kind in _TURNS else None
        if turn is not None:
            self._sure = True
            self.copying = turn < self._made
        elif self.copying and not self._sure and at_ms is not None:
            self._guess(at_ms)
        return self.copying

    def _guess(self, at_ms: int) -> None:
        if at_ms < self._made:
            # Copies that kept their times; the first line after them is the thread's own.
            self._last = None
            return
        near = self._last is not None and at_ms - self._last <= _BURST_MS
        self.copying = near and at_ms - self._copied_from <= _LONGEST_MS
        self._last = at_ms
