"""telemetry: sessions, transcripts, messages, tool calls, executions"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0014"
down_revision = "0013"

UP = r"""
create schema telemetry;
grant usage on schema telemetry to steward_app, steward_agent, steward_readonly, steward_backup;
alter default privileges in schema telemetry grant select on tables to steward_app, steward_readonly, steward_backup;
alter default privileges in schema telemetry grant select on sequences to steward_backup;
alter default privileges in schema telemetry grant execute on functions
to steward_app, steward_agent, steward_readonly;

insert into kit.permissions (role, permission) values
  ('user', 'telemetry:write'),
  ('service', 'telemetry:write'),
  ('agent', 'telemetry:write');

-- A batch may be told of at once, and a person's write that ends an agent's claim is told of too.
alter table work.extension_points add column at_once boolean not null default false;
alter table work.extension_points drop constraint extension_points_point_check;
alter table work.extension_points add constraint extension_points_point_check
check (point in (
  'may_claim', 'on_claim', 'on_start', 'on_finish', 'on_fail', 'on_give_back', 'on_expire', 'on_release'
));

-- A third source of routing: what a finished task of an agent cost.
alter table agents.routing_sources drop constraint routing_sources_kind_check;
alter table agents.routing_sources add constraint routing_sources_kind_check
check (kind in ('task', 'figures', 'cost'));

create table telemetry.agent_sessions (
  id uuid primary key,
  project_id uuid not null references projects.projects (id) on delete cascade,
  agent_id text not null check (agent_id ~ '\S' and length(agent_id) <= 100),
  agent_version text,
  external_id text not null check (external_id ~ '\S' and length(external_id) <= 500),
  parent_session_id uuid,
  registered_agent_id uuid references agents.agents (id),
  user_id uuid references accounts.users (id) on delete set null,
  workspace_id uuid references projects.workspaces (id) on delete set null,
  title text,
  cwd text,
  git_branch text,
  git_commit text,
  repository_url text,
  model text,
  start_time timestamptz not null,
  last_seen_at timestamptz not null,
  end_time timestamptz,
  outcome text check (outcome in ('success', 'partial', 'failure', 'abandoned', 'cancelled')),
  quality_score numeric(5, 2) check (quality_score between 0 and 100),
  context jsonb not null default '{}' check (jsonb_typeof(context) = 'object'),
  metrics jsonb not null default '{}' check (jsonb_typeof(metrics) = 'object'),
  -- Whoever named the project itself is believed before what was guessed from a path.
  project_certain boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (last_seen_at >= start_time)
);
comment on table telemetry.agent_sessions is
  'A session of a coding agent''s client (claude-code, codex …), whoever told of it: transcript, OTLP or hook.';
-- A session found by its client's name for it. Not unique: the id is made of both, and a second one would refuse
-- one of two sources that tell of a new session at once.
create index agent_sessions_external on telemetry.agent_sessions (external_id, agent_id);
-- Lists: all, of a project, of a client; the newest first.
create index agent_sessions_new on telemetry.agent_sessions (start_time desc, id desc);
create index agent_sessions_project on telemetry.agent_sessions (project_id, start_time desc, id desc);
-- What is going on now, told ended or not: a session that was ended may be taken up again.
create index agent_sessions_seen on telemetry.agent_sessions (last_seen_at desc, id desc);
-- What has no score yet.
create index agent_sessions_unscored on telemetry.agent_sessions (last_seen_at desc) where quality_score is null;
-- Sessions of an agent, a user, a workspace; subagents of a session.
create index agent_sessions_agent on telemetry.agent_sessions (registered_agent_id)
where registered_agent_id is not null;
create index agent_sessions_user on telemetry.agent_sessions (user_id) where user_id is not null;
create index agent_sessions_workspace on telemetry.agent_sessions (workspace_id) where workspace_id is not null;
create index agent_sessions_parent on telemetry.agent_sessions (parent_session_id) where parent_session_id is not null;

create table telemetry.chat_messages (
  id uuid primary key,
  session_id uuid not null references telemetry.agent_sessions (id) on delete cascade,
  role text not null check (role in ('user', 'assistant', 'system')),
  kind text not null default 'text' check (kind in ('text', 'thinking', 'summary', 'notice', 'error')),
  content text not null,
  "timestamp" timestamptz not null,
  sequence bigint not null default 0,
  source text not null check (source in ('transcript', 'otlp', 'hook', 'api')),
  subagent text,
  model text,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  -- The same words seen by a hook and by a transcript are one message.
  content_digest uuid not null generated always as (md5(content)::uuid) stored,
  search_content tsvector not null generated always as (to_tsvector('simple', left(content, 100000))) stored,
  created_at timestamptz not null default now()
);
comment on table telemetry.chat_messages is
  'What people and agents said in a session; tool calls stand in tool_calls, raw entries in transcript_lines.';
-- A session read in order, and a message found again by its words.
create index chat_messages_session on telemetry.chat_messages (session_id, "timestamp", sequence, id);
create index chat_messages_time on telemetry.chat_messages ("timestamp" desc, id desc);
create index chat_messages_digest on telemetry.chat_messages (session_id, content_digest);
create index chat_messages_search on telemetry.chat_messages using gin (search_content);

create table telemetry.tool_calls (
  session_id uuid not null references telemetry.agent_sessions (id) on delete cascade,
  call_id text not null check (call_id ~ '\S' and length(call_id) <= 200),
  name text not null,
  kind text not null default 'other' check (kind in (
    'read', 'write', 'command', 'test', 'build', 'search', 'web', 'mcp', 'subagent', 'plan', 'other'
  )),
  -- Beginnings, enough to read along; the whole stands in the transcript's lines.
  input text,
  input_bytes bigint check (input_bytes >= 0),
  output text,
  output_bytes bigint check (output_bytes >= 0),
  success boolean,
  error text,
  decision text,
  duration_ms bigint check (duration_ms >= 0),
  waited_ms bigint check (waited_ms >= 0),
  started_at timestamptz,
  ended_at timestamptz,
  subagent text,
  file_path text,
  lines_added integer check (lines_added >= 0),
  lines_removed integer check (lines_removed >= 0),
  sources text[] not null default '{}',
  created_at timestamptz not null default now(),
  primary key (session_id, call_id)
);
comment on table telemetry.tool_calls is
  'Tools that an agent used, once each, however many sources told of them.';

-- A session read in order, and what went wrong in it.
create index tool_calls_session on telemetry.tool_calls
  (session_id, (coalesce(started_at, ended_at, created_at)), call_id);
create index tool_calls_failed on telemetry.tool_calls (session_id) where not success;

create table telemetry.session_commits (
  session_id uuid not null references telemetry.agent_sessions (id) on delete cascade,
  sha text not null check (sha ~ '^[0-9a-f]{7,64}$'),
  committed_at timestamptz not null,
  subject text,
  branch text,
  source text not null,
  primary key (session_id, sha)
);
comment on table telemetry.session_commits is 'Commits that were made in a session.';
create index session_commits_sha on telemetry.session_commits (sha);

create table telemetry.agent_executions (
  id uuid primary key default kit.new_id(),
  agent_id uuid not null references agents.agents (id),
  task_id uuid references work.tasks (id) on delete set null,
  project_id uuid not null references projects.projects (id) on delete cascade,
  session_id uuid,
  status text not null default 'running' check (status in ('pending', 'running', 'success', 'failure', 'timeout')),
  result jsonb,
  error_message text,
  evidence_id uuid,
  parent_execution_id uuid references telemetry.agent_executions (id) on delete set null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  execution_time_ms bigint generated always as (
    case
      when completed_at is not null
        then greatest(round(extract(epoch from (completed_at - started_at)) * 1000), 0)::bigint
    end
  ) stored,
  created_at timestamptz not null default now(),
  check ((completed_at is null) = (status in ('pending', 'running')))
) with (fillfactor = 80);
comment on table telemetry.agent_executions is
  'One try of an agent at a task, from its claim to finish, failure, hand-back or the end of its lease.';
-- The one that is open for a task; two would be a defect.
create unique index agent_executions_open on telemetry.agent_executions (task_id) where completed_at is null;
create index agent_executions_new on telemetry.agent_executions (started_at desc, id desc);
create index agent_executions_project on telemetry.agent_executions (project_id, started_at desc, id desc);
create index agent_executions_task on telemetry.agent_executions (task_id, started_at desc);
create index agent_executions_agent on telemetry.agent_executions (agent_id, started_at desc);
create index agent_executions_session on telemetry.agent_executions (session_id) where session_id is not null;
create index agent_executions_parent on telemetry.agent_executions (parent_execution_id)
where parent_execution_id is not null;

create table telemetry.session_tasks (
  session_id uuid not null,
  task_id uuid not null references work.tasks (id) on delete cascade,
  source text not null check (source in ('run', 'claim', 'resource', 'transcript', 'branch', 'person')),
  execution_id uuid references telemetry.agent_executions (id) on delete set null,
  -- Tells stretches of one task apart, such as two claims; one word of a source about a stretch completes the other.
  stretch text not null default '',
  from_at timestamptz not null,
  until_at timestamptz,
  primary key (session_id, task_id, source, stretch)
);
comment on table telemetry.session_tasks is
  'Which task a session worked on, from when to when, and who says so; what a session spent goes by it.';
create index session_tasks_task on telemetry.session_tasks (task_id);
create index session_tasks_execution on telemetry.session_tasks (execution_id) where execution_id is not null;

create table telemetry.transcripts (
  id uuid primary key default kit.new_id(),
  session_id uuid not null references telemetry.agent_sessions (id) on delete cascade,
  format text not null,
  -- Which of a session's files: '' its own, a subagent's otherwise.
  part text not null default '',
  -- Another content under the same name is another transcript: a file that was rewritten loses nothing.
  edition integer not null default 0,
  -- All that was read: bytes of whole lines, counted in the unpacked file.
  bytes bigint not null default 0 check (bytes >= 0),
  lines bigint not null default 0 check (lines >= 0),
  damaged_lines bigint not null default 0 check (damaged_lines >= 0),
  -- What the reader of the format has to remember to go on at the end.
  state jsonb not null default '{}',
  projection integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (session_id, format, part, edition)
);
comment on table telemetry.transcripts is 'A client''s record of a session, kept line by line as it was written.';

create table telemetry.transcript_files (
  path text primary key,
  transcript_id uuid not null references telemetry.transcripts (id) on delete cascade,
  bytes bigint not null check (bytes >= 0),
  modified_ns bigint not null,
  read_at timestamptz not null default now()
);
comment on table telemetry.transcript_files is
  'Where a transcript was found, and how large it was when it was read last.';
create index transcript_files_transcript on telemetry.transcript_files (transcript_id);

create table telemetry.transcript_lines (
  transcript_id uuid not null references telemetry.transcripts (id) on delete cascade,
  line_no bigint not null check (line_no > 0),
  -- Where the next line begins in the unpacked file.
  bytes_until bigint not null check (bytes_until > 0),
  -- Of the line as it stood in the file, before secrets were taken out.
  digest bytea not null,
  kind text not null,
  damage text,
  line text not null,
  primary key (transcript_id, line_no)
);
comment on table telemetry.transcript_lines is
  'The lines of transcripts as they were, without secrets; nothing is left out.';

grant insert, update on telemetry.transcripts, telemetry.transcript_files to steward_app;
grant insert on telemetry.transcript_lines to steward_app;
"""

DOWN = r"""
drop table telemetry.transcript_lines;
drop table telemetry.transcript_files;
drop table telemetry.transcripts;
drop table telemetry.session_tasks;
drop table telemetry.agent_executions;
drop table telemetry.session_commits;
drop table telemetry.tool_calls;
drop table telemetry.chat_messages;
drop table telemetry.agent_sessions;
delete from kit.permissions where permission = 'telemetry:write' and role in ('user', 'service', 'agent');
alter default privileges in schema telemetry revoke select on sequences from steward_backup;
alter default privileges in schema telemetry revoke select on tables
from steward_app, steward_readonly, steward_backup;
alter default privileges in schema telemetry revoke execute on functions
from steward_app, steward_agent, steward_readonly;
alter table agents.routing_sources drop constraint routing_sources_kind_check;
delete from agents.routing_sources where kind = 'cost';
alter table agents.routing_sources add constraint routing_sources_kind_check check (kind in ('task', 'figures'));
alter table work.extension_points drop constraint extension_points_point_check;
delete from work.extension_points where point in ('may_claim', 'on_release');
alter table work.extension_points add constraint extension_points_point_check
check (point in ('on_claim', 'on_start', 'on_finish', 'on_fail', 'on_give_back', 'on_expire'));
alter table work.extension_points drop column at_once;
drop schema telemetry;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
