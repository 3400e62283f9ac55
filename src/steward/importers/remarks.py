"""The comments of a file as rows: what is new, what was written anew, what is gone since the last import.

A comment is known by its task and its reference there. What was changed or deleted in Steward stays so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from steward.importers.model import ParsedFile, Remark
from steward.importers.plan import Key, key_of_task
from steward.importers.said import written_refs
from steward.importers.types import CommentId
from steward.kit.db import Db

_NOBODY = "unknown"
_LONGEST_NAME = 255
Own = dict[tuple[UUID, str], str]
Remarks = dict[tuple[Key, str], Remark]


def write_remarks(
    db: Db, old: ParsedFile | None, new: ParsedFile, row_ids: Mapping[Key, UUID]
) -> dict[str, int]:
    """Bring the comments of the tasks in line with a file; return what was changed, where anything was.

    Args:
        db: the transaction.
        old: the file as it was imported last, None when it is new.
        new: the file as it is.
        row_ids: the rows of its tasks.
    """
    # What is said about a task that the file holds no more stays with it.
    there = {key_of_task(task) for task in new.tasks} & row_ids.keys()
    before, after = _remarks(old, there) if old else {}, _remarks(new, there)
    own = _own(db, [*before, *after], row_ids)
    changed = [each for each in after if each not in before or before[each].text != after[each].text]
    gone = [each for each in before if each not in after]
    done = {
        "comments_updated": _run(db, "update_comments", _rows(changed, after, before, row_ids, own))
        if old
        else 0,
        "comments_added": _run(db, "insert_comments", _rows(after, after, before, row_ids, own)),
        "comments_removed": _run(db, "remove_comments", _rows(gone, before, before, row_ids, own)),
    }
    return {name: count for name, count in done.items() if count}


def _remarks(file: ParsedFile, there: set[Key]) -> Remarks:
    return {
        (key_of_task(task), remark.ref): remark
        for task in file.tasks
        if key_of_task(task) in there
        for remark in task.comments
    }


def _own(db: Db, wanted: Iterable[tuple[Key, str]], row_ids: Mapping[Key, UUID]) -> Own:
    """Find the comments of Steward that an export wrote into the file, by what it wrote as their ids."""
    tasks = list({row_ids[key] for key, _ in wanted})
    if not tasks:
        return {}
    found = db.all("importers.task_comments", CommentId, task_ids=tasks)
    return {(each.task_id, ref): str(each.id) for each in found for ref in written_refs(str(each.id))}


def _rows(
    wanted: Any, said: Remarks, before: Remarks, row_ids: Mapping[Key, UUID], own: Own
) -> Iterator[dict[str, Any]]:
    for place, (key, ref) in enumerate(wanted):
        remark, earlier = said[key, ref], before.get((key, ref))
        yield {
            "place": place,
            "task_id": str(row_ids[key]),
            "ref": ref,
            "own_id": own.get((row_ids[key], ref)),
            "author": remark.author[:_LONGEST_NAME] or _NOBODY,
            "content": remark.text,
            "was": earlier.text if earlier else None,
            "created_at": remark.created_at.isoformat() if remark.created_at else None,
        }


def _run(db: Db, statement: str, rows: Iterator[dict[str, Any]]) -> int:
    found = list(rows)
    return db.run(f"importers.{statement}", rows=json.dumps(found, ensure_ascii=False)) if found else 0
