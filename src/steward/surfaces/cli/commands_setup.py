"""`config`, `key`, `completion`, `mcp`: how this machine's programs reach Steward."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

app = typer.Typer()


class Shell(StrEnum):
    """Shells that can complete words."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Profile(StrEnum):
    """How many tools MCP offers."""

    CORE = "core"
    STANDARD = "standard"
    ALL = "all"


@app.command(cls=Command)
def config(ctx: typer.Context) -> None:
    """Show every setting, its value and where it comes from; secrets are masked."""
    state: State = ctx.obj
    rows = [
        {"name": name, "value": value, "source": source} for name, value, source in state.settings.shown()
    ]
    state.show(rows)


@app.command(cls=Command)
def key(ctx: typer.Context) -> None:
    """Print the key that programs send as `Authorization: Bearer …`."""
    state: State = ctx.obj
    found = state.settings.key or _own_key(state)
    state.show({"key": found} if state.json else found)


def _own_key(state: State) -> str:
    """Return the key of this home, made when there is none; the server's own when it is elsewhere."""
    from steward.surfaces.cli.client import LocalCaller, read_key

    if state.settings.url:
        return read_key(state.settings)
    from steward.operate.acting import local_key

    database, actor = LocalCaller(state.settings).open()
    with database:
        if actor.user_id is None:
            return read_key(state.settings)
        return local_key(database, state.settings, actor.user_id)


@app.command(cls=Command)
def completion(ctx: typer.Context, shell: Annotated[Shell, typer.Argument(help="Whose script.")]) -> None:
    """Print the completion script of a shell, such as `steward completion bash > /etc/bash_completion.d/steward`."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="steward", complete_var="_STEWARD_COMPLETE", shell=shell.value)
    sys.stdout.write(script + "\n")


@app.command(cls=Command)
def mcp(
    ctx: typer.Context,
    profile: Annotated[Profile | None, typer.Option(help="How many tools to offer; core unless set.")] = None,
) -> None:
    """Serve MCP over standard input and output, for a client that starts us."""
    from steward.surfaces.mcp.stdio import serve

    state: State = ctx.obj
    serve(state.settings, profile.value if profile else None)
