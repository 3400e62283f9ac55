"""What one call of the command line carries: its options that stand everywhere, its settings, its way to the house."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steward.kit.config import Settings
    from steward.surfaces.cli.client import Caller


@dataclass
class State:
    """The options that stand everywhere; wherever on the line they were given."""

    json: bool = False
    quiet: bool = False
    project: str | None = None
    agent: str | None = None
    home: str | None = None
    request_key: str | None = None
    dry_run: bool = False

    def take(self, given: Mapping[str, Any]) -> None:
        """Take over the options that were given at one place of the line."""
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of this call, read once."""
        from steward.kit.config import load_settings

        return load_settings({"home": self.home, "project": self.project, "agent": self.agent})

    @cached_property
    def caller(self) -> Caller:
        """Return the way to the operations: HTTP when a URL is set, else this process."""
        from steward.surfaces.cli.client import HttpCaller, LocalCaller

        return HttpCaller(self.settings) if self.settings.url else LocalCaller(self.settings)

    def close(self) -> None:
        """Give back what the call used."""
        caller = self.__dict__.get("caller")
        if caller is not None:
            caller.close()

    def show(self, data: Any, *, empty: str = "nothing") -> None:
        """Print a result: JSON for programs, a table or panel for people."""
        if self.quiet and not self.json:
            return
        if self.json:
            print_json(data)
        else:
            from steward.surfaces.cli.render import show

            show(data, empty=empty, timezone=None)

    def say(self, text: str) -> None:
        """Print a line for people; programs and --quiet get none."""
        if not (self.quiet or self.json):
            sys.stdout.write(text + "\n")


def print_json(data: Any) -> None:
    """Print JSON data: on one line for programs, indented on a terminal."""
    import json

    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=indent) + "\n")
