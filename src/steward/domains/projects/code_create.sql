-- Making and finding projects, and the views.

-- Return the first of a word, word2, word3 … that is free. Only a proposal: the unique index decides.
create function projects.free_slug(p_slug text) returns text
language sql stable
set search_path = projects, kit, pg_temp
as $$
  select candidate
  from (
    select
      case when n = 1 then p_slug else p_slug || '-' || n end as candidate,
      n
    from generate_series(1, (select count(*) + 1 from projects.projects where deleted_at is null)) as n
  ) as c
  where not exists (select from projects.projects as p where p.slug = c.candidate and p.deleted_at is null)
  order by n
  limit 1
$$;

-- Return the first of a key, KEY2, KEY3 … that is free. Only a proposal: the unique index decides.
create function projects.free_key(p_key text) returns text
language sql stable
set search_path = projects, kit, pg_temp
as $$
  select candidate
  from (
    select
      case when n = 1 then p_key else left(p_key, 10 - length(n::text)) || n end as candidate,
      n
    from generate_series(1, (select count(*) + 1 from projects.projects where deleted_at is null)) as n
  ) as c
  where not exists (select from projects.projects as p where p.key = c.candidate and p.deleted_at is null)
  order by n
  limit 1
$$;

-- Make a project. A slug or key that was given is taken or refused; one that was not is made from the name, with a suffix
-- on clash. The unique indexes are the lock: of two callers with one word the second waits, then tries the next.
create function projects.create_project(
  p_name text,
  p_slug text default null,
  p_key text default null,
  p_description text default null,
  p_path text default null,
  p_repository_url text default null,
  p_default_branch text default null,
  p_technology_stack text[] default null,
  p_settings jsonb default null,
  p_metadata jsonb default null,
  p_status text default null,
  p_is_public boolean default null,
  p_owner_id uuid default null
) returns uuid
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  wanted_slug text := coalesce(p_slug, projects.slug_of(p_name));
  made uuid;
begin
  for attempt in 1..50 loop
    insert into projects.projects (
      name, slug, key, description, path, repository_url, default_branch, technology_stack, settings, metadata, status,
      archived_at, is_public, owner_id
    )
    values (
      p_name, coalesce(p_slug, projects.free_slug(wanted_slug)),
      coalesce(p_key, projects.free_key(projects.key_of(wanted_slug))), p_description, p_path, p_repository_url,
      coalesce(p_default_branch, 'main'), coalesce(p_technology_stack, '{}'), coalesce(p_settings, '{}'),
      coalesce(p_metadata, '{}'), coalesce(p_status, 'active'), case when p_status = 'archived' then now() end,
      coalesce(p_is_public, false), coalesce(p_owner_id, kit.actor_user())
    )
    on conflict do nothing
    returning id into made;
    if made is not null then
      return made;
    end if;
    perform projects.refuse_taken(p_slug, p_key);
  end loop;
  raise exception 'no free slug or key was found for %', p_name using errcode = 'ST409', hint = 'give slug and key';
end
$$;

-- Refuse a given slug or key that a project bears already.
create function projects.refuse_taken(p_slug text, p_key text) returns void
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  holder text;
begin
  select name
  into holder
  from projects.projects
  where deleted_at is null
    and (slug = p_slug or key = p_key)
  limit 1;
  if holder is not null then
    raise exception '%', case
        when p_key is null then format('slug %s is taken by project %s', p_slug, holder)
        else format('slug %s or key %s is taken by project %s', coalesce(p_slug, '-'), p_key, holder)
      end
      using errcode = 'ST409', hint = 'give another, or leave it out to have one made';
  end if;
end
$$;

-- Return the project of a slug, made when there is none; of two callers one makes it.
create function projects.ensure_project(
  p_slug text, p_name text, p_path text default null, p_repository_url text default null, p_settings jsonb default null
) returns uuid
language plpgsql
set search_path = projects, kit, pg_temp
as $$
declare
  found_id uuid;
begin
  select id into found_id from projects.projects where slug = p_slug and deleted_at is null;
  if found_id is not null then
    return found_id;
  end if;
  begin
    return projects.create_project(
      p_name => p_name, p_slug => p_slug, p_path => p_path, p_repository_url => p_repository_url, p_settings => p_settings
    );
  exception when sqlstate 'ST409' then
    select id into found_id from projects.projects where slug = p_slug and deleted_at is null;
    if found_id is null then
      raise;
    end if;
    return found_id;
  end;
end
$$;

-- Return a path and all folders above it, deepest first; both kinds of slash.
create function projects.folders_above(p_path text) returns text[]
language sql immutable parallel safe
set search_path = projects, kit, pg_temp
as $$
  select array_agg(array_to_string(parts[1:n], '/') order by n desc)
  from (select string_to_array(rtrim(replace(p_path, '\', '/'), '/'), '/') as parts) as p,
    generate_series(case when p_path ~ '^/' then 2 else 1 end, cardinality(parts)) as n
$$;

-- Find the project that a path lies in: the deepest project folder or workspace that holds it.
create function projects.find_by_path(p_path text) returns uuid
language sql stable
set search_path = projects, kit, pg_temp
as $$
  select c.id
  from (
    select p.id, replace(p.path, '\', '/') as path, p.created_at
    from projects.projects as p
    where p.deleted_at is null
      and p.path is not null
    union all
    select w.project_id, replace(w.workspace_path, '\', '/'), w.last_seen_at
    from projects.workspaces as w
    join projects.projects as p on p.id = w.project_id
    where p.deleted_at is null
  ) as c
  where rtrim(c.path, '/') = any (projects.folders_above(p_path))
  order by length(rtrim(c.path, '/')) desc, c.created_at desc
  limit 1
$$;

-- Find projects by id, slug, key, git remote, path, repository (owner/name), name, or the beginning of an id: the first
-- kind that fits. More than one row means that a name is shared. Deleted ones are found by id, or when asked for.
create function projects.find_projects(p_ref text, p_deleted boolean default false)
returns table (id uuid, kind integer)
language plpgsql stable
set search_path = projects, kit, pg_temp
as $$
begin
  -- Nearly every call names a slug or a key, and finds it by an index.
  return query
  select f.id, f.kind
  from (
    select p.id, 2 as kind from projects.projects as p where p.slug = lower(p_ref) and p.deleted_at is null
    union all
    select p.id, 3 from projects.projects as p where p.key = upper(p_ref) and p.deleted_at is null
  ) as f
  where not p_deleted
  order by f.kind
  limit 1;
  if found then
    return;
  end if;
  return query
  with given as materialized (
    select
      projects.normalise_remote(p_ref) as remote,
      case when p_ref ~ '^(/|[A-Za-z]:[\\/])' then projects.find_by_path(p_ref) end as by_path
  ),
  candidates as (
    select p.id, case
      when p.id::text = lower(p_ref) then 1
      when (p.deleted_at is not null) <> p_deleted then null
      when p.slug = lower(p_ref) then 2
      when p.key = upper(p_ref) then 3
      when r.project_id is not null then 4
      when p.id = g.by_path then 5
      when lower(p.repository_owner || '/' || p.repository_name) = lower(p_ref) then 6
      when lower(p.name) = lower(p_ref) then 7
      when p_ref ~* '^[0-9a-f]{8}[0-9a-f-]*$' and starts_with(p.id::text, lower(p_ref)) then 8
    end as kind
    from given as g
    cross join projects.projects as p
    left join projects.project_remotes as r on r.project_id = p.id and r.remote = g.remote
  )
  select c.id, c.kind
  from candidates as c
  where c.kind = (select min(m.kind) from candidates as m)
  order by c.id desc;
end
$$;

-- Projects with what other systems call their columns, and what is derived.
create view projects.project_summary
with (security_invoker = true) as
select
  p.id,
  p.id as project_id,
  p.name,
  p.slug,
  p.key,
  p.description,
  p.path,
  p.repository_owner || '/' || p.repository_name as full_name,
  p.repository_owner as organisation,
  p.repository_url,
  p.repository_url as repo_url,
  p.repository_provider,
  p.repository_owner,
  p.repository_owner as repo_owner,
  p.repository_name,
  p.repository_name as repo_name,
  p.default_branch,
  p.github_repo_id,
  p.linear_team_id,
  p.technology_stack,
  p.settings,
  p.settings as config,
  p.metadata,
  p.status,
  p.is_public,
  p.is_template,
  p.owner_id,
  coalesce(m.team_members, '[]') as team_members,
  coalesce(m.members, 0) as members,
  coalesce(w.workspaces, 0) as workspaces,
  coalesce(w.machines, 0) as machines,
  c.last_number,
  p.average_review_time_minutes,
  p.average_merge_time_minutes,
  p.pr_merge_rate,
  p.test_coverage_percent,
  p.version,
  p.created_at,
  p.updated_at,
  p.archived_at,
  p.deleted_at
from projects.projects as p
left join projects.project_counters as c on c.project_id = p.id
left join (
  select
    project_id,
    count(*) as members,
    jsonb_agg(jsonb_build_object('user_id', user_id, 'role', role) order by created_at) as team_members
  from projects.project_members
  group by project_id
) as m on m.project_id = p.id
left join (
  select project_id, count(*) as workspaces, count(distinct machine_id) as machines
  from projects.workspaces
  group by project_id
) as w on w.project_id = p.id;
