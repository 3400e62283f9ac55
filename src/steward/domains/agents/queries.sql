-- name: find_agent -> uuid
-- The id of an agent by id or name.
select agents.find_agent(%(ref)s::text);

-- name: ensure_agent -> uuid
-- The agent of a name, registered when unknown.
select agents.ensure_agent(p_name => %(name)s::text, p_owner => %(owner_id)s::uuid);

-- name: names -> text
-- What agents are called, to tell which one a mistyped name meant.
select name
from agents.agents
order by updated_at desc
limit 500;

-- name: get_agent -> Agent
-- One agent.
select id, name, display_name, description, agent_type, model_provider, model_name, model_version, capabilities, configuration,
  required_tools, max_tokens, temperature, top_p, max_in_progress, is_active, is_experimental, agent_version, tags,
  metadata, owner_id, version, created_at, updated_at, deprecated_at
from agents.agents
where id = %(id)s::uuid;

-- name: lock_agent -> Agent
-- One agent, locked against other changes.
select id, name, display_name, description, agent_type, model_provider, model_name, model_version, capabilities, configuration,
  required_tools, max_tokens, temperature, top_p, max_in_progress, is_active, is_experimental, agent_version, tags,
  metadata, owner_id, version, created_at, updated_at, deprecated_at
from agents.agents
where id = %(id)s::uuid
for no key update;

-- name: list_agents -> Agent, planned anew
-- Agents by name, after a cursor.
select id, name, display_name, description, agent_type, model_provider, model_name, model_version, capabilities, configuration,
  required_tools, max_tokens, temperature, top_p, max_in_progress, is_active, is_experimental, agent_version, tags,
  metadata, owner_id, version, created_at, updated_at, deprecated_at
from agents.agents
where (%(agent_type)s::text is null or agent_type = %(agent_type)s::text)
  and (%(active)s::boolean is null or is_active = %(active)s::boolean)
  and (%(capabilities)s::text[] is null or capabilities @> %(capabilities)s::text[])
  and (%(owner_id)s::uuid is null or owner_id = %(owner_id)s::uuid)
  and (%(after)s::text is null or lower(name) > %(after)s::text)
order by lower(name)
limit %(limit)s::int;

-- name: update_agent -> Agent
-- Change what is given; empty text clears, 0 takes the limit of work away.
update agents.agents
set
  name = coalesce(nullif(%(name)s::text, ''), name),
  display_name = coalesce(nullif(%(display_name)s::text, ''), display_name),
  description = nullif(coalesce(%(description)s::text, description), ''),
  agent_type = coalesce(%(agent_type)s::text, agent_type),
  model_provider = coalesce(nullif(%(model_provider)s::text, ''), model_provider),
  model_name = coalesce(nullif(%(model_name)s::text, ''), model_name),
  model_version = nullif(coalesce(%(model_version)s::text, model_version), ''),
  capabilities = coalesce(%(capabilities)s::text[], capabilities),
  configuration = coalesce(%(configuration)s::text::jsonb, configuration),
  required_tools = coalesce(%(required_tools)s::text[], required_tools),
  max_tokens = coalesce(%(max_tokens)s::int, max_tokens),
  temperature = coalesce(%(temperature)s::numeric, temperature),
  top_p = coalesce(%(top_p)s::numeric, top_p),
  max_in_progress = nullif(coalesce(%(max_in_progress)s::int, max_in_progress), 0),
  is_active = coalesce(%(is_active)s::boolean, is_active),
  deprecated_at = case when %(is_active)s::boolean then null else deprecated_at end,
  is_experimental = coalesce(%(is_experimental)s::boolean, is_experimental),
  agent_version = coalesce(nullif(%(agent_version)s::text, ''), agent_version),
  tags = coalesce(%(tags)s::text[], tags),
  metadata = coalesce(%(metadata)s::text::jsonb, metadata)
where id = %(id)s::uuid
returning id, name, display_name, description, agent_type, model_provider, model_name, model_version, capabilities, configuration,
  required_tools, max_tokens, temperature, top_p, max_in_progress, is_active, is_experimental, agent_version, tags,
  metadata, owner_id, version, created_at, updated_at, deprecated_at;

-- name: deactivate_agent -> Agent
-- Give an agent no more work.
update agents.agents
set
  is_active = false,
  deprecated_at = coalesce(deprecated_at, now())
where id = %(id)s::uuid
returning id, name, display_name, description, agent_type, model_provider, model_name, model_version, capabilities, configuration,
  required_tools, max_tokens, temperature, top_p, max_in_progress, is_active, is_experimental, agent_version, tags,
  metadata, owner_id, version, created_at, updated_at, deprecated_at;

-- name: list_providers -> ModelProvider
-- Who serves models, by name.
select name, display_name, website
from agents.model_providers
order by name;

-- name: has_provider -> bool
-- Whether a provider is known.
select exists (
  select
  from agents.model_providers
  where name = %(name)s::text
);

-- name: may -> bool
-- Whether the actor's role holds the permission.
select kit.may(kit.actor_role(), %(permission)s::text);

-- name: routing_needs -> RoutingNeeds
-- What a task needs of an agent.
select n.task_id, n.project_id, n.ref, n.required_capabilities
from agents.routing_needs(%(task)s::text) as n;

-- name: score_agents -> Candidate
-- Active agents for some capabilities, those that may have the task first, the best first.
select
  s.agent_id, s.agent, s.eligible, s.score, s.fit, s.success, s.load, s.cost, s.finished, s.failed, s.held, s.missing
from agents.score_agents(%(capabilities)s::text[]) as s
order by s.eligible desc, s.score desc, lower(s.agent)
limit %(limit)s::integer;

-- name: add_decision -> RoutingDecision
-- Keep whom a task was held best for, and why.
insert into agents.agent_routing_decisions (
  project_id, task_id, required_capabilities, agent_id, score, candidates, decided_by
)
values (
  %(project_id)s::uuid, %(task_id)s::uuid, %(capabilities)s::text[], %(agent_id)s::uuid, %(score)s::numeric,
  %(candidates)s::text::jsonb, coalesce(kit.actor_agent(), kit.setting('user_name'))
)
returning
  id, project_id, task_id, required_capabilities, %(agent)s::text as agent, score, candidates, decided_by, created_at;

-- name: list_decisions -> RoutingDecision
-- Kept decisions, the newest first, from a cursor on.
select
  d.id, d.project_id, d.task_id, d.required_capabilities, a.name as agent, d.score, d.candidates, d.decided_by,
  d.created_at
from agents.agent_routing_decisions as d
left join agents.agents as a on a.id = d.agent_id
where (%(task_id)s::uuid is null or d.task_id = %(task_id)s::uuid)
  and (%(agent_id)s::uuid is null or d.agent_id = %(agent_id)s::uuid)
  and (
    %(after_id)s::uuid is null
    or (d.created_at, d.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by d.created_at desc, d.id desc
limit %(limit)s::integer;
