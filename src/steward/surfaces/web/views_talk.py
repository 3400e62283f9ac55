"""What the templates are given of talk: questions, comments, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent asks a person, and how it ended."""

    id: str
    task: str
    title: str
    project: str
    agent: str
    text: str
    status: str
    priority: int
    at: datetime
    waited: str
    choices: Sequence[str] = ()
    asked: str | None = None
    answer: str | None = None
    answered_by: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it waits for an answer."""
        return self.status == "open"


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said."""

    id: str
    author: str
    by_agent: bool
    at: datetime
    text: str
    plain: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file that belongs to something; without an address it is kept elsewhere."""

    id: str
    name: str
    size: str
    at: datetime
    by: str | None = None
    href: str | None = None
    mark: str | None = None
