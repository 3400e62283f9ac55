-- The statements of bench.sessions.build, in order; each ends with a semicolon at the end of its line. Everything follows from
-- numbers by hashes. Sizes fall with the rank of a session: the largest has 5,000 responses, half have under 30.

create function pg_temp.u(n bigint, what bigint) returns double precision
language sql immutable
begin atomic
  select (hashint8extended(n, what) & 4503599627370495) / 4503599627370496.0;
end;

insert into projects.projects (name, slug, key)
select 'Bench ' || n, 'bench-' || n, 'B' || lpad(n::text, 3, '0')
from generate_series(1, 20) as n;

create temporary table plan as
select
  n,
  ('a0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id,
  greatest(1, round(5000 * power(n * 7919 % %(sessions)s + 1, -0.55)))::integer as size,
  p.id as project_id,
  now() - interval '1 hour' - make_interval(mins => (%(sessions)s - n) * 13) as at
from generate_series(1, %(sessions)s) as n
join projects.projects as p on p.slug = 'bench-' || (1 + floor(20 * power(pg_temp.u(n, 1), 2)))::integer;

insert into telemetry.agent_sessions (
  id, project_id, agent_id, agent_version, external_id, title, cwd, git_branch, model, start_time, last_seen_at, end_time, outcome,
  quality_score
)
select
  id, project_id, (array['claude-code', 'claude-code', 'codex', 'gemini-cli'])[1 + n % 4], '2.1.' || n % 9, id::text,
  'Mend the ' || (array['upload', 'queue', 'invoice', 'crash', 'login', 'report'])[1 + n % 6] || ' number ' || n,
  '/home/dev/bench', 'branch-' || n % 50,
  (array['claude-sonnet-4-5-20250929', 'claude-opus-4-1', 'gpt-5-codex', 'gemini-2.5-pro'])[1 + n % 4], at,
  at + make_interval(secs => size * 20), case when n % 3 = 0 then at + make_interval(secs => size * 20) end,
  case when n % 3 = 0 then (array['success', 'partial', 'failure'])[1 + n % 7 % 3] end, 70 + n % 30
from plan;

insert into telemetry.token_usage (
  id, session_id, project_id, agent_id, model, at, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd,
  reported_cost_usd
)
select
  kit.new_id(), p.id, p.project_id, 'claude-code', 'claude-sonnet-4-5-20250929', p.at + make_interval(secs => k * 20),
  (10 + 500 * pg_temp.u(p.n * 10000 + k, 2))::bigint, (50 + 2000 * pg_temp.u(p.n * 10000 + k, 3))::bigint,
  (20000 * pg_temp.u(p.n * 10000 + k, 4))::bigint, (900 * pg_temp.u(p.n * 10000 + k, 5))::bigint,
  pg_temp.u(p.n * 10000 + k, 6)::numeric(18, 9) / 20, null
from plan as p
cross join lateral generate_series(1, p.size) as k;

insert into telemetry.usage_sightings (source, source_key, usage_id, session_id, agent_id, model, at)
select 'transcript', 'bench:' || u.id, u.id, u.session_id, u.agent_id, u.model, u.at
from telemetry.token_usage as u;

create temporary table texts as
select
  n,
  (
    select string_agg(
      (array['the', 'a', 'test', 'queue', 'fails', 'because', 'file', 'lock', 'invoice', 'migration'])[1 + w * n % 10]
        || ' word' || floor(20000 * power(pg_temp.u(n * 100 + w, 7), 4))::integer, ' '
    )
    from generate_series(1, 24) as w
  ) as text
from generate_series(1, 20000) as n;

insert into telemetry.chat_messages (id, session_id, role, kind, content, "timestamp", sequence, source)
select
  kit.new_id(), p.id, case when k % 5 = 0 then 'user' else 'assistant' end, case when k % 4 = 1 then 'thinking' else 'text' end,
  t.text, p.at + make_interval(secs => k * 40), k, 'transcript'
from plan as p
cross join lateral generate_series(1, (p.size + 1) / 2) as k
join texts as t on t.n = 1 + (p.n * 31 + k * 17) % 20000;

insert into telemetry.tool_calls (
  session_id, call_id, name, kind, input, input_bytes, output, output_bytes, success, duration_ms, started_at, ended_at, sources
)
select
  p.id, 'toolu_' || p.n || '_' || k, (array['Bash', 'Read', 'Edit', 'Grep'])[1 + k % 4],
  (array['command', 'read', 'write', 'search'])[1 + k % 4], '{"command": "' || left(t.text, 120) || '"}', 140, left(t.text, 200), 900,
  k % 11 <> 0, 100 + k % 900, p.at + make_interval(secs => k * 40 + 5), p.at + make_interval(secs => k * 40 + 7),
  array['transcript']
from plan as p
cross join lateral generate_series(1, (p.size + 1) / 2) as k
join texts as t on t.n = 1 + (p.n * 13 + k * 7) % 20000;
