"""`POST /v1/logs`, `/v1/metrics`, `/v1/traces`: one export request each, answered when its records are durable."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from steward.domains.telemetry import Full, Parcel, Told, Writer, prepare
from steward.kit.errors import Invalid, StewardError
from steward.surfaces.otlp import answers, decode_json, decode_protobuf
from steward.surfaces.rest import guard
from steward.surfaces.rest.problem import TooLarge, WrongKind

if TYPE_CHECKING:
    from fastapi import FastAPI

SIGNALS = ("logs", "metrics", "traces")
# After decompression; before it the guard has a limit of its own.
MOST_BYTES = 20 * 1024 * 1024
# Reading holds the interpreter, so more threads would only make each other slower.
_READERS = 2
_MOST_REQUESTS = 64
# Of bodies, as sent and unpacked, that are read or wait to be written; a body alone may be larger.
_MOST_BYTES_AT_ONCE = 96 * 1024 * 1024
_STEP = 1024 * 1024


def mount(app: FastAPI) -> list[Callable[[], AbstractAsyncContextManager[Any]]]:
    """Add the receivers to the application and return what its lifespan has to enter."""
    intake = Intake(app)
    for signal in SIGNALS:
        app.add_route(
            f"/v1/{signal}",
            functools.partial(intake.receive, signal),
            methods=["POST"],
            include_in_schema=False,
        )
    before = app.state.error_page

    def error(request: Request, exc: StewardError) -> Response | None:
        if request.url.path in _PATHS:
            return answers.refused(request, exc)
        page: Response | None = before(request, exc) if before is not None else None
        return page

    app.state.error_page = error
    return [intake.running]


_PATHS = frozenset(f"/v1/{signal}" for signal in SIGNALS)


class Intake:
    """Reads requests in a few threads, and hands their records to the one that writes."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.writer: Writer | None = None
        self._readers = anyio.CapacityLimiter(_READERS)
        self._requests = 0
        self._bytes = 0

    @contextlib.contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Count the bytes of a body for as long as something of it is in memory; only the loop's thread comes here.

        Raises:
            Full: there are too many already.
        """
        if self._requests >= _MOST_REQUESTS or (self._bytes and self._bytes + size > _MOST_BYTES_AT_ONCE):
            raise Full(f"{self._requests} requests are at work", hint="send it again in a second")
        self._requests += 1
        self._bytes += size
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= size

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the server runs; what was queued is written before it ends."""
        writer = Writer(self.app.state.edge.database)
        with writer:
            self.writer = writer
            yield
            await asyncio.to_thread(writer.stop)

    async def receive(self, signal: str, request: Request) -> Response:
        """Serve one export request.

        Raises:
            StewardError: it could not be read or kept; the sender is told in its own format.
        """
        kind = answers.kind_of(request)
        if kind is None:
            given = request.headers.get("content-type", "")
            raise WrongKind(
                f"Content-Type: {given!r} is not read here", hint=f"send {answers.PROTOBUF} or {answers.JSON}"
            )
        packed = _encoding(request)
        assert self.writer is not None  # noqa: S101 - the lifespan has been entered
        self.writer.check_room()
        declared = request.headers.get("content-length", "")
        with contextlib.ExitStack() as room:
            room.enter_context(self._room(int(declared) if declared.isdigit() else guard.MOST_BYTES))
            plain = await request.body()
            if packed:
                plain = await anyio.to_thread.run_sync(unpack, plain, limiter=self._readers)
                room.enter_context(self._room(len(plain)))
            read = functools.partial(_read, plain, kind, signal)
            told, parcel = await anyio.to_thread.run_sync(read, limiter=self._readers)
            warnings = await self._write(request, parcel)
        return answers.taken(signal, kind, told.rejected, "; ".join([*told.reasons, *warnings]))

    async def _write(self, request: Request, parcel: Parcel) -> list[str]:
        if not len(parcel) or self.writer is None:
            return []
        received = await asyncio.wrap_future(self.writer.submit(request.state.actor, parcel))
        return received.warnings


def _encoding(request: Request) -> bool:
    """Tell whether a body is packed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise WrongKind(f"Content-Encoding: {encoding!r} is not read here", hint="send gzip, or plain")
    return encoding == "gzip"


def _read(plain: bytes, kind: str, signal: str) -> tuple[Told, Parcel]:
    decode = decode_json.decode if kind == answers.JSON else decode_protobuf.decode
    told = decode(plain, signal)
    return told, prepare(told.records)


def unpack(body: bytes) -> bytes:
    """Return what a gzip body holds; several parts one after the other are one.

    Raises:
        TooLarge: it holds more than a request may.
        Invalid: it is damaged or ends early.
    """
    found = bytearray()
    hint = "send a whole gzip body, or a plain one without Content-Encoding"
    while body:
        part = zlib.decompressobj(wbits=31)
        try:
            while body and not part.eof:
                found += part.decompress(body, _STEP)
                if len(found) > MOST_BYTES:
                    raise _too_large()
                body = part.unconsumed_tail
        except zlib.error as exc:
            raise Invalid(f"the body is no gzip: {exc}", hint=hint) from None
        if not part.eof:
            raise Invalid("the gzip body ends early", hint=hint)
        body = part.unused_data
    return bytes(found)


def _too_large() -> TooLarge:
    return TooLarge(f"the unpacked body is larger than {MOST_BYTES:,} bytes", hint="send less at once")
