"""The opt-in door on 127.0.0.1, for tools that do not speak over a unix socket or come from elsewhere."""

from __future__ import annotations

import json
import os
import secrets
import socket

from steward.kit.embedded.area import Area
from steward.kit.embedded.settings import tcp_port
from steward.kit.errors import Invalid, Unavailable

# Below the ports that the kernel hands out for outgoing connections, which could be taken at any moment.
FIRST_PORT, LAST_PORT = 7718, 7817


def choose(area: Area, port: int | None) -> int:
    """Return the port to listen on: the one asked for, else the one in use, else the first free one.

    Raises:
        Invalid: the port is out of range.
        Unavailable: the port is taken, or none is free.
    """
    current = tcp_port(area)
    if port is None and current is not None:
        return current
    if port is None:
        return _first_free()
    if not 1024 <= port <= 65535:
        raise Invalid(f"TCP port {port} is not between 1024 and 65535", hint="choose one in that range")
    if port != current and not _is_free(port):
        raise Unavailable(
            f"TCP port {port} of 127.0.0.1 is taken", hint="choose another port, or none for a free one"
        )
    return port


def set_port(area: Area, port: int | None) -> int | None:
    """Keep the port for the next start (None: no TCP), and return the one before."""
    before = tcp_port(area)
    if port is None:
        area.tcp.unlink(missing_ok=True)
        return before
    fresh = area.tcp.with_suffix(".new")
    fresh.write_text(json.dumps({"port": port}), encoding="utf-8")
    fresh.replace(area.tcp)
    return before


def password(area: Area) -> str:
    """Return the password in the home's 0600 file, made when there is none."""
    area.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = area.password.with_name(f"{area.password.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        return area.password.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(fresh, area.password)  # Unlike a rename, it never replaces what another process made first.
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return area.password.read_text(encoding="ascii").strip()


def _first_free() -> int:
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if _is_free(port):
            return port
    raise Unavailable(
        f"no port of 127.0.0.1 between {FIRST_PORT} and {LAST_PORT} is free", hint="name one yourself"
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            link.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
