"""Two renderings of one expression, as PostgreSQL writes them.

What was dumped and restored is parsed from its own rendering, and `a between 1 and 9 and b` comes back as one chain of
three, without the brackets around the first two. They mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

_TOKEN = re.compile(r"'(?:[^']|'')*'|[()]|[^'()]+")
_CONNECTIVES = (" AND ", " OR ")
Part: TypeAlias = "str | list[Part]"


def alike(one: str, other: str) -> bool:
    """Tell whether two renderings differ in nothing but the brackets of chains."""
    return one == other or unchained(one) == unchained(other)


def unchained(text: str) -> str:
    """Return a rendering without the brackets around a chain of AND (or of OR) inside a longer one of its kind."""
    return _written(_flat(_read(iter(_TOKEN.findall(text)))))


def _read(tokens: Iterator[str]) -> list[Part]:
    """Read up to the closing bracket or the end; what stands in brackets becomes a list."""
    parts: list[Part] = []
    for word in tokens:
        if word == ")":
            break
        parts.append(_read(tokens) if word == "(" else word)
    return parts


def _connective(parts: list[Part]) -> str | None:
    """Return what all parts of a group are tied by, None when it is no chain or a mixed one."""
    texts = [part for part in parts if isinstance(part, str) and not part.startswith("'")]
    found = [word for word in _CONNECTIVES if any(word in text for text in texts)]
    return found[0] if len(found) == 1 else None


def _flat(parts: list[Part]) -> list[Part]:
    tie = _connective(parts)
    made: list[Part] = []
    for place, part in enumerate(parts):
        if isinstance(part, str):
            made.append(part)
            continue
        inner = _flat(part)
        if tie is not None and _connective(inner) == tie and _stands_alone(parts, place, tie):
            made.extend(inner)
        else:
            made.append(inner)
    return made


def _stands_alone(parts: list[Part], place: int, tie: str) -> bool:
    """Tell whether brackets hold a whole member of the chain, and not the arguments of a function."""
    before = parts[place - 1] if place else tie
    after = parts[place + 1] if place + 1 < len(parts) else tie
    return (
        isinstance(before, str) and before.endswith(tie) and isinstance(after, str) and after.startswith(tie)
    )


def _written(parts: list[Part]) -> str:
    return "".join(part if isinstance(part, str) else f"({_written(part)})" for part in parts)
