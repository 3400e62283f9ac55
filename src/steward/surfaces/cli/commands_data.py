"""`import`, `export`, `sql`: data in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steward.kit.errors import Invalid
from steward.surfaces.cli.client import LocalCaller
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command, Group

if TYPE_CHECKING:
    from steward.importers import FileReport, ImportReport

app = typer.Typer()
export = typer.Typer(
    cls=Group, help="Give back the tasks of a project as a file of another tool.", no_args_is_help=True
)
app.add_typer(export, name="export")


@app.command("import", cls=Command)
def import_(
    ctx: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="Files or folders.", metavar="PATH...")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find and check everything, change nothing.")
    ] = False,
    report: Annotated[
        str | None, typer.Option(help="Where the report goes; ./migration_report.json.")
    ] = None,
) -> None:
    """Import task files; what a file is, is found out by its content.

    Importing again changes only what changed. A file that cannot be imported leaves the others alone; the status is
    then not 0.
    """
    from steward.importers import run_import
    from steward.kit.convert import dump

    state: State = ctx.obj
    database, actor = LocalCaller(state.settings).open()
    with database, _Progress(state) as progress:
        done = run_import(
            database,
            actor,
            [Path(path) for path in paths],
            project=state.settings.project,
            dry_run=dry_run,
            report=Path(report) if report else None,
            progress=progress,
        )
    if state.json:
        state.show(dump(done.to_dict()))
    else:
        _tell(state, done)
    if not done.success:
        raise typer.Exit(2)


def _tell(state: State, done: ImportReport) -> None:
    """Tell a person what came in: a line a file, then what was refused and why."""
    found = [each for each in done.files if each.outcome != "skipped"]
    state.show(
        [_file_row(each) for each in found], empty="no file of a known format; see `steward import --help`"
    )
    if skipped := len(done.files) - len(found):
        state.say(f"skipped: {skipped} of no known format")
    for each in done.refused:
        refusal = each.refusal or {}
        text = f"refused: {refusal.get('message', each.file)}"
        state.say(_clean(f"{text}\n         {refusal['hint']}" if refusal.get("hint") else text))
    totals = done.totals()
    changes = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in totals["changes"].items() if count
    )
    state.say(f"{'would change' if done.dry_run else 'rows'}: {changes or 'nothing'} ({done.duration_ms} ms)")
    if odd := ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in totals["oddities"].items()):
        state.say(f"oddities: {odd}; the report says where, and what came of each")
    if done.path is not None:
        state.say(_clean(f"report: {done.path}"))
    if totals["changes"].get("created") and not done.dry_run:
        state.say("next: `steward work next` shows what to do first, `steward open` the pages")


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
    from steward.surfaces.cli.render import clean

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
        from steward.surfaces.cli.render import clean

        sys.stderr.write("\r\x1b[K" + clean(f"{done}/{total} {what}")[:100])
        sys.stderr.flush()


_OUTPUT = typer.Option("--output", "-o", help="Into this file.")


@export.command("taskmaster", cls=Command)
def taskmaster(
    ctx: typer.Context,
    tag: Annotated[str | None, typer.Option(help="Only this tag.")] = None,
    output: Annotated[str | None, _OUTPUT] = None,
) -> None:
    """Give back the project in hand as a Taskmaster tasks.json."""
    from steward.importers import export_taskmaster

    _give_back(ctx.obj, output, partial(export_taskmaster, tag=tag))


@export.command("beads", cls=Command)
def beads(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Option(help="Name of the file, where the project has several.")
    ] = None,
    output: Annotated[str | None, _OUTPUT] = None,
) -> None:
    """Give back the project in hand as a beads issues.jsonl."""
    from steward.importers import export_beads

    _give_back(ctx.obj, output, partial(export_beads, source=source))


def _give_back(state: State, output: str | None, export: Callable[..., str]) -> None:
    """Write what an export of the project in hand gives, into a file or to the standard output."""
    database, actor = LocalCaller(state.settings).open()
    project = state.settings.project or actor.project
    if project is None:
        raise Invalid("project is missing, and none is in hand", hint="say --project SLUG")
    with (
        database,
        database.transaction(actor, operation="work.export", permission="work:read", read_only=True) as db,
    ):
        text = export(db, project=project)
    if output:
        Path(output).write_text(text, "utf-8", newline="")
    else:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


@app.command(cls=Command)
def sql(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="One statement; - reads it.")],
    limit: Annotated[int, typer.Option(min=1, help="How many rows at most.")] = 1000,
) -> None:
    """Run one SQL statement under a role that may only read."""
    from steward.kit.convert import dump
    from steward.operate.user_sql import user_sql

    state: State = ctx.obj
    statement = sys.stdin.read() if text == "-" else text
    _, actor = LocalCaller(state.settings).open()
    found = user_sql(state.settings, statement, limit=limit, admin=actor.role == "admin")
    rows = [dict(zip(_unlike(found.columns), row, strict=True)) for row in dump(found.rows)]
    if state.json:
        state.show({"columns": found.columns, "rows": rows, "truncated": found.truncated})
        return
    if rows and not state.quiet:
        from steward.surfaces.cli.render import show_rows

        show_rows(_unlike(found.columns), rows)
    else:
        state.say("no rows")
    if found.truncated:
        state.say(f"there is more than {limit} rows: --limit shows more")


def _unlike(names: list[str]) -> list[str]:
    """Return column names of which no two are the same."""
    found: list[str] = []
    for name in names:
        count = sum(other == name or other.startswith(f"{name}_") for other in found)
        found.append(f"{name}_{count + 1}" if name in found else name)
    return found
