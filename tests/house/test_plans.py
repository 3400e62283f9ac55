"""The plans of hot operations, ten executions long: by then the server has settled on its generic ones.

The server itself tells the plan of every statement, those inside functions and triggers too (auto_explain).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from steward.kit import op
from steward.kit.db import Actor, Database
from tests.servers import Server

EXECUTIONS = 10
ROWS = 20_000
LARGE = {"tasks", "ready_queue", "task_dependencies", "audit_logs"}
LARGE |= {"agent_sessions", "token_usage", "chat_messages", "tool_calls", "agent_executions"}
SESSION = "a0000000-0000-4000-8000-000000000077"
# To say how many others are ready, or to look for a label among all, is to read the narrow queue of one project.
READS_THE_QUEUE = {"next", "ready with a label"}
AGENT = Actor(role="admin", agent="planner-bot")
EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_level": "notice",
    "auto_explain.log_format": "json",
    "client_min_messages": "notice",
    "jit": "off",
}
# Triggers off: they are not what is looked at, and number tasks one by one.
FILL = """
set session_replication_role = replica;
insert into projects.projects (name, slug, key) values ('Large', 'large', 'LARGE');
insert into projects.project_counters (project_id, last_number)
select id, %(rows)s
from projects.projects
where slug = 'large';
insert into work.tasks (project_id, number, title, priority, labels)
select p.id, n, 'task ' || n, n %% 10 + 1, array['l' || n %% 50]
from projects.projects p, generate_series(1, %(rows)s) n
where p.slug = 'large';
analyze work.tasks;
insert into work.task_dependencies (task_id, depends_on_task_id, project_id)
select b.id, a.id, a.project_id
from work.tasks a
join work.tasks b on b.project_id = a.project_id and b.number = a.number + 1
where a.number %% 2 = 1;
analyze work.task_dependencies;
select work.refresh_queue(array(select id from work.tasks));
select work.recount();
insert into telemetry.agent_sessions (id, project_id, agent_id, external_id, start_time, last_seen_at)
select ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, p.id, 'claude-code', n::text, t.at, t.at
from projects.projects p, generate_series(1, %(rows)s / 4) n, lateral (select now() - n * interval '1 hour' as at) t
where p.slug = 'large';
insert into telemetry.token_usage (id, session_id, project_id, agent_id, model, at, output_tokens)
select kit.new_id(), s.id, s.project_id, s.agent_id, 'm', s.start_time + n * interval '1 second', n
from telemetry.agent_sessions s, generate_series(1, 6) n;
insert into telemetry.chat_messages (id, session_id, role, content, "timestamp", source)
select kit.new_id(), s.id, 'user', 'word message' || s.external_id, s.start_time + n * interval '1 second', 'transcript'
from telemetry.agent_sessions s, generate_series(1, 6) n;
insert into telemetry.tool_calls (session_id, call_id, name, input, started_at)
select s.id, 'call' || n, 'Bash', repeat('x', 200), s.start_time + n * interval '1 second'
from telemetry.agent_sessions s, generate_series(1, 6) n;
insert into telemetry.session_tasks (session_id, task_id, source, from_at)
select s.id, t.id, 'run', s.start_time
from telemetry.agent_sessions s
join work.tasks t on t.number = s.external_id::bigint;
insert into agents.agents (name, display_name) values ('planner-bot', 'planner-bot');
insert into telemetry.agent_executions (agent_id, task_id, project_id, session_id, status, started_at, completed_at)
select a.id, s.task_id, t.project_id, s.session_id, 'success', s.from_at, s.from_at
from telemetry.session_tasks s
join work.tasks t on t.id = s.task_id
join agents.agents a on a.name = 'planner-bot';
reset session_replication_role
"""


@dataclass
class Stage:
    """A large project, and the plans that the server told since the last look."""

    database: Database
    plans: list[dict[str, Any]]

    def call(self, name: str, **arguments: Any) -> Any:
        """Run an operation as an agent."""
        return op.run(self.database, op.operation(name), arguments, actor=AGENT)


@pytest.fixture(scope="module")
def stage(server: Server, template: str) -> Iterator[Stage]:
    with server.superuser() as connection:
        try:
            connection.execute("load 'auto_explain'")
        except psycopg.errors.UndefinedFile:
            pytest.skip("this server has no auto_explain")
    name = server.clone(template)
    with server.superuser(name) as owner:
        for statement in FILL.split(";\n"):
            owner.execute(statement, {"rows": ROWS})
        owner.execute("analyze")
    with server.superuser() as connection:
        for setting, value in EXPLAIN.items():
            connection.execute(f"alter database \"{name}\" set {setting} = '{value}'")
    with server.database(name, pool_size=1) as database:
        plans: list[dict[str, Any]] = []
        with database.connection() as connection:
            connection.add_notice_handler(lambda told: plans.extend(_plan(told.message_primary or "")))
        yield Stage(database, plans)
    server.drop(name)


def _plan(message: str) -> Iterator[dict[str, Any]]:
    head, _, body = message.partition("plan:\n")
    if head.startswith("duration:"):
        yield json.loads(body)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _scans(plans: list[dict[str, Any]], large: set[str] = LARGE) -> list[str]:
    """Name each large table that is read from end to end, with the statement that does so."""
    return [
        f"{node['Relation Name']}: {plan['Query Text'][:200]}"
        for plan in plans
        for node in _nodes(plan["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large
    ]


def _claim_and_back(stage: Stage) -> None:
    claim = stage.call("work.claim", project="large")
    stage.call("work.heartbeat", task=claim.task.task.ref, token=claim.token)
    stage.call("work.give_back", task=claim.task.task.ref, token=claim.token)


def _claim_and_finish(stage: Stage) -> None:
    claim = stage.call("work.claim", project="large")
    stage.call("work.start", task=claim.task.task.ref, token=claim.token)
    stage.call("work.finish", task=claim.task.task.ref, token=claim.token)


HOT: dict[str, Callable[[Stage], Any]] = {
    "ready": lambda stage: stage.call("work.ready", project="large", limit=20),
    "ready with a label": lambda stage: stage.call("work.ready", project="large", labels=["l7"], limit=20),
    "next": lambda stage: stage.call("work.next", project="large"),
    "claim, heartbeat, give back": _claim_and_back,
    "claim, start, finish": _claim_and_finish,
    "get": lambda stage: stage.call("work.get", task="LARGE-77"),
    "list": lambda stage: stage.call("work.list", project="large", limit=50),
    "list by status": lambda stage: stage.call(
        "work.list", project="large", status=["in_progress"], limit=50
    ),
    "list by label": lambda stage: stage.call("work.list", project="large", label="l7", limit=50),
    "list by a rare word": lambda stage: stage.call("work.list", project="all", text="19777", limit=50),
    "list by a common word": lambda stage: stage.call("work.list", project="all", text="task", limit=50),
    "list by assignee": lambda stage: stage.call("work.list", project="all", agent="planner-bot", limit=50),
    "list by place": lambda stage: stage.call("work.list", project="large", order="place", limit=50),
    "search for a rare word": lambda stage: stage.call("work.search", text="19777", project="all"),
    "search for a common word": lambda stage: stage.call("work.search", text="task", project="large"),
    "overview": lambda stage: stage.call("work.overview", project="all"),
    "progress": lambda stage: stage.call("work.progress"),
    "statistics": lambda stage: stage.call("work.statistics", project="all"),
    "blocked": lambda stage: stage.call("work.blocked", project="all", limit=20),
    "add": lambda stage: stage.call("work.add", title="one more", project="large"),
    "sessions": lambda stage: stage.call("telemetry.list", project="all"),
    "sessions of a project": lambda stage: stage.call("telemetry.list", project="large"),
    "sessions of a task": lambda stage: stage.call("telemetry.list", project="all", task="LARGE-77"),
    "active sessions": lambda stage: stage.call("telemetry.active", project="all"),
    "a session": lambda stage: stage.call("telemetry.get", session=SESSION),
    "conversation": lambda stage: stage.call("telemetry.conversation", session=SESSION, limit=5),
    "conversation from its end": lambda stage: stage.call(
        "telemetry.conversation", session=SESSION, last=True
    ),
    "messages by a rare word": lambda stage: stage.call(
        "telemetry.search_messages", project="all", text="message77"
    ),
    "messages by a common word": lambda stage: stage.call(
        "telemetry.search_messages", project="all", text="word"
    ),
    "what a task took": lambda stage: stage.call("telemetry.task_sessions", task="LARGE-77"),
    "executions": lambda stage: stage.call("telemetry.list_executions", project="all"),
    "executions of an agent": lambda stage: stage.call(
        "telemetry.list_executions", project="all", agent="planner-bot"
    ),
}


@pytest.mark.parametrize("name", HOT)
def test_no_large_table_is_read_from_end_to_end(stage: Stage, name: str) -> None:
    for _ in range(EXECUTIONS):
        HOT[name](stage)
    stage.plans.clear()
    HOT[name](stage)
    assert len(stage.plans) >= 2, "the server told no plans"
    assert _scans(stage.plans, LARGE - {"ready_queue"} if name in READS_THE_QUEUE else LARGE) == []


def test_the_test_would_notice(stage: Stage) -> None:
    stage.plans.clear()
    with stage.database.transaction(AGENT) as db:
        db.connection.execute("select count(*) from work.tasks where description = 'x'").fetchone()
    assert [one.partition(":")[0] for one in _scans(stage.plans)] == ["tasks"]
