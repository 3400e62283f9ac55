"""work: comments, attachments, questions, devlog"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0008"
down_revision = "0007"

_TABLES = r"""
create table work.comments (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  task_id uuid references work.tasks (id) on delete cascade,
  issue_id uuid references work.issues (id) on delete cascade,
  author text not null check (author ~ '\S' and length(author) <= 255),
  author_user_id uuid references accounts.users (id) on delete set null,
  author_agent_id uuid references agents.agents (id) on delete set null,
  content text not null check (content ~ '\S'),
  content_type text not null default 'markdown' check (content_type in ('markdown', 'plain', 'html')),
  github_comment_id bigint,
  is_ai_generated boolean not null generated always as (author_agent_id is not null) stored,
  ai_metadata jsonb not null default '{}' check (jsonb_typeof(ai_metadata) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint comments_on_one_thing check (num_nonnulls(task_id, issue_id) = 1),
  constraint comments_ai_metadata_of_ai check (author_agent_id is not null or ai_metadata = '{}')
);
comment on table work.comments is 'What people and agents say about a task or an issue.';
comment on column work.comments.author is
  'The name of who wrote it, as it was then; the author of an imported comment may be nobody we know.';
-- The talk about one thing, in order.
create index comments_task on work.comments (task_id, created_at, id) where task_id is not null;
create index comments_issue on work.comments (issue_id, created_at, id) where issue_id is not null;
-- A second synchronisation finds what the first one wrote.
create unique index comments_github on work.comments (project_id, github_comment_id)
where github_comment_id is not null;
create index comments_author_user on work.comments (author_user_id) where author_user_id is not null;
create index comments_author_agent on work.comments (author_agent_id) where author_agent_id is not null;

create table work.stored_files (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes bigint not null check (size_bytes >= 0),
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now()
);
comment on table work.stored_files is
  'Contents kept in the folder of files, each once, by hash; the row lock guards writing and removing the file.';

create table work.task_attachments (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  task_id uuid not null references work.tasks (id) on delete cascade,
  file_name text not null check (length(file_name) between 1 and 500),
  file_type text check (length(file_type) <= 100),
  file_size_bytes bigint check (file_size_bytes >= 0),
  sha256 text references work.stored_files (sha256),
  storage_path text not null check (length(storage_path) between 1 and 1000),
  is_evidence boolean not null default false,
  evidence_id uuid,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  created_by_user_id uuid references accounts.users (id) on delete set null,
  created_by_agent_id uuid references agents.agents (id) on delete set null,
  updated_by_user_id uuid references accounts.users (id) on delete set null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_attachments_evidence check (evidence_id is null or is_evidence)
);
comment on table work.task_attachments is
  'Files of a task: kept here by their hash, or elsewhere and only named.';
comment on column work.task_attachments.storage_path is
  'sha256:… for a file kept here, else where it is.';
create index task_attachments_task on work.task_attachments (task_id, created_at, id);
create index task_attachments_sha256 on work.task_attachments (sha256) where sha256 is not null;
create index task_attachments_evidence on work.task_attachments (evidence_id) where evidence_id is not null;
create index task_attachments_project on work.task_attachments (project_id);
create index task_attachments_users on work.task_attachments (created_by_user_id)
where created_by_user_id is not null;
create index task_attachments_updaters on work.task_attachments (updated_by_user_id)
where updated_by_user_id is not null;
create index task_attachments_agents on work.task_attachments (created_by_agent_id)
where created_by_agent_id is not null;

create table work.questions (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  task_id uuid not null references work.tasks (id) on delete cascade,
  agent_id uuid not null references agents.agents (id),
  token bigint not null,
  question text not null check (question ~ '\S'),
  choices text[] not null default '{}' check (array_position(choices, null) is null),
  urgency smallint not null default 5 check (urgency between 1 and 10),
  asked_user_id uuid references accounts.users (id) on delete set null,
  status text not null default 'open' check (status in ('open', 'answered', 'withdrawn', 'expired')),
  answer text check (answer ~ '\S'),
  choice text,
  answered_by text,
  answered_by_user_id uuid references accounts.users (id) on delete set null,
  close_reason text,
  expires_at timestamptz not null,
  closed_at timestamptz,
  waited_ms bigint check (waited_ms >= 0),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint questions_closed_whole check (
    (status = 'open') = (closed_at is null) and (status = 'open') = (waited_ms is null)
  ),
  constraint questions_answered_whole check ((status = 'answered') = (answer is not null))
);
comment on table work.questions is 'What an agent asked a person about a task; the task waits meanwhile.';
comment on column work.questions.waited_ms is 'How long the agent waited, kept apart from its own working time.';
-- One open question a task: the agent that holds it waits for that one. Also finds it.
create unique index questions_open on work.questions (task_id) where status = 'open';
-- The inbox, the most urgent first, then the newest.
create index questions_inbox on work.questions (urgency desc, created_at desc, id desc) where status = 'open';
create index questions_expiry on work.questions (expires_at) where status = 'open';
create index questions_task on work.questions (task_id, created_at);
create index questions_project on work.questions (project_id, created_at);
create index questions_agent on work.questions (agent_id);
create index questions_asked_user on work.questions (asked_user_id) where asked_user_id is not null;
create index questions_answered_by on work.questions (answered_by_user_id) where answered_by_user_id is not null;

create table work.agent_failures (
  id bigint generated always as identity primary key,
  agent_id uuid not null references agents.agents (id),
  task_id uuid not null,
  project_id uuid not null,
  outcome text not null check (outcome in ('failed', 'expired')),
  failed_at timestamptz not null default now()
);
comment on table work.agent_failures is
  'Tries that failed, for telling how well agents do; what went well stands on the tasks themselves.';
create index agent_failures_agent on work.agent_failures (agent_id, failed_at desc);
"""

_DEVLOG = r"""
create table work.devlog_entries (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  key_field text not null check (length(key_field) between 1 and 255 and key_field = btrim(key_field)),
  title text not null check (title ~ '\S' and length(title) <= 2000),
  type text not null default 'task' check (type in ('feature', 'bugfix', 'task', 'refactor', 'docs')),
  description text not null default '',
  status text not null default 'new' check (status in (
    'new', 'in-progress', 'blocked', 'in-review', 'testing', 'done', 'cancelled'
  )),
  priority text not null default 'medium' check (priority in ('low', 'medium', 'high', 'critical')),
  assignee text check (length(assignee) <= 255),
  business_context jsonb not null default '{}',
  technical_context jsonb not null default '{}',
  tags text[] not null default '{}' check (array_position(tags, null) is null),
  files text[] not null default '{}' check (array_position(files, null) is null),
  archived boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  closed_at timestamptz,
  constraint devlog_entries_key unique (project_id, key_field),
  constraint devlog_entries_closed check ((status in ('done', 'cancelled')) = (closed_at is not null))
);
comment on table work.devlog_entries is 'The diary of development: what was set about, why, and how it went.';
create index devlog_entries_list on work.devlog_entries (project_id, archived, updated_at desc, id desc);

create table work.devlog_notes (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  devlog_id uuid not null references work.devlog_entries (id) on delete cascade,
  "timestamp" timestamptz not null default now(),
  category text not null default 'progress' check (category in (
    'progress', 'issue', 'solution', 'idea', 'reminder', 'feedback', 'acceptance-criteria'
  )),
  content text not null check (content ~ '\S'),
  author text
);
comment on table work.devlog_notes is 'Notes of a devlog entry, in the order of time.';
create index devlog_notes_entry on work.devlog_notes (devlog_id, "timestamp", id);
create index devlog_notes_project on work.devlog_notes (project_id);

create table work.devlog_dependencies (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  devlog_id uuid not null references work.devlog_entries (id) on delete cascade,
  type text not null default 'blocks' check (type in ('blocks', 'blocked-by', 'related-to', 'parent-of', 'child-of')),
  description text not null default '',
  external_id text check (length(external_id) between 1 and 500),
  target_devlog_id uuid references work.devlog_entries (id) on delete set null,
  created_at timestamptz not null default now(),
  constraint devlog_dependencies_not_itself check (target_devlog_id <> devlog_id)
);
comment on table work.devlog_dependencies is 'What a devlog entry is tied to: another entry, or something elsewhere.';
create unique index devlog_dependencies_once on work.devlog_dependencies (devlog_id, type, target_devlog_id)
where target_devlog_id is not null;
create index devlog_dependencies_entry on work.devlog_dependencies (devlog_id);
create index devlog_dependencies_target on work.devlog_dependencies (target_devlog_id)
where target_devlog_id is not null;
create index devlog_dependencies_project on work.devlog_dependencies (project_id);

create table work.devlog_documents (
  id uuid primary key default kit.new_id(),
  project_id uuid not null references projects.projects (id) on delete cascade,
  devlog_id uuid not null references work.devlog_entries (id) on delete cascade,
  filename text not null check (length(filename) between 1 and 500),
  original_name text not null check (length(original_name) between 1 and 500),
  mime_type text not null check (length(mime_type) between 1 and 255),
  size bigint not null check (size >= 0),
  type text not null default 'other' check (type in (
    'text', 'markdown', 'image', 'pdf', 'code', 'json', 'csv', 'log', 'config', 'other'
  )),
  sha256 text not null references work.stored_files (sha256),
  text_content text,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  uploaded_by text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table work.devlog_documents is 'Documents of a devlog entry; their contents are kept as attachments are.';
create index devlog_documents_entry on work.devlog_documents (devlog_id, created_at, id);
create index devlog_documents_sha256 on work.devlog_documents (sha256);
create index devlog_documents_project on work.devlog_documents (project_id);
"""

_GRANTS = r"""
-- Undoing and tracing a request find what it wrote.
create index audit_logs_request on audit.audit_logs (request_id, id) where request_id is not null;

grant insert, update on work.comments, work.devlog_entries to steward_app;
grant insert, update, delete on work.task_attachments, work.stored_files, work.devlog_documents to steward_app;
grant insert, delete on work.devlog_notes, work.devlog_dependencies to steward_app;
"""

UP = _TABLES + _DEVLOG + _GRANTS

DOWN = r"""
drop index audit.audit_logs_request;
drop table work.devlog_documents;
drop table work.devlog_dependencies;
drop table work.devlog_notes;
drop table work.devlog_entries;
drop table work.agent_failures;
drop table work.questions;
drop table work.task_attachments;
drop table work.stored_files;
drop table work.comments;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
