"""What an import has to change: the file as it was, the file as it is, and the rows as they stand, compared.

What changed in the file is written; what changed only in Steward stays. Nothing here touches the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from steward.importers.kinds import kind_of
from steward.importers.model import Fields, Oddity, ParsedFile, ParsedTask, place_of
from steward.importers.notes import KEPT
from steward.importers.types import TaskState

Key = tuple[str, str]
"""Tag and reference of a task."""


class Tie(NamedTuple):
    """A dependency between tasks of the file."""

    task: Key
    depends_on: Key
    type: str
    source_type: str | None

    @property
    def ends(self) -> tuple[Key, Key]:
        """The two tasks."""
        return self.task, self.depends_on


@dataclass(frozen=True, slots=True)
class Update:
    """A row that the file changed: the row as it stands, and what it shall be.

    `parent` is the key of the row above, or its id where the file has no say; `metadata` is what changed of it.
    """

    row: TaskState
    key: Key
    fields: Fields
    parent: Key | UUID | None
    order_index: int
    deleted: bool
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """All that has to be written for one file."""

    inserts: list[ParsedTask] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    edges_added: list[Tie] = field(default_factory=list)
    edges_removed: list[Tie] = field(default_factory=list)
    row_ids: dict[Key, UUID] = field(default_factory=dict)
    unchanged: int = 0
    removed: int = 0
    oddities: list[Oddity] = field(default_factory=list)


def key_of_task(task: ParsedTask) -> Key:
    """Return what a task is known by within its file."""
    return task.tag, task.ref


def plan(old: ParsedFile | None, new: ParsedFile, rows: Iterable[TaskState], busy_parents: set[UUID]) -> Plan:
    """Compare a file with what is known of it.

    Args:
        old: the file as it was imported last, None when it is new.
        new: the file as it is.
        rows: its rows, and rows that an export wrote into it.
        busy_parents: rows with live subtasks that are not of the file.
    """
    return _Planner(old, new, list(rows), busy_parents).run()


class _Planner:
    """Goes through the tasks of a file once, then through the rows that it no longer holds."""

    def __init__(
        self, old: ParsedFile | None, new: ParsedFile, rows: list[TaskState], busy_parents: set[UUID]
    ) -> None:
        self._kind = kind_of(new.format)
        self._old = {key_of_task(task): task for task in old.tasks} if old else {}
        self._new = {key_of_task(task): task for task in new.tasks}
        self._edges = (_edges(old) if old else [], _edges(new))
        self._rows: dict[Key, TaskState] = {(row.tag, row.ref): row for row in rows if row.tag and row.ref}
        self._added = {str(row.id): row for row in rows if row.ref is None}
        self._busy = busy_parents
        self._moved = set(_moved_groups(self._old, self._new))
        self._kept: set[Key] = set()
        self._orphans: set[Key] = set()
        self._plan = Plan()

    def run(self) -> Plan:
        for key, task in self._new.items():
            row = self._rows.get(key) or self._added.get(task.steward_id or "")
            if row is None:
                self._add(key, task)
                continue
            self._plan.row_ids[key] = row.id
            # What the file puts away goes the way of what it no longer holds.
            if not task.gone or row.deleted:
                self._compare(key, task, row)
        self._remove_gone()
        self._tie()
        return self._plan

    def _tie(self) -> None:
        before, after = self._edges
        self._plan.row_ids = {key: row.id for key, row in self._rows.items()} | self._plan.row_ids
        was, now = set(before), set(after)
        fresh = {key_of_task(task) for task in self._plan.inserts}
        rows = self._plan.row_ids.keys() | fresh
        added = [edge for edge in after if edge not in was or fresh.intersection(edge.ends)]
        self._plan.edges_added = [edge for edge in added if rows.issuperset(edge.ends)]
        gone = [edge for edge in before if edge not in now and rows.issuperset(edge.ends)]
        self._plan.edges_removed = [edge for edge in gone if not self._kept.intersection(edge.ends)]

    def _add(self, key: Key, task: ParsedTask) -> None:
        """Add a task, unless the one above it was deleted in Steward: it would belong to nothing."""
        above = (task.tag, task.parent_ref or "")
        parent = self._rows.get(above)
        if above in self._orphans or (parent and parent.deleted and not parent.removed_by_file):
            self._orphans.add(key)
            message = f"{task.ref} is new below {task.parent_ref}, which was deleted in Steward"
            self._note(task, "deleted_in_steward", message, KEPT)
        else:
            self._plan.inserts.append(task)

    def _compare(self, key: Key, task: ParsedTask, row: TaskState) -> None:
        old = self._old.get(key)
        if row.deleted and not row.removed_by_file:
            self._plan.unchanged += 1
            if old is not None and old.fields != task.fields:
                self._note(
                    task,
                    "deleted_in_steward",
                    f"{task.ref} changed but was deleted in Steward",
                    "left deleted",
                )
            return
        current = row.fields()
        fields = self._merge(task, old.fields if old else current, current)
        parent = self._parent(task, old, row)
        order = task.position if old is None or self._group(task) in self._moved else row.order_index
        adopted = (row.tag, row.ref) != key
        metadata = task.metadata if old is None or _beside(old) != _beside(task) else {}
        same = fields == current and parent == row.parent_id and order == row.order_index and not metadata
        if same and not adopted and row.deleted == task.gone:
            self._plan.unchanged += 1
        else:
            self._plan.updates.append(Update(row, key, fields, parent, order, task.gone, metadata))

    def _merge(self, task: ParsedTask, old: Fields, current: Fields) -> Fields:
        """Take what changed in the file into the row's fields."""
        changes: dict[str, Any] = {}
        for name in self._kind.written_fields:
            was, now, here = getattr(old, name), getattr(task.fields, name), getattr(current, name)
            unknown_base = old is current
            if (now == was and not unknown_base) or self._kind.says_the_same(name, here, now):
                continue
            changes[name] = now
            if here != was:
                message = f"`{name}` of {task.ref} was changed in the file and in Steward"
                self._note(task, "changed_on_both_sides", message, "the file's value was taken")
        if "status" in changes:
            changes["completed_at"] = completed_at(task.fields)
        return replace(current, **changes)

    def _parent(self, task: ParsedTask, old: ParsedTask | None, row: TaskState) -> Key | UUID | None:
        """A task that was moved in Steward stays there, unless it was moved in the file since."""
        moved = old is not None and old.parent_ref != task.parent_ref
        if not moved and (old is not None or task.parent_ref is None):
            return row.parent_id
        if task.parent_ref is None:
            return None
        above = (task.tag, task.parent_ref)
        parent = self._rows.get(above)
        if parent is not None:
            return parent.id
        return above if above in self._new and above not in self._orphans else row.parent_id

    @staticmethod
    def _group(task: ParsedTask) -> tuple[str, str | None]:
        return task.tag, task.parent_ref

    def _remove_gone(self) -> None:
        """Put away what the file no longer holds, or holds as deleted, unless it was worked on here."""
        gone = {key: row for key, row in self._rows.items() if self._is_gone(key) and not row.deleted}
        kept = self._worth_keeping(gone.values())
        for key, row in gone.items():
            old = self._old.get(key)
            if old is None:
                continue  # kept by an earlier import, and reported then
            if old.gone:
                # It was deleted in the file before, and is here all the same: kept then, or restored since.
                self._kept.add(key_of_task(old))
                continue
            if row.id in kept:
                message = f"{old.ref} {self._said(key)}, but was worked on in Steward"
                self._note(old, "removed_from_file", message, "kept in Steward")
                self._kept.add(key_of_task(old))
                continue
            message = f"{old.ref} {self._said(key)}"
            self._note(old, "removed_from_file", message, "deleted; it can be restored")
            self._plan.removed += 1
            self._plan.updates.append(self._removal(key, row))

    def _is_gone(self, key: Key) -> bool:
        task = self._new.get(key)
        return task is None or task.gone

    def _said(self, key: Key) -> str:
        return "was deleted in the file" if key in self._new else "is no longer in the file"

    def _removal(self, key: Key, row: TaskState) -> Update:
        task = self._new.get(key)
        fields = (
            row.fields()
            if task is None
            else replace(row.fields(), status=task.fields.status, completed_at=None)
        )
        return Update(row, key, fields, row.parent_id, row.order_index, True, task.metadata if task else {})

    def _worth_keeping(self, gone: Iterable[TaskState]) -> set[UUID]:
        """Rows that were touched in Steward, and all rows above one that stays."""
        rows = list(gone)
        parent_of = {row.id: row.parent_id for row in rows}
        kept: set[UUID] = set()
        for row in rows:
            if not (self._is_touched(row) or row.id in self._busy):
                continue
            at: UUID | None = row.id
            while at is not None and at not in kept:
                kept.add(at)
                at = parent_of.get(at)
        return kept

    def _is_touched(self, row: TaskState) -> bool:
        old = self._old.get((str(row.tag), str(row.ref)))
        if row.worked_on or old is None:
            return True
        fields = row.fields()
        return any(getattr(fields, name) != getattr(old.fields, name) for name in self._kind.written_fields)

    def _note(self, task: ParsedTask, kind: str, message: str, action: str) -> None:
        self._plan.oddities.append(Oddity(place_of(task.path), None, kind, message, action))


def completed_at(fields: Fields) -> Any:
    """Return when a task of a file was done; None when it is not, or when the file does not tell."""
    return (fields.completed_at or fields.updated_at) if fields.status == "done" else None


def _beside(task: ParsedTask) -> dict[str, Any]:
    """Return what is kept beside the columns, without the count of comments: those are rows of their own."""
    return {
        name: {key: each for key, each in value.items() if key != "comments"}
        if isinstance(value, dict)
        else value
        for name, value in task.metadata.items()
    }


def _edges(file: ParsedFile) -> list[Tie]:
    return [
        Tie((tag.name, edge.ref), (tag.name, edge.depends_on), edge.type, edge.source_type)
        for tag in file.tags
        for edge in tag.edges
    ]


def _moved_groups(old: dict[Key, ParsedTask], new: dict[Key, ParsedTask]) -> Iterator[tuple[str, str | None]]:
    """Yield the groups of siblings whose common members changed their order."""
    orders: dict[tuple[str, str | None], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, (these, those) in enumerate(((old, new), (new, old))):
        for key, task in these.items():
            if key in those:
                orders[task.tag, task.parent_ref][side].append(task.ref)
    yield from (group for group, (before, after) in orders.items() if before != after)
