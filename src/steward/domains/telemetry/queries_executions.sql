-- name: list_executions -> Execution, planned anew
-- Tries of agents at tasks, the newest first, from a cursor on.
with page as materialized (
  select e.id
  from telemetry.agent_executions as e
  where (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
    and (%(agent_id)s::uuid is null or e.agent_id = %(agent_id)s::uuid)
    and (%(task_id)s::uuid is null or e.task_id = %(task_id)s::uuid)
    and (%(session_id)s::uuid is null or e.session_id = %(session_id)s::uuid)
    and (%(status)s::text[] is null or e.status = any (%(status)s::text[]))
    and (%(since)s::timestamptz is null or e.started_at >= %(since)s::timestamptz)
    and (%(after_id)s::uuid is null or (e.started_at, e.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid))
  order by e.started_at desc, e.id desc
  limit %(limit)s::integer
)
select
  x.id, x.agent, k.key || '-' || t.number as task, t.title, p.slug as project, x.status, x.started_at, x.completed_at,
  x.execution_time_ms, x.calls, x.input_tokens, x.output_tokens, x.cache_read_tokens, x.cache_write_tokens,
  x.total_tokens, x.cost_usd, x.error_message, x.result, x.session_id, x.parent_execution_id
from page
join telemetry.agent_execution_summary as x on x.id = page.id
join projects.projects as p on p.id = x.project_id
left join work.tasks as t on t.id = x.task_id
left join projects.projects as k on k.id = t.project_id
order by x.started_at desc, x.id desc;

-- name: get_execution -> Execution
-- One try of an agent at a task.
select
  x.id, x.agent, k.key || '-' || t.number as task, t.title, p.slug as project, x.status, x.started_at, x.completed_at,
  x.execution_time_ms, x.calls, x.input_tokens, x.output_tokens, x.cache_read_tokens, x.cache_write_tokens,
  x.total_tokens, x.cost_usd, x.error_message, x.result, x.session_id, x.parent_execution_id
from telemetry.agent_execution_summary as x
join projects.projects as p on p.id = x.project_id
left join work.tasks as t on t.id = x.task_id
left join projects.projects as k on k.id = t.project_id
where x.id = %(id)s::uuid;

-- name: agent_figures -> AgentFigures
-- How agents have done: those that were at work last first.
select
  f.agent_id, f.agent, f.total_executions, f.successes, f.failures, f.success_rate, f.avg_execution_time_ms, f.last_used_at,
  f.calls, f.total_tokens, f.cost_usd
from telemetry.agent_figures as f
where (%(agent_id)s::uuid is null or f.agent_id = %(agent_id)s::uuid)
  and (%(agent_id)s::uuid is not null or f.total_executions > 0 or f.calls > 0)
order by f.last_used_at desc nulls last, lower(f.agent)
limit 1000;

-- name: task_sessions -> TaskFigures
-- What a task took.
select
  t.task_id, t.sessions, t.executions, t.calls, t.input_tokens, t.output_tokens, t.cache_read_tokens, t.cache_write_tokens,
  t.total_tokens, t.cost_usd, t.unpriced_calls
from telemetry.task_sessions as t
where t.task_id = %(id)s::uuid;

-- name: executions_between -> uuid
-- Ids of executions from one to another: those that begin with the digits that were typed.
select x.id
from telemetry.agent_executions as x
where x.id between %(low)s::uuid and %(high)s::uuid
order by x.id
limit 6;
