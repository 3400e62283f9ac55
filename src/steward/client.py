"""The Python interface: `steward.connect()` and the rooms as attributes.

Editors and type checkers read `client.pyi`, which is generated from the operations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any

from steward.kit import op
from steward.kit.config import load_settings
from steward.kit.db import Actor, Database
from steward.kit.errors import NotFound


class Room:
    """The operations of one room as methods."""

    def __init__(self, steward: Steward, name: str) -> None:
        self._steward = steward
        self._name = name

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """Return the operation; it then stays as an attribute, so that this is asked once."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        try:
            spec = op.operation(f"{self._name}.{verb}")
        except NotFound as exc:
            raise AttributeError(f"{exc.message}; {exc.hint}") from None

        @functools.wraps(spec.function)
        def call(*, request_key: str | None = None, **arguments: Any) -> Any:
            return self._steward.run(spec, arguments, request_key)

        setattr(self, verb, call)
        return call

    def __dir__(self) -> list[str]:
        return [spec.verb for spec in op.operations(self._name)]


class Steward:
    """A connection to Steward: `s.work.claim(...)`, `s.projects.list()` and so on."""

    def __init__(self, database: Database, actor: Actor, *, rehearsing: bool = False) -> None:
        self.database = database
        self.actor = actor
        self._rehearsing = rehearsing

    def __getattr__(self, name: str) -> Room:
        if name not in op.ROOMS:
            raise AttributeError(f"there is no room {name!r}; the rooms are {', '.join(op.ROOMS)}")
        room = Room(self, name)
        setattr(self, name, room)
        return room

    def run(self, spec: op.Operation, arguments: dict[str, Any], request_key: str | None) -> Any:
        """Run an operation as the actor of this connection."""
        return op.run(
            self.database,
            spec,
            arguments,
            actor=self.actor,
            request_key=request_key,
            dry_run=self._rehearsing,
        )

    def dry_run(self) -> Steward:
        """Return the same rooms with every write taken back: a write gives `DryRun`, what it would have done."""
        return Steward(self.database, self.actor, rehearsing=True)

    def close(self) -> None:
        """Give back every connection; a rehearsal's are those of its connection."""
        if not self._rehearsing:
            self.database.close()

    def __enter__(self) -> Steward:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(**settings: Any) -> Steward:
    """Connect to the database of the settings; the embedded server is started when it is down.

    Args:
        **settings: those of `kit.config.Settings`, such as `home`, `database_url`, `project` or `agent`; what is
            not given comes from the environment and config.toml.

    Returns:
        The rooms, acting as the user of this process or as `agent`.

    Raises:
        StewardError: settings or database are not in order; the hint says what to do.
    """
    from steward.operate.acting import actor_for_cli
    from steward.operate.place import open_database

    loaded = load_settings(settings)
    database = open_database(loaded)
    return Steward(database, actor_for_cli(database, loaded, surface="python"))
