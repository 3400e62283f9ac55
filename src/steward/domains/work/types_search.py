"""Enums and rows of search."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class SearchKind(StrEnum):
    """Kinds of things that can be found by their words."""

    EPIC = "epic"
    ISSUE = "issue"
    TASK = "task"
    COMMENT = "comment"
    DEVLOG = "devlog"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found, whole, and the beginnings of the words that were looked for."""

    kind: SearchKind
    id: UUID
    ref: str
    project: str
    title: str
    status: str | None
    body: str
    marks: list[str]
    rank: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text, in characters; `end` is the first that is no part of it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found by its words; texts are plain, as others wrote them, and escaped where they are shown.

    Attributes:
        ref: of a comment that of what it is about, of a devlog entry its key.
        snippet: the part of its text where the words stand.
        title_spans: where the words stand in the title.
        snippet_spans: where they stand in the snippet.
        rank: how well it fits; only to be compared within one search.
    """

    kind: SearchKind
    id: UUID
    ref: str
    project: str
    title: str
    status: str | None
    snippet: str
    rank: float
    title_spans: list[Span] = field(default_factory=list)
    snippet_spans: list[Span] = field(default_factory=list)
