"""The web server as a process: at most one a home, found again by its state file, never confused with another process.

The state file (`run/state.json`, 0600) names pid and start time; a process is ours only if both agree, so a pid that
the system gave to somebody else since is never signalled. Starting is guarded by a lock on `run/up.lock`.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from steward.kit.config import Settings, make_private, remember, write_private
from steward.kit.errors import Conflict, Unavailable

FIRST_PORT = 7717
# From here on the system itself gives out ports to clients.
_PAST_LAST_PORT = 32768
_START_S = 300.0
_LOCK_S = 320.0
_STOP_S = 15.0
_SAME_START_S = 2.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: what the state file says of it."""

    pid: int
    started: float
    host: str
    port: int
    version: str = ""
    log: str | None = None

    @property
    def url(self) -> str:
        """Return the address that a browser on this machine can reach."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - names it, binds nothing
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def log_file(settings: Settings) -> Path:
    """Return where a detached server writes its log."""
    return settings.home / "logs" / "server.log"


# ------------------------------------------------------------------------------------------------------------- state


def running(settings: Settings) -> Running | None:
    """Return the server of this home when it runs; None when it does not, whatever the state file says."""
    try:
        data = json.loads(settings.state_file.read_text("utf-8"))
        state = Running(**{name: data[name] for name in Running.__slots__ if name in data})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return state if _process(state) is not None else None


def _process(state: Running) -> psutil.Process | None:
    """Return the process of a state, if pid and start time agree and it is no zombie."""
    try:
        process = psutil.Process(state.pid)
        if (
            abs(process.create_time() - state.started) > _SAME_START_S
            or process.status() == psutil.STATUS_ZOMBIE
        ):
            return None
    except psutil.Error:
        return None
    return process


def write_state(settings: Settings, host: str, port: int, version: str, log: str | None) -> Running:
    """Write down that this process is the server now."""
    state = Running(os.getpid(), psutil.Process().create_time(), host, port, version, log)
    write_private(settings.state_file, json.dumps(asdict(state)) + "\n")
    return state


def is_older(state: Running) -> bool:
    """Tell whether the server runs another release than this package is."""
    from steward import __version__

    return state.version != __version__


def refuse_move(settings: Settings, state: Running) -> None:
    """Refuse an address that was asked for while the server listens on another.

    Raises:
        Conflict: it listens elsewhere.
    """
    wanted = [
        f"--{name} {getattr(settings, name)}"
        for name, now in (("host", state.host), ("port", state.port))
        if settings.sources.get(name) == "flag" and getattr(settings, name) not in (now, 0)
    ]
    if wanted:
        hint = f"stop it first: `steward down`, then `steward up {' '.join(wanted)}`"
        raise Conflict(f"the server runs at {state.url}, not with {' '.join(wanted)}", hint=hint)


def clear_state(settings: Settings) -> None:
    """Remove the state file if it is this process'."""
    state = running(settings)
    if state is not None and state.pid == os.getpid():
        settings.state_file.unlink(missing_ok=True)


@contextlib.contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Hold the lock that lets one server at a time start.

    Raises:
        Unavailable: another start holds it too long.
    """
    path = settings.home / "run" / "up.lock"
    make_private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LOCK_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                hint = "look at `steward logs`; stop the one that hangs"
                raise Unavailable("another `steward up` has been starting for minutes", hint=hint) from None
            time.sleep(0.05)
        else:
            return


# -------------------------------------------------------------------------------------------------------------- port


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket on the port of the settings, or on the next free one, which is then kept.

    Raises:
        Conflict: the kept or wanted port is taken; the message names the holder.
    """
    if settings.port is not None:
        bound = _bind(settings.host, settings.port)
        if bound is None:
            raise _taken(settings.host, settings.port)
        if settings.sources.get("port") == "flag":
            remember(settings, port=bound.getsockname()[1])
        return bound
    for port in range(FIRST_PORT, _PAST_LAST_PORT):
        bound = _bind(settings.host, port)
        if bound is not None:
            # Clients are set up with this address, so it has to stay the same.
            remember(settings, port=port)
            return bound
    raise Unavailable(
        f"no port from {FIRST_PORT} to {_PAST_LAST_PORT - 1} is free", hint="free one, or use --port"
    )


def _bind(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError as exc:
        made.close()
        if exc.errno in (98, 48):  # EADDRINUSE on Linux and macOS
            return None
        raise Unavailable(
            f"{host}:{port} cannot be listened on: {exc}", hint="choose --host and --port"
        ) from None
    made.set_inheritable(False)
    return made


def _taken(host: str, port: int) -> Conflict:
    holder = port_holder(port)
    by = f" by {holder}" if holder else ""
    return Conflict(
        f"port {port} on {host} is taken{by}", hint="stop that, or choose another with `steward up --port`"
    )


def port_holder(port: int) -> str | None:
    """Return the name and pid of the process that listens on a port, as far as we may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
                return f"{psutil.Process(found.pid).name()} (pid {found.pid})"
    return None


# ---------------------------------------------------------------------------------------------------- start and stop


def start_detached(settings: Settings, command: list[str]) -> Running:
    """Start a server that outlives this process and wait until it serves.

    Args:
        settings: of which home; the caller holds `starting`.
        command: the program that serves, and its words.

    Raises:
        Unavailable: it ended or did not serve in time; the message has the end of its log.
    """
    path = log_file(settings)
    make_private(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            close_fds=True,
        )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        state = running(settings)
        if state is not None and state.pid == child.pid and answers(state):
            return state
        if child.poll() is not None:
            message, hint = _last_words(path)
            raise Unavailable(f"the server ended at once: {message}", hint=hint or f"the log is {path}")
        time.sleep(0.05)
    child.terminate()
    raise Unavailable(f"the server did not serve within {_START_S:g} s", hint=f"the log is {path}")


def _last_words(path: Path) -> tuple[str, str | None]:
    """Return what the server said last, and the hint that came with it."""
    lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return "it said nothing", None
    try:
        said = json.loads(lines[-1])
    except ValueError:
        return lines[-1], None
    return (str(said.get("message")), said.get("hint")) if isinstance(said, dict) else (lines[-1], None)


def answers(state: Running, timeout_s: float = 2.0) -> bool:
    """Tell whether the server answers requests."""
    status, _ = _ask(state, "GET", "/healthz", timeout_s=timeout_s)
    return status == 200


def is_ready(state: Running) -> bool:
    """Tell whether the server can serve operations: it reaches its database."""
    status, _ = _ask(state, "GET", "/readyz", timeout_s=5.0)
    return status == 200


def _ask(
    state: Running, method: str, path: str, *, headers: dict[str, str] | None = None, timeout_s: float = 5.0
) -> tuple[int, Any]:
    host = state.url.removeprefix("http://").rpartition(":")[0].strip("[]")
    connection = http.client.HTTPConnection(host, state.port, timeout=timeout_s)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


def sign_in_link(settings: Settings, state: Running) -> str | None:
    """Return a one-time address that signs a browser in, or None when the server gives none."""
    try:
        key = settings.key or settings.key_file.read_text("utf-8").strip()
    except OSError:
        return None
    status, data = _ask(state, "POST", "/login/link", headers={"Authorization": f"Bearer {key}"})
    return f"{state.url}{data['path']}" if status == 200 else None


def stop(settings: Settings) -> Running | None:
    """Stop the web server of this home gracefully and return what ran; None when none did.

    Raises:
        Unavailable: it does not end.
    """
    state = running(settings)
    process = _process(state) if state is not None else None
    if state is None or process is None:
        settings.state_file.unlink(missing_ok=True)
        return None
    # psutil compares the start time once more before it signals.
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except psutil.TimeoutExpired:
        process.kill()
        try:
            process.wait(_STOP_S)
        except psutil.TimeoutExpired:
            raise Unavailable(
                f"the server (pid {state.pid}) does not end", hint="see `steward logs`"
            ) from None
    settings.state_file.unlink(missing_ok=True)
    return state


def serve_command(settings: Settings) -> list[str]:
    """Return the program that serves this home, as `start_detached` runs it."""
    words = [sys.executable, "-m", "steward.surfaces.rest.serve", "--home", str(settings.home)]
    for name in ("port", "host"):
        if settings.sources.get(name) == "flag":
            words += [f"--{name}", str(getattr(settings, name))]
    return words
