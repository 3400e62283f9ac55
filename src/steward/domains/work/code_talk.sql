-- Talk about work: comments, attached files, questions to people, the devlog.

-- ------------------------------------------------------------------------------------------------------------ comments

-- Put a comment into the project of what it is about, and name its author: who acts, unless an import says who wrote it.
create function work.place_comment() returns trigger
language plpgsql
set search_path = work, kit, pg_temp
as $$
begin
  new.project_id := coalesce(
    (select t.project_id from work.tasks as t where t.id = new.task_id),
    (select i.project_id from work.issues as i where i.id = new.issue_id)
  );
  if new.author is null then
    new.author_user_id := coalesce(new.author_user_id, kit.actor_user());
    new.author_agent_id := coalesce(
      new.author_agent_id,
      (select a.id from agents.agents as a where lower(a.name) = lower(kit.actor_agent()))
    );
    new.author := coalesce(
      (select a.name from agents.agents as a where a.id = new.author_agent_id),
      (select u.username from accounts.users as u where u.id = new.author_user_id)
    );
  end if;
  if new.author is null then
    raise exception 'nobody known wrote this comment'
      using errcode = 'ST400', hint = 'act as a user or an agent, or name the author';
  end if;
  return new;
end
$$;
create trigger place before insert on work.comments
for each row execute function work.place_comment();

create trigger touch before update on work.comments
for each row execute function kit.touch_versioned();
call kit.audit_table('work.comments', 'comment', 'author', 'project_id');

-- Comments with the reference of what they are about.
create view work.comment_list with (security_invoker = true) as
select
  c.id,
  p.key || '-' || coalesce(t.number, i.number) as about,
  p.slug as project,
  c.project_id,
  c.task_id,
  c.issue_id,
  c.author,
  c.author_user_id,
  c.author_agent_id,
  c.content,
  c.content_type,
  c.github_comment_id,
  c.is_ai_generated,
  c.ai_metadata,
  c.version,
  c.created_at,
  c.updated_at
from work.comments as c
join projects.projects as p on p.id = c.project_id
left join work.tasks as t on t.id = c.task_id
left join work.issues as i on i.id = c.issue_id
where c.deleted_at is null;

-- Comments on tasks under the names of other systems.
create view work.task_comments with (security_invoker = true) as
select
  c.id,
  c.id as comment_id,
  c.task_id,
  c.author_user_id as author_id,
  c.author_agent_id as agent_id,
  c.author,
  c.content,
  c.content_type,
  c.github_comment_id,
  c.is_ai_generated,
  c.ai_metadata,
  c.created_at,
  c.updated_at,
  c.deleted_at
from work.comments as c
where c.task_id is not null;

-- --------------------------------------------------------------------------------------------------------------- files

create trigger touch before update on work.task_attachments
for each row execute function kit.touch_versioned();
call kit.audit_table('work.task_attachments', 'attachment', 'file_name', 'project_id');

-- Attached files with the reference of their task.
create view work.attachment_list with (security_invoker = true) as
select
  a.id,
  p.key || '-' || t.number as task,
  p.slug as project,
  a.project_id,
  a.task_id,
  a.file_name,
  a.file_type,
  a.file_size_bytes,
  a.sha256,
  a.storage_path,
  a.is_evidence,
  a.evidence_id,
  a.metadata,
  coalesce(g.name, u.username) as created_by,
  a.version,
  a.created_at
from work.task_attachments as a
join work.tasks as t on t.id = a.task_id
join projects.projects as p on p.id = a.project_id
left join agents.agents as g on g.id = a.created_by_agent_id
left join accounts.users as u on u.id = a.created_by_user_id;

-- Note that a content is in use and lock its row until the transaction ends, so that nobody removes the file meanwhile.
create function work.keep_file(p_sha256 text, p_size_bytes bigint) returns void
language sql
set search_path = work, pg_temp
as $$
  insert into work.stored_files (sha256, size_bytes)
  values (p_sha256, p_size_bytes)
  on conflict (sha256) do update set used_at = now()
$$;

-- Forget contents that nothing uses any more and return them: their files may be removed before this commits. The row
-- lock makes a new user wait, who then keeps and writes the file again; whose use is not yet committed holds the lock.
create function work.forget_files(p_limit integer) returns setof text
language plpgsql
set search_path = work, pg_temp
as $$
declare
  unused text[];
begin
  select array_agg(f.sha256) into unused from (
    select s.sha256
    from work.stored_files as s
    where s.used_at < now() - interval '1 minute'
      and not exists (select from work.task_attachments as a where a.sha256 = s.sha256)
      and not exists (select from work.devlog_documents as d where d.sha256 = s.sha256)
    order by s.sha256
    limit p_limit
    for update skip locked
  ) as f;
  -- A statement of its own sees what was committed before the lock was had.
  return query
  delete from work.stored_files as s
  where s.sha256 = any (unused)
    and not exists (select from work.task_attachments as a where a.sha256 = s.sha256)
    and not exists (select from work.devlog_documents as d where d.sha256 = s.sha256)
  returning s.sha256;
end
$$;

-- Tell whether a file on disk is nobody's, and keep it so until the transaction ends: whoever wants to use the same
-- content waits for the row that is made here and taken away again.
create function work.is_stray(p_sha256 text) returns boolean
language plpgsql
set search_path = work, pg_temp
as $$
begin
  insert into work.stored_files (sha256, size_bytes)
  values (p_sha256, 0)
  on conflict (sha256) do nothing;
  if not found then
    return false;
  end if;
  delete from work.stored_files as s where s.sha256 = p_sha256;
  return true;
end
$$;

-- -------------------------------------------------------------------------------------------------------------- devlog

-- Stamp when a devlog entry was closed.
create function work.stamp_devlog() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  new.closed_at := case when new.status in ('done', 'cancelled') then coalesce(new.closed_at, now()) end;
  return new;
end
$$;
create trigger stamp before insert or update of status, closed_at on work.devlog_entries
for each row execute function work.stamp_devlog();
create trigger touch before update on work.devlog_entries
for each row execute function kit.touch_versioned();
create trigger touch before update on work.devlog_documents
for each row execute function kit.touch_versioned();

-- Put what belongs to a devlog entry into its project.
create function work.place_devlog_part() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  select e.project_id into new.project_id from work.devlog_entries as e where e.id = new.devlog_id;
  return new;
end
$$;

-- Refuse ties between devlog entries of different projects; runs after the tie was given its project.
create function work.check_devlog_tie() returns trigger
language plpgsql
set search_path = work, pg_temp
as $$
begin
  if (select e.project_id from work.devlog_entries as e where e.id = new.target_devlog_id) <> new.project_id then
    raise exception 'the other devlog entry belongs to another project'
      using errcode = 'ST400', hint = 'name what lies elsewhere by external_id';
  end if;
  return new;
end
$$;
create trigger place_checked before insert on work.devlog_dependencies
for each row when (new.target_devlog_id is not null) execute function work.check_devlog_tie();
create trigger place before insert on work.devlog_notes
for each row execute function work.place_devlog_part();
create trigger place before insert on work.devlog_dependencies
for each row execute function work.place_devlog_part();
create trigger place before insert on work.devlog_documents
for each row execute function work.place_devlog_part();

call kit.audit_table('work.devlog_entries', 'devlog_entry', 'key_field', 'project_id');
call kit.audit_table('work.devlog_notes', 'devlog_note', 'category', 'project_id');
call kit.audit_table('work.devlog_dependencies', 'devlog_dependency', 'type', 'project_id');
call kit.audit_table('work.devlog_documents', 'devlog_document', 'filename', 'project_id');

-- Devlog entries with their project and how much belongs to them.
create view work.devlog_list with (security_invoker = true) as
select
  e.id,
  e.key_field,
  p.slug as project,
  e.project_id,
  e.title,
  e.type,
  e.description,
  e.status,
  e.priority,
  e.assignee,
  e.business_context,
  e.technical_context,
  e.tags,
  e.files,
  e.archived,
  (select count(*)::integer from work.devlog_notes as n where n.devlog_id = e.id) as notes,
  (select count(*)::integer from work.devlog_documents as d where d.devlog_id = e.id) as documents,
  e.version,
  e.created_at,
  e.updated_at,
  e.closed_at
from work.devlog_entries as e
join projects.projects as p on p.id = e.project_id
where p.deleted_at is null;
