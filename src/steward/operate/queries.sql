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
  to_regclass('kit.alembic_version') is not null as has_steward,
  not exists (
    select
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_'
      and n.nspname <> 'information_schema'
      and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass
          and d.objid = c.oid
          and d.deptype = 'e'
      )
  ) as is_empty,
  not exists (select from pg_catalog.pg_roles where rolname = 'steward_app') as lacks_role;
