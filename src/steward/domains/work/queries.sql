-- name: get_rows -> TaskRow
-- Some tasks as lists show them.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from work.task_list as l
where l.id = any (%(ids)s::uuid[]);

-- name: resolve_tasks -> NamedTask
-- Find tasks by KEY-number or by their whole ids.
select t.id, p.key || '-' || t.number as ref
from unnest(%(keys)s::text[], %(numbers)s::bigint[]) as g (key, number)
join projects.projects as p on p.key = upper(g.key) and p.deleted_at is null
join work.tasks as t on t.project_id = p.id and t.number = g.number
where t.deleted_at is null
union
select t.id, p.key || '-' || t.number
from work.tasks as t
join projects.projects as p on p.id = t.project_id
where t.id = any (%(ids)s::uuid[])
  and t.deleted_at is null;

-- name: task_by_number -> TaskId
-- Find a task by KEY-number: what nearly every call names. Of its own, because the one below is planned anew each time.
select t.id, t.project_id
from projects.projects as p
join work.tasks as t on t.project_id = p.id
where p.key = upper(%(key)s::text)
  and p.deleted_at is null
  and t.number = %(number)s::bigint
  and t.deleted_at is null;

-- name: resolve_task -> TaskId
-- Find a task by its id, by KEY-number, or by the start of its id; two rows mean that the words are ambiguous.
select t.id, t.project_id
from work.tasks as t
join projects.projects as p on p.id = t.project_id
where t.deleted_at is null
  and p.deleted_at is null
  and (
    t.id between %(low)s::uuid and %(high)s::uuid
    or (p.key = upper(%(key)s::text) and t.number = %(number)s::bigint)
    or (t.project_id = %(project_id)s::uuid and t.number = %(number)s::bigint and %(key)s::text is null)
  )
limit 2;

-- name: ensure_agent -> uuid
-- Return the agent of a name, registered if it is not yet.
select agents.ensure_agent(%(name)s::text, %(owner)s::uuid);

-- name: get_row -> TaskRow
-- One task as lists show it.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from work.task_list as l
where l.id = %(id)s::uuid;

-- name: get_text -> TaskTexts
-- The long texts and figures of one task, and what it is tied to: its ancestors, all below it, what it waits for and what
-- waits for it. One statement, because a claim brings all of it.
select
  t.description, t.details, t.test_strategy, t.requirements, t.acceptance_criteria, t.status_reason,
  t.required_capabilities, t.estimated_minutes, t.actual_minutes, t.complexity_score, t.assigned_component,
  t.result, t.attempts, t.max_attempts, t.quarantined_at, t.quarantine_reason, t.due_date, t.started_at, t.metadata,
  f.source_path as source, e.epic_id as epic, p.key || '-' || i.number as issue, w.name as workflow, t.workflow_id,
  array(
    select jsonb_build_object(
      'id', l.id, 'ref', p.key || '-' || l.number, 'title', l.title, 'status', l.status, 'relation', l.relation, 'depth', l.depth
    )
    from work.task_links(t.id) as l
    order by l.relation, l.depth, l.number
  ) as links
from work.tasks as t
join projects.projects as p on p.id = t.project_id
left join work.import_files as f on f.id = t.import_file_id
left join work.epics as e on e.id = t.epic_id
left join work.issues as i on i.id = t.issue_id and i.deleted_at is null
left join work.workflows as w on w.id = t.workflow_id
where t.id = %(id)s::uuid;

-- name: list_tasks -> TaskRow
-- Tasks that a filter keeps, in an order, after the key of a page's last one.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from work.list_tasks(%(filter)s::text::jsonb, %(order)s::text, %(after)s::text::jsonb, %(limit)s::integer) as k
join work.task_list as l on l.id = k.id
order by k.place;

-- name: list_ready -> TaskRow
-- What could be claimed now, in the order of claims.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from unnest(
  work.ready_ids(%(project_id)s::uuid, %(labels)s::text[], %(capabilities)s::text[], %(limit)s::integer)
) with ordinality as r (task_id, place)
join work.task_list as l on l.id = r.task_id
order by r.place;

-- name: next_claimable -> uuid
-- The task that an agent would claim next; null when none is ready. What refuses all that are is raised.
select work.next_claimable(%(project_id)s::uuid, %(labels)s::text[], %(capabilities)s::text[], %(agent)s::text);

-- name: queue_facts -> QueueFacts
-- How one ready task stands among the others.
select
  count(*)::integer as ready,
  (count(*) filter (where q.priority > %(priority)s::integer))::integer as higher,
  (count(*) filter (where q.priority = %(priority)s::integer))::integer as same_priority,
  not coalesce(bool_or(q.priority = %(priority)s::integer and q.number < %(number)s::bigint), false) as oldest
from work.ready_queue as q
where q.agent_id is null
  and (%(project_id)s::uuid is null or q.project_id = %(project_id)s::uuid);

-- name: agent_capabilities -> text[]
-- What an agent can do; null when it is not registered.
select a.capabilities
from agents.agents as a
where lower(a.name) = lower(%(name)s::text);

-- name: claim_tasks -> Lease
-- Claim ready tasks for the agent of a name, registered if it is not yet; the most urgent first.
select c.task_id, c.token, c.lease_until
from work.claim_tasks(
  p_agent_id => agents.ensure_agent(%(agent)s::text, %(owner)s::uuid),
  p_project_id => %(project_id)s::uuid,
  p_labels => %(labels)s::text[],
  p_limit => %(limit)s::integer,
  p_lease_seconds => %(lease_seconds)s::integer,
  p_task_id => %(task_id)s::uuid
) as c;

-- name: heartbeat_task -> timestamptz
-- Renew a lease.
select work.heartbeat_task(%(id)s::uuid, %(token)s::bigint, %(lease_seconds)s::integer);

-- name: start_task -> none
-- Begin work.
select work.start_task(%(id)s::uuid, %(token)s::bigint);

-- name: finish_tasks -> none
-- Finish some claimed tasks, all or none.
select work.finish_tasks(%(ids)s::uuid[], %(tokens)s::bigint[], %(results)s::text[]::jsonb[]);

-- name: finish_task -> none
-- Finish a task.
select work.finish_task(%(id)s::uuid, %(token)s::bigint, %(result)s::text::jsonb, %(actual_minutes)s::integer);

-- name: fail_task -> none
-- Report a failed try.
select work.fail_task(%(id)s::uuid, %(token)s::bigint, %(reason)s::text, %(final)s::boolean);

-- name: give_back_task -> none
-- Give a claim back.
select work.give_back_task(%(id)s::uuid, %(token)s::bigint, %(reason)s::text);

-- name: requeue_task -> none
-- Bring a failed task back.
select work.requeue_task(%(id)s::uuid);

-- name: reap_expired -> integer
-- Take back the work of the dead.
select work.reap_expired(%(limit)s::integer);

-- name: name_words -> integer
-- Enter the names of some tasks that are older than names.
select work.name_words(%(limit)s::integer);

-- name: forget_fronts -> integer
-- Forget where queues began long ago.
select work.forget_fronts();

-- name: fold_counts -> integer
-- Add what has come and gone to the counts.
select work.fold_counts();

-- name: blocked -> Blocked
-- Open tasks that are not ready, each with what it waits for.
select b.id, b.ref, b.title, b.status, b.reason, b.blockers
from work.blocked_tasks(%(project_id)s::uuid, %(task_id)s::uuid, %(limit)s::integer) as b
order by b.place;

-- name: add_task -> uuid
-- Add a task.
insert into work.tasks (
  project_id, parent_task_id, title, description, details, test_strategy, type, status, priority, labels,
  required_capabilities, acceptance_criteria, requirements, estimated_minutes, complexity_score, due_date,
  max_attempts, metadata, epic_id, issue_id, workflow_id, created_by_user_id, created_by_agent_id
)
values (
  %(project_id)s::uuid, %(parent_id)s::uuid, %(title)s::text, %(description)s::text, %(details)s::text,
  %(test_strategy)s::text, %(type)s::text, %(status)s::text, %(priority)s::smallint, %(labels)s::text[],
  %(capabilities)s::text[], to_jsonb(%(acceptance_criteria)s::text[]), to_jsonb(%(requirements)s::text[]),
  %(estimated_minutes)s::integer, %(complexity)s::smallint, %(due_date)s::timestamptz,
  %(max_attempts)s::smallint, %(metadata)s::text::jsonb, %(epic_id)s::uuid, %(issue_id)s::uuid,
  %(workflow_id)s::uuid, %(user_id)s::uuid,
  (select a.id from agents.agents as a where lower(a.name) = lower(%(agent)s::text))
)
returning id;

-- name: pass_update -> none
-- Let an update pass: an agent needs the token of a held task, a person ends the lease.
select work.pass(%(id)s::uuid, %(token)s::bigint, false);

-- name: lock_version -> integer
-- Lock a task and return its version.
select t.version
from work.tasks as t
where t.id = %(id)s::uuid
  and t.deleted_at is null
for no key update;

-- name: update_task -> none
-- Change the given columns of a task; null leaves one as it is.
update work.tasks as t
set
  title = coalesce(%(title)s::text, t.title),
  description = coalesce(%(description)s::text, t.description),
  details = coalesce(%(details)s::text, t.details),
  test_strategy = coalesce(%(test_strategy)s::text, t.test_strategy),
  type = coalesce(%(type)s::text, t.type),
  status = coalesce(%(status)s::text, t.status),
  status_reason = case when %(status)s::text is null then t.status_reason else %(reason)s::text end,
  priority = coalesce(%(priority)s::smallint, t.priority),
  labels = coalesce(%(labels)s::text[], t.labels),
  required_capabilities = coalesce(%(capabilities)s::text[], t.required_capabilities),
  acceptance_criteria = coalesce(to_jsonb(%(acceptance_criteria)s::text[]), t.acceptance_criteria),
  requirements = coalesce(to_jsonb(%(requirements)s::text[]), t.requirements),
  parent_task_id = case when %(no_parent)s::boolean then null else coalesce(%(parent_id)s::uuid, t.parent_task_id) end,
  estimated_minutes = coalesce(%(estimated_minutes)s::integer, t.estimated_minutes),
  actual_minutes = coalesce(%(actual_minutes)s::integer, t.actual_minutes),
  complexity_score = coalesce(%(complexity)s::smallint, t.complexity_score),
  due_date = coalesce(%(due_date)s::timestamptz, t.due_date),
  metadata = t.metadata || coalesce(%(metadata)s::text::jsonb, '{}')
where t.id = %(id)s::uuid;

-- name: assign_task -> none
-- Assign a task to a user, an agent, or nobody.
update work.tasks
set
  assigned_user_id = %(user_id)s::uuid,
  assigned_agent_id = %(agent_id)s::uuid
where id = %(id)s::uuid;

-- name: find_user -> uuid
-- The user of a name.
select u.id
from accounts.users as u
where lower(u.username) = lower(%(name)s::text)
  and u.deleted_at is null;

-- name: find_agent -> uuid
-- The agent of a name.
select a.id
from agents.agents as a
where lower(a.name) = lower(%(name)s::text);

-- name: delete_task -> integer
-- Put a task and all below it away.
select work.delete_task(%(id)s::uuid);

-- name: add_dependency -> none
-- Let one task wait for another; a repetition changes nothing.
insert into work.task_dependencies (task_id, depends_on_task_id, dependency_type, project_id)
values (%(id)s::uuid, %(other_id)s::uuid, %(type)s::text, %(project_id)s::uuid)
on conflict (task_id, depends_on_task_id, dependency_type) do nothing;

-- name: remove_dependency -> none
-- Take a dependency away.
delete from work.task_dependencies
where task_id = %(id)s::uuid
  and depends_on_task_id = %(other_id)s::uuid
  and (%(type)s::text is null or dependency_type = %(type)s::text);

-- name: count_by_status -> Count
-- How many tasks are in each state.
select c.name, sum(c.count)::integer as count
from work.project_counts as c
where c.name not in ('queued', 'dependencies')
  and (%(project_id)s::uuid is null or c.project_id = %(project_id)s::uuid)
group by c.name
having sum(c.count) <> 0;

-- name: count_by_project -> ProjectCount
-- How many tasks of each project are in each state, and how many could be claimed now.
select p.slug as project, c.name, c.count::integer as count
from (
  select n.project_id, n.name, n.count
  from work.project_counts as n
  where n.name not in ('queued', 'dependencies')
  union all
  select r.project_id, 'ready', r.ready
  from work.queue_counts as r
  where r.ready > 0
) as c
join projects.projects as p on p.id = c.project_id
where p.deleted_at is null
order by p.slug, c.name;

-- name: token_of_own -> bigint
-- The token of a claim, for the agent that holds it, where the same user runs it who registered it.
select q.token
from work.ready_queue as q
join agents.agents as a on a.id = q.agent_id
where q.task_id = %(task_id)s::uuid
  and lower(q.agent_name) = lower(%(agent)s::text)
  and a.owner_id = %(user_id)s::uuid;

-- name: held -> Held
-- How many tasks agents hold, and the newest of their tokens.
select count(*)::integer as tasks, coalesce(max(q.token), 0)::bigint as newest_token
from work.ready_queue as q
where q.agent_id is not null;

-- name: count_queue -> QueueCount
-- How many tasks are ready, held and in quarantine.
select coalesce(sum(r.ready), 0)::integer as ready, coalesce(sum(r.held), 0)::integer as held
from work.queue_counts as r
where %(project_id)s::uuid is null
  or r.project_id = %(project_id)s::uuid;

-- name: count_quarantined -> integer
-- How many tasks are in quarantine.
select count(*)::integer
from work.tasks as t
where t.quarantined_at is not null
  and t.deleted_at is null
  and t.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
  and (%(project_id)s::uuid is null or t.project_id = %(project_id)s::uuid);

-- name: list_in_work -> TaskRow, planned anew
-- What agents hold, whose lease ends first on top, then what else is in progress, the latest begun first.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from work.in_work(%(project_id)s::uuid, %(limit)s::integer) as w
join work.task_list as l on l.id = w.task_id
order by w.place
limit %(limit)s::integer;

-- name: list_finished -> TaskRow, planned anew
-- What was finished last.
select
  l.id, l.ref, l.project, l.title, l.type, l.status, l.priority, l.labels, l.tag, l.parent, l.assigned_to,
  l.held_by, l.lease_until, l.ready, l.waits_for, l.subtasks, l.subtasks_open, l.version,
  l.created_at, l.updated_at, l.completed_at
from (
  select t.id, t.completed_at
  from work.tasks as t
  where t.completed_at is not null
    and t.status = 'done'
    and t.deleted_at is null
    and t.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
    and (%(project_id)s::uuid is null or t.project_id = %(project_id)s::uuid)
  order by t.completed_at desc
  limit %(limit)s::integer
) as f
join work.task_list as l on l.id = f.id
order by f.completed_at desc;

-- name: close_notices -> none
-- Close notices of tasks that are out of quarantine. What happened once and has no end is told for a week.
update kit.notices as n
set dismissed_at = now()
where n.dismissed_at is null
  and case
    -- By its key: a topic for each task would read all tasks.
    when starts_with(n.topic, 'work.quarantine ') then not exists (
      select
      from work.tasks as t
      join projects.projects as p on p.id = t.project_id
      where t.id = substr(n.topic, length('work.quarantine ') + 1)::uuid
        and t.quarantined_at is not null
        and t.deleted_at is null
        and p.deleted_at is null
    )
    else n.topic in ('work.quarantine', 'work.expiry') and n.created_at < now() - interval '7 days'
  end;
