"""`python -m tests.acceptance.ledger [--only N]`: what a machine can check of the promises about telemetry and cost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.acceptance import connected, ingest_kills, tokens
from tests.acceptance.items import Item, Run, main
from tests.acceptance.suites import run_suite

_ROOT = Path(__file__).resolve().parents[2]
_SUITES = ("transcripts", "otlp", "hooks", "sessions", "cost")


def receivers(run: Run) -> None:
    """Run the tests that hold every public OTLP file to what the specification says of it."""
    run_suite(run, "every OTLP file is accepted or refused as specified", "tests/surfaces/test_otlp.py")
    run_suite(run, "what clients export is understood, once", "tests/telemetry", "-k", "otlp or absorb")
    run_suite(run, "the Agent SDK's own suite passes", "tests/telemetry/test_claude_sdk.py")


def killed(run: Run) -> None:
    """Kill the server fifty times under exporters, and replay what hooks kept meanwhile."""
    ingest_kills.run(ingest_kills.Campaign(50, int(time.time())), run)
    run_suite(run, "the spool is taken in once", "tests/telemetry/test_hook_client.py")


def speed(run: Run) -> None:
    """Measure imports, receivers, hooks and pages, beside their limits and peers."""
    for suite in _SUITES:
        command = [sys.executable, "-m", "bench", suite]
        done = subprocess.run(command, cwd=_ROOT, text=True, capture_output=True, check=False)
        print(done.stdout, flush=True)
        run.check(f"{suite}: every figure keeps within its limit", done.returncode == 0, done.stderr[-200:])


ITEMS: dict[int, tuple[str, Item]] = {
    1: ("tokens are those of the files, once", tokens.check),
    2: ("receivers take what the specification allows", receivers),
    3: ("what is acknowledged is there once, whatever is killed", killed),
    4: ("clients are connected, seen live, and let go", connected.check),
    5: ("imports, receivers and pages are as fast as promised", speed),
}

if __name__ == "__main__":
    sys.exit(main("ledger", __doc__, ITEMS))
