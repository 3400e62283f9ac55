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
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
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

-- Keep of two row images only what differs, without the quiet columns.
create function kit.audit_difference(p_old jsonb, p_new jsonb, p_hidden text[], p_quiet text[]) returns jsonb
language sql immutable parallel safe
set search_path = kit, pg_temp
as $$
  select jsonb_build_object(
    'old', kit.audit_hide(jsonb_object_agg(n.key, p_old -> n.key), p_hidden),
    'new', kit.audit_hide(jsonb_object_agg(n.key, n.value), p_hidden)
  )
  from jsonb_each(p_new) as n
  where n.value is distinct from p_old -> n.key
    and n.key <> all (p_quiet)
$$;

-- Name the event: a known word for what happened to that kind of thing, else a general one.
create function kit.audit_event(p_type text, p_action text, p_new jsonb) returns text
language sql immutable parallel safe
set search_path = kit, pg_temp
as $$
  select case
    when p_type = 'task' and p_action = 'update' and p_new ->> 'completed_at' is not null then 'task_closed'
    when p_type = 'task' and p_action = 'update' and p_new ?| array['assigned_agent_id', 'assigned_user_id'] then 'task_assigned'
    when p_type in ('task', 'user', 'project') and p_action = 'update' and p_new ->> 'deleted_at' is not null then p_type || '_deleted'
    when p_type in ('task', 'user', 'project') then p_type || '_' || p_action || 'd'
    when p_type = 'permission' and p_action = 'create' then 'permission_granted'
    when p_type = 'permission' and p_action = 'delete' then 'permission_revoked'
    when p_action = 'create' then 'data_created'
    when p_action = 'delete' then 'data_deleted'
    else 'data_modified'
  end
$$;

-- Say which columns of a payload changed, in words short enough for a list.
create function kit.audit_summary(p_payload jsonb, p_action text) returns text
language sql immutable parallel safe
set search_path = kit, pg_temp
as $$
  select case
    when p_action = 'update' then (
      select string_agg(
        case
          when jsonb_typeof(n.value) in ('object', 'array') or length(n.value #>> '{}') > 60 then n.key
          else n.key || ': ' || coalesce(left(p_payload -> 'old' ->> n.key, 60), '-') || ' → ' || coalesce(n.value #>> '{}', '-')
        end,
        ', ' order by n.key
      )
      from jsonb_each(p_payload -> 'new') as n
    )
  end
$$;

-- Write one audit row and its payload for each row image; the hash binds the payload without showing it.
create function kit.audit_write(p_type text, p_action text, p_name text, p_project text, p_ids text[], p_payloads jsonb[], p_rows jsonb[])
returns void
language sql
security definer
set search_path = kit, pg_temp
as $$
  with images as (
    select
      nextval('audit.audit_logs_id_seq') as id,
      i.row_id,
      i.payload,
      i.payload::text as payload_text,
      uuid_send(gen_random_uuid()) as salt,
      i.image
    from unnest(p_ids, p_payloads, p_rows) as i (row_id, payload, image)
  ),
  logged as (
    insert into audit.audit_logs (
      id, project_id, user_id, user_name, agent_name, service_name, operation, event_type, event_action,
      resource_type, resource_id, resource_name, changes_summary, ip_address, request_id, session_id, payload_hash
    )
    select
      i.id,
      (i.image ->> nullif(p_project, ''))::uuid,
      kit.setting('user_id')::uuid,
      coalesce(kit.setting('user_name'), case when kit.setting('user_id') is null then session_user::text end),
      kit.setting('agent'),
      coalesce(kit.setting('surface'), 'sql'),
      kit.setting('operation'),
      kit.audit_event(p_type, p_action, i.payload -> 'new'),
      p_action,
      p_type,
      i.row_id,
      left(i.image ->> nullif(p_name, ''), 500),
      left(kit.audit_summary(i.payload, p_action), 500),
      kit.setting('ip')::inet,
      kit.setting('request'),
      kit.setting('session'),
      sha256(i.salt || convert_to(i.payload_text, 'UTF8'))
    from images as i
    returning id
  )
  insert into audit.audit_payloads (id, salt, payload, created_at)
  select i.id, i.salt, i.payload_text, now()
  from images as i
$$;

-- Capture one statement's row images; updates that changed nothing that matters leave no trace.
create function kit.audit_capture() returns trigger
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  hidden constant text[] := tg_argv[3];
  ids text[];
  payloads jsonb[];
  images jsonb[];
begin
  if tg_op = 'INSERT' then
    select
      array_agg(image ->> 'id'),
      array_agg(jsonb_build_object('new', jsonb_strip_nulls(kit.audit_hide(image, hidden)))),
      array_agg(image)
    into ids, payloads, images
    from (select to_jsonb(n) as image from new_rows as n) as r;
    perform kit.audit_write(tg_argv[0], 'create', tg_argv[1], tg_argv[2], ids, payloads, images);
  elsif tg_op = 'DELETE' then
    select
      array_agg(image ->> 'id'),
      array_agg(jsonb_build_object('old', jsonb_strip_nulls(kit.audit_hide(image, hidden)))),
      array_agg(image)
    into ids, payloads, images
    from (select to_jsonb(o) as image from old_rows as o) as r;
    perform kit.audit_write(tg_argv[0], 'delete', tg_argv[1], tg_argv[2], ids, payloads, images);
  else
    select array_agg(d.image ->> 'id'), array_agg(d.payload), array_agg(d.image)
    into ids, payloads, images
    from (
      select
        to_jsonb(n) as image,
        kit.audit_difference(to_jsonb(o), to_jsonb(n), hidden, tg_argv[4]::text[]) as payload
      from new_rows as n
      join old_rows as o on o.id = n.id
    ) as d
    where d.payload ->> 'new' is not null;
    if ids is null then
      return null;
    end if;
    perform kit.audit_write(tg_argv[0], 'update', tg_argv[1], tg_argv[2], ids, payloads, images);
  end if;
  return null;
end
$$;

-- Only the capture writes audit rows; called by hand, or put on a temporary table, these would forge them.
revoke execute on function kit.audit_capture() from steward_app, steward_agent, steward_readonly;
revoke execute on function kit.audit_write(text, text, text, text, text[], jsonb[], jsonb[])
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
