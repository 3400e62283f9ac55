"""Gives a Taskmaster file back from the database."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from steward.importers.load import original_of
from steward.importers.project import find_project
from steward.importers.taskmaster import FORMAT, ExportRow, export_text
from steward.importers.taskmaster.shape import MASTER
from steward.importers.types import FileRow, TaskEdge, TaskState
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound


def export_taskmaster(
    db: Db, *, project: str | None = None, tag: str | None = None, source: str | None = None
) -> str:
    """Return a project's tasks as the text of a Taskmaster file.

    What was imported comes back as it was, with what changed since; what was made in Steward is added.

    Args:
        db: the transaction.
        project: key, slug, id, name, remote or path of the project; the one in hand when not given.
        tag: give only this tag.
        source: name of the file, for a project that has several.

    Raises:
        NotFound: there is no such project or file.
        Invalid: the project has several files and none was named.
    """
    found = find_project(db, project)
    kept = _choose(
        db.all("importers.project_files", FileRow, project_id=found.id, format=FORMAT), found.key, source
    )
    rows = db.all(
        "importers.project_tasks", TaskState, project_id=found.id, file_id=kept.id if kept else None
    )
    edges = db.all("importers.project_edges", TaskEdge, project_id=found.id)
    original, name = (original_of(kept), kept.source_name) if kept else (b"{}", "tasks.json")
    return export_text(original, name, _export_rows(rows, edges), tag)


def _choose(files: list[FileRow], key: str, source: str | None) -> FileRow | None:
    if source is not None:
        files = [file for file in files if file.source_name == source]
        if not files:
            raise NotFound(
                f"the project {key} has no imported file {source!r}", hint="`steward import` brings one in"
            )
    if len(files) > 1:
        names = ", ".join(file.source_name for file in files)
        raise Invalid(
            f"the project {key} has several imported files: {names}", hint="name one of them as source"
        )
    return files[0] if files else None


def _export_rows(rows: list[TaskState], edges: list[TaskEdge]) -> list[ExportRow]:
    blockers: dict[UUID, list[str]] = defaultdict(list)
    for edge in edges:
        blockers[edge.task_id].append(str(edge.depends_on_id))
    tags: dict[UUID, str] = {}
    ordered = _parents_first(rows)
    for row in ordered:
        above = tags.get(row.parent_id) if row.parent_id else None
        tags[row.id] = row.tag or above or MASTER
    return [
        ExportRow(
            id=str(row.id),
            tag=tags[row.id],
            ref=row.ref,
            parent_id=str(row.parent_id) if row.parent_id else None,
            fields=row.fields(),
            blockers=tuple(blockers[row.id]),
            deleted=row.deleted,
        )
        for row in ordered
    ]


def _parents_first(rows: list[TaskState]) -> list[TaskState]:
    """Order rows so that each stands after the one above it, else as they come."""
    known = {row.id for row in rows}
    below: dict[UUID | None, list[TaskState]] = defaultdict(list)
    for row in rows:
        below[row.parent_id if row.parent_id in known else None].append(row)
    ordered: list[TaskState] = []
    waiting = list(reversed(below[None]))
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(reversed(below[row.id]))
    return ordered
