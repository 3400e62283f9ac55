-- Functions, views and triggers of the agents: today's truth, made anew by every migrate.

create trigger touch before update on agents.agents
  for each row execute function kit.touch_versioned();

call kit.audit_table('agents.agents', 'agent', 'name', '');

-- Return the agent of a name, registered when unknown (type custom, model unknown). The unique index on the name is the
-- lock: of two callers one inserts, the other waits for it and reads.
create function agents.ensure_agent(p_name text, p_owner uuid) returns uuid
language plpgsql
security definer
set search_path = agents, kit, pg_temp
as $$
declare
  found_id uuid;
begin
  perform kit.authorize('work:write');
  select id into found_id from agents.agents where lower(name) = lower(btrim(p_name));
  if found_id is not null then
    return found_id;
  end if;
  insert into agents.agents (name, display_name, owner_id)
  values (btrim(p_name), btrim(p_name), coalesce(p_owner, kit.actor_user()))
  on conflict do nothing
  returning id into found_id;
  if found_id is null then
    select id into strict found_id from agents.agents where lower(name) = lower(btrim(p_name));
  end if;
  return found_id;
end
$$;

-- Find an agent by id or name.
create function agents.find_agent(p_ref text) returns uuid
language sql stable
set search_path = agents, kit, pg_temp
as $$
  select id
  from agents.agents
  where id::text = lower(btrim(p_ref))
    or lower(name) = lower(btrim(p_ref))
  order by id::text = lower(btrim(p_ref)) desc
  limit 1
$$;

-- Agents with what other systems call their columns.
create view agents.agent_summary
with (security_invoker = true) as
select
  a.id,
  a.id as agent_id,
  a.name,
  a.display_name,
  a.description,
  a.agent_type,
  a.model_provider,
  a.model_name,
  a.model_version,
  a.capabilities,
  coalesce(
    (select jsonb_object_agg(c.capability, true) from unnest(a.capabilities) as c (capability)),
    '{}'
  ) as capability_flags,
  a.configuration,
  a.required_tools,
  a.max_tokens,
  a.temperature,
  a.top_p,
  a.max_in_progress,
  a.is_active,
  a.is_experimental,
  a.agent_version,
  a.tags,
  a.metadata,
  a.owner_id,
  a.owner_id as created_by,
  a.version,
  a.created_at,
  a.updated_at,
  a.deprecated_at
from agents.agents as a;

-- A later room's code.sql registers its functions again, so the list starts empty.
delete from agents.routing_sources;

-- Register the function of a later room that tells what a task needs, or how agents have done.
create function agents.register_routing(p_kind text, p_function text) returns void
language sql
set search_path = agents, pg_temp
as $$
  insert into agents.routing_sources (kind, function_name)
  values (p_kind, p_function::regproc::text)
$$;

-- What a task needs of an agent: its id, project, reference and capabilities; nothing when there is no such task.
create function agents.routing_needs(p_task text)
returns table (task_id uuid, project_id uuid, ref text, required_capabilities text[])
language plpgsql stable
set search_path = agents, pg_temp
as $$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'task');
begin
  if source is not null then
    return query execute format('select task_id, project_id, ref, required_capabilities from %s($1)', source) using p_task;
  end if;
end
$$;

-- How active agents have done and what they hold now: tasks finished, tries failed, tasks held.
create function agents.routing_figures()
returns table (agent_id uuid, finished integer, failed integer, held integer)
language plpgsql stable
set search_path = agents, pg_temp
as $$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'figures');
begin
  if source is not null then
    return query execute format('select agent_id, finished, failed, held from %s()', source);
  end if;
end
$$;

-- What a finished task cost with each agent, where that is known.
create function agents.routing_costs() returns table (agent_id uuid, cost_usd numeric)
language plpgsql stable
set search_path = agents, pg_temp
as $$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'cost');
begin
  if source is not null then
    return query execute format('select agent_id, cost_usd from %s()', source);
  end if;
end
$$;

-- Score active agents for some capabilities, each part from 0 to 1:
-- fit      all that is asked for, or nothing; more the fewer other things it does (a specialist before a jack of all trades)
-- success  tasks finished of all tries, drawn towards one half while there are few
-- load     the fewer tasks it holds the better; 0 when it holds as many as it may
-- cost     one half at the median of what a finished task cost with agents of which that is known, more for cheaper ones;
--          one half where nothing is known
create function agents.score_agents(p_capabilities text[])
returns table (
  agent_id uuid, agent text, eligible boolean, score numeric, fit numeric, success numeric, load numeric, cost numeric,
  finished integer, failed integer, held integer, missing text[]
)
language sql stable
set search_path = agents, pg_temp
as $$
  with known as (
    select c.agent_id, c.cost_usd
    from agents.routing_costs() as c
  ),
  costs as (
    select c.agent_id, m.usual / (m.usual + c.cost_usd) as cost
    from known as c
    cross join (select percentile_cont(0.5) within group (order by k.cost_usd)::numeric as usual from known as k) as m
  ),
  parts as (
    select
      a.id,
      a.name,
      a.max_in_progress,
      array(select unnest(p_capabilities) except select unnest(a.capabilities)) as missing,
      case
        when not p_capabilities <@ a.capabilities then 0.0
        when p_capabilities = '{}' then 0.5
        else 0.5 + 0.5 * cardinality(p_capabilities) / greatest(cardinality(a.capabilities), 1)
      end as fit,
      coalesce(f.finished, 0) as finished,
      coalesce(f.failed, 0) as failed,
      coalesce(f.held, 0) as held,
      k.cost
    from agents.agents as a
    left join agents.routing_figures() as f on f.agent_id = a.id
    left join costs as k on k.agent_id = a.id
    where a.is_active
  ),
  scored as (
    select
      p.id, p.name, p.missing, p.finished, p.failed, p.held, p.fit,
      (p.finished + 1.0) / (p.finished + p.failed + 2.0) as success,
      case
        when p.held >= p.max_in_progress then 0.0
        else 1.0 / (1 + p.held)
      end as load,
      coalesce(p.cost, 0.5) as cost
    from parts as p
  )
  select
    s.id, s.name, s.missing = '{}' and s.load > 0,
    round(0.4 * s.fit + 0.3 * s.success + 0.2 * s.load + 0.1 * s.cost, 4),
    round(s.fit, 4), round(s.success, 4), round(s.load, 4), round(s.cost, 4), s.finished, s.failed, s.held, s.missing
  from scored as s
$$;
