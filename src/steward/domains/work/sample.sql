-- Sample tasks of the sample project consilio: what is done, in work, ready and waiting. Needs the sample projects.
-- Idempotent: fixed ids, and rows that are there stay as they are.
insert into work.tasks (
  id, project_id, number, parent_task_id, title, description, type, status, priority, labels, order_index,
  estimated_minutes, actual_minutes, complexity_score, started_at, completed_at, metadata
)
select
  s.id, p.id, s.number, s.parent_id, s.title, s.description, s.type, s.status, s.priority, s.labels, s.place,
  s.estimated, s.actual, s.complexity,
  case when s.status in ('done', 'in_progress') then now() - s.age end,
  case when s.status = 'done' then now() - s.age + make_interval(mins => s.actual) end,
  '{"sample": true}'
from (
  values
    (
      '01900000-0000-7000-8001-000000000001'::uuid, 1, null::uuid, 'Set up PostgreSQL',
      'One database for everything, started by one command.', 'feature', 'done', 8,
      array['database', 'infrastructure'], 0, 60, 48, 2, interval '3 days'
    ),
    (
      '01900000-0000-7000-8001-000000000002', 2, null, 'Create the migration system',
      'Numbered revisions with a way back.', 'feature', 'done', 8,
      array['database', 'migrations'], 0, 90, 110, 3, interval '2 days'
    ),
    (
      '01900000-0000-7000-8001-000000000003', 3, null, 'Implement the client',
      'Typed access to every table.', 'feature', 'in_progress', 5,
      array['database', 'typescript'], 0, 135, null, 5, interval '6 hours'
    ),
    (
      '01900000-0000-7000-8001-000000000004', 4, '01900000-0000-7000-8001-000000000003', 'Client class',
      'Connection pool, queries, transactions.', 'task', 'done', 5, array['database'], 1, 30, 25, 2, interval '5 hours'
    ),
    (
      '01900000-0000-7000-8001-000000000005', 5, '01900000-0000-7000-8001-000000000003', 'Query helpers',
      'One function for each question that the pages ask.', 'task', 'pending', 5, array['database'], 2, 45, null, 3,
      interval '0'
    ),
    (
      '01900000-0000-7000-8001-000000000006', 6, '01900000-0000-7000-8001-000000000003', 'Unit tests',
      'Every helper against a real server.', 'test', 'pending', 5, array['database', 'tests'], 3, 60, null, 3, interval '0'
    ),
    (
      '01900000-0000-7000-8001-000000000007', 7, null, 'MCP server',
      'Agents reach the same operations over MCP.', 'feature', 'pending', 8, array['mcp'], 0, 480, null, 8, interval '0'
    ),
    (
      '01900000-0000-7000-8001-000000000008', 8, null, 'Secrets',
      'Keys and passwords, encrypted, with versions and an access log.', 'feature', 'pending', 8, array['security'], 0,
      360, null, 8, interval '0'
    )
) as s (
  id, number, parent_id, title, description, type, status, priority, labels, place, estimated, actual, complexity, age
)
join projects.projects as p on p.slug = 'consilio' and p.deleted_at is null
on conflict do nothing;

insert into projects.project_counters (project_id, last_number)
select p.id, 11
from projects.projects as p
where p.slug = 'consilio'
  and p.deleted_at is null
on conflict (project_id) do update
set last_number = excluded.last_number
where projects.project_counters.last_number < excluded.last_number;

insert into work.task_dependencies (task_id, depends_on_task_id, project_id)
select s.task_id, s.depends_on_task_id, t.project_id
from (
  values
    ('01900000-0000-7000-8001-000000000002'::uuid, '01900000-0000-7000-8001-000000000001'::uuid),
    ('01900000-0000-7000-8001-000000000003', '01900000-0000-7000-8001-000000000002'),
    ('01900000-0000-7000-8001-000000000006', '01900000-0000-7000-8001-000000000005'),
    ('01900000-0000-7000-8001-000000000008', '01900000-0000-7000-8001-000000000003')
) as s (task_id, depends_on_task_id)
join work.tasks as t on t.id = s.task_id
on conflict do nothing;

-- Epics and issues of the same project, and where its tasks belong.
insert into work.epics (id, project_id, epic_id, title, description, status, priority, estimated_minutes, complexity, metadata)
select s.id, p.id, s.epic_id, s.title, s.description, s.status, s.priority, s.hours * 60, s.complexity, '{"sample": true}'
from (
  values
    (
      '01900000-0000-7000-8002-000000000001'::uuid, 'EPIC-001', 'Database Foundation',
      'Tables, migrations and a client that everything else stands on.', 'completed', 8, 4, 'simple'
    ),
    (
      '01900000-0000-7000-8002-000000000002', 'EPIC-002', 'MCP Server',
      'Agents reach the operations over MCP.', 'in_progress', 8, 8, 'moderate'
    ),
    (
      '01900000-0000-7000-8002-000000000003', 'EPIC-003', 'Secrets',
      'Keys and passwords, encrypted, with rotation.', 'planned', 8, 6, 'moderate'
    )
) as s (id, epic_id, title, description, status, priority, hours, complexity)
join projects.projects as p on p.slug = 'consilio' and p.deleted_at is null
on conflict do nothing;

insert into work.epic_dependencies (epic_id, project_id, depends_on_epic_id)
select e.id, e.project_id, o.id
from work.epics as e
join work.epics as o on o.project_id = e.project_id and o.id = '01900000-0000-7000-8002-000000000001'
where e.id in ('01900000-0000-7000-8002-000000000002', '01900000-0000-7000-8002-000000000003')
on conflict do nothing;

insert into work.issues (id, project_id, number, epic_id, title, description, status, priority, labels, closed_at, metadata)
select
  s.id, e.project_id, s.number, e.id, s.title, s.description, s.status, s.priority, s.labels,
  case when s.status = 'closed' then now() - interval '2 days' end, '{"sample": true}'
from (
  values
    (
      '01900000-0000-7000-8003-000000000001'::uuid, 9, 'Set up PostgreSQL', 'A server with the extensions that are needed.',
      'closed', 8, array['database', 'infrastructure']
    ),
    (
      '01900000-0000-7000-8003-000000000002', 10, 'Create migration system', 'Revisions with a way back.',
      'closed', 8, array['database', 'migrations']
    ),
    (
      '01900000-0000-7000-8003-000000000003', 11, 'Implement client', 'A pool, typed rows, transactions.',
      'in_progress', 5, array['database', 'typescript']
    )
) as s (id, number, title, description, status, priority, labels)
join work.epics as e on e.id = '01900000-0000-7000-8002-000000000001'
-- Whoever worked on the samples before may have taken these numbers for tasks.
where not exists (select from work.tasks as t where t.project_id = e.project_id and t.number = s.number)
on conflict do nothing;

insert into work.workflows (id, project_id, name, description, requirements, status, current_phase, metrics)
select
  '01900000-0000-7000-8004-000000000001', p.id, 'Foundation', 'From an empty folder to a database that others build on.',
  'Everything in EPIC-001, tested.', 'active', 'development', '{"sample": true}'
from projects.projects as p
where p.slug = 'consilio'
  and p.deleted_at is null
on conflict do nothing;

update work.tasks as t
set
  epic_id = e.id,
  issue_id = s.issue_id,
  workflow_id = '01900000-0000-7000-8004-000000000001'
from (
  values
    ('01900000-0000-7000-8001-000000000001'::uuid, '01900000-0000-7000-8003-000000000001'::uuid),
    ('01900000-0000-7000-8001-000000000002', '01900000-0000-7000-8003-000000000002'),
    ('01900000-0000-7000-8001-000000000003', '01900000-0000-7000-8003-000000000003'),
    ('01900000-0000-7000-8001-000000000004', '01900000-0000-7000-8003-000000000003'),
    ('01900000-0000-7000-8001-000000000005', '01900000-0000-7000-8003-000000000003'),
    ('01900000-0000-7000-8001-000000000006', '01900000-0000-7000-8003-000000000003')
) as s (task_id, issue_id)
join work.issues as i on i.id = s.issue_id
join work.epics as e on e.id = i.epic_id
where t.id = s.task_id
  and t.metadata @> '{"sample": true}'
  and t.epic_id is null
  and t.issue_id is null
  and t.workflow_id is null
  and exists (select from work.workflows as w where w.id = '01900000-0000-7000-8004-000000000001');

update work.tasks as t
set epic_id = s.epic_id
from (
  values
    ('01900000-0000-7000-8001-000000000007'::uuid, '01900000-0000-7000-8002-000000000002'::uuid),
    ('01900000-0000-7000-8001-000000000008', '01900000-0000-7000-8002-000000000003')
) as s (task_id, epic_id)
join work.epics as e on e.id = s.epic_id
where t.id = s.task_id
  and t.metadata @> '{"sample": true}'
  and t.epic_id is null;
