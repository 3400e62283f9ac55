-- name: resolve_devlog -> uuid
-- Find a devlog entry by its id or, in a project, by its key.
select e.id
from work.devlog_entries as e
where e.id = %(id)s::uuid
  or (e.project_id = %(project_id)s::uuid and e.key_field = %(key)s::text)
limit 1;

-- name: add_devlog -> uuid
-- Begin a devlog entry.
insert into work.devlog_entries (
  project_id, key_field, title, type, description, status, priority, assignee, business_context, technical_context,
  tags, files
)
values (
  %(project_id)s::uuid, %(key)s::text, %(title)s::text, %(type)s::text, %(description)s::text, %(status)s::text,
  %(priority)s::text, %(assignee)s::text, %(business_context)s::text::jsonb, %(technical_context)s::text::jsonb,
  %(tags)s::text[], %(files)s::text[]
)
returning id;

-- name: get_devlog -> DevlogEntry
-- One devlog entry.
select
  e.id, e.key_field, e.project, e.title, e.type, e.description, e.status, e.priority, e.assignee, e.business_context,
  e.technical_context, e.tags, e.files, e.archived, e.notes, e.documents, e.version, e.created_at, e.updated_at,
  e.closed_at
from work.devlog_list as e
where e.id = %(id)s::uuid;

-- name: list_devlog -> DevlogEntry, planned anew
-- Devlog entries, the latest change first, from a cursor on.
select
  e.id, e.key_field, e.project, e.title, e.type, e.description, e.status, e.priority, e.assignee, e.business_context,
  e.technical_context, e.tags, e.files, e.archived, e.notes, e.documents, e.version, e.created_at, e.updated_at,
  e.closed_at
from work.devlog_list as e
where (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
  and e.archived = %(archived)s::boolean
  and (%(status)s::text is null or e.status = %(status)s::text)
  and (%(type)s::text is null or e.type = %(type)s::text)
  and (%(priority)s::text is null or e.priority = %(priority)s::text)
  and (%(assignee)s::text is null or lower(e.assignee) = lower(%(assignee)s::text))
  and (%(tag)s::text is null or e.tags @> array[%(tag)s::text])
  and (
    %(text)s::text is null
    or strpos(lower(e.key_field || ' ' || e.title || ' ' || e.description), lower(%(text)s::text)) > 0
  )
  and (
    %(after_id)s::uuid is null
    or (e.updated_at, e.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by e.updated_at desc, e.id desc
limit %(limit)s::integer;

-- name: lock_devlog -> integer
-- Lock a devlog entry and return its version.
select e.version
from work.devlog_entries as e
where e.id = %(id)s::uuid
for no key update;

-- name: update_devlog -> none
-- Change the given columns of a devlog entry; null leaves one as it is.
update work.devlog_entries as e
set
  title = coalesce(%(title)s::text, e.title),
  type = coalesce(%(type)s::text, e.type),
  description = coalesce(%(description)s::text, e.description),
  status = coalesce(%(status)s::text, e.status),
  priority = coalesce(%(priority)s::text, e.priority),
  assignee = case when %(assignee)s::text is null then e.assignee else nullif(%(assignee)s::text, '') end,
  business_context = coalesce(%(business_context)s::text::jsonb, e.business_context),
  technical_context = coalesce(%(technical_context)s::text::jsonb, e.technical_context),
  tags = coalesce(%(tags)s::text[], e.tags),
  files = coalesce(%(files)s::text[], e.files),
  archived = coalesce(%(archived)s::boolean, e.archived)
where e.id = %(id)s::uuid;

-- name: add_note -> DevlogNote
-- Add a note to a devlog entry.
insert into work.devlog_notes (devlog_id, category, content, author)
values (
  %(id)s::uuid, %(category)s::text, %(content)s::text,
  coalesce(kit.actor_agent(), kit.setting('user_name'))
)
returning id, "timestamp", category, content, author;

-- name: get_note -> DevlogNote
-- One note of a devlog entry.
select n.id, n."timestamp", n.category, n.content, n.author
from work.devlog_notes as n
where n.id = %(id)s::uuid;

-- name: lock_note -> uuid
-- Lock a note.
select n.id
from work.devlog_notes as n
where n.id = %(id)s::uuid
for update;

-- name: update_note -> none
-- Change the given columns of a note; null leaves one as it is.
update work.devlog_notes as n
set
  content = coalesce(%(content)s::text, n.content),
  category = coalesce(%(category)s::text, n.category)
where n.id = %(id)s::uuid;

-- name: delete_note -> none
-- Take a note from its devlog entry.
delete from work.devlog_notes
where id = %(id)s::uuid;

-- name: notes_between -> uuid
-- Ids of notes from one to another: those that begin with the digits that were typed.
select n.id
from work.devlog_notes as n
where n.id between %(low)s::uuid and %(high)s::uuid
order by n.id
limit 6;

-- name: list_notes -> DevlogNote
-- Notes of a devlog entry, the newest first, from a cursor on.
select n.id, n."timestamp", n.category, n.content, n.author
from work.devlog_notes as n
where n.devlog_id = %(id)s::uuid
  and (%(category)s::text is null or n.category = %(category)s::text)
  and (
    %(after_id)s::uuid is null
    or (n."timestamp", n.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by n."timestamp" desc, n.id desc
limit %(limit)s::integer;

-- name: add_devlog_dependency -> none
-- Tie a devlog entry to another, or to something elsewhere; a repetition changes nothing.
insert into work.devlog_dependencies (devlog_id, type, description, external_id, target_devlog_id)
values (
  %(id)s::uuid, %(type)s::text, %(description)s::text, %(external_id)s::text, %(target_id)s::uuid
)
on conflict (devlog_id, type, target_devlog_id) where target_devlog_id is not null do nothing;

-- name: list_devlog_dependencies -> DevlogTie
-- What a devlog entry is tied to.
select d.id, d.type, d.description, d.external_id, t.key_field as target, d.created_at
from work.devlog_dependencies as d
left join work.devlog_entries as t on t.id = d.target_devlog_id
where d.devlog_id = %(id)s::uuid
order by d.created_at, d.id;

-- name: remove_devlog_dependency -> none
-- Untie a devlog entry.
delete from work.devlog_dependencies
where id = %(id)s::uuid;

-- name: add_document -> DevlogDocument
-- Add a document to a devlog entry.
insert into work.devlog_documents (
  devlog_id, filename, original_name, mime_type, size, type, sha256, text_content, metadata, uploaded_by
)
values (
  %(id)s::uuid, %(filename)s::text, %(original_name)s::text, %(mime_type)s::text, %(size)s::bigint, %(type)s::text,
  %(sha256)s::text, %(text_content)s::text, %(metadata)s::text::jsonb,
  coalesce(kit.actor_agent(), kit.setting('user_name'))
)
returning id, filename, original_name, mime_type, size, type, sha256, metadata, uploaded_by, version, created_at;

-- name: list_documents -> DevlogDocument
-- Documents of a devlog entry, the oldest first.
select
  d.id, d.filename, d.original_name, d.mime_type, d.size, d.type, d.sha256, d.metadata, d.uploaded_by, d.version,
  d.created_at
from work.devlog_documents as d
where d.devlog_id = %(id)s::uuid
order by d.created_at, d.id;

-- name: get_document -> DevlogDocument
-- One document of a devlog entry.
select
  d.id, d.filename, d.original_name, d.mime_type, d.size, d.type, d.sha256, d.metadata, d.uploaded_by, d.version,
  d.created_at
from work.devlog_documents as d
where d.id = %(id)s::uuid;

-- name: devlog_file -> KeptFile
-- Where the content of a document is.
select d.filename as name, d.mime_type as type, d.sha256, 'sha256:' || d.sha256 as storage_path
from work.devlog_documents as d
where d.id = %(id)s::uuid;

-- name: delete_document -> none
-- Take a document from its devlog entry.
delete from work.devlog_documents
where id = %(id)s::uuid;

-- name: documents_between -> uuid
-- Ids of documents from one to another: those that begin with the digits that were typed.
select d.id
from work.devlog_documents as d
where d.id between %(low)s::uuid and %(high)s::uuid
order by d.id
limit 6;

-- name: devlog_dependencies_between -> uuid
-- Ids of ties from one to another: those that begin with the digits that were typed.
select d.id
from work.devlog_dependencies as d
where d.id between %(low)s::uuid and %(high)s::uuid
order by d.id
limit 6;
