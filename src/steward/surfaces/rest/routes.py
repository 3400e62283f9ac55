"""REST from the registry: `GET /api/{room}/{verb}` for reads, POST for writes."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from steward.kit import op
from steward.kit.convert import dump, load
from steward.kit.errors import Invalid, NotFound, StewardError
from steward.surfaces.rest.edge import Edge
from steward.surfaces.rest.problem import NotAllowed, WrongKind, problem
from steward.surfaces.shape import shape_of

_DEEPEST = 64
_LONGEST_WAIT_S = 600.0
_ETAG = re.compile(r'^(?:W/)?"(\d+)"$')
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")


def add_routes(app: FastAPI) -> None:
    """Add a route for every operation, and one that explains unknown paths."""
    for spec in op.operations():
        app.add_route(spec.path, _endpoint(spec), methods=[spec.method], include_in_schema=False)
        other = "GET" if spec.write else "POST"
        app.add_route(spec.path, _other_method(spec), methods=[other], include_in_schema=False)
    app.add_route("/api/{rest:path}", _unknown, methods=["GET", "POST"], include_in_schema=False)


def _endpoint(spec: op.Operation) -> Any:
    async def endpoint(request: Request) -> Response:
        precondition = "if-match" in request.headers
        try:
            return await _answer(spec, request)
        except StewardError as exc:
            return problem(request, exc, precondition=precondition)

    return endpoint


def _other_method(spec: op.Operation) -> Any:
    async def endpoint(request: Request) -> Response:
        hint = f"send {spec.method} {spec.path}"
        answer = problem(request, NotAllowed(f"{spec.name} is not {request.method}", hint=hint))
        answer.headers["Allow"] = spec.method
        return answer

    return endpoint


async def _unknown(request: Request) -> Response:
    room, _, verb = request.path_params["rest"].partition("/")
    try:
        op.operation(f"{room}.{verb}")
    except NotFound as exc:
        return problem(request, exc)
    return problem(
        request,
        NotFound(f"{request.url.path} is no path of this server", hint="/openapi.json lists the operations"),
    )


async def _answer(spec: op.Operation, request: Request) -> Response:
    given = await _body(request) if spec.write else query_arguments(spec, request)
    wait_s = _wait(spec, given)
    _take_if_match(spec, request, given)
    edge: Edge = request.app.state.edge
    result = await edge.wait_for(
        spec,
        given,
        request.state.actor,
        wait_s=wait_s,
        request_key=_request_key(spec, request),
        dry_run=_dry_run(request),
        gone=request.is_disconnected,
    )
    return _respond(request, result)


def _dry_run(request: Request) -> bool:
    """Tell whether a write is to be taken back: header X-Dry-Run, or dry_run in the query."""
    word = request.headers.get("x-dry-run") or request.query_params.get("dry_run") or "false"
    return bool(load(bool, word, "dry_run"))


def _request_key(spec: op.Operation, request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None or not spec.write:
        return None
    if not _KEY.match(key):
        raise Invalid("Idempotency-Key: not 1 to 255 visible ASCII characters", hint="send a uuid")
    return key


# ------------------------------------------------------------------------------------------------------------ input


def query_arguments(spec: op.Operation, request: Request) -> dict[str, Any]:
    """Return the arguments of a read from its query words.

    Raises:
        Invalid: a word is given twice for something that is no list, or is no JSON where an object is wanted.
    """
    shapes = {param.name: shape_of(param.kind) for param in spec.params}
    given: dict[str, Any] = {}
    for name in dict.fromkeys(request.query_params.keys()):
        words = request.query_params.getlist(name)
        shape = shapes.get(name)
        if shape is not None and shape.many:
            given[name] = words
        elif len(words) > 1:
            raise Invalid(f"{name} is given {len(words)} times", hint=f"give {name} once")
        else:
            given[name] = _parse(words[0], name) if shape is not None and shape.word == "json" else words[0]
    return given


async def _body(request: Request) -> dict[str, Any]:
    if set(request.query_params) - {"dry_run"}:
        names = ", ".join(sorted(request.query_params.keys()))
        raise Invalid(
            f"a write takes no query words, but got {names}", hint="put the arguments into the JSON body"
        )
    raw = await request.body()
    if not raw:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise WrongKind(f"Content-Type: {kind or 'none'} is not read", hint="send application/json")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Invalid(f"the body is no UTF-8: {exc}", hint="encode JSON as UTF-8") from None
    data = _parse(text, "the body")
    if not isinstance(data, dict):
        raise Invalid("the body is not a JSON object", hint='send {"name": value, …}')
    return data


def _parse(text: str, place: str) -> Any:
    try:
        data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise Invalid(f"{place} is nested too deep", hint=f"at most {_DEEPEST} levels") from None
    except ValueError as exc:
        raise Invalid(f"{place} is no JSON: {exc}", hint="send valid JSON") from None
    if _depth(data) > _DEEPEST:
        raise Invalid(f"{place} is nested too deep", hint=f"at most {_DEEPEST} levels")
    return data


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def _depth(data: Any) -> int:
    """Return how deep a value is nested, without recursion."""
    deepest, level = 0, [data]
    while level:
        deepest += 1
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level = inner
    return deepest


def _wait(spec: op.Operation, given: dict[str, Any]) -> float:
    """Take `wait` out of the arguments of an operation that can wait."""
    if not spec.waits or "wait" not in given or any(param.name == "wait" for param in spec.params):
        return 0.0
    seconds = float(load(float, given.pop("wait"), "wait"))
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise Invalid(
            f"wait: {seconds:g} is not within 0 and {_LONGEST_WAIT_S:g} seconds", hint="wait shorter, again"
        )
    return seconds


def _take_if_match(spec: op.Operation, request: Request, given: dict[str, Any]) -> None:
    """Let If-Match be the version that the caller saw."""
    value = request.headers.get("if-match")
    if value is None or value.strip() == "*":
        return
    if not any(param.name == "version" for param in spec.params):
        raise Invalid(
            f"{spec.name} takes no version, so If-Match cannot be held against it", hint="leave it out"
        )
    found = _ETAG.match(value.strip())
    if not found:
        raise Invalid(
            f"If-Match: {value!r} is no ETag of ours", hint='send the ETag that you were given, such as "3"'
        )
    if "version" in given and str(given["version"]) != found[1]:
        raise Invalid("If-Match and the body's version differ", hint="send one of them")
    given["version"] = int(found[1])


# ----------------------------------------------------------------------------------------------------------- output


def _respond(request: Request, result: Any) -> Response:
    data = dump(result)
    headers: dict[str, str] = {"X-Dry-Run": "true"} if isinstance(result, op.DryRun) else {}
    if isinstance(result, op.Page) and result.next_cursor:
        words = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        query = urlencode([*words, ("cursor", result.next_cursor)])
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    etag = _etag(data)
    if etag:
        headers["ETag"] = etag
        if request.method == "GET" and etag in _etags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
    return JSONResponse(data, headers=headers)


def _etag(data: Any) -> str | None:
    version = data.get("version") if isinstance(data, dict) else None
    return f'"{version}"' if isinstance(version, int) else None


def _etags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]
