-- How many tasks, queue rows and dependencies projects have: kept, because to count a million takes too long, and exact,
-- because what a transaction changes it writes down itself. Nobody updates what others update: changes are rows of their
-- own, which a job adds up now and then; a reader sees sum and changes of one moment.

-- Counts as they are now, of projects that were not deleted.
create view work.project_counts with (security_invoker = true) as
select b.project_id, b.name, sum(b.count)::bigint as count
from (
  select c.project_id, c.name, c.count
  from work.counts as c
  union all
  select d.project_id, d.name, d.delta
  from work.count_deltas as d
) as b
where b.project_id not in (select p.id from projects.projects as p where p.deleted_at is not null)
group by b.project_id, b.name
having sum(b.count) <> 0;

-- How many tasks of each project agents hold.
create view work.held_counts with (security_invoker = true) as
select q.project_id, count(*) as held
from work.ready_queue as q
where q.agent_id is not null
group by q.project_id;

-- How many rows of the queue are free and held. Held ones are few and are counted; a claim writes down nothing.
create view work.queue_counts with (security_invoker = true) as
select
  c.project_id,
  c.count - h.held as ready,
  h.held
from work.project_counts as c
left join work.held_counts as q on q.project_id = c.project_id
cross join lateral (select coalesce(q.held, 0) as held) as h
where c.name = 'queued';

-- Write down which tasks came, went, or changed their state.
create function work.count_tasks() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into work.count_deltas (project_id, name, delta)
    select n.project_id, n.status, count(*)
    from new_rows as n
    where n.deleted_at is null
    group by n.project_id, n.status;
  elsif tg_op = 'DELETE' then
    insert into work.count_deltas (project_id, name, delta)
    select o.project_id, o.status, -count(*)
    from old_rows as o
    where o.deleted_at is null
    group by o.project_id, o.status;
  else
    insert into work.count_deltas (project_id, name, delta)
    select c.project_id, c.status, sum(c.delta)
    from (
      select n.project_id, n.status, 1 as delta
      from new_rows as n
      where n.deleted_at is null
      union all
      select o.project_id, o.status, -1
      from old_rows as o
      where o.deleted_at is null
    ) as c
    group by c.project_id, c.status
    having sum(c.delta) <> 0;
  end if;
  return null;
end
$$;
create trigger count_insert after insert on work.tasks
referencing new table as new_rows
for each statement execute function work.count_tasks();
create trigger count_update after update on work.tasks
referencing old table as old_rows new table as new_rows
for each statement execute function work.count_tasks();
create trigger count_delete after delete on work.tasks
referencing old table as old_rows
for each statement execute function work.count_tasks();

-- Write down which rows came or went; how they are called is the argument.
create function work.count_rows() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into work.count_deltas (project_id, name, delta)
    select n.project_id, tg_argv[0], count(*)
    from new_rows as n
    group by n.project_id;
  else
    insert into work.count_deltas (project_id, name, delta)
    select o.project_id, tg_argv[0], -count(*)
    from old_rows as o
    group by o.project_id;
  end if;
  return null;
end
$$;
create trigger count_insert after insert on work.ready_queue
referencing new table as new_rows
for each statement execute function work.count_rows('queued');
create trigger count_delete after delete on work.ready_queue
referencing old table as old_rows
for each statement execute function work.count_rows('queued');
create trigger count_insert after insert on work.task_dependencies
referencing new table as new_rows
for each statement execute function work.count_rows('dependencies');
create trigger count_delete after delete on work.task_dependencies
referencing old table as old_rows
for each statement execute function work.count_rows('dependencies');
revoke execute on function work.count_tasks() from steward_app, steward_agent, steward_readonly;
revoke execute on function work.count_rows() from steward_app, steward_agent, steward_readonly;

-- Add changes to the sums; returns how many rows that took away. Two at once share the changes: each adds what it took.
create function work.fold_counts() returns integer
language plpgsql
security definer
set search_path = work, pg_temp
as $$
declare
  gone integer;
begin
  with taken as (
    delete from work.count_deltas
    returning project_id, name, delta
  ),
  added as (
    insert into work.counts as c (project_id, name, count)
    select t.project_id, t.name, sum(t.delta)
    from taken as t
    group by t.project_id, t.name
    having sum(t.delta) <> 0
    order by t.project_id, t.name
    on conflict (project_id, name) do update
    set count = c.count + excluded.count
  )
  select count(*) into gone from taken;
  return gone;
end
$$;
revoke execute on function work.fold_counts() from steward_agent, steward_readonly;

-- Count everything anew, for rows that were laid without triggers. Writers wait: what they did before is seen, what they
-- do after is written down after.
create function work.recount() returns void
language sql
set search_path = work, pg_temp
as $$
  lock table work.tasks, work.ready_queue, work.task_dependencies in share mode;
  delete from work.count_deltas;
  delete from work.counts;
  insert into work.counts (project_id, name, count)
  select t.project_id, t.status, count(*)
  from work.tasks as t
  where t.deleted_at is null
  group by t.project_id, t.status
  union all
  select q.project_id, 'queued', count(*)
  from work.ready_queue as q
  group by q.project_id
  union all
  select d.project_id, 'dependencies', count(*)
  from work.task_dependencies as d
  group by d.project_id
$$;
revoke execute on function work.recount() from steward_app, steward_agent, steward_readonly;
