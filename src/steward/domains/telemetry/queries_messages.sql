-- name: entries_after -> EntryKey
-- The places of a conversation behind one.
select e.at, e.rank, e.sequence, e.id
from telemetry.entries_after(
  %(session_id)s::uuid, %(part)s::text, coalesce(%(at)s::timestamptz, '-infinity'), coalesce(%(rank)s::integer, -1),
  coalesce(%(sequence)s::bigint, 0), coalesce(%(id)s::text, ''), %(limit)s::integer
) as e
order by e.at, e.rank, e.sequence, e.id collate "C";

-- name: entries_before -> EntryKey
-- The places of a conversation before one, the last first.
select e.at, e.rank, e.sequence, e.id
from telemetry.entries_before(
  %(session_id)s::uuid, %(part)s::text, coalesce(%(at)s::timestamptz, 'infinity'), coalesce(%(rank)s::integer, 9),
  coalesce(%(sequence)s::bigint, 0), coalesce(%(id)s::text, ''), %(limit)s::integer
) as e
order by e.at desc, e.rank desc, e.sequence desc, e.id collate "C" desc;

-- name: messages_by_id -> Message
-- What was said, by ids; very long texts are cut, some were when they came in.
select
  m.id, m.role, m.kind, left(m.content, %(most)s::integer) as content,
  coalesce((m.metadata ->> 'cut_from')::integer, length(m.content)) as length, m."timestamp", m.source, m.subagent, m.model
from telemetry.chat_messages as m
where m.id = any (%(ids)s::uuid[]);

-- name: tools_by_id -> ToolCall
-- Tools that were used in a session, by their names there.
select
  c.session_id, c.call_id, c.name, c.kind, c.input, c.input_bytes, c.output, c.output_bytes, c.success, c.error, c.decision,
  c.duration_ms, c.waited_ms, coalesce(c.started_at, c.ended_at, c.created_at) as at, c.ended_at, c.subagent, c.file_path,
  c.lines_added, c.lines_removed
from telemetry.tool_calls as c
where c.session_id = %(session_id)s::uuid
  and c.call_id = any (%(ids)s::text[]);

-- name: responses_by_id -> Response
-- What responses took, by ids.
select
  u.id, u.at, u.model, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.reasoning_tokens,
  u.cost_usd, u.duration_ms, u.subagent, u.approximate, p.key || '-' || t.number as task
from telemetry.token_usage as u
left join work.tasks as t on t.id = u.task_id
left join projects.projects as p on p.id = t.project_id
where u.id = any (%(ids)s::uuid[]);

-- name: commits_by_id -> Commit
-- Commits of a session, by their hashes.
select c.sha, c.committed_at, c.subject, c.branch
from telemetry.session_commits as c
where c.session_id = %(session_id)s::uuid
  and c.sha = any (%(ids)s::text[]);

-- name: list_tools -> ToolCall, planned anew
-- Tools that were used in a session, in order, from a cursor on.
select
  c.session_id, c.call_id, c.name, c.kind, c.input, c.input_bytes, c.output, c.output_bytes, c.success, c.error, c.decision,
  c.duration_ms, c.waited_ms, coalesce(c.started_at, c.ended_at, c.created_at) as at, c.ended_at, c.subagent, c.file_path,
  c.lines_added, c.lines_removed
from telemetry.tool_calls as c
where c.session_id = %(session_id)s::uuid
  and (%(name)s::text is null or c.name = %(name)s::text)
  and (%(kind)s::text is null or c.kind = %(kind)s::text)
  and (not %(failed)s::boolean or not c.success)
  and (
    %(after_id)s::text is null
    or (coalesce(c.started_at, c.ended_at, c.created_at), c.call_id) > (%(after_time)s::timestamptz, %(after_id)s::text)
  )
order by coalesce(c.started_at, c.ended_at, c.created_at), c.call_id
limit %(limit)s::integer;

-- name: tool_stats -> ToolUse, planned anew
-- How tools were used: those that were called most first.
select
  c.name,
  min(c.kind) as kind,
  count(*) as calls,
  count(*) filter (where not c.success) as failures,
  count(distinct c.session_id) as sessions,
  round(avg(c.duration_ms), 1) as avg_ms,
  percentile_disc(0.5) within group (order by c.duration_ms) as median_ms,
  max(c.duration_ms) as max_ms,
  coalesce(sum(c.duration_ms), 0)::bigint as total_ms,
  coalesce(sum(c.waited_ms), 0)::bigint as waited_ms
from telemetry.agent_sessions as s
join telemetry.tool_calls as c on c.session_id = s.id
where (%(session_id)s::uuid is null or s.id = %(session_id)s::uuid)
  and (%(project_id)s::uuid is null or s.project_id = %(project_id)s::uuid)
  and (%(client)s::text is null or s.agent_id = %(client)s::text)
  and (%(since)s::timestamptz is null or s.start_time >= %(since)s::timestamptz)
  and (%(until)s::timestamptz is null or s.start_time < %(until)s::timestamptz)
group by c.name
order by calls desc, c.name
limit %(limit)s::integer;

-- name: search_messages -> FoundMessage
-- Messages that hold words, the newest first, from a cursor on.
select
  m.id, m.session_id, s.agent_id as client, s.title as session_title, p.slug as project, m.role, m.kind, m."timestamp",
  left(m.content, 100000) as body, tsvector_to_array(to_tsvector('simple', %(text)s::text)) as marks
from telemetry.find_messages(
  %(text)s::text, %(project_id)s::uuid, %(session_id)s::uuid, %(after_time)s::timestamptz, %(after_id)s::uuid,
  %(limit)s::integer
) as f
join telemetry.chat_messages as m on m.id = f.id
join telemetry.agent_sessions as s on s.id = m.session_id
join projects.projects as p on p.id = s.project_id
order by m."timestamp" desc, m.id desc;

-- name: has_words -> bool
-- Whether a text holds a word to search for.
select numnode(websearch_to_tsquery('simple', %(text)s::text)) > 0;

-- name: raw_lines -> RawLine
-- The lines of a session's records as they were, from a cursor on; very long ones are cut.
select
  l.transcript_id, t.format, t.part, l.line_no, l.kind, l.damage, length(l.line) as length,
  left(l.line, %(most)s::integer) as line
from telemetry.transcripts as t
join telemetry.transcript_lines as l on l.transcript_id = t.id
where t.session_id = %(session_id)s::uuid
  and (%(part)s::text is null or t.part = %(part)s::text)
  and (
    %(after_line)s::bigint is null
    or (l.transcript_id, l.line_no) > (%(after_id)s::uuid, %(after_line)s::bigint)
  )
order by l.transcript_id, l.line_no
limit %(limit)s::integer;
