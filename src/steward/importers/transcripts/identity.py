"""Which session a transcript is of: said by its first lines, by its name only where they say nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from steward.domains.telemetry import clean, session_id

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_AGENT_FILE = re.compile(r"agent-(?P<agent>[\w-]{1,100})\.jsonl")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """The session of a transcript, and which of its files this is.

    Attributes:
        agent_id: the client.
        external_id: what the client calls the session.
        part: '' for the session's own file, a subagent's name otherwise.
    """

    agent_id: str
    external_id: str
    part: str = ""

    @property
    def session_id(self) -> UUID:
        """The id of the session."""
        return session_id(self.agent_id, self.external_id)


def of_claude_code(first: list[dict[str, Any]], path: str) -> Identity:
    """Return the identity of a transcript of Claude Code: the session of its first entry that names one."""
    named = next((entry for entry in first if _word(entry.get("sessionId"))), None)
    file = _AGENT_FILE.match(PurePath(path).name)
    if named is None:
        return Identity("claude-code", _stem(path), file["agent"] if file else "")
    agent = _word(named.get("agentId")) if named.get("isSidechain") is True else None
    if agent is None and file and named.get("isSidechain") is True:
        agent = file["agent"]
    return Identity("claude-code", _word(named["sessionId"]) or "", agent or "")


def of_codex(first: list[dict[str, Any]], path: str) -> Identity:
    """Return the identity of a rollout of Codex: the thread of its first session_meta."""
    for entry in first:
        payload = entry.get("payload")
        if entry.get("type") == "session_meta" and isinstance(payload, dict):
            entry = payload
        elif "type" in entry or "record_type" in entry:
            continue
        if told := _word(entry.get("id")):
            return Identity("codex", told)
    found = _UUID.findall(PurePath(path).name)
    return Identity("codex", found[-1].lower() if found else _stem(path))


def _word(value: Any) -> str | None:
    return clean(value.strip()[:_LONGEST]) or None if isinstance(value, str) else None


def _stem(path: str) -> str:
    return clean(PurePath(path).name.split(".", 1)[0].strip()[:_LONGEST]) or "transcript"
