"""Named statements: every SQL text that Python sends stands in a `.sql` file under a name.

A file is a list of blocks, each headed by

    -- name: get_task -> Task
    -- One line that says what it does.
    select …

`work.get_task` is then the block `get_task` of `domains/work/queries.sql`; `kit.…`, `importers.…` and `operate.…` are
the `queries.sql` of those packages. The row type after the arrow is a dataclass of the room's `types.py`, a scalar
(`int`, `text` …) or `none`; a house test holds it against the live schema. `-> Task, planned anew` keeps the server
from settling on one plan for all arguments: right where optional filters make plans differ a thousandfold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HEADER = re.compile(
    r"^-- name: (?P<name>[a-z][a-z0-9_]*) -> (?P<row>[\w\[\]]+)(?P<anew>, planned anew)?\s*$",
    re.M,
)
_OUTSIDE_DOMAINS = frozenset({"kit", "importers", "operate"})


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement, its row type's name and its text."""

    name: str
    row: str
    text: str
    anew: bool = False


def folder_of(room: str) -> Path:
    """Return the folder that holds a room's SQL; found without importing the room."""
    root = Path(__file__).parent.parent
    return root / room if room in _OUTSIDE_DOMAINS else root / "domains" / room


def parse(room: str, source: str) -> dict[str, Query]:
    """Split the text of a queries.sql into its named statements.

    Raises:
        ValueError: two statements of one file bear the same name.
    """
    found: dict[str, Query] = {}
    heads = list(_HEADER.finditer(source))
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        name = f"{room}.{head['name']}"
        if name in found:
            raise ValueError(f"{name} is defined twice in the queries.sql of {room}")
        text = source[head.end() : after.start() if after else len(source)].strip()
        found[name] = Query(name, head["row"], text.rstrip(";"), head["anew"] is not None)
    return found


@cache
def load(room: str) -> dict[str, Query]:
    """Read the named statements of a room: queries.sql, and queries_….sql of a room with many."""
    texts = [path.read_text("utf-8") for path in sorted(folder_of(room).glob("queries*.sql"))]
    return parse(room, "\n\n".join(texts))


def get(name: str) -> Query:
    """Return the statement `room.name`.

    Raises:
        KeyError: no such statement.
    """
    return load(name.partition(".")[0])[name]
