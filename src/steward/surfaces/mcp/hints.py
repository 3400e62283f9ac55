"""Hints in an agent's words: rooms write `steward work list` or `work get`, a client of MCP has tools instead."""

from __future__ import annotations

import re

from steward.kit import op
from steward.kit.errors import NotFound

_NAMED = re.compile(r"`(?:steward )?(?P<room>[a-z]+) (?P<verb>[a-z][a-z_-]*)(?P<rest>[^`]*)`")
_OPTION = re.compile(r"(?<![\w-])--(?P<name>[a-z][a-z-]*)")
# No arguments of an operation: they say who calls and how the house is run.
_OF_THE_CALLER = ("agent", "detach", "home", "host", "port", "show")


def for_agents(hint: str) -> str:
    """Return a hint with tools for operations and arguments for options; commands of the house stay as they are."""
    return _OPTION.sub(_argument, _NAMED.sub(_tool, hint))


def _tool(match: re.Match[str]) -> str:
    if match["room"] not in op.ROOMS:
        return match[0]
    try:
        spec = op.operation(f"{match['room']}.{match['verb'].replace('-', '_')}")
    except NotFound:
        return match[0]
    return f"`{spec.tool}{match['rest']}`"


def _argument(match: re.Match[str]) -> str:
    word = match["name"]
    return match[0] if word in _OF_THE_CALLER else word.replace("-", "_")
