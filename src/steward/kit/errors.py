"""The one tree of errors that every surface maps.

StewardError
├── Invalid          the input is wrong: 400, exit 2
├── Unauthenticated  nobody known is asking: 401, exit 6
├── Denied           known, but not allowed: 403, exit 6
├── NotFound         no such thing: 404, exit 4
├── Conflict         the thing is in another state: 409, exit 5
│   └── StaleVersion the caller saw an older version: 409 (412 where If-Match said it), exit 5
└── Unavailable      a part that is needed is away: 503, exit 7

Rooms subclass by situation and may name the SQLSTATE with which SQL raises that situation; `from_database` turns
a database error into the class that claimed its SQLSTATE. A message says what is wrong with the value; the hint says
what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class StewardError(Exception):
    """Something that a person or an agent can act on."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 1
    sqlstate: ClassVar[str | None] = None

    def __init__(
        self, message: str, *, hint: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the error as the JSON object that every surface shows."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.hint:
            body["hint"] = self.hint
        if self.detail:
            body["detail"] = self.detail
        return body


class Invalid(StewardError):
    """The input is wrong."""

    code = "invalid"
    status = 400
    exit_status = 2
    sqlstate = "ST400"


class Unauthenticated(StewardError):
    """Nobody known is asking."""

    code = "unauthenticated"
    status = 401
    exit_status = 6
    sqlstate = "ST401"


class Denied(StewardError):
    """The caller is known but not allowed."""

    code = "denied"
    status = 403
    exit_status = 6
    sqlstate = "ST403"


class NotFound(StewardError):
    """There is no such thing."""

    code = "not_found"
    status = 404
    exit_status = 4
    sqlstate = "ST404"


class Conflict(StewardError):
    """The thing is in a state that does not allow this."""

    code = "conflict"
    status = 409
    exit_status = 5
    sqlstate = "ST409"


class StaleVersion(Conflict):
    """The caller acted on an older version of the row."""

    code = "stale_version"
    sqlstate = "ST412"


class Unavailable(StewardError):
    """A part that is needed is away; trying later may help."""

    code = "unavailable"
    status = 503
    exit_status = 7
    sqlstate = "ST503"


class Internal(StewardError):
    """A defect of Steward itself; the request id finds it in the log."""

    code = "internal"


def _tree(root: type[StewardError]) -> Iterator[type[StewardError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def by_sqlstate(sqlstate: str) -> type[StewardError] | None:
    """Return the class that claimed a SQLSTATE, or None."""
    return next((cls for cls in _tree(StewardError) if cls.sqlstate == sqlstate), None)
