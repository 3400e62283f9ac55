"""The words that Taskmaster writes."""

from __future__ import annotations

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


def written_priority(priority: int) -> str:
    """Return Taskmaster's word for a priority of 1 to 10."""
    if priority >= 9:
        return "critical"
    if priority >= 7:
        return "high"
    return "medium" if priority >= 4 else "low"
