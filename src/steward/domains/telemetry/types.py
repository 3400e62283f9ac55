"""Row types and enums of telemetry, and what sources tell of sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class Source(StrEnum):
    """Who told of a message or a tool call."""

    TRANSCRIPT = "transcript"
    OTLP = "otlp"
    HOOK = "hook"
    API = "api"


class UsageSource(StrEnum):
    """Who told of a response."""

    TRANSCRIPT = "transcript"
    OTLP_LOG = "otlp-log"
    OTLP_SPAN = "otlp-span"
    HOOK = "hook"
    API = "api"


class MessageRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class MessageKind(StrEnum):
    """What is said."""

    TEXT = "text"
    THINKING = "thinking"
    SUMMARY = "summary"
    NOTICE = "notice"
    ERROR = "error"


class ToolKind(StrEnum):
    """What a tool does."""

    READ = "read"
    WRITE = "write"
    COMMAND = "command"
    TEST = "test"
    BUILD = "build"
    SEARCH = "search"
    WEB = "web"
    MCP = "mcp"
    SUBAGENT = "subagent"
    PLAN = "plan"
    OTHER = "other"


class TieSource(StrEnum):
    """Who says that a session worked on a task."""

    RUN = "run"
    CLAIM = "claim"
    RESOURCE = "resource"
    TRANSCRIPT = "transcript"
    BRANCH = "branch"
    PERSON = "person"


class Outcome(StrEnum):
    """How a session ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"


class ExecutionStatus(StrEnum):
    """How a try of an agent at a task stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    TIMEOUT = "timeout"


# ------------------------------------------------------------------------------- what sources tell (see batch.py)


@dataclass(slots=True)
class SessionTold:
    """What a source knows of a session; the id is `session_id(agent_id, external_id)`."""

    id: UUID
    agent_id: str
    external_id: str
    start_time: datetime
    last_seen_at: datetime
    end_time: datetime | None = None
    project_id: UUID | None = None
    project_certain: bool = False
    agent_version: str | None = None
    parent_session_id: UUID | None = None
    registered_agent_id: UUID | None = None
    user_id: UUID | None = None
    workspace_id: UUID | None = None
    title: str | None = None
    cwd: str | None = None
    git_branch: str | None = None
    git_commit: str | None = None
    repository_url: str | None = None
    model: str | None = None
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class MessageTold:
    """Something that was said."""

    id: UUID
    session_id: UUID
    role: MessageRole
    content: str
    timestamp: datetime
    source: Source
    kind: MessageKind = MessageKind.TEXT
    sequence: int = 0
    subagent: str | None = None
    model: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ToolTold:
    """A tool that was used, or a part of what is known of it; parts with one call_id complete one another."""

    session_id: UUID
    call_id: str
    source: Source
    name: str | None = None
    kind: ToolKind | None = None
    input: str | None = None
    input_bytes: int | None = None
    output: str | None = None
    output_bytes: int | None = None
    success: bool | None = None
    error: str | None = None
    decision: str | None = None
    duration_ms: int | None = None
    waited_ms: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    subagent: str | None = None
    file_path: str | None = None
    lines_added: int | None = None
    lines_removed: int | None = None


@dataclass(slots=True)
class UsageTold:
    """A response of a model as one source saw it.

    Attributes:
        source_key: the source's own name of what it saw; the same again is the same sighting, in a transcript that of
            the same session.
        keys: every name of the response that the source knows, such as `claude:msg:…` and `claude:req:…`.
        ordinal_base: in place of keys where the source knows no name, and beside them where another source may know
            none: session and figures, so that the n-th of the same figures is the n-th of every other source.
        input_tokens: without what came from or went to the cache.
    """

    source: UsageSource
    source_key: str
    agent_id: str
    model: str
    at: datetime
    keys: list[str] = field(default_factory=list)
    ordinal_base: str | None = None
    session_id: UUID | None = None
    project_id: UUID | None = None
    task_id: UUID | None = None
    execution_id: UUID | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    reported_cost_usd: Decimal | None = None
    duration_ms: int | None = None
    query_source: str | None = None
    subagent: str | None = None
    approximate: bool = False


@dataclass(slots=True)
class CommitTold:
    """A commit that was made in a session."""

    session_id: UUID
    sha: str
    committed_at: datetime
    source: str
    subject: str | None = None
    branch: str | None = None


@dataclass(slots=True)
class TieTold:
    """A stretch of time in which a session worked on a task."""

    session_id: UUID
    task_id: UUID
    source: TieSource
    from_at: datetime
    until_at: datetime | None = None
    stretch: str = ""
    execution_id: UUID | None = None


@dataclass(slots=True)
class Batch:
    """What a source tells at once; see `absorb`."""

    sessions: list[SessionTold] = field(default_factory=list)
    messages: list[MessageTold] = field(default_factory=list)
    tools: list[ToolTold] = field(default_factory=list)
    usage: list[UsageTold] = field(default_factory=list)
    commits: list[CommitTold] = field(default_factory=list)
    ties: list[TieTold] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What was new of what a source told."""

    messages: int = 0
    tools: int = 0
    responses: int = 0
