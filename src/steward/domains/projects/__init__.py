"""Projects: what work, evidence and figures belong to.

project    has a name, a slug (its name in addresses) and a key (begins the numbers of its tasks and issues: ACME-42).
           Slug and key are unique among the not-deleted; the key is fixed once a number bears it. Status: active,
           inactive, paused, archived, deleted; deleting marks the row, frees its names, and can be taken back.
           One fixed project, `system`, owns rows that belong to none.
remote     a git address, brought into one shape whatever the host and scheme; it names one project at most.
member     a user of a project: owner, maintainer, member, viewer.
machine    where agents and people work; workspace: a working folder of a project on it.
numbers    are taken from the project's counter in blocks, as late in a transaction as can be.

A project is found by id, slug, key, git remote, path (the deepest folder or workspace that holds it), owner/repository
or name. No credential of an address is kept.
"""

from __future__ import annotations

from steward.domains.projects.find import (
    EVERYWHERE,
    SYSTEM_PROJECT,
    ensure,
    find_by_path,
    require_id,
    resolve_id,
)
from steward.domains.projects.ops import add, archive, delete, restore, update
from steward.domains.projects.ops_places import (
    add_member,
    hierarchy,
    list_machines,
    list_members,
    list_workspaces,
    register_machine,
    register_workspace,
    remove_member,
)
from steward.domains.projects.ops_read import get, list, resolve
from steward.domains.projects.types import (
    Hierarchy,
    Machine,
    MachineBranch,
    MachineType,
    MemberRole,
    OsType,
    Project,
    ProjectMember,
    ProjectStatus,
    Workspace,
    WorkspaceType,
)

__all__ = [
    "EVERYWHERE",
    "SYSTEM_PROJECT",
    "Hierarchy",
    "Machine",
    "MachineBranch",
    "MachineType",
    "MemberRole",
    "OsType",
    "Project",
    "ProjectMember",
    "ProjectStatus",
    "Workspace",
    "WorkspaceType",
    "add",
    "add_member",
    "archive",
    "delete",
    "ensure",
    "find_by_path",
    "get",
    "hierarchy",
    "list",
    "list_machines",
    "list_members",
    "list_workspaces",
    "register_machine",
    "register_workspace",
    "remove_member",
    "require_id",
    "resolve",
    "resolve_id",
    "restore",
    "update",
]
