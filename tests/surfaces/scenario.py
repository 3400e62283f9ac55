"""One story that uses every operation, told to each surface on a database of its own.

A step's arguments may be functions of what earlier steps gave, because ids and tokens differ from database to database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.surfaces.drivers import Driver, Failed

Results = dict[str, Any]
# The normalised outcome of every step.
Told = list[Any]
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$")
_SECRET = re.compile(r"stw_[A-Za-z0-9]+_[A-Za-z0-9_-]+|^stw_[A-Za-z0-9]+")
# What tells how a call came in differs by design.
_BY_SURFACE = frozenset(
    {
        "surface",
        "request",
        "request_id",
        "session",
        "ip",
        "ip_address",
        "user_agent",
        "took_ms",
        "mtime",
        "waited_ms",
        "execution_time_ms",
        "avg_execution_time_ms",
        "duration_s",
        "avg_duration_s",
        "total_duration_s",
        "avg_duration",
        "total_duration",
        "service_name",
    }
)


@dataclass(frozen=True)
class Step:
    """One call: an operation, its arguments, as which agent, and under which name its result is kept."""

    operation: str
    arguments: Mapping[str, Any | Callable[[Results], Any]] = field(default_factory=dict)
    agent: str | None = None
    key: str | None = None
    keep: str | None = None


def tell(driver: Driver, steps: list[Step]) -> Told:
    """Run the story and return every step's normalised outcome."""
    results: Results = {}
    names: dict[str, str] = {}
    told: Told = []
    for step in steps:
        given = {name: value(results) if callable(value) else value for name, value in step.arguments.items()}
        try:
            outcome = driver.call(step.operation, given, agent=step.agent, key=step.key)
        except Failed as failed:
            told.append({"error": normal(failed.body, names)})
            continue
        if step.keep:
            results[step.keep] = outcome
        told.append(normal(outcome, names))
    return told


def normal(value: Any, names: dict[str, str]) -> Any:
    """Return a result with what differs from run to run replaced: ids by their order, times by a word; no nulls."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None and key not in _BY_SURFACE}
        return {
            key: "<cursor>" if key == "next_cursor" else normal(item, names) for key, item in kept.items()
        }
    if isinstance(value, list):
        return [normal(item, names) for item in value]
    if isinstance(value, str):
        if _TIME.match(value):
            return "<time>"
        value = _SECRET.sub("<secret>", value)
        return _UUID.sub(lambda found: names.setdefault(found[0], f"<id {len(names)}>"), value)
    return value


def given(name: str, *path: str) -> Callable[[Results], Any]:
    """Return an argument that an earlier step gave."""

    def look(results: Results) -> Any:
        value = results[name]
        for part in path:
            value = value[part]
        return value

    return look


_ACME = {"project": "acme"}

ACCOUNTS = [
    Step("accounts.whoami"),
    Step(
        "accounts.add_user",
        {"username": "alice", "email": "alice@example.org", "role": "manager"},
        keep="alice",
    ),
    Step("accounts.add_user", {"username": "alice"}),
    Step("accounts.add_user", {"username": "bob", "metadata": {"team": ["core", 1]}}, key="one-bob"),
    Step("accounts.add_user", {"username": "bob", "metadata": {"team": ["core", 1]}}, key="one-bob"),
    Step("accounts.add_user", {"username": "carol"}, key="one-bob"),
    Step("accounts.get_user", {"user": "alice"}),
    Step("accounts.get_user", {"user": given("alice", "id")}),
    Step("accounts.get_user", {"user": "nobody"}),
    Step("accounts.update_user", {"user": "alice", "display_name": "Alice Ä. Müller", "version": 1}),
    Step("accounts.update_user", {"user": "alice", "display_name": "late", "version": 1}),
    Step("accounts.update_user", {"user": "alice", "role": "emperor"}),
    Step("accounts.list_users", {"limit": 2}, keep="page"),
    Step("accounts.list_users", {"role": "manager", "active": True}),
    Step("accounts.create_key", {"name": "laptop", "user": "bob"}, keep="key"),
    Step("accounts.list_keys", {"user": "bob"}),
    Step("accounts.revoke_key", {"key": given("key", "id")}),
    Step("accounts.list_keys", {"user": "bob", "revoked": True}),
    Step("accounts.delete_user", {"user": "alice"}),
]
PROJECTS = [
    Step(
        "projects.add",
        {
            "name": "Acme",
            "key": "ACME",
            "technology_stack": ["python", "sql"],
            "settings": {"a": {"b": None}},
        },
    ),
    Step("projects.add", {"name": "Acme"}),
    Step(
        "projects.add",
        {"name": "Über Größe", "repository_url": "git@github.com:Org/Repo.git", "path": "/srv/ueber"},
    ),
    Step("projects.get", {"project": "acme"}),
    Step("projects.get", {"project": "acne"}),
    Step("projects.list", {"limit": 1}, keep="page"),
    Step("projects.list", {"limit": 1, "cursor": given("page", "next_cursor")}),
    Step("projects.list", {"query": "größe"}),
    Step("projects.resolve", {"ref": "https://github.com/org/repo"}),
    Step("projects.update", {"project": "acme", "description": "two\nlines — “quoted” <b>", "version": 1}),
    Step("projects.update", {"project": "acme", "status": "paused"}),
    Step("projects.archive", {"project": "acme"}),
    Step("projects.restore", {"project": "acme"}),
    Step("projects.add_member", {"user": "bob", "project": "acme"}),
    Step("projects.list_members", {"project": "acme"}),
    Step("projects.remove_member", {"user": "bob", "project": "acme"}),
    Step(
        "projects.register_machine",
        {
            "machine_id": "m-1",
            "hostname": "box",
            "username": "ann",
            "os_type": "linux",
            "metadata": {"cores": 2},
        },
    ),
    Step("projects.list_machines"),
    Step(
        "projects.register_workspace",
        {
            "workspace_id": "w-1",
            "machine": "m-1",
            "path": "/home/ann/acme",
            "project": "acme",
            "branch": "main",
        },
    ),
    Step("projects.list_workspaces", {"project": "acme"}),
    Step("projects.hierarchy", {"project": "acme"}),
    Step("projects.delete", {"project": "uber-groe"}),
    Step("projects.delete", {"project": "https://github.com/org/repo"}),
]
AGENTS = [
    Step("agents.list_providers"),
    Step(
        "agents.register",
        {"name": "coder", "agent_type": "codegen", "capabilities": ["python"], "tags": ["x", "y"]},
    ),
    Step("agents.register", {"name": "spare"}),
    Step("agents.get", {"agent": "coder"}),
    Step("agents.get", {"agent": "codr"}),
    Step("agents.list", {"active": True}),
    Step("agents.update", {"agent": "coder", "temperature": 0.25, "max_tokens": 4096, "required_tools": []}),
    Step("agents.update", {"agent": "coder", "temperature": "warm"}),
    Step("agents.deactivate", {"agent": "spare"}),
]
WORK = [
    Step("work.next", _ACME),
    Step("work.claim", _ACME, agent="coder"),
    Step("work.add", {"title": "First", "priority": "high", "labels": ["a", "b"], **_ACME}, keep="first"),
    Step("work.add", {"title": "Second", "waits_for": ["ACME-1"], "metadata": {"n": [1, 2]}, **_ACME}),
    Step(
        "work.add",
        {"title": "Third", "priority": 2, "capabilities": ["python"], "due": "2030-01-31T12:00:00Z", **_ACME},
    ),
    Step("work.add", {"title": "Part of third", "parent": "ACME-3", "type": "bug", **_ACME}),
    Step("work.add", {"title": "", **_ACME}),
    Step("work.add", {"title": "x", "priority": "11", **_ACME}),
    Step("work.add", {"title": "x", "due": "tomorrow", **_ACME}),
    Step("work.add", {"title": "x", "colour": "red", **_ACME}),
    Step("work.add", {}),
    Step("work.get", {"task": "ACME-2"}),
    Step("work.get", {"task": "ACME-99"}),
    Step("work.list", {**_ACME, "limit": 2}, keep="page"),
    Step("work.list", {**_ACME, "limit": 2, "cursor": given("page", "next_cursor")}),
    Step("work.list", {**_ACME, "status": ["pending", "to do"], "label": "a"}),
    Step("work.list", {**_ACME, "text": "third", "order": "number"}),
    Step("work.list", {**_ACME, "cursor": "nonsense"}),
    Step("work.ready", _ACME),
    Step("work.blocked", _ACME),
    Step("work.next", _ACME),
    Step("work.update", {"task": "ACME-1", "description": "what & why", "labels": [], "version": 1}),
    Step("work.update", {"task": "ACME-1", "description": "late", "version": 1}),
    Step("work.depend", {"task": "ACME-3", "on": "ACME-2"}),
    Step("work.depend", {"task": "ACME-1", "on": "ACME-2"}),
    Step("work.undepend", {"task": "ACME-3", "on": "ACME-2"}),
    Step("work.claim", _ACME, agent="coder", keep="claim"),
    Step("work.claim", {"task": "ACME-1"}, agent="spare"),
    Step(
        "work.heartbeat",
        {"task": "ACME-1", "token": given("claim", "token"), "lease_seconds": 60},
        agent="coder",
    ),
    Step("work.heartbeat", {"task": "ACME-1", "token": 999_999}, agent="coder"),
    Step("work.start", {"task": "ACME-1", "token": given("claim", "token")}, agent="coder"),
    Step(
        "work.fail",
        {"task": "ACME-1", "token": given("claim", "token"), "reason": "no compiler"},
        agent="coder",
    ),
    Step("work.claim", {"task": "ACME-1"}, agent="coder", keep="claim"),
    Step(
        "work.give_back",
        {"task": "ACME-1", "token": given("claim", "token"), "reason": "lunch"},
        agent="coder",
    ),
    Step("work.claim", {"task": "ACME-1"}, agent="coder", key="claim-again", keep="claim"),
    Step("work.claim", {"task": "ACME-1"}, agent="coder", key="claim-again"),
    Step(
        "work.finish",
        {"task": "ACME-1", "token": given("claim", "token"), "result": "done so"},
        agent="coder",
    ),
    Step("work.finish", {"task": "ACME-1", "token": given("claim", "token")}, agent="coder"),
    Step("work.fail", {"task": "ACME-4", "reason": "never works", "final": True}),
    Step("work.requeue", {"task": "ACME-4"}),
    Step("work.claim_many", {**_ACME, "limit": 2}, agent="coder", keep="many"),
    Step("work.claim_many", {**_ACME, "limit": 0}, agent="coder"),
    Step("work.finish_many", {"tasks": ["ACME-4"], "tokens": [1, 2]}, agent="coder"),
    Step(
        "work.finish_many",
        {
            "tasks": lambda results: [one["task"]["ref"] for one in results["many"]][:1],
            "tokens": lambda results: [one["token"] for one in results["many"]][:1],
            "results": ["both at once"],
        },
        agent="coder",
    ),
    Step(
        "work.give_back",
        {
            "task": lambda results: results["many"][-1]["task"]["ref"],
            "token": lambda results: results["many"][-1]["token"],
        },
        agent="coder",
    ),
    Step("work.overview", {**_ACME, "limit": 5}),
    Step("work.progress"),
    Step("work.delete", {"task": "ACME-4"}),
]
ITEMS = [
    Step("work.add_epic", {"title": "Sign in", "estimated_hours": 4.5, "complexity": "medium", **_ACME}),
    Step(
        "work.add_epic",
        {"title": "Pay", "depends_on": ["EPIC-001"], "metadata": {"n": [1]}, **_ACME},
        keep="epic",
    ),
    Step("work.add_epic", {"title": " ", **_ACME}),
    Step("work.get_epic", {"epic": "EPIC-002", **_ACME}),
    Step("work.get_epic", {"epic": "EPIC-009", **_ACME}),
    Step("work.update_epic", {"epic": "EPIC-001", "depends_on": ["EPIC-002"], **_ACME}),
    Step("work.update_epic", {"epic": "ACME/EPIC-001", "status": "done", "version": 1}),
    Step("work.update_epic", {"epic": "ACME/EPIC-001", "status": "blocked"}),
    Step("work.list_epics", {**_ACME, "status": ["planned", "done"], "limit": 1}, keep="page"),
    Step("work.list_epics", {**_ACME, "limit": 1, "cursor": given("page", "next_cursor")}),
    Step("work.archive_epic", {"epic": given("epic", "id")}),
    Step("work.archive_epic", {"epic": given("epic", "id"), "restore": True}),
    Step(
        "work.add_issue", {"title": "Crash", "epic": "EPIC-001", "labels": ["x", "y"], **_ACME}, keep="issue"
    ),
    Step("work.add_issue", {"title": "Typo", "github_id": 5_000_000_000, **_ACME}, keep="typo"),
    Step("work.get_issue", {"issue": given("issue", "ref")}),
    Step("work.get_issue", {"issue": "ACME-1"}),
    Step("work.list_issues", {**_ACME, "label": "x", "status": ["open"]}),
    Step(
        "work.update_issue", {"issue": given("issue", "ref"), "assignee": "ann", "epic": "none", "version": 1}
    ),
    Step("work.close_issue", {"issue": given("issue", "ref"), "reason": "fixed"}),
    Step("work.delete_issue", {"issue": given("typo", "ref")}),
    Step("work.add_workflow", {"name": "Release 1", "requirements": "all of it", **_ACME}, keep="flow"),
    Step(
        "work.add",
        {"title": "Build", "workflow": "release 1", "epic": "EPIC-002", "estimated_minutes": 30, **_ACME},
    ),
    Step(
        "work.add",
        {"title": "Try", "workflow": given("flow", "id"), "issue": given("issue", "ref")},
        keep="try",
    ),
    Step("work.update", {"task": given("try", "task", "ref"), "issue": "none"}),
    Step("work.list", {**_ACME, "workflow": "Release 1", "order": "place"}),
    Step("work.get_workflow", {"workflow": "Release 1", **_ACME}),
    Step("work.get_workflow", {"workflow": "Release 2", **_ACME}),
    Step(
        "work.update_workflow",
        {"workflow": given("flow", "id"), "metrics": {"builds": 2}, "status": "active"},
    ),
    Step("work.advance_workflow", {"workflow": given("flow", "id"), "version": 2}),
    Step("work.advance_workflow", {"workflow": given("flow", "id"), "phase": "initiation", "version": 2}),
    Step("work.list_workflows", {**_ACME, "phase": "planning"}),
    Step("work.get_workflow_analytics", {"workflow": given("flow", "id")}),
    Step("work.workflow_analytics", {"workflow": given("flow", "id")}),
    Step("work.get_workflow_analytics", {"workflow": given("flow", "id")}),
    Step("work.performance_summary", {**_ACME, "status": ["active"]}),
    Step("work.statistics", _ACME),
    Step("work.archive_workflow", {"workflow": given("flow", "id")}),
]
TALK = [
    Step("work.add", {"title": "Talked about", **_ACME}, keep="talked"),
    Step(
        "work.comment",
        {"on": given("talked", "task", "ref"), "content": "looks *odd*"},
        agent="coder",
        keep="said",
    ),
    Step("work.comment", {"on": given("talked", "task", "ref"), "content": "so it is"}, keep="agreed"),
    Step("work.comment", {"on": "ACME-999", "content": "nowhere"}),
    Step("work.get_comment", {"comment": given("said", "id")}),
    Step("work.list_comments", {"on": given("talked", "task", "ref"), "limit": 1}, keep="page"),
    Step(
        "work.list_comments",
        {"on": given("talked", "task", "ref"), "limit": 1, "cursor": given("page", "next_cursor")},
    ),
    Step("work.update_comment", {"comment": given("agreed", "id"), "content": "so it was", "version": 1}),
    Step("work.update_comment", {"comment": given("said", "id"), "content": "mine"}, agent="spare"),
    Step("work.delete_comment", {"comment": given("said", "id")}, agent="coder"),
    Step(
        "work.attach",
        {"task": given("talked", "task", "ref"), "name": "a/b.txt", "file": "aGVsbG8=", "metadata": {"n": 1}},
        keep="file",
    ),
    Step(
        "work.attach", {"task": given("talked", "task", "ref"), "name": "c", "storage_path": "s3://bucket/c"}
    ),
    Step("work.list_attachments", {"task": given("talked", "task", "ref")}),
    Step("work.get_attachment", {"attachment": given("file", "id")}),
    Step("work.read_attachment", {"attachment": given("file", "id"), "offset": 1, "length": 3}),
    Step("work.delete_attachment", {"attachment": given("file", "id")}),
    Step("work.claim", {"task": given("talked", "task", "ref")}, agent="coder", keep="claim"),
    Step(
        "work.ask",
        {
            "task": given("talked", "task", "ref"),
            "token": given("claim", "token"),
            "question": "left or right?",
            "choices": ["left", "right"],
            "urgency": "high",
        },
        agent="coder",
        keep="question",
    ),
    Step("work.wait_answer", {"question": given("question", "id")}, agent="coder"),
    Step("work.answer", {"question": given("question", "id"), "answer": "left"}, agent="coder"),
    Step("work.answer", {"question": given("question", "id"), "answer": "left"}, keep="answered"),
    Step("work.get_question", {"task": given("talked", "task", "ref")}),
    Step(
        "work.ask",
        {"task": given("talked", "task", "ref"), "token": given("claim", "token"), "question": "and now?"},
        agent="coder",
        keep="question",
    ),
    Step("work.inbox", {**_ACME, "mine": True}),
    Step("work.inbox", {**_ACME, "agent": "coder"}),
    Step("work.count_questions", {**_ACME}),
    Step("work.count", {**_ACME, "state": ["ready", "awaiting_input"]}),
    Step("work.list", {**_ACME, "state": ["awaiting_input"]}),
    Step("work.graph", {**_ACME, "closed": False}),
    Step("work.graph", {"task": given("first", "task", "ref"), "limit": 5}),
    Step("work.load", {"agent": "coder", **_ACME}),
    Step(
        "work.withdraw",
        {"question": given("question", "id"), "token": given("claim", "token"), "reason": "found out"},
        agent="coder",
    ),
    Step("work.waiting", {**_ACME, "by": "agent"}),
    Step("agents.route", {"capabilities": ["python"]}),
    Step("agents.route", {"task": given("talked", "task", "ref")}),
    Step("agents.route", {}),
    Step("agents.list_decisions", {"limit": 5}),
    Step(
        "work.add_devlog",
        {"title": "Look into it", "tags": ["odd"], "technical_context": {"a": [1]}, **_ACME},
    ),
    Step("work.add_devlog", {"title": "Then mend it", "type": "bugfix", **_ACME}),
    Step("work.add_devlog", {"title": "Look into it", **_ACME}),
    Step("work.get_devlog", {"entry": "look-into-it", **_ACME}),
    Step("work.list_devlog", {**_ACME, "type": "bugfix"}),
    Step("work.update_devlog", {"entry": "look-into-it", "status": "in_progress", "version": 1, **_ACME}),
    Step(
        "work.add_note",
        {"entry": "look-into-it", "content": "a note", "category": "idea", **_ACME},
        keep="noted",
    ),
    Step("work.list_notes", {"entry": "look-into-it", **_ACME}),
    Step("work.update_note", {"note": given("noted", "id"), "content": "a better note"}),
    Step("work.get_note", {"note": given("noted", "id")}),
    Step("work.delete_note", {"note": given("noted", "id")}),
    Step("work.depend_devlog", {"entry": "then-mend-it", "on": "look-into-it", **_ACME}, keep="tied"),
    Step("work.undepend_devlog", {"tie": lambda found: found["tied"]["dependencies"][0]["id"]}),
    Step(
        "work.add_document",
        {"entry": "look-into-it", "name": "plan.md", "file": "IyBQbGFu", **_ACME},
        keep="document",
    ),
    Step("work.list_documents", {"entry": "look-into-it", **_ACME}),
    Step("work.get_document", {"document": given("document", "id")}),
    Step("work.read_document", {"document": given("document", "id")}),
    Step("work.delete_document", {"document": given("document", "id")}),
    Step("work.archive_devlog", {"entry": "then-mend-it", **_ACME}),
    Step("work.search", {"text": "look odd or talk", **_ACME, "kinds": ["task", "devlog"]}),
    Step("work.search", {"text": "&"}),
]
AUDIT = [
    Step("audit.list", {"resource_type": "users", "limit": 3}),
    Step("audit.history", {"resource": given("first", "task", "id")}),
    Step("audit.list", {"limit": 1}, keep="last"),
    Step("audit.undo", {"request": lambda found: str(found["last"]["items"][0]["id"])}),
    Step("audit.undo", {"request": "unheard-of"}),
]
STORY = [*ACCOUNTS, *PROJECTS, *AGENTS, *WORK, *ITEMS, *TALK, *AUDIT]


def difference(here: Any, there: Any, place: str = "") -> str | None:
    """Return where and how two results first differ, None when they are equal."""
    if isinstance(here, dict) and isinstance(there, dict):
        keys = sorted({*here, *there})
        found = (
            difference(here.get(key, "<absent>"), there.get(key, "<absent>"), f"{place}.{key}")
            for key in keys
        )
        return next((each for each in found if each), None)
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return next((each for i, (a, b) in pairs if (each := difference(a, b, f"{place}[{i}]"))), None)
    return None if here == there else f"{place}: {here!r} instead of {there!r}"
