"""Many processes that start at one signal, and how many jobs a second they do together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


class CrewFailed(RuntimeError):
    """A worker ended before it had told what it did."""


def run_crew(workers: Sequence[Sequence[str]], environment: Mapping[str, str], expected: int) -> float:
    """Let workers empty a queue together and return their jobs a second.

    Args:
        workers: for each the module in `bench.crews` and its arguments.
        environment: of all of them.
        expected: how many jobs there are; a queue that was not emptied whole is no measurement.

    Raises:
        CrewFailed: a worker broke, or the jobs done are not those expected.
    """
    crew = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", f"bench.crews.{words[0]}", *words[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environment),
            cwd=_ROOT,
        )
        for words in workers
    ]
    try:
        for worker in crew:
            _expect(worker, "ready")
        for worker in crew:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        told = [_expect(worker).split() for worker in crew]
    finally:
        for worker in crew:
            worker.kill()
            worker.communicate()
    done = sum(int(jobs) for jobs, _ in told)
    if done != expected:
        raise CrewFailed(f"{done} of {expected} jobs were done")
    return done / max(float(seconds) for _, seconds in told)


def _expect(worker: subprocess.Popen[str], word: str = "") -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line or not line.startswith(word):
        worker.kill()
        raise CrewFailed(f"{worker.args!r}: {worker.communicate()[1].strip()[-1500:]}")
    return line
