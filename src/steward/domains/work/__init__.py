"""Work: what is to be done, what it waits for, and who holds it.

Nouns
    A *task* belongs to a project, may be a part of another task, and has a number there (ACME-42).
    A *dependency* makes one task wait for another (blocks, subtask_of) or only relates them (relates_to).
    The *ready queue* holds every task that can be claimed now, and every one that an agent holds.
    A *claim* is a lease on a queue row: agent, fencing token, end.
States
    draft → pending → in_progress → in_review, testing, awaiting_input, blocked → done, failed, cancelled, deferred;
    `work.may_become` lists what may follow what. A claim leaves a task pending; start sets in_progress; finish starts
    by itself.
Invariants, kept by the database against any client
    A task is in the queue exactly when it is open, has no open subtask, and neither it nor an ancestor waits for
    anything open (done and cancelled are out of the way). Nobody waits in a circle. A task with open subtasks is not
    finished. A token works only while its lease lasts and nobody else was given a newer one. A task that fails
    `max_attempts` times is put in quarantine until somebody requeues it.
"""

from __future__ import annotations

from steward.domains.work import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.work.errors import (
    AgentNeeded,
    DependencyCycle,
    OpenSubtasks,
    StaleToken,
    TaskNotReady,
    TooMuchInProgress,
    TransitionRefused,
)
from steward.domains.work.ops import add, delete, depend, get, list_, overview, undepend, update
from steward.domains.work.ops_claim import (
    blocked,
    claim,
    fail,
    finish,
    give_back,
    heartbeat,
    next_,
    ready,
    requeue,
    start,
)
from steward.domains.work.ops_progress import progress, pulse
from steward.domains.work.types import (
    Blocked,
    Choice,
    Claim,
    DependencyType,
    Lease,
    Overview,
    Priority,
    Progress,
    Task,
    TaskLink,
    TaskOrder,
    TaskRow,
    TaskStatus,
    TaskText,
    TaskType,
)

__all__ = [
    "AgentNeeded",
    "Blocked",
    "Choice",
    "Claim",
    "DependencyCycle",
    "DependencyType",
    "Lease",
    "OpenSubtasks",
    "Overview",
    "Priority",
    "Progress",
    "StaleToken",
    "Task",
    "TaskLink",
    "TaskNotReady",
    "TaskOrder",
    "TaskRow",
    "TaskStatus",
    "TaskText",
    "TaskType",
    "TooMuchInProgress",
    "TransitionRefused",
    "add",
    "blocked",
    "claim",
    "delete",
    "depend",
    "fail",
    "finish",
    "get",
    "give_back",
    "heartbeat",
    "list_",
    "next_",
    "overview",
    "progress",
    "pulse",
    "ready",
    "requeue",
    "start",
    "undepend",
    "update",
]
