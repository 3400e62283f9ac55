"""agents: kept decisions about who gets a task"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0009"
down_revision = "0008"

UP = r"""
create table agents.routing_sources (
  kind text primary key check (kind in ('task', 'figures')),
  function_name text not null
);
comment on table agents.routing_sources is
  'Functions of later rooms that tell what a task needs and how agents have done.';

create table agents.agent_routing_decisions (
  id uuid primary key default kit.new_id(),
  project_id uuid,
  task_id uuid,
  required_capabilities text[] not null,
  agent_id uuid references agents.agents (id),
  score numeric(6, 4) check (score between 0 and 1),
  candidates jsonb not null default '[]' check (jsonb_typeof(candidates) = 'array'),
  decided_by text,
  created_at timestamptz not null default now()
);
comment on table agents.agent_routing_decisions is
  'Which agent was held best for a task, and how all of them scored; the task is named by id alone.';
create index agent_routing_decisions_task on agents.agent_routing_decisions (task_id, created_at desc)
where task_id is not null;
create index agent_routing_decisions_agent on agents.agent_routing_decisions (agent_id, created_at desc);
create index agent_routing_decisions_new on agents.agent_routing_decisions (created_at desc, id desc);

grant insert on agents.agent_routing_decisions to steward_app;
"""

DOWN = r"""
drop table agents.agent_routing_decisions;
drop table agents.routing_sources;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
