"""The two ways to an operation: straight to the database in this process, or over HTTP to a server."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from steward.kit import errors

if TYPE_CHECKING:
    import http.client

    from steward.kit.config import Settings
    from steward.kit.db import Actor, Database

_ATTEMPTS = 4


class Caller(Protocol):
    """A way to call operations; results and errors are the same whichever it is."""

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        request_key: str | None,
        wait_s: float = 0.0,
        dry_run: bool = False,
    ) -> Any:
        """Return the result of an operation as JSON data."""

    def close(self) -> None:
        """Give back connections."""


class LocalCaller:
    """Runs operations in this process; the embedded server is started when it is down."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opened: tuple[Database, Actor] | None = None

    def open(self) -> tuple[Database, Actor]:
        """Return the database and who acts, opened once."""
        if self._opened is None:
            from steward.operate.acting import actor_for_cli
            from steward.operate.place import open_database

            database = open_database(self.settings)
            self._opened = database, actor_for_cli(database, self.settings)
        return self._opened

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        request_key: str | None,
        wait_s: float = 0.0,
        dry_run: bool = False,
    ) -> Any:
        """Run the operation; poll while it has nothing to give and time is left."""
        from steward.kit.convert import dump
        from steward.kit.op import operation, run

        spec = operation(name)
        if wait_s:
            gc.enable()
        deadline, pause = time.monotonic() + wait_s, 0.2
        while True:
            database, actor = self.open()
            result = run(database, spec, arguments, actor=actor, request_key=request_key, dry_run=dry_run)
            left = deadline - time.monotonic()
            if result is not None or not spec.waits or left <= 0:
                return dump(result)
            # Many agents may wait for days: none of them keeps a connection of the server meanwhile.
            self.close()
            time.sleep(min(pause, left))
            pause = min(1.0, pause * 1.5)

    def close(self) -> None:
        """Close the pool."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None


class HttpCaller:
    """Calls a server's REST interface with the key of the environment or of the home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connection: http.client.HTTPConnection | None = None

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        request_key: str | None,
        wait_s: float = 0.0,
        dry_run: bool = False,
    ) -> Any:
        """Send the call; after a lost connection send it again where that is safe."""
        write = _is_write(name)
        room, _, verb = name.partition(".")
        given = dict(arguments) | ({"wait": wait_s} if wait_s else {})
        path = f"/api/{room}/{verb}"
        headers = self._headers()
        if write:
            headers |= {"X-Dry-Run": "true"} if dry_run else {}
            headers |= {"Content-Type": "application/json"}
            if request_key:
                headers["Idempotency-Key"] = request_key
            body: bytes | None = json.dumps(given).encode()
        else:
            path, body = _with_query(path, given), None
        again = not write or request_key is not None
        status, text = self._send("POST" if write else "GET", path, body, headers, again, wait_s)
        data = _parse(text, status, self.settings.url or "")
        if status >= 400:
            raise from_problem(status, data)
        return data

    def post(self, path: str) -> Any:
        """Send a POST without a body to a path that is no operation."""
        status, text = self._send("POST", path, b"", self._headers(), True, 0.0)
        data = _parse(text, status, self.settings.url or "")
        if status >= 400:
            raise from_problem(status, data)
        return data

    def send_event(self, client: str, payload: dict[str, Any], told: Mapping[str, str | None]) -> None:
        """Send an event of a hook once more; its uuid makes it once.

        Raises:
            StewardError: the server did not take it.
        """
        # Agent and project are those of the event, and not of whoever sends it.
        headers = self._headers(mine=False) | {"Content-Type": "application/json"}
        headers |= {f"X-Steward-{name.capitalize()}": _latin(value) for name, value in told.items() if value}
        body = json.dumps(payload).encode()
        status, text = self._send("POST", f"/hooks/{client}", body, headers, True, 0.0)
        if status >= 400:
            raise from_problem(status, _parse(text, status, self.settings.url or ""))

    def _headers(self, *, mine: bool = True) -> dict[str, str]:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {read_key(self.settings)}"}
        for name, value in (("Agent", self.settings.agent), ("Project", self.settings.project)):
            if value and mine:
                headers[f"X-Steward-{name}"] = _latin(value)
        return headers

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        import http.client
        from urllib.parse import urlsplit

        parts = urlsplit(self.settings.url or "")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise errors.Invalid(
                f"url: {self.settings.url!r} is no http address",
                hint="set STEWARD_URL to something like http://127.0.0.1:7717",
            )
        cls = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return cls(parts.hostname, parts.port, timeout=timeout)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], again: bool, wait_s: float
    ) -> tuple[int, bytes]:
        import http.client

        problem: Exception | None = None
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(0.1 * 2**attempt)
            connection = self._connection or self._connect(timeout=60.0 + wait_s)
            self._connection = connection
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as exc:
                self.close()
                problem = exc
                # A refused connection did nothing, so even a write without a key may be tried again.
                if not again and not isinstance(exc, ConnectionRefusedError):
                    break
        raise errors.Unavailable(
            f"{self.settings.url} does not answer: {problem}",
            hint="start the server there with `steward up`, or mend STEWARD_URL",
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def read_key(settings: Settings) -> str:
    """Return STEWARD_KEY, else the key file of the home.

    Raises:
        Unauthenticated: there is neither.
    """
    if settings.key:
        return settings.key
    try:
        return settings.key_file.read_text("utf-8").strip()
    except OSError:
        raise errors.Unauthenticated(
            "no key is known for the server",
            hint="set STEWARD_KEY to the key that `steward key` prints there",
        ) from None


def _latin(text: str) -> str:
    """Return a header value: others than ASCII travel percent-encoded."""
    from urllib.parse import quote

    return text if text.isascii() and text.isprintable() else quote(text)


def _is_write(name: str) -> bool:
    from steward.surfaces.manifest import load

    room, _, verb = name.partition(".")
    return load()[room].verbs[verb].write


def _with_query(path: str, given: Mapping[str, Any]) -> str:
    """Return the path with arguments as query words: a list repeats its name, objects are JSON text."""
    from urllib.parse import urlencode

    items = ((name, value if isinstance(value, list) else [value]) for name, value in given.items())
    words = [(name, _word(item)) for name, values in items for item in values if item is not None]
    return f"{path}?{urlencode(words)}" if words else path


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _parse(text: bytes, status: int, url: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise errors.Unavailable(
            f"{url} answered {status} with something that is no JSON",
            hint="is that address a Steward server?",
        ) from None


def from_problem(status: int, data: Any) -> errors.StewardError:
    """Return the error that a server's problem document stands for."""
    body = data if isinstance(data, dict) else {}
    code = str(body.get("code") or "error")
    message = str(body.get("detail") or body.get("title") or f"the server answered {status}")
    base = _by_code(code) or _by_status(status)
    cls: type[errors.StewardError] = (
        base if base.code == code else type(code, (base,), {"code": code, "sqlstate": None})
    )
    return cls(message, hint=body.get("hint"), detail=body.get("info") or {})


def _classes() -> list[type[errors.StewardError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [cls for cls in found if issubclass(cls, errors.StewardError)]


def _by_code(code: str) -> type[errors.StewardError] | None:
    return next((cls for cls in _classes() if cls.code == code), None)


def _by_status(status: int) -> type[errors.StewardError]:
    if status == 412:
        return errors.StaleVersion
    usual = (errors.Invalid, errors.Unauthenticated, errors.Denied, errors.NotFound, errors.Conflict)
    usual_status = {cls.status: cls for cls in usual}
    if status in usual_status:
        return usual_status[status]
    if status in (429, 502, 503, 504):
        return errors.Unavailable
    return errors.Invalid if 400 <= status < 500 else errors.Internal
