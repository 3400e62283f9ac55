"""The supervisor: start, stop and describe the one server of a home."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from steward.kit.embedded import binaries, cluster, lock, logfile, postmaster, probe, settings, tcp
from steward.kit.embedded.account import Account, caller, ensure_dedicated
from steward.kit.embedded.area import Area, area_for, check_reachable, make_area, make_socket_dir, own_data
from steward.kit.errors import Unavailable

if TYPE_CHECKING:
    import psutil

SUPERUSER = cluster.SUPERUSER
LOCK_LIMIT = 3600.0
ORPHAN_LIMIT = 60.0
ORPHAN_PATIENCE = 3.0
IMMEDIATE_LIMIT = 30.0
UNWRITTEN_LIMIT = 5.0
PAUSE = 0.01
LONGEST_PAUSE = 0.25


@dataclass(frozen=True)
class ServerStatus:
    """What is known of a server."""

    running: bool
    pid: int | None
    started_at: datetime | None
    data_dir: Path
    socket_dir: Path
    port: int
    version: str | None
    tcp: bool


class Pause:
    """Waits that begin short and grow, as a long recovery needs no hundred questions a second."""

    def __init__(self) -> None:
        self._seconds = PAUSE

    def sleep(self) -> None:
        """Wait once."""
        time.sleep(self._seconds)
        self._seconds = min(self._seconds * 1.05, LONGEST_PAUSE)


def _quiet(message: str) -> None:
    """Tell nobody."""


class EmbeddedServer:
    """The PostgreSQL server of one Steward home; many objects in many processes may stand for the same server."""

    def __init__(
        self,
        home: Path,
        *,
        memory_bytes: int | None = None,
        binaries: Path | None = None,
        fast_unsafe: bool = False,
    ) -> None:
        """Describe a server without touching anything.

        Args:
            home: the Steward home of the user, whether or not the server's data can stand in it.
            memory_bytes: memory to plan for; the machine's when not given.
            binaries: the folder of `postgres` and `initdb`; the installed wheel's when not given.
            fast_unsafe: give up durability, for tests only.

        Raises:
            Invalid: the path of the home cannot be one of a server's.
        """
        self._area: Area = area_for(home)
        self._memory_bytes = memory_bytes
        self._given_binaries = binaries
        self._fast_unsafe = fast_unsafe

    @property
    def data_dir(self) -> Path:
        """The data folder of the cluster."""
        return self._area.data

    @property
    def socket_dir(self) -> Path:
        """The folder of the unix socket."""
        return self._area.socket_dir

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self._area.log

    @property
    def port(self) -> int:
        """The port: part of the socket's name, and of TCP where it is on."""
        return settings.tcp_port(self._area) or settings.SOCKET_PORT

    @cached_property
    def bin_dir(self) -> Path:
        """The folder of `pg_dump`, `psql` and the other programs."""
        if self._area.shared is None:
            return self._source
        return binaries.shared_bin(self._source, self._area.shared)

    def start(self, progress: Callable[[str], None] = _quiet) -> None:
        """Start the server unless it runs, and return once it accepts connections.

        Any number of processes may call this at once. The server outlives them all.

        Args:
            progress: told in plain words what is waited for.

        Raises:
            Unavailable: the server cannot run; the message says why and the hint what to do.
        """
        if self._is_ready():
            self.rotate_log()
            return
        account = self._prepare(progress)
        with self._starting(progress):
            if self._is_ready():
                return
            self._start_locked(account, progress)

    def stop(self, progress: Callable[[str], None] = _quiet, timeout: float = 60) -> None:
        """Stop the server: running transactions are rolled back, everything committed is flushed.

        Args:
            progress: told in plain words what is waited for.
            timeout: seconds until an immediate shutdown; the next start then recovers, losing nothing.

        Raises:
            Unavailable: the server runs but is not verifiably ours to signal, or does not end.
        """
        if not self._area.root.exists():
            return
        with self._starting(progress):
            self._stop_locked(progress, timeout)

    def is_running(self) -> bool:
        """Tell whether a server listens; it may still be recovering."""
        return probe.listens(self._socket)

    def status(self) -> ServerStatus:
        """Describe the server as it is now."""
        process = postmaster.find(self._area.data, self._area.record)
        running = process is not None or self.is_running()
        started = datetime.fromtimestamp(process.create_time(), UTC) if process is not None else None
        return ServerStatus(
            running=running,
            pid=process.pid if process is not None else None,
            started_at=started,
            data_dir=self.data_dir,
            socket_dir=self.socket_dir,
            port=self.port,
            version=probe.ask(self._socket, SUPERUSER, version=True).version if running else None,
            tcp=settings.tcp_port(self._area) is not None,
        )

    def conninfo(self, dbname: str, user: str) -> str:
        """Return a libpq connection string over the unix socket, which insists on the server's own account.

        Args:
            dbname: the database.
            user: the database role; the operating system vouches for the caller, so there is no password.
        """
        parts = {"host": str(self.socket_dir), "port": str(self.port), "dbname": dbname, "user": user}
        owner = self._data_owner()
        if owner is not None:
            parts["requirepeer"] = owner
        return " ".join(f"{name}={_libpq_quoted(value)}" for name, value in parts.items())

    def tcp(self, enable: bool, port: int | None = None, progress: Callable[[str], None] = _quiet) -> None:
        """Open the server on 127.0.0.1 for pgAdmin, psql and the like, or close it again.

        TCP asks for a password. The caller gives it to the roles that may come that way, once connected:
        `alter role <role> login password <tcp_password()>`. A running server is restarted when this changes anything.

        Args:
            enable: whether the server listens on TCP.
            port: the port; without it the one in use, else the first free one from 7718.
            progress: told in plain words what is waited for.

        Raises:
            Unavailable: the port is taken.
            Invalid: the port is out of range.
        """
        make_area(self._area)
        with self._starting(progress):
            wanted = tcp.choose(self._area, port) if enable else None
            if wanted == settings.tcp_port(self._area):
                return
            running = self.is_running()
            if running:
                self._stop_locked(progress, 60)
            before = tcp.set_port(self._area, wanted)
            if running:
                self._restart_or_revert(before, progress)

    def tcp_password(self) -> str:
        """Return the password for TCP, made at the first call and kept in a 0600 file of the home."""
        return tcp.password(self._area)

    def rotate_log(self) -> bool:
        """Keep the log to its size, also while the server runs; tell whether anything was moved."""
        return logfile.rotate(self._area.log)

    @cached_property
    def _source(self) -> Path:
        return self._given_binaries or binaries.wheel_bin()

    @property
    def _socket(self) -> Path:
        return self._area.socket_dir / f".s.PGSQL.{self.port}"

    def _starting(self, progress: Callable[[str], None]) -> AbstractContextManager[None]:
        watch = self._watch(progress)
        return lock.holding(self._area.start_lock, lambda _: watch.look(), LOCK_LIMIT)

    def _is_ready(self) -> bool:
        """Tell whether the server lets sessions begin: first by its file, as each question in vain is logged."""
        noted = postmaster.read_pid_file(self._area.data)
        if noted is None or not noted.ready:
            return False
        return probe.ask(self._socket, SUPERUSER).answer is probe.Answer.ACCEPTING

    def _data_owner(self) -> str | None:
        try:
            return pwd.getpwuid(self._area.data.stat().st_uid).pw_name
        except (OSError, KeyError):
            return None

    def _prepare(self, progress: Callable[[str], None]) -> Account:
        """Make the folders, and as root the account and the copy of the programs."""
        make_area(self._area)
        shared = self._area.shared
        if shared is None:
            return caller()
        with lock.holding(shared / ".lock", lambda _: None, LOCK_LIMIT):
            account = ensure_dedicated(progress)
            binaries.copy_shared(self._source, shared)
        check_reachable(self._area.root, account)
        return account

    def _start_locked(self, account: Account, progress: Callable[[str], None]) -> None:
        if self._settle(progress):
            return
        life = self._take_life(progress)
        try:
            # With the life lock in hand no process of this cluster lives: what its file names is somebody else.
            postmaster.pid_file_path(self._area.data).unlink(missing_ok=True)
            make_socket_dir(self._area, account)
            cluster.ensure(self._area, self.bin_dir, account, self._fast_unsafe, progress)
            own_data(self._area, account)
            self._write_settings(account)
            logfile.rotate(self._area.log)
            watch = self._watch(progress)
            child = self._spawn(account, life)
        finally:
            os.close(life)
        postmaster.remember(self._area.record, child.pid)
        self._await_ready(watch)

    def _settle(self, progress: Callable[[str], None]) -> bool:
        """Bring what an earlier start or crash left to an end, and tell whether a server works now."""
        process = self._find()
        watch = self._watch(progress, back=logfile.TAIL_BYTES)
        pause = Pause()
        while process is not None and postmaster.is_alive(process):
            if self._is_ready():
                return True
            if self._lost_socket() and watch.waited() > 1:
                progress("the server's socket was removed: restarting it")
                self._stop_locked(progress, 60)
                return False
            self._check_stalled(watch)
            pause.sleep()
        if not self.is_running():
            return False
        self._await_ready(watch)
        return True

    def _find(self) -> psutil.Process | None:
        """Return the verified postmaster, waiting a moment for one that has not written its file yet."""
        began = time.monotonic()
        while True:
            process = postmaster.find(self._area.data, self._area.record)
            unwritten = postmaster.read_pid_file(self._area.data) is None and lock.is_held(
                self._area.life_lock
            )
            if process is not None or not unwritten or time.monotonic() - began > UNWRITTEN_LIMIT:
                return process
            time.sleep(PAUSE)

    def _lost_socket(self) -> bool:
        """Tell whether the server says that it is ready and yet its socket is gone."""
        noted = postmaster.read_pid_file(self._area.data)
        return noted is not None and noted.ready and not self._socket.exists()

    def _watch(self, progress: Callable[[str], None], back: int = 0) -> logfile.StartWatch:
        return logfile.StartWatch(self._area.log, max(0, logfile.size(self._area.log) - back), progress)

    def _write_settings(self, account: Account) -> None:
        port = settings.tcp_port(self._area)
        options = settings.Options(
            memory_bytes=self._memory_bytes or settings.machine_memory(),
            port=self.port,
            tcp=port is not None,
            fast_unsafe=self._fast_unsafe,
        )
        settings.write_all(self._area, options, [account.name, caller().name])

    def _take_life(self, progress: Callable[[str], None]) -> int:
        """Take the lock that the server's processes inherit, once the last one of an earlier server is gone."""
        began = time.monotonic()
        told = hurried = False
        while (life := lock.take(self._area.life_lock)) is None:
            waited = time.monotonic() - began
            if waited > ORPHAN_LIMIT:
                raise Unavailable(
                    f"a process of an earlier server still holds {self._area.life_lock}",
                    hint="find it (lsof, fuser) on this machine or in a container that shares the folder, and end it",
                )
            if waited > 0.5 and not told:
                told = True
                progress("waiting for the processes of the crashed server to end")
            if waited > ORPHAN_PATIENCE and not hurried:
                hurried = True
                self._end_orphans()
            time.sleep(PAUSE)
        return life

    def _end_orphans(self) -> None:
        """End backends that are too busy to notice that their postmaster died."""
        for process in postmaster.orphans(settings.cluster_name(self._area)):
            postmaster.send(process, signal.SIGQUIT)

    def _spawn(self, account: Account, life: int) -> subprocess.Popen[bytes]:
        """Start the postmaster in a session of its own; it keeps the life lock open as long as it lives."""
        log = logfile.open_for_server(self._area.log)
        command = [
            str(self.bin_dir / "postgres"),
            "-D",
            str(self._area.data),
            "-c",
            f"config_file={self._area.config}",
        ]
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=cluster.server_environment(),
                umask=0o077,
                start_new_session=True,
                pass_fds=(life,),
                **account.popen_options(),
            )
        finally:
            os.close(log)
        # Whoever starts the server is its parent: collect it if it ends first, so that no zombie stays.
        threading.Thread(target=child.wait, name="steward-postgres-reaper", daemon=True).start()
        return child

    def _await_ready(self, watch: logfile.StartWatch) -> None:
        """Wait as long as the server lives and its log moves."""
        pause = Pause()
        while not self._is_ready():
            if not self._is_alive():
                lines = logfile.tail(self._area.log, watch.offset)
                raise Unavailable(
                    f"PostgreSQL did not start: {_reason(lines)}",
                    hint=logfile.remedy(lines, self._area.log),
                    detail={"log": lines, "log_file": str(self._area.log)},
                )
            self._check_stalled(watch)
            pause.sleep()

    def _check_stalled(self, watch: logfile.StartWatch) -> None:
        watch.look()
        if watch.stalled():
            raise Unavailable(
                f"PostgreSQL has not answered for {watch.waited():.0f} s, and its log does not move",
                hint=f"read {self._area.log}; the server was left running, and the next start waits for it again",
                detail={"log": logfile.tail(self._area.log, watch.offset)},
            )

    def _is_alive(self) -> bool:
        return lock.is_held(self._area.life_lock) or self.is_running()

    def _stop_locked(self, progress: Callable[[str], None], timeout: float) -> None:
        process = self._find()
        if process is None:
            self._refuse_unverified()
            return
        for number, limit in ((signal.SIGINT, timeout), (signal.SIGQUIT, IMMEDIATE_LIMIT)):
            if number is signal.SIGQUIT:
                progress(f"the server did not stop within {timeout:.0f} s: immediate shutdown")
            postmaster.send(process, number)
            if self._ends_within(lambda: postmaster.is_alive(process) or self._is_alive(), limit, progress):
                return
        raise Unavailable(
            f"PostgreSQL (pid {process.pid}) does not end",
            hint=f"read {self._area.log}; a process in an uninterruptible wait of a disk ends with that wait",
        )

    def _refuse_unverified(self) -> None:
        if self.is_running():
            raise Unavailable(
                f"a server listens in {self.socket_dir}, but no process here is verifiably this home's server",
                hint="it may run in a container that shares the folder: stop it there",
            )

    def _ends_within(self, lives: Callable[[], bool], limit: float, progress: Callable[[str], None]) -> bool:
        began = told = time.monotonic()
        while lives():
            now = time.monotonic()
            if now - began > limit:
                return False
            if now - told >= 1:
                told = now
                progress(f"stopping: {now - began:.0f} s")
            time.sleep(PAUSE)
        return True

    def _restart_or_revert(self, before: int | None, progress: Callable[[str], None]) -> None:
        """Start with the new port; if the server refuses it, put the old one back and start with that."""
        account = ensure_dedicated(progress) if self._area.shared else caller()
        try:
            self._start_locked(account, progress)
        except Unavailable:
            tcp.set_port(self._area, before)
            self._start_locked(account, progress)
            raise


def _reason(lines: list[str]) -> str:
    """Return the line that tells most: the last fatal one, else the last."""
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    chosen = (fatal or lines or ["it ended without a word"])[-1]
    return chosen.split("FATAL:")[-1].split("PANIC:")[-1].strip()


def _libpq_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
