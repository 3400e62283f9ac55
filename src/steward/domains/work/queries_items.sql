-- name: resolve_epic -> ItemId
-- Find an epic by its id, by the start of it, or by its epic_id in a project; two rows mean that the words are ambiguous.
select e.id, e.project_id
from work.epics as e
join projects.projects as p on p.id = e.project_id
where e.id between %(low)s::uuid and %(high)s::uuid
  or (
    e.epic_id in (%(name)s::text, upper(%(name)s::text))
    and p.deleted_at is null
    and (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
  )
limit 2;

-- name: resolve_issue -> ItemId
-- Find an issue by its id, by KEY-number, or by the start of its id; two rows mean that the words are ambiguous.
select i.id, i.project_id
from work.issues as i
join projects.projects as p on p.id = i.project_id
where i.deleted_at is null
  and p.deleted_at is null
  and (
    i.id between %(low)s::uuid and %(high)s::uuid
    or (p.key = upper(%(key)s::text) and i.number = %(number)s::bigint)
    or (i.project_id = %(project_id)s::uuid and i.number = %(number)s::bigint and %(key)s::text is null)
  )
limit 2;

-- name: resolve_workflow -> ItemId
-- Find a workflow by its id, by the start of it, or by its name; two rows mean that the words are ambiguous.
select w.id, w.project_id
from work.workflows as w
where w.id between %(low)s::uuid and %(high)s::uuid
  or (
    lower(w.name) = lower(%(name)s::text)
    and w.archived_at is null
    and (%(project_id)s::uuid is null or w.project_id = %(project_id)s::uuid)
  )
limit 2;

-- name: add_epic -> uuid
-- Add an epic.
insert into work.epics (
  project_id, epic_id, title, description, status, priority, estimated_minutes, complexity, metadata
)
values (
  %(project_id)s::uuid, %(epic_id)s::text, %(title)s::text, %(description)s::text, %(status)s::text,
  %(priority)s::smallint, %(estimated_minutes)s::integer, %(complexity)s::text, %(metadata)s::text::jsonb
)
returning id;

-- name: get_epic -> Epic
-- One epic, archived or not.
select
  e.id, e.project, e.epic_id, e.title, e.description, e.status, e.priority, e.estimated_hours, e.actual_hours,
  e.complexity, e.dependencies, e.issues, e.issues_open, e.tasks, e.tasks_done, e.metadata, e.version, e.created_at,
  e.updated_at, e.completed_at, e.archived_at
from work.epic_summary as e
where e.id = %(id)s::uuid;

-- name: list_epics -> Epic, planned anew
-- Epics, newest first, after a cursor.
select
  e.id, e.project, e.epic_id, e.title, e.description, e.status, e.priority, e.estimated_hours, e.actual_hours,
  e.complexity, e.dependencies, e.issues, e.issues_open, e.tasks, e.tasks_done, e.metadata, e.version, e.created_at,
  e.updated_at, e.completed_at, e.archived_at
from work.epic_summary as e
where (%(archived)s::boolean or e.archived_at is null)
  and (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
  and (%(status)s::text[] is null or e.status = any (%(status)s::text[]))
  and (%(priority)s::smallint is null or e.priority = %(priority)s::smallint)
  and (%(complexity)s::text is null or e.complexity = %(complexity)s::text)
  and (
    %(text)s::text is null
    or strpos(lower(e.epic_id || ' ' || e.title || ' ' || e.description), lower(%(text)s::text)) > 0
  )
  and (%(after)s::uuid is null or e.id < %(after)s::uuid)
order by e.id desc
limit %(limit)s::integer;

-- name: lock_epic -> integer
-- Lock an epic and return its version.
select e.version
from work.epics as e
where e.id = %(id)s::uuid
for no key update;

-- name: update_epic -> none
-- Change the given columns of an epic; null leaves one as it is.
update work.epics as e
set
  title = coalesce(%(title)s::text, e.title),
  description = coalesce(%(description)s::text, e.description),
  status = coalesce(%(status)s::text, e.status),
  priority = coalesce(%(priority)s::smallint, e.priority),
  estimated_minutes = coalesce(%(estimated_minutes)s::integer, e.estimated_minutes),
  complexity = coalesce(%(complexity)s::text, e.complexity),
  metadata = e.metadata || coalesce(%(metadata)s::text::jsonb, '{}')
where e.id = %(id)s::uuid;

-- name: archive_epic -> none
-- Put an epic away or bring it back; a repetition changes nothing.
update work.epics as e
set archived_at = case when %(restore)s::boolean then null else now() end
where e.id = %(id)s::uuid
  and (e.archived_at is not null) = %(restore)s::boolean;

-- name: keep_epic_dependencies -> none
-- Let an epic wait for none but these any more.
delete from work.epic_dependencies as d
where d.epic_id = %(id)s::uuid
  and d.depends_on_epic_id <> all (%(others)s::uuid[]);

-- name: add_epic_dependencies -> none
-- Let an epic wait for others; a repetition changes nothing.
insert into work.epic_dependencies (epic_id, project_id, depends_on_epic_id)
select %(id)s::uuid, %(project_id)s::uuid, o.id
from unnest(%(others)s::uuid[]) as o (id)
on conflict (epic_id, project_id, depends_on_epic_id) do nothing;

-- name: add_issue -> uuid
-- Add an issue; the next number of the project is taken.
insert into work.issues (
  project_id, epic_id, title, description, status, priority, labels, assignee, github_id, github_url, metadata
)
values (
  %(project_id)s::uuid, %(epic_id)s::uuid, %(title)s::text, %(description)s::text, %(status)s::text,
  %(priority)s::smallint, %(labels)s::text[], %(assignee)s::text, %(github_id)s::bigint, %(github_url)s::text,
  %(metadata)s::text::jsonb
)
returning id;

-- name: get_issue -> Issue
-- One issue.
select
  i.id, i.ref, i.project, i.number, i.epic, i.title, i.description, i.status, i.status_reason, i.priority, i.labels,
  i.assignee, i.github_id, i.github_url, i.tasks, i.tasks_done, i.metadata, i.version, i.created_at, i.updated_at,
  i.closed_at
from work.issue_summary as i
where i.id = %(id)s::uuid;

-- name: listed_with -> uuid[]
-- The things of a kind that hold the words of a text; null where it is quicker to look at each.
select work.listed_with(%(kind)s::text, %(text)s::text, %(project_id)s::uuid);

-- name: list_issues -> Issue, planned anew
-- Issues, the highest number first, after a cursor; those of some ids, or that hold some words (each is looked at in
-- turn: in this form no index is used).
with asked as materialized (
  select q.query, q.needle
  from work.search_query(%(words)s::text) as q
)
select
  i.id, i.ref, i.project, i.number, i.epic, i.title, i.description, i.status, i.status_reason, i.priority, i.labels,
  i.assignee, i.github_id, i.github_url, i.tasks, i.tasks_done, i.metadata, i.version, i.created_at, i.updated_at,
  i.closed_at
from work.issue_summary as i
where (%(project_id)s::uuid is null or i.project_id = %(project_id)s::uuid)
  and (%(epic_id)s::uuid is null or i.epic_id = %(epic_id)s::uuid)
  and (%(status)s::text[] is null or i.status = any (%(status)s::text[]))
  and (%(priority)s::smallint is null or i.priority = %(priority)s::smallint)
  and (%(label)s::text is null or i.labels @> array[%(label)s::text])
  and (%(assignee)s::text is null or lower(i.assignee) = lower(%(assignee)s::text))
  and (%(ids)s::uuid[] is null or i.id = any (%(ids)s::uuid[]))
  and (
    %(words)s::text is null
    or case
      when strpos(lower(i.title || ' ' || i.description), (select needle from asked)) > 0
        then work.search_words(i.project_id, '{}', i.title || ' ' || i.description) @@ (select query from asked)
      else false
    end
  )
  and (%(after_id)s::uuid is null or (i.number, i.id) < (%(after_number)s::bigint, %(after_id)s::uuid))
order by i.number desc, i.id desc
limit %(limit)s::integer;

-- name: lock_issue -> integer
-- Lock an issue and return its version.
select i.version
from work.issues as i
where i.id = %(id)s::uuid
  and i.deleted_at is null
for no key update;

-- name: update_issue -> none
-- Change the given columns of an issue; null leaves one as it is.
update work.issues as i
set
  epic_id = case when %(no_epic)s::boolean then null else coalesce(%(epic_id)s::uuid, i.epic_id) end,
  title = coalesce(%(title)s::text, i.title),
  description = coalesce(%(description)s::text, i.description),
  status = coalesce(%(status)s::text, i.status),
  status_reason = case when %(status)s::text is null then i.status_reason else %(reason)s::text end,
  priority = coalesce(%(priority)s::smallint, i.priority),
  labels = coalesce(%(labels)s::text[], i.labels),
  assignee = case when %(no_assignee)s::boolean then null else coalesce(%(assignee)s::text, i.assignee) end,
  github_id = coalesce(%(github_id)s::bigint, i.github_id),
  github_url = coalesce(%(github_url)s::text, i.github_url),
  metadata = i.metadata || coalesce(%(metadata)s::text::jsonb, '{}')
where i.id = %(id)s::uuid;

-- name: delete_issue -> none
-- Put an issue away.
update work.issues as i
set deleted_at = now()
where i.id = %(id)s::uuid
  and i.deleted_at is null;

-- name: add_workflow -> uuid
-- Add a workflow.
insert into work.workflows (project_id, name, description, requirements, status, current_phase, metrics)
values (
  %(project_id)s::uuid, %(name)s::text, %(description)s::text, %(requirements)s::text, %(status)s::text,
  %(phase)s::text, %(metrics)s::text::jsonb
)
returning id;

-- name: get_workflow -> Workflow
-- One workflow, archived or not.
select
  w.id, w.project, w.project_name, w.name, w.description, w.requirements, w.current_phase, w.status, w.progress,
  w.metrics, w.errors, w.version, w.created_at, w.updated_at, w.started_at, w.completed_at, w.archived_at
from work.workflow_summary as w
where w.id = %(id)s::uuid;

-- name: list_workflows -> Workflow, planned anew
-- Workflows, newest first, after a cursor; those of some ids, or that hold some words (each is looked at in turn: in this
-- form no index is used).
with asked as materialized (
  select q.query, q.needle
  from work.search_query(%(words)s::text) as q
)
select
  w.id, w.project, w.project_name, w.name, w.description, w.requirements, w.current_phase, w.status, w.progress,
  w.metrics, w.errors, w.version, w.created_at, w.updated_at, w.started_at, w.completed_at, w.archived_at
from work.workflow_summary as w
where (%(archived)s::boolean or w.archived_at is null)
  and (%(project_id)s::uuid is null or w.project_id = %(project_id)s::uuid)
  and (%(status)s::text[] is null or w.status = any (%(status)s::text[]))
  and (%(phase)s::text is null or w.current_phase = %(phase)s::text)
  and (%(ids)s::uuid[] is null or w.id = any (%(ids)s::uuid[]))
  and (
    %(words)s::text is null
    or case
      when strpos(lower(w.name || ' ' || w.description), (select needle from asked)) > 0
        then work.search_words(w.project_id, '{}', w.name || ' ' || w.description) @@ (select query from asked)
      else false
    end
  )
  and (%(after)s::uuid is null or w.id < %(after)s::uuid)
order by w.id desc
limit %(limit)s::integer;

-- name: lock_workflow -> integer
-- Lock a workflow and return its version.
select w.version
from work.workflows as w
where w.id = %(id)s::uuid
for no key update;

-- name: update_workflow -> none
-- Change the given columns of a workflow; null leaves one as it is, an error is added with the phase it happened in.
update work.workflows as w
set
  name = coalesce(%(name)s::text, w.name),
  description = coalesce(%(description)s::text, w.description),
  requirements = coalesce(%(requirements)s::text, w.requirements),
  status = coalesce(%(status)s::text, w.status),
  metrics = w.metrics || coalesce(%(metrics)s::text::jsonb, '{}'),
  errors = case
    when %(error)s::text is null then w.errors
    else w.errors || jsonb_build_array(%(error)s::text::jsonb || jsonb_build_object('phase', w.current_phase))
  end
where w.id = %(id)s::uuid;

-- name: advance_workflow -> none
-- Bring a workflow to a phase.
update work.workflows as w
set current_phase = %(phase)s::text
where w.id = %(id)s::uuid;

-- name: archive_workflow -> none
-- Put a workflow away or bring it back; a repetition changes nothing.
update work.workflows as w
set archived_at = case when %(restore)s::boolean then null else now() end
where w.id = %(id)s::uuid
  and (w.archived_at is not null) = %(restore)s::boolean;

-- name: place_task -> none
-- Let a task belong to an epic, issue or workflow, or to none any more.
update work.tasks as t
set
  epic_id = case when %(no_epic)s::boolean then null else coalesce(%(epic_id)s::uuid, t.epic_id) end,
  issue_id = case when %(no_issue)s::boolean then null else coalesce(%(issue_id)s::uuid, t.issue_id) end,
  workflow_id = case when %(no_workflow)s::boolean then null else coalesce(%(workflow_id)s::uuid, t.workflow_id) end
where t.id = %(id)s::uuid;

-- name: calculate_workflow_analytics -> WorkflowFigures
-- Work out the figures of a workflow and of its tasks, and keep them.
select
  a.workflow_id, a.total_tasks, a.completed_tasks, a.failed_tasks, a.blocked_tasks, a.waiting_tasks,
  a.completion_percentage, a.estimated_duration_hours, a.actual_duration_hours, a.efficiency_score, a.quality_score,
  a.complexity_score, a.critical_path_minutes, a.critical_path, a.resource_utilization, a.bottlenecks,
  a.optimization_opportunities, a.calculated_at
from work.calculate_workflow_analytics(%(id)s::uuid) as a;

-- name: get_workflow_analytics -> WorkflowFigures
-- The figures of a workflow as they were last worked out.
select
  a.workflow_id, a.total_tasks, a.completed_tasks, a.failed_tasks, a.blocked_tasks, a.waiting_tasks,
  a.completion_percentage, a.estimated_duration_hours, a.actual_duration_hours, a.efficiency_score, a.quality_score,
  a.complexity_score, a.critical_path_minutes, a.critical_path, a.resource_utilization, a.bottlenecks,
  a.optimization_opportunities, a.calculated_at
from work.workflow_analytics as a
where a.workflow_id = %(id)s::uuid;

-- name: task_figures -> TaskFigures
-- The figures of a workflow's tasks, those first that hold up most.
select
  a.task_id, p.key || '-' || t.number as ref, t.title, t.status, a.complexity_score, a.estimated_effort_hours,
  a.actual_effort_hours, a.efficiency_ratio, a.quality_metrics, a.performance_metrics, a.dependency_impact_score,
  a.blocking_factor, a.critical_position, a.completion_velocity, a.error_count, a.retry_count, a.code_quality_score,
  a.test_coverage_percentage
from work.tasks as t
join work.task_analytics as a on a.task_id = t.id
join projects.projects as p on p.id = t.project_id
where t.workflow_id = %(id)s::uuid
  and t.deleted_at is null
order by a.blocking_factor desc, t.number
limit 500;

-- name: performance_summary -> WorkflowPerformance, planned anew
-- Workflows with how far and how well they went, newest first, after a cursor.
select
  w.workflow_id, w.project, w.workflow_name, w.status, w.current_phase, w.completion_percentage, w.efficiency_score,
  w.quality_score, w.total_tasks, w.completed_tasks, w.blocked_tasks, w.avg_task_complexity, w.last_activity,
  w.created_at, w.duration_hours, w.calculated_at
from work.workflow_performance_summary as w
where w.archived_at is null
  and (%(project_id)s::uuid is null or w.project_id = %(project_id)s::uuid)
  and (%(status)s::text[] is null or w.status = any (%(status)s::text[]))
  and (%(after)s::uuid is null or w.workflow_id < %(after)s::uuid)
order by w.workflow_id desc
limit %(limit)s::integer;

-- name: project_statistics -> Statistics
-- Totals of a project, or of all.
select
  s.total_projects, s.total_epics, s.completed_epics, s.total_issues, s.open_issues, s.total_workflows,
  s.active_workflows, s.completed_workflows, s.total_tasks, s.completed_tasks, s.total_dependencies
from work.project_statistics(%(project_id)s::uuid) as s;
