"""Operations of asking people: an agent asks, its task waits, a person answers, the agent goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from steward.domains import accounts
from steward.domains.work.find import scope, task_of
from steward.domains.work.types import Priority
from steward.domains.work.types_talk import Question, QuestionStatus, Waiting
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid, NotFound
from steward.kit.ids import id_of
from steward.kit.op import Page, Profile, op


class WaitingBy(StrEnum):
    """Whose waiting is added up."""

    TASK = "task"
    AGENT = "agent"
    PROJECT = "project"


def _get(db: Db, question_id: UUID) -> Question:
    found = db.maybe("work.get_question", Question, id=question_id)
    if found is None:
        raise NotFound(f"there is no question {question_id}", hint="`steward work inbox` lists the open ones")
    return found


def _id(db: Db, words: str) -> UUID:
    return id_of(db, "question", words, "work.questions_between", "`steward work inbox` lists the open ones")


def _expiry(minutes: int | None) -> datetime | None:
    if minutes is None:
        return None
    if not 1 <= minutes <= 525_600:
        raise Invalid(f"expires_in_minutes: {minutes} is not within 1 and 525600", hint="give up to a year")
    return datetime.now(UTC) + timedelta(minutes=minutes)


@op(write=True, profile=Profile.STANDARD, waits=True)
def ask(
    db: Db,
    *,
    task: str,
    question: str,
    token: int,
    choices: list[str] | None = None,
    urgency: Priority = Priority.MEDIUM,
    person: str | None = None,
    expires_in_minutes: int | None = None,
    until_answered: bool = False,
) -> Question | None:
    """Ask a person about a task that you hold; the task waits and the claim is kept meanwhile.

    The same question asked again under the same claim is the first one, so asking may be repeated.

    Args:
        task: such as ACME-42.
        question: what you need to know, with all that a person needs to decide.
        token: what claim returned.
        choices: answers to choose from; another one may be given all the same.
        urgency: 1 to 10, or low, medium, high, critical.
        person: whom to ask; whoever comes first when left out.
        expires_in_minutes: how long an answer is of use; 7 days when left out.
        until_answered: return nothing as long as the question is open, for waiting in the same call.
    """
    made = db.value(
        "work.ask_question",
        task_id=task_of(db, task).id,
        token=token,
        question=question.strip(),
        choices=[word for word in choices or [] if word.strip()],
        urgency=int(urgency),
        user_id=accounts.resolve_user(db, person) if person else None,
        expires_at=_expiry(expires_in_minutes),
    )
    return _unless_open(_get(db, made)) if until_answered else _get(db, made)


def _unless_open(question: Question) -> Question | None:
    return None if question.status is QuestionStatus.OPEN else question


@op(profile=Profile.STANDARD, waits=True)
def wait_answer(db: Db, *, question: str) -> Question | None:
    """Return a question that was answered, withdrawn or expired; nothing while it is open.

    Args:
        question: its id, or the first 8 digits of it or more.
    """
    return _unless_open(_get(db, _id(db, question)))


@op(write=True)
def answer(db: Db, *, question: str, answer: str) -> Question:
    """Answer a question as a person; the agent that asked is woken and goes on.

    Args:
        question: its id, or the first 8 digits of it or more.
        answer: one of the choices, or anything else.
    """
    found = _id(db, question)
    db.run("work.answer_question", id=found, answer=answer)
    return _get(db, found)


@op(write=True)
def withdraw(db: Db, *, question: str, token: int | None = None, reason: str | None = None) -> Question:
    """Take a question back; the task goes on without an answer.

    Args:
        question: its id, or the first 8 digits of it or more.
        token: what claim returned; a person needs none.
        reason: why it needs no answer any more.
    """
    found = _id(db, question)
    db.run("work.withdraw_question", id=found, token=token, reason=reason)
    return _get(db, found)


@op()
def get_question(db: Db, *, question: str | None = None, task: str | None = None) -> Question:
    """Show one question.

    Args:
        question: its id, or the first 8 digits of it or more.
        task: the open or newest question of this task, such as ACME-42.
    """
    if (question is None) == (task is None):
        raise Invalid("a question or a task is needed, and not both", hint="give one of them")
    if question is not None:
        return _get(db, _id(db, question))
    found = db.value("work.open_question", task_id=task_of(db, str(task)).id)
    if found is None:
        raise NotFound(
            f"nobody asked anything about {task}", hint="`steward work inbox` lists open questions"
        )
    return _get(db, found)


@op()
def inbox(
    db: Db,
    *,
    project: str | None = None,
    task: str | None = None,
    agent: str | None = None,
    status: QuestionStatus | None = None,
    mine: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Question]:
    """List questions that wait for people, the most urgent first, then the newest.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        task: only about this one, such as ACME-42.
        agent: only what this agent asks.
        status: open, or how they ended; open when left out, of one task all.
        mine: only those for you or for whoever comes first.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    urgency, time, last = cursors.decode(cursor, int, datetime, UUID)
    task_id = task_of(db, task).id if task else None
    rows = db.all(
        "work.list_questions",
        Question,
        project_id=None if task_id else scope(db, project),
        task_id=task_id,
        agent=agent,
        status=status or (None if task_id else QuestionStatus.OPEN),
        mine=mine,
        after_urgency=urgency,
        after_time=time,
        after_id=last,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda row: (int(row.urgency), row.created_at, row.id))


@op()
def count_questions(db: Db, *, project: str | None = None, mine: bool = False) -> int:
    """Count the questions that wait for people.

    Args:
        project: slug, key or id; the project in hand when left out, `all` for every project.
        mine: only those for you or for whoever comes first.
    """
    return int(db.value("work.count_questions", project_id=scope(db, project), mine=mine))


@op()
def waiting(
    db: Db, *, by: WaitingBy = WaitingBy.TASK, project: str | None = None, limit: int = 50
) -> list[Waiting]:
    """Show how long work has waited for people, the longest first.

    Args:
        by: add it up for each task, agent or project.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        limit: how many at most, 1 to 500.
    """
    if not 1 <= limit <= 500:
        raise Invalid(f"limit: {limit} is not between 1 and 500", hint="give 1 to 500")
    names = {
        WaitingBy.TASK: "work.waiting_of_tasks",
        WaitingBy.AGENT: "work.waiting_of_agents",
        WaitingBy.PROJECT: "work.waiting_of_projects",
    }
    return db.all(names[by], Waiting, project_id=scope(db, project), limit=limit)
