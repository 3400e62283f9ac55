"""work, telemetry: notes of the devlog may be mended; tries that were given back say so"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0023"
down_revision = "0022"

UP = r"""
grant update on work.devlog_notes to steward_app;

-- Until now words alone told that a try was no failure of its agent, and anybody may write such words.
update telemetry.agent_executions
set result = jsonb_build_object(
  'ended_by', case when error_message = 'a person took the task' then 'person' else 'give_back' end
)
where status = 'failure'
  and result is null
  and (error_message = 'a person took the task' or error_message ~ '^given back(: |$)');
"""

DOWN = r"""
update telemetry.agent_executions
set result = null
where status = 'failure'
  and result ? 'ended_by';

revoke update on work.devlog_notes from steward_app;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
