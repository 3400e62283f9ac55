"""What a rollout says of tokens, made into responses that are counted once.

`token_count` carries running totals. A response is what they grew by; a total that is told again is no response, one
that fell began anew at a resume. `token_usage_record` names each response and comes beside `token_count`: whatever of
the two is told first counts, the other one is known by its figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# How many different figures of a thread are remembered to number the same ones.
_REMEMBERED = 2048
_LATELY = 8
_MOST = 1 << 53
NOTHING = (0, 0, 0, 0, 0)
Figures = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """A response: raw figures (input with cached, cached, written to the cache, output, reasoning) and its names."""

    figures: Figures
    keys: list[str]
    rest: bool = False


def figures_of(told: Any) -> Figures | None:
    """Return the figures of a usage block; None where there is none."""
    if not isinstance(told, dict):
        return None
    return (
        _count(told.get("input_tokens")),
        _count(told.get("cached_input_tokens")),
        _count(told.get("cache_write_input_tokens")),
        _count(told.get("output_tokens")),
        _count(told.get("reasoning_output_tokens")),
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= _MOST else 0


def _less(all_: Figures, part: Figures) -> Figures:
    first, second, third, fourth, fifth = (max(a - b, 0) for a, b in zip(all_, part, strict=True))
    return (first, second, third, fourth, fifth)


def _more(one: Figures, other: Figures) -> Figures:
    first, second, third, fourth, fifth = (a + b for a, b in zip(one, other, strict=True))
    return (first, second, third, fourth, fifth)


def _within(part: Figures, all_: Figures) -> bool:
    return all(a <= b for a, b in zip(part, all_, strict=True))


def _kept(value: Any) -> Figures | None:
    """Return figures that came back from JSON."""
    if not value:
        return None
    first, second, third, fourth, fifth = value
    return (first, second, third, fourth, fifth)


class Ledger:
    """Counts the responses of one thread."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self._total: Figures | None = _kept(known.get("total"))
        self._restarts: int = known.get("restarts", 0)
        self._times: dict[str, int] = dict(known.get("times", []))
        # Told by records, and not yet by a running total.
        self._ahead: Figures = _kept(known.get("ahead")) or NOTHING
        # Told by running totals lately, and not yet by a record: figures and their names.
        self._lately: list[tuple[Figures, str]] = [
            (found, str(name)) for told, name in known.get("lately", []) if (found := _kept(told))
        ]

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered."""
        return {
            "total": self._total,
            "restarts": self._restarts,
            # Pairs, because their order is what is forgotten first, and jsonb keeps no order of keys.
            "times": list(self._times.items()),
            "ahead": self._ahead,
            "lately": self._lately,
        }

    def copied(self, info: Any) -> None:
        """Take the parent's running total for the base of what follows."""
        total = figures_of(info.get("total_token_usage")) if isinstance(info, dict) else None
        if total is not None:
            self._total = total

    def turn(self) -> None:
        """Begin a turn: what was told before it by the one way has nothing to come by the other."""
        self._ahead = NOTHING
        self._lately = []

    def total(self, thread: str, info: Any, related: bool) -> Iterator[Counted]:
        """Take a `token_count` in.

        Args:
            thread: whose.
            info: its figures; null when only limits are told.
            related: the thread has a parent, so its first total may hold the parent's.
        """
        if not isinstance(info, dict):
            return
        total = figures_of(info.get("total_token_usage"))
        last = figures_of(info.get("last_token_usage"))
        if total is None or total == self._total:
            return
        grown = self._grown(total, last, related)
        self._total = total
        name = self._name(thread, total, info)
        if self._ahead != NOTHING:
            left = _less(grown, self._ahead)
            self._ahead = _less(self._ahead, grown)
            grown = left
        if grown == NOTHING:
            return
        # The rest belongs to responses that told nothing of themselves.
        whole = last is None or last in (NOTHING, grown) or not _within(last, grown)
        own = grown if whole or last is None else last
        figures_name = self._numbered(thread, own)
        self._lately = [*self._lately, (own, figures_name)][-_LATELY:]
        yield Counted(own, [name, figures_name])
        if own != grown:
            yield Counted(_less(grown, own), [f"{name}~rest"], rest=True)

    def record(self, thread: str, payload: dict[str, Any]) -> Iterator[Counted]:
        """Take a `token_usage_record` in."""
        figures = figures_of(payload.get("usage"))
        response = payload.get("response_id")
        if figures is None or figures == NOTHING or not isinstance(response, str) or not response.strip():
            return
        if len(response) > 200:
            response = hashlib.sha256(response.encode("utf-8", "replace")).hexdigest()
        name = f"codex:resp:{response}"
        for place, (told, figures_name) in enumerate(self._lately):
            if told == figures:
                del self._lately[place]
                yield Counted(figures, [name, figures_name])
                return
        self._ahead = _more(self._ahead, figures)
        yield Counted(figures, [name, self._numbered(thread, figures)])

    def _grown(self, total: Figures, last: Figures | None, related: bool) -> Figures:
        before = self._total
        if before is None:
            if not related:
                return total
            return last if last is not None and _within(last, total) else NOTHING
        if last is not None and last == total and before != NOTHING:
            # The response is all that the total knows of.
            self._restarts += 1
            return total
        if _within(before, total):
            return _less(total, before)
        self._restarts += 1
        return last if last is not None and _within(last, total) else total

    def _name(self, thread: str, total: Figures, info: dict[str, Any]) -> str:
        all_ = _count(info["total_token_usage"].get("total_tokens")) or total[0] + total[3]
        again = f"~{self._restarts}" if self._restarts else ""
        return f"codex:total:{thread}{again}:{total[0]}/{total[1]}/{total[3]}/{all_}"

    def _numbered(self, thread: str, figures: Figures) -> str:
        words = f"{figures[0]}/{figures[1]}/{figures[3]}/{figures[4]}"
        mark = hashlib.blake2b(words.encode(), digest_size=6).hexdigest()
        times = self._times.pop(mark, 0) + 1
        self._times[mark] = times
        if len(self._times) > _REMEMBERED:
            del self._times[next(iter(self._times))]
        return f"codex:{thread}:{words}#{times}"
