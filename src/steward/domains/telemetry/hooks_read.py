"""What an event of a hook says of its session: pure reading, nothing is asked and nothing written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from steward.domains.telemetry.hooks_text import preview, said, size, word
from steward.domains.telemetry.types import (
    Batch,
    CommitTold,
    MessageKind,
    MessageRole,
    MessageTold,
    Source,
    ToolKind,
    ToolTold,
)

_KINDS = {
    **dict.fromkeys(("Read", "NotebookRead", "LS", "read_file", "view_image"), ToolKind.READ),
    **dict.fromkeys(("Write", "Edit", "MultiEdit", "NotebookEdit", "apply_patch"), ToolKind.WRITE),
    **dict.fromkeys(("Grep", "Glob", "ToolSearch"), ToolKind.SEARCH),
    **dict.fromkeys(("WebFetch", "WebSearch", "web_search"), ToolKind.WEB),
    **dict.fromkeys(("Task", "Agent", "spawn_agent"), ToolKind.SUBAGENT),
    **dict.fromkeys(("TodoWrite", "TaskCreate", "TaskUpdate", "ExitPlanMode", "update_plan"), ToolKind.PLAN),
    **dict.fromkeys(("Bash", "shell", "exec_command", "local_shell", "PowerShell"), ToolKind.COMMAND),
}
_TEST = re.compile(
    r"(?:^|[;&|\s/])(?:pytest|tox|nox|jest|vitest|rspec|phpunit|ctest"
    r"|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?test|(?:go|cargo|make|mvn|gradle|\./gradlew|dotnet|mix|rake|deno)\s+test)\b"
)
_BUILD = re.compile(
    r"(?:^|[;&|\s/])(?:tsc|webpack|cmake|bazel\s+build"
    r"|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?build|(?:go|cargo|docker|gradle|\./gradlew|dotnet)\s+build|mvn\s+(?:package|install)"
    r"|make)\b"
)
_COMMIT = re.compile(
    r"^\[(?P<branch>detached HEAD|[^\]\s]+)(?: \([^)]*\))? (?P<sha>[0-9a-f]{7,40})\] (?P<subject>.*)$", re.M
)
_COMMITS = re.compile(r"\bgit\b.*\b(?:commit|cherry-pick|revert|merge|am)\b", re.S)
_MOST_COMMITS = 50


@dataclass(slots=True)
class Reading:
    """What an event says, as it is found.

    Attributes:
        session_id: the session.
        event_id: the event's own id, from which come the ids of what it tells.
        at: when it happened.
        payload: what the client sent, whole.
        batch: what was found.
        context: what is known of the session beside its columns.
    """

    session_id: UUID
    event_id: UUID
    at: datetime
    payload: dict[str, Any]
    batch: Batch = field(default_factory=Batch)
    context: dict[str, Any] = field(default_factory=dict)

    def read(self, event: str) -> Batch:
        """Return what the event says; one of an unknown name says nothing, it is kept all the same."""
        reader = _READERS.get(event)
        if reader is not None:
            reader(self)
        return self.batch

    @property
    def subagent(self) -> str | None:
        """Return which subagent told, None for the session itself."""
        return word(self.payload.get("agent_id"), 200)

    # -------------------------------------------------------------------------------------------------------- said

    def say(self, role: MessageRole, value: Any, kind: MessageKind = MessageKind.TEXT) -> None:
        """Note what was said; told twice within a turn it is one message."""
        content = said(value)
        if not content.strip():
            return
        turn = word(self.payload.get("prompt_id"), 200) or word(self.payload.get("turn_id"), 200)
        place = "\0".join((turn or str(self.event_id), role, kind, self.subagent or "", content))
        self.batch.messages.append(
            MessageTold(
                id=uuid5(self.session_id, place),
                session_id=self.session_id,
                role=role,
                content=content,
                timestamp=self.at,
                source=Source.HOOK,
                kind=kind,
                subagent=self.subagent,
                model=word(self.payload.get("model"), 200) if role is MessageRole.ASSISTANT else None,
            )
        )

    def prompt(self) -> None:
        """UserPromptSubmit, BeforeAgent."""
        self.say(MessageRole.USER, self.payload.get("prompt"))

    def answer(self) -> None:
        """Stop, SubagentStop, AfterAgent."""
        self.say(
            MessageRole.ASSISTANT,
            self.payload.get("last_assistant_message") or self.payload.get("prompt_response"),
        )

    def failed_answer(self) -> None:
        """StopFailure."""
        text = self.payload.get("last_assistant_message") or self.payload.get("error_details")
        self.say(MessageRole.ASSISTANT, text or self.payload.get("error"), MessageKind.ERROR)

    def compacted(self) -> None:
        """PostCompact."""
        self.say(MessageRole.USER, self.payload.get("compact_summary"), MessageKind.SUMMARY)

    # -------------------------------------------------------------------------------------------------- the session

    def started(self) -> None:
        """SessionStart."""
        for name in ("source", "permission_mode", "transcript_path", "agent_type"):
            known = word(self.payload.get(name), 1000)
            if known is not None:
                self.context[name] = known

    # -------------------------------------------------------------------------------------------------------- tools

    def tool(self) -> ToolTold | None:
        """Return the call that an event is about, None where it has no id: it cannot be found again."""
        call_id = word(self.payload.get("tool_use_id"), 200)
        if call_id is None:
            return None
        name, given = word(self.payload.get("tool_name"), 500) or "", self.payload.get("tool_input")
        told = ToolTold(
            session_id=self.session_id,
            call_id=call_id,
            source=Source.HOOK,
            name=name,
            kind=kind_of(name, given),
            input=preview(None if given is None else json.dumps(given, ensure_ascii=False)),
            input_bytes=size(given),
            subagent=self.subagent,
            file_path=_file_of(given),
        )
        self.batch.tools.append(told)
        return told

    def announced(self) -> None:
        """PreToolUse."""
        told = self.tool()
        if told is not None:
            told.started_at = self.at

    def used(self) -> None:
        """PostToolUse."""
        given, response = self.payload.get("tool_input"), self.payload.get("tool_response")
        self._commits(given, response)
        told = self.tool()
        if told is None:
            return
        told.success = _succeeded(response)
        told.ended_at, told.duration_ms = self.at, _milliseconds(self.payload.get("duration_ms"))
        told.output, told.output_bytes = preview(response), size(response)
        told.lines_added, told.lines_removed = _lines(response)

    def failed(self) -> None:
        """PostToolUseFailure."""
        told = self.tool()
        if told is None:
            return
        told.success = False
        told.ended_at, told.duration_ms = self.at, _milliseconds(self.payload.get("duration_ms"))
        told.error = preview(self.payload.get("error"))

    def denied(self) -> None:
        """PermissionDenied."""
        told = self.tool()
        if told is not None:
            told.success, told.decision, told.ended_at = False, "reject", self.at
            told.error = preview(self.payload.get("reason"))

    def _commits(self, given: Any, response: Any) -> None:
        command = given.get("command") if isinstance(given, dict) else None
        if not isinstance(command, str) or not _COMMITS.search(command[:100_000]):
            return
        for found in list(_COMMIT.finditer(preview(response) or ""))[:_MOST_COMMITS]:
            branch = None if found["branch"] == "detached HEAD" else found["branch"]
            self.batch.commits.append(
                CommitTold(self.session_id, found["sha"], self.at, "hook", found["subject"], branch)
            )


_READERS: dict[str, Callable[[Reading], None]] = {
    "SessionStart": Reading.started,
    "UserPromptSubmit": Reading.prompt,
    "BeforeAgent": Reading.prompt,
    "Stop": Reading.answer,
    "SubagentStop": Reading.answer,
    "AfterAgent": Reading.answer,
    "StopFailure": Reading.failed_answer,
    "PostCompact": Reading.compacted,
    "PreToolUse": Reading.announced,
    "PostToolUse": Reading.used,
    "PostToolUseFailure": Reading.failed,
    "PermissionDenied": Reading.denied,
}


def kind_of(name: str, given: Any) -> ToolKind:
    """Return what a tool does, by its name and, of a command, by its words."""
    if name.startswith("mcp__"):
        return ToolKind.MCP
    kind = _KINDS.get(name, ToolKind.OTHER)
    command = given.get("command") if isinstance(given, dict) else None
    if kind is not ToolKind.COMMAND or not isinstance(command, str):
        return kind
    if _TEST.search(command[:4000]):
        return ToolKind.TEST
    return ToolKind.BUILD if _BUILD.search(command[:4000]) else kind


def _file_of(given: Any) -> str | None:
    if not isinstance(given, dict):
        return None
    return next(
        (found for name in ("file_path", "notebook_path", "path") if (found := word(given.get(name), 4000))),
        None,
    )


def _milliseconds(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return round(value)


def _succeeded(response: Any) -> bool:
    """Tell whether a tool that came back did its work: it may say that it did not."""
    if not isinstance(response, dict):
        return True
    code = next((response[name] for name in ("exit_code", "exitCode", "returnCode") if name in response), 0)
    return code in (0, None) and not any(
        response.get(name) for name in ("interrupted", "is_error", "isError")
    )


def _lines(response: Any) -> tuple[int | None, int | None]:
    """Return how many lines an edit added and removed, by its patch."""
    hunks = response.get("structuredPatch") if isinstance(response, dict) else None
    if not isinstance(hunks, list) or not hunks:
        return None, None
    lines = [line for hunk in hunks if isinstance(hunk, dict) for line in hunk.get("lines") or ()]
    words = [line[:1] for line in lines if isinstance(line, str)]
    return words.count("+"), words.count("-")
