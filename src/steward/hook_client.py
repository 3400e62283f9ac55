"""`steward-hook`: hands an event of a coding agent to the server, and never stands in the agent's way.

    steward-hook codex < event.json

It reads one JSON object from standard input, sends it to the server of this home, and prints the server's answer. In
all it takes 300 ms at most and its status is always 0: where the server is away, slow or in trouble, the event goes
into the spool of the home (`spool/hooks.jsonl`), and the server takes it in later, once, under the uuid that it has
from here.

Only the standard library is imported, and little of that: the agent waits for this program at every step it takes. What
writes to the spool stands here, what reads it is in `operate/hooks.py`.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of the 300 ms some are for the spool, and for the interpreter to end.
_MOST_MS, _END_S = 300, 0.04
_QUIET_S = 0.1
_MOST_BYTES = 8 * 1024 * 1024
SPOOL_BYTES = 50 * 1024 * 1024
CLIENTS = ("claude", "codex", "gemini")
_ATTRIBUTION = ("task", "execution", "agent", "project")
# Of an event that came too slowly or is too large these are looked for in its beginning.
_SAID_FIRST = (
    "session_id", "hook_event_name", "cwd", "transcript_path", "prompt_id", "tool_name", "tool_use_id",
)  # fmt: skip
_AGAIN = frozenset({401, 403, 404, 408, 421, 425, 429})


def _began() -> float:
    """Return when this process began, by the monotonic clock: the agent has waited since then."""
    now = time.monotonic()
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        took = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError, IndexError):
        took = 0.03
    # A clock that was read wrongly must not take all the time away.
    return now - (min(took, 0.2) if took >= 0 else 0.03)


def _total() -> float:
    """Return how long all may take: 300 ms, unless a slow machine or a server far away was granted more."""
    word = os.environ.get("STEWARD_HOOK_TIMEOUT_MS", "")
    return max(100, min(int(word) if word.isdecimal() else _MOST_MS, 60_000)) / 1000 - _END_S


_BEGAN = _began()
_TOTAL_S = _total()


def main() -> int:
    """Hand over one event; the status is 0 whatever happens."""
    try:
        _run(sys.argv[1:])
    except Exception as exc:  # noqa: BLE001 - a broken hook must not break the agent
        if os.environ.get("STEWARD_LOG_LEVEL", "").lower() == "debug":
            sys.stderr.write(f"steward-hook: {type(exc).__name__}: {exc}\n")
    return 0


def _run(words: list[str]) -> None:
    import json

    client, home = _arguments(words)
    text, whole = _read(sys.stdin.fileno(), _BEGAN + _TOTAL_S)
    if not whole:
        text = _cut(text)
        if not text:
            if os.path.isdir(home):
                os.makedirs(os.path.join(home, "spool"), mode=0o700, exist_ok=True)
                _count_dropped(os.path.join(home, "spool"))
            return
    payload = json.loads(text)
    if not isinstance(payload, dict):
        return
    event = {"event": new_uuid(), "at": _now(), "client": client, "context": _context(), "payload": payload}
    answer = None
    where = _server(home)
    if where is not None:
        answer = _post(where, _key(home, client), event, text)
    if answer is None and os.path.isdir(home):
        append(os.path.join(home, "spool"), event, deadline=_BEGAN + _TOTAL_S + 0.03)
    elif answer:
        sys.stdout.write(answer)
        sys.stdout.flush()


def _arguments(words: list[str]) -> tuple[str, str]:
    """Return whose hook this is and the home; other words are for gates to come."""
    client, home, at = "claude", "", 0
    while at < len(words):
        if words[at] == "--home" and at + 1 < len(words):
            home = words[at + 1]
            at += 1
        elif words[at] == "--event":
            at += 1
        elif words[at] in CLIENTS:
            client = words[at]
        at += 1
    return client, home or home_folder(dict(os.environ))


def home_folder(environ: dict[str, str]) -> str:
    """Return the home of Steward as `kit.config` finds it, without importing what it imports."""
    named = environ.get("STEWARD_HOME")
    if named:
        return os.path.abspath(os.path.expanduser(named))
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/steward")
    data = environ.get("XDG_DATA_HOME", "").strip()
    return os.path.join(data or os.path.expanduser("~/.local/share"), "steward")


def _read(descriptor: int, deadline: float) -> tuple[bytes, bool]:
    """Read to the end of the input, but wait no longer than that; tell whether it is whole."""
    import select

    parts: list[bytes] = []
    size, left = 0, deadline - time.monotonic()
    while size <= _MOST_BYTES:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, min(left, _QUIET_S)))
        left = deadline - time.monotonic()
        if not ready:
            # Some clients leave their end open.
            if _is_json(b"".join(parts)):
                return b"".join(parts), True
            if left <= 0:
                break
            continue
        part = os.read(descriptor, 1 << 16)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        size += len(part)
    return b"".join(parts), False


def _is_json(text: bytes) -> bool:
    import json

    if not text.rstrip().endswith(b"}"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _cut(text: bytes) -> bytes:
    """Return what the beginning of an event says of it, as an event; nothing where session or name are missing."""
    import json
    import re

    found: dict[str, Any] = {}
    for name in _SAID_FIRST:
        said = re.search(rb'"%s"\s*:\s*("(?:[^"\\]|\\.){1,1000}")' % name.encode(), text[:65_536])
        if said:
            found[name] = json.loads(said[1])
    if "session_id" not in found or "hook_event_name" not in found:
        return b""
    return json.dumps(found | {"steward_cut": f"its end was not read after {len(text)} bytes"}).encode()


def new_uuid() -> str:
    """Return a random uuid; the module uuid takes longer to import than this to write."""
    digits = bytearray(os.urandom(16))
    digits[6], digits[8] = digits[6] & 0x0F | 0x40, digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _now() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"


def _context() -> dict[str, str]:
    """Return what `steward run` left in the environment of the agent."""
    found = {name: os.environ.get(f"STEWARD_{name.upper()}", "") for name in _ATTRIBUTION}
    return {name: value for name, value in found.items() if value}


# ---------------------------------------------------------------------------------------------------------- sending


def _server(home: str) -> tuple[str, str, int, str] | None:
    """Return scheme, host, port and path of the server, None when none is known to run."""
    url = os.environ.get("STEWARD_URL")
    if url:
        return _parts(url)
    try:
        with open(os.path.join(home, "run", "state.json"), encoding="utf-8") as file:
            import json

            state = json.load(file)
        host, port, pid = str(state["host"]), int(state["port"]), int(state["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _is_ours(pid):
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - names it, binds nothing
    return "http", host, port, ""


def _is_ours(pid: int) -> bool:
    """Tell whether the process of the state file is a server of ours: another one must not be told the key."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"steward" in file.read()
    except OSError:
        return True


def _parts(url: str) -> tuple[str, str, int, str] | None:
    from urllib.parse import urlsplit

    found = urlsplit(url)
    if found.scheme not in ("http", "https") or not found.hostname:
        return None
    port = found.port or (443 if found.scheme == "https" else 80)
    return found.scheme, found.hostname, port, found.path.rstrip("/")


def _key(home: str, client: str) -> str:
    """Return the key that `connect` wrote for this client, else that of the home."""
    given = os.environ.get("STEWARD_KEY")
    if given:
        return given
    for path in (os.path.join(home, "connections", client, "key"), os.path.join(home, "key")):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            continue
    return ""


def _post(where: tuple[str, str, int, str], key: str, event: dict[str, Any], text: bytes) -> str | None:
    """Send the event; return the answer's body, or None when it has to be told again later."""
    scheme, host, port, path = where
    try:
        status, body = _exchange(scheme, host, port, _request(host, port, path, key, event, text))
    except (OSError, ValueError):
        return None
    if status >= 500 or status in _AGAIN:
        return None
    return body.decode("utf-8", "replace") if status == 200 and body.lstrip()[:1] == b"{" else ""


def _request(host: str, port: int, path: str, key: str, event: dict[str, Any], text: bytes) -> bytes:
    named = f"[{host}]" if ":" in host else host
    head = [
        f"POST {path}/hooks/{event['client']} HTTP/1.1",
        f"Host: {named}:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
        "Connection: close",
        f"Authorization: Bearer {key}",
        f"X-Steward-Event: {event['event']}",
        f"X-Steward-Time: {event['at']}",
    ]
    context = event["context"]
    if isinstance(context, dict):
        head += [f"X-Steward-{name.capitalize()}: {_latin(value)}" for name, value in context.items()]
    return "\r\n".join([*head, "", ""]).encode("ascii", "replace") + text


def _latin(text: str) -> str:
    """Return a header value: others than ASCII travel percent-encoded."""
    if text.isascii() and text.isprintable():
        return text
    from urllib.parse import quote

    return quote(text)


def _left() -> float:
    left = _BEGAN + _TOTAL_S - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _exchange(scheme: str, host: str, port: int, request: bytes) -> tuple[int, bytes]:
    """Send a request and read the answer to its end, all within the time that is left."""
    import socket

    with socket.create_connection((host, port), timeout=_left()) as plain:
        link: socket.socket = plain
        if scheme == "https":
            import ssl

            link = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        link.settimeout(_left())
        link.sendall(request)
        parts = []
        while True:
            link.settimeout(_left())
            part = link.recv(1 << 16)
            if not part:
                break
            parts.append(part)
    head, end, body = b"".join(parts).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not end or len(words) < 2:
        raise ValueError("no answer of HTTP")
    status = int(words[1])
    if b"transfer-encoding: chunked" in head.lower():
        body = _unchunked(body)
    return status, body


def _unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.split(b";")[0] or b"0", 16)
        if count == 0:
            break
        found, body = found + body[:count], body[count + 2 :]
    return found


# ------------------------------------------------------------------------------------------------------------ spool


def append(folder: str, event: dict[str, Any], *, deadline: float) -> bool:
    """Add an event to the spool; tell whether it was kept.

    One line a write, under a lock that also the reader takes while it moves the file away. Who does not get the lock in
    time writes a file of its own beside it.

    Args:
        folder: the folder of the spool; made (0700) when there is none.
        event: uuid, time, client, context and payload.
        deadline: until when to wait for the lock, by the monotonic clock.
    """
    import json

    os.makedirs(folder, mode=0o700, exist_ok=True)
    line = json.dumps(event, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    descriptor = locked(os.path.join(folder, "hooks.jsonl"), deadline)
    if descriptor is None:
        return _append_apart(folder, line)
    try:
        size = os.fstat(descriptor).st_size
        if size + len(line) > SPOOL_BYTES:
            _count_dropped(folder)
            return False
        # A writer that died in the midst of a line must not take the next one with it.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        _write(descriptor, line)
    finally:
        os.close(descriptor)
    return True


def _write(descriptor: int, line: bytes) -> None:
    done = 0
    while done < len(line):
        done += os.write(descriptor, line[done:])


def locked(path: str, deadline: float) -> int | None:
    """Return the spool opened and locked, None when it could not be locked in time."""
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return None
                time.sleep(0.003)
        if _is_at(descriptor, path):
            return descriptor
        # The reader moved it away meanwhile.
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _append_apart(folder: str, line: bytes) -> bool:
    """Keep a line in a file of its own, which gets its name when it is whole."""
    if sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()) > 2 * SPOOL_BYTES:
        _count_dropped(folder)
        return False
    name = f"hooks-{new_uuid()}.jsonl"
    descriptor = os.open(os.path.join(folder, f".{name}"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write(descriptor, line)
    finally:
        os.close(descriptor)
    os.rename(os.path.join(folder, f".{name}"), os.path.join(folder, name))
    return True


def _count_dropped(folder: str) -> None:
    """Add one to what was dropped; a byte each, so that nobody loses another's."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(os.path.join(folder, "dropped"), flags, 0o600)
    try:
        if os.fstat(descriptor).st_size < 1_000_000:
            os.write(descriptor, b".")
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
