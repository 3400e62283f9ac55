"""audit: the words of a row are checked by one function"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0018"
down_revision = "0017"

# Every statement that writes reads the checks of its table from the catalog, text by text: the list of event types
# alone took a third of writing an audit row. A function is compiled once.
UP = r"""
create function audit.known_words(p_event_type text, p_event_action text, p_status text) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return p_event_type in (
      'task_created', 'task_updated', 'task_assigned', 'task_closed', 'task_deleted',
      'code_review_started', 'code_review_completed', 'code_pushed', 'test_executed',
      'deployment_started', 'deployment_completed', 'deployment_failed',
      'agent_executed', 'agent_failed', 'evidence_added', 'evidence_verified', 'evidence_rejected',
      'user_created', 'user_updated', 'user_deleted', 'permission_granted', 'permission_revoked',
      'project_created', 'project_updated', 'project_deleted',
      'security_issue_detected', 'security_issue_resolved',
      'data_created', 'data_accessed', 'data_modified', 'data_deleted',
      'api_call', 'api_error', 'system_error', 'custom'
    )
    and p_event_action in ('create', 'read', 'update', 'delete', 'execute')
    and p_status in ('success', 'failure', 'partial', 'unknown');
end
$$;
comment on function audit.known_words(text, text, text) is
  'Tell whether an audit row may bear these words; called by a check of its table.';

alter table audit.audit_logs
  drop constraint audit_logs_event_type_check,
  drop constraint audit_logs_event_action_check,
  drop constraint audit_logs_status_check,
  add constraint audit_logs_words check (audit.known_words(event_type, event_action, status));
"""

DOWN = r"""
alter table audit.audit_logs
  drop constraint audit_logs_words,
  add constraint audit_logs_event_type_check check (event_type in (
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
  add constraint audit_logs_event_action_check
    check (event_action in ('create', 'read', 'update', 'delete', 'execute')),
  add constraint audit_logs_status_check check (status in ('success', 'failure', 'partial', 'unknown'));
drop function audit.known_words(text, text, text);
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
