-- Lists of tasks: which rows, found by just the conditions that were asked for, so that each list walks the index that
-- suits it; what is shown of them is looked up afterwards, of one page only.

-- Say which condition a word of a filter stands for; each is SQL of ours about a task x, $1 is the filter.
create function work.list_condition(p_word text, p_value jsonb) returns text
language sql immutable parallel safe
begin atomic
  select case p_word
    when 'project_id' then 'x.project_id = ($1 ->> ''project_id'')::uuid'
    when 'status' then 'x.status = any (array(select jsonb_array_elements_text($1 -> ''status'')))'
    when 'type' then 'x.type = $1 ->> ''type'''
    when 'priority' then 'x.priority = ($1 ->> ''priority'')::smallint'
    when 'label' then 'x.labels @> array[$1 ->> ''label'']'
    when 'tag' then 'x.import_tag = $1 ->> ''tag'''
    when 'parent_id' then 'x.parent_task_id = ($1 ->> ''parent_id'')::uuid'
    when 'epic_id' then 'x.epic_id = ($1 ->> ''epic_id'')::uuid'
    when 'issue_id' then 'x.issue_id = ($1 ->> ''issue_id'')::uuid'
    when 'workflow_id' then 'x.workflow_id = ($1 ->> ''workflow_id'')::uuid'
    when 'top' then 'x.parent_task_id is null'
    when 'ready' then case when p_value = 'true' then '' else 'not ' end
      || 'exists (select from work.ready_queue as q where q.task_id = x.id and q.agent_id is null)'
    when 'agent' then '(x.assigned_user_id = $9 or x.assigned_agent_id = $10'
      || ' or x.id = any (array(select q.task_id from work.ready_queue as q where q.agent_id = $10)))'
    when 'state' then 'x.status = any (array(select case when s in (''ready'', ''claimed'', ''waiting'') then ''pending'' else s end'
      || ' from jsonb_array_elements_text($1 -> ''state'') as s)) and case when x.status <> ''pending'' then x.status else coalesce('
      || '(select case when q.agent_id is null then ''ready'' else ''claimed'' end from work.ready_queue as q where q.task_id = x.id), ''waiting'')'
      || ' end = any (array(select jsonb_array_elements_text($1 -> ''state'')))'
    when 'text' then 'true'
    -- A word that is not known keeps nothing, lest a list shows more than was asked for.
    else 'false'
  end;
end;

-- Say by what an order sorts, and which rows come after the last one of a page; $2 is its key, an array.
create function work.list_order(p_order text, out sort text, out after text)
language sql immutable parallel safe
begin atomic
  select o.sort, o.after
  from (
    values
      (
        'priority', 'x.priority desc, x.number, x.id',
        'x.priority <= ($2 ->> 0)::smallint and (x.priority < ($2 ->> 0)::smallint'
          || ' or (x.number, x.id) > (($2 ->> 1)::bigint, ($2 ->> 2)::uuid))'
      ),
      ('number', 'x.number, x.id', '(x.number, x.id) > (($2 ->> 0)::bigint, ($2 ->> 1)::uuid)'),
      ('age', 'x.id', 'x.id > ($2 ->> 0)::uuid'),
      (
        'updated', 'x.updated_at desc, x.id desc',
        '(x.updated_at, x.id) < (($2 ->> 0)::timestamptz, ($2 ->> 1)::uuid)'
      ),
      (
        'place', 'x.order_index, x.number, x.id',
        '(x.order_index, x.number, x.id) > ((select a.order_index from work.tasks as a where a.id = ($2 ->> 0)::uuid),'
          || ' (select a.number from work.tasks as a where a.id = ($2 ->> 0)::uuid), ($2 ->> 0)::uuid)'
      )
  ) as o (name, sort, after)
  where o.name = p_order;
end;

-- Return the marks that the words of a filter stand for; null when there is none that narrows.
create function work.list_marks(p_filter jsonb, p_query tsquery) returns tsquery
language plpgsql immutable parallel safe
set search_path = work, pg_temp
as $$
declare
  marks tsquery := p_query;
  mark text;
begin
  foreach mark in array array[
    p_filter ->> 'label', '=t' || (p_filter ->> 'type'), '=g' || (p_filter ->> 'tag')
  ] loop
    marks := case when mark is null then marks when marks is null then work.search_mark(mark) else marks && work.search_mark(mark) end;
  end loop;
  return case
    when marks is not null and p_filter ->> 'project_id' is not null then marks && work.search_mark('=p' || (p_filter ->> 'project_id'))
    else marks
  end;
end
$$;

-- Return what is looked for in a text, as `search_query` says it, and the names in it where tasks are found by them: where
-- the index holds all names, and some task has these. Then words with blanks between are no name; where no task has the
-- names, they are.
create function work.list_text(
  p_text text, out query tsquery, out guess tsquery, out needle text, out patterns text[], out names tsquery
)
language plpgsql stable
set search_path = work, pg_temp
as $$
declare
  pairs constant tsquery[] := work.search_named(p_text);
  pair tsquery;
begin
  select s.query, s.guess, s.needle, s.patterns into query, guess, needle, patterns from work.search_query(p_text) as s;
  if pairs is null or exists (select from work.task_words as w where not w.named) then
    return;
  end if;
  select string_agg('(' || p::text || ')', ' & ')::tsquery into names from unnest(pairs) as p;
  -- Neighbours stand together by no accident: all are as common as the rarest of them.
  foreach pair in array pairs[:5] loop
    if not work.search_is_common('task', pair, 80) then
      if exists (select from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ names) then
        guess := pair;
      else
        names := null;
      end if;
      return;
    end if;
  end loop;
  guess := pair;
end
$$;

-- Return how many tasks a project has, of some states or all, as they were added up last; null for no project.
create function work.tasks_among(p_project_id uuid, p_statuses jsonb default null) returns float8
language sql stable
set search_path = work, pg_temp
as $$
  select sum(c.count)::float8
  from work.counts as c
  where c.project_id = p_project_id
    and case
      when p_statuses is null then c.name not in ('queued', 'dependencies')
      else p_statuses ? c.name
    end
$$;

-- Say by what to sort where the tasks of a project are better gathered than met on a walk through all projects: there are
-- few of them, so that the walk would pass many others. A page of n tasks is met after n of all for each of them.
create function work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) returns text
language sql stable
set search_path = work, pg_temp
as $$
  select case
    when p_order = 'updated' and p_filter ->> 'project_id' is not null
      and power(coalesce(work.tasks_among((p_filter ->> 'project_id')::uuid, p_filter -> 'status'), 0), 2)
        < 4 * p_limit * (select greatest(r.reltuples, 10000) from pg_catalog.pg_class as r where r.oid = 'work.tasks'::regclass)
    -- As an expression it is no index's order.
    then replace(p_sort, 'x.updated_at', '(x.updated_at at time zone ''utc'')')
    else p_sort
  end
$$;

-- Find tasks that a filter keeps, in an order, after a place; the filter is an object of optional words. Words of texts,
-- labels, types and tags that few tasks have are looked up in their index; where many have them, the order is walked.
create function work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer)
returns table (id uuid, place bigint)
language plpgsql stable rows 50
set search_path = work, projects, accounts, agents, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
  conditions text := 'x.deleted_at is null';
  source record;
  asked record;
  ordered record;
  named uuid[];
  marks tsquery;
begin
  select o.sort, o.after into strict ordered from work.list_order(p_order) as o;
  select conditions || coalesce(string_agg(' and ' || work.list_condition(f.key, f.value), ''), '') into conditions
  from jsonb_each(p_filter) as f;
  if p_filter ->> 'text' is not null then
    select s.query, s.guess, s.needle, s.patterns, s.names into asked from work.list_text(p_filter ->> 'text') as s;
    named := array(
      select r.id from work.search_reference(p_filter ->> 'text', array(select p.id from projects.projects as p where p.deleted_at is null)) as r
      where r.kind = 'task'
    );
  else
    select null::tsquery as query, null::tsquery as guess, ''::text as needle, '{}'::text[] as patterns, null::tsquery as names into asked;
  end if;
  -- What is archived or put away is seen by who names the project.
  if p_filter ->> 'project_id' is null then
    conditions := conditions || ' and (x.project_id = any ($11)) is not true';
  end if;
  marks := work.list_marks(p_filter, coalesce(asked.query && asked.names, asked.query));
  if cardinality(named) > 0 then
    conditions := conditions || ' and x.id = any ($3)';
  elsif p_filter ->> 'text' is not null and asked.query is null then
    return;
  elsif marks is not null then
    select s.words, s.said, s.matches into source from work.search_source('task') as s;
    conditions := conditions || case
      when not work.search_is_common(
        'task', work.list_marks(p_filter, asked.guess), 30, work.tasks_among((p_filter ->> 'project_id')::uuid)
      ) then ' and ' || format(source.matches, '$4')
      when asked.query is not null then format(' and case when strpos(lower(%1$s), $6) <> 0 then %2$s @@ $5 and coalesce(array_to_tsvector(work.search_names(%1$s)) @@ $12, true)'
        || ' else false end', source.said, source.words)
      else ''
    end || case when cardinality(asked.patterns) = 0 then '' else format(' and %s ~* all ($7)', source.said) end;
  end if;
  return query execute format(
    'select k.id, row_number() over () from (select x.id from work.tasks as x where %s%s order by %s limit $8) as k',
    conditions, case when p_after is null then '' else ' and ' || ordered.after end,
    work.list_sort(p_filter, p_order, ordered.sort, p_limit)
  ) using p_filter, p_after, named, marks, asked.query, asked.needle, asked.patterns, p_limit,
    (select u.id from accounts.users as u where lower(u.username) = lower(p_filter ->> 'agent') and u.deleted_at is null),
    (select g.id from agents.agents as g where lower(g.name) = lower(p_filter ->> 'agent')),
    array(select p.id from projects.projects as p where p.status = 'archived' or p.deleted_at is not null), asked.names;
end
$$;
