"""telemetry: tokens and cost, prices, budgets"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0015"
down_revision = "0014"

UP = r"""
-- Jobs take in price lists; own prices are an administrator's, budgets a person's.
insert into kit.permissions (role, permission) values
  ('service', 'telemetry:prices'),
  ('manager', 'telemetry:budget'),
  ('user', 'telemetry:budget');

create table telemetry.model_prices (
  id uuid primary key default kit.new_id(),
  provider text not null check (provider ~ '\S'),
  model text not null check (model ~ '\S'),
  -- Above so many tokens of input (cached ones counted) these rates hold for the whole response.
  above_input_tokens bigint not null default 0 check (above_input_tokens >= 0),
  effective_from timestamptz not null default '-infinity',
  effective_until timestamptz not null default 'infinity',
  -- Rates of some hours of the day, in UTC; they may run over midnight.
  hours_from time,
  hours_until time,
  -- USD for a million tokens; cache rates that are null are those of plain input.
  input_usd numeric(21, 12) not null check (input_usd >= 0),
  output_usd numeric(21, 12) not null check (output_usd >= 0),
  cache_read_usd numeric(21, 12) check (cache_read_usd >= 0),
  cache_write_usd numeric(21, 12) check (cache_write_usd >= 0),
  cache_write_1h_usd numeric(21, 12) check (cache_write_1h_usd >= 0),
  -- Of the part of the output that is reasoning; null where it costs what output costs.
  reasoning_usd numeric(21, 12) check (reasoning_usd >= 0),
  request_usd numeric(21, 12) not null default 0 check (request_usd >= 0),
  source text not null check (source in ('genai-prices', 'override')),
  note text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint model_prices_begin_before_they_end check (effective_from < effective_until),
  constraint model_prices_hours_whole check ((hours_from is null) = (hours_until is null))
);
comment on table telemetry.model_prices is
  'What models cost and from when to when; an override comes before a list price.';
create unique index model_prices_one on telemetry.model_prices
  (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) nulls not distinct;

create table telemetry.model_names (
  name text primary key,
  provider text,
  model text,
  -- null where no price list knows the name.
  found_by text check (found_by in ('exact', 'genai-prices', 'person')),
  updated_at timestamptz not null default now()
);
comment on table telemetry.model_names is
  'Which priced model a name means that clients use, such as claude-sonnet-4-5-20250929.';
create index model_names_model on telemetry.model_names (lower(provider), lower(model));

create table telemetry.token_usage (
  id uuid primary key,
  session_id uuid references telemetry.agent_sessions (id) on delete cascade,
  project_id uuid not null references projects.projects (id) on delete cascade,
  task_id uuid references work.tasks (id) on delete set null,
  execution_id uuid references telemetry.agent_executions (id) on delete set null,
  registered_agent_id uuid references agents.agents (id),
  agent_id text not null,
  model text not null,
  at timestamptz not null,
  -- Disjoint: input without what came from or went to the cache; reasoning is a part of output.
  input_tokens bigint not null default 0 check (input_tokens between 0 and 1000000000000),
  output_tokens bigint not null default 0 check (output_tokens between 0 and 1000000000000),
  cache_read_tokens bigint not null default 0 check (cache_read_tokens between 0 and 1000000000000),
  cache_write_tokens bigint not null default 0 check (cache_write_tokens between 0 and 1000000000000),
  -- The part of the above that was written for an hour.
  cache_write_1h_tokens bigint not null default 0 check (cache_write_1h_tokens between 0 and 1000000000000),
  reasoning_tokens bigint not null default 0 check (reasoning_tokens between 0 and 1000000000000),
  -- By our prices; null when no price is known and the client told none.
  cost_usd numeric(18, 9),
  reported_cost_usd numeric(18, 9),
  -- The price that was taken; no foreign key, so that a price with a million responses can go in a moment.
  price_id uuid,
  duration_ms bigint check (duration_ms >= 0),
  query_source text,
  subagent text,
  approximate boolean not null default false,
  created_at timestamptz not null default now()
) with (fillfactor = 90);
comment on table telemetry.token_usage is
  'One row for each response of a model, whichever and how many sources told of it.';
create index token_usage_session on telemetry.token_usage (session_id, at);
create index token_usage_at on telemetry.token_usage (at desc, id desc);
create index token_usage_project on telemetry.token_usage (project_id, at desc);
create index token_usage_task on telemetry.token_usage (task_id) where task_id is not null;
create index token_usage_execution on telemetry.token_usage (execution_id) where execution_id is not null;
create index token_usage_agent on telemetry.token_usage (registered_agent_id) where registered_agent_id is not null;
create index token_usage_model on telemetry.token_usage (model, at);

create table telemetry.usage_keys (
  key text primary key check (length(key) <= 400),
  usage_id uuid not null
);
comment on table telemetry.usage_keys is
  'The names by which sources know a response; each name means one response, and that is what counts it once.';
create index usage_keys_usage on telemetry.usage_keys (usage_id);

create table telemetry.usage_sightings (
  source text not null check (source in ('transcript', 'otlp-log', 'otlp-span', 'hook', 'api')),
  source_key text not null check (length(source_key) <= 400),
  usage_id uuid not null,
  session_id uuid,
  project_id uuid,
  task_id uuid,
  execution_id uuid,
  agent_id text not null,
  model text not null,
  at timestamptz not null,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cache_read_tokens bigint not null default 0,
  cache_write_tokens bigint not null default 0,
  cache_write_1h_tokens bigint not null default 0,
  reasoning_tokens bigint not null default 0,
  reported_cost_usd numeric(18, 9),
  duration_ms bigint,
  query_source text,
  subagent text,
  approximate boolean not null default false,
  -- For sources that name no response: how many of the same figures came before it in its session.
  ordinal_base text,
  primary key (source, source_key)
);
comment on table telemetry.usage_sightings is
  'What each source told of a response; token_usage is what they say together, and reconciliation compares them.';
create index usage_sightings_usage on telemetry.usage_sightings (usage_id);
create index usage_sightings_ordinal on telemetry.usage_sightings (ordinal_base, source)
where ordinal_base is not null;
create index usage_sightings_session on telemetry.usage_sightings (session_id, source);

create table telemetry.usage_days (
  day date not null,
  project_id uuid not null,
  task_id uuid,
  registered_agent_id uuid,
  agent_id text not null,
  model text not null,
  calls bigint not null,
  unpriced_calls bigint not null,
  approximate_calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost_usd numeric(24, 9) not null,
  constraint usage_days_one unique nulls not distinct (day, project_id, task_id, registered_agent_id, agent_id, model)
);
comment on table telemetry.usage_days is
  'Tokens and cost by day and all that is asked for; with usage_deltas it is exact at every moment.';
create index usage_days_task on telemetry.usage_days (task_id) where task_id is not null;
create index usage_days_project on telemetry.usage_days (project_id, day);

create table telemetry.usage_deltas (
  id bigint generated always as identity primary key,
  day date not null,
  project_id uuid not null,
  task_id uuid,
  registered_agent_id uuid,
  agent_id text not null,
  model text not null,
  calls bigint not null,
  unpriced_calls bigint not null,
  approximate_calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost_usd numeric(24, 9) not null
);
comment on table telemetry.usage_deltas is
  'What usage_days has not taken in yet: appended by every write, folded by a job.';

create table telemetry.repricings (
  id uuid primary key default kit.new_id(),
  since timestamptz,
  until timestamptz,
  model text,
  project_id uuid references projects.projects (id) on delete cascade,
  unpriced_only boolean not null default false,
  -- How far it is: the last response that was looked at.
  after_at timestamptz,
  after_id uuid,
  seen bigint not null default 0,
  changed bigint not null default 0,
  cost_before numeric(24, 9) not null default 0,
  cost_after numeric(24, 9) not null default 0,
  requested_at timestamptz not null default now(),
  completed_at timestamptz
);
comment on table telemetry.repricings is
  'Requests to work out anew what responses cost; done in batches, so that nobody waits long for any of them.';
create index repricings_open on telemetry.repricings (requested_at) where completed_at is null;
create index repricings_project on telemetry.repricings (project_id) where project_id is not null;

create table telemetry.budgets (
  id uuid primary key default kit.new_id(),
  name text not null check (name ~ '\S' and length(name) <= 200),
  scope text not null check (scope in ('all', 'project', 'epic', 'task', 'agent')),
  project_id uuid references projects.projects (id) on delete cascade,
  epic_id uuid references work.epics (id) on delete cascade,
  task_id uuid references work.tasks (id) on delete cascade,
  agent_id uuid references agents.agents (id),
  period text not null default 'total' check (period in ('day', 'week', 'month', 'total')),
  limit_usd numeric(18, 9) check (limit_usd >= 0),
  limit_tokens bigint check (limit_tokens >= 0),
  warn_percent smallint not null default 80 check (warn_percent between 1 and 100),
  is_active boolean not null default true,
  version integer not null default 1,
  created_by_user_id uuid references accounts.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint budgets_limit_something check (limit_usd is not null or limit_tokens is not null),
  constraint budgets_name_their_scope check (
    (scope = 'project') = (project_id is not null)
    and (scope = 'epic') = (epic_id is not null)
    and (scope = 'task') = (task_id is not null)
    and (scope = 'agent') = (agent_id is not null)
  )
);
comment on table telemetry.budgets is
  'What may be spent on a project, an epic, a task, by an agent or in all; at the limit claims are refused.';
create unique index budgets_one on telemetry.budgets (scope, project_id, epic_id, task_id, agent_id, period)
nulls not distinct where is_active;
-- The first question of every claim: is there any?
create index budgets_active on telemetry.budgets (id) where is_active;
create index budgets_project on telemetry.budgets (project_id) where project_id is not null;
create index budgets_epic on telemetry.budgets (epic_id) where epic_id is not null;
create index budgets_task on telemetry.budgets (task_id) where task_id is not null;
create index budgets_agent on telemetry.budgets (agent_id) where agent_id is not null;
create index budgets_created_by on telemetry.budgets (created_by_user_id) where created_by_user_id is not null;
"""

DOWN = r"""
drop table telemetry.budgets;
drop table telemetry.repricings;
drop table telemetry.usage_deltas;
drop table telemetry.usage_days;
drop table telemetry.usage_sightings;
drop table telemetry.usage_keys;
drop table telemetry.token_usage;
drop table telemetry.model_names;
drop table telemetry.model_prices;
delete from kit.permissions where permission in ('telemetry:prices', 'telemetry:budget') and role <> 'admin';
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
