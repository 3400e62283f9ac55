"""A worker of Procrastinate: `DSN CONCURRENCY`, or `DSN install`."""

from __future__ import annotations

import asyncio
import logging
import sys
import time

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector


def install(dsn: str) -> None:
    """Make its tables."""
    with App(connector=SyncPsycopgConnector(conninfo=dsn)).open() as app:
        app.schema_manager.apply_schema()


async def drain(dsn: str, concurrency: int) -> None:
    """Run until the queue is empty. No listener: there is always something to fetch."""
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=concurrency + 1, max_size=concurrency + 2))
    done = 0

    async def noop() -> None:
        nonlocal done
        done += 1

    app.task(name="noop")(noop)
    async with app.open_async():
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=concurrency, listen_notify=False, install_signal_handlers=False
        )
        print(done, time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    if sys.argv[2] == "install":
        install(sys.argv[1])
    else:
        asyncio.run(drain(sys.argv[1], int(sys.argv[2])))
