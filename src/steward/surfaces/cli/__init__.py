"""The command line: one group a room, one command an operation, and the few commands that run the house."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process and leave with its exit status."""
    from steward.surfaces.cli.main import run

    sys.exit(run(sys.argv[1:]))
