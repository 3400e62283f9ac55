"""audit: immutable log with payloads beside it, by month"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0002"
down_revision = "0001"

UP = r"""
create schema audit;
grant usage on schema audit to steward_app, steward_readonly, steward_backup;
alter default privileges in schema audit grant select on tables to steward_app, steward_readonly, steward_backup;
alter default privileges in schema audit grant select on sequences to steward_backup;
alter default privileges in schema audit grant execute on functions to steward_app, steward_readonly;

create sequence audit.audit_logs_id_seq as bigint;

create table audit.audit_logs (
  id bigint not null default nextval('audit.audit_logs_id_seq'),
  log_id uuid not null default kit.new_id(),
  xid xid8 not null default pg_current_xact_id(),
  project_id uuid,
  user_id uuid,
  user_name text,
  agent_name text,
  service_name text,
  operation text,
  event_type text not null check (event_type in (
    'task_created', 'task_updated', 'task_assigned', 'task_closed', 'task_deleted',
    'code_review_started', 'code_review_completed', 'code_pushed', 'test_executed',
    'deployment_started', 'deployment_completed', 'deployment_failed',
    'agent_executed', 'agent_failed', 'evidence_added', 'evidence_verified', 'evidence_rejected',
    'user_created', 'user_updated', 'user_deleted', 'permission_granted', 'permission_revoked',
    'project_created', 'project_updated', 'project_deleted',
    'security_issue_detected', 'security_issue_resolved',
    'data_created', 'data_accessed', 'data_modified', 'data_deleted',
    'api_call', 'api_error', 'system_error', 'custom'
  )),
  event_action text not null check (event_action in ('create', 'read', 'update', 'delete', 'execute')),
  resource_type text not null,
  resource_id text,
  resource_name text,
  changes_summary text,
  ip_address inet,
  user_agent text,
  request_id text,
  session_id text,
  metadata jsonb not null default '{}',
  status text not null default 'success' check (status in ('success', 'failure', 'partial', 'unknown')),
  error_message text,
  payload_hash bytea,
  is_immutable boolean not null default true constraint audit_logs_are_immutable check (is_immutable),
  created_at timestamptz not null default now(),
  primary key (id, created_at)
) partition by range (created_at);
-- History of one thing, newest first.
create index audit_logs_resource on audit.audit_logs (resource_id, id desc);
-- Activity of one project, newest first.
create index audit_logs_project on audit.audit_logs (project_id, id desc);
-- Whoever follows the log asks for what came after a transaction: ids say nothing about the order of commits.
create index audit_logs_xid on audit.audit_logs (xid, id);
comment on table audit.audit_logs is 'Who changed what, when, in which transaction; rows never change.';

create table audit.audit_payloads (
  id bigint not null,
  salt bytea not null,
  payload text not null,
  created_at timestamptz not null,
  primary key (id, created_at)
) partition by range (created_at);
comment on table audit.audit_payloads is
  'Old and new values of an audit row; its hash stands in the row, so this alone may be erased.';

create table audit.audit_logs_rest partition of audit.audit_logs default;
create table audit.audit_payloads_rest partition of audit.audit_payloads default;
"""

DOWN = r"""
drop table audit.audit_payloads;
drop table audit.audit_logs;
drop sequence audit.audit_logs_id_seq;
drop schema audit;
delete from kit.registered_objects where parent in ('audit.audit_logs', 'audit.audit_payloads');
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
