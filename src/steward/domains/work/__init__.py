"""Work: what is to be done, what it waits for, and who holds it.

Nouns
    An *epic* (EPIC-001) is a large piece of a project and may wait for other epics. An *issue* is what somebody
    reported or wants; it takes its number (ACME-7) from the counter that tasks use. A *workflow* is a run of work
    through phases. A task may belong to one of each, all of its own project; a subtask belongs where its parent does.
    A *task* belongs to a project, may be a part of another task, and has a number there (ACME-42).
    A *dependency* makes one task wait for another (blocks, subtask_of) or only relates them (relates_to).
    The *ready queue* holds every task that can be claimed now, and every one that an agent holds.
    A *claim* is a lease on a queue row: agent, fencing token, end.
    A *comment* is about a task or an issue, by a user or an agent. An *attachment* is a file of a task, kept once by
    the hash of its content. A *question* is what an agent asks a person about a task that it holds; the task waits.
    A *devlog entry* tells of development, with notes, ties and documents.
States
    Epics, issues, workflows and phases: `work.item_next` lists what may follow what; an end of a workflow is the end of
    its phases. Of tasks:
    draft → pending → in_progress → in_review, testing, awaiting_input, blocked → done, failed, cancelled, deferred;
    `work.may_become` lists what may follow what. A claim leaves a task pending; start sets in_progress; finish starts
    by itself.
Invariants, kept by the database against any client
    A task is in the queue exactly when it is open, has no open subtask, and neither it nor an ancestor waits for
    anything open (done and cancelled are out of the way). Nobody waits in a circle. A task with open subtasks is not
    finished. A token works only while its lease lasts and nobody else was given a newer one. A task that fails
    `max_attempts` times is put in quarantine until somebody requeues it. A task has one open question at most,
    is in awaiting_input meanwhile, and its claim lasts until the question is closed. What is found by its words
    is what is written now. A number means a task or an issue of its project, never both, and stays. Epics do not
    wait in a circle. Progress, hours and totals are derived; of tasks in each state, of the queue and of dependencies
    sums are kept with what has changed since, which together are exact.
"""

from __future__ import annotations

from steward.domains.work import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.work.errors import (
    AgentNeeded,
    DependencyCycle,
    OpenSubtasks,
    QuestionClosed,
    QuestionOpen,
    StaleToken,
    TaskNotReady,
    TooMuchInProgress,
    TransitionRefused,
)
from steward.domains.work.ops import add, delete, depend, get, list_, overview, undepend, update
from steward.domains.work.ops_attachments import (
    attach,
    delete_attachment,
    get_attachment,
    list_attachments,
    read_attachment,
)
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
from steward.domains.work.ops_comments import (
    comment,
    delete_comment,
    get_comment,
    list_comments,
    update_comment,
)
from steward.domains.work.ops_devlog import (
    add_devlog,
    add_document,
    add_note,
    archive_devlog,
    delete_document,
    depend_devlog,
    get_devlog,
    list_devlog,
    list_notes,
    read_document,
    undepend_devlog,
    update_devlog,
)
from steward.domains.work.ops_epics import add_epic, archive_epic, get_epic, list_epics, update_epic
from steward.domains.work.ops_issues import (
    add_issue,
    close_issue,
    delete_issue,
    get_issue,
    list_issues,
    update_issue,
)
from steward.domains.work.ops_progress import progress, pulse
from steward.domains.work.ops_questions import (
    WaitingBy,
    answer,
    ask,
    get_question,
    inbox,
    wait_answer,
    waiting,
    withdraw,
)
from steward.domains.work.ops_search import search
from steward.domains.work.ops_stats import (
    get_workflow_analytics,
    performance_summary,
    statistics,
    workflow_analytics,
)
from steward.domains.work.ops_workflows import (
    add_workflow,
    advance_workflow,
    archive_workflow,
    get_workflow,
    list_workflows,
    update_workflow,
)
from steward.domains.work.types import (
    Blocked,
    Choice,
    Claim,
    ClaimedTask,
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
from steward.domains.work.types_items import (
    Complexity,
    Epic,
    EpicStatus,
    Issue,
    IssueStatus,
    ItemId,
    Statistics,
    TaskFigures,
    Workflow,
    WorkflowAnalytics,
    WorkflowFigures,
    WorkflowPerformance,
    WorkflowPhase,
    WorkflowStatus,
)
from steward.domains.work.types_search import Found, Hit, SearchKind, Span
from steward.domains.work.types_talk import (
    Attachment,
    Comment,
    ContentType,
    Devlog,
    DevlogDocument,
    DevlogEntry,
    DevlogNote,
    DevlogPriority,
    DevlogRelation,
    DevlogStatus,
    DevlogTie,
    DevlogType,
    DocumentType,
    FileContent,
    KeptFile,
    NoteCategory,
    Question,
    QuestionStatus,
    Target,
    Waiting,
)

__all__ = [
    "AgentNeeded",
    "Attachment",
    "Blocked",
    "Choice",
    "Claim",
    "ClaimedTask",
    "Comment",
    "Complexity",
    "ContentType",
    "DependencyCycle",
    "DependencyType",
    "Devlog",
    "DevlogDocument",
    "DevlogEntry",
    "DevlogNote",
    "DevlogPriority",
    "DevlogRelation",
    "DevlogStatus",
    "DevlogTie",
    "DevlogType",
    "DocumentType",
    "Epic",
    "EpicStatus",
    "FileContent",
    "Found",
    "Hit",
    "Issue",
    "IssueStatus",
    "ItemId",
    "KeptFile",
    "Lease",
    "NoteCategory",
    "OpenSubtasks",
    "Overview",
    "Priority",
    "Progress",
    "Question",
    "QuestionClosed",
    "QuestionOpen",
    "QuestionStatus",
    "SearchKind",
    "Span",
    "StaleToken",
    "Statistics",
    "Target",
    "Task",
    "TaskFigures",
    "TaskLink",
    "TaskNotReady",
    "TaskOrder",
    "TaskRow",
    "TaskStatus",
    "TaskText",
    "TaskType",
    "TooMuchInProgress",
    "TransitionRefused",
    "Waiting",
    "WaitingBy",
    "Workflow",
    "WorkflowAnalytics",
    "WorkflowFigures",
    "WorkflowPerformance",
    "WorkflowPhase",
    "WorkflowStatus",
    "add",
    "add_devlog",
    "add_document",
    "add_epic",
    "add_issue",
    "add_note",
    "add_workflow",
    "advance_workflow",
    "answer",
    "archive_devlog",
    "archive_epic",
    "archive_workflow",
    "ask",
    "attach",
    "blocked",
    "claim",
    "close_issue",
    "comment",
    "delete",
    "delete_attachment",
    "delete_comment",
    "delete_document",
    "delete_issue",
    "depend",
    "depend_devlog",
    "fail",
    "finish",
    "get",
    "get_attachment",
    "get_comment",
    "get_devlog",
    "get_epic",
    "get_issue",
    "get_question",
    "get_workflow",
    "get_workflow_analytics",
    "give_back",
    "heartbeat",
    "inbox",
    "list_",
    "list_attachments",
    "list_comments",
    "list_devlog",
    "list_epics",
    "list_issues",
    "list_notes",
    "list_workflows",
    "next_",
    "overview",
    "performance_summary",
    "progress",
    "pulse",
    "read_attachment",
    "read_document",
    "ready",
    "requeue",
    "search",
    "start",
    "statistics",
    "undepend",
    "undepend_devlog",
    "update",
    "update_comment",
    "update_devlog",
    "update_epic",
    "update_issue",
    "update_workflow",
    "wait_answer",
    "waiting",
    "withdraw",
    "workflow_analytics",
]
