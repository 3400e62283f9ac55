-- What routing asks of work: what a task needs, how agents have done, and what they hold.

-- Remember a try that failed.
create function work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) returns void
language sql
security definer
set search_path = work, pg_temp
as $$
  insert into work.agent_failures (agent_id, task_id, project_id, outcome)
  select p_agent_id, t.id, t.project_id, case when p_detail ? 'final' then 'failed' else 'expired' end
  from work.tasks as t
  where t.id = p_task_id
    and p_agent_id is not null
$$;
select work.register_extension('on_fail', 50, 'work.note_failure');
select work.register_extension('on_expire', 50, 'work.note_failure');

-- How agents have done: tasks done and failed of late (500 at most of each), and what they hold now.
create function work.agent_figures()
returns table (agent_id uuid, finished integer, failed integer, held integer)
language sql stable
security definer
set search_path = work, pg_temp
as $$
  select
    a.id,
    (
      select count(*)::integer
      from (
        select
        from work.tasks as t
        where t.assigned_agent_id = a.id
          and t.status = 'done'
        limit 500
      ) as d
    ),
    (
      select count(*)::integer
      from (
        select
        from work.agent_failures as f
        where f.agent_id = a.id
          and f.failed_at > now() - interval '180 days'
        limit 500
      ) as d
    ),
    (
      select count(*)::integer
      from work.ready_queue as q
      where q.agent_id = a.id
        and q.lease_until > clock_timestamp()
    )
  from agents.agents as a
  where a.is_active
$$;

-- What a task needs of an agent, by its id or KEY-number.
create function work.routing_task(p_words text)
returns table (task_id uuid, project_id uuid, ref text, required_capabilities text[])
language plpgsql stable
set search_path = work, pg_temp
as $$
declare
  words constant text := btrim(p_words);
  wanted uuid;
begin
  if words ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    wanted := words::uuid;
  elsif words ~ '^[A-Za-z0-9]{2,10}-[0-9]{1,18}$' then
    select t.id into wanted
    from projects.projects as p
    join work.tasks as t on t.project_id = p.id
    where p.key = upper(split_part(words, '-', 1))
      and p.deleted_at is null
      and t.number = split_part(words, '-', 2)::bigint;
  end if;
  return query
  select t.id, t.project_id, p.key || '-' || t.number, t.required_capabilities
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where t.id = wanted
    and t.deleted_at is null
    and p.deleted_at is null;
end
$$;
select agents.register_routing('task', 'work.routing_task');
select agents.register_routing('figures', 'work.agent_figures');
