-- name: keep_hook_event -> bool
-- Keep an event; gives nothing where it is known already.
insert into telemetry.hook_events (id, session_id, project_id, agent_id, event_name, at, payload, context)
values (
  %(id)s::uuid, %(session_id)s::uuid, %(project_id)s::uuid, %(agent_id)s::text, %(event_name)s::text,
  %(at)s::timestamptz, %(payload)s::text::jsonb, %(context)s::text::jsonb
)
on conflict (id) do nothing
returning true as is_new;

-- name: hooked_session -> HookedSession
-- What is known of a session so far.
select s.project_id, s.project_certain
from telemetry.agent_sessions as s
where s.id = %(id)s::uuid;

-- name: hook_task_by_number -> HookTask
-- The task of a reference such as ACME-42.
select t.id, t.project_id, p.key || '-' || t.number as ref, t.title
from projects.projects as p
join work.tasks as t on t.project_id = p.id
where p.key = upper(%(key)s::text)
  and p.deleted_at is null
  and t.number = %(number)s::bigint
  and t.deleted_at is null;

-- name: hook_task_by_id -> HookTask
-- The task of an id.
select t.id, t.project_id, p.key || '-' || t.number as ref, t.title
from work.tasks as t
join projects.projects as p on p.id = t.project_id
where t.id = %(id)s::uuid
  and t.deleted_at is null;

-- name: held_by_session -> HookTask
-- The task on which a session is at work: it has an open execution of it.
select t.id, t.project_id, p.key || '-' || t.number as ref, t.title
from telemetry.agent_executions as e
join work.tasks as t on t.id = e.task_id
join projects.projects as p on p.id = t.project_id
where e.session_id = %(session_id)s::uuid
  and e.completed_at is null
order by e.started_at desc
limit 1;

-- name: run_stretches -> RunStretch
-- On which tasks `steward run` said that a session works, and when.
select s.task_id, s.stretch, s.execution_id, s.from_at, s.until_at
from telemetry.session_tasks as s
where s.session_id = %(session_id)s::uuid
  and s.source = 'run'
order by s.from_at;

-- name: permission_wait -> bigint
-- How long a call waited for a person: what passed since it was announced, without the time that it ran; nothing where
-- nobody was asked.
select
  greatest(
    round(extract(epoch from (%(at)s::timestamptz - c.started_at)) * 1000) - %(duration_ms)s::bigint, 0
  )::bigint as waited_ms
from telemetry.tool_calls as c
where c.session_id = %(session_id)s::uuid
  and c.call_id = %(call_id)s::text
  and exists (
    select
    from telemetry.hook_events as h
    where h.session_id = c.session_id
      and h.at between c.started_at and %(at)s::timestamptz
      and h.event_name = 'PermissionRequest'
      and h.payload ->> 'tool_name' = %(tool_name)s::text
  );

-- name: settle_hooked_session -> none
-- Say when a session ended, and how, by the events that are known of it.
select telemetry.settle_hooked_session(%(session_id)s::uuid);
