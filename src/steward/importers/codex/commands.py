"""What a command of a shell is for, and which commits it made, read from its words and its output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from steward.domains.telemetry import ToolKind

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "fish", "pwsh", "powershell"})
_TEST = re.compile(
    r"\b(pytest|vitest|jest|mocha|rspec|phpunit|ctest|nextest|tox|nox|playwright test|unittest"
    r"|(cargo|go|dotnet|mix|swift|deno|bun|gradle|gradlew|mvn|sbt|flutter|bazel) (\S+ )?test"
    r"|(npm|pnpm|yarn|make|just|turbo|nx|rake)( \S+){0,3}? (run )?(test|check)\S*)\b"
)
_BUILD = re.compile(
    r"\b((cargo|go|dotnet|swift|docker|gradle|gradlew|bun|flutter|bazel|vite|next|zig) build"
    r"|(npm|pnpm|yarn|just|turbo|nx)( \S+){0,3}? (run )?(build|compile|typecheck|type-check|lint)\S*"
    r"|tsc|make|cmake|mvn|ninja|meson|webpack|esbuild|cargo (check|clippy)|mypy|ruff|eslint)\b"
)
_READ = frozenset(
    {
        "cat",
        "head",
        "tail",
        "less",
        "more",
        "sed",
        "nl",
        "bat",
        "ls",
        "tree",
        "pwd",
        "wc",
        "stat",
        "file",
        "jq",
    }
)
_SEARCH = frozenset({"rg", "grep", "find", "fd", "ag", "ack", "egrep", "fgrep"})
_WRITE = frozenset(
    {"apply_patch", "applypatch", "tee", "mkdir", "mv", "cp", "rm", "touch", "patch", "chmod", "ln"}
)
_GIT_READ = frozenset({"status", "diff", "log", "show", "blame", "ls-files", "rev-parse", "branch", "remote"})
_COMMIT_LINE = re.compile(
    r"^\[(?P<branch>[^\]\n]{1,250}?) (?:\(root-commit\) )?(?P<sha>[0-9a-f]{7,64})\] (?P<subject>.*)$", re.M
)
_COMMITS = re.compile(r"\bgit\b[^\n;&|]*\b(commit|cherry-pick|revert|merge|rebase|am)\b")
_SED_IN_PLACE = re.compile(r"\bsed\b[^|;&]*\s-\w*i|\bperl\b[^|;&]*\s-\w*i")


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


def kind_of(command: str) -> ToolKind:
    """Return what a command is for; the first of its parts that tells decides."""
    text = command[:2000]
    if _TEST.search(text):
        return ToolKind.TEST
    found = ToolKind.COMMAND
    for part in re.split(r"&&|\|\||[;\n]", text):
        found = _part_kind(part.strip())
        if found is not ToolKind.COMMAND:
            break
    return found


def _part_kind(part: str) -> ToolKind:
    words = part.split()
    while words and ("=" in words[0] or words[0] in ("sudo", "time", "env", "command", "cd")):
        words = [] if words[0] == "cd" else words[1:]
    if not words:
        return ToolKind.COMMAND
    first = words[0].rsplit("/", 1)[-1]
    if first in _WRITE or _SED_IN_PLACE.search(part):
        return ToolKind.WRITE
    if first in _SEARCH:
        return ToolKind.SEARCH
    if first in _READ:
        return ToolKind.WRITE if re.search(r"(?<![0-9&])>{1,2}\s*(?![&\s]|/dev/)", part) else ToolKind.READ
    if first == "git":
        return ToolKind.READ if len(words) > 1 and words[1] in _GIT_READ else ToolKind.COMMAND
    if first in ("curl", "wget"):
        return ToolKind.WEB
    return ToolKind.BUILD if _BUILD.search(part) else ToolKind.COMMAND


def may_commit(command: str) -> bool:
    """Return whether a command could have made a commit."""
    return "git" in command and _COMMITS.search(command[:4000]) is not None


def commits_in(output: str) -> Iterator[tuple[str, str, str]]:
    """Return branch, hash and subject of what git says it committed."""
    for found in _COMMIT_LINE.finditer(output):
        yield (
            found["branch"].removeprefix("detached HEAD").strip() or "",
            found["sha"],
            found["subject"].strip(),
        )


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
