"""What hooks of coding agents tell, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from steward.kit.db import Actor


class HookClient(StrEnum):
    """Whose hooks are understood, by the word of their address."""

    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"

    @property
    def agent_id(self) -> str:
        """Return the word by which the sessions of this client are known."""
        return _AGENTS[self]


_AGENTS = {
    HookClient.CLAUDE: "claude-code",
    HookClient.CODEX: "codex",
    HookClient.GEMINI: "gemini-cli",
}


@dataclass(frozen=True, slots=True)
class HookTold:
    """One event as it came in.

    Attributes:
        client: whose hook told it.
        payload: the JSON object that the client sent.
        at: when it happened, or came in where nobody said.
        event_id: given by the client that spools; None where the content has to serve.
        task: on what `steward run` said that the agent works, such as ACME-42.
        execution: the execution that `steward run` opened.
        agent: as which agent.
        project: in which project, by any of its names.
        user_id: whose event it was, where it waited in a spool since; what a client sends never says that.
    """

    client: HookClient
    payload: dict[str, Any]
    at: datetime
    event_id: UUID | None = None
    task: str | None = None
    execution: str | None = None
    agent: str | None = None
    project: str | None = None
    user_id: UUID | None = None

    def by(self, actor: Actor) -> HookTold:
        """Return the event with the agent that a key names, whatever the event says."""
        return replace(self, agent=actor.agent) if actor.agent_bound else self


@dataclass(frozen=True, slots=True)
class HookTaken:
    """What became of an event.

    Attributes:
        session_id: the session that it belongs to.
        event: its name.
        is_new: it was not known before.
        project_id: the project of the session, None where it belongs to none.
        task_id: the task that the event names, where there is such a task.
    """

    session_id: UUID
    event: str
    is_new: bool
    project_id: UUID | None = None
    task_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class HookedSession:
    """What is known of a session before an event is taken in."""

    project_id: UUID
    project_certain: bool


@dataclass(frozen=True, slots=True)
class HookTask:
    """A task that a session holds or that its event names."""

    id: UUID
    project_id: UUID
    ref: str
    title: str


@dataclass(frozen=True, slots=True)
class RunStretch:
    """A stretch of time in which `steward run` said that a session worked on a task."""

    task_id: UUID
    stretch: str
    execution_id: UUID | None
    from_at: datetime
    until_at: datetime | None
