"""What can go wrong with work, each with the SQLSTATE under which SQL raises it."""

from __future__ import annotations

from steward.kit.errors import Conflict, Invalid


class TaskNotReady(Conflict):
    """The task cannot be claimed now."""

    code = "task_not_ready"
    sqlstate = "STW01"


class StaleToken(Conflict):
    """The token does not hold the task (any more)."""

    code = "stale_token"
    sqlstate = "STW02"


class DependencyCycle(Conflict):
    """Tasks would wait for each other in a circle."""

    code = "dependency_cycle"
    sqlstate = "STW03"


class TransitionRefused(Conflict):
    """A task cannot go from its status to that one."""

    code = "transition_refused"
    sqlstate = "STW04"


class OpenSubtasks(Conflict):
    """A task with open subtasks cannot be finished."""

    code = "open_subtasks"
    sqlstate = "STW05"


class TooMuchInProgress(Conflict):
    """The agent holds as many tasks as it may."""

    code = "too_much_in_progress"
    sqlstate = "STW06"


class TaskDone(Conflict):
    """The task was finished before."""

    code = "task_done"
    sqlstate = "STW07"


class QuestionOpen(Conflict):
    """Another question about the task waits for an answer."""

    code = "question_open"
    sqlstate = "STW10"


class QuestionClosed(Conflict):
    """The question was answered, withdrawn or expired before."""

    code = "question_closed"
    sqlstate = "STW11"


class AgentNeeded(Invalid):
    """Only an agent can do this, and none was named."""

    code = "agent_needed"
