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
