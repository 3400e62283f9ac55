-- How a claim ends that nobody ends: its lease runs out, or its task was finished before.

-- Tell later rooms that a lease ended. They are told, not asked: the error of one must keep neither this task nor those
-- behind it with the dead. What may be tried again as a whole (a deadlock) is not swallowed.
create function work.tell_expiry(p_task_id uuid, p_agent_id uuid) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  extension record;
begin
  for extension in
    select function_name, at_once
    from work.extension_points
    where point = 'on_expire'
    order by position, function_name
  loop
    begin
      if extension.at_once then
        execute format('select %s($1, $2, $3)', extension.function_name)
        using array[p_task_id], array[p_agent_id], array['{}'::jsonb];
      else
        execute format('select %s($1, $2, $3)', extension.function_name) using p_task_id, p_agent_id, '{}'::jsonb;
      end if;
    exception
      when serialization_failure or deadlock_detected then
        raise;
      when others then
        insert into kit.notices (topic, level, message)
        values ('work.expiry', 'error', format('%s failed when the lease of task %s ended: %s', extension.function_name, p_task_id, sqlerrm));
    end;
  end loop;
end
$$;

-- End a lease that ran out, whose queue row and task are locked; tells whether it ended. Waiting for a person is no
-- failed try: while a question is open the lease goes on, and without one the task just waits without a holder.
create function work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) returns boolean
language plpgsql
set search_path = work, pg_temp
as $$
declare
  held_until timestamptz := work.held_for_answer(p_task_id);
begin
  if held_until > clock_timestamp() then
    update work.ready_queue set lease_until = held_until where task_id = p_task_id;
    return false;
  elsif held_until is not null then
    perform work.close_question(q.id, 'expired', 'nobody answered in time'), work.resume_task(q.id)
    from work.questions as q
    where q.task_id = p_task_id
      and q.status = 'open';
    return false;
  end if;
  perform work.tell_expiry(p_task_id, p_agent_id);
  if (select t.status from work.tasks as t where t.id = p_task_id) = 'awaiting_input' then
    perform work.release(p_task_id);
    perform work.refresh_queue(array[p_task_id]);
  else
    perform work.count_failure(p_task_id, p_reason, false);
  end if;
  return true;
end
$$;

-- Refuse what comes after the end: say that the task is done, by whom and when.
create function work.refuse_done(p_task_id uuid) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  ended record;
begin
  select t.number, t.status, t.completed_at, coalesce(a.name, u.username) as who into ended
  from work.tasks as t
  left join agents.agents as a on a.id = t.assigned_agent_id
  left join accounts.users as u on u.id = t.assigned_user_id
  where t.id = p_task_id;
  if ended.status = 'done' then
    raise exception 'task % is already done%', ended.number, coalesce(' by ' || ended.who, '')
        || coalesce(to_char(ended.completed_at at time zone 'utc', ' "since" YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
      using errcode = 'STW07', hint = 'nothing is left to do; `work get` shows it';
  end if;
end
$$;
