"""The operations of the agents: what changes one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from steward.domains.agents.find import ensure_id, resolve_id
from steward.domains.agents.types import Agent, AgentType, ModelProvider
from steward.kit.db import Db
from steward.kit.errors import Denied, Invalid
from steward.kit.op import Profile, op
from steward.kit.versions import check_version


def _param(value: Any) -> Any:
    """Return an argument as its statement takes it: objects as JSON, words trimmed and once each, no empty names."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return list(dict.fromkeys(word.strip() for word in value if word.strip()))
    return value.strip() if isinstance(value, str) else value


def _check(db: Db, *, provider: str | None, max_in_progress: int | None) -> None:
    if max_in_progress is not None and max_in_progress < 0:
        raise Invalid(f"max_in_progress: {max_in_progress} is negative", hint="0 takes the limit away")
    if provider is not None and not db.value("agents.has_provider", name=provider):
        known = ", ".join(one.name for one in db.all("agents.list_providers", ModelProvider))
        raise Invalid(f"model_provider: {provider!r} is not known", hint=f"known are {known}")


def _lock(db: Db, ref: str, version: int | None) -> Agent:
    """Lock an agent that the actor may change: its owner, or who may administer agents."""
    agent = db.one("agents.lock_agent", Agent, id=resolve_id(db, ref))
    check_version(f"agent {agent.name}", version, agent.version)
    owns = agent.owner_id is None or agent.owner_id == db.actor.user_id
    if not owns and not db.value("agents.may", permission="agents:admin"):
        raise Denied(f"agent {agent.name} belongs to somebody else", hint="ask its owner or an administrator")
    return agent


@op(write=True, idempotent=True)
def register(
    db: Db,
    *,
    name: str,
    agent_type: AgentType | None = None,
    display_name: str | None = None,
    description: str | None = None,
    model_provider: str | None = None,
    model_name: str | None = None,
    model_version: str | None = None,
    capabilities: list[str] | None = None,
    configuration: dict[str, Any] | None = None,
    required_tools: list[str] | None = None,
    max_in_progress: int | None = None,
    agent_version: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Agent:
    """Register an agent, or bring what is known of it up to date; what is not given stays.

    Args:
        name: what it is called, unique whatever its case.
        agent_type: what it is for; custom when new and not given.
        display_name: the name to show.
        description: what it does.
        model_provider: who serves its model; see list_providers.
        model_name: the model it runs on.
        model_version: of the model.
        capabilities: what it can do; tasks that require more are not offered to it.
        configuration: how it is set up.
        required_tools: what it needs to work.
        max_in_progress: how many tasks it may hold at once; 0 for no limit.
        agent_version: of the agent itself.
        tags: words to find it by.
        metadata: anything else worth keeping.
    """
    return update(
        db,
        agent=str(ensure_id(db, name, db.actor.user_id)),
        agent_type=agent_type,
        display_name=display_name,
        description=description,
        model_provider=model_provider,
        model_name=model_name,
        model_version=model_version,
        capabilities=capabilities,
        configuration=configuration,
        required_tools=required_tools,
        max_in_progress=max_in_progress,
        agent_version=agent_version,
        tags=tags,
        metadata=metadata,
    )


@op(write=True, profile=Profile.ALL)
def update(
    db: Db,
    *,
    agent: str,
    name: str | None = None,
    agent_type: AgentType | None = None,
    display_name: str | None = None,
    description: str | None = None,
    model_provider: str | None = None,
    model_name: str | None = None,
    model_version: str | None = None,
    capabilities: list[str] | None = None,
    configuration: dict[str, Any] | None = None,
    required_tools: list[str] | None = None,
    max_tokens: int | None = None,
    temperature: Decimal | None = None,
    top_p: Decimal | None = None,
    max_in_progress: int | None = None,
    is_active: bool | None = None,
    is_experimental: bool | None = None,
    agent_version: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    version: int | None = None,
) -> Agent:
    """Change an agent; what is not given stays, empty text clears.

    Args:
        agent: id or name.
        name: the new name.
        agent_type: what it is for.
        display_name: the name to show.
        description: what it does.
        model_provider: who serves its model; see list_providers.
        model_name: the model it runs on.
        model_version: of the model.
        capabilities: replaces what it can do.
        configuration: replaces how it is set up.
        required_tools: replaces what it needs to work.
        max_tokens: how long an answer may be.
        temperature: 0 to 2.
        top_p: 0 to 1.
        max_in_progress: how many tasks it may hold at once; 0 for no limit.
        is_active: whether it may be given work.
        is_experimental: whether it is being tried out.
        agent_version: of the agent itself.
        tags: replaces the words to find it by.
        metadata: replaces the metadata.
        version: the version you saw; refused when it has changed since.
    """
    given = {name_: _param(value) for name_, value in locals().items() if name_ != "db"}
    found = _lock(db, agent, version)
    _check(db, provider=model_provider, max_in_progress=max_in_progress)
    return db.one("agents.update_agent", Agent, id=found.id, **given)


@op(write=True, idempotent=True, profile=Profile.ALL)
def deactivate(db: Db, *, agent: str, version: int | None = None) -> Agent:
    """Give an agent no more work; `update` with is_active brings it back.

    Args:
        agent: id or name.
        version: the version you saw; refused when it has changed since.
    """
    return db.one("agents.deactivate_agent", Agent, id=_lock(db, agent, version).id)
