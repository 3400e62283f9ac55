"""A session's conversation as a transcript: what was said, tools folded, tokens and cost beside replies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from steward.domains import telemetry
from steward.surfaces.web.caller import Caller
from steward.surfaces.web.pages_talk import size
from steward.surfaces.web.views_sessions import Chunk, Item, Spent, Tool, tokens, usd

MAIN = "main"
_ENTRIES = 100
_LONGEST = 100_000
_GIST = 200
_SHOWN = 6_000
_DATE = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d)$")
_ICONS = {
    "read": "file",
    "write": "devlog",
    "command": "bolt",
    "test": "bolt",
    "build": "workflow",
    "search": "search",
    "web": "link",
    "mcp": "tree",
    "subagent": "agent",
    "plan": "list",
}
# What says most of a call in one line, the first that is there.
_TELLING = (
    "command",
    "cmd",
    "pattern",
    "query",
    "url",
    "file_path",
    "path",
    "description",
    "prompt",
    "skill",
)
_LISTED = re.compile(
    r'"(?:command|cmd|pattern|query|url|file_path|path|description|prompt)"\s*:\s*"((?:[^"\\]|\\.)*)'
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stretch of a transcript is asked for: the words of its address."""

    part: str | None = None
    at: str | None = None
    cursor: str | None = None
    before: str | None = None
    live: bool = False

    def _query(self, **more: str | None) -> str:
        words = {"part": self.part, "at": self.at, "cursor": self.cursor, "before": self.before, **more}
        query = urlencode({name: value for name, value in words.items() if value})
        return f"?{query}" if query else ""

    def page(self, session: str) -> str:
        """Return the address of the session's page that begins there."""
        return f"/sessions/{session}{self._query()}"

    def entries(self, session: str) -> str:
        """Return the address of the stretch alone."""
        return f"/sessions/{session}/entries{self._query(live='1' if self.live else None)}"


def chunk(call: Caller, session: str, asked: Asked, *, alone: bool = False) -> Chunk:
    """Return a stretch of a transcript: of a session that goes on the last one, unless another is asked for.

    Args:
        call: runs operations.
        session: its id.
        asked: which stretch.
        alone: it is put where others stand already.
    """
    anywhere = asked.cursor is None and asked.before is None
    last = anywhere and (asked.at == "end" or (asked.at is None and asked.live))
    found: telemetry.Conversation = call(
        "telemetry.conversation",
        session=session,
        part=asked.part,
        last=last or None,
        most=_LONGEST,
        limit=_ENTRIES,
        cursor=asked.cursor,
        before=asked.before,
    )
    backwards = asked.before is not None
    again = Asked(asked.part, None if found.start_cursor else "begin", found.start_cursor, live=asked.live)
    # What is read backwards stands in front of what is shown already.
    more = None if backwards else found.next_cursor
    earlier = found.previous_cursor if backwards or not alone else None
    return Chunk(
        id=f"c-{_name(found)}",
        url=again.entries(session),
        items=list(_items(found.entries)),
        live=asked.live and not more and not backwards,
        more=replace(again, at=None, cursor=more).entries(session) if more else None,
        earlier=Asked(asked.part, before=earlier).entries(session) if earlier else None,
    )


def _name(found: telemetry.Conversation) -> str:
    """Return what tells stretches apart in a page: how they begin."""
    return hashlib.blake2s((found.start_cursor or "").encode(), digest_size=6).hexdigest()


def short_model(model: str | None) -> str:
    """Return a model's name without its date."""
    return _DATE.sub("", model or "")


# --------------------------------------------------------------------------------------------------------------- items


def _items(entries: Sequence[telemetry.Entry]) -> Iterable[Item]:
    """Give the entries as items; what a response took stands beside its first words or tool."""
    waiting: telemetry.Response | None = None
    who: str | None = None
    for entry in entries:
        if entry.response is not None:
            if waiting is not None:
                yield _spent_alone(waiting, who)
                who = waiting.subagent
            waiting = entry.response if _took_something(entry.response) else None
            continue
        item = _item(entry)
        if waiting is not None and _is_answer(entry) and waiting.subagent == item.who:
            item, waiting = replace(item, spent=_spent(waiting)), None
        yield replace(item, first=item.who != who)
        who = item.who
    if waiting is not None:
        yield _spent_alone(waiting, who)


def _took_something(response: telemetry.Response) -> bool:
    return bool(
        response.input_tokens
        + response.output_tokens
        + response.cache_read_tokens
        + response.cache_write_tokens
    )


def _is_answer(entry: telemetry.Entry) -> bool:
    return entry.tool is not None or (
        entry.message is not None and entry.message.role is telemetry.MessageRole.ASSISTANT
    )


def _spent_alone(response: telemetry.Response, who: str | None) -> Item:
    return Item(
        f"r-{response.id}",
        "spent",
        response.at,
        who=response.subagent,
        first=response.subagent != who,
        spent=_spent(response),
    )


def _spent(response: telemetry.Response) -> Spent:
    counts = (
        ("input", response.input_tokens),
        ("read from the cache", response.cache_read_tokens),
        ("written to the cache", response.cache_write_tokens),
        ("output", response.output_tokens),
    )
    detail = ", ".join(f"{count:,} {name}" for name, count in counts if count)
    if response.reasoning_tokens:
        detail += f" ({response.reasoning_tokens:,} of it reasoning)"
    if response.duration_ms:
        detail += f"; {_duration(response.duration_ms)}"
    return Spent(
        short_model(response.model),
        tokens(sum(count for _, count in counts)),
        tokens(response.output_tokens),
        f"{'about ' if response.approximate else ''}{usd(response.cost_usd)}",
        f"{response.model}: {detail}",
    )


def _item(entry: telemetry.Entry) -> Item:
    if entry.message is not None:
        return _said(entry.message)
    if entry.tool is not None:
        return _used(entry.tool)
    if entry.commit is not None:
        commit = entry.commit
        return Item(
            f"g-{commit.sha}", "commit", commit.committed_at, commit.subject or "", sha=commit.sha[:10]
        )
    return Item(f"x-{entry.at.timestamp()}", "notice", entry.at)


def _said(message: telemetry.Message) -> Item:
    kind = str(message.kind)
    if message.kind is telemetry.MessageKind.TEXT:
        kind = {"user": "prompt", "assistant": "reply"}.get(str(message.role), "notice")
    rest = message.length - len(message.content)
    return Item(
        f"m-{message.id}",
        kind,
        message.timestamp,
        message.content.strip("\n"),
        f"{rest:,} more characters" if rest else "",
        message.subagent,
    )


def _used(call: telemetry.ToolCall) -> Item:
    given = _object(call.input)
    done = "failed" if call.success is False else "done" if call.success else "open"
    tool = Tool(
        name=call.name or "a tool",
        icon=_ICONS.get(str(call.kind), "more"),
        gist=_gist(call, given),
        mark=done,
        input=_shown(_told(call.input, given), call.input, call.input_bytes),
        output=_shown(call.output or "", call.output, call.output_bytes),
        error=(call.error or "")[:_SHOWN] if call.error and call.error != call.output else "",
        duration=_duration(call.duration_ms),
        waited=_duration(call.waited_ms) if call.waited_ms and call.waited_ms >= 1000 else "",
        added=call.lines_added or 0,
        removed=call.lines_removed or 0,
        decision=call.decision or "",
    )
    # A call's own name is others' text.
    place = hashlib.blake2s(call.call_id.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return Item(f"t-{place}", "tool", call.at, who=call.subagent, tool=tool)


def _object(text: str | None) -> Mapping[str, Any] | None:
    """Return the input as an object; None where it is none, or only the beginning of one."""
    if not text or not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _gist(call: telemetry.ToolCall, given: Mapping[str, Any] | None) -> str:
    """Return what a call is about, in one line."""
    text = call.file_path or ""
    if given is not None:
        found = [given[name] for name in _TELLING if isinstance(given.get(name), str)]
        text = found[0] if found else text or (call.input or "")
    elif call.input:
        cut = _LISTED.search(call.input)
        text = cut[1].replace("\\n", " ").replace('\\"', '"') if cut else text or call.input
    line = " ".join(str(text)[: _GIST * 4].split())
    return line if len(line) <= _GIST else line[: _GIST - 1] + "…"


def _told(text: str | None, given: Mapping[str, Any] | None) -> str:
    """Return the input as people read it: a name and its value each, texts with their lines."""
    if given is None:
        return text or ""
    if list(given) in (["command"], ["cmd"]):
        return str(next(iter(given.values())))
    return "\n".join(_line(name, value) for name, value in given.items())


def _line(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{name}:\n{text}" if "\n" in text else f"{name}: {text}"


def _shown(text: str, kept: str | None, whole: int | None) -> str:
    """Return a text that is not too long, and how much is missing."""
    missing = (whole or 0) - len((kept or "").encode("utf-8", "replace"))
    if len(text) > _SHOWN:
        return f"{text[:_SHOWN]}\n… ({size(whole or len(text))} in all)"
    return f"{text}\n… ({size(whole)} in all)" if text and missing > 0 else text


def _duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds // 60_000} min {milliseconds // 1000 % 60} s"
