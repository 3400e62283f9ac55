"""`python -m tests.acceptance.skeleton [--only N]`: what a machine can check of the first milestone's promises."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.acceptance import fresh_clone, imports, live_board, schema_changes, suites
from tests.acceptance.items import Item, Run

ITEMS: dict[int, tuple[str, Item]] = {
    1: ("a fresh clone serves and its tests pass, as root and as an ordinary user", fresh_clone.check),
    2: ("real task files come in whole, twice the same, and go out equal", imports.check),
    3: ("MCP clients work imported tasks off in order while the board shows it live", live_board.check),
    4: ("the schema goes down and up again, and what differs is found", schema_changes.check),
    5: ("rules that need a lock hold between two connections", suites.interleaving),
    6: ("the house keeps its rules, and CI runs on both servers", suites.house),
}


def main() -> int:
    """Run the items asked for; the status is 1 when a fact does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.skeleton", description=__doc__)
    parser.add_argument(
        "--only", type=int, action="append", choices=ITEMS, help="only this item (repeatable)"
    )
    parser.add_argument("--no-tests", action="store_true", help="leave `make test` in the fresh clone out")
    parser.add_argument(
        "--pictures", type=Path, help="where screenshots go; a new temporary folder otherwise"
    )
    given = parser.parse_args()
    pictures = given.pictures or Path(tempfile.mkdtemp(prefix="steward-pictures-"))
    pictures.mkdir(parents=True, exist_ok=True)
    run = Run(pictures, with_tests=not given.no_tests)
    for number in given.only or ITEMS:
        title, item = ITEMS[number]
        with run.item(number, title):
            item(run)
    print(f"{run.passed} facts hold, {len(run.failed)} do not")
    for fact in run.failed:
        print(f"  FAIL  {fact}")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
