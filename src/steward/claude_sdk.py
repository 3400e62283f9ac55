"""Sessions of the Claude Agent SDK kept in Steward: its `SessionStore`, over the operations of the room telemetry.

    from claude_agent_sdk import ClaudeAgentOptions
    from steward.claude_sdk import StewardSessionStore

    options = ClaudeAgentOptions(session_store=StewardSessionStore())

Every machine that reaches the same Steward can resume the session. Works in this process, or over REST where a URL is
set. The SDK is not needed to import this.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

from steward.kit.errors import Conflict

if TYPE_CHECKING:
    from claude_agent_sdk import SessionKey
    from claude_agent_sdk.types import (
        SessionListSubkeysKey,
        SessionStoreEntry,
        SessionStoreListEntry,
        SessionSummaryEntry,
    )

    from steward.client import Steward

T = TypeVar("T")
Entry = dict[str, Any]

# A call carries so much at most; REST takes 40 MiB of base64.
_PIECE_BYTES = 24 * 1024 * 1024
_TRIES = 12


class StewardSessionStore:
    """Keeps sessions of the Claude Agent SDK; implements its protocol `SessionStore` whole.

    Known shapes of secrets are taken out of entries before they are stored; all else comes back equal.

    Args:
        steward: a connection to use, which stays the caller's; one of its own is opened and closed when left out.
        **settings: those of `steward.connect`, such as `home`, `url` or `key`, for a connection of its own. With a
            `url` calls go over REST.
    """

    def __init__(self, steward: Steward | None = None, **settings: Any) -> None:
        self._call = _Calls(steward, settings)

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Keep entries; one whose uuid is kept already is left out."""
        if entries:
            await _in_thread(partial(self._append, dict(key), cast("list[Entry]", entries)))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """Return all entries in their order, None where there are none."""
        return cast("list[SessionStoreEntry] | None", await _in_thread(partial(self._load, dict(key))))

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """Return the sessions of a project key and when each was written last."""
        found = await _in_thread(partial(self._call, "store_list", project_key=project_key))
        return [{"session_id": each["session_id"], "mtime": each["mtime"]} for each in found]

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """Return what was folded of the sessions of a project key."""
        found = await _in_thread(partial(self._call, "store_summaries", project_key=project_key))
        return [_summary(each) for each in found]

    async def delete(self, key: SessionKey) -> None:
        """Delete a session with its parts, or the part that the key names."""
        await _in_thread(partial(self._call, "store_delete", **_named(key)))

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """Return the parts of a session."""
        named = {"project_key": key["project_key"], "session_id": key["session_id"]}
        return cast("list[str]", await _in_thread(partial(self._call, "store_subkeys", **named)))

    def close(self) -> None:
        """Close the connection that this store opened."""
        self._call.close()

    def _load(self, key: Mapping[str, Any]) -> list[Entry] | None:
        entries: list[Entry] = []
        after: int | None = 0
        while after is not None:
            part = self._call("store_load", **_named(key), after=after)
            entries += [json.loads(text) for text in part["entries"]]
            after = part["next_after"]
        return entries or None

    def _append(self, key: Mapping[str, Any], entries: list[Entry]) -> None:
        for piece in _pieces(entries):
            self._append_piece(key, piece)

    def _append_piece(self, key: Mapping[str, Any], piece: list[Entry]) -> None:
        """Append entries with the summary folded on; fold anew where somebody came between."""
        named = _named(key) | {"entries": "\n".join(json.dumps(entry) for entry in piece).encode()}
        for attempt in range(_TRIES):
            folded = {} if named.get("subpath") else self._fold(key, piece)
            try:
                self._call("store_append", **named, **folded)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))  # noqa: S311 - not for secrets
            else:
                return

    def _fold(self, key: Mapping[str, Any], piece: list[Entry]) -> dict[str, Any]:
        """Return the summary with these entries, and the version that it was folded from."""
        fold = _folder()
        if fold is None:
            return {}
        project_key, session_id = key["project_key"], key["session_id"]
        kept = self._call("store_summaries", project_key=project_key, session_id=session_id)
        if kept and kept[0].get("summary") is None:
            # Whoever kept entries before had nothing to fold with.
            after = fold(None, key, [*(self._load(key) or []), *piece])
        else:
            after = fold(_summary(kept[0]) if kept else None, key, piece)
        return {"summary": json.dumps(after["data"]), "seen": kept[0]["version"] if kept else 0}


class _Calls:
    """Runs operations of the room: in this process, or over REST where a URL is set."""

    def __init__(self, steward: Steward | None, settings: dict[str, Any]) -> None:
        self._steward = steward
        self._settings = settings
        self._own: list[Any] = []
        # Guards opening, and the one connection of REST.
        self._lock = threading.Lock()
        self._http: Any = None

    def __call__(self, verb: str, /, **arguments: Any) -> Any:
        from steward.kit import op
        from steward.kit.convert import dump

        name = f"telemetry.{verb}"
        # A call whose answer is lost is sent again under its key, so that nothing is appended twice.
        key = f"store-{uuid4()}"
        given = {word: value for word, value in arguments.items() if value is not None}
        with self._lock:
            if self._steward is None and self._http is None:
                self._open()
            if self._http is not None:
                return self._http.call(name, dump(given), request_key=key)
        assert self._steward is not None  # noqa: S101 - opened above
        spec = op.operation(name)
        return dump(self._steward.run(spec, given, key if spec.write else None))

    def _open(self) -> None:
        from steward.kit.config import load_settings

        loaded = load_settings(self._settings)
        if loaded.url:
            from steward.surfaces.cli.client import HttpCaller

            self._http = HttpCaller(loaded)
            self._own.append(self._http)
        else:
            from steward.client import connect

            self._steward = connect(**self._settings)
            self._own.append(self._steward)

    def close(self) -> None:
        """Close what was opened here; the next call opens it again."""
        with self._lock:
            for each in self._own:
                each.close()
            if self._own:
                self._steward = self._http = None
            self._own = []


async def _in_thread(call: Callable[[], T]) -> T:
    """Run a call in a thread, under whichever event loop the SDK runs."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(call)


def _folder() -> Callable[..., Any] | None:
    """Return the SDK's fold, None where the SDK is absent: then lists of the SDK read the sessions themselves."""
    try:
        from claude_agent_sdk import fold_session_summary
    except ImportError:
        return None
    return fold_session_summary


def _named(key: Mapping[str, Any]) -> dict[str, Any]:
    named = {"project_key": key["project_key"], "session_id": key["session_id"]}
    return named | ({"subpath": key["subpath"]} if key.get("subpath") else {})


def _summary(kept: Mapping[str, Any]) -> SessionSummaryEntry:
    return {"session_id": kept["session_id"], "mtime": kept["mtime"], "data": json.loads(kept["summary"])}


def _pieces(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Cut entries into pieces that one call carries."""
    piece: list[Entry] = []
    size = 0
    for entry in entries:
        large = len(json.dumps(entry))
        if piece and size + large > _PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += large
    if piece:
        yield piece
