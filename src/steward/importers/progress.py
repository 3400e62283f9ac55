"""Shows how far an import is, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from steward.importers.run import Progress


@contextmanager
def shown(wanted: bool = True) -> Iterator[Progress | None]:
    """Give the callback for `run_import` that draws a bar on stderr, or None where nobody would see it.

    Args:
        wanted: False for quiet runs and for `--json`.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    # Rich costs a tenth of a second to load: only a terminal pays for it.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("importing")

        def progress(what: str, done: int, total: int) -> None:
            # The name of a file is text of others: it must not be read as markup.
            description = what[-60:].replace("[", "\\[")
            bar.update(line, description=description, completed=done, total=total)

        yield progress
