"""The part of the story that tells of runs, ties, and sessions kept for the Claude Agent SDK."""

from __future__ import annotations

from base64 import b64encode

from tests.surfaces.scenario import Step

_STORED = {"project_key": "p", "session_id": "s"}
_RUN = {"folders": ["/w/"], "since": "2026-11-01T12:00:00Z", "until": "2026-11-01T13:00:00Z"}


def _lines(text: str) -> str:
    return b64encode(text.encode()).decode()


RUNS = [
    Step("telemetry.current_execution", {"task": "ACME-1"}),
    Step("telemetry.tie_run", {"task": "ACME-1", **_RUN}),
    Step("telemetry.tie_run", {"task": "ACME-1", **_RUN, "folders": ["/"]}),
    Step("telemetry.tie_run", {"task": "ACME-1", **_RUN, "until": "2026-11-01T11:00:00Z"}),
    Step("telemetry.tie", {"session": "nobody's", "task": "ACME-1"}),
    Step("telemetry.untie", {"session": "nobody's", "task": "ACME-1"}),
    Step(
        "telemetry.store_append",
        {**_STORED, "entries": _lines('{"uuid":"a","n":1.0}\n{"n":2}'), "summary": "{}"},
    ),
    Step(
        "telemetry.store_append", {**_STORED, "entries": _lines('{"uuid":"a"}'), "summary": "{}", "seen": 7}
    ),
    Step(
        "telemetry.store_append",
        {**_STORED, "entries": _lines('{"uuid":"a"}'), "subpath": "subagents/agent-1"},
    ),
    Step("telemetry.store_append", {**_STORED, "entries": _lines("[]")}),
    Step("telemetry.store_load", {**_STORED, "limit": 1}),
    Step("telemetry.store_load", {**_STORED, "session_id": "none"}),
    Step("telemetry.store_list", {"project_key": "p"}),
    Step("telemetry.store_summaries", {"project_key": "p"}),
    Step("telemetry.store_subkeys", _STORED),
    Step("telemetry.store_delete", _STORED),
]
