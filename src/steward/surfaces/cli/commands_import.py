"""`import`: task files and transcripts in; `--follow` goes on with transcripts, `--reproject` reads kept ones anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steward.kit.errors import Invalid
from steward.surfaces.cli.client import LocalCaller
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

if TYPE_CHECKING:
    from steward.importers import FileReport, ImportReport
    from steward.kit.db import Actor, Database
    from steward.kit.errors import StewardError

app = typer.Typer()

_FEW = 20


@app.command("import", cls=Command)
def import_(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files or folders, such as ~/.claude.", metavar="PATH...")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find and check everything, change nothing.")
    ] = False,
    report: Annotated[
        str | None, typer.Option(help="Where the report goes; ./migration_report.json.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Then go on with transcripts as they grow, until Ctrl-C.")
    ] = False,
    create_projects: Annotated[
        bool, typer.Option("--create-projects", help="Make projects for folders of other machines, too.")
    ] = False,
    reproject: Annotated[
        bool, typer.Option("--reproject", help="Read kept transcripts anew that an older version read.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --reproject: read all of them anew.")
    ] = False,
) -> None:
    """Import task files and transcripts of agents; what a file is, is found out by its content.

    Importing again changes only what changed. A file that cannot be imported leaves the others alone; the status is
    then not 0.
    """
    state: State = ctx.obj
    dry_run = dry_run or state.dry_run
    _refuse_nonsense(paths, dry_run=dry_run, follow=follow, reproject=reproject, everything=everything)
    database, actor = LocalCaller(state.settings).open()
    with database:
        if reproject:
            _reproject(state, database, actor, everything=everything)
        if not paths:
            return
        done = _import(state, database, actor, paths, dry_run, report, create_projects)
        if follow:
            _follow(state, database, actor, paths, create_projects)
    if not done.success:
        raise typer.Exit(2)


def _refuse_nonsense(
    paths: list[str] | None, *, dry_run: bool, follow: bool, reproject: bool, everything: bool
) -> None:
    if not paths and not reproject:
        raise Invalid("no path was given", hint="name files or folders, such as `steward import ~/.claude`")
    if follow and (dry_run or not paths):
        raise Invalid(
            "--follow needs paths, and writes", hint="leave --dry-run out, and name folders to follow"
        )
    if reproject and dry_run:
        raise Invalid("--reproject has no dry run", hint="leave --dry-run out, or leave --reproject out")
    if everything and not reproject:
        raise Invalid("--all goes with --reproject", hint="say `steward import --reproject --all`")


def _import(
    state: State,
    database: Database,
    actor: Actor,
    paths: list[str],
    dry_run: bool,
    report: str | None,
    create_projects: bool,
) -> ImportReport:
    from steward.importers import run_import
    from steward.kit.convert import dump

    with _Progress(state) as progress:
        done = run_import(
            database,
            actor,
            [Path(path).expanduser() for path in paths],
            project=state.settings.project,
            dry_run=dry_run,
            report=Path(report) if report else None,
            progress=progress,
            create_projects=create_projects,
        )
    if state.json:
        state.show(dump(done.to_dict()))
    else:
        _tell(state, done)
    return done


def _reproject(state: State, database: Database, actor: Actor, *, everything: bool) -> None:
    from steward.importers import reproject

    with _Progress(state) as progress:
        done = reproject(database, actor, everything=everything, progress=progress)
    if state.json:
        state.show({"reprojected": done})
    else:
        state.say(
            f"read anew: {done['sessions']} sessions, {done['transcripts']} transcripts, {done['lines']} lines:"
            f" {done['messages']} messages, {done['responses']} responses"
        )


def _follow(state: State, database: Database, actor: Actor, paths: list[str], create_projects: bool) -> None:
    """Tell of every file that has grown, a line each; with --json an object each."""
    from steward.importers import follow

    def on_file(each: FileReport) -> None:
        if state.json:
            state.show({"file": each.file, "outcome": each.outcome, "changes": each.changes})
        elif each.refusal:
            state.say(_clean(f"refused: {each.refusal['message']}"))
        else:
            state.say(_clean(f"{_changes(each.changes)}: {each.file}"))
        sys.stdout.flush()

    def on_trouble(error: StewardError) -> None:
        sys.stderr.write(_clean(f"{error.message}; trying again") + "\n")

    state.say("following; Ctrl-C ends")
    sys.stdout.flush()
    try:
        follow(
            database,
            actor,
            [Path(path).expanduser() for path in paths],
            project=state.settings.project,
            create_projects=create_projects,
            on_file=on_file,
            on_trouble=on_trouble,
        )
    except KeyboardInterrupt:
        state.say("no longer following")


def _tell(state: State, done: ImportReport) -> None:
    """Tell a person what came in: a line a file, then what was refused and why."""
    found = [each for each in done.files if each.outcome != "skipped"]
    transcripts = [each for each in found if "session" in each.holds]
    tasks = [each for each in found if each not in transcripts]
    if tasks or not found:
        state.show(
            [_file_row(each) for each in tasks],
            empty="no file of a known format; see `steward import --help`",
        )
    _tell_transcripts(state, transcripts)
    if skipped := len(done.files) - len(found):
        state.say(f"skipped: {skipped} of no known format")
    for line in done.left_out():
        state.say(_clean(f"         {line}"))
    for each in done.refused:
        refusal = each.refusal or {}
        text = f"refused: {refusal.get('message', each.file)}"
        state.say(_clean(f"{text}\n         {refusal['hint']}" if refusal.get("hint") else text))
    totals = done.totals()
    changes = _changes(totals["changes"])
    state.say(f"{'would change' if done.dry_run else 'rows'}: {changes or 'nothing'} ({done.duration_ms} ms)")
    if odd := ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in totals["oddities"].items()):
        state.say(f"oddities: {odd}; the report says where, and what came of each")
    if done.unplaced:
        place, sessions = next(iter(done.unplaced.items()))
        more = f", and {len(done.unplaced) - 1} other folders" if len(done.unplaced) > 1 else ""
        state.say(_clean(f"without a project: {sessions} sessions of {place or 'no folder'}{more}"))
        state.say("         --project SLUG or --create-projects gives them one; the report has all folders")
    if done.path is not None:
        state.say(_clean(f"report: {done.path}"))
    if totals["changes"].get("created") and not done.dry_run:
        state.say("next: `steward work next` shows what to do first, `steward open` the pages")


def _tell_transcripts(state: State, files: list[FileReport]) -> None:
    """Tell of transcripts: each where they are few, else the sum of each format."""
    if len(files) <= _FEW:
        rows = [{"file": Path(each.file).name} | _transcript_row([each]) for each in files]
    else:
        formats = sorted({each.format or "" for each in files})
        rows = [_transcript_row([each for each in files if each.format == name]) for name in formats]
    if rows:
        state.show(rows)


def _transcript_row(files: list[FileReport]) -> dict[str, Any]:
    return {
        "format": files[0].format,
        "files": len(files),
        "new": sum(each.outcome == "imported" for each in files) or None,
        "sessions": len({each.holds["session"] for each in files}),
        **{
            name: sum(each.changes.get(name, 0) for each in files) or None
            for name in ("lines", "damaged_lines", "messages", "responses")
        },
    }


def _changes(changes: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in changes.items() if count)


def _file_row(each: FileReport) -> dict[str, Any]:
    return {
        "project": each.project,
        "file": Path(each.file).name,
        "status": each.outcome,
        "tasks": each.holds.get("tasks"),
        "subtasks": each.holds.get("subtasks"),
        "created": each.changes.get("created"),
        "updated": each.changes.get("updated"),
        "removed": each.changes.get("removed"),
        "oddities": len(each.oddities) or None,
    }


def _clean(text: str) -> str:
    from steward.surfaces.cli.cells import clean

    return "\n".join(clean(line) for line in text.splitlines())


class _Progress:
    """Shows on a terminal which file is read; nothing elsewhere."""

    def __init__(self, state: State) -> None:
        self.shown = sys.stderr.isatty() and not state.quiet and not state.json

    def __enter__(self) -> Any:
        return self.tell if self.shown else None

    def __exit__(self, *_: object) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")

    def tell(self, what: str, done: int, total: int) -> None:
        """Replace the line by what is done now."""
        from steward.surfaces.cli.cells import clean

        sys.stderr.write("\r\x1b[K" + clean(f"{done}/{total} {what}")[:100])
        sys.stderr.flush()
