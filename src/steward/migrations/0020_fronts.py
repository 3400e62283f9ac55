"""work: the queue is walked from its front, not past what was taken"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0020"
down_revision = "0019"

# What was claimed stays in the index of free rows until it can be cleaned away, and beside a long snapshot that is
# never: every claim and look then walks past all that was taken since, a microsecond for each. docs/decisions/0013 says
# why a front that is remembered with its snapshot cannot hide a task. Numbers of transactions are kept as bigint, since
# what reads schemas for others (SQLAlchemy) knows no xid8.
UP = r"""
alter table work.ready_queue add column freed_xid bigint not null default pg_current_xact_id()::text::bigint;
comment on column work.ready_queue.freed_xid is
  'The transaction that made the row free, or changed where it stands or who may have it.';
drop index work.ready_queue_project;
drop index work.ready_queue_any;
-- Claims of one project and of any; minus the priority, so that a front can be a bound of the walk.
create index ready_queue_project on work.ready_queue (project_id, (-priority), number, task_id) where agent_id is null;
create index ready_queue_any on work.ready_queue ((-priority), number, task_id) where agent_id is null;
-- What became free after a front was written.
create index ready_queue_freed on work.ready_queue (project_id, freed_xid) where agent_id is null;

create table work.queue_fronts (
  project_id uuid not null references projects.projects (id) on delete cascade,
  capabilities text[] not null,
  rank smallint not null,
  number bigint not null,
  oldest_xid bigint not null,
  written_by bigint not null,
  written_at timestamptz not null,
  primary key (project_id, capabilities)
) with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table work.queue_fronts is
  'Where the queue of a project began for agents of some capabilities, as a snapshot saw it; kept by claims.';
comment on column work.queue_fronts.oldest_xid is
  'The oldest transaction that snapshot saw running (pg_snapshot_xmin): whatever it did not see is not older.';
comment on column work.queue_fronts.written_by is
  'The transaction that wrote the row: one that came with a dump is known by another one in xmin, and is not used.';
"""

DOWN = r"""
drop table work.queue_fronts;
drop index work.ready_queue_freed;
drop index work.ready_queue_project;
drop index work.ready_queue_any;
create index ready_queue_any on work.ready_queue (priority desc, number, task_id) where agent_id is null;
create index ready_queue_project on work.ready_queue (project_id, priority desc, number, task_id)
where agent_id is null;
alter table work.ready_queue drop column freed_xid;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
