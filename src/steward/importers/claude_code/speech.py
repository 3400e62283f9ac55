"""What is said in transcripts of Claude Code, and by whom: much of what stands under `user` nobody typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from steward.domains.telemetry import MessageKind
from steward.importers.claude_code.values import object_in, text_of

_NOTICES = (
    "<command-name>",
    "<command-message>",
    "<local-command-",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "<system-reminder>",
    "<ide_opened_file>",
    "<ide_selection>",
    "Caveat: The messages below were generated",
    "[Request interrupted by user",
)
_TAG = re.compile(r"<(?P<tag>[a-z_-]{3,40})>.*?</(?P=tag)>", re.S)
_LONGEST_TITLE = 120


def kind_of_user_text(text: str) -> MessageKind:
    """Return whether what stands under `user` is speech, or a note of the client."""
    return MessageKind.NOTICE if text.startswith(_NOTICES) else MessageKind.TEXT


def texts_of(content: Any) -> Iterator[tuple[int, str]]:
    """Yield the texts of an entry with their places; pictures are named where they stand."""
    if isinstance(content, str):
        if content.strip():
            yield 0, content
        return
    for at, block in enumerate(content if isinstance(content, list) else ()):
        if isinstance(block, str):
            text: Any = block
        else:
            found = object_in(block)
            text = found.get("text") if found.get("type") == "text" else _picture(found)
        if isinstance(text, str) and text.strip():
            yield at, text


def _picture(block: dict[str, Any]) -> str | None:
    if block.get("type") not in ("image", "document"):
        return None
    source = object_in(block.get("source"))
    return f"[{block['type']} {text_of(source.get('media_type'), 50) or ''}]"


def title_of(text: str) -> str | None:
    """Return the first line of a prompt as a title, without what the client put around it."""
    plain = _TAG.sub(" ", text[:5000]).strip()
    line = plain.partition("\n")[0].strip()
    if len(line) > _LONGEST_TITLE:
        line = line[: _LONGEST_TITLE - 1].rstrip() + "…"
    return line or None


def error_text(entry: dict[str, Any]) -> str | None:
    """Return what an entry about a failed call of the API says."""
    error = entry.get("error")
    for _ in range(4):
        if not isinstance(error, dict):
            break
        if message := text_of(error.get("message"), 2000):
            status = object_in(entry.get("error")).get("status")
            return f"API error{f' {status}' if isinstance(status, int) else ''}: {message}"
        error = error.get("error")
    return text_of(error, 2000)
