"""Which of its shapes a Taskmaster document has, and where its lists of tasks lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from steward.importers.model import Path, place_of
from steward.importers.notes import KEPT, Notes
from steward.importers.refusal import Refused
from steward.importers.text import clean, describe

_LONGEST_TAG = 200

MASTER = "master"
"""The tag of a file that knows no tags."""


@dataclass(frozen=True, slots=True)
class TaskList:
    """One list of tasks of the document and the tag it belongs to."""

    tag: str
    metadata: dict[str, Any]
    items: list[Any]
    path: Path


@dataclass(frozen=True, slots=True)
class Shape:
    """The name of the shape and the lists; a real `master` comes before stray tasks of the top level."""

    name: str
    lists: tuple[TaskList, ...]


def looks_like_task(item: Any) -> bool:
    """Tell whether a list element has what Taskmaster's tasks have."""
    if not isinstance(item, dict):
        return False
    return "title" in item or ("id" in item and ("description" in item or "status" in item))


def looks_like_taskmaster(document: Any) -> bool:
    """Tell whether a document is a Taskmaster file, by its content alone."""
    if isinstance(document, list):
        # Many services export a bare list of titled objects; only ours speak of status or dependencies.
        return any(
            looks_like_task(item) and ("status" in item or "dependencies" in item) for item in document
        )
    if not isinstance(document, dict):
        return False
    lists = [document.get("tasks")] + [
        value.get("tasks") for value in document.values() if isinstance(value, dict)
    ]
    tasks = [items for items in lists if isinstance(items, list)]
    return bool(tasks) and (not any(tasks) or any(looks_like_task(item) for items in tasks for item in items))


def has_broken_list(document: Any) -> bool:
    """Tell whether something other than a list stands where Taskmaster has a list of tasks."""
    if not isinstance(document, dict):
        return False
    holders = [document, *(value for value in document.values() if isinstance(value, dict))]
    return any(isinstance(holder.get("tasks"), dict | str | bool) for holder in holders)


def shape_of(document: Any, name: str, notes: Notes) -> Shape:
    """Find the lists of tasks of a document.

    Raises:
        Refused: there is no list where one must be.
    """
    if isinstance(document, list):
        return Shape("array", (TaskList(MASTER, {}, document, ()),))
    if not isinstance(document, dict):
        raise _unreadable(name, (), "the document is neither an object nor a list", document)
    if not document:
        return Shape("empty", ())
    tags = _tags(document, name, notes)
    stray = _stray(document, name, notes)
    if not tags and not stray:
        raise _unreadable(name, (), "the document has no `tasks` and no tag", document)
    _note_extras(document, {task_list.tag for task_list in tags}, bool(stray), notes)
    if not stray:
        return Shape("tagged", tuple(tags))
    return _with_stray(tags, stray, notes)


def _with_stray(tags: list[TaskList], stray: list[TaskList], notes: Notes) -> Shape:
    if not tags:
        return Shape("untagged", tuple(stray))
    has_master = any(tag.tag == MASTER for tag in tags)
    action = "put beside the tasks of the tag `master`" if has_master else "made the tag `master`"
    count = len(stray[0].items)
    message = (
        f"a file with tags has {count} tasks outside of any tag, as a merge of an old and a new file makes"
    )
    notes.add(("tasks",), "stray_tasks", message, action)
    return Shape("mixed", (*tags, *stray))


def _tags(document: dict[str, Any], name: str, notes: Notes) -> list[TaskList]:
    found = []
    for key, value in document.items():
        if not isinstance(value, dict) or "tasks" not in value or _is_metadata(document, key):
            continue
        _check_name(key, name)
        if (items := _list(value["tasks"], (key, "tasks"), name, notes)) is not None:
            metadata = value.get("metadata")
            found.append(TaskList(key, metadata if isinstance(metadata, dict) else {}, items, (key, "tasks")))
    return found


def _check_name(tag: str, name: str) -> None:
    if len(tag) > _LONGEST_TAG or clean(tag) != tag:
        raise _unreadable(
            name, (tag[:80],), f"a tag's name must be storable text of at most {_LONGEST_TAG}", tag
        )


def _is_metadata(document: dict[str, Any], key: str) -> bool:
    """Metadata of a file without tags may well count its tasks under the key `tasks`."""
    return key == "metadata" and "tasks" in document


def _stray(document: dict[str, Any], name: str, notes: Notes) -> list[TaskList]:
    if "tasks" not in document:
        return []
    tasks = document["tasks"]
    if isinstance(tasks, dict) and isinstance(tasks.get("tasks"), list):
        return []  # a tag that is called "tasks"
    items = _list(tasks, ("tasks",), name, notes)
    metadata = document.get("metadata")
    return [TaskList(MASTER, metadata if isinstance(metadata, dict) else {}, items or [], ("tasks",))]


def _list(value: Any, path: Path, name: str, notes: Notes) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if value is None:
        notes.add(path, "tasks_null", "`tasks` is null", "read as an empty list")
        return []
    if isinstance(value, int | float):
        return None  # a count, not a list
    raise _unreadable(name, path, "`tasks` must be a list", value)


def _note_extras(document: dict[str, Any], tags: set[str], stray: bool, notes: Notes) -> None:
    known = tags | ({"tasks", "metadata"} if stray else set())
    for key in document:
        if key not in known:
            notes.add((key,), "extra_key", f"the key {key[:80]!r} at the top is no tag", KEPT)


def _unreadable(name: str, path: Path, what: str, value: Any) -> Refused:
    return Refused(
        f"{name}: {place_of(path)}: {what}, found {describe(value)}",
        hint="this is no Taskmaster file, or another tool wrote it; nothing of it was imported",
        place=place_of(path),
        kind="wrong_structure",
    )
