-- Sessions and what was said and done in them. Every source (transcript, OTLP, hook) tells what it knows through the
-- functions here and in code_usage.sql; each may be told anything again, in any order, and nothing counts twice.

create trigger touch before update on telemetry.agent_sessions
  for each row execute function kit.update_updated_at_column();
create trigger touch before update on telemetry.transcripts
  for each row execute function kit.update_updated_at_column();

-- The project of rows that belong to none.
create function telemetry.no_project() returns uuid
language sql immutable parallel safe
begin atomic
  select '00000000-0000-7000-8000-000000000001'::uuid;
end;

-- A time as told, but for one that is still to come: a client's clock may be wrong.
create function telemetry.not_ahead(p_at timestamptz) returns timestamptz
language sql stable parallel safe
begin atomic
  select case
    when p_at > statement_timestamp() + interval '1 minute' then statement_timestamp() + interval '1 minute' else p_at
  end;
end;

-- Note sessions that a source tells of; rows are locked in the order of their ids. Where a project or an agent became
-- known that was not, what was spent before is shared out anew.
create function telemetry.note_sessions(p_sessions jsonb) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  known jsonb;
  changed uuid[];
begin
  perform kit.authorize('telemetry:write');
  select coalesce(jsonb_object_agg(o.id, jsonb_build_array(o.project_id, o.registered_agent_id)), '{}') into known
  from (
    select s.id, s.project_id, s.registered_agent_id
    from telemetry.agent_sessions as s
    where s.id in (select n.id from jsonb_to_recordset(p_sessions) as n (id uuid))
    order by s.id
    for no key update
  ) as o;
  select array_agg(p.id order by p.id) into changed
  from telemetry.put_sessions(p_sessions) as p
  where not p.is_new
    and known -> p.id::text is distinct from jsonb_build_array(p.project_id, p.registered_agent_id);
  if changed is null then
    return;
  end if;
  -- Responses are taken in under the weaker lock on their session: each is either shared out below or sees the change.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id = any (changed)
  order by s.id
  for update;
  perform telemetry.attribute_sessions(changed);
end
$$;

-- Write down what is told of sessions and return what is known of them now. What is known stays unless more is known.
create function telemetry.put_sessions(p_sessions jsonb)
returns table (id uuid, project_id uuid, registered_agent_id uuid, is_new boolean)
language sql
set search_path = telemetry, kit, pg_temp
as $$
  insert into telemetry.agent_sessions as s (
    id, project_id, agent_id, agent_version, external_id, parent_session_id, user_id, workspace_id, registered_agent_id,
    title, cwd, git_branch, git_commit, repository_url, model, start_time, last_seen_at, end_time, context,
    project_certain
  )
  select
    n.id, coalesce(n.project_id, telemetry.no_project()), n.agent_id, n.agent_version, n.external_id, n.parent_session_id,
    coalesce(n.user_id, kit.actor_user()), n.workspace_id, n.registered_agent_id,
    left(n.title, 500), n.cwd, n.git_branch, n.git_commit, n.repository_url, n.model,
    telemetry.not_ahead(n.start_time), telemetry.not_ahead(greatest(n.last_seen_at, n.start_time)),
    telemetry.not_ahead(n.end_time), coalesce(n.context, '{}'),
    coalesce(n.project_certain, false)
  from jsonb_to_recordset(p_sessions) as n (
    id uuid, project_id uuid, agent_id text, agent_version text, external_id text, parent_session_id uuid, user_id uuid,
    workspace_id uuid, registered_agent_id uuid, title text, cwd text, git_branch text, git_commit text,
    repository_url text, model text, start_time timestamptz, last_seen_at timestamptz, end_time timestamptz,
    context jsonb, project_certain boolean
  )
  order by n.id
  on conflict (id) do update
  set
    project_id = case
      when excluded.project_id = telemetry.no_project() then s.project_id
      when s.project_id = telemetry.no_project() or (excluded.project_certain and not s.project_certain)
        then excluded.project_id
      else s.project_id
    end,
    project_certain = s.project_certain or excluded.project_certain,
    agent_version = coalesce(excluded.agent_version, s.agent_version),
    parent_session_id = coalesce(s.parent_session_id, excluded.parent_session_id),
    workspace_id = coalesce(s.workspace_id, excluded.workspace_id),
    registered_agent_id = coalesce(s.registered_agent_id, excluded.registered_agent_id),
    title = coalesce(excluded.title, s.title),
    cwd = coalesce(s.cwd, excluded.cwd),
    git_branch = coalesce(excluded.git_branch, s.git_branch),
    git_commit = coalesce(s.git_commit, excluded.git_commit),
    repository_url = coalesce(s.repository_url, excluded.repository_url),
    model = coalesce(excluded.model, s.model),
    start_time = least(s.start_time, excluded.start_time),
    last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
    end_time = greatest(s.end_time, excluded.end_time),
    context = s.context || excluded.context,
    -- What goes on is scored anew when it ends.
    quality_score = case when excluded.last_seen_at <= s.last_seen_at then s.quality_score end
  returning s.id, s.project_id, s.registered_agent_id, s.xmax = 0
$$;

-- How much a source's word of what was said is worth; the least is the best. Sources see the same words some time apart.
create function telemetry.source_rank(p_source text) returns integer
language sql immutable parallel safe
begin atomic
  select array_position(array['transcript', 'hook', 'otlp', 'api'], p_source);
end;

-- Keep what was said. The same words in the same session within ten minutes are one message: a transcript's entry comes
-- before what a hook saw, and that before an exporter's, whichever came first; returns how many messages are new.
create function telemetry.absorb_messages(p_messages jsonb) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made integer;
begin
  perform kit.authorize('telemetry:write');
  with told as (
    select
      m.id, m.session_id, m.role, m.kind, m.content, m."timestamp", m.sequence, m.source, m.subagent, m.model,
      m.metadata, md5(m.content)::uuid as digest
    from jsonb_to_recordset(p_messages) as m (
      id uuid, session_id uuid, role text, kind text, content text, "timestamp" timestamptz, sequence bigint,
      source text, subagent text, model text, metadata jsonb
    )
  ),
  replaced as (
    delete from telemetry.chat_messages as c
    using told as t
    where c.session_id = t.session_id
      and c.content_digest = t.digest
      and c.role = t.role
      and telemetry.source_rank(c.source) > telemetry.source_rank(t.source)
      and c."timestamp" between t."timestamp" - interval '10 minutes' and t."timestamp" + interval '10 minutes'
  )
  insert into telemetry.chat_messages (
    id, session_id, role, kind, content, "timestamp", sequence, source, subagent, model, metadata
  )
  select
    t.id, t.session_id, t.role, coalesce(t.kind, 'text'), t.content, t."timestamp", coalesce(t.sequence, 0), t.source,
    t.subagent, t.model, coalesce(t.metadata, '{}')
  from told as t
  where not exists (
    select
    from telemetry.chat_messages as c
    where c.session_id = t.session_id
      and c.content_digest = t.digest
      and c.role = t.role
      and telemetry.source_rank(c.source) < telemetry.source_rank(t.source)
      and c."timestamp" between t."timestamp" - interval '10 minutes' and t."timestamp" + interval '10 minutes'
  )
  order by t.id
  on conflict (id) do nothing;
  get diagnostics made = row_count;
  return made;
end
$$;

-- Keep which tools were used; sources complete one another. Returns how many calls were told of.
create function telemetry.absorb_tools(p_calls jsonb) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  told integer;
begin
  perform kit.authorize('telemetry:write');
  insert into telemetry.tool_calls as c (
    session_id, call_id, name, kind, input, input_bytes, output, output_bytes, success, error, decision, duration_ms,
    waited_ms, started_at, ended_at, subagent, file_path, lines_added, lines_removed, sources
  )
  select
    t.session_id, t.call_id, coalesce(t.name, ''), coalesce(t.kind, 'other'), t.input, t.input_bytes, t.output, t.output_bytes,
    t.success, t.error, t.decision, t.duration_ms, t.waited_ms, t.started_at, t.ended_at, t.subagent, t.file_path,
    t.lines_added, t.lines_removed, array[t.source]
  from jsonb_to_recordset(p_calls) as t (
    session_id uuid, call_id text, name text, kind text, input text, input_bytes bigint, output text,
    output_bytes bigint, success boolean, error text, decision text, duration_ms bigint, waited_ms bigint,
    started_at timestamptz, ended_at timestamptz, subagent text, file_path text, lines_added integer,
    lines_removed integer, source text
  )
  order by t.session_id, t.call_id
  on conflict (session_id, call_id) do update
  set
    name = case when c.name = '' then excluded.name else c.name end,
    -- Whoever knows what a command did knows more; whoever says nothing takes nothing away.
    kind = case
      when c.kind = 'other' or (c.kind = 'command' and excluded.kind <> 'other') then excluded.kind
      else c.kind
    end,
    input = coalesce(c.input, excluded.input),
    input_bytes = coalesce(c.input_bytes, excluded.input_bytes),
    output = coalesce(c.output, excluded.output),
    output_bytes = coalesce(c.output_bytes, excluded.output_bytes),
    success = coalesce(c.success, excluded.success),
    error = coalesce(c.error, excluded.error),
    decision = coalesce(c.decision, excluded.decision),
    duration_ms = coalesce(c.duration_ms, excluded.duration_ms),
    waited_ms = coalesce(c.waited_ms, excluded.waited_ms),
    started_at = least(c.started_at, excluded.started_at),
    ended_at = greatest(c.ended_at, excluded.ended_at),
    subagent = coalesce(c.subagent, excluded.subagent),
    file_path = coalesce(c.file_path, excluded.file_path),
    lines_added = coalesce(c.lines_added, excluded.lines_added),
    lines_removed = coalesce(c.lines_removed, excluded.lines_removed),
    sources = array(select distinct e from unnest(c.sources || excluded.sources) as e order by e);
  get diagnostics told = row_count;
  return told;
end
$$;

-- Keep which commits a session made.
create function telemetry.absorb_commits(p_commits jsonb) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  insert into telemetry.session_commits as c (session_id, sha, committed_at, subject, branch, source)
  select t.session_id, lower(t.sha), t.committed_at, left(t.subject, 500), t.branch, t.source
  from jsonb_to_recordset(p_commits) as t (
    session_id uuid, sha text, committed_at timestamptz, subject text, branch text, source text
  )
  order by t.session_id, lower(t.sha)
  on conflict (session_id, sha) do update
  set
    committed_at = least(c.committed_at, excluded.committed_at),
    subject = coalesce(c.subject, excluded.subject),
    branch = coalesce(c.branch, excluded.branch);
end
$$;

-- Keep on which tasks a session worked; a further word about a stretch makes it longer. What the session spent is shared
-- out anew, which is why the order of words and responses does not matter.
create function telemetry.absorb_ties(p_ties jsonb) returns void
language plpgsql
security definer
set search_path = telemetry, work, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:write');
  -- Responses are taken in under the weaker lock on their session: each is either shared out below or sees the tie.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id in (select t.session_id from jsonb_to_recordset(p_ties) as t (session_id uuid))
  order by s.id
  for update;
  perform telemetry.attribute_within(
    array_agg(r.session_id), array_agg(r.from_at), array_agg(r.until_at)
  )
  from (
    select p.session_id, min(p.from_at) as from_at, max(p.until_at) as until_at
    from telemetry.put_ties(p_ties) as p
    group by p.session_id
  ) as r;
end
$$;

-- Write down stretches of work and return between which times something changed by it: a stretch that only went on
-- concerns what came after its former end. The caller holds the sessions.
create function telemetry.put_ties(p_ties jsonb)
returns table (session_id uuid, from_at timestamptz, until_at timestamptz)
language sql
set search_path = telemetry, work, pg_temp
as $$
  with told as (
    select
      t.session_id, t.task_id, t.source, coalesce(t.stretch, '') as stretch, e.id as execution_id, t.from_at, t.until_at
    from jsonb_to_recordset(p_ties) as t (
      session_id uuid, task_id uuid, source text, stretch text, execution_id uuid, from_at timestamptz,
      until_at timestamptz
    )
    join work.tasks as w on w.id = t.task_id
    left join telemetry.agent_executions as e on e.id = t.execution_id and e.task_id = t.task_id
  ),
  before as (
    select s.session_id, s.task_id, s.source, s.stretch, s.execution_id, s.from_at, s.until_at
    from telemetry.session_tasks as s
    join told as t using (session_id, task_id, source, stretch)
  ),
  put as (
    insert into telemetry.session_tasks as s (session_id, task_id, source, stretch, execution_id, from_at, until_at)
    select t.session_id, t.task_id, t.source, t.stretch, t.execution_id, t.from_at, t.until_at
    from told as t
    order by t.session_id, t.task_id, t.source, t.stretch
    on conflict (session_id, task_id, source, stretch) do update
    set
      from_at = least(s.from_at, excluded.from_at),
      until_at = greatest(s.until_at, excluded.until_at),
      execution_id = coalesce(s.execution_id, excluded.execution_id)
    where excluded.from_at < s.from_at
      or greatest(s.until_at, excluded.until_at) is distinct from s.until_at
      or (s.execution_id is null and excluded.execution_id is not null)
    returning session_id, task_id, source, stretch, execution_id, from_at, until_at
  )
  select
    p.session_id,
    case
      when b.from_at = p.from_at and b.execution_id is not distinct from p.execution_id then least(b.until_at, p.until_at)
      else p.from_at
    end,
    case when b.session_id is not null and b.until_at is null then 'infinity' else coalesce(p.until_at, 'infinity') end
  from put as p
  left join before as b using (session_id, task_id, source, stretch)
$$;

-- Take in what a source tells, each part null where it tells nothing of it; returns how much of it was new.
create function telemetry.absorb(
  p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb,
  out messages integer, out tools integer, out responses integer
)
language plpgsql
set search_path = telemetry, pg_temp
as $$
begin
  if p_sessions is not null then
    perform telemetry.note_sessions(p_sessions);
  end if;
  messages := case when p_messages is null then 0 else telemetry.absorb_messages(p_messages) end;
  tools := case when p_tools is null then 0 else telemetry.absorb_tools(p_tools) end;
  if p_commits is not null then
    perform telemetry.absorb_commits(p_commits);
  end if;
  responses := case when p_usage is null then 0 else telemetry.absorb_usage(p_usage) end;
  if p_ties is not null then
    perform telemetry.absorb_ties(p_ties);
  end if;
end
$$;
