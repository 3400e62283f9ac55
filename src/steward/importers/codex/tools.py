"""Calls of tools in a rollout: the call, its output, and the events that tell of its end, joined by the call's id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry import Source, ToolKind, ToolTold, clean
from steward.importers.codex.commands import patch_lines, words_of
from steward.importers.transcripts.commands import commits_in, kind_of, may_commit

INPUT_CHARS = 2000
OUTPUT_CHARS = 4000
_OPEN = 256
_SHELL = frozenset(
    {
        "shell",
        "exec_command",
        "local_shell",
        "container.exec",
        "shell_command",
        "bash",
        "run_shell_command",
        "unified_exec",
    }
)
_KINDS = {
    "apply_patch": ToolKind.WRITE,
    "write_file": ToolKind.WRITE,
    "read_file": ToolKind.READ,
    "view_image": ToolKind.READ,
    "list_dir": ToolKind.READ,
    "grep_files": ToolKind.SEARCH,
    "tool_search": ToolKind.SEARCH,
    "web_search": ToolKind.WEB,
    "update_plan": ToolKind.PLAN,
    "spawn_agent": ToolKind.SUBAGENT,
    "send_input": ToolKind.SUBAGENT,
    "wait_agent": ToolKind.SUBAGENT,
    "close_agent": ToolKind.SUBAGENT,
}
_EXIT = re.compile(r"(?:^Exit code: |^Process exited with code |exit code: )(-?\d+)", re.M)
_WALL = re.compile(r"^Wall time: ([0-9.]+)", re.M)
_REFUSED = ("patch rejected by user", "exec command rejected by user", "rejected by user", "aborted by user")


@dataclass(slots=True)
class Ended:
    """What is known of the end of a call."""

    output: str | None = None
    output_bytes: int | None = None
    success: bool | None = None
    error: str | None = None
    decision: str | None = None
    duration_ms: int | None = None
    whole: str = ""


class Calls:
    """The calls that may still hear of their end."""

    def __init__(self, state: list[list[Any]] | None = None) -> None:
        # id: name, kind, whether it could commit
        self.open: dict[str, tuple[str, str, bool]] = {
            call: (name, kind, commits) for call, name, kind, commits in state or ()
        }

    def state(self) -> list[list[Any]]:
        """Return what has to be remembered, the oldest first."""
        return [[call, *known] for call, known in self.open.items()]

    def note(self, call: str, name: str, kind: ToolKind, commits: bool) -> None:
        """Remember an open call; of very many the oldest is forgotten."""
        self.open[call] = (name, str(kind), commits)
        if len(self.open) > _OPEN:
            del self.open[next(iter(self.open))]


def call_id_of(payload: dict[str, Any], fallback: str) -> str:
    """Return the name of a call; that of its line where it has none."""
    for name in ("call_id", "id"):
        value = payload.get(name)
        if isinstance(value, str) and value.strip():
            return clean(value[:200])
    return fallback


def begun(session: UUID, call: str, payload: dict[str, Any], at: datetime, calls: Calls) -> ToolTold:
    """Return what a call tells when it is made."""
    name = _name(payload)
    given = _given(payload)
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    data = _parsed(given)
    command = words_of(data.get("command") or data.get("cmd")) if name in _SHELL else ""
    patch = _patch(name, data, text, command)
    kind = _kind(name, command)
    told = ToolTold(session, call, Source.TRANSCRIPT, name=name, kind=kind, started_at=at)
    shown = command or text
    told.input, told.input_bytes = shown[:INPUT_CHARS], len(text.encode("utf-8", "replace"))
    if patch:
        told.file_path, told.lines_added, told.lines_removed = patch_lines(patch)
        told.kind = kind = ToolKind.WRITE
    elif isinstance(path := data.get("path") or data.get("file_path"), str):
        told.file_path = path[:1000]
    calls.note(call, name, kind, may_commit(command))
    return told


def ended(session: UUID, call: str, end: Ended, at: datetime, calls: Calls) -> ToolTold:
    """Return what a call tells at its end; name and kind again, because the end may stand alone in its batch."""
    name, kind, _ = calls.open.get(call, (None, None, False))
    return ToolTold(
        session,
        call,
        Source.TRANSCRIPT,
        name=name,
        kind=ToolKind(kind) if kind else None,
        output=end.output,
        output_bytes=end.output_bytes,
        success=end.success,
        error=end.error,
        decision=end.decision,
        duration_ms=end.duration_ms,
        ended_at=at,
    )


def commits_of(call: str, end: Ended, calls: Calls) -> Iterator[tuple[str, str, str]]:
    """Return the commits that a call made: branch, hash, subject."""
    known = calls.open.get(call)
    if known is not None and known[2] and end.success is not False and end.whole:
        yield from commits_in(end.whole)


def _name(payload: dict[str, Any]) -> str:
    kind = payload.get("type")
    if kind == "local_shell_call":
        return "local_shell"
    if kind in ("web_search_call", "tool_search_call", "image_generation_call"):
        return str(kind).removesuffix("_call")
    name = payload.get("name")
    function = payload.get("function")
    if not isinstance(name, str) and isinstance(function, dict):
        name = function.get("name")
    space = payload.get("namespace")
    text = name if isinstance(name, str) and name.strip() else str(kind or "tool")
    if isinstance(space, str) and space.startswith("mcp__") and not text.startswith("mcp__"):
        text = f"{space.rstrip('_')}__{text}"
    return clean(text[:200])


def _given(payload: dict[str, Any]) -> Any:
    for name in ("arguments", "input", "action", "query"):
        if payload.get(name) is not None:
            return payload[name]
    return ""


def _parsed(given: Any) -> dict[str, Any]:
    if isinstance(given, str) and given.lstrip()[:1] == "{":
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def _patch(name: str, data: dict[str, Any], text: str, command: str) -> str:
    if name == "apply_patch":
        held = data.get("input") or data.get("patch")
        return held if isinstance(held, str) else text
    return command if "*** Begin Patch" in command else ""


def _kind(name: str, command: str) -> ToolKind:
    if name in _SHELL:
        return kind_of(command)
    if name.startswith("mcp__"):
        return ToolKind.MCP
    return _KINDS.get(name, ToolKind.OTHER)


def output_end(payload: dict[str, Any]) -> Ended:
    """Return what a `function_call_output` tells: a text, JSON in a text, or an object."""
    told = payload.get("output", payload.get("result"))
    end = Ended()
    data = _parsed(told)
    if isinstance(told, list):
        told = "\n".join(str(part.get("text", "")) for part in told if isinstance(part, dict))
    elif isinstance(told, dict) or (
        data and ("metadata" in data or set(data) <= {"output", "content", "success"})
    ):
        told = _from_object(data, end)
    text = told if isinstance(told, str) else ("" if told is None else json.dumps(told, ensure_ascii=False))
    _from_text(text, end)
    if payload.get("status") in ("failed", "incomplete") and end.success is None:
        end.success = False
    return end


def _from_object(data: dict[str, Any], end: Ended) -> Any:
    known = data.get("metadata")
    facts = known if isinstance(known, dict) else data
    code = facts.get("exit_code", facts.get("exitCode"))
    if isinstance(code, int):
        end.success = code == 0
        end.error = f"exit code {code}" if code else None
    if isinstance(data.get("success"), bool):
        end.success = data["success"]
    seconds = facts.get("duration_seconds")
    if isinstance(seconds, int | float) and 0 <= seconds < 1e9:
        end.duration_ms = round(seconds * 1000)
    for name in ("output", "content", "stdout"):
        if isinstance(data.get(name), str):
            extra = data.get("stderr") if name == "stdout" else None
            return data[name] + (extra if isinstance(extra, str) else "")
    return data


def _from_text(text: str, end: Ended) -> None:
    end.whole, end.output, end.output_bytes = text, text[:OUTPUT_CHARS], len(text.encode("utf-8", "replace"))
    head = text[:400]
    if end.success is None and (found := _EXIT.search(head)):
        code = int(found[1])
        end.success, end.error = code == 0, f"exit code {code}" if code else None
    if end.duration_ms is None and (wall := _WALL.search(head)):
        end.duration_ms = _milliseconds(wall[1])
    if head.startswith(("failed in sandbox", "execution error", "Error:")):
        end.success = False
        end.error = end.error or head.splitlines()[0][:200]
    if head.strip().startswith(_REFUSED):
        end.success, end.decision, end.error = False, "reject", head.strip()[:200]


def _milliseconds(word: str) -> int | None:
    try:
        return round(min(float(word), 1e9) * 1000)
    except ValueError:
        return None


def event_end(payload: dict[str, Any]) -> Ended:
    """Return what an `exec_command_end`, `patch_apply_end` or `mcp_tool_call_end` tells."""
    end = Ended()
    for name in ("aggregated_output", "formatted_output", "stdout"):
        if isinstance(payload.get(name), str) and payload[name]:
            _from_text(payload[name], end)
            break
    result = payload.get("result")
    if isinstance(result, dict):
        kept = result.get("Ok", result.get("Err", result))
        _from_text(kept if isinstance(kept, str) else json.dumps(kept, ensure_ascii=False), end)
        failed = "Err" in result or (
            isinstance(kept, dict) and (kept.get("is_error") or kept.get("isError")) is True
        )
        end.success, end.error = not failed, "the tool failed" if failed else None
    if isinstance(payload.get("success"), bool):
        end.success = payload["success"]
    code = payload.get("exit_code")
    if isinstance(code, int):
        end.success, end.error = code == 0, f"exit code {code}" if code else None
    end.duration_ms = _duration(payload.get("duration"))
    return end


def _duration(told: Any) -> int | None:
    if isinstance(told, dict):
        seconds, nanos = told.get("secs"), told.get("nanos")
        if (
            isinstance(seconds, int)
            and isinstance(nanos, int)
            and 0 <= seconds < 10**9
            and 0 <= nanos < 10**10
        ):
            return seconds * 1000 + nanos // 1_000_000
    found = re.fullmatch(r"([0-9.]{1,12})(ms|s|m)", told) if isinstance(told, str) else None
    if found is None:
        return None
    value = _milliseconds(found[1])
    return None if value is None else {"ms": value // 1000, "s": value, "m": value * 60}[found[2]]
