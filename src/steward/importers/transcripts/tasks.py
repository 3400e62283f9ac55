"""Which of our tasks a session says it works on: by its branch, and by its own calls of Steward."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry import Batch, NamedTask, TieSource
from steward.importers.transcripts.projector import NamesTasks, Projector

_HELD = 64
_LOOKED_AT = 4000
_TOOL = re.compile(r"(?:^|_)work_(claim|start|finish|fail|give_back)$")
_COMMAND = re.compile(r"\bsteward\b[^\n;&|]*\bwork\s+(claim|start|finish|fail|give[-_]back)\b([^\n;&|]*)")
_REF = re.compile(r"(?<![A-Za-z0-9_-])[A-Z][A-Z0-9]{1,9}-[0-9]{1,9}(?![A-Za-z0-9-])")
_NAMED = re.compile(r'"ref\\*":\s*\\*"([A-Z][A-Z0-9]{1,9}-[0-9]{1,9})\\*"')
_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f-])")
_IN_BRANCH = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]{1,9}-[0-9]{1,9}(?![A-Za-z0-9])")
_BEGINS = ("claim", "start")


class Tasks:
    """The stretches of work that a session's own calls tell of: from claim or start to finish, failure or return."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        # call: verb, the task that it names
        self._asked: dict[str, list[str]] = known.get("asked", {})
        # the task as it is named: session, call that began it, when
        self._held: dict[str, list[str]] = known.get("held", {})
        self.named: list[NamedTask] = []

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered."""
        return {"asked": self._asked, "held": self._held}

    def asked(self, call: str, tool: str, text: str) -> bool:
        """Look at a call that is made; tell whether its end is of interest.

        Args:
            call: its id.
            tool: its name.
            text: the command of a shell, else the arguments.
        """
        named = _TOOL.search(tool)
        typed = None
        if named is None:
            typed = _COMMAND.search(text[:_LOOKED_AT]) if "steward" in text else None
            if typed is None:
                return False
        verb = named[1] if named else typed[1].replace("-", "_") if typed else ""
        self._asked[call] = [verb, _word_in(typed[2] if typed else text[:_LOOKED_AT]) or ""]
        _bound(self._asked)
        return True

    def answered(self, session: UUID, call: str, text: str, at: datetime, *, failed: bool) -> None:
        """Look at the end of a call: it may begin a stretch or end one."""
        verb, word = self._asked.pop(call, ("", ""))
        word = word or _word_in(text[:_LOOKED_AT]) or ""
        if not verb or failed or not word:
            return
        if verb in _BEGINS:
            _, began_by, since = self._held.setdefault(word, [str(session), call, at.isoformat()])
            _bound(self._held)
            self._tell(session, word, began_by, since, None)
        elif word in self._held:
            _, began_by, since = self._held.pop(word)
            self._tell(session, word, began_by, since, at)

    def _tell(self, session: UUID, word: str, call: str, since: str, until: datetime | None) -> None:
        began = datetime.fromisoformat(since)
        self.named.append(NamedTask(session, word, TieSource.TRANSCRIPT, began, until, call))


def named_by_branch(
    session: UUID, branch: str, since: datetime, until: datetime | None = None
) -> list[NamedTask]:
    """Return the tasks that a branch may be named after, from when the session was on it."""
    words = dict.fromkeys(found.upper() for found in _IN_BRANCH.findall(branch[:500]))
    stretch = f"{branch[:150]} {since.isoformat()}"
    return [NamedTask(session, word, TieSource.BRANCH, since, until, stretch) for word in list(words)[:5]]


def named_in(projector: Projector, batch: Batch, branches: dict[UUID, str]) -> list[NamedTask]:
    """Return the tasks that a piece of a transcript names: as its reader tells, else by the branches of its sessions.

    Args:
        projector: the reader.
        batch: what it found in the piece.
        branches: those of earlier pieces; each is told once, for what a session spends later goes by the same stretch.
    """
    if isinstance(projector, NamesTasks):
        return projector.take_named()
    named = []
    for told in batch.sessions:
        if told.git_branch and branches.get(told.id) != told.git_branch:
            branches[told.id] = told.git_branch
            named += named_by_branch(told.id, told.git_branch, told.start_time)
    return named


def _word_in(text: str) -> str | None:
    """Return the task that an answer of ours is about, else the first that a text names, by reference before id."""
    if told := _NAMED.search(text):
        return told[1]
    found = _REF.search(text) or _ID.search(text)
    return found[0] if found else None


def _bound(kept: dict[str, list[str]]) -> None:
    while len(kept) > _HELD:
        del kept[next(iter(kept))]
