-- Undoing: the reverse of the audit's capture, for one row at a time. Only `audit.undo_request` may call these.

-- Return the audited table that holds things of a type.
create function kit.audited_table(p_type text) returns regclass
language sql stable
set search_path = kit, pg_temp
as $$
  select t.tgrelid::regclass
  from pg_catalog.pg_trigger as t
  where t.tgname = 'audit_insert'
    and split_part(encode(t.tgargs, 'escape'), '\000', 1) = p_type
$$;

-- Return the columns of a table that can be written, among some names.
create function kit.writable_columns(p_table regclass, p_names text[]) returns text[]
language sql stable
set search_path = kit, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_catalog.pg_attribute as a
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attname = any (p_names)
$$;

-- Refuse when a row is no longer what a request made of it; names the columns that differ.
create function kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) returns void
language plpgsql stable
set search_path = kit, pg_temp
as $$
declare
  changed text;
begin
  select string_agg(e.key, ', ' order by e.key) into changed
  from jsonb_each(p_expected) as e
  where e.key not in ('updated_at', 'version')
    and e.value <> '"***"'
    and e.value is distinct from p_found -> e.key;
  if changed is not null then
    raise exception 'the % has changed since: %', p_type, changed
      using errcode = 'ST409', hint = 'undo what came later first, or set the values by hand';
  end if;
end
$$;

-- Put the old values of a changed row back, take a made row away, or bring a deleted row back.
create function kit.restore_row(p_type text, p_id uuid, p_action text, p_old jsonb, p_new jsonb) returns void
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  target constant regclass := kit.audited_table(p_type);
  columns constant text[] := kit.writable_columns(target, array(select jsonb_object_keys(p_old)));
  found_row jsonb;
begin
  if '"***"'::jsonb in (select o.value from jsonb_each(p_old) as o) then
    raise exception 'a secret of the % was changed, and its old value is not kept', p_type
      using errcode = 'ST409', hint = 'set a new one';
  end if;
  execute format('select to_jsonb(t) from %s as t where t.id = $1 for update', target) into found_row using p_id;
  if (found_row is null) <> (p_action = 'delete') then
    raise exception 'the % is %', p_type, case when found_row is null then 'gone' else 'there again' end
      using errcode = 'ST409', hint = 'there is nothing left to undo';
  end if;
  perform kit.check_unchanged(p_type, p_new, found_row);
  if p_action = 'delete' then
    execute format(
      'insert into %s (%s) select %s from jsonb_populate_record(null::%s, $1) as r',
      target,
      (select string_agg(quote_ident(c), ', ') from unnest(columns) as c),
      (select string_agg('r.' || quote_ident(c), ', ') from unnest(columns) as c),
      target
    ) using p_old;
  elsif p_action = 'create' then
    perform kit.take_away(target, p_id);
  elsif columns <> '{}' then
    execute format(
      'update %s as t set %s from jsonb_populate_record(null::%s, $1) as r where t.id = $2',
      target,
      (select string_agg(format('%I = r.%I', c, c), ', ') from unnest(columns) as c),
      target
    ) using p_old, p_id;
  end if;
end
$$;

-- Take a row away as its kind is deleted: by a mark where there is one.
create function kit.take_away(p_table regclass, p_id uuid) returns void
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  if p_table::text in ('agents.agents', 'accounts.users') then
    -- History names them.
    execute format('update %s set is_active = false where id = $1', p_table) using p_id;
  elsif p_table::text = 'projects.projects' then
    execute format('update %s set status = ''deleted'', deleted_at = now() where id = $1', p_table) using p_id;
  elsif kit.writable_columns(p_table, array['deleted_at']) <> '{}' then
    execute format('update %s set deleted_at = now() where id = $1', p_table) using p_id;
  elsif kit.writable_columns(p_table, array['archived_at']) <> '{}' then
    execute format('update %s set archived_at = now() where id = $1', p_table) using p_id;
  else
    execute format('delete from %s where id = $1', p_table) using p_id;
  end if;
end
$$;

revoke execute on function kit.restore_row(text, uuid, text, jsonb, jsonb) from steward_app, steward_agent, steward_readonly;
revoke execute on function kit.take_away(regclass, uuid) from steward_app, steward_agent, steward_readonly;
