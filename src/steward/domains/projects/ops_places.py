"""The operations of the projects: members, machines, workspaces and the tree of them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from steward.domains import accounts
from steward.domains.projects.find import find_by_path, require_id, resolve_id
from steward.domains.projects.types import (
    Hierarchy,
    Machine,
    MachineBranch,
    MachineType,
    MemberRole,
    OsType,
    Project,
    ProjectMember,
    Workspace,
    WorkspaceType,
)
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import NotFound
from steward.kit.op import Page, Profile, op


@op(write=True, idempotent=True, profile=Profile.ALL)
def add_member(
    db: Db, *, user: str, project: str | None = None, role: MemberRole = MemberRole.MEMBER
) -> ProjectMember:
    """Make somebody a member of a project, or change as what.

    Args:
        user: id, username or e-mail.
        project: id, slug, key, name, git remote or path; the one in hand when not given.
        role: owner, maintainer, member or viewer.
    """
    project_id, user_id = require_id(db, project), accounts.resolve_user(db, user)
    db.run("projects.add_member", project_id=project_id, user_id=user_id, role=role.value)
    return db.one(
        "projects.list_members", ProjectMember, project_id=project_id, user_id=user_id, after=None, limit=1
    )


@op(write=True, destructive=True)
def remove_member(db: Db, *, user: str, project: str | None = None) -> None:
    """Take somebody off a project.

    Args:
        user: id, username or e-mail.
        project: id, slug, key, name, git remote or path; the one in hand when not given.
    """
    project_id, user_id = require_id(db, project), accounts.resolve_user(db, user)
    if not db.run("projects.remove_member", project_id=project_id, user_id=user_id):
        raise NotFound(f"user {user!r} is no member of this project", hint="list_members shows who is")


@op()
def list_members(
    db: Db, *, project: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[ProjectMember]:
    """List the members of a project by name.

    Args:
        project: id, slug, key, name, git remote or path; the one in hand when not given.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, str)
    wanted = cursors.check_limit(limit)
    project_id = require_id(db, project)
    rows = db.all(
        "projects.list_members", ProjectMember, project_id=project_id, user_id=None, after=after, limit=wanted
    )
    return cursors.page(rows, limit, lambda member: (member.username.lower(),))


@op(write=True, idempotent=True)
def register_machine(
    db: Db,
    *,
    machine_id: str,
    hostname: str,
    username: str,
    os_type: OsType,
    os_version: str | None = None,
    machine_type: MachineType | None = None,
    ip_address: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Machine:
    """Note that a machine is there, with what is known of it.

    Args:
        machine_id: what the machine calls itself, such as its hardware id.
        hostname: its name in the network.
        username: the login that works there.
        os_type: darwin, linux or windows.
        os_version: of the operating system.
        machine_type: local, remote, cloud or ci.
        ip_address: where it was seen.
        metadata: added to what is kept.
    """
    return db.one(
        "projects.register_machine",
        Machine,
        machine_id=machine_id,
        hostname=hostname,
        username=username,
        os_type=os_type.value,
        os_version=os_version,
        machine_type=machine_type,
        ip_address=ip_address,
        metadata=None if metadata is None else json.dumps(metadata, ensure_ascii=False),
    )


@op()
def list_machines(
    db: Db,
    *,
    project: str | None = None,
    machine_type: MachineType | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Machine]:
    """List machines by host name.

    Args:
        project: only those with a workspace of this project.
        machine_type: local, remote, cloud or ci.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    after_hostname, after_id = cursors.decode(cursor, str, UUID)
    rows = db.all(
        "projects.list_machines",
        Machine,
        project_id=None if project is None else require_id(db, project),
        machine_type=machine_type,
        after_hostname=after_hostname,
        after_id=after_id,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda machine: (machine.hostname, machine.id))


def _machine(db: Db, ref: str) -> Machine:
    found = db.maybe("projects.get_machine", Machine, ref=ref)
    if found is None:
        raise NotFound(f"there is no machine {ref!r}", hint="register the machine first")
    return found


@op(write=True, idempotent=True)
def register_workspace(
    db: Db,
    *,
    workspace_id: str,
    machine: str,
    path: str,
    project: str | None = None,
    workspace_type: WorkspaceType | None = None,
    branch: str | None = None,
    commit: str | None = None,
) -> Workspace:
    """Note a working folder of a project on a machine; a known one follows when its folder or project moves.

    Args:
        workspace_id: what the editor or agent calls it.
        machine: id of a registered machine, its own or ours.
        path: the folder.
        project: id, slug, key, name or git remote; else the project the folder lies in, else the one in hand.
        workspace_type: folder or multi-root.
        branch: what is checked out.
        commit: what is checked out.
    """
    project_id = find_by_path(db, path) if project is None else None
    return db.one(
        "projects.register_workspace",
        Workspace,
        workspace_id=workspace_id,
        project_id=project_id or require_id(db, project),
        machine_id=_machine(db, machine).id,
        path=path.rstrip("/\\") or path,
        workspace_type=workspace_type,
        branch=branch,
        commit=commit,
    )


@op()
def list_workspaces(
    db: Db,
    *,
    project: str | None = None,
    machine: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Workspace]:
    """List working folders, newest first.

    Args:
        project: only those of this project; the one in hand when not given.
        machine: only those on this machine.
        limit: how many at most, up to 500.
        cursor: next_cursor of the page before.
    """
    (after,) = cursors.decode(cursor, UUID)
    rows = db.all(
        "projects.list_workspaces",
        Workspace,
        project_id=resolve_id(db, project),
        machine_id=None if machine is None else _machine(db, machine).id,
        after=after,
        limit=cursors.check_limit(limit),
    )
    return cursors.page(rows, limit, lambda workspace: (workspace.id,))


@op()
def hierarchy(db: Db, *, project: str | None = None) -> Hierarchy:
    """Show a project from its organisation down to its machines and their working folders.

    Args:
        project: id, slug, key, name, git remote or path; the one in hand when not given.
    """
    found = db.one("projects.get_project", Project, id=require_id(db, project))
    branches = {
        machine.id: MachineBranch(machine)
        for machine in db.all("projects.machines_of", Machine, project_id=found.id)
    }
    for workspace in db.all("projects.workspaces_of", Workspace, project_id=found.id):
        if workspace.machine_id in branches:
            branches[workspace.machine_id].workspaces.append(workspace)
    return Hierarchy(found.repository_owner, found, list(branches.values()))
