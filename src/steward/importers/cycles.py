"""Finds dependencies that would make tasks wait for each other for ever.

A task waits for its blockers and for its subtasks, and a subtask can start only when the blockers of all tasks above it
are out of the way. So each task has two points, `start` and `done`:

    done  -> its own start, and done of each subtask
    start -> start of the task above, and done of each blocker

Without dependencies this graph has no cycle, hence every cycle holds a dependency that can be dropped. One walk in file
order drops the dependency that closes each cycle; it is linear but for cycles closed by parentage, where the walk goes
back to the last dependency it followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_WHITE, _GREY, _BLACK = 0, 1, 2
_STRUCTURE = -1


@dataclass(slots=True)
class _Step:
    """One point on the way of the walk: how it was reached, and which of its arrows comes next."""

    point: int
    arrived_by: int
    next_arrow: int = 0


class WaitGraph:
    """The points and arrows of one tag."""

    def __init__(self, tasks: list[tuple[str, str | None]]) -> None:
        """Build the graph of parentage.

        Args:
            tasks: reference and parent's reference of each task, parents first.
        """
        self._number = {ref: number for number, (ref, _) in enumerate(tasks)}
        # Points 2n and 2n + 1 are start and done of task n; an arrow is (point, number of the dependency or -1).
        self._arrows: list[list[tuple[int, int]]] = [[] for _ in range(2 * len(tasks))]
        for number, (_, parent_ref) in enumerate(tasks):
            self._arrows[2 * number + 1].append((2 * number, _STRUCTURE))
            if parent_ref is not None:
                parent = self._number[parent_ref]
                self._arrows[2 * number].append((2 * parent, _STRUCTURE))
                self._arrows[2 * parent + 1].append((2 * number + 1, _STRUCTURE))

    def closing_edges(self, edges: list[tuple[str, str]], fixed: Iterable[tuple[str, str]] = ()) -> set[int]:
        """Return the numbers of the edges (waiting task, blocker) that must go so that nothing waits for itself.

        Args:
            edges: those that may be dropped.
            fixed: those that may not, and that close no cycle among themselves.
        """
        for ref, blocker in fixed:
            self._arrows[2 * self._number[ref]].append((2 * self._number[blocker] + 1, _STRUCTURE))
        for number, (ref, blocker) in enumerate(edges):
            self._arrows[2 * self._number[ref]].append((2 * self._number[blocker] + 1, number))
        self._colour = [_WHITE] * len(self._arrows)
        self._dropped: set[int] = set()
        for point in range(1, len(self._arrows), 2):
            # The walk may come back to its first point in vain: what it dropped has set points free again.
            while self._colour[point] == _WHITE:
                self._walk(point)
        return self._dropped

    def _walk(self, first: int) -> None:
        way = [_Step(first, _STRUCTURE)]
        self._colour[first] = _GREY
        while way:
            step = way[-1]
            arrows = self._arrows[step.point]
            if step.next_arrow == len(arrows):
                self._colour[step.point] = _BLACK
                way.pop()
                continue
            target, dependency = arrows[step.next_arrow]
            step.next_arrow += 1
            if dependency not in self._dropped:
                self._follow(way, target, dependency)

    def _follow(self, way: list[_Step], target: int, dependency: int) -> None:
        if self._colour[target] == _WHITE:
            self._colour[target] = _GREY
            way.append(_Step(target, dependency))
        elif self._colour[target] == _GREY:
            self._close(way, dependency)

    def _close(self, way: list[_Step], dependency: int) -> None:
        """A cycle is closed: drop its last dependency, going back on the way when parentage closed it."""
        while dependency == _STRUCTURE:
            step = way.pop()
            self._colour[step.point] = _WHITE
            dependency = step.arrived_by
        self._dropped.add(dependency)
