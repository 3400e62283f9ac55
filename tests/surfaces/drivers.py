"""Four ways to call the same operation, each giving plain JSON data or the error's object."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import pytest
from starlette.testclient import TestClient

from steward.client import Steward
from steward.kit import op
from steward.kit.convert import dump
from steward.kit.db import Actor, Database
from steward.kit.errors import StewardError
from steward.surfaces.cli.main import run
from steward.surfaces.cli.tree import positional
from steward.surfaces.manifest import VerbEntry, load
from steward.surfaces.mcp import tools

BASE = "http://127.0.0.1:7717"


class Driver(Protocol):
    """A way to call operations."""

    def call(
        self, name: str, arguments: Mapping[str, Any], *, agent: str | None = None, key: str | None = None
    ) -> Any:
        """Return the result as JSON data; raises Failed with the error's object."""


class Failed(Exception):
    """An operation failed: what the surface said of it."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.body = {name: body[name] for name in ("code", "message", "hint") if body.get(name)}


class PythonDriver:
    """Calls `s.work.claim(...)`."""

    def __init__(self, database: Database, actor: Actor) -> None:
        self.database, self.actor = database, actor

    def call(
        self, name: str, arguments: Mapping[str, Any], *, agent: str | None = None, key: str | None = None
    ) -> Any:
        room, _, verb = name.partition(".")
        steward = Steward(self.database, dataclasses.replace(self.actor, agent=agent))
        try:
            return dump(getattr(getattr(steward, room), verb)(request_key=key, **arguments))
        except StewardError as exc:
            raise Failed(exc.to_dict()) from None


class CliDriver:
    """Calls `steward work claim …` in this process, with the environment that a shell would have."""

    def __init__(self, patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
        self.patch, self.environment = patch, environment

    def call(
        self, name: str, arguments: Mapping[str, Any], *, agent: str | None = None, key: str | None = None
    ) -> Any:
        room, _, verb = name.partition(".")
        known = {param.name for param in load()[room].verbs[verb].params}
        words = [
            *command_line(name, {each: value for each, value in arguments.items() if each in known}),
            "--json",
        ]
        words += ["--agent", agent] if agent else []
        words += ["--request-key", key] if key else []
        # An option that does not exist is a matter of the command line; an argument that does not, one of the call.
        unknown = {each: value for each, value in arguments.items() if each not in known}
        words += ["--input", "-"] if unknown else []
        status, out, err = self.run(words, json.dumps(unknown))
        if status:
            raise Failed(json.loads(err))
        return json.loads(out)

    def run(self, words: list[str], given: str = "") -> tuple[int, str, str]:
        """Return exit status, standard output and standard error of a command line."""
        out, err = io.StringIO(), io.StringIO()
        with self.patch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(given))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = run(words)
        return status, out.getvalue(), err.getvalue()


def command_line(name: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the words of a command line for an operation's arguments."""
    room, _, verb = name.partition(".")
    entry = load()[room].verbs[verb]
    words = [room, verb.replace("_", "-")]
    for given, value in arguments.items():
        words += _words(entry, given, value)
    return words


def _as_file(content: str) -> str:
    with tempfile.NamedTemporaryFile(prefix="steward-", delete=False) as file:
        file.write(base64.b64decode(content))
    return file.name


def _words(entry: VerbEntry, name: str, value: Any) -> Iterator[str]:
    if value is None:
        return
    param = next((each for each in entry.params if each.name == name), None)
    flag = "--" + name.replace("_", "-")
    if param is not None and name == positional(entry) and not str(value).startswith("-"):
        yield str(value)
    elif param is not None and param.many and value:
        for item in value:
            yield from (flag, str(item))
    elif param is not None and param.word == "file":
        # A command line names a file; other callers give its content as base64.
        yield from (flag, _as_file(value))
    elif isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
    else:
        yield from (flag, value if isinstance(value, str) else json.dumps(value))


class RestDriver:
    """Calls `/api/work/claim`."""

    def __init__(self, client: TestClient, key: str) -> None:
        self.client, self.key = client, key

    def headers(self, agent: str | None = None, key: str | None = None) -> dict[str, str]:
        """Return the headers of a caller."""
        found = {"Authorization": f"Bearer {self.key}"}
        found |= {"X-Steward-Agent": agent} if agent else {}
        return found | ({"Idempotency-Key": key} if key else {})

    def call(
        self, name: str, arguments: Mapping[str, Any], *, agent: str | None = None, key: str | None = None
    ) -> Any:
        spec, headers = op.operation(name), self.headers(agent, key)
        if spec.write:
            response = self.client.post(spec.path, json=dict(arguments), headers=headers)
        else:
            query = {name: _query_word(value) for name, value in arguments.items() if value is not None}
            response = self.client.get(spec.path, params=query, headers=headers)
        body = response.json()
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
            raise Failed(body | {"message": body["detail"]})
        return body


def _query_word(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else value


class McpDriver:
    """Calls the tool `work_claim` over streamable HTTP."""

    def __init__(self, client: TestClient, key: str) -> None:
        self.client, self.key, self.count = client, key, 0

    def call(
        self, name: str, arguments: Mapping[str, Any], *, agent: str | None = None, key: str | None = None
    ) -> Any:
        spec = op.operation(name)
        params: dict[str, Any] = {"name": spec.tool, "arguments": dict(arguments)}
        if key:
            params["_meta"] = {"steward/requestKey": key}
        result = self.request("tools/call", params, agent)
        structured = result["structuredContent"]
        if result.get("isError"):
            raise Failed(structured["error"])
        structured.pop("untrusted", None)
        return structured["result"] if tools.is_wrapped(spec.returns) else structured

    def request(self, method: str, params: dict[str, Any], agent: str | None = None) -> Any:
        """Send one stateless request of the newer era and return its result."""
        self.count += 1
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = params | {"_meta": params.get("_meta", {}) | meta}
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "MCP-Method": method,
            "X-Steward-Profile": "all",
        }
        headers |= {"MCP-Name": params["name"]} if "name" in params else {}
        headers |= {"X-Steward-Agent": agent} if agent else {}
        message = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        response = self.client.post("/mcp", json=message, headers=headers)
        body = response.json()
        if "error" in body:
            raise AssertionError(body["error"])
        return body["result"]
