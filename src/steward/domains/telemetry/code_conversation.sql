-- A session in order: responses, messages, tools and commits beside one another, in pages from either end.

-- The places of a conversation behind one, each with its kind (rank: 0 response, 1 message, 2 tool, 3 commit). `p_part` is
-- null for all, '' for the main conversation, else a subagent's name. Each kind gives its first places by its own index.
create function telemetry.entries_after(
  p_session_id uuid, p_part text, p_at timestamptz, p_rank integer, p_sequence bigint, p_id text, p_limit integer
)
returns table (at timestamptz, rank integer, sequence bigint, id text)
language sql stable rows 100
set search_path = telemetry, pg_temp
as $$
  (
    select u.at, 0, 0::bigint, u.id::text collate "C" as id
    from telemetry.token_usage as u
    where u.session_id = p_session_id
      and u.at >= p_at
      and (u.at, 0, 0::bigint, u.id::text collate "C") > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(u.subagent, '') = p_part)
    order by u.at, u.id::text collate "C"
    limit p_limit
  )
  union all
  (
    select m."timestamp", 1, m.sequence, m.id::text collate "C" as id
    from telemetry.chat_messages as m
    where m.session_id = p_session_id
      and m."timestamp" >= p_at
      and (m."timestamp", 1, m.sequence, m.id::text collate "C") > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(m.subagent, '') = p_part)
    order by m."timestamp", m.sequence, m.id::text collate "C"
    limit p_limit
  )
  union all
  (
    select coalesce(c.started_at, c.ended_at, c.created_at) as at, 2, 0, c.call_id collate "C" as id
    from telemetry.tool_calls as c
    where c.session_id = p_session_id
      and coalesce(c.started_at, c.ended_at, c.created_at) >= p_at
      and (coalesce(c.started_at, c.ended_at, c.created_at), 2, 0::bigint, c.call_id collate "C")
        > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(c.subagent, '') = p_part)
    order by coalesce(c.started_at, c.ended_at, c.created_at), c.call_id collate "C"
    limit p_limit
  )
  union all
  select g.committed_at, 3, 0, g.sha collate "C" as id
  from telemetry.session_commits as g
  where g.session_id = p_session_id
    and (g.committed_at, 3, 0::bigint, g.sha collate "C") > (p_at, p_rank, p_sequence, p_id)
    and coalesce(p_part, '') = ''
  order by 1, 2, 3, 4
  limit p_limit
$$;

-- The places of a conversation before one, the last first; as entries_after otherwise.
create function telemetry.entries_before(
  p_session_id uuid, p_part text, p_at timestamptz, p_rank integer, p_sequence bigint, p_id text, p_limit integer
)
returns table (at timestamptz, rank integer, sequence bigint, id text)
language sql stable rows 100
set search_path = telemetry, pg_temp
as $$
  (
    select u.at, 0, 0::bigint, u.id::text collate "C" as id
    from telemetry.token_usage as u
    where u.session_id = p_session_id
      and u.at <= p_at
      and (u.at, 0, 0::bigint, u.id::text collate "C") < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(u.subagent, '') = p_part)
    order by u.at desc, u.id::text collate "C" desc
    limit p_limit
  )
  union all
  (
    select m."timestamp", 1, m.sequence, m.id::text collate "C" as id
    from telemetry.chat_messages as m
    where m.session_id = p_session_id
      and m."timestamp" <= p_at
      and (m."timestamp", 1, m.sequence, m.id::text collate "C") < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(m.subagent, '') = p_part)
    order by m."timestamp" desc, m.sequence desc, m.id::text collate "C" desc
    limit p_limit
  )
  union all
  (
    select coalesce(c.started_at, c.ended_at, c.created_at) as at, 2, 0, c.call_id collate "C" as id
    from telemetry.tool_calls as c
    where c.session_id = p_session_id
      and coalesce(c.started_at, c.ended_at, c.created_at) <= p_at
      and (coalesce(c.started_at, c.ended_at, c.created_at), 2, 0::bigint, c.call_id collate "C")
        < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(c.subagent, '') = p_part)
    order by coalesce(c.started_at, c.ended_at, c.created_at) desc, c.call_id collate "C" desc
    limit p_limit
  )
  union all
  select g.committed_at, 3, 0, g.sha collate "C" as id
  from telemetry.session_commits as g
  where g.session_id = p_session_id
    and (g.committed_at, 3, 0::bigint, g.sha collate "C") < (p_at, p_rank, p_sequence, p_id)
    and coalesce(p_part, '') = ''
  order by 1 desc, 2 desc, 3 desc, 4 desc
  limit p_limit
$$;

-- Find messages by their words, the newest first. Of common words the newest 5,000 messages hold enough; where they do not,
-- few match, and those are gathered by the index of words (or from the sessions of a small project).
create function telemetry.find_messages(
  p_text text, p_project_id uuid default null, p_session_id uuid default null, p_after_time timestamptz default null,
  p_after_id uuid default null, p_limit integer default 20
)
returns table (id uuid, session_id uuid, at timestamptz)
language plpgsql stable rows 20
set search_path = telemetry, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  asked constant tsquery := websearch_to_tsquery('simple', p_text);
  found_ids uuid[];
begin
  if p_session_id is null then
    select array_agg(n.id) into found_ids
    from (
      select w.id
      from (
        select m.id, m.session_id, m."timestamp", m.search_content
        from telemetry.chat_messages as m
        where p_after_id is null or (m."timestamp", m.id) < (p_after_time, p_after_id)
        order by m."timestamp" desc, m.id desc
        limit 5000
      ) as w
      left join telemetry.agent_sessions as s on s.id = w.session_id
      where w.search_content @@ asked
        and (p_project_id is null or s.project_id = p_project_id)
      order by w."timestamp" desc, w.id desc
      limit p_limit
    ) as n;
  end if;
  if coalesce(cardinality(found_ids), 0) < p_limit then
    with hits as materialized (
      select m.id, m."timestamp"
      from telemetry.chat_messages as m
      left join telemetry.agent_sessions as s on s.id = m.session_id
      where m.search_content @@ asked
        and (p_project_id is null or s.project_id = p_project_id)
        and (p_session_id is null or m.session_id = p_session_id)
        and (p_after_id is null or (m."timestamp", m.id) < (p_after_time, p_after_id))
    )
    select array_agg(n.id) into found_ids
    from (select h.id from hits as h order by h."timestamp" desc, h.id desc limit p_limit) as n;
  end if;
  return query
  select m.id, m.session_id, m."timestamp"
  from telemetry.chat_messages as m
  where m.id = any (found_ids)
  order by m."timestamp" desc, m.id desc;
end
$$;
