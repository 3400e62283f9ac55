"""Workers of a measurement, each a process of its own: connect, say `ready`, wait for a line, empty the queue, tell.

Every module here is run by `bench.crew`: `python -m bench.crews.<name> <arguments>`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def work(empty_queue: Callable[[], int]) -> None:
    """Say that all is ready, wait for the start, empty the queue, and print how many jobs were done in how long."""
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    done = empty_queue()
    print(done, time.perf_counter() - began, flush=True)
