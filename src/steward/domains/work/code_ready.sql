-- Readiness: what can be claimed now stands in ready_queue, kept true by every change of tasks.

-- Return a task and all below it.
create function work.with_descendants(p_ids uuid[]) returns setof uuid
language sql stable
set search_path = work, pg_temp
as $$
  with recursive tree (id) as (
    select unnest(p_ids)
    union
    select c.id
    from tree
    join work.tasks as c on c.parent_task_id = tree.id
  )
  select id
  from tree
$$;

-- Return the tasks among some that could be claimed now: open, of an active project, no open child, and neither they nor
-- an ancestor wait.
-- This and the next three are on the way of every finish and walk by keys alone: their plans are kept (planning took four
-- times what running did), and may not be those of a table that was still empty.
create function work.ready_among(p_ids uuid[]) returns setof uuid
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return query
  with recursive line (id, member, parent_id) as (
    select t.id, t.id, t.parent_task_id
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id = any (p_ids)
      and p.status = 'active'
      and t.deleted_at is null
      and (t.status = 'pending' or (t.status = 'in_progress' and t.assigned_user_id is null))
    union
    select line.id, a.id, a.parent_task_id
    from line
    join work.tasks as a on a.id = line.parent_id
  )
  select line.id
  from line
  join work.tasks as m on m.id = line.member
  group by line.id
  having bool_and(
    (m.id = line.id or (m.deleted_at is null and m.status in ('pending', 'in_progress', 'blocked', 'in_review', 'testing', 'awaiting_input')))
    and not exists (
      select
      from work.task_dependencies as d
      join work.tasks as b on b.id = d.depends_on_task_id
      where d.task_id = m.id
        and d.dependency_type <> 'relates_to'
        and b.deleted_at is null
        and not work.out_of_the_way(b.status)
    )
  )
  and not exists (
    select
    from work.tasks as c
    where c.parent_task_id = line.id
      and c.deleted_at is null
      and not work.out_of_the_way(c.status)
  );
end
$$;

-- Make the queue true again for some tasks. Their rows are locked first, in id order: of two transactions that each
-- close one of a task's two last blockers, the second waits and then sees the first's work. Their projects are held
-- next, so that none stops or begins to hand work out unseen (work.follow_project).
create function work.refresh_queue(p_ids uuid[]) returns void
language plpgsql
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  ready uuid[];
begin
  if p_ids is null or cardinality(p_ids) = 0 then
    return;
  end if;
  perform t.id
  from work.tasks as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  perform pg_advisory_xact_lock_shared(l.lock)
  from (
    select work.queue_lock(p.project_id) as lock
    from (select distinct t.project_id from work.tasks as t where t.id = any (p_ids)) as p
    order by 1
  ) as l;
  ready := array(select work.ready_among(p_ids));
  delete from work.ready_queue as q
  using work.tasks as t
  where q.task_id = any (p_ids)
    and t.id = q.task_id
    and (
      t.deleted_at is not null
      or t.status in ('done', 'failed', 'cancelled', 'deferred', 'draft')
      or (q.agent_id is null and not q.task_id = any (ready))
    );
  insert into work.ready_queue (task_id, project_id, priority, number, labels, required_capabilities)
  select t.id, t.project_id, t.priority, t.number, t.labels, t.required_capabilities
  from work.tasks as t
  where t.id = any (ready)
  on conflict (task_id) do nothing;
end
$$;

-- Return what must be looked at again when tasks changed: they, what waits for them, their parents, and all below.
create function work.touched_by(p_ids uuid[], p_parents uuid[]) returns uuid[]
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return array(
    with recursive tree (id) as (
      select unnest(p_ids)
      union
      select d.task_id
      from work.task_dependencies as d
      where d.depends_on_task_id = any (p_ids)
        and d.dependency_type <> 'relates_to'
      union
      select c.id
      from tree
      join work.tasks as c on c.parent_task_id = tree.id
    )
    select id
    from tree
    where id is not null
    union
    select p.id
    from unnest(p_parents) as p (id)
    where p.id is not null
  );
end
$$;

-- Return those of some tasks on which nothing else hangs: no parent, no child, nothing that waits for them. Whoever adds
-- such a tie locks the task first, so that this holds for whoever has it locked.
create function work.untied(p_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = work, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return array(
    select t.id
    from work.tasks as t
    where t.id = any (p_ids)
      and t.parent_task_id is null
      and not exists (select from work.tasks as c where c.parent_task_id = t.id)
      and not exists (
        select
        from work.task_dependencies as d
        where d.depends_on_task_id = t.id
          and d.dependency_type <> 'relates_to'
      )
  );
end
$$;

-- Make the queue true for all that a change of some tasks touches. What that is, is asked again once it is locked: a
-- child that another transaction was adding below it is seen only then, and nobody else would look at it.
create function work.refresh_touched(p_ids uuid[], p_parents uuid[]) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  known uuid[] := work.touched_by(p_ids, p_parents);
  grown uuid[];
begin
  loop
    perform t.id
    from work.tasks as t
    where t.id = any (known)
    order by t.id
    for no key update;
    grown := array(
      select unnest(known)
      union
      select unnest(work.touched_by(p_ids, p_parents))
    );
    exit when cardinality(grown) = cardinality(known);
    known := grown;
  end loop;
  perform work.refresh_queue(known);
end
$$;

-- After tasks were added: look at them and at their parents (refresh_queue locks these against being finished meanwhile).
create function work.after_task_insert() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  ids uuid[];
  parents uuid[];
begin
  select array_agg(n.id), array_agg(distinct n.parent_task_id) filter (where n.parent_task_id is not null)
  into ids, parents
  from new_rows as n;
  if parents is not null then
    perform work.check_parents(ids);
  end if;
  -- An import looks once, after its dependencies are there: rows that would stand in the queue for a moment only are
  -- spared (a tenth of what a large file takes).
  if kit.setting('importing') is null then
    perform work.refresh_queue(ids || parents);
  end if;
  return null;
end
$$;
create trigger sync_insert after insert on work.tasks
referencing new table as new_rows
for each statement execute function work.after_task_insert();

-- Refuse that tasks are done while something below them is open. Their rows are locked by the change itself, and a new
-- child locks its parent (refresh_queue), so that no child appears between the look and the end of the change.
create function work.check_children(p_done uuid[]) returns void
language plpgsql
set search_path = work, kit, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  held bigint;
begin
  select t.number into held
  from work.tasks as c
  join work.tasks as t on t.id = c.parent_task_id
  where c.parent_task_id = any (p_done)
    and c.deleted_at is null
    and not work.out_of_the_way(c.status)
  limit 1;
  if found and kit.setting('importing') is null then
    raise exception 'task % has open subtasks', held
      using errcode = 'STW05', hint = 'finish or cancel its subtasks first; `work blocked` lists them';
  end if;
end
$$;

-- After tasks changed: look again at whatever that can have made ready or unready.
create function work.after_task_update() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  ids uuid[];
  moved uuid[];
  parents uuid[];
  closed uuid[];
  reordered uuid[];
  done uuid[];
  projects uuid[];
begin
  -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
  select
    array_agg(n.id) filter (where (o.status, o.parent_task_id, o.deleted_at, o.assigned_user_id)
      is distinct from (n.status, n.parent_task_id, n.deleted_at, n.assigned_user_id)),
    array_agg(n.id) filter (where n.parent_task_id is distinct from o.parent_task_id and n.parent_task_id is not null),
    array_agg(o.parent_task_id) || array_agg(n.parent_task_id),
    array_agg(n.id) filter (where o.status <> n.status and n.status in ('done', 'failed', 'cancelled', 'deferred', 'draft')
      and o.parent_task_id is null and n.parent_task_id is null),
    array_agg(n.id) filter (where (o.priority, o.labels, o.required_capabilities)
      is distinct from (n.priority, n.labels, n.required_capabilities)),
    array_agg(n.id) filter (where o.status <> n.status and n.status = 'done'), array_agg(distinct n.project_id)
  into ids, moved, parents, closed, reordered, done, projects
  from new_rows as n
  full join old_rows as o on o.id = n.id;
  if closed is not null then
    -- Most of what is finished has nothing hanging on it.
    closed := work.untied(closed);
  end if;
  if done is not null and cardinality(closed) is distinct from cardinality(ids) then
    perform work.check_children(done);
  end if;
  if moved is not null then
    perform work.check_parents(moved);
  end if;
  if reordered is not null then
    update work.ready_queue as q
    set priority = t.priority, labels = t.labels, required_capabilities = t.required_capabilities
    from work.tasks as t
    where t.id = any (reordered)
      and q.task_id = t.id;
  end if;
  if cardinality(closed) > 0 then
    -- They leave the queue. As in refresh_queue: the project must not begin to hand them out unseen.
    perform pg_advisory_xact_lock_shared(work.queue_lock(p)) from unnest(projects) as p;
    delete from work.ready_queue as q
    where q.task_id = any (closed);
    if cardinality(closed) = cardinality(ids) then
      return null;
    end if;
    ids := array(select unnest(ids) except select unnest(closed));
  end if;
  if ids is not null and cardinality(ids) > 0 then
    perform work.refresh_touched(ids, parents);
  end if;
  return null;
end
$$;
create trigger sync_update after update on work.tasks
referencing old table as old_rows new table as new_rows
for each statement execute function work.after_task_update();
