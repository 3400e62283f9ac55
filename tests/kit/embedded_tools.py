"""What the tests of the embedded server share."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

import steward
from steward.kit.embedded import SUPERUSER, EmbeddedServer
from steward.kit.embedded.area import make_area

SOURCE = Path(steward.__path__[0]).parent
IS_ROOT = os.geteuid() == 0
# Small, so that many servers fit beside each other on a busy machine.
MEMORY = 512 * 1024 * 1024


@cache
def common_root() -> Path:
    """Return the place of root's servers, one for the whole run: the programs are copied into it once."""
    folder = Path(tempfile.mkdtemp(prefix="steward-test-root-", dir="/tmp"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def place() -> Iterator[Path]:
    """Give a folder that every account can enter: pytest's own are private to root."""
    folder = Path(tempfile.mkdtemp(prefix="steward-test-", dir="/tmp"))
    folder.chmod(0o755)
    before = os.environ.get("STEWARD_ROOT_DIR")
    os.environ["STEWARD_ROOT_DIR"] = str(common_root())
    try:
        yield folder
    finally:
        os.environ.pop("STEWARD_ROOT_DIR")
        if before is not None:
            os.environ["STEWARD_ROOT_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


@cache
def template() -> Path:
    """Return a cluster that was made once for this run, stopped in good order."""
    first = EmbeddedServer(common_root() / "template", memory_bytes=MEMORY)
    first.start()
    first.stop()
    return first.data_dir


@contextmanager
def server_at(home: Path, *, cold: bool = False) -> Iterator[EmbeddedServer]:
    """Give a server that is stopped in the end.

    Args:
        home: its home.
        cold: leave making the cluster to the server; else it finds a copy of the template, which is faster.
    """
    server = EmbeddedServer(home, memory_bytes=MEMORY)
    if not cold:
        make_area(server._area)
        subprocess.run(["cp", "-a", template(), server.data_dir], check=True)
    try:
        yield server
    finally:
        server.stop(timeout=10)
        if IS_ROOT:
            shutil.rmtree(server.data_dir.parent, ignore_errors=True)
        if server.socket_dir.parent == Path("/tmp"):
            shutil.rmtree(server.socket_dir, ignore_errors=True)


def connect(server: EmbeddedServer) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as the superuser, each statement a transaction."""
    return psycopg.connect(server.conninfo("postgres", SUPERUSER), autocommit=True, connect_timeout=10)


def value(server: EmbeddedServer, statement: str) -> Any:
    """Return the one value of a statement."""
    with connect(server) as link:
        row = link.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def python(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Run a piece of Python in a process of its own, with `server` at hand for the first argument's home."""
    head = f"""
        import os, sys, time
        from pathlib import Path
        from steward.kit.embedded import EmbeddedServer, SUPERUSER
        server = EmbeddedServer(Path(sys.argv[1]), memory_bytes={MEMORY})
    """
    whole = textwrap.dedent(head) + textwrap.dedent(code)
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.Popen(
        [sys.executable, "-c", whole, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        **options,
    )
