-- Sessions as they are read: when they ended, what they did, how well they went.

-- When a session ended: as told; of one that nobody ended the last sign of life, once 30 minutes have been silent. One
-- that goes on more than a minute after its end was taken up again.
create function telemetry.session_end(p_end_time timestamptz, p_last_seen_at timestamptz) returns timestamptz
language sql stable parallel safe
begin atomic
  select case
    when p_last_seen_at <= p_end_time + interval '1 minute' then p_end_time
    when p_last_seen_at < now() - interval '30 minutes' then p_last_seen_at
  end;
end;

-- How a session stands: active, ended, or silent when nobody said that it ended.
create function telemetry.session_state(p_end_time timestamptz, p_last_seen_at timestamptz) returns text
language sql stable parallel safe
begin atomic
  select case
    when p_last_seen_at <= p_end_time + interval '1 minute' then 'ended'
    when p_last_seen_at < now() - interval '30 minutes' then 'silent'
    else 'active'
  end;
end;

-- A figure that a caller told of a session; what is no number, or none that can be, counts as nothing.
create function telemetry.told_count(p_metrics jsonb, p_name text) returns bigint
language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(p_metrics -> p_name)
    when 'number' then trunc(least(greatest((p_metrics ->> p_name)::numeric, 0), 1000000000000000))::bigint
  end;
end;

-- Quality from 0 to 100: 5 off for each error, 30 at most; 20 for the share of tests that failed and 20 for that of builds,
-- each only when there were any.
create function telemetry.quality_of(
  p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint
) returns numeric
language sql immutable parallel safe
begin atomic
  select round(greatest(0, least(100,
    100
    - least(5 * p_errors, 30)
    - coalesce(20 * (1 - least(p_tests_passed, p_tests_run)::numeric / nullif(p_tests_run, 0)), 0)
    - coalesce(20 * (1 - least(p_build_successes, p_build_attempts)::numeric / nullif(p_build_attempts, 0)), 0)
  )), 2);
end;

-- What was spent in sessions, one row for each that spent anything.
create view telemetry.session_spending with (security_invoker = true) as
select
  t.session_id,
  count(*) as responses,
  sum(t.input_tokens)::bigint as input_tokens,
  sum(t.output_tokens)::bigint as output_tokens,
  sum(t.cache_read_tokens)::bigint as cache_read_tokens,
  sum(t.cache_write_tokens)::bigint as cache_write_tokens,
  sum(t.reasoning_tokens)::bigint as reasoning_tokens,
  sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_write_tokens)::bigint as total_tokens,
  sum(t.cost_usd) as cost_usd,
  count(*) filter (where t.cost_usd is null) as unpriced_calls
from telemetry.token_usage as t
where t.session_id is not null
group by t.session_id;

-- What was spent in one session; a function, since a view that groups would be worked out for all of them in a join.
create function telemetry.spent_in(p_session_id uuid)
returns table (
  responses bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
  reasoning_tokens bigint, total_tokens bigint, cost_usd numeric, unpriced_calls bigint
)
language sql stable parallel safe
begin atomic
  select
    count(*),
    coalesce(sum(t.input_tokens), 0)::bigint,
    coalesce(sum(t.output_tokens), 0)::bigint,
    coalesce(sum(t.cache_read_tokens), 0)::bigint,
    coalesce(sum(t.cache_write_tokens), 0)::bigint,
    coalesce(sum(t.reasoning_tokens), 0)::bigint,
    coalesce(sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_write_tokens), 0)::bigint,
    coalesce(sum(t.cost_usd), 0),
    count(*) filter (where t.cost_usd is null)
  from telemetry.token_usage as t
  where t.session_id = p_session_id;
end;

-- What the tools of a session did. Errors are failures of other calls than tests and builds, which have rates of their own.
create function telemetry.done_in(p_session_id uuid)
returns table (
  tool_calls bigint, tool_failures bigint, errors bigint, files_modified bigint, lines_added bigint, lines_removed bigint,
  commands_executed bigint, tests_run bigint, tests_passed bigint, build_attempts bigint, build_successes bigint,
  tools_ms bigint, waited_ms bigint
)
language sql stable parallel safe
begin atomic
  select
    count(*),
    count(*) filter (where not c.success),
    count(*) filter (where not c.success and c.kind not in ('test', 'build')),
    count(distinct c.file_path) filter (where c.kind = 'write' and c.success is not false),
    coalesce(sum(c.lines_added) filter (where c.success is not false), 0)::bigint,
    coalesce(sum(c.lines_removed) filter (where c.success is not false), 0)::bigint,
    count(*) filter (where c.kind in ('command', 'test', 'build')),
    count(*) filter (where c.kind = 'test' and c.success is not null),
    count(*) filter (where c.kind = 'test' and c.success),
    count(*) filter (where c.kind = 'build' and c.success is not null),
    count(*) filter (where c.kind = 'build' and c.success),
    coalesce(sum(c.duration_ms), 0)::bigint,
    coalesce(sum(c.waited_ms), 0)::bigint
  from telemetry.tool_calls as c
  where c.session_id = p_session_id;
end;

-- Sessions with all that is derived of them. Figures that a caller told (metrics) count where they are the larger ones:
-- a client without tool calls of its own is believed. Events are tools used, responses and commits; messages are counted
-- apart.
create view telemetry.agent_session_summary with (security_invoker = true) as
select
  s.id, s.id as session_id, s.project_id, s.agent_id, s.agent_version, s.external_id, s.parent_session_id,
  s.registered_agent_id, s.user_id, s.workspace_id, s.title, s.cwd, s.git_branch, s.git_commit, s.repository_url,
  s.model, s.start_time, s.last_seen_at, s.end_time,
  telemetry.session_end(s.end_time, s.last_seen_at) as ended_at,
  telemetry.session_state(s.end_time, s.last_seen_at) as state,
  floor(extract(epoch from coalesce(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))::bigint
    as duration,
  s.outcome,
  telemetry.quality_of(f.errors_encountered, f.tests_run, f.tests_passed, f.build_attempts, f.build_successes)
    as quality_score,
  s.context, s.metrics,
  m.messages,
  d.tool_calls,
  d.tool_failures,
  d.tools_ms,
  d.waited_ms,
  u.responses,
  u.input_tokens,
  u.output_tokens,
  u.cache_read_tokens,
  u.cache_write_tokens,
  u.reasoning_tokens,
  u.cost_usd,
  u.unpriced_calls,
  f.events_count, f.files_modified, f.lines_added, f.lines_removed, f.tokens_used, f.commands_executed,
  f.errors_encountered, f.tests_run, f.tests_passed, f.build_attempts, f.build_successes,
  s.created_at, s.updated_at
from telemetry.agent_sessions as s
cross join lateral telemetry.done_in(s.id) as d
cross join lateral telemetry.spent_in(s.id) as u
cross join lateral (
  select count(*) as messages, count(*) filter (where c.kind = 'error') as errors
  from telemetry.chat_messages as c
  where c.session_id = s.id
) as m
cross join lateral (
  select
    greatest(d.tool_calls + u.responses + (
      select count(*)
      from telemetry.session_commits as g
      where g.session_id = s.id
    ), telemetry.told_count(s.metrics, 'eventsCount')) as events_count,
    greatest(d.files_modified, telemetry.told_count(s.metrics, 'filesModified')) as files_modified,
    greatest(d.lines_added, telemetry.told_count(s.metrics, 'linesAdded')) as lines_added,
    greatest(d.lines_removed, telemetry.told_count(s.metrics, 'linesRemoved')) as lines_removed,
    greatest(u.total_tokens, telemetry.told_count(s.metrics, 'tokensUsed')) as tokens_used,
    greatest(d.commands_executed, telemetry.told_count(s.metrics, 'commandsExecuted')) as commands_executed,
    greatest(d.errors + m.errors, telemetry.told_count(s.metrics, 'errorsEncountered')) as errors_encountered,
    greatest(d.tests_run, telemetry.told_count(s.metrics, 'testsRun')) as tests_run,
    greatest(d.tests_passed, telemetry.told_count(s.metrics, 'testsPassed')) as tests_passed,
    greatest(d.build_attempts, telemetry.told_count(s.metrics, 'buildAttempts')) as build_attempts,
    greatest(d.build_successes, telemetry.told_count(s.metrics, 'buildSuccesses')) as build_successes
) as f;

-- Sessions under the names of the table that devlog had.
create view telemetry.chat_sessions with (security_invoker = true) as
select
  s.id as session_id,
  s.workspace_id,
  s.agent_id as agent_type,
  s.model as model_id,
  s.start_time as started_at,
  telemetry.session_end(s.end_time, s.last_seen_at) as ended_at,
  (select count(*) from telemetry.chat_messages as c where c.session_id = s.id) as message_count,
  (select u.total_tokens from telemetry.spent_in(s.id) as u) as total_tokens,
  s.created_at
from telemetry.agent_sessions as s;

-- Add to what is known of a session: keys of context and metrics beside those that stand there, in one statement, so that
-- two who tell at once both stay.
create function telemetry.update_session(
  p_session_id uuid, p_context jsonb default null, p_metrics jsonb default null, p_title text default null
) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  update telemetry.agent_sessions
  set
    context = context || coalesce(p_context, '{}'),
    metrics = metrics || coalesce(p_metrics, '{}'),
    title = coalesce(left(p_title, 500), title),
    quality_score = case when p_metrics is null then quality_score end,
    last_seen_at = greatest(last_seen_at, clock_timestamp())
  where id = p_session_id;
  if not found then
    raise exception 'there is no session %', p_session_id using errcode = 'ST404';
  end if;
end
$$;

-- End a session, and keep how well it went. Ended again it keeps its end, unless it went on meanwhile.
create function telemetry.end_session(p_session_id uuid, p_outcome text default null, p_at timestamptz default null)
returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  update telemetry.agent_sessions
  set
    end_time = case
      when last_seen_at <= end_time + interval '1 minute' then end_time
      else greatest(coalesce(p_at, clock_timestamp()), last_seen_at)
    end,
    outcome = coalesce(p_outcome, outcome)
  where id = p_session_id;
  if not found then
    raise exception 'there is no session %', p_session_id using errcode = 'ST404';
  end if;
  perform telemetry.score_session(p_session_id);
end
$$;

-- Keep the quality of a session.
create function telemetry.score_session(p_session_id uuid) returns void
language sql
set search_path = telemetry, pg_temp
as $$
  update telemetry.agent_sessions as s
  set quality_score = v.quality_score
  from telemetry.agent_session_summary as v
  where s.id = p_session_id
    and v.id = s.id
$$;

-- Keep the quality of sessions that have ended and have no score; returns how many. One that somebody writes to just now
-- is left to the next time.
create function telemetry.score_sessions(p_limit integer) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  scored integer;
begin
  perform kit.authorize('telemetry:write');
  with due as (
    select s.id
    from telemetry.agent_sessions as s
    where s.quality_score is null
      and telemetry.session_end(s.end_time, s.last_seen_at) is not null
    order by s.last_seen_at desc
    limit p_limit
    for no key update skip locked
  )
  update telemetry.agent_sessions as s
  set quality_score = v.quality_score
  from due
  join telemetry.agent_session_summary as v on v.id = due.id
  where s.id = due.id;
  get diagnostics scored = row_count;
  return scored;
end
$$;

-- A word that changes whenever something is told of sessions.
create function telemetry.session_pulse() returns text
language sql volatile
security definer
set search_path = telemetry, pg_temp
as $$
  select concat_ws(
    '.',
    (select max(s.last_seen_at) from telemetry.agent_sessions as s),
    (select q.last_value + q.is_called::integer from telemetry.usage_deltas_id_seq as q)
  )
$$;

-- The begin of the stretch of time that a time belongs to; days, weeks and months are those of the installation's zone.
create function telemetry.bucket_of(p_at timestamptz, p_interval text) returns timestamptz
language sql stable
set search_path = kit, pg_temp
as $$
  select case
    when p_interval in ('1 day', '1 week', '1 month') then date_trunc(split_part(p_interval, ' ', 2), p_at, z.zone)
    else date_bin(p_interval::interval, p_at, timestamp '2000-01-03' at time zone z.zone)
  end
  from (
    select coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC') as zone
  ) as z
$$;

-- Sessions by the stretch of time in which they began, the newest first: how many, how long in the mean (s), their tokens and
-- cost, their mean quality. Sums stand beside the means, so that stretches can be put together.
create function telemetry.session_time_buckets(
  p_interval text, p_project_id uuid default null, p_agent_id text default null, p_from timestamptz default null,
  p_until timestamptz default null, p_limit integer default 1000
)
returns table (
  bucket timestamptz, session_count bigint, avg_duration numeric, total_duration bigint, tokens_used bigint,
  cost_usd numeric, avg_quality numeric, scored_sessions bigint
)
language plpgsql stable
set search_path = telemetry, pg_temp
as $$
begin
  if p_interval is null or p_interval not in (
    '1 minute', '5 minutes', '15 minutes', '30 minutes', '1 hour', '6 hours', '12 hours', '1 day', '1 week', '1 month'
  ) then
    raise exception 'interval: % is not allowed', coalesce(quote_literal(p_interval), 'nothing') using
      errcode = 'ST400', hint = 'take 1, 5, 15 or 30 minutes, 1, 6 or 12 hours, 1 day, 1 week or 1 month';
  end if;
  return query
  select
    telemetry.bucket_of(s.start_time, p_interval) as begin,
    count(*),
    round(avg(l.seconds), 3),
    sum(l.seconds)::bigint,
    coalesce(sum(u.total_tokens), 0)::bigint,
    coalesce(sum(u.cost_usd), 0),
    round(avg(s.quality_score), 2),
    count(s.quality_score)
  from telemetry.agent_sessions as s
  cross join lateral (
    select floor(extract(epoch from coalesce(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))
      as seconds
  ) as l
  left join lateral (
    select w.total_tokens, w.cost_usd
    from telemetry.session_spending as w
    where w.session_id = s.id
  ) as u on true
  where (p_project_id is null or s.project_id = p_project_id)
    and (p_agent_id is null or s.agent_id = p_agent_id)
    and s.start_time >= coalesce(p_from, '-infinity')
    and s.start_time < coalesce(p_until, 'infinity')
  group by 1
  order by 1 desc
  limit p_limit;
end
$$;

-- Sessions as lists show them: what can be counted by indexes, and the score that was kept. All is worked out for the rows
-- that are asked for alone.
create view telemetry.session_list with (security_invoker = true) as
select
  s.id,
  s.project_id,
  s.agent_id as client,
  s.title,
  p.slug as project,
  array(
    select k.key || '-' || t.number
    from (
      select x.task_id, min(x.from_at) as from_at
      from telemetry.session_tasks as x
      where x.session_id = s.id
      group by x.task_id
    ) as w
    join work.tasks as t on t.id = w.task_id and t.deleted_at is null
    join projects.projects as k on k.id = t.project_id
    order by w.from_at, t.number
    limit 5
  ) as tasks,
  a.name as agent,
  s.model,
  telemetry.session_state(s.end_time, s.last_seen_at) as state,
  s.start_time as started_at,
  telemetry.session_end(s.end_time, s.last_seen_at) as ended_at,
  s.last_seen_at,
  floor(extract(epoch from coalesce(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))::bigint
    as duration_s,
  (select count(*) from telemetry.chat_messages as c where c.session_id = s.id) as messages,
  (select count(*) from telemetry.tool_calls as c where c.session_id = s.id) as tool_calls,
  (select count(*) from telemetry.tool_calls as c where c.session_id = s.id and not c.success) as tool_failures,
  u.responses,
  u.input_tokens,
  u.output_tokens,
  u.cache_read_tokens,
  u.cache_write_tokens,
  u.cost_usd,
  u.unpriced_calls,
  s.outcome,
  s.quality_score,
  s.git_branch,
  s.external_id,
  s.parent_session_id
from telemetry.agent_sessions as s
join projects.projects as p on p.id = s.project_id
left join agents.agents as a on a.id = s.registered_agent_id
cross join lateral telemetry.spent_in(s.id) as u;

-- Sessions with what adds up: time, tokens, cost, quality.
create view telemetry.session_amounts with (security_invoker = true) as
select
  s.id,
  s.project_id,
  s.agent_id as client,
  s.start_time as started_at,
  telemetry.session_state(s.end_time, s.last_seen_at) as state,
  floor(extract(epoch from coalesce(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))::bigint
    as duration_s,
  s.outcome,
  s.quality_score,
  coalesce(u.responses, 0) as responses,
  coalesce(u.total_tokens, 0) as tokens,
  coalesce(u.cost_usd, 0) as cost_usd,
  coalesce(u.unpriced_calls, 0) as unpriced_calls
from telemetry.agent_sessions as s
left join telemetry.session_spending as u on u.session_id = s.id;

-- The programs of which there are sessions: one step of the index for each.
create view telemetry.session_clients with (security_invoker = true) as
with recursive step (agent_id) as (
  (
    select s.agent_id
    from telemetry.agent_sessions as s
    order by s.agent_id
    limit 1
  )
  union all
  select (
    select s.agent_id
    from telemetry.agent_sessions as s
    where s.agent_id > step.agent_id
    order by s.agent_id
    limit 1
  )
  from step
  where step.agent_id is not null
)
select step.agent_id
from step
where step.agent_id is not null;

-- The sessions that worked on a task, or of which a response belongs to it.
create function telemetry.sessions_of(p_task_id uuid) returns uuid[]
language sql stable
set search_path = telemetry, pg_temp
as $$
  select array(
    select s.session_id
    from telemetry.session_tasks as s
    where s.task_id = p_task_id
    union
    select u.session_id
    from telemetry.token_usage as u
    where u.task_id = p_task_id
      and u.session_id is not null
  )
$$;
