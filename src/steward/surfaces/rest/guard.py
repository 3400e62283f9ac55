"""What stands before every request: its id, Host and Origin, the size of its body, and who is asking."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from steward.kit import op
from steward.kit.errors import Denied, StewardError
from steward.surfaces.rest.auth import authenticate, is_public
from steward.surfaces.rest.problem import Misdirected, TooLarge, on_defect
from steward.surfaces.rest.problem import answer as answer_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from steward.kit.config import Settings

log = logging.getLogger("steward.access")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"http": 80, "https": 443}
MOST_BYTES = 8 * 1024 * 1024
# A file as base64 in JSON.
MOST_UPLOAD_BYTES = 40 * 1024 * 1024


class Hosts:
    """Which names this server answers to: a page of another site must not reach it under a name of its own."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.port = port
        self.loopback = _is_loopback(settings.host)
        named = {name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip()}
        self.names = _HERE | {settings.host.lower()} | named

    def knows(self, host: str) -> bool:
        """Tell whether a Host header means this server."""
        name, port = _split(host)
        if name in self.names:
            return port is None or port == self.port or name not in _HERE
        # An address cannot be rebound by a name server, so a server open to the network answers to any of its own.
        return not self.loopback and _is_address(name)

    def knows_origin(self, origin: str) -> bool:
        """Tell whether an Origin header names a page of this server."""
        scheme, _, rest = origin.partition("://")
        if scheme not in ("http", "https") or "/" in rest or not self.knows(rest):
            return False
        # Without a port an origin is at its scheme's own, where on this machine somebody else serves.
        name, port = _split(rest)
        return name not in _HERE or (port or _PORTS[scheme]) == self.port


def _split(host: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "", None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


class Guard:
    """ASGI middleware that lets nothing pass without an id, a known name, a bounded body and a known caller."""

    def __init__(self, app: ASGIApp, settings: Settings, port: int) -> None:
        self.app = app
        self.hosts = Hosts(settings, port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.request_id = _request_id(request.headers)
        start = time.perf_counter()
        answer = _Answer(send, request.state.request_id)
        try:
            await self._checked(request, scope, answer)
        except StewardError as exc:
            await self._refuse(answer, answer_error(request, exc), request)
        except Exception as exc:  # noqa: BLE001 - the last place where a defect can be answered
            await self._refuse(answer, await on_defect(request, exc), request)
        took_ms = round((time.perf_counter() - start) * 1000, 1)
        extra = {"request": request.state.request_id, "status": answer.status, "ms": took_ms}
        log.debug("%s %s", scope["method"], scope["path"], extra=extra)

    async def _checked(self, request: Request, scope: Scope, send: _Answer) -> None:
        self._check_names(request)
        if not is_public(request.url.path):
            await authenticate(request)
        await self.app(scope, _bounded(request), send)

    def _check_names(self, request: Request) -> None:
        headers = request.headers
        host = headers.get("host", "")
        if not self.hosts.knows(host):
            hint = "name the server by its address, or add the name to the setting allowed_hosts"
            raise Misdirected(f"Host: {host!r} is not this server", hint=hint)
        origin = headers.get("origin")
        if origin is not None and not self.hosts.knows_origin(origin):
            raise Denied(
                f"Origin: {origin!r} is another site",
                hint="call from a page of this server or without Origin",
            )
        site = headers.get("sec-fetch-site")
        if request.method not in _SAFE and site in ("cross-site", "same-site"):
            raise Denied("another site's page may not write here", hint="call from a page of this server")

    @staticmethod
    async def _refuse(answer: _Answer, response: Response, request: Request) -> None:
        if not answer.started:
            await response(request.scope, request.receive, answer)


class _Answer:
    """Sends a response with the headers that every response has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.started = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Referrer-Policy", "no-referrer")
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.match(given) else uuid4().hex


@cache
def _uploads() -> frozenset[str]:
    """Return the paths of operations that take the content of a file."""
    return frozenset(
        spec.path for spec in op.operations() if any(p.kind in (bytes, bytes | None) for p in spec.params)
    )


def _bounded(request: Request) -> Callable[[], Awaitable[Any]]:
    """Return a receive that ends with 413 when the body grows too large."""
    most = MOST_UPLOAD_BYTES if request.url.path in _uploads() else MOST_BYTES
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_large(most)
        return message

    return receive


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most:,} bytes", hint="send less at once")
