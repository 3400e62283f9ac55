"""Items 5 and 6: the tests of the suite that carry a promise of their own, run by name."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

from bench import harness
from tests.acceptance.items import Run

_ROOT = Path(__file__).resolve().parents[2]
# What must be among the interleavings, as words of their names.
_INTERLEAVINGS = {
    "finish A while B→A is inserted": ("finish", "insert|depend|edge"),
    "two claims of the last task": ("two_claims|claims.*last|last_task",),
    "a cycle closed from both ends at once": ("cycle",),
    "a stale token after the lease ran out": ("stale|expir",),
}
_HOUSE = {
    "imports": "test_imports_follow_the_contracts",
    "SQL ownership": "test_a_room_writes_its_own_schema_alone|the owner owns everything",
    "query types": "test_a_statement_gives_its_row",
    "schema drift": "test_schema_page_is_current",
    "fresh equals upgraded": "test_upgraded_from_each_revision_equals_fresh",
    "sizes": "test_functions_are_small|test_files_are_small|test_sql_functions_are_short",
    "security_invoker": "every view runs with the rights of whoever asks",
    "names unique": "names of tables and views are unique",
    "every public name documented": "test_every_public_name_is_documented",
}


def _pytest(*words: str) -> harness.Done:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return harness.run(command, timeout_s=1800, cwd=_ROOT, env=dict(os.environ))


def _names(done: harness.Done) -> list[str]:
    return [line.partition("::")[2] for line in done.out.splitlines() if "::" in line]


def interleaving(run: Run) -> None:
    """Run the tests with two connections; each rule has one that fails when its lock is taken away."""
    listed = _names(_pytest("--collect-only", "-q", "tests/work/test_interleaving.py"))
    for fact, words in _INTERLEAVINGS.items():
        found = [name for name in listed if all(re.search(word, name) for word in words)]
        run.check(f"there is a test: {fact}", bool(found), ", ".join(found))
    without = [name for name in listed if re.search("without|lock", name)]
    run.check("and tests that take the locks away", bool(without), f"{len(without)} of {len(listed)}")
    run_suite(run, "they pass", "tests/work/test_interleaving.py")


def run_suite(run: Run, fact: str, *words: str) -> None:
    """Run tests of the suite and tell whether they pass."""
    done = _pytest("-q", *words)
    if not run.check(fact, done.status == 0, (done.out.strip().splitlines() or [""])[-1]):
        run.say((done.out + done.err)[-2500:])


def house(run: Run) -> None:
    """Run the tests about the code itself, the import contracts, and look at what CI does."""
    listed = _pytest("--collect-only", "-q", "tests/house").out
    for fact, words in _HOUSE.items():
        run.check(f"there is a house test: {fact}", re.search(words, listed) is not None)
    run_suite(run, "the house tests pass", "tests/house")
    contracts = harness.run([str(Path(sys.executable).with_name("lint-imports"))], cwd=_ROOT)
    kept = re.search(r"Contracts: (.*)", contracts.out)
    run.check(
        "the import contracts are kept", contracts.status == 0, kept[1] if kept else contracts.err[-300:]
    )
    _ci(run)


def _ci(run: Run) -> None:
    script = _ROOT / ".ci" / "run"
    run.check("CI is one script that can be run", os.access(script, os.X_OK))
    text = script.read_text("utf-8")
    run.check(
        "CI runs `make test` and insists on PostgreSQL 16", "make test" in text and "REQUIRE_PG16" in text
    )
    plan = harness.run(["make", "-n", "test"], cwd=_ROOT).checked().out
    both = "pytest" in plan and "STEWARD_TEST_PG=16" in plan and "-m db" in plan
    run.check("`make test` runs all tests on 18 and `-m db` on 16", both)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = project["optional-dependencies"]["pg16"]
    run.check("the wheel with 16 is pinned", any("==" in each for each in pinned), ", ".join(pinned))
