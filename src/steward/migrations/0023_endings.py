"""work: notes of the devlog may be mended"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0023"
down_revision = "0022"

UP = r"""
grant update on work.devlog_notes to steward_app;
"""

DOWN = r"""
revoke update on work.devlog_notes from steward_app;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
