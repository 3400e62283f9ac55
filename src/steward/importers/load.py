"""Writes one parsed file into the database: only what changed, each kind of change in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import zstandard

from steward.importers.cycles import WaitGraph
from steward.importers.kinds import kind_of
from steward.importers.model import Fields, Oddity, ParsedFile, ParsedTask
from steward.importers.plan import Key, Plan, Tie, Update, completed_at, key_of_task, plan
from steward.importers.refusal import Refused
from steward.importers.remarks import write_remarks
from steward.importers.report import holdings
from steward.importers.types import FileRow, TaskEdge, TaskParent, TaskState
from steward.kit.db import Db

_RELATES = "relates_to"
_PUT_AWAY = {"removed_by_file": True}
"""Marks a row that its file deleted, and not somebody in Steward: the file may bring it back."""
_MOST_KEPT = 200
"""How many oddities stand beside the kept original; the report file has them all."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was written for one file; `stored` when its original was kept anew."""

    changes: dict[str, int]
    oddities: tuple[Oddity, ...] = ()
    stored: bool = False


def load_file(db: Db, project_id: UUID, path: Path, parsed: ParsedFile, *, of_remote: bool = False) -> Loaded:
    """Bring a project in line with a file.

    Args:
        db: the transaction.
        project_id: the project it goes to.
        path: where the file lies.
        parsed: the file.
        of_remote: the project is that of a git remote, which may be cloned to many places.

    Raises:
        Refused: another file goes by the same name in the project.
    """
    db.run("importers.lock_project", project_id=project_id)
    kept = db.maybe(
        "importers.find_file",
        FileRow,
        project_id=project_id,
        format=parsed.format,
        source_name=parsed.source_name,
    )
    if kept is not None and kept.content_sha256 == parsed.sha256:
        return Loaded({"unchanged": len(parsed.tasks)})
    if kept is not None and not of_remote:
        _check_same(kept, path)
    if kept is not None and parsed.shape == "blank":
        raise _emptied(path)
    db.value("importers.begin_import")
    db.value("importers.take_time")
    return _Loader(db, project_id, parsed, kept).run(str(path))


def _check_same(kept: FileRow, path: Path) -> None:
    """A file that moved is the same one; two that both exist are not, and one must not put the other's tasks away."""
    earlier = Path(kept.source_path)
    if earlier != path and earlier.is_file():
        raise Refused(
            f"{path}: the project has another file of the name {kept.source_name}, {earlier}",
            hint="import it into a project of its own with --project",
            kind="same_name",
        )


def _emptied(path: Path) -> Refused:
    return Refused(
        f"{path}: the file is empty, and held issues when it was imported last",
        hint="restore the file; to put its tasks away, delete them in Steward",
        line=1,
        kind="empty_file",
    )


def original_of(kept: FileRow) -> bytes:
    """Return the unpacked bytes of a kept original."""
    return zstandard.ZstdDecompressor().decompress(kept.content)


class _Loader:
    """The state of one load."""

    def __init__(self, db: Db, project_id: UUID, parsed: ParsedFile, kept: FileRow | None) -> None:
        self._db = db
        self._project_id = project_id
        self._parsed = parsed
        self._kept = kept

    def run(self, source_path: str) -> Loaded:
        old = self._earlier()
        # The row of the file comes first, because those of its tasks point to it.
        file_id = self._save(source_path)
        rows = self._rows(file_id)
        work = plan(old, self._parsed, rows, self._busy_parents(rows))
        self._insert(work, file_id)
        self._tie("importers.delete_edges", work, work.edges_removed)
        self._update(work, file_id)
        said = write_remarks(self._db, old, self._parsed, work.row_ids)
        added, closing = self._without_cycles(work)
        self._tie("importers.insert_edges", work, added)
        self._offer(work)
        changes = {
            "created": len(work.inserts),
            "updated": len(work.updates) - work.removed,
            "removed": work.removed,
            "unchanged": work.unchanged,
            "dependencies_added": len(added),
            "dependencies_removed": len(work.edges_removed),
        } | said
        if buried := sum(task.gone for task in work.inserts):
            changes["created_as_deleted"] = buried
        return Loaded(changes, (*work.oddities, *closing), stored=True)

    def _earlier(self) -> ParsedFile | None:
        """Return the file as it was imported last."""
        if self._kept is None:
            return None
        return kind_of(self._parsed.format).parse(original_of(self._kept), self._kept.source_name)

    def _save(self, source_path: str) -> UUID:
        oddities = [asdict(oddity) for oddity in self._parsed.oddities[:_MOST_KEPT]]
        report = {
            "holds": holdings(self._parsed),
            "oddities": oddities,
            "oddity_count": len(self._parsed.oddities),
        }
        file_id: UUID = self._db.value(
            "importers.save_file",
            project_id=self._project_id,
            format=self._parsed.format,
            source_name=self._parsed.source_name,
            source_path=source_path,
            sha256=self._parsed.sha256,
            size=len(self._parsed.data),
            content=zstandard.ZstdCompressor(12).compress(self._parsed.data),
            report=json.dumps(report),
        )
        return file_id

    def _rows(self, file_id: UUID) -> list[TaskState]:
        written = [row_id for task in self._parsed.tasks if (row_id := _uuid(task.steward_id)) is not None]
        if self._kept is None and not written:
            return []
        return self._db.all(
            "importers.file_tasks", TaskState, file_id=file_id, ids=written, project_id=self._project_id
        )

    def _busy_parents(self, rows: Sequence[TaskState]) -> set[UUID]:
        """Return the rows that have subtasks which are not of the file."""
        if not rows:
            return set()
        own = {row.id for row in rows}
        parents = self._db.all("importers.project_parents", TaskParent, project_id=self._project_id)
        return {each.parent_id for each in parents if each.parent_id in own and each.id not in own} - {None}

    def _insert(self, work: Plan, file_id: UUID) -> None:
        tasks = work.inserts
        if not tasks:
            return
        ids: list[UUID] = self._db.values("importers.new_ids", count=len(tasks))
        work.row_ids.update(zip(map(key_of_task, tasks), ids, strict=True))
        first = self._db.value("importers.take_numbers", project_id=self._project_id, count=len(tasks))
        rows = [_inserted(task, work.row_ids, first + place) for place, task in enumerate(tasks)]
        self._db.run("importers.insert_tasks", project_id=self._project_id, file_id=file_id, rows=_json(rows))

    def _offer(self, work: Plan) -> None:
        """Put what is new and ready into the queue."""
        if work.inserts:
            ids = [work.row_ids[key_of_task(task)] for task in work.inserts]
            self._db.run("importers.offer_tasks", ids=ids)

    def _update(self, work: Plan, file_id: UUID) -> None:
        if work.updates:
            rows = [_updated(update, work.row_ids) for update in work.updates]
            self._db.run("importers.update_tasks", file_id=file_id, rows=_json(rows))

    def _without_cycles(self, work: Plan) -> tuple[list[Tie], list[Oddity]]:
        """Leave out new edges that close a cycle with dependencies made in Steward."""
        if self._kept is None or not work.edges_added:
            return work.edges_added, []
        parents = self._db.all("importers.project_parents", TaskParent, project_id=self._project_id)
        there = self._db.all("importers.project_edges", TaskEdge, project_id=self._project_id)
        graph = WaitGraph([(str(each.id), _text(each.parent_id)) for each in parents])
        waits = [tie for tie in work.edges_added if tie.type != _RELATES]
        edges = [(str(work.row_ids[tie.task]), str(work.row_ids[tie.depends_on])) for tie in waits]
        fixed = [(str(edge.task_id), str(edge.depends_on_id)) for edge in there]
        closing = graph.closing_edges(edges, fixed)
        left_out = {waits[number] for number in closing}
        kept = [tie for tie in work.edges_added if tie not in left_out]
        return kept, [_closing_oddity(waits[number]) for number in sorted(closing)]

    def _tie(self, statement: str, work: Plan, ties: list[Tie]) -> None:
        if ties:
            rows = [
                {
                    "task_id": str(work.row_ids[tie.task]),
                    "depends_on_id": str(work.row_ids[tie.depends_on]),
                    "type": tie.type,
                    "source_type": tie.source_type,
                }
                for tie in ties
            ]
            self._db.run(statement, project_id=self._project_id, rows=_json(rows))


def _closing_oddity(tie: Tie) -> Oddity:
    waiting, blocker = tie.task[1], tie.depends_on[1]
    message = f"{waiting} waiting for {blocker} closes a cycle with dependencies that were made in Steward"
    return Oddity(
        f"$.{tie.task[0]}", None, "dependency_cycle", message, "no live dependency; kept in the original only"
    )


def _inserted(task: ParsedTask, ids: dict[Key, UUID], number: int) -> dict[str, Any]:
    parent_id = ids[task.tag, task.parent_ref] if task.parent_ref is not None else None
    return _columns(task.fields) | {
        "id": str(ids[key_of_task(task)]),
        "number": number,
        "parent_id": _text(parent_id),
        "order_index": task.position,
        "tag": task.tag,
        "ref": task.ref,
        "created_at": _time(task.fields.created_at),
        "updated_at": _time(task.fields.updated_at),
        "completed_at": _time(completed_at(task.fields)),
        "deleted_at": _time(task.gone_at) or "now" if task.gone else None,
        "metadata": task.metadata | _assigned(task.fields) | (_PUT_AWAY if task.gone else {}),
    }


def _assigned(fields: Fields) -> dict[str, Any]:
    return {"assignee": fields.assignee} if fields.assignee else {}


def _updated(update: Update, ids: dict[Key, UUID]) -> dict[str, Any]:
    changed_hands = update.fields.assignee != update.row.assignee
    marked = update.metadata | (_PUT_AWAY if update.deleted else {})
    parent_id = ids[update.parent] if isinstance(update.parent, tuple) else update.parent
    return _columns(update.fields) | {
        "id": str(update.row.id),
        "parent_id": _text(parent_id),
        "order_index": update.order_index,
        "tag": update.key[0],
        "ref": update.key[1],
        "completed_at": _time(update.fields.completed_at),
        "deleted": update.deleted,
        "metadata": marked | ({"assignee": update.fields.assignee} if changed_hands else {}),
    }


def _columns(fields: Fields) -> dict[str, Any]:
    return {
        "title": fields.title,
        "description": fields.description,
        "details": fields.details,
        "test_strategy": fields.test_strategy,
        "status": fields.status,
        "priority": fields.priority,
        "type": fields.type,
        "labels": list(fields.labels),
        "estimated_minutes": fields.estimated_minutes,
        "actual_minutes": fields.actual_minutes,
        "complexity_score": fields.complexity_score,
        "acceptance_criteria": list(fields.acceptance_criteria),
        "due_date": _time(fields.due_date),
    }


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _time(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
