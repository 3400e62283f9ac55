"""Gives files back from the database."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from steward.importers import beads, taskmaster
from steward.importers.load import original_of
from steward.importers.model import ExportRow, Link
from steward.importers.project import find_project
from steward.importers.said import Said
from steward.importers.taskmaster.shape import MASTER
from steward.importers.types import CommentState, FileRow, TaskLink, TaskState
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
    kept, rows = _gather(db, taskmaster.FORMAT, project, source, MASTER)
    original, name = (original_of(kept), kept.source_name) if kept else (b"{}", "tasks.json")
    return taskmaster.export_text(original, name, rows, tag)


def export_beads(db: Db, *, project: str | None = None, source: str | None = None) -> str:
    """Return a project's tasks as the text of a beads file, one issue a line.

    What was imported comes back as it was, with what changed since; what was made in Steward is added.

    Args:
        db: the transaction.
        project: key, slug, id, name, remote or path of the project; the one in hand when not given.
        source: name of the file, for a project that has several.

    Raises:
        NotFound: there is no such project or file.
        Invalid: the project has several files and none was named.
    """
    kept, rows = _gather(db, beads.FORMAT, project, source, beads.TAG, talk=True)
    original, name = (original_of(kept), kept.source_name) if kept else (b"", "issues.jsonl")
    return beads.export_text(original, name, rows)


def _gather(
    db: Db, format: str, project: str | None, source: str | None, tag: str, *, talk: bool = False
) -> tuple[FileRow | None, list[ExportRow]]:
    """Return the kept original and the rows to work into it, with their comments if the format has such.

    Rows of no tag get one.
    """
    found = find_project(db, project)
    kept = _choose(
        db.all("importers.project_files", FileRow, project_id=found.id, format=format), found.key, source
    )
    rows = db.all(
        "importers.project_tasks", TaskState, project_id=found.id, file_id=kept.id if kept else None
    )
    links = db.all("importers.project_links", TaskLink, project_id=found.id)
    comments = db.all("importers.project_comments", CommentState, project_id=found.id) if talk else []
    return kept, _export_rows(rows, links, comments, tag)


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


def _export_rows(
    rows: list[TaskState], edges: list[TaskLink], comments: list[CommentState], tag: str
) -> list[ExportRow]:
    links: dict[UUID, list[Link]] = defaultdict(list)
    for edge in edges:
        link = Link(str(edge.depends_on_id), edge.type, edge.source_type, edge.created_at)
        links[edge.task_id].append(link)
    said: dict[UUID, list[Said]] = defaultdict(list)
    for comment in comments:
        said[comment.task_id].append(comment.said())
    tags: dict[UUID, str] = {}
    ordered = _parents_first(rows)
    for row in ordered:
        above = tags.get(row.parent_id) if row.parent_id else None
        tags[row.id] = row.tag or above or tag
    return [
        ExportRow(
            id=str(row.id),
            tag=tags[row.id],
            ref=row.ref,
            parent_id=str(row.parent_id) if row.parent_id else None,
            fields=row.fields(),
            blockers=tuple(link.depends_on for link in links[row.id] if link.type != "relates_to"),
            deleted=row.deleted,
            links=tuple(links[row.id]),
            said=tuple(said[row.id]),
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
