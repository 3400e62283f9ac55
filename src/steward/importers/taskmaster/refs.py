"""Resolves the dependencies of one tag. References never cross tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from steward.importers.cycles import WaitGraph
from steward.importers.model import Edge, Path
from steward.importers.notes import KEPT, Notes
from steward.importers.reader import id_text
from steward.importers.taskmaster.tree import Node
from steward.importers.text import describe

_DROPPED = f"no live dependency; {KEPT}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """One entry of a `dependencies` list that names a task which exists."""

    node: Node
    target: Node
    path: Path
    said: str


def live_edges(nodes: list[Node], notes: Notes) -> tuple[tuple[Edge, ...], int]:
    """Return the dependencies that hold, in file order, and how many entries were dropped.

    An entry is dropped, with a note, when it names no task of the tag, the task itself, one of its own subtasks (that
    is implied by being its parent), the same task again, or when it closes a cycle.
    """
    wishes, dropped = _wishes(nodes, notes)
    kept = _sound(wishes, notes)
    graph = WaitGraph([(node.task.ref, node.task.parent_ref) for node in nodes])
    closing = graph.closing_edges([(wish.node.task.ref, wish.target.task.ref) for wish in kept])
    for number in sorted(closing):
        wish = kept[number]
        message = f"{wish.node.task.ref} waiting for {wish.target.task.ref} closes a cycle"
        notes.add(wish.path, "dependency_cycle", message, _DROPPED)
    edges = tuple(
        Edge(wish.node.task.ref, wish.target.task.ref, wish.path)
        for number, wish in enumerate(kept)
        if number not in closing
    )
    return edges, dropped + len(wishes) - len(edges)


def _wishes(nodes: list[Node], notes: Notes) -> tuple[list[_Wish], int]:
    index = _Index(nodes)
    found: list[_Wish] = []
    dropped = 0
    for node in nodes:
        for path, entry in _entries(node, notes):
            said = _said(entry)
            target = index.resolve(node, said) if said else None
            if target is None or said is None:
                dropped += 1
                _note_dangling(node, path, entry, notes)
            else:
                found.append(_Wish(node, target, path, said))
                index.note_ambiguous(node, said, target, path, notes)
    return found, dropped


def _entries(node: Node, notes: Notes) -> Iterator[tuple[Path, Any]]:
    value = node.task.raw.get("dependencies") if isinstance(node.task.raw, dict) else None
    path = (*node.task.path, "dependencies")
    if isinstance(value, list):
        yield from (((*path, number), entry) for number, entry in enumerate(value))
        return
    if value is None or value == "" or value == {}:
        return
    notes.add(path, "wrong_type", f"`dependencies` is {describe(value)}, not a list", "read as a list")
    parts = value.split(",") if isinstance(value, str) else [value]
    yield from ((path, part) for part in parts)


def _said(entry: Any) -> str | None:
    """Return the reference of an entry, which some tools wrap in an object."""
    if isinstance(entry, dict):
        entry = next((entry[key] for key in ("id", "taskId", "task_id") if entry.get(key) is not None), None)
    return id_text(entry)


def _note_dangling(node: Node, path: Path, entry: Any, notes: Notes) -> None:
    if isinstance(entry, str | int | float) and not isinstance(entry, bool):
        message = (
            f"{node.task.ref} depends on {str(entry)[:60]}, which is no task of the tag {node.task.tag!r}"
        )
    else:
        message = f"a dependency of {node.task.ref} is {describe(entry)}, no reference"
    notes.add(path, "dangling_dependency", message, _DROPPED)


class _Index:
    """Finds the node that a reference means from where it stands."""

    def __init__(self, nodes: list[Node]) -> None:
        self._by_ref = {node.task.ref: node for node in nodes}
        self._in_scope: dict[tuple[int, str], Node] = {}
        self._anywhere: dict[str, Node] = {}
        self._twice: set[tuple[int, str]] = set()
        for node in nodes:
            key = (node.scope, node.claimed)
            if self._in_scope.setdefault(key, node) is not node:
                self._twice.add(key)
            self._anywhere.setdefault(node.claimed, node)

    def resolve(self, node: Node, said: str) -> Node | None:
        """A bare reference in a subtask means a sibling first, then those of its ancestors, then a task.

        A dotted one is counted from the top, unless it begins with the reference of a task above.
        """
        above = node.parent
        while above is not None:
            own = said.removeprefix(above.claimed + ".")
            dotted = "." in own and own == said
            if not dotted and (found := self._by_ref.get(f"{above.task.ref}.{own}")) is not None:
                return found
            above = above.parent
        return self._in_scope.get((node.scope, said)) or self._anywhere.get(said)

    def note_ambiguous(self, node: Node, said: str, target: Node, path: Path, notes: Notes) -> None:
        if (target.scope, target.claimed) in self._twice and target.task.ref == target.claimed:
            message = f"{node.task.ref} depends on {said}, an id that stands twice"
            notes.add(path, "ambiguous_dependency", message, f"taken as the first, {target.task.ref}")


def _sound(wishes: list[_Wish], notes: Notes) -> list[_Wish]:
    kept: list[_Wish] = []
    seen: set[tuple[str, str]] = set()
    for wish in wishes:
        pair = (wish.node.task.ref, wish.target.task.ref)
        fault = _fault(wish, pair in seen)
        if fault is None:
            seen.add(pair)
            kept.append(wish)
        else:
            notes.add(wish.path, fault[0], fault[1], _DROPPED)
    return kept


def _fault(wish: _Wish, again: bool) -> tuple[str, str] | None:
    ref, target = wish.node.task.ref, wish.target.task.ref
    if wish.node is wish.target:
        return "self_dependency", f"{ref} depends on itself"
    if _is_below(wish.target, wish.node):
        return "implied_dependency", f"{ref} waits for its own subtask {target} anyway"
    if again:
        return "repeated_dependency", f"{ref} names {target} twice"
    return None


def _is_below(node: Node, ancestor: Node) -> bool:
    above = node.parent
    while above is not None and above is not ancestor:
        above = above.parent
    return above is ancestor
