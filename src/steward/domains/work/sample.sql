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

-- An agent that works on the MCP server and asks a person how to go on. The claim and the question come about as any do.
select work.start_task(c.task_id, c.token),
  work.ask_question(
    c.task_id, c.token,
    'Clients may connect over **stdio** or over **HTTP**. Both cost about a day; which one shall come first?',
    array['stdio first', 'HTTP first', 'both at once'], 8
  )
from agents.agents as a
join work.tasks as t on t.id = '01900000-0000-7000-8001-000000000007' and t.status = 'pending' and t.deleted_at is null
cross join lateral work.claim_tasks(a.id, t.project_id, p_task_id => t.id) as c
where a.name = 'codegen'
  and not exists (select from work.questions as q where q.task_id = t.id)
  and exists (select from work.ready_queue as r where r.task_id = t.id and r.agent_id is null);

insert into work.comments (id, project_id, task_id, issue_id, author, content)
select s.id, p.id, s.task_id, s.issue_id, 'engineer-1', s.content
from (
  values
    (
      '01900000-0000-7000-8005-000000000001'::uuid, '01900000-0000-7000-8001-000000000003'::uuid, null::uuid,
      'The pool is done; **queries** are next. Please keep one function for each question that the pages ask.'
    ),
    (
      '01900000-0000-7000-8005-000000000002', null, '01900000-0000-7000-8003-000000000003',
      'Seen from two machines, so it is not the network.'
    )
) as s (id, task_id, issue_id, content)
join projects.projects as p on p.slug = 'consilio' and p.deleted_at is null
where exists (select from work.tasks as t where t.id = s.task_id)
  or exists (select from work.issues as i where i.id = s.issue_id)
on conflict do nothing;

insert into work.devlog_entries (
  id, project_id, key_field, title, type, description, status, priority, assignee, business_context, technical_context,
  tags, files, closed_at
)
select
  s.id, p.id, s.key, s.title, s.type, s.description, s.status, s.priority, 'engineer-1', s.business, s.technical, s.tags,
  s.files, case when s.status = 'done' then now() - interval '2 days' end
from (
  values
    (
      '01900000-0000-7000-8006-000000000001'::uuid, 'one-database', 'One database for everything', 'feature',
      'Three stores held the same facts and disagreed. Now there is one, started by one command.', 'done', 'high',
      '{"goal": "one place to look"}'::jsonb, '{"server": "PostgreSQL 18", "extension": "pgvector"}'::jsonb,
      array['database'], array['docker-compose.yml', 'schema.sql']
    ),
    (
      '01900000-0000-7000-8006-000000000002', 'slow-first-query', 'The first query is slow', 'bugfix',
      'After a restart the first query takes 400 ms, the next ones 3 ms.', 'in-progress', 'medium',
      '{}', '{"suspects": ["pool", "plan cache"]}', array['database', 'speed'], array['src/client.ts']
    )
) as s (id, key, title, type, description, status, priority, business, technical, tags, files)
join projects.projects as p on p.slug = 'consilio' and p.deleted_at is null
on conflict do nothing;

insert into work.devlog_notes (id, project_id, devlog_id, category, content, author)
select s.id, e.project_id, e.id, s.category, s.content, s.author
from (
  values
    (
      '01900000-0000-7000-8007-000000000001'::uuid, '01900000-0000-7000-8006-000000000002'::uuid, 'issue',
      'Only the first query of each connection is slow, so it is the *pool*, not the server.', 'engineer-1'
    ),
    (
      '01900000-0000-7000-8007-000000000002', '01900000-0000-7000-8006-000000000002', 'idea',
      'Open two connections when the process starts.', 'debugger'
    )
) as s (id, entry_id, category, content, author)
join work.devlog_entries as e on e.id = s.entry_id
on conflict do nothing;

insert into work.devlog_dependencies (id, project_id, devlog_id, type, description, target_devlog_id)
select '01900000-0000-7000-8008-000000000001', e.project_id, e.id, 'related-to', 'Came with the new database', o.id
from work.devlog_entries as e
join work.devlog_entries as o on o.id = '01900000-0000-7000-8006-000000000001'
where e.id = '01900000-0000-7000-8006-000000000002'
on conflict do nothing;

-- What a routing of the work on secrets told, and the figures of the workflow.
with scored as (
  select s.agent_id, s.agent, s.eligible, s.score, s.fit, s.success, s.load, s.cost, s.finished, s.failed, s.held, s.missing
  from agents.score_agents(array['secret_detection']) as s
)
insert into agents.agent_routing_decisions (id, project_id, task_id, required_capabilities, agent_id, score, candidates, decided_by)
select
  '01900000-0000-7000-8009-000000000001', t.project_id, t.id, array['secret_detection'], best.agent_id, best.score,
  (select jsonb_agg(to_jsonb(s) order by s.eligible desc, s.score desc) from scored as s), 'orchestrator'
from work.tasks as t
join scored as best on best.agent = 'security'
where t.id = '01900000-0000-7000-8001-000000000008'
on conflict do nothing;

select work.calculate_workflow_analytics(w.id)
from work.workflows as w
where w.id = '01900000-0000-7000-8004-000000000001'
  and not exists (select from work.workflow_analytics as a where a.workflow_id = w.id);
