-- Figures of cost: totals by what is asked for, from the days where these are enough and from the responses otherwise.

-- Totals by day with what has changed since, of what is asked for; the days are inclusive.
-- `begin atomic`, so that the planner puts it into the statement that asks and leaves out what is not asked for.
create function telemetry.usage_within(
  p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date
) returns table (
  day date, project_id uuid, task_id uuid, registered_agent_id uuid, agent_id text, model text, calls bigint,
  unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint,
  cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric
)
language sql stable
begin atomic
  select
    u.day, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model, u.calls, u.unpriced_calls,
    u.approximate_calls, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.reasoning_tokens,
    u.cost_usd
  from (
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.agent_id, d.model, d.calls, d.unpriced_calls,
      d.approximate_calls, d.input_tokens, d.output_tokens, d.cache_read_tokens, d.cache_write_tokens, d.reasoning_tokens,
      d.cost_usd
    from telemetry.usage_days as d
    union all
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.agent_id, d.model, d.calls, d.unpriced_calls,
      d.approximate_calls, d.input_tokens, d.output_tokens, d.cache_read_tokens, d.cache_write_tokens, d.reasoning_tokens,
      d.cost_usd
    from telemetry.usage_deltas as d
  ) as u
  where (p_project_id is null or u.project_id = p_project_id)
    and (p_task_id is null or u.task_id = p_task_id)
    and (p_epic_id is null or u.task_id in (select t.id from work.tasks as t where t.epic_id = p_epic_id))
    and (p_agent_id is null or u.registered_agent_id = p_agent_id)
    and (p_client is null or u.agent_id = p_client)
    and (p_model is null or u.model = p_model)
    and (p_since is null or u.day >= p_since)
    and (p_until is null or u.day <= p_until);
end;

-- Responses of what is asked for.
create function telemetry.responses_within(
  p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text,
  p_since date, p_until date
) returns table (
  id uuid, at timestamptz, session_id uuid, project_id uuid, task_id uuid, registered_agent_id uuid, agent_id text,
  model text, query_source text, subagent text, approximate boolean, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric
)
language sql stable
begin atomic
  select
    u.id, u.at, u.session_id, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model, u.query_source,
    u.subagent, u.approximate, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens,
    u.reasoning_tokens, u.cost_usd
  from telemetry.token_usage as u
  where (p_session_id is null or u.session_id = p_session_id)
    and (p_project_id is null or u.project_id = p_project_id)
    and (p_task_id is null or u.task_id = p_task_id)
    and (p_epic_id is null or u.task_id in (select t.id from work.tasks as t where t.epic_id = p_epic_id))
    and (p_agent_id is null or u.registered_agent_id = p_agent_id)
    and (p_client is null or u.agent_id = p_client)
    and (p_model is null or u.model = p_model)
    and (p_since is null or u.at >= telemetry.day_start(p_since))
    and (p_until is null or u.at < telemetry.day_start(p_until + 1));
end;

-- By what a day's row is told apart, of what days are kept by.
create function telemetry.day_key(
  p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text
) returns text
language sql immutable parallel safe
begin atomic
  select case p_by
    when 'project' then p_project_id::text when 'task' then p_task_id::text when 'agent' then p_agent_id::text
    when 'client' then p_client when 'model' then p_model
  end;
end;

-- Totals by one thing that days are kept by: project, task, epic, agent, client, model, day, week, month.
create function telemetry.days_by(
  p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text,
  p_since date, p_until date
) returns table (
  key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric
)
language sql stable
begin atomic
  select
    coalesce(case
      when p_by = 'epic' then t.epic_id::text
      when p_by in ('day', 'week', 'month') then date_trunc(p_by, u.day::timestamp)::date::text
      else telemetry.day_key(p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
    end, ''),
    sum(u.calls)::bigint, sum(u.unpriced_calls)::bigint, sum(u.approximate_calls)::bigint, sum(u.input_tokens)::bigint,
    sum(u.output_tokens)::bigint, sum(u.cache_read_tokens)::bigint, sum(u.cache_write_tokens)::bigint,
    sum(u.reasoning_tokens)::bigint, case when sum(u.calls) > sum(u.unpriced_calls) then sum(u.cost_usd) end
  from telemetry.usage_within(
    p_project_id, p_task_id, p_epic_id, p_agent_id, p_client, p_model, p_since, p_until
  ) as u
  left join work.tasks as t on t.id = u.task_id
  group by 1
  having sum(u.calls) > 0;
end;

-- Totals by model, project, task, agent, client and in all, in one go over the days.
create function telemetry.overview_by(
  p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date
) returns table (
  by text, key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint,
  output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric
)
language sql stable
begin atomic
  select
    case grouping(u.model, u.project_id, u.task_id, u.registered_agent_id, u.agent_id)
      when 15 then 'model' when 23 then 'project' when 27 then 'task' when 29 then 'agent' when 30 then 'client' else 'total'
    end,
    coalesce(u.model, u.project_id::text, u.task_id::text, u.registered_agent_id::text, u.agent_id, ''),
    sum(u.calls)::bigint, sum(u.unpriced_calls)::bigint, sum(u.approximate_calls)::bigint, sum(u.input_tokens)::bigint,
    sum(u.output_tokens)::bigint, sum(u.cache_read_tokens)::bigint, sum(u.cache_write_tokens)::bigint,
    sum(u.reasoning_tokens)::bigint, case when sum(u.calls) > sum(u.unpriced_calls) then sum(u.cost_usd) end
  from telemetry.usage_within(
    p_project_id, p_task_id, p_epic_id, p_agent_id, p_client, p_model, p_since, p_until
  ) as u
  group by grouping sets ((u.model), (u.project_id), (u.task_id), (u.registered_agent_id), (u.agent_id), ())
  having sum(u.calls) > 0;
end;

-- Totals of the last so many days until one, and of as many before; the days are added up once for all.
create function telemetry.cost_periods(
  p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid,
  p_client text, p_model text
) returns table (
  days integer, since date, until date, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint,
  output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric,
  previous_cost_usd numeric, previous_calls bigint
)
language sql stable
begin atomic
  with by_day as materialized (
    select
      d.key::date as day, d.calls, d.unpriced_calls, d.approximate_calls, d.input_tokens, d.output_tokens,
      d.cache_read_tokens, d.cache_write_tokens, d.reasoning_tokens, d.cost_usd
    from telemetry.days_by(
      'day', p_project_id, p_task_id, p_epic_id, p_agent_id, p_client, p_model, p_today - 2 * p_longest + 1, p_today
    ) as d
  )
  select
    n.days, p_today - n.days + 1, p_today,
    coalesce(sum(d.calls) filter (where n.now), 0)::bigint,
    coalesce(sum(d.unpriced_calls) filter (where n.now), 0)::bigint,
    coalesce(sum(d.approximate_calls) filter (where n.now), 0)::bigint,
    coalesce(sum(d.input_tokens) filter (where n.now), 0)::bigint,
    coalesce(sum(d.output_tokens) filter (where n.now), 0)::bigint,
    coalesce(sum(d.cache_read_tokens) filter (where n.now), 0)::bigint,
    coalesce(sum(d.cache_write_tokens) filter (where n.now), 0)::bigint,
    coalesce(sum(d.reasoning_tokens) filter (where n.now), 0)::bigint,
    coalesce(sum(d.cost_usd) filter (where n.now), 0),
    coalesce(sum(d.cost_usd) filter (where not n.now), 0),
    coalesce(sum(d.calls) filter (where not n.now), 0)::bigint
  from (
    select g.days, w.now
    from unnest(p_days) as g (days)
    cross join (values (true), (false)) as w (now)
  ) as n
  left join by_day as d
    on d.day > p_today - case when n.now then n.days else 2 * n.days end
    and d.day <= p_today - case when n.now then 0 else n.days end
  group by n.days;
end;

-- Totals of responses by one thing, among them what days are not kept by: session, commit, subagent, query_source. A
-- response belongs to the next commit of its session.
create function telemetry.responses_by(
  p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text,
  p_model text, p_since date, p_until date
) returns table (
  key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric
)
language sql stable
begin atomic
  select
    coalesce(case
      when p_by = 'session' then u.session_id::text
      when p_by = 'commit' then c.sha
      when p_by = 'subagent' then u.subagent
      when p_by = 'query_source' then u.query_source
      when p_by = 'epic' then t.epic_id::text
      when p_by in ('day', 'week', 'month') then date_trunc(p_by, telemetry.day_of(u.at)::timestamp)::date::text
      else telemetry.day_key(p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
    end, ''),
    count(*), count(*) filter (where u.cost_usd is null), count(*) filter (where u.approximate),
    sum(u.input_tokens)::bigint, sum(u.output_tokens)::bigint, sum(u.cache_read_tokens)::bigint,
    sum(u.cache_write_tokens)::bigint, sum(u.reasoning_tokens)::bigint, sum(u.cost_usd)
  from telemetry.responses_within(
    p_session_id, p_project_id, p_task_id, p_epic_id, p_agent_id, p_client, p_model, p_since, p_until
  ) as u
  left join work.tasks as t on t.id = u.task_id
  left join lateral (
    select s.sha
    from telemetry.session_commits as s
    where p_by = 'commit'
      and s.session_id = u.session_id
      and s.committed_at >= u.at
    order by s.committed_at, s.sha
    limit 1
  ) as c on true
  group by 1;
end;

-- The commit that a response belongs to: the next one of its session. Responses after the last one have none yet.
create view telemetry.response_commits with (security_invoker = true) as
select u.id as usage_id, u.session_id, c.sha, c.subject, c.committed_at
from telemetry.token_usage as u
cross join lateral (
  select s.sha, s.subject, s.committed_at
  from telemetry.session_commits as s
  where s.session_id = u.session_id
    and s.committed_at >= u.at
  order by s.committed_at, s.sha
  limit 1
) as c;

-- How people call the things that figures are of: name, what it is, and the words by which it is found again.
create function telemetry.names_of(p_by text, p_keys text[])
returns table (key text, name text, title text, project text)
language sql stable
set search_path = telemetry, work, projects, agents, pg_temp
as $$
  select p.id::text, p.slug, p.name, p.slug
  from projects.projects as p
  where p_by = 'project' and p.id = any (p_keys::uuid[])
  union all
  select t.id::text, p.key || '-' || t.number, t.title, p.slug
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where p_by = 'task' and t.id = any (p_keys::uuid[])
  union all
  select e.id::text, p.key || '/' || e.epic_id, e.title, p.slug
  from work.epics as e
  join projects.projects as p on p.id = e.project_id
  where p_by = 'epic' and e.id = any (p_keys::uuid[])
  union all
  select a.id::text, a.name, null, null
  from agents.agents as a
  where p_by = 'agent' and a.id = any (p_keys::uuid[])
  union all
  select s.id::text, s.agent_id || ' ' || left(s.external_id, 8), s.title, p.slug
  from telemetry.agent_sessions as s
  join projects.projects as p on p.id = s.project_id
  where p_by = 'session' and s.id = any (p_keys::uuid[])
  union all
  select distinct on (c.sha) c.sha, left(c.sha, 10), c.subject, null
  from telemetry.session_commits as c
  where p_by = 'commit' and c.sha = any (p_keys)
$$;

-- What each source saw of some sessions, and what only it saw.
create function telemetry.sighted_by_source(p_session_ids uuid[])
returns table (
  session_id uuid, source text, responses bigint, only_here bigint, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, reported_cost_usd numeric
)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    b.session_id, b.source, count(*), count(*) filter (where b.sources = 1), sum(b.input_tokens)::bigint,
    sum(b.output_tokens)::bigint, sum(b.cache_read_tokens)::bigint, sum(b.cache_write_tokens)::bigint,
    sum(b.reported_cost_usd)
  from (
    -- A source may tell of one response twice; its fuller word is what it saw.
    select distinct on (s.usage_id, s.source)
      u.session_id, s.usage_id, s.source, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens,
      max(s.reported_cost_usd) over (partition by s.usage_id, s.source) as reported_cost_usd,
      (select count(distinct o.source) from telemetry.usage_sightings as o where o.usage_id = s.usage_id) as sources
    from telemetry.token_usage as u
    join telemetry.usage_sightings as s on s.usage_id = u.id
    where u.session_id = any (p_session_ids)
    order by
      s.usage_id, s.source, s.output_tokens desc, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens desc
  ) as b
  group by b.session_id, b.source
$$;

-- What each source says that responses of some sessions cost, beside what was worked out for just these: responses that it
-- gives no cost for, and those whose cost nobody knows otherwise, cannot be compared.
create function telemetry.costs_by_source(p_session_ids uuid[])
returns table (session_id uuid, source text, responses bigint, reported_usd numeric, computed_usd numeric)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select b.session_id, b.source, count(*), sum(b.reported_usd), sum(b.cost_usd)
  from (
    select u.session_id, u.cost_usd, s.source, max(s.reported_cost_usd) as reported_usd
    from telemetry.token_usage as u
    join telemetry.usage_sightings as s on s.usage_id = u.id
    where u.session_id = any (p_session_ids)
      and u.price_id is not null
      and s.reported_cost_usd is not null
    group by u.id, s.source
  ) as b
  group by b.session_id, b.source
$$;

-- What clients' own metrics say of some sessions, where exporters' metrics are kept; input without what came from caches.
create function telemetry.client_reported(p_session_ids uuid[])
returns table (
  session_id uuid, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
  cost_usd numeric
)
language plpgsql stable
set search_path = telemetry, pg_temp
as $$
begin
  if to_regclass('telemetry.client_reported_usage') is null then
    return;
  end if;
  return query execute
    'select r.session_id,
       greatest(
         coalesce(sum(r.tokens) filter (where r.type = ''input''), 0)
         - coalesce(sum(r.tokens) filter (where r.type = ''cache_read'' and r.agent_id <> ''claude-code''), 0), 0
       )::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''output''), 0)::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''cache_read''), 0)::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''cache_write''), 0)::bigint,
       sum(r.cost_usd)
     from telemetry.client_reported_usage as r
     where r.session_id = any ($1)
     group by r.session_id' using p_session_ids;
end
$$;
