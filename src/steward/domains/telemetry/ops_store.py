"""Operations of the Claude Agent SDK's session store; `steward.claude_sdk` puts the SDK's own shape around them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from steward.domains.telemetry.types_store import (
    StoreAppended,
    StoredEntries,
    StoredEntry,
    StoredSession,
    StoredSummary,
)
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Profile, op
from steward.kit.redact import redact

_LONGEST = {"project_key": 500, "session_id": 500, "subpath": 1000}


def _key(**words: str | None) -> dict[str, str]:
    """Return the parts of a session's name, none of them more than the table takes."""
    for name, word in words.items():
        if word is not None and len(word) > _LONGEST[name]:
            raise Invalid(f"{name}: {len(word)} characters", hint=f"give at most {_LONGEST[name]} characters")
        if not (word or "").strip() and name != "subpath":
            raise Invalid(f"{name} is empty", hint=f"say what the SDK calls the {name.replace('_', ' ')}")
    return {name: word or "" for name, word in words.items()}


@op(write=True, profile=Profile.ALL)
def store_append(
    db: Db,
    *,
    project_key: str,
    session_id: str,
    entries: bytes,
    subpath: str | None = None,
    summary: str | None = None,
    seen: int | None = None,
) -> StoreAppended:
    """Keep entries of a Claude Agent SDK session behind those that are kept; a uuid that is kept already is left out.

    Secrets of known shapes are taken out first; all else comes back equal.

    Args:
        project_key: the SDK's name of the project.
        session_id: the SDK's name of the session.
        entries: JSON objects, one a line (a file on the command line, base64 elsewhere).
        subpath: the part of the session, such as subagents/agent-7; the session itself when left out.
        summary: what the SDK folded of the session up to these entries, as JSON text.
        seen: the version of the summary that it was folded from; refused when it was written since.
    """
    key = _key(project_key=project_key, session_id=session_id, subpath=subpath)
    kept = [_entry(line, number) for number, line in enumerate(_lines(entries), 1)]
    return db.one(
        "telemetry.store_append",
        StoreAppended,
        **key,
        uuids=[uuid for uuid, _ in kept],
        entries=[text for _, text in kept],
        summary=None if summary is None else json.dumps(_json(redact(summary), "summary")),
        seen=seen,
    )


def _lines(entries: bytes) -> list[str]:
    try:
        text = entries.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Invalid(f"entries: {exc}", hint="send JSON objects in UTF-8, one a line") from None
    return [line for line in redact(text).split("\n") if line.strip()]


def _entry(line: str, number: int) -> tuple[str | None, str]:
    """Return an entry's uuid and its text without anything that a text column refuses."""
    entry = _json(line, f"entries, line {number}")
    uuid = entry.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        return None, json.dumps(entry)
    if len(uuid) > 200 or not uuid.isascii() or not uuid.isprintable():
        uuid = hashlib.sha256(uuid.encode("utf-8", "surrogatepass")).hexdigest()
    return uuid, json.dumps(entry)


def _json(text: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Invalid(f"{place}: no JSON: {exc}", hint="send JSON objects, one a line") from None
    if not isinstance(found, dict):
        raise Invalid(f"{place}: not an object: {text[:40]}", hint="send JSON objects, one a line")
    return found


@op(profile=Profile.ALL)
def store_load(
    db: Db,
    *,
    project_key: str,
    session_id: str,
    subpath: str | None = None,
    after: int = 0,
    limit: int = 5000,
) -> StoredEntries:
    """Show kept entries of a Claude Agent SDK session in their order, a part at a time.

    Args:
        project_key: the SDK's name of the project.
        session_id: the SDK's name of the session.
        subpath: the part of the session; the session itself when left out.
        after: `next_after` of the part before.
        limit: how many at most, 1 to 5000; large ones are fewer.
    """
    if not 1 <= limit <= 5000:
        raise Invalid(f"limit: {limit} is not between 1 and 5000", hint="give 1 to 5000")
    key = _key(project_key=project_key, session_id=session_id, subpath=subpath)
    found = db.all("telemetry.store_load", StoredEntry, **key, after=after, limit=limit)
    return StoredEntries([each.entry for each in found], found[-1].position if found else None)


@op(profile=Profile.ALL)
def store_list(db: Db, *, project_key: str) -> list[StoredSession]:
    """List kept Claude Agent SDK sessions of a project key, the last written first.

    Args:
        project_key: the SDK's name of the project.
    """
    return db.all("telemetry.store_list", StoredSession, **_key(project_key=project_key))


@op(profile=Profile.ALL)
def store_summaries(db: Db, *, project_key: str, session_id: str | None = None) -> list[StoredSummary]:
    """Show what the Claude Agent SDK folded of kept sessions, the last written first.

    Args:
        project_key: the SDK's name of the project.
        session_id: only of this session; its version is told also where nothing was folded yet.
    """
    key = _key(project_key=project_key)
    return db.all("telemetry.store_summaries", StoredSummary, **key, session_id=session_id)


@op(profile=Profile.ALL)
def store_subkeys(db: Db, *, project_key: str, session_id: str) -> list[str]:
    """List the parts of a kept Claude Agent SDK session, such as those of its subagents.

    Args:
        project_key: the SDK's name of the project.
        session_id: the SDK's name of the session.
    """
    return db.values("telemetry.store_subkeys", **_key(project_key=project_key, session_id=session_id))


@op(write=True, destructive=True, idempotent=True, profile=Profile.ALL)
def store_delete(db: Db, *, project_key: str, session_id: str, subpath: str | None = None) -> int:
    """Delete a kept Claude Agent SDK session with all its parts, or one part; say how many entries are gone.

    Only people may: an agent could delete what others keep.

    Args:
        project_key: the SDK's name of the project.
        session_id: the SDK's name of the session.
        subpath: only this part.
    """
    key = _key(project_key=project_key, session_id=session_id, subpath=subpath)
    gone: int = db.value("telemetry.store_delete", **key)
    return gone
