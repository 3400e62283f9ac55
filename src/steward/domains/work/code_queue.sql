-- What stands next in the queue: by project, by label, for a claim (which locks it) and for a look.

-- Keep the labels of a queue row. Only rows that bear some come here, and a claim, which changes none, never does.
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
    where l.label = any (old.labels)
      and l.project_id = old.project_id
      and l.rank = -old.priority
      and l.number = old.number
      and l.task_id = old.task_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into work.ready_labels (label, project_id, rank, number, task_id)
    select distinct n.label, new.project_id, -new.priority, new.number, new.task_id
    from unnest(new.labels) as n (label);
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

-- Return the one of some labels that the fewest tasks bear: those of all labels stand among its own. Null for no label.
-- Beyond 200 it does not matter which.
create function work.rarest_label(p_labels text[], p_project_id uuid) returns text
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  if coalesce(cardinality(p_labels), 0) < 2 then
    return p_labels[1];
  end if;
  return (
    select n.label
    from unnest(p_labels) as n (label)
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
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.project_id = p_project_id
        and q.agent_id is null
        and q.required_capabilities <@ p_capabilities
      order by q.priority desc, q.number, q.task_id
      limit p_limit
      for update skip locked
    ) as p;
  else
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.agent_id is null
        and q.required_capabilities <@ p_capabilities
      order by q.priority desc, q.number, q.task_id
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
    return array(
      select q.task_id
      from work.ready_queue as q
      where q.project_id = p_project_id
        and q.agent_id is null
        and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
      order by q.priority desc, q.number, q.task_id
      limit p_limit
    );
  end if;
  return array(
    select q.task_id
    from work.ready_queue as q
    where q.agent_id is null
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
    order by q.priority desc, q.number, q.task_id
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
