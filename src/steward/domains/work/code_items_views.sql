-- Views of epics, issues and workflows: the stable contract for readers. Each count stands in a query of its own, so that
-- no join multiplies another.

-- Effort of a task as sums count it: what its subtasks bear themselves is not counted a second time for the whole.
create view work.task_effort with (security_invoker = true) as
select
  t.id as task_id,
  t.project_id,
  t.epic_id,
  t.issue_id,
  t.workflow_id,
  t.status,
  case
    when t.estimated_minutes is not null and not exists (
      select
      from work.tasks as c
      where c.parent_task_id = t.id and c.deleted_at is null and c.estimated_minutes is not null
    ) then t.estimated_minutes
  end as estimated_minutes,
  case
    when t.actual_minutes is not null and not exists (
      select
      from work.tasks as c
      where c.parent_task_id = t.id and c.deleted_at is null and c.actual_minutes is not null
    ) then t.actual_minutes
  end as actual_minutes
from work.tasks as t
where t.deleted_at is null;

-- An epic with what is derived: hours, progress, the epics it waits for.
create view work.epic_summary with (security_invoker = true) as
select
  e.id,
  e.project_id,
  p.slug as project,
  e.epic_id,
  e.title,
  e.description,
  e.status,
  e.priority,
  work.priority_name(e.priority) as priority_name,
  round(e.estimated_minutes / 60.0, 2) as estimated_hours,
  (
    select round(sum(f.actual_minutes) / 60.0, 2)
    from work.task_effort as f
    where f.epic_id = e.id and f.project_id = e.project_id
  ) as actual_hours,
  e.complexity,
  array(
    select o.epic_id
    from work.epic_dependencies as d
    join work.epics as o on o.id = d.depends_on_epic_id
    where d.epic_id = e.id
    order by o.epic_id
  ) as dependencies,
  i.total as issues,
  i.open as issues_open,
  t.total as tasks,
  t.done as tasks_done,
  e.metadata,
  e.version,
  e.created_at,
  e.updated_at,
  e.completed_at,
  e.archived_at
from work.epics as e
join projects.projects as p on p.id = e.project_id
cross join lateral (
  select count(*)::integer as total, (count(*) filter (where x.status not in ('closed', 'cancelled')))::integer as open
  from work.issues as x
  where x.epic_id = e.id and x.project_id = e.project_id and x.deleted_at is null
) as i
cross join lateral (
  select count(*)::integer as total, (count(*) filter (where x.status = 'done'))::integer as done
  from work.tasks as x
  where x.epic_id = e.id and x.project_id = e.project_id and x.deleted_at is null
) as t
where p.deleted_at is null;

-- An issue with its reference, its epic and how far its tasks are.
create view work.issue_summary with (security_invoker = true) as
select
  i.id,
  p.key || '-' || i.number as ref,
  i.project_id,
  p.slug as project,
  i.number,
  i.number as issue_number,
  i.epic_id,
  (select e.epic_id from work.epics as e where e.id = i.epic_id) as epic,
  i.title,
  i.description,
  i.status,
  i.status_reason,
  i.priority,
  work.priority_name(i.priority) as priority_name,
  i.labels,
  i.assignee,
  i.github_id,
  i.github_url,
  t.total as tasks,
  t.done as tasks_done,
  i.metadata,
  i.version,
  i.created_at,
  i.updated_at,
  i.closed_at
from work.issues as i
join projects.projects as p on p.id = i.project_id
cross join lateral (
  select count(*)::integer as total, (count(*) filter (where x.status = 'done'))::integer as done
  from work.tasks as x
  where x.issue_id = i.id and x.project_id = i.project_id and x.deleted_at is null
) as t
where i.deleted_at is null
  and p.deleted_at is null;

-- A workflow with its progress, counted when it is asked for: finishing a task changes no row of the workflow.
create view work.workflow_summary with (security_invoker = true) as
select
  w.id,
  w.project_id,
  p.slug as project,
  p.name as project_name,
  w.name,
  w.description,
  w.requirements,
  w.current_phase,
  w.status,
  jsonb_build_object(
    'completed', t.done,
    'total', t.total,
    'percentage', case when t.total = 0 then 0 else round(100.0 * t.done / t.total, 2) end
  ) as progress,
  w.metrics,
  w.errors,
  w.version,
  w.created_at,
  w.updated_at,
  w.started_at,
  w.completed_at,
  w.archived_at
from work.workflows as w
join projects.projects as p on p.id = w.project_id
cross join lateral (
  select count(*)::integer as total, (count(*) filter (where x.status = 'done'))::integer as done
  from work.tasks as x
  where x.workflow_id = w.id and x.project_id = w.project_id and x.deleted_at is null
) as t
where p.deleted_at is null;

-- Each workflow with live counts beside the scores that were last calculated.
create view work.workflow_performance_summary with (security_invoker = true) as
select
  w.id as workflow_id,
  w.project_id,
  p.slug as project,
  w.name as workflow_name,
  w.status,
  w.current_phase,
  case when t.total = 0 then 0 else round(100.0 * t.done / t.total, 2) end as completion_percentage,
  a.efficiency_score,
  a.quality_score,
  t.total as total_tasks,
  t.done as completed_tasks,
  t.blocked as blocked_tasks,
  t.complexity as avg_task_complexity,
  greatest(w.updated_at, t.last_change) as last_activity,
  w.created_at,
  round((extract(epoch from coalesce(w.completed_at, now()) - coalesce(w.started_at, w.created_at)) / 3600)::numeric, 2)
    as duration_hours,
  a.calculated_at,
  w.archived_at
from work.workflows as w
join projects.projects as p on p.id = w.project_id
left join work.workflow_analytics as a on a.workflow_id = w.id
cross join lateral (
  select
    count(*)::integer as total,
    (count(*) filter (where x.status = 'done'))::integer as done,
    (count(*) filter (where x.status = 'blocked'))::integer as blocked,
    round(avg(x.complexity_score), 2) as complexity,
    max(x.updated_at) as last_change
  from work.tasks as x
  where x.workflow_id = w.id and x.project_id = w.project_id and x.deleted_at is null
) as t
where p.deleted_at is null;

-- Totals of a project, or of all projects together: each counted by itself.
create function work.project_statistics(p_project_id uuid default null)
returns table (
  total_projects integer, total_epics integer, completed_epics integer, total_issues integer, open_issues integer,
  total_workflows integer, active_workflows integer, completed_workflows integer, total_tasks integer,
  completed_tasks integer, total_dependencies integer
)
language sql stable
set search_path = work, projects, pg_temp
as $$
  select p.total, e.total, e.completed, i.total, i.open, w.total, w.active, w.completed, t.total, t.completed, t.dependencies
  from (
    select count(*)::integer as total
    from projects.projects as x
    where x.deleted_at is null
      and x.id <> projects.system_project()
      and (p_project_id is null or x.id = p_project_id)
  ) as p
  cross join (
    select count(*)::integer as total, (count(*) filter (where x.status = 'completed'))::integer as completed
    from work.epics as x
    where x.archived_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as e
  cross join (
    select count(*)::integer as total, (count(*) filter (where x.status not in ('closed', 'cancelled')))::integer as open
    from work.issues as x
    where x.deleted_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as i
  cross join (
    select
      count(*)::integer as total,
      (count(*) filter (where x.status = 'active'))::integer as active,
      (count(*) filter (where x.status = 'completed'))::integer as completed
    from work.workflows as x
    where x.archived_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as w
  cross join (
    select
      coalesce(sum(x.count) filter (where x.name not in ('queued', 'dependencies')), 0)::integer as total,
      coalesce(sum(x.count) filter (where x.name = 'done'), 0)::integer as completed,
      coalesce(sum(x.count) filter (where x.name = 'dependencies'), 0)::integer as dependencies
    from work.project_counts as x
    where p_project_id is null or x.project_id = p_project_id
  ) as t
$$;
