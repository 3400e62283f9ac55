-- A year of what agents spent: 20 projects, 5,000 tasks, 30 agents, 12 models, sessions of 50 responses each.
-- Run in one transaction by bench/cost.py; `%(responses)s` is how many.

-- A number from 0 to below 1 that depends on n and on what it is for.
create function pg_temp.u(n bigint, what bigint) returns double precision
language sql immutable
begin atomic
  select (hashint8extended(n, what) & 4503599627370495) / 4503599627370496.0;
end;

insert into agents.agents (name, display_name, agent_type)
select 'spender-' || n, 'Spender ' || n, 'custom'
from generate_series(1, 30) as n;

insert into projects.projects (name, slug, key)
select 'Spending ' || n, 'spend-' || n, 'SP' || lpad(n::text, 2, '0')
from generate_series(1, 20) as n;

insert into work.epics (project_id, epic_id, title)
select p.id, 'EPIC-' || lpad(n::text, 3, '0'), 'Epic ' || n
from projects.projects as p
cross join generate_series(1, 10) as n
where p.slug like 'spend-%%';

insert into work.tasks (project_id, epic_id, number, title)
select p.id, e.id, 1 + (n - 1) / 20, 'Task number ' || n || ' of many'
from generate_series(1, 5000) as n
join projects.projects as p on p.slug = 'spend-' || (1 + n %% 20)
join work.epics as e on e.project_id = p.id and e.epic_id = 'EPIC-' || lpad((1 + n / 20 %% 10)::text, 3, '0')
order by n;

insert into telemetry.model_names (name, provider, model, found_by)
select m.name, m.provider, m.model, 'genai-prices'
from (values
  ('claude-opus-4-5-20251101', 'anthropic', 'claude-opus-4-5'), ('claude-sonnet-4-5-20250929', 'anthropic', 'claude-sonnet-4-5'),
  ('claude-haiku-4-5-20251001', 'anthropic', 'claude-haiku-4-5'), ('gpt-5.2', 'openai', 'gpt-5.2'), ('gpt-5-codex', 'openai', 'gpt-5'),
  ('gpt-5-mini', 'openai', 'gpt-5-mini'), ('o3', 'openai', 'o3'), ('gemini-2.5-pro', 'google', 'gemini-2.5-pro'),
  ('gemini-2.5-flash', 'google', 'gemini-2.5-flash'), ('deepseek-chat', 'deepseek', 'deepseek-chat'),
  ('grok-code-fast-1', 'x-ai', 'grok-code-fast-1'), ('a-model-of-ours', null, null)
) as m (name, provider, model)
on conflict (name) do nothing;

create temporary table session_of on commit drop as
select
  n, md5('bench session ' || n)::uuid as id, t.project_id, t.id as task_id, a.id as agent_id,
  (array['claude-code', 'claude-code', 'claude-code', 'codex', 'codex', 'gemini-cli'])[1 + floor(pg_temp.u(n, 4) * 6)::integer] as client,
  date_trunc('day', now()) - make_interval(secs => 364 * 86400 * pg_temp.u(n, 1)) as at,
  1 + floor(12 * power(pg_temp.u(n, 3), 2))::integer as model
from generate_series(1, greatest(%(responses)s / 50, 1)) as n
join (
  select row_number() over (order by w.project_id, w.number) as place, w.id, w.project_id from work.tasks as w
) as t on t.place = 1 + floor(5000 * power(pg_temp.u(n, 2), 2))::integer
join (
  select row_number() over (order by g.name) as place, g.id from agents.agents as g where g.name like 'spender-%%'
) as a on a.place = 1 + floor(30 * power(pg_temp.u(n, 5), 2))::integer;

insert into telemetry.agent_sessions (id, project_id, agent_id, external_id, registered_agent_id, title, start_time, last_seen_at)
select s.id, s.project_id, s.client, s.id::text, s.agent_id, 'Session ' || s.n, s.at, s.at + interval '75 minutes'
from session_of as s;

create temporary table model_of on commit drop as
select row_number() over (order by m.place) as place, m.name
from unnest(array[
  'claude-sonnet-4-5-20250929', 'claude-opus-4-5-20251101', 'gpt-5.2', 'gpt-5-codex', 'claude-haiku-4-5-20251001', 'gemini-2.5-pro',
  'gpt-5-mini', 'gemini-2.5-flash', 'o3', 'deepseek-chat', 'grok-code-fast-1', 'a-model-of-ours'
]) with ordinality as m (name, place);

create temporary table response_of on commit drop as
select
  kit.new_id() as id, s.id as session_id, s.project_id, case when s.n %% 10 > 0 then s.task_id end as task_id, s.agent_id,
  s.client, case when r %% 10 = 9 then 'claude-haiku-4-5-20251001' else m.name end as model,
  s.at + make_interval(secs => 90 * r) as at, (200 + 3000 * pg_temp.u(s.n * 50 + r, 6))::bigint as input,
  (50 + 2000 * pg_temp.u(s.n * 50 + r, 7))::bigint as output, (2000 * r + 20000 * pg_temp.u(s.n * 50 + r, 8))::bigint as cache_read,
  (4000 * pg_temp.u(s.n * 50 + r, 9))::bigint as cache_write
from session_of as s
join model_of as m on m.place = s.model
cross join generate_series(0, 49) as r;

insert into telemetry.token_usage (
  id, session_id, project_id, task_id, registered_agent_id, agent_id, model, at, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cost_usd, price_id, query_source, approximate
)
select
  r.id, r.session_id, r.project_id, r.task_id, r.agent_id, r.client, r.model, r.at, r.input, r.output, r.cache_read,
  r.cache_write, p.cost_usd, p.price_id, case when r.output %% 7 = 0 then 'compact' else 'repl_main_thread' end, r.output %% 500 = 0
from response_of as r
left join lateral telemetry.price_of(r.model, r.at, r.input, r.output, r.cache_read, r.cache_write, 0, 0) as p on true
order by r.at;

insert into telemetry.usage_sightings (
  source, source_key, usage_id, session_id, agent_id, model, at, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens
)
select
  'transcript', r.id::text, r.id, r.session_id, r.client, r.model, r.at, r.input, r.output, r.cache_read, r.cache_write
from response_of as r;
