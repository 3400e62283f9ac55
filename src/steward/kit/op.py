"""Operations: written once as a plain function, called the same from Python, CLI, REST and MCP.

`@op` reads a function's signature, types and docstring into an `Operation` and registers it. `run` does, for every
surface alike: check the arguments, open one transaction as the actor, authorise, answer a repeated request key with the
first result, retry what the database asks to retry, and map errors. Surfaces are loops over `operations()`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import uuid4

import psycopg

from steward.kit import limits
from steward.kit.convert import dump, load
from steward.kit.db import Actor, Database, Db, connection_lost, translate
from steward.kit.errors import Conflict, Invalid, NotFound, StewardError

log = logging.getLogger("steward.op")
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

ROOMS = ("accounts", "projects", "agents", "work", "telemetry", "audit")
_ATTEMPTS = 5


class Profile(StrEnum):
    """How small a tool list an operation still belongs to."""

    CORE = "core"
    STANDARD = "standard"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a long list; `next_cursor` asks for the rest and is None at the end."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a write would have done: its result, and a line for each row that it would have changed."""

    result: Any
    changes: list[str]
    dry_run: bool = True


@dataclass(frozen=True, slots=True)
class Param:
    """One argument of an operation."""

    name: str
    kind: Any
    required: bool
    default: Any
    help: str
    core: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """All that surfaces need to know of an operation."""

    room: str
    verb: str
    function: Callable[..., Any]
    params: tuple[Param, ...]
    returns: Any
    summary: str
    description: str
    write: bool
    permission: str
    profile: Profile
    destructive: bool
    idempotent: bool
    waits: bool
    secret: bool

    @property
    def name(self) -> str:
        """Return room and verb, such as `work.claim`."""
        return f"{self.room}.{self.verb}"

    @property
    def method(self) -> str:
        """Return the HTTP method: reads are GET, writes POST."""
        return "POST" if self.write else "GET"

    @property
    def path(self) -> str:
        """Return the REST path."""
        return f"/api/{self.room}/{self.verb}"

    @property
    def tool(self) -> str:
        """Return the name of the MCP tool."""
        return f"{self.room}_{self.verb}"


_REGISTRY: dict[str, Operation] = {}
_ARGUMENT = re.compile(r"^    (?P<name>\w+): (?P<text>.+)$")


def _split_doc(function: Callable[..., Any]) -> tuple[str, str, dict[str, str]]:
    """Return first line, body and the help of each argument from a docstring in Google style."""
    text = inspect.getdoc(function) or ""
    if not text:
        raise TypeError(f"operation {function.__qualname__} has no docstring")
    head, _, arguments = text.partition("\nArgs:\n")
    summary, _, body = head.partition("\n")
    helps: dict[str, str] = {}
    current = ""
    for line in arguments.splitlines():
        found = _ARGUMENT.match(line)
        if found:
            current = found["name"]
            helps[current] = found["text"].strip()
        elif line.startswith("      ") and current:
            helps[current] += " " + line.strip()
        elif line and not line.startswith(" "):
            break
    body = re.split(r"\n(?:Returns|Raises):\n", body)[0]
    return summary.strip(), body.strip(), helps


def _params(
    function: Callable[..., Any], helps: Mapping[str, str], beyond_core: tuple[str, ...]
) -> Iterator[Param]:
    kinds = get_type_hints(function)
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(f"{function.__qualname__}: argument {parameter.name} must be keyword-only")
        if parameter.name not in helps:
            raise TypeError(
                f"{function.__qualname__}: argument {parameter.name} is missing from the docstring"
            )
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        name = parameter.name
        yield Param(name, kinds[name], required, default, helps[name], name not in beyond_core)


def op(
    *,
    write: bool = False,
    permission: str | None = None,
    profile: Profile | None = None,
    destructive: bool = False,
    idempotent: bool = False,
    waits: bool = False,
    secret: bool = False,
    beyond_core: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Register a function of a room as an operation; the function itself stays as it is.

    Args:
        write: it changes something: POST, one read-write transaction, request keys.
        permission: what the caller's role must hold; `<room>:read` or `<room>:write` when None.
        profile: the smallest MCP tool list that has it; when None standard, or all for what is destructive.
        destructive: it removes what cannot easily be brought back.
        idempotent: calling it twice does no more than once.
        waits: None means "nothing yet", so surfaces may offer to wait for a result.
        secret: the result is shown once and never kept, not even under a request key.
        beyond_core: arguments that the smallest MCP tool list does not tell of; they are taken all the same.
    """

    def register(function: F) -> F:
        room = function.__module__.split(".")[2]
        # A trailing underscore keeps Python's own words (list, next) usable beside an operation of that name.
        verb = function.__name__.rstrip("_")
        summary, body, helps = _split_doc(function)
        _REGISTRY[f"{room}.{verb}"] = Operation(
            room=room,
            verb=verb,
            function=function,
            params=tuple(_params(function, helps, beyond_core)),
            returns=get_type_hints(function)["return"],
            summary=summary,
            description=body,
            write=write,
            permission=permission or f"{room}:{'write' if write else 'read'}",
            profile=profile or (Profile.ALL if destructive else Profile.STANDARD),
            destructive=destructive,
            idempotent=idempotent or not write,
            waits=waits,
            secret=secret,
        )
        return function

    return register


def operations(room: str | None = None) -> list[Operation]:
    """Return the operations of one room or of all, in the rooms' order."""
    rooms = ROOMS if room is None else (room,)
    for name in rooms:
        if name not in ROOMS:
            raise NotFound(f"there is no room {name!r}", hint=f"the rooms are {', '.join(ROOMS)}")
        importlib.import_module(f"steward.domains.{name}")
    return [found for found in _REGISTRY.values() if found.room in rooms]


def operation(name: str) -> Operation:
    """Return the operation `room.verb`.

    Raises:
        NotFound: there is no such room or verb; the hint lists what there is.
    """
    room, _, verb = name.partition(".")
    known = {found.verb: found for found in operations(room)}
    if verb not in known:
        raise NotFound(f"{room} has no operation {verb!r}", hint=f"it has {', '.join(sorted(known))}")
    return known[verb]


def bind(spec: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as the operation's types, with defaults.

    Raises:
        Invalid: an argument is unknown, missing or of another type.
    """
    known = {param.name for param in spec.params}
    unknown = sorted(set(given) - known)
    if unknown:
        hint = f"its arguments are {', '.join(sorted(known))}" if known else "it takes no arguments"
        raise Invalid(f"{spec.name} has no argument {', '.join(unknown)}", hint=hint)
    values: dict[str, Any] = {}
    for param in spec.params:
        if param.name in given and not (given[param.name] is None and not param.required):
            values[param.name] = load(param.kind, given[param.name], param.name)
        elif param.required:
            raise Invalid(f"{spec.name}: {param.name} is missing", hint=f"give {param.name}: {param.help}")
        else:
            values[param.name] = param.default
    return values


def _fingerprint(spec: Operation, values: Mapping[str, Any]) -> str:
    text = json.dumps([spec.name, dump(values)], sort_keys=True, ensure_ascii=False)
    # A lone surrogate is refused where it is stored, with its place; here it only must not stop the way there.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _once(database: Database, spec: Operation, values: dict[str, Any], actor: Actor, key: str | None) -> Any:
    with database.transaction(
        actor, operation=spec.name, permission=spec.permission, read_only=not spec.write
    ) as db:
        if key is None or not spec.write:
            result = spec.function(db, **values)
        else:
            result = _keyed(db, spec, values, key)
        if spec.write:
            db.touched.add(spec.room)
    return result


def _rehearse(database: Database, spec: Operation, values: dict[str, Any], actor: Actor) -> DryRun:
    """Run a write, note what it did, and take it back."""
    found: list[DryRun] = []
    with database.transaction(actor, operation=spec.name, permission=spec.permission) as db:
        db.dry_run = True
        result = spec.function(db, **values)
        # What is checked at commit has to speak now.
        db.run("kit.check_constraints")
        found.append(DryRun(result, db.values("kit.changes_here", request=actor.request)))
        _take_back()
    return found[0]


def _take_back() -> None:
    """Leave the transaction that stands around without its work, and without an error."""
    raise psycopg.Rollback


def _keyed(db: Db, spec: Operation, values: dict[str, Any], key: str) -> Any:
    """Answer a repeated request key with its first result, kept in the same transaction as the write.

    Guarded by the primary key of kit.request_keys: a second call with the same key waits for the first to commit.
    """
    who = f"{db.actor.user_id or ''}/{db.actor.agent or ''}"
    first = db.value(
        "kit.claim_request", who=who, key=key, operation=spec.name, hash=_fingerprint(spec, values)
    )
    if first is not None and spec.secret:
        hint = "make a new one, and revoke the first if nobody kept it"
        raise Conflict(f"{spec.name} was done under this request key; its secret was shown once", hint=hint)
    if first is not None:
        return load(spec.returns, first["result"], "result") if spec.returns is not type(None) else None
    result = spec.function(db, **values)
    if result is None and spec.waits:
        # "Nothing yet" is no result: the same key has to be able to bring the real one.
        db.run("kit.release_request", who=who, key=key)
        return None
    kept = None if spec.secret else dump(result)
    db.run("kit.finish_request", who=who, key=key, result=json.dumps({"result": kept}))
    return result


def _may_retry(exc: psycopg.Error, spec: Operation, key: str | None) -> bool:
    if isinstance(exc, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return True
    # A write without a key may have been committed before the connection broke: trying again could do it twice.
    return connection_lost(exc) and (not spec.write or key is not None)


def _explained(database: Database, exc: psycopg.Error, values: Mapping[str, Any]) -> StewardError:
    """Return the error of our tree; where a value was refused it names the argument and what is allowed."""
    if isinstance(exc, psycopg.errors.CheckViolation) and exc.diag.constraint_name:
        return limits.broken_rule(exc, values, database.rule_of(exc))
    if isinstance(exc, psycopg.errors.NumericValueOutOfRange):
        found = limits.out_of_range(exc.diag.message_primary or "", values)
        if found is not None:
            return found
    return translate(exc)


def run(
    database: Database,
    spec: Operation,
    given: Mapping[str, Any],
    *,
    actor: Actor,
    request_key: str | None = None,
    dry_run: bool = False,
) -> Any:
    """Run an operation as an actor in one transaction.

    Args:
        database: where.
        spec: which operation.
        given: its arguments, typed or as JSON data.
        actor: as whom.
        request_key: a repeated write with the same key answers with the first result (kept 24 h).
        dry_run: take a write back in the end and return what it would have done, as `DryRun`.

    Raises:
        StewardError: whatever went wrong, mapped once for all surfaces.
    """
    values = bind(spec, given)
    if actor.request is None:
        # The audit names the request, and undo asks for it.
        actor = dataclasses.replace(actor, request=request_key or uuid4().hex)
    start = time.perf_counter()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if dry_run and spec.write:
                result = _rehearse(database, spec, values, actor)
            else:
                result = _once(database, spec, values, actor, request_key)
        except psycopg.Error as exc:
            if attempt == _ATTEMPTS or not _may_retry(exc, spec, request_key):
                raise _explained(database, exc, values) from exc
            # Full jitter keeps colliding callers apart.
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - not for secrets
        else:
            took_ms = (time.perf_counter() - start) * 1000
            log.debug(
                "%s", spec.name, extra={"operation": spec.name, "ms": round(took_ms, 2), "attempt": attempt}
            )
            return result
    raise AssertionError("unreachable")
