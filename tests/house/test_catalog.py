"""The schema's own rules, asked of a migrated database."""

from __future__ import annotations

from typing import Any

import pytest

from steward.kit.db import Database
from steward.kit.package import SCHEMAS


def _names(database: Database, statement: str) -> list[str]:
    with database.connection() as connection:
        rows: list[tuple[Any, ...]] = connection.execute(statement, {"schemas": list(SCHEMAS)}).fetchall()
    return [str(row[0]) for row in rows]


# Foreign keys that nothing walks: what they point at is never deleted, only marked, and no list filters by them.
UNWALKED = [
    "agents agents_model_provider_fkey",
    "task_dependencies task_dependencies_project_id_fkey",
    "tasks tasks_created_by_agent_id_fkey",
    "tasks tasks_created_by_user_id_fkey",
]

RULES = {
    "every view runs with the rights of whoever asks": """
        select c.oid::regclass
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind = 'v'
          and not coalesce(c.reloptions::text[] && array['security_invoker=true', 'security_invoker=on'], false)
    """,
    "every function pins its search_path, pg_temp last, or is begin atomic": """
        select p.oid::regprocedure
        from pg_proc p
        where p.pronamespace::regnamespace::text = any (%(schemas)s)
          and p.prosqlbody is null
          and not exists (
            select from unnest(p.proconfig) as setting where setting ~ '^search_path=.*(^|[, "])pg_temp"?$'
          )
    """,
    "no function's search path holds a schema that others may write": """
        select p.oid::regprocedure
        from pg_proc p
        cross join unnest(p.proconfig) as setting
        where p.pronamespace::regnamespace::text = any (%(schemas)s)
          and p.prosecdef
          and setting ~ '^search_path='
          and setting ~ 'public|\\$user'
    """,
    "no definer function is open to everybody": """
        select p.oid::regprocedure
        from pg_proc p
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as x
        where p.pronamespace::regnamespace::text = any (%(schemas)s)
          and p.prosecdef
          and x.grantee = 0
    """,
    "names of tables and views are unique across schemas": """
        select c.relname
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p', 'v', 'm')
        group by c.relname
        having count(*) > 1
    """,
    "names of functions are unique across schemas": """
        select p.proname
        from pg_proc p
        where p.pronamespace::regnamespace::text = any (%(schemas)s)
        group by p.proname
        having count(distinct p.pronamespace) > 1
    """,
    "every table with updated_at is touched by a trigger": """
        select a.attrelid::regclass
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p')
          and a.attname = 'updated_at'
          and not exists (
            select
            from pg_trigger t
            join pg_proc p on p.oid = t.tgfoid
            where t.tgrelid = c.oid
              and p.proname in ('update_updated_at_column', 'touch_versioned')
          )
    """,
    "every table is described": """
        select c.oid::regclass
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p', 'm')
          and not c.relispartition
          and c.relname <> 'alembic_version'
          and obj_description(c.oid, 'pg_class') is null
    """,
    "every foreign key has an index to walk it": """
        select (select relname from pg_class where oid = k.conrelid) || ' ' || k.conname
        from pg_constraint k
        where k.connamespace::regnamespace::text = any (%(schemas)s)
          and k.contype = 'f'
          and k.conparentid = 0
          and not exists (
            select
            from pg_index i
            where i.indrelid = k.conrelid
              and i.indisvalid
              and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
          )
    """,
    "foreign keys point down the order of rooms": """
        select k.conrelid::regclass || ' ' || k.conname
        from pg_constraint k
        join pg_class f on f.oid = k.confrelid
        where k.connamespace::regnamespace::text = any (%(schemas)s)
          and k.contype = 'f'
          and array_position(%(schemas)s, f.relnamespace::regnamespace::text)
            > array_position(%(schemas)s, k.connamespace::regnamespace::text)
    """,
    "no enums, no serials, no times without a zone, no varchar": """
        select a.attrelid::regclass || '.' || a.attname
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        join pg_type t on t.oid = a.atttypid
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p')
          and a.attnum > 0
          and not a.attisdropped
          and c.relname <> 'alembic_version'
          and (t.typtype = 'e' or t.typname in ('timestamp', 'varchar', 'bpchar', 'money', 'json'))
    """,
    "the owner owns everything": """
        select c.oid::regclass::text
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relowner <> 'steward_owner'::regrole
        union all
        select p.oid::regprocedure::text
        from pg_proc p
        where p.pronamespace::regnamespace::text = any (%(schemas)s)
          and p.proowner <> 'steward_owner'::regrole
    """,
    "the reader may only read": """
        select c.oid::regclass
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p', 'v')
          and has_table_privilege('steward_readonly', c.oid, 'insert, update, delete, truncate')
    """,
    "nobody but the owner may empty a table or hang triggers on it": """
        select c.oid::regclass
        from pg_class c
        cross join unnest(array['steward_app', 'steward_agent', 'steward_backup']) as r (name)
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p')
          and has_table_privilege(r.name, c.oid, 'truncate, trigger, references')
    """,
    "backups see every table": """
        select c.oid::regclass
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%(schemas)s)
          and c.relkind in ('r', 'p')
          and not has_table_privilege('steward_backup', c.oid, 'select')
    """,
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(shared_database: Database, rule: str) -> None:
    assert [name for name in _names(shared_database, RULES[rule]) if name not in UNWALKED] == []


def test_no_exception_outlives_its_reason(shared_database: Database) -> None:
    assert sorted(_names(shared_database, RULES["every foreign key has an index to walk it"])) == UNWALKED
