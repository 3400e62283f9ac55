-- Functions, views and triggers of the kit: today's truth, made anew by every migrate.

-- Set updated_at on every change of a row.
create function kit.update_updated_at_column() returns trigger
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- Set updated_at and raise the version on every change of a row that has one.
create function kit.touch_versioned() returns trigger
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  -- A write that changes nothing must not refuse those who saw the version before it.
  if new *= old then
    return new;
  end if;
  new.updated_at := now();
  new.version := old.version + 1;
  return new;
end
$$;

-- Read a setting of this transaction, null when it was never set or reverted. This and the next three stand in the way
-- of every write: as `begin atomic` they are inlined where they are called, with a path of their own they would be
-- functions called (and planned) anew, a third of what a claim took.
create function kit.setting(p_name text) returns text
language sql stable parallel safe
begin atomic
  select nullif(current_setting('steward.' || p_name, true), '');
end;

-- Return the acting user.
create function kit.actor_user() returns uuid
language sql stable parallel safe
begin atomic
  select kit.setting('user_id')::uuid;
end;

-- Return the name of the acting agent.
create function kit.actor_agent() returns text
language sql stable parallel safe
begin atomic
  select kit.setting('agent');
end;

-- Return the role that acts: the one set for the transaction, else what the database login stands for. Anybody may set
-- it, so it is believed of logins that act for others alone.
create function kit.actor_role() returns text
language sql stable
begin atomic
  select case session_user
    when 'steward_agent' then 'agent'
    when 'steward_readonly' then 'readonly'
    when 'steward_backup' then 'readonly'
    when 'steward_app' then coalesce(kit.setting('role'), 'service')
    else case
      when pg_has_role(session_user, 'steward_owner', 'member') then coalesce(kit.setting('role'), 'admin')
      when pg_has_role(session_user, 'steward_app', 'member') then coalesce(kit.setting('role'), 'service')
      else 'readonly'
    end
  end;
end;

-- Tell whether a role holds a permission such as work:write.
create function kit.may(p_role text, p_permission text) returns boolean
language sql stable
set search_path = kit, pg_temp
as $$
  select exists (
    select
    from kit.permissions
    where role = p_role
      and permission in ('*', p_permission, '*:' || split_part(p_permission, ':', 2), split_part(p_permission, ':', 1) || ':*')
  )
$$;

-- Refuse the transaction unless the acting role holds the permission.
create function kit.authorize(p_permission text) returns void
language plpgsql stable
set search_path = kit, pg_temp
as $$
declare
  acting text := kit.actor_role();
begin
  -- What `kit.may` asks, as a statement whose plan is kept.
  if not exists (
    select
    from kit.permissions
    where role = acting
      and permission in ('*', p_permission, '*:' || split_part(p_permission, ':', 2), split_part(p_permission, ':', 1) || ':*')
  ) then
    raise exception 'role % may not %', acting, p_permission
      using errcode = 'ST403', hint = 'ask an administrator for a role that holds ' || p_permission;
  end if;
end
$$;

-- Begin an operation: note who acts, bound its statements' time, make reads read-only, authorise.
create function kit.enter(
  p_operation text,
  p_permission text,
  p_user_id uuid,
  p_role text,
  p_agent text,
  p_session text,
  p_request text,
  p_surface text,
  p_ip text,
  p_statement_timeout_ms integer,
  p_read_only boolean,
  p_user_name text default null
) returns void
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  perform
    set_config('steward.operation', coalesce(p_operation, ''), true),
    set_config('steward.user_id', coalesce(p_user_id::text, ''), true),
    set_config('steward.user_name', coalesce(p_user_name, ''), true),
    set_config('steward.role', coalesce(p_role, ''), true),
    set_config('steward.agent', coalesce(p_agent, ''), true),
    set_config('steward.session', coalesce(p_session, ''), true),
    set_config('steward.request', coalesce(p_request, ''), true),
    set_config('steward.surface', coalesce(p_surface, ''), true),
    set_config('steward.ip', coalesce(p_ip, ''), true),
    set_config('statement_timeout', p_statement_timeout_ms::text, true);
  if p_permission is not null then
    perform kit.authorize(p_permission);
  end if;
  if p_read_only then
    perform set_config('transaction_read_only', 'on', true);
  end if;
end
$$;

-- Take a request key: null for the first call, the kept result for a repetition. The primary key is the lock: a second
-- call with the same key waits here until the first one commits.
create function kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) returns jsonb
language plpgsql
set search_path = kit, pg_temp
as $$
declare
  found_row kit.request_keys;
begin
  insert into kit.request_keys (who, key, operation, params_hash)
  values (p_who, p_key, p_operation, p_hash)
  on conflict (who, key) do nothing;
  if found then
    return null;
  end if;
  select who, key, operation, params_hash, result, created_at
  into strict found_row
  from kit.request_keys
  where who = p_who
    and key = p_key;
  if found_row.params_hash <> p_hash then
    raise exception 'request key % was already used for %', p_key, found_row.operation
      using errcode = 'ST409', hint = 'use a new request key for a new request';
  end if;
  return found_row.result;
end
$$;

-- Take or renew a named lease; returns its fencing token, or null when somebody else holds it. The row lock of the
-- upsert is the guard: of two callers one sees the other's holder.
create function kit.take_lease(p_name text, p_holder text, p_seconds integer) returns bigint
language sql
set search_path = kit, pg_temp
as $$
  insert into kit.leases as l (name, holder, token, lease_until)
  values (p_name, p_holder, nextval('kit.lease_tokens'), clock_timestamp() + make_interval(secs => p_seconds))
  on conflict (name) do update
  set
    holder = excluded.holder,
    token = case when l.holder = excluded.holder and l.lease_until > clock_timestamp() then l.token else excluded.token end,
    lease_until = excluded.lease_until
  where l.holder = excluded.holder
    or l.lease_until <= clock_timestamp()
  returning l.token
$$;

-- Give a named lease back, if it is still held with this token.
create function kit.drop_lease(p_name text, p_token bigint) returns boolean
language sql
set search_path = kit, pg_temp
as $$
  with gone as (
    delete from kit.leases
    where name = p_name
      and token = p_token
    returning name
  )
  select exists (select from gone)
$$;

-- Tell whether a named lease is still held with this token, and keep it so until the transaction ends: the row lock
-- makes whoever wants to take the lease wait. Refuses the transaction otherwise.
create function kit.hold_lease(p_name text, p_token bigint) returns void
language plpgsql
set search_path = kit, pg_temp
as $$
begin
  perform
  from kit.leases
  where name = p_name
    and token = p_token
  for share;
  if not found then
    raise exception 'the lease % is no longer held with token %', p_name, p_token
      using errcode = 'ST410', hint = 'somebody else has taken it; nothing was changed';
  end if;
end
$$;

-- Give a partition the truncate triggers of its parent, which are not handed down as row triggers are. Made between two
-- migrations they are noted for the next one, which must drop them before their function.
create function kit.guard_partition(p_parent regclass, p_child regclass) returns void
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  guard record;
begin
  for guard in
    select t.tgname, t.tgfoid::regproc as called
    from pg_trigger as t
    where t.tgrelid = p_parent
      and t.tgtype & 32 = 32
      and not exists (select from pg_trigger as c where c.tgrelid = p_child and c.tgname = t.tgname)
  loop
    execute format('create trigger %I before truncate on %s for each statement execute function %s()',
      guard.tgname, p_child, guard.called);
    insert into kit.code_objects (position, drop_statement)
    select coalesce(max(position), 0) + 1, format('drop trigger %I on %s', guard.tgname, p_child)
    from kit.code_objects
    having exists (select from kit.settings where key = 'code_checksum');
  end loop;
end
$$;
revoke execute on function kit.guard_partition(regclass, regclass) from steward_app, steward_agent, steward_readonly;

-- Make the monthly partitions of a table from this month on; returns how many were made. Guarded by an advisory lock:
-- two callers would create the same table. A month whose rows already went to the default partition stays there.
create function kit.ensure_partitions(p_parent text, p_months integer) returns integer
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  first_day date := date_trunc('month', now() at time zone 'utc')::date;
  child text;
  made integer := 0;
begin
  if not exists (select from pg_partitioned_table where partrelid = to_regclass(p_parent)) then
    raise exception '% is no partitioned table', p_parent using errcode = 'ST404';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('kit.ensure_partitions', 0));
  for i in 0..least(p_months, 120) loop
    child := p_parent || to_char(first_day + make_interval(months => i), '_YYYYMM');
    continue when to_regclass(child) is not null;
    begin
      execute format(
        'create table %s partition of %s for values from (%L) to (%L)',
        child,
        p_parent,
        to_char(first_day + make_interval(months => i), 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(first_day + make_interval(months => i + 1), 'YYYY-MM-DD') || ' 00:00:00+00'
      );
    exception when check_violation then
      continue;
    end;
    perform kit.guard_partition(p_parent::regclass, child::regclass);
    insert into kit.registered_objects (name, kind, parent)
    values (child, 'partition', p_parent)
    on conflict (name) do nothing;
    made := made + 1;
  end loop;
  return made;
end
$$;
revoke execute on function kit.ensure_partitions(text, integer) from steward_agent, steward_readonly;

create trigger touch before update on kit.settings
  for each row execute function kit.update_updated_at_column();

-- The revisions that were applied, as the systems before Steward listed theirs.
create view kit.schema_migrations
with (security_invoker = true)
as
select
  version,
  description,
  applied_at,
  installed_on,
  execution_time_ms
from kit.migration_info;
