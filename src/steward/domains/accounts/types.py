"""Row types and enums of the accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from steward.kit.db import Actor


class Role(StrEnum):
    """What a user may do; `kit.permissions` says it in detail."""

    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service account."""

    id: UUID
    username: str
    email: str | None
    display_name: str | None
    role: Role
    is_active: bool
    is_service_account: bool
    is_email_verified: bool
    avatar_url: str | None
    github_username: str | None
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: UUID
    user_id: UUID
    username: str
    name: str
    key_prefix: str
    agent_name: str | None
    is_active: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: `key` is shown this once and never again."""

    id: UUID
    name: str
    key: str
    key_prefix: str
    username: str
    agent_name: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Whoami:
    """Who acts, as the server sees it."""

    user_id: UUID | None
    username: str | None
    display_name: str | None
    role: str
    agent: str | None
    project: str | None
    surface: str
    permissions: list[str]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are."""

    user_id: UUID
    user_name: str
    role: str
    agent: str | None = None

    def actor(self, **context: Any) -> Actor:
        """Return the actor of this principal.

        Args:
            context: session, request, surface, ip, project; and agent, which a key that names one overrides.
        """
        if self.agent is not None:
            context |= {"agent": self.agent, "agent_bound": True}
        return Actor(user_id=self.user_id, user_name=self.user_name, role=self.role, **context)
