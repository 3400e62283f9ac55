-- What a project's state means for its work: only an active project hands work out. Its ready rows leave the queue when
-- it stops being active and come back when it is active again, so that a claim need not ask for the project. What an
-- agent holds by then stays held and may be finished.
--
-- One lock a project keeps this true: whoever makes the queue true for tasks holds it shared until the end of its
-- transaction, whoever changes the state of the project holds it alone. So a change of the state sees every row that
-- others put into the queue, and who comes later sees the new state.

-- Return the lock of a project's queue.
create function work.queue_lock(p_project_id uuid) returns bigint
language sql immutable parallel safe
begin atomic
  select hashtextextended('work.queue', 0) # hashtextextended(p_project_id::text, 0);
end;

-- Take a project's ready work out of the queue, or put it back. The rows are locked before the project is: a person who
-- finishes a task holds its row and then wants the project.
create function work.follow_project() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  if new.status <> 'active' then
    perform q.task_id
    from work.ready_queue as q
    where q.project_id = new.id
      and q.agent_id is null
    order by q.task_id
    for update;
  end if;
  perform pg_advisory_xact_lock(work.queue_lock(new.id));
  if new.status <> 'active' then
    delete from work.ready_queue as q
    where q.project_id = new.id
      and q.agent_id is null;
    return null;
  end if;
  insert into work.ready_queue (task_id, project_id, priority, number, labels, required_capabilities)
  select t.id, t.project_id, t.priority, t.number, t.labels, t.required_capabilities
  from work.ready_among(array(
    select o.id
    from work.tasks as o
    where o.project_id = new.id
      and o.deleted_at is null
      and o.status in ('pending', 'in_progress')
  )) as r
  join work.tasks as t on t.id = r
  on conflict (task_id) do nothing;
  return null;
end
$$;
create trigger follow_project after update of status on projects.projects
for each row when ((old.status = 'active') <> (new.status = 'active'))
execute function work.follow_project();
