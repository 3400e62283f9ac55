"""Claude Code: the client's own record of a session, `~/.claude/projects/<folder>/<session>.jsonl`."""

from __future__ import annotations

from steward.importers.claude_code.projector import ClaudeCodeProjector, is_claude_code

__all__ = ["ClaudeCodeProjector", "is_claude_code"]
