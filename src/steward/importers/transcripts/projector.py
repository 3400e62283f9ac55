"""What a format of transcripts has to offer: a reader that turns its lines into what telemetry takes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from steward.domains.telemetry import Batch, NamedTask


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands.

    Attributes:
        path: the file as it was named.
        line_no: counted from 1 within the transcript, whatever was read before.
    """

    path: str
    line_no: int


class Projector(Protocol):
    """Reads one transcript in order, from its begin or from where it stopped last.

    A projector never raises for what a line holds: what it does not know it leaves alone, the raw line is kept anyway.

    Attributes:
        format: stable name, such as `claude-code`.
        version: raised when the same lines give other rows; transcripts of an older one are projected anew.
        batch: what was found since the caller took it last (`take`).
    """

    format: str
    version: int

    def line(self, entry: dict[str, Any], place: Place) -> str:
        """Take a line's object in and return its kind, such as `assistant` or `event_msg/token_count`."""
        ...

    def take(self) -> Batch:
        """Return what was found since the last call, and begin a new batch."""
        ...

    def sessions(self) -> set[UUID]:
        """Return every session of which the lines told so far, also those that an earlier projector read."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered to go on behind the last line, as JSON data of bounded size."""
        ...


@runtime_checkable
class NamesTasks(Protocol):
    """A projector that also tells which tasks a session names; whether there are such is found out by the caller."""

    def take_named(self) -> list[NamedTask]:
        """Return what was named since the last call."""
        ...


@runtime_checkable
class LeavesOut(Protocol):
    """A projector of a format whose lines hold what is not to be kept."""

    def may_leave_out(self, data: bytes) -> bool:
        """Tell at once of many lines whether one may hold such."""
        ...

    def left_out(self, line: bytes) -> bytes:
        """Return a line with a short mark in place of it."""
        ...
