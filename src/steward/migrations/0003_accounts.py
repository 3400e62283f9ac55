"""accounts: users, api keys, login sessions"""

from __future__ import annotations

from steward.kit.migrate import execute

revision = "0003"
down_revision = "0002"

UP = r"""
create schema accounts;
grant usage on schema accounts to steward_app, steward_readonly, steward_backup;
alter default privileges in schema accounts grant select on tables to steward_app, steward_backup;
alter default privileges in schema accounts grant execute on functions to steward_app, steward_readonly;

create table accounts.users (
  id uuid primary key default kit.new_id(),
  username text not null check (length(username) between 1 and 255 and username = btrim(username)),
  email text check (length(email) <= 255 and email ~ '^[^@\s]+@[^@\s]+$'),
  display_name text check (length(display_name) <= 255),
  password_hash text,
  role text not null default 'user' check (role in ('admin', 'manager', 'user', 'service')),
  is_active boolean not null default true,
  is_service_account boolean not null default false,
  is_email_verified boolean not null default false,
  avatar_url text,
  github_username text,
  github_user_id bigint,
  preferences jsonb not null default '{}' check (jsonb_typeof(preferences) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_login_at timestamptz,
  deleted_at timestamptz
);
-- A deleted user's names are free again.
create unique index users_username on accounts.users (lower(username)) where deleted_at is null;
create unique index users_email on accounts.users (lower(email)) where deleted_at is null and email is not null;
create unique index users_github_user_id on accounts.users (github_user_id)
  where deleted_at is null and github_user_id is not null;
comment on table accounts.users is
  'People and service accounts; deleting marks the row, since history points at it.';
comment on column accounts.users.password_hash is 'Null until a password was set; never the password.';

create table accounts.api_keys (
  id uuid primary key default kit.new_id(),
  user_id uuid not null references accounts.users (id) on delete cascade,
  name text not null check (length(name) between 1 and 255),
  key_prefix text not null constraint api_keys_key_prefix unique check (length(key_prefix) between 8 and 20),
  key_hash bytea not null check (length(key_hash) = 32),
  agent_name text check (length(agent_name) between 1 and 255),
  is_active boolean not null default true,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (revoked_at is null or not is_active)
);
create index api_keys_user_id on accounts.api_keys (user_id);
comment on table accounts.api_keys is
  'Keys of users, and of agents that act for them; the secret itself is shown once and never kept.';
comment on column accounts.api_keys.key_hash is
  'SHA-256 of the whole key, which holds 256 random bits: a slow hash would guard nothing more.';
comment on column accounts.api_keys.agent_name is
  'Binds the bearer to this agent; the rights stay those of the user at most.';

create table accounts.login_sessions (
  id uuid primary key default kit.new_id(),
  user_id uuid not null references accounts.users (id) on delete cascade,
  link_hash bytea not null constraint login_sessions_link_hash unique check (length(link_hash) = 32),
  link_expires_at timestamptz not null,
  redeemed_at timestamptz,
  token_hash bytea constraint login_sessions_token_hash unique check (length(token_hash) = 32),
  expires_at timestamptz,
  revoked_at timestamptz,
  ip_address inet,
  user_agent text check (length(user_agent) <= 1000),
  created_at timestamptz not null default now(),
  -- A session begins when its one-time link is redeemed, which can happen once.
  check ((redeemed_at is null) = (token_hash is null)),
  check ((redeemed_at is null) = (expires_at is null))
);
create index login_sessions_user_id on accounts.login_sessions (user_id);
create index login_sessions_old on accounts.login_sessions (coalesce(expires_at, link_expires_at));
comment on table accounts.login_sessions is
  'One-time login links and the browser sessions that came of them; tokens are kept hashed.';

-- Whoever only reads never sees a hash.
grant select (
  id, username, email, display_name, role, is_active, is_service_account, is_email_verified, avatar_url,
  github_username, github_user_id, preferences, metadata, version, created_at, updated_at, last_login_at, deleted_at
) on accounts.users to steward_readonly;
grant select (
  id, user_id, name, key_prefix, agent_name, is_active, expires_at, last_used_at, revoked_at, version, created_at,
  updated_at
) on accounts.api_keys to steward_readonly;
grant select (id, user_id, link_expires_at, redeemed_at, expires_at, revoked_at, created_at)
  on accounts.login_sessions to steward_readonly;
grant insert, update on accounts.users, accounts.api_keys to steward_app;
grant insert, update, delete on accounts.login_sessions to steward_app;
"""

DOWN = r"""
drop table accounts.login_sessions;
drop table accounts.api_keys;
drop table accounts.users;
drop schema accounts;
"""


def upgrade() -> None:
    """Apply the revision."""
    execute(UP)


def downgrade() -> None:
    """Take the revision back."""
    execute(DOWN)
