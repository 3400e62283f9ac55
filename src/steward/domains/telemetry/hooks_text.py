"""Texts of hooks: secrets out, and cut to what is worth keeping, with the sizes of what was cut."""

from __future__ import annotations

import json
from typing import Any

from steward.domains.telemetry.batch import clean
from steward.kit.redact import redact

# What is kept of each text of an event, and of what a tool was given and gave. What was said is a message, and whole.
KEPT = 8_192
PREVIEW = 4_000
MESSAGE = 1_000_000
# A secret that lies across the end of what is looked at is far behind the end of what is kept.
_LOOKED_AT = 65_536
_MOST_ITEMS = 200
_DEEPEST = 24
_MOST_BYTES = 262_144


def said(value: Any) -> str:
    """Return what somebody said, without secrets; empty when it is no text."""
    return redact(clean(value[:MESSAGE])) if isinstance(value, str) else ""


def word(value: Any, most: int) -> str | None:
    """Return a short text of an event, or None when it is none, blank or too long."""
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        return None
    return redact(clean(value))


def size(value: Any) -> int | None:
    """Return how many bytes a value has as it came: of a text its own, else those of its JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    return len(text.encode("utf-8", "replace"))


def preview(value: Any) -> str | None:
    """Return the beginning of what a tool was given or gave, without secrets."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _told(value)
    return redact(clean(text[:_LOOKED_AT]))[:PREVIEW]


def _told(value: Any) -> str:
    """Return the text in a tool's answer where it is easily seen, else its JSON."""
    if isinstance(value, dict):
        streams = [value.get(name) for name in ("stdout", "stderr")]
        if isinstance(streams[0], str):
            return "\n".join(each for each in streams if isinstance(each, str) and each)
        if isinstance(value.get("content"), list):
            return _told(value["content"])
    if isinstance(value, list) and value and all(isinstance(each, dict) and "text" in each for each in value):
        return "\n".join(str(each["text"]) for each in value)
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bounded(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """Return an event as it is kept, and the sizes in bytes of the texts that were cut, by their places.

    Args:
        payload: what the client sent; it stays as it is.
    """
    cut: dict[str, int] = {}
    kept = {
        redact(clean(str(key)[:200])): _bounded(value, str(key)[:40], 1, cut)
        for key, value in payload.items()
    }
    if len(_json(kept)) > _MOST_BYTES:
        for name in kept:
            whole = size(kept[name]) or 0
            if whole > KEPT:
                cut[clean(name)] = size(payload.get(name)) or whole
                kept[name] = preview(_json(kept[name]))
    return kept, dict(list(cut.items())[:_MOST_ITEMS])


def _bounded(value: Any, place: str, depth: int, cut: dict[str, int]) -> Any:
    if isinstance(value, str):
        if len(value) > KEPT:
            cut[place] = size(value) or 0
        return redact(clean(value[:_LOOKED_AT]))[:KEPT]
    if depth >= _DEEPEST and isinstance(value, dict | list):
        cut[place] = size(value) or 0
        return None
    if isinstance(value, dict):
        if len(value) > _MOST_ITEMS:
            cut[place] = size(value) or 0
        some = list(value.items())[:_MOST_ITEMS]
        return {
            redact(clean(str(key)[:200])): _bounded(item, f"{place}.{str(key)[:40]}", depth + 1, cut)
            for key, item in some
        }
    if isinstance(value, list):
        if len(value) > _MOST_ITEMS:
            cut[place] = size(value) or 0
        return [
            _bounded(item, f"{place}.{at}", depth + 1, cut) for at, item in enumerate(value[:_MOST_ITEMS])
        ]
    return value
