-- The graph of work: cycles, transitions. Readiness stands in code_ready.sql, leases in code_leases.sql.

-- A later room's code.sql registers its extensions again, so the list starts empty.
delete from work.extension_points;

-- Register a function to be called at a point, in order of position: (uuid task, uuid agent, jsonb detail) returns void,
-- or, where it takes a batch at once, the same as arrays. The detail is the result at on_finish, else an object of what was
-- said, such as {"reason": …}. At may_claim: (uuid[] tasks, uuid agent) returns jsonb.
create function work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean default false)
returns void
language plpgsql
set search_path = work, pg_temp
as $$
begin
  insert into work.extension_points (point, position, function_name, at_once)
  values (p_point, p_position, p_function::regproc::text, p_at_once);
  perform work.write_point(p_point);
end
$$;

-- Write anew the function that calls what is registered for a point: work.on_claim, work.on_finish and so on, about some
-- tasks, their agents and details standing at the same places, and work.may_claim, which returns what each said. An error
-- of theirs refuses the whole operation. Written out, the calls keep their plans: to look them up, parse and plan them
-- took 35 us of each. Ends of leases are told one by one (work.tell_expiry).
create function work.write_point(p_point text) returns void
language plpgsql
set search_path = work, pg_temp
as $body$
declare
  calls constant text[] := array(
    select
      case
        when p_point = 'may_claim' then format('%s(p_task_ids, p_agent_id)', e.function_name)
        when e.at_once then format('  perform %s(p_task_ids, p_agent_ids, p_details);', e.function_name)
        else format(
          e'  for i in 1..cardinality(p_task_ids) loop\n'
          '    perform %s(p_task_ids[i], p_agent_ids[i], coalesce(p_details[i], ''{}''));\n  end loop;', e.function_name
        )
      end
    from work.extension_points as e
    where e.point = p_point
    order by e.position, e.function_name
  );
begin
  if p_point = 'on_expire' then
    return;
  end if;
  -- What later rooms do is planned as usual, whatever the caller is set to.
  execute format(
    $$
      create or replace function work.%1$I(%2$s
      language plpgsql
      set search_path = work, pg_temp
      set plan_cache_mode = auto
      set enable_seqscan = on
      as %3$L;
      comment on function work.%1$I is 'Call what later rooms registered for the point %1$s; written by work.write_point.'
    $$,
    p_point,
    case
      when p_point = 'may_claim' then 'p_task_ids uuid[], p_agent_id uuid) returns jsonb[]'
      else 'p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void'
    end,
    case
      when p_point = 'may_claim' then format(e'\nbegin\n  return array[%s]::jsonb[];\nend\n', array_to_string(calls, ', '))
      else format(e'\nbegin\n%s\nend\n', coalesce(nullif(array_to_string(calls, e'\n'), ''), '  null;'))
    end
  );
end
$body$;

select work.write_point(p)
from unnest(array['may_claim', 'on_claim', 'on_start', 'on_finish', 'on_fail', 'on_give_back', 'on_release']) as p;

-- Tell whether a status means that nobody has to wait for the task any more.
create function work.out_of_the_way(p_status text) returns boolean
language sql immutable parallel safe
begin atomic
  select p_status in ('done', 'cancelled');
end;

-- Tell whether a task may go from one status to another.
create function work.may_become(p_from text, p_to text) returns boolean
language sql immutable parallel safe
begin atomic
  select p_to = any (case p_from
    when 'draft' then array['pending', 'deferred', 'cancelled']
    when 'pending' then array['draft', 'in_progress', 'blocked', 'awaiting_input', 'done', 'failed', 'cancelled', 'deferred']
    when 'in_progress' then
      array['pending', 'blocked', 'in_review', 'testing', 'awaiting_input', 'done', 'failed', 'cancelled', 'deferred']
    when 'blocked' then array['pending', 'in_progress', 'failed', 'cancelled', 'deferred']
    when 'in_review' then array['pending', 'in_progress', 'blocked', 'testing', 'awaiting_input', 'done', 'failed', 'cancelled']
    when 'testing' then array['pending', 'in_progress', 'blocked', 'in_review', 'awaiting_input', 'done', 'failed', 'cancelled']
    when 'awaiting_input' then array['pending', 'in_progress', 'blocked', 'failed', 'cancelled', 'deferred']
    when 'deferred' then array['draft', 'pending', 'blocked', 'cancelled']
    when 'failed' then array['pending', 'cancelled']
    when 'cancelled' then array['draft', 'pending']
    when 'done' then array['pending', 'in_progress']
  end);
end;

-- Split a text into its bulleted lines, or return it whole as one item; sentences are never cut (a version such as 1.2
-- or a file name is no end of a sentence).
create function work.text_items(p_text text) returns jsonb
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select case
    when p_text !~ '\S' then '[]'::jsonb
    else coalesce(
      (
        select jsonb_agg(btrim(m.item[1]) order by m.position)
        from regexp_matches(p_text, '^\s*[-•*]\s+(.*\S)', 'gn') with ordinality as m (item, position)
      ),
      jsonb_build_array(btrim(p_text))
    )
  end
$$;

-- Number a new task as late as can be; a batch brings its own block of numbers.
create function work.number_task() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  if new.number is null then
    new.number := projects.take_numbers(new.project_id, 1);
  end if;
  return new;
end
$$;
create trigger number_task before insert on work.tasks
for each row execute function work.number_task();

-- Check a change of status and stamp its times; that nothing below is open is looked at for all rows of a statement at once
-- (check_children).
create function work.check_status() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  if kit.setting('importing') is not null then
    return new;
  end if;
  if not work.may_become(old.status, new.status) and kit.setting('undoing') is null then
    raise exception 'task % cannot go from % to %', new.number, old.status, new.status
      using errcode = 'STW04', hint = format('from %s it may go to: %s', old.status, work.next_statuses(old.status));
  end if;
  new.completed_at := case when new.status = 'done' then coalesce(nullif(new.completed_at, old.completed_at), now()) end;
  new.started_at := case
    when new.status = 'in_progress' then coalesce(new.started_at, now())
    else new.started_at
  end;
  if new.status <> 'failed' then
    new.quarantined_at := null;
    new.quarantine_reason := null;
  end if;
  return new;
end
$$;
create trigger check_status before update of status on work.tasks
for each row when (old.status is distinct from new.status) execute function work.check_status();

-- List the statuses that may follow one.
create function work.next_statuses(p_from text) returns text
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select string_agg(s, ', ')
  from unnest(array[
    'draft', 'pending', 'in_progress', 'blocked', 'in_review', 'testing', 'awaiting_input',
    'done', 'failed', 'cancelled', 'deferred'
  ]) as s
  where work.may_become(p_from, s)
$$;

create trigger touch before update on work.tasks
for each row execute function kit.touch_versioned();
create trigger touch before update on work.import_files
for each row execute function kit.update_updated_at_column();

-- Lock the graphs of some projects, in order. One lock a graph: two edges that close a cycle from both ends must not
-- both look before either is seen.
create function work.lock_graphs(p_projects uuid[]) returns void
language sql
set search_path = work, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended('work.graph', 0) # hashtextextended(p::text, 0))
  from (select distinct unnest(p_projects) as p order by 1) as sorted
$$;

-- Refuse parents of another project and lines of parents that would close.
create function work.check_parents(p_ids uuid[]) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  bad record;
begin
  select t.number, p.number as parent_number
  into bad
  from work.tasks as t
  join work.tasks as p on p.id = t.parent_task_id
  where t.id = any (p_ids)
    and p.project_id <> t.project_id
  limit 1;
  if found then
    raise exception 'task % and its parent % belong to different projects', bad.number, bad.parent_number
      using errcode = 'ST400', hint = 'a subtask is of the same project as its parent';
  end if;
  perform work.lock_graphs(array(select t.project_id from work.tasks as t where t.id = any (p_ids)));
  perform work.check_cycles(p_ids);
end
$$;

-- Return what a task waits for: its blockers, its children, and the blockers of its ancestors.
create function work.waits_of(p_id uuid) returns setof uuid
language sql stable
begin atomic
  with recursive line (id, parent_id) as (
    select t.id, t.parent_task_id
    from work.tasks as t
    where t.id = p_id
    union
    select a.id, a.parent_task_id
    from line
    join work.tasks as a on a.id = line.parent_id
  )
  select d.depends_on_task_id
  from line
  join work.task_dependencies as d on d.task_id = line.id
  where d.dependency_type <> 'relates_to'
  union
  select c.id
  from work.tasks as c
  where c.parent_task_id = p_id;
end;

-- Return the nodes of a graph that are part of a cycle or lead into one: take away, one by one, each node that waits
-- for nothing that is left (Kahn's algorithm). Edges run from a waiting node to what it waits for, sorted by the latter;
-- nodes are 1 to p_nodes.
create function work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) returns integer[]
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
  return array(select i from generate_series(1, p_nodes) as i where waits[i] > 0);
end
$$;

-- Refuse a cycle of waiting among some tasks and all that they wait for.
create function work.check_cycles(p_ids uuid[]) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  nodes uuid[];
  from_nodes integer[];
  to_nodes integer[];
  caught integer[];
  numbers text;
begin
  with recursive reached (id) as (
    select unnest(p_ids)
    union
    select w.waits_for
    from reached
    cross join lateral work.waits_of(reached.id) as w (waits_for)
  ),
  numbered as (
    select reached.id, (row_number() over ())::integer as n
    from reached
  ),
  edges as (
    select f.n as f, t.n as t
    from numbered as f
    cross join lateral work.waits_of(f.id) as w (waits_for)
    join numbered as t on t.id = w.waits_for
  )
  select
    (select array_agg(numbered.id order by numbered.n) from numbered),
    (select array_agg(edges.f order by edges.t, edges.f) from edges),
    (select array_agg(edges.t order by edges.t, edges.f) from edges)
  into nodes, from_nodes, to_nodes;
  caught := work.left_waiting(cardinality(nodes), from_nodes, to_nodes);
  if cardinality(caught) > 0 then
    -- The same from the other side leaves out what only waits for the circle.
    caught := work.left_waiting(
      cardinality(nodes),
      array(select e.t from unnest(from_nodes, to_nodes) as e (f, t) where e.f = any (caught) and e.t = any (caught) order by e.f, e.t),
      array(select e.f from unnest(from_nodes, to_nodes) as e (f, t) where e.f = any (caught) and e.t = any (caught) order by e.f, e.t)
    );
    select string_agg(p.key || '-' || t.number, ', ' order by t.number)
    into numbers
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id in (select nodes[i] from unnest(caught) as i);
    raise exception '% would wait for each other in a circle', numbers
      using errcode = 'STW03', hint = 'leave out one of these dependencies';
  end if;
end
$$;

-- After dependencies were added: blockers are locked against being finished unseen, cycles refused, readiness renewed.
-- (A foreign key's own lock does not conflict with a change of status, so `for share` is taken here.)
create function work.after_dependency_insert() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  waiting uuid[];
  blockers uuid[];
  bad record;
begin
  select array_agg(distinct n.task_id), array_agg(distinct n.depends_on_task_id)
  into waiting, blockers
  from new_rows as n
  where n.dependency_type <> 'relates_to';
  if waiting is null then
    return null;
  end if;
  select t.number, b.number as other
  into bad
  from new_rows as n
  join work.tasks as t on t.id = n.task_id
  join work.tasks as b on b.id = n.depends_on_task_id
  where t.project_id <> b.project_id or t.project_id <> n.project_id
  limit 1;
  if found then
    raise exception 'tasks % and % belong to different projects', bad.number, bad.other
      using errcode = 'ST400', hint = 'only tasks of one project can wait for each other';
  end if;
  perform work.lock_graphs(array(select n.project_id from new_rows as n));
  perform t.id from work.tasks as t where t.id = any (blockers) order by t.id for share;
  perform work.check_cycles(waiting);
  perform work.refresh_queue(array(select work.with_descendants(waiting)));
  return null;
end
$$;
create trigger sync_insert after insert on work.task_dependencies
referencing new table as new_rows
for each statement execute function work.after_dependency_insert();

-- After dependencies were taken away: what waited may be ready.
create function work.after_dependency_delete() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  perform work.refresh_touched(array(select distinct o.task_id from old_rows as o), null);
  return null;
end
$$;
create trigger sync_delete after delete on work.task_dependencies
referencing old table as old_rows
for each statement execute function work.after_dependency_delete();

call kit.audit_table('work.tasks', 'task', 'title', 'project_id');
-- A tie goes by the name of the task that waits, so that the history of the task finds it.
call kit.audit_table('work.task_dependencies', 'task_dependency', 'task_id', 'project_id');
