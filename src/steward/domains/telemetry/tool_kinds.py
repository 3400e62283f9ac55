"""What tools do, by the names that clients give them."""

from __future__ import annotations

import re

from steward.domains.telemetry.types import ToolKind

_KINDS = {
    ToolKind.READ: ("read", "notebookread", "view", "read_file", "read_many_files", "view_image"),
    ToolKind.WRITE: (
        "write", "edit", "multiedit", "notebookedit", "apply_patch", "write_file", "replace", "create_file",
    ),
    ToolKind.COMMAND: (
        "bash", "bashoutput", "killshell", "shell", "local_shell", "exec_command", "write_stdin", "run_shell_command",
        "unified_exec",
    ),
    ToolKind.SEARCH: (
        "grep", "glob", "ls", "list_directory", "search_file_content", "glob_tool", "grep_files", "list_dir",
        "toolsearch",
    ),
    ToolKind.WEB: ("webfetch", "websearch", "web_fetch", "web_search", "google_web_search"),
    ToolKind.SUBAGENT: ("task", "agent", "spawn_agent", "delegate_to_agent"),
    ToolKind.PLAN: ("todowrite", "todoread", "exitplanmode", "enterplanmode", "update_plan", "write_todos"),
}  # fmt: skip
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names}
_TEST = re.compile(
    r"\b(?:pytest|unittest|jest|vitest|mocha|rspec|phpunit|tox|nox"
    r"|(?:cargo|go|npm|pnpm|yarn|make|mvn|gradle) (?:run )?test)\b"
)
_BUILD = re.compile(
    r"\b(?:make|cmake|ninja|tsc|(?:cargo|go|docker) build|(?:npm|pnpm|yarn) (?:run )?build|mvn package|gradle build)\b"
)


def kind_of(name: str | None, command: str | None = None) -> ToolKind | None:
    """Return what a tool does; None when its name is not known.

    Args:
        name: as the client calls it.
        command: what a shell was told to do, where it is known.
    """
    if name is None:
        return None
    if name.startswith("mcp__") or name in ("mcp_tool", "mcp"):
        return ToolKind.MCP
    kind = _BY_NAME.get(name.lower(), ToolKind.OTHER)
    if kind is ToolKind.COMMAND and command:
        if _TEST.search(command):
            return ToolKind.TEST
        if _BUILD.search(command):
            return ToolKind.BUILD
    return kind
