-- What agents and tasks took, from executions and responses.

-- How agents have done, under the names that their table had elsewhere, with what they spent.
create view telemetry.agent_figures with (security_invoker = true) as
select
  a.id as agent_id,
  a.name as agent,
  coalesce(e.executions, 0) as total_executions,
  coalesce(e.successes, 0) as successes,
  coalesce(e.failures, 0) as failures,
  coalesce(round(100.0 * e.successes / nullif(e.successes + e.failures, 0), 2), 0) as success_rate,
  coalesce(round(e.mean_ms), 0)::bigint as avg_execution_time_ms,
  e.last_used_at,
  coalesce(u.total_tokens, 0) as total_tokens,
  coalesce(u.cost_usd, 0) as cost_usd,
  coalesce(u.calls, 0) as calls
from agents.agents as a
left join (
  select
    x.agent_id,
    count(*) as executions,
    count(*) filter (where x.status = 'success') as successes,
    count(*) filter (
      where x.status in ('failure', 'timeout')
        -- What was given back, or a person took, is no failure of the agent.
        and not coalesce(x.result ? 'ended_by', false)
    ) as failures,
    avg(telemetry.took_ms(x.started_at, x.completed_at)) as mean_ms,
    max(greatest(x.started_at, x.completed_at)) as last_used_at
  from telemetry.agent_executions as x
  group by x.agent_id
) as e on e.agent_id = a.id
left join (
  select
    d.registered_agent_id,
    sum(d.calls)::bigint as calls,
    sum(d.input_tokens + d.output_tokens + d.cache_read_tokens + d.cache_write_tokens)::bigint as total_tokens,
    sum(d.cost_usd) as cost_usd
  from telemetry.daily_usage as d
  where d.registered_agent_id is not null
  group by d.registered_agent_id
) as u on u.registered_agent_id = a.id;

-- What a finished task cost with each agent in the last 90 days, failed tries included; agents without finished tasks or
-- known cost have no row. Asked by routing.
create function telemetry.agent_costs() returns table (agent_id uuid, cost_usd numeric)
language sql stable
security definer
set search_path = telemetry, pg_temp
as $$
  select e.agent_id, u.cost_usd / e.finished
  from (
    select x.agent_id, count(*) as finished
    from telemetry.agent_executions as x
    where x.started_at >= now() - interval '90 days'
      and x.status = 'success'
    group by x.agent_id
  ) as e
  join (
    select d.registered_agent_id, sum(d.cost_usd) as cost_usd
    from telemetry.daily_usage as d
    where d.registered_agent_id is not null
      and d.day >= current_date - 90
    group by d.registered_agent_id
  ) as u on u.registered_agent_id = e.agent_id
  where u.cost_usd > 0
$$;
select agents.register_routing('cost', 'telemetry.agent_costs');

-- What each task took: sessions at work on it, tries, responses, tokens and cost.
create view telemetry.task_sessions with (security_invoker = true) as
select
  t.id as task_id,
  t.project_id,
  (
    select count(*)
    from (
      select s.session_id
      from telemetry.session_tasks as s
      where s.task_id = t.id
      union
      select u.session_id
      from telemetry.token_usage as u
      where u.task_id = t.id
        and u.session_id is not null
    ) as n
  ) as sessions,
  (select count(*) from telemetry.agent_executions as e where e.task_id = t.id) as executions,
  coalesce(u.calls, 0) as calls,
  coalesce(u.input_tokens, 0) as input_tokens,
  coalesce(u.output_tokens, 0) as output_tokens,
  coalesce(u.cache_read_tokens, 0) as cache_read_tokens,
  coalesce(u.cache_write_tokens, 0) as cache_write_tokens,
  coalesce(u.total_tokens, 0) as total_tokens,
  coalesce(u.cost_usd, 0) as cost_usd,
  coalesce(u.unpriced_calls, 0) as unpriced_calls
from work.tasks as t
left join lateral (
  select
    count(*) as calls,
    sum(w.input_tokens)::bigint as input_tokens,
    sum(w.output_tokens)::bigint as output_tokens,
    sum(w.cache_read_tokens)::bigint as cache_read_tokens,
    sum(w.cache_write_tokens)::bigint as cache_write_tokens,
    sum(w.input_tokens + w.output_tokens + w.cache_read_tokens + w.cache_write_tokens)::bigint as total_tokens,
    sum(w.cost_usd) as cost_usd,
    count(*) filter (where w.cost_usd is null) as unpriced_calls
  from telemetry.token_usage as w
  where w.task_id = t.id
) as u on true;
