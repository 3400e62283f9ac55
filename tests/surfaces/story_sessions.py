"""The part of the story that tells of sessions, executions, prices, cost and budgets."""

from __future__ import annotations

from tests.surfaces.scenario import Step, given

_TOLD = {"client": "codex", "external_id": "story"}

SESSIONS = [
    Step("telemetry.start_session", {**_TOLD, "project": "acme", "title": "A story"}, keep="told"),
    Step("telemetry.start_session", {**_TOLD, "project": "acme"}),
    Step("telemetry.update_session", {"session": "story", "metrics": {"pages": 3}}),
    Step("telemetry.get", {"session": given("told", "id")}),
    Step("telemetry.get", {"session": "nobody's"}),
    Step("telemetry.list", {"project": "acme", "limit": 1}),
    Step("telemetry.active", {"project": "acme"}),
    Step("telemetry.clients"),
    Step("telemetry.tie", {"session": "story", "task": "ACME-1"}),
    Step("telemetry.task_sessions", {"task": "ACME-1"}),
    Step("telemetry.untie", {"session": "story", "task": "ACME-1"}),
    Step("telemetry.conversation", {"session": "story"}),
    Step("telemetry.search_messages", {"text": "story", "project": "acme"}),
    Step("telemetry.raw_lines", {"session": "story"}),
    Step("telemetry.list_tools", {"session": "story"}),
    Step("telemetry.tool_stats", {"project": "acme"}),
    Step("telemetry.end_session", {"session": "story", "outcome": "success"}),
    Step("telemetry.end_session", {"session": "story", "outcome": "glory"}),
    Step("telemetry.session_stats", {"project": "acme"}),
    Step("telemetry.session_time_buckets", {"interval": "1 day", "project": "acme"}),
    Step("telemetry.session_time_buckets", {"interval": "1 fortnight"}),
    Step("telemetry.list_executions", {"project": "acme", "limit": 1}, keep="tries"),
    Step(
        "telemetry.get_execution",
        {"execution": lambda results: results["tries"]["items"][0]["id"]},
    ),
    Step("telemetry.agent_figures"),
]
COST = [
    Step("telemetry.sync_prices"),
    Step(
        "telemetry.set_price",
        {"model": "our-own-model", "input_usd": "0.5", "output_usd": "1.5", "since": "2026-01-01"},
        keep="price",
    ),
    Step("telemetry.set_price", {"model": "our-own-model", "input_usd": "-1", "output_usd": "1.5"}),
    Step("telemetry.list_prices", {"model": "our-own-model"}),
    Step("telemetry.price_of", {"model": "our-own-model", "input_tokens": 1000, "output_tokens": 10}),
    Step("telemetry.price_of", {"model": "nobody's", "input_tokens": 1}),
    Step("telemetry.reprice", {"model": "our-own-model"}),
    Step("telemetry.remove_price", {"price": given("price", "id")}),
    Step("telemetry.cost", {"by": "model", "project": "acme"}),
    Step("telemetry.cost", {"by": "weather"}),
    Step("telemetry.cost_days", {"project": "acme", "days": 7}),
    Step("telemetry.cost_summary", {"project": "acme"}),
    Step("telemetry.cost_overview", {"project": "acme"}),
    Step("telemetry.responses", {"project": "acme"}),
    Step("telemetry.reconcile", {"project": "acme"}),
    Step("telemetry.add_budget", {"project": "acme", "limit_usd": "50", "period": "month"}, keep="budget"),
    Step("telemetry.add_budget", {"project": "acme"}),
    Step("telemetry.get_budget", {"budget": given("budget", "id")}),
    Step("telemetry.list_budgets", {"project": "acme"}),
    Step("telemetry.update_budget", {"budget": given("budget", "id"), "limit_usd": "80", "version": 1}),
    Step("telemetry.update_budget", {"budget": given("budget", "id"), "limit_usd": "90", "version": 1}),
    Step("telemetry.budget_line", {"project": "acme"}),
    Step("telemetry.notices"),
    Step("telemetry.remove_budget", {"budget": given("budget", "id")}),
]
