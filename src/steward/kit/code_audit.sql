-- Audit capture: statement triggers that write old and new values with the actor into audit.audit_logs.

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
  arguments text := format(
    '%L, %L, %L, %L, %L',
    p_type, p_name_column, p_project_column, p_hidden, p_quiet || array['updated_at', 'version']
  );
begin
  execute format(
    'create trigger audit_insert after insert on %s referencing new table as new_rows
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
  execute format(
    'create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows
     for each statement execute function kit.audit_capture_change(%s)', p_table, arguments);
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
begin
  with images as (
    select
      nextval('audit.audit_logs_id_seq') as id,
      i.row_id,
      i.project_id,
      i.name,
      i.payload,
      i.event,
      i.summary,
      uuid_send(gen_random_uuid()) as salt
    from unnest(p_ids, p_projects, p_names, p_payloads, p_events, p_summaries)
      as i (row_id, project_id, name, payload, event, summary)
  ),
  logged as (
    insert into audit.audit_logs (
      id, project_id, user_id, user_name, agent_name, service_name, operation, event_type, event_action,
      resource_type, resource_id, resource_name, changes_summary, ip_address, request_id, session_id, payload_hash
    )
    select
      i.id,
      i.project_id,
      kit.actor_user(),
      coalesce(kit.setting('user_name'), case when kit.setting('user_id') is null then session_user::text end),
      kit.setting('agent'),
      coalesce(kit.setting('surface'), 'sql'),
      kit.setting('operation'),
      coalesce(i.event, kit.audit_event(p_type, p_action, false, false, false)),
      p_action,
      p_type,
      i.row_id,
      left(i.name, 500),
      left(i.summary, 500),
      kit.setting('ip')::inet,
      kit.setting('request'),
      kit.setting('session'),
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

-- Capture what a statement changed; rows of which nothing that matters changed leave no trace. One flat statement: with
-- functions called for each row it took four times as long.
create function kit.audit_capture_change() returns trigger
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  kind constant text := tg_argv[0];
  name_column constant text := tg_argv[1];
  project_column constant text := tg_argv[2];
  hidden constant text[] := tg_argv[3];
  quiet constant text[] := tg_argv[4];
  done record;
begin
  select
    array_agg(r.new ->> 'id') as ids,
    array_agg((r.new ->> project_column)::uuid) as projects,
    array_agg(r.new ->> name_column) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads,
    array_agg(kit.audit_event(kind, 'update', d.closed, d.assigned, d.deleted)) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select to_jsonb(n) as new, to_jsonb(o) as old
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral (
    select
      jsonb_object_agg(c.key, case when c.key = any (hidden) and r.old -> c.key <> 'null' then '"***"' else r.old -> c.key end) as old,
      jsonb_object_agg(c.key, case when c.key = any (hidden) and c.value <> 'null' then '"***"' else c.value end) as new,
      bool_or(c.key = 'completed_at' and c.value <> 'null') as closed,
      bool_or(c.key in ('assigned_agent_id', 'assigned_user_id')) as assigned,
      bool_or(c.key = 'deleted_at' and c.value <> 'null') as deleted,
      string_agg(
        case
          when c.key = any (hidden) or jsonb_typeof(c.value) in ('object', 'array') or length(c.value #>> '{}') > 60 then c.key
          else c.key || ': ' || coalesce(left(r.old ->> c.key, 60), '-') || ' → ' || coalesce(c.value #>> '{}', '-')
        end,
        ', ' order by c.key
      ) as summary
    from jsonb_each(r.new) as c
    where c.value is distinct from r.old -> c.key
      and c.key <> all (quiet)
  ) as d
  where d.new is not null;
  if done.ids is not null then
    perform kit.audit_write(kind, 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- Only the capture writes audit rows; called by hand, or put on a temporary table, these would forge them.
revoke execute on function kit.audit_capture(), kit.audit_capture_change() from steward_app, steward_agent, steward_readonly;
revoke execute on function kit.audit_write(text, text, text[], uuid[], text[], text[], text[], text[])
  from steward_app, steward_agent, steward_readonly;
revoke execute on procedure kit.audit_table(text, text, text, text, text[], text[])
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
