"""A history of Claude Code of any size: shapes and mix of real transcripts, made-up text, the same each time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

_WORDS = [
    *(
        "the",
        "a",
        "to",
        "of",
        "in",
        "and",
        "is",
        "for",
        "that",
        "this",
        "with",
        "on",
        "not",
        "be",
        "are",
        "it",
        "as",
    ),
    *(
        "we",
        "from",
        "if",
        "can",
        "has",
        "will",
        "use",
        "test",
        "file",
        "code",
        "error",
        "function",
        "return",
        "value",
    ),
    *(
        "query",
        "table",
        "index",
        "session",
        "token",
        "task",
        "agent",
        "claim",
        "lease",
        "retry",
        "commit",
        "branch",
    ),
    *(
        "merge",
        "review",
        "schema",
        "migration",
        "transaction",
        "connection",
        "server",
        "client",
        "request",
        "response",
    ),
    *(
        "timeout",
        "parse",
        "import",
        "export",
        "update",
        "delete",
        "insert",
        "select",
        "where",
        "order",
        "by",
        "limit",
    ),
]
_TOOLS = ("Read", "Bash", "Edit", "Grep", "Glob", "Write", "TodoWrite")
_COMMANDS = (
    "pytest -q tests/work",
    "git status --short",
    "npm run build",
    "ls -la src",
    "make lint",
    "git diff",
)


class _Writer:
    """Writes one session."""

    def __init__(self, rng: random.Random, texts: list[str], number: int) -> None:
        self._rng = rng
        self._texts = texts
        self.session = str(UUID(int=rng.getrandbits(128), version=4))
        self._at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=5 * number)
        self._project = f"/Users/dev/work/project-{number % 20}"
        self._last: str | None = None
        self._n = 0

    @property
    def name(self) -> str:
        return f"{self._project.replace('/', '-')}/{self.session}.jsonl"

    def _entry(self, kind: str, **known: Any) -> dict[str, Any]:
        self._at += timedelta(seconds=self._rng.uniform(0.2, 20))
        uuid = str(UUID(int=self._rng.getrandbits(128), version=4))
        entry = {
            "parentUuid": self._last,
            "isSidechain": False,
            "userType": "external",
            "cwd": self._project,
            "sessionId": self.session,
            "version": "2.1.5",
            "gitBranch": "main",
            "slug": "reactive-toasting-whisper",
            "type": kind,
            "uuid": uuid,
            "timestamp": self._at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        self._last = uuid
        return entry | known

    def _text(self, low: int, high: int) -> str:
        text = self._rng.choice(self._texts)
        at = self._rng.randrange(0, 2000)
        return text[at : at + self._rng.randint(low, high)]

    def turn(self) -> Iterator[dict[str, Any]]:
        """Yield a prompt and what the agent did about it."""
        yield self._entry("user", message={"role": "user", "content": self._text(40, 1500)})
        for _ in range(self._rng.randint(2, 12)):
            yield from self._response()
        yield self._entry(
            "system", subtype="turn_duration", durationMs=self._rng.randint(900, 90_000), isMeta=False
        )

    def _response(self) -> Iterator[dict[str, Any]]:
        rng = self._rng
        self._n += 1
        call = f"toolu_01{rng.getrandbits(110):022x}"
        tool = rng.choice(_TOOLS)
        blocks: list[dict[str, Any]] = []
        if rng.random() < 0.4:
            blocks.append(
                {
                    "type": "thinking",
                    "thinking": self._text(200, 1500),
                    "signature": f"{rng.getrandbits(4000):x}",
                }
            )
        if rng.random() < 0.5:
            blocks.append({"type": "text", "text": self._text(60, 900)})
        blocks.append({"type": "tool_use", "id": call, "name": tool, "input": self._input(tool)})
        message = f"msg_01{rng.getrandbits(110):022x}"
        request = f"req_01{rng.getrandbits(110):022x}"
        usage = {
            "input_tokens": rng.randint(1, 12),
            "cache_creation_input_tokens": rng.randint(100, 9000),
            "cache_read_input_tokens": rng.randint(10_000, 150_000),
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 0},
            "output_tokens": rng.randint(1, 900),
            "service_tier": "standard",
        }
        for block in blocks:
            said = {
                "model": "claude-opus-4-5-20251101",
                "id": message,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": usage,
            }
            yield self._entry("assistant", message=said, requestId=request)
        yield self._result(call, tool)

    def _input(self, tool: str) -> dict[str, Any]:
        if tool == "Bash":
            return {"command": self._rng.choice(_COMMANDS), "description": "Run a command"}
        if tool in ("Edit", "Write"):
            return {
                "file_path": f"{self._project}/src/module_{self._n % 90}.py",
                "old_string": self._text(100, 1500),
                "new_string": self._text(100, 2500),
            }
        return {"file_path": f"{self._project}/src/module_{self._n % 90}.py"}

    def _result(self, call: str, tool: str) -> dict[str, Any]:
        # Most results are small, some are files, a few are very large.
        size = self._rng.choices((300, 3000, 9000, 40_000, 1_000_000), (40, 40, 17, 2.95, 0.05))[0]
        text = "".join(self._text(1000, 8000) for _ in range(size // 4000 + 1))[
            : self._rng.randint(size // 3, size)
        ]
        told: Any = {"stdout": text, "stderr": "", "interrupted": False, "isImage": False}
        if tool == "Edit":
            lines = text.splitlines()[:20]
            hunk = {
                "oldStart": 1,
                "oldLines": 9,
                "newStart": 1,
                "newLines": 12,
                "lines": [f"+{each}" for each in lines],
            }
            told = {"filePath": "a.py", "oldString": "", "newString": text, "structuredPatch": [hunk]}
        block = {"tool_use_id": call, "type": "tool_result", "content": text, "is_error": False}
        return self._entry("user", message={"role": "user", "content": [block]}, toolUseResult=told)


def build(folder: Path, size: int, each: int = 5_000_000) -> int:
    """Write a history.

    Args:
        folder: where to, as below `~/.claude/projects`.
        size: how many bytes in all, about.
        each: how many bytes a session, about.

    Returns:
        How many bytes were written.
    """
    rng = random.Random(4)
    texts = [_prose(rng) for _ in range(300)]
    written = number = 0
    while written < size:
        writer = _Writer(rng, texts, number)
        path = folder / writer.name
        path.parent.mkdir(parents=True, exist_ok=True)
        written += write(path, writer, min(each, size - written))
        number += 1
    return written


def write(path: Path, writer: _Writer, size: int) -> int:
    """Write turns of a session to the end of a file until it has grown by so much; return by how much it has."""
    written = 0
    with path.open("ab") as file:
        while written < size:
            for entry in writer.turn():
                written += file.write(
                    json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                )
    return written


def tail(path: Path, size: int) -> int:
    """Let the session of a file go on for so many bytes."""
    rng = random.Random(5)
    writer = _Writer(rng, [_prose(rng) for _ in range(20)], 900)
    writer.session = path.stem
    return write(path, writer, size)


def _prose(rng: random.Random) -> str:
    """Make up text as it stands in sources and prose: words, punctuation, indentation, now and then another script."""
    parts = []
    for _ in range(1500):
        sign = rng.random()
        parts.append(rng.choice(_WORDS))
        if sign < 0.08:
            parts.append("\n" + " " * rng.choice((0, 4, 8)))
        elif sign < 0.14:
            parts.append(rng.choice((". ", ", ", "(", ") ", " = ", ": ", "_", "→ ", '" ')))
        else:
            parts.append(" ")
        if sign > 0.9:
            parts.append(f"{rng.getrandbits(40):x} ")
    return "".join(parts)
