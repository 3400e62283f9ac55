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

-- Partitions for this month and two more, and the guards on those there are already.
select kit.ensure_partitions('audit.audit_logs', 2);
select kit.ensure_partitions('audit.audit_payloads', 2);
select kit.guard_partition(inhparent::regclass, inhrelid::regclass)
from pg_catalog.pg_inherits
where inhparent in ('audit.audit_logs'::regclass, 'audit.audit_payloads'::regclass);
