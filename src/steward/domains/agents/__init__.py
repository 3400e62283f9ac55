"""Agents: who may be given work besides people.

agent      has a name, unique whatever its case; a type (15, custom among them); a provider and model; capabilities,
           words of which a task may require some; a limit of work at once, none by default; an owner, who alone may
           change it besides administrators. An agent that is unknown and asks for work is registered as it comes.
provider   who serves models; `unknown` where nobody said.
decision   which agent was held best for some work, with the score of each candidate.

Agents are never deleted, since history names them; a deactivated one is given no work. Their version is
`agent_version`; `version` counts the changes of the row, as everywhere.
"""

from __future__ import annotations

from steward.domains.agents.find import ensure_id, resolve_id
from steward.domains.agents.ops import deactivate, register, update
from steward.domains.agents.ops_read import get, list, list_providers
from steward.domains.agents.ops_route import list_decisions, route
from steward.domains.agents.types import (
    Agent,
    AgentType,
    Candidate,
    ModelProvider,
    RoutingDecision,
    RoutingNeeds,
)

__all__ = [
    "Agent",
    "AgentType",
    "Candidate",
    "ModelProvider",
    "RoutingDecision",
    "RoutingNeeds",
    "deactivate",
    "ensure_id",
    "get",
    "list",
    "list_decisions",
    "list_providers",
    "register",
    "resolve_id",
    "route",
    "update",
]
