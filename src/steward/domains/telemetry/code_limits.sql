-- Budgets: what was spent of them, and the gate that refuses claims where nothing is left. What is claimed already goes
-- on: a budget is soft by what is in flight.

create trigger touch before update on telemetry.budgets
for each row execute function kit.touch_versioned();
call kit.audit_table('telemetry.budgets', 'budget', 'name', 'project_id');

-- The first day of the period that a day lies in; null where the period has no beginning.
create function telemetry.period_start(p_period text, p_day date) returns date
language sql immutable parallel safe
begin atomic
  select case p_period
    when 'day' then p_day
    when 'week' then date_trunc('week', p_day::timestamp)::date
    when 'month' then date_trunc('month', p_day::timestamp)::date
  end;
end;

-- What was spent from a day on: of a project, of some tasks, by an agent, or in all where these are null.
create function telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date)
returns table (cost_usd numeric, tokens bigint, unpriced_calls bigint)
language plpgsql stable
set search_path = telemetry, pg_temp
-- Which index serves depends on what is given.
set plan_cache_mode = force_custom_plan
as $$
begin
  return query
  select
    coalesce(sum(u.cost_usd), 0),
    -- Added up as numeric: what is more than a bigint holds must not refuse every claim.
    least(
      coalesce(sum(u.input_tokens) + sum(u.output_tokens) + sum(u.cache_read_tokens) + sum(u.cache_write_tokens), 0),
      9223372036854775807
    )::bigint,
    coalesce(sum(u.unpriced_calls), 0)::bigint
  from (
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.unpriced_calls, d.input_tokens, d.output_tokens,
      d.cache_read_tokens, d.cache_write_tokens, d.cost_usd
    from telemetry.usage_days as d
    union all
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.unpriced_calls, d.input_tokens, d.output_tokens,
      d.cache_read_tokens, d.cache_write_tokens, d.cost_usd
    from telemetry.usage_deltas as d
  ) as u
  where (p_from is null or u.day >= p_from)
    and (p_project_id is null or u.project_id = p_project_id)
    and (p_task_ids is null or u.task_id = any (p_task_ids))
    and (p_agent_id is null or u.registered_agent_id = p_agent_id);
end
$$;

-- How some budgets stand today: what was spent in the period, and how much of the limit that is. Costs that are not known
-- do not count, and how many responses have none is told. The percentage is rounded for show only.
create function telemetry.budget_states(p_ids uuid[])
returns table (
  id uuid, from_day date, spent_usd numeric, spent_tokens bigint, unpriced_calls bigint, percent numeric, state text
)
language sql stable
set search_path = telemetry, work, pg_temp
as $$
  select
    x.id, x.from_day, x.cost_usd, x.tokens, x.unpriced_calls, round(x.percent, 1),
    case when x.percent >= 100 then 'exhausted' when x.percent >= x.warn_percent then 'warned' else 'open' end
  from (
    select
      b.id, b.warn_percent, b.from_day, s.cost_usd, s.tokens, s.unpriced_calls,
      greatest(
        case when b.limit_usd = 0 then 100 else s.cost_usd * 100 / b.limit_usd end,
        case when b.limit_tokens = 0 then 100 else s.tokens * 100.0 / b.limit_tokens end
      ) as percent
    from (
      select
        g.id, g.scope, g.project_id, g.epic_id, g.task_id, g.agent_id, g.limit_usd, g.limit_tokens, g.warn_percent,
        telemetry.period_start(g.period, telemetry.day_of(now())) as from_day
      from telemetry.budgets as g
      where g.id = any (p_ids)
    ) as b
    cross join lateral telemetry.spent(
      b.project_id,
      case b.scope
        when 'task' then array(select work.with_descendants(array[b.task_id]))
        when 'epic' then array(select t.id from work.tasks as t where t.epic_id = b.epic_id)
      end,
      b.agent_id, b.from_day
    ) as s
  ) as x
$$;

-- Which active budgets some tasks and an agent fall under, with the tasks.
create function telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid)
returns table (id uuid, scope text, project_id uuid, task_ids uuid[])
language sql stable
set search_path = telemetry, work, pg_temp
as $$
  select b.id, b.scope, b.project_id, array_agg(t.id)
  from telemetry.budgets as b
  join work.tasks as t on t.id = any (p_task_ids)
  where b.is_active
    and case b.scope
      when 'all' then true
      when 'project' then b.project_id = t.project_id
      when 'epic' then b.epic_id = t.epic_id
      when 'agent' then b.agent_id = p_agent_id
      else t.id in (select work.with_descendants(array[b.task_id]))
    end
  group by b.id, b.scope, b.project_id
$$;

-- Refuse to let tasks be claimed whose budget is spent; called at may_claim. Its first question costs microseconds, and is
-- all there is where nobody set a budget.
create function telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) returns jsonb
language plpgsql stable
security definer
set search_path = telemetry, pg_temp
as $$
begin
  if not exists (select from telemetry.budgets where is_active) then
    return null;
  end if;
  return telemetry.budget_refusals(p_task_ids, p_agent_id);
end
$$;
select work.register_extension('may_claim', 50, 'telemetry.budget_gate', true);

-- USD to so many digits as are not zeros before them, and to whole cents at least.
create function telemetry.usd_to(p_usd numeric, p_digits integer) returns numeric
language sql immutable parallel safe
begin atomic
  select round(p_usd, greatest(2, p_digits - 1 - case when p_usd > 0 then floor(log(p_usd)) else 0 end::integer));
end;

-- USD as people read it: at least cents.
create function telemetry.usd_words(p_usd numeric) returns text
language sql immutable parallel safe
begin atomic
  select '$' || round(p_usd, greatest(2, min_scale(p_usd)));
end;

-- What was spent of a limit in USD, in words. Under a dollar two digits are told, and more where these would make it the
-- limit, which it is not; the limit is told as it was set.
create function telemetry.usd_of_words(p_spent numeric, p_limit numeric) returns text
language sql immutable parallel safe
begin atomic
  select telemetry.usd_words(case when p_spent >= 1 then round(p_spent, 2) else (
    select telemetry.usd_to(p_spent, d.digits)
    from generate_series(2, 9) as d (digits)
    where d.digits = 9
      or p_spent = p_limit
      or telemetry.usd_to(p_spent, d.digits) <> p_limit
    order by d.digits
    limit 1
  ) end) || ' of ' || telemetry.usd_words(p_limit);
end;

-- What was spent of a budget, in words: $41.20 of $50.00 this month, $0.0084 of $0.001 today.
create function telemetry.spent_words(p_id uuid) returns text
language sql stable
set search_path = telemetry, pg_temp
as $$
  select concat_ws(
    ' and ',
    telemetry.usd_of_words(s.spent_usd, b.limit_usd),
    s.spent_tokens || ' of ' || b.limit_tokens || ' tokens'
  ) || case b.period when 'day' then ' today' when 'total' then ' in all' else ' this ' || b.period end
  from telemetry.budgets as b
  join telemetry.budget_states(array[p_id]) as s on s.id = b.id
  where b.id = p_id
$$;

-- What the spent ones of the budgets over some tasks refuse, and why.
create function telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) returns jsonb
language sql stable
set search_path = telemetry, pg_temp
as $$
  with over as materialized (
    select o.id, o.scope, o.project_id, o.task_ids from telemetry.budgets_over(p_task_ids, p_agent_id) as o
  ),
  refused as (
    select o.id, o.scope, o.project_id, o.task_ids, s.from_day, s.spent_usd, s.spent_tokens
    from over as o
    join telemetry.budget_states(array(select v.id from over as v)) as s on s.id = o.id
    where s.state = 'exhausted'
  )
  select jsonb_build_object(
    'tasks', (select jsonb_agg(distinct t.id) from refused as f cross join lateral unnest(f.task_ids) as t (id)),
    'projects', (select coalesce(jsonb_agg(distinct f.project_id), '[]') from refused as f where f.scope = 'project'),
    'all', exists (select from refused as f where f.scope in ('all', 'agent')),
    'errcode', 'STT01',
    'message', format('the budget %s is spent: %s', b.name, telemetry.spent_words(b.id)),
    'hint', format(
      'work on something that another budget pays for%s, or a person raises it: `steward telemetry update-budget --budget %s --limit-usd …`',
      case when b.period = 'total' then '' else format(', wait for the next %s', b.period) end, left(b.id::text, 8)
    )
  )
  from (select f.id from refused as f order by f.scope = 'all' desc, f.id limit 1) as first
  join telemetry.budgets as b on b.id = first.id
$$;

-- How the active budgets that are nearly or wholly spent stand now: under what topic people are told, and in what words.
create function telemetry.budget_notices() returns table (topic text, level text, message text)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    format('telemetry.budget %s v%s %s %s', b.id, b.version, coalesce(s.from_day::text, 'total'), s.state),
    case s.state when 'exhausted' then 'error' else 'warning' end,
    format(
      'budget %s: %s (%s %%)%s', b.name, telemetry.spent_words(b.id), round(s.percent),
      case s.state when 'exhausted' then '; claims are refused' else '' end
    )
  from telemetry.budget_states(array(select a.id from telemetry.budgets as a where a.is_active)) as s
  join telemetry.budgets as b on b.id = s.id
  where s.state <> 'open'
$$;

-- Tell people of budgets that are nearly or wholly spent, once for each of both, budget and period, and take back what no
-- longer holds: the period is over, the budget was changed, or another state was told. Only the leader runs it.
create function telemetry.tell_budgets() returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  told integer;
begin
  perform kit.authorize('telemetry:write');
  with now as materialized (
    select n.topic, n.level, n.message from telemetry.budget_notices() as n
  ),
  closed as (
    update kit.notices as k
    set dismissed_at = now()
    where k.topic like 'telemetry.budget %'
      and k.dismissed_at is null
      and not exists (select from now as n where n.topic = k.topic)
  )
  insert into kit.notices (topic, level, message)
  select n.topic, n.level, n.message
  from now as n
  where not exists (select from kit.notices as k where k.topic = n.topic and k.dismissed_at is null);
  get diagnostics told = row_count;
  return told;
end
$$;

-- Refuse an agent what is a person's: to set its own limits, unless told otherwise.
create function telemetry.refuse_agents(
  p_permission text default 'telemetry:budget', p_said text default 'budgets are set by people',
  p_ask text default 'the person who set it'
) returns void
language plpgsql stable
set search_path = kit, pg_temp
as $$
begin
  perform kit.authorize(p_permission);
  if kit.actor_agent() is not null or kit.actor_role() = 'agent' then
    raise exception '%', p_said
      using errcode = 'ST403', hint = format('ask %s; `steward work ask` puts a question', p_ask);
  end if;
end
$$;

-- Add a budget; returns its id.
create function telemetry.add_budget(p_budget jsonb) returns uuid
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made uuid;
begin
  perform telemetry.refuse_agents();
  insert into telemetry.budgets (
    name, scope, project_id, epic_id, task_id, agent_id, period, limit_usd, limit_tokens, warn_percent, created_by_user_id
  )
  select
    t.name, t.scope, t.project_id, t.epic_id, t.task_id, t.agent_id, t.period, t.limit_usd, t.limit_tokens,
    t.warn_percent, kit.actor_user()
  from jsonb_to_record(p_budget) as t (
    name text, scope text, project_id uuid, epic_id uuid, task_id uuid, agent_id uuid, period text, limit_usd numeric,
    limit_tokens bigint, warn_percent smallint
  )
  on conflict (scope, project_id, epic_id, task_id, agent_id, period) where is_active do nothing
  returning id into made;
  if made is null then
    raise exception 'there is a budget for this and each % already', p_budget ->> 'period'
      using errcode = 'ST409', hint = 'change that one with `steward telemetry update-budget`; `list-budgets` shows it';
  end if;
  return made;
end
$$;

-- Change the given fields of a budget; null leaves one as it is. A limit of -1 takes it away.
create function telemetry.update_budget(p_id uuid, p_budget jsonb) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform telemetry.refuse_agents();
  update telemetry.budgets as b
  set
    name = coalesce(t.name, b.name),
    limit_usd = case when t.limit_usd = -1 then null else coalesce(t.limit_usd, b.limit_usd) end,
    limit_tokens = case when t.limit_tokens = -1 then null else coalesce(t.limit_tokens, b.limit_tokens) end,
    warn_percent = coalesce(t.warn_percent, b.warn_percent),
    is_active = coalesce(t.is_active, b.is_active)
  from jsonb_to_record(p_budget) as t (
    name text, limit_usd numeric, limit_tokens bigint, warn_percent smallint, is_active boolean
  )
  where b.id = p_id;
end
$$;

-- Lock a budget and return its version.
create function telemetry.lock_budget(p_id uuid) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:budget');
  return (select b.version from telemetry.budgets as b where b.id = p_id for no key update);
end
$$;

-- Budgets with the names of what they are for; `in_project_id` is the project that it lies in.
create view telemetry.budget_list with (security_invoker = true) as
select
  b.id, b.name, b.scope, b.period, b.limit_usd, b.limit_tokens, b.warn_percent, b.is_active, b.agent_id, b.version,
  b.created_at, b.updated_at,
  coalesce(b.project_id, e.project_id, t.project_id) as in_project_id,
  p.slug as project,
  case b.scope
    when 'project' then p.slug
    when 'epic' then p.key || '/' || e.epic_id
    when 'task' then p.key || '-' || t.number
    when 'agent' then a.name
  end as target,
  case b.scope when 'project' then p.name when 'epic' then e.title when 'task' then t.title end as target_name
from telemetry.budgets as b
left join work.epics as e on e.id = b.epic_id
left join work.tasks as t on t.id = b.task_id
left join agents.agents as a on a.id = b.agent_id
left join projects.projects as p on p.id = coalesce(b.project_id, e.project_id, t.project_id);
