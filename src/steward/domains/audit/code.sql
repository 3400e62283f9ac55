-- Functions, views and triggers of the audit: today's truth, made anew by every migrate.

create trigger audit_no_change before update or delete on audit.audit_logs
  for each row execute function kit.audit_refuse();
create trigger audit_no_change before update or delete on audit.audit_payloads
  for each row execute function kit.audit_refuse();
create trigger audit_no_truncate before truncate on audit.audit_logs
  for each statement execute function kit.audit_refuse();
create trigger audit_no_truncate before truncate on audit.audit_payloads
  for each statement execute function kit.audit_refuse();

-- The audit log in the shape of one table.
create view audit.audit_log_summary
with (security_invoker = true) as
select
  l.id,
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
  p.payload::jsonb -> 'old' as old_values,
  p.payload::jsonb -> 'new' as new_values,
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
from audit.audit_logs as l
left join audit.audit_payloads as p on p.id = l.id and p.created_at = l.created_at;

-- When something last happened in each project.
create view audit.project_activity
with (security_invoker = true) as
select
  project_id,
  max(created_at) as last_activity_at,
  count(*) as events
from audit.audit_logs
where project_id is not null
group by project_id;

-- The transactions whose rows nobody can add to any more end below this one.
create function audit.settled() returns xid8
language sql stable
set search_path = audit, kit, pg_temp
as $$
  select pg_snapshot_xmin(pg_current_snapshot())
$$;

-- Add up what a request did to each thing, in the order in which it came to them: the values before it and after it, whether
-- it made or deleted the thing, and whether all of it is the acting user's. Whoever sends a request names it, so a name may
-- occur again: of several the last transaction of the acting user counts, else the last of all. A number is an entry's
-- where no request bears it.
create function audit.request_effects(p_request text)
returns table (
  resource_type text, resource_id text, resource_name text, is_own boolean, action text, old_values jsonb, new_values jsonb,
  unreadable bigint, place bigint
)
language sql stable
set search_path = audit, kit, pg_temp
as $$
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
$$;

-- Refuse what is not to be undone: by whom, of whom, and what is kept no more. What somebody may do is given back by
-- administrators alone: else who was demoted could take that back.
create function audit.check_undo(p_type text, p_action text, p_is_own boolean, p_unreadable bigint) returns void
language plpgsql
set search_path = audit, kit, pg_temp
as $$
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

-- Undo a request, if all that it changed is still as it left it: the last thing first, all or none. Whoever did it may,
-- and who administers the room. A claim of a task ends, as with every write of a person. An agent that was made by the way
-- stays: others may know it by now. Returns what was undone, in that order.
create function audit.undo_request(p_request text)
returns table (resource_type text, resource_id text, resource_name text, action text, before jsonb, after jsonb)
language plpgsql
security definer
set search_path = audit, kit, pg_temp
as $$
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

-- Partitions for this month and two more, and the guards on those there are already.
select kit.ensure_partitions('audit.audit_logs', 2);
select kit.ensure_partitions('audit.audit_payloads', 2);
select kit.guard_partition(inhparent::regclass, inhrelid::regclass)
from pg_catalog.pg_inherits
where inhparent in ('audit.audit_logs'::regclass, 'audit.audit_payloads'::regclass);
