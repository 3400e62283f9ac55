"""Tools in transcripts of Claude Code: what a call is for, what went in, what came out."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from steward.domains.telemetry import Source, ToolKind, ToolTold
from steward.importers.claude_code.values import milliseconds_of, object_in, text_of
from steward.importers.transcripts.commands import kind_of as kind_of_command

INPUT = 2000
OUTPUT = 4000
_ERROR = 500
_LONGEST_ID = 200

_KINDS = {
    "Read": ToolKind.READ,
    "NotebookRead": ToolKind.READ,
    "LS": ToolKind.READ,
    "ReadMcpResource": ToolKind.READ,
    "Glob": ToolKind.SEARCH,
    "Grep": ToolKind.SEARCH,
    "ToolSearch": ToolKind.SEARCH,
    "LSP": ToolKind.SEARCH,
    "Edit": ToolKind.WRITE,
    "MultiEdit": ToolKind.WRITE,
    "Write": ToolKind.WRITE,
    "NotebookEdit": ToolKind.WRITE,
    "BashOutput": ToolKind.COMMAND,
    "KillShell": ToolKind.COMMAND,
    "KillBash": ToolKind.COMMAND,
    "WebFetch": ToolKind.WEB,
    "WebSearch": ToolKind.WEB,
    "web_search": ToolKind.WEB,
    "web_fetch": ToolKind.WEB,
    "Task": ToolKind.SUBAGENT,
    "Agent": ToolKind.SUBAGENT,
    "SendMessage": ToolKind.SUBAGENT,
    "TodoWrite": ToolKind.PLAN,
    "TodoRead": ToolKind.PLAN,
    "EnterPlanMode": ToolKind.PLAN,
    "ExitPlanMode": ToolKind.PLAN,
    "exit_plan_mode": ToolKind.PLAN,
    "TaskCreate": ToolKind.PLAN,
    "TaskUpdate": ToolKind.PLAN,
    "TaskList": ToolKind.PLAN,
    "TaskGet": ToolKind.PLAN,
}


def call_id_of(told: Any, otherwise: str) -> str:
    """Return the id of a call in the length that ids may have."""
    if not isinstance(told, str) or not told.strip():
        return otherwise
    if len(told) > _LONGEST_ID:
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
    return told.replace("\0", "\ufffd")


def command_of(name: str, given: dict[str, Any]) -> str | None:
    """Return the command of a shell, None for other tools."""
    command = given.get("command")
    return command if name == "Bash" and isinstance(command, str) else None


def begun(session: UUID, call: str, block: dict[str, Any], at: datetime) -> ToolTold:
    """Return what a tool_use tells."""
    name = text_of(block.get("name"), 200) or "unknown"
    given = block.get("input")
    fields = object_in(given)
    command = command_of(name, fields)
    text, size = _shown(command if command is not None else given, INPUT)
    path = fields.get("file_path") or fields.get("notebook_path") or fields.get("path")
    return ToolTold(
        session_id=session,
        call_id=call,
        source=Source.TRANSCRIPT,
        name=name,
        kind=_kind(name, command),
        input=text,
        input_bytes=size,
        started_at=at,
        file_path=text_of(path, 1000),
    )


def _kind(name: str, command: str | None) -> ToolKind:
    if command is not None:
        return kind_of_command(command)
    if name.startswith("mcp__"):
        return ToolKind.MCP
    return _KINDS.get(name, ToolKind.OTHER)


def end(told: ToolTold, block: dict[str, Any], result: Any, at: datetime, since: datetime | None) -> str:
    """Complete a call by its tool_result; return what came out, as much of it as is kept.

    Args:
        told: the call.
        block: the tool_result.
        result: what the entry says of it in its own shape, `toolUseResult`.
        at: when it came.
        since: when the call was made.
    """
    text, size = _output(block.get("content"))
    told.output, told.output_bytes = text, size
    told.success = block.get("is_error") is not True
    if not told.success:
        told.error = text[:_ERROR]
    told.ended_at = at
    shape = object_in(result)
    told.duration_ms = milliseconds_of(shape.get("durationMs", shape.get("totalDurationMs")))
    if told.duration_ms is None and since is not None and at >= since:
        told.duration_ms = round((at - since).total_seconds() * 1000)
    told.file_path = told.file_path or text_of(shape.get("filePath"), 1000)
    _count_lines(told, shape)
    return text


def _count_lines(told: ToolTold, shape: dict[str, Any]) -> None:
    patch = shape.get("structuredPatch")
    if not isinstance(patch, list):
        return
    added = removed = 0
    for hunk in patch:
        lines = object_in(hunk).get("lines")
        for line in lines if isinstance(lines, list) else ():
            sign = line[:1] if isinstance(line, str) else ""
            added += sign == "+"
            removed += sign == "-"
    if not patch and isinstance(shape.get("content"), str):
        added = len(shape["content"].splitlines())
    told.lines_added, told.lines_removed = added, removed


def _output(content: Any) -> tuple[str, int]:
    """Return what a result says, as much of it as is kept, and its whole size in bytes."""
    if isinstance(content, str):
        return content[:OUTPUT], _size(content)
    if not isinstance(content, list):
        return _shown(content, OUTPUT) if content is not None else ("", 0)
    kept, size, length = [], 0, 0
    for part in content:
        text = _part(part)
        size += _size(text)
        if length < OUTPUT:
            kept.append(text[:OUTPUT])
            length += len(kept[-1]) + 1
    return "\n".join(kept)[:OUTPUT], size


def _part(part: Any) -> str:
    found = object_in(part)
    if isinstance(found.get("text"), str):
        return str(found["text"])
    if found.get("type") == "image":
        source = object_in(found.get("source"))
        return f"[image {text_of(source.get('media_type'), 50) or ''}]"
    return _shown(part, OUTPUT)[0]


def _shown(value: Any, most: int) -> tuple[str, int]:
    """Return a value as text, as much of it as is kept, and its whole size in bytes."""
    if isinstance(value, str):
        return value[:most], _size(value)
    try:
        data = to_json(value)
    except ValueError:
        # Halves of surrogate pairs have no UTF-8.
        text = str(value)
        return text[:most], len(text)
    return data[: most * 4].decode("utf-8", "ignore")[:most], len(data)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
