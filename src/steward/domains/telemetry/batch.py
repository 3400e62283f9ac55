"""Taking in what sources tell of sessions: the one way from transcripts, exporters and hooks to the tables."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

from pydantic_core import to_json

from steward.domains.telemetry.names import resolve_names
from steward.domains.telemetry.types import Absorbed, Batch, SessionTold, ToolKind, UsageTold
from steward.kit.convert import dump
from steward.kit.db import Db

_LONGEST_MODEL = 300
# As `projects.clean_url`: user and password of http, the password of anything else.
_CREDENTIALS = re.compile(r"^\s*(?:(https?://)[^/]*@|([a-z][a-z0-9+.-]*://[^/@:]*):[^/]*(?=@))", re.I)
_NAMESPACE = UUID("6f1d6a52-5a0d-5b6e-9a0e-7c1f3f0f5c11")


def session_id(agent_id: str, external_id: str) -> UUID:
    """Return the id of a session: the client's own where that is a uuid, else one made of its words.

    Args:
        agent_id: the client, such as `claude-code`.
        external_id: what the client calls the session.
    """
    try:
        return UUID(external_id)
    except ValueError:
        return uuid5(_NAMESPACE, f"{agent_id}\x00{external_id}")


def claude_ordinal_base(session: UUID, given: int, read: int, written: int, out: int) -> str:
    """Return what the responses of a session of Claude Code with just these figures have in common.

    Args:
        session: our id of it.
        given: tokens put in beside the cache.
        read: tokens from the cache.
        written: tokens into the cache.
        out: tokens that came out.
    """
    return f"claude:{session}:{given}/{read}/{written}/{out}"


def clean(text: str) -> str:
    """Return a text without what PostgreSQL cannot hold: NUL, and halves of surrogate pairs."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def absorb(db: Db, batch: Batch) -> Absorbed:
    """Take in a batch; everything may be told again, in any order, and counts once.

    Args:
        db: the transaction; the actor needs `telemetry:write`.
        batch: sessions that anything of it belongs to must be in it or known already.
    """
    for each in batch.sessions:
        if each.repository_url:
            each.repository_url = _CREDENTIALS.sub(r"\1\2", each.repository_url)
    _name(batch.usage)
    if batch.usage:
        resolve_names(db, (each.model for each in batch.usage))
    commits = {(each.session_id, each.sha.lower()): each for each in reversed(batch.commits)}
    # One statement: after each the database waits until other threads let this one have the interpreter.
    return db.one(
        "telemetry.absorb",
        Absorbed,
        sessions=_json(_merged(batch.sessions)),
        messages=_json(batch.messages),
        tools=_json(_completed(batch.tools)),
        commits=_json(commits.values()),
        usage=_json(batch.usage),
        ties=_json(_stretched(batch)),
    )


def _name(told: list[UsageTold]) -> None:
    for each in told:
        # An index holds it, and names of models are short.
        each.model = clean(each.model)[:_LONGEST_MODEL]
        if not each.keys and each.ordinal_base is None:
            each.keys = [f"{each.source}:{each.source_key}"]


def _json(rows: Iterable[Any]) -> str | None:
    """Write rows as JSON, None where there are none.

    At once where all their texts can be held, one by one where some have to be mended.
    """
    rows = list(rows)
    if not rows:
        return None
    try:
        text = to_json(rows, inf_nan_mode="null").decode()
        if "\\u0000" not in text:
            return text
    except ValueError:
        # Halves of surrogate pairs have no UTF-8.
        pass
    return json.dumps([_plain(row) for row in rows], ensure_ascii=False)


def _plain(row: Any) -> dict[str, Any]:
    """Return the fields that say something, as JSON data with texts that the database can hold."""
    found: dict[str, Any] = {}
    for name in row.__dataclass_fields__:
        value = getattr(row, name)
        if value is not None:
            found[name] = clean(value) if type(value) is str else _deep(value)
    return found


def _deep(value: Any) -> Any:
    if isinstance(value, dict):
        return {clean(str(key)): _deep(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_deep(item) for item in value]
    return clean(value) if isinstance(value, str) else dump(value)


def _merged(told: list[SessionTold]) -> list[SessionTold]:
    """Return one entry a session: the database takes a row once a statement."""
    found: dict[UUID, SessionTold] = {}
    for each in told:
        first = found.get(each.id)
        found[each.id] = each if first is None else _both(first, each)
    return list(found.values())


def _both(first: SessionTold, then: SessionTold) -> SessionTold:
    ends = [end for end in (first.end_time, then.end_time) if end]
    known = {
        each.name: getattr(then, each.name)
        for each in dataclasses.fields(then)
        if getattr(then, each.name) is not None
    }
    return dataclasses.replace(
        first,
        **known
        | {
            "start_time": min(first.start_time, then.start_time),
            "last_seen_at": max(first.last_seen_at, then.last_seen_at),
            "end_time": max(ends, default=None),
            "project_id": first.project_id if first.project_certain else then.project_id or first.project_id,
            "project_certain": first.project_certain or then.project_certain,
            "context": first.context | then.context,
        },
    )


def _completed(told: list[Any]) -> list[Any]:
    """Return one entry a call: what a later one says of it completes the first."""
    found: dict[tuple[UUID, str], Any] = {}
    for each in told:
        key = (each.session_id, each.call_id)
        first = found.get(key)
        if first is None:
            found[key] = each
            continue
        for name in each.__dataclass_fields__:
            if getattr(first, name) is None:
                setattr(first, name, getattr(each, name))
        if first.kind in (ToolKind.OTHER, ToolKind.COMMAND) and each.kind is not None:
            # Whoever knows what was run knows more of it.
            first.kind = each.kind
    return list(found.values())


def _stretched(batch: Batch) -> list[Any]:
    """Return one entry a stretch."""
    found: dict[Any, Any] = {}
    for each in batch.ties:
        key = (each.session_id, each.task_id, each.source, each.stretch)
        first = found.setdefault(key, each)
        first.from_at = min(first.from_at, each.from_at)
        ends = [end for end in (first.until_at, each.until_at) if end]
        first.until_at = max(ends, default=None)
        first.execution_id = first.execution_id or each.execution_id
    return list(found.values())
