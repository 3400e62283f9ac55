-- Analytics of a workflow: what takes long, what holds up what, what could be done better.
-- A workflow's tasks are nodes 1 to n; an edge runs from a task to one it waits for, and edges are sorted by the latter.

-- Return the nodes, each after all that it waits for (Kahn's algorithm).
create function work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) returns integer[]
language plpgsql immutable
set search_path = work, pg_temp
as $$
declare
  waits integer[] := array_fill(0, array[p_nodes]);
  first integer[] := array_fill(null::integer, array[p_nodes]);
  free integer[] := '{}';
  place integer := 1;
  edge integer;
begin
  for i in 1..coalesce(cardinality(p_from), 0) loop
    waits[p_from[i]] := waits[p_from[i]] + 1;
    first[p_to[i]] := coalesce(first[p_to[i]], i);
  end loop;
  for i in 1..p_nodes loop
    if waits[i] = 0 then
      free[cardinality(free) + 1] := i;
    end if;
  end loop;
  while place <= cardinality(free) loop
    edge := first[free[place]];
    while p_to[edge] = free[place] loop
      waits[p_from[edge]] := waits[p_from[edge]] - 1;
      if waits[p_from[edge]] = 0 then
        free[cardinality(free) + 1] := p_from[edge];
      end if;
      edge := edge + 1;
    end loop;
    place := place + 1;
  end loop;
  return free;
end
$$;

-- Return the chain of nodes that takes longest, first to last; of two equally long ones the one with more nodes.
create function work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[])
returns integer[]
language plpgsql immutable
set search_path = work, pg_temp
as $$
declare
  nodes integer := cardinality(p_minutes);
  first integer[] := array_fill(null::integer, array[nodes]);
  before bigint[] := array_fill(0::bigint, array[nodes]);
  via integer[] := array_fill(null::integer, array[nodes]);
  finish bigint;
  latest bigint := -1;
  last integer;
  edge integer;
  node integer;
  chain integer[] := '{}';
begin
  for i in reverse coalesce(cardinality(p_to), 0)..1 loop
    first[p_to[i]] := i;
  end loop;
  foreach node in array p_order loop
    -- Minutes count first, the number of nodes only decides between equals.
    finish := before[node] + p_minutes[node] * 1000000::bigint + 1;
    if finish > latest then
      latest := finish;
      last := node;
    end if;
    edge := first[node];
    while p_to[edge] = node loop
      if finish > before[p_from[edge]] then
        before[p_from[edge]] := finish;
        via[p_from[edge]] := node;
      end if;
      edge := edge + 1;
    end loop;
  end loop;
  while last is not null loop
    chain := last || chain;
    last := via[last];
  end loop;
  return chain;
end
$$;

-- Return for each node how many others wait for it, directly or through others. Who waits is a string of bits, one for
-- each of some thousand nodes at a time, so that memory stays small and a step is one `or`.
create function work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[])
returns integer[]
language plpgsql immutable
set search_path = work, pg_temp
as $$
declare
  width constant integer := 4096;
  none constant varbit := repeat('0', width)::varbit;
  first integer[] := array_fill(null::integer, array[p_nodes]);
  counts integer[] := array_fill(0, array[p_nodes]);
  waiting varbit[];
  mine varbit;
  edge integer;
  node integer;
begin
  for i in reverse coalesce(cardinality(p_to), 0)..1 loop
    first[p_to[i]] := i;
  end loop;
  for base in 0..p_nodes - 1 by width loop
    waiting := array_fill(null::varbit, array[p_nodes]);
    for place in reverse cardinality(p_order)..1 loop
      node := p_order[place];
      edge := first[node];
      continue when edge is null;
      mine := none;
      while p_to[edge] = node loop
        mine := mine | coalesce(waiting[p_from[edge]], none);
        if p_from[edge] > base and p_from[edge] <= base + width then
          mine := set_bit(mine::bit(4096), p_from[edge] - base - 1, 1);
        end if;
        edge := edge + 1;
      end loop;
      waiting[node] := mine;
      counts[node] := counts[node] + bit_count(mine::bit(4096))::integer;
    end loop;
  end loop;
  return counts;
end
$$;

-- Return the tasks of a workflow as a graph: its nodes with what they still take, and who waits for whom among them.
create function work.workflow_graph(
  p_workflow_id uuid,
  out ids uuid[],
  out minutes integer[],
  out is_open boolean[],
  out from_nodes integer[],
  out to_nodes integer[]
)
language sql stable
set search_path = work, pg_temp
as $$
  with nodes as (
    select t.id, t.status, (row_number() over (order by t.number))::integer as n, coalesce(f.estimated_minutes, 0) as minutes
    from work.tasks as t
    join work.task_effort as f on f.task_id = t.id
    where t.workflow_id = p_workflow_id
      and t.deleted_at is null
  ),
  edges as (
    select f.n as f, t.n as t
    from nodes as f
    cross join lateral work.waits_of(f.id) as w (waits_for)
    join nodes as t on t.id = w.waits_for
    where f.status <> 'cancelled'
      and t.status <> 'cancelled'
  )
  select
    (select array_agg(nodes.id order by nodes.n) from nodes),
    (select array_agg(case when nodes.status = 'cancelled' then 0 else nodes.minutes end order by nodes.n) from nodes),
    (select array_agg(nodes.status not in ('done', 'cancelled') order by nodes.n) from nodes),
    (select array_agg(edges.f order by edges.t, edges.f) from edges),
    (select array_agg(edges.t order by edges.t, edges.f) from edges)
$$;

-- Return each task of a workflow with how many open ones wait for it and its place on the critical path: the longest chain
-- that is left, of all tasks where none is.
create function work.workflow_places(p_workflow_id uuid)
returns table (task_id uuid, waiting integer, critical_position integer)
language plpgsql stable
set search_path = work, pg_temp
as $$
declare
  g record;
  sorted integer[];
  counts integer[];
  chain integer[];
  from_open integer[];
  to_open integer[];
begin
  select w.ids, w.minutes, w.is_open, w.from_nodes, w.to_nodes into g from work.workflow_graph(p_workflow_id) as w;
  if g.ids is null then
    return;
  end if;
  sorted := work.waiting_order(cardinality(g.ids), g.from_nodes, g.to_nodes);
  -- Nobody waits through what is done.
  select array_agg(e.f order by e.place), array_agg(e.t order by e.place)
  into from_open, to_open
  from unnest(g.from_nodes, g.to_nodes) with ordinality as e (f, t, place)
  where g.is_open[e.f]
    and g.is_open[e.t];
  counts := work.waiting_counts(cardinality(g.ids), sorted, from_open, to_open);
  if true = any (g.is_open) then
    g.minutes := array(
      select case when n.is_open then n.minutes else 0 end
      from unnest(g.is_open, g.minutes) with ordinality as n (is_open, minutes, place)
      order by n.place
    );
    chain := work.longest_chain(sorted, from_open, to_open, g.minutes);
  else
    chain := work.longest_chain(sorted, g.from_nodes, g.to_nodes, g.minutes);
  end if;
  return query
  select n.id, counts[n.place], (case when cardinality(chain) > 1 or g.minutes[chain[1]] > 0 then c.place end)::integer
  from unnest(g.ids) with ordinality as n (id, place)
  left join unnest(chain) with ordinality as c (node, place) on c.node = n.place;
end
$$;

-- Write what is found of each task of a workflow. In order of ids, so that two workflows with a moved task do not deadlock.
create function work.analyse_tasks(p_workflow_id uuid) returns void
language sql
set search_path = work, pg_temp
as $$
  insert into work.task_analytics as a (
    task_id, project_id, complexity_score, estimated_effort_hours, actual_effort_hours, efficiency_ratio, quality_metrics,
    performance_metrics, dependency_impact_score, blocking_factor, critical_position, completion_velocity, error_count,
    retry_count, calculated_at
  )
  select
    t.id,
    t.project_id,
    t.complexity_score,
    round(t.estimated_minutes / 60.0, 2),
    round(t.actual_minutes / 60.0, 2),
    round(100.0 * nullif(t.estimated_minutes, 0) / nullif(t.actual_minutes, 0), 2),
    case
      when t.status not in ('done', 'failed') then '{}'
      else jsonb_build_object(
        'overall_score', case when t.status = 'failed' then 0 else round(100.0 / (1 + t.attempts), 2) end,
        'first_try', t.status = 'done' and t.attempts = 0
      )
    end,
    jsonb_strip_nulls(jsonb_build_object(
      'minutes_to_start', round(extract(epoch from t.started_at - t.created_at) / 60),
      'minutes_in_work', greatest(round((extract(epoch from t.completed_at - t.started_at) - work.waited_ms(t.id) / 1000.0) / 60), 0)
    )),
    round(100.0 * p.waiting / greatest(count(*) filter (where t.status not in ('done', 'cancelled')) over (), p.waiting, 1), 2),
    p.waiting,
    p.critical_position,
    round(60.0 * t.complexity_score / nullif(t.actual_minutes, 0), 2),
    t.attempts,
    greatest(t.attempts - (t.status = 'failed')::integer, 0),
    now()
  from work.workflow_places(p_workflow_id) as p
  join work.tasks as t on t.id = p.task_id
  order by t.id
  on conflict (task_id) do update
  set
    complexity_score = excluded.complexity_score,
    estimated_effort_hours = excluded.estimated_effort_hours,
    actual_effort_hours = excluded.actual_effort_hours,
    efficiency_ratio = excluded.efficiency_ratio,
    quality_metrics = a.quality_metrics || excluded.quality_metrics,
    performance_metrics = excluded.performance_metrics,
    dependency_impact_score = excluded.dependency_impact_score,
    blocking_factor = excluded.blocking_factor,
    critical_position = excluded.critical_position,
    completion_velocity = excluded.completion_velocity,
    error_count = excluded.error_count,
    retry_count = excluded.retry_count,
    calculated_at = excluded.calculated_at
$$;

-- Since when an open task has been waiting for something open, null when it waits for nothing. The blocker is looked up
-- in the condition, not joined, so that no plan made before a large import reads all tasks for each.
create function work.waiting_since(p_task_id uuid, p_created_at timestamptz) returns timestamptz
language sql stable
begin atomic
  select min(greatest(d.created_at, p_created_at))
  from work.task_dependencies as d
  where d.task_id = p_task_id
    and d.dependency_type <> 'relates_to'
    and (
      select b.deleted_at is null and not work.out_of_the_way(b.status)
      from work.tasks as b
      where b.id = d.depends_on_task_id
    );
end;

-- Open tasks of a workflow that others wait for, those that hold up most first, with how long they have done so.
create function work.workflow_bottlenecks(p_workflow_id uuid) returns jsonb
language sql stable
set search_path = work, projects, pg_temp
as $$
  with worst as materialized (
    select t.id, t.project_id, t.number, t.title, t.status, t.created_at, a.blocking_factor, a.dependency_impact_score
    from work.tasks as t
    join work.task_analytics as a on a.task_id = t.id
    where t.workflow_id = p_workflow_id
      and t.deleted_at is null
      and not work.out_of_the_way(t.status)
      and a.blocking_factor > 0
    order by a.blocking_factor desc, t.number
    limit 10
  )
  select coalesce(
    jsonb_agg(
      jsonb_build_object(
        'task', p.key || '-' || t.number,
        'task_id', t.id,
        'title', t.title,
        'status', t.status,
        'waiting', t.blocking_factor::integer,
        'blocking_for_hours', h.hours,
        'impact_percentage', t.dependency_impact_score
      )
      order by t.blocking_factor desc, t.number
    ),
    '[]'
  )
  from worst as t
  join projects.projects as p on p.id = t.project_id
  cross join lateral (
    select coalesce(round((extract(epoch from now() - min(greatest(d.created_at, t.created_at))) / 3600)::numeric, 2), 0) as hours
    from work.task_dependencies as d
    join work.tasks as w on w.id = d.task_id
    where d.depends_on_task_id = t.id
      and d.dependency_type <> 'relates_to'
      and w.deleted_at is null
      and not work.out_of_the_way(w.status)
  ) as h
$$;

-- Open tasks of a workflow with what advice is drawn from.
create function work.workflow_open_tasks(p_workflow_id uuid)
returns table (
  ref text, status text, estimated_minutes integer, waiting integer, critical_position integer, is_ready boolean,
  attempts integer, waits_hours integer, is_overdue boolean
)
language sql stable
set search_path = work, projects, pg_temp
as $$
  select
    p.key || '-' || t.number,
    t.status,
    t.estimated_minutes,
    a.blocking_factor::integer,
    a.critical_position,
    q.task_id is not null and q.agent_id is null,
    t.attempts::integer,
    (extract(epoch from now() - case when t.status = 'blocked' then t.updated_at else work.waiting_since(t.id, t.created_at) end) / 3600)::integer,
    t.due_date < now()
  from work.tasks as t
  join work.task_analytics as a on a.task_id = t.id
  join projects.projects as p on p.id = t.project_id
  left join work.ready_queue as q on q.task_id = t.id
  where t.workflow_id = p_workflow_id
    and t.deleted_at is null
    and not work.out_of_the_way(t.status)
  order by a.blocking_factor desc, t.number
$$;

-- Give one piece of advice on some tasks; null when it concerns none. Only the first ten are named.
create function work.advice(p_kind text, p_text text, p_tasks text[]) returns jsonb
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select jsonb_build_object(
    'kind', p_kind,
    'advice', format(p_text, cardinality(p_tasks), array_to_string(p_tasks[1:10], ', ')),
    'count', cardinality(p_tasks),
    'tasks', to_jsonb(p_tasks[1:10])
  )
  where cardinality(p_tasks) > 0
$$;

-- Say what could be done better in a workflow: what to start, estimate, clear away, split.
create function work.workflow_opportunities(p_workflow_id uuid) returns jsonb
language sql stable
set search_path = work, pg_temp
as $$
  with o as materialized (
    select ref, status, estimated_minutes, waiting, critical_position, is_ready, attempts, waits_hours, is_overdue
    from work.workflow_open_tasks(p_workflow_id)
  ),
  said (place, item) as (
    values
      (1, work.advice('critical_path', 'Begin with %2$s: it leads the longest chain that is left, so the end moves with it.',
        array(select ref from o where critical_position is not null and status <> 'in_progress' and is_ready order by critical_position limit 1))),
      (2, work.advice('parallel', '%1$s tasks could be worked on at once, nothing stands between them: %2$s.',
        array(select ref from o where is_ready and (select count(*) from o where is_ready) > 1))),
      (3, work.advice('bottleneck', 'Half of what is open, or more, waits for %2$s: put it first or split it.',
        array(select ref from o where waiting >= 2 and waiting * 2 >= (select count(*) from o)))),
      (4, work.advice('long_blocked', '%1$s tasks have waited for more than a day: %2$s. Clear what they wait for, or take the dependency away.',
        array(select ref from o where waits_hours > 24))),
      (5, work.advice('missing_estimate', '%1$s open tasks have no estimate, so the critical path may be another: %2$s.',
        array(select ref from o where estimated_minutes is null))),
      (6, work.advice('retries', '%1$s tasks have failed before: %2$s. Look at why before the next try.',
        array(select ref from o where attempts > 0))),
      (7, work.advice('overdue', '%1$s tasks are past their date: %2$s.',
        array(select ref from o where is_overdue)))
  )
  select coalesce(jsonb_agg(said.item order by said.place) filter (where said.item is not null), '[]')
  from said
$$;

-- Say who worked on a workflow, how much, and how parallel the rest could be.
create function work.workflow_utilization(p_workflow_id uuid) returns jsonb
language sql stable
set search_path = work, accounts, agents, pg_temp
as $$
  select jsonb_build_object(
    'by_worker', coalesce((
      select jsonb_agg(
        jsonb_build_object('name', k.name, 'tasks', k.total, 'done', k.done, 'actual_hours', k.hours)
        order by k.total desc, k.name
      )
      from (
        select
          coalesce(u.username, g.name, 'nobody') as name,
          count(*) as total,
          count(*) filter (where t.status = 'done') as done,
          round(coalesce(sum(f.actual_minutes), 0) / 60.0, 2) as hours
        from work.tasks as t
        join work.task_effort as f on f.task_id = t.id
        left join accounts.users as u on u.id = t.assigned_user_id
        left join agents.agents as g on g.id = t.assigned_agent_id
        where t.workflow_id = p_workflow_id
          and t.deleted_at is null
        group by 1
      ) as k
    ), '[]'),
    'finished_efficiency', (
      select round(100.0 * sum(f.estimated_minutes) / sum(f.actual_minutes), 2)
      from work.task_effort as f
      where f.workflow_id = p_workflow_id
        and f.status = 'done'
        and f.estimated_minutes > 0
        and f.actual_minutes > 0
    )
  )
$$;

-- Add up the tasks of a workflow. Efficiency is estimated by actual hours, in percent: above 100 it went faster.
create function work.workflow_figures(p_workflow_id uuid)
returns table (
  workflow_id uuid, project_id uuid, total_tasks integer, completed_tasks integer, failed_tasks integer,
  blocked_tasks integer, waiting_tasks integer, completion_percentage numeric, estimated_duration_hours numeric,
  actual_duration_hours numeric, efficiency_score numeric, quality_score numeric, complexity_score numeric,
  critical_path_minutes integer, critical_path jsonb
)
language sql stable
set search_path = work, projects, pg_temp
as $$
  select
    w.id,
    w.project_id,
    count(t.id)::integer,
    (count(*) filter (where t.status = 'done'))::integer,
    (count(*) filter (where t.status in ('failed', 'cancelled')))::integer,
    (count(*) filter (where t.status = 'blocked'))::integer,
    (count(*) filter (where not work.out_of_the_way(t.status) and work.waiting_since(t.id, t.created_at) is not null))::integer,
    round(100.0 * count(*) filter (where t.status = 'done') / greatest(count(t.id), 1), 2),
    round(sum(f.estimated_minutes) / 60.0, 2),
    round(sum(f.actual_minutes) / 60.0, 2),
    round(100.0 * nullif(sum(f.estimated_minutes), 0) / nullif(sum(f.actual_minutes), 0), 2),
    round(avg((a.quality_metrics ->> 'overall_score')::numeric) filter (where t.status in ('done', 'failed')), 2),
    round(avg(t.complexity_score), 2),
    coalesce(sum(f.estimated_minutes) filter (where a.critical_position is not null), 0)::integer,
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'task', p.key || '-' || t.number, 'task_id', t.id, 'title', t.title, 'status', t.status,
          'minutes', coalesce(f.estimated_minutes, 0)
        )
        order by a.critical_position
      ) filter (where a.critical_position is not null),
      '[]'
    )
  from work.workflows as w
  join projects.projects as p on p.id = w.project_id
  left join work.tasks as t on t.workflow_id = w.id and t.project_id = w.project_id and t.deleted_at is null
  left join work.task_effort as f on f.task_id = t.id
  left join work.task_analytics as a on a.task_id = t.id
  where w.id = p_workflow_id
  group by w.id
$$;

-- Keep the figures of a workflow and return them.
create function work.write_workflow_analytics(p_workflow_id uuid) returns work.workflow_analytics
language sql
set search_path = work, pg_temp
as $$
  insert into work.workflow_analytics as a (
    workflow_id, project_id, total_tasks, completed_tasks, failed_tasks, blocked_tasks, waiting_tasks,
    completion_percentage, estimated_duration_hours, actual_duration_hours, efficiency_score, quality_score,
    complexity_score, critical_path_minutes, critical_path, resource_utilization, bottlenecks,
    optimization_opportunities, calculated_at
  )
  select
    w.workflow_id, w.project_id, w.total_tasks, w.completed_tasks, w.failed_tasks, w.blocked_tasks, w.waiting_tasks,
    w.completion_percentage, w.estimated_duration_hours, w.actual_duration_hours, w.efficiency_score, w.quality_score,
    w.complexity_score, w.critical_path_minutes, w.critical_path, work.workflow_utilization(w.workflow_id),
    work.workflow_bottlenecks(w.workflow_id), work.workflow_opportunities(w.workflow_id), clock_timestamp()
  from work.workflow_figures(p_workflow_id) as w
  on conflict (workflow_id) do update
  set
    total_tasks = excluded.total_tasks,
    completed_tasks = excluded.completed_tasks,
    failed_tasks = excluded.failed_tasks,
    blocked_tasks = excluded.blocked_tasks,
    waiting_tasks = excluded.waiting_tasks,
    completion_percentage = excluded.completion_percentage,
    estimated_duration_hours = excluded.estimated_duration_hours,
    actual_duration_hours = excluded.actual_duration_hours,
    efficiency_score = excluded.efficiency_score,
    quality_score = excluded.quality_score,
    complexity_score = excluded.complexity_score,
    critical_path_minutes = excluded.critical_path_minutes,
    critical_path = excluded.critical_path,
    resource_utilization = excluded.resource_utilization,
    bottlenecks = excluded.bottlenecks,
    optimization_opportunities = excluded.optimization_opportunities,
    calculated_at = excluded.calculated_at
  returning
    a.workflow_id, a.project_id, a.total_tasks, a.completed_tasks, a.failed_tasks, a.blocked_tasks, a.waiting_tasks,
    a.completion_percentage, a.estimated_duration_hours, a.actual_duration_hours, a.efficiency_score, a.quality_score,
    a.complexity_score, a.critical_path_minutes, a.critical_path, a.resource_utilization, a.bottlenecks,
    a.optimization_opportunities, a.calculated_at, a.updated_at
$$;

-- Work out the figures of a workflow and of its tasks and keep them. The row of the workflow is the lock: of two
-- calculations the second begins when the first is done, so older figures never replace newer ones. Writers of tasks do
-- not wait for it.
create function work.calculate_workflow_analytics(p_workflow_id uuid) returns work.workflow_analytics
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
begin
  perform kit.authorize('work:write');
  perform w.id from work.workflows as w where w.id = p_workflow_id for no key update;
  if not found then
    raise exception 'there is no workflow %', p_workflow_id
      using errcode = 'ST404', hint = 'look with `steward work list-workflows`';
  end if;
  perform work.analyse_tasks(p_workflow_id);
  return work.write_workflow_analytics(p_workflow_id);
end
$$;
