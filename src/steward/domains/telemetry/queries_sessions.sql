-- name: resolve_session -> SessionId
-- The session that words mean: its id, the beginning of that, or what its client calls it.
select s.id, s.agent_id, s.project_id
from telemetry.agent_sessions as s
where s.id between %(low)s::uuid and %(high)s::uuid
union
select s.id, s.agent_id, s.project_id
from telemetry.agent_sessions as s
where s.external_id = %(words)s::text
order by id
limit 2;

-- name: session_clients -> text
-- Of which programs there are sessions.
select c.agent_id
from telemetry.session_clients as c
order by c.agent_id;

-- name: list_sessions -> SessionRow, planned anew
-- Sessions, the newest first, from a cursor on.
with page as materialized (
  select s.id
  from telemetry.agent_sessions as s
  where (%(project_id)s::uuid is null or s.project_id = %(project_id)s::uuid)
    and (%(client)s::text is null or s.agent_id = %(client)s::text)
    and (%(agent_id)s::uuid is null or s.registered_agent_id = %(agent_id)s::uuid)
    and (%(task_id)s::uuid is null or s.id = any (telemetry.sessions_of(%(task_id)s::uuid)))
    and (%(model)s::text is null or starts_with(s.model, %(model)s::text))
    and (%(outcome)s::text is null or s.outcome = %(outcome)s::text)
    and (%(since)s::timestamptz is null or s.start_time >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or s.start_time < %(until)s::timestamptz)
    and (%(text)s::text is null or strpos(s.search_text, lower(%(text)s::text)) > 0)
    and (%(state)s::text is null or telemetry.session_state(s.end_time, s.last_seen_at) = %(state)s::text)
    and (%(state)s::text is distinct from 'active' or s.last_seen_at >= now() - interval '30 minutes')
    and (%(parent_id)s::uuid is null or s.parent_session_id = %(parent_id)s::uuid)
    and (%(after_id)s::uuid is null or (s.start_time, s.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid))
  order by s.start_time desc, s.id desc
  limit %(limit)s::integer
)
select
  l.id, l.client, l.title, l.project, l.tasks, l.agent, l.model, l.state, l.started_at, l.ended_at, l.last_seen_at, l.duration_s,
  l.messages, l.tool_calls, l.tool_failures, l.responses, l.input_tokens, l.output_tokens, l.cache_read_tokens,
  l.cache_write_tokens, l.cost_usd, l.unpriced_calls, l.outcome, l.quality_score, l.git_branch, l.external_id, l.parent_session_id
from page
join telemetry.session_list as l on l.id = page.id
order by l.started_at desc, l.id desc;

-- name: get_sessions -> SessionRow
-- Sessions by their ids, the oldest first.
select
  l.id, l.client, l.title, l.project, l.tasks, l.agent, l.model, l.state, l.started_at, l.ended_at, l.last_seen_at, l.duration_s,
  l.messages, l.tool_calls, l.tool_failures, l.responses, l.input_tokens, l.output_tokens, l.cache_read_tokens,
  l.cache_write_tokens, l.cost_usd, l.unpriced_calls, l.outcome, l.quality_score, l.git_branch, l.external_id, l.parent_session_id
from telemetry.session_list as l
where l.id = any (%(ids)s::uuid[])
order by l.started_at, l.id;

-- name: session_figures -> SessionFigures
-- What a session did.
select
  v.quality_score, v.events_count, v.files_modified, v.lines_added, v.lines_removed, v.tokens_used, v.reasoning_tokens,
  v.commands_executed, v.errors_encountered, v.tests_run, v.tests_passed, v.build_attempts, v.build_successes, v.tools_ms,
  v.waited_ms
from telemetry.agent_session_summary as v
where v.id = %(id)s::uuid;

-- name: session_place -> SessionPlace
-- Where a session ran.
select s.agent_version, s.cwd, s.repository_url, s.git_commit, s.workspace_id, s.context, s.metrics
from telemetry.agent_sessions as s
where s.id = %(id)s::uuid;

-- name: session_tasks -> SessionTask
-- The tasks that a session worked on, in order.
select p.key || '-' || t.number as task, t.title, t.status, s.source, s.execution_id, s.from_at, s.until_at
from telemetry.session_tasks as s
join work.tasks as t on t.id = s.task_id
join projects.projects as p on p.id = t.project_id
where s.session_id = %(id)s::uuid
  and t.deleted_at is null
order by s.from_at, t.number
limit 100;

-- name: session_models -> ModelUse
-- What a session took of each model, the dearest first.
select
  u.model,
  count(*) as responses,
  sum(u.input_tokens)::bigint as input_tokens,
  sum(u.output_tokens)::bigint as output_tokens,
  sum(u.cache_read_tokens)::bigint as cache_read_tokens,
  sum(u.cache_write_tokens)::bigint as cache_write_tokens,
  coalesce(sum(u.cost_usd), 0) as cost_usd,
  count(*) filter (where u.cost_usd is null) as unpriced_calls
from telemetry.token_usage as u
where u.session_id = %(id)s::uuid
group by u.model
order by cost_usd desc, u.model;

-- name: session_parts -> SessionPart
-- The main conversation of a session and those of its subagents, in the order in which they began.
select
  x.subagent,
  sum(x.messages)::bigint as messages,
  sum(x.responses)::bigint as responses,
  sum(x.tokens)::bigint as total_tokens,
  sum(x.cost_usd) as cost_usd
from (
  select m.subagent, m."timestamp" as at, 1 as messages, 0 as responses, 0 as tokens, 0 as cost_usd
  from telemetry.chat_messages as m
  where m.session_id = %(id)s::uuid
  union all
  select
    u.subagent, u.at, 0, 1, u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens,
    coalesce(u.cost_usd, 0)
  from telemetry.token_usage as u
  where u.session_id = %(id)s::uuid
) as x
group by x.subagent
order by x.subagent is not null, min(x.at)
limit 200;

-- name: session_sources -> SourceCount
-- Who told of a session. A response is that of its session alone, also where transcripts of others hold copies of it.
select x.source, sum(x.responses)::bigint as responses, sum(x.messages)::bigint as messages
from (
  select s.source, count(distinct s.usage_id) as responses, 0 as messages
  from telemetry.token_usage as u
  join telemetry.usage_sightings as s on s.usage_id = u.id
  where u.session_id = %(id)s::uuid
  group by s.source
  union all
  select m.source, 0, count(*)
  from telemetry.chat_messages as m
  where m.session_id = %(id)s::uuid
  group by m.source
) as x
group by x.source
order by x.source;

-- name: session_transcripts -> TranscriptKept
-- The records that a session's client wrote.
select t.id, t.format, t.part, t.edition, t.lines, t.bytes, t.damaged_lines
from telemetry.transcripts as t
where t.session_id = %(id)s::uuid
order by t.part, t.edition, t.id
limit 500;

-- name: session_commits -> Commit
-- The commits that were made in a session.
select c.sha, c.committed_at, c.subject, c.branch
from telemetry.session_commits as c
where c.session_id = %(id)s::uuid
order by c.committed_at, c.sha
limit 500;

-- name: session_parents -> uuid
-- The session that one came from, and that one's; not round in a circle.
with recursive up (id, parent_id, depth) as (
  select s.id, s.parent_session_id, 0
  from telemetry.agent_sessions as s
  where s.id = %(id)s::uuid
  union all
  select s.id, s.parent_session_id, up.depth + 1
  from up
  join telemetry.agent_sessions as s on s.id = up.parent_id
  where up.depth < 10
)
select distinct up.id
from up
where up.id <> %(id)s::uuid;

-- name: update_session -> none
-- Add to what is known of a session.
select telemetry.update_session(%(id)s::uuid, %(context)s::jsonb, %(metrics)s::jsonb, %(title)s::text);

-- name: end_session -> none
-- End a session and keep how well it went.
select telemetry.end_session(%(id)s::uuid, %(outcome)s::text);

-- name: score_sessions -> int
-- Keep how well sessions went that have ended.
select telemetry.score_sessions(%(limit)s::integer);

-- name: session_pulse -> text
-- What changes whenever something is told of sessions.
select telemetry.session_pulse();

-- name: session_totals -> SessionTotals, planned anew
-- What sessions add up to.
select
  count(*) as sessions,
  count(*) filter (where x.state = 'active') as active,
  count(*) filter (where x.state = 'ended') as ended,
  count(*) filter (where x.state = 'silent') as silent,
  count(*) filter (where x.outcome = 'success') as success,
  count(*) filter (where x.outcome = 'partial') as partial,
  count(*) filter (where x.outcome = 'failure') as failure,
  count(*) filter (where x.outcome = 'abandoned') as abandoned,
  count(*) filter (where x.outcome = 'cancelled') as cancelled,
  coalesce(sum(x.duration_s), 0)::bigint as total_duration_s,
  round(avg(x.duration_s), 3) as avg_duration_s,
  round(avg(x.quality_score), 2) as avg_quality,
  coalesce(sum(x.responses), 0)::bigint as responses,
  coalesce(sum(x.tokens), 0)::bigint as tokens_used,
  coalesce(sum(x.cost_usd), 0) as cost_usd,
  coalesce(sum(x.unpriced_calls), 0)::bigint as unpriced_calls
from telemetry.session_amounts as x
where (%(project_id)s::uuid is null or x.project_id = %(project_id)s::uuid)
  and (%(client)s::text is null or x.client = %(client)s::text)
  and (%(since)s::timestamptz is null or x.started_at >= %(since)s::timestamptz)
  and (%(until)s::timestamptz is null or x.started_at < %(until)s::timestamptz);

-- name: session_time_buckets -> SessionBucket, planned anew
-- Sessions by the stretch of time in which they began.
select
  b.bucket, b.session_count, b.avg_duration, b.total_duration, b.tokens_used, b.cost_usd, b.avg_quality, b.scored_sessions
from telemetry.session_time_buckets(
  %(interval)s::text, %(project_id)s::uuid, %(client)s::text, %(since)s::timestamptz, %(until)s::timestamptz,
  %(limit)s::integer
) as b
order by b.bucket desc;
