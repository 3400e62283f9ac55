"""kit: schemas, grants, permissions, request keys, leases, jobs, settings, notices"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0001"
down_revision = None

UP = r"""
do $$
declare
  missing text;
begin
  select string_agg(wanted, ', ')
  into missing
  from unnest(array['steward_owner', 'steward_app', 'steward_agent', 'steward_readonly', 'steward_backup']) as wanted
  where not exists (select from pg_roles where rolname = wanted);
  if missing is not null then
    raise exception 'the database roles % are missing', missing
      using errcode = 'ST503', hint = 'run `steward db setup`; it creates them or prints the SQL for an administrator';
  end if;
end
$$;

-- Per-schema defaults only add to the global one, which lets everybody call a new function: definer functions must not
-- be open to every login, so the global default goes.
alter default privileges revoke execute on functions from public;
grant usage on schema kit to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema kit grant execute on functions to steward_app, steward_agent, steward_readonly;
alter default privileges in schema kit grant select on tables to steward_app, steward_readonly, steward_backup;
alter default privileges in schema kit grant select on sequences to steward_backup;

-- Ids are made here so that defaults work alike on every server; uuidv7() is built in from 18 on.
do $$
begin
  if current_setting('server_version_num')::integer >= 180000 then
    execute $f$
      create function kit.new_id() returns uuid
      language sql volatile parallel safe
      begin atomic
        select uuidv7();
      end
    $f$;
  else
    execute $f$
      create function kit.new_id() returns uuid
      language sql volatile parallel safe
      begin atomic
        select encode(
          set_bit(
            set_bit(
              overlay(
                uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6
              ),
              52, 1
            ),
            53, 1
          ),
          'hex'
        )::uuid;
      end
    $f$;
  end if;
end
$$;
comment on function kit.new_id() is 'Make a time-ordered uuid (version 7).';

create table kit.settings (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);
comment on table kit.settings is 'What the installation itself remembers, such as the checksum of its code.';

create table kit.permissions (
  role text not null,
  permission text not null,
  primary key (role, permission)
);
comment on table kit.permissions is
  'What each role may do: room:read, room:write, room:admin; * stands for all.';

create table kit.request_keys (
  who text not null,
  key text not null,
  operation text not null,
  params_hash text not null,
  result jsonb,
  created_at timestamptz not null default now(),
  primary key (who, key)
);
create index request_keys_created_at on kit.request_keys (created_at);
comment on table kit.request_keys is
  'First results of writes by request key, so that a repetition answers alike; kept 24 h.';

create table kit.leases (
  name text primary key,
  holder text not null,
  token bigint not null,
  lease_until timestamptz not null
);
comment on table kit.leases is
  'Named leases with fencing tokens, such as that of the leader who runs background jobs.';
create sequence kit.lease_tokens as bigint;

create table kit.jobs (
  name text primary key,
  description text not null,
  interval_ms bigint not null check (interval_ms > 0),
  enabled boolean not null default true,
  next_run_at timestamptz not null default now()
);
comment on table kit.jobs is 'Background jobs and when each is due next.';

create table kit.job_runs (
  id uuid primary key default kit.new_id(),
  job_name text not null references kit.jobs (name) on delete cascade,
  holder text not null,
  token bigint not null,
  status text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
  report jsonb not null default '{}',
  error_message text,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  check ((status = 'running') = (completed_at is null))
);
create index job_runs_job_name on kit.job_runs (job_name, started_at desc);
comment on table kit.job_runs is 'One row for each run of a background job.';

create table kit.code_objects (
  position integer primary key,
  drop_statement text not null
);
comment on table kit.code_objects is
  'Functions, views and triggers made from code.sql files, in order of creation.';

create table kit.registered_objects (
  name text primary key,
  kind text not null check (kind in ('partition', 'index')),
  parent text not null,
  created_at timestamptz not null default now()
);
comment on table kit.registered_objects is 'Objects made at run time, so that verify knows them.';

create table kit.notices (
  id uuid primary key default kit.new_id(),
  topic text not null,
  level text not null check (level in ('info', 'warning', 'error')),
  message text not null,
  created_at timestamptz not null default now(),
  dismissed_at timestamptz
);
create index notices_open on kit.notices (created_at desc) where dismissed_at is null;
comment on table kit.notices is 'What the installation tells its people, such as a job that failed.';

grant insert, update, delete on kit.request_keys, kit.leases, kit.jobs, kit.job_runs, kit.notices, kit.settings
  to steward_app;
grant usage on sequence kit.lease_tokens to steward_app;

insert into kit.permissions (role, permission) values
  ('admin', '*'),
  ('manager', '*:read'),
  ('manager', '*:write'),
  ('user', '*:read'),
  ('user', 'work:write'),
  ('user', 'agents:write'),
  ('user', 'projects:write'),
  ('service', '*:read'),
  ('service', 'work:write'),
  ('service', 'agents:write'),
  ('agent', '*:read'),
  ('agent', 'work:write'),
  ('readonly', '*:read');
"""

DOWN = r"""
drop table kit.notices;
drop table kit.registered_objects;
drop table kit.code_objects;
drop table kit.job_runs;
drop table kit.jobs;
drop sequence kit.lease_tokens;
drop table kit.leases;
drop table kit.request_keys;
drop table kit.permissions;
drop table kit.settings;
drop function kit.new_id();
alter default privileges in schema kit revoke select on sequences from steward_backup;
alter default privileges in schema kit revoke select on tables from steward_app, steward_readonly, steward_backup;
alter default privileges in schema kit revoke execute on functions from steward_app, steward_agent, steward_readonly;
alter default privileges grant execute on functions to public;
revoke usage on schema kit from steward_app, steward_agent, steward_readonly, steward_backup;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
