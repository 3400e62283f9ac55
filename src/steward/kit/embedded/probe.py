"""Ask the server over its socket whether it answers, without a client library."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PROTOCOL = 196608  # 3.0


class Answer(Enum):
    """What came back from the socket."""

    SILENT = "silent"
    STARTING = "starting"
    ACCEPTING = "accepting"


@dataclass(frozen=True)
class Reply:
    """An answer, with the server's version where it told it."""

    answer: Answer
    version: str | None = None


def listens(path: Path) -> bool:
    """Tell whether a server listens on the socket; it may still be recovering."""
    try:
        with _connected(path, 1.0):
            return True
    except TimeoutError:
        return True  # A full queue of connections has a listener behind it.
    except OSError:
        return False


def ask(path: Path, role: str, *, version: bool = False, seconds: float = 2.0) -> Reply:
    """Begin a session as the role, read the first answer, and leave.

    Args:
        path: the socket.
        role: the database role; its database of the same name need not exist.
        version: read on until the server has told its version.
        seconds: how long to wait for an answer.
    """
    try:
        with _connected(path, seconds) as link:
            link.sendall(_startup(role))
            received = _read_greeting(link, version)
    except OSError:
        return Reply(Answer.SILENT)
    if not received:
        return Reply(Answer.SILENT)
    # Code class 57P is 'starting up', 'shutting down', 'in recovery'; any other refusal comes from a working server.
    if received[:1] == b"E" and b"\0C57P" in received:
        return Reply(Answer.STARTING)
    return Reply(Answer.ACCEPTING, _version(received))


def _connected(path: Path, seconds: float) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(seconds)
        link.connect(str(path))
    except BaseException:
        link.close()
        raise
    return link


def _startup(role: str) -> bytes:
    settings = b"user\0" + role.encode() + b"\0database\0" + role.encode() + b"\0\0"
    body = struct.pack("!i", PROTOCOL) + settings
    return struct.pack("!i", len(body) + 4) + body


def _read_greeting(link: socket.socket, whole: bool) -> bytes:
    """Read the first answer or, for the whole greeting, until the server takes a query, refuses or hangs up."""
    received = b""
    while len(received) < 65536 and (chunk := link.recv(8192)):
        received += chunk
        if not whole or received[:1] == b"E" or received.endswith(b"Z\0\0\0\x05I"):
            break
    if received[:1] == b"R":
        link.sendall(b"X\0\0\0\x04")  # Terminate, so that the server logs no lost connection.
    return received


def _version(received: bytes) -> str | None:
    _, found, rest = received.partition(b"server_version\0")
    return rest.split(b"\0", 1)[0].decode() if found else None
