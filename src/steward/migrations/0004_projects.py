"""projects: projects, members, counters, remotes, machines, workspaces"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0004"
down_revision = "0003"

UP = r"""
create schema projects;
grant usage on schema projects to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema projects
  grant select on tables to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema projects
  grant execute on functions to steward_app, steward_agent, steward_readonly;

create table projects.projects (
  id uuid primary key default kit.new_id(),
  name text not null check (length(name) between 1 and 255 and name = btrim(name)),
  slug text not null check (length(slug) between 1 and 100 and slug ~ '^[a-z0-9][a-z0-9_-]*$'),
  key text not null check (key ~ '^[A-Z0-9]{2,10}$'),
  description text,
  path text check (length(path) between 1 and 4096),
  repository_url text check (length(repository_url) between 1 and 1000),
  repository_provider text check (repository_provider in ('github', 'gitlab', 'bitbucket', 'other')),
  repository_owner text check (length(repository_owner) between 1 and 500),
  repository_name text check (length(repository_name) between 1 and 255),
  default_branch text not null default 'main' check (length(default_branch) between 1 and 255),
  github_repo_id bigint,
  linear_team_id text check (length(linear_team_id) <= 100),
  technology_stack text[] not null default '{}',
  settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  status text not null default 'active' check (status in ('active', 'inactive', 'paused', 'archived', 'deleted')),
  is_public boolean not null default false,
  is_template boolean not null default false,
  owner_id uuid references accounts.users (id) on delete restrict,
  average_review_time_minutes integer check (average_review_time_minutes >= 0),
  average_merge_time_minutes integer check (average_merge_time_minutes >= 0),
  pr_merge_rate numeric(5, 2) check (pr_merge_rate between 0 and 100),
  test_coverage_percent numeric(5, 2) check (test_coverage_percent between 0 and 100),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz,
  deleted_at timestamptz,
  check (status <> 'archived' or archived_at is not null),
  check ((status = 'deleted') = (deleted_at is not null))
);
create unique index projects_slug on projects.projects (slug) where deleted_at is null;
create unique index projects_key on projects.projects (key) where deleted_at is null;
create index projects_name on projects.projects (lower(name));
create index projects_path on projects.projects (path) where path is not null;
create index projects_owner_id on projects.projects (owner_id);
create unique index projects_github_repo_id on projects.projects (github_repo_id)
  where deleted_at is null and github_repo_id is not null;
comment on table projects.projects is 'What work, evidence and figures belong to; deleting marks the row.';
comment on column projects.projects.key is
  'Begins the numbers of tasks and issues (ACME-42); fixed once the first number was taken.';
comment on column projects.projects.owner_id is
  'Null only where nobody known made it, such as the system project.';

create table projects.project_counters (
  project_id uuid primary key references projects.projects (id) on delete cascade,
  last_number bigint not null default 0 check (last_number >= 0)
) with (fillfactor = 50);
comment on table projects.project_counters is 'The last number a project gave to a task or an issue.';

create table projects.project_members (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  user_id uuid not null references accounts.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'maintainer', 'member', 'viewer')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint project_members_once unique (project_id, user_id)
);
create index project_members_user_id on projects.project_members (user_id);
comment on table projects.project_members is 'Who works on a project, and as what.';

-- One name for one repository, however it is reached: host and path in lower case, without scheme, user, port, '.git'.
-- Ports go because ssh and https reach one repository through different ones. Null for what names no host.
create function projects.normalise_remote(p_url text) returns text
language sql immutable parallel safe
begin atomic
  with parts as (
    select case
      when btrim(p_url) ~* '^[a-z][a-z0-9+.-]*://' then regexp_replace(btrim(p_url), '^[A-Za-z][A-Za-z0-9+.-]*://', '')
      -- The short form of ssh, host:path; one letter before the colon is a drive.
      when btrim(p_url) ~ '^([^@/:\s\\]+@)?(\[[0-9A-Fa-f:.]+\]|[^@/:\s\\]{2,}):[^\\]'
        then regexp_replace(btrim(p_url), '^([^@/:]+@)?(\[[^\]]+\]|[^@/:]+):/*', '\2/')
      -- A bare host/owner/name, as people write it.
      when btrim(p_url) ~ '^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/[^/\s]+/[^\s]+$' then btrim(p_url)
    end as rest,
    btrim(p_url) ~* '^file:' as is_file
  ),
  cleaned as (
    select
      lower(regexp_replace(split_part(rest, '/', 1), '^.*@|:[0-9]*$', '', 'g')) as host,
      lower(regexp_replace(
        regexp_replace(substring(rest from '/(.*)$'), '[?#].*$', ''),
        '^/+|(\.git)?/*$', '', 'g'
      )) as path
    from parts
    where not is_file
  ),
  known as (
    select
      case host
        when 'ssh.github.com' then 'github.com'
        when 'altssh.gitlab.com' then 'gitlab.com'
        when 'altssh.bitbucket.org' then 'bitbucket.org'
        when 'ssh.dev.azure.com' then 'dev.azure.com'
        else regexp_replace(host, '^www\.|\.$', '', 'g')
      end as host,
      case
        when host = 'ssh.dev.azure.com' then regexp_replace(path, '^v3/([^/]+/[^/]+)/', '\1/_git/')
        -- Bitbucket Server serves ssh as proj/repo and https as scm/proj/repo.
        else regexp_replace(regexp_replace(path, '^scm/(?=[^/]+/[^/]+$)', ''), '/{2,}', '/', 'g')
      end as path
    from cleaned
  )
  select host || '/' || path
  from known
  where host <> ''
    and path <> '';
end;
comment on function projects.normalise_remote(text) is
  'Give a git remote its one name, such as github.com/acme/app.';

create table projects.project_remotes (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  -- Never with a password: such an address would show a token to all who may read.
  url text not null check (length(url) between 1 and 1000 and url !~ '://[^/@]*:[^/]*@'),
  remote text not null generated always as (projects.normalise_remote(url)) stored,
  is_live boolean not null default true,
  created_at timestamptz not null default now(),
  constraint project_remotes_once unique (project_id, remote)
);
create unique index project_remotes_remote on projects.project_remotes (remote) where is_live;
comment on table projects.project_remotes is
  'Git remotes by which a working folder finds its project; a remote names one project at most.';
comment on column projects.project_remotes.is_live is
  'False while the project is deleted, so that another may take the remote.';

create table projects.machines (
  id uuid primary key default kit.new_id(),
  machine_id text not null constraint machines_machine_id unique check (length(machine_id) between 1 and 255),
  hostname text not null check (length(hostname) between 1 and 255),
  username text not null check (length(username) between 1 and 255),
  os_type text not null check (os_type in ('darwin', 'linux', 'windows')),
  os_version text,
  machine_type text not null default 'local' check (machine_type in ('local', 'remote', 'cloud', 'ci')),
  ip_address inet,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);
comment on table projects.machines is 'Machines on which agents and people work.';

create table projects.workspaces (
  id uuid primary key default kit.new_id(),
  workspace_id text not null constraint workspaces_workspace_id unique check (length(workspace_id) between 1 and 255),
  project_id uuid not null references projects.projects (id) on delete cascade,
  machine_id uuid not null references projects.machines (id) on delete cascade,
  workspace_path text not null check (length(workspace_path) between 1 and 4096),
  workspace_type text not null default 'folder' check (workspace_type in ('folder', 'multi-root')),
  branch text,
  "commit" text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);
create index workspaces_project_id on projects.workspaces (project_id);
create index workspaces_machine_id on projects.workspaces (machine_id);
create index workspaces_workspace_path on projects.workspaces (workspace_path);
comment on table projects.workspaces is 'Working folders of a project on a machine.';

grant insert, update on
  projects.projects, projects.project_counters, projects.project_members, projects.project_remotes,
  projects.machines, projects.workspaces
  to steward_app;
grant delete on projects.project_members, projects.project_remotes, projects.workspaces, projects.machines
  to steward_app;
"""

DOWN = r"""
drop table projects.workspaces;
drop table projects.machines;
drop table projects.project_remotes;
drop function projects.normalise_remote(text);
drop table projects.project_members;
drop table projects.project_counters;
drop table projects.projects;
drop schema projects;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
