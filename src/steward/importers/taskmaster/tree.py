"""Turns the lists of a document into rows: every task and subtask gets a reference that is unique in its tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from steward.importers.model import ParsedTask, Path, place_of
from steward.importers.notes import KEPT, Notes
from steward.importers.reader import id_text, steward_id_of
from steward.importers.refusal import Refused
from steward.importers.taskmaster.map import Inherited, fields_of
from steward.importers.taskmaster.shape import TaskList
from steward.importers.text import bounded, clean, describe

_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Node:
    """One row with what its dependencies are resolved by.

    Attributes:
        task: the row.
        claimed: the reference as the file means it, before a repair made it unique.
        scope: number of the list it stands in.
        parent: the node above.
    """

    task: ParsedTask
    claimed: str
    scope: int
    parent: Node | None


@dataclass(slots=True)
class _Level:
    """One open list of siblings during the walk."""

    items: Iterator[tuple[int, Any]]
    path: Path
    parent: Node | None
    inherited: Inherited = field(default_factory=Inherited)


class Walk:
    """The walk over all lists of one tag."""

    def __init__(self, tag: str, name: str, notes: Notes) -> None:
        self._tag = tag
        self._name = name
        self._notes = notes
        self._used: set[str] = set()
        self.nodes: list[Node] = []

    def add(self, task_list: TaskList, scope: int) -> None:
        """Take in one list, parents before their subtasks; depth costs no recursion."""
        levels = [_Level(iter(enumerate(task_list.items)), task_list.path, None)]
        while levels:
            level = levels[-1]
            index, raw = next(level.items, (-1, None))
            if index < 0:
                levels.pop()
            elif self._is_task(raw, (*level.path, index)):
                levels.append(self._descend(level, index, raw, scope))

    def _descend(self, level: _Level, index: int, raw: Any, scope: int) -> _Level:
        path = (*level.path, index)
        claimed, ref = self._refer(raw, index, level.parent, path)
        fields, inherited = fields_of(raw, level.inherited, self._notes, path)
        parent_ref = level.parent.task.ref if level.parent else None
        task = ParsedTask(ref, self._tag, parent_ref, index, path, raw, fields, steward_id_of(raw))
        node = Node(task, claimed, scope, level.parent)
        self.nodes.append(node)
        below = self._subtasks(raw, path)
        return _Level(iter(enumerate(below)), (*path, "subtasks"), node, inherited)

    def _is_task(self, raw: Any, path: Path) -> bool:
        if isinstance(raw, dict) and raw:
            return True
        if isinstance(raw, str) and raw.strip():
            self._notes.add(
                path, "task_is_text", "a task is a bare text", "imported with the text as its title"
            )
            return True
        if isinstance(raw, list) and raw:
            raise self._refused(path, f"a task must be an object, found {describe(raw)}")
        self._notes.add(path, "not_a_task", f"an element is {describe(raw)} without content, no task", KEPT)
        return False

    def _subtasks(self, raw: Any, path: Path) -> list[Any]:
        below = raw.get("subtasks") if isinstance(raw, dict) else None
        if isinstance(below, list):
            return below
        if below:
            raise self._refused((*path, "subtasks"), f"`subtasks` must be a list, found {describe(below)}")
        if below is not None:
            what = f"`subtasks` is {describe(below)}"
            self._notes.add((*path, "subtasks"), "wrong_type", what, "read as no subtasks")
        return []

    def _refer(self, raw: Any, index: int, parent: Node | None, path: Path) -> tuple[str, str]:
        """Return the reference as the file means it, and the unique one."""
        given = self._given_id(raw, path)
        base = parent.task.ref if parent else ""
        if given is None:
            claimed = ref = self._join(base, f"~{index + 1}")
        else:
            own = self._own_part(given, parent, path)
            claimed = self._join(parent.claimed if parent else "", own)
            ref = self._join(base, own)
        unique = self._unique(ref)
        if unique not in (ref, bounded(ref)):
            message = f"the reference {ref} stands twice in its tag"
            action = f"imported as {unique}; dependencies on {ref} mean the first"
            self._notes.add(path, "duplicate_id", message, action)
        return claimed, unique

    def _given_id(self, raw: Any, path: Path) -> str | None:
        value = raw.get("id") if isinstance(raw, dict) else None
        found = id_text(value)
        if found is not None:
            found = clean(found)[:_LONGEST_ID]
        elif isinstance(raw, dict):
            what = "has no id" if value is None else f"has {describe(value)} as id"
            self._notes.add(path, "missing_id", f"a task {what}", "referred to by its place in the list")
        return found

    def _own_part(self, given: str, parent: Node | None, path: Path) -> str:
        """Take the parent's part off a subtask id that is dotted already."""
        if parent is None or "." not in given:
            return given
        if given.startswith(parent.claimed + "."):
            return given[len(parent.claimed) + 1 :] or given
        self._notes.add(
            path,
            "foreign_dotted_id",
            f"the subtask id {given!r} does not begin with that of its parent, {parent.claimed}",
            f"imported below {parent.task.ref}",
        )
        return given

    @staticmethod
    def _join(base: str, own: str) -> str:
        return f"{base}.{own}" if base else own

    def _unique(self, ref: str) -> str:
        unique = ref = bounded(ref)
        number = 1
        while unique in self._used:
            number += 1
            unique = f"{ref}~{number}"
        self._used.add(unique)
        return unique

    def _refused(self, path: Path, what: str) -> Refused:
        return Refused(
            f"{self._name}: {place_of(path)}: {what}",
            hint="tasks would be lost; mend that place by hand and import again; nothing of the file was imported",
            place=place_of(path),
            kind="wrong_structure",
        )
