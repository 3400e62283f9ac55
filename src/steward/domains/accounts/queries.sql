-- name: whoami -> Whoami
-- The acting user with the permissions of the acting role.
select
  u.id as user_id,
  coalesce(u.username, kit.setting('user_name')) as username,
  u.display_name,
  kit.actor_role() as role,
  kit.actor_agent() as agent,
  %(project)s::text as project,
  coalesce(kit.setting('surface'), 'sql') as surface,
  array(
    select p.permission
    from kit.permissions as p
    where p.role = kit.actor_role()
    order by p.permission
  ) as permissions
from (select kit.actor_user() as id) as a
left join accounts.users as u on u.id = a.id;

-- name: find_user -> uuid
-- The id of the user by id, username or e-mail.
select accounts.find_user(%(ref)s::text);

-- name: near_usernames -> text
-- Names that a mistyped one may have meant.
select username
from accounts.users
where deleted_at is null
order by username
limit 500;

-- name: authorize_role -> none
-- Refuse unless the actor may do all that the role may.
select accounts.authorize_role(%(role)s::text);

-- name: authorize -> none
-- Refuse unless the actor's role holds the permission.
select kit.authorize(%(permission)s::text);

-- name: may -> bool
-- Whether the actor's role holds the permission.
select kit.may(kit.actor_role(), %(permission)s::text);

-- name: add_user -> User
-- Insert a user.
insert into accounts.users (username, email, display_name, role, is_service_account, github_username, metadata)
values (
  %(username)s::text,
  %(email)s::text,
  %(display_name)s::text,
  %(role)s::text,
  %(role)s::text = 'service',
  %(github_username)s::text,
  coalesce(%(metadata)s::text::jsonb, '{}')
)
returning id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, metadata, version, created_at, updated_at, last_login_at, deleted_at;

-- name: get_user -> User
-- One user, deleted or not.
select id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, metadata, version, created_at, updated_at, last_login_at, deleted_at
from accounts.users
where id = %(id)s::uuid;

-- name: lock_user -> User
-- One user, locked against other changes.
select id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, metadata, version, created_at, updated_at, last_login_at, deleted_at
from accounts.users
where id = %(id)s::uuid
  and deleted_at is null
for no key update;

-- name: list_users -> User, planned anew
-- Users by name, after a cursor.
select id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, metadata, version, created_at, updated_at, last_login_at, deleted_at
from accounts.users
where deleted_at is null
  and (%(role)s::text is null or role = %(role)s::text)
  and (%(active)s::boolean is null or is_active = %(active)s::boolean)
  and (%(after)s::text is null or lower(username) > %(after)s::text)
order by lower(username)
limit %(limit)s::int;

-- name: update_user -> User
-- Change what is given; empty text clears.
update accounts.users
set
  username = coalesce(%(username)s::text, username),
  email = case when %(email)s::text is null then email else nullif(%(email)s::text, '') end,
  is_email_verified = is_email_verified and (%(email)s::text is null or %(email)s::text = email),
  display_name = case when %(display_name)s::text is null then display_name else nullif(%(display_name)s::text, '') end,
  role = coalesce(%(role)s::text, role),
  is_active = coalesce(%(is_active)s::boolean, is_active),
  github_username = case
    when %(github_username)s::text is null then github_username
    else nullif(%(github_username)s::text, '')
  end,
  metadata = coalesce(%(metadata)s::text::jsonb, metadata)
where id = %(id)s::uuid
returning id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, metadata, version, created_at, updated_at, last_login_at, deleted_at;

-- name: delete_user -> none
-- Mark a user as deleted.
update accounts.users
set
  deleted_at = now(),
  is_active = false
where id = %(id)s::uuid;

-- name: revoke_all_keys -> none
-- Revoke whatever keys a user has.
update accounts.api_keys
set
  is_active = false,
  revoked_at = now()
where user_id = %(user_id)s::uuid
  and revoked_at is null;

-- name: end_all_sessions -> none
-- End whatever links and sessions a user has.
update accounts.login_sessions
set revoked_at = now()
where user_id = %(user_id)s::uuid
  and revoked_at is null;

-- name: add_key -> ApiKey
-- Insert a key by its hash.
insert into accounts.api_keys as k (user_id, name, key_prefix, key_hash, agent_name, expires_at)
values (
  %(user_id)s::uuid,
  %(name)s::text,
  %(key_prefix)s::text,
  %(key_hash)s::bytea,
  %(agent_name)s::text,
  now() + make_interval(days => %(days)s::int)
)
returning k.id, k.user_id, (select u.username from accounts.users as u where u.id = k.user_id) as username, k.name,
  k.key_prefix, k.agent_name, k.is_active, k.expires_at, k.last_used_at, k.revoked_at, k.created_at;

-- name: list_keys -> ApiKey, planned anew
-- Keys, newest first, after a cursor.
select k.id, k.user_id, u.username, k.name, k.key_prefix, k.agent_name, k.is_active, k.expires_at, k.last_used_at,
  k.revoked_at, k.created_at
from accounts.api_keys as k
join accounts.users as u on u.id = k.user_id
where (%(user_id)s::uuid is null or k.user_id = %(user_id)s::uuid)
  and (%(revoked)s::boolean or k.revoked_at is null)
  and (%(after)s::uuid is null or k.id < %(after)s::uuid)
order by k.id desc
limit %(limit)s::int;

-- name: find_key -> ApiKey
-- One key by id or prefix.
select k.id, k.user_id, u.username, k.name, k.key_prefix, k.agent_name, k.is_active, k.expires_at, k.last_used_at,
  k.revoked_at, k.created_at
from accounts.api_keys as k
join accounts.users as u on u.id = k.user_id
where k.id::text = lower(%(ref)s::text)
  or k.key_prefix = %(ref)s::text;

-- name: revoke_key -> ApiKey
-- Revoke a key; a second time changes nothing.
update accounts.api_keys as k
set
  is_active = false,
  revoked_at = coalesce(k.revoked_at, now())
where k.id = %(id)s::uuid
returning k.id, k.user_id, (select u.username from accounts.users as u where u.id = k.user_id) as username, k.name,
  k.key_prefix, k.agent_name, k.is_active, k.expires_at, k.last_used_at, k.revoked_at, k.created_at;

-- name: revoke_keys_named -> none
-- Revoke a user's keys of one name.
update accounts.api_keys
set
  is_active = false,
  revoked_at = now()
where user_id = %(user_id)s::uuid
  and name = %(name)s::text
  and revoked_at is null;

-- name: identify_key -> Principal
-- Whose key this is.
select user_id, user_name, role, agent
from accounts.identify_key(p_key_hash => %(key_hash)s::bytea, p_key_prefix => %(key_prefix)s::text);

-- name: ensure_admin -> uuid
-- Make sure of a user, an administrator when new.
select accounts.ensure_admin(%(username)s::text);

-- name: principal -> Principal
-- A user who may act.
select id as user_id, username as user_name, role, null::text as agent
from accounts.users
where id = %(id)s::uuid
  and is_active
  and deleted_at is null;

-- name: add_link -> none
-- Keep the hash of a one-time login link.
insert into accounts.login_sessions (user_id, link_hash, link_expires_at)
values (%(user_id)s::uuid, %(link_hash)s::bytea, now() + make_interval(secs => %(seconds)s::int));

-- name: redeem_link -> uuid
-- Turn a link into a session.
select accounts.redeem_link(
  p_link_hash => %(link_hash)s::bytea,
  p_token_hash => %(token_hash)s::bytea,
  p_seconds => %(seconds)s::int,
  p_ip => %(ip)s::text::inet,
  p_user_agent => %(user_agent)s::text
);

-- name: identify_session -> Principal
-- Whose session this is.
select u.id as user_id, u.username as user_name, u.role, null::text as agent
from accounts.login_sessions as s
join accounts.users as u on u.id = s.user_id
where s.token_hash = %(token_hash)s::bytea
  and s.expires_at > now()
  and s.revoked_at is null
  and u.is_active
  and u.deleted_at is null;

-- name: end_session -> none
-- End a session.
update accounts.login_sessions
set revoked_at = now()
where token_hash = %(token_hash)s::bytea
  and revoked_at is null;

-- name: purge_sessions -> none
-- Forget links and sessions that ended a week ago.
delete from accounts.login_sessions
where coalesce(expires_at, link_expires_at) < now() - interval '7 days';
