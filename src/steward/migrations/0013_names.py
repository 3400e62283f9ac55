"""work: names such as parse_config and src/kit/db.py are found as wholes"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0013"
down_revision = "0012"

# Beside its words, the index of a task holds the neighbours of every name, joined: src/kit/db.py is also `src_kit`,
# `kit_db` and `db_py`, which no word is called. So any part of a name is found by itself, whatever signs are between,
# although its words are in every other task. Rows there are already get their names later: to enter a million into the
# index takes a quarter of an hour, and so a job does it, some at a time (work.name_words). Until it is done, names are
# looked for by their words alone.
UP = r"""
create function work.search_names(p_text text) returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select left(n.words[i], 100) || '_' || left(n.words[i + 1], 100)
    from (
      select regexp_split_to_array(lower(m.name[1]), '[^[:alnum:]]+') as words, m.place
      from regexp_matches(
        left(p_text, 50000), '[[:alnum:]]+(?:[^[:alnum:][:space:]]+[[:alnum:]]+)+', 'g'
      ) with ordinality as m (name, place)
    ) as n
    cross join lateral generate_series(1, cardinality(n.words) - 1) as i
    order by n.place, i
  )
$$;
comment on function work.search_names(text) is
  'Return the neighbours in names, joined: words with signs and no blanks between, such as parse_config or db.py.';

create or replace function work.task_words_of(p_task_id uuid, p_version integer) returns tsvector
language plpgsql immutable parallel safe cost 100000
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select work.search_words(t.project_id, t.labels || array['=t' || t.type, '=g' || t.import_tag], s.said)
      || array_to_tsvector(work.search_names(s.said))
    from work.tasks as t
    cross join lateral (select t.title || ' ' || t.description as said) as s
    where t.id = p_task_id
  );
end
$$;

alter table work.task_words add column named boolean not null default false;
alter table work.task_words alter column named set default true;
comment on column work.task_words.named is 'Whether the index holds the names of the task.';
create index task_words_unnamed on work.task_words (task_id) where not named;
"""

DOWN = r"""
drop index work.task_words_unnamed;
alter table work.task_words drop column named;

create or replace function work.task_words_of(p_task_id uuid, p_version integer) returns tsvector
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
drop function work.search_names(text);
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
