"""work: the token that finished a task, no ready work of projects that are not active, imported comments"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0011"
down_revision = "0010"

UP = r"""
alter table work.tasks add column finished_token bigint;
comment on column work.tasks.finished_token is
  'The token of the claim that finished it, by which the same word said twice is known; null when a person did.';

-- Rows that the queue holds from now on for active projects alone (work.follow_project).
delete from work.ready_queue as q
using projects.projects as p
where p.id = q.project_id
  and p.status <> 'active'
  and q.agent_id is null;

-- Finding a comment of a file again makes imports idempotent.
create unique index comments_import on work.comments (task_id, (metadata ->> 'import_ref'))
where metadata ? 'import_ref';
"""

DOWN = r"""
drop index work.comments_import;
alter table work.tasks drop column finished_token;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
