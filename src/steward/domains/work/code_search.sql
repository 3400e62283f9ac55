-- Search: epics, issues, tasks, comments and devlog entries by their words. The indexes and what they call stand in the
-- revision that made them. What is common is not gathered whole: of what matches, the newest are ranked.

-- Say where things of a kind are and what is looked at; each part is SQL of ours, of a row called x. `words` are those of
-- the row; `counted` and `indexed` are the table whose index holds them and what it holds, to the letter; `matches` is the
-- condition that uses the index, with %s for the query, `newest` the same for the newest thousand where they are quick
-- to tell; `numbered` tells that things are numbered in their project.
create function work.search_source(
  p_kind text, out relation text, out id text, out live text, out words text, out said text, out title text,
  out body text, out numbered boolean, out counted text, out indexed text, out matches text, out newest text
)
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select
    s.relation, s.id, s.live, w.words, s.said, s.title, s.body, p_kind in ('task', 'issue'),
    case p_kind when 'task' then 'work.task_words' else s.relation end,
    case p_kind when 'task' then 'work.task_words_of(x.task_id, x.version)' else w.words end,
    case p_kind
      when 'task' then
        'x.id = any (array(select w.task_id from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ %s))'
      else w.words || ' @@ %s'
    end,
    -- As an expression it is no index's order: to walk one would be to write the words of each row down.
    case p_kind
      when 'task' then
        'x.id = any (array(select w.task_id from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ %s'
          || ' order by greatest(w.task_id, w.task_id) desc limit 1000))'
      else
        'x.id = any (array(select x.id from ' || s.relation || ' as x where ' || w.words || ' @@ %s'
          || ' order by greatest(x.id, x.id) desc limit 1000))'
    end
  from (
    values
      (
        'task', 'work.tasks', 'x.id', 'x.deleted_at is null', 'x.labels || array[''=t'' || x.type, ''=g'' || x.import_tag]',
        'x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      ('issue', 'work.issues', 'x.id', 'x.deleted_at is null', 'x.labels', 'x.title || '' '' || x.description', 'x.title', 'x.description'),
      (
        'epic', 'work.epics', 'x.id', 'x.archived_at is null', '''{}''',
        'x.epic_id || '' '' || x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      (
        'comment', 'work.comments', 'x.id',
        'x.deleted_at is null and (select t.deleted_at from work.tasks as t where t.id = x.task_id) is null'
          || ' and (select i.deleted_at from work.issues as i where i.id = x.issue_id) is null',
        '''{}''', 'x.content', '''''', 'x.content'
      ),
      (
        'devlog', 'work.devlog_entries', 'x.id', 'not x.archived', 'x.tags',
        'x.key_field || '' '' || x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      ('workflow', 'work.workflows', 'x.id', 'true', '''{}''', 'x.name || '' '' || x.description', 'x.name', 'x.description'),
      (
        'note', 'work.devlog_notes', 'x.devlog_id',
        'not (select e.archived from work.devlog_entries as e where e.id = x.devlog_id)', '''{}''', 'x.content', '''''',
        'x.content'
      )
  ) as s (kind, relation, id, live, marks, said, title, body)
  cross join lateral (
    select 'work.search_words(x.project_id, ' || s.marks || ', ' || s.said || ')' as words
  ) as w
  where s.kind = p_kind
$$;

-- Return the words of a text in order, as the indexes hold them.
create function work.search_tokens(p_text text) returns text[]
language sql immutable parallel safe
set search_path = work, pg_catalog, pg_temp
as $$
  select coalesce(array_agg(w.lexeme order by w.place), '{}')
  from (
    select v.lexeme, unnest(v.positions) as place
    from unnest(to_tsvector('simple', work.search_clean(p_text))) as v
  ) as w
$$;

-- Write a word as a part of a query, or as the beginning of words; signs in it are only signs.
create function work.search_term(p_word text, p_beginning boolean default false) returns text
language sql immutable parallel safe
begin atomic
  select '''' || replace(replace(p_word, '\', '\\'), '''', '''''') || '''' || case when p_beginning then ':*' else '' end;
end;

-- Return the query that only things with a mark pass: a project, a label, '=tbug', '=g' and a tag.
create function work.search_mark(p_mark text) returns tsquery
language sql immutable parallel safe
begin atomic
  select work.search_term('#' || left(p_mark, 200))::tsquery;
end;

-- Return the stem that the forms of a word begin with (English for ASCII, else Russian); null for what stands for itself:
-- short words and names with digits.
create function work.search_stem(p_word text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_word ~ '[0-9]' or length(p_word) < 4 then null
    when p_word ~ '^[ -~]+$' then (ts_lexize('pg_catalog.english_stem', p_word))[1]
    else (ts_lexize('pg_catalog.russian_stem', p_word))[1]
  end
$$;

-- Return the endings that an English word with a stem may have, as it is spelled: a last letter is doubled behind one
-- vowel; a word that is its stem has no silent e; what ends as session or migrate does is no stem of further nouns.
create function work.search_endings(p_stem text, p_word text) returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select string_to_array(
    '|s|d|ed|ing|er|ers|ly|y|ies|ied'
    || case when p_word <> p_stem then '|e|es' when p_stem ~ '[hosxz]$' then '|es' else '' end
    || case when p_stem ~ 'ion$' then '' else '|ion|ions' end
    || case when p_stem ~ '(ion|at)$' then '' else '|ation|ations|ment|ments' end
    || case
      when p_stem ~ '([^aeiou]|qu)[aeiouy][^aeiouwxy]$'
        then replace('|-ed|-ing|-er|-ers', '-', right(p_stem, 1))
      else ''
    end, '|'
  )
$$;

-- Write what is looked for when somebody writes one word: its forms. Of an English word those that it may have, one by
-- one: to gather all words of a beginning takes ten times as long, and is left to a word that is still being written. A
-- form that has another stem is none; each that is asked for costs time. In Korean particles follow.
create function work.search_word(p_word text, p_unfinished boolean) returns text
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select case
    when s.stem is null then work.search_term(p_word, p_word ~ '[가-힣]' or (p_unfinished and length(p_word) > 1))
    when (p_unfinished or p_word !~ '^[ -~]+$') and starts_with(p_word, s.stem) and s.stem !~ 'i$' then work.search_term(s.stem, true)
    when p_unfinished or p_word !~ '^[ -~]+$' then format('(%s | %s | %s)', work.search_term(p_word, true),
      work.search_term(s.stem, true), work.search_term(regexp_replace(s.stem, 'i$', 'y')))
    else (
      select '(' || string_agg(work.search_term(f.form), ' | ') || ')'
      from (
        select p_word as form
        union
        select regexp_replace(s.stem, 'i$', '') || e.ending
        from unnest(work.search_endings(s.stem, p_word)) as e (ending)
      ) as f
      where f.form = p_word
        or ts_lexize('pg_catalog.english_stem', f.form) = array[s.stem]
    )
  end
  from (select work.search_stem(p_word) as stem) as s
$$;

-- Cut what people type into a search field: words, "a phrase", -without, or. A path or a name with underscores is a part
-- of several words that stand together.
create function work.search_parts(p_text text)
returns table (place bigint, tokens text[], negative boolean, quoted boolean, is_or boolean, unfinished boolean, is_stop boolean)
language sql immutable parallel safe
set search_path = work, pg_catalog, pg_temp
as $$
  select
    r.place,
    t.tokens,
    r.m[1] = '-',
    r.m[2] is not null,
    coalesce(lower(r.m[3]) = 'or', false),
    r.m[3] is not null and r.place = count(*) over () and p_text ~ '[[:alnum:]]$',
    r.m[3] is not null
    and cardinality(t.tokens) = 1
    and (ts_lexize('pg_catalog.english_stem', t.tokens[1]) = '{}' or ts_lexize('pg_catalog.russian_stem', t.tokens[1]) = '{}')
  from regexp_matches(left(p_text, 400), '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') with ordinality as r (m, place)
  cross join lateral (select work.search_tokens(coalesce(r.m[2], r.m[3])) as tokens) as t
$$;

-- Write what is looked for when somebody writes a part: one word in its forms, or words that stand together.
create function work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) returns text
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select case
    when p_negative then '!(' || string_agg(work.search_term(t.token), ' <-> ' order by t.place) || ')'
    when cardinality(p_tokens) = 1 and not p_exact then work.search_word(p_tokens[1], p_unfinished)
    -- A last letter is left to the pattern of what stands together, and two are taken as they are: too many words begin so.
    -- A last letter is left to the pattern of what stands together, and two are taken as they are: too many words begin so.
    -- A word that stands there twice is asked for once, lest it is guessed to be half as common.
    else '(' || string_agg(
      distinct work.search_term(t.token, p_unfinished and t.place = cardinality(p_tokens) and length(t.token) > 2), ' & '
    ) filter (where not p_unfinished or t.place < cardinality(p_tokens) or length(t.token) > 1) || ')'
  end
  from unnest(p_tokens) with ordinality as t (token, place)
$$;

-- Return a text that every thing with a part holds: its longest word, or what all its forms begin with.
create function work.search_start(p_tokens text[], p_exact boolean) returns text
language sql immutable parallel safe
set search_path = work, pg_temp
as $$
  select case
    when p_exact or cardinality(p_tokens) > 1 or s.stem is null
      then (select t from unnest(p_tokens) as t order by length(t) desc limit 1)
    when starts_with(p_tokens[1], regexp_replace(s.stem, 'i$', '')) then regexp_replace(s.stem, 'i$', '')
    else ''
  end
  from (select work.search_stem(p_tokens[1]) as stem) as s
$$;

-- Read what people type into a search field: the query; what tells how common it is; the same without forms of words, for
-- ranking; pieces of text that all that is found holds, which are quick to look for: the longest, and all as patterns of
-- like; patterns of what stands together; what to mark where it is shown. Words that every English or Russian text has are
-- left out where others remain. The query is null when there is no word.
create function work.search_query(
  p_text text, out query tsquery, out guess tsquery, out exact tsquery, out needle text, out needles text[],
  out patterns text[], out marks text[]
)
language sql immutable parallel safe
set search_path = work, pg_catalog, pg_temp
as $$
  with parts as materialized (
    select r.place, r.tokens, r.negative, r.quoted, r.is_or, r.unfinished, r.is_stop
    from work.search_parts(p_text) as r
    where r.is_or or cardinality(r.tokens) > 0
  ),
  kept as (
    select r.place, r.tokens, r.negative, r.quoted, r.is_or, r.unfinished, lag(r.is_or) over (order by r.place) as after_or
    from parts as r
    where r.is_or
      or not r.is_stop
      or not exists (select from parts as o where not o.is_stop and not o.is_or and not o.negative)
  ),
  terms as (
    select
      t.place, t.tokens, t.negative, t.quoted, coalesce(t.after_or, false) as after_or,
      row_number() over (order by t.place) = 1 as is_first,
      bool_or(t.after_or) over () is true as any_or,
      work.search_part(t.tokens, t.quoted, t.unfinished, t.negative) as term,
      work.search_start(t.tokens, t.quoted) as needle
    from kept as t
    where not t.is_or
  )
  select
    case when bool_or(not t.negative) then string_agg(
      case when t.is_first then '' when t.after_or then ' | ' else ' & ' end || t.term, '' order by t.place
    )::tsquery end,
    -- Words of a path or name stand together by no accident: how common they are is guessed from the longest alone.
    string_agg(
      distinct case
        when cardinality(t.tokens) = 1 and not t.quoted then work.search_word(t.tokens[1], true)
        when t.quoted then t.term
        else (select work.search_term(k) from unnest(t.tokens) as k order by length(k) desc limit 1)
      end, case when t.any_or then ' | ' else ' & ' end
    ) filter (where not t.negative)::tsquery,
    string_agg('(' || work.search_part(t.tokens, true, false, false) || ')', ' | ') filter (where not t.negative)::tsquery,
    coalesce((array_agg(t.needle order by length(t.needle) desc) filter (where not t.negative and not t.any_or))[1], ''),
    -- A word holds no sign that means something to like.
    coalesce(array_agg('%' || t.needle || '%') filter (where t.needle <> '' and not t.negative and not t.any_or), '{}'),
    coalesce(array_agg('\m' || array_to_string(t.tokens, '[^[:alnum:]]+')) filter (
      where cardinality(t.tokens) > 1 and not t.negative and not t.any_or
    ), '{}'),
    coalesce(
      string_to_array(string_agg(case when cardinality(t.tokens) > 1 or t.needle = '' then array_to_string(t.tokens, ' ') else t.needle end, ' ')
        filter (where not t.negative), ' '),
      '{}'
    )
  from terms as t
$$;

-- Return a query for each two neighbours in the names that people type, as the index of tasks holds them. The last one
-- may be the beginning of a name.
create function work.search_named(p_text text) returns tsquery[]
language sql immutable parallel safe
set search_path = work, pg_catalog, pg_temp
as $$
  select array_agg(work.search_term(n.pair, r.unfinished and n.place = cardinality(r.names))::tsquery)
  from (
    select t.unfinished, work.search_names(t.word) as names
    from (
      select
        m.m[3] as word,
        m.place = count(*) over () and p_text ~ '[[:alnum:]]$' as unfinished,
        bool_or(lower(m.m[3]) = 'or') over () is true as any_or,
        m.m[1] = '-' as negative
      from regexp_matches(left(p_text, 400), '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') with ordinality as m (m, place)
    ) as t
    where not t.any_or and not t.negative
  ) as r
  cross join lateral unnest(r.names) with ordinality as n (pair, place)
$$;

-- Return how many things of a kind match, as the planner guesses: how common words are is in its figures of the index.
-- (Volatile only because an explanation may be asked for in no other function.)
create function work.search_expected(p_kind text, p_query tsquery) returns float8
language plpgsql
set search_path = work, pg_temp
as $$
declare
  source record;
  plan json;
begin
  select s.counted, s.indexed into source from work.search_source(p_kind) as s;
  execute format('explain (format json) select from %s as x where %s @@ %L::tsquery', source.counted, source.indexed, p_query)
  into plan;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8;
end
$$;

-- Return how many things of a kind there are, as they were counted last; young tables count as if they had 10,000.
create function work.search_among(p_kind text) returns float8
language sql stable
set search_path = work, pg_temp
as $$
  select greatest(c.reltuples, 10000)
  from work.search_source(p_kind) as s
  join pg_catalog.pg_class as c on c.oid = s.counted::regclass
$$;

-- Tell whether so many things of a kind match that it is quicker to look through the newest than to gather all. To walk
-- through the newest until some are found takes ever less the more there are, to gather all ever more (a row from anywhere
-- takes four times one in order): they take the same time where the square of how many match is a few times how many
-- there are, or among how many is walked.
create function work.search_is_common(p_kind text, p_query tsquery, p_factor float8, p_among float8 default null)
returns boolean
language sql
set search_path = work, pg_temp
as $$
  select power(work.search_expected(p_kind, p_query), 2) > p_factor * coalesce(p_among + 1000, work.search_among(p_kind))
$$;

-- Return how many of the newest things of a kind are to be looked through so that enough are likely to be found; null where
-- it is quicker to gather all that match. In a project it is 3,000 whatever is looked for. For a phrase as well, of which
-- some will do: one in ten of those that hold its words is taken to hold it, and each would have to be read.
create function work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer)
returns integer
language plpgsql
set search_path = work, pg_temp
as $$
declare
  among constant float8 := work.search_among(p_kind);
  expected constant float8 := work.search_expected(
    p_kind, case when p_project_id is null then p_guess else p_guess && work.search_mark('=p' || p_project_id) end
  ) / case when p_is_phrase then 10 else 1 end;
  factor constant float8 := case when p_is_phrase then 4 else 9 end;
begin
  if power(expected, 2) <= factor * p_most / 25 * among then
    return null;
  end if;
  return case when p_is_phrase or p_project_id is not null then 3000 else greatest(1.6 * p_most * among / expected, 3000) end;
end
$$;

-- Return things of a kind that match, with their ranks: so many of them, those first whose title holds the words, then the
-- newest. Of what is common, only so many of the newest are looked through; null for all.
create function work.search_candidates(
  p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[],
  p_project_id uuid, p_newest integer, p_most integer default 40
) returns table (id uuid, rank real)
language plpgsql stable
set search_path = work, pg_catalog, pg_temp
set enable_seqscan = off
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
  source record;
  place text;
  chosen text;
begin
  select s.relation, s.id, s.live, s.words, s.said, s.title, s.body, s.numbered, s.newest into source from work.search_source(p_kind) as s;
  place := case when source.numbered and p_project_id is not null then 'x.number' else 'x.id' end;
  chosen := case
    when p_newest is null then
      -- Which project it is, is asked in a form that no index is used for: the words narrow more.
      case when p_project_id is null then '(x.project_id = any ($5)) is true and %6$s'
      else '(x.project_id = $6) is true and %7$s' end
      || ' and %2$s ~* all ($3) order by lower(%3$s) like all ($4) desc, %4$s desc'
    else
      case when p_project_id is null then '(x.project_id = any ($5)) is true and ' else 'x.project_id = $6 and ' end
      || case
        when place = 'x.number' then 'x.number >= (select max(y.number) - $10 from %5$s as y where y.project_id = $6)'
        else 'x.id >= coalesce((select y.id from %5$s as y order by y.id desc offset $10 limit 1), $7)'
      end
      -- Each for itself, so that the planner asks the cheapest first and the words last; `is true` is no index's condition.
      || ' and lower(%2$s) like all ($4) and %2$s ~* all ($3) and (%1$s @@ $1) is true order by %4$s desc'
  end;
  return query execute format(
    'select f.id, ts_rank(v.words, $9, 1) + (ts_rank(v.words, $2, 1) * 0.3)::real from (select %s as id, %s as title, %s as body from %s as x'
      || ' where %s and ' || format(
        chosen, source.words, source.said, source.title, place, source.relation, format(source.newest, '$1'),
        format(source.newest, '($1 && work.search_mark(''=p'' || $6::text))')
      ) || ' limit $8) as f'
      || ' cross join lateral (select setweight(to_tsvector(''simple'', work.search_clean(f.title)), ''A'')'
      || ' || setweight(to_tsvector(''simple'', work.search_clean(left(f.body, 5000))), ''D'') as words) as v',
    source.id, source.title, source.body, source.relation, source.live
  ) using p_query, p_exact, p_patterns, p_needles, p_projects, p_project_id, '00000000-0000-0000-0000-000000000000'::uuid, p_most, p_guess, p_newest;
end
$$;

-- Return things of a kind that match, with their ranks: through the newest where many match, gathered where few do, or
-- where many should have and hardly any did.
create function work.search_kind(
  p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[],
  p_project_id uuid, p_most integer
) returns table (id uuid, rank real)
language plpgsql stable
set search_path = work, pg_temp
as $$
declare
  newest constant integer := work.search_newest(p_kind, p_guess, cardinality(p_patterns) > 0, p_project_id, p_most);
  few uuid[];
  ranks real[];
begin
  if newest is not null then
    select array_agg(c.id), array_agg(c.rank) into few, ranks
    from work.search_candidates(p_kind, p_query, p_guess, p_exact, p_needles, p_patterns, p_projects, p_project_id, newest, p_most) as c;
    if cardinality(few) >= p_most / 10 then
      return query select f.id, f.rank from unnest(few, ranks) as f (id, rank);
      return;
    end if;
  end if;
  return query
  select c.id, c.rank
  from work.search_candidates(p_kind, p_query, p_guess, p_exact, p_needles, p_patterns, p_projects, p_project_id, null, p_most) as c;
end
$$;

-- Return what bears a reference or a key: ACME-42, EPIC-001, the key of a devlog entry.
create function work.search_reference(p_text text, p_projects uuid[]) returns table (kind text, id uuid)
language sql stable
set search_path = work, projects, pg_temp
as $$
  with words as (
    select btrim(p_text) as word, regexp_match(btrim(p_text), '^([A-Za-z0-9]{2,10})-([0-9]{1,18})$') as ref
  ),
  numbered as (
    select p.id as project_id, words.ref[2]::bigint as number
    from words
    join projects.projects as p on p.key = upper(words.ref[1])
    where p.id = any (p_projects)
  )
  select 'task', t.id
  from numbered as n
  join work.tasks as t on t.project_id = n.project_id and t.number = n.number and t.deleted_at is null
  union all
  select 'issue', i.id
  from numbered as n
  join work.issues as i on i.project_id = n.project_id and i.number = n.number and i.deleted_at is null
  union all
  select 'epic', e.id
  from words
  join work.epics as e on e.epic_id = upper(words.word) and e.project_id = any (p_projects) and e.archived_at is null
  union all
  select 'devlog', d.id
  from words
  join work.devlog_entries as d on d.key_field = words.word and d.project_id = any (p_projects) and not d.archived
$$;

-- Return what is shown of a thing that was found.
create function work.search_shown(p_kind text, p_id uuid)
returns table (project_id uuid, ref text, title text, status text, body text)
language sql stable rows 1
set search_path = work, projects, pg_temp
as $$
  select t.project_id, p.key || '-' || t.number, t.title, t.status, t.description
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where p_kind = 'task' and t.id = p_id
  union all
  select i.project_id, p.key || '-' || i.number, i.title, i.status, i.description
  from work.issues as i
  join projects.projects as p on p.id = i.project_id
  where p_kind = 'issue' and i.id = p_id
  union all
  select e.project_id, e.epic_id, e.title, e.status, e.description
  from work.epics as e
  where p_kind = 'epic' and e.id = p_id
  union all
  select c.project_id, p.key || '-' || coalesce(t.number, i.number), coalesce(t.title, i.title), null, c.content
  from work.comments as c
  join projects.projects as p on p.id = c.project_id
  left join work.tasks as t on t.id = c.task_id
  left join work.issues as i on i.id = c.issue_id
  where p_kind = 'comment' and c.id = p_id
  union all
  select d.project_id, d.key_field, d.title, d.status, concat_ws(E'\n', nullif(d.description, ''), (
    select string_agg(n.content, E'\n' order by n."timestamp", n.id)
    from work.devlog_notes as n
    where n.devlog_id = d.id
  ))
  from work.devlog_entries as d
  where p_kind = 'devlog' and d.id = p_id
$$;

-- Find epics, issues, tasks, comments and devlog entries by their words, best first: what bears the reference before all.
-- Of each kind 25 that match are ranked, of a single one 120. It reads as its owner, because a policy would keep the indexes of
-- words from being used, and so looks itself after what the caller may see: what is in no deleted project.
create function work.search(
  p_text text, p_project_id uuid default null, p_kinds text[] default null, p_limit integer default 20,
  p_after_rank real default null, p_after_id uuid default null
)
returns table (
  kind text, id uuid, ref text, project text, title text, status text, body text, marks text[], rank real
)
language plpgsql stable
security definer
set search_path = work, projects, kit, pg_temp
as $$
declare
  seen uuid[];
  asked record;
begin
  perform kit.authorize('work:read');
  select q.query, q.guess, q.exact, q.needles, q.patterns, q.marks into asked from work.search_query(p_text) as q;
  select array_agg(p.id) into seen
  from projects.projects as p
  where p.deleted_at is null
    and (p_project_id is null or p.id = p_project_id);
  return query
  with hits (kind, id, rank) as (
    select r.kind, r.id, 100::real
    from work.search_reference(p_text, seen) as r
    union all
    select replace(k.kind, 'note', 'devlog'), c.id, c.rank
    from unnest(array['task', 'issue', 'epic', 'comment', 'devlog', 'note']) as k (kind)
    cross join lateral work.search_kind(
      k.kind, asked.query, asked.guess, asked.exact, asked.needles, asked.patterns, seen, p_project_id,
      case when cardinality(p_kinds) = 1 then 120 else 25 end
    ) as c
    where asked.query is not null
      and (p_kinds is null or replace(k.kind, 'note', 'devlog') = any (p_kinds))
  ),
  page as materialized (
    select h.kind, h.id, max(h.rank) as rank
    from hits as h
    where p_kinds is null or h.kind = any (p_kinds)
    group by h.kind, h.id
    having p_after_id is null or (max(h.rank), h.id) < (p_after_rank, p_after_id)
    order by max(h.rank) desc, h.id desc
    limit p_limit
  )
  select page.kind, page.id, s.ref, p.slug, s.title, s.status, s.body, asked.marks, page.rank
  from page
  cross join lateral work.search_shown(page.kind, page.id) as s
  join projects.projects as p on p.id = s.project_id
  order by page.rank desc, page.id desc;
end
$$;

-- Return the things of a kind that bear a reference or else hold the words of a text, for lists; null where so many hold
-- them that it is quicker to look at each in the order of the list.
create function work.listed_with(p_kind text, p_text text, p_project_id uuid) returns uuid[]
language plpgsql stable
set search_path = work, projects, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
  asked record;
  source record;
  mark constant tsquery := work.search_mark('=p' || p_project_id);
  ids uuid[] := array(
    select r.id
    from work.search_reference(p_text, array(
      select p.id
      from projects.projects as p
      where p.deleted_at is null
        and (p_project_id is null or p.id = p_project_id)
    )) as r
    where r.kind = p_kind
  );
begin
  if cardinality(ids) > 0 then
    return ids;
  end if;
  select q.query, q.guess into asked from work.search_query(p_text) as q;
  if work.search_is_common(p_kind, coalesce(asked.guess && mark, asked.guess), 100) then
    return null;
  end if;
  select s.relation, s.words into source from work.search_source(p_kind) as s;
  execute format('select array(select x.id from %s as x where %s @@ $1)', source.relation, source.words)
  into ids
  using coalesce(asked.query && mark, asked.query);
  return ids;
end
$$;
