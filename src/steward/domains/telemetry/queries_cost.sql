-- name: rebuild_days -> bigint
-- Make the totals by day anew from all responses.
select telemetry.rebuild_days();

-- name: cost_by_days -> CostKey, planned anew
-- Cost by what days are kept by: the dearest first, periods the latest first; after a cursor.
select
  g.key, g.calls, g.unpriced_calls, g.approximate_calls, g.input_tokens, g.output_tokens, g.cache_read_tokens,
  g.cache_write_tokens, g.reasoning_tokens, g.cost_usd
from telemetry.days_by(
  %(by)s::text, %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid, %(client)s::text,
  %(model)s::text, %(since)s::date, %(until)s::date
) as g
where %(after_key)s::text is null
  or case
    when %(timely)s::boolean then g.key < %(after_key)s::text
    else (-coalesce(g.cost_usd, -1), g.key) > (-%(after_cost)s::numeric, %(after_key)s::text)
  end
order by case when %(timely)s::boolean then g.key end desc, coalesce(g.cost_usd, -1) desc, g.key
limit %(limit)s::integer;

-- name: cost_by_responses -> CostKey, planned anew
-- Cost by what only responses tell: the dearest first, periods the latest first; after a cursor.
select
  g.key, g.calls, g.unpriced_calls, g.approximate_calls, g.input_tokens, g.output_tokens, g.cache_read_tokens,
  g.cache_write_tokens, g.reasoning_tokens, g.cost_usd
from telemetry.responses_by(
  %(by)s::text, %(session_id)s::uuid, %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid,
  %(client)s::text, %(model)s::text, %(since)s::date, %(until)s::date
) as g
where %(after_key)s::text is null
  or case
    when %(timely)s::boolean then g.key < %(after_key)s::text
    else (-coalesce(g.cost_usd, -1), g.key) > (-%(after_cost)s::numeric, %(after_key)s::text)
  end
order by case when %(timely)s::boolean then g.key end desc, coalesce(g.cost_usd, -1) desc, g.key
limit %(limit)s::integer;

-- name: cost_names -> CostName
-- How people call what figures are of.
select n.key, n.name, n.title, n.project
from telemetry.names_of(%(by)s::text, %(keys)s::text[]) as n;

-- name: cost_days -> CostDay, planned anew
-- Cost of each day by something, the dearest of it apart, the rest together under null.
with dearest as materialized (
  select coalesce(telemetry.day_key(%(by)s::text, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model), '') as key
  from telemetry.usage_within(
    %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid, %(client)s::text, %(model)s::text,
    %(since)s::date, %(until)s::date
  ) as u
  group by 1
  order by sum(u.cost_usd) desc, sum(u.calls) desc, 1
  limit %(most)s::integer
)
select
  u.day, d.key, sum(u.cost_usd) as cost_usd, sum(u.calls)::bigint as calls, sum(u.unpriced_calls)::bigint as unpriced_calls,
  sum(u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens)::bigint as total_tokens
from telemetry.usage_within(
  %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid, %(client)s::text, %(model)s::text,
  %(since)s::date, %(until)s::date
) as u
left join dearest as d
  on d.key = coalesce(telemetry.day_key(%(by)s::text, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model), '')
group by u.day, d.key
having sum(u.calls) <> 0
order by u.day, d.key;

-- name: cost_periods -> CostPeriod, planned anew
-- Totals of the last so many days, today among them, and of as many before.
select
  p.days, p.since, p.until, p.calls, p.unpriced_calls, p.approximate_calls, p.input_tokens, p.output_tokens,
  p.cache_read_tokens, p.cache_write_tokens, p.reasoning_tokens, p.cost_usd, p.previous_cost_usd, p.previous_calls
from telemetry.cost_periods(
  %(days)s::integer[], %(today)s::date, %(longest)s::integer, %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid,
  %(agent_id)s::uuid, %(client)s::text, %(model)s::text
) as p
order by p.days;

-- name: today -> date
-- The day that it is in the installation's time zone.
select telemetry.day_of(now());

-- name: cost_overview -> OverviewKey, planned anew
-- Totals, and the dearest by model, project, task, agent and client, in one go over the days.
select
  o.by, o.key, o.calls, o.unpriced_calls, o.approximate_calls, o.input_tokens, o.output_tokens, o.cache_read_tokens,
  o.cache_write_tokens, o.reasoning_tokens, o.cost_usd, o.kinds
from (
  select
    g.by, g.key, g.calls, g.unpriced_calls, g.approximate_calls, g.input_tokens, g.output_tokens, g.cache_read_tokens,
    g.cache_write_tokens, g.reasoning_tokens, g.cost_usd, count(*) over (partition by g.by) as kinds,
    row_number() over (partition by g.by order by coalesce(g.cost_usd, -1) desc, g.key) as place
  from telemetry.overview_by(
    %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid, %(client)s::text, %(model)s::text,
    %(since)s::date, %(until)s::date
  ) as g
) as o
where o.place <= %(most)s::integer
order by o.by, o.place;

-- name: list_responses -> ResponseRow, planned anew
-- Responses, the latest first, after a cursor.
select
  u.id, u.at, u.session_id, p.slug as project, p.key || '-' || t.number as task, a.name as agent, u.agent_id as client,
  u.model, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.reasoning_tokens, u.cost_usd,
  f.reported_cost_usd, f.price_id, f.duration_ms, u.query_source, u.subagent, u.approximate,
  array(select distinct s.source from telemetry.usage_sightings as s where s.usage_id = u.id order by s.source) as sources
from telemetry.responses_within(
  %(session_id)s::uuid, %(project_id)s::uuid, %(task_id)s::uuid, %(epic_id)s::uuid, %(agent_id)s::uuid, %(client)s::text,
  %(model)s::text, %(since)s::date, %(until)s::date
) as u
join telemetry.token_usage as f on f.id = u.id
join projects.projects as p on p.id = u.project_id
left join work.tasks as t on t.id = u.task_id
left join agents.agents as a on a.id = u.registered_agent_id
where (%(after_id)s::uuid is null or (u.at, u.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
  and (not %(unpriced)s::boolean or u.cost_usd is null)
order by u.at desc, u.id desc
limit %(limit)s::integer;

-- name: sessions_to_reconcile -> SessionTotal, planned anew
-- Sessions with what their responses add up to, the latest first, after a cursor.
select
  s.id as session_id, s.agent_id as client, s.title, s.start_time, u.responses, u.input_tokens, u.output_tokens,
  u.cache_read_tokens, u.cache_write_tokens, u.cost_usd, u.unpriced_calls
from telemetry.agent_sessions as s
join lateral (
  select
    count(*) as responses, sum(t.input_tokens)::bigint as input_tokens, sum(t.output_tokens)::bigint as output_tokens,
    sum(t.cache_read_tokens)::bigint as cache_read_tokens, sum(t.cache_write_tokens)::bigint as cache_write_tokens,
    sum(t.cost_usd) as cost_usd, count(*) filter (where t.cost_usd is null) as unpriced_calls
  from telemetry.token_usage as t
  where t.session_id = s.id
) as u on u.responses > 0
where (%(session_id)s::uuid is null or s.id = %(session_id)s::uuid)
  and (%(project_id)s::uuid is null or s.project_id = %(project_id)s::uuid)
  and (%(client)s::text is null or s.agent_id = %(client)s::text)
  and (%(since)s::date is null or s.last_seen_at >= telemetry.day_start(%(since)s::date))
  and (%(after_id)s::uuid is null or (s.start_time, s.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by s.start_time desc, s.id desc
limit %(limit)s::integer;

-- name: sighted_by_source -> SourceSeen
-- What each source saw of some sessions.
select
  f.session_id, f.source, f.responses, f.only_here, f.input_tokens, f.output_tokens, f.cache_read_tokens,
  f.cache_write_tokens, f.reported_cost_usd
from telemetry.sighted_by_source(%(ids)s::uuid[]) as f
order by f.session_id, f.source;

-- name: costs_by_source -> SourceCost
-- What each source says that responses cost, beside what was worked out for the same ones.
select c.session_id, c.source, c.responses, c.reported_usd, c.computed_usd
from telemetry.costs_by_source(%(ids)s::uuid[]) as c
order by c.session_id, c.source;

-- name: client_reported -> ClientReported
-- What clients' own metrics say of some sessions.
select c.session_id, c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_write_tokens, c.cost_usd
from telemetry.client_reported(%(ids)s::uuid[]) as c;

-- name: find_session -> uuid
-- Sessions of an id, of the start of one, or of what the client calls it; two rows mean that the words are ambiguous.
select s.id
from telemetry.agent_sessions as s
where s.id between %(low)s::uuid and %(high)s::uuid
  or s.external_id = %(name)s::text
order by s.id
limit 2;
