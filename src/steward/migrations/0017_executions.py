"""telemetry: a claim writes its execution without looking things up again"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0017"
down_revision = "0016"

# Every claim adds an execution and every finish closes one, so what the row costs is paid twice by each task (ADR 12):
# - A closed execution stays where it was: no index depends on `completed_at`, and each page keeps room for the second
#   version of its rows. An index of the open ones made every close write all the indexes anew. Nobody needs it: the
#   queue row, locked by claim and finish, lets one execution be open for a task, and those of a task are few.
# - The claim holds the queue row, and with it the task; asking again for task, project and agent by foreign keys took a
#   third of the insert, and made all claims of a project lock its one row. Triggers do what the keys did on deletion
#   (code_executions.sql).
# - Each statement that writes reads a table's checks and generated columns from the catalog, text by text: the time
#   that an execution took is worked out where it is shown, and its two checks are one.
UP = r"""
drop index telemetry.agent_executions_open;
alter table telemetry.agent_executions
  drop constraint agent_executions_agent_id_fkey,
  drop constraint agent_executions_task_id_fkey,
  drop constraint agent_executions_project_id_fkey,
  drop constraint agent_executions_status_check,
  drop constraint agent_executions_check,
  drop column execution_time_ms,
  set (fillfactor = 50);
alter table telemetry.agent_executions add constraint agent_executions_status check (
  case
    when completed_at is null then status in ('pending', 'running')
    else status in ('success', 'failure', 'timeout')
  end
);
"""

DOWN = r"""
alter table telemetry.agent_executions drop constraint agent_executions_status;
alter table telemetry.agent_executions
  add constraint agent_executions_status_check
    check (status in ('pending', 'running', 'success', 'failure', 'timeout')),
  add constraint agent_executions_check check ((completed_at is null) = (status in ('pending', 'running'))),
  add column execution_time_ms bigint generated always as (
    case
      when completed_at is not null
        then greatest(round(extract(epoch from (completed_at - started_at)) * 1000), 0)::bigint
    end
  ) stored,
  set (fillfactor = 80),
  add constraint agent_executions_agent_id_fkey foreign key (agent_id) references agents.agents (id),
  add constraint agent_executions_task_id_fkey foreign key (task_id) references work.tasks (id) on delete set null,
  add constraint agent_executions_project_id_fkey
    foreign key (project_id) references projects.projects (id) on delete cascade;
create unique index agent_executions_open on telemetry.agent_executions (task_id) where completed_at is null;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
