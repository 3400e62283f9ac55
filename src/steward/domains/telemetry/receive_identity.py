"""Who sent a record: which client, in which session, and where it says that it belongs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from steward.domains.telemetry.batch import clean, session_id
from steward.domains.telemetry.fields import first_words, words
from steward.domains.telemetry.types_otlp import NOWHERE, LogRecord, Origin, Place, PointRecord, SpanRecord

# Events and spans of a client bear its prefix, whatever the service is called.
_PREFIXES = (("claude_code.", "claude-code"), ("codex.", "codex"), ("gemini_cli.", "gemini-cli"))
_SERVICES = (
    ("claude-code", "claude-code"),
    ("claude_code", "claude-code"),
    ("com.anthropic.claude_code", "claude-code"),
    ("codex", "codex"),
    ("gemini-cli", "gemini-cli"),
    ("gemini_cli", "gemini-cli"),
)
_SESSION = (
    "session.id", "conversation.id", "gen_ai.conversation.id", "claude.code.session_id", "langfuse.session.id",
    "langsmith.metadata.session_id",
)  # fmt: skip
# `session.id` is also that of a visitor of a web page: what is no agent's must speak of a model too.
_OF_MODELS = frozenset((
    "gen_ai.operation.name", "gen_ai.conversation.id", "gen_ai.provider.name", "gen_ai.system", "gen_ai.request.model",
    "openinference.span.kind", "llm.model_name", "ai.operationId", "langsmith.span.kind", "langfuse.observation.type",
))  # fmt: skip
_PROJECT = ("steward.project", "project.id")
_TASK = ("steward.task", "task.id")
_EXECUTION = ("steward.execution", "execution.id")
_AGENT = ("steward.agent",)
_PATH = ("workspace.host_paths", "process.working_directory")
_SAYS = frozenset((*_PROJECT, *_TASK, *_EXECUTION, *_AGENT, *_PATH))
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def note_client(origin: Origin) -> None:
    """Write down which client an origin is: one that we know, else its service's name."""
    service = clean(words(origin.resource.get("service.name"), 100) or "unknown")
    scope = str(origin.scope.get("name") or "")
    for prefix, agent in _SERVICES:
        if service.startswith(prefix) or scope.startswith(prefix):
            origin.agent, origin.is_agent = agent, True
            return
    origin.agent = service


def name_of(record: LogRecord) -> str:
    """Return an event's name, in whichever of three places it stands, with its client's prefix."""
    body = record.body
    if type(body) is str and body.startswith(("claude_code.", "codex.", "gemini_cli.")) and len(body) <= 200:
        return body
    name = record.event_name or record.attributes.get("event.name")
    if type(name) is not str:
        return ""
    if record.origin.agent == "claude-code" and "." not in name:
        return f"claude_code.{name}"
    return name


def client_of(name: str, origin: Origin) -> tuple[str, bool]:
    """Return the client that an event, span or metric is of, and whether it is an agent's that we know."""
    for prefix, agent in _PREFIXES:
        if name.startswith(prefix):
            return agent, True
    return origin.agent, origin.is_agent


class Identifier:
    """Finds session and place of records; what the records of a request share is looked up once."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], UUID] = {}
        self._places: dict[int, Place] = {}

    def note(self, record: LogRecord | SpanRecord | PointRecord, name: str) -> None:
        """Write down client, session and place of a record."""
        origin, attributes = record.origin, record.attributes
        agent, known = client_of(name, origin)
        record.agent = agent
        agents_own = known or not _OF_MODELS.isdisjoint(attributes)
        if agents_own:
            external = self._session(agent, attributes) or self._session(agent, origin.resource)
            if external is not None:
                external = clean(external)
                key = (agent, external)
                found = self._ids.get(key)
                if found is None:
                    found = self._ids[key] = session_id(agent, external)
                record.session, record.external_id = found, external
        record.place = self._place(origin, attributes, own=agents_own)

    def _session(self, agent: str, attributes: Mapping[str, Any]) -> str | None:
        if agent == "codex":
            found = words(attributes.get("conversation.id"))
            thread = attributes.get("thread.id")
            # A number is the operating system's thread.
            if found is None and isinstance(thread, str) and _UUID.fullmatch(thread):
                found = thread
            if found is not None:
                return found
        return first_words(attributes, _SESSION)

    def _place(self, origin: Origin, attributes: Mapping[str, Any], *, own: bool) -> Place:
        """Return where a record belongs; any service has a `task.id`, so an agent's alone is asked for its own."""
        default = self._places.get(id(origin))
        if default is None:
            default = self._places[id(origin)] = place_of(origin.resource)
        if not own or _SAYS.isdisjoint(attributes):
            return default
        said = place_of(attributes)
        return Place(*(own or other for own, other in zip(said, default, strict=True)))


def place_of(attributes: Mapping[str, Any]) -> Place:
    """Return where attributes say that something belongs."""
    if _SAYS.isdisjoint(attributes):
        return NOWHERE
    return Place(
        first_words(attributes, _PROJECT),
        first_words(attributes, _TASK, 100),
        first_words(attributes, _EXECUTION, 100),
        first_words(attributes, _AGENT, 255),
        _path(attributes),
    )


def _path(attributes: Mapping[str, Any]) -> str | None:
    for name in _PATH:
        value = attributes.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        found = words(value, 4000)
        if found is not None:
            return found
    return None
