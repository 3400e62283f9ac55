"""Codex rollouts: the client's own record of a session, `~/.codex/sessions/…/rollout-*.jsonl`."""

from __future__ import annotations

from steward.importers.codex.projector import CodexProjector, is_codex

__all__ = ["CodexProjector", "is_codex"]
