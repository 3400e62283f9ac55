"""What was said in a rollout: each thing once, though it stands there as an event and as an item of the response."""

from __future__ import annotations

import hashlib
import re
from typing import Any

_WINDOW = 24
# What the client puts before the model in a person's name.
_INJECTED = (
    "<environment_context>",
    "<user_instructions>",
    "# agents.md instructions",
    "<instructions>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "<skill>",
    "<skills_instructions>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_shell_command>",
    "<goal_context>",
    "<recommended_plugins>",
    "<codex_internal_context",
    "<hook_prompt",
    "<personality_spec>",
    "<model_switch>",
)
ENCRYPTED = b'"encrypted_content"'
# In a line that was cut off the value has no end.
_ENCRYPTED_VALUE = re.compile(
    rb'(?P<key>"encrypted_content"\s*:\s*)"(?P<value>[^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)'
)
_REQUEST = "## My request for Codex:"


def is_injected(text: str) -> bool:
    """Return whether a text of the role user was put there by the client."""
    return text.lstrip()[:60].lower().startswith(_INJECTED)


def title_of(text: str) -> str | None:
    """Return the first line of what a person asked for, without what an editor put before it."""
    _, mark, asked = text.partition(_REQUEST)
    for line in (asked if mark else text).splitlines():
        if line.strip():
            return line.strip()[:120]
    return None


def text_of(content: Any) -> str:
    """Return the text of a message's content: a text, or a list of parts; pictures are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def reasoning_of(payload: dict[str, Any]) -> list[str]:
    """Return what may be read of a `reasoning` item; the encrypted part may not."""
    found: list[str] = []
    for name in ("summary", "content"):
        parts = payload.get(name)
        for part in parts if isinstance(parts, list) else ():
            text = part.get("text") if isinstance(part, dict) else None
            if isinstance(text, str) and text.strip() and text not in found:
                found.append(text)
    return found


def without_encrypted(line: bytes) -> bytes:
    """Return a line as it stands, with the length of what the vendor encrypted in its place: only he can read it."""
    if ENCRYPTED not in line:
        return line
    return _ENCRYPTED_VALUE.sub(_marked, line)


def _marked(found: re.Match[bytes]) -> bytes:
    return found["key"] + b'"[encrypted: %d bytes]"' % len(found["value"])


class Pairs:
    """Knows what was told by one of the two ways and waits for its twin from the other."""

    def __init__(self, waiting: list[list[str]] | None = None) -> None:
        self.waiting: list[list[str]] = [list(each) for each in waiting or ()]

    def is_twin(self, way: str, what: str, text: str) -> bool:
        """Return whether the text was told by the other way already; each telling has one twin.

        Args:
            way: `event` or `item`.
            what: whose words, and of what kind.
            text: the words.
        """
        mark = hashlib.blake2b(
            f"{what}\0{text.strip()}".encode("utf-8", "replace"), digest_size=8
        ).hexdigest()
        for place, (other, told) in enumerate(self.waiting):
            if told == mark and other != way:
                del self.waiting[place]
                return True
        self.waiting = [*self.waiting, [way, mark]][-_WINDOW:]
        return False
