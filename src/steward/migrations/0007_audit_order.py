"""audit: rows in the order of their transactions, for listeners and seals"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0007"
down_revision = "0006"

UP = r"""
-- Whoever follows the log asks for what came after a transaction: ids say nothing about the order of commits.
create index audit_logs_xid on audit.audit_logs (xid, id);
"""

DOWN = r"""
drop index audit.audit_logs_xid;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
