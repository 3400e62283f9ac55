"""Item 4: down to nothing and up again, what was changed by hand is found, and two migrators take turns."""

from __future__ import annotations

import difflib
import json
import subprocess
import time

from bench.harness import House
from tests.acceptance.items import Run

_LOST = "alter table work.tasks drop column assigned_component"


def check(run: Run) -> None:
    """Walk the schema down and up, damage it, and let two migrators meet."""
    with House("acceptance") as house:
        house.steward("db", "setup").checked()
        before = house.steward("db", "schema").checked().out
        down = house.steward("db", "rollback", "--to", "base").checked()
        # Its status tells that something is to be done.
        gone = json.loads(house.steward("--json", "db", "status").out)
        nothing = gone.get("revision") is None
        run.check(
            "`db rollback --to base` leaves nothing", nothing, f"{down.seconds:.1f} s, {gone.get('revision')}"
        )
        _check_two_migrators(run, house)
        after = house.steward("db", "schema").checked().out
        run.check("the schema is equal after it", before == after, f"{len(after.splitlines())} lines")
        for line in list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[:20]:
            run.say(line)
        house.steward("db", "seed").checked()
        _check_verify(run, house)


def _check_two_migrators(run: Run, house: House) -> None:
    """Start two at once from nothing: both end well, one after the other."""
    began = time.perf_counter()
    words = [str(house.program), "--json", "db", "migrate"]
    both = [
        subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=house.work,
            env=house.environment,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in both]
    well = all(process.returncode == 0 for process in both)
    run.check("two `db migrate` at once both end well", well, f"{time.perf_counter() - began:.1f} s")
    applied = sorted(out.count('"0001') + out.count("0001_") for out, _ in told)
    run.check(
        "one of them did the work, the other waited and found it done", applied[0] == 0 < applied[1], applied
    )
    for out, err in told:
        run.say((out or err).strip()[:200])


def _check_verify(run: Run, house: House) -> None:
    whole = house.steward("--json", "db", "verify")
    run.check("`db verify` finds the database whole", whole.status == 0, f"status {whole.status}")
    if whole.status:
        run.say((whole.out + whole.err)[:600])
    with house.connection("owner") as connection:
        connection.execute(_LOST)
    damaged = house.steward("--json", "db", "verify")
    found = "assigned_component" in damaged.out
    run.check(
        "and a column that was dropped by hand", damaged.status != 0 and found, f"status {damaged.status}"
    )
