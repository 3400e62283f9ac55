"""Row types and enums of the agents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class AgentType(StrEnum):
    """What an agent is for."""

    ORCHESTRATOR = "orchestrator"
    ARCHITECT = "architect"
    PLANNER = "planner"
    CODEGEN = "codegen"
    REVIEWER = "reviewer"
    TESTER = "tester"
    DEPLOYER = "deployer"
    SECURITY = "security"
    DEBUGGER = "debugger"
    DOCUMENTATION = "documentation"
    REFACTORING = "refactoring"
    OPTIMIZATION = "optimization"
    INFRASTRUCTURE = "infrastructure"
    ANALYTICS = "analytics"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that may be given work, and what it can do."""

    id: UUID
    name: str
    display_name: str
    description: str | None
    agent_type: AgentType
    model_provider: str
    model_name: str
    model_version: str | None
    capabilities: list[str]
    configuration: dict[str, Any]
    required_tools: list[str]
    max_tokens: int
    temperature: Decimal
    top_p: Decimal
    max_in_progress: int | None
    is_active: bool
    is_experimental: bool
    agent_version: str
    tags: list[str]
    metadata: dict[str, Any]
    owner_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    deprecated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ModelProvider:
    """Who serves models."""

    name: str
    display_name: str
    website: str | None


@dataclass(frozen=True, slots=True)
class RoutingNeeds:
    """What a task needs of an agent."""

    task_id: UUID
    project_id: UUID
    ref: str
    required_capabilities: list[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """How well an agent suits some work: four parts and their sum, each from 0 to 1, and the figures behind them."""

    agent_id: UUID
    agent: str
    eligible: bool
    score: Decimal
    fit: Decimal
    success: Decimal
    load: Decimal
    cost: Decimal
    finished: int
    failed: int
    held: int
    missing: list[str]


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Which agent was held best for some work, and how the candidates scored."""

    id: UUID
    project_id: UUID | None
    task_id: UUID | None
    required_capabilities: list[str]
    agent: str | None
    score: Decimal | None
    candidates: list[Any]
    decided_by: str | None
    created_at: datetime
