"""Runs operations for pages, as whoever looks at them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import StewardError

EVERYWHERE = "all"
# For what takes long and can be asked while something else is: the database works on both.
_others = ThreadPoolExecutor(max_workers=4, thread_name_prefix="page")


@dataclass(frozen=True, slots=True)
class Caller:
    """Runs operations as somebody."""

    database: Database
    actor: Actor

    def __call__(self, name: str, /, **arguments: Any) -> Any:
        """Return the typed result of `room.verb`; arguments that are None are left out."""
        given = {key: value for key, value in arguments.items() if value is not None}
        return op.run(self.database, op.operation(name), given, actor=self.actor)

    def beside(self, name: str, /, **arguments: Any) -> Future[Any]:
        """Begin to ask for a result; asking for the future's waits for it, and raises what went wrong."""
        return _others.submit(self, name, **arguments)


def told(exc: StewardError) -> str:
    """Return an error in sentences: what is wrong, then what to do."""
    text = f"{exc.message[:1].upper()}{exc.message[1:]}."
    return f"{text} {exc.hint[:1].upper()}{exc.hint[1:]}." if exc.hint else text
