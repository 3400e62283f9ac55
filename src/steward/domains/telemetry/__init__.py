"""Telemetry: what agents did and what it cost, each thing once, whoever and however many told of it.

Nouns
    A *session* is one of a coding agent's client (claude-code, codex, gemini-cli …); its id is the client's own where
    that is a uuid. A *message* is what was said in it, a *tool call* what was done; a *transcript* is the client's own
    record, kept line by line. A *response* is an answer of a model, one row of token_usage; a *sighting* is what one
    source told of it. An *execution* is a try of an agent at a task, from its claim to its end. A *tie* says on which
    task a session was at work, and when. A session is active until it is ended or silent for 30 minutes; its *quality*
    is kept when it ends. A *budget* is what may be spent, and at its limit claims are refused.
Sources
    Transcripts (importers), OTLP exporters (logs, spans, metrics), hooks, and callers of the operations.
Invariants, kept by the database against any client
    A response counts once: every name that a source knows it by (message id, request id, place among the same figures
    of a session) means one row, and rows that turn out to share a name become one. Tokens of a response come from the
    sighting that saw most. Input, cache reads, cache writes and output are disjoint; reasoning is a part of output. A
    claim has one open execution, and whatever ends the claim closes it. Totals by day are kept with what has changed
    since, which together are exact. Raw lines and records are stored without known shapes of secrets, before anything
    else happens to them.
"""

from __future__ import annotations

from steward.domains.telemetry import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.telemetry import jobs_sessions as _jobs_sessions  # noqa: F401
from steward.domains.telemetry.batch import absorb, clean, session_id
from steward.domains.telemetry.ops_executions import (
    agent_figures,
    get_execution,
    list_executions,
    task_sessions,
)
from steward.domains.telemetry.ops_messages import (
    conversation,
    list_tools,
    raw_lines,
    search_messages,
    tool_stats,
)
from steward.domains.telemetry.ops_sessions import (
    active,
    clients,
    end_session,
    get,
    list_,
    pulse,
    session_stats,
    session_time_buckets,
    start_session,
    update_session,
)
from steward.domains.telemetry.types import (
    Absorbed,
    Batch,
    CommitTold,
    ExecutionStatus,
    MessageKind,
    MessageRole,
    MessageTold,
    Outcome,
    SessionTold,
    Source,
    TieSource,
    TieTold,
    ToolKind,
    ToolTold,
    UsageSource,
    UsageTold,
)
from steward.domains.telemetry.types_sessions import (
    AgentFigures,
    BucketInterval,
    Commit,
    Conversation,
    Entry,
    EntryKey,
    EntryKind,
    Execution,
    FoundMessage,
    Message,
    MessageHit,
    ModelUse,
    RawLine,
    Response,
    Session,
    SessionBucket,
    SessionFigures,
    SessionId,
    SessionPart,
    SessionPlace,
    SessionRow,
    SessionState,
    SessionTask,
    SessionTotals,
    SourceCount,
    TaskFigures,
    TaskSessions,
    ToolCall,
    ToolUse,
    TranscriptKept,
)

__all__ = [
    "Absorbed",
    "AgentFigures",
    "Batch",
    "BucketInterval",
    "Commit",
    "CommitTold",
    "Conversation",
    "Entry",
    "EntryKey",
    "EntryKind",
    "Execution",
    "ExecutionStatus",
    "FoundMessage",
    "Message",
    "MessageHit",
    "MessageKind",
    "MessageRole",
    "MessageTold",
    "ModelUse",
    "Outcome",
    "RawLine",
    "Response",
    "Session",
    "SessionBucket",
    "SessionFigures",
    "SessionId",
    "SessionPart",
    "SessionPlace",
    "SessionRow",
    "SessionState",
    "SessionTask",
    "SessionTold",
    "SessionTotals",
    "Source",
    "SourceCount",
    "TaskFigures",
    "TaskSessions",
    "TieSource",
    "TieTold",
    "ToolCall",
    "ToolKind",
    "ToolTold",
    "ToolUse",
    "TranscriptKept",
    "UsageSource",
    "UsageTold",
    "absorb",
    "active",
    "agent_figures",
    "clean",
    "clients",
    "conversation",
    "end_session",
    "get",
    "get_execution",
    "list_",
    "list_executions",
    "list_tools",
    "pulse",
    "raw_lines",
    "search_messages",
    "session_id",
    "session_stats",
    "session_time_buckets",
    "start_session",
    "task_sessions",
    "tool_stats",
    "update_session",
]
