"""`steward db`: thin commands over `operate`, which does the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command, Group

app = typer.Typer()
db = typer.Typer(cls=Group, help="Set up, migrate, check and enter the database.", no_args_is_help=True)
app.add_typer(db, name="db")


def _progress(state: State) -> Any:
    """Return what tells a person what is going on, on standard error."""

    def tell(text: str) -> None:
        if not (state.quiet or state.json):
            sys.stderr.write(f"{text}\n")

    return tell


def _show(state: State, report: Any) -> None:
    from steward.kit.convert import dump

    state.show(dump(report), empty="done")


@db.command(cls=Command)
def setup(
    ctx: typer.Context,
    print_sql: Annotated[
        bool, typer.Option("--sql", help="Only print the SQL that an administrator would have to run.")
    ] = False,
) -> None:
    """Make the database ready: roles, database, extension, tables, reference rows; safe to repeat."""
    from steward.operate import setup as work
    from steward.operate.foundation import SetupDenied

    state: State = ctx.obj
    if print_sql:
        sys.stdout.write((work.setup_sql(state.settings) or "-- nothing is missing") + "\n")
        return
    try:
        report = work.setup(state.settings, _progress(state))
    except SetupDenied as exc:
        if not state.json and "sql" in exc.detail:
            sys.stdout.write(str(exc.detail["sql"]) + "\n")
        raise
    _show(state, report)


@db.command(cls=Command)
def migrate(ctx: typer.Context) -> None:
    """Bring the database to the newest revision; a second migrator waits for the first."""
    from steward.operate import setup as work

    state: State = ctx.obj
    _show(state, work.migrate(state.settings, _progress(state)))


@db.command(cls=Command)
def rollback(
    ctx: typer.Context,
    to: Annotated[str | None, typer.Option(help="End at this revision; `base` for nothing.")] = None,
) -> None:
    """Take the newest revision back, or all down to one; roles stay."""
    from steward.operate import setup as work

    state: State = ctx.obj
    _show(state, work.rollback(state.settings, to, _progress(state)))


@db.command(cls=Command)
def create(ctx: typer.Context, name: Annotated[str, typer.Argument(help="What the revision does.")]) -> None:
    """Write the file of a new revision; only in a source checkout."""
    from steward.operate import setup as work

    state: State = ctx.obj
    path = work.create(name)
    state.show({"path": str(path)} if state.json else str(path))


@db.command(cls=Command)
def seed(
    ctx: typer.Context,
    sample: Annotated[
        bool, typer.Option("--sample", help="Sample users, agents, projects and tasks too.")
    ] = False,
) -> None:
    """Lay the reference rows; what is there stays as it is."""
    from steward.operate import setup as work

    state: State = ctx.obj
    _show(state, work.seed(state.settings, sample, _progress(state)))


@db.command(cls=Command)
def reset(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, drop every row.")] = False,
    roles: Annotated[bool, typer.Option("--roles", help="Drop the database roles too.")] = False,
) -> None:
    """Drop everything that Steward made in the database."""
    from steward.operate import setup as work

    state: State = ctx.obj
    _show(state, work.reset(state.settings, yes, roles))


@db.command(cls=Command)
def status(ctx: typer.Context) -> None:
    """Show server, revision and what is not applied yet; status 7 when something is in the way."""
    from steward.operate import status as work

    state: State = ctx.obj
    report = work.status(state.settings)
    if state.json:
        _show(state, report)
    else:
        state.show(_for_people(report))
    if report.problem is not None:
        raise typer.Exit(7)


def _for_people(report: Any) -> dict[str, Any]:
    """Return the status without checksums: `--json` has them."""
    from steward.kit.convert import dump

    found: dict[str, Any] = dump(report)
    found["applied"] = [
        {name: value for name, value in row.items() if name != "checksum"} for row in found["applied"]
    ]
    return found


@db.command(cls=Command)
def verify(ctx: typer.Context) -> None:
    """Compare the database with what this package makes; status 5 when they differ."""
    from steward.operate import verify as work

    state: State = ctx.obj
    report = work.verify(state.settings)
    _show(state, report)
    if not report.ok:
        state.say(
            "remedy: `steward db migrate` makes code anew, `steward db seed` lays rows; other differences are by hand"
        )
        raise typer.Exit(5)


@db.command(cls=Command)
def schema(
    ctx: typer.Context,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Into this file.")] = None,
) -> None:
    """Print the whole schema as one SQL text."""
    from steward.operate import tools

    state: State = ctx.obj
    text = tools.schema(state.settings)
    if output:
        Path(output).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


@db.command(cls=Command)
def url(
    ctx: typer.Context,
    role: Annotated[str, typer.Option(help="As whom: readonly, app, agent, backup, owner.")] = "readonly",
    show: Annotated[bool, typer.Option("--show", help="With the password.")] = False,
    tcp: Annotated[
        bool | None,
        typer.Option("--tcp/--no-tcp", help="Open the embedded server on 127.0.0.1, or close it."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="On this port.", min=1, max=65535)] = None,
) -> None:
    """Print the address of the database for other programs; the password is hidden unless asked for."""
    from steward.operate import tools

    state: State = ctx.obj
    if tcp is not None:
        tools.open_tcp(state.settings, tcp, port, [role], _progress(state))
    text = tools.url(state.settings, role, show)
    if state.json:
        state.show({"url": text})
        return
    # As it is: a table's folding would break an address that a shell hands on.
    sys.stdout.write(f"{text}\n")


@db.command(cls=Command, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    ctx: typer.Context,
    role: Annotated[str, typer.Option(help="As whom: readonly, app, agent, backup, owner.")] = "readonly",
) -> None:
    """Enter the database with psql; further words go to psql."""
    from steward.operate import tools

    state: State = ctx.obj
    tools.psql(state.settings, tools.role_named(role), ctx.args)
