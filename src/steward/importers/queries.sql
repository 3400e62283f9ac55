-- name: begin_import -> text
-- Take states as the file gives them, without the rules for changes by hand; ends with the transaction.
select set_config('steward.importing', 'on', true);

-- name: take_time -> text
-- Let the statements of a large file run for ten minutes each; ends with the transaction.
select set_config('statement_timeout', '600000', true);

-- name: lock_project -> none
-- Hold the project's graph: two imports into one project come one after the other.
select work.lock_graphs(array[%(project_id)s::uuid]);

-- name: count_rows -> Counts
-- Count what an import writes to.
select
  (select count(*) from projects.projects where deleted_at is null and id <> projects.system_project()) as projects,
  (select count(*) from work.import_files) as files,
  (select count(*) from work.tasks where deleted_at is null) as tasks,
  (select count(*) from work.task_dependencies) as dependencies,
  (select count(*) from work.comments where deleted_at is null) as comments;

-- name: find_file -> FileRow
-- The kept original of one file of a project.
select id, project_id, source_name, source_path, content_sha256, content
from work.import_files
where project_id = %(project_id)s::uuid
  and format = %(format)s::text
  and source_name = %(source_name)s::text;

-- name: project_files -> FileRow
-- The kept originals of a project, oldest first.
select id, project_id, source_name, source_path, content_sha256, content
from work.import_files
where project_id = %(project_id)s::uuid
  and format = %(format)s::text
order by created_at, id;

-- name: save_file -> uuid
-- Keep the original of a file, once.
insert into work.import_files (
  project_id, format, source_name, source_path, content_sha256, content_bytes, content, report
)
values (
  %(project_id)s::uuid,
  %(format)s::text,
  %(source_name)s::text,
  %(source_path)s::text,
  %(sha256)s::text,
  %(size)s::bigint,
  %(content)s::bytea,
  %(report)s::text::jsonb
)
on conflict (project_id, format, source_name) do update
set source_path = excluded.source_path,
    content_sha256 = excluded.content_sha256,
    content_bytes = excluded.content_bytes,
    content = excluded.content,
    report = excluded.report
returning id;

-- name: file_tasks -> TaskState
-- The tasks of a file as they stand, put away ones too; locked so that nobody's change is lost.
select
  t.id, t.parent_task_id as parent_id, t.import_tag as tag, t.import_ref as ref,
  t.title, t.description, t.details, t.test_strategy, t.status, t.priority, t.type, t.labels,
  t.estimated_minutes, t.actual_minutes, t.complexity_score, t.metadata ->> 'assignee' as assignee,
  t.acceptance_criteria, t.due_date, t.order_index,
  t.attempts > 0 or t.assigned_user_id is not null or t.assigned_agent_id is not null
    or exists (select from work.ready_queue as q where q.task_id = t.id and q.agent_id is not null) as worked_on,
  coalesce((t.metadata ->> 'removed_by_file')::boolean, false) as removed_by_file,
  t.deleted_at is not null as deleted,
  t.created_at, t.updated_at, t.completed_at
from work.tasks as t
where t.import_file_id = %(file_id)s::uuid
  or (t.id = any (%(ids)s::uuid[]) and t.project_id = %(project_id)s::uuid and t.import_file_id is null)
order by t.id
for no key update of t;

-- name: project_tasks -> TaskState
-- The tasks of one file and those that no file holds, in the order they were made, for an export.
select
  t.id, t.parent_task_id as parent_id, t.import_tag as tag, t.import_ref as ref,
  t.title, t.description, t.details, t.test_strategy, t.status, t.priority, t.type, t.labels,
  t.estimated_minutes, t.actual_minutes, t.complexity_score, t.metadata ->> 'assignee' as assignee,
  t.acceptance_criteria, t.due_date, t.order_index, false as worked_on, false as removed_by_file,
  t.deleted_at is not null as deleted,
  t.created_at, t.updated_at, t.completed_at
from work.tasks as t
where t.project_id = %(project_id)s::uuid
  and (t.import_file_id = %(file_id)s::uuid or (t.import_file_id is null and t.deleted_at is null))
order by t.number;

-- name: project_parents -> TaskParent
-- Every task of a project with the one above it, parents first.
with recursive tree (id, parent_id, number, depth) as (
  select t.id, t.parent_task_id, t.number, 0
  from work.tasks as t
  where t.project_id = %(project_id)s::uuid
    and t.parent_task_id is null
  union all
  select c.id, c.parent_task_id, c.number, tree.depth + 1
  from tree
  join work.tasks as c on c.parent_task_id = tree.id
)
select id, parent_id
from tree
order by depth, number;

-- name: project_edges -> TaskEdge
-- Every dependency of a project that makes a task wait.
select task_id, depends_on_task_id as depends_on_id
from work.task_dependencies
where project_id = %(project_id)s::uuid
  and dependency_type <> 'relates_to'
order by created_at, id;

-- name: project_links -> TaskLink
-- Every dependency of a project, related tasks too, in the order they were made.
select task_id, depends_on_task_id as depends_on_id, dependency_type as type, source_type, created_at
from work.task_dependencies
where project_id = %(project_id)s::uuid
order by created_at, id;

-- name: project_comments -> CommentState
-- Every comment on a task of a project, deleted ones too, in the order they were written.
select
  t.id as task_id, c.id, c.metadata ->> 'import_ref' as ref, c.author, c.content as text, c.created_at, c.updated_at,
  c.deleted_at is not null as deleted
from work.tasks as t
join work.comments as c on c.task_id = t.id
where t.project_id = %(project_id)s::uuid
order by c.created_at, c.id;

-- name: task_comments -> CommentId
-- The comments on some tasks, deleted ones too.
select w.task_id, c.id
from unnest(%(task_ids)s::uuid[]) as w (task_id)
join work.comments as c on c.task_id = w.task_id;

-- name: new_ids -> uuid
-- Make ids for new rows.
select kit.new_id()
from generate_series(1, %(count)s::integer);

-- name: insert_tasks -> none
-- Add tasks, in one statement.
insert into work.tasks (
  id, project_id, number, parent_task_id, title, description, details, test_strategy, status, priority, type, labels,
  estimated_minutes, actual_minutes, complexity_score, acceptance_criteria, due_date, order_index, metadata,
  import_file_id, import_tag, import_ref, created_by_user_id, created_at, updated_at, completed_at, deleted_at
)
select
  r.id, %(project_id)s::uuid, r.number, r.parent_id, r.title, r.description, r.details, r.test_strategy, r.status,
  r.priority, r.type, r.labels, r.estimated_minutes, r.actual_minutes, r.complexity_score, r.acceptance_criteria,
  r.due_date, r.order_index, r.metadata, %(file_id)s::uuid, r.tag, r.ref, kit.actor_user(),
  coalesce(r.created_at, now()), coalesce(r.updated_at, now()), r.completed_at, r.deleted_at
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (
  id uuid, number bigint, parent_id uuid, title text, description text, details text, test_strategy text, status text,
  priority smallint, type text, labels text[], estimated_minutes integer, actual_minutes integer,
  complexity_score smallint, acceptance_criteria jsonb, due_date timestamptz, order_index integer, metadata jsonb,
  tag text, ref text, created_at timestamptz, updated_at timestamptz, completed_at timestamptz, deleted_at timestamptz
)
order by r.number;

-- name: update_tasks -> none
-- Write what a file changed, in one statement; each row brings all that can change.
update work.tasks as t
set parent_task_id = r.parent_id,
    title = r.title,
    description = r.description,
    details = r.details,
    test_strategy = r.test_strategy,
    status = r.status,
    priority = r.priority,
    type = r.type,
    labels = r.labels,
    estimated_minutes = r.estimated_minutes,
    actual_minutes = r.actual_minutes,
    complexity_score = r.complexity_score,
    acceptance_criteria = r.acceptance_criteria,
    due_date = r.due_date,
    order_index = r.order_index,
    metadata = (t.metadata - 'removed_by_file') || r.metadata,
    import_file_id = %(file_id)s::uuid,
    import_tag = r.tag,
    import_ref = r.ref,
    completed_at = r.completed_at,
    deleted_at = case when r.deleted then coalesce(t.deleted_at, now()) end
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (
  id uuid, parent_id uuid, title text, description text, details text, test_strategy text, status text,
  priority smallint, type text, labels text[], estimated_minutes integer, actual_minutes integer,
  complexity_score smallint, acceptance_criteria jsonb, due_date timestamptz, order_index integer, metadata jsonb,
  tag text, ref text, completed_at timestamptz, deleted boolean
)
where t.id = r.id;

-- name: delete_edges -> none
-- Take dependencies away.
delete from work.task_dependencies as d
using jsonb_to_recordset(%(rows)s::text::jsonb) as r (task_id uuid, depends_on_id uuid, type text)
where d.task_id = r.task_id
  and d.depends_on_task_id = r.depends_on_id
  and d.dependency_type = r.type
  and d.project_id = %(project_id)s::uuid;

-- name: insert_edges -> none
-- Add dependencies, in one statement, so that cycles are looked for once.
insert into work.task_dependencies (task_id, depends_on_task_id, dependency_type, source_type, project_id)
select r.task_id, r.depends_on_id, r.type, r.source_type, %(project_id)s::uuid
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (task_id uuid, depends_on_id uuid, type text, source_type text)
on conflict (task_id, depends_on_task_id, dependency_type) do nothing;

-- name: offer_tasks -> none
-- Look at new tasks and their parents now that their dependencies are there; triggers left that to the end.
select work.refresh_queue(array(
  select t.id
  from work.tasks as t
  where t.id = any (%(ids)s::uuid[])
  union
  select t.parent_task_id
  from work.tasks as t
  where t.id = any (%(ids)s::uuid[])
    and t.parent_task_id is not null
));

-- name: take_numbers -> bigint
-- Take a block of the project's numbers and return the first of them.
select projects.take_numbers(%(project_id)s::uuid, %(count)s::integer);

-- name: may_make_projects -> none
-- Refuse an actor who may not make projects.
select kit.authorize('projects:write');

-- name: lock_projects -> none
-- Hold the making of projects: two imports that would make the same one take turns.
select pg_advisory_xact_lock(hashtextextended('importers.project', 0));

-- name: find_project_by_place -> ProjectRow
-- The project of a folder, else the one of that slug which has no other folder.
select id, key
from projects.projects
where deleted_at is null
  and (
    path = %(path)s::text
    or (slug = projects.slug_of(%(name)s::text) and (path is null or %(path)s::text is null))
  )
order by (path = %(path)s::text) desc nulls last, created_at
limit 1;

-- name: project_by_id -> ProjectRow
-- One project.
select id, key
from projects.projects
where id = %(project_id)s::uuid;

-- name: keep_settings -> none
-- Put settings beside those a project has, where the actor may change projects.
update projects.projects
set settings = settings || %(settings)s::text::jsonb
where id = %(project_id)s::uuid
  and settings is distinct from settings || %(settings)s::text::jsonb
  and kit.may(kit.actor_role(), 'projects:write');

-- name: take_figures -> none
-- Let the planner know of the rows that came in.
select work.take_figures();

-- name: insert_comments -> none
-- Add comments that are not there yet; an author whom we know is tied to the comment, anybody else stays a name.
-- What an export wrote into the file is there already.
insert into work.comments (
  task_id, author, author_user_id, author_agent_id, content, metadata, created_at, updated_at
)
select
  r.task_id, r.author, u.id, case when u.id is null then a.id end, r.content, jsonb_build_object('import_ref', r.ref),
  coalesce(r.created_at, now()), coalesce(r.created_at, now())
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (
  place integer, task_id uuid, ref text, own_id uuid, author text, content text, created_at timestamptz
)
left join accounts.users as u on lower(u.username) = lower(ltrim(r.author, '@')) and u.deleted_at is null
left join agents.agents as a on lower(a.name) = lower(ltrim(r.author, '@'))
where r.own_id is null
order by r.place
on conflict (task_id, (metadata ->> 'import_ref')) where metadata ? 'import_ref' do nothing;

-- name: update_comments -> none
-- Write comments anew that the file changed and nobody here did; what the file had taken away comes back.
update work.comments as c
set content = r.content,
    deleted_at = null,
    metadata = c.metadata - 'removed_by_file'
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (task_id uuid, ref text, own_id uuid, content text, was text)
where c.task_id = r.task_id
  and (c.metadata ->> 'import_ref' = r.ref or c.id = r.own_id)
  and ((c.content = r.was and c.deleted_at is null) or c.metadata ? 'removed_by_file');

-- name: remove_comments -> none
-- Take comments away that the file holds no more and nobody changed here.
update work.comments as c
set deleted_at = now(),
    metadata = c.metadata || '{"removed_by_file": true}'
from jsonb_to_recordset(%(rows)s::text::jsonb) as r (task_id uuid, ref text, own_id uuid, was text)
where c.task_id = r.task_id
  and (c.metadata ->> 'import_ref' = r.ref or c.id = r.own_id)
  and c.content = r.was
  and c.deleted_at is null;
