"""`import`, `export`, `sql`: data in and out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from steward.surfaces.cli.client import LocalCaller
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

app = typer.Typer()
export = typer.Typer(help="Give back the tasks of a project as a file of another tool.", no_args_is_help=True)
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
    state.show(dump(done))
    if _refused(done):
        raise typer.Exit(2)


def _refused(done: Any) -> bool:
    return bool(getattr(done, "refused", None))


class _Progress:
    """Shows on a terminal which file is read; nothing elsewhere."""

    def __init__(self, state: State) -> None:
        self.shown = sys.stderr.isatty() and not state.quiet and not state.json

    def __enter__(self) -> Any:
        return self.tell if self.shown else None

    def __exit__(self, *_: object) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")

    def tell(self, text: str, done: int, total: int) -> None:
        """Replace the line by what is done now."""
        from steward.surfaces.cli.render import clean

        sys.stderr.write("\r\x1b[K" + clean(f"{done}/{total} {text}")[:100])
        sys.stderr.flush()


@export.command("taskmaster", cls=Command)
def taskmaster(
    ctx: typer.Context,
    tag: Annotated[str | None, typer.Option(help="Only this tag.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Into this file.")] = None,
) -> None:
    """Give back the project in hand as a Taskmaster tasks.json."""
    from steward.importers import export_taskmaster
    from steward.kit.errors import Invalid

    state: State = ctx.obj
    database, actor = LocalCaller(state.settings).open()
    with (
        database,
        database.transaction(actor, operation="work.export", permission="work:read", read_only=True) as db,
    ):
        if actor.project is None:
            raise Invalid("no project is named or in hand", hint="give --project, or run this inside its folder")
        text = export_taskmaster(db, project=actor.project, tag=tag)
    if output:
        Path(output).write_text(text, "utf-8")
    else:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


@app.command(cls=Command)
def sql(ctx: typer.Context, text: Annotated[str, typer.Argument(help="One statement; - reads it.")]) -> None:
    """Run one SQL statement under a role that may only read."""
    from steward.kit.convert import dump
    from steward.operate.user_sql import user_sql

    state: State = ctx.obj
    statement = sys.stdin.read() if text == "-" else text
    result = user_sql(state.settings, statement)
    state.show([dict(zip(result.columns, dump(row), strict=True)) for row in result.rows], empty="no rows")
    if result.truncated:
        state.say(f"only the first {len(result.rows)} rows are shown; narrow the statement for the rest")
