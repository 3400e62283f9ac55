"""work: tasks, dependencies, the ready queue, kept originals of imports"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0006"
down_revision = "0005"

UP = r"""
create schema work;
grant usage on schema work to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema work grant select on tables to steward_app, steward_readonly, steward_backup;
alter default privileges in schema work grant select on sequences to steward_backup;
alter default privileges in schema work grant execute on functions to steward_app, steward_agent, steward_readonly;

create table work.import_files (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  format text not null,
  source_name text not null,
  source_path text not null,
  content_sha256 text not null,
  content_bytes bigint not null check (content_bytes >= 0),
  -- zstd over the file's own bytes: an export gives back order and unknown keys from it.
  content bytea not null,
  report jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, format, source_name)
);
comment on table work.import_files is
  'The original of each imported file, kept once, with what its last import reported.';

create table work.tasks (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  number bigint not null check (number > 0),
  parent_task_id uuid references work.tasks (id) on delete set null,
  title text not null check (title ~ '\S' and length(title) <= 2000),
  description text not null default '',
  details text not null default '',
  test_strategy text not null default '',
  requirements jsonb not null default '[]' check (jsonb_typeof(requirements) = 'array'),
  acceptance_criteria jsonb not null default '[]' check (jsonb_typeof(acceptance_criteria) = 'array'),
  type text not null default 'task' check (type in (
    'bug', 'feature', 'refactor', 'test', 'documentation', 'task', 'chore', 'pull_request'
  )),
  status text not null default 'pending' check (status in (
    'draft', 'pending', 'in_progress', 'blocked', 'in_review', 'testing', 'awaiting_input',
    'done', 'failed', 'cancelled', 'deferred'
  )),
  status_reason text,
  priority smallint not null default 5 check (priority between 1 and 10),
  labels text[] not null default '{}',
  required_capabilities text[] not null default '{}',
  order_index integer not null default 0,
  estimated_minutes integer check (estimated_minutes >= 0),
  actual_minutes integer check (actual_minutes >= 0),
  complexity_score smallint check (complexity_score between 1 and 13),
  assigned_user_id uuid references accounts.users (id) on delete set null,
  assigned_agent_id uuid references agents.agents (id) on delete set null,
  assigned_component text,
  created_by_user_id uuid references accounts.users (id) on delete set null,
  created_by_agent_id uuid references agents.agents (id) on delete set null,
  github_issue_number bigint,
  github_pr_number bigint,
  github_node_id text,
  github_url text,
  linear_issue_id text,
  files_changed integer check (files_changed >= 0),
  lines_added integer check (lines_added >= 0),
  lines_deleted integer check (lines_deleted >= 0),
  ai_analysis jsonb not null default '{}',
  ai_suggestions jsonb not null default '[]',
  result jsonb,
  attempts smallint not null default 0 check (attempts >= 0),
  max_attempts smallint not null default 3 check (max_attempts > 0),
  quarantined_at timestamptz,
  quarantine_reason text,
  due_date timestamptz,
  metadata jsonb not null default '{}',
  import_file_id uuid references work.import_files (id) on delete set null,
  import_tag text,
  import_ref text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  deleted_at timestamptz,
  unique (project_id, number),
  constraint tasks_assigned_once check (assigned_user_id is null or assigned_agent_id is null),
  constraint tasks_not_own_parent check (parent_task_id <> id)
);
comment on table work.tasks is
  'Work to be done: a task or subtask of a project; readiness and leases stand in ready_queue.';
-- Lists and boards of a project by state.
create index tasks_project_status on work.tasks (project_id, status, priority desc, number) where deleted_at is null;
-- Lists of a project in the usual order.
create index tasks_project_order on work.tasks (project_id, priority desc, number, id) where deleted_at is null;
-- Lists over all projects: in the usual order, by state, by the latest change.
create index tasks_order on work.tasks (priority desc, number, id) where deleted_at is null;
create index tasks_status on work.tasks (status, priority desc, number, id) where deleted_at is null;
create index tasks_updated on work.tasks (updated_at desc, id desc) where deleted_at is null;
-- What is in work, the latest begun first.
create index tasks_in_work on work.tasks (started_at desc nulls last)
where status in ('in_progress', 'in_review', 'testing', 'awaiting_input') and deleted_at is null;
-- Children of a task, walked by readiness and by the task page.
create index tasks_parent on work.tasks (parent_task_id) where parent_task_id is not null;
-- What a person or an agent has.
create index tasks_assigned_user on work.tasks (assigned_user_id) where assigned_user_id is not null;
create index tasks_assigned_agent on work.tasks (assigned_agent_id) where assigned_agent_id is not null;
-- What was finished lately.
create index tasks_completed on work.tasks (completed_at desc)
where completed_at is not null;
create index tasks_project_completed on work.tasks (project_id, completed_at desc) where completed_at is not null;
-- What is in quarantine: few, and looked at often.
create index tasks_quarantined on work.tasks (project_id) where quarantined_at is not null and deleted_at is null;
-- Finding a row of a file again makes imports idempotent.
create unique index tasks_import on work.tasks (import_file_id, import_tag, import_ref)
where import_file_id is not null;
-- One task for each issue and pull request of a repository.
create unique index tasks_github_issue on work.tasks (project_id, github_issue_number)
where github_issue_number is not null and deleted_at is null;
create unique index tasks_github_pr on work.tasks (project_id, github_pr_number)
where github_pr_number is not null and deleted_at is null;

create table work.task_dependencies (
  task_id uuid not null references work.tasks (id) on delete cascade,
  depends_on_task_id uuid not null references work.tasks (id) on delete cascade,
  dependency_type text not null default 'blocks' check (dependency_type in ('blocks', 'relates_to', 'subtask_of')),
  source_type text,
  project_id uuid not null references projects.projects (id) on delete cascade,
  id uuid not null default kit.new_id(),
  created_at timestamptz not null default now(),
  primary key (task_id, depends_on_task_id, dependency_type),
  constraint task_dependencies_not_itself check (task_id <> depends_on_task_id)
);
comment on table work.task_dependencies is
  'task_id waits for depends_on_task_id (blocks), or is tied to it; no cycle of waiting.';
-- Who waits for a task, walked when it is finished.
create index task_dependencies_depends_on on work.task_dependencies (depends_on_task_id);

create sequence work.lease_tokens as bigint;

create table work.ready_queue (
  task_id uuid primary key references work.tasks (id) on delete cascade,
  project_id uuid not null,
  priority smallint not null,
  number bigint not null,
  labels text[] not null,
  required_capabilities text[] not null,
  agent_id uuid,
  agent_name text,
  session_id text,
  token bigint not null default 0,
  claimed_at timestamptz,
  lease_until timestamptz,
  constraint ready_queue_lease_whole check ((agent_id is null) = (lease_until is null))
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table work.ready_queue is
  'What can be claimed now and who holds what: narrow, so that claims stay fast beside long readers.';
-- Claims of one project, of any project, the reaper, and an agent's own leases.
create index ready_queue_project on work.ready_queue (project_id, priority desc, number, task_id)
where agent_id is null;
create index ready_queue_any on work.ready_queue (priority desc, number, task_id)
where agent_id is null;
create index ready_queue_leases on work.ready_queue (lease_until) where agent_id is not null;
create index ready_queue_agent on work.ready_queue (agent_id) where agent_id is not null;

create table work.extension_points (
  point text not null check (point in ('on_claim', 'on_start', 'on_finish', 'on_fail', 'on_give_back', 'on_expire')),
  position integer not null,
  function_name text not null,
  primary key (point, position, function_name)
);
comment on table work.extension_points is
  'Functions of later rooms that work calls in order, in the same transaction.';

grant insert, update, delete on work.tasks, work.import_files, work.ready_queue to steward_app;
grant insert, delete on work.task_dependencies to steward_app;
grant usage on sequence work.lease_tokens to steward_app;
"""

DOWN = r"""
drop table work.extension_points;
drop table work.ready_queue;
drop sequence work.lease_tokens;
drop table work.task_dependencies;
drop table work.tasks;
drop table work.import_files;
drop schema work;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
