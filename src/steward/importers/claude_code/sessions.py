"""Sessions in transcripts of Claude Code: every entry repeats what is known of its session."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from steward.domains.telemetry import NamedTask, SessionTold, clean, session_id
from steward.importers.claude_code.speech import title_of
from steward.importers.claude_code.values import text_of, time_of
from steward.importers.transcripts.tasks import named_by_branch

AGENT = "claude-code"
_MOST = 50
# Of further ones only that there were lines of them.
_MOST_NAMES = 5000
_PULL_REQUESTS = 50
# A name that a person gave comes before one that was made up, and that before the first prompt.
_RANKS = {"prompt": 1, "summary": 2, "ai-title": 3, "custom-title": 4}
_TITLE_KEYS = {"summary": "summary", "ai-title": "aiTitle", "custom-title": "customTitle"}


class Session:
    """What a transcript tells of one session.

    Attributes:
        now: the time of the entry in hand, else of the one before.
        context: what there is no column for.
    """

    def __init__(self, external_id: str, at: datetime, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self.external_id = external_id
        self.id: UUID = session_id(AGENT, external_id)
        self.now = at
        self.context: dict[str, Any] = {}
        self._start = self._last = at
        self._rank: int = known.get("rank", 0)
        self._branch: str | None = known.get("branch")
        self._branch_since = time_of(known.get("branch_since"))
        self._pull_requests: list[str] = known.get("pull_requests", [])
        self._known: dict[str, Any] = known.get("known", {})
        self._told: dict[str, Any] = {}
        self._named: list[NamedTask] = []
        self._seen = False

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered."""
        return {
            "id": self.external_id,
            "now": self.now.isoformat(),
            "rank": self._rank,
            "branch": self._branch,
            "branch_since": self._branch_since.isoformat() if self._branch_since else None,
            "pull_requests": self._pull_requests,
            "known": self._known,
        }

    def see(self, entry: dict[str, Any], at: datetime | None) -> None:
        """Note what an entry says of its session."""
        before = self.now
        if at is not None:
            self.now = at
            if self._seen:
                self._start = min(self._start, at)
                self._last = max(self._last, at)
            else:
                self._start = self._last = at
        self._seen = True
        # Where it began: an agent goes into folders and comes back.
        if "cwd" not in self._known and (cwd := entry.get("cwd")) is not None:
            self.know("cwd", cwd)
        if (version := entry.get("version")) is not None:
            self.know("agent_version", version)
        branch = entry.get("gitBranch")
        if branch != self._branch and isinstance(branch, str) and branch.strip():
            self._switch(branch[:500], before)

    def know(self, name: str, value: Any) -> None:
        """Note a fact; it is told once, and again when it changes."""
        if self._known.get(name) != value and isinstance(value, str) and value.strip():
            self._known[name] = value = value[:2000]
            self._told[name] = value

    def _switch(self, branch: str, before: datetime) -> None:
        """Go to another branch; the one before was that of the entry before."""
        if self._branch and (since := self._branch_since):
            self._named += named_by_branch(self.id, self._branch, since, max(before, since))
        self._branch, self._branch_since = branch, self.now
        self._told["git_branch"] = branch
        self._named += named_by_branch(self.id, branch, self.now)

    def title(self, kind: str, entry: dict[str, Any]) -> None:
        """Note a title, unless a better one is known."""
        self._entitle(kind, text_of(entry.get(_TITLE_KEYS[kind]) or entry.get("title"), 500))

    def first_prompt(self, text: str) -> None:
        """Note what a person said, which is the title where there is no other."""
        if not self._rank:
            self._entitle("prompt", title_of(text))

    def _entitle(self, kind: str, title: str | None) -> None:
        if title and _RANKS[kind] >= self._rank:
            self._rank = _RANKS[kind]
            self._told["title"] = title

    def pull_request(self, url: str) -> None:
        """Note a pull request that the session made."""
        if url not in self._pull_requests:
            self._pull_requests = [*self._pull_requests, url][-_PULL_REQUESTS:]
            self.context["pull_requests"] = list(self._pull_requests)

    def take_named(self) -> list[NamedTask]:
        """Return the tasks that its branches may be named after, as far as they are new."""
        named, self._named = self._named, []
        return named

    def take(self) -> SessionTold | None:
        """Return what is new of it, None when it was not seen."""
        if not self._seen:
            return None
        told, self._told = self._told, {}
        context, self.context = self.context, {}
        self._seen = False
        return SessionTold(
            id=self.id,
            agent_id=AGENT,
            external_id=self.external_id,
            start_time=self._start,
            last_seen_at=self._last,
            context=context,
            **told,
        )


class Sessions:
    """The sessions of a transcript: mostly one."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        known = state or {}
        self._early: list[dict[str, Any]] = known.get("early", [])
        self._found: dict[str, Session] = {}
        self._current: Session | None = None
        self._names: list[str] = known.get("names", [])
        for each in known.get("found", []):
            at = time_of(each.get("now"))
            if at is not None:
                self._current = self._found[each["id"]] = Session(each["id"], at, each)

    def state(self) -> dict[str, Any]:
        """Return what has to be remembered, the session in hand last."""
        last = list(self._found.values())[-_MOST:]
        found = [each for each in last if each is not self._current]
        if self._current is not None:
            found.append(self._current)
        names = [*dict.fromkeys([*self._names, *self._found])][-_MOST_NAMES:]
        kept = {"early": self._early, "found": [each.state() for each in found]}
        return kept | {"names": names} if len(names) > len(found) else kept

    def ids(self) -> set[UUID]:
        """Return every session that was named so far."""
        return {session_id(AGENT, name) for name in [*self._names, *self._found]}

    def of(self, entry: dict[str, Any]) -> Session | None:
        """Return the session of an entry, None where neither it nor one before named any, or no time is known yet."""
        told = entry.get("sessionId")
        at = time_of(entry.get("timestamp"))
        session = self._current
        if isinstance(told, str) and (session is None or told != session.external_id) and told.strip():
            session = self._named(clean(told.strip()[:200]), at)
        if session is not None:
            session.see(entry, at)
        return session

    def _named(self, external_id: str, at: datetime | None) -> Session | None:
        session = self._found.get(external_id)
        if session is None:
            when = at or (self._current.now if self._current else None)
            if when is None:
                return None
            session = self._found[external_id] = Session(external_id, when)
            for kind, entry in [(each["type"], each) for each in self._early]:
                session.title(kind, entry)
            self._early = []
        self._current = session
        return session

    def title_early(self, kind: str, entry: dict[str, Any]) -> None:
        """Keep a title that comes before any session is known."""
        key = _TITLE_KEYS[kind]
        if title := text_of(entry.get(key) or entry.get("title"), 500):
            self._early = [*self._early, {"type": kind, key: title}][-5:]

    def take(self) -> list[SessionTold]:
        """Return what is new of all."""
        return [told for each in self._found.values() if (told := each.take()) is not None]

    def take_named(self) -> list[NamedTask]:
        """Return the tasks that branches may be named after."""
        return [named for each in self._found.values() for named in each.take_named()]
