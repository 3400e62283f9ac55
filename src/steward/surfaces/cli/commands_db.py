"""`steward db`: thin commands over `operate.setup`, which does the work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from steward.kit.errors import Invalid
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

app = typer.Typer()
db = typer.Typer(help="Set up, migrate, check and enter the database.", no_args_is_help=True)
app.add_typer(db, name="db")
