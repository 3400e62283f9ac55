"""Events as the clients' hooks send them, and a house that takes them in."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from steward.kit.db import Database
from tests.surfaces.conftest import House

SESSION = "5c0375b4-57a5-4f26-b12d-d022ee4e51b7"
PROMPT = "run the tests and commit"
ANSWER = "All 12 tests pass; it is committed."


def event(name: str, session: str = SESSION, **more: Any) -> dict[str, Any]:
    """Return an event with what every event of Claude Code has."""
    usual = {
        "session_id": session,
        "transcript_path": f"/home/u/.claude/projects/-w/{session}.jsonl",
        "cwd": "/work/shop",
        "permission_mode": "default",
        "hook_event_name": name,
    }
    return usual | more


def a_session(session: str = SESSION) -> list[dict[str, Any]]:
    """Return the events of a whole session."""
    bash = {"tool_name": "Bash", "tool_use_id": "toolu_01", "tool_input": {"command": "pytest -q"}}
    edit = {
        "tool_name": "Edit",
        "tool_use_id": "toolu_02",
        "tool_input": {"file_path": "/work/shop/a.py", "old_string": "a", "new_string": "b"},
    }
    patch = {"structuredPatch": [{"lines": [" x", "-a", "+b", "+c"]}]}
    git = {
        "tool_name": "Bash",
        "tool_use_id": "toolu_03",
        "tool_input": {"command": "git add -A && git commit -m 'Mend it'"},
    }
    lost = {"tool_name": "Read", "tool_use_id": "toolu_04", "tool_input": {"file_path": "/nowhere"}}
    turn = {"prompt_id": "11111111-2222-4333-8444-555555555555"}
    out = {"stdout": "[main 1a2b3c4] Mend it\n 1 file changed", "stderr": "", "interrupted": False}
    return [
        event("SessionStart", session, source="startup", model="claude-opus-5"),
        event("UserPromptSubmit", session, prompt=PROMPT, **turn),
        event("PreToolUse", session, **bash),
        event("PermissionRequest", session, tool_name="Bash", tool_input=bash["tool_input"]),
        event("PostToolUse", session, **bash, tool_response={"stdout": "12 passed"}, duration_ms=1),
        event("PreToolUse", session, **edit),
        event("PostToolUse", session, **edit, tool_response=patch, duration_ms=4),
        event("PreToolUse", session, **git),
        event("PostToolUse", session, **git, tool_response=out, duration_ms=30),
        event("PreToolUse", session, **lost),
        event("PostToolUseFailure", session, **lost, error="no such file", duration_ms=2),
        event("SubagentStart", session, agent_id="a1", agent_type="Explore"),
        event(
            "SubagentStop", session, agent_id="a1", agent_type="Explore", last_assistant_message="Found it."
        ),
        event("Notification", session, message="waiting", notification_type="idle_prompt"),
        event("TaskCreated", session, task_id="1", task_subject="Mend it"),
        event("BrandNewEvent", session, whatever={"deep": [1, 2, 3]}),
        event("Stop", session, stop_hook_active=False, last_assistant_message=ANSWER, **turn),
        event("PostCompact", session, trigger="auto", compact_summary="We mended it."),
        event("SessionEnd", session, reason="prompt_input_exit"),
    ]


def send(client: Any, house: House, payload: dict[str, Any], to: str = "claude", **headers: str) -> Any:
    """Send an event as a client's HTTP hook does and return the response."""
    known = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
    named = {f"X-Steward-{name.capitalize()}": value for name, value in headers.items()}
    return client.post(f"/hooks/{to}", content=json.dumps(payload), headers=known | named)


def rows(database: Database, statement: str, *params: Any) -> list[dict[str, Any]]:
    """Return what a statement of a test finds."""
    from steward.kit.db import Actor

    with database.transaction(Actor(role="admin")) as db:
        return db.dicts(statement, params)


def spooled(payload: dict[str, Any], client: str = "claude", **context: str) -> dict[str, Any]:
    """Return an event as it waits in the spool."""
    return {
        "event": str(uuid4()),
        "at": "2026-11-01T12:00:00.000000Z",
        "client": client,
        "context": context,
        "payload": payload,
    }
