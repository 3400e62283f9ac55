"""A worker of PgQueuer on asyncpg and uvloop: `URL BATCH`, or `URL install JOBS`."""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode


async def install(url: str, jobs: int) -> None:
    """Make its tables and enqueue."""
    queries = Queries(AsyncpgDriver(await asyncpg.connect(url)))
    await queries.install()
    for _ in range(0, jobs, 1000):
        await queries.enqueue(["noop"] * 1000, [None] * 1000, [0] * 1000)


async def drain(url: str, batch: int) -> None:
    """Run until the queue is empty."""
    manager = QueueManager(Queries(AsyncpgDriver(await asyncpg.connect(url))))
    done = 0

    async def noop(_: Job) -> None:
        nonlocal done
        done += 1

    manager.entrypoint("noop")(noop)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    await manager.run(batch_size=batch, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
    print(done, time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    if sys.argv[2] == "install":
        uvloop.run(install(sys.argv[1], int(sys.argv[3])))
    else:
        uvloop.run(drain(sys.argv[1], int(sys.argv[2])))
