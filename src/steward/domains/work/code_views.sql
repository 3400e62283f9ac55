-- Views of the work room: the stable contract for readers.

-- A task as lists show it: reference, holder, readiness, counts.
create view work.task_list with (security_invoker = true) as
select
  t.id,
  p.key || '-' || t.number as ref,
  p.slug as project,
  t.project_id,
  t.number,
  t.title,
  t.type,
  t.status,
  t.priority,
  t.labels,
  t.import_tag as tag,
  t.parent_task_id,
  (select p.key || '-' || a.number from work.tasks as a where a.id = t.parent_task_id) as parent,
  t.assigned_user_id,
  t.assigned_agent_id,
  coalesce(u.username, g.name) as assigned_to,
  q.agent_id as held_by_id,
  q.agent_name as held_by,
  q.lease_until,
  q.task_id is not null and q.agent_id is null as ready,
  (
    select count(*)::integer
    from work.task_dependencies as d
    join work.tasks as b on b.id = d.depends_on_task_id
    where d.task_id = t.id
      and d.dependency_type <> 'relates_to'
      and b.deleted_at is null
      and b.status not in ('done', 'cancelled')
  ) as waits_for,
  c.total as subtasks,
  c.open as subtasks_open,
  t.version,
  t.created_at,
  t.updated_at,
  t.completed_at
from work.tasks as t
join projects.projects as p on p.id = t.project_id
left join work.ready_queue as q on q.task_id = t.id
left join accounts.users as u on u.id = t.assigned_user_id
left join agents.agents as g on g.id = t.assigned_agent_id
cross join lateral (
  select
    count(*)::integer as total,
    count(*) filter (where k.status not in ('done', 'cancelled'))::integer as open
  from work.tasks as k
  where k.parent_task_id = t.id
    and k.deleted_at is null
) as c
where t.deleted_at is null;

-- A task with the seeds' derived and converted columns: hours beside minutes, requirements read from the details.
create view work.task_summary with (security_invoker = true) as
select
  l.id,
  l.ref,
  l.project,
  l.project_id,
  l.title,
  l.type,
  l.status,
  l.priority,
  case
    when l.priority >= 10 then 'critical'
    when l.priority >= 8 then 'high'
    when l.priority >= 5 then 'medium'
    else 'low'
  end as priority_name,
  l.ready,
  l.waits_for,
  l.held_by,
  round(t.estimated_minutes / 60.0, 2) as estimated_hours,
  round(t.actual_minutes / 60.0, 2) as actual_hours,
  round(t.estimated_minutes / 60.0, 2) as estimated_effort,
  round(t.actual_minutes / 60.0, 2) as actual_effort,
  case when t.requirements = '[]' then work.text_items(t.details) else t.requirements end as requirements,
  case
    when t.acceptance_criteria = '[]' then work.text_items(t.test_strategy)
    else t.acceptance_criteria
  end as acceptance_criteria,
  array(
    select d.depends_on_task_id
    from work.task_dependencies as d
    where d.task_id = l.id
      and d.dependency_type = 'relates_to'
  ) as related_tasks,
  l.created_at,
  l.updated_at,
  t.started_at,
  l.completed_at
from work.task_list as l
join work.tasks as t on t.id = l.id;
