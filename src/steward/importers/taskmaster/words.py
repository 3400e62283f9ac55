"""The words of Taskmaster files and of tools that write the same file name, in Steward's terms."""

from __future__ import annotations

from typing import Any

STATUSES = {
    "pending": "pending",
    "todo": "pending",
    "to_do": "pending",
    "open": "pending",
    "new": "pending",
    "ready": "pending",
    "backlog": "pending",
    "not_started": "pending",
    "planned": "pending",
    "draft": "draft",
    "in_progress": "in_progress",
    "inprogress": "in_progress",
    "doing": "in_progress",
    "active": "in_progress",
    "started": "in_progress",
    "wip": "in_progress",
    "working": "in_progress",
    "done": "done",
    "completed": "done",
    "complete": "done",
    "closed": "done",
    "finished": "done",
    "resolved": "done",
    "review": "in_review",
    "in_review": "in_review",
    "reviewing": "in_review",
    "testing": "testing",
    "qa": "testing",
    "blocked": "blocked",
    "on_hold": "deferred",
    "deferred": "deferred",
    "postponed": "deferred",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "wontfix": "cancelled",
    "failed": "failed",
    "awaiting_input": "awaiting_input",
}

PRIORITIES = {
    "lowest": 1,
    "low": 3,
    "medium": 5,
    "normal": 5,
    "high": 8,
    "critical": 10,
    "urgent": 10,
    "highest": 10,
}

# Taskmaster knows eight words; what it has none for is written as the nearest it shows.
WRITTEN_STATUSES = {
    "draft": "pending",
    "pending": "pending",
    "in_progress": "in-progress",
    "blocked": "blocked",
    "in_review": "review",
    "testing": "review",
    "awaiting_input": "blocked",
    "done": "done",
    "failed": "blocked",
    "cancelled": "cancelled",
    "deferred": "deferred",
}


def key_of(word: Any) -> str:
    """Fold a word for look-up: case, spaces and hyphens do not matter."""
    return str(word).strip().lower().replace("-", "_").replace(" ", "_")


def written_priority(priority: int) -> str:
    """Return Taskmaster's word for a priority of 1 to 10."""
    if priority >= 9:
        return "critical"
    if priority >= 7:
        return "high"
    return "medium" if priority >= 4 else "low"
