"""What is about to change, as a person reads it: a unified diff without secrets."""

from __future__ import annotations

import difflib

from steward.kit.redact import redact
from steward.operate.connect.types import Change

_MASK = "***"


def diff(change: Change, key: str) -> str:
    """Return the unified diff of a file, with our key and known shapes of others' secrets masked.

    Behind a link the real path is named too.

    Args:
        change: what becomes of the file.
        key: the key that stands in it.
    """
    path = str(change.target.path)
    if change.real != change.target.path.absolute():
        # A link may lead out of the folder that is looked at.
        path += f" -> {change.real}"
    before, after = (_lines(content, key) for content in (change.current, change.after))
    names = ("/dev/null" if change.current is None else path, path)
    lines = list(difflib.unified_diff(before, after, *names, lineterm=""))
    return "\n".join(lines) + ("\n" if lines else "")


def _lines(content: bytes | None, key: str) -> list[str]:
    text = (content or b"").decode("utf-8", "replace")
    if key:
        text = text.replace(key, _MASK)
    return redact(text).splitlines()
