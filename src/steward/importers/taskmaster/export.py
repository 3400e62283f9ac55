"""The way back: the kept original with what changed in Steward since.

Order of keys and tasks, unknown keys, and the file's own words stay. A field is written only when the row differs from
what the original maps to, so a file that nothing happened to comes back as it was, to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from steward.importers.files import decode
from steward.importers.model import ExportRow, ParsedFile, ParsedTask, Path
from steward.importers.taskmaster.parse import parse_file
from steward.importers.taskmaster.shape import MASTER
from steward.importers.taskmaster.write import Vocabulary, new_object, next_id, write_changes
from steward.kit.errors import NotFound


def export_text(original: bytes, source_name: str, rows: Iterable[ExportRow], tag: str | None = None) -> str:
    """Return the file as it would stand now.

    Args:
        original: the unpacked bytes that were imported.
        source_name: the name it is known by, used in messages.
        rows: every row of the file, and those added since in the order they shall stand in; parents first.
        tag: give only this tag.
    """
    parsed = parse_file(original, source_name)
    export = _Export(parsed, list(rows))
    export.run()
    document = _only(parsed, export.document, tag)
    if not export.changed and document is parsed.raw:
        return decode(original, source_name).text
    return _dump(document)


def _only(parsed: ParsedFile, document: Any, tag: str | None) -> Any:
    tagged = parsed.shape in ("tagged", "mixed")
    known = dict.fromkeys([*(each.name for each in parsed.tags), *(document if tagged else ())]) or [MASTER]
    if tag is not None and tag not in known:
        raise NotFound(f"tag: the file has no {tag!r}", hint=f"its tags are {', '.join(known)}")
    if tag is None or not tagged or tag not in document:
        return document
    return {tag: document[tag]}


def _dump(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Halves of surrogate pairs cannot stand in UTF-8 but as escapes.
        text = json.dumps(document, indent=2)
    return text + "\n"


class _Export:
    """Works the rows into the parsed document, in place."""

    def __init__(self, parsed: ParsedFile, rows: list[ExportRow]) -> None:
        self.document = parsed.raw
        self.changed = False
        self._parsed = parsed
        self._rows = rows
        self._by_ref = {(row.tag, row.ref): row for row in rows if row.ref is not None}
        self._row_of = {row.id: row for row in rows}
        self._task_of = {
            row.id: task
            for task in parsed.tasks
            if (row := self._by_ref.get((task.tag, task.ref))) is not None
        }
        self._objects: dict[str, dict[str, Any]] = {}
        self._words = Vocabulary(parsed)

    def run(self) -> None:
        """Patch what changed, add what is new, drop what is gone."""
        for row_id, task in self._task_of.items():
            self._patch(self._row_of[row_id], task)
        for row in self._rows:
            if row.ref is None and not row.deleted:
                self._append(row)
        self._write_dependencies()
        for row_id, task in reversed(self._task_of.items()):
            if self._row_of[row_id].deleted:
                del self._at(task.path[:-1])[task.path[-1]]
                self.changed = True

    def _at(self, path: Path) -> Any:
        value = self.document
        for step in path:
            value = value[step]
        return value

    def _patch(self, row: ExportRow, task: ParsedTask) -> None:
        if isinstance(task.raw, dict):
            self._objects[row.id] = task.raw
            self.changed |= write_changes(task.raw, task.fields, row.fields, self._words)
        elif row.fields.title != task.fields.title or row.fields.status != task.fields.status:
            item = new_object(None, row.fields, row.id, self._words)
            self._at(task.path[:-1])[task.path[-1]] = self._objects[row.id] = item
            self.changed = True

    def _append(self, row: ExportRow) -> None:
        siblings = self._siblings(row)
        item = new_object(next_id(siblings), row.fields, row.id, self._words)
        siblings.append(item)
        self._objects[row.id] = item
        self.changed = True

    def _siblings(self, row: ExportRow) -> list[Any]:
        """Return the list that a new row belongs in."""
        parent = self._objects.get(row.parent_id) if row.parent_id else None
        if parent is None:
            return self._list_of(row.tag)
        below = parent.get("subtasks")
        if not isinstance(below, list):
            below = parent["subtasks"] = []
        return below

    def _list_of(self, tag: str) -> list[Any]:
        if isinstance(self.document, list):
            return self.document
        if self._parsed.shape == "untagged" or (self._parsed.shape == "mixed" and tag == MASTER):
            holder = self.document
        else:
            holder = self.document.setdefault(tag, {"tasks": [], "metadata": {}})
        if not isinstance(holder.get("tasks"), list):
            holder["tasks"] = []
        items: list[Any] = holder["tasks"]
        return items

    def _write_dependencies(self) -> None:
        live = self._live_entries()
        for row in self._rows:
            item = self._objects.get(row.id)
            if item is None or row.deleted:
                continue
            before = live.get(row.id, {})
            now = [blocker for blocker in row.blockers if self._is_there(blocker)]
            if set(now) != set(before):
                self._write_entries(row, item, before, now)

    def _is_there(self, row_id: str) -> bool:
        return row_id in self._objects and not self._row_of[row_id].deleted

    def _live_entries(self) -> dict[str, dict[str, Any]]:
        """Return, for each row, the entries of the file that are live: blocker's id to the entry as written."""
        id_of = {(task.tag, task.ref): row_id for row_id, task in self._task_of.items()}
        entries: dict[str, dict[str, Any]] = {}
        for tag in self._parsed.tags:
            for edge in tag.edges:
                waiting, blocker = id_of.get((tag.name, edge.ref)), id_of.get((tag.name, edge.depends_on))
                if waiting and blocker:
                    entries.setdefault(waiting, {})[blocker] = self._at(edge.path)
        return entries

    def _write_entries(
        self, row: ExportRow, item: dict[str, Any], before: dict[str, Any], now: list[str]
    ) -> None:
        old = item.get("dependencies")
        if not isinstance(old, list):
            old, before = [], {}
        gone = [str(entry) for blocker, entry in before.items() if blocker not in now]
        kept = [entry for entry in old if str(entry) not in gone]
        added = [self._reference(row, self._row_of[blocker]) for blocker in now if blocker not in before]
        item["dependencies"] = kept + [entry for entry in added if entry is not None]
        self.changed = True

    def _reference(self, row: ExportRow, target: ExportRow) -> Any:
        """Write a reference to the target as Taskmaster reads it from where the row stands."""
        given = self._objects[target.id].get("id")
        if target.parent_id == row.parent_id or target.parent_id is None:
            return given
        return self._dotted(target)

    def _dotted(self, row: ExportRow) -> str:
        if (task := self._task_of.get(row.id)) is not None:
            return task.ref
        own = str(self._objects[row.id].get("id"))
        above = self._row_of.get(row.parent_id) if row.parent_id else None
        return f"{self._dotted(above)}.{own.rpartition('.')[2]}" if above else own
