"""Connecting a coding agent's client: its telemetry, its MCP entry, its hooks, and a word to the agent.

The files belong to the user. What is added is shown first, every other byte stays, what stands against it is told and
left alone, and what stood there before is kept in the home of Steward, so that disconnecting brings it back.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from steward.kit.config import Settings
from steward.operate.connect.clients import CLIENTS, Site, limits, targets, user_home
from steward.operate.connect.show import diff
from steward.operate.connect.store import apply, load, plan_change, restore, would_restore
from steward.operate.connect.types import Change, Plan, Restored, Scope

__all__ = [
    "CLIENTS",
    "Change",
    "Plan",
    "Restored",
    "Scope",
    "Site",
    "apply",
    "connections",
    "diff",
    "folder_of",
    "is_connected",
    "key_file",
    "make_plan",
    "restore",
    "user_home",
    "would_restore",
]


def folder_of(settings: Settings, client: str, scope: Scope, folder: Path) -> Path:
    """Return where the copies of a client's files are kept."""
    name = scope.value
    if scope is Scope.PROJECT:
        name += "-" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return settings.home / "connections" / client / name


def key_file(settings: Settings, client: str) -> Path:
    """Return where the key of a client is kept for its hooks."""
    return settings.home / "connections" / client / "key"


def connections(settings: Settings, client: str) -> list[Path]:
    """Return the folders of all places in which a client is connected."""
    parent = settings.home / "connections" / client
    return [each.parent for each in parent.glob("[!.]*/manifest.json") if ".before-" not in each.parent.name]


def is_connected(settings: Settings, client: str, scope: Scope, folder: Path) -> bool:
    """Tell whether a client is connected there."""
    return bool(load(folder_of(settings, client, scope, folder)))


def make_plan(client: str, site: Site, kept_in: Path) -> Plan:
    """Return what connecting a client would change; nothing is written.

    Args:
        client: which.
        site: where to, and from where.
        kept_in: where the copies of an earlier connection are kept.

    Raises:
        Invalid: a file cannot be read as what it should be.
    """
    kept = {each.path: each for each in load(kept_in)}
    changes = [plan_change(target, kept.get(target.path)) for target in targets(client, site)]
    return Plan(client, site.scope, site.folder, changes, limits(client, site.scope))
