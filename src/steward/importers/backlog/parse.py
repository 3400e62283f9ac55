"""Reads one Backlog.md folder whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from steward.importers.backlog.document import Document, front_lines, read_document, read_yaml
from steward.importers.backlog.folder import CONFIGS, TASK_NAME
from steward.importers.links import BLOCKS, PARENT, Entry, Links, links_of
from steward.importers.model import Fields, ParsedFile, ParsedTag, ParsedTask, Path, Remark
from steward.importers.notes import KEPT, Notes
from steward.importers.reader import Reader, parse_time
from steward.importers.refusal import Refused
from steward.importers.text import bounded, clean
from steward.importers.words import STATUSES, key_of

FORMAT = "backlog"
TAG = "backlog"
KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "labels": ("labels",),
    "assignee": ("assignee",),
    "created_at": ("created_date",),
    "updated_at": ("updated_date",),
    "completed_at": ("completed_date",),
    "due_date": ("due_date", "dueDate"),
}
WRITTEN_FIELDS = (
    "title",
    "description",
    "details",
    "status",
    "priority",
    "labels",
    "assignee",
    "acceptance_criteria",
    "due_date",
)
_BESIDE = ("status", "milestone", "reporter", "ordinal", "type", "parent_task_id")
_NUMBERED = re.compile(r".+\.(\d{1,9})")
_PRIORITIES = {"low": 3, "medium": 5, "high": 8, "critical": 10}


@dataclass(frozen=True, slots=True)
class Task:
    """One file of a task. Ids are compared without regard to case, as Backlog.md does."""

    file: str
    document: Document
    claimed: str
    ref: str

    @property
    def path(self) -> Path:
        """The place of the task in reports."""
        return (self.file,)

    @property
    def gone(self) -> bool:
        """Whether the task was archived."""
        return self.file.startswith("archive/")


class _Lines:
    """Finds lines of places, each in its file."""

    def __init__(self, files: dict[str, str], tasks: Iterable[Task]) -> None:
        self._files = files
        self._documents = {task.file: task.document for task in tasks}
        self._fronts: dict[str, dict[Path, int]] = {}

    def line(self, path: Path) -> int | None:
        """Return the line of a value, else that of the id which the task is known by, else the first."""
        if not path:
            return None
        file, *keys = path
        document = self._documents.get(str(file))
        if document is None:
            return 1
        if keys and keys[0] in document.lines:
            return document.lines[str(keys[0])]
        front = self._front(str(file))
        return front.get(tuple(keys)) or front.get(tuple(keys[:1])) or front.get(("id",), 1)

    def _front(self, file: str) -> dict[Path, int]:
        if file not in self._fronts:
            self._fronts[file] = front_lines(self._files[file])
        return self._fronts[file]


def parse_file(data: bytes, source_name: str) -> ParsedFile:
    """Read the files of a folder.

    Args:
        data: what the folder was read as.
        source_name: the name it is known by within its project, used in messages too.

    Raises:
        Refused: a file is damaged; the message names it.
    """
    files: dict[str, str] = json.loads(data)["files"]
    notes = Notes()
    config: Any = next(
        (read_yaml(files[name], f"{source_name}/{name}") for name in CONFIGS if name in files), {}
    )
    statuses = _words(config.get("statuses")) if isinstance(config, dict) else []
    tasks = list(_tasks(files, source_name, notes))
    references = _References(tasks, notes)
    links = links_of(tasks, {task.ref: references.entries(task) for task in tasks}, notes)
    order: dict[str | int, int] = {file: place for place, file in enumerate(files)}
    rows = tuple(_row(task, links, statuses, notes) for task in _parents_first(tasks, links))
    return ParsedFile(
        format=FORMAT,
        shape="folder",
        source_name=source_name,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        tags=(ParsedTag(TAG, {}, rows, links.edges, links.dropped, links.parent_entries),),
        oddities=notes.oddities(lambda: _Lines(files, tasks), lambda path: order.get(path[0], 0)),
        raw=files,
    )


def _tasks(files: dict[str, str], source_name: str, notes: Notes) -> Iterator[Task]:
    used: set[str] = set()
    for file, text in files.items():
        if not file.endswith(".md"):
            continue
        document = read_document(text, f"{source_name}/{file}")
        if document is None:
            _without_front(file, source_name, notes)
            continue
        claimed = _claimed(file, document)
        ref = bounded(claimed)
        number = 1
        while ref in used:
            number += 1
            ref = bounded(f"{claimed}~{number}")
        if number > 1:
            message = f"two files have the id {claimed}"
            action = f"imported as {ref}; dependencies on {claimed} mean the first"
            notes.add((file,), "duplicate_id", message, action)
        used.add(ref)
        yield Task(file, document, claimed, ref)


def _without_front(file: str, source_name: str, notes: Notes) -> None:
    if TASK_NAME.fullmatch(file.rpartition("/")[2]):
        raise Refused(
            f"{source_name}/{file}: line 1: the file of a task has no `---` block in front, or it does not end",
            hint="restore that file and import again; nothing of the folder was imported",
            line=1,
            place=file,
            kind="no_front_matter",
        )
    notes.add((file,), "other_record", "a file that is no task", KEPT)


def _claimed(file: str, document: Document) -> str:
    given = document.front.get("id")
    if isinstance(given, str) and given.strip():
        return clean(given).strip().upper()
    return file.rpartition("/")[2].partition(" - ")[0].removesuffix(".md").upper()


class _References:
    """Finds what a reference means. Projects rename their prefix, and old files go on saying task-12."""

    def __init__(self, tasks: list[Task], notes: Notes) -> None:
        self._claimed = {task.claimed for task in tasks}
        self._prefixes = {each.rpartition("-")[0] for each in self._claimed}
        self._notes = notes

    def entries(self, task: Task) -> list[Entry]:
        """Return the dependencies of a task and its parent."""
        front = task.document.front
        said = [
            ((*task.path, "dependencies", at), word)
            for at, word in enumerate(_words(front.get("dependencies")))
        ]
        found = [Entry(path, self._target(word, task, path), BLOCKS) for path, word in said]
        path = (*task.path, "parent_task_id")
        parents = _words(front.get("parent_task_id"))[:1]
        return found + [Entry(path, self._target(word, task, path), PARENT) for word in parents]

    def _target(self, said: str, task: Task, path: Path) -> str:
        """A bare number means the task of that number with the same prefix."""
        said = clean(said).strip().upper()
        prefix, _, number = said.rpartition("-")
        ours = f"{task.claimed.rpartition('-')[0]}-{number}"
        if not prefix and said[:1].isdigit():
            return ours
        if said not in self._claimed and prefix not in self._prefixes and ours in self._claimed:
            message = f"{task.ref} refers to {said[:60]}, a prefix that no task has"
            self._notes.add(path, "renamed_prefix", message, f"taken as {ours}")
            return ours
        return said


def _words(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def _parents_first(tasks: list[Task], links: Links) -> Iterator[Task]:
    by_ref = {task.ref: task for task in tasks}
    return (by_ref[ref] for ref in links.parents_first([task.ref for task in tasks]))


def _row(task: Task, links: Links, statuses: list[str], notes: Notes) -> ParsedTask:
    number = _NUMBERED.fullmatch(task.claimed)
    front = task.document.front
    beside: dict[str, Any] = {
        key: clean(value) for key in _BESIDE if isinstance(value := front.get(key), str) and value
    }
    if ticked := _ticked(task, notes):
        beside["ticked_criteria"] = ticked
    return ParsedTask(
        ref=task.ref,
        tag=TAG,
        parent_ref=links.parents.get(task.ref),
        position=int(number[1]) if number else 0,
        path=task.path,
        raw=front,
        fields=_fields(task, statuses, notes),
        metadata={FORMAT: beside | {"file": clean(task.file)}},
        gone=task.gone,
        comments=tuple(_remarks(task)),
    )


def _ticked(task: Task, notes: Notes) -> list[str]:
    """Return the criteria that are ticked, which a list of texts cannot hold, and tell what is none."""
    document, path = task.document, (*task.path, "acceptance_criteria")
    ticked = [each for each in document.criteria if each.ticked]
    if ticked:
        message = f"{len(ticked)} of {len(document.criteria)} acceptance criteria are ticked"
        action = "imported without their boxes; which are ticked is kept in the metadata"
        notes.add(path, "ticked_criteria", message, action, ticked[0].line)
    if document.strays:
        message = f"{len(document.strays)} lines among the acceptance criteria belong to none"
        notes.add(path, "not_a_criterion", message, KEPT, document.strays[0])
    return [clean(each.text) for each in ticked]


def _remarks(task: Task) -> Iterator[Remark]:
    """Give the comments of a task; they have no ids but their places."""
    for place, (author, created, text) in enumerate(task.document.comments, 1):
        if text:
            yield Remark(f"~{place}", clean(author), clean(text), parse_time(created))


def _fields(task: Task, statuses: list[str], notes: Notes) -> Fields:
    document = task.document
    body = {"description": document.description, "details": document.rest}
    reader = Reader(document.front | body, notes, task.path, KEYS | _BODY)
    return Fields(
        title=reader.title(),
        description=reader.clean("description", document.description),
        details=reader.clean("details", document.rest),
        status=_status(task, statuses, notes),
        priority=_priority(task, notes),
        type=_type(document.front.get("type")),
        labels=reader.labels(),
        assignee=reader.assignee(),
        acceptance_criteria=tuple(clean(each.text) for each in document.criteria),
        created_at=reader.time("created_at"),
        updated_at=reader.time("updated_at"),
        due_date=reader.time("due_date"),
        completed_at=reader.time("completed_at"),
    )


_BODY: dict[str, tuple[str, ...]] = {"description": ("description",)}


def _status(task: Task, statuses: list[str], notes: Notes) -> str:
    """A column of the project's own is judged by its place: the first is to be done, the last is done."""
    if task.gone:
        return "cancelled"
    if task.file.startswith("drafts/"):
        return "draft"
    word = task.document.front.get("status")
    if not isinstance(word, str) or not word.strip():
        notes.add((*task.path, "status"), "missing_status", "a task has no status", "imported as pending")
        return "pending"
    known = STATUSES.get(key_of(word))
    if known is None:
        places = [key_of(each) for each in statuses]
        place = places.index(key_of(word)) if key_of(word) in places else -1
        known = {-1: "blocked", 0: "pending", len(places) - 1: "done"}.get(place, "in_progress")
        message = f"the status {word[:60]!r} is the project's own"
        action = f"imported as {known}; the word is kept in the metadata"
        notes.add((*task.path, "status"), "custom_status", message, action)
    return known


def _priority(task: Task, notes: Notes) -> int:
    word = task.document.front.get("priority")
    if not isinstance(word, str) or not word.strip():
        return 5
    if key_of(word) not in _PRIORITIES:
        message = f"the priority {word[:60]!r} is not known"
        notes.add((*task.path, "priority"), "unknown_priority", message, "imported as 5 (medium)")
    return _PRIORITIES.get(key_of(word), 5)


def _type(word: Any) -> str:
    known = {
        "bug": "bug",
        "feature": "feature",
        "chore": "chore",
        "refactor": "refactor",
        "docs": "documentation",
    }
    return known.get(key_of(word), "task") if isinstance(word, str) else "task"


def says_the_same(name: str, here: Any, now: Any) -> bool:
    """Tell whether a row's value is what the folder says."""
    return bool(here == now)
