"""One run of the importer: find files, tell what they are, load each in its own transaction, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

import psycopg

from steward.importers.backlog import bundle, is_backlog
from steward.importers.detect import (
    TASKMASTER,
    TASKMASTER_CONFIG,
    Format,
    format_of,
    may_be_known,
    require_format,
)
from steward.importers.files import DEFAULT_LIMIT, Content, Found, find, head, is_leftover, read
from steward.importers.kinds import kind_of
from steward.importers.load import Loaded, load_file
from steward.importers.model import ParsedFile
from steward.importers.project import find_or_create, keep_settings
from steward.importers.refusal import Refused
from steward.importers.report import (
    REPORT_NAME,
    FileReport,
    ImportReport,
    count_rows,
    holdings,
    is_report,
    oddity_entries,
    refusal_entry,
)
from steward.importers.target import Target, target_of
from steward.importers.taskmaster import Settings, settings_beside
from steward.importers.taskmaster.config import settings_in
from steward.importers.transcripts.follow import Follower
from steward.importers.transcripts.formats import why_nothing
from steward.importers.transcripts.place import Placing
from steward.importers.transcripts.reproject import reproject as reproject_transcripts
from steward.importers.transcripts.run import Transcripts
from steward.kit.db import Actor, Database, Db, connection_lost, translate
from steward.kit.errors import Conflict, Invalid, NotFound, StewardError


class Progress(Protocol):
    """Told what is done now, how many files are done, and how many there are."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take in how far the import is."""
        ...


_ATTEMPTS = 4
# So many new rows change what the planner has to know; fewer are left to autovacuum.
_MANY_ROWS = 100


def reproject(
    database: Database, actor: Actor, *, everything: bool = False, progress: Progress | None = None
) -> dict[str, int]:
    """Read kept transcripts anew that an older version of their reader read; return what was read, by its kind.

    Args:
        database: where they are.
        actor: as whom.
        everything: all of them, not only those.
        progress: told of every session.
    """

    def tell(done: int, total: int) -> None:
        if progress:
            progress("sessions", done, total)

    return asdict(reproject_transcripts(database, actor, everything=everything, tell=tell))


def follow(
    database: Database,
    actor: Actor,
    paths: Iterable[str | Path],
    *,
    on_file: Callable[[FileReport], None],
    on_trouble: Callable[[StewardError], None] = lambda _: None,
    project: str | None = None,
    create_projects: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Go on importing transcripts as they grow, until told to stop.

    Args:
        database: where to.
        actor: as whom.
        paths: files or folders.
        on_file: told of every file that something came of.
        on_trouble: told when the database is away; it is tried again.
        project: as for `run_import`.
        create_projects: likewise.
        stop: asked after every look.
    """
    placing = Placing(database, actor, project, create_projects)
    Follower(placing, [Path(path) for path in paths], on_file, on_trouble).run(stop)


class _TakeBack(Exception):
    """Ends the transaction of a dry run."""


@dataclass(slots=True)
class _Run:
    """What one run knows."""

    database: Database
    actor: Actor
    project: str | None
    dry_run: bool
    limit: int
    report: ImportReport
    transcripts: Transcripts
    taken: dict[tuple[UUID, str], Path] = field(default_factory=dict)
    config_used: set[Path] = field(default_factory=set)


def run_import(
    database: Database,
    actor: Actor,
    paths: Iterable[str | Path],
    *,
    project: str | None = None,
    dry_run: bool = False,
    report: str | Path | None = None,
    progress: Progress | None = None,
    create_projects: bool = False,
) -> ImportReport:
    """Import every known file of some paths, task files and transcripts; a refused one leaves the others alone.

    Args:
        database: where to.
        actor: as whom.
        paths: files or folders.
        project: key, slug, name or id of the project for all of them; by default each file tells its own.
        dry_run: find out what would be done, and take it back.
        report: where the report is written; `migration_report.json` in the working folder by default. A dry run
            writes one only where it is told to.
        progress: told of every file.
        create_projects: make projects for sessions whose folder is not on this machine, too.

    Returns:
        The report; `success` is false when a file was refused.

    Raises:
        Refused: a path does not exist.
        StewardError: the database is away, or the actor may not import.
    """
    began = time.perf_counter()
    found = list(find((Path(path) for path in paths), is_backlog))
    placing = Placing(database, actor, project, create_projects)
    run = _Run(
        database,
        actor,
        project,
        dry_run,
        _limit(),
        ImportReport(datetime.now(UTC), dry_run),
        Transcripts(placing, dry_run),
    )
    run.report.before = count_rows(database, actor)
    _import_each(run, found, progress)
    run.report.unplaced = run.transcripts.finish()
    _settings_alone(run)
    _take_figures(run)
    run.report.after = count_rows(database, actor)
    run.report.duration_ms = _since(began)
    if report or not dry_run:
        run.report.write(Path(report) if report else Path.cwd() / REPORT_NAME)
    return run.report


def _import_each(run: _Run, found: list[Found], progress: Progress | None) -> None:
    run.transcripts.expect(each.path for each in found)
    for done, each in enumerate(found):
        if progress:
            progress(str(each.path), done, len(found))
            run.transcripts.tell = partial(progress, done=done, total=len(found))
        _import_one(run, each)
    if progress:
        progress("", len(found), len(found))


def _take_figures(run: _Run) -> None:
    """Let the planner know when many rows came in, in a transaction of its own: it waits for nobody's rows."""
    changes = run.report.totals()["changes"]
    if run.dry_run or changes.get("created", 0) < _MANY_ROWS:
        return
    with run.database.transaction(
        run.actor, operation="importers.take_figures", permission="work:write"
    ) as db:
        db.run("importers.take_figures")


def _limit() -> int:
    given = os.environ.get("STEWARD_IMPORT_LIMIT", "")
    if given and not given.isdigit():
        raise Invalid(
            f"STEWARD_IMPORT_LIMIT is {given!r}, no number of bytes", hint="give a whole number, or unset it"
        )
    return int(given) if given else DEFAULT_LIMIT


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _import_one(run: _Run, found: Found) -> None:
    began = time.perf_counter()
    if not found.explicit and is_report(found.path):
        return  # each run would count one more of them
    entry = FileReport(str(found.path), None, "skipped")
    run.report.files.append(entry)
    try:
        _read_and_load(run, found, entry)
        _say_why_nothing(found.path, entry)
    except Refused as error:
        entry.outcome = "refused"
        entry.refusal = refusal_entry(error)
    entry.duration_ms = _since(began)


def _say_why_nothing(path: Path, entry: FileReport) -> None:
    """Tell of a transcript that holds nothing; it is no refusal: clients leave such files behind."""
    if entry.outcome == "skipped" and (why := why_nothing(path)) is not None:
        entry.refusal = refusal_entry(why)
        with suppress(OSError):
            entry.bytes = path.stat().st_size


def _read_and_load(run: _Run, found: Found, entry: FileReport) -> None:
    if not (found.explicit or _is_worth_reading(found.path)):
        return
    if run.transcripts.take(found.path, entry, explicit=found.explicit):
        return
    content = _content(found.path, run.limit)
    known = _format(found, content)
    if known is None:
        return
    entry.format = known.name
    if known is TASKMASTER_CONFIG:
        entry.outcome = "settings"
    else:
        _tasks(run, found.path, known, content, entry)


def _is_worth_reading(path: Path) -> bool:
    return path.is_dir() or (not is_leftover(path) and may_be_known(path, head(path)))


def _content(path: Path, limit: int) -> Content:
    return bundle(path, limit) if path.is_dir() else read(path, limit)


def _format(found: Found, content: Content) -> Format | None:
    if is_report(found.path):
        raise Refused(
            f"{found.path}: it is the report of an earlier import, and holds no tasks",
            hint="name the files or folders that the report tells of",
            kind="unknown_format",
        )
    if found.explicit:
        return require_format(found.path, content.data)
    return format_of(found.path, content.data)


def _tasks(run: _Run, path: Path, known: Format, content: Content, entry: FileReport) -> None:
    target = target_of(path, known.layout)
    parsed = kind_of(known.name).parse(content.data, target.source_name)
    settings = settings_beside(path) if known is TASKMASTER else Settings()
    entry.sha256, entry.bytes, entry.packing = parsed.sha256, len(parsed.data), content.packing
    entry.holds = holdings(parsed)
    entry.oddities = oddity_entries(str(path), parsed.oddities)
    loaded = _in_transaction(run, lambda db: _load(run, db, path, target, parsed, settings, entry))
    entry.changes = loaded.changes
    entry.oddities += oddity_entries(str(path), loaded.oddities)
    entry.outcome = "imported" if loaded.stored else "unchanged"
    _note_settings(run, settings, entry)


def _load(
    run: _Run, db: Db, path: Path, target: Target, parsed: ParsedFile, settings: Settings, entry: FileReport
) -> Loaded:
    project = find_or_create(db, target, run.project)
    entry.project = project.key
    first = run.taken.setdefault((project.id, parsed.source_name), path)
    if first != path:
        raise Refused(
            f"{path}: the file {first} went to the project {project.key} under the same name, {parsed.source_name}",
            hint="import them one at a time with --project, each into its own project",
            kind="same_name",
        )
    keep_settings(db, project.id, settings.values)
    return load_file(db, project.id, path.resolve(), parsed, of_remote=target.remote is not None)


def _note_settings(run: _Run, settings: Settings, entry: FileReport) -> None:
    """Tell of the configuration beside a file; what could not be read of it is a refused file of its own."""
    for path, oddity in settings.oddities:
        entry.oddities += oddity_entries(str(path), (oddity,))
    run.config_used.update(path.resolve() for path in settings.files)
    for path, error in settings.refused:
        if path.resolve() not in run.config_used:
            run.config_used.add(path.resolve())
            run.report.files.append(
                FileReport(str(path), TASKMASTER_CONFIG.name, "refused", refusal=refusal_entry(error))
            )


def _settings_alone(run: _Run) -> None:
    """Keep configuration that was named or found without a tasks file, when its project is known."""
    for entry in run.report.files:
        path = Path(entry.file)
        if entry.outcome != "settings" or path.resolve() in run.config_used:
            continue
        root = path.resolve().parent
        settings = settings_in(root.parent if root.name == ".taskmaster" else root)
        target = Target(root.name, root, None, "")
        try:
            _in_transaction(run, lambda db, t=target, s=settings: _keep(run, db, t, s))  # type: ignore[misc]
        except Refused as error:
            entry.outcome = "refused"
            entry.refusal = refusal_entry(error)


def _keep(run: _Run, db: Db, target: Target, settings: Settings) -> Loaded:
    keep_settings(db, find_or_create(db, target, run.project).id, settings.values)
    return Loaded({})


def _in_transaction(run: _Run, work: Callable[[Db], Loaded]) -> Loaded:
    """Load in one transaction, again when the database asks for it.

    Raises:
        Refused: the database refused what the file holds.
        StewardError: the database is away, or the actor may not.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _once(run, work)
        except psycopg.Error as error:
            again = isinstance(error, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected)
            if attempt == _ATTEMPTS or not (again or connection_lost(error)):
                raise _refusal(translate(error)) from error
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable")


def _once(run: _Run, work: Callable[[Db], Loaded]) -> Loaded:
    loaded = Loaded({})
    try:
        with run.database.transaction(run.actor, operation="importers.import", permission="work:write") as db:
            loaded = work(db)
            if run.dry_run:
                raise _TakeBack
            db.touched.update(("work", "projects"))
    except _TakeBack:
        pass
    return loaded


def _refusal(error: StewardError) -> StewardError:
    """A value that the database refuses is the file's fault; a database that is away is not."""
    if isinstance(error, Invalid | Conflict | NotFound):
        return Refused(f"the database refused it: {error.message}", hint=error.hint, kind="database")
    return error
