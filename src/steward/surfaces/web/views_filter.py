"""Which tasks a list shows, as the words of its address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

ORDERS = ("priority", "number", "updated")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a list of tasks is narrowed to. It lives in the address, so that every view can be linked to."""

    project: str | None = None
    status: str | None = None
    priority: str | None = None
    label: str | None = None
    tag: str | None = None
    agent: str | None = None
    text: str | None = None
    order: str | None = None
    view: str | None = None
    cursor: str | None = None
    epic: str | None = None
    issue: str | None = None
    workflow: str | None = None

    def url(self, **changes: str | None) -> str:
        """Return the address of this view with some filters changed."""
        changed = replace(self, **changes)
        values = {each.name: getattr(changed, each.name) for each in fields(changed)}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/tasks?{query}" if query else "/tasks"

    @property
    def active(self) -> bool:
        """Tell whether anything is filtered away."""
        kept = (self.project, self.status, self.priority, self.label, self.tag, self.agent, self.text)
        return any(kept) or bool(self.belongs)

    @property
    def belongs(self) -> Sequence[tuple[str, str]]:
        """Return what the tasks belong to, each with its word in the address."""
        named = (("epic", self.epic), ("issue", self.issue), ("workflow", self.workflow))
        return [(name, value) for name, value in named if value]

    @property
    def cleared(self) -> str:
        """Return the address of the same view without filters."""
        return TaskFilter(view=self.view, order=self.order).url()

    def ordered(self, order: str) -> str:
        """Return the address of the same tasks in another order."""
        return self.url(order=None if order == ORDERS[0] else order, cursor=None)

    @property
    def as_table(self) -> str:
        """Return the address of the same tasks as a table."""
        return self.url(view=None, cursor=None)

    @property
    def as_board(self) -> str:
        """Return the address of the same tasks as a board."""
        return self.url(view="board", cursor=None)
