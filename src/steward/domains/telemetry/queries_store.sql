-- name: store_append -> StoreAppended
-- Keep entries of a session.
select a.added::bigint as added, a.version::bigint as version
from telemetry.store_append(
  %(project_key)s::text, %(session_id)s::text, %(subpath)s::text, %(uuids)s::text[], %(entries)s::text[],
  %(summary)s::text, %(seen)s::bigint
) as a;

-- name: store_load -> StoredEntry
-- Show entries in their order, as many as go into one answer; at least one, however large.
select e.position, e.entry
from (
  select
    s.position,
    s.entry,
    sum(length(s.entry)) over (order by s.position) - length(s.entry) as before
  from telemetry.session_store as s
  where s.project_key = %(project_key)s::text
    and s.session_id = %(session_id)s::text
    and s.subpath = %(subpath)s::text
    and s.position > %(after)s::bigint
  order by s.position
  limit %(limit)s::bigint
) as e
where e.before < 4000000
order by e.position;

-- name: store_list -> StoredSession
-- Show the sessions of a project key, the last changed first.
select s.session_id, (extract(epoch from s.modified_at) * 1000)::bigint as mtime
from telemetry.session_store_summaries as s
where s.project_key = %(project_key)s::text
order by s.modified_at desc, s.session_id;

-- name: store_summaries -> StoredSummary
-- Show what was folded of sessions; of one that is named the version also where nothing was.
select
  s.session_id,
  (extract(epoch from s.modified_at) * 1000)::bigint as mtime,
  s.version,
  s.summary
from telemetry.session_store_summaries as s
where s.project_key = %(project_key)s::text
  and (%(session_id)s::text is null or s.session_id = %(session_id)s::text)
  and (s.summary is not null or %(session_id)s::text is not null)
order by s.modified_at desc, s.session_id;

-- name: store_subkeys -> text
-- Show the parts of a session.
select distinct s.subpath
from telemetry.session_store as s
where s.project_key = %(project_key)s::text
  and s.session_id = %(session_id)s::text
  and s.subpath <> ''
order by s.subpath;

-- name: store_delete -> int
-- Take a session away, or a part of it.
select telemetry.store_delete(%(project_key)s::text, %(session_id)s::text, %(subpath)s::text);
