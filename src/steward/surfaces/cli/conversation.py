"""A session as people read it in a terminal: what was said and done, in order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from steward.surfaces.cli.cells import clean, plain

_PARTS = ("message", "tool", "response", "commit")
# What a tool was given is read for what it was, not whole.
_INPUT = 200


def is_conversation(data: Any) -> bool:
    """Tell whether a result is a part of a conversation."""
    return isinstance(data, Mapping) and {"entries", "next_cursor", "previous_cursor"} <= set(data)


def conversation(entries: Sequence[Mapping[str, Any]], zone: tzinfo | None) -> RenderableType:
    """Return the entries: when, who or what, and what was said.

    Args:
        entries: as JSON data.
        zone: in which times are shown; the machine's own when None.
    """
    lines: list[RenderableType] = []
    for entry in entries:
        name = next((part for part in _PARTS if entry.get(part)), None)
        if name is None:
            continue
        part = entry[name]
        title, body = _SAYS[name](part)
        aside = f" ({clean(part['subagent'])})" if part.get("subagent") else ""
        lines.append(Text(f"{plain(entry['at'], zone)}  {clean(title)}{aside}", style="bold"))
        lines += [Text(f"  {clean(line)}") for line in body.splitlines()]
    return Group(*lines)


def _message(part: Mapping[str, Any]) -> tuple[str, str]:
    text = str(part["content"])
    more = part["length"] - len(text)
    kind = "" if part["kind"] == "text" else f", {part['kind']}"
    return f"{part['role']}{kind}", f"{text}\n… {more:,} more characters" if more > 0 else text


def _tool(part: Mapping[str, Any]) -> tuple[str, str]:
    given = " ".join(str(part.get("input") or part.get("file_path") or "").split())
    shown = given if len(given) <= _INPUT else f"{given[:_INPUT]}…"
    ended = {True: "", False: "failed", None: "unfinished"}[part.get("success")]
    took = f"{part['duration_ms']:,} ms" if part.get("duration_ms") is not None else ""
    told = ", ".join(filter(None, (ended, took)))
    body = "\n".join(filter(None, (shown, str(part.get("error") or ""))))
    return f"tool {part['name']}" + (f" ({told})" if told else ""), body


def _response(part: Mapping[str, Any]) -> tuple[str, str]:
    given = part["input_tokens"] + part["cache_read_tokens"] + part["cache_write_tokens"]
    cost = f", ${part['cost_usd']}" if part.get("cost_usd") is not None else ", no price known"
    cached = f" ({part['cache_read_tokens']:,} from the cache)" if part["cache_read_tokens"] else ""
    return f"{part['model']}: {given:,} tokens in{cached}, {part['output_tokens']:,} out{cost}", ""


def _commit(part: Mapping[str, Any]) -> tuple[str, str]:
    return f"commit {str(part['sha'])[:12]}", str(part.get("subject") or "")


_SAYS = {"message": _message, "tool": _tool, "response": _response, "commit": _commit}
