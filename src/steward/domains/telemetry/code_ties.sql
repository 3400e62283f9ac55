-- Ties that a person or a run tells of; what other sources know comes by absorb_ties.

-- Take away what was said of a session and a task, by one source or by all, and share out anew what the session spent.
-- Both ways of a person's word come by here: an agent would move what it spends off the task that pays for it.
create function telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  gone integer;
begin
  perform telemetry.refuse_agents('telemetry:write', 'sessions are tied by hand by people', 'a person');
  -- As in absorb_ties: a response that comes at once is either shared out below or no longer sees the tie.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id = p_session_id
  for update;
  delete from telemetry.session_tasks as s
  where s.session_id = p_session_id
    and s.task_id = p_task_id
    and (p_source is null or s.source = p_source);
  get diagnostics gone = row_count;
  if gone > 0 then
    perform telemetry.attribute_sessions(array[p_session_id]);
  end if;
  return gone;
end
$$;

-- Tie the sessions that were active in some folders during a run to its task, but for those that were at work elsewhere
-- by the word of another run, of a claim, or of their own client.
create function telemetry.tie_run(
  p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamptz, p_until timestamptz,
  p_below boolean
) returns table (session_id uuid, agent_id text, external_id text)
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  found_ids uuid[];
begin
  perform kit.authorize('telemetry:write');
  select array_agg(s.id order by s.id) into found_ids
  from telemetry.agent_sessions as s
  where s.last_seen_at >= p_since
    and s.start_time <= p_until
    and exists (
      select
      from unnest(p_folders) as f (folder)
      where s.cwd = f.folder
        or (p_below and starts_with(s.cwd, f.folder || '/'))
    )
    and not exists (
      select
      from telemetry.session_tasks as o
      where o.session_id = s.id
        and o.source in ('run', 'claim', 'resource')
        and (o.task_id <> p_task_id or o.execution_id <> p_execution_id)
        and o.from_at < p_until
        and (o.until_at is null or o.until_at > p_since)
    );
  if found_ids is null then
    return;
  end if;
  perform telemetry.absorb_ties((
    select jsonb_agg(jsonb_build_object(
      'session_id', i.id, 'task_id', p_task_id, 'source', 'run', 'stretch', coalesce(p_execution_id::text, ''),
      'execution_id', p_execution_id, 'from_at', p_since, 'until_at', p_until
    ))
    from unnest(found_ids) as i (id)
  ));
  return query
  select s.id, s.agent_id, s.external_id
  from telemetry.agent_sessions as s
  where s.id = any (found_ids)
  order by s.start_time, s.id;
end
$$;
