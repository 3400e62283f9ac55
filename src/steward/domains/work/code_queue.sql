-- What stands next in the queue: by project, by label, for a claim (which locks it) and for a look.

-- Keep the labels of a queue row, as far as a key holds them; whoever looks compares whole ones. Only rows that bear some
-- come here, and a claim, which changes none, never does.
create function work.keep_labels() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  if tg_op <> 'INSERT' then
    delete from work.ready_labels as l
    where l.label = any (array(select left(o.label, 200) from unnest(old.labels) as o (label)))
      and l.project_id = old.project_id
      and l.rank = -old.priority
      and l.number = old.number
      and l.task_id = old.task_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into work.ready_labels (label, project_id, rank, number, task_id)
    select distinct left(n.label, 200), new.project_id, -new.priority, new.number, new.task_id
    from unnest(new.labels) as n (label)
    where n.label is not null;
  end if;
  return null;
end
$$;
create trigger label_insert after insert on work.ready_queue
for each row when (new.labels <> '{}') execute function work.keep_labels();
create trigger label_update after update of project_id, priority, number, labels on work.ready_queue
for each row when (
  (old.project_id, old.priority, old.number, old.labels) is distinct from (new.project_id, new.priority, new.number, new.labels)
) execute function work.keep_labels();
create trigger label_delete after delete on work.ready_queue
for each row when (old.labels <> '{}') execute function work.keep_labels();
revoke execute on function work.keep_labels() from steward_app, steward_agent, steward_readonly;

-- Return the one of some labels that the fewest tasks bear, as ready_labels holds it: those of all labels stand among its
-- own. Null for no label. Beyond 200 it does not matter which.
create function work.rarest_label(p_labels text[], p_project_id uuid) returns text
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  if coalesce(cardinality(p_labels), 0) < 2 then
    return left(p_labels[1], 200);
  end if;
  return (
    select n.label
    from (select left(p, 200) as label from unnest(p_labels) as p) as n
    cross join lateral (
      select count(*) as found
      from (
        select
        from work.ready_labels as l
        where l.label = n.label
          and l.project_id between coalesce(p_project_id, '00000000-0000-0000-0000-000000000000')
            and coalesce(p_project_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        limit 200
      ) as few
    ) as c
    order by c.found, n.label
    limit 1
  );
end
$$;

-- Lock the next claimable rows, one branch for each index.
create function work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid)
returns uuid[]
language plpgsql
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  ids uuid[];
begin
  if p_task_id is not null then
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.task_id = p_task_id and q.agent_id is null
      for update skip locked
    ) as p;
  elsif p_labels <> '{}' then
    ids := work.pick_labelled(p_project_id, p_labels, p_capabilities, p_limit);
  elsif p_project_id is not null then
    ids := work.pick_in_project(p_project_id, p_capabilities, p_limit);
  else
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.agent_id is null
        and q.required_capabilities <@ p_capabilities
      order by -q.priority, q.number, q.task_id
      limit p_limit
      for update skip locked
    ) as p;
  end if;
  return ids;
end
$$;

-- Lock the next claimable rows that bear some labels. Held ones are passed by: they are few.
create function work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer)
returns uuid[]
language plpgsql
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  walked constant text := work.rarest_label(p_labels, p_project_id);
  ids uuid[];
begin
  if p_project_id is not null then
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and l.project_id = p_project_id
        and q.agent_id is null
        and q.labels @> p_labels
        and q.required_capabilities <@ p_capabilities
      order by l.rank, l.number, l.task_id
      limit p_limit
      for update of q skip locked
    ) as p;
  else
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and q.agent_id is null
        and q.labels @> p_labels
        and q.required_capabilities <@ p_capabilities
      order by l.rank, l.number, l.task_id
      limit p_limit
      for update of q skip locked
    ) as p;
  end if;
  return ids;
end
$$;

-- Return what would be claimed next, in order and not locked: the branches of pick_tasks, each with a plan that is kept.
-- To plan a list of the queue anew took longer than to read it.
create function work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer)
returns uuid[]
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
  if p_labels <> '{}' then
    return work.labelled_ids(p_project_id, p_labels, p_capabilities, p_limit);
  end if;
  if p_project_id is not null then
    return work.ids_in_project(p_project_id, p_capabilities, p_limit);
  end if;
  return array(
    select q.task_id
    from work.ready_queue as q
    where q.agent_id is null
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
    order by -q.priority, q.number, q.task_id
    limit p_limit
  );
end
$$;

-- Return what would be claimed next with some labels, in order and not locked.
create function work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer)
returns uuid[]
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  walked constant text := work.rarest_label(p_labels, p_project_id);
begin
  if p_project_id is not null then
    return array(
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and l.project_id = p_project_id
        and q.agent_id is null
        and q.labels @> p_labels
        and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
      order by l.rank, l.number, l.task_id
      limit p_limit
    );
  end if;
  return array(
    select q.task_id
    from work.ready_labels as l
    join work.ready_queue as q on q.task_id = l.task_id
    where l.label = walked
      and q.agent_id is null
      and q.labels @> p_labels
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
    order by l.rank, l.number, l.task_id
    limit p_limit
  );
end
$$;

-- Note which transaction made a row of the queue free, or moved it: fronts that were written before do not know of it.
create function work.note_freed() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  new.freed_xid := pg_current_xact_id()::text::bigint;
  return new;
end
$$;
create trigger note_freed before update of project_id, priority, number, required_capabilities, agent_id on work.ready_queue
for each row when (
  new.agent_id is null
  and (old.agent_id, old.project_id, old.priority, old.number, old.required_capabilities)
    is distinct from (new.agent_id, new.project_id, new.priority, new.number, new.required_capabilities)
) execute function work.note_freed();

-- Return where the queue of a project begins for some capabilities, and what became free before that since it was
-- written. A rank of null means that nothing is known and all must be walked; due, that a front should be written.
-- Whatever a snapshot does not see as free was made so by a transaction that is not older than the oldest it sees running.
create function work.front_of(
  p_project_id uuid, p_capabilities text[], out rank smallint, out number bigint, out early uuid[], out due boolean
)
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  front record;
  freed integer;
begin
  select f.rank, f.number, f.oldest_xid, f.written_at into front
  from work.queue_fronts as f
  where f.project_id = p_project_id
    and f.capabilities = p_capabilities
    and f.xmin::text::bigint = f.written_by % 4294967296
    and f.written_at > clock_timestamp() - interval '10 minutes';
  if not found then
    due := true;
    return;
  end if;
  select
    count(*),
    array_agg(l.task_id) filter (
      where (l.rank, l.number) < (front.rank, front.number) and l.required_capabilities <@ p_capabilities
    )
  into freed, early
  from (
    select q.task_id, -q.priority as rank, q.number, q.required_capabilities
    from work.ready_queue as q
    where q.project_id = p_project_id
      and q.agent_id is null
      and q.freed_xid >= front.oldest_xid
    -- No order is needed; it keeps any other index from being walked, whatever the figures of a young table say.
    order by q.freed_xid
    limit 201
  ) as l;
  if freed > 200 then
    -- Too much came since, or a transaction runs for long and much comes beside it: then a new front would be no better.
    early := null;
    due := front.written_at < clock_timestamp() - interval '1 second';
    return;
  end if;
  rank := front.rank;
  number := front.number;
  due := false;
end
$$;

-- Lock the next claimable rows of a project, from its front on.
create function work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) returns uuid[]
language plpgsql
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  front record;
  ids uuid[] := '{}';
begin
  select f.rank, f.number, f.early, f.due into front from work.front_of(p_project_id, p_capabilities) as f;
  if front.early is not null then
    ids := array(
      select q.task_id
      from work.ready_queue as q
      where q.task_id = any (front.early)
        and q.agent_id is null
        -- Asked again: since the look for it, it may have been moved or ask for more.
        and q.project_id = p_project_id
        and (-q.priority, q.number) < (front.rank, front.number)
        and q.required_capabilities <@ p_capabilities
      order by -q.priority, q.number, q.task_id
      limit p_limit
      for update skip locked
    );
  end if;
  if front.rank is not null and cardinality(ids) < p_limit then
    ids := ids || work.pick_from(p_project_id, p_capabilities, p_limit - cardinality(ids), front.rank, front.number);
  end if;
  if ids = '{}' then
    -- Nothing is known of the front, or nothing is behind it.
    ids := work.pick_from(p_project_id, p_capabilities, p_limit, '-32768', 0);
  end if;
  -- A walk passes some hundred taken rows at most before the front is written anew.
  if ids <> '{}' and (front.due or random() < p_limit / 200.0) then
    perform work.write_front(p_project_id, p_capabilities);
  end if;
  return nullif(ids, '{}');
end
$$;

-- Lock the next claimable rows of a project that stand at a place or behind it.
create function work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint)
returns uuid[]
language plpgsql
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
  return array(
    select q.task_id
    from work.ready_queue as q
    where q.project_id = p_project_id
      and q.agent_id is null
      and (-q.priority, q.number) >= (p_rank, p_number)
      and q.required_capabilities <@ p_capabilities
    order by -q.priority, q.number, q.task_id
    limit p_limit
    for update skip locked
  );
end
$$;

-- Return what would be claimed next of a project, in order and not locked.
create function work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) returns uuid[]
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  front record;
  found_ids uuid[];
begin
  select f.rank, f.number, f.early into front from work.front_of(p_project_id, p_capabilities) as f;
  found_ids := array(
    select f.task_id
    from (
      select q.task_id, -q.priority as rank, q.number
      from work.ready_queue as q
      where q.task_id = any (front.early)
        and q.agent_id is null
      union all
      (
        select q.task_id, -q.priority, q.number
        from work.ready_queue as q
        where q.project_id = p_project_id
          and q.agent_id is null
          and (-q.priority, q.number) >= (coalesce(front.rank, '-32768'), coalesce(front.number, 0))
          and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
        order by -q.priority, q.number, q.task_id
        limit p_limit
      )
    ) as f
    order by f.rank, f.number, f.task_id
    limit p_limit
  );
  return found_ids;
end
$$;

-- Write down where the queue of a project begins now, as the snapshot of this statement sees it. Who finds another at it
-- leaves it alone.
create function work.write_front(p_project_id uuid, p_capabilities text[]) returns void
language plpgsql
set search_path = work, pg_temp
as $$
begin
  -- More would not fit into the key; such agents walk the whole queue.
  if octet_length(p_capabilities::text) > 2000 or not pg_try_advisory_xact_lock(
    hashtextextended('work.front', 0) # hashtextextended(p_project_id::text || p_capabilities::text, 0)
  ) then
    return;
  end if;
  insert into work.queue_fronts as f (project_id, capabilities, rank, number, oldest_xid, written_by, written_at)
  select
    p_project_id, p_capabilities, -q.priority, q.number,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_current_xact_id()::text::bigint, clock_timestamp()
  from work.ready_queue as q
  where q.task_id = any (work.ids_in_project(p_project_id, p_capabilities, 1))
  on conflict (project_id, capabilities) do update
  set
    rank = excluded.rank,
    number = excluded.number,
    oldest_xid = excluded.oldest_xid,
    written_by = excluded.written_by,
    written_at = excluded.written_at;
end
$$;

-- Forget fronts that are too old to be used, of projects and capabilities that nobody claims for.
create function work.forget_fronts() returns integer
language sql
security definer
set search_path = work, pg_temp
as $$
  with gone as (
    delete from work.queue_fronts as f
    where f.written_at < now() - interval '10 minutes'
    returning f.project_id
  )
  select count(*)::integer
  from gone
$$;
revoke execute on function work.forget_fronts() from steward_agent, steward_readonly;
