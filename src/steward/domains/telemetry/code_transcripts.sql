-- Transcripts: which tasks they name, and reading them anew.

-- Tie sessions to tasks that they name, by reference such as ACME-42 or by id. A branch names a task of the session's own
-- project only; where that is not known, of any. Returns how many stretches were told.
create function telemetry.tie_by_names(p_named jsonb) returns integer
language plpgsql
security definer
set search_path = telemetry, projects, work, kit, pg_temp
as $$
declare
  ties jsonb;
begin
  perform kit.authorize('telemetry:write');
  with named as (
    select
      n.session_id, n.word, n.source, n.stretch, n.from_at, n.until_at,
      upper(split_part(n.word, '-', 1)) as key,
      case when n.word ~ '^[A-Za-z][A-Za-z0-9]*-[0-9]{1,9}$' then split_part(n.word, '-', 2)::bigint end as number,
      case when n.word ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then n.word::uuid end as id
    from jsonb_to_recordset(p_named) as n (
      session_id uuid, word text, source text, stretch text, from_at timestamptz, until_at timestamptz
    )
  ),
  meant as (
    select n.session_id, n.source, n.stretch, n.from_at, n.until_at, t.id, t.project_id
    from named as n
    join projects.projects as p on p.key = n.key and p.deleted_at is null
    join work.tasks as t on t.project_id = p.id and t.number = n.number
    where n.number is not null
    union all
    select n.session_id, n.source, n.stretch, n.from_at, n.until_at, t.id, t.project_id
    from named as n
    join work.tasks as t on t.id = n.id
  )
  select jsonb_agg(jsonb_build_object(
    'session_id', m.session_id, 'task_id', m.id, 'source', m.source, 'stretch', m.stretch, 'from_at', m.from_at,
    'until_at', m.until_at
  ))
  into ties
  from (
    select m.session_id, m.id, m.source, m.stretch, min(m.from_at) as from_at, max(m.until_at) as until_at
    from meant as m
    join telemetry.agent_sessions as s on s.id = m.session_id
    where m.source <> 'branch'
      or s.project_id in (m.project_id, telemetry.no_project())
    group by m.session_id, m.id, m.source, m.stretch
  ) as m;
  if ties is null then
    return 0;
  end if;
  perform telemetry.absorb_ties(ties);
  return jsonb_array_length(ties);
end
$$;

-- Lock some sessions, in order: nobody tells of them or begins a transcript until the end of the transaction.
create function telemetry.hold_sessions(p_ids uuid[]) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  perform n.id
  from telemetry.agent_sessions as n
  where n.id = any (p_ids)
  order by n.id
  for update;
end
$$;

-- Take away what was read from a session's transcripts: messages, tool calls that nobody else told of, commits, ties and
-- sightings. Responses stay with what others say of them; those that nobody else saw come back when the lines are read anew.
-- The session is locked, so that nobody begins a transcript of it that is forgotten here and not read.
-- Whoever tells of a response holds its names until it commits; they are locked here, and once more for those that were
-- joined while this waited, so that a word that is not committed yet is waited for and not overlooked.
create function telemetry.forget_projection(p_session_id uuid) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  seen uuid[];
  alone uuid[];
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.hold_sessions(array[p_session_id]);
  delete from telemetry.chat_messages as m
  where m.session_id = p_session_id
    and m.source = 'transcript';
  delete from telemetry.tool_calls as c
  where c.session_id = p_session_id
    and c.sources = array['transcript'];
  delete from telemetry.session_commits as c
  where c.session_id = p_session_id
    and c.source = 'transcript';
  delete from telemetry.session_tasks as t
  where t.session_id = p_session_id
    and t.source in ('transcript', 'branch');
  perform k.key
  from telemetry.usage_keys as k
  where k.usage_id in (
    select s.usage_id from telemetry.usage_sightings as s where s.session_id = p_session_id and s.source = 'transcript'
  )
  order by k.key
  for update;
  with gone as (
    delete from telemetry.usage_sightings as s
    where s.session_id = p_session_id
      and s.source = 'transcript'
    returning s.usage_id
  )
  select array_agg(distinct g.usage_id) into seen from gone as g;
  perform k.key
  from telemetry.usage_keys as k
  where k.usage_id = any (seen)
  order by k.key
  for update;
  select array_agg(e.id) into alone
  from unnest(seen) as e (id)
  where not exists (select from telemetry.usage_sightings as s where s.usage_id = e.id);
  delete from telemetry.token_usage as t
  where t.id = any (alone);
  delete from telemetry.usage_keys as k
  where k.usage_id = any (alone);
  perform telemetry.settle_usage(array(select e.id from unnest(seen) as e (id) where e.id <> all (coalesce(alone, '{}'))));
end
$$;
