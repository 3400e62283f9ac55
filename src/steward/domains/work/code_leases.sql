-- Leases: claim, heartbeat, give back, start, finish, fail, requeue, and the reaper of what the dead left behind.
-- Order of locks everywhere: the queue row first, then the task, then other tasks in id order.
-- What is on the way of every claim and finish keeps its plans (`plan_cache_mode`): they walk by keys or in the order of
-- an index, whatever is asked, and planning took a third of the time.

-- Claim ready tasks for an agent: highest priority first, then oldest. Rows that others are taking are skipped; the row
-- lock is the guard against two claims of one task.
create function work.claim_tasks(
  p_agent_id uuid,
  p_project_id uuid default null,
  p_labels text[] default null,
  p_limit integer default 1,
  p_lease_seconds integer default 600,
  p_task_id uuid default null
) returns table (task_id uuid, token bigint, lease_until timestamptz)
language plpgsql
security definer
set search_path = work, kit, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  holder record;
  free integer := p_limit;
  ids uuid[];
begin
  perform kit.authorize('work:write');
  if p_limit not between 1 and 1000 or p_lease_seconds not between 1 and 86400 then
    raise exception 'cannot claim % tasks for % seconds', p_limit, p_lease_seconds
      using errcode = 'ST400', hint = 'claim 1 to 1000 tasks for 1 to 86400 seconds';
  end if;
  select a.name, a.capabilities, a.max_in_progress into holder
  from agents.agents as a
  where a.id = p_agent_id and a.is_active;
  if not found then
    raise exception 'agent % is not registered or not active', p_agent_id
      using errcode = 'ST404', hint = 'register it with `steward agents register`';
  end if;
  if holder.max_in_progress is not null then
    free := least(p_limit, work.free_places(p_agent_id, holder.name, holder.max_in_progress));
  end if;
  ids := work.pick_tasks(p_project_id, p_labels, holder.capabilities, free, p_task_id);
  if ids is null and work.reap_expired(100) > 0 then
    ids := work.pick_tasks(p_project_id, p_labels, holder.capabilities, free, p_task_id);
  end if;
  if ids is null then
    return;
  end if;
  ids := work.permitted(ids, p_agent_id, p_project_id, p_labels, holder.capabilities, free, p_task_id);
  perform work.on_claim(ids, array_fill(p_agent_id, array[cardinality(ids)]), '{}');
  return query
  with claimed as (
    update work.ready_queue as q
    set
      agent_id = p_agent_id,
      agent_name = holder.name,
      session_id = kit.setting('session'),
      token = nextval('work.lease_tokens'),
      claimed_at = clock_timestamp(),
      lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where q.task_id = any (ids)
    returning q.task_id, q.token, q.lease_until
  )
  select c.task_id, c.token, c.lease_until
  from claimed as c
  order by array_position(ids, c.task_id);
end
$$;

-- Return how many more tasks an agent may hold. The advisory lock makes two claims of one agent count one another.
create function work.free_places(p_agent_id uuid, p_name text, p_max integer) returns integer
language plpgsql
set search_path = work, pg_temp
as $$
declare
  held integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.wip', 0) # hashtextextended(p_agent_id::text, 0));
  select count(*) into held
  from work.ready_queue as q
  where q.agent_id = p_agent_id
    and q.lease_until > clock_timestamp();
  if held >= p_max then
    raise exception 'agent % already holds % of at most % tasks', p_name, held, p_max
      using errcode = 'STW06', hint = 'finish or give back one first';
  end if;
  return p_max - held;
end
$$;

-- Return how a task is called where something is said about it.
create function work.name_task(p_task_id uuid) returns text
language sql stable
set search_path = work, projects, pg_temp
as $$
  select coalesce(
    (
      select p.key || '-' || t.number
      from work.tasks as t
      join projects.projects as p on p.id = t.project_id
      where t.id = p_task_id
    ),
    'this task'
  )
$$;

-- Let a write pass that holds the current token, or that a person makes; a person's write ends the agent's lease.
-- p_claimed: an agent may not do this without a claim. Returns the agent that held the lease. The queue row stays locked until the end of the transaction.
create function work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) returns uuid
language plpgsql
set search_path = work, kit, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  held record;
begin
  select q.agent_id, q.agent_name, q.token, q.lease_until into held
  from work.ready_queue as q
  where q.task_id = p_task_id
  for update;
  if p_token is not null then
    if held.agent_id is null or held.token <> p_token or held.lease_until <= clock_timestamp() then
      perform work.refuse_done(p_task_id);
      raise exception 'token % does not hold % any more', p_token, work.name_task(p_task_id)
        using errcode = 'STW02',
        detail = coalesce('it is held by ' || held.agent_name || ' until ' || held.lease_until, 'nobody holds it'),
        hint = 'stop working on it; claim again for a new token';
    end if;
    if kit.actor_role() = 'agent' and lower(kit.actor_agent()) <> lower(held.agent_name) then
      -- Tokens are numbers in a row: whose key names one agent must not act with the next one's.
      raise exception 'the token % of % is that of agent %', p_token, work.name_task(p_task_id), held.agent_name
        using errcode = 'STW02', hint = 'use the token of your own claim';
    end if;
    return held.agent_id;
  end if;
  if (kit.actor_agent() is not null or kit.actor_role() = 'agent') and (p_claimed or held.agent_id is not null) then
    raise exception 'an agent writes with the token of its claim, and none was given'
      using errcode = 'STW02',
      detail = coalesce('the task is held by ' || held.agent_name, 'nobody holds the task'),
      hint = 'claim the task first and give the token that claim returned';
  end if;
  if held.agent_id is not null then
    perform work.on_release(array[p_task_id], array[held.agent_id], '{}');
    perform work.release(p_task_id);
    -- A task that is no work to be handed out (it waits for an answer, is in review) leaves the queue with its holder.
    perform work.refresh_queue(array[p_task_id]);
  end if;
  return held.agent_id;
end
$$;

-- Refuse an agent that would put away what another agent holds; the queue rows stay locked, so that none is claimed
-- meanwhile.
create function work.refuse_held(p_task_id uuid) returns void
language plpgsql
set search_path = work, kit, pg_temp
as $$
declare
  holder text;
begin
  perform q.task_id
  from work.ready_queue as q
  where q.task_id in (select work.with_descendants(array[p_task_id]))
  order by q.task_id
  for update;
  if kit.actor_agent() is null and kit.actor_role() <> 'agent' then
    return;
  end if;
  select q.agent_name into holder
  from work.ready_queue as q
  where q.task_id in (select work.with_descendants(array[p_task_id]))
    and lower(q.agent_name) <> lower(coalesce(kit.actor_agent(), ''))
  limit 1;
  if found then
    raise exception 'agent % holds this task or one below it', holder
      using errcode = 'STW02', hint = 'let it finish or give back first, or let a person delete the task';
  end if;
end
$$;

-- Refuse to give back or fail what nobody can be at work on: that would open a finished task again unasked.
create function work.refuse_closed(p_task_id uuid) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  found_status text;
begin
  select t.status into found_status
  from work.tasks as t
  where t.id = p_task_id
  for no key update;
  if found_status in ('done', 'cancelled', 'failed', 'deferred', 'draft') then
    raise exception 'this task is %, so nobody is at work on it', found_status
      using errcode = 'ST409', hint = 'give it the status pending with `work update`, or bring a failed one back with `work requeue`';
  end if;
end
$$;

-- End a lease: the task is free again, and the old token is worth nothing.
create function work.release(p_task_id uuid) returns void
language sql
set search_path = work, pg_temp
as $$
  update work.ready_queue
  set
    agent_id = null,
    agent_name = null,
    session_id = null,
    claimed_at = null,
    lease_until = null,
    token = nextval('work.lease_tokens')
  where task_id = p_task_id
$$;

-- Renew a lease; returns its new end.
create function work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer default 600) returns timestamptz
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  ends timestamptz;
begin
  perform kit.authorize('work:write');
  if p_token is null then
    raise exception 'a heartbeat needs the token of the claim'
      using errcode = 'ST400', hint = 'give the token that claim returned';
  end if;
  perform work.pass(p_task_id, p_token, true);
  update work.ready_queue as q
  set lease_until = greatest(
    clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 86400)),
    work.held_for_answer(p_task_id)
  )
  where q.task_id = p_task_id
  returning q.lease_until into ends;
  return ends;
end
$$;

-- Renew the lease that a write's token holds, if it holds one still.
create function work.renew(p_task_id uuid, p_token bigint) returns void
language sql
set search_path = work, pg_temp
as $$
  update work.ready_queue
  set lease_until = greatest(lease_until, clock_timestamp() + interval '10 minutes')
  where task_id = p_task_id
    and token = p_token
    and agent_id is not null
$$;

-- Begin work on a task.
create function work.start_task(p_task_id uuid, p_token bigint default null) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.on_start(array[p_task_id], array[agent], '{}');
  update work.tasks as t
  set
    status = 'in_progress',
    assigned_agent_id = case when p_token is not null then agent end,
    assigned_user_id = case when p_token is null then coalesce(kit.actor_user(), t.assigned_user_id) end,
    started_at = coalesce(t.started_at, now())
  where t.id = p_task_id
    and t.deleted_at is null;
  perform work.renew(p_task_id, p_token);
end
$$;

-- Finish a task; what waited for it becomes ready in the same transaction.
create function work.finish_task(
  p_task_id uuid,
  p_token bigint default null,
  p_result jsonb default null,
  p_actual_minutes integer default null
) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
begin
  perform work.finish_tasks(array[p_task_id], array[p_token], array[p_result], array[p_actual_minutes]);
end
$$;

-- Finish some tasks at once, all or none; tokens, results and minutes stand at the places of their tasks. The same again
-- is answered as the first time: an answer may have been lost on its way.
create function work.finish_tasks(
  p_task_ids uuid[],
  p_tokens bigint[],
  p_results jsonb[] default null,
  p_actual_minutes integer[] default null
) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  holders uuid[];
  some_done boolean;
begin
  perform kit.authorize('work:write');
  holders := work.holders_of(p_task_ids, p_tokens);
  if array_position(holders, null) is not null then
    if work.finished_before(p_task_ids, p_tokens, p_results) then
      return;
    end if;
    for i in 1..cardinality(p_task_ids) loop
      holders[i] := coalesce(holders[i], work.pass(p_task_ids[i], p_tokens[i], true));
    end loop;
  end if;
  select bool_or(l.status = 'done') into some_done
  from (
    select t.status
    from work.tasks as t
    where t.id = any (p_task_ids)
    order by t.id
    for no key update
  ) as l;
  if some_done then
    perform work.refuse_done(i) from unnest(p_task_ids) as i;
  end if;
  perform work.on_finish(p_task_ids, holders, p_results);
  update work.tasks as t
  set
    status = 'done',
    status_reason = null,
    result = coalesce(g.result, t.result),
    finished_token = g.token,
    started_at = coalesce(t.started_at, now()),
    assigned_agent_id = coalesce(g.agent_id, t.assigned_agent_id),
    assigned_user_id = case when g.agent_id is null then t.assigned_user_id end,
    actual_minutes = coalesce(g.actual_minutes, t.actual_minutes, work.minutes_since_start(t.id, t.started_at))
  from unnest(p_task_ids, holders, p_results, p_actual_minutes, p_tokens) as g (task_id, agent_id, result, actual_minutes, token)
  where t.id = g.task_id
    and t.id = any (p_task_ids);
end
$$;

-- Tell whether some tasks were all finished with just these tokens and results.
create function work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) returns boolean
language sql stable
set search_path = work, pg_temp
as $$
  select not exists (
    select
    from unnest(p_task_ids, p_tokens, p_results) as g (task_id, token, result)
    left join work.tasks as t
      on t.id = g.task_id
      and t.status = 'done'
      and t.finished_token = g.token
      and (g.result is null or t.result = g.result)
    where t.id is null
  )
$$;

-- Return the minutes of work since a task was begun; time spent waiting for people is kept apart.
create function work.minutes_since_start(p_task_id uuid, p_started_at timestamptz) returns integer
language plpgsql stable
set search_path = work, pg_temp
as $$
begin
  if p_started_at is null then
    return 0;
  end if;
  return greatest(round((extract(epoch from now() - p_started_at) - work.waited_ms(p_task_id) / 1000.0) / 60), 0)::integer;
end
$$;

-- Return who holds each of some tasks with the token given for it, null where nobody does. The queue rows are locked in
-- id order and stay so.
create function work.holders_of(p_task_ids uuid[], p_tokens bigint[]) returns uuid[]
language plpgsql
set search_path = work, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  acting constant text := case when kit.actor_role() = 'agent' then lower(kit.actor_agent()) end;
  holders uuid[];
begin
  if cardinality(p_task_ids) > 1 then
    if (select count(distinct i) from unnest(p_task_ids) as i) <> cardinality(p_task_ids) then
      raise exception 'the same task is named twice'
        using errcode = 'ST400', hint = 'name each task once';
    end if;
  end if;
  select array_agg(q.agent_id order by g.place)
  into holders
  from unnest(p_task_ids, p_tokens) with ordinality as g (task_id, token, place)
  left join (
    select r.task_id, r.token, r.agent_id, r.agent_name, r.lease_until
    from work.ready_queue as r
    where r.task_id = any (p_task_ids)
    order by r.task_id
    for update
  ) as q
    on q.task_id = g.task_id
    and q.token = g.token
    and q.lease_until > clock_timestamp()
    and (acting is null or lower(q.agent_name) = acting);
  return holders;
end
$$;

-- Give a claimed task back unharmed; it does not count as a try.
create function work.give_back_task(p_task_id uuid, p_token bigint default null, p_reason text default null) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.refuse_closed(p_task_id);
  perform work.on_give_back(array[p_task_id], array[agent], array[jsonb_build_object('reason', p_reason)]);
  perform work.release(p_task_id);
  update work.tasks as t
  set status = 'pending', status_reason = p_reason, assigned_agent_id = null, assigned_user_id = null
  where t.id = p_task_id;
  perform work.refresh_queue(array[p_task_id]);
end
$$;

-- Count a try that failed: back in the queue, or in quarantine when it was the last.
create function work.count_failure(p_task_id uuid, p_reason text, p_final boolean) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  tries smallint;
  over boolean;
begin
  update work.tasks as t
  set attempts = t.attempts + 1
  where t.id = p_task_id
  returning t.attempts, t.attempts >= t.max_attempts into tries, over;
  perform work.release(p_task_id);
  update work.tasks as t
  set
    status = case when over or p_final then 'failed' else 'pending' end,
    status_reason = p_reason,
    assigned_agent_id = null,
    quarantined_at = case when over then now() end,
    quarantine_reason = case when over then format('failed %s times; last: %s', tries, coalesce(p_reason, 'no reason given')) end
  where t.id = p_task_id;
  if over then
    insert into kit.notices (topic, level, message)
    select 'work.quarantine ' || t.id, 'warning', format('task %s-%s is in quarantine after %s tries', p.key, t.number, tries)
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id = p_task_id;
  end if;
  perform work.refresh_queue(array[p_task_id]);
end
$$;

-- Report a failed try.
create function work.fail_task(
  p_task_id uuid,
  p_token bigint default null,
  p_reason text default null,
  p_final boolean default false
) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.refuse_closed(p_task_id);
  perform work.on_fail(array[p_task_id], array[agent], array[jsonb_build_object('reason', p_reason, 'final', p_final)]);
  perform work.count_failure(p_task_id, p_reason, p_final);
end
$$;

-- Bring a failed or quarantined task back with all its tries.
create function work.requeue_task(p_task_id uuid) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
begin
  perform kit.authorize('work:write');
  update work.tasks as t
  set status = 'pending', attempts = 0, status_reason = null, quarantined_at = null, quarantine_reason = null
  where t.id = p_task_id
    and t.status = 'failed';
  if not found then
    raise exception 'this task has not failed, so there is nothing to bring back'
      using errcode = 'ST409', hint = 'only a failed task can be requeued';
  end if;
end
$$;

-- Take back the work of the dead: an expired lease counts as a failed try (see expire_lease). Rows that somebody is
-- writing are skipped, so that the reaper waits for nobody; it locks the task before it touches it.
create function work.reap_expired(p_limit integer default 100) returns integer
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  gone record;
  reaped integer := 0;
begin
  perform kit.authorize('work:write');
  for gone in
    select q.task_id, q.agent_id, q.agent_name, q.lease_until
    from work.ready_queue as q
    where q.agent_id is not null
      and q.lease_until <= clock_timestamp()
    order by q.lease_until
    limit p_limit
    for update skip locked
  loop
    perform t.id from work.tasks as t where t.id = gone.task_id for no key update skip locked;
    if found and work.expire_lease(
      gone.task_id, gone.agent_id, format('the lease of %s ended at %s without a word', gone.agent_name, gone.lease_until)
    ) then
      reaped := reaped + 1;
    end if;
  end loop;
  return reaped;
end
$$;
