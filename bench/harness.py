"""A private home for one measurement: its own folder, environment, port and servers, and nothing left afterwards."""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

# Above are the ports that the system lends to clients: one of those may be taken a moment later.
_LOWEST_PORT, _HIGHEST_PORT = 20_000, 32_767
_QUIET_SHARE = 0.15
_LARGEST = Path("taskmaster") / "eyaltoledano_claude-task-master.tasks.json.xz"
# What could lead a command to somebody's real home or database.
_FOREIGN = ("STEWARD_", "PG", "DB_", "DATABASE_URL", "XDG_")


class CommandFailed(RuntimeError):
    """A command that had to succeed did not."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended, how long its whole process took, and how much of a processor it had of that."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str
    seconds: float
    cpu_seconds: float = 0.0

    def checked(self) -> Self:
        """Return itself when the status is 0.

        Raises:
            CommandFailed: it is not; with what the command said.
        """
        if self.status != 0:
            said = (self.err.strip() or self.out.strip())[-2000:]
            raise CommandFailed(f"`{' '.join(self.words)}` ended with {self.status}: {said}")
        return self

    def json(self) -> Any:
        """Return the output as JSON data."""
        return json.loads(self.checked().out)


def run(words: list[str], *, timeout_s: float = 300, text: str | None = None, **known: Any) -> Done:
    """Run a command to its end and time its whole process."""
    used, began = _cpu_of_children(), time.perf_counter()
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, check=False, timeout=timeout_s, **known
    )
    took, cpu = time.perf_counter() - began, _cpu_of_children() - used
    return Done(tuple(words), done.returncode, done.stdout, done.stderr, took, cpu)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_for_quiet(most_s: float) -> None:
    """Wait, at most so long, until others leave most of the machine alone."""
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline and _busy_share() > _QUIET_SHARE:
        time.sleep(1)


def _busy_share() -> float:
    """Return how much of all processors was busy in a second."""
    return psutil.cpu_percent(interval=1.0) / 100


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    for _ in range(100):
        port = random.randint(_LOWEST_PORT, _HIGHEST_PORT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port between {_LOWEST_PORT} and {_HIGHEST_PORT}")


def test_data() -> Path:
    """Return the folder of real public files (STEWARD_TEST_DATA, else the one beside the checkout)."""
    beside = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("STEWARD_TEST_DATA", beside)).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"no public test files at {folder}; set STEWARD_TEST_DATA")
    return folder


def largest_file() -> tuple[Path, int]:
    """Return the largest real tasks file and how many bytes it has unpacked."""
    path = test_data() / _LARGEST
    return path, len(lzma.decompress(path.read_bytes()))


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment without anything that names a home or a database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | dict(extra or {})


class House:
    """A home of Steward under a temporary folder. Use it as a context: it ends its servers and removes everything.

    Attributes:
        folder: everything stands in here; every account may walk through it, as the server's own account must.
        work: an empty folder in which commands run: no git remote, no project.
        program: the `steward` that is measured: that of the Python that runs us.
    """

    def __init__(self, name: str = "bench", program: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"steward-{name}-"))
        self.folder.chmod(0o711)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.program = program or Path(sys.executable).with_name("steward")
        self.port = free_port()
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of this home's commands."""
        return clean_environment(
            {
                "HOME": str(self.folder),
                "STEWARD_HOME": str(self.folder / "home"),
                "STEWARD_ROOT_DIR": str(self.folder / "servers"),
                "NO_COLOR": "1",
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            self.steward("down", timeout_s=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def steward(self, *words: str, timeout_s: float = 300, text: str | None = None, **extra: str) -> Done:
        """Run a command of this home; further settings are environment variables."""
        return run(
            [str(self.program), *words],
            timeout_s=timeout_s,
            text=text,
            cwd=self.work,
            env=self.environment | extra,
        )

    def up(self, *words: str) -> Done:
        """Start the servers detached and wait until they serve."""
        port = [] if (self.folder / "home" / "config.toml").exists() else ["--port", str(self.port)]
        done = self.steward("--json", "up", "--detach", *port, *words).checked()
        self.url = str(done.json()["url"])
        return done

    def down(self) -> Done:
        """Stop the servers."""
        return self.steward("down").checked()

    def sign_in(self) -> str:
        """Return a one-time address that signs a browser in."""
        return str(self.steward("--json", "up", "--detach").json()["sign_in"])

    def key(self) -> str:
        """Return the key of this home."""
        return (self.folder / "home" / "key").read_text("utf-8").strip()

    def url_of(self, role: str) -> str:
        """Return how a role connects to this home's database."""
        return self.steward("db", "url", "--role", role, "--show").checked().out.strip()

    @contextlib.contextmanager
    def connection(self, role: str = "readonly") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Lend a connection of our own to this home's database."""
        with psycopg.connect(self.url_of(role), autocommit=True) as connection:
            yield connection

    @contextlib.contextmanager
    def open_snapshot(self) -> Iterator[None]:
        """Keep a snapshot open meanwhile: dead rows then cannot be cleaned away, as beside a long report."""
        with self.connection() as connection:
            connection.execute("begin isolation level repeatable read, read only")
            connection.execute("select count(*) from pg_catalog.pg_class")
            try:
                yield
            finally:
                connection.execute("rollback")
