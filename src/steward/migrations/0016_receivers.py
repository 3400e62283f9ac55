"""telemetry: what OTLP exporters and hooks sent, as they sent it; sessions kept for the Claude Agent SDK"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0016"
down_revision = "0015"

UP = r"""
create table telemetry.otel_resources (
  id uuid primary key,
  resource jsonb not null,
  scope jsonb not null,
  created_at timestamptz not null default now()
);
comment on table telemetry.otel_resources is
  'Resource and scope that records came with, kept once; the id is the hash of both.';

-- Streams: no foreign key, no trigger, the time in every unique key; partitions by month.
create table telemetry.otel_logs (
  "time" timestamptz not null,
  -- The hash of the record with its resource: a batch that is sent again adds nothing.
  id uuid not null,
  project_id uuid not null,
  session_id uuid,
  resource_id uuid not null,
  observed_at timestamptz,
  event_name text,
  severity_number smallint,
  severity_text text,
  body jsonb,
  attributes jsonb not null,
  trace_id bytea,
  span_id bytea,
  flags bigint,
  primary key (id, "time")
) partition by range ("time");
comment on table telemetry.otel_logs is 'Log records and events as OTLP exporters sent them.';
create index otel_logs_session on telemetry.otel_logs (session_id, "time") where session_id is not null;
create table telemetry.otel_logs_rest partition of telemetry.otel_logs default;

create table telemetry.otel_spans (
  start_time timestamptz not null,
  id uuid not null,
  project_id uuid not null,
  session_id uuid,
  resource_id uuid not null,
  trace_id bytea not null,
  span_id bytea not null,
  parent_span_id bytea,
  name text not null,
  kind smallint not null default 0,
  end_time timestamptz,
  duration_ms double precision,
  status_code smallint not null default 0,
  status_message text,
  attributes jsonb not null,
  events jsonb,
  links jsonb,
  trace_state text,
  primary key (id, start_time)
) partition by range (start_time);
comment on table telemetry.otel_spans is 'Spans as OTLP exporters sent them; the id is the hash of trace and span.';
create index otel_spans_session on telemetry.otel_spans (session_id, start_time) where session_id is not null;
create index otel_spans_trace on telemetry.otel_spans (trace_id, start_time);
create table telemetry.otel_spans_rest partition of telemetry.otel_spans default;

create table telemetry.otel_points (
  "time" timestamptz not null,
  -- The hash of series, start and time.
  id uuid not null,
  project_id uuid not null,
  session_id uuid,
  resource_id uuid not null,
  -- The hash of resource, metric and attributes.
  series_id uuid not null,
  metric text not null,
  kind text not null check (kind in ('gauge', 'sum', 'histogram', 'exponential_histogram', 'summary')),
  unit text,
  temporality smallint not null default 0,
  is_monotonic boolean not null default false,
  start_time timestamptz,
  value double precision,
  detail jsonb,
  attributes jsonb not null,
  primary key (id, "time")
) partition by range ("time");
comment on table telemetry.otel_points is
  'Points of metrics as OTLP exporters sent them; views add deltas up and take differences of running totals.';
create index otel_points_series on telemetry.otel_points (series_id, "time");
create index otel_points_session on telemetry.otel_points (session_id, "time") where session_id is not null;
create table telemetry.otel_points_rest partition of telemetry.otel_points default;

create table telemetry.hook_events (
  -- Given by the client that spools, else the hash of the content and the second it came in.
  id uuid primary key,
  session_id uuid not null,
  project_id uuid not null,
  agent_id text not null,
  event_name text not null,
  at timestamptz not null,
  payload jsonb not null,
  received_at timestamptz not null default now()
);
comment on table telemetry.hook_events is 'What the hooks of coding agents told, without secrets.';
create index hook_events_session on telemetry.hook_events (session_id, at);

create table telemetry.session_store (
  project_key text not null check (project_key ~ '\S' and length(project_key) <= 500),
  session_id text not null check (session_id ~ '\S' and length(session_id) <= 500),
  -- '' for the session's own entries, else such as subagents/agent-7.
  subpath text not null default '' check (length(subpath) <= 1000),
  position bigint generated always as identity,
  entry_uuid text check (length(entry_uuid) <= 200),
  -- JSON as text: jsonb would refuse \u0000 and change large numbers, and what comes back has to be equal.
  entry text not null,
  created_at timestamptz not null default now(),
  primary key (project_key, session_id, subpath, position)
);
comment on table telemetry.session_store is 'Entries of sessions that the Claude Agent SDK keeps here, in order.';
-- An append that is sent again adds nothing.
create unique index session_store_entry on telemetry.session_store (project_key, session_id, subpath, entry_uuid)
where entry_uuid is not null;

create table telemetry.session_store_summaries (
  project_key text not null,
  session_id text not null,
  modified_at timestamptz not null,
  -- How often it was written: who folds on must have seen the last fold.
  version bigint not null default 0,
  summary text,
  primary key (project_key, session_id)
);
comment on table telemetry.session_store_summaries is
  'Sessions that the Claude Agent SDK keeps here, with what it shows of each in a list.';

grant insert on telemetry.otel_resources, telemetry.otel_logs, telemetry.otel_spans, telemetry.otel_points,
  telemetry.hook_events to steward_app;
"""

DOWN = r"""
drop table telemetry.session_store_summaries;
drop table telemetry.session_store;
drop table telemetry.hook_events;
drop table telemetry.otel_points;
drop table telemetry.otel_spans;
drop table telemetry.otel_logs;
drop table telemetry.otel_resources;
delete from kit.registered_objects where parent like 'telemetry.otel%';
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
