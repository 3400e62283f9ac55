-- name: schemas -> Entry
-- Our schemas themselves, and the rights that new objects in them get.
select format('schema %%I', n.nspname) as name, 'owner ' || n.nspowner::regrole as definition
from pg_namespace n
where n.nspname = any (%(schemas)s::text[])
union all
select format('default right %%I %%s %%s', n.nspname, d.defaclobjtype, x.grantee::regrole), string_agg(x.privilege_type, ', ' order by x.privilege_type)
from pg_default_acl d
join pg_namespace n on n.oid = d.defaclnamespace
cross join lateral aclexplode(d.defaclacl) as x
where n.nspname = any (%(schemas)s::text[])
group by n.nspname, d.defaclobjtype, x.grantee
union all
select format('default right everywhere %%s %%s', d.defaclobjtype, x.grantee::regrole), string_agg(x.privilege_type, ', ' order by x.privilege_type)
from pg_default_acl d
cross join lateral aclexplode(d.defaclacl) as x
where d.defaclnamespace = 0
  and d.defaclrole = to_regrole('steward_owner')
group by d.defaclobjtype, x.grantee;

-- name: tables -> Entry
-- Tables and partitions: owner, kind, options, keys and bounds.
select
  format('table %%I.%%I', n.nspname, c.relname) as name,
  concat_ws(
    ', ',
    'owner ' || c.relowner::regrole,
    'kind ' || c.relkind::text,
    'persistence ' || c.relpersistence::text,
    'options ' || c.reloptions::text,
    'toast options ' || (select t.reloptions::text from pg_class t where t.oid = c.reltoastrelid),
    'partitioned by ' || pg_get_partkeydef(c.oid),
    'partition of ' || (select i.inhparent::regclass from pg_inherits i where i.inhrelid = c.oid)
      || ' ' || pg_get_expr(c.relpartbound, c.oid),
    case when c.relrowsecurity then 'row security' end,
    case when c.relforcerowsecurity then 'forced row security' end,
    'identity ' || c.relreplident::text
  ) as definition
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and c.relkind in ('r', 'p', 'f', 'm');

-- name: columns -> Entry
-- Columns of tables and views: type, null, default, identity, generation, collation, storage.
select
  format('column %%I.%%I.%%I', n.nspname, c.relname, a.attname) as name,
  concat_ws(
    ' ',
    format_type(a.atttypid, a.atttypmod),
    case when a.attcollation <> t.typcollation then 'collate ' || a.attcollation::regcollation end,
    case when a.attnotnull then 'not null' end,
    case a.attgenerated when '' then 'default ' else 'generated ' || a.attgenerated::text || ' ' end || pg_get_expr(d.adbin, d.adrelid),
    'identity ' || nullif(a.attidentity::text, ''),
    case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end,
    'compression ' || nullif(a.attcompression::text, ''),
    'options ' || a.attoptions::text,
    'statistics ' || nullif(a.attstattarget, -1)
  ) as definition
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where n.nspname = any (%(schemas)s::text[])
  and c.relkind in ('r', 'p', 'f', 'm', 'v')
  and a.attnum > 0
  and not a.attisdropped;

-- name: constraints -> Entry
-- Constraints, but for not null: from 18 on that has rows here too, and it stands with the columns.
select
  format('constraint %%I.%%I.%%I', n.nspname, coalesce(c.relname, t.typname), k.conname) as name,
  concat_ws(' ', pg_get_constraintdef(k.oid), case when not k.convalidated then 'not valid' end) as definition
from pg_constraint k
join pg_namespace n on n.oid = k.connamespace
left join pg_class c on c.oid = k.conrelid
left join pg_type t on t.oid = k.contypid
where n.nspname = any (%(schemas)s::text[])
  and k.contype not in ('n', 't');

-- name: indexes -> Entry
-- Indexes with their validity.
select
  format('index %%I.%%I', n.nspname, c.relname) as name,
  concat_ws(
    ' ',
    pg_get_indexdef(c.oid),
    case when not i.indisvalid then 'invalid' end,
    case when not i.indisready then 'not ready' end,
    case when i.indisclustered then 'clustered' end,
    case when i.indisreplident then 'replica identity' end
  ) as definition
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[]);

-- name: views -> Entry
-- Views and materialized views with their options.
select
  format('view %%I.%%I', n.nspname, c.relname) as name,
  concat_ws(' ', 'owner ' || c.relowner::regrole, c.reloptions::text, pg_get_viewdef(c.oid)) as definition
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and c.relkind in ('v', 'm');

-- name: functions -> Entry
-- Functions and procedures: signature, language, volatility, security, settings and body.
select
  format('function %%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
  'owner ' || p.proowner::regrole || ' ' || case
    when p.prokind = 'a' then format('aggregate %%s returns %%s', p.oid::regprocedure, pg_get_function_result(p.oid))
    else pg_get_functiondef(p.oid)
  end as definition
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any (%(schemas)s::text[]);

-- name: triggers -> Entry
-- Triggers and rules, with whether they fire.
select
  format('trigger %%I.%%I.%%I', n.nspname, c.relname, t.tgname) as name,
  concat_ws(' ', pg_get_triggerdef(t.oid), case t.tgenabled when 'O' then null when 'D' then 'disabled' else 'fires ' || t.tgenabled::text end)
    as definition
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and not t.tgisinternal
union all
select format('rule %%I.%%I.%%I', n.nspname, c.relname, r.rulename), concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled)
from pg_rewrite r
join pg_class c on c.oid = r.ev_class
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and r.rulename <> '_RETURN';

-- name: internal_triggers -> Entry
-- Foreign keys whose triggers somebody disabled: named by table, since the triggers' own names hold numbers.
select
  format('foreign key triggers %%I.%%I', n.nspname, c.relname) as name,
  count(*) filter (where t.tgenabled <> 'O') || ' disabled' as definition
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
  and t.tgisinternal
group by n.nspname, c.relname
having count(*) filter (where t.tgenabled <> 'O') > 0;

-- name: sequences -> Entry
-- Sequences with their bounds and owners; not where they stand.
select
  format('sequence %%I.%%I', n.nspname, c.relname) as name,
  format(
    '%%s start %%s increment %%s min %%s max %%s cache %%s%%s owned by %%s',
    format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
    case when s.seqcycle then ' cycle' else '' end,
    coalesce(
      (
        select format('%%s.%%s', d.refobjid::regclass, d.refobjsubid)
        from pg_depend d
        where d.classid = 'pg_class'::regclass
          and d.objid = c.oid
          and d.deptype in ('a', 'i')
          and d.refobjsubid > 0
      ),
      'none'
    )
  ) as definition
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[]);

-- name: types -> Entry
-- Types, domains, policies and extended statistics.
select format('type %%I.%%I', n.nspname, t.typname) as name,
  concat_ws(' ', t.typtype, format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typdefault) as definition
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
where n.nspname = any (%(schemas)s::text[])
  and (t.typtype in ('d', 'e', 'r') or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
union all
select format('policy %%I.%%I.%%I', n.nspname, c.relname, p.polname),
  concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s::text[])
union all
select format('statistics %%I.%%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
from pg_statistic_ext s
join pg_namespace n on n.oid = s.stxnamespace
where n.nspname = any (%(schemas)s::text[]);

-- name: rights -> Entry
-- Who may do what: one entry for each object and grantee, also where the owner's rights were changed.
with objects as (
  select format('schema %%I', nspname) as object, coalesce(nspacl, acldefault('n', nspowner)) as acl, oid as namespace
  from pg_namespace
  union all
  select format('relation %%I.%%I', relnamespace::regnamespace, relname),
    coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)), relnamespace
  from pg_class
  where relkind in ('r', 'p', 'f', 'm', 'v', 'S')
  union all
  select format('column %%I.%%I.%%I', c.relnamespace::regnamespace, c.relname, a.attname), a.attacl, c.relnamespace
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  where a.attacl is not null
    and not a.attisdropped
  union all
  select format('function %%s(%%s)', format('%%I.%%I', pronamespace::regnamespace, proname), pg_get_function_identity_arguments(oid)),
    coalesce(proacl, acldefault('f', proowner)), pronamespace
  from pg_proc
)
select
  format('right on %%s of %%s', o.object, case x.grantee when 0 then 'public' else x.grantee::regrole::text end) as name,
  string_agg(x.privilege_type || case when x.is_grantable then '*' else '' end, ', ' order by x.privilege_type) as definition
from objects o
join pg_namespace n on n.oid = o.namespace
cross join lateral aclexplode(o.acl) as x
where n.nspname = any (%(schemas)s::text[])
group by o.object, x.grantee;

-- name: comments -> Entry
-- Comments on anything of ours.
select format('comment on %%s %%s', i.type, i.identity) as name, d.description as definition
from pg_description d
cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
where i.schema = any (%(schemas)s::text[])
  or (d.classoid = 'pg_namespace'::regclass and i.name = any (%(schemas)s::text[]))
  or (d.classoid in ('pg_constraint'::regclass, 'pg_trigger'::regclass)
    and exists (select from unnest(%(schemas)s::text[]) as s where i.identity ~ (' on ' || s || '\.')));
