-- Executions: a claim opens one, whatever ends the claim closes it. Called by work in the claim's own transaction, for a
-- whole batch at once, so that every client's claims are seen and none costs a call of its own.

-- Open the executions of claimed tasks. One that a lost word left open is closed first. It runs with the rights of
-- work's claim, which has asked whether the caller may: nobody else can write here.
create function telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language plpgsql
set search_path = telemetry, work, kit, pg_temp
-- On the way of every claim: planning took longer than the rest.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  session constant uuid := telemetry.acting_session();
begin
  if session is not null then
    -- Whoever takes in what this session spent waits until its new task can be seen.
    perform s.id
    from telemetry.agent_sessions as s
    where s.id = session
    for update;
  end if;
  with lost as (
    update telemetry.agent_executions as e
    set status = 'failure', completed_at = clock_timestamp(), error_message = 'nobody said how it ended'
    where e.task_id = any (p_task_ids)
      and e.completed_at is null
  )
  insert into telemetry.agent_executions (agent_id, task_id, project_id, session_id, started_at)
  select c.agent_id, c.task_id, t.project_id, session, clock_timestamp()
  from unnest(p_task_ids, p_agent_ids) as c (task_id, agent_id)
  join work.tasks as t on t.id = c.task_id;
  if session is not null then
    insert into telemetry.session_tasks (session_id, task_id, source, stretch, execution_id, from_at)
    select session, e.task_id, 'claim', e.id::text, e.id, e.started_at
    from telemetry.agent_executions as e
    where e.task_id = any (p_task_ids)
      and e.completed_at is null
    on conflict do nothing;
  end if;
end
$$;

-- The session that acts, where the client's word for it is a uuid: that is the id that the client's own records bear.
create function telemetry.acting_session() returns uuid
language sql stable
set search_path = kit, pg_temp
as $$
  select case
    when kit.setting('session') ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then kit.setting('session')::uuid
  end
$$;

-- Close the open executions of some tasks, and the stretches of sessions that belong to them; with the rights of the
-- caller, as above.
create function telemetry.close_executions(
  p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]
) returns void
language plpgsql
set search_path = telemetry, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  ended uuid[];
begin
  with closed as (
    update telemetry.agent_executions as e
    set status = p_status, completed_at = clock_timestamp(), result = c.result, error_message = left(c.error, 10000)
    from unnest(p_task_ids, p_results, p_errors) as c (task_id, result, error)
    where e.task_id = c.task_id
      and e.task_id = any (p_task_ids)
      and e.completed_at is null
    returning e.id, e.session_id
  )
  select array_agg(c.id) into ended from closed as c where c.session_id is not null;
  if ended is not null then
    update telemetry.session_tasks as s
    set until_at = clock_timestamp()
    where s.execution_id = any (ended)
      and s.source = 'claim'
      and s.until_at is null;
  end if;
end
$$;

-- Called at on_finish: the details are the results.
create function telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language plpgsql
set search_path = telemetry, pg_temp
as $$
begin
  perform telemetry.close_executions(p_task_ids, 'success', p_details, null);
end
$$;

-- Called at on_fail.
create function telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language sql
set search_path = telemetry, pg_temp
as $$
  select telemetry.close_executions(
    p_task_ids, 'failure', null,
    array(select coalesce(d.detail ->> 'reason', 'failed') from unnest(p_details) with ordinality as d (detail, n) order by d.n)
  )
$$;

-- Called at on_give_back. The result tells that it is no failure of the agent: no status does.
create function telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language sql
set search_path = telemetry, pg_temp
as $$
  select telemetry.close_executions(
    p_task_ids, 'failure', array_fill('{"ended_by": "give_back"}'::jsonb, array[cardinality(p_task_ids)]),
    array(
      select concat_ws(': ', 'given back', d.detail ->> 'reason')
      from unnest(p_details) with ordinality as d (detail, n)
      order by d.n
    )
  )
$$;

-- Called at on_release: a person's write ended the claim, as the result tells. Unlike the others it is also called with the
-- rights of the caller, so it asks itself whether a person acts.
create function telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('work:write');
  if kit.actor_role() = 'agent' or kit.actor_agent() is not null then
    raise exception 'an agent cannot take a task from whoever holds it'
      using errcode = 'ST403', hint = 'let a person do it, or wait until it is given back';
  end if;
  perform telemetry.close_executions(
    p_task_ids, 'failure', array_fill('{"ended_by": "person"}'::jsonb, array[cardinality(p_task_ids)]),
    array_fill('a person took the task'::text, array[cardinality(p_task_ids)])
  );
end
$$;

-- Called at on_expire.
create function telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void
language sql
set search_path = telemetry, pg_temp
as $$
  select telemetry.close_executions(
    p_task_ids, 'timeout', null, array_fill('the lease ended without a word'::text, array[cardinality(p_task_ids)])
  )
$$;

select work.register_extension('on_claim', 50, 'telemetry.open_executions', true);
select work.register_extension('on_finish', 50, 'telemetry.execution_finished', true);
select work.register_extension('on_fail', 50, 'telemetry.execution_failed', true);
select work.register_extension('on_give_back', 50, 'telemetry.execution_given_back', true);
select work.register_extension('on_release', 50, 'telemetry.execution_released', true);
select work.register_extension('on_expire', 50, 'telemetry.execution_expired', true);

-- What foreign keys would do, were they not too dear for each claim (ADR 12): a task that is deleted leaves its executions.
create function telemetry.leave_executions() returns trigger
language plpgsql
security definer
set search_path = telemetry, pg_temp
as $$
begin
  update telemetry.agent_executions as e
  set task_id = null
  where e.task_id in (select o.id from old_rows as o);
  return null;
end
$$;
create trigger leave_executions after delete on work.tasks
referencing old table as old_rows
for each statement execute function telemetry.leave_executions();

-- A project takes its executions with it.
create function telemetry.drop_executions() returns trigger
language plpgsql
security definer
set search_path = telemetry, pg_temp
as $$
begin
  delete from telemetry.agent_executions as e
  where e.project_id in (select o.id from old_rows as o);
  return null;
end
$$;
create trigger drop_executions after delete on projects.projects
referencing old table as old_rows
for each statement execute function telemetry.drop_executions();

-- An agent that was at work stays: what it did is counted under its name.
create function telemetry.keep_agents() returns trigger
language plpgsql
security definer
set search_path = telemetry, pg_temp
as $$
declare
  kept text;
begin
  select o.name into kept
  from old_rows as o
  where exists (select from telemetry.agent_executions as e where e.agent_id = o.id)
  limit 1;
  if found then
    raise exception 'agent % has been at work and cannot be deleted', kept
      using errcode = 'ST409', hint = 'deactivate it with `steward agents deactivate`';
  end if;
  return null;
end
$$;
create trigger keep_agents after delete on agents.agents
referencing old table as old_rows
for each statement execute function telemetry.keep_agents();

-- Put on a table of somebody's own, these would write here whatever he likes.
revoke execute on function telemetry.leave_executions(), telemetry.drop_executions(), telemetry.keep_agents()
  from steward_app, steward_agent, steward_readonly;

-- How long something took; null while it goes on.
create function telemetry.took_ms(p_from timestamptz, p_until timestamptz) returns bigint
language sql stable parallel safe
begin atomic
  select case when p_until is not null then greatest(round(extract(epoch from (p_until - p_from)) * 1000), 0)::bigint end;
end;

-- Executions with the tokens and the cost of the responses that belong to them, under the names that other systems have.
create view telemetry.agent_execution_summary with (security_invoker = true) as
select
  e.id,
  e.id as execution_id,
  e.agent_id,
  a.name as agent,
  e.task_id,
  e.project_id,
  e.session_id,
  e.status,
  coalesce(u.input_tokens, 0) as input_tokens,
  coalesce(u.output_tokens, 0) as output_tokens,
  coalesce(u.cache_read_tokens, 0) as cache_read_tokens,
  coalesce(u.cache_write_tokens, 0) as cache_write_tokens,
  coalesce(u.total_tokens, 0) as total_tokens,
  coalesce(u.cost_usd, 0) as cost_usd,
  coalesce(u.calls, 0) as calls,
  telemetry.took_ms(e.started_at, e.completed_at) as execution_time_ms,
  e.result,
  e.error_message,
  e.evidence_id,
  e.parent_execution_id,
  e.started_at,
  e.completed_at,
  e.created_at
from telemetry.agent_executions as e
join agents.agents as a on a.id = e.agent_id
left join lateral (
  select
    sum(t.input_tokens)::bigint as input_tokens,
    sum(t.output_tokens)::bigint as output_tokens,
    sum(t.cache_read_tokens)::bigint as cache_read_tokens,
    sum(t.cache_write_tokens)::bigint as cache_write_tokens,
    sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_write_tokens)::bigint as total_tokens,
    sum(t.cost_usd) as cost_usd,
    count(*) as calls
  from telemetry.token_usage as t
  where t.execution_id = e.id
) as u on true;
