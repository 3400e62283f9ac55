"""Hooks of coding agents: `POST /hooks/claude`, `/hooks/codex`, `/hooks/gemini`."""

from __future__ import annotations

from steward.surfaces.hooks.http import mount

__all__ = ["mount"]
