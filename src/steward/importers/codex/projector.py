"""Codex rollouts: what their lines tell of a session."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID, uuid5

from steward.domains.telemetry import (
    Batch,
    CommitTold,
    MessageKind,
    MessageRole,
    MessageTold,
    NamedTask,
    SessionTold,
    Source,
    UsageSource,
    UsageTold,
    clean,
    session_id,
)
from steward.importers.codex import speech, tools
from steward.importers.codex.lineage import Lineage, parent_of, subagent_of
from steward.importers.codex.usage import Counted, Ledger
from steward.importers.transcripts.projector import Place
from steward.importers.transcripts.tasks import Tasks, named_by_branch

AGENT = "codex"
UNKNOWN_MODEL = "unknown"
# Of a rollout without times no more is known than that it is old.
_LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_THREAD = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_CALLS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "web_search_call",
        "tool_call",
        "tool_search_call",
        "image_generation_call",
    }
)
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "tool_result", "tool_search_output"})
_ITEMS = _CALLS | _OUTPUTS | {"message", "reasoning"}
_ENDS = frozenset({"exec_command_end", "patch_apply_end", "mcp_tool_call_end"})
_LINES = frozenset(
    {"session_meta", "turn_context", "response_item", "event_msg", "compacted", "token_usage_record"}
)
Payload = dict[str, Any]


def is_codex(first_objects: list[dict[str, Any]]) -> bool:
    """Return whether the first lines of a file are those of a Codex rollout."""
    return any(_is_line(entry) for entry in first_objects[:5])


def _is_line(entry: dict[str, Any]) -> bool:
    if isinstance(entry.get("payload"), dict):
        return entry.get("type") in _LINES and "timestamp" in entry
    if entry.get("record_type") == "state":
        return True
    old_meta = (
        "type" not in entry and isinstance(entry.get("id"), str) and isinstance(entry.get("timestamp"), str)
    )
    return old_meta and ("instructions" in entry or "git" in entry)


class CodexProjector:
    """Reads one rollout in order; see `Projector`."""

    format = "codex"
    version = 1

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self._thread: str | None = known.get("thread")
        self._session: UUID | None = UUID(known["session"]) if known.get("session") else None
        self._start = _time(known.get("start"))
        self._at = _time(known.get("at"))
        self._model: str | None = known.get("model")
        self._own_model: str | None = known.get("own_model")
        self._cwd: str | None = known.get("cwd")
        self._subagent: str | None = known.get("subagent")
        self._met: bool = known.get("met", False)
        self._titled: bool = known.get("titled", False)
        self._lineage = Lineage(known.get("lineage"))
        self._ledger = Ledger(known.get("ledger"))
        self._pairs = speech.Pairs(known.get("pairs"))
        self._calls = tools.Calls(known.get("calls"))
        self._tasks = Tasks(known.get("tasks"))
        self._told: dict[str, Any] = {}
        self._seen = False
        self._line_no = 0
        self._now = _LONG_AGO
        self._dated = False
        self.batch = Batch()

    # ------------------------------------------------------------------------------------------------ the protocol

    def line(self, entry: dict[str, Any], place: Place) -> str:
        """Take a line's object in and return its kind, such as `event_msg/token_count`."""
        kind, payload = _split(entry)
        word = payload.get("type")
        what = word if isinstance(word, str) else ""
        at = _time(entry.get("timestamp"))
        self._line_no = place.line_no
        if kind == "session_meta":
            self._meta(payload, at, place)
        else:
            self._begin(at, place)
        self._note_time(at)
        self._now = at or self._at or _LONG_AGO
        self._dated = at is not None
        if kind != "session_meta":
            copy = self._lineage.is_copy(what or kind, payload, _milliseconds(at), entry.get("ordinal"))
            self._take_in(kind, what, payload, copy)
        return f"{kind}/{what}"[:100] if what and what != kind else kind[:100]

    def take(self) -> Batch:
        """Return what was found since the last call, and begin a new batch."""
        batch, self.batch = self.batch, Batch()
        if self._seen and self._session is not None and self._start is not None:
            batch.sessions.append(self._told_session())
        self._seen = False
        self._told = {}
        return batch

    def take_named(self) -> list[NamedTask]:
        """Return which tasks were named since the last call."""
        named, self._tasks.named = self._tasks.named, []
        return named

    def sessions(self) -> set[UUID]:
        """Return the session of the lines so far."""
        return {self._session} if self._session else set()

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered to go on behind the last line."""
        return {
            "thread": self._thread,
            "session": str(self._session) if self._session else None,
            "start": self._start.isoformat() if self._start else None,
            "at": self._at.isoformat() if self._at else None,
            "model": self._model,
            "own_model": self._own_model,
            "cwd": self._cwd,
            "subagent": self._subagent,
            "met": self._met,
            "titled": self._titled,
            "lineage": self._lineage.state(),
            "ledger": self._ledger.state(),
            "pairs": self._pairs.waiting,
            "calls": self._calls.state(),
            "tasks": self._tasks.state(),
        }

    def may_leave_out(self, data: bytes) -> bool:
        """Tell at once of many lines whether one may hold encrypted reasoning."""
        return speech.ENCRYPTED in data

    def left_out(self, line: bytes) -> bytes:
        """Return a line with a short mark in place of encrypted reasoning."""
        return speech.without_encrypted(line)

    # ------------------------------------------------------------------------------------------------- the session

    def _begin(self, at: datetime | None, place: Place) -> None:
        """Name the session by its file, where a line comes before any that names it."""
        if self._thread is None:
            stem = PurePath(place.path).name.split(".", 1)[0]
            found = _THREAD.findall(stem)
            thread = self._identify(found[-1].lower() if found else stem or "rollout")
            self._lineage.begin(thread, {}, _milliseconds(at) or 0, None)

    def _identify(self, thread: str) -> str:
        self._thread = _name_of(thread) or "rollout"
        self._session = session_id(AGENT, self._thread)
        return self._thread

    def _meta(self, payload: Payload, at: datetime | None, place: Place) -> None:
        told = payload.get("id")
        thread = _name_of(told)
        if self._met:
            self._lineage.meta_again(thread, _milliseconds(at))
            return
        if self._thread is None and thread is not None:
            self._identify(thread)
        elif self._thread is None:
            self._begin(at, place)
        elif thread is not None and thread != self._thread:
            self._lineage.meta_again(thread, _milliseconds(at))
            return
        self._met = True
        said = _time(payload.get("timestamp"))
        when = at or said
        self._lineage.begin(self._thread or "", payload, _milliseconds(when) or 0, _milliseconds(said))
        for each in (said, at):
            if each is not None:
                self._note_time(each)
        self._describe(payload)

    def _describe(self, meta: Payload) -> None:
        told = meta.get("git")
        git: Payload = told if isinstance(told, dict) else {}
        self._subagent = subagent_of(meta)
        parent = parent_of(meta)
        cwd = _text(meta.get("cwd"), 4000)
        self._cwd = cwd or self._cwd
        branch = _text(git.get("branch"), 500)
        if branch and self._session is not None and self._start is not None:
            self._tasks.named += named_by_branch(self._session, branch, self._start)
        known = {
            "agent_version": _text(meta.get("cli_version"), 100),
            "cwd": cwd,
            "git_branch": branch,
            "git_commit": _text(git.get("commit_hash"), 100),
            "repository_url": _text(git.get("repository_url"), 2000),
            "parent_session_id": session_id(AGENT, _name_of(parent) or "") if parent else None,
        }
        names = ("originator", "model_provider", "source", "thread_source", "history_mode")
        context = {name: meta[name] for name in names if isinstance(meta.get(name), str)}
        if isinstance(meta.get("forked_from_id"), str):
            context["forked_from"] = meta["forked_from_id"][:500]
        if self._subagent:
            context["subagent"] = self._subagent
        self._told |= {name: value for name, value in known.items() if value is not None}
        self._told["context"] = {name: value[:500] for name, value in context.items()}

    def _told_session(self) -> SessionTold:
        assert self._session is not None  # noqa: S101 - see take
        assert self._start is not None  # noqa: S101 - likewise
        return SessionTold(
            id=self._session,
            agent_id=AGENT,
            external_id=self._thread or str(self._session),
            start_time=self._start,
            last_seen_at=self._at or self._start,
            **({"model": self._own_model, "cwd": self._cwd} | self._told),
        )

    def _note_time(self, at: datetime | None) -> None:
        self._seen = True
        if at is None:
            if self._at is not None:
                return
            at = _LONG_AGO
        # A copy that kept its times is older than the thread that it stands in.
        if self._start is None or (at < self._start and not self._lineage.related):
            self._start = at
        self._at = max(self._at or at, at)

    # --------------------------------------------------------------------------------------------------- the lines

    def _take_in(self, kind: str, what: str, payload: Payload, copy: bool) -> None:
        if kind == "turn_context":
            self._turn(payload, copy)
        elif copy:
            if what == "token_count":
                self._ledger.copied(payload.get("info"))
        elif kind == "event_msg":
            self._event(what, payload)
        elif kind == "response_item":
            self._item(what, payload)
        elif kind == "compacted":
            self._say(MessageRole.SYSTEM, MessageKind.SUMMARY, payload.get("message"), "item")
        elif kind == "token_usage_record":
            thread = payload.get("thread_id")
            own = thread if isinstance(thread, str) and thread.strip() else self._thread or ""
            self._count(self._ledger.record(own[:100], payload))

    def _turn(self, payload: Payload, copy: bool) -> None:
        self._model = _text(payload.get("model"), 200) or self._model
        self._cwd = self._cwd or _text(payload.get("cwd"), 4000)
        if not copy:
            self._own_model = self._model

    def _event(self, what: str, payload: Payload) -> None:
        handle = _EVENTS.get(what)
        if handle is not None:
            handle(self, payload)
        elif what in _ENDS:
            self._ended(payload, tools.event_end(payload))

    def _item(self, what: str, payload: Payload) -> None:
        if what == "message":
            self._message(payload)
        elif what == "reasoning":
            for text in speech.reasoning_of(payload):
                self._say(MessageRole.ASSISTANT, MessageKind.THINKING, text, "item")
        elif what in _CALLS:
            self._called(payload)
        elif what in _OUTPUTS:
            self._ended(payload, tools.output_end(payload))

    def _message(self, payload: Payload) -> None:
        text, role = speech.text_of(payload.get("content")), payload.get("role")
        if role == "user" and not speech.is_injected(text):
            self._say(MessageRole.USER, MessageKind.TEXT, text, "item")
        elif role == "assistant":
            self._say(MessageRole.ASSISTANT, MessageKind.TEXT, text, "item")

    # -------------------------------------------------------------------------------------------- what was said

    def _say(self, role: MessageRole, kind: MessageKind, text: Any, way: str) -> None:
        if not isinstance(text, str) or not text.strip() or self._session is None:
            return
        if self._pairs.is_twin(way, f"{role}/{kind}", text):
            return
        if role is MessageRole.USER and not self._titled:
            self._titled = True
            self._told["title"] = speech.title_of(text)
        text = clean(text)
        place = self._now.isoformat() if self._dated else self._line_no
        told = MessageTold(
            id=uuid5(self._session, f"{place}/{role}/{kind}/{text}"),
            session_id=self._session,
            role=role,
            content=text,
            timestamp=self._now,
            source=Source.TRANSCRIPT,
            kind=kind,
            sequence=self._line_no,
        )
        told.subagent = self._subagent
        told.model = self._model if role is MessageRole.ASSISTANT else None
        self.batch.messages.append(told)

    def _user_message(self, payload: Payload) -> None:
        text = payload.get("message")
        if isinstance(text, str) and not speech.is_injected(text):
            self._say(MessageRole.USER, MessageKind.TEXT, text, "event")

    def _agent_message(self, payload: Payload) -> None:
        self._say(MessageRole.ASSISTANT, MessageKind.TEXT, payload.get("message"), "event")

    def _reasoning(self, payload: Payload) -> None:
        self._say(MessageRole.ASSISTANT, MessageKind.THINKING, payload.get("text"), "event")

    def _error(self, payload: Payload) -> None:
        told = payload.get("error")
        text = payload.get("message") or (told.get("message") if isinstance(told, dict) else told)
        self._say(MessageRole.SYSTEM, MessageKind.ERROR, text, "event")

    def _aborted(self, payload: Payload) -> None:
        reason = _text(payload.get("reason"), 200)
        self._say(
            MessageRole.SYSTEM, MessageKind.NOTICE, f"turn aborted: {reason or 'no reason given'}", "event"
        )

    def _compaction(self, payload: Payload) -> None:
        self._say(MessageRole.SYSTEM, MessageKind.NOTICE, "context compacted", "event")

    def _renamed(self, payload: Payload) -> None:
        name = _text(payload.get("thread_name") or payload.get("name"), 200)
        if name:
            self._titled, self._told["title"] = True, name

    def _turn_begun(self, payload: Payload) -> None:
        self._ledger.turn()

    # -------------------------------------------------------------------------------------------- what was done

    def _called(self, payload: Payload) -> None:
        if self._session is None:
            return
        call = tools.call_id_of(payload, f"line-{self._line_no}")
        told = tools.begun(self._session, call, payload, self._now, self._calls)
        told.subagent = self._subagent
        self._tasks.asked(call, told.name or "", told.input or "")
        self.batch.tools.append(told)

    def _ended(self, payload: Payload, end: tools.Ended) -> None:
        if self._session is None:
            return
        call, at = tools.call_id_of(payload, f"line-{self._line_no - 1}"), self._now
        self.batch.tools.append(tools.ended(self._session, call, end, at, self._calls))
        for branch, sha, subject in tools.commits_of(call, end, self._calls):
            self.batch.commits.append(
                CommitTold(self._session, sha, at, Source.TRANSCRIPT, subject or None, branch or None)
            )
        self._tasks.answered(self._session, call, end.whole, at, failed=end.success is False)

    # ------------------------------------------------------------------------------------------- what it took

    def _token_count(self, payload: Payload) -> None:
        info = payload.get("info")
        self._count(self._ledger.total((self._thread or "")[:100], info, self._lineage.related))

    def _count(self, counted: Any) -> None:
        for each in counted:
            self.batch.usage.append(self._usage(each))

    def _usage(self, each: Counted) -> UsageTold:
        given, cached, written, output, reasoning = each.figures
        cached = min(cached, given)
        written = min(written, given - cached)
        return UsageTold(
            source=UsageSource.TRANSCRIPT,
            source_key=each.keys[0],
            agent_id=AGENT,
            model=self._model or UNKNOWN_MODEL,
            at=self._now,
            keys=list(each.keys),
            session_id=self._session,
            input_tokens=given - cached - written,
            output_tokens=output,
            cache_read_tokens=cached,
            cache_write_tokens=written,
            reasoning_tokens=min(reasoning, output),
            subagent=self._subagent,
            approximate=self._model is None or each.rest,
        )


_EVENTS: dict[str, Callable[[CodexProjector, Payload], None]] = {
    "token_count": CodexProjector._token_count,
    "user_message": CodexProjector._user_message,
    "agent_message": CodexProjector._agent_message,
    "agent_reasoning": CodexProjector._reasoning,
    "agent_reasoning_raw_content": CodexProjector._reasoning,
    "error": CodexProjector._error,
    "stream_error": CodexProjector._error,
    "turn_aborted": CodexProjector._aborted,
    "context_compacted": CodexProjector._compaction,
    "thread_name_updated": CodexProjector._renamed,
    "task_started": CodexProjector._turn_begun,
    "turn_started": CodexProjector._turn_begun,
}


def _split(entry: dict[str, Any]) -> tuple[str, Payload]:
    """Return a line's kind and payload; the oldest files have flat lines without either."""
    payload, kind = entry.get("payload"), entry.get("type")
    if isinstance(payload, dict):
        return (kind if isinstance(kind, str) and kind else "unknown"), payload
    if isinstance(kind, str) and kind in _ITEMS:
        return "response_item", entry
    if "type" not in entry and "record_type" not in entry and isinstance(entry.get("id"), str):
        return "session_meta", entry
    word = kind or entry.get("record_type")
    return (word if isinstance(word, str) and word else "unknown"), {}


def _name_of(told: Any) -> str | None:
    """Return the name of a thread as sessions are named."""
    return clean(told.strip()[:200].replace("\0", "")) or None if isinstance(told, str) else None


def _time(told: Any) -> datetime | None:
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at if _EARLIEST <= at <= _LATEST else None
    except (ValueError, OverflowError):
        return None


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)


def _text(value: Any, most: int) -> str | None:
    return clean(value[:most]) if isinstance(value, str) and value.strip() else None
