"""Small Taskmaster files, built in code."""

from __future__ import annotations

import json
from typing import Any

from steward.importers.taskmaster import ParsedFile, ParsedTask, parse_file


def task(id: Any, *, subtasks: list[Any] | None = None, depends: Any = None, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"id": id, "title": f"Task {id}", "description": "", "status": "pending"}
    item["dependencies"] = [] if depends is None else depends
    if subtasks is not None:
        item["subtasks"] = subtasks
    return item | more


def tagged(**tags: list[Any]) -> dict[str, Any]:
    return {name: {"tasks": tasks, "metadata": {"description": name}} for name, tasks in tags.items()}


def parsed(document: Any) -> ParsedFile:
    return parse_file(json.dumps(document, ensure_ascii=False).encode(), "tasks.json")


def kinds(file: ParsedFile) -> list[str]:
    return [oddity.kind for oddity in file.oddities]


def edges(file: ParsedFile) -> list[tuple[str, str]]:
    return [(edge.ref, edge.depends_on) for tag in file.tags for edge in tag.edges]


def by_ref(file: ParsedFile) -> dict[str, ParsedTask]:
    return {found.ref: found for found in file.tasks}
