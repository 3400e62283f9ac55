"""Errors as `application/problem+json`, and request ids."""

from __future__ import annotations

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from steward.kit.errors import Internal, Invalid, StaleVersion, StewardError

log = logging.getLogger("steward.rest")

_TITLES = {
    400: "The input is wrong",
    401: "Nobody known is asking",
    403: "Not allowed",
    404: "No such thing",
    405: "Not this method",
    409: "In another state",
    412: "Changed since you saw it",
    413: "Too large",
    415: "Not this kind of content",
    421: "Not this server",
    429: "Too many at once",
    503: "A part is away",
}


class TooLarge(Invalid):
    """The body is larger than a request may be."""

    code = "too_large"
    status = 413


class NotAllowed(Invalid):
    """The path is there, the method is not."""

    code = "method_not_allowed"
    status = 405


class WrongKind(Invalid):
    """The body is of a kind that is not read."""

    code = "unsupported_media_type"
    status = 415


class Misdirected(Invalid):
    """The Host header names another server."""

    code = "misdirected"
    status = 421


def body_of(exc: StewardError, request_id: str, status: int) -> dict[str, Any]:
    """Return the problem document of an error."""
    body: dict[str, Any] = {
        "type": f"urn:steward:error:{exc.code}",
        "title": _TITLES.get(status, "Something went wrong"),
        "status": status,
        "detail": exc.message,
        "code": exc.code,
        "request_id": request_id,
    }
    if exc.hint:
        body["hint"] = exc.hint
    if exc.detail:
        body["info"] = exc.detail
    return body


def problem(request: Request, exc: StewardError, *, precondition: bool = False) -> JSONResponse:
    """Return the response of an error.

    Args:
        request: whose id is told.
        exc: the error.
        precondition: the version came from If-Match, so a stale one is 412.
    """
    status = 412 if precondition and isinstance(exc, StaleVersion) else exc.status
    request_id = getattr(request.state, "request_id", "")
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status in (429, 503):
        headers["Retry-After"] = "1"
    body = body_of(exc, request_id, status)
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def answer(request: Request, exc: StewardError) -> Response:
    """Answer an error: a page for a browser where pages are served, else a problem document."""
    make = request.app.state.error_page
    page: Response | None = make(request, exc) if make is not None else None
    return page if page is not None else problem(request, exc)


async def on_steward_error(request: Request, exc: Exception) -> Response:
    """Answer an error of our tree."""
    assert isinstance(exc, StewardError)  # noqa: S101 - Starlette's signature is wider than its calls
    if exc.status >= 500:
        log.error(
            "%s", exc.message, extra={"code": exc.code, "request": getattr(request.state, "request_id", "")}
        )
    return answer(request, exc)


async def on_defect(request: Request, exc: Exception) -> Response:
    """Answer a defect of ours: the caller gets the request id, the log the trace."""
    request_id = getattr(request.state, "request_id", "")
    log.error("defect in %s", request.url.path, exc_info=exc, extra={"request": request_id})
    return problem(
        request, Internal("something went wrong in Steward", hint=f"the log tells more of {request_id}")
    )
