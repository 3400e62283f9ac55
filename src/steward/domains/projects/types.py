"""Row types and enums of the projects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class ProjectStatus(StrEnum):
    """Where a project stands."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class MemberRole(StrEnum):
    """As what somebody works on a project."""

    OWNER = "owner"
    MAINTAINER = "maintainer"
    MEMBER = "member"
    VIEWER = "viewer"


class OsType(StrEnum):
    """The operating system of a machine."""

    DARWIN = "darwin"
    LINUX = "linux"
    WINDOWS = "windows"


class MachineType(StrEnum):
    """What kind of machine it is."""

    LOCAL = "local"
    REMOTE = "remote"
    CLOUD = "cloud"
    CI = "ci"


class WorkspaceType(StrEnum):
    """What an editor opened."""

    FOLDER = "folder"
    MULTI_ROOT = "multi-root"


@dataclass(frozen=True, slots=True)
class Project:
    """What work, evidence and figures belong to."""

    id: UUID
    name: str
    slug: str
    key: str
    description: str | None
    path: str | None
    repository_url: str | None
    repository_provider: str | None
    repository_owner: str | None
    repository_name: str | None
    default_branch: str
    github_repo_id: int | None
    linear_team_id: str | None
    technology_stack: list[str]
    settings: dict[str, Any]
    metadata: dict[str, Any]
    status: ProjectStatus
    is_public: bool
    is_template: bool
    owner_id: UUID | None
    average_review_time_minutes: int | None
    average_merge_time_minutes: int | None
    pr_merge_rate: Decimal | None
    test_coverage_percent: Decimal | None
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectMember:
    """Somebody who works on a project."""

    id: UUID
    project_id: UUID
    user_id: UUID
    username: str
    role: MemberRole
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine on which agents and people work."""

    id: UUID
    machine_id: str
    hostname: str
    username: str
    os_type: OsType
    os_version: str | None
    machine_type: MachineType
    metadata: dict[str, Any]
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Workspace:
    """A working folder of a project on a machine."""

    id: UUID
    workspace_id: str
    project_id: UUID
    machine_id: UUID
    workspace_path: str
    workspace_type: WorkspaceType
    branch: str | None
    commit: str | None
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class MachineBranch:
    """A machine of a project with its workspaces."""

    machine: Machine
    workspaces: list[Workspace] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A project from its organisation down to its working folders."""

    organisation: str | None
    project: Project
    machines: list[MachineBranch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FoundProject:
    """A project that a reference may mean, and by what it was found."""

    id: UUID
    kind: int


@dataclass(frozen=True, slots=True)
class Named:
    """What a project may be called."""

    slug: str
    key: str
    name: str
