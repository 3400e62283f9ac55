-- Responses by their order: what a source has no name for is the n-th of the same figures in its session.

-- What is told of the order of responses: to read all else with it takes three times as long.
create function telemetry.orders_told(p_sightings jsonb)
returns table (
  pos bigint, told jsonb, source text, source_key text, keys text[], ordinal_base text, session_id uuid, at timestamptz
)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    e.pos, e.told, t.source,
    case when t.source = 'transcript' then concat_ws('/', t.session_id, t.source_key) else t.source_key end,
    coalesce(t.keys, '{}'), t.ordinal_base, t.session_id, t.at
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (
    source text, source_key text, keys text[], ordinal_base text, session_id uuid, at timestamptz
  )
$$;

-- Give names to what its source has none for, and a number beside their names to responses that others may have none for.
-- The same told again is left out, or keeps its number. An advisory lock for each session makes two callers count one
-- another.
create function telemetry.name_by_order(p_sightings jsonb) returns jsonb
language plpgsql
set search_path = telemetry, pg_temp
as $$
declare
  named jsonb;
begin
  if not jsonb_path_exists(p_sightings, '$[*] ? (@.ordinal_base != null)') then
    return p_sightings;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('telemetry.ordinal', 0) # b.hash)
  from (
    select distinct hashtextextended(coalesce(u.session_id::text, u.ordinal_base), 0) as hash
    from telemetry.orders_told(p_sightings) as u
    where u.ordinal_base is not null
    order by 1
  ) as b;
  select jsonb_agg(
    case
      when o.key is not null then jsonb_set(t.told, '{keys}', jsonb_build_array(o.key))
      when n.key is not null then jsonb_set(t.told, '{keys}', to_jsonb(t.keys || n.key))
      else t.told
    end
    order by t.pos
  ) into named
  from telemetry.orders_told(p_sightings) as t
  left join telemetry.numbers_for_names(p_sightings) as o on o.pos = t.pos
  left join telemetry.numbers_beside_names(p_sightings) as n on n.ordinal_base = t.ordinal_base and n.name = t.keys[1]
  where t.keys <> '{}'
    or o.key is not null;
  return coalesce(named, '[]');
end
$$;

-- Number the responses that their source has no name for, in their order. What is known is left out.
create function telemetry.numbers_for_names(p_sightings jsonb) returns table (pos bigint, key text)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select o.pos, o.ordinal_base || '#' || (o.place + o.earlier)
  from (
    select
      x.pos, x.ordinal_base,
      row_number() over (partition by x.source, x.ordinal_base order by x.at, x.source_key) as place,
      (
        select count(*)
        from telemetry.usage_sightings as s
        where s.ordinal_base = x.ordinal_base
          and s.source = x.source
      ) as earlier
    from (
      select distinct on (u.source, u.source_key) u.pos, u.source, u.source_key, u.ordinal_base, u.at
      from telemetry.orders_told(p_sightings) as u
      where u.keys = '{}'
        and not exists (
          select
          from telemetry.usage_sightings as s
          where s.source = u.source
            and s.source_key = u.source_key
        )
      order by u.source, u.source_key, u.pos
    ) as x
  ) as o
$$;

-- Number the responses that transcripts of Claude have names for and others may have none for: in their order, each the
-- first number of its figures under which no other is known by a name of a transcript. What has a number of these figures
-- keeps it.
create function telemetry.numbers_beside_names(p_sightings jsonb)
returns table (ordinal_base text, name text, key text)
language sql stable
set search_path = telemetry, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  with fresh as materialized (
    select distinct on (u.ordinal_base, u.keys[1]) u.ordinal_base, u.keys[1] as name, u.at
    from telemetry.orders_told(p_sightings) as u
    where u.ordinal_base is not null
      and u.keys <> '{}'
      and not exists (
        select
        from unnest(u.keys) as n (key)
        join telemetry.usage_keys as k on k.key = n.key
        join telemetry.usage_keys as o on o.usage_id = k.usage_id
        where left(o.key, length(u.ordinal_base) + 1) = u.ordinal_base || '#'
      )
    order by u.ordinal_base, u.keys[1], u.at
  ),
  placed as (
    select f.ordinal_base, f.name, row_number() over (partition by f.ordinal_base order by f.at, f.name) as place
    from fresh as f
  ),
  -- Looked for until there are enough. Some more than are known: figures of a source change, and their number stays taken.
  free as (
    select b.ordinal_base, g.number, row_number() over (partition by b.ordinal_base order by g.number) as place
    from (
      select f.ordinal_base, count(*) as many, (
        select count(*)
        from telemetry.usage_sightings as s
        where s.ordinal_base = f.ordinal_base
      ) as known
      from fresh as f
      group by f.ordinal_base
    ) as b
    cross join lateral (
      select n.number
      from generate_series(1, b.many + b.known + 16) as n (number)
      where not exists (
        select
        from telemetry.usage_keys as k
        join telemetry.usage_keys as o on o.usage_id = k.usage_id
        where k.key = b.ordinal_base || '#' || n.number
          -- Also where its lines are being read anew: the names stay.
          and left(o.key, 11) in ('claude:msg:', 'claude:uuid', 'claude:line')
      )
      limit b.many
    ) as g
  )
  select p.ordinal_base, p.name, p.ordinal_base || '#' || f.number
  from placed as p
  join free as f on f.ordinal_base = p.ordinal_base and f.place = p.place
$$;
