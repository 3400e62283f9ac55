"""Workflows: phases, states, stamps, derived progress, tasks of a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from steward.domains.work import (
    DependencyCycle,
    TaskStatus,
    TransitionRefused,
    WorkflowPhase,
    WorkflowStatus,
)
from steward.kit.db import Database
from steward.kit.errors import Invalid, NotFound, StaleVersion
from tests.work.scene import Hand, add, call, owner, project


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    project(database)
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def workflow(database: Database, name: str = "Release", **arguments: Any) -> str:
    return str(call(database, "work.add_workflow", name=name, **({"project": "acme"} | arguments)).id)


def test_a_workflow_has_what_the_seed_gives_it(stage: Database) -> None:
    found = call(stage, "work.add_workflow", name="Feature", project="acme", requirements="sign in by OAuth2")
    assert (found.current_phase, found.status) == (WorkflowPhase.INITIATION, WorkflowStatus.PENDING)
    assert found.progress == {"completed": 0, "total": 0, "percentage": 0}
    assert (found.metrics, found.errors, found.project_name) == ({}, [], "Acme")
    assert (found.started_at, found.completed_at) == (None, None)


def test_the_usage_example_of_the_orchestration_seed(stage: Database) -> None:
    made = call(
        stage,
        "work.add_workflow",
        project="acme",
        name="Feature Development Workflow",
        description="End-to-end feature development process",
        requirements="Implement user authentication system with OAuth2 support",
    )
    auth = call(
        stage,
        "work.add",
        workflow=str(made.id),
        title="Implement OAuth2 Authentication",
        requirements=["OAuth2 library integration", "User session management", "Security validation"],
        acceptance_criteria=[
            "Users can login with Google",
            "Users can login with GitHub",
            "Sessions are secure",
        ],
        priority=9,
        estimated_minutes=8 * 60,
    )
    ui = call(
        stage,
        "work.add",
        workflow="feature development workflow",
        title="Create Authentication UI",
        priority=7,
    )
    call(stage, "work.depend", task=ui.task.ref, on=auth.task.ref, type="blocks")
    call(stage, "work.depend", task=ui.task.ref, on=auth.task.ref, type="blocks")
    assert call(stage, "work.get", task=ui.task.ref).text.workflow == made.name
    assert [row.title for row in call(stage, "work.list", workflow=str(made.id)).items] == [
        "Implement OAuth2 Authentication",
        "Create Authentication UI",
    ]
    assert [row.ref for row in call(stage, "work.list", workflow=str(made.id), ready=True).items] == [
        "ACME-1"
    ]


def test_progress_is_counted_never_stored(stage: Database) -> None:
    """Section 6, S2 9: status updates never set a workflow's progress."""
    made = workflow(stage)
    for title in "abc":
        add(stage, title, workflow=made)
    add(stage, "elsewhere")
    call(stage, "work.finish", task="ACME-1")
    before = call(stage, "work.get_workflow", workflow=made)
    assert before.progress == {"completed": 1, "total": 3, "percentage": 33.33}
    call(stage, "work.delete", task="ACME-2")
    after = call(stage, "work.get_workflow", workflow=made)
    assert after.progress == {"completed": 1, "total": 2, "percentage": 50}
    assert after.version == before.version == 1, "finishing a task writes no row of the workflow"


def test_times_are_stamped(stage: Database) -> None:
    """Section 6, S2 9: status updates never set started_at and completed_at."""
    made = workflow(stage)
    begun = call(stage, "work.update_workflow", workflow=made, status="in-progress")
    assert begun.status == WorkflowStatus.ACTIVE
    assert begun.started_at is not None
    ended = call(stage, "work.update_workflow", workflow=made, status="done")
    assert (ended.status, ended.current_phase) == (WorkflowStatus.COMPLETED, WorkflowPhase.COMPLETED)
    assert (ended.started_at, ended.completed_at is not None) == (begun.started_at, True)
    again = call(stage, "work.update_workflow", workflow=made, status="active")
    assert (again.current_phase, again.completed_at) == (WorkflowPhase.DEVELOPMENT, None)
    task = add(stage, "a", workflow=made)
    call(stage, "work.start", task=task)
    found = call(stage, "work.get", task=task)
    assert found.text.started_at is not None
    call(stage, "work.finish", task=task)
    assert call(stage, "work.get", task=task).task.completed_at is not None


def test_states_go_by_the_rules(stage: Database) -> None:
    """Section 6, S2 9: there were no rules for changes of state."""
    made = workflow(stage, status="completed")
    with pytest.raises(TransitionRefused, match="Release cannot go from completed to paused"):
        call(stage, "work.update_workflow", workflow=made, status="paused")
    with owner(stage) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute("update work.workflows set status = 'cancelled'")
    assert refused.value.sqlstate == "STW04"


def test_phases_follow_one_another(stage: Database) -> None:
    made = workflow(stage)
    told = [call(stage, "work.advance_workflow", workflow=made) for _ in range(5)]
    assert [one.current_phase.value for one in told] == [
        "planning",
        "development",
        "testing",
        "deployment",
        "completed",
    ]
    assert [one.status.value for one in told] == ["active"] * 4 + ["completed"]
    assert told[-1].completed_at is not None
    with pytest.raises(TransitionRefused, match="no next phase"):
        call(stage, "work.advance_workflow", workflow=made)
    back = call(stage, "work.advance_workflow", workflow=made, phase="testing")
    assert (back.status, back.completed_at) == (WorkflowStatus.ACTIVE, None)


def test_a_paused_workflow_stands_still(stage: Database) -> None:
    made = workflow(stage)
    call(stage, "work.update_workflow", workflow=made, status="paused")
    with pytest.raises(TransitionRefused, match="stands still"):
        call(stage, "work.advance_workflow", workflow=made)


def test_a_failed_workflow_keeps_what_went_wrong(stage: Database) -> None:
    made = workflow(stage)
    call(stage, "work.advance_workflow", workflow=made, phase="development")
    call(stage, "work.update_workflow", workflow=made, error="the build broke", metrics={"builds": 3})
    failed = call(stage, "work.update_workflow", workflow=made, status="failed", metrics={"tests": 7})
    assert (failed.status, failed.current_phase) == (WorkflowStatus.FAILED, WorkflowPhase.FAILED)
    assert failed.completed_at is not None
    assert failed.metrics == {"builds": 3, "tests": 7}
    assert [(one["message"], one["phase"]) for one in failed.errors] == [("the build broke", "development")]


@pytest.mark.parametrize("column", ["status = 'in-progress'", "current_phase = 'review'", "errors = '{}'"])
def test_the_database_itself_refuses_unknown_words(stage: Database, column: str) -> None:
    workflow(stage)
    with owner(stage) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(f"update work.workflows set {column}")
    assert refused.value.sqlstate in ("23514", "STW04")


def test_only_known_columns_are_written(stage: Database) -> None:
    """Section 6, S2 3: column names were built from the caller's keys."""
    made = workflow(stage)
    evil = "name = 'owned' where true; --"
    with pytest.raises(Invalid, match="has no argument"):
        call(stage, "work.update_workflow", workflow=made, **{evil: "x"})
    with pytest.raises(Invalid, match="has no argument id"):
        call(stage, "work.update_workflow", workflow=made, id=made)
    changed = call(stage, "work.update_workflow", workflow=made, name=evil, metrics={evil: 1})
    assert (changed.name, changed.metrics) == (evil, {evil: 1})


def test_tasks_do_not_wait_for_themselves_or_in_a_circle(stage: Database) -> None:
    """Section 6, S2 5: cycles and self-dependencies were not prevented."""
    made = workflow(stage)
    for title in "abc":
        add(stage, title, workflow=made)
    with pytest.raises(Invalid):
        call(stage, "work.depend", task="ACME-1", on="ACME-1")
    call(stage, "work.depend", task="ACME-2", on="ACME-1")
    call(stage, "work.depend", task="ACME-3", on="ACME-2")
    with pytest.raises(DependencyCycle):
        call(stage, "work.depend", task="ACME-1", on="ACME-3")


def test_failed_is_a_state_of_a_task(stage: Database) -> None:
    """Section 6, S2 5: failed tasks were counted although no task could be failed."""
    made = workflow(stage)
    task = add(stage, "a", workflow=made)
    call(stage, "work.fail", task=task, reason="no", final=True)
    assert call(stage, "work.get", task=task).task.status == TaskStatus.FAILED
    assert call(stage, "work.workflow_analytics", workflow=made).workflow.failed_tasks == 1


def test_a_task_belongs_to_a_workflow_of_its_project(stage: Database) -> None:
    project(stage, "other")
    other = workflow(stage, "Elsewhere", project="other")
    task = add(stage, "a")
    with pytest.raises(Invalid):
        call(stage, "work.add", title="b", project="acme", workflow=other)
    with owner(stage) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("update work.tasks set workflow_id = %s where number = 1", (other,))
    made = workflow(stage)
    assert call(stage, "work.update", task=task, workflow=made).text.workflow == "Release"
    assert call(stage, "work.update", task=task, workflow="none").text.workflow is None


def test_workflows_are_found_and_listed(stage: Database) -> None:
    made = [
        workflow(stage, name, status=status)
        for name, status in (("A", "active"), ("B", "pending"), ("C", "active"))
    ]

    def listed(**arguments: Any) -> list[str]:
        return [
            row.name for row in call(stage, "work.list_workflows", **({"project": "acme"} | arguments)).items
        ]

    assert listed() == listed(project="all") == ["C", "B", "A"]
    assert listed(status=["active"]) == ["C", "A"]
    assert listed(phase="testing") == []
    assert listed(text="b") == ["B"]
    assert (
        call(stage, "work.get_workflow", workflow="a").id
        == call(stage, "work.get_workflow", workflow=made[0]).id
    )
    workflow(stage, "a")
    with pytest.raises(Invalid, match="more than one workflow"):
        call(stage, "work.get_workflow", workflow="A")
    call(stage, "work.archive_workflow", workflow=made[0])
    assert listed() == ["a", "C", "B"]
    first = call(stage, "work.list_workflows", project="acme", limit=2)
    rest = call(stage, "work.list_workflows", project="acme", limit=2, cursor=first.next_cursor)
    assert [row.name for row in rest.items] == ["B"]
    with pytest.raises(NotFound):
        call(stage, "work.get_workflow", workflow="nothing")


def test_a_stale_version_is_refused(stage: Database) -> None:
    made = workflow(stage)
    call(stage, "work.advance_workflow", workflow=made, version=1)
    with pytest.raises(StaleVersion):
        call(stage, "work.advance_workflow", workflow=made, version=1)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", WorkflowStatus.PENDING),
        ("running", WorkflowStatus.ACTIVE),
        ("in-progress", WorkflowStatus.ACTIVE),
        ("paused", WorkflowStatus.PAUSED),
        ("done", WorkflowStatus.COMPLETED),
        ("failed", WorkflowStatus.FAILED),
        ("canceled", WorkflowStatus.CANCELLED),
    ],
)
def test_every_seeds_word_for_a_state_is_understood(word: str, status: WorkflowStatus) -> None:
    assert WorkflowStatus(word) is status


def test_finishing_tasks_of_one_workflow_at_once_holds_nobody_up(stage: Database) -> None:
    made = workflow(stage)
    for title in "ab":
        add(stage, title, workflow=made)
    first, second = Hand(stage), Hand(stage)
    finish = "select work.finish_task(id) from work.tasks where title = %s"
    first.run(finish, "a")
    second.begin(finish, "b")
    assert not second.waits()
    second.end()
    second.commit()
    first.commit()
    assert call(stage, "work.get_workflow", workflow=made).progress["completed"] == 2
