"""The way back: the kept original with what changed in Steward since, in beads' own words.

A line is written anew only when its issue changed, so a file that nothing happened to comes back to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime
from typing import Any

from steward.importers.beads.comments import has_numbers, say
from steward.importers.beads.parse import Source, parse_file
from steward.importers.beads.words import PARENT_CHILD
from steward.importers.beads.write import NewIds, bury, new_issue, put, revive, stamp, touch, write_changes
from steward.importers.files import decode
from steward.importers.model import ExportRow, Link, ParsedFile, ParsedTask

_BY = "steward"


def export_text(original: bytes, source_name: str, rows: Iterable[ExportRow]) -> str:
    """Return the file as it would stand now.

    Args:
        original: the unpacked bytes that were imported.
        source_name: the name it is known by, used in messages.
        rows: every row of the file, and those added since in the order they shall stand in; parents first.
    """
    export = _Export(parse_file(original, source_name), list(rows))
    export.run()
    if not export.changed:
        return decode(original, source_name).text
    return export.text()


def _list(item: dict[str, Any], key: str) -> list[Any]:
    """Return the list at a key; what is none holds nothing."""
    found = item.get(key)
    return found if isinstance(found, list) else []


class _Export:
    """Works the rows into copies of the issues, line by line."""

    def __init__(self, parsed: ParsedFile, rows: list[ExportRow]) -> None:
        self.changed = False
        self._source: Source = parsed.raw
        self._tasks = {task.ref: task for task in parsed.tasks}
        self._rows = rows
        self._row_of = {row.id: row for row in rows}
        self._items: dict[str, dict[str, Any]] = {}
        self._ids = NewIds(str(task.raw.get("id")) for task in parsed.tasks)
        self._edges: dict[str, dict[tuple[str, str], int]] = {}
        for tag in parsed.tags:
            for edge in tag.edges:
                entries = self._edges.setdefault(edge.ref, {})
                entries[edge.depends_on, edge.type] = int(edge.path[-1])
        self._buries = any(task.gone for task in parsed.tasks)
        self._escapes = any("\\u003c" in line.text or "\\u0026" in line.text for line in self._source.lines)
        self._numbers = has_numbers(each for task in parsed.tasks for each in _list(task.raw, "comments"))
        self._written: dict[int, str | None] = {}
        self._added: list[str] = []
        self._changes: dict[str, list[datetime | None]] = {}

    def run(self) -> None:
        """Patch what changed, add what is new, bury or drop what is gone."""
        for row in self._rows:
            task = self._task(row)
            if task is not None:
                self._items[row.id] = deepcopy(task.raw)
            elif row.ref is None and not row.deleted:
                self._items[row.id] = new_issue(
                    self._ids.make(row.id, self._id(row.parent_id)), row.fields, row.id
                )
        for row in self._rows:
            item, task = self._items.get(row.id), self._task(row)
            if item is not None and task is not None:
                self._patch(row, task, item)
            elif item is not None:
                self._tie(row, None, item)
                self._say(row, item)
                self._added.append(self._dump(item))
        self.changed = bool(self._written or self._added)

    def text(self) -> str:
        """Return all lines."""
        ending = next((line.ending for line in self._source.lines if line.ending), "\n")
        parts = []
        for place, line in enumerate(self._source.lines):
            text = self._written.get(place, line.text)
            if text is not None:
                parts.append(text + (line.ending or ending))
        return "".join([*parts, *(text + ending for text in self._added)])

    def _task(self, row: ExportRow) -> ParsedTask | None:
        return self._tasks.get(row.ref) if row.ref is not None else None

    def _id(self, row_id: str | None) -> str | None:
        """Return the id of a row that the file will hold."""
        item = self._items.get(row_id) if row_id else None
        if row_id is None or item is None or item.get("id") is None:
            return None
        return None if self._row_of[row_id].deleted and not self._stays(row_id) else str(item["id"])

    def _stays(self, row_id: str) -> bool:
        task = self._task(self._row_of[row_id])
        return self._buries or (task is not None and task.gone)

    def _patch(self, row: ExportRow, task: ParsedTask, item: dict[str, Any]) -> None:
        if row.deleted and not task.gone:
            self._bury(row, task, item)
            return
        if not row.deleted:
            write_changes(item, task.fields, row.fields)
            if task.gone:
                revive(item, row.fields)
        self._tie(row, task, item)
        if not row.deleted:
            self._say(row, item)
        if item != task.raw:
            self._write(task, self._dump(item))

    def _write(self, task: ParsedTask, text: str | None) -> None:
        """Set the line of an issue; older states of it, on other lines, are settled by that.

        It stands where the first of them stood: which of two issues of one id is the first must not change.
        """
        first, *others = sorted([self._source.places[task.ref], *self._source.copies[task.ref]])
        self._written |= dict.fromkeys(others)
        self._written[first] = text

    def _bury(self, row: ExportRow, task: ParsedTask, item: dict[str, Any]) -> None:
        """A file that tells of deleted issues gets one more tombstone; another one loses the line."""
        if self._buries:
            bury(item, row.fields)
            self._write(task, self._dump(item))
        else:
            self._write(task, None)

    def _tie(self, row: ExportRow, task: ParsedTask | None, item: dict[str, Any]) -> None:
        """Write the dependencies that came and went; those that are not live here stay as they are."""
        before = self._edges.get(task.ref, {}) if task else {}
        now = {
            (self._ref(link.depends_on), link.type): link for link in row.links if self._id(link.depends_on)
        }
        gone = {place for key, place in before.items() if key not in now}
        fresh = [link for key, link in now.items() if key not in before]
        parent = self._ref(row.parent_id) if self._id(row.parent_id) else None
        moved = parent != (task.parent_ref if task else None)
        if not (gone or fresh or moved):
            return
        entries = _list(item, "dependencies")
        if moved and task and task.parent_ref:
            gone |= self._parent_entries(entries, str(self._tasks[task.parent_ref].raw.get("id")))
        kept = [entry for place, entry in enumerate(entries) if place not in gone]
        if moved and parent is not None:
            kept.append(self._entry(item, self._parent_link(row, task)))
        kept += [self._entry(item, link) for link in fresh]
        if kept != entries:
            if isinstance(item.get("dependency_count"), int):
                item["dependency_count"] = max(0, item["dependency_count"] + len(kept) - len(entries))
            put(item, "dependencies", kept)
            self._touch(row, item, [link.created_at for link in fresh])

    @staticmethod
    def _parent_link(row: ExportRow, task: ParsedTask | None) -> Link:
        """Nothing tells when a row was put below another: when it was made, and if it moved, by its last change."""
        made = row.fields.created_at if task is None else row.fields.updated_at
        return Link(str(row.parent_id), "blocks", PARENT_CHILD, made or row.fields.updated_at)

    def _say(self, row: ExportRow, item: dict[str, Any]) -> None:
        """Write the comments that came, changed and went."""
        if changes := say(item, row.said, numbers=self._numbers):
            self._touch(row, item, changes)

    def _touch(self, row: ExportRow, item: dict[str, Any], changes: Iterable[datetime | None]) -> None:
        """Note the time of the latest change of an issue, its dependencies and its comments."""
        times = self._changes.setdefault(row.id, [])
        times.extend(changes)
        touch(item, row.fields, *times)

    @staticmethod
    def _parent_entries(entries: list[Any], parent_id: str) -> set[int]:
        """Return the places of the entries that name a parent."""
        found = set()
        for place, entry in enumerate(entries):
            named = (
                entry.get("depends_on_id")
                if isinstance(entry, dict) and entry.get("type") == PARENT_CHILD
                else None
            )
            if named is not None and str(named) == parent_id:
                found.add(place)
        return found

    def _ref(self, row_id: str | None) -> str:
        """Return what a row is known by in this export."""
        row = self._row_of.get(row_id or "")
        return row.ref if row and row.ref in self._tasks and row.ref is not None else str(row_id)

    def _entry(self, item: dict[str, Any], link: Link) -> dict[str, Any]:
        return {
            "issue_id": item.get("id"),
            "depends_on_id": self._id(link.depends_on),
            "type": link.source_type or ("related" if link.type == "relates_to" else "blocks"),
            "created_at": stamp(link.created_at),
            "created_by": _BY,
        }

    def _dump(self, item: dict[str, Any]) -> str:
        text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError:
            # Halves of surrogate pairs cannot stand in UTF-8 but as escapes.
            text = json.dumps(item, separators=(",", ":"))
        if self._escapes:
            text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        return text
