-- Questions to people: the agent asks, the task waits, a person answers, the agent goes on.
--
-- The lease is kept while a person thinks, and lasts until ten minutes after the question expires: given back, another
-- agent would begin again without what this one has in its head, and the answer would reach nobody. It is no lease
-- without end, so that a question that nobody ever answers sets the task free. Time spent waiting is kept apart.
-- Order of locks as everywhere: the queue row, then the task, then the question. Whoever closes a question holds the
-- lock of its task; that is what keeps two answers, or an answer and a withdrawal, apart.

create trigger touch before update on work.questions
for each row execute function kit.touch_versioned();
call kit.audit_table('work.questions', 'question', 'question', 'project_id');

-- Ask a person about a task that an agent holds. The same question again under the same token is the first one.
create function work.ask_question(
  p_task_id uuid,
  p_token bigint,
  p_question text,
  p_choices text[] default '{}',
  p_urgency integer default 5,
  p_user_id uuid default null,
  p_expires_at timestamptz default now() + interval '7 days'
) returns uuid
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  agent uuid;
  asked record;
  made uuid;
begin
  perform kit.authorize('work:write');
  if p_token is null then
    raise exception 'only the agent that holds a task asks about it, and no token was given'
      using errcode = 'STW02', hint = 'claim the task and give the token that claim returned';
  end if;
  if p_expires_at <= now() then
    raise exception 'the question would expire at %, which is past', p_expires_at
      using errcode = 'ST400', hint = 'leave people some time to answer';
  end if;
  agent := work.pass(p_task_id, p_token, true);
  perform t.id from work.tasks as t where t.id = p_task_id for no key update;
  select q.id, q.question, q.status into asked
  from work.questions as q
  where q.task_id = p_task_id
    and q.token = p_token
    and (q.status = 'open' or q.question = p_question)
  order by q.question = p_question desc, q.created_at desc
  limit 1;
  if found and asked.question = p_question then
    return asked.id;
  elsif found then
    raise exception 'another question about this task is open: %', left(asked.question, 80)
      using errcode = 'STW10', hint = 'wait for its answer or withdraw it first';
  end if;
  insert into work.questions (project_id, task_id, agent_id, token, question, choices, urgency, asked_user_id, expires_at)
  select t.project_id, t.id, agent, p_token, p_question, p_choices, p_urgency, p_user_id, p_expires_at
  from work.tasks as t
  where t.id = p_task_id
  returning id into made;
  update work.tasks as t
  set status = 'awaiting_input', assigned_agent_id = agent, assigned_user_id = null
  where t.id = p_task_id;
  update work.ready_queue as q
  set lease_until = greatest(q.lease_until, p_expires_at + interval '10 minutes')
  where q.task_id = p_task_id;
  return made;
end
$$;

-- Until when a lease lasts at least because its task waits for a person; null when it waits for none.
create function work.held_for_answer(p_task_id uuid) returns timestamptz
language sql stable
set search_path = work, pg_temp
as $$
  select q.expires_at + interval '10 minutes'
  from work.questions as q
  where q.task_id = p_task_id
    and q.status = 'open'
$$;

-- Lock a question that is still open: its queue row, its task, itself. Returns its task.
create function work.lock_question(p_id uuid) returns uuid
language plpgsql
set search_path = work, pg_temp
as $$
declare
  asked record;
begin
  select q.task_id into asked from work.questions as q where q.id = p_id;
  if not found then
    raise exception 'there is no question %', p_id
      using errcode = 'ST404', hint = '`work inbox` lists the open ones';
  end if;
  perform r.task_id from work.ready_queue as r where r.task_id = asked.task_id for update;
  perform t.id from work.tasks as t where t.id = asked.task_id for no key update;
  select q.task_id, q.status, q.answered_by, q.close_reason into asked from work.questions as q where q.id = p_id;
  if asked.status <> 'open' then
    raise exception 'this question is %', concat_ws(' ', asked.status, 'by ' || asked.answered_by)
      using errcode = 'STW11', detail = coalesce(asked.close_reason, ''), hint = '`work get_question` shows how it ended';
  end if;
  return asked.task_id;
end
$$;

-- Let a task go on whose question was closed: with the agent that asked if it holds the task still, else anew.
create function work.resume_task(p_question_id uuid) returns void
language plpgsql
set search_path = work, pg_temp
as $$
declare
  asked record;
begin
  select q.task_id, q.agent_id, q.token into asked from work.questions as q where q.id = p_question_id;
  update work.ready_queue as r
  set lease_until = clock_timestamp() + interval '10 minutes'
  where r.task_id = asked.task_id
    and r.agent_id = asked.agent_id
    and r.token = asked.token;
  update work.tasks as t
  set
    status = case when found then 'in_progress' else 'pending' end,
    assigned_agent_id = case when found then asked.agent_id end
  where t.id = asked.task_id
    and t.status = 'awaiting_input';
end
$$;

-- Close a question that is locked.
create function work.close_question(p_id uuid, p_status text, p_reason text default null) returns void
language sql
set search_path = work, pg_temp
as $$
  update work.questions as q
  set
    status = p_status,
    close_reason = p_reason,
    closed_at = clock_timestamp(),
    waited_ms = round(extract(epoch from clock_timestamp() - q.created_at) * 1000)::bigint
  where q.id = p_id
$$;

-- Answer a question; the task goes on. An answer that is one of the choices is kept as that choice, too.
create function work.answer_question(p_id uuid, p_answer text) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
begin
  perform kit.authorize('work:write');
  if kit.actor_agent() is not null then
    raise exception 'the question is for a person, and agent % would answer it', kit.actor_agent()
      using errcode = 'ST403', hint = 'let a person answer: on the page, or without --agent';
  end if;
  perform work.lock_question(p_id);
  update work.questions as q
  set
    status = 'answered',
    answer = btrim(p_answer),
    choice = (select c from unnest(q.choices) as c where lower(btrim(c)) = lower(btrim(p_answer)) limit 1),
    answered_by = coalesce(kit.setting('user_name'), session_user::text),
    answered_by_user_id = kit.actor_user(),
    closed_at = clock_timestamp(),
    waited_ms = round(extract(epoch from clock_timestamp() - q.created_at) * 1000)::bigint
  where q.id = p_id;
  perform work.resume_task(p_id);
end
$$;

-- Take a question back: the agent that asked, with its token, or a person.
create function work.withdraw_question(p_id uuid, p_token bigint default null, p_reason text default null) returns void
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  task uuid;
begin
  perform kit.authorize('work:write');
  task := work.lock_question(p_id);
  if p_token is not null or kit.actor_agent() is not null then
    perform work.pass(task, p_token, true);
  end if;
  perform work.close_question(p_id, 'withdrawn', p_reason);
  perform work.resume_task(p_id);
end
$$;

-- Close questions that nobody answered in time; their agents are told so and go on.
create function work.expire_questions(p_limit integer) returns integer
language plpgsql
security definer
set search_path = work, kit, pg_temp
as $$
declare
  late uuid;
  closed integer := 0;
begin
  for late in
    select q.id
    from work.questions as q
    where q.status = 'open'
      and q.expires_at <= clock_timestamp()
    order by q.expires_at
    limit p_limit
  loop
    begin
      perform work.lock_question(late);
      perform work.close_question(late, 'expired', 'nobody answered in time');
      perform work.resume_task(late);
      closed := closed + 1;
    exception when sqlstate 'STW11' then
      continue;
    end;
  end loop;
  return closed;
end
$$;

-- A task that goes on, fails or is put away waits for no answer any more.
create function work.leave_question() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  perform work.close_question(q.id, 'withdrawn', format('the task went on without an answer (%s)', new.status))
  from work.questions as q
  where q.task_id = new.id
    and q.status = 'open';
  return null;
end
$$;
create trigger leave_question after update of status, deleted_at on work.tasks
for each row
when (old.status = 'awaiting_input' and (new.status <> 'awaiting_input' or new.deleted_at is not null))
execute function work.leave_question();

-- Questions with what they are about and how long they have waited.
create view work.question_list with (security_invoker = true) as
select
  q.id,
  p.key || '-' || t.number as task,
  t.title as task_title,
  p.slug as project,
  q.project_id,
  q.task_id,
  a.name as agent,
  q.agent_id,
  q.question,
  q.choices,
  q.urgency,
  u.username as asked_person,
  q.asked_user_id,
  q.status,
  q.answer,
  q.choice,
  q.answered_by,
  q.close_reason,
  q.expires_at,
  q.closed_at,
  coalesce(
    q.waited_ms,
    round(extract(epoch from clock_timestamp() - q.created_at) * 1000)::bigint
  ) as waited_ms,
  q.version,
  q.created_at
from work.questions as q
join work.tasks as t on t.id = q.task_id
join projects.projects as p on p.id = q.project_id
join agents.agents as a on a.id = q.agent_id
left join accounts.users as u on u.id = q.asked_user_id
where p.deleted_at is null;

-- How long each task has waited for people; at most one question of a task is open at a time, so nothing counts twice.
create view work.task_waiting with (security_invoker = true) as
select
  q.task_id,
  count(*) as questions,
  count(*) filter (where q.status = 'open') as open_questions,
  sum(q.waited_ms)::bigint as waited_ms
from work.question_list as q
group by q.task_id;

-- How long each agent has waited for people.
create view work.agent_waiting with (security_invoker = true) as
select
  q.agent_id,
  q.agent,
  count(*) as questions,
  count(*) filter (where q.status = 'open') as open_questions,
  sum(q.waited_ms)::bigint as waited_ms
from work.question_list as q
group by q.agent_id, q.agent;

-- How long the agents of each project have waited for people.
create view work.project_waiting with (security_invoker = true) as
select
  q.project_id,
  q.project,
  count(*) as questions,
  count(*) filter (where q.status = 'open') as open_questions,
  sum(q.waited_ms)::bigint as waited_ms
from work.question_list as q
group by q.project_id, q.project;

-- How long a task has waited for people since a time, so that it is left out of the time that was worked.
create function work.waited_ms(p_task_id uuid) returns bigint
language sql stable
set search_path = work, pg_temp
as $$
  select coalesce(sum(w.waited_ms), 0)::bigint
  from work.questions as w
  where w.task_id = p_task_id
$$;
