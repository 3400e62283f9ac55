"""What the dependencies of a file become: rows above rows, edges that wait, edges that only relate.

An entry that names a parent becomes the row above. Where a task has several, its id decides (bd-a3f8.1 belongs to
bd-a3f8), else the first; the others relate only, because a task that waited for a second parent to be *done* could
never begin. An id with a dot and no such entry is told by the id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from steward.importers.cycles import WaitGraph
from steward.importers.model import Edge, Path
from steward.importers.notes import KEPT, Notes

DROPPED = f"no live dependency; {KEPT}"
BLOCKS = "blocks"
RELATES = "relates_to"
PARENT = "parent"
_NUMBERED = re.compile(r"(.+)\.(\d+)")


class Node(Protocol):
    """A task of the file as dependencies see it."""

    @property
    def ref(self) -> str:
        """Its reference, unique in the file."""

    @property
    def claimed(self) -> str:
        """The id that entries mean it by."""

    @property
    def path(self) -> Path:
        """Its place in reports."""

    @property
    def gone(self) -> bool:
        """Whether the file says that it was deleted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a task's dependencies.

    Attributes:
        path: its place.
        target: the id that it names, None when it names none.
        type: BLOCKS, RELATES or PARENT.
        name: what the file calls the type, where it has names.
    """

    path: Path
    target: str | None
    type: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """An entry whose target exists."""

    issue: Node
    target: Node
    entry: Entry

    @property
    def path(self) -> Path:
        """The place of the entry."""
        return self.entry.path

    @property
    def type(self) -> str:
        """The type of the edge that it can become."""
        return RELATES if self.entry.type == PARENT else self.entry.type


@dataclass(slots=True)
class Links:
    """What became of the entries: those of `entries` that are neither edges nor parents were dropped."""

    parents: dict[str, str] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    entries: int = 0
    parent_entries: int = 0

    @property
    def dropped(self) -> int:
        """How many entries are not live."""
        return self.entries - self.parent_entries - len(self.edges)

    def parents_first(self, refs: Iterable[str]) -> Iterator[str]:
        """Yield references in their order, but each after the one above it."""
        done: set[str] = set()
        for ref in refs:
            line = []
            at: str | None = ref
            while at is not None and at not in done:
                line.append(at)
                done.add(at)
                at = self.parents.get(at)
            yield from reversed(line)


def links_of(nodes: Sequence[Node], entries: dict[str, list[Entry]], notes: Notes) -> Links:
    """Resolve the dependencies of all tasks; what cannot live is told and stays in the original.

    Args:
        nodes: the tasks in file order; where two have one id, entries mean the first.
        entries: the dependencies by the reference of their task.
        notes: where what is odd goes.
    """
    linker = _Linker(nodes, notes)
    lists = {node.ref: linker.wishes(node, entries.get(node.ref, ())) for node in nodes}
    for node in nodes:
        linker.choose_parent(node, lists[node.ref])
    linker.tie([wish for node in nodes for wish in lists[node.ref] if wish.path not in linker.settled])
    return linker.links


class _Linker:
    """The state of one look at all dependencies."""

    def __init__(self, nodes: Sequence[Node], notes: Notes) -> None:
        self._nodes = nodes
        self._notes = notes
        self._by_claim: dict[str, Node] = {}
        for node in nodes:
            self._by_claim.setdefault(node.claimed, node)
        self._root = {node.ref: node.ref for node in nodes}
        self.links = Links()
        self.settled: set[Path] = set()
        """Entries that became a parent, or were dropped while one was looked for."""

    def wishes(self, node: Node, entries: Iterable[Entry]) -> list[Wish]:
        """Return the entries of a task whose targets exist."""
        found = []
        for entry in entries:
            self.links.entries += 1
            target = self._by_claim.get(entry.target) if entry.target is not None else None
            if target is None:
                self._note_dangling(node, entry)
            else:
                found.append(Wish(node, target, entry))
        return found

    def _note_dangling(self, node: Node, entry: Entry) -> None:
        if entry.target is None:
            message = f"a dependency of {node.ref} names nothing"
        else:
            message = f"{node.ref} depends on {entry.target[:60]}, which is not in the file"
        self._notes.add(entry.path, "dangling_dependency", message, DROPPED)

    def choose_parent(self, issue: Node, wishes: list[Wish]) -> None:
        """Find the row above an issue."""
        above = _NUMBERED.fullmatch(issue.claimed)
        named = above[1] if above else None
        ties = [wish for wish in wishes if wish.entry.type == PARENT and self._is_sound(wish)]
        # Sorting is stable: what the id says comes first, the others in file order.
        for wish in sorted(ties, key=lambda wish: wish.target.claimed != named):
            if issue.ref not in self.links.parents:
                self._try(issue, wish)
        if named is not None and all(wish.entry.type != PARENT for wish in wishes):
            self._by_name(issue, named, wishes)

    def _is_sound(self, wish: Wish) -> bool:
        fault = None
        if wish.issue is wish.target:
            fault = ("self_dependency", f"{wish.issue.ref} is its own parent")
        elif wish.target.gone and not wish.issue.gone:
            fault = ("deleted_parent", f"{wish.target.ref}, the parent of {wish.issue.ref}, was deleted")
        if fault is not None:
            self._notes.add(wish.path, *fault, DROPPED)
            self.settled.add(wish.path)
        return fault is None

    def _try(self, issue: Node, wish: Wish) -> None:
        self.settled.add(wish.path)
        if self._put(issue, wish.target):
            self.links.parent_entries += 1
        else:
            message = f"{issue.ref} below {wish.target.ref} closes a line of parents"
            self._notes.add(wish.path, "parent_cycle", message, DROPPED)

    def _by_name(self, issue: Node, named: str, wishes: list[Wish]) -> None:
        """An id tells the parent, unless the issue waits for that one: then it stands beside it."""
        target = self._by_claim.get(named)
        waits = any(wish.target is target and wish.type == BLOCKS for wish in wishes)
        if target is None or (target.gone and not issue.gone):
            if "-" in named:
                what = "is not in the file" if target is None else "was deleted"
                message = f"{named}, which the id of {issue.ref} names as its parent, {what}"
                self._notes.add(issue.path, "missing_parent", message, "imported without a parent")
        elif not waits:
            self._put(issue, target)

    def _put(self, issue: Node, target: Node) -> bool:
        """Put an issue below another, unless it stands above that already."""
        root = self._find(target.ref)
        if root == issue.ref:
            return False
        self._root[issue.ref] = root
        self.links.parents[issue.ref] = target.ref
        return True

    def _find(self, ref: str) -> str:
        way = []
        while self._root[ref] != ref:
            way.append(ref)
            ref = self._root[ref]
        for each in way:
            self._root[each] = ref
        return ref

    def tie(self, wishes: list[Wish]) -> None:
        """Make edges of the entries that hold."""
        kept: list[Wish] = []
        seen: set[tuple[str, str, str]] = set()
        for wish in wishes:
            pair = (wish.issue.ref, wish.target.ref, wish.type)
            if (fault := self._fault(wish, pair in seen)) is not None:
                self._notes.add(wish.path, *fault, DROPPED)
                continue
            if wish.entry.type == PARENT:
                message = f"{wish.issue.ref} has several parents; {wish.target.ref} is another one"
                self._notes.add(wish.path, "several_parents", message, "related to it alone")
            seen.add(pair)
            kept.append(wish)
        closing = self._closing(kept)
        self.links.edges = tuple(
            Edge(wish.issue.ref, wish.target.ref, wish.path, wish.type, wish.entry.name)
            for wish in kept
            if wish.path not in closing
        )

    def _fault(self, wish: Wish, again: bool) -> tuple[str, str] | None:
        ref, target = wish.issue.ref, wish.target.ref
        if ref == target:
            return "self_dependency", f"{ref} depends on itself"
        if again:
            return (
                "repeated_dependency",
                f"{ref} is tied to {target} twice in one way, now as {wish.entry.name or wish.type}",
            )
        if wish.type != BLOCKS:
            return None
        if self._is_below(target, ref):
            return "implied_dependency", f"{ref} waits for {target}, which is below it, anyway"
        if self._is_below(ref, target):
            return "waits_for_parent", f"{ref} would wait for {target}, which is above it and waits for it"
        return None

    def _is_below(self, ref: str, above: str) -> bool:
        at = self.links.parents.get(ref)
        while at is not None and at != above:
            at = self.links.parents.get(at)
        return at is not None

    def _closing(self, kept: list[Wish]) -> set[Path]:
        """Return the entries that would make issues wait for each other for ever, with a note for each."""
        waits = [wish for wish in kept if wish.type == BLOCKS]
        graph = WaitGraph([(node.ref, self.links.parents.get(node.ref)) for node in self._nodes])
        closing = graph.closing_edges([(wish.issue.ref, wish.target.ref) for wish in waits])
        for number in sorted(closing):
            wish = waits[number]
            message = f"{wish.issue.ref} waiting for {wish.target.ref} closes a cycle"
            self._notes.add(wish.path, "dependency_cycle", message, DROPPED)
        return {waits[number].path for number in closing}
