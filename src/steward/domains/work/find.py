"""Finding tasks and projects by the words that people and agents use for them."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.domains.work.types import NamedTask, Task, TaskId, TaskLink, TaskRow, TaskText, TaskTexts
from steward.domains.work.types_talk import Target
from steward.kit.convert import load
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_range

_REFERENCE = re.compile(r"^(?P<key>[A-Za-z0-9]{2,10})-(?P<number>[0-9]{1,18})$")
_TEXT_FIELDS = tuple(field.name for field in dataclasses.fields(TaskText))


def scope(db: Db, project: str | None) -> UUID | None:
    """Return the project a list is limited to: the named one, else the one in hand; `all` limits to none."""
    if project in projects.EVERYWHERE:
        return None
    return projects.resolve_id(db, project)


def numbered(db: Db, words: str) -> dict[str, Any]:
    """Return what words such as ACME-42, a uuid, its first 8 digits, or 42 in the project in hand may mean."""
    reference = _REFERENCE.match(words)
    low, high = id_range(words) or (None, None)
    number = (
        int(reference["number"])
        if reference
        else int(words)
        if words.isdecimal() and len(words) < 18
        else None
    )
    needs_project = reference is None and number is not None
    return {
        "low": low,
        "high": high,
        "key": reference["key"] if reference else None,
        "number": number,
        "project_id": projects.resolve_id(db, None) if needs_project else None,
    }


def task_of(db: Db, words: str) -> TaskId:
    """Return the task that words such as ACME-42, a uuid, its first 8 digits, or 42 in the project in hand mean.

    Raises:
        NotFound: no task is meant.
        Invalid: more than one is.
    """
    words = words.strip()
    reference = _REFERENCE.match(words)
    if reference:
        number = int(reference["number"])
        found = db.all("work.task_by_number", TaskId, key=reference["key"], number=number)
    else:
        found = db.all("work.resolve_task", TaskId, **numbered(db, words))
    if len(found) > 1:
        raise Invalid(
            f"{words!r} stands for more than one task", hint="give more digits of its id, or KEY-number"
        )
    if not found:
        raise NotFound(
            f"there is no task {words!r}",
            hint="name it as ACME-42, by its id, or look with `steward work list`",
        )
    return found[0]


def tasks_of(db: Db, names: list[str]) -> list[UUID]:
    """Return the tasks that references such as ACME-42 or whole ids mean, in their order.

    Raises:
        NotFound: one of them means no task.
    """
    references = [_REFERENCE.match(name.strip()) for name in names]
    ids = [name for name, reference in zip(names, references, strict=True) if reference is None]
    spans = {name: id_range(name.strip()) for name in ids}
    found = db.all(
        "work.resolve_tasks",
        NamedTask,
        keys=[reference["key"] for reference in references if reference],
        numbers=[int(reference["number"]) for reference in references if reference],
        ids=[span[0] for span in spans.values() if span and span[0] == span[1]],
    )
    known = {task.ref: task.id for task in found} | {str(task.id): task.id for task in found}
    words = [str(span[0]) if (span := spans.get(name)) else name.strip().upper() for name in names]
    missing = [name for name, word in zip(names, words, strict=True) if word not in known]
    if missing:
        raise NotFound(
            f"there is no task {', '.join(map(repr, missing))}",
            hint="name each as ACME-42 or by its whole id",
        )
    return [known[word] for word in words]


def target_of(db: Db, words: str) -> Target:
    """Return the task or issue that words mean, as for `task_of`; both share the numbers of their project.

    Raises:
        NotFound: nothing is meant.
        Invalid: more than one thing is.
    """
    words = words.strip()
    found = db.all("work.resolve_target", Target, **numbered(db, words))
    if len(found) > 1:
        raise Invalid(f"{words!r} stands for more than one thing", hint="give more digits of its id")
    if not found:
        raise NotFound(f"there is no task or issue {words!r}", hint="name it as ACME-42, or by its id")
    return found[0]


def row_of(db: Db, task_id: UUID) -> TaskRow:
    """Return a task as lists show it."""
    row = db.maybe("work.get_row", TaskRow, id=task_id)
    if row is None:
        raise NotFound(f"task {task_id} was deleted", hint="look with `steward work list`")
    return row


def rows_of(db: Db, task_ids: list[UUID]) -> list[TaskRow]:
    """Return tasks as lists show them, in the order of their ids' list."""
    found = {row.id: row for row in db.all("work.get_rows", TaskRow, ids=task_ids)}
    return [found[task_id] for task_id in task_ids]


def whole(db: Db, task_id: UUID) -> Task:
    """Return a task with its texts and what it is tied to."""
    row = row_of(db, task_id)
    texts = db.one("work.get_text", TaskTexts, id=task_id)
    links: list[TaskLink] = load(list[TaskLink], texts.links, "links")
    return Task(
        task=row,
        text=TaskText(**{name: getattr(texts, name) for name in _TEXT_FIELDS}),
        parents=[link for link in links if link.relation == "parent"],
        subtasks=[link for link in links if link.relation == "subtask"],
        waits_for=[link for link in links if link.relation in ("waits_for", "relates_to")],
        awaited_by=[link for link in links if link.relation == "awaited_by"],
        version=row.version,
    )


def check_number(name: str, value: int | None, least: int, most: int = 2_147_483_647) -> None:
    """Refuse a number that is too small or too large.

    Args:
        name: what the value is called.
        value: the value; None is no value and passes.
        least: the smallest allowed.
        most: the largest allowed.

    Raises:
        Invalid: it is outside.
    """
    if value is not None and not least <= value <= most:
        raise Invalid(f"{name}: {value} is not between {least} and {most}", hint=f"give {least} to {most}")


def check_line(name: str, text: str | None, most: int = 2000) -> None:
    """Refuse a title or name that is empty or too long.

    Args:
        name: what the value is called.
        text: the value; None is no value and passes.
        most: how many characters it may have.

    Raises:
        Invalid: it is empty or too long.
    """
    if text is None:
        return
    if not text.strip():
        raise Invalid(f"{name}: {text!r} is empty", hint="say in a line what it is")
    if len(text) > most:
        hint = "put the rest into the description"
        raise Invalid(f"{name}: {len(text)} characters are more than {most}", hint=hint)
