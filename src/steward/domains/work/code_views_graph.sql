-- Tasks seen together: how they are tied, and who works on how many.

-- Tasks of a filter that are tied to another task of it.
create function work.graph_within(p_filter jsonb)
returns table (id uuid, ref text, title text, status text, state text, priority smallint, number bigint)
language sql stable
set search_path = work, pg_temp
as $$
  with kept as materialized (
    select l.id, l.ref, l.title, l.status, l.state, l.priority, l.number
    from work.filter_tasks(p_filter) as l
  ),
  tied as (
    select d.task_id, d.depends_on_task_id
    from work.task_dependencies as d
    where d.task_id in (select kept.id from kept)
      and d.depends_on_task_id in (select kept.id from kept)
  )
  select k.id, k.ref, k.title, k.status, k.state, k.priority, k.number
  from kept as k
  where k.id in (select tied.task_id from tied union all select tied.depends_on_task_id from tied)
$$;

-- What a task waits for and what waits for it, to the end, and what is related to it, each with the least steps away.
create function work.graph_around(p_id uuid) returns table (task_id uuid, steps integer)
language sql stable
set search_path = work, pg_temp
as $$
  with recursive line (id, direction, steps) as (
    select p_id, s.direction, 0
    from (values (1), (-1)) as s (direction)
    union
    select
      case line.direction when 1 then d.depends_on_task_id else d.task_id end,
      line.direction,
      line.steps + 1
    from line
    join work.task_dependencies as d
      on d.dependency_type <> 'relates_to'
      and case line.direction when 1 then d.task_id else d.depends_on_task_id end = line.id
    where line.steps < 20
  )
  select found.id, min(found.steps)
  from (
    select line.id, line.steps
    from line
    union all
    select case d.task_id when p_id then d.depends_on_task_id else d.task_id end, 1
    from work.task_dependencies as d
    where d.dependency_type = 'relates_to'
      and p_id in (d.task_id, d.depends_on_task_id)
  ) as found
  group by found.id
$$;

-- What an agent holds, how its work went, and its latest claim, start, finish, failed try, question or comment.
create function work.load_of(p_agent_id uuid, p_project_id uuid)
returns table (held integer, asking integer, finished integer, failed integer, avg_minutes integer, last_seen_at timestamptz)
language sql stable
set search_path = work, pg_temp
as $$
  select
    q.held, a.asking, t.finished, f.failed, t.avg_minutes,
    greatest(q.seen, a.seen, t.seen, f.seen, c.seen)
  from (
    select (count(*) filter (where r.lease_until > clock_timestamp()))::integer as held, max(r.claimed_at) as seen
    from work.ready_queue as r
    where r.agent_id = p_agent_id
      and (p_project_id is null or r.project_id = p_project_id)
  ) as q
  cross join (
    select (count(*) filter (where o.status = 'open'))::integer as asking, max(o.created_at) as seen
    from work.questions as o
    where o.agent_id = p_agent_id
      and (p_project_id is null or o.project_id = p_project_id)
  ) as a
  cross join (
    select
      (count(*) filter (where k.status = 'done'))::integer as finished,
      avg(k.actual_minutes) filter (where k.status = 'done')::integer as avg_minutes,
      greatest(max(k.started_at), max(k.completed_at)) as seen
    from work.tasks as k
    where k.assigned_agent_id = p_agent_id
      and k.deleted_at is null
      and (p_project_id is null or k.project_id = p_project_id)
  ) as t
  cross join (
    select count(*)::integer as failed, max(e.failed_at) as seen
    from work.agent_failures as e
    where e.agent_id = p_agent_id
      and (p_project_id is null or e.project_id = p_project_id)
  ) as f
  cross join (
    select max(m.created_at) as seen
    from work.comments as m
    where m.author_agent_id = p_agent_id
      and (p_project_id is null or m.project_id = p_project_id)
  ) as c
$$;
