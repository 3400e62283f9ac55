-- name: count_by_state -> Count, planned anew
-- How many tasks of a filter are in each state.
select l.state as name, count(*)::integer as count
from work.filter_tasks(%(filter)s::jsonb) as l
group by l.state;

-- name: count_graph_within -> integer, planned anew
-- How many tasks of a filter are tied to another of them.
select count(*)::integer
from work.graph_within(%(filter)s::jsonb) as g;

-- name: graph_within -> GraphNode, planned anew
-- Tasks of a filter that are tied to another of them: the open ones first, then by priority and age.
select g.id, g.ref, g.title, g.status, g.state, g.priority, 0 as steps
from work.graph_within(%(filter)s::jsonb) as g
order by g.status in ('done', 'cancelled'), g.priority desc, g.number, g.id
limit %(limit)s::integer;

-- name: count_graph_around -> integer
-- How many tasks hang on one.
select count(*)::integer
from work.graph_around(%(id)s::uuid) as g
join work.task_list as l on l.id = g.task_id
where %(states)s::text[] is null
  or l.state = any (%(states)s::text[])
  or g.steps = 0;

-- name: graph_around -> GraphNode
-- What a task waits for and what waits for it, the nearest first.
select l.id, l.ref, l.title, l.status, l.state, l.priority, g.steps
from work.graph_around(%(id)s::uuid) as g
join work.task_list as l on l.id = g.task_id
where %(states)s::text[] is null
  or l.state = any (%(states)s::text[])
  or g.steps = 0
order by g.steps, l.status in ('done', 'cancelled'), l.priority desc, l.number
limit %(limit)s::integer;

-- name: graph_edges -> GraphEdge
-- The ties between some tasks.
select bp.key || '-' || b.number as before, ap.key || '-' || a.number as after, d.dependency_type as type
from work.task_dependencies as d
join work.tasks as b on b.id = d.depends_on_task_id
join projects.projects as bp on bp.id = b.project_id
join work.tasks as a on a.id = d.task_id
join projects.projects as ap on ap.id = a.project_id
where d.task_id = any (%(ids)s::uuid[])
  and d.depends_on_task_id = any (%(ids)s::uuid[])
order by b.number, a.number, d.dependency_type;

-- name: agent_load -> AgentLoad
-- What agents hold, how their work went, when they were last seen.
select
  a.id as agent_id, a.name as agent, f.held, f.asking, f.finished, f.failed,
  (100 * f.finished / nullif(f.finished + f.failed, 0))::integer as success_percent, f.avg_minutes, f.last_seen_at
from agents.agents as a
cross join lateral work.load_of(a.id, %(project_id)s::uuid) as f
where %(agent)s::text is null
  or lower(a.name) = lower(%(agent)s::text)
order by f.held desc, f.last_seen_at desc nulls last, lower(a.name);
