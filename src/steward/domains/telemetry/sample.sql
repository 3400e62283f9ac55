-- Sample sessions on the sample work: one that ended well, one that goes on. Idempotent: laid once, as they were told then.
with told as (
  select s.id, s.task_id, s.title, s.branch, s.begun, s.lasted, s.over
  from (
    values
      (
        '01900000-0000-7000-800a-000000000001'::uuid, '01900000-0000-7000-8001-000000000004'::uuid,
        'Client class: pool, queries, transactions', 'client-class', interval '5 hours', interval '9 minutes', true
      ),
      (
        '01900000-0000-7000-800a-000000000002', '01900000-0000-7000-8001-000000000007', 'MCP server: the first tool',
        'mcp-server', interval '6 minutes', interval '5 minutes', false
      )
  ) as s (id, task_id, title, branch, begun, lasted, over)
)
insert into telemetry.agent_sessions (
  id, project_id, agent_id, agent_version, external_id, registered_agent_id, title, cwd, git_branch, model, start_time,
  last_seen_at, end_time, outcome, project_certain
)
select
  t.id, w.project_id, 'claude-code', '2.1.0', t.id::text, a.id, t.title, '/home/engineer-1/consilio', t.branch,
  'claude-sonnet-4-5-20250929', now() - t.begun, now() - t.begun + t.lasted,
  case when t.over then now() - t.begun + t.lasted end, case when t.over then 'success' end, true
from told as t
join work.tasks as w on w.id = t.task_id
join agents.agents as a on a.name = 'codegen'
on conflict do nothing;

insert into telemetry.chat_messages (id, session_id, role, kind, content, "timestamp", sequence, source, subagent)
select
  ('01900000-0000-7000-800b-0000000000' || lpad(m.n::text, 2, '0'))::uuid, s.id, m.role, m.kind, m.content,
  s.start_time + make_interval(secs => m.second), m.n, 'transcript', m.subagent
from (
  values
    (1, 1, 'user', 'text', 0, null, 'Write the client class: a pool, typed queries, transactions. Every helper gets a test.'),
    (
      2, 1, 'assistant', 'thinking', 8, null,
      'The pages ask five questions. One function for each, all through one pool. First see what is there already.'
    ),
    (3, 1, 'assistant', 'text', 8, null, 'I look at what is there, then write the pool.'),
    (4, 1, 'user', 'text', 40, 'explorer', 'Which queries do the pages send today?'),
    (5, 1, 'assistant', 'text', 70, 'explorer', 'Five, all in `src/pages`; two of them open a connection of their own.'),
    (
      6, 1, 'assistant', 'text', 500, null,
      E'The client is done:\n\n- one pool of **five** connections,\n- `query()` and `transaction()` with types,\n'
        || '- a test for each.\n\nThe two pages that opened connections of their own use it now.'
    ),
    (11, 2, 'user', 'text', 0, null, 'Begin with the MCP server: one tool, `list_tasks`, end to end.'),
    (12, 2, 'assistant', 'text', 12, null, 'I begin with the smallest server that answers, and its test.'),
    (13, 2, 'assistant', 'error', 200, null, 'The model was overloaded; trying again.')
) as m (n, session, role, kind, second, subagent, content)
join telemetry.agent_sessions as s on s.id = ('01900000-0000-7000-800a-00000000000' || m.session)::uuid
on conflict do nothing;

insert into telemetry.tool_calls (
  session_id, call_id, name, kind, input, output, success, error, duration_ms, waited_ms, started_at, ended_at, file_path,
  lines_added, lines_removed, sources
)
select
  s.id, 'sample-' || c.n, c.name, c.kind, c.input, c.output, c.success, c.error, c.ms, c.waited,
  s.start_time + make_interval(secs => c.second), s.start_time + make_interval(secs => c.second + c.ms / 1000.0), c.file,
  c.added, c.removed, array['transcript']
from (
  values
    (1, 1, 10, 'Grep', 'search', '{"pattern": "new Client", "path": "src"}', 'src/pages/list.ts:12', true, null, 90, null, null, null::int, null::int),
    (
      2, 1, 120, 'Write', 'write', '{"file_path": "src/client.ts"}', 'The file was written.', true, null, 30, 2400, 'src/client.ts',
      128, 0
    ),
    (
      3, 1, 180, 'Bash', 'test', '{"command": "npm test -- client"}', E'1 failing\n  pool gives connections back', false,
      'Exit code 1', 6100, null, null, null, null
    ),
    (
      4, 1, 240, 'Edit', 'write', '{"file_path": "src/client.ts"}', 'The file was updated.', true, null, 25, null, 'src/client.ts',
      6, 2
    ),
    (5, 1, 300, 'Bash', 'test', '{"command": "npm test -- client"}', '14 passing', true, null, 5800, null, null, null, null),
    (11, 2, 60, 'Write', 'write', '{"file_path": "src/mcp/server.ts"}', 'The file was written.', true, null, 22, null, 'src/mcp/server.ts', 64, 0),
    (12, 2, 280, 'Bash', 'command', '{"command": "node dist/mcp/server.js --check"}', null, null, null, null, null, null, null, null)
) as c (n, session, second, name, kind, input, output, success, error, ms, waited, file, added, removed)
join telemetry.agent_sessions as s on s.id = ('01900000-0000-7000-800a-00000000000' || c.session)::uuid
on conflict do nothing;

insert into telemetry.session_commits (session_id, sha, committed_at, subject, branch, source)
select s.id, 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', s.start_time + interval '8 minutes', 'Add the client class', s.git_branch, 'transcript'
from telemetry.agent_sessions as s
where s.id = '01900000-0000-7000-800a-000000000001'
on conflict do nothing;

insert into telemetry.session_tasks (session_id, task_id, source, from_at)
select s.id, w.id, 'run', s.start_time
from (
  values
    ('01900000-0000-7000-800a-000000000001'::uuid, '01900000-0000-7000-8001-000000000004'::uuid),
    ('01900000-0000-7000-800a-000000000002', '01900000-0000-7000-8001-000000000007')
) as t (session_id, task_id)
join telemetry.agent_sessions as s on s.id = t.session_id
join work.tasks as w on w.id = t.task_id
on conflict do nothing;

-- What responses took goes the way of all that is told: by the names of responses, each counted once.
select telemetry.absorb_usage((
  select jsonb_agg(jsonb_build_object(
    'source', 'transcript', 'source_key', 'sample-' || u.n, 'keys', jsonb_build_array('sample:msg:' || u.n),
    'agent_id', s.agent_id, 'model', s.model, 'at', s.start_time + make_interval(secs => u.second), 'session_id', s.id,
    'input_tokens', u.input, 'output_tokens', u.output, 'cache_read_tokens', u.cached, 'cache_write_tokens', u.written,
    'reported_cost_usd', u.usd, 'subagent', u.subagent
  ))
  from (
    values
      (1, 1, 8, 12, 310, 14200, 5100, 0.0280, null),
      (2, 1, 70, 9, 120, 3100, 900, 0.0062, 'explorer'),
      (3, 1, 119, 14, 2900, 19400, 1200, 0.0538, null),
      (4, 1, 239, 8, 410, 22800, 600, 0.0153, null),
      (5, 1, 500, 10, 260, 24100, 300, 0.0123, null),
      (11, 2, 12, 11, 180, 9800, 6200, 0.0290, null),
      (12, 2, 59, 9, 1500, 15900, 800, 0.0303, null)
  ) as u (n, session, second, input, output, cached, written, usd, subagent)
  join telemetry.agent_sessions as s on s.id = ('01900000-0000-7000-800a-00000000000' || u.session)::uuid
  where not exists (select from telemetry.usage_keys as k where k.key = 'sample:msg:' || u.n)
))
where exists (select from telemetry.agent_sessions as s where s.id = '01900000-0000-7000-800a-000000000001')
  and not exists (select from telemetry.usage_keys as k where k.key = 'sample:msg:1');

select telemetry.score_sessions(10);
