"""The words of beads files, in Steward's terms and back."""

from __future__ import annotations

STATUSES = {
    "open": "pending",
    "in_progress": "in_progress",
    "hooked": "in_progress",
    "blocked": "blocked",
    "deferred": "deferred",
    "pinned": "deferred",
    "closed": "done",
    "tombstone": "cancelled",
}

# An open issue of these types is nothing that an agent could be handed.
HELD_TYPES = {
    "gate": "blocked",
    "message": "draft",
    "event": "draft",
    "merge-request": "in_review",
}

WRITTEN_STATUSES = {
    "draft": "deferred",
    "pending": "open",
    "in_progress": "in_progress",
    "blocked": "blocked",
    "in_review": "in_progress",
    "testing": "in_progress",
    "awaiting_input": "blocked",
    "done": "closed",
    "failed": "blocked",
    "cancelled": "closed",
    "deferred": "deferred",
}

# 0 is the most urgent.
PRIORITIES = (10, 8, 5, 3, 1)
DEFAULT_PRIORITY = 2

TYPES = {
    "bug": "bug",
    "feature": "feature",
    "story": "feature",
    "enhancement": "feature",
    "task": "task",
    "chore": "chore",
    "refactor": "refactor",
    "test": "test",
    "docs": "documentation",
    "documentation": "documentation",
    "merge-request": "pull_request",
}
"""Types that Steward has a word for; every other one, such as epic, gate or decision, is a task."""

WRITTEN_TYPES = {
    "bug": "bug",
    "feature": "feature",
    "task": "task",
    "chore": "chore",
    "refactor": "chore",
    "test": "task",
    "documentation": "task",
    "pull_request": "task",
}

PARENT_CHILD = "parent-child"
BLOCKING = frozenset({"blocks", "conditional-blocks", "waits-for"})
"""Dependencies that make an issue wait; one on its parent is told by the row above it."""


def written_priority(priority: int) -> int:
    """Return the priority of beads, 0 to 4, for one of 1 to 10."""
    if priority >= 9:
        return 0
    if priority >= 7:
        return 1
    if priority >= 4:
        return 2
    return 3 if priority >= 2 else 4


def type_of(issue_type: str) -> str:
    """Return Steward's type for an issue type."""
    return TYPES.get(issue_type, "task")
