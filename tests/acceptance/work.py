"""`python -m tests.acceptance.work [--only N]`: what a machine can check of the promises about work and agents."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path

from bench.harness import House, test_data
from tests.acceptance import question, torture
from tests.acceptance.items import Item, Run, main
from tests.acceptance.suites import run_suite

_ROOT = Path(__file__).resolve().parents[2]
_HELD = """
    select f.source_name, count(t.id)
    from work.import_files as f
    left join work.tasks as t on t.import_file_id = f.id
    group by f.source_name
"""
_WRITTEN = """
    select
      (select count(*) from work.tasks), (select count(*) from work.task_dependencies),
      (select count(*) from work.comments), (select count(*) from audit.audit_logs)
"""


def promised_names(run: Run) -> None:
    """Every name of the four systems works or is marked for a later room, and their examples run."""
    run_suite(run, "the map of the seeds' names holds", "tests/house", "-k", "seed")
    run_suite(run, "the seeds' examples run", "tests/work/test_seed_examples.py")


def _rows(path: Path) -> int | None:
    """Return how many rows a file holds; None when a merge left its marks in it."""
    packed = path.read_bytes()
    text = (lzma.decompress(packed) if path.suffix == ".xz" else packed).decode("utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    if any(line.startswith(("<<<<<<<", "=======", ">>>>>>>")) for line in lines):
        return None
    return len({json.loads(line)["id"] for line in lines})


def beads(run: Run) -> None:
    """Import the public beads files twice; the second time changes nothing."""
    folder = test_data() / "beads"
    with House("acceptance") as house:
        house.up()
        first = house.steward("import", str(folder), timeout_s=600)
        with house.connection("owner") as connection:
            held = dict(connection.execute(_HELD).fetchall())
            written = connection.execute(_WRITTEN).fetchone()
            again = house.steward("import", str(folder), timeout_s=600)
            later = connection.execute(_WRITTEN).fetchone()
    for path in sorted(folder.glob("*.jsonl*")):
        rows = _rows(path)
        found = held.get(path.name, held.get(path.name.removesuffix(".xz")))
        if rows is None:
            run.check(f"{path.name} is refused, nothing of it came in", found is None, found)
        else:
            run.check(f"{path.name} came in whole", found == rows, f"{found} of {rows} rows")
    run.check("a second run writes no row, not even in the audit", written == later, later)
    run.check("the refused file is told both times", first.status == again.status != 0, again.status)


def speed(run: Run) -> None:
    """Measure at a million tasks and beside the peers."""
    command = [sys.executable, "-m", "bench", "work"]
    done = subprocess.run(command, cwd=_ROOT, text=True, capture_output=True, check=False)
    print(done.stdout, flush=True)
    run.check("every figure keeps within its limit", done.returncode == 0, done.stderr.strip()[-200:])


def survives(run: Run) -> None:
    """Kill claimants, and the server once."""
    torture.run(torture.Campaign(), run)


def pages(run: Run) -> None:
    """Visit every page in both themes, and answer on the page what an agent asks over MCP."""
    question.check(run)
    run_suite(run, "the tests of the pages pass", "tests/web")


def earlier_defects(run: Run) -> None:
    """Run the tests that the earlier systems' defects are not here."""
    run_suite(
        run,
        "the defects of the earlier systems are not here",
        "tests/work/test_old_faults.py",
        "tests/work/test_seed_defects.py",
    )
    run_suite(run, "nor those of their importers", "tests/importers/test_earlier_defects.py")


ITEMS: dict[int, tuple[str, Item]] = {
    1: ("every promised name is there, and the earlier systems' examples run", promised_names),
    2: ("beads files come in whole, twice the same", beads),
    3: ("claims and reads are as fast as promised", speed),
    4: ("claims survive anything", survives),
    5: ("pages show it, and people answer agents on them", pages),
    6: ("earlier defects stay away", earlier_defects),
}


if __name__ == "__main__":
    sys.exit(main("work", __doc__, ITEMS))
