"""`export`, `sql`: data out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from steward.kit.errors import Invalid
from steward.surfaces.cli.client import LocalCaller
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command, Group

app = typer.Typer()
export = typer.Typer(
    cls=Group, help="Give back the tasks of a project as a file of another tool.", no_args_is_help=True
)
app.add_typer(export, name="export")


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
