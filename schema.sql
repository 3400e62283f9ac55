-- The whole database on one page: what the revisions and the code files make. Written by `make schema`.
-- Needed first: the roles steward_owner, steward_app, steward_agent, steward_readonly and steward_backup, and the
-- extension vector. This page is for reading: a database to work with comes from `steward db setup`.

-- schema accounts

CREATE SCHEMA accounts;

-- schema agents

CREATE SCHEMA agents;

-- schema audit

CREATE SCHEMA audit;

-- schema kit

CREATE SCHEMA kit;

-- schema projects

CREATE SCHEMA projects;

-- schema telemetry

CREATE SCHEMA telemetry;

-- schema work

CREATE SCHEMA work;

-- function authorize_role(text)

CREATE FUNCTION accounts.authorize_role(p_role text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
begin
  if exists (
    select
    from kit.permissions
    where role = p_role
      and not kit.may(kit.actor_role(), permission)
  ) then
    raise exception 'role % may not decide about role %', kit.actor_role(), p_role
      using errcode = 'ST403', hint = 'ask an administrator';
  end if;
end
$$;

-- function ensure_admin(text)

CREATE FUNCTION accounts.ensure_admin(p_username text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
declare
  found_id uuid := accounts.find_user(p_username);
begin
  if found_id is null then
    insert into accounts.users (username, display_name, role)
    values (p_username, p_username, 'admin')
    on conflict do nothing
    returning id into found_id;
  end if;
  return coalesce(found_id, accounts.find_user(p_username));
end
$$;

-- function find_user(text)

CREATE FUNCTION accounts.find_user(p_ref text) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
  select id
  from accounts.users
  where id::text = lower(p_ref)
    or (deleted_at is null and lower(username) = lower(p_ref))
    or (deleted_at is null and lower(email) = lower(p_ref))
  order by id::text = lower(p_ref) desc, lower(username) = lower(p_ref) desc
  limit 1
$$;

-- function identify_key(bytea, text)

CREATE FUNCTION accounts.identify_key(p_key_hash bytea, p_key_prefix text) RETURNS TABLE(user_id uuid, user_name text, role text, agent text)
    LANGUAGE plpgsql
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
declare
  key accounts.api_keys;
begin
  select k.id, k.user_id, k.agent_name, k.last_used_at
  into key.id, key.user_id, key.agent_name, key.last_used_at
  from accounts.api_keys as k
  where k.key_prefix = p_key_prefix
    and k.key_hash = p_key_hash
    and k.is_active
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now());
  if key.id is null then
    return;
  end if;
  if not current_setting('transaction_read_only')::boolean
    and (key.last_used_at is null or key.last_used_at < now() - interval '1 minute')
  then
    update accounts.api_keys as k
    set last_used_at = now()
    where k.id = (select l.id from accounts.api_keys as l where l.id = key.id for no key update skip locked);
  end if;
  return query
  select u.id, u.username, accounts.key_role(u.role, key.agent_name), key.agent_name
  from accounts.users as u
  where u.id = key.user_id
    and u.is_active
    and u.deleted_at is null;
end
$$;

-- function keep_an_admin()

CREATE FUNCTION accounts.keep_an_admin() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock(hashtextextended('accounts.keep_an_admin', 0));
  if not exists (
    select
    from accounts.users
    where role = 'admin'
      and is_active
      and deleted_at is null
      and id <> old.id
  ) then
    raise exception 'user % is the last administrator', old.username
      using errcode = 'ST409', hint = 'make somebody else an administrator first';
  end if;
  return new;
end
$$;

-- function key_role(text, text)

CREATE FUNCTION accounts.key_role(p_user_role text, p_agent_name text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
  select case
    when p_agent_name is null then p_user_role
    when exists (
      select
      from kit.permissions
      where role = 'agent'
        and not kit.may(p_user_role, permission)
    ) then 'readonly'
    else 'agent'
  end
$$;

-- function redeem_link(bytea, bytea, integer, inet, text)

CREATE FUNCTION accounts.redeem_link(p_link_hash bytea, p_token_hash bytea, p_seconds integer, p_ip inet, p_user_agent text) RETURNS uuid
    LANGUAGE sql
    SET search_path TO 'accounts', 'kit', 'pg_temp'
    AS $$
  with redeemed as (
    update accounts.login_sessions as s
    set
      redeemed_at = now(),
      token_hash = p_token_hash,
      expires_at = now() + make_interval(secs => p_seconds),
      ip_address = p_ip,
      user_agent = left(p_user_agent, 1000)
    from accounts.users as u
    where s.link_hash = p_link_hash
      and s.redeemed_at is null
      and s.revoked_at is null
      and s.link_expires_at > now()
      and u.id = s.user_id
      and u.is_active
      and u.deleted_at is null
    returning s.user_id
  )
  update accounts.users as u
  set last_login_at = now()
  from redeemed as r
  where u.id = r.user_id
  returning u.id
$$;

-- function ensure_agent(text, uuid)

CREATE FUNCTION agents.ensure_agent(p_name text, p_owner uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'agents', 'kit', 'pg_temp'
    AS $$
declare
  found_id uuid;
begin
  perform kit.authorize('work:write');
  select id into found_id from agents.agents where lower(name) = lower(btrim(p_name));
  if found_id is not null then
    return found_id;
  end if;
  insert into agents.agents (name, display_name, owner_id)
  values (btrim(p_name), btrim(p_name), coalesce(p_owner, kit.actor_user()))
  on conflict do nothing
  returning id into found_id;
  if found_id is null then
    select id into strict found_id from agents.agents where lower(name) = lower(btrim(p_name));
  end if;
  return found_id;
end
$$;

-- function find_agent(text)

CREATE FUNCTION agents.find_agent(p_ref text) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'agents', 'kit', 'pg_temp'
    AS $$
  select id
  from agents.agents
  where id::text = lower(btrim(p_ref))
    or lower(name) = lower(btrim(p_ref))
  order by id::text = lower(btrim(p_ref)) desc
  limit 1
$$;

-- function register_routing(text, text)

CREATE FUNCTION agents.register_routing(p_kind text, p_function text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'agents', 'pg_temp'
    AS $$
  insert into agents.routing_sources (kind, function_name)
  values (p_kind, p_function::regproc::text)
$$;

-- function routing_costs()

CREATE FUNCTION agents.routing_costs() RETURNS TABLE(agent_id uuid, cost_usd numeric)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'agents', 'pg_temp'
    AS $$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'cost');
begin
  if source is not null then
    return query execute format('select agent_id, cost_usd from %s()', source);
  end if;
end
$$;

-- function routing_figures()

CREATE FUNCTION agents.routing_figures() RETURNS TABLE(agent_id uuid, finished integer, failed integer, held integer)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'agents', 'pg_temp'
    AS $$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'figures');
begin
  if source is not null then
    return query execute format('select agent_id, finished, failed, held from %s()', source);
  end if;
end
$$;

-- function routing_needs(text)

CREATE FUNCTION agents.routing_needs(p_task text) RETURNS TABLE(task_id uuid, project_id uuid, ref text, required_capabilities text[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'agents', 'pg_temp'
    AS $_$
declare
  source text := (select s.function_name from agents.routing_sources as s where s.kind = 'task');
begin
  if source is not null then
    return query execute format('select task_id, project_id, ref, required_capabilities from %s($1)', source) using p_task;
  end if;
end
$_$;

-- function score_agents(text[])

CREATE FUNCTION agents.score_agents(p_capabilities text[]) RETURNS TABLE(agent_id uuid, agent text, eligible boolean, score numeric, fit numeric, success numeric, load numeric, cost numeric, finished integer, failed integer, held integer, missing text[])
    LANGUAGE sql STABLE
    SET search_path TO 'agents', 'pg_temp'
    AS $$
  with known as (
    select c.agent_id, c.cost_usd
    from agents.routing_costs() as c
  ),
  costs as (
    select c.agent_id, m.usual / (m.usual + c.cost_usd) as cost
    from known as c
    cross join (select percentile_cont(0.5) within group (order by k.cost_usd)::numeric as usual from known as k) as m
  ),
  parts as (
    select
      a.id,
      a.name,
      a.max_in_progress,
      array(select unnest(p_capabilities) except select unnest(a.capabilities)) as missing,
      case
        when not p_capabilities <@ a.capabilities then 0.0
        when p_capabilities = '{}' then 0.5
        else 0.5 + 0.5 * cardinality(p_capabilities) / greatest(cardinality(a.capabilities), 1)
      end as fit,
      coalesce(f.finished, 0) as finished,
      coalesce(f.failed, 0) as failed,
      coalesce(f.held, 0) as held,
      k.cost
    from agents.agents as a
    left join agents.routing_figures() as f on f.agent_id = a.id
    left join costs as k on k.agent_id = a.id
    where a.is_active
  ),
  scored as (
    select
      p.id, p.name, p.missing, p.finished, p.failed, p.held, p.fit,
      (p.finished + 1.0) / (p.finished + p.failed + 2.0) as success,
      case
        when p.held >= p.max_in_progress then 0.0
        else 1.0 / (1 + p.held)
      end as load,
      coalesce(p.cost, 0.5) as cost
    from parts as p
  )
  select
    s.id, s.name, s.missing = '{}' and s.load > 0,
    round(0.4 * s.fit + 0.3 * s.success + 0.2 * s.load + 0.1 * s.cost, 4),
    round(s.fit, 4), round(s.success, 4), round(s.load, 4), round(s.cost, 4), s.finished, s.failed, s.held, s.missing
  from scored as s
$$;

-- function check_undo(text, text, boolean, bigint)

CREATE FUNCTION audit.check_undo(p_type text, p_action text, p_is_own boolean, p_unreadable bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'audit', 'kit', 'pg_temp'
    AS $$
declare
  room constant text := split_part(kit.audited_table(p_type)::text, '.', 1);
  of_rights constant boolean := p_type in ('user', 'api_key', 'project_member') and p_action <> 'create';
begin
  perform kit.authorize(room || ':write');
  if kit.actor_agent() is not null then
    raise exception 'an agent undoes nothing' using errcode = 'ST403', hint = 'let a person do it';
  elsif (of_rights or not p_is_own) and not kit.may(kit.actor_role(), room || ':admin') then
    raise exception '%', case when p_is_own then 'what users may do is not undone by themselves' else 'somebody else made this change' end
      using errcode = 'ST403', hint = 'ask who made it, or an administrator';
  elsif p_unreadable > 0 then
    raise exception 'old values of this change are kept no more'
      using errcode = 'ST409', hint = 'set the values by hand';
  end if;
end
$$;

-- function known_words(text, text, text)

CREATE FUNCTION audit.known_words(p_event_type text, p_event_action text, p_status text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return p_event_type in (
      'task_created', 'task_updated', 'task_assigned', 'task_closed', 'task_deleted',
      'code_review_started', 'code_review_completed', 'code_pushed', 'test_executed',
      'deployment_started', 'deployment_completed', 'deployment_failed',
      'agent_executed', 'agent_failed', 'evidence_added', 'evidence_verified', 'evidence_rejected',
      'user_created', 'user_updated', 'user_deleted', 'permission_granted', 'permission_revoked',
      'project_created', 'project_updated', 'project_deleted',
      'security_issue_detected', 'security_issue_resolved',
      'data_created', 'data_accessed', 'data_modified', 'data_deleted',
      'api_call', 'api_error', 'system_error', 'custom'
    )
    and p_event_action in ('create', 'read', 'update', 'delete', 'execute')
    and p_status in ('success', 'failure', 'partial', 'unknown');
end
$$;

-- comment FUNCTION known_words(p_event_type text, p_event_action text, p_status text)

COMMENT ON FUNCTION audit.known_words(p_event_type text, p_event_action text, p_status text) IS 'Tell whether an audit row may bear these words; called by a check of its table.';

-- function request_effects(text)

CREATE FUNCTION audit.request_effects(p_request text) RETURNS TABLE(resource_type text, resource_id text, resource_name text, is_own boolean, action text, old_values jsonb, new_values jsonb, unreadable bigint, place bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'audit', 'kit', 'pg_temp'
    AS $_$
  with meant as materialized (
    select m.xid
    from audit.audit_logs as m
    where m.request_id = p_request
    order by (m.user_id is not distinct from kit.actor_user()) desc, m.id desc
    limit 1
  ),
  rows as materialized (
    select l.id, l.resource_type, l.resource_id, l.resource_name, l.user_id, l.event_action, p.payload::jsonb as payload
    from audit.audit_logs as l
    left join audit.audit_payloads as p on p.id = l.id and p.created_at = l.created_at
    where (l.request_id = p_request and l.xid = (select meant.xid from meant))
      or (
        l.id = case when p_request ~ '^[0-9]{1,18}$' then p_request::bigint end
        and not exists (select from meant)
      )
  ),
  fields as (
    select
      r.resource_type, r.resource_id, f.key,
      (array_agg(r.payload -> 'old' -> f.key order by r.id))[1] as before,
      (array_agg(r.payload -> 'new' -> f.key order by r.id desc))[1] as after
    from rows as r
    cross join lateral jsonb_each(coalesce(r.payload -> 'new', '{}') || coalesce(r.payload -> 'old', '{}')) as f (key, value)
    group by r.resource_type, r.resource_id, f.key
  ),
  changed as (
    select
      f.resource_type, f.resource_id,
      jsonb_object_agg(f.key, coalesce(f.before, 'null')) as old_values,
      jsonb_object_agg(f.key, coalesce(f.after, 'null')) as new_values
    from fields as f
    group by f.resource_type, f.resource_id
  )
  select
    r.resource_type, r.resource_id, (array_agg(r.resource_name order by r.id desc))[1],
    bool_and(r.user_id is not distinct from kit.actor_user()),
    case
      when (array_agg(r.event_action order by r.id))[1] = 'create' then 'create'
      when (array_agg(r.event_action order by r.id desc))[1] = 'delete' then 'delete'
      else 'update'
    end,
    coalesce((array_agg(c.old_values))[1], '{}'),
    coalesce((array_agg(c.new_values))[1], '{}'),
    count(*) filter (where r.payload is null), min(r.id)
  from rows as r
  left join changed as c on c.resource_type = r.resource_type and c.resource_id is not distinct from r.resource_id
  group by r.resource_type, r.resource_id
  -- What was made and deleted again is nothing to undo.
  having (array_agg(r.event_action order by r.id))[1] <> 'create'
    or (array_agg(r.event_action order by r.id desc))[1] <> 'delete'
$_$;

-- function settled()

CREATE FUNCTION audit.settled() RETURNS xid8
    LANGUAGE sql STABLE
    SET search_path TO 'audit', 'kit', 'pg_temp'
    AS $$
  select pg_snapshot_xmin(pg_current_snapshot())
$$;

-- function undo_request(text)

CREATE FUNCTION audit.undo_request(p_request text) RETURNS TABLE(resource_type text, resource_id text, resource_name text, action text, before jsonb, after jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'audit', 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  perform set_config('steward.undoing', 'on', true);
  for done in
    select
      e.resource_type, e.resource_id, e.resource_name, e.is_own, e.action, e.old_values, e.new_values, e.unreadable,
      count(*) over () as things
    from audit.request_effects(p_request) as e
    order by e.place desc
  loop
    if done.things > 100 then
      raise exception 'the request changed % things; at most 100 are undone together', done.things
        using errcode = 'ST409', hint = 'undo its entries one by one, by their ids in `steward audit list`';
    end if;
    perform audit.check_undo(done.resource_type, done.action, done.is_own, done.unreadable);
    continue when done.resource_type = 'agent' and done.action = 'create' and done.things > 1;
    if done.resource_type = 'task' then
      perform work.pass(done.resource_id::uuid, null, false);
    end if;
    perform kit.restore_row(
      done.resource_type,
      done.resource_id::uuid,
      done.action,
      done.old_values,
      case when done.action = 'delete' then '{}' else done.new_values end
    );
    return query
    select done.resource_type, done.resource_id, done.resource_name, done.action, done.old_values, done.new_values;
  end loop;
end
$$;

-- function setting(text)

CREATE FUNCTION kit.setting(p_name text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT NULLIF(current_setting(('steward.'::text || p_name), true), ''::text) AS "nullif";
END;

-- function actor_agent()

CREATE FUNCTION kit.actor_agent() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT kit.setting('agent'::text) AS setting;
END;

-- function actor_role()

CREATE FUNCTION kit.actor_role() RETURNS text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT
         CASE SESSION_USER
             WHEN 'steward_agent'::name THEN 'agent'::text
             WHEN 'steward_readonly'::name THEN 'readonly'::text
             WHEN 'steward_backup'::name THEN 'readonly'::text
             WHEN 'steward_app'::name THEN COALESCE(kit.setting('role'::text), 'service'::text)
             ELSE
             CASE
                 WHEN pg_has_role(SESSION_USER, 'steward_owner'::name, 'member'::text) THEN COALESCE(kit.setting('role'::text), 'admin'::text)
                 WHEN pg_has_role(SESSION_USER, 'steward_app'::name, 'member'::text) THEN COALESCE(kit.setting('role'::text), 'service'::text)
                 ELSE 'readonly'::text
             END
         END AS "case";
END;

-- function actor_user()

CREATE FUNCTION kit.actor_user() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (kit.setting('user_id'::text))::uuid AS setting;
END;

-- function audit_capture()

CREATE FUNCTION kit.audit_capture() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  kind constant text := tg_argv[0];
  name_column constant text := tg_argv[1];
  project_column constant text := tg_argv[2];
  hidden constant text[] := tg_argv[3];
  done record;
begin
  if tg_op = 'INSERT' then
    select
      array_agg(r.image ->> 'id') as ids,
      array_agg((r.image ->> project_column)::uuid) as projects,
      array_agg(r.image ->> name_column) as names,
      array_agg(jsonb_build_object('new', jsonb_strip_nulls(kit.audit_hide(r.image, hidden)))::text) as payloads
    into done
    from (select to_jsonb(n) as image from new_rows as n) as r;
    perform kit.audit_write(kind, 'create', done.ids, done.projects, done.names, done.payloads, null, null);
  else
    select
      array_agg(r.image ->> 'id') as ids,
      array_agg((r.image ->> project_column)::uuid) as projects,
      array_agg(r.image ->> name_column) as names,
      array_agg(jsonb_build_object('old', jsonb_strip_nulls(kit.audit_hide(r.image, hidden)))::text) as payloads
    into done
    from (select to_jsonb(o) as image from old_rows as o) as r;
    perform kit.audit_write(kind, 'delete', done.ids, done.projects, done.names, done.payloads, null, null);
  end if;
  return null;
end
$$;

-- function audit_change_agents()

CREATE FUNCTION kit.audit_change_agents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, null::uuid as project_id, n.name::text as name,
      kit.audit_event('agent', 'update', false, false, false) as event,
      array[
        case when n.agent_type is distinct from o.agent_type then jsonb_build_array('agent_type', o.agent_type, n.agent_type) end,
        case when n.agent_version is distinct from o.agent_version then jsonb_build_array('agent_version', o.agent_version, n.agent_version) end,
        case when n.capabilities is distinct from o.capabilities and to_jsonb(n.capabilities) is distinct from to_jsonb(o.capabilities) then jsonb_build_array('capabilities', o.capabilities, n.capabilities) end,
        case when coalesce(n.configuration, 'null') is distinct from coalesce(o.configuration, 'null') then jsonb_build_array('configuration', o.configuration, n.configuration) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.deprecated_at is distinct from o.deprecated_at then jsonb_build_array('deprecated_at', o.deprecated_at, n.deprecated_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.display_name is distinct from o.display_name then jsonb_build_array('display_name', o.display_name, n.display_name) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_active is distinct from o.is_active then jsonb_build_array('is_active', o.is_active, n.is_active) end,
        case when n.is_experimental is distinct from o.is_experimental then jsonb_build_array('is_experimental', o.is_experimental, n.is_experimental) end,
        case when n.max_in_progress is distinct from o.max_in_progress then jsonb_build_array('max_in_progress', o.max_in_progress, n.max_in_progress) end,
        case when n.max_tokens is distinct from o.max_tokens then jsonb_build_array('max_tokens', o.max_tokens, n.max_tokens) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.model_name is distinct from o.model_name then jsonb_build_array('model_name', o.model_name, n.model_name) end,
        case when n.model_provider is distinct from o.model_provider then jsonb_build_array('model_provider', o.model_provider, n.model_provider) end,
        case when n.model_version is distinct from o.model_version then jsonb_build_array('model_version', o.model_version, n.model_version) end,
        case when n.name is distinct from o.name then jsonb_build_array('name', o.name, n.name) end,
        case when n.owner_id is distinct from o.owner_id then jsonb_build_array('owner_id', o.owner_id, n.owner_id) end,
        case when n.required_tools is distinct from o.required_tools and to_jsonb(n.required_tools) is distinct from to_jsonb(o.required_tools) then jsonb_build_array('required_tools', o.required_tools, n.required_tools) end,
        case when n.tags is distinct from o.tags and to_jsonb(n.tags) is distinct from to_jsonb(o.tags) then jsonb_build_array('tags', o.tags, n.tags) end,
        case when n.temperature is distinct from o.temperature then jsonb_build_array('temperature', o.temperature, n.temperature) end,
        case when n.top_p is distinct from o.top_p then jsonb_build_array('top_p', o.top_p, n.top_p) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('agent', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_api_keys()

CREATE FUNCTION kit.audit_change_api_keys() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, null::uuid as project_id, n.name::text as name,
      kit.audit_event('api_key', 'update', false, false, false) as event,
      array[
        case when n.agent_name is distinct from o.agent_name then jsonb_build_array('agent_name', o.agent_name, n.agent_name) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.expires_at is distinct from o.expires_at then jsonb_build_array('expires_at', o.expires_at, n.expires_at) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_active is distinct from o.is_active then jsonb_build_array('is_active', o.is_active, n.is_active) end,
        case when to_jsonb(n.key_hash) is distinct from to_jsonb(o.key_hash) then jsonb_build_array('key_hash', case when o.key_hash is not null then '***' end, case when n.key_hash is not null then '***' end) end,
        case when n.key_prefix is distinct from o.key_prefix then jsonb_build_array('key_prefix', o.key_prefix, n.key_prefix) end,
        case when n.name is distinct from o.name then jsonb_build_array('name', o.name, n.name) end,
        case when n.revoked_at is distinct from o.revoked_at then jsonb_build_array('revoked_at', o.revoked_at, n.revoked_at) end,
        case when n.user_id is distinct from o.user_id then jsonb_build_array('user_id', o.user_id, n.user_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{key_hash}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('api_key', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_budgets()

CREATE FUNCTION kit.audit_change_budgets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.name::text as name,
      kit.audit_event('budget', 'update', false, false, false) as event,
      array[
        case when n.agent_id is distinct from o.agent_id then jsonb_build_array('agent_id', o.agent_id, n.agent_id) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.created_by_user_id is distinct from o.created_by_user_id then jsonb_build_array('created_by_user_id', o.created_by_user_id, n.created_by_user_id) end,
        case when n.epic_id is distinct from o.epic_id then jsonb_build_array('epic_id', o.epic_id, n.epic_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_active is distinct from o.is_active then jsonb_build_array('is_active', o.is_active, n.is_active) end,
        case when n.limit_tokens is distinct from o.limit_tokens then jsonb_build_array('limit_tokens', o.limit_tokens, n.limit_tokens) end,
        case when n.limit_usd is distinct from o.limit_usd then jsonb_build_array('limit_usd', o.limit_usd, n.limit_usd) end,
        case when n.name is distinct from o.name then jsonb_build_array('name', o.name, n.name) end,
        case when n.period is distinct from o.period then jsonb_build_array('period', o.period, n.period) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.scope is distinct from o.scope then jsonb_build_array('scope', o.scope, n.scope) end,
        case when n.task_id is distinct from o.task_id then jsonb_build_array('task_id', o.task_id, n.task_id) end,
        case when n.warn_percent is distinct from o.warn_percent then jsonb_build_array('warn_percent', o.warn_percent, n.warn_percent) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('budget', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_comments()

CREATE FUNCTION kit.audit_change_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.author::text as name,
      kit.audit_event('comment', 'update', false, false, n.deleted_at is distinct from o.deleted_at and n.deleted_at is not null) as event,
      array[
        case when coalesce(n.ai_metadata, 'null') is distinct from coalesce(o.ai_metadata, 'null') then jsonb_build_array('ai_metadata', o.ai_metadata, n.ai_metadata) end,
        case when n.author is distinct from o.author then jsonb_build_array('author', o.author, n.author) end,
        case when n.author_agent_id is distinct from o.author_agent_id then jsonb_build_array('author_agent_id', o.author_agent_id, n.author_agent_id) end,
        case when n.author_user_id is distinct from o.author_user_id then jsonb_build_array('author_user_id', o.author_user_id, n.author_user_id) end,
        case when n.content is distinct from o.content then jsonb_build_array('content', o.content, n.content) end,
        case when n.content_type is distinct from o.content_type then jsonb_build_array('content_type', o.content_type, n.content_type) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.deleted_at is distinct from o.deleted_at then jsonb_build_array('deleted_at', o.deleted_at, n.deleted_at) end,
        case when n.github_comment_id is distinct from o.github_comment_id then jsonb_build_array('github_comment_id', o.github_comment_id, n.github_comment_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_ai_generated is distinct from o.is_ai_generated then jsonb_build_array('is_ai_generated', o.is_ai_generated, n.is_ai_generated) end,
        case when n.issue_id is distinct from o.issue_id then jsonb_build_array('issue_id', o.issue_id, n.issue_id) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.task_id is distinct from o.task_id then jsonb_build_array('task_id', o.task_id, n.task_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('comment', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_devlog_dependencies()

CREATE FUNCTION kit.audit_change_devlog_dependencies() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.type::text as name,
      kit.audit_event('devlog_dependency', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.devlog_id is distinct from o.devlog_id then jsonb_build_array('devlog_id', o.devlog_id, n.devlog_id) end,
        case when n.external_id is distinct from o.external_id then jsonb_build_array('external_id', o.external_id, n.external_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.target_devlog_id is distinct from o.target_devlog_id then jsonb_build_array('target_devlog_id', o.target_devlog_id, n.target_devlog_id) end,
        case when n.type is distinct from o.type then jsonb_build_array('type', o.type, n.type) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('devlog_dependency', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_devlog_documents()

CREATE FUNCTION kit.audit_change_devlog_documents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.filename::text as name,
      kit.audit_event('devlog_document', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.devlog_id is distinct from o.devlog_id then jsonb_build_array('devlog_id', o.devlog_id, n.devlog_id) end,
        case when n.filename is distinct from o.filename then jsonb_build_array('filename', o.filename, n.filename) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.mime_type is distinct from o.mime_type then jsonb_build_array('mime_type', o.mime_type, n.mime_type) end,
        case when n.original_name is distinct from o.original_name then jsonb_build_array('original_name', o.original_name, n.original_name) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.sha256 is distinct from o.sha256 then jsonb_build_array('sha256', o.sha256, n.sha256) end,
        case when n.size is distinct from o.size then jsonb_build_array('size', o.size, n.size) end,
        case when n.text_content is distinct from o.text_content then jsonb_build_array('text_content', o.text_content, n.text_content) end,
        case when n.type is distinct from o.type then jsonb_build_array('type', o.type, n.type) end,
        case when n.uploaded_by is distinct from o.uploaded_by then jsonb_build_array('uploaded_by', o.uploaded_by, n.uploaded_by) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('devlog_document', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_devlog_entries()

CREATE FUNCTION kit.audit_change_devlog_entries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.key_field::text as name,
      kit.audit_event('devlog_entry', 'update', false, false, false) as event,
      array[
        case when n.archived is distinct from o.archived then jsonb_build_array('archived', o.archived, n.archived) end,
        case when n.assignee is distinct from o.assignee then jsonb_build_array('assignee', o.assignee, n.assignee) end,
        case when coalesce(n.business_context, 'null') is distinct from coalesce(o.business_context, 'null') then jsonb_build_array('business_context', o.business_context, n.business_context) end,
        case when n.closed_at is distinct from o.closed_at then jsonb_build_array('closed_at', o.closed_at, n.closed_at) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.files is distinct from o.files and to_jsonb(n.files) is distinct from to_jsonb(o.files) then jsonb_build_array('files', o.files, n.files) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.key_field is distinct from o.key_field then jsonb_build_array('key_field', o.key_field, n.key_field) end,
        case when n.priority is distinct from o.priority then jsonb_build_array('priority', o.priority, n.priority) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.tags is distinct from o.tags and to_jsonb(n.tags) is distinct from to_jsonb(o.tags) then jsonb_build_array('tags', o.tags, n.tags) end,
        case when coalesce(n.technical_context, 'null') is distinct from coalesce(o.technical_context, 'null') then jsonb_build_array('technical_context', o.technical_context, n.technical_context) end,
        case when n.title is distinct from o.title then jsonb_build_array('title', o.title, n.title) end,
        case when n.type is distinct from o.type then jsonb_build_array('type', o.type, n.type) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('devlog_entry', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_devlog_notes()

CREATE FUNCTION kit.audit_change_devlog_notes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.category::text as name,
      kit.audit_event('devlog_note', 'update', false, false, false) as event,
      array[
        case when n.author is distinct from o.author then jsonb_build_array('author', o.author, n.author) end,
        case when n.category is distinct from o.category then jsonb_build_array('category', o.category, n.category) end,
        case when n.content is distinct from o.content then jsonb_build_array('content', o.content, n.content) end,
        case when n.devlog_id is distinct from o.devlog_id then jsonb_build_array('devlog_id', o.devlog_id, n.devlog_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n."timestamp" is distinct from o."timestamp" then jsonb_build_array('timestamp', o."timestamp", n."timestamp") end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('devlog_note', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_epic_dependencies()

CREATE FUNCTION kit.audit_change_epic_dependencies() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, null::text as name,
      kit.audit_event('epic_dependency', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.depends_on_epic_id is distinct from o.depends_on_epic_id then jsonb_build_array('depends_on_epic_id', o.depends_on_epic_id, n.depends_on_epic_id) end,
        case when n.epic_id is distinct from o.epic_id then jsonb_build_array('epic_id', o.epic_id, n.epic_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('epic_dependency', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_epics()

CREATE FUNCTION kit.audit_change_epics() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.title::text as name,
      kit.audit_event('epic', 'update', n.completed_at is distinct from o.completed_at and n.completed_at is not null, false, false) as event,
      array[
        case when n.archived_at is distinct from o.archived_at then jsonb_build_array('archived_at', o.archived_at, n.archived_at) end,
        case when n.completed_at is distinct from o.completed_at then jsonb_build_array('completed_at', o.completed_at, n.completed_at) end,
        case when n.complexity is distinct from o.complexity then jsonb_build_array('complexity', o.complexity, n.complexity) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.epic_id is distinct from o.epic_id then jsonb_build_array('epic_id', o.epic_id, n.epic_id) end,
        case when n.estimated_minutes is distinct from o.estimated_minutes then jsonb_build_array('estimated_minutes', o.estimated_minutes, n.estimated_minutes) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.priority is distinct from o.priority then jsonb_build_array('priority', o.priority, n.priority) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.title is distinct from o.title then jsonb_build_array('title', o.title, n.title) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('epic', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_issues()

CREATE FUNCTION kit.audit_change_issues() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.title::text as name,
      kit.audit_event('issue', 'update', false, false, n.deleted_at is distinct from o.deleted_at and n.deleted_at is not null) as event,
      array[
        case when n.assignee is distinct from o.assignee then jsonb_build_array('assignee', o.assignee, n.assignee) end,
        case when n.closed_at is distinct from o.closed_at then jsonb_build_array('closed_at', o.closed_at, n.closed_at) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.deleted_at is distinct from o.deleted_at then jsonb_build_array('deleted_at', o.deleted_at, n.deleted_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.epic_id is distinct from o.epic_id then jsonb_build_array('epic_id', o.epic_id, n.epic_id) end,
        case when n.github_id is distinct from o.github_id then jsonb_build_array('github_id', o.github_id, n.github_id) end,
        case when n.github_url is distinct from o.github_url then jsonb_build_array('github_url', o.github_url, n.github_url) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.labels is distinct from o.labels and to_jsonb(n.labels) is distinct from to_jsonb(o.labels) then jsonb_build_array('labels', o.labels, n.labels) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.number is distinct from o.number then jsonb_build_array('number', o.number, n.number) end,
        case when n.priority is distinct from o.priority then jsonb_build_array('priority', o.priority, n.priority) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.status_reason is distinct from o.status_reason then jsonb_build_array('status_reason', o.status_reason, n.status_reason) end,
        case when n.title is distinct from o.title then jsonb_build_array('title', o.title, n.title) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('issue', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_machines()

CREATE FUNCTION kit.audit_change_machines() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, null::uuid as project_id, n.hostname::text as name,
      kit.audit_event('machine', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.hostname is distinct from o.hostname then jsonb_build_array('hostname', o.hostname, n.hostname) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when to_jsonb(n.ip_address) is distinct from to_jsonb(o.ip_address) then jsonb_build_array('ip_address', o.ip_address, n.ip_address) end,
        case when n.machine_id is distinct from o.machine_id then jsonb_build_array('machine_id', o.machine_id, n.machine_id) end,
        case when n.machine_type is distinct from o.machine_type then jsonb_build_array('machine_type', o.machine_type, n.machine_type) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.os_type is distinct from o.os_type then jsonb_build_array('os_type', o.os_type, n.os_type) end,
        case when n.os_version is distinct from o.os_version then jsonb_build_array('os_version', o.os_version, n.os_version) end,
        case when n.username is distinct from o.username then jsonb_build_array('username', o.username, n.username) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('machine', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_model_prices()

CREATE FUNCTION kit.audit_change_model_prices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, null::uuid as project_id, n.model::text as name,
      kit.audit_event('price', 'update', false, false, false) as event,
      array[
        case when n.above_input_tokens is distinct from o.above_input_tokens then jsonb_build_array('above_input_tokens', o.above_input_tokens, n.above_input_tokens) end,
        case when n.cache_read_usd is distinct from o.cache_read_usd then jsonb_build_array('cache_read_usd', o.cache_read_usd, n.cache_read_usd) end,
        case when n.cache_write_1h_usd is distinct from o.cache_write_1h_usd then jsonb_build_array('cache_write_1h_usd', o.cache_write_1h_usd, n.cache_write_1h_usd) end,
        case when n.cache_write_usd is distinct from o.cache_write_usd then jsonb_build_array('cache_write_usd', o.cache_write_usd, n.cache_write_usd) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.effective_from is distinct from o.effective_from then jsonb_build_array('effective_from', o.effective_from, n.effective_from) end,
        case when n.effective_until is distinct from o.effective_until then jsonb_build_array('effective_until', o.effective_until, n.effective_until) end,
        case when to_jsonb(n.hours_from) is distinct from to_jsonb(o.hours_from) then jsonb_build_array('hours_from', o.hours_from, n.hours_from) end,
        case when to_jsonb(n.hours_until) is distinct from to_jsonb(o.hours_until) then jsonb_build_array('hours_until', o.hours_until, n.hours_until) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.input_usd is distinct from o.input_usd then jsonb_build_array('input_usd', o.input_usd, n.input_usd) end,
        case when n.model is distinct from o.model then jsonb_build_array('model', o.model, n.model) end,
        case when n.note is distinct from o.note then jsonb_build_array('note', o.note, n.note) end,
        case when n.output_usd is distinct from o.output_usd then jsonb_build_array('output_usd', o.output_usd, n.output_usd) end,
        case when n.provider is distinct from o.provider then jsonb_build_array('provider', o.provider, n.provider) end,
        case when n.reasoning_usd is distinct from o.reasoning_usd then jsonb_build_array('reasoning_usd', o.reasoning_usd, n.reasoning_usd) end,
        case when n.request_usd is distinct from o.request_usd then jsonb_build_array('request_usd', o.request_usd, n.request_usd) end,
        case when n.source is distinct from o.source then jsonb_build_array('source', o.source, n.source) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('price', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_project_members()

CREATE FUNCTION kit.audit_change_project_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, null::text as name,
      kit.audit_event('project_member', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.role is distinct from o.role then jsonb_build_array('role', o.role, n.role) end,
        case when n.user_id is distinct from o.user_id then jsonb_build_array('user_id', o.user_id, n.user_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('project_member', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_projects()

CREATE FUNCTION kit.audit_change_projects() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.id as project_id, n.name::text as name,
      kit.audit_event('project', 'update', false, false, n.deleted_at is distinct from o.deleted_at and n.deleted_at is not null) as event,
      array[
        case when n.archived_at is distinct from o.archived_at then jsonb_build_array('archived_at', o.archived_at, n.archived_at) end,
        case when n.average_merge_time_minutes is distinct from o.average_merge_time_minutes then jsonb_build_array('average_merge_time_minutes', o.average_merge_time_minutes, n.average_merge_time_minutes) end,
        case when n.average_review_time_minutes is distinct from o.average_review_time_minutes then jsonb_build_array('average_review_time_minutes', o.average_review_time_minutes, n.average_review_time_minutes) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.default_branch is distinct from o.default_branch then jsonb_build_array('default_branch', o.default_branch, n.default_branch) end,
        case when n.deleted_at is distinct from o.deleted_at then jsonb_build_array('deleted_at', o.deleted_at, n.deleted_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.github_repo_id is distinct from o.github_repo_id then jsonb_build_array('github_repo_id', o.github_repo_id, n.github_repo_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_public is distinct from o.is_public then jsonb_build_array('is_public', o.is_public, n.is_public) end,
        case when n.is_template is distinct from o.is_template then jsonb_build_array('is_template', o.is_template, n.is_template) end,
        case when n.key is distinct from o.key then jsonb_build_array('key', o.key, n.key) end,
        case when n.linear_team_id is distinct from o.linear_team_id then jsonb_build_array('linear_team_id', o.linear_team_id, n.linear_team_id) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.name is distinct from o.name then jsonb_build_array('name', o.name, n.name) end,
        case when n.owner_id is distinct from o.owner_id then jsonb_build_array('owner_id', o.owner_id, n.owner_id) end,
        case when n.path is distinct from o.path then jsonb_build_array('path', o.path, n.path) end,
        case when n.pr_merge_rate is distinct from o.pr_merge_rate then jsonb_build_array('pr_merge_rate', o.pr_merge_rate, n.pr_merge_rate) end,
        case when n.repository_name is distinct from o.repository_name then jsonb_build_array('repository_name', o.repository_name, n.repository_name) end,
        case when n.repository_owner is distinct from o.repository_owner then jsonb_build_array('repository_owner', o.repository_owner, n.repository_owner) end,
        case when n.repository_provider is distinct from o.repository_provider then jsonb_build_array('repository_provider', o.repository_provider, n.repository_provider) end,
        case when n.repository_url is distinct from o.repository_url then jsonb_build_array('repository_url', o.repository_url, n.repository_url) end,
        case when coalesce(n.settings, 'null') is distinct from coalesce(o.settings, 'null') then jsonb_build_array('settings', o.settings, n.settings) end,
        case when n.slug is distinct from o.slug then jsonb_build_array('slug', o.slug, n.slug) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.technology_stack is distinct from o.technology_stack and to_jsonb(n.technology_stack) is distinct from to_jsonb(o.technology_stack) then jsonb_build_array('technology_stack', o.technology_stack, n.technology_stack) end,
        case when n.test_coverage_percent is distinct from o.test_coverage_percent then jsonb_build_array('test_coverage_percent', o.test_coverage_percent, n.test_coverage_percent) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('project', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_questions()

CREATE FUNCTION kit.audit_change_questions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.question::text as name,
      kit.audit_event('question', 'update', false, false, false) as event,
      array[
        case when n.agent_id is distinct from o.agent_id then jsonb_build_array('agent_id', o.agent_id, n.agent_id) end,
        case when n.answer is distinct from o.answer then jsonb_build_array('answer', o.answer, n.answer) end,
        case when n.answered_by is distinct from o.answered_by then jsonb_build_array('answered_by', o.answered_by, n.answered_by) end,
        case when n.answered_by_user_id is distinct from o.answered_by_user_id then jsonb_build_array('answered_by_user_id', o.answered_by_user_id, n.answered_by_user_id) end,
        case when n.asked_user_id is distinct from o.asked_user_id then jsonb_build_array('asked_user_id', o.asked_user_id, n.asked_user_id) end,
        case when n.choice is distinct from o.choice then jsonb_build_array('choice', o.choice, n.choice) end,
        case when n.choices is distinct from o.choices and to_jsonb(n.choices) is distinct from to_jsonb(o.choices) then jsonb_build_array('choices', o.choices, n.choices) end,
        case when n.close_reason is distinct from o.close_reason then jsonb_build_array('close_reason', o.close_reason, n.close_reason) end,
        case when n.closed_at is distinct from o.closed_at then jsonb_build_array('closed_at', o.closed_at, n.closed_at) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.expires_at is distinct from o.expires_at then jsonb_build_array('expires_at', o.expires_at, n.expires_at) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.question is distinct from o.question then jsonb_build_array('question', o.question, n.question) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.task_id is distinct from o.task_id then jsonb_build_array('task_id', o.task_id, n.task_id) end,
        case when n.token is distinct from o.token then jsonb_build_array('token', o.token, n.token) end,
        case when n.urgency is distinct from o.urgency then jsonb_build_array('urgency', o.urgency, n.urgency) end,
        case when n.waited_ms is distinct from o.waited_ms then jsonb_build_array('waited_ms', o.waited_ms, n.waited_ms) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('question', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_task_attachments()

CREATE FUNCTION kit.audit_change_task_attachments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.file_name::text as name,
      kit.audit_event('attachment', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.created_by_agent_id is distinct from o.created_by_agent_id then jsonb_build_array('created_by_agent_id', o.created_by_agent_id, n.created_by_agent_id) end,
        case when n.created_by_user_id is distinct from o.created_by_user_id then jsonb_build_array('created_by_user_id', o.created_by_user_id, n.created_by_user_id) end,
        case when n.evidence_id is distinct from o.evidence_id then jsonb_build_array('evidence_id', o.evidence_id, n.evidence_id) end,
        case when n.file_name is distinct from o.file_name then jsonb_build_array('file_name', o.file_name, n.file_name) end,
        case when n.file_size_bytes is distinct from o.file_size_bytes then jsonb_build_array('file_size_bytes', o.file_size_bytes, n.file_size_bytes) end,
        case when n.file_type is distinct from o.file_type then jsonb_build_array('file_type', o.file_type, n.file_type) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_evidence is distinct from o.is_evidence then jsonb_build_array('is_evidence', o.is_evidence, n.is_evidence) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.sha256 is distinct from o.sha256 then jsonb_build_array('sha256', o.sha256, n.sha256) end,
        case when n.storage_path is distinct from o.storage_path then jsonb_build_array('storage_path', o.storage_path, n.storage_path) end,
        case when n.task_id is distinct from o.task_id then jsonb_build_array('task_id', o.task_id, n.task_id) end,
        case when n.updated_by_user_id is distinct from o.updated_by_user_id then jsonb_build_array('updated_by_user_id', o.updated_by_user_id, n.updated_by_user_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('attachment', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_task_dependencies()

CREATE FUNCTION kit.audit_change_task_dependencies() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.task_id::text as name,
      kit.audit_event('task_dependency', 'update', false, false, false) as event,
      array[
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.dependency_type is distinct from o.dependency_type then jsonb_build_array('dependency_type', o.dependency_type, n.dependency_type) end,
        case when n.depends_on_task_id is distinct from o.depends_on_task_id then jsonb_build_array('depends_on_task_id', o.depends_on_task_id, n.depends_on_task_id) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.source_type is distinct from o.source_type then jsonb_build_array('source_type', o.source_type, n.source_type) end,
        case when n.task_id is distinct from o.task_id then jsonb_build_array('task_id', o.task_id, n.task_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('task_dependency', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_tasks()

CREATE FUNCTION kit.audit_change_tasks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.title::text as name,
      kit.audit_event('task', 'update', n.completed_at is distinct from o.completed_at and n.completed_at is not null, n.assigned_agent_id is distinct from o.assigned_agent_id or n.assigned_user_id is distinct from o.assigned_user_id, n.deleted_at is distinct from o.deleted_at and n.deleted_at is not null) as event,
      array[
        case when coalesce(n.acceptance_criteria, 'null') is distinct from coalesce(o.acceptance_criteria, 'null') then jsonb_build_array('acceptance_criteria', o.acceptance_criteria, n.acceptance_criteria) end,
        case when n.actual_minutes is distinct from o.actual_minutes then jsonb_build_array('actual_minutes', o.actual_minutes, n.actual_minutes) end,
        case when coalesce(n.ai_analysis, 'null') is distinct from coalesce(o.ai_analysis, 'null') then jsonb_build_array('ai_analysis', o.ai_analysis, n.ai_analysis) end,
        case when coalesce(n.ai_suggestions, 'null') is distinct from coalesce(o.ai_suggestions, 'null') then jsonb_build_array('ai_suggestions', o.ai_suggestions, n.ai_suggestions) end,
        case when n.assigned_agent_id is distinct from o.assigned_agent_id then jsonb_build_array('assigned_agent_id', o.assigned_agent_id, n.assigned_agent_id) end,
        case when n.assigned_component is distinct from o.assigned_component then jsonb_build_array('assigned_component', o.assigned_component, n.assigned_component) end,
        case when n.assigned_user_id is distinct from o.assigned_user_id then jsonb_build_array('assigned_user_id', o.assigned_user_id, n.assigned_user_id) end,
        case when n.attempts is distinct from o.attempts then jsonb_build_array('attempts', o.attempts, n.attempts) end,
        case when n.completed_at is distinct from o.completed_at then jsonb_build_array('completed_at', o.completed_at, n.completed_at) end,
        case when n.complexity_score is distinct from o.complexity_score then jsonb_build_array('complexity_score', o.complexity_score, n.complexity_score) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.created_by_agent_id is distinct from o.created_by_agent_id then jsonb_build_array('created_by_agent_id', o.created_by_agent_id, n.created_by_agent_id) end,
        case when n.created_by_user_id is distinct from o.created_by_user_id then jsonb_build_array('created_by_user_id', o.created_by_user_id, n.created_by_user_id) end,
        case when n.deleted_at is distinct from o.deleted_at then jsonb_build_array('deleted_at', o.deleted_at, n.deleted_at) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when n.details is distinct from o.details then jsonb_build_array('details', o.details, n.details) end,
        case when n.due_date is distinct from o.due_date then jsonb_build_array('due_date', o.due_date, n.due_date) end,
        case when n.epic_id is distinct from o.epic_id then jsonb_build_array('epic_id', o.epic_id, n.epic_id) end,
        case when n.estimated_minutes is distinct from o.estimated_minutes then jsonb_build_array('estimated_minutes', o.estimated_minutes, n.estimated_minutes) end,
        case when n.files_changed is distinct from o.files_changed then jsonb_build_array('files_changed', o.files_changed, n.files_changed) end,
        case when n.finished_token is distinct from o.finished_token then jsonb_build_array('finished_token', o.finished_token, n.finished_token) end,
        case when n.github_issue_number is distinct from o.github_issue_number then jsonb_build_array('github_issue_number', o.github_issue_number, n.github_issue_number) end,
        case when n.github_node_id is distinct from o.github_node_id then jsonb_build_array('github_node_id', o.github_node_id, n.github_node_id) end,
        case when n.github_pr_number is distinct from o.github_pr_number then jsonb_build_array('github_pr_number', o.github_pr_number, n.github_pr_number) end,
        case when n.github_url is distinct from o.github_url then jsonb_build_array('github_url', o.github_url, n.github_url) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.import_file_id is distinct from o.import_file_id then jsonb_build_array('import_file_id', o.import_file_id, n.import_file_id) end,
        case when n.import_ref is distinct from o.import_ref then jsonb_build_array('import_ref', o.import_ref, n.import_ref) end,
        case when n.import_tag is distinct from o.import_tag then jsonb_build_array('import_tag', o.import_tag, n.import_tag) end,
        case when n.issue_id is distinct from o.issue_id then jsonb_build_array('issue_id', o.issue_id, n.issue_id) end,
        case when n.labels is distinct from o.labels and to_jsonb(n.labels) is distinct from to_jsonb(o.labels) then jsonb_build_array('labels', o.labels, n.labels) end,
        case when n.linear_issue_id is distinct from o.linear_issue_id then jsonb_build_array('linear_issue_id', o.linear_issue_id, n.linear_issue_id) end,
        case when n.lines_added is distinct from o.lines_added then jsonb_build_array('lines_added', o.lines_added, n.lines_added) end,
        case when n.lines_deleted is distinct from o.lines_deleted then jsonb_build_array('lines_deleted', o.lines_deleted, n.lines_deleted) end,
        case when n.max_attempts is distinct from o.max_attempts then jsonb_build_array('max_attempts', o.max_attempts, n.max_attempts) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.number is distinct from o.number then jsonb_build_array('number', o.number, n.number) end,
        case when n.order_index is distinct from o.order_index then jsonb_build_array('order_index', o.order_index, n.order_index) end,
        case when n.parent_task_id is distinct from o.parent_task_id then jsonb_build_array('parent_task_id', o.parent_task_id, n.parent_task_id) end,
        case when n.priority is distinct from o.priority then jsonb_build_array('priority', o.priority, n.priority) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.quarantine_reason is distinct from o.quarantine_reason then jsonb_build_array('quarantine_reason', o.quarantine_reason, n.quarantine_reason) end,
        case when n.quarantined_at is distinct from o.quarantined_at then jsonb_build_array('quarantined_at', o.quarantined_at, n.quarantined_at) end,
        case when n.required_capabilities is distinct from o.required_capabilities and to_jsonb(n.required_capabilities) is distinct from to_jsonb(o.required_capabilities) then jsonb_build_array('required_capabilities', o.required_capabilities, n.required_capabilities) end,
        case when coalesce(n.requirements, 'null') is distinct from coalesce(o.requirements, 'null') then jsonb_build_array('requirements', o.requirements, n.requirements) end,
        case when coalesce(n.result, 'null') is distinct from coalesce(o.result, 'null') then jsonb_build_array('result', o.result, n.result) end,
        case when n.started_at is distinct from o.started_at then jsonb_build_array('started_at', o.started_at, n.started_at) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end,
        case when n.status_reason is distinct from o.status_reason then jsonb_build_array('status_reason', o.status_reason, n.status_reason) end,
        case when n.test_strategy is distinct from o.test_strategy then jsonb_build_array('test_strategy', o.test_strategy, n.test_strategy) end,
        case when n.title is distinct from o.title then jsonb_build_array('title', o.title, n.title) end,
        case when n.type is distinct from o.type then jsonb_build_array('type', o.type, n.type) end,
        case when n.workflow_id is distinct from o.workflow_id then jsonb_build_array('workflow_id', o.workflow_id, n.workflow_id) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('task', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_users()

CREATE FUNCTION kit.audit_change_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, null::uuid as project_id, n.username::text as name,
      kit.audit_event('user', 'update', false, false, n.deleted_at is distinct from o.deleted_at and n.deleted_at is not null) as event,
      array[
        case when n.avatar_url is distinct from o.avatar_url then jsonb_build_array('avatar_url', o.avatar_url, n.avatar_url) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.deleted_at is distinct from o.deleted_at then jsonb_build_array('deleted_at', o.deleted_at, n.deleted_at) end,
        case when n.display_name is distinct from o.display_name then jsonb_build_array('display_name', o.display_name, n.display_name) end,
        case when n.email is distinct from o.email then jsonb_build_array('email', o.email, n.email) end,
        case when n.github_user_id is distinct from o.github_user_id then jsonb_build_array('github_user_id', o.github_user_id, n.github_user_id) end,
        case when n.github_username is distinct from o.github_username then jsonb_build_array('github_username', o.github_username, n.github_username) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.is_active is distinct from o.is_active then jsonb_build_array('is_active', o.is_active, n.is_active) end,
        case when n.is_email_verified is distinct from o.is_email_verified then jsonb_build_array('is_email_verified', o.is_email_verified, n.is_email_verified) end,
        case when n.is_service_account is distinct from o.is_service_account then jsonb_build_array('is_service_account', o.is_service_account, n.is_service_account) end,
        case when coalesce(n.metadata, 'null') is distinct from coalesce(o.metadata, 'null') then jsonb_build_array('metadata', o.metadata, n.metadata) end,
        case when n.password_hash is distinct from o.password_hash then jsonb_build_array('password_hash', case when o.password_hash is not null then '***' end, case when n.password_hash is not null then '***' end) end,
        case when coalesce(n.preferences, 'null') is distinct from coalesce(o.preferences, 'null') then jsonb_build_array('preferences', case when o.preferences is not null then '***' end, case when n.preferences is not null then '***' end) end,
        case when n.role is distinct from o.role then jsonb_build_array('role', o.role, n.role) end,
        case when n.username is distinct from o.username then jsonb_build_array('username', o.username, n.username) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{password_hash,preferences}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('user', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_workflows()

CREATE FUNCTION kit.audit_change_workflows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.name::text as name,
      kit.audit_event('workflow', 'update', n.completed_at is distinct from o.completed_at and n.completed_at is not null, false, false) as event,
      array[
        case when n.archived_at is distinct from o.archived_at then jsonb_build_array('archived_at', o.archived_at, n.archived_at) end,
        case when n.completed_at is distinct from o.completed_at then jsonb_build_array('completed_at', o.completed_at, n.completed_at) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.current_phase is distinct from o.current_phase then jsonb_build_array('current_phase', o.current_phase, n.current_phase) end,
        case when n.description is distinct from o.description then jsonb_build_array('description', o.description, n.description) end,
        case when coalesce(n.errors, 'null') is distinct from coalesce(o.errors, 'null') then jsonb_build_array('errors', o.errors, n.errors) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when coalesce(n.metrics, 'null') is distinct from coalesce(o.metrics, 'null') then jsonb_build_array('metrics', o.metrics, n.metrics) end,
        case when n.name is distinct from o.name then jsonb_build_array('name', o.name, n.name) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.requirements is distinct from o.requirements then jsonb_build_array('requirements', o.requirements, n.requirements) end,
        case when n.started_at is distinct from o.started_at then jsonb_build_array('started_at', o.started_at, n.started_at) end,
        case when n.status is distinct from o.status then jsonb_build_array('status', o.status, n.status) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('workflow', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_change_workspaces()

CREATE FUNCTION kit.audit_change_workspaces() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, n.project_id as project_id, n.workspace_path::text as name,
      kit.audit_event('workspace', 'update', false, false, false) as event,
      array[
        case when n.branch is distinct from o.branch then jsonb_build_array('branch', o.branch, n.branch) end,
        case when n.commit is distinct from o.commit then jsonb_build_array('commit', o.commit, n.commit) end,
        case when n.created_at is distinct from o.created_at then jsonb_build_array('created_at', o.created_at, n.created_at) end,
        case when n.id is distinct from o.id then jsonb_build_array('id', o.id, n.id) end,
        case when n.machine_id is distinct from o.machine_id then jsonb_build_array('machine_id', o.machine_id, n.machine_id) end,
        case when n.project_id is distinct from o.project_id then jsonb_build_array('project_id', o.project_id, n.project_id) end,
        case when n.workspace_id is distinct from o.workspace_id then jsonb_build_array('workspace_id', o.workspace_id, n.workspace_id) end,
        case when n.workspace_path is distinct from o.workspace_path then jsonb_build_array('workspace_path', o.workspace_path, n.workspace_path) end,
        case when n.workspace_type is distinct from o.workspace_type then jsonb_build_array('workspace_type', o.workspace_type, n.workspace_type) end
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, '{}') as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write('workspace', 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$;

-- function audit_columns(regclass, text[], text[])

CREATE FUNCTION kit.audit_columns(p_table regclass, p_hidden text[], p_quiet text[], OUT changes text, OUT closed text, OUT assigned text, OUT deleted text) RETURNS record
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
  select
    string_agg(format(
      e'\n        case when %s then jsonb_build_array(%L, %s, %s) end', c.differs, c.name,
      format(c.image, 'o', c.name), format(c.image, 'n', c.name)
    ), ',' order by c.name),
    coalesce(min(format('%s and n.completed_at is not null', c.differs)) filter (where c.name = 'completed_at'), 'false'),
    coalesce(string_agg(c.differs, ' or ') filter (where c.name in ('assigned_agent_id', 'assigned_user_id')), 'false'),
    coalesce(min(format('%s and n.deleted_at is not null', c.differs)) filter (where c.name = 'deleted_at'), 'false')
  from (
    select
      a.attname::text as name,
      kit.audit_differs(a.attname, a.atttypid) as differs,
      case when a.attname = any (p_hidden) then $$case when %1$s.%2$I is not null then '***' end$$ else '%1$s.%2$I' end as image
    from pg_attribute as a
    where a.attrelid = p_table
      and a.attnum > 0
      and not a.attisdropped
      and a.attname <> all (p_quiet)
  ) as c
$_$;

-- function audit_differs(name, regtype)

CREATE FUNCTION kit.audit_differs(p_column name, p_type regtype) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
  select case
    when p_type = 'jsonb'::regtype then format('coalesce(n.%1$I, %2$L) is distinct from coalesce(o.%1$I, %2$L)', p_column, 'null')
    when t.is_plain then format('n.%1$I is distinct from o.%1$I', p_column)
    when t.is_list then
      format('n.%1$I is distinct from o.%1$I and to_jsonb(n.%1$I) is distinct from to_jsonb(o.%1$I)', p_column)
    else format('to_jsonb(n.%1$I) is distinct from to_jsonb(o.%1$I)', p_column)
  end
  from (
    select p_type = any (k.plain) as is_plain, (select e.typelem from pg_type as e where e.oid = p_type) = any (k.plain) as is_list
    from (
      select '{boolean,smallint,integer,bigint,numeric,text,varchar,uuid,date,timestamptz}'::regtype[] as plain
    ) as k
  ) as t
$_$;

-- function audit_event(text, text, boolean, boolean, boolean)

CREATE FUNCTION kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN ((p_type = 'task'::text) AND p_closed) THEN 'task_closed'::text
             WHEN ((p_type = 'task'::text) AND p_assigned) THEN 'task_assigned'::text
             WHEN ((p_type = ANY (ARRAY['task'::text, 'user'::text, 'project'::text])) AND p_deleted) THEN (p_type || '_deleted'::text)
             WHEN (p_type = ANY (ARRAY['task'::text, 'user'::text, 'project'::text])) THEN (((p_type || '_'::text) || p_action) || 'd'::text)
             WHEN ((p_type = 'permission'::text) AND (p_action = 'create'::text)) THEN 'permission_granted'::text
             WHEN ((p_type = 'permission'::text) AND (p_action = 'delete'::text)) THEN 'permission_revoked'::text
             WHEN (p_action = 'create'::text) THEN 'data_created'::text
             WHEN (p_action = 'delete'::text) THEN 'data_deleted'::text
             ELSE 'data_modified'::text
         END AS "case";
END;

-- function audit_hide(jsonb, text[])

CREATE FUNCTION kit.audit_hide(p_image jsonb, p_hidden text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select case
    when p_hidden = '{}' then p_image
    else (
      select jsonb_object_agg(
        i.key,
        case when i.key = any (p_hidden) and i.value <> 'null' then '"***"' else i.value end
      )
      from jsonb_each(p_image) as i
    )
  end
$$;

-- function audit_images(jsonb[], text[])

CREATE FUNCTION kit.audit_images(p_changes jsonb[], p_hidden text[]) RETURNS TABLE(old jsonb, new jsonb, summary text)
    LANGUAGE sql IMMUTABLE ROWS 1 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT jsonb_object_agg(c.name, c.old) AS jsonb_object_agg,
     jsonb_object_agg(c.name, c.new) AS jsonb_object_agg,
     string_agg(
         CASE
             WHEN ((c.name = ANY (audit_images.p_hidden)) OR (jsonb_typeof(c.new) = ANY (ARRAY['object'::text, 'array'::text])) OR (length((c.new #>> '{}'::text[])) > 60)) THEN c.name
             ELSE ((((c.name || ': '::text) || COALESCE("left"((c.old #>> '{}'::text[]), 60), '-'::text)) || ' → '::text) || COALESCE((c.new #>> '{}'::text[]), '-'::text))
         END, ', '::text) AS string_agg
    FROM ( SELECT (u.change ->> 0) AS name,
             (u.change -> 1) AS old,
             (u.change -> 2) AS new
            FROM unnest(array_remove(audit_images.p_changes, NULL::jsonb)) u(change)
          OFFSET 0) c;
END;

-- function audit_refuse()

CREATE FUNCTION kit.audit_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  raise exception 'the audit log cannot be changed: % on %', lower(tg_op), tg_table_name
    using errcode = 'ST403', hint = 'rows are added only; a correction is a new row';
end
$$;

-- procedure audit_table(text, text, text, text, text[], text[])

CREATE PROCEDURE kit.audit_table(IN p_table text, IN p_type text, IN p_name_column text, IN p_project_column text, IN p_hidden text[] DEFAULT '{}'::text[], IN p_quiet text[] DEFAULT '{}'::text[])
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  arguments text := format('%L, %L, %L, %L', p_type, p_name_column, p_project_column, p_hidden);
begin
  execute format(
    'create trigger audit_insert after insert on %s referencing new table as new_rows
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
  call kit.audit_write_change(
    p_table::regclass, p_type, p_name_column, p_project_column, p_hidden, p_quiet || array['updated_at', 'version']
  );
  execute format(
    'create trigger audit_delete after delete on %s referencing old table as old_rows
     for each statement execute function kit.audit_capture(%s)', p_table, arguments);
end
$$;

-- function audit_write(text, text, text[], uuid[], text[], text[], text[], text[])

CREATE FUNCTION kit.audit_write(p_type text, p_action text, p_ids text[], p_projects uuid[], p_names text[], p_payloads text[], p_events text[], p_summaries text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  acting constant uuid := kit.actor_user();
  known_as constant text := coalesce(kit.setting('user_name'), case when kit.setting('user_id') is null then session_user::text end);
  agent constant text := kit.setting('agent');
  surface constant text := coalesce(kit.setting('surface'), 'sql');
  operation constant text := kit.setting('operation');
  address constant inet := kit.setting('ip')::inet;
  request constant text := kit.setting('request');
  session constant text := kit.setting('session');
  general constant text := kit.audit_event(p_type, p_action, false, false, false);
  -- Random numbers cost much where the server has to open a file for each: a statement draws once, for ids that differ in
  -- their last part, and a seed that is kept nowhere, from which nobody can tell one salt who knows the others.
  first_id constant bytea := uuid_send(kit.new_id());
  seed constant bytea := uuid_send(gen_random_uuid());
begin
  with images as (
    select
      i.id, i.place, i.row_id, i.project_id, i.name, i.payload, i.event, i.summary,
      substring(sha256(seed || int8send(i.id)) for 16) as salt
    from (
      select
        nextval('audit.audit_logs_id_seq') as id, u.place, u.row_id, u.project_id, u.name, u.payload, u.event, u.summary
      from unnest(p_ids, p_projects, p_names, p_payloads, p_events, p_summaries)
        with ordinality as u (row_id, project_id, name, payload, event, summary, place)
      offset 0
    ) as i
  ),
  logged as (
    insert into audit.audit_logs (
      id, log_id, project_id, user_id, user_name, agent_name, service_name, operation, event_type, event_action,
      resource_type, resource_id, resource_name, changes_summary, ip_address, request_id, session_id, payload_hash
    )
    select
      i.id, encode(overlay(first_id placing int4send(i.place::integer) from 13), 'hex')::uuid, i.project_id, acting, known_as,
      agent, surface, operation, coalesce(i.event, general), p_action, p_type, i.row_id, left(i.name, 500),
      left(i.summary, 500), address, request, session,
      sha256(i.salt || convert_to(i.payload, 'UTF8'))
    from images as i
  )
  insert into audit.audit_payloads (id, salt, payload, created_at)
  select i.id, i.salt, i.payload, now()
  from images as i;
end
$$;

-- procedure audit_write_change(regclass, text, text, text, text[], text[])

CREATE PROCEDURE kit.audit_write_change(IN p_table regclass, IN p_type text, IN p_name_column text, IN p_project_column text, IN p_hidden text[], IN p_quiet text[])
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
declare
  named constant text := format('kit.audit_change_%s', (select c.relname from pg_class as c where c.oid = p_table));
begin
  execute (
    select format(
      $sql$
create function %s() returns trigger
language plpgsql
security definer
set search_path = kit, pg_temp
as $$
declare
  done record;
begin
  select
    array_agg(r.id) as ids, array_agg(r.project_id) as projects, array_agg(r.name) as names,
    array_agg(jsonb_build_object('old', d.old, 'new', d.new)::text) as payloads, array_agg(r.event) as events,
    array_agg(d.summary) as summaries
  into done
  from (
    -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
    select
      n.id::text as id, %s as project_id, %s as name,
      kit.audit_event(%L, 'update', %s, %s, %s) as event,
      array[%s
      ] as changes
    from new_rows as n
    full join old_rows as o on o.id = n.id
    offset 0
  ) as r
  cross join lateral kit.audit_images(r.changes, %L) as d
  where r.id is not null
    and d.new is not null;
  if done.ids is not null then
    perform kit.audit_write(%L, 'update', done.ids, done.projects, done.names, done.payloads, done.events, done.summaries);
  end if;
  return null;
end
$$
      $sql$,
      named, case p_project_column when '' then 'null::uuid' else format('n.%I', p_project_column) end,
      case p_name_column when '' then 'null::text' else format('n.%I::text', p_name_column) end,
      p_type, c.closed, c.assigned, c.deleted, c.changes, p_hidden, p_type
    )
    from kit.audit_columns(p_table, p_hidden, p_quiet) as c
  );
  execute format('revoke execute on function %s() from steward_app, steward_agent, steward_readonly', named);
  execute format(
    'create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows
     for each statement execute function %s()', p_table, named);
end
$_$;

-- function audited_table(text)

CREATE FUNCTION kit.audited_table(p_type text) RETURNS regclass
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select t.tgrelid::regclass
  from pg_catalog.pg_trigger as t
  where t.tgname = 'audit_insert'
    and split_part(encode(t.tgargs, 'escape'), '\000', 1) = p_type
$$;

-- function authorize(text)

CREATE FUNCTION kit.authorize(p_permission text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  acting text := kit.actor_role();
begin
  -- What `kit.may` asks, as a statement whose plan is kept.
  if not exists (
    select
    from kit.permissions
    where role = acting
      and permission in ('*', p_permission, '*:' || split_part(p_permission, ':', 2), split_part(p_permission, ':', 1) || ':*')
  ) then
    raise exception 'role % may not %', acting, p_permission
      using errcode = 'ST403', hint = 'ask an administrator for a role that holds ' || p_permission;
  end if;
end
$$;

-- function check_unchanged(text, jsonb, jsonb)

CREATE FUNCTION kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  changed text;
begin
  select string_agg(e.key, ', ' order by e.key) into changed
  from jsonb_each(p_expected) as e
  where e.key not in ('updated_at', 'version')
    and e.value <> '"***"'
    and e.value is distinct from p_found -> e.key;
  if changed is not null then
    raise exception 'the % has changed since: %', p_type, changed
      using errcode = 'ST409', hint = 'undo what came later first, or set the values by hand';
  end if;
end
$$;

-- function claim_request(text, text, text, text)

CREATE FUNCTION kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  found_row kit.request_keys;
begin
  insert into kit.request_keys (who, key, operation, params_hash)
  values (p_who, p_key, p_operation, p_hash)
  on conflict (who, key) do nothing;
  if found then
    return null;
  end if;
  select who, key, operation, params_hash, result, created_at
  into strict found_row
  from kit.request_keys
  where who = p_who
    and key = p_key;
  if found_row.params_hash <> p_hash then
    raise exception 'request key % was already used for %', p_key, found_row.operation
      using errcode = 'ST409', hint = 'use a new request key for a new request';
  end if;
  return found_row.result;
end
$$;

-- function drop_lease(text, bigint)

CREATE FUNCTION kit.drop_lease(p_name text, p_token bigint) RETURNS boolean
    LANGUAGE sql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  with gone as (
    delete from kit.leases
    where name = p_name
      and token = p_token
    returning name
  )
  select exists (select from gone)
$$;

-- function ensure_partitions(text, integer)

CREATE FUNCTION kit.ensure_partitions(p_parent text, p_months integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  first_day date := date_trunc('month', now() at time zone 'utc')::date;
  child text;
  made integer := 0;
begin
  if not exists (select from pg_partitioned_table where partrelid = to_regclass(p_parent)) then
    raise exception '% is no partitioned table', p_parent using errcode = 'ST404';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('kit.ensure_partitions', 0));
  for i in 0..least(p_months, 120) loop
    child := p_parent || to_char(first_day + make_interval(months => i), '_YYYYMM');
    continue when to_regclass(child) is not null;
    begin
      execute format(
        'create table %s partition of %s for values from (%L) to (%L)',
        child,
        p_parent,
        to_char(first_day + make_interval(months => i), 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(first_day + make_interval(months => i + 1), 'YYYY-MM-DD') || ' 00:00:00+00'
      );
    exception when check_violation then
      continue;
    end;
    perform kit.guard_partition(p_parent::regclass, child::regclass);
    insert into kit.registered_objects (name, kind, parent)
    values (child, 'partition', p_parent)
    on conflict (name) do nothing;
    made := made + 1;
  end loop;
  return made;
end
$$;

-- function enter(text, text, uuid, text, text, text, text, text, text, integer, boolean, text)

CREATE FUNCTION kit.enter(p_operation text, p_permission text, p_user_id uuid, p_role text, p_agent text, p_session text, p_request text, p_surface text, p_ip text, p_statement_timeout_ms integer, p_read_only boolean, p_user_name text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  perform
    set_config('steward.operation', coalesce(p_operation, ''), true),
    set_config('steward.user_id', coalesce(p_user_id::text, ''), true),
    set_config('steward.user_name', coalesce(p_user_name, ''), true),
    set_config('steward.role', coalesce(p_role, ''), true),
    set_config('steward.agent', coalesce(p_agent, ''), true),
    set_config('steward.session', coalesce(p_session, ''), true),
    set_config('steward.request', coalesce(p_request, ''), true),
    set_config('steward.surface', coalesce(p_surface, ''), true),
    set_config('steward.ip', coalesce(p_ip, ''), true),
    set_config('statement_timeout', p_statement_timeout_ms::text, true);
  if p_permission is not null then
    perform kit.authorize(p_permission);
  end if;
  if p_read_only then
    perform set_config('transaction_read_only', 'on', true);
  end if;
end
$$;

-- function guard_partition(regclass, regclass)

CREATE FUNCTION kit.guard_partition(p_parent regclass, p_child regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $$
declare
  guard record;
begin
  for guard in
    select t.tgname, t.tgfoid::regproc as called
    from pg_trigger as t
    where t.tgrelid = p_parent
      and t.tgtype & 32 = 32
      and not exists (select from pg_trigger as c where c.tgrelid = p_child and c.tgname = t.tgname)
  loop
    execute format('create trigger %I before truncate on %s for each statement execute function %s()',
      guard.tgname, p_child, guard.called);
    insert into kit.code_objects (position, drop_statement)
    select coalesce(max(position), 0) + 1, format('drop trigger %I on %s', guard.tgname, p_child)
    from kit.code_objects
    having exists (select from kit.settings where key = 'code_checksum');
  end loop;
end
$$;

-- function hold_lease(text, bigint)

CREATE FUNCTION kit.hold_lease(p_name text, p_token bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  perform
  from kit.leases
  where name = p_name
    and token = p_token
  for share;
  if not found then
    raise exception 'the lease % is no longer held with token %', p_name, p_token
      using errcode = 'ST410', hint = 'somebody else has taken it; nothing was changed';
  end if;
end
$$;

-- function may(text, text)

CREATE FUNCTION kit.may(p_role text, p_permission text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select exists (
    select
    from kit.permissions
    where role = p_role
      and permission in ('*', p_permission, '*:' || split_part(p_permission, ':', 2), split_part(p_permission, ':', 1) || ':*')
  )
$$;

-- function new_id()

CREATE FUNCTION kit.new_id() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    BEGIN ATOMIC
 SELECT uuidv7() AS uuidv7;
END;

-- comment FUNCTION new_id()

COMMENT ON FUNCTION kit.new_id() IS 'Make a time-ordered uuid (version 7).';

-- function restore_row(text, uuid, text, jsonb, jsonb)

CREATE FUNCTION kit.restore_row(p_type text, p_id uuid, p_action text, p_old jsonb, p_new jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
declare
  target constant regclass := kit.audited_table(p_type);
  columns constant text[] := kit.writable_columns(target, array(select jsonb_object_keys(p_old)));
  found_row jsonb;
begin
  if '"***"'::jsonb in (select o.value from jsonb_each(p_old) as o) then
    raise exception 'a secret of the % was changed, and its old value is not kept', p_type
      using errcode = 'ST409', hint = 'set a new one';
  end if;
  execute format('select to_jsonb(t) from %s as t where t.id = $1 for update', target) into found_row using p_id;
  if (found_row is null) <> (p_action = 'delete') then
    raise exception 'the % is %', p_type, case when found_row is null then 'gone' else 'there again' end
      using errcode = 'ST409', hint = 'there is nothing left to undo';
  end if;
  perform kit.check_unchanged(p_type, p_new, found_row);
  if p_action = 'delete' then
    execute format(
      'insert into %s (%s) select %s from jsonb_populate_record(null::%s, $1) as r',
      target,
      (select string_agg(quote_ident(c), ', ') from unnest(columns) as c),
      (select string_agg('r.' || quote_ident(c), ', ') from unnest(columns) as c),
      target
    ) using p_old;
  elsif p_action = 'create' then
    perform kit.take_away(target, p_id);
  elsif columns <> '{}' then
    execute format(
      'update %s as t set %s from jsonb_populate_record(null::%s, $1) as r where t.id = $2',
      target,
      (select string_agg(format('%I = r.%I', c, c), ', ') from unnest(columns) as c),
      target
    ) using p_old, p_id;
  end if;
end
$_$;

-- function take_away(regclass, uuid)

CREATE FUNCTION kit.take_away(p_table regclass, p_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
begin
  if p_table::text in ('agents.agents', 'accounts.users') then
    -- History names them.
    execute format('update %s set is_active = false where id = $1', p_table) using p_id;
  elsif p_table::text = 'projects.projects' then
    execute format('update %s set status = ''deleted'', deleted_at = now() where id = $1', p_table) using p_id;
  elsif kit.writable_columns(p_table, array['deleted_at']) <> '{}' then
    execute format('update %s set deleted_at = now() where id = $1', p_table) using p_id;
  elsif kit.writable_columns(p_table, array['archived_at']) <> '{}' then
    execute format('update %s set archived_at = now() where id = $1', p_table) using p_id;
  else
    execute format('delete from %s where id = $1', p_table) using p_id;
  end if;
end
$_$;

-- function take_lease(text, text, integer)

CREATE FUNCTION kit.take_lease(p_name text, p_holder text, p_seconds integer) RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  insert into kit.leases as l (name, holder, token, lease_until)
  values (p_name, p_holder, nextval('kit.lease_tokens'), clock_timestamp() + make_interval(secs => p_seconds))
  on conflict (name) do update
  set
    holder = excluded.holder,
    token = case when l.holder = excluded.holder and l.lease_until > clock_timestamp() then l.token else excluded.token end,
    lease_until = excluded.lease_until
  where l.holder = excluded.holder
    or l.lease_until <= clock_timestamp()
  returning l.token
$$;

-- function touch_versioned()

CREATE FUNCTION kit.touch_versioned() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  -- A write that changes nothing must not refuse those who saw the version before it.
  if new *= old then
    return new;
  end if;
  new.updated_at := now();
  new.version := old.version + 1;
  return new;
end
$$;

-- function update_updated_at_column()

CREATE FUNCTION kit.update_updated_at_column() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- function writable_columns(regclass, text[])

CREATE FUNCTION kit.writable_columns(p_table regclass, p_names text[]) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_catalog.pg_attribute as a
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attname = any (p_names)
$$;

-- function clean_remote()

CREATE FUNCTION projects.clean_remote() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
begin
  new.url := projects.clean_url(new.url);
  return new;
end
$$;

-- function clean_url(text)

CREATE FUNCTION projects.clean_url(p_url text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
  select case
    when p_url ~* '^https?://' then regexp_replace(btrim(p_url), '^([A-Za-z]+://)[^/]*@', '\1')
    else regexp_replace(btrim(p_url), '^([A-Za-z][A-Za-z0-9+.-]*://[^/@:]*):[^/]*@', '\1@')
  end
$$;

-- function complete_project()

CREATE FUNCTION projects.complete_project() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function create_project(text, text, text, text, text, text, text, text[], jsonb, jsonb, text, boolean, uuid)

CREATE FUNCTION projects.create_project(p_name text, p_slug text DEFAULT NULL::text, p_key text DEFAULT NULL::text, p_description text DEFAULT NULL::text, p_path text DEFAULT NULL::text, p_repository_url text DEFAULT NULL::text, p_default_branch text DEFAULT NULL::text, p_technology_stack text[] DEFAULT NULL::text[], p_settings jsonb DEFAULT NULL::jsonb, p_metadata jsonb DEFAULT NULL::jsonb, p_status text DEFAULT NULL::text, p_is_public boolean DEFAULT NULL::boolean, p_owner_id uuid DEFAULT NULL::uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function ensure_project(text, text, text, text, jsonb)

CREATE FUNCTION projects.ensure_project(p_slug text, p_name text, p_path text DEFAULT NULL::text, p_repository_url text DEFAULT NULL::text, p_settings jsonb DEFAULT NULL::jsonb) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function fill_repository()

CREATE FUNCTION projects.fill_repository() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $_$
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
$_$;

-- function find_by_path(text)

CREATE FUNCTION projects.find_by_path(p_path text) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function find_projects(text, boolean)

CREATE FUNCTION projects.find_projects(p_ref text, p_deleted boolean DEFAULT false) RETURNS TABLE(id uuid, kind integer)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $_$
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
$_$;

-- function folders_above(text)

CREATE FUNCTION projects.folders_above(p_path text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
  select array_agg(array_to_string(parts[1:n], '/') order by n desc)
  from (select string_to_array(rtrim(replace(p_path, '\', '/'), '/'), '/') as parts) as p,
    generate_series(case when p_path ~ '^/' then 2 else 1 end, cardinality(parts)) as n
$$;

-- function free_key(text)

CREATE FUNCTION projects.free_key(p_key text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function free_slug(text)

CREATE FUNCTION projects.free_slug(p_slug text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function guard_project()

CREATE FUNCTION projects.guard_project() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function key_of(text)

CREATE FUNCTION projects.key_of(p_slug text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function normalise_remote(text)

CREATE FUNCTION projects.normalise_remote(p_url text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH parts AS (
          SELECT
                 CASE
                     WHEN (btrim(normalise_remote.p_url) ~* '^[a-z][a-z0-9+.-]*://'::text) THEN regexp_replace(btrim(normalise_remote.p_url), '^[A-Za-z][A-Za-z0-9+.-]*://'::text, ''::text)
                     WHEN (btrim(normalise_remote.p_url) ~ '^([^@/:\s\\]+@)?(\[[0-9A-Fa-f:.]+\]|[^@/:\s\\]{2,}):[^\\]'::text) THEN regexp_replace(btrim(normalise_remote.p_url), '^([^@/:]+@)?(\[[^\]]+\]|[^@/:]+):/*'::text, '\2/'::text)
                     WHEN (btrim(normalise_remote.p_url) ~ '^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/[^/\s]+/[^\s]+$'::text) THEN btrim(normalise_remote.p_url)
                     ELSE NULL::text
                 END AS rest,
             (btrim(normalise_remote.p_url) ~* '^file:'::text) AS is_file
         ), cleaned AS (
          SELECT lower(regexp_replace(split_part(parts.rest, '/'::text, 1), '^.*@|:[0-9]*$'::text, ''::text, 'g'::text)) AS host,
             lower(regexp_replace(regexp_replace("substring"(parts.rest, '/(.*)$'::text), '[?#].*$'::text, ''::text), '^/+|(\.git)?/*$'::text, ''::text, 'g'::text)) AS path
            FROM parts
           WHERE (NOT parts.is_file)
         ), known AS (
          SELECT
                 CASE cleaned.host
                     WHEN 'ssh.github.com'::text THEN 'github.com'::text
                     WHEN 'altssh.gitlab.com'::text THEN 'gitlab.com'::text
                     WHEN 'altssh.bitbucket.org'::text THEN 'bitbucket.org'::text
                     WHEN 'ssh.dev.azure.com'::text THEN 'dev.azure.com'::text
                     ELSE regexp_replace(cleaned.host, '^www\.|\.$'::text, ''::text, 'g'::text)
                 END AS host,
                 CASE
                     WHEN (cleaned.host = 'ssh.dev.azure.com'::text) THEN regexp_replace(cleaned.path, '^v3/([^/]+/[^/]+)/'::text, '\1/_git/'::text)
                     ELSE regexp_replace(regexp_replace(cleaned.path, '^scm/(?=[^/]+/[^/]+$)'::text, ''::text), '/{2,}'::text, '/'::text, 'g'::text)
                 END AS path
            FROM cleaned
         )
  SELECT ((known.host || '/'::text) || known.path)
    FROM known
   WHERE ((known.host <> ''::text) AND (known.path <> ''::text));
END;

-- comment FUNCTION normalise_remote(p_url text)

COMMENT ON FUNCTION projects.normalise_remote(p_url text) IS 'Give a git remote its one name, such as github.com/acme/app.';

-- function provider_of(text)

CREATE FUNCTION projects.provider_of(p_remote text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
  select case
    when host like 'github.%' or host like '%.github.%' then 'github'
    when host like 'gitlab.%' or host like '%.gitlab.%' then 'gitlab'
    when host like 'bitbucket.%' or host like '%.bitbucket.%' then 'bitbucket'
    else 'other'
  end
  from (select split_part(p_remote, '/', 1) as host) as h
$$;

-- function refuse_taken(text, text)

CREATE FUNCTION projects.refuse_taken(p_slug text, p_key text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function release_remotes()

CREATE FUNCTION projects.release_remotes() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
begin
  update projects.project_remotes
  set is_live = new.deleted_at is null
  where project_id = new.id;
  return null;
end
$$;

-- function slug_of(text)

CREATE FUNCTION projects.slug_of(p_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function system_project()

CREATE FUNCTION projects.system_project() RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
  select '00000000-0000-7000-8000-000000000001'::uuid
$$;

-- function take_numbers(uuid, integer)

CREATE FUNCTION projects.take_numbers(p_project_id uuid, p_count integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'projects', 'kit', 'pg_temp'
    AS $$
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

-- function absorb(jsonb, jsonb, jsonb, jsonb, jsonb, jsonb)

CREATE FUNCTION telemetry.absorb(p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb, OUT messages integer, OUT tools integer, OUT responses integer) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  if p_sessions is not null then
    perform telemetry.note_sessions(p_sessions);
  end if;
  messages := case when p_messages is null then 0 else telemetry.absorb_messages(p_messages) end;
  tools := case when p_tools is null then 0 else telemetry.absorb_tools(p_tools) end;
  if p_commits is not null then
    perform telemetry.absorb_commits(p_commits);
  end if;
  responses := case when p_usage is null then 0 else telemetry.absorb_usage(p_usage) end;
  if p_ties is not null then
    perform telemetry.absorb_ties(p_ties);
  end if;
end
$$;

-- function absorb_commits(jsonb)

CREATE FUNCTION telemetry.absorb_commits(p_commits jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  insert into telemetry.session_commits as c (session_id, sha, committed_at, subject, branch, source)
  select t.session_id, lower(t.sha), t.committed_at, left(t.subject, 500), t.branch, t.source
  from jsonb_to_recordset(p_commits) as t (
    session_id uuid, sha text, committed_at timestamptz, subject text, branch text, source text
  )
  order by t.session_id, lower(t.sha)
  on conflict (session_id, sha) do update
  set
    committed_at = least(c.committed_at, excluded.committed_at),
    subject = coalesce(c.subject, excluded.subject),
    branch = coalesce(c.branch, excluded.branch);
end
$$;

-- function absorb_messages(jsonb)

CREATE FUNCTION telemetry.absorb_messages(p_messages jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made integer;
begin
  perform kit.authorize('telemetry:write');
  with told as (
    select
      m.id, m.session_id, m.role, m.kind, m.content, m."timestamp", m.sequence, m.source, m.subagent, m.model,
      m.metadata, md5(m.content)::uuid as digest
    from jsonb_to_recordset(p_messages) as m (
      id uuid, session_id uuid, role text, kind text, content text, "timestamp" timestamptz, sequence bigint,
      source text, subagent text, model text, metadata jsonb
    )
  ),
  replaced as (
    delete from telemetry.chat_messages as c
    using told as t
    where c.session_id = t.session_id
      and c.content_digest = t.digest
      and c.role = t.role
      and telemetry.source_rank(c.source) > telemetry.source_rank(t.source)
      and c."timestamp" between t."timestamp" - interval '10 minutes' and t."timestamp" + interval '10 minutes'
  )
  insert into telemetry.chat_messages (
    id, session_id, role, kind, content, "timestamp", sequence, source, subagent, model, metadata
  )
  select
    t.id, t.session_id, t.role, coalesce(t.kind, 'text'), t.content, t."timestamp", coalesce(t.sequence, 0), t.source,
    t.subagent, t.model, coalesce(t.metadata, '{}')
  from told as t
  where not exists (
    select
    from telemetry.chat_messages as c
    where c.session_id = t.session_id
      and c.content_digest = t.digest
      and c.role = t.role
      and telemetry.source_rank(c.source) < telemetry.source_rank(t.source)
      and c."timestamp" between t."timestamp" - interval '10 minutes' and t."timestamp" + interval '10 minutes'
  )
  order by t.id
  on conflict (id) do nothing;
  get diagnostics made = row_count;
  return made;
end
$$;

-- function absorb_ties(jsonb)

CREATE FUNCTION telemetry.absorb_ties(p_ties jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'work', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  -- Responses are taken in under the weaker lock on their session: each is either shared out below or sees the tie.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id in (select t.session_id from jsonb_to_recordset(p_ties) as t (session_id uuid))
  order by s.id
  for update;
  perform telemetry.attribute_within(
    array_agg(r.session_id), array_agg(r.from_at), array_agg(r.until_at)
  )
  from (
    select p.session_id, min(p.from_at) as from_at, max(p.until_at) as until_at
    from telemetry.put_ties(p_ties) as p
    group by p.session_id
  ) as r;
end
$$;

-- function absorb_tools(jsonb)

CREATE FUNCTION telemetry.absorb_tools(p_calls jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  told integer;
begin
  perform kit.authorize('telemetry:write');
  insert into telemetry.tool_calls as c (
    session_id, call_id, name, kind, input, input_bytes, output, output_bytes, success, error, decision, duration_ms,
    waited_ms, started_at, ended_at, subagent, file_path, lines_added, lines_removed, sources
  )
  select
    t.session_id, t.call_id, coalesce(t.name, ''), coalesce(t.kind, 'other'), t.input, t.input_bytes, t.output, t.output_bytes,
    t.success, t.error, t.decision, t.duration_ms, t.waited_ms, t.started_at, t.ended_at, t.subagent, t.file_path,
    t.lines_added, t.lines_removed, array[t.source]
  from jsonb_to_recordset(p_calls) as t (
    session_id uuid, call_id text, name text, kind text, input text, input_bytes bigint, output text,
    output_bytes bigint, success boolean, error text, decision text, duration_ms bigint, waited_ms bigint,
    started_at timestamptz, ended_at timestamptz, subagent text, file_path text, lines_added integer,
    lines_removed integer, source text
  )
  order by t.session_id, t.call_id
  on conflict (session_id, call_id) do update
  set
    name = case when c.name = '' then excluded.name else c.name end,
    -- Whoever knows what a command did knows more; whoever says nothing takes nothing away.
    kind = case
      when c.kind = 'other' or (c.kind = 'command' and excluded.kind <> 'other') then excluded.kind
      else c.kind
    end,
    input = coalesce(c.input, excluded.input),
    input_bytes = coalesce(c.input_bytes, excluded.input_bytes),
    output = coalesce(c.output, excluded.output),
    output_bytes = coalesce(c.output_bytes, excluded.output_bytes),
    success = coalesce(c.success, excluded.success),
    error = coalesce(c.error, excluded.error),
    decision = coalesce(c.decision, excluded.decision),
    duration_ms = coalesce(c.duration_ms, excluded.duration_ms),
    waited_ms = coalesce(c.waited_ms, excluded.waited_ms),
    started_at = least(c.started_at, excluded.started_at),
    ended_at = greatest(c.ended_at, excluded.ended_at),
    subagent = coalesce(c.subagent, excluded.subagent),
    file_path = coalesce(c.file_path, excluded.file_path),
    lines_added = coalesce(c.lines_added, excluded.lines_added),
    lines_removed = coalesce(c.lines_removed, excluded.lines_removed),
    sources = array(select distinct e from unnest(c.sources || excluded.sources) as e order by e);
  get diagnostics told = row_count;
  return told;
end
$$;

-- function absorb_usage(jsonb)

CREATE FUNCTION telemetry.absorb_usage(p_sightings jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  named jsonb;
  fresh uuid[];
  seen uuid[];
begin
  perform kit.authorize('telemetry:write');
  named := telemetry.name_by_order(p_sightings);
  select array_agg(kit.new_id() order by g.n) into fresh from generate_series(1, jsonb_array_length(named)) as g (n);
  if fresh is null then
    return 0;
  end if;
  insert into telemetry.usage_keys (key, usage_id)
  select distinct on (k.key) k.key, fresh[u.pos]
  from telemetry.names_told(named) as u
  cross join lateral unnest(u.keys) as k (key)
  order by k.key, u.pos
  on conflict do nothing;
  perform telemetry.hold_names(named, fresh);
  seen := telemetry.join_names(named) || telemetry.keep_sightings(named); -- what was joined is settled too
  return telemetry.settle_usage(array(select distinct s.id from unnest(seen) as s (id)));
end
$$;

-- function acting_session()

CREATE FUNCTION telemetry.acting_session() RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $_$
  select case
    when kit.setting('session') ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then kit.setting('session')::uuid
  end
$_$;

-- function add_budget(jsonb)

CREATE FUNCTION telemetry.add_budget(p_budget jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made uuid;
begin
  perform telemetry.refuse_agents();
  insert into telemetry.budgets (
    name, scope, project_id, epic_id, task_id, agent_id, period, limit_usd, limit_tokens, warn_percent, created_by_user_id
  )
  select
    t.name, t.scope, t.project_id, t.epic_id, t.task_id, t.agent_id, t.period, t.limit_usd, t.limit_tokens,
    t.warn_percent, kit.actor_user()
  from jsonb_to_record(p_budget) as t (
    name text, scope text, project_id uuid, epic_id uuid, task_id uuid, agent_id uuid, period text, limit_usd numeric,
    limit_tokens bigint, warn_percent smallint
  )
  on conflict (scope, project_id, epic_id, task_id, agent_id, period) where is_active do nothing
  returning id into made;
  if made is null then
    raise exception 'there is a budget for this and each % already', p_budget ->> 'period'
      using errcode = 'ST409', hint = 'change that one with `steward telemetry update-budget`; `list-budgets` shows it';
  end if;
  return made;
end
$$;

-- function agent_costs()

CREATE FUNCTION telemetry.agent_costs() RETURNS TABLE(agent_id uuid, cost_usd numeric)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select e.agent_id, u.cost_usd / e.finished
  from (
    select x.agent_id, count(*) as finished
    from telemetry.agent_executions as x
    where x.started_at >= now() - interval '90 days'
      and x.status = 'success'
    group by x.agent_id
  ) as e
  join (
    select d.registered_agent_id, sum(d.cost_usd) as cost_usd
    from telemetry.daily_usage as d
    where d.registered_agent_id is not null
      and d.day >= current_date - 90
    group by d.registered_agent_id
  ) as u on u.registered_agent_id = e.agent_id
  where u.cost_usd > 0
$$;

-- function ask_repricing(timestamp with time zone, timestamp with time zone, text, uuid, boolean)

CREATE FUNCTION telemetry.ask_repricing(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made uuid;
begin
  perform kit.authorize('telemetry:prices');
  insert into telemetry.repricings (since, until, model, project_id, unpriced_only)
  values (p_since, p_until, p_model, p_project_id, p_unpriced_only)
  returning id into made;
  return made;
end
$$;

-- function attribute_sessions(uuid[])

CREATE FUNCTION telemetry.attribute_sessions(p_session_ids uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.attribute_within(
    array_agg(s.id), array_agg('-infinity'::timestamptz), array_agg('infinity'::timestamptz)
  )
  from unnest(p_session_ids) as s (id);
end
$$;

-- function attribute_within(uuid[], timestamp with time zone[], timestamp with time zone[])

CREATE FUNCTION telemetry.attribute_within(p_session_ids uuid[], p_from timestamp with time zone[], p_until timestamp with time zone[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  update telemetry.token_usage as t
  set
    project_id = g.project_id,
    task_id = g.task_id,
    execution_id = g.execution_id,
    registered_agent_id = g.agent_id
  from (
    select
      u.id,
      coalesce(
        w.project_id, nullif(n.project_id, telemetry.no_project()), told.project_id, telemetry.no_project()
      ) as project_id,
      w.task_id,
      w.execution_id,
      coalesce(w.agent_id, n.registered_agent_id) as agent_id
    from unnest(p_session_ids, p_from, p_until) as r (session_id, from_at, until_at)
    join telemetry.token_usage as u on u.session_id = r.session_id and u.at between r.from_at and r.until_at
    join telemetry.agent_sessions as n on n.id = u.session_id
    cross join lateral (
      select
        (array_agg(s.project_id order by s.source, s.source_key) filter (where s.project_id is not null))[1]
          as project_id,
        (array_agg(s.task_id order by s.source, s.source_key) filter (where s.task_id is not null))[1] as task_id,
        (array_agg(s.execution_id order by s.source, s.source_key) filter (where s.execution_id is not null))[1]
          as execution_id
      from telemetry.usage_sightings as s
      where s.usage_id = u.id
    ) as told
    left join lateral telemetry.work_at(u.session_id, u.at, told.task_id, told.execution_id) as w on true
  ) as g
  where t.id = g.id
    and (t.project_id, t.task_id, t.execution_id, t.registered_agent_id)
      is distinct from (g.project_id, g.task_id, g.execution_id, g.agent_id)
$$;

-- function bucket_of(timestamp with time zone, text)

CREATE FUNCTION telemetry.bucket_of(p_at timestamp with time zone, p_interval text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select case
    when p_interval in ('1 day', '1 week', '1 month') then date_trunc(split_part(p_interval, ' ', 2), p_at, z.zone)
    else date_bin(p_interval::interval, p_at, timestamp '2000-01-03' at time zone z.zone)
  end
  from (
    select coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC') as zone
  ) as z
$$;

-- function budget_gate(uuid[], uuid)

CREATE FUNCTION telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  if not exists (select from telemetry.budgets where is_active) then
    return null;
  end if;
  return telemetry.budget_refusals(p_task_ids, p_agent_id);
end
$$;

-- function budget_notices()

CREATE FUNCTION telemetry.budget_notices() RETURNS TABLE(topic text, level text, message text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    format('telemetry.budget %s v%s %s %s', b.id, b.version, coalesce(s.from_day::text, 'total'), s.state),
    case s.state when 'exhausted' then 'error' else 'warning' end,
    format(
      'budget %s: %s (%s %%)%s', b.name, telemetry.spent_words(b.id), round(s.percent),
      case s.state when 'exhausted' then '; claims are refused' else '' end
    )
  from telemetry.budget_states(array(select a.id from telemetry.budgets as a where a.is_active)) as s
  join telemetry.budgets as b on b.id = s.id
  where s.state <> 'open'
$$;

-- function budget_refusals(uuid[], uuid)

CREATE FUNCTION telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  with over as materialized (
    select o.id, o.scope, o.project_id, o.task_ids from telemetry.budgets_over(p_task_ids, p_agent_id) as o
  ),
  refused as (
    select o.id, o.scope, o.project_id, o.task_ids, s.from_day, s.spent_usd, s.spent_tokens
    from over as o
    join telemetry.budget_states(array(select v.id from over as v)) as s on s.id = o.id
    where s.state = 'exhausted'
  )
  select jsonb_build_object(
    'tasks', (select jsonb_agg(distinct t.id) from refused as f cross join lateral unnest(f.task_ids) as t (id)),
    'projects', (select coalesce(jsonb_agg(distinct f.project_id), '[]') from refused as f where f.scope = 'project'),
    'all', exists (select from refused as f where f.scope in ('all', 'agent')),
    'errcode', 'STT01',
    'message', format('the budget %s is spent: %s', b.name, telemetry.spent_words(b.id)),
    'hint', format(
      'work on something that another budget pays for%s, or a person raises it: `steward telemetry update-budget --budget %s --limit-usd …`',
      case when b.period = 'total' then '' else format(', wait for the next %s', b.period) end, left(b.id::text, 8)
    )
  )
  from (select f.id from refused as f order by f.scope = 'all' desc, f.id limit 1) as first
  join telemetry.budgets as b on b.id = first.id
$$;

-- function budget_states(uuid[])

CREATE FUNCTION telemetry.budget_states(p_ids uuid[]) RETURNS TABLE(id uuid, from_day date, spent_usd numeric, spent_tokens bigint, unpriced_calls bigint, percent numeric, state text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'work', 'pg_temp'
    AS $$
  select
    x.id, x.from_day, x.cost_usd, x.tokens, x.unpriced_calls, round(x.percent, 1),
    case when x.percent >= 100 then 'exhausted' when x.percent >= x.warn_percent then 'warned' else 'open' end
  from (
    select
      b.id, b.warn_percent, b.from_day, s.cost_usd, s.tokens, s.unpriced_calls,
      greatest(
        case when b.limit_usd = 0 then 100 else s.cost_usd * 100 / b.limit_usd end,
        case when b.limit_tokens = 0 then 100 else s.tokens * 100.0 / b.limit_tokens end
      ) as percent
    from (
      select
        g.id, g.scope, g.project_id, g.epic_id, g.task_id, g.agent_id, g.limit_usd, g.limit_tokens, g.warn_percent,
        telemetry.period_start(g.period, telemetry.day_of(now())) as from_day
      from telemetry.budgets as g
      where g.id = any (p_ids)
    ) as b
    cross join lateral telemetry.spent(
      b.project_id,
      case b.scope
        when 'task' then array(select work.with_descendants(array[b.task_id]))
        when 'epic' then array(select t.id from work.tasks as t where t.epic_id = b.epic_id)
      end,
      b.agent_id, b.from_day
    ) as s
  ) as x
$$;

-- function budgets_over(uuid[], uuid)

CREATE FUNCTION telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid) RETURNS TABLE(id uuid, scope text, project_id uuid, task_ids uuid[])
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'work', 'pg_temp'
    AS $$
  select b.id, b.scope, b.project_id, array_agg(t.id)
  from telemetry.budgets as b
  join work.tasks as t on t.id = any (p_task_ids)
  where b.is_active
    and case b.scope
      when 'all' then true
      when 'project' then b.project_id = t.project_id
      when 'epic' then b.epic_id = t.epic_id
      when 'agent' then b.agent_id = p_agent_id
      else t.id in (select work.with_descendants(array[b.task_id]))
    end
  group by b.id, b.scope, b.project_id
$$;

-- function client_reported(uuid[])

CREATE FUNCTION telemetry.client_reported(p_session_ids uuid[]) RETURNS TABLE(session_id uuid, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cost_usd numeric)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $_$
begin
  if to_regclass('telemetry.client_reported_usage') is null then
    return;
  end if;
  return query execute
    'select r.session_id,
       greatest(
         coalesce(sum(r.tokens) filter (where r.type = ''input''), 0)
         - coalesce(sum(r.tokens) filter (where r.type = ''cache_read'' and r.agent_id <> ''claude-code''), 0), 0
       )::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''output''), 0)::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''cache_read''), 0)::bigint,
       coalesce(sum(r.tokens) filter (where r.type = ''cache_write''), 0)::bigint,
       sum(r.cost_usd)
     from telemetry.client_reported_usage as r
     where r.session_id = any ($1)
     group by r.session_id' using p_session_ids;
end
$_$;

-- function close_executions(uuid[], text, jsonb[], text[])

CREATE FUNCTION telemetry.close_executions(p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  ended uuid[];
begin
  with closed as (
    update telemetry.agent_executions as e
    set status = p_status, completed_at = clock_timestamp(), result = c.result, error_message = left(c.error, 10000)
    from unnest(p_task_ids, p_results, p_errors) as c (task_id, result, error)
    where e.task_id = c.task_id
      and e.task_id = any (p_task_ids)
      and e.completed_at is null
    returning e.id, e.session_id
  )
  select array_agg(c.id) into ended from closed as c where c.session_id is not null;
  if ended is not null then
    update telemetry.session_tasks as s
    set until_at = clock_timestamp()
    where s.execution_id = any (ended)
      and s.source = 'claim'
      and s.until_at is null;
  end if;
end
$$;

-- function day_key(text, uuid, uuid, uuid, text, text)

CREATE FUNCTION telemetry.day_key(p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE p_by
             WHEN 'project'::text THEN (p_project_id)::text
             WHEN 'task'::text THEN (p_task_id)::text
             WHEN 'agent'::text THEN (p_agent_id)::text
             WHEN 'client'::text THEN p_client
             WHEN 'model'::text THEN p_model
             ELSE NULL::text
         END AS "case";
END;

-- table usage_days

CREATE TABLE telemetry.usage_days (
    day date NOT NULL,
    project_id uuid NOT NULL,
    task_id uuid,
    registered_agent_id uuid,
    agent_id text NOT NULL,
    model text NOT NULL,
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    approximate_calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_usd numeric(24,9) NOT NULL
);

-- comment TABLE usage_days

COMMENT ON TABLE telemetry.usage_days IS 'Tokens and cost by day and all that is asked for; with usage_deltas it is exact at every moment.';

-- table usage_deltas

CREATE TABLE telemetry.usage_deltas (
    id bigint NOT NULL,
    day date NOT NULL,
    project_id uuid NOT NULL,
    task_id uuid,
    registered_agent_id uuid,
    agent_id text NOT NULL,
    model text NOT NULL,
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    approximate_calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_usd numeric(24,9) NOT NULL
);

-- comment TABLE usage_deltas

COMMENT ON TABLE telemetry.usage_deltas IS 'What usage_days has not taken in yet: appended by every write, folded by a job.';

-- table tasks

CREATE TABLE work.tasks (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    number bigint NOT NULL,
    parent_task_id uuid,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    details text DEFAULT ''::text NOT NULL,
    test_strategy text DEFAULT ''::text NOT NULL,
    requirements jsonb DEFAULT '[]'::jsonb NOT NULL,
    acceptance_criteria jsonb DEFAULT '[]'::jsonb NOT NULL,
    type text DEFAULT 'task'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    status_reason text,
    priority smallint DEFAULT 5 NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    required_capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    order_index integer DEFAULT 0 NOT NULL,
    estimated_minutes integer,
    actual_minutes integer,
    complexity_score smallint,
    assigned_user_id uuid,
    assigned_agent_id uuid,
    assigned_component text,
    created_by_user_id uuid,
    created_by_agent_id uuid,
    github_issue_number bigint,
    github_pr_number bigint,
    github_node_id text,
    github_url text,
    linear_issue_id text,
    files_changed integer,
    lines_added integer,
    lines_deleted integer,
    ai_analysis jsonb DEFAULT '{}'::jsonb NOT NULL,
    ai_suggestions jsonb DEFAULT '[]'::jsonb NOT NULL,
    result jsonb,
    attempts smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 3 NOT NULL,
    quarantined_at timestamp with time zone,
    quarantine_reason text,
    due_date timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    import_file_id uuid,
    import_tag text,
    import_ref text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    epic_id uuid,
    issue_id uuid,
    workflow_id uuid,
    finished_token bigint,
    CONSTRAINT tasks_acceptance_criteria_check CHECK ((jsonb_typeof(acceptance_criteria) = 'array'::text)),
    CONSTRAINT tasks_actual_minutes_check CHECK ((actual_minutes >= 0)),
    CONSTRAINT tasks_assigned_once CHECK (((assigned_user_id IS NULL) OR (assigned_agent_id IS NULL))),
    CONSTRAINT tasks_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT tasks_complexity_score_check CHECK (((complexity_score >= 1) AND (complexity_score <= 13))),
    CONSTRAINT tasks_estimated_minutes_check CHECK ((estimated_minutes >= 0)),
    CONSTRAINT tasks_files_changed_check CHECK ((files_changed >= 0)),
    CONSTRAINT tasks_lines_added_check CHECK ((lines_added >= 0)),
    CONSTRAINT tasks_lines_deleted_check CHECK ((lines_deleted >= 0)),
    CONSTRAINT tasks_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT tasks_not_own_parent CHECK ((parent_task_id <> id)),
    CONSTRAINT tasks_number_check CHECK ((number > 0)),
    CONSTRAINT tasks_priority_check CHECK (((priority >= 1) AND (priority <= 10))),
    CONSTRAINT tasks_requirements_check CHECK ((jsonb_typeof(requirements) = 'array'::text)),
    CONSTRAINT tasks_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'pending'::text, 'in_progress'::text, 'blocked'::text, 'in_review'::text, 'testing'::text, 'awaiting_input'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'deferred'::text]))),
    CONSTRAINT tasks_title_check CHECK (((title ~ '\S'::text) AND (length(title) <= 2000))),
    CONSTRAINT tasks_type_check CHECK ((type = ANY (ARRAY['bug'::text, 'feature'::text, 'refactor'::text, 'test'::text, 'documentation'::text, 'task'::text, 'chore'::text, 'pull_request'::text])))
);

-- comment TABLE tasks

COMMENT ON TABLE work.tasks IS 'Work to be done: a task or subtask of a project; readiness and leases stand in ready_queue.';

-- comment COLUMN tasks.finished_token

COMMENT ON COLUMN work.tasks.finished_token IS 'The token of the claim that finished it, by which the same word said twice is known; null when a person did.';

-- function usage_within(uuid, uuid, uuid, uuid, text, text, date, date)

CREATE FUNCTION telemetry.usage_within(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) RETURNS TABLE(day date, project_id uuid, task_id uuid, registered_agent_id uuid, agent_id text, model text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT u.day,
     u.project_id,
     u.task_id,
     u.registered_agent_id,
     u.agent_id,
     u.model,
     u.calls,
     u.unpriced_calls,
     u.approximate_calls,
     u.input_tokens,
     u.output_tokens,
     u.cache_read_tokens,
     u.cache_write_tokens,
     u.reasoning_tokens,
     u.cost_usd
    FROM ( SELECT d.day,
             d.project_id,
             d.task_id,
             d.registered_agent_id,
             d.agent_id,
             d.model,
             d.calls,
             d.unpriced_calls,
             d.approximate_calls,
             d.input_tokens,
             d.output_tokens,
             d.cache_read_tokens,
             d.cache_write_tokens,
             d.reasoning_tokens,
             d.cost_usd
            FROM telemetry.usage_days d
         UNION ALL
          SELECT d.day,
             d.project_id,
             d.task_id,
             d.registered_agent_id,
             d.agent_id,
             d.model,
             d.calls,
             d.unpriced_calls,
             d.approximate_calls,
             d.input_tokens,
             d.output_tokens,
             d.cache_read_tokens,
             d.cache_write_tokens,
             d.reasoning_tokens,
             d.cost_usd
            FROM telemetry.usage_deltas d) u
   WHERE (((usage_within.p_project_id IS NULL) OR (u.project_id = usage_within.p_project_id)) AND ((usage_within.p_task_id IS NULL) OR (u.task_id = usage_within.p_task_id)) AND ((usage_within.p_epic_id IS NULL) OR (u.task_id IN ( SELECT t.id
            FROM work.tasks t
           WHERE (t.epic_id = usage_within.p_epic_id)))) AND ((usage_within.p_agent_id IS NULL) OR (u.registered_agent_id = usage_within.p_agent_id)) AND ((usage_within.p_client IS NULL) OR (u.agent_id = usage_within.p_client)) AND ((usage_within.p_model IS NULL) OR (u.model = usage_within.p_model)) AND ((usage_within.p_since IS NULL) OR (u.day >= usage_within.p_since)) AND ((usage_within.p_until IS NULL) OR (u.day <= usage_within.p_until)));
END;

-- function days_by(text, uuid, uuid, uuid, uuid, text, text, date, date)

CREATE FUNCTION telemetry.days_by(p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) RETURNS TABLE(key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(
         CASE
             WHEN (days_by.p_by = 'epic'::text) THEN (t.epic_id)::text
             WHEN (days_by.p_by = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])) THEN ((date_trunc(days_by.p_by, (u.day)::timestamp without time zone))::date)::text
             ELSE telemetry.day_key(days_by.p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
         END, ''::text) AS "coalesce",
     (sum(u.calls))::bigint AS sum,
     (sum(u.unpriced_calls))::bigint AS sum,
     (sum(u.approximate_calls))::bigint AS sum,
     (sum(u.input_tokens))::bigint AS sum,
     (sum(u.output_tokens))::bigint AS sum,
     (sum(u.cache_read_tokens))::bigint AS sum,
     (sum(u.cache_write_tokens))::bigint AS sum,
     (sum(u.reasoning_tokens))::bigint AS sum,
         CASE
             WHEN (sum(u.calls) > sum(u.unpriced_calls)) THEN sum(u.cost_usd)
             ELSE NULL::numeric
         END AS "case"
    FROM (telemetry.usage_within(days_by.p_project_id, days_by.p_task_id, days_by.p_epic_id, days_by.p_agent_id, days_by.p_client, days_by.p_model, days_by.p_since, days_by.p_until) u(day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd)
      LEFT JOIN work.tasks t ON ((t.id = u.task_id)))
   GROUP BY COALESCE(
         CASE
             WHEN (days_by.p_by = 'epic'::text) THEN (t.epic_id)::text
             WHEN (days_by.p_by = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])) THEN ((date_trunc(days_by.p_by, (u.day)::timestamp without time zone))::date)::text
             ELSE telemetry.day_key(days_by.p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
         END, ''::text)
  HAVING (sum(u.calls) > (0)::numeric);
END;

-- function cost_periods(integer[], date, integer, uuid, uuid, uuid, uuid, text, text)

CREATE FUNCTION telemetry.cost_periods(p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text) RETURNS TABLE(days integer, since date, until date, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric, previous_cost_usd numeric, previous_calls bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH by_day AS MATERIALIZED (
          SELECT (d_1.key)::date AS day,
             d_1.calls,
             d_1.unpriced_calls,
             d_1.approximate_calls,
             d_1.input_tokens,
             d_1.output_tokens,
             d_1.cache_read_tokens,
             d_1.cache_write_tokens,
             d_1.reasoning_tokens,
             d_1.cost_usd
            FROM telemetry.days_by('day'::text, cost_periods.p_project_id, cost_periods.p_task_id, cost_periods.p_epic_id, cost_periods.p_agent_id, cost_periods.p_client, cost_periods.p_model, ((cost_periods.p_today - (2 * cost_periods.p_longest)) + 1), cost_periods.p_today) d_1(key, calls, unpriced_calls, approximate_calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd)
         )
  SELECT n.days,
     ((cost_periods.p_today - n.days) + 1),
     cost_periods.p_today AS p_today,
     (COALESCE(sum(d.calls) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.unpriced_calls) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.approximate_calls) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.input_tokens) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.output_tokens) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.cache_read_tokens) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.cache_write_tokens) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(d.reasoning_tokens) FILTER (WHERE n.now), (0)::numeric))::bigint AS "coalesce",
     COALESCE(sum(d.cost_usd) FILTER (WHERE n.now), (0)::numeric) AS "coalesce",
     COALESCE(sum(d.cost_usd) FILTER (WHERE (NOT n.now)), (0)::numeric) AS "coalesce",
     (COALESCE(sum(d.calls) FILTER (WHERE (NOT n.now)), (0)::numeric))::bigint AS "coalesce"
    FROM (( SELECT g.days,
             w.now
            FROM (unnest(cost_periods.p_days) g(days)
              CROSS JOIN ( VALUES (true), (false)) w(now))) n
      LEFT JOIN by_day d ON (((d.day > (cost_periods.p_today -
         CASE
             WHEN n.now THEN n.days
             ELSE (2 * n.days)
         END)) AND (d.day <= (cost_periods.p_today -
         CASE
             WHEN n.now THEN 0
             ELSE n.days
         END)))))
   GROUP BY n.days;
END;

-- function costs_by_source(uuid[])

CREATE FUNCTION telemetry.costs_by_source(p_session_ids uuid[]) RETURNS TABLE(session_id uuid, source text, responses bigint, reported_usd numeric, computed_usd numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select b.session_id, b.source, count(*), sum(b.reported_usd), sum(b.cost_usd)
  from (
    select u.session_id, u.cost_usd, s.source, max(s.reported_cost_usd) as reported_usd
    from telemetry.token_usage as u
    join telemetry.usage_sightings as s on s.usage_id = u.id
    where u.session_id = any (p_session_ids)
      and u.price_id is not null
      and s.reported_cost_usd is not null
    group by u.id, s.source
  ) as b
  group by b.session_id, b.source
$$;

-- function count_usage()

CREATE FUNCTION telemetry.count_usage() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  if tg_op <> 'DELETE' then
    insert into telemetry.usage_deltas (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      telemetry.day_of(n.at), n.project_id, n.task_id, n.registered_agent_id, n.agent_id, n.model, count(*),
      count(*) filter (where n.cost_usd is null), count(*) filter (where n.approximate), sum(n.input_tokens), sum(n.output_tokens), sum(n.cache_read_tokens),
      sum(n.cache_write_tokens), sum(n.reasoning_tokens), coalesce(sum(n.cost_usd), 0)
    from new_rows as n
    group by telemetry.day_of(n.at), n.project_id, n.task_id, n.registered_agent_id, n.agent_id, n.model;
  end if;
  if tg_op <> 'INSERT' then
    insert into telemetry.usage_deltas (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      telemetry.day_of(o.at), o.project_id, o.task_id, o.registered_agent_id, o.agent_id, o.model, -count(*),
      -count(*) filter (where o.cost_usd is null), -count(*) filter (where o.approximate), -sum(o.input_tokens), -sum(o.output_tokens), -sum(o.cache_read_tokens),
      -sum(o.cache_write_tokens), -sum(o.reasoning_tokens), -coalesce(sum(o.cost_usd), 0)
    from old_rows as o
    group by telemetry.day_of(o.at), o.project_id, o.task_id, o.registered_agent_id, o.agent_id, o.model;
  end if;
  return null;
end
$$;

-- table settings

CREATE TABLE kit.settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

-- comment TABLE settings

COMMENT ON TABLE kit.settings IS 'What the installation itself remembers, such as the checksum of its code.';

-- function day_of(timestamp with time zone)

CREATE FUNCTION telemetry.day_of(p_at timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT ((p_at AT TIME ZONE COALESCE(( SELECT (s.value #>> '{}'::text[])
            FROM kit.settings s
           WHERE (s.key = 'timezone'::text)), 'UTC'::text)))::date AS timezone;
END;

-- function day_start(date)

CREATE FUNCTION telemetry.day_start(p_day date) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
  select p_day::timestamp at time zone coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC')
$$;

-- table tool_calls

CREATE TABLE telemetry.tool_calls (
    session_id uuid NOT NULL,
    call_id text NOT NULL,
    name text NOT NULL,
    kind text DEFAULT 'other'::text NOT NULL,
    input text,
    input_bytes bigint,
    output text,
    output_bytes bigint,
    success boolean,
    error text,
    decision text,
    duration_ms bigint,
    waited_ms bigint,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    subagent text,
    file_path text,
    lines_added integer,
    lines_removed integer,
    sources text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tool_calls_call_id_check CHECK (((call_id ~ '\S'::text) AND (length(call_id) <= 200))),
    CONSTRAINT tool_calls_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT tool_calls_input_bytes_check CHECK ((input_bytes >= 0)),
    CONSTRAINT tool_calls_kind_check CHECK ((kind = ANY (ARRAY['read'::text, 'write'::text, 'command'::text, 'test'::text, 'build'::text, 'search'::text, 'web'::text, 'mcp'::text, 'subagent'::text, 'plan'::text, 'other'::text]))),
    CONSTRAINT tool_calls_lines_added_check CHECK ((lines_added >= 0)),
    CONSTRAINT tool_calls_lines_removed_check CHECK ((lines_removed >= 0)),
    CONSTRAINT tool_calls_output_bytes_check CHECK ((output_bytes >= 0)),
    CONSTRAINT tool_calls_waited_ms_check CHECK ((waited_ms >= 0))
);

-- comment TABLE tool_calls

COMMENT ON TABLE telemetry.tool_calls IS 'Tools that an agent used, once each, however many sources told of them.';

-- function done_in(uuid)

CREATE FUNCTION telemetry.done_in(p_session_id uuid) RETURNS TABLE(tool_calls bigint, tool_failures bigint, errors bigint, files_modified bigint, lines_added bigint, lines_removed bigint, commands_executed bigint, tests_run bigint, tests_passed bigint, build_attempts bigint, build_successes bigint, tools_ms bigint, waited_ms bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT count(*) AS count,
     count(*) FILTER (WHERE (NOT c.success)) AS count,
     count(*) FILTER (WHERE ((NOT c.success) AND (c.kind <> ALL (ARRAY['test'::text, 'build'::text])))) AS count,
     count(DISTINCT c.file_path) FILTER (WHERE ((c.kind = 'write'::text) AND (c.success IS NOT FALSE))) AS count,
     COALESCE(sum(c.lines_added) FILTER (WHERE (c.success IS NOT FALSE)), (0)::bigint) AS "coalesce",
     COALESCE(sum(c.lines_removed) FILTER (WHERE (c.success IS NOT FALSE)), (0)::bigint) AS "coalesce",
     count(*) FILTER (WHERE (c.kind = ANY (ARRAY['command'::text, 'test'::text, 'build'::text]))) AS count,
     count(*) FILTER (WHERE ((c.kind = 'test'::text) AND (c.success IS NOT NULL))) AS count,
     count(*) FILTER (WHERE ((c.kind = 'test'::text) AND c.success)) AS count,
     count(*) FILTER (WHERE ((c.kind = 'build'::text) AND (c.success IS NOT NULL))) AS count,
     count(*) FILTER (WHERE ((c.kind = 'build'::text) AND c.success)) AS count,
     (COALESCE(sum(c.duration_ms), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(c.waited_ms), (0)::numeric))::bigint AS "coalesce"
    FROM telemetry.tool_calls c
   WHERE (c.session_id = done_in.p_session_id);
END;

-- function drop_executions()

CREATE FUNCTION telemetry.drop_executions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  delete from telemetry.agent_executions as e
  where e.project_id in (select o.id from old_rows as o);
  return null;
end
$$;

-- function drop_override(uuid)

CREATE FUNCTION telemetry.drop_override(p_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:admin');
  delete from telemetry.model_prices as p
  where p.id = p_id
    and p.source = 'override';
  return found;
end
$$;

-- function end_session(uuid, text, timestamp with time zone)

CREATE FUNCTION telemetry.end_session(p_session_id uuid, p_outcome text DEFAULT NULL::text, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  update telemetry.agent_sessions
  set
    end_time = case
      when last_seen_at <= end_time + interval '1 minute' then end_time
      else greatest(coalesce(p_at, clock_timestamp()), last_seen_at)
    end,
    outcome = coalesce(p_outcome, outcome)
  where id = p_session_id;
  if not found then
    raise exception 'there is no session %', p_session_id using errcode = 'ST404';
  end if;
  perform telemetry.score_session(p_session_id);
end
$$;

-- function entries_after(uuid, text, timestamp with time zone, integer, bigint, text, integer)

CREATE FUNCTION telemetry.entries_after(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) RETURNS TABLE(at timestamp with time zone, rank integer, sequence bigint, id text)
    LANGUAGE sql STABLE ROWS 100
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  (
    select u.at, 0, 0::bigint, u.id::text collate "C" as id
    from telemetry.token_usage as u
    where u.session_id = p_session_id
      and u.at >= p_at
      and (u.at, 0, 0::bigint, u.id::text collate "C") > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(u.subagent, '') = p_part)
    order by u.at, u.id::text collate "C"
    limit p_limit
  )
  union all
  (
    select m."timestamp", 1, m.sequence, m.id::text collate "C" as id
    from telemetry.chat_messages as m
    where m.session_id = p_session_id
      and m."timestamp" >= p_at
      and (m."timestamp", 1, m.sequence, m.id::text collate "C") > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(m.subagent, '') = p_part)
    order by m."timestamp", m.sequence, m.id::text collate "C"
    limit p_limit
  )
  union all
  (
    select coalesce(c.started_at, c.ended_at, c.created_at) as at, 2, 0, c.call_id collate "C" as id
    from telemetry.tool_calls as c
    where c.session_id = p_session_id
      and coalesce(c.started_at, c.ended_at, c.created_at) >= p_at
      and (coalesce(c.started_at, c.ended_at, c.created_at), 2, 0::bigint, c.call_id collate "C")
        > (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(c.subagent, '') = p_part)
    order by coalesce(c.started_at, c.ended_at, c.created_at), c.call_id collate "C"
    limit p_limit
  )
  union all
  select g.committed_at, 3, 0, g.sha collate "C" as id
  from telemetry.session_commits as g
  where g.session_id = p_session_id
    and (g.committed_at, 3, 0::bigint, g.sha collate "C") > (p_at, p_rank, p_sequence, p_id)
    and coalesce(p_part, '') = ''
  order by 1, 2, 3, 4
  limit p_limit
$$;

-- function entries_before(uuid, text, timestamp with time zone, integer, bigint, text, integer)

CREATE FUNCTION telemetry.entries_before(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) RETURNS TABLE(at timestamp with time zone, rank integer, sequence bigint, id text)
    LANGUAGE sql STABLE ROWS 100
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  (
    select u.at, 0, 0::bigint, u.id::text collate "C" as id
    from telemetry.token_usage as u
    where u.session_id = p_session_id
      and u.at <= p_at
      and (u.at, 0, 0::bigint, u.id::text collate "C") < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(u.subagent, '') = p_part)
    order by u.at desc, u.id::text collate "C" desc
    limit p_limit
  )
  union all
  (
    select m."timestamp", 1, m.sequence, m.id::text collate "C" as id
    from telemetry.chat_messages as m
    where m.session_id = p_session_id
      and m."timestamp" <= p_at
      and (m."timestamp", 1, m.sequence, m.id::text collate "C") < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(m.subagent, '') = p_part)
    order by m."timestamp" desc, m.sequence desc, m.id::text collate "C" desc
    limit p_limit
  )
  union all
  (
    select coalesce(c.started_at, c.ended_at, c.created_at) as at, 2, 0, c.call_id collate "C" as id
    from telemetry.tool_calls as c
    where c.session_id = p_session_id
      and coalesce(c.started_at, c.ended_at, c.created_at) <= p_at
      and (coalesce(c.started_at, c.ended_at, c.created_at), 2, 0::bigint, c.call_id collate "C")
        < (p_at, p_rank, p_sequence, p_id)
      and (p_part is null or coalesce(c.subagent, '') = p_part)
    order by coalesce(c.started_at, c.ended_at, c.created_at) desc, c.call_id collate "C" desc
    limit p_limit
  )
  union all
  select g.committed_at, 3, 0, g.sha collate "C" as id
  from telemetry.session_commits as g
  where g.session_id = p_session_id
    and (g.committed_at, 3, 0::bigint, g.sha collate "C") < (p_at, p_rank, p_sequence, p_id)
    and coalesce(p_part, '') = ''
  order by 1 desc, 2 desc, 3 desc, 4 desc
  limit p_limit
$$;

-- function execution_expired(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select telemetry.close_executions(
    p_task_ids, 'timeout', null, array_fill('the lease ended without a word'::text, array[cardinality(p_task_ids)])
  )
$$;

-- function execution_failed(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select telemetry.close_executions(
    p_task_ids, 'failure', null,
    array(select coalesce(d.detail ->> 'reason', 'failed') from unnest(p_details) with ordinality as d (detail, n) order by d.n)
  )
$$;

-- function execution_finished(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  perform telemetry.close_executions(p_task_ids, 'success', p_details, null);
end
$$;

-- function execution_given_back(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select telemetry.close_executions(
    p_task_ids, 'failure', array_fill('{"ended_by": "give_back"}'::jsonb, array[cardinality(p_task_ids)]),
    array(
      select concat_ws(': ', 'given back', d.detail ->> 'reason')
      from unnest(p_details) with ordinality as d (detail, n)
      order by d.n
    )
  )
$$;

-- function execution_released(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('work:write');
  if kit.actor_role() = 'agent' or kit.actor_agent() is not null then
    raise exception 'an agent cannot take a task from whoever holds it'
      using errcode = 'ST403', hint = 'let a person do it, or wait until it is given back';
  end if;
  perform telemetry.close_executions(
    p_task_ids, 'failure', array_fill('{"ended_by": "person"}'::jsonb, array[cardinality(p_task_ids)]),
    array_fill('a person took the task'::text, array[cardinality(p_task_ids)])
  );
end
$$;

-- function find_messages(text, uuid, uuid, timestamp with time zone, uuid, integer)

CREATE FUNCTION telemetry.find_messages(p_text text, p_project_id uuid DEFAULT NULL::uuid, p_session_id uuid DEFAULT NULL::uuid, p_after_time timestamp with time zone DEFAULT NULL::timestamp with time zone, p_after_id uuid DEFAULT NULL::uuid, p_limit integer DEFAULT 20) RETURNS TABLE(id uuid, session_id uuid, at timestamp with time zone)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'telemetry', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  asked constant tsquery := websearch_to_tsquery('simple', p_text);
  found_ids uuid[];
begin
  if p_session_id is null then
    select array_agg(n.id) into found_ids
    from (
      select w.id
      from (
        select m.id, m.session_id, m."timestamp", m.search_content
        from telemetry.chat_messages as m
        where p_after_id is null or (m."timestamp", m.id) < (p_after_time, p_after_id)
        order by m."timestamp" desc, m.id desc
        limit 5000
      ) as w
      left join telemetry.agent_sessions as s on s.id = w.session_id
      where w.search_content @@ asked
        and (p_project_id is null or s.project_id = p_project_id)
      order by w."timestamp" desc, w.id desc
      limit p_limit
    ) as n;
  end if;
  if coalesce(cardinality(found_ids), 0) < p_limit then
    with hits as materialized (
      select m.id, m."timestamp"
      from telemetry.chat_messages as m
      left join telemetry.agent_sessions as s on s.id = m.session_id
      where m.search_content @@ asked
        and (p_project_id is null or s.project_id = p_project_id)
        and (p_session_id is null or m.session_id = p_session_id)
        and (p_after_id is null or (m."timestamp", m.id) < (p_after_time, p_after_id))
    )
    select array_agg(n.id) into found_ids
    from (select h.id from hits as h order by h."timestamp" desc, h.id desc limit p_limit) as n;
  end if;
  return query
  select m.id, m.session_id, m."timestamp"
  from telemetry.chat_messages as m
  where m.id = any (found_ids)
  order by m."timestamp" desc, m.id desc;
end
$$;

-- function fold_usage()

CREATE FUNCTION telemetry.fold_usage() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
declare
  folded integer;
begin
  perform kit.authorize('telemetry:write');
  with taken as (
    delete from telemetry.usage_deltas
    returning
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls,
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
  ),
  put as (
    insert into telemetry.usage_days as d (
      day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls,
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
    )
    select
      t.day, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model, sum(t.calls), sum(t.unpriced_calls),
      sum(t.approximate_calls),
      sum(t.input_tokens), sum(t.output_tokens), sum(t.cache_read_tokens), sum(t.cache_write_tokens),
      sum(t.reasoning_tokens), sum(t.cost_usd)
    from taken as t
    group by t.day, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model
    on conflict on constraint usage_days_one do update
    set
      calls = d.calls + excluded.calls,
      unpriced_calls = d.unpriced_calls + excluded.unpriced_calls,
      approximate_calls = d.approximate_calls + excluded.approximate_calls,
      input_tokens = d.input_tokens + excluded.input_tokens,
      output_tokens = d.output_tokens + excluded.output_tokens,
      cache_read_tokens = d.cache_read_tokens + excluded.cache_read_tokens,
      cache_write_tokens = d.cache_write_tokens + excluded.cache_write_tokens,
      reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens,
      cost_usd = d.cost_usd + excluded.cost_usd
  )
  select count(*) into folded from taken;
  return folded;
end
$$;

-- function forget_projection(uuid)

CREATE FUNCTION telemetry.forget_projection(p_session_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  seen uuid[];
  alone uuid[];
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.hold_sessions(array[p_session_id]);
  delete from telemetry.chat_messages as m
  where m.session_id = p_session_id
    and m.source = 'transcript';
  delete from telemetry.tool_calls as c
  where c.session_id = p_session_id
    and c.sources = array['transcript'];
  delete from telemetry.session_commits as c
  where c.session_id = p_session_id
    and c.source = 'transcript';
  delete from telemetry.session_tasks as t
  where t.session_id = p_session_id
    and t.source in ('transcript', 'branch');
  perform k.key
  from telemetry.usage_keys as k
  where k.usage_id in (
    select s.usage_id from telemetry.usage_sightings as s where s.session_id = p_session_id and s.source = 'transcript'
  )
  order by k.key
  for update;
  with gone as (
    delete from telemetry.usage_sightings as s
    where s.session_id = p_session_id
      and s.source = 'transcript'
    returning s.usage_id
  )
  select array_agg(distinct g.usage_id) into seen from gone as g;
  perform k.key
  from telemetry.usage_keys as k
  where k.usage_id = any (seen)
  order by k.key
  for update;
  select array_agg(e.id) into alone
  from unnest(seen) as e (id)
  where not exists (select from telemetry.usage_sightings as s where s.usage_id = e.id);
  delete from telemetry.token_usage as t
  where t.id = any (alone);
  delete from telemetry.usage_keys as k
  where k.usage_id = any (alone);
  perform telemetry.settle_usage(array(select e.id from unnest(seen) as e (id) where e.id <> all (coalesce(alone, '{}'))));
end
$$;

-- function hold_names(jsonb, uuid[])

CREATE FUNCTION telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
begin
  perform k.key
  from telemetry.usage_keys as k
  where k.key in (select n.key from telemetry.names_told(p_sightings) as u cross join lateral unnest(u.keys) as n (key))
    and k.usage_id <> all (p_fresh)
  order by k.key
  for share;
end
$$;

-- function hold_sessions(uuid[])

CREATE FUNCTION telemetry.hold_sessions(p_ids uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  perform n.id
  from telemetry.agent_sessions as n
  where n.id = any (p_ids)
  order by n.id
  for update;
end
$$;

-- function hooked_outcome(uuid, timestamp with time zone, text)

CREATE FUNCTION telemetry.hooked_outcome(p_session_id uuid, p_at timestamp with time zone, p_reason text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select case
    when p_reason = 'bypass_permissions_disabled' then 'cancelled'
    when l.event_name in ('UserPromptSubmit', 'BeforeAgent') then 'cancelled'
    when l.event_name = 'StopFailure' then 'failure'
    when l.event_name is not null then 'success'
    when not exists (select from telemetry.chat_messages as c where c.session_id = p_session_id) then 'abandoned'
  end
  from (select) as one
  left join lateral (
    select h.event_name
    from telemetry.hook_events as h
    where h.session_id = p_session_id
      and h.at <= p_at
      and h.event_name in ('UserPromptSubmit', 'BeforeAgent', 'Stop', 'AfterAgent', 'StopFailure')
    order by h.at desc, h.received_at desc
    limit 1
  ) as l on true
$$;

-- function in_hours(timestamp with time zone, time without time zone, time without time zone)

CREATE FUNCTION telemetry.in_hours(p_at timestamp with time zone, p_from time without time zone, p_until time without time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ((p_from IS NULL) OR
         CASE
             WHEN (p_from <= p_until) THEN ((((p_at AT TIME ZONE 'UTC'::text))::time without time zone >= p_from) AND (((p_at AT TIME ZONE 'UTC'::text))::time without time zone < p_until))
             ELSE ((((p_at AT TIME ZONE 'UTC'::text))::time without time zone >= p_from) OR (((p_at AT TIME ZONE 'UTC'::text))::time without time zone < p_until))
         END);
END;

-- function join_names(jsonb)

CREATE FUNCTION telemetry.join_names(p_sightings jsonb) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
declare
  away uuid[];
  into_ids uuid[];
  staying uuid[] := '{}';
begin
  loop
    with named as (
      select t.pos, t.usage_id, min(t.usage_id::text) over (partition by t.pos) as oldest
      from telemetry.named_usage(p_sightings) as t
    ),
    pairs as (
      select n.usage_id, min(n.oldest)::uuid as oldest
      from named as n
      where n.usage_id::text <> n.oldest
      group by n.usage_id
    )
    select array_agg(p.usage_id), array_agg(p.oldest) into away, into_ids from pairs as p;
    exit when away is null;
    -- Whoever adds to one of them holds its names: what it added is seen below.
    perform k.key
    from telemetry.usage_keys as k
    where k.usage_id = any (away)
    order by k.key
    for update;
    update telemetry.usage_keys as k
    set usage_id = p.oldest
    from unnest(away, into_ids) as p (usage_id, oldest)
    where k.usage_id = p.usage_id;
    update telemetry.usage_sightings as s
    set usage_id = p.oldest
    from unnest(away, into_ids) as p (usage_id, oldest)
    where s.usage_id = p.usage_id;
    delete from telemetry.token_usage as t
    where t.id = any (away);
    staying := staying || into_ids;
  end loop;
  return staying;
end
$$;

-- function keep_agents()

CREATE FUNCTION telemetry.keep_agents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
declare
  kept text;
begin
  select o.name into kept
  from old_rows as o
  where exists (select from telemetry.agent_executions as e where e.agent_id = o.id)
  limit 1;
  if found then
    raise exception 'agent % has been at work and cannot be deleted', kept
      using errcode = 'ST409', hint = 'deactivate it with `steward agents deactivate`';
  end if;
  return null;
end
$$;

-- function keep_sightings(jsonb)

CREATE FUNCTION telemetry.keep_sightings(p_sightings jsonb) RETURNS uuid[]
    LANGUAGE sql
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
  with resolved as (
    select distinct on (u.source, u.source_key)
      u.source, u.source_key, k.usage_id, u.session_id, u.project_id, u.task_id, u.execution_id, u.agent_id, u.model,
      u.at, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
      u.reasoning_tokens, u.reported_cost_usd, u.duration_ms, u.query_source, u.subagent, u.approximate, u.ordinal_base
    from telemetry.usage_told(p_sightings) as u
    join telemetry.usage_keys as k on k.key = u.keys[1]
    order by
      u.source, u.source_key, u.output_tokens desc, u.input_tokens + u.cache_read_tokens + u.cache_write_tokens desc,
      u.input_tokens desc, u.cache_write_tokens desc, u.model desc
  ),
  kept as (
    insert into telemetry.usage_sightings as s (
      source, source_key, usage_id, session_id, project_id, task_id, execution_id, agent_id, model, at, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens, reported_cost_usd,
      duration_ms, query_source, subagent, approximate, ordinal_base
    )
    select
      r.source, r.source_key, r.usage_id, r.session_id, r.project_id, r.task_id, r.execution_id, r.agent_id, r.model,
      r.at, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cache_write_1h_tokens,
      r.reasoning_tokens, r.reported_cost_usd, r.duration_ms, r.query_source, r.subagent, r.approximate, r.ordinal_base
    from resolved as r
    on conflict (source, source_key) do update
    set
      input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
      cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,
      cache_write_1h_tokens = excluded.cache_write_1h_tokens, reasoning_tokens = excluded.reasoning_tokens,
      model = excluded.model
    -- To the last figure and the model, so that it does not matter which of two came first.
    where (
      excluded.output_tokens, excluded.input_tokens + excluded.cache_read_tokens + excluded.cache_write_tokens,
      excluded.input_tokens, excluded.cache_write_tokens, excluded.model
    ) > (
      s.output_tokens, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens, s.input_tokens, s.cache_write_tokens, s.model
    )
    returning usage_id
  )
  select array_agg(distinct k.usage_id) from kept as k
$$;

-- function leave_executions()

CREATE FUNCTION telemetry.leave_executions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  update telemetry.agent_executions as e
  set task_id = null
  where e.task_id in (select o.id from old_rows as o);
  return null;
end
$$;

-- function lock_budget(uuid)

CREATE FUNCTION telemetry.lock_budget(p_id uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:budget');
  return (select b.version from telemetry.budgets as b where b.id = p_id for no key update);
end
$$;

-- function lock_stored(text, text)

CREATE FUNCTION telemetry.lock_stored(p_project_key text, p_session_id text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select pg_advisory_xact_lock(
    hashtextextended('telemetry.store', 0) # hashtextextended(p_project_key, 1) # hashtextextended(p_session_id, 2)
  )
$$;

-- function name_by_order(jsonb)

CREATE FUNCTION telemetry.name_by_order(p_sightings jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $_$
declare
  named jsonb;
begin
  if not jsonb_path_exists(p_sightings, '$[*] ? (@.ordinal_base != null)') then
    return p_sightings;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('telemetry.ordinal', 0) # b.hash)
  from (
    select distinct hashtextextended(coalesce(u.session_id::text, u.ordinal_base), 0) as hash
    from telemetry.orders_told(p_sightings) as u
    where u.ordinal_base is not null
    order by 1
  ) as b;
  select jsonb_agg(
    case
      when o.key is not null then jsonb_set(t.told, '{keys}', jsonb_build_array(o.key))
      when n.key is not null then jsonb_set(t.told, '{keys}', to_jsonb(t.keys || n.key))
      else t.told
    end
    order by t.pos
  ) into named
  from telemetry.orders_told(p_sightings) as t
  left join telemetry.numbers_for_names(p_sightings) as o on o.pos = t.pos
  left join telemetry.numbers_beside_names(p_sightings) as n on n.ordinal_base = t.ordinal_base and n.name = t.keys[1]
  where t.keys <> '{}'
    or o.key is not null;
  return coalesce(named, '[]');
end
$_$;

-- function named_usage(jsonb)

CREATE FUNCTION telemetry.named_usage(p_sightings jsonb) RETURNS TABLE(pos bigint, usage_id uuid)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
  select g.pos, g.usage_id
  from (
    select
      u.pos, u.keys, k.key, k.usage_id, starts_with(k.key, 'claude:req:') as weak,
      row_number() over (partition by k.key, cardinality(u.keys) = 1 order by u.pos) as place
    from telemetry.names_told(p_sightings) as u
    cross join lateral unnest(u.keys) as n (key)
    join telemetry.usage_keys as k on k.key = n.key
  ) as g
  where not g.weak
    or cardinality(g.keys) = 1
    or (
      g.place = 1
      and not exists (
        select
        from telemetry.usage_keys as o
        where o.usage_id = g.usage_id
          -- Not starts_with: the names that begin so are half of the index, and a plan made while it was small would walk
          -- them for each response.
          and left(o.key, 11) = 'claude:msg:'
          and o.key <> all (g.keys)
      )
    )
$$;

-- function names_of(text, text[])

CREATE FUNCTION telemetry.names_of(p_by text, p_keys text[]) RETURNS TABLE(key text, name text, title text, project text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'work', 'projects', 'agents', 'pg_temp'
    AS $$
  select p.id::text, p.slug, p.name, p.slug
  from projects.projects as p
  where p_by = 'project' and p.id = any (p_keys::uuid[])
  union all
  select t.id::text, p.key || '-' || t.number, t.title, p.slug
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where p_by = 'task' and t.id = any (p_keys::uuid[])
  union all
  select e.id::text, p.key || '/' || e.epic_id, e.title, p.slug
  from work.epics as e
  join projects.projects as p on p.id = e.project_id
  where p_by = 'epic' and e.id = any (p_keys::uuid[])
  union all
  select a.id::text, a.name, null, null
  from agents.agents as a
  where p_by = 'agent' and a.id = any (p_keys::uuid[])
  union all
  select s.id::text, s.agent_id || ' ' || left(s.external_id, 8), s.title, p.slug
  from telemetry.agent_sessions as s
  join projects.projects as p on p.id = s.project_id
  where p_by = 'session' and s.id = any (p_keys::uuid[])
  union all
  select distinct on (c.sha) c.sha, left(c.sha, 10), c.subject, null
  from telemetry.session_commits as c
  where p_by = 'commit' and c.sha = any (p_keys)
$$;

-- function names_told(jsonb)

CREATE FUNCTION telemetry.names_told(p_sightings jsonb) RETURNS TABLE(pos bigint, keys text[])
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select e.pos, t.keys
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (keys text[])
$$;

-- function no_project()

CREATE FUNCTION telemetry.no_project() RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT '00000000-0000-7000-8000-000000000001'::uuid AS uuid;
END;

-- function not_ahead(timestamp with time zone)

CREATE FUNCTION telemetry.not_ahead(p_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_at > (statement_timestamp() + '00:01:00'::interval)) THEN (statement_timestamp() + '00:01:00'::interval)
             ELSE p_at
         END AS p_at;
END;

-- function note_sessions(jsonb)

CREATE FUNCTION telemetry.note_sessions(p_sessions jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  known jsonb;
  changed uuid[];
begin
  perform kit.authorize('telemetry:write');
  select coalesce(jsonb_object_agg(o.id, jsonb_build_array(o.project_id, o.registered_agent_id)), '{}') into known
  from (
    select s.id, s.project_id, s.registered_agent_id
    from telemetry.agent_sessions as s
    where s.id in (select n.id from jsonb_to_recordset(p_sessions) as n (id uuid))
    order by s.id
    for no key update
  ) as o;
  select array_agg(p.id order by p.id) into changed
  from telemetry.put_sessions(p_sessions) as p
  where not p.is_new
    and known -> p.id::text is distinct from jsonb_build_array(p.project_id, p.registered_agent_id);
  if changed is null then
    return;
  end if;
  -- Responses are taken in under the weaker lock on their session: each is either shared out below or sees the change.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id = any (changed)
  order by s.id
  for update;
  perform telemetry.attribute_sessions(changed);
end
$$;

-- function numbers_beside_names(jsonb)

CREATE FUNCTION telemetry.numbers_beside_names(p_sightings jsonb) RETURNS TABLE(ordinal_base text, name text, key text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
  with fresh as materialized (
    select distinct on (u.ordinal_base, u.keys[1]) u.ordinal_base, u.keys[1] as name, u.at
    from telemetry.orders_told(p_sightings) as u
    where u.ordinal_base is not null
      and u.keys <> '{}'
      and not exists (
        select
        from unnest(u.keys) as n (key)
        join telemetry.usage_keys as k on k.key = n.key
        join telemetry.usage_keys as o on o.usage_id = k.usage_id
        where left(o.key, length(u.ordinal_base) + 1) = u.ordinal_base || '#'
      )
    order by u.ordinal_base, u.keys[1], u.at
  ),
  placed as (
    select f.ordinal_base, f.name, row_number() over (partition by f.ordinal_base order by f.at, f.name) as place
    from fresh as f
  ),
  -- Looked for until there are enough. Some more than are known: figures of a source change, and their number stays taken.
  free as (
    select b.ordinal_base, g.number, row_number() over (partition by b.ordinal_base order by g.number) as place
    from (
      select f.ordinal_base, count(*) as many, (
        select count(*)
        from telemetry.usage_sightings as s
        where s.ordinal_base = f.ordinal_base
      ) as known
      from fresh as f
      group by f.ordinal_base
    ) as b
    cross join lateral (
      select n.number
      from generate_series(1, b.many + b.known + 16) as n (number)
      where not exists (
        select
        from telemetry.usage_keys as k
        join telemetry.usage_keys as o on o.usage_id = k.usage_id
        where k.key = b.ordinal_base || '#' || n.number
          -- Also where its lines are being read anew: the names stay.
          and left(o.key, 11) in ('claude:msg:', 'claude:uuid', 'claude:line')
      )
      limit b.many
    ) as g
  )
  select p.ordinal_base, p.name, p.ordinal_base || '#' || f.number
  from placed as p
  join free as f on f.ordinal_base = p.ordinal_base and f.place = p.place
$$;

-- function numbers_for_names(jsonb)

CREATE FUNCTION telemetry.numbers_for_names(p_sightings jsonb) RETURNS TABLE(pos bigint, key text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select o.pos, o.ordinal_base || '#' || (o.place + o.earlier)
  from (
    select
      x.pos, x.ordinal_base,
      row_number() over (partition by x.source, x.ordinal_base order by x.at, x.source_key) as place,
      (
        select count(*)
        from telemetry.usage_sightings as s
        where s.ordinal_base = x.ordinal_base
          and s.source = x.source
      ) as earlier
    from (
      select distinct on (u.source, u.source_key) u.pos, u.source, u.source_key, u.ordinal_base, u.at
      from telemetry.orders_told(p_sightings) as u
      where u.keys = '{}'
        and not exists (
          select
          from telemetry.usage_sightings as s
          where s.source = u.source
            and s.source_key = u.source_key
        )
      order by u.source, u.source_key, u.pos
    ) as x
  ) as o
$$;

-- function open_executions(uuid[], uuid[], jsonb[])

CREATE FUNCTION telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  session constant uuid := telemetry.acting_session();
begin
  if session is not null then
    -- Whoever takes in what this session spent waits until its new task can be seen.
    perform s.id
    from telemetry.agent_sessions as s
    where s.id = session
    for update;
  end if;
  with lost as (
    update telemetry.agent_executions as e
    set status = 'failure', completed_at = clock_timestamp(), error_message = 'nobody said how it ended'
    where e.task_id = any (p_task_ids)
      and e.completed_at is null
  )
  insert into telemetry.agent_executions (agent_id, task_id, project_id, session_id, started_at)
  select c.agent_id, c.task_id, t.project_id, session, clock_timestamp()
  from unnest(p_task_ids, p_agent_ids) as c (task_id, agent_id)
  join work.tasks as t on t.id = c.task_id;
  if session is not null then
    insert into telemetry.session_tasks (session_id, task_id, source, stretch, execution_id, from_at)
    select session, e.task_id, 'claim', e.id::text, e.id, e.started_at
    from telemetry.agent_executions as e
    where e.task_id = any (p_task_ids)
      and e.completed_at is null
    on conflict do nothing;
  end if;
end
$$;

-- function orders_told(jsonb)

CREATE FUNCTION telemetry.orders_told(p_sightings jsonb) RETURNS TABLE(pos bigint, told jsonb, source text, source_key text, keys text[], ordinal_base text, session_id uuid, at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    e.pos, e.told, t.source,
    case when t.source = 'transcript' then concat_ws('/', t.session_id, t.source_key) else t.source_key end,
    coalesce(t.keys, '{}'), t.ordinal_base, t.session_id, t.at
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (
    source text, source_key text, keys text[], ordinal_base text, session_id uuid, at timestamptz
  )
$$;

-- function overview_by(uuid, uuid, uuid, uuid, text, text, date, date)

CREATE FUNCTION telemetry.overview_by(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) RETURNS TABLE(by text, key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT
         CASE GROUPING(u.model, u.project_id, u.task_id, u.registered_agent_id, u.agent_id)
             WHEN 15 THEN 'model'::text
             WHEN 23 THEN 'project'::text
             WHEN 27 THEN 'task'::text
             WHEN 29 THEN 'agent'::text
             WHEN 30 THEN 'client'::text
             ELSE 'total'::text
         END AS "case",
     COALESCE(u.model, (u.project_id)::text, (u.task_id)::text, (u.registered_agent_id)::text, u.agent_id, ''::text) AS "coalesce",
     (sum(u.calls))::bigint AS sum,
     (sum(u.unpriced_calls))::bigint AS sum,
     (sum(u.approximate_calls))::bigint AS sum,
     (sum(u.input_tokens))::bigint AS sum,
     (sum(u.output_tokens))::bigint AS sum,
     (sum(u.cache_read_tokens))::bigint AS sum,
     (sum(u.cache_write_tokens))::bigint AS sum,
     (sum(u.reasoning_tokens))::bigint AS sum,
         CASE
             WHEN (sum(u.calls) > sum(u.unpriced_calls)) THEN sum(u.cost_usd)
             ELSE NULL::numeric
         END AS "case"
    FROM telemetry.usage_within(overview_by.p_project_id, overview_by.p_task_id, overview_by.p_epic_id, overview_by.p_agent_id, overview_by.p_client, overview_by.p_model, overview_by.p_since, overview_by.p_until) u(day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd)
   GROUP BY GROUPING SETS ((u.model), (u.project_id), (u.task_id), (u.registered_agent_id), (u.agent_id), ())
  HAVING (sum(u.calls) > (0)::numeric);
END;

-- function period_start(text, date)

CREATE FUNCTION telemetry.period_start(p_period text, p_day date) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE p_period
             WHEN 'day'::text THEN p_day
             WHEN 'week'::text THEN (date_trunc('week'::text, (p_day)::timestamp without time zone))::date
             WHEN 'month'::text THEN (date_trunc('month'::text, (p_day)::timestamp without time zone))::date
             ELSE NULL::date
         END AS "case";
END;

-- table model_prices

CREATE TABLE telemetry.model_prices (
    id uuid DEFAULT kit.new_id() NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    above_input_tokens bigint DEFAULT 0 NOT NULL,
    effective_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    effective_until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    hours_from time without time zone,
    hours_until time without time zone,
    input_usd numeric(21,12) NOT NULL,
    output_usd numeric(21,12) NOT NULL,
    cache_read_usd numeric(21,12),
    cache_write_usd numeric(21,12),
    cache_write_1h_usd numeric(21,12),
    reasoning_usd numeric(21,12),
    request_usd numeric(21,12) DEFAULT 0 NOT NULL,
    source text NOT NULL,
    note text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT model_prices_above_input_tokens_check CHECK ((above_input_tokens >= 0)),
    CONSTRAINT model_prices_begin_before_they_end CHECK ((effective_from < effective_until)),
    CONSTRAINT model_prices_cache_read_usd_check CHECK ((cache_read_usd >= (0)::numeric)),
    CONSTRAINT model_prices_cache_write_1h_usd_check CHECK ((cache_write_1h_usd >= (0)::numeric)),
    CONSTRAINT model_prices_cache_write_usd_check CHECK ((cache_write_usd >= (0)::numeric)),
    CONSTRAINT model_prices_hours_whole CHECK (((hours_from IS NULL) = (hours_until IS NULL))),
    CONSTRAINT model_prices_input_usd_check CHECK ((input_usd >= (0)::numeric)),
    CONSTRAINT model_prices_model_check CHECK ((model ~ '\S'::text)),
    CONSTRAINT model_prices_output_usd_check CHECK ((output_usd >= (0)::numeric)),
    CONSTRAINT model_prices_provider_check CHECK ((provider ~ '\S'::text)),
    CONSTRAINT model_prices_reasoning_usd_check CHECK ((reasoning_usd >= (0)::numeric)),
    CONSTRAINT model_prices_request_usd_check CHECK ((request_usd >= (0)::numeric)),
    CONSTRAINT model_prices_source_check CHECK ((source = ANY (ARRAY['genai-prices'::text, 'override'::text])))
);

-- comment TABLE model_prices

COMMENT ON TABLE telemetry.model_prices IS 'What models cost and from when to when; an override comes before a list price.';

-- function price_for(text, text, timestamp with time zone, bigint, bigint, bigint, bigint, bigint, bigint)

CREATE FUNCTION telemetry.price_for(p_provider text, p_model text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) RETURNS TABLE(cost_usd numeric, price_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT LEAST(round((p.request_usd + ((((((((price_for.p_input)::numeric * p.input_usd) + (((price_for.p_output - LEAST(price_for.p_reasoning, price_for.p_output)))::numeric * p.output_usd)) + ((LEAST(price_for.p_reasoning, price_for.p_output))::numeric * COALESCE(p.reasoning_usd, p.output_usd))) + ((price_for.p_cache_read)::numeric * COALESCE(p.cache_read_usd, p.input_usd))) + (((price_for.p_cache_write - LEAST(price_for.p_cache_write_1h, price_for.p_cache_write)))::numeric * COALESCE(p.cache_write_usd, p.input_usd))) + ((LEAST(price_for.p_cache_write_1h, price_for.p_cache_write))::numeric * COALESCE(p.cache_write_1h_usd, p.cache_write_usd, p.input_usd))) / (1000000)::numeric)), 9), (999999999)::numeric) AS "least",
     p.id
    FROM telemetry.model_prices p
   WHERE ((lower(p.provider) = lower(price_for.p_provider)) AND (lower(p.model) = lower(price_for.p_model)) AND (price_for.p_at >= p.effective_from) AND (price_for.p_at < p.effective_until) AND ((p.above_input_tokens = 0) OR (p.above_input_tokens < ((price_for.p_input + price_for.p_cache_read) + price_for.p_cache_write))) AND telemetry.in_hours(price_for.p_at, p.hours_from, p.hours_until))
   ORDER BY (p.source = 'override'::text) DESC, (p.hours_from IS NOT NULL) DESC, p.effective_from DESC, p.above_input_tokens DESC
  LIMIT 1;
END;

-- table model_names

CREATE TABLE telemetry.model_names (
    name text NOT NULL,
    provider text,
    model text,
    found_by text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT model_names_found_by_check CHECK ((found_by = ANY (ARRAY['exact'::text, 'genai-prices'::text, 'person'::text])))
);

-- comment TABLE model_names

COMMENT ON TABLE telemetry.model_names IS 'Which priced model a name means that clients use, such as claude-sonnet-4-5-20250929.';

-- function price_of(text, timestamp with time zone, bigint, bigint, bigint, bigint, bigint, bigint)

CREATE FUNCTION telemetry.price_of(p_name text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) RETURNS TABLE(cost_usd numeric, price_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT p.cost_usd,
     p.price_id
    FROM (telemetry.model_names n
      CROSS JOIN LATERAL telemetry.price_for(n.provider, n.model, price_of.p_at, price_of.p_input, price_of.p_output, price_of.p_cache_read, price_of.p_cache_write, price_of.p_cache_write_1h, price_of.p_reasoning) p(cost_usd, price_id))
   WHERE (n.name = price_of.p_name);
END;

-- table token_usage

CREATE TABLE telemetry.token_usage (
    id uuid NOT NULL,
    session_id uuid,
    project_id uuid NOT NULL,
    task_id uuid,
    execution_id uuid,
    registered_agent_id uuid,
    agent_id text NOT NULL,
    model text NOT NULL,
    at timestamp with time zone NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_1h_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    cost_usd numeric(18,9),
    reported_cost_usd numeric(18,9),
    price_id uuid,
    duration_ms bigint,
    query_source text,
    subagent text,
    approximate boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT token_usage_cache_read_tokens_check CHECK (((cache_read_tokens >= 0) AND (cache_read_tokens <= '1000000000000'::bigint))),
    CONSTRAINT token_usage_cache_write_1h_tokens_check CHECK (((cache_write_1h_tokens >= 0) AND (cache_write_1h_tokens <= '1000000000000'::bigint))),
    CONSTRAINT token_usage_cache_write_tokens_check CHECK (((cache_write_tokens >= 0) AND (cache_write_tokens <= '1000000000000'::bigint))),
    CONSTRAINT token_usage_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT token_usage_input_tokens_check CHECK (((input_tokens >= 0) AND (input_tokens <= '1000000000000'::bigint))),
    CONSTRAINT token_usage_output_tokens_check CHECK (((output_tokens >= 0) AND (output_tokens <= '1000000000000'::bigint))),
    CONSTRAINT token_usage_reasoning_tokens_check CHECK (((reasoning_tokens >= 0) AND (reasoning_tokens <= '1000000000000'::bigint)))
)
WITH (fillfactor='90');

-- comment TABLE token_usage

COMMENT ON TABLE telemetry.token_usage IS 'One row for each response of a model, whichever and how many sources told of it.';

-- function priced_anew(timestamp with time zone, timestamp with time zone, text, uuid, boolean, timestamp with time zone, uuid, bigint)

CREATE FUNCTION telemetry.priced_anew(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean, p_after_at timestamp with time zone, p_after_id uuid, p_limit bigint) RETURNS TABLE(id uuid, at timestamp with time zone, old_cost numeric, old_price uuid, new_cost numeric, new_price uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT u.id,
     u.at,
     u.cost_usd,
     u.price_id,
     COALESCE(p.cost_usd, u.reported_cost_usd, (
         CASE
             WHEN (u.tokens = 0) THEN 0
             ELSE NULL::integer
         END)::numeric) AS "coalesce",
     p.price_id
    FROM (( SELECT t.id,
             t.at,
             t.model,
             t.cost_usd,
             t.price_id,
             t.reported_cost_usd,
             t.input_tokens,
             t.output_tokens,
             t.cache_read_tokens,
             t.cache_write_tokens,
             t.cache_write_1h_tokens,
             t.reasoning_tokens,
             (((t.input_tokens + t.output_tokens) + t.cache_read_tokens) + t.cache_write_tokens) AS tokens
            FROM telemetry.token_usage t
           WHERE (((priced_anew.p_since IS NULL) OR (t.at >= priced_anew.p_since)) AND ((priced_anew.p_until IS NULL) OR (t.at < priced_anew.p_until)) AND ((priced_anew.p_model IS NULL) OR (t.model = priced_anew.p_model)) AND ((priced_anew.p_project_id IS NULL) OR (t.project_id = priced_anew.p_project_id)) AND ((NOT priced_anew.p_unpriced_only) OR (t.cost_usd IS NULL)) AND ((priced_anew.p_after_at IS NULL) OR (ROW(t.at, t.id) > ROW(priced_anew.p_after_at, priced_anew.p_after_id))))
           ORDER BY t.at, t.id
          LIMIT priced_anew.p_limit) u
      LEFT JOIN LATERAL telemetry.price_of(u.model, u.at, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens, u.reasoning_tokens) p(cost_usd, price_id) ON (true));
END;

-- function put_costs(uuid[], numeric[], numeric[], uuid[])

CREATE FUNCTION telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
declare
  put integer;
begin
  perform t.id
  from telemetry.token_usage as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  update telemetry.token_usage as t
  set cost_usd = n.cost, price_id = n.price
  from unnest(p_ids, p_seen, p_costs, p_prices) as n (id, seen, cost, price)
  where t.id = n.id
    and t.cost_usd is not distinct from n.seen;
  get diagnostics put = row_count;
  return put;
end
$$;

-- function put_names(jsonb, boolean)

CREATE FUNCTION telemetry.put_names(p_names jsonb, p_again boolean) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  put integer;
begin
  perform kit.authorize(case when p_again or p_names @> '[{"found_by": "person"}]' then 'telemetry:prices' else 'telemetry:write' end);
  insert into telemetry.model_names as n (name, provider, model, found_by)
  select t.name, t.provider, t.model, t.found_by
  from jsonb_to_recordset(p_names) as t (name text, provider text, model text, found_by text)
  order by t.name
  on conflict (name) do update
  set provider = excluded.provider, model = excluded.model, found_by = excluded.found_by
  where (excluded.found_by = 'person' or (p_again and n.found_by is distinct from 'person'))
    and (n.provider, n.model, n.found_by) is distinct from (excluded.provider, excluded.model, excluded.found_by);
  get diagnostics put = row_count;
  return put;
end
$$;

-- function put_override(jsonb)

CREATE FUNCTION telemetry.put_override(p_price jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made uuid;
begin
  perform kit.authorize('telemetry:admin');
  -- Whatever the caller set: own prices are audited.
  perform set_config('steward.price_list', '', true);
  insert into telemetry.model_prices as p (
    provider, model, above_input_tokens, effective_from, effective_until, input_usd, output_usd, cache_read_usd,
    cache_write_usd, cache_write_1h_usd, reasoning_usd, request_usd, source, note
  )
  select
    t.provider, t.model, t.above_input_tokens, t.effective_from, t.effective_until, t.input_usd, t.output_usd,
    t.cache_read_usd, t.cache_write_usd, t.cache_write_1h_usd, t.reasoning_usd, t.request_usd, 'override',
    p_price ->> 'note'
  from telemetry.told_prices(jsonb_build_array(p_price)) as t
  on conflict (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) do update
  set
    effective_until = excluded.effective_until, input_usd = excluded.input_usd, output_usd = excluded.output_usd,
    cache_read_usd = excluded.cache_read_usd, cache_write_usd = excluded.cache_write_usd,
    cache_write_1h_usd = excluded.cache_write_1h_usd, reasoning_usd = excluded.reasoning_usd,
    request_usd = excluded.request_usd, note = excluded.note
  returning p.id into made;
  return made;
end
$$;

-- function put_prices(jsonb)

CREATE FUNCTION telemetry.put_prices(p_prices jsonb) RETURNS TABLE(added integer, changed integer, removed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:prices');
  perform pg_advisory_xact_lock(hashtextextended('telemetry.put_prices', 0));
  delete from telemetry.model_prices as p
  where p.source = 'genai-prices'
    and (p.provider, p.model) in (select t.provider, t.model from telemetry.told_prices(p_prices) as t)
    and (p.provider, p.model, p.above_input_tokens, p.effective_from, coalesce(p.hours_from::text, '')) not in (
      select t.provider, t.model, t.above_input_tokens, t.effective_from, coalesce(t.hours_from::text, '')
      from telemetry.told_prices(p_prices) as t
    );
  get diagnostics removed = row_count;
  perform set_config('steward.price_list', 'on', true);
  with put as (
    insert into telemetry.model_prices as p (
      provider, model, above_input_tokens, effective_from, effective_until, hours_from, hours_until, input_usd, output_usd,
      cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd, request_usd, source
    )
    select
      t.provider, t.model, t.above_input_tokens, t.effective_from, t.effective_until, t.hours_from, t.hours_until,
      t.input_usd, t.output_usd, t.cache_read_usd, t.cache_write_usd, t.cache_write_1h_usd, t.reasoning_usd,
      t.request_usd, 'genai-prices'
    from telemetry.told_prices(p_prices) as t
    order by t.provider, t.model, t.effective_from, t.above_input_tokens
    on conflict (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) do update
    set
      effective_until = excluded.effective_until, hours_until = excluded.hours_until, input_usd = excluded.input_usd,
      output_usd = excluded.output_usd, cache_read_usd = excluded.cache_read_usd,
      cache_write_usd = excluded.cache_write_usd, cache_write_1h_usd = excluded.cache_write_1h_usd,
      reasoning_usd = excluded.reasoning_usd, request_usd = excluded.request_usd
    where (
      p.effective_until, p.hours_until, p.input_usd, p.output_usd, p.cache_read_usd, p.cache_write_usd,
      p.cache_write_1h_usd, p.reasoning_usd, p.request_usd
    ) is distinct from (
      excluded.effective_until, excluded.hours_until, excluded.input_usd, excluded.output_usd, excluded.cache_read_usd,
      excluded.cache_write_usd, excluded.cache_write_1h_usd, excluded.reasoning_usd, excluded.request_usd
    )
    returning p.version
  )
  select count(*) filter (where t.version = 1), count(*) filter (where t.version > 1) into added, changed from put as t;
  perform set_config('steward.price_list', '', true);
  return next;
end
$$;

-- function put_sessions(jsonb)

CREATE FUNCTION telemetry.put_sessions(p_sessions jsonb) RETURNS TABLE(id uuid, project_id uuid, registered_agent_id uuid, is_new boolean)
    LANGUAGE sql
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
  insert into telemetry.agent_sessions as s (
    id, project_id, agent_id, agent_version, external_id, parent_session_id, user_id, workspace_id, registered_agent_id,
    title, cwd, git_branch, git_commit, repository_url, model, start_time, last_seen_at, end_time, context,
    project_certain
  )
  select
    n.id, coalesce(n.project_id, telemetry.no_project()), n.agent_id, n.agent_version, n.external_id, n.parent_session_id,
    coalesce(n.user_id, kit.actor_user()), n.workspace_id, n.registered_agent_id,
    left(n.title, 500), n.cwd, n.git_branch, n.git_commit, n.repository_url, n.model,
    telemetry.not_ahead(n.start_time), telemetry.not_ahead(greatest(n.last_seen_at, n.start_time)),
    telemetry.not_ahead(n.end_time), coalesce(n.context, '{}'),
    coalesce(n.project_certain, false)
  from jsonb_to_recordset(p_sessions) as n (
    id uuid, project_id uuid, agent_id text, agent_version text, external_id text, parent_session_id uuid, user_id uuid,
    workspace_id uuid, registered_agent_id uuid, title text, cwd text, git_branch text, git_commit text,
    repository_url text, model text, start_time timestamptz, last_seen_at timestamptz, end_time timestamptz,
    context jsonb, project_certain boolean
  )
  order by n.id
  on conflict (id) do update
  set
    project_id = case
      when excluded.project_id = telemetry.no_project() then s.project_id
      when s.project_id = telemetry.no_project() or (excluded.project_certain and not s.project_certain)
        then excluded.project_id
      else s.project_id
    end,
    project_certain = s.project_certain or excluded.project_certain,
    agent_version = coalesce(excluded.agent_version, s.agent_version),
    parent_session_id = coalesce(s.parent_session_id, excluded.parent_session_id),
    workspace_id = coalesce(s.workspace_id, excluded.workspace_id),
    registered_agent_id = coalesce(s.registered_agent_id, excluded.registered_agent_id),
    title = coalesce(excluded.title, s.title),
    cwd = coalesce(s.cwd, excluded.cwd),
    git_branch = coalesce(excluded.git_branch, s.git_branch),
    git_commit = coalesce(s.git_commit, excluded.git_commit),
    repository_url = coalesce(s.repository_url, excluded.repository_url),
    model = coalesce(excluded.model, s.model),
    start_time = least(s.start_time, excluded.start_time),
    last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
    end_time = greatest(s.end_time, excluded.end_time),
    context = s.context || excluded.context,
    -- What goes on is scored anew when it ends.
    quality_score = case when excluded.last_seen_at <= s.last_seen_at then s.quality_score end
  returning s.id, s.project_id, s.registered_agent_id, s.xmax = 0
$$;

-- function put_ties(jsonb)

CREATE FUNCTION telemetry.put_ties(p_ties jsonb) RETURNS TABLE(session_id uuid, from_at timestamp with time zone, until_at timestamp with time zone)
    LANGUAGE sql
    SET search_path TO 'telemetry', 'work', 'pg_temp'
    AS $$
  with told as (
    select
      t.session_id, t.task_id, t.source, coalesce(t.stretch, '') as stretch, e.id as execution_id, t.from_at, t.until_at
    from jsonb_to_recordset(p_ties) as t (
      session_id uuid, task_id uuid, source text, stretch text, execution_id uuid, from_at timestamptz,
      until_at timestamptz
    )
    join work.tasks as w on w.id = t.task_id
    left join telemetry.agent_executions as e on e.id = t.execution_id and e.task_id = t.task_id
  ),
  before as (
    select s.session_id, s.task_id, s.source, s.stretch, s.execution_id, s.from_at, s.until_at
    from telemetry.session_tasks as s
    join told as t using (session_id, task_id, source, stretch)
  ),
  put as (
    insert into telemetry.session_tasks as s (session_id, task_id, source, stretch, execution_id, from_at, until_at)
    select t.session_id, t.task_id, t.source, t.stretch, t.execution_id, t.from_at, t.until_at
    from told as t
    order by t.session_id, t.task_id, t.source, t.stretch
    on conflict (session_id, task_id, source, stretch) do update
    set
      from_at = least(s.from_at, excluded.from_at),
      until_at = greatest(s.until_at, excluded.until_at),
      execution_id = coalesce(s.execution_id, excluded.execution_id)
    where excluded.from_at < s.from_at
      or greatest(s.until_at, excluded.until_at) is distinct from s.until_at
      or (s.execution_id is null and excluded.execution_id is not null)
    returning session_id, task_id, source, stretch, execution_id, from_at, until_at
  )
  select
    p.session_id,
    case
      when b.from_at = p.from_at and b.execution_id is not distinct from p.execution_id then least(b.until_at, p.until_at)
      else p.from_at
    end,
    case when b.session_id is not null and b.until_at is null then 'infinity' else coalesce(p.until_at, 'infinity') end
  from put as p
  left join before as b using (session_id, task_id, source, stretch)
$$;

-- function quality_of(bigint, bigint, bigint, bigint, bigint)

CREATE FUNCTION telemetry.quality_of(p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT round(GREATEST((0)::numeric, LEAST((100)::numeric, ((((100 - LEAST((5 * p_errors), (30)::bigint)))::numeric - COALESCE(((20)::numeric * ((1)::numeric - ((LEAST(p_tests_passed, p_tests_run))::numeric / (NULLIF(p_tests_run, 0))::numeric))), (0)::numeric)) - COALESCE(((20)::numeric * ((1)::numeric - ((LEAST(p_build_successes, p_build_attempts))::numeric / (NULLIF(p_build_attempts, 0))::numeric))), (0)::numeric)))), 2) AS round;
END;

-- function rebuild_days()

CREATE FUNCTION telemetry.rebuild_days() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made bigint;
begin
  perform kit.authorize('telemetry:admin');
  lock table telemetry.token_usage in share mode;
  lock table telemetry.usage_deltas in exclusive mode;
  lock table telemetry.usage_days in exclusive mode;
  delete from telemetry.usage_deltas;
  delete from telemetry.usage_days;
  insert into telemetry.usage_days (
    day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
    output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
  )
  select
    (t.at at time zone z.name)::date, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model, count(*),
    count(*) filter (where t.cost_usd is null), count(*) filter (where t.approximate), sum(t.input_tokens),
    sum(t.output_tokens), sum(t.cache_read_tokens), sum(t.cache_write_tokens), sum(t.reasoning_tokens),
    coalesce(sum(t.cost_usd), 0)
  from telemetry.token_usage as t
  cross join (
    select coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC') as name
  ) as z
  group by 1, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model;
  get diagnostics made = row_count;
  return made;
end
$$;

-- function refuse_agents(text, text, text)

CREATE FUNCTION telemetry.refuse_agents(p_permission text DEFAULT 'telemetry:budget'::text, p_said text DEFAULT 'budgets are set by people'::text, p_ask text DEFAULT 'the person who set it'::text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize(p_permission);
  if kit.actor_agent() is not null or kit.actor_role() = 'agent' then
    raise exception '%', p_said
      using errcode = 'ST403', hint = format('ask %s; `steward work ask` puts a question', p_ask);
  end if;
end
$$;

-- function reprice_batch(uuid, integer)

CREATE FUNCTION telemetry.reprice_batch(p_id uuid, p_limit integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  asked record;
  done record;
  put integer;
begin
  perform kit.authorize('telemetry:prices');
  select r.since, r.until, r.model, r.project_id, r.unpriced_only, r.after_at, r.after_id into asked
  from telemetry.repricings as r
  where r.id = p_id
    and r.completed_at is null
  for update;
  if not found then
    return false;
  end if;
  select
    count(*) as seen, coalesce(sum(n.old_cost), 0) as before, coalesce(sum(n.new_cost), 0) as after, max(n.at) as last_at,
    (array_agg(n.id order by n.at desc, n.id desc))[1] as last_id,
    array_agg(n.id) filter (where n.changes) as ids, array_agg(n.old_cost) filter (where n.changes) as old_costs,
    array_agg(n.new_cost) filter (where n.changes) as new_costs, array_agg(n.new_price) filter (where n.changes) as prices
  into done
  from (
    select a.id, a.at, a.old_cost, a.new_cost, a.new_price, (a.old_cost, a.old_price) is distinct from (a.new_cost, a.new_price) as changes
    from telemetry.priced_anew(
      asked.since, asked.until, asked.model, asked.project_id, asked.unpriced_only, asked.after_at, asked.after_id, p_limit
    ) as a
  ) as n;
  put := telemetry.put_costs(done.ids, done.old_costs, done.new_costs, done.prices);
  update telemetry.repricings as r
  set
    after_at = coalesce(done.last_at, r.after_at), after_id = coalesce(done.last_id, r.after_id),
    seen = r.seen + done.seen, changed = r.changed + put, cost_before = r.cost_before + done.before,
    cost_after = r.cost_after + done.after, completed_at = case when done.seen < p_limit then clock_timestamp() end
  where r.id = p_id;
  return done.seen >= p_limit;
end
$$;

-- function responses_within(uuid, uuid, uuid, uuid, uuid, text, text, date, date)

CREATE FUNCTION telemetry.responses_within(p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) RETURNS TABLE(id uuid, at timestamp with time zone, session_id uuid, project_id uuid, task_id uuid, registered_agent_id uuid, agent_id text, model text, query_source text, subagent text, approximate boolean, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT u.id,
     u.at,
     u.session_id,
     u.project_id,
     u.task_id,
     u.registered_agent_id,
     u.agent_id,
     u.model,
     u.query_source,
     u.subagent,
     u.approximate,
     u.input_tokens,
     u.output_tokens,
     u.cache_read_tokens,
     u.cache_write_tokens,
     u.reasoning_tokens,
     u.cost_usd
    FROM telemetry.token_usage u
   WHERE (((responses_within.p_session_id IS NULL) OR (u.session_id = responses_within.p_session_id)) AND ((responses_within.p_project_id IS NULL) OR (u.project_id = responses_within.p_project_id)) AND ((responses_within.p_task_id IS NULL) OR (u.task_id = responses_within.p_task_id)) AND ((responses_within.p_epic_id IS NULL) OR (u.task_id IN ( SELECT t.id
            FROM work.tasks t
           WHERE (t.epic_id = responses_within.p_epic_id)))) AND ((responses_within.p_agent_id IS NULL) OR (u.registered_agent_id = responses_within.p_agent_id)) AND ((responses_within.p_client IS NULL) OR (u.agent_id = responses_within.p_client)) AND ((responses_within.p_model IS NULL) OR (u.model = responses_within.p_model)) AND ((responses_within.p_since IS NULL) OR (u.at >= telemetry.day_start(responses_within.p_since))) AND ((responses_within.p_until IS NULL) OR (u.at < telemetry.day_start((responses_within.p_until + 1)))));
END;

-- table session_commits

CREATE TABLE telemetry.session_commits (
    session_id uuid NOT NULL,
    sha text NOT NULL,
    committed_at timestamp with time zone NOT NULL,
    subject text,
    branch text,
    source text NOT NULL,
    CONSTRAINT session_commits_sha_check CHECK ((sha ~ '^[0-9a-f]{7,64}$'::text))
);

-- comment TABLE session_commits

COMMENT ON TABLE telemetry.session_commits IS 'Commits that were made in a session.';

-- function responses_by(text, uuid, uuid, uuid, uuid, uuid, text, text, date, date)

CREATE FUNCTION telemetry.responses_by(p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) RETURNS TABLE(key text, calls bigint, unpriced_calls bigint, approximate_calls bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, cost_usd numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(
         CASE
             WHEN (responses_by.p_by = 'session'::text) THEN (u.session_id)::text
             WHEN (responses_by.p_by = 'commit'::text) THEN c.sha
             WHEN (responses_by.p_by = 'subagent'::text) THEN u.subagent
             WHEN (responses_by.p_by = 'query_source'::text) THEN u.query_source
             WHEN (responses_by.p_by = 'epic'::text) THEN (t.epic_id)::text
             WHEN (responses_by.p_by = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])) THEN ((date_trunc(responses_by.p_by, (telemetry.day_of(u.at))::timestamp without time zone))::date)::text
             ELSE telemetry.day_key(responses_by.p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
         END, ''::text) AS "coalesce",
     count(*) AS count,
     count(*) FILTER (WHERE (u.cost_usd IS NULL)) AS count,
     count(*) FILTER (WHERE u.approximate) AS count,
     (sum(u.input_tokens))::bigint AS sum,
     (sum(u.output_tokens))::bigint AS sum,
     (sum(u.cache_read_tokens))::bigint AS sum,
     (sum(u.cache_write_tokens))::bigint AS sum,
     (sum(u.reasoning_tokens))::bigint AS sum,
     sum(u.cost_usd) AS sum
    FROM ((telemetry.responses_within(responses_by.p_session_id, responses_by.p_project_id, responses_by.p_task_id, responses_by.p_epic_id, responses_by.p_agent_id, responses_by.p_client, responses_by.p_model, responses_by.p_since, responses_by.p_until) u(id, at, session_id, project_id, task_id, registered_agent_id, agent_id, model, query_source, subagent, approximate, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd)
      LEFT JOIN work.tasks t ON ((t.id = u.task_id)))
      LEFT JOIN LATERAL ( SELECT s.sha
            FROM telemetry.session_commits s
           WHERE ((responses_by.p_by = 'commit'::text) AND (s.session_id = u.session_id) AND (s.committed_at >= u.at))
           ORDER BY s.committed_at, s.sha
          LIMIT 1) c ON (true))
   GROUP BY COALESCE(
         CASE
             WHEN (responses_by.p_by = 'session'::text) THEN (u.session_id)::text
             WHEN (responses_by.p_by = 'commit'::text) THEN c.sha
             WHEN (responses_by.p_by = 'subagent'::text) THEN u.subagent
             WHEN (responses_by.p_by = 'query_source'::text) THEN u.query_source
             WHEN (responses_by.p_by = 'epic'::text) THEN (t.epic_id)::text
             WHEN (responses_by.p_by = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])) THEN ((date_trunc(responses_by.p_by, (telemetry.day_of(u.at))::timestamp without time zone))::date)::text
             ELSE telemetry.day_key(responses_by.p_by, u.project_id, u.task_id, u.registered_agent_id, u.agent_id, u.model)
         END, ''::text);
END;

-- function score_session(uuid)

CREATE FUNCTION telemetry.score_session(p_session_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  update telemetry.agent_sessions as s
  set quality_score = v.quality_score
  from telemetry.agent_session_summary as v
  where s.id = p_session_id
    and v.id = s.id
$$;

-- function score_sessions(integer)

CREATE FUNCTION telemetry.score_sessions(p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  scored integer;
begin
  perform kit.authorize('telemetry:write');
  with due as (
    select s.id
    from telemetry.agent_sessions as s
    where s.quality_score is null
      and telemetry.session_end(s.end_time, s.last_seen_at) is not null
    order by s.last_seen_at desc
    limit p_limit
    for no key update skip locked
  )
  update telemetry.agent_sessions as s
  set quality_score = v.quality_score
  from due
  join telemetry.agent_session_summary as v on v.id = due.id
  where s.id = due.id;
  get diagnostics scored = row_count;
  return scored;
end
$$;

-- function session_end(timestamp with time zone, timestamp with time zone)

CREATE FUNCTION telemetry.session_end(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_last_seen_at <= (p_end_time + '00:01:00'::interval)) THEN p_end_time
             WHEN (p_last_seen_at < (now() - '00:30:00'::interval)) THEN p_last_seen_at
             ELSE NULL::timestamp with time zone
         END AS "case";
END;

-- function session_pulse()

CREATE FUNCTION telemetry.session_pulse() RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select concat_ws(
    '.',
    (select max(s.last_seen_at) from telemetry.agent_sessions as s),
    (select q.last_value + q.is_called::integer from telemetry.usage_deltas_id_seq as q)
  )
$$;

-- function session_state(timestamp with time zone, timestamp with time zone)

CREATE FUNCTION telemetry.session_state(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_last_seen_at <= (p_end_time + '00:01:00'::interval)) THEN 'ended'::text
             WHEN (p_last_seen_at < (now() - '00:30:00'::interval)) THEN 'silent'::text
             ELSE 'active'::text
         END AS "case";
END;

-- function session_time_buckets(text, uuid, text, timestamp with time zone, timestamp with time zone, integer)

CREATE FUNCTION telemetry.session_time_buckets(p_interval text, p_project_id uuid DEFAULT NULL::uuid, p_agent_id text DEFAULT NULL::text, p_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_limit integer DEFAULT 1000) RETURNS TABLE(bucket timestamp with time zone, session_count bigint, avg_duration numeric, total_duration bigint, tokens_used bigint, cost_usd numeric, avg_quality numeric, scored_sessions bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
begin
  if p_interval is null or p_interval not in (
    '1 minute', '5 minutes', '15 minutes', '30 minutes', '1 hour', '6 hours', '12 hours', '1 day', '1 week', '1 month'
  ) then
    raise exception 'interval: % is not allowed', coalesce(quote_literal(p_interval), 'nothing') using
      errcode = 'ST400', hint = 'take 1, 5, 15 or 30 minutes, 1, 6 or 12 hours, 1 day, 1 week or 1 month';
  end if;
  return query
  select
    telemetry.bucket_of(s.start_time, p_interval) as begin,
    count(*),
    round(avg(l.seconds), 3),
    sum(l.seconds)::bigint,
    coalesce(sum(u.total_tokens), 0)::bigint,
    coalesce(sum(u.cost_usd), 0),
    round(avg(s.quality_score), 2),
    count(s.quality_score)
  from telemetry.agent_sessions as s
  cross join lateral (
    select floor(extract(epoch from coalesce(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))
      as seconds
  ) as l
  left join lateral (
    select w.total_tokens, w.cost_usd
    from telemetry.session_spending as w
    where w.session_id = s.id
  ) as u on true
  where (p_project_id is null or s.project_id = p_project_id)
    and (p_agent_id is null or s.agent_id = p_agent_id)
    and s.start_time >= coalesce(p_from, '-infinity')
    and s.start_time < coalesce(p_until, 'infinity')
  group by 1
  order by 1 desc
  limit p_limit;
end
$$;

-- function sessions_of(uuid)

CREATE FUNCTION telemetry.sessions_of(p_task_id uuid) RETURNS uuid[]
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select array(
    select s.session_id
    from telemetry.session_tasks as s
    where s.task_id = p_task_id
    union
    select u.session_id
    from telemetry.token_usage as u
    where u.task_id = p_task_id
      and u.session_id is not null
  )
$$;

-- function settle_hooked_session(uuid)

CREATE FUNCTION telemetry.settle_hooked_session(p_session_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  started timestamptz;
  ended record;
begin
  perform kit.authorize('telemetry:write');
  -- The row's lock makes a second event of the session wait, and see the first.
  perform from telemetry.agent_sessions as s where s.id = p_session_id for no key update;
  select max(h.at) into started
  from telemetry.hook_events as h
  where h.session_id = p_session_id and h.event_name = 'SessionStart';
  select h.at, h.payload ->> 'reason' as reason into ended
  from telemetry.hook_events as h
  where h.session_id = p_session_id and h.event_name = 'SessionEnd'
  order by h.at desc
  limit 1;
  if ended.at is not null and (started is null or started <= ended.at) then
    update telemetry.agent_sessions as s
    set
      end_time = ended.at,
      outcome = case
        when s.outcome is null or s.context ? 'hook_outcome' then telemetry.hooked_outcome(p_session_id, ended.at, ended.reason)
        else s.outcome
      end,
      context = s.context || jsonb_strip_nulls(jsonb_build_object(
        'end_reason', ended.reason,
        'hook_outcome', case when s.outcome is null then true end
      ))
    where s.id = p_session_id;
  elsif started is not null then
    update telemetry.agent_sessions as s
    set
      end_time = null,
      outcome = case when s.context ? 'hook_outcome' then null else s.outcome end,
      context = s.context - 'hook_outcome' - 'end_reason'
    where s.id = p_session_id
      and s.end_time <= started;
  end if;
end
$$;

-- function settle_usage(uuid[])

CREATE FUNCTION telemetry.settle_usage(p_ids uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  made integer;
begin
  -- Ties of a session to tasks are written under the stronger lock: what is read of them below is all there is. As an
  -- array: a join was planned from all sessions to all that they hold, 12 of 33 ms for a batch of 500 records.
  perform n.id
  from telemetry.agent_sessions as n
  where n.id = any (array(select s.session_id from telemetry.usage_sightings as s where s.usage_id = any (p_ids)))
  order by n.id
  for key share;
  -- Two who tell of a response settle it one after the other: the second sees what the first one told.
  perform t.id
  from telemetry.token_usage as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  with settled as (
    insert into telemetry.token_usage as t (
      id, session_id, project_id, task_id, execution_id, registered_agent_id, agent_id, model, at, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens, cost_usd,
      reported_cost_usd, price_id, duration_ms, query_source, subagent, approximate
    )
    select
      s.usage_id, s.session_id,
      coalesce(w.project_id, nullif(n.project_id, telemetry.no_project()), s.project_id, telemetry.no_project()),
      w.task_id, w.execution_id, coalesce(w.agent_id, n.registered_agent_id), s.agent_id, s.model, s.at, s.input_tokens,
      s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cache_write_1h_tokens, s.reasoning_tokens,
      coalesce(
        p.cost_usd, s.reported_cost_usd,
        case when s.input_tokens + s.output_tokens + s.cache_read_tokens + s.cache_write_tokens = 0 then 0 end
      ),
      s.reported_cost_usd, p.price_id, s.duration_ms, s.query_source, s.subagent, s.approximate
    from telemetry.sighted_usage(p_ids) as s
    left join telemetry.agent_sessions as n on n.id = s.session_id
    left join lateral telemetry.work_at(s.session_id, s.at, s.task_id, s.execution_id) as w on true
    left join lateral telemetry.price_of(
      s.model, s.at, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cache_write_1h_tokens, s.reasoning_tokens
    ) as p on true
    order by s.usage_id
    on conflict (id) do update set
      session_id = excluded.session_id, project_id = excluded.project_id, task_id = excluded.task_id,
      execution_id = excluded.execution_id, registered_agent_id = excluded.registered_agent_id,
      agent_id = excluded.agent_id, model = excluded.model, at = excluded.at, input_tokens = excluded.input_tokens,
      output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens,
      cache_write_tokens = excluded.cache_write_tokens, cache_write_1h_tokens = excluded.cache_write_1h_tokens,
      reasoning_tokens = excluded.reasoning_tokens, cost_usd = excluded.cost_usd,
      reported_cost_usd = excluded.reported_cost_usd, price_id = excluded.price_id, duration_ms = excluded.duration_ms,
      query_source = excluded.query_source, subagent = excluded.subagent, approximate = excluded.approximate
    returning t.xmax = 0 as is_new
  )
  select count(*) filter (where s.is_new) into made from settled as s;
  return made;
end
$$;

-- function sighted_by_source(uuid[])

CREATE FUNCTION telemetry.sighted_by_source(p_session_ids uuid[]) RETURNS TABLE(session_id uuid, source text, responses bigint, only_here bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reported_cost_usd numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    b.session_id, b.source, count(*), count(*) filter (where b.sources = 1), sum(b.input_tokens)::bigint,
    sum(b.output_tokens)::bigint, sum(b.cache_read_tokens)::bigint, sum(b.cache_write_tokens)::bigint,
    sum(b.reported_cost_usd)
  from (
    -- A source may tell of one response twice; its fuller word is what it saw.
    select distinct on (s.usage_id, s.source)
      u.session_id, s.usage_id, s.source, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens,
      max(s.reported_cost_usd) over (partition by s.usage_id, s.source) as reported_cost_usd,
      (select count(distinct o.source) from telemetry.usage_sightings as o where o.usage_id = s.usage_id) as sources
    from telemetry.token_usage as u
    join telemetry.usage_sightings as s on s.usage_id = u.id
    where u.session_id = any (p_session_ids)
    order by
      s.usage_id, s.source, s.output_tokens desc, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens desc
  ) as b
  group by b.session_id, b.source
$$;

-- function sighted_usage(uuid[])

CREATE FUNCTION telemetry.sighted_usage(p_ids uuid[]) RETURNS TABLE(usage_id uuid, agent_id text, model text, at timestamp with time zone, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint, reasoning_tokens bigint, approximate boolean, session_id uuid, project_id uuid, task_id uuid, execution_id uuid, reported_cost_usd numeric, duration_ms bigint, query_source text, subagent text)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    b.usage_id, b.agent_id, b.model, a.at, b.input_tokens, b.output_tokens, b.cache_read_tokens, b.cache_write_tokens,
    b.cache_write_1h_tokens, b.reasoning_tokens, b.approximate, a.session_id, a.project_id, a.task_id, a.execution_id,
    a.reported_cost_usd, a.duration_ms, a.query_source, a.subagent
  from (
    select distinct on (s.usage_id)
      s.usage_id, s.agent_id, s.model, s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens,
      s.cache_write_1h_tokens, s.reasoning_tokens, s.approximate
    from telemetry.usage_sightings as s
    where s.usage_id = any (p_ids)
    order by
      s.usage_id, s.output_tokens desc, s.input_tokens + s.cache_read_tokens + s.cache_write_tokens desc,
      s.approximate, s.cache_write_1h_tokens desc, s.reasoning_tokens desc, s.source, s.source_key
  ) as b
  join (
    select
      s.usage_id,
      min(s.at) as at,
      (array_agg(s.session_id order by s.source = 'transcript', n.start_time, s.at, s.source_key)
        filter (where s.session_id is not null))[1] as session_id,
      (array_agg(s.project_id order by s.source, s.source_key) filter (where s.project_id is not null))[1] as project_id,
      (array_agg(s.task_id order by s.source, s.source_key) filter (where s.task_id is not null))[1] as task_id,
      (array_agg(s.execution_id order by s.source, s.source_key) filter (where s.execution_id is not null))[1]
        as execution_id,
      max(s.reported_cost_usd) as reported_cost_usd,
      max(s.duration_ms) as duration_ms,
      max(s.query_source) as query_source,
      max(s.subagent) as subagent
    from telemetry.usage_sightings as s
    left join telemetry.agent_sessions as n on n.id = s.session_id and s.source = 'transcript'
    where s.usage_id = any (p_ids)
    group by s.usage_id
  ) as a on a.usage_id = b.usage_id
$$;

-- function source_rank(text)

CREATE FUNCTION telemetry.source_rank(p_source text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_position(ARRAY['transcript'::text, 'hook'::text, 'otlp'::text, 'api'::text], p_source) AS array_position;
END;

-- function spent(uuid, uuid[], uuid, date)

CREATE FUNCTION telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date) RETURNS TABLE(cost_usd numeric, tokens bigint, unpriced_calls bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  return query
  select
    coalesce(sum(u.cost_usd), 0),
    -- Added up as numeric: what is more than a bigint holds must not refuse every claim.
    least(
      coalesce(sum(u.input_tokens) + sum(u.output_tokens) + sum(u.cache_read_tokens) + sum(u.cache_write_tokens), 0),
      9223372036854775807
    )::bigint,
    coalesce(sum(u.unpriced_calls), 0)::bigint
  from (
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.unpriced_calls, d.input_tokens, d.output_tokens,
      d.cache_read_tokens, d.cache_write_tokens, d.cost_usd
    from telemetry.usage_days as d
    union all
    select
      d.day, d.project_id, d.task_id, d.registered_agent_id, d.unpriced_calls, d.input_tokens, d.output_tokens,
      d.cache_read_tokens, d.cache_write_tokens, d.cost_usd
    from telemetry.usage_deltas as d
  ) as u
  where (p_from is null or u.day >= p_from)
    and (p_project_id is null or u.project_id = p_project_id)
    and (p_task_ids is null or u.task_id = any (p_task_ids))
    and (p_agent_id is null or u.registered_agent_id = p_agent_id);
end
$$;

-- function spent_in(uuid)

CREATE FUNCTION telemetry.spent_in(p_session_id uuid) RETURNS TABLE(responses bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, total_tokens bigint, cost_usd numeric, unpriced_calls bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT count(*) AS count,
     (COALESCE(sum(t.input_tokens), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(t.output_tokens), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(t.cache_read_tokens), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(t.cache_write_tokens), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum(t.reasoning_tokens), (0)::numeric))::bigint AS "coalesce",
     (COALESCE(sum((((t.input_tokens + t.output_tokens) + t.cache_read_tokens) + t.cache_write_tokens)), (0)::numeric))::bigint AS "coalesce",
     COALESCE(sum(t.cost_usd), (0)::numeric) AS "coalesce",
     count(*) FILTER (WHERE (t.cost_usd IS NULL)) AS count
    FROM telemetry.token_usage t
   WHERE (t.session_id = spent_in.p_session_id);
END;

-- function spent_words(uuid)

CREATE FUNCTION telemetry.spent_words(p_id uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select concat_ws(
    ' and ',
    telemetry.usd_of_words(s.spent_usd, b.limit_usd),
    s.spent_tokens || ' of ' || b.limit_tokens || ' tokens'
  ) || case b.period when 'day' then ' today' when 'total' then ' in all' else ' this ' || b.period end
  from telemetry.budgets as b
  join telemetry.budget_states(array[p_id]) as s on s.id = b.id
  where b.id = p_id
$$;

-- function store_append(text, text, text, text[], text[], text, bigint)

CREATE FUNCTION telemetry.store_append(p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint) RETURNS TABLE(added bigint, version bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  made bigint;
  last bigint;
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.lock_stored(p_project_key, p_session_id);
  select s.version into last
  from telemetry.session_store_summaries as s
  where s.project_key = p_project_key
    and s.session_id = p_session_id;
  if p_summary is not null and coalesce(last, 0) <> coalesce(p_seen, 0) then
    raise exception 'the summary of session % was folded from version %, and the last is %', p_session_id,
      coalesce(p_seen, 0), coalesce(last, 0)
      using errcode = 'ST412', hint = 'read it again with `steward telemetry store-summaries`, fold, and send it again';
  end if;
  with kept as (
    insert into telemetry.session_store (project_key, session_id, subpath, entry_uuid, entry)
    select p_project_key, p_session_id, p_subpath, e.uuid, e.entry
    from unnest(p_uuids, p_entries) with ordinality as e (uuid, entry, place)
    order by e.place
    on conflict do nothing
    returning position
  )
  select count(*) into made from kept;
  if p_subpath = '' then
    insert into telemetry.session_store_summaries as s (project_key, session_id, modified_at, version, summary)
    values (p_project_key, p_session_id, clock_timestamp(), 1, p_summary)
    on conflict (project_key, session_id) do update
    set modified_at = excluded.modified_at, version = s.version + 1, summary = coalesce(excluded.summary, s.summary)
    returning s.version into last;
  end if;
  return query select made, coalesce(last, 0);
end
$$;

-- function store_delete(text, text, text)

CREATE FUNCTION telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  gone bigint;
begin
  perform telemetry.refuse_agents('telemetry:write', 'kept sessions are deleted by people', 'a person');
  perform telemetry.lock_stored(p_project_key, p_session_id);
  delete from telemetry.session_store as s
  where s.project_key = p_project_key
    and s.session_id = p_session_id
    and (p_subpath = '' or s.subpath = p_subpath);
  get diagnostics gone = row_count;
  if p_subpath = '' then
    delete from telemetry.session_store_summaries as s
    where s.project_key = p_project_key
      and s.session_id = p_session_id;
  end if;
  return gone;
end
$$;

-- function tell_budgets()

CREATE FUNCTION telemetry.tell_budgets() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  told integer;
begin
  perform kit.authorize('telemetry:write');
  with now as materialized (
    select n.topic, n.level, n.message from telemetry.budget_notices() as n
  ),
  closed as (
    update kit.notices as k
    set dismissed_at = now()
    where k.topic like 'telemetry.budget %'
      and k.dismissed_at is null
      and not exists (select from now as n where n.topic = k.topic)
  )
  insert into kit.notices (topic, level, message)
  select n.topic, n.level, n.message
  from now as n
  where not exists (select from kit.notices as k where k.topic = n.topic and k.dismissed_at is null);
  get diagnostics told = row_count;
  return told;
end
$$;

-- function tie_by_names(jsonb)

CREATE FUNCTION telemetry.tie_by_names(p_named jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'projects', 'work', 'kit', 'pg_temp'
    AS $_$
declare
  ties jsonb;
begin
  perform kit.authorize('telemetry:write');
  with named as (
    select
      n.session_id, n.word, n.source, n.stretch, n.from_at, n.until_at,
      upper(split_part(n.word, '-', 1)) as key,
      case when n.word ~ '^[A-Za-z][A-Za-z0-9]*-[0-9]{1,9}$' then split_part(n.word, '-', 2)::bigint end as number,
      case when n.word ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then n.word::uuid end as id
    from jsonb_to_recordset(p_named) as n (
      session_id uuid, word text, source text, stretch text, from_at timestamptz, until_at timestamptz
    )
  ),
  meant as (
    select n.session_id, n.source, n.stretch, n.from_at, n.until_at, t.id, t.project_id
    from named as n
    join projects.projects as p on p.key = n.key and p.deleted_at is null
    join work.tasks as t on t.project_id = p.id and t.number = n.number
    where n.number is not null
    union all
    select n.session_id, n.source, n.stretch, n.from_at, n.until_at, t.id, t.project_id
    from named as n
    join work.tasks as t on t.id = n.id
  )
  select jsonb_agg(jsonb_build_object(
    'session_id', m.session_id, 'task_id', m.id, 'source', m.source, 'stretch', m.stretch, 'from_at', m.from_at,
    'until_at', m.until_at
  ))
  into ties
  from (
    select m.session_id, m.id, m.source, m.stretch, min(m.from_at) as from_at, max(m.until_at) as until_at
    from meant as m
    join telemetry.agent_sessions as s on s.id = m.session_id
    where m.source <> 'branch'
      or s.project_id in (m.project_id, telemetry.no_project())
    group by m.session_id, m.id, m.source, m.stretch
  ) as m;
  if ties is null then
    return 0;
  end if;
  perform telemetry.absorb_ties(ties);
  return jsonb_array_length(ties);
end
$_$;

-- function tie_run(uuid, uuid, text[], timestamp with time zone, timestamp with time zone, boolean)

CREATE FUNCTION telemetry.tie_run(p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamp with time zone, p_until timestamp with time zone, p_below boolean) RETURNS TABLE(session_id uuid, agent_id text, external_id text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  found_ids uuid[];
begin
  perform kit.authorize('telemetry:write');
  select array_agg(s.id order by s.id) into found_ids
  from telemetry.agent_sessions as s
  where s.last_seen_at >= p_since
    and s.start_time <= p_until
    and exists (
      select
      from unnest(p_folders) as f (folder)
      where s.cwd = f.folder
        or (p_below and starts_with(s.cwd, f.folder || '/'))
    )
    and not exists (
      select
      from telemetry.session_tasks as o
      where o.session_id = s.id
        and o.source in ('run', 'claim', 'resource')
        and (o.task_id <> p_task_id or o.execution_id <> p_execution_id)
        and o.from_at < p_until
        and (o.until_at is null or o.until_at > p_since)
    );
  if found_ids is null then
    return;
  end if;
  perform telemetry.absorb_ties((
    select jsonb_agg(jsonb_build_object(
      'session_id', i.id, 'task_id', p_task_id, 'source', 'run', 'stretch', coalesce(p_execution_id::text, ''),
      'execution_id', p_execution_id, 'from_at', p_since, 'until_at', p_until
    ))
    from unnest(found_ids) as i (id)
  ));
  return query
  select s.id, s.agent_id, s.external_id
  from telemetry.agent_sessions as s
  where s.id = any (found_ids)
  order by s.start_time, s.id;
end
$$;

-- function told_count(jsonb, text)

CREATE FUNCTION telemetry.told_count(p_metrics jsonb, p_name text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE jsonb_typeof((p_metrics -> p_name))
             WHEN 'number'::text THEN (trunc(LEAST(GREATEST(((p_metrics ->> p_name))::numeric, (0)::numeric), ('1000000000000000'::bigint)::numeric)))::bigint
             ELSE NULL::bigint
         END AS "case";
END;

-- function told_prices(jsonb)

CREATE FUNCTION telemetry.told_prices(p_prices jsonb) RETURNS TABLE(provider text, model text, above_input_tokens bigint, effective_from timestamp with time zone, effective_until timestamp with time zone, hours_from time without time zone, hours_until time without time zone, input_usd numeric, output_usd numeric, cache_read_usd numeric, cache_write_usd numeric, cache_write_1h_usd numeric, reasoning_usd numeric, request_usd numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    t.provider, t.model, coalesce(t.above_input_tokens, 0), coalesce(t.effective_from, '-infinity'),
    coalesce(t.effective_until, 'infinity'), t.hours_from, t.hours_until, round(t.input_usd, 12), round(t.output_usd, 12),
    round(t.cache_read_usd, 12), round(t.cache_write_usd, 12), round(t.cache_write_1h_usd, 12),
    round(t.reasoning_usd, 12), round(coalesce(t.request_usd, 0), 12)
  from jsonb_to_recordset(p_prices) as t (
    provider text, model text, above_input_tokens bigint, effective_from timestamptz, effective_until timestamptz,
    hours_from time, hours_until time, input_usd numeric, output_usd numeric, cache_read_usd numeric,
    cache_write_usd numeric, cache_write_1h_usd numeric, reasoning_usd numeric, request_usd numeric
  )
$$;

-- function took_ms(timestamp with time zone, timestamp with time zone)

CREATE FUNCTION telemetry.took_ms(p_from timestamp with time zone, p_until timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_until IS NOT NULL) THEN (GREATEST(round((EXTRACT(epoch FROM (p_until - p_from)) * (1000)::numeric)), (0)::numeric))::bigint
             ELSE NULL::bigint
         END AS "case";
END;

-- function untie(uuid, uuid, text)

CREATE FUNCTION telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
declare
  gone integer;
begin
  perform telemetry.refuse_agents('telemetry:write', 'sessions are tied by hand by people', 'a person');
  -- As in absorb_ties: a response that comes at once is either shared out below or no longer sees the tie.
  perform s.id
  from telemetry.agent_sessions as s
  where s.id = p_session_id
  for update;
  delete from telemetry.session_tasks as s
  where s.session_id = p_session_id
    and s.task_id = p_task_id
    and (p_source is null or s.source = p_source);
  get diagnostics gone = row_count;
  if gone > 0 then
    perform telemetry.attribute_sessions(array[p_session_id]);
  end if;
  return gone;
end
$$;

-- function update_budget(uuid, jsonb)

CREATE FUNCTION telemetry.update_budget(p_id uuid, p_budget jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform telemetry.refuse_agents();
  update telemetry.budgets as b
  set
    name = coalesce(t.name, b.name),
    limit_usd = case when t.limit_usd = -1 then null else coalesce(t.limit_usd, b.limit_usd) end,
    limit_tokens = case when t.limit_tokens = -1 then null else coalesce(t.limit_tokens, b.limit_tokens) end,
    warn_percent = coalesce(t.warn_percent, b.warn_percent),
    is_active = coalesce(t.is_active, b.is_active)
  from jsonb_to_record(p_budget) as t (
    name text, limit_usd numeric, limit_tokens bigint, warn_percent smallint, is_active boolean
  )
  where b.id = p_id;
end
$$;

-- function update_session(uuid, jsonb, jsonb, text)

CREATE FUNCTION telemetry.update_session(p_session_id uuid, p_context jsonb DEFAULT NULL::jsonb, p_metrics jsonb DEFAULT NULL::jsonb, p_title text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'telemetry', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('telemetry:write');
  update telemetry.agent_sessions
  set
    context = context || coalesce(p_context, '{}'),
    metrics = metrics || coalesce(p_metrics, '{}'),
    title = coalesce(left(p_title, 500), title),
    quality_score = case when p_metrics is null then quality_score end,
    last_seen_at = greatest(last_seen_at, clock_timestamp())
  where id = p_session_id;
  if not found then
    raise exception 'there is no session %', p_session_id using errcode = 'ST404';
  end if;
end
$$;

-- function usage_told(jsonb)

CREATE FUNCTION telemetry.usage_told(p_sightings jsonb) RETURNS TABLE(pos bigint, source text, source_key text, keys text[], ordinal_base text, session_id uuid, project_id uuid, task_id uuid, execution_id uuid, agent_id text, model text, at timestamp with time zone, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint, reasoning_tokens bigint, reported_cost_usd numeric, duration_ms bigint, query_source text, subagent text, approximate boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'telemetry', 'pg_temp'
    AS $$
  select
    e.pos, t.source,
    case when t.source = 'transcript' then concat_ws('/', t.session_id, t.source_key) else t.source_key end,
    t.keys, t.ordinal_base, t.session_id, t.project_id, t.task_id, t.execution_id,
    t.agent_id, t.model, telemetry.not_ahead(t.at),
    least(greatest(t.input_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.output_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_read_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_write_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.cache_write_1h_tokens, 0), 1000000000000)::bigint,
    least(greatest(t.reasoning_tokens, 0), 1000000000000)::bigint,
    telemetry.within_reason(t.reported_cost_usd, 1000000), telemetry.within_reason(t.duration_ms, 1000000000000)::bigint,
    t.query_source, t.subagent, coalesce(t.approximate, false)
  from jsonb_array_elements(p_sightings) with ordinality as e (told, pos)
  cross join lateral jsonb_to_record(e.told) as t (
    source text, source_key text, keys text[], ordinal_base text, session_id uuid, project_id uuid, task_id uuid,
    execution_id uuid, agent_id text, model text, at timestamptz, input_tokens numeric, output_tokens numeric,
    cache_read_tokens numeric, cache_write_tokens numeric, cache_write_1h_tokens numeric, reasoning_tokens numeric,
    reported_cost_usd numeric, duration_ms numeric, query_source text, subagent text, approximate boolean
  )
$$;

-- function usd_to(numeric, integer)

CREATE FUNCTION telemetry.usd_to(p_usd numeric, p_digits integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT round(p_usd, GREATEST(2, ((p_digits - 1) - (
         CASE
             WHEN (p_usd > (0)::numeric) THEN floor(log(p_usd))
             ELSE (0)::numeric
         END)::integer))) AS round;
END;

-- function usd_words(numeric)

CREATE FUNCTION telemetry.usd_words(p_usd numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ('$'::text || round(p_usd, GREATEST(2, min_scale(p_usd))));
END;

-- function usd_of_words(numeric, numeric)

CREATE FUNCTION telemetry.usd_of_words(p_spent numeric, p_limit numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ((telemetry.usd_words(
         CASE
             WHEN (p_spent >= (1)::numeric) THEN round(p_spent, 2)
             ELSE ( SELECT telemetry.usd_to(usd_of_words.p_spent, d.digits) AS usd_to
                FROM generate_series(2, 9) d(digits)
               WHERE ((d.digits = 9) OR (usd_of_words.p_spent = usd_of_words.p_limit) OR (telemetry.usd_to(usd_of_words.p_spent, d.digits) <> usd_of_words.p_limit))
               ORDER BY d.digits
              LIMIT 1)
         END) || ' of '::text) || telemetry.usd_words(p_limit));
END;

-- function within_reason(numeric, numeric)

CREATE FUNCTION telemetry.within_reason(p_told numeric, p_most numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_told IS NOT NULL) THEN LEAST(GREATEST(p_told, (0)::numeric), p_most)
             ELSE NULL::numeric
         END AS "case";
END;

-- table agent_executions

CREATE TABLE telemetry.agent_executions (
    id uuid DEFAULT kit.new_id() NOT NULL,
    agent_id uuid NOT NULL,
    task_id uuid,
    project_id uuid NOT NULL,
    session_id uuid,
    status text DEFAULT 'running'::text NOT NULL,
    result jsonb,
    error_message text,
    evidence_id uuid,
    parent_execution_id uuid,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT agent_executions_status CHECK (
CASE
    WHEN (completed_at IS NULL) THEN (status = ANY (ARRAY['pending'::text, 'running'::text]))
    ELSE (status = ANY (ARRAY['success'::text, 'failure'::text, 'timeout'::text]))
END)
)
WITH (fillfactor='50');

-- comment TABLE agent_executions

COMMENT ON TABLE telemetry.agent_executions IS 'One try of an agent at a task, from its claim to finish, failure, hand-back or the end of its lease.';

-- table session_tasks

CREATE TABLE telemetry.session_tasks (
    session_id uuid NOT NULL,
    task_id uuid NOT NULL,
    source text NOT NULL,
    execution_id uuid,
    stretch text DEFAULT ''::text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone,
    CONSTRAINT session_tasks_source_check CHECK ((source = ANY (ARRAY['run'::text, 'claim'::text, 'resource'::text, 'transcript'::text, 'branch'::text, 'person'::text])))
);

-- comment TABLE session_tasks

COMMENT ON TABLE telemetry.session_tasks IS 'Which task a session worked on, from when to when, and who says so; what a session spent goes by it.';

-- function work_at(uuid, timestamp with time zone, uuid, uuid)

CREATE FUNCTION telemetry.work_at(p_session_id uuid, p_at timestamp with time zone, p_task_id uuid, p_execution_id uuid) RETURNS TABLE(task_id uuid, execution_id uuid, project_id uuid, agent_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT w.id,
     e.id,
     w.project_id,
     e.agent_id
    FROM ((( SELECT work_at.p_task_id AS task_id,
             work_at.p_execution_id AS execution_id,
             0 AS rank,
             NULL::timestamp with time zone AS from_at
           WHERE (work_at.p_task_id IS NOT NULL)
         UNION ALL
          SELECT s.task_id,
             s.execution_id,
             array_position(ARRAY['person'::text, 'claim'::text, 'run'::text, 'resource'::text, 'transcript'::text, 'branch'::text], s.source) AS array_position,
             s.from_at
            FROM telemetry.session_tasks s
           WHERE ((s.session_id = work_at.p_session_id) AND (s.from_at <= work_at.p_at) AND ((s.until_at IS NULL) OR (s.until_at >= work_at.p_at)))) c
      JOIN work.tasks w ON ((w.id = c.task_id)))
      LEFT JOIN telemetry.agent_executions e ON ((e.id = c.execution_id)))
   ORDER BY c.rank, c.from_at DESC NULLS LAST, c.task_id
  LIMIT 1;
END;

-- function add_words()

CREATE FUNCTION work.add_words() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  insert into work.task_words (task_id)
  select n.id
  from new_rows as n;
  return null;
end
$$;

-- function advice(text, text, text[])

CREATE FUNCTION work.advice(p_kind text, p_text text, p_tasks text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select jsonb_build_object(
    'kind', p_kind,
    'advice', format(p_text, cardinality(p_tasks), array_to_string(p_tasks[1:10], ', ')),
    'count', cardinality(p_tasks),
    'tasks', to_jsonb(p_tasks[1:10])
  )
  where cardinality(p_tasks) > 0
$$;

-- function after_dependency_delete()

CREATE FUNCTION work.after_dependency_delete() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  perform work.refresh_touched(array(select distinct o.task_id from old_rows as o), null);
  return null;
end
$$;

-- function after_dependency_insert()

CREATE FUNCTION work.after_dependency_insert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  waiting uuid[];
  blockers uuid[];
  bad record;
begin
  select array_agg(distinct n.task_id), array_agg(distinct n.depends_on_task_id)
  into waiting, blockers
  from new_rows as n
  where n.dependency_type <> 'relates_to';
  if waiting is null then
    return null;
  end if;
  select t.number, b.number as other
  into bad
  from new_rows as n
  join work.tasks as t on t.id = n.task_id
  join work.tasks as b on b.id = n.depends_on_task_id
  where t.project_id <> b.project_id or t.project_id <> n.project_id
  limit 1;
  if found then
    raise exception 'tasks % and % belong to different projects', bad.number, bad.other
      using errcode = 'ST400', hint = 'only tasks of one project can wait for each other';
  end if;
  perform work.lock_graphs(array(select n.project_id from new_rows as n));
  perform t.id from work.tasks as t where t.id = any (blockers) order by t.id for share;
  perform work.check_cycles(waiting);
  perform work.refresh_queue(array(select work.with_descendants(waiting)));
  return null;
end
$$;

-- function after_task_insert()

CREATE FUNCTION work.after_task_insert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  ids uuid[];
  parents uuid[];
begin
  select array_agg(n.id), array_agg(distinct n.parent_task_id) filter (where n.parent_task_id is not null)
  into ids, parents
  from new_rows as n;
  if parents is not null then
    perform work.check_parents(ids);
  end if;
  -- An import looks once, after its dependencies are there: rows that would stand in the queue for a moment only are
  -- spared (a tenth of what a large file takes).
  if kit.setting('importing') is null then
    perform work.refresh_queue(ids || parents);
  end if;
  return null;
end
$$;

-- function after_task_update()

CREATE FUNCTION work.after_task_update() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  ids uuid[];
  moved uuid[];
  parents uuid[];
  closed uuid[];
  reordered uuid[];
  done uuid[];
  projects uuid[];
begin
  -- A full join, because the plan is kept: one made for a single row would compare each of many with each.
  select
    array_agg(n.id) filter (where (o.status, o.parent_task_id, o.deleted_at, o.assigned_user_id)
      is distinct from (n.status, n.parent_task_id, n.deleted_at, n.assigned_user_id)),
    array_agg(n.id) filter (where n.parent_task_id is distinct from o.parent_task_id and n.parent_task_id is not null),
    array_agg(o.parent_task_id) || array_agg(n.parent_task_id),
    array_agg(n.id) filter (where o.status <> n.status and n.status in ('done', 'failed', 'cancelled', 'deferred', 'draft')
      and o.parent_task_id is null and n.parent_task_id is null),
    array_agg(n.id) filter (where (o.priority, o.labels, o.required_capabilities)
      is distinct from (n.priority, n.labels, n.required_capabilities)),
    array_agg(n.id) filter (where o.status <> n.status and n.status = 'done'), array_agg(distinct n.project_id)
  into ids, moved, parents, closed, reordered, done, projects
  from new_rows as n
  full join old_rows as o on o.id = n.id;
  if closed is not null then
    -- Most of what is finished has nothing hanging on it.
    closed := work.untied(closed);
  end if;
  if done is not null and cardinality(closed) is distinct from cardinality(ids) then
    perform work.check_children(done);
  end if;
  if moved is not null then
    perform work.check_parents(moved);
  end if;
  if reordered is not null then
    update work.ready_queue as q
    set priority = t.priority, labels = t.labels, required_capabilities = t.required_capabilities
    from work.tasks as t
    where t.id = any (reordered)
      and q.task_id = t.id;
  end if;
  if cardinality(closed) > 0 then
    -- They leave the queue. As in refresh_queue: the project must not begin to hand them out unseen.
    perform pg_advisory_xact_lock_shared(work.queue_lock(p)) from unnest(projects) as p;
    delete from work.ready_queue as q
    where q.task_id = any (closed);
    if cardinality(closed) = cardinality(ids) then
      return null;
    end if;
    ids := array(select unnest(ids) except select unnest(closed));
  end if;
  if ids is not null and cardinality(ids) > 0 then
    perform work.refresh_touched(ids, parents);
  end if;
  return null;
end
$$;

-- function agent_figures()

CREATE FUNCTION work.agent_figures() RETURNS TABLE(agent_id uuid, finished integer, failed integer, held integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select
    a.id,
    (
      select count(*)::integer
      from (
        select
        from work.tasks as t
        where t.assigned_agent_id = a.id
          and t.status = 'done'
        limit 500
      ) as d
    ),
    (
      select count(*)::integer
      from (
        select
        from work.agent_failures as f
        where f.agent_id = a.id
          and f.failed_at > now() - interval '180 days'
        limit 500
      ) as d
    ),
    (
      select count(*)::integer
      from work.ready_queue as q
      where q.agent_id = a.id
        and q.lease_until > clock_timestamp()
    )
  from agents.agents as a
  where a.is_active
$$;

-- function analyse_tasks(uuid)

CREATE FUNCTION work.analyse_tasks(p_workflow_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  insert into work.task_analytics as a (
    task_id, project_id, complexity_score, estimated_effort_hours, actual_effort_hours, efficiency_ratio, quality_metrics,
    performance_metrics, dependency_impact_score, blocking_factor, critical_position, completion_velocity, error_count,
    retry_count, calculated_at
  )
  select
    t.id,
    t.project_id,
    t.complexity_score,
    round(t.estimated_minutes / 60.0, 2),
    round(t.actual_minutes / 60.0, 2),
    round(100.0 * nullif(t.estimated_minutes, 0) / nullif(t.actual_minutes, 0), 2),
    case
      when t.status not in ('done', 'failed') then '{}'
      else jsonb_build_object(
        'overall_score', case when t.status = 'failed' then 0 else round(100.0 / (1 + t.attempts), 2) end,
        'first_try', t.status = 'done' and t.attempts = 0
      )
    end,
    jsonb_strip_nulls(jsonb_build_object(
      'minutes_to_start', round(extract(epoch from t.started_at - t.created_at) / 60),
      'minutes_in_work', greatest(round((extract(epoch from t.completed_at - t.started_at) - work.waited_ms(t.id) / 1000.0) / 60), 0)
    )),
    round(100.0 * p.waiting / greatest(count(*) filter (where t.status not in ('done', 'cancelled')) over (), p.waiting, 1), 2),
    p.waiting,
    p.critical_position,
    round(60.0 * t.complexity_score / nullif(t.actual_minutes, 0), 2),
    t.attempts,
    greatest(t.attempts - (t.status = 'failed')::integer, 0),
    now()
  from work.workflow_places(p_workflow_id) as p
  join work.tasks as t on t.id = p.task_id
  order by t.id
  on conflict (task_id) do update
  set
    complexity_score = excluded.complexity_score,
    estimated_effort_hours = excluded.estimated_effort_hours,
    actual_effort_hours = excluded.actual_effort_hours,
    efficiency_ratio = excluded.efficiency_ratio,
    quality_metrics = a.quality_metrics || excluded.quality_metrics,
    performance_metrics = excluded.performance_metrics,
    dependency_impact_score = excluded.dependency_impact_score,
    blocking_factor = excluded.blocking_factor,
    critical_position = excluded.critical_position,
    completion_velocity = excluded.completion_velocity,
    error_count = excluded.error_count,
    retry_count = excluded.retry_count,
    calculated_at = excluded.calculated_at
$$;

-- function answer_question(uuid, text)

CREATE FUNCTION work.answer_question(p_id uuid, p_answer text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('work:write');
  if kit.actor_agent() is not null then
    raise exception 'the question is for a person, and agent % would answer it', kit.actor_agent()
      using errcode = 'ST403', hint = 'let a person answer: on the page, or without --agent';
  end if;
  perform work.lock_question(p_id);
  update work.questions as q
  set
    status = 'answered',
    answer = btrim(p_answer),
    choice = (select c from unnest(q.choices) as c where lower(btrim(c)) = lower(btrim(p_answer)) limit 1),
    answered_by = coalesce(kit.setting('user_name'), session_user::text),
    answered_by_user_id = kit.actor_user(),
    closed_at = clock_timestamp(),
    waited_ms = round(extract(epoch from clock_timestamp() - q.created_at) * 1000)::bigint
  where q.id = p_id;
  perform work.resume_task(p_id);
end
$$;

-- function ask_question(uuid, bigint, text, text[], integer, uuid, timestamp with time zone)

CREATE FUNCTION work.ask_question(p_task_id uuid, p_token bigint, p_question text, p_choices text[] DEFAULT '{}'::text[], p_urgency integer DEFAULT 5, p_user_id uuid DEFAULT NULL::uuid, p_expires_at timestamp with time zone DEFAULT (now() + '7 days'::interval)) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  agent uuid;
  asked record;
  made uuid;
begin
  perform kit.authorize('work:write');
  if p_token is null then
    raise exception 'only the agent that holds a task asks about it, and no token was given'
      using errcode = 'STW02', hint = 'claim the task and give the token that claim returned';
  end if;
  if p_expires_at <= now() then
    raise exception 'the question would expire at %, which is past', p_expires_at
      using errcode = 'ST400', hint = 'leave people some time to answer';
  end if;
  agent := work.pass(p_task_id, p_token, true);
  perform t.id from work.tasks as t where t.id = p_task_id for no key update;
  select q.id, q.question, q.status into asked
  from work.questions as q
  where q.task_id = p_task_id
    and q.token = p_token
    and (q.status = 'open' or q.question = p_question)
  order by q.question = p_question desc, q.created_at desc
  limit 1;
  if found and asked.question = p_question then
    return asked.id;
  elsif found then
    raise exception 'another question about this task is open: %', left(asked.question, 80)
      using errcode = 'STW10', hint = 'wait for its answer or withdraw it first';
  end if;
  insert into work.questions (project_id, task_id, agent_id, token, question, choices, urgency, asked_user_id, expires_at)
  select t.project_id, t.id, agent, p_token, p_question, p_choices, p_urgency, p_user_id, p_expires_at
  from work.tasks as t
  where t.id = p_task_id
  returning id into made;
  update work.tasks as t
  set status = 'awaiting_input', assigned_agent_id = agent, assigned_user_id = null
  where t.id = p_task_id;
  update work.ready_queue as q
  set lease_until = greatest(q.lease_until, p_expires_at + interval '10 minutes')
  where q.task_id = p_task_id;
  return made;
end
$$;

-- function blocked_tasks(uuid, uuid, integer)

CREATE FUNCTION work.blocked_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) RETURNS TABLE(id uuid, ref text, title text, status text, reason text, blockers text[], place bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with waiting as materialized (
    select w.task_id, w.place
    from work.waiting_tasks(p_project_id, p_task_id, p_limit) as w
  ),
  why as materialized (
    select r.task_id, r.reason, p.key || '-' || b.number as ref, b.number
    from work.reasons_of(array(select waiting.task_id from waiting)) as r
    join work.tasks as b on b.id = r.blocker_id
    join projects.projects as p on p.id = b.project_id
  )
  select
    t.id,
    p.key || '-' || t.number,
    t.title,
    t.status,
    coalesce(
      (select string_agg(distinct y.reason, ', ' order by y.reason) from why as y where y.task_id = t.id),
      case
        when p.status <> 'active' then 'its project is ' || p.status
        when t.assigned_user_id is not null then 'a person works on it'
        else 'its own status'
      end
    ),
    array(select y.ref from why as y where y.task_id = t.id group by y.ref, y.number order by y.number),
    waiting.place
  from waiting
  join work.tasks as t on t.id = waiting.task_id
  join projects.projects as p on p.id = t.project_id
$$;

-- table workflow_analytics

CREATE TABLE work.workflow_analytics (
    workflow_id uuid NOT NULL,
    project_id uuid NOT NULL,
    total_tasks integer DEFAULT 0 NOT NULL,
    completed_tasks integer DEFAULT 0 NOT NULL,
    failed_tasks integer DEFAULT 0 NOT NULL,
    blocked_tasks integer DEFAULT 0 NOT NULL,
    waiting_tasks integer DEFAULT 0 NOT NULL,
    completion_percentage numeric(5,2) DEFAULT 0 NOT NULL,
    estimated_duration_hours numeric(14,2),
    actual_duration_hours numeric(14,2),
    efficiency_score numeric(14,2),
    quality_score numeric(5,2),
    complexity_score numeric(5,2),
    critical_path_minutes integer DEFAULT 0 NOT NULL,
    critical_path jsonb DEFAULT '[]'::jsonb NOT NULL,
    resource_utilization jsonb DEFAULT '{}'::jsonb NOT NULL,
    bottlenecks jsonb DEFAULT '[]'::jsonb NOT NULL,
    optimization_opportunities jsonb DEFAULT '[]'::jsonb NOT NULL,
    calculated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workflow_analytics_completion_percentage_check CHECK (((completion_percentage >= (0)::numeric) AND (completion_percentage <= (100)::numeric))),
    CONSTRAINT workflow_analytics_complexity_score_check CHECK ((complexity_score >= (0)::numeric)),
    CONSTRAINT workflow_analytics_efficiency_score_check CHECK ((efficiency_score >= (0)::numeric)),
    CONSTRAINT workflow_analytics_quality_score_check CHECK (((quality_score >= (0)::numeric) AND (quality_score <= (100)::numeric)))
);

-- comment TABLE workflow_analytics

COMMENT ON TABLE work.workflow_analytics IS 'What calculate_workflow_analytics last found of a workflow; live counts stand in workflow_performance_summary.';

-- function calculate_workflow_analytics(uuid)

CREATE FUNCTION work.calculate_workflow_analytics(p_workflow_id uuid) RETURNS work.workflow_analytics
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('work:write');
  perform w.id from work.workflows as w where w.id = p_workflow_id for no key update;
  if not found then
    raise exception 'there is no workflow %', p_workflow_id
      using errcode = 'ST404', hint = 'look with `steward work list-workflows`';
  end if;
  perform work.analyse_tasks(p_workflow_id);
  return work.write_workflow_analytics(p_workflow_id);
end
$$;

-- function check_children(uuid[])

CREATE FUNCTION work.check_children(p_done uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  held bigint;
begin
  select t.number into held
  from work.tasks as c
  join work.tasks as t on t.id = c.parent_task_id
  where c.parent_task_id = any (p_done)
    and c.deleted_at is null
    and not work.out_of_the_way(c.status)
  limit 1;
  if found and kit.setting('importing') is null then
    raise exception 'task % has open subtasks', held
      using errcode = 'STW05', hint = 'finish or cancel its subtasks first; `work blocked` lists them';
  end if;
end
$$;

-- function check_cycles(uuid[])

CREATE FUNCTION work.check_cycles(p_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  nodes uuid[];
  from_nodes integer[];
  to_nodes integer[];
  caught integer[];
  numbers text;
begin
  with recursive reached (id) as (
    select unnest(p_ids)
    union
    select w.waits_for
    from reached
    cross join lateral work.waits_of(reached.id) as w (waits_for)
  ),
  numbered as (
    select reached.id, (row_number() over ())::integer as n
    from reached
  ),
  edges as (
    select f.n as f, t.n as t
    from numbered as f
    cross join lateral work.waits_of(f.id) as w (waits_for)
    join numbered as t on t.id = w.waits_for
  )
  select
    (select array_agg(numbered.id order by numbered.n) from numbered),
    (select array_agg(edges.f order by edges.t, edges.f) from edges),
    (select array_agg(edges.t order by edges.t, edges.f) from edges)
  into nodes, from_nodes, to_nodes;
  caught := work.left_waiting(cardinality(nodes), from_nodes, to_nodes);
  if cardinality(caught) > 0 then
    -- The same from the other side leaves out what only waits for the circle.
    caught := work.left_waiting(
      cardinality(nodes),
      array(select e.t from unnest(from_nodes, to_nodes) as e (f, t) where e.f = any (caught) and e.t = any (caught) order by e.f, e.t),
      array(select e.f from unnest(from_nodes, to_nodes) as e (f, t) where e.f = any (caught) and e.t = any (caught) order by e.f, e.t)
    );
    select string_agg(p.key || '-' || t.number, ', ' order by t.number)
    into numbers
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id in (select nodes[i] from unnest(caught) as i);
    raise exception '% would wait for each other in a circle', numbers
      using errcode = 'STW03', hint = 'leave out one of these dependencies';
  end if;
end
$$;

-- function check_devlog_tie()

CREATE FUNCTION work.check_devlog_tie() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if (select e.project_id from work.devlog_entries as e where e.id = new.target_devlog_id) <> new.project_id then
    raise exception 'the other devlog entry belongs to another project'
      using errcode = 'ST400', hint = 'name what lies elsewhere by external_id';
  end if;
  return new;
end
$$;

-- function check_epic_cycles()

CREATE FUNCTION work.check_epic_cycles() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  caught text;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.epics', 0) # hashtextextended(p::text, 0))
  from (select distinct n.project_id as p from new_rows as n order by 1) as sorted;
  with recursive reached (start, via, id) as (
    select n.epic_id, n.depends_on_epic_id, n.depends_on_epic_id
    from new_rows as n
    union
    select reached.start, reached.via, d.depends_on_epic_id
    from reached
    join work.epic_dependencies as d on d.epic_id = reached.id
  )
  select string_agg(distinct e.epic_id || ' for ' || o.epic_id, ', ')
  into caught
  from reached
  join work.epics as e on e.id = reached.start
  join work.epics as o on o.id = reached.via
  where reached.id = reached.start;
  if caught is not null then
    raise exception 'epics would wait for each other in a circle: %', caught
      using errcode = 'STW03', hint = 'leave out one of these dependencies';
  end if;
  return null;
end
$$;

-- function check_epic_status()

CREATE FUNCTION work.check_epic_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if tg_op = 'UPDATE' then
    if new.status = old.status then
      return new;
    end if;
    perform work.check_transition('epic', 'epic ' || new.epic_id, old.status, new.status);
    new.completed_at := nullif(new.completed_at, old.completed_at);
  end if;
  new.completed_at := case when new.status = 'completed' then coalesce(new.completed_at, now()) end;
  return new;
end
$$;

-- function check_issue_status()

CREATE FUNCTION work.check_issue_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if tg_op = 'UPDATE' then
    if new.status = old.status then
      return new;
    end if;
    perform work.check_transition('issue', 'issue ' || new.number, old.status, new.status);
    new.closed_at := nullif(new.closed_at, old.closed_at);
  end if;
  new.closed_at := case when new.status = 'closed' then coalesce(new.closed_at, now()) end;
  return new;
end
$$;

-- function check_numbers()

CREATE FUNCTION work.check_numbers() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
declare
  bad record;
begin
  perform c.project_id
  from projects.project_counters as c
  where c.project_id in (select n.project_id from new_rows as n)
  order by c.project_id
  for update;
  if tg_table_name = 'issues' then
    select n.number, 'a task' as other into bad
    from new_rows as n
    join work.tasks as t on t.project_id = n.project_id and t.number = n.number
    limit 1;
  else
    select n.number, 'an issue' as other into bad
    from new_rows as n
    join work.issues as i on i.project_id = n.project_id and i.number = n.number
    limit 1;
  end if;
  if found then
    raise exception 'number % of this project is % already', bad.number, bad.other
      using errcode = 'ST409', hint = 'leave the number out: the next free one is taken';
  end if;
  return null;
end
$$;

-- function check_parents(uuid[])

CREATE FUNCTION work.check_parents(p_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  bad record;
begin
  select t.number, p.number as parent_number
  into bad
  from work.tasks as t
  join work.tasks as p on p.id = t.parent_task_id
  where t.id = any (p_ids)
    and p.project_id <> t.project_id
  limit 1;
  if found then
    raise exception 'task % and its parent % belong to different projects', bad.number, bad.parent_number
      using errcode = 'ST400', hint = 'a subtask is of the same project as its parent';
  end if;
  perform work.lock_graphs(array(select t.project_id from work.tasks as t where t.id = any (p_ids)));
  perform work.check_cycles(p_ids);
end
$$;

-- function check_status()

CREATE FUNCTION work.check_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if kit.setting('importing') is not null then
    return new;
  end if;
  if not work.may_become(old.status, new.status) and kit.setting('undoing') is null then
    raise exception 'task % cannot go from % to %', new.number, old.status, new.status
      using errcode = 'STW04', hint = format('from %s it may go to: %s', old.status, work.next_statuses(old.status));
  end if;
  new.completed_at := case when new.status = 'done' then coalesce(nullif(new.completed_at, old.completed_at), now()) end;
  new.started_at := case
    when new.status = 'in_progress' then coalesce(new.started_at, now())
    else new.started_at
  end;
  if new.status <> 'failed' then
    new.quarantined_at := null;
    new.quarantine_reason := null;
  end if;
  return new;
end
$$;

-- function check_transition(text, text, text, text)

CREATE FUNCTION work.check_transition(p_kind text, p_name text, p_from text, p_to text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  allowed text[] := work.item_next(p_kind, p_from);
begin
  if p_from = p_to or p_to = any (allowed) or kit.setting('importing') is not null or kit.setting('undoing') is not null then
    return;
  end if;
  raise exception '% cannot go from % to %', p_name, p_from, p_to
    using errcode = 'STW04', hint = format('from %s it may go to: %s', p_from, array_to_string(allowed, ', '));
end
$$;

-- function check_workflow_status()

CREATE FUNCTION work.check_workflow_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  moved boolean := tg_op = 'INSERT';
  advanced boolean := tg_op = 'INSERT';
begin
  if tg_op = 'UPDATE' then
    moved := new.status <> old.status;
    advanced := new.current_phase <> old.current_phase;
    if not moved and not advanced then
      return new;
    end if;
    if advanced and not moved and old.status in ('paused', 'cancelled') then
      raise exception 'workflow % is %, so its phase stands still', new.name, old.status
        using errcode = 'STW04', hint = 'make it active first';
    end if;
  end if;
  if advanced and new.current_phase in ('completed', 'failed') then
    new.status := new.current_phase;
  elsif moved and new.status in ('completed', 'failed') then
    new.current_phase := new.status;
  elsif tg_op = 'UPDATE' and advanced and not moved and new.status in ('pending', 'completed', 'failed') then
    new.status := 'active';
  elsif moved and new.current_phase in ('completed', 'failed') then
    new.current_phase := 'development';
  end if;
  if tg_op = 'UPDATE' then
    perform work.check_transition('workflow', 'workflow ' || new.name, old.status, new.status);
    perform work.check_transition('phase', 'workflow ' || new.name, old.current_phase, new.current_phase);
    new.completed_at := nullif(new.completed_at, old.completed_at);
  end if;
  if new.status in ('active', 'completed') then
    new.started_at := coalesce(new.started_at, now());
  end if;
  new.completed_at := case when new.status in ('completed', 'failed', 'cancelled') then coalesce(new.completed_at, now()) end;
  return new;
end
$$;

-- function claim_tasks(uuid, uuid, text[], integer, integer, uuid)

CREATE FUNCTION work.claim_tasks(p_agent_id uuid, p_project_id uuid DEFAULT NULL::uuid, p_labels text[] DEFAULT NULL::text[], p_limit integer DEFAULT 1, p_lease_seconds integer DEFAULT 600, p_task_id uuid DEFAULT NULL::uuid) RETURNS TABLE(task_id uuid, token bigint, lease_until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  holder record;
  free integer := p_limit;
  ids uuid[];
begin
  perform kit.authorize('work:write');
  if p_limit not between 1 and 1000 or p_lease_seconds not between 1 and 86400 then
    raise exception 'cannot claim % tasks for % seconds', p_limit, p_lease_seconds
      using errcode = 'ST400', hint = 'claim 1 to 1000 tasks for 1 to 86400 seconds';
  end if;
  select a.name, a.capabilities, a.max_in_progress into holder
  from agents.agents as a
  where a.id = p_agent_id and a.is_active;
  if not found then
    raise exception 'agent % is not registered or not active', p_agent_id
      using errcode = 'ST404', hint = 'register it with `steward agents register`';
  end if;
  if holder.max_in_progress is not null then
    free := least(p_limit, work.free_places(p_agent_id, holder.name, holder.max_in_progress));
  end if;
  ids := work.pick_tasks(p_project_id, p_labels, holder.capabilities, free, p_task_id);
  if ids is null and work.reap_expired(100) > 0 then
    ids := work.pick_tasks(p_project_id, p_labels, holder.capabilities, free, p_task_id);
  end if;
  if ids is null then
    return;
  end if;
  ids := work.permitted(ids, p_agent_id, p_project_id, p_labels, holder.capabilities, free, p_task_id);
  perform work.on_claim(ids, array_fill(p_agent_id, array[cardinality(ids)]), '{}');
  return query
  with claimed as (
    update work.ready_queue as q
    set
      agent_id = p_agent_id,
      agent_name = holder.name,
      session_id = kit.setting('session'),
      token = nextval('work.lease_tokens'),
      claimed_at = clock_timestamp(),
      lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where q.task_id = any (ids)
    returning q.task_id, q.token, q.lease_until
  )
  select c.task_id, c.token, c.lease_until
  from claimed as c
  order by array_position(ids, c.task_id);
end
$$;

-- function close_question(uuid, text, text)

CREATE FUNCTION work.close_question(p_id uuid, p_status text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  update work.questions as q
  set
    status = p_status,
    close_reason = p_reason,
    closed_at = clock_timestamp(),
    waited_ms = round(extract(epoch from clock_timestamp() - q.created_at) * 1000)::bigint
  where q.id = p_id
$$;

-- function count_failure(uuid, text, boolean)

CREATE FUNCTION work.count_failure(p_task_id uuid, p_reason text, p_final boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  tries smallint;
  over boolean;
begin
  update work.tasks as t
  set attempts = t.attempts + 1
  where t.id = p_task_id
  returning t.attempts, t.attempts >= t.max_attempts into tries, over;
  perform work.release(p_task_id);
  update work.tasks as t
  set
    status = case when over or p_final then 'failed' else 'pending' end,
    status_reason = p_reason,
    assigned_agent_id = null,
    quarantined_at = case when over then now() end,
    quarantine_reason = case when over then format('failed %s times; last: %s', tries, coalesce(p_reason, 'no reason given')) end
  where t.id = p_task_id;
  if over then
    insert into kit.notices (topic, level, message)
    select 'work.quarantine ' || t.id, 'warning', format('task %s-%s is in quarantine after %s tries', p.key, t.number, tries)
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id = p_task_id;
  end if;
  perform work.refresh_queue(array[p_task_id]);
end
$$;

-- function count_rows()

CREATE FUNCTION work.count_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into work.count_deltas (project_id, name, delta)
    select n.project_id, tg_argv[0], count(*)
    from new_rows as n
    group by n.project_id;
  else
    insert into work.count_deltas (project_id, name, delta)
    select o.project_id, tg_argv[0], -count(*)
    from old_rows as o
    group by o.project_id;
  end if;
  return null;
end
$$;

-- function count_tasks()

CREATE FUNCTION work.count_tasks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into work.count_deltas (project_id, name, delta)
    select n.project_id, n.status, count(*)
    from new_rows as n
    where n.deleted_at is null
    group by n.project_id, n.status;
  elsif tg_op = 'DELETE' then
    insert into work.count_deltas (project_id, name, delta)
    select o.project_id, o.status, -count(*)
    from old_rows as o
    where o.deleted_at is null
    group by o.project_id, o.status;
  else
    insert into work.count_deltas (project_id, name, delta)
    select c.project_id, c.status, sum(c.delta)
    from (
      select n.project_id, n.status, 1 as delta
      from new_rows as n
      where n.deleted_at is null
      union all
      select o.project_id, o.status, -1
      from old_rows as o
      where o.deleted_at is null
    ) as c
    group by c.project_id, c.status
    having sum(c.delta) <> 0;
  end if;
  return null;
end
$$;

-- function delete_task(uuid)

CREATE FUNCTION work.delete_task(p_id uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  gone integer;
begin
  perform kit.authorize('work:write');
  perform work.refuse_held(p_id);
  update work.tasks
  set deleted_at = now()
  where id in (select work.with_descendants(array[p_id]))
    and deleted_at is null;
  get diagnostics gone = row_count;
  return gone;
end
$$;

-- function expire_lease(uuid, uuid, text)

CREATE FUNCTION work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  held_until timestamptz := work.held_for_answer(p_task_id);
begin
  if held_until > clock_timestamp() then
    update work.ready_queue set lease_until = held_until where task_id = p_task_id;
    return false;
  elsif held_until is not null then
    perform work.close_question(q.id, 'expired', 'nobody answered in time'), work.resume_task(q.id)
    from work.questions as q
    where q.task_id = p_task_id
      and q.status = 'open';
    return false;
  end if;
  perform work.tell_expiry(p_task_id, p_agent_id);
  if (select t.status from work.tasks as t where t.id = p_task_id) = 'awaiting_input' then
    perform work.release(p_task_id);
    perform work.refresh_queue(array[p_task_id]);
  else
    perform work.count_failure(p_task_id, p_reason, false);
  end if;
  return true;
end
$$;

-- function expire_questions(integer)

CREATE FUNCTION work.expire_questions(p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  late uuid;
  closed integer := 0;
begin
  for late in
    select q.id
    from work.questions as q
    where q.status = 'open'
      and q.expires_at <= clock_timestamp()
    order by q.expires_at
    limit p_limit
  loop
    begin
      perform work.lock_question(late);
      perform work.close_question(late, 'expired', 'nobody answered in time');
      perform work.resume_task(late);
      closed := closed + 1;
    exception when sqlstate 'STW11' then
      continue;
    end;
  end loop;
  return closed;
end
$$;

-- function fail_task(uuid, bigint, text, boolean)

CREATE FUNCTION work.fail_task(p_task_id uuid, p_token bigint DEFAULT NULL::bigint, p_reason text DEFAULT NULL::text, p_final boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.refuse_closed(p_task_id);
  perform work.on_fail(array[p_task_id], array[agent], array[jsonb_build_object('reason', p_reason, 'final', p_final)]);
  perform work.count_failure(p_task_id, p_reason, p_final);
end
$$;

-- table users

CREATE TABLE accounts.users (
    id uuid DEFAULT kit.new_id() NOT NULL,
    username text NOT NULL,
    email text,
    display_name text,
    password_hash text,
    role text DEFAULT 'user'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    is_service_account boolean DEFAULT false NOT NULL,
    is_email_verified boolean DEFAULT false NOT NULL,
    avatar_url text,
    github_username text,
    github_user_id bigint,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_login_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT users_display_name_check CHECK ((length(display_name) <= 255)),
    CONSTRAINT users_email_check CHECK (((length(email) <= 255) AND (email ~ '^[^@\s]+@[^@\s]+$'::text))),
    CONSTRAINT users_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT users_preferences_check CHECK ((jsonb_typeof(preferences) = 'object'::text)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'user'::text, 'service'::text]))),
    CONSTRAINT users_username_check CHECK ((((length(username) >= 1) AND (length(username) <= 255)) AND (username = btrim(username))))
);

-- comment TABLE users

COMMENT ON TABLE accounts.users IS 'People and service accounts; deleting marks the row, since history points at it.';

-- comment COLUMN users.password_hash

COMMENT ON COLUMN accounts.users.password_hash IS 'Null until a password was set; never the password.';

-- table agents

CREATE TABLE agents.agents (
    id uuid DEFAULT kit.new_id() NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text,
    agent_type text DEFAULT 'custom'::text NOT NULL,
    model_provider text DEFAULT 'unknown'::text NOT NULL,
    model_name text DEFAULT 'unknown'::text NOT NULL,
    model_version text,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    configuration jsonb DEFAULT '{}'::jsonb NOT NULL,
    required_tools text[] DEFAULT '{}'::text[] NOT NULL,
    max_tokens integer DEFAULT 4096 NOT NULL,
    temperature numeric(3,2) DEFAULT 0.7 NOT NULL,
    top_p numeric(3,2) DEFAULT 0.9 NOT NULL,
    max_in_progress integer,
    is_active boolean DEFAULT true NOT NULL,
    is_experimental boolean DEFAULT false NOT NULL,
    agent_version text DEFAULT '1.0.0'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    owner_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deprecated_at timestamp with time zone,
    CONSTRAINT agents_agent_type_check CHECK ((agent_type = ANY (ARRAY['orchestrator'::text, 'architect'::text, 'planner'::text, 'codegen'::text, 'reviewer'::text, 'tester'::text, 'deployer'::text, 'security'::text, 'debugger'::text, 'documentation'::text, 'refactoring'::text, 'optimization'::text, 'infrastructure'::text, 'analytics'::text, 'custom'::text]))),
    CONSTRAINT agents_agent_version_check CHECK (((length(agent_version) >= 1) AND (length(agent_version) <= 20))),
    CONSTRAINT agents_capabilities_check CHECK ((array_position(capabilities, NULL::text) IS NULL)),
    CONSTRAINT agents_configuration_check CHECK ((jsonb_typeof(configuration) = 'object'::text)),
    CONSTRAINT agents_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 255))),
    CONSTRAINT agents_max_in_progress_check CHECK ((max_in_progress > 0)),
    CONSTRAINT agents_max_tokens_check CHECK ((max_tokens > 0)),
    CONSTRAINT agents_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT agents_model_name_check CHECK (((length(model_name) >= 1) AND (length(model_name) <= 255))),
    CONSTRAINT agents_model_version_check CHECK ((length(model_version) <= 100)),
    CONSTRAINT agents_name_check CHECK ((((length(name) >= 1) AND (length(name) <= 255)) AND (name = btrim(name)))),
    CONSTRAINT agents_temperature_check CHECK (((temperature >= (0)::numeric) AND (temperature <= (2)::numeric))),
    CONSTRAINT agents_top_p_check CHECK (((top_p >= (0)::numeric) AND (top_p <= (1)::numeric)))
);

-- comment TABLE agents

COMMENT ON TABLE agents.agents IS 'Agents that may be given work, and what they can do.';

-- comment COLUMN agents.capabilities

COMMENT ON COLUMN agents.agents.capabilities IS 'A task is offered only to agents that have all it requires.';

-- comment COLUMN agents.max_in_progress

COMMENT ON COLUMN agents.agents.max_in_progress IS 'How many tasks it may hold at once; null for no limit.';

-- table projects

CREATE TABLE projects.projects (
    id uuid DEFAULT kit.new_id() NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    key text NOT NULL,
    description text,
    path text,
    repository_url text,
    repository_provider text,
    repository_owner text,
    repository_name text,
    default_branch text DEFAULT 'main'::text NOT NULL,
    github_repo_id bigint,
    linear_team_id text,
    technology_stack text[] DEFAULT '{}'::text[] NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    is_template boolean DEFAULT false NOT NULL,
    owner_id uuid,
    average_review_time_minutes integer,
    average_merge_time_minutes integer,
    pr_merge_rate numeric(5,2),
    test_coverage_percent numeric(5,2),
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    archived_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT projects_average_merge_time_minutes_check CHECK ((average_merge_time_minutes >= 0)),
    CONSTRAINT projects_average_review_time_minutes_check CHECK ((average_review_time_minutes >= 0)),
    CONSTRAINT projects_check CHECK (((status <> 'archived'::text) OR (archived_at IS NOT NULL))),
    CONSTRAINT projects_check1 CHECK (((status = 'deleted'::text) = (deleted_at IS NOT NULL))),
    CONSTRAINT projects_default_branch_check CHECK (((length(default_branch) >= 1) AND (length(default_branch) <= 255))),
    CONSTRAINT projects_key_check CHECK ((key ~ '^[A-Z0-9]{2,10}$'::text)),
    CONSTRAINT projects_linear_team_id_check CHECK ((length(linear_team_id) <= 100)),
    CONSTRAINT projects_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT projects_name_check CHECK ((((length(name) >= 1) AND (length(name) <= 255)) AND (name = btrim(name)))),
    CONSTRAINT projects_path_check CHECK (((length(path) >= 1) AND (length(path) <= 4096))),
    CONSTRAINT projects_pr_merge_rate_check CHECK (((pr_merge_rate >= (0)::numeric) AND (pr_merge_rate <= (100)::numeric))),
    CONSTRAINT projects_repository_name_check CHECK (((length(repository_name) >= 1) AND (length(repository_name) <= 255))),
    CONSTRAINT projects_repository_owner_check CHECK (((length(repository_owner) >= 1) AND (length(repository_owner) <= 500))),
    CONSTRAINT projects_repository_provider_check CHECK ((repository_provider = ANY (ARRAY['github'::text, 'gitlab'::text, 'bitbucket'::text, 'other'::text]))),
    CONSTRAINT projects_repository_url_check CHECK (((length(repository_url) >= 1) AND (length(repository_url) <= 1000))),
    CONSTRAINT projects_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT projects_slug_check CHECK ((((length(slug) >= 1) AND (length(slug) <= 100)) AND (slug ~ '^[a-z0-9][a-z0-9_-]*$'::text))),
    CONSTRAINT projects_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'paused'::text, 'archived'::text, 'deleted'::text]))),
    CONSTRAINT projects_test_coverage_percent_check CHECK (((test_coverage_percent >= (0)::numeric) AND (test_coverage_percent <= (100)::numeric)))
);

-- comment TABLE projects

COMMENT ON TABLE projects.projects IS 'What work, evidence and figures belong to; deleting marks the row.';

-- comment COLUMN projects.key

COMMENT ON COLUMN projects.projects.key IS 'Begins the numbers of tasks and issues (ACME-42); fixed once the first number was taken.';

-- comment COLUMN projects.owner_id

COMMENT ON COLUMN projects.projects.owner_id IS 'Null only where nobody known made it, such as the system project.';

-- table ready_queue

CREATE TABLE work.ready_queue (
    task_id uuid NOT NULL,
    project_id uuid NOT NULL,
    priority smallint NOT NULL,
    number bigint NOT NULL,
    labels text[] NOT NULL,
    required_capabilities text[] NOT NULL,
    agent_id uuid,
    agent_name text,
    session_id text,
    token bigint DEFAULT 0 NOT NULL,
    claimed_at timestamp with time zone,
    lease_until timestamp with time zone,
    freed_xid bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT ready_queue_lease_whole CHECK (((agent_id IS NULL) = (lease_until IS NULL)))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

-- comment TABLE ready_queue

COMMENT ON TABLE work.ready_queue IS 'What can be claimed now and who holds what: narrow, so that claims stay fast beside long readers.';

-- comment COLUMN ready_queue.freed_xid

COMMENT ON COLUMN work.ready_queue.freed_xid IS 'The transaction that made the row free, or changed where it stands or who may have it.';

-- table task_dependencies

CREATE TABLE work.task_dependencies (
    task_id uuid NOT NULL,
    depends_on_task_id uuid NOT NULL,
    dependency_type text DEFAULT 'blocks'::text NOT NULL,
    source_type text,
    project_id uuid NOT NULL,
    id uuid DEFAULT kit.new_id() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT task_dependencies_dependency_type_check CHECK ((dependency_type = ANY (ARRAY['blocks'::text, 'relates_to'::text, 'subtask_of'::text]))),
    CONSTRAINT task_dependencies_not_itself CHECK ((task_id <> depends_on_task_id))
);

-- comment TABLE task_dependencies

COMMENT ON TABLE work.task_dependencies IS 'task_id waits for depends_on_task_id (blocks), or is tied to it; no cycle of waiting.';

-- view task_list

CREATE VIEW work.task_list WITH (security_invoker='true') AS
 SELECT t.id,
    ((p.key || '-'::text) || t.number) AS ref,
    p.slug AS project,
    t.project_id,
    t.number,
    t.title,
    t.type,
    t.status,
    t.priority,
    t.labels,
    t.import_tag AS tag,
    t.parent_task_id,
    ( SELECT ((p.key || '-'::text) || a.number)
           FROM work.tasks a
          WHERE (a.id = t.parent_task_id)) AS parent,
    t.assigned_user_id,
    t.assigned_agent_id,
    COALESCE(u.username, g.name) AS assigned_to,
    q.agent_id AS held_by_id,
    q.agent_name AS held_by,
    q.lease_until,
    ((q.task_id IS NOT NULL) AND (q.agent_id IS NULL)) AS ready,
    ( SELECT (count(*))::integer AS count
           FROM (work.task_dependencies d
             JOIN work.tasks b ON ((b.id = d.depends_on_task_id)))
          WHERE ((d.task_id = t.id) AND (d.dependency_type <> 'relates_to'::text) AND (b.deleted_at IS NULL) AND (b.status <> ALL (ARRAY['done'::text, 'cancelled'::text])))) AS waits_for,
    c.total AS subtasks,
    c.open AS subtasks_open,
    t.version,
    t.created_at,
    t.updated_at,
    t.completed_at,
    t.epic_id,
    t.issue_id,
    t.workflow_id,
    t.order_index,
        CASE
            WHEN (t.status <> 'pending'::text) THEN t.status
            WHEN (q.task_id IS NULL) THEN 'waiting'::text
            WHEN (q.agent_id IS NULL) THEN 'ready'::text
            ELSE 'claimed'::text
        END AS state,
    ((p.status <> 'archived'::text) AND (p.deleted_at IS NULL)) AS project_open
   FROM (((((work.tasks t
     JOIN projects.projects p ON ((p.id = t.project_id)))
     LEFT JOIN work.ready_queue q ON ((q.task_id = t.id)))
     LEFT JOIN accounts.users u ON ((u.id = t.assigned_user_id)))
     LEFT JOIN agents.agents g ON ((g.id = t.assigned_agent_id)))
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (k.status <> ALL (ARRAY['done'::text, 'cancelled'::text]))))::integer AS open
           FROM work.tasks k
          WHERE ((k.parent_task_id = t.id) AND (k.deleted_at IS NULL))) c)
  WHERE ((t.deleted_at IS NULL) AND (p.deleted_at IS NULL));

-- function filter_tasks(jsonb)

CREATE FUNCTION work.filter_tasks(p_filter jsonb) RETURNS SETOF work.task_list
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT l.id,
     l.ref,
     l.project,
     l.project_id,
     l.number,
     l.title,
     l.type,
     l.status,
     l.priority,
     l.labels,
     l.tag,
     l.parent_task_id,
     l.parent,
     l.assigned_user_id,
     l.assigned_agent_id,
     l.assigned_to,
     l.held_by_id,
     l.held_by,
     l.lease_until,
     l.ready,
     l.waits_for,
     l.subtasks,
     l.subtasks_open,
     l.version,
     l.created_at,
     l.updated_at,
     l.completed_at,
     l.epic_id,
     l.issue_id,
     l.workflow_id,
     l.order_index,
     l.state,
     l.project_open
    FROM work.task_list l
   WHERE ((((filter_tasks.p_filter ->> 'project_id'::text) IS NULL) OR (l.project_id = ((filter_tasks.p_filter ->> 'project_id'::text))::uuid)) AND (((filter_tasks.p_filter ->> 'project_id'::text) IS NOT NULL) OR l.project_open) AND (((filter_tasks.p_filter -> 'status'::text) IS NULL) OR (l.status = ANY (ARRAY( SELECT jsonb_array_elements_text((filter_tasks.p_filter -> 'status'::text)) AS jsonb_array_elements_text)))) AND (((filter_tasks.p_filter -> 'state'::text) IS NULL) OR (l.state = ANY (ARRAY( SELECT jsonb_array_elements_text((filter_tasks.p_filter -> 'state'::text)) AS jsonb_array_elements_text)))) AND (((filter_tasks.p_filter ->> 'type'::text) IS NULL) OR (l.type = (filter_tasks.p_filter ->> 'type'::text))) AND (((filter_tasks.p_filter ->> 'priority'::text) IS NULL) OR (l.priority = ((filter_tasks.p_filter ->> 'priority'::text))::integer)) AND (((filter_tasks.p_filter ->> 'label'::text) IS NULL) OR (l.labels @> ARRAY[(filter_tasks.p_filter ->> 'label'::text)])) AND (((filter_tasks.p_filter ->> 'tag'::text) IS NULL) OR (l.tag = (filter_tasks.p_filter ->> 'tag'::text))) AND (((filter_tasks.p_filter ->> 'parent_id'::text) IS NULL) OR (l.parent_task_id = ((filter_tasks.p_filter ->> 'parent_id'::text))::uuid)) AND (((filter_tasks.p_filter ->> 'epic_id'::text) IS NULL) OR (l.epic_id = ((filter_tasks.p_filter ->> 'epic_id'::text))::uuid)) AND (((filter_tasks.p_filter ->> 'issue_id'::text) IS NULL) OR (l.issue_id = ((filter_tasks.p_filter ->> 'issue_id'::text))::uuid)) AND (((filter_tasks.p_filter ->> 'workflow_id'::text) IS NULL) OR (l.workflow_id = ((filter_tasks.p_filter ->> 'workflow_id'::text))::uuid)) AND (((filter_tasks.p_filter ->> 'top'::text) IS NULL) OR (l.parent_task_id IS NULL)) AND (((filter_tasks.p_filter ->> 'ready'::text) IS NULL) OR (l.ready = ((filter_tasks.p_filter ->> 'ready'::text))::boolean)) AND (((filter_tasks.p_filter ->> 'agent'::text) IS NULL) OR ((lower((filter_tasks.p_filter ->> 'agent'::text)) = lower(l.held_by)) OR (lower((filter_tasks.p_filter ->> 'agent'::text)) = lower(l.assigned_to)))) AND (((filter_tasks.p_filter ->> 'text'::text) IS NULL) OR (strpos(lower(((l.ref || ' '::text) || l.title)), lower((filter_tasks.p_filter ->> 'text'::text))) > 0) OR (EXISTS ( SELECT
            FROM work.tasks t
           WHERE ((t.id = l.id) AND (strpos(lower(t.description), lower((filter_tasks.p_filter ->> 'text'::text))) > 0))))));
END;

-- function finish_task(uuid, bigint, jsonb, integer)

CREATE FUNCTION work.finish_task(p_task_id uuid, p_token bigint DEFAULT NULL::bigint, p_result jsonb DEFAULT NULL::jsonb, p_actual_minutes integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
begin
  perform work.finish_tasks(array[p_task_id], array[p_token], array[p_result], array[p_actual_minutes]);
end
$$;

-- function finish_tasks(uuid[], bigint[], jsonb[], integer[])

CREATE FUNCTION work.finish_tasks(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[] DEFAULT NULL::jsonb[], p_actual_minutes integer[] DEFAULT NULL::integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  holders uuid[];
  some_done boolean;
begin
  perform kit.authorize('work:write');
  holders := work.holders_of(p_task_ids, p_tokens);
  if array_position(holders, null) is not null then
    if work.finished_before(p_task_ids, p_tokens, p_results) then
      return;
    end if;
    for i in 1..cardinality(p_task_ids) loop
      holders[i] := coalesce(holders[i], work.pass(p_task_ids[i], p_tokens[i], true));
    end loop;
  end if;
  select bool_or(l.status = 'done') into some_done
  from (
    select t.status
    from work.tasks as t
    where t.id = any (p_task_ids)
    order by t.id
    for no key update
  ) as l;
  if some_done then
    perform work.refuse_done(i) from unnest(p_task_ids) as i;
  end if;
  perform work.on_finish(p_task_ids, holders, p_results);
  update work.tasks as t
  set
    status = 'done',
    status_reason = null,
    result = coalesce(g.result, t.result),
    finished_token = g.token,
    started_at = coalesce(t.started_at, now()),
    assigned_agent_id = coalesce(g.agent_id, t.assigned_agent_id),
    assigned_user_id = case when g.agent_id is null then t.assigned_user_id end,
    actual_minutes = coalesce(g.actual_minutes, t.actual_minutes, work.minutes_since_start(t.id, t.started_at))
  from unnest(p_task_ids, holders, p_results, p_actual_minutes, p_tokens) as g (task_id, agent_id, result, actual_minutes, token)
  where t.id = g.task_id
    and t.id = any (p_task_ids);
end
$$;

-- function finished_before(uuid[], bigint[], jsonb[])

CREATE FUNCTION work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select not exists (
    select
    from unnest(p_task_ids, p_tokens, p_results) as g (task_id, token, result)
    left join work.tasks as t
      on t.id = g.task_id
      and t.status = 'done'
      and t.finished_token = g.token
      and (g.result is null or t.result = g.result)
    where t.id is null
  )
$$;

-- function fold_counts()

CREATE FUNCTION work.fold_counts() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  gone integer;
begin
  with taken as (
    delete from work.count_deltas
    returning project_id, name, delta
  ),
  added as (
    insert into work.counts as c (project_id, name, count)
    select t.project_id, t.name, sum(t.delta)
    from taken as t
    group by t.project_id, t.name
    having sum(t.delta) <> 0
    order by t.project_id, t.name
    on conflict (project_id, name) do update
    set count = c.count + excluded.count
  )
  select count(*) into gone from taken;
  return gone;
end
$$;

-- function follow_project()

CREATE FUNCTION work.follow_project() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if new.status <> 'active' then
    perform q.task_id
    from work.ready_queue as q
    where q.project_id = new.id
      and q.agent_id is null
    order by q.task_id
    for update;
  end if;
  perform pg_advisory_xact_lock(work.queue_lock(new.id));
  if new.status <> 'active' then
    delete from work.ready_queue as q
    where q.project_id = new.id
      and q.agent_id is null;
    return null;
  end if;
  insert into work.ready_queue (task_id, project_id, priority, number, labels, required_capabilities)
  select t.id, t.project_id, t.priority, t.number, t.labels, t.required_capabilities
  from work.ready_among(array(
    select o.id
    from work.tasks as o
    where o.project_id = new.id
      and o.deleted_at is null
      and o.status in ('pending', 'in_progress')
  )) as r
  join work.tasks as t on t.id = r
  on conflict (task_id) do nothing;
  return null;
end
$$;

-- function forget_files(integer)

CREATE FUNCTION work.forget_files(p_limit integer) RETURNS SETOF text
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
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

-- function forget_fronts()

CREATE FUNCTION work.forget_fronts() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with gone as (
    delete from work.queue_fronts as f
    where f.written_at < now() - interval '10 minutes'
    returning f.project_id
  )
  select count(*)::integer
  from gone
$$;

-- function free_places(uuid, text, integer)

CREATE FUNCTION work.free_places(p_agent_id uuid, p_name text, p_max integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  held integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.wip', 0) # hashtextextended(p_agent_id::text, 0));
  select count(*) into held
  from work.ready_queue as q
  where q.agent_id = p_agent_id
    and q.lease_until > clock_timestamp();
  if held >= p_max then
    raise exception 'agent % already holds % of at most % tasks', p_name, held, p_max
      using errcode = 'STW06', hint = 'finish or give back one first';
  end if;
  return p_max - held;
end
$$;

-- function front_of(uuid, text[])

CREATE FUNCTION work.front_of(p_project_id uuid, p_capabilities text[], OUT rank smallint, OUT number bigint, OUT early uuid[], OUT due boolean) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  front record;
  freed integer;
begin
  select f.rank, f.number, f.oldest_xid, f.written_at into front
  from work.queue_fronts as f
  where f.project_id = p_project_id
    and f.capabilities = p_capabilities
    and f.xmin::text::bigint = f.written_by % 4294967296
    and f.written_at > clock_timestamp() - interval '10 minutes';
  if not found then
    due := true;
    return;
  end if;
  select
    count(*),
    array_agg(l.task_id) filter (
      where (l.rank, l.number) < (front.rank, front.number) and l.required_capabilities <@ p_capabilities
    )
  into freed, early
  from (
    select q.task_id, -q.priority as rank, q.number, q.required_capabilities
    from work.ready_queue as q
    where q.project_id = p_project_id
      and q.agent_id is null
      and q.freed_xid >= front.oldest_xid
    -- No order is needed; it keeps any other index from being walked, whatever the figures of a young table say.
    order by q.freed_xid
    limit 201
  ) as l;
  if freed > 200 then
    -- Too much came since, or a transaction runs for long and much comes beside it: then a new front would be no better.
    early := null;
    due := front.written_at < clock_timestamp() - interval '1 second';
    return;
  end if;
  rank := front.rank;
  number := front.number;
  due := false;
end
$$;

-- function give_back_task(uuid, bigint, text)

CREATE FUNCTION work.give_back_task(p_task_id uuid, p_token bigint DEFAULT NULL::bigint, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.refuse_closed(p_task_id);
  perform work.on_give_back(array[p_task_id], array[agent], array[jsonb_build_object('reason', p_reason)]);
  perform work.release(p_task_id);
  update work.tasks as t
  set status = 'pending', status_reason = p_reason, assigned_agent_id = null, assigned_user_id = null
  where t.id = p_task_id;
  perform work.refresh_queue(array[p_task_id]);
end
$$;

-- function graph_around(uuid)

CREATE FUNCTION work.graph_around(p_id uuid) RETURNS TABLE(task_id uuid, steps integer)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with recursive line (id, direction, steps) as (
    select p_id, s.direction, 0
    from (values (1), (-1)) as s (direction)
    union
    select
      case line.direction when 1 then d.depends_on_task_id else d.task_id end,
      line.direction,
      line.steps + 1
    from line
    join work.task_dependencies as d
      on d.dependency_type <> 'relates_to'
      and case line.direction when 1 then d.task_id else d.depends_on_task_id end = line.id
    where line.steps < 20
  )
  select found.id, min(found.steps)
  from (
    select line.id, line.steps
    from line
    union all
    select case d.task_id when p_id then d.depends_on_task_id else d.task_id end, 1
    from work.task_dependencies as d
    where d.dependency_type = 'relates_to'
      and p_id in (d.task_id, d.depends_on_task_id)
  ) as found
  group by found.id
$$;

-- function graph_within(jsonb)

CREATE FUNCTION work.graph_within(p_filter jsonb) RETURNS TABLE(id uuid, ref text, title text, status text, state text, priority smallint, number bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with kept as materialized (
    select l.id, l.ref, l.title, l.status, l.state, l.priority, l.number
    from work.filter_tasks(p_filter) as l
  ),
  tied as (
    select d.task_id, d.depends_on_task_id
    from work.task_dependencies as d
    where d.task_id in (select kept.id from kept)
      and d.depends_on_task_id in (select kept.id from kept)
  )
  select k.id, k.ref, k.title, k.status, k.state, k.priority, k.number
  from kept as k
  where k.id in (select tied.task_id from tied union all select tied.depends_on_task_id from tied)
$$;

-- function heartbeat_task(uuid, bigint, integer)

CREATE FUNCTION work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer DEFAULT 600) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  ends timestamptz;
begin
  perform kit.authorize('work:write');
  if p_token is null then
    raise exception 'a heartbeat needs the token of the claim'
      using errcode = 'ST400', hint = 'give the token that claim returned';
  end if;
  perform work.pass(p_task_id, p_token, true);
  update work.ready_queue as q
  set lease_until = greatest(
    clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 86400)),
    work.held_for_answer(p_task_id)
  )
  where q.task_id = p_task_id
  returning q.lease_until into ends;
  return ends;
end
$$;

-- function held_for_answer(uuid)

CREATE FUNCTION work.held_for_answer(p_task_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select q.expires_at + interval '10 minutes'
  from work.questions as q
  where q.task_id = p_task_id
    and q.status = 'open'
$$;

-- function holders_of(uuid[], bigint[])

CREATE FUNCTION work.holders_of(p_task_ids uuid[], p_tokens bigint[]) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  acting constant text := case when kit.actor_role() = 'agent' then lower(kit.actor_agent()) end;
  holders uuid[];
begin
  if cardinality(p_task_ids) > 1 then
    if (select count(distinct i) from unnest(p_task_ids) as i) <> cardinality(p_task_ids) then
      raise exception 'the same task is named twice'
        using errcode = 'ST400', hint = 'name each task once';
    end if;
  end if;
  select array_agg(q.agent_id order by g.place)
  into holders
  from unnest(p_task_ids, p_tokens) with ordinality as g (task_id, token, place)
  left join (
    select r.task_id, r.token, r.agent_id, r.agent_name, r.lease_until
    from work.ready_queue as r
    where r.task_id = any (p_task_ids)
    order by r.task_id
    for update
  ) as q
    on q.task_id = g.task_id
    and q.token = g.token
    and q.lease_until > clock_timestamp()
    and (acting is null or lower(q.agent_name) = acting);
  return holders;
end
$$;

-- function ids_in_project(uuid, text[], integer)

CREATE FUNCTION work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  front record;
  found_ids uuid[];
begin
  select f.rank, f.number, f.early into front from work.front_of(p_project_id, p_capabilities) as f;
  found_ids := array(
    select f.task_id
    from (
      select q.task_id, -q.priority as rank, q.number
      from work.ready_queue as q
      where q.task_id = any (front.early)
        and q.agent_id is null
      union all
      (
        select q.task_id, -q.priority, q.number
        from work.ready_queue as q
        where q.project_id = p_project_id
          and q.agent_id is null
          and (-q.priority, q.number) >= (coalesce(front.rank, '-32768'), coalesce(front.number, 0))
          and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
        order by -q.priority, q.number, q.task_id
        limit p_limit
      )
    ) as f
    order by f.rank, f.number, f.task_id
    limit p_limit
  );
  return found_ids;
end
$$;

-- function in_work(uuid, integer)

CREATE FUNCTION work.in_work(p_project_id uuid, p_limit integer) RETURNS TABLE(task_id uuid, place bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT w.task_id,
     row_number() OVER (ORDER BY w.held DESC, w.lease_until, w.started_at DESC) AS row_number
    FROM (( SELECT q.task_id,
             true AS held,
             q.lease_until,
             NULL::timestamp with time zone AS started_at
            FROM work.ready_queue q
           WHERE ((q.agent_id IS NOT NULL) AND (NOT (q.project_id IN ( SELECT d.id
                    FROM projects.projects d
                   WHERE (d.deleted_at IS NOT NULL)))) AND ((in_work.p_project_id IS NULL) OR (q.project_id = in_work.p_project_id)))
           ORDER BY q.lease_until
          LIMIT in_work.p_limit)
         UNION ALL
         ( SELECT t.id,
             false AS held,
             NULL::timestamp with time zone AS lease_until,
             t.started_at
            FROM work.tasks t
           WHERE ((t.status = ANY (ARRAY['in_progress'::text, 'in_review'::text, 'testing'::text, 'awaiting_input'::text])) AND (t.deleted_at IS NULL) AND (NOT (t.project_id IN ( SELECT d.id
                    FROM projects.projects d
                   WHERE (d.deleted_at IS NOT NULL)))) AND ((in_work.p_project_id IS NULL) OR (t.project_id = in_work.p_project_id)) AND (NOT (EXISTS ( SELECT
                    FROM work.ready_queue q
                   WHERE ((q.task_id = t.id) AND (q.agent_id IS NOT NULL))))))
           ORDER BY t.started_at DESC NULLS LAST
          LIMIT in_work.p_limit)) w;
END;

-- function inherit_place()

CREATE FUNCTION work.inherit_place() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  parent record;
begin
  if new.parent_task_id is not null then
    select t.epic_id, t.issue_id, t.workflow_id
    into parent
    from work.tasks as t
    where t.id = new.parent_task_id
      and t.project_id = new.project_id;
    new.epic_id := coalesce(new.epic_id, parent.epic_id);
    new.issue_id := coalesce(new.issue_id, parent.issue_id);
    new.workflow_id := coalesce(new.workflow_id, parent.workflow_id);
  end if;
  if new.epic_id is null and new.issue_id is not null then
    select i.epic_id
    into new.epic_id
    from work.issues as i
    where i.id = new.issue_id
      and i.project_id = new.project_id;
  end if;
  return new;
end
$$;

-- function is_stray(text)

CREATE FUNCTION work.is_stray(p_sha256 text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
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

-- function item_next(text, text)

CREATE FUNCTION work.item_next(p_kind text, p_from text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE ((p_kind || ' '::text) || p_from)
             WHEN 'epic planned'::text THEN ARRAY['in_progress'::text, 'blocked'::text, 'completed'::text, 'cancelled'::text]
             WHEN 'epic in_progress'::text THEN ARRAY['planned'::text, 'blocked'::text, 'completed'::text, 'cancelled'::text]
             WHEN 'epic blocked'::text THEN ARRAY['planned'::text, 'in_progress'::text, 'cancelled'::text]
             WHEN 'epic completed'::text THEN ARRAY['in_progress'::text]
             WHEN 'epic cancelled'::text THEN ARRAY['planned'::text]
             WHEN 'issue open'::text THEN ARRAY['in_progress'::text, 'blocked'::text, 'closed'::text, 'cancelled'::text]
             WHEN 'issue in_progress'::text THEN ARRAY['open'::text, 'blocked'::text, 'closed'::text, 'cancelled'::text]
             WHEN 'issue blocked'::text THEN ARRAY['open'::text, 'in_progress'::text, 'closed'::text, 'cancelled'::text]
             WHEN 'issue closed'::text THEN ARRAY['open'::text, 'in_progress'::text]
             WHEN 'issue cancelled'::text THEN ARRAY['open'::text]
             WHEN 'workflow pending'::text THEN ARRAY['active'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]
             WHEN 'workflow active'::text THEN ARRAY['pending'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]
             WHEN 'workflow paused'::text THEN ARRAY['active'::text, 'failed'::text, 'cancelled'::text]
             WHEN 'workflow completed'::text THEN ARRAY['active'::text]
             WHEN 'workflow failed'::text THEN ARRAY['pending'::text, 'active'::text, 'cancelled'::text]
             WHEN 'workflow cancelled'::text THEN ARRAY['pending'::text]
             WHEN 'phase initiation'::text THEN ARRAY['planning'::text, 'development'::text, 'testing'::text, 'deployment'::text, 'completed'::text, 'failed'::text]
             WHEN 'phase planning'::text THEN ARRAY['initiation'::text, 'development'::text, 'testing'::text, 'deployment'::text, 'completed'::text, 'failed'::text]
             WHEN 'phase development'::text THEN ARRAY['planning'::text, 'testing'::text, 'deployment'::text, 'completed'::text, 'failed'::text]
             WHEN 'phase testing'::text THEN ARRAY['planning'::text, 'development'::text, 'deployment'::text, 'completed'::text, 'failed'::text]
             WHEN 'phase deployment'::text THEN ARRAY['development'::text, 'testing'::text, 'completed'::text, 'failed'::text]
             WHEN 'phase completed'::text THEN ARRAY['development'::text, 'testing'::text, 'deployment'::text]
             WHEN 'phase failed'::text THEN ARRAY['initiation'::text, 'planning'::text, 'development'::text, 'testing'::text, 'deployment'::text]
             ELSE ARRAY[]::text[]
         END AS "array";
END;

-- function keep_file(text, bigint)

CREATE FUNCTION work.keep_file(p_sha256 text, p_size_bytes bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  insert into work.stored_files (sha256, size_bytes)
  values (p_sha256, p_size_bytes)
  on conflict (sha256) do update set used_at = now()
$$;

-- function keep_labels()

CREATE FUNCTION work.keep_labels() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  if tg_op <> 'INSERT' then
    delete from work.ready_labels as l
    where l.label = any (array(select left(o.label, 200) from unnest(old.labels) as o (label)))
      and l.project_id = old.project_id
      and l.rank = -old.priority
      and l.number = old.number
      and l.task_id = old.task_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into work.ready_labels (label, project_id, rank, number, task_id)
    select distinct left(n.label, 200), new.project_id, -new.priority, new.number, new.task_id
    from unnest(new.labels) as n (label)
    where n.label is not null;
  end if;
  return null;
end
$$;

-- function keep_number()

CREATE FUNCTION work.keep_number() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  raise exception 'number % and project of a % stay as they are', old.number, rtrim(tg_table_name, 's')
    using errcode = 'ST409', hint = 'add a new one to the other project and cancel this one';
end
$$;

-- function labelled_ids(uuid, text[], text[], integer)

CREATE FUNCTION work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  walked constant text := work.rarest_label(p_labels, p_project_id);
begin
  if p_project_id is not null then
    return array(
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and l.project_id = p_project_id
        and q.agent_id is null
        and q.labels @> p_labels
        and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
      order by l.rank, l.number, l.task_id
      limit p_limit
    );
  end if;
  return array(
    select q.task_id
    from work.ready_labels as l
    join work.ready_queue as q on q.task_id = l.task_id
    where l.label = walked
      and q.agent_id is null
      and q.labels @> p_labels
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
    order by l.rank, l.number, l.task_id
    limit p_limit
  );
end
$$;

-- function leave_question()

CREATE FUNCTION work.leave_question() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  perform work.close_question(q.id, 'withdrawn', format('the task went on without an answer (%s)', new.status))
  from work.questions as q
  where q.task_id = new.id
    and q.status = 'open';
  return null;
end
$$;

-- function left_waiting(integer, integer[], integer[])

CREATE FUNCTION work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  waits integer[] := array_fill(0, array[p_nodes]);
  first integer[] := array_fill(null::integer, array[p_nodes]);
  free integer[] := '{}';
  place integer := 1;
  edge integer;
begin
  for i in 1..coalesce(cardinality(p_from), 0) loop
    waits[p_from[i]] := waits[p_from[i]] + 1;
    first[p_to[i]] := coalesce(first[p_to[i]], i);
  end loop;
  for i in 1..p_nodes loop
    if waits[i] = 0 then
      free[cardinality(free) + 1] := i;
    end if;
  end loop;
  while place <= cardinality(free) loop
    edge := first[free[place]];
    while p_to[edge] = free[place] loop
      waits[p_from[edge]] := waits[p_from[edge]] - 1;
      if waits[p_from[edge]] = 0 then
        free[cardinality(free) + 1] := p_from[edge];
      end if;
      edge := edge + 1;
    end loop;
    place := place + 1;
  end loop;
  return array(select i from generate_series(1, p_nodes) as i where waits[i] > 0);
end
$$;

-- function let_pass(uuid[], jsonb)

CREATE FUNCTION work.let_pass(p_task_ids uuid[], p_refusal jsonb) RETURNS uuid[]
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select coalesce(array_agg(t.id order by t.place), '{}')
  from unnest(p_task_ids) with ordinality as t (id, place)
  where not coalesce((p_refusal -> 'all')::boolean, false)
    and t.id <> all (work.refused(p_refusal, 'tasks'))
$$;

-- function list_condition(text, jsonb)

CREATE FUNCTION work.list_condition(p_word text, p_value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE p_word
             WHEN 'project_id'::text THEN 'x.project_id = ($1 ->> ''project_id'')::uuid'::text
             WHEN 'status'::text THEN 'x.status = any (array(select jsonb_array_elements_text($1 -> ''status'')))'::text
             WHEN 'type'::text THEN 'x.type = $1 ->> ''type'''::text
             WHEN 'priority'::text THEN 'x.priority = ($1 ->> ''priority'')::smallint'::text
             WHEN 'label'::text THEN 'x.labels @> array[$1 ->> ''label'']'::text
             WHEN 'tag'::text THEN 'x.import_tag = $1 ->> ''tag'''::text
             WHEN 'parent_id'::text THEN 'x.parent_task_id = ($1 ->> ''parent_id'')::uuid'::text
             WHEN 'epic_id'::text THEN 'x.epic_id = ($1 ->> ''epic_id'')::uuid'::text
             WHEN 'issue_id'::text THEN 'x.issue_id = ($1 ->> ''issue_id'')::uuid'::text
             WHEN 'workflow_id'::text THEN 'x.workflow_id = ($1 ->> ''workflow_id'')::uuid'::text
             WHEN 'top'::text THEN 'x.parent_task_id is null'::text
             WHEN 'ready'::text THEN (
             CASE
                 WHEN (p_value = 'true'::jsonb) THEN ''::text
                 ELSE 'not '::text
             END || 'exists (select from work.ready_queue as q where q.task_id = x.id and q.agent_id is null)'::text)
             WHEN 'agent'::text THEN ('(x.assigned_user_id = $9 or x.assigned_agent_id = $10'::text || ' or x.id = any (array(select q.task_id from work.ready_queue as q where q.agent_id = $10)))'::text)
             WHEN 'state'::text THEN ((('x.status = any (array(select case when s in (''ready'', ''claimed'', ''waiting'') then ''pending'' else s end'::text || ' from jsonb_array_elements_text($1 -> ''state'') as s)) and case when x.status <> ''pending'' then x.status else coalesce('::text) || '(select case when q.agent_id is null then ''ready'' else ''claimed'' end from work.ready_queue as q where q.task_id = x.id), ''waiting'')'::text) || ' end = any (array(select jsonb_array_elements_text($1 -> ''state'')))'::text)
             WHEN 'text'::text THEN 'true'::text
             ELSE 'false'::text
         END AS "case";
END;

-- function list_marks(jsonb, tsquery)

CREATE FUNCTION work.list_marks(p_filter jsonb, p_query tsquery) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  marks tsquery := p_query;
  mark text;
begin
  foreach mark in array array[
    p_filter ->> 'label', '=t' || (p_filter ->> 'type'), '=g' || (p_filter ->> 'tag')
  ] loop
    marks := case when mark is null then marks when marks is null then work.search_mark(mark) else marks && work.search_mark(mark) end;
  end loop;
  return case
    when marks is not null and p_filter ->> 'project_id' is not null then marks && work.search_mark('=p' || (p_filter ->> 'project_id'))
    else marks
  end;
end
$$;

-- function list_order(text)

CREATE FUNCTION work.list_order(p_order text, OUT sort text, OUT after text) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT o.sort,
     o.after
    FROM ( VALUES ('priority'::text,'x.priority desc, x.number, x.id'::text,('x.priority <= ($2 ->> 0)::smallint and (x.priority < ($2 ->> 0)::smallint'::text || ' or (x.number, x.id) > (($2 ->> 1)::bigint, ($2 ->> 2)::uuid))'::text)), ('number'::text,'x.number, x.id'::text,'(x.number, x.id) > (($2 ->> 0)::bigint, ($2 ->> 1)::uuid)'::text), ('age'::text,'x.id'::text,'x.id > ($2 ->> 0)::uuid'::text), ('updated'::text,'x.updated_at desc, x.id desc'::text,'(x.updated_at, x.id) < (($2 ->> 0)::timestamptz, ($2 ->> 1)::uuid)'::text), ('place'::text,'x.order_index, x.number, x.id'::text,('(x.order_index, x.number, x.id) > ((select a.order_index from work.tasks as a where a.id = ($2 ->> 0)::uuid),'::text || ' (select a.number from work.tasks as a where a.id = ($2 ->> 0)::uuid), ($2 ->> 0)::uuid)'::text))) o(name, sort, after)
   WHERE (o.name = list_order.p_order);
END;

-- function list_sort(jsonb, text, text, integer)

CREATE FUNCTION work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select case
    when p_order = 'updated' and p_filter ->> 'project_id' is not null
      and power(coalesce(work.tasks_among((p_filter ->> 'project_id')::uuid, p_filter -> 'status'), 0), 2)
        < 4 * p_limit * (select greatest(r.reltuples, 10000) from pg_catalog.pg_class as r where r.oid = 'work.tasks'::regclass)
    -- As an expression it is no index's order.
    then replace(p_sort, 'x.updated_at', '(x.updated_at at time zone ''utc'')')
    else p_sort
  end
$$;

-- function list_tasks(jsonb, text, jsonb, integer)

CREATE FUNCTION work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer) RETURNS TABLE(id uuid, place bigint)
    LANGUAGE plpgsql STABLE ROWS 50
    SET search_path TO 'work', 'projects', 'accounts', 'agents', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $_$
declare
  conditions text := 'x.deleted_at is null';
  source record;
  asked record;
  ordered record;
  named uuid[];
  marks tsquery;
begin
  select o.sort, o.after into strict ordered from work.list_order(p_order) as o;
  select conditions || coalesce(string_agg(' and ' || work.list_condition(f.key, f.value), ''), '') into conditions
  from jsonb_each(p_filter) as f;
  if p_filter ->> 'text' is not null then
    select s.query, s.guess, s.needle, s.patterns, s.names into asked from work.list_text(p_filter ->> 'text') as s;
    named := array(
      select r.id from work.search_reference(p_filter ->> 'text', array(select p.id from projects.projects as p where p.deleted_at is null)) as r
      where r.kind = 'task'
    );
  else
    select null::tsquery as query, null::tsquery as guess, ''::text as needle, '{}'::text[] as patterns, null::tsquery as names into asked;
  end if;
  -- What is archived or put away is seen by who names the project.
  if p_filter ->> 'project_id' is null then
    conditions := conditions || ' and (x.project_id = any ($11)) is not true';
  end if;
  marks := work.list_marks(p_filter, coalesce(asked.query && asked.names, asked.query));
  if cardinality(named) > 0 then
    conditions := conditions || ' and x.id = any ($3)';
  elsif p_filter ->> 'text' is not null and asked.query is null then
    return;
  elsif marks is not null then
    select s.words, s.said, s.matches into source from work.search_source('task') as s;
    conditions := conditions || case
      when not work.search_is_common(
        'task', work.list_marks(p_filter, asked.guess), 30, work.tasks_among((p_filter ->> 'project_id')::uuid)
      ) then ' and ' || format(source.matches, '$4')
      when asked.query is not null then format(' and case when strpos(lower(%1$s), $6) <> 0 then %2$s @@ $5 and coalesce(array_to_tsvector(work.search_names(%1$s)) @@ $12, true)'
        || ' else false end', source.said, source.words)
      else ''
    end || case when cardinality(asked.patterns) = 0 then '' else format(' and %s ~* all ($7)', source.said) end;
  end if;
  return query execute format(
    'select k.id, row_number() over () from (select x.id from work.tasks as x where %s%s order by %s limit $8) as k',
    conditions, case when p_after is null then '' else ' and ' || ordered.after end,
    work.list_sort(p_filter, p_order, ordered.sort, p_limit)
  ) using p_filter, p_after, named, marks, asked.query, asked.needle, asked.patterns, p_limit,
    (select u.id from accounts.users as u where lower(u.username) = lower(p_filter ->> 'agent') and u.deleted_at is null),
    (select g.id from agents.agents as g where lower(g.name) = lower(p_filter ->> 'agent')),
    array(select p.id from projects.projects as p where p.status = 'archived' or p.deleted_at is not null), asked.names;
end
$_$;

-- function list_text(text)

CREATE FUNCTION work.list_text(p_text text, OUT query tsquery, OUT guess tsquery, OUT needle text, OUT patterns text[], OUT names tsquery) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  pairs constant tsquery[] := work.search_named(p_text);
  pair tsquery;
begin
  select s.query, s.guess, s.needle, s.patterns into query, guess, needle, patterns from work.search_query(p_text) as s;
  if pairs is null or exists (select from work.task_words as w where not w.named) then
    return;
  end if;
  select string_agg('(' || p::text || ')', ' & ')::tsquery into names from unnest(pairs) as p;
  -- Neighbours stand together by no accident: all are as common as the rarest of them.
  foreach pair in array pairs[:5] loop
    if not work.search_is_common('task', pair, 80) then
      if exists (select from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ names) then
        guess := pair;
      else
        names := null;
      end if;
      return;
    end if;
  end loop;
  guess := pair;
end
$$;

-- function listed_with(text, text, uuid)

CREATE FUNCTION work.listed_with(p_kind text, p_text text, p_project_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $_$
declare
  asked record;
  source record;
  mark constant tsquery := work.search_mark('=p' || p_project_id);
  ids uuid[] := array(
    select r.id
    from work.search_reference(p_text, array(
      select p.id
      from projects.projects as p
      where p.deleted_at is null
        and (p_project_id is null or p.id = p_project_id)
    )) as r
    where r.kind = p_kind
  );
begin
  if cardinality(ids) > 0 then
    return ids;
  end if;
  select q.query, q.guess into asked from work.search_query(p_text) as q;
  if work.search_is_common(p_kind, coalesce(asked.guess && mark, asked.guess), 100) then
    return null;
  end if;
  select s.relation, s.words into source from work.search_source(p_kind) as s;
  execute format('select array(select x.id from %s as x where %s @@ $1)', source.relation, source.words)
  into ids
  using coalesce(asked.query && mark, asked.query);
  return ids;
end
$_$;

-- function load_of(uuid, uuid)

CREATE FUNCTION work.load_of(p_agent_id uuid, p_project_id uuid) RETURNS TABLE(held integer, asking integer, finished integer, failed integer, avg_minutes integer, last_seen_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select
    q.held, a.asking, t.finished, f.failed, t.avg_minutes,
    greatest(q.seen, a.seen, t.seen, f.seen, c.seen)
  from (
    select (count(*) filter (where r.lease_until > clock_timestamp()))::integer as held, max(r.claimed_at) as seen
    from work.ready_queue as r
    where r.agent_id = p_agent_id
      and (p_project_id is null or r.project_id = p_project_id)
  ) as q
  cross join (
    select (count(*) filter (where o.status = 'open'))::integer as asking, max(o.created_at) as seen
    from work.questions as o
    where o.agent_id = p_agent_id
      and (p_project_id is null or o.project_id = p_project_id)
  ) as a
  cross join (
    select
      (count(*) filter (where k.status = 'done'))::integer as finished,
      avg(k.actual_minutes) filter (where k.status = 'done')::integer as avg_minutes,
      greatest(max(k.started_at), max(k.completed_at)) as seen
    from work.tasks as k
    where k.assigned_agent_id = p_agent_id
      and k.deleted_at is null
      and (p_project_id is null or k.project_id = p_project_id)
  ) as t
  cross join (
    select count(*)::integer as failed, max(e.failed_at) as seen
    from work.agent_failures as e
    where e.agent_id = p_agent_id
      and (p_project_id is null or e.project_id = p_project_id)
  ) as f
  cross join (
    select max(m.created_at) as seen
    from work.comments as m
    where m.author_agent_id = p_agent_id
      and (p_project_id is null or m.project_id = p_project_id)
  ) as c
$$;

-- function lock_free(uuid[], integer)

CREATE FUNCTION work.lock_free(p_task_ids uuid[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  locked uuid[] := '{}';
  next_id uuid;
begin
  foreach next_id in array p_task_ids loop
    exit when cardinality(locked) >= p_limit;
    perform q.task_id
    from work.ready_queue as q
    where q.task_id = next_id
      and q.agent_id is null
    for update skip locked;
    if found then
      locked := locked || next_id;
    end if;
  end loop;
  return locked;
end
$$;

-- function lock_graphs(uuid[])

CREATE FUNCTION work.lock_graphs(p_projects uuid[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select pg_advisory_xact_lock(hashtextextended('work.graph', 0) # hashtextextended(p::text, 0))
  from (select distinct unnest(p_projects) as p order by 1) as sorted
$$;

-- function lock_question(uuid)

CREATE FUNCTION work.lock_question(p_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  asked record;
begin
  select q.task_id into asked from work.questions as q where q.id = p_id;
  if not found then
    raise exception 'there is no question %', p_id
      using errcode = 'ST404', hint = '`work inbox` lists the open ones';
  end if;
  perform r.task_id from work.ready_queue as r where r.task_id = asked.task_id for update;
  perform t.id from work.tasks as t where t.id = asked.task_id for no key update;
  select q.task_id, q.status, q.answered_by, q.close_reason into asked from work.questions as q where q.id = p_id;
  if asked.status <> 'open' then
    raise exception 'this question is %', concat_ws(' ', asked.status, 'by ' || asked.answered_by)
      using errcode = 'STW11', detail = coalesce(asked.close_reason, ''), hint = '`work get_question` shows how it ended';
  end if;
  return asked.task_id;
end
$$;

-- function longest_chain(integer[], integer[], integer[], integer[])

CREATE FUNCTION work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  nodes integer := cardinality(p_minutes);
  first integer[] := array_fill(null::integer, array[nodes]);
  before bigint[] := array_fill(0::bigint, array[nodes]);
  via integer[] := array_fill(null::integer, array[nodes]);
  finish bigint;
  latest bigint := -1;
  last integer;
  edge integer;
  node integer;
  chain integer[] := '{}';
begin
  for i in reverse coalesce(cardinality(p_to), 0)..1 loop
    first[p_to[i]] := i;
  end loop;
  foreach node in array p_order loop
    -- Minutes count first, the number of nodes only decides between equals.
    finish := before[node] + p_minutes[node] * 1000000::bigint + 1;
    if finish > latest then
      latest := finish;
      last := node;
    end if;
    edge := first[node];
    while p_to[edge] = node loop
      if finish > before[p_from[edge]] then
        before[p_from[edge]] := finish;
        via[p_from[edge]] := node;
      end if;
      edge := edge + 1;
    end loop;
  end loop;
  while last is not null loop
    chain := last || chain;
    last := via[last];
  end loop;
  return chain;
end
$$;

-- function look_behind(uuid, text[], text[], uuid[], uuid[])

CREATE FUNCTION work.look_behind(p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select array_agg(n.task_id order by -n.priority, n.number, n.task_id)
  from (
    select q.task_id, q.priority, q.number
    from work.ready_queue as q
    where q.agent_id is null
      and (p_project_id is null or q.project_id = p_project_id)
      and (p_labels is null or q.labels @> p_labels)
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
      and q.project_id <> all (p_barred)
      and q.task_id <> all (p_seen)
    order by -q.priority, q.number, q.task_id
    limit 500
  ) as n
$$;

-- function may_become(text, text)

CREATE FUNCTION work.may_become(p_from text, p_to text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (p_to = ANY (
         CASE p_from
             WHEN 'draft'::text THEN ARRAY['pending'::text, 'deferred'::text, 'cancelled'::text]
             WHEN 'pending'::text THEN ARRAY['draft'::text, 'in_progress'::text, 'blocked'::text, 'awaiting_input'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'deferred'::text]
             WHEN 'in_progress'::text THEN ARRAY['pending'::text, 'blocked'::text, 'in_review'::text, 'testing'::text, 'awaiting_input'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'deferred'::text]
             WHEN 'blocked'::text THEN ARRAY['pending'::text, 'in_progress'::text, 'failed'::text, 'cancelled'::text, 'deferred'::text]
             WHEN 'in_review'::text THEN ARRAY['pending'::text, 'in_progress'::text, 'blocked'::text, 'testing'::text, 'awaiting_input'::text, 'done'::text, 'failed'::text, 'cancelled'::text]
             WHEN 'testing'::text THEN ARRAY['pending'::text, 'in_progress'::text, 'blocked'::text, 'in_review'::text, 'awaiting_input'::text, 'done'::text, 'failed'::text, 'cancelled'::text]
             WHEN 'awaiting_input'::text THEN ARRAY['pending'::text, 'in_progress'::text, 'blocked'::text, 'failed'::text, 'cancelled'::text, 'deferred'::text]
             WHEN 'deferred'::text THEN ARRAY['draft'::text, 'pending'::text, 'blocked'::text, 'cancelled'::text]
             WHEN 'failed'::text THEN ARRAY['pending'::text, 'cancelled'::text]
             WHEN 'cancelled'::text THEN ARRAY['draft'::text, 'pending'::text]
             WHEN 'done'::text THEN ARRAY['pending'::text, 'in_progress'::text]
             ELSE NULL::text[]
         END));
END;

-- function may_claim(uuid[], uuid)

CREATE FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) RETURNS jsonb[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  return array[telemetry.budget_gate(p_task_ids, p_agent_id)]::jsonb[];
end
$$;

-- comment FUNCTION may_claim(p_task_ids uuid[], p_agent_id uuid)

COMMENT ON FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) IS 'Call what later rooms registered for the point may_claim; written by work.write_point.';

-- function minutes_since_start(uuid, timestamp with time zone)

CREATE FUNCTION work.minutes_since_start(p_task_id uuid, p_started_at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if p_started_at is null then
    return 0;
  end if;
  return greatest(round((extract(epoch from now() - p_started_at) - work.waited_ms(p_task_id) / 1000.0) / 60), 0)::integer;
end
$$;

-- function name_task(uuid)

CREATE FUNCTION work.name_task(p_task_id uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  select coalesce(
    (
      select p.key || '-' || t.number
      from work.tasks as t
      join projects.projects as p on p.id = t.project_id
      where t.id = p_task_id
    ),
    'this task'
  )
$$;

-- function name_words(integer)

CREATE FUNCTION work.name_words(p_limit integer) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
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

-- function next_claimable(uuid, text[], text[], text)

CREATE FUNCTION work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'agents', 'pg_temp'
    AS $$
declare
  ids constant uuid[] := work.ready_ids(p_project_id, p_labels, p_capabilities, 1);
  agent_id constant uuid := (select a.id from agents.agents as a where lower(a.name) = lower(p_agent));
begin
  if cardinality(ids) = 0 then
    return null;
  end if;
  return (work.permitted(ids, agent_id, p_project_id, p_labels, p_capabilities, 1, null, false))[1];
end
$$;

-- function next_statuses(text)

CREATE FUNCTION work.next_statuses(p_from text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select string_agg(s, ', ')
  from unnest(array[
    'draft', 'pending', 'in_progress', 'blocked', 'in_review', 'testing', 'awaiting_input',
    'done', 'failed', 'cancelled', 'deferred'
  ]) as s
  where work.may_become(p_from, s)
$$;

-- function note_failure(uuid, uuid, jsonb)

CREATE FUNCTION work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
  insert into work.agent_failures (agent_id, task_id, project_id, outcome)
  select p_agent_id, t.id, t.project_id, case when p_detail ? 'final' then 'failed' else 'expired' end
  from work.tasks as t
  where t.id = p_task_id
    and p_agent_id is not null
$$;

-- function note_freed()

CREATE FUNCTION work.note_freed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  new.freed_xid := pg_current_xact_id()::text::bigint;
  return new;
end
$$;

-- function number_epic()

CREATE FUNCTION work.number_epic() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $_$
declare
  last_number integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('work.epics', 0) # hashtextextended(new.project_id::text, 0));
  select max(substring(e.epic_id from '^EPIC-([0-9]{1,9})$')::integer)
  into last_number
  from work.epics as e
  where e.project_id = new.project_id
    and e.epic_id ~ '^EPIC-[0-9]{1,9}$';
  new.epic_id := format('EPIC-%s', lpad((coalesce(last_number, 0) + 1)::text, greatest(3, length((coalesce(last_number, 0) + 1)::text)), '0'));
  return new;
end
$_$;

-- function number_task()

CREATE FUNCTION work.number_task() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if new.number is null then
    new.number := projects.take_numbers(new.project_id, 1);
  end if;
  return new;
end
$$;

-- function on_claim(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  perform telemetry.open_executions(p_task_ids, p_agent_ids, p_details);
end
$$;

-- comment FUNCTION on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_claim; written by work.write_point.';

-- function on_fail(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  for i in 1..cardinality(p_task_ids) loop
    perform note_failure(p_task_ids[i], p_agent_ids[i], coalesce(p_details[i], '{}'));
  end loop;
  perform telemetry.execution_failed(p_task_ids, p_agent_ids, p_details);
end
$$;

-- comment FUNCTION on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_fail; written by work.write_point.';

-- function on_finish(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  perform telemetry.execution_finished(p_task_ids, p_agent_ids, p_details);
end
$$;

-- comment FUNCTION on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_finish; written by work.write_point.';

-- function on_give_back(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  perform telemetry.execution_given_back(p_task_ids, p_agent_ids, p_details);
end
$$;

-- comment FUNCTION on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_give_back; written by work.write_point.';

-- function on_release(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  perform telemetry.execution_released(p_task_ids, p_agent_ids, p_details);
end
$$;

-- comment FUNCTION on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_release; written by work.write_point.';

-- function on_start(uuid[], uuid[], jsonb[])

CREATE FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'auto'
    SET enable_seqscan TO 'on'
    AS $$
begin
  null;
end
$$;

-- comment FUNCTION on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[])

COMMENT ON FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) IS 'Call what later rooms registered for the point on_start; written by work.write_point.';

-- function out_of_the_way(text)

CREATE FUNCTION work.out_of_the_way(p_status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (p_status = ANY (ARRAY['done'::text, 'cancelled'::text]));
END;

-- function pass(uuid, bigint, boolean)

CREATE FUNCTION work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  held record;
begin
  select q.agent_id, q.agent_name, q.token, q.lease_until into held
  from work.ready_queue as q
  where q.task_id = p_task_id
  for update;
  if p_token is not null then
    if held.agent_id is null or held.token <> p_token or held.lease_until <= clock_timestamp() then
      perform work.refuse_done(p_task_id);
      raise exception 'token % does not hold % any more', p_token, work.name_task(p_task_id)
        using errcode = 'STW02',
        detail = coalesce('it is held by ' || held.agent_name || ' until ' || held.lease_until, 'nobody holds it'),
        hint = 'stop working on it; claim again for a new token';
    end if;
    if kit.actor_role() = 'agent' and lower(kit.actor_agent()) <> lower(held.agent_name) then
      -- Tokens are numbers in a row: whose key names one agent must not act with the next one's.
      raise exception 'the token % of % is that of agent %', p_token, work.name_task(p_task_id), held.agent_name
        using errcode = 'STW02', hint = 'use the token of your own claim';
    end if;
    return held.agent_id;
  end if;
  if (kit.actor_agent() is not null or kit.actor_role() = 'agent') and (p_claimed or held.agent_id is not null) then
    raise exception 'an agent writes with the token of its claim, and none was given'
      using errcode = 'STW02',
      detail = coalesce('the task is held by ' || held.agent_name, 'nobody holds the task'),
      hint = 'claim the task first and give the token that claim returned';
  end if;
  if held.agent_id is not null then
    perform work.on_release(array[p_task_id], array[held.agent_id], '{}');
    perform work.release(p_task_id);
    -- A task that is no work to be handed out (it waits for an answer, is in review) leaves the queue with its holder.
    perform work.refresh_queue(array[p_task_id]);
  end if;
  return held.agent_id;
end
$$;

-- function permitted(uuid[], uuid, uuid, text[], text[], integer, uuid, boolean)

CREATE FUNCTION work.permitted(p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid, p_lock boolean DEFAULT true) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  refusal jsonb := work.refusals(p_task_ids, p_agent_id);
  reason constant jsonb := refusal;
  kept uuid[];
  seen uuid[] := p_task_ids;
  barred uuid[];
  behind uuid[];
begin
  if refusal is null then
    return p_task_ids;
  end if;
  kept := work.let_pass(p_task_ids, refusal);
  barred := work.refused(refusal, 'projects');
  for i in 1..10 loop
    exit when cardinality(kept) >= p_limit or p_task_id is not null or (refusal -> 'all')::boolean or p_project_id = any (barred);
    behind := work.look_behind(p_project_id, p_labels, p_capabilities, seen, barred);
    exit when behind is null;
    seen := seen || behind;
    refusal := coalesce(work.refusals(behind, p_agent_id), '{}');
    barred := barred || work.refused(refusal, 'projects');
    behind := work.let_pass(behind, refusal);
    kept := kept || case
      when p_lock then work.lock_free(behind, p_limit - cardinality(kept))
      else behind[:p_limit - cardinality(kept)]
    end;
  end loop;
  if kept = '{}' then
    raise exception '%', reason ->> 'message'
      using errcode = coalesce(reason ->> 'errcode', 'ST409'), hint = coalesce(reason ->> 'hint', 'claim another task');
  end if;
  return kept;
end
$$;

-- function pick_from(uuid, text[], integer, smallint, bigint)

CREATE FUNCTION work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
begin
  return array(
    select q.task_id
    from work.ready_queue as q
    where q.project_id = p_project_id
      and q.agent_id is null
      and (-q.priority, q.number) >= (p_rank, p_number)
      and q.required_capabilities <@ p_capabilities
    order by -q.priority, q.number, q.task_id
    limit p_limit
    for update skip locked
  );
end
$$;

-- function pick_in_project(uuid, text[], integer)

CREATE FUNCTION work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  front record;
  ids uuid[] := '{}';
begin
  select f.rank, f.number, f.early, f.due into front from work.front_of(p_project_id, p_capabilities) as f;
  if front.early is not null then
    ids := array(
      select q.task_id
      from work.ready_queue as q
      where q.task_id = any (front.early)
        and q.agent_id is null
        -- Asked again: since the look for it, it may have been moved or ask for more.
        and q.project_id = p_project_id
        and (-q.priority, q.number) < (front.rank, front.number)
        and q.required_capabilities <@ p_capabilities
      order by -q.priority, q.number, q.task_id
      limit p_limit
      for update skip locked
    );
  end if;
  if front.rank is not null and cardinality(ids) < p_limit then
    ids := ids || work.pick_from(p_project_id, p_capabilities, p_limit - cardinality(ids), front.rank, front.number);
  end if;
  if ids = '{}' then
    -- Nothing is known of the front, or nothing is behind it.
    ids := work.pick_from(p_project_id, p_capabilities, p_limit, '-32768', 0);
  end if;
  -- A walk passes some hundred taken rows at most before the front is written anew.
  if ids <> '{}' and (front.due or random() < p_limit / 200.0) then
    perform work.write_front(p_project_id, p_capabilities);
  end if;
  return nullif(ids, '{}');
end
$$;

-- function pick_labelled(uuid, text[], text[], integer)

CREATE FUNCTION work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  walked constant text := work.rarest_label(p_labels, p_project_id);
  ids uuid[];
begin
  if p_project_id is not null then
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and l.project_id = p_project_id
        and q.agent_id is null
        and q.labels @> p_labels
        and q.required_capabilities <@ p_capabilities
      order by l.rank, l.number, l.task_id
      limit p_limit
      for update of q skip locked
    ) as p;
  else
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_labels as l
      join work.ready_queue as q on q.task_id = l.task_id
      where l.label = walked
        and q.agent_id is null
        and q.labels @> p_labels
        and q.required_capabilities <@ p_capabilities
      order by l.rank, l.number, l.task_id
      limit p_limit
      for update of q skip locked
    ) as p;
  end if;
  return ids;
end
$$;

-- function pick_tasks(uuid, text[], text[], integer, uuid)

CREATE FUNCTION work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  ids uuid[];
begin
  if p_task_id is not null then
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.task_id = p_task_id and q.agent_id is null
      for update skip locked
    ) as p;
  elsif p_labels <> '{}' then
    ids := work.pick_labelled(p_project_id, p_labels, p_capabilities, p_limit);
  elsif p_project_id is not null then
    ids := work.pick_in_project(p_project_id, p_capabilities, p_limit);
  else
    select array_agg(p.task_id) into ids from (
      select q.task_id
      from work.ready_queue as q
      where q.agent_id is null
        and q.required_capabilities <@ p_capabilities
      order by -q.priority, q.number, q.task_id
      limit p_limit
      for update skip locked
    ) as p;
  end if;
  return ids;
end
$$;

-- function place_comment()

CREATE FUNCTION work.place_comment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
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

-- function place_devlog_part()

CREATE FUNCTION work.place_devlog_part() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  select e.project_id into new.project_id from work.devlog_entries as e where e.id = new.devlog_id;
  return new;
end
$$;

-- function priority_name(smallint)

CREATE FUNCTION work.priority_name(p_priority smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (p_priority >= 10) THEN 'critical'::text
             WHEN (p_priority >= 8) THEN 'high'::text
             WHEN (p_priority >= 5) THEN 'medium'::text
             ELSE 'low'::text
         END AS "case";
END;

-- function project_statistics(uuid)

CREATE FUNCTION work.project_statistics(p_project_id uuid DEFAULT NULL::uuid) RETURNS TABLE(total_projects integer, total_epics integer, completed_epics integer, total_issues integer, open_issues integer, total_workflows integer, active_workflows integer, completed_workflows integer, total_tasks integer, completed_tasks integer, total_dependencies integer)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  select p.total, e.total, e.completed, i.total, i.open, w.total, w.active, w.completed, t.total, t.completed, t.dependencies
  from (
    select count(*)::integer as total
    from projects.projects as x
    where x.deleted_at is null
      and x.id <> projects.system_project()
      and (p_project_id is null or x.id = p_project_id)
  ) as p
  cross join (
    select count(*)::integer as total, (count(*) filter (where x.status = 'completed'))::integer as completed
    from work.epics as x
    where x.archived_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as e
  cross join (
    select count(*)::integer as total, (count(*) filter (where x.status not in ('closed', 'cancelled')))::integer as open
    from work.issues as x
    where x.deleted_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as i
  cross join (
    select
      count(*)::integer as total,
      (count(*) filter (where x.status = 'active'))::integer as active,
      (count(*) filter (where x.status = 'completed'))::integer as completed
    from work.workflows as x
    where x.archived_at is null
      and x.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and (p_project_id is null or x.project_id = p_project_id)
  ) as w
  cross join (
    select
      coalesce(sum(x.count) filter (where x.name not in ('queued', 'dependencies')), 0)::integer as total,
      coalesce(sum(x.count) filter (where x.name = 'done'), 0)::integer as completed,
      coalesce(sum(x.count) filter (where x.name = 'dependencies'), 0)::integer as dependencies
    from work.project_counts as x
    where p_project_id is null or x.project_id = p_project_id
  ) as t
$$;

-- function queue_lock(uuid)

CREATE FUNCTION work.queue_lock(p_project_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (hashtextextended('work.queue'::text, (0)::bigint) # hashtextextended((p_project_id)::text, (0)::bigint));
END;

-- function rarest_label(text[], uuid)

CREATE FUNCTION work.rarest_label(p_labels text[], p_project_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
begin
  if coalesce(cardinality(p_labels), 0) < 2 then
    return left(p_labels[1], 200);
  end if;
  return (
    select n.label
    from (select left(p, 200) as label from unnest(p_labels) as p) as n
    cross join lateral (
      select count(*) as found
      from (
        select
        from work.ready_labels as l
        where l.label = n.label
          and l.project_id between coalesce(p_project_id, '00000000-0000-0000-0000-000000000000')
            and coalesce(p_project_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        limit 200
      ) as few
    ) as c
    order by c.found, n.label
    limit 1
  );
end
$$;

-- function ready_among(uuid[])

CREATE FUNCTION work.ready_among(p_ids uuid[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  return query
  with recursive line (id, member, parent_id) as (
    select t.id, t.id, t.parent_task_id
    from work.tasks as t
    join projects.projects as p on p.id = t.project_id
    where t.id = any (p_ids)
      and p.status = 'active'
      and t.deleted_at is null
      and (t.status = 'pending' or (t.status = 'in_progress' and t.assigned_user_id is null))
    union
    select line.id, a.id, a.parent_task_id
    from line
    join work.tasks as a on a.id = line.parent_id
  )
  select line.id
  from line
  join work.tasks as m on m.id = line.member
  group by line.id
  having bool_and(
    (m.id = line.id or (m.deleted_at is null and m.status in ('pending', 'in_progress', 'blocked', 'in_review', 'testing', 'awaiting_input')))
    and not exists (
      select
      from work.task_dependencies as d
      join work.tasks as b on b.id = d.depends_on_task_id
      where d.task_id = m.id
        and d.dependency_type <> 'relates_to'
        and b.deleted_at is null
        and not work.out_of_the_way(b.status)
    )
  )
  and not exists (
    select
    from work.tasks as c
    where c.parent_task_id = line.id
      and c.deleted_at is null
      and not work.out_of_the_way(c.status)
  );
end
$$;

-- function ready_ids(uuid, text[], text[], integer)

CREATE FUNCTION work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
begin
  if p_labels <> '{}' then
    return work.labelled_ids(p_project_id, p_labels, p_capabilities, p_limit);
  end if;
  if p_project_id is not null then
    return work.ids_in_project(p_project_id, p_capabilities, p_limit);
  end if;
  return array(
    select q.task_id
    from work.ready_queue as q
    where q.agent_id is null
      and (p_capabilities is null or q.required_capabilities <@ p_capabilities)
    order by -q.priority, q.number, q.task_id
    limit p_limit
  );
end
$$;

-- function reap_expired(integer)

CREATE FUNCTION work.reap_expired(p_limit integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  gone record;
  reaped integer := 0;
begin
  perform kit.authorize('work:write');
  for gone in
    select q.task_id, q.agent_id, q.agent_name, q.lease_until
    from work.ready_queue as q
    where q.agent_id is not null
      and q.lease_until <= clock_timestamp()
    order by q.lease_until
    limit p_limit
    for update skip locked
  loop
    perform t.id from work.tasks as t where t.id = gone.task_id for no key update skip locked;
    if found and work.expire_lease(
      gone.task_id, gone.agent_id, format('the lease of %s ended at %s without a word', gone.agent_name, gone.lease_until)
    ) then
      reaped := reaped + 1;
    end if;
  end loop;
  return reaped;
end
$$;

-- function reasons_of(uuid[])

CREATE FUNCTION work.reasons_of(p_ids uuid[]) RETURNS TABLE(task_id uuid, reason text, blocker_id uuid)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
  with recursive line (id, member, parent_id) as (
    select t.id, t.id, t.parent_task_id
    from work.tasks as t
    where t.id = any (p_ids)
    union all
    select line.id, a.id, a.parent_task_id
    from line
    join work.tasks as a on a.id = line.parent_id
  )
  select line.id, case when line.member = line.id then 'dependencies' else 'dependencies of its parent' end, b.id
  from line
  join work.task_dependencies as d on d.task_id = line.member and d.dependency_type <> 'relates_to'
  join work.tasks as b on b.id = d.depends_on_task_id
  where b.deleted_at is null
    and b.status not in ('done', 'cancelled')
  union all
  select c.parent_task_id, 'open subtasks', c.id
  from work.tasks as c
  where c.parent_task_id = any (p_ids)
    and c.deleted_at is null
    and c.status not in ('done', 'cancelled')
  union all
  select line.id, 'its parent is ' || a.status, a.id
  from line
  join work.tasks as a on a.id = line.member
  where line.member <> line.id
    and a.status in ('draft', 'done', 'failed', 'cancelled', 'deferred')
$$;

-- function recount()

CREATE FUNCTION work.recount() RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  lock table work.tasks, work.ready_queue, work.task_dependencies in share mode;
  delete from work.count_deltas;
  delete from work.counts;
  insert into work.counts (project_id, name, count)
  select t.project_id, t.status, count(*)
  from work.tasks as t
  where t.deleted_at is null
  group by t.project_id, t.status
  union all
  select q.project_id, 'queued', count(*)
  from work.ready_queue as q
  group by q.project_id
  union all
  select d.project_id, 'dependencies', count(*)
  from work.task_dependencies as d
  group by d.project_id
$$;

-- function refresh_queue(uuid[])

CREATE FUNCTION work.refresh_queue(p_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
  ready uuid[];
begin
  if p_ids is null or cardinality(p_ids) = 0 then
    return;
  end if;
  perform t.id
  from work.tasks as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  perform pg_advisory_xact_lock_shared(l.lock)
  from (
    select work.queue_lock(p.project_id) as lock
    from (select distinct t.project_id from work.tasks as t where t.id = any (p_ids)) as p
    order by 1
  ) as l;
  ready := array(select work.ready_among(p_ids));
  delete from work.ready_queue as q
  using work.tasks as t
  where q.task_id = any (p_ids)
    and t.id = q.task_id
    and (
      t.deleted_at is not null
      or t.status in ('done', 'failed', 'cancelled', 'deferred', 'draft')
      or (q.agent_id is null and not q.task_id = any (ready))
    );
  insert into work.ready_queue (task_id, project_id, priority, number, labels, required_capabilities)
  select t.id, t.project_id, t.priority, t.number, t.labels, t.required_capabilities
  from work.tasks as t
  where t.id = any (ready)
  on conflict (task_id) do nothing;
end
$$;

-- function refresh_touched(uuid[], uuid[])

CREATE FUNCTION work.refresh_touched(p_ids uuid[], p_parents uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  known uuid[] := work.touched_by(p_ids, p_parents);
  grown uuid[];
begin
  loop
    perform t.id
    from work.tasks as t
    where t.id = any (known)
    order by t.id
    for no key update;
    grown := array(
      select unnest(known)
      union
      select unnest(work.touched_by(p_ids, p_parents))
    );
    exit when cardinality(grown) = cardinality(known);
    known := grown;
  end loop;
  perform work.refresh_queue(known);
end
$$;

-- function refusals(uuid[], uuid)

CREATE FUNCTION work.refusals(p_task_ids uuid[], p_agent_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  told jsonb;
  found_all jsonb;
begin
  foreach told in array work.may_claim(p_task_ids, p_agent_id) loop
    continue when told is null;
    -- The first that refuses says why.
    found_all := coalesce(told, '{}') || coalesce(found_all, '{}') || jsonb_build_object(
      'tasks', coalesce(found_all -> 'tasks', '[]') || coalesce(told -> 'tasks', '[]'),
      'projects', coalesce(found_all -> 'projects', '[]') || coalesce(told -> 'projects', '[]'),
      'all', coalesce((found_all -> 'all')::boolean, false) or coalesce((told -> 'all')::boolean, false)
    );
  end loop;
  return found_all;
end
$$;

-- function refuse_closed(uuid)

CREATE FUNCTION work.refuse_closed(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  found_status text;
begin
  select t.status into found_status
  from work.tasks as t
  where t.id = p_task_id
  for no key update;
  if found_status in ('done', 'cancelled', 'failed', 'deferred', 'draft') then
    raise exception 'this task is %, so nobody is at work on it', found_status
      using errcode = 'ST409', hint = 'give it the status pending with `work update`, or bring a failed one back with `work requeue`';
  end if;
end
$$;

-- function refuse_done(uuid)

CREATE FUNCTION work.refuse_done(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  ended record;
begin
  select t.number, t.status, t.completed_at, coalesce(a.name, u.username) as who into ended
  from work.tasks as t
  left join agents.agents as a on a.id = t.assigned_agent_id
  left join accounts.users as u on u.id = t.assigned_user_id
  where t.id = p_task_id;
  if ended.status = 'done' then
    raise exception 'task % is already done%', ended.number, coalesce(' by ' || ended.who, '')
        || coalesce(to_char(ended.completed_at at time zone 'utc', ' "since" YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
      using errcode = 'STW07', hint = 'nothing is left to do; `work get` shows it';
  end if;
end
$$;

-- function refuse_held(uuid)

CREATE FUNCTION work.refuse_held(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  holder text;
begin
  perform q.task_id
  from work.ready_queue as q
  where q.task_id in (select work.with_descendants(array[p_task_id]))
  order by q.task_id
  for update;
  if kit.actor_agent() is null and kit.actor_role() <> 'agent' then
    return;
  end if;
  select q.agent_name into holder
  from work.ready_queue as q
  where q.task_id in (select work.with_descendants(array[p_task_id]))
    and lower(q.agent_name) <> lower(coalesce(kit.actor_agent(), ''))
  limit 1;
  if found then
    raise exception 'agent % holds this task or one below it', holder
      using errcode = 'STW02', hint = 'let it finish or give back first, or let a person delete the task';
  end if;
end
$$;

-- function refused(jsonb, text)

CREATE FUNCTION work.refused(p_refusal jsonb, p_word text) RETURNS uuid[]
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select coalesce(array_agg(r.id::uuid), '{}')
  from jsonb_array_elements_text(coalesce(p_refusal -> p_word, '[]')) as r (id)
$$;

-- function register_extension(text, integer, text, boolean)

CREATE FUNCTION work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  insert into work.extension_points (point, position, function_name, at_once)
  values (p_point, p_position, p_function::regproc::text, p_at_once);
  perform work.write_point(p_point);
end
$$;

-- function release(uuid)

CREATE FUNCTION work.release(p_task_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  update work.ready_queue
  set
    agent_id = null,
    agent_name = null,
    session_id = null,
    claimed_at = null,
    lease_until = null,
    token = nextval('work.lease_tokens')
  where task_id = p_task_id
$$;

-- function renew(uuid, bigint)

CREATE FUNCTION work.renew(p_task_id uuid, p_token bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  update work.ready_queue
  set lease_until = greatest(lease_until, clock_timestamp() + interval '10 minutes')
  where task_id = p_task_id
    and token = p_token
    and agent_id is not null
$$;

-- function renew_words()

CREATE FUNCTION work.renew_words() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  update work.task_words
  set version = version + 1, named = true
  where task_id = new.id;
  return null;
end
$$;

-- function requeue_task(uuid)

CREATE FUNCTION work.requeue_task(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
begin
  perform kit.authorize('work:write');
  update work.tasks as t
  set status = 'pending', attempts = 0, status_reason = null, quarantined_at = null, quarantine_reason = null
  where t.id = p_task_id
    and t.status = 'failed';
  if not found then
    raise exception 'this task has not failed, so there is nothing to bring back'
      using errcode = 'ST409', hint = 'only a failed task can be requeued';
  end if;
end
$$;

-- function resume_task(uuid)

CREATE FUNCTION work.resume_task(p_question_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  asked record;
begin
  select q.task_id, q.agent_id, q.token into asked from work.questions as q where q.id = p_question_id;
  update work.ready_queue as r
  set lease_until = clock_timestamp() + interval '10 minutes'
  where r.task_id = asked.task_id
    and r.agent_id = asked.agent_id
    and r.token = asked.token;
  update work.tasks as t
  set
    status = case when found then 'in_progress' else 'pending' end,
    assigned_agent_id = case when found then asked.agent_id end
  where t.id = asked.task_id
    and t.status = 'awaiting_input';
end
$$;

-- function routing_task(text)

CREATE FUNCTION work.routing_task(p_words text) RETURNS TABLE(task_id uuid, project_id uuid, ref text, required_capabilities text[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $_$
declare
  words constant text := btrim(p_words);
  wanted uuid;
begin
  if words ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    wanted := words::uuid;
  elsif words ~ '^[A-Za-z0-9]{2,10}-[0-9]{1,18}$' then
    select t.id into wanted
    from projects.projects as p
    join work.tasks as t on t.project_id = p.id
    where p.key = upper(split_part(words, '-', 1))
      and p.deleted_at is null
      and t.number = split_part(words, '-', 2)::bigint;
  end if;
  return query
  select t.id, t.project_id, p.key || '-' || t.number, t.required_capabilities
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where t.id = wanted
    and t.deleted_at is null
    and p.deleted_at is null;
end
$_$;

-- function search(text, uuid, text[], integer, real, uuid)

CREATE FUNCTION work.search(p_text text, p_project_id uuid DEFAULT NULL::uuid, p_kinds text[] DEFAULT NULL::text[], p_limit integer DEFAULT 20, p_after_rank real DEFAULT NULL::real, p_after_id uuid DEFAULT NULL::uuid) RETURNS TABLE(kind text, id uuid, ref text, project text, title text, status text, body text, marks text[], rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'work', 'projects', 'kit', 'pg_temp'
    AS $$
declare
  seen uuid[];
  asked record;
begin
  perform kit.authorize('work:read');
  select q.query, q.guess, q.exact, q.needles, q.patterns, q.marks into asked from work.search_query(p_text) as q;
  select array_agg(p.id) into seen
  from projects.projects as p
  where p.deleted_at is null
    and (p_project_id is null or p.id = p_project_id);
  return query
  with hits (kind, id, rank) as (
    select r.kind, r.id, 100::real
    from work.search_reference(p_text, seen) as r
    union all
    select replace(k.kind, 'note', 'devlog'), c.id, c.rank
    from unnest(array['task', 'issue', 'epic', 'comment', 'devlog', 'note']) as k (kind)
    cross join lateral work.search_kind(
      k.kind, asked.query, asked.guess, asked.exact, asked.needles, asked.patterns, seen, p_project_id,
      case when cardinality(p_kinds) = 1 then 120 else 25 end
    ) as c
    where asked.query is not null
      and (p_kinds is null or replace(k.kind, 'note', 'devlog') = any (p_kinds))
  ),
  page as materialized (
    select h.kind, h.id, max(h.rank) as rank
    from hits as h
    where p_kinds is null or h.kind = any (p_kinds)
    group by h.kind, h.id
    having p_after_id is null or (max(h.rank), h.id) < (p_after_rank, p_after_id)
    order by max(h.rank) desc, h.id desc
    limit p_limit
  )
  select page.kind, page.id, s.ref, p.slug, s.title, s.status, s.body, asked.marks, page.rank
  from page
  cross join lateral work.search_shown(page.kind, page.id) as s
  join projects.projects as p on p.id = s.project_id
  order by page.rank desc, page.id desc;
end
$$;

-- function search_among(text)

CREATE FUNCTION work.search_among(p_kind text) RETURNS double precision
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select greatest(c.reltuples, 10000)
  from work.search_source(p_kind) as s
  join pg_catalog.pg_class as c on c.oid = s.counted::regclass
$$;

-- function search_candidates(text, tsquery, tsquery, tsquery, text[], text[], uuid[], uuid, integer, integer)

CREATE FUNCTION work.search_candidates(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_newest integer, p_most integer DEFAULT 40) RETURNS TABLE(id uuid, rank real)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $_$
declare
  source record;
  place text;
  chosen text;
begin
  select s.relation, s.id, s.live, s.words, s.said, s.title, s.body, s.numbered, s.newest into source from work.search_source(p_kind) as s;
  place := case when source.numbered and p_project_id is not null then 'x.number' else 'x.id' end;
  chosen := case
    when p_newest is null then
      -- Which project it is, is asked in a form that no index is used for: the words narrow more.
      case when p_project_id is null then '(x.project_id = any ($5)) is true and %6$s'
      else '(x.project_id = $6) is true and %7$s' end
      || ' and %2$s ~* all ($3) order by lower(%3$s) like all ($4) desc, %4$s desc'
    else
      case when p_project_id is null then '(x.project_id = any ($5)) is true and ' else 'x.project_id = $6 and ' end
      || case
        when place = 'x.number' then 'x.number >= (select max(y.number) - $10 from %5$s as y where y.project_id = $6)'
        else 'x.id >= coalesce((select y.id from %5$s as y order by y.id desc offset $10 limit 1), $7)'
      end
      -- Each for itself, so that the planner asks the cheapest first and the words last; `is true` is no index's condition.
      || ' and lower(%2$s) like all ($4) and %2$s ~* all ($3) and (%1$s @@ $1) is true order by %4$s desc'
  end;
  return query execute format(
    'select f.id, ts_rank(v.words, $9, 1) + (ts_rank(v.words, $2, 1) * 0.3)::real from (select %s as id, %s as title, %s as body from %s as x'
      || ' where %s and ' || format(
        chosen, source.words, source.said, source.title, place, source.relation, format(source.newest, '$1'),
        format(source.newest, '($1 && work.search_mark(''=p'' || $6::text))')
      ) || ' limit $8) as f'
      || ' cross join lateral (select setweight(to_tsvector(''simple'', work.search_clean(f.title)), ''A'')'
      || ' || setweight(to_tsvector(''simple'', work.search_clean(left(f.body, 5000))), ''D'') as words) as v',
    source.id, source.title, source.body, source.relation, source.live
  ) using p_query, p_exact, p_patterns, p_needles, p_projects, p_project_id, '00000000-0000-0000-0000-000000000000'::uuid, p_most, p_guess, p_newest;
end
$_$;

-- function search_clean(text)

CREATE FUNCTION work.search_clean(p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select regexp_replace(
    left(p_text, 100000),
    '[]!-/:-@[\\^_`{-~\u00a0\u00ab\u00b7\u00bb\u00d7\u2010-\u2027\u202f-\u205e\u2190-\u21ff\u3000-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20]',
    ' ', 'g'
  )
$$;

-- comment FUNCTION search_clean(p_text text)

COMMENT ON FUNCTION work.search_clean(p_text text) IS 'Put blanks where signs are, so that paths, names with underscores and numbers with dots fall into their words.';

-- function search_endings(text, text)

CREATE FUNCTION work.search_endings(p_stem text, p_word text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select string_to_array(
    '|s|d|ed|ing|er|ers|ly|y|ies|ied'
    || case when p_word <> p_stem then '|e|es' when p_stem ~ '[hosxz]$' then '|es' else '' end
    || case when p_stem ~ 'ion$' then '' else '|ion|ions' end
    || case when p_stem ~ '(ion|at)$' then '' else '|ation|ations|ment|ments' end
    || case
      when p_stem ~ '([^aeiou]|qu)[aeiouy][^aeiouwxy]$'
        then replace('|-ed|-ing|-er|-ers', '-', right(p_stem, 1))
      else ''
    end, '|'
  )
$_$;

-- function search_expected(text, tsquery)

CREATE FUNCTION work.search_expected(p_kind text, p_query tsquery) RETURNS double precision
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  source record;
  plan json;
begin
  select s.counted, s.indexed into source from work.search_source(p_kind) as s;
  execute format('explain (format json) select from %s as x where %s @@ %L::tsquery', source.counted, source.indexed, p_query)
  into plan;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8;
end
$$;

-- function search_is_common(text, tsquery, double precision, double precision)

CREATE FUNCTION work.search_is_common(p_kind text, p_query tsquery, p_factor double precision, p_among double precision DEFAULT NULL::double precision) RETURNS boolean
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select power(work.search_expected(p_kind, p_query), 2) > p_factor * coalesce(p_among + 1000, work.search_among(p_kind))
$$;

-- function search_kind(text, tsquery, tsquery, tsquery, text[], text[], uuid[], uuid, integer)

CREATE FUNCTION work.search_kind(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_most integer) RETURNS TABLE(id uuid, rank real)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  newest constant integer := work.search_newest(p_kind, p_guess, cardinality(p_patterns) > 0, p_project_id, p_most);
  few uuid[];
  ranks real[];
begin
  if newest is not null then
    select array_agg(c.id), array_agg(c.rank) into few, ranks
    from work.search_candidates(p_kind, p_query, p_guess, p_exact, p_needles, p_patterns, p_projects, p_project_id, newest, p_most) as c;
    if cardinality(few) >= p_most / 10 then
      return query select f.id, f.rank from unnest(few, ranks) as f (id, rank);
      return;
    end if;
  end if;
  return query
  select c.id, c.rank
  from work.search_candidates(p_kind, p_query, p_guess, p_exact, p_needles, p_patterns, p_projects, p_project_id, null, p_most) as c;
end
$$;

-- function search_term(text, boolean)

CREATE FUNCTION work.search_term(p_word text, p_beginning boolean DEFAULT false) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (((''''::text || replace(replace(p_word, '\'::text, '\\'::text), ''''::text, ''''''::text)) || ''''::text) ||
         CASE
             WHEN p_beginning THEN ':*'::text
             ELSE ''::text
         END);
END;

-- function search_mark(text)

CREATE FUNCTION work.search_mark(p_mark text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (work.search_term(('#'::text || "left"(p_mark, 200))))::tsquery AS search_term;
END;

-- function search_named(text)

CREATE FUNCTION work.search_named(p_text text) RETURNS tsquery[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_catalog', 'pg_temp'
    AS $_$
  select array_agg(work.search_term(n.pair, r.unfinished and n.place = cardinality(r.names))::tsquery)
  from (
    select t.unfinished, work.search_names(t.word) as names
    from (
      select
        m.m[3] as word,
        m.place = count(*) over () and p_text ~ '[[:alnum:]]$' as unfinished,
        bool_or(lower(m.m[3]) = 'or') over () is true as any_or,
        m.m[1] = '-' as negative
      from regexp_matches(left(p_text, 400), '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') with ordinality as m (m, place)
    ) as t
    where not t.any_or and not t.negative
  ) as r
  cross join lateral unnest(r.names) with ordinality as n (pair, place)
$_$;

-- function search_names(text)

CREATE FUNCTION work.search_names(p_text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array(
    select left(n.words[i], 100) || '_' || left(n.words[i + 1], 100)
    from (
      select regexp_split_to_array(lower(m.name[1]), '[^[:alnum:]]+') as words, m.place
      from regexp_matches(
        left(p_text, 50000), '[[:alnum:]]+(?:[^[:alnum:][:space:]]+[[:alnum:]]+)+', 'g'
      ) with ordinality as m (name, place)
    ) as n
    cross join lateral generate_series(1, cardinality(n.words) - 1) as i
    order by n.place, i
  )
$$;

-- comment FUNCTION search_names(p_text text)

COMMENT ON FUNCTION work.search_names(p_text text) IS 'Return the neighbours in names, joined: words with signs and no blanks between, such as parse_config or db.py.';

-- function search_newest(text, tsquery, boolean, uuid, integer)

CREATE FUNCTION work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  among constant float8 := work.search_among(p_kind);
  expected constant float8 := work.search_expected(
    p_kind, case when p_project_id is null then p_guess else p_guess && work.search_mark('=p' || p_project_id) end
  ) / case when p_is_phrase then 10 else 1 end;
  factor constant float8 := case when p_is_phrase then 4 else 9 end;
begin
  if power(expected, 2) <= factor * p_most / 25 * among then
    return null;
  end if;
  return case when p_is_phrase or p_project_id is not null then 3000 else greatest(1.6 * p_most * among / expected, 3000) end;
end
$$;

-- function search_part(text[], boolean, boolean, boolean)

CREATE FUNCTION work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select case
    when p_negative then '!(' || string_agg(work.search_term(t.token), ' <-> ' order by t.place) || ')'
    when cardinality(p_tokens) = 1 and not p_exact then work.search_word(p_tokens[1], p_unfinished)
    -- A last letter is left to the pattern of what stands together, and two are taken as they are: too many words begin so.
    -- A last letter is left to the pattern of what stands together, and two are taken as they are: too many words begin so.
    -- A word that stands there twice is asked for once, lest it is guessed to be half as common.
    else '(' || string_agg(
      distinct work.search_term(t.token, p_unfinished and t.place = cardinality(p_tokens) and length(t.token) > 2), ' & '
    ) filter (where not p_unfinished or t.place < cardinality(p_tokens) or length(t.token) > 1) || ')'
  end
  from unnest(p_tokens) with ordinality as t (token, place)
$$;

-- function search_parts(text)

CREATE FUNCTION work.search_parts(p_text text) RETURNS TABLE(place bigint, tokens text[], negative boolean, quoted boolean, is_or boolean, unfinished boolean, is_stop boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_catalog', 'pg_temp'
    AS $_$
  select
    r.place,
    t.tokens,
    r.m[1] = '-',
    r.m[2] is not null,
    coalesce(lower(r.m[3]) = 'or', false),
    r.m[3] is not null and r.place = count(*) over () and p_text ~ '[[:alnum:]]$',
    r.m[3] is not null
    and cardinality(t.tokens) = 1
    and (ts_lexize('pg_catalog.english_stem', t.tokens[1]) = '{}' or ts_lexize('pg_catalog.russian_stem', t.tokens[1]) = '{}')
  from regexp_matches(left(p_text, 400), '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') with ordinality as r (m, place)
  cross join lateral (select work.search_tokens(coalesce(r.m[2], r.m[3])) as tokens) as t
$_$;

-- function search_query(text)

CREATE FUNCTION work.search_query(p_text text, OUT query tsquery, OUT guess tsquery, OUT exact tsquery, OUT needle text, OUT needles text[], OUT patterns text[], OUT marks text[]) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_catalog', 'pg_temp'
    AS $$
  with parts as materialized (
    select r.place, r.tokens, r.negative, r.quoted, r.is_or, r.unfinished, r.is_stop
    from work.search_parts(p_text) as r
    where r.is_or or cardinality(r.tokens) > 0
  ),
  kept as (
    select r.place, r.tokens, r.negative, r.quoted, r.is_or, r.unfinished, lag(r.is_or) over (order by r.place) as after_or
    from parts as r
    where r.is_or
      or not r.is_stop
      or not exists (select from parts as o where not o.is_stop and not o.is_or and not o.negative)
  ),
  terms as (
    select
      t.place, t.tokens, t.negative, t.quoted, coalesce(t.after_or, false) as after_or,
      row_number() over (order by t.place) = 1 as is_first,
      bool_or(t.after_or) over () is true as any_or,
      work.search_part(t.tokens, t.quoted, t.unfinished, t.negative) as term,
      work.search_start(t.tokens, t.quoted) as needle
    from kept as t
    where not t.is_or
  )
  select
    case when bool_or(not t.negative) then string_agg(
      case when t.is_first then '' when t.after_or then ' | ' else ' & ' end || t.term, '' order by t.place
    )::tsquery end,
    -- Words of a path or name stand together by no accident: how common they are is guessed from the longest alone.
    string_agg(
      distinct case
        when cardinality(t.tokens) = 1 and not t.quoted then work.search_word(t.tokens[1], true)
        when t.quoted then t.term
        else (select work.search_term(k) from unnest(t.tokens) as k order by length(k) desc limit 1)
      end, case when t.any_or then ' | ' else ' & ' end
    ) filter (where not t.negative)::tsquery,
    string_agg('(' || work.search_part(t.tokens, true, false, false) || ')', ' | ') filter (where not t.negative)::tsquery,
    coalesce((array_agg(t.needle order by length(t.needle) desc) filter (where not t.negative and not t.any_or))[1], ''),
    -- A word holds no sign that means something to like.
    coalesce(array_agg('%' || t.needle || '%') filter (where t.needle <> '' and not t.negative and not t.any_or), '{}'),
    coalesce(array_agg('\m' || array_to_string(t.tokens, '[^[:alnum:]]+')) filter (
      where cardinality(t.tokens) > 1 and not t.negative and not t.any_or
    ), '{}'),
    coalesce(
      string_to_array(string_agg(case when cardinality(t.tokens) > 1 or t.needle = '' then array_to_string(t.tokens, ' ') else t.needle end, ' ')
        filter (where not t.negative), ' '),
      '{}'
    )
  from terms as t
$$;

-- function search_reference(text, uuid[])

CREATE FUNCTION work.search_reference(p_text text, p_projects uuid[]) RETURNS TABLE(kind text, id uuid)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $_$
  with words as (
    select btrim(p_text) as word, regexp_match(btrim(p_text), '^([A-Za-z0-9]{2,10})-([0-9]{1,18})$') as ref
  ),
  numbered as (
    select p.id as project_id, words.ref[2]::bigint as number
    from words
    join projects.projects as p on p.key = upper(words.ref[1])
    where p.id = any (p_projects)
  )
  select 'task', t.id
  from numbered as n
  join work.tasks as t on t.project_id = n.project_id and t.number = n.number and t.deleted_at is null
  union all
  select 'issue', i.id
  from numbered as n
  join work.issues as i on i.project_id = n.project_id and i.number = n.number and i.deleted_at is null
  union all
  select 'epic', e.id
  from words
  join work.epics as e on e.epic_id = upper(words.word) and e.project_id = any (p_projects) and e.archived_at is null
  union all
  select 'devlog', d.id
  from words
  join work.devlog_entries as d on d.key_field = words.word and d.project_id = any (p_projects) and not d.archived
$_$;

-- function search_shown(text, uuid)

CREATE FUNCTION work.search_shown(p_kind text, p_id uuid) RETURNS TABLE(project_id uuid, ref text, title text, status text, body text)
    LANGUAGE sql STABLE ROWS 1
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  select t.project_id, p.key || '-' || t.number, t.title, t.status, t.description
  from work.tasks as t
  join projects.projects as p on p.id = t.project_id
  where p_kind = 'task' and t.id = p_id
  union all
  select i.project_id, p.key || '-' || i.number, i.title, i.status, i.description
  from work.issues as i
  join projects.projects as p on p.id = i.project_id
  where p_kind = 'issue' and i.id = p_id
  union all
  select e.project_id, e.epic_id, e.title, e.status, e.description
  from work.epics as e
  where p_kind = 'epic' and e.id = p_id
  union all
  select c.project_id, p.key || '-' || coalesce(t.number, i.number), coalesce(t.title, i.title), null, c.content
  from work.comments as c
  join projects.projects as p on p.id = c.project_id
  left join work.tasks as t on t.id = c.task_id
  left join work.issues as i on i.id = c.issue_id
  where p_kind = 'comment' and c.id = p_id
  union all
  select d.project_id, d.key_field, d.title, d.status, concat_ws(E'\n', nullif(d.description, ''), (
    select string_agg(n.content, E'\n' order by n."timestamp", n.id)
    from work.devlog_notes as n
    where n.devlog_id = d.id
  ))
  from work.devlog_entries as d
  where p_kind = 'devlog' and d.id = p_id
$$;

-- function search_source(text)

CREATE FUNCTION work.search_source(p_kind text, OUT relation text, OUT id text, OUT live text, OUT words text, OUT said text, OUT title text, OUT body text, OUT numbered boolean, OUT counted text, OUT indexed text, OUT matches text, OUT newest text) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select
    s.relation, s.id, s.live, w.words, s.said, s.title, s.body, p_kind in ('task', 'issue'),
    case p_kind when 'task' then 'work.task_words' else s.relation end,
    case p_kind when 'task' then 'work.task_words_of(x.task_id, x.version)' else w.words end,
    case p_kind
      when 'task' then
        'x.id = any (array(select w.task_id from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ %s))'
      else w.words || ' @@ %s'
    end,
    -- As an expression it is no index's order: to walk one would be to write the words of each row down.
    case p_kind
      when 'task' then
        'x.id = any (array(select w.task_id from work.task_words as w where work.task_words_of(w.task_id, w.version) @@ %s'
          || ' order by greatest(w.task_id, w.task_id) desc limit 1000))'
      else
        'x.id = any (array(select x.id from ' || s.relation || ' as x where ' || w.words || ' @@ %s'
          || ' order by greatest(x.id, x.id) desc limit 1000))'
    end
  from (
    values
      (
        'task', 'work.tasks', 'x.id', 'x.deleted_at is null', 'x.labels || array[''=t'' || x.type, ''=g'' || x.import_tag]',
        'x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      ('issue', 'work.issues', 'x.id', 'x.deleted_at is null', 'x.labels', 'x.title || '' '' || x.description', 'x.title', 'x.description'),
      (
        'epic', 'work.epics', 'x.id', 'x.archived_at is null', '''{}''',
        'x.epic_id || '' '' || x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      (
        'comment', 'work.comments', 'x.id',
        'x.deleted_at is null and (select t.deleted_at from work.tasks as t where t.id = x.task_id) is null'
          || ' and (select i.deleted_at from work.issues as i where i.id = x.issue_id) is null',
        '''{}''', 'x.content', '''''', 'x.content'
      ),
      (
        'devlog', 'work.devlog_entries', 'x.id', 'not x.archived', 'x.tags',
        'x.key_field || '' '' || x.title || '' '' || x.description', 'x.title', 'x.description'
      ),
      ('workflow', 'work.workflows', 'x.id', 'true', '''{}''', 'x.name || '' '' || x.description', 'x.name', 'x.description'),
      (
        'note', 'work.devlog_notes', 'x.devlog_id',
        'not (select e.archived from work.devlog_entries as e where e.id = x.devlog_id)', '''{}''', 'x.content', '''''',
        'x.content'
      )
  ) as s (kind, relation, id, live, marks, said, title, body)
  cross join lateral (
    select 'work.search_words(x.project_id, ' || s.marks || ', ' || s.said || ')' as words
  ) as w
  where s.kind = p_kind
$$;

-- function search_start(text[], boolean)

CREATE FUNCTION work.search_start(p_tokens text[], p_exact boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $_$
  select case
    when p_exact or cardinality(p_tokens) > 1 or s.stem is null
      then (select t from unnest(p_tokens) as t order by length(t) desc limit 1)
    when starts_with(p_tokens[1], regexp_replace(s.stem, 'i$', '')) then regexp_replace(s.stem, 'i$', '')
    else ''
  end
  from (select work.search_stem(p_tokens[1]) as stem) as s
$_$;

-- function search_stem(text)

CREATE FUNCTION work.search_stem(p_word text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select case
    when p_word ~ '[0-9]' or length(p_word) < 4 then null
    when p_word ~ '^[ -~]+$' then (ts_lexize('pg_catalog.english_stem', p_word))[1]
    else (ts_lexize('pg_catalog.russian_stem', p_word))[1]
  end
$_$;

-- function search_tokens(text)

CREATE FUNCTION work.search_tokens(p_text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(array_agg(w.lexeme order by w.place), '{}')
  from (
    select v.lexeme, unnest(v.positions) as place
    from unnest(to_tsvector('simple', work.search_clean(p_text))) as v
  ) as w
$$;

-- function search_word(text, boolean)

CREATE FUNCTION work.search_word(p_word text, p_unfinished boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $_$
  select case
    when s.stem is null then work.search_term(p_word, p_word ~ '[가-힣]' or (p_unfinished and length(p_word) > 1))
    when (p_unfinished or p_word !~ '^[ -~]+$') and starts_with(p_word, s.stem) and s.stem !~ 'i$' then work.search_term(s.stem, true)
    when p_unfinished or p_word !~ '^[ -~]+$' then format('(%s | %s | %s)', work.search_term(p_word, true),
      work.search_term(s.stem, true), work.search_term(regexp_replace(s.stem, 'i$', 'y')))
    else (
      select '(' || string_agg(work.search_term(f.form), ' | ') || ')'
      from (
        select p_word as form
        union
        select regexp_replace(s.stem, 'i$', '') || e.ending
        from unnest(work.search_endings(s.stem, p_word)) as e (ending)
      ) as f
      where f.form = p_word
        or ts_lexize('pg_catalog.english_stem', f.form) = array[s.stem]
    )
  end
  from (select work.search_stem(p_word) as stem) as s
$_$;

-- function search_words(uuid, text[], text)

CREATE FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE COST 100000 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return to_tsvector('simple', work.search_clean(p_text)) || array_to_tsvector(array(
    select '#' || left(m, 200)
    from unnest(array['=p' || p_project_id] || p_marks) as m
    where m is not null
  ));
end
$$;

-- comment FUNCTION search_words(p_project_id uuid, p_marks text[], p_text text)

COMMENT ON FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) IS 'Return the words under which a thing is found, and its marks: each begins with #, as no word does.';

-- function stamp_devlog()

CREATE FUNCTION work.stamp_devlog() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  new.closed_at := case when new.status in ('done', 'cancelled') then coalesce(new.closed_at, now()) end;
  return new;
end
$$;

-- function start_task(uuid, bigint)

CREATE FUNCTION work.start_task(p_task_id uuid, p_token bigint DEFAULT NULL::bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  agent uuid;
begin
  perform kit.authorize('work:write');
  agent := work.pass(p_task_id, p_token, true);
  perform work.on_start(array[p_task_id], array[agent], '{}');
  update work.tasks as t
  set
    status = 'in_progress',
    assigned_agent_id = case when p_token is not null then agent end,
    assigned_user_id = case when p_token is null then coalesce(kit.actor_user(), t.assigned_user_id) end,
    started_at = coalesce(t.started_at, now())
  where t.id = p_task_id
    and t.deleted_at is null;
  perform work.renew(p_task_id, p_token);
end
$$;

-- function take_figures()

CREATE FUNCTION work.take_figures() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  analyze work.tasks, work.task_dependencies, work.ready_queue;
end
$$;

-- function task_links(uuid)

CREATE FUNCTION work.task_links(p_id uuid) RETURNS TABLE(id uuid, project_id uuid, number bigint, title text, status text, relation text, depth integer)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with recursive up (id, parent_id, depth) as (
    select t.id, t.parent_task_id, 0 from work.tasks as t where t.id = p_id
    union all
    select a.id, a.parent_task_id, up.depth + 1 from up join work.tasks as a on a.id = up.parent_id
  ),
  down (id, depth) as (
    select p_id, 0
    union all
    select c.id, down.depth + 1 from down join work.tasks as c on c.parent_task_id = down.id
  ),
  tied (id, relation, depth) as (
    select up.id, 'parent', up.depth from up where up.depth > 0
    union all
    select down.id, 'subtask', down.depth from down where down.depth > 0
    union all
    select d.depends_on_task_id, case d.dependency_type when 'relates_to' then 'relates_to' else 'waits_for' end, 1
    from work.task_dependencies as d where d.task_id = p_id
    union all
    select d.task_id, case d.dependency_type when 'relates_to' then 'relates_to' else 'awaited_by' end, 1
    from work.task_dependencies as d where d.depends_on_task_id = p_id
  )
  select t.id, t.project_id, t.number, t.title, t.status, tied.relation, tied.depth
  from tied
  join work.tasks as t on t.id = tied.id
  where t.deleted_at is null
$$;

-- function task_words_of(uuid, integer)

CREATE FUNCTION work.task_words_of(p_task_id uuid, p_version integer) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE COST 100000 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select work.search_words(t.project_id, t.labels || array['=t' || t.type, '=g' || t.import_tag], s.said)
      || array_to_tsvector(work.search_names(s.said))
    from work.tasks as t
    cross join lateral (select t.title || ' ' || t.description as said) as s
    where t.id = p_task_id
  );
end
$$;

-- comment FUNCTION task_words_of(p_task_id uuid, p_version integer)

COMMENT ON FUNCTION work.task_words_of(p_task_id uuid, p_version integer) IS 'Return the words of a task; the version rises whenever they change.';

-- function tasks_among(uuid, jsonb)

CREATE FUNCTION work.tasks_among(p_project_id uuid, p_statuses jsonb DEFAULT NULL::jsonb) RETURNS double precision
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select sum(c.count)::float8
  from work.counts as c
  where c.project_id = p_project_id
    and case
      when p_statuses is null then c.name not in ('queued', 'dependencies')
      else p_statuses ? c.name
    end
$$;

-- function tell_expiry(uuid, uuid)

CREATE FUNCTION work.tell_expiry(p_task_id uuid, p_agent_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $_$
declare
  extension record;
begin
  for extension in
    select function_name, at_once
    from work.extension_points
    where point = 'on_expire'
    order by position, function_name
  loop
    begin
      if extension.at_once then
        execute format('select %s($1, $2, $3)', extension.function_name)
        using array[p_task_id], array[p_agent_id], array['{}'::jsonb];
      else
        execute format('select %s($1, $2, $3)', extension.function_name) using p_task_id, p_agent_id, '{}'::jsonb;
      end if;
    exception
      when serialization_failure or deadlock_detected then
        raise;
      when others then
        insert into kit.notices (topic, level, message)
        values ('work.expiry', 'error', format('%s failed when the lease of task %s ended: %s', extension.function_name, p_task_id, sqlerrm));
    end;
  end loop;
end
$_$;

-- function text_items(text)

CREATE FUNCTION work.text_items(p_text text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select case
    when p_text !~ '\S' then '[]'::jsonb
    else coalesce(
      (
        select jsonb_agg(btrim(m.item[1]) order by m.position)
        from regexp_matches(p_text, '^\s*[-•*]\s+(.*\S)', 'gn') with ordinality as m (item, position)
      ),
      jsonb_build_array(btrim(p_text))
    )
  end
$$;

-- function touched_by(uuid[], uuid[])

CREATE FUNCTION work.touched_by(p_ids uuid[], p_parents uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  return array(
    with recursive tree (id) as (
      select unnest(p_ids)
      union
      select d.task_id
      from work.task_dependencies as d
      where d.depends_on_task_id = any (p_ids)
        and d.dependency_type <> 'relates_to'
      union
      select c.id
      from tree
      join work.tasks as c on c.parent_task_id = tree.id
    )
    select id
    from tree
    where id is not null
    union
    select p.id
    from unnest(p_parents) as p (id)
    where p.id is not null
  );
end
$$;

-- function untied(uuid[])

CREATE FUNCTION work.untied(p_ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  return array(
    select t.id
    from work.tasks as t
    where t.id = any (p_ids)
      and t.parent_task_id is null
      and not exists (select from work.tasks as c where c.parent_task_id = t.id)
      and not exists (
        select
        from work.task_dependencies as d
        where d.depends_on_task_id = t.id
          and d.dependency_type <> 'relates_to'
      )
  );
end
$$;

-- function waited_ms(uuid)

CREATE FUNCTION work.waited_ms(p_task_id uuid) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  select coalesce(sum(w.waited_ms), 0)::bigint
  from work.questions as w
  where w.task_id = p_task_id
$$;

-- function waiting_counts(integer, integer[], integer[], integer[])

CREATE FUNCTION work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  width constant integer := 4096;
  none constant varbit := repeat('0', width)::varbit;
  first integer[] := array_fill(null::integer, array[p_nodes]);
  counts integer[] := array_fill(0, array[p_nodes]);
  waiting varbit[];
  mine varbit;
  edge integer;
  node integer;
begin
  for i in reverse coalesce(cardinality(p_to), 0)..1 loop
    first[p_to[i]] := i;
  end loop;
  for base in 0..p_nodes - 1 by width loop
    waiting := array_fill(null::varbit, array[p_nodes]);
    for place in reverse cardinality(p_order)..1 loop
      node := p_order[place];
      edge := first[node];
      continue when edge is null;
      mine := none;
      while p_to[edge] = node loop
        mine := mine | coalesce(waiting[p_from[edge]], none);
        if p_from[edge] > base and p_from[edge] <= base + width then
          mine := set_bit(mine::bit(4096), p_from[edge] - base - 1, 1);
        end if;
        edge := edge + 1;
      end loop;
      waiting[node] := mine;
      counts[node] := counts[node] + bit_count(mine::bit(4096))::integer;
    end loop;
  end loop;
  return counts;
end
$$;

-- function waiting_order(integer, integer[], integer[])

CREATE FUNCTION work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  waits integer[] := array_fill(0, array[p_nodes]);
  first integer[] := array_fill(null::integer, array[p_nodes]);
  free integer[] := '{}';
  place integer := 1;
  edge integer;
begin
  for i in 1..coalesce(cardinality(p_from), 0) loop
    waits[p_from[i]] := waits[p_from[i]] + 1;
    first[p_to[i]] := coalesce(first[p_to[i]], i);
  end loop;
  for i in 1..p_nodes loop
    if waits[i] = 0 then
      free[cardinality(free) + 1] := i;
    end if;
  end loop;
  while place <= cardinality(free) loop
    edge := first[free[place]];
    while p_to[edge] = free[place] loop
      waits[p_from[edge]] := waits[p_from[edge]] - 1;
      if waits[p_from[edge]] = 0 then
        free[cardinality(free) + 1] := p_from[edge];
      end if;
      edge := edge + 1;
    end loop;
    place := place + 1;
  end loop;
  return free;
end
$$;

-- function waiting_since(uuid, timestamp with time zone)

CREATE FUNCTION work.waiting_since(p_task_id uuid, p_created_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT min(GREATEST(d.created_at, waiting_since.p_created_at)) AS min
    FROM work.task_dependencies d
   WHERE ((d.task_id = waiting_since.p_task_id) AND (d.dependency_type <> 'relates_to'::text) AND ( SELECT ((b.deleted_at IS NULL) AND (NOT work.out_of_the_way(b.status)))
            FROM work.tasks b
           WHERE (b.id = d.depends_on_task_id)));
END;

-- function waiting_tasks(uuid, uuid, integer)

CREATE FUNCTION work.waiting_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) RETURNS TABLE(task_id uuid, place bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  if p_task_id is not null then
    return query
    select t.id, 1::bigint
    from work.tasks as t
    where t.id = p_task_id
      and t.deleted_at is null
      and t.status in ('pending', 'in_progress', 'blocked')
      and not exists (select from work.ready_queue as q where q.task_id = t.id);
  elsif p_project_id is not null then
    return query
    select t.id, row_number() over (order by t.priority desc, t.number)
    from work.tasks as t
    where t.project_id = p_project_id
      and t.deleted_at is null
      and t.status in ('pending', 'in_progress', 'blocked')
      and not exists (select from work.ready_queue as q where q.task_id = t.id)
    order by t.priority desc, t.number
    limit p_limit;
  else
    return query
    select t.id, row_number() over (order by t.priority desc, t.number, t.id)
    from work.tasks as t
    where t.deleted_at is null
      and t.project_id not in (select d.id from projects.projects as d where d.deleted_at is not null)
      and t.status in ('pending', 'in_progress', 'blocked')
      and not exists (select from work.ready_queue as q where q.task_id = t.id)
    order by t.priority desc, t.number, t.id
    limit p_limit;
  end if;
end
$$;

-- function waits_of(uuid)

CREATE FUNCTION work.waits_of(p_id uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE line(id, parent_id) AS (
          SELECT t.id,
             t.parent_task_id
            FROM work.tasks t
           WHERE (t.id = waits_of.p_id)
         UNION
          SELECT a.id,
             a.parent_task_id
            FROM (line
              JOIN work.tasks a ON ((a.id = line.parent_id)))
         )
  SELECT d.depends_on_task_id
    FROM (line
      JOIN work.task_dependencies d ON ((d.task_id = line.id)))
   WHERE (d.dependency_type <> 'relates_to'::text)
 UNION
  SELECT c.id
    FROM work.tasks c
   WHERE (c.parent_task_id = waits_of.p_id);
END;

-- function with_descendants(uuid[])

CREATE FUNCTION work.with_descendants(p_ids uuid[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with recursive tree (id) as (
    select unnest(p_ids)
    union
    select c.id
    from tree
    join work.tasks as c on c.parent_task_id = tree.id
  )
  select id
  from tree
$$;

-- function withdraw_question(uuid, bigint, text)

CREATE FUNCTION work.withdraw_question(p_id uuid, p_token bigint DEFAULT NULL::bigint, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'work', 'kit', 'pg_temp'
    AS $$
declare
  task uuid;
begin
  perform kit.authorize('work:write');
  task := work.lock_question(p_id);
  if p_token is not null or kit.actor_agent() is not null then
    perform work.pass(task, p_token, true);
  end if;
  perform work.close_question(p_id, 'withdrawn', p_reason);
  perform work.resume_task(p_id);
end
$$;

-- function workflow_bottlenecks(uuid)

CREATE FUNCTION work.workflow_bottlenecks(p_workflow_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  with worst as materialized (
    select t.id, t.project_id, t.number, t.title, t.status, t.created_at, a.blocking_factor, a.dependency_impact_score
    from work.tasks as t
    join work.task_analytics as a on a.task_id = t.id
    where t.workflow_id = p_workflow_id
      and t.deleted_at is null
      and not work.out_of_the_way(t.status)
      and a.blocking_factor > 0
    order by a.blocking_factor desc, t.number
    limit 10
  )
  select coalesce(
    jsonb_agg(
      jsonb_build_object(
        'task', p.key || '-' || t.number,
        'task_id', t.id,
        'title', t.title,
        'status', t.status,
        'waiting', t.blocking_factor::integer,
        'blocking_for_hours', h.hours,
        'impact_percentage', t.dependency_impact_score
      )
      order by t.blocking_factor desc, t.number
    ),
    '[]'
  )
  from worst as t
  join projects.projects as p on p.id = t.project_id
  cross join lateral (
    select coalesce(round((extract(epoch from now() - min(greatest(d.created_at, t.created_at))) / 3600)::numeric, 2), 0) as hours
    from work.task_dependencies as d
    join work.tasks as w on w.id = d.task_id
    where d.depends_on_task_id = t.id
      and d.dependency_type <> 'relates_to'
      and w.deleted_at is null
      and not work.out_of_the_way(w.status)
  ) as h
$$;

-- function workflow_figures(uuid)

CREATE FUNCTION work.workflow_figures(p_workflow_id uuid) RETURNS TABLE(workflow_id uuid, project_id uuid, total_tasks integer, completed_tasks integer, failed_tasks integer, blocked_tasks integer, waiting_tasks integer, completion_percentage numeric, estimated_duration_hours numeric, actual_duration_hours numeric, efficiency_score numeric, quality_score numeric, complexity_score numeric, critical_path_minutes integer, critical_path jsonb)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  select
    w.id,
    w.project_id,
    count(t.id)::integer,
    (count(*) filter (where t.status = 'done'))::integer,
    (count(*) filter (where t.status in ('failed', 'cancelled')))::integer,
    (count(*) filter (where t.status = 'blocked'))::integer,
    (count(*) filter (where not work.out_of_the_way(t.status) and work.waiting_since(t.id, t.created_at) is not null))::integer,
    round(100.0 * count(*) filter (where t.status = 'done') / greatest(count(t.id), 1), 2),
    round(sum(f.estimated_minutes) / 60.0, 2),
    round(sum(f.actual_minutes) / 60.0, 2),
    round(100.0 * nullif(sum(f.estimated_minutes), 0) / nullif(sum(f.actual_minutes), 0), 2),
    round(avg((a.quality_metrics ->> 'overall_score')::numeric) filter (where t.status in ('done', 'failed')), 2),
    round(avg(t.complexity_score), 2),
    coalesce(sum(f.estimated_minutes) filter (where a.critical_position is not null), 0)::integer,
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'task', p.key || '-' || t.number, 'task_id', t.id, 'title', t.title, 'status', t.status,
          'minutes', coalesce(f.estimated_minutes, 0)
        )
        order by a.critical_position
      ) filter (where a.critical_position is not null),
      '[]'
    )
  from work.workflows as w
  join projects.projects as p on p.id = w.project_id
  left join work.tasks as t on t.workflow_id = w.id and t.project_id = w.project_id and t.deleted_at is null
  left join work.task_effort as f on f.task_id = t.id
  left join work.task_analytics as a on a.task_id = t.id
  where w.id = p_workflow_id
  group by w.id
$$;

-- function workflow_graph(uuid)

CREATE FUNCTION work.workflow_graph(p_workflow_id uuid, OUT ids uuid[], OUT minutes integer[], OUT is_open boolean[], OUT from_nodes integer[], OUT to_nodes integer[]) RETURNS record
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
  with nodes as (
    select t.id, t.status, (row_number() over (order by t.number))::integer as n, coalesce(f.estimated_minutes, 0) as minutes
    from work.tasks as t
    join work.task_effort as f on f.task_id = t.id
    where t.workflow_id = p_workflow_id
      and t.deleted_at is null
  ),
  edges as (
    select f.n as f, t.n as t
    from nodes as f
    cross join lateral work.waits_of(f.id) as w (waits_for)
    join nodes as t on t.id = w.waits_for
    where f.status <> 'cancelled'
      and t.status <> 'cancelled'
  )
  select
    (select array_agg(nodes.id order by nodes.n) from nodes),
    (select array_agg(case when nodes.status = 'cancelled' then 0 else nodes.minutes end order by nodes.n) from nodes),
    (select array_agg(nodes.status not in ('done', 'cancelled') order by nodes.n) from nodes),
    (select array_agg(edges.f order by edges.t, edges.f) from edges),
    (select array_agg(edges.t order by edges.t, edges.f) from edges)
$$;

-- function workflow_open_tasks(uuid)

CREATE FUNCTION work.workflow_open_tasks(p_workflow_id uuid) RETURNS TABLE(ref text, status text, estimated_minutes integer, waiting integer, critical_position integer, is_ready boolean, attempts integer, waits_hours integer, is_overdue boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'projects', 'pg_temp'
    AS $$
  select
    p.key || '-' || t.number,
    t.status,
    t.estimated_minutes,
    a.blocking_factor::integer,
    a.critical_position,
    q.task_id is not null and q.agent_id is null,
    t.attempts::integer,
    (extract(epoch from now() - case when t.status = 'blocked' then t.updated_at else work.waiting_since(t.id, t.created_at) end) / 3600)::integer,
    t.due_date < now()
  from work.tasks as t
  join work.task_analytics as a on a.task_id = t.id
  join projects.projects as p on p.id = t.project_id
  left join work.ready_queue as q on q.task_id = t.id
  where t.workflow_id = p_workflow_id
    and t.deleted_at is null
    and not work.out_of_the_way(t.status)
  order by a.blocking_factor desc, t.number
$$;

-- function workflow_opportunities(uuid)

CREATE FUNCTION work.workflow_opportunities(p_workflow_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $_$
  with o as materialized (
    select ref, status, estimated_minutes, waiting, critical_position, is_ready, attempts, waits_hours, is_overdue
    from work.workflow_open_tasks(p_workflow_id)
  ),
  said (place, item) as (
    values
      (1, work.advice('critical_path', 'Begin with %2$s: it leads the longest chain that is left, so the end moves with it.',
        array(select ref from o where critical_position is not null and status <> 'in_progress' and is_ready order by critical_position limit 1))),
      (2, work.advice('parallel', '%1$s tasks could be worked on at once, nothing stands between them: %2$s.',
        array(select ref from o where is_ready and (select count(*) from o where is_ready) > 1))),
      (3, work.advice('bottleneck', 'Half of what is open, or more, waits for %2$s: put it first or split it.',
        array(select ref from o where waiting >= 2 and waiting * 2 >= (select count(*) from o)))),
      (4, work.advice('long_blocked', '%1$s tasks have waited for more than a day: %2$s. Clear what they wait for, or take the dependency away.',
        array(select ref from o where waits_hours > 24))),
      (5, work.advice('missing_estimate', '%1$s open tasks have no estimate, so the critical path may be another: %2$s.',
        array(select ref from o where estimated_minutes is null))),
      (6, work.advice('retries', '%1$s tasks have failed before: %2$s. Look at why before the next try.',
        array(select ref from o where attempts > 0))),
      (7, work.advice('overdue', '%1$s tasks are past their date: %2$s.',
        array(select ref from o where is_overdue)))
  )
  select coalesce(jsonb_agg(said.item order by said.place) filter (where said.item is not null), '[]')
  from said
$_$;

-- function workflow_places(uuid)

CREATE FUNCTION work.workflow_places(p_workflow_id uuid) RETURNS TABLE(task_id uuid, waiting integer, critical_position integer)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'work', 'pg_temp'
    AS $$
declare
  g record;
  sorted integer[];
  counts integer[];
  chain integer[];
  from_open integer[];
  to_open integer[];
begin
  select w.ids, w.minutes, w.is_open, w.from_nodes, w.to_nodes into g from work.workflow_graph(p_workflow_id) as w;
  if g.ids is null then
    return;
  end if;
  sorted := work.waiting_order(cardinality(g.ids), g.from_nodes, g.to_nodes);
  -- Nobody waits through what is done.
  select array_agg(e.f order by e.place), array_agg(e.t order by e.place)
  into from_open, to_open
  from unnest(g.from_nodes, g.to_nodes) with ordinality as e (f, t, place)
  where g.is_open[e.f]
    and g.is_open[e.t];
  counts := work.waiting_counts(cardinality(g.ids), sorted, from_open, to_open);
  if true = any (g.is_open) then
    g.minutes := array(
      select case when n.is_open then n.minutes else 0 end
      from unnest(g.is_open, g.minutes) with ordinality as n (is_open, minutes, place)
      order by n.place
    );
    chain := work.longest_chain(sorted, from_open, to_open, g.minutes);
  else
    chain := work.longest_chain(sorted, g.from_nodes, g.to_nodes, g.minutes);
  end if;
  return query
  select n.id, counts[n.place], (case when cardinality(chain) > 1 or g.minutes[chain[1]] > 0 then c.place end)::integer
  from unnest(g.ids) with ordinality as n (id, place)
  left join unnest(chain) with ordinality as c (node, place) on c.node = n.place;
end
$$;

-- function workflow_utilization(uuid)

CREATE FUNCTION work.workflow_utilization(p_workflow_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'work', 'accounts', 'agents', 'pg_temp'
    AS $$
  select jsonb_build_object(
    'by_worker', coalesce((
      select jsonb_agg(
        jsonb_build_object('name', k.name, 'tasks', k.total, 'done', k.done, 'actual_hours', k.hours)
        order by k.total desc, k.name
      )
      from (
        select
          coalesce(u.username, g.name, 'nobody') as name,
          count(*) as total,
          count(*) filter (where t.status = 'done') as done,
          round(coalesce(sum(f.actual_minutes), 0) / 60.0, 2) as hours
        from work.tasks as t
        join work.task_effort as f on f.task_id = t.id
        left join accounts.users as u on u.id = t.assigned_user_id
        left join agents.agents as g on g.id = t.assigned_agent_id
        where t.workflow_id = p_workflow_id
          and t.deleted_at is null
        group by 1
      ) as k
    ), '[]'),
    'finished_efficiency', (
      select round(100.0 * sum(f.estimated_minutes) / sum(f.actual_minutes), 2)
      from work.task_effort as f
      where f.workflow_id = p_workflow_id
        and f.status = 'done'
        and f.estimated_minutes > 0
        and f.actual_minutes > 0
    )
  )
$$;

-- function write_front(uuid, text[])

CREATE FUNCTION work.write_front(p_project_id uuid, p_capabilities text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $$
begin
  -- More would not fit into the key; such agents walk the whole queue.
  if octet_length(p_capabilities::text) > 2000 or not pg_try_advisory_xact_lock(
    hashtextextended('work.front', 0) # hashtextextended(p_project_id::text || p_capabilities::text, 0)
  ) then
    return;
  end if;
  insert into work.queue_fronts as f (project_id, capabilities, rank, number, oldest_xid, written_by, written_at)
  select
    p_project_id, p_capabilities, -q.priority, q.number,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_current_xact_id()::text::bigint, clock_timestamp()
  from work.ready_queue as q
  where q.task_id = any (work.ids_in_project(p_project_id, p_capabilities, 1))
  on conflict (project_id, capabilities) do update
  set
    rank = excluded.rank,
    number = excluded.number,
    oldest_xid = excluded.oldest_xid,
    written_by = excluded.written_by,
    written_at = excluded.written_at;
end
$$;

-- function write_point(text)

CREATE FUNCTION work.write_point(p_point text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'work', 'pg_temp'
    AS $_$
declare
  calls constant text[] := array(
    select
      case
        when p_point = 'may_claim' then format('%s(p_task_ids, p_agent_id)', e.function_name)
        when e.at_once then format('  perform %s(p_task_ids, p_agent_ids, p_details);', e.function_name)
        else format(
          e'  for i in 1..cardinality(p_task_ids) loop\n'
          '    perform %s(p_task_ids[i], p_agent_ids[i], coalesce(p_details[i], ''{}''));\n  end loop;', e.function_name
        )
      end
    from work.extension_points as e
    where e.point = p_point
    order by e.position, e.function_name
  );
begin
  if p_point = 'on_expire' then
    return;
  end if;
  -- What later rooms do is planned as usual, whatever the caller is set to.
  execute format(
    $$
      create or replace function work.%1$I(%2$s
      language plpgsql
      set search_path = work, pg_temp
      set plan_cache_mode = auto
      set enable_seqscan = on
      as %3$L;
      comment on function work.%1$I is 'Call what later rooms registered for the point %1$s; written by work.write_point.'
    $$,
    p_point,
    case
      when p_point = 'may_claim' then 'p_task_ids uuid[], p_agent_id uuid) returns jsonb[]'
      else 'p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) returns void'
    end,
    case
      when p_point = 'may_claim' then format(e'\nbegin\n  return array[%s]::jsonb[];\nend\n', array_to_string(calls, ', '))
      else format(e'\nbegin\n%s\nend\n', coalesce(nullif(array_to_string(calls, e'\n'), ''), '  null;'))
    end
  );
end
$_$;

-- function write_workflow_analytics(uuid)

CREATE FUNCTION work.write_workflow_analytics(p_workflow_id uuid) RETURNS work.workflow_analytics
    LANGUAGE sql
    SET search_path TO 'work', 'pg_temp'
    AS $$
  insert into work.workflow_analytics as a (
    workflow_id, project_id, total_tasks, completed_tasks, failed_tasks, blocked_tasks, waiting_tasks,
    completion_percentage, estimated_duration_hours, actual_duration_hours, efficiency_score, quality_score,
    complexity_score, critical_path_minutes, critical_path, resource_utilization, bottlenecks,
    optimization_opportunities, calculated_at
  )
  select
    w.workflow_id, w.project_id, w.total_tasks, w.completed_tasks, w.failed_tasks, w.blocked_tasks, w.waiting_tasks,
    w.completion_percentage, w.estimated_duration_hours, w.actual_duration_hours, w.efficiency_score, w.quality_score,
    w.complexity_score, w.critical_path_minutes, w.critical_path, work.workflow_utilization(w.workflow_id),
    work.workflow_bottlenecks(w.workflow_id), work.workflow_opportunities(w.workflow_id), clock_timestamp()
  from work.workflow_figures(p_workflow_id) as w
  on conflict (workflow_id) do update
  set
    total_tasks = excluded.total_tasks,
    completed_tasks = excluded.completed_tasks,
    failed_tasks = excluded.failed_tasks,
    blocked_tasks = excluded.blocked_tasks,
    waiting_tasks = excluded.waiting_tasks,
    completion_percentage = excluded.completion_percentage,
    estimated_duration_hours = excluded.estimated_duration_hours,
    actual_duration_hours = excluded.actual_duration_hours,
    efficiency_score = excluded.efficiency_score,
    quality_score = excluded.quality_score,
    complexity_score = excluded.complexity_score,
    critical_path_minutes = excluded.critical_path_minutes,
    critical_path = excluded.critical_path,
    resource_utilization = excluded.resource_utilization,
    bottlenecks = excluded.bottlenecks,
    optimization_opportunities = excluded.optimization_opportunities,
    calculated_at = excluded.calculated_at
  returning
    a.workflow_id, a.project_id, a.total_tasks, a.completed_tasks, a.failed_tasks, a.blocked_tasks, a.waiting_tasks,
    a.completion_percentage, a.estimated_duration_hours, a.actual_duration_hours, a.efficiency_score, a.quality_score,
    a.complexity_score, a.critical_path_minutes, a.critical_path, a.resource_utilization, a.bottlenecks,
    a.optimization_opportunities, a.calculated_at, a.updated_at
$$;

-- table api_keys

CREATE TABLE accounts.api_keys (
    id uuid DEFAULT kit.new_id() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    key_prefix text NOT NULL,
    key_hash bytea NOT NULL,
    agent_name text,
    is_active boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_agent_name_check CHECK (((length(agent_name) >= 1) AND (length(agent_name) <= 255))),
    CONSTRAINT api_keys_check CHECK (((revoked_at IS NULL) OR (NOT is_active))),
    CONSTRAINT api_keys_key_hash_check CHECK ((length(key_hash) = 32)),
    CONSTRAINT api_keys_key_prefix_check CHECK (((length(key_prefix) >= 8) AND (length(key_prefix) <= 20))),
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))
);

-- comment TABLE api_keys

COMMENT ON TABLE accounts.api_keys IS 'Keys of users, and of agents that act for them; the secret itself is shown once and never kept.';

-- comment COLUMN api_keys.key_hash

COMMENT ON COLUMN accounts.api_keys.key_hash IS 'SHA-256 of the whole key, which holds 256 random bits: a slow hash would guard nothing more.';

-- comment COLUMN api_keys.agent_name

COMMENT ON COLUMN accounts.api_keys.agent_name IS 'Binds the bearer to this agent; the rights stay those of the user at most.';

-- table login_sessions

CREATE TABLE accounts.login_sessions (
    id uuid DEFAULT kit.new_id() NOT NULL,
    user_id uuid NOT NULL,
    link_hash bytea NOT NULL,
    link_expires_at timestamp with time zone NOT NULL,
    redeemed_at timestamp with time zone,
    token_hash bytea,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    ip_address inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT login_sessions_check CHECK (((redeemed_at IS NULL) = (token_hash IS NULL))),
    CONSTRAINT login_sessions_check1 CHECK (((redeemed_at IS NULL) = (expires_at IS NULL))),
    CONSTRAINT login_sessions_link_hash_check CHECK ((length(link_hash) = 32)),
    CONSTRAINT login_sessions_token_hash_check CHECK ((length(token_hash) = 32)),
    CONSTRAINT login_sessions_user_agent_check CHECK ((length(user_agent) <= 1000))
);

-- comment TABLE login_sessions

COMMENT ON TABLE accounts.login_sessions IS 'One-time login links and the browser sessions that came of them; tokens are kept hashed.';

-- view user_summary

CREATE VIEW accounts.user_summary WITH (security_invoker='true') AS
 SELECT id,
    id AS user_id,
    username,
    email,
    display_name,
    display_name AS name,
    role,
    is_active,
    is_service_account,
    is_email_verified,
    avatar_url,
    github_username,
    github_user_id,
    metadata,
    created_at,
    updated_at,
    last_login_at,
    deleted_at
   FROM accounts.users;

-- table agent_routing_decisions

CREATE TABLE agents.agent_routing_decisions (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid,
    task_id uuid,
    required_capabilities text[] NOT NULL,
    agent_id uuid,
    score numeric(6,4),
    candidates jsonb DEFAULT '[]'::jsonb NOT NULL,
    decided_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT agent_routing_decisions_candidates_check CHECK ((jsonb_typeof(candidates) = 'array'::text)),
    CONSTRAINT agent_routing_decisions_score_check CHECK (((score >= (0)::numeric) AND (score <= (1)::numeric)))
);

-- comment TABLE agent_routing_decisions

COMMENT ON TABLE agents.agent_routing_decisions IS 'Which agent was held best for a task, and how all of them scored; the task is named by id alone.';

-- view agent_summary

CREATE VIEW agents.agent_summary WITH (security_invoker='true') AS
 SELECT id,
    id AS agent_id,
    name,
    display_name,
    description,
    agent_type,
    model_provider,
    model_name,
    model_version,
    capabilities,
    COALESCE(( SELECT jsonb_object_agg(c.capability, true) AS jsonb_object_agg
           FROM unnest(a.capabilities) c(capability)), '{}'::jsonb) AS capability_flags,
    configuration,
    required_tools,
    max_tokens,
    temperature,
    top_p,
    max_in_progress,
    is_active,
    is_experimental,
    agent_version,
    tags,
    metadata,
    owner_id,
    owner_id AS created_by,
    version,
    created_at,
    updated_at,
    deprecated_at
   FROM agents.agents a;

-- table model_providers

CREATE TABLE agents.model_providers (
    name text NOT NULL,
    display_name text NOT NULL,
    website text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT model_providers_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9_-]*$'::text))
);

-- comment TABLE model_providers

COMMENT ON TABLE agents.model_providers IS 'Who serves the models that agents run on; unknown where nobody said.';

-- table routing_sources

CREATE TABLE agents.routing_sources (
    kind text NOT NULL,
    function_name text NOT NULL,
    CONSTRAINT routing_sources_kind_check CHECK ((kind = ANY (ARRAY['task'::text, 'figures'::text, 'cost'::text])))
);

-- comment TABLE routing_sources

COMMENT ON TABLE agents.routing_sources IS 'Functions of later rooms that tell what a task needs and how agents have done.';

-- sequence audit_logs_id_seq

CREATE SEQUENCE audit.audit_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- table audit_logs

CREATE TABLE audit.audit_logs (
    id bigint DEFAULT nextval('audit.audit_logs_id_seq'::regclass) NOT NULL,
    log_id uuid DEFAULT kit.new_id() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    project_id uuid,
    user_id uuid,
    user_name text,
    agent_name text,
    service_name text,
    operation text,
    event_type text NOT NULL,
    event_action text NOT NULL,
    resource_type text NOT NULL,
    resource_id text,
    resource_name text,
    changes_summary text,
    ip_address inet,
    user_agent text,
    request_id text,
    session_id text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'success'::text NOT NULL,
    error_message text,
    payload_hash bytea,
    is_immutable boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_logs_are_immutable CHECK (is_immutable),
    CONSTRAINT audit_logs_words CHECK (audit.known_words(event_type, event_action, status))
)
PARTITION BY RANGE (created_at);

-- comment TABLE audit_logs

COMMENT ON TABLE audit.audit_logs IS 'Who changed what, when, in which transaction; rows never change.';

-- table audit_payloads

CREATE TABLE audit.audit_payloads (
    id bigint NOT NULL,
    salt bytea NOT NULL,
    payload text NOT NULL,
    created_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (created_at);

-- comment TABLE audit_payloads

COMMENT ON TABLE audit.audit_payloads IS 'Old and new values of an audit row; its hash stands in the row, so this alone may be erased.';

-- view audit_log_summary

CREATE VIEW audit.audit_log_summary WITH (security_invoker='true') AS
 SELECT l.id,
    l.log_id,
    l.project_id,
    l.user_id,
    l.user_name,
    l.agent_name,
    l.service_name,
    l.operation,
    l.event_type,
    l.event_action,
    l.resource_type,
    l.resource_id,
    l.resource_name,
    ((p.payload)::jsonb -> 'old'::text) AS old_values,
    ((p.payload)::jsonb -> 'new'::text) AS new_values,
    l.changes_summary,
    l.ip_address,
    l.user_agent,
    l.request_id,
    l.session_id,
    l.metadata,
    l.status,
    l.error_message,
    l.is_immutable,
    l.created_at
   FROM (audit.audit_logs l
     LEFT JOIN audit.audit_payloads p ON (((p.id = l.id) AND (p.created_at = l.created_at))));

-- table audit_logs_rest

CREATE TABLE audit.audit_logs_rest (
    id bigint DEFAULT nextval('audit.audit_logs_id_seq'::regclass) CONSTRAINT audit_logs_id_not_null NOT NULL,
    log_id uuid DEFAULT kit.new_id() CONSTRAINT audit_logs_log_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT audit_logs_xid_not_null NOT NULL,
    project_id uuid,
    user_id uuid,
    user_name text,
    agent_name text,
    service_name text,
    operation text,
    event_type text CONSTRAINT audit_logs_event_type_not_null NOT NULL,
    event_action text CONSTRAINT audit_logs_event_action_not_null NOT NULL,
    resource_type text CONSTRAINT audit_logs_resource_type_not_null NOT NULL,
    resource_id text,
    resource_name text,
    changes_summary text,
    ip_address inet,
    user_agent text,
    request_id text,
    session_id text,
    metadata jsonb DEFAULT '{}'::jsonb CONSTRAINT audit_logs_metadata_not_null NOT NULL,
    status text DEFAULT 'success'::text CONSTRAINT audit_logs_status_not_null NOT NULL,
    error_message text,
    payload_hash bytea,
    is_immutable boolean DEFAULT true CONSTRAINT audit_logs_is_immutable_not_null NOT NULL,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT audit_logs_created_at_not_null NOT NULL,
    CONSTRAINT audit_logs_are_immutable CHECK (is_immutable),
    CONSTRAINT audit_logs_words CHECK (audit.known_words(event_type, event_action, status))
);

-- table audit_payloads_rest

CREATE TABLE audit.audit_payloads_rest (
    id bigint CONSTRAINT audit_payloads_id_not_null NOT NULL,
    salt bytea CONSTRAINT audit_payloads_salt_not_null NOT NULL,
    payload text CONSTRAINT audit_payloads_payload_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT audit_payloads_created_at_not_null NOT NULL
);

-- view project_activity

CREATE VIEW audit.project_activity WITH (security_invoker='true') AS
 SELECT project_id,
    max(created_at) AS last_activity_at,
    count(*) AS events
   FROM audit.audit_logs
  WHERE (project_id IS NOT NULL)
  GROUP BY project_id;

-- table alembic_version

CREATE TABLE kit.alembic_version (
    version_num character varying(32) NOT NULL
);

-- table code_objects

CREATE TABLE kit.code_objects (
    "position" integer NOT NULL,
    drop_statement text NOT NULL
);

-- comment TABLE code_objects

COMMENT ON TABLE kit.code_objects IS 'Functions, views and triggers made from code.sql files, in order of creation.';

-- table job_runs

CREATE TABLE kit.job_runs (
    id uuid DEFAULT kit.new_id() NOT NULL,
    job_name text NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    status text DEFAULT 'running'::text NOT NULL,
    report jsonb DEFAULT '{}'::jsonb NOT NULL,
    error_message text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT job_runs_check CHECK (((status = 'running'::text) = (completed_at IS NULL))),
    CONSTRAINT job_runs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text])))
);

-- comment TABLE job_runs

COMMENT ON TABLE kit.job_runs IS 'One row for each run of a background job.';

-- table jobs

CREATE TABLE kit.jobs (
    name text NOT NULL,
    description text NOT NULL,
    interval_ms bigint NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    next_run_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT jobs_interval_ms_check CHECK ((interval_ms > 0))
);

-- comment TABLE jobs

COMMENT ON TABLE kit.jobs IS 'Background jobs and when each is due next.';

-- sequence lease_tokens

CREATE SEQUENCE kit.lease_tokens
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- table leases

CREATE TABLE kit.leases (
    name text NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    lease_until timestamp with time zone NOT NULL
);

-- comment TABLE leases

COMMENT ON TABLE kit.leases IS 'Named leases with fencing tokens, such as that of the leader who runs background jobs.';

-- table migration_info

CREATE TABLE kit.migration_info (
    version text NOT NULL,
    description text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    installed_on timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    execution_time_ms integer NOT NULL
);

-- comment TABLE migration_info

COMMENT ON TABLE kit.migration_info IS 'Revisions that were applied, with checksum and duration.';

-- table notices

CREATE TABLE kit.notices (
    id uuid DEFAULT kit.new_id() NOT NULL,
    topic text NOT NULL,
    level text NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    dismissed_at timestamp with time zone,
    CONSTRAINT notices_level_check CHECK ((level = ANY (ARRAY['info'::text, 'warning'::text, 'error'::text])))
);

-- comment TABLE notices

COMMENT ON TABLE kit.notices IS 'What the installation tells its people, such as a job that failed.';

-- table permissions

CREATE TABLE kit.permissions (
    role text NOT NULL,
    permission text NOT NULL
);

-- comment TABLE permissions

COMMENT ON TABLE kit.permissions IS 'What each role may do: room:read, room:write, room:admin; * stands for all.';

-- table registered_objects

CREATE TABLE kit.registered_objects (
    name text NOT NULL,
    kind text NOT NULL,
    parent text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT registered_objects_kind_check CHECK ((kind = ANY (ARRAY['partition'::text, 'index'::text])))
);

-- comment TABLE registered_objects

COMMENT ON TABLE kit.registered_objects IS 'Objects made at run time, so that verify knows them.';

-- table request_keys

CREATE TABLE kit.request_keys (
    who text NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    params_hash text NOT NULL,
    result jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

-- comment TABLE request_keys

COMMENT ON TABLE kit.request_keys IS 'First results of writes by request key, so that a repetition answers alike; kept 24 h.';

-- view schema_migrations

CREATE VIEW kit.schema_migrations WITH (security_invoker='true') AS
 SELECT version,
    description,
    applied_at,
    installed_on,
    execution_time_ms
   FROM kit.migration_info;

-- table machines

CREATE TABLE projects.machines (
    id uuid DEFAULT kit.new_id() NOT NULL,
    machine_id text NOT NULL,
    hostname text NOT NULL,
    username text NOT NULL,
    os_type text NOT NULL,
    os_version text,
    machine_type text DEFAULT 'local'::text NOT NULL,
    ip_address inet,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT machines_hostname_check CHECK (((length(hostname) >= 1) AND (length(hostname) <= 255))),
    CONSTRAINT machines_machine_id_check CHECK (((length(machine_id) >= 1) AND (length(machine_id) <= 255))),
    CONSTRAINT machines_machine_type_check CHECK ((machine_type = ANY (ARRAY['local'::text, 'remote'::text, 'cloud'::text, 'ci'::text]))),
    CONSTRAINT machines_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT machines_os_type_check CHECK ((os_type = ANY (ARRAY['darwin'::text, 'linux'::text, 'windows'::text]))),
    CONSTRAINT machines_username_check CHECK (((length(username) >= 1) AND (length(username) <= 255)))
);

-- comment TABLE machines

COMMENT ON TABLE projects.machines IS 'Machines on which agents and people work.';

-- table project_counters

CREATE TABLE projects.project_counters (
    project_id uuid NOT NULL,
    last_number bigint DEFAULT 0 NOT NULL,
    CONSTRAINT project_counters_last_number_check CHECK ((last_number >= 0))
)
WITH (fillfactor='50');

-- comment TABLE project_counters

COMMENT ON TABLE projects.project_counters IS 'The last number a project gave to a task or an issue.';

-- table project_members

CREATE TABLE projects.project_members (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'maintainer'::text, 'member'::text, 'viewer'::text])))
);

-- comment TABLE project_members

COMMENT ON TABLE projects.project_members IS 'Who works on a project, and as what.';

-- table project_remotes

CREATE TABLE projects.project_remotes (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    url text NOT NULL,
    remote text GENERATED ALWAYS AS (projects.normalise_remote(url)) STORED NOT NULL,
    is_live boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_remotes_url_check CHECK ((((length(url) >= 1) AND (length(url) <= 1000)) AND (url !~ '://[^/@]*:[^/]*@'::text)))
);

-- comment TABLE project_remotes

COMMENT ON TABLE projects.project_remotes IS 'Git remotes by which a working folder finds its project; a remote names one project at most.';

-- comment COLUMN project_remotes.is_live

COMMENT ON COLUMN projects.project_remotes.is_live IS 'False while the project is deleted, so that another may take the remote.';

-- table workspaces

CREATE TABLE projects.workspaces (
    id uuid DEFAULT kit.new_id() NOT NULL,
    workspace_id text NOT NULL,
    project_id uuid NOT NULL,
    machine_id uuid NOT NULL,
    workspace_path text NOT NULL,
    workspace_type text DEFAULT 'folder'::text NOT NULL,
    branch text,
    commit text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workspaces_workspace_id_check CHECK (((length(workspace_id) >= 1) AND (length(workspace_id) <= 255))),
    CONSTRAINT workspaces_workspace_path_check CHECK (((length(workspace_path) >= 1) AND (length(workspace_path) <= 4096))),
    CONSTRAINT workspaces_workspace_type_check CHECK ((workspace_type = ANY (ARRAY['folder'::text, 'multi-root'::text])))
);

-- comment TABLE workspaces

COMMENT ON TABLE projects.workspaces IS 'Working folders of a project on a machine.';

-- view project_summary

CREATE VIEW projects.project_summary WITH (security_invoker='true') AS
 SELECT p.id,
    p.id AS project_id,
    p.name,
    p.slug,
    p.key,
    p.description,
    p.path,
    ((p.repository_owner || '/'::text) || p.repository_name) AS full_name,
    p.repository_owner AS organisation,
    p.repository_url,
    p.repository_url AS repo_url,
    p.repository_provider,
    p.repository_owner,
    p.repository_owner AS repo_owner,
    p.repository_name,
    p.repository_name AS repo_name,
    p.default_branch,
    p.github_repo_id,
    p.linear_team_id,
    p.technology_stack,
    p.settings,
    p.settings AS config,
    p.metadata,
    p.status,
    p.is_public,
    p.is_template,
    p.owner_id,
    COALESCE(m.team_members, '[]'::jsonb) AS team_members,
    COALESCE(m.members, (0)::bigint) AS members,
    COALESCE(w.workspaces, (0)::bigint) AS workspaces,
    COALESCE(w.machines, (0)::bigint) AS machines,
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
   FROM (((projects.projects p
     LEFT JOIN projects.project_counters c ON ((c.project_id = p.id)))
     LEFT JOIN ( SELECT project_members.project_id,
            count(*) AS members,
            jsonb_agg(jsonb_build_object('user_id', project_members.user_id, 'role', project_members.role) ORDER BY project_members.created_at) AS team_members
           FROM projects.project_members
          GROUP BY project_members.project_id) m ON ((m.project_id = p.id)))
     LEFT JOIN ( SELECT workspaces.project_id,
            count(*) AS workspaces,
            count(DISTINCT workspaces.machine_id) AS machines
           FROM projects.workspaces
          GROUP BY workspaces.project_id) w ON ((w.project_id = p.id)));

-- view agent_execution_summary

CREATE VIEW telemetry.agent_execution_summary WITH (security_invoker='true') AS
 SELECT e.id,
    e.id AS execution_id,
    e.agent_id,
    a.name AS agent,
    e.task_id,
    e.project_id,
    e.session_id,
    e.status,
    COALESCE(u.input_tokens, (0)::bigint) AS input_tokens,
    COALESCE(u.output_tokens, (0)::bigint) AS output_tokens,
    COALESCE(u.cache_read_tokens, (0)::bigint) AS cache_read_tokens,
    COALESCE(u.cache_write_tokens, (0)::bigint) AS cache_write_tokens,
    COALESCE(u.total_tokens, (0)::bigint) AS total_tokens,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.calls, (0)::bigint) AS calls,
    telemetry.took_ms(e.started_at, e.completed_at) AS execution_time_ms,
    e.result,
    e.error_message,
    e.evidence_id,
    e.parent_execution_id,
    e.started_at,
    e.completed_at,
    e.created_at
   FROM ((telemetry.agent_executions e
     JOIN agents.agents a ON ((a.id = e.agent_id)))
     LEFT JOIN LATERAL ( SELECT (sum(t.input_tokens))::bigint AS input_tokens,
            (sum(t.output_tokens))::bigint AS output_tokens,
            (sum(t.cache_read_tokens))::bigint AS cache_read_tokens,
            (sum(t.cache_write_tokens))::bigint AS cache_write_tokens,
            (sum((((t.input_tokens + t.output_tokens) + t.cache_read_tokens) + t.cache_write_tokens)))::bigint AS total_tokens,
            sum(t.cost_usd) AS cost_usd,
            count(*) AS calls
           FROM telemetry.token_usage t
          WHERE (t.execution_id = e.id)) u ON (true));

-- view daily_usage

CREATE VIEW telemetry.daily_usage WITH (security_invoker='true') AS
 SELECT day,
    project_id,
    task_id,
    registered_agent_id,
    agent_id,
    model,
    (sum(calls))::bigint AS calls,
    (sum(unpriced_calls))::bigint AS unpriced_calls,
    (sum(approximate_calls))::bigint AS approximate_calls,
    (sum(input_tokens))::bigint AS input_tokens,
    (sum(output_tokens))::bigint AS output_tokens,
    (sum(cache_read_tokens))::bigint AS cache_read_tokens,
    (sum(cache_write_tokens))::bigint AS cache_write_tokens,
    (sum(reasoning_tokens))::bigint AS reasoning_tokens,
    sum(cost_usd) AS cost_usd
   FROM ( SELECT d.day,
            d.project_id,
            d.task_id,
            d.registered_agent_id,
            d.agent_id,
            d.model,
            d.calls,
            d.unpriced_calls,
            d.approximate_calls,
            d.input_tokens,
            d.output_tokens,
            d.cache_read_tokens,
            d.cache_write_tokens,
            d.reasoning_tokens,
            d.cost_usd
           FROM telemetry.usage_days d
        UNION ALL
         SELECT d.day,
            d.project_id,
            d.task_id,
            d.registered_agent_id,
            d.agent_id,
            d.model,
            d.calls,
            d.unpriced_calls,
            d.approximate_calls,
            d.input_tokens,
            d.output_tokens,
            d.cache_read_tokens,
            d.cache_write_tokens,
            d.reasoning_tokens,
            d.cost_usd
           FROM telemetry.usage_deltas d) u
  GROUP BY day, project_id, task_id, registered_agent_id, agent_id, model
 HAVING ((sum(calls) <> (0)::numeric) OR (sum(input_tokens) <> (0)::numeric) OR (sum(output_tokens) <> (0)::numeric));

-- view agent_figures

CREATE VIEW telemetry.agent_figures WITH (security_invoker='true') AS
 SELECT a.id AS agent_id,
    a.name AS agent,
    COALESCE(e.executions, (0)::bigint) AS total_executions,
    COALESCE(e.successes, (0)::bigint) AS successes,
    COALESCE(e.failures, (0)::bigint) AS failures,
    COALESCE(round(((100.0 * (e.successes)::numeric) / (NULLIF((e.successes + e.failures), 0))::numeric), 2), (0)::numeric) AS success_rate,
    (COALESCE(round(e.mean_ms), (0)::numeric))::bigint AS avg_execution_time_ms,
    e.last_used_at,
    COALESCE(u.total_tokens, (0)::bigint) AS total_tokens,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.calls, (0)::bigint) AS calls
   FROM ((agents.agents a
     LEFT JOIN ( SELECT x.agent_id,
            count(*) AS executions,
            count(*) FILTER (WHERE (x.status = 'success'::text)) AS successes,
            count(*) FILTER (WHERE ((x.status = ANY (ARRAY['failure'::text, 'timeout'::text])) AND (NOT COALESCE((x.result ? 'ended_by'::text), false)))) AS failures,
            avg(telemetry.took_ms(x.started_at, x.completed_at)) AS mean_ms,
            max(GREATEST(x.started_at, x.completed_at)) AS last_used_at
           FROM telemetry.agent_executions x
          GROUP BY x.agent_id) e ON ((e.agent_id = a.id)))
     LEFT JOIN ( SELECT d.registered_agent_id,
            (sum(d.calls))::bigint AS calls,
            (sum((((d.input_tokens + d.output_tokens) + d.cache_read_tokens) + d.cache_write_tokens)))::bigint AS total_tokens,
            sum(d.cost_usd) AS cost_usd
           FROM telemetry.daily_usage d
          WHERE (d.registered_agent_id IS NOT NULL)
          GROUP BY d.registered_agent_id) u ON ((u.registered_agent_id = a.id)));

-- table agent_sessions

CREATE TABLE telemetry.agent_sessions (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    agent_id text NOT NULL,
    agent_version text,
    external_id text NOT NULL,
    parent_session_id uuid,
    registered_agent_id uuid,
    user_id uuid,
    workspace_id uuid,
    title text,
    cwd text,
    git_branch text,
    git_commit text,
    repository_url text,
    model text,
    start_time timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    end_time timestamp with time zone,
    outcome text,
    quality_score numeric(5,2),
    context jsonb DEFAULT '{}'::jsonb NOT NULL,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    project_certain boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    search_text text GENERATED ALWAYS AS (lower(((((((COALESCE(title, ''::text) || ' '::text) || COALESCE(git_branch, ''::text)) || ' '::text) || COALESCE(cwd, ''::text)) || ' '::text) || external_id))) STORED NOT NULL,
    CONSTRAINT agent_sessions_agent_id_check CHECK (((agent_id ~ '\S'::text) AND (length(agent_id) <= 100))),
    CONSTRAINT agent_sessions_check CHECK ((last_seen_at >= start_time)),
    CONSTRAINT agent_sessions_context_check CHECK ((jsonb_typeof(context) = 'object'::text)),
    CONSTRAINT agent_sessions_external_id_check CHECK (((external_id ~ '\S'::text) AND (length(external_id) <= 500))),
    CONSTRAINT agent_sessions_metrics_check CHECK ((jsonb_typeof(metrics) = 'object'::text)),
    CONSTRAINT agent_sessions_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'partial'::text, 'failure'::text, 'abandoned'::text, 'cancelled'::text]))),
    CONSTRAINT agent_sessions_quality_score_check CHECK (((quality_score >= (0)::numeric) AND (quality_score <= (100)::numeric)))
);

-- comment TABLE agent_sessions

COMMENT ON TABLE telemetry.agent_sessions IS 'A session of a coding agent''s client (claude-code, codex …), whoever told of it: transcript, OTLP or hook.';

-- comment COLUMN agent_sessions.search_text

COMMENT ON COLUMN telemetry.agent_sessions.search_text IS 'Title, branch, folder and name in lower case: what lists by a text look at.';

-- table chat_messages

CREATE TABLE telemetry.chat_messages (
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    role text NOT NULL,
    kind text DEFAULT 'text'::text NOT NULL,
    content text NOT NULL,
    "timestamp" timestamp with time zone NOT NULL,
    sequence bigint DEFAULT 0 NOT NULL,
    source text NOT NULL,
    subagent text,
    model text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    content_digest uuid GENERATED ALWAYS AS ((md5(content))::uuid) STORED NOT NULL,
    search_content tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, "left"(content, 100000))) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chat_messages_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'thinking'::text, 'summary'::text, 'notice'::text, 'error'::text]))),
    CONSTRAINT chat_messages_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT chat_messages_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text]))),
    CONSTRAINT chat_messages_source_check CHECK ((source = ANY (ARRAY['transcript'::text, 'otlp'::text, 'hook'::text, 'api'::text])))
);

-- comment TABLE chat_messages

COMMENT ON TABLE telemetry.chat_messages IS 'What people and agents said in a session; tool calls stand in tool_calls, raw entries in transcript_lines.';

-- view agent_session_summary

CREATE VIEW telemetry.agent_session_summary WITH (security_invoker='true') AS
 SELECT s.id,
    s.id AS session_id,
    s.project_id,
    s.agent_id,
    s.agent_version,
    s.external_id,
    s.parent_session_id,
    s.registered_agent_id,
    s.user_id,
    s.workspace_id,
    s.title,
    s.cwd,
    s.git_branch,
    s.git_commit,
    s.repository_url,
    s.model,
    s.start_time,
    s.last_seen_at,
    s.end_time,
    telemetry.session_end(s.end_time, s.last_seen_at) AS ended_at,
    telemetry.session_state(s.end_time, s.last_seen_at) AS state,
    (floor(EXTRACT(epoch FROM (COALESCE(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))))::bigint AS duration,
    s.outcome,
    telemetry.quality_of(f.errors_encountered, f.tests_run, f.tests_passed, f.build_attempts, f.build_successes) AS quality_score,
    s.context,
    s.metrics,
    m.messages,
    d.tool_calls,
    d.tool_failures,
    d.tools_ms,
    d.waited_ms,
    u.responses,
    u.input_tokens,
    u.output_tokens,
    u.cache_read_tokens,
    u.cache_write_tokens,
    u.reasoning_tokens,
    u.cost_usd,
    u.unpriced_calls,
    f.events_count,
    f.files_modified,
    f.lines_added,
    f.lines_removed,
    f.tokens_used,
    f.commands_executed,
    f.errors_encountered,
    f.tests_run,
    f.tests_passed,
    f.build_attempts,
    f.build_successes,
    s.created_at,
    s.updated_at
   FROM ((((telemetry.agent_sessions s
     CROSS JOIN LATERAL telemetry.done_in(s.id) d(tool_calls, tool_failures, errors, files_modified, lines_added, lines_removed, commands_executed, tests_run, tests_passed, build_attempts, build_successes, tools_ms, waited_ms))
     CROSS JOIN LATERAL telemetry.spent_in(s.id) u(responses, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_usd, unpriced_calls))
     CROSS JOIN LATERAL ( SELECT count(*) AS messages,
            count(*) FILTER (WHERE (c.kind = 'error'::text)) AS errors
           FROM telemetry.chat_messages c
          WHERE (c.session_id = s.id)) m)
     CROSS JOIN LATERAL ( SELECT GREATEST(((d.tool_calls + u.responses) + ( SELECT count(*) AS count
                   FROM telemetry.session_commits g
                  WHERE (g.session_id = s.id))), telemetry.told_count(s.metrics, 'eventsCount'::text)) AS events_count,
            GREATEST(d.files_modified, telemetry.told_count(s.metrics, 'filesModified'::text)) AS files_modified,
            GREATEST(d.lines_added, telemetry.told_count(s.metrics, 'linesAdded'::text)) AS lines_added,
            GREATEST(d.lines_removed, telemetry.told_count(s.metrics, 'linesRemoved'::text)) AS lines_removed,
            GREATEST(u.total_tokens, telemetry.told_count(s.metrics, 'tokensUsed'::text)) AS tokens_used,
            GREATEST(d.commands_executed, telemetry.told_count(s.metrics, 'commandsExecuted'::text)) AS commands_executed,
            GREATEST((d.errors + m.errors), telemetry.told_count(s.metrics, 'errorsEncountered'::text)) AS errors_encountered,
            GREATEST(d.tests_run, telemetry.told_count(s.metrics, 'testsRun'::text)) AS tests_run,
            GREATEST(d.tests_passed, telemetry.told_count(s.metrics, 'testsPassed'::text)) AS tests_passed,
            GREATEST(d.build_attempts, telemetry.told_count(s.metrics, 'buildAttempts'::text)) AS build_attempts,
            GREATEST(d.build_successes, telemetry.told_count(s.metrics, 'buildSuccesses'::text)) AS build_successes) f);

-- table budgets

CREATE TABLE telemetry.budgets (
    id uuid DEFAULT kit.new_id() NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    project_id uuid,
    epic_id uuid,
    task_id uuid,
    agent_id uuid,
    period text DEFAULT 'total'::text NOT NULL,
    limit_usd numeric(18,9),
    limit_tokens bigint,
    warn_percent smallint DEFAULT 80 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_user_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT budgets_limit_something CHECK (((limit_usd IS NOT NULL) OR (limit_tokens IS NOT NULL))),
    CONSTRAINT budgets_limit_tokens_check CHECK ((limit_tokens >= 0)),
    CONSTRAINT budgets_limit_usd_check CHECK ((limit_usd >= (0)::numeric)),
    CONSTRAINT budgets_name_check CHECK (((name ~ '\S'::text) AND (length(name) <= 200))),
    CONSTRAINT budgets_name_their_scope CHECK ((((scope = 'project'::text) = (project_id IS NOT NULL)) AND ((scope = 'epic'::text) = (epic_id IS NOT NULL)) AND ((scope = 'task'::text) = (task_id IS NOT NULL)) AND ((scope = 'agent'::text) = (agent_id IS NOT NULL)))),
    CONSTRAINT budgets_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'total'::text]))),
    CONSTRAINT budgets_scope_check CHECK ((scope = ANY (ARRAY['all'::text, 'project'::text, 'epic'::text, 'task'::text, 'agent'::text]))),
    CONSTRAINT budgets_warn_percent_check CHECK (((warn_percent >= 1) AND (warn_percent <= 100)))
);

-- comment TABLE budgets

COMMENT ON TABLE telemetry.budgets IS 'What may be spent on a project, an epic, a task, by an agent or in all; at the limit claims are refused.';

-- table epics

CREATE TABLE work.epics (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    epic_id text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'planned'::text NOT NULL,
    priority smallint DEFAULT 5 NOT NULL,
    estimated_minutes integer,
    complexity text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    archived_at timestamp with time zone,
    CONSTRAINT epics_completed CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),
    CONSTRAINT epics_complexity_check CHECK ((complexity = ANY (ARRAY['simple'::text, 'moderate'::text, 'complex'::text]))),
    CONSTRAINT epics_epic_id_check CHECK ((epic_id ~ '^[^\s/]{1,50}$'::text)),
    CONSTRAINT epics_estimated_minutes_check CHECK ((estimated_minutes >= 0)),
    CONSTRAINT epics_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT epics_priority_check CHECK (((priority >= 1) AND (priority <= 10))),
    CONSTRAINT epics_status_check CHECK ((status = ANY (ARRAY['planned'::text, 'in_progress'::text, 'blocked'::text, 'completed'::text, 'cancelled'::text]))),
    CONSTRAINT epics_title_check CHECK (((title ~ '\S'::text) AND (length(title) <= 2000)))
);

-- comment TABLE epics

COMMENT ON TABLE work.epics IS 'A large piece of a project (EPIC-001), with issues and tasks; hours and progress stand in epic_summary.';

-- view budget_list

CREATE VIEW telemetry.budget_list WITH (security_invoker='true') AS
 SELECT b.id,
    b.name,
    b.scope,
    b.period,
    b.limit_usd,
    b.limit_tokens,
    b.warn_percent,
    b.is_active,
    b.agent_id,
    b.version,
    b.created_at,
    b.updated_at,
    COALESCE(b.project_id, e.project_id, t.project_id) AS in_project_id,
    p.slug AS project,
        CASE b.scope
            WHEN 'project'::text THEN p.slug
            WHEN 'epic'::text THEN ((p.key || '/'::text) || e.epic_id)
            WHEN 'task'::text THEN ((p.key || '-'::text) || t.number)
            WHEN 'agent'::text THEN a.name
            ELSE NULL::text
        END AS target,
        CASE b.scope
            WHEN 'project'::text THEN p.name
            WHEN 'epic'::text THEN e.title
            WHEN 'task'::text THEN t.title
            ELSE NULL::text
        END AS target_name
   FROM ((((telemetry.budgets b
     LEFT JOIN work.epics e ON ((e.id = b.epic_id)))
     LEFT JOIN work.tasks t ON ((t.id = b.task_id)))
     LEFT JOIN agents.agents a ON ((a.id = b.agent_id)))
     LEFT JOIN projects.projects p ON ((p.id = COALESCE(b.project_id, e.project_id, t.project_id))));

-- view chat_sessions

CREATE VIEW telemetry.chat_sessions WITH (security_invoker='true') AS
 SELECT id AS session_id,
    workspace_id,
    agent_id AS agent_type,
    model AS model_id,
    start_time AS started_at,
    telemetry.session_end(end_time, last_seen_at) AS ended_at,
    ( SELECT count(*) AS count
           FROM telemetry.chat_messages c
          WHERE (c.session_id = s.id)) AS message_count,
    ( SELECT u.total_tokens
           FROM telemetry.spent_in(s.id) u(responses, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_usd, unpriced_calls)) AS total_tokens,
    created_at
   FROM telemetry.agent_sessions s;

-- table otel_points

CREATE TABLE telemetry.otel_points (
    "time" timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    session_id uuid,
    resource_id uuid NOT NULL,
    series_id uuid NOT NULL,
    metric text NOT NULL,
    kind text NOT NULL,
    unit text,
    temporality smallint DEFAULT 0 NOT NULL,
    is_monotonic boolean DEFAULT false NOT NULL,
    start_time timestamp with time zone,
    value double precision,
    detail jsonb,
    attributes jsonb NOT NULL,
    CONSTRAINT otel_points_kind_check CHECK ((kind = ANY (ARRAY['gauge'::text, 'sum'::text, 'histogram'::text, 'exponential_histogram'::text, 'summary'::text])))
)
PARTITION BY RANGE ("time");

-- comment TABLE otel_points

COMMENT ON TABLE telemetry.otel_points IS 'Points of metrics as OTLP exporters sent them; views add deltas up and take differences of running totals.';

-- view metric_deltas

CREATE VIEW telemetry.metric_deltas WITH (security_invoker='true') AS
 SELECT "time",
    session_id,
    project_id,
    resource_id,
    series_id,
    metric,
    kind,
    unit,
    attributes,
        CASE
            WHEN (temporality = 1) THEN value
            WHEN is_first THEN
            CASE
                WHEN (start_time IS NULL) THEN (0)::double precision
                ELSE value
            END
            WHEN ((start_time IS DISTINCT FROM start_before) OR (falls_at_reset AND (value < value_before))) THEN value
            ELSE (value - value_before)
        END AS value,
        CASE
            WHEN ((count IS NULL) OR (temporality = 1)) THEN count
            WHEN is_first THEN
            CASE
                WHEN (start_time IS NULL) THEN (0)::bigint
                ELSE count
            END
            WHEN ((start_time IS DISTINCT FROM start_before) OR (count < count_before)) THEN count
            ELSE (count - count_before)
        END AS count
   FROM ( SELECT p."time",
            p.session_id,
            p.project_id,
            p.resource_id,
            p.series_id,
            p.metric,
            p.kind,
            p.unit,
            p.attributes,
            p.temporality,
            p.start_time,
            p.value,
            (p.is_monotonic OR (p.kind <> 'sum'::text)) AS falls_at_reset,
            ((p.detail ->> 'count'::text))::bigint AS count,
            (lag(p.series_id) OVER w IS NULL) AS is_first,
            lag(p.start_time) OVER w AS start_before,
            lag(p.value) OVER w AS value_before,
            lag(((p.detail ->> 'count'::text))::bigint) OVER w AS count_before
           FROM telemetry.otel_points p
          WHERE (p.kind = ANY (ARRAY['sum'::text, 'histogram'::text, 'exponential_histogram'::text]))
          WINDOW w AS (PARTITION BY p.metric, p.session_id, p.series_id ORDER BY p."time", p.start_time)) d;

-- view client_reported_usage

CREATE VIEW telemetry.client_reported_usage WITH (security_invoker='true') AS
 SELECT session_id,
    agent_id,
    model,
    type,
        CASE
            WHEN (type <> 'cost'::text) THEN (round(sum(value)))::bigint
            ELSE NULL::bigint
        END AS tokens,
        CASE
            WHEN (type = 'cost'::text) THEN round((sum(value))::numeric, 9)
            ELSE NULL::numeric
        END AS cost_usd
   FROM ( SELECT d.session_id,
                CASE split_part(d.metric, '.'::text, 1)
                    WHEN 'claude_code'::text THEN 'claude-code'::text
                    WHEN 'codex'::text THEN 'codex'::text
                    ELSE 'gemini-cli'::text
                END AS agent_id,
            (d.attributes ->> 'model'::text) AS model,
                CASE
                    WHEN (d.metric = 'claude_code.cost.usage'::text) THEN 'cost'::text
                    ELSE
                    CASE COALESCE((d.attributes ->> 'token_type'::text), (d.attributes ->> 'type'::text))
                        WHEN 'cacheRead'::text THEN 'cache_read'::text
                        WHEN 'cached_input'::text THEN 'cache_read'::text
                        WHEN 'cache'::text THEN 'cache_read'::text
                        WHEN 'cacheCreation'::text THEN 'cache_write'::text
                        WHEN 'reasoning_output'::text THEN 'reasoning'::text
                        WHEN 'thought'::text THEN 'reasoning'::text
                        ELSE COALESCE((d.attributes ->> 'token_type'::text), (d.attributes ->> 'type'::text), 'unknown'::text)
                    END
                END AS type,
            d.value
           FROM telemetry.metric_deltas d
          WHERE (d.metric = ANY (ARRAY['claude_code.token.usage'::text, 'claude_code.cost.usage'::text, 'codex.turn.token_usage'::text, 'gemini_cli.token.usage'::text]))) r
  GROUP BY session_id, agent_id, model, type;

-- table hook_events

CREATE TABLE telemetry.hook_events (
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    project_id uuid NOT NULL,
    agent_id text NOT NULL,
    event_name text NOT NULL,
    at timestamp with time zone NOT NULL,
    payload jsonb NOT NULL,
    context jsonb DEFAULT '{}'::jsonb NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT hook_events_context_check CHECK ((jsonb_typeof(context) = 'object'::text))
);

-- comment TABLE hook_events

COMMENT ON TABLE telemetry.hook_events IS 'What the hooks of coding agents told, without secrets.';

-- table otel_logs

CREATE TABLE telemetry.otel_logs (
    "time" timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    session_id uuid,
    resource_id uuid NOT NULL,
    observed_at timestamp with time zone,
    is_timeless boolean DEFAULT false NOT NULL,
    event_name text,
    severity_number smallint,
    severity_text text,
    body jsonb,
    attributes jsonb NOT NULL,
    trace_id bytea,
    span_id bytea,
    flags bigint
)
PARTITION BY RANGE ("time");

-- comment TABLE otel_logs

COMMENT ON TABLE telemetry.otel_logs IS 'Log records and events as OTLP exporters sent them.';

-- table otel_logs_rest

CREATE TABLE telemetry.otel_logs_rest (
    "time" timestamp with time zone CONSTRAINT otel_logs_time_not_null NOT NULL,
    id uuid CONSTRAINT otel_logs_id_not_null NOT NULL,
    project_id uuid CONSTRAINT otel_logs_project_id_not_null NOT NULL,
    session_id uuid,
    resource_id uuid CONSTRAINT otel_logs_resource_id_not_null NOT NULL,
    observed_at timestamp with time zone,
    is_timeless boolean DEFAULT false CONSTRAINT otel_logs_is_timeless_not_null NOT NULL,
    event_name text,
    severity_number smallint,
    severity_text text,
    body jsonb,
    attributes jsonb CONSTRAINT otel_logs_attributes_not_null NOT NULL,
    trace_id bytea,
    span_id bytea,
    flags bigint
);

-- table otel_points_rest

CREATE TABLE telemetry.otel_points_rest (
    "time" timestamp with time zone CONSTRAINT otel_points_time_not_null NOT NULL,
    id uuid CONSTRAINT otel_points_id_not_null NOT NULL,
    project_id uuid CONSTRAINT otel_points_project_id_not_null NOT NULL,
    session_id uuid,
    resource_id uuid CONSTRAINT otel_points_resource_id_not_null NOT NULL,
    series_id uuid CONSTRAINT otel_points_series_id_not_null NOT NULL,
    metric text CONSTRAINT otel_points_metric_not_null NOT NULL,
    kind text CONSTRAINT otel_points_kind_not_null NOT NULL,
    unit text,
    temporality smallint DEFAULT 0 CONSTRAINT otel_points_temporality_not_null NOT NULL,
    is_monotonic boolean DEFAULT false CONSTRAINT otel_points_is_monotonic_not_null NOT NULL,
    start_time timestamp with time zone,
    value double precision,
    detail jsonb,
    attributes jsonb CONSTRAINT otel_points_attributes_not_null NOT NULL,
    CONSTRAINT otel_points_kind_check CHECK ((kind = ANY (ARRAY['gauge'::text, 'sum'::text, 'histogram'::text, 'exponential_histogram'::text, 'summary'::text])))
);

-- table otel_resources

CREATE TABLE telemetry.otel_resources (
    id uuid NOT NULL,
    resource jsonb NOT NULL,
    scope jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

-- comment TABLE otel_resources

COMMENT ON TABLE telemetry.otel_resources IS 'Resource and scope that records came with, kept once; the id is the hash of both.';

-- table otel_spans

CREATE TABLE telemetry.otel_spans (
    start_time timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    session_id uuid,
    resource_id uuid NOT NULL,
    trace_id bytea NOT NULL,
    span_id bytea NOT NULL,
    parent_span_id bytea,
    name text NOT NULL,
    kind smallint DEFAULT 0 NOT NULL,
    end_time timestamp with time zone,
    duration_ms double precision,
    status_code smallint DEFAULT 0 NOT NULL,
    status_message text,
    attributes jsonb NOT NULL,
    events jsonb,
    links jsonb,
    trace_state text
)
PARTITION BY RANGE (start_time);

-- comment TABLE otel_spans

COMMENT ON TABLE telemetry.otel_spans IS 'Spans as OTLP exporters sent them; the id is the hash of trace and span.';

-- table otel_spans_rest

CREATE TABLE telemetry.otel_spans_rest (
    start_time timestamp with time zone CONSTRAINT otel_spans_start_time_not_null NOT NULL,
    id uuid CONSTRAINT otel_spans_id_not_null NOT NULL,
    project_id uuid CONSTRAINT otel_spans_project_id_not_null NOT NULL,
    session_id uuid,
    resource_id uuid CONSTRAINT otel_spans_resource_id_not_null NOT NULL,
    trace_id bytea CONSTRAINT otel_spans_trace_id_not_null NOT NULL,
    span_id bytea CONSTRAINT otel_spans_span_id_not_null NOT NULL,
    parent_span_id bytea,
    name text CONSTRAINT otel_spans_name_not_null NOT NULL,
    kind smallint DEFAULT 0 CONSTRAINT otel_spans_kind_not_null NOT NULL,
    end_time timestamp with time zone,
    duration_ms double precision,
    status_code smallint DEFAULT 0 CONSTRAINT otel_spans_status_code_not_null NOT NULL,
    status_message text,
    attributes jsonb CONSTRAINT otel_spans_attributes_not_null NOT NULL,
    events jsonb,
    links jsonb,
    trace_state text
);

-- table repricings

CREATE TABLE telemetry.repricings (
    id uuid DEFAULT kit.new_id() NOT NULL,
    since timestamp with time zone,
    until timestamp with time zone,
    model text,
    project_id uuid,
    unpriced_only boolean DEFAULT false NOT NULL,
    after_at timestamp with time zone,
    after_id uuid,
    seen bigint DEFAULT 0 NOT NULL,
    changed bigint DEFAULT 0 NOT NULL,
    cost_before numeric(24,9) DEFAULT 0 NOT NULL,
    cost_after numeric(24,9) DEFAULT 0 NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone
);

-- comment TABLE repricings

COMMENT ON TABLE telemetry.repricings IS 'Requests to work out anew what responses cost; done in batches, so that nobody waits long for any of them.';

-- view response_commits

CREATE VIEW telemetry.response_commits WITH (security_invoker='true') AS
 SELECT u.id AS usage_id,
    u.session_id,
    c.sha,
    c.subject,
    c.committed_at
   FROM (telemetry.token_usage u
     CROSS JOIN LATERAL ( SELECT s.sha,
            s.subject,
            s.committed_at
           FROM telemetry.session_commits s
          WHERE ((s.session_id = u.session_id) AND (s.committed_at >= u.at))
          ORDER BY s.committed_at, s.sha
         LIMIT 1) c);

-- view session_spending

CREATE VIEW telemetry.session_spending WITH (security_invoker='true') AS
 SELECT session_id,
    count(*) AS responses,
    (sum(input_tokens))::bigint AS input_tokens,
    (sum(output_tokens))::bigint AS output_tokens,
    (sum(cache_read_tokens))::bigint AS cache_read_tokens,
    (sum(cache_write_tokens))::bigint AS cache_write_tokens,
    (sum(reasoning_tokens))::bigint AS reasoning_tokens,
    (sum((((input_tokens + output_tokens) + cache_read_tokens) + cache_write_tokens)))::bigint AS total_tokens,
    sum(cost_usd) AS cost_usd,
    count(*) FILTER (WHERE (cost_usd IS NULL)) AS unpriced_calls
   FROM telemetry.token_usage t
  WHERE (session_id IS NOT NULL)
  GROUP BY session_id;

-- view session_amounts

CREATE VIEW telemetry.session_amounts WITH (security_invoker='true') AS
 SELECT s.id,
    s.project_id,
    s.agent_id AS client,
    s.start_time AS started_at,
    telemetry.session_state(s.end_time, s.last_seen_at) AS state,
    (floor(EXTRACT(epoch FROM (COALESCE(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))))::bigint AS duration_s,
    s.outcome,
    s.quality_score,
    COALESCE(u.responses, (0)::bigint) AS responses,
    COALESCE(u.total_tokens, (0)::bigint) AS tokens,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.unpriced_calls, (0)::bigint) AS unpriced_calls
   FROM (telemetry.agent_sessions s
     LEFT JOIN telemetry.session_spending u ON ((u.session_id = s.id)));

-- view session_clients

CREATE VIEW telemetry.session_clients WITH (security_invoker='true') AS
 WITH RECURSIVE step(agent_id) AS (
        ( SELECT s.agent_id
           FROM telemetry.agent_sessions s
          ORDER BY s.agent_id
         LIMIT 1)
        UNION ALL
         SELECT ( SELECT s.agent_id
                   FROM telemetry.agent_sessions s
                  WHERE (s.agent_id > step_1.agent_id)
                  ORDER BY s.agent_id
                 LIMIT 1) AS agent_id
           FROM step step_1
          WHERE (step_1.agent_id IS NOT NULL)
        )
 SELECT agent_id
   FROM step
  WHERE (agent_id IS NOT NULL);

-- view session_list

CREATE VIEW telemetry.session_list WITH (security_invoker='true') AS
 SELECT s.id,
    s.project_id,
    s.agent_id AS client,
    s.title,
    p.slug AS project,
    ARRAY( SELECT ((k.key || '-'::text) || t.number)
           FROM ((( SELECT x.task_id,
                    min(x.from_at) AS from_at
                   FROM telemetry.session_tasks x
                  WHERE (x.session_id = s.id)
                  GROUP BY x.task_id) w
             JOIN work.tasks t ON (((t.id = w.task_id) AND (t.deleted_at IS NULL))))
             JOIN projects.projects k ON ((k.id = t.project_id)))
          ORDER BY w.from_at, t.number
         LIMIT 5) AS tasks,
    a.name AS agent,
    s.model,
    telemetry.session_state(s.end_time, s.last_seen_at) AS state,
    s.start_time AS started_at,
    telemetry.session_end(s.end_time, s.last_seen_at) AS ended_at,
    s.last_seen_at,
    (floor(EXTRACT(epoch FROM (COALESCE(telemetry.session_end(s.end_time, s.last_seen_at), s.last_seen_at) - s.start_time))))::bigint AS duration_s,
    ( SELECT count(*) AS count
           FROM telemetry.chat_messages c
          WHERE (c.session_id = s.id)) AS messages,
    ( SELECT count(*) AS count
           FROM telemetry.tool_calls c
          WHERE (c.session_id = s.id)) AS tool_calls,
    ( SELECT count(*) AS count
           FROM telemetry.tool_calls c
          WHERE ((c.session_id = s.id) AND (NOT c.success))) AS tool_failures,
    u.responses,
    u.input_tokens,
    u.output_tokens,
    u.cache_read_tokens,
    u.cache_write_tokens,
    u.cost_usd,
    u.unpriced_calls,
    s.outcome,
    s.quality_score,
    s.git_branch,
    s.external_id,
    s.parent_session_id
   FROM (((telemetry.agent_sessions s
     JOIN projects.projects p ON ((p.id = s.project_id)))
     LEFT JOIN agents.agents a ON ((a.id = s.registered_agent_id)))
     CROSS JOIN LATERAL telemetry.spent_in(s.id) u(responses, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_usd, unpriced_calls));

-- table session_store

CREATE TABLE telemetry.session_store (
    project_key text NOT NULL,
    session_id text NOT NULL,
    subpath text DEFAULT ''::text NOT NULL,
    "position" bigint NOT NULL,
    entry_uuid text,
    entry text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT session_store_entry_uuid_check CHECK ((length(entry_uuid) <= 200)),
    CONSTRAINT session_store_project_key_check CHECK (((project_key ~ '\S'::text) AND (length(project_key) <= 500))),
    CONSTRAINT session_store_session_id_check CHECK (((session_id ~ '\S'::text) AND (length(session_id) <= 500))),
    CONSTRAINT session_store_subpath_check CHECK ((length(subpath) <= 1000))
);

-- comment TABLE session_store

COMMENT ON TABLE telemetry.session_store IS 'Entries of sessions that the Claude Agent SDK keeps here, in order.';

-- sequence session_store_position_seq

ALTER TABLE telemetry.session_store ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME telemetry.session_store_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table session_store_summaries

CREATE TABLE telemetry.session_store_summaries (
    project_key text NOT NULL,
    session_id text NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    summary text
);

-- comment TABLE session_store_summaries

COMMENT ON TABLE telemetry.session_store_summaries IS 'Sessions that the Claude Agent SDK keeps here, with what it shows of each in a list.';

-- view task_sessions

CREATE VIEW telemetry.task_sessions WITH (security_invoker='true') AS
 SELECT t.id AS task_id,
    t.project_id,
    ( SELECT count(*) AS count
           FROM ( SELECT s.session_id
                   FROM telemetry.session_tasks s
                  WHERE (s.task_id = t.id)
                UNION
                 SELECT u_1.session_id
                   FROM telemetry.token_usage u_1
                  WHERE ((u_1.task_id = t.id) AND (u_1.session_id IS NOT NULL))) n) AS sessions,
    ( SELECT count(*) AS count
           FROM telemetry.agent_executions e
          WHERE (e.task_id = t.id)) AS executions,
    COALESCE(u.calls, (0)::bigint) AS calls,
    COALESCE(u.input_tokens, (0)::bigint) AS input_tokens,
    COALESCE(u.output_tokens, (0)::bigint) AS output_tokens,
    COALESCE(u.cache_read_tokens, (0)::bigint) AS cache_read_tokens,
    COALESCE(u.cache_write_tokens, (0)::bigint) AS cache_write_tokens,
    COALESCE(u.total_tokens, (0)::bigint) AS total_tokens,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.unpriced_calls, (0)::bigint) AS unpriced_calls
   FROM (work.tasks t
     LEFT JOIN LATERAL ( SELECT count(*) AS calls,
            (sum(w.input_tokens))::bigint AS input_tokens,
            (sum(w.output_tokens))::bigint AS output_tokens,
            (sum(w.cache_read_tokens))::bigint AS cache_read_tokens,
            (sum(w.cache_write_tokens))::bigint AS cache_write_tokens,
            (sum((((w.input_tokens + w.output_tokens) + w.cache_read_tokens) + w.cache_write_tokens)))::bigint AS total_tokens,
            sum(w.cost_usd) AS cost_usd,
            count(*) FILTER (WHERE (w.cost_usd IS NULL)) AS unpriced_calls
           FROM telemetry.token_usage w
          WHERE (w.task_id = t.id)) u ON (true));

-- table transcript_files

CREATE TABLE telemetry.transcript_files (
    path text NOT NULL,
    transcript_id uuid NOT NULL,
    bytes bigint NOT NULL,
    modified_ns bigint NOT NULL,
    read_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT transcript_files_bytes_check CHECK ((bytes >= 0))
);

-- comment TABLE transcript_files

COMMENT ON TABLE telemetry.transcript_files IS 'Where a transcript was found, and how large it was when it was read last.';

-- table transcript_lines

CREATE TABLE telemetry.transcript_lines (
    transcript_id uuid NOT NULL,
    line_no bigint NOT NULL,
    bytes_until bigint NOT NULL,
    digest bytea NOT NULL,
    kind text NOT NULL,
    damage text,
    line text NOT NULL,
    CONSTRAINT transcript_lines_bytes_until_check CHECK ((bytes_until > 0)),
    CONSTRAINT transcript_lines_line_no_check CHECK ((line_no > 0))
);

-- comment TABLE transcript_lines

COMMENT ON TABLE telemetry.transcript_lines IS 'The lines of transcripts as they were, without secrets; nothing is left out.';

-- table transcripts

CREATE TABLE telemetry.transcripts (
    id uuid DEFAULT kit.new_id() NOT NULL,
    session_id uuid NOT NULL,
    format text NOT NULL,
    part text DEFAULT ''::text NOT NULL,
    edition integer DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    lines bigint DEFAULT 0 NOT NULL,
    damaged_lines bigint DEFAULT 0 NOT NULL,
    state jsonb DEFAULT '{}'::jsonb NOT NULL,
    projection integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT transcripts_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT transcripts_damaged_lines_check CHECK ((damaged_lines >= 0)),
    CONSTRAINT transcripts_lines_check CHECK ((lines >= 0))
);

-- comment TABLE transcripts

COMMENT ON TABLE telemetry.transcripts IS 'A client''s record of a session, kept line by line as it was written.';

-- sequence usage_deltas_id_seq

ALTER TABLE telemetry.usage_deltas ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME telemetry.usage_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table usage_keys

CREATE TABLE telemetry.usage_keys (
    key text NOT NULL,
    usage_id uuid NOT NULL,
    CONSTRAINT usage_keys_key_check CHECK ((length(key) <= 400))
);

-- comment TABLE usage_keys

COMMENT ON TABLE telemetry.usage_keys IS 'The names by which sources know a response; each name means one response, and that is what counts it once.';

-- table usage_sightings

CREATE TABLE telemetry.usage_sightings (
    source text NOT NULL,
    source_key text NOT NULL,
    usage_id uuid NOT NULL,
    session_id uuid,
    project_id uuid,
    task_id uuid,
    execution_id uuid,
    agent_id text NOT NULL,
    model text NOT NULL,
    at timestamp with time zone NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_1h_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    reported_cost_usd numeric(18,9),
    duration_ms bigint,
    query_source text,
    subagent text,
    approximate boolean DEFAULT false NOT NULL,
    ordinal_base text,
    CONSTRAINT usage_sightings_source_check CHECK ((source = ANY (ARRAY['transcript'::text, 'otlp-log'::text, 'otlp-span'::text, 'hook'::text, 'api'::text]))),
    CONSTRAINT usage_sightings_source_key_check CHECK ((length(source_key) <= 400))
);

-- comment TABLE usage_sightings

COMMENT ON TABLE telemetry.usage_sightings IS 'What each source told of a response; token_usage is what they say together, and reconciliation compares them.';

-- table agent_failures

CREATE TABLE work.agent_failures (
    id bigint NOT NULL,
    agent_id uuid NOT NULL,
    task_id uuid NOT NULL,
    project_id uuid NOT NULL,
    outcome text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT agent_failures_outcome_check CHECK ((outcome = ANY (ARRAY['failed'::text, 'expired'::text])))
);

-- comment TABLE agent_failures

COMMENT ON TABLE work.agent_failures IS 'Tries that failed, for telling how well agents do; what went well stands on the tasks themselves.';

-- sequence agent_failures_id_seq

ALTER TABLE work.agent_failures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.agent_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table questions

CREATE TABLE work.questions (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    task_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    token bigint NOT NULL,
    question text NOT NULL,
    choices text[] DEFAULT '{}'::text[] NOT NULL,
    urgency smallint DEFAULT 5 NOT NULL,
    asked_user_id uuid,
    status text DEFAULT 'open'::text NOT NULL,
    answer text,
    choice text,
    answered_by text,
    answered_by_user_id uuid,
    close_reason text,
    expires_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    waited_ms bigint,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT questions_answer_check CHECK ((answer ~ '\S'::text)),
    CONSTRAINT questions_answered_whole CHECK (((status = 'answered'::text) = (answer IS NOT NULL))),
    CONSTRAINT questions_choices_check CHECK ((array_position(choices, NULL::text) IS NULL)),
    CONSTRAINT questions_closed_whole CHECK ((((status = 'open'::text) = (closed_at IS NULL)) AND ((status = 'open'::text) = (waited_ms IS NULL)))),
    CONSTRAINT questions_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT questions_question_check CHECK ((question ~ '\S'::text)),
    CONSTRAINT questions_status_check CHECK ((status = ANY (ARRAY['open'::text, 'answered'::text, 'withdrawn'::text, 'expired'::text]))),
    CONSTRAINT questions_urgency_check CHECK (((urgency >= 1) AND (urgency <= 10))),
    CONSTRAINT questions_waited_ms_check CHECK ((waited_ms >= 0))
);

-- comment TABLE questions

COMMENT ON TABLE work.questions IS 'What an agent asked a person about a task; the task waits meanwhile.';

-- comment COLUMN questions.waited_ms

COMMENT ON COLUMN work.questions.waited_ms IS 'How long the agent waited, kept apart from its own working time.';

-- view question_list

CREATE VIEW work.question_list WITH (security_invoker='true') AS
 SELECT q.id,
    ((p.key || '-'::text) || t.number) AS task,
    t.title AS task_title,
    p.slug AS project,
    q.project_id,
    q.task_id,
    a.name AS agent,
    q.agent_id,
    q.question,
    q.choices,
    q.urgency,
    u.username AS asked_person,
    q.asked_user_id,
    q.status,
    q.answer,
    q.choice,
    q.answered_by,
    q.close_reason,
    q.expires_at,
    q.closed_at,
    COALESCE(q.waited_ms, (round((EXTRACT(epoch FROM (clock_timestamp() - q.created_at)) * (1000)::numeric)))::bigint) AS waited_ms,
    q.version,
    q.created_at
   FROM ((((work.questions q
     JOIN work.tasks t ON ((t.id = q.task_id)))
     JOIN projects.projects p ON ((p.id = q.project_id)))
     JOIN agents.agents a ON ((a.id = q.agent_id)))
     LEFT JOIN accounts.users u ON ((u.id = q.asked_user_id)))
  WHERE (p.deleted_at IS NULL);

-- view agent_waiting

CREATE VIEW work.agent_waiting WITH (security_invoker='true') AS
 SELECT agent_id,
    agent,
    count(*) AS questions,
    count(*) FILTER (WHERE (status = 'open'::text)) AS open_questions,
    (sum(waited_ms))::bigint AS waited_ms
   FROM work.question_list q
  GROUP BY agent_id, agent;

-- table task_attachments

CREATE TABLE work.task_attachments (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    task_id uuid NOT NULL,
    file_name text NOT NULL,
    file_type text,
    file_size_bytes bigint,
    sha256 text,
    storage_path text NOT NULL,
    is_evidence boolean DEFAULT false NOT NULL,
    evidence_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by_user_id uuid,
    created_by_agent_id uuid,
    updated_by_user_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT task_attachments_evidence CHECK (((evidence_id IS NULL) OR is_evidence)),
    CONSTRAINT task_attachments_file_name_check CHECK (((length(file_name) >= 1) AND (length(file_name) <= 500))),
    CONSTRAINT task_attachments_file_size_bytes_check CHECK ((file_size_bytes >= 0)),
    CONSTRAINT task_attachments_file_type_check CHECK ((length(file_type) <= 100)),
    CONSTRAINT task_attachments_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT task_attachments_storage_path_check CHECK (((length(storage_path) >= 1) AND (length(storage_path) <= 1000)))
);

-- comment TABLE task_attachments

COMMENT ON TABLE work.task_attachments IS 'Files of a task: kept here by their hash, or elsewhere and only named.';

-- comment COLUMN task_attachments.storage_path

COMMENT ON COLUMN work.task_attachments.storage_path IS 'sha256:… for a file kept here, else where it is.';

-- view attachment_list

CREATE VIEW work.attachment_list WITH (security_invoker='true') AS
 SELECT a.id,
    ((p.key || '-'::text) || t.number) AS task,
    p.slug AS project,
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
    COALESCE(g.name, u.username) AS created_by,
    a.version,
    a.created_at
   FROM ((((work.task_attachments a
     JOIN work.tasks t ON ((t.id = a.task_id)))
     JOIN projects.projects p ON ((p.id = a.project_id)))
     LEFT JOIN agents.agents g ON ((g.id = a.created_by_agent_id)))
     LEFT JOIN accounts.users u ON ((u.id = a.created_by_user_id)));

-- table comments

CREATE TABLE work.comments (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    task_id uuid,
    issue_id uuid,
    author text NOT NULL,
    author_user_id uuid,
    author_agent_id uuid,
    content text NOT NULL,
    content_type text DEFAULT 'markdown'::text NOT NULL,
    github_comment_id bigint,
    is_ai_generated boolean GENERATED ALWAYS AS ((author_agent_id IS NOT NULL)) STORED NOT NULL,
    ai_metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT comments_ai_metadata_check CHECK ((jsonb_typeof(ai_metadata) = 'object'::text)),
    CONSTRAINT comments_ai_metadata_of_ai CHECK (((author_agent_id IS NOT NULL) OR (ai_metadata = '{}'::jsonb))),
    CONSTRAINT comments_author_check CHECK (((author ~ '\S'::text) AND (length(author) <= 255))),
    CONSTRAINT comments_content_check CHECK ((content ~ '\S'::text)),
    CONSTRAINT comments_content_type_check CHECK ((content_type = ANY (ARRAY['markdown'::text, 'plain'::text, 'html'::text]))),
    CONSTRAINT comments_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT comments_on_one_thing CHECK ((num_nonnulls(task_id, issue_id) = 1))
);

-- comment TABLE comments

COMMENT ON TABLE work.comments IS 'What people and agents say about a task or an issue.';

-- comment COLUMN comments.author

COMMENT ON COLUMN work.comments.author IS 'The name of who wrote it, as it was then; the author of an imported comment may be nobody we know.';

-- table issues

CREATE TABLE work.issues (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    number bigint NOT NULL,
    epic_id uuid,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    status_reason text,
    priority smallint DEFAULT 5 NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    assignee text,
    github_id bigint,
    github_url text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT issues_closed CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT issues_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT issues_number_check CHECK ((number > 0)),
    CONSTRAINT issues_priority_check CHECK (((priority >= 1) AND (priority <= 10))),
    CONSTRAINT issues_status_check CHECK ((status = ANY (ARRAY['open'::text, 'in_progress'::text, 'blocked'::text, 'closed'::text, 'cancelled'::text]))),
    CONSTRAINT issues_title_check CHECK (((title ~ '\S'::text) AND (length(title) <= 2000)))
);

-- comment TABLE issues

COMMENT ON TABLE work.issues IS 'What somebody reported or wants (ACME-42); numbered from the counter that tasks use, so a number means one thing.';

-- view comment_list

CREATE VIEW work.comment_list WITH (security_invoker='true') AS
 SELECT c.id,
    ((p.key || '-'::text) || COALESCE(t.number, i.number)) AS about,
    p.slug AS project,
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
   FROM (((work.comments c
     JOIN projects.projects p ON ((p.id = c.project_id)))
     LEFT JOIN work.tasks t ON ((t.id = c.task_id)))
     LEFT JOIN work.issues i ON ((i.id = c.issue_id)))
  WHERE (c.deleted_at IS NULL);

-- table count_deltas

CREATE TABLE work.count_deltas (
    project_id uuid NOT NULL,
    name text NOT NULL,
    delta integer NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

-- comment TABLE count_deltas

COMMENT ON TABLE work.count_deltas IS 'What has come and gone since, written by the transaction that changed it; no transaction changes a row of another.';

-- table counts

CREATE TABLE work.counts (
    project_id uuid NOT NULL,
    name text NOT NULL,
    count bigint NOT NULL
);

-- comment TABLE counts

COMMENT ON TABLE work.counts IS 'How much projects held when it was last added up: tasks of each state, rows of the queue, dependencies.';

-- table devlog_dependencies

CREATE TABLE work.devlog_dependencies (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    devlog_id uuid NOT NULL,
    type text DEFAULT 'blocks'::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    external_id text,
    target_devlog_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT devlog_dependencies_external_id_check CHECK (((length(external_id) >= 1) AND (length(external_id) <= 500))),
    CONSTRAINT devlog_dependencies_not_itself CHECK ((target_devlog_id <> devlog_id)),
    CONSTRAINT devlog_dependencies_type_check CHECK ((type = ANY (ARRAY['blocks'::text, 'blocked-by'::text, 'related-to'::text, 'parent-of'::text, 'child-of'::text])))
);

-- comment TABLE devlog_dependencies

COMMENT ON TABLE work.devlog_dependencies IS 'What a devlog entry is tied to: another entry, or something elsewhere.';

-- table devlog_documents

CREATE TABLE work.devlog_documents (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    devlog_id uuid NOT NULL,
    filename text NOT NULL,
    original_name text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL,
    type text DEFAULT 'other'::text NOT NULL,
    sha256 text NOT NULL,
    text_content text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    uploaded_by text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT devlog_documents_filename_check CHECK (((length(filename) >= 1) AND (length(filename) <= 500))),
    CONSTRAINT devlog_documents_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT devlog_documents_mime_type_check CHECK (((length(mime_type) >= 1) AND (length(mime_type) <= 255))),
    CONSTRAINT devlog_documents_original_name_check CHECK (((length(original_name) >= 1) AND (length(original_name) <= 500))),
    CONSTRAINT devlog_documents_size_check CHECK ((size >= 0)),
    CONSTRAINT devlog_documents_type_check CHECK ((type = ANY (ARRAY['text'::text, 'markdown'::text, 'image'::text, 'pdf'::text, 'code'::text, 'json'::text, 'csv'::text, 'log'::text, 'config'::text, 'other'::text])))
);

-- comment TABLE devlog_documents

COMMENT ON TABLE work.devlog_documents IS 'Documents of a devlog entry; their contents are kept as attachments are.';

-- table devlog_entries

CREATE TABLE work.devlog_entries (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    key_field text NOT NULL,
    title text NOT NULL,
    type text DEFAULT 'task'::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'new'::text NOT NULL,
    priority text DEFAULT 'medium'::text NOT NULL,
    assignee text,
    business_context jsonb DEFAULT '{}'::jsonb NOT NULL,
    technical_context jsonb DEFAULT '{}'::jsonb NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    files text[] DEFAULT '{}'::text[] NOT NULL,
    archived boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT devlog_entries_assignee_check CHECK ((length(assignee) <= 255)),
    CONSTRAINT devlog_entries_closed CHECK (((status = ANY (ARRAY['done'::text, 'cancelled'::text])) = (closed_at IS NOT NULL))),
    CONSTRAINT devlog_entries_files_check CHECK ((array_position(files, NULL::text) IS NULL)),
    CONSTRAINT devlog_entries_key_field_check CHECK ((((length(key_field) >= 1) AND (length(key_field) <= 255)) AND (key_field = btrim(key_field)))),
    CONSTRAINT devlog_entries_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text]))),
    CONSTRAINT devlog_entries_status_check CHECK ((status = ANY (ARRAY['new'::text, 'in-progress'::text, 'blocked'::text, 'in-review'::text, 'testing'::text, 'done'::text, 'cancelled'::text]))),
    CONSTRAINT devlog_entries_tags_check CHECK ((array_position(tags, NULL::text) IS NULL)),
    CONSTRAINT devlog_entries_title_check CHECK (((title ~ '\S'::text) AND (length(title) <= 2000))),
    CONSTRAINT devlog_entries_type_check CHECK ((type = ANY (ARRAY['feature'::text, 'bugfix'::text, 'task'::text, 'refactor'::text, 'docs'::text])))
);

-- comment TABLE devlog_entries

COMMENT ON TABLE work.devlog_entries IS 'The diary of development: what was set about, why, and how it went.';

-- table devlog_notes

CREATE TABLE work.devlog_notes (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    devlog_id uuid NOT NULL,
    "timestamp" timestamp with time zone DEFAULT now() NOT NULL,
    category text DEFAULT 'progress'::text NOT NULL,
    content text NOT NULL,
    author text,
    CONSTRAINT devlog_notes_category_check CHECK ((category = ANY (ARRAY['progress'::text, 'issue'::text, 'solution'::text, 'idea'::text, 'reminder'::text, 'feedback'::text, 'acceptance-criteria'::text]))),
    CONSTRAINT devlog_notes_content_check CHECK ((content ~ '\S'::text))
);

-- comment TABLE devlog_notes

COMMENT ON TABLE work.devlog_notes IS 'Notes of a devlog entry, in the order of time.';

-- view devlog_list

CREATE VIEW work.devlog_list WITH (security_invoker='true') AS
 SELECT e.id,
    e.key_field,
    p.slug AS project,
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
    ( SELECT (count(*))::integer AS count
           FROM work.devlog_notes n
          WHERE (n.devlog_id = e.id)) AS notes,
    ( SELECT (count(*))::integer AS count
           FROM work.devlog_documents d
          WHERE (d.devlog_id = e.id)) AS documents,
    e.version,
    e.created_at,
    e.updated_at,
    e.closed_at
   FROM (work.devlog_entries e
     JOIN projects.projects p ON ((p.id = e.project_id)))
  WHERE (p.deleted_at IS NULL);

-- table epic_dependencies

CREATE TABLE work.epic_dependencies (
    epic_id uuid NOT NULL,
    project_id uuid NOT NULL,
    depends_on_epic_id uuid NOT NULL,
    id uuid DEFAULT kit.new_id() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT epic_dependencies_not_itself CHECK ((epic_id <> depends_on_epic_id))
);

-- comment TABLE epic_dependencies

COMMENT ON TABLE work.epic_dependencies IS 'epic_id waits for depends_on_epic_id; both are of one project, and no epics wait in a circle.';

-- view task_effort

CREATE VIEW work.task_effort WITH (security_invoker='true') AS
 SELECT id AS task_id,
    project_id,
    epic_id,
    issue_id,
    workflow_id,
    status,
        CASE
            WHEN ((estimated_minutes IS NOT NULL) AND (NOT (EXISTS ( SELECT
               FROM work.tasks c
              WHERE ((c.parent_task_id = t.id) AND (c.deleted_at IS NULL) AND (c.estimated_minutes IS NOT NULL)))))) THEN estimated_minutes
            ELSE NULL::integer
        END AS estimated_minutes,
        CASE
            WHEN ((actual_minutes IS NOT NULL) AND (NOT (EXISTS ( SELECT
               FROM work.tasks c
              WHERE ((c.parent_task_id = t.id) AND (c.deleted_at IS NULL) AND (c.actual_minutes IS NOT NULL)))))) THEN actual_minutes
            ELSE NULL::integer
        END AS actual_minutes
   FROM work.tasks t
  WHERE (deleted_at IS NULL);

-- view epic_summary

CREATE VIEW work.epic_summary WITH (security_invoker='true') AS
 SELECT e.id,
    e.project_id,
    p.slug AS project,
    e.epic_id,
    e.title,
    e.description,
    e.status,
    e.priority,
    work.priority_name(e.priority) AS priority_name,
    round(((e.estimated_minutes)::numeric / 60.0), 2) AS estimated_hours,
    ( SELECT round(((sum(f.actual_minutes))::numeric / 60.0), 2) AS round
           FROM work.task_effort f
          WHERE ((f.epic_id = e.id) AND (f.project_id = e.project_id))) AS actual_hours,
    e.complexity,
    ARRAY( SELECT o.epic_id
           FROM (work.epic_dependencies d
             JOIN work.epics o ON ((o.id = d.depends_on_epic_id)))
          WHERE (d.epic_id = e.id)
          ORDER BY o.epic_id) AS dependencies,
    i.total AS issues,
    i.open AS issues_open,
    t.total AS tasks,
    t.done AS tasks_done,
    e.metadata,
    e.version,
    e.created_at,
    e.updated_at,
    e.completed_at,
    e.archived_at
   FROM (((work.epics e
     JOIN projects.projects p ON ((p.id = e.project_id)))
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (x.status <> ALL (ARRAY['closed'::text, 'cancelled'::text]))))::integer AS open
           FROM work.issues x
          WHERE ((x.epic_id = e.id) AND (x.project_id = e.project_id) AND (x.deleted_at IS NULL))) i)
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (x.status = 'done'::text)))::integer AS done
           FROM work.tasks x
          WHERE ((x.epic_id = e.id) AND (x.project_id = e.project_id) AND (x.deleted_at IS NULL))) t)
  WHERE (p.deleted_at IS NULL);

-- table extension_points

CREATE TABLE work.extension_points (
    point text NOT NULL,
    "position" integer NOT NULL,
    function_name text NOT NULL,
    at_once boolean DEFAULT false NOT NULL,
    CONSTRAINT extension_points_point_check CHECK ((point = ANY (ARRAY['may_claim'::text, 'on_claim'::text, 'on_start'::text, 'on_finish'::text, 'on_fail'::text, 'on_give_back'::text, 'on_expire'::text, 'on_release'::text])))
);

-- comment TABLE extension_points

COMMENT ON TABLE work.extension_points IS 'Functions of later rooms that work calls in order, in the same transaction.';

-- view held_counts

CREATE VIEW work.held_counts WITH (security_invoker='true') AS
 SELECT project_id,
    count(*) AS held
   FROM work.ready_queue q
  WHERE (agent_id IS NOT NULL)
  GROUP BY project_id;

-- table import_files

CREATE TABLE work.import_files (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    format text NOT NULL,
    source_name text NOT NULL,
    source_path text NOT NULL,
    content_sha256 text NOT NULL,
    content_bytes bigint NOT NULL,
    content bytea NOT NULL,
    report jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_files_content_bytes_check CHECK ((content_bytes >= 0))
);

-- comment TABLE import_files

COMMENT ON TABLE work.import_files IS 'The original of each imported file, kept once, with what its last import reported.';

-- view issue_summary

CREATE VIEW work.issue_summary WITH (security_invoker='true') AS
 SELECT i.id,
    ((p.key || '-'::text) || i.number) AS ref,
    i.project_id,
    p.slug AS project,
    i.number,
    i.number AS issue_number,
    i.epic_id,
    ( SELECT e.epic_id
           FROM work.epics e
          WHERE (e.id = i.epic_id)) AS epic,
    i.title,
    i.description,
    i.status,
    i.status_reason,
    i.priority,
    work.priority_name(i.priority) AS priority_name,
    i.labels,
    i.assignee,
    i.github_id,
    i.github_url,
    t.total AS tasks,
    t.done AS tasks_done,
    i.metadata,
    i.version,
    i.created_at,
    i.updated_at,
    i.closed_at
   FROM ((work.issues i
     JOIN projects.projects p ON ((p.id = i.project_id)))
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (x.status = 'done'::text)))::integer AS done
           FROM work.tasks x
          WHERE ((x.issue_id = i.id) AND (x.project_id = i.project_id) AND (x.deleted_at IS NULL))) t)
  WHERE ((i.deleted_at IS NULL) AND (p.deleted_at IS NULL));

-- sequence lease_tokens

CREATE SEQUENCE work.lease_tokens
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- view project_counts

CREATE VIEW work.project_counts WITH (security_invoker='true') AS
 SELECT project_id,
    name,
    (sum(count))::bigint AS count
   FROM ( SELECT c.project_id,
            c.name,
            c.count
           FROM work.counts c
        UNION ALL
         SELECT d.project_id,
            d.name,
            d.delta
           FROM work.count_deltas d) b
  WHERE (NOT (project_id IN ( SELECT p.id
           FROM projects.projects p
          WHERE (p.deleted_at IS NOT NULL))))
  GROUP BY project_id, name
 HAVING (sum(count) <> (0)::numeric);

-- view project_waiting

CREATE VIEW work.project_waiting WITH (security_invoker='true') AS
 SELECT project_id,
    project,
    count(*) AS questions,
    count(*) FILTER (WHERE (status = 'open'::text)) AS open_questions,
    (sum(waited_ms))::bigint AS waited_ms
   FROM work.question_list q
  GROUP BY project_id, project;

-- view queue_counts

CREATE VIEW work.queue_counts WITH (security_invoker='true') AS
 SELECT c.project_id,
    (c.count - h.held) AS ready,
    h.held
   FROM ((work.project_counts c
     LEFT JOIN work.held_counts q ON ((q.project_id = c.project_id)))
     CROSS JOIN LATERAL ( SELECT COALESCE(q.held, (0)::bigint) AS held) h)
  WHERE (c.name = 'queued'::text);

-- table queue_fronts

CREATE TABLE work.queue_fronts (
    project_id uuid NOT NULL,
    capabilities text[] NOT NULL,
    rank smallint NOT NULL,
    number bigint NOT NULL,
    oldest_xid bigint NOT NULL,
    written_by bigint NOT NULL,
    written_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

-- comment TABLE queue_fronts

COMMENT ON TABLE work.queue_fronts IS 'Where the queue of a project began for agents of some capabilities, as a snapshot saw it; kept by claims.';

-- comment COLUMN queue_fronts.oldest_xid

COMMENT ON COLUMN work.queue_fronts.oldest_xid IS 'The oldest transaction that snapshot saw running (pg_snapshot_xmin): whatever it did not see is not older.';

-- comment COLUMN queue_fronts.written_by

COMMENT ON COLUMN work.queue_fronts.written_by IS 'The transaction that wrote the row: one that came with a dump is known by another one in xmin, and is not used.';

-- table ready_labels

CREATE TABLE work.ready_labels (
    label text NOT NULL,
    project_id uuid NOT NULL,
    rank smallint NOT NULL,
    number bigint NOT NULL,
    task_id uuid NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

-- comment TABLE ready_labels

COMMENT ON TABLE work.ready_labels IS 'The labels of what stands in ready_queue, kept by its triggers: claims and lists with a label walk this in order.';

-- comment COLUMN ready_labels.rank

COMMENT ON COLUMN work.ready_labels.rank IS 'Minus the priority, so that the order of the key is that of claims.';

-- table stored_files

CREATE TABLE work.stored_files (
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stored_files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT stored_files_size_bytes_check CHECK ((size_bytes >= 0))
);

-- comment TABLE stored_files

COMMENT ON TABLE work.stored_files IS 'Contents kept in the folder of files, each once, by hash; the row lock guards writing and removing the file.';

-- table task_analytics

CREATE TABLE work.task_analytics (
    task_id uuid NOT NULL,
    project_id uuid NOT NULL,
    complexity_score numeric(5,2),
    estimated_effort_hours numeric(14,2),
    actual_effort_hours numeric(14,2),
    efficiency_ratio numeric(14,2),
    quality_metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    performance_metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    dependency_impact_score numeric(5,2) DEFAULT 0 NOT NULL,
    blocking_factor numeric(12,2) DEFAULT 0 NOT NULL,
    critical_position integer,
    completion_velocity numeric(14,2),
    error_count integer DEFAULT 0 NOT NULL,
    retry_count integer DEFAULT 0 NOT NULL,
    code_quality_score numeric(5,2),
    test_coverage_percentage numeric(5,2),
    calculated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT task_analytics_blocking_factor_check CHECK ((blocking_factor >= (0)::numeric)),
    CONSTRAINT task_analytics_code_quality_score_check CHECK (((code_quality_score >= (0)::numeric) AND (code_quality_score <= (100)::numeric))),
    CONSTRAINT task_analytics_complexity_score_check CHECK ((complexity_score >= (0)::numeric)),
    CONSTRAINT task_analytics_dependency_impact_score_check CHECK (((dependency_impact_score >= (0)::numeric) AND (dependency_impact_score <= (100)::numeric))),
    CONSTRAINT task_analytics_efficiency_ratio_check CHECK ((efficiency_ratio >= (0)::numeric)),
    CONSTRAINT task_analytics_error_count_check CHECK ((error_count >= 0)),
    CONSTRAINT task_analytics_retry_count_check CHECK ((retry_count >= 0)),
    CONSTRAINT task_analytics_test_coverage_percentage_check CHECK (((test_coverage_percentage >= (0)::numeric) AND (test_coverage_percentage <= (100)::numeric)))
);

-- comment TABLE task_analytics

COMMENT ON TABLE work.task_analytics IS 'What calculate_workflow_analytics last found of a task: effort, quality, who waits for it, its place on the path.';

-- view task_comments

CREATE VIEW work.task_comments WITH (security_invoker='true') AS
 SELECT id,
    id AS comment_id,
    task_id,
    author_user_id AS author_id,
    author_agent_id AS agent_id,
    author,
    content,
    content_type,
    github_comment_id,
    is_ai_generated,
    ai_metadata,
    created_at,
    updated_at,
    deleted_at
   FROM work.comments c
  WHERE (task_id IS NOT NULL);

-- view task_summary

CREATE VIEW work.task_summary WITH (security_invoker='true') AS
 SELECT l.id,
    l.ref,
    l.project,
    l.project_id,
    l.title,
    l.type,
    l.status,
    l.priority,
        CASE
            WHEN (l.priority >= 10) THEN 'critical'::text
            WHEN (l.priority >= 8) THEN 'high'::text
            WHEN (l.priority >= 5) THEN 'medium'::text
            ELSE 'low'::text
        END AS priority_name,
    l.ready,
    l.waits_for,
    l.held_by,
    round(((t.estimated_minutes)::numeric / 60.0), 2) AS estimated_hours,
    round(((t.actual_minutes)::numeric / 60.0), 2) AS actual_hours,
    round(((t.estimated_minutes)::numeric / 60.0), 2) AS estimated_effort,
    round(((t.actual_minutes)::numeric / 60.0), 2) AS actual_effort,
        CASE
            WHEN (t.requirements = '[]'::jsonb) THEN work.text_items(t.details)
            ELSE t.requirements
        END AS requirements,
        CASE
            WHEN (t.acceptance_criteria = '[]'::jsonb) THEN work.text_items(t.test_strategy)
            ELSE t.acceptance_criteria
        END AS acceptance_criteria,
    ARRAY( SELECT d.depends_on_task_id
           FROM work.task_dependencies d
          WHERE ((d.task_id = l.id) AND (d.dependency_type = 'relates_to'::text))) AS related_tasks,
    l.created_at,
    l.updated_at,
    t.started_at,
    l.completed_at,
    l.id AS task_id
   FROM (work.task_list l
     JOIN work.tasks t ON ((t.id = l.id)));

-- view task_waiting

CREATE VIEW work.task_waiting WITH (security_invoker='true') AS
 SELECT task_id,
    count(*) AS questions,
    count(*) FILTER (WHERE (status = 'open'::text)) AS open_questions,
    (sum(waited_ms))::bigint AS waited_ms
   FROM work.question_list q
  GROUP BY task_id;

-- table task_words

CREATE TABLE work.task_words (
    task_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    named boolean DEFAULT true NOT NULL
);

-- comment TABLE task_words

COMMENT ON TABLE work.task_words IS 'One row for each task, whose index holds the words of the task; its version rises when they change.';

-- comment COLUMN task_words.named

COMMENT ON COLUMN work.task_words.named IS 'Whether the index holds the names of the task.';

-- table workflows

CREATE TABLE work.workflows (
    id uuid DEFAULT kit.new_id() NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    requirements text DEFAULT ''::text NOT NULL,
    current_phase text DEFAULT 'initiation'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    errors jsonb DEFAULT '[]'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    archived_at timestamp with time zone,
    CONSTRAINT workflows_completed CHECK (((status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])) = (completed_at IS NOT NULL))),
    CONSTRAINT workflows_current_phase_check CHECK ((current_phase = ANY (ARRAY['initiation'::text, 'planning'::text, 'development'::text, 'testing'::text, 'deployment'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT workflows_ended_alike CHECK ((((current_phase = 'completed'::text) = (status = 'completed'::text)) AND ((current_phase = 'failed'::text) = (status = 'failed'::text)))),
    CONSTRAINT workflows_errors_check CHECK ((jsonb_typeof(errors) = 'array'::text)),
    CONSTRAINT workflows_metrics_check CHECK ((jsonb_typeof(metrics) = 'object'::text)),
    CONSTRAINT workflows_name_check CHECK (((name ~ '\S'::text) AND (length(name) <= 500))),
    CONSTRAINT workflows_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
);

-- comment TABLE workflows

COMMENT ON TABLE work.workflows IS 'A run of work through phases, made of tasks; progress is derived in workflow_summary. completed_at: when it ended.';

-- view workflow_performance_summary

CREATE VIEW work.workflow_performance_summary WITH (security_invoker='true') AS
 SELECT w.id AS workflow_id,
    w.project_id,
    p.slug AS project,
    w.name AS workflow_name,
    w.status,
    w.current_phase,
        CASE
            WHEN (t.total = 0) THEN (0)::numeric
            ELSE round(((100.0 * (t.done)::numeric) / (t.total)::numeric), 2)
        END AS completion_percentage,
    a.efficiency_score,
    a.quality_score,
    t.total AS total_tasks,
    t.done AS completed_tasks,
    t.blocked AS blocked_tasks,
    t.complexity AS avg_task_complexity,
    GREATEST(w.updated_at, t.last_change) AS last_activity,
    w.created_at,
    round((EXTRACT(epoch FROM (COALESCE(w.completed_at, now()) - COALESCE(w.started_at, w.created_at))) / (3600)::numeric), 2) AS duration_hours,
    a.calculated_at,
    w.archived_at
   FROM (((work.workflows w
     JOIN projects.projects p ON ((p.id = w.project_id)))
     LEFT JOIN work.workflow_analytics a ON ((a.workflow_id = w.id)))
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (x.status = 'done'::text)))::integer AS done,
            (count(*) FILTER (WHERE (x.status = 'blocked'::text)))::integer AS blocked,
            round(avg(x.complexity_score), 2) AS complexity,
            max(x.updated_at) AS last_change
           FROM work.tasks x
          WHERE ((x.workflow_id = w.id) AND (x.project_id = w.project_id) AND (x.deleted_at IS NULL))) t)
  WHERE (p.deleted_at IS NULL);

-- view workflow_summary

CREATE VIEW work.workflow_summary WITH (security_invoker='true') AS
 SELECT w.id,
    w.project_id,
    p.slug AS project,
    p.name AS project_name,
    w.name,
    w.description,
    w.requirements,
    w.current_phase,
    w.status,
    jsonb_build_object('completed', t.done, 'total', t.total, 'percentage',
        CASE
            WHEN (t.total = 0) THEN (0)::numeric
            ELSE round(((100.0 * (t.done)::numeric) / (t.total)::numeric), 2)
        END) AS progress,
    w.metrics,
    w.errors,
    w.version,
    w.created_at,
    w.updated_at,
    w.started_at,
    w.completed_at,
    w.archived_at
   FROM ((work.workflows w
     JOIN projects.projects p ON ((p.id = w.project_id)))
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS total,
            (count(*) FILTER (WHERE (x.status = 'done'::text)))::integer AS done
           FROM work.tasks x
          WHERE ((x.workflow_id = w.id) AND (x.project_id = w.project_id) AND (x.deleted_at IS NULL))) t)
  WHERE (p.deleted_at IS NULL);

-- table attach audit_logs_rest

ALTER TABLE ONLY audit.audit_logs ATTACH PARTITION audit.audit_logs_rest DEFAULT;

-- table attach audit_payloads_rest

ALTER TABLE ONLY audit.audit_payloads ATTACH PARTITION audit.audit_payloads_rest DEFAULT;

-- table attach otel_logs_rest

ALTER TABLE ONLY telemetry.otel_logs ATTACH PARTITION telemetry.otel_logs_rest DEFAULT;

-- table attach otel_points_rest

ALTER TABLE ONLY telemetry.otel_points ATTACH PARTITION telemetry.otel_points_rest DEFAULT;

-- table attach otel_spans_rest

ALTER TABLE ONLY telemetry.otel_spans ATTACH PARTITION telemetry.otel_spans_rest DEFAULT;

-- constraint api_keys api_keys_key_prefix

ALTER TABLE ONLY accounts.api_keys
    ADD CONSTRAINT api_keys_key_prefix UNIQUE (key_prefix);

-- constraint api_keys api_keys_pkey

ALTER TABLE ONLY accounts.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

-- constraint login_sessions login_sessions_link_hash

ALTER TABLE ONLY accounts.login_sessions
    ADD CONSTRAINT login_sessions_link_hash UNIQUE (link_hash);

-- constraint login_sessions login_sessions_pkey

ALTER TABLE ONLY accounts.login_sessions
    ADD CONSTRAINT login_sessions_pkey PRIMARY KEY (id);

-- constraint login_sessions login_sessions_token_hash

ALTER TABLE ONLY accounts.login_sessions
    ADD CONSTRAINT login_sessions_token_hash UNIQUE (token_hash);

-- constraint users users_pkey

ALTER TABLE ONLY accounts.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

-- constraint agent_routing_decisions agent_routing_decisions_pkey

ALTER TABLE ONLY agents.agent_routing_decisions
    ADD CONSTRAINT agent_routing_decisions_pkey PRIMARY KEY (id);

-- constraint agents agents_pkey

ALTER TABLE ONLY agents.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);

-- constraint model_providers model_providers_pkey

ALTER TABLE ONLY agents.model_providers
    ADD CONSTRAINT model_providers_pkey PRIMARY KEY (name);

-- constraint routing_sources routing_sources_pkey

ALTER TABLE ONLY agents.routing_sources
    ADD CONSTRAINT routing_sources_pkey PRIMARY KEY (kind);

-- constraint audit_logs audit_logs_pkey

ALTER TABLE ONLY audit.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id, created_at);

-- constraint audit_logs_rest audit_logs_rest_pkey

ALTER TABLE ONLY audit.audit_logs_rest
    ADD CONSTRAINT audit_logs_rest_pkey PRIMARY KEY (id, created_at);

-- constraint audit_payloads audit_payloads_pkey

ALTER TABLE ONLY audit.audit_payloads
    ADD CONSTRAINT audit_payloads_pkey PRIMARY KEY (id, created_at);

-- constraint audit_payloads_rest audit_payloads_rest_pkey

ALTER TABLE ONLY audit.audit_payloads_rest
    ADD CONSTRAINT audit_payloads_rest_pkey PRIMARY KEY (id, created_at);

-- constraint alembic_version alembic_version_pkc

ALTER TABLE ONLY kit.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

-- constraint code_objects code_objects_pkey

ALTER TABLE ONLY kit.code_objects
    ADD CONSTRAINT code_objects_pkey PRIMARY KEY ("position");

-- constraint job_runs job_runs_pkey

ALTER TABLE ONLY kit.job_runs
    ADD CONSTRAINT job_runs_pkey PRIMARY KEY (id);

-- constraint jobs jobs_pkey

ALTER TABLE ONLY kit.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (name);

-- constraint leases leases_pkey

ALTER TABLE ONLY kit.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);

-- constraint migration_info migration_info_pkey

ALTER TABLE ONLY kit.migration_info
    ADD CONSTRAINT migration_info_pkey PRIMARY KEY (version);

-- constraint notices notices_pkey

ALTER TABLE ONLY kit.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);

-- constraint permissions permissions_pkey

ALTER TABLE ONLY kit.permissions
    ADD CONSTRAINT permissions_pkey PRIMARY KEY (role, permission);

-- constraint registered_objects registered_objects_pkey

ALTER TABLE ONLY kit.registered_objects
    ADD CONSTRAINT registered_objects_pkey PRIMARY KEY (name);

-- constraint request_keys request_keys_pkey

ALTER TABLE ONLY kit.request_keys
    ADD CONSTRAINT request_keys_pkey PRIMARY KEY (who, key);

-- constraint settings settings_pkey

ALTER TABLE ONLY kit.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);

-- constraint machines machines_machine_id

ALTER TABLE ONLY projects.machines
    ADD CONSTRAINT machines_machine_id UNIQUE (machine_id);

-- constraint machines machines_pkey

ALTER TABLE ONLY projects.machines
    ADD CONSTRAINT machines_pkey PRIMARY KEY (id);

-- constraint project_counters project_counters_pkey

ALTER TABLE ONLY projects.project_counters
    ADD CONSTRAINT project_counters_pkey PRIMARY KEY (project_id);

-- constraint project_members project_members_once

ALTER TABLE ONLY projects.project_members
    ADD CONSTRAINT project_members_once UNIQUE (project_id, user_id);

-- constraint project_members project_members_pkey

ALTER TABLE ONLY projects.project_members
    ADD CONSTRAINT project_members_pkey PRIMARY KEY (id);

-- constraint project_remotes project_remotes_once

ALTER TABLE ONLY projects.project_remotes
    ADD CONSTRAINT project_remotes_once UNIQUE (project_id, remote);

-- constraint project_remotes project_remotes_pkey

ALTER TABLE ONLY projects.project_remotes
    ADD CONSTRAINT project_remotes_pkey PRIMARY KEY (id);

-- constraint projects projects_pkey

ALTER TABLE ONLY projects.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

-- constraint workspaces workspaces_pkey

ALTER TABLE ONLY projects.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

-- constraint workspaces workspaces_workspace_id

ALTER TABLE ONLY projects.workspaces
    ADD CONSTRAINT workspaces_workspace_id UNIQUE (workspace_id);

-- constraint agent_executions agent_executions_pkey

ALTER TABLE ONLY telemetry.agent_executions
    ADD CONSTRAINT agent_executions_pkey PRIMARY KEY (id);

-- constraint agent_sessions agent_sessions_pkey

ALTER TABLE ONLY telemetry.agent_sessions
    ADD CONSTRAINT agent_sessions_pkey PRIMARY KEY (id);

-- constraint budgets budgets_pkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_pkey PRIMARY KEY (id);

-- constraint chat_messages chat_messages_pkey

ALTER TABLE ONLY telemetry.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);

-- constraint hook_events hook_events_pkey

ALTER TABLE ONLY telemetry.hook_events
    ADD CONSTRAINT hook_events_pkey PRIMARY KEY (id);

-- constraint model_names model_names_pkey

ALTER TABLE ONLY telemetry.model_names
    ADD CONSTRAINT model_names_pkey PRIMARY KEY (name);

-- constraint model_prices model_prices_pkey

ALTER TABLE ONLY telemetry.model_prices
    ADD CONSTRAINT model_prices_pkey PRIMARY KEY (id);

-- constraint otel_logs otel_logs_pkey

ALTER TABLE ONLY telemetry.otel_logs
    ADD CONSTRAINT otel_logs_pkey PRIMARY KEY ("time", id);

-- constraint otel_logs_rest otel_logs_rest_pkey

ALTER TABLE ONLY telemetry.otel_logs_rest
    ADD CONSTRAINT otel_logs_rest_pkey PRIMARY KEY ("time", id);

-- constraint otel_points otel_points_pkey

ALTER TABLE ONLY telemetry.otel_points
    ADD CONSTRAINT otel_points_pkey PRIMARY KEY ("time", id);

-- constraint otel_points_rest otel_points_rest_pkey

ALTER TABLE ONLY telemetry.otel_points_rest
    ADD CONSTRAINT otel_points_rest_pkey PRIMARY KEY ("time", id);

-- constraint otel_resources otel_resources_pkey

ALTER TABLE ONLY telemetry.otel_resources
    ADD CONSTRAINT otel_resources_pkey PRIMARY KEY (id);

-- constraint otel_spans otel_spans_pkey

ALTER TABLE ONLY telemetry.otel_spans
    ADD CONSTRAINT otel_spans_pkey PRIMARY KEY (start_time, id);

-- constraint otel_spans_rest otel_spans_rest_pkey

ALTER TABLE ONLY telemetry.otel_spans_rest
    ADD CONSTRAINT otel_spans_rest_pkey PRIMARY KEY (start_time, id);

-- constraint repricings repricings_pkey

ALTER TABLE ONLY telemetry.repricings
    ADD CONSTRAINT repricings_pkey PRIMARY KEY (id);

-- constraint session_commits session_commits_pkey

ALTER TABLE ONLY telemetry.session_commits
    ADD CONSTRAINT session_commits_pkey PRIMARY KEY (session_id, sha);

-- constraint session_store session_store_pkey

ALTER TABLE ONLY telemetry.session_store
    ADD CONSTRAINT session_store_pkey PRIMARY KEY (project_key, session_id, subpath, "position");

-- constraint session_store_summaries session_store_summaries_pkey

ALTER TABLE ONLY telemetry.session_store_summaries
    ADD CONSTRAINT session_store_summaries_pkey PRIMARY KEY (project_key, session_id);

-- constraint session_tasks session_tasks_pkey

ALTER TABLE ONLY telemetry.session_tasks
    ADD CONSTRAINT session_tasks_pkey PRIMARY KEY (session_id, task_id, source, stretch);

-- constraint token_usage token_usage_pkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_pkey PRIMARY KEY (id);

-- constraint tool_calls tool_calls_pkey

ALTER TABLE ONLY telemetry.tool_calls
    ADD CONSTRAINT tool_calls_pkey PRIMARY KEY (session_id, call_id);

-- constraint transcript_files transcript_files_pkey

ALTER TABLE ONLY telemetry.transcript_files
    ADD CONSTRAINT transcript_files_pkey PRIMARY KEY (path);

-- constraint transcript_lines transcript_lines_pkey

ALTER TABLE ONLY telemetry.transcript_lines
    ADD CONSTRAINT transcript_lines_pkey PRIMARY KEY (transcript_id, line_no);

-- constraint transcripts transcripts_pkey

ALTER TABLE ONLY telemetry.transcripts
    ADD CONSTRAINT transcripts_pkey PRIMARY KEY (id);

-- constraint transcripts transcripts_session_id_format_part_edition_key

ALTER TABLE ONLY telemetry.transcripts
    ADD CONSTRAINT transcripts_session_id_format_part_edition_key UNIQUE (session_id, format, part, edition);

-- constraint usage_days usage_days_one

ALTER TABLE ONLY telemetry.usage_days
    ADD CONSTRAINT usage_days_one UNIQUE NULLS NOT DISTINCT (day, project_id, task_id, registered_agent_id, agent_id, model);

-- constraint usage_deltas usage_deltas_pkey

ALTER TABLE ONLY telemetry.usage_deltas
    ADD CONSTRAINT usage_deltas_pkey PRIMARY KEY (id);

-- constraint usage_keys usage_keys_pkey

ALTER TABLE ONLY telemetry.usage_keys
    ADD CONSTRAINT usage_keys_pkey PRIMARY KEY (key);

-- constraint usage_sightings usage_sightings_pkey

ALTER TABLE ONLY telemetry.usage_sightings
    ADD CONSTRAINT usage_sightings_pkey PRIMARY KEY (source, source_key);

-- constraint agent_failures agent_failures_pkey

ALTER TABLE ONLY work.agent_failures
    ADD CONSTRAINT agent_failures_pkey PRIMARY KEY (id);

-- constraint comments comments_pkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);

-- constraint counts counts_pkey

ALTER TABLE ONLY work.counts
    ADD CONSTRAINT counts_pkey PRIMARY KEY (project_id, name);

-- constraint devlog_dependencies devlog_dependencies_pkey

ALTER TABLE ONLY work.devlog_dependencies
    ADD CONSTRAINT devlog_dependencies_pkey PRIMARY KEY (id);

-- constraint devlog_documents devlog_documents_pkey

ALTER TABLE ONLY work.devlog_documents
    ADD CONSTRAINT devlog_documents_pkey PRIMARY KEY (id);

-- constraint devlog_entries devlog_entries_key

ALTER TABLE ONLY work.devlog_entries
    ADD CONSTRAINT devlog_entries_key UNIQUE (project_id, key_field);

-- constraint devlog_entries devlog_entries_pkey

ALTER TABLE ONLY work.devlog_entries
    ADD CONSTRAINT devlog_entries_pkey PRIMARY KEY (id);

-- constraint devlog_notes devlog_notes_pkey

ALTER TABLE ONLY work.devlog_notes
    ADD CONSTRAINT devlog_notes_pkey PRIMARY KEY (id);

-- constraint epic_dependencies epic_dependencies_pkey

ALTER TABLE ONLY work.epic_dependencies
    ADD CONSTRAINT epic_dependencies_pkey PRIMARY KEY (epic_id, project_id, depends_on_epic_id);

-- constraint epics epics_epic_id

ALTER TABLE ONLY work.epics
    ADD CONSTRAINT epics_epic_id UNIQUE (project_id, epic_id);

-- constraint epics epics_of_project

ALTER TABLE ONLY work.epics
    ADD CONSTRAINT epics_of_project UNIQUE (id, project_id);

-- constraint epics epics_pkey

ALTER TABLE ONLY work.epics
    ADD CONSTRAINT epics_pkey PRIMARY KEY (id);

-- constraint extension_points extension_points_pkey

ALTER TABLE ONLY work.extension_points
    ADD CONSTRAINT extension_points_pkey PRIMARY KEY (point, "position", function_name);

-- constraint import_files import_files_pkey

ALTER TABLE ONLY work.import_files
    ADD CONSTRAINT import_files_pkey PRIMARY KEY (id);

-- constraint import_files import_files_project_id_format_source_name_key

ALTER TABLE ONLY work.import_files
    ADD CONSTRAINT import_files_project_id_format_source_name_key UNIQUE (project_id, format, source_name);

-- constraint issues issues_number

ALTER TABLE ONLY work.issues
    ADD CONSTRAINT issues_number UNIQUE (project_id, number);

-- constraint issues issues_of_project

ALTER TABLE ONLY work.issues
    ADD CONSTRAINT issues_of_project UNIQUE (id, project_id);

-- constraint issues issues_pkey

ALTER TABLE ONLY work.issues
    ADD CONSTRAINT issues_pkey PRIMARY KEY (id);

-- constraint questions questions_pkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_pkey PRIMARY KEY (id);

-- constraint queue_fronts queue_fronts_pkey

ALTER TABLE ONLY work.queue_fronts
    ADD CONSTRAINT queue_fronts_pkey PRIMARY KEY (project_id, capabilities);

-- constraint ready_labels ready_labels_pkey

ALTER TABLE ONLY work.ready_labels
    ADD CONSTRAINT ready_labels_pkey PRIMARY KEY (label, project_id, rank, number, task_id);

-- constraint ready_queue ready_queue_pkey

ALTER TABLE ONLY work.ready_queue
    ADD CONSTRAINT ready_queue_pkey PRIMARY KEY (task_id);

-- constraint stored_files stored_files_pkey

ALTER TABLE ONLY work.stored_files
    ADD CONSTRAINT stored_files_pkey PRIMARY KEY (sha256);

-- constraint task_analytics task_analytics_pkey

ALTER TABLE ONLY work.task_analytics
    ADD CONSTRAINT task_analytics_pkey PRIMARY KEY (task_id);

-- constraint task_attachments task_attachments_pkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_pkey PRIMARY KEY (id);

-- constraint task_dependencies task_dependencies_pkey

ALTER TABLE ONLY work.task_dependencies
    ADD CONSTRAINT task_dependencies_pkey PRIMARY KEY (task_id, depends_on_task_id, dependency_type);

-- constraint task_words task_words_pkey

ALTER TABLE ONLY work.task_words
    ADD CONSTRAINT task_words_pkey PRIMARY KEY (task_id);

-- constraint tasks tasks_pkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

-- constraint tasks tasks_project_id_number_key

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_project_id_number_key UNIQUE (project_id, number);

-- constraint workflow_analytics workflow_analytics_pkey

ALTER TABLE ONLY work.workflow_analytics
    ADD CONSTRAINT workflow_analytics_pkey PRIMARY KEY (workflow_id);

-- constraint workflows workflows_of_project

ALTER TABLE ONLY work.workflows
    ADD CONSTRAINT workflows_of_project UNIQUE (id, project_id);

-- constraint workflows workflows_pkey

ALTER TABLE ONLY work.workflows
    ADD CONSTRAINT workflows_pkey PRIMARY KEY (id);

-- index api_keys_user_id

CREATE INDEX api_keys_user_id ON accounts.api_keys USING btree (user_id);

-- index login_sessions_old

CREATE INDEX login_sessions_old ON accounts.login_sessions USING btree (COALESCE(expires_at, link_expires_at));

-- index login_sessions_user_id

CREATE INDEX login_sessions_user_id ON accounts.login_sessions USING btree (user_id);

-- index users_email

CREATE UNIQUE INDEX users_email ON accounts.users USING btree (lower(email)) WHERE ((deleted_at IS NULL) AND (email IS NOT NULL));

-- index users_github_user_id

CREATE UNIQUE INDEX users_github_user_id ON accounts.users USING btree (github_user_id) WHERE ((deleted_at IS NULL) AND (github_user_id IS NOT NULL));

-- index users_username

CREATE UNIQUE INDEX users_username ON accounts.users USING btree (lower(username)) WHERE (deleted_at IS NULL);

-- index agent_routing_decisions_agent

CREATE INDEX agent_routing_decisions_agent ON agents.agent_routing_decisions USING btree (agent_id, created_at DESC);

-- index agent_routing_decisions_new

CREATE INDEX agent_routing_decisions_new ON agents.agent_routing_decisions USING btree (created_at DESC, id DESC);

-- index agent_routing_decisions_task

CREATE INDEX agent_routing_decisions_task ON agents.agent_routing_decisions USING btree (task_id, created_at DESC) WHERE (task_id IS NOT NULL);

-- index agents_name

CREATE UNIQUE INDEX agents_name ON agents.agents USING btree (lower(name));

-- index agents_owner_id

CREATE INDEX agents_owner_id ON agents.agents USING btree (owner_id);

-- index audit_logs_project

CREATE INDEX audit_logs_project ON ONLY audit.audit_logs USING btree (project_id, id DESC);

-- index audit_logs_request

CREATE INDEX audit_logs_request ON ONLY audit.audit_logs USING btree (request_id, id) WHERE (request_id IS NOT NULL);

-- index audit_logs_resource

CREATE INDEX audit_logs_resource ON ONLY audit.audit_logs USING btree (resource_id, id DESC);

-- index audit_logs_rest_project_id_id_idx

CREATE INDEX audit_logs_rest_project_id_id_idx ON audit.audit_logs_rest USING btree (project_id, id DESC);

-- index audit_logs_rest_request_id_id_idx

CREATE INDEX audit_logs_rest_request_id_id_idx ON audit.audit_logs_rest USING btree (request_id, id) WHERE (request_id IS NOT NULL);

-- index audit_logs_rest_resource_id_id_idx

CREATE INDEX audit_logs_rest_resource_id_id_idx ON audit.audit_logs_rest USING btree (resource_id, id DESC);

-- index audit_logs_ties

CREATE INDEX audit_logs_ties ON ONLY audit.audit_logs USING btree (resource_name, id DESC) WHERE (resource_type = 'task_dependency'::text);

-- index audit_logs_rest_resource_name_id_idx

CREATE INDEX audit_logs_rest_resource_name_id_idx ON audit.audit_logs_rest USING btree (resource_name, id DESC) WHERE (resource_type = 'task_dependency'::text);

-- index audit_logs_xid

CREATE INDEX audit_logs_xid ON ONLY audit.audit_logs USING btree (xid, id);

-- index audit_logs_rest_xid_id_idx

CREATE INDEX audit_logs_rest_xid_id_idx ON audit.audit_logs_rest USING btree (xid, id);

-- index job_runs_job_name

CREATE INDEX job_runs_job_name ON kit.job_runs USING btree (job_name, started_at DESC);

-- index notices_open

CREATE INDEX notices_open ON kit.notices USING btree (created_at DESC) WHERE (dismissed_at IS NULL);

-- index request_keys_created_at

CREATE INDEX request_keys_created_at ON kit.request_keys USING btree (created_at);

-- index project_members_user_id

CREATE INDEX project_members_user_id ON projects.project_members USING btree (user_id);

-- index project_remotes_remote

CREATE UNIQUE INDEX project_remotes_remote ON projects.project_remotes USING btree (remote) WHERE is_live;

-- index projects_github_repo_id

CREATE UNIQUE INDEX projects_github_repo_id ON projects.projects USING btree (github_repo_id) WHERE ((deleted_at IS NULL) AND (github_repo_id IS NOT NULL));

-- index projects_key

CREATE UNIQUE INDEX projects_key ON projects.projects USING btree (key) WHERE (deleted_at IS NULL);

-- index projects_name

CREATE INDEX projects_name ON projects.projects USING btree (lower(name));

-- index projects_owner_id

CREATE INDEX projects_owner_id ON projects.projects USING btree (owner_id);

-- index projects_path

CREATE INDEX projects_path ON projects.projects USING btree (path) WHERE (path IS NOT NULL);

-- index projects_slug

CREATE UNIQUE INDEX projects_slug ON projects.projects USING btree (slug) WHERE (deleted_at IS NULL);

-- index workspaces_machine_id

CREATE INDEX workspaces_machine_id ON projects.workspaces USING btree (machine_id);

-- index workspaces_project_id

CREATE INDEX workspaces_project_id ON projects.workspaces USING btree (project_id);

-- index workspaces_workspace_path

CREATE INDEX workspaces_workspace_path ON projects.workspaces USING btree (workspace_path);

-- index agent_executions_agent

CREATE INDEX agent_executions_agent ON telemetry.agent_executions USING btree (agent_id, started_at DESC);

-- index agent_executions_new

CREATE INDEX agent_executions_new ON telemetry.agent_executions USING btree (started_at DESC, id DESC);

-- index agent_executions_parent

CREATE INDEX agent_executions_parent ON telemetry.agent_executions USING btree (parent_execution_id) WHERE (parent_execution_id IS NOT NULL);

-- index agent_executions_project

CREATE INDEX agent_executions_project ON telemetry.agent_executions USING btree (project_id, started_at DESC, id DESC);

-- index agent_executions_session

CREATE INDEX agent_executions_session ON telemetry.agent_executions USING btree (session_id) WHERE (session_id IS NOT NULL);

-- index agent_executions_task

CREATE INDEX agent_executions_task ON telemetry.agent_executions USING btree (task_id, started_at DESC);

-- index agent_sessions_agent

CREATE INDEX agent_sessions_agent ON telemetry.agent_sessions USING btree (registered_agent_id) WHERE (registered_agent_id IS NOT NULL);

-- index agent_sessions_external

CREATE INDEX agent_sessions_external ON telemetry.agent_sessions USING btree (external_id, agent_id);

-- index agent_sessions_new

CREATE INDEX agent_sessions_new ON telemetry.agent_sessions USING btree (start_time DESC, id DESC);

-- index agent_sessions_parent

CREATE INDEX agent_sessions_parent ON telemetry.agent_sessions USING btree (parent_session_id) WHERE (parent_session_id IS NOT NULL);

-- index agent_sessions_project

CREATE INDEX agent_sessions_project ON telemetry.agent_sessions USING btree (project_id, start_time DESC, id DESC);

-- index agent_sessions_seen

CREATE INDEX agent_sessions_seen ON telemetry.agent_sessions USING btree (last_seen_at DESC, id DESC);

-- index agent_sessions_unscored

CREATE INDEX agent_sessions_unscored ON telemetry.agent_sessions USING btree (last_seen_at DESC) WHERE (quality_score IS NULL);

-- index agent_sessions_user

CREATE INDEX agent_sessions_user ON telemetry.agent_sessions USING btree (user_id) WHERE (user_id IS NOT NULL);

-- index agent_sessions_workspace

CREATE INDEX agent_sessions_workspace ON telemetry.agent_sessions USING btree (workspace_id) WHERE (workspace_id IS NOT NULL);

-- index budgets_active

CREATE INDEX budgets_active ON telemetry.budgets USING btree (id) WHERE is_active;

-- index budgets_agent

CREATE INDEX budgets_agent ON telemetry.budgets USING btree (agent_id) WHERE (agent_id IS NOT NULL);

-- index budgets_created_by

CREATE INDEX budgets_created_by ON telemetry.budgets USING btree (created_by_user_id) WHERE (created_by_user_id IS NOT NULL);

-- index budgets_epic

CREATE INDEX budgets_epic ON telemetry.budgets USING btree (epic_id) WHERE (epic_id IS NOT NULL);

-- index budgets_one

CREATE UNIQUE INDEX budgets_one ON telemetry.budgets USING btree (scope, project_id, epic_id, task_id, agent_id, period) NULLS NOT DISTINCT WHERE is_active;

-- index budgets_project

CREATE INDEX budgets_project ON telemetry.budgets USING btree (project_id) WHERE (project_id IS NOT NULL);

-- index budgets_task

CREATE INDEX budgets_task ON telemetry.budgets USING btree (task_id) WHERE (task_id IS NOT NULL);

-- index chat_messages_digest

CREATE INDEX chat_messages_digest ON telemetry.chat_messages USING btree (session_id, content_digest);

-- index chat_messages_search

CREATE INDEX chat_messages_search ON telemetry.chat_messages USING gin (search_content);

-- index chat_messages_session

CREATE INDEX chat_messages_session ON telemetry.chat_messages USING btree (session_id, "timestamp", sequence, id);

-- index chat_messages_time

CREATE INDEX chat_messages_time ON telemetry.chat_messages USING btree ("timestamp" DESC, id DESC);

-- index hook_events_session

CREATE INDEX hook_events_session ON telemetry.hook_events USING btree (session_id, at);

-- index model_names_model

CREATE INDEX model_names_model ON telemetry.model_names USING btree (lower(provider), lower(model));

-- index model_prices_one

CREATE UNIQUE INDEX model_prices_one ON telemetry.model_prices USING btree (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) NULLS NOT DISTINCT;

-- index otel_logs_timeless

CREATE INDEX otel_logs_timeless ON ONLY telemetry.otel_logs USING btree (id) WHERE is_timeless;

-- index otel_logs_rest_id_idx

CREATE INDEX otel_logs_rest_id_idx ON telemetry.otel_logs_rest USING btree (id) WHERE is_timeless;

-- index otel_logs_session

CREATE INDEX otel_logs_session ON ONLY telemetry.otel_logs USING btree (session_id, "time") WHERE (session_id IS NOT NULL);

-- index otel_logs_rest_session_id_time_idx

CREATE INDEX otel_logs_rest_session_id_time_idx ON telemetry.otel_logs_rest USING btree (session_id, "time") WHERE (session_id IS NOT NULL);

-- index otel_points_series

CREATE INDEX otel_points_series ON ONLY telemetry.otel_points USING btree (series_id, "time");

-- index otel_points_rest_series_id_time_idx

CREATE INDEX otel_points_rest_series_id_time_idx ON telemetry.otel_points_rest USING btree (series_id, "time");

-- index otel_points_session

CREATE INDEX otel_points_session ON ONLY telemetry.otel_points USING btree (session_id, "time") WHERE (session_id IS NOT NULL);

-- index otel_points_rest_session_id_time_idx

CREATE INDEX otel_points_rest_session_id_time_idx ON telemetry.otel_points_rest USING btree (session_id, "time") WHERE (session_id IS NOT NULL);

-- index otel_spans_session

CREATE INDEX otel_spans_session ON ONLY telemetry.otel_spans USING btree (session_id, start_time) WHERE (session_id IS NOT NULL);

-- index otel_spans_rest_session_id_start_time_idx

CREATE INDEX otel_spans_rest_session_id_start_time_idx ON telemetry.otel_spans_rest USING btree (session_id, start_time) WHERE (session_id IS NOT NULL);

-- index otel_spans_trace

CREATE INDEX otel_spans_trace ON ONLY telemetry.otel_spans USING btree (trace_id, start_time);

-- index otel_spans_rest_trace_id_start_time_idx

CREATE INDEX otel_spans_rest_trace_id_start_time_idx ON telemetry.otel_spans_rest USING btree (trace_id, start_time);

-- index repricings_open

CREATE INDEX repricings_open ON telemetry.repricings USING btree (requested_at) WHERE (completed_at IS NULL);

-- index repricings_project

CREATE INDEX repricings_project ON telemetry.repricings USING btree (project_id) WHERE (project_id IS NOT NULL);

-- index session_commits_sha

CREATE INDEX session_commits_sha ON telemetry.session_commits USING btree (sha);

-- index session_store_entry

CREATE UNIQUE INDEX session_store_entry ON telemetry.session_store USING btree (project_key, session_id, subpath, entry_uuid) WHERE (entry_uuid IS NOT NULL);

-- index session_tasks_execution

CREATE INDEX session_tasks_execution ON telemetry.session_tasks USING btree (execution_id) WHERE (execution_id IS NOT NULL);

-- index session_tasks_task

CREATE INDEX session_tasks_task ON telemetry.session_tasks USING btree (task_id);

-- index token_usage_agent

CREATE INDEX token_usage_agent ON telemetry.token_usage USING btree (registered_agent_id) WHERE (registered_agent_id IS NOT NULL);

-- index token_usage_at

CREATE INDEX token_usage_at ON telemetry.token_usage USING btree (at DESC, id DESC);

-- index token_usage_execution

CREATE INDEX token_usage_execution ON telemetry.token_usage USING btree (execution_id) WHERE (execution_id IS NOT NULL);

-- index token_usage_model

CREATE INDEX token_usage_model ON telemetry.token_usage USING btree (model, at);

-- index token_usage_project

CREATE INDEX token_usage_project ON telemetry.token_usage USING btree (project_id, at DESC);

-- index token_usage_session

CREATE INDEX token_usage_session ON telemetry.token_usage USING btree (session_id, at);

-- index token_usage_task

CREATE INDEX token_usage_task ON telemetry.token_usage USING btree (task_id) WHERE (task_id IS NOT NULL);

-- index tool_calls_failed

CREATE INDEX tool_calls_failed ON telemetry.tool_calls USING btree (session_id) WHERE (NOT success);

-- index tool_calls_session

CREATE INDEX tool_calls_session ON telemetry.tool_calls USING btree (session_id, COALESCE(started_at, ended_at, created_at), call_id);

-- index transcript_files_transcript

CREATE INDEX transcript_files_transcript ON telemetry.transcript_files USING btree (transcript_id);

-- index usage_days_project

CREATE INDEX usage_days_project ON telemetry.usage_days USING btree (project_id, day);

-- index usage_days_task

CREATE INDEX usage_days_task ON telemetry.usage_days USING btree (task_id) WHERE (task_id IS NOT NULL);

-- index usage_keys_usage

CREATE INDEX usage_keys_usage ON telemetry.usage_keys USING btree (usage_id);

-- index usage_sightings_ordinal

CREATE INDEX usage_sightings_ordinal ON telemetry.usage_sightings USING btree (ordinal_base, source) WHERE (ordinal_base IS NOT NULL);

-- index usage_sightings_session

CREATE INDEX usage_sightings_session ON telemetry.usage_sightings USING btree (session_id, source);

-- index usage_sightings_usage

CREATE INDEX usage_sightings_usage ON telemetry.usage_sightings USING btree (usage_id);

-- index agent_failures_agent

CREATE INDEX agent_failures_agent ON work.agent_failures USING btree (agent_id, failed_at DESC);

-- index comments_author_agent

CREATE INDEX comments_author_agent ON work.comments USING btree (author_agent_id) WHERE (author_agent_id IS NOT NULL);

-- index comments_author_user

CREATE INDEX comments_author_user ON work.comments USING btree (author_user_id) WHERE (author_user_id IS NOT NULL);

-- index comments_github

CREATE UNIQUE INDEX comments_github ON work.comments USING btree (project_id, github_comment_id) WHERE (github_comment_id IS NOT NULL);

-- index comments_import

CREATE UNIQUE INDEX comments_import ON work.comments USING btree (task_id, ((metadata ->> 'import_ref'::text))) WHERE (metadata ? 'import_ref'::text);

-- index comments_issue

CREATE INDEX comments_issue ON work.comments USING btree (issue_id, created_at, id) WHERE (issue_id IS NOT NULL);

-- index comments_task

CREATE INDEX comments_task ON work.comments USING btree (task_id, created_at, id) WHERE (task_id IS NOT NULL);

-- index comments_words

CREATE INDEX comments_words ON work.comments USING gin (work.search_words(project_id, '{}'::text[], content)) WITH (fastupdate=off);

-- index devlog_dependencies_entry

CREATE INDEX devlog_dependencies_entry ON work.devlog_dependencies USING btree (devlog_id);

-- index devlog_dependencies_once

CREATE UNIQUE INDEX devlog_dependencies_once ON work.devlog_dependencies USING btree (devlog_id, type, target_devlog_id) WHERE (target_devlog_id IS NOT NULL);

-- index devlog_dependencies_project

CREATE INDEX devlog_dependencies_project ON work.devlog_dependencies USING btree (project_id);

-- index devlog_dependencies_target

CREATE INDEX devlog_dependencies_target ON work.devlog_dependencies USING btree (target_devlog_id) WHERE (target_devlog_id IS NOT NULL);

-- index devlog_documents_entry

CREATE INDEX devlog_documents_entry ON work.devlog_documents USING btree (devlog_id, created_at, id);

-- index devlog_documents_project

CREATE INDEX devlog_documents_project ON work.devlog_documents USING btree (project_id);

-- index devlog_documents_sha256

CREATE INDEX devlog_documents_sha256 ON work.devlog_documents USING btree (sha256);

-- index devlog_entries_list

CREATE INDEX devlog_entries_list ON work.devlog_entries USING btree (project_id, archived, updated_at DESC, id DESC);

-- index devlog_entries_words

CREATE INDEX devlog_entries_words ON work.devlog_entries USING gin (work.search_words(project_id, tags, ((((key_field || ' '::text) || title) || ' '::text) || description))) WITH (fastupdate=off);

-- index devlog_notes_entry

CREATE INDEX devlog_notes_entry ON work.devlog_notes USING btree (devlog_id, "timestamp", id);

-- index devlog_notes_project

CREATE INDEX devlog_notes_project ON work.devlog_notes USING btree (project_id);

-- index devlog_notes_words

CREATE INDEX devlog_notes_words ON work.devlog_notes USING gin (work.search_words(project_id, '{}'::text[], content)) WITH (fastupdate=off);

-- index epic_dependencies_awaited

CREATE INDEX epic_dependencies_awaited ON work.epic_dependencies USING btree (depends_on_epic_id, project_id);

-- index epics_numbered

CREATE INDEX epics_numbered ON work.epics USING btree (project_id, (("substring"(epic_id, '^EPIC-([0-9]{1,9})$'::text))::integer)) WHERE (epic_id ~ '^EPIC-[0-9]{1,9}$'::text);

-- index epics_project

CREATE INDEX epics_project ON work.epics USING btree (project_id, id DESC) WHERE (archived_at IS NULL);

-- index epics_project_status

CREATE INDEX epics_project_status ON work.epics USING btree (project_id, status, id DESC) WHERE (archived_at IS NULL);

-- index epics_words

CREATE INDEX epics_words ON work.epics USING gin (work.search_words(project_id, '{}'::text[], ((((epic_id || ' '::text) || title) || ' '::text) || description))) WITH (fastupdate=off);

-- index issues_all

CREATE INDEX issues_all ON work.issues USING btree (number DESC, id DESC) WHERE (deleted_at IS NULL);

-- index issues_epic

CREATE INDEX issues_epic ON work.issues USING btree (epic_id, project_id, number DESC) WHERE (epic_id IS NOT NULL);

-- index issues_github

CREATE UNIQUE INDEX issues_github ON work.issues USING btree (project_id, github_id) WHERE ((github_id IS NOT NULL) AND (deleted_at IS NULL));

-- index issues_labels

CREATE INDEX issues_labels ON work.issues USING gin (labels);

-- index issues_project

CREATE INDEX issues_project ON work.issues USING btree (project_id, number DESC, id DESC) WHERE (deleted_at IS NULL);

-- index issues_project_status

CREATE INDEX issues_project_status ON work.issues USING btree (project_id, status, number DESC, id DESC) WHERE (deleted_at IS NULL);

-- index issues_words

CREATE INDEX issues_words ON work.issues USING gin (work.search_words(project_id, labels, ((title || ' '::text) || description))) WITH (fastupdate=off);

-- index questions_agent

CREATE INDEX questions_agent ON work.questions USING btree (agent_id);

-- index questions_answered_by

CREATE INDEX questions_answered_by ON work.questions USING btree (answered_by_user_id) WHERE (answered_by_user_id IS NOT NULL);

-- index questions_asked_user

CREATE INDEX questions_asked_user ON work.questions USING btree (asked_user_id) WHERE (asked_user_id IS NOT NULL);

-- index questions_expiry

CREATE INDEX questions_expiry ON work.questions USING btree (expires_at) WHERE (status = 'open'::text);

-- index questions_inbox

CREATE INDEX questions_inbox ON work.questions USING btree (urgency DESC, created_at DESC, id DESC) WHERE (status = 'open'::text);

-- index questions_open

CREATE UNIQUE INDEX questions_open ON work.questions USING btree (task_id) WHERE (status = 'open'::text);

-- index questions_project

CREATE INDEX questions_project ON work.questions USING btree (project_id, created_at);

-- index questions_task

CREATE INDEX questions_task ON work.questions USING btree (task_id, created_at);

-- index ready_labels_any

CREATE INDEX ready_labels_any ON work.ready_labels USING btree (label, rank, number, task_id);

-- index ready_queue_agent

CREATE INDEX ready_queue_agent ON work.ready_queue USING btree (agent_id) WHERE (agent_id IS NOT NULL);

-- index ready_queue_any

CREATE INDEX ready_queue_any ON work.ready_queue USING btree (((- priority)), number, task_id) WHERE (agent_id IS NULL);

-- index ready_queue_freed

CREATE INDEX ready_queue_freed ON work.ready_queue USING btree (project_id, freed_xid) WHERE (agent_id IS NULL);

-- index ready_queue_leases

CREATE INDEX ready_queue_leases ON work.ready_queue USING btree (lease_until) WHERE (agent_id IS NOT NULL);

-- index ready_queue_project

CREATE INDEX ready_queue_project ON work.ready_queue USING btree (project_id, ((- priority)), number, task_id) WHERE (agent_id IS NULL);

-- index task_analytics_project

CREATE INDEX task_analytics_project ON work.task_analytics USING btree (project_id);

-- index task_attachments_agents

CREATE INDEX task_attachments_agents ON work.task_attachments USING btree (created_by_agent_id) WHERE (created_by_agent_id IS NOT NULL);

-- index task_attachments_evidence

CREATE INDEX task_attachments_evidence ON work.task_attachments USING btree (evidence_id) WHERE (evidence_id IS NOT NULL);

-- index task_attachments_project

CREATE INDEX task_attachments_project ON work.task_attachments USING btree (project_id);

-- index task_attachments_sha256

CREATE INDEX task_attachments_sha256 ON work.task_attachments USING btree (sha256) WHERE (sha256 IS NOT NULL);

-- index task_attachments_task

CREATE INDEX task_attachments_task ON work.task_attachments USING btree (task_id, created_at, id);

-- index task_attachments_updaters

CREATE INDEX task_attachments_updaters ON work.task_attachments USING btree (updated_by_user_id) WHERE (updated_by_user_id IS NOT NULL);

-- index task_attachments_users

CREATE INDEX task_attachments_users ON work.task_attachments USING btree (created_by_user_id) WHERE (created_by_user_id IS NOT NULL);

-- index task_dependencies_depends_on

CREATE INDEX task_dependencies_depends_on ON work.task_dependencies USING btree (depends_on_task_id);

-- index task_words_unnamed

CREATE INDEX task_words_unnamed ON work.task_words USING btree (task_id) WHERE (NOT named);

-- index tasks_assigned_agent

CREATE INDEX tasks_assigned_agent ON work.tasks USING btree (assigned_agent_id) WHERE (assigned_agent_id IS NOT NULL);

-- index tasks_assigned_user

CREATE INDEX tasks_assigned_user ON work.tasks USING btree (assigned_user_id) WHERE (assigned_user_id IS NOT NULL);

-- index tasks_completed

CREATE INDEX tasks_completed ON work.tasks USING btree (completed_at DESC) WHERE (completed_at IS NOT NULL);

-- index tasks_epic

CREATE INDEX tasks_epic ON work.tasks USING btree (epic_id, project_id, priority DESC, number, id) INCLUDE (status, deleted_at) WHERE (epic_id IS NOT NULL);

-- index tasks_github_issue

CREATE UNIQUE INDEX tasks_github_issue ON work.tasks USING btree (project_id, github_issue_number) WHERE ((github_issue_number IS NOT NULL) AND (deleted_at IS NULL));

-- index tasks_github_pr

CREATE UNIQUE INDEX tasks_github_pr ON work.tasks USING btree (project_id, github_pr_number) WHERE ((github_pr_number IS NOT NULL) AND (deleted_at IS NULL));

-- index tasks_import

CREATE UNIQUE INDEX tasks_import ON work.tasks USING btree (import_file_id, import_tag, import_ref) WHERE (import_file_id IS NOT NULL);

-- index tasks_in_work

CREATE INDEX tasks_in_work ON work.tasks USING btree (started_at DESC NULLS LAST) WHERE ((status = ANY (ARRAY['in_progress'::text, 'in_review'::text, 'testing'::text, 'awaiting_input'::text])) AND (deleted_at IS NULL));

-- index tasks_issue

CREATE INDEX tasks_issue ON work.tasks USING btree (issue_id, project_id, priority DESC, number, id) INCLUDE (status, deleted_at) WHERE (issue_id IS NOT NULL);

-- index tasks_order

CREATE INDEX tasks_order ON work.tasks USING btree (priority DESC, number) WHERE (deleted_at IS NULL);

-- index tasks_parent

CREATE INDEX tasks_parent ON work.tasks USING btree (parent_task_id) WHERE (parent_task_id IS NOT NULL);

-- index tasks_project_completed

CREATE INDEX tasks_project_completed ON work.tasks USING btree (project_id, completed_at DESC) WHERE (completed_at IS NOT NULL);

-- index tasks_project_order

CREATE INDEX tasks_project_order ON work.tasks USING btree (project_id, priority DESC, number) WHERE (deleted_at IS NULL);

-- index tasks_project_place

CREATE INDEX tasks_project_place ON work.tasks USING btree (project_id, order_index, number) WHERE (deleted_at IS NULL);

-- index tasks_project_status

CREATE INDEX tasks_project_status ON work.tasks USING btree (project_id, status, priority DESC, number) WHERE (deleted_at IS NULL);

-- index tasks_quarantined

CREATE INDEX tasks_quarantined ON work.tasks USING btree (project_id) WHERE ((quarantined_at IS NOT NULL) AND (deleted_at IS NULL));

-- index tasks_status

CREATE INDEX tasks_status ON work.tasks USING btree (status, priority DESC, number) WHERE (deleted_at IS NULL);

-- index tasks_updated

CREATE INDEX tasks_updated ON work.tasks USING btree (updated_at DESC) WHERE (deleted_at IS NULL);

-- index tasks_words

CREATE INDEX tasks_words ON work.task_words USING gin (work.task_words_of(task_id, version)) WITH (fastupdate=off);

-- index tasks_workflow

CREATE INDEX tasks_workflow ON work.tasks USING btree (workflow_id, project_id, priority DESC, number, id) INCLUDE (status, deleted_at) WHERE (workflow_id IS NOT NULL);

-- index workflow_analytics_project

CREATE INDEX workflow_analytics_project ON work.workflow_analytics USING btree (project_id);

-- index workflows_name

CREATE INDEX workflows_name ON work.workflows USING btree (lower(name), project_id);

-- index workflows_project

CREATE INDEX workflows_project ON work.workflows USING btree (project_id, id DESC) WHERE (archived_at IS NULL);

-- index workflows_project_status

CREATE INDEX workflows_project_status ON work.workflows USING btree (project_id, status, id DESC) WHERE (archived_at IS NULL);

-- index workflows_words

CREATE INDEX workflows_words ON work.workflows USING gin (work.search_words(project_id, '{}'::text[], ((name || ' '::text) || description))) WITH (fastupdate=off);

-- index attach audit_logs_rest_pkey

ALTER INDEX audit.audit_logs_pkey ATTACH PARTITION audit.audit_logs_rest_pkey;

-- index attach audit_logs_rest_project_id_id_idx

ALTER INDEX audit.audit_logs_project ATTACH PARTITION audit.audit_logs_rest_project_id_id_idx;

-- index attach audit_logs_rest_request_id_id_idx

ALTER INDEX audit.audit_logs_request ATTACH PARTITION audit.audit_logs_rest_request_id_id_idx;

-- index attach audit_logs_rest_resource_id_id_idx

ALTER INDEX audit.audit_logs_resource ATTACH PARTITION audit.audit_logs_rest_resource_id_id_idx;

-- index attach audit_logs_rest_resource_name_id_idx

ALTER INDEX audit.audit_logs_ties ATTACH PARTITION audit.audit_logs_rest_resource_name_id_idx;

-- index attach audit_logs_rest_xid_id_idx

ALTER INDEX audit.audit_logs_xid ATTACH PARTITION audit.audit_logs_rest_xid_id_idx;

-- index attach audit_payloads_rest_pkey

ALTER INDEX audit.audit_payloads_pkey ATTACH PARTITION audit.audit_payloads_rest_pkey;

-- index attach otel_logs_rest_id_idx

ALTER INDEX telemetry.otel_logs_timeless ATTACH PARTITION telemetry.otel_logs_rest_id_idx;

-- index attach otel_logs_rest_pkey

ALTER INDEX telemetry.otel_logs_pkey ATTACH PARTITION telemetry.otel_logs_rest_pkey;

-- index attach otel_logs_rest_session_id_time_idx

ALTER INDEX telemetry.otel_logs_session ATTACH PARTITION telemetry.otel_logs_rest_session_id_time_idx;

-- index attach otel_points_rest_pkey

ALTER INDEX telemetry.otel_points_pkey ATTACH PARTITION telemetry.otel_points_rest_pkey;

-- index attach otel_points_rest_series_id_time_idx

ALTER INDEX telemetry.otel_points_series ATTACH PARTITION telemetry.otel_points_rest_series_id_time_idx;

-- index attach otel_points_rest_session_id_time_idx

ALTER INDEX telemetry.otel_points_session ATTACH PARTITION telemetry.otel_points_rest_session_id_time_idx;

-- index attach otel_spans_rest_pkey

ALTER INDEX telemetry.otel_spans_pkey ATTACH PARTITION telemetry.otel_spans_rest_pkey;

-- index attach otel_spans_rest_session_id_start_time_idx

ALTER INDEX telemetry.otel_spans_session ATTACH PARTITION telemetry.otel_spans_rest_session_id_start_time_idx;

-- index attach otel_spans_rest_trace_id_start_time_idx

ALTER INDEX telemetry.otel_spans_trace ATTACH PARTITION telemetry.otel_spans_rest_trace_id_start_time_idx;

-- trigger api_keys audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON accounts.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('api_key', 'name', '', '{key_hash}');

-- trigger users audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON accounts.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('user', 'username', '', '{password_hash,preferences}');

-- trigger api_keys audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON accounts.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('api_key', 'name', '', '{key_hash}');

-- trigger users audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON accounts.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('user', 'username', '', '{password_hash,preferences}');

-- trigger api_keys audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON accounts.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_api_keys();

-- trigger users audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON accounts.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_users();

-- trigger users keep_an_admin

CREATE TRIGGER keep_an_admin BEFORE UPDATE OF role, is_active, deleted_at ON accounts.users FOR EACH ROW WHEN (((old.role = 'admin'::text) AND old.is_active AND (old.deleted_at IS NULL) AND (NOT ((new.role = 'admin'::text) AND new.is_active AND (new.deleted_at IS NULL))))) EXECUTE FUNCTION accounts.keep_an_admin();

-- trigger api_keys touch

CREATE TRIGGER touch BEFORE UPDATE ON accounts.api_keys FOR EACH ROW WHEN ((NOT (new.last_used_at IS DISTINCT FROM old.last_used_at))) EXECUTE FUNCTION kit.touch_versioned();

-- trigger users touch

CREATE TRIGGER touch BEFORE UPDATE ON accounts.users FOR EACH ROW WHEN ((NOT (new.last_login_at IS DISTINCT FROM old.last_login_at))) EXECUTE FUNCTION kit.touch_versioned();

-- trigger agents audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON agents.agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('agent', 'name', '', '{}');

-- trigger agents audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON agents.agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('agent', 'name', '', '{}');

-- trigger agents audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON agents.agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_agents();

-- trigger agents keep_agents

CREATE TRIGGER keep_agents AFTER DELETE ON agents.agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.keep_agents();

-- trigger agents touch

CREATE TRIGGER touch BEFORE UPDATE ON agents.agents FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger audit_logs audit_no_change

CREATE TRIGGER audit_no_change BEFORE DELETE OR UPDATE ON audit.audit_logs FOR EACH ROW EXECUTE FUNCTION kit.audit_refuse();

-- trigger audit_payloads audit_no_change

CREATE TRIGGER audit_no_change BEFORE DELETE OR UPDATE ON audit.audit_payloads FOR EACH ROW EXECUTE FUNCTION kit.audit_refuse();

-- trigger audit_logs audit_no_truncate

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_refuse();

-- trigger audit_logs_rest audit_no_truncate

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit.audit_logs_rest FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_refuse();

-- trigger audit_payloads audit_no_truncate

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit.audit_payloads FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_refuse();

-- trigger audit_payloads_rest audit_no_truncate

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit.audit_payloads_rest FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_refuse();

-- trigger settings touch

CREATE TRIGGER touch BEFORE UPDATE ON kit.settings FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger machines audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON projects.machines REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('machine', 'hostname', '', '{}');

-- trigger project_members audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON projects.project_members REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('project_member', '', 'project_id', '{}');

-- trigger projects audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON projects.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('project', 'name', 'id', '{}');

-- trigger workspaces audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON projects.workspaces REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('workspace', 'workspace_path', 'project_id', '{}');

-- trigger machines audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON projects.machines REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('machine', 'hostname', '', '{}');

-- trigger project_members audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON projects.project_members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('project_member', '', 'project_id', '{}');

-- trigger projects audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON projects.projects REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('project', 'name', 'id', '{}');

-- trigger workspaces audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON projects.workspaces REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('workspace', 'workspace_path', 'project_id', '{}');

-- trigger machines audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON projects.machines REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_machines();

-- trigger project_members audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON projects.project_members REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_project_members();

-- trigger projects audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON projects.projects REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_projects();

-- trigger workspaces audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON projects.workspaces REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_workspaces();

-- trigger project_remotes clean_remote

CREATE TRIGGER clean_remote BEFORE INSERT OR UPDATE OF url ON projects.project_remotes FOR EACH ROW EXECUTE FUNCTION projects.clean_remote();

-- trigger projects complete_project

CREATE TRIGGER complete_project AFTER INSERT OR UPDATE OF repository_url ON projects.projects FOR EACH ROW EXECUTE FUNCTION projects.complete_project();

-- trigger projects drop_executions

CREATE TRIGGER drop_executions AFTER DELETE ON projects.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.drop_executions();

-- trigger projects fill_repository_insert

CREATE TRIGGER fill_repository_insert BEFORE INSERT ON projects.projects FOR EACH ROW WHEN ((new.repository_url IS NOT NULL)) EXECUTE FUNCTION projects.fill_repository();

-- trigger projects fill_repository_update

CREATE TRIGGER fill_repository_update BEFORE UPDATE ON projects.projects FOR EACH ROW WHEN (((new.repository_url IS NOT NULL) AND (new.repository_url IS DISTINCT FROM old.repository_url))) EXECUTE FUNCTION projects.fill_repository();

-- trigger projects follow_project

CREATE TRIGGER follow_project AFTER UPDATE OF status ON projects.projects FOR EACH ROW WHEN (((old.status = 'active'::text) <> (new.status = 'active'::text))) EXECUTE FUNCTION work.follow_project();

-- trigger projects guard_project

CREATE TRIGGER guard_project BEFORE UPDATE ON projects.projects FOR EACH ROW WHEN (((new.key <> old.key) OR ((old.id = '00000000-0000-7000-8000-000000000001'::uuid) AND ((new.slug IS DISTINCT FROM old.slug) OR (new.status IS DISTINCT FROM old.status))))) EXECUTE FUNCTION projects.guard_project();

-- trigger projects release_remotes

CREATE TRIGGER release_remotes AFTER UPDATE OF deleted_at ON projects.projects FOR EACH ROW WHEN (((new.deleted_at IS NULL) <> (old.deleted_at IS NULL))) EXECUTE FUNCTION projects.release_remotes();

-- trigger machines touch

CREATE TRIGGER touch BEFORE UPDATE ON projects.machines FOR EACH ROW WHEN (((((((((((((((new.id IS DISTINCT FROM old.id) OR (new.machine_id IS DISTINCT FROM old.machine_id)) OR (new.hostname IS DISTINCT FROM old.hostname)) OR (new.username IS DISTINCT FROM old.username)) OR (new.os_type IS DISTINCT FROM old.os_type)) OR (new.os_version IS DISTINCT FROM old.os_version)) OR (new.machine_type IS DISTINCT FROM old.machine_type)) OR (new.ip_address IS DISTINCT FROM old.ip_address)) OR (new.metadata IS DISTINCT FROM old.metadata)) OR (new.version IS DISTINCT FROM old.version)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.updated_at IS DISTINCT FROM old.updated_at)) OR (new.last_seen_at IS DISTINCT FROM old.last_seen_at)) AND (NOT (new.last_seen_at IS DISTINCT FROM old.last_seen_at)))) EXECUTE FUNCTION kit.touch_versioned();

-- trigger project_members touch

CREATE TRIGGER touch BEFORE UPDATE ON projects.project_members FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger projects touch

CREATE TRIGGER touch BEFORE UPDATE ON projects.projects FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger workspaces touch

CREATE TRIGGER touch BEFORE UPDATE ON projects.workspaces FOR EACH ROW WHEN ((((((((((((((new.id IS DISTINCT FROM old.id) OR (new.workspace_id IS DISTINCT FROM old.workspace_id)) OR (new.project_id IS DISTINCT FROM old.project_id)) OR (new.machine_id IS DISTINCT FROM old.machine_id)) OR (new.workspace_path IS DISTINCT FROM old.workspace_path)) OR (new.workspace_type IS DISTINCT FROM old.workspace_type)) OR (new.branch IS DISTINCT FROM old.branch)) OR (new.commit IS DISTINCT FROM old.commit)) OR (new.version IS DISTINCT FROM old.version)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.updated_at IS DISTINCT FROM old.updated_at)) OR (new.last_seen_at IS DISTINCT FROM old.last_seen_at)) AND (NOT (new.last_seen_at IS DISTINCT FROM old.last_seen_at)))) EXECUTE FUNCTION kit.touch_versioned();

-- trigger budgets audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON telemetry.budgets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('budget', 'name', 'project_id', '{}');

-- trigger model_prices audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON telemetry.model_prices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('price', 'model', '', '{}');

-- trigger budgets audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON telemetry.budgets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('budget', 'name', 'project_id', '{}');

-- trigger model_prices audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON telemetry.model_prices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT WHEN ((kit.setting('price_list'::text) IS NULL)) EXECUTE FUNCTION kit.audit_capture('price', 'model', '', '{}', '{updated_at,version}');

-- trigger budgets audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON telemetry.budgets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_budgets();

-- trigger model_prices audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON telemetry.model_prices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_model_prices();

-- trigger token_usage count_delete

CREATE TRIGGER count_delete AFTER DELETE ON telemetry.token_usage REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.count_usage();

-- trigger token_usage count_insert

CREATE TRIGGER count_insert AFTER INSERT ON telemetry.token_usage REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.count_usage();

-- trigger token_usage count_update

CREATE TRIGGER count_update AFTER UPDATE ON telemetry.token_usage REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.count_usage();

-- trigger agent_sessions touch

CREATE TRIGGER touch BEFORE UPDATE ON telemetry.agent_sessions FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger budgets touch

CREATE TRIGGER touch BEFORE UPDATE ON telemetry.budgets FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger model_names touch

CREATE TRIGGER touch BEFORE UPDATE ON telemetry.model_names FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger model_prices touch

CREATE TRIGGER touch BEFORE UPDATE ON telemetry.model_prices FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger transcripts touch

CREATE TRIGGER touch BEFORE UPDATE ON telemetry.transcripts FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger comments audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.comments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('comment', 'author', 'project_id', '{}');

-- trigger devlog_dependencies audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.devlog_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_dependency', 'type', 'project_id', '{}');

-- trigger devlog_documents audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.devlog_documents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_document', 'filename', 'project_id', '{}');

-- trigger devlog_entries audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.devlog_entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_entry', 'key_field', 'project_id', '{}');

-- trigger devlog_notes audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.devlog_notes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_note', 'category', 'project_id', '{}');

-- trigger epic_dependencies audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.epic_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('epic_dependency', '', 'project_id', '{}');

-- trigger epics audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.epics REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('epic', 'title', 'project_id', '{}');

-- trigger issues audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.issues REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('issue', 'title', 'project_id', '{}');

-- trigger questions audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.questions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('question', 'question', 'project_id', '{}');

-- trigger task_attachments audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.task_attachments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('attachment', 'file_name', 'project_id', '{}');

-- trigger task_dependencies audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.task_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('task_dependency', 'task_id', 'project_id', '{}');

-- trigger tasks audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('task', 'title', 'project_id', '{}');

-- trigger workflows audit_delete

CREATE TRIGGER audit_delete AFTER DELETE ON work.workflows REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('workflow', 'name', 'project_id', '{}');

-- trigger comments audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.comments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('comment', 'author', 'project_id', '{}');

-- trigger devlog_dependencies audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.devlog_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_dependency', 'type', 'project_id', '{}');

-- trigger devlog_documents audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.devlog_documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_document', 'filename', 'project_id', '{}');

-- trigger devlog_entries audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.devlog_entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_entry', 'key_field', 'project_id', '{}');

-- trigger devlog_notes audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.devlog_notes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('devlog_note', 'category', 'project_id', '{}');

-- trigger epic_dependencies audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.epic_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('epic_dependency', '', 'project_id', '{}');

-- trigger epics audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.epics REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('epic', 'title', 'project_id', '{}');

-- trigger issues audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.issues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('issue', 'title', 'project_id', '{}');

-- trigger questions audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.questions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('question', 'question', 'project_id', '{}');

-- trigger task_attachments audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.task_attachments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('attachment', 'file_name', 'project_id', '{}');

-- trigger task_dependencies audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.task_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('task_dependency', 'task_id', 'project_id', '{}');

-- trigger tasks audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('task', 'title', 'project_id', '{}');

-- trigger workflows audit_insert

CREATE TRIGGER audit_insert AFTER INSERT ON work.workflows REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_capture('workflow', 'name', 'project_id', '{}');

-- trigger comments audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.comments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_comments();

-- trigger devlog_dependencies audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.devlog_dependencies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_devlog_dependencies();

-- trigger devlog_documents audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.devlog_documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_devlog_documents();

-- trigger devlog_entries audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.devlog_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_devlog_entries();

-- trigger devlog_notes audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.devlog_notes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_devlog_notes();

-- trigger epic_dependencies audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.epic_dependencies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_epic_dependencies();

-- trigger epics audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.epics REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_epics();

-- trigger issues audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.issues REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_issues();

-- trigger questions audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.questions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_questions();

-- trigger task_attachments audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.task_attachments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_task_attachments();

-- trigger task_dependencies audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.task_dependencies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_task_dependencies();

-- trigger tasks audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_tasks();

-- trigger workflows audit_update

CREATE TRIGGER audit_update AFTER UPDATE ON work.workflows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kit.audit_change_workflows();

-- trigger epic_dependencies check_cycles

CREATE TRIGGER check_cycles AFTER INSERT ON work.epic_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.check_epic_cycles();

-- trigger issues check_numbers

CREATE TRIGGER check_numbers AFTER INSERT ON work.issues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.check_numbers();

-- trigger tasks check_numbers

CREATE TRIGGER check_numbers AFTER INSERT ON work.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.check_numbers();

-- trigger tasks check_status

CREATE TRIGGER check_status BEFORE UPDATE OF status ON work.tasks FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION work.check_status();

-- trigger ready_queue count_delete

CREATE TRIGGER count_delete AFTER DELETE ON work.ready_queue REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_rows('queued');

-- trigger task_dependencies count_delete

CREATE TRIGGER count_delete AFTER DELETE ON work.task_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_rows('dependencies');

-- trigger tasks count_delete

CREATE TRIGGER count_delete AFTER DELETE ON work.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_tasks();

-- trigger ready_queue count_insert

CREATE TRIGGER count_insert AFTER INSERT ON work.ready_queue REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_rows('queued');

-- trigger task_dependencies count_insert

CREATE TRIGGER count_insert AFTER INSERT ON work.task_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_rows('dependencies');

-- trigger tasks count_insert

CREATE TRIGGER count_insert AFTER INSERT ON work.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_tasks();

-- trigger tasks count_update

CREATE TRIGGER count_update AFTER UPDATE ON work.tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.count_tasks();

-- trigger tasks inherit_place

CREATE TRIGGER inherit_place BEFORE INSERT ON work.tasks FOR EACH ROW WHEN (((new.parent_task_id IS NOT NULL) OR (new.issue_id IS NOT NULL))) EXECUTE FUNCTION work.inherit_place();

-- trigger issues keep_number

CREATE TRIGGER keep_number BEFORE UPDATE OF number, project_id ON work.issues FOR EACH ROW WHEN (((old.number <> new.number) OR (old.project_id <> new.project_id))) EXECUTE FUNCTION work.keep_number();

-- trigger tasks keep_number

CREATE TRIGGER keep_number BEFORE UPDATE OF number, project_id ON work.tasks FOR EACH ROW WHEN (((old.number <> new.number) OR (old.project_id <> new.project_id))) EXECUTE FUNCTION work.keep_number();

-- trigger ready_queue label_delete

CREATE TRIGGER label_delete AFTER DELETE ON work.ready_queue FOR EACH ROW WHEN ((old.labels <> '{}'::text[])) EXECUTE FUNCTION work.keep_labels();

-- trigger ready_queue label_insert

CREATE TRIGGER label_insert AFTER INSERT ON work.ready_queue FOR EACH ROW WHEN ((new.labels <> '{}'::text[])) EXECUTE FUNCTION work.keep_labels();

-- trigger ready_queue label_update

CREATE TRIGGER label_update AFTER UPDATE OF project_id, priority, number, labels ON work.ready_queue FOR EACH ROW WHEN (((((old.project_id IS DISTINCT FROM new.project_id) OR (old.priority IS DISTINCT FROM new.priority)) OR (old.number IS DISTINCT FROM new.number)) OR (old.labels IS DISTINCT FROM new.labels))) EXECUTE FUNCTION work.keep_labels();

-- trigger tasks leave_executions

CREATE TRIGGER leave_executions AFTER DELETE ON work.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION telemetry.leave_executions();

-- trigger tasks leave_question

CREATE TRIGGER leave_question AFTER UPDATE OF status, deleted_at ON work.tasks FOR EACH ROW WHEN (((old.status = 'awaiting_input'::text) AND ((new.status <> 'awaiting_input'::text) OR (new.deleted_at IS NOT NULL)))) EXECUTE FUNCTION work.leave_question();

-- trigger ready_queue note_freed

CREATE TRIGGER note_freed BEFORE UPDATE OF project_id, priority, number, required_capabilities, agent_id ON work.ready_queue FOR EACH ROW WHEN (((new.agent_id IS NULL) AND (((((old.agent_id IS DISTINCT FROM new.agent_id) OR (old.project_id IS DISTINCT FROM new.project_id)) OR (old.priority IS DISTINCT FROM new.priority)) OR (old.number IS DISTINCT FROM new.number)) OR (old.required_capabilities IS DISTINCT FROM new.required_capabilities)))) EXECUTE FUNCTION work.note_freed();

-- trigger epics number_epic

CREATE TRIGGER number_epic BEFORE INSERT ON work.epics FOR EACH ROW WHEN ((new.epic_id IS NULL)) EXECUTE FUNCTION work.number_epic();

-- trigger issues number_issue

CREATE TRIGGER number_issue BEFORE INSERT ON work.issues FOR EACH ROW EXECUTE FUNCTION work.number_task();

-- trigger tasks number_task

CREATE TRIGGER number_task BEFORE INSERT ON work.tasks FOR EACH ROW EXECUTE FUNCTION work.number_task();

-- trigger comments place

CREATE TRIGGER place BEFORE INSERT ON work.comments FOR EACH ROW EXECUTE FUNCTION work.place_comment();

-- trigger devlog_dependencies place

CREATE TRIGGER place BEFORE INSERT ON work.devlog_dependencies FOR EACH ROW EXECUTE FUNCTION work.place_devlog_part();

-- trigger devlog_documents place

CREATE TRIGGER place BEFORE INSERT ON work.devlog_documents FOR EACH ROW EXECUTE FUNCTION work.place_devlog_part();

-- trigger devlog_notes place

CREATE TRIGGER place BEFORE INSERT ON work.devlog_notes FOR EACH ROW EXECUTE FUNCTION work.place_devlog_part();

-- trigger devlog_dependencies place_checked

CREATE TRIGGER place_checked BEFORE INSERT ON work.devlog_dependencies FOR EACH ROW WHEN ((new.target_devlog_id IS NOT NULL)) EXECUTE FUNCTION work.check_devlog_tie();

-- trigger devlog_entries stamp

CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF status, closed_at ON work.devlog_entries FOR EACH ROW EXECUTE FUNCTION work.stamp_devlog();

-- trigger epics status

CREATE TRIGGER status BEFORE INSERT OR UPDATE OF status ON work.epics FOR EACH ROW EXECUTE FUNCTION work.check_epic_status();

-- trigger issues status

CREATE TRIGGER status BEFORE INSERT OR UPDATE OF status ON work.issues FOR EACH ROW EXECUTE FUNCTION work.check_issue_status();

-- trigger workflows status

CREATE TRIGGER status BEFORE INSERT OR UPDATE OF status, current_phase ON work.workflows FOR EACH ROW EXECUTE FUNCTION work.check_workflow_status();

-- trigger task_dependencies sync_delete

CREATE TRIGGER sync_delete AFTER DELETE ON work.task_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION work.after_dependency_delete();

-- trigger task_dependencies sync_insert

CREATE TRIGGER sync_insert AFTER INSERT ON work.task_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.after_dependency_insert();

-- trigger tasks sync_insert

CREATE TRIGGER sync_insert AFTER INSERT ON work.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.after_task_insert();

-- trigger tasks sync_update

CREATE TRIGGER sync_update AFTER UPDATE ON work.tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.after_task_update();

-- trigger comments touch

CREATE TRIGGER touch BEFORE UPDATE ON work.comments FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger devlog_documents touch

CREATE TRIGGER touch BEFORE UPDATE ON work.devlog_documents FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger devlog_entries touch

CREATE TRIGGER touch BEFORE UPDATE ON work.devlog_entries FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger epics touch

CREATE TRIGGER touch BEFORE UPDATE ON work.epics FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger import_files touch

CREATE TRIGGER touch BEFORE UPDATE ON work.import_files FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger issues touch

CREATE TRIGGER touch BEFORE UPDATE ON work.issues FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger questions touch

CREATE TRIGGER touch BEFORE UPDATE ON work.questions FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger task_analytics touch

CREATE TRIGGER touch BEFORE UPDATE ON work.task_analytics FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger task_attachments touch

CREATE TRIGGER touch BEFORE UPDATE ON work.task_attachments FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger tasks touch

CREATE TRIGGER touch BEFORE UPDATE ON work.tasks FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger workflow_analytics touch

CREATE TRIGGER touch BEFORE UPDATE ON work.workflow_analytics FOR EACH ROW EXECUTE FUNCTION kit.update_updated_at_column();

-- trigger workflows touch

CREATE TRIGGER touch BEFORE UPDATE ON work.workflows FOR EACH ROW EXECUTE FUNCTION kit.touch_versioned();

-- trigger tasks words_insert

CREATE TRIGGER words_insert AFTER INSERT ON work.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION work.add_words();

-- trigger tasks words_update

CREATE TRIGGER words_update AFTER UPDATE OF title, description, labels, type, import_tag ON work.tasks FOR EACH ROW WHEN ((((((old.title IS DISTINCT FROM new.title) OR (old.description IS DISTINCT FROM new.description)) OR (old.labels IS DISTINCT FROM new.labels)) OR (old.type IS DISTINCT FROM new.type)) OR (old.import_tag IS DISTINCT FROM new.import_tag))) EXECUTE FUNCTION work.renew_words();

-- fk constraint api_keys api_keys_user_id_fkey

ALTER TABLE ONLY accounts.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users(id) ON DELETE CASCADE;

-- fk constraint login_sessions login_sessions_user_id_fkey

ALTER TABLE ONLY accounts.login_sessions
    ADD CONSTRAINT login_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users(id) ON DELETE CASCADE;

-- fk constraint agent_routing_decisions agent_routing_decisions_agent_id_fkey

ALTER TABLE ONLY agents.agent_routing_decisions
    ADD CONSTRAINT agent_routing_decisions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents.agents(id);

-- fk constraint agents agents_model_provider_fkey

ALTER TABLE ONLY agents.agents
    ADD CONSTRAINT agents_model_provider_fkey FOREIGN KEY (model_provider) REFERENCES agents.model_providers(name);

-- fk constraint agents agents_owner_id_fkey

ALTER TABLE ONLY agents.agents
    ADD CONSTRAINT agents_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint job_runs job_runs_job_name_fkey

ALTER TABLE ONLY kit.job_runs
    ADD CONSTRAINT job_runs_job_name_fkey FOREIGN KEY (job_name) REFERENCES kit.jobs(name) ON DELETE CASCADE;

-- fk constraint project_counters project_counters_project_id_fkey

ALTER TABLE ONLY projects.project_counters
    ADD CONSTRAINT project_counters_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint project_members project_members_project_id_fkey

ALTER TABLE ONLY projects.project_members
    ADD CONSTRAINT project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint project_members project_members_user_id_fkey

ALTER TABLE ONLY projects.project_members
    ADD CONSTRAINT project_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users(id) ON DELETE CASCADE;

-- fk constraint project_remotes project_remotes_project_id_fkey

ALTER TABLE ONLY projects.project_remotes
    ADD CONSTRAINT project_remotes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint projects projects_owner_id_fkey

ALTER TABLE ONLY projects.projects
    ADD CONSTRAINT projects_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES accounts.users(id) ON DELETE RESTRICT;

-- fk constraint workspaces workspaces_machine_id_fkey

ALTER TABLE ONLY projects.workspaces
    ADD CONSTRAINT workspaces_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES projects.machines(id) ON DELETE CASCADE;

-- fk constraint workspaces workspaces_project_id_fkey

ALTER TABLE ONLY projects.workspaces
    ADD CONSTRAINT workspaces_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint agent_executions agent_executions_parent_execution_id_fkey

ALTER TABLE ONLY telemetry.agent_executions
    ADD CONSTRAINT agent_executions_parent_execution_id_fkey FOREIGN KEY (parent_execution_id) REFERENCES telemetry.agent_executions(id) ON DELETE SET NULL;

-- fk constraint agent_sessions agent_sessions_project_id_fkey

ALTER TABLE ONLY telemetry.agent_sessions
    ADD CONSTRAINT agent_sessions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint agent_sessions agent_sessions_registered_agent_id_fkey

ALTER TABLE ONLY telemetry.agent_sessions
    ADD CONSTRAINT agent_sessions_registered_agent_id_fkey FOREIGN KEY (registered_agent_id) REFERENCES agents.agents(id);

-- fk constraint agent_sessions agent_sessions_user_id_fkey

ALTER TABLE ONLY telemetry.agent_sessions
    ADD CONSTRAINT agent_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint agent_sessions agent_sessions_workspace_id_fkey

ALTER TABLE ONLY telemetry.agent_sessions
    ADD CONSTRAINT agent_sessions_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES projects.workspaces(id) ON DELETE SET NULL;

-- fk constraint budgets budgets_agent_id_fkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents.agents(id);

-- fk constraint budgets budgets_created_by_user_id_fkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_created_by_user_id_fkey FOREIGN KEY (created_by_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint budgets budgets_epic_id_fkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_epic_id_fkey FOREIGN KEY (epic_id) REFERENCES work.epics(id) ON DELETE CASCADE;

-- fk constraint budgets budgets_project_id_fkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint budgets budgets_task_id_fkey

ALTER TABLE ONLY telemetry.budgets
    ADD CONSTRAINT budgets_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint chat_messages chat_messages_session_id_fkey

ALTER TABLE ONLY telemetry.chat_messages
    ADD CONSTRAINT chat_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES telemetry.agent_sessions(id) ON DELETE CASCADE;

-- fk constraint repricings repricings_project_id_fkey

ALTER TABLE ONLY telemetry.repricings
    ADD CONSTRAINT repricings_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint session_commits session_commits_session_id_fkey

ALTER TABLE ONLY telemetry.session_commits
    ADD CONSTRAINT session_commits_session_id_fkey FOREIGN KEY (session_id) REFERENCES telemetry.agent_sessions(id) ON DELETE CASCADE;

-- fk constraint session_tasks session_tasks_execution_id_fkey

ALTER TABLE ONLY telemetry.session_tasks
    ADD CONSTRAINT session_tasks_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES telemetry.agent_executions(id) ON DELETE SET NULL;

-- fk constraint session_tasks session_tasks_task_id_fkey

ALTER TABLE ONLY telemetry.session_tasks
    ADD CONSTRAINT session_tasks_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint token_usage token_usage_execution_id_fkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES telemetry.agent_executions(id) ON DELETE SET NULL;

-- fk constraint token_usage token_usage_project_id_fkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint token_usage token_usage_registered_agent_id_fkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_registered_agent_id_fkey FOREIGN KEY (registered_agent_id) REFERENCES agents.agents(id);

-- fk constraint token_usage token_usage_session_id_fkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_session_id_fkey FOREIGN KEY (session_id) REFERENCES telemetry.agent_sessions(id) ON DELETE CASCADE;

-- fk constraint token_usage token_usage_task_id_fkey

ALTER TABLE ONLY telemetry.token_usage
    ADD CONSTRAINT token_usage_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE SET NULL;

-- fk constraint tool_calls tool_calls_session_id_fkey

ALTER TABLE ONLY telemetry.tool_calls
    ADD CONSTRAINT tool_calls_session_id_fkey FOREIGN KEY (session_id) REFERENCES telemetry.agent_sessions(id) ON DELETE CASCADE;

-- fk constraint transcript_files transcript_files_transcript_id_fkey

ALTER TABLE ONLY telemetry.transcript_files
    ADD CONSTRAINT transcript_files_transcript_id_fkey FOREIGN KEY (transcript_id) REFERENCES telemetry.transcripts(id) ON DELETE CASCADE;

-- fk constraint transcript_lines transcript_lines_transcript_id_fkey

ALTER TABLE ONLY telemetry.transcript_lines
    ADD CONSTRAINT transcript_lines_transcript_id_fkey FOREIGN KEY (transcript_id) REFERENCES telemetry.transcripts(id) ON DELETE CASCADE;

-- fk constraint transcripts transcripts_session_id_fkey

ALTER TABLE ONLY telemetry.transcripts
    ADD CONSTRAINT transcripts_session_id_fkey FOREIGN KEY (session_id) REFERENCES telemetry.agent_sessions(id) ON DELETE CASCADE;

-- fk constraint agent_failures agent_failures_agent_id_fkey

ALTER TABLE ONLY work.agent_failures
    ADD CONSTRAINT agent_failures_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents.agents(id);

-- fk constraint comments comments_author_agent_id_fkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_author_agent_id_fkey FOREIGN KEY (author_agent_id) REFERENCES agents.agents(id) ON DELETE SET NULL;

-- fk constraint comments comments_author_user_id_fkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_author_user_id_fkey FOREIGN KEY (author_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint comments comments_issue_id_fkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_issue_id_fkey FOREIGN KEY (issue_id) REFERENCES work.issues(id) ON DELETE CASCADE;

-- fk constraint comments comments_project_id_fkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint comments comments_task_id_fkey

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint devlog_dependencies devlog_dependencies_devlog_id_fkey

ALTER TABLE ONLY work.devlog_dependencies
    ADD CONSTRAINT devlog_dependencies_devlog_id_fkey FOREIGN KEY (devlog_id) REFERENCES work.devlog_entries(id) ON DELETE CASCADE;

-- fk constraint devlog_dependencies devlog_dependencies_project_id_fkey

ALTER TABLE ONLY work.devlog_dependencies
    ADD CONSTRAINT devlog_dependencies_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint devlog_dependencies devlog_dependencies_target_devlog_id_fkey

ALTER TABLE ONLY work.devlog_dependencies
    ADD CONSTRAINT devlog_dependencies_target_devlog_id_fkey FOREIGN KEY (target_devlog_id) REFERENCES work.devlog_entries(id) ON DELETE SET NULL;

-- fk constraint devlog_documents devlog_documents_devlog_id_fkey

ALTER TABLE ONLY work.devlog_documents
    ADD CONSTRAINT devlog_documents_devlog_id_fkey FOREIGN KEY (devlog_id) REFERENCES work.devlog_entries(id) ON DELETE CASCADE;

-- fk constraint devlog_documents devlog_documents_project_id_fkey

ALTER TABLE ONLY work.devlog_documents
    ADD CONSTRAINT devlog_documents_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint devlog_documents devlog_documents_sha256_fkey

ALTER TABLE ONLY work.devlog_documents
    ADD CONSTRAINT devlog_documents_sha256_fkey FOREIGN KEY (sha256) REFERENCES work.stored_files(sha256);

-- fk constraint devlog_entries devlog_entries_project_id_fkey

ALTER TABLE ONLY work.devlog_entries
    ADD CONSTRAINT devlog_entries_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint devlog_notes devlog_notes_devlog_id_fkey

ALTER TABLE ONLY work.devlog_notes
    ADD CONSTRAINT devlog_notes_devlog_id_fkey FOREIGN KEY (devlog_id) REFERENCES work.devlog_entries(id) ON DELETE CASCADE;

-- fk constraint devlog_notes devlog_notes_project_id_fkey

ALTER TABLE ONLY work.devlog_notes
    ADD CONSTRAINT devlog_notes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint epic_dependencies epic_dependencies_depends_on

ALTER TABLE ONLY work.epic_dependencies
    ADD CONSTRAINT epic_dependencies_depends_on FOREIGN KEY (depends_on_epic_id, project_id) REFERENCES work.epics(id, project_id) ON DELETE CASCADE;

-- fk constraint epic_dependencies epic_dependencies_epic

ALTER TABLE ONLY work.epic_dependencies
    ADD CONSTRAINT epic_dependencies_epic FOREIGN KEY (epic_id, project_id) REFERENCES work.epics(id, project_id) ON DELETE CASCADE;

-- fk constraint epics epics_project_id_fkey

ALTER TABLE ONLY work.epics
    ADD CONSTRAINT epics_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint import_files import_files_project_id_fkey

ALTER TABLE ONLY work.import_files
    ADD CONSTRAINT import_files_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint issues issues_epic

ALTER TABLE ONLY work.issues
    ADD CONSTRAINT issues_epic FOREIGN KEY (epic_id, project_id) REFERENCES work.epics(id, project_id) ON DELETE SET NULL (epic_id);

-- fk constraint issues issues_project_id_fkey

ALTER TABLE ONLY work.issues
    ADD CONSTRAINT issues_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint questions questions_agent_id_fkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents.agents(id);

-- fk constraint questions questions_answered_by_user_id_fkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_answered_by_user_id_fkey FOREIGN KEY (answered_by_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint questions questions_asked_user_id_fkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_asked_user_id_fkey FOREIGN KEY (asked_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint questions questions_project_id_fkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint questions questions_task_id_fkey

ALTER TABLE ONLY work.questions
    ADD CONSTRAINT questions_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint queue_fronts queue_fronts_project_id_fkey

ALTER TABLE ONLY work.queue_fronts
    ADD CONSTRAINT queue_fronts_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint ready_queue ready_queue_task_id_fkey

ALTER TABLE ONLY work.ready_queue
    ADD CONSTRAINT ready_queue_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint task_analytics task_analytics_project_id_fkey

ALTER TABLE ONLY work.task_analytics
    ADD CONSTRAINT task_analytics_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint task_analytics task_analytics_task_id_fkey

ALTER TABLE ONLY work.task_analytics
    ADD CONSTRAINT task_analytics_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint task_attachments task_attachments_created_by_agent_id_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_created_by_agent_id_fkey FOREIGN KEY (created_by_agent_id) REFERENCES agents.agents(id) ON DELETE SET NULL;

-- fk constraint task_attachments task_attachments_created_by_user_id_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_created_by_user_id_fkey FOREIGN KEY (created_by_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint task_attachments task_attachments_project_id_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint task_attachments task_attachments_sha256_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_sha256_fkey FOREIGN KEY (sha256) REFERENCES work.stored_files(sha256);

-- fk constraint task_attachments task_attachments_task_id_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint task_attachments task_attachments_updated_by_user_id_fkey

ALTER TABLE ONLY work.task_attachments
    ADD CONSTRAINT task_attachments_updated_by_user_id_fkey FOREIGN KEY (updated_by_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint task_dependencies task_dependencies_depends_on_task_id_fkey

ALTER TABLE ONLY work.task_dependencies
    ADD CONSTRAINT task_dependencies_depends_on_task_id_fkey FOREIGN KEY (depends_on_task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint task_dependencies task_dependencies_project_id_fkey

ALTER TABLE ONLY work.task_dependencies
    ADD CONSTRAINT task_dependencies_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint task_dependencies task_dependencies_task_id_fkey

ALTER TABLE ONLY work.task_dependencies
    ADD CONSTRAINT task_dependencies_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint task_words task_words_task_id_fkey

ALTER TABLE ONLY work.task_words
    ADD CONSTRAINT task_words_task_id_fkey FOREIGN KEY (task_id) REFERENCES work.tasks(id) ON DELETE CASCADE;

-- fk constraint tasks tasks_assigned_agent_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_assigned_agent_id_fkey FOREIGN KEY (assigned_agent_id) REFERENCES agents.agents(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_assigned_user_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_assigned_user_id_fkey FOREIGN KEY (assigned_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_created_by_agent_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_created_by_agent_id_fkey FOREIGN KEY (created_by_agent_id) REFERENCES agents.agents(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_created_by_user_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_created_by_user_id_fkey FOREIGN KEY (created_by_user_id) REFERENCES accounts.users(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_epic

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_epic FOREIGN KEY (epic_id, project_id) REFERENCES work.epics(id, project_id) ON DELETE SET NULL (epic_id);

-- fk constraint tasks tasks_import_file_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_import_file_id_fkey FOREIGN KEY (import_file_id) REFERENCES work.import_files(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_issue

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_issue FOREIGN KEY (issue_id, project_id) REFERENCES work.issues(id, project_id) ON DELETE SET NULL (issue_id);

-- fk constraint tasks tasks_parent_task_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_parent_task_id_fkey FOREIGN KEY (parent_task_id) REFERENCES work.tasks(id) ON DELETE SET NULL;

-- fk constraint tasks tasks_project_id_fkey

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint tasks tasks_workflow

ALTER TABLE ONLY work.tasks
    ADD CONSTRAINT tasks_workflow FOREIGN KEY (workflow_id, project_id) REFERENCES work.workflows(id, project_id) ON DELETE SET NULL (workflow_id);

-- fk constraint workflow_analytics workflow_analytics_project_id_fkey

ALTER TABLE ONLY work.workflow_analytics
    ADD CONSTRAINT workflow_analytics_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

-- fk constraint workflow_analytics workflow_analytics_workflow_id_fkey

ALTER TABLE ONLY work.workflow_analytics
    ADD CONSTRAINT workflow_analytics_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES work.workflows(id) ON DELETE CASCADE;

-- fk constraint workflows workflows_project_id_fkey

ALTER TABLE ONLY work.workflows
    ADD CONSTRAINT workflows_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects.projects(id) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA accounts TO steward_app;
GRANT USAGE ON SCHEMA accounts TO steward_readonly;
GRANT USAGE ON SCHEMA accounts TO steward_backup;

GRANT USAGE ON SCHEMA agents TO steward_app;
GRANT USAGE ON SCHEMA agents TO steward_agent;
GRANT USAGE ON SCHEMA agents TO steward_readonly;
GRANT USAGE ON SCHEMA agents TO steward_backup;

GRANT USAGE ON SCHEMA audit TO steward_app;
GRANT USAGE ON SCHEMA audit TO steward_readonly;
GRANT USAGE ON SCHEMA audit TO steward_backup;

GRANT USAGE ON SCHEMA kit TO steward_app;
GRANT USAGE ON SCHEMA kit TO steward_readonly;
GRANT USAGE ON SCHEMA kit TO steward_backup;
GRANT USAGE ON SCHEMA kit TO steward_agent;

GRANT USAGE ON SCHEMA projects TO steward_app;
GRANT USAGE ON SCHEMA projects TO steward_agent;
GRANT USAGE ON SCHEMA projects TO steward_readonly;
GRANT USAGE ON SCHEMA projects TO steward_backup;

GRANT USAGE ON SCHEMA telemetry TO steward_app;
GRANT USAGE ON SCHEMA telemetry TO steward_agent;
GRANT USAGE ON SCHEMA telemetry TO steward_readonly;
GRANT USAGE ON SCHEMA telemetry TO steward_backup;

GRANT USAGE ON SCHEMA work TO steward_app;
GRANT USAGE ON SCHEMA work TO steward_agent;
GRANT USAGE ON SCHEMA work TO steward_readonly;
GRANT USAGE ON SCHEMA work TO steward_backup;

REVOKE ALL ON FUNCTION accounts.authorize_role(p_role text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.authorize_role(p_role text) TO steward_app;
GRANT ALL ON FUNCTION accounts.authorize_role(p_role text) TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.ensure_admin(p_username text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.ensure_admin(p_username text) TO steward_app;
GRANT ALL ON FUNCTION accounts.ensure_admin(p_username text) TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.find_user(p_ref text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.find_user(p_ref text) TO steward_app;
GRANT ALL ON FUNCTION accounts.find_user(p_ref text) TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.identify_key(p_key_hash bytea, p_key_prefix text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.identify_key(p_key_hash bytea, p_key_prefix text) TO steward_app;
GRANT ALL ON FUNCTION accounts.identify_key(p_key_hash bytea, p_key_prefix text) TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.keep_an_admin() FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.keep_an_admin() TO steward_app;
GRANT ALL ON FUNCTION accounts.keep_an_admin() TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.key_role(p_user_role text, p_agent_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.key_role(p_user_role text, p_agent_name text) TO steward_app;
GRANT ALL ON FUNCTION accounts.key_role(p_user_role text, p_agent_name text) TO steward_readonly;

REVOKE ALL ON FUNCTION accounts.redeem_link(p_link_hash bytea, p_token_hash bytea, p_seconds integer, p_ip inet, p_user_agent text) FROM PUBLIC;
GRANT ALL ON FUNCTION accounts.redeem_link(p_link_hash bytea, p_token_hash bytea, p_seconds integer, p_ip inet, p_user_agent text) TO steward_app;
GRANT ALL ON FUNCTION accounts.redeem_link(p_link_hash bytea, p_token_hash bytea, p_seconds integer, p_ip inet, p_user_agent text) TO steward_readonly;

REVOKE ALL ON FUNCTION agents.ensure_agent(p_name text, p_owner uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION agents.ensure_agent(p_name text, p_owner uuid) TO steward_app;
GRANT ALL ON FUNCTION agents.ensure_agent(p_name text, p_owner uuid) TO steward_agent;
GRANT ALL ON FUNCTION agents.ensure_agent(p_name text, p_owner uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION agents.find_agent(p_ref text) FROM PUBLIC;
GRANT ALL ON FUNCTION agents.find_agent(p_ref text) TO steward_app;
GRANT ALL ON FUNCTION agents.find_agent(p_ref text) TO steward_agent;
GRANT ALL ON FUNCTION agents.find_agent(p_ref text) TO steward_readonly;

REVOKE ALL ON FUNCTION agents.register_routing(p_kind text, p_function text) FROM PUBLIC;
GRANT ALL ON FUNCTION agents.register_routing(p_kind text, p_function text) TO steward_app;
GRANT ALL ON FUNCTION agents.register_routing(p_kind text, p_function text) TO steward_agent;
GRANT ALL ON FUNCTION agents.register_routing(p_kind text, p_function text) TO steward_readonly;

REVOKE ALL ON FUNCTION agents.routing_costs() FROM PUBLIC;
GRANT ALL ON FUNCTION agents.routing_costs() TO steward_app;
GRANT ALL ON FUNCTION agents.routing_costs() TO steward_agent;
GRANT ALL ON FUNCTION agents.routing_costs() TO steward_readonly;

REVOKE ALL ON FUNCTION agents.routing_figures() FROM PUBLIC;
GRANT ALL ON FUNCTION agents.routing_figures() TO steward_app;
GRANT ALL ON FUNCTION agents.routing_figures() TO steward_agent;
GRANT ALL ON FUNCTION agents.routing_figures() TO steward_readonly;

REVOKE ALL ON FUNCTION agents.routing_needs(p_task text) FROM PUBLIC;
GRANT ALL ON FUNCTION agents.routing_needs(p_task text) TO steward_app;
GRANT ALL ON FUNCTION agents.routing_needs(p_task text) TO steward_agent;
GRANT ALL ON FUNCTION agents.routing_needs(p_task text) TO steward_readonly;

REVOKE ALL ON FUNCTION agents.score_agents(p_capabilities text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION agents.score_agents(p_capabilities text[]) TO steward_app;
GRANT ALL ON FUNCTION agents.score_agents(p_capabilities text[]) TO steward_agent;
GRANT ALL ON FUNCTION agents.score_agents(p_capabilities text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION audit.check_undo(p_type text, p_action text, p_is_own boolean, p_unreadable bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.check_undo(p_type text, p_action text, p_is_own boolean, p_unreadable bigint) TO steward_app;
GRANT ALL ON FUNCTION audit.check_undo(p_type text, p_action text, p_is_own boolean, p_unreadable bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION audit.known_words(p_event_type text, p_event_action text, p_status text) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.known_words(p_event_type text, p_event_action text, p_status text) TO steward_app;
GRANT ALL ON FUNCTION audit.known_words(p_event_type text, p_event_action text, p_status text) TO steward_readonly;

REVOKE ALL ON FUNCTION audit.request_effects(p_request text) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.request_effects(p_request text) TO steward_app;
GRANT ALL ON FUNCTION audit.request_effects(p_request text) TO steward_readonly;

REVOKE ALL ON FUNCTION audit.settled() FROM PUBLIC;
GRANT ALL ON FUNCTION audit.settled() TO steward_app;
GRANT ALL ON FUNCTION audit.settled() TO steward_readonly;

REVOKE ALL ON FUNCTION audit.undo_request(p_request text) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.undo_request(p_request text) TO steward_app;
GRANT ALL ON FUNCTION audit.undo_request(p_request text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.setting(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.setting(p_name text) TO steward_app;
GRANT ALL ON FUNCTION kit.setting(p_name text) TO steward_agent;
GRANT ALL ON FUNCTION kit.setting(p_name text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.actor_agent() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.actor_agent() TO steward_app;
GRANT ALL ON FUNCTION kit.actor_agent() TO steward_agent;
GRANT ALL ON FUNCTION kit.actor_agent() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.actor_role() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.actor_role() TO steward_app;
GRANT ALL ON FUNCTION kit.actor_role() TO steward_agent;
GRANT ALL ON FUNCTION kit.actor_role() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.actor_user() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.actor_user() TO steward_app;
GRANT ALL ON FUNCTION kit.actor_user() TO steward_agent;
GRANT ALL ON FUNCTION kit.actor_user() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_capture() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_api_keys() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_budgets() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_devlog_dependencies() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_devlog_documents() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_devlog_entries() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_devlog_notes() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_epic_dependencies() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_epics() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_issues() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_machines() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_model_prices() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_project_members() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_projects() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_questions() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_task_attachments() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_task_dependencies() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_tasks() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_users() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_workflows() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_change_workspaces() FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_columns(p_table regclass, p_hidden text[], p_quiet text[], OUT changes text, OUT closed text, OUT assigned text, OUT deleted text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_columns(p_table regclass, p_hidden text[], p_quiet text[], OUT changes text, OUT closed text, OUT assigned text, OUT deleted text) TO steward_app;
GRANT ALL ON FUNCTION kit.audit_columns(p_table regclass, p_hidden text[], p_quiet text[], OUT changes text, OUT closed text, OUT assigned text, OUT deleted text) TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_columns(p_table regclass, p_hidden text[], p_quiet text[], OUT changes text, OUT closed text, OUT assigned text, OUT deleted text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_differs(p_column name, p_type regtype) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_differs(p_column name, p_type regtype) TO steward_app;
GRANT ALL ON FUNCTION kit.audit_differs(p_column name, p_type regtype) TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_differs(p_column name, p_type regtype) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) TO steward_app;
GRANT ALL ON FUNCTION kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_event(p_type text, p_action text, p_closed boolean, p_assigned boolean, p_deleted boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_hide(p_image jsonb, p_hidden text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_hide(p_image jsonb, p_hidden text[]) TO steward_app;
GRANT ALL ON FUNCTION kit.audit_hide(p_image jsonb, p_hidden text[]) TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_hide(p_image jsonb, p_hidden text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_images(p_changes jsonb[], p_hidden text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_images(p_changes jsonb[], p_hidden text[]) TO steward_app;
GRANT ALL ON FUNCTION kit.audit_images(p_changes jsonb[], p_hidden text[]) TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_images(p_changes jsonb[], p_hidden text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.audit_refuse() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audit_refuse() TO steward_app;
GRANT ALL ON FUNCTION kit.audit_refuse() TO steward_agent;
GRANT ALL ON FUNCTION kit.audit_refuse() TO steward_readonly;

REVOKE ALL ON PROCEDURE kit.audit_table(IN p_table text, IN p_type text, IN p_name_column text, IN p_project_column text, IN p_hidden text[], IN p_quiet text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audit_write(p_type text, p_action text, p_ids text[], p_projects uuid[], p_names text[], p_payloads text[], p_events text[], p_summaries text[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE kit.audit_write_change(IN p_table regclass, IN p_type text, IN p_name_column text, IN p_project_column text, IN p_hidden text[], IN p_quiet text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.audited_table(p_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.audited_table(p_type text) TO steward_app;
GRANT ALL ON FUNCTION kit.audited_table(p_type text) TO steward_agent;
GRANT ALL ON FUNCTION kit.audited_table(p_type text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.authorize(p_permission text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.authorize(p_permission text) TO steward_app;
GRANT ALL ON FUNCTION kit.authorize(p_permission text) TO steward_agent;
GRANT ALL ON FUNCTION kit.authorize(p_permission text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) TO steward_app;
GRANT ALL ON FUNCTION kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) TO steward_agent;
GRANT ALL ON FUNCTION kit.check_unchanged(p_type text, p_expected jsonb, p_found jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) TO steward_app;
GRANT ALL ON FUNCTION kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) TO steward_agent;
GRANT ALL ON FUNCTION kit.claim_request(p_who text, p_key text, p_operation text, p_hash text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.drop_lease(p_name text, p_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.drop_lease(p_name text, p_token bigint) TO steward_app;
GRANT ALL ON FUNCTION kit.drop_lease(p_name text, p_token bigint) TO steward_agent;
GRANT ALL ON FUNCTION kit.drop_lease(p_name text, p_token bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.ensure_partitions(p_parent text, p_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.ensure_partitions(p_parent text, p_months integer) TO steward_app;

REVOKE ALL ON FUNCTION kit.enter(p_operation text, p_permission text, p_user_id uuid, p_role text, p_agent text, p_session text, p_request text, p_surface text, p_ip text, p_statement_timeout_ms integer, p_read_only boolean, p_user_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.enter(p_operation text, p_permission text, p_user_id uuid, p_role text, p_agent text, p_session text, p_request text, p_surface text, p_ip text, p_statement_timeout_ms integer, p_read_only boolean, p_user_name text) TO steward_app;
GRANT ALL ON FUNCTION kit.enter(p_operation text, p_permission text, p_user_id uuid, p_role text, p_agent text, p_session text, p_request text, p_surface text, p_ip text, p_statement_timeout_ms integer, p_read_only boolean, p_user_name text) TO steward_agent;
GRANT ALL ON FUNCTION kit.enter(p_operation text, p_permission text, p_user_id uuid, p_role text, p_agent text, p_session text, p_request text, p_surface text, p_ip text, p_statement_timeout_ms integer, p_read_only boolean, p_user_name text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.guard_partition(p_parent regclass, p_child regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.hold_lease(p_name text, p_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.hold_lease(p_name text, p_token bigint) TO steward_app;
GRANT ALL ON FUNCTION kit.hold_lease(p_name text, p_token bigint) TO steward_agent;
GRANT ALL ON FUNCTION kit.hold_lease(p_name text, p_token bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.may(p_role text, p_permission text) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.may(p_role text, p_permission text) TO steward_app;
GRANT ALL ON FUNCTION kit.may(p_role text, p_permission text) TO steward_agent;
GRANT ALL ON FUNCTION kit.may(p_role text, p_permission text) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.new_id() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.new_id() TO steward_app;
GRANT ALL ON FUNCTION kit.new_id() TO steward_agent;
GRANT ALL ON FUNCTION kit.new_id() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.restore_row(p_type text, p_id uuid, p_action text, p_old jsonb, p_new jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.take_away(p_table regclass, p_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION kit.take_lease(p_name text, p_holder text, p_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.take_lease(p_name text, p_holder text, p_seconds integer) TO steward_app;
GRANT ALL ON FUNCTION kit.take_lease(p_name text, p_holder text, p_seconds integer) TO steward_agent;
GRANT ALL ON FUNCTION kit.take_lease(p_name text, p_holder text, p_seconds integer) TO steward_readonly;

REVOKE ALL ON FUNCTION kit.touch_versioned() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.touch_versioned() TO steward_app;
GRANT ALL ON FUNCTION kit.touch_versioned() TO steward_agent;
GRANT ALL ON FUNCTION kit.touch_versioned() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.update_updated_at_column() FROM PUBLIC;
GRANT ALL ON FUNCTION kit.update_updated_at_column() TO steward_app;
GRANT ALL ON FUNCTION kit.update_updated_at_column() TO steward_agent;
GRANT ALL ON FUNCTION kit.update_updated_at_column() TO steward_readonly;

REVOKE ALL ON FUNCTION kit.writable_columns(p_table regclass, p_names text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION kit.writable_columns(p_table regclass, p_names text[]) TO steward_app;
GRANT ALL ON FUNCTION kit.writable_columns(p_table regclass, p_names text[]) TO steward_agent;
GRANT ALL ON FUNCTION kit.writable_columns(p_table regclass, p_names text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.clean_remote() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.clean_remote() TO steward_app;
GRANT ALL ON FUNCTION projects.clean_remote() TO steward_agent;
GRANT ALL ON FUNCTION projects.clean_remote() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.clean_url(p_url text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.clean_url(p_url text) TO steward_app;
GRANT ALL ON FUNCTION projects.clean_url(p_url text) TO steward_agent;
GRANT ALL ON FUNCTION projects.clean_url(p_url text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.complete_project() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.complete_project() TO steward_app;
GRANT ALL ON FUNCTION projects.complete_project() TO steward_agent;
GRANT ALL ON FUNCTION projects.complete_project() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.create_project(p_name text, p_slug text, p_key text, p_description text, p_path text, p_repository_url text, p_default_branch text, p_technology_stack text[], p_settings jsonb, p_metadata jsonb, p_status text, p_is_public boolean, p_owner_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.create_project(p_name text, p_slug text, p_key text, p_description text, p_path text, p_repository_url text, p_default_branch text, p_technology_stack text[], p_settings jsonb, p_metadata jsonb, p_status text, p_is_public boolean, p_owner_id uuid) TO steward_app;
GRANT ALL ON FUNCTION projects.create_project(p_name text, p_slug text, p_key text, p_description text, p_path text, p_repository_url text, p_default_branch text, p_technology_stack text[], p_settings jsonb, p_metadata jsonb, p_status text, p_is_public boolean, p_owner_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION projects.create_project(p_name text, p_slug text, p_key text, p_description text, p_path text, p_repository_url text, p_default_branch text, p_technology_stack text[], p_settings jsonb, p_metadata jsonb, p_status text, p_is_public boolean, p_owner_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.ensure_project(p_slug text, p_name text, p_path text, p_repository_url text, p_settings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.ensure_project(p_slug text, p_name text, p_path text, p_repository_url text, p_settings jsonb) TO steward_app;
GRANT ALL ON FUNCTION projects.ensure_project(p_slug text, p_name text, p_path text, p_repository_url text, p_settings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION projects.ensure_project(p_slug text, p_name text, p_path text, p_repository_url text, p_settings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.fill_repository() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.fill_repository() TO steward_app;
GRANT ALL ON FUNCTION projects.fill_repository() TO steward_agent;
GRANT ALL ON FUNCTION projects.fill_repository() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.find_by_path(p_path text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.find_by_path(p_path text) TO steward_app;
GRANT ALL ON FUNCTION projects.find_by_path(p_path text) TO steward_agent;
GRANT ALL ON FUNCTION projects.find_by_path(p_path text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.find_projects(p_ref text, p_deleted boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.find_projects(p_ref text, p_deleted boolean) TO steward_app;
GRANT ALL ON FUNCTION projects.find_projects(p_ref text, p_deleted boolean) TO steward_agent;
GRANT ALL ON FUNCTION projects.find_projects(p_ref text, p_deleted boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.folders_above(p_path text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.folders_above(p_path text) TO steward_app;
GRANT ALL ON FUNCTION projects.folders_above(p_path text) TO steward_agent;
GRANT ALL ON FUNCTION projects.folders_above(p_path text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.free_key(p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.free_key(p_key text) TO steward_app;
GRANT ALL ON FUNCTION projects.free_key(p_key text) TO steward_agent;
GRANT ALL ON FUNCTION projects.free_key(p_key text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.free_slug(p_slug text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.free_slug(p_slug text) TO steward_app;
GRANT ALL ON FUNCTION projects.free_slug(p_slug text) TO steward_agent;
GRANT ALL ON FUNCTION projects.free_slug(p_slug text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.guard_project() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.guard_project() TO steward_app;
GRANT ALL ON FUNCTION projects.guard_project() TO steward_agent;
GRANT ALL ON FUNCTION projects.guard_project() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.key_of(p_slug text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.key_of(p_slug text) TO steward_app;
GRANT ALL ON FUNCTION projects.key_of(p_slug text) TO steward_agent;
GRANT ALL ON FUNCTION projects.key_of(p_slug text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.normalise_remote(p_url text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.normalise_remote(p_url text) TO steward_app;
GRANT ALL ON FUNCTION projects.normalise_remote(p_url text) TO steward_agent;
GRANT ALL ON FUNCTION projects.normalise_remote(p_url text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.provider_of(p_remote text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.provider_of(p_remote text) TO steward_app;
GRANT ALL ON FUNCTION projects.provider_of(p_remote text) TO steward_agent;
GRANT ALL ON FUNCTION projects.provider_of(p_remote text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.refuse_taken(p_slug text, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.refuse_taken(p_slug text, p_key text) TO steward_app;
GRANT ALL ON FUNCTION projects.refuse_taken(p_slug text, p_key text) TO steward_agent;
GRANT ALL ON FUNCTION projects.refuse_taken(p_slug text, p_key text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.release_remotes() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.release_remotes() TO steward_app;
GRANT ALL ON FUNCTION projects.release_remotes() TO steward_agent;
GRANT ALL ON FUNCTION projects.release_remotes() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.slug_of(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.slug_of(p_name text) TO steward_app;
GRANT ALL ON FUNCTION projects.slug_of(p_name text) TO steward_agent;
GRANT ALL ON FUNCTION projects.slug_of(p_name text) TO steward_readonly;

REVOKE ALL ON FUNCTION projects.system_project() FROM PUBLIC;
GRANT ALL ON FUNCTION projects.system_project() TO steward_app;
GRANT ALL ON FUNCTION projects.system_project() TO steward_agent;
GRANT ALL ON FUNCTION projects.system_project() TO steward_readonly;

REVOKE ALL ON FUNCTION projects.take_numbers(p_project_id uuid, p_count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION projects.take_numbers(p_project_id uuid, p_count integer) TO steward_app;
GRANT ALL ON FUNCTION projects.take_numbers(p_project_id uuid, p_count integer) TO steward_agent;
GRANT ALL ON FUNCTION projects.take_numbers(p_project_id uuid, p_count integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb(p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb, OUT messages integer, OUT tools integer, OUT responses integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb(p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb, OUT messages integer, OUT tools integer, OUT responses integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb(p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb, OUT messages integer, OUT tools integer, OUT responses integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb(p_sessions jsonb, p_messages jsonb, p_tools jsonb, p_commits jsonb, p_usage jsonb, p_ties jsonb, OUT messages integer, OUT tools integer, OUT responses integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb_commits(p_commits jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb_commits(p_commits jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb_commits(p_commits jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb_commits(p_commits jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb_messages(p_messages jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb_messages(p_messages jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb_messages(p_messages jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb_messages(p_messages jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb_ties(p_ties jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb_ties(p_ties jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb_ties(p_ties jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb_ties(p_ties jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb_tools(p_calls jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb_tools(p_calls jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb_tools(p_calls jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb_tools(p_calls jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.absorb_usage(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absorb_usage(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.absorb_usage(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.absorb_usage(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.acting_session() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.acting_session() TO steward_app;
GRANT ALL ON FUNCTION telemetry.acting_session() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.acting_session() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.add_budget(p_budget jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.add_budget(p_budget jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.add_budget(p_budget jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.add_budget(p_budget jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.agent_costs() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.agent_costs() TO steward_app;
GRANT ALL ON FUNCTION telemetry.agent_costs() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.agent_costs() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.ask_repricing(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.ask_repricing(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean) TO steward_app;
GRANT ALL ON FUNCTION telemetry.ask_repricing(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.ask_repricing(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.attribute_sessions(p_session_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.attribute_sessions(p_session_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.attribute_sessions(p_session_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.attribute_sessions(p_session_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.attribute_within(p_session_ids uuid[], p_from timestamp with time zone[], p_until timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.attribute_within(p_session_ids uuid[], p_from timestamp with time zone[], p_until timestamp with time zone[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.attribute_within(p_session_ids uuid[], p_from timestamp with time zone[], p_until timestamp with time zone[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.attribute_within(p_session_ids uuid[], p_from timestamp with time zone[], p_until timestamp with time zone[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.bucket_of(p_at timestamp with time zone, p_interval text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.bucket_of(p_at timestamp with time zone, p_interval text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.bucket_of(p_at timestamp with time zone, p_interval text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.bucket_of(p_at timestamp with time zone, p_interval text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.budget_gate(p_task_ids uuid[], p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.budget_notices() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.budget_notices() TO steward_app;
GRANT ALL ON FUNCTION telemetry.budget_notices() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.budget_notices() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.budget_refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.budget_states(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.budget_states(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.budget_states(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.budget_states(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.budgets_over(p_task_ids uuid[], p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.client_reported(p_session_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.client_reported(p_session_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.client_reported(p_session_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.client_reported(p_session_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.close_executions(p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.close_executions(p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.close_executions(p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.close_executions(p_task_ids uuid[], p_status text, p_results jsonb[], p_errors text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.day_key(p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.day_key(p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.day_key(p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.day_key(p_by text, p_project_id uuid, p_task_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.usage_days TO steward_app;
GRANT SELECT ON TABLE telemetry.usage_days TO steward_readonly;
GRANT SELECT ON TABLE telemetry.usage_days TO steward_backup;

GRANT SELECT ON TABLE telemetry.usage_deltas TO steward_app;
GRANT SELECT ON TABLE telemetry.usage_deltas TO steward_readonly;
GRANT SELECT ON TABLE telemetry.usage_deltas TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.tasks TO steward_app;
GRANT SELECT ON TABLE work.tasks TO steward_readonly;
GRANT SELECT ON TABLE work.tasks TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.usage_within(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.usage_within(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.usage_within(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.usage_within(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.days_by(p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.days_by(p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.days_by(p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.days_by(p_by text, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.cost_periods(p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.cost_periods(p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.cost_periods(p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.cost_periods(p_days integer[], p_today date, p_longest integer, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.costs_by_source(p_session_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.costs_by_source(p_session_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.costs_by_source(p_session_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.costs_by_source(p_session_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.count_usage() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.count_usage() TO steward_app;
GRANT ALL ON FUNCTION telemetry.count_usage() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.count_usage() TO steward_readonly;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.settings TO steward_app;
GRANT SELECT ON TABLE kit.settings TO steward_readonly;
GRANT SELECT ON TABLE kit.settings TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.day_of(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.day_of(p_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.day_of(p_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.day_of(p_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.day_start(p_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.day_start(p_day date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.day_start(p_day date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.day_start(p_day date) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.tool_calls TO steward_app;
GRANT SELECT ON TABLE telemetry.tool_calls TO steward_readonly;
GRANT SELECT ON TABLE telemetry.tool_calls TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.done_in(p_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.done_in(p_session_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.done_in(p_session_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.done_in(p_session_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.drop_executions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.drop_override(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.drop_override(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.drop_override(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.drop_override(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.end_session(p_session_id uuid, p_outcome text, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.end_session(p_session_id uuid, p_outcome text, p_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.end_session(p_session_id uuid, p_outcome text, p_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.end_session(p_session_id uuid, p_outcome text, p_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.entries_after(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.entries_after(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.entries_after(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.entries_after(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.entries_before(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.entries_before(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.entries_before(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.entries_before(p_session_id uuid, p_part text, p_at timestamp with time zone, p_rank integer, p_sequence bigint, p_id text, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.execution_expired(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.execution_failed(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.execution_finished(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.execution_given_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.execution_released(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.find_messages(p_text text, p_project_id uuid, p_session_id uuid, p_after_time timestamp with time zone, p_after_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.find_messages(p_text text, p_project_id uuid, p_session_id uuid, p_after_time timestamp with time zone, p_after_id uuid, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.find_messages(p_text text, p_project_id uuid, p_session_id uuid, p_after_time timestamp with time zone, p_after_id uuid, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.find_messages(p_text text, p_project_id uuid, p_session_id uuid, p_after_time timestamp with time zone, p_after_id uuid, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.fold_usage() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.fold_usage() TO steward_app;
GRANT ALL ON FUNCTION telemetry.fold_usage() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.fold_usage() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.forget_projection(p_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.forget_projection(p_session_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.forget_projection(p_session_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.forget_projection(p_session_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.hold_names(p_sightings jsonb, p_fresh uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.hold_sessions(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.hold_sessions(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.hold_sessions(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.hold_sessions(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.hooked_outcome(p_session_id uuid, p_at timestamp with time zone, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.hooked_outcome(p_session_id uuid, p_at timestamp with time zone, p_reason text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.hooked_outcome(p_session_id uuid, p_at timestamp with time zone, p_reason text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.hooked_outcome(p_session_id uuid, p_at timestamp with time zone, p_reason text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.in_hours(p_at timestamp with time zone, p_from time without time zone, p_until time without time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.in_hours(p_at timestamp with time zone, p_from time without time zone, p_until time without time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.in_hours(p_at timestamp with time zone, p_from time without time zone, p_until time without time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.in_hours(p_at timestamp with time zone, p_from time without time zone, p_until time without time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.join_names(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.join_names(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.join_names(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.join_names(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.keep_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.keep_sightings(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.keep_sightings(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.keep_sightings(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.keep_sightings(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.leave_executions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.lock_budget(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.lock_budget(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.lock_budget(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.lock_budget(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.lock_stored(p_project_key text, p_session_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.lock_stored(p_project_key text, p_session_id text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.lock_stored(p_project_key text, p_session_id text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.lock_stored(p_project_key text, p_session_id text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.name_by_order(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.name_by_order(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.name_by_order(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.name_by_order(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.named_usage(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.named_usage(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.named_usage(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.named_usage(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.names_of(p_by text, p_keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.names_of(p_by text, p_keys text[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.names_of(p_by text, p_keys text[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.names_of(p_by text, p_keys text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.names_told(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.names_told(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.names_told(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.names_told(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.no_project() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.no_project() TO steward_app;
GRANT ALL ON FUNCTION telemetry.no_project() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.no_project() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.not_ahead(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.not_ahead(p_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.not_ahead(p_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.not_ahead(p_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.note_sessions(p_sessions jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.note_sessions(p_sessions jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.note_sessions(p_sessions jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.note_sessions(p_sessions jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.numbers_beside_names(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.numbers_beside_names(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.numbers_beside_names(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.numbers_beside_names(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.numbers_for_names(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.numbers_for_names(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.numbers_for_names(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.numbers_for_names(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.open_executions(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.orders_told(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.orders_told(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.orders_told(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.orders_told(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.overview_by(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.overview_by(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.overview_by(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.overview_by(p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.period_start(p_period text, p_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.period_start(p_period text, p_day date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.period_start(p_period text, p_day date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.period_start(p_period text, p_day date) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.model_prices TO steward_app;
GRANT SELECT ON TABLE telemetry.model_prices TO steward_readonly;
GRANT SELECT ON TABLE telemetry.model_prices TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.price_for(p_provider text, p_model text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.price_for(p_provider text, p_model text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_app;
GRANT ALL ON FUNCTION telemetry.price_for(p_provider text, p_model text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.price_for(p_provider text, p_model text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.model_names TO steward_app;
GRANT SELECT ON TABLE telemetry.model_names TO steward_readonly;
GRANT SELECT ON TABLE telemetry.model_names TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.price_of(p_name text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.price_of(p_name text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_app;
GRANT ALL ON FUNCTION telemetry.price_of(p_name text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.price_of(p_name text, p_at timestamp with time zone, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.token_usage TO steward_app;
GRANT SELECT ON TABLE telemetry.token_usage TO steward_readonly;
GRANT SELECT ON TABLE telemetry.token_usage TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.priced_anew(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean, p_after_at timestamp with time zone, p_after_id uuid, p_limit bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.priced_anew(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean, p_after_at timestamp with time zone, p_after_id uuid, p_limit bigint) TO steward_app;
GRANT ALL ON FUNCTION telemetry.priced_anew(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean, p_after_at timestamp with time zone, p_after_id uuid, p_limit bigint) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.priced_anew(p_since timestamp with time zone, p_until timestamp with time zone, p_model text, p_project_id uuid, p_unpriced_only boolean, p_after_at timestamp with time zone, p_after_id uuid, p_limit bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_names(p_names jsonb, p_again boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_names(p_names jsonb, p_again boolean) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_names(p_names jsonb, p_again boolean) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_names(p_names jsonb, p_again boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_override(p_price jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_override(p_price jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_override(p_price jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_override(p_price jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_prices(p_prices jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_prices(p_prices jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_prices(p_prices jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_prices(p_prices jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_sessions(p_sessions jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_sessions(p_sessions jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_sessions(p_sessions jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_sessions(p_sessions jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.put_ties(p_ties jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.put_ties(p_ties jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.put_ties(p_ties jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.put_ties(p_ties jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.quality_of(p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.quality_of(p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint) TO steward_app;
GRANT ALL ON FUNCTION telemetry.quality_of(p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.quality_of(p_errors bigint, p_tests_run bigint, p_tests_passed bigint, p_build_attempts bigint, p_build_successes bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.rebuild_days() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.rebuild_days() TO steward_app;
GRANT ALL ON FUNCTION telemetry.rebuild_days() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.rebuild_days() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.refuse_agents(p_permission text, p_said text, p_ask text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.refuse_agents(p_permission text, p_said text, p_ask text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.refuse_agents(p_permission text, p_said text, p_ask text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.refuse_agents(p_permission text, p_said text, p_ask text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.reprice_batch(p_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.reprice_batch(p_id uuid, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.reprice_batch(p_id uuid, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.reprice_batch(p_id uuid, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.responses_within(p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.responses_within(p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.responses_within(p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.responses_within(p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.session_commits TO steward_app;
GRANT SELECT ON TABLE telemetry.session_commits TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_commits TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.responses_by(p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.responses_by(p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.responses_by(p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.responses_by(p_by text, p_session_id uuid, p_project_id uuid, p_task_id uuid, p_epic_id uuid, p_agent_id uuid, p_client text, p_model text, p_since date, p_until date) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.score_session(p_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.score_session(p_session_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.score_session(p_session_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.score_session(p_session_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.score_sessions(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.score_sessions(p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.score_sessions(p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.score_sessions(p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.session_end(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.session_end(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.session_end(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.session_end(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.session_pulse() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.session_pulse() TO steward_app;
GRANT ALL ON FUNCTION telemetry.session_pulse() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.session_pulse() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.session_state(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.session_state(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.session_state(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.session_state(p_end_time timestamp with time zone, p_last_seen_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.session_time_buckets(p_interval text, p_project_id uuid, p_agent_id text, p_from timestamp with time zone, p_until timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.session_time_buckets(p_interval text, p_project_id uuid, p_agent_id text, p_from timestamp with time zone, p_until timestamp with time zone, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.session_time_buckets(p_interval text, p_project_id uuid, p_agent_id text, p_from timestamp with time zone, p_until timestamp with time zone, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.session_time_buckets(p_interval text, p_project_id uuid, p_agent_id text, p_from timestamp with time zone, p_until timestamp with time zone, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.sessions_of(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.sessions_of(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.sessions_of(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.sessions_of(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.settle_hooked_session(p_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.settle_hooked_session(p_session_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.settle_hooked_session(p_session_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.settle_hooked_session(p_session_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.settle_usage(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.settle_usage(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.settle_usage(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.settle_usage(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.sighted_by_source(p_session_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.sighted_by_source(p_session_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.sighted_by_source(p_session_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.sighted_by_source(p_session_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.sighted_usage(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.sighted_usage(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION telemetry.sighted_usage(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.sighted_usage(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.source_rank(p_source text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.source_rank(p_source text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.source_rank(p_source text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.source_rank(p_source text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date) TO steward_app;
GRANT ALL ON FUNCTION telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.spent(p_project_id uuid, p_task_ids uuid[], p_agent_id uuid, p_from date) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.spent_in(p_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.spent_in(p_session_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.spent_in(p_session_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.spent_in(p_session_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.spent_words(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.spent_words(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.spent_words(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.spent_words(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.store_append(p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.store_append(p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint) TO steward_app;
GRANT ALL ON FUNCTION telemetry.store_append(p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.store_append(p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.tell_budgets() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.tell_budgets() TO steward_app;
GRANT ALL ON FUNCTION telemetry.tell_budgets() TO steward_agent;
GRANT ALL ON FUNCTION telemetry.tell_budgets() TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.tie_by_names(p_named jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.tie_by_names(p_named jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.tie_by_names(p_named jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.tie_by_names(p_named jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.tie_run(p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamp with time zone, p_until timestamp with time zone, p_below boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.tie_run(p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamp with time zone, p_until timestamp with time zone, p_below boolean) TO steward_app;
GRANT ALL ON FUNCTION telemetry.tie_run(p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamp with time zone, p_until timestamp with time zone, p_below boolean) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.tie_run(p_task_id uuid, p_execution_id uuid, p_folders text[], p_since timestamp with time zone, p_until timestamp with time zone, p_below boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.told_count(p_metrics jsonb, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.told_count(p_metrics jsonb, p_name text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.told_count(p_metrics jsonb, p_name text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.told_count(p_metrics jsonb, p_name text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.told_prices(p_prices jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.told_prices(p_prices jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.told_prices(p_prices jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.told_prices(p_prices jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.took_ms(p_from timestamp with time zone, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.took_ms(p_from timestamp with time zone, p_until timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION telemetry.took_ms(p_from timestamp with time zone, p_until timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.took_ms(p_from timestamp with time zone, p_until timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.untie(p_session_id uuid, p_task_id uuid, p_source text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.update_budget(p_id uuid, p_budget jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.update_budget(p_id uuid, p_budget jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.update_budget(p_id uuid, p_budget jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.update_budget(p_id uuid, p_budget jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.update_session(p_session_id uuid, p_context jsonb, p_metrics jsonb, p_title text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.update_session(p_session_id uuid, p_context jsonb, p_metrics jsonb, p_title text) TO steward_app;
GRANT ALL ON FUNCTION telemetry.update_session(p_session_id uuid, p_context jsonb, p_metrics jsonb, p_title text) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.update_session(p_session_id uuid, p_context jsonb, p_metrics jsonb, p_title text) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.usage_told(p_sightings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.usage_told(p_sightings jsonb) TO steward_app;
GRANT ALL ON FUNCTION telemetry.usage_told(p_sightings jsonb) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.usage_told(p_sightings jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.usd_to(p_usd numeric, p_digits integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.usd_to(p_usd numeric, p_digits integer) TO steward_app;
GRANT ALL ON FUNCTION telemetry.usd_to(p_usd numeric, p_digits integer) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.usd_to(p_usd numeric, p_digits integer) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.usd_words(p_usd numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.usd_words(p_usd numeric) TO steward_app;
GRANT ALL ON FUNCTION telemetry.usd_words(p_usd numeric) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.usd_words(p_usd numeric) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.usd_of_words(p_spent numeric, p_limit numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.usd_of_words(p_spent numeric, p_limit numeric) TO steward_app;
GRANT ALL ON FUNCTION telemetry.usd_of_words(p_spent numeric, p_limit numeric) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.usd_of_words(p_spent numeric, p_limit numeric) TO steward_readonly;

REVOKE ALL ON FUNCTION telemetry.within_reason(p_told numeric, p_most numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.within_reason(p_told numeric, p_most numeric) TO steward_app;
GRANT ALL ON FUNCTION telemetry.within_reason(p_told numeric, p_most numeric) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.within_reason(p_told numeric, p_most numeric) TO steward_readonly;

GRANT SELECT ON TABLE telemetry.agent_executions TO steward_app;
GRANT SELECT ON TABLE telemetry.agent_executions TO steward_readonly;
GRANT SELECT ON TABLE telemetry.agent_executions TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_tasks TO steward_app;
GRANT SELECT ON TABLE telemetry.session_tasks TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_tasks TO steward_backup;

REVOKE ALL ON FUNCTION telemetry.work_at(p_session_id uuid, p_at timestamp with time zone, p_task_id uuid, p_execution_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.work_at(p_session_id uuid, p_at timestamp with time zone, p_task_id uuid, p_execution_id uuid) TO steward_app;
GRANT ALL ON FUNCTION telemetry.work_at(p_session_id uuid, p_at timestamp with time zone, p_task_id uuid, p_execution_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION telemetry.work_at(p_session_id uuid, p_at timestamp with time zone, p_task_id uuid, p_execution_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.add_words() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.advice(p_kind text, p_text text, p_tasks text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.advice(p_kind text, p_text text, p_tasks text[]) TO steward_app;
GRANT ALL ON FUNCTION work.advice(p_kind text, p_text text, p_tasks text[]) TO steward_agent;
GRANT ALL ON FUNCTION work.advice(p_kind text, p_text text, p_tasks text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.after_dependency_delete() FROM PUBLIC;
GRANT ALL ON FUNCTION work.after_dependency_delete() TO steward_app;
GRANT ALL ON FUNCTION work.after_dependency_delete() TO steward_agent;
GRANT ALL ON FUNCTION work.after_dependency_delete() TO steward_readonly;

REVOKE ALL ON FUNCTION work.after_dependency_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION work.after_dependency_insert() TO steward_app;
GRANT ALL ON FUNCTION work.after_dependency_insert() TO steward_agent;
GRANT ALL ON FUNCTION work.after_dependency_insert() TO steward_readonly;

REVOKE ALL ON FUNCTION work.after_task_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION work.after_task_insert() TO steward_app;
GRANT ALL ON FUNCTION work.after_task_insert() TO steward_agent;
GRANT ALL ON FUNCTION work.after_task_insert() TO steward_readonly;

REVOKE ALL ON FUNCTION work.after_task_update() FROM PUBLIC;
GRANT ALL ON FUNCTION work.after_task_update() TO steward_app;
GRANT ALL ON FUNCTION work.after_task_update() TO steward_agent;
GRANT ALL ON FUNCTION work.after_task_update() TO steward_readonly;

REVOKE ALL ON FUNCTION work.agent_figures() FROM PUBLIC;
GRANT ALL ON FUNCTION work.agent_figures() TO steward_app;
GRANT ALL ON FUNCTION work.agent_figures() TO steward_agent;
GRANT ALL ON FUNCTION work.agent_figures() TO steward_readonly;

REVOKE ALL ON FUNCTION work.analyse_tasks(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.analyse_tasks(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.analyse_tasks(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.analyse_tasks(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.answer_question(p_id uuid, p_answer text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.answer_question(p_id uuid, p_answer text) TO steward_app;
GRANT ALL ON FUNCTION work.answer_question(p_id uuid, p_answer text) TO steward_agent;
GRANT ALL ON FUNCTION work.answer_question(p_id uuid, p_answer text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.ask_question(p_task_id uuid, p_token bigint, p_question text, p_choices text[], p_urgency integer, p_user_id uuid, p_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.ask_question(p_task_id uuid, p_token bigint, p_question text, p_choices text[], p_urgency integer, p_user_id uuid, p_expires_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION work.ask_question(p_task_id uuid, p_token bigint, p_question text, p_choices text[], p_urgency integer, p_user_id uuid, p_expires_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION work.ask_question(p_task_id uuid, p_token bigint, p_question text, p_choices text[], p_urgency integer, p_user_id uuid, p_expires_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION work.blocked_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.blocked_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.blocked_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.blocked_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_readonly;

GRANT SELECT ON TABLE work.workflow_analytics TO steward_app;
GRANT SELECT ON TABLE work.workflow_analytics TO steward_readonly;
GRANT SELECT ON TABLE work.workflow_analytics TO steward_backup;

REVOKE ALL ON FUNCTION work.calculate_workflow_analytics(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.calculate_workflow_analytics(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.calculate_workflow_analytics(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.calculate_workflow_analytics(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_children(p_done uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_children(p_done uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.check_children(p_done uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.check_children(p_done uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_cycles(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_cycles(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.check_cycles(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.check_cycles(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_devlog_tie() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_devlog_tie() TO steward_app;
GRANT ALL ON FUNCTION work.check_devlog_tie() TO steward_agent;
GRANT ALL ON FUNCTION work.check_devlog_tie() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_epic_cycles() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_epic_cycles() TO steward_app;
GRANT ALL ON FUNCTION work.check_epic_cycles() TO steward_agent;
GRANT ALL ON FUNCTION work.check_epic_cycles() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_epic_status() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_epic_status() TO steward_app;
GRANT ALL ON FUNCTION work.check_epic_status() TO steward_agent;
GRANT ALL ON FUNCTION work.check_epic_status() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_issue_status() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_issue_status() TO steward_app;
GRANT ALL ON FUNCTION work.check_issue_status() TO steward_agent;
GRANT ALL ON FUNCTION work.check_issue_status() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_numbers() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_numbers() TO steward_app;
GRANT ALL ON FUNCTION work.check_numbers() TO steward_agent;
GRANT ALL ON FUNCTION work.check_numbers() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_parents(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_parents(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.check_parents(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.check_parents(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_status() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_status() TO steward_app;
GRANT ALL ON FUNCTION work.check_status() TO steward_agent;
GRANT ALL ON FUNCTION work.check_status() TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_transition(p_kind text, p_name text, p_from text, p_to text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_transition(p_kind text, p_name text, p_from text, p_to text) TO steward_app;
GRANT ALL ON FUNCTION work.check_transition(p_kind text, p_name text, p_from text, p_to text) TO steward_agent;
GRANT ALL ON FUNCTION work.check_transition(p_kind text, p_name text, p_from text, p_to text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.check_workflow_status() FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_workflow_status() TO steward_app;
GRANT ALL ON FUNCTION work.check_workflow_status() TO steward_agent;
GRANT ALL ON FUNCTION work.check_workflow_status() TO steward_readonly;

REVOKE ALL ON FUNCTION work.claim_tasks(p_agent_id uuid, p_project_id uuid, p_labels text[], p_limit integer, p_lease_seconds integer, p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.claim_tasks(p_agent_id uuid, p_project_id uuid, p_labels text[], p_limit integer, p_lease_seconds integer, p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.claim_tasks(p_agent_id uuid, p_project_id uuid, p_labels text[], p_limit integer, p_lease_seconds integer, p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.claim_tasks(p_agent_id uuid, p_project_id uuid, p_labels text[], p_limit integer, p_lease_seconds integer, p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.close_question(p_id uuid, p_status text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.close_question(p_id uuid, p_status text, p_reason text) TO steward_app;
GRANT ALL ON FUNCTION work.close_question(p_id uuid, p_status text, p_reason text) TO steward_agent;
GRANT ALL ON FUNCTION work.close_question(p_id uuid, p_status text, p_reason text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.count_failure(p_task_id uuid, p_reason text, p_final boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.count_failure(p_task_id uuid, p_reason text, p_final boolean) TO steward_app;
GRANT ALL ON FUNCTION work.count_failure(p_task_id uuid, p_reason text, p_final boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.count_failure(p_task_id uuid, p_reason text, p_final boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.count_rows() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.count_tasks() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.delete_task(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_task(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.delete_task(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.delete_task(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) TO steward_app;
GRANT ALL ON FUNCTION work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) TO steward_agent;
GRANT ALL ON FUNCTION work.expire_lease(p_task_id uuid, p_agent_id uuid, p_reason text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.expire_questions(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.expire_questions(p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.expire_questions(p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.expire_questions(p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.fail_task(p_task_id uuid, p_token bigint, p_reason text, p_final boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fail_task(p_task_id uuid, p_token bigint, p_reason text, p_final boolean) TO steward_app;
GRANT ALL ON FUNCTION work.fail_task(p_task_id uuid, p_token bigint, p_reason text, p_final boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.fail_task(p_task_id uuid, p_token bigint, p_reason text, p_final boolean) TO steward_readonly;

GRANT SELECT,INSERT,UPDATE ON TABLE accounts.users TO steward_app;
GRANT SELECT ON TABLE accounts.users TO steward_backup;

GRANT SELECT(id) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(username) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(email) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(display_name) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(role) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(is_active) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(is_service_account) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(is_email_verified) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(avatar_url) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(github_username) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(github_user_id) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(preferences) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(metadata) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(version) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(created_at) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(updated_at) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(last_login_at) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT(deleted_at) ON TABLE accounts.users TO steward_readonly;

GRANT SELECT,INSERT,UPDATE ON TABLE agents.agents TO steward_app;
GRANT SELECT ON TABLE agents.agents TO steward_agent;
GRANT SELECT ON TABLE agents.agents TO steward_readonly;
GRANT SELECT ON TABLE agents.agents TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE projects.projects TO steward_app;
GRANT SELECT ON TABLE projects.projects TO steward_agent;
GRANT SELECT ON TABLE projects.projects TO steward_readonly;
GRANT SELECT ON TABLE projects.projects TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.ready_queue TO steward_app;
GRANT SELECT ON TABLE work.ready_queue TO steward_readonly;
GRANT SELECT ON TABLE work.ready_queue TO steward_backup;

GRANT SELECT,INSERT,DELETE ON TABLE work.task_dependencies TO steward_app;
GRANT SELECT ON TABLE work.task_dependencies TO steward_readonly;
GRANT SELECT ON TABLE work.task_dependencies TO steward_backup;

GRANT SELECT ON TABLE work.task_list TO steward_app;
GRANT SELECT ON TABLE work.task_list TO steward_readonly;
GRANT SELECT ON TABLE work.task_list TO steward_backup;

REVOKE ALL ON FUNCTION work.filter_tasks(p_filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.filter_tasks(p_filter jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.filter_tasks(p_filter jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.filter_tasks(p_filter jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.finish_task(p_task_id uuid, p_token bigint, p_result jsonb, p_actual_minutes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finish_task(p_task_id uuid, p_token bigint, p_result jsonb, p_actual_minutes integer) TO steward_app;
GRANT ALL ON FUNCTION work.finish_task(p_task_id uuid, p_token bigint, p_result jsonb, p_actual_minutes integer) TO steward_agent;
GRANT ALL ON FUNCTION work.finish_task(p_task_id uuid, p_token bigint, p_result jsonb, p_actual_minutes integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.finish_tasks(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[], p_actual_minutes integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finish_tasks(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[], p_actual_minutes integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.finish_tasks(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[], p_actual_minutes integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.finish_tasks(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[], p_actual_minutes integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.finished_before(p_task_ids uuid[], p_tokens bigint[], p_results jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.fold_counts() FROM PUBLIC;
GRANT ALL ON FUNCTION work.fold_counts() TO steward_app;

REVOKE ALL ON FUNCTION work.follow_project() FROM PUBLIC;
GRANT ALL ON FUNCTION work.follow_project() TO steward_app;
GRANT ALL ON FUNCTION work.follow_project() TO steward_agent;
GRANT ALL ON FUNCTION work.follow_project() TO steward_readonly;

REVOKE ALL ON FUNCTION work.forget_files(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.forget_files(p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.forget_files(p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.forget_files(p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.forget_fronts() FROM PUBLIC;
GRANT ALL ON FUNCTION work.forget_fronts() TO steward_app;

REVOKE ALL ON FUNCTION work.free_places(p_agent_id uuid, p_name text, p_max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.free_places(p_agent_id uuid, p_name text, p_max integer) TO steward_app;
GRANT ALL ON FUNCTION work.free_places(p_agent_id uuid, p_name text, p_max integer) TO steward_agent;
GRANT ALL ON FUNCTION work.free_places(p_agent_id uuid, p_name text, p_max integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.front_of(p_project_id uuid, p_capabilities text[], OUT rank smallint, OUT number bigint, OUT early uuid[], OUT due boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.front_of(p_project_id uuid, p_capabilities text[], OUT rank smallint, OUT number bigint, OUT early uuid[], OUT due boolean) TO steward_app;
GRANT ALL ON FUNCTION work.front_of(p_project_id uuid, p_capabilities text[], OUT rank smallint, OUT number bigint, OUT early uuid[], OUT due boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.front_of(p_project_id uuid, p_capabilities text[], OUT rank smallint, OUT number bigint, OUT early uuid[], OUT due boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.give_back_task(p_task_id uuid, p_token bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.give_back_task(p_task_id uuid, p_token bigint, p_reason text) TO steward_app;
GRANT ALL ON FUNCTION work.give_back_task(p_task_id uuid, p_token bigint, p_reason text) TO steward_agent;
GRANT ALL ON FUNCTION work.give_back_task(p_task_id uuid, p_token bigint, p_reason text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.graph_around(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.graph_around(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.graph_around(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.graph_around(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.graph_within(p_filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.graph_within(p_filter jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.graph_within(p_filter jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.graph_within(p_filter jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer) TO steward_app;
GRANT ALL ON FUNCTION work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer) TO steward_agent;
GRANT ALL ON FUNCTION work.heartbeat_task(p_task_id uuid, p_token bigint, p_lease_seconds integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.held_for_answer(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.held_for_answer(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.held_for_answer(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.held_for_answer(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.holders_of(p_task_ids uuid[], p_tokens bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.holders_of(p_task_ids uuid[], p_tokens bigint[]) TO steward_app;
GRANT ALL ON FUNCTION work.holders_of(p_task_ids uuid[], p_tokens bigint[]) TO steward_agent;
GRANT ALL ON FUNCTION work.holders_of(p_task_ids uuid[], p_tokens bigint[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.ids_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.in_work(p_project_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.in_work(p_project_id uuid, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.in_work(p_project_id uuid, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.in_work(p_project_id uuid, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.inherit_place() FROM PUBLIC;
GRANT ALL ON FUNCTION work.inherit_place() TO steward_app;
GRANT ALL ON FUNCTION work.inherit_place() TO steward_agent;
GRANT ALL ON FUNCTION work.inherit_place() TO steward_readonly;

REVOKE ALL ON FUNCTION work.is_stray(p_sha256 text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.is_stray(p_sha256 text) TO steward_app;
GRANT ALL ON FUNCTION work.is_stray(p_sha256 text) TO steward_agent;
GRANT ALL ON FUNCTION work.is_stray(p_sha256 text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.item_next(p_kind text, p_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.item_next(p_kind text, p_from text) TO steward_app;
GRANT ALL ON FUNCTION work.item_next(p_kind text, p_from text) TO steward_agent;
GRANT ALL ON FUNCTION work.item_next(p_kind text, p_from text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.keep_file(p_sha256 text, p_size_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.keep_file(p_sha256 text, p_size_bytes bigint) TO steward_app;
GRANT ALL ON FUNCTION work.keep_file(p_sha256 text, p_size_bytes bigint) TO steward_agent;
GRANT ALL ON FUNCTION work.keep_file(p_sha256 text, p_size_bytes bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION work.keep_labels() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.keep_number() FROM PUBLIC;
GRANT ALL ON FUNCTION work.keep_number() TO steward_app;
GRANT ALL ON FUNCTION work.keep_number() TO steward_agent;
GRANT ALL ON FUNCTION work.keep_number() TO steward_readonly;

REVOKE ALL ON FUNCTION work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.labelled_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.leave_question() FROM PUBLIC;
GRANT ALL ON FUNCTION work.leave_question() TO steward_app;
GRANT ALL ON FUNCTION work.leave_question() TO steward_agent;
GRANT ALL ON FUNCTION work.leave_question() TO steward_readonly;

REVOKE ALL ON FUNCTION work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.left_waiting(p_nodes integer, p_from integer[], p_to integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.let_pass(p_task_ids uuid[], p_refusal jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.let_pass(p_task_ids uuid[], p_refusal jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.let_pass(p_task_ids uuid[], p_refusal jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.let_pass(p_task_ids uuid[], p_refusal jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_condition(p_word text, p_value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_condition(p_word text, p_value jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.list_condition(p_word text, p_value jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.list_condition(p_word text, p_value jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_marks(p_filter jsonb, p_query tsquery) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_marks(p_filter jsonb, p_query tsquery) TO steward_app;
GRANT ALL ON FUNCTION work.list_marks(p_filter jsonb, p_query tsquery) TO steward_agent;
GRANT ALL ON FUNCTION work.list_marks(p_filter jsonb, p_query tsquery) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_order(p_order text, OUT sort text, OUT after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_order(p_order text, OUT sort text, OUT after text) TO steward_app;
GRANT ALL ON FUNCTION work.list_order(p_order text, OUT sort text, OUT after text) TO steward_agent;
GRANT ALL ON FUNCTION work.list_order(p_order text, OUT sort text, OUT after text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.list_sort(p_filter jsonb, p_order text, p_sort text, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.list_tasks(p_filter jsonb, p_order text, p_after jsonb, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.list_text(p_text text, OUT query tsquery, OUT guess tsquery, OUT needle text, OUT patterns text[], OUT names tsquery) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_text(p_text text, OUT query tsquery, OUT guess tsquery, OUT needle text, OUT patterns text[], OUT names tsquery) TO steward_app;
GRANT ALL ON FUNCTION work.list_text(p_text text, OUT query tsquery, OUT guess tsquery, OUT needle text, OUT patterns text[], OUT names tsquery) TO steward_agent;
GRANT ALL ON FUNCTION work.list_text(p_text text, OUT query tsquery, OUT guess tsquery, OUT needle text, OUT patterns text[], OUT names tsquery) TO steward_readonly;

REVOKE ALL ON FUNCTION work.listed_with(p_kind text, p_text text, p_project_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.listed_with(p_kind text, p_text text, p_project_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.listed_with(p_kind text, p_text text, p_project_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.listed_with(p_kind text, p_text text, p_project_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.load_of(p_agent_id uuid, p_project_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.load_of(p_agent_id uuid, p_project_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.load_of(p_agent_id uuid, p_project_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.load_of(p_agent_id uuid, p_project_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.lock_free(p_task_ids uuid[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.lock_free(p_task_ids uuid[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.lock_free(p_task_ids uuid[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.lock_free(p_task_ids uuid[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.lock_graphs(p_projects uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.lock_graphs(p_projects uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.lock_graphs(p_projects uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.lock_graphs(p_projects uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.lock_question(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.lock_question(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.lock_question(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.lock_question(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.longest_chain(p_order integer[], p_from integer[], p_to integer[], p_minutes integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.look_behind(p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.look_behind(p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.look_behind(p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.look_behind(p_project_id uuid, p_labels text[], p_capabilities text[], p_seen uuid[], p_barred uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.may_become(p_from text, p_to text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.may_become(p_from text, p_to text) TO steward_app;
GRANT ALL ON FUNCTION work.may_become(p_from text, p_to text) TO steward_agent;
GRANT ALL ON FUNCTION work.may_become(p_from text, p_to text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.may_claim(p_task_ids uuid[], p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.minutes_since_start(p_task_id uuid, p_started_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.minutes_since_start(p_task_id uuid, p_started_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION work.minutes_since_start(p_task_id uuid, p_started_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION work.minutes_since_start(p_task_id uuid, p_started_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION work.name_task(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.name_task(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.name_task(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.name_task(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.name_words(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.name_words(p_limit integer) TO steward_app;

REVOKE ALL ON FUNCTION work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) TO steward_app;
GRANT ALL ON FUNCTION work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) TO steward_agent;
GRANT ALL ON FUNCTION work.next_claimable(p_project_id uuid, p_labels text[], p_capabilities text[], p_agent text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.next_statuses(p_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.next_statuses(p_from text) TO steward_app;
GRANT ALL ON FUNCTION work.next_statuses(p_from text) TO steward_agent;
GRANT ALL ON FUNCTION work.next_statuses(p_from text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.note_failure(p_task_id uuid, p_agent_id uuid, p_detail jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.note_freed() FROM PUBLIC;
GRANT ALL ON FUNCTION work.note_freed() TO steward_app;
GRANT ALL ON FUNCTION work.note_freed() TO steward_agent;
GRANT ALL ON FUNCTION work.note_freed() TO steward_readonly;

REVOKE ALL ON FUNCTION work.number_epic() FROM PUBLIC;
GRANT ALL ON FUNCTION work.number_epic() TO steward_app;
GRANT ALL ON FUNCTION work.number_epic() TO steward_agent;
GRANT ALL ON FUNCTION work.number_epic() TO steward_readonly;

REVOKE ALL ON FUNCTION work.number_task() FROM PUBLIC;
GRANT ALL ON FUNCTION work.number_task() TO steward_app;
GRANT ALL ON FUNCTION work.number_task() TO steward_agent;
GRANT ALL ON FUNCTION work.number_task() TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_claim(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_fail(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_finish(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_give_back(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_release(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_app;
GRANT ALL ON FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_agent;
GRANT ALL ON FUNCTION work.on_start(p_task_ids uuid[], p_agent_ids uuid[], p_details jsonb[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.out_of_the_way(p_status text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.out_of_the_way(p_status text) TO steward_app;
GRANT ALL ON FUNCTION work.out_of_the_way(p_status text) TO steward_agent;
GRANT ALL ON FUNCTION work.out_of_the_way(p_status text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) TO steward_app;
GRANT ALL ON FUNCTION work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.pass(p_task_id uuid, p_token bigint, p_claimed boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.permitted(p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid, p_lock boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.permitted(p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid, p_lock boolean) TO steward_app;
GRANT ALL ON FUNCTION work.permitted(p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid, p_lock boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.permitted(p_task_ids uuid[], p_agent_id uuid, p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid, p_lock boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint) TO steward_app;
GRANT ALL ON FUNCTION work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint) TO steward_agent;
GRANT ALL ON FUNCTION work.pick_from(p_project_id uuid, p_capabilities text[], p_limit integer, p_rank smallint, p_number bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.pick_in_project(p_project_id uuid, p_capabilities text[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.pick_labelled(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.pick_tasks(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer, p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.place_comment() FROM PUBLIC;
GRANT ALL ON FUNCTION work.place_comment() TO steward_app;
GRANT ALL ON FUNCTION work.place_comment() TO steward_agent;
GRANT ALL ON FUNCTION work.place_comment() TO steward_readonly;

REVOKE ALL ON FUNCTION work.place_devlog_part() FROM PUBLIC;
GRANT ALL ON FUNCTION work.place_devlog_part() TO steward_app;
GRANT ALL ON FUNCTION work.place_devlog_part() TO steward_agent;
GRANT ALL ON FUNCTION work.place_devlog_part() TO steward_readonly;

REVOKE ALL ON FUNCTION work.priority_name(p_priority smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.priority_name(p_priority smallint) TO steward_app;
GRANT ALL ON FUNCTION work.priority_name(p_priority smallint) TO steward_agent;
GRANT ALL ON FUNCTION work.priority_name(p_priority smallint) TO steward_readonly;

REVOKE ALL ON FUNCTION work.project_statistics(p_project_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.project_statistics(p_project_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.project_statistics(p_project_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.project_statistics(p_project_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.queue_lock(p_project_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.queue_lock(p_project_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.queue_lock(p_project_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.queue_lock(p_project_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.rarest_label(p_labels text[], p_project_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.rarest_label(p_labels text[], p_project_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.rarest_label(p_labels text[], p_project_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.rarest_label(p_labels text[], p_project_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.ready_among(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.ready_among(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.ready_among(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.ready_among(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.ready_ids(p_project_id uuid, p_labels text[], p_capabilities text[], p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.reap_expired(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.reap_expired(p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.reap_expired(p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.reap_expired(p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.reasons_of(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.reasons_of(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.reasons_of(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.reasons_of(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.recount() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refresh_queue(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refresh_queue(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.refresh_queue(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.refresh_queue(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refresh_touched(p_ids uuid[], p_parents uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refresh_touched(p_ids uuid[], p_parents uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.refresh_touched(p_ids uuid[], p_parents uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.refresh_touched(p_ids uuid[], p_parents uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refusals(p_task_ids uuid[], p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.refusals(p_task_ids uuid[], p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refuse_closed(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refuse_closed(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.refuse_closed(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.refuse_closed(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refuse_done(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refuse_done(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.refuse_done(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.refuse_done(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refuse_held(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refuse_held(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.refuse_held(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.refuse_held(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.refused(p_refusal jsonb, p_word text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.refused(p_refusal jsonb, p_word text) TO steward_app;
GRANT ALL ON FUNCTION work.refused(p_refusal jsonb, p_word text) TO steward_agent;
GRANT ALL ON FUNCTION work.refused(p_refusal jsonb, p_word text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean) TO steward_app;
GRANT ALL ON FUNCTION work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.register_extension(p_point text, p_position integer, p_function text, p_at_once boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.release(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.release(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.release(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.release(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.renew(p_task_id uuid, p_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.renew(p_task_id uuid, p_token bigint) TO steward_app;
GRANT ALL ON FUNCTION work.renew(p_task_id uuid, p_token bigint) TO steward_agent;
GRANT ALL ON FUNCTION work.renew(p_task_id uuid, p_token bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION work.renew_words() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.requeue_task(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.requeue_task(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.requeue_task(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.requeue_task(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.resume_task(p_question_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.resume_task(p_question_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.resume_task(p_question_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.resume_task(p_question_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.routing_task(p_words text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.routing_task(p_words text) TO steward_app;
GRANT ALL ON FUNCTION work.routing_task(p_words text) TO steward_agent;
GRANT ALL ON FUNCTION work.routing_task(p_words text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search(p_text text, p_project_id uuid, p_kinds text[], p_limit integer, p_after_rank real, p_after_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search(p_text text, p_project_id uuid, p_kinds text[], p_limit integer, p_after_rank real, p_after_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.search(p_text text, p_project_id uuid, p_kinds text[], p_limit integer, p_after_rank real, p_after_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.search(p_text text, p_project_id uuid, p_kinds text[], p_limit integer, p_after_rank real, p_after_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_among(p_kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_among(p_kind text) TO steward_app;
GRANT ALL ON FUNCTION work.search_among(p_kind text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_among(p_kind text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_candidates(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_newest integer, p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_candidates(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_newest integer, p_most integer) TO steward_app;
GRANT ALL ON FUNCTION work.search_candidates(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_newest integer, p_most integer) TO steward_agent;
GRANT ALL ON FUNCTION work.search_candidates(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_newest integer, p_most integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_clean(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_clean(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_clean(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_clean(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_endings(p_stem text, p_word text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_endings(p_stem text, p_word text) TO steward_app;
GRANT ALL ON FUNCTION work.search_endings(p_stem text, p_word text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_endings(p_stem text, p_word text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_expected(p_kind text, p_query tsquery) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_expected(p_kind text, p_query tsquery) TO steward_app;
GRANT ALL ON FUNCTION work.search_expected(p_kind text, p_query tsquery) TO steward_agent;
GRANT ALL ON FUNCTION work.search_expected(p_kind text, p_query tsquery) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_is_common(p_kind text, p_query tsquery, p_factor double precision, p_among double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_is_common(p_kind text, p_query tsquery, p_factor double precision, p_among double precision) TO steward_app;
GRANT ALL ON FUNCTION work.search_is_common(p_kind text, p_query tsquery, p_factor double precision, p_among double precision) TO steward_agent;
GRANT ALL ON FUNCTION work.search_is_common(p_kind text, p_query tsquery, p_factor double precision, p_among double precision) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_kind(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_kind(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_most integer) TO steward_app;
GRANT ALL ON FUNCTION work.search_kind(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_most integer) TO steward_agent;
GRANT ALL ON FUNCTION work.search_kind(p_kind text, p_query tsquery, p_guess tsquery, p_exact tsquery, p_needles text[], p_patterns text[], p_projects uuid[], p_project_id uuid, p_most integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_term(p_word text, p_beginning boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_term(p_word text, p_beginning boolean) TO steward_app;
GRANT ALL ON FUNCTION work.search_term(p_word text, p_beginning boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.search_term(p_word text, p_beginning boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_mark(p_mark text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_mark(p_mark text) TO steward_app;
GRANT ALL ON FUNCTION work.search_mark(p_mark text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_mark(p_mark text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_named(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_named(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_named(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_named(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_names(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_names(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_names(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_names(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer) TO steward_app;
GRANT ALL ON FUNCTION work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer) TO steward_agent;
GRANT ALL ON FUNCTION work.search_newest(p_kind text, p_guess tsquery, p_is_phrase boolean, p_project_id uuid, p_most integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) TO steward_app;
GRANT ALL ON FUNCTION work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.search_part(p_tokens text[], p_exact boolean, p_unfinished boolean, p_negative boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_parts(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_parts(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_parts(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_parts(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_query(p_text text, OUT query tsquery, OUT guess tsquery, OUT exact tsquery, OUT needle text, OUT needles text[], OUT patterns text[], OUT marks text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_query(p_text text, OUT query tsquery, OUT guess tsquery, OUT exact tsquery, OUT needle text, OUT needles text[], OUT patterns text[], OUT marks text[]) TO steward_app;
GRANT ALL ON FUNCTION work.search_query(p_text text, OUT query tsquery, OUT guess tsquery, OUT exact tsquery, OUT needle text, OUT needles text[], OUT patterns text[], OUT marks text[]) TO steward_agent;
GRANT ALL ON FUNCTION work.search_query(p_text text, OUT query tsquery, OUT guess tsquery, OUT exact tsquery, OUT needle text, OUT needles text[], OUT patterns text[], OUT marks text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_reference(p_text text, p_projects uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_reference(p_text text, p_projects uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.search_reference(p_text text, p_projects uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.search_reference(p_text text, p_projects uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_shown(p_kind text, p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_shown(p_kind text, p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.search_shown(p_kind text, p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.search_shown(p_kind text, p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_source(p_kind text, OUT relation text, OUT id text, OUT live text, OUT words text, OUT said text, OUT title text, OUT body text, OUT numbered boolean, OUT counted text, OUT indexed text, OUT matches text, OUT newest text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_source(p_kind text, OUT relation text, OUT id text, OUT live text, OUT words text, OUT said text, OUT title text, OUT body text, OUT numbered boolean, OUT counted text, OUT indexed text, OUT matches text, OUT newest text) TO steward_app;
GRANT ALL ON FUNCTION work.search_source(p_kind text, OUT relation text, OUT id text, OUT live text, OUT words text, OUT said text, OUT title text, OUT body text, OUT numbered boolean, OUT counted text, OUT indexed text, OUT matches text, OUT newest text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_source(p_kind text, OUT relation text, OUT id text, OUT live text, OUT words text, OUT said text, OUT title text, OUT body text, OUT numbered boolean, OUT counted text, OUT indexed text, OUT matches text, OUT newest text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_start(p_tokens text[], p_exact boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_start(p_tokens text[], p_exact boolean) TO steward_app;
GRANT ALL ON FUNCTION work.search_start(p_tokens text[], p_exact boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.search_start(p_tokens text[], p_exact boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_stem(p_word text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_stem(p_word text) TO steward_app;
GRANT ALL ON FUNCTION work.search_stem(p_word text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_stem(p_word text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_tokens(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_tokens(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_tokens(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_tokens(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_word(p_word text, p_unfinished boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_word(p_word text, p_unfinished boolean) TO steward_app;
GRANT ALL ON FUNCTION work.search_word(p_word text, p_unfinished boolean) TO steward_agent;
GRANT ALL ON FUNCTION work.search_word(p_word text, p_unfinished boolean) TO steward_readonly;

REVOKE ALL ON FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.search_words(p_project_id uuid, p_marks text[], p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.stamp_devlog() FROM PUBLIC;
GRANT ALL ON FUNCTION work.stamp_devlog() TO steward_app;
GRANT ALL ON FUNCTION work.stamp_devlog() TO steward_agent;
GRANT ALL ON FUNCTION work.stamp_devlog() TO steward_readonly;

REVOKE ALL ON FUNCTION work.start_task(p_task_id uuid, p_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.start_task(p_task_id uuid, p_token bigint) TO steward_app;
GRANT ALL ON FUNCTION work.start_task(p_task_id uuid, p_token bigint) TO steward_agent;
GRANT ALL ON FUNCTION work.start_task(p_task_id uuid, p_token bigint) TO steward_readonly;

REVOKE ALL ON FUNCTION work.take_figures() FROM PUBLIC;
GRANT ALL ON FUNCTION work.take_figures() TO steward_app;

REVOKE ALL ON FUNCTION work.task_links(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.task_links(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.task_links(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.task_links(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.task_words_of(p_task_id uuid, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.task_words_of(p_task_id uuid, p_version integer) TO steward_app;
GRANT ALL ON FUNCTION work.task_words_of(p_task_id uuid, p_version integer) TO steward_agent;
GRANT ALL ON FUNCTION work.task_words_of(p_task_id uuid, p_version integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.tasks_among(p_project_id uuid, p_statuses jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.tasks_among(p_project_id uuid, p_statuses jsonb) TO steward_app;
GRANT ALL ON FUNCTION work.tasks_among(p_project_id uuid, p_statuses jsonb) TO steward_agent;
GRANT ALL ON FUNCTION work.tasks_among(p_project_id uuid, p_statuses jsonb) TO steward_readonly;

REVOKE ALL ON FUNCTION work.tell_expiry(p_task_id uuid, p_agent_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.tell_expiry(p_task_id uuid, p_agent_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.tell_expiry(p_task_id uuid, p_agent_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.tell_expiry(p_task_id uuid, p_agent_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.text_items(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.text_items(p_text text) TO steward_app;
GRANT ALL ON FUNCTION work.text_items(p_text text) TO steward_agent;
GRANT ALL ON FUNCTION work.text_items(p_text text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.touched_by(p_ids uuid[], p_parents uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.touched_by(p_ids uuid[], p_parents uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.touched_by(p_ids uuid[], p_parents uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.touched_by(p_ids uuid[], p_parents uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.untied(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.untied(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.untied(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.untied(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waited_ms(p_task_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waited_ms(p_task_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.waited_ms(p_task_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.waited_ms(p_task_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.waiting_counts(p_nodes integer, p_order integer[], p_from integer[], p_to integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.waiting_order(p_nodes integer, p_from integer[], p_to integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waiting_since(p_task_id uuid, p_created_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waiting_since(p_task_id uuid, p_created_at timestamp with time zone) TO steward_app;
GRANT ALL ON FUNCTION work.waiting_since(p_task_id uuid, p_created_at timestamp with time zone) TO steward_agent;
GRANT ALL ON FUNCTION work.waiting_since(p_task_id uuid, p_created_at timestamp with time zone) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waiting_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waiting_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_app;
GRANT ALL ON FUNCTION work.waiting_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_agent;
GRANT ALL ON FUNCTION work.waiting_tasks(p_project_id uuid, p_task_id uuid, p_limit integer) TO steward_readonly;

REVOKE ALL ON FUNCTION work.waits_of(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.waits_of(p_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.waits_of(p_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.waits_of(p_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.with_descendants(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.with_descendants(p_ids uuid[]) TO steward_app;
GRANT ALL ON FUNCTION work.with_descendants(p_ids uuid[]) TO steward_agent;
GRANT ALL ON FUNCTION work.with_descendants(p_ids uuid[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.withdraw_question(p_id uuid, p_token bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.withdraw_question(p_id uuid, p_token bigint, p_reason text) TO steward_app;
GRANT ALL ON FUNCTION work.withdraw_question(p_id uuid, p_token bigint, p_reason text) TO steward_agent;
GRANT ALL ON FUNCTION work.withdraw_question(p_id uuid, p_token bigint, p_reason text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_bottlenecks(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_bottlenecks(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_bottlenecks(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_bottlenecks(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_figures(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_figures(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_figures(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_figures(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_graph(p_workflow_id uuid, OUT ids uuid[], OUT minutes integer[], OUT is_open boolean[], OUT from_nodes integer[], OUT to_nodes integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_graph(p_workflow_id uuid, OUT ids uuid[], OUT minutes integer[], OUT is_open boolean[], OUT from_nodes integer[], OUT to_nodes integer[]) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_graph(p_workflow_id uuid, OUT ids uuid[], OUT minutes integer[], OUT is_open boolean[], OUT from_nodes integer[], OUT to_nodes integer[]) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_graph(p_workflow_id uuid, OUT ids uuid[], OUT minutes integer[], OUT is_open boolean[], OUT from_nodes integer[], OUT to_nodes integer[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_open_tasks(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_open_tasks(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_open_tasks(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_open_tasks(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_opportunities(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_opportunities(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_opportunities(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_opportunities(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_places(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_places(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_places(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_places(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.workflow_utilization(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.workflow_utilization(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.workflow_utilization(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.workflow_utilization(p_workflow_id uuid) TO steward_readonly;

REVOKE ALL ON FUNCTION work.write_front(p_project_id uuid, p_capabilities text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.write_front(p_project_id uuid, p_capabilities text[]) TO steward_app;
GRANT ALL ON FUNCTION work.write_front(p_project_id uuid, p_capabilities text[]) TO steward_agent;
GRANT ALL ON FUNCTION work.write_front(p_project_id uuid, p_capabilities text[]) TO steward_readonly;

REVOKE ALL ON FUNCTION work.write_point(p_point text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.write_point(p_point text) TO steward_app;
GRANT ALL ON FUNCTION work.write_point(p_point text) TO steward_agent;
GRANT ALL ON FUNCTION work.write_point(p_point text) TO steward_readonly;

REVOKE ALL ON FUNCTION work.write_workflow_analytics(p_workflow_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.write_workflow_analytics(p_workflow_id uuid) TO steward_app;
GRANT ALL ON FUNCTION work.write_workflow_analytics(p_workflow_id uuid) TO steward_agent;
GRANT ALL ON FUNCTION work.write_workflow_analytics(p_workflow_id uuid) TO steward_readonly;

GRANT SELECT,INSERT,UPDATE ON TABLE accounts.api_keys TO steward_app;
GRANT SELECT ON TABLE accounts.api_keys TO steward_backup;

GRANT SELECT(id) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(user_id) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(name) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(key_prefix) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(agent_name) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(is_active) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(expires_at) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(last_used_at) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(revoked_at) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(version) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(created_at) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT(updated_at) ON TABLE accounts.api_keys TO steward_readonly;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE accounts.login_sessions TO steward_app;
GRANT SELECT ON TABLE accounts.login_sessions TO steward_backup;

GRANT SELECT(id) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(user_id) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(link_expires_at) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(redeemed_at) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(expires_at) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(revoked_at) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT(created_at) ON TABLE accounts.login_sessions TO steward_readonly;

GRANT SELECT ON TABLE accounts.user_summary TO steward_app;
GRANT SELECT ON TABLE accounts.user_summary TO steward_backup;

GRANT SELECT,INSERT ON TABLE agents.agent_routing_decisions TO steward_app;
GRANT SELECT ON TABLE agents.agent_routing_decisions TO steward_agent;
GRANT SELECT ON TABLE agents.agent_routing_decisions TO steward_readonly;
GRANT SELECT ON TABLE agents.agent_routing_decisions TO steward_backup;

GRANT SELECT ON TABLE agents.agent_summary TO steward_app;
GRANT SELECT ON TABLE agents.agent_summary TO steward_agent;
GRANT SELECT ON TABLE agents.agent_summary TO steward_readonly;
GRANT SELECT ON TABLE agents.agent_summary TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE agents.model_providers TO steward_app;
GRANT SELECT ON TABLE agents.model_providers TO steward_agent;
GRANT SELECT ON TABLE agents.model_providers TO steward_readonly;
GRANT SELECT ON TABLE agents.model_providers TO steward_backup;

GRANT SELECT ON TABLE agents.routing_sources TO steward_app;
GRANT SELECT ON TABLE agents.routing_sources TO steward_agent;
GRANT SELECT ON TABLE agents.routing_sources TO steward_readonly;
GRANT SELECT ON TABLE agents.routing_sources TO steward_backup;

GRANT SELECT ON SEQUENCE audit.audit_logs_id_seq TO steward_backup;

GRANT SELECT ON TABLE audit.audit_logs TO steward_app;
GRANT SELECT ON TABLE audit.audit_logs TO steward_readonly;
GRANT SELECT ON TABLE audit.audit_logs TO steward_backup;

GRANT SELECT ON TABLE audit.audit_payloads TO steward_app;
GRANT SELECT ON TABLE audit.audit_payloads TO steward_readonly;
GRANT SELECT ON TABLE audit.audit_payloads TO steward_backup;

GRANT SELECT ON TABLE audit.audit_log_summary TO steward_app;
GRANT SELECT ON TABLE audit.audit_log_summary TO steward_readonly;
GRANT SELECT ON TABLE audit.audit_log_summary TO steward_backup;

GRANT SELECT ON TABLE audit.audit_logs_rest TO steward_app;
GRANT SELECT ON TABLE audit.audit_logs_rest TO steward_readonly;
GRANT SELECT ON TABLE audit.audit_logs_rest TO steward_backup;

GRANT SELECT ON TABLE audit.audit_payloads_rest TO steward_app;
GRANT SELECT ON TABLE audit.audit_payloads_rest TO steward_readonly;
GRANT SELECT ON TABLE audit.audit_payloads_rest TO steward_backup;

GRANT SELECT ON TABLE audit.project_activity TO steward_app;
GRANT SELECT ON TABLE audit.project_activity TO steward_readonly;
GRANT SELECT ON TABLE audit.project_activity TO steward_backup;

GRANT SELECT ON TABLE kit.alembic_version TO steward_app;
GRANT SELECT ON TABLE kit.alembic_version TO steward_readonly;
GRANT SELECT ON TABLE kit.alembic_version TO steward_backup;

GRANT SELECT ON TABLE kit.code_objects TO steward_app;
GRANT SELECT ON TABLE kit.code_objects TO steward_readonly;
GRANT SELECT ON TABLE kit.code_objects TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.job_runs TO steward_app;
GRANT SELECT ON TABLE kit.job_runs TO steward_readonly;
GRANT SELECT ON TABLE kit.job_runs TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.jobs TO steward_app;
GRANT SELECT ON TABLE kit.jobs TO steward_readonly;
GRANT SELECT ON TABLE kit.jobs TO steward_backup;

GRANT SELECT ON SEQUENCE kit.lease_tokens TO steward_backup;
GRANT USAGE ON SEQUENCE kit.lease_tokens TO steward_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.leases TO steward_app;
GRANT SELECT ON TABLE kit.leases TO steward_readonly;
GRANT SELECT ON TABLE kit.leases TO steward_backup;

GRANT SELECT ON TABLE kit.migration_info TO steward_app;
GRANT SELECT ON TABLE kit.migration_info TO steward_readonly;
GRANT SELECT ON TABLE kit.migration_info TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.notices TO steward_app;
GRANT SELECT ON TABLE kit.notices TO steward_readonly;
GRANT SELECT ON TABLE kit.notices TO steward_backup;

GRANT SELECT ON TABLE kit.permissions TO steward_app;
GRANT SELECT ON TABLE kit.permissions TO steward_readonly;
GRANT SELECT ON TABLE kit.permissions TO steward_backup;

GRANT SELECT ON TABLE kit.registered_objects TO steward_app;
GRANT SELECT ON TABLE kit.registered_objects TO steward_readonly;
GRANT SELECT ON TABLE kit.registered_objects TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE kit.request_keys TO steward_app;
GRANT SELECT ON TABLE kit.request_keys TO steward_readonly;
GRANT SELECT ON TABLE kit.request_keys TO steward_backup;

GRANT SELECT ON TABLE kit.schema_migrations TO steward_app;
GRANT SELECT ON TABLE kit.schema_migrations TO steward_readonly;
GRANT SELECT ON TABLE kit.schema_migrations TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projects.machines TO steward_app;
GRANT SELECT ON TABLE projects.machines TO steward_agent;
GRANT SELECT ON TABLE projects.machines TO steward_readonly;
GRANT SELECT ON TABLE projects.machines TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE projects.project_counters TO steward_app;
GRANT SELECT ON TABLE projects.project_counters TO steward_agent;
GRANT SELECT ON TABLE projects.project_counters TO steward_readonly;
GRANT SELECT ON TABLE projects.project_counters TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projects.project_members TO steward_app;
GRANT SELECT ON TABLE projects.project_members TO steward_agent;
GRANT SELECT ON TABLE projects.project_members TO steward_readonly;
GRANT SELECT ON TABLE projects.project_members TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projects.project_remotes TO steward_app;
GRANT SELECT ON TABLE projects.project_remotes TO steward_agent;
GRANT SELECT ON TABLE projects.project_remotes TO steward_readonly;
GRANT SELECT ON TABLE projects.project_remotes TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projects.workspaces TO steward_app;
GRANT SELECT ON TABLE projects.workspaces TO steward_agent;
GRANT SELECT ON TABLE projects.workspaces TO steward_readonly;
GRANT SELECT ON TABLE projects.workspaces TO steward_backup;

GRANT SELECT ON TABLE projects.project_summary TO steward_app;
GRANT SELECT ON TABLE projects.project_summary TO steward_agent;
GRANT SELECT ON TABLE projects.project_summary TO steward_readonly;
GRANT SELECT ON TABLE projects.project_summary TO steward_backup;

GRANT SELECT ON TABLE telemetry.agent_execution_summary TO steward_app;
GRANT SELECT ON TABLE telemetry.agent_execution_summary TO steward_readonly;
GRANT SELECT ON TABLE telemetry.agent_execution_summary TO steward_backup;

GRANT SELECT ON TABLE telemetry.daily_usage TO steward_app;
GRANT SELECT ON TABLE telemetry.daily_usage TO steward_readonly;
GRANT SELECT ON TABLE telemetry.daily_usage TO steward_backup;

GRANT SELECT ON TABLE telemetry.agent_figures TO steward_app;
GRANT SELECT ON TABLE telemetry.agent_figures TO steward_readonly;
GRANT SELECT ON TABLE telemetry.agent_figures TO steward_backup;

GRANT SELECT ON TABLE telemetry.agent_sessions TO steward_app;
GRANT SELECT ON TABLE telemetry.agent_sessions TO steward_readonly;
GRANT SELECT ON TABLE telemetry.agent_sessions TO steward_backup;

GRANT SELECT ON TABLE telemetry.chat_messages TO steward_app;
GRANT SELECT ON TABLE telemetry.chat_messages TO steward_readonly;
GRANT SELECT ON TABLE telemetry.chat_messages TO steward_backup;

GRANT SELECT ON TABLE telemetry.agent_session_summary TO steward_app;
GRANT SELECT ON TABLE telemetry.agent_session_summary TO steward_readonly;
GRANT SELECT ON TABLE telemetry.agent_session_summary TO steward_backup;

GRANT SELECT ON TABLE telemetry.budgets TO steward_app;
GRANT SELECT ON TABLE telemetry.budgets TO steward_readonly;
GRANT SELECT ON TABLE telemetry.budgets TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.epics TO steward_app;
GRANT SELECT ON TABLE work.epics TO steward_readonly;
GRANT SELECT ON TABLE work.epics TO steward_backup;

GRANT SELECT ON TABLE telemetry.budget_list TO steward_app;
GRANT SELECT ON TABLE telemetry.budget_list TO steward_readonly;
GRANT SELECT ON TABLE telemetry.budget_list TO steward_backup;

GRANT SELECT ON TABLE telemetry.chat_sessions TO steward_app;
GRANT SELECT ON TABLE telemetry.chat_sessions TO steward_readonly;
GRANT SELECT ON TABLE telemetry.chat_sessions TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.otel_points TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_points TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_points TO steward_backup;

GRANT SELECT ON TABLE telemetry.metric_deltas TO steward_app;
GRANT SELECT ON TABLE telemetry.metric_deltas TO steward_readonly;
GRANT SELECT ON TABLE telemetry.metric_deltas TO steward_backup;

GRANT SELECT ON TABLE telemetry.client_reported_usage TO steward_app;
GRANT SELECT ON TABLE telemetry.client_reported_usage TO steward_readonly;
GRANT SELECT ON TABLE telemetry.client_reported_usage TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.hook_events TO steward_app;
GRANT SELECT ON TABLE telemetry.hook_events TO steward_readonly;
GRANT SELECT ON TABLE telemetry.hook_events TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.otel_logs TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_logs TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_logs TO steward_backup;

GRANT SELECT ON TABLE telemetry.otel_logs_rest TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_logs_rest TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_logs_rest TO steward_backup;

GRANT SELECT ON TABLE telemetry.otel_points_rest TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_points_rest TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_points_rest TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.otel_resources TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_resources TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_resources TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.otel_spans TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_spans TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_spans TO steward_backup;

GRANT SELECT ON TABLE telemetry.otel_spans_rest TO steward_app;
GRANT SELECT ON TABLE telemetry.otel_spans_rest TO steward_readonly;
GRANT SELECT ON TABLE telemetry.otel_spans_rest TO steward_backup;

GRANT SELECT ON TABLE telemetry.repricings TO steward_app;
GRANT SELECT ON TABLE telemetry.repricings TO steward_readonly;
GRANT SELECT ON TABLE telemetry.repricings TO steward_backup;

GRANT SELECT ON TABLE telemetry.response_commits TO steward_app;
GRANT SELECT ON TABLE telemetry.response_commits TO steward_readonly;
GRANT SELECT ON TABLE telemetry.response_commits TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_spending TO steward_app;
GRANT SELECT ON TABLE telemetry.session_spending TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_spending TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_amounts TO steward_app;
GRANT SELECT ON TABLE telemetry.session_amounts TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_amounts TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_clients TO steward_app;
GRANT SELECT ON TABLE telemetry.session_clients TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_clients TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_list TO steward_app;
GRANT SELECT ON TABLE telemetry.session_list TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_list TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_store TO steward_app;
GRANT SELECT ON TABLE telemetry.session_store TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_store TO steward_backup;

GRANT SELECT ON SEQUENCE telemetry.session_store_position_seq TO steward_backup;

GRANT SELECT ON TABLE telemetry.session_store_summaries TO steward_app;
GRANT SELECT ON TABLE telemetry.session_store_summaries TO steward_readonly;
GRANT SELECT ON TABLE telemetry.session_store_summaries TO steward_backup;

GRANT SELECT ON TABLE telemetry.task_sessions TO steward_app;
GRANT SELECT ON TABLE telemetry.task_sessions TO steward_readonly;
GRANT SELECT ON TABLE telemetry.task_sessions TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.transcript_files TO steward_app;
GRANT SELECT ON TABLE telemetry.transcript_files TO steward_readonly;
GRANT SELECT ON TABLE telemetry.transcript_files TO steward_backup;

GRANT SELECT,INSERT ON TABLE telemetry.transcript_lines TO steward_app;
GRANT SELECT ON TABLE telemetry.transcript_lines TO steward_readonly;
GRANT SELECT ON TABLE telemetry.transcript_lines TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.transcripts TO steward_app;
GRANT SELECT ON TABLE telemetry.transcripts TO steward_readonly;
GRANT SELECT ON TABLE telemetry.transcripts TO steward_backup;

GRANT SELECT ON SEQUENCE telemetry.usage_deltas_id_seq TO steward_backup;

GRANT SELECT ON TABLE telemetry.usage_keys TO steward_app;
GRANT SELECT ON TABLE telemetry.usage_keys TO steward_readonly;
GRANT SELECT ON TABLE telemetry.usage_keys TO steward_backup;

GRANT SELECT ON TABLE telemetry.usage_sightings TO steward_app;
GRANT SELECT ON TABLE telemetry.usage_sightings TO steward_readonly;
GRANT SELECT ON TABLE telemetry.usage_sightings TO steward_backup;

GRANT SELECT ON TABLE work.agent_failures TO steward_app;
GRANT SELECT ON TABLE work.agent_failures TO steward_readonly;
GRANT SELECT ON TABLE work.agent_failures TO steward_backup;

GRANT SELECT ON SEQUENCE work.agent_failures_id_seq TO steward_backup;

GRANT SELECT ON TABLE work.questions TO steward_app;
GRANT SELECT ON TABLE work.questions TO steward_readonly;
GRANT SELECT ON TABLE work.questions TO steward_backup;

GRANT SELECT ON TABLE work.question_list TO steward_app;
GRANT SELECT ON TABLE work.question_list TO steward_readonly;
GRANT SELECT ON TABLE work.question_list TO steward_backup;

GRANT SELECT ON TABLE work.agent_waiting TO steward_app;
GRANT SELECT ON TABLE work.agent_waiting TO steward_readonly;
GRANT SELECT ON TABLE work.agent_waiting TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.task_attachments TO steward_app;
GRANT SELECT ON TABLE work.task_attachments TO steward_readonly;
GRANT SELECT ON TABLE work.task_attachments TO steward_backup;

GRANT SELECT ON TABLE work.attachment_list TO steward_app;
GRANT SELECT ON TABLE work.attachment_list TO steward_readonly;
GRANT SELECT ON TABLE work.attachment_list TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE work.comments TO steward_app;
GRANT SELECT ON TABLE work.comments TO steward_readonly;
GRANT SELECT ON TABLE work.comments TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.issues TO steward_app;
GRANT SELECT ON TABLE work.issues TO steward_readonly;
GRANT SELECT ON TABLE work.issues TO steward_backup;

GRANT SELECT ON TABLE work.comment_list TO steward_app;
GRANT SELECT ON TABLE work.comment_list TO steward_readonly;
GRANT SELECT ON TABLE work.comment_list TO steward_backup;

GRANT SELECT ON TABLE work.count_deltas TO steward_app;
GRANT SELECT ON TABLE work.count_deltas TO steward_readonly;
GRANT SELECT ON TABLE work.count_deltas TO steward_backup;

GRANT SELECT ON TABLE work.counts TO steward_app;
GRANT SELECT ON TABLE work.counts TO steward_readonly;
GRANT SELECT ON TABLE work.counts TO steward_backup;

GRANT SELECT,INSERT,DELETE ON TABLE work.devlog_dependencies TO steward_app;
GRANT SELECT ON TABLE work.devlog_dependencies TO steward_readonly;
GRANT SELECT ON TABLE work.devlog_dependencies TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.devlog_documents TO steward_app;
GRANT SELECT ON TABLE work.devlog_documents TO steward_readonly;
GRANT SELECT ON TABLE work.devlog_documents TO steward_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE work.devlog_entries TO steward_app;
GRANT SELECT ON TABLE work.devlog_entries TO steward_readonly;
GRANT SELECT ON TABLE work.devlog_entries TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.devlog_notes TO steward_app;
GRANT SELECT ON TABLE work.devlog_notes TO steward_readonly;
GRANT SELECT ON TABLE work.devlog_notes TO steward_backup;

GRANT SELECT ON TABLE work.devlog_list TO steward_app;
GRANT SELECT ON TABLE work.devlog_list TO steward_readonly;
GRANT SELECT ON TABLE work.devlog_list TO steward_backup;

GRANT SELECT,INSERT,DELETE ON TABLE work.epic_dependencies TO steward_app;
GRANT SELECT ON TABLE work.epic_dependencies TO steward_readonly;
GRANT SELECT ON TABLE work.epic_dependencies TO steward_backup;

GRANT SELECT ON TABLE work.task_effort TO steward_app;
GRANT SELECT ON TABLE work.task_effort TO steward_readonly;
GRANT SELECT ON TABLE work.task_effort TO steward_backup;

GRANT SELECT ON TABLE work.epic_summary TO steward_app;
GRANT SELECT ON TABLE work.epic_summary TO steward_readonly;
GRANT SELECT ON TABLE work.epic_summary TO steward_backup;

GRANT SELECT ON TABLE work.extension_points TO steward_app;
GRANT SELECT ON TABLE work.extension_points TO steward_readonly;
GRANT SELECT ON TABLE work.extension_points TO steward_backup;

GRANT SELECT ON TABLE work.held_counts TO steward_app;
GRANT SELECT ON TABLE work.held_counts TO steward_readonly;
GRANT SELECT ON TABLE work.held_counts TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.import_files TO steward_app;
GRANT SELECT ON TABLE work.import_files TO steward_readonly;
GRANT SELECT ON TABLE work.import_files TO steward_backup;

GRANT SELECT ON TABLE work.issue_summary TO steward_app;
GRANT SELECT ON TABLE work.issue_summary TO steward_readonly;
GRANT SELECT ON TABLE work.issue_summary TO steward_backup;

GRANT SELECT ON SEQUENCE work.lease_tokens TO steward_backup;
GRANT USAGE ON SEQUENCE work.lease_tokens TO steward_app;

GRANT SELECT ON TABLE work.project_counts TO steward_app;
GRANT SELECT ON TABLE work.project_counts TO steward_readonly;
GRANT SELECT ON TABLE work.project_counts TO steward_backup;

GRANT SELECT ON TABLE work.project_waiting TO steward_app;
GRANT SELECT ON TABLE work.project_waiting TO steward_readonly;
GRANT SELECT ON TABLE work.project_waiting TO steward_backup;

GRANT SELECT ON TABLE work.queue_counts TO steward_app;
GRANT SELECT ON TABLE work.queue_counts TO steward_readonly;
GRANT SELECT ON TABLE work.queue_counts TO steward_backup;

GRANT SELECT ON TABLE work.queue_fronts TO steward_app;
GRANT SELECT ON TABLE work.queue_fronts TO steward_readonly;
GRANT SELECT ON TABLE work.queue_fronts TO steward_backup;

GRANT SELECT ON TABLE work.ready_labels TO steward_app;
GRANT SELECT ON TABLE work.ready_labels TO steward_readonly;
GRANT SELECT ON TABLE work.ready_labels TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.stored_files TO steward_app;
GRANT SELECT ON TABLE work.stored_files TO steward_readonly;
GRANT SELECT ON TABLE work.stored_files TO steward_backup;

GRANT SELECT ON TABLE work.task_analytics TO steward_app;
GRANT SELECT ON TABLE work.task_analytics TO steward_readonly;
GRANT SELECT ON TABLE work.task_analytics TO steward_backup;

GRANT SELECT ON TABLE work.task_comments TO steward_app;
GRANT SELECT ON TABLE work.task_comments TO steward_readonly;
GRANT SELECT ON TABLE work.task_comments TO steward_backup;

GRANT SELECT ON TABLE work.task_summary TO steward_app;
GRANT SELECT ON TABLE work.task_summary TO steward_readonly;
GRANT SELECT ON TABLE work.task_summary TO steward_backup;

GRANT SELECT ON TABLE work.task_waiting TO steward_app;
GRANT SELECT ON TABLE work.task_waiting TO steward_readonly;
GRANT SELECT ON TABLE work.task_waiting TO steward_backup;

GRANT SELECT ON TABLE work.task_words TO steward_app;
GRANT SELECT ON TABLE work.task_words TO steward_readonly;
GRANT SELECT ON TABLE work.task_words TO steward_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.workflows TO steward_app;
GRANT SELECT ON TABLE work.workflows TO steward_readonly;
GRANT SELECT ON TABLE work.workflows TO steward_backup;

GRANT SELECT ON TABLE work.workflow_performance_summary TO steward_app;
GRANT SELECT ON TABLE work.workflow_performance_summary TO steward_readonly;
GRANT SELECT ON TABLE work.workflow_performance_summary TO steward_backup;

GRANT SELECT ON TABLE work.workflow_summary TO steward_app;
GRANT SELECT ON TABLE work.workflow_summary TO steward_readonly;
GRANT SELECT ON TABLE work.workflow_summary TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA accounts GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA accounts GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA accounts GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA accounts GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT ALL ON FUNCTIONS TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT SELECT ON TABLES TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA agents GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR SEQUENCES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT SELECT ON SEQUENCES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA audit GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR SEQUENCES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT SELECT ON SEQUENCES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT ALL ON FUNCTIONS TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA kit GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT ALL ON FUNCTIONS TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT SELECT ON TABLES TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA projects GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR SEQUENCES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT SELECT ON SEQUENCES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT ALL ON FUNCTIONS TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA telemetry GRANT SELECT ON TABLES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR SEQUENCES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT SELECT ON SEQUENCES TO steward_backup;

-- default acl DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT ALL ON FUNCTIONS TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT ALL ON FUNCTIONS TO steward_agent;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT ALL ON FUNCTIONS TO steward_readonly;

-- default acl DEFAULT PRIVILEGES FOR TABLES

ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT SELECT ON TABLES TO steward_app;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT SELECT ON TABLES TO steward_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE steward_owner IN SCHEMA work GRANT SELECT ON TABLES TO steward_backup;
