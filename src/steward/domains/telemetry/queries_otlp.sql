-- name: keep_origins -> none
-- Keep resources and scopes that records came with.
insert into telemetry.otel_resources (id, resource, scope)
select o.id, o.resource, o.scope
from unnest(%(ids)s::uuid[], %(resources)s::jsonb[], %(scopes)s::jsonb[]) as o (id, resource, scope)
order by o.id
on conflict do nothing;

-- name: lock_timeless -> none
-- Make those wait for each other who keep records without any time.
select pg_advisory_xact_lock(hashtextextended('telemetry.timeless', 0));

-- name: lock_traces -> none
-- Make those wait for each other who keep spans of the same traces that are understood together. Traces are many, so they
-- share some locks.
select pg_advisory_xact_lock(hashtextextended('telemetry.traces', b.bucket))
from unnest(%(buckets)s::integer[]) as b (bucket);

-- name: keep_logs -> uuid[]
-- Keep log records; gives the ids of the new ones, null when all are.
with kept as (
  insert into telemetry.otel_logs (
    "time", id, project_id, session_id, resource_id, observed_at, is_timeless, event_name, severity_number,
    severity_text, body, attributes, trace_id, span_id, flags
  )
  select
    t."time", t.id, t.project_id, t.session_id, t.resource_id, t.observed_at, t.is_timeless, t.event_name,
    t.severity_number, t.severity_text, t.body, t.attributes, t.trace_id, t.span_id, t.flags
  from unnest(
    %(times)s::timestamptz[], %(ids)s::uuid[], %(projects)s::uuid[], %(sessions)s::uuid[], %(resources)s::uuid[],
    %(observed)s::timestamptz[], %(timeless)s::boolean[], %(names)s::text[], %(severities)s::smallint[],
    %(severity_texts)s::text[], %(bodies)s::jsonb[], %(attributes)s::jsonb[], %(traces)s::bytea[], %(spans)s::bytea[],
    %(flags)s::bigint[]
  ) as t (
    "time", id, project_id, session_id, resource_id, observed_at, is_timeless, event_name, severity_number,
    severity_text, body, attributes, trace_id, span_id, flags
  )
  where not t.is_timeless
    or not exists (select from telemetry.otel_logs as l where l.id = t.id and l.is_timeless)
  order by t."time", t.id
  on conflict do nothing
  returning id
)
select case when count(*) <> %(many)s::bigint then coalesce(array_agg(k.id), '{}') end
from kept as k;

-- name: keep_spans -> uuid[]
-- Keep spans; gives the ids of the new ones, null when all are.
with kept as (
  insert into telemetry.otel_spans (
    start_time, id, project_id, session_id, resource_id, trace_id, span_id, parent_span_id, name, kind, end_time,
    duration_ms, status_code, status_message, attributes, events, links, trace_state
  )
  select
    t.start_time, t.id, t.project_id, t.session_id, t.resource_id, t.trace_id, t.span_id, t.parent_span_id, t.name,
    t.kind, t.end_time, t.duration_ms, t.status_code, t.status_message, t.attributes, t.events, t.links, t.trace_state
  from unnest(
    %(times)s::timestamptz[], %(ids)s::uuid[], %(projects)s::uuid[], %(sessions)s::uuid[], %(resources)s::uuid[],
    %(traces)s::bytea[], %(spans)s::bytea[], %(parents)s::bytea[], %(names)s::text[], %(kinds)s::smallint[],
    %(ends)s::timestamptz[], %(durations)s::double precision[], %(codes)s::smallint[], %(messages)s::text[],
    %(attributes)s::jsonb[], %(events)s::jsonb[], %(links)s::jsonb[], %(states)s::text[]
  ) as t (
    start_time, id, project_id, session_id, resource_id, trace_id, span_id, parent_span_id, name, kind, end_time,
    duration_ms, status_code, status_message, attributes, events, links, trace_state
  )
  order by t.start_time, t.id
  on conflict do nothing
  returning id
)
select case when count(*) <> %(many)s::bigint then coalesce(array_agg(k.id), '{}') end
from kept as k;

-- name: keep_points -> uuid[]
-- Keep points of metrics; gives the ids of the new ones, null when all are.
with kept as (
  insert into telemetry.otel_points (
    "time", id, project_id, session_id, resource_id, series_id, metric, kind, unit, temporality, is_monotonic,
    start_time, value, detail, attributes
  )
  select
    t."time", t.id, t.project_id, t.session_id, t.resource_id, t.series_id, t.metric, t.kind, t.unit, t.temporality,
    t.is_monotonic, t.start_time, t.value, t.detail, t.attributes
  from unnest(
    %(times)s::timestamptz[], %(ids)s::uuid[], %(projects)s::uuid[], %(sessions)s::uuid[], %(resources)s::uuid[],
    %(series)s::uuid[], %(metrics)s::text[], %(kinds)s::text[], %(units)s::text[], %(temporalities)s::smallint[],
    %(monotonic)s::boolean[], %(starts)s::timestamptz[], %(values)s::double precision[], %(details)s::jsonb[],
    %(attributes)s::jsonb[]
  ) as t (
    "time", id, project_id, session_id, resource_id, series_id, metric, kind, unit, temporality, is_monotonic,
    start_time, value, detail, attributes
  )
  order by t."time", t.id
  on conflict do nothing
  returning id
)
select case when count(*) <> %(many)s::bigint then coalesce(array_agg(k.id), '{}') end
from kept as k;

-- name: near_spans -> StoredSpan
-- Parents and children of some spans.
select s.trace_id, s.span_id, s.parent_span_id, s.name, s.kind, s.attributes, s.duration_ms
from telemetry.otel_spans as s
where s.trace_id = any (%(traces)s::bytea[])
  and (s.span_id = any (%(parents)s::bytea[]) or s.parent_span_id = any (%(spans)s::bytea[]));

-- name: find_task -> TaskPlace
-- The task of an id, or of a project's key and a number.
select t.id, t.project_id
from work.tasks as t
where t.id = %(id)s::uuid
  and t.deleted_at is null
union all
select t.id, t.project_id
from projects.projects as p
join work.tasks as t on t.project_id = p.id
where p.key = %(key)s::text
  and p.deleted_at is null
  and t.number = %(number)s::bigint
  and t.deleted_at is null;

-- name: ensure_otel_partitions -> int
-- Make the months of logs, spans and points that come.
select
  kit.ensure_partitions('telemetry.otel_logs', 2) + kit.ensure_partitions('telemetry.otel_spans', 2)
  + kit.ensure_partitions('telemetry.otel_points', 2);
