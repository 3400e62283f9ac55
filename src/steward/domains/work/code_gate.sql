-- Gates before a claim: later rooms may refuse tasks, and what stands behind them in the queue is looked at then.

-- Ask what is registered at `may_claim` about some tasks. Null means that nothing is refused; else `tasks` are the ids that
-- are, `projects` those of which nothing may be claimed, `all` is true where nothing may be at all, and message, hint and
-- errcode tell why.
create function work.refusals(p_task_ids uuid[], p_agent_id uuid) returns jsonb
language plpgsql
set search_path = work, pg_temp
as $$
declare
  told jsonb;
  found_all jsonb;
begin
  foreach told in array work.may_claim(p_task_ids, p_agent_id) loop
    continue when told is null;
    -- The first that refuses says why.
    found_all := coalesce(told, '{}') || coalesce(found_all, '{}') || jsonb_build_object(
      'tasks', coalesce(found_all -> 'tasks', '[]') || coalesce(told -> 'tasks', '[]'),
      'projects', coalesce(found_all -> 'projects', '[]') || coalesce(told -> 'projects', '[]'),
      'all', coalesce((found_all -> 'all')::boolean, false) or coalesce((told -> 'all')::boolean, false)
    );
  end loop;
  return found_all;
end
$$;

-- Return the ids that a refusal names under a word.
create function work.refused(p_refusal jsonb, p_word text) returns uuid[]
language sql immutable
set search_path = work, pg_temp
as $$
  select coalesce(array_agg(r.id::uuid), '{}')
  from jsonb_array_elements_text(coalesce(p_refusal -> p_word, '[]')) as r (id)
$$;

-- Return the tasks among some that a refusal lets pass, in their order.
create function work.let_pass(p_task_ids uuid[], p_refusal jsonb) returns uuid[]
language sql stable
set search_path = work, pg_temp
as $$
  select coalesce(array_agg(t.id order by t.place), '{}')
  from unnest(p_task_ids) with ordinality as t (id, place)
  where not coalesce((p_refusal -> 'all')::boolean, false)
    and t.id <> all (work.refused(p_refusal, 'tasks'))
$$;

-- Return what may be claimed of some picked tasks and, where tasks are refused, of those behind them: 500 at a time, ten
-- times. Where nothing is left the first refusal is raised. Those behind are locked unless it is only a look.
create function work.permitted(
  p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer,
  p_task_id uuid, p_lock boolean default true
) returns uuid[]
language plpgsql
set search_path = work, pg_temp
as $$
declare
  refusal jsonb := work.refusals(p_task_ids, p_agent_id);
  reason constant jsonb := refusal;
  kept uuid[];
  seen uuid[] := p_task_ids;
  barred uuid[];
  behind uuid[];
begin
  if refusal is null then
    return p_task_ids;
  end if;
  kept := work.let_pass(p_task_ids, refusal);
  barred := work.refused(refusal, 'projects');
  for i in 1..10 loop
    exit when cardinality(kept) >= p_limit or p_task_id is not null or (refusal -> 'all')::boolean or p_project_id = any (barred);
    behind := work.look_behind(p_project_id, p_labels, p_capabilities, seen, barred);
    exit when behind is null;
    seen := seen || behind;
    refusal := coalesce(work.refusals(behind, p_agent_id), '{}');
    barred := barred || work.refused(refusal, 'projects');
    behind := work.let_pass(behind, refusal);
    kept := kept || case
      when p_lock then work.lock_free(behind, p_limit - cardinality(kept))
      else behind[:p_limit - cardinality(kept)]
    end;
  end loop;
  if kept = '{}' then
    raise exception '%', reason ->> 'message'
      using errcode = coalesce(reason ->> 'errcode', 'ST409'), hint = coalesce(reason ->> 'hint', 'claim another task');
  end if;
  return kept;
end
$$;

-- Return the next tasks of the queue that were not looked at and belong to no barred project; none is locked.
create function work.look_behind(
  p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]
) returns uuid[]
language sql stable
set search_path = work, pg_temp
as $$
  select array_agg(n.task_id order by -n.priority, n.number, n.task_id)
  from (
    select q.task_id, q.priority, q.number
    from work.ready_queue as q
    where q.agent_id is null
      and (p_project_id is null or q.project_id = p_project_id)
      and (p_labels is null or q.labels @> p_labels)
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
      and q.project_id <> all (p_barred)
      and q.task_id <> all (p_seen)
    order by -q.priority, q.number, q.task_id
    limit 500
  ) as n
$$;

-- Lock the first of some tasks that nobody else is taking, in their order; the row lock is the guard against two claims.
create function work.lock_free(p_task_ids uuid[], p_limit integer) returns uuid[]
language plpgsql
set search_path = work, pg_temp
as $$
declare
  locked uuid[] := '{}';
  next_id uuid;
begin
  foreach next_id in array p_task_ids loop
    exit when cardinality(locked) >= p_limit;
    perform q.task_id
    from work.ready_queue as q
    where q.task_id = next_id
      and q.agent_id is null
    for update skip locked;
    if found then
      locked := locked || next_id;
    end if;
  end loop;
  return locked;
end
$$;

-- Return the task that an agent of a name would claim next, in no queue's way: nothing is locked. Null where none is ready;
-- what refuses all that are is raised, as a claim would.
create function work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) returns uuid
language plpgsql stable
set search_path = work, agents, pg_temp
as $$
declare
  ids constant uuid[] := work.ready_ids(p_project_id, p_labels, p_capabilities, 1);
  agent_id constant uuid := (select a.id from agents.agents as a where lower(a.name) = lower(p_agent));
begin
  if cardinality(ids) = 0 then
    return null;
  end if;
  return (work.permitted(ids, agent_id, p_project_id, p_labels, p_capabilities, 1, null, false))[1];
end
$$;
