"""Finding epics, issues and workflows by the words that people and agents use for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from steward.domains import projects
from steward.domains.work.find import numbered, scope
from steward.domains.work.types import TaskId
from steward.domains.work.types_items import ItemId
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_range

NONE = frozenset({"none", "nobody", ""})


def _only(found: list[ItemId], kind: str, words: str, hint: str) -> ItemId:
    if len(found) > 1:
        raise Invalid(f"{words!r} stands for more than one {kind}", hint=hint)
    if not found:
        raise NotFound(f"there is no {kind} {words!r}", hint=hint)
    return found[0]


def holding(db: Db, kind: str, text: str | None, project_id: UUID | None) -> dict[str, Any]:
    """Return what a list asks for when only what holds a text is wanted: its ids, or its words where many hold them.

    Args:
        db: where to look.
        kind: issue or workflow.
        text: words, or a reference; nothing when empty.
        project_id: only there, when given.
    """
    if not text:
        return {"ids": None, "words": None}
    ids = db.value("work.listed_with", kind=kind, text=text, project_id=project_id)
    return {"ids": ids, "words": text if ids is None else None}


def epic_of(db: Db, words: str, project: str | None = None) -> ItemId:
    """Return the epic that words mean: EPIC-001 (of the project in hand), ACME/EPIC-001, its id or 8 digits of it.

    Raises:
        NotFound: no epic is meant.
        Invalid: more than one is.
    """
    words = words.strip()
    low, high = id_range(words) or (None, None)
    key, _, name = words.rpartition("/")
    found = db.all(
        "work.resolve_epic",
        ItemId,
        low=low,
        high=high,
        name=name,
        project_id=projects.resolve_id(db, key) if key else scope(db, project),
    )
    return _only(found, "epic", words, "name it as EPIC-001 or ACME/EPIC-001; see `steward work list-epics`")


def issue_of(db: Db, words: str) -> ItemId:
    """Return the issue that words such as ACME-42, a uuid, its first 8 digits, or 42 in the project in hand mean.

    Raises:
        NotFound: no issue is meant.
        Invalid: more than one is.
    """
    words = words.strip()
    found = db.all("work.resolve_issue", ItemId, **numbered(db, words))
    return _only(found, "issue", words, "name it as ACME-42 or by its id; see `steward work list-issues`")


def workflow_of(db: Db, words: str, project: str | None = None) -> ItemId:
    """Return the workflow of an id, the first 8 digits of it, or a name.

    Raises:
        NotFound: no workflow is meant.
        Invalid: more than one is.
    """
    words = words.strip()
    low, high = id_range(words) or (None, None)
    found = db.all(
        "work.resolve_workflow", ItemId, low=low, high=high, name=words, project_id=scope(db, project)
    )
    return _only(
        found, "workflow", words, "name it by its id, or its name; see `steward work list-workflows`"
    )


@dataclass(frozen=True, slots=True)
class Place:
    """The epic, issue and workflow that tasks belong to, and the project of these."""

    project_id: UUID | None
    epic_id: UUID | None
    issue_id: UUID | None
    workflow_id: UUID | None


def place_of(
    db: Db,
    *,
    project: str | None = None,
    epic: str | None = None,
    issue: str | None = None,
    workflow: str | None = None,
    parent: TaskId | None = None,
) -> Place:
    """Return where tasks belong: the project is the named one, else that of what was named, else the one in hand.

    Raises:
        NotFound: something named is not there.
        Invalid: what was named is of different projects.
    """
    found = {
        "epic": epic_of(db, epic, project) if epic else None,
        "issue": issue_of(db, issue) if issue else None,
        "workflow": workflow_of(db, workflow, project) if workflow else None,
    }
    owners = {item.project_id for item in found.values() if item is not None}
    if parent is not None:
        owners.add(parent.project_id)
    if project is not None or not owners:
        named = scope(db, project)
        owners |= {named} if named is not None else set()
    if len(owners) > 1:
        named_words = ", ".join(name for name, item in found.items() if item is not None)
        raise Invalid(
            f"{named_words or 'parent'} and project do not belong together",
            hint="a task belongs to an epic, issue, workflow and parent of its own project",
        )
    ids = {f"{name}_id": item.id if item else None for name, item in found.items()}
    return Place(project_id=next(iter(owners), None), **ids)
