-- name: standing -> Standing
-- Ask everything that decides whether this package fits the database, in one statement: every command waits for it.
select
  current_setting('server_version_num')::integer as server,
  (select extversion from pg_catalog.pg_extension where extname = 'vector') as vector,
  (select max(version_num) from kit.alembic_version) as revision,
  (select value #>> '{}' from kit.settings where key = 'code_checksum') as code;

-- name: foundation -> Foundation
-- Look at a database that may hold nothing yet, or somebody else's tables.
select
  current_setting('server_version_num')::integer as server,
  (select extversion from pg_catalog.pg_extension where extname = 'vector') as vector,
  session_user::text as login,
  current_database()::text as database,
  current_setting('is_superuser') = 'on' as is_superuser,
  'alembic_version' = any (k.tables) as has_steward,
  'settings' = any (k.tables) as has_revisions,
  not exists (
    select
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_'
      and n.nspname <> 'information_schema'
      and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
  ) as is_empty,
  not exists (select from pg_catalog.pg_roles where rolname = 'steward_app') as lacks_role,
  array(select nspname::text from pg_catalog.pg_namespace where nspname = any (%(schemas)s::text[])) as taken
from (
  select array(
    select relname::text
    from pg_catalog.pg_class
    where relnamespace = to_regnamespace('kit')
  ) as tables
) as k;

-- name: role_steps -> Step
-- The roles that are missing, and the login's membership in each.
select format('create role %%I %%s;', r.name, %(kind)s::text) as statement, false as optional
from unnest(%(roles)s::text[]) as r (name)
where to_regrole(r.name) is null
union all
select format('grant %%I to %%I;', r.name, session_user), false
from unnest(%(roles)s::text[]) as r (name)
where not (select rolsuper from pg_catalog.pg_roles where rolname = session_user)
  and not coalesce(pg_has_role(session_user, to_regrole(r.name)::oid, 'usage'), false);

-- name: extension_steps -> Step
-- The extensions that are missing or too old. All but vector are a convenience.
select format('create extension if not exists %%I;', e.name) as statement, e.name <> 'vector' as optional
from unnest(array['vector', 'pg_trgm', 'pg_stat_statements']) as e (name)
where not exists (select from pg_catalog.pg_extension where extname = e.name)
  and (e.name = 'vector' or exists (select from pg_catalog.pg_available_extensions a where a.name = e.name))
union all
select 'alter extension vector update;', false
from pg_catalog.pg_extension
where extname = 'vector'
  and string_to_array(extversion, '.')::integer[] < array[0, 8];

-- name: right_steps -> Step
-- What the roles may do in the database as such; tables and functions are granted by the revisions.
select format('grant %%s on database %%I to %%I;', g.may, current_database(), g.role) as statement, false as optional
from (
  values
    ('steward_owner', 'create'), ('steward_owner', 'temporary'), ('steward_app', 'temporary'),
    ('steward_owner', 'connect'), ('steward_app', 'connect'), ('steward_agent', 'connect'),
    ('steward_readonly', 'connect'), ('steward_backup', 'connect')
) as g (role, may)
where not coalesce(has_database_privilege(to_regrole(g.role)::oid, current_database(), g.may), false)
  -- The right that everybody has is about to be taken away.
  or (g.may = 'temporary' and has_database_privilege('public', current_database(), 'temporary'))
union all
select format('revoke temporary on database %%I from public;', current_database()), true
where has_database_privilege('public', current_database(), 'temporary')
union all
select 'revoke create on schema public from public;', true
where to_regnamespace('public') is not null
  and has_schema_privilege('public', to_regnamespace('public')::oid, 'create');

-- name: setting_steps -> Step
-- The search path of the database, and who may change settings by a function: `steward sql` stands on that.
select format('alter database %%I set search_path = %%s;', current_database(), %(path)s::text) as statement, false as optional
where not exists (
  select
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.oid = s.setdatabase
  where d.datname = current_database()
    and s.setrole = 0
    and 'search_path=' || %(path)s::text = any (s.setconfig)
)
union all
select format('grant execute on function pg_catalog.set_config(text, text, boolean) to %%I;', r.name), true
from unnest(array['steward_owner', 'steward_app', 'steward_backup', session_user]) as r (name)
where not coalesce(
  has_function_privilege(to_regrole(r.name)::oid, 'pg_catalog.set_config(text, text, boolean)', 'execute'),
  false
)
  -- The right that everybody has is about to be taken away.
  or has_function_privilege('public', 'pg_catalog.set_config(text, text, boolean)', 'execute')
union all
select 'revoke execute on function pg_catalog.set_config(text, text, boolean) from public;', true
where has_function_privilege('public', 'pg_catalog.set_config(text, text, boolean)', 'execute');

-- name: lock_setup -> none
-- Two set-ups of one database take turns.
select pg_advisory_xact_lock(7717002);

-- name: database_exists -> bool
-- Tell whether a database exists.
select exists (select from pg_catalog.pg_database where datname = %(name)s::text) as found;

-- name: create_database -> none
-- Create a database; the names are put in as identifiers.
create database {database} owner {owner} encoding 'UTF8' template template0;

-- name: take_role -> none
-- Act as another role until the transaction ends.
select set_config('role', %(role)s::text, true);

-- name: enter_seed -> none
-- Say who acts while reference and sample rows are laid, for the audit.
select kit.enter('seed', null, null, 'admin', null, null, null, 'setup', null, 0, false);

-- name: figures -> Figures
-- Describe server and database.
select
  current_setting('server_version') as server_version,
  current_database()::text as database,
  session_user::text as login,
  case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end as size_bytes,
  pg_postmaster_start_time() as started_at,
  (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend')::integer as connections,
  current_setting('max_connections')::integer as max_connections,
  array(select extname || ' ' || extversion from pg_catalog.pg_extension order by extname) as extensions;

-- name: applied -> Applied
-- The revisions that were applied, oldest first.
select version, description, checksum, applied_at
from kit.migration_info
order by version;

-- name: runtime_objects -> text
-- The tables and indexes made at run time.
select name
from kit.registered_objects
order by name;

-- name: may_set -> bool
-- Tell whether the read-only role could change settings, such as the role itself.
select has_function_privilege('steward_readonly', 'pg_catalog.set_config(text, text, boolean)', 'execute') as found;

-- name: lock_migrations -> none
-- Keep every migrator out until the transaction ends.
select pg_advisory_xact_lock(7717001);

-- name: reset_steps -> text
-- Drop our schemas, the owner's default rights and the search path, whatever of them there is.
select s.statement
from (
  select 1 as position, format('drop schema %%I cascade;', nspname) as statement
  from pg_catalog.pg_namespace
  where nspname = any (%(schemas)s::text[])
  union all
  select 2, format('alter default privileges for role %%s grant execute on functions to public;', defaclrole::regrole)
  from pg_catalog.pg_default_acl
  where defaclrole = to_regrole('steward_owner')
    and defaclnamespace = 0
    and defaclobjtype = 'f'
  union all
  select 3, format('alter database %%I reset search_path;', current_database())
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.oid = s.setdatabase
  where d.datname = current_database()
    and s.setrole = 0
) as s
order by s.position;

-- name: role_drops -> text
-- For each role: give what it owns here to the login, take its rights away, drop it.
select format('reassign owned by %%1$I to %%2$I; drop owned by %%1$I; drop role %%1$I', r.name, session_user)
from unnest(%(roles)s::text[]) as r (name)
where to_regrole(r.name) is not null;

-- name: limit_time -> none
-- Bound the time of the statements that follow in this transaction; the number is put in as such.
set local statement_timeout = {milliseconds};

-- name: become_readonly -> none
-- Give up every right but reading until the transaction ends.
set local role steward_readonly;

-- name: set_password -> none
-- Set the hash of a role's password, or take the password away.
alter role {role} password {password};

-- name: set_aside_steps -> text
-- Rename our schemas and take the owner's default rights back, so that the package can make them beside the found ones.
select format('alter schema %%I rename to %%I;', nspname, nspname || %(suffix)s::text) as statement
from pg_catalog.pg_namespace
where nspname = any (%(schemas)s::text[])
union all
select 'alter default privileges grant execute on functions to public;'
from pg_catalog.pg_default_acl
where defaclrole = to_regrole('steward_owner')
  and defaclnamespace = 0
  and defaclobjtype = 'f';

-- name: runtime_steps -> text
-- The statements that make again what was made at run time, as it stands in the database.
select format(
  'create table %%1$s partition of %%2$s %%3$s; select kit.guard_partition(%%2$L, %%1$L);',
  r.name, r.parent, pg_get_expr(c.relpartbound, c.oid)
) as statement
from kit.registered_objects r
join pg_catalog.pg_class c on c.oid = to_regclass(r.name)
where r.kind = 'partition'
  and c.relispartition
union all
select pg_get_indexdef(to_regclass(r.name)::oid) || ';'
from kit.registered_objects r
where r.kind = 'index'
  and to_regclass(r.name) is not null;

-- name: runtime_drops -> text
-- The statements that drop what was made at run time.
select format('drop %%s %%s;', case kind when 'partition' then 'table' else kind end, name) as statement
from kit.registered_objects
where to_regclass(name) is not null;

-- name: runtime_lost -> text
-- What was made at run time and is not there any more.
select format('%%s %%s', kind, name) as name
from kit.registered_objects
where to_regclass(name) is null;

-- name: seed_keys -> SeedKey
-- By what a row of each table is known: a unique key without made-up values, else the columns without a default.
with columns as (
  select a.attrelid, a.attnum, a.attname, d.oid is not null as has_default, pg_get_expr(d.adbin, d.adrelid) ~ '\(' as is_made
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0
    and not a.attisdropped
)
select n.nspname::text as schema, c.relname::text as name, coalesce(
  (
    select array_agg(k.attname::text order by k.attnum)
    from (
      select i.indkey
      from pg_catalog.pg_index i
      where i.indrelid = c.oid
        and i.indisunique
        and i.indexprs is null
        and not exists (select from columns k where k.attrelid = c.oid and k.attnum = any (i.indkey) and k.is_made)
      order by i.indisprimary desc, i.indpred is null desc, i.indexrelid
      limit 1
    ) as i
    join columns k on k.attrelid = c.oid and k.attnum = any (i.indkey)
  ),
  (select array_agg(k.attname::text order by k.attnum) from columns k where k.attrelid = c.oid and not k.has_default)
) as key
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and c.relkind in ('r', 'p')
  and not c.relispartition
order by n.nspname, c.relname;

-- name: column_names -> text
-- The columns of a table.
select attname::text as name
from pg_catalog.pg_attribute
where attrelid = to_regclass(%(table)s::text)
  and attnum > 0
  and not attisdropped;

-- name: seed_rows -> SeedRow
-- The rows that a table should begin with, and whether each is found; names are put in as identifiers.
select
  row_to_json(e)::text as row,
  exists (select from {found} as f where row(e.*) is not distinct from row({of_found})) as found
from (select {key} from {expected}) as e
order by 1;

-- name: seed_rows_unfound -> SeedRow
-- The rows that a table should begin with, where the table itself is not there.
select row_to_json(e)::text as row, false as found
from (select {key} from {expected}) as e
order by 1;

-- name: plain_search_path -> none
-- Have names written with their schemas, whatever the database's search path is.
set local search_path = pg_catalog;
