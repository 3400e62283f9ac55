"""The command line: one group a room, one command an operation, and the few commands that run the house."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line of this process and leave with its exit status."""
    # What start-up makes stays until the end; looking through it for garbage takes a tenth of a short call.
    gc.disable()
    from steward.surfaces.cli.main import run

    sys.exit(run(sys.argv[1:]))
