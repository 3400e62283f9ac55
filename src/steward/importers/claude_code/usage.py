"""Tokens in transcripts of Claude Code: one response is several entries, each of which repeats its figures."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from steward.domains.telemetry import UsageSource, UsageTold, claude_ordinal_base
from steward.importers.claude_code.values import count_of, object_in, text_of

UNKNOWN_MODEL = "unknown"
_LONGEST_KEY = 300


class Responses:
    """The responses since they were taken last, each once."""

    def __init__(self) -> None:
        self._found: dict[str, UsageTold] = {}

    def take(self) -> list[UsageTold]:
        """Return them, and begin anew."""
        found, self._found = list(self._found.values()), {}
        return found

    def add(
        self, entry: dict[str, Any], message: dict[str, Any], session: UUID, at: datetime, line_no: int
    ) -> None:
        """Take in what an entry says of its response: of several the fullest counts, as the last one is complete."""
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return
        names = _names(entry, message) or [f"claude:line:{session}:{line_no}"]
        told = _told(entry, message, usage, session, at, names)
        known = self._found.get(names[0])
        if known is None:
            self._found[names[0]] = told
            return
        keys = known.keys + [key for key in told.keys if key not in known.keys]
        if _size(told) > _size(known):
            told.at = min(told.at, known.at)
            self._found[names[0]] = known = told
        known.keys = keys


def _names(entry: dict[str, Any], message: dict[str, Any]) -> list[str]:
    """Return the names by which a response is known, the most certain first."""
    found = []
    if told := text_of(message.get("id"), _LONGEST_KEY):
        found.append(f"claude:msg:{told}")
    elif told := text_of(entry.get("uuid"), _LONGEST_KEY):
        found.append(f"claude:uuid:{told}")
    if told := text_of(entry.get("requestId"), _LONGEST_KEY):
        found.append(f"claude:req:{told}")
    return found


def _told(
    entry: dict[str, Any],
    message: dict[str, Any],
    usage: dict[str, Any],
    session: UUID,
    at: datetime,
    names: list[str],
) -> UsageTold:
    written = count_of(usage.get("cache_creation_input_tokens"))
    for_an_hour = count_of(object_in(usage.get("cache_creation")).get("ephemeral_1h_input_tokens"))
    output = count_of(usage.get("output_tokens"))
    thought = count_of(object_in(usage.get("output_tokens_details")).get("thinking_tokens"))
    given, read = count_of(usage.get("input_tokens")), count_of(usage.get("cache_read_input_tokens"))
    aside = entry.get("isSidechain") is True
    return UsageTold(
        source=UsageSource.TRANSCRIPT,
        source_key=names[0],
        agent_id="claude-code",
        model=text_of(message.get("model"), 200) or UNKNOWN_MODEL,
        at=at,
        keys=names,
        # Exporters may have no name for it; nothing was exported of what the client made up.
        ordinal_base=claude_ordinal_base(session, given, read, written, output) if given + output else None,
        session_id=session,
        input_tokens=given,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=min(for_an_hour, written),
        reasoning_tokens=min(thought, output),
        reported_cost_usd=_cost(entry.get("costUSD")),
        query_source="subagent" if aside else "main",
        subagent=text_of(entry.get("agentId"), 200) if aside else None,
    )


def _size(told: UsageTold) -> tuple[int, int]:
    return told.output_tokens, told.input_tokens + told.cache_read_tokens + told.cache_write_tokens


def _cost(told: Any) -> Decimal | None:
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        cost = round(Decimal(str(told)), 9)
    except InvalidOperation:
        return None
    return cost if 0 <= cost < 1_000_000 else None
