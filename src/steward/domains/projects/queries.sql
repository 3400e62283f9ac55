-- name: create_project -> uuid
-- Make a project.
select projects.create_project(
  p_name => %(name)s::text,
  p_slug => %(slug)s::text,
  p_key => %(key)s::text,
  p_description => %(description)s::text,
  p_path => %(path)s::text,
  p_repository_url => %(repository_url)s::text,
  p_default_branch => %(default_branch)s::text,
  p_technology_stack => %(technology_stack)s::text[],
  p_settings => %(settings)s::text::jsonb,
  p_metadata => %(metadata)s::text::jsonb,
  p_status => %(status)s::text,
  p_is_public => %(is_public)s::boolean,
  p_owner_id => %(owner_id)s::uuid
);

-- name: ensure_project -> uuid
-- The project of a slug, made when there is none.
select projects.ensure_project(
  p_slug => %(slug)s::text,
  p_name => %(name)s::text,
  p_path => %(path)s::text,
  p_repository_url => %(repository_url)s::text,
  p_settings => %(settings)s::text::jsonb
);

-- name: find_projects -> FoundProject
-- Projects that a reference may mean.
select id, kind
from projects.find_projects(p_ref => %(ref)s::text, p_deleted => %(deleted)s::boolean)
limit 5;

-- name: find_by_path -> uuid
-- The project that a path lies in.
select projects.find_by_path(%(path)s::text);

-- name: slug_of -> text
-- The slug that a name gives.
select projects.slug_of(%(name)s::text);

-- name: names -> Named
-- What projects are called, to tell which one a mistyped name meant.
select slug, key, name
from projects.projects
where deleted_at is null
order by updated_at desc
limit 500;

-- name: get_project -> Project
-- One project, deleted or not.
select id, name, slug, key, description, path, repository_url, repository_provider, repository_owner, repository_name,
  default_branch, github_repo_id, linear_team_id, technology_stack, settings, metadata, status, is_public, is_template,
  owner_id, average_review_time_minutes, average_merge_time_minutes, pr_merge_rate, test_coverage_percent, version,
  created_at, updated_at, archived_at, deleted_at
from projects.projects
where id = %(id)s::uuid;

-- name: lock_project -> Project
-- One project, locked against other changes.
select id, name, slug, key, description, path, repository_url, repository_provider, repository_owner, repository_name,
  default_branch, github_repo_id, linear_team_id, technology_stack, settings, metadata, status, is_public, is_template,
  owner_id, average_review_time_minutes, average_merge_time_minutes, pr_merge_rate, test_coverage_percent, version,
  created_at, updated_at, archived_at, deleted_at
from projects.projects
where id = %(id)s::uuid
for no key update;

-- name: list_projects -> Project, planned anew
-- Projects, newest first, after a cursor.
select id, name, slug, key, description, path, repository_url, repository_provider, repository_owner, repository_name,
  default_branch, github_repo_id, linear_team_id, technology_stack, settings, metadata, status, is_public, is_template,
  owner_id, average_review_time_minutes, average_merge_time_minutes, pr_merge_rate, test_coverage_percent, version,
  created_at, updated_at, archived_at, deleted_at
from projects.projects
where (%(deleted)s::boolean or deleted_at is null)
  and id <> projects.system_project()
  and (%(status)s::text is null or status = %(status)s::text)
  and (%(owner_id)s::uuid is null or owner_id = %(owner_id)s::uuid)
  and (
    %(query)s::text is null
    or position(lower(%(query)s::text) in lower(name || ' ' || slug || ' ' || key || ' ' || coalesce(description, ''))) > 0
  )
  and (%(after)s::uuid is null or id < %(after)s::uuid)
order by id desc
limit %(limit)s::int;

-- name: update_project -> Project
-- Change what is given; empty text clears.
update projects.projects
set
  name = coalesce(nullif(%(name)s::text, ''), name),
  slug = coalesce(%(slug)s::text, slug),
  key = coalesce(%(key)s::text, key),
  description = case when %(description)s::text is null then description else nullif(%(description)s::text, '') end,
  path = case when %(path)s::text is null then path else nullif(%(path)s::text, '') end,
  repository_url = case when %(repository_url)s::text is null then repository_url else nullif(%(repository_url)s::text, '') end,
  default_branch = coalesce(nullif(%(default_branch)s::text, ''), default_branch),
  github_repo_id = coalesce(%(github_repo_id)s::bigint, github_repo_id),
  linear_team_id = case when %(linear_team_id)s::text is null then linear_team_id else nullif(%(linear_team_id)s::text, '') end,
  technology_stack = coalesce(%(technology_stack)s::text[], technology_stack),
  settings = coalesce(%(settings)s::text::jsonb, settings),
  metadata = coalesce(%(metadata)s::text::jsonb, metadata),
  status = coalesce(%(status)s::text, status),
  is_public = coalesce(%(is_public)s::boolean, is_public),
  owner_id = coalesce(%(owner_id)s::uuid, owner_id)
where id = %(id)s::uuid
returning id, name, slug, key, description, path, repository_url, repository_provider, repository_owner, repository_name,
  default_branch, github_repo_id, linear_team_id, technology_stack, settings, metadata, status, is_public, is_template,
  owner_id, average_review_time_minutes, average_merge_time_minutes, pr_merge_rate, test_coverage_percent, version,
  created_at, updated_at, archived_at, deleted_at;

-- name: set_status -> Project
-- Archive, restore or delete a project.
update projects.projects
set
  status = %(status)s::text,
  archived_at = case when %(status)s::text = 'archived' then now() end,
  deleted_at = case when %(status)s::text = 'deleted' then now() end
where id = %(id)s::uuid
returning id, name, slug, key, description, path, repository_url, repository_provider, repository_owner, repository_name,
  default_branch, github_repo_id, linear_team_id, technology_stack, settings, metadata, status, is_public, is_template,
  owner_id, average_review_time_minutes, average_merge_time_minutes, pr_merge_rate, test_coverage_percent, version,
  created_at, updated_at, archived_at, deleted_at;

-- name: add_member -> none
-- Make somebody a member, or change as what.
insert into projects.project_members (project_id, user_id, role)
values (%(project_id)s::uuid, %(user_id)s::uuid, %(role)s::text)
on conflict on constraint project_members_once do update
set role = excluded.role
where project_members.role <> excluded.role;

-- name: remove_member -> none
-- Take somebody off a project.
delete from projects.project_members
where project_id = %(project_id)s::uuid
  and user_id = %(user_id)s::uuid;

-- name: list_members -> ProjectMember, planned anew
-- The members of a project by name.
select m.id, m.project_id, m.user_id, u.username, m.role, m.created_at
from projects.project_members as m
join accounts.users as u on u.id = m.user_id
where m.project_id = %(project_id)s::uuid
  and (%(user_id)s::uuid is null or m.user_id = %(user_id)s::uuid)
  and (%(after)s::text is null or lower(u.username) > %(after)s::text)
order by lower(u.username)
limit %(limit)s::int;

-- name: register_machine -> Machine
-- Note that a machine is there, with what is known of it.
insert into projects.machines as m (machine_id, hostname, username, os_type, os_version, machine_type, ip_address, metadata)
values (
  %(machine_id)s::text,
  %(hostname)s::text,
  %(username)s::text,
  %(os_type)s::text,
  %(os_version)s::text,
  coalesce(%(machine_type)s::text, 'local'),
  %(ip_address)s::text::inet,
  coalesce(%(metadata)s::text::jsonb, '{}')
)
on conflict on constraint machines_machine_id do update
set
  hostname = excluded.hostname,
  username = excluded.username,
  os_type = excluded.os_type,
  os_version = coalesce(excluded.os_version, m.os_version),
  machine_type = coalesce(%(machine_type)s::text, m.machine_type),
  ip_address = coalesce(excluded.ip_address, m.ip_address),
  metadata = m.metadata || excluded.metadata,
  last_seen_at = now()
returning m.id, m.machine_id, m.hostname, m.username, m.os_type, m.os_version, m.machine_type, m.metadata, m.created_at,
  m.last_seen_at;

-- name: get_machine -> Machine
-- One machine by its own id or ours.
select m.id, m.machine_id, m.hostname, m.username, m.os_type, m.os_version, m.machine_type, m.metadata, m.created_at,
  m.last_seen_at
from projects.machines as m
where m.machine_id = %(ref)s::text
  or m.id::text = lower(%(ref)s::text);

-- name: list_machines -> Machine, planned anew
-- Machines by host name, of one project or all, after a cursor.
select m.id, m.machine_id, m.hostname, m.username, m.os_type, m.os_version, m.machine_type, m.metadata, m.created_at,
  m.last_seen_at
from projects.machines as m
where (
    %(project_id)s::uuid is null
    or exists (
      select
      from projects.workspaces as w
      where w.machine_id = m.id
        and w.project_id = %(project_id)s::uuid
    )
  )
  and (%(machine_type)s::text is null or m.machine_type = %(machine_type)s::text)
  and (
    %(after_hostname)s::text is null
    or (m.hostname, m.id) > (%(after_hostname)s::text, %(after_id)s::uuid)
  )
order by m.hostname, m.id
limit %(limit)s::int;

-- name: register_workspace -> Workspace
-- Note that a workspace is there; it follows when its folder or project moves.
insert into projects.workspaces as w (
  workspace_id, project_id, machine_id, workspace_path, workspace_type, branch, "commit"
)
values (
  %(workspace_id)s::text,
  %(project_id)s::uuid,
  %(machine_id)s::uuid,
  %(path)s::text,
  coalesce(%(workspace_type)s::text, 'folder'),
  %(branch)s::text,
  %(commit)s::text
)
on conflict on constraint workspaces_workspace_id do update
set
  project_id = excluded.project_id,
  machine_id = excluded.machine_id,
  workspace_path = excluded.workspace_path,
  workspace_type = coalesce(%(workspace_type)s::text, w.workspace_type),
  branch = coalesce(excluded.branch, w.branch),
  "commit" = coalesce(excluded.commit, w.commit),
  last_seen_at = now()
returning w.id, w.workspace_id, w.project_id, w.machine_id, w.workspace_path, w.workspace_type, w.branch, w.commit,
  w.created_at, w.last_seen_at;

-- name: list_workspaces -> Workspace, planned anew
-- Workspaces of a project or a machine, newest first, after a cursor.
select w.id, w.workspace_id, w.project_id, w.machine_id, w.workspace_path, w.workspace_type, w.branch, w.commit,
  w.created_at, w.last_seen_at
from projects.workspaces as w
where (%(project_id)s::uuid is null or w.project_id = %(project_id)s::uuid)
  and (%(machine_id)s::uuid is null or w.machine_id = %(machine_id)s::uuid)
  and (%(after)s::uuid is null or w.id < %(after)s::uuid)
order by w.id desc
limit %(limit)s::int;

-- name: machines_of -> Machine
-- The machines on which a project has workspaces.
select m.id, m.machine_id, m.hostname, m.username, m.os_type, m.os_version, m.machine_type, m.metadata, m.created_at,
  m.last_seen_at
from projects.machines as m
where exists (
  select
  from projects.workspaces as w
  where w.machine_id = m.id
    and w.project_id = %(project_id)s::uuid
)
order by m.hostname, m.id;

-- name: workspaces_of -> Workspace
-- The workspaces of a project by folder.
select w.id, w.workspace_id, w.project_id, w.machine_id, w.workspace_path, w.workspace_type, w.branch, w.commit,
  w.created_at, w.last_seen_at
from projects.workspaces as w
where w.project_id = %(project_id)s::uuid
order by w.workspace_path, w.id;
