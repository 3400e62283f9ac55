-- Tokens: every source tells of responses by the names it knows (a message's id, a request's id …). Whatever shares a
-- name is one response. What the sources say of it is kept apart (usage_sightings); the row of token_usage is the best
-- of it, so that totals do not depend on who told first, how often, or in what order.

-- A number as told, within bounds that no response reaches: one senseless figure must not make sums overflow for ever.
create function telemetry.within_reason(p_told numeric, p_most numeric) returns numeric
language sql immutable parallel safe
begin atomic
  select case when p_told is not null then least(greatest(p_told, 0), p_most) end;
end;

-- What is told of a response, as rows. Each session's transcript is a witness of its own: a resumed one copies what the
-- former one holds, and reading one of them anew must not take away what the other one says.
create function telemetry.usage_told(p_sightings jsonb)
returns table (
  pos bigint, source text, source_key text, keys text[], ordinal_base text, session_id uuid, project_id uuid,
  task_id uuid, execution_id uuid, agent_id text, model text, at timestamptz, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint, reasoning_tokens bigint,
  reported_cost_usd numeric, duration_ms bigint, query_source text, subagent text, approximate boolean
)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    e.pos, t.source,
    case when t.source = 'transcript' then concat_ws('/', t.session_id, t.source_key) else t.source_key end,
    t.keys, t.ordinal_base, t.session_id, t.project_id, t.task_id, t.execution_id,
    t.agent_id, t.model, telemetry.not_ahead(t.at),
    least(greatest(t.input_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.output_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_read_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_write_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_write_1h_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.reasoning_tokens, 0), 1000000000000)::bigint,
    telemetry.within_reason(t.reported_cost_usd, 1000000), telemetry.within_reason(t.duration_ms, 1000000000000)::bigint,
    t.query_source, t.subagent, coalesce(t.approximate, false)
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (
    source text, source_key text, keys text[], ordinal_base text, session_id uuid, project_id uuid, task_id uuid,
    execution_id uuid, agent_id text, model text, at timestamptz, input_tokens numeric, output_tokens numeric,
    cache_read_tokens numeric, cache_write_tokens numeric, cache_write_1h_tokens numeric, reasoning_tokens numeric,
    reported_cost_usd numeric, duration_ms numeric, query_source text, subagent text, approximate boolean
  )
$$;

-- The names of what is told, which are asked for often: to read all else with them takes three times as long.
create function telemetry.names_told(p_sightings jsonb) returns table (pos bigint, keys text[])
language sql stable
set search_path = telemetry, pg_temp
as $$
  select e.pos, t.keys
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (keys text[])
$$;

-- Take in what sources tell of responses. Each element: source, source_key (its own name of what it saw), keys (every
-- name of the response that it knows), or ordinal_base in their place where it knows none, and beside them where others
-- know none: the n-th of the same figures in a session is the n-th of every other source. Returns how many are new.
-- The primary key of usage_keys is the lock: of two callers with one name the second waits and finds the first one's.
-- Two that join the same responses may deadlock; callers try again, as operations do.
-- All is found by keys, and the plans say so, here and in what is called: young tables were read whole (17 of 40 ms).
create function telemetry.absorb_usage(p_sightings jsonb) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  named jsonb;
  fresh uuid[];
  seen uuid[];
begin
  perform kit.authorize('telemetry:write');
  named := telemetry.name_by_order(p_sightings);
  select array_agg(kit.new_id() order by g.n) into fresh from generate_series(1, jsonb_array_length(named)) as g (n);
  if fresh is null then
    return 0;
  end if;
  insert into telemetry.usage_keys (key, usage_id)
  select distinct on (k.key) k.key, fresh[u.pos]
  from telemetry.names_told(named) as u
  cross join lateral unnest(u.keys) as k (key)
  order by k.key, u.pos
  on conflict do nothing;
  perform telemetry.hold_names(named, fresh);
  seen := telemetry.join_names(named) || telemetry.keep_sightings(named); -- what was joined is settled too
  return telemetry.settle_usage(array(select distinct s.id from unnest(seen) as s (id)));
end
$$;

-- Keep names that were known before from being joined with others by somebody else until this transaction ends: it would
-- move their sightings away while this one adds some.
create function telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) returns void
language plpgsql
set search_path = telemetry, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  perform k.key
  from telemetry.usage_keys as k
  where k.key in (select n.key from telemetry.names_told(p_sightings) as u cross join lateral unnest(u.keys) as n (key))
    and k.usage_id <> all (p_fresh)
  order by k.key
  for share;
end
$$;

-- Keep what each source saw of a response, the fuller word where it is told twice; returns the responses concerned.
create function telemetry.keep_sightings(p_sightings jsonb) returns uuid[]
language sql
set search_path = telemetry, kit, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  with resolved as (
    select distinct on (u.source, u.source_key)
      u.source, u.source_key, k.usage_id, u.session_id, u.project_id, u.task_id, u.execution_id, u.agent_id, u.model,
      u.at, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
      u.reasoning_tokens, u.reported_cost_usd, u.duration_ms, u.query_source, u.subagent, u.approximate, u.ordinal_base
    from telemetry.usage_told(p_sightings) as u
    join telemetry.usage_keys as k on k.key = u.keys[1]
    order by
      u.source, u.source_key, u.output_tokens desc, u.input_tokens + u.cache_read_tokens + u.cache_write_tokens desc,
      u.input_tokens desc, u.cache_write_tokens desc, u.model desc
  ),
  kept as (
    insert into telemetry.usage_sightings as s (
      source, source_key, usage_id, session_id, project_id, task_id, execution_id, agent_id, model, at, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens, reported_cost_usd,
      duration_ms, query_source, subagent, approximate, ordinal_base
    )
    select
      r.source, r.source_key, r.usage_id, r.session_id, r.project_id, r.task_id, r.execution_id, r.agent_id, r.model,
      r.at, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cache_write_1h_tokens,
      r.reasoning_tokens, r.reported_cost_usd, r.duration_ms, r.query_source, r.subagent, r.approximate, r.ordinal_base
    from resolved as r
    on conflict (source, source_key) do update
    set
      input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
      cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,
      cache_write_1h_tokens = excluded.cache_write_1h_tokens, reasoning_tokens = excluded.reasoning_tokens,
      model = excluded.model
    -- To the last figure and the model, so that it does not matter which of two came first.
    where (
      excluded.output_tokens, excluded.input_tokens + excluded.cache_read_tokens + excluded.cache_write_tokens,
      excluded.input_tokens, excluded.cache_write_tokens, excluded.model
    ) > (
      s.output_tokens, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens, s.input_tokens, s.cache_write_tokens, s.model
    )
    returning usage_id
  )
  select array_agg(distinct k.usage_id) from kept as k
$$;

-- Which responses the names of each element mean. A message's id decides: a request's id leads to no response that is
-- known by another message's id, since records written by hand, or by a proxy, use one for several.
create function telemetry.named_usage(p_sightings jsonb) returns table (pos bigint, usage_id uuid)
language sql stable
set search_path = telemetry, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  select g.pos, g.usage_id
  from (
    select
      u.pos, u.keys, k.key, k.usage_id, starts_with(k.key, 'claude:req:') as weak,
      row_number() over (partition by k.key, cardinality(u.keys) = 1 order by u.pos) as place
    from telemetry.names_told(p_sightings) as u
    cross join lateral unnest(u.keys) as n (key)
    join telemetry.usage_keys as k on k.key = n.key
  ) as g
  where not g.weak
    or cardinality(g.keys) = 1
    or (
      g.place = 1
      and not exists (
        select
        from telemetry.usage_keys as o
        where o.usage_id = g.usage_id
          -- Not starts_with: the names that begin so are half of the index, and a plan made while it was small would walk
          -- them for each response.
          and left(o.key, 11) = 'claude:msg:'
          and o.key <> all (g.keys)
      )
    )
$$;

-- Make one response of those that share a name: the oldest stays. Each round takes away the younger of every pair, until
-- no element names two. Returns those that stay.
create function telemetry.join_names(p_sightings jsonb) returns uuid[]
language plpgsql
set search_path = telemetry, pg_temp
as $$
declare
  away uuid[];
  into_ids uuid[];
  staying uuid[] := '{}';
begin
  loop
    with named as (
      select t.pos, t.usage_id, min(t.usage_id::text) over (partition by t.pos) as oldest
      from telemetry.named_usage(p_sightings) as t
    ),
    pairs as (
      select n.usage_id, min(n.oldest)::uuid as oldest
      from named as n
      where n.usage_id::text <> n.oldest
      group by n.usage_id
    )
    select array_agg(p.usage_id), array_agg(p.oldest) into away, into_ids from pairs as p;
    exit when away is null;
    -- Whoever adds to one of them holds its names: what it added is seen below.
    perform k.key
    from telemetry.usage_keys as k
    where k.usage_id = any (away)
    order by k.key
    for update;
    update telemetry.usage_keys as k
    set usage_id = p.oldest
    from unnest(away, into_ids) as p (usage_id, oldest)
    where k.usage_id = p.usage_id;
    update telemetry.usage_sightings as s
    set usage_id = p.oldest
    from unnest(away, into_ids) as p (usage_id, oldest)
    where s.usage_id = p.usage_id;
    delete from telemetry.token_usage as t
    where t.id = any (away);
    staying := staying || into_ids;
  end loop;
  return staying;
end
$$;

-- What the sightings of some responses say together. Tokens come whole from one of them, the one that saw most; the session
-- is that of an exporter, which was there when the call was made, before that of a transcript, which may be a copy. Of two
-- transcripts it is the session that began first: a resumed one copies the former one.
create function telemetry.sighted_usage(p_ids uuid[])
returns table (
  usage_id uuid, agent_id text, model text, at timestamptz, input_tokens bigint, output_tokens bigint,
  cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint, reasoning_tokens bigint,
  approximate boolean, session_id uuid, project_id uuid, task_id uuid, execution_id uuid, reported_cost_usd numeric,
  duration_ms bigint, query_source text, subagent text
)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    b.usage_id, b.agent_id, b.model, a.at, b.input_tokens, b.output_tokens, b.cache_read_tokens, b.cache_write_tokens,
    b.cache_write_1h_tokens, b.reasoning_tokens, b.approximate, a.session_id, a.project_id, a.task_id, a.execution_id,
    a.reported_cost_usd, a.duration_ms, a.query_source, a.subagent
  from (
    select distinct on (s.usage_id)
      s.usage_id, s.agent_id, s.model, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens,
      s.cache_write_1h_tokens, s.reasoning_tokens, s.approximate
    from telemetry.usage_sightings as s
    where s.usage_id = any (p_ids)
    order by
      s.usage_id, s.output_tokens desc, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens desc,
      s.approximate, s.cache_write_1h_tokens desc, s.reasoning_tokens desc, s.source, s.source_key
  ) as b
  join (
    select
      s.usage_id,
      min(s.at) as at,
      (array_agg(s.session_id order by s.source = 'transcript', n.start_time, s.at, s.source_key)
        filter (where s.session_id is not null))[1] as session_id,
      (array_agg(s.project_id order by s.source, s.source_key) filter (where s.project_id is not null))[1] as project_id,
      (array_agg(s.task_id order by s.source, s.source_key) filter (where s.task_id is not null))[1] as task_id,
      (array_agg(s.execution_id order by s.source, s.source_key) filter (where s.execution_id is not null))[1]
        as execution_id,
      max(s.reported_cost_usd) as reported_cost_usd,
      max(s.duration_ms) as duration_ms,
      max(s.query_source) as query_source,
      max(s.subagent) as subagent
    from telemetry.usage_sightings as s
    left join telemetry.agent_sessions as n on n.id = s.session_id and s.source = 'transcript'
    where s.usage_id = any (p_ids)
    group by s.usage_id
  ) as a on a.usage_id = b.usage_id
$$;

-- Bring rows of token_usage to what their sightings say; returns how many are new.
create function telemetry.settle_usage(p_ids uuid[]) returns integer
language plpgsql
set search_path = telemetry, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  made integer;
begin
  -- Ties of a session to tasks are written under the stronger lock: what is read of them below is all there is. As an
  -- array: a join was planned from all sessions to all that they hold, 12 of 33 ms for a batch of 500 records.
  perform n.id
  from telemetry.agent_sessions as n
  where n.id = any (array(select s.session_id from telemetry.usage_sightings as s where s.usage_id = any (p_ids)))
  order by n.id
  for key share;
  -- Two who tell of a response settle it one after the other: the second sees what the first one told.
  perform t.id
  from telemetry.token_usage as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  with settled as (
    insert into telemetry.token_usage as t (
      id, session_id, project_id, task_id, execution_id, registered_agent_id, agent_id, model, at, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens, cost_usd,
      reported_cost_usd, price_id, duration_ms, query_source, subagent, approximate
    )
    select
      s.usage_id, s.session_id,
      coalesce(w.project_id, nullif(n.project_id, telemetry.no_project()), s.project_id, telemetry.no_project()),
      w.task_id, w.execution_id, coalesce(w.agent_id, n.registered_agent_id), s.agent_id, s.model, s.at, s.input_tokens,
      s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cache_write_1h_tokens, s.reasoning_tokens,
      coalesce(
        p.cost_usd, s.reported_cost_usd,
        case when s.input_tokens + s.output_tokens + s.cache_read_tokens + s.cache_write_tokens = 0 then 0 end
      ),
      s.reported_cost_usd, p.price_id, s.duration_ms, s.query_source, s.subagent, s.approximate
    from telemetry.sighted_usage(p_ids) as s
    left join telemetry.agent_sessions as n on n.id = s.session_id
    left join lateral telemetry.work_at(s.session_id, s.at, s.task_id, s.execution_id) as w on true
    left join lateral telemetry.price_of(
      s.model, s.at, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cache_write_1h_tokens, s.reasoning_tokens
    ) as p on true
    order by s.usage_id
    on conflict (id) do update set
      session_id = excluded.session_id, project_id = excluded.project_id, task_id = excluded.task_id,
      execution_id = excluded.execution_id, registered_agent_id = excluded.registered_agent_id,
      agent_id = excluded.agent_id, model = excluded.model, at = excluded.at, input_tokens = excluded.input_tokens,
      output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens,
      cache_write_tokens = excluded.cache_write_tokens, cache_write_1h_tokens = excluded.cache_write_1h_tokens,
      reasoning_tokens = excluded.reasoning_tokens, cost_usd = excluded.cost_usd,
      reported_cost_usd = excluded.reported_cost_usd, price_id = excluded.price_id, duration_ms = excluded.duration_ms,
      query_source = excluded.query_source, subagent = excluded.subagent, approximate = excluded.approximate
    returning t.xmax = 0 as is_new
  )
  select count(*) filter (where s.is_new) into made from settled as s;
  return made;
end
$$;

-- On which task a session was at work at a time: as told with the response itself, else by the stretches that are known;
-- a claim or a run before what was read from names.
create function telemetry.work_at(p_session_id uuid, p_at timestamptz, p_task_id uuid, p_execution_id uuid)
returns table (task_id uuid, execution_id uuid, project_id uuid, agent_id uuid)
language sql stable
begin atomic
  select w.id, e.id, w.project_id, e.agent_id
  from (
    select p_task_id as task_id, p_execution_id as execution_id, 0 as rank, null::timestamptz as from_at
    where p_task_id is not null
    union all
    select s.task_id, s.execution_id, array_position(array['person', 'claim', 'run', 'resource', 'transcript', 'branch'], s.source), s.from_at
    from telemetry.session_tasks as s
    where s.session_id = p_session_id
      and s.from_at <= p_at
      and (s.until_at is null or s.until_at >= p_at)
  ) as c
  join work.tasks as w on w.id = c.task_id
  left join telemetry.agent_executions as e on e.id = c.execution_id
  order by c.rank, c.from_at desc nulls last, c.task_id
  limit 1;
end;

-- Share out anew what some sessions spent: their project became known, or their tasks.
create function telemetry.attribute_sessions(p_session_ids uuid[]) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.attribute_within(
    array_agg(s.id), array_agg('-infinity'::timestamptz), array_agg('infinity'::timestamptz)
  )
  from unnest(p_session_ids) as s (id);
end
$$;

-- Share out anew what each of some sessions spent between two times.
create function telemetry.attribute_within(p_session_ids uuid[], p_from timestamptz[], p_until timestamptz[])
returns void
language sql
set search_path = telemetry, pg_temp
as $$
  update telemetry.token_usage as t
  set
    project_id = g.project_id,
    task_id = g.task_id,
    execution_id = g.execution_id,
    registered_agent_id = g.agent_id
  from (
    select
      u.id,
      coalesce(
        w.project_id, nullif(n.project_id, telemetry.no_project()), told.project_id, telemetry.no_project()
      ) as project_id,
      w.task_id,
      w.execution_id,
      coalesce(w.agent_id, n.registered_agent_id) as agent_id
    from unnest(p_session_ids, p_from, p_until) as r (session_id, from_at, until_at)
    join telemetry.token_usage as u on u.session_id = r.session_id and u.at between r.from_at and r.until_at
    join telemetry.agent_sessions as n on n.id = u.session_id
    cross join lateral (
      select
        (array_agg(s.project_id order by s.source, s.source_key) filter (where s.project_id is not null))[1]
          as project_id,
        (array_agg(s.task_id order by s.source, s.source_key) filter (where s.task_id is not null))[1] as task_id,
        (array_agg(s.execution_id order by s.source, s.source_key) filter (where s.execution_id is not null))[1]
          as execution_id
      from telemetry.usage_sightings as s
      where s.usage_id = u.id
    ) as told
    left join lateral telemetry.work_at(u.session_id, u.at, told.task_id, told.execution_id) as w on true
  ) as g
  where t.id = g.id
    and (t.project_id, t.task_id, t.execution_id, t.registered_agent_id)
      is distinct from (g.project_id, g.task_id, g.execution_id, g.agent_id)
$$;

-- Write down what came to the totals and what went: rows of its own, so that nobody waits for anybody.
create function telemetry.count_usage() returns trigger
language plpgsql
set search_path = telemetry, pg_temp
as $$
begin
  if tg_op <> 'DELETE' then
    insert into telemetry.usage_deltas (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      telemetry.day_of(n.at), n.project_id, n.task_id, n.registered_agent_id, n.agent_id, n.model, count(*),
      count(*) filter (where n.cost_usd is null), count(*) filter (where n.approximate), sum(n.input_tokens), sum(n.output_tokens), sum(n.cache_read_tokens),
      sum(n.cache_write_tokens), sum(n.reasoning_tokens), coalesce(sum(n.cost_usd), 0)
    from new_rows as n
    group by telemetry.day_of(n.at), n.project_id, n.task_id, n.registered_agent_id, n.agent_id, n.model;
  end if;
  if tg_op <> 'INSERT' then
    insert into telemetry.usage_deltas (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      telemetry.day_of(o.at), o.project_id, o.task_id, o.registered_agent_id, o.agent_id, o.model, -count(*),
      -count(*) filter (where o.cost_usd is null), -count(*) filter (where o.approximate), -sum(o.input_tokens), -sum(o.output_tokens), -sum(o.cache_read_tokens),
      -sum(o.cache_write_tokens), -sum(o.reasoning_tokens), -coalesce(sum(o.cost_usd), 0)
    from old_rows as o
    group by telemetry.day_of(o.at), o.project_id, o.task_id, o.registered_agent_id, o.agent_id, o.model;
  end if;
  return null;
end
$$;
create trigger count_insert after insert on telemetry.token_usage
referencing new table as new_rows
for each statement execute function telemetry.count_usage();
create trigger count_update after update on telemetry.token_usage
referencing old table as old_rows new table as new_rows
for each statement execute function telemetry.count_usage();
create trigger count_delete after delete on telemetry.token_usage
referencing old table as old_rows
for each statement execute function telemetry.count_usage();

-- Tokens and cost by day as they are now.
create view telemetry.daily_usage with (security_invoker = true) as
select
  u.day, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model,
  sum(u.calls)::bigint as calls,
  sum(u.unpriced_calls)::bigint as unpriced_calls,
  sum(u.approximate_calls)::bigint as approximate_calls,
  sum(u.input_tokens)::bigint as input_tokens,
  sum(u.output_tokens)::bigint as output_tokens,
  sum(u.cache_read_tokens)::bigint as cache_read_tokens,
  sum(u.cache_write_tokens)::bigint as cache_write_tokens,
  sum(u.reasoning_tokens)::bigint as reasoning_tokens,
  sum(u.cost_usd) as cost_usd
from (
  select
    d.day, d.project_id, d.task_id, d.registered_agent_id, d.agent_id, d.model, d.calls, d.unpriced_calls, d.approximate_calls,
    d.input_tokens, d.output_tokens, d.cache_read_tokens, d.cache_write_tokens, d.reasoning_tokens, d.cost_usd
  from telemetry.usage_days as d
  union all
  select
    d.day, d.project_id, d.task_id, d.registered_agent_id, d.agent_id, d.model, d.calls, d.unpriced_calls, d.approximate_calls,
    d.input_tokens, d.output_tokens, d.cache_read_tokens, d.cache_write_tokens, d.reasoning_tokens, d.cost_usd
  from telemetry.usage_deltas as d
) as u
group by u.day, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model
having sum(u.calls) <> 0 or sum(u.input_tokens) <> 0 or sum(u.output_tokens) <> 0;

-- Fold what was appended into the days; returns how many rows. Only the leader runs it; deltas that come meanwhile stay.
create function telemetry.fold_usage() returns integer
language plpgsql
security definer
set search_path = telemetry, pg_temp
as $$
declare
  folded integer;
begin
  perform kit.authorize('telemetry:write');
  with taken as (
    delete from telemetry.usage_deltas
    returning
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls,
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
  ),
  put as (
    insert into telemetry.usage_days as d (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls,
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      t.day, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model, sum(t.calls), sum(t.unpriced_calls),
      sum(t.approximate_calls),
      sum(t.input_tokens), sum(t.output_tokens), sum(t.cache_read_tokens), sum(t.cache_write_tokens),
      sum(t.reasoning_tokens), sum(t.cost_usd)
    from taken as t
    group by t.day, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model
    on conflict on constraint usage_days_one do update
    set
      calls = d.calls + excluded.calls,
      unpriced_calls = d.unpriced_calls + excluded.unpriced_calls,
      approximate_calls = d.approximate_calls + excluded.approximate_calls,
      input_tokens = d.input_tokens + excluded.input_tokens,
      output_tokens = d.output_tokens + excluded.output_tokens,
      cache_read_tokens = d.cache_read_tokens + excluded.cache_read_tokens,
      cache_write_tokens = d.cache_write_tokens + excluded.cache_write_tokens,
      reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens,
      cost_usd = d.cost_usd + excluded.cost_usd
  )
  select count(*) into folded from taken;
  return folded;
end
$$;
