-- Full-text search: one narrow table of words beside epics, issues, tasks, comments and devlog entries, written only when
-- a text changes. A change of status, a claim or a heartbeat touches neither it nor its index.

-- Everything that can be found: what it is called, and its text. The heading weighs more than the text.
create view work.searchable with (security_invoker = true) as
select
  'task' as kind,
  t.id as entity_id,
  t.project_id,
  p.key || '-' || t.number as ref,
  t.title,
  t.title as heading,
  concat_ws(E'\n', nullif(t.description, ''), nullif(t.details, ''), nullif(t.test_strategy, '')) as body
from work.tasks as t
join projects.projects as p on p.id = t.project_id
where t.deleted_at is null
union all
select 'issue', i.id, i.project_id, p.key || '-' || i.number, i.title, i.title, coalesce(i.description, '')
from work.issues as i
join projects.projects as p on p.id = i.project_id
where i.deleted_at is null
union all
select 'epic', e.id, e.project_id, e.epic_id, e.title, e.title, coalesce(e.description, '')
from work.epics as e
where e.archived_at is null
union all
select
  'comment',
  c.id,
  c.project_id,
  p.key || '-' || coalesce(t.number, i.number),
  left(regexp_replace(c.content, '\s+', ' ', 'g'), 120),
  '',
  c.content
from work.comments as c
join projects.projects as p on p.id = c.project_id
left join work.tasks as t on t.id = c.task_id
left join work.issues as i on i.id = c.issue_id
where c.deleted_at is null
  and coalesce(t.deleted_at, i.deleted_at) is null
union all
select
  'devlog',
  d.id,
  d.project_id,
  d.key_field,
  d.title,
  d.title,
  concat_ws(
    E'\n',
    nullif(d.description, ''),
    nullif(array_to_string(d.tags, ' '), ''),
    (select string_agg(n.content, E'\n' order by n."timestamp", n.id) from work.devlog_notes as n where n.devlog_id = d.id)
  )
from work.devlog_entries as d
where not d.archived;

-- Bring the words of some things of one kind up to date; what cannot be found any more loses its row.
create function work.index_words(p_kind text, p_ids uuid[]) returns void
language plpgsql
set search_path = work, pg_temp
as $$
begin
  with written as (
    insert into work.search_documents (entity_id, kind, project_id, title, words)
    select
      s.entity_id, s.kind, s.project_id, left(s.title, 2000),
      work.search_vector(s.kind, s.project_id, s.heading, s.body)
    from work.searchable as s
    where s.kind = p_kind
      and s.entity_id = any (p_ids)
    on conflict (entity_id) do update
    set project_id = excluded.project_id, title = excluded.title, words = excluded.words
    returning entity_id
  )
  delete from work.search_documents as d
  where d.entity_id = any (p_ids)
    and d.entity_id not in (select w.entity_id from written as w);
end
$$;

-- After things were added: index their words, a statement at a time. By an array of ids: joined to the table of new rows,
-- whose size nobody knows, everything there is would be read.
create function work.index_added() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  perform work.index_words(tg_argv[0], array(select n.id from new_rows as n));
  return null;
end
$$;

-- After a text changed: index its words anew.
create function work.index_changed() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  perform work.index_words(tg_argv[0], array[new.id]);
  return null;
end
$$;

-- After a note was added to a devlog entry or taken away: index the entry.
create function work.index_noted() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  perform work.index_words('devlog', array[coalesce(new.devlog_id, old.devlog_id)]);
  return null;
end
$$;

-- After things were deleted for good: forget their words.
create function work.index_deleted() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  delete from work.search_documents as d
  where d.entity_id in (select o.id from old_rows as o);
  return null;
end
$$;

create trigger search_insert after insert on work.tasks
referencing new table as new_rows for each statement execute function work.index_added('task');
create trigger search_insert after insert on work.issues
referencing new table as new_rows for each statement execute function work.index_added('issue');
create trigger search_insert after insert on work.epics
referencing new table as new_rows for each statement execute function work.index_added('epic');
create trigger search_insert after insert on work.comments
referencing new table as new_rows for each statement execute function work.index_added('comment');
create trigger search_insert after insert on work.devlog_entries
referencing new table as new_rows for each statement execute function work.index_added('devlog');

create trigger search_update
after update of title, description, details, test_strategy, deleted_at, project_id on work.tasks
for each row when (
  (old.title, old.description, old.details, old.test_strategy, old.deleted_at is null, old.project_id)
  is distinct from (new.title, new.description, new.details, new.test_strategy, new.deleted_at is null, new.project_id)
)
execute function work.index_changed('task');
create trigger search_update after update of title, description, deleted_at, project_id on work.issues
for each row when (
  (old.title, old.description, old.deleted_at is null, old.project_id)
  is distinct from (new.title, new.description, new.deleted_at is null, new.project_id)
)
execute function work.index_changed('issue');
create trigger search_update after update of title, description, epic_id, archived_at, project_id on work.epics
for each row when (
  (old.title, old.description, old.epic_id, old.archived_at is null, old.project_id)
  is distinct from (new.title, new.description, new.epic_id, new.archived_at is null, new.project_id)
)
execute function work.index_changed('epic');
create trigger search_update after update of content, deleted_at on work.comments
for each row when (
  (old.content, old.deleted_at is null) is distinct from (new.content, new.deleted_at is null)
)
execute function work.index_changed('comment');
create trigger search_update after update of title, description, tags, archived, project_id on work.devlog_entries
for each row when (
  (old.title, old.description, old.tags, old.archived, old.project_id)
  is distinct from (new.title, new.description, new.tags, new.archived, new.project_id)
)
execute function work.index_changed('devlog');
create trigger search_note after insert or delete on work.devlog_notes
for each row execute function work.index_noted();

create trigger search_delete after delete on work.tasks
referencing old table as old_rows for each statement execute function work.index_deleted();
create trigger search_delete after delete on work.issues
referencing old table as old_rows for each statement execute function work.index_deleted();
create trigger search_delete after delete on work.epics
referencing old table as old_rows for each statement execute function work.index_deleted();
create trigger search_delete after delete on work.comments
referencing old table as old_rows for each statement execute function work.index_deleted();
create trigger search_delete after delete on work.devlog_entries
referencing old table as old_rows for each statement execute function work.index_deleted();

-- Read what people type into a search field: all words, "a phrase", or, -without. Each word is looked for as it is and by
-- its stem; the last one, and Korean ones (which carry particles), as beginnings of words; words that every text has
-- are left out where others remain. Null when there is no word.
create function work.search_query(p_text text) returns tsquery
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  query tsquery := websearch_to_tsquery('simple', left(p_text, 400));
  quoted constant text := '''(?:[^''\\]|''''|\\.)*''';
  part record;
  shorter tsquery;
  stems text[];
  built text := '';
begin
  for part in
    select distinct m[1] as word
    from regexp_matches(query::text, '(' || quoted || ')', 'g') as m
  loop
    if ts_lexize('russian_stem', btrim(part.word, '''')) = '{}' or ts_lexize('english_stem', btrim(part.word, '''')) = '{}' then
      shorter := ts_rewrite(query, part.word::tsquery, ''::tsquery);
      query := case when numnode(shorter) > 0 then shorter else query end;
    end if;
  end loop;
  for part in
    select m[1] as word, m[2] as between, count(m[1]) over (order by at) = count(m[1]) over () as is_last
    from regexp_matches(query::text, '(' || quoted || ')|([^'']+)', 'g') with ordinality as f (m, at)
    order by at
  loop
    stems := ts_lexize(
      case when part.word ~ '^[ -~]+$' then 'english_stem'::regdictionary else 'russian_stem'::regdictionary end,
      replace(btrim(part.word, ''''), '''''', '''')
    );
    built := built || coalesce(
      part.between,
      '(' || part.word
        || case when part.word ~ '[가-힣]' or (part.is_last and p_text ~ '[[:alnum:]]$') then ':*' else '' end
        || coalesce((select string_agg(' | ' || quote_literal(s), '') from unnest(stems) as s), '')
        || ')'
    );
  end loop;
  return nullif(built, '')::tsquery;
end
$$;

-- Return the newest 2,000 things that may be found, of a project or of all, that match; 1,000 at most.
create function work.find_newest(p_query tsquery, p_project_id uuid)
returns table (entity_id uuid, kind text, project_id uuid, title text, words tsvector)
language plpgsql stable
set search_path = work, pg_temp
as $$
begin
  if p_project_id is null then
    return query
    select n.entity_id, n.kind, n.project_id, n.title, n.words
    from (
      select d.entity_id, d.kind, d.project_id, d.title, d.words
      from work.search_documents as d
      order by d.entity_id desc
      limit 2000
    ) as n
    where n.words @@ p_query
    limit 1000;
  else
    return query
    select n.entity_id, n.kind, n.project_id, n.title, n.words
    from (
      select d.entity_id, d.kind, d.project_id, d.title, d.words
      from work.search_documents as d
      where d.project_id = p_project_id
      order by d.entity_id desc
      limit 2000
    ) as n
    where n.words @@ p_query
    limit 1000;
  end if;
end
$$;

-- Find things by their words, best first. Words that one in thirty has are looked for among the newest only: to gather
-- and rank hundreds of thousands would take long, and tell no more. Others are looked up in their index, always: of a
-- word that is in no statistics the planner thinks that so many have it that reading everything is cheaper.
create function work.find_words(p_query tsquery, p_project_id uuid, p_kinds text[], p_limit integer)
returns table (entity_id uuid, kind text, project_id uuid, title text, rank real)
language plpgsql stable rows 20
set search_path = work, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
  query tsquery := p_query;
begin
  if cardinality(p_kinds) > 0 then
    query := query && (select string_agg(format('%L', '#k' || k), ' | ') from unnest(p_kinds) as k)::tsquery;
  end if;
  return query
  with found as materialized (
    select n.entity_id, n.kind, n.project_id, n.title, n.words
    from work.find_newest(query, p_project_id) as n
  )
  select f.entity_id, f.kind, f.project_id, f.title, ts_rank(f.words, p_query, 1) as rank
  from found as f
  where (select count(*) from found) >= 60
  order by rank desc, f.entity_id desc
  limit p_limit;
  if found then
    return;
  end if;
  if p_project_id is not null then
    query := query && format('%L', '#p' || replace(p_project_id::text, '-', ''))::tsquery;
  end if;
  return query
  with found as materialized (
    select d.entity_id, d.kind, d.project_id, d.title, d.words
    from work.search_documents as d
    where d.words @@ query
    limit 1000
  )
  select f.entity_id, f.kind, f.project_id, f.title, ts_rank(f.words, p_query, 1) as rank
  from found as f
  order by rank desc, f.entity_id desc
  limit p_limit;
end
$$;

-- Read what was found, one thing at a time: joined to the view, all there is would be read.
create function work.found_text(p_kind text, p_id uuid) returns table (ref text, title text, body text)
language sql stable rows 1
set search_path = work, pg_temp
as $$
  select s.ref, s.title, concat_ws(E'\n', nullif(s.heading, ''), s.body)
  from work.searchable as s
  where s.kind = p_kind
    and s.entity_id = p_id
$$;
