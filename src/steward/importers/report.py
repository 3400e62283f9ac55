"""The report of an import: what came in, what was odd, what was refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from steward.importers.files import head
from steward.importers.model import Oddity, ParsedFile
from steward.importers.refusal import Refused
from steward.importers.types import Counts
from steward.kit.db import Actor, Database
from steward.kit.errors import Invalid

REPORT_NAME = "migration_report.json"
_BEGIN = re.compile(rb'\{\s*"migration_date": "[^"]*",\s*"success": (?:true|false),\s*"dry_run": ')


@dataclass(slots=True)
class FileReport:
    """One file: what it holds, and what the import changed in the database.

    Attributes:
        file: the path as given.
        format: what it is.
        outcome: imported, unchanged, refused, skipped or settings.
        project: key of the project it went to.
        holds: what was counted in the file.
        changes: rows created, updated, unchanged; dependencies added and removed.
        oddities: what was odd, with place and what was done.
        refusal: why it was refused, with the place; of a skipped one why nothing came of it, where that is known.
        duration_ms: time spent on it.
    """

    file: str
    format: str | None
    outcome: str
    project: str | None = None
    sha256: str | None = None
    bytes: int = 0
    packing: str | None = None
    holds: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    oddities: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] | None = None
    duration_ms: int = 0


@dataclass(slots=True)
class ImportReport:
    """One run of the importer.

    Attributes:
        started_at: when it began.
        dry_run: nothing was written.
        before: counts of the tables before, after: the same afterwards.
        unplaced: folders whose sessions belong to no project, and how many sessions each has.
    """

    started_at: datetime
    dry_run: bool = False
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    files: list[FileReport] = field(default_factory=list)
    duration_ms: int = 0
    path: Path | None = None
    unplaced: dict[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> list[FileReport]:
        """The files that were refused."""
        return [each for each in self.files if each.outcome == "refused"]

    def left_out(self, most: int = 10) -> list[str]:
        """Say of skipped files that were meant to be something why nothing came of them, a line each."""
        why = [each.refusal["message"] for each in self.files if each.outcome == "skipped" and each.refusal]
        more = [f"and {len(why) - most} more; the report names them all"] if len(why) > most else []
        return [*why[:most], *more]

    @property
    def success(self) -> bool:
        """Whether no file was refused."""
        return not self.refused

    def totals(self) -> dict[str, Any]:
        """Add up what all files hold and what was changed."""
        outcomes = Counter(each.outcome for each in self.files)
        kinds = Counter(oddity["kind"] for each in self.files for oddity in each.oddities)
        changes: Counter[str] = Counter()
        for each in self.files:
            changes.update(each.changes)
        return {
            "files": dict(outcomes),
            **{name: self._sum(name) for name in _ADDED_UP},
            **{name: total for name in _ADDED_UP_WHERE_HELD if (total := self._sum(name))},
            "changes": dict(changes),
            "oddities": dict(kinds.most_common()),
        }

    def _sum(self, name: str) -> int:
        return sum(each.holds.get(name, 0) for each in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as the JSON object that is written."""
        return {
            "migration_date": self.started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "success": self.success,
            "dry_run": self.dry_run,
            "duration_ms": self.duration_ms,
            "statistics": self.totals(),
            "before": self.before,
            "after": self.after,
            "unplaced": self.unplaced,
            "files": [asdict(each) for each in self.files],
        }

    def write(self, path: Path) -> Path:
        """Write the report; an earlier one at that place is kept under the time it was written at.

        Args:
            path: the file, or the folder to write `migration_report.json` into.

        Raises:
            Invalid: it cannot be written there.
        """
        path = path / REPORT_NAME if path.is_dir() else path
        try:
            keep_earlier(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n", "utf-8", "replace"
            )
        except OSError as error:
            message = (
                f"the import is done, but its report cannot be written to {path}: {error.strerror or error}"
            )
            raise Invalid(
                message, hint="name another place with --report, and run it again: nothing changes"
            ) from error
        self.path = path
        return path


_ADDED_UP = ("tags", "tasks", "subtasks", "dependencies", "dependencies_dropped")
_ADDED_UP_WHERE_HELD = ("deleted_in_file", "dependencies_as_parents", "superseded", "comments")


def count_rows(database: Database, actor: Actor) -> dict[str, int]:
    """Count the rows of the tables that an import writes to."""
    with database.transaction(
        actor, operation="importers.count", permission="work:read", read_only=True
    ) as db:
        return asdict(db.one("importers.count_rows", Counts))


def is_report(path: Path) -> bool:
    """Tell whether a file is the report of an earlier import, under whatever name it was written."""
    return path.suffix == Path(REPORT_NAME).suffix and _BEGIN.match(head(path)) is not None


def keep_earlier(path: Path) -> Path | None:
    """Move an earlier report out of the way; return where it went."""
    if not path.exists():
        return None
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.stem}.{written}{path.suffix}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.stem}.{written}-{number}{path.suffix}")
    return path.rename(target)


def holdings(parsed: ParsedFile) -> dict[str, Any]:
    """Count what a file holds; tasks that the file itself says were deleted are counted apart."""
    tasks = [task for task in parsed.tasks if not task.gone]
    return {
        "shape": parsed.shape,
        "tags": len(parsed.tags),
        "tasks": sum(task.parent_ref is None for task in tasks),
        "subtasks": sum(task.parent_ref is not None for task in tasks),
        "dependencies": sum(len(tag.edges) for tag in parsed.tags),
        "dependencies_dropped": sum(tag.dropped_edges for tag in parsed.tags),
        **{name: count for name, count in _special(parsed).items() if count},
        "statuses": dict(Counter(task.fields.status for task in tasks).most_common()),
        "by_tag": {tag.name: sum(not task.gone for task in tag.tasks) for tag in parsed.tags},
    }


def _special(parsed: ParsedFile) -> dict[str, int]:
    """Count what only some formats have."""
    return {
        "deleted_in_file": sum(task.gone for task in parsed.tasks),
        "dependencies_as_parents": sum(tag.parent_edges for tag in parsed.tags),
        "superseded": sum(tag.superseded for tag in parsed.tags),
        "comments": sum(len(task.comments) for task in parsed.tasks),
    }


def oddity_entries(file: str, oddities: tuple[Oddity, ...]) -> list[dict[str, Any]]:
    """Write the oddities of a file as entries of the report."""
    return [{"file": file, **asdict(oddity)} for oddity in oddities]


def refusal_entry(error: Refused) -> dict[str, Any]:
    """Write a refusal as an entry of the report."""
    return {"message": error.message, "hint": error.hint, **error.detail}
