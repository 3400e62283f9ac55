"""Row types and enums of sessions, conversations and executions, as they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from steward.domains import work
from steward.domains.telemetry.types import ExecutionStatus, MessageKind, MessageRole, Outcome, ToolKind


class SessionState(StrEnum):
    """How a session stands; a silent one was never told to have ended."""

    ACTIVE = "active"
    ENDED = "ended"
    SILENT = "silent"


class BucketInterval(StrEnum):
    """Stretches of time that sessions are counted by."""

    MINUTE = "1 minute"
    MINUTES_5 = "5 minutes"
    MINUTES_15 = "15 minutes"
    MINUTES_30 = "30 minutes"
    HOUR = "1 hour"
    HOURS_6 = "6 hours"
    HOURS_12 = "12 hours"
    DAY = "1 day"
    WEEK = "1 week"
    MONTH = "1 month"


class EntryKind(StrEnum):
    """What a place in a conversation holds."""

    RESPONSE = "response"
    MESSAGE = "message"
    TOOL = "tool"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list.

    Attributes:
        client: the program that it is a session of, such as claude-code.
        agent: the registered agent that acted, where that is known.
        tasks: references of the tasks that it worked on, five at most.
        tool_failures: calls of tools that failed.
        unpriced_calls: responses without a known cost; they are not in `cost_usd`.
    """

    id: UUID
    client: str
    title: str | None
    project: str
    tasks: list[str]
    agent: str | None
    model: str | None
    state: SessionState
    started_at: datetime
    ended_at: datetime | None
    last_seen_at: datetime
    duration_s: int
    messages: int
    tool_calls: int
    tool_failures: int
    responses: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal
    unpriced_calls: int
    outcome: Outcome | None
    quality_score: Decimal | None
    git_branch: str | None
    external_id: str
    parent_session_id: UUID | None


@dataclass(frozen=True, slots=True)
class SessionId:
    """A session that words meant."""

    id: UUID
    agent_id: str
    project_id: UUID


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """What a session did; errors are failures of other calls than tests and builds, and messages about errors."""

    quality_score: Decimal
    events_count: int
    files_modified: int
    lines_added: int
    lines_removed: int
    tokens_used: int
    reasoning_tokens: int
    commands_executed: int
    errors_encountered: int
    tests_run: int
    tests_passed: int
    build_attempts: int
    build_successes: int
    tools_ms: int
    waited_ms: int


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """Where a session ran, and what was told of it."""

    agent_version: str | None
    cwd: str | None
    repository_url: str | None
    git_commit: str | None
    workspace_id: UUID | None
    context: Any
    metrics: Any


@dataclass(frozen=True, slots=True)
class SessionTask:
    """A stretch in which a session worked on a task, and who says so."""

    task: str
    title: str
    status: str
    source: str
    execution_id: UUID | None
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a session took of a model."""

    model: str
    responses: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class SessionPart:
    """A part of a session: the main conversation (no name) or a subagent's."""

    subagent: str | None
    messages: int
    responses: int
    total_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many responses and messages a source told of."""

    source: str
    responses: int
    messages: int


@dataclass(frozen=True, slots=True)
class TranscriptKept:
    """A client's record of a session, as far as it was read."""

    id: UUID
    format: str
    part: str
    edition: int
    lines: int
    bytes: int
    damaged_lines: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made in a session."""

    sha: str
    committed_at: datetime
    subject: str | None
    branch: str | None


@dataclass(frozen=True, slots=True)
class Execution:
    """A try of an agent at a task, with what it took."""

    id: UUID
    agent: str
    task: str | None
    title: str | None
    project: str
    status: ExecutionStatus
    started_at: datetime
    completed_at: datetime | None
    execution_time_ms: int | None
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    total_tokens: int
    cost_usd: Decimal
    error_message: str | None
    result: Any
    session_id: UUID | None
    parent_execution_id: UUID | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session with all that is known of it but what was said.

    Attributes:
        parents: the session it came from, and that one's, the nearest first.
        subagents: sessions that came from it.
        parts: the main conversation and those of subagents within it.
    """

    session: SessionRow
    figures: SessionFigures
    place: SessionPlace
    tasks: list[SessionTask] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    parents: list[SessionRow] = field(default_factory=list)
    subagents: list[SessionRow] = field(default_factory=list)
    parts: list[SessionPart] = field(default_factory=list)
    models: list[ModelUse] = field(default_factory=list)
    sources: list[SourceCount] = field(default_factory=list)
    transcripts: list[TranscriptKept] = field(default_factory=list)


# ------------------------------------------------------------------------------------------------------ conversations


@dataclass(frozen=True, slots=True)
class EntryKey:
    """A place in a conversation."""

    at: datetime
    rank: int
    sequence: int
    id: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said; a long text is cut, `length` tells how long it is."""

    id: UUID
    role: MessageRole
    kind: MessageKind
    content: str
    length: int
    timestamp: datetime
    source: str
    subagent: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that was used. Input and output are beginnings; `…_bytes` tell how long they were."""

    session_id: UUID
    call_id: str
    name: str
    kind: ToolKind
    input: str | None
    input_bytes: int | None
    output: str | None
    output_bytes: int | None
    success: bool | None
    error: str | None
    decision: str | None
    duration_ms: int | None
    waited_ms: int | None
    at: datetime
    ended_at: datetime | None
    subagent: str | None
    file_path: str | None
    lines_added: int | None
    lines_removed: int | None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of a model: what it took."""

    id: UUID
    at: datetime
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None
    duration_ms: int | None
    subagent: str | None
    approximate: bool
    task: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in a conversation; one of message, tool, response and commit is there."""

    kind: EntryKind
    at: datetime
    message: Message | None = None
    tool: ToolCall | None = None
    response: Response | None = None
    commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A part of a conversation, in order of time.

    Attributes:
        next_cursor: what came after, as `cursor`; None at the end.
        previous_cursor: what came before, as `before`; None at the beginning.
        start_cursor: this part again with what has come since, as `cursor`; None at the beginning.
    """

    entries: list[Entry]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    start_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that holds the words, whole, and the beginnings of the words."""

    id: UUID
    session_id: UUID
    client: str
    session_title: str | None
    project: str
    role: MessageRole
    kind: MessageKind
    timestamp: datetime
    body: str
    marks: list[str]


@dataclass(frozen=True, slots=True)
class MessageHit:
    """A message that was found by its words; texts are plain, as others wrote them, and escaped where they are shown.

    Attributes:
        snippet: the part of it where the words stand.
        snippet_spans: where they stand in the snippet.
        cursor: where the conversation of its session goes on with it, for `conversation`.
    """

    id: UUID
    session_id: UUID
    client: str
    session_title: str | None
    project: str
    role: MessageRole
    kind: MessageKind
    timestamp: datetime
    snippet: str
    snippet_spans: list[work.Span]
    cursor: str


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of a client's record, without secrets; a long one is cut, `length` tells how long it is."""

    transcript_id: UUID
    format: str
    part: str
    line_no: int
    kind: str
    damage: str | None
    length: int
    line: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How a tool was used: how often, how often it failed, how long it took and waited for a person."""

    name: str
    kind: ToolKind
    calls: int
    failures: int
    sessions: int
    avg_ms: Decimal | None
    median_ms: int | None
    max_ms: int | None
    total_ms: int
    waited_ms: int


# ------------------------------------------------------------------------------------------------------------ figures


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """What sessions add up to; averages are over those that have the figure."""

    sessions: int
    active: int
    ended: int
    silent: int
    success: int
    partial: int
    failure: int
    abandoned: int
    cancelled: int
    total_duration_s: int
    avg_duration_s: Decimal | None
    avg_quality: Decimal | None
    responses: int
    tokens_used: int
    cost_usd: Decimal
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class SessionBucket:
    """Sessions that began in a stretch of time. Sums stand beside means, so that stretches can be put together."""

    bucket: datetime
    session_count: int
    avg_duration: Decimal | None
    total_duration: int
    tokens_used: int
    cost_usd: Decimal
    avg_quality: Decimal | None
    scored_sessions: int


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """How an agent has done, from its executions, and what it spent.

    What was given back, or a person took, is neither a success nor a failure.
    """

    agent_id: UUID
    agent: str
    total_executions: int
    successes: int
    failures: int
    success_rate: Decimal
    avg_execution_time_ms: int
    last_used_at: datetime | None
    calls: int
    total_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """What a task took."""

    task_id: UUID
    sessions: int
    executions: int
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    total_tokens: int
    cost_usd: Decimal
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class TaskSessions:
    """What a task took, with the sessions that worked on it and the tries of agents, the newest first."""

    figures: TaskFigures
    sessions: list[SessionRow] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
