-- name: named_sessions -> NamedSession
-- Find the sessions that words may mean: an id, its first digits, or what the client calls it; two are enough to know.
select s.id, s.start_time, s.last_seen_at
from telemetry.agent_sessions as s
where s.external_id = %(words)s::text
  or s.id::text = %(prefix)s::text
  or (%(prefix)s::text is not null and starts_with(s.id::text, %(prefix)s::text))
order by s.id
limit 2;

-- name: ties_of -> Tie
-- Show on which tasks a session worked, and who says so.
select
  s.session_id, s.task_id, p.key || '-' || t.number as task, s.source, s.from_at, s.until_at, s.execution_id
from telemetry.session_tasks as s
join work.tasks as t on t.id = s.task_id
join projects.projects as p on p.id = t.project_id
where s.session_id = %(session_id)s::uuid
order by s.from_at, task, s.source, s.stretch;

-- name: untie -> int
-- Take ties away; returns how many.
select telemetry.untie(%(session_id)s::uuid, %(task_id)s::uuid, %(source)s::text);

-- name: current_execution -> OpenExecution
-- Find the open execution of a task.
select e.id, a.name as agent, e.started_at
from telemetry.agent_executions as e
join agents.agents as a on a.id = e.agent_id
where e.task_id = %(task_id)s::uuid
  and e.completed_at is null;

-- name: tie_run -> TiedSession
-- Tie the sessions of a run to its task.
select r.session_id, r.agent_id, r.external_id
from telemetry.tie_run(
  %(task_id)s::uuid, %(execution_id)s::uuid, %(folders)s::text[], %(since)s::timestamptz, %(until)s::timestamptz,
  %(below)s::boolean
) as r;
