"""Row types of sessions that the Claude Agent SDK keeps here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreAppended:
    """What an append did: how many entries were new, and which version the session's summary has now."""

    added: int
    version: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry and its place."""

    position: int
    entry: str


@dataclass(frozen=True, slots=True)
class StoredEntries:
    """Entries as JSON texts, in their order; `next_after` asks for the rest and is None at the end."""

    entries: list[str]
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A kept session and when it was written last, in milliseconds of the epoch."""

    session_id: str
    mtime: int


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """What the SDK folded of a session, as JSON text; None where nothing was folded."""

    session_id: str
    mtime: int
    version: int
    summary: str | None = None
