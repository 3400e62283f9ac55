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
select p.id, 8
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
