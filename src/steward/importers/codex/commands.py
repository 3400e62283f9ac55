"""A command as Codex tells of it, and the lines of its patches."""

from __future__ import annotations

from typing import Any

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "fish", "pwsh", "powershell"})


def words_of(command: Any) -> str:
    """Return a command as one text: a list of words without the shell that it is handed to."""
    if isinstance(command, str):
        return command
    if not isinstance(command, list) or not command:
        return ""
    words = [word if isinstance(word, str) else str(word) for word in command]
    shell = words[0].rsplit("/", 1)[-1].removesuffix(".exe").lower()
    if len(words) >= 3 and shell in _SHELLS and words[1].startswith("-"):
        return words[-1]
    return " ".join(words)


def patch_lines(text: str) -> tuple[str | None, int, int]:
    """Return the first file that a patch names, and how many lines it adds and takes away."""
    path: str | None = None
    added = removed = 0
    inside = False
    for line in text.splitlines():
        if line.startswith("*** "):
            inside = (
                line.startswith(("*** Begin Patch", "*** Update File", "*** Add File", "*** Delete File"))
                or inside
            )
            if path is None and line.startswith(("*** Update File: ", "*** Add File: ", "*** Delete File: ")):
                path = line.partition(": ")[2].strip()[:1000] or None
            if line.startswith("*** End Patch"):
                inside = False
        elif inside and line.startswith("+"):
            added += 1
        elif inside and line.startswith("-"):
            removed += 1
    return path, added, removed
