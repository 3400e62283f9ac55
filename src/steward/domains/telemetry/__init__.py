"""Telemetry: what agents did and what it cost, each thing once, whoever and however many told of it.

Nouns
    A *session* is one of a coding agent's client (claude-code, codex, gemini-cli …); its id is the client's own where
    that is a uuid. A *message* is what was said in it, a *tool call* what was done; a *transcript* is the client's own
    record, kept line by line. A *response* is an answer of a model, one row of token_usage; a *sighting* is what one
    source told of it. An *execution* is a try of an agent at a task, from its claim to its end. A *tie* says on which
    task a session was at work, and when. A *budget* is what may be spent, and at its limit claims are refused.
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
from steward.domains.telemetry.batch import absorb, clean, session_id
from steward.domains.telemetry.ops_store import (
    store_append,
    store_delete,
    store_list,
    store_load,
    store_subkeys,
    store_summaries,
)
from steward.domains.telemetry.ops_ties import current_execution, tie, tie_run, untie
from steward.domains.telemetry.transcripts import (
    KeptLine,
    KnownFile,
    Line,
    LineEnd,
    NamedTask,
    Transcript,
    UnplacedSession,
    add_edition,
    attribute_sessions,
    editions_of,
    external_id_of,
    forget_projection,
    keep_lines,
    kept_lines,
    known_files,
    line_digests,
    line_ends,
    lock_transcript,
    note_file,
    note_place,
    tie_by_names,
    to_project_anew,
    unplaced_sessions,
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
from steward.domains.telemetry.types_store import (
    StoreAppended,
    StoredEntries,
    StoredEntry,
    StoredSession,
    StoredSummary,
)
from steward.domains.telemetry.types_ties import NamedSession, OpenExecution, Tie, TiedSession

__all__ = [
    "Absorbed",
    "Batch",
    "CommitTold",
    "ExecutionStatus",
    "KeptLine",
    "KnownFile",
    "Line",
    "LineEnd",
    "MessageKind",
    "MessageRole",
    "MessageTold",
    "NamedSession",
    "NamedTask",
    "OpenExecution",
    "Outcome",
    "SessionTold",
    "Source",
    "StoreAppended",
    "StoredEntries",
    "StoredEntry",
    "StoredSession",
    "StoredSummary",
    "Tie",
    "TieSource",
    "TieTold",
    "TiedSession",
    "ToolKind",
    "ToolTold",
    "Transcript",
    "UnplacedSession",
    "UsageSource",
    "UsageTold",
    "absorb",
    "add_edition",
    "attribute_sessions",
    "clean",
    "current_execution",
    "editions_of",
    "external_id_of",
    "forget_projection",
    "keep_lines",
    "kept_lines",
    "known_files",
    "line_digests",
    "line_ends",
    "lock_transcript",
    "note_file",
    "note_place",
    "session_id",
    "store_append",
    "store_delete",
    "store_list",
    "store_load",
    "store_subkeys",
    "store_summaries",
    "tie",
    "tie_by_names",
    "tie_run",
    "to_project_anew",
    "unplaced_sessions",
    "untie",
]
