"""What the lines of a transcript of Claude Code tell of sessions.

A file may hold entries of several sessions: each entry goes to the one that it names. The format is the vendor's own
and changes; whatever is unknown is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry import (
    Batch,
    CommitTold,
    MessageKind,
    MessageRole,
    MessageTold,
    NamedTask,
    Source,
    ToolTold,
)
from steward.importers.claude_code import speech, tools
from steward.importers.claude_code.sessions import Session, Sessions
from steward.importers.claude_code.usage import Responses
from steward.importers.claude_code.values import message_id, object_in, text_of
from steward.importers.transcripts.commands import commits_in, may_commit
from steward.importers.transcripts.projector import Place
from steward.importers.transcripts.tasks import Tasks

Entry = dict[str, Any]

_CALLS = 200
_CONTENT = 1_000_000
_USES = ("tool_use", "server_tool_use", "mcp_tool_use")
_METADATA = (
    "summary",
    "ai-title",
    "custom-title",
    "pr-link",
    "cost-state",
    "agent-name",
    "last-prompt",
    "mode",
)


def is_claude_code(first_objects: list[Entry]) -> bool:
    """Tell whether the first objects of a file are those of a transcript of Claude Code."""
    return any(_is_entry(entry) for entry in first_objects)


def _is_entry(entry: Entry) -> bool:
    kind = entry.get("type")
    if not isinstance(kind, str):
        return False
    if isinstance(entry.get("sessionId"), str):
        return "uuid" in entry or "message" in entry or kind in _METADATA or kind == "queue-operation"
    if kind == "summary":
        return "leafUuid" in entry
    return kind == "file-history-snapshot" and "messageId" in entry


class ClaudeCodeProjector:
    """Reads one transcript in order; see `Projector`."""

    format = "claude-code"
    version = 2

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self.batch = Batch()
        self._sessions = Sessions(known.get("sessions"))
        self._tasks = Tasks(known.get("tasks"))
        self._responses = Responses()
        # call: when it was made, and whether it may have committed
        self._calls: dict[str, list[Any]] = known.get("calls", {})
        # Calls of this batch, to be completed where their result follows soon.
        self._open: dict[tuple[UUID, str], ToolTold] = {}
        self._line_no = 0

    # ------------------------------------------------------------------------------------------------ the protocol

    def line(self, entry: Entry, place: Place) -> str:
        """Take a line's object in and return its kind, such as `assistant` or `system/compact_boundary`."""
        kind = entry.get("type")
        if not isinstance(kind, str) or not kind:
            return "unknown"
        self._line_no = place.line_no
        session = self._sessions.of(entry)
        handle = _HANDLERS.get(kind)
        if handle is not None and session is not None:
            handle(self, entry, session)
        elif kind in ("summary", "ai-title", "custom-title"):
            self._sessions.title_early(kind, entry)
        if kind in ("system", "attachment"):
            told = entry if kind == "system" else object_in(entry.get("attachment"))
            word = told.get("subtype" if kind == "system" else "type")
            return f"{kind}/{word}" if isinstance(word, str) else kind
        return kind

    def take(self) -> Batch:
        """Return what was found since the last call, and begin a new batch."""
        batch, self.batch = self.batch, Batch()
        batch.sessions = self._sessions.take()
        batch.usage = self._responses.take()
        self._open = {}
        return batch

    def take_named(self) -> list[NamedTask]:
        """Return which tasks were named since the last call."""
        named, self._tasks.named = self._tasks.named, []
        return self._sessions.take_named() + named

    def sessions(self) -> set[UUID]:
        """Return every session of which the lines told so far."""
        return self._sessions.ids()

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered to go on behind the last line."""
        return {"sessions": self._sessions.state(), "tasks": self._tasks.state(), "calls": self._calls}

    # --------------------------------------------------------------------------------------------------- the lines

    def _user(self, entry: Entry, session: Session) -> None:
        message = object_in(entry.get("message"))
        content, at = message.get("content"), session.now
        if isinstance(content, list):
            for block in content:
                if isinstance(block, dict) and block.get("type") == "tool_result":
                    self._ended(block, entry, session, at)
        if entry.get("isMeta") is True:
            return
        summary = entry.get("isCompactSummary") is True
        for place, text in speech.texts_of(content):
            kind = MessageKind.SUMMARY if summary else speech.kind_of_user_text(text)
            role = MessageRole.SYSTEM if summary else MessageRole.USER
            self._say(entry, session, place, role, kind, text)
            if kind is MessageKind.TEXT and entry.get("isSidechain") is not True:
                session.first_prompt(text)

    def _assistant(self, entry: Entry, session: Session) -> None:
        message = object_in(entry.get("message"))
        model = text_of(message.get("model"), 200)
        if model and model != "<synthetic>" and entry.get("isSidechain") is not True:
            session.know("model", model)
        content = message.get("content")
        failed = entry.get("isApiErrorMessage") is True
        kind = MessageKind.ERROR if failed else MessageKind.TEXT
        for place, text in speech.texts_of(content):
            self._say(entry, session, place, MessageRole.ASSISTANT, kind, text, model)
        for place, block in enumerate(content if isinstance(content, list) else ()):
            if not isinstance(block, dict):
                continue
            what = block.get("type")
            if what == "thinking":
                self._say(
                    entry,
                    session,
                    place,
                    MessageRole.ASSISTANT,
                    MessageKind.THINKING,
                    block.get("thinking"),
                    model,
                )
            elif what in _USES:
                self._began(block, place, entry, session)
            elif isinstance(what, str) and what.endswith("_tool_result"):
                self._ended(block, {}, session, session.now)
        self._responses.add(entry, message, session.id, session.now, self._line_no)

    def _system(self, entry: Entry, session: Session) -> None:
        if entry.get("subtype") == "api_error":
            self._say(entry, session, 0, MessageRole.SYSTEM, MessageKind.ERROR, speech.error_text(entry))
        elif entry.get("isMeta") is not True:
            self._say(entry, session, 0, MessageRole.SYSTEM, MessageKind.NOTICE, entry.get("content"))

    def _attachment(self, entry: Entry, session: Session) -> None:
        """What a person typed while the agent was at work comes as an attachment."""
        told = object_in(entry.get("attachment"))
        if told.get("type") != "queued_command":
            return
        for place, text in speech.texts_of(told.get("prompt")):
            self._say(entry, session, place, MessageRole.USER, speech.kind_of_user_text(text), text)

    def _pull_request(self, entry: Entry, session: Session) -> None:
        if url := text_of(entry.get("prUrl"), 500):
            session.pull_request(url)

    def _cost(self, entry: Entry, session: Session) -> None:
        told = entry.get("totalCostUSD")
        if isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told):
            session.context["reported_cost_usd"] = told

    # ------------------------------------------------------------------------------------------------ what was said

    def _say(
        self,
        entry: Entry,
        session: Session,
        place: int,
        role: MessageRole,
        kind: MessageKind,
        text: Any,
        model: str | None = None,
    ) -> None:
        if not isinstance(text, str) or not text.strip():
            return
        self.batch.messages.append(
            MessageTold(
                id=message_id(entry.get("uuid"), session.id, self._line_no, place),
                session_id=session.id,
                role=role,
                content=text[:_CONTENT],
                timestamp=session.now,
                source=Source.TRANSCRIPT,
                kind=kind,
                sequence=self._line_no,
                subagent=_subagent(entry),
                model=model,
                metadata={"cut_from": len(text)} if len(text) > _CONTENT else {},
            )
        )

    # ------------------------------------------------------------------------------------------------ what was done

    def _began(self, block: Entry, place: int, entry: Entry, session: Session) -> None:
        call = tools.call_id_of(block.get("id"), f"line-{self._line_no}-{place}")
        told = tools.begun(session.id, call, block, session.now)
        told.subagent = _subagent(entry)
        self.batch.tools.append(told)
        self._open[session.id, call] = told
        text = told.input or ""
        commits = told.name == "Bash" and may_commit(text)
        asked = self._tasks.asked(call, told.name or "", text)
        self._calls[call] = [session.now.isoformat(), commits, asked]
        if len(self._calls) > _CALLS:
            del self._calls[next(iter(self._calls))]

    def _ended(self, block: Entry, entry: Entry, session: Session, at: datetime) -> None:
        call = tools.call_id_of(block.get("tool_use_id"), f"line-{self._line_no}")
        since, commits, asked = self._calls.pop(call, (None, False, False))
        told = self._open.get((session.id, call))
        if told is None:
            told = ToolTold(session.id, call, Source.TRANSCRIPT, subagent=_subagent(entry))
            self.batch.tools.append(told)
        began = datetime.fromisoformat(since) if since else None
        text = tools.end(told, block, entry.get("toolUseResult"), at, began)
        if asked:
            self._tasks.answered(session.id, call, text, at, failed=told.success is False)
        if commits and told.success:
            for branch, sha, subject in commits_in(text):
                self.batch.commits.append(
                    CommitTold(session.id, sha, at, Source.TRANSCRIPT, subject or None, branch or None)
                )


def _subagent(entry: Entry) -> str | None:
    """Return the name of the subagent that an entry is of; the older ones only say that it is one's."""
    if entry.get("isSidechain") is not True:
        return None
    return text_of(entry.get("agentId"), 200) or "sidechain"


_HANDLERS: dict[str, Callable[[ClaudeCodeProjector, Entry, Session], None]] = {
    "user": ClaudeCodeProjector._user,
    "assistant": ClaudeCodeProjector._assistant,
    "system": ClaudeCodeProjector._system,
    "attachment": ClaudeCodeProjector._attachment,
    "pr-link": ClaudeCodeProjector._pull_request,
    "cost-state": ClaudeCodeProjector._cost,
    "summary": lambda _, entry, session: session.title("summary", entry),
    "ai-title": lambda _, entry, session: session.title("ai-title", entry),
    "custom-title": lambda _, entry, session: session.title("custom-title", entry),
}
