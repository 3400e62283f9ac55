"""audit: the history of a task tells how it was tied"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0010"
down_revision = "0009"

UP = r"""
-- What a tie is called in the audit is the task that waits; its history asks for them.
create index audit_logs_ties on audit.audit_logs (resource_name, id desc) where resource_type = 'task_dependency';
"""

DOWN = r"""
drop index audit.audit_logs_ties;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
