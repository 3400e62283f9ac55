"""The formats whose tasks become rows, by their names."""

from __future__ import annotations

from steward.importers import backlog, beads, taskmaster
from steward.importers.model import Kind

_KINDS = {kind.name: kind for kind in (taskmaster.KIND, beads.KIND, backlog.KIND)}


def kind_of(name: str) -> Kind:
    """Return what is to be known of a format."""
    return _KINDS[name]
