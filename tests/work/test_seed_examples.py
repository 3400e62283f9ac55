"""The usage examples of the systems that Steward unites, as far as their rooms are built: each still does what it said.

SQL runs as it was written, on a connection of the application's role; what was a helper is the operation it maps to.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from docs import seeds
from steward.kit.db import Database
from tests.work.scene import call, owner, project


@pytest.fixture
def empty(database: Database) -> Database:
    return database


def _created(database: Database) -> Any:
    """Make the project of the orchestration database's example."""
    call(
        database,
        "projects.add",
        name="AI Code Generator",
        description="Automated code generation system",
        repository_url="https://github.com/user/ai-codegen",
    )
    return call(
        database,
        "projects.update",
        project="AI Code Generator",
        github_repo_id=123456789,
        linear_team_id="team_abc123",
    )


# ------------------------------------------------------------------------------------------------------------------ S1


def test_s1_create_project(empty: Database) -> None:
    made = call(
        empty,
        "projects.add",
        name="my-project",
        path="/path/to/project",
        description="My awesome project",
    )
    found = call(empty, "projects.get", project="my-project")
    assert found == made
    assert (found.path, found.status, found.metadata) == ("/path/to/project", "active", {})
    call(empty, "projects.add", name="newer")
    assert [each.name for each in call(empty, "projects.list").items] == ["newer", "my-project"]
    assert call(empty, "projects.update", project="my-project", status="paused").status == "paused"


def test_s1_query_helpers_of_epics(empty: Database) -> None:
    project(empty)
    call(empty, "work.add_epic", project="acme", epic_id="EPIC-001", title="Database Foundation")
    call(
        empty,
        "work.add_epic",
        project="acme",
        epic_id="EPIC-002",
        title="MCP Server",
        depends_on=["EPIC-001"],
        priority="high",
        complexity="moderate",
    )
    found = call(empty, "work.get_epic", epic="EPIC-001", project="acme")
    assert (found.status, found.priority.name, found.completed_at) == ("planned", "MEDIUM", None)
    assert [each.epic_id for each in call(empty, "work.list_epics", project="acme").items] == [
        "EPIC-002",
        "EPIC-001",
    ]
    call(empty, "work.update_epic", epic="EPIC-001", project="acme", status="in_progress")
    done = call(empty, "work.update_epic", epic="EPIC-001", project="acme", status="completed")
    assert done.completed_at is not None


def test_s1_query_helpers_of_issues_and_tasks(empty: Database) -> None:
    project(empty)
    call(empty, "work.add_epic", project="acme", epic_id="EPIC-001", title="Database Foundation")
    for title in ("Set up PostgreSQL", "Create migration system"):
        call(empty, "work.add_issue", project="acme", epic="EPIC-001", title=title, labels=["database"])
    listed = call(empty, "work.list_issues", project="acme", epic="EPIC-001").items
    assert [each.title for each in listed] == ["Create migration system", "Set up PostgreSQL"]
    for title in ("client class", "query helpers"):
        call(empty, "work.add", project="acme", issue="ACME-1", title=title, estimated_minutes=30)
    for of in ({"issue": "ACME-1"}, {"epic": "EPIC-001"}):
        rows = call(empty, "work.list", project="acme", order="place", **of).items
        assert [row.title for row in rows] == ["client class", "query helpers"]
    call(empty, "work.update", task="ACME-3", actual_minutes=25)
    call(empty, "work.finish", task="ACME-3")
    found = call(empty, "work.get", task="ACME-3")
    assert (found.text.actual_minutes, found.task.completed_at is not None) == (25, True)
    closed = call(empty, "work.close_issue", issue="ACME-1")
    assert (closed.status, closed.closed_at is not None) == ("closed", True)
    counted = call(empty, "work.statistics", project="acme")
    assert (counted.total_epics, counted.total_issues, counted.open_issues) == (1, 2, 1)
    assert (counted.total_tasks, counted.completed_tasks) == (2, 1)


# ------------------------------------------------------------------------------------------------------------------ S2


def _workflow_with_tasks(database: Database) -> tuple[str, str, str]:
    """Run the example of the basic set-up; return the workflow and its two tasks."""
    made = _created(database)
    workflow = call(
        database,
        "work.add_workflow",
        project=str(made.id),
        name="Feature Development Workflow",
        description="End-to-end feature development process",
        requirements="Implement user authentication system with OAuth2 support",
    )
    auth = call(
        database,
        "work.add",
        workflow=str(workflow.id),
        title="Implement OAuth2 Authentication",
        description="Set up OAuth2 authentication with Google and GitHub providers",
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
        database,
        "work.add",
        workflow=str(workflow.id),
        title="Create Authentication UI",
        description="Design and implement login/logout interface",
        requirements=["Responsive design", "Error handling", "Loading states"],
        priority=7,
        estimated_minutes=4 * 60,
    )
    for _ in range(2):
        call(database, "work.depend", task=ui.task.ref, on=auth.task.ref, type="blocks")
    return str(workflow.id), str(auth.task.ref), str(ui.task.ref)


def test_s2_basic_setup(empty: Database) -> None:
    workflow, auth, ui = _workflow_with_tasks(empty)
    made = call(empty, "projects.get", project="AI Code Generator")
    assert (made.github_repo_id, made.linear_team_id, made.settings) == (123456789, "team_abc123", {})
    found = call(empty, "work.get_workflow", workflow=workflow)
    assert (found.project_name, found.current_phase, found.status) == (
        "AI Code Generator",
        "initiation",
        "pending",
    )
    assert found.progress == {"completed": 0, "total": 2, "percentage": 0}
    task = call(empty, "work.get", task=auth)
    assert (task.text.workflow, task.task.status, int(task.task.priority)) == (
        "Feature Development Workflow",
        "pending",
        9,
    )
    assert len(task.text.acceptance_criteria) == 3
    assert [row.ref for row in call(empty, "work.list", workflow=workflow).items] == [auth, ui]
    assert [link.ref for link in call(empty, "work.get", task=ui).waits_for] == [auth]


def test_s2_features_of_the_database_manager(empty: Database) -> None:
    workflow, auth, _ = _workflow_with_tasks(empty)
    renamed = call(empty, "projects.update", project="AI Code Generator", description="Now different")
    assert renamed.description == "Now different"
    call(empty, "work.update_workflow", workflow=workflow, status="active", metrics={"a": 1})
    assert call(empty, "work.update_workflow", workflow=workflow, metrics={"b": 2}).metrics == {
        "a": 1,
        "b": 2,
    }
    call(empty, "work.update", task=auth, metadata={"a": 1})
    call(empty, "work.update", task=auth, status="in-progress", metadata={"b": 2})
    assert call(empty, "work.get", task=auth).text.metadata == {"a": 1, "b": 2}
    call(empty, "work.finish", task=auth, actual_minutes=4 * 60)
    figures = call(empty, "work.workflow_analytics", workflow=workflow).workflow
    assert (figures.total_tasks, figures.completed_tasks, figures.completion_percentage) == (2, 1, 50)
    # Estimated by actual hours of all that has both, in per cent.
    assert figures.efficiency_score is not None
    counted = call(empty, "work.statistics", project="all")
    assert (counted.total_projects, counted.total_workflows, counted.total_tasks) == (1, 1, 2)


INDEXES = (
    "CREATE INDEX idx_tasks_composite_status_priority ON tasks(status, priority DESC, created_at ASC);",
    "CREATE INDEX idx_epics_status ON epics(status);",
)


@pytest.mark.parametrize("statement", INDEXES)
def test_s2_indexes_are_made_as_they_were_written(empty: Database, statement: str) -> None:
    with owner(empty) as connection:
        connection.execute("set search_path to projects, work, public")
        connection.execute(statement)
    with empty.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.replace("INDEX idx", "INDEX idx2"))


def test_s2_the_function_has_its_name_and_signature(empty: Database) -> None:
    workflow, _, _ = _workflow_with_tasks(empty)
    with empty.connection() as connection:
        connection.execute("SELECT calculate_workflow_analytics(%s)", (workflow,))
        row = connection.execute(
            "SELECT total_tasks, completion_percentage FROM workflow_analytics WHERE workflow_id = %s",
            (workflow,),
        ).fetchone()
    assert row == (2, 0)


# ------------------------------------------------------------------------------------------------------------- by name


def _relations() -> list[tuple[str, str]]:
    """Return every table and view of the four systems whose room is built."""
    return sorted(
        {
            (system, name)
            for system, kinds in seeds.known()["names"].items()
            for names in kinds.values()
            for name, text in names.items()
            if text.startswith(("table ", "view ")) and name == name.lower()
        }
    )


def test_every_table_and_view_is_found_by_its_name(empty: Database) -> None:
    with empty.connection() as connection:
        for system, name in _relations():
            columns = connection.execute(f"SELECT * FROM {name} LIMIT 0").description
            assert columns, f"{system} {name}"
