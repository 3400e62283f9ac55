"""items: epics and what they wait for, issues, workflows, their tasks, analytics of workflows and tasks"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0007"
down_revision = "0006"

UP = r"""
create table work.epics (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  epic_id text not null check (epic_id ~ '^[^\s/]{1,50}$'),
  title text not null check (title ~ '\S' and length(title) <= 2000),
  description text not null default '',
  status text not null default 'planned' check (status in (
    'planned', 'in_progress', 'blocked', 'completed', 'cancelled'
  )),
  priority smallint not null default 5 check (priority between 1 and 10),
  estimated_minutes integer check (estimated_minutes >= 0),
  complexity text check (complexity in ('simple', 'moderate', 'complex')),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  completed_at timestamptz,
  archived_at timestamptz,
  constraint epics_epic_id unique (project_id, epic_id),
  -- Foreign keys name the project too, so that what belongs together is of one project.
  constraint epics_of_project unique (id, project_id),
  constraint epics_completed check ((status = 'completed') = (completed_at is not null))
);
comment on table work.epics is
  'A large piece of a project (EPIC-001), with issues and tasks; hours and progress stand in epic_summary.';
-- Lists of a project, newest first; with and without a state.
create index epics_project on work.epics (project_id, id desc) where archived_at is null;
create index epics_project_status on work.epics (project_id, status, id desc) where archived_at is null;
-- The next epic_id of a project.
create index epics_numbered on work.epics (project_id, (substring(epic_id from '^EPIC-([0-9]{1,9})$')::integer))
where epic_id ~ '^EPIC-[0-9]{1,9}$';

create table work.epic_dependencies (
  epic_id uuid not null,
  project_id uuid not null,
  depends_on_epic_id uuid not null,
  id uuid not null default kit.new_id(),
  created_at timestamptz not null default now(),
  primary key (epic_id, project_id, depends_on_epic_id),
  constraint epic_dependencies_epic foreign key (epic_id, project_id)
    references work.epics (id, project_id) on delete cascade,
  constraint epic_dependencies_depends_on foreign key (depends_on_epic_id, project_id)
    references work.epics (id, project_id) on delete cascade,
  constraint epic_dependencies_not_itself check (epic_id <> depends_on_epic_id)
);
comment on table work.epic_dependencies is
  'epic_id waits for depends_on_epic_id; both are of one project, and no epics wait in a circle.';
-- Which epics wait for one.
create index epic_dependencies_awaited on work.epic_dependencies (depends_on_epic_id, project_id);

create table work.issues (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  number bigint not null check (number > 0),
  epic_id uuid,
  title text not null check (title ~ '\S' and length(title) <= 2000),
  description text not null default '',
  status text not null default 'open' check (status in ('open', 'in_progress', 'blocked', 'closed', 'cancelled')),
  status_reason text,
  priority smallint not null default 5 check (priority between 1 and 10),
  labels text[] not null default '{}',
  assignee text,
  github_id bigint,
  github_url text,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  closed_at timestamptz,
  deleted_at timestamptz,
  constraint issues_number unique (project_id, number),
  constraint issues_of_project unique (id, project_id),
  constraint issues_epic foreign key (epic_id, project_id)
    references work.epics (id, project_id) on delete set null (epic_id),
  constraint issues_closed check ((status = 'closed') = (closed_at is not null))
);
comment on table work.issues is
  'What somebody reported or wants (ACME-42); numbered from the counter that tasks use, so a number means one thing.';
-- Lists of a project, the highest number first; with and without a state.
create index issues_project on work.issues (project_id, number desc, id desc) where deleted_at is null;
create index issues_project_status on work.issues (project_id, status, number desc, id desc) where deleted_at is null;
-- Lists of all projects.
create index issues_all on work.issues (number desc, id desc) where deleted_at is null;
-- Issues of an epic.
create index issues_epic on work.issues (epic_id, project_id, number desc) where epic_id is not null;
-- Issues that bear a label.
create index issues_labels on work.issues using gin (labels);
-- One issue for each of a repository, so that bringing them over twice makes no second one.
create unique index issues_github on work.issues (project_id, github_id)
where github_id is not null and deleted_at is null;

create table work.workflows (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  name text not null check (name ~ '\S' and length(name) <= 500),
  description text not null default '',
  requirements text not null default '',
  current_phase text not null default 'initiation' check (current_phase in (
    'initiation', 'planning', 'development', 'testing', 'deployment', 'completed', 'failed'
  )),
  status text not null default 'pending' check (status in (
    'pending', 'active', 'paused', 'completed', 'failed', 'cancelled'
  )),
  metrics jsonb not null default '{}' check (jsonb_typeof(metrics) = 'object'),
  errors jsonb not null default '[]' check (jsonb_typeof(errors) = 'array'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  archived_at timestamptz,
  constraint workflows_of_project unique (id, project_id),
  constraint workflows_completed check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint workflows_ended_alike check (
    (current_phase = 'completed') = (status = 'completed') and (current_phase = 'failed') = (status = 'failed')
  )
);
comment on table work.workflows is
  'A run of work through phases, made of tasks; progress is derived in workflow_summary. completed_at: when it ended.';
-- Lists of a project, newest first; with and without a state.
create index workflows_project on work.workflows (project_id, id desc) where archived_at is null;
create index workflows_project_status on work.workflows (project_id, status, id desc) where archived_at is null;
-- Finding one by its name.
create index workflows_name on work.workflows (lower(name), project_id);

alter table work.tasks
  add column epic_id uuid,
  add column issue_id uuid,
  add column workflow_id uuid,
  add constraint tasks_epic foreign key (epic_id, project_id)
    references work.epics (id, project_id) on delete set null (epic_id),
  add constraint tasks_issue foreign key (issue_id, project_id)
    references work.issues (id, project_id) on delete set null (issue_id),
  add constraint tasks_workflow foreign key (workflow_id, project_id)
    references work.workflows (id, project_id) on delete set null (workflow_id);
-- Tasks of an epic, an issue, a workflow in the usual order, and how many of them are done, read from the index alone.
create index tasks_epic on work.tasks (epic_id, project_id, priority desc, number, id)
include (status, deleted_at) where epic_id is not null;
create index tasks_issue on work.tasks (issue_id, project_id, priority desc, number, id)
include (status, deleted_at) where issue_id is not null;
create index tasks_workflow on work.tasks (workflow_id, project_id, priority desc, number, id)
include (status, deleted_at) where workflow_id is not null;

create table work.workflow_analytics (
  workflow_id uuid primary key references work.workflows (id) on delete cascade,
  project_id uuid not null references projects.projects (id) on delete cascade,
  total_tasks integer not null default 0,
  completed_tasks integer not null default 0,
  failed_tasks integer not null default 0,
  blocked_tasks integer not null default 0,
  waiting_tasks integer not null default 0,
  completion_percentage numeric(5, 2) not null default 0 check (completion_percentage between 0 and 100),
  estimated_duration_hours numeric(14, 2),
  actual_duration_hours numeric(14, 2),
  efficiency_score numeric(14, 2) check (efficiency_score >= 0),
  quality_score numeric(5, 2) check (quality_score between 0 and 100),
  complexity_score numeric(5, 2) check (complexity_score >= 0),
  critical_path_minutes integer not null default 0,
  critical_path jsonb not null default '[]',
  resource_utilization jsonb not null default '{}',
  bottlenecks jsonb not null default '[]',
  optimization_opportunities jsonb not null default '[]',
  calculated_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table work.workflow_analytics is
  'What calculate_workflow_analytics last found of a workflow; live counts stand in workflow_performance_summary.';
-- Walked when a project is removed.
create index workflow_analytics_project on work.workflow_analytics (project_id);

create table work.task_analytics (
  task_id uuid primary key references work.tasks (id) on delete cascade,
  project_id uuid not null references projects.projects (id) on delete cascade,
  complexity_score numeric(5, 2) check (complexity_score >= 0),
  estimated_effort_hours numeric(14, 2),
  actual_effort_hours numeric(14, 2),
  efficiency_ratio numeric(14, 2) check (efficiency_ratio >= 0),
  quality_metrics jsonb not null default '{}',
  performance_metrics jsonb not null default '{}',
  dependency_impact_score numeric(5, 2) not null default 0 check (dependency_impact_score between 0 and 100),
  blocking_factor numeric(12, 2) not null default 0 check (blocking_factor >= 0),
  critical_position integer,
  completion_velocity numeric(14, 2),
  error_count integer not null default 0 check (error_count >= 0),
  retry_count integer not null default 0 check (retry_count >= 0),
  code_quality_score numeric(5, 2) check (code_quality_score between 0 and 100),
  test_coverage_percentage numeric(5, 2) check (test_coverage_percentage between 0 and 100),
  calculated_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table work.task_analytics is
  'What calculate_workflow_analytics last found of a task: effort, quality, who waits for it, its place on the path.';
-- Walked when a project is removed.
create index task_analytics_project on work.task_analytics (project_id);

grant insert, update, delete on work.epics, work.issues, work.workflows to steward_app;
grant insert, delete on work.epic_dependencies to steward_app;
"""

DOWN = r"""
drop table work.task_analytics;
drop table work.workflow_analytics;
alter table work.tasks
  drop column workflow_id,
  drop column issue_id,
  drop column epic_id;
drop table work.workflows;
drop table work.issues;
drop table work.epic_dependencies;
drop table work.epics;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
