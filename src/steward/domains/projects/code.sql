-- Functions, views and triggers of the projects: today's truth, made anew by every migrate.

create trigger touch before update on projects.projects
  for each row execute function kit.touch_versioned();
create trigger touch before update on projects.project_members
  for each row execute function kit.touch_versioned();
-- Being seen does not make a machine or a workspace another version.
create trigger touch before update on projects.machines
  for each row
  when (row (new.*) is distinct from row (old.*) and new.last_seen_at is not distinct from old.last_seen_at)
  execute function kit.touch_versioned();
create trigger touch before update on projects.workspaces
  for each row
  when (row (new.*) is distinct from row (old.*) and new.last_seen_at is not distinct from old.last_seen_at)
  execute function kit.touch_versioned();

call kit.audit_table('projects.projects', 'project', 'name', 'id');
call kit.audit_table('projects.project_members', 'project_member', '', 'project_id');
call kit.audit_table('projects.machines', 'machine', 'hostname', '', '{}', array['last_seen_at']);
call kit.audit_table('projects.workspaces', 'workspace', 'workspace_path', 'project_id', '{}', array['last_seen_at']);

-- Return the project that owns rows of none.
create function projects.system_project() returns uuid
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select '00000000-0000-7000-8000-000000000001'::uuid
$$;

-- Turn a name into a slug.
create function projects.slug_of(p_name text) returns text
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select coalesce(
    nullif(
      btrim(
        left(
          regexp_replace(
            regexp_replace(lower(normalize(p_name, nfkd)), '[\u0300-\u036f]', '', 'g'),
            '[^a-z0-9_]+', '-', 'g'
          ),
          80
        ),
        '-_'
      ),
      ''
    ),
    'project'
  )
$$;

-- Turn a slug into a key: the initials of its words, or the beginning of its only word.
create function projects.key_of(p_slug text) returns text
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select case
    when length(initials) >= 2 then left(initials, 8)
    when length(start) >= 2 then start
    else rpad(start, 2, 'X')
  end
  from (
    select
      upper(string_agg(left(w.word, 1), '' order by w.place)) as initials,
      left(regexp_replace(upper(p_slug), '[^A-Z0-9]', '', 'g'), 4) as start
    from regexp_split_to_table(p_slug, '[-_]+') with ordinality as w (word, place)
    where w.word <> ''
  ) as words
$$;

-- Take user and password out of an address, which is shown to everybody; ssh keeps the user, who is the same for all.
create function projects.clean_url(p_url text) returns text
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select case
    when p_url ~* '^https?://' then regexp_replace(btrim(p_url), '^([A-Za-z]+://)[^/]*@', '\1')
    else regexp_replace(btrim(p_url), '^([A-Za-z][A-Za-z0-9+.-]*://[^/@:]*):[^/]*@', '\1@')
  end
$$;

-- Name the service behind a host.
create function projects.provider_of(p_remote text) returns text
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select case
    when host like 'github.%' or host like '%.github.%' then 'github'
    when host like 'gitlab.%' or host like '%.gitlab.%' then 'gitlab'
    when host like 'bitbucket.%' or host like '%.bitbucket.%' then 'bitbucket'
    else 'other'
  end
  from (select split_part(p_remote, '/', 1) as host) as h
$$;

-- Fill what the repository's address tells, in the case it was written in, and keep secrets out of it.
create function projects.fill_repository() returns trigger
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  remote text;
  full_path text;
begin
  new.repository_url := projects.clean_url(new.repository_url);
  remote := projects.normalise_remote(new.repository_url);
  if remote is null then
    return new;
  end if;
  full_path := substring(remote from '/(.*)$');
  if position(full_path in lower(new.repository_url)) > 0 then
    full_path := substring(new.repository_url from position(full_path in lower(new.repository_url)) for length(full_path));
  end if;
  new.repository_provider := projects.provider_of(remote);
  new.repository_owner := coalesce(nullif(substring(full_path from '^(.*)/[^/]*$'), ''), new.repository_owner);
  new.repository_name := substring(full_path from '[^/]*$');
  return new;
end
$$;
create trigger fill_repository_insert before insert on projects.projects
  for each row
  when (new.repository_url is not null)
  execute function projects.fill_repository();
create trigger fill_repository_update before update on projects.projects
  for each row
  when (new.repository_url is not null and new.repository_url is distinct from old.repository_url)
  execute function projects.fill_repository();

-- Keep secrets out of remotes.
create function projects.clean_remote() returns trigger
language plpgsql
set search_path = projects, kit, pg_temp
as $$
begin
  new.url := projects.clean_url(new.url);
  return new;
end
$$;
create trigger clean_remote before insert or update of url on projects.project_remotes
  for each row execute function projects.clean_remote();

-- Give a new project its counter, and its repository as a remote: the first project with a repository keeps the remote,
-- others in it are found by their path.
create function projects.complete_project() returns trigger
language plpgsql
set search_path = projects, kit, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into projects.project_counters (project_id)
    values (new.id);
    if new.owner_id is not null then
      insert into projects.project_members (project_id, user_id, role)
      values (new.id, new.owner_id, 'owner');
    end if;
  end if;
  insert into projects.project_remotes (project_id, url)
  select new.id, new.repository_url
  where projects.normalise_remote(new.repository_url) is not null
  on conflict do nothing;
  return null;
end
$$;
create trigger complete_project after insert or update of repository_url on projects.projects
  for each row execute function projects.complete_project();

-- Guard what must not change: the system project, and a key once numbers bear it. The counter's row is locked, so that a
-- first number taken at the same moment is either seen or waits.
create function projects.guard_project() returns trigger
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  taken bigint;
begin
  if old.id = projects.system_project() then
    raise exception 'the system project cannot be renamed, archived or deleted' using errcode = 'ST409';
  end if;
  if new.key <> old.key then
    select last_number
    into taken
    from projects.project_counters
    where project_id = old.id
    for update;
    if taken > 0 then
      raise exception 'project % keeps its key %: % numbers bear it', old.slug, old.key, taken
        using errcode = 'ST409', hint = 'make a new project, or leave the key as it is';
    end if;
  end if;
  return new;
end
$$;
create trigger guard_project before update on projects.projects
  for each row
  when (
    new.key <> old.key
    or (old.id = '00000000-0000-7000-8000-000000000001' and (new.slug, new.status) is distinct from (old.slug, old.status))
  )
  execute function projects.guard_project();

-- Free the remotes of a deleted project, and take them back when it is restored.
create function projects.release_remotes() returns trigger
language plpgsql
set search_path = projects, kit, pg_temp
as $$
begin
  update projects.project_remotes
  set is_live = new.deleted_at is null
  where project_id = new.id;
  return null;
end
$$;
create trigger release_remotes after update of deleted_at on projects.projects
  for each row
  when ((new.deleted_at is null) <> (old.deleted_at is null))
  execute function projects.release_remotes();

-- Take a block of a project's numbers and return the first. The row of the counter is the lock, held until the
-- transaction ends: take numbers as late as can be.
create function projects.take_numbers(p_project_id uuid, p_count integer) returns bigint
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  first_number bigint;
begin
  if p_count < 1 then
    raise exception 'cannot take % numbers', p_count using errcode = 'ST400', hint = 'take one or more';
  end if;
  update projects.project_counters
  set last_number = last_number + p_count
  where project_id = p_project_id
  returning last_number - p_count + 1 into first_number;
  if first_number is null then
    raise exception 'there is no project %', p_project_id using errcode = 'ST404';
  end if;
  return first_number;
end
$$;
