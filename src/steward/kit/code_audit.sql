-- Audit capture: statement triggers that write old and new values with the actor into audit.audit_logs.

-- Say when a column differs between an old row o and a new row n, as their images would: quick for the types of which
-- equal values look equal.
create function kit.audit_differs(p_column name, p_type regtype) returns text
language sql stable parallel safe
set search_path = kit, pg_temp
as $$
  select case
    when p_type = 'jsonb'::regtype then format('coalesce(n.%1$I, %2$L) is distinct from coalesce(o.%1$I, %2$L)', p_column, 'null')
    when t.is_plain then format('n.%1$I is distinct from o.%1$I', p_column)
    when t.is_list then
      format('n.%1$I is distinct from o.%1$I and to_jsonb(n.%1$I) is distinct from to_jsonb(o.%1$I)', p_column)
    else format('to_jsonb(n.%1$I) is distinct from to_jsonb(o.%1$I)', p_column)
  end
  from (
    select p_type = any (k.plain) as is_plain, (select e.typelem from pg_type as e where e.oid = p_type) = any (k.plain) as is_list
    from (
      select '{boolean,smallint,integer,bigint,numeric,text,varchar,uuid,date,timestamptz}'::regtype[] as plain
    ) as k
  ) as t
$$;

-- Put together what changed in a row, each change as [column, old, new] in the order of names: the images, and a few words
-- about each; of long, nested and hidden values only that they changed. It is inlined where it is called.
create function kit.audit_images(p_changes jsonb[], p_hidden text[]) returns table (old jsonb, new jsonb, summary text)
language sql immutable parallel safe rows 1
begin atomic
  select
    jsonb_object_agg(c.name, c.old),
    jsonb_object_agg(c.name, c.new),
    string_agg(
      case
        when c.name = any (p_hidden) or jsonb_typeof(c.new) in ('object', 'array') or length(c.new #>> '{}') > 60 then c.name
        else c.name || ': ' || coalesce(left(c.old #>> '{}', 60), '-') || ' → ' || coalesce(c.new #>> '{}', '-')
      end, ', '
    )
  from (
    select u.change ->> 0 as name, u.change -> 1 as old, u.change -> 2 as new
    from unnest(array_remove(p_changes, null)) as u (change)
    offset 0
  ) as c;
end;

-- Say what is compared in a table, as SQL about an old row o and a new row n: each column with its change, and whether the
-- change closed, assigned or deleted what the row stands for.
create function kit.audit_columns(
  p_table regclass, p_hidden text[], p_quiet text[], out changes text, out closed text, out assigned text, out deleted text
)
language sql stable
set search_path = kit, pg_temp
as $body$
  select
    string_agg(format(
      e'\n        case when %s then jsonb_build_array(%L, %s, %s) end', c.differs, c.name,
      format(c.image, 'o', c.name), format(c.image, 'n', c.name)
    ), ',' order by c.name),
    coalesce(min(format('%s and n.completed_at is not null', c.differs)) filter (where c.name = 'completed_at'), 'false'),
    coalesce(string_agg(c.differs, ' or ') filter (where c.name in ('assigned_agent_id', 'assigned_user_id')), 'false'),
    coalesce(min(format('%s and n.deleted_at is not null', c.differs)) filter (where c.name = 'deleted_at'), 'false')
  from (
    select
      a.attname::text as name,
      kit.audit_differs(a.attname, a.atttypid) as differs,
      case when a.attname = any (p_hidden) then $$case when %1$s.%2$I is not null then '***' end$$ else '%1$s.%2$I' end as image
    from pg_attribute as a
    where a.attrelid = p_table
      and a.attnum > 0
      and not a.attisdropped
      and a.attname <> all (p_quiet)
  ) as c
$body$;

-- Write the function that captures what a statement changed in a table: it compares column by column, and makes images of
-- those alone that differ (images of whole rows took three times as long). Rows of which nothing that matters changed
-- leave no trace.
create procedure kit.audit_write_change(
  p_table regclass, p_type text, p_name_column text, p_project_column text, p_hidden text[], p_quiet text[]
)
language plpgsql
set search_path = kit, pg_temp
as $body$
declare
  named constant text := format('kit.audit_change_%s', (select c.relname from pg_class as c where c.oid = p_table));
begin
  execute (
    select format(
      $sql$
create function %s() returns trigger
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, %s as project_id, %s as name,
      kit.audit_event(%L, 'update', %s, %s, %s) as event,
      array[%s
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, %L) as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write(%L, 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$
      $sql$,
      named, case p_project_column when '' then 'null::uuid' else format('n.%I', p_project_column) end,
      case p_name_column when '' then 'null::text' else format('n.%I::text', p_name_column) end,
      p_type, c.closed, c.assigned, c.deleted, c.changes, p_hidden, p_type
    )
    from kit.audit_columns(p_table, p_hidden, p_quiet) as c
  );
  execute format('revoke execute on function %s() from steward_app, steward_agent, steward_readonly', named);
  execute format(
    'create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows
     for each statement execute function %s()', p_table, named);
end
$body$;

-- Put the capture triggers on a table. The words say which column is what; '' where the table has none. Hidden columns
-- show that they changed, never to what; quiet ones (last_seen_at) are no change worth a row.
create procedure kit.audit_table(
  p_table text,
  p_type text,
  p_name_column text,
  p_project_column text,
  p_hidden text[] default '{}',
  p_quiet text[] default '{}'
)
language plpgsql
set search_path = kit, pg_temp
as $$
declare
  arguments text := format('%L, %L, %L, %L', p_type, p_name_column, p_project_column, p_hidden);
begin
  execute format(
    'create trigger audit_insert after insert on %s referencing new table as new_rows
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
  call kit.audit_write_change(
    p_table::regclass, p_type, p_name_column, p_project_column, p_hidden, p_quiet || array['updated_at', 'version']
  );
  execute format(
    'create trigger audit_delete after delete on %s referencing old table as old_rows
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
end
$$;

-- Return a row image without what nobody may read later.
create function kit.audit_hide(p_image jsonb, p_hidden text[]) returns jsonb
language sql immutable parallel safe
set search_path = kit, pg_temp
as $$
  select case
    when p_hidden = '{}' then p_image
    else (
      select jsonb_object_agg(
        i.key,
        case when i.key = any (p_hidden) and i.value <> 'null' then '"***"' else i.value end
      )
      from jsonb_each(p_image) as i
    )
  end
$$;

-- Name the event: a known word for what happened to that kind of thing, else a general one.
create function kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) returns text
language sql immutable parallel safe
begin atomic
  select case
    when p_type = 'task' and p_closed then 'task_closed'
    when p_type = 'task' and p_assigned then 'task_assigned'
    when p_type in ('task', 'user', 'project') and p_deleted then p_type || '_deleted'
    when p_type in ('task', 'user', 'project') then p_type || '_' || p_action || 'd'
    when p_type = 'permission' and p_action = 'create' then 'permission_granted'
    when p_type = 'permission' and p_action = 'delete' then 'permission_revoked'
    when p_action = 'create' then 'data_created'
    when p_action = 'delete' then 'data_deleted'
    else 'data_modified'
  end;
end;

-- Write one audit row and its payload for each changed row; the hash binds the payload without showing it.
create function kit.audit_write(
  p_type text,
  p_action text,
  p_ids text[],
  p_projects uuid[],
  p_names text[],
  p_payloads text[],
  p_events text[],
  p_summaries text[]
) returns void
language plpgsql
security definer
set search_path = kit, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  acting constant uuid := kit.actor_user();
  known_as constant text := coalesce(kit.setting('user_name'), case when kit.setting('user_id') is null then session_user::text end);
  agent constant text := kit.setting('agent');
  surface constant text := coalesce(kit.setting('surface'), 'sql');
  operation constant text := kit.setting('operation');
  address constant inet := kit.setting('ip')::inet;
  request constant text := kit.setting('request');
  session constant text := kit.setting('session');
  general constant text := kit.audit_event(p_type, p_action, false, false, false);
  -- Random numbers cost much where the server has to open a file for each: a statement draws once, for ids that differ in
  -- their last part, and a seed that is kept nowhere, from which nobody can tell one salt who knows the others.
  first_id constant bytea := uuid_send(kit.new_id());
  seed constant bytea := uuid_send(gen_random_uuid());
begin
  with images as (
    select
      i.id, i.place, i.row_id, i.project_id, i.name, i.payload, i.event, i.summary,
      substring(sha256(seed || int8send(i.id)) for 16) as salt
    from (
      select
        nextval('audit.audit_logs_id_seq') as id, u.place, u.row_id, u.project_id, u.name, u.payload, u.event, u.summary
      from unnest(p_ids, p_projects, p_names, p_payloads, p_events, p_summaries)
        with ordinality as u (row_id, project_id, name, payload, event, summary, place)
      offset 0
    ) as i
  ),
  logged as (
    insert into audit.audit_logs (
      id, log_id, project_id, user_id, user_name, agent_name, service_name, operation, event_type, event_action,
      resource_type, resource_id, resource_name, changes_summary, ip_address, request_id, session_id, payload_hash
    )
    select
      i.id, encode(overlay(first_id placing int4send(i.place::integer) from 13), 'hex')::uuid, i.project_id, acting, known_as,
      agent, surface, operation, coalesce(i.event, general), p_action, p_type, i.row_id, left(i.name, 500),
      left(i.summary, 500), address, request, session,
      sha256(i.salt || convert_to(i.payload, 'UTF8'))
    from images as i
  )
  insert into audit.audit_payloads (id, salt, payload, created_at)
  select i.id, i.salt, i.payload, now()
  from images as i;
end
$$;

-- Capture the rows that a statement made or took away.
create function kit.audit_capture() returns trigger
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  kind constant text := tg_argv[0];
  name_column constant text := tg_argv[1];
  project_column constant text := tg_argv[2];
  hidden constant text[] := tg_argv[3];
  done record;
begin
  if tg_op = 'INSERT' then
    select
      array_agg(r.image ->> 'id') as ids,
      array_agg((r.image ->> project_column)::uuid) as projects,
      array_agg(r.image ->> name_column) as names,
      array_agg(jsonb_build_object('new', jsonb_strip_nulls(kit.audit_hide(r.image, hidden)))::text) as payloads
    into done
    from (select to_jsonb(n) as image from new_rows as n) as r;
    perform kit.audit_write(kind, 'create', done.ids, done.projects, done.names, done.payloads, null, null);
  else
    select
      array_agg(r.image ->> 'id') as ids,
      array_agg((r.image ->> project_column)::uuid) as projects,
      array_agg(r.image ->> name_column) as names,
      array_agg(jsonb_build_object('old', jsonb_strip_nulls(kit.audit_hide(r.image, hidden)))::text) as payloads
    into done
    from (select to_jsonb(o) as image from old_rows as o) as r;
    perform kit.audit_write(kind, 'delete', done.ids, done.projects, done.names, done.payloads, null, null);
  end if;
  return null;
end
$$;

-- Only the capture writes audit rows; called by hand, or put on a temporary table, these would forge them.
revoke execute on function kit.audit_capture() from steward_app, steward_agent, steward_readonly;
revoke execute on function kit.audit_write(text, text, text[], uuid[], text[], text[], text[], text[])
  from steward_app, steward_agent, steward_readonly;
revoke execute on procedure kit.audit_table(text, text, text, text, text[], text[])
  from steward_app, steward_agent, steward_readonly;
revoke execute on procedure kit.audit_write_change(regclass, text, text, text, text[], text[])
  from steward_app, steward_agent, steward_readonly;

-- Refuse any change of an audit row, whoever asks.
create function kit.audit_refuse() returns trigger
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  raise exception 'the audit log cannot be changed: % on %', lower(tg_op), tg_table_name
    using errcode = 'ST403', hint = 'rows are added only; a correction is a new row';
end
$$;
