"""agents: the registry and the providers of models"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0005"
down_revision = "0004"

UP = r"""
create schema agents;
grant usage on schema agents to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema agents
  grant select on tables to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema agents
  grant execute on functions to steward_app, steward_agent, steward_readonly;

create table agents.model_providers (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9_-]*$'),
  display_name text not null,
  website text,
  created_at timestamptz not null default now()
);
comment on table agents.model_providers is
  'Who serves the models that agents run on; unknown where nobody said.';

create table agents.agents (
  id uuid primary key default kit.new_id(),
  name text not null check (length(name) between 1 and 255 and name = btrim(name)),
  display_name text not null check (length(display_name) between 1 and 255),
  description text,
  agent_type text not null default 'custom' check (agent_type in (
    'orchestrator', 'architect', 'planner', 'codegen', 'reviewer', 'tester', 'deployer', 'security', 'debugger',
    'documentation', 'refactoring', 'optimization', 'infrastructure', 'analytics', 'custom'
  )),
  model_provider text not null default 'unknown' references agents.model_providers (name),
  model_name text not null default 'unknown' check (length(model_name) between 1 and 255),
  model_version text check (length(model_version) <= 100),
  capabilities text[] not null default '{}' check (array_position(capabilities, null) is null),
  configuration jsonb not null default '{}' check (jsonb_typeof(configuration) = 'object'),
  required_tools text[] not null default '{}',
  max_tokens integer not null default 4096 check (max_tokens > 0),
  temperature numeric(3, 2) not null default 0.7 check (temperature between 0 and 2),
  top_p numeric(3, 2) not null default 0.9 check (top_p between 0 and 1),
  max_in_progress integer check (max_in_progress > 0),
  is_active boolean not null default true,
  is_experimental boolean not null default false,
  agent_version text not null default '1.0.0' check (length(agent_version) between 1 and 20),
  tags text[] not null default '{}',
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  owner_id uuid references accounts.users (id) on delete set null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deprecated_at timestamptz
);
-- One agent by a name, however it is spelt: the guard of agents.ensure_agent.
create unique index agents_name on agents.agents (lower(name));
create index agents_owner_id on agents.agents (owner_id);
comment on table agents.agents is 'Agents that may be given work, and what they can do.';
comment on column agents.agents.capabilities is 'A task is offered only to agents that have all it requires.';
comment on column agents.agents.max_in_progress is 'How many tasks it may hold at once; null for no limit.';

grant insert, update on agents.agents, agents.model_providers to steward_app;
"""

DOWN = r"""
drop table agents.agents;
drop table agents.model_providers;
drop schema agents;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
