"""What senders say of where their records belong, looked up."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from uuid import UUID

from steward.domains import agents, projects
from steward.domains.telemetry.batch import clean
from steward.domains.telemetry.types_otlp import Place, Placed, TaskPlace
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound

# A project or task that is made after its records came is found a little later.
_KNOWN_S = 30.0
_UNKNOWN_S = 5.0
_MOST = 5_000
_REFERENCE = re.compile(r"(?P<key>[A-Za-z0-9]{2,10})-(?P<number>[0-9]{1,18})")


_Key = tuple[Place, str | None, str | None, bool]


class Places:
    """Looks places up, and remembers each for some seconds."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[float, Placed, list[str]]] = {}

    def resolve(self, db: Db, wanted: Iterable[Place]) -> tuple[dict[Place, Placed], dict[Place, list[str]]]:
        """Return what places mean, and what is unknown of them."""
        now, found, warnings = time.monotonic(), {}, {}
        for place in wanted:
            if len(self._known) > _MOST:
                self._known.clear()
            key = (place, db.actor.project, db.actor.agent, db.actor.agent_bound)
            until, placed, unknown = self._known.get(key, (0.0, Placed(), []))
            if until <= now:
                placed, unknown = _look_up(db, place)
                until = now + (_UNKNOWN_S if unknown else _KNOWN_S)
                self._known[key] = (until, placed, unknown)
            found[place] = placed
            if unknown:
                warnings[place] = unknown
        return found, warnings


def _look_up(db: Db, place: Place) -> tuple[Placed, list[str]]:
    """Return what a place means: a task's project before the one that is named, that before a path's."""
    unknown: list[str] = []
    task = _task(db, place.task)
    if place.task is not None and task is None:
        unknown.append(f"steward.task {place.task!r} is no task here")
    named = None if task is not None else _project(db, place.project or db.actor.project)
    if task is None and named is None and place.project is not None:
        unknown.append(f"steward.project {place.project!r} is no project here")
    project = task.project_id if task is not None else named
    certain = project is not None
    if project is None and place.path is not None:
        project = projects.find_by_path(db, clean(place.path))
    placed = Placed(
        project_id=project,
        certain=certain,
        task_id=task.id if task is not None else None,
        execution_id=_uuid(place.execution) if task is not None else None,
        # Whom a key names is who sends.
        agent_id=_agent(db, db.actor.agent if db.actor.agent_bound else place.agent or db.actor.agent),
    )
    return placed, unknown


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _task(db: Db, words: str | None) -> TaskPlace | None:
    """Return the task of KEY-number or of an id."""
    if words is None:
        return None
    reference = _REFERENCE.fullmatch(words)
    id = _uuid(words)
    if reference is None and id is None:
        return None
    return db.maybe(
        "telemetry.find_task",
        TaskPlace,
        id=id,
        key=reference["key"].upper() if reference else None,
        number=int(reference["number"]) if reference else None,
    )


def _project(db: Db, words: str | None) -> UUID | None:
    if words is None:
        return None
    try:
        return projects.resolve_id(db, clean(words))
    except (NotFound, Invalid):
        return None


def _agent(db: Db, words: str | None) -> UUID | None:
    if words is None:
        return None
    try:
        return agents.resolve_id(db, clean(words))
    except NotFound:
        return None
