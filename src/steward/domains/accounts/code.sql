-- Functions, views and triggers of the accounts: today's truth, made anew by every migrate.

create trigger touch before update on accounts.users
  for each row
  when (new.last_login_at is not distinct from old.last_login_at)
  execute function kit.touch_versioned();

-- Being used does not make a key another version.
create trigger touch before update on accounts.api_keys
  for each row
  when (new.last_used_at is not distinct from old.last_used_at)
  execute function kit.touch_versioned();

call kit.audit_table(
  'accounts.users', 'user', 'username', '', array['password_hash', 'preferences'], array['last_login_at']
);
call kit.audit_table('accounts.api_keys', 'api_key', 'name', '', array['key_hash'], array['last_used_at']);

-- Keep an administrator: refuse the change that would leave none who can log in. Guarded by an advisory lock: two
-- administrators who step down at once would each still see the other.
create function accounts.keep_an_admin() returns trigger
language plpgsql
set search_path = accounts, kit, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('accounts.keep_an_admin', 0));
  if not exists (
    select
    from accounts.users
    where role = 'admin'
      and is_active
      and deleted_at is null
      and id <> old.id
  ) then
    raise exception 'user % is the last administrator', old.username
      using errcode = 'ST409', hint = 'make somebody else an administrator first';
  end if;
  return new;
end
$$;
create trigger keep_an_admin before update of role, is_active, deleted_at on accounts.users
  for each row
  when (
    old.role = 'admin' and old.is_active and old.deleted_at is null
    and not (new.role = 'admin' and new.is_active and new.deleted_at is null)
  )
  execute function accounts.keep_an_admin();

-- Refuse unless the acting role may do all that a role may: nobody gives, takes or borrows rights above their own.
create function accounts.authorize_role(p_role text) returns void
language plpgsql stable
set search_path = accounts, kit, pg_temp
as $$
begin
  if exists (
    select
    from kit.permissions
    where role = p_role
      and not kit.may(kit.actor_role(), permission)
  ) then
    raise exception 'role % may not decide about role %', kit.actor_role(), p_role
      using errcode = 'ST403', hint = 'ask an administrator';
  end if;
end
$$;

-- Find a user by id, username or e-mail among the not-deleted; by id also a deleted one.
create function accounts.find_user(p_ref text) returns uuid
language sql stable
set search_path = accounts, kit, pg_temp
as $$
  select id
  from accounts.users
  where id::text = lower(p_ref)
    or (deleted_at is null and lower(username) = lower(p_ref))
    or (deleted_at is null and lower(email) = lower(p_ref))
  order by id::text = lower(p_ref) desc, lower(username) = lower(p_ref) desc
  limit 1
$$;

-- Return the role in which a key acts: its user's, or an agent's, which never exceeds its user's.
create function accounts.key_role(p_user_role text, p_agent_name text) returns text
language sql stable
set search_path = accounts, kit, pg_temp
as $$
  select case
    when p_agent_name is null then p_user_role
    when exists (
      select
      from kit.permissions
      where role = 'agent'
        and not kit.may(p_user_role, permission)
    ) then 'readonly'
    else 'agent'
  end
$$;

-- Return whose key this is while it is good, and note its use once a minute at most: more would make a hot row.
create function accounts.identify_key(p_key_hash bytea, p_key_prefix text)
returns table (user_id uuid, user_name text, role text, agent text)
language plpgsql
set search_path = accounts, kit, pg_temp
as $$
declare
  key accounts.api_keys;
begin
  select k.id, k.user_id, k.agent_name, k.last_used_at
  into key.id, key.user_id, key.agent_name, key.last_used_at
  from accounts.api_keys as k
  where k.key_prefix = p_key_prefix
    and k.key_hash = p_key_hash
    and k.is_active
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now());
  if key.id is null then
    return;
  end if;
  if not current_setting('transaction_read_only')::boolean
    and (key.last_used_at is null or key.last_used_at < now() - interval '1 minute')
  then
    update accounts.api_keys as k
    set last_used_at = now()
    where k.id = (select l.id from accounts.api_keys as l where l.id = key.id for no key update skip locked);
  end if;
  return query
  select u.id, u.username, accounts.key_role(u.role, key.agent_name), key.agent_name
  from accounts.users as u
  where u.id = key.user_id
    and u.is_active
    and u.deleted_at is null;
end
$$;

-- Turn a one-time link into a session; the update is the lock, so a link is redeemed once. Returns the user.
create function accounts.redeem_link(
  p_link_hash bytea, p_token_hash bytea, p_seconds integer, p_ip inet, p_user_agent text
) returns uuid
language sql
set search_path = accounts, kit, pg_temp
as $$
  with redeemed as (
    update accounts.login_sessions as s
    set
      redeemed_at = now(),
      token_hash = p_token_hash,
      expires_at = now() + make_interval(secs => p_seconds),
      ip_address = p_ip,
      user_agent = left(p_user_agent, 1000)
    from accounts.users as u
    where s.link_hash = p_link_hash
      and s.redeemed_at is null
      and s.revoked_at is null
      and s.link_expires_at > now()
      and u.id = s.user_id
      and u.is_active
      and u.deleted_at is null
    returning s.user_id
  )
  update accounts.users as u
  set last_login_at = now()
  from redeemed as r
  where u.id = r.user_id
  returning u.id
$$;

-- Make sure of a user of that name, an administrator when new: for whoever owns the installation. Guarded by the unique
-- index on the name: of two callers one inserts.
create function accounts.ensure_admin(p_username text) returns uuid
language plpgsql
set search_path = accounts, kit, pg_temp
as $$
declare
  found_id uuid := accounts.find_user(p_username);
begin
  if found_id is null then
    insert into accounts.users (username, display_name, role)
    values (p_username, p_username, 'admin')
    on conflict do nothing
    returning id into found_id;
  end if;
  return coalesce(found_id, accounts.find_user(p_username));
end
$$;

-- Users without what is secret.
create view accounts.user_summary
with (security_invoker = true) as
select
  id,
  id as user_id,
  username,
  email,
  display_name,
  display_name as name,
  role,
  is_active,
  is_service_account,
  is_email_verified,
  avatar_url,
  github_username,
  github_user_id,
  metadata,
  created_at,
  updated_at,
  last_login_at,
  deleted_at
from accounts.users;
