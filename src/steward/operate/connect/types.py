"""What is wanted in which file of a client, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Scope(StrEnum):
    """For whom a client is connected: for all of the user's work, or for one folder."""

    USER = "user"
    PROJECT = "project"


class Format(StrEnum):
    """How a file is written."""

    JSON = "json"
    TOML = "toml"
    MARKDOWN = "markdown"
    DOTENV = "dotenv"


@dataclass(frozen=True, slots=True)
class Want:
    """One thing that is to stand in a file.

    Attributes:
        path: the keys that lead to it; of a text block, nothing.
        value: JSON data, or the text of a block.
        group: what belongs together: where one of it cannot be had, none of it is written.
        is_item: it is one more item of the list at the path, beside those of the user.
    """

    path: tuple[str, ...]
    value: Any
    group: str
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A file of a client and what is to stand in it.

    Attributes:
        path: where the client reads it.
        format: how it is written.
        wants: what is to stand in it.
        secret: a key stands in it, so a new one is for its owner alone.
        rivals: beginnings of keys which, set by the user to something else, stand against a group.
    """

    path: Path
    format: Format
    wants: tuple[Want, ...]
    secret: bool = False
    rivals: Mapping[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """What becomes of a file.

    Attributes:
        target: the file as the client knows it.
        real: the file itself, behind symbolic links.
        before: its content without ours, None when there is no file.
        current: its content now.
        after: its content with ours.
        mode: its permissions now, or what a new one gets.
        added: what was added, as it is found again when the user changed the file meanwhile.
        notes: what the user should know.
    """

    target: Target
    real: Path
    before: bytes | None
    current: bytes | None
    after: bytes | None
    mode: int
    added: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Tell whether anything is to be written."""
        return self.after != self.current


@dataclass(slots=True)
class Plan:
    """All that connecting a client changes."""

    client: str
    scope: Scope
    folder: Path
    changes: list[Change]
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Restored:
    """What disconnecting did to a file."""

    path: Path
    outcome: str
    notes: list[str] = field(default_factory=list)
