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

-- Add up what a request did to one thing: the values before it and after it, and whether it made or deleted the thing.
create function audit.request_effect(p_request text)
returns table (
  resource_type text, resource_id text, resource_name text, user_id uuid, action text, old_values jsonb, new_values jsonb,
  things bigint, unreadable bigint
)
language sql stable
set search_path = audit, kit, pg_temp
as $$
  with rows as (
    select l.id, l.resource_type, l.resource_id, l.resource_name, l.user_id, l.event_action, p.payload::jsonb as payload
    from audit.audit_logs as l
    left join audit.audit_payloads as p on p.id = l.id and p.created_at = l.created_at
    where l.request_id = p_request
      or (p_request ~ '^[0-9]{1,18}$' and l.id = case when p_request ~ '^[0-9]{1,18}$' then p_request::bigint end)
  ),
  fields as (
    select
      f.key,
      (array_agg(r.payload -> 'old' -> f.key order by r.id))[1] as before,
      (array_agg(r.payload -> 'new' -> f.key order by r.id desc))[1] as after
    from rows as r
    cross join lateral jsonb_each(coalesce(r.payload -> 'new', '{}') || coalesce(r.payload -> 'old', '{}')) as f (key, value)
    group by f.key
  )
  select
    min(r.resource_type),
    min(r.resource_id),
    (array_agg(r.resource_name order by r.id desc))[1],
    (array_agg(r.user_id order by r.id desc))[1],
    case
      when 'create' = any (array_agg(r.event_action)) then 'create'
      when 'delete' = any (array_agg(r.event_action)) then 'delete'
      else 'update'
    end,
    (select coalesce(jsonb_object_agg(f.key, coalesce(f.before, 'null')), '{}') from fields as f),
    (select coalesce(jsonb_object_agg(f.key, coalesce(f.after, 'null')), '{}') from fields as f),
    count(distinct (r.resource_type, r.resource_id)),
    count(*) filter (where r.payload is null)
  from rows as r
  having count(*) > 0
$$;

-- Undo a request that changed one thing, if the thing is still as the request left it. Whoever did it may, and who
-- administers the room. A claim of the thing ends, as with every write of a person. Returns what was undone.
create function audit.undo_request(p_request text)
returns table (resource_type text, resource_id text, resource_name text, action text, before jsonb, after jsonb)
language plpgsql
security definer
set search_path = audit, kit, pg_temp
as $$
declare
  done record;
  room text;
begin
  select e.resource_type, e.resource_id, e.resource_name, e.user_id, e.action, e.old_values, e.new_values, e.things, e.unreadable
  into done
  from audit.request_effect(p_request) as e;
  if not found then
    raise exception 'no request % has changed anything', p_request
      using errcode = 'ST404', hint = '`steward audit list` shows requests and entries';
  end if;
  room := split_part(kit.audited_table(done.resource_type)::text, '.', 1);
  perform kit.authorize(room || ':write');
  if kit.actor_agent() is not null then
    raise exception 'an agent undoes nothing' using errcode = 'ST403', hint = 'let a person do it';
  elsif done.user_id is distinct from kit.actor_user() and not kit.may(kit.actor_role(), room || ':admin') then
    raise exception 'somebody else made this change'
      using errcode = 'ST403', hint = 'ask who made it, or an administrator';
  elsif done.things > 1 then
    raise exception 'the request changed % things; only a change of one can be undone', done.things
      using errcode = 'ST409', hint = 'undo its entries one by one, by their ids in `steward audit list`';
  elsif done.unreadable > 0 then
    raise exception 'old values of this change are kept no more'
      using errcode = 'ST409', hint = 'set the values by hand';
  end if;
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
end
$$;

-- Partitions for this month and two more, and the guards on those there are already.
select kit.ensure_partitions('audit.audit_logs', 2);
select kit.ensure_partitions('audit.audit_payloads', 2);
select kit.guard_partition(inhparent::regclass, inhrelid::regclass)
from pg_catalog.pg_inherits
where inhparent in ('audit.audit_logs'::regclass, 'audit.audit_payloads'::regclass);
