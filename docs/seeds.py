"""Where the things of the four systems are that Steward unites: the page, from `seeds.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Table = Callable[[tuple[str, ...], Sequence[tuple[object, ...]]], Iterator[str]]
_FILE = Path(__file__).with_name("seeds.toml")
_KINDS = ("table ", "view ", "steward ", "python ", "later: ", "none: ")


@cache
def known() -> dict[str, Any]:
    """Return what `seeds.toml` says: systems, names, columns, defects."""
    return tomllib.loads(_FILE.read_text("utf-8"))


def places(text: str) -> list[tuple[str, str]]:
    """Return each place of a name as its kind and what is found there.

    Args:
        text: as `seeds.toml` has it, such as `work.add; view work.task_list`.
    """
    return [_place(part.strip()) for part in text.split(";")]


def _place(text: str) -> tuple[str, str]:
    for kind in _KINDS:
        if text.startswith(kind):
            return kind.strip(" :"), text.removeprefix(kind)
    return ("function", text.removesuffix("()")) if text.endswith("()") else ("operation", text)


def page(table: Table) -> Iterator[str]:
    """Give the page.

    Args:
        table: writes a table.
    """
    yield "# Where the seeds' things are\n"
    yield "Steward unites four systems. Each name that one of them gave to a table, a view, a function, a helper or a"
    yield "command, and where it is here. What belongs to a room that is not built yet says so. Columns that are no"
    yield "columns of a table here are told in [decision 6](../decisions/0006-seeds-we-leave.md).\n"
    for system, title in known()["systems"].items():
        yield f"## {system}: {title}\n"
        for kind, names in known()["names"][system].items():
            yield f"### {kind[:1].upper()}{kind[1:]}\n"
            yield from table(("there", "here"), [(f"`{name}`", _said(text)) for name, text in names.items()])
    yield "## Defects\n"
    yield "What was wrong in those systems, by their number in our list, and the tests that it is not here.\n"
    rows = [
        (number, defect["was"], ", ".join(f"`{test}`" for test in defect["tests"]))
        for number, defect in known()["defects"].items()
    ]
    yield from table(("defect", "what was wrong", "tests, below `tests/`"), rows)


def _said(text: str) -> str:
    return ", ".join(_shown(kind, what) for kind, what in places(text))


def _shown(kind: str, what: str) -> str:
    if kind == "later":
        return f"later: {what}"
    if kind == "none":
        return f"not taken over: {what}"
    if kind in ("table", "view"):
        return f"{kind} `{what}`"
    return {"steward": f"`steward {what}`", "function": f"`{what}()`"}.get(kind, f"`{what}`")
