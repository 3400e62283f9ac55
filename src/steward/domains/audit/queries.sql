-- name: list_logs -> AuditEntry, planned anew
-- Audit rows, newest first, after a cursor.
select id, log_id, created_at, project_id, user_id, user_name, agent_name, service_name, operation, event_type,
  event_action, resource_type, resource_id, resource_name, changes_summary, request_id, session_id
from audit.audit_logs
where (%(project_id)s::uuid is null or project_id = %(project_id)s::uuid)
  and (%(resource)s::text is null or resource_id = %(resource)s::text)
  and (%(resource_type)s::text is null or resource_type = %(resource_type)s::text)
  and (
    %(actor)s::text is null
    or user_id::text = %(actor)s::text
    or lower(user_name) = lower(%(actor)s::text)
    or lower(agent_name) = lower(%(actor)s::text)
  )
  and (%(event_type)s::text is null or event_type = %(event_type)s::text)
  and (%(since)s::timestamptz is null or created_at >= %(since)s::timestamptz)
  and (%(before)s::bigint is null or id < %(before)s::bigint)
order by id desc
limit %(limit)s::int;

-- name: history -> HistoryRow
-- What happened to one thing, newest first, with old and new values; of a task also to its ties.
with found as (
  (
    select l.id, l.created_at
    from audit.audit_logs as l
    where l.resource_id = %(resource)s::text
      and l.id < %(before)s::bigint
      and (%(resource_type)s::text is null or l.resource_type = %(resource_type)s::text)
    order by l.id desc
    limit %(limit)s::int
  )
  union all
  (
    select l.id, l.created_at
    from audit.audit_logs as l
    where l.resource_type = 'task_dependency'
      and l.resource_name = %(resource)s::text
      and l.id < %(before)s::bigint
      and coalesce(%(resource_type)s::text, 'task_dependency') = 'task_dependency'
    order by l.id desc
    limit %(limit)s::int
  )
)
select l.id, l.created_at, l.user_id, l.user_name, l.agent_name, l.service_name, l.operation, l.event_type,
  l.event_action, l.resource_type, l.resource_id, l.resource_name, l.request_id, p.payload::jsonb as payload
from found
join audit.audit_logs as l on l.id = found.id and l.created_at = found.created_at
left join audit.audit_payloads as p on p.id = l.id and p.created_at = l.created_at
order by l.id desc
limit %(limit)s::int;

-- name: settled -> bigint
-- The first transaction that may still add rows.
select audit.settled()::text::bigint;

-- name: changes_after -> SettledEntry
-- Rows of transactions that ended, from a mark on, in the order of transactions.
select xid::text::bigint as xid, id, created_at, project_id, user_name, agent_name, service_name, operation, event_type,
  event_action, resource_type, resource_id, resource_name, changes_summary
from audit.audit_logs
where (xid, id) > (%(xid)s::text::xid8, %(id)s::bigint)
  and xid < %(settled)s::text::xid8
order by audit_logs.xid, id
limit %(limit)s::int;

-- name: ensure_partitions -> int
-- Make the partitions of this month and the next two.
select kit.ensure_partitions('audit.audit_logs', 2) + kit.ensure_partitions('audit.audit_payloads', 2);

-- name: undo_request -> UndoneRow
-- Undo a request; what it had changed, the last thing first. None where it changed nothing that is left.
select u.resource_type, u.resource_id, u.resource_name, u.action, u.before, u.after
from audit.undo_request(%(request)s::text) as u;
