"""work: words to find things by, counts that are kept, indexes for lists"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0012"
down_revision = "0011"

# No vector is stored: 1,100 tasks would take 0.7 MB more. The indexes hold the words of titles and descriptions, and
# marks (project, labels, type, tag), so that they narrow by these too; ranks and places are worked out anew for the
# few rows that are shown. Details of tasks are left out: they would make the index three times as large and imports
# half a second slower. Words stand as they are written ('simple'): stems of several languages would double the index,
# and which forms a word may have is known when it is looked for. No pending list: it would be read at every search,
# and one writer would have to clear it for all. Not partial: the planner takes no figures from a partial index.
_WORDS = r"""
create function work.search_clean(p_text text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select regexp_replace(
    left(p_text, 100000),
    '[]!-/:-@[\\^_`{-~\u00a0\u00ab\u00b7\u00bb\u00d7\u2010-\u2027\u202f-\u205e\u2190-\u21ff\u3000-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20]',
    ' ', 'g'
  )
$$;
comment on function work.search_clean(text) is
  'Put blanks where signs are, so that paths, names with underscores and numbers with dots fall into their words.';

create function work.search_words(p_project_id uuid, p_marks text[], p_text text) returns tsvector
language plpgsql immutable parallel safe cost 100000
set search_path = pg_catalog, pg_temp
as $$
begin
  return to_tsvector('simple', work.search_clean(p_text)) || array_to_tsvector(array(
    select '#' || left(m, 200)
    from unnest(array['=p' || p_project_id] || p_marks) as m
    where m is not null
  ));
end
$$;
comment on function work.search_words(uuid, text[], text) is
  'Return the words under which a thing is found, and its marks: each begins with #, as no word does.';

-- A task is changed more often than its words, and every change enters a row into all indexes of its table anew: with
-- the words among them a finish took twice as long. So they hang on a row of their own, which changes with them.
create table work.task_words (
  task_id uuid primary key references work.tasks (id) on delete cascade,
  version integer not null default 1
);
comment on table work.task_words is
  'One row for each task, whose index holds the words of the task; its version rises when they change.';

insert into work.task_words (task_id)
select t.id
from work.tasks as t;

create function work.task_words_of(p_task_id uuid, p_version integer) returns tsvector
language plpgsql immutable parallel safe cost 100000
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select work.search_words(
      t.project_id, t.labels || array['=t' || t.type, '=g' || t.import_tag], t.title || ' ' || t.description
    )
    from work.tasks as t
    where t.id = p_task_id
  );
end
$$;
comment on function work.task_words_of(uuid, integer) is
  'Return the words of a task; the version rises whenever they change.';

create index tasks_words on work.task_words using gin (
  work.task_words_of(task_id, version)
) with (fastupdate = off);
create index issues_words on work.issues using gin (
  work.search_words(project_id, labels, title || ' ' || description)
) with (fastupdate = off);
create index epics_words on work.epics using gin (
  work.search_words(project_id, '{}', epic_id || ' ' || title || ' ' || description)
) with (fastupdate = off);
create index comments_words on work.comments using gin (
  work.search_words(project_id, '{}', content)
) with (fastupdate = off);
create index devlog_entries_words on work.devlog_entries using gin (
  work.search_words(project_id, tags, key_field || ' ' || title || ' ' || description)
) with (fastupdate = off);
create index devlog_notes_words on work.devlog_notes using gin (
  work.search_words(project_id, '{}', content)
) with (fastupdate = off);
"""

_COUNTS = r"""
create table work.counts (
  project_id uuid not null,
  name text not null,
  count bigint not null,
  primary key (project_id, name)
);
comment on table work.counts is
  'How much projects held when it was last added up: tasks of each state, rows of the queue, dependencies.';

-- No key and no index: rows are only ever added, read together, and taken away together.
create table work.count_deltas (
  project_id uuid not null,
  name text not null,
  delta integer not null
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table work.count_deltas is
  'What has come and gone since, written by the transaction that changed it; no transaction changes a row of another.';

insert into work.counts (project_id, name, count)
select t.project_id, t.status, count(*)
from work.tasks as t
where t.deleted_at is null
group by t.project_id, t.status
union all
select q.project_id, 'queued', count(*)
from work.ready_queue as q
group by q.project_id
union all
select d.project_id, 'dependencies', count(*)
from work.task_dependencies as d
group by d.project_id;
"""

# Ids at the end of an order are left to a sort of the few rows that tie: they made these indexes a third larger.
_INDEXES = r"""
drop index work.tasks_project_order;
drop index work.tasks_order;
drop index work.tasks_status;
drop index work.tasks_updated;
create index tasks_project_order on work.tasks (project_id, priority desc, number) where deleted_at is null;
create index tasks_order on work.tasks (priority desc, number) where deleted_at is null;
create index tasks_status on work.tasks (status, priority desc, number) where deleted_at is null;
create index tasks_updated on work.tasks (updated_at desc) where deleted_at is null;
-- The order that was laid down for the tasks of a project.
create index tasks_project_place on work.tasks (project_id, order_index, number) where deleted_at is null;
"""

UP = _WORDS + _COUNTS + _INDEXES

DOWN = r"""
drop index work.tasks_project_place;
drop index work.tasks_project_order;
drop index work.tasks_order;
drop index work.tasks_status;
drop index work.tasks_updated;
create index tasks_project_order on work.tasks (project_id, priority desc, number, id) where deleted_at is null;
create index tasks_order on work.tasks (priority desc, number, id) where deleted_at is null;
create index tasks_status on work.tasks (status, priority desc, number, id) where deleted_at is null;
create index tasks_updated on work.tasks (updated_at desc, id desc) where deleted_at is null;
drop table work.count_deltas;
drop table work.counts;
drop index work.devlog_notes_words;
drop index work.devlog_entries_words;
drop index work.comments_words;
drop index work.epics_words;
drop index work.issues_words;
drop table work.task_words;
drop function work.task_words_of(uuid, integer);
drop function work.search_words(uuid, text[], text);
drop function work.search_clean(text);
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
