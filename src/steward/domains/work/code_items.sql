-- Epics, issues, workflows: numbers, states, what belongs together. Their views stand in code_items_views.sql.

-- Name a priority as the seeds of the data do: low, medium, high, critical.
create function work.priority_name(p_priority smallint) returns text
language sql immutable parallel safe
begin atomic
  select case
    when p_priority >= 10 then 'critical'
    when p_priority >= 8 then 'high'
    when p_priority >= 5 then 'medium'
    else 'low'
  end;
end;

-- List the states that may follow one, of an epic, issue, workflow, or of a workflow's phase.
create function work.item_next(p_kind text, p_from text) returns text[]
language sql immutable parallel safe
begin atomic
  select case p_kind || ' ' || p_from
    when 'epic planned' then array['in_progress', 'blocked', 'completed', 'cancelled']
    when 'epic in_progress' then array['planned', 'blocked', 'completed', 'cancelled']
    when 'epic blocked' then array['planned', 'in_progress', 'cancelled']
    when 'epic completed' then array['in_progress']
    when 'epic cancelled' then array['planned']
    when 'issue open' then array['in_progress', 'blocked', 'closed', 'cancelled']
    when 'issue in_progress' then array['open', 'blocked', 'closed', 'cancelled']
    when 'issue blocked' then array['open', 'in_progress', 'closed', 'cancelled']
    when 'issue closed' then array['open', 'in_progress']
    when 'issue cancelled' then array['open']
    when 'workflow pending' then array['active', 'paused', 'completed', 'failed', 'cancelled']
    when 'workflow active' then array['pending', 'paused', 'completed', 'failed', 'cancelled']
    when 'workflow paused' then array['active', 'failed', 'cancelled']
    when 'workflow completed' then array['active']
    when 'workflow failed' then array['pending', 'active', 'cancelled']
    when 'workflow cancelled' then array['pending']
    when 'phase initiation' then array['planning', 'development', 'testing', 'deployment', 'completed', 'failed']
    when 'phase planning' then array['initiation', 'development', 'testing', 'deployment', 'completed', 'failed']
    when 'phase development' then array['planning', 'testing', 'deployment', 'completed', 'failed']
    when 'phase testing' then array['planning', 'development', 'deployment', 'completed', 'failed']
    when 'phase deployment' then array['development', 'testing', 'completed', 'failed']
    when 'phase completed' then array['development', 'testing', 'deployment']
    when 'phase failed' then array['initiation', 'planning', 'development', 'testing', 'deployment']
    else array[]::text[]
  end;
end;

-- Refuse a change of state that the rules do not know, unless it takes one back. The row is locked by the update that asks.
create function work.check_transition(p_kind text, p_name text, p_from text, p_to text) returns void
language plpgsql
set search_path = work, kit, pg_temp
as $$
declare
  allowed text[] := work.item_next(p_kind, p_from);
begin
  if p_from = p_to or p_to = any (allowed) or kit.setting('importing') is not null or kit.setting('undoing') is not null then
    return;
  end if;
  raise exception '% cannot go from % to %', p_name, p_from, p_to
    using errcode = 'STW04', hint = format('from %s it may go to: %s', p_from, array_to_string(allowed, ', '));
end
$$;

-- Give a new epic the next EPIC-number of its project. The advisory lock makes two new epics of a project see one another;
-- an epic_id that was brought along is guarded by the unique constraint alone.
create function work.number_epic() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  last_number integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.epics', 0) # hashtextextended(new.project_id::text, 0));
  select max(substring(e.epic_id from '^EPIC-([0-9]{1,9})$')::integer)
  into last_number
  from work.epics as e
  where e.project_id = new.project_id
    and e.epic_id ~ '^EPIC-[0-9]{1,9}$';
  new.epic_id := format('EPIC-%s', lpad((coalesce(last_number, 0) + 1)::text, greatest(3, length((coalesce(last_number, 0) + 1)::text)), '0'));
  return new;
end
$$;
create trigger number_epic before insert on work.epics
for each row when (new.epic_id is null) execute function work.number_epic();

-- Check an epic's change of state and stamp when it was completed.
create function work.check_epic_status() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  if tg_op = 'UPDATE' then
    if new.status = old.status then
      return new;
    end if;
    perform work.check_transition('epic', 'epic ' || new.epic_id, old.status, new.status);
    new.completed_at := nullif(new.completed_at, old.completed_at);
  end if;
  new.completed_at := case when new.status = 'completed' then coalesce(new.completed_at, now()) end;
  return new;
end
$$;
create trigger status before insert or update of status on work.epics
for each row execute function work.check_epic_status();

-- Check an issue's change of state and stamp when it was closed.
create function work.check_issue_status() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  if tg_op = 'UPDATE' then
    if new.status = old.status then
      return new;
    end if;
    perform work.check_transition('issue', 'issue ' || new.number, old.status, new.status);
    new.closed_at := nullif(new.closed_at, old.closed_at);
  end if;
  new.closed_at := case when new.status = 'closed' then coalesce(new.closed_at, now()) end;
  return new;
end
$$;
create trigger status before insert or update of status on work.issues
for each row execute function work.check_issue_status();

-- Bring state and phase of a workflow in line (an end of one is the end of the other, the first step makes it active),
-- check the change, and stamp beginning and end.
create function work.check_workflow_status() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  moved boolean := tg_op = 'INSERT';
  advanced boolean := tg_op = 'INSERT';
begin
  if tg_op = 'UPDATE' then
    moved := new.status <> old.status;
    advanced := new.current_phase <> old.current_phase;
    if not moved and not advanced then
      return new;
    end if;
    if advanced and not moved and old.status in ('paused', 'cancelled') then
      raise exception 'workflow % is %, so its phase stands still', new.name, old.status
        using errcode = 'STW04', hint = 'make it active first';
    end if;
  end if;
  if advanced and new.current_phase in ('completed', 'failed') then
    new.status := new.current_phase;
  elsif moved and new.status in ('completed', 'failed') then
    new.current_phase := new.status;
  elsif tg_op = 'UPDATE' and advanced and not moved and new.status in ('pending', 'completed', 'failed') then
    new.status := 'active';
  elsif moved and new.current_phase in ('completed', 'failed') then
    new.current_phase := 'development';
  end if;
  if tg_op = 'UPDATE' then
    perform work.check_transition('workflow', 'workflow ' || new.name, old.status, new.status);
    perform work.check_transition('phase', 'workflow ' || new.name, old.current_phase, new.current_phase);
    new.completed_at := nullif(new.completed_at, old.completed_at);
  end if;
  if new.status in ('active', 'completed') then
    new.started_at := coalesce(new.started_at, now());
  end if;
  new.completed_at := case when new.status in ('completed', 'failed', 'cancelled') then coalesce(new.completed_at, now()) end;
  return new;
end
$$;
create trigger status before insert or update of status, current_phase on work.workflows
for each row execute function work.check_workflow_status();

-- Number a new issue as late as can be, from the counter that tasks use.
create trigger number_issue before insert on work.issues
for each row execute function work.number_task();

-- Refuse a number that a task and an issue of one project would share. The row of the project's counter is the lock: who
-- inserts under a number of its own choice waits for whoever took or chose one before.
create function work.check_numbers() returns trigger
language plpgsql
set search_path = work, projects, pg_temp
as $$
declare
  bad record;
begin
  perform c.project_id
  from projects.project_counters as c
  where c.project_id in (select n.project_id from new_rows as n)
  order by c.project_id
  for update;
  if tg_table_name = 'issues' then
    select n.number, 'a task' as other into bad
    from new_rows as n
    join work.tasks as t on t.project_id = n.project_id and t.number = n.number
    limit 1;
  else
    select n.number, 'an issue' as other into bad
    from new_rows as n
    join work.issues as i on i.project_id = n.project_id and i.number = n.number
    limit 1;
  end if;
  if found then
    raise exception 'number % of this project is % already', bad.number, bad.other
      using errcode = 'ST409', hint = 'leave the number out: the next free one is taken';
  end if;
  return null;
end
$$;
create trigger check_numbers after insert on work.issues
referencing new table as new_rows
for each statement execute function work.check_numbers();
create trigger check_numbers after insert on work.tasks
referencing new table as new_rows
for each statement execute function work.check_numbers();

-- Keep a number for good: references to it stand in texts, commits and other systems.
create function work.keep_number() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  raise exception 'number % and project of a % stay as they are', old.number, rtrim(tg_table_name, 's')
    using errcode = 'ST409', hint = 'add a new one to the other project and cancel this one';
end
$$;
create trigger keep_number before update of number, project_id on work.issues
for each row when (old.number <> new.number or old.project_id <> new.project_id) execute function work.keep_number();
create trigger keep_number before update of number, project_id on work.tasks
for each row when (old.number <> new.number or old.project_id <> new.project_id) execute function work.keep_number();

-- Let a new task belong to where its parent belongs, and to the epic of its issue, unless told otherwise.
create function work.inherit_place() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  parent record;
begin
  if new.parent_task_id is not null then
    select t.epic_id, t.issue_id, t.workflow_id
    into parent
    from work.tasks as t
    where t.id = new.parent_task_id
      and t.project_id = new.project_id;
    new.epic_id := coalesce(new.epic_id, parent.epic_id);
    new.issue_id := coalesce(new.issue_id, parent.issue_id);
    new.workflow_id := coalesce(new.workflow_id, parent.workflow_id);
  end if;
  if new.epic_id is null and new.issue_id is not null then
    select i.epic_id
    into new.epic_id
    from work.issues as i
    where i.id = new.issue_id
      and i.project_id = new.project_id;
  end if;
  return new;
end
$$;
create trigger inherit_place before insert on work.tasks
for each row when (new.parent_task_id is not null or new.issue_id is not null) execute function work.inherit_place();

-- Refuse epics that wait for each other. One advisory lock a project, the one that numbers epics: two edges that close a
-- circle from both ends must not both look before either is seen.
create function work.check_epic_cycles() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
declare
  caught text;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.epics', 0) # hashtextextended(p::text, 0))
  from (select distinct n.project_id as p from new_rows as n order by 1) as sorted;
  with recursive reached (start, via, id) as (
    select n.epic_id, n.depends_on_epic_id, n.depends_on_epic_id
    from new_rows as n
    union
    select reached.start, reached.via, d.depends_on_epic_id
    from reached
    join work.epic_dependencies as d on d.epic_id = reached.id
  )
  select string_agg(distinct e.epic_id || ' for ' || o.epic_id, ', ')
  into caught
  from reached
  join work.epics as e on e.id = reached.start
  join work.epics as o on o.id = reached.via
  where reached.id = reached.start;
  if caught is not null then
    raise exception 'epics would wait for each other in a circle: %', caught
      using errcode = 'STW03', hint = 'leave out one of these dependencies';
  end if;
  return null;
end
$$;
create trigger check_cycles after insert on work.epic_dependencies
referencing new table as new_rows
for each statement execute function work.check_epic_cycles();

create trigger touch before update on work.epics
for each row execute function kit.touch_versioned();
create trigger touch before update on work.issues
for each row execute function kit.touch_versioned();
create trigger touch before update on work.workflows
for each row execute function kit.touch_versioned();
create trigger touch before update on work.workflow_analytics
for each row execute function kit.update_updated_at_column();
create trigger touch before update on work.task_analytics
for each row execute function kit.update_updated_at_column();

-- Analytics are not audited: they are worked out from what is.
call kit.audit_table('work.epics', 'epic', 'title', 'project_id');
call kit.audit_table('work.epic_dependencies', 'epic_dependency', '', 'project_id');
call kit.audit_table('work.issues', 'issue', 'title', 'project_id');
call kit.audit_table('work.workflows', 'workflow', 'name', 'project_id');
