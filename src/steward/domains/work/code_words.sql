-- The rows on which the index of tasks hangs: one for each task, whose version rises when its words change.

-- Note the words of new tasks.
create function work.add_words() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  insert into work.task_words (task_id)
  select n.id
  from new_rows as n;
  return null;
end
$$;
create trigger words_insert after insert on work.tasks
referencing new table as new_rows
for each statement execute function work.add_words();

-- Note that the words of a task have changed.
create function work.renew_words() returns trigger
language plpgsql
security definer
set search_path = work, pg_temp
as $$
begin
  update work.task_words
  set version = version + 1, named = true
  where task_id = new.id;
  return null;
end
$$;
create trigger words_update after update of title, description, labels, type, import_tag on work.tasks
for each row
when ((old.title, old.description, old.labels, old.type, old.import_tag)
  is distinct from (new.title, new.description, new.labels, new.type, new.import_tag))
execute function work.renew_words();

-- Enter some tasks into the index anew that it holds without their names; returns how many. Rows that somebody is writing
-- are skipped: their next turn comes, or they got their names meanwhile.
create function work.name_words(p_limit integer) returns integer
language sql
security definer
set search_path = work, pg_temp
as $$
  with renewed as (
    update work.task_words as w
    set named = true, version = w.version + 1
    where w.task_id in (
      select u.task_id
      from work.task_words as u
      where not u.named
      order by u.task_id
      limit p_limit
      for update skip locked
    )
    returning w.task_id
  )
  select count(*)::integer
  from renewed
$$;
revoke execute on function work.name_words(integer) from steward_agent, steward_readonly;
revoke execute on function work.add_words() from steward_app, steward_agent, steward_readonly;
revoke execute on function work.renew_words() from steward_app, steward_agent, steward_readonly;
