"""Words for states and priorities that the tools of this world use, in Steward's terms."""

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


def key_of(word: Any) -> str:
    """Fold a word for look-up: case, spaces and hyphens do not matter."""
    return str(word).strip().lower().replace("-", "_").replace(" ", "_")
